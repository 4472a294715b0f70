//! Rows of testers, and what they claimed.
//! Refuses to be read for anybody but testers: ordinary claims never come out of here.

use super::{Tx, exec, fen, get, parsed, row, rows};
use crate::error::Error;
use rules::campaign::Campaign;
use rules::ids::{Appid, CampaignId, FollowId, Openid, TesterKey};
use rules::payout::State;
use rules::rehearsal::Packet;
use rules::time::UnixMs;
use sea_orm::ConnectionTrait;

/// So many packets a list shows: more than ten testers can claim in a day.
const PACKETS_SHOWN: i64 = 500;

/// The key of a campaign's testers, once staff made one.
pub async fn key(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Option<TesterKey>, Error> {
    let sql = "SELECT tester_key FROM campaigns WHERE id = $1";
    let found = row(db, sql, [campaign.0.into()]).await?.ok_or_else(Error::not_found)?;
    Ok(get::<Option<String>>(&found, "tester_key")?.map(TesterKey::try_from).transpose()?)
}

/// Gives a campaign's testers this key; the former one stops at once.
pub async fn set_key(tx: &mut Tx, campaign: CampaignId, key: &TesterKey) -> Result<(), Error> {
    let sql = "UPDATE campaigns SET tester_key = $2 WHERE id = $1";
    exec(tx.conn(), sql, [campaign.0.into(), key.as_str().into()]).await?;
    Ok(())
}

/// True when this is the key of the campaign's testers.
pub async fn is_key(db: &impl ConnectionTrait, campaign: CampaignId, key: &TesterKey) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one FROM campaigns WHERE id = $1 AND tester_key = $2";
    Ok(row(db, sql, [campaign.0.into(), key.as_str().into()]).await?.is_some())
}

/// A tester's row.
pub struct Listed {
    pub openid: Openid,
    pub follow: FollowId,
    pub active: bool,
    pub added_at: UnixMs,
}

fn listed(r: &sea_orm::QueryResult) -> Result<Listed, Error> {
    Ok(Listed {
        openid: parsed(r, "openid")?,
        follow: FollowId(get(r, "follow_id")?),
        active: get::<i64>(r, "active")? == 1,
        added_at: UnixMs(get(r, "added_at")?),
    })
}

/// The testers of a campaign under this payer, the first to come first.
pub async fn testers(db: &impl ConnectionTrait, campaign: CampaignId, payer: &Appid) -> Result<Vec<Listed>, Error> {
    let sql = "SELECT * FROM testers WHERE campaign_id = $1 AND appid = $2 ORDER BY added_at, openid";
    rows(db, sql, [campaign.0.into(), payer.as_str().into()]).await?.iter().map(listed).collect()
}

/// One of them.
pub async fn tester(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    payer: &Appid,
    openid: &Openid,
) -> Result<Option<Listed>, Error> {
    let sql = "SELECT * FROM testers WHERE campaign_id = $1 AND appid = $2 AND openid = $3";
    let values = [campaign.0.into(), payer.as_str().into(), openid.as_str().into()];
    row(db, sql, values).await?.as_ref().map(listed).transpose()
}

/// Puts a person onto the list.
pub async fn add(tx: &mut Tx, campaign: CampaignId, payer: &Appid, new: &Listed) -> Result<(), Error> {
    let sql = "INSERT INTO testers (campaign_id, appid, openid, follow_id, active, added_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        campaign.0.into(),
        payer.as_str().into(),
        new.openid.as_str().into(),
        new.follow.0.into(),
        i64::from(new.active).into(),
        new.added_at.0.into(),
    ];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// Takes a tester off the list or puts them back.
pub async fn set_active(tx: &mut Tx, tester: FollowId, active: bool) -> Result<(), Error> {
    let sql = "UPDATE testers SET active = $2 WHERE follow_id = $1";
    exec(tx.conn(), sql, [tester.0.into(), i64::from(active).into()]).await?;
    Ok(())
}

/// What a tester claimed so far.
pub struct Standing {
    /// How often in all.
    pub claims: i64,
    /// How often since the time that was asked about.
    pub today: i64,
    /// One of their packets is neither sent nor at its end.
    pub under_way: bool,
}

/// How often a tester claimed, in all and since `since`.
pub async fn standing(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    payee: &Openid,
    since: UnixMs,
) -> Result<Standing, Error> {
    let sql = "SELECT COUNT(*) AS claims, COUNT(CASE WHEN c.at >= $3 THEN 1 END) AS today,
            COUNT(CASE WHEN p.state IN ('queued', 'sending', 'unknown', 'waiting_confirm') THEN 1 END) AS under_way
        FROM claims c JOIN payouts p ON p.claim_id = c.id
        WHERE c.campaign_id = $1 AND c.payee_openid = $2 AND c.rehearsal = 1";
    let found = row(db, sql, [campaign.0.into(), payee.as_str().into(), since.0.into()]).await?;
    let r = found.ok_or_else(|| Error::broken("a count without its row"))?;
    Ok(Standing { claims: get(&r, "claims")?, today: get(&r, "today")?, under_way: get::<i64>(&r, "under_way")? > 0 })
}

/// What the testers of a campaign claimed, the newest first.
pub async fn packets(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Vec<(Openid, Packet)>, Error> {
    let sql = "SELECT c.payee_openid, c.at, p.amount_fen, p.rail, p.state, p.mch_billno, p.err_code
        FROM claims c JOIN payouts p ON p.claim_id = c.id
        WHERE c.campaign_id = $1 AND c.rehearsal = 1 ORDER BY c.id DESC LIMIT $2";
    let found = rows(db, sql, [campaign.0.into(), PACKETS_SHOWN.into()]).await?;
    let packet = |r: &sea_orm::QueryResult| {
        let packet = Packet {
            at: UnixMs(get(r, "at")?),
            amount: fen(r, "amount_fen")?,
            rail: parsed(r, "rail")?,
            state: parsed(r, "state")?,
            mch_billno: parsed(r, "mch_billno")?,
            err_code: get(r, "err_code")?,
        };
        Ok((parsed(r, "payee_openid")?, packet))
    };
    found.iter().map(packet).collect()
}

/// True once a tester collected a packet on the rail, from the payer and the merchant that the campaign has now.
pub async fn is_collected(db: &impl ConnectionTrait, campaign: &Campaign) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one FROM claims c JOIN payouts p ON p.claim_id = c.id
        WHERE c.campaign_id = $1 AND c.rehearsal = 1 AND p.state = $2 AND p.rail = $3 AND p.mch_id = $4
            AND p.appid = (SELECT appid FROM accounts WHERE id = $5) LIMIT 1";
    let values = [
        campaign.id.0.into(),
        State::Collected.name().into(),
        campaign.rail.name().into(),
        campaign.mch_id.as_str().into(),
        campaign.payer.0.into(),
    ];
    Ok(row(db, sql, values).await?.is_some())
}
