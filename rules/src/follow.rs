//! Follows: how well each is known, to which link it belongs, and whether the person is new.
//! Refuses to call a guess a fact; every figure keeps its kind.

use crate::account::names;
use serde::{Deserialize, Serialize};

/// How well a follow is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// A signed callback event said so.
    Proven,
    /// The follower list or user info said so.
    Checked,
    /// Only an edit-mode link says so.
    Asserted,
}
names!(Grade { Proven = "proven", Checked = "checked", Asserted = "asserted" });

/// How a follow is known to belong to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// A parametric QR code: exact.
    Scene,
    /// The person who opened the claim page had opened that link within 24 h: exact.
    Ticket,
    /// The account has one active link in the campaign.
    OnlyLink,
    /// A share of the visits; for totals, never for a person.
    Estimated,
    /// Unknown.
    None,
}
names!(Attribution { Scene = "scene", Ticket = "ticket", OnlyLink = "only_link", Estimated = "estimated", None = "none" });

/// Whether a follower is new to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Novelty {
    /// Never followed before, as far as we know.
    New,
    /// Left and came back while we watched.
    Returning,
    /// Followed before the campaign began.
    Earlier,
}
names!(Novelty { New = "new", Returning = "returning", Earlier = "earlier" });

/// What is remembered about a person and an account before a new follow event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// First seen as a follower at this instant.
    pub first_followed_at: crate::time::UnixMs,
    /// True when the row came from the follower list and not from a follow event.
    pub baseline: bool,
}

impl Novelty {
    /// What a follow is, given what was known before and when the campaign first ran.
    pub fn of(before: Option<Before>, campaign_started_at: Option<crate::time::UnixMs>) -> Self {
        match before {
            None => Self::New,
            Some(before) if before.baseline => Self::Earlier,
            Some(before) if campaign_started_at.is_some_and(|start| before.first_followed_at >= start) => {
                Self::Returning
            }
            Some(_) => Self::Earlier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMs;

    #[test]
    fn new_returning_and_earlier_followers_are_told_apart() {
        let before = |at, baseline| Some(Before { first_followed_at: UnixMs(at), baseline });
        let start = Some(UnixMs(100));
        assert_eq!(Novelty::of(None, start), Novelty::New);
        assert_eq!(Novelty::of(before(100, false), start), Novelty::Returning);
        assert_eq!(Novelty::of(before(99, false), start), Novelty::Earlier);
        assert_eq!(Novelty::of(before(150, true), start), Novelty::Earlier);
        assert_eq!(Novelty::of(before(150, false), None), Novelty::Earlier);
    }
}
