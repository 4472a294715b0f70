//! The ageing list: every payout that has no end yet, how old it is, and when somebody has to look.
//! Refuses to call anything final that WeChat has not ended.

use crate::Fen;
use crate::ids::{CampaignId, MchBillno, PayoutId};
use crate::payout::{Rail, State};
use crate::time::{UnixMs, hours, minutes};
use serde::{Deserialize, Serialize};

/// A payout without an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ageing {
    /// Our row.
    pub payout: PayoutId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its number.
    pub mch_billno: MchBillno,
    /// How it travels.
    pub rail: Rail,
    /// Where it stands.
    pub state: State,
    /// True when staff hold it: it is not sent until they release it.
    pub held: bool,
    /// How much.
    pub amount: Fen,
    /// How often it was sent.
    pub attempts: i64,
    /// WeChat's last err_code; empty when none.
    pub err_code: String,
    /// Since when it stands there.
    pub since: UnixMs,
    /// When somebody has to look.
    pub deadline: UnixMs,
}

impl Ageing {
    /// True when it is older than it should be.
    pub fn is_overdue(&self, now: UnixMs) -> bool {
        now >= self.deadline && !self.held
    }
}

/// How long a payout may stand at `state` before somebody has to look, in milliseconds; nothing for an end.
pub const fn patience_ms(state: State) -> Option<i64> {
    match state {
        State::Queued => Some(minutes(30)),
        State::Sending => Some(minutes(5)),
        State::Unknown => Some(hours(1)),
        // A day for the follower, and time for WeChat to give it back.
        State::Sent => Some(hours(50)),
        State::WaitingConfirm => Some(hours(25)),
        State::Collected | State::Returned | State::Failed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_has_a_deadline() {
        for state in State::ALL {
            assert_eq!(patience_ms(*state).is_none(), state.is_final(), "{state:?}");
        }
    }
}
