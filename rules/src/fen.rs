//! Money: a whole number of fen that is never negative.
//! Refuses unchecked arithmetic; yuan exist only in `Display` and in one parser.
#![deny(clippy::float_arithmetic)]

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount of money in fen (1 yuan = 100 fen), zero or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Fen(i64);

/// Why a number or a text is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMoney {
    /// Less than nothing.
    Negative,
    /// More than this system ever handles (over 10 billion yuan), or overflow.
    TooLarge,
    /// Not of the form `12`, `12.3` or `12.34`.
    Malformed,
}

impl fmt::Display for NotMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negative => "an amount of money cannot be negative",
            Self::TooLarge => "this amount of money is too large",
            Self::Malformed => "write an amount as yuan with at most two decimals, for example 1.23",
        })
    }
}

impl std::error::Error for NotMoney {}

/// The largest amount this system handles: ten billion yuan.
const MAX: i64 = 1_000_000_000_000;

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `fen` fen. Errors when negative or absurdly large.
    pub const fn new(fen: i64) -> Result<Self, NotMoney> {
        if fen < 0 {
            Err(NotMoney::Negative)
        } else if fen > MAX {
            Err(NotMoney::TooLarge)
        } else {
            Ok(Self(fen))
        }
    }

    /// The number of fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// True for nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` when it is too large.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(|sum| Self::new(sum).ok())
    }

    /// The difference, or `None` when it would be negative.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).and_then(|rest| Self::new(rest).ok())
    }

    /// `self` times a whole number, or `None` when too large.
    pub fn checked_mul(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).and_then(|product| Self::new(product).ok())
    }

    /// Reads yuan as people type them: `12`, `12.3`, `12.34`, with `¥` or `,` allowed.
    pub fn parse_yuan(text: &str) -> Result<Self, NotMoney> {
        let text: String = text.trim().trim_start_matches(['¥', '￥']).chars().filter(|c| *c != ',').collect();
        if text.starts_with('-') {
            return Err(NotMoney::Negative);
        }
        let (yuan, cents) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if yuan.is_empty() || !digits(yuan) || !digits(cents) || cents.len() > 2 || text.ends_with('.') {
            return Err(NotMoney::Malformed);
        }
        let yuan: i64 = yuan.parse().map_err(|_| NotMoney::TooLarge)?;
        let cents: i64 = format!("{cents:0<2}").parse().map_err(|_| NotMoney::Malformed)?;
        yuan.checked_mul(100).and_then(|fen| fen.checked_add(cents)).ok_or(NotMoney::TooLarge).and_then(Self::new)
    }
}

/// Yuan with two decimals and no sign, for example `1.23`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl TryFrom<i64> for Fen {
    type Error = NotMoney;
    fn try_from(fen: i64) -> Result<Self, NotMoney> {
        Self::new(fen)
    }
}

impl From<Fen> for i64 {
    fn from(fen: Fen) -> i64 {
        fen.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_read_as_people_type_them() {
        for (text, fen) in [("1", 100), ("1.2", 120), ("1.23", 123), ("¥1,234.50", 123_450), ("0", 0), (" 0.01 ", 1)] {
            assert_eq!(Fen::parse_yuan(text).map(Fen::get), Ok(fen), "{text}");
        }
    }

    #[test]
    fn what_is_no_money_is_refused() {
        for text in ["", ".", "1.", ".5", "1.234", "1e3", "一元", "1 2", "+1", "0x10"] {
            assert_eq!(Fen::parse_yuan(text), Err(NotMoney::Malformed), "{text}");
        }
        assert_eq!(Fen::parse_yuan("-1"), Err(NotMoney::Negative));
        assert_eq!(Fen::parse_yuan("99999999999999999999"), Err(NotMoney::TooLarge));
    }

    #[test]
    fn money_is_never_negative_and_never_overflows() {
        let one = Fen::new(1).unwrap();
        assert_eq!(Fen::ZERO.checked_sub(one), None);
        assert_eq!(Fen::new(MAX).unwrap().checked_add(one), None);
        assert_eq!(Fen::new(i64::MIN), Err(NotMoney::Negative));
        assert_eq!(one.checked_mul(i64::MAX), None);
        assert!(serde_test_refuses(-5));
    }

    fn serde_test_refuses(fen: i64) -> bool {
        Fen::try_from(fen).is_err()
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(fen in 0..MAX) {
            let money = Fen::new(fen).unwrap();
            proptest::prop_assert_eq!(Fen::parse_yuan(&money.to_string()), Ok(money));
        }
    }
}
