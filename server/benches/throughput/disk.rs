//! The disk's own commit rate: the same durability as the product's database, and no work beside it.
//! Refuses any setting that the product's database does not have.

use crate::table::Table;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Rows of a batch commit: what a full batch of claims could at best be.
pub const BATCH: usize = 100;
/// Above this rate a commit hardly waits for anything: such a disk keeps a cache of its own.
const RATE_OF_REAL_DISKS: f64 = 1_000.0;
const MEASURED_FOR: Duration = Duration::from_millis(700);

/// A table in a file of its own.
pub struct Disk {
    db: DatabaseConnection,
    runtime: Handle,
    rates: RefCell<Vec<f64>>,
}

fn said(error: DbErr) -> String {
    format!("the disk's database: {error}")
}

impl Disk {
    /// Makes the file.
    pub fn open(runtime: &Handle, file: &Path) -> Result<Self, String> {
        let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
        options.max_connections(1).test_before_acquire(false).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
            sqlite.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
        });
        let table = "CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL)";
        let opened = async {
            let db = Database::connect(options).await?;
            db.execute_unprepared(table).await?;
            Ok(db)
        };
        let db = runtime.block_on(opened).map_err(said)?;
        Ok(Self { db, runtime: runtime.clone(), rates: RefCell::default() })
    }

    /// Rows a second in transactions of a hundred, one after the other, each durable before the next begins.
    pub fn batched_rows_per_sec(&self) -> Result<f64, String> {
        let took = self.commits(BATCH)?;
        Ok((took.len() * BATCH) as f64 / took.iter().sum::<Duration>().as_secs_f64())
    }

    /// Milliseconds within which half the transactions of one row are durable; their rate is remembered.
    pub fn commit_ms(&self) -> Result<f64, String> {
        let mut took = self.commits(1)?;
        self.rates.borrow_mut().push(took.len() as f64 / took.iter().sum::<Duration>().as_secs_f64());
        took.sort_unstable();
        Ok(took[took.len() / 2].as_secs_f64() * 1000.0)
    }

    fn commits(&self, rows: usize) -> Result<Vec<Duration>, String> {
        let value = format!("('{}')", "x".repeat(100));
        let sql = format!("INSERT INTO rows (text) VALUES {}", vec![value.as_str(); rows].join(", "));
        let began = Instant::now();
        let mut took = Vec::new();
        while began.elapsed() < MEASURED_FOR {
            let asked = Instant::now();
            self.runtime.block_on(self.commit(&sql)).map_err(said)?;
            took.push(asked.elapsed());
        }
        Ok(took)
    }

    async fn commit(&self, sql: &str) -> Result<(), DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.db.begin_with_options(options).await?;
        tx.execute_unprepared(sql).await?;
        tx.commit().await
    }

    /// Enters the commit rate before, during and after everything, and what it means for the ratios.
    pub fn judge(&self, table: &mut Table) -> Result<(), String> {
        self.commit_ms()?;
        let rates = self.rates.borrow();
        let (first, last) = (rates[0], rates[rates.len() - 1]);
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.iter().copied().fold(0.0, f64::max);
        table.title("the disk under everything");
        table.add("transactions of one row before the measurements", "commits/s", first);
        table.add("transactions of one row after the measurements", "commits/s", last);
        for rate in rates.iter() {
            table.add("transactions of one row, all along", "commits/s", *rate);
        }
        if most > RATE_OF_REAL_DISKS {
            table.remark("the disk commits more than 1000 times a second: ratios to sides of one commit a claim are smaller here");
        }
        if least < most / 2.0 {
            table.remark("the disk's commit rate swung by half or more within the run: read each ratio with its range");
        }
        Ok(())
    }
}
