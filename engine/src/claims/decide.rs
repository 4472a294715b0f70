//! Decides the requests of a batch in order of arrival: each decision sees what the ones before it took.
//! Refuses to touch the database; everything it needs was gathered.

use super::gather::{Facts, Ground, keys};
use super::{Claimed, Request};
use crate::store::claims::{Key, Stand};
use crate::{Error, Said, tickets};
use rules::Fen;
use rules::cap::Granted;
use rules::eligibility::{self, Refusal, Right};
use rules::ids::{AccountId, LinkId};
use rules::time::UnixMs;

/// A request as it was considered: on which ticket, with which amount, and with what right or problem.
pub struct Considered {
    pub right: Result<Right, Refusal>,
    pub amount: Fen,
    /// Which of the person's tickets.
    pub stand: Option<usize>,
}

/// A grant: everything that is to be written.
pub struct Grant {
    pub stand: usize,
    pub granted: Granted,
    pub amount: Fen,
    pub keys: Vec<Key>,
}

/// A refusal, with what it is counted for.
pub struct Refused {
    pub reason: Refusal,
    pub account: Option<AccountId>,
    pub link: Option<LinkId>,
}

/// The end of a request.
pub enum Decided {
    Granted(Grant),
    Refused(Refused),
}

impl Decided {
    /// What the person is told.
    pub fn answer(self) -> Claimed {
        match self {
            Self::Granted(grant) => Claimed::Granted(grant.amount),
            Self::Refused(refused) => Claimed::Refused(refused.reason),
        }
    }
}

impl Facts {
    /// Decides the request at `at` and takes what it grants out of the facts.
    pub fn decide(&mut self, at: usize, request: &Request, now: UnixMs) -> Result<Decided, Error> {
        let considered = self.consider(at, request, now)?;
        let stand = considered.stand.map(|n| &self.stands[at][n]);
        let right = match (considered.right, stand) {
            (Ok(right), Some(_)) => right,
            (Ok(_), None) => return Err(Error::broken("a right without its ticket")),
            (Err(reason), stand) => {
                let (account, link) = stand.map_or((None, None), |s| (Some(s.follow.account), s.follow.link));
                return Ok(Decided::Refused(Refused { reason, account, link }));
            }
        };
        let n = considered.stand.ok_or_else(|| Error::broken("a right without its ticket"))?;
        let stand = &mut self.stands[at][n];
        stand.held.ticket.used = true;
        let granted = Granted { account: stand.follow.account, link: stand.follow.link, grade: right.grade, at: now };
        let ground = self.grounds.get_mut(&request.slug).ok_or_else(Error::not_found)?;
        let keys = keys(&ground.campaign, request, Some(stand));
        let amount = considered.amount;
        let left = ground.budget.available.checked_sub(amount);
        ground.budget.available = left.ok_or_else(|| Error::broken("a grant beyond its line"))?;
        ground.room.take(&granted, amount);
        self.taken.extend(keys.iter().cloned());
        Ok(Decided::Granted(Grant { stand: n, granted, amount, keys }))
    }

    /// Considers a request on each of the person's tickets until one gives a right; else the first one's problem.
    /// Errors: no such campaign; the person was identified by another account than the payer.
    pub fn consider(&self, at: usize, request: &Request, now: UnixMs) -> Result<Considered, Error> {
        let ground = self.grounds.get(&request.slug).ok_or_else(Error::not_found)?;
        if ground.payer != request.who.appid {
            return Err(Said::Forbidden.into());
        }
        let mut first_problem = None;
        for (n, stand) in self.stands[at].iter().enumerate() {
            let right = match stand.held.ticket.open(&request.who.openid, now) {
                Ok(()) => Ok(ground.right(stand, now)),
                Err(wrong) => Err(Refusal::from(wrong)),
            };
            let already = keys(&ground.campaign, request, Some(stand)).iter().any(|key| self.taken.contains(key));
            let considered = ground.decide(request, already, right, Some((n, stand)), now);
            if considered.right.is_ok() {
                return Ok(considered);
            }
            first_problem.get_or_insert(considered);
        }
        Ok(first_problem.unwrap_or_else(|| {
            let already = keys(&ground.campaign, request, None).iter().any(|key| self.taken.contains(key));
            ground.decide(request, already, Err(Refusal::NoTicket), None, now)
        }))
    }
}

impl Ground {
    fn right(&self, stand: &Stand, now: UnixMs) -> Right {
        let follow = &stand.follow;
        let account_active = self.members.get(&follow.account).is_some_and(|member| {
            member.account.retired_at.is_none() && tickets::evidence_holds(&stand.held, follow.grade, member, now)
        });
        let still_following = follow.openid.is_none() || stand.following;
        Right { grade: follow.grade, novelty: follow.novelty, account_active, still_following }
    }

    /// Decides about one right, with the amount it would get.
    fn decide(
        &self,
        request: &Request,
        already_claimed: bool,
        right: Result<Right, Refusal>,
        stand: Option<(usize, &Stand)>,
        now: UnixMs,
    ) -> Considered {
        let rule = self.campaign.prize;
        let drawn = rule.draw(request.die);
        let granted = right.ok().zip(stand).map(|(right, (_, stand))| Granted {
            account: stand.follow.account,
            link: stand.follow.link,
            grade: right.grade,
            at: now,
        });
        let available = self.budget.available;
        let left = granted.map_or(rules::cap::Left { amount: available, otherwise: Refusal::UsedUp }, |granted| {
            self.room.left(&granted, available)
        });
        // The last of a budget still makes a packet if the rule allows one as small as what is left.
        let amount = if left.amount >= rule.min() { drawn.min(left.amount) } else { drawn };
        let facts = eligibility::Facts { opening: self.opening, already_claimed, right, amount, left };
        Considered { right: eligibility::decide(&facts), amount, stand: stand.map(|(n, _)| n) }
    }
}
