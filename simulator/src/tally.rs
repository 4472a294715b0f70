//! Counters of one rail: what a merchant paid in this second and on this Beijing day, and to whom.
//! It refuses to remember yesterday, so it stays as small as one day's receivers.

use std::collections::HashMap;

use crate::clock::beijing_day;

/// What one person got on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) count: usize,
    pub(crate) fen: i64,
}

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    day: i64,
    paid_fen: i64,
    people: HashMap<String, Received>,
    second: (i64, u32),
}

impl Tally {
    /// Counts a payment to a phone.
    pub(crate) fn add(&mut self, phone: &str, amount_fen: i64, at_ms: i64) {
        let day = beijing_day(at_ms);
        if self.day != day {
            *self = Self { day, second: self.second, ..Self::default() };
        }
        self.paid_fen += amount_fen;
        let received = match self.people.get_mut(phone) {
            Some(received) => received,
            None => self.people.entry(phone.to_owned()).or_default(),
        };
        received.count += 1;
        received.fen += amount_fen;
    }

    /// What a phone got on the Beijing day of this time.
    pub(crate) fn received(&self, phone: &str, now_ms: i64) -> Received {
        let today = self.day == beijing_day(now_ms);
        self.people.get(phone).filter(|_| today).copied().unwrap_or_default()
    }

    /// What the merchant paid on the Beijing day of this time.
    pub(crate) fn paid_fen(&self, now_ms: i64) -> i64 {
        if self.day == beijing_day(now_ms) { self.paid_fen } else { 0 }
    }

    /// Counts one more call in this second and tells how many that makes.
    pub(crate) fn count_this_second(&mut self, now_ms: i64) -> u32 {
        let second = now_ms.div_euclid(1000);
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        self.second.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY_MS;

    #[test]
    fn a_new_day_begins_with_nothing() {
        let mut tally = Tally::default();
        tally.add("p1", 100, DAY_MS);
        tally.add("p1", 50, DAY_MS + 1);
        assert_eq!(tally.received("p1", DAY_MS + 2), Received { count: 2, fen: 150 });
        assert_eq!(tally.received("p2", DAY_MS + 2), Received::default());
        assert_eq!((tally.paid_fen(DAY_MS), tally.paid_fen(2 * DAY_MS)), (150, 0));
        tally.add("p2", 7, 2 * DAY_MS);
        assert_eq!((tally.paid_fen(2 * DAY_MS), tally.received("p1", 2 * DAY_MS)), (7, Received::default()));
    }

    #[test]
    fn seconds_are_counted_one_by_one() {
        let mut tally = Tally::default();
        assert_eq!([0, 999, 1000].map(|at_ms| tally.count_this_second(at_ms)), [1, 2, 1]);
    }
}
