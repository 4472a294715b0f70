//! Rows of imported fund-flow bills, each day beside our own books.
//! Refuses half a day: an import replaces all rows of its merchant's day.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{batch, json_rows};
use super::{Tx, exec, fen, get, parsed, row, rows};
use crate::error::Error;
use rules::bill::{Beside, DayBill, Difference, Imported, Kind, Movement, Side};
use rules::ids::{MchBillno, MchId, OperatorId};
use rules::time::{BeijingDay, UnixMs};
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::json;
use std::collections::HashSet;

/// How many rows travel in one statement.
const BATCH: usize = 1000;

fn imported(r: &QueryResult) -> Result<Imported, Error> {
    Ok(Imported {
        mch_id: parsed(r, "mch_id")?,
        day: BeijingDay(get(r, "day")?),
        ours: get(r, "ours")?,
        foreign: get(r, "foreigners")?,
        at: UnixMs(get(r, "at")?),
    })
}

/// The import of a day with its file's hash.
pub async fn find(
    db: &impl ConnectionTrait,
    mch_id: &MchId,
    day: BeijingDay,
) -> Result<Option<(Imported, String)>, Error> {
    let sql = "SELECT * FROM bill_imports WHERE mch_id = $1 AND day = $2";
    let found = row(db, sql, [mch_id.as_str().into(), day.0.into()]).await?;
    found.map(|r| Ok((imported(&r)?, get(&r, "hash")?))).transpose()
}

/// The newest days that were imported.
pub async fn newest(db: &impl ConnectionTrait, limit: i64) -> Result<Vec<Imported>, Error> {
    let sql = "SELECT * FROM bill_imports ORDER BY day DESC, mch_id LIMIT $1";
    rows(db, sql, [limit.into()]).await?.iter().map(imported).collect()
}

/// Those days of `from` to `to` that were imported.
pub async fn days(
    db: &impl ConnectionTrait,
    mch_id: &MchId,
    from: BeijingDay,
    to: BeijingDay,
) -> Result<Vec<BeijingDay>, Error> {
    let sql = "SELECT day FROM bill_imports WHERE mch_id = $1 AND day >= $2 AND day <= $3";
    let found = rows(db, sql, [mch_id.as_str().into(), from.0.into(), to.0.into()]).await?;
    found.iter().map(|r| Ok(BeijingDay(get(r, "day")?))).collect()
}

/// Puts a day's bill in the place of whatever was imported for that day.
pub async fn put(tx: &mut Tx, mch_id: &MchId, bill: &DayBill, by: OperatorId, now: UnixMs) -> Result<(), Error> {
    let sql = "INSERT INTO bill_imports (mch_id, day, hash, ours, foreigners, operator_id, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (mch_id, day) DO UPDATE SET hash = excluded.hash, ours = excluded.ours,
            foreigners = excluded.foreigners, operator_id = excluded.operator_id, at = excluded.at";
    let ours = i64::try_from(bill.rows.len()).map_err(Error::broken)?;
    let values = [
        mch_id.as_str().into(),
        bill.day.0.into(),
        bill.hash.as_str().into(),
        ours.into(),
        bill.foreign.into(),
        by.0.into(),
        now.0.into(),
    ];
    exec(tx.conn(), sql, values).await?;
    let sql = "DELETE FROM bill_rows WHERE mch_id = $1 AND day = $2";
    exec(tx.conn(), sql, [mch_id.as_str().into(), bill.day.0.into()]).await?;
    let columns = [
        ("n", BigInt),
        ("mch_billno", Text),
        ("rail", Text),
        ("movement", Text),
        ("amount_fen", BigInt),
        ("at", BigInt),
    ];
    let sql = format!(
        "INSERT INTO bill_rows (mch_id, day, n, mch_billno, rail, movement, amount_fen, at)
        SELECT $2, $3, n, mch_billno, rail, movement, amount_fen, at FROM {}",
        json_rows(tx.conn(), &columns)
    );
    for (chunk, rows) in bill.rows.chunks(BATCH).enumerate() {
        let list = rows.iter().zip(chunk * BATCH..).map(|(row, n)| {
            json!({ "n": n, "mch_billno": row.mch_billno.as_str(), "rail": row.rail.name(),
                "movement": row.movement.name(), "amount_fen": row.amount.get(), "at": row.at.0 })
        });
        let values = [batch(list.collect()), mch_id.as_str().into(), bill.day.0.into()];
        exec(tx.conn(), &sql, values).await?;
    }
    Ok(())
}

/// Payments of the day's bill as it was imported, and that this one does not have.
pub async fn dropped(db: &impl ConnectionTrait, mch_id: &MchId, bill: &DayBill) -> Result<Vec<MchBillno>, Error> {
    let sql = "SELECT DISTINCT mch_billno FROM bill_rows WHERE mch_id = $1 AND day = $2 AND movement = 'paid'
        ORDER BY mch_billno";
    let there = rows(db, sql, [mch_id.as_str().into(), bill.day.0.into()]).await?;
    let paid = bill.rows.iter().filter(|row| row.movement == Movement::Paid);
    let paid: HashSet<&str> = paid.map(|row| row.mch_billno.as_str()).collect();
    let mut dropped: Vec<MchBillno> = there.iter().map(|r| parsed(r, "mch_billno")).collect::<Result<_, Error>>()?;
    dropped.retain(|number| !paid.contains(number.as_str()));
    Ok(dropped)
}

/// What our books have booked of a bill's row `r`, whose payout is `p`: the amount, or nothing.
const BOOKED: &str = "CASE WHEN r.movement = 'paid' AND p.accepted_at IS NOT NULL THEN p.amount_fen
    WHEN r.movement = 'returned' AND EXISTS
        (SELECT 1 FROM transfers t WHERE t.payout_id = p.id AND t.event = 'return') THEN p.amount_fen END";

/// The rows of a day's bill that differ from our books, each number and movement once.
pub async fn differing(
    db: &impl ConnectionTrait,
    mch_id: &MchId,
    day: BeijingDay,
    limit: i64,
) -> Result<Vec<Difference>, Error> {
    let sql = format!(
        "SELECT mch_billno, movement, theirs, times, is_known, ours FROM (
            SELECT r.n, r.mch_billno, r.movement, r.amount_fen AS theirs, {BOOKED} AS ours,
                CAST(CASE WHEN p.id IS NULL THEN 0 ELSE 1 END AS BIGINT) AS is_known,
                (SELECT COUNT(*) FROM bill_rows s WHERE s.mch_id = r.mch_id AND s.mch_billno = r.mch_billno
                    AND s.movement = r.movement) AS times,
                (SELECT MIN(s.n) FROM bill_rows s WHERE s.mch_id = r.mch_id AND s.mch_billno = r.mch_billno
                    AND s.movement = r.movement AND s.day = r.day) AS first_n
            FROM bill_rows r LEFT JOIN payouts p ON p.mch_billno = r.mch_billno AND p.mch_id = r.mch_id
            WHERE r.mch_id = $1 AND r.day = $2
        ) AS beside
        WHERE n = first_n AND (times > 1 OR ours IS NULL OR ours <> theirs) ORDER BY n LIMIT $3"
    );
    let found = rows(db, &sql, [mch_id.as_str().into(), day.0.into(), limit.into()]).await?;
    let mut differences = Vec::new();
    for r in &found {
        let ours = get::<Option<i64>>(r, "ours")?.map(rules::Fen::new).transpose()?;
        let beside = Beside {
            mch_billno: parsed(r, "mch_billno")?,
            movement: parsed(r, "movement")?,
            theirs: fen(r, "theirs")?,
            times: get(r, "times")?,
            is_known: get::<i64>(r, "is_known")? == 1,
            ours,
        };
        differences.extend(beside.difference());
    }
    Ok(differences)
}

/// Something of ours that no imported bill has.
pub struct Alone {
    pub difference: Difference,
    /// When it can have happened first.
    pub first: UnixMs,
    /// When we heard of it.
    pub heard: UnixMs,
}

/// What we heard on `day` and no imported bill of the merchant has: payments, and returns.
pub async fn alone(
    db: &impl ConnectionTrait,
    mch_id: &MchId,
    day: BeijingDay,
    limit: i64,
) -> Result<Vec<Alone>, Error> {
    let sql = "SELECT * FROM (
            SELECT p.mch_billno, 'paid' AS movement, p.amount_fen, p.created_at AS first_at, p.accepted_at AS heard_at
            FROM payouts p WHERE p.mch_id = $1 AND p.accepted_at >= $2 AND p.accepted_at < $3
                AND NOT EXISTS (SELECT 1 FROM bill_rows r WHERE r.mch_id = p.mch_id AND r.mch_billno = p.mch_billno
                    AND r.movement = 'paid')
            UNION ALL
            SELECT p.mch_billno, 'returned' AS movement, p.amount_fen, p.accepted_at AS first_at, t.at AS heard_at
            FROM transfers t JOIN payouts p ON p.id = t.payout_id
            WHERE t.event = 'return' AND t.at >= $2 AND t.at < $3 AND p.mch_id = $1
                AND NOT EXISTS (SELECT 1 FROM bill_rows r WHERE r.mch_id = p.mch_id AND r.mch_billno = p.mch_billno
                    AND r.movement = 'returned')
        ) AS alone ORDER BY heard_at, mch_billno LIMIT $4";
    let values = [mch_id.as_str().into(), day.start().0.into(), day.next().start().0.into(), limit.into()];
    let read = |r: &QueryResult| {
        let (kind, movement, mch_billno): (_, Movement, MchBillno) =
            (Kind::OursAlone, parsed(r, "movement")?, parsed(r, "mch_billno")?);
        let difference = Difference { kind, movement, mch_billno, ours: Some(fen(r, "amount_fen")?), theirs: None };
        Ok(Alone { difference, first: UnixMs(get(r, "first_at")?), heard: UnixMs(get(r, "heard_at")?) })
    };
    rows(db, sql, values).await?.iter().map(read).collect()
}

fn side(r: &QueryResult) -> Result<Side, Error> {
    Ok(Side {
        paid: get(r, "paid")?,
        paid_fen: fen(r, "paid_fen")?,
        returned: get(r, "returned")?,
        returned_fen: fen(r, "returned_fen")?,
    })
}

const SUMS: &str = "CAST(COALESCE(SUM(CASE WHEN movement = 'paid' THEN 1 ELSE 0 END), 0) AS BIGINT) AS paid,
    CAST(COALESCE(SUM(CASE WHEN movement = 'paid' THEN amount_fen ELSE 0 END), 0) AS BIGINT) AS paid_fen,
    CAST(COALESCE(SUM(CASE WHEN movement = 'returned' THEN 1 ELSE 0 END), 0) AS BIGINT) AS returned,
    CAST(COALESCE(SUM(CASE WHEN movement = 'returned' THEN amount_fen ELSE 0 END), 0) AS BIGINT) AS returned_fen";

/// What a day's bill moved of ours.
pub async fn theirs(db: &impl ConnectionTrait, mch_id: &MchId, day: BeijingDay) -> Result<Side, Error> {
    let sql = format!("SELECT {SUMS} FROM bill_rows WHERE mch_id = $1 AND day = $2");
    let found = row(db, &sql, [mch_id.as_str().into(), day.0.into()]).await?;
    found.as_ref().map_or_else(|| Ok(Side::default()), side)
}

/// What our books moved, as we heard of it on that day.
pub async fn ours(db: &impl ConnectionTrait, mch_id: &MchId, day: BeijingDay) -> Result<Side, Error> {
    let sql = format!(
        "SELECT {SUMS} FROM (
            SELECT 'paid' AS movement, p.amount_fen FROM payouts p
            WHERE p.mch_id = $1 AND p.accepted_at >= $2 AND p.accepted_at < $3
            UNION ALL SELECT 'returned', t.amount_fen FROM transfers t JOIN payouts p ON p.id = t.payout_id
            WHERE t.event = 'return' AND t.at >= $2 AND t.at < $3 AND p.mch_id = $1
        ) AS moved"
    );
    let values = [mch_id.as_str().into(), day.start().0.into(), day.next().start().0.into()];
    row(db, &sql, values).await?.as_ref().map_or_else(|| Ok(Side::default()), side)
}

/// Every merchant.
pub async fn merchants(db: &impl ConnectionTrait) -> Result<Vec<MchId>, Error> {
    let sql = "SELECT mch_id FROM merchants ORDER BY mch_id";
    rows(db, sql, []).await?.iter().map(|r| parsed(r, "mch_id")).collect()
}

/// True when an imported bill says that this number was paid.
pub async fn is_paid(db: &impl ConnectionTrait, mch_id: &MchId, number: &MchBillno) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one FROM bill_rows WHERE mch_id = $1 AND mch_billno = $2 AND movement = 'paid' LIMIT 1";
    Ok(row(db, sql, [mch_id.as_str().into(), number.as_str().into()]).await?.is_some())
}
