//! Rehearsals: testers of a draft claim the smallest amount with real money, through the same payouts and the same ledger.
//! Refuses keys, caps, packets of a total and figures: nothing of the campaign but its money is touched.

use crate::claims::{Claimant, OwnClaim, own_claim, tell_low};
use crate::store::budgets::{self, Transfer};
use crate::store::claims::{self as claims_store, NewClaim, masked};
use crate::store::followers::{self, Follow};
use crate::store::payouts::{self, NewPayout};
use crate::store::rehearsal::{self as store, Listed};
use crate::store::{Tx, accounts, campaigns};
use crate::{Engine, Error, Said, audit, crash, restore};
use rules::Fen;
use rules::campaign::{Campaign, State};
use rules::follow::{Attribution, Grade, Novelty};
use rules::ids::{Appid, CampaignId, ClaimId, FollowId, PayoutId, TesterKey};
use rules::ledger;
use rules::operator::Operator;
use rules::rehearsal::{self, Checks, Facts, Refusal, Rehearsal, Tester};
use rules::say::{Lang, rehearsal as say};
use rules::time::UnixMs;
use sea_orm::ConnectionTrait;

/// Where a tester stands in a draft.
#[derive(Debug, Clone)]
pub struct Rehearsing {
    /// Their newest test packet.
    pub newest: Option<OwnClaim>,
    /// How many packets they have had.
    pub claims: i64,
    /// Whether they may claim one more, or why not.
    pub right: Result<(), Refusal>,
    /// What one more would hold.
    pub amount: Fen,
    /// How staff see them in their list.
    pub openid_masked: String,
    /// True when they follow the paying service account: the packet then comes in its chat.
    pub follows_payer: bool,
}

impl Engine {
    /// The rehearsal of a campaign; nothing once it is no draft any more.
    pub async fn rehearsal(&self, id: CampaignId) -> Result<Option<Rehearsal>, Error> {
        let tx = self.db().begin_read().await?;
        let campaign = campaigns::by_id(tx.conn(), id).await?.ok_or_else(Error::not_found)?;
        if campaign.state != State::Draft {
            return Ok(None);
        }
        let payer = payer_of(tx.conn(), &campaign).await?;
        let mut packets = store::packets(tx.conn(), id).await?;
        let testers = store::testers(tx.conn(), id, &payer).await?.into_iter().map(|listed| {
            let theirs = packets.extract_if(.., |(openid, _)| *openid == listed.openid);
            Tester {
                packets: theirs.map(|(_, packet)| packet).collect(),
                openid_masked: masked(listed.openid.as_str()),
                id: listed.follow,
                active: listed.active,
                added_at: listed.added_at,
            }
        });
        let testers = testers.collect();
        let budget = budgets::of_campaign(tx.conn(), id).await?.ok_or_else(Error::not_found)?;
        Ok(Some(Rehearsal {
            key: store::key(tx.conn(), id).await?,
            amount: rehearsal::amount(&campaign)?,
            testers,
            checks: Checks {
                has_account: campaigns::members(tx.conn(), id).await?.iter().any(|member| member.active),
                is_funded: budget.available >= campaign.prize.min(),
                is_rehearsed: store::is_collected(tx.conn(), &campaign).await?,
            },
        }))
    }

    /// Makes the testers' link of a draft, or a new one; the former stops at once. Errors: it is no draft.
    pub async fn rotate_tester_key(&self, by: &Operator, id: CampaignId, lang: Lang) -> Result<(), Error> {
        let key = TesterKey::try_from(self.draw().code())?;
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let campaign = campaigns::locked(&mut tx, id).await?.ok_or_else(Error::not_found)?;
            if campaign.state != State::Draft {
                return Err(Error::conflict(say::key_wrong_state(lang)));
            }
            store::set_key(&mut tx, id, &key).await?;
            audit::note(self, &mut tx, by, "campaign.rotate_tester_key", id.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes a tester off a draft's list, or puts them back. Errors: not on it; it is no draft; the list is full.
    pub async fn set_tester(
        &self,
        by: &Operator,
        id: CampaignId,
        tester: FollowId,
        active: bool,
        lang: Lang,
    ) -> Result<(), Error> {
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let campaign = campaigns::locked(&mut tx, id).await?.ok_or_else(Error::not_found)?;
            if campaign.state != State::Draft {
                return Err(Error::conflict(say::key_wrong_state(lang)));
            }
            let payer = payer_of(tx.conn(), &campaign).await?;
            let testers = store::testers(tx.conn(), id, &payer).await?;
            if !testers.iter().any(|listed| listed.follow == tester) {
                return Err(Error::not_found());
            }
            let others = testers.iter().filter(|other| other.active && other.follow != tester).count();
            if active && rehearsal::admit(None, others).is_err() {
                return Err(Error::conflict(say::headline(Refusal::Full, lang)));
            }
            store::set_active(&mut tx, tester, active).await?;
            let what = if active { "campaign.add_tester" } else { "campaign.remove_tester" };
            audit::note(self, &mut tx, by, what, tester.0).await?;
            tx.commit().await
        })
        .await
    }

    /// A person whom OAuth identified opens the testers' link of a draft and comes onto its list.
    pub async fn join_testers(
        &self,
        id: CampaignId,
        key: &TesterKey,
        who: &Claimant,
    ) -> Result<Result<(), Refusal>, Error> {
        self.retried(|| self.join_testers_once(id, key, who)).await
    }

    async fn join_testers_once(
        &self,
        id: CampaignId,
        key: &TesterKey,
        who: &Claimant,
    ) -> Result<Result<(), Refusal>, Error> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        // Under the campaign's lock the list cannot grow meanwhile, and nobody starts it.
        let campaign = campaigns::locked(&mut tx, id).await?.ok_or_else(Error::not_found)?;
        known_to_payer(tx.conn(), &campaign, who).await?;
        if campaign.state != State::Draft {
            return Ok(Err(Refusal::NotDraft));
        }
        if !store::is_key(tx.conn(), id, key).await? {
            return Ok(Err(Refusal::WrongLink));
        }
        let testers = store::testers(tx.conn(), id, &who.appid).await?;
        let known = testers.iter().find(|tester| tester.openid == who.openid).map(|tester| tester.active);
        let listed = testers.iter().filter(|tester| tester.active).count();
        if let Err(refusal) = rehearsal::admit(known, listed) {
            return Ok(Err(refusal));
        }
        if known.is_none() {
            self.list(&mut tx, &campaign, who, now).await?;
            tx.commit().await?;
        }
        Ok(Ok(()))
    }

    async fn list(&self, tx: &mut Tx, campaign: &Campaign, who: &Claimant, now: UnixMs) -> Result<(), Error> {
        let follow = Follow {
            id: FollowId(self.draw().id(now)),
            account: campaign.payer,
            openid: None,
            campaign: None,
            link: None,
            attribution: Attribution::None,
            novelty: Novelty::New,
            grade: Grade::Asserted,
            at: now,
        };
        followers::insert(tx, std::slice::from_ref(&follow)).await?;
        let new = Listed { openid: who.openid.clone(), follow: follow.id, active: true, added_at: now };
        store::add(tx, campaign.id, &who.appid, &new).await
    }

    /// Where a person stands as a tester of a draft; nothing for everybody else. Changes nothing.
    pub async fn rehearsing(&self, campaign: &Campaign, who: &Claimant) -> Result<Option<Rehearsing>, Error> {
        let tx = self.db().begin_read().await?;
        let (facts, claims) = facts(tx.conn(), campaign, who, self.clock().now()).await?;
        if facts.state != State::Draft || facts.listed != Some(true) {
            return Ok(None);
        }
        let newest = claims_store::of_person(tx.conn(), campaign.id, &who.openid, true).await?;
        let known = followers::known(tx.conn(), campaign.payer, &who.openid).await?;
        Ok(Some(Rehearsing {
            newest: newest.first().map(own_claim),
            claims,
            right: rehearsal::decide(&facts),
            amount: facts.amount,
            openid_masked: masked(who.openid.as_str()),
            follows_payer: known.is_some_and(|(_, following)| following),
        }))
    }

    /// A tester asks for one more packet, after so many. The answer is durable when it is given: the amount, or nothing
    /// when the same request came before. Errors: no such campaign; the person was identified by another account than
    /// the campaign's payer.
    pub async fn rehearse(
        &self,
        id: CampaignId,
        who: &Claimant,
        after: i64,
    ) -> Result<Result<Option<Fen>, Refusal>, Error> {
        let done = self.retried(|| self.rehearse_once(id, who, after)).await?;
        if done.is_ok() {
            self.wake_worker();
            self.touch();
        }
        Ok(done)
    }

    async fn rehearse_once(
        &self,
        id: CampaignId,
        who: &Claimant,
        after: i64,
    ) -> Result<Result<Option<Fen>, Refusal>, Error> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        // Line, then campaign, as every verb takes them: two taps come one after the other, and so does a start.
        budgets::lock(&mut tx, id).await?;
        let campaign = campaigns::locked(&mut tx, id).await?.ok_or_else(Error::not_found)?;
        known_to_payer(tx.conn(), &campaign, who).await?;
        let (facts, claims) = facts(tx.conn(), &campaign, who, now).await?;
        if let Err(refusal) = rehearsal::decide(&facts) {
            return Ok(Err(refusal));
        }
        // A form that is sent again, because its answer was lost, asks for what it has been given.
        if claims != after {
            return Ok(Ok(None));
        }
        self.grant(&mut tx, &campaign, who, facts.amount, now).await?;
        crash::point("claim_before_commit");
        tx.commit().await?;
        crash::point("claim_after_commit");
        Ok(Ok(Some(facts.amount)))
    }

    /// Claim, reservation and payout, as an ordinary claim writes them, and nothing else.
    async fn grant(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        who: &Claimant,
        amount: Fen,
        now: UnixMs,
    ) -> Result<(), Error> {
        let tester = store::tester(tx.conn(), campaign.id, &who.appid, &who.openid).await?;
        let tester = tester.ok_or_else(|| Error::broken("a tester who is not on the list"))?;
        let budget = budgets::of_campaign(tx.conn(), campaign.id).await?.ok_or_else(Error::not_found)?;
        let (claim, payout, line) = (ClaimId(self.draw().id(now)), PayoutId(self.draw().id(now)), budget.line);
        let new = NewClaim {
            id: claim,
            campaign: campaign.id,
            account: campaign.payer,
            follow: tester.follow,
            payee: who.openid.clone(),
            grade: Grade::Asserted,
            amount,
            ip: who.ip.clone(),
            at: now,
        };
        claims_store::insert(tx.conn(), &[new], true).run(tx).await?;
        let reserve = Transfer {
            id: self.draw().id(now),
            line,
            event: ledger::Event::Reserve,
            amount,
            payout: Some(payout),
            operator: None,
            at: now,
        };
        if !budgets::transfer(tx, &[reserve]).await? {
            return Err(Error::broken("a rehearsal took more than its line has"));
        }
        let merchant = self.merchant_in(tx.conn(), &campaign.mch_id).await?;
        let request = self.freeze(&merchant.apiv2_key, campaign, who, amount, now)?;
        let new = NewPayout { id: payout, claim, line, amount, request, at: now };
        payouts::queue(tx.conn(), &[new]).run(tx).await?;
        let left = budget.available.checked_sub(amount);
        let left = left.ok_or_else(|| Error::broken("a rehearsal beyond its line"))?;
        tell_low(tx, campaign, (budget.available, left), now).await
    }
}

/// What decides about one more packet for this person, and how many they have had.
async fn facts(
    db: &impl ConnectionTrait,
    campaign: &Campaign,
    who: &Claimant,
    now: UnixMs,
) -> Result<(Facts, i64), Error> {
    let listed = store::tester(db, campaign.id, &who.appid, &who.openid).await?.map(|tester| tester.active);
    let standing = store::standing(db, campaign.id, &who.openid, now.day().start()).await?;
    let budget = budgets::of_campaign(db, campaign.id).await?.ok_or_else(Error::not_found)?;
    let facts = Facts {
        state: campaign.state,
        listed,
        held: restore::is_held(db).await?,
        under_way: standing.under_way,
        claims_today: standing.today,
        available: budget.available,
        amount: rehearsal::amount(campaign)?,
    };
    Ok((facts, standing.claims))
}

async fn payer_of(db: &impl ConnectionTrait, campaign: &Campaign) -> Result<Appid, Error> {
    let payer = accounts::by_id(db, campaign.payer).await?;
    Ok(payer.ok_or_else(|| Error::broken("a campaign without its payer"))?.appid)
}

/// An openid means somebody only under the account that told it.
async fn known_to_payer(db: &impl ConnectionTrait, campaign: &Campaign, who: &Claimant) -> Result<(), Error> {
    if payer_of(db, campaign).await? == who.appid { Ok(()) } else { Err(Said::Forbidden.into()) }
}
