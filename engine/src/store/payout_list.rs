//! Payouts as staff list them, with what is known of each.
//! Refuses to change anything, and to return a whole openid.

use super::claims::masked;
use super::{fen, get, parsed, row, rows};
use crate::error::Error;
use rules::ageing::patience_ms;
use rules::ids::{CampaignId, ClaimId, MchBillno, PayoutId};
use rules::ledger::Entry;
use rules::payout::State;
use rules::payout_list::{Facts, Filter, Row};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// Since when a payout stands where it does.
pub const SINCE: &str = "COALESCE(CASE p.state WHEN 'sending' THEN p.called_at WHEN 'unknown' THEN p.doubted_at
    WHEN 'sent' THEN p.accepted_at WHEN 'waiting_confirm' THEN p.called_at END, p.created_at)";
/// True of every row; tells PostgreSQL what the present is where a filter does not ask for it.
const ASKED: &str = "CAST($1 AS BIGINT) IS NOT NULL";
const OPEN: &str = "p.state IN ('queued', 'sending', 'unknown', 'sent', 'waiting_confirm')";
const HELD: &str = "p.state = 'queued' AND p.due_at IS NULL";

fn columns() -> String {
    format!(
        "SELECT p.*, {SINCE} AS since, c.campaign_id, c.rehearsal, g.name AS campaign_name FROM payouts p
            JOIN claims c ON c.id = p.claim_id JOIN campaigns g ON g.id = c.campaign_id"
    )
}

fn listed(r: &QueryResult) -> Result<Row, Error> {
    let state: State = parsed(r, "state")?;
    let since = UnixMs(get(r, "since")?);
    Ok(Row {
        payout: PayoutId(get(r, "id")?),
        campaign: CampaignId(get(r, "campaign_id")?),
        campaign_name: get(r, "campaign_name")?,
        mch_billno: parsed(r, "mch_billno")?,
        rail: parsed(r, "rail")?,
        state,
        held: state == State::Queued && get::<Option<i64>>(r, "due_at")?.is_none(),
        amount: fen(r, "amount_fen")?,
        attempts: get(r, "attempts")?,
        err_code: get(r, "err_code")?,
        created_at: UnixMs(get(r, "created_at")?),
        deadline: patience_ms(state).map(|patience| since.plus(patience)),
        rehearsal: get::<i64>(r, "rehearsal")? == 1,
    })
}

/// What a filter asks of a row, `$1` being the present; only names of our own states are written into it.
fn condition(filter: Filter) -> String {
    match filter {
        Filter::All => ASKED.to_owned(),
        Filter::Open => format!("{ASKED} AND {OPEN}"),
        Filter::Held => format!("{ASKED} AND {HELD}"),
        Filter::At(state) => format!("{ASKED} AND p.state = '{}'", state.name()),
        Filter::Overdue => {
            let patience = State::ALL.iter().filter_map(|state| {
                let patience = patience_ms(*state)?;
                Some(format!(" WHEN '{}' THEN {patience}", state.name()))
            });
            let patience: String = patience.collect();
            format!("{OPEN} AND NOT ({HELD}) AND {SINCE} + CASE p.state{patience} ELSE 0 END <= CAST($1 AS BIGINT)")
        }
    }
}

/// One page of payouts, the newest first, before the payout `before`.
pub async fn page(
    db: &impl ConnectionTrait,
    filter: Filter,
    before: Option<PayoutId>,
    now: UnixMs,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let sql = format!("{} WHERE {} AND p.id < $2 ORDER BY p.id DESC LIMIT $3", columns(), condition(filter));
    let before = before.map_or(i64::MAX, |id| id.0);
    rows(db, &sql, [now.0.into(), before.into(), limit.into()]).await?.iter().map(listed).collect()
}

/// The payouts longest beyond their deadline.
pub async fn oldest_overdue(db: &impl ConnectionTrait, now: UnixMs, limit: i64) -> Result<Vec<Row>, Error> {
    let sql = format!("{} WHERE {} ORDER BY since, p.id LIMIT $2", columns(), condition(Filter::Overdue));
    rows(db, &sql, [now.0.into(), limit.into()]).await?.iter().map(listed).collect()
}

/// How many payouts a filter finds.
pub async fn count(db: &impl ConnectionTrait, filter: Filter, now: UnixMs) -> Result<i64, Error> {
    let sql = format!("SELECT COUNT(*) AS n FROM payouts p WHERE {}", condition(filter));
    let found = row(db, &sql, [now.0.into()]).await?;
    Ok(found.as_ref().map_or(Ok(0), |r| get(r, "n"))?)
}

/// The payout with this number.
pub async fn by_number(db: &impl ConnectionTrait, number: &MchBillno) -> Result<Vec<Row>, Error> {
    let sql = format!("{} WHERE p.mch_billno = $1", columns());
    rows(db, &sql, [number.as_str().into()]).await?.iter().map(listed).collect()
}

fn time(r: &QueryResult, column: &str) -> Result<Option<UnixMs>, Error> {
    Ok(get::<Option<i64>>(r, column)?.map(UnixMs))
}

/// Everything known of one payout.
pub async fn facts(db: &impl ConnectionTrait, id: PayoutId) -> Result<Option<Facts>, Error> {
    let sql = format!(
        "SELECT p.*, {SINCE} AS since, c.campaign_id, c.rehearsal, g.name AS campaign_name, c.payee_openid, a.name AS account_name
        FROM payouts p JOIN claims c ON c.id = p.claim_id JOIN campaigns g ON g.id = c.campaign_id
            JOIN accounts a ON a.id = c.account_id
        WHERE p.id = $1"
    );
    let Some(r) = row(db, &sql, [id.0.into()]).await? else { return Ok(None) };
    Ok(Some(Facts {
        row: listed(&r)?,
        mch_id: parsed(&r, "mch_id")?,
        appid: parsed(&r, "appid")?,
        openid_masked: masked(&get::<String>(&r, "payee_openid")?),
        account_name: get(&r, "account_name")?,
        err_code_des: get(&r, "err_code_des")?,
        asked: get(&r, "asked")?,
        due_at: time(&r, "due_at")?,
        called_at: time(&r, "called_at")?,
        doubted_at: time(&r, "doubted_at")?,
        accepted_at: time(&r, "accepted_at")?,
        ended_at: time(&r, "ended_at")?,
        expires_at: time(&r, "expires_at")?,
        entries: entries(db, id).await?,
        others: others(db, id, ClaimId(get(&r, "claim_id")?)).await?,
    }))
}

async fn entries(db: &impl ConnectionTrait, id: PayoutId) -> Result<Vec<Entry>, Error> {
    let sql = "SELECT t.id, t.at, t.event, t.amount_fen, p.mch_billno, o.login FROM transfers t
            JOIN payouts p ON p.id = t.payout_id LEFT JOIN operators o ON o.id = t.operator_id
        WHERE t.payout_id = $1 ORDER BY t.id";
    rows(db, sql, [id.0.into()]).await?.iter().map(super::budgets::entry).collect()
}

async fn others(db: &impl ConnectionTrait, id: PayoutId, claim: ClaimId) -> Result<Vec<Row>, Error> {
    let sql = format!("{} WHERE p.claim_id = $1 AND p.id <> $2 ORDER BY p.id", columns());
    let values: [Value; 2] = [claim.0.into(), id.0.into()];
    rows(db, &sql, values).await?.iter().map(listed).collect()
}
