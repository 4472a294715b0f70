//! Rows of operators, their sessions and the audit log.
//! Refuses to keep a session's token: only its hash.

use super::{Tx, exec, get, not_taken, parsed, row, rows};
use crate::error::Error;
use rules::ids::OperatorId;
use rules::operator::{Operator, Role};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};

fn operator(r: &QueryResult) -> Result<Operator, Error> {
    Ok(Operator { id: OperatorId(get(r, "id")?), login: get(r, "login")?, role: parsed(r, "role")? })
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Operator>, Error> {
    rows(db, "SELECT * FROM operators ORDER BY created_at, id", []).await?.iter().map(operator).collect()
}

/// An operator and the hash of their password.
pub async fn by_login(db: &impl ConnectionTrait, login: &str) -> Result<Option<(Operator, String)>, Error> {
    let Some(r) = row(db, "SELECT * FROM operators WHERE login = $1", [login.into()]).await? else { return Ok(None) };
    Ok(Some((operator(&r)?, get(&r, "password_hash")?)))
}

/// Writes a new operator; `Ok(false)` when the login is taken.
pub async fn insert(
    tx: &mut Tx,
    id: OperatorId,
    login: &str,
    hash: &str,
    role: Role,
    now: UnixMs,
) -> Result<bool, Error> {
    let sql = "INSERT INTO operators (id, login, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)";
    not_taken(exec(tx.conn(), sql, [id.0.into(), login.into(), hash.into(), role.name().into(), now.0.into()]).await)
}

pub async fn set_password(tx: &mut Tx, id: OperatorId, hash: &str) -> Result<(), Error> {
    exec(tx.conn(), "UPDATE operators SET password_hash = $2 WHERE id = $1", [id.0.into(), hash.into()]).await?;
    exec(tx.conn(), "DELETE FROM staff_sessions WHERE operator_id = $1", [id.0.into()]).await?;
    Ok(())
}

pub async fn begin_session(tx: &mut Tx, token_hash: &str, id: OperatorId, expires_at: UnixMs) -> Result<(), Error> {
    let sql = "INSERT INTO staff_sessions (token_hash, operator_id, expires_at) VALUES ($1, $2, $3)";
    exec(tx.conn(), sql, [token_hash.into(), id.0.into(), expires_at.0.into()]).await?;
    Ok(())
}

pub async fn end_session(tx: &mut Tx, token_hash: &str) -> Result<(), Error> {
    exec(tx.conn(), "DELETE FROM staff_sessions WHERE token_hash = $1", [token_hash.into()]).await?;
    Ok(())
}

pub async fn forget_sessions(tx: &mut Tx, now: UnixMs) -> Result<(), Error> {
    exec(tx.conn(), "DELETE FROM staff_sessions WHERE expires_at <= $1", [now.0.into()]).await?;
    Ok(())
}

pub async fn of_session(db: &impl ConnectionTrait, token_hash: &str, now: UnixMs) -> Result<Option<Operator>, Error> {
    let sql = "SELECT o.* FROM staff_sessions s JOIN operators o ON o.id = s.operator_id
        WHERE s.token_hash = $1 AND s.expires_at > $2";
    row(db, sql, [token_hash.into(), now.0.into()]).await?.as_ref().map(operator).transpose()
}

/// When staff did something last.
pub async fn last_noted(db: &impl ConnectionTrait) -> Result<Option<UnixMs>, Error> {
    let found = row(db, "SELECT at FROM audit ORDER BY id DESC LIMIT 1", []).await?;
    Ok(found.map(|r| get(&r, "at")).transpose()?.map(UnixMs))
}

pub async fn note(tx: &mut Tx, id: i64, by: OperatorId, action: &str, object: i64, at: UnixMs) -> Result<(), Error> {
    let sql = "INSERT INTO audit (id, operator_id, action, object, at) VALUES ($1, $2, $3, $4, $5)";
    exec(tx.conn(), sql, [id.into(), by.0.into(), action.into(), object.to_string().into(), at.0.into()]).await?;
    Ok(())
}
