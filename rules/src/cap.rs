//! Caps: how much of a campaign's budget may go to one account, one link, one day, one hour, or on asserted evidence.
//! Refuses to hold money itself: the line does; a cap only says how much of it may be granted where and when.
#![deny(clippy::float_arithmetic)]

use crate::Fen;
use crate::account::names;
use crate::eligibility::Refusal;
use crate::follow::Grade;
use crate::ids::{AccountId, LinkId};
use crate::time::{UnixMs, hours};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a cap is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Claims for which only an edit-mode link speaks.
    Asserted,
    /// Claims of one account's followers.
    Account,
    /// Claims of follows through one link.
    Link,
    /// Claims of one Beijing day.
    Day,
    /// Claims of one hour of the clock.
    Hour,
}
names!(Kind { Asserted = "asserted", Account = "account", Link = "link", Day = "day", Hour = "hour" });

/// A cap as staff set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// What it is about.
    pub kind: Kind,
    /// Which account or link; 0 where the kind needs none.
    pub object: i64,
    /// At most this much may be granted and not given back.
    pub limit: Fen,
}

/// A cap and what was used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapUse {
    /// The cap.
    pub cap: Cap,
    /// Granted under it and not given back; for a day or an hour, in the present one.
    pub used: Fen,
}

/// Where a grant counts: one counter of one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Use {
    /// What it counts.
    pub kind: Kind,
    /// Which account or link; 0 where the kind needs none.
    pub object: i64,
    /// Which day or hour; 0 where the kind knows no time.
    pub bucket: i64,
}

/// What the caps must know of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// The account followed.
    pub account: AccountId,
    /// The link it is counted for, if known.
    pub link: Option<LinkId>,
    /// How well the follow is known.
    pub grade: Grade,
    /// When it was granted: it counts for that day and that hour, also when it is given back later.
    pub at: UnixMs,
}

impl Granted {
    /// Every counter this grant counts in.
    pub fn uses(&self) -> Vec<Use> {
        let timeless = |kind, object| Use { kind, object, bucket: 0 };
        let mut uses = vec![
            timeless(Kind::Account, self.account.0),
            Use { kind: Kind::Day, object: 0, bucket: self.at.day().0 },
            Use { kind: Kind::Hour, object: 0, bucket: hour(self.at) },
        ];
        uses.extend(self.link.map(|link| timeless(Kind::Link, link.0)));
        if self.grade == Grade::Asserted {
            uses.push(timeless(Kind::Asserted, 0));
        }
        uses
    }
}

/// The hour of the clock since 1970; Beijing's hours begin with everybody's.
pub const fn hour(at: UnixMs) -> i64 {
    at.0.div_euclid(hours(1))
}

/// All caps of a campaign and what was used of them: the room that is left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    caps: Vec<Cap>,
    used: BTreeMap<Use, Fen>,
    /// Set when the budget is spread over the hours left: until when.
    paced_until: Option<UnixMs>,
}

/// How much may still be granted, and what to say when that is too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The least of the line's free money and of every cap that counts.
    pub amount: Fen,
    /// The reason that holds when this is too little.
    pub otherwise: Refusal,
}

impl Room {
    /// The room of a campaign; with `paced_until` its money is spread over the hours until then.
    pub fn new(caps: Vec<Cap>, used: BTreeMap<Use, Fen>, paced_until: Option<UnixMs>) -> Self {
        Self { caps, used, paced_until }
    }

    /// What was used of one counter.
    pub fn used(&self, counter: &Use) -> Fen {
        self.used.get(counter).copied().unwrap_or(Fen::ZERO)
    }

    /// What may still be granted to `granted` when the line has `available`.
    pub fn left(&self, granted: &Granted, available: Fen) -> Left {
        let mut left = Left { amount: available, otherwise: Refusal::UsedUp };
        let mut narrow = |amount: Fen, otherwise| {
            if amount < left.amount {
                left = Left { amount, otherwise };
            }
        };
        for counter in granted.uses() {
            for cap in self.caps.iter().filter(|cap| (cap.kind, cap.object) == (counter.kind, counter.object)) {
                narrow(cap.limit.checked_sub(self.used(&counter)).unwrap_or(Fen::ZERO), refusal(cap.kind));
            }
        }
        if let Some(until) = self.paced_until {
            narrow(self.pace(granted.at, until, available), Refusal::UsedUpForNow);
        }
        left
    }

    /// What this hour may still grant: the hour's even share of all that was free when it began, less what it granted.
    fn pace(&self, now: UnixMs, until: UnixMs, available: Fen) -> Fen {
        let used = self.used(&Use { kind: Kind::Hour, object: 0, bucket: hour(now) });
        let hours_left = (hour(until.plus(-1)) - hour(now) + 1).max(1);
        let at_first = available.get().saturating_add(used.get());
        // Rounded up: the last hour gets what is left, and a fen is never out of everybody's reach.
        let share = at_first / hours_left + i64::from(at_first % hours_left > 0);
        Fen::new(share).ok().and_then(|share| share.checked_sub(used)).unwrap_or(Fen::ZERO)
    }

    /// Counts a grant, so that the next one of the same batch finds less room.
    pub fn take(&mut self, granted: &Granted, amount: Fen) {
        for counter in granted.uses() {
            let used = self.used.entry(counter).or_insert(Fen::ZERO);
            *used = used.checked_add(amount).unwrap_or(*used);
        }
    }
}

/// What to say when a cap of this kind is reached: gone for good, or for now.
const fn refusal(kind: Kind) -> Refusal {
    match kind {
        Kind::Asserted | Kind::Account | Kind::Link => Refusal::UsedUp,
        Kind::Day | Kind::Hour => Refusal::UsedUpForNow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fen(n: i64) -> Fen {
        Fen::new(n).unwrap()
    }

    fn granted() -> Granted {
        let at = UnixMs::from_beijing(2026, 11, 21, 9, 30);
        Granted { account: AccountId(7), link: Some(LinkId(8)), grade: Grade::Asserted, at }
    }

    fn cap(kind: Kind, object: i64, limit: i64) -> Cap {
        Cap { kind, object, limit: fen(limit) }
    }

    #[test]
    fn the_tightest_cap_that_counts_decides_and_gives_the_reason() {
        let table = [
            (vec![], 1_000, Refusal::UsedUp),
            (vec![cap(Kind::Account, 7, 300)], 300, Refusal::UsedUp),
            (vec![cap(Kind::Account, 9, 300)], 1_000, Refusal::UsedUp),
            (vec![cap(Kind::Link, 8, 200), cap(Kind::Day, 0, 100)], 100, Refusal::UsedUpForNow),
            (vec![cap(Kind::Hour, 0, 500), cap(Kind::Asserted, 0, 400)], 400, Refusal::UsedUp),
            (vec![cap(Kind::Day, 0, 5_000)], 1_000, Refusal::UsedUp),
        ];
        for (caps, amount, otherwise) in table {
            let room = Room::new(caps.clone(), BTreeMap::new(), None);
            assert_eq!(room.left(&granted(), fen(1_000)), Left { amount: fen(amount), otherwise }, "{caps:?}");
        }
    }

    #[test]
    fn what_is_taken_narrows_every_counter_it_counts_in() {
        let caps = vec![cap(Kind::Account, 7, 300), cap(Kind::Hour, 0, 250)];
        let mut room = Room::new(caps, BTreeMap::new(), None);
        room.take(&granted(), fen(100));
        room.take(&granted(), fen(100));
        assert_eq!(room.left(&granted(), fen(1_000)).amount, fen(50));
        let an_hour_later = Granted { at: granted().at.plus(hours(1)), ..granted() };
        assert_eq!(room.left(&an_hour_later, fen(1_000)).amount, fen(100), "the account's cap knows no hour");
        room.take(&granted(), fen(100));
        assert_eq!(room.left(&granted(), fen(1_000)).amount, Fen::ZERO, "a cap below what was used leaves nothing");
    }

    #[test]
    fn a_paced_budget_is_spread_over_the_hours_left() {
        let now = granted().at;
        let until = UnixMs::from_beijing(2026, 11, 21, 13, 0);
        let mut room = Room::new(vec![], BTreeMap::new(), Some(until));
        assert_eq!(room.left(&granted(), fen(1_001)).amount, fen(251), "four hours are left, rounded up");
        room.take(&granted(), fen(200));
        let left = room.left(&granted(), fen(801));
        assert_eq!(left, Left { amount: fen(51), otherwise: Refusal::UsedUpForNow });
        let last_hour = Granted { at: now.plus(hours(3)), ..granted() };
        assert_eq!(room.left(&last_hour, fen(801)).amount, fen(801), "the last hour has all");
        let after = Granted { at: now.plus(hours(9)), ..granted() };
        assert_eq!(room.left(&after, fen(801)).amount, fen(801));
    }
}
