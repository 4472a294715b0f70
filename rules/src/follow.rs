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

/// How a person first came to be known as a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// By the event of their follow.
    Seen,
    /// By the follower list, or by leaving: they had followed before we watched.
    Baseline,
    /// By a message: they had followed before we watched, or the event of their follow was lost.
    Unseen,
}

/// What is remembered about a person and an account before a new follow event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// The first instant at which they are known to have followed.
    pub first_followed_at: crate::time::UnixMs,
    /// How that is known.
    pub history: History,
}

impl Before {
    /// True when nothing says that they followed before the campaign began, at `start`.
    pub fn is_since(self, start: Option<crate::time::UnixMs>) -> bool {
        self.history != History::Baseline && start.is_some_and(|start| self.first_followed_at >= start)
    }
}

impl Novelty {
    /// What a follow is, given what was known before and when the campaign first ran.
    pub fn of(before: Option<Before>, campaign_started_at: Option<crate::time::UnixMs>) -> Self {
        let Some(before) = before else { return Self::New };
        if !before.is_since(campaign_started_at) {
            return Self::Earlier;
        }
        match before.history {
            // Their follow may have been lost: the one that we see is the first that counts.
            History::Unseen => Self::New,
            History::Seen | History::Baseline => Self::Returning,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMs;

    #[test]
    fn new_returning_and_earlier_followers_are_told_apart() {
        let start = Some(UnixMs(100));
        assert_eq!(Novelty::of(None, start), Novelty::New);
        let table = [
            (100, History::Seen, start, Novelty::Returning),
            (99, History::Seen, start, Novelty::Earlier),
            (150, History::Seen, None, Novelty::Earlier),
            (99, History::Baseline, start, Novelty::Earlier),
            (150, History::Baseline, start, Novelty::Earlier),
            (99, History::Unseen, start, Novelty::Earlier),
            (100, History::Unseen, start, Novelty::New),
            (150, History::Unseen, None, Novelty::Earlier),
        ];
        for (at, history, start, novelty) in table {
            let before = Some(Before { first_followed_at: UnixMs(at), history });
            assert_eq!(Novelty::of(before, start), novelty, "{at} {history:?} {start:?}");
        }
    }
}
