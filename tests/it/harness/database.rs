//! A database per test: a file, or a schema of the server that `TEST_DATABASE_URL` names.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use plaudit::base::clock::Instant;
use plaudit::base::ids::new_id;
use plaudit::store::{DatabaseUrl, Db};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// Runs `$body` with `$connection` bound to a connection of its own: `$body` is compiled for both engines.
macro_rules! with_connection {
    ($database:expr, $connection:ident => $body:expr) => {{
        let database: &$crate::harness::TestDatabase = $database;
        match database {
            $crate::harness::TestDatabase::File(_) => {
                #[allow(unused_mut, reason = "not every body needs it")]
                let mut $connection =
                    <sqlx::SqliteConnection as sqlx::Connection>::connect(&format!("{}?mode=rwc", database.url()))
                        .await
                        .expect("a connection");
                $body
            }
            $crate::harness::TestDatabase::Schema { .. } => {
                #[allow(unused_mut, reason = "not every body needs it")]
                let mut $connection = <sqlx::PgConnection as sqlx::Connection>::connect(&database.url())
                    .await
                    .expect("a connection");
                $body
            }
        }
    }};
}

/// Rows of a query, past everything of ours: `rows!(&database, (String, i64), "SELECT …")`.
macro_rules! rows {
    ($database:expr, $row:ty, $query:expr) => {
        $crate::harness::with_connection!($database, connection => {
            let rows: Vec<$row> = sqlx::query_as($query).fetch_all(&mut connection).await.expect("rows");
            rows
        })
    };
}

pub(crate) use {rows, with_connection};

pub enum TestDatabase {
    File(tempfile::TempDir),
    Schema { server: String, name: String },
}

impl TestDatabase {
    pub async fn create() -> Self {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => {
                let name = format!("test_{}", new_id(Instant::from_millis(super::START)));
                let mut connection = PgConnection::connect(&server)
                    .await
                    .expect("the server of TEST_DATABASE_URL");
                let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
                sqlx::query(create).execute(&mut connection).await.expect("a schema");
                Self::Schema { server, name }
            }
            Err(_) => Self::File(tempfile::tempdir().expect("a folder")),
        }
    }

    /// A file in a folder of its own in this one.
    pub fn create_in(folder: &Path) -> Self {
        Self::File(tempfile::tempdir_in(folder).expect("a folder"))
    }

    /// Its `DATABASE_URL`.
    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite://{}", folder.path().join("plaudit.db").display()),
            Self::Schema { server, name } => {
                let separator = if server.contains('?') { '&' } else { '?' };
                format!("{server}{separator}options[search_path]={name}")
            }
        }
    }

    pub async fn open(&self) -> Db {
        let url: DatabaseUrl = self.url().parse().expect("a URL");
        Db::open(&url).await.expect("a database")
    }

    /// Changes something, past everything of ours.
    pub async fn execute(&self, statement: &'static str) {
        with_connection!(self, connection => {
            sqlx::query(statement).execute(&mut connection).await.expect("a change");
        });
    }

    /// One number, past everything of ours.
    pub async fn number(&self, query: &'static str) -> i64 {
        rows!(self, (i64,), query)[0].0
    }

    /// One column of text.
    pub async fn texts(&self, query: &'static str) -> Vec<String> {
        rows!(self, (String,), query).into_iter().map(|(text,)| text).collect()
    }

    /// Holds the lock that every writer needs, as another program may, until it is released.
    pub async fn lock(&self) -> Lock {
        match self {
            Self::File(_) => {
                let mut connection = SqliteConnection::connect(&self.url()).await.expect("a connection");
                sqlx::query("BEGIN IMMEDIATE")
                    .execute(&mut connection)
                    .await
                    .expect("the lock");
                Lock::File(connection)
            }
            Self::Schema { .. } => {
                let mut connection = PgConnection::connect(&self.url()).await.expect("a connection");
                for lock in [
                    "BEGIN",
                    "LOCK TABLE allowance, ledger, member, outbox, draft, setting, audit, boost, hidden IN EXCLUSIVE MODE",
                ] {
                    sqlx::query(lock).execute(&mut connection).await.expect("the lock");
                }
                Lock::Schema(connection)
            }
        }
    }

    pub async fn drop(self) {
        if let Self::Schema { server, name } = self {
            let mut connection = PgConnection::connect(&server).await.expect("a connection");
            let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA {name} CASCADE"));
            sqlx::query(drop)
                .execute(&mut connection)
                .await
                .expect("the schema to go");
        }
    }
}

/// A small file system, where this machine allows making one.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub fn mount(kilobytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kilobytes}k"), "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self(folder))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the space that is left.
    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).expect("ballast");
        while ballast.write_all(&[0; 4_096]).is_ok() {}
    }

    /// Gives it back.
    pub fn empty(&self) {
        std::fs::remove_file(self.ballast()).expect("space");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

/// A held lock.
pub enum Lock {
    File(SqliteConnection),
    Schema(PgConnection),
}

impl Lock {
    pub async fn release(self) {
        let closed = match self {
            Self::File(connection) => connection.close().await,
            Self::Schema(connection) => connection.close().await,
        };
        closed.expect("a goodbye");
    }
}
