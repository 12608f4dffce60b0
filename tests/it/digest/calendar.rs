//! Every month of four years in ten zones, on a real database: told once, on the right day, also when nothing ran then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use plaudit::base::calendar::{Day, at_hour, local_day, parse_zone};
use plaudit::base::clock::{Instant, ManualClock};
use plaudit::base::ids::WorkspaceId;
use plaudit::digest::rules::{Month, told_at, told_on, told_until};
use plaudit::digest::{Gather, State, gather, kept_since, tick};
use plaudit::kudos::{Announce, Give, Receiver, Source, catch_up, record};
use plaudit::slack::client::Client;
use plaudit::store::{StoreError, Tx};
use plaudit::workspace::{Ctx, LiveSettings, Locale, Settings, Workspace, install};

use crate::harness::TestDatabase;

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Cairo",
];

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

/// How many days before and after its day no process ran, by the month's number: none, over the weekend, for a week, for
/// two.
const DOWN: [i64; 6] = [0, 0, 1, 3, 6, 14];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_month_of_four_years_is_claimed_once_in_ten_zones() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    for (n, name) in ZONES.into_iter().enumerate() {
        let zone = parse_zone(name).expect("a zone");
        let id = WorkspaceId(format!("T{n}"));
        let began = at_hour(day("2025-01-03"), 12, zone);
        let clock = Arc::new(ManualClock::new(began));
        let installed: Result<(), StoreError> = {
            let id = id.clone();
            db.write(async move |tx: &mut Tx| install(tx, &id, "Kettle & Co", &"UBOT".into(), began).await)
                .await
        };
        installed.expect("a workspace");
        let ctx = Ctx {
            db: db.clone(),
            clock: clock.clone(),
            // Nobody listens there: claiming asks Slack for nothing.
            slack: Client::new(
                &"http://127.0.0.1:9/".parse().expect("a URL"),
                "xoxb-none".to_owned().into(),
            )
            .expect("a client"),
            workspace: Arc::new(Workspace {
                id: id.clone(),
                name: "Kettle & Co".to_owned(),
                bot_user: "UBOT".into(),
                scopes: None,
            }),
            live: LiveSettings::new(Settings {
                channel: Some("C1".into()),
                stewards: vec!["USTEWARD".into()],
                timezone: Some(zone),
                ..Settings::default()
            }),
            locale: Locale::En,
        };
        let months: Vec<Month> = std::iter::successors(Some(Month::of(day("2025-01-01"))), |month| Some(month.next()))
            .take(48)
            .collect();
        let mut decided: BTreeMap<Month, (State, Instant)> = BTreeMap::new();
        for (n, month) in months.iter().enumerate() {
            let on = told_on(*month);
            let down = DOWN[n % DOWN.len()];
            // Two processes look twice a day, but for the days on which none runs.
            for back in (-6..=16).map(|days| on.plus(days)) {
                if down > 0 && back >= on.previous() && back < on.plus(down) {
                    continue;
                }
                for hour in [8, 9, 15] {
                    clock.advance_to(at_hour(back, hour, zone));
                    let (one, two) = tokio::join!(tick(&ctx), tick(&ctx));
                    one.and(two).expect("a look");
                    let kept: Result<_, StoreError> =
                        db.read(async |tx: &mut Tx| kept_since(tx, &id, months[0]).await).await;
                    for (month, kept) in kept.expect("months") {
                        if kept.state != State::Shown {
                            decided.entry(month).or_insert((kept.state, ctx.clock.now()));
                        }
                    }
                }
            }
        }
        // One after the other, none left out, none twice.
        assert_eq!(decided.keys().copied().collect::<Vec<_>>(), months, "{name}");
        for (n, month) in months.iter().enumerate() {
            let (state, at) = decided[month];
            let (on, down) = (told_on(*month), DOWN[n % DOWN.len()]);
            assert_eq!(Month::of(on), month.next(), "{name} {month}");
            if down == 0 {
                assert_eq!((state, at), (State::Posting, at_hour(on, 9, zone)), "{name} {month}");
            }
            let first_up = on.plus(down);
            if at_hour(first_up, 8, zone) >= told_until(*month, zone) {
                assert_eq!((state, local_day(at, zone)), (State::Asked, first_up), "{name} {month}");
            } else {
                assert_eq!(state, State::Posting, "{name} {month} down {down}");
                assert!(local_day(at, zone).is_working_day(), "{name} {month}");
                assert!(
                    at.since(at_hour(first_up, 9, zone)) <= Duration::from_secs(3 * 86_400),
                    "{name} {month}"
                );
            }
        }
        let posts = rows_of(&database, &id, "digest.post").await;
        let asked = decided.values().filter(|(state, _)| *state == State::Asked).count();
        assert_eq!(
            posts + asked,
            48,
            "{name}: as many posts as months, but for those asked about"
        );
        assert!(asked > 0, "{name}");
    }
    db.close().await;
    database.drop().await;
}

/// What is given in the first and in the last moment of each month is told with that month, and with no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_digest_covers_exactly_its_calendar_month_in_ten_zones() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    for (n, name) in ZONES.into_iter().enumerate() {
        let zone = parse_zone(name).expect("a zone");
        let id = WorkspaceId(format!("T{n}"));
        let months: Vec<Month> = std::iter::successors(Some(Month::of(day("2025-01-01"))), |month| Some(month.next()))
            .take(48)
            .collect();
        let moments = months.iter().flat_map(|month| {
            let first = at_hour(month.first(), 0, zone);
            [first, at_hour(month.next().first(), 0, zone).plus_millis(-1)]
        });
        let gives: Vec<Give> = moments.map(|at| give(&id, at, zone)).collect();
        let (workspace, began) = (id.clone(), at_hour(day("2024-12-01"), 0, zone));
        let stored: Result<(), StoreError> = db
            .write(async move |tx: &mut Tx| {
                install(tx, &workspace, "Kettle & Co", &"UBOT".into(), began).await?;
                record(tx, &gives).await.map(|_| ())
            })
            .await;
        stored.expect("what was given");
        while !catch_up(&db, &id).await.expect("standings") {}
        let settings = Settings::default();
        for month in months {
            let of = Gather {
                workspace: &id,
                name: "Kettle & Co",
                settings: &settings,
                month,
                zone,
                now: told_at(month, zone),
            };
            let told: Result<_, StoreError> = db.read(async |tx: &mut Tx| gather(tx, of).await).await;
            let told = told.expect("a digest");
            assert_eq!((told.sums.thanks, told.sums.givers), (2, 1), "{name} {month}");
            assert_eq!(
                told.days.0.keys().copied().collect::<Vec<_>>(),
                [month.first(), month.last()],
                "{name} {month}"
            );
            assert!(told.lacks.is_empty(), "{name} {month}");
        }
    }
    db.close().await;
    database.drop().await;
}

fn give(workspace: &WorkspaceId, at: Instant, zone: Tz) -> Give {
    Give {
        workspace: workspace.clone(),
        delivery: None,
        giver: "ULEE".into(),
        receivers: vec![Receiver::Member("UDANA".into())],
        reason: format!("the call at {}", at.millis()),
        values: Vec::new(),
        source: Source::Command,
        channel: None,
        effect: None,
        at,
        giver_day: local_day(at, zone),
        workspace_day: local_day(at, zone),
        cost: 0,
        allowance: None,
        announce: Announce::Silent,
        unchecked: Vec::new(),
        thread: None,
        lane: String::new(),
    }
}

async fn rows_of(database: &TestDatabase, workspace: &WorkspaceId, kind: &str) -> usize {
    let found = crate::harness::rows!(
        database,
        (i64,),
        sqlx::AssertSqlSafe(format!(
            "SELECT COUNT(*) FROM outbox WHERE workspace = '{workspace}' AND kind = '{kind}'"
        ))
    );
    usize::try_from(found[0].0).expect("a count")
}

/// Zones that clocks jump in are among them.
#[test]
fn the_zones_are_known() {
    for name in ZONES {
        assert!(parse_zone(name).is_some_and(|zone: Tz| zone.name() == name), "{name}");
    }
}
