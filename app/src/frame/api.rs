//! What the frame around every page needs: who is signed in, and which campaigns there are.
//! Refuses anything that belongs to one page.

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use rules::campaign::State;
use rules::ids::Slug;
use rules::operator::Operator;
use serde::{Deserialize, Serialize};

/// A campaign in the switcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignName {
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name on screens.
    pub name: String,
    /// Where it stands.
    pub state: State,
}

/// What the frame shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Who is signed in.
    pub operator: Operator,
    /// Every campaign, the newest first.
    pub campaigns: Vec<CampaignName>,
    /// What is said of everything after a restore, and of each rail that stands still.
    pub standing_still: Vec<String>,
    /// True while everything stands still after a restore.
    pub is_restored: bool,
}

/// Who is signed in.
///
/// # Errors
/// [`AppError::SignedOut`] when nobody is.
#[server(prefix = "/api/viewer", endpoint = "me", input = GetUrl)]
pub async fn me() -> Result<Operator, AppError> {
    crate::context::operator()
}

/// What the frame shows: who is signed in, and every campaign for the switcher.
///
/// # Errors
/// As the engine says.
#[server(prefix = "/api/viewer", endpoint = "frame", input = GetUrl)]
pub async fn read_frame() -> Result<Told<Frame>, AppError> {
    let operator = crate::context::operator()?;
    let engine = crate::context::engine()?;
    let campaigns = engine.campaigns().await?;
    let (rails, lang) = (engine.rails().await?, crate::context::lang());
    let is_restored = engine.is_held_after_restore().await?;
    let everything = is_restored.then(|| rules::say::bill::standing_still(lang).to_owned());
    let standing_still = everything.into_iter().chain(rails.iter().filter_map(|rail| stands_still(rail, lang)));
    let standing_still = standing_still.collect();
    let campaigns = campaigns.into_iter().map(|c| CampaignName { slug: c.slug, name: c.name, state: c.state });
    Told::of(&Frame { operator, campaigns: campaigns.collect(), standing_still, is_restored })
}

/// What is said of a rail that stands still, on every page.
#[cfg(feature = "ssr")]
fn stands_still(rail: &rules::rail::RailRow, lang: rules::say::Lang) -> Option<String> {
    use rules::rail::Standing;
    use rules::say::{money, payout};
    let why = match (rail.standing, payout::code(&rail.reason, lang)) {
        (Standing::Open, _) => return None,
        (Standing::Stopped, _) => money::stopped_by_hand(lang).to_owned(),
        (Standing::Paused, "") => rail.reason.clone(),
        (Standing::Paused, words) => words.to_owned(),
    };
    Some(money::stands_still(rail.rail, rail.mch_id.as_str(), rail.standing, &why, lang))
}

/// The campaign shown when the address names none: the first one running, else the first.
pub fn usual(names: &[CampaignName]) -> Option<String> {
    let running = names.iter().find(|campaign| campaign.state == State::Running);
    running.or(names.first()).map(|campaign| campaign.slug.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_campaign_is_shown_before_others() {
        let named = |slug: &str, state| CampaignName {
            slug: slug.try_into().expect("the test's slugs are good"),
            name: slug.to_owned(),
            state,
        };
        let names = [named("old", State::Closed), named("now", State::Running), named("next", State::Draft)];
        assert_eq!(usual(&names).as_deref(), Some("now"));
        assert_eq!(usual(&names[..1]).as_deref(), Some("old"));
        assert_eq!(usual(&[]), None);
    }
}
