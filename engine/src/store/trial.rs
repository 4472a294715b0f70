//! A harder database, for tests: with `LINGBAO_LOSES_RACES=N` write transactions are SERIALIZABLE and each N-th commit
//! is refused as a lost race, as CockroachDB and YugabyteDB do; and SQLite must read each batch once, row by row.
//! Refuses to exist in a release build.

use super::{Tx, dialect};
use crate::error::Error;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, IsolationLevel, Statement};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// One commit in this many is refused.
fn one_in() -> Option<u64> {
    static ONE_IN: OnceLock<Option<u64>> = OnceLock::new();
    let asked = || std::env::var("LINGBAO_LOSES_RACES").ok()?.parse().ok().filter(|n| *n > 1);
    if cfg!(debug_assertions) { *ONE_IN.get_or_init(asked) } else { None }
}

/// The isolation of write transactions: the database's own default, or SERIALIZABLE in a trial.
pub fn isolation() -> Option<IsolationLevel> {
    one_in().map(|_| IsolationLevel::Serializable)
}

/// Refuses this commit when its turn has come.
pub async fn before_commit(tx: &Tx) -> Result<(), Error> {
    static COMMITS: AtomicU64 = AtomicU64::new(1);
    let Some(one_in) = one_in() else { return Ok(()) };
    if !COMMITS.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_in) {
        return Ok(());
    }
    match tx.conn().get_database_backend() {
        DatabaseBackend::Postgres => {
            let refuse = "DO $$ BEGIN RAISE EXCEPTION 'a trial' USING ERRCODE = '40001'; END $$";
            tx.conn().execute_unprepared(refuse).await?;
            Ok(())
        }
        _ => Err(Error::lost_race("a trial")),
    }
}

/// Asks SQLite, once for each statement with a batch, how it will go about it. Errors when it would look for the rows of
/// a batch again and again, or walk through a whole table for each of them: that is fast in a story and hopeless later.
pub async fn plan(db: &impl ConnectionTrait, statement: &Statement) -> Result<(), DbErr> {
    let is_batch = cfg!(debug_assertions) && statement.sql.contains(dialect::SQLITE_ROWS);
    if !is_batch || db.get_database_backend() != DatabaseBackend::Sqlite || !is_new(&statement.sql) {
        return Ok(());
    }
    let asked = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement.clone() };
    let mut steps = Vec::new();
    for step in db.query_all_raw(asked).await? {
        steps.push((step.try_get::<i64>("", "parent")?, step.try_get::<String>("", "detail")?));
    }
    match out_of_order(&statement.sql, &steps) {
        None => Ok(()),
        Some(step) => Err(DbErr::Custom(format!("{step}, inside another loop of {}", statement.sql))),
    }
}

fn is_new(sql: &str) -> bool {
    static SEEN: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.get_or_insert_default().insert(sql.to_owned())
}

/// The first step that walks through rows although a step before it, of the same loop, already goes through some.
/// A table that the statement does not name is one whose foreign keys are looked at, when there is need.
fn out_of_order<'a>(sql: &str, steps: &'a [(i64, String)]) -> Option<&'a str> {
    let named = |table: &str| sql.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == table);
    let walks = |detail: &str| detail.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()).is_some_and(named);
    let mut loops = HashSet::new();
    let step = steps.iter().find(|(parent, detail)| {
        let is_loop = walks(detail) || detail.starts_with("SEARCH");
        is_loop && !loops.insert(*parent) && walks(detail)
    });
    step.map(|(_, detail)| detail.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dialect::Column::BigInt;
    use crate::store::{exec, postgres};
    use serde_json::json;

    #[tokio::test]
    async fn a_batch_inside_another_loop_is_found() {
        let db = postgres::open("sqlite::memory:").await;
        exec(&db, "CREATE TABLE kept (id BIGINT PRIMARY KEY, at BIGINT UNIQUE)", []).await.unwrap();
        let rows = dialect::json_rows(&db, &[("id", BigInt), ("at", BigInt)]);
        let update = |rest: &str| format!("UPDATE kept SET at = batch.at FROM {rows} WHERE kept.id = batch.id{rest}");
        let sent = || [dialect::batch(vec![json!({ "id": 1, "at": 2 })])];
        exec(&db, &update(" AND +kept.at IS NULL"), sent()).await.unwrap();
        let error = exec(&db, &update(" AND kept.at IS NULL"), sent()).await.unwrap_err().to_string();
        assert!(error.contains("SCAN jsonb_each"), "{error}");
        let error = exec(&db, &format!("INSERT INTO kept SELECT k.at, NULL FROM {rows} JOIN kept k"), sent()).await;
        assert!(error.unwrap_err().to_string().contains("SCAN"));
    }
}
