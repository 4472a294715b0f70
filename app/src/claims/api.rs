//! What the claims page reads: one page of claims after another, newest first.
//! Refuses to send a whole campaign at once; the CSV does that, streamed.
#![expect(missing_docs, reason = "`#[server]` makes a struct of the arguments; the function tells what they mean")]

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use rules::claim::Row;
use rules::ids::{ClaimId, Slug};
use serde::{Deserialize, Serialize};

/// How many claims one page holds.
#[cfg(feature = "ssr")]
const PAGE: usize = 50;

/// Some claims of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The campaign's name in URLs.
    pub slug: Slug,
    /// Its name on screens.
    pub name: String,
    /// The claims, newest first.
    pub rows: Vec<Row>,
    /// True when there are older ones.
    pub more: bool,
}

/// The claims older than `before`, or the newest, of the campaign `slug` or the usual one; `None` without a campaign.
///
/// # Errors
/// [`AppError::NotFound`] for a slug that does not exist; else as the engine says.
#[server(prefix = "/api/viewer", endpoint = "claims", input = GetUrl)]
pub async fn read_claims(slug: Option<String>, before: Option<ClaimId>) -> Result<Told<Option<Claims>>, AppError> {
    crate::context::operator()?;
    let engine = crate::context::engine()?;
    let Some(campaign) = crate::campaigns::api::named(&engine, slug).await? else { return Told::of(&None) };
    let mut rows = engine.claims(campaign.id, before, PAGE + 1).await?;
    // A claim that was paid anew has several rows: a page ends between claims.
    let end = (0..rows.len()).filter(|at| *at == 0 || rows[at - 1].id != rows[*at].id).nth(PAGE);
    rows.truncate(end.unwrap_or(rows.len()));
    let more = end.is_some();
    Told::of(&Some(Claims { slug: campaign.slug, name: campaign.name, rows, more }))
}
