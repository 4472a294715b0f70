//! Budget lines and the transfers that explain them.
//! Refuses a balance without its transfer: both change in one function.

use super::{Tx, exec, fen, get, row};
use crate::error::Error;
use rules::Fen;
use rules::ids::{CampaignId, LineId, OperatorId, PayoutId};
use rules::ledger::{Budget, Event, Pot};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};

fn budget(r: &QueryResult) -> Result<Budget, Error> {
    Ok(Budget {
        line: LineId(get(r, "id")?),
        available: fen(r, "available_fen")?,
        reserved: fen(r, "reserved_fen")?,
        paid: fen(r, "paid_fen")?,
    })
}

pub async fn of_campaign(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Option<Budget>, Error> {
    let sql = "SELECT * FROM lines WHERE campaign_id = $1";
    row(db, sql, [campaign.0.into()]).await?.as_ref().map(budget).transpose()
}

/// True once money was put into a campaign's budget.
pub async fn was_funded(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one FROM transfers t JOIN lines l ON l.id = t.line_id
        WHERE l.campaign_id = $1 AND t.event = $2 LIMIT 1";
    Ok(row(db, sql, [campaign.0.into(), Event::Fund.name().into()]).await?.is_some())
}

pub async fn open_line(tx: &mut Tx, line: LineId, campaign: CampaignId) -> Result<(), Error> {
    let sql = "INSERT INTO lines (id, campaign_id, available_fen, reserved_fen, paid_fen) VALUES ($1, $2, 0, 0, 0)";
    exec(tx.conn(), sql, [line.0.into(), campaign.0.into()]).await?;
    Ok(())
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

/// Moves money: the balance and its transfer together. `Ok(false)`, and nothing moved, when the pot holds too little.
pub async fn transfer(tx: &mut Tx, t: &Transfer) -> Result<bool, Error> {
    let (debit, credit) = t.event.entries();
    let change = |pot: Pot| i64::from(pot == credit) * t.amount.get() - i64::from(pot == debit) * t.amount.get();
    let (available, reserved, paid) = (change(Pot::Available), change(Pot::Reserved), change(Pot::Paid));
    // The condition, not the CHECK, says no: a refused CHECK would end a PostgreSQL transaction.
    let sql = "UPDATE lines SET available_fen = available_fen + $2, reserved_fen = reserved_fen + $3,
            paid_fen = paid_fen + $4
        WHERE id = $1 AND available_fen + $2 >= 0 AND reserved_fen + $3 >= 0 AND paid_fen + $4 >= 0";
    let values = [t.line.0.into(), available.into(), reserved.into(), paid.into()];
    if exec(tx.conn(), sql, values).await? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO transfers (id, line_id, event, debit, credit, amount_fen, payout_id, operator_id, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = [
        t.id.into(),
        t.line.0.into(),
        t.event.name().into(),
        debit.name().into(),
        credit.name().into(),
        t.amount.get().into(),
        t.payout.map(|p| p.0).into(),
        t.operator.map(|o| o.0).into(),
        t.at.0.into(),
    ];
    exec(tx.conn(), sql, values).await?;
    Ok(true)
}
