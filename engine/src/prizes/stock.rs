//! The packets that one transaction hands out: looked at, taken, and written in a few statements however many they are.
//! Refuses to hand out what it did not offer, and keeps nothing of what nobody took.

use crate::Error;
use crate::store::ageing::Ended;
use crate::store::dialect::Lock;
use crate::store::script::Step;
use crate::store::{Tx, budgets, prizes as store};
use rules::Fen;
use rules::follow::Grade;
use rules::ids::{AccountId, CampaignId, ClaimId};
use rules::prize::draw::Left;
use rules::prize::{PrizeRule, Prizes, Split};
use sea_orm::ConnectionTrait;
use std::collections::VecDeque;

/// The packets of a campaign that one transaction hands out.
///
/// Open it while the campaign's budget lines are locked. For each claim in turn: [`offer`](Self::offer) tells what it
/// would get; once it is granted, [`take`](Self::take). Then the [`closing_steps`](Self::closing_steps) write what was taken.
/// Whatever was offered and not taken is as it was.
pub(crate) struct Stock {
    campaign: CampaignId,
    prizes: Prizes,
    source: Source,
}

/// Where the packets of the campaign's own rule come from.
enum Source {
    /// Each is drawn by itself.
    Free,
    /// The next slots of the pool, those that went to claims, and whether these are all that were free.
    Pool { slots: VecDeque<store::Slot>, taken: Vec<(i64, ClaimId)>, all: bool },
    /// What is left of the total, and what claims drew from it.
    Bounded { split: Split, left: Left, taken: Vec<(ClaimId, Fen)> },
}

/// What a claim would get, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// The amount.
    pub amount: Fen,
    /// True for a packet of the campaign's total: it cannot be made smaller, and [`Stock::take`] takes it off.
    pub of_total: bool,
}

impl Stock {
    /// Reads the next packets under these rules, enough for `claims` claims.
    pub async fn open(
        db: &impl ConnectionTrait,
        campaign: CampaignId,
        prizes: Prizes,
        claims: usize,
        lock: Lock,
    ) -> Result<Self, Error> {
        let source = match &prizes.default {
            PrizeRule::Pool(_) => {
                let slots: VecDeque<_> = store::take_slots(db, campaign, claims, lock).await?.into();
                let all = slots.len() < claims;
                Source::Pool { slots, taken: Vec::new(), all }
            }
            PrizeRule::Bounded(split) => {
                let left = store::left(db, campaign, lock).await?;
                let left = left.ok_or_else(|| Error::broken("a total without what is left of it"))?;
                Source::Bounded { split: *split, left, taken: Vec::new() }
            }
            PrizeRule::Fixed(_) | PrizeRule::Range(..) | PrizeRule::Tiers(_) => Source::Free,
        };
        Ok(Self { campaign, prizes, source })
    }

    /// The rule for a claim.
    pub fn rule(&self, account: AccountId, grade: Grade) -> &PrizeRule {
        self.prizes.for_(account, grade)
    }

    /// What a claim would get for one throw of `die`; the same until something is taken. `None` when the campaign's
    /// total is used up.
    pub fn offer(&self, account: AccountId, grade: Grade, die: u64) -> Option<Offer> {
        let rule = self.rule(account, grade);
        let own = |amount| Offer { amount, of_total: true };
        match (rule.split(), &self.source) {
            (None, _) => Some(Offer { amount: rule.draw(die), of_total: false }),
            (Some(_), Source::Pool { slots, .. }) => slots.front().map(|(_, amount)| own(*amount)),
            (Some(_), Source::Bounded { split, left, .. }) => split.draw(*left, die).map(|(amount, _)| own(amount)),
            (Some(_), Source::Free) => None,
        }
    }

    /// True when a line with `available` can pay nobody any more: not the smallest packet of any rule, or no packet of
    /// the total where all packets are the total's.
    pub fn is_used_up(&self, available: Fen) -> bool {
        let is_empty = match &self.source {
            Source::Free => false,
            Source::Pool { slots, all, .. } => *all && slots.is_empty(),
            Source::Bounded { left, .. } => left.packets == 0,
        };
        available < self.prizes.min() || (is_empty && self.prizes.has_one_rule())
    }

    /// Notes that `claim` was granted what it was offered just now. Errors: the total has no such packet.
    pub fn take(&mut self, claim: ClaimId, offer: Offer) -> Result<(), Error> {
        if !offer.of_total {
            return Ok(());
        }
        let gone = || Error::broken("a packet was taken that the total does not have");
        match &mut self.source {
            Source::Free => return Err(gone()),
            Source::Pool { slots, taken, .. } => {
                let (position, _) = slots.pop_front().filter(|(_, amount)| *amount == offer.amount).ok_or_else(gone)?;
                taken.push((position, claim));
            }
            Source::Bounded { left, taken, .. } => {
                let fen = left.fen.checked_sub(offer.amount).ok_or_else(gone)?;
                let packets = left.packets.checked_sub(1).ok_or_else(gone)?;
                *left = Left { fen, packets };
                taken.push((claim, offer.amount));
            }
        }
        Ok(())
    }

    /// The steps that write down what was taken, a few however many took something.
    #[must_use = "steps that are not run change nothing"]
    pub fn closing_steps(&self, db: &impl ConnectionTrait) -> Vec<Step> {
        match &self.source {
            Source::Pool { taken, .. } if !taken.is_empty() => vec![store::mark_slots(db, self.campaign, taken)],
            Source::Bounded { left, taken, .. } if !taken.is_empty() => {
                vec![store::add_shares(db, self.campaign, taken), store::set_left(self.campaign, *left)]
            }
            Source::Free | Source::Pool { .. } | Source::Bounded { .. } => Vec::new(),
        }
    }
}

/// Gives the packet of a claim back to the campaign's total: its payout ended without being paid. False when it was
/// none of the total's.
pub(crate) async fn give_back(tx: &mut Tx, campaign: CampaignId, claim: ClaimId) -> Result<bool, Error> {
    budgets::lock(tx, campaign).await?;
    store::give_back(tx, campaign, claim).await
}

/// Takes the packet of a claim that is sent anew from the campaign's total again. True as well for a claim whose account
/// or grade has a rule of its own, which takes nothing from the total; false when the total has no such packet any more.
/// The caller holds the campaign's lines.
pub(crate) async fn take_again(tx: &mut Tx, ended: &Ended) -> Result<bool, Error> {
    let (campaign, claim, amount) = (ended.campaign, ended.claim, ended.amount);
    match store::of_campaign(tx.conn(), campaign).await?.for_(ended.account, ended.grade) {
        PrizeRule::Fixed(_) | PrizeRule::Range(..) | PrizeRule::Tiers(_) => Ok(true),
        PrizeRule::Pool(_) => store::take_slot_of(tx, campaign, claim, amount).await,
        PrizeRule::Bounded(split) => {
            let left = store::left(tx.conn(), campaign, Lock::ForUpdate).await?;
            let Some(rest) = left.and_then(|left| split.without(left, amount)) else { return Ok(false) };
            store::add_shares(tx.conn(), campaign, &[(claim, amount)]).run(tx).await?;
            store::set_left(campaign, rest).run(tx).await?;
            Ok(true)
        }
    }
}
