//! What the payouts pages read, and what staff do about one of them.
//! Refuses a page without its present: ages are told by the server's clock, not the reader's.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::ids::PayoutId;
use rules::operator::Role;
use rules::payout_list::{Facts, Row, Step};
use rules::time::UnixMs;
use serde::{Deserialize, Serialize};

/// How many payouts one page holds.
#[cfg(feature = "ssr")]
const PAGE: usize = 50;
/// How many of those beyond their deadline stand on top.
#[cfg(feature = "ssr")]
const ON_TOP: i64 = 5;

/// Some payouts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payouts {
    /// What was asked for: a filter's name, or a bill number.
    pub show: String,
    /// The payouts, newest first.
    pub rows: Vec<Row>,
    /// True when there are older ones.
    pub more: bool,
    /// The payouts longest beyond their deadline.
    pub overdue: Vec<Row>,
    /// How many there are beyond it.
    pub overdue_count: i64,
    /// The present.
    pub now: UnixMs,
}

/// One payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutDesk {
    /// What the reader may do.
    pub role: Role,
    /// All that is known of it.
    pub facts: Facts,
    /// The present.
    pub now: UnixMs,
}

#[cfg(feature = "ssr")]
async fn desk(id: PayoutId) -> Result<Told<PayoutDesk>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    Told::of(&PayoutDesk { role, facts: engine.payout(id).await?, now: engine.clock().now() })
}

/// The payouts that `show` asks for (a filter's name or a bill number), older than `before` or the newest.
///
/// # Errors
/// [`AppError::NotFound`] for what is neither; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "payouts", input = GetUrl)]
pub async fn read_payouts(show: Option<String>, before: Option<PayoutId>) -> Result<Told<Payouts>, AppError> {
    use rules::ids::MchBillno;
    use rules::payout_list::Filter;
    crate::context::operator()?;
    let engine = crate::context::engine()?;
    let show = show.filter(|show| !show.is_empty()).unwrap_or_else(|| Filter::All.name().to_owned());
    let limit = i64::try_from(PAGE).map_or(i64::MAX, |page| page + 1);
    let mut rows = match show.parse::<Filter>() {
        Ok(filter) => engine.payouts(filter, before, limit).await?,
        Err(_) => {
            let number = MchBillno::try_from(show.as_str()).map_err(|_| AppError::NotFound)?;
            engine.payouts_numbered(&number).await?
        }
    };
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let (overdue, overdue_count) = engine.overdue(ON_TOP).await?;
    Told::of(&Payouts { show, rows, more, overdue, overdue_count, now: engine.clock().now() })
}

/// One payout with all its facts.
///
/// # Errors
/// [`AppError::NotFound`] when there is none; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "payout", input = GetUrl)]
pub async fn read_payout(id: PayoutId) -> Result<Told<PayoutDesk>, AppError> {
    desk(id).await
}

/// Sends it or asks about it now, holds it, sends it anew, gives it up, or has WeChat cancel it.
///
/// # Errors
/// [`AppError::Conflict`] when its state does not allow it; else as the engine says.
#[server(prefix = "/api/finance", endpoint = "act_on_payout", input = Json)]
pub async fn act_on_payout(id: PayoutId, step: Step) -> Result<Told<PayoutDesk>, AppError> {
    let (operator, lang) = (crate::context::operator()?, crate::context::lang());
    let engine = crate::context::engine()?;
    match step {
        Step::Retry => engine.retry_now(&operator, id, lang).await?,
        Step::Hold => engine.hold_payout(&operator, id, lang).await?,
        Step::Reissue => {
            engine.reissue(&operator, id, lang).await?;
        }
        Step::Cancel => engine.cancel_transfer(&operator, id, lang).await?,
        Step::GiveUp => engine.give_up(&operator, id, lang).await?,
    }
    desk(id).await
}
