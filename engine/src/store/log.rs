//! SQLite's write-ahead log, folded into the file beside the writer: a commit that folded it would wait for thousands of
//! pages that lie everywhere. Refuses to touch anything on PostgreSQL, which folds its own.

use super::Db;
use crate::error::Error;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use std::sync::Arc;
use tokio::sync::Notify;

/// A connection that only folds, and who waits for something to fold. Without a connection there is no log.
#[derive(Clone, Default)]
pub(super) struct Log {
    folder: Option<DatabaseConnection>,
    growth: Arc<Notify>,
}

impl Log {
    /// The log that `folder` folds. Two connections that fold one after the other want SQLite 3.51.3 or newer: before, a log
    /// that was begun anew between them could be taken for the old one (a test looks at the version).
    pub fn beside(folder: DatabaseConnection) -> Self {
        Self { folder: Some(folder), growth: Arc::default() }
    }

    /// Tells whoever folds that there was a commit.
    pub fn grew(&self) {
        self.growth.notify_one();
    }

    pub async fn close(self) -> Result<(), DbErr> {
        match self.folder {
            Some(folder) => folder.close().await,
            None => Ok(()),
        }
    }
}

impl Db {
    /// Resolves when something was committed since the last time it resolved.
    pub(crate) async fn committed(&self) {
        self.log.growth.notified().await;
    }

    /// Folds what is committed by now into the file, as far as no reader still needs it in the log; nobody waits for it.
    /// Errors, and nothing is lost, when the file cannot be written; it is due again then.
    pub(crate) async fn fold_log(&self) -> Result<(), Error> {
        let Some(folder) = &self.log.folder else { return Ok(()) };
        // SQLite makes the file durable only where nothing was committed while it folded. The first pass has the work of a
        // second; what was committed meanwhile is little, so that the second pass mostly has the end of the log to itself.
        for _ in 0..2 {
            let folded = folder.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await;
            folded.inspect_err(|_| self.log.grew())?;
        }
        Ok(())
    }
}
