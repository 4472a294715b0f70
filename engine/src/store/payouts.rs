//! Rows of payouts: a queue with leases, and what WeChat answered.
//! Refuses a bill number twice: the database's own unique rule.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{batch, json_rows};
use super::script::Step;
use super::{Tx, claims, dialect, exec, fen, get, parsed, rows};
use crate::error::Error;
use rules::Fen;
use rules::ids::{AccountId, Appid, CampaignId, ClaimId, LineId, LinkId, MchBillno, MchId, Openid, PayoutId};
use rules::payout::{Rail, State};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::json;

/// A complete request, frozen when the claim is granted.
#[derive(Debug, Clone)]
pub struct Frozen {
    pub rail: Rail,
    pub mch_id: MchId,
    pub appid: Appid,
    pub mch_billno: MchBillno,
    pub body: String,
}

/// A payout as it is queued.
pub struct NewPayout {
    pub id: PayoutId,
    pub claim: ClaimId,
    pub line: LineId,
    pub amount: Fen,
    pub request: Frozen,
    pub at: UnixMs,
}

/// The step that queues payouts.
pub fn queue(db: &impl ConnectionTrait, payouts: &[NewPayout]) -> Step {
    let list = payouts.iter().map(|new| {
        json!({ "id": new.id.0, "claim_id": new.claim.0, "line_id": new.line.0, "rail": new.request.rail.name(),
            "mch_id": new.request.mch_id.as_str(), "appid": new.request.appid.as_str(),
            "mch_billno": new.request.mch_billno.as_str(), "request": new.request.body,
            "amount_fen": new.amount.get(), "at": new.at.0 })
    });
    let columns = [
        ("id", BigInt),
        ("claim_id", BigInt),
        ("line_id", BigInt),
        ("rail", Text),
        ("mch_id", Text),
        ("appid", Text),
        ("mch_billno", Text),
        ("request", Text),
        ("amount_fen", BigInt),
        ("at", BigInt),
    ];
    let sql = format!(
        "INSERT INTO payouts (id, claim_id, line_id, rail, mch_id, appid, mch_billno, request, amount_fen, state,
            attempts, asked, due_at, err_code, err_code_des, created_at)
        SELECT id, claim_id, line_id, rail, mch_id, appid, mch_billno, request, amount_fen, $2, 0, 0, at, '', '', at
        FROM {}",
        json_rows(db, &columns)
    );
    Step::new("payouts", sql, [batch(list.collect()), State::Queued.name().into()], payouts.len())
}

/// A payout under way.
#[derive(Debug, Clone)]
pub struct Payout {
    pub id: PayoutId,
    pub line: LineId,
    pub request: Frozen,
    pub amount: Fen,
    pub state: State,
    pub attempts: i64,
    pub asked: i64,
    pub called_at: Option<UnixMs>,
    pub doubted_at: Option<UnixMs>,
    pub accepted_at: Option<UnixMs>,
    pub err_code: String,
}

fn payout(r: &QueryResult) -> Result<Payout, Error> {
    Ok(Payout {
        id: PayoutId(get(r, "id")?),
        line: LineId(get(r, "line_id")?),
        request: Frozen {
            rail: parsed(r, "rail")?,
            mch_id: parsed(r, "mch_id")?,
            appid: parsed(r, "appid")?,
            mch_billno: parsed(r, "mch_billno")?,
            body: get(r, "request")?,
        },
        amount: fen(r, "amount_fen")?,
        state: parsed(r, "state")?,
        attempts: get(r, "attempts")?,
        asked: get(r, "asked")?,
        called_at: get::<Option<i64>>(r, "called_at")?.map(UnixMs),
        doubted_at: get::<Option<i64>>(r, "doubted_at")?.map(UnixMs),
        accepted_at: get::<Option<i64>>(r, "accepted_at")?.map(UnixMs),
        err_code: get(r, "err_code")?,
    })
}

/// Leases queued payouts of a merchant's rail that are due to this worker until `until`, the longest waiting first.
pub async fn lease_due(
    tx: &mut Tx,
    (mch_id, rail): (&MchId, Rail),
    now: UnixMs,
    until: UnixMs,
    limit: i64,
) -> Result<Vec<Payout>, Error> {
    let sql = format!(
        "WITH due AS (SELECT id FROM payouts WHERE state = 'queued' AND due_at <= $1 AND mch_id = $4 AND rail = $5
            ORDER BY due_at, id LIMIT $3{})
        UPDATE payouts SET state = 'sending', attempts = attempts + 1, called_at = $1, due_at = $2
        WHERE id IN (SELECT id FROM due) AND state = 'queued' AND due_at <= $1
        RETURNING *",
        dialect::skip_locked(tx.conn())
    );
    let values = [now.0.into(), until.0.into(), limit.into(), mch_id.as_str().into(), rail.name().into()];
    rows(tx.conn(), &sql, values).await?.iter().map(payout).collect()
}

/// Payouts to ask WeChat about: unknown, sent and waiting ones whose turn has come. Takes them off the list until `until`.
pub async fn take_questions(tx: &mut Tx, now: UnixMs, until: UnixMs, limit: i64) -> Result<Vec<Payout>, Error> {
    let sql = format!(
        "WITH due AS (SELECT id FROM payouts WHERE state IN ('unknown', 'sent', 'waiting_confirm') AND due_at <= $1
            ORDER BY due_at, id LIMIT $3{})
        UPDATE payouts SET asked = asked + 1, due_at = $2
        WHERE id IN (SELECT id FROM due) AND state IN ('unknown', 'sent', 'waiting_confirm') AND due_at <= $1
        RETURNING *",
        dialect::skip_locked(tx.conn())
    );
    rows(tx.conn(), &sql, [now.0.into(), until.0.into(), limit.into()]).await?.iter().map(payout).collect()
}

/// Leases that ran out: nobody knows whether the call was made. They become unknown, never queued.
pub async fn expire_leases(tx: &mut Tx, now: UnixMs) -> Result<u64, Error> {
    let sql = "UPDATE payouts SET state = 'unknown', asked = 0, due_at = $1, doubted_at = $1
        WHERE state = 'sending' AND due_at <= $1";
    Ok(exec(tx.conn(), sql, [now.0.into()]).await?)
}

/// All leases of a process that is gone, whatever their time.
pub async fn abandon_leases(tx: &mut Tx, now: UnixMs) -> Result<u64, Error> {
    let sql = "UPDATE payouts SET state = 'unknown', asked = 0, due_at = $1, doubted_at = $1
        WHERE state = 'sending'";
    Ok(exec(tx.conn(), sql, [now.0.into()]).await?)
}

/// The payout as it stands now, locked for the transaction that will change it.
pub async fn by_id(tx: &Tx, id: PayoutId) -> Result<Option<Payout>, Error> {
    let sql = format!("SELECT * FROM payouts WHERE id = $1{}", dialect::for_update(tx.conn()));
    rows(tx.conn(), &sql, [id.0.into()]).await?.first().map(payout).transpose()
}

/// The payout of a bill number.
pub async fn by_number(db: &impl ConnectionTrait, number: &MchBillno) -> Result<Option<Payout>, Error> {
    let found = rows(db, "SELECT * FROM payouts WHERE mch_billno = $1", [number.as_str().into()]).await?;
    found.first().map(payout).transpose()
}

/// A transfer of this person that waits for a confirmation at `now`.
pub async fn waiting_of(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    payee: &Openid,
    rehearsal: bool,
    now: UnixMs,
) -> Result<Option<(MchId, Appid, String)>, Error> {
    let (claims, theirs) = claims::own(rehearsal);
    let sql = format!(
        "SELECT p.mch_id, p.appid, p.package_info FROM {claims} JOIN payouts p ON p.claim_id = c.id
        WHERE {theirs} AND p.state = 'waiting_confirm' AND p.expires_at > $3 AND p.package_info IS NOT NULL
        ORDER BY p.id DESC LIMIT 1"
    );
    let found = rows(db, &sql, [campaign.0.into(), payee.as_str().into(), now.0.into()]).await?;
    let Some(r) = found.first() else { return Ok(None) };
    Ok(Some((parsed(r, "mch_id")?, parsed(r, "appid")?, get(r, "package_info")?)))
}

/// What was learned about a payout.
#[derive(Debug, Clone)]
pub struct Learned {
    pub state: State,
    pub due_at: Option<UnixMs>,
    pub doubted_at: Option<UnixMs>,
    pub accepted_at: Option<UnixMs>,
    pub ended_at: Option<UnixMs>,
    pub err_code: String,
    pub err_code_des: String,
    pub asked: i64,
    pub package_info: Option<String>,
    pub expires_at: Option<UnixMs>,
}

/// Writes what was learned if the payout still stands at `from`; false when it moved meanwhile.
pub async fn learn(tx: &mut Tx, id: PayoutId, from: State, learned: &Learned) -> Result<bool, Error> {
    let sql = "UPDATE payouts SET state = $3, due_at = $4, accepted_at = COALESCE($5, accepted_at), ended_at = $6,
            err_code = $7, err_code_des = $8, asked = $9, doubted_at = COALESCE($10, doubted_at),
            package_info = COALESCE($11, package_info), expires_at = COALESCE($12, expires_at)
        WHERE id = $1 AND state = $2";
    let values = [
        id.0.into(),
        from.name().into(),
        learned.state.name().into(),
        learned.due_at.map(|t| t.0).into(),
        learned.accepted_at.map(|t| t.0).into(),
        learned.ended_at.map(|t| t.0).into(),
        learned.err_code.as_str().into(),
        learned.err_code_des.as_str().into(),
        learned.asked.into(),
        learned.doubted_at.map(|t| t.0).into(),
        learned.package_info.as_deref().into(),
        learned.expires_at.map(|t| t.0).into(),
    ];
    Ok(exec(tx.conn(), sql, values).await? == 1)
}

/// After a restore: whatever the backup had yet to send may have been sent since, and whatever it had sent may have been
/// sent again. All of it is doubted, and what nobody holds is asked about from `ask_at` on. A call that the backup does
/// not know was made after `known_until`.
pub async fn doubt(tx: &mut Tx, known_until: UnixMs, now: UnixMs, ask_at: UnixMs) -> Result<(), Error> {
    let sql = "UPDATE payouts SET doubted_at = $1,
            called_at = CASE WHEN state = 'queued' OR called_at IS NULL THEN $2 ELSE called_at END
        WHERE state IN ('queued', 'sending', 'unknown')";
    exec(tx.conn(), sql, [now.0.into(), known_until.0.into()]).await?;
    let sql = "UPDATE payouts SET state = 'unknown', asked = 0, due_at = $1
        WHERE state IN ('sending', 'unknown') OR (state = 'queued' AND due_at IS NOT NULL)";
    exec(tx.conn(), sql, [ask_at.0.into()]).await?;
    Ok(())
}

/// Whose figures a payout moves; nobody's when it is a tester's.
pub async fn counted_for(tx: &Tx, id: PayoutId) -> Result<Option<(CampaignId, AccountId, Option<LinkId>)>, Error> {
    let sql = "SELECT c.campaign_id, c.account_id, f.link_id FROM payouts p JOIN claims c ON c.id = p.claim_id
        JOIN follows f ON f.id = c.follow_id WHERE p.id = $1 AND c.rehearsal = 0";
    let found = rows(tx.conn(), sql, [id.0.into()]).await?;
    let Some(r) = found.first() else { return Ok(None) };
    Ok(Some((
        CampaignId(get(r, "campaign_id")?),
        AccountId(get(r, "account_id")?),
        get::<Option<i64>>(r, "link_id")?.map(LinkId),
    )))
}

/// When the next payout is due for a call or a question; a rail that stands still makes its payouts wait for it.
pub async fn next_due(db: &impl ConnectionTrait) -> Result<Option<UnixMs>, Error> {
    let sql = "SELECT MIN(CASE WHEN p.state = 'queued' AND r.state = 'paused' AND r.until > p.due_at THEN r.until
                WHEN p.state = 'queued' AND r.state = 'stopped' THEN NULL ELSE p.due_at END) AS due
        FROM payouts p JOIN rails r ON r.mch_id = p.mch_id AND r.rail = p.rail
        WHERE p.state IN ('queued', 'sending', 'unknown', 'sent', 'waiting_confirm')";
    let found = rows(db, sql, []).await?;
    Ok(found.first().map_or(Ok(None), |r| get::<Option<i64>>(r, "due"))?.map(UnixMs))
}

/// How many payouts stand at `state`.
pub async fn count(db: &impl ConnectionTrait, state: State) -> Result<i64, Error> {
    let found = rows(db, "SELECT COUNT(*) AS n FROM payouts WHERE state = $1", [state.name().into()]).await?;
    Ok(found.first().map_or(Ok(0), |r| get(r, "n"))?)
}
