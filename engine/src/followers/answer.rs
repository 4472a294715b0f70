//! The answers to follows and to 「红包」: a ticket's link, the packet itself, or why there is none.
//! Refuses to give a ticket to somebody who followed before the campaign.

use crate::claims::{Answer, Claimant, Claimed, Request};
use crate::store::followers::{self as store, Follow};
use crate::store::live::{self as rollups, Key};
use crate::store::{Tx, campaigns, claims, tickets};
use crate::{Engine, Error};
use rules::account::{Account, OnFollow};
use rules::campaign::{Campaign, Scope};
use rules::eligibility::Refusal;
use rules::follow::{History, Novelty};
use rules::ids::{AccountId, Openid};
use rules::live::Figures;
use rules::say::reply as say;
use rules::time::UnixMs;

/// Who is answered, by which account, for which campaign.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub account: &'a Account,
    pub campaign: &'a Campaign,
    pub openid: &'a Openid,
    pub die: u64,
    pub follow: &'a Follow,
}

impl Engine {
    /// The answers to follows or to 「红包」, each of another person: a ticket's link, the packet itself, or why there is
    /// none.
    pub(super) async fn answer_follows(
        &self,
        tx: &mut Tx,
        all: &[Asking<'_>],
        now: UnixMs,
    ) -> Result<Vec<String>, Error> {
        let lang = self.reply_lang();
        let keys = all.iter().map(|asking| follow_key(asking.campaign, asking.account.id, asking.openid));
        let taken = claims::taken(tx.conn(), &keys.collect()).await?;
        let mut texts = Vec::with_capacity(all.len());
        let (mut new_tickets, mut paid_at_once) = (Vec::new(), Vec::new());
        for (at, asking) in all.iter().enumerate() {
            let Asking { account, campaign, openid, follow, .. } = *asking;
            let page = self.page_of(campaign);
            texts.push(if taken.contains(&follow_key(campaign, account.id, openid)) {
                say::claimed_reply(&page, lang)
            } else if follow.novelty == Novelty::Earlier {
                say::earlier_follower_reply(lang).to_owned()
            } else if account.on_follow == OnFollow::Pay && account.id == campaign.payer {
                new_tickets.push(self.new_ticket(campaign, follow, Some(openid), now)?.1);
                paid_at_once.push(at);
                String::new()
            } else {
                let (code, ticket) = self.new_ticket(campaign, follow, None, now)?;
                new_tickets.push(ticket);
                say::follow_reply(&campaign.texts.greeting, &format!("{page}?t={code}"), lang)
            });
        }
        if !new_tickets.is_empty() {
            tickets::insert(tx, &new_tickets).await?;
        }
        let payees: Vec<&Asking<'_>> = paid_at_once.iter().map(|at| &all[*at]).collect();
        for (at, text) in paid_at_once.into_iter().zip(self.pay_follows(tx, &payees, now).await?) {
            texts[at] = text;
        }
        Ok(texts)
    }

    fn page_of(&self, campaign: &Campaign) -> String {
        format!("{}/c/{}", self.settings().entry_url, campaign.slug)
    }

    /// Follows of the paying service account make their claims themselves, through the same keys, budget and caps as a
    /// tap on the claim page. No address is known; what is decided is durable with the pushes.
    async fn pay_follows(&self, tx: &mut Tx, all: &[&Asking<'_>], now: UnixMs) -> Result<Vec<String>, Error> {
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let request = |asking: &&Asking<'_>| {
            let (appid, openid) = (asking.account.appid.clone(), asking.openid.clone());
            let who = Claimant { appid, openid, unionid: None, ip: String::new() };
            Request { slug: asking.campaign.slug.clone(), who, die: asking.die }
        };
        let requests: Vec<Request> = all.iter().map(request).collect();
        let answers = self.claim_in(tx, &requests.iter().collect::<Vec<_>>(), now).await?;
        let lang = self.reply_lang();
        let said = |(asking, answer): (&&Asking<'_>, Answer)| {
            let page = self.page_of(asking.campaign);
            Ok(match answer? {
                Claimed::Granted(amount) => {
                    say::paid_follow_reply(&asking.campaign.texts.greeting, amount, &page, lang)
                }
                Claimed::Refused(Refusal::AlreadyClaimed) => say::claimed_reply(&page, lang),
                Claimed::Refused(why) => say::refused_reply(why, lang),
            })
        };
        all.iter().zip(answers).map(said).collect()
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
        let asking = Asking { account, campaign, openid, die, follow: &follow };
        let text = self.answer_follows(tx, &[asking], now).await?.pop();
        self.keep_newest_tickets(tx, follow.id).await?;
        text.ok_or_else(|| Error::broken("a message without its answer"))
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
        claims::refuse(tx.conn(), &[refusal]).run(tx).await?;
        let key = Key { campaign: campaign.id, account: account.id, link: None, minute: now.minute() };
        let delta = Figures { refusals: 1, ..Figures::default() }.into();
        rollups::add(tx, self.settings().node, &rollups::one(key, &delta)).await?;
        Ok(say::refused_reply(Refusal::FollowUnseen, self.reply_lang()))
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
