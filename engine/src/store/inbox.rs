//! Rows of pushes received: each event once, each nonce once, with the answer that was given.
//! Refuses to forget an answer while WeChat may still ask for it again.

use super::{Tx, exec, get, row};
use crate::error::Error;
use rules::ids::AccountId;
use rules::time::UnixMs;

/// One push, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    pub account: AccountId,
    pub stamp: &'a str,
    pub nonce: &'a str,
    pub body_hash: &'a str,
    pub at: UnixMs,
}

/// What this timestamp and nonce brought before: the body's hash and the sealed answer.
pub async fn seen_nonce(tx: &mut Tx, e: &Envelope<'_>) -> Result<Option<(String, String)>, Error> {
    let sql = "SELECT body_hash, reply FROM push_nonces WHERE account_id = $1 AND stamp = $2 AND nonce = $3";
    let found = row(tx.conn(), sql, [e.account.0.into(), e.stamp.into(), e.nonce.into()]).await?;
    found.map(|r| Ok((get(&r, "body_hash")?, get(&r, "reply")?))).transpose()
}

pub async fn keep_nonce(tx: &mut Tx, e: &Envelope<'_>, reply: &str) -> Result<(), Error> {
    let sql =
        "INSERT INTO push_nonces (account_id, stamp, nonce, body_hash, reply, at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [e.account.0.into(), e.stamp.into(), e.nonce.into(), e.body_hash.into(), reply.into(), e.at.0.into()];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// The sealed answer that this event got before.
pub async fn seen_event(tx: &mut Tx, account: AccountId, key: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT reply FROM inbox WHERE account_id = $1 AND dedupe_key = $2";
    let found = row(tx.conn(), sql, [account.0.into(), key.into()]).await?;
    found.map(|r| Ok(get(&r, "reply")?)).transpose()
}

pub async fn keep_event(
    tx: &mut Tx,
    account: AccountId,
    key: &str,
    kind: &str,
    reply: &str,
    at: UnixMs,
) -> Result<(), Error> {
    let sql = "INSERT INTO inbox (account_id, dedupe_key, kind, reply, at) VALUES ($1, $2, $3, $4, $5)";
    exec(tx.conn(), sql, [account.0.into(), key.into(), kind.into(), reply.into(), at.0.into()]).await?;
    Ok(())
}

/// Drops nonces older than `before`; their timestamps are no longer believed.
pub async fn forget_nonces(tx: &mut Tx, before: UnixMs) -> Result<u64, Error> {
    Ok(exec(tx.conn(), "DELETE FROM push_nonces WHERE at < $1", [before.0.into()]).await?)
}
