//! Payouts: one attempt to give the money, with one bill number until its end is known.
//! Refuses to leave "don't know" for anything but an answer, and to move once an end is reached.

use crate::account::names;
use serde::{Deserialize, Serialize};

/// How the money travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rail {
    /// Cash red packet, API v2.
    Redpack,
    /// Merchant transfer, API v3.
    Transfer,
}
names!(Rail { Redpack = "redpack", Transfer = "transfer" });

/// Where a payout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for its turn.
    Queued,
    /// Leased to a worker that is calling WeChat now.
    Sending,
    /// WeChat's answer is not known: asked again under the same number.
    Unknown,
    /// WeChat took it; the follower has not opened it yet.
    Sent,
    /// A transfer that waits for the follower's confirmation.
    WaitingConfirm,
    /// The follower has the money.
    Collected,
    /// The follower did not take it; WeChat gave it back.
    Returned,
    /// Definitely not sent.
    Failed,
}
names!(State {
    Queued = "queued",
    Sending = "sending",
    Unknown = "unknown",
    Sent = "sent",
    WaitingConfirm = "waiting_confirm",
    Collected = "collected",
    Returned = "returned",
    Failed = "failed",
});

/// What is learned about a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A worker took it under a lease.
    Lease,
    /// WeChat accepted it.
    Accepted,
    /// WeChat set a transfer's money aside until the follower confirms.
    Waits,
    /// Definitely not sent, and the same number may be tried again later.
    NotYet,
    /// Definitely not sent, for good.
    Refused,
    /// No certain answer, or the lease ran out.
    DontKnow,
    /// The query says no such bill, long enough after the last call: send again, same number.
    NeverArrived,
    /// WeChat has the bill, but only the answer to the same request tells what the follower needs: send again, same
    /// number.
    Repeat,
    /// WeChat says the follower took it.
    Taken,
    /// WeChat says it went back to the merchant.
    GivenBack,
    /// WeChat says it failed.
    TurnedOut,
}

/// The code of a payout that waits, or was given up, because its person was paid under another number since a backup.
pub const PAID_SINCE_BACKUP: &str = "PAID_SINCE_BACKUP";

/// Why a follower did not get what was sent and went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// A red packet that was not opened in time.
    NotOpened,
    /// A transfer that was not confirmed in time.
    NotConfirmed,
    /// A transfer that staff cancelled.
    Cancelled,
}

/// A step the payout's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTransition {
    /// Where it stood.
    pub from: State,
    /// What was learned.
    pub event: Event,
}

impl std::fmt::Display for InvalidTransition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a payout that is {} cannot take {:?}", self.from.name(), self.event)
    }
}

impl std::error::Error for InvalidTransition {}

impl State {
    /// The state after `event`.
    pub const fn event(self, event: Event) -> Result<Self, InvalidTransition> {
        use Event as E;
        Ok(match (self, event) {
            (Self::Queued, E::Lease) => Self::Sending,
            (Self::Sending | Self::Unknown, E::Accepted) => Self::Sent,
            (Self::Sending, E::NotYet) => Self::Queued,
            (Self::Sending, E::Refused) => Self::Failed,
            (Self::Sending | Self::Unknown, E::DontKnow) => Self::Unknown,
            (Self::Sending | Self::Unknown | Self::WaitingConfirm, E::Waits) => Self::WaitingConfirm,
            (Self::Unknown, E::NeverArrived | E::Repeat) => Self::Queued,
            // An end may be told at any time before it: by a callback, or by the answer to a repetition.
            (Self::Queued | Self::Sending | Self::Unknown | Self::Sent | Self::WaitingConfirm, E::Taken) => {
                Self::Collected
            }
            (Self::Queued | Self::Sending | Self::Unknown | Self::Sent | Self::WaitingConfirm, E::GivenBack) => {
                Self::Returned
            }
            (Self::Queued | Self::Sending | Self::Unknown | Self::Sent | Self::WaitingConfirm, E::TurnedOut) => {
                Self::Failed
            }
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }

    /// True when the money is the merchant's no longer. A red packet is paid when WeChat takes it, and its return is a
    /// payment back; a transfer is only set aside until the follower confirms.
    pub const fn is_paid_on(self, rail: Rail) -> bool {
        match rail {
            Rail::Redpack => matches!(self, Self::Sent | Self::Collected | Self::Returned),
            Rail::Transfer => matches!(self, Self::Collected),
        }
    }

    /// True when nothing more can happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Collected | Self::Returned | Self::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 11] = [
        Event::Lease,
        Event::Accepted,
        Event::Waits,
        Event::NotYet,
        Event::Refused,
        Event::DontKnow,
        Event::NeverArrived,
        Event::Repeat,
        Event::Taken,
        Event::GivenBack,
        Event::TurnedOut,
    ];

    /// What each state makes of each event, in the order of `EVENTS`; `None` is refused.
    #[rustfmt::skip]
    const TABLE: [(State, [Option<State>; 11]); 8] = {
        use State::{Collected, Failed, Queued, Returned, Sending, Sent, Unknown, WaitingConfirm};
        [
            //                Lease          Accepted    Waits                 NotYet        Refused       DontKnow       NeverArrived  Repeat        Taken            GivenBack       TurnedOut
            (Queued,          [Some(Sending), None,       None,                 None,         None,         None,          None,         None,         Some(Collected), Some(Returned), Some(Failed)]),
            (Sending,         [None,          Some(Sent), Some(WaitingConfirm), Some(Queued), Some(Failed), Some(Unknown), None,         None,         Some(Collected), Some(Returned), Some(Failed)]),
            (Unknown,         [None,          Some(Sent), Some(WaitingConfirm), None,         None,         Some(Unknown), Some(Queued), Some(Queued), Some(Collected), Some(Returned), Some(Failed)]),
            (Sent,            [None,          None,       None,                 None,         None,         None,          None,         None,         Some(Collected), Some(Returned), Some(Failed)]),
            (WaitingConfirm,  [None,          None,       Some(WaitingConfirm), None,         None,         None,          None,         None,         Some(Collected), Some(Returned), Some(Failed)]),
            (Collected,       [None,          None,       None,                 None,         None,         None,          None,         None,         None,            None,           None]),
            (Returned,        [None,          None,       None,                 None,         None,         None,          None,         None,         None,            None,           None]),
            (Failed,          [None,          None,       None,                 None,         None,         None,          None,         None,         None,            None,           None]),
        ]
    };

    #[test]
    fn every_state_answers_every_event_as_the_table_says() {
        for (from, row) in TABLE {
            for (event, expected) in EVENTS.into_iter().zip(row) {
                let expected = expected.ok_or(InvalidTransition { from, event });
                assert_eq!(from.event(event), expected, "{from:?} {event:?}");
            }
            assert_eq!(from.is_final(), row.iter().all(Option::is_none), "{from:?}: an end is an end");
        }
    }

    #[test]
    fn the_table_names_every_state_once() {
        for state in State::ALL {
            assert_eq!(TABLE.iter().filter(|(named, _)| named == state).count(), 1, "{state:?}");
        }
    }

    #[test]
    fn a_transfer_that_waits_is_confirmed_or_comes_back_and_is_never_sent_again() {
        assert_eq!(State::Sending.event(Event::Waits), Ok(State::WaitingConfirm));
        assert_eq!(State::Unknown.event(Event::Waits), Ok(State::WaitingConfirm));
        assert!(State::Queued.event(Event::Waits).is_err());
        for event in EVENTS {
            let next = State::WaitingConfirm.event(event);
            assert!(!matches!(next, Ok(State::Queued | State::Sending | State::Unknown)), "{event:?}");
        }
        assert_eq!(State::WaitingConfirm.event(Event::Taken), Ok(State::Collected));
        assert_eq!(State::WaitingConfirm.event(Event::GivenBack), Ok(State::Returned));
    }

    #[test]
    fn a_red_packet_is_paid_when_it_is_sent_and_a_transfer_when_it_is_confirmed() {
        let paid = |rail| State::ALL.iter().copied().filter(|s| s.is_paid_on(rail)).collect::<Vec<_>>();
        assert_eq!(paid(Rail::Redpack), [State::Sent, State::Collected, State::Returned]);
        assert_eq!(paid(Rail::Transfer), [State::Collected]);
    }
}
