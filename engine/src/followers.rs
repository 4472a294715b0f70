//! Follows: new, returning or earlier, and which link they came through.
//! Refuses to guess the link: a follow says how it is known.
//!
//! A follow can be lost: WeChat delivers an event three times within 15 seconds and never again. Of somebody who first
//! shows up by a message, all that is known is that they follow. If the campaign had not started, they are an earlier
//! follower. If it had, their follow may be old or lost, and nothing can tell: they get no ticket, are told that their
//! follow did not reach us and to leave and follow again, and the request is kept for staff as a refusal; that follow
//! counts as new. Somebody who first shows up by leaving is taken for an earlier follower, as nearly all of them are:
//! only who says so while following has the benefit of the doubt.

mod answer;

use crate::store::followers::{self as store, Follow};
use crate::store::live::{self as rollups, Deltas, Key};
use crate::store::{Tx, budgets, campaigns, claims, links};
use crate::{Engine, Error};
use answer::Asking;
use rules::account::Account;
use rules::campaign::Campaign;
use rules::follow::{Attribution, Before, Grade, Novelty};
use rules::ids::{AccountId, FollowId, LinkCode, LinkId, Openid};
use rules::link::Link;
use rules::live::Figures;
use rules::time::UnixMs;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// A follow event.
pub(crate) struct Followed<'a> {
    pub account: &'a Account,
    pub openid: &'a Openid,
    pub scene: Option<&'a str>,
    pub at: UnixMs,
    /// Thrown once when the push arrived: what the follow gets where it is paid at once.
    pub die: u64,
}

/// What holds for everybody who follows an account now.
struct Promoted {
    /// The campaign that takes claims, the latest started first.
    campaign: Option<Campaign>,
    /// The account's link in it, if it has only one.
    only_link: Option<LinkId>,
}

impl Engine {
    /// Records follows, each of another person, and answers them, inside the pushes' transaction.
    pub(crate) async fn followed(
        &self,
        tx: &mut Tx,
        events: &[Followed<'_>],
        now: UnixMs,
    ) -> Result<Vec<String>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let people: Vec<_> = events.iter().map(|event| (event.account.id, event.openid)).collect();
        let known = store::known_all(tx.conn(), &people).await?;
        store::came(tx, &events.iter().map(|e| ((e.account.id, e.openid), e.at)).collect::<Vec<_>>()).await?;
        let promoted = self.promoted(tx, events, now).await?;
        let scenes = scenes(tx, events).await?;
        let (mut follows, mut figures) = (Vec::new(), Deltas::default());
        for (event, known) in events.iter().zip(known) {
            let here = &promoted[&event.account.id];
            // What is known only from after this event says nothing about before it: pushes may arrive out of order.
            let before = known.map(|(before, _)| before).filter(|before| before.first_followed_at <= event.at);
            let (link, attribution) = attributed_at_once(here, event, &scenes);
            let campaign = here.campaign.as_ref();
            let follow = Follow {
                id: FollowId(self.draw().id(now)),
                account: event.account.id,
                openid: Some(event.openid.clone()),
                campaign: campaign.map(|c| c.id),
                link,
                attribution,
                novelty: Novelty::of(before, campaign.and_then(|c| c.started_at)),
                grade: Grade::Proven,
                at: now,
            };
            if let Some(campaign) = campaign {
                rollups::sum(&mut figures, key_of(campaign, &follow), &counted(&follow).into());
            }
            follows.push(follow);
        }
        store::insert(tx, &follows).await?;
        rollups::add(tx, self.settings().node, &figures).await?;
        let mut texts = vec![String::new(); events.len()];
        let (mut asking, mut places) = (Vec::new(), Vec::new());
        for (at, (event, follow)) in events.iter().zip(&follows).enumerate() {
            let account = event.account;
            if let (Some(campaign), None) = (&promoted[&account.id].campaign, account.retired_at) {
                asking.push(Asking { account, campaign, openid: event.openid, die: event.die, follow });
                places.push(at);
            }
        }
        for (at, text) in places.into_iter().zip(self.answer_follows(tx, &asking, now).await?) {
            texts[at] = text;
        }
        Ok(texts)
    }

    async fn promoted(
        &self,
        tx: &Tx,
        events: &[Followed<'_>],
        now: UnixMs,
    ) -> Result<HashMap<AccountId, Promoted>, Error> {
        let mut promoted = HashMap::new();
        for account in events.iter().map(|event| event.account.id) {
            if let Entry::Vacant(entry) = promoted.entry(account) {
                let campaign = campaigns::open_with(tx.conn(), account, now).await?.into_iter().next();
                let only_link = match &campaign {
                    Some(campaign) => links::only_link(tx.conn(), campaign.id, account).await?,
                    None => None,
                };
                entry.insert(Promoted { campaign, only_link });
            }
        }
        Ok(promoted)
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
        store::insert(tx, std::slice::from_ref(&follow)).await?;
        // Somebody who followed long ago and only asks is nobody's follow of this campaign.
        if is_new {
            self.count_follow(tx, campaign, &follow).await?;
        }
        Ok(follow)
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
        rollups::add(tx, self.settings().node, &rollups::one(key_of(campaign, follow), &counted(follow).into())).await
    }

    /// The link of that account which the person who opens the claim page visited lately, if the follow may become that
    /// link's. Locks the campaign's line then, as every claim does: a claim stays where its follow was when it was read.
    pub(crate) async fn link_visited(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        follow: FollowId,
        payee: &Openid,
        now: UnixMs,
    ) -> Result<Option<LinkId>, Error> {
        let since = now.plus(-crate::links::VISIT_COUNTS_MS);
        let Some(follow) = store::by_id(tx.conn(), follow).await? else { return Ok(None) };
        if is_told(&follow) {
            return Ok(None);
        }
        let visited = links::visited_by(tx.conn(), campaign.id, follow.account, payee, since).await?;
        if visited.is_some() {
            budgets::lock(tx, campaign.id).await?;
        }
        Ok(visited)
    }

    /// The follow is this link's from now on, unless something else says whose it is, or a claim was counted where it was.
    pub(crate) async fn attribute(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        follow: FollowId,
        link: LinkId,
    ) -> Result<(), Error> {
        let follow = store::by_id(tx.conn(), follow).await?.ok_or_else(Error::not_found)?;
        if is_told(&follow) || claims::stands_on(tx.conn(), follow.id).await? {
            return Ok(());
        }
        store::attribute(tx, follow.id, link, Attribution::Ticket).await?;
        if follow.link == Some(link) {
            return Ok(());
        }
        let node = self.settings().node;
        let delta = rollups::Delta::from(counted(&follow));
        let key = key_of(campaign, &follow);
        let mut moved = rollups::one(key, &delta.undone());
        rollups::sum(&mut moved, Key { link: Some(link), ..key }, &delta);
        rollups::add(tx, node, &moved).await
    }
}

/// True when a scene or a visit said already whose this follow is.
const fn is_told(follow: &Follow) -> bool {
    matches!(follow.attribution, Attribution::Scene | Attribution::Ticket)
}

/// The links that the scenes of follows name.
async fn scenes(tx: &Tx, events: &[Followed<'_>]) -> Result<HashMap<LinkCode, Link>, Error> {
    let codes: HashSet<LinkCode> = events.iter().filter_map(|event| LinkCode::try_from(event.scene?).ok()).collect();
    if codes.is_empty() {
        return Ok(HashMap::new());
    }
    let links = links::by_codes(tx.conn(), &codes.iter().collect::<Vec<_>>()).await?;
    Ok(links.into_iter().map(|link| (link.code.clone(), link)).collect())
}

/// What the follow itself says of its link.
fn attributed_at_once(
    here: &Promoted,
    event: &Followed<'_>,
    scenes: &HashMap<LinkCode, Link>,
) -> (Option<LinkId>, Attribution) {
    let Some(campaign) = &here.campaign else { return (None, Attribution::None) };
    if let Some(code) = event.scene.and_then(|scene| LinkCode::try_from(scene).ok())
        && let Some(link) = scenes.get(&code)
        && link.campaign == campaign.id
        && link.account == event.account.id
    {
        return (Some(link.id), Attribution::Scene);
    }
    (here.only_link, if here.only_link.is_some() { Attribution::OnlyLink } else { Attribution::None })
}

/// Where a follow is counted.
const fn key_of(campaign: &Campaign, follow: &Follow) -> Key {
    Key { campaign: campaign.id, account: follow.account, link: follow.link, minute: follow.at.minute() }
}

fn counted(follow: &Follow) -> Figures {
    match follow.novelty {
        Novelty::New => Figures { follows: 1, ..Figures::default() },
        Novelty::Returning | Novelty::Earlier => Figures { refollows: 1, ..Figures::default() },
    }
}
