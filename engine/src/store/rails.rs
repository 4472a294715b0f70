//! Rows of rails: whether a merchant's rail takes payouts, and its bucket of tokens, shared by all nodes.
//! Refuses to judge: who may pause, resume or take is decided above.

use super::{Tx, exec, get, parsed, rows};
use crate::error::Error;
use rules::ids::MchId;
use rules::payout::Rail;
use rules::rail::{Bucket, RailRow, Standing};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};

/// A rail and what is in its bucket.
#[derive(Debug, Clone)]
pub struct Filled {
    pub row: RailRow,
    pub bucket: Bucket,
}

fn filled(r: &QueryResult) -> Result<Filled, Error> {
    let row = RailRow {
        mch_id: parsed(r, "mch_id")?,
        rail: parsed(r, "rail")?,
        standing: parsed(r, "state")?,
        reason: get(r, "reason")?,
        until: get::<Option<i64>>(r, "until")?.map(UnixMs),
    };
    let bucket = Bucket { milli: get(r, "tokens_milli")?, at: UnixMs(get(r, "filled_at")?) };
    Ok(Filled { row, bucket })
}

/// Gives a merchant its rails; those it has stay as they are.
pub async fn open_for(tx: &mut Tx, mch_id: &MchId) -> Result<(), Error> {
    let sql = "INSERT INTO rails (mch_id, rail, state, reason, tokens_milli, filled_at)
        VALUES ($1, $2, 'open', '', 0, 0) ON CONFLICT DO NOTHING";
    for rail in Rail::ALL {
        exec(tx.conn(), sql, [mch_id.as_str().into(), rail.name().into()]).await?;
    }
    Ok(())
}

/// All rails of all merchants.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<RailRow>, Error> {
    let found = rows(db, "SELECT * FROM rails ORDER BY mch_id, rail", []).await?;
    found.iter().map(|r| filled(r).map(|rail| rail.row)).collect()
}

/// The rails that may send at `now` and have something to send.
pub async fn with_due(tx: &Tx, now: UnixMs) -> Result<Vec<RailRow>, Error> {
    let sql = "SELECT * FROM rails r WHERE (r.state = 'open' OR (r.state = 'paused' AND r.until <= $1))
            AND EXISTS (SELECT 1 FROM payouts p
                WHERE p.state = 'queued' AND p.due_at <= $1 AND p.mch_id = r.mch_id AND p.rail = r.rail)
        ORDER BY r.mch_id, r.rail";
    let found = rows(tx.conn(), sql, [now.0.into()]).await?;
    found.iter().map(|r| filled(r).map(|rail| rail.row)).collect()
}

/// The rail as it stands now. The write holds its row until this transaction ends, so nobody else takes its tokens.
pub async fn lock(tx: &mut Tx, mch_id: &MchId, rail: Rail) -> Result<Option<Filled>, Error> {
    let sql = "UPDATE rails SET filled_at = filled_at WHERE mch_id = $1 AND rail = $2 RETURNING *";
    rows(tx.conn(), sql, [mch_id.as_str().into(), rail.name().into()]).await?.first().map(filled).transpose()
}

/// Keeps what is left in a bucket.
pub async fn keep_bucket(tx: &mut Tx, mch_id: &MchId, rail: Rail, bucket: Bucket) -> Result<(), Error> {
    let sql = "UPDATE rails SET tokens_milli = $3, filled_at = $4 WHERE mch_id = $1 AND rail = $2";
    let values = [mch_id.as_str().into(), rail.name().into(), bucket.milli.into(), bucket.at.0.into()];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// Sets how a rail stands. False when there is no such rail.
pub async fn set(tx: &mut Tx, row: &RailRow) -> Result<bool, Error> {
    let sql = "UPDATE rails SET state = $3, reason = $4, until = $5 WHERE mch_id = $1 AND rail = $2";
    let values = [
        row.mch_id.as_str().into(),
        row.rail.name().into(),
        row.standing.name().into(),
        row.reason.as_str().into(),
        row.until.map(|at| at.0).into(),
    ];
    Ok(exec(tx.conn(), sql, values).await? == 1)
}

/// Pauses a rail until `until`; one that somebody stopped stays stopped.
pub async fn pause(tx: &mut Tx, mch_id: &MchId, rail: Rail, reason: &str, until: UnixMs) -> Result<(), Error> {
    let sql = "UPDATE rails SET state = $3, reason = $4, until = $5
        WHERE mch_id = $1 AND rail = $2 AND state <> 'stopped'";
    let values =
        [mch_id.as_str().into(), rail.name().into(), Standing::Paused.name().into(), reason.into(), until.0.into()];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}
