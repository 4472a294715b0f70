//! Operators, their sessions and the log of what they did.
//! Refuses to touch rows; it makes tables only.

use sea_orm_migration::prelude::*;

/// This step.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0005_staff"
    }
}

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

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, DOWN).await
    }
}
