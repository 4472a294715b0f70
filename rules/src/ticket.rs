//! Tickets: a one-time right to claim, given in the reply to a follow.
//! Refuses the second person, the second use and the third day.

use crate::account::names;
use crate::ids::Openid;
use crate::time::{UnixMs, hours};

/// How long a ticket lives: 48 hours.
pub const LIFE_MS: i64 = hours(48);

/// What is known of a ticket when somebody opens its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// When it was given.
    pub issued_at: UnixMs,
    /// The payee openid that first opened it, once somebody did.
    pub bound_to: Option<Openid>,
    /// True once a claim was made with it.
    pub used: bool,
}

/// Why a ticket gives no right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TicketWrong {
    /// No such ticket.
    Invented,
    /// Bound to somebody else.
    SomeoneElses,
    /// Older than 48 hours.
    Expired,
    /// A claim was made with it.
    Used,
}
names!(TicketWrong { Invented = "invented", SomeoneElses = "someone_elses", Expired = "expired", Used = "used" });

impl Ticket {
    /// Whether `person` may open it at `now`.
    pub fn open(&self, person: &Openid, now: UnixMs) -> Result<(), TicketWrong> {
        if self.bound_to.as_ref().is_some_and(|owner| owner != person) {
            Err(TicketWrong::SomeoneElses)
        } else if self.used {
            Err(TicketWrong::Used)
        } else if now.since(self.issued_at) >= LIFE_MS {
            Err(TicketWrong::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_for_one_person_once_and_for_two_days() {
        let ming = Openid::try_from("oMing").unwrap();
        let hong = Openid::try_from("oHong").unwrap();
        let fresh = Ticket { issued_at: UnixMs(0), bound_to: None, used: false };
        let mings = Ticket { bound_to: Some(ming.clone()), ..fresh.clone() };
        let used = Ticket { used: true, ..mings.clone() };
        let late = UnixMs(LIFE_MS);
        assert_eq!(fresh.open(&ming, UnixMs(1)), Ok(()));
        assert_eq!(mings.open(&ming, UnixMs(1)), Ok(()));
        assert_eq!(mings.open(&hong, UnixMs(1)), Err(TicketWrong::SomeoneElses));
        assert_eq!(used.open(&ming, UnixMs(1)), Err(TicketWrong::Used));
        assert_eq!(used.open(&hong, UnixMs(1)), Err(TicketWrong::SomeoneElses), "a stranger learns nothing of its use");
        assert_eq!(fresh.open(&ming, late), Err(TicketWrong::Expired));
        assert_eq!(fresh.open(&ming, late.plus(-1)), Ok(()));
    }
}
