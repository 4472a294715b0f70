//! The error codes of red packets, and what each allows.
//! It refuses to guess: a code that is not in the table has no meaning here.
//!
//! Page: <https://pay.weixin.qq.com/doc/v2/merchant/4011974053>

use std::fmt;
use std::str::FromStr;

/// What may be done after a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The end is not known: ask `gethbinfo`, keep the number and the request.
    AskFirst,
    /// Definitely failed: a new number may be used.
    NewNumberAllowed,
    /// This person cannot receive it now; do not loop.
    FinalForUser,
    /// Too fast: the same number, a little later.
    SameNumberLater,
    /// A limit of the day: the same number after midnight in Beijing.
    NextDay,
    /// The merchant has no money or no allowance left: stop sending, tell a person.
    PauseRail,
    /// The configuration or the request is wrong: mend it, then the same number.
    FixConfiguration,
    /// Nothing that a program may mend: tell a person.
    Alert,
}

macro_rules! err_codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal => $reaction:ident, not_sent: $not_sent:literal;)*) => {
        /// A known error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrCode {
            /// Every code of the table.
            pub const ALL: &[ErrCode] = &[$(ErrCode::$variant,)*];

            /// As WeChat spells it.
            pub fn as_str(self) -> &'static str {
                match self { $(ErrCode::$variant => $text,)* }
            }

            /// What may be done after it.
            pub fn reaction(self) -> Reaction {
                match self { $(ErrCode::$variant => Reaction::$reaction,)* }
            }

            /// Whether it proves that this request sent nothing.
            pub fn means_not_sent(self) -> bool {
                match self { $(ErrCode::$variant => $not_sent,)* }
            }
        }
    };
}

err_codes! {
    /// No definite result.
    SystemError = "SYSTEMERROR" => AskFirst, not_sent: false;
    /// Being sent.
    Processing = "PROCESSING" => AskFirst, not_sent: false;
    /// Definitely failed.
    SendFailed = "SEND_FAILED" => NewNumberAllowed, not_sent: true;
    /// The person's account is judged risky (also: the interface is not opened).
    NoAuth = "NO_AUTH" => FinalForUser, not_sent: true;
    /// The person's packets of the day are used up.
    SendNumLimit = "SENDNUM_LIMIT" => NextDay, not_sent: true;
    /// The person's amount of the day is used up.
    RcvdAmountLimit = "RCVDAMOUNT_LIMIT" => NextDay, not_sent: true;
    /// The merchant's amount of the day is used up.
    SendAmountLimit = "SENDAMOUNT_LIMIT" => PauseRail, not_sent: true;
    /// Too fast.
    FreqLimit = "FREQ_LIMIT" => SameNumberLater, not_sent: true;
    /// Too many in this minute.
    SecondOverLimited = "SECOND_OVER_LIMITED" => SameNumberLater, not_sent: true;
    /// Too many on this day.
    DayOverLimited = "DAY_OVER_LIMITED" => NextDay, not_sent: true;
    /// The merchant's balance is short.
    NotEnough = "NOTENOUGH" => PauseRail, not_sent: true;
    /// The amount is outside the allowed range.
    MoneyLimit = "MONEY_LIMIT" => Alert, not_sent: true;
    /// A field is wrong.
    ParamError = "PARAM_ERROR" => FixConfiguration, not_sent: true;
    /// The number is taken by another openid or amount. That other packet may well have been sent.
    FatalError = "FATAL_ERROR" => Alert, not_sent: false;
    /// The appid of a mobile app.
    IllegalAppid = "ILLEGAL_APPID" => Alert, not_sent: true;
    /// The openid is not of this wxappid.
    OpenidError = "OPENID_ERROR" => FixConfiguration, not_sent: true;
    /// The certificate is missing or wrong: mend it, and the same number goes through.
    CaError = "CA_ERROR" => Alert, not_sent: true;
    /// The signature is wrong: mend the key, and the same number goes through.
    SignError = "SIGN_ERROR" => Alert, not_sent: true;
    /// The body is no XML.
    XmlError = "XML_ERROR" => FixConfiguration, not_sent: true;
    /// Sending by interface is switched off in the console.
    ApiMethodClosed = "API_METHOD_CLOSED" => PauseRail, not_sent: true;
    /// A service provider's binding is wrong.
    MsgAppidError = "MSGAPPID_ERROR" => Alert, not_sent: true;
    /// A service provider's mode is wrong.
    AcceptModeError = "ACCEPTMODE_ERROR" => Alert, not_sent: true;
    /// A person without real-name verification.
    V2AccountSimpleBan = "V2_ACCOUNT_SIMPLE_BAN" => FinalForUser, not_sent: true;
    /// No such number; only in the query, and no proof that it failed.
    NotFound = "NOT_FOUND" => AskFirst, not_sent: false;
}

impl FromStr for ErrCode {
    type Err = UnknownErrCode;

    /// Blanks are ignored: the official page itself prints `DAY_ OVER_LIMITED`.
    fn from_str(text: &str) -> Result<ErrCode, UnknownErrCode> {
        let text: String = text.split_whitespace().collect();
        let found = ErrCode::ALL.iter().find(|code| code.as_str() == text);
        found.copied().ok_or(UnknownErrCode)
    }
}

impl fmt::Display for ErrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A code that is not in the table: nothing follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an err_code that is not in the table")]
pub struct UnknownErrCode;
