//! Rails: how fast each may go, what makes one stand still, and for how long.
//! Refuses to hurry after a trouble: a rail that resumes begins with one payout.

use crate::account::names;
use crate::ids::MchId;
use crate::payout::Rail;
use crate::time::{UnixMs, hours, minutes};
use serde::{Deserialize, Serialize};

/// Whether a merchant's rail takes payouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does.
    Open,
    /// Not until its time is over or somebody resumes it.
    Paused,
    /// Not until somebody resumes it.
    Stopped,
}
names!(Standing { Open = "open", Paused = "paused", Stopped = "stopped" });

/// What WeChat holds against the merchant, not against one payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The balance is short.
    Balance,
    /// The merchant's amount of the day is used up.
    DayLimit,
    /// A permission, a switch in the console, or the merchant itself.
    Permission,
}
names!(Trouble { Balance = "balance", DayLimit = "day_limit", Permission = "permission" });

impl Trouble {
    /// Until when a rail stands still when this was heard at `now`.
    pub const fn until(self, now: UnixMs) -> UnixMs {
        match self {
            Self::Balance => now.plus(minutes(2)),
            Self::DayLimit => next_day(now).plus(minutes(5)),
            Self::Permission => now.plus(hours(1)),
        }
    }
}

/// The first instant of the Beijing day after `now`.
pub const fn next_day(now: UnixMs) -> UnixMs {
    UnixMs((now.day().0 + 1) * hours(24) - hours(8))
}

/// How many payouts a second WeChat takes from one merchant.
/// <https://pay.weixin.qq.com/doc/v2/merchant/4011974053>, <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>
pub const fn per_sec(rail: Rail) -> i64 {
    match rail {
        Rail::Redpack => 30,
        Rail::Transfer => 100,
    }
}

/// A token bucket, shared by all nodes as a row: a second's worth at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Thousandths of a payout.
    pub milli: i64,
    /// When it held that much.
    pub at: UnixMs,
}

impl Bucket {
    /// A bucket with a single token.
    pub const fn one(now: UnixMs) -> Self {
        Self { milli: 1000, at: now }
    }

    /// The bucket at `now`; a clock that runs behind another node's fills nothing.
    pub fn filled(self, rail: Rail, now: UnixMs) -> Self {
        let full = per_sec(rail) * 1000;
        let passed = now.since(self.at).clamp(0, 1000);
        Self { milli: (self.milli + passed * per_sec(rail)).min(full), at: self.at.max(now) }
    }

    /// Whole tokens.
    pub const fn tokens(self) -> i64 {
        self.milli / 1000
    }

    /// The bucket after `taken` tokens.
    pub const fn less(self, taken: i64) -> Self {
        Self { milli: self.milli - taken * 1000, at: self.at }
    }
}

/// A merchant's rail as staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RailRow {
    /// The merchant.
    pub mch_id: MchId,
    /// Which rail.
    pub rail: Rail,
    /// Whether it takes payouts.
    pub standing: Standing,
    /// WeChat's err_code, or empty.
    pub reason: String,
    /// When a pause ends by itself.
    pub until: Option<UnixMs>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_never_gives_more_than_its_rail_takes() {
        for rail in Rail::ALL.iter().copied() {
            let mut now = UnixMs::from_beijing(2026, 11, 21, 10, 0);
            let mut bucket = Bucket::one(now);
            let mut taken = 0;
            for _ in 0..300 {
                now = now.plus(100);
                bucket = bucket.filled(rail, now);
                let tokens = bucket.tokens();
                bucket = bucket.less(tokens);
                taken += tokens;
                assert!(bucket.milli >= 0);
            }
            assert_eq!(taken, per_sec(rail) * 30 + 1, "{rail:?}");
            assert_eq!(bucket.filled(rail, now.plus(hours(1))).tokens(), per_sec(rail), "a second's worth at most");
        }
    }

    #[test]
    fn a_clock_that_runs_behind_fills_nothing_and_takes_nothing_back() {
        let now = UnixMs::from_beijing(2026, 11, 21, 10, 0);
        let bucket = Bucket { milli: 2500, at: now };
        assert_eq!(bucket.filled(Rail::Redpack, now.plus(-minutes(1))), bucket);
    }

    #[test]
    fn a_limit_of_the_day_lasts_until_the_next_day_in_beijing() {
        let evening = UnixMs::from_beijing(2026, 11, 21, 23, 59);
        assert_eq!(next_day(evening), UnixMs::from_beijing(2026, 11, 22, 0, 0));
        assert_eq!(Trouble::DayLimit.until(evening), UnixMs::from_beijing(2026, 11, 22, 0, 5));
        for trouble in Trouble::ALL {
            assert!(trouble.until(evening) > evening);
        }
    }
}
