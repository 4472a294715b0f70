//! The only place with SQL: one file per feature, each query a function named by its meaning.
//! Refuses to return rows; what comes out are the types of `rules` or records of this crate.

pub mod accounts;
pub mod ageing;
pub mod alerts;
pub mod bills;
pub mod budgets;
pub mod campaigns;
pub mod caps;
pub mod claims;
pub mod copy;
pub mod dialect;
pub mod followers;
pub mod grounds;
pub mod inbox;
pub mod links;
pub mod live;
mod log;
pub mod merchants;
pub mod operators;
pub mod payout_list;
pub mod payouts;
/// The throw-away server that stories use too.
#[cfg(test)]
#[path = "../../../server/tests/it/postgres.rs"]
pub(crate) mod postgres;
pub mod prizes;
pub mod rails;
pub mod rehearsal;
pub mod reports;
pub mod script;
pub mod settings;
pub mod strangers;
pub mod tickets;
pub mod tokens;
mod trial;
pub mod verify;

use crate::crash;
use crate::error::Error;
use log::Log;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction,
    DbErr, IsolationLevel, QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait, TryGetable, Value,
};
use std::time::Duration;

/// How often nodes that start together may be in each other's way.
const MIGRATION_TRIES: u32 = 20;
/// PostgreSQL's codes for what another node has done already: a table or index that is there, the type of its rows or a
/// trigger, a column, a function; an index or a table that is gone, a column that is.
const DONE: [&str; 7] = ["42P07", "42710", "42701", "42723", "42704", "42P01", "42703"];

/// The database: one writer and many readers on SQLite, one pool on PostgreSQL.
#[derive(Clone)]
pub struct Db {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    log: Log,
}

/// A write transaction. Dropped without `commit`, it never was.
pub struct Tx {
    open: DatabaseTransaction,
    log: Log,
}

impl Db {
    /// Opens (and on SQLite creates) the database at `url`. Errors when it cannot be reached or read.
    pub async fn open(url: &str) -> Result<Self, Error> {
        if url.starts_with("postgres") {
            let mut options = ConnectOptions::new(url);
            options.max_connections(16).acquire_timeout(Duration::from_secs(5)).sqlx_logging(false);
            let pool = Database::connect(options).await?;
            return Ok(Self { writer: pool.clone(), readers: pool, log: Log::default() });
        }
        let writer = Database::connect(sqlite(url, 1, false)).await?;
        let readers = Database::connect(sqlite(url, 4, true)).await?;
        let log = Log::beside(Database::connect(sqlite(url, 1, false)).await?);
        Ok(Self { writer, readers, log })
    }

    /// Opens the SQLite file `path`, to read it only.
    pub(crate) async fn open_file(path: &str) -> Result<Self, Error> {
        let readers = Database::connect(sqlite(&format!("sqlite://{path}"), 1, true)).await?;
        Ok(Self { writer: readers.clone(), readers, log: Log::default() })
    }

    /// Brings the database to the newest step.
    pub async fn migrate(&self) -> Result<(), Error> {
        use migration::{Migrator, MigratorTrait};
        for _ in 0..MIGRATION_TRIES {
            match Migrator::up(&self.writer, None).await {
                // Another node started at the same moment and took the same step first: it will be done now.
                Err(error)
                    if is_lost_race(&error) || code(&error).is_some_and(|code| DONE.contains(&code.as_str())) =>
                {
                    tracing::info!(%error, "another node brings the database up to date");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                end => return Ok(end?),
            }
        }
        Ok(Migrator::up(&self.writer, None).await?)
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
            isolation_level: trial::isolation()
                .filter(|_| self.writer.get_database_backend() == DatabaseBackend::Postgres),
            ..TransactionOptions::default()
        };
        Ok(Tx { open: self.writer.begin_with_options(options).await?, log: self.log.clone() })
    }

    /// Begins a transaction that only reads: one consistent picture, and no waiting for the writer.
    pub(crate) async fn begin_read(&self) -> Result<Tx, Error> {
        let options = match self.readers.get_database_backend() {
            // One picture for all statements, which SQLite gives anyway.
            DatabaseBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        };
        Ok(Tx { open: self.readers.begin_with_options(options).await?, log: Log::default() })
    }

    /// For queries that change nothing and need no transaction.
    pub(crate) fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// A copy of the whole database into the new SQLite file `path`. Errors when the file exists.
    pub async fn copy_to(&self, path: &str) -> Result<(), Error> {
        if self.readers.get_database_backend() == DatabaseBackend::Sqlite {
            exec(&self.readers, "VACUUM INTO $1", [path.into()]).await?;
            return Ok(());
        }
        let part = format!("{path}.part");
        let file = Self::open(&format!("sqlite://{part}")).await?;
        let copied = self.copy_into(&file, path).await;
        file.close().await?;
        std::fs::remove_file(part).map_err(Error::broken)?;
        copied
    }

    async fn copy_into(&self, file: &Self, path: &str) -> Result<(), Error> {
        file.migrate().await?;
        let from = self.begin_read().await?;
        let mut to = file.begin().await?;
        let tables = copy::tables(to.conn()).await?;
        copy::all(&tables, &from, &mut to).await?;
        to.commit().await?;
        // The file that stays is whole or not there, and needs no log beside it.
        exec(&file.readers, "VACUUM INTO $1", [path.into()]).await?;
        Ok(())
    }

    /// Closes all connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(self) -> Result<(), Error> {
        self.log.close().await?;
        self.readers.close().await?;
        Ok(self.writer.close().await?)
    }
}

fn sqlite(url: &str, connections: u32, read_only: bool) -> ConnectOptions {
    use sea_orm::sqlx::Connection;
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
            // FULL: a commit that was answered survives the loss of power, not only of the process. A batch touches
            // hundreds of pages, for which there is room in memory. The log is folded beside the writer (`Db::fold_log`);
            // the writer folds what is left where nobody else does, and where without a pause the log has grown to 256 MB,
            // since only a writer can begin it anew.
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("temp_store", "MEMORY")
                .pragma("cache_size", "-16384")
                .pragma("wal_autocheckpoint", "65536")
                // A long read (a backup, a proof of the books) holds the log open; afterwards its room is given back.
                .pragma("journal_size_limit", "268435456")
        });
    // SQLite ends a transaction by itself when a write fails (the disk is full); the ROLLBACK after it is then refused,
    // and the driver goes on to count a transaction that is gone. On such a connection every later commit would only end
    // a savepoint, and be lost with the process: it is thrown away, and the next one is new.
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.before_acquire(|connection, _| {
            let is_sound = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_sound) })
        })
    });
    options
}

impl Tx {
    /// Makes everything since `begin` durable.
    pub async fn commit(self) -> Result<(), Error> {
        trial::before_commit(&self).await?;
        self.open.commit().await?;
        self.log.grew();
        crash::answer_of_commit()
    }

    /// The connection, for queries that also serve readers.
    pub fn conn(&self) -> &DatabaseTransaction {
        &self.open
    }
}

fn statement(db: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    let backend: DatabaseBackend = db.get_database_backend();
    Statement::from_sql_and_values(backend, sql, values)
}

/// Runs a statement and tells how many rows it changed.
async fn exec(db: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, DbErr> {
    let statement = statement(db, sql, values);
    trial::plan(db, &statement).await?;
    Ok(db.execute_raw(statement).await?.rows_affected())
}

/// All rows of a query.
async fn rows(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    let statement = statement(db, sql, values);
    trial::plan(db, &statement).await?;
    db.query_all_raw(statement).await
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

fn code(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e))
        | DbErr::Conn(RuntimeErr::SqlxError(e)) => Some(e.as_database_error()?.code()?.into_owned()),
        _ => None,
    }
}

/// True when the database was locked for too long or out of connections.
pub fn is_busy(error: &DbErr) -> bool {
    matches!(error, DbErr::ConnectionAcquire(_)) || code(error).is_some_and(|code| matches!(code.as_str(), "5" | "517"))
}

/// True when a concurrent transaction came first: PostgreSQL's 40001 and 40P01, and 23505 where a verb looked for a row,
/// found none, and met it when it wrote; done again, the verb finds it. SQLite has one writer, so there it is only an id
/// (its 1555) that another process drew in the same millisecond; done again, the verb draws another.
pub fn is_lost_race(error: &DbErr) -> bool {
    code(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | "23505" | "1555"))
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

#[cfg(test)]
mod tests;
