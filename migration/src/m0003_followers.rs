//! Visits, pushes received, followers, follows and tickets.
//! Refuses to touch rows; it makes tables only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0003_followers", up: UP, down: DOWN };

const UP: &[&str] = &[
    "CREATE TABLE visits (
        id BIGINT PRIMARY KEY,
        link_id BIGINT NOT NULL REFERENCES links (id),
        browser TEXT NOT NULL,
        payee_openid TEXT,
        ip TEXT NOT NULL,
        bot BIGINT NOT NULL,
        at BIGINT NOT NULL
    )",
    "CREATE INDEX visits_by_payee ON visits (payee_openid, at)",
    "CREATE INDEX visits_by_browser ON visits (browser, at)",
    "CREATE TABLE push_nonces (
        account_id BIGINT NOT NULL,
        stamp TEXT NOT NULL,
        nonce TEXT NOT NULL,
        body_hash TEXT NOT NULL,
        reply TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (account_id, stamp, nonce)
    )",
    "CREATE INDEX push_nonces_by_age ON push_nonces (at)",
    "CREATE TABLE inbox (
        account_id BIGINT NOT NULL,
        dedupe_key TEXT NOT NULL,
        kind TEXT NOT NULL,
        reply TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (account_id, dedupe_key)
    )",
    "CREATE TABLE followers (
        account_id BIGINT NOT NULL REFERENCES accounts (id),
        openid TEXT NOT NULL,
        first_followed_at BIGINT NOT NULL,
        last_event_at BIGINT NOT NULL,
        following BIGINT NOT NULL,
        baseline BIGINT NOT NULL,
        PRIMARY KEY (account_id, openid)
    ) /* clustered */",
    "CREATE TABLE follows (
        id BIGINT PRIMARY KEY,
        account_id BIGINT NOT NULL REFERENCES accounts (id),
        openid TEXT,
        campaign_id BIGINT REFERENCES campaigns (id),
        link_id BIGINT REFERENCES links (id),
        attribution TEXT NOT NULL,
        novelty TEXT NOT NULL,
        grade TEXT NOT NULL,
        at BIGINT NOT NULL
    )",
    "CREATE INDEX follows_by_person ON follows (account_id, openid, at)",
    "CREATE INDEX follows_by_campaign ON follows (campaign_id, link_id, attribution)",
    "CREATE TABLE tickets (
        code_hash TEXT PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        account_id BIGINT NOT NULL REFERENCES accounts (id),
        follow_id BIGINT NOT NULL REFERENCES follows (id),
        issued_at BIGINT NOT NULL,
        bound_openid TEXT,
        claim_id BIGINT UNIQUE
    )",
    "CREATE INDEX tickets_by_person ON tickets (campaign_id, bound_openid)",
    "CREATE TABLE rollups (
        campaign_id BIGINT NOT NULL,
        account_id BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        minute BIGINT NOT NULL,
        node BIGINT NOT NULL,
        visits BIGINT NOT NULL,
        bots BIGINT NOT NULL,
        follows BIGINT NOT NULL,
        refollows BIGINT NOT NULL,
        unfollows BIGINT NOT NULL,
        claims BIGINT NOT NULL,
        refusals BIGINT NOT NULL,
        paid BIGINT NOT NULL,
        granted_fen BIGINT NOT NULL,
        paid_fen BIGINT NOT NULL,
        PRIMARY KEY (campaign_id, minute, account_id, link_id, node)
    ) /* clustered */",
];

const DOWN: &[&str] = &[
    "DROP TABLE rollups",
    "DROP TABLE tickets",
    "DROP TABLE follows",
    "DROP TABLE followers",
    "DROP TABLE inbox",
    "DROP TABLE push_nonces",
    "DROP TABLE visits",
];
