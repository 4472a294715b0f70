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
