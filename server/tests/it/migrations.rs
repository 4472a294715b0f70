//! The database's steps, up and down on an empty database.
//! Refuses a step that cannot be taken back, or that leaves something behind.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

async fn empty() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

/// All tables and indexes of ours, as they were made.
async fn shape(db: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT COALESCE(sql, name) AS made FROM sqlite_master
        WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'seaql_migrations' ORDER BY name";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "made").unwrap()).collect()
}

#[tokio::test]
async fn all_steps_go_up_and_down_and_up_again_to_the_same_shape() {
    let db = empty().await;
    Migrator::up(&db, None).await.unwrap();
    let made = shape(&db).await;
    assert!(made.len() > 10, "{made:?}");
    Migrator::down(&db, None).await.unwrap();
    assert_eq!(shape(&db).await, Vec::<String>::new());
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(shape(&db).await, made);
}

#[tokio::test]
async fn each_step_goes_down_and_up_alone() {
    let db = empty().await;
    for _ in Migrator::migrations() {
        Migrator::up(&db, Some(1)).await.unwrap();
        let made = shape(&db).await;
        Migrator::down(&db, Some(1)).await.unwrap();
        assert_ne!(shape(&db).await, made, "a step makes something");
        Migrator::up(&db, Some(1)).await.unwrap();
        assert_eq!(shape(&db).await, made);
    }
}

#[tokio::test]
async fn going_up_twice_changes_nothing() {
    let db = empty().await;
    Migrator::up(&db, None).await.unwrap();
    let made = shape(&db).await;
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(shape(&db).await, made);
}
