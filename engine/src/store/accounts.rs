//! Rows of official accounts.
//! Refuses to hand out a secret that is still sealed as if it were open, or the other way round.

use super::{Tx, dialect, exec, get, not_taken, parsed, row, rows};
use crate::error::Error;
use rules::account::{Account, CheckedAccount};
use rules::ids::{AccountId, Appid, MchId};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// An account's secrets, still sealed.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    pub appsecret: Option<String>,
    pub token: Option<String>,
    pub encoding_aes_key: Option<String>,
    pub former_aes_key: Option<String>,
}

/// An account from its row.
pub fn account(r: &QueryResult) -> Result<Account, Error> {
    Ok(Account {
        id: AccountId(get(r, "id")?),
        appid: parsed(r, "appid")?,
        original_id: parsed(r, "original_id")?,
        name: get(r, "name")?,
        kind: parsed(r, "kind")?,
        mode: parsed(r, "mode")?,
        message_mode: parsed(r, "message_mode")?,
        on_follow: parsed(r, "on_follow")?,
        icon: get(r, "icon")?,
        qr: get(r, "qr")?,
        follow_url: get(r, "follow_url")?,
        has_appsecret: get::<Option<String>>(r, "appsecret")?.is_some(),
        has_token: get::<Option<String>>(r, "token")?.is_some(),
        has_aes_key: get::<Option<String>>(r, "encoding_aes_key")?.is_some(),
        grace_until: get::<Option<i64>>(r, "grace_until")?.map(UnixMs),
        retired_at: get::<Option<i64>>(r, "retired_at")?.map(UnixMs),
    })
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Account>, Error> {
    let sql = "SELECT * FROM accounts ORDER BY retired_at IS NOT NULL, created_at, id";
    rows(db, sql, []).await?.iter().map(account).collect()
}

pub async fn by_id(db: &impl ConnectionTrait, id: AccountId) -> Result<Option<Account>, Error> {
    row(db, "SELECT * FROM accounts WHERE id = $1", [id.0.into()]).await?.as_ref().map(account).transpose()
}

/// The account as it stands now, locked for the transaction that will change it.
pub async fn locked(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, Error> {
    let sql = format!("SELECT * FROM accounts WHERE id = $1{}", dialect::for_update(tx.conn()));
    row(tx.conn(), &sql, [id.0.into()]).await?.as_ref().map(account).transpose()
}

pub async fn by_appid(db: &impl ConnectionTrait, appid: &Appid) -> Result<Option<(Account, Sealed)>, Error> {
    let row = row(db, "SELECT * FROM accounts WHERE appid = $1", [appid.as_str().into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let sealed = Sealed {
        appsecret: get(&row, "appsecret")?,
        token: get(&row, "token")?,
        encoding_aes_key: get(&row, "encoding_aes_key")?,
        former_aes_key: get(&row, "former_aes_key")?,
    };
    Ok(Some((account(&row)?, sealed)))
}

pub async fn merchant_of(db: &impl ConnectionTrait, id: AccountId) -> Result<Option<MchId>, Error> {
    let row = row(db, "SELECT mch_id FROM accounts WHERE id = $1 AND mch_id IS NOT NULL", [id.0.into()]).await?;
    row.as_ref().map(|r| parsed(r, "mch_id")).transpose()
}

/// True once the account pays for a campaign, is in one, or was followed: its identity then stands in claim keys.
pub async fn has_history(db: &impl ConnectionTrait, id: AccountId) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM members WHERE account_id = $1)
        OR EXISTS (SELECT 1 FROM campaigns WHERE payer_id = $1) OR EXISTS (SELECT 1 FROM follows WHERE account_id = $1)";
    Ok(row(db, sql, [id.0.into()]).await?.is_some())
}

pub async fn bind_merchant(tx: &mut Tx, id: AccountId, mch_id: &MchId) -> Result<(), Error> {
    exec(tx.conn(), "UPDATE accounts SET mch_id = $2 WHERE id = $1", [id.0.into(), mch_id.as_str().into()]).await?;
    Ok(())
}

/// The columns that a form fills, in the order of both statements below.
fn filled(id: AccountId, form: &CheckedAccount, sealed: &Sealed) -> Vec<Value> {
    vec![
        id.0.into(),
        form.appid.as_str().into(),
        form.original_id.as_str().into(),
        form.name.as_str().into(),
        form.kind.name().into(),
        form.mode.name().into(),
        form.message_mode.name().into(),
        form.icon.as_str().into(),
        form.qr.as_str().into(),
        form.follow_url.as_str().into(),
        sealed.appsecret.clone().into(),
        sealed.token.clone().into(),
        sealed.encoding_aes_key.clone().into(),
        form.on_follow.name().into(),
    ]
}

/// Writes a new account; `Ok(false)` when its appid is there already.
pub async fn insert(
    tx: &mut Tx,
    id: AccountId,
    form: &CheckedAccount,
    sealed: &Sealed,
    now: UnixMs,
) -> Result<bool, Error> {
    let sql = "INSERT INTO accounts (id, appid, original_id, name, kind, mode, message_mode, icon, qr, follow_url,
            appsecret, token, encoding_aes_key, on_follow, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let values = filled(id, form, sealed).into_iter().chain([now.0.into()]);
    not_taken(exec(tx.conn(), sql, values).await)
}

/// Changes an account; `Ok(false)` when its appid is another's. A secret that is `None` stays; a changed AES key keeps
/// the former one for the rotation.
pub async fn update(
    tx: &mut Tx,
    id: AccountId,
    form: &CheckedAccount,
    sealed: &Sealed,
    grace_until: Option<UnixMs>,
) -> Result<bool, Error> {
    let sql = "UPDATE accounts SET appid = $2, original_id = $3, name = $4, kind = $5, mode = $6, message_mode = $7,
            icon = $8, qr = $9, follow_url = $10, appsecret = COALESCE($11, appsecret), token = COALESCE($12, token),
            former_aes_key = CASE WHEN $13 IS NULL THEN former_aes_key ELSE encoding_aes_key END,
            encoding_aes_key = COALESCE($13, encoding_aes_key), on_follow = $14,
            grace_until = COALESCE($15, grace_until)
        WHERE id = $1";
    let values = filled(id, form, sealed).into_iter().chain([grace_until.map(|t| t.0).into()]);
    not_taken(exec(tx.conn(), sql, values).await)
}

pub async fn set_retired(tx: &mut Tx, id: AccountId, at: Option<UnixMs>) -> Result<u64, Error> {
    let sql = "UPDATE accounts SET retired_at = $2 WHERE id = $1";
    Ok(exec(tx.conn(), sql, [id.0.into(), at.map(|t| t.0).into()]).await?)
}
