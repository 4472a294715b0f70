//! What the budgets page reads and does: lines, funding, taking back.
//! Refuses every event but those two; the rest of the ledger moves by itself.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::Fen;
use rules::campaign::State;
use rules::ids::CampaignId;
use rules::ledger::Budget;
use rules::operator::Role;
use serde::{Deserialize, Serialize};

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
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// What is in its line.
    pub budget: Budget,
}

/// All budget lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// What the reader may do.
    pub role: Role,
    /// The lines.
    pub lines: Vec<Line>,
}

#[cfg(feature = "ssr")]
async fn all() -> Result<Told<Lines>, AppError> {
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let mut lines = Vec::new();
    for campaign in engine.campaigns().await? {
        let budget = engine.budget(campaign.id).await?;
        lines.push(Line { campaign: campaign.id, name: campaign.name, state: campaign.state, budget });
    }
    Told::of(&Lines { role, lines })
}

/// Every campaign's budget line.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "budgets", input = GetUrl)]
pub async fn read_budgets() -> Result<Told<Lines>, AppError> {
    all().await
}

/// Puts `amount` into a campaign's line or takes it back, and returns all lines.
///
/// # Errors
/// [`AppError::Conflict`] when less is free; else as the engine says.
#[server(prefix = "/api/finance", endpoint = "change_budget", input = Json)]
pub async fn change_budget(campaign: CampaignId, step: Step, amount: Fen) -> Result<Told<Lines>, AppError> {
    use rules::ledger::Event;
    let event = match step {
        Step::Fund => Event::Fund,
        Step::Withdraw => Event::Withdraw,
    };
    let operator = crate::context::operator()?;
    crate::context::engine()?.change_budget(&operator, campaign, event, amount, crate::context::lang()).await?;
    all().await
}
