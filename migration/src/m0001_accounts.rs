//! Settings of the installation, official accounts, merchants and WeChat's tokens.
//! Refuses to touch rows; it makes tables only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0001_accounts", up: UP, down: DOWN };

const UP: &[&str] = &[
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE accounts (
        id BIGINT PRIMARY KEY,
        appid TEXT NOT NULL UNIQUE,
        original_id TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('subscription', 'service')),
        mode TEXT NOT NULL CHECK (mode IN ('edit', 'developer')),
        message_mode TEXT NOT NULL CHECK (message_mode IN ('plain', 'compatible', 'safe')),
        icon TEXT NOT NULL,
        qr TEXT NOT NULL,
        follow_url TEXT NOT NULL,
        appsecret TEXT,
        token TEXT,
        encoding_aes_key TEXT,
        former_aes_key TEXT,
        mch_id TEXT,
        grace_until BIGINT,
        retired_at BIGINT,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE merchants (
        mch_id TEXT PRIMARY KEY,
        apiv2_key TEXT NOT NULL,
        cert_pem TEXT NOT NULL,
        key_pem TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE tokens (
        appid TEXT PRIMARY KEY,
        access_token TEXT,
        access_token_until BIGINT,
        jsapi_ticket TEXT,
        jsapi_ticket_until BIGINT,
        forced TEXT NOT NULL
    )",
];

const DOWN: &[&str] = &["DROP TABLE tokens", "DROP TABLE merchants", "DROP TABLE accounts", "DROP TABLE settings"];
