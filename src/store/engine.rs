//! Opening, reading and writing.

use std::panic::AssertUnwindSafe;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions, Connection as _, PgConnection, PgPool, Postgres, SqlStr, Sqlite, SqliteConnection, SqlitePool,
};

use super::batch::{Writer, WriterGuard};
use super::error::StoreError;
use super::sql::Connection;

/// The schema, step by step: version, description, statements. A file of `migrations/` that isn't here fails a test.
/// Listed by hand because sqlx's macros build both databases and TLS a second time, for the compiler.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "core", include_str!("../../migrations/0001_core.sql")),
    (2, "usergroups", include_str!("../../migrations/0002_usergroups.sql")),
    (3, "hot indexes", include_str!("../../migrations/0003_hot_indexes.sql")),
    (4, "every way", include_str!("../../migrations/0004_every_way.sql")),
    (5, "prompts", include_str!("../../migrations/0005_prompts.sql")),
    (6, "boards", include_str!("../../migrations/0006_boards.sql")),
    (7, "digest", include_str!("../../migrations/0007_digest.sql")),
    (8, "day tallies", include_str!("../../migrations/0008_day_tallies.sql")),
];

/// How long a statement waits for another process's lock on the SQLite file. Short, so that a person hears of it.
const BUSY_TIMEOUT: Duration = Duration::from_millis(800);
/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Connections to PostgreSQL per process.
const POSTGRES_CONNECTIONS: u32 = 8;
/// Connections that read the SQLite file beside the one that writes.
const SQLITE_READERS: u32 = 4;
/// How often a write is run again after a deadlock, a lost connection or a meeting on a unique key.
const TRIES: u32 = 4;
/// What PostgreSQL lacks of SQLite's functions: name and creation. Not strict, so that they are inlined.
const JSON_FUNCTIONS: [(&str, &str); 2] = [
    (
        "json_each",
        "CREATE FUNCTION json_each(doc text) RETURNS TABLE(value jsonb) LANGUAGE sql IMMUTABLE PARALLEL SAFE
         AS 'SELECT jsonb_array_elements(doc::jsonb)'",
    ),
    (
        "jsonb_each",
        "CREATE FUNCTION jsonb_each(doc text) RETURNS TABLE(value jsonb) LANGUAGE sql IMMUTABLE PARALLEL SAFE
         AS 'SELECT jsonb_array_elements(doc::jsonb)'",
    ),
];
/// The advisory lock that serialises the preparation of a PostgreSQL database ("plaudit" in ASCII).
const PREPARE_LOCK: i64 = 0x0070_6c61_7564_6974;

/// Where the data lives.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file, created when missing.
    Sqlite(Box<SqliteConnectOptions>),
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

impl DatabaseUrl {
    /// Whether there is a database: whether the file exists. A server is taken at its word.
    pub fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(options) => options.get_filename().exists(),
            Self::Postgres(_) => true,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = OpenError;

    fn from_str(url: &str) -> Result<Self, OpenError> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(|error| OpenError::BadUrl(error.to_string()))?;
            let file = options.get_filename().as_os_str();
            if url.contains(":memory:") || url.contains("mode=memory") || file == ":memory:" {
                return Err(OpenError::InMemory);
            }
            // SQLite: without a name the database is a temporary file, gone when it is closed.
            if file.is_empty() {
                return Err(OpenError::BadUrl("it names no file".to_owned()));
            }
            Ok(Self::Sqlite(Box::new(options)))
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)
                // The reason is left out: it may quote the URL, and the URL holds the password.
                .map_err(|_| OpenError::BadUrl("its parts can't be read".to_owned()))?;
            Ok(Self::Postgres(Box::new(options)))
        } else {
            Err(OpenError::BadUrl(
                "it begins neither with sqlite:// nor with postgres://".to_owned(),
            ))
        }
    }
}

/// Why the database can't be used. Each is one sentence for the person who starts Plaudit.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one of ours.
    #[error("DATABASE_URL can't be used: {0}. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit")]
    BadUrl(String),
    /// A database in memory loses acknowledged kudos.
    #[error("DATABASE_URL names a database in memory, which would lose kudos at every stop. Name a file.")]
    InMemory,
    /// No connection.
    #[error("the database can't be reached: {0}. Check DATABASE_URL and that the server or folder exists.")]
    Unreachable(#[source] sqlx::Error),
    /// The schema comes from a newer Plaudit.
    #[error("the database was used by a newer Plaudit (migration {0}); start that version or a later one.")]
    Newer(i64),
    /// A migration failed.
    #[error("the database can't be brought up to date: {0}")]
    Migration(#[source] MigrateError),
    /// The helper function of PostgreSQL can't be created.
    #[error(
        "PostgreSQL refuses to create the functions json_each(text) and jsonb_each(text): {0}. As its owner, run: GRANT CREATE ON SCHEMA public TO the user of DATABASE_URL."
    )]
    Function(#[source] sqlx::Error),
    /// The thread that writes can't be started.
    #[error("the thread that writes to the database can't be started: {0}")]
    Thread(#[source] std::io::Error),
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Engine);

#[derive(Clone)]
enum Engine {
    Sqlite {
        writer: Writer,
        read: SqlitePool,
        guard: Arc<WriterGuard>,
    },
    Postgres(PgPool),
}

impl Db {
    /// Opens the database, creating a missing SQLite file, and brings its schema up to date.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        match url {
            DatabaseUrl::Sqlite(options) => Self::open_sqlite(options.as_ref().clone()).await,
            DatabaseUrl::Postgres(options) => Self::open_postgres(options.as_ref().clone()).await,
        }
    }

    async fn open_sqlite(options: SqliteConnectOptions) -> Result<Self, OpenError> {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: what was acknowledged survives a power cut, not only a crash.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // Takes checkpoints off most commits; the WAL stays below about 40 MB.
            .pragma("wal_autocheckpoint", "10000")
            // The writer touches a page here and there for every index: 2 MB keep them from being read again and again;
            // more made no difference under load.
            .pragma("cache_size", "-2000")
            // A list's statements keep what they overwrite until they are done; beyond 64 kB that would go to a file.
            .pragma("temp_store", "MEMORY")
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(OpenError::Unreachable)?;
        migrator()
            .run_direct(None, &mut connection, false)
            .await
            .map_err(migration_error)?;
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A file doesn't hang up, and asking whether it has takes as long as a statement.
            .test_before_acquire(false)
            .connect_with(options.clone().read_only(true).pragma("cache_size", "-500"))
            .await
            .map_err(OpenError::Unreachable)?;
        let (writer, guard) = Writer::start(connection, options).map_err(OpenError::Thread)?;
        Ok(Self(Engine::Sqlite {
            writer,
            read,
            guard: Arc::new(guard),
        }))
    }

    async fn open_postgres(options: PgConnectOptions) -> Result<Self, OpenError> {
        // Without the notice, at each start, that the table of migrations exists already.
        let options = options
            .disable_statement_logging()
            .options([("client_min_messages", "warning")]);
        let mut connection = tokio::time::timeout(Duration::from_secs(5), options.connect())
            .await
            .map_err(|_| OpenError::Unreachable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))?
            .map_err(OpenError::Unreachable)?;
        sqlx::query("SELECT pg_advisory_lock($1)")
            .bind(PREPARE_LOCK)
            .execute(&mut connection)
            .await
            .map_err(OpenError::Unreachable)?;
        let mut migrations = migrator();
        // Our own lock is held already, and sqlx's would be a second one.
        migrations.set_locking(false);
        migrations
            .run_direct(None, &mut connection, false)
            .await
            .map_err(migration_error)?;
        // SQLite's json_each takes a text, PostgreSQL's only json. Created once, not at each connect, where two
        // connections now and then update the catalogue at the same time and one fails.
        for (function, create) in JSON_FUNCTIONS {
            let exists: (bool,) = sqlx::query_as(
                "SELECT EXISTS (SELECT 1 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                  WHERE p.proname = $1 AND n.nspname = current_schema()
                    AND pg_get_function_identity_arguments(p.oid) = 'doc text')",
            )
            .bind(function)
            .fetch_one(&mut connection)
            .await
            .map_err(OpenError::Unreachable)?;
            if !exists.0 {
                sqlx::query(create)
                    .execute(&mut connection)
                    .await
                    .map_err(OpenError::Function)?;
            }
        }
        connection.close().await.map_err(OpenError::Unreachable)?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.options([("statement_timeout", "2000"), ("lock_timeout", "1500")]))
            .await
            .map_err(OpenError::Unreachable)?;
        Ok(Self(Engine::Postgres(pool)))
    }

    /// Whether this is the embedded database.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0, Engine::Sqlite { .. })
    }

    /// Reads. Each statement sees what is committed when it runs; there is no snapshot over several.
    ///
    /// # Errors
    /// Those of `f`, and [`StoreError`] when no connection is free in time.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        let inner = match &self.0 {
            Engine::Sqlite { read, .. } => read.acquire().await.map(Inner::SqliteReader),
            Engine::Postgres(pool) => pool.acquire().await.map(Inner::PostgresReader),
        };
        let mut tx = Tx::new(inner.map_err(StoreError::from)?);
        f(&mut tx).await
    }

    /// Reads everything as of one instant, whatever is written meanwhile. For long looks; [`Db::read`] is cheaper.
    ///
    /// # Errors
    /// Those of `f`, and [`StoreError`] when no connection is free in time.
    pub async fn snapshot<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E>,
        E: From<StoreError>,
    {
        let inner = match &self.0 {
            Engine::Sqlite { read, .. } => Inner::SqliteSnapshot(read.begin().await.map_err(StoreError::from)?),
            Engine::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                let mut transaction = pool.begin_with(begin).await.map_err(StoreError::from)?;
                sqlx::query("SET LOCAL statement_timeout = 0")
                    .execute(&mut *transaction)
                    .await
                    .map_err(StoreError::from)?;
                Inner::Postgres(transaction)
            }
        };
        let mut tx = Tx::new(inner);
        // Dropping a transaction that only read is as good as committing it.
        f(&mut tx).await
    }

    /// Writes: everything that `f` does, or nothing. Returns after the commit is on disk.
    ///
    /// `f` may be run more than once (a lost connection, a deadlock), and it must await nothing but `tx`: on SQLite
    /// there is one writer, and everybody waits for it.
    ///
    /// # Errors
    /// Those of `f`, and [`StoreError`] when the transaction can't be committed; then nothing is stored, or (a
    /// connection lost during a commit on PostgreSQL) it is unknown, which the uniqueness keys make harmless.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.0 {
            Engine::Sqlite { writer, .. } => writer.write(f).await,
            Engine::Postgres(pool) => {
                let mut tries = 1;
                loop {
                    let transaction = match pool.begin().await.map_err(|error| StoreError::Commit(Arc::new(error))) {
                        Ok(transaction) => transaction,
                        Err(error) if error.is_worth_another_try() && tries < TRIES => {
                            tries += 1;
                            continue;
                        }
                        Err(error) => return Err(error.into()),
                    };
                    let mut tx = Tx::new(Inner::Postgres(transaction));
                    // As on SQLite: a panic is the answer of this write, and doesn't end the task that asked for it.
                    let result = AssertUnwindSafe(async { f(&mut tx).await })
                        .catch_unwind()
                        .await
                        .unwrap_or_else(|_| Err(StoreError::Panicked.into()));
                    let failed = tx.failed.take();
                    let broken = match (result, failed) {
                        (Ok(value), None) => match tx.commit().await {
                            Ok(()) => return Ok(value),
                            Err(error) => error,
                        },
                        (Err(error), None) => return Err(error),
                        // Even if `f` swallowed the error: the server has rolled back already, whatever COMMIT says.
                        (Ok(_), Some(error)) => error,
                        (Err(error), Some(cause)) if !cause.is_worth_another_try() || tries == TRIES => {
                            return Err(error);
                        }
                        (Err(_), Some(cause)) => cause,
                    };
                    if !broken.is_worth_another_try() || tries == TRIES {
                        return Err(broken.into());
                    }
                    tries += 1;
                }
            }
        }
    }

    /// Waits for the writes under way and closes every connection.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite { read, guard, .. } => {
                // The writer last: only a connection that may write leaves one file behind, without its log.
                read.close().await;
                guard.stop().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, description, statements)| {
        let statements = SqlStr::from_static(statements);
        Migration::new(version, description.into(), MigrationType::Simple, statements, false)
    });
    Migrator::with_migrations(migrations.collect())
}

fn migration_error(error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(version) => OpenError::Newer(version),
        error => OpenError::Migration(error),
    }
}

/// A transaction, or a connection to read from. The parameter of every store function.
pub struct Tx {
    inner: Inner,
    statements: u64,
    failed: Option<StoreError>,
}

enum Inner {
    SqliteWriter(SqliteConnection),
    SqliteReader(PoolConnection<Sqlite>),
    SqliteSnapshot(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
    PostgresReader(PoolConnection<Postgres>),
}

impl Tx {
    fn new(inner: Inner) -> Self {
        Self {
            inner,
            statements: 0,
            failed: None,
        }
    }

    pub(super) fn writer(connection: SqliteConnection) -> Self {
        Self::new(Inner::SqliteWriter(connection))
    }

    pub(super) fn replace_writer(&mut self, connection: SqliteConnection) {
        self.inner = Inner::SqliteWriter(connection);
    }

    /// Closes the writer's connection, which waits for the log to be written into the file when it is the last one.
    pub(super) async fn close_writer(self) {
        if let Inner::SqliteWriter(connection) = self.inner
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database could not be closed in order; its log stays beside it");
        }
    }

    /// The connection, for `sql!`.
    pub fn connection(&mut self) -> Connection<'_> {
        match &mut self.inner {
            Inner::SqliteWriter(connection) => Connection::Sqlite(connection),
            Inner::SqliteReader(connection) => Connection::Sqlite(connection),
            Inner::SqliteSnapshot(transaction) => Connection::Sqlite(transaction),
            Inner::Postgres(transaction) => {
                let connection: &mut PgConnection = transaction;
                Connection::Postgres(connection)
            }
            Inner::PostgresReader(connection) => Connection::Postgres(connection),
        }
    }

    /// Counts a statement and remembers its failure, for `sql!`.
    pub fn note<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.note_all(1, result)
    }

    /// The same for several.
    pub(super) fn note_all<T>(&mut self, statements: u64, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.statements += statements;
        result.map_err(|error| {
            let error = StoreError::from(error);
            self.failed = Some(error.clone());
            error
        })
    }

    /// How many statements have run so far, BEGIN, SAVEPOINT and COMMIT not counted.
    pub fn statements(&self) -> u64 {
        self.statements
    }

    pub(super) fn take_failure(&mut self) -> Option<StoreError> {
        self.failed.take()
    }

    async fn commit(self) -> Result<(), StoreError> {
        match self.inner {
            Inner::Postgres(transaction) => transaction
                .commit()
                .await
                .map_err(|error| StoreError::Commit(Arc::new(error))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_schema_is_what_lies_in_the_folder() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files = Migrator::new(folder).await.expect("the migrations");
        let of = |migrator: &Migrator| -> Vec<_> {
            let each = migrator.iter();
            each.map(|migration| {
                (
                    migration.version,
                    migration.description.clone(),
                    migration.checksum.clone(),
                )
            })
            .collect()
        };
        assert_eq!(of(&migrator()), of(&files));
    }
}
