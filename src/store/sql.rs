//! The macro that runs one statement on whichever engine is open.

use sqlx::{PgConnection, SqliteConnection};

/// The connection behind a [`Tx`](super::Tx), for the macro's two arms.
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
