//! Rows of followers and of their follows.
//! Refuses to let an older event undo a newer one.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{batch, json_rows};
use super::{Tx, exec, get, parsed, row, rows};
use crate::error::Error;
use rules::follow::{Attribution, Before, Grade, History, Novelty};
use rules::ids::{AccountId, CampaignId, FollowId, LinkId, Openid};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::json;

/// A person of an account, as it knows them.
pub type Who<'a> = (AccountId, &'a Openid);

/// What is known of each person, and whether they follow now.
pub async fn known_all(db: &impl ConnectionTrait, people: &[Who<'_>]) -> Result<Vec<Option<(Before, bool)>>, Error> {
    let list = people
        .iter()
        .zip(0..)
        .map(|((account, openid), n): (_, i64)| json!({ "n": n, "account_id": account.0, "openid": openid.as_str() }));
    let sql = format!(
        "SELECT batch.n, f.first_followed_at, f.baseline, f.unseen, f.following
        FROM {} JOIN followers f ON f.account_id = batch.account_id AND f.openid = batch.openid",
        json_rows(db, &[("n", BigInt), ("account_id", BigInt), ("openid", Text)])
    );
    let mut known = vec![None; people.len()];
    for r in &rows(db, &sql, [batch(list.collect())]).await? {
        let n: i64 = get(r, "n")?;
        let place = usize::try_from(n).ok().and_then(|n| known.get_mut(n));
        *place.ok_or_else(|| Error::broken("a follower who was not asked for"))? = Some(before(r)?);
    }
    Ok(known)
}

/// What is known of this person and account, and whether they follow now.
pub async fn known(
    db: &impl ConnectionTrait,
    account: AccountId,
    openid: &Openid,
) -> Result<Option<(Before, bool)>, Error> {
    Ok(known_all(db, &[(account, openid)]).await?.pop().flatten())
}

fn before(r: &QueryResult) -> Result<(Before, bool), Error> {
    let history = match (get::<i64>(r, "baseline")?, get::<i64>(r, "unseen")?) {
        (0, 0) => History::Seen,
        (1, 0) => History::Baseline,
        (0, 1) => History::Unseen,
        (baseline, unseen) => return Err(Error::broken(format!("a follower with history {baseline} {unseen}"))),
    };
    let before = Before { first_followed_at: UnixMs(get(r, "first_followed_at")?), history };
    Ok((before, get::<i64>(r, "following")? == 1))
}

/// Notes that people, each once, follow since the event at that time; an event older than the last one changes nothing.
pub async fn came(tx: &mut Tx, people: &[(Who<'_>, UnixMs)]) -> Result<(), Error> {
    let list = people
        .iter()
        .map(|((account, openid), at)| json!({ "account_id": account.0, "openid": openid.as_str(), "at": at.0 }));
    let sql = format!(
        "INSERT INTO followers (account_id, openid, first_followed_at, last_event_at, following, baseline)
        SELECT account_id, openid, at, at, 1, 0 FROM {} WHERE 1 = 1
        ON CONFLICT (account_id, openid) DO UPDATE SET
            baseline = CASE WHEN excluded.first_followed_at < followers.first_followed_at THEN 0 ELSE followers.baseline END,
            first_followed_at = CASE WHEN excluded.first_followed_at < followers.first_followed_at
                THEN excluded.first_followed_at ELSE followers.first_followed_at END,
            unseen = 0,
            following = CASE WHEN excluded.last_event_at >= followers.last_event_at THEN 1 ELSE followers.following END,
            last_event_at = CASE WHEN excluded.last_event_at >= followers.last_event_at
                THEN excluded.last_event_at ELSE followers.last_event_at END",
        json_rows(tx.conn(), &[("account_id", BigInt), ("openid", Text), ("at", BigInt)])
    );
    exec(tx.conn(), &sql, [batch(list.collect())]).await?;
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

/// Writes new follows.
pub async fn insert(tx: &mut Tx, follows: &[Follow]) -> Result<(), Error> {
    let list = follows.iter().map(|follow| {
        json!({ "id": follow.id.0, "account_id": follow.account.0, "openid": follow.openid.as_ref().map(Openid::as_str),
            "campaign_id": follow.campaign.map(|c| c.0), "link_id": follow.link.map(|l| l.0),
            "attribution": follow.attribution.name(), "novelty": follow.novelty.name(), "grade": follow.grade.name(),
            "at": follow.at.0 })
    });
    let columns = [
        ("id", BigInt),
        ("account_id", BigInt),
        ("openid", Text),
        ("campaign_id", BigInt),
        ("link_id", BigInt),
        ("attribution", Text),
        ("novelty", Text),
        ("grade", Text),
        ("at", BigInt),
    ];
    let sql = format!(
        "INSERT INTO follows (id, account_id, openid, campaign_id, link_id, attribution, novelty, grade, at)
        SELECT id, account_id, openid, campaign_id, link_id, attribution, novelty, grade, at FROM {}",
        json_rows(tx.conn(), &columns)
    );
    exec(tx.conn(), &sql, [batch(list.collect())]).await?;
    Ok(())
}

/// A follow from its row.
fn follow(r: &QueryResult) -> Result<Follow, Error> {
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
