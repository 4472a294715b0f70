//! Campaigns whose line is used up: for a second their requests are answered without a write, and only counted.
//! Refuses to be believed longer than that, because money comes back.

use super::Request;
use super::decide::Decided;
use super::gather::Facts;
use rules::eligibility::Refusal;
use rules::ids::{AccountId, CampaignId, Slug};
use rules::time::{UnixMs, secs};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long "used up" is believed.
const BELIEVED_MS: i64 = secs(1);

/// What this node knows of campaigns that are used up.
#[derive(Default)]
pub(crate) struct Spent(Mutex<HashMap<Slug, Mark>>);

struct Mark {
    until: UnixMs,
    campaign: CampaignId,
    payer: AccountId,
    /// Refusals that no row counts yet.
    refused: i64,
}

/// Refusals to be counted for a campaign.
pub(crate) struct Counted {
    pub campaign: CampaignId,
    pub payer: AccountId,
    pub refused: i64,
}

impl Spent {
    fn marks(&self) -> std::sync::MutexGuard<'_, HashMap<Slug, Mark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True, and counted, when this campaign was found used up less than a second ago.
    pub fn is_spent(&self, slug: &Slug, now: UnixMs) -> bool {
        let mut marks = self.marks();
        // A clock that was turned back does not make the mark last.
        let fresh = marks.get_mut(slug).filter(|mark| (0..BELIEVED_MS).contains(&mark.until.since(now)));
        fresh.map(|mark| mark.refused += 1).is_some()
    }

    /// Remembers a campaign that can pay nobody any more.
    pub fn note(&self, request: &Request, decided: &Decided, facts: &Facts, now: UnixMs) {
        let Decided::Refused(refused) = decided else { return };
        let Some(ground) = facts.grounds.get(&request.slug) else { return };
        if refused.reason != Refusal::UsedUp || !ground.stock.is_used_up(ground.budget.available) {
            return;
        }
        let until = now.plus(BELIEVED_MS - 1);
        let mut marks = self.marks();
        let fresh = Mark { until, campaign: ground.campaign.id, payer: ground.campaign.payer, refused: 0 };
        marks.entry(request.slug.clone()).or_insert(fresh).until = until;
    }

    /// Takes what is to be counted.
    pub fn take(&self) -> Vec<Counted> {
        let count = |mark: &mut Mark| {
            let refused = std::mem::take(&mut mark.refused);
            Counted { campaign: mark.campaign, payer: mark.payer, refused }
        };
        self.marks().values_mut().filter(|mark| mark.refused > 0).map(count).collect()
    }
}
