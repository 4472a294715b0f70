//! Budget lines, the ledger, claims, their keys, payouts and refusals.
//! Refuses to touch rows; it makes tables only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0004_money", up: UP, down: DOWN };

const UP: &[&str] = &[
    "CREATE TABLE lines (
        id BIGINT PRIMARY KEY,
        campaign_id BIGINT NOT NULL UNIQUE REFERENCES campaigns (id),
        available_fen BIGINT NOT NULL CHECK (available_fen >= 0),
        reserved_fen BIGINT NOT NULL CHECK (reserved_fen >= 0),
        paid_fen BIGINT NOT NULL CHECK (paid_fen >= 0)
    )",
    "CREATE TABLE transfers (
        id BIGINT PRIMARY KEY,
        line_id BIGINT NOT NULL REFERENCES lines (id),
        event TEXT NOT NULL,
        debit TEXT NOT NULL,
        credit TEXT NOT NULL,
        amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
        payout_id BIGINT,
        operator_id BIGINT,
        at BIGINT NOT NULL,
        CHECK (debit <> credit),
        UNIQUE (payout_id, event)
    )",
    "CREATE INDEX transfers_by_line ON transfers (line_id, at)",
    "CREATE TABLE claims (
        id BIGINT PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        account_id BIGINT NOT NULL REFERENCES accounts (id),
        follow_id BIGINT NOT NULL REFERENCES follows (id),
        payee_openid TEXT NOT NULL,
        grade TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('held', 'granted', 'rejected')),
        amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
        ip TEXT NOT NULL,
        at BIGINT NOT NULL
    )",
    "CREATE INDEX claims_by_campaign ON claims (campaign_id, id)",
    "CREATE INDEX claims_by_payee ON claims (campaign_id, payee_openid)",
    "CREATE INDEX claims_by_follow ON claims (follow_id)",
    "CREATE TABLE claim_keys (
        campaign_id BIGINT NOT NULL,
        scope BIGINT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('payee', 'follow', 'unionid')),
        value TEXT NOT NULL,
        claim_id BIGINT NOT NULL REFERENCES claims (id),
        PRIMARY KEY (campaign_id, scope, kind, value)
    ) /* clustered */",
    "CREATE TABLE payouts (
        id BIGINT PRIMARY KEY,
        claim_id BIGINT NOT NULL REFERENCES claims (id),
        line_id BIGINT NOT NULL REFERENCES lines (id),
        rail TEXT NOT NULL CHECK (rail IN ('redpack', 'transfer')),
        mch_id TEXT NOT NULL REFERENCES merchants (mch_id),
        appid TEXT NOT NULL,
        mch_billno TEXT NOT NULL UNIQUE,
        request TEXT NOT NULL,
        amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
        state TEXT NOT NULL CHECK (state IN
            ('queued', 'sending', 'unknown', 'sent', 'waiting_confirm', 'collected', 'returned', 'failed')),
        attempts BIGINT NOT NULL,
        asked BIGINT NOT NULL,
        due_at BIGINT,
        called_at BIGINT,
        doubted_at BIGINT,
        accepted_at BIGINT,
        ended_at BIGINT,
        err_code TEXT NOT NULL,
        err_code_des TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE INDEX payouts_due ON payouts (state, due_at)",
    "CREATE INDEX payouts_by_claim ON payouts (claim_id)",
    "CREATE TABLE refusals (
        id BIGINT PRIMARY KEY,
        campaign_id BIGINT NOT NULL,
        account_id BIGINT,
        payee_openid TEXT NOT NULL,
        reason TEXT NOT NULL,
        ip TEXT NOT NULL,
        at BIGINT NOT NULL
    )",
    "CREATE INDEX refusals_by_campaign ON refusals (campaign_id, id)",
];

const DOWN: &[&str] = &[
    "DROP TABLE refusals",
    "DROP TABLE payouts",
    "DROP TABLE claim_keys",
    "DROP TABLE claims",
    "DROP TABLE transfers",
    "DROP TABLE lines",
];
