//! What the campaign pages read and do: who is asking, one engine verb, one shape.
//! Refuses to decide: the form's rules are in `rules::campaign`, its steps in the engine.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::account::Account;
use rules::campaign::{Campaign, CampaignForm, Event, Member};
use rules::ids::{AccountId, CampaignId, FollowId, LinkId};
use rules::ledger::{Budget, Changes};
use rules::link::Link;
use rules::operator::Role;
use rules::rehearsal::Rehearsal;
use serde::{Deserialize, Serialize};

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignRow {
    /// The campaign.
    pub campaign: Campaign,
    /// Its budget.
    pub budget: Budget,
    /// The paying service account's name.
    pub payer: String,
}

/// The list of campaigns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignList {
    /// What the reader may do.
    pub role: Role,
    /// The campaigns.
    pub rows: Vec<CampaignRow>,
}

/// What the form for a new campaign needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCampaign {
    /// What the reader may do.
    pub role: Role,
    /// The service accounts that could pay.
    pub payers: Vec<Account>,
}

/// One campaign with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignDesk {
    /// What the reader may do.
    pub role: Role,
    /// The campaign.
    pub campaign: Campaign,
    /// Its accounts, those that left included.
    pub members: Vec<Member>,
    /// Its links.
    pub links: Vec<Link>,
    /// Its budget.
    pub budget: Budget,
    /// How often staff changed it.
    pub budget_changes: Changes,
    /// How many prize rules there are beside its own.
    pub rules_apart: usize,
    /// Every account, to add or to pay.
    pub accounts: Vec<Account>,
    /// Where followers find us, without a trailing slash.
    pub entry_url: String,
    /// Its rehearsal; nothing once it is no draft any more.
    pub rehearsal: Option<Rehearsal>,
}

/// The campaign `slug`; without one, the first that is running, else the first of all.
#[cfg(feature = "ssr")]
pub(crate) async fn named(engine: &engine::Engine, slug: Option<String>) -> Result<Option<Campaign>, AppError> {
    use rules::campaign::State;
    let mut campaigns = engine.campaigns().await?;
    let at = match slug.filter(|slug| !slug.is_empty()) {
        Some(slug) => Some(campaigns.iter().position(|c| c.slug.as_str() == slug).ok_or(AppError::NotFound)?),
        None => campaigns.iter().position(|c| c.state == State::Running).or((!campaigns.is_empty()).then_some(0)),
    };
    Ok(at.map(|at| campaigns.swap_remove(at)))
}

/// The accounts of a campaign; their edit-mode keys only for those who set campaigns up.
#[cfg(feature = "ssr")]
async fn members(engine: &engine::Engine, id: CampaignId, role: Role) -> Result<Vec<Member>, AppError> {
    let mut members = engine.members(id).await?;
    if !role.covers(Role::Marketer) {
        members.iter_mut().for_each(|member| member.edit_key = None);
    }
    Ok(members)
}

/// The rehearsal of a draft; its testers' key only for those who set campaigns up.
#[cfg(feature = "ssr")]
async fn rehearsal(engine: &engine::Engine, id: CampaignId, role: Role) -> Result<Option<Rehearsal>, AppError> {
    let rehearsal = engine.rehearsal(id).await?;
    Ok(rehearsal.map(|told| Rehearsal { key: told.key.filter(|_| role.covers(Role::Marketer)), ..told }))
}

/// The desk of a campaign as it is now.
#[cfg(feature = "ssr")]
pub(crate) async fn desk(id: CampaignId) -> Result<Told<CampaignDesk>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let (budget, budget_changes) = engine.budget_seen(id).await?;
    Told::of(&CampaignDesk {
        role,
        campaign: engine.campaign(id).await?,
        members: members(&engine, id, role).await?,
        links: engine.links(id).await?,
        budget,
        budget_changes,
        rules_apart: engine.prizes(id).await?.apart().len(),
        accounts: engine.accounts().await?,
        entry_url: crate::context::entry_url(),
        rehearsal: rehearsal(&engine, id, role).await?,
    })
}

/// Every campaign with its budget.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "campaigns", input = GetUrl)]
pub async fn list_campaigns() -> Result<Told<CampaignList>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let accounts = engine.accounts().await?;
    let mut rows = Vec::new();
    for campaign in engine.campaigns().await? {
        let budget = engine.budget(campaign.id).await?;
        let payer = accounts.iter().find(|account| account.id == campaign.payer);
        rows.push(CampaignRow { budget, payer: payer.map(|p| p.name.clone()).unwrap_or_default(), campaign });
    }
    Told::of(&CampaignList { role, rows })
}

/// What the form for a new campaign needs.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "new_campaign", input = GetUrl)]
pub async fn prepare_campaign() -> Result<Told<NewCampaign>, AppError> {
    let role = crate::context::operator()?.role;
    Told::of(&NewCampaign { role, payers: super::form::payers(crate::context::engine()?.accounts().await?) })
}

/// One campaign with everything that belongs to it.
///
/// # Errors
/// [`AppError::NotFound`] when there is none; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "campaign", input = GetUrl)]
pub async fn read_campaign(id: CampaignId) -> Result<Told<CampaignDesk>, AppError> {
    desk(id).await
}

/// Creates a campaign as a draft and tells its row.
///
/// # Errors
/// [`AppError::Invalid`] names every wrong field; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "create_campaign", input = Json)]
pub async fn create_campaign(form: CampaignForm) -> Result<Told<Option<CampaignId>>, AppError> {
    let lang = crate::context::lang();
    let checked = form.check(lang).map_err(AppError::Invalid)?;
    let id = crate::context::engine()?.create_campaign(&crate::context::operator()?, checked, lang).await?;
    Told::of(&Some(id))
}

/// Changes a campaign's settings.
///
/// # Errors
/// [`AppError::Invalid`] names every wrong field; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "edit_campaign", input = Json)]
pub async fn edit_campaign(id: CampaignId, form: CampaignForm) -> Result<Told<CampaignDesk>, AppError> {
    let lang = crate::context::lang();
    let checked = form.check(lang).map_err(AppError::Invalid)?;
    crate::context::engine()?.edit_campaign(&crate::context::operator()?, id, checked, lang).await?;
    desk(id).await
}

/// The rehearsal of a draft as it stands now; `None` once it is no draft any more.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "rehearsal", input = GetUrl)]
pub async fn read_rehearsal(id: CampaignId) -> Result<Told<Option<Rehearsal>>, AppError> {
    let role = crate::context::operator()?.role;
    Told::of(&rehearsal(&crate::context::engine()?, id, role).await?)
}

/// Makes the testers' link of a draft, or a new one; the former stops working at once.
///
/// # Errors
/// [`AppError::Conflict`] when it is no draft; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "rotate_tester_key", input = Json)]
pub async fn rotate_tester_key(id: CampaignId) -> Result<Told<CampaignDesk>, AppError> {
    let lang = crate::context::lang();
    crate::context::engine()?.rotate_tester_key(&crate::context::operator()?, id, lang).await?;
    desk(id).await
}

/// Takes a tester off a draft's list, or puts them back.
///
/// # Errors
/// [`AppError::Conflict`] when it is no draft or its list is full; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "set_tester", input = Json)]
pub async fn set_tester(id: CampaignId, tester: FollowId, active: bool) -> Result<Told<CampaignDesk>, AppError> {
    let lang = crate::context::lang();
    crate::context::engine()?.set_tester(&crate::context::operator()?, id, tester, active, lang).await?;
    desk(id).await
}

/// Starts a draft although nobody may have collected a test packet of it.
///
/// # Errors
/// [`AppError::Conflict`] when its state does not allow it; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "start_unrehearsed", input = Json)]
pub async fn start_unrehearsed(id: CampaignId) -> Result<Told<CampaignDesk>, AppError> {
    let lang = crate::context::lang();
    crate::context::engine()?.start_unrehearsed(&crate::context::operator()?, id, lang).await?;
    desk(id).await
}

/// Starts, pauses or closes a campaign.
///
/// # Errors
/// [`AppError::Conflict`] when its state does not allow it, or nobody collected a test packet of a draft to be started;
/// else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "move_campaign", input = Json)]
pub async fn move_campaign(id: CampaignId, event: Event) -> Result<Told<CampaignDesk>, AppError> {
    let lang = crate::context::lang();
    crate::context::engine()?.move_campaign(&crate::context::operator()?, id, event, lang).await?;
    desk(id).await
}

/// Adds an account to a campaign, or brings it back.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/marketer", endpoint = "add_member", input = Json)]
pub async fn add_member(id: CampaignId, account: AccountId) -> Result<Told<CampaignDesk>, AppError> {
    crate::context::engine()?.add_member(&crate::context::operator()?, id, account).await?;
    desk(id).await
}

/// Takes an account out of a campaign; its history stays.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/marketer", endpoint = "remove_member", input = Json)]
pub async fn remove_member(id: CampaignId, account: AccountId) -> Result<Told<CampaignDesk>, AppError> {
    crate::context::engine()?.remove_member(&crate::context::operator()?, id, account).await?;
    desk(id).await
}

/// Makes a new edit-mode link for an account; the former stops working at once.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/marketer", endpoint = "rotate_edit_key", input = Json)]
pub async fn rotate_edit_key(id: CampaignId, account: AccountId) -> Result<Told<CampaignDesk>, AppError> {
    crate::context::engine()?.rotate_edit_key(&crate::context::operator()?, id, account).await?;
    desk(id).await
}

/// Adds a tracked link; an empty code is made by the engine.
///
/// # Errors
/// [`AppError::Invalid`] for a placement or code that is wrong; else as the engine says.
#[server(prefix = "/api/marketer", endpoint = "add_link", input = Json)]
pub async fn add_link(
    id: CampaignId,
    account: AccountId,
    placement: String,
    code: String,
) -> Result<Told<CampaignDesk>, AppError> {
    let lang = crate::context::lang();
    let (placement, code) = super::links::check(&placement, &code, lang).map_err(AppError::Invalid)?;
    let operator = crate::context::operator()?;
    crate::context::engine()?.add_link(&operator, id, account, placement, code, lang).await?;
    desk(id).await
}

/// Switches a link on or off; when off, its visitors see the page of all accounts.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/marketer", endpoint = "set_link_active", input = Json)]
pub async fn set_link_active(id: CampaignId, link: LinkId, active: bool) -> Result<Told<CampaignDesk>, AppError> {
    crate::context::engine()?.set_link_active(&crate::context::operator()?, link, active).await?;
    desk(id).await
}
