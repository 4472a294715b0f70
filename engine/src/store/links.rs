//! Rows of tracked links and of the visits through them.
//! Refuses to forget a link that was published.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{batch, json_rows};
use super::{Tx, exec, get, not_taken, parsed, row, rows};
use crate::error::Error;
use rules::ids::{AccountId, CampaignId, LinkCode, LinkId, Openid};
use rules::link::Link;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::json;

fn link(r: &QueryResult) -> Result<Link, Error> {
    Ok(Link {
        id: LinkId(get(r, "id")?),
        code: parsed(r, "code")?,
        campaign: CampaignId(get(r, "campaign_id")?),
        account: AccountId(get(r, "account_id")?),
        placement: get(r, "placement")?,
        active: get::<i64>(r, "active")? == 1,
    })
}

pub async fn of_campaign(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Vec<Link>, Error> {
    let sql = "SELECT * FROM links WHERE campaign_id = $1 ORDER BY created_at, id";
    rows(db, sql, [campaign.0.into()]).await?.iter().map(link).collect()
}

pub async fn by_code(db: &impl ConnectionTrait, code: &LinkCode) -> Result<Option<Link>, Error> {
    Ok(by_codes(db, &[code]).await?.pop())
}

/// The links with these codes, in no order.
pub async fn by_codes(db: &impl ConnectionTrait, codes: &[&LinkCode]) -> Result<Vec<Link>, Error> {
    let list = codes.iter().map(|code| json!({ "code": code.as_str() })).collect();
    let sql = format!("SELECT l.* FROM {} JOIN links l ON l.code = batch.code", json_rows(db, &[("code", Text)]));
    rows(db, &sql, [batch(list)]).await?.iter().map(link).collect()
}

/// Writes a new link; `Ok(false)` when its code is taken.
pub async fn insert(tx: &mut Tx, new: &Link, now: UnixMs) -> Result<bool, Error> {
    let sql = "INSERT INTO links (id, code, campaign_id, account_id, placement, active, created_at)
        VALUES ($1, $2, $3, $4, $5, 1, $6)";
    let values = [
        new.id.0.into(),
        new.code.as_str().into(),
        new.campaign.0.into(),
        new.account.0.into(),
        new.placement.as_str().into(),
        now.0.into(),
    ];
    not_taken(exec(tx.conn(), sql, values).await)
}

pub async fn set_active(tx: &mut Tx, id: LinkId, active: bool) -> Result<u64, Error> {
    Ok(exec(tx.conn(), "UPDATE links SET active = $2 WHERE id = $1", [id.0.into(), i64::from(active).into()]).await?)
}

/// One visit, as it is recorded.
pub struct Visit {
    pub id: i64,
    pub link: LinkId,
    /// Whose link it is; for the figures.
    pub campaign: CampaignId,
    pub account: AccountId,
    pub browser: String,
    pub payee: Option<Openid>,
    pub ip: String,
    pub bot: bool,
    pub at: UnixMs,
}

/// Writes visits.
pub async fn record_visits(tx: &mut Tx, visits: &[&Visit]) -> Result<(), Error> {
    let list = visits.iter().map(|visit| {
        json!({ "id": visit.id, "link_id": visit.link.0, "browser": visit.browser,
            "payee_openid": visit.payee.as_ref().map(Openid::as_str), "ip": visit.ip, "bot": i64::from(visit.bot),
            "at": visit.at.0 })
    });
    let columns = [
        ("id", BigInt),
        ("link_id", BigInt),
        ("browser", Text),
        ("payee_openid", Text),
        ("ip", Text),
        ("bot", BigInt),
        ("at", BigInt),
    ];
    let sql = format!(
        "INSERT INTO visits (id, link_id, browser, payee_openid, ip, bot, at)
        SELECT id, link_id, browser, payee_openid, ip, bot, at FROM {}",
        json_rows(tx.conn(), &columns)
    );
    exec(tx.conn(), &sql, [batch(list.collect())]).await?;
    Ok(())
}

/// Gives the visits of a browser the person that OAuth found behind it.
pub async fn identify_visits(tx: &mut Tx, browser: &str, payee: &Openid, since: UnixMs) -> Result<(), Error> {
    let sql = "UPDATE visits SET payee_openid = $2 WHERE browser = $1 AND payee_openid IS NULL AND at >= $3";
    exec(tx.conn(), sql, [browser.into(), payee.as_str().into(), since.0.into()]).await?;
    Ok(())
}

/// The link on which this person last visited this account for this campaign, since `since`.
pub async fn visited_by(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    account: AccountId,
    payee: &Openid,
    since: UnixMs,
) -> Result<Option<LinkId>, Error> {
    let sql = "SELECT v.link_id FROM visits v JOIN links l ON l.id = v.link_id
        WHERE v.payee_openid = $1 AND v.at >= $2 AND l.campaign_id = $3 AND l.account_id = $4
        ORDER BY v.at DESC LIMIT 1";
    let values = [payee.as_str().into(), since.0.into(), campaign.0.into(), account.0.into()];
    Ok(row(db, sql, values).await?.map(|r| get(&r, "link_id").map(LinkId)).transpose()?)
}

/// The account's only active link in the campaign, if it has exactly one.
pub async fn only_link(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    account: AccountId,
) -> Result<Option<LinkId>, Error> {
    let sql = "SELECT id FROM links WHERE campaign_id = $1 AND account_id = $2 AND active = 1 LIMIT 2";
    let found = rows(db, sql, [campaign.0.into(), account.0.into()]).await?;
    match found.as_slice() {
        [one] => Ok(Some(LinkId(get(one, "id")?))),
        _ => Ok(None),
    }
}
