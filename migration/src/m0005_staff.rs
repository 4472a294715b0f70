//! Operators, their sessions and the log of what they did.
//! Refuses to touch rows; it makes tables only.

use crate::Step;

/// This step.
pub const STEP: Step = Step { name: "m0005_staff", up: UP, down: DOWN };

const UP: &[&str] = &[
    "CREATE TABLE operators (
        id BIGINT PRIMARY KEY,
        login TEXT NOT NULL UNIQUE,
        password_hash TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('viewer', 'marketer', 'finance', 'administrator')),
        created_at BIGINT NOT NULL
    )",
    "CREATE TABLE staff_sessions (
        token_hash TEXT PRIMARY KEY,
        operator_id BIGINT NOT NULL REFERENCES operators (id),
        expires_at BIGINT NOT NULL
    )",
    "CREATE TABLE audit (
        id BIGINT PRIMARY KEY,
        operator_id BIGINT NOT NULL,
        action TEXT NOT NULL,
        object TEXT NOT NULL,
        at BIGINT NOT NULL
    )",
];

const DOWN: &[&str] = &["DROP TABLE audit", "DROP TABLE staff_sessions", "DROP TABLE operators"];
