//! Boards name who gave and who was thanked, never a bottom; and their figures are what the ledger says.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use plaudit::base::calendar::{Day, Span, Unit, local_day};
use plaudit::base::clock::Instant;
use plaudit::base::ids::{KudosId, UserId, WorkspaceId};
use plaudit::boards::coverage::{Of, Share, forgotten, lately};
use plaudit::boards::rules::{Ranking, forgotten_since, rank};
use plaudit::boards::{Wanted, board, thanked_by};
use plaudit::kudos::{
    self, Announce, Give, Outcome, Ranked, Receiver, Source, TakeBack, catch_up, count_up, record, take_back_sent,
};
use plaudit::slack::inbound::{Profile, User};
use plaudit::store::{Db, StoreError, Tx};
use plaudit::workspace::{Choices, Settings, choose, install, upsert};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::harness::{TestDatabase, rows, written};

// Boards from standings equal boards from the ledger, whatever happened.

const PEOPLE: [&str; 14] = [
    "UANA", "UBEA", "UCAI", "UDANA", "UEVE", "UFIN", "UGIL", "UHAL", "UIDA", "UJON", "UKAI", "ULEE", "UMO", "UWEI",
];
const ZONES: [Tz; 4] = [
    Tz::Europe__Berlin,
    Tz::Pacific__Kiritimati,
    Tz::America__Los_Angeles,
    Tz::UTC,
];
/// Around a change of year, of quarter, of month and of week.
const BEGIN: i64 = 1_798_500_000_000;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody thanks some, so many hours later, for the value or none.
    Give {
        giver: usize,
        receivers: BTreeSet<usize>,
        source: usize,
        hours: i64,
        valued: bool,
    },
    /// One of the kudos is taken back, its rows all at once.
    TakeBack(usize),
    /// Somebody doesn't want to be on boards any more, or again.
    Unlisted(usize, bool),
    /// Somebody goes on leave, or comes back.
    Away(usize, bool),
    /// The workspace moves.
    Zone(usize),
    /// Some of what waits is counted.
    Count(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let people = 0..PEOPLE.len();
    prop_oneof![
        8 => (people.clone(), proptest::collection::btree_set(0..PEOPLE.len() + 1, 1..4), 0..4_usize, 0..60_i64, any::<bool>())
            .prop_map(|(giver, receivers, source, hours, valued)| Step::Give { giver, receivers, source, hours, valued }),
        3 => any::<usize>().prop_map(Step::TakeBack),
        1 => (people.clone(), any::<bool>()).prop_map(|(who, on)| Step::Unlisted(who, on)),
        1 => (people, any::<bool>()).prop_map(|(who, on)| Step::Away(who, on)),
        1 => (0..ZONES.len()).prop_map(Step::Zone),
        2 => (1..6_i64).prop_map(Step::Count),
    ]
}

fn member(id: &str) -> User {
    User {
        id: id.into(),
        name: id.to_lowercase(),
        profile: Profile::default(),
        ..User::default()
    }
}

fn receiver(n: usize) -> Receiver {
    PEOPLE
        .get(n)
        .map_or_else(|| Receiver::Group("SEMEA".into()), |id| Receiver::Member((*id).into()))
}

macro_rules! seen {
    ($db:expr, $tx:ident => $work:expr) => {{
        let done: Result<_, StoreError> = $db.read(async |$tx: &mut Tx| $work.await).await;
        done.expect(stringify!($work))
    }};
}

/// One row of the ledger that stands and thanks a person.
struct Row {
    giver: String,
    receiver: String,
    by_customer: bool,
    day: Day,
    valued: bool,
}

async fn ledger(database: &TestDatabase, workspace: &WorkspaceId) -> Vec<Row> {
    let found = rows!(
        database,
        (String, String, String, String, String),
        sqlx::AssertSqlSafe(format!(
            "SELECT l.giver, l.receiver, l.source, l.workspace_day, w.value_names FROM ledger l
             JOIN words w ON w.kudos = l.kudos WHERE l.workspace = '{workspace}' AND l.reversed_at IS NULL
                AND l.receiver_kind = 'member'"
        ))
    );
    found
        .into_iter()
        .map(|(giver, receiver, source, day, values)| Row {
            giver,
            receiver,
            by_customer: source == "customer",
            day: day.parse().expect("a day"),
            valued: values.contains("calm"),
        })
        .collect()
}

/// A board by looking at every row.
fn by_brute_force(ledger: &[Row], span: Span, ranked: Ranked, only_valued: bool, unlisted: &BTreeSet<&str>) -> Ranking {
    let mut figures: BTreeMap<&str, i64> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    for row in ledger
        .iter()
        .filter(|row| span.contains(row.day) && (row.valued || !only_valued))
    {
        match ranked {
            Ranked::Givers if !row.by_customer && pairs.insert((&row.giver, &row.receiver)) => {
                *figures.entry(&row.giver).or_default() += 1;
            }
            Ranked::Received if !row.by_customer => *figures.entry(&row.receiver).or_default() += 1,
            Ranked::Customers if row.by_customer => *figures.entry(&row.receiver).or_default() += 1,
            _ => {}
        }
    }
    let listed = figures.into_iter().filter(|(member, _)| !unlisted.contains(member));
    rank(
        listed
            .map(|(member, n)| plaudit::boards::rules::Row {
                member: member.into(),
                n,
            })
            .collect(),
    )
}

async fn live(database: &TestDatabase, db: &Db, workspace: &WorkspaceId, steps: &[Step]) {
    let id = workspace.clone();
    let everybody: Vec<User> = PEOPLE.iter().map(|id| member(id)).collect();
    written!(db, tx => async {
        install(tx, &id, "Acme", &"UBOT".into(), Instant::from_millis(BEGIN)).await?;
        upsert(tx, &id, &everybody, Instant::default()).await
    });
    let (mut now, mut zone) = (Instant::from_millis(BEGIN), Tz::UTC);
    let mut given: Vec<(KudosId, UserId)> = Vec::new();
    let mut choices = [Choices::default(); PEOPLE.len()];
    for (n, step) in steps.iter().enumerate() {
        let id = workspace.clone();
        match step {
            Step::Give {
                giver,
                receivers,
                source,
                hours,
                valued,
            } => {
                now = now.plus_millis(hours * 3_600_000);
                let give = Give {
                    workspace: id,
                    delivery: None,
                    giver: PEOPLE[*giver].into(),
                    receivers: receivers.iter().filter(|n| *n != giver).map(|n| receiver(*n)).collect(),
                    reason: format!("thing {n}"),
                    values: if *valued { vec!["calm".to_owned()] } else { Vec::new() },
                    source: [Source::Command, Source::Reaction, Source::Customer, Source::Import][*source],
                    channel: None,
                    effect: None,
                    at: now,
                    giver_day: local_day(now, zone),
                    workspace_day: local_day(now, zone),
                    cost: 0,
                    allowance: None,
                    announce: Announce::Silent,
                    unchecked: Vec::new(),
                    thread: None,
                    lane: String::new(),
                };
                if give.receivers.is_empty() {
                    continue;
                }
                let by = give.giver.clone();
                let outcomes = written!(db, tx => record(tx, std::slice::from_ref(&give)));
                if let Some(Outcome::Given { kudos, .. }) = outcomes.first() {
                    given.push((kudos.clone(), by));
                }
            }
            Step::TakeBack(which) if !given.is_empty() => {
                let (kudos, by) = given[which % given.len()].clone();
                let wish = TakeBack {
                    workspace: id,
                    kudos,
                    by,
                    at: now,
                    zone,
                    allowance: None,
                    recognition: None,
                };
                written!(db, tx => take_back_sent(tx, &wish, zone));
            }
            Step::Unlisted(who, on) | Step::Away(who, on) => {
                let own = &mut choices[*who];
                if matches!(step, Step::Away(..)) {
                    own.is_away = *on;
                } else {
                    own.is_unlisted = *on;
                }
                let (who, own) = (UserId::from(PEOPLE[*who]), *own);
                written!(db, tx => choose(tx, &id, &who, own));
            }
            Step::Zone(which) => zone = ZONES[*which],
            Step::Count(most) => {
                let most = *most;
                written!(db, tx => count_up(tx, &id, most));
            }
            Step::TakeBack(_) => {}
        }
    }
    assert!(catch_up(db, workspace).await.expect("standings"));

    let ledger = ledger(database, workspace).await;
    let settings = Settings::default();
    let unlisted: BTreeSet<&str> = (0..PEOPLE.len())
        .filter(|n| choices[*n].is_unlisted)
        .map(|n| PEOPLE[n])
        .collect();
    let mut days: BTreeSet<Day> = ledger.iter().map(|row| row.day).collect();
    let today = local_day(now, zone);
    days.insert(today);
    let units = [Unit::Week, Unit::Month, Unit::Quarter, Unit::Year, Unit::All];
    let spans: BTreeSet<Span> = days
        .iter()
        .flat_map(|day| units.map(|unit| Span::around(unit, *day)))
        .collect();
    for span in spans {
        for ranked in Ranked::ALL {
            for value in [None, Some("calm".to_owned())] {
                let expected = by_brute_force(&ledger, span, ranked, value.is_some(), &unlisted);
                let wanted = Wanted {
                    span,
                    ranked,
                    value,
                    team: None,
                };
                let (told, _) = seen!(db, tx => board(tx, workspace, &settings, &wanted, now));
                assert_eq!(told, expected, "{wanted:?}");
            }
        }
        for who in PEOPLE {
            let from: BTreeSet<&String> = ledger
                .iter()
                .filter(|row| row.receiver == who && !row.by_customer && span.contains(row.day))
                .map(|row| &row.giver)
                .collect();
            let told = seen!(db, tx => thanked_by(tx, workspace, span, &who.into()));
            assert_eq!(told, i64::try_from(from.len()).expect("a number"), "{who} {span:?}");
        }
    }
    let last = |who: &str| ledger.iter().filter(|row| row.receiver == who).map(|row| row.day).max();
    let active: BTreeSet<UserId> = (0..PEOPLE.len())
        .filter(|n| !choices[*n].is_away)
        .map(|n| PEOPLE[n].into())
        .collect();
    for today in [today, today.plus(17), today.plus(45)] {
        let expected = Share {
            active: i64::try_from(active.len()).expect("a number"),
            thanked: i64::try_from(
                active
                    .iter()
                    .filter(|who| last(who.as_str()).is_some_and(|day| today.days_since(day) < 30))
                    .count(),
            )
            .expect("a number"),
        };
        let told = seen!(db, tx => lately(tx, workspace, &settings, Of::Headline, today, now));
        assert_eq!(told, expected, "{today}");
        let since = forgotten_since(today);
        let expected: BTreeMap<UserId, Option<Day>> = active
            .iter()
            .map(|who| (who.clone(), last(who.as_str())))
            .filter(|(_, day)| day.is_none_or(|day| day <= since))
            .collect();
        let told = seen!(db, tx => forgotten(tx, workspace, &active, today));
        assert_eq!(told.into_iter().collect::<BTreeMap<_, _>>(), expected, "{today}");
    }
}

#[test]
fn boards_are_what_the_ledger_says_after_any_history() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let database = runtime.block_on(TestDatabase::create());
    let db = runtime.block_on(database.open());
    let config = ProptestConfig {
        cases: 24,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let histories = std::cell::Cell::new(0);
    let result = TestRunner::new(config).run(&proptest::collection::vec(step(), 1..60), |steps| {
        // Each history has a workspace of its own.
        histories.set(histories.get() + 1);
        let workspace = WorkspaceId(format!("T{}", histories.get()));
        runtime.block_on(live(&database, &db, &workspace, &steps));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    runtime.block_on(async {
        let recount = kudos::recount(&db).await.expect("a recount");
        assert_eq!(recount.differences, []);
        db.close().await;
        database.drop().await;
    });
}
