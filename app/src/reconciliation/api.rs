//! What the reconciliation page reads: the days that were imported, one of them beside our books, and what a restore
//! left open; and what administrators say about a day without a bill and about people whom nobody names.
//! Refuses to take a file; that is a plain form of the server.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::bill::{Imported, Missing, Reconciled};
use rules::ids::MchId;
use rules::operator::Role;
use rules::time::BeijingDay;
use serde::{Deserialize, Serialize};

/// The page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// What the reader may do.
    pub role: Role,
    /// The imported days, newest first.
    pub days: Vec<Imported>,
    /// The picked day, or the newest.
    pub picked: Option<Reconciled>,
    /// Every merchant.
    pub merchants: Vec<MchId>,
    /// What keeps everything standing after a restore; `None` when nothing stands still.
    pub missing: Option<Missing>,
    /// The last day that is over.
    pub last_day: BeijingDay,
}

/// The page with this day of a merchant, or with the newest.
#[cfg(feature = "ssr")]
async fn page(asked: Option<(BeijingDay, MchId)>) -> Result<Told<Reconciliation>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let days = engine.imported_bills().await?;
    let newest = days.first().map(|bill| (bill.day, bill.mch_id.clone()));
    let picked = match asked.or(newest) {
        Some((day, mch_id)) => Some(engine.reconciliation(&mch_id, day).await?),
        None => None,
    };
    let mut merchants: Vec<_> = engine.rails().await?.into_iter().map(|rail| rail.mch_id).collect();
    merchants.dedup();
    let missing = engine.missing_after_restore().await?;
    let last_day = BeijingDay(engine.clock().now().day().0 - 1);
    Told::of(&Reconciliation { role, days, picked, merchants, missing, last_day })
}

/// The imported days, and the one named `picked` (`2026-11-21 1900000109`) or the newest.
///
/// # Errors
/// [`AppError::NotFound`] for a day that was not imported; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "reconciliation", input = GetUrl)]
pub async fn read_reconciliation(picked: Option<String>) -> Result<Told<Reconciliation>, AppError> {
    let asked = picked.as_deref().and_then(|picked| picked.split_once(' '));
    let asked = asked.and_then(|(day, mch_id)| Some((BeijingDay::parse(day)?, MchId::try_from(mch_id).ok()?)));
    page(asked).await
}

/// Says that no money of a merchant moved on a day, for which WeChat makes no bill.
///
/// # Errors
/// [`AppError::Conflict`] when the day has a bill or is not over; else as the engine says.
#[server(prefix = "/api/administrator", endpoint = "nothing_on", input = Json)]
pub async fn nothing_on(mch_id: MchId, day: BeijingDay) -> Result<Told<Reconciliation>, AppError> {
    let (operator, lang) = (crate::context::operator()?, crate::context::lang());
    let engine = crate::context::engine()?;
    engine.nothing_on(&operator, mch_id.clone(), day, lang).await?;
    engine.settle_after_restore(&operator).await?;
    page(Some((day, mch_id))).await
}

/// Asks WeChat once more for the people who were paid since the backup.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/finance", endpoint = "settle_after_restore", input = Json)]
pub async fn settle_after_restore() -> Result<Told<Reconciliation>, AppError> {
    crate::context::engine()?.settle_after_restore(&crate::context::operator()?).await?;
    page(None).await
}

/// Lets claims and payouts go on although some who were paid cannot be named.
///
/// # Errors
/// [`AppError::Conflict`] while a bill is wanted, or not all were asked for; else as the engine says.
#[server(prefix = "/api/administrator", endpoint = "accept_unnamed", input = Json)]
pub async fn accept_unnamed() -> Result<Told<Reconciliation>, AppError> {
    crate::context::engine()?.accept_unnamed(&crate::context::operator()?, crate::context::lang()).await?;
    page(None).await
}
