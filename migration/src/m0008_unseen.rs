//! Followers who are known by what they wrote only: nobody saw them follow.
//! Refuses to touch rows; it makes a column only.

use sea_orm_migration::prelude::*;

/// This step.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0008_unseen"
    }
}

const UP: &[&str] = &["ALTER TABLE followers ADD COLUMN unseen BIGINT NOT NULL DEFAULT 0"];

const DOWN: &[&str] = &["ALTER TABLE followers DROP COLUMN unseen"];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, DOWN).await
    }
}
