//! What the reconciliation page reads: the days that were imported, and one of them beside our books.
//! Refuses to take a file; that is a plain form of the server.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use rules::bill::{Imported, Reconciled};
use rules::operator::Role;
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
}

/// The imported days, and the one named `picked` (`2026-11-21 1900000109`) or the newest.
///
/// # Errors
/// [`AppError::NotFound`] for a day that was not imported; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "reconciliation", input = GetUrl)]
pub async fn read_reconciliation(picked: Option<String>) -> Result<Told<Reconciliation>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let days = engine.imported_bills().await?;
    let asked = picked.as_deref().and_then(|picked| picked.split_once(' '));
    let asked = asked.and_then(|(day, mch_id)| {
        Some((rules::time::BeijingDay::parse(day)?, rules::ids::MchId::try_from(mch_id).ok()?))
    });
    let newest = days.first().map(|bill| (bill.day, bill.mch_id.clone()));
    let picked = match asked.or(newest) {
        Some((day, mch_id)) => Some(engine.reconciliation(&mch_id, day).await?),
        None => None,
    };
    Told::of(&Reconciliation { role, days, picked })
}
