//! Rows of campaigns and of the accounts in them.
//! Refuses to change what a campaign that ran has fixed; the verb checks that first.

use super::dialect;
use super::{Tx, exec, fen, get, not_taken, parsed, prizes, row, rows};
use crate::error::Error;
use rules::Fen;
use rules::campaign::{Campaign, CheckedCampaign, Member, State, Texts};
use rules::ids::{AccountId, Appid, CampaignId, EditKey, MchId, Slug};
use rules::payout::Rail;
use rules::prize::SceneId;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// A campaign from its row.
pub fn campaign(r: &QueryResult) -> Result<Campaign, Error> {
    Ok(Campaign {
        id: CampaignId(get(r, "id")?),
        slug: parsed(r, "slug")?,
        name: get(r, "name")?,
        state: parsed(r, "state")?,
        payer: AccountId(get(r, "payer_id")?),
        mch_id: parsed(r, "mch_id")?,
        texts: Texts {
            send_name: get(r, "send_name")?,
            greeting: get(r, "greeting")?,
            wishing: get(r, "wishing")?,
            rules: get(r, "rules")?,
        },
        opens_at: UnixMs(get(r, "opens_at")?),
        closes_at: UnixMs(get(r, "closes_at")?),
        prize: prizes::rule(r)?,
        scene_id: get::<Option<String>>(r, "scene_id")?.map(|scene| scene.parse()).transpose()?,
        scope: parsed(r, "scope")?,
        rail: parsed(r, "rail")?,
        asserted_cap: fen(r, "asserted_cap_fen")?,
        paced: get::<i64>(r, "paced")? == 1,
        low: fen(r, "low_fen")?,
        started_at: get::<Option<i64>>(r, "started_at")?.map(UnixMs),
    })
}

/// The account that identifies a campaign's followers and pays them.
pub async fn payer_of(db: &impl ConnectionTrait, slug: &Slug) -> Result<Option<Appid>, Error> {
    let sql = "SELECT a.appid FROM campaigns c JOIN accounts a ON a.id = c.payer_id WHERE c.slug = $1";
    row(db, sql, [slug.as_str().into()]).await?.as_ref().map(|r| parsed(r, "appid")).transpose()
}

pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Campaign>, Error> {
    rows(db, "SELECT * FROM campaigns ORDER BY created_at DESC, id DESC", []).await?.iter().map(campaign).collect()
}

pub async fn by_id(db: &impl ConnectionTrait, id: CampaignId) -> Result<Option<Campaign>, Error> {
    row(db, "SELECT * FROM campaigns WHERE id = $1", [id.0.into()]).await?.as_ref().map(campaign).transpose()
}

/// The campaign as it stands now, locked for the transaction that will change it.
pub async fn locked(tx: &mut Tx, id: CampaignId) -> Result<Option<Campaign>, Error> {
    let sql = format!("SELECT * FROM campaigns WHERE id = $1{}", dialect::for_update(tx.conn()));
    row(tx.conn(), &sql, [id.0.into()]).await?.as_ref().map(campaign).transpose()
}

pub async fn by_slug(db: &impl ConnectionTrait, slug: &Slug) -> Result<Option<Campaign>, Error> {
    let found = row(db, "SELECT * FROM campaigns WHERE slug = $1", [slug.as_str().into()]).await?;
    found.as_ref().map(campaign).transpose()
}

/// Campaigns that promote `account` and take claims at `now`, the latest started first.
pub async fn open_with(db: &impl ConnectionTrait, account: AccountId, now: UnixMs) -> Result<Vec<Campaign>, Error> {
    let sql = "SELECT c.* FROM campaigns c JOIN members m ON m.campaign_id = c.id
        WHERE m.account_id = $1 AND m.active = 1 AND c.state = 'running' AND c.opens_at <= $2 AND c.closes_at > $2
        ORDER BY c.started_at DESC, c.id DESC";
    rows(db, sql, [account.0.into(), now.0.into()]).await?.iter().map(campaign).collect()
}

/// The columns that a form fills, in the order of both statements below.
fn filled(id: CampaignId, form: &CheckedCampaign, mch_id: &MchId) -> Result<Vec<Value>, Error> {
    Ok(vec![
        id.0.into(),
        form.slug.as_str().into(),
        form.name.as_str().into(),
        form.payer.0.into(),
        mch_id.as_str().into(),
        form.texts.send_name.as_str().into(),
        form.texts.greeting.as_str().into(),
        form.texts.wishing.as_str().into(),
        form.texts.rules.as_str().into(),
        form.opens_at.0.into(),
        form.closes_at.0.into(),
        form.prize.min().get().into(),
        form.prize.max().get().into(),
        form.scope.name().into(),
        form.asserted_cap.get().into(),
        prizes::text(&form.prize)?.into(),
        form.scene_id.map(SceneId::name).into(),
    ])
}

/// Writes a new campaign; `Ok(false)` when its slug is taken.
pub async fn insert(
    tx: &mut Tx,
    id: CampaignId,
    form: &CheckedCampaign,
    mch_id: &MchId,
    now: UnixMs,
) -> Result<bool, Error> {
    let sql = "INSERT INTO campaigns (id, slug, name, state, payer_id, mch_id, send_name, greeting, wishing, rules,
            opens_at, closes_at, prize_min_fen, prize_max_fen, scope, asserted_cap_fen,
            prize, scene_id, asserted_fen, created_at)
        VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, $18)";
    let values = filled(id, form, mch_id)?.into_iter().chain([now.0.into()]);
    not_taken(exec(tx.conn(), sql, values).await)
}

/// Changes a campaign; `Ok(false)` when its slug is taken.
pub async fn update(tx: &mut Tx, id: CampaignId, form: &CheckedCampaign, mch_id: &MchId) -> Result<bool, Error> {
    let sql = "UPDATE campaigns SET slug = $2, name = $3, payer_id = $4, mch_id = $5, send_name = $6, greeting = $7,
            wishing = $8, rules = $9, opens_at = $10, closes_at = $11, prize_min_fen = $12, prize_max_fen = $13,
            scope = $14, asserted_cap_fen = $15, prize = $16, scene_id = $17 WHERE id = $1";
    not_taken(exec(tx.conn(), sql, filled(id, form, mch_id)?).await)
}

pub async fn set_state(tx: &mut Tx, id: CampaignId, state: State, now: UnixMs) -> Result<(), Error> {
    let sql = "UPDATE campaigns SET state = $2,
            started_at = CASE WHEN $2 = 'running' THEN COALESCE(started_at, $3) ELSE started_at END WHERE id = $1";
    exec(tx.conn(), sql, [id.0.into(), state.name().into(), now.0.into()]).await?;
    Ok(())
}

pub async fn set_paced(tx: &mut Tx, id: CampaignId, paced: bool) -> Result<u64, Error> {
    let sql = "UPDATE campaigns SET paced = $2 WHERE id = $1";
    Ok(exec(tx.conn(), sql, [id.0.into(), i64::from(paced).into()]).await?)
}

/// Sets below which amount somebody is told.
pub async fn set_low(tx: &mut Tx, id: CampaignId, low: Fen) -> Result<u64, Error> {
    Ok(exec(tx.conn(), "UPDATE campaigns SET low_fen = $2 WHERE id = $1", [id.0.into(), low.get().into()]).await?)
}

/// Chooses the rail of new payouts.
pub async fn set_rail(tx: &mut Tx, id: CampaignId, rail: Rail) -> Result<(), Error> {
    exec(tx.conn(), "UPDATE campaigns SET rail = $2 WHERE id = $1", [id.0.into(), rail.name().into()]).await?;
    Ok(())
}

/// A member from its row.
pub fn member(r: &QueryResult, account: rules::account::Account) -> Result<Member, Error> {
    Ok(Member { account, edit_key: Some(parsed(r, "edit_key")?), active: get::<i64>(r, "active")? == 1 })
}

pub async fn members(db: &impl ConnectionTrait, id: CampaignId) -> Result<Vec<Member>, Error> {
    let sql = "SELECT * FROM members WHERE campaign_id = $1 ORDER BY active DESC, added_at, account_id";
    let mut members = Vec::new();
    for r in rows(db, sql, [id.0.into()]).await? {
        let account = super::accounts::by_id(db, AccountId(get(&r, "account_id")?)).await?;
        members.push(member(&r, account.ok_or_else(|| Error::broken("a member without its account"))?)?);
    }
    Ok(members)
}

pub async fn member_of(db: &impl ConnectionTrait, id: CampaignId, account: AccountId) -> Result<Option<Member>, Error> {
    let sql = "SELECT * FROM members WHERE campaign_id = $1 AND account_id = $2";
    let Some(r) = row(db, sql, [id.0.into(), account.0.into()]).await? else { return Ok(None) };
    let account =
        super::accounts::by_id(db, account).await?.ok_or_else(|| Error::broken("a member without its account"))?;
    member(&r, account).map(Some)
}

/// Locked, so that one person who opens the link twice at once is one follow.
pub async fn locked_member_by_key(tx: &mut Tx, id: CampaignId, key: &EditKey) -> Result<Option<Member>, Error> {
    let lock = dialect::for_update(tx.conn());
    let sql = format!("SELECT * FROM members WHERE campaign_id = $1 AND edit_key = $2{lock}");
    let Some(r) = row(tx.conn(), &sql, [id.0.into(), key.as_str().into()]).await? else { return Ok(None) };
    let account = super::accounts::by_id(tx.conn(), AccountId(get(&r, "account_id")?)).await?;
    member(&r, account.ok_or_else(|| Error::broken("a member without its account"))?).map(Some)
}

/// Puts an account into a campaign, or back into it with the key it had.
pub async fn put_member(
    tx: &mut Tx,
    id: CampaignId,
    account: AccountId,
    key: &EditKey,
    now: UnixMs,
) -> Result<(), Error> {
    let sql = "INSERT INTO members (campaign_id, account_id, edit_key, active, added_at) VALUES ($1, $2, $3, 1, $4)
        ON CONFLICT (campaign_id, account_id) DO UPDATE SET active = 1";
    exec(tx.conn(), sql, [id.0.into(), account.0.into(), key.as_str().into(), now.0.into()]).await?;
    Ok(())
}

pub async fn set_member_active(tx: &mut Tx, id: CampaignId, account: AccountId, active: bool) -> Result<u64, Error> {
    let sql = "UPDATE members SET active = $3 WHERE campaign_id = $1 AND account_id = $2";
    Ok(exec(tx.conn(), sql, [id.0.into(), account.0.into(), i64::from(active).into()]).await?)
}

pub async fn set_edit_key(tx: &mut Tx, id: CampaignId, account: AccountId, key: &EditKey) -> Result<u64, Error> {
    let sql = "UPDATE members SET edit_key = $3 WHERE campaign_id = $1 AND account_id = $2";
    Ok(exec(tx.conn(), sql, [id.0.into(), account.0.into(), key.as_str().into()]).await?)
}
