//! Every fact that the decisions of a batch need, read at once.
//! Refuses to decide anything, and to read a line that somebody else may change before the batch ends.

use super::Request;
use crate::prizes::stock::Stock;
use crate::store::claims::{self as store, Key, Stand};
use crate::store::dialect::Lock;
use crate::store::grounds::{self as rows, Caps, Found};
use crate::{Error, restore};
use rules::campaign::{Campaign, Member, Opening, Scope};
use rules::cap::{Cap, Kind, Room};
use rules::ids::{AccountId, Appid, CampaignId, Slug};
use rules::ledger::Budget;
use rules::prize::{PrizeRule, Prizes};
use rules::time::UnixMs;
use sea_orm::ConnectionTrait;
use std::collections::{HashMap, HashSet};

/// What holds for one campaign of the batch.
pub struct Ground {
    pub campaign: Campaign,
    /// The account that identifies and pays.
    pub payer: Appid,
    pub budget: Budget,
    pub room: Room,
    /// The prize rules, and the packets that this batch may hand out.
    pub stock: Stock,
    /// Whether claims are taken now.
    pub opening: Opening,
    /// The accounts in the campaign that staff did not take out.
    pub members: HashMap<AccountId, Member>,
    /// What signs the merchant's requests, still sealed.
    pub apiv2_key: Option<String>,
}

/// All facts of a batch.
pub struct Facts {
    pub grounds: HashMap<Slug, Ground>,
    /// The tickets of each request's person, the best first.
    pub stands: Vec<Vec<Stand>>,
    /// The keys among those of the batch that somebody has.
    pub taken: HashSet<Key>,
}

impl Facts {
    /// Reads everything. The lines come first and stay locked, sorted by id: what is read after them is theirs alone.
    pub async fn gather(db: &impl ConnectionTrait, batch: &[&Request], lock: Lock, now: UnixMs) -> Result<Self, Error> {
        let grounds = grounds(db, batch, lock, now).await?;
        let asked: Vec<_> = batch
            .iter()
            .enumerate()
            .filter_map(|(at, request)| Some((at, grounds.get(&request.slug)?.campaign.id, &request.who.openid)))
            .collect();
        let mut stands: Vec<Vec<Stand>> = batch.iter().map(|_| Vec::new()).collect();
        for (at, stand) in store::stands(db, &asked).await? {
            stands.get_mut(at).ok_or_else(|| Error::broken("a ticket of nobody"))?.push(stand);
        }
        let mut facts = Self { grounds, stands, taken: HashSet::new() };
        let keys: HashSet<Key> = (0..batch.len()).flat_map(|at| facts.all_keys(at, batch[at])).collect();
        facts.taken = store::taken(db, &keys).await?;
        Ok(facts)
    }

    fn all_keys(&self, at: usize, request: &Request) -> Vec<Key> {
        let Some(ground) = self.grounds.get(&request.slug) else { return Vec::new() };
        let of_tickets = self.stands[at].iter().flat_map(|stand| keys(&ground.campaign, request, Some(stand)));
        of_tickets.chain(keys(&ground.campaign, request, None)).collect()
    }
}

/// What holds for each campaign of the batch.
async fn grounds(
    db: &impl ConnectionTrait,
    batch: &[&Request],
    lock: Lock,
    now: UnixMs,
) -> Result<HashMap<Slug, Ground>, Error> {
    let slugs: HashSet<&Slug> = batch.iter().map(|request| &request.slug).collect();
    let found = rows::by_slugs(db, slugs, restore::RESTORED_AT, lock).await?;
    let ids: Vec<CampaignId> = found.iter().map(|found| found.campaign.id).collect();
    let mut members: HashMap<CampaignId, Members> = HashMap::new();
    for (campaign, member, rule) in rows::members(db, &ids).await? {
        let (all, rules) = members.entry(campaign).or_default();
        rules.extend(rule.map(|rule| (member.account.id, rule)));
        all.insert(member.account.id, member);
    }
    let mut caps = rows::caps(db, &ids, now).await?;
    let mut grounds = HashMap::new();
    for Found { campaign, payer, budget, grades, apiv2_key, held } in found {
        let (members, accounts) = members.remove(&campaign.id).unwrap_or_default();
        let room = room(&campaign, caps.remove(&campaign.id).unwrap_or_default());
        let wanted = batch.iter().filter(|request| request.slug == campaign.slug).count();
        let prizes = Prizes { default: campaign.prize.clone(), accounts, grades };
        let stock = Stock::open(db, campaign.id, prizes, wanted, lock).await?;
        let opening = match campaign.opening(now) {
            Opening::Open if held => Opening::Paused,
            opening => opening,
        };
        let ground = Ground { campaign, payer, budget, room, stock, opening, members, apiv2_key };
        grounds.insert(ground.campaign.slug.clone(), ground);
    }
    Ok(grounds)
}

/// The accounts in a campaign, and the prize rules that some have of their own.
type Members = (HashMap<AccountId, Member>, HashMap<AccountId, PrizeRule>);

fn room(campaign: &Campaign, caps: Caps) -> Room {
    let asserted = Cap { kind: Kind::Asserted, object: 0, limit: campaign.asserted_cap };
    let set = caps.set.into_iter().chain([asserted]).collect();
    Room::new(set, caps.used, campaign.paced.then_some(campaign.closes_at))
}

/// Every identity of the person that is known now, each as the key that a claim takes. Without a ticket in a campaign
/// of one claim per account nobody can say which account is meant: no key.
pub fn keys(campaign: &Campaign, request: &Request, stand: Option<&Stand>) -> Vec<Key> {
    let scope = match (campaign.scope, stand) {
        (Scope::Campaign, _) => 0,
        (Scope::Account, Some(stand)) => stand.follow.account.0,
        (Scope::Account, None) => return Vec::new(),
    };
    let key = |kind, value| Key { campaign: campaign.id, scope, kind, value };
    let who = &request.who;
    let mut keys = vec![key("payee", format!("{}:{}", who.appid, who.openid))];
    if let Some(stand) = stand
        && let Some(openid) = &stand.follow.openid
    {
        keys.push(key("follow", format!("{}:{openid}", stand.follow.account)));
    }
    if let Some(unionid) = &who.unionid {
        keys.push(key("unionid", unionid.as_str().to_owned()));
    }
    keys
}
