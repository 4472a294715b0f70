//! Rows of pushes received: each event once, each nonce once, with the answer that was given.
//! Refuses to forget an answer while WeChat may still ask for it again.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{batch, json_rows};
use super::{Tx, exec, get, rows};
use crate::error::Error;
use rules::ids::AccountId;
use rules::time::UnixMs;
use serde_json::json;

/// One push, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    pub account: AccountId,
    pub stamp: &'a str,
    pub nonce: &'a str,
    pub body_hash: &'a str,
    /// What a repetition of the same event has too.
    pub dedupe_key: &'a str,
    pub kind: &'static str,
    pub at: UnixMs,
}

/// What a push repeats, with the sealed answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// This timestamp and nonce, with a body of this hash.
    Nonce { body_hash: String, reply: String },
    /// This event, under another nonce.
    Event { reply: String },
}

/// What each push repeats, if anything; a repeated nonce says more than a repeated event.
pub async fn seen(tx: &mut Tx, envelopes: &[Envelope<'_>]) -> Result<Vec<Option<Seen>>, Error> {
    let list = envelopes.iter().zip(0..).map(|(e, n): (_, i64)| {
        json!({ "n": n, "account_id": e.account.0, "stamp": e.stamp, "nonce": e.nonce, "dedupe_key": e.dedupe_key })
    });
    let columns = [("n", BigInt), ("account_id", BigInt), ("stamp", Text), ("nonce", Text), ("dedupe_key", Text)];
    let asked = json_rows(tx.conn(), &columns);
    let sql = format!(
        "SELECT batch.n, i.reply, NULL AS body_hash FROM {asked} JOIN inbox i
            ON i.account_id = batch.account_id AND i.dedupe_key = batch.dedupe_key
        UNION ALL SELECT batch.n, p.reply, p.body_hash FROM {asked} JOIN push_nonces p
            ON p.account_id = batch.account_id AND p.stamp = batch.stamp AND p.nonce = batch.nonce"
    );
    let mut seen = vec![None; envelopes.len()];
    for r in &rows(tx.conn(), &sql, [batch(list.collect())]).await? {
        let n: i64 = get(r, "n")?;
        let place = usize::try_from(n).ok().and_then(|n| seen.get_mut(n));
        let place = place.ok_or_else(|| Error::broken("a push that was not asked for"))?;
        let reply = get(r, "reply")?;
        match get(r, "body_hash")? {
            Some(body_hash) => *place = Some(Seen::Nonce { body_hash, reply }),
            None if place.is_none() => *place = Some(Seen::Event { reply }),
            None => {}
        }
    }
    Ok(seen)
}

/// Keeps new events with their sealed answers.
pub async fn keep_events(tx: &mut Tx, events: &[(Envelope<'_>, String)]) -> Result<(), Error> {
    let list = events.iter().map(|(e, reply)| {
        json!({ "account_id": e.account.0, "dedupe_key": e.dedupe_key, "kind": e.kind, "reply": reply, "at": e.at.0 })
    });
    let columns = [("account_id", BigInt), ("dedupe_key", Text), ("kind", Text), ("reply", Text), ("at", BigInt)];
    let sql = format!(
        "INSERT INTO inbox (account_id, dedupe_key, kind, reply, at)
        SELECT account_id, dedupe_key, kind, reply, at FROM {}",
        json_rows(tx.conn(), &columns)
    );
    exec(tx.conn(), &sql, [batch(list.collect())]).await?;
    Ok(())
}

/// Keeps new nonces with the sealed answers to what they brought.
pub async fn keep_nonces(tx: &mut Tx, pushes: &[(Envelope<'_>, String)]) -> Result<(), Error> {
    let list = pushes.iter().map(|(e, reply)| {
        json!({ "account_id": e.account.0, "stamp": e.stamp, "nonce": e.nonce, "body_hash": e.body_hash,
            "reply": reply, "at": e.at.0 })
    });
    let columns = [
        ("account_id", BigInt),
        ("stamp", Text),
        ("nonce", Text),
        ("body_hash", Text),
        ("reply", Text),
        ("at", BigInt),
    ];
    let sql = format!(
        "INSERT INTO push_nonces (account_id, stamp, nonce, body_hash, reply, at)
        SELECT account_id, stamp, nonce, body_hash, reply, at FROM {}",
        json_rows(tx.conn(), &columns)
    );
    exec(tx.conn(), &sql, [batch(list.collect())]).await?;
    Ok(())
}

/// Drops nonces older than `before`; their timestamps are no longer believed.
pub async fn forget_nonces(tx: &mut Tx, before: UnixMs) -> Result<u64, Error> {
    Ok(exec(tx.conn(), "DELETE FROM push_nonces WHERE at < $1", [before.0.into()]).await?)
}
