//! A harder database, for tests: with `LINGBAO_LOSES_RACES=N` write transactions are SERIALIZABLE and each N-th commit
//! is refused as a lost race, as CockroachDB and YugabyteDB do.
//! Refuses to exist in a release build.

use super::Tx;
use crate::error::Error;
use sea_orm::{ConnectionTrait, DatabaseBackend, IsolationLevel};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

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
