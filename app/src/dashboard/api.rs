//! What the live page shows first; from then on the event stream carries the figures.
//! Refuses to count: the engine's rollups are the only source.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use rules::campaign::Campaign;
use rules::claim::Row;
use rules::ids::Slug;
use rules::live::Snapshot;
use serde::{Deserialize, Serialize};

/// The live page of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The campaign.
    pub campaign: Campaign,
    /// Its figures.
    pub snapshot: Snapshot,
    /// Its latest claims, newest first.
    pub latest: Vec<Row>,
}

/// How many of the latest claims the live page shows.
#[cfg(feature = "ssr")]
const LATEST: usize = 8;

/// The live page of the campaign `slug`, or of the usual one; `None` when there is no campaign at all.
///
/// # Errors
/// [`AppError::NotFound`] for a slug that does not exist; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "overview", input = GetUrl)]
pub async fn read_overview(slug: Option<String>) -> Result<Told<Option<Overview>>, AppError> {
    crate::context::operator()?;
    let engine = crate::context::engine()?;
    let Some(campaign) = crate::campaigns::api::named(&engine, slug).await? else { return Told::of(&None) };
    let snapshot = engine.live(campaign.id).await?;
    let latest = engine.latest_claims(campaign.id, LATEST).await?;
    Told::of(&Some(Overview { campaign, snapshot, latest }))
}

/// The latest claims of a campaign, newest first.
///
/// # Errors
/// [`AppError::NotFound`] for a slug that does not exist; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "latest_claims", input = GetUrl)]
pub async fn latest_claims(slug: Slug) -> Result<Told<Vec<Row>>, AppError> {
    crate::context::operator()?;
    let engine = crate::context::engine()?;
    let slug = Some(slug.as_str().to_owned());
    let campaign = crate::campaigns::api::named(&engine, slug).await?.ok_or(AppError::NotFound)?;
    Told::of(&engine.latest_claims(campaign.id, LATEST).await?)
}
