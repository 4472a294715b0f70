//! Which database the stories of this run stand on: LINGBAO_TEST_DATABASE is sqlite (as without it) or postgres.
//! Refuses to pass a story by in silence: what holds on one kind only says so and why.

use crate::postgres;
use sea_orm::DatabaseConnection;
use std::path::Path;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file of its own for each world.
    Sqlite,
    /// A database of its own for each world, on one server for the process.
    Postgres,
}

impl Kind {
    /// The kind of this run.
    pub fn of_this_run() -> Self {
        match std::env::var("LINGBAO_TEST_DATABASE").as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("LINGBAO_TEST_DATABASE is sqlite or postgres, not {other}"),
        }
    }

    /// True when this run is of another kind; the reason is printed.
    pub fn is_not_of_this_run(self, because: &str) -> bool {
        let other = self != Self::of_this_run();
        if other {
            println!("left out on {:?}: {because}", Self::of_this_run());
        }
        other
    }
}

/// The URL of a new database; on SQLite its file will be in `folder`.
pub async fn create(folder: &Path) -> String {
    match Kind::of_this_run() {
        Kind::Sqlite => format!("sqlite://{}", folder.join("lingbao.db").display()),
        Kind::Postgres => postgres::create().await,
    }
}

/// Removes what is not in the world's folder.
pub async fn remove(url: &str) {
    match Kind::of_this_run() {
        Kind::Sqlite => {}
        Kind::Postgres => postgres::remove(url).await,
    }
}

/// Opens a database beside the server, for raw statements.
pub async fn open(url: &str) -> DatabaseConnection {
    postgres::open(url).await
}
