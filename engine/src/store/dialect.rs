//! What SQLite and PostgreSQL spell differently: row locks, and batches that travel as one JSON parameter.
//! Refuses anything that CockroachDB and YugabyteDB do not have too.

use sea_orm::{ConnectionTrait, DatabaseBackend, Value};

/// The type of a batch's column; all of ours are one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Numbers, ids, instants and truth values.
    BigInt,
    /// Everything else.
    Text,
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::BigInt => "BIGINT",
            Self::Text => "TEXT",
        }
    }
}

fn is_postgres(db: &impl ConnectionTrait) -> bool {
    db.get_database_backend() == DatabaseBackend::Postgres
}

/// Whether the rows of a query stay locked until the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// For a transaction that will write.
    ForUpdate,
    /// For a page that only looks.
    None,
}

impl Lock {
    /// How the query ends.
    pub fn clause(self, db: &impl ConnectionTrait) -> &'static str {
        match self {
            Self::ForUpdate => for_update(db),
            Self::None => "",
        }
    }
}

/// Ends a query whose rows stay locked until the commit. SQLite has one writer, which holds everything already.
pub fn for_update(db: &impl ConnectionTrait) -> &'static str {
    if is_postgres(db) { " FOR UPDATE" } else { "" }
}

/// Like [`for_update`], and leaves out rows that another node has locked: for queues.
pub fn skip_locked(db: &impl ConnectionTrait) -> &'static str {
    if is_postgres(db) { " FOR UPDATE SKIP LOCKED" } else { "" }
}

/// Where a batch's rows come from on SQLite.
pub const SQLITE_ROWS: &str = "FROM jsonb_each($1)";

/// A batch as a FROM item named `batch`, read from parameter `$1`: a JSON array of objects with these columns, as
/// [`batch`] makes it. A column that an object lacks is NULL. The order of the array is kept by no database:
/// a caller that needs it numbers the rows in a column. Before `ON CONFLICT` SQLite wants a WHERE (`WHERE 1 = 1`).
///
/// `format!("INSERT INTO t (id, name) SELECT id, name FROM {}", json_rows(db, &[("id", BigInt), ("name", Text)]))`
pub fn json_rows(db: &impl ConnectionTrait, columns: &[(&str, Column)]) -> String {
    let list = |column: &dyn Fn(&(&str, Column)) -> String| columns.iter().map(column).collect::<Vec<_>>().join(", ");
    if is_postgres(db) {
        let typed = list(&|(name, column)| format!("{name} {}", column.name()));
        return format!("jsonb_to_recordset(CAST($1 AS jsonb)) AS batch ({typed})");
    }
    let read = list(&|(name, column)| format!("CAST(value ->> '{name}' AS {}) AS {name}", column.name()));
    // As jsonb: a row is taken apart as it lies, instead of being written out and parsed again for each column.
    format!("(SELECT {read} {SQLITE_ROWS}) AS batch")
}

/// The parameter for [`json_rows`]: one JSON object a row.
pub fn batch(rows: Vec<serde_json::Value>) -> Value {
    serde_json::Value::Array(rows).to_string().into()
}

/// All rows of a query as one JSON array of arrays, one for each row with these columns in their order: an aggregate to
/// select, whose rows come in any order. A hundred rows cost the way from the database's thread only once; without a row
/// SQLite says `[]` and PostgreSQL NULL.
pub fn json_list(db: &impl ConnectionTrait, columns: &[&str]) -> String {
    let columns = columns.join(", ");
    if is_postgres(db) {
        format!("CAST(jsonb_agg(jsonb_build_array({columns})) AS TEXT)")
    } else {
        format!("json_group_array(json_array({columns}))")
    }
}

#[cfg(test)]
mod tests {
    use super::Column::{BigInt, Text};
    use super::{batch, for_update, json_list, json_rows, skip_locked};
    use crate::store::{exec, get, postgres, rows};
    use sea_orm::DatabaseConnection;
    use serde_json::json;

    type Kept = (i64, Option<String>, Option<i64>);

    async fn a_batch_goes_in_and_comes_back(db: &DatabaseConnection) {
        exec(db, "CREATE TABLE kept (id BIGINT PRIMARY KEY, name TEXT, at BIGINT)", []).await.unwrap();
        let columns = [("id", BigInt), ("name", Text), ("at", BigInt)];
        let sent = batch(vec![
            json!({ "id": i64::MAX, "name": "红包 'quoted' \"and\" $1", "at": -1 }),
            json!({ "id": 2, "name": "0123" }),
            json!({ "id": 3, "name": null, "at": 0 }),
        ]);
        let insert = format!(
            "INSERT INTO kept (id, name, at) SELECT id, name, at FROM {} WHERE id > $2 ON CONFLICT DO NOTHING",
            json_rows(db, &columns)
        );
        assert_eq!(exec(db, &insert, [sent.clone(), 0.into()]).await.unwrap(), 3);
        assert_eq!(exec(db, &insert, [sent.clone(), 0.into()]).await.unwrap(), 0, "the second time all are there");
        let update = format!(
            "UPDATE kept SET at = batch.at FROM {} WHERE kept.id = batch.id AND kept.name = batch.name",
            json_rows(db, &columns)
        );
        let later = batch(vec![json!({ "id": 2, "name": "0123", "at": 7 }), json!({ "id": 3, "name": "x", "at": 7 })]);
        assert_eq!(exec(db, &update, [later]).await.unwrap(), 1);
        let select = format!("SELECT id, name, at FROM kept ORDER BY id{}", for_update(db));
        let found = rows(db, &select, []).await.unwrap();
        let found: Vec<Kept> =
            found.iter().map(|r| (get(r, "id").unwrap(), get(r, "name").unwrap(), get(r, "at").unwrap())).collect();
        let wanted = vec![
            (2, Some("0123".to_owned()), Some(7)),
            (3, None, Some(0)),
            (i64::MAX, Some("红包 'quoted' \"and\" $1".to_owned()), Some(-1)),
        ];
        assert_eq!(found, wanted);
        let listed = format!("SELECT {} AS list FROM kept WHERE id > $1", json_list(db, &["id", "name", "at"]));
        let list = async |above: i64| {
            let found = rows(db, &listed, [above.into()]).await.unwrap();
            let text: Option<String> = get(&found[0], "list").unwrap();
            let mut list: Vec<Kept> = serde_json::from_str(text.as_deref().unwrap_or("[]")).unwrap();
            list.sort_unstable();
            list
        };
        assert_eq!((list(0).await, list(i64::MAX).await), (wanted, Vec::new()));
        let free = format!("SELECT id FROM kept ORDER BY id LIMIT 1{}", skip_locked(db));
        assert_eq!(rows(db, &free, []).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_batch_is_one_parameter_on_sqlite() {
        a_batch_goes_in_and_comes_back(&postgres::open("sqlite::memory:").await).await;
    }

    #[tokio::test]
    async fn a_batch_is_one_parameter_on_postgresql() {
        let url = postgres::create().await;
        a_batch_goes_in_and_comes_back(&postgres::open(&url).await).await;
        postgres::remove(&url).await;
    }
}
