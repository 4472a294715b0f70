//! Two indexes less on a claim's way: a person's claims are found through their tickets, and only transfers that resolve
//! another are in the index that keeps each from being resolved twice. Refuses to touch rows.

use sea_orm_migration::prelude::*;

/// This step.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0013_fewer_indexes"
    }
}

const UP: &[&str] = &[
    "DROP INDEX claims_by_payee",
    "CREATE UNIQUE INDEX transfers_resolve_each_once ON transfers (resolves) WHERE resolves IS NOT NULL",
    "DROP INDEX transfers_resolve_once",
];

const DOWN: &[&str] = &[
    "CREATE UNIQUE INDEX transfers_resolve_once ON transfers (resolves)",
    "DROP INDEX transfers_resolve_each_once",
    "CREATE INDEX claims_by_payee ON claims (campaign_id, payee_openid)",
];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, DOWN).await
    }
}
