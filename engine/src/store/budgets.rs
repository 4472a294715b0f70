//! Budget lines and the transfers that explain them.
//! Refuses a balance without its transfer: whoever changes the one writes the other.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{batch, for_update, json_rows};
use super::script::Step;
use super::{Tx, exec, fen, get, parsed, row, rows};
use crate::error::Error;
use rules::Fen;
use rules::ids::{CampaignId, LineId, OperatorId, PayoutId};
use rules::ledger::{Budget, Changes, Entry, Event, Pot};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::json;
use std::collections::BTreeMap;

/// A line from its row, whose id stands in the column `id`.
pub fn line(r: &QueryResult, id: &str) -> Result<Budget, Error> {
    Ok(Budget {
        line: LineId(get(r, id)?),
        available: fen(r, "available_fen")?,
        reserved: fen(r, "reserved_fen")?,
        paid: fen(r, "paid_fen")?,
    })
}

pub async fn of_campaign(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Option<Budget>, Error> {
    let sql = "SELECT * FROM lines WHERE campaign_id = $1";
    row(db, sql, [campaign.0.into()]).await?.as_ref().map(|r| line(r, "id")).transpose()
}

/// Holds the campaign's budget lines until the commit, in the order in which everybody takes them.
pub async fn lock(tx: &mut Tx, campaign: CampaignId) -> Result<(), Error> {
    let sql = format!("SELECT id FROM lines WHERE campaign_id = $1 ORDER BY id{}", for_update(tx.conn()));
    rows(tx.conn(), &sql, [campaign.0.into()]).await?;
    Ok(())
}

/// A campaign's line and how often staff changed it, in one picture. What staff move belongs to no payout: by that the
/// few are found among millions.
pub async fn seen(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Option<(Budget, Changes)>, Error> {
    let sql = "SELECT l.*, (SELECT COUNT(*) FROM transfers t
            WHERE t.line_id = l.id AND t.payout_id IS NULL AND t.event IN ($2, $3)) AS changes
        FROM lines l WHERE l.campaign_id = $1";
    let values = [campaign.0.into(), Event::Fund.name().into(), Event::Withdraw.name().into()];
    let read = |r: &QueryResult| Ok((line(r, "id")?, Changes(get(r, "changes")?)));
    row(db, sql, values).await?.as_ref().map(read).transpose()
}

pub async fn open_line(tx: &mut Tx, line: LineId, campaign: CampaignId) -> Result<(), Error> {
    let sql = "INSERT INTO lines (id, campaign_id, available_fen, reserved_fen, paid_fen) VALUES ($1, $2, 0, 0, 0)";
    exec(tx.conn(), sql, [line.0.into(), campaign.0.into()]).await?;
    Ok(())
}

/// A transfer as a statement shows it.
pub fn entry(r: &QueryResult) -> Result<Entry, Error> {
    Ok(Entry {
        id: get(r, "id")?,
        at: UnixMs(get(r, "at")?),
        event: parsed(r, "event")?,
        amount: fen(r, "amount_fen")?,
        mch_billno: get::<Option<String>>(r, "mch_billno")?.unwrap_or_default(),
        operator: get::<Option<String>>(r, "login")?.unwrap_or_default(),
    })
}

/// One page of a campaign's transfers, the newest first, before the transfer `before`.
pub async fn statement(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT t.id, t.at, t.event, t.amount_fen, p.mch_billno, o.login FROM transfers t
            JOIN lines l ON l.id = t.line_id LEFT JOIN payouts p ON p.id = t.payout_id
            LEFT JOIN operators o ON o.id = t.operator_id
        WHERE l.campaign_id = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3";
    let values = [campaign.0.into(), before.unwrap_or(i64::MAX).into(), limit.into()];
    rows(db, sql, values).await?.iter().map(entry).collect()
}

/// One movement of money on a line.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    pub id: i64,
    pub line: LineId,
    pub event: Event,
    pub amount: Fen,
    pub payout: Option<PayoutId>,
    pub operator: Option<OperatorId>,
    pub at: UnixMs,
}

/// Moves money: the balances and their transfers together. `Ok(false)`, and nothing moved, when a pot holds too little.
/// Within one call only the sum of a line's movements must leave nothing negative.
pub async fn transfer(tx: &mut Tx, transfers: &[Transfer]) -> Result<bool, Error> {
    for line in move_lines(transfers) {
        if line.run(tx).await? == 0 {
            return Ok(false);
        }
    }
    write(tx.conn(), transfers).run(tx).await?;
    Ok(true)
}

/// The steps that move money. A script of them is undone where a pot holds too little.
#[must_use = "steps that are not run change nothing"]
pub fn transfer_steps(db: &impl ConnectionTrait, transfers: &[Transfer]) -> Vec<Step> {
    let mut steps = move_lines(transfers);
    steps.push(write(db, transfers));
    steps
}

/// The steps that change balances. A line of which a pot holds too little stays as it is.
fn move_lines(transfers: &[Transfer]) -> Vec<Step> {
    let mut changes: BTreeMap<LineId, [i64; 3]> = BTreeMap::new();
    for t in transfers {
        let (debit, credit) = t.event.entries();
        let pots = [Pot::Available, Pot::Reserved, Pot::Paid];
        for (sum, pot) in changes.entry(t.line).or_default().iter_mut().zip(pots) {
            *sum += i64::from(pot == credit) * t.amount.get() - i64::from(pot == debit) * t.amount.get();
        }
    }
    // The condition, not the CHECK, says no: a refused CHECK would end a PostgreSQL transaction. Lines are taken sorted
    // by id, so that two transactions never wait for each other in a circle.
    let sql = "UPDATE lines SET available_fen = available_fen + $2, reserved_fen = reserved_fen + $3,
            paid_fen = paid_fen + $4
        WHERE id = $1 AND available_fen + $2 >= 0 AND reserved_fen + $3 >= 0 AND paid_fen + $4 >= 0";
    let step = |(line, [available, reserved, paid]): (LineId, [i64; 3])| {
        Step::new("lines", sql.to_owned(), [line.0.into(), available.into(), reserved.into(), paid.into()], 1)
    };
    changes.into_iter().map(step).collect()
}

fn write(db: &impl ConnectionTrait, transfers: &[Transfer]) -> Step {
    let list = transfers.iter().map(|t| {
        let (debit, credit) = t.event.entries();
        json!({ "id": t.id, "line_id": t.line.0, "event": t.event.name(), "debit": debit.name(), "credit": credit.name(),
            "amount_fen": t.amount.get(), "payout_id": t.payout.map(|p| p.0), "operator_id": t.operator.map(|o| o.0),
            "at": t.at.0, "settles": t.event.settles().map(Event::name), "resolves": settled_beside(t, transfers) })
    });
    let columns = [
        ("id", BigInt),
        ("line_id", BigInt),
        ("event", Text),
        ("debit", Text),
        ("credit", Text),
        ("amount_fen", BigInt),
        ("payout_id", BigInt),
        ("operator_id", BigInt),
        ("at", BigInt),
        ("settles", Text),
        ("resolves", BigInt),
    ];
    // A transfer that settles names the one it settles; each can be settled once, says the unique rule on `resolves`.
    // What is written by this very statement it does not see.
    let sql = format!(
        "INSERT INTO transfers (id, line_id, event, debit, credit, amount_fen, payout_id, operator_id, at, resolves)
        SELECT id, line_id, event, debit, credit, amount_fen, payout_id, operator_id, at,
            CASE WHEN settles IS NULL OR resolves IS NOT NULL THEN resolves ELSE (SELECT r.id FROM transfers r
                WHERE r.payout_id = batch.payout_id AND r.event = batch.settles) END FROM {}",
        json_rows(db, &columns)
    );
    Step::new("transfers", sql, [batch(list.collect())], transfers.len())
}

/// The transfer among those written with `t` that it settles: a packet of which nothing was known until WeChat says that
/// it went back is paid and returned at once.
fn settled_beside(t: &Transfer, transfers: &[Transfer]) -> Option<i64> {
    let settled = t.event.settles()?;
    transfers.iter().find(|other| other.payout == t.payout && other.event == settled).map(|other| other.id)
}
