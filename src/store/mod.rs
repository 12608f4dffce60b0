//! Floor 1: the database engine. SQLite by default, PostgreSQL where one machine is outgrown; the same SQL for both.
//!
//! Rules of the SQL (each was a trap once): `$1` placeholders; instants are BIGINT milliseconds and local days text;
//! lists travel as one JSON text and are read with `json_each($1)`, positionally (with `jsonb_each($1)` where everybody
//! waits: of `json_each` SQLite writes a row out as text and reads it again for every field); `INSERT … SELECT … ON CONFLICT`
//! needs `WHERE true`; a key stands once in an upsert; `COUNT(*)` reads into `i64`, `SUM` only through a cast.

mod batch;
mod engine;
mod error;
mod sql;

pub use batch::Collector;
pub use engine::{DatabaseUrl, Db, OpenError, Tx};
pub use error::StoreError;
pub(crate) use sql::sql;
pub use sql::{Connection, Lists, list};
