//! Where faults strike and what they do: which kind makes sense at which place.
//! It refuses to know when a fault comes; that is for whoever sets it.

use serde::{Deserialize, Serialize};

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum On {
    Sendredpack,
    Gethbinfo,
    Push,
    OauthCode,
    Token,
    /// Every other call of `cgi-bin` and `sns`.
    Api,
    /// Making a transfer.
    Transfer,
    TransferQuery,
    TransferCancel,
    /// Either way to ask for a fund-flow bill.
    Fundflow,
    /// The callback about the end of a transfer.
    Notify,
    Any,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The call does its work, then the connection is cut.
    LostAnswer,
    /// The connection is cut before anything is done.
    LostRequest,
    /// The call does its work and answers that the system is busy.
    SystemerrorAfter,
    /// Nothing is done and the answer says that the system is busy.
    SystemerrorBefore,
    /// The packet is booked and the answer says "being sent"; a query says SENDING.
    /// A transfer is PROCESSING for `ms` (a minute) of this world's time; a query of it says so once.
    Processing,
    /// The packet is accepted, a query says SENDING, and after `ms` (a minute) of this world's time FAILED.
    /// A transfer is PROCESSING for so long and then FAIL, with `code` as its reason.
    Failed,
    /// The transfer is ACCEPTED for `ms` (a minute) of this world's time before it waits for its receiver.
    Accepted,
    /// The query finds nothing.
    NotFound,
    /// The query finds nothing and says it as the official failure sample does: `return_code` FAIL, SYSTEMERROR.
    NotFoundAsSystemerror,
    /// The call does its work at once and the answer waits `ms` milliseconds.
    Delay,
    /// The call waits `ms` milliseconds before it does anything, whether the caller still listens or not.
    DelayBefore,
    /// Nothing is done; HTTP 500.
    #[serde(rename = "http_500")]
    Http500,
    /// The call does its work and the answer is cut in its middle.
    BrokenXml,
    /// As `broken_xml`, for JSON; in a callback too.
    BrokenJson,
    /// The answer, or a callback before the genuine one, carries a signature that is not WeChat's.
    BadSignature,
    /// A probe whose signature begins with `WECHATPAY/SIGNTEST/` comes before the genuine callback.
    Signtest,
    /// The callback comes `ms` (a minute) of this world's time later.
    Late,
    /// The callback waits until that of another transfer was delivered, a minute at most.
    OutOfOrder,
    /// The push or callback is delivered twice.
    Duplicate,
    /// The merchant's balance is short.
    Notenough,
    /// WeChat blocks this user.
    NoAuth,
    /// Nothing is done; the answer carries `code`.
    ErrCode,
    /// One of the kinds that fit, drawn with `seed`, for `percent` of the calls.
    Random,
    /// As `random`, but only of those that leave it open whether money moved.
    Unclear,
}

use Kind as K;
const PAY: &[Kind] = &[
    K::LostAnswer,
    K::LostRequest,
    K::SystemerrorAfter,
    K::SystemerrorBefore,
    K::Processing,
    K::Failed,
    K::Delay,
    K::DelayBefore,
    K::Http500,
    K::BrokenXml,
    K::Notenough,
    K::NoAuth,
    K::ErrCode,
];
const QUERY: &[Kind] = &[
    K::LostAnswer,
    K::LostRequest,
    K::SystemerrorAfter,
    K::SystemerrorBefore,
    K::Processing,
    K::NotFound,
    K::NotFoundAsSystemerror,
    K::Delay,
    K::DelayBefore,
    K::Http500,
    K::BrokenXml,
    K::ErrCode,
];
const PUSH: &[Kind] = &[K::LostAnswer, K::LostRequest, K::Delay, K::DelayBefore, K::Duplicate];
const API: &[Kind] = &[
    K::LostAnswer,
    K::LostRequest,
    K::SystemerrorBefore,
    K::Delay,
    K::DelayBefore,
    K::Http500,
    K::BrokenXml,
    K::ErrCode,
];
const TRANSFER: &[Kind] = &[
    K::LostAnswer,
    K::LostRequest,
    K::SystemerrorAfter,
    K::SystemerrorBefore,
    K::Accepted,
    K::Processing,
    K::Failed,
    K::Delay,
    K::DelayBefore,
    K::Http500,
    K::BrokenJson,
    K::BadSignature,
    K::Notenough,
    K::NoAuth,
    K::ErrCode,
];
const TRANSFER_QUERY: &[Kind] = &[
    K::LostAnswer,
    K::LostRequest,
    K::SystemerrorBefore,
    K::Processing,
    K::NotFound,
    K::Delay,
    K::DelayBefore,
    K::Http500,
    K::BrokenJson,
    K::BadSignature,
    K::ErrCode,
];
const TRANSFER_CANCEL: &[Kind] = &[
    K::LostAnswer,
    K::LostRequest,
    K::SystemerrorAfter,
    K::SystemerrorBefore,
    K::Delay,
    K::DelayBefore,
    K::Http500,
    K::BrokenJson,
    K::BadSignature,
    K::ErrCode,
];
const FUNDFLOW: &[Kind] =
    &[K::LostAnswer, K::LostRequest, K::SystemerrorBefore, K::Delay, K::DelayBefore, K::Http500, K::ErrCode];
const NOTIFY: &[Kind] = &[
    K::LostAnswer,
    K::LostRequest,
    K::Delay,
    K::Duplicate,
    K::Late,
    K::OutOfOrder,
    K::Signtest,
    K::BadSignature,
    K::BrokenJson,
];

impl Kind {
    /// True of those that are drawn when they strike.
    pub(super) const fn is_drawn(self) -> bool {
        matches!(self, Self::Random | Self::Unclear)
    }

    /// True when the caller cannot know after it whether money moved.
    pub(super) const fn leaves_it_open(self) -> bool {
        matches!(
            self,
            Self::LostAnswer
                | Self::LostRequest
                | Self::SystemerrorAfter
                | Self::SystemerrorBefore
                | Self::Processing
                | Self::Accepted
                | Self::NotFound
                | Self::NotFoundAsSystemerror
                | Self::Http500
                | Self::BrokenXml
                | Self::BrokenJson
                | Self::BadSignature
        )
    }

    /// Kinds that `drawn` may draw: those that need no further argument, and no sample that only looks like another.
    pub(super) fn may_be_drawn(self, drawn: Self) -> bool {
        let plain = !matches!(
            self,
            Self::Delay | Self::DelayBefore | Self::ErrCode | Self::Failed | Self::NotFoundAsSystemerror
        );
        plain && !self.is_drawn() && (drawn == Self::Random || self.leaves_it_open())
    }
}

impl On {
    /// Calls that move money.
    pub(super) const fn pays(self) -> bool {
        matches!(self, Self::Sendredpack | Self::Transfer)
    }

    pub(super) fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Sendredpack => PAY,
            Self::Gethbinfo => QUERY,
            Self::Push => PUSH,
            Self::OauthCode | Self::Token | Self::Api => API,
            Self::Transfer => TRANSFER,
            Self::TransferQuery => TRANSFER_QUERY,
            Self::TransferCancel => TRANSFER_CANCEL,
            Self::Fundflow => FUNDFLOW,
            Self::Notify => NOTIFY,
            Self::Any => &[K::LostAnswer, K::LostRequest, K::Delay, K::DelayBefore],
        }
    }
}
