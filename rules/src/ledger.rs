//! The ledger's accounts and the transfers between them.
//! Refuses an entry that no event of a budget line explains.

use crate::Fen;
use crate::account::names;
use crate::ids::LineId;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};

/// What happened to a budget line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Staff funded it: funding → available.
    Fund,
    /// Staff took back what is free: available → funding.
    Withdraw,
    /// A claim was granted or held: available → reserved.
    Reserve,
    /// WeChat accepted the packet: reserved → paid.
    Pay,
    /// Rejected or failed before it was paid: reserved → available.
    Void,
    /// WeChat gave the packet back: paid → available.
    Return,
}
names!(Event {
    Fund = "fund",
    Withdraw = "withdraw",
    Reserve = "reserve",
    Pay = "pay",
    Void = "void",
    Return = "return",
});

/// Which part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is its own word")]
pub enum Pot {
    Funding,
    Available,
    Reserved,
    Paid,
}
names!(Pot { Funding = "funding", Available = "available", Reserved = "reserved", Paid = "paid" });

impl Event {
    /// From where to where the money moves.
    pub const fn entries(self) -> (Pot, Pot) {
        match self {
            Self::Fund => (Pot::Funding, Pot::Available),
            Self::Withdraw => (Pot::Available, Pot::Funding),
            Self::Reserve => (Pot::Available, Pot::Reserved),
            Self::Pay => (Pot::Reserved, Pot::Paid),
            Self::Void => (Pot::Reserved, Pot::Available),
            Self::Return => (Pot::Paid, Pot::Available),
        }
    }

    /// Which earlier transfer of the same payout this one settles. A reservation is pending until it is posted (paid)
    /// or voided, once; a payment stands until it is returned, once.
    pub const fn settles(self) -> Option<Self> {
        match self {
            Self::Fund | Self::Withdraw | Self::Reserve => None,
            Self::Pay | Self::Void => Some(Self::Reserve),
            Self::Return => Some(Self::Pay),
        }
    }
}

/// A budget line and what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Our row.
    pub line: LineId,
    /// Free to be granted.
    pub available: Fen,
    /// Granted, not yet accepted by WeChat.
    pub reserved: Fen,
    /// Accepted by WeChat and not given back.
    pub paid: Fen,
}

impl Budget {
    /// All that was ever put in and not taken out.
    pub fn funded(&self) -> Option<Fen> {
        self.available.checked_add(self.reserved)?.checked_add(self.paid)
    }
}

/// How often staff funded a line or took back from it: it grows with each of the two and with nothing else. Whoever
/// names it says which of them they have seen: what is asked for again, because its answer was lost, names one too few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(pub i64);

impl Changes {
    /// Never funded yet.
    pub const NONE: Self = Self(0);
}

/// One transfer as a statement shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Our row.
    pub id: i64,
    /// When it was booked.
    pub at: UnixMs,
    /// What happened.
    pub event: Event,
    /// How much moved.
    pub amount: Fen,
    /// The payout's bill number; empty when no payout caused it.
    pub mch_billno: String,
    /// Who did it; empty when nobody of staff did.
    pub operator: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_moves_money_and_every_way_out_has_its_way_back() {
        for event in Event::ALL {
            let (from, to) = event.entries();
            assert_ne!(from, to, "{event:?}");
        }
        assert_eq!(Event::Reserve.entries().0, Event::Void.entries().1);
        assert_eq!(Event::Pay.entries().1, Event::Return.entries().0);
    }

    #[test]
    fn what_settles_takes_the_money_from_where_the_settled_one_put_it() {
        for event in Event::ALL {
            if let Some(settled) = event.settles() {
                assert_eq!(event.entries().0, settled.entries().1, "{event:?}");
            }
        }
    }
}
