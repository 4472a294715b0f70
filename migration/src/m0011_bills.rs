//! Fund-flow bills as they were imported, and whom the bills since a backup paid beyond our books.
//! Refuses to touch rows; it makes tables only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0011_bills", up: UP, down: DOWN };

const UP: &[&str] = &[
    "CREATE TABLE bill_imports (
        mch_id TEXT NOT NULL REFERENCES merchants (mch_id),
        day BIGINT NOT NULL,
        hash TEXT NOT NULL,
        ours BIGINT NOT NULL CHECK (ours >= 0),
        foreigners BIGINT NOT NULL CHECK (foreigners >= 0),
        operator_id BIGINT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (mch_id, day)
    )",
    "CREATE TABLE bill_rows (
        mch_id TEXT NOT NULL,
        day BIGINT NOT NULL,
        n BIGINT NOT NULL,
        mch_billno TEXT NOT NULL,
        rail TEXT NOT NULL CHECK (rail IN ('redpack', 'transfer')),
        movement TEXT NOT NULL CHECK (movement IN ('paid', 'returned')),
        amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
        at BIGINT NOT NULL,
        PRIMARY KEY (mch_id, day, n)
    )",
    "CREATE INDEX bill_rows_by_number ON bill_rows (mch_id, mch_billno, movement)",
    "CREATE INDEX payouts_accepted ON payouts (mch_id, accepted_at) WHERE accepted_at IS NOT NULL",
    "CREATE INDEX transfers_returned ON transfers (at) WHERE event = 'return'",
    "CREATE TABLE strangers (
        mch_billno TEXT PRIMARY KEY,
        mch_id TEXT NOT NULL REFERENCES merchants (mch_id),
        rail TEXT NOT NULL CHECK (rail IN ('redpack', 'transfer')),
        amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
        state TEXT NOT NULL CHECK (state IN ('open', 'known', 'back', 'untold')),
        appid TEXT,
        openid TEXT,
        at BIGINT NOT NULL
    )",
    "CREATE TABLE lost_claims (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        payee TEXT NOT NULL,
        mch_billno TEXT NOT NULL,
        PRIMARY KEY (campaign_id, payee)
    )",
];

const DOWN: &[&str] = &[
    "DROP TABLE lost_claims",
    "DROP TABLE strangers",
    "DROP INDEX transfers_returned",
    "DROP INDEX payouts_accepted",
    "DROP TABLE bill_rows",
    "DROP TABLE bill_imports",
];
