//! What the forms that change a budget do when they are sent: each names what its reader had seen of the line.
//! Refuses to let a page that was read anew hide that an earlier press has no answer.

use crate::change::Change;
use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use rules::ids::CampaignId;
use rules::ledger::Changes;
use serde::de::DeserializeOwned;
use std::future::Future;

/// What the readers of a form had seen when they pressed and got no answer.
#[derive(Clone, Copy)]
pub struct Doubts(RwSignal<Vec<(CampaignId, Changes)>>);

/// One press of a form.
#[derive(Clone, Copy)]
pub struct Press {
    campaign: CampaignId,
    /// What its reader has seen.
    pub seen: Changes,
    doubts: Doubts,
}

impl Doubts {
    /// A form that nobody has pressed.
    pub fn none() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// A press for `campaign`, of which the page shows so many changes. While an earlier press is in doubt it has seen
    /// what that one had: what the page learnt since may be that press itself.
    pub fn press(self, campaign: CampaignId, shown: Changes) -> Press {
        let kept = self.0.with_untracked(|doubts| doubts.iter().find(|(of, _)| *of == campaign).map(|(_, seen)| *seen));
        Press { campaign, seen: kept.unwrap_or(shown), doubts: self }
    }

    fn learn(self, Press { campaign, seen, .. }: Press, failed: Option<&AppError>) {
        let in_doubt = failed.is_some_and(AppError::leaves_doubt);
        self.0.update(|doubts| {
            doubts.retain(|(of, _)| *of != campaign);
            if in_doubt {
                doubts.push((campaign, seen));
            }
        });
    }
}

impl Press {
    /// Sends it and empties the form once it is done. After a conflict the page is read with `look`: the sentence then
    /// stands beside the figures that it speaks of.
    pub fn send<P: Clone + PartialEq + DeserializeOwned + Send + Sync + 'static>(
        self,
        change: Change<P>,
        place: &'static str,
        call: impl Future<Output = Result<Told<P>, AppError>> + 'static,
        look: impl Future<Output = Result<Told<P>, AppError>> + 'static,
    ) {
        let sent = async move {
            let end = call.await;
            self.doubts.learn(self, end.as_ref().err());
            if matches!(end, Err(AppError::Conflict(_)))
                && let Ok(page) = look.await.and_then(|told| told.read())
            {
                change.page.set(page);
            }
            end
        };
        change.run_then(place, sent, || crate::browser::fill("f-amount", ""));
    }
}
