//! Payouts as staff see them: which of them a list shows, a row of it, and everything known of one.
//! Refuses a whole openid; its middle is hidden before it leaves the engine.

use crate::Fen;
use crate::ids::{Appid, CampaignId, MchBillno, MchId, NotAName, PayoutId};
use crate::ledger::Entry;
use crate::payout::{PAID_SINCE_BACKUP, Rail, State};
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Which payouts a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Filter {
    /// All of them.
    #[default]
    All,
    /// Those without an end.
    Open,
    /// Those without an end that are older than they should be and not held.
    Overdue,
    /// Those that staff hold.
    Held,
    /// Those at one state.
    At(State),
}

impl Filter {
    /// Every filter that a screen offers, in its order.
    pub const ALL: [Self; 12] = [
        Self::All,
        Self::Open,
        Self::Overdue,
        Self::Held,
        Self::At(State::Queued),
        Self::At(State::Sending),
        Self::At(State::Unknown),
        Self::At(State::Sent),
        Self::At(State::WaitingConfirm),
        Self::At(State::Collected),
        Self::At(State::Returned),
        Self::At(State::Failed),
    ];

    /// The value in an address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Open => "open",
            Self::Overdue => "overdue",
            Self::Held => "held",
            Self::At(state) => state.name(),
        }
    }
}

impl FromStr for Filter {
    type Err = NotAName;
    fn from_str(text: &str) -> Result<Self, NotAName> {
        let named = Self::ALL.into_iter().find(|filter| filter.name() == text);
        named.ok_or(NotAName { what: "filter of payouts" })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One payout in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Our row.
    pub payout: PayoutId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// The campaign's name.
    pub campaign_name: String,
    /// Its number.
    pub mch_billno: MchBillno,
    /// How it travels.
    pub rail: Rail,
    /// Where it stands.
    pub state: State,
    /// True when staff hold it: it is not sent until they release it.
    pub held: bool,
    /// How much.
    pub amount: Fen,
    /// How often it was sent.
    pub attempts: i64,
    /// WeChat's last err_code; empty when none.
    pub err_code: String,
    /// When it was granted.
    pub created_at: UnixMs,
    /// When somebody has to look; nothing for an end.
    pub deadline: Option<UnixMs>,
    /// True for a tester's packet of a draft.
    pub rehearsal: bool,
}

impl Row {
    /// True when it is older than it should be.
    pub fn is_overdue(&self, now: UnixMs) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline) && !self.held
    }
}

/// Everything known of one payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What the list shows.
    pub row: Row,
    /// The merchant that pays.
    pub mch_id: MchId,
    /// The account whose follower is paid.
    pub appid: Appid,
    /// The payee's openid with its middle hidden.
    pub openid_masked: String,
    /// The account followed.
    pub account_name: String,
    /// What WeChat said last, in its own words; for people only.
    pub err_code_des: String,
    /// How often WeChat was asked since it stands there.
    pub asked: i64,
    /// When it is sent or asked about next.
    pub due_at: Option<UnixMs>,
    /// When it was last sent.
    pub called_at: Option<UnixMs>,
    /// When its answer became unknown.
    pub doubted_at: Option<UnixMs>,
    /// When the money left the merchant.
    pub accepted_at: Option<UnixMs>,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// Until when a transfer waits for its confirmation.
    pub expires_at: Option<UnixMs>,
    /// What it moved in the ledger, the oldest first.
    pub entries: Vec<Entry>,
    /// The other payouts of the same claim, the oldest first.
    pub others: Vec<Row>,
}

/// What staff can do about a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Send it or ask about it now; releases what is held.
    Retry,
    /// Do not send it until somebody says otherwise.
    Hold,
    /// Send it anew under a new number.
    Reissue,
    /// Ask WeChat to cancel a transfer that its follower has not confirmed.
    Cancel,
    /// Never send it: its person was paid under another number since a backup.
    GiveUp,
}

impl Facts {
    /// The steps that its state allows.
    pub fn steps(&self) -> Vec<Step> {
        let paid_otherwise = self.others.iter().any(|other| !matches!(other.state, State::Failed | State::Returned));
        match self.row.state {
            State::Queued if self.row.held && self.row.err_code == PAID_SINCE_BACKUP => vec![Step::GiveUp, Step::Retry],
            State::Queued if self.row.held => vec![Step::Retry],
            State::Queued => vec![Step::Retry, Step::Hold],
            State::Unknown | State::Sent => vec![Step::Retry],
            State::WaitingConfirm => vec![Step::Retry, Step::Cancel],
            State::Failed | State::Returned if self.row.err_code == PAID_SINCE_BACKUP => Vec::new(),
            State::Failed | State::Returned if !paid_otherwise && !self.row.rehearsal => vec![Step::Reissue],
            State::Sending | State::Collected | State::Failed | State::Returned => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_filter_and_every_filter_its_name() {
        for filter in Filter::ALL {
            assert_eq!(filter.name().parse(), Ok(filter));
        }
        for state in State::ALL {
            assert!(Filter::ALL.contains(&Filter::At(*state)), "{state:?}");
        }
        assert!("everything".parse::<Filter>().is_err());
    }

    fn row(state: State, held: bool) -> Row {
        Row {
            payout: PayoutId(1),
            campaign: CampaignId(1),
            campaign_name: "demo".to_owned(),
            mch_billno: "1900000109202611210000000001".try_into().unwrap(),
            rail: Rail::Redpack,
            state,
            held,
            amount: Fen::new(100).unwrap(),
            attempts: 1,
            err_code: String::new(),
            created_at: UnixMs(0),
            deadline: (!state.is_final()).then_some(UnixMs(1_000)),
            rehearsal: false,
        }
    }

    fn facts(state: State, held: bool, others: Vec<Row>) -> Facts {
        Facts {
            row: row(state, held),
            mch_id: "1900000109".try_into().unwrap(),
            appid: "wx8888888888888888".try_into().unwrap(),
            openid_masked: "oABC…wxyz".to_owned(),
            account_name: "demo".to_owned(),
            err_code_des: String::new(),
            asked: 0,
            due_at: None,
            called_at: None,
            doubted_at: None,
            accepted_at: None,
            ended_at: None,
            expires_at: None,
            entries: Vec::new(),
            others,
        }
    }

    #[test]
    fn a_payout_offers_only_the_steps_that_would_be_done() {
        let table = [
            (State::Queued, false, vec![Step::Retry, Step::Hold]),
            (State::Queued, true, vec![Step::Retry]),
            (State::Sending, false, vec![]),
            (State::Unknown, false, vec![Step::Retry]),
            (State::Sent, false, vec![Step::Retry]),
            (State::WaitingConfirm, false, vec![Step::Retry, Step::Cancel]),
            (State::Collected, false, vec![]),
            (State::Returned, false, vec![Step::Reissue]),
            (State::Failed, false, vec![Step::Reissue]),
        ];
        for (state, held, steps) in table {
            assert_eq!(facts(state, held, vec![]).steps(), steps, "{state:?} held {held}");
        }
        let mut since_backup = facts(State::Queued, true, vec![]);
        since_backup.row.err_code = PAID_SINCE_BACKUP.to_owned();
        assert_eq!(since_backup.steps(), [Step::GiveUp, Step::Retry]);
        since_backup.row.state = State::Failed;
        assert_eq!(since_backup.steps(), [], "what was given up is not sent anew");
        let again = facts(State::Failed, false, vec![row(State::Queued, false)]);
        assert_eq!(again.steps(), [], "what was sent anew is not sent anew twice");
        let both_failed = facts(State::Failed, false, vec![row(State::Failed, false)]);
        assert_eq!(both_failed.steps(), [Step::Reissue]);
        let mut tested = facts(State::Failed, false, vec![]);
        tested.row.rehearsal = true;
        assert_eq!(tested.steps(), [], "a tester claims another instead");
    }

    #[test]
    fn what_is_held_or_ended_is_never_overdue() {
        let late = UnixMs(2_000);
        assert!(row(State::Queued, false).is_overdue(late));
        assert!(!row(State::Queued, false).is_overdue(UnixMs(999)));
        assert!(!row(State::Queued, true).is_overdue(late));
        assert!(!row(State::Failed, false).is_overdue(late));
    }
}
