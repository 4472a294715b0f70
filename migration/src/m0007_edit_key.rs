//! The edit-mode key that an asserted ticket was given for, hashed: a key that was changed ends what it gave.
//! Refuses to touch rows; it makes a column only.

use sea_orm_migration::prelude::*;

/// This step.
pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0007_edit_key"
    }
}

const UP: &[&str] = &["ALTER TABLE tickets ADD COLUMN edit_key_hash TEXT"];

const DOWN: &[&str] = &["ALTER TABLE tickets DROP COLUMN edit_key_hash"];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, DOWN).await
    }
}
