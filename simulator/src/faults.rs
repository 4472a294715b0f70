//! Faults by name: what goes wrong next, where, and how often.
//! It refuses a kind that makes no sense at its place, so that a test never waits for a fault that cannot come.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum On {
    Sendredpack,
    Gethbinfo,
    Push,
    OauthCode,
    Token,
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
    /// The answer waits `ms` milliseconds.
    Delay,
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
    K::Http500,
    K::BrokenJson,
    K::BadSignature,
    K::ErrCode,
];
const FUNDFLOW: &[Kind] = &[K::LostAnswer, K::LostRequest, K::SystemerrorBefore, K::Delay, K::Http500, K::ErrCode];
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
const PUSH: &[Kind] = &[K::LostAnswer, K::LostRequest, K::Delay, K::Duplicate];
const API: &[Kind] =
    &[K::LostAnswer, K::LostRequest, K::SystemerrorBefore, K::Delay, K::Http500, K::BrokenXml, K::ErrCode];

impl On {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Sendredpack => PAY,
            Self::Gethbinfo => QUERY,
            Self::Push => PUSH,
            Self::OauthCode | Self::Token => API,
            Self::Transfer => TRANSFER,
            Self::TransferQuery => TRANSFER_QUERY,
            Self::TransferCancel => TRANSFER_CANCEL,
            Self::Fundflow => FUNDFLOW,
            Self::Notify => NOTIFY,
            Self::Any => &[K::LostAnswer, K::LostRequest, K::Delay],
        }
    }
}

/// A fault that waits for its calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) on: On,
    pub(crate) kind: Kind,
    #[serde(default = "once")]
    pub(crate) times: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) percent: Option<u32>,
}

/// What is under way stays so for so long, in milliseconds of this world's time, if a fault does not say.
const UNDER_WAY_MS: u64 = 60_000;

fn once() -> u64 {
    1
}

/// What strikes one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) kind: Kind,
    pub(crate) ms: u64,
    pub(crate) code: String,
}

/// All faults that wait.
#[derive(Default)]
pub(crate) struct Faults {
    waiting: Mutex<Vec<(Fault, Option<StdRng>)>>,
}

impl Faults {
    /// Adds a fault, or says in one sentence why it cannot.
    pub(crate) fn add(&self, fault: Fault) -> Result<(), String> {
        if fault.kind == Kind::Random {
            if fault.seed.is_none() || !(1..=100).contains(&fault.percent.unwrap_or(0)) {
                return Err("a random fault needs a seed and a percent from 1 to 100".to_owned());
            }
        } else if !fault.on.kinds().contains(&fault.kind) {
            let fitting: Vec<String> = fault.on.kinds().iter().map(word).collect();
            return Err(format!(
                "{} does not fit {}; these do: {}",
                word(&fault.kind),
                word(&fault.on),
                fitting.join(", ")
            ));
        }
        if fault.kind == Kind::Delay && fault.ms.is_none() {
            return Err("a delay needs ms".to_owned());
        }
        if fault.kind == Kind::ErrCode && fault.code.as_deref().unwrap_or_default().is_empty() {
            return Err("err_code needs a code".to_owned());
        }
        if fault.times == 0 {
            return Err("times must be at least 1".to_owned());
        }
        let chance = fault.seed.map(StdRng::seed_from_u64);
        let mut waiting = self.waiting.lock().expect("no thread panics while it holds the faults");
        if waiting.len() >= 1000 {
            return Err("there are a thousand faults already".to_owned());
        }
        waiting.push((fault, chance));
        Ok(())
    }

    /// All faults that still wait.
    pub(crate) fn list(&self) -> Vec<Fault> {
        let waiting = self.waiting.lock().expect("no thread panics while it holds the faults");
        waiting.iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// Forgets all faults.
    pub(crate) fn clear(&self) {
        self.waiting.lock().expect("no thread panics while it holds the faults").clear();
    }

    /// What strikes this call, if anything; the fault is used up by it.
    pub(crate) fn strike(&self, on: On) -> Option<Strike> {
        let mut waiting = self.waiting.lock().expect("no thread panics while it holds the faults");
        for at in 0..waiting.len() {
            let (fault, chance) = &mut waiting[at];
            if fault.on != on && fault.on != On::Any {
                continue;
            }
            let kind = match chance {
                Some(chance) if fault.kind == Kind::Random => {
                    if chance.random_range(0..100) >= fault.percent.unwrap_or(0) {
                        continue;
                    }
                    let fitting: Vec<Kind> = fault.on.kinds().iter().copied().filter(|kind| by_chance(*kind)).collect();
                    fitting[chance.random_range(0..fitting.len())]
                }
                _ => fault.kind,
            };
            let usual_ms = if kind == Kind::Delay { 0 } else { UNDER_WAY_MS };
            let strike =
                Strike { kind, ms: fault.ms.unwrap_or(usual_ms), code: fault.code.clone().unwrap_or_default() };
            fault.times -= 1;
            if fault.times == 0 {
                waiting.remove(at);
            }
            return Some(strike);
        }
        None
    }
}

/// Kinds that may be drawn: those that need no further argument and leave it open what became of the money.
fn by_chance(kind: Kind) -> bool {
    !matches!(kind, Kind::Delay | Kind::ErrCode | Kind::Random | Kind::Failed | Kind::NotFoundAsSystemerror)
}

/// The name of a place or kind as the control calls write it.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_says_and_only_at_its_place() {
        let faults = Faults::default();
        faults.add(fault(r#"{"on":"sendredpack","kind":"lost_answer","times":2}"#)).unwrap();
        assert_eq!(faults.strike(On::Token), None);
        assert_eq!(faults.strike(On::Sendredpack).unwrap().kind, Kind::LostAnswer);
        assert_eq!(faults.strike(On::Sendredpack).unwrap().kind, Kind::LostAnswer);
        assert_eq!(faults.strike(On::Sendredpack), None);
    }

    #[test]
    fn a_kind_that_cannot_happen_there_is_refused() {
        let faults = Faults::default();
        assert!(faults.add(fault(r#"{"on":"push","kind":"notenough"}"#)).unwrap_err().contains("does not fit push"));
        assert!(faults.add(fault(r#"{"on":"token","kind":"err_code"}"#)).is_err());
    }

    #[test]
    fn one_seed_gives_one_sequence_of_faults() {
        let run = || {
            let faults = Faults::default();
            faults.add(fault(r#"{"on":"sendredpack","kind":"random","seed":7,"percent":30,"times":50}"#)).unwrap();
            (0..60).map(|_| faults.strike(On::Sendredpack)).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
        assert!(run().iter().any(Option::is_some) && run().iter().any(Option::is_none));
    }
}
