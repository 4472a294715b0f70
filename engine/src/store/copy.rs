//! Copies every row from one database into another, whichever kinds they are, and proves that all arrived.
//! Refuses a table without a key, a column type that the kinds do not share, and a row that changed on the way.

use super::dialect::{self, Column};
use super::{Tx, exec, get, row, rows};
use crate::error::Error;
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// How many rows travel in one statement.
const BATCH: usize = 500;
/// What is no data of ours: which steps made the tables.
const STEPS: &str = "seaql_migrations";

/// A table as SQLite describes it.
pub struct Table {
    name: String,
    columns: Vec<(String, Column)>,
    /// Where its key stands in `columns`.
    key: Vec<usize>,
    refers_to: Vec<String>,
}

type Row = Vec<Json>;

/// How many rows a table has, and the sum of their hashes, which no order changes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    rows: u64,
    sum: u128,
}

impl Tally {
    fn add(&mut self, row: &Row) {
        let hash = Sha256::digest(Json::from(row.as_slice()).to_string());
        let head: [u8; 16] = std::array::from_fn(|at| hash[at]);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(head));
    }
}

/// All tables of the SQLite database `file`, each after those that it refers to.
pub async fn tables(file: &impl ConnectionTrait) -> Result<Vec<Table>, Error> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> $1 AND name NOT LIKE 'sqlite_%'
        ORDER BY name";
    let mut open = Vec::new();
    for r in rows(file, sql, [STEPS.into()]).await? {
        open.push(described(file, get(&r, "name")?).await?);
    }
    let mut ordered: Vec<Table> = Vec::new();
    while !open.is_empty() {
        let there = |name: &String| ordered.iter().any(|table| table.name == *name);
        let Some(next) = open.iter().position(|table| table.refers_to.iter().all(there)) else {
            return Err(Error::broken(format!("the tables refer to each other in a circle at {}", open[0].name)));
        };
        ordered.push(open.swap_remove(next));
    }
    Ok(ordered)
}

async fn described(file: &impl ConnectionTrait, name: String) -> Result<Table, Error> {
    let sql = "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid";
    let mut columns = Vec::new();
    let mut key: Vec<(i64, usize)> = Vec::new();
    for (at, r) in rows(file, sql, [name.as_str().into()]).await?.iter().enumerate() {
        let column: String = get(r, "name")?;
        let kind = match get::<String>(r, "type")?.as_str() {
            "BIGINT" | "INTEGER" => Column::BigInt,
            "TEXT" => Column::Text,
            other => return Err(Error::broken(format!("column {name}.{column} is of type {other}"))),
        };
        columns.push((column, kind));
        let place: i64 = get(r, "pk")?;
        key.extend((place > 0).then_some((place, at)));
    }
    if key.is_empty() {
        return Err(Error::broken(format!("table {name} has no primary key")));
    }
    key.sort_unstable();
    let sql = "SELECT DISTINCT \"table\" AS other FROM pragma_foreign_key_list($1)";
    let others = rows(file, sql, [name.as_str().into()]).await?;
    let others: Vec<String> = others.iter().map(|r| get(r, "other")).collect::<Result<_, _>>()?;
    let refers_to = others.into_iter().filter(|other| *other != name).collect();
    Ok(Table { name, columns, key: key.into_iter().map(|(_, at)| at).collect(), refers_to })
}

impl Table {
    fn listed(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn row(&self, r: &QueryResult) -> Result<Row, Error> {
        let cell = |(name, kind): &(String, Column)| match kind {
            Column::BigInt => Ok(Json::from(get::<Option<i64>>(r, name)?)),
            Column::Text => Ok(Json::from(get::<Option<String>>(r, name)?)),
        };
        self.columns.iter().map(cell).collect()
    }

    /// The rows that follow `after` in the order of the key.
    async fn page(&self, db: &impl ConnectionTrait, after: Option<&Row>) -> Result<Vec<Row>, Error> {
        let key: Vec<&str> = self.key.iter().map(|at| self.columns[*at].0.as_str()).collect();
        let key = key.join(", ");
        let places: Vec<String> = (1..=self.key.len()).map(|n| format!("${n}")).collect();
        let beyond = after.map_or_else(String::new, |_| format!("WHERE ({key}) > ({})", places.join(", ")));
        let sql = format!("SELECT {} FROM {} {beyond} ORDER BY {key} LIMIT {BATCH}", self.listed(), self.name);
        let values = after.iter().flat_map(|row| self.key.iter().map(|at| parameter(&row[*at])));
        rows(db, &sql, values).await?.iter().map(|r| self.row(r)).collect()
    }

    async fn insert(&self, tx: &mut Tx, rows: &[Row]) -> Result<(), Error> {
        let object = |row: &Row| self.columns.iter().map(|(name, _)| name.clone()).zip(row.iter().cloned()).collect();
        let batch = dialect::batch(rows.iter().map(|row| Json::Object(object(row))).collect());
        let columns: Vec<(&str, Column)> = self.columns.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
        let (list, from) = (self.listed(), dialect::json_rows(tx.conn(), &columns));
        exec(tx.conn(), &format!("INSERT INTO {} ({list}) SELECT {list} FROM {from}", self.name), [batch]).await?;
        Ok(())
    }

    async fn tally(&self, db: &impl ConnectionTrait) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        let mut page = self.page(db, None).await?;
        while let Some(last) = page.last() {
            page.iter().for_each(|row| tally.add(row));
            page = self.page(db, Some(last)).await?;
        }
        Ok(tally)
    }

    async fn copy(&self, from: &Tx, to: &mut Tx) -> Result<u64, Error> {
        let mut sent = Tally::default();
        let mut page = self.page(from.conn(), None).await?;
        while let Some(last) = page.last() {
            self.insert(to, &page).await?;
            page.iter().for_each(|row| sent.add(row));
            page = self.page(from.conn(), Some(last)).await?;
        }
        let arrived = self.tally(to.conn()).await?;
        if arrived == sent {
            return Ok(sent.rows);
        }
        Err(Error::broken(format!("of {} rows of {} only {} arrived whole", sent.rows, self.name, arrived.rows)))
    }
}

fn parameter(cell: &Json) -> Value {
    match cell {
        Json::Number(number) => number.as_i64().into(),
        Json::String(text) => text.as_str().into(),
        // A key has no other cells.
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Value::String(None),
    }
}

/// Copies all tables and reads them back: how many rows there are now. Errors: a difference; nothing is committed.
pub async fn all(tables: &[Table], from: &Tx, to: &mut Tx) -> Result<u64, Error> {
    let mut total = 0;
    for table in tables {
        total += table.copy(from, to).await?;
    }
    Ok(total)
}

/// The first table besides the settings that holds a row.
pub async fn first_filled<'a>(tables: &'a [Table], db: &impl ConnectionTrait) -> Result<Option<&'a str>, Error> {
    for table in tables.iter().filter(|table| table.name != "settings") {
        if row(db, &format!("SELECT 1 AS one FROM {} LIMIT 1", table.name), []).await?.is_some() {
            return Ok(Some(&table.name));
        }
    }
    Ok(None)
}
