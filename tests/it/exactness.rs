//! Counting is exact: nothing is given twice, nothing is spent twice, and taking back leaves no trace in any number,
//! however many ask at once.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Datelike as _, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use futures_util::future::join_all;
use plaudit::base::calendar::local_day;
use plaudit::base::clock::Instant;
use plaudit::base::ids::{KudosId, UserId};
use plaudit::kudos::{
    Announce, Effect, Give, Outcome, Receiver, Recorder, STATEMENTS, Source, TEN_MINUTES, TakeBack, TakenBack,
    catch_up, record, take_back,
};
use plaudit::store::{Db, StoreError, Tx};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::sync::Barrier;

use crate::harness::{START, TestDatabase, rows};

const BERLIN: Tz = Tz::Europe__Berlin;

fn start() -> Instant {
    Instant::from_millis(START)
}

/// A person as a receiver; ids with `S` are groups.
fn receiver(id: &str) -> Receiver {
    if id.starts_with('S') {
        Receiver::Group(id.into())
    } else {
        Receiver::Member(id.into())
    }
}

/// A command in `#support` by somebody in Berlin who has five a day.
fn thanks(giver: &str, receivers: &[&str], reason: &str) -> Give {
    Give {
        workspace: "T1".into(),
        delivery: None,
        giver: giver.into(),
        receivers: receivers.iter().map(|id| receiver(id)).collect(),
        reason: reason.to_owned(),
        values: vec!["calm".to_owned()],
        source: Source::Command,
        channel: Some("CSUPPORT".into()),
        effect: None,
        at: start(),
        giver_day: local_day(start(), BERLIN),
        workspace_day: local_day(start(), BERLIN),
        cost: 1,
        allowance: Some(5),
        announce: Announce::Default,
        unchecked: Vec::new(),
        thread: None,
        lane: "CKUDOS".to_owned(),
    }
}

trait But: Sized {
    fn but(self, change: impl FnOnce(&mut Self)) -> Self;
    fn at(self, at: Instant, zone: Tz) -> Self;
}

impl But for Give {
    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn at(self, at: Instant, zone: Tz) -> Self {
        self.but(|give| {
            give.at = at;
            give.giver_day = local_day(at, zone);
            give.workspace_day = local_day(at, BERLIN);
        })
    }
}

/// An outcome in short, without ids.
fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Given { left: Some(left), .. } => format!("given, {left} left"),
        Outcome::Given { left: None, .. } => "given".to_owned(),
        Outcome::Same { .. } => "same".to_owned(),
        Outcome::Short { needs, left } => format!("short: {needs} of {left}"),
        Outcome::Spent => "spent".to_owned(),
    }
}

fn shorts(outcomes: &[Outcome]) -> Vec<String> {
    outcomes.iter().map(short).collect()
}

fn id(outcome: &Outcome) -> KudosId {
    match outcome {
        Outcome::Given { kudos, .. } | Outcome::Same { kudos, .. } => kudos.clone(),
        other => panic!("{other:?} names no kudos"),
    }
}

async fn counted(db: &Db, gives: Vec<Give>) -> (Vec<Outcome>, u64) {
    let recorded: Result<_, StoreError> = db
        .write(async move |tx: &mut Tx| {
            let before = tx.statements();
            let outcomes = record(tx, &gives).await?;
            Ok((outcomes, tx.statements() - before))
        })
        .await;
    recorded.expect("a recorded list")
}

async fn list(db: &Db, gives: Vec<Give>) -> Vec<Outcome> {
    counted(db, gives).await.0
}

async fn undo(db: &Db, wish: TakeBack) -> TakenBack {
    let taken: Result<_, StoreError> = db.write(async move |tx: &mut Tx| take_back(tx, &wish).await).await;
    taken.expect("taken back")
}

fn regret(giver: &str, kudos: &KudosId, at: Instant) -> TakeBack {
    TakeBack {
        workspace: "T1".into(),
        kudos: kudos.clone(),
        by: giver.into(),
        at,
        zone: BERLIN,
        allowance: Some(5),
        recognition: Some("CKUDOS".into()),
    }
}

// The books.

/// Everything that is counted, zeros left out; the keys are the tables' own.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
struct Books {
    allowance: BTreeMap<[String; 3], i64>,
    tally: BTreeMap<[String; 5], i64>,
    pair: BTreeMap<[String; 4], i64>,
}

impl Books {
    /// As the tables have them, once the standings have followed.
    async fn kept(database: &TestDatabase, workspace: &str) -> Self {
        let db = database.open().await;
        assert!(catch_up(&db, &workspace.into()).await.expect("standings"));
        db.close().await;
        let of = |query: &str| sqlx::AssertSqlSafe(format!("{query} WHERE workspace = '{workspace}' AND n <> 0"));
        let allowance = rows!(
            database,
            (String, String, String, i64),
            of("SELECT workspace, giver, day, n FROM (SELECT workspace, giver, day, used AS n FROM allowance) a")
        );
        let tally = rows!(
            database,
            (String, String, String, String, String, i64),
            of("SELECT workspace, period, member, role, source, n FROM tally")
        );
        let pair = rows!(
            database,
            (String, String, String, String, i64),
            of("SELECT workspace, period, giver, receiver, n FROM pair")
        );
        Self {
            allowance: allowance.into_iter().map(|(a, b, c, n)| ([a, b, c], n)).collect(),
            tally: tally
                .into_iter()
                .map(|(a, b, c, d, e, n)| ([a, b, c, d, e], n))
                .collect(),
            pair: pair.into_iter().map(|(a, b, c, d, n)| ([a, b, c, d], n)).collect(),
        }
    }

    /// As they follow from the ledger.
    async fn recounted(database: &TestDatabase, workspace: &str) -> Self {
        type Row = (String, String, String, String, String, String, String, i64);
        let ledger = rows!(
            database,
            Row,
            sqlx::AssertSqlSafe(format!(
                "SELECT workspace, giver, receiver, receiver_kind, source, giver_day, workspace_day, cost FROM ledger
             WHERE reversed_at IS NULL AND workspace = '{workspace}'"
            ))
        );
        let mut books = Self::default();
        for (workspace, giver, receiver, kind, source, giver_day, workspace_day, cost) in ledger {
            *books
                .allowance
                .entry([workspace.clone(), giver.clone(), giver_day])
                .or_default() += cost;
            let day: NaiveDate = workspace_day.parse().expect("a day");
            let monday = day - TimeDelta::days(i64::from(day.weekday().num_days_from_monday()));
            let column = if source == "customer" { "customer" } else { "peer" };
            let mut tally = |member: &str, role: &str| {
                let key = [
                    workspace.clone(),
                    format!("d{day}"),
                    member.to_owned(),
                    role.to_owned(),
                    column.to_owned(),
                ];
                *books.tally.entry(key).or_default() += 1;
            };
            tally(&giver, "giver");
            if kind == "member" {
                tally(&receiver, "receiver");
            }
            let quarter = day.month().div_ceil(3);
            for period in [
                format!("w{monday}"),
                format!("m{}", day.format("%Y-%m")),
                format!("q{}-{quarter}", day.year()),
                format!("y{}", day.year()),
                "all".to_owned(),
            ] {
                if kind == "member" && column == "peer" {
                    *books
                        .pair
                        .entry([workspace.clone(), period, giver.clone(), receiver.clone()])
                        .or_default() += 1;
                }
            }
        }
        books.allowance.retain(|_, n| *n != 0);
        books
    }

    /// What was used of somebody's day.
    fn used(&self, giver: &str, day: &str) -> i64 {
        self.allowance
            .get(&["T1", giver, day].map(str::to_owned))
            .copied()
            .unwrap_or(0)
    }

    fn tally(&self, member: &str, role: &str, source: &str) -> i64 {
        let of = |key: &[String; 5]| key[2..] == [member, role, source];
        self.tally.iter().filter(|(key, _)| of(key)).map(|(_, n)| n).sum()
    }

    fn pair(&self, giver: &str, receiver: &str) -> i64 {
        self.pair
            .get(&["T1", "all", giver, receiver].map(str::to_owned))
            .copied()
            .unwrap_or(0)
    }
}

/// The books as kept; they must be what the ledger says.
async fn balanced(database: &TestDatabase) -> Books {
    let kept = Books::kept(database, "T1").await;
    assert_eq!(kept, Books::recounted(database, "T1").await);
    kept
}

/// Tells a story about a database of its own.
fn with_database(tell: impl AsyncFnOnce(&TestDatabase, &Db)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let database = TestDatabase::create().await;
        let db = database.open().await;
        tell(&database, &db).await;
        db.close().await;
        database.drop().await;
    });
}

/// Several processes on one server; on one file there is one process, so there they are its recorders.
async fn processes(database: &TestDatabase, db: &Db, n: usize) -> Vec<(Db, Recorder)> {
    let mut processes = Vec::new();
    for _ in 0..n {
        let db = if db.is_sqlite() {
            db.clone()
        } else {
            database.open().await
        };
        processes.push((db.clone(), Recorder::start(db)));
    }
    processes
}

/// Runs all of them at the same time.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    all: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let all: Vec<F> = all.into_iter().collect();
    let barrier = Arc::new(Barrier::new(all.len()));
    let tasks = all.into_iter().map(|one| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            one.await
        })
    });
    join_all(tasks.collect::<Vec<_>>())
        .await
        .into_iter()
        .map(|done| done.expect("no panic"))
        .collect()
}

/// The same ten gives through one recorder, and then (other givers) through ten of them.
async fn by_one_and_by_ten(database: &TestDatabase, db: &Db, give: impl Fn(&str, usize) -> Give) -> Vec<Vec<Outcome>> {
    let mut all = Vec::new();
    let one = Recorder::start(db.clone());
    let gives = (0..10).map(|n| {
        let (recorder, give) = (one.clone(), give("UONE", n));
        async move { recorder.give(give).await.expect("an outcome") }
    });
    all.push(at_once(gives).await);
    let ten = processes(database, db, 10).await;
    let gives = ten.iter().enumerate().map(|(n, (_, recorder))| {
        let (recorder, give) = (recorder.clone(), give("UTEN", n));
        async move { recorder.give(give).await.expect("an outcome") }
    });
    all.push(at_once(gives).await);
    if !db.is_sqlite() {
        for (db, _) in ten {
            db.close().await;
        }
    }
    all
}

fn tally(outcomes: &[Outcome], what: impl Fn(&Outcome) -> bool) -> usize {
    outcomes.iter().filter(|outcome| what(outcome)).count()
}

fn is_given(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Given { .. })
}

// Many at once.

#[test]
fn ten_at_once_against_five_are_five() {
    with_database(async |database, db| {
        let all = by_one_and_by_ten(database, db, |giver, n| {
            thanks(giver, &["UDANA"], &format!("reason {n}"))
        })
        .await;
        for outcomes in all {
            let mut left: Vec<String> = shorts(&outcomes);
            left.sort();
            assert_eq!(
                left,
                [
                    "given, 0 left",
                    "given, 1 left",
                    "given, 2 left",
                    "given, 3 left",
                    "given, 4 left",
                    "short: 1 of 0",
                    "short: 1 of 0",
                    "short: 1 of 0",
                    "short: 1 of 0",
                    "short: 1 of 0",
                ]
            );
        }
        let books = balanced(database).await;
        assert_eq!(
            (books.used("UONE", "2026-06-02"), books.used("UTEN", "2026-06-02")),
            (5, 5)
        );
        assert_eq!(books.tally("UDANA", "receiver", "peer"), 10);
    });
}

#[test]
fn one_delivery_ten_times_at_once_is_one_kudos_and_ten_equal_answers() {
    with_database(async |database, db| {
        let all = by_one_and_by_ten(database, db, |giver, _| {
            thanks(giver, &["UDANA", "UMO"], "the refund storm")
                .but(|give| give.delivery = Some(format!("trigger {giver}")))
        })
        .await;
        for outcomes in all {
            assert!(is_given(&outcomes[0]), "{outcomes:?}");
            assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
        }
        let books = balanced(database).await;
        assert_eq!(
            (books.used("UONE", "2026-06-02"), books.used("UTEN", "2026-06-02")),
            (2, 2)
        );
    });
}

#[test]
fn one_post_under_ten_deliveries_gives_once() {
    with_database(async |database, db| {
        let all = by_one_and_by_ten(database, db, |giver, n| {
            thanks(giver, &["UDANA"], "the refund storm").but(|give| {
                give.delivery = Some(format!("event {giver} {n}"));
                give.source = Source::Mention;
                give.effect = Some((format!("1780401720.{giver}").into(), Effect::Post));
            })
        })
        .await;
        for outcomes in all {
            assert_eq!(tally(&outcomes, is_given), 1, "{outcomes:?}");
            assert_eq!(
                tally(&outcomes, |outcome| *outcome == Outcome::Spent),
                9,
                "{outcomes:?}"
            );
        }
        assert_eq!(balanced(database).await.tally("UDANA", "receiver", "peer"), 2);
    });
}

#[test]
fn the_same_words_ten_times_are_one_kudos_whatever_order_they_arrive_in() {
    with_database(async |database, db| {
        // Typed within a second, stamped by ten processes, and taken in any order: also the latest first.
        let all = by_one_and_by_ten(database, db, |giver, n| {
            let at = start().plus_millis(1_000 - 100 * i64::try_from(n).unwrap_or(0));
            thanks(giver, &["UDANA"], "calming the refund storm").at(at, BERLIN)
        })
        .await;
        for outcomes in all {
            assert_eq!(tally(&outcomes, is_given), 1, "{outcomes:?}");
            let ids: BTreeSet<KudosId> = outcomes.iter().map(id).collect();
            assert_eq!(ids.len(), 1, "{outcomes:?}");
        }
        assert_eq!(balanced(database).await.tally("UDANA", "receiver", "peer"), 2);
    });
}

#[test]
fn ten_who_take_back_at_once_take_back_once() {
    with_database(async |database, db| {
        let given = list(db, vec![thanks("ULEE", &["UDANA", "UMO"], "it")]).await;
        let kudos = id(&given[0]);
        let ten = processes(database, db, 10).await;
        let taken = at_once(ten.iter().map(|(db, _)| {
            let (db, wish) = (db.clone(), regret("ULEE", &kudos, start()));
            async move { undo(&db, wish).await }
        }))
        .await;
        assert_eq!(
            taken
                .iter()
                .filter(|taken| matches!(taken, TakenBack::Done { .. }))
                .count(),
            1,
            "{taken:?}"
        );
        assert_eq!(
            taken.iter().filter(|taken| **taken == TakenBack::Already).count(),
            9,
            "{taken:?}"
        );
        assert_eq!(balanced(database).await, Books::default());
        if !db.is_sqlite() {
            for (db, _) in ten {
                db.close().await;
            }
        }
    });
}

#[test]
fn crossing_lists_of_several_writers_end_well() {
    with_database(async |database, db| {
        let writers = processes(database, db, 6).await;
        let work = writers.iter().enumerate().map(|(w, (db, _))| {
            let db = db.clone();
            async move {
                let mut given = 0;
                for round in 0..6_usize {
                    // Every writer meets the same people, each in another order.
                    let gives: Vec<Give> = (0..40)
                        .map(|n| (n * [1, 3, 7, 9, 11, 13][w] + 7 * round) % 40)
                        .map(|n| {
                            let (giver, a, b) = (format!("U{n}"), format!("U{}", n + 1), format!("V{}", 39 - n));
                            thanks(&giver, &[&a, &b], &format!("{w} {round} {n}")).but(|give| {
                                give.allowance = Some(60);
                                give.delivery = Some(format!("{w} {round} {n}"));
                            })
                        })
                        .collect();
                    let outcomes = list(&db, gives.clone()).await;
                    given += tally(&outcomes, is_given);
                    // Some of it is taken back while the others go on.
                    for (give, outcome) in gives.iter().zip(&outcomes).filter(|(_, o)| is_given(o)).step_by(8) {
                        let taken = undo(&db, regret(give.giver.as_str(), &id(outcome), start())).await;
                        assert!(matches!(taken, TakenBack::Done { .. }), "{taken:?}");
                        given -= 1;
                    }
                }
                given
            }
        });
        let given: usize = at_once(work).await.into_iter().sum();
        balanced(database).await;
        let standing = rows!(
            database,
            (i64,),
            "SELECT COUNT(DISTINCT kudos) FROM ledger WHERE reversed_at IS NULL"
        )[0]
        .0;
        assert_eq!(usize::try_from(standing), Ok(given));
        if !db.is_sqlite() {
            for (db, _) in writers {
                db.close().await;
            }
        }
    });
}

// One list.

#[test]
fn a_list_takes_ten_statements_at_most_whatever_it_holds() {
    with_database(async |database, db| {
        for n in [1_usize, 64, 1_000] {
            let gives: Vec<Give> = (0..n)
                .map(|i| {
                    // Seven givers with few left: most are refused; every fifth is delivered twice.
                    let (giver, a, b) = (format!("UG{}", i % 7), format!("UR{}", i % 31), format!("UQ{}", i % 29));
                    thanks(&giver, &[&a, &b, "SEMEA"], &format!("{n} {i}")).but(|give| {
                        give.delivery = Some(format!("{n} {}", i - usize::from(i % 5 == 4)));
                        give.allowance = Some(40);
                        if i % 3 == 0 {
                            give.effect = Some((format!("{n}.{}", i / 6).into(), Effect::Post));
                        }
                    })
                })
                .collect();
            let (outcomes, statements) = counted(db, gives.clone()).await;
            assert_eq!(outcomes.len(), n);
            assert!(statements <= STATEMENTS, "{statements} statements for {n}");
            // All over again: nothing but refusals and duplicates.
            let (again, statements) = counted(db, gives).await;
            assert_eq!(again, outcomes);
            assert!(statements <= STATEMENTS, "{statements} statements for {n} again");
        }
        let (none, statements) = counted(db, Vec::new()).await;
        assert!(none.is_empty() && statements <= STATEMENTS);
        balanced(database).await;
    });
}

#[test]
fn a_giver_several_times_in_one_list_is_served_in_its_order() {
    with_database(async |database, db| {
        let outcomes = list(
            db,
            vec![
                thanks("ULEE", &["UDANA", "UMO"], "first"),
                thanks("ULEE", &["UDANA", "UMO", "UANA", "UJON"], "too many"),
                thanks("UMO", &["ULEE"], "another giver"),
                thanks("ULEE", &["UDANA", "UMO", "UANA"], "the rest"),
                thanks("ULEE", &["UDANA"], "one too many"),
            ],
        )
        .await;
        assert_eq!(
            shorts(&outcomes),
            [
                "given, 3 left",
                "short: 4 of 3",
                "given, 4 left",
                "given, 0 left",
                "short: 1 of 0"
            ]
        );
        assert_eq!(balanced(database).await.used("ULEE", "2026-06-02"), 5);
    });
}

#[test]
fn what_needs_three_with_two_left_spends_nothing_and_two_still_fit() {
    with_database(async |database, db| {
        let before = list(db, vec![thanks("ULEE", &["UDANA", "UMO", "UANA"], "three")]).await;
        assert_eq!(shorts(&before), ["given, 2 left"]);
        let short = list(db, vec![thanks("ULEE", &["UDANA", "UMO", "UANA"], "three more")]).await;
        assert_eq!(shorts(&short), ["short: 3 of 2"]);
        assert_eq!(balanced(database).await.used("ULEE", "2026-06-02"), 3);
        let two = list(db, vec![thanks("ULEE", &["UDANA", "UMO"], "two more")]).await;
        assert_eq!(shorts(&two), ["given, 0 left"]);
        balanced(database).await;
    });
}

#[test]
fn what_costs_nothing_is_never_blocked_and_no_limit_is_no_limit() {
    with_database(async |database, db| {
        let many: Vec<Give> = (0..8)
            .map(|n| thanks("ULEE", &["UDANA"], &format!("reason {n}")).but(|give| give.allowance = None))
            .collect();
        assert_eq!(shorts(&list(db, many).await), ["given"; 8]);
        // Eight of five are used: what is left is none, and not minus three.
        let outcomes = list(
            db,
            vec![
                thanks("ULEE", &["UDANA"], "one more"),
                thanks("ULEE", &["UDANA", "UMO"], "boosted").but(|give| give.cost = 0),
                thanks("ULEE", &["UDANA"], "imported").but(|give| {
                    give.cost = 0;
                    give.allowance = None;
                    give.source = Source::Import;
                    give.channel = None;
                    give.announce = Announce::Silent;
                }),
            ],
        )
        .await;
        assert_eq!(shorts(&outcomes), ["short: 1 of 0", "given, 0 left", "given"]);
        assert_eq!(balanced(database).await.used("ULEE", "2026-06-02"), 8);
    });
}

#[test]
fn a_team_counts_for_its_giver_only() {
    with_database(async |database, db| {
        let outcomes = list(db, vec![thanks("ULEE", &["SEMEA", "UDANA"], "the whole team and Dana")]).await;
        assert_eq!(shorts(&outcomes), ["given, 3 left"]);
        let books = balanced(database).await;
        assert_eq!(books.tally("ULEE", "giver", "peer"), 2);
        assert_eq!(books.tally("SEMEA", "receiver", "peer"), 0);
        assert_eq!(books.tally("UDANA", "receiver", "peer"), 1);
        assert_eq!((books.pair("ULEE", "SEMEA"), books.pair("ULEE", "UDANA")), (0, 1));
        undo(db, regret("ULEE", &id(&outcomes[0]), start())).await;
        assert_eq!(balanced(database).await, Books::default());
    });
}

#[test]
fn customers_words_have_a_column_of_their_own_and_make_no_pair() {
    with_database(async |database, db| {
        let passed_on = thanks("ULEE", &["UDANA"], "She stayed on the line.").but(|give| {
            give.source = Source::Customer;
            give.cost = 0;
        });
        let outcomes = list(db, vec![passed_on, thanks("ULEE", &["UDANA"], "for it")]).await;
        let books = balanced(database).await;
        assert_eq!(
            (
                books.tally("UDANA", "receiver", "customer"),
                books.tally("UDANA", "receiver", "peer")
            ),
            (1, 1)
        );
        assert_eq!(
            (books.tally("ULEE", "giver", "customer"), books.pair("ULEE", "UDANA")),
            (1, 1)
        );
        undo(db, regret("ULEE", &id(&outcomes[0]), start())).await;
        let books = balanced(database).await;
        assert_eq!(
            (
                books.tally("UDANA", "receiver", "customer"),
                books.tally("UDANA", "receiver", "peer")
            ),
            (0, 1)
        );
        assert_eq!(books.used("ULEE", "2026-06-02"), 1);
    });
}

#[test]
fn one_bad_kudos_fails_alone() {
    // One thread: what is asked for together is one list.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let database = TestDatabase::create().await;
        let db = database.open().await;
        let recorder = Recorder::start(db.clone());
        let mut gives: Vec<Give> = (0..20)
            .map(|n| thanks(&format!("U{n}"), &["UDANA"], &format!("reason {n}")))
            .collect();
        // Named twice on one post, which no grammar lets through: it meets itself on the unique key.
        gives[7].receivers = vec![receiver("UMO"), receiver("UMO")];
        gives[7].effect = Some(("1780401720.000100".into(), Effect::Post));
        // A NUL, which the grammar strips: PostgreSQL refuses it in JSON.
        gives[12].reason = "nul \0 nul".to_owned();
        let outcomes = join_all(gives.into_iter().map(|give| recorder.give(give))).await;
        for (n, outcome) in outcomes.iter().enumerate() {
            let is_bad = n == 7 || (n == 12 && !db.is_sqlite());
            assert_eq!(outcome.is_err(), is_bad, "{n}: {outcome:?}");
        }
        let books = balanced(&database).await;
        assert_eq!(books.tally("UMO", "receiver", "peer"), 0);
        assert_eq!(books.used("U7", "2026-06-02"), 0);
        db.close().await;
        database.drop().await;
    });
}

#[test]
fn a_post_without_a_place_gives_once_as_well() {
    with_database(async |database, db| {
        let post = |n: i64| {
            thanks("ULEE", &["UDANA"], &format!("{n}")).but(|give| {
                give.channel = None;
                give.effect = Some(("1780401720.000100".into(), Effect::Post));
            })
        };
        assert_eq!(
            shorts(&list(db, vec![post(1), post(2)]).await),
            ["given, 4 left", "spent"]
        );
        assert_eq!(shorts(&list(db, vec![post(3)]).await), ["spent"]);
        assert_eq!(balanced(database).await.used("ULEE", "2026-06-02"), 1);
    });
}

// Days.

/// An instant by the clock on the wall, the earlier one where it shows a time twice.
fn wall(zone: Tz, day: (i32, u32, u32), hour: u32, minute: u32) -> Instant {
    let at = NaiveDate::from_ymd_opt(day.0, day.1, day.2).and_then(|day| day.and_hms_opt(hour, minute, 0));
    let at = at
        .and_then(|at| at.and_local_timezone(zone).earliest())
        .expect("a time on the wall");
    Instant::from(at.with_timezone(&chrono::Utc))
}

#[test]
fn the_allowance_renews_at_the_givers_own_midnight() {
    with_database(async |database, db| {
        let (kolkata, sao_paulo) = (Tz::Asia__Kolkata, Tz::America__Sao_Paulo);
        let give = |giver, zone, at, n: i64| {
            thanks(giver, &["UDANA"], &format!("{n}"))
                .at(at, zone)
                .but(|g| g.allowance = Some(1))
        };
        let last = wall(kolkata, (2026, 6, 2), 23, 59);
        let next = wall(kolkata, (2026, 6, 3), 0, 1);
        // Both days in one list; for somebody in São Paulo the same two instants are one afternoon.
        let outcomes = list(
            db,
            vec![
                give("UPRIYA", kolkata, last, 1),
                give("UPRIYA", kolkata, next, 2),
                give("UPRIYA", kolkata, next, 3),
                give("UANA", sao_paulo, last, 4),
                give("UANA", sao_paulo, next, 5),
                give("UPRIYA", kolkata, last, 6),
            ],
        )
        .await;
        assert_eq!(
            shorts(&outcomes),
            [
                "given, 0 left",
                "given, 0 left",
                "short: 1 of 0",
                "given, 0 left",
                "short: 1 of 0",
                "short: 1 of 0"
            ]
        );
        let books = balanced(database).await;
        assert_eq!(
            (books.used("UPRIYA", "2026-06-02"), books.used("UPRIYA", "2026-06-03")),
            (1, 1)
        );
        assert_eq!(
            (books.used("UANA", "2026-06-02"), books.used("UANA", "2026-06-03")),
            (1, 0)
        );
        // Taking yesterday's back gives yesterday's back, not today's.
        let taken = undo(
            db,
            TakeBack {
                zone: kolkata,
                allowance: Some(1),
                ..regret("UPRIYA", &id(&outcomes[0]), next)
            },
        )
        .await;
        assert!(matches!(taken, TakenBack::Done { left: Some(0), .. }), "{taken:?}");
        let books = balanced(database).await;
        assert_eq!(
            (books.used("UPRIYA", "2026-06-02"), books.used("UPRIYA", "2026-06-03")),
            (0, 1)
        );
    });
}

#[test]
fn a_day_of_23_or_25_hours_is_one_day() {
    with_database(async |database, db| {
        for (day, hours) in [((2026, 3, 29), 23), ((2026, 10, 25), 25)] {
            let first = wall(BERLIN, day, 0, 0);
            let last = first.plus(Duration::from_secs(hours * 3_600 - 1));
            let gives = [
                (first.plus_millis(-1), "given, 0 left"),
                (first, "given, 1 left"),
                (first.plus(Duration::from_secs(2 * 3_600 + 1_800)), "given, 0 left"),
                (first.plus(Duration::from_secs(3 * 3_600 + 1_800)), "short: 1 of 0"),
                (last, "short: 1 of 0"),
                (last.plus_millis(1_000), "given, 1 left"),
            ];
            let before = thanks("ULEE", &["UMO"], "the day before").at(first.plus_millis(-60_000), BERLIN);
            list(db, vec![before.but(|give| give.allowance = Some(2))]).await;
            let list_of_day = gives.iter().enumerate().map(|(n, (at, _))| {
                thanks("ULEE", &["UDANA"], &format!("{n}"))
                    .at(*at, BERLIN)
                    .but(|give| give.allowance = Some(2))
            });
            let outcomes = list(db, list_of_day.collect()).await;
            assert_eq!(shorts(&outcomes), gives.map(|(_, outcome)| outcome));
        }
        balanced(database).await;
    });
}

// Taking back.

#[test]
fn taking_back_leaves_no_trace_in_any_number_and_the_words_may_be_given_again() {
    with_database(async |database, db| {
        list(
            db,
            vec![
                thanks("ULEE", &["UDANA", "UMO"], "before"),
                thanks("UMO", &["ULEE"], "before"),
            ],
        )
        .await;
        let before = balanced(database).await;
        let words = thanks("ULEE", &["UDANA", "UANA"], "calming the refund storm")
            .but(|give| give.delivery = Some("first".to_owned()));
        let given = list(db, vec![words.clone()]).await;
        assert_eq!(shorts(&given), ["given, 1 left"]);
        let again = |n: u64| words.clone().at(start().plus(Duration::from_secs(n)), BERLIN);
        let same = list(
            db,
            vec![again(60).but(|give| give.delivery = Some("second".to_owned()))],
        )
        .await;
        assert_eq!(
            same,
            [Outcome::Same {
                kudos: id(&given[0]),
                at: start()
            }]
        );

        let taken = undo(
            db,
            regret("ULEE", &id(&given[0]), start().plus(Duration::from_secs(120))),
        )
        .await;
        assert!(matches!(taken, TakenBack::Done { left: Some(3), .. }), "{taken:?}");
        assert_eq!(balanced(database).await, before);

        // Slack delivers the first once more: the same answer, and nothing is given.
        assert_eq!(list(db, vec![words.clone()]).await, given);
        assert_eq!(balanced(database).await, before);
        // The giver says it again, and means it.
        let anew = list(
            db,
            vec![again(180).but(|give| give.delivery = Some("third".to_owned()))],
        )
        .await;
        assert_eq!(shorts(&anew), ["given, 1 left"]);
        assert_ne!(id(&anew[0]), id(&given[0]));
        balanced(database).await;
    });
}

#[test]
fn only_the_giver_takes_back_and_only_for_ten_minutes() {
    with_database(async |database, db| {
        let given = list(db, vec![thanks("ULEE", &["UDANA"], "it")]).await;
        let kudos = id(&given[0]);
        let before = balanced(database).await;
        let later = |millis: i64| start().plus(TEN_MINUTES).plus_millis(millis);
        assert_eq!(undo(db, regret("UDANA", &kudos, start())).await, TakenBack::NotYours);
        assert_eq!(
            undo(db, regret("ULEE", &"nothing".into(), start())).await,
            TakenBack::NotYours
        );
        assert_eq!(
            undo(db, regret("ULEE", &kudos, later(0))).await,
            TakenBack::TooLate { given_at: start() }
        );
        assert_eq!(balanced(database).await, before);
        let in_time = undo(db, regret("ULEE", &kudos, later(-1))).await;
        assert!(matches!(in_time, TakenBack::Done { left: Some(5), .. }), "{in_time:?}");
        assert_eq!(undo(db, regret("ULEE", &kudos, start())).await, TakenBack::Already);
        assert_eq!(balanced(database).await, Books::default());
    });
}

#[test]
fn ten_minutes_are_ten_minutes_in_both_directions() {
    with_database(async |database, db| {
        let words = |millis: i64| thanks("ULEE", &["UDANA"], "Thanks!").at(start().plus_millis(millis), BERLIN);
        let ten = i64::try_from(TEN_MINUTES.as_millis()).expect("a number");
        assert_eq!(shorts(&list(db, vec![words(0)]).await), ["given, 4 left"]);
        // Taken one by one and as one list: the answers are the same.
        assert_eq!(shorts(&list(db, vec![words(ten - 1)]).await), ["same"]);
        assert_eq!(shorts(&list(db, vec![words(1 - ten)]).await), ["same"]);
        assert_eq!(shorts(&list(db, vec![words(ten)]).await), ["given, 3 left"]);
        assert_eq!(
            shorts(
                &list(
                    db,
                    vec![
                        words(-ten),
                        words(-1),
                        words(-ten - 1),
                        words(5 * ten),
                        words(4 * ten + 1)
                    ]
                )
                .await
            ),
            ["given, 2 left", "same", "same", "given, 1 left", "same"]
        );
        balanced(database).await;
    });
}

// Anything at all.

/// One thing that somebody does.
#[derive(Clone, Debug)]
enum Step {
    Give {
        giver: usize,
        receivers: BTreeSet<usize>,
        words: usize,
        kind: usize,
        /// Delivered as the `n`th delivery of the story: small numbers come again.
        delivery: Option<u8>,
        post: u8,
        allowance: Option<i64>,
        /// Milliseconds before the story's clock: several processes stamp and one list takes them in any order.
        before: i64,
    },
    TakeBack {
        /// The `n`th kudos so far.
        which: usize,
        /// By somebody else.
        by_other: bool,
    },
    /// The list ends here, and time passes.
    Pause(i64),
}

const PEOPLE: [(&str, Tz); 4] = [
    ("ULEE", Tz::Europe__Berlin),
    ("UPRIYA", Tz::Asia__Kolkata),
    ("UANA", Tz::America__Sao_Paulo),
    ("UWEI", Tz::Asia__Shanghai),
];
const RECEIVERS: [&str; 6] = ["ULEE", "UPRIYA", "UANA", "UWEI", "UDANA", "SEMEA"];
const WORDS: [&str; 3] = ["the refund storm", "The  refund STORM", "a calm voice"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let give = (
        0..PEOPLE.len(),
        prop::collection::btree_set(0..RECEIVERS.len(), 1..4),
        0..WORDS.len(),
        0..6_usize,
        prop::option::weighted(0.6, 0..12_u8),
        0..4_u8,
        prop_oneof![Just(None), (1..7_i64).prop_map(Some)],
        0..900_000_i64,
    );
    let give = give.prop_map(
        |(giver, receivers, words, kind, delivery, post, allowance, before)| Step::Give {
            giver,
            receivers,
            words,
            kind,
            delivery,
            post,
            allowance,
            before,
        },
    );
    let step = prop_oneof![
        8 => give,
        2 => (0..40_usize, prop::bool::weighted(0.1)).prop_map(|(which, by_other)| Step::TakeBack { which, by_other }),
        3 => prop_oneof![Just(0), 0..400_000_i64, 0..30_000_000_i64].prop_map(Step::Pause),
    ];
    prop::collection::vec(step, 1..40)
}

/// What the model remembers of a kudos.
struct Remembered {
    giver: String,
    giver_day: String,
    words: String,
    at: Instant,
    cost: i64,
    standing: bool,
    /// The id that the store gave it, once it has.
    id: Option<KudosId>,
}

/// What the model says that a give becomes.
#[derive(Clone, Debug)]
enum Expected {
    Given(usize, Option<i64>),
    Same(usize),
    Short(i64, i64),
    Spent,
}

/// Giving and taking back in plain Rust, one after the other.
#[derive(Default)]
struct Model {
    kudos: Vec<Remembered>,
    deliveries: BTreeMap<String, Expected>,
    effects: BTreeSet<String>,
}

impl Model {
    fn used(&self, giver: &str, day: &str) -> i64 {
        let of_day = self
            .kudos
            .iter()
            .filter(|k| k.standing && k.giver == giver && k.giver_day == day);
        of_day.map(|k| k.cost).sum()
    }

    fn give(&mut self, give: &Give) -> Expected {
        if let Some(earlier) = give
            .delivery
            .as_ref()
            .and_then(|delivery| self.deliveries.get(delivery))
        {
            return earlier.clone();
        }
        let expected = self.decide(give);
        if let Some(delivery) = &give.delivery {
            self.deliveries.insert(delivery.clone(), expected.clone());
        }
        expected
    }

    fn decide(&mut self, give: &Give) -> Expected {
        let mut people: Vec<&str> = give.receivers.iter().map(Receiver::id).collect();
        people.sort_unstable();
        let effects: Vec<String> = match &give.effect {
            Some((ts, effect)) => people
                .iter()
                .map(|to| format!("{ts} {effect:?} {} {to}", give.giver))
                .collect(),
            None => Vec::new(),
        };
        if effects.iter().any(|effect| self.effects.contains(effect)) {
            return Expected::Spent;
        }
        let folded: Vec<String> = give.reason.split_whitespace().map(str::to_lowercase).collect();
        let words = format!("{people:?} {}", folded.join(" "));
        let ten = i64::try_from(TEN_MINUTES.as_millis()).expect("a number");
        let same = self.kudos.iter().enumerate().filter(|(_, k)| {
            k.standing
                && k.giver == give.giver.as_str()
                && k.words == words
                && (k.at.millis() - give.at.millis()).abs() < ten
        });
        if let Some((n, _)) = same.max_by_key(|(_, k)| k.at) {
            return Expected::Same(n);
        }
        let day = give.giver_day.to_string();
        let used = self.used(give.giver.as_str(), &day);
        let cost = give.cost * i64::try_from(people.len()).expect("a number");
        if let Some(allowance) = give.allowance.filter(|allowance| cost > 0 && used + cost > *allowance) {
            return Expected::Short(cost, (allowance - used).max(0));
        }
        self.effects.extend(effects);
        self.kudos.push(Remembered {
            giver: give.giver.to_string(),
            giver_day: day,
            words,
            at: give.at,
            cost,
            standing: true,
            id: None,
        });
        let left = give.allowance.map(|allowance| (allowance - used - cost).max(0));
        Expected::Given(self.kudos.len() - 1, left)
    }

    /// Compares, and learns the ids of new kudos.
    fn check(&mut self, expected: &Expected, outcome: &Outcome) {
        match (expected, outcome) {
            (Expected::Given(n, left), Outcome::Given { kudos, left: really }) if left == really => {
                let known = self.kudos[*n].id.get_or_insert_with(|| kudos.clone());
                assert_eq!(known, kudos, "another kudos for the same delivery");
            }
            (Expected::Same(n), Outcome::Same { kudos, at }) => {
                assert_eq!((self.kudos[*n].id.as_ref(), self.kudos[*n].at), (Some(kudos), *at));
            }
            (Expected::Short(needs, left), Outcome::Short { needs: n, left: l }) if (needs, left) == (n, l) => {}
            (Expected::Spent, Outcome::Spent) => {}
            _ => panic!("expected {expected:?}, got {outcome:?}"),
        }
    }
}

fn as_give(workspace: &str, step: &Step, clock: Instant) -> Option<Give> {
    let Step::Give {
        giver,
        receivers,
        words,
        kind,
        delivery,
        post,
        allowance,
        before,
    } = step
    else {
        return None;
    };
    let (giver, zone) = PEOPLE[*giver];
    let people: Vec<&str> = receivers.iter().map(|n| RECEIVERS[*n]).collect();
    let (source, cost) = [
        (Source::Command, 1),
        (Source::Mention, 1),
        (Source::Reaction, 1),
        (Source::Customer, 0),
        (Source::Import, 0),
        (Source::Modal, 2),
    ][*kind];
    let effect = match source {
        Source::Mention => Some(Effect::Post),
        Source::Reaction => Some(Effect::Reaction),
        _ => None,
    };
    Some(
        thanks(giver, &people, WORDS[*words])
            .at(clock.plus_millis(-before), zone)
            .but(|give| {
                give.workspace = workspace.into();
                give.source = source;
                give.cost = cost;
                give.allowance = *allowance;
                give.delivery = delivery.map(|n| format!("delivery {n}"));
                give.effect = effect.map(|effect| (format!("1780401720.{post}").into(), effect));
                if source == Source::Import {
                    give.announce = Announce::Silent;
                }
            }),
    )
}

async fn play(database: &TestDatabase, db: &Db, workspace: &str, steps: &[Step]) {
    let mut model = Model::default();
    let mut clock = start();
    let mut waiting: Vec<Give> = Vec::new();
    for step in steps.iter().chain([&Step::Pause(0)]) {
        if let Some(give) = as_give(workspace, step, clock) {
            waiting.push(give);
            continue;
        }
        let expected: Vec<Expected> = waiting.iter().map(|give| model.give(give)).collect();
        let outcomes = list(db, std::mem::take(&mut waiting)).await;
        assert_eq!(outcomes.len(), expected.len());
        for (expected, outcome) in expected.iter().zip(&outcomes) {
            model.check(expected, outcome);
        }
        match step {
            Step::Pause(millis) => clock = clock.plus_millis(*millis),
            Step::TakeBack { which, by_other } if !model.kudos.is_empty() => {
                let which = which % model.kudos.len();
                let kudos = &model.kudos[which];
                let zone = PEOPLE.iter().find(|(id, _)| *id == kudos.giver).expect("a giver").1;
                let by: UserId = if *by_other {
                    "UDANA".into()
                } else {
                    kudos.giver.as_str().into()
                };
                let wish = TakeBack {
                    workspace: workspace.into(),
                    zone,
                    allowance: Some(9),
                    ..regret(by.as_str(), kudos.id.as_ref().expect("an id"), clock)
                };
                let taken = undo(db, wish).await;
                if *by_other {
                    assert_eq!(taken, TakenBack::NotYours);
                } else if !kudos.standing {
                    assert_eq!(taken, TakenBack::Already);
                } else if clock.since(kudos.at) >= TEN_MINUTES {
                    assert_eq!(taken, TakenBack::TooLate { given_at: kudos.at });
                } else {
                    let giver = kudos.giver.clone();
                    model.kudos[which].standing = false;
                    let left = (9 - model.used(&giver, &local_day(clock, zone).to_string())).max(0);
                    assert!(
                        matches!(taken, TakenBack::Done { left: Some(really), .. } if really == left),
                        "{left} left, but {taken:?}"
                    );
                }
            }
            _ => {}
        }
    }
    let kept = Books::kept(database, workspace).await;
    assert_eq!(
        kept,
        Books::recounted(database, workspace).await,
        "tables and ledger differ"
    );
    let mut used: BTreeMap<[String; 3], i64> = BTreeMap::new();
    for kudos in model.kudos.iter().filter(|kudos| kudos.standing && kudos.cost > 0) {
        let key = [workspace.to_owned(), kudos.giver.clone(), kudos.giver_day.clone()];
        *used.entry(key).or_default() += kudos.cost;
    }
    assert_eq!(kept.allowance, used, "tables and model differ");
}

#[test]
fn whatever_people_do_the_numbers_follow_from_the_ledger() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let database = runtime.block_on(TestDatabase::create());
    let db = runtime.block_on(database.open());
    let config = ProptestConfig {
        cases: 60,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let stories = std::cell::Cell::new(0);
    let result = TestRunner::new(config).run(&steps(), |steps| {
        // Each story has a workspace of its own.
        stories.set(stories.get() + 1);
        let workspace = format!("T{}", stories.get());
        runtime.block_on(play(&database, &db, &workspace, &steps));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    runtime.block_on(async {
        db.close().await;
        database.drop().await;
    });
}
