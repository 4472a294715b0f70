//! Minute rollups: written in the transaction of what they count, keyed by node, summed by readers.
//! Refuses to be the truth about money; the ledger is.

use super::dialect::Column::BigInt;
use super::dialect::{batch, json_rows};
use super::script::Step;
use super::{Tx, fen, get, parsed, rows};
use crate::error::Error;
use rules::follow::Attribution;
use rules::ids::{AccountId, CampaignId, LinkId};
use rules::live::{Figures, Point};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};
use std::collections::BTreeMap;

/// Which rollup row.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub campaign: CampaignId,
    pub account: AccountId,
    pub link: Option<LinkId>,
    pub minute: i64,
}

/// A change of figures; counts may be negative when a follow moves from one link to another.
#[derive(Debug, Clone, Copy, Default)]
pub struct Delta([i64; 10]);

impl From<Figures> for Delta {
    fn from(f: Figures) -> Self {
        Self([
            f.visits,
            f.bots,
            f.follows,
            f.refollows,
            f.unfollows,
            f.claims,
            f.refusals,
            f.paid,
            f.granted_fen.get(),
            f.paid_fen.get(),
        ])
    }
}

impl Delta {
    /// The change that undoes this one.
    pub fn undone(self) -> Self {
        Self(self.0.map(|n| -n))
    }
}

/// Changes of many figures, each row once.
pub type Deltas = BTreeMap<(i64, i64, i64, i64), Delta>;

/// Adds a change to the others.
pub fn sum(deltas: &mut Deltas, key: Key, delta: &Delta) {
    let row = deltas.entry((key.campaign.0, key.minute, key.account.0, key.link.map_or(0, |l| l.0))).or_default();
    row.0.iter_mut().zip(delta.0).for_each(|(sum, n)| *sum = sum.saturating_add(n));
}

/// One change alone.
pub fn one(key: Key, delta: &Delta) -> Deltas {
    let mut deltas = Deltas::default();
    sum(&mut deltas, key, delta);
    deltas
}

const COUNTS: [&str; 10] =
    ["visits", "bots", "follows", "refollows", "unfollows", "claims", "refusals", "paid", "granted_fen", "paid_fen"];

/// The step that adds changes to this node's rows; none without changes.
#[must_use = "a step that is not run changes nothing"]
pub fn add_step(db: &impl ConnectionTrait, node: i64, deltas: &Deltas) -> Option<Step> {
    if deltas.is_empty() {
        return None;
    }
    let list = deltas.iter().map(|((campaign, minute, account, link), delta)| {
        let mut row = serde_json::Map::new();
        let head = [("campaign_id", *campaign), ("minute", *minute), ("account_id", *account), ("link_id", *link)];
        row.extend(
            head.into_iter().chain(COUNTS.into_iter().zip(delta.0)).map(|(name, n)| (name.to_owned(), n.into())),
        );
        row.into()
    });
    let columns: Vec<_> = ["campaign_id", "minute", "account_id", "link_id"]
        .into_iter()
        .chain(COUNTS)
        .map(|name| (name, BigInt))
        .collect();
    let counts = COUNTS.join(", ");
    let sums = COUNTS.map(|name| format!("{name} = rollups.{name} + excluded.{name}")).join(", ");
    let sql = format!(
        "INSERT INTO rollups (campaign_id, minute, account_id, link_id, node, {counts})
        SELECT campaign_id, minute, account_id, link_id, $2, {counts} FROM {} WHERE 1 = 1
        ON CONFLICT (campaign_id, minute, account_id, link_id, node) DO UPDATE SET {sums}",
        json_rows(db, &columns)
    );
    Some(Step::new("figures", sql, [batch(list.collect()), node.into()], deltas.len()))
}

/// Adds changes to this node's rows.
pub async fn add(tx: &mut Tx, node: i64, deltas: &Deltas) -> Result<(), Error> {
    if let Some(step) = add_step(tx.conn(), node, deltas) {
        step.run(tx).await?;
    }
    Ok(())
}

const SUMS: &str = "CAST(COALESCE(SUM(visits), 0) AS BIGINT) AS visits, CAST(COALESCE(SUM(bots), 0) AS BIGINT) AS bots,
    CAST(COALESCE(SUM(follows), 0) AS BIGINT) AS follows, CAST(COALESCE(SUM(refollows), 0) AS BIGINT) AS refollows,
    CAST(COALESCE(SUM(unfollows), 0) AS BIGINT) AS unfollows, CAST(COALESCE(SUM(claims), 0) AS BIGINT) AS claims,
    CAST(COALESCE(SUM(refusals), 0) AS BIGINT) AS refusals, CAST(COALESCE(SUM(paid), 0) AS BIGINT) AS paid,
    CAST(COALESCE(SUM(granted_fen), 0) AS BIGINT) AS granted_fen, CAST(COALESCE(SUM(paid_fen), 0) AS BIGINT) AS paid_fen";

fn figures(r: &QueryResult) -> Result<Figures, Error> {
    Ok(Figures {
        visits: get(r, "visits")?,
        bots: get(r, "bots")?,
        follows: get(r, "follows")?,
        refollows: get(r, "refollows")?,
        unfollows: get(r, "unfollows")?,
        claims: get(r, "claims")?,
        refusals: get(r, "refusals")?,
        paid: get(r, "paid")?,
        granted_fen: fen(r, "granted_fen")?,
        paid_fen: fen(r, "paid_fen")?,
    })
}

/// The sum of everything since the minute `since`.
pub async fn total(db: &impl ConnectionTrait, campaign: CampaignId, since: i64) -> Result<Figures, Error> {
    let sql = format!("SELECT {SUMS} FROM rollups WHERE campaign_id = $1 AND minute >= $2");
    let found = rows(db, &sql, [campaign.0.into(), since.into()]).await?;
    found.first().map_or(Ok(Figures::default()), figures)
}

/// The sums per account and link.
pub async fn per_link(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<(AccountId, Option<LinkId>, Figures)>, Error> {
    let sql =
        format!("SELECT account_id, link_id, {SUMS} FROM rollups WHERE campaign_id = $1 GROUP BY account_id, link_id");
    let found = rows(db, &sql, [campaign.0.into()]).await?;
    found
        .iter()
        .map(|r| {
            let link: i64 = get(r, "link_id")?;
            Ok((AccountId(get(r, "account_id")?), (link != 0).then_some(LinkId(link)), figures(r)?))
        })
        .collect()
}

/// One point a minute since the minute `since`, without the empty ones.
pub async fn series(db: &impl ConnectionTrait, campaign: CampaignId, since: i64) -> Result<Vec<Point>, Error> {
    let sql = format!(
        "SELECT minute, {SUMS} FROM rollups WHERE campaign_id = $1 AND minute >= $2 GROUP BY minute ORDER BY minute"
    );
    let found = rows(db, &sql, [campaign.0.into(), since.into()]).await?;
    found.iter().map(|r| Ok(Point { at: UnixMs(get::<i64>(r, "minute")? * 60_000), figures: figures(r)? })).collect()
}

/// For each link the kind of attribution that most of its follows have.
pub async fn known_by(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
) -> Result<Vec<(Option<LinkId>, Attribution, i64)>, Error> {
    let sql = "SELECT link_id, attribution, COUNT(*) AS n FROM follows WHERE campaign_id = $1
        GROUP BY link_id, attribution ORDER BY n";
    let found = rows(db, sql, [campaign.0.into()]).await?;
    found
        .iter()
        .map(|r| Ok((get::<Option<i64>>(r, "link_id")?.map(LinkId), parsed(r, "attribution")?, get(r, "n")?)))
        .collect()
}

/// Payouts of the campaign whose answer is not known.
pub async fn unknown_payouts(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) AS n FROM payouts p JOIN lines l ON l.id = p.line_id
        WHERE l.campaign_id = $1 AND p.state = 'unknown'";
    let found = rows(db, sql, [campaign.0.into()]).await?;
    Ok(found.first().map_or(Ok(0), |r| get(r, "n"))?)
}
