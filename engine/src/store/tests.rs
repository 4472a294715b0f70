//! What a database that fails under a transaction leaves behind, and what is in its file when.
//! Refuses a commit that only this process can see.

use super::Db;
use sea_orm::ConnectionTrait;
use std::path::PathBuf;

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lingbao-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn notes(db: &Db) -> usize {
    super::rows(db.read(), "SELECT value FROM settings", []).await.unwrap().len()
}

/// Writes a row; `true` keeps it.
async fn note(db: &Db, name: &str, keep: bool) {
    let tx = db.begin().await.unwrap();
    let sql = format!("INSERT INTO settings (name, value) VALUES ('{name}', 'x')");
    tx.conn().execute_unprepared(&sql).await.unwrap();
    if keep {
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn after_sqlite_ended_a_transaction_by_itself_commits_are_still_durable() {
    let folder = folder("store");
    let db = Db::open(&format!("sqlite://{}", folder.join("lingbao.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    let before = notes(&db).await;
    let tx = db.begin().await.unwrap();
    // As SQLite does when the disk is full: the transaction is over, and the driver does not know.
    tx.conn().execute_unprepared("ROLLBACK").await.unwrap();
    drop(tx);
    note(&db, "one that is undone", false).await;
    note(&db, "one that is kept", true).await;
    assert_eq!(notes(&db).await, before + 1, "others see what was committed, and nothing else");
    db.close().await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_is_folded_is_in_the_file_and_what_is_not_yet_is_in_the_log() {
    let folder = folder("log");
    let (file, alone) = (folder.join("lingbao.db"), folder.join("alone.db"));
    let db = Db::open(&format!("sqlite://{}", file.display())).await.unwrap();
    db.migrate().await.unwrap();
    db.fold_log().await.unwrap();
    let in_file = async || {
        // Without the log beside it.
        std::fs::copy(&file, &alone).unwrap();
        let alone = Db::open_file(alone.to_str().unwrap()).await.unwrap();
        let found = notes(&alone).await;
        alone.close().await.unwrap();
        found
    };
    let before = in_file().await;
    note(&db, "one", true).await;
    db.committed().await;
    assert_eq!(in_file().await, before, "a commit does not fold");
    db.fold_log().await.unwrap();
    assert_eq!(in_file().await, before + 1);
    db.close().await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn sqlite_is_new_enough_to_be_folded_by_two() {
    let db = Db::open("sqlite::memory:").await.unwrap();
    let row = super::row(db.read(), "SELECT sqlite_version() AS version", []).await.unwrap().unwrap();
    let version: String = super::get(&row, "version").unwrap();
    let numbers: Vec<u32> = version.split('.').map(|n| n.parse().unwrap()).collect();
    assert!(numbers >= vec![3, 51, 3], "{version}: a log folded by two connections could lose what is in it");
}

#[tokio::test]
async fn an_id_that_was_drawn_twice_is_a_race_and_a_name_that_is_taken_is_not() {
    let db = Db::open("sqlite::memory:").await.unwrap();
    let sql = "CREATE TABLE kept (id BIGINT PRIMARY KEY, name TEXT UNIQUE)";
    db.writer.execute_unprepared(sql).await.unwrap();
    let insert = async |row: &str| db.writer.execute_unprepared(&format!("INSERT INTO kept VALUES {row}")).await;
    insert("(1, 'one')").await.unwrap();
    assert!(super::is_lost_race(&insert("(1, 'two')").await.unwrap_err()));
    assert!(!super::is_lost_race(&insert("(2, 'one')").await.unwrap_err()));
}
