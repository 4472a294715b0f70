//! What holds for the campaigns that people of a batch claim from: three queries, however many people and campaigns, and
//! on PostgreSQL one before them that locks their lines. Refuses to be a cache: each batch reads it anew.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{Lock, batch, json_rows};
use super::{budgets, campaigns, caps, fen, get, parsed, prizes, rows};
use crate::error::Error;
use rules::Fen;
use rules::campaign::{Campaign, Member};
use rules::cap::{Cap, Use};
use rules::follow::Grade;
use rules::ids::{Appid, CampaignId, LineId, Slug};
use rules::ledger::Budget;
use rules::prize::PrizeRule;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, Value};
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A campaign with all that stands in one row beside it.
pub struct Found {
    pub campaign: Campaign,
    /// The account that identifies and pays.
    pub payer: Appid,
    /// Its line.
    pub budget: Budget,
    /// The rules of grades of evidence.
    pub grades: HashMap<Grade, PrizeRule>,
    /// The key that signs the requests of its merchant, still sealed; none when there is no such merchant.
    pub apiv2_key: Option<String>,
    /// True while nothing moves because the books were restored.
    pub held: bool,
}

/// Campaigns by their slugs, read when their lines are locked if that is asked for; `held_by` names the setting that is
/// there while nothing moves.
pub async fn by_slugs(
    db: &impl ConnectionTrait,
    slugs: HashSet<&Slug>,
    held_by: &str,
    lock: Lock,
) -> Result<Vec<Found>, Error> {
    let slugs = batch(slugs.into_iter().map(|slug| json!({ "slug": slug.as_str() })).collect());
    let locked = lock_lines(db, &slugs, lock).await?;
    let sql = format!(
        "SELECT c.*, a.appid AS payer_appid, l.id AS line_id, l.available_fen, l.reserved_fen, l.paid_fen, m.apiv2_key,
            (SELECT COUNT(*) FROM settings s WHERE s.name = $2) AS held
        FROM campaigns c JOIN accounts a ON a.id = c.payer_id LEFT JOIN lines l ON l.campaign_id = c.id
            LEFT JOIN merchants m ON m.mch_id = c.mch_id
        WHERE c.slug IN (SELECT slug FROM {})",
        json_rows(db, &[("slug", Text)])
    );
    let found = rows(db, &sql, [slugs, held_by.into()]).await?;
    let read = |r| {
        Ok(Found {
            campaign: campaigns::campaign(r)?,
            payer: parsed(r, "payer_appid")?,
            budget: budgets::line(r, "line_id")?,
            grades: prizes::grades(r)?,
            apiv2_key: get(r, "apiv2_key")?,
            held: get::<i64>(r, "held")? > 0,
        })
    };
    let found: Vec<Found> = found.iter().map(read).collect::<Result<_, Error>>()?;
    match locked {
        // While it waited, a slug went to another campaign.
        Some(locked) if found.iter().any(|found| !locked.contains(&found.budget.line)) => {
            Err(Error::lost_race("a campaign took another's name"))
        }
        Some(_) | None => Ok(found),
    }
}

/// Takes the lines sorted by id and tells which; nothing where the transaction holds everything already or only looks. In
/// a statement of its own: one that waited for a lock goes on with what the rows of other tables were before it waited,
/// and staff may have changed a prize meanwhile.
async fn lock_lines(db: &impl ConnectionTrait, slugs: &Value, lock: Lock) -> Result<Option<HashSet<LineId>>, Error> {
    let clause = lock.clause(db);
    if clause.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT l.id FROM lines l JOIN campaigns c ON c.id = l.campaign_id
        WHERE c.slug IN (SELECT slug FROM {}) ORDER BY l.id{clause} OF l",
        json_rows(db, &[("slug", Text)])
    );
    let found = rows(db, &sql, [slugs.clone()]).await?;
    found.iter().map(|r| Ok(LineId(get(r, "id")?))).collect::<Result<_, Error>>().map(Some)
}

/// The campaigns as the rows of a batch.
fn ids(campaigns: &[CampaignId]) -> Value {
    batch(campaigns.iter().map(|id| json!({ "id": id.0 })).collect())
}

/// The accounts that campaigns promote now, each with the prize rule that it has of its own.
pub async fn members(
    db: &impl ConnectionTrait,
    of: &[CampaignId],
) -> Result<Vec<(CampaignId, Member, Option<PrizeRule>)>, Error> {
    let sql = format!(
        "SELECT a.*, m.campaign_id, m.edit_key, m.active, m.prize FROM members m JOIN accounts a ON a.id = m.account_id
        WHERE m.campaign_id IN (SELECT id FROM {}) AND m.active = 1",
        json_rows(db, &[("id", BigInt)])
    );
    let found = rows(db, &sql, [ids(of)]).await?;
    let read = |r| {
        Ok((
            CampaignId(get(r, "campaign_id")?),
            campaigns::member(r, super::accounts::account(r)?)?,
            prizes::own_rule(r)?,
        ))
    };
    found.iter().map(read).collect()
}

/// The caps of a campaign, and what was used of the counters that they or the pace of its hours ask for.
#[derive(Default)]
pub struct Caps {
    pub set: Vec<Cap>,
    pub used: BTreeMap<Use, Fen>,
}

/// The caps of campaigns, without the one on asserted evidence, which is the campaign's own, at `now`.
pub async fn caps(
    db: &impl ConnectionTrait,
    of: &[CampaignId],
    now: UnixMs,
) -> Result<HashMap<CampaignId, Caps>, Error> {
    let rows_of = json_rows(db, &[("id", BigInt)]);
    let sql = format!(
        "SELECT campaign_id, CAST(1 AS BIGINT) AS is_cap, kind, object_id, 0 AS bucket, limit_fen AS fen FROM caps
            WHERE campaign_id IN (SELECT id FROM {rows_of})
        UNION ALL SELECT u.campaign_id, 0, u.kind, u.object_id, u.bucket, u.used_fen FROM cap_uses u
            WHERE u.campaign_id IN (SELECT id FROM {rows_of})
                AND u.bucket = {}
                AND (u.kind IN ('asserted', 'hour') OR EXISTS (SELECT 1 FROM caps c
                    WHERE c.campaign_id = u.campaign_id AND c.kind = u.kind AND c.object_id = u.object_id))",
        caps::BUCKET
    );
    let values = [ids(of), now.day().0.into(), rules::cap::hour(now).into()];
    let mut found: HashMap<CampaignId, Caps> = HashMap::new();
    for r in &rows(db, &sql, values).await? {
        let caps = found.entry(CampaignId(get(r, "campaign_id")?)).or_default();
        let (counter, amount) = (caps::counter(r)?, fen(r, "fen")?);
        if get::<i64>(r, "is_cap")? == 1 {
            caps.set.push(Cap { kind: counter.kind, object: counter.object, limit: amount });
        } else {
            caps.used.insert(counter, amount);
        }
    }
    Ok(found)
}
