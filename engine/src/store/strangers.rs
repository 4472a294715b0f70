//! Payments that a bill has and our restored books do not: whom they went to, and whose claim was lost with them.
//! Refuses to forget one: a number is open until WeChat told its person or gave the money back.

use super::dialect::for_update;
use super::{Tx, exec, fen, get, parsed, row, rows};
use crate::error::Error;
use rules::Fen;
use rules::ids::{Appid, CampaignId, LineId, MchBillno, MchId, Openid, PayoutId};
use rules::payout::{PAID_SINCE_BACKUP, Rail};
use rules::time::{BeijingDay, UnixMs};
use sea_orm::{ConnectionTrait, QueryResult};
use std::collections::BTreeMap;

/// A payment of nobody we know.
#[derive(Debug, Clone)]
pub struct Stranger {
    pub mch_id: MchId,
    pub mch_billno: MchBillno,
    pub rail: Rail,
    pub amount: Fen,
}

/// What is known of a stranger now.
#[derive(Debug, Clone)]
pub enum Found {
    /// WeChat named the person.
    Known(Appid, Openid),
    /// The money went back to the merchant.
    Back,
    /// Not opened yet, or WeChat did not answer: to be asked again.
    Open,
    /// WeChat will not tell.
    Untold,
}

/// A stranger `s` whose person is not known, and of whom no line knows.
const OPEN: &str = "s.state IN ('open', 'untold') AND s.booked_at IS NULL";
/// The beginning of "a bill has paid `s`, and of that row `r` is true"; it wants a bracket.
const PAID_ON: &str = "EXISTS (SELECT 1 FROM bill_rows r
    WHERE r.mch_id = s.mch_id AND r.mch_billno = s.mch_billno AND r.movement = 'paid'";

fn stranger(r: &QueryResult) -> Result<Stranger, Error> {
    Ok(Stranger {
        mch_id: parsed(r, "mch_id")?,
        mch_billno: parsed(r, "mch_billno")?,
        rail: parsed(r, "rail")?,
        amount: fen(r, "amount_fen")?,
    })
}

/// Enters every payment of the bills of these days whose number our books do not know. What went back by the bills
/// themselves is settled with that.
pub async fn enter(tx: &mut Tx, mch_id: &MchId, from: BeijingDay, to: BeijingDay) -> Result<(), Error> {
    let sql = "INSERT INTO strangers (mch_billno, mch_id, rail, amount_fen, state, at)
        SELECT r.mch_billno, r.mch_id, MIN(r.rail), MAX(r.amount_fen), 'open', 0 FROM bill_rows r
        WHERE r.mch_id = $1 AND r.day >= $2 AND r.day <= $3 AND r.movement = 'paid'
            AND NOT EXISTS (SELECT 1 FROM payouts p WHERE p.mch_billno = r.mch_billno)
        GROUP BY r.mch_billno, r.mch_id ON CONFLICT DO NOTHING";
    exec(tx.conn(), sql, [mch_id.as_str().into(), from.0.into(), to.0.into()]).await?;
    let sql = "UPDATE strangers SET state = 'back' WHERE mch_id = $1 AND EXISTS (SELECT 1 FROM bill_rows r
        WHERE r.mch_id = strangers.mch_id AND r.mch_billno = strangers.mch_billno AND r.movement = 'returned')";
    exec(tx.conn(), sql, [mch_id.as_str().into()]).await?;
    Ok(())
}

/// Strangers paid since `told_since` who are still to be asked for, those first of whom nobody asked for longest: also
/// those of whom WeChat did not tell, as it may not find a number today and find it tomorrow.
pub async fn open(db: &impl ConnectionTrait, told_since: UnixMs) -> Result<Vec<Stranger>, Error> {
    let sql = format!("SELECT * FROM strangers s WHERE {OPEN} AND {PAID_ON} AND r.at >= $1) ORDER BY at, mch_billno");
    rows(db, &sql, [told_since.0.into()]).await?.iter().map(stranger).collect()
}

/// How many of them were never asked for.
pub async fn unasked(db: &impl ConnectionTrait, told_since: UnixMs) -> Result<i64, Error> {
    let sql = format!("SELECT COUNT(*) AS n FROM strangers s WHERE {OPEN} AND at = 0 AND {PAID_ON} AND r.at >= $1)");
    row(db, &sql, [told_since.0.into()]).await?.map_or(Ok(0), |r| Ok(get(&r, "n")?))
}

/// From now on they count as asked for, whatever WeChat answers.
pub async fn begin_to_ask(tx: &mut Tx, some: &[Stranger], now: UnixMs) -> Result<(), Error> {
    for stranger in some {
        let sql = "UPDATE strangers SET at = $2 WHERE mch_billno = $1";
        exec(tx.conn(), sql, [stranger.mch_billno.as_str().into(), now.0.into()]).await?;
    }
    Ok(())
}

/// Strangers whose money did not come back and whose claim nobody can tell: their person is not known, or no campaign
/// of today is paid by the account that paid them.
pub async fn nameless(db: &impl ConnectionTrait) -> Result<Vec<Stranger>, Error> {
    let sql = "SELECT * FROM strangers s WHERE booked_at IS NULL AND (state IN ('open', 'untold')
        OR (state = 'known' AND NOT EXISTS
            (SELECT 1 FROM campaigns c JOIN accounts a ON a.id = c.payer_id WHERE a.appid = s.appid)))
        ORDER BY mch_billno";
    rows(db, sql, []).await?.iter().map(stranger).collect()
}

/// The official accounts that can have paid for a merchant.
pub async fn payers(db: &impl ConnectionTrait, mch_id: &MchId) -> Result<Vec<Appid>, Error> {
    let sql = "SELECT appid FROM accounts WHERE mch_id = $1 OR id IN
        (SELECT payer_id FROM campaigns WHERE mch_id = $1) ORDER BY appid";
    rows(db, sql, [mch_id.as_str().into()]).await?.iter().map(|r| parsed(r, "appid")).collect()
}

/// Writes what was found about a stranger; what WeChat told before stays.
pub async fn learn(tx: &mut Tx, stranger: &Stranger, found: &Found, now: UnixMs) -> Result<(), Error> {
    let (state, appid, openid) = match found {
        Found::Known(appid, openid) => ("known", Some(appid.as_str()), Some(openid.as_str())),
        Found::Back => ("back", None, None),
        Found::Open => ("open", None, None),
        Found::Untold => ("untold", None, None),
    };
    let sql = "UPDATE strangers SET state = $2, appid = $3, openid = $4, at = $5
        WHERE mch_billno = $1 AND state IN ('open', 'untold')";
    let values = [stranger.mch_billno.as_str().into(), state.into(), appid.into(), openid.into(), now.0.into()];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// The lost claim of a payout's own claim, where `p` is the payout.
const LOST: &str = "SELECT 1 FROM claims c JOIN lost_claims l ON l.campaign_id = c.campaign_id
    AND l.payee = p.appid || ':' || c.payee_openid WHERE c.id = p.claim_id";

/// Whoever was paid, and of whom no line knows yet, counts as having claimed in every campaign of the account that paid
/// them that was there at `there_at`; without it, that is there now.
pub async fn enter_claims(tx: &mut Tx, there_at: Option<UnixMs>) -> Result<u64, Error> {
    let sql = "INSERT INTO lost_claims (campaign_id, payee, mch_billno)
        SELECT c.id, s.appid || ':' || s.openid, MIN(s.mch_billno) FROM strangers s
            JOIN accounts a ON a.appid = s.appid JOIN campaigns c ON c.payer_id = a.id
        WHERE s.state = 'known' AND s.booked_at IS NULL AND c.created_at <= $1
        GROUP BY c.id, s.appid, s.openid ON CONFLICT DO NOTHING";
    Ok(exec(tx.conn(), sql, [there_at.map_or(i64::MAX, |at| at.0).into()]).await?)
}

/// Holds what waits to be sent to somebody who was paid, as no line knows yet, and tells the numbers: one of them may be
/// what the stranger's number was sent in place of.
pub async fn hold(tx: &mut Tx) -> Result<Vec<MchBillno>, Error> {
    let theirs = format!(
        "state = 'queued' AND err_code <> $1 AND EXISTS ({LOST} AND EXISTS (SELECT 1 FROM strangers s
            WHERE s.state = 'known' AND s.booked_at IS NULL AND s.appid = p.appid AND s.openid = c.payee_openid))"
    );
    let code = || [PAID_SINCE_BACKUP.into()];
    let sql = format!("SELECT mch_billno FROM payouts p WHERE {theirs} ORDER BY id");
    let held = rows(tx.conn(), &sql, code()).await?.iter().map(|r| parsed(r, "mch_billno")).collect();
    let sql = format!("UPDATE payouts AS p SET due_at = NULL, err_code = $1 WHERE {theirs}");
    exec(tx.conn(), &sql, code()).await?;
    held
}

/// True when whoever this payout is for was paid under another number since the backup.
pub async fn was_paid_otherwise(db: &impl ConnectionTrait, payout: PayoutId) -> Result<bool, Error> {
    let sql = format!("SELECT 1 AS one FROM payouts p WHERE p.id = $1 AND EXISTS ({LOST})");
    Ok(row(db, &sql, [payout.0.into()]).await?.is_some())
}

/// Money that left since the backup: by one account, or by any of a merchant where WeChat did not tell.
#[derive(Debug, Clone)]
pub struct Lost {
    pub mch_id: MchId,
    pub appid: Option<Appid>,
    pub amount: Fen,
}

/// Whose money is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's: nobody is asked for any more.
    All,
    /// Theirs whom WeChat named: what others were paid may still go back.
    Named,
}

/// True while the lines do not know of all money that did not go back.
pub async fn is_any_unbooked(db: &impl ConnectionTrait) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one FROM strangers WHERE state <> 'back' AND booked_at IS NULL LIMIT 1";
    Ok(row(db, sql, []).await?.is_some())
}

/// Money of which no line knows; from now on they know of it.
pub async fn book(tx: &mut Tx, whose: Whose, now: UnixMs) -> Result<Vec<Lost>, Error> {
    let named = match whose {
        Whose::All => "",
        Whose::Named => " AND state = 'known'",
    };
    let sql = format!(
        "UPDATE strangers SET booked_at = $1 WHERE state <> 'back' AND booked_at IS NULL{named}
        RETURNING mch_id, appid, amount_fen"
    );
    let mut sums: BTreeMap<(MchId, Option<Appid>), Fen> = BTreeMap::new();
    for r in &rows(tx.conn(), &sql, [now.0.into()]).await? {
        let appid = get::<Option<String>>(r, "appid")?.map(Appid::try_from).transpose().map_err(Error::broken)?;
        let sum = sums.entry((parsed(r, "mch_id")?, appid)).or_default();
        *sum = sum.checked_add(fen(r, "amount_fen")?).ok_or_else(|| Error::broken("more money than there is"))?;
    }
    Ok(sums.into_iter().map(|((mch_id, appid), amount)| Lost { mch_id, appid, amount }).collect())
}

/// A line that can have paid.
#[derive(Debug, Clone)]
pub struct Purse {
    pub line: LineId,
    pub campaign: CampaignId,
    pub mch_id: MchId,
    pub payer: Appid,
    pub runs: bool,
    pub available: Fen,
}

/// Locks every line until the transaction ends: no claim is decided meanwhile.
pub async fn lock_lines(tx: &mut Tx) -> Result<(), Error> {
    let lock = format!("SELECT id FROM lines ORDER BY id{}", for_update(tx.conn()));
    rows(tx.conn(), &lock, []).await?;
    Ok(())
}

/// The lines of all campaigns that were there at `there_at`; without it, that are there now.
pub async fn purses(tx: &mut Tx, there_at: Option<UnixMs>) -> Result<Vec<Purse>, Error> {
    let sql = "SELECT l.id, l.available_fen, c.id AS campaign_id, c.mch_id, a.appid,
            CAST(CASE c.state WHEN 'running' THEN 1 ELSE 0 END AS BIGINT) AS runs
        FROM lines l JOIN campaigns c ON c.id = l.campaign_id JOIN accounts a ON a.id = c.payer_id
        WHERE c.created_at <= $1 ORDER BY l.id";
    let read = |r: &QueryResult| {
        Ok(Purse {
            line: LineId(get(r, "id")?),
            campaign: CampaignId(get(r, "campaign_id")?),
            mch_id: parsed(r, "mch_id")?,
            payer: parsed(r, "appid")?,
            runs: get::<i64>(r, "runs")? == 1,
            available: fen(r, "available_fen")?,
        })
    };
    rows(tx.conn(), sql, [there_at.map_or(i64::MAX, |at| at.0).into()]).await?.iter().map(read).collect()
}

/// Of whoever is not named yet nobody is asked any more, and no line pays for them.
pub async fn give_up(tx: &mut Tx, now: UnixMs) -> Result<(), Error> {
    exec(tx.conn(), "UPDATE strangers SET booked_at = $1 WHERE booked_at IS NULL", [now.0.into()]).await?;
    Ok(())
}

/// Every merchant, and whether it can transfer, or did since `from` by its bills.
pub async fn merchants(db: &impl ConnectionTrait, from: BeijingDay) -> Result<Vec<(MchId, bool)>, Error> {
    let sql = "SELECT mch_id, CAST(CASE WHEN apiv3_key IS NOT NULL OR EXISTS (SELECT 1 FROM bill_rows r
            WHERE r.mch_id = m.mch_id AND r.day >= $1 AND r.rail = 'transfer') THEN 1 ELSE 0 END AS BIGINT) AS v3
        FROM merchants m ORDER BY mch_id";
    let read = |r: &QueryResult| Ok((parsed(r, "mch_id")?, get::<i64>(r, "v3")? == 1));
    rows(db, sql, [from.0.into()]).await?.iter().map(read).collect()
}

/// The newest instant that the books know of.
pub async fn newest_instant(db: &impl ConnectionTrait) -> Result<Option<UnixMs>, Error> {
    let sql = "SELECT MAX(at) AS newest FROM (SELECT MAX(at) AS at FROM transfers UNION ALL SELECT MAX(at) FROM claims
        UNION ALL SELECT MAX(called_at) FROM payouts UNION ALL SELECT MAX(at) FROM audit) AS instants";
    let found = rows(db, sql, []).await?;
    Ok(found.first().map_or(Ok(None), |r| get::<Option<i64>>(r, "newest"))?.map(UnixMs))
}
