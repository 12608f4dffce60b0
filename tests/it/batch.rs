//! Many writes, one commit: everybody gets their own answer, and exactly what was answered with "yes" is stored.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use plaudit::store::{Connection, DatabaseUrl, Db, StoreError, Tx};
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::sync::oneshot;

use crate::harness::{SmallDisk, TestDatabase, rows};

/// What a write in these stories may say.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("changed my mind")]
    ChangedMyMind,
}

async fn run(tx: &mut Tx, statement: String) -> Result<u64, StoreError> {
    let statement = sqlx::AssertSqlSafe(statement);
    let done = match tx.connection() {
        Connection::Sqlite(connection) => sqlx::query(statement)
            .execute(connection)
            .await
            .map(|d| d.rows_affected()),
        Connection::Postgres(connection) => sqlx::query(statement)
            .execute(connection)
            .await
            .map(|d| d.rows_affected()),
    };
    tx.note(done)
}

async fn note(tx: &mut Tx, id: &str) -> Result<u64, StoreError> {
    run(tx, format!("INSERT INTO note (id) VALUES ('{id}')")).await
}

async fn count(tx: &mut Tx) -> Result<i64, StoreError> {
    let query = "SELECT COUNT(*) FROM note";
    let row = match tx.connection() {
        Connection::Sqlite(connection) => sqlx::query_as::<_, (i64,)>(query).fetch_one(connection).await,
        Connection::Postgres(connection) => sqlx::query_as::<_, (i64,)>(query).fetch_one(connection).await,
    };
    tx.note(row).map(|row| row.0)
}

async fn note_down(db: &Db, id: impl Into<String>) -> Result<u64, StoreError> {
    let id = id.into();
    db.write(async move |tx: &mut Tx| note(tx, &id).await).await
}

async fn with_notes(database: &TestDatabase) -> Db {
    let db = database.open().await;
    let made: Result<u64, StoreError> = db
        .write(async |tx: &mut Tx| run(tx, "CREATE TABLE note (id TEXT NOT NULL PRIMARY KEY)".to_owned()).await)
        .await;
    made.expect("a table");
    db
}

async fn notes(database: &TestDatabase) -> BTreeSet<String> {
    rows!(database, (String,), "SELECT id FROM note")
        .into_iter()
        .map(|row| row.0)
        .collect()
}

fn set<const N: usize>(ids: [&str; N]) -> BTreeSet<String> {
    ids.into_iter().map(str::to_owned).collect()
}

/// Keeps the writer busy until it is let go, so that what is asked meanwhile ends up in one batch.
async fn busy(db: &Db) -> oneshot::Sender<()> {
    let (started, has_started) = oneshot::channel();
    let (let_go, wait) = oneshot::channel::<()>();
    let once = std::sync::Mutex::new(Some((started, wait)));
    let db = db.clone();
    tokio::spawn(async move {
        db.write(async move |_: &mut Tx| -> Result<(), StoreError> {
            let taken = once.lock().expect("the lock").take();
            if let Some((started, wait)) = taken {
                let _ = started.send(());
                let _ = wait.await;
            }
            Ok(())
        })
        .await
    });
    has_started.await.expect("the writer");
    let_go
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_writes_in_one_batch_each_get_their_own_answer() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    note_down(&db, "there already").await.expect("the first note");

    let let_go = busy(&db).await;
    let mut good = Box::pin(note_down(&db, "good"));
    let mut twice = Box::pin(note_down(&db, "there already"));
    let mut panicking = Box::pin(db.write(async |tx: &mut Tx| -> Result<(), StoreError> {
        note(tx, "panicking").await?;
        panic!("a bug")
    }));
    let mut regretted = Box::pin(db.write(async |tx: &mut Tx| -> Result<(), Trouble> {
        note(tx, "regretted").await?;
        Err(Trouble::ChangedMyMind)
    }));
    let reader = db.clone();
    let mut good_too = Box::pin(db.write(async move |tx: &mut Tx| -> Result<(i64, i64), StoreError> {
        note(tx, "good too").await?;
        Ok((
            count(tx).await?,
            reader.read(async |tx: &mut Tx| count(tx).await).await?,
        ))
    }));
    let mut gone = Box::pin(note_down(&db, "gone"));
    // Asked for in this order: the first poll puts each of them in the queue.
    assert!((&mut good).now_or_never().is_none());
    assert!((&mut twice).now_or_never().is_none());
    assert!((&mut panicking).now_or_never().is_none());
    assert!((&mut regretted).now_or_never().is_none());
    assert!((&mut good_too).now_or_never().is_none());
    assert!((&mut gone).now_or_never().is_none());
    drop(gone);
    let_go.send(()).expect("the writer waits");
    let (good, twice, panicking, regretted, good_too) = tokio::join!(good, twice, panicking, regretted, good_too);

    assert_eq!(good.expect("the good one"), 1);
    assert!(matches!(&twice, Err(StoreError::Statement(_))), "{twice:?}");
    assert!(matches!(&panicking, Err(StoreError::Panicked)), "{panicking:?}");
    assert!(matches!(&regretted, Err(Trouble::ChangedMyMind)), "{regretted:?}");
    let (inside, outside) = good_too.expect("the other good one");
    if db.is_sqlite() {
        assert_eq!(
            (inside, outside),
            (3, 1),
            "one transaction holds both good ones, and nobody sees it yet"
        );
    }
    assert_eq!(notes(&database).await, set(["good", "good too", "there already"]));
    db.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panicking_write_alone_is_an_error_and_nothing_else() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    let panicking: Result<(), StoreError> = db
        .write(async |tx: &mut Tx| {
            note(tx, "panicking").await?;
            panic!("a bug")
        })
        .await;
    assert!(matches!(panicking, Err(StoreError::Panicked)), "{panicking:?}");
    note_down(&db, "after").await.expect("the next write");
    assert_eq!(notes(&database).await, set(["after"]));
    db.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swallowed_error_is_not_committed() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    note_down(&db, "there already").await.expect("the first note");
    let swallowed = async |tx: &mut Tx| -> Result<&'static str, StoreError> {
        note(tx, "before").await?;
        let _ = note(tx, "there already").await;
        Ok("fine")
    };
    let alone = db.write(swallowed).await;
    assert!(matches!(alone, Err(StoreError::Statement(_))), "{alone:?}");

    let let_go = busy(&db).await;
    let mut among = Box::pin(db.write(swallowed));
    let mut other = Box::pin(note_down(&db, "other"));
    assert!((&mut among).now_or_never().is_none());
    assert!((&mut other).now_or_never().is_none());
    let_go.send(()).expect("the writer waits");
    let (among, other) = tokio::join!(among, other);
    assert!(matches!(among, Err(StoreError::Statement(_))), "{among:?}");
    other.expect("the other one");
    assert_eq!(notes(&database).await, set(["other", "there already"]));
    db.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_takes_too_long_is_rolled_back_and_the_others_go_on() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    if !db.is_sqlite() {
        // The server has a deadline for each statement, and one slow write holds up nobody.
        return;
    }
    let slow: Result<(), StoreError> = db
        .write(async |tx: &mut Tx| {
            note(tx, "slow").await?;
            std::future::pending().await
        })
        .await;
    assert!(matches!(slow, Err(StoreError::TooSlow)), "{slow:?}");
    note_down(&db, "after").await.expect("the next write");
    assert_eq!(notes(&database).await, set(["after"]));
    db.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_is_an_error_soon_and_then_all_is_well() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    if !db.is_sqlite() {
        return;
    }
    let mut other = SqliteConnection::connect(&database.url())
        .await
        .expect("another process");
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .expect("the lock");
    let locked = tokio::time::timeout(Duration::from_millis(2_400), note_down(&db, "locked out"))
        .await
        .expect("an answer before Slack gives up");
    assert!(matches!(locked, Err(StoreError::Commit(_))), "{locked:?}");
    let seen: Result<i64, StoreError> = db.read(async |tx: &mut Tx| count(tx).await).await;
    assert_eq!(seen.expect("readers don't wait for writers"), 0);
    sqlx::query("ROLLBACK")
        .execute(&mut other)
        .await
        .expect("the lock's end");
    note_down(&db, "after").await.expect("the next write");
    assert_eq!(notes(&database).await, set(["after"]));
    db.close().await;
    database.drop().await;
}

/// Asks for 40 notes at once; those that were answered with "yes".
async fn many(db: &Db, prefix: &str) -> BTreeSet<String> {
    let ids: Vec<String> = (0..40)
        .map(|n| format!("{prefix} {n} {}", "long ".repeat(400)))
        .collect();
    let answers = join_all(ids.iter().map(|id| note_down(db, id.as_str()))).await;
    ids.into_iter()
        .zip(answers)
        .filter(|(_, answer)| answer.is_ok())
        .map(|(id, _)| id)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_refuses_writes_takes_them_again_when_it_can() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    if !db.is_sqlite() {
        return;
    }
    let mut stored = many(&db, "before").await;
    assert_eq!(stored.len(), 40);
    let pragma = async |tx: &mut Tx, pragma: &str| run(tx, pragma.to_owned()).await;
    // Read-only for a while.
    let off: Result<u64, StoreError> = db
        .write(async move |tx: &mut Tx| pragma(tx, "PRAGMA query_only = ON").await)
        .await;
    off.expect("the switch");
    let refused = note_down(&db, "read-only").await;
    assert!(refused.is_err());
    let on: Result<u64, StoreError> = db
        .write(async move |tx: &mut Tx| pragma(tx, "PRAGMA query_only = OFF").await)
        .await;
    on.expect("the switch");
    stored.extend(many(&db, "writable").await);
    // No page more than there is.
    let full: Result<u64, StoreError> = db
        .write(async move |tx: &mut Tx| pragma(tx, "PRAGMA max_page_count = 1").await)
        .await;
    full.expect("the limit");
    let mut in_vain = 0;
    for round in 0..3 {
        let good = many(&db, &format!("full {round}")).await;
        in_vain += 40 - good.len();
        stored.extend(good);
    }
    assert!(in_vain > 0, "the file never was full");
    let space: Result<u64, StoreError> = db
        .write(async move |tx: &mut Tx| pragma(tx, "PRAGMA max_page_count = 1000000").await)
        .await;
    space.expect("space");
    let after = many(&db, "after").await;
    assert_eq!(after.len(), 40);
    stored.extend(after);
    assert_eq!(notes(&database).await, stored);
    db.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_sqlite_rolls_back_everything_nobody_is_told_that_it_is_stored() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    if !db.is_sqlite() {
        return;
    }
    let let_go = busy(&db).await;
    let mut before = Box::pin(note_down(&db, "before"));
    // What SQLite does by itself when the disk is full in the middle of a statement.
    let mut rolled_back = Box::pin(db.write(async |tx: &mut Tx| -> Result<u64, StoreError> {
        note(tx, "rolled back").await?;
        run(tx, "ROLLBACK".to_owned()).await
    }));
    let mut after = Box::pin(note_down(&db, "after"));
    assert!((&mut before).now_or_never().is_none());
    assert!((&mut rolled_back).now_or_never().is_none());
    assert!((&mut after).now_or_never().is_none());
    let_go.send(()).expect("the writer waits");
    let (before, rolled_back, after) = tokio::join!(before, rolled_back, after);
    for answer in [before, rolled_back, after] {
        assert!(matches!(answer, Err(StoreError::BatchBroken)), "{answer:?}");
    }
    assert_eq!(notes(&database).await, set([]));
    note_down(&db, "next").await.expect("the next write");
    assert_eq!(notes(&database).await, set(["next"]));
    db.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let Some(disk) = SmallDisk::mount(1_000) else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let url: DatabaseUrl = format!("sqlite://{}/plaudit.db", disk.path().display())
        .parse()
        .expect("a URL");
    let db = Db::open(&url).await.expect("a database");
    let made: Result<u64, StoreError> = db
        .write(async |tx: &mut Tx| run(tx, "CREATE TABLE note (id TEXT NOT NULL PRIMARY KEY)".to_owned()).await)
        .await;
    made.expect("a table");
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 64 * 1_024]).expect("ballast");
    let mut stored = BTreeSet::new();
    let mut in_vain = 0;
    for round in 0..30 {
        let good = many(&db, &format!("round {round}")).await;
        in_vain += 40 - good.len();
        stored.extend(good);
        if in_vain > 80 {
            break;
        }
    }
    assert!(in_vain > 80, "the disk never was full");
    std::fs::remove_file(&ballast).expect("space");
    note_down(&db, "after").await.expect("the first write with space again");
    stored.insert("after".to_owned());
    db.close().await;

    let db = Db::open(&url).await.expect("a database");
    let left: Result<Vec<(String,)>, StoreError> = db
        .read(async |tx: &mut Tx| match tx.connection() {
            Connection::Sqlite(connection) => Ok(sqlx::query_as("SELECT id FROM note").fetch_all(connection).await?),
            Connection::Postgres(_) => Ok(Vec::new()),
        })
        .await;
    assert_eq!(
        left.expect("the notes")
            .into_iter()
            .map(|row| row.0)
            .collect::<BTreeSet<_>>(),
        stored
    );
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_what_was_asked_before() {
    let database = TestDatabase::create().await;
    let db = with_notes(&database).await;
    if !db.is_sqlite() {
        // A request in flight holds its own connection, and the pool waits for it.
        return;
    }
    let let_go = busy(&db).await;
    let mut writes: Vec<_> = (0..300).map(|n| Box::pin(note_down(&db, n.to_string()))).collect();
    for write in &mut writes {
        assert!(write.now_or_never().is_none());
    }
    let closing = db.clone();
    let closing = tokio::spawn(async move { closing.close().await });
    let_go.send(()).expect("the writer waits");
    for answer in join_all(writes).await {
        answer.expect("a write that was asked for before the end");
    }
    closing.await.expect("no panic");
    assert!(matches!(note_down(&db, "too late").await, Err(StoreError::Closed)));
    assert_eq!(notes(&database).await.len(), 300);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drops_its_connections_is_found_again() {
    let database = TestDatabase::create().await;
    let TestDatabase::Schema { server, name } = &database else {
        return;
    };
    with_notes(&database).await.close().await;
    let url: DatabaseUrl = format!("{}&application_name={name}", database.url())
        .parse()
        .expect("a URL");
    let db = Db::open(&url).await.expect("a database");
    let mut operator = PgConnection::connect(server).await.expect("the operator");
    let kill = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'");
    let mut asked = BTreeSet::new();
    let mut yes = BTreeSet::new();
    for round in 0..6 {
        let ids: Vec<String> = (0..24).map(|n| format!("{round} {n}")).collect();
        let three_kills = async {
            for _ in 0..3 {
                let kill = sqlx::query(sqlx::AssertSqlSafe(kill.clone())).execute(&mut operator);
                kill.await.expect("the operator may do that");
            }
        };
        let (answers, ()) = tokio::join!(join_all(ids.iter().map(|id| note_down(&db, id.as_str()))), three_kills);
        yes.extend(
            ids.iter()
                .cloned()
                .zip(answers)
                .filter(|(_, answer)| answer.is_ok())
                .map(|(id, _)| id),
        );
        asked.extend(ids);
    }
    // Idle connections die too; the next write doesn't notice.
    sqlx::query(sqlx::AssertSqlSafe(kill))
        .execute(&mut operator)
        .await
        .expect("the operator may do that");
    note_down(&db, "after").await.expect("the next write");
    yes.insert("after".to_owned());
    let stored = notes(&database).await;
    assert!(
        yes.is_subset(&stored),
        "acknowledged, but gone: {:?}",
        yes.difference(&stored)
    );
    assert!(yes.len() > 24, "{} of {} writes survived", yes.len(), 6 * 24);
    db.close().await;
    database.drop().await;
}
