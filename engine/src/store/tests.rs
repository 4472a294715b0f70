//! What a database that fails under a transaction leaves behind.
//! Refuses a commit that only this process can see.

use super::Db;
use sea_orm::ConnectionTrait;

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
    let folder = std::env::temp_dir().join(format!("lingbao-store-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
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
