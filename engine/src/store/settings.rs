//! Rows of settings: what the installation must remember of itself, one text under each name.
//! Refuses to be changed by accident: a setting is kept once, or put on purpose.

use super::dialect::Lock;
use super::{Db, Tx, exec, get, row};
use crate::error::Error;
use sea_orm::ConnectionTrait;

pub async fn find(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>, Error> {
    locked(db, name, Lock::None).await
}

/// Like [`find`], and keeps the setting as it is until the transaction ends, if it is there.
pub async fn locked(db: &impl ConnectionTrait, name: &str, lock: Lock) -> Result<Option<String>, Error> {
    let sql = format!("SELECT value FROM settings WHERE name = $1{}", lock.clause(db));
    let found = row(db, &sql, [name.into()]).await?;
    Ok(found.map(|r| get(&r, "value")).transpose()?)
}

/// Keeps a setting that is not there yet and returns the one that is kept.
pub async fn keep(db: &Db, name: &str, value: &str) -> Result<String, Error> {
    let tx = db.begin().await?;
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    exec(tx.conn(), sql, [name.into(), value.into()]).await?;
    let kept =
        find(tx.conn(), name).await?.ok_or_else(|| Error::broken("a setting vanished in its own transaction"))?;
    tx.commit().await?;
    Ok(kept)
}

pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), Error> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    exec(tx.conn(), sql, [name.into(), value.into()]).await?;
    Ok(())
}

/// Drops a setting; false when it was not there.
pub async fn forget(tx: &mut Tx, name: &str) -> Result<bool, Error> {
    Ok(exec(tx.conn(), "DELETE FROM settings WHERE name = $1", [name.into()]).await? == 1)
}
