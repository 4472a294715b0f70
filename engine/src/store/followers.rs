//! Rows of followers and of their follows.
//! Refuses to let an older event undo a newer one.

use super::{Tx, exec, get, parsed, row};
use crate::error::Error;
use rules::follow::{Attribution, Before, Grade, History, Novelty};
use rules::ids::{AccountId, CampaignId, FollowId, LinkId, Openid};
use rules::time::UnixMs;
use sea_orm::ConnectionTrait;

/// What is known of this person and account, and whether they follow now.
pub async fn known(
    db: &impl ConnectionTrait,
    account: AccountId,
    openid: &Openid,
) -> Result<Option<(Before, bool)>, Error> {
    let sql = "SELECT first_followed_at, baseline, unseen, following FROM followers
        WHERE account_id = $1 AND openid = $2";
    let Some(r) = row(db, sql, [account.0.into(), openid.as_str().into()]).await? else { return Ok(None) };
    let history = match (get::<i64>(&r, "baseline")?, get::<i64>(&r, "unseen")?) {
        (0, 0) => History::Seen,
        (1, 0) => History::Baseline,
        (0, 1) => History::Unseen,
        (baseline, unseen) => return Err(Error::broken(format!("a follower with history {baseline} {unseen}"))),
    };
    let before = Before { first_followed_at: UnixMs(get(&r, "first_followed_at")?), history };
    Ok(Some((before, get::<i64>(&r, "following")? == 1)))
}

/// Notes that a person follows since the event at `at`; an event older than the last one changes nothing.
pub async fn came(tx: &mut Tx, account: AccountId, openid: &Openid, at: UnixMs) -> Result<(), Error> {
    let sql = "INSERT INTO followers (account_id, openid, first_followed_at, last_event_at, following, baseline)
        VALUES ($1, $2, $3, $3, 1, 0)
        ON CONFLICT (account_id, openid) DO UPDATE SET
            baseline = CASE WHEN excluded.first_followed_at < followers.first_followed_at THEN 0 ELSE followers.baseline END,
            first_followed_at = CASE WHEN excluded.first_followed_at < followers.first_followed_at
                THEN excluded.first_followed_at ELSE followers.first_followed_at END,
            unseen = 0,
            following = CASE WHEN excluded.last_event_at >= followers.last_event_at THEN 1 ELSE followers.following END,
            last_event_at = CASE WHEN excluded.last_event_at >= followers.last_event_at
                THEN excluded.last_event_at ELSE followers.last_event_at END";
    exec(tx.conn(), sql, [account.0.into(), openid.as_str().into(), at.0.into()]).await?;
    Ok(())
}

/// Notes that a person wrote: who writes follows, unless a later event (or one of the same second) says that they left.
/// Somebody of whom nothing was known is kept as unseen.
pub async fn wrote(tx: &mut Tx, account: AccountId, openid: &Openid, at: UnixMs) -> Result<(), Error> {
    let sql =
        "INSERT INTO followers (account_id, openid, first_followed_at, last_event_at, following, baseline, unseen)
        VALUES ($1, $2, $3, $3, 1, 0, 1)
        ON CONFLICT (account_id, openid) DO UPDATE SET following = 1, last_event_at = excluded.last_event_at
            WHERE followers.last_event_at < excluded.last_event_at";
    exec(tx.conn(), sql, [account.0.into(), openid.as_str().into(), at.0.into()]).await?;
    Ok(())
}

/// Notes that a person left; false when they were not following or a newer event is known. Somebody of whom nothing
/// was known must have followed before we watched: they are kept as an earlier follower.
pub async fn left(tx: &mut Tx, account: AccountId, openid: &Openid, at: UnixMs) -> Result<bool, Error> {
    let unknown = "INSERT INTO followers (account_id, openid, first_followed_at, last_event_at, following, baseline)
        VALUES ($1, $2, $3, $3, 0, 1) ON CONFLICT DO NOTHING";
    exec(tx.conn(), unknown, [account.0.into(), openid.as_str().into(), at.0.into()]).await?;
    let sql = "UPDATE followers SET following = 0, last_event_at = $3
        WHERE account_id = $1 AND openid = $2 AND following = 1 AND last_event_at <= $3";
    Ok(exec(tx.conn(), sql, [account.0.into(), openid.as_str().into(), at.0.into()]).await? > 0)
}

/// A follow as it is kept.
#[derive(Debug, Clone)]
pub struct Follow {
    pub id: FollowId,
    pub account: AccountId,
    pub openid: Option<Openid>,
    pub campaign: Option<CampaignId>,
    pub link: Option<LinkId>,
    pub attribution: Attribution,
    pub novelty: Novelty,
    pub grade: Grade,
    pub at: UnixMs,
}

pub async fn insert(tx: &mut Tx, follow: &Follow) -> Result<(), Error> {
    let sql = "INSERT INTO follows (id, account_id, openid, campaign_id, link_id, attribution, novelty, grade, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        follow.id.0.into(),
        follow.account.0.into(),
        follow.openid.as_ref().map(|o| o.as_str().to_owned()).into(),
        follow.campaign.map(|c| c.0).into(),
        follow.link.map(|l| l.0).into(),
        follow.attribution.name().into(),
        follow.novelty.name().into(),
        follow.grade.name().into(),
        follow.at.0.into(),
    ];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// A follow from its row.
pub fn follow(r: &sea_orm::QueryResult) -> Result<Follow, Error> {
    Ok(Follow {
        id: FollowId(get(r, "id")?),
        account: AccountId(get(r, "account_id")?),
        openid: get::<Option<String>>(r, "openid")?.map(Openid::try_from).transpose()?,
        campaign: get::<Option<i64>>(r, "campaign_id")?.map(CampaignId),
        link: get::<Option<i64>>(r, "link_id")?.map(LinkId),
        attribution: parsed(r, "attribution")?,
        novelty: parsed(r, "novelty")?,
        grade: parsed(r, "grade")?,
        at: UnixMs(get(r, "at")?),
    })
}

pub async fn by_id(db: &impl ConnectionTrait, id: FollowId) -> Result<Option<Follow>, Error> {
    row(db, "SELECT * FROM follows WHERE id = $1", [id.0.into()]).await?.as_ref().map(follow).transpose()
}

/// The last follow of this person for this campaign.
pub async fn latest(
    db: &impl ConnectionTrait,
    account: AccountId,
    openid: &Openid,
    campaign: CampaignId,
) -> Result<Option<Follow>, Error> {
    let sql = "SELECT * FROM follows WHERE account_id = $1 AND openid = $2 AND campaign_id = $3 ORDER BY at DESC, id DESC LIMIT 1";
    let values = [account.0.into(), openid.as_str().into(), campaign.0.into()];
    row(db, sql, values).await?.as_ref().map(follow).transpose()
}

pub async fn attribute(tx: &mut Tx, id: FollowId, link: LinkId, how: Attribution) -> Result<(), Error> {
    let sql = "UPDATE follows SET link_id = $2, attribution = $3 WHERE id = $1";
    exec(tx.conn(), sql, [id.0.into(), link.0.into(), how.name().into()]).await?;
    Ok(())
}
