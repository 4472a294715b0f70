//! A merchant's fund-flow bill of one day, and where it and our books differ.
//! Refuses to call anything a difference while it may still stand in the bill of a day that was not imported.
#![deny(clippy::float_arithmetic)]

use crate::Fen;
use crate::account::names;
use crate::ids::{MchBillno, MchId};
use crate::payout::Rail;
use crate::time::{BeijingDay, UnixMs, minutes};
use serde::{Deserialize, Serialize};

/// What our bill numbers begin with; a merchant account is shared, and all others are foreign.
pub const PREFIX: &str = "LB";
/// How far WeChat's clock and ours may lie apart.
pub const CLOCKS_APART_MS: i64 = minutes(5);

/// Which way money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// From the merchant to a follower.
    Paid,
    /// Back to the merchant.
    Returned,
}
names!(Movement { Paid = "paid", Returned = "returned" });

/// One row of a bill whose number is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    /// When WeChat booked it.
    pub at: UnixMs,
    /// Our number.
    pub mch_billno: MchBillno,
    /// How the money travelled.
    pub rail: Rail,
    /// Which way it went.
    pub movement: Movement,
    /// How much.
    pub amount: Fen,
}

/// The bill of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayBill {
    /// The day of all its rows.
    pub day: BeijingDay,
    /// The merchant that our rows name, if they do.
    pub mch_id: Option<MchId>,
    /// The merchant that foreign rows name: it submitted them, also where the bill is another's.
    pub submitted_by: Option<MchId>,
    /// The file's SHA-256: the same file is known again.
    pub hash: String,
    /// The rows that are ours, in their order.
    pub rows: Vec<BillRow>,
    /// How many rows are somebody else's.
    pub foreign: i64,
}

impl DayBill {
    /// The bill of a day on which no money moved: WeChat makes no file for it.
    pub fn of_nothing(day: BeijingDay) -> Self {
        Self { day, mch_id: None, submitted_by: None, hash: String::new(), rows: Vec::new(), foreign: 0 }
    }

    /// True when no money moved by it.
    pub fn is_of_nothing(&self) -> bool {
        self.rows.is_empty() && self.foreign == 0
    }
}

/// Why a file is no bill that can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrongFile {
    /// Not UTF-8: opened and saved again by another program.
    NotUtf8,
    /// A column that every fund-flow bill has is not there.
    NoColumn(&'static str),
    /// This line cannot be read.
    Line(u64),
    /// Rows of more than one day.
    TwoDays(BeijingDay, BeijingDay),
    /// No row, and so no day.
    Empty,
    /// The file ends before its sums: it did not come whole.
    NoSums,
    /// The sums at its end are not those of its rows.
    OtherSums,
}

/// How a bill and our books differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Our books have it, the bill does not.
    OursAlone,
    /// The bill has it, our books do not.
    TheirsAlone,
    /// The bill has a number that our books never had.
    NoSuchPayout,
    /// Both have it, with different amounts.
    Amount,
    /// The bill has it more than once.
    Double,
}
names!(Kind {
    OursAlone = "ours_alone",
    TheirsAlone = "theirs_alone",
    NoSuchPayout = "no_such_payout",
    Amount = "amount",
    Double = "double",
});

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// How they differ.
    pub kind: Kind,
    /// About which movement.
    pub movement: Movement,
    /// The number.
    pub mch_billno: MchBillno,
    /// What our books say, if anything.
    pub ours: Option<Fen>,
    /// What the bill says, if anything.
    pub theirs: Option<Fen>,
}

/// A row of a bill beside what our books know under its number.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The number.
    pub mch_billno: MchBillno,
    /// Which way the row says that money went.
    pub movement: Movement,
    /// How much the row says.
    pub theirs: Fen,
    /// How often this number and movement stand in all bills.
    pub times: i64,
    /// True when one of our payouts has this number.
    pub is_known: bool,
    /// What our books have booked of this movement.
    pub ours: Option<Fen>,
}

impl Beside {
    /// The difference, if there is one. A double is told as such, whatever else is wrong with it.
    pub fn difference(self) -> Option<Difference> {
        let kind = match self.ours {
            _ if self.times > 1 => Kind::Double,
            None if self.is_known => Kind::TheirsAlone,
            None => Kind::NoSuchPayout,
            Some(ours) if ours != self.theirs => Kind::Amount,
            Some(_) => return None,
        };
        let Self { mch_billno, movement, theirs, ours, .. } = self;
        Some(Difference { kind, movement, mch_billno, ours, theirs: Some(theirs) })
    }
}

/// The first and the last day in whose bills something between these instants of our clock may stand.
pub fn first_and_last(first: UnixMs, last: UnixMs) -> (BeijingDay, BeijingDay) {
    (first.plus(-CLOCKS_APART_MS).day(), last.plus(CLOCKS_APART_MS).day())
}

/// The days in whose bills a movement may stand: from the first instant at which it can have happened until we heard.
pub fn days_of(first: UnixMs, heard: UnixMs) -> impl Iterator<Item = BeijingDay> {
    let (first, last) = first_and_last(first, heard);
    (first.0..=last.0).map(BeijingDay)
}

/// How much moved on one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// How many payments.
    pub paid: i64,
    /// Their sum.
    pub paid_fen: Fen,
    /// How many returns.
    pub returned: i64,
    /// Their sum.
    pub returned_fen: Fen,
}

/// An import as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The merchant.
    pub mch_id: MchId,
    /// The day.
    pub day: BeijingDay,
    /// How many rows are ours.
    pub ours: i64,
    /// How many are foreign.
    pub foreign: i64,
    /// When it was imported.
    pub at: UnixMs,
}

/// One merchant's day: both sides, and where they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// What was imported.
    pub bill: Imported,
    /// Our books.
    pub ours: Side,
    /// The bill.
    pub theirs: Side,
    /// How many of ours may stand in the bill of another day that was not imported yet.
    pub waiting: i64,
    /// The differences, at most a thousand.
    pub differences: Vec<Difference>,
}

/// What keeps everything standing after a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The bills that are wanted, merchant by merchant.
    pub wanted: Vec<(MchId, Vec<BeijingDay>)>,
    /// Payments whose person is not known, with their amounts.
    pub nameless: Vec<(MchBillno, Fen)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(n: i64) -> Fen {
        Fen::new(n).unwrap()
    }

    #[test]
    fn each_way_to_differ_has_its_name() {
        let table = [
            (1, true, Some(100), None),
            (2, true, Some(100), Some(Kind::Double)),
            (2, false, None, Some(Kind::Double)),
            (1, true, None, Some(Kind::TheirsAlone)),
            (1, false, None, Some(Kind::NoSuchPayout)),
            (1, true, Some(101), Some(Kind::Amount)),
        ];
        for (times, is_known, ours, kind) in table {
            let mch_billno = MchBillno::try_from("LB261121ABC").unwrap();
            let beside =
                Beside { mch_billno, movement: Movement::Paid, theirs: fen(100), times, is_known, ours: ours.map(fen) };
            assert_eq!(beside.difference().map(|d| d.kind), kind, "{times} {ours:?}");
        }
    }

    #[test]
    fn what_happens_near_midnight_may_stand_in_the_bill_of_either_day() {
        let at = |hour, minute| UnixMs::from_beijing(2026, 11, 21, hour, minute);
        let days = |first, heard| days_of(first, heard).map(|day| day.to_string()).collect::<Vec<_>>();
        assert_eq!(days(at(10, 0), at(10, 1)), ["2026-11-21"]);
        assert_eq!(days(at(23, 50), at(23, 58)), ["2026-11-21", "2026-11-22"]);
        assert_eq!(days(at(0, 2), at(0, 6)), ["2026-11-20", "2026-11-21"]);
        assert_eq!(days(at(-24, 0), at(12, 0)).len(), 3);
    }
}
