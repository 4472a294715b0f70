//! Statements that are sent together: SQLite's thread is woken once for all of them, PostgreSQL runs one after the other.
//! Refuses to let a statement change other rows than it was made for.

use super::{Tx, exec, statement, trial};
use crate::error::Error;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Value};

/// A statement that changes rows, alone or in a script.
#[must_use = "a step that is not run changes nothing"]
pub struct Step {
    what: &'static str,
    sql: String,
    values: Vec<Value>,
    rows: u64,
}

impl Step {
    /// A statement that changes at most `rows` rows, which are `what`; in a script exactly so many. It is one statement,
    /// and names each of its values, `$1` first.
    pub fn new(what: &'static str, sql: String, values: impl IntoIterator<Item = Value>, rows: usize) -> Self {
        let values: Vec<Value> = values.into_iter().collect();
        debug_assert!(is_joinable(&sql, values.len()), "{sql}");
        Self { what, sql, values, rows: rows as u64 }
    }

    /// Runs it and tells how many rows it changed.
    pub async fn run(self, tx: &mut Tx) -> Result<u64, DbErr> {
        exec(tx.conn(), &self.sql, self.values).await
    }
}

/// Steps in their order.
#[must_use = "a script that is not run changes nothing"]
#[derive(Default)]
pub struct Script(Vec<Step>);

impl Script {
    /// Adds steps at the end.
    pub fn add(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.0.extend(steps);
    }

    /// Runs all steps. Errors, and the transaction must be undone, when one changed other rows than it says.
    pub async fn run(self, tx: &mut Tx) -> Result<(), Error> {
        if tx.conn().get_database_backend() == DatabaseBackend::Sqlite {
            return self.run_together(tx).await;
        }
        for step in self.0 {
            let (what, wanted) = (step.what, step.rows);
            let changed = step.run(tx).await?;
            if changed != wanted {
                return Err(Error::broken(format!("a batch wrote {changed} {what} instead of {wanted}")));
            }
        }
        Ok(())
    }

    /// No step can change more rows than it says, so that the sum tells whether each changed as many.
    async fn run_together(self, tx: &mut Tx) -> Result<(), Error> {
        let (mut sql, mut values, mut wanted, mut what) = (String::new(), Vec::new(), 0, Vec::new());
        for step in self.0 {
            if cfg!(debug_assertions) {
                trial::plan(tx.conn(), &statement(tx.conn(), &step.sql, step.values.clone())).await?;
            }
            sql += &numbered_from(&step.sql, values.len());
            sql += ";\n";
            values.extend(step.values);
            wanted += step.rows;
            what.push(step.what);
        }
        if what.is_empty() {
            return Ok(());
        }
        let changed = tx.conn().execute_raw(statement(tx.conn(), &sql, values)).await?.rows_affected();
        if changed == wanted {
            Ok(())
        } else {
            Err(Error::broken(format!("a batch wrote {changed} rows instead of {wanted}: {}", what.join(", "))))
        }
    }
}

/// A statement whose parameters begin after the first `offset`.
fn numbered_from(sql: &str, offset: usize) -> String {
    let mut parts = sql.split('$');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, after) = number_before(part);
        numbered += &number.map_or_else(|| "$".to_owned(), |n| format!("${}", n + offset));
        numbered += after;
    }
    numbered
}

/// The number at the beginning of what follows a `$`, if there is one, and the rest.
fn number_before(part: &str) -> (Option<usize>, &str) {
    let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    (part[..end].parse().ok(), &part[end..])
}

/// Whether a statement with so many values may stand among others: SQLite would give a parameter without its value the
/// next statement's, and a comment would swallow what follows.
fn is_joinable(sql: &str, values: usize) -> bool {
    let highest = sql.split('$').skip(1).filter_map(|part| number_before(part).0).max().unwrap_or(0);
    highest == values && !sql.contains('?') && !sql.contains(';') && !sql.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;

    #[test]
    fn parameters_are_counted_on_and_other_signs_stay() {
        assert_eq!(numbered_from("SELECT $1, $12 || '$' || $2", 10), "SELECT $11, $22 || '$' || $12");
        assert_eq!(numbered_from("SELECT 1", 3), "SELECT 1");
    }

    #[test]
    fn a_statement_that_would_take_its_neighbours_values_is_found() {
        assert!(is_joinable("UPDATE t SET a = $2 WHERE b = $1", 2));
        for (sql, values) in
            [("SELECT $2", 1), ("SELECT $1", 2), ("SELECT ?", 0), ("SELECT 1; SELECT 2", 0), ("SELECT 1 --", 0)]
        {
            assert!(!is_joinable(sql, values), "{sql}");
        }
    }

    fn enter(name: &str, rows: usize) -> Step {
        let sql = "INSERT INTO settings (name, value) SELECT $1, $2 WHERE $1 <> '' ON CONFLICT DO NOTHING";
        Step::new("settings", sql.to_owned(), [name.into(), "1".into()], rows)
    }

    #[tokio::test]
    async fn steps_run_in_order_and_one_that_changes_too_little_is_an_error() {
        let db = Db::open("sqlite::memory:").await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let mut script = Script::default();
        script.add([enter("a", 1), enter("b", 1)]);
        let change = "UPDATE settings SET value = $2 WHERE name = $1".to_owned();
        script.add([Step::new("settings", change, ["b".into(), "2".into()], 1)]);
        script.run(&mut tx).await.unwrap();
        assert_eq!(super::super::settings::find(tx.conn(), "b").await.unwrap().as_deref(), Some("2"));
        let mut script = Script::default();
        script.add([enter("c", 1), enter("a", 1)]);
        let why = script.run(&mut tx).await.unwrap_err();
        assert!(why.to_string().contains("wrote 1 rows instead of 2"), "{why}");
        Script::default().run(&mut tx).await.unwrap();
    }
}
