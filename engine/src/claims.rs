//! Claims: a follower's request becomes a claim, a reservation and a payout in one transaction, or a refusal.
//! Refuses to answer before what it says is durable.

use crate::store::budgets::{self, Transfer};
use crate::store::claims::{self as store, NewClaim, NewRefusal, Standing};
use crate::store::followers::Follow;
use crate::store::live::{self as rollups, Key};
use crate::store::payouts::NewPayout;
use crate::store::tickets::Held;
use crate::store::{Tx, campaigns, followers, payouts, tickets};
use crate::{Engine, Error, crash};
use rules::Fen;
use rules::campaign::{Campaign, Opening, Scope};
use rules::eligibility::{self, Facts, Refusal, Right};
use rules::follow::Grade;
use rules::ids::{AccountId, Appid, ClaimId, LineId, Openid, PayoutId, Slug, Unionid};
use rules::ledger::{self, Budget};
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

/// A ticket and the follow it was given for.
struct Stand {
    held: Held,
    follow: Follow,
}

/// What was decided about a request, and on which ticket.
struct Considered {
    decision: Result<Right, Refusal>,
    amount: Fen,
    stand: Option<Stand>,
    line: Option<LineId>,
}

/// What holds for the whole campaign at this moment.
struct Ground<'a> {
    campaign: &'a Campaign,
    opening: Opening,
    drawn: Fen,
    budget: Option<Budget>,
    asserted_left: Fen,
}

/// Everything a new claim stands on.
struct Grant<'a> {
    campaign: &'a Campaign,
    who: &'a Claimant,
    stand: &'a Stand,
    line: LineId,
    right: Right,
    amount: Fen,
    now: UnixMs,
}

impl Engine {
    /// A follower asks for their packet. The answer is durable when it is given.
    pub async fn claim(&self, slug: &Slug, who: &Claimant) -> Result<Claimed, Error> {
        let now = self.clock().now();
        let die = self.draw().number();
        self.retried(|| self.claim_once(slug, who, die, now)).await
    }

    async fn claim_once(&self, slug: &Slug, who: &Claimant, die: u64, now: UnixMs) -> Result<Claimed, Error> {
        let mut tx = self.db().begin().await?;
        let campaign = campaigns::by_slug(tx.conn(), slug).await?.ok_or_else(Error::not_found)?;
        self.payer_matches(&tx, &campaign, who).await?;
        let considered = self.consider(&tx, &campaign, who, campaign.prize.draw(die), now).await?;
        let right = match considered.decision {
            Ok(right) => right,
            Err(refusal) => return self.refuse(tx, &campaign, who, &considered, refusal, now).await,
        };
        let (Some(stand), Some(line)) = (&considered.stand, considered.line) else {
            return Err(Error::broken("a right without its ticket or its budget line"));
        };
        let amount = considered.amount;
        let grant = Grant { campaign: &campaign, who, stand, line, right, amount, now };
        if let Err(refusal) = self.grant(&mut tx, &grant).await? {
            drop(tx);
            let tx = self.db().begin().await?;
            return self.refuse(tx, &campaign, who, &considered, refusal, now).await;
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
            right: considered.decision.map(|_| ()),
            follows_payer,
        })
    }

    async fn payer_matches(&self, tx: &Tx, campaign: &Campaign, who: &Claimant) -> Result<(), Error> {
        let payer = crate::store::accounts::by_id(tx.conn(), campaign.payer).await?;
        if payer.is_some_and(|payer| payer.appid == who.appid) { Ok(()) } else { Err(crate::Said::Forbidden.into()) }
    }

    /// Gathers every fact and decides, for each of the person's tickets until one gives a right.
    async fn consider(
        &self,
        tx: &Tx,
        campaign: &Campaign,
        who: &Claimant,
        drawn: Fen,
        now: UnixMs,
    ) -> Result<Considered, Error> {
        let budget = budgets::of_campaign(tx.conn(), campaign.id).await?;
        let asserted = campaigns::asserted_so_far(tx.conn(), campaign.id).await?;
        let ground = Ground {
            campaign,
            opening: self.opening(tx, campaign, now).await?,
            drawn,
            budget,
            asserted_left: campaign.asserted_cap.checked_sub(asserted).unwrap_or(Fen::ZERO),
        };
        let mut first_problem = None;
        for held in tickets::of_person(tx.conn(), campaign.id, &who.openid).await? {
            let considered = self.consider_ticket(tx, &ground, who, held, now).await?;
            if considered.decision.is_ok() {
                return Ok(considered);
            }
            first_problem.get_or_insert(considered);
        }
        if let Some(problem) = first_problem {
            return Ok(problem);
        }
        let already_claimed = self.has_claimed(tx, campaign, who, None).await?;
        let decision = ground.decide(already_claimed, Err(Refusal::NoTicket)).map(|(right, _)| right);
        Ok(Considered { decision, amount: drawn, stand: None, line: None })
    }

    async fn consider_ticket(
        &self,
        tx: &Tx,
        ground: &Ground<'_>,
        who: &Claimant,
        held: Held,
        now: UnixMs,
    ) -> Result<Considered, Error> {
        let follow = followers::by_id(tx.conn(), held.follow).await?;
        let stand = Stand { held, follow: follow.ok_or_else(|| Error::broken("a ticket without its follow"))? };
        let already_claimed = self.has_claimed(tx, ground.campaign, who, Some(&stand)).await?;
        let right = match stand.held.ticket.open(&who.openid, now) {
            Ok(()) => Ok(self.right_of(tx, ground.campaign, &stand, now).await?),
            Err(wrong) => Err(Refusal::from(wrong)),
        };
        let decided = ground.decide(already_claimed, right);
        let amount = decided.map_or(ground.drawn, |(_, amount)| amount);
        let line = ground.budget.map(|budget| budget.line);
        Ok(Considered { decision: decided.map(|(right, _)| right), amount, stand: Some(stand), line })
    }

    async fn right_of(&self, tx: &Tx, campaign: &Campaign, stand: &Stand, now: UnixMs) -> Result<Right, Error> {
        let follow = &stand.follow;
        let member = campaigns::member_of(tx.conn(), campaign.id, follow.account).await?;
        let account_active = member.is_some_and(|m| {
            m.active
                && m.account.retired_at.is_none()
                && (follow.grade != Grade::Asserted || m.account.accepts_edit_key(now))
        });
        let still_following = match &follow.openid {
            Some(openid) => {
                followers::known(tx.conn(), follow.account, openid).await?.is_some_and(|(_, following)| following)
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
        stand: Option<&Stand>,
    ) -> Result<bool, Error> {
        let account = match (campaign.scope, stand) {
            (_, Some(stand)) => stand.follow.account,
            (Scope::Campaign, None) => campaign.payer,
            (Scope::Account, None) => return Ok(false),
        };
        for (kind, value) in keys(who, stand) {
            if store::claim_of_key(tx.conn(), campaign, account, kind, &value).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the claim, its keys, its reservation and its payout; the caller's transaction makes them one.
    async fn grant(&self, tx: &mut Tx, grant: &Grant<'_>) -> Result<Result<(), Refusal>, Error> {
        let Grant { campaign, who, stand, line, right, amount, now } = *grant;
        let id = ClaimId(self.draw().id(now));
        let account = stand.follow.account;
        let new = NewClaim {
            id,
            campaign: campaign.id,
            account,
            follow: stand.follow.id,
            payee: &who.openid,
            grade: right.grade,
            amount,
            ip: &who.ip,
            at: now,
        };
        store::insert(tx, &new).await?;
        for (kind, value) in keys(who, Some(stand)) {
            if !store::take_key(tx, campaign, account, kind, &value, id).await? {
                return Ok(Err(Refusal::AlreadyClaimed));
            }
        }
        if !tickets::use_up(tx, &stand.held.code_hash, id).await? {
            return Ok(Err(Refusal::WrongTicket));
        }
        let payout = PayoutId(self.draw().id(now));
        let reserve = Transfer {
            id: self.draw().id(now),
            line,
            event: ledger::Event::Reserve,
            amount,
            payout: Some(payout),
            operator: None,
            at: now,
        };
        if !budgets::transfer(tx, &reserve).await? {
            return Ok(Err(Refusal::UsedUp));
        }
        if right.grade == Grade::Asserted && !campaigns::add_asserted(tx, campaign.id, amount.get()).await? {
            return Ok(Err(Refusal::UsedUp));
        }
        let request = self.frozen_request(tx, campaign, who, amount, now).await?;
        let new = NewPayout { id: payout, claim: id, line, amount, request: &request, at: now };
        payouts::queue(tx, &new).await?;
        let key = Key { campaign: campaign.id, account, link: stand.follow.link, minute: now.minute() };
        let delta = Figures { claims: 1, granted_fen: amount, ..Figures::default() }.into();
        rollups::add(tx, &key, self.settings().node, &delta).await?;
        Ok(Ok(()))
    }

    async fn refuse(
        &self,
        mut tx: Tx,
        campaign: &Campaign,
        who: &Claimant,
        considered: &Considered,
        reason: Refusal,
        now: UnixMs,
    ) -> Result<Claimed, Error> {
        // "Used up" and "already claimed" are asked by the thousand: they are counted, not stored one by one.
        let account = considered.stand.as_ref().map(|stand| stand.follow.account);
        let link = considered.stand.as_ref().and_then(|stand| stand.follow.link);
        if !matches!(reason, Refusal::UsedUp | Refusal::AlreadyClaimed) {
            let id = self.draw().id(now);
            let new =
                NewRefusal { id, campaign: campaign.id, account, payee: &who.openid, reason, ip: &who.ip, at: now };
            store::refuse(&mut tx, &new).await?;
        }
        let account = account.unwrap_or(campaign.payer);
        let key = Key { campaign: campaign.id, account, link, minute: now.minute() };
        let delta = Figures { refusals: 1, ..Figures::default() }.into();
        rollups::add(&mut tx, &key, self.settings().node, &delta).await?;
        tx.commit().await?;
        self.touch();
        Ok(Claimed::Refused(reason))
    }
}

impl Ground<'_> {
    /// Decides about one right, with the amount it would get.
    fn decide(&self, already_claimed: bool, right: Result<Right, Refusal>) -> Result<(Right, Fen), Refusal> {
        let available = self.budget.map_or(Fen::ZERO, |budget| budget.available);
        let asserted = right.is_ok_and(|right| right.grade == Grade::Asserted);
        let left = if asserted { available.min(self.asserted_left) } else { available };
        // The last of a budget still makes a packet if the rule allows one as small as what is left.
        let amount = if left >= self.campaign.prize.min() { self.drawn.min(left) } else { self.drawn };
        let facts = Facts {
            opening: self.opening,
            already_claimed,
            right,
            amount,
            available,
            asserted_left: self.asserted_left,
        };
        eligibility::decide(&facts).map(|right| (right, amount))
    }
}

/// Every identity of the person that is known now.
fn keys(who: &Claimant, stand: Option<&Stand>) -> Vec<(&'static str, String)> {
    let mut keys = vec![("payee", format!("{}:{}", who.appid, who.openid))];
    if let Some(follow) = stand.map(|stand| &stand.follow)
        && let Some(openid) = &follow.openid
    {
        keys.push(("follow", format!("{}:{openid}", follow.account)));
    }
    if let Some(unionid) = &who.unionid {
        keys.push(("unionid", unionid.as_str().to_owned()));
    }
    keys
}

fn own_claim(s: &Standing) -> OwnClaim {
    let mendable = matches!(s.err_code.as_str(), "NO_AUTH" | "V2_ACCOUNT_SIMPLE_BAN");
    OwnClaim { account: s.account, at: s.at, amount: s.amount, claim: s.claim, payout: s.payout, mendable }
}
