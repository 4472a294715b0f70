//! What the rails page reads, and how a rail is stopped, resumed or chosen.
//! Refuses to tell a merchant's keys; only which merchant it is.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::campaigns::api::CampaignDesk;
use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use rules::ids::{CampaignId, MchId};
use rules::operator::Role;
use rules::payout::Rail;
use rules::rail::RailRow;
use rules::time::UnixMs;
use serde::{Deserialize, Serialize};

/// A rail and who uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RailUse {
    /// How it stands.
    pub rail: RailRow,
    /// The campaigns whose new payouts take it.
    pub campaigns: Vec<String>,
}

/// All rails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rails {
    /// What the reader may do.
    pub role: Role,
    /// The rails.
    pub rails: Vec<RailUse>,
    /// The present.
    pub now: UnixMs,
}

#[cfg(feature = "ssr")]
async fn all() -> Result<Told<Rails>, AppError> {
    use rules::campaign::State;
    let role = crate::context::operator()?.role;
    let engine = crate::context::engine()?;
    let campaigns = engine.campaigns().await?;
    let rails = engine.rails().await?.into_iter().map(|rail| {
        let on_it = campaigns.iter().filter(|c| c.mch_id == rail.mch_id && c.rail == rail.rail);
        let names = on_it.filter(|c| c.state != State::Closed).map(|c| c.name.clone());
        RailUse { campaigns: names.collect(), rail }
    });
    Told::of(&Rails { role, rails: rails.collect(), now: engine.clock().now() })
}

/// Every merchant's rails.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "rails", input = GetUrl)]
pub async fn read_rails() -> Result<Told<Rails>, AppError> {
    all().await
}

/// Stops a rail until somebody resumes it.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/finance", endpoint = "stop_rail", input = Json)]
pub async fn stop_rail(mch_id: MchId, rail: Rail) -> Result<Told<Rails>, AppError> {
    crate::context::engine()?.stop_rail(&crate::context::operator()?, &mch_id, rail).await?;
    all().await
}

/// Opens a rail that is paused or stopped.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/finance", endpoint = "resume_rail", input = Json)]
pub async fn resume_rail(mch_id: MchId, rail: Rail) -> Result<Told<Rails>, AppError> {
    crate::context::engine()?.resume_rail(&crate::context::operator()?, &mch_id, rail).await?;
    all().await
}

/// Chooses the rail of a campaign's new payouts.
///
/// # Errors
/// [`AppError::Invalid`] when the merchant or the prizes do not fit it; else as the engine says.
#[server(prefix = "/api/finance", endpoint = "set_rail", input = Json)]
pub async fn set_rail(id: CampaignId, rail: Rail) -> Result<Told<CampaignDesk>, AppError> {
    let (operator, lang) = (crate::context::operator()?, crate::context::lang());
    crate::context::engine()?.set_rail(&operator, id, rail, lang).await?;
    crate::campaigns::api::desk(id).await
}
