//! Rows of claims, their keys and refusals.
//! Refuses a second claim of one person: the keys are the database's own unique rule.

use super::{Tx, exec, fen, get, parsed, row, rows};
use crate::error::Error;
use rules::Fen;
use rules::campaign::{Campaign, Scope};
use rules::claim::{Row, State};
use rules::eligibility::Refusal;
use rules::follow::Grade;
use rules::ids::{AccountId, CampaignId, ClaimId, FollowId, Openid};
use rules::payout;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};

const fn scope_value(campaign: &Campaign, account: AccountId) -> i64 {
    match campaign.scope {
        Scope::Campaign => 0,
        Scope::Account => account.0,
    }
}

/// The claim that a key of a person stands for.
pub async fn claim_of_key(
    db: &impl ConnectionTrait,
    campaign: &Campaign,
    account: AccountId,
    kind: &str,
    value: &str,
) -> Result<Option<ClaimId>, Error> {
    let sql = "SELECT claim_id FROM claim_keys WHERE campaign_id = $1 AND scope = $2 AND kind = $3 AND value = $4";
    let values = [campaign.id.0.into(), scope_value(campaign, account).into(), kind.into(), value.into()];
    Ok(row(db, sql, values).await?.map(|r| get(&r, "claim_id").map(ClaimId)).transpose()?)
}

/// Enters one key; false when somebody has it already.
pub async fn take_key(
    tx: &mut Tx,
    campaign: &Campaign,
    account: AccountId,
    kind: &str,
    value: &str,
    claim: ClaimId,
) -> Result<bool, Error> {
    let sql = "INSERT INTO claim_keys (campaign_id, scope, kind, value, claim_id) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING";
    let values =
        [campaign.id.0.into(), scope_value(campaign, account).into(), kind.into(), value.into(), claim.0.into()];
    Ok(exec(tx.conn(), sql, values).await? == 1)
}

/// A claim as it is kept.
pub struct NewClaim<'a> {
    pub id: ClaimId,
    pub campaign: CampaignId,
    pub account: AccountId,
    pub follow: FollowId,
    pub payee: &'a Openid,
    pub grade: Grade,
    pub amount: Fen,
    pub ip: &'a str,
    pub at: UnixMs,
}

pub async fn insert(tx: &mut Tx, new: &NewClaim<'_>) -> Result<(), Error> {
    let sql =
        "INSERT INTO claims (id, campaign_id, account_id, follow_id, payee_openid, grade, state, amount_fen, ip, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = [
        new.id.0.into(),
        new.campaign.0.into(),
        new.account.0.into(),
        new.follow.0.into(),
        new.payee.as_str().into(),
        new.grade.name().into(),
        State::Granted.name().into(),
        new.amount.get().into(),
        new.ip.into(),
        new.at.0.into(),
    ];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// What a follower may see of their own claim.
#[derive(Debug, Clone)]
pub struct Standing {
    pub id: ClaimId,
    pub account: AccountId,
    pub at: UnixMs,
    pub amount: Fen,
    pub claim: State,
    pub payout: payout::State,
    pub err_code: String,
}

/// The claims of a person in a campaign, the newest first; each with its newest payout.
pub async fn of_person(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    payee: &Openid,
) -> Result<Vec<Standing>, Error> {
    let sql = "SELECT c.id, c.account_id, c.at, c.amount_fen, c.state, p.state AS payout, p.err_code
        FROM claims c JOIN payouts p ON p.claim_id = c.id
        WHERE c.campaign_id = $1 AND c.payee_openid = $2 ORDER BY c.at DESC, p.created_at DESC, p.id DESC LIMIT 50";
    let found = rows(db, sql, [campaign.0.into(), payee.as_str().into()]).await?;
    let mut result: Vec<Standing> = Vec::new();
    for r in &found {
        let id = ClaimId(get(r, "id")?);
        if result.iter().any(|s| s.id == id) {
            continue;
        }
        result.push(Standing {
            id,
            account: AccountId(get(r, "account_id")?),
            at: UnixMs(get(r, "at")?),
            amount: fen(r, "amount_fen")?,
            claim: parsed(r, "state")?,
            payout: parsed(r, "payout")?,
            err_code: get(r, "err_code")?,
        });
    }
    Ok(result)
}

/// True once a claim stands on this follow.
pub async fn stands_on(db: &impl ConnectionTrait, follow: FollowId) -> Result<bool, Error> {
    Ok(row(db, "SELECT 1 AS one FROM claims WHERE follow_id = $1 LIMIT 1", [follow.0.into()]).await?.is_some())
}

/// A refusal as it is kept.
pub struct NewRefusal<'a> {
    pub id: i64,
    pub campaign: CampaignId,
    pub account: Option<AccountId>,
    pub payee: &'a Openid,
    pub reason: Refusal,
    pub ip: &'a str,
    pub at: UnixMs,
}

pub async fn refuse(tx: &mut Tx, new: &NewRefusal<'_>) -> Result<(), Error> {
    let sql = "INSERT INTO refusals (id, campaign_id, account_id, payee_openid, reason, ip, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        new.id.into(),
        new.campaign.0.into(),
        new.account.map(|a| a.0).into(),
        new.payee.as_str().into(),
        new.reason.name().into(),
        new.ip.into(),
        new.at.0.into(),
    ];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// A claim of a list with what only exports show.
pub struct Listed {
    pub row: Row,
    pub payee: Openid,
    pub payout_at: Option<UnixMs>,
    pub ip: String,
}

fn listed(r: &QueryResult) -> Result<Listed, Error> {
    let payee: Openid = parsed(r, "payee_openid")?;
    let row = Row {
        id: ClaimId(get(r, "id")?),
        at: UnixMs(get(r, "at")?),
        account_name: get(r, "account_name")?,
        account_icon: get(r, "account_icon")?,
        link_code: get::<Option<String>>(r, "link_code")?.unwrap_or_default(),
        grade: parsed(r, "grade")?,
        attribution: parsed(r, "attribution")?,
        openid_masked: masked(payee.as_str()),
        amount: fen(r, "amount_fen")?,
        claim: parsed(r, "state")?,
        payout: parsed(r, "payout")?,
        mch_billno: get(r, "mch_billno")?,
        err_code: get(r, "err_code")?,
    };
    Ok(Listed { row, payee, payout_at: get::<Option<i64>>(r, "accepted_at")?.map(UnixMs), ip: get(r, "ip")? })
}

fn masked(openid: &str) -> String {
    let head: String = openid.chars().take(4).collect();
    let tail: String = openid.chars().skip(openid.chars().count().saturating_sub(4)).collect();
    format!("{head}…{tail}")
}

/// One page of a campaign's claims, newest first, before the claim `before`; one row a payout.
pub async fn page(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<ClaimId>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let sql = "SELECT c.id, c.at, c.payee_openid, c.grade, c.state, c.ip, p.amount_fen, a.name AS account_name,
            a.icon AS account_icon, l.code AS link_code, f.attribution, p.state AS payout, p.mch_billno, p.err_code,
            p.accepted_at
        FROM claims c JOIN payouts p ON p.claim_id = c.id JOIN accounts a ON a.id = c.account_id
            JOIN follows f ON f.id = c.follow_id LEFT JOIN links l ON l.id = f.link_id
        WHERE c.campaign_id = $1 AND c.id < $2 ORDER BY c.id DESC, p.created_at LIMIT $3";
    let before = before.map_or(i64::MAX, |id| id.0);
    rows(db, sql, [campaign.0.into(), before.into(), limit.into()]).await?.iter().map(listed).collect()
}
