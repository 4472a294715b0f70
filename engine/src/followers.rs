//! Follows: new, returning or earlier; which link they came through; and the ticket that answers them.
//! Refuses to give a ticket to somebody who followed before the campaign.
//!
//! A follow can be lost: WeChat delivers an event three times within 15 seconds and never again. Of somebody who first
//! shows up by a message, all that is known is that they follow. If the campaign had not started, they are an earlier
//! follower. If it had, their follow may be old or lost, and nothing can tell: they get no ticket, are told that their
//! follow did not reach us and to leave and follow again, and the request is kept for staff as a refusal; that follow
//! counts as new. Somebody who first shows up by leaving is taken for an earlier follower, as nearly all of them are:
//! only who says so while following has the benefit of the doubt.

use crate::claims::{Claimant, Claimed, Request};
use crate::store::followers::{self as store, Follow};
use crate::store::live::{self as rollups, Key};
use crate::store::{Tx, campaigns, claims, links};
use crate::{Engine, Error};
use rules::account::{Account, OnFollow};
use rules::campaign::{Campaign, Scope};
use rules::eligibility::Refusal;
use rules::follow::{Attribution, Before, Grade, History, Novelty};
use rules::ids::{AccountId, FollowId, LinkCode, LinkId, Openid};
use rules::live::Figures;
use rules::say::reply as say;
use rules::time::UnixMs;

/// A follow event.
pub(crate) struct Followed<'a> {
    pub account: &'a Account,
    pub openid: &'a Openid,
    pub scene: Option<&'a str>,
    pub at: UnixMs,
    /// Thrown once when the push arrived: what the follow gets where it is paid at once.
    pub die: u64,
}

/// Who is answered, by which account, for which campaign.
#[derive(Clone, Copy)]
struct Asking<'a> {
    account: &'a Account,
    campaign: &'a Campaign,
    openid: &'a Openid,
    die: u64,
}

impl Engine {
    /// Records a follow and answers it, inside the push's transaction.
    pub(crate) async fn followed(&self, tx: &mut Tx, event: &Followed<'_>, now: UnixMs) -> Result<String, Error> {
        let before = store::known(tx.conn(), event.account.id, event.openid).await?.map(|(before, _)| before);
        // What is known only from after this event says nothing about before it: pushes may arrive out of order.
        let before = before.filter(|before| before.first_followed_at <= event.at);
        store::came(tx, event.account.id, event.openid, event.at).await?;
        let open = campaigns::open_with(tx.conn(), event.account.id, now).await?;
        let campaign = open.first();
        let novelty = Novelty::of(before, campaign.and_then(|c| c.started_at));
        let (link, attribution) = self.attribute_at_once(tx, campaign, event).await?;
        let follow = Follow {
            id: FollowId(self.draw().id(now)),
            account: event.account.id,
            openid: Some(event.openid.clone()),
            campaign: campaign.map(|c| c.id),
            link,
            attribution,
            novelty,
            grade: Grade::Proven,
            at: now,
        };
        store::insert(tx, &follow).await?;
        let Some(campaign) = campaign else { return Ok(String::new()) };
        self.count_follow(tx, campaign, &follow).await?;
        if event.account.retired_at.is_some() {
            return Ok(String::new());
        }
        let asking = Asking { account: event.account, campaign, openid: event.openid, die: event.die };
        self.answer_follow(tx, &asking, &follow, now).await
    }

    /// The answer to a follow or to 「红包」: a ticket's link, the packet itself, or why there is none.
    async fn answer_follow(
        &self,
        tx: &mut Tx,
        asking: &Asking<'_>,
        follow: &Follow,
        now: UnixMs,
    ) -> Result<String, Error> {
        let Asking { account, campaign, openid, .. } = *asking;
        let lang = self.reply_lang();
        let page = format!("{}/c/{}", self.settings().entry_url, campaign.slug);
        if claims::claim_of_key(tx.conn(), &follow_key(campaign, follow.account, openid)).await?.is_some() {
            return Ok(say::claimed_reply(&page, lang));
        }
        if follow.novelty == Novelty::Earlier {
            return Ok(say::earlier_follower_reply(lang).to_owned());
        }
        if account.on_follow == OnFollow::Pay && account.id == campaign.payer {
            return self.pay_follow(tx, asking, follow, &page, now).await;
        }
        let code = self.issue_ticket(tx, campaign, follow, None, now).await?;
        Ok(say::follow_reply(&campaign.texts.greeting, &format!("{page}?t={code}"), lang))
    }

    /// The follow of the paying service account makes the claim itself, through the same keys, budget and caps as a tap
    /// on the claim page. No address is known; what is decided is durable with the push.
    async fn pay_follow(
        &self,
        tx: &mut Tx,
        asking: &Asking<'_>,
        follow: &Follow,
        page: &str,
        now: UnixMs,
    ) -> Result<String, Error> {
        let Asking { account, campaign, openid, die } = *asking;
        self.issue_ticket(tx, campaign, follow, Some(openid), now).await?;
        let who = Claimant { appid: account.appid.clone(), openid: openid.clone(), unionid: None, ip: String::new() };
        let request = Request { slug: campaign.slug.clone(), who, die };
        let mut answers = self.claim_in(tx, &[&request], now).await?;
        let lang = self.reply_lang();
        match answers.pop().ok_or_else(|| Error::broken("a claim without its answer"))?? {
            Claimed::Granted(amount) => Ok(say::paid_follow_reply(&campaign.texts.greeting, amount, page, lang)),
            Claimed::Refused(Refusal::AlreadyClaimed) => Ok(say::claimed_reply(page, lang)),
            Claimed::Refused(why) => Ok(say::refused_reply(why, lang)),
        }
    }

    /// 「红包」: an unused ticket again, for somebody who follows and came in this campaign.
    pub(crate) async fn another_ticket(
        &self,
        tx: &mut Tx,
        account: &Account,
        openid: &Openid,
        die: u64,
        now: UnixMs,
    ) -> Result<String, Error> {
        let known = store::known(tx.conn(), account.id, openid).await?;
        let open = campaigns::open_with(tx.conn(), account.id, now).await?;
        let (Some(campaign), Some((before, true)), None) = (open.first(), known, account.retired_at) else {
            return Ok(String::new());
        };
        if before.history == History::Unseen && before.is_since(campaign.started_at) {
            return self.refuse_unseen(tx, campaign, account, openid, now).await;
        }
        let follow = match store::latest(tx.conn(), account.id, openid, campaign.id).await? {
            Some(follow) => follow,
            None => self.follow_while_paused(tx, campaign, account, openid, before, now).await?,
        };
        self.answer_follow(tx, &Asking { account, campaign, openid, die }, &follow, now).await
    }

    /// Somebody who follows since nobody knows when: an honest answer, and a row for staff.
    async fn refuse_unseen(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        account: &Account,
        openid: &Openid,
        now: UnixMs,
    ) -> Result<String, Error> {
        let refusal = claims::NewRefusal {
            id: self.draw().id(now),
            campaign: campaign.id,
            account: Some(account.id),
            payee: openid.clone(),
            reason: Refusal::FollowUnseen,
            ip: String::new(),
            at: now,
        };
        claims::refuse(tx, &[refusal]).await?;
        let key = Key { campaign: campaign.id, account: account.id, link: None, minute: now.minute() };
        let delta = Figures { refusals: 1, ..Figures::default() }.into();
        rollups::add(tx, self.settings().node, &rollups::one(key, &delta)).await?;
        Ok(say::refused_reply(Refusal::FollowUnseen, self.reply_lang()))
    }

    /// Somebody whose follow came while the campaign took no claims, and who asks now that it does.
    async fn follow_while_paused(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        account: &Account,
        openid: &Openid,
        before: Before,
        now: UnixMs,
    ) -> Result<Follow, Error> {
        let novelty = if before.is_since(campaign.started_at) { Novelty::New } else { Novelty::Earlier };
        let is_new = novelty == Novelty::New;
        let (link, attribution) =
            if is_new { self.only_link(tx, campaign, account.id).await? } else { (None, Attribution::None) };
        let follow = Follow {
            id: FollowId(self.draw().id(now)),
            account: account.id,
            openid: Some(openid.clone()),
            campaign: Some(campaign.id),
            link,
            attribution,
            novelty,
            grade: Grade::Proven,
            at: now,
        };
        store::insert(tx, &follow).await?;
        // Somebody who followed long ago and only asks is nobody's follow of this campaign.
        if is_new {
            self.count_follow(tx, campaign, &follow).await?;
        }
        Ok(follow)
    }

    async fn attribute_at_once(
        &self,
        tx: &Tx,
        campaign: Option<&Campaign>,
        event: &Followed<'_>,
    ) -> Result<(Option<LinkId>, Attribution), Error> {
        let Some(campaign) = campaign else { return Ok((None, Attribution::None)) };
        if let Some(code) = event.scene.and_then(|scene| LinkCode::try_from(scene).ok())
            && let Some(link) = links::by_code(tx.conn(), &code).await?
            && link.campaign == campaign.id
            && link.account == event.account.id
        {
            return Ok((Some(link.id), Attribution::Scene));
        }
        self.only_link(tx, campaign, event.account.id).await
    }

    pub(crate) async fn only_link(
        &self,
        tx: &Tx,
        campaign: &Campaign,
        account: AccountId,
    ) -> Result<(Option<LinkId>, Attribution), Error> {
        let only = links::only_link(tx.conn(), campaign.id, account).await?;
        Ok((only, if only.is_some() { Attribution::OnlyLink } else { Attribution::None }))
    }

    pub(crate) async fn count_follow(&self, tx: &mut Tx, campaign: &Campaign, follow: &Follow) -> Result<(), Error> {
        let key = Key { campaign: campaign.id, account: follow.account, link: follow.link, minute: follow.at.minute() };
        rollups::add(tx, self.settings().node, &rollups::one(key, &counted(follow).into())).await
    }

    /// The person who opens the claim page visited a link of that account: the follow is that link's.
    pub(crate) async fn attribute_by_visit(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        follow: &Follow,
        payee: &Openid,
        now: UnixMs,
    ) -> Result<(), Error> {
        if matches!(follow.attribution, Attribution::Scene | Attribution::Ticket) {
            return Ok(());
        }
        // The claim's figures are counted where the follow was: it stays there.
        if claims::stands_on(tx.conn(), follow.id).await? {
            return Ok(());
        }
        let since = now.plus(-crate::links::VISIT_COUNTS_MS);
        let Some(link) = links::visited_by(tx.conn(), campaign.id, follow.account, payee, since).await? else {
            return Ok(());
        };
        store::attribute(tx, follow.id, link, Attribution::Ticket).await?;
        if follow.link == Some(link) {
            return Ok(());
        }
        let node = self.settings().node;
        let delta = rollups::Delta::from(counted(follow));
        let key = Key { campaign: campaign.id, account: follow.account, link: follow.link, minute: follow.at.minute() };
        let mut moved = rollups::one(key, &delta.undone());
        rollups::sum(&mut moved, Key { link: Some(link), ..key }, &delta);
        rollups::add(tx, node, &moved).await
    }
}

/// The key that a claim on a follow of this person takes.
fn follow_key(campaign: &Campaign, account: AccountId, openid: &Openid) -> claims::Key {
    let scope = match campaign.scope {
        Scope::Campaign => 0,
        Scope::Account => account.0,
    };
    claims::Key { campaign: campaign.id, scope, kind: "follow", value: format!("{account}:{openid}") }
}

fn counted(follow: &Follow) -> Figures {
    match follow.novelty {
        Novelty::New => Figures { follows: 1, ..Figures::default() },
        Novelty::Returning | Novelty::Earlier => Figures { refollows: 1, ..Figures::default() },
    }
}
