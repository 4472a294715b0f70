//! Many people from one: the rows of a person who really followed (and perhaps claimed) are copied by the database.
//! Refuses to invent a row: every column that does not tell people apart is as the product wrote it.

use rules::ids::Openid;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait,
};
use std::time::Duration;

/// The number `i` scattered over 32 bits: as with real openids, neighbours in time are not neighbours in an index.
const SCATTERED: &str = "CAST(10000000000 + i * 2654435761 % 4294967296 AS TEXT)";
/// Rows of history get ids that lie this far back: about a quarter of an hour.
const HISTORY_IDS_BEFORE: i64 = 1 << 40;
/// The numbers of people who may still claim begin here, above those of history.
const FIRST_NUMBER: i64 = 100_000_000;
const ROWS_A_TRANSACTION: i64 = 50_000;

/// A table, which of its rows belong to the person, and what differs in the copies. `$id` moves an id, `$by` tells how far.
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
            // The reservation's own id, as above.
            ("resolves", "one.id + $by + i + i"),
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

/// One person's rows, set aside in temporary tables; copying then finds them without looking.
pub struct Original {
    name: &'static str,
    openid: Openid,
    rows: Vec<(&'static Copied, Vec<String>)>,
}

impl Copies {
    /// Opens the database. Its commits need not last: the measured ones are the server's.
    pub async fn open(url: &str) -> Result<Self, DbErr> {
        let mut options = ConnectOptions::new(url);
        // The originals lie in temporary tables, which end with the connection.
        options.max_connections(1).max_lifetime(None::<Duration>).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Off)
                .foreign_keys(false)
                .busy_timeout(Duration::from_secs(60))
                .pragma("temp_store", "MEMORY")
                // Rows by the million go to random pages: they stay in memory (8 GB at most, for ten million claims) and
                // are written back once for many transactions.
                .pragma("cache_size", "-8388608")
                .pragma("wal_autocheckpoint", "262144")
        });
        Ok(Self { db: Database::connect(options).await?, next: FIRST_NUMBER })
    }

    /// Sets aside the rows of a person who followed.
    pub async fn follower(&self, openid: &Openid) -> Result<Original, DbErr> {
        self.original("follower", openid, FOLLOW.iter().collect()).await
    }

    /// Sets aside the rows of a person who followed and claimed.
    async fn claimant(&self, openid: &Openid) -> Result<Original, DbErr> {
        self.original("claimant", openid, FOLLOW.iter().chain(&CLAIM).collect()).await
    }

    async fn original(
        &self,
        name: &'static str,
        openid: &Openid,
        tables: Vec<&'static Copied>,
    ) -> Result<Original, DbErr> {
        let mut rows = Vec::new();
        for (at, copied) in tables.into_iter().enumerate() {
            let aside = format!("{name}_{at}");
            let of = copied.of.replace("$openid", openid.as_str());
            let sql = format!("CREATE TEMPORARY TABLE {aside} AS SELECT * FROM {} WHERE {of}", copied.table);
            self.db.execute_unprepared(&sql).await?;
            let sql = Statement::from_string(self.db.get_database_backend(), format!("SELECT * FROM {aside}"));
            let row = self.db.query_one_raw(sql).await?;
            let row = row.ok_or_else(|| DbErr::Custom(format!("there is nothing to copy in {}", copied.table)))?;
            rows.push((copied, row.column_names()));
        }
        Ok(Original { name, openid: openid.clone(), rows })
    }

    /// `n` more people who followed as the original did and may claim.
    pub async fn followers(&mut self, original: &Original, n: usize) -> Result<Vec<Openid>, DbErr> {
        let first = self.next;
        self.next += i64::try_from(n).unwrap_or(i64::MAX);
        self.copy(original, first..self.next, 0).await?;
        self.settle().await?;
        Ok((first..self.next).map(openid).collect())
    }

    /// `n` people who followed and claimed as `person` did, some time ago, and took their money.
    pub async fn history(&self, person: &Openid, n: i64) -> Result<(), DbErr> {
        let original = self.claimant(person).await?;
        let mut first = 1;
        while first <= n {
            let end = (first + ROWS_A_TRANSACTION).min(n + 1);
            self.copy(&original, first..end, -HISTORY_IDS_BEFORE).await?;
            first = end;
        }
        let of = format!(
            "payouts p JOIN tickets t ON t.claim_id = p.claim_id
            WHERE t.campaign_id IN (SELECT id FROM campaigns) AND t.bound_openid = '{person}'"
        );
        let paid = format!(
            "UPDATE lines SET available_fen = available_fen - {n} * (SELECT p.amount_fen FROM {of}),
                paid_fen = paid_fen + {n} * (SELECT p.amount_fen FROM {of}) WHERE id = (SELECT p.line_id FROM {of})"
        );
        self.db.execute_unprepared(&paid).await?;
        // Until now the person's claim is the campaign's only one, so every counter holds its amount alone.
        let counted = format!("UPDATE cap_uses SET used_fen = used_fen * ({n} + 1)");
        self.db.execute_unprepared(&counted).await?;
        self.settle().await
    }

    async fn copy(&self, original: &Original, numbers: std::ops::Range<i64>, ids_by: i64) -> Result<(), DbErr> {
        let tx = self.db.begin().await?;
        for (at, (copied, columns)) in original.rows.iter().enumerate() {
            let values: Vec<String> =
                columns.iter().map(|column| value(copied, column, &original.openid, ids_by)).collect();
            let sql = format!(
                "WITH RECURSIVE numbers (i) AS (SELECT CAST({} AS BIGINT) UNION ALL
                    SELECT i + 1 FROM numbers WHERE i < {})
                INSERT INTO {} ({}) SELECT {} FROM numbers, {}_{at} AS one",
                numbers.start,
                numbers.end - 1,
                copied.table,
                columns.join(", "),
                values.join(", "),
                original.name,
            );
            tx.execute_unprepared(&sql).await?;
        }
        tx.commit().await
    }

    /// Leaves the database as hours of work would have: log folded in, statistics taken.
    async fn settle(&self) -> Result<(), DbErr> {
        let sql = if self.db.get_database_backend() == DbBackend::Sqlite {
            "PRAGMA wal_checkpoint(TRUNCATE)"
        } else {
            "ANALYZE"
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
        .replace("$by", &ids_by.to_string())
}

/// The openid of the copy with the number `i`, as the database makes it.
fn openid(i: i64) -> Openid {
    let scattered = 10_000_000_000 + i * 2_654_435_761 % 4_294_967_296;
    Openid::try_from(format!("oBench{scattered}")).expect("an openid's letters")
}
