//! The macro that runs one statement on whichever engine is open.

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};

use super::engine::Tx;
use super::error::StoreError;

/// The connection behind a [`Tx`], for the macro's two arms.
pub enum Connection<'a> {
    /// The embedded database.
    Sqlite(&'a mut SqliteConnection),
    /// The server.
    Postgres(&'a mut PgConnection),
}

/// A list as the JSON text that `json_each` reads: an array of tuples.
pub fn list<T: serde::Serialize>(rows: &[T]) -> String {
    // Tuples of ids, texts and numbers always serialise.
    serde_json::to_string(rows).unwrap_or_default()
}

/// Statements that need no answer, each with one list as its `$1`, run one after the other. Every statement is a way to
/// SQLite's thread and back, which takes as long as writing a row or two: these go there together.
#[derive(Default)]
pub struct Lists(Vec<(&'static str, String)>);

impl Lists {
    /// Adds a statement and its list, as [`list`] writes it.
    pub fn add(&mut self, statement: &'static str, list: String) {
        self.0.push((statement, list));
    }

    /// Runs them. They count one by one, and one that fails marks the transaction as failed.
    ///
    /// # Errors
    /// [`StoreError`] of the first that fails; those after it don't run.
    pub async fn run(self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let statements = self.0.len() as u64;
        let result = match tx.connection() {
            Connection::Sqlite(connection) => {
                let numbered = self.0.iter().enumerate();
                let texts = numbered.map(|(n, (statement, _))| statement.replace("$1", &format!("${}", n + 1)));
                // Safe: literals of ours, and the few ways to put them together, so that each is prepared once.
                let together = AssertSqlSafe(texts.collect::<Vec<_>>().join(";\n"));
                let query = self
                    .0
                    .into_iter()
                    .fold(sqlx::query(together), |query, (_, list)| query.bind(list));
                query.execute(connection).await.map(|_| ())
            }
            Connection::Postgres(connection) => {
                let mut result = Ok(());
                for (statement, list) in self.0 {
                    result = sqlx::query(statement)
                        .bind(list)
                        .execute(&mut *connection)
                        .await
                        .map(|_| ());
                    if result.is_err() {
                        break;
                    }
                }
                result
            }
        };
        tx.note_all(statements, result)
    }
}

/// Runs one statement, written once for both engines, and counts it.
///
/// `sql!(tx, execute "…", a, b)` → rows affected; `sql!(tx, fetch_all as (String, i64), "…", a)` → rows
/// (also `fetch_one`, `fetch_optional`). A list is joined as `json_each($1) j CROSS JOIN …`: SQLite never turns those
/// two round, while of a plain JOIN whose other terms are bound values it reads every row per item. An error marks the transaction as failed: it can't be committed any more.
macro_rules! sql {
    ($tx:expr, execute $query:expr $(, $bind:expr)* $(,)?) => {{
        let tx: &mut $crate::store::Tx = $tx;
        let result = match tx.connection() {
            $crate::store::Connection::Sqlite(connection) => {
                sqlx::query($query)$(.bind($bind))*.execute(connection).await.map(|done| done.rows_affected())
            }
            $crate::store::Connection::Postgres(connection) => {
                sqlx::query($query)$(.bind($bind))*.execute(connection).await.map(|done| done.rows_affected())
            }
        };
        tx.note(result)
    }};
    ($tx:expr, $fetch:ident as $row:ty, $query:expr $(, $bind:expr)* $(,)?) => {{
        let tx: &mut $crate::store::Tx = $tx;
        let result = match tx.connection() {
            $crate::store::Connection::Sqlite(connection) => {
                sqlx::query_as::<_, $row>($query)$(.bind($bind))*.$fetch(connection).await
            }
            $crate::store::Connection::Postgres(connection) => {
                sqlx::query_as::<_, $row>($query)$(.bind($bind))*.$fetch(connection).await
            }
        };
        tx.note(result)
    }};
}

pub(crate) use sql;
