//! The money of this WeChat: every packet that was accepted, and where it is now.
//! It refuses to book one merchant number twice and never lets a packet be both collected and returned.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::clock::DAY_MS;
use crate::tally::Tally;

/// Where a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "at_ms")]
pub(crate) enum Where {
    /// In the wallet, unopened.
    Sent,
    /// Opened at this time.
    Collected(i64),
    /// On its way back to the merchant, who has it at this time.
    Returning(i64),
    /// Given back to the merchant at this time.
    Returned(i64),
    /// Never reached anybody; a query says so from this time on.
    Failed(i64),
}

impl Where {
    /// The word of the control calls.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Collected(_) => "collected",
            Self::Returning(_) => "returning",
            Self::Returned(_) => "returned",
            Self::Failed(_) => "failed",
        }
    }

    /// The word of a wallet, which has lost a packet as soon as it is on its way back.
    pub(crate) fn word_in_wallet(self) -> &'static str {
        if matches!(self, Self::Returning(_)) { "returned" } else { self.word() }
    }
}

/// One accepted packet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Packet {
    pub(crate) bill_no: String,
    pub(crate) mch_id: String,
    pub(crate) appid: String,
    pub(crate) openid: String,
    pub(crate) phone: String,
    pub(crate) amount_fen: i64,
    pub(crate) send_name: String,
    pub(crate) wishing: String,
    pub(crate) act_name: String,
    pub(crate) remark: String,
    pub(crate) list_id: String,
    pub(crate) sent_ms: i64,
    pub(crate) place: Where,
}

/// All packets, in the order of their acceptance, with running totals.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Books {
    packets: Vec<Packet>,
    paid_fen: i64,
    collected_fen: i64,
    returned_fen: i64,
    #[serde(skip)]
    by_number: HashMap<String, usize>,
    #[serde(skip)]
    due: BTreeSet<(i64, usize)>,
    #[serde(skip)]
    pub(crate) tally: Tally,
}

/// One line of the books, of either rail.
#[derive(Debug, Serialize)]
pub(crate) struct Bill<'a> {
    pub(crate) bill_no: &'a str,
    pub(crate) rail: &'static str,
    pub(crate) openid: &'a str,
    pub(crate) amount_fen: i64,
    pub(crate) state: &'static str,
    pub(crate) at: i64,
}

/// What was paid, collected and returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) paid_fen: i64,
    pub(crate) collected_fen: i64,
    pub(crate) returned_fen: i64,
}

impl Books {
    /// Rebuilds what is not saved.
    pub(crate) fn index(&mut self) {
        self.by_number = self.packets.iter().enumerate().map(|(at, packet)| (packet.bill_no.clone(), at)).collect();
        let due = |packet: &Packet| match packet.place {
            Where::Sent => Some(packet.sent_ms + DAY_MS),
            Where::Returning(done_ms) => Some(done_ms),
            Where::Collected(_) | Where::Returned(_) | Where::Failed(_) => None,
        };
        let packets = self.packets.iter().enumerate();
        self.due = packets.filter_map(|(at, packet)| due(packet).map(|due_ms| (due_ms, at))).collect();
        self.tally = Tally::default();
        for packet in self.packets.iter().filter(|packet| !matches!(packet.place, Where::Failed(_))) {
            self.tally.add(&packet.phone, packet.amount_fen, packet.sent_ms);
        }
    }

    /// The packet with this merchant number.
    pub(crate) fn find(&self, bill_no: &str) -> Option<(usize, &Packet)> {
        let at = *self.by_number.get(bill_no)?;
        Some((at, &self.packets[at]))
    }

    /// The packet at this place of the list.
    pub(crate) fn packet(&self, at: usize) -> Option<&Packet> {
        self.packets.get(at)
    }

    /// Books a packet and tells its place in the list. One that fails is listed, but no money moves for it.
    pub(crate) fn book(&mut self, packet: Packet) -> usize {
        let at = self.packets.len();
        self.by_number.insert(packet.bill_no.clone(), at);
        if matches!(packet.place, Where::Failed(_)) {
            self.packets.push(packet);
            return at;
        }
        self.tally.add(&packet.phone, packet.amount_fen, packet.sent_ms);
        self.paid_fen += packet.amount_fen;
        self.due.insert((packet.sent_ms + DAY_MS, at));
        self.packets.push(packet);
        at
    }

    /// Opens a packet; tells false when it can no longer be opened. Opening twice changes nothing.
    pub(crate) fn collect(&mut self, at: usize, now_ms: i64) -> bool {
        let Some(packet) = self.packets.get_mut(at) else { return false };
        match packet.place {
            Where::Collected(_) => true,
            Where::Returning(_) | Where::Returned(_) | Where::Failed(_) => false,
            Where::Sent => {
                packet.place = Where::Collected(now_ms);
                self.collected_fen += packet.amount_fen;
                self.due.remove(&(packet.sent_ms + DAY_MS, at));
                true
            }
        }
    }

    /// Gives back everything that nobody opened for 24 hours, each after being under way for `way_ms`; tells how many
    /// packets changed.
    pub(crate) fn give_back_due(&mut self, now_ms: i64, way_ms: i64) -> usize {
        let mut count = 0;
        while let Some(&(due, at)) = self.due.first()
            && due <= now_ms
        {
            self.due.pop_first();
            count += 1;
            let packet = &mut self.packets[at];
            if packet.place == Where::Sent && way_ms > 0 {
                packet.place = Where::Returning(due + way_ms);
                self.due.insert((due + way_ms, at));
            } else {
                packet.place = Where::Returned(due);
                self.returned_fen += packet.amount_fen;
            }
        }
        count
    }

    /// What left the merchant's balance and has not come back.
    pub(crate) fn spent_fen(&self) -> i64 {
        self.paid_fen - self.returned_fen
    }

    /// All packets.
    pub(crate) fn all(&self) -> &[Packet] {
        &self.packets
    }

    /// The totals.
    pub(crate) fn sums(&self) -> Sums {
        let Self { paid_fen, collected_fen, returned_fen, .. } = *self;
        Sums { paid_fen, collected_fen, returned_fen }
    }

    /// The packets as the books show them.
    pub(crate) fn shown(&self) -> impl Iterator<Item = Bill<'_>> {
        self.packets.iter().map(|packet| Bill {
            bill_no: &packet.bill_no,
            rail: "redpack",
            openid: &packet.openid,
            amount_fen: packet.amount_fen,
            state: packet.place.word(),
            at: packet.sent_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(bill_no: &str, amount_fen: i64, sent_ms: i64) -> Packet {
        Packet {
            bill_no: bill_no.into(),
            mch_id: "1".into(),
            appid: "wx".into(),
            openid: "o".into(),
            phone: "p".into(),
            amount_fen,
            send_name: String::new(),
            wishing: String::new(),
            act_name: String::new(),
            remark: String::new(),
            list_id: String::new(),
            sent_ms,
            place: Where::Sent,
        }
    }

    #[test]
    fn a_packet_is_collected_or_returned_but_never_both() {
        let mut books = Books::default();
        let first = books.book(packet("A", 100, 0));
        let second = books.book(packet("B", 250, 1000));
        assert!(books.collect(first, 10));
        assert!(books.collect(first, 20));
        assert_eq!(books.give_back_due(DAY_MS + 999, 0), 0);
        assert_eq!(books.give_back_due(DAY_MS + 1000, 0), 1);
        assert!(!books.collect(second, DAY_MS + 1001));
        assert_eq!(books.sums(), Sums { paid_fen: 350, collected_fen: 100, returned_fen: 250 });
        assert_eq!(books.shown().map(|bill| bill.state).collect::<Vec<_>>(), ["collected", "returned"]);
        assert_eq!(books.spent_fen(), 100);
    }

    #[test]
    fn the_index_is_the_same_after_saving_and_reading() {
        let mut books = Books::default();
        books.book(packet("A", 100, 5));
        let read_again = |books: &Books| {
            let saved = serde_json::to_vec(books).unwrap();
            let mut read: Books = serde_json::from_slice(&saved).unwrap();
            read.index();
            read
        };
        let mut read = read_again(&books);
        assert_eq!(read.find("A").unwrap().1.amount_fen, 100);
        assert_eq!(read.give_back_due(DAY_MS + 5, 1000), 1);
        let mut read = read_again(&read);
        assert_eq!((read.packets[0].place, read.spent_fen()), (Where::Returning(DAY_MS + 1005), 100));
        assert_eq!(read.give_back_due(DAY_MS + 1005, 0), 1);
        assert_eq!((read.packets[0].place, read.spent_fen()), (Where::Returned(DAY_MS + 1005), 0));
    }
}
