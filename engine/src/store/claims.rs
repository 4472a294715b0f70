//! Rows of claims, their keys and refusals.
//! Refuses a second claim of one person: the keys are the database's own unique rule.

use super::dialect::Column::{self, BigInt, Text};
use super::dialect::{batch, json_list, json_rows};
use super::followers::Follow;
use super::script::Step;
use super::tickets::Held;
use super::{fen, get, parsed, row, rows};
use crate::error::Error;
use rules::Fen;
use rules::claim::{Row, State};
use rules::eligibility::Refusal;
use rules::follow::{Attribution, Grade, Novelty};
use rules::ids::{AccountId, CampaignId, ClaimId, FollowId, LinkId, Openid};
use rules::payout;
use rules::ticket::Ticket;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::HashSet;

/// One identity of a person in a campaign (and, where one claim per account is allowed, an account): whoever has it
/// has claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub campaign: CampaignId,
    /// 0 for the whole campaign, else the account.
    pub scope: i64,
    pub kind: &'static str,
    pub value: String,
}

const KEY: [(&str, Column); 4] = [("campaign_id", BigInt), ("scope", BigInt), ("kind", Text), ("value", Text)];

fn key_row(key: &Key) -> Value {
    json!({ "campaign_id": key.campaign.0, "scope": key.scope, "kind": key.kind, "value": key.value })
}

/// Those of the keys that somebody has, or whose claim was lost with the books before a restore; a bill does not tell
/// for which account of a campaign that was, so it counts for all.
pub async fn taken(db: &impl ConnectionTrait, keys: &HashSet<Key>) -> Result<HashSet<Key>, Error> {
    let keys: Vec<&Key> = keys.iter().collect();
    let numbered = keys.iter().zip(0..).map(|(key, n): (_, i64)| {
        let mut row = key_row(key);
        row["n"] = n.into();
        row
    });
    let columns: Vec<_> = KEY.into_iter().chain([("n", BigInt)]).collect();
    let sql = format!(
        "SELECT batch.n FROM {} JOIN claim_keys k ON k.campaign_id = batch.campaign_id AND k.scope = batch.scope
            AND k.kind = batch.kind AND k.value = batch.value
        UNION SELECT batch.n FROM {} JOIN lost_claims l ON l.campaign_id = batch.campaign_id AND l.payee = batch.value
            WHERE batch.kind = 'payee'",
        json_rows(db, &columns),
        json_rows(db, &columns)
    );
    let found = rows(db, &sql, [batch(numbered.collect())]).await?;
    found.iter().map(|r| nth(&keys, get(r, "n")?).map(|key| (*key).clone())).collect()
}

fn nth<T>(list: &[T], n: i64) -> Result<&T, Error> {
    let found = usize::try_from(n).ok().and_then(|n| list.get(n));
    found.ok_or_else(|| Error::broken("the database answered about a row that was not asked for"))
}

/// The step that enters keys, those that are free.
pub fn take_keys(db: &impl ConnectionTrait, keys: &[(Key, ClaimId)]) -> Step {
    let list = keys.iter().map(|(key, claim)| {
        let mut row = key_row(key);
        row["claim_id"] = claim.0.into();
        row
    });
    let columns: Vec<_> = KEY.into_iter().chain([("claim_id", BigInt)]).collect();
    let sql = format!(
        "INSERT INTO claim_keys (campaign_id, scope, kind, value, claim_id)
        SELECT campaign_id, scope, kind, value, claim_id FROM {} WHERE 1 = 1 ON CONFLICT DO NOTHING",
        json_rows(db, &columns)
    );
    Step::new("claim keys", sql, [batch(list.collect())], keys.len())
}

/// A ticket of somebody, and the follow it was given for.
#[derive(Debug, Clone)]
pub struct Stand {
    pub held: Held,
    pub follow: Follow,
    /// False when they were seen to leave; nothing is known of them in edit mode.
    pub following: bool,
}

/// A ticket with its follow, field by field as the columns of [`STAND`].
#[derive(Deserialize)]
struct StandRow {
    n: usize,
    code_hash: String,
    issued_at: UnixMs,
    bound_openid: Option<Openid>,
    claim_id: Option<i64>,
    edit_key_hash: Option<String>,
    follow: FollowId,
    account: AccountId,
    openid: Option<Openid>,
    campaign: Option<CampaignId>,
    link: Option<LinkId>,
    attribution: Attribution,
    novelty: Novelty,
    grade: Grade,
    at: UnixMs,
    following: Option<i64>,
}

const STAND: [&str; 16] = [
    "batch.n",
    "t.code_hash",
    "t.issued_at",
    "t.bound_openid",
    "t.claim_id",
    "t.edit_key_hash",
    "f.id",
    "f.account_id",
    "f.openid",
    "f.campaign_id",
    "f.link_id",
    "f.attribution",
    "f.novelty",
    "f.grade",
    "f.at",
    "o.following",
];

/// The tickets of people in campaigns with the number they were asked under, each person's unused and newest first.
pub async fn stands(
    db: &impl ConnectionTrait,
    asked: &[(usize, CampaignId, &Openid)],
) -> Result<Vec<(usize, Stand)>, Error> {
    let list =
        asked.iter().map(|(n, campaign, openid)| json!({ "n": n, "campaign": campaign.0, "person": openid.as_str() }));
    let sql = format!(
        "SELECT {} AS stands FROM {} JOIN tickets t ON t.campaign_id = batch.campaign AND t.bound_openid = batch.person
            JOIN follows f ON f.id = t.follow_id
            LEFT JOIN followers o ON o.account_id = f.account_id AND o.openid = f.openid",
        json_list(db, &STAND),
        json_rows(db, &[("n", BigInt), ("campaign", BigInt), ("person", Text)])
    );
    let found = rows(db, &sql, [batch(list.collect())]).await?;
    let text = found.first().map(|r| get::<Option<String>>(r, "stands")).transpose()?.flatten();
    let mut stands: Vec<StandRow> = serde_json::from_str(text.as_deref().unwrap_or("[]")).map_err(Error::broken)?;
    stands.sort_by(|a, b| {
        let order = |s: &StandRow| (s.n, s.claim_id.is_some(), Reverse(s.issued_at));
        order(a).cmp(&order(b)).then_with(|| a.code_hash.cmp(&b.code_hash))
    });
    Ok(stands.into_iter().map(|row| (row.n, row.into())).collect())
}

impl From<StandRow> for Stand {
    fn from(row: StandRow) -> Self {
        let (account, follow) = (row.account, row.follow);
        let ticket = Ticket { issued_at: row.issued_at, bound_to: row.bound_openid, used: row.claim_id.is_some() };
        Self {
            held: Held { code_hash: row.code_hash, account, follow, edit_key_hash: row.edit_key_hash, ticket },
            follow: Follow {
                id: follow,
                account,
                openid: row.openid,
                campaign: row.campaign,
                link: row.link,
                attribution: row.attribution,
                novelty: row.novelty,
                grade: row.grade,
                at: row.at,
            },
            following: row.following == Some(1),
        }
    }
}

/// A claim as it is kept.
pub struct NewClaim {
    pub id: ClaimId,
    pub campaign: CampaignId,
    pub account: AccountId,
    pub follow: FollowId,
    pub payee: Openid,
    pub grade: Grade,
    pub amount: Fen,
    pub ip: String,
    pub at: UnixMs,
}

/// The step that writes new claims; all of them are testers' or none is.
pub fn insert(db: &impl ConnectionTrait, claims: &[NewClaim], rehearsal: bool) -> Step {
    let list = claims.iter().map(|new| {
        json!({ "id": new.id.0, "campaign_id": new.campaign.0, "account_id": new.account.0, "follow_id": new.follow.0,
            "payee_openid": new.payee.as_str(), "grade": new.grade.name(), "amount_fen": new.amount.get(), "ip": new.ip,
            "at": new.at.0 })
    });
    let columns = [
        ("id", BigInt),
        ("campaign_id", BigInt),
        ("account_id", BigInt),
        ("follow_id", BigInt),
        ("payee_openid", Text),
        ("grade", Text),
        ("amount_fen", BigInt),
        ("ip", Text),
        ("at", BigInt),
    ];
    let sql = format!(
        "INSERT INTO claims
            (id, campaign_id, account_id, follow_id, payee_openid, grade, state, amount_fen, ip, at, rehearsal)
        SELECT id, campaign_id, account_id, follow_id, payee_openid, grade, $2, amount_fen, ip, at, $3 FROM {}",
        json_rows(db, &columns)
    );
    let values = [batch(list.collect()), State::Granted.name().into(), i64::from(rehearsal).into()];
    Step::new("claims", sql, values, claims.len())
}

/// What a follower may see of their own claim.
#[derive(Debug, Clone)]
pub struct Standing {
    pub id: ClaimId,
    pub account: AccountId,
    pub at: UnixMs,
    pub amount: Fen,
    pub claim: State,
    pub payout: payout::State,
    pub rail: payout::Rail,
    pub err_code: String,
}

/// Where a person's claims `c` in campaign `$1` are found, and which are theirs, `$2`: through their tickets, of which each
/// claim used one up; a tester's, which have none, among the few of testers.
pub const fn own(rehearsal: bool) -> (&'static str, &'static str) {
    if rehearsal {
        ("claims c", "c.campaign_id = $1 AND c.payee_openid = $2 AND c.rehearsal = 1")
    } else {
        ("tickets t JOIN claims c ON c.id = t.claim_id", "t.campaign_id = $1 AND t.bound_openid = $2")
    }
}

/// The claims of a person in a campaign (or as its tester), the newest first; each with its newest payout.
pub async fn of_person(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    payee: &Openid,
    rehearsal: bool,
) -> Result<Vec<Standing>, Error> {
    let (claims, theirs) = own(rehearsal);
    let sql = format!(
        "SELECT c.id, c.account_id, c.at, c.amount_fen, c.state, p.state AS payout, p.rail, p.err_code
        FROM {claims} JOIN payouts p ON p.claim_id = c.id WHERE {theirs}
        ORDER BY c.at DESC, p.created_at DESC, p.id DESC LIMIT 50"
    );
    let found = rows(db, &sql, [campaign.0.into(), payee.as_str().into()]).await?;
    let mut result: Vec<Standing> = Vec::new();
    for r in &found {
        let id = ClaimId(get(r, "id")?);
        if result.iter().any(|s| s.id == id) {
            continue;
        }
        result.push(Standing {
            id,
            account: AccountId(get(r, "account_id")?),
            at: UnixMs(get(r, "at")?),
            amount: fen(r, "amount_fen")?,
            claim: parsed(r, "state")?,
            payout: parsed(r, "payout")?,
            rail: parsed(r, "rail")?,
            err_code: get(r, "err_code")?,
        });
    }
    Ok(result)
}

/// True once a claim stands on this follow.
pub async fn stands_on(db: &impl ConnectionTrait, follow: FollowId) -> Result<bool, Error> {
    Ok(row(db, "SELECT 1 AS one FROM claims WHERE follow_id = $1 LIMIT 1", [follow.0.into()]).await?.is_some())
}

/// A refusal as it is kept.
pub struct NewRefusal {
    pub id: i64,
    pub campaign: CampaignId,
    pub account: Option<AccountId>,
    pub payee: Openid,
    pub reason: Refusal,
    pub ip: String,
    pub at: UnixMs,
}

/// The step that writes refusals.
pub fn refuse(db: &impl ConnectionTrait, refusals: &[NewRefusal]) -> Step {
    let list = refusals.iter().map(|new| {
        json!({ "id": new.id, "campaign_id": new.campaign.0, "account_id": new.account.map(|a| a.0),
            "payee_openid": new.payee.as_str(), "reason": new.reason.name(), "ip": new.ip, "at": new.at.0 })
    });
    let columns = [
        ("id", BigInt),
        ("campaign_id", BigInt),
        ("account_id", BigInt),
        ("payee_openid", Text),
        ("reason", Text),
        ("ip", Text),
        ("at", BigInt),
    ];
    let sql = format!(
        "INSERT INTO refusals (id, campaign_id, account_id, payee_openid, reason, ip, at)
        SELECT id, campaign_id, account_id, payee_openid, reason, ip, at FROM {}",
        json_rows(db, &columns)
    );
    Step::new("refusals", sql, [batch(list.collect())], refusals.len())
}

/// A claim of a list with what only exports show.
pub struct Listed {
    pub row: Row,
    pub payee: Openid,
    pub payout_at: Option<UnixMs>,
    pub ip: String,
}

fn listed(r: &QueryResult) -> Result<Listed, Error> {
    let payee: Openid = parsed(r, "payee_openid")?;
    let row = Row {
        id: ClaimId(get(r, "id")?),
        at: UnixMs(get(r, "at")?),
        account_name: get(r, "account_name")?,
        account_icon: get(r, "account_icon")?,
        link_code: get::<Option<String>>(r, "link_code")?.unwrap_or_default(),
        grade: parsed(r, "grade")?,
        attribution: parsed(r, "attribution")?,
        openid_masked: masked(payee.as_str()),
        amount: fen(r, "amount_fen")?,
        claim: parsed(r, "state")?,
        payout: parsed(r, "payout")?,
        mch_billno: get(r, "mch_billno")?,
        err_code: get(r, "err_code")?,
        rehearsal: get::<i64>(r, "rehearsal")? == 1,
    };
    Ok(Listed { row, payee, payout_at: get::<Option<i64>>(r, "accepted_at")?.map(UnixMs), ip: get(r, "ip")? })
}

/// An openid with its middle hidden.
pub fn masked(openid: &str) -> String {
    let head: String = openid.chars().take(4).collect();
    let tail: String = openid.chars().skip(openid.chars().count().saturating_sub(4)).collect();
    format!("{head}…{tail}")
}

/// The payouts of `limit` claims of a campaign, with or without its testers', newest first, before the claim `before`:
/// whole claims, as many rows as they have payouts.
pub async fn page(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    rehearsals: bool,
    before: Option<ClaimId>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let sql =
        "SELECT c.id, c.at, c.payee_openid, c.grade, c.state, c.ip, c.rehearsal, p.amount_fen, a.name AS account_name,
            a.icon AS account_icon, l.code AS link_code, f.attribution, p.state AS payout, p.mch_billno, p.err_code,
            p.accepted_at
        FROM claims c JOIN payouts p ON p.claim_id = c.id JOIN accounts a ON a.id = c.account_id
            JOIN follows f ON f.id = c.follow_id LEFT JOIN links l ON l.id = f.link_id
        WHERE c.id IN (SELECT id FROM claims WHERE campaign_id = $1 AND id < $2 AND rehearsal <= $4
            ORDER BY id DESC LIMIT $3)
        ORDER BY c.id DESC, p.created_at, p.id";
    let before = before.map_or(i64::MAX, |id| id.0);
    let values = [campaign.0.into(), before.into(), limit.into(), i64::from(rehearsals).into()];
    rows(db, sql, values).await?.iter().map(listed).collect()
}
