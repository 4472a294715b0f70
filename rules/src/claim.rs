//! Claims: a follower's request that was granted or is held for a review.
//! Refuses to go back; a refusal is not a claim and lives elsewhere.

use crate::account::names;
use serde::{Deserialize, Serialize};

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for a review; its money is reserved.
    Held,
    /// Granted; a payout exists.
    Granted,
    /// Refused after a review; its money went back.
    Rejected,
}
names!(State { Held = "held", Granted = "granted", Rejected = "rejected" });

/// One claim as staff see it in lists and exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Our row.
    pub id: crate::ids::ClaimId,
    /// When it was granted or held.
    pub at: crate::time::UnixMs,
    /// The account followed.
    pub account_name: String,
    /// Its icon.
    pub account_icon: String,
    /// The link it is counted for; empty when unknown.
    pub link_code: String,
    /// How well the follow is known.
    pub grade: crate::follow::Grade,
    /// How the link is known.
    pub attribution: crate::follow::Attribution,
    /// The payee's openid with its middle hidden.
    pub openid_masked: String,
    /// The amount granted.
    pub amount: crate::Fen,
    /// Where the claim stands.
    pub claim: State,
    /// Where its payout stands.
    pub payout: crate::payout::State,
    /// The payout's bill number.
    pub mch_billno: String,
    /// WeChat's last err_code; empty when none.
    pub err_code: String,
    /// True for a tester's claim of a draft: real money, outside all figures.
    pub rehearsal: bool,
}

/// What a review decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is its own sentence")]
pub enum Event {
    Grant,
    Reject,
}

/// A step the claim's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTransition(pub State);

impl State {
    /// The state after a review.
    pub const fn event(self, event: Event) -> Result<Self, InvalidTransition> {
        match (self, event) {
            (Self::Held, Event::Grant) => Ok(Self::Granted),
            (Self::Held, Event::Reject) => Ok(Self::Rejected),
            (Self::Granted | Self::Rejected, _) => Err(InvalidTransition(self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_held_claim_can_be_decided_and_only_once() {
        assert_eq!(State::Held.event(Event::Grant), Ok(State::Granted));
        assert_eq!(State::Held.event(Event::Reject), Ok(State::Rejected));
        for done in [State::Granted, State::Rejected] {
            for event in [Event::Grant, Event::Reject] {
                assert_eq!(done.event(event), Err(InvalidTransition(done)));
            }
        }
    }
}
