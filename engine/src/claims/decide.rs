//! Decides the requests of a batch in order of arrival: each decision sees what the ones before it took.
//! Refuses to touch the database; everything it needs was gathered.

use super::gather::{Facts, Ground, keys};
use super::{Claimed, Request};
use crate::prizes::stock::Offer;
use crate::store::claims::{Key, Stand};
use crate::{Error, Said, tickets};
use rules::Fen;
use rules::cap::{Granted, Left};
use rules::eligibility::{self, Refusal, Right};
use rules::ids::{AccountId, ClaimId, LinkId};
use rules::time::UnixMs;

/// A request as it was considered: on which ticket, with which packet, and with what right or problem.
pub struct Considered {
    pub right: Result<Right, Refusal>,
    pub offer: Option<Offer>,
    /// Which of the person's tickets.
    pub stand: Option<usize>,
}

/// A grant: everything that is to be written.
pub struct Grant {
    pub claim: ClaimId,
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
    /// Decides the request at `at`, whose claim would be `claim`, and takes what it grants out of the facts.
    pub fn decide(&mut self, at: usize, request: &Request, claim: ClaimId, now: UnixMs) -> Result<Decided, Error> {
        let considered = self.consider(at, request, now)?;
        let right = match considered.right {
            Ok(right) => right,
            Err(reason) => {
                let follow = considered.stand.map(|n| &self.stands[at][n].follow);
                let (account, link) = follow.map_or((None, None), |follow| (Some(follow.account), follow.link));
                return Ok(Decided::Refused(Refused { reason, account, link }));
            }
        };
        let (Some(n), Some(offer)) = (considered.stand, considered.offer) else {
            return Err(Error::broken("a right without its ticket or its packet"));
        };
        let stand = &mut self.stands[at][n];
        stand.held.ticket.used = true;
        let granted = Granted { account: stand.follow.account, link: stand.follow.link, grade: right.grade, at: now };
        let ground = self.grounds.get_mut(&request.slug).ok_or_else(Error::not_found)?;
        let keys = keys(&ground.campaign, request, Some(stand));
        let amount = offer.amount;
        ground.stock.take(claim, offer)?;
        let left = ground.budget.available.checked_sub(amount);
        ground.budget.available = left.ok_or_else(|| Error::broken("a grant beyond its line"))?;
        ground.room.take(&granted, amount);
        self.taken.extend(keys.iter().cloned());
        Ok(Decided::Granted(Grant { claim, stand: n, granted, amount, keys }))
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

/// No packet for anybody.
const NOTHING: Left = Left { amount: Fen::ZERO, otherwise: Refusal::UsedUp };

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
        let granted = right.ok().zip(stand).map(|(right, (_, stand))| Granted {
            account: stand.follow.account,
            link: stand.follow.link,
            grade: right.grade,
            at: now,
        });
        let (left, offer) = granted.map_or((NOTHING, None), |granted| self.packet(&granted, request.die));
        // Without a packet to offer nothing is left, and the smallest amount is already too much.
        let amount = offer.map_or(self.campaign.prize.min(), |offer| offer.amount);
        let facts = eligibility::Facts { opening: self.opening, already_claimed, right, amount, left };
        Considered { right: eligibility::decide(&facts), offer, stand: stand.map(|(n, _)| n) }
    }

    /// What may still be granted to this claim, and the packet it would get.
    fn packet(&self, granted: &Granted, die: u64) -> (Left, Option<Offer>) {
        let left = self.room.left(granted, self.budget.available);
        let Some(offer) = self.stock.offer(granted.account, granted.grade, die) else { return (NOTHING, None) };
        if offer.of_total {
            return (left, Some(offer));
        }
        // The last of a budget still makes a packet if the rule allows one as small as what is left.
        let rule = self.stock.rule(granted.account, granted.grade);
        let amount = rule.within(offer.amount, left.amount).unwrap_or(offer.amount);
        (left, Some(Offer { amount, ..offer }))
    }
}
