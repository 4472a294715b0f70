//! Merchant transfers: every bill that was accepted, its state, and what happens to it next by itself.
//! It refuses to pay a bill that its receiver did not confirm, and to leave a final state again.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::books::Bill;
use crate::callbacks::Callbacks;
use crate::clock::DAY_MS;
use crate::tally::Tally;

/// Where a bill stands, in WeChat's own spelling.
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "state", content = "fail_reason")]
pub(crate) enum Stage {
    Accepted,
    Processing,
    WaitUserConfirm,
    Transfering,
    Success,
    Fail(String),
    Canceling,
    Cancelled,
}

/// Why a bill failed that nobody confirmed in time.
pub(crate) const OVERDUE: &str = "OVERDUE_CLOSE";

impl Stage {
    /// WeChat's word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Processing => "PROCESSING",
            Self::WaitUserConfirm => "WAIT_USER_CONFIRM",
            Self::Transfering => "TRANSFERING",
            Self::Success => "SUCCESS",
            Self::Fail(_) => "FAIL",
            Self::Canceling => "CANCELING",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The word of the books and of a wallet.
    pub(crate) fn word_in_wallet(&self) -> &'static str {
        match self {
            Self::Accepted | Self::Processing | Self::WaitUserConfirm | Self::Transfering | Self::Canceling => {
                "waiting_confirm"
            }
            Self::Success => "collected",
            Self::Cancelled => "returned",
            Self::Fail(reason) if reason == OVERDUE => "returned",
            Self::Fail(_) => "failed",
        }
    }

    /// Nothing follows.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Success | Self::Fail(_) | Self::Cancelled => true,
            Self::Accepted | Self::Processing | Self::WaitUserConfirm | Self::Transfering | Self::Canceling => false,
        }
    }
}

/// One accepted bill.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) out_bill_no: String,
    pub(crate) transfer_bill_no: String,
    pub(crate) appid: String,
    pub(crate) openid: String,
    pub(crate) phone: String,
    pub(crate) amount_fen: i64,
    pub(crate) remark: String,
    pub(crate) scene_id: String,
    pub(crate) perception: String,
    pub(crate) style: String,
    pub(crate) user_name: Option<String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) package: String,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
    pub(crate) stage: Stage,
    /// What becomes of it by itself, and when.
    pub(crate) next: Option<(i64, Stage)>,
}

/// All bills, in the order of their acceptance, with running totals.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Transfers {
    bills: Vec<Transfer>,
    paid_fen: i64,
    held_fen: i64,
    pub(crate) callbacks: Callbacks,
    #[serde(skip)]
    by_number: HashMap<String, usize>,
    #[serde(skip)]
    by_wechat_number: HashMap<String, usize>,
    #[serde(skip)]
    due: BTreeSet<(i64, usize)>,
    #[serde(skip)]
    pub(crate) tally: Tally,
    #[serde(skip)]
    pub(crate) cancels: Tally,
}

impl Transfers {
    /// Rebuilds what is not saved.
    pub(crate) fn index(&mut self) {
        let bills = || self.bills.iter().enumerate();
        self.by_number = bills().map(|(at, bill)| (bill.out_bill_no.clone(), at)).collect();
        self.by_wechat_number = bills().map(|(at, bill)| (bill.transfer_bill_no.clone(), at)).collect();
        self.due = bills().filter_map(|(at, bill)| bill.next.as_ref().map(|(due_ms, _)| (*due_ms, at))).collect();
        self.tally = Tally::default();
        for bill in &self.bills {
            self.tally.add(&bill.phone, bill.amount_fen, bill.created_ms);
        }
        self.callbacks.index();
    }

    /// The bill with this merchant number.
    pub(crate) fn find(&self, out_bill_no: &str) -> Option<(usize, &Transfer)> {
        let at = *self.by_number.get(out_bill_no)?;
        Some((at, &self.bills[at]))
    }

    /// The bill with this number of WeChat's.
    pub(crate) fn find_wechats(&self, transfer_bill_no: &str) -> Option<&Transfer> {
        Some(&self.bills[*self.by_wechat_number.get(transfer_bill_no)?])
    }

    /// The bill at this place of the list.
    pub(crate) fn bill(&self, at: usize) -> Option<&Transfer> {
        self.bills.get(at)
    }

    /// All bills.
    pub(crate) fn all(&self) -> &[Transfer] {
        &self.bills
    }

    /// Books a bill in its first state and tells its place in the list.
    pub(crate) fn book(&mut self, bill: Transfer) -> usize {
        let at = self.bills.len();
        self.by_number.insert(bill.out_bill_no.clone(), at);
        self.by_wechat_number.insert(bill.transfer_bill_no.clone(), at);
        self.due.extend(bill.next.as_ref().map(|(due_ms, _)| (*due_ms, at)));
        if bill.stage.is_final() {
            self.callbacks.add(at, &bill);
        } else {
            self.tally.add(&bill.phone, bill.amount_fen, bill.created_ms);
            self.held_fen += bill.amount_fen;
        }
        self.bills.push(bill);
        at
    }

    /// Brings a bill that is not final into another state.
    fn set(&mut self, at: usize, stage: Stage, at_ms: i64, next: Option<(i64, Stage)>) {
        let bill = &mut self.bills[at];
        if let Some((due_ms, _)) = bill.next.take() {
            self.due.remove(&(due_ms, at));
        }
        self.due.extend(next.as_ref().map(|(due_ms, _)| (*due_ms, at)));
        (bill.stage, bill.updated_ms, bill.next) = (stage, at_ms, next);
        if bill.stage.is_final() {
            self.held_fen -= bill.amount_fen;
            if bill.stage == Stage::Success {
                self.paid_fen += bill.amount_fen;
            }
            self.callbacks.add(at, bill);
        }
    }

    /// Lets everything happen that is due; tells how many bills changed.
    pub(crate) fn step_due(&mut self, now_ms: i64) -> usize {
        let mut count = 0;
        while let Some(&(due_ms, at)) = self.due.first()
            && due_ms <= now_ms
        {
            self.due.pop_first();
            let Some((_, stage)) = self.bills[at].next.take() else { continue };
            let next = (stage == Stage::WaitUserConfirm).then(|| self.bills[at].overdue(due_ms));
            self.set(at, stage, due_ms, next);
            count += 1;
        }
        count
    }

    /// The receiver confirms, once or twice alike; the money arrives after `way_ms`, or fails for a reason.
    pub(crate) fn confirm(&mut self, at: usize, now_ms: i64, way_ms: i64, fails: Option<&str>) -> Result<(), String> {
        let end = fails.map_or(Stage::Success, |reason| Stage::Fail(reason.to_owned()));
        match &self.bills[at].stage {
            Stage::Transfering | Stage::Success => Ok(()),
            Stage::WaitUserConfirm if way_ms > 0 => {
                self.set(at, Stage::Transfering, now_ms, Some((now_ms + way_ms, end)));
                Ok(())
            }
            Stage::WaitUserConfirm => {
                self.set(at, end, now_ms, None);
                Ok(())
            }
            stage @ (Stage::Accepted | Stage::Processing | Stage::Fail(_) | Stage::Canceling | Stage::Cancelled) => {
                Err(format!("the transfer is {}", stage.word()))
            }
        }
    }

    /// The merchant cancels, once or twice alike; false when the receiver was faster.
    pub(crate) fn cancel(&mut self, at: usize, now_ms: i64, way_ms: i64) -> bool {
        match &self.bills[at].stage {
            Stage::Canceling | Stage::Cancelled => true,
            Stage::Transfering | Stage::Success | Stage::Fail(_) => false,
            Stage::Accepted | Stage::Processing | Stage::WaitUserConfirm if way_ms > 0 => {
                self.set(at, Stage::Canceling, now_ms, Some((now_ms + way_ms, Stage::Cancelled)));
                true
            }
            Stage::Accepted | Stage::Processing | Stage::WaitUserConfirm => {
                self.set(at, Stage::Cancelled, now_ms, None);
                true
            }
        }
    }

    /// What the receivers confirmed and got.
    pub(crate) fn paid_fen(&self) -> i64 {
        self.paid_fen
    }

    /// What the merchant cannot spend: paid, or held for bills that are not final.
    pub(crate) fn spent_fen(&self) -> i64 {
        self.paid_fen + self.held_fen
    }

    /// The bills as the books show them.
    pub(crate) fn shown(&self) -> impl Iterator<Item = Bill<'_>> {
        self.bills.iter().map(|bill| Bill {
            bill_no: &bill.out_bill_no,
            rail: "transfer",
            openid: &bill.openid,
            amount_fen: bill.amount_fen,
            state: bill.stage.word_in_wallet(),
            at: bill.created_ms,
        })
    }
}

impl Transfer {
    /// The end of a bill that waits for its receiver: a day after it was made, but never in the past.
    pub(crate) fn overdue(&self, now_ms: i64) -> (i64, Stage) {
        ((self.created_ms + DAY_MS).max(now_ms), Stage::Fail(OVERDUE.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(number: &str, stage: Stage, next: Option<(i64, Stage)>) -> Transfer {
        let text = String::new;
        Transfer {
            out_bill_no: number.to_owned(),
            transfer_bill_no: format!("W{number}"),
            appid: text(),
            openid: text(),
            phone: text(),
            amount_fen: 100,
            remark: text(),
            scene_id: text(),
            perception: text(),
            style: text(),
            user_name: None,
            notify_url: Some("http://127.0.0.1/".to_owned()),
            package: text(),
            created_ms: 0,
            updated_ms: 0,
            stage,
            next,
        }
    }

    fn waiting(number: &str) -> Transfer {
        let mut waiting = bill(number, Stage::WaitUserConfirm, None);
        waiting.next = Some(waiting.overdue(0));
        waiting
    }

    #[test]
    fn a_bill_is_paid_returned_or_cancelled_but_only_one_of_them() {
        let mut book = Transfers::default();
        let [paid, late, stopped] = ["A", "B", "C"].map(|number| book.book(waiting(number)));
        assert_eq!(book.spent_fen(), 300);
        assert_eq!(book.confirm(paid, 1, 0, None), Ok(()));
        assert_eq!(book.confirm(paid, 2, 0, None), Ok(()));
        assert!(!book.cancel(paid, 3, 0));
        assert!(book.cancel(stopped, 3, 5));
        assert!(book.confirm(stopped, 4, 0, None).is_err());
        assert_eq!(book.step_due(DAY_MS), 2);
        let words = [paid, late, stopped].map(|at| book.bill(at).unwrap().stage.word());
        assert_eq!(words, ["SUCCESS", "FAIL", "CANCELLED"]);
        assert_eq!((book.paid_fen(), book.spent_fen()), (100, 100));
        assert!(book.confirm(late, DAY_MS + 1, 0, None).is_err());
    }

    #[test]
    fn a_bill_that_was_only_accepted_still_waits_for_its_receiver() {
        let mut book = Transfers::default();
        let at = book.book(bill("A", Stage::Accepted, Some((60, Stage::WaitUserConfirm))));
        assert!(book.confirm(at, 1, 0, None).is_err());
        let saved = serde_json::to_vec(&book).unwrap();
        let mut read: Transfers = serde_json::from_slice(&saved).unwrap();
        read.index();
        assert_eq!(read.step_due(60), 1);
        assert_eq!(read.find_wechats("WA").unwrap().stage, Stage::WaitUserConfirm);
        assert_eq!(read.confirm(at, 61, 10, Some("REAL_NAME_CHECK_FAIL")), Ok(()));
        assert_eq!(read.step_due(71), 1);
        assert_eq!((read.bill(at).unwrap().stage.word(), read.spent_fen()), ("FAIL", 0));
    }
}
