//! Prize rules, the slots of a pool cut in advance, and what is left of a total that is drawn from.
//! Refuses one slot to two claims: a slot holds one claim, and a claim holds one slot.
//!
//! Whoever takes from a total holds the campaign's budget lines until the commit ([`super::budgets::lock`]): so takers
//! come one after another, and what they read of the total is true until then.

use super::dialect::{self, Column, Lock};
use super::script::Step;
use super::{Tx, exec, fen, get, row, rows};
use crate::error::Error;
use rules::Fen;
use rules::follow::Grade;
use rules::ids::{AccountId, CampaignId, ClaimId};
use rules::prize::draw::Left;
use rules::prize::{PrizeRule, Prizes};
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::json;
use std::collections::HashMap;

/// So many slots are written by one statement.
const SLOTS_AT_ONCE: usize = 5_000;

/// A rule as it is stored.
pub fn text(rule: &PrizeRule) -> Result<String, Error> {
    serde_json::to_string(rule).map_err(Error::broken)
}

fn read(text: &str) -> Result<PrizeRule, Error> {
    let rule: PrizeRule = serde_json::from_str(text).map_err(Error::broken)?;
    checked(rule)
}

fn checked(rule: PrizeRule) -> Result<PrizeRule, Error> {
    match rule.check_shape() {
        Ok(()) => Ok(rule),
        Err(wrong) => Err(Error::broken(format!("a stored prize rule: {wrong:?}"))),
    }
}

/// The rule in a row of `campaigns`; without one, the range from its least to its most.
pub fn rule(r: &QueryResult) -> Result<PrizeRule, Error> {
    match get::<Option<String>>(r, "prize")? {
        Some(text) => read(&text),
        None => checked(PrizeRule::between(fen(r, "prize_min_fen")?, fen(r, "prize_max_fen")?)),
    }
}

/// The rules of grades in a row of `campaigns`.
pub fn grades(r: &QueryResult) -> Result<HashMap<Grade, PrizeRule>, Error> {
    let text: Option<String> = get(r, "prize_grades")?;
    text.map_or_else(|| Ok(HashMap::new()), |text| serde_json::from_str(&text).map_err(Error::broken))
}

/// The rule that an account has of its own in a row of `members`.
pub fn own_rule(r: &QueryResult) -> Result<Option<PrizeRule>, Error> {
    get::<Option<String>>(r, "prize")?.map(|text| read(&text)).transpose()
}

/// All rules of a campaign.
pub async fn of_campaign(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<Prizes, Error> {
    let sql = "SELECT prize, prize_min_fen, prize_max_fen, prize_grades FROM campaigns WHERE id = $1";
    let found = row(db, sql, [campaign.0.into()]).await?.ok_or_else(Error::not_found)?;
    let sql = "SELECT account_id, prize FROM members WHERE campaign_id = $1 AND prize IS NOT NULL";
    let mut accounts = HashMap::new();
    for r in rows(db, sql, [campaign.0.into()]).await? {
        if let Some(rule) = own_rule(&r)? {
            accounts.insert(AccountId(get(&r, "account_id")?), rule);
        }
    }
    Ok(Prizes { default: rule(&found)?, accounts, grades: grades(&found)? })
}

/// Keeps the campaign's own rule.
pub async fn set_rule(tx: &mut Tx, campaign: CampaignId, rule: &PrizeRule) -> Result<(), Error> {
    let sql = "UPDATE campaigns SET prize = $2, prize_min_fen = $3, prize_max_fen = $4 WHERE id = $1";
    let values = [campaign.0.into(), text(rule)?.into(), rule.min().get().into(), rule.max().get().into()];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}

/// Keeps the rule of one account, or drops it. Returns how many accounts of the campaign that is.
pub async fn set_account_rule(
    tx: &mut Tx,
    campaign: CampaignId,
    account: AccountId,
    rule: Option<&PrizeRule>,
) -> Result<u64, Error> {
    let sql = "UPDATE members SET prize = $3 WHERE campaign_id = $1 AND account_id = $2";
    let text = rule.map(text).transpose()?;
    Ok(exec(tx.conn(), sql, [campaign.0.into(), account.0.into(), text.into()]).await?)
}

/// Keeps the rules of the grades.
pub async fn set_grade_rules(tx: &mut Tx, campaign: CampaignId, prizes: &Prizes) -> Result<(), Error> {
    let text = serde_json::to_string(&prizes.grades).map_err(Error::broken)?;
    exec(tx.conn(), "UPDATE campaigns SET prize_grades = $2 WHERE id = $1", [campaign.0.into(), text.into()]).await?;
    Ok(())
}

/// True once a packet of the campaign's total went to a claim that still has it.
pub async fn is_begun(db: &impl ConnectionTrait, campaign: CampaignId) -> Result<bool, Error> {
    let sql = "SELECT 1 AS one FROM pool_slots WHERE campaign_id = $1 AND claim_id IS NOT NULL
        UNION ALL SELECT 1 AS one FROM prize_shares WHERE campaign_id = $1 LIMIT 1";
    Ok(row(db, sql, [campaign.0.into()]).await?.is_some())
}

/// Forgets the campaign's total, its pool and what was drawn.
pub async fn clear(tx: &mut Tx, campaign: CampaignId) -> Result<(), Error> {
    for table in ["pool_slots", "prize_state", "prize_shares"] {
        exec(tx.conn(), &format!("DELETE FROM {table} WHERE campaign_id = $1"), [campaign.0.into()]).await?;
    }
    Ok(())
}

/// Writes the slots of a pool in the order in which they will be taken.
pub async fn write_slots(tx: &mut Tx, campaign: CampaignId, amounts: &[Fen]) -> Result<(), Error> {
    let columns = [("position", Column::BigInt), ("amount_fen", Column::BigInt)];
    let sql = format!(
        "INSERT INTO pool_slots (campaign_id, position, amount_fen) SELECT $2, position, amount_fen FROM {}",
        dialect::json_rows(tx.conn(), &columns)
    );
    let slots: Vec<_> = amounts.iter().enumerate().collect();
    for some in slots.chunks(SLOTS_AT_ONCE) {
        let slot = |(at, amount): &(usize, &Fen)| json!({ "position": at, "amount_fen": amount.get() });
        let batch = dialect::batch(some.iter().map(slot).collect());
        exec(tx.conn(), &sql, [batch, campaign.0.into()]).await?;
    }
    Ok(())
}

/// A slot of a pool: its place and what it holds.
pub type Slot = (i64, Fen);

/// The next free slots of a pool, at most `n`, in their order. They stay free until [`mark_slots`].
pub async fn take_slots(
    db: &impl ConnectionTrait,
    campaign: CampaignId,
    n: usize,
    lock: Lock,
) -> Result<Vec<Slot>, Error> {
    // The rows are locked too: nobody who forgot the campaign's lock can take them meanwhile.
    let sql = format!(
        "SELECT position, amount_fen FROM pool_slots WHERE campaign_id = $1 AND claim_id IS NULL
            ORDER BY position LIMIT $2{}",
        lock.clause(db)
    );
    let limit = i64::try_from(n).unwrap_or(i64::MAX);
    let found = rows(db, &sql, [campaign.0.into(), limit.into()]).await?;
    found.iter().map(|r| Ok((get(r, "position")?, fen(r, "amount_fen")?))).collect()
}

/// The step that gives slots, which are free, to the claims that took them.
pub fn mark_slots(db: &impl ConnectionTrait, campaign: CampaignId, taken: &[(i64, ClaimId)]) -> Step {
    // The campaign in each row and the plus keep SQLite from starting with all slots, or all that are free.
    let columns = [("campaign_id", Column::BigInt), ("position", Column::BigInt), ("claim_id", Column::BigInt)];
    let sql = format!(
        "UPDATE pool_slots SET claim_id = batch.claim_id FROM {} WHERE pool_slots.campaign_id = batch.campaign_id
            AND pool_slots.position = batch.position AND +pool_slots.claim_id IS NULL",
        dialect::json_rows(db, &columns)
    );
    let mark = |(position, claim): &(i64, ClaimId)| json!({ "campaign_id": campaign.0, "position": position, "claim_id": claim.0 });
    let batch = dialect::batch(taken.iter().map(mark).collect());
    Step::new("slots of a pool", sql, [batch], taken.len())
}

/// What is left of a total that is drawn from; `None` for a campaign without one.
pub async fn left(db: &impl ConnectionTrait, campaign: CampaignId, lock: Lock) -> Result<Option<Left>, Error> {
    let lock = lock.clause(db);
    let sql = format!("SELECT left_fen, left_packets FROM prize_state WHERE campaign_id = $1{lock}");
    let Some(r) = row(db, &sql, [campaign.0.into()]).await? else { return Ok(None) };
    let packets = u32::try_from(get::<i64>(&r, "left_packets")?).map_err(Error::broken)?;
    Ok(Some(Left { fen: fen(&r, "left_fen")?, packets }))
}

/// The step that keeps what is left of a total.
pub fn set_left(campaign: CampaignId, left: Left) -> Step {
    let sql = "INSERT INTO prize_state (campaign_id, left_fen, left_packets) VALUES ($1, $2, $3)
        ON CONFLICT (campaign_id) DO UPDATE SET left_fen = excluded.left_fen, left_packets = excluded.left_packets";
    let values = [campaign.0.into(), left.fen.get().into(), i64::from(left.packets).into()];
    Step::new("totals", sql.to_owned(), values, 1)
}

/// The step that notes which claims drew from a total, and what.
pub fn add_shares(db: &impl ConnectionTrait, campaign: CampaignId, drawn: &[(ClaimId, Fen)]) -> Step {
    let columns = [("claim_id", Column::BigInt), ("amount_fen", Column::BigInt)];
    let sql = format!(
        "INSERT INTO prize_shares (claim_id, campaign_id, amount_fen) SELECT claim_id, $2, amount_fen FROM {}",
        dialect::json_rows(db, &columns)
    );
    let share = |(claim, amount): &(ClaimId, Fen)| json!({ "claim_id": claim.0, "amount_fen": amount.get() });
    let batch = dialect::batch(drawn.iter().map(share).collect());
    Step::new("shares of a total", sql, [batch, campaign.0.into()], drawn.len())
}

/// Frees the slot or gives back the share of a claim whose payout ended without being paid. False when it had none,
/// or gave it back before.
pub async fn give_back(tx: &mut Tx, campaign: CampaignId, claim: ClaimId) -> Result<bool, Error> {
    let sql = "UPDATE pool_slots SET claim_id = NULL WHERE claim_id = $1 AND campaign_id = $2";
    if exec(tx.conn(), sql, [claim.0.into(), campaign.0.into()]).await? == 1 {
        return Ok(true);
    }
    let sql = "DELETE FROM prize_shares WHERE claim_id = $1 AND campaign_id = $2 RETURNING amount_fen";
    let Some(r) = row(tx.conn(), sql, [claim.0.into(), campaign.0.into()]).await? else { return Ok(false) };
    let sql = "UPDATE prize_state SET left_fen = left_fen + $2, left_packets = left_packets + 1 WHERE campaign_id = $1";
    exec(tx.conn(), sql, [campaign.0.into(), fen(&r, "amount_fen")?.get().into()]).await?;
    Ok(true)
}

/// Takes a free slot of exactly this amount for a claim whose packet is sent anew. False when there is none.
pub async fn take_slot_of(tx: &mut Tx, campaign: CampaignId, claim: ClaimId, amount: Fen) -> Result<bool, Error> {
    let sql = "UPDATE pool_slots SET claim_id = $2 WHERE campaign_id = $1 AND claim_id IS NULL AND position =
        (SELECT MIN(position) FROM pool_slots WHERE campaign_id = $1 AND claim_id IS NULL AND amount_fen = $3)";
    Ok(exec(tx.conn(), sql, [campaign.0.into(), claim.0.into(), amount.get().into()]).await? == 1)
}

/// Totals that do not come out: each campaign's name and what is wrong.
pub async fn first_difference(db: &impl ConnectionTrait) -> Result<Option<String>, Error> {
    let sql = "SELECT c.slug, c.prize, c.prize_min_fen, c.prize_max_fen,
            (SELECT COUNT(*) FROM pool_slots s WHERE s.campaign_id = c.id) AS slots,
            (SELECT CAST(COALESCE(SUM(s.amount_fen), 0) AS BIGINT) FROM pool_slots s WHERE s.campaign_id = c.id) AS slots_fen,
            (SELECT COUNT(*) FROM prize_shares s WHERE s.campaign_id = c.id) + COALESCE(p.left_packets, 0) AS shares,
            (SELECT CAST(COALESCE(SUM(s.amount_fen), 0) AS BIGINT) FROM prize_shares s WHERE s.campaign_id = c.id)
                + COALESCE(p.left_fen, 0) AS shares_fen
        FROM campaigns c LEFT JOIN prize_state p ON p.campaign_id = c.id WHERE c.prize IS NOT NULL ORDER BY c.id";
    for r in rows(db, sql, []).await? {
        let (split, packets, sum) = match rule(&r)? {
            PrizeRule::Pool(split) => (split, get::<i64>(&r, "slots")?, get::<i64>(&r, "slots_fen")?),
            PrizeRule::Bounded(split) => (split, get(&r, "shares")?, get(&r, "shares_fen")?),
            PrizeRule::Fixed(_) | PrizeRule::Range(..) | PrizeRule::Tiers(_) => continue,
        };
        if (packets, sum) != (i64::from(split.packets), split.total.get()) {
            return Ok(Some(format!("campaign {}", get::<String>(&r, "slug")?)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_of_a_rule_does_not_change() {
        let table = [
            r#"{"fixed":100}"#,
            r#"{"range":[100,300]}"#,
            r#"{"tiers":[{"amount":100,"weight":9},{"amount":888,"weight":1}]}"#,
            r#"{"bounded":{"total":1000,"packets":5,"min":100,"max":300}}"#,
            r#"{"pool":{"total":1000,"packets":5,"min":100,"max":300}}"#,
        ];
        for stored in table {
            assert_eq!(text(&read(stored).unwrap()).unwrap(), stored);
        }
        for nonsense in [r#"{"fixed":-1}"#, r#"{"fixed":0}"#, r#"{"range":[3,2]}"#, r#"{"tiers":[]}"#, "{}", ""] {
            assert!(read(nonsense).is_err(), "{nonsense}");
        }
        let grades = HashMap::from([(Grade::Asserted, PrizeRule::Fixed(Fen::new(100).unwrap()))]);
        assert_eq!(serde_json::to_string(&grades).unwrap(), r#"{"asserted":{"fixed":100}}"#);
    }
}
