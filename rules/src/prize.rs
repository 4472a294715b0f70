//! How much one packet holds: a fixed amount or a range, drawn with a die that the caller throws.
//! Refuses to make chance itself, and amounts that WeChat would not send.
#![deny(clippy::float_arithmetic)]

use crate::Fen;
use serde::{Deserialize, Serialize};

/// The rule for the amount of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrizeRule {
    /// Everybody gets the same.
    Fixed(Fen),
    /// Each fen from the least to the most is equally likely.
    Range(Fen, Fen),
}

/// Why a prize rule cannot be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrizeWrong {
    /// Under 1 yuan: WeChat sends no red packet below it without a scene id.
    TooSmall,
    /// Over 200 yuan: WeChat sends no red packet above it without a scene id.
    TooLarge,
    /// The least is more than the most.
    Reversed,
}

/// The least a red packet may hold without a scene id: 1 yuan.
/// <https://pay.weixin.qq.com/doc/v2/merchant/4011974053>
pub const RED_PACKET_MIN: i64 = 100;
/// The most a red packet may hold without a scene id: 200 yuan.
pub const RED_PACKET_MAX: i64 = 20_000;

impl PrizeRule {
    /// A rule from the least and the most, checked against WeChat's limits.
    pub fn new(min: Fen, max: Fen) -> Result<Self, PrizeWrong> {
        if min.get() < RED_PACKET_MIN {
            Err(PrizeWrong::TooSmall)
        } else if max.get() > RED_PACKET_MAX {
            Err(PrizeWrong::TooLarge)
        } else if min > max {
            Err(PrizeWrong::Reversed)
        } else if min == max {
            Ok(Self::Fixed(min))
        } else {
            Ok(Self::Range(min, max))
        }
    }

    /// The least a packet can hold.
    pub const fn min(self) -> Fen {
        match self {
            Self::Fixed(amount) | Self::Range(amount, _) => amount,
        }
    }

    /// The most a packet can hold.
    pub const fn max(self) -> Fen {
        match self {
            Self::Fixed(amount) | Self::Range(_, amount) => amount,
        }
    }

    /// The amount for one throw of `die`, a uniformly random 64-bit number.
    pub fn draw(self, die: u64) -> Fen {
        match self {
            Self::Fixed(amount) => amount,
            Self::Range(min, max) => {
                let span = u128::from(max.get().abs_diff(min.get())) + 1;
                // The high half of die × span is uniform to within 2⁻⁶⁴ × span: far below a fen in all packets ever sent.
                let step = (u128::from(die) * span) >> 64;
                i64::try_from(step).ok().and_then(|step| Fen::new(min.get() + step).ok()).unwrap_or(min)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(n: i64) -> Fen {
        Fen::new(n).unwrap()
    }

    #[test]
    fn a_rule_keeps_to_what_wechat_sends() {
        let table = [
            (100, 100, Ok(PrizeRule::Fixed(fen(100)))),
            (100, 300, Ok(PrizeRule::Range(fen(100), fen(300)))),
            (100, 20_000, Ok(PrizeRule::Range(fen(100), fen(20_000)))),
            (99, 300, Err(PrizeWrong::TooSmall)),
            (100, 20_001, Err(PrizeWrong::TooLarge)),
            (300, 100, Err(PrizeWrong::Reversed)),
        ];
        for (min, max, expected) in table {
            assert_eq!(PrizeRule::new(fen(min), fen(max)), expected, "{min}..{max}");
        }
    }

    #[test]
    fn a_range_reaches_both_its_ends_and_no_further() {
        let rule = PrizeRule::Range(fen(100), fen(102));
        assert_eq!(rule.draw(0), fen(100));
        assert_eq!(rule.draw(u64::MAX), fen(102));
        assert_eq!(rule.draw(u64::MAX / 2), fen(101));
        assert_eq!(PrizeRule::Fixed(fen(150)).draw(u64::MAX), fen(150));
    }

    proptest::proptest! {
        #[test]
        fn a_draw_is_always_within_the_rule(min in 100i64..20_000, more in 0i64..1_000, die: u64) {
            let max = (min + more).min(20_000);
            let rule = PrizeRule::new(fen(min), fen(max)).unwrap();
            let drawn = rule.draw(die);
            proptest::prop_assert!(rule.min() <= drawn && drawn <= rule.max());
        }
    }
}
