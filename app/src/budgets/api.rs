//! What the pages of budgets read and do: lines, funding, taking back, caps, pacing, and when somebody is told.
//! Refuses every event but funding and taking back; the rest of the ledger moves by itself.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::Fen;
#[cfg(feature = "ssr")]
use rules::campaign::Campaign;
use rules::campaign::State;
use rules::cap::Kind;
use rules::ids::{CampaignId, Slug};
use rules::ledger::{Budget, Changes, Entry};
use rules::operator::Role;
use rules::time::UnixMs;
use serde::{Deserialize, Serialize};

/// How many entries one page of a statement holds.
#[cfg(feature = "ssr")]
const PAGE: usize = 30;

/// The two things staff can do to a budget line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Put money in.
    Fund,
    /// Take back what is free.
    Withdraw,
}

/// The budget line of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// What is in its line.
    pub budget: Budget,
    /// How often staff changed it.
    pub changes: Changes,
}

/// All budget lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// What the reader may do.
    pub role: Role,
    /// The lines.
    pub lines: Vec<Line>,
}

/// What may be capped, and what is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapRow {
    /// What kind of cap.
    pub kind: Kind,
    /// Which account or link; 0 where the kind needs none.
    pub object: i64,
    /// Its name; empty where the kind says it all.
    pub name: String,
    /// The cap and what was used of it; nothing without a cap.
    pub cap: Option<(Fen, Fen)>,
}

/// One page of a line's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// True when there are older ones.
    pub more: bool,
}

/// One line with everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineDesk {
    /// What the reader may do.
    pub role: Role,
    /// The line.
    pub line: Line,
    /// Until when the campaign takes claims.
    pub closes_at: UnixMs,
    /// True when the budget is spread over the hours left.
    pub paced: bool,
    /// Below which free amount somebody is told.
    pub low: Fen,
    /// The present.
    pub now: UnixMs,
    /// When it will be empty at the pace of late.
    pub empty_at: Option<UnixMs>,
    /// What may be capped.
    pub caps: Vec<CapRow>,
    /// The newest of its statement.
    pub statement: Statement,
}

#[cfg(feature = "ssr")]
fn line(campaign: &Campaign, (budget, changes): (Budget, Changes)) -> Line {
    let Campaign { id, slug, name, state, .. } = campaign;
    Line { campaign: *id, slug: slug.clone(), name: name.clone(), state: *state, budget, changes }
}

#[cfg(feature = "ssr")]
async fn all() -> Result<Told<Lines>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let mut lines = Vec::new();
    for campaign in engine.campaigns().await? {
        let seen = engine.budget_seen(campaign.id).await?;
        lines.push(line(&campaign, seen));
    }
    Told::of(&Lines { role, lines })
}

/// Everything that may be capped in a campaign: the hour, the day, its accounts and its links.
#[cfg(feature = "ssr")]
async fn caps(engine: &engine::Engine, id: CampaignId) -> Result<Vec<CapRow>, AppError> {
    let set = engine.caps(id).await?;
    let row = |kind, object, name| {
        let found = set.iter().find(|found| (found.cap.kind, found.cap.object) == (kind, object));
        CapRow { kind, object, name, cap: found.map(|found| (found.cap.limit, found.used)) }
    };
    let mut rows = vec![row(Kind::Hour, 0, String::new()), row(Kind::Day, 0, String::new())];
    let members = engine.members(id).await?;
    rows.extend(members.into_iter().map(|member| row(Kind::Account, member.account.id.0, member.account.name)));
    let links = engine.links(id).await?;
    rows.extend(links.into_iter().map(|link| row(Kind::Link, link.id.0, format!("{} {}", link.placement, link.code))));
    Ok(rows)
}

#[cfg(feature = "ssr")]
async fn statement(engine: &engine::Engine, id: CampaignId, before: Option<i64>) -> Result<Statement, AppError> {
    let limit = i64::try_from(PAGE).map_or(i64::MAX, |page| page + 1);
    let mut entries = engine.statement(id, before, limit).await?;
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    Ok(Statement { entries, more })
}

#[cfg(feature = "ssr")]
async fn desk(id: CampaignId) -> Result<Told<LineDesk>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let campaign = engine.campaign(id).await?;
    let seen = engine.budget_seen(id).await?;
    Told::of(&LineDesk {
        role,
        line: line(&campaign, seen),
        closes_at: campaign.closes_at,
        paced: campaign.paced,
        low: campaign.low,
        now: engine.clock().now(),
        empty_at: engine.empty_at(id).await?,
        caps: caps(&engine, id).await?,
        statement: statement(&engine, id, None).await?,
    })
}

/// Every campaign's budget line.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "budgets", input = GetUrl)]
pub async fn read_budgets() -> Result<Told<Lines>, AppError> {
    all().await
}

/// Puts `amount` into a campaign's line or takes it back, and returns all lines. `seen` is what the page showed.
///
/// # Errors
/// [`AppError::Conflict`] when the line was changed since; [`AppError::Invalid`] when less is free; else as the engine
/// says.
#[server(prefix = "/api/finance", endpoint = "change_budget", input = Json)]
pub async fn change_budget(
    campaign: CampaignId,
    step: Step,
    amount: Fen,
    seen: Changes,
) -> Result<Told<Lines>, AppError> {
    use rules::ledger::Event;
    let event = match step {
        Step::Fund => Event::Fund,
        Step::Withdraw => Event::Withdraw,
    };
    let operator = crate::context::operator()?;
    crate::context::engine()?.change_budget(&operator, campaign, event, amount, seen, crate::context::lang()).await?;
    all().await
}

/// One campaign's line with its caps, its forecast and the newest of its statement.
///
/// # Errors
/// [`AppError::NotFound`] when there is none; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "budget_line", input = GetUrl)]
pub async fn read_line(id: CampaignId) -> Result<Told<LineDesk>, AppError> {
    desk(id).await
}

/// The entries of a line's statement before the entry `before`.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "statement", input = GetUrl)]
pub async fn read_statement(id: CampaignId, before: Option<i64>) -> Result<Told<Statement>, AppError> {
    crate::context::operator()?;
    Told::of(&statement(&crate::context::engine()?, id, before).await?)
}

/// Sets a cap, or takes it away with `None`.
///
/// # Errors
/// [`AppError::NotFound`] when the object is not in the campaign; else as the engine says.
#[server(prefix = "/api/finance", endpoint = "set_cap", input = Json)]
pub async fn set_cap(id: CampaignId, kind: Kind, object: i64, limit: Option<Fen>) -> Result<Told<LineDesk>, AppError> {
    crate::context::engine()?.set_cap(&crate::context::operator()?, id, kind, object, limit).await?;
    desk(id).await
}

/// Spreads the budget over the hours left, or no longer.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/finance", endpoint = "set_pacing", input = Json)]
pub async fn set_pacing(id: CampaignId, paced: bool) -> Result<Told<LineDesk>, AppError> {
    crate::context::engine()?.set_pacing(&crate::context::operator()?, id, paced).await?;
    desk(id).await
}

/// Sets below which free amount somebody is told; zero tells nobody.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/finance", endpoint = "set_low", input = Json)]
pub async fn set_low(id: CampaignId, low: Fen) -> Result<Told<LineDesk>, AppError> {
    crate::context::engine()?.set_low(&crate::context::operator()?, id, low).await?;
    desk(id).await
}
