//! A rehearsal: testers of a draft claim the smallest amount with real money, as often as they need, before anybody else.
//! Refuses to count as a claim: it takes money and a bill number, and nothing else of its campaign.

use crate::Fen;
use crate::account::names;
use crate::campaign::{Campaign, State};
use crate::fen::NotMoney;
use crate::ids::{FollowId, MchBillno, TesterKey};
use crate::payout::{Rail, State as Payout};
use crate::prize::limits::Limits;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};

/// How many people may test a draft at once.
pub const TESTERS_MAX: usize = 10;
/// How often one of them may claim in a Beijing day.
pub const CLAIMS_A_DAY: i64 = 20;

/// What a rehearsal pays: the least that the campaign's rail carries.
pub fn amount(campaign: &Campaign) -> Result<Fen, NotMoney> {
    Fen::new(Limits::of(campaign.rail, campaign.scene_id).min)
}

/// Why somebody cannot rehearse now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The link's key is not the draft's, or not any more.
    WrongLink,
    /// Staff took this tester off the list.
    Removed,
    /// The list of testers is full.
    Full,
    /// The campaign is no draft any more.
    NotDraft,
    /// Nobody is paid until the bills since a restore are in.
    Held,
    /// The packet before is still on its way, or waits for its confirmation.
    UnderWay,
    /// Enough for one day.
    DayFull,
    /// The budget holds too little for one more.
    NotFunded,
}
names!(Refusal {
    WrongLink = "wrong_link",
    Removed = "removed",
    Full = "full",
    NotDraft = "not_draft",
    Held = "held",
    UnderWay = "under_way",
    DayFull = "day_full",
    NotFunded = "not_funded",
});

/// What is known of a tester's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is its own word")]
pub struct Facts {
    pub state: State,
    /// Whether the person is on the list; nothing for somebody who never was.
    pub listed: Option<bool>,
    /// Everything stands still after a restore.
    pub held: bool,
    /// A packet of theirs has no end and lies in no wallet yet.
    pub under_way: bool,
    pub claims_today: i64,
    pub available: Fen,
    pub amount: Fen,
}

/// Whether a tester gets one more packet.
pub fn decide(facts: &Facts) -> Result<(), Refusal> {
    match facts.listed {
        _ if facts.state != State::Draft => Err(Refusal::NotDraft),
        None => Err(Refusal::WrongLink),
        Some(false) => Err(Refusal::Removed),
        Some(true) if facts.held => Err(Refusal::Held),
        Some(true) if facts.under_way => Err(Refusal::UnderWay),
        Some(true) if facts.claims_today >= CLAIMS_A_DAY => Err(Refusal::DayFull),
        Some(true) if facts.available < facts.amount => Err(Refusal::NotFunded),
        Some(true) => Ok(()),
    }
}

/// Whether somebody who opens the testers' link of a draft comes onto its list, where `listed` of them are.
pub const fn admit(known: Option<bool>, listed: usize) -> Result<(), Refusal> {
    match known {
        Some(true) => Ok(()),
        Some(false) => Err(Refusal::Removed),
        None if listed >= TESTERS_MAX => Err(Refusal::Full),
        None => Ok(()),
    }
}

/// One packet of a tester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of its payout")]
pub struct Packet {
    pub at: UnixMs,
    pub amount: Fen,
    pub rail: Rail,
    pub state: Payout,
    pub mch_billno: MchBillno,
    pub err_code: String,
}

/// One tester as staff see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tester {
    /// Their row: the follow that their claims stand on.
    pub id: FollowId,
    /// The person under the payer, with the openid's middle hidden.
    pub openid_masked: String,
    /// False once staff took them off the list.
    pub active: bool,
    /// When they opened the link.
    pub added_at: UnixMs,
    /// Their packets, the newest first.
    pub packets: Vec<Packet>,
}

/// The rehearsal of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The key of the testers' link, a bearer right: nothing before staff made one, and for whoever may only look.
    pub key: Option<TesterKey>,
    /// What one packet holds.
    pub amount: Fen,
    /// Its testers, the first to come first.
    pub testers: Vec<Tester>,
    /// What is to be seen to before the start.
    pub checks: Checks,
}

/// The list that is gone through before a draft starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// The campaign promotes an account.
    pub has_account: bool,
    /// Its budget holds the least of its packets.
    pub is_funded: bool,
    /// A tester collected a packet on the rail, from the payer and the merchant of today.
    pub is_rehearsed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(n: i64) -> Fen {
        Fen::new(n).unwrap()
    }

    #[test]
    fn a_tester_of_a_draft_gets_one_more_until_something_forbids_it() {
        let good = Facts {
            state: State::Draft,
            listed: Some(true),
            held: false,
            under_way: false,
            claims_today: CLAIMS_A_DAY - 1,
            available: fen(100),
            amount: fen(100),
        };
        assert_eq!(decide(&good), Ok(()));
        let table = [
            (Facts { state: State::Running, ..good }, Refusal::NotDraft),
            (Facts { state: State::Paused, ..good }, Refusal::NotDraft),
            (Facts { state: State::Closed, ..good }, Refusal::NotDraft),
            (Facts { listed: None, ..good }, Refusal::WrongLink),
            (Facts { listed: Some(false), ..good }, Refusal::Removed),
            (Facts { held: true, ..good }, Refusal::Held),
            (Facts { under_way: true, ..good }, Refusal::UnderWay),
            (Facts { claims_today: CLAIMS_A_DAY, ..good }, Refusal::DayFull),
            (Facts { available: fen(99), ..good }, Refusal::NotFunded),
        ];
        for (facts, refusal) in table {
            assert_eq!(decide(&facts), Err(refusal), "{facts:?}");
        }
    }

    #[test]
    fn the_list_is_short_and_whoever_was_taken_off_stays_off() {
        assert_eq!(admit(None, TESTERS_MAX - 1), Ok(()));
        assert_eq!(admit(None, TESTERS_MAX), Err(Refusal::Full));
        assert_eq!(admit(Some(true), TESTERS_MAX), Ok(()));
        assert_eq!(admit(Some(false), 0), Err(Refusal::Removed));
    }
}
