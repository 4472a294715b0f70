//! How much one packet holds: fixed, from a range, by tiers, or a share of a given total.
//! Refuses to make chance itself, and amounts that WeChat would not send.
#![deny(clippy::float_arithmetic)]

pub mod distribution;
pub mod draw;
pub mod form;
pub mod limits;
pub mod overrides;

pub use limits::{Limits, SceneId};
pub use overrides::{Prizes, Whose};

use crate::Fen;
use serde::{Deserialize, Serialize};

/// The rule for the amounts of a campaign's packets.
///
/// Its JSON is stored: `{"fixed":100}`, `{"range":[100,300]}`, `{"tiers":[{"amount":100,"weight":9}]}`,
/// `{"bounded":{"total":1000,"packets":5,"min":100,"max":300}}` and the same with `pool`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrizeRule {
    /// Everybody gets the same.
    Fixed(Fen),
    /// Each fen from the least to the most is equally likely.
    Range(Fen, Fen),
    /// One of some amounts, each as likely as its weight says.
    Tiers(Vec<Tier>),
    /// A share of a total, drawn when it is claimed from what is left of the total then.
    Bounded(Split),
    /// A share of a total that was cut into all its packets in advance; each is taken once.
    Pool(Split),
}

/// One amount and how likely it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// The amount.
    pub amount: Fen,
    /// Its share of the sum of all weights.
    pub weight: u32,
}

/// A total that is split into packets to the fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// What all packets together hold.
    pub total: Fen,
    /// How many there are.
    pub packets: u32,
    /// The least that one holds.
    pub min: Fen,
    /// The most that one holds.
    pub max: Fen,
}

/// Why a prize rule cannot be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrizeWrong {
    /// Less than the rail sends.
    TooSmall,
    /// More than the rail sends.
    TooLarge,
    /// The least is more than the most.
    Reversed,
    /// No tiers, or more than [`TIERS_MAX`].
    TierCount,
    /// A tier with a weight of nothing or of more than [`WEIGHT_MAX`].
    TierWeight,
    /// No packets, or more than [`PACKETS_MAX`].
    PacketCount,
    /// So many packets of at least the least need more than the total.
    TotalTooSmall,
    /// So many packets of at most the most cannot hold the total.
    TotalTooLarge,
}

/// A rule has at most so many tiers.
pub const TIERS_MAX: usize = 20;
/// A tier weighs at most this much.
pub const WEIGHT_MAX: u32 = 1_000_000;
/// A total is split into at most so many packets.
pub const PACKETS_MAX: u32 = 200_000;

impl PrizeRule {
    /// A rule from the least and the most, checked against the limits of a red packet without a scene id.
    pub fn new(min: Fen, max: Fen) -> Result<Self, PrizeWrong> {
        let rule = Self::between(min, max);
        rule.check(Limits::RED_PACKET).map(|()| rule)
    }

    /// A fixed amount when both are the same, else a range.
    pub fn between(min: Fen, max: Fen) -> Self {
        if min == max { Self::Fixed(min) } else { Self::Range(min, max) }
    }

    /// Whether the rule makes sense and WeChat would send every amount that it can draw.
    pub fn check(&self, limits: Limits) -> Result<(), PrizeWrong> {
        self.check_shape()?;
        if self.min().get() < limits.min {
            Err(PrizeWrong::TooSmall)
        } else if self.max().get() > limits.max {
            Err(PrizeWrong::TooLarge)
        } else {
            Ok(())
        }
    }

    /// Whether the rule makes sense on any rail.
    pub fn check_shape(&self) -> Result<(), PrizeWrong> {
        match self {
            Self::Fixed(amount) if amount.is_zero() => Err(PrizeWrong::TooSmall),
            Self::Fixed(_) => Ok(()),
            Self::Range(min, _) if min.is_zero() => Err(PrizeWrong::TooSmall),
            Self::Range(min, max) if min > max => Err(PrizeWrong::Reversed),
            Self::Range(..) => Ok(()),
            Self::Tiers(tiers) if !(1..=TIERS_MAX).contains(&tiers.len()) => Err(PrizeWrong::TierCount),
            Self::Tiers(tiers) => tiers.iter().try_for_each(|tier| tier.check()),
            Self::Bounded(split) | Self::Pool(split) => split.check(),
        }
    }

    /// The least a packet can hold.
    pub fn min(&self) -> Fen {
        match self {
            Self::Fixed(amount) | Self::Range(amount, _) => *amount,
            Self::Tiers(tiers) => tiers.iter().map(|tier| tier.amount).min().unwrap_or_default(),
            Self::Bounded(split) | Self::Pool(split) => split.min,
        }
    }

    /// The most a packet can hold.
    pub fn max(&self) -> Fen {
        match self {
            Self::Fixed(amount) | Self::Range(_, amount) => *amount,
            Self::Tiers(tiers) => tiers.iter().map(|tier| tier.amount).max().unwrap_or_default(),
            Self::Bounded(split) | Self::Pool(split) => split.max,
        }
    }

    /// The total to split, where the rule has one.
    pub const fn split(&self) -> Option<&Split> {
        match self {
            Self::Bounded(split) | Self::Pool(split) => Some(split),
            Self::Fixed(_) | Self::Range(..) | Self::Tiers(_) => None,
        }
    }

    /// How many packets the rule itself ends after; `None` when only the budget ends it.
    pub fn packets(&self) -> Option<u32> {
        self.split().map(|split| split.packets)
    }

    /// What a packet holds on average, rounded down to the fen.
    pub fn expected_fen(&self) -> Fen {
        let average = match self {
            Self::Fixed(amount) => i128::from(amount.get()),
            Self::Range(min, max) => (i128::from(min.get()) + i128::from(max.get())) / 2,
            Self::Tiers(tiers) => {
                let weights: i128 = tiers.iter().map(|tier| i128::from(tier.weight)).sum();
                let sum: i128 = tiers.iter().map(|tier| i128::from(tier.amount.get()) * i128::from(tier.weight)).sum();
                sum / weights.max(1)
            }
            Self::Bounded(split) | Self::Pool(split) => {
                i128::from(split.total.get()) / i128::from(split.packets.max(1))
            }
        };
        i64::try_from(average).ok().and_then(|fen| Fen::new(fen).ok()).unwrap_or_default()
    }

    /// For how many packets a budget lasts on average: at most as many as the rule itself has.
    pub fn covered_by(&self, budget: Fen) -> i64 {
        let by_budget = budget.get() / self.expected_fen().get().max(1);
        match self.split() {
            Some(split) if budget >= split.total => i64::from(split.packets),
            Some(split) => by_budget.min(i64::from(split.packets)),
            None => by_budget,
        }
    }

    /// What is granted of a drawn amount when only `left` is left: the rule may allow a smaller packet instead.
    /// `None` when not even the least can be granted, or when the packet is one of a split and cannot be made smaller.
    pub fn within(&self, drawn: Fen, left: Fen) -> Option<Fen> {
        if drawn <= left {
            return Some(drawn);
        }
        match self {
            Self::Range(min, _) => (*min <= left).then_some(left),
            Self::Tiers(tiers) => tiers.iter().map(|tier| tier.amount).filter(|amount| *amount <= left).max(),
            Self::Fixed(_) | Self::Bounded(_) | Self::Pool(_) => None,
        }
    }
}

impl Tier {
    const fn check(&self) -> Result<(), PrizeWrong> {
        if self.weight == 0 || self.weight > WEIGHT_MAX {
            return Err(PrizeWrong::TierWeight);
        }
        if self.amount.is_zero() { Err(PrizeWrong::TooSmall) } else { Ok(()) }
    }
}

impl Split {
    fn check(&self) -> Result<(), PrizeWrong> {
        let packets = i64::from(self.packets);
        let all = |each: Fen| each.checked_mul(packets);
        if self.min.is_zero() {
            Err(PrizeWrong::TooSmall)
        } else if self.min > self.max {
            Err(PrizeWrong::Reversed)
        } else if self.packets == 0 || self.packets > PACKETS_MAX {
            Err(PrizeWrong::PacketCount)
        } else if all(self.min).is_none_or(|least| self.total < least) {
            Err(PrizeWrong::TotalTooSmall)
        } else if all(self.max).is_some_and(|most| self.total > most) {
            Err(PrizeWrong::TotalTooLarge)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
