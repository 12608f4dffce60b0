//! Every migration is tried on a database that holds data of the version before it, on both engines; and a database
//! that can't be used says so in one sentence.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use insta::assert_snapshot;
use plaudit::kudos::export_page;
use plaudit::store::{DatabaseUrl, Db, OpenError, StoreError, Tx};
use sqlx::migrate::Migrator;

use crate::harness::{TestDatabase, rows, with_connection};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The migrations as they lie in the folder.
async fn migrator() -> Migrator {
    let mut migrator = Migrator::new(folder("migrations").as_path())
        .await
        .expect("the migrations");
    migrator.set_locking(false);
    migrator
}

/// What a version's tables hold: `tests/it/migrations/0001.sql` for version 1.
fn sample(version: i64) -> String {
    let path = format!("tests/it/migrations/{version:04}.sql");
    std::fs::read_to_string(folder(&path)).unwrap_or_else(|_| {
        panic!("migration {version} needs {path}: portable INSERTs into every table that it adds or changes")
    })
}

async fn tables(database: &TestDatabase) -> BTreeSet<String> {
    let query = match database {
        TestDatabase::File(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        TestDatabase::Schema { .. } => {
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()"
        }
    };
    rows!(database, (String,), query)
        .into_iter()
        .map(|(name,)| name)
        .filter(|name| !name.starts_with("_sqlx"))
        .collect()
}

#[tokio::test]
async fn every_migration_takes_a_database_full_of_the_version_before() {
    let database = TestDatabase::create().await;
    let migrator = migrator().await;
    for migration in migrator.iter() {
        let version = migration.version;
        with_connection!(&database, connection => {
            migrator
                .run_direct(Some(version), &mut connection, false)
                .await
                .unwrap_or_else(|error| panic!("migration {version}: {error}"));
            sqlx::raw_sql(sqlx::AssertSqlSafe(sample(version)))
                .execute(&mut connection)
                .await
                .unwrap_or_else(|error| panic!("the sample data of version {version}: {error}"));
        });
        for table in tables(&database).await {
            let query = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
            let count = rows!(&database, (i64,), query)[0].0;
            assert!(count > 0, "the sample data of version {version} leaves {table} empty");
        }
    }
    let periods = rows!(
        &database,
        (String,),
        "SELECT DISTINCT period FROM tally ORDER BY period"
    );
    let periods: Vec<String> = periods.into_iter().map(|(period,)| period).collect();
    assert_eq!(
        periods,
        ["d2023-11-14", "d2026-05-28", "d2026-06-01"],
        "only days are tallied"
    );
    let db = database.open().await;
    let kudos: Result<_, StoreError> = db.read(async |tx: &mut Tx| export_page(tx, None, 100).await).await;
    let ids: Vec<String> = kudos.expect("an export").into_iter().map(|row| row.id).collect();
    assert_eq!(ids, ["r3", "r1", "r2"]);
    db.close().await;
    database.drop().await;
}

#[tokio::test]
async fn the_binary_carries_every_migration_of_the_folder() {
    let database = TestDatabase::create().await;
    database.open().await.close().await;
    let applied: Vec<i64> = rows!(
        &database,
        (i64,),
        "SELECT version FROM _sqlx_migrations ORDER BY version"
    )
    .into_iter()
    .map(|row| row.0)
    .collect();
    let there: Vec<i64> = migrator().await.iter().map(|migration| migration.version).collect();
    assert_eq!(
        applied, there,
        "rebuild: a migration was added after src/store was compiled"
    );
    assert_eq!(
        there,
        (1..).take(there.len()).collect::<Vec<i64>>(),
        "one after the other"
    );
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_start_on_an_empty_server_at_once() {
    let database = TestDatabase::create().await;
    if matches!(database, TestDatabase::File(_)) {
        // One process owns a file.
        return;
    }
    let url: DatabaseUrl = database.url().parse().expect("a URL");
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Db::open(&url).await })
        })
        .collect();
    for opening in opening {
        let db = opening.await.expect("no panic").expect("a database");
        db.close().await;
    }
    database.drop().await;
}

// What the SQL may say.

/// The statements of a migration, without comments, in upper case.
fn statements(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap_or("")).collect();
    code.join("\n")
        .to_uppercase()
        .split(';')
        .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// What is wrong with a migration.
fn complaints(text: &str) -> Vec<String> {
    const TYPES: [&str; 3] = ["TEXT", "BIGINT", "BOOLEAN"];
    const KEYS: [&str; 5] = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "CONSTRAINT"];
    // Each means something else, or nothing, on the other engine.
    const FORBIDDEN: [&str; 22] = [
        "SERIAL",
        "BIGSERIAL",
        "AUTOINCREMENT",
        "BLOB",
        "BYTEA",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "DATE",
        "DATETIME",
        "TIME",
        "INTEGER",
        "INT",
        "REAL",
        "NUMERIC",
        "VARCHAR",
        "JSON",
        "JSONB",
        "UUID",
        "PRAGMA",
        "CURRENT_TIMESTAMP",
        "NOW",
        "WITHOUT",
    ];
    let mut wrong = Vec::new();
    for statement in statements(text) {
        let words: Vec<&str> = statement
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .collect();
        wrong.extend(
            words
                .iter()
                .filter(|word| FORBIDDEN.contains(word))
                .map(|word| format!("{word} in: {statement}")),
        );
        let columns: Vec<String> = if statement.starts_with("CREATE TABLE") {
            let body = statement
                .split_once('(')
                .map_or("", |(_, body)| body.trim_end_matches(')'));
            let mut depth = 0;
            let mut columns = vec![String::new()];
            for letter in body.chars() {
                depth += match letter {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                match (letter, depth, columns.last_mut()) {
                    (',', 0, _) => columns.push(String::new()),
                    (_, _, Some(column)) => column.push(letter),
                    _ => {}
                }
            }
            columns
        } else if let Some((_, column)) = statement.split_once(" ADD COLUMN ") {
            vec![column.to_owned()]
        } else {
            Vec::new()
        };
        for column in columns {
            let mut parts = column.split_whitespace();
            let (name, kind) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            if !KEYS.contains(&name) && !TYPES.contains(&kind) {
                wrong.push(format!("a column must be {}: {column}", TYPES.join(", ")));
            }
        }
    }
    wrong
}

#[test]
fn migrations_speak_only_what_both_engines_understand() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder("migrations"))
        .expect("the folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a text");
        assert_eq!(complaints(&text), Vec::<String>::new(), "{}", file.display());
    }
}

#[test]
fn the_check_of_migrations_finds_what_it_should() {
    assert_eq!(
        complaints("CREATE TABLE a (b TEXT NOT NULL, PRIMARY KEY (b)); -- a BLOB"),
        Vec::<String>::new()
    );
    for bad in [
        "CREATE TABLE a (b SERIAL PRIMARY KEY);",
        "CREATE TABLE a (b BIGINT NOT NULL, c CHAR(3));",
        "CREATE TABLE a (b TEXT DEFAULT CURRENT_TIMESTAMP);",
        "ALTER TABLE a ADD COLUMN b DOUBLE PRECISION;",
        "create table a (b timestamp);",
        "CREATE TABLE a (b);",
    ] {
        assert_ne!(complaints(bad), Vec::<String>::new(), "{bad}");
    }
}

// A database that can't be used.

async fn refusal(url: &str) -> String {
    let opened = match DatabaseUrl::from_str(url) {
        Ok(url) => Db::open(&url).await.map(|_| ()),
        Err(error) => Err(error),
    };
    opened.expect_err("no database").to_string()
}

#[tokio::test]
async fn a_database_of_a_newer_plaudit_is_left_alone() {
    let database = TestDatabase::create().await;
    database.open().await.close().await;
    with_connection!(&database, connection => {
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', TRUE, '00', 0)",
        )
        .execute(&mut connection)
        .await
        .expect("a migration of the future");
    });
    let url: DatabaseUrl = database.url().parse().expect("a URL");
    assert!(matches!(Db::open(&url).await, Err(OpenError::Newer(9999))));
    assert_snapshot!(refusal(&database.url()).await, @"the database was used by a newer Plaudit (migration 9999); start that version or a later one.");
    database.drop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_says_so_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display();
    let missing = refusal(&format!("sqlite://{path}/nowhere/plaudit.db")).await;
    assert_snapshot!(missing, @"the database can't be reached: error returned from database: (code: 14) unable to open database file. Check DATABASE_URL and that the server or folder exists.");
    let directory = refusal(&format!("sqlite://{path}")).await;
    assert_snapshot!(directory, @"the database can't be reached: error returned from database: (code: 14) unable to open database file. Check DATABASE_URL and that the server or folder exists.");
    std::fs::write(folder.path().join("letter.txt"), "Dear Dana, ".repeat(1_000)).expect("a letter");
    let letter = refusal(&format!("sqlite://{path}/letter.txt")).await;
    assert_snapshot!(letter, @"the database can't be reached: error returned from database: (code: 26) file is not a database. Check DATABASE_URL and that the server or folder exists.");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_says_so_in_one_sentence() {
    // Nobody listens on a port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port")
        .port();
    let nobody = refusal(&format!("postgres://plaudit:hush@127.0.0.1:{port}/plaudit")).await;
    assert_snapshot!(nobody, @"the database can't be reached: error communicating with database: Connection refused (os error 111). Check DATABASE_URL and that the server or folder exists.");
}

#[tokio::test]
async fn a_bad_url_says_so_in_one_sentence_without_the_password() {
    assert_snapshot!(refusal("mysql://plaudit:hush@localhost/plaudit").await, @"DATABASE_URL can't be used: it begins neither with sqlite:// nor with postgres://. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit");
    assert_snapshot!(refusal("plaudit.db").await, @"DATABASE_URL can't be used: it begins neither with sqlite:// nor with postgres://. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit");
    assert_snapshot!(refusal("").await, @"DATABASE_URL can't be used: it begins neither with sqlite:// nor with postgres://. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit");
    assert_snapshot!(refusal("postgres://plaudit:hush@[/plaudit").await, @"DATABASE_URL can't be used: its parts can't be read. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit");
    assert_snapshot!(refusal("sqlite://plaudit.db?mode=sideways").await, @r#"DATABASE_URL can't be used: error with configuration: unknown value "sideways" for `mode`. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit"#);
    assert_snapshot!(refusal("sqlite://").await, @"DATABASE_URL can't be used: it names no file. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit");
    assert_snapshot!(refusal("sqlite://%3Amemory%3A").await, @"DATABASE_URL names a database in memory, which would lose kudos at every stop. Name a file.");
    assert_snapshot!(refusal("sqlite::memory:").await, @"DATABASE_URL names a database in memory, which would lose kudos at every stop. Name a file.");
    assert_snapshot!(refusal("sqlite://x?mode=memory").await, @"DATABASE_URL names a database in memory, which would lose kudos at every stop. Name a file.");
}
