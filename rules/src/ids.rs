//! Names of things: each a type of its own, checked when it comes in and trusted inside.
//! Refuses to let two strings or two numbers stand side by side unnamed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is not the name it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAName {
    /// What it should have been, in the field's word.
    pub what: &'static str,
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is not a valid {}", self.what)
    }
}

impl std::error::Error for NotAName {}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal ..= $max:literal, $ok:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAName;
            fn try_from(text: String) -> Result<Self, NotAName> {
                let fits: fn(u8) -> bool = $ok;
                if ($min..=$max).contains(&text.len()) && text.bytes().all(fits) {
                    Ok(Self(text))
                } else {
                    Err(NotAName { what: $what })
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NotAName;
            fn try_from(text: &str) -> Result<Self, NotAName> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAName;
            fn from_str(text: &str) -> Result<Self, NotAName> {
                Self::try_from(text)
            }
        }
    };
}

const fn alnum(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

const fn wide(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b == b'-'
}

const fn slug(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

text_id!(
    /// An official account's appid, for example `wx8888888888888888`.
    Appid, "appid", 4..=32, alnum
);
text_id!(
    /// A person's id under one appid.
    Openid, "openid", 4..=32, wide
);
text_id!(
    /// A person's id under one Open Platform account, the same for all its appids.
    Unionid, "unionid", 4..=64, wide
);
text_id!(
    /// An official account's original id (`gh_…`), used in pushes as ToUserName.
    OriginalId, "original id", 3..=64, wide
);
text_id!(
    /// A merchant number of WeChat Pay.
    MchId, "mch_id", 4..=32, |b| b.is_ascii_digit()
);
text_id!(
    /// A campaign's name in URLs: lower-case letters, digits, hyphens; at most 24.
    Slug, "campaign slug", 1..=24, slug
);
text_id!(
    /// A tracked link's code in `/l/{code}`.
    LinkCode, "link code", 3..=24, slug
);
text_id!(
    /// A ticket as it stands in a personal link: 24 characters that cannot be guessed.
    TicketCode, "ticket", 16..=32, alnum
);
text_id!(
    /// The unguessable key of an edit-mode account in `/c/{campaign}?a={key}`.
    EditKey, "edit key", 16..=32, alnum
);
text_id!(
    /// The unguessable key of a draft's testers in `/c/{campaign}?tester={key}`; short enough for web OAuth's `state`.
    TesterKey, "tester key", 16..=24, alnum
);
text_id!(
    /// The merchant's bill number of one payout: `LB` + yyMMdd + 4 characters of the time of day + 16 random ones, at most 28.
    MchBillno, "mch_billno", 1..=28, alnum
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAName;
            fn from_str(text: &str) -> Result<Self, NotAName> {
                text.parse().map(Self).map_err(|_| NotAName { what: "number" })
            }
        }
    };
}

number_id!(
    /// An account's row.
    AccountId
);
number_id!(
    /// A campaign's row.
    CampaignId
);
number_id!(
    /// A link's row.
    LinkId
);
number_id!(
    /// A follow's row.
    FollowId
);
number_id!(
    /// A claim's row.
    ClaimId
);
number_id!(
    /// A payout's row.
    PayoutId
);
number_id!(
    /// A budget line's row.
    LineId
);
number_id!(
    /// An operator's row.
    OperatorId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_at_the_door() {
        assert!(Appid::try_from("wx8888888888888888").is_ok());
        assert!(Slug::try_from("spring-2026").is_ok());
        for bad in ["", "Spring", "a/b", "../x", "春天", "a b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert!(Slug::try_from(bad).is_err(), "{bad}");
        }
        assert!(TicketCode::try_from("short").is_err());
        assert!(MchBillno::try_from("LB2611210123456789ABCDEFGHIJK").is_err(), "29 characters");
    }
}
