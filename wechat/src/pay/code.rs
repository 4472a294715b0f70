//! The error codes of merchant transfers, and what each allows.
//! It refuses to guess: a code that is not in the table has no meaning here, and none allows a new number by itself.
//!
//! Page: <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>

use super::err_code::Reaction;
use std::fmt;
use std::str::FromStr;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal => $reaction:ident, not_sent: $not_sent:literal;)*) => {
        /// A known `code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// As WeChat spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// What may be done after it.
            pub fn reaction(self) -> Reaction {
                match self { $(Code::$variant => Reaction::$reaction,)* }
            }

            /// Whether it proves that this request started nothing.
            pub fn means_not_sent(self) -> bool {
                match self { $(Code::$variant => $not_sent,)* }
            }
        }
    };
}

codes! {
    /// A field is wrong.
    ParamError = "PARAM_ERROR" => FixConfiguration, not_sent: true;
    /// The request does not fit the product's settings. It may also mean that the number is taken by a bill with
    /// other words, and that bill may well have been paid: ask.
    InvalidRequest = "INVALID_REQUEST" => FixConfiguration, not_sent: false;
    /// Our signature is wrong: mend the key, and the same number goes through.
    SignError = "SIGN_ERROR" => Alert, not_sent: true;
    /// The product or the scene is not opened.
    NoAuth = "NO_AUTH" => PauseRail, not_sent: true;
    /// The merchant's balance is short.
    NotEnough = "NOT_ENOUGH" => PauseRail, not_sent: true;
    /// Something is wrong with the merchant itself.
    UserError = "USER_ERROR" => PauseRail, not_sent: true;
    /// No such bill; only in the query, and no proof that it failed.
    NotFound = "NOT_FOUND" => AskFirst, not_sent: false;
    /// The same, as other pages spell it.
    ResourceNotExists = "RESOURCE_NOT_EXISTS" => AskFirst, not_sent: false;
    /// Too fast.
    FrequencyLimitExceed = "FREQUENCY_LIMIT_EXCEED" => SameNumberLater, not_sent: true;
    /// Too fast.
    FrequencyLimited = "FREQUENCY_LIMITED" => SameNumberLater, not_sent: true;
    /// Too fast.
    RatelimitExceeded = "RATELIMIT_EXCEEDED" => SameNumberLater, not_sent: true;
    /// No definite result.
    SystemError = "SYSTEM_ERROR" => AskFirst, not_sent: false;
}

impl Code {
    /// Whether it says that there is no such bill.
    pub fn means_not_found(self) -> bool {
        matches!(self, Code::NotFound | Code::ResourceNotExists)
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Code, UnknownCode> {
        Code::ALL.iter().find(|code| code.as_str() == text).copied().ok_or(UnknownCode)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A code that is not in the table: nothing follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code that is not in the table")]
pub struct UnknownCode;
