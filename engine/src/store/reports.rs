//! Rows as exports show them, page by page, the newest first.
//! Refuses to change anything.

use super::{fen, get, parsed, rows};
use crate::error::Error;
use crate::reports::{ExportedFollow, ExportedPayout};
use rules::ids::{CampaignId, ClaimId, FollowId, Openid, PayoutId};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};

fn time(r: &QueryResult, column: &str) -> Result<Option<UnixMs>, Error> {
    Ok(get::<Option<i64>>(r, column)?.map(UnixMs))
}

/// One page of a campaign's payouts before the payout `before`.
pub async fn payouts(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<PayoutId>,
    limit: i64,
) -> Result<Vec<ExportedPayout>, Error> {
    let sql = "SELECT p.*, c.payee_openid, c.rehearsal, a.name AS account_name FROM payouts p JOIN claims c ON c.id = p.claim_id
            JOIN accounts a ON a.id = c.account_id
        WHERE c.campaign_id = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3";
    let payout = |r: &QueryResult| {
        Ok(ExportedPayout {
            id: PayoutId(get(r, "id")?),
            claim: ClaimId(get(r, "claim_id")?),
            account_name: get(r, "account_name")?,
            payee: parsed(r, "payee_openid")?,
            mch_billno: get(r, "mch_billno")?,
            mch_id: get(r, "mch_id")?,
            rail: parsed(r, "rail")?,
            state: parsed(r, "state")?,
            amount: fen(r, "amount_fen")?,
            attempts: get(r, "attempts")?,
            err_code: get(r, "err_code")?,
            err_code_des: get(r, "err_code_des")?,
            created_at: UnixMs(get(r, "created_at")?),
            accepted_at: time(r, "accepted_at")?,
            ended_at: time(r, "ended_at")?,
            rehearsal: get::<i64>(r, "rehearsal")? == 1,
        })
    };
    let before = before.map_or(i64::MAX, |id| id.0);
    rows(db, sql, [campaign.0.into(), before.into(), limit.into()]).await?.iter().map(payout).collect()
}

/// One page of a campaign's follows before the follow `before`.
pub async fn follows(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<FollowId>,
    limit: i64,
) -> Result<Vec<ExportedFollow>, Error> {
    let sql = "SELECT f.*, a.name AS account_name, l.code AS link_code FROM follows f
            JOIN accounts a ON a.id = f.account_id LEFT JOIN links l ON l.id = f.link_id
        WHERE f.campaign_id = $1 AND f.id < $2 ORDER BY f.id DESC LIMIT $3";
    let follow = |r: &QueryResult| {
        Ok(ExportedFollow {
            id: FollowId(get(r, "id")?),
            at: UnixMs(get(r, "at")?),
            account_name: get(r, "account_name")?,
            openid: get::<Option<String>>(r, "openid")?.map(Openid::try_from).transpose()?,
            link_code: get::<Option<String>>(r, "link_code")?.unwrap_or_default(),
            attribution: parsed(r, "attribution")?,
            novelty: parsed(r, "novelty")?,
            grade: parsed(r, "grade")?,
        })
    };
    let before = before.map_or(i64::MAX, |id| id.0);
    rows(db, sql, [campaign.0.into(), before.into(), limit.into()]).await?.iter().map(follow).collect()
}
