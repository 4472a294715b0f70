//! Two rails: a campaign's choice, a merchant's keys for transfers, each rail's standing and pace, alerts and robots.
//! Refuses to touch rows but one: every merchant that is there gets its two rails.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0010_rails", up: UP, down: DOWN };

const UP: &[&str] = &[
    "ALTER TABLE campaigns ADD COLUMN rail TEXT NOT NULL DEFAULT 'redpack' CHECK (rail IN ('redpack', 'transfer'))",
    "ALTER TABLE merchants ADD COLUMN apiv3_key TEXT",
    "ALTER TABLE merchants ADD COLUMN pub_key_id TEXT",
    "ALTER TABLE merchants ADD COLUMN pub_key_pem TEXT",
    "ALTER TABLE payouts ADD COLUMN package_info TEXT",
    "ALTER TABLE payouts ADD COLUMN expires_at BIGINT",
    // At most one payout of a claim is alive: a second one would be a second payment.
    "CREATE UNIQUE INDEX payouts_alive ON payouts (claim_id) WHERE state NOT IN ('returned', 'failed')",
    "CREATE TABLE rails (
        mch_id TEXT NOT NULL REFERENCES merchants (mch_id),
        rail TEXT NOT NULL CHECK (rail IN ('redpack', 'transfer')),
        state TEXT NOT NULL CHECK (state IN ('open', 'paused', 'stopped')),
        reason TEXT NOT NULL,
        until BIGINT,
        tokens_milli BIGINT NOT NULL CHECK (tokens_milli >= 0),
        filled_at BIGINT NOT NULL,
        PRIMARY KEY (mch_id, rail)
    )",
    "INSERT INTO rails (mch_id, rail, state, reason, tokens_milli, filled_at)
        SELECT m.mch_id, r.rail, 'open', '', 0, 0
        FROM merchants m CROSS JOIN (SELECT 'redpack' AS rail UNION ALL SELECT 'transfer') r",
    "CREATE TABLE alerts (
        kind TEXT NOT NULL,
        object TEXT NOT NULL,
        detail TEXT NOT NULL,
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        times BIGINT NOT NULL CHECK (times > 0),
        sent_at BIGINT,
        due_at BIGINT,
        PRIMARY KEY (kind, object)
    )",
    "CREATE INDEX alerts_due ON alerts (due_at)",
    "CREATE TABLE robots (
        id BIGINT PRIMARY KEY,
        name TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('wecom', 'dingtalk', 'feishu')),
        url TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
];

const DOWN: &[&str] = &[
    "DROP TABLE robots",
    "DROP TABLE alerts",
    "DROP TABLE rails",
    "DROP INDEX payouts_alive",
    "ALTER TABLE payouts DROP COLUMN expires_at",
    "ALTER TABLE payouts DROP COLUMN package_info",
    "ALTER TABLE merchants DROP COLUMN pub_key_pem",
    "ALTER TABLE merchants DROP COLUMN pub_key_id",
    "ALTER TABLE merchants DROP COLUMN apiv3_key",
    "ALTER TABLE campaigns DROP COLUMN rail",
];
