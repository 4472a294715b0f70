//! The database's shape, one file per step, the same statements on SQLite and PostgreSQL.
//! Refuses to contract in the release that stops using a column; steps only expand.
//!
//! Conventions: every number and truth value is BIGINT, instants are unix milliseconds, ids are made by the
//! application, secrets are TEXT sealed with the master key.

pub use sea_orm_migration::prelude::*;

mod m0001_accounts;
mod m0002_campaigns;
mod m0003_followers;
mod m0004_money;
mod m0005_staff;
mod m0006_prizes;
mod m0007_edit_key;
mod m0008_unseen;
mod m0009_ledger;
mod m0010_rails;
mod m0011_bills;
mod m0012_rehearsal;
mod m0013_fewer_indexes;
mod m0014_lost_money;

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::STEP),
            Box::new(m0002_campaigns::STEP),
            Box::new(m0003_followers::STEP),
            Box::new(m0004_money::STEP),
            Box::new(m0005_staff::STEP),
            Box::new(m0006_prizes::STEP),
            Box::new(m0007_edit_key::STEP),
            Box::new(m0008_unseen::STEP),
            Box::new(m0009_ledger::Step),
            Box::new(m0010_rails::STEP),
            Box::new(m0011_bills::STEP),
            Box::new(m0012_rehearsal::STEP),
            Box::new(m0013_fewer_indexes::STEP),
            Box::new(m0014_lost_money::STEP),
        ]
    }
}

/// A step that is the same statements on both databases.
struct Step {
    name: &'static str,
    up: &'static [&'static str],
    down: &'static [&'static str],
}

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.down).await
    }
}

/// Ends a table whose rows are small and found by their whole key.
const CLUSTERED: &str = "/* clustered */";

/// Runs statements one after another.
///
/// SQLite keeps rows in one tree and a key that it does not number itself in a second one. Where the key is the place of
/// the row (`INTEGER PRIMARY KEY`, and [`CLUSTERED`] tables `WITHOUT ROWID`), a claim changes a quarter fewer pages.
/// PostgreSQL takes the statements as they are. A database made before this was so works as it is.
async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let is_sqlite = manager.get_database_backend() == sea_orm::DbBackend::Sqlite;
    for statement in statements {
        let laid_out = is_sqlite.then(|| {
            statement.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY").replace(CLUSTERED, "WITHOUT ROWID")
        });
        manager.get_connection().execute_unprepared(laid_out.as_deref().unwrap_or(statement)).await?;
    }
    Ok(())
}
