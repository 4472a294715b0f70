//! Questions whose answer must always be empty.
//! Refuses to mend what it finds.

use super::{get, prizes, rows};
use crate::error::Error;
use sea_orm::ConnectionTrait;

/// Each check: its name, and a query that returns the rows that break it, each as one text column `broken`.
const CHECKS: &[(&str, &str)] = &[
    (
        "a line's balances are the sum of its transfers",
        "SELECT 'line ' || CAST(l.id AS TEXT) AS broken FROM lines l WHERE
            l.available_fen <> (SELECT CAST(COALESCE(SUM(CASE WHEN t.credit = 'available' THEN t.amount_fen
                WHEN t.debit = 'available' THEN -t.amount_fen ELSE 0 END), 0) AS BIGINT) FROM transfers t WHERE t.line_id = l.id)
            OR l.reserved_fen <> (SELECT CAST(COALESCE(SUM(CASE WHEN t.credit = 'reserved' THEN t.amount_fen
                WHEN t.debit = 'reserved' THEN -t.amount_fen ELSE 0 END), 0) AS BIGINT) FROM transfers t WHERE t.line_id = l.id)
            OR l.paid_fen <> (SELECT CAST(COALESCE(SUM(CASE WHEN t.credit = 'paid' THEN t.amount_fen
                WHEN t.debit = 'paid' THEN -t.amount_fen ELSE 0 END), 0) AS BIGINT) FROM transfers t WHERE t.line_id = l.id)",
    ),
    (
        "no line is negative",
        "SELECT 'line ' || CAST(id AS TEXT) AS broken FROM lines
            WHERE available_fen < 0 OR reserved_fen < 0 OR paid_fen < 0",
    ),
    (
        "what is reserved is what is under way",
        "SELECT 'line ' || CAST(l.id AS TEXT) AS broken FROM lines l WHERE l.reserved_fen <>
            (SELECT CAST(COALESCE(SUM(p.amount_fen), 0) AS BIGINT) FROM payouts p
                WHERE p.line_id = l.id AND p.accepted_at IS NULL
                    AND p.state IN ('queued', 'sending', 'unknown', 'waiting_confirm'))",
    ),
    (
        "what is paid is what WeChat holds or gave out",
        "SELECT 'line ' || CAST(l.id AS TEXT) AS broken FROM lines l WHERE l.paid_fen <>
            (SELECT CAST(COALESCE(SUM(p.amount_fen), 0) AS BIGINT) FROM payouts p
                WHERE p.line_id = l.id AND p.accepted_at IS NOT NULL AND p.state IN ('sent', 'collected', 'unknown'))",
    ),
    (
        "every claim has its payout",
        "SELECT 'claim ' || CAST(c.id AS TEXT) AS broken FROM claims c
            WHERE NOT EXISTS (SELECT 1 FROM payouts p WHERE p.claim_id = c.id)",
    ),
    (
        "nobody has two claims where one may be theirs",
        "SELECT 'payee ' || c.payee_openid AS broken FROM claims c JOIN campaigns g ON g.id = c.campaign_id
            WHERE c.rehearsal = 0
            GROUP BY c.campaign_id, CASE g.scope WHEN 'account' THEN c.account_id ELSE 0 END, c.payee_openid
            HAVING COUNT(*) > 1",
    ),
    (
        "every claim holds the keys of its payee and of its follow",
        "SELECT 'claim ' || CAST(c.id AS TEXT) AS broken FROM claims c JOIN campaigns g ON g.id = c.campaign_id
                JOIN accounts a ON a.id = g.payer_id JOIN follows f ON f.id = c.follow_id
            WHERE c.rehearsal = 0 AND (
                NOT EXISTS (SELECT 1 FROM claim_keys k WHERE k.campaign_id = c.campaign_id
                    AND k.scope = CASE g.scope WHEN 'account' THEN c.account_id ELSE 0 END
                    AND k.kind = 'payee' AND k.value = a.appid || ':' || c.payee_openid AND k.claim_id = c.id)
                OR (f.openid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM claim_keys k WHERE k.campaign_id = c.campaign_id
                    AND k.scope = CASE g.scope WHEN 'account' THEN c.account_id ELSE 0 END AND k.kind = 'follow'
                    AND k.value = CAST(f.account_id AS TEXT) || ':' || f.openid AND k.claim_id = c.id)))",
    ),
    (
        // A unionid is kept nowhere but in its key, so that nothing tells of one that is missing.
        "every key is a claim's, in the scope of its campaign",
        "SELECT k.kind || ' of claim ' || CAST(k.claim_id AS TEXT) AS broken FROM claim_keys k
            LEFT JOIN claims c ON c.id = k.claim_id LEFT JOIN campaigns g ON g.id = c.campaign_id
            WHERE c.id IS NULL OR k.campaign_id <> c.campaign_id
                OR k.scope <> CASE g.scope WHEN 'account' THEN c.account_id ELSE 0 END",
    ),
    (
        "every claim used one ticket, which was bound to its payee",
        "SELECT 'claim ' || CAST(c.id AS TEXT) AS broken FROM claims c
            LEFT JOIN tickets t ON t.claim_id = c.id AND t.campaign_id = c.campaign_id AND t.follow_id = c.follow_id
                AND t.bound_openid = c.payee_openid
            WHERE c.rehearsal = 0 AND t.claim_id IS NULL",
    ),
    (
        "every payout is of its claim's amount and reserved its money once",
        "SELECT 'payout ' || p.mch_billno AS broken FROM payouts p JOIN claims c ON c.id = p.claim_id
            WHERE p.amount_fen <> c.amount_fen OR 1 <>
                (SELECT COUNT(*) FROM transfers t WHERE t.payout_id = p.id AND t.event = 'reserve')",
    ),
    (
        "what the caps count as used is what is under way or paid",
        "SELECT kind || ' ' || CAST(object_id AS TEXT) || ' of campaign ' || CAST(campaign_id AS TEXT) AS broken FROM (
            SELECT campaign_id, kind, object_id, bucket, used_fen AS fen FROM cap_uses
            UNION ALL SELECT c.campaign_id, 'account', c.account_id, 0, -p.amount_fen FROM payouts p
                JOIN claims c ON c.id = p.claim_id WHERE c.rehearsal = 0 AND p.state NOT IN ('returned', 'failed')
            UNION ALL SELECT c.campaign_id, 'day', 0, (c.at + 28800000) / 86400000, -p.amount_fen FROM payouts p
                JOIN claims c ON c.id = p.claim_id WHERE c.rehearsal = 0 AND p.state NOT IN ('returned', 'failed')
            UNION ALL SELECT c.campaign_id, 'hour', 0, c.at / 3600000, -p.amount_fen FROM payouts p
                JOIN claims c ON c.id = p.claim_id WHERE c.rehearsal = 0 AND p.state NOT IN ('returned', 'failed')
            UNION ALL SELECT c.campaign_id, 'link', f.link_id, 0, -p.amount_fen FROM payouts p
                JOIN claims c ON c.id = p.claim_id JOIN follows f ON f.id = c.follow_id
                WHERE c.rehearsal = 0 AND p.state NOT IN ('returned', 'failed') AND f.link_id IS NOT NULL
            UNION ALL SELECT c.campaign_id, 'asserted', 0, 0, -p.amount_fen FROM payouts p
                JOIN claims c ON c.id = p.claim_id WHERE c.rehearsal = 0 AND p.state NOT IN ('returned', 'failed') AND c.grade = 'asserted'
        ) AS counted GROUP BY campaign_id, kind, object_id, bucket HAVING SUM(fen) <> 0",
    ),
    (
        "every transfer that settles a payout's money names the one that it settles",
        "SELECT 'transfer ' || CAST(t.id AS TEXT) AS broken FROM transfers t
            LEFT JOIN transfers r ON r.id = t.resolves AND r.payout_id = t.payout_id AND r.amount_fen = t.amount_fen
                AND r.event = CASE t.event WHEN 'return' THEN 'pay' ELSE 'reserve' END
            WHERE t.event IN ('pay', 'void', 'return') AND r.id IS NULL",
    ),
    (
        "every packet taken from a total went to a claim of its amount",
        "SELECT 'claim ' || CAST(t.claim_id AS TEXT) AS broken FROM
            (SELECT claim_id, amount_fen FROM pool_slots WHERE claim_id IS NOT NULL
                UNION ALL SELECT claim_id, amount_fen FROM prize_shares) t
            LEFT JOIN claims c ON c.id = t.claim_id WHERE c.id IS NULL OR c.amount_fen <> t.amount_fen",
    ),
    (
        "a rehearsal took nothing but money",
        "SELECT 'claim ' || CAST(c.id AS TEXT) AS broken FROM claims c WHERE c.rehearsal = 1 AND (
            EXISTS (SELECT 1 FROM claim_keys k WHERE k.claim_id = c.id)
            OR EXISTS (SELECT 1 FROM tickets t WHERE t.claim_id = c.id)
            OR EXISTS (SELECT 1 FROM pool_slots s WHERE s.claim_id = c.id)
            OR EXISTS (SELECT 1 FROM prize_shares s WHERE s.claim_id = c.id)
            OR NOT EXISTS (SELECT 1 FROM testers t WHERE t.campaign_id = c.campaign_id AND t.openid = c.payee_openid
                AND t.follow_id = c.follow_id))",
    ),
];

/// The check that reads the prize rules.
const TOTALS: &str = "the packets of a total add up to it";

/// Runs every check and returns the first that is broken: its name and one row.
pub async fn first_difference(db: &impl ConnectionTrait) -> Result<Option<(String, String)>, Error> {
    for (name, sql) in CHECKS {
        if let Some(r) = rows(db, sql, []).await?.first() {
            return Ok(Some(((*name).to_owned(), get(r, "broken")?)));
        }
    }
    Ok(prizes::first_difference(db).await?.map(|at| (TOTALS.to_owned(), at)))
}

/// How many checks there are.
pub const fn count() -> usize {
    CHECKS.len() + 1
}

/// Accepted money in all: what WeChat's books must show too. (paid, later returned included; number of bills)
pub async fn sent_total(db: &impl ConnectionTrait) -> Result<(i64, i64), Error> {
    let sql = "SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS fen, COUNT(*) AS n FROM payouts WHERE accepted_at IS NOT NULL";
    let found = rows(db, sql, []).await?;
    found.first().map_or(Ok((0, 0)), |r| Ok((get(r, "fen")?, get(r, "n")?)))
}
