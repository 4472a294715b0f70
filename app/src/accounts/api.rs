//! What the account pages read and do.
//! Refuses to return a secret, and to take one from anybody but an administrator.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::account::{Account, AccountForm};
use rules::ids::AccountId;
use rules::operator::Role;
use serde::{Deserialize, Serialize};

/// The list of accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountList {
    /// What the reader may do.
    pub role: Role,
    /// The accounts, retired ones included.
    pub accounts: Vec<Account>,
}

/// One account, or the form for a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDesk {
    /// What the reader may do.
    pub role: Role,
    /// The account; `None` for a new one.
    pub account: Option<Account>,
    /// Where WeChat finds us, without a trailing slash.
    pub public_url: String,
}

#[cfg(feature = "ssr")]
async fn desk(id: Option<AccountId>) -> Result<Told<AccountDesk>, AppError> {
    let role = crate::context::operator()?.role;
    let account = match id {
        Some(id) => Some(crate::context::engine()?.account(id).await?),
        None => None,
    };
    Told::of(&AccountDesk { role, account, public_url: crate::context::public_url() })
}

/// Reads the form; a secret from somebody who is no administrator is refused at its field.
#[cfg(feature = "ssr")]
fn read(form: &AccountForm, role: Role) -> Result<rules::account::CheckedAccount, AppError> {
    let lang = crate::context::lang();
    let checked = form.check(lang).map_err(AppError::Invalid)?;
    let secrets =
        [("appsecret", &form.appsecret), ("token", &form.token), ("encoding_aes_key", &form.encoding_aes_key)];
    let wrong: Vec<_> = secrets
        .iter()
        .filter(|(_, secret)| !secret.trim().is_empty() && !role.covers(Role::Administrator))
        .map(|(field, _)| rules::account::FieldError::new(field, rules::say::setup::secrets_admin_only(lang)))
        .collect();
    if wrong.is_empty() { Ok(checked) } else { Err(AppError::Invalid(wrong)) }
}

/// Every account.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "accounts", input = GetUrl)]
pub async fn list_accounts() -> Result<Told<AccountList>, AppError> {
    let role = crate::context::operator()?.role;
    Told::of(&AccountList { role, accounts: crate::context::engine()?.accounts().await? })
}

/// One account; without an id, what the form for a new one needs.
///
/// # Errors
/// [`AppError::NotFound`] when there is none; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "account", input = GetUrl)]
pub async fn read_account(id: Option<AccountId>) -> Result<Told<AccountDesk>, AppError> {
    desk(id).await
}

/// Adds an account.
///
/// # Errors
/// [`AppError::Invalid`] names every wrong field; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "add_account", input = Json)]
pub async fn add_account(form: AccountForm) -> Result<Told<AccountDesk>, AppError> {
    let operator = crate::context::operator()?;
    let checked = read(&form, operator.role)?;
    let id = crate::context::engine()?.add_account(&operator, checked, crate::context::lang()).await?;
    desk(Some(id)).await
}

/// Changes an account; an empty secret keeps the one stored.
///
/// # Errors
/// [`AppError::Invalid`] names every wrong field; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "edit_account", input = Json)]
pub async fn edit_account(id: AccountId, form: AccountForm) -> Result<Told<AccountDesk>, AppError> {
    let operator = crate::context::operator()?;
    let checked = read(&form, operator.role)?;
    crate::context::engine()?.edit_account(&operator, id, checked, crate::context::lang()).await?;
    desk(Some(id)).await
}

/// Takes an account out of use; its records stay.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/marketer", endpoint = "retire_account", input = Json)]
pub async fn retire_account(id: AccountId) -> Result<Told<AccountDesk>, AppError> {
    crate::context::engine()?.retire_account(&crate::context::operator()?, id).await?;
    desk(Some(id)).await
}

/// Brings a retired account back.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/marketer", endpoint = "restore_account", input = Json)]
pub async fn restore_account(id: AccountId) -> Result<Told<AccountDesk>, AppError> {
    crate::context::engine()?.restore_account(&crate::context::operator()?, id).await?;
    desk(Some(id)).await
}
