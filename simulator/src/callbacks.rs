//! The queue of transfer callbacks: which bill's end still has to be told, and when it is tried again.
//! It refuses to forget one before it was answered or its sixty-five deliveries are used up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::transfers::Transfer;

/// The log keeps this many deliveries.
const LOG_MAX: usize = 1000;
/// A callback that lets others go first waits at most this long, in milliseconds of this world's time.
pub(crate) const BEHIND_MS: i64 = 60_000;

/// One callback that still has to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Callback {
    /// The bill's place in its list.
    pub(crate) at: usize,
    pub(crate) out_bill_no: String,
    /// Deliveries so far.
    pub(crate) rounds: u32,
    due_ms: i64,
    /// It waits until another one was delivered.
    behind: bool,
    /// A fault was drawn that changes when it is delivered; it is not drawn twice.
    pub(crate) postponed: bool,
}

/// One delivery, as the control call shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivered {
    pub(crate) bill_no: String,
    pub(crate) state: String,
    pub(crate) round: u32,
    /// What was sent: genuine, or the fault's name.
    pub(crate) what: String,
    pub(crate) status: Option<u16>,
    pub(crate) at: i64,
}

/// The queue and the log.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Callbacks {
    next_id: u64,
    waiting: BTreeMap<u64, Callback>,
    log: VecDeque<Delivered>,
    #[serde(skip)]
    due: BTreeSet<(i64, u64)>,
}

/// How long after a delivery the next one follows: 15 s ten times, 5 min ten times, 30 min forty-four times.
fn pause_ms(rounds: u32) -> Option<i64> {
    match rounds {
        0 => Some(0),
        1..=10 => Some(15_000),
        11..=20 => Some(300_000),
        21..=64 => Some(1_800_000),
        _ => None,
    }
}

impl Callbacks {
    /// Rebuilds what is not saved.
    pub(crate) fn index(&mut self) {
        self.due = self.waiting.iter().map(|(id, callback)| (callback.due_ms, *id)).collect();
    }

    /// Puts the end of a bill into the queue, if it names an address.
    pub(crate) fn add(&mut self, at: usize, bill: &Transfer) {
        if bill.notify_url.is_none() {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        let due_ms = bill.updated_ms;
        let out_bill_no = bill.out_bill_no.clone();
        self.waiting.insert(id, Callback { at, out_bill_no, rounds: 0, due_ms, behind: false, postponed: false });
        self.due.insert((due_ms, id));
    }

    /// Takes the next one that is due. Its next delivery is planned at once, in case nobody comes back to say how it went.
    pub(crate) fn take(&mut self, now_ms: i64) -> Option<(u64, Callback)> {
        let &(due_ms, id) = self.due.first().filter(|(due_ms, _)| *due_ms <= now_ms)?;
        self.due.remove(&(due_ms, id));
        let callback = self.waiting.get_mut(&id)?;
        let taken = callback.clone();
        callback.rounds += 1;
        (callback.behind, callback.postponed) = (false, false);
        match pause_ms(callback.rounds) {
            Some(pause_ms) => {
                callback.due_ms = now_ms + pause_ms;
                self.due.insert((callback.due_ms, id));
            }
            None => {
                self.waiting.remove(&id);
            }
        }
        Some((id, taken))
    }

    /// Delivers this one later instead of now; with `behind` as soon as another one was delivered.
    pub(crate) fn postpone(&mut self, id: u64, due_ms: i64, behind: bool) {
        let Some(callback) = self.waiting.get_mut(&id) else { return };
        self.due.remove(&(callback.due_ms, id));
        callback.rounds -= 1;
        (callback.due_ms, callback.behind, callback.postponed) = (due_ms, behind, true);
        self.due.insert((due_ms, id));
    }

    /// A callback was answered as it should be; those that let it go first follow now.
    pub(crate) fn done(&mut self, id: u64, now_ms: i64) {
        if let Some(callback) = self.waiting.remove(&id) {
            self.due.remove(&(callback.due_ms, id));
        }
        for (id, callback) in self.waiting.iter_mut().filter(|(_, callback)| callback.behind) {
            self.due.remove(&(callback.due_ms, *id));
            (callback.due_ms, callback.behind) = (now_ms, false);
            self.due.insert((now_ms, *id));
        }
    }

    /// Writes a delivery into the log.
    pub(crate) fn note(&mut self, delivered: Delivered) {
        if self.log.len() >= LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(delivered);
    }

    /// The last deliveries, oldest first.
    pub(crate) fn log(&self) -> &VecDeque<Delivered> {
        &self.log
    }

    /// How many still have to be told.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(count: usize) -> Callbacks {
        let mut queue = Callbacks::default();
        for at in 0..count {
            let id = queue.next_id;
            queue.next_id += 1;
            let out_bill_no = at.to_string();
            queue
                .waiting
                .insert(id, Callback { at, out_bill_no, rounds: 0, due_ms: 0, behind: false, postponed: false });
        }
        queue.index();
        queue
    }

    #[test]
    fn a_callback_nobody_answers_comes_sixty_five_times_within_a_day() {
        let mut queue = queue(1);
        let mut times = Vec::new();
        while let Some(&(due_ms, _)) = queue.due.first() {
            queue.take(due_ms);
            times.push(due_ms);
        }
        assert_eq!((times.len(), times[1], times[10], times[11]), (65, 15_000, 150_000, 450_000));
        assert_eq!(times.last(), Some(&(150_000 + 3_000_000 + 44 * 1_800_000)));
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn one_that_lets_others_go_first_follows_them() {
        let mut queue = queue(2);
        let (first, _) = queue.take(0).unwrap();
        queue.postpone(first, BEHIND_MS, true);
        let (second, taken) = queue.take(0).unwrap();
        assert_eq!(taken.at, 1);
        assert!(queue.take(1).is_none());
        queue.done(second, 1);
        let (again, taken) = queue.take(1).unwrap();
        assert_eq!((again, taken.rounds, taken.postponed), (first, 0, true));
    }
}
