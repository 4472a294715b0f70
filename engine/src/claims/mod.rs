//! Claims: a follower's request becomes a claim, a reservation and a payout in one transaction, or a refusal.
//! Refuses to answer before what it says is durable.
//!
//! Requests wait at the desk and are decided in batches: `gather` reads every fact of a batch, `decide` takes the
//! requests in order of arrival, `write` puts down what was decided.

mod decide;
mod gather;
mod payers;
mod spent;
mod write;

pub(crate) use payers::Payers;
pub(crate) use spent::Spent;
pub(crate) use write::tell_low;

use crate::desk::{Answers, Work};
use crate::store::claims::{self as store, Standing};
use crate::store::dialect::Lock;
use crate::store::{Tx, followers};
use crate::{Engine, Error, crash};
use decide::Decided;
use gather::Facts;
use rules::Fen;
use rules::campaign::Campaign;
use rules::eligibility::Refusal;
use rules::ids::{AccountId, Appid, ClaimId, Openid, Slug, Unionid};
use rules::time::UnixMs;

/// The person who asks, as web OAuth identified them.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// The service account under which the openid stands: the campaign's payer.
    pub appid: Appid,
    /// The person.
    pub openid: Openid,
    /// The same person across accounts of one Open Platform account, when WeChat said so.
    pub unionid: Option<Unionid>,
    /// The address the request came from; empty when the request is the follow itself.
    pub ip: String,
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// A new claim of this amount.
    Granted(Fen),
    /// Not granted, for this reason.
    Refused(Refusal),
}

/// One request as it waits at the desk. The die is thrown once and kept when the batch is tried again.
pub(crate) struct Request {
    pub slug: Slug,
    pub who: Claimant,
    pub die: u64,
}

/// What the desk answers: the end of the request, or the error that is this request's alone.
pub(crate) type Answer = Result<Claimed, Error>;

/// What a follower sees of their own claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of a claim")]
pub struct OwnClaim {
    pub account: AccountId,
    pub at: UnixMs,
    pub amount: Fen,
    pub claim: rules::claim::State,
    pub payout: rules::payout::State,
    /// Whether WeChat refused because of the person's own account (real name, risk), which they can mend.
    pub mendable: bool,
    /// Why it went back, if it did.
    pub back: rules::payout::Back,
}

/// Where a person stands in a campaign.
#[derive(Debug, Clone)]
pub struct OwnPlace {
    /// Their claims, newest first.
    pub claims: Vec<OwnClaim>,
    /// Whether a request now would be considered, or why not.
    pub right: Result<(), Refusal>,
    /// True when they follow the paying service account: the packet then comes in its chat.
    pub follows_payer: bool,
}

/// The desk's work.
struct ClaimWork<'e>(&'e Engine);

impl Work for ClaimWork<'_> {
    type Request = Request;
    type Answer = Answer;

    async fn carry_out<'a>(&'a self, batch: &'a [&'a Request]) -> Answers<Answer> {
        let engine = self.0;
        let now = engine.clock().now();
        let once = || async {
            let mut tx = engine.db().begin().await?;
            let answers = engine.claim_in(&mut tx, batch, now).await?;
            crash::point("claim_before_commit");
            tx.commit().await.map(|()| answers)
        };
        let answers = engine.retried(once).await?;
        crash::point("claim_after_commit");
        engine.wake_worker();
        engine.touch();
        Ok(answers)
    }
}

impl Engine {
    /// A follower asks for their packet. The answer is durable when it is given. Errors: no such campaign; the person
    /// was identified by another account than the campaign's payer; busy (nothing was done, ask again).
    pub async fn claim(&self, slug: &Slug, who: &Claimant) -> Result<Claimed, Error> {
        if self.spent().is_spent(slug, self.clock().now()) {
            return Ok(Claimed::Refused(Refusal::UsedUp));
        }
        let request = Request { slug: slug.clone(), who: who.clone(), die: self.draw().number() };
        let leader = self.clone();
        let lead = || async move { leader.claims_desk().lead(&ClaimWork(&leader)).await };
        self.claims_desk().ask(request, lead).await?
    }

    /// Decides requests inside the caller's transaction, in their order.
    pub(crate) async fn claim_in(&self, tx: &mut Tx, batch: &[&Request], now: UnixMs) -> Result<Vec<Answer>, Error> {
        let mut facts = Facts::gather(tx.conn(), batch, Lock::ForUpdate, now).await?;
        let decide = |(at, request): (usize, &&Request)| {
            let claim = ClaimId(self.draw().id(now));
            facts.decide(at, request, claim, now)
        };
        let decided: Vec<Result<Decided, Error>> = batch.iter().enumerate().map(decide).collect();
        self.write(tx, batch, &facts, &decided, now).await?;
        for (request, decided) in batch.iter().zip(&decided) {
            if let Ok(decided) = decided {
                self.spent().note(request, decided, &facts, now);
            }
        }
        Ok(decided.into_iter().map(|decided| decided.map(|d| d.answer())).collect())
    }

    /// Where a person stands: what the claim page shows. Changes nothing.
    pub async fn own_place(&self, campaign: &Campaign, who: &Claimant) -> Result<OwnPlace, Error> {
        let now = self.clock().now();
        let tx = self.db().begin_read().await?;
        let claims = store::of_person(tx.conn(), campaign.id, &who.openid, false).await?;
        let request = Request { slug: campaign.slug.clone(), who: who.clone(), die: 0 };
        let facts = Facts::gather(tx.conn(), &[&request], Lock::None, now).await?;
        let right = facts.consider(0, &request, now)?.right.map(|_| ());
        let follows_payer =
            followers::known(tx.conn(), campaign.payer, &who.openid).await?.is_some_and(|(_, following)| following);
        Ok(OwnPlace { claims: claims.iter().map(own_claim).collect(), right, follows_payer })
    }

    /// Writes down how many were refused without a write because a budget was used up.
    pub(crate) async fn count_spent(&self) -> Result<(), Error> {
        let counted = self.spent().take();
        if counted.is_empty() {
            return Ok(());
        }
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        write::count_refusals(&mut tx, self.settings().node, &counted, now).await?;
        tx.commit().await?;
        self.touch();
        Ok(())
    }
}

/// A claim as its person sees it.
pub(crate) fn own_claim(s: &Standing) -> OwnClaim {
    let mendable = crate::payouts::is_mendable(&s.err_code);
    let back = crate::payouts::why_back(s.rail, &s.err_code);
    OwnClaim { account: s.account, at: s.at, amount: s.amount, claim: s.claim, payout: s.payout, mendable, back }
}
