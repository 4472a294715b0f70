//! Rows of tickets; the code itself is never kept, only its hash.
//! Refuses to bind a ticket twice.

use super::dialect::Column::{BigInt, Text};
use super::dialect::{batch, json_rows};
use super::script::Step;
use super::{Tx, exec, get, row, rows};
use crate::error::Error;
use rules::ids::{AccountId, CampaignId, ClaimId, FollowId, Openid};
use rules::ticket::Ticket;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::json;

/// A ticket's row: what the rule needs and what it belongs to.
#[derive(Debug, Clone)]
pub struct Held {
    pub code_hash: String,
    pub account: AccountId,
    pub follow: FollowId,
    /// The edit-mode key that an asserted ticket was given for.
    pub edit_key_hash: Option<String>,
    pub ticket: Ticket,
}

/// A ticket from its row.
fn held(r: &QueryResult) -> Result<Held, Error> {
    Ok(Held {
        code_hash: get(r, "code_hash")?,
        account: AccountId(get(r, "account_id")?),
        follow: FollowId(get(r, "follow_id")?),
        edit_key_hash: get(r, "edit_key_hash")?,
        ticket: Ticket {
            issued_at: UnixMs(get(r, "issued_at")?),
            bound_to: get::<Option<String>>(r, "bound_openid")?.map(Openid::try_from).transpose()?,
            used: get::<Option<i64>>(r, "claim_id")?.is_some(),
        },
    })
}

/// A new ticket.
pub struct NewTicket<'a> {
    pub code_hash: String,
    pub campaign: CampaignId,
    pub account: AccountId,
    pub follow: FollowId,
    pub issued_at: UnixMs,
    pub bound_to: Option<&'a Openid>,
    pub edit_key_hash: Option<&'a str>,
}

/// Writes new tickets.
pub async fn insert(tx: &mut Tx, tickets: &[NewTicket<'_>]) -> Result<(), Error> {
    let list = tickets.iter().map(|new| {
        json!({ "code_hash": new.code_hash, "campaign_id": new.campaign.0, "account_id": new.account.0,
            "follow_id": new.follow.0, "issued_at": new.issued_at.0, "bound_openid": new.bound_to.map(Openid::as_str),
            "edit_key_hash": new.edit_key_hash })
    });
    let columns = [
        ("code_hash", Text),
        ("campaign_id", BigInt),
        ("account_id", BigInt),
        ("follow_id", BigInt),
        ("issued_at", BigInt),
        ("bound_openid", Text),
        ("edit_key_hash", Text),
    ];
    let sql = format!(
        "INSERT INTO tickets (code_hash, campaign_id, account_id, follow_id, issued_at, bound_openid, edit_key_hash)
        SELECT code_hash, campaign_id, account_id, follow_id, issued_at, bound_openid, edit_key_hash FROM {}",
        json_rows(tx.conn(), &columns)
    );
    exec(tx.conn(), &sql, [batch(list.collect())]).await?;
    Ok(())
}

pub async fn by_code(db: &impl ConnectionTrait, campaign: CampaignId, code_hash: &str) -> Result<Option<Held>, Error> {
    let sql = "SELECT * FROM tickets WHERE code_hash = $1 AND campaign_id = $2";
    row(db, sql, [code_hash.into(), campaign.0.into()]).await?.as_ref().map(held).transpose()
}

/// Binds a ticket that nobody has; true when it is now (or was) this person's.
pub async fn bind(tx: &mut Tx, code_hash: &str, person: &Openid) -> Result<bool, Error> {
    let sql =
        "UPDATE tickets SET bound_openid = $2 WHERE code_hash = $1 AND (bound_openid IS NULL OR bound_openid = $2)";
    Ok(exec(tx.conn(), sql, [code_hash.into(), person.as_str().into()]).await? == 1)
}

/// The tickets of a person in a campaign, unused and newest first.
pub async fn of_person(db: &impl ConnectionTrait, campaign: CampaignId, person: &Openid) -> Result<Vec<Held>, Error> {
    let sql = "SELECT * FROM tickets WHERE campaign_id = $1 AND bound_openid = $2
        ORDER BY claim_id IS NOT NULL, issued_at DESC, code_hash LIMIT 200";
    rows(db, sql, [campaign.0.into(), person.as_str().into()]).await?.iter().map(held).collect()
}

/// The step that marks tickets used, those that are free.
pub fn use_up(db: &impl ConnectionTrait, tickets: &[(String, ClaimId)]) -> Step {
    let list = tickets.iter().map(|(code_hash, claim)| json!({ "code_hash": code_hash, "claim_id": claim.0 }));
    // The plus keeps SQLite from starting with everybody's unused tickets, which the rule on claim_id finds so fast.
    let sql = format!(
        "UPDATE tickets SET claim_id = batch.claim_id FROM {} WHERE tickets.code_hash = batch.code_hash
            AND +tickets.claim_id IS NULL",
        json_rows(db, &[("code_hash", Text), ("claim_id", BigInt)])
    );
    Step::new("tickets", sql, [batch(list.collect())], tickets.len())
}

/// Takes back all but the newest `keep` unused tickets of a follow: whoever asks for another one again and again does
/// not pile them up.
pub async fn keep_newest(tx: &mut Tx, follow: FollowId, keep: i64) -> Result<(), Error> {
    let sql = "DELETE FROM tickets WHERE follow_id = $1 AND claim_id IS NULL AND code_hash NOT IN
        (SELECT code_hash FROM tickets WHERE follow_id = $1 AND claim_id IS NULL
            ORDER BY issued_at DESC, code_hash LIMIT $2)";
    exec(tx.conn(), sql, [follow.0.into(), keep.into()]).await?;
    Ok(())
}
