//! Claims: a follower's request becomes a claim, a reservation and a payout in one transaction, or a refusal.
//! Refuses to answer before what it says is durable.

use crate::store::budgets::{self, Transfer};
use crate::store::claims::{self as store, NewClaim, NewRefusal, Standing};
use crate::store::live::{self as rollups, Key};
use crate::store::tickets::Held;
use crate::store::{Tx, campaigns, followers, payouts, tickets};
use crate::{Engine, Error, crash};
use rules::Fen;
use rules::campaign::{Campaign, Scope};
use rules::eligibility::{self, Facts, Refusal, Right};
use rules::follow::Grade;
use rules::ids::{AccountId, Appid, ClaimId, Openid, PayoutId, Slug, Unionid};
use rules::ledger;
use rules::live::Figures;
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
    /// The address the request came from.
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

struct Considered {
    facts: Facts,
    held: Option<Held>,
    account: Option<AccountId>,
}

impl Engine {
    /// A follower asks for their packet. The answer is durable when it is given.
    pub async fn claim(&self, slug: &Slug, who: &Claimant) -> Result<Claimed, Error> {
        let now = self.clock().now();
        let die = self.draw().number();
        let mut tx = self.db().begin().await?;
        let campaign = campaigns::by_slug(tx.conn(), slug).await?.ok_or_else(Error::not_found)?;
        self.payer_matches(&tx, &campaign, who).await?;
        let left = budgets::of_campaign(tx.conn(), campaign.id).await?.map_or(Fen::ZERO, |line| line.available);
        let amount = last_packet(campaign.prize, campaign.prize.draw(die), left);
        let considered = self.consider(&tx, &campaign, who, amount, now).await?;
        let right = match eligibility::decide(&considered.facts) {
            Ok(right) => right,
            Err(refusal) => return self.refuse(tx, &campaign, who, considered.account, refusal, now).await,
        };
        let held = considered.held.ok_or_else(|| Error::broken("a right without its ticket"))?;
        let granted = self.grant(&mut tx, &campaign, who, &held, right, amount, now).await?;
        if let Err(refusal) = granted {
            drop(tx);
            let tx = self.db().begin().await?;
            return self.refuse(tx, &campaign, who, Some(held.account), refusal, now).await;
        }
        crash::point("claim_before_commit");
        tx.commit().await?;
        crash::point("claim_after_commit");
        self.wake_worker();
        self.touch();
        Ok(Claimed::Granted(amount))
    }

    /// Where a person stands: what the claim page shows. Changes nothing.
    pub async fn own_place(&self, campaign: &Campaign, who: &Claimant) -> Result<OwnPlace, Error> {
        let now = self.clock().now();
        let tx = self.db().begin_read().await?;
        let claims = store::of_person(tx.conn(), campaign.id, &who.openid).await?;
        let considered = self.consider(&tx, campaign, who, campaign.prize.min(), now).await?;
        let follows_payer =
            followers::known(tx.conn(), campaign.payer, &who.openid).await?.is_some_and(|(_, following)| following);
        Ok(OwnPlace {
            claims: claims.iter().map(own_claim).collect(),
            right: eligibility::decide(&considered.facts).map(|_| ()),
            follows_payer,
        })
    }

    async fn payer_matches(&self, tx: &Tx, campaign: &Campaign, who: &Claimant) -> Result<(), Error> {
        let payer = crate::store::accounts::by_id(tx.conn(), campaign.payer).await?;
        if payer.is_some_and(|payer| payer.appid == who.appid) { Ok(()) } else { Err(crate::Said::Forbidden.into()) }
    }

    /// Gathers every fact the decision needs.
    async fn consider(
        &self,
        tx: &Tx,
        campaign: &Campaign,
        who: &Claimant,
        amount: Fen,
        now: UnixMs,
    ) -> Result<Considered, Error> {
        let (held, right) = self.best_right(tx, campaign, who, now).await?;
        let account = held.as_ref().map(|h| h.account);
        let already_claimed = self.has_claimed(tx, campaign, who, held.as_ref()).await?;
        let line = budgets::of_campaign(tx.conn(), campaign.id).await?;
        let asserted = campaigns::asserted_so_far(tx.conn(), campaign.id).await?;
        let facts = Facts {
            opening: campaign.opening(now),
            already_claimed,
            right,
            amount,
            available: line.map_or(Fen::ZERO, |l| l.available),
            asserted_left: campaign.asserted_cap.checked_sub(asserted).unwrap_or(Fen::ZERO),
        };
        Ok(Considered { facts, held, account })
    }

    /// The person's best ticket, or what is wrong with the one they have.
    async fn best_right(
        &self,
        tx: &Tx,
        campaign: &Campaign,
        who: &Claimant,
        now: UnixMs,
    ) -> Result<(Option<Held>, Result<Right, Refusal>), Error> {
        let mut first_problem = None;
        for held in tickets::of_person(tx.conn(), campaign.id, &who.openid).await? {
            if let Err(wrong) = held.ticket.open(&who.openid, now) {
                first_problem.get_or_insert((Refusal::from(wrong), held));
                continue;
            }
            let right = self.right_of(tx, campaign, &held, now).await?;
            if right.account_active && right.still_following {
                return Ok((Some(held), Ok(right)));
            }
            let refusal = if right.account_active { Refusal::NotFollowing } else { Refusal::AccountGone };
            first_problem.get_or_insert((refusal, held));
        }
        Ok(match first_problem {
            Some((refusal, held)) => (Some(held), Err(refusal)),
            None => (None, Err(Refusal::NoTicket)),
        })
    }

    async fn right_of(&self, tx: &Tx, campaign: &Campaign, held: &Held, now: UnixMs) -> Result<Right, Error> {
        let follow = followers::by_id(tx.conn(), held.follow).await?;
        let follow = follow.ok_or_else(|| Error::broken("a ticket without its follow"))?;
        let member = campaigns::member_of(tx.conn(), campaign.id, held.account).await?;
        let account_active = member.is_some_and(|m| {
            m.active
                && m.account.retired_at.is_none()
                && (follow.grade != Grade::Asserted || m.account.accepts_edit_key(now))
        });
        let still_following = match &follow.openid {
            Some(openid) => {
                followers::known(tx.conn(), held.account, openid).await?.is_some_and(|(_, following)| following)
            }
            None => true,
        };
        Ok(Right { grade: follow.grade, novelty: follow.novelty, account_active, still_following })
    }

    async fn has_claimed(
        &self,
        tx: &Tx,
        campaign: &Campaign,
        who: &Claimant,
        held: Option<&Held>,
    ) -> Result<bool, Error> {
        let account = match (campaign.scope, held) {
            (_, Some(held)) => held.account,
            (Scope::Campaign, None) => campaign.payer,
            (Scope::Account, None) => return Ok(false),
        };
        for (kind, value) in self.keys(tx, who, held).await? {
            if store::claim_of_key(tx.conn(), campaign, account, kind, &value).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every identity of the person that is known now.
    async fn keys(&self, tx: &Tx, who: &Claimant, held: Option<&Held>) -> Result<Vec<(&'static str, String)>, Error> {
        let mut keys = vec![("payee", format!("{}:{}", who.appid, who.openid))];
        if let Some(held) = held
            && let Some(openid) = followers::by_id(tx.conn(), held.follow).await?.and_then(|f| f.openid)
        {
            keys.push(("follow", format!("{}:{}", held.account, openid)));
        }
        if let Some(unionid) = &who.unionid {
            keys.push(("unionid", unionid.as_str().to_owned()));
        }
        Ok(keys)
    }

    #[expect(clippy::too_many_arguments, reason = "each is one named thing the grant stands on")]
    async fn grant(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        who: &Claimant,
        held: &Held,
        right: Right,
        amount: Fen,
        now: UnixMs,
    ) -> Result<Result<(), Refusal>, Error> {
        let id = ClaimId(self.draw().id(now));
        let account = held.account;
        let new = NewClaim {
            id,
            campaign: campaign.id,
            account,
            follow: held.follow,
            payee: &who.openid,
            grade: right.grade,
            amount,
            ip: &who.ip,
            at: now,
        };
        store::insert(tx, &new).await?;
        for (kind, value) in self.keys(tx, who, Some(held)).await? {
            if !store::take_key(tx, campaign, account, kind, &value, id).await? {
                return Ok(Err(Refusal::AlreadyClaimed));
            }
        }
        if !tickets::use_up(tx, &held.code_hash, id).await? {
            return Ok(Err(Refusal::WrongTicket));
        }
        let budget = budgets::of_campaign(tx.conn(), campaign.id).await?.ok_or_else(Error::not_found)?;
        let payout = PayoutId(self.draw().id(now));
        let reserve = Transfer {
            id: self.draw().id(now),
            line: budget.line,
            event: ledger::Event::Reserve,
            amount,
            payout: Some(payout),
            operator: None,
            at: now,
        };
        if !budgets::transfer(tx, &reserve).await? {
            return Ok(Err(Refusal::UsedUp));
        }
        if right.grade == Grade::Asserted {
            let within = campaigns::add_asserted(tx, campaign.id, amount.get()).await?;
            if !within {
                return Ok(Err(Refusal::UsedUp));
            }
        }
        let request = self.frozen_request(tx, campaign, who, amount, now).await?;
        payouts::queue(
            tx,
            &payouts::NewPayout { id: payout, claim: id, line: budget.line, amount, request: &request, at: now },
        )
        .await?;
        let link = followers::by_id(tx.conn(), held.follow).await?.and_then(|f| f.link);
        let key = Key { campaign: campaign.id, account, link, minute: now.minute() };
        let delta = Figures { claims: 1, granted_fen: amount, ..Figures::default() }.into();
        rollups::add(tx, &key, self.settings().node, &delta).await?;
        Ok(Ok(()))
    }

    async fn refuse(
        &self,
        mut tx: Tx,
        campaign: &Campaign,
        who: &Claimant,
        account: Option<AccountId>,
        reason: Refusal,
        now: UnixMs,
    ) -> Result<Claimed, Error> {
        // "Used up" and "already claimed" are asked by the thousand: they are counted, not stored one by one.
        if !matches!(reason, Refusal::UsedUp | Refusal::AlreadyClaimed) {
            let id = self.draw().id(now);
            let new =
                NewRefusal { id, campaign: campaign.id, account, payee: &who.openid, reason, ip: &who.ip, at: now };
            store::refuse(&mut tx, &new).await?;
        }
        let account = account.unwrap_or(campaign.payer);
        let key = Key { campaign: campaign.id, account, link: None, minute: now.minute() };
        let delta = Figures { refusals: 1, ..Figures::default() }.into();
        rollups::add(&mut tx, &key, self.settings().node, &delta).await?;
        tx.commit().await?;
        self.touch();
        Ok(Claimed::Refused(reason))
    }
}

/// The last of a budget still makes a packet if the rule allows one as small as what is left.
fn last_packet(rule: rules::prize::PrizeRule, drawn: Fen, left: Fen) -> Fen {
    if left >= rule.min() { drawn.min(left) } else { drawn }
}

fn own_claim(s: &Standing) -> OwnClaim {
    let mendable =
        matches!(s.err_code.as_str(), "NO_AUTH" | "V2_ACCOUNT_SIMPLE_BAN" | "RCVDAMOUNT_LIMIT" | "SENDNUM_LIMIT");
    OwnClaim { account: s.account, at: s.at, amount: s.amount, claim: s.claim, payout: s.payout, mendable }
}
