//! The database's steps, up and down on an empty database.
//! Refuses a step that cannot be taken back, or that leaves something behind.

use crate::database::{self, Kind};
use crate::postgres;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

async fn empty() -> DatabaseConnection {
    match Kind::of_this_run() {
        Kind::Sqlite => database::open("sqlite::memory:").await,
        Kind::Postgres => database::open(&postgres::create().await).await,
    }
}

/// All tables, columns, indexes and rules of ours, as they were made.
async fn shape(db: &DatabaseConnection) -> Vec<String> {
    let sql = match Kind::of_this_run() {
        Kind::Sqlite => {
            "SELECT COALESCE(sql, name) AS made FROM sqlite_master
            WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'seaql_migrations' ORDER BY name"
        }
        Kind::Postgres => {
            "SELECT made FROM (
                SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS made
                    FROM information_schema.columns WHERE table_schema = 'public'
                UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
                UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                    WHERE connamespace = 'public'::regnamespace
            ) AS shape WHERE made NOT LIKE '%seaql_migrations%' ORDER BY made"
        }
    };
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
