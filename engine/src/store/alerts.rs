//! Rows of alerts and of the chat robots that tell them.
//! Refuses a second row for the same thing: it is counted in the first.

use super::{Tx, exec, get, parsed, row, rows};
use crate::error::Error;
use rules::alert::{Alert, Kind, QUIET_MS, RobotKind};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};

fn alert(r: &QueryResult) -> Result<Alert, Error> {
    Ok(Alert {
        kind: parsed(r, "kind")?,
        object: get(r, "object")?,
        detail: get(r, "detail")?,
        first_at: UnixMs(get(r, "first_at")?),
        last_at: UnixMs(get(r, "last_at")?),
        times: get(r, "times")?,
    })
}

/// Notes an alert, or counts it once more. It becomes due for sending unless it was sent a short while ago.
pub async fn raise(tx: &mut Tx, kind: Kind, object: &str, detail: &str, now: UnixMs) -> Result<(), Error> {
    let sql = "INSERT INTO alerts (kind, object, detail, first_at, last_at, times, due_at)
        VALUES ($1, $2, $3, $4, $4, 1, $4)
        ON CONFLICT (kind, object) DO UPDATE SET detail = excluded.detail, last_at = excluded.last_at,
            times = alerts.times + 1, due_at = CASE WHEN alerts.due_at IS NOT NULL THEN alerts.due_at
                WHEN alerts.sent_at + $5 <= excluded.last_at THEN excluded.last_at END";
    let values = [kind.name().into(), object.into(), detail.into(), now.0.into(), QUIET_MS.into()];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// The latest alerts.
pub async fn latest(db: &impl ConnectionTrait, limit: i64) -> Result<Vec<Alert>, Error> {
    let sql = "SELECT * FROM alerts ORDER BY last_at DESC, kind, object LIMIT $1";
    rows(db, sql, [limit.into()]).await?.iter().map(alert).collect()
}

/// Takes what is due for sending off the list until `until`; then it is due again, unless it was sent.
pub async fn take_due(tx: &mut Tx, now: UnixMs, until: UnixMs) -> Result<Vec<Alert>, Error> {
    let sql = "UPDATE alerts SET due_at = $2 WHERE due_at <= $1 RETURNING *";
    rows(tx.conn(), sql, [now.0.into(), until.0.into()]).await?.iter().map(alert).collect()
}

/// An alert was told to every robot.
pub async fn sent(tx: &mut Tx, alert: &Alert, now: UnixMs) -> Result<(), Error> {
    let sql = "UPDATE alerts SET due_at = NULL, sent_at = $3 WHERE kind = $1 AND object = $2";
    exec(tx.conn(), sql, [alert.kind.name().into(), alert.object.as_str().into(), now.0.into()]).await?;
    Ok(())
}

/// A robot; its address is sealed.
#[derive(Debug, Clone)]
pub struct RobotRow {
    pub id: i64,
    pub name: String,
    pub kind: RobotKind,
    pub sealed_url: String,
}

fn robot(r: &QueryResult) -> Result<RobotRow, Error> {
    Ok(RobotRow { id: get(r, "id")?, name: get(r, "name")?, kind: parsed(r, "kind")?, sealed_url: get(r, "url")? })
}

pub async fn robots(db: &impl ConnectionTrait) -> Result<Vec<RobotRow>, Error> {
    rows(db, "SELECT * FROM robots ORDER BY id", []).await?.iter().map(robot).collect()
}

pub async fn robot_by_id(db: &impl ConnectionTrait, id: i64) -> Result<Option<RobotRow>, Error> {
    row(db, "SELECT * FROM robots WHERE id = $1", [id.into()]).await?.as_ref().map(robot).transpose()
}

pub async fn add_robot(tx: &mut Tx, new: &RobotRow, now: UnixMs) -> Result<(), Error> {
    let sql = "INSERT INTO robots (id, name, kind, url, created_at) VALUES ($1, $2, $3, $4, $5)";
    let values =
        [new.id.into(), new.name.as_str().into(), new.kind.name().into(), new.sealed_url.as_str().into(), now.0.into()];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// Takes a robot away; false when there was none.
pub async fn remove_robot(tx: &mut Tx, id: i64) -> Result<bool, Error> {
    Ok(exec(tx.conn(), "DELETE FROM robots WHERE id = $1", [id.into()]).await? == 1)
}
