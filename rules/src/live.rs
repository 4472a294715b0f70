//! Live figures: what the dashboard shows and the event stream carries.
//! Refuses to guess: each count is of rows that are already durable.

use crate::Fen;
use crate::follow::Attribution;
use crate::ids::{AccountId, LinkId};
use crate::ledger::Budget;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};

/// Counts of one link, one account or all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Opens of a tracked link by people.
    pub visits: i64,
    /// Opens by bots and link scanners, counted apart.
    pub bots: i64,
    /// Follows of new followers.
    pub follows: i64,
    /// Follows of people who had followed before.
    pub refollows: i64,
    /// People who left.
    pub unfollows: i64,
    /// Claims granted.
    pub claims: i64,
    /// Requests refused.
    pub refusals: i64,
    /// Packets accepted by WeChat.
    pub paid: i64,
    /// Money granted.
    pub granted_fen: Fen,
    /// Money accepted by WeChat, later returned included.
    pub paid_fen: Fen,
}

impl Figures {
    /// Adds `other` (counts saturate; money stays at its maximum).
    pub fn add(&mut self, other: &Self) {
        self.visits = self.visits.saturating_add(other.visits);
        self.bots = self.bots.saturating_add(other.bots);
        self.follows = self.follows.saturating_add(other.follows);
        self.refollows = self.refollows.saturating_add(other.refollows);
        self.unfollows = self.unfollows.saturating_add(other.unfollows);
        self.claims = self.claims.saturating_add(other.claims);
        self.refusals = self.refusals.saturating_add(other.refusals);
        self.paid = self.paid.saturating_add(other.paid);
        self.granted_fen = self.granted_fen.checked_add(other.granted_fen).unwrap_or(self.granted_fen);
        self.paid_fen = self.paid_fen.checked_add(other.paid_fen).unwrap_or(self.paid_fen);
    }
}

/// The figures of one link; without a link: what could not be attributed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFigures {
    /// The link, if known.
    pub link: Option<LinkId>,
    /// Its code in the URL; empty when not attributed.
    pub code: String,
    /// Where it stands.
    pub placement: String,
    /// The account it promotes.
    pub account: AccountId,
    /// That account's name.
    pub account_name: String,
    /// Its icon.
    pub account_icon: String,
    /// How the follows are known: the attribution that holds for most of them; `None` before the first.
    pub known_by: Option<Attribution>,
    /// The counts.
    pub figures: Figures,
    /// Its estimated share of the account's follows that no link explains, by visits: for totals, never for a person.
    pub estimated_follows: i64,
}

/// Shares `whole` out by `weights`; the shares add up to `whole` exactly, the largest remainders get what is left over.
/// Without any weight nobody gets a share.
pub fn share(whole: i64, weights: &[i64]) -> Vec<i64> {
    let weight = |w: i64| i128::from(w.max(0));
    let sum: i128 = weights.iter().map(|w| weight(*w)).sum();
    if whole <= 0 || sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |w: i64| i128::from(whole) * weight(w);
    let mut shares: Vec<i64> = weights.iter().map(|w| i64::try_from(exact(*w) / sum).unwrap_or(0)).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|i| std::cmp::Reverse(exact(weights[*i]) % sum));
    let left = whole - shares.iter().sum::<i64>();
    for i in by_remainder.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        shares[i] += 1;
    }
    shares
}

/// One point of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The beginning of the minute or hour.
    pub at: UnixMs,
    /// What happened in it.
    pub figures: Figures,
}

/// All that the live page shows of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was read.
    pub at: UnixMs,
    /// Everything since the campaign began.
    pub total: Figures,
    /// The same for the current Beijing day.
    pub today: Figures,
    /// Per link, unattributed last.
    pub links: Vec<LinkFigures>,
    /// The last 60 minutes, one point a minute, oldest first, gaps filled with zeros.
    pub series: Vec<Point>,
    /// The campaign's budget.
    pub budget: Budget,
    /// Payouts whose answer is not known.
    pub unknown_payouts: i64,
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_follow_the_weights_and_add_up() {
        assert_eq!(share(10, &[3, 1]), [8, 2]);
        assert_eq!(share(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(share(1, &[0, 5]), [0, 1]);
        assert_eq!(share(7, &[0, 0]), [0, 0]);
        assert_eq!(share(0, &[1, 2]), [0, 0]);
        assert_eq!(share(-3, &[1, 2]), [0, 0]);
        assert!(share(5, &[]).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_made(whole in 0i64..1_000_000, weights in proptest::collection::vec(0i64..1_000_000, 1..20)) {
            let shares = share(whole, &weights);
            let expected = if weights.iter().sum::<i64>() == 0 { 0 } else { whole };
            proptest::prop_assert_eq!(shares.iter().sum::<i64>(), expected);
            proptest::prop_assert!(shares.iter().all(|share| *share >= 0));
        }
    }
}
