//! Rows of WeChat's tokens, one per account, sealed.
//! Refuses to hold a token in the clear.

use super::{Db, dialect, exec, get, row};
use crate::error::Error;

/// A sealed token and when it ends (unix milliseconds).
pub async fn load(db: &Db, appid: &str, held: &str) -> Result<Option<(String, i64)>, Error> {
    let sql =
        format!("SELECT {held} AS token, {held}_until AS ends FROM tokens WHERE appid = $1 AND {held} IS NOT NULL");
    let found = row(db.read(), &sql, [appid.into()]).await?;
    found.map(|r| Ok((get(&r, "token")?, get(&r, "ends")?))).transpose()
}

pub async fn save(db: &Db, appid: &str, held: &str, sealed: &str, until_ms: i64) -> Result<(), Error> {
    let sql = format!(
        "INSERT INTO tokens (appid, {held}, {held}_until, forced) VALUES ($1, $2, $3, '')
        ON CONFLICT (appid) DO UPDATE SET {held} = excluded.{held}, {held}_until = excluded.{held}_until"
    );
    let tx = db.begin().await?;
    exec(tx.conn(), &sql, [appid.into(), sealed.into(), until_ms.into()]).await?;
    tx.commit().await
}

/// Decides with `allowed` over the instants of earlier forced refreshes whether one may be made, and records it.
pub async fn force(db: &Db, appid: &str, now_ms: i64, allowed: impl Fn(&[i64]) -> bool) -> Result<bool, Error> {
    let tx = db.begin().await?;
    let new = "INSERT INTO tokens (appid, forced) VALUES ($1, '') ON CONFLICT DO NOTHING";
    exec(tx.conn(), new, [appid.into()]).await?;
    let locked = format!("SELECT forced FROM tokens WHERE appid = $1{}", dialect::for_update(tx.conn()));
    let found = row(tx.conn(), &locked, [appid.into()]).await?;
    let text: String = found.map_or(Ok(String::new()), |r| get(&r, "forced"))?;
    let mut forced: Vec<i64> = text.split(',').filter_map(|n| n.parse().ok()).collect();
    if !allowed(&forced) {
        return Ok(false);
    }
    forced.push(now_ms);
    let text: Vec<String> = forced.iter().rev().take(20).rev().map(ToString::to_string).collect();
    exec(tx.conn(), "UPDATE tokens SET forced = $2 WHERE appid = $1", [appid.into(), text.join(",").into()]).await?;
    tx.commit().await?;
    Ok(true)
}
