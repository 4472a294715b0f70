//! Payouts without an end, and what staff do to one of them.
//! Refuses to change a number or a request.

use super::payout_list::SINCE;
use super::{Tx, exec, fen, get, parsed, row, rows};
use crate::error::Error;
use rules::ageing::{Ageing, patience_ms};
use rules::follow::Grade;
use rules::ids::{AccountId, Appid, CampaignId, ClaimId, LineId, Openid, PayoutId};
use rules::payout::State;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};

fn ageing(r: &QueryResult) -> Result<Ageing, Error> {
    let state: State = parsed(r, "state")?;
    let since = UnixMs(get(r, "since")?);
    Ok(Ageing {
        payout: PayoutId(get(r, "id")?),
        campaign: CampaignId(get(r, "campaign_id")?),
        mch_billno: parsed(r, "mch_billno")?,
        rail: parsed(r, "rail")?,
        state,
        held: state == State::Queued && get::<Option<i64>>(r, "due_at")?.is_none(),
        amount: fen(r, "amount_fen")?,
        attempts: get(r, "attempts")?,
        err_code: get(r, "err_code")?,
        since,
        deadline: since.plus(patience_ms(state).unwrap_or(0)),
    })
}

/// Everything that is not final, the longest standing first.
pub async fn open(db: &impl ConnectionTrait, limit: i64) -> Result<Vec<Ageing>, Error> {
    let sql = format!(
        "SELECT p.id, c.campaign_id, p.mch_billno, p.rail, p.state, p.due_at, p.amount_fen, p.attempts, p.err_code,
            {SINCE} AS since
        FROM payouts p JOIN claims c ON c.id = p.claim_id
        WHERE p.state IN ('queued', 'sending', 'unknown', 'sent', 'waiting_confirm') ORDER BY since, p.id LIMIT $1"
    );
    rows(db, &sql, [limit.into()]).await?.iter().map(ageing).collect()
}

/// Makes a payout that is not final and not being sent due at `now`; false when it is none of these.
pub async fn make_due(tx: &mut Tx, id: PayoutId, now: UnixMs) -> Result<bool, Error> {
    let sql =
        "UPDATE payouts SET due_at = $2 WHERE id = $1 AND state IN ('queued', 'unknown', 'sent', 'waiting_confirm')";
    Ok(exec(tx.conn(), sql, [id.0.into(), now.0.into()]).await? == 1)
}

/// Takes a queued payout off the list until it is made due; false when it is not queued.
pub async fn hold(tx: &mut Tx, id: PayoutId) -> Result<bool, Error> {
    let sql = "UPDATE payouts SET due_at = NULL WHERE id = $1 AND state = 'queued'";
    Ok(exec(tx.conn(), sql, [id.0.into()]).await? == 1)
}

/// True for a queued payout that nobody will send before somebody says so.
pub async fn is_held(db: &impl ConnectionTrait, id: PayoutId) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one FROM payouts WHERE id = $1 AND state = 'queued' AND due_at IS NULL";
    Ok(row(db, sql, [id.0.into()]).await?.is_some())
}

/// What a new payout for the same claim stands on.
#[derive(Debug, Clone)]
pub struct Ended {
    pub state: State,
    pub claim: ClaimId,
    pub line: LineId,
    pub campaign: CampaignId,
    pub account: AccountId,
    pub grade: Grade,
    pub appid: Appid,
    pub payee: Openid,
    pub amount: rules::Fen,
    pub rehearsal: bool,
    pub another_alive: bool,
}

/// A payout with its claim. The write holds the claim's row until this transaction ends: two people who reissue at
/// once come one after the other, and the second one sees the first one's payout.
pub async fn with_claim(tx: &mut Tx, id: PayoutId) -> Result<Option<Ended>, Error> {
    let lock = "UPDATE claims SET at = at WHERE id = (SELECT claim_id FROM payouts WHERE id = $1)";
    exec(tx.conn(), lock, [id.0.into()]).await?;
    let sql = "SELECT p.state, p.claim_id, p.line_id, c.campaign_id, c.account_id, c.grade, p.appid,
            c.payee_openid, c.rehearsal, p.amount_fen,
            (SELECT COUNT(*) FROM payouts n WHERE n.claim_id = p.claim_id AND n.state NOT IN ('returned', 'failed'))
                AS alive
        FROM payouts p JOIN claims c ON c.id = p.claim_id WHERE p.id = $1";
    let Some(r) = row(tx.conn(), sql, [id.0.into()]).await? else { return Ok(None) };
    Ok(Some(Ended {
        state: parsed(&r, "state")?,
        claim: ClaimId(get(&r, "claim_id")?),
        line: LineId(get(&r, "line_id")?),
        campaign: CampaignId(get(&r, "campaign_id")?),
        account: AccountId(get(&r, "account_id")?),
        grade: parsed(&r, "grade")?,
        appid: parsed(&r, "appid")?,
        payee: parsed(&r, "payee_openid")?,
        amount: fen(&r, "amount_fen")?,
        rehearsal: get::<i64>(&r, "rehearsal")? == 1,
        another_alive: get::<i64>(&r, "alive")? > 0,
    }))
}
