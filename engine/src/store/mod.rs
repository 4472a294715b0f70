//! The only place with SQL: one file per feature, each query a function named by its meaning.
//! Refuses to return rows; what comes out are the types of `rules` or records of this crate.

pub mod accounts;
pub mod budgets;
pub mod campaigns;
pub mod claims;
pub mod dialect;
pub mod followers;
pub mod inbox;
pub mod links;
pub mod live;
pub mod merchants;
pub mod operators;
pub mod payouts;
#[allow(dead_code, reason = "batches of claims take from it")]
pub mod prizes;
pub mod tickets;
pub mod tokens;
pub mod verify;

use crate::error::Error;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr,
    QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, TryGetable, Value,
};
use std::time::Duration;

/// The database: one writer and many readers on SQLite, one pool on PostgreSQL.
#[derive(Clone)]
pub struct Db {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
}

/// A write transaction. Dropped without `commit`, it never was.
pub struct Tx(DatabaseTransaction);

impl Db {
    /// Opens (and on SQLite creates) the database at `url`. Errors when it cannot be reached or read.
    pub async fn open(url: &str) -> Result<Self, Error> {
        if url.starts_with("postgres") {
            let mut options = ConnectOptions::new(url);
            options.max_connections(16).acquire_timeout(Duration::from_secs(5)).sqlx_logging(false);
            let pool = Database::connect(options).await?;
            return Ok(Self { writer: pool.clone(), readers: pool });
        }
        let writer = Database::connect(sqlite(url, 1, false)).await?;
        let readers = Database::connect(sqlite(url, 4, true)).await?;
        Ok(Self { writer, readers })
    }

    /// Brings the database to the newest step.
    pub async fn migrate(&self) -> Result<(), Error> {
        use migration::MigratorTrait;
        Ok(migration::Migrator::up(&self.writer, None).await?)
    }

    /// True when steps are waiting.
    pub async fn is_behind(&self) -> Result<bool, Error> {
        use migration::MigratorTrait;
        Ok(!migration::Migrator::get_pending_migrations(&self.writer).await?.is_empty())
    }

    /// Begins a write transaction; on SQLite it holds the write lock from the first statement.
    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(Tx(self.writer.begin_with_options(options).await?))
    }

    /// Begins a transaction that only reads: one consistent picture, and no waiting for the writer.
    pub(crate) async fn begin_read(&self) -> Result<Tx, Error> {
        Ok(Tx(self.readers.begin().await?))
    }

    /// For queries that change nothing and need no transaction.
    pub(crate) fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// A copy of the whole database into the new file `path` (SQLite only). Errors when the file exists.
    pub async fn copy_to(&self, path: &str) -> Result<(), Error> {
        exec(&self.readers, "VACUUM INTO $1", [path.into()]).await?;
        Ok(())
    }

    /// Closes all connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(self) -> Result<(), Error> {
        self.readers.close().await?;
        Ok(self.writer.close().await?)
    }
}

fn sqlite(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(10))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
                .statement_cache_capacity(256)
                .read_only(read_only);
            if read_only {
                return sqlite;
            }
            // FULL: a commit that was answered survives the loss of power, not only of the process.
            sqlite.create_if_missing(true).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
        });
    options
}

impl Tx {
    /// Makes everything since `begin` durable.
    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.0.commit().await?)
    }

    /// The connection, for queries that also serve readers.
    pub fn conn(&self) -> &DatabaseTransaction {
        &self.0
    }
}

fn statement(db: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let backend: DatabaseBackend = db.get_database_backend();
    Statement::from_sql_and_values(backend, sql, values)
}

/// Runs a statement and tells how many rows it changed.
async fn exec(db: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, DbErr> {
    Ok(db.execute_raw(statement(db, sql, values)).await?.rows_affected())
}

/// All rows of a query.
async fn rows(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(statement(db, sql, values)).await
}

/// The first row of a query, if any.
async fn row(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    db.query_one_raw(statement(db, sql, values)).await
}

/// A column by name.
fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, DbErr> {
    row.try_get("", column)
}

/// A text column as one of our types; nonsense in the database is an error, never a default.
fn parsed<T>(row: &QueryResult, column: &str) -> Result<T, Error>
where
    T: std::str::FromStr<Err = rules::ids::NotAName>,
{
    let text: String = get(row, column)?;
    text.parse().map_err(|error| Error::broken(format!("column {column}: {error}")))
}

/// An amount column.
fn fen(row: &QueryResult, column: &str) -> Result<rules::Fen, Error> {
    Ok(rules::Fen::new(get(row, column)?)?)
}

/// True when the database was locked, out of connections, or asks to try again (SQLite 5; PostgreSQL 40001, 40P01).
pub fn is_busy(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e))
        | DbErr::Conn(RuntimeErr::SqlxError(e)) => e
            .as_database_error()
            .and_then(|e| e.code())
            .is_some_and(|code| matches!(code.as_ref(), "5" | "517" | "40001" | "40P01")),
        _ => false,
    }
}

/// True when a statement went through, false when a unique rule refused its row.
fn not_taken(done: Result<u64, DbErr>) -> Result<bool, Error> {
    match done {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Asks the database something trivial.
pub async fn ping(db: &Db) -> Result<(), Error> {
    row(db.read(), "SELECT 1 AS one", []).await?;
    Ok(())
}

/// Keeps a setting that is not there yet and returns the one that is kept.
pub async fn keep_setting(db: &Db, name: &str, value: &str) -> Result<String, Error> {
    let tx = db.begin().await?;
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    exec(tx.conn(), sql, [name.into(), value.into()]).await?;
    let kept = row(tx.conn(), "SELECT value FROM settings WHERE name = $1", [name.into()]).await?;
    let kept = kept.ok_or_else(|| Error::broken("a setting vanished in its own transaction"))?;
    let kept = get(&kept, "value")?;
    tx.commit().await?;
    Ok(kept)
}
