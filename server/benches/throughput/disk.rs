//! The disk's own commit rate: the same durability as the product's database, and no work beside it.
//! Refuses any setting that the product's database does not have.

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::path::Path;
use std::time::{Duration, Instant};

const MEASURED_FOR: Duration = Duration::from_millis(700);

/// A table in a file of its own.
pub struct Disk(DatabaseConnection);

impl Disk {
    /// Makes the file.
    pub async fn open(file: &Path) -> Result<Self, String> {
        let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
        options.max_connections(1).test_before_acquire(false).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
            sqlite.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
        });
        let said = |error: sea_orm::DbErr| format!("the disk's database: {error}");
        let db = Database::connect(options).await.map_err(said)?;
        db.execute_unprepared("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").await.map_err(said)?;
        Ok(Self(db))
    }

    /// Transactions of `rows` rows a second, one after the other, each durable before the next begins.
    pub async fn commits_per_sec(&self, rows: usize) -> Result<f64, String> {
        let value = format!("('{}')", "x".repeat(100));
        let sql = format!("INSERT INTO rows (text) VALUES {}", vec![value.as_str(); rows].join(", "));
        let began = Instant::now();
        let mut commits = 0_u32;
        while began.elapsed() < MEASURED_FOR {
            self.commit(&sql).await.map_err(|error| format!("the disk's database: {error}"))?;
            commits += 1;
        }
        Ok(f64::from(commits) / began.elapsed().as_secs_f64())
    }

    async fn commit(&self, sql: &str) -> Result<(), sea_orm::DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.0.begin_with_options(options).await?;
        tx.execute_unprepared(sql).await?;
        tx.commit().await
    }
}
