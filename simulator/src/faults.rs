//! Faults by name: what goes wrong next, where, and how often.
//! It refuses a kind that makes no sense at its place, so that a test never waits for a fault that cannot come.

mod kind;

pub(crate) use kind::{Kind, On};

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A fault that waits for its calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Asked")]
pub(crate) struct Fault {
    pub(crate) on: On,
    pub(crate) kind: Kind,
    pub(crate) times: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) percent: Option<u32>,
}

/// A fault as it is asked for: a seed alone means random faults everywhere, without end.
#[derive(Deserialize)]
struct Asked {
    on: Option<On>,
    kind: Option<Kind>,
    times: Option<u64>,
    ms: Option<u64>,
    code: Option<String>,
    seed: Option<u64>,
    percent: Option<u32>,
}

impl TryFrom<Asked> for Fault {
    type Error = &'static str;

    fn try_from(asked: Asked) -> Result<Self, Self::Error> {
        let kind = asked.kind.or(asked.seed.map(|_| Kind::Random)).ok_or("a fault needs a kind, or a seed")?;
        let random = kind.is_drawn();
        Ok(Self {
            on: asked.on.unwrap_or(On::Any),
            kind,
            times: asked.times.unwrap_or(if random { WITHOUT_END } else { 1 }),
            ms: asked.ms,
            code: asked.code,
            seed: asked.seed,
            percent: asked.percent.or(random.then_some(USUAL_PERCENT)),
        })
    }
}

/// What is under way stays so for so long, in milliseconds of this world's time, if a fault does not say.
const UNDER_WAY_MS: u64 = 60_000;
/// Random faults strike so often, and for so many calls, where nothing else is said.
const USUAL_PERCENT: u32 = 20;
const WITHOUT_END: u64 = 1_000_000;

/// What strikes one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) kind: Kind,
    pub(crate) ms: u64,
    pub(crate) code: String,
}

impl Strike {
    /// Waits as long as the fault says.
    pub(crate) async fn wait(&self) {
        tokio::time::sleep(Duration::from_millis(self.ms)).await;
    }
}

/// All faults that wait.
#[derive(Default)]
pub(crate) struct Faults {
    waiting: Mutex<Vec<(Fault, Option<StdRng>)>>,
    calls: Mutex<Calls>,
}

/// What was asked and what struck.
#[derive(Default)]
struct Calls {
    /// How often each place was called for each bill.
    of_bills: HashMap<(On, String), u64>,
    /// How often each kind struck each place.
    struck: BTreeMap<String, u64>,
    /// Bills of which a plain answer told the state, since they were last called for.
    told: HashSet<String>,
}

impl Calls {
    /// Counts an answer that left it open what became of a bill of which no plain answer told before.
    fn note(&mut self, on: On, bill_no: &str, struck: Option<Kind>) {
        let Some(kind) = struck else {
            self.told.insert(bill_no.to_owned());
            return;
        };
        if !kind.leaves_it_open() {
            return;
        }
        if on.pays() {
            self.told.remove(bill_no);
        }
        if !self.told.contains(bill_no) {
            *self.struck.entry(format!("{}.{}", word(&on), word(&Kind::Unclear))).or_default() += 1;
        }
    }
}

impl Faults {
    /// Adds a fault, or says in one sentence why it cannot.
    pub(crate) fn add(&self, fault: Fault) -> Result<(), String> {
        if fault.kind.is_drawn() {
            if fault.seed.is_none() || !(1..=100).contains(&fault.percent.unwrap_or(USUAL_PERCENT)) {
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
        if matches!(fault.kind, Kind::Delay | Kind::DelayBefore) && fault.ms.is_none() {
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

    /// How often each kind struck, by `place.kind`; `place.unclear` counts again those of them after which nobody but us
    /// knew what became of a bill.
    pub(crate) fn struck(&self) -> BTreeMap<String, u64> {
        self.calls.lock().expect("no thread panics while it holds the calls").struck.clone()
    }

    /// What strikes this call about a bill. Random faults depend on the seed, the bill and how often it was called for,
    /// and not on the order in which calls about several bills happen to arrive.
    pub(crate) fn strike_bill(&self, on: On, bill_no: &str) -> Option<Strike> {
        let nth = {
            let mut calls = self.calls.lock().expect("no thread panics while it holds the calls");
            let nth = calls.of_bills.entry((on, bill_no.to_owned())).or_default();
            *nth += 1;
            *nth
        };
        let mark = format!("{} {bill_no} {nth}", word(&on));
        let own = |seed| Some(StdRng::from_seed(Sha256::digest(format!("{seed} {mark}")).into()));
        let strike = self.struck_by(on, own);
        let mut calls = self.calls.lock().expect("no thread panics while it holds the calls");
        calls.note(on, bill_no, strike.as_ref().map(|strike| strike.kind));
        strike
    }

    /// What strikes this call, if anything; the fault is used up by it.
    pub(crate) fn strike(&self, on: On) -> Option<Strike> {
        self.struck_by(on, |_| None)
    }

    fn struck_by(&self, on: On, own_chance: impl Fn(u64) -> Option<StdRng>) -> Option<Strike> {
        let mut waiting = self.waiting.lock().expect("no thread panics while it holds the faults");
        for at in 0..waiting.len() {
            let (fault, chance) = &mut waiting[at];
            if fault.on != on && fault.on != On::Any {
                continue;
            }
            let mut own = fault.seed.and_then(&own_chance);
            let kind = match own.as_mut().or(chance.as_mut()) {
                Some(chance) if fault.kind.is_drawn() => {
                    if chance.random_range(0..100) >= fault.percent.unwrap_or(USUAL_PERCENT) {
                        continue;
                    }
                    let fitting: Vec<Kind> =
                        fault.on.kinds().iter().copied().filter(|kind| kind.may_be_drawn(fault.kind)).collect();
                    fitting[chance.random_range(0..fitting.len())]
                }
                _ => fault.kind,
            };
            let strike =
                Strike { kind, ms: fault.ms.unwrap_or(UNDER_WAY_MS), code: fault.code.clone().unwrap_or_default() };
            fault.times -= 1;
            if fault.times == 0 {
                waiting.remove(at);
            }
            let mut calls = self.calls.lock().expect("no thread panics while it holds the calls");
            *calls.struck.entry(format!("{}.{}", word(&on), word(&kind))).or_default() += 1;
            return Some(strike);
        }
        None
    }
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

    #[test]
    fn a_seed_alone_is_a_random_fault_everywhere() {
        let alone = fault(r#"{"seed":7}"#);
        assert_eq!((alone.on, alone.kind, alone.percent, alone.times), (On::Any, Kind::Random, Some(20), WITHOUT_END));
        let faults = Faults::default();
        faults.add(alone).unwrap();
        for on in
            [On::Sendredpack, On::Gethbinfo, On::Push, On::OauthCode, On::Token, On::Api, On::Transfer, On::Notify]
        {
            assert!((0..200).any(|_| faults.strike(on).is_some()), "{on:?}");
        }
        assert!(serde_json::from_str::<Fault>("{}").unwrap_err().to_string().contains("a fault needs a kind"));
    }

    #[test]
    fn what_strikes_a_bill_does_not_depend_on_the_others() {
        let strikes_of_a = |bills: &[&str]| {
            let faults = Faults::default();
            faults.add(fault(r#"{"on":"sendredpack","kind":"random","seed":7,"percent":50}"#)).unwrap();
            let struck = bills.iter().map(|bill| (*bill, faults.strike_bill(On::Sendredpack, bill)));
            struck.filter(|(bill, _)| *bill == "A").map(|(_, strike)| strike).collect::<Vec<_>>()
        };
        let alone = strikes_of_a(&["A"; 20]);
        assert_eq!(alone, strikes_of_a(&["A", "B", "C"].repeat(20)));
        assert!(alone.iter().any(Option::is_some) && alone.iter().any(Option::is_none));
    }

    #[test]
    fn an_answer_is_unclear_only_while_nobody_told_plainly() {
        let faults = Faults::default();
        let strikes = |on: &str, kind: &str| {
            faults.add(fault(&format!(r#"{{"on":"{on}","kind":"{kind}"}}"#))).unwrap();
        };
        let unclear = |on: &str| faults.struck().get(&format!("{on}.unclear")).copied().unwrap_or_default();
        strikes("sendredpack", "lost_answer");
        faults.strike_bill(On::Sendredpack, "A");
        strikes("gethbinfo", "processing");
        faults.strike_bill(On::Gethbinfo, "A");
        assert_eq!((unclear("sendredpack"), unclear("gethbinfo")), (1, 1));
        assert_eq!(faults.strike_bill(On::Gethbinfo, "A"), None, "a plain answer");
        strikes("gethbinfo", "lost_answer");
        faults.strike_bill(On::Gethbinfo, "A");
        strikes("sendredpack", "no_auth");
        faults.strike_bill(On::Sendredpack, "B");
        assert_eq!((unclear("sendredpack"), unclear("gethbinfo")), (1, 1), "nothing was left open");
    }

    #[test]
    fn unclear_draws_nothing_that_says_yes_or_no() {
        let faults = Faults::default();
        faults.add(fault(r#"{"on":"sendredpack","kind":"unclear","seed":7,"percent":100}"#)).unwrap();
        let drawn: Vec<Kind> = (0..100).filter_map(|_| faults.strike(On::Sendredpack)).map(|s| s.kind).collect();
        assert_eq!(drawn.len(), 100);
        assert!(drawn.iter().all(|kind| kind.leaves_it_open()) && drawn.contains(&Kind::LostRequest), "{drawn:?}");
    }

    #[test]
    fn what_struck_is_counted_by_place_and_kind() {
        let faults = Faults::default();
        faults.add(fault(r#"{"on":"token","kind":"lost_answer","times":2}"#)).unwrap();
        let struck = (0..3).filter(|_| faults.strike(On::Token).is_some()).count();
        assert_eq!((struck, faults.struck()), (2, BTreeMap::from([("token.lost_answer".to_owned(), 2)])));
    }
}
