//! What the page of prize rules reads, and how a rule beside the campaign's own is set or dropped.
//! Refuses to judge amounts; the form's check and the engine do.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::campaign::Campaign;
use rules::ids::{AccountId, CampaignId};
use rules::operator::Role;
use rules::prize::form::PrizeForm;
use rules::prize::{PrizeRule, Whose};
use serde::{Deserialize, Serialize};

/// All prize rules of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrizeDesk {
    /// What the reader may do.
    pub role: Role,
    /// The campaign, with its own rule.
    pub campaign: Campaign,
    /// The rules beside it.
    pub apart: Vec<(Whose, PrizeRule)>,
    /// The accounts that may have one: those in the campaign, and whoever has one already.
    pub accounts: Vec<(AccountId, String)>,
}

#[cfg(feature = "ssr")]
async fn desk(id: CampaignId) -> Result<Told<PrizeDesk>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let prizes = engine.prizes(id).await?;
    let mut members = engine.members(id).await?;
    members.retain(|member| member.active || prizes.accounts.contains_key(&member.account.id));
    let accounts = members.into_iter().map(|member| (member.account.id, member.account.name)).collect();
    Told::of(&PrizeDesk { role, campaign: engine.campaign(id).await?, apart: prizes.apart(), accounts })
}

/// All prize rules of a campaign.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such campaign; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "prizes", input = GetUrl)]
pub async fn read_prizes(id: CampaignId) -> Result<Told<PrizeDesk>, AppError> {
    desk(id).await
}

#[cfg(feature = "ssr")]
async fn set(id: CampaignId, whose: Whose, rule: Option<PrizeRule>) -> Result<Told<PrizeDesk>, AppError> {
    let (operator, lang) = (crate::context::operator()?, crate::context::lang());
    let engine = crate::context::engine()?;
    match whose {
        Whose::Account(account) => engine.set_account_prize(&operator, id, account, rule, lang).await?,
        Whose::Grade(grade) => engine.set_grade_prize(&operator, id, grade, rule, lang).await?,
    }
    desk(id).await
}

/// Gives the claims of one account or grade a rule of their own.
///
/// # Errors
/// [`AppError::Invalid`] for a rule that is wrong or has a total; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "set_prize_apart", input = Json)]
pub async fn set_prize_apart(id: CampaignId, whose: Whose, form: PrizeForm) -> Result<Told<PrizeDesk>, AppError> {
    let checked = form.check(rules::payout::Rail::Redpack, crate::context::lang()).map_err(AppError::Invalid)?;
    set(id, whose, Some(checked.0)).await
}

/// Puts such claims back under the campaign's own rule.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/marketer", endpoint = "drop_prize_apart", input = Json)]
pub async fn drop_prize_apart(id: CampaignId, whose: Whose) -> Result<Told<PrizeDesk>, AppError> {
    set(id, whose, None).await
}
