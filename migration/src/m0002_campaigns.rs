//! Campaigns, their accounts and their tracked links.
//! Refuses to touch rows; it makes tables only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0002_campaigns", up: UP, down: DOWN };

const UP: &[&str] = &[
    "CREATE TABLE campaigns (
        id BIGINT PRIMARY KEY,
        slug TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('draft', 'running', 'paused', 'closed')),
        payer_id BIGINT NOT NULL REFERENCES accounts (id),
        mch_id TEXT NOT NULL REFERENCES merchants (mch_id),
        send_name TEXT NOT NULL,
        greeting TEXT NOT NULL,
        wishing TEXT NOT NULL,
        rules TEXT NOT NULL,
        opens_at BIGINT NOT NULL,
        closes_at BIGINT NOT NULL,
        prize_min_fen BIGINT NOT NULL CHECK (prize_min_fen > 0),
        prize_max_fen BIGINT NOT NULL CHECK (prize_max_fen >= prize_min_fen),
        scope TEXT NOT NULL CHECK (scope IN ('campaign', 'account')),
        asserted_cap_fen BIGINT NOT NULL,
        asserted_fen BIGINT NOT NULL CHECK (asserted_fen >= 0),
        started_at BIGINT,
        created_at BIGINT NOT NULL,
        CHECK (closes_at > opens_at)
    )",
    "CREATE TABLE members (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        account_id BIGINT NOT NULL REFERENCES accounts (id),
        edit_key TEXT NOT NULL UNIQUE,
        active BIGINT NOT NULL,
        added_at BIGINT NOT NULL,
        PRIMARY KEY (campaign_id, account_id)
    )",
    "CREATE TABLE links (
        id BIGINT PRIMARY KEY,
        code TEXT NOT NULL UNIQUE,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        account_id BIGINT NOT NULL REFERENCES accounts (id),
        placement TEXT NOT NULL,
        active BIGINT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE INDEX links_by_campaign ON links (campaign_id, account_id)",
];

const DOWN: &[&str] = &["DROP TABLE links", "DROP TABLE members", "DROP TABLE campaigns"];
