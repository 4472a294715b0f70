//! Many people from one: the rows of a person who really followed (and perhaps claimed) are copied by the database.
//! Refuses to invent a row: every column that does not tell people apart is as the product wrote it.

use rules::ids::Openid;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement,
    TransactionTrait,
};
use std::time::Duration;

/// The number `i` scattered over 32 bits: as with real openids, neighbours in time are not neighbours in an index.
const SCATTERED: &str = "CAST(10000000000 + i * 2654435761 % 4294967296 AS TEXT)";
/// Rows of history get ids that lie this far back: about a quarter of an hour.
const HISTORY_IDS_BEFORE: i64 = 1 << 40;
/// The numbers of people who may still claim begin here, above those of history.
const FIRST_NUMBER: i64 = 100_000_000;
const ROWS_A_TRANSACTION: i64 = 50_000;

/// A table, which of its rows belong to the person, and what differs in the copies. `$id` moves an id.
struct Copied {
    table: &'static str,
    of: &'static str,
    differs: &'static [(&'static str, &'static str)],
}

const FOLLOW: [Copied; 3] = [
    Copied { table: "followers", of: "openid = '$openid'", differs: &[("openid", "$new")] },
    Copied { table: "follows", of: "openid = '$openid'", differs: &[("id", "$id"), ("openid", "$new")] },
    Copied {
        table: "tickets",
        of: "bound_openid = '$openid'",
        differs: &[
            ("code_hash", "'copy' || $number"),
            ("follow_id", "$id"),
            ("claim_id", "$id"),
            ("bound_openid", "$new"),
        ],
    },
];

/// What a claim leaves behind once its packet was collected.
const CLAIM: [Copied; 5] = [
    Copied {
        table: "claims",
        of: "payee_openid = '$openid'",
        differs: &[("id", "$id"), ("follow_id", "$id"), ("payee_openid", "$new")],
    },
    Copied {
        table: "claim_keys",
        of: "claim_id IN (SELECT id FROM claims WHERE payee_openid = '$openid')",
        differs: &[("value", "REPLACE(one.value, '$openid', $new)"), ("claim_id", "$id")],
    },
    Copied {
        table: "payouts",
        of: "claim_id IN (SELECT id FROM claims WHERE payee_openid = '$openid')",
        differs: &[
            ("id", "$id"),
            ("claim_id", "$id"),
            ("mch_billno", "'LBcopied' || $number"),
            ("request", "REPLACE(one.request, '$openid', $new)"),
            ("state", "'collected'"),
            ("due_at", "NULL"),
            ("accepted_at", "one.created_at"),
            ("ended_at", "one.created_at"),
        ],
    },
    Copied {
        table: "transfers",
        of: "payout_id IN (SELECT p.id FROM payouts p JOIN claims c ON c.id = p.claim_id \
             WHERE c.payee_openid = '$openid')",
        differs: &[("id", "$id + i"), ("payout_id", "$id")],
    },
    Copied {
        table: "transfers",
        of: "payout_id IN (SELECT p.id FROM payouts p JOIN claims c ON c.id = p.claim_id \
             WHERE c.payee_openid = '$openid')",
        differs: &[
            ("id", "$id + i + 1"),
            ("payout_id", "$id"),
            ("event", "'pay'"),
            ("debit", "'reserved'"),
            ("credit", "'paid'"),
        ],
    },
];

/// A connection of its own to a server's database, used while the server rests.
pub struct Copies {
    db: DatabaseConnection,
    next: i64,
}

impl Copies {
    /// Opens the database. Its commits need not last: the measured ones are the server's.
    pub async fn open(url: &str) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Off)
                .foreign_keys(false)
                .busy_timeout(Duration::from_secs(60))
                .pragma("cache_size", "-262144")
                .pragma("temp_store", "MEMORY")
        });
        Ok(Self { db: Database::connect(options).await?, next: FIRST_NUMBER })
    }

    /// `n` more people who followed as `person` did and may claim.
    pub async fn followers(&mut self, person: &Openid, n: usize) -> Result<Vec<Openid>, DbErr> {
        let first = self.next;
        self.next += i64::try_from(n).unwrap_or(i64::MAX);
        self.copy(&FOLLOW, person, first..self.next, 0).await?;
        self.settle().await?;
        Ok((first..self.next).map(openid).collect())
    }

    /// `n` people who followed and claimed as `person` did, some time ago, and took their money.
    pub async fn history(&self, person: &Openid, n: i64) -> Result<(), DbErr> {
        for first in (1..=n).step_by(usize::try_from(ROWS_A_TRANSACTION).unwrap_or(1)) {
            let part = first..(first + ROWS_A_TRANSACTION).min(n + 1);
            self.copy(&FOLLOW, person, part.clone(), -HISTORY_IDS_BEFORE).await?;
            self.copy(&CLAIM, person, part, -HISTORY_IDS_BEFORE).await?;
        }
        let claim = format!("SELECT {n} * amount_fen FROM claims WHERE payee_openid = '{person}'");
        let line = format!(
            "SELECT p.line_id FROM payouts p JOIN claims c ON c.id = p.claim_id WHERE c.payee_openid = '{person}'"
        );
        let paid = format!(
            "UPDATE lines SET available_fen = available_fen - ({claim}), paid_fen = paid_fen + ({claim}) WHERE id = ({line})"
        );
        self.db.execute_unprepared(&paid).await?;
        self.settle().await
    }

    async fn copy(
        &self,
        tables: &[Copied],
        person: &Openid,
        numbers: std::ops::Range<i64>,
        ids_by: i64,
    ) -> Result<(), DbErr> {
        let tx = self.db.begin().await?;
        for copied in tables {
            let of = copied.of.replace("$openid", person.as_str());
            let columns = columns(&tx, copied.table, &of).await?;
            let values: Vec<String> = columns.iter().map(|column| value(copied, column, person, ids_by)).collect();
            let sql = format!(
                "WITH RECURSIVE numbers (i) AS (SELECT CAST({} AS BIGINT) UNION ALL
                    SELECT i + 1 FROM numbers WHERE i < {})
                INSERT INTO {table} ({}) SELECT {} FROM numbers, (SELECT * FROM {table} WHERE {of}) AS one",
                numbers.start,
                numbers.end - 1,
                columns.join(", "),
                values.join(", "),
                table = copied.table,
            );
            tx.execute_unprepared(&sql).await?;
        }
        tx.commit().await
    }

    /// Leaves the database as hours of work would have: log folded in, statistics taken.
    async fn settle(&self) -> Result<(), DbErr> {
        let sql = match self.db.get_database_backend() {
            DbBackend::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            DbBackend::Postgres | DbBackend::MySql => "ANALYZE",
            other => return Err(DbErr::Custom(format!("no bench runs on {other:?}"))),
        };
        self.db.execute_unprepared(sql).await?;
        Ok(())
    }
}

/// The expression for one column of a copy.
fn value(copied: &Copied, column: &str, person: &Openid, ids_by: i64) -> String {
    let Some((_, differs)) = copied.differs.iter().find(|(name, _)| *name == column) else {
        return format!("one.{column}");
    };
    differs
        .replace("$new", &format!("('oBench' || {SCATTERED})"))
        .replace("$number", SCATTERED)
        .replace("$openid", person.as_str())
        .replace("$id", &format!("one.{column} + {ids_by} + i"))
}

/// The openid of the copy with the number `i`, as the database makes it.
fn openid(i: i64) -> Openid {
    let scattered = 10_000_000_000 + i * 2_654_435_761 % 4_294_967_296;
    Openid::try_from(format!("oBench{scattered}")).expect("an openid's letters")
}

async fn columns(db: &impl ConnectionTrait, table: &str, of: &str) -> Result<Vec<String>, DbErr> {
    let sql = format!("SELECT * FROM {table} WHERE {of}");
    let row: Option<QueryResult> = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let row = row.ok_or_else(|| DbErr::Custom(format!("there is nothing to copy in {table}")))?;
    Ok(row.column_names())
}
