//! Rows of caps and of what was used of them.
//! Refuses to let a counter fall below nothing; the table's own rule says no.

use super::dialect::Column::{self, BigInt, Text};
use super::dialect::{batch, json_rows};
use super::script::Step;
use super::{Tx, exec, fen, get, parsed, rows};
use crate::error::Error;
use rules::Fen;
use rules::cap::{Cap, Granted, Kind, Use};
use rules::ids::{AccountId, CampaignId, ClaimId, LinkId, PayoutId};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde_json::json;
use std::collections::BTreeMap;

/// A counter from its row.
pub fn counter(r: &QueryResult) -> Result<Use, Error> {
    Ok(Use { kind: parsed(r, "kind")?, object: get(r, "object_id")?, bucket: get(r, "bucket")? })
}

/// The caps of a campaign, without the one on asserted evidence, which is the campaign's own.
pub async fn of_campaign(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Vec<Cap>, Error> {
    let sql = "SELECT kind, object_id, limit_fen FROM caps WHERE campaign_id = $1 ORDER BY kind, object_id";
    let cap = |r: &QueryResult| {
        Ok(Cap { kind: parsed(r, "kind")?, object: get(r, "object_id")?, limit: fen(r, "limit_fen")? })
    };
    rows(db, sql, [campaign.0.into()]).await?.iter().map(cap).collect()
}

/// The bucket in which a counter counts now: this day, this hour (parameters 2 and 3), or the only one.
pub const BUCKET: &str = "CASE kind WHEN 'day' THEN CAST($2 AS BIGINT) WHEN 'hour' THEN CAST($3 AS BIGINT) ELSE 0 END";

/// What was used of a campaign's counters that count at `now`: the timeless ones, and those of this day and hour.
pub async fn used(db: &impl ConnectionTrait, campaign: CampaignId, now: UnixMs) -> Result<BTreeMap<Use, Fen>, Error> {
    let sql =
        format!("SELECT kind, object_id, bucket, used_fen FROM cap_uses WHERE campaign_id = $1 AND bucket = {BUCKET}");
    let values = [campaign.0.into(), now.day().0.into(), rules::cap::hour(now).into()];
    rows(db, &sql, values).await?.iter().map(|r| Ok((counter(r)?, fen(r, "used_fen")?))).collect()
}

/// Sets a cap, or takes it away with `None`.
pub async fn set(tx: &mut Tx, campaign: CampaignId, kind: Kind, object: i64, limit: Option<Fen>) -> Result<(), Error> {
    let whose = [campaign.0.into(), kind.name().into(), object.into()];
    let Some(limit) = limit else {
        let sql = "DELETE FROM caps WHERE campaign_id = $1 AND kind = $2 AND object_id = $3";
        exec(tx.conn(), sql, whose).await?;
        return Ok(());
    };
    let sql = "INSERT INTO caps (campaign_id, kind, object_id, limit_fen) VALUES ($1, $2, $3, $4)
        ON CONFLICT (campaign_id, kind, object_id) DO UPDATE SET limit_fen = excluded.limit_fen";
    exec(tx.conn(), sql, whose.into_iter().chain([limit.get().into()])).await?;
    Ok(())
}

/// Counters and what is added to each.
pub type Changes = BTreeMap<(CampaignId, Use), i64>;

fn uses(changes: &Changes) -> Value {
    let list = changes
        .iter()
        .map(|((campaign, counter), amount)| {
            json!({ "campaign_id": campaign.0, "kind": counter.kind.name(), "object_id": counter.object,
                "bucket": counter.bucket, "amount": amount })
        })
        .collect();
    batch(list)
}

const USE: [(&str, Column); 5] =
    [("campaign_id", BigInt), ("kind", Text), ("object_id", BigInt), ("bucket", BigInt), ("amount", BigInt)];

/// The step that adds what was granted to counters.
pub fn add_step(db: &impl ConnectionTrait, granted: &Changes) -> Step {
    let sql = format!(
        "INSERT INTO cap_uses (campaign_id, kind, object_id, bucket, used_fen)
        SELECT campaign_id, kind, object_id, bucket, amount FROM {} WHERE 1 = 1
        ON CONFLICT (campaign_id, kind, object_id, bucket)
            DO UPDATE SET used_fen = cap_uses.used_fen + excluded.used_fen",
        json_rows(db, &USE)
    );
    Step::new("counters", sql, [uses(granted)], granted.len())
}

/// Adds to counters; a negative amount gives back.
pub async fn add(tx: &mut Tx, changes: &Changes) -> Result<(), Error> {
    if changes.values().all(|amount| *amount >= 0) {
        add_step(tx.conn(), changes).run(tx).await?;
        return Ok(());
    }
    let rows = json_rows(tx.conn(), &USE);
    let list = uses(changes);
    // The row to be inserted would itself break the CHECK when it gives back: it is counted up from nothing first.
    let sql = format!(
        "INSERT INTO cap_uses (campaign_id, kind, object_id, bucket, used_fen)
        SELECT campaign_id, kind, object_id, bucket, 0 FROM {rows} WHERE 1 = 1 ON CONFLICT DO NOTHING"
    );
    exec(tx.conn(), &sql, [list.clone()]).await?;
    let sql = format!(
        "UPDATE cap_uses SET used_fen = used_fen + batch.amount FROM {rows}
        WHERE cap_uses.campaign_id = batch.campaign_id AND cap_uses.kind = batch.kind
            AND cap_uses.object_id = batch.object_id AND cap_uses.bucket = batch.bucket"
    );
    exec(tx.conn(), &sql, [list]).await?;
    Ok(())
}

/// Counts a payout's money in every counter of its claim: what is reserved anew is added, what came back taken off.
/// Tells whose claim it is; nothing for a tester's, which no cap counts. Errors: there is no such payout.
pub async fn count(tx: &mut Tx, payout: PayoutId, amount: i64) -> Result<Option<(CampaignId, ClaimId)>, Error> {
    let sql = "SELECT c.id, c.campaign_id, c.account_id, c.grade, c.at, c.rehearsal, f.link_id FROM payouts p
        JOIN claims c ON c.id = p.claim_id JOIN follows f ON f.id = c.follow_id WHERE p.id = $1";
    let found = rows(tx.conn(), sql, [payout.0.into()]).await?;
    let r = found.first().ok_or_else(|| Error::broken("a payout without its claim"))?;
    if get::<i64>(r, "rehearsal")? == 1 {
        return Ok(None);
    }
    let granted = Granted {
        account: AccountId(get(r, "account_id")?),
        link: get::<Option<i64>>(r, "link_id")?.map(LinkId),
        grade: parsed(r, "grade")?,
        at: UnixMs(get(r, "at")?),
    };
    let campaign = CampaignId(get(r, "campaign_id")?);
    add(tx, &granted.uses().into_iter().map(|counter| ((campaign, counter), amount)).collect()).await?;
    Ok(Some((campaign, ClaimId(get(r, "id")?))))
}
