//! May this person claim now? One answer, one reason.
//! Refuses to look anything up: the facts come in, the decision goes out.

use crate::Fen;
use crate::account::names;
use crate::campaign::Opening;
use crate::cap::Left;
use crate::follow::{Grade, Novelty};
use crate::ticket::TicketWrong;
use serde::{Deserialize, Serialize};

/// Why a request was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The campaign has not opened.
    NotStarted,
    /// Staff paused it.
    Paused,
    /// It is over.
    Ended,
    /// The person has a claim already.
    AlreadyClaimed,
    /// The person opened the page without following through us.
    NoTicket,
    /// The ticket was invented, belongs to someone else or was used.
    WrongTicket,
    /// The ticket is older than 48 hours.
    ExpiredTicket,
    /// The account is not (or no longer) part of the campaign.
    AccountGone,
    /// The person followed before the campaign.
    EarlierFollower,
    /// The person left the account again.
    NotFollowing,
    /// The person writes as a follower, but their follow never reached us.
    FollowUnseen,
    /// No money is left.
    UsedUp,
    /// No money is left for this hour or day; more comes with the next.
    UsedUpForNow,
}
names!(Refusal {
    NotStarted = "not_started",
    Paused = "paused",
    Ended = "ended",
    AlreadyClaimed = "already_claimed",
    NoTicket = "no_ticket",
    WrongTicket = "wrong_ticket",
    ExpiredTicket = "expired_ticket",
    AccountGone = "account_gone",
    EarlierFollower = "earlier_follower",
    NotFollowing = "not_following",
    FollowUnseen = "follow_unseen",
    UsedUp = "used_up",
    UsedUpForNow = "used_up_for_now",
});

impl From<TicketWrong> for Refusal {
    fn from(wrong: TicketWrong) -> Self {
        match wrong {
            TicketWrong::Invented | TicketWrong::SomeoneElses | TicketWrong::Used => Self::WrongTicket,
            TicketWrong::Expired => Self::ExpiredTicket,
        }
    }
}

impl Opening {
    /// Nothing, or why no claim is taken.
    pub const fn refusal(self) -> Result<(), Refusal> {
        match self {
            Self::Open => Ok(()),
            Self::NotStarted => Err(Refusal::NotStarted),
            Self::Paused => Err(Refusal::Paused),
            Self::Ended => Err(Refusal::Ended),
        }
    }
}

/// What is known of the follow behind a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// How well the follow is known.
    pub grade: Grade,
    /// Whether the person is new.
    pub novelty: Novelty,
    /// False when the account left the campaign, was retired, or no longer accepts this grade.
    pub account_active: bool,
    /// False when we saw them leave again.
    pub still_following: bool,
}

/// Everything the decision needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether the campaign takes claims now.
    pub opening: Opening,
    /// True when a claim key of this person exists.
    pub already_claimed: bool,
    /// The right they bring, or what is wrong with it.
    pub right: Result<Right, Refusal>,
    /// The amount drawn for them.
    pub amount: Fen,
    /// What the budget line and its caps still allow for this right.
    pub left: Left,
}

/// Granted (with the right it stands on), or the one reason why not.
pub fn decide(facts: &Facts) -> Result<Right, Refusal> {
    if facts.already_claimed {
        return Err(Refusal::AlreadyClaimed);
    }
    facts.opening.refusal()?;
    let right = facts.right?;
    if !right.account_active {
        return Err(Refusal::AccountGone);
    }
    if right.novelty == Novelty::Earlier {
        return Err(Refusal::EarlierFollower);
    }
    if !right.still_following {
        return Err(Refusal::NotFollowing);
    }
    if facts.amount > facts.left.amount {
        return Err(facts.left.otherwise);
    }
    Ok(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(n: i64) -> Fen {
        Fen::new(n).unwrap()
    }

    fn right() -> Right {
        Right { grade: Grade::Proven, novelty: Novelty::New, account_active: true, still_following: true }
    }

    fn left(amount: i64, otherwise: Refusal) -> Left {
        Left { amount: fen(amount), otherwise }
    }

    fn facts() -> Facts {
        Facts {
            opening: Opening::Open,
            already_claimed: false,
            right: Ok(right()),
            amount: fen(100),
            left: left(100, Refusal::UsedUp),
        }
    }

    #[test]
    fn each_fact_has_its_own_refusal() {
        let asserted = Right { grade: Grade::Asserted, ..right() };
        let table = [
            (facts(), None),
            (Facts { already_claimed: true, opening: Opening::Ended, ..facts() }, Some(Refusal::AlreadyClaimed)),
            (Facts { opening: Opening::NotStarted, ..facts() }, Some(Refusal::NotStarted)),
            (Facts { opening: Opening::Paused, ..facts() }, Some(Refusal::Paused)),
            (Facts { opening: Opening::Ended, ..facts() }, Some(Refusal::Ended)),
            (Facts { right: Err(Refusal::NoTicket), ..facts() }, Some(Refusal::NoTicket)),
            (Facts { right: Err(Refusal::WrongTicket), ..facts() }, Some(Refusal::WrongTicket)),
            (Facts { right: Ok(Right { account_active: false, ..right() }), ..facts() }, Some(Refusal::AccountGone)),
            (
                Facts { right: Ok(Right { novelty: Novelty::Earlier, ..right() }), ..facts() },
                Some(Refusal::EarlierFollower),
            ),
            (Facts { right: Ok(Right { novelty: Novelty::Returning, ..right() }), ..facts() }, None),
            (Facts { right: Ok(Right { still_following: false, ..right() }), ..facts() }, Some(Refusal::NotFollowing)),
            (Facts { left: left(99, Refusal::UsedUp), ..facts() }, Some(Refusal::UsedUp)),
            (Facts { left: left(99, Refusal::UsedUpForNow), ..facts() }, Some(Refusal::UsedUpForNow)),
            (Facts { right: Ok(asserted), ..facts() }, None),
        ];
        for (facts, refusal) in table {
            assert_eq!(decide(&facts).err(), refusal, "{facts:?}");
        }
    }
}
