//! The digest of an empty, a tiny, a normal and a huge month, as it goes to Slack: one file each.

use chrono_tz::Tz;
use insta::assert_snapshot;
use plaudit::base::calendar::{Day, Span, at_hour};
use plaudit::base::clock::Instant;
use plaudit::base::ids::{UserId, WorkspaceId};
use plaudit::boards::coverage::{Of, Share, remember_month};
use plaudit::digest::messages::{self, Reader};
use plaudit::digest::rules::{Month, told_at};
use plaudit::digest::{self, Gather, chart};
use plaudit::kudos::{self, Announce, Give, Outcome, Receiver, Source, boost, record};
use plaudit::slack::client::Conversation;
use plaudit::slack::inbound::{Profile, User};
use plaudit::store::{Db, StoreError, Tx};
use plaudit::workspace::{Locale, Settings, Team, TeamKind, install, remember_conversation, save_team, upsert};
use serde_json::json;

use crate::harness::TestDatabase;

const ZONE: Tz = Tz::Europe__Berlin;

fn t1() -> WorkspaceId {
    "T1".into()
}

fn october() -> Month {
    "2026-10".parse().expect("a month")
}

fn person(n: usize) -> UserId {
    UserId(format!("U{n:04}"))
}

fn user(n: usize) -> User {
    const NAMES: [&str; 12] = [
        "Dana",
        "Lee",
        "Mo",
        "Ana",
        "Jon",
        "Wei",
        "Priya",
        "Aylin",
        "Tomasz",
        "Zoë",
        "O'Hara & Sons",
        "美咲",
    ];
    let name = NAMES
        .get(n)
        .map_or_else(|| format!("Agent {n:03}"), |name| (*name).to_owned());
    User {
        id: person(n),
        name: format!("person{n}"),
        profile: Profile {
            display_name: name,
            ..Profile::default()
        },
        ..User::default()
    }
}

/// One thank-you: who, whom, on which day, for what.
fn give(giver: usize, receivers: &[usize], day: Day, reason: &str, values: &[&str], source: Source) -> Give {
    Give {
        workspace: t1(),
        delivery: None,
        giver: person(giver),
        receivers: receivers.iter().map(|n| Receiver::Member(person(*n))).collect(),
        reason: reason.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        source,
        channel: Some("C1".into()),
        effect: None,
        at: at_hour(day, 11, ZONE),
        giver_day: day,
        workspace_day: day,
        cost: 0,
        allowance: None,
        announce: Announce::Silent,
        unchecked: Vec::new(),
        thread: None,
        lane: "C1".to_owned(),
    }
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

async fn write<T: Send + 'static>(db: &Db, work: impl AsyncFn(&mut Tx) -> Result<T, StoreError> + Send + 'static) -> T {
    db.write(work).await.expect("a write")
}

/// Tells October to a company of so many people, after what `gives` says, with so many who joined the first of them.
async fn told(people: usize, gives: Vec<Give>, joined: usize, shares: &'static [i64]) -> String {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    let start = at_hour(day("2026-08-01"), 0, ZONE);
    let users: Vec<User> = (0..people).map(user).collect();
    let outcomes = write(&db, async move |tx: &mut Tx| {
        install(tx, &t1(), "Kettle & Co", &"UBOT".into(), start).await?;
        upsert(tx, &t1(), &users, Instant::default()).await?;
        let channel = Conversation {
            name: Some("kudos".to_owned()),
            ..serde_json::from_value(json!({ "id": "C1", "is_private": false })).expect("a conversation")
        };
        remember_conversation(tx, &t1(), &"C1".into(), Some(&channel), start).await?;
        for (name, third) in [("Support", 0), ("IT", 1), ("Sales", 2)] {
            let of_third = (0..people).filter(|n| n % 3 == third).map(person).collect();
            let team = Team::new(name, TeamKind::List, start);
            save_team(tx, &t1(), &person(0), &team, &of_third, start).await?;
        }
        record(tx, &gives).await
    })
    .await;
    // Their cards stand in a public channel.
    database
        .execute(
            "INSERT INTO post (workspace, kudos, audience, channel, ts, permalink)
             SELECT DISTINCT workspace, kudos, '', 'C1', kudos, '' FROM ledger",
        )
        .await;
    let given: Vec<_> = outcomes
        .into_iter()
        .filter_map(|outcome| match outcome {
            Outcome::Given { kudos, .. } => Some(kudos),
            _ => None,
        })
        .collect();
    for n in 0..joined {
        let first = given[0].clone();
        write(&db, async move |tx: &mut Tx| {
            boost(tx, &t1(), &first, &person(n + 4), true, start).await
        })
        .await;
    }
    while !kudos::catch_up(&db, &t1()).await.expect("standings") {}
    // What coverage was in the months before, the latest last.
    let mut before = october();
    for percent in shares.iter().rev() {
        before = before.previous();
        let span = Span::month(before.first());
        let share = Share {
            active: 100,
            thanked: *percent,
        };
        write(&db, async move |tx: &mut Tx| {
            remember_month(tx, &t1(), Of::Headline, span, share).await
        })
        .await;
    }
    let settings = Settings::default();
    let of = Gather {
        workspace: &t1(),
        name: "Kettle & Co",
        settings: &settings,
        month: october(),
        zone: ZONE,
        now: told_at(october(), ZONE),
    };
    let read: Result<_, StoreError> = db
        .read(async |tx: &mut Tx| Ok((digest::gather(tx, of).await?, digest::gather_names(tx, of).await?)))
        .await;
    let (told, named) = read.expect("a digest");
    db.close().await;
    database.drop().await;

    let message = messages::digest(Locale::En, "/kudos", &told, "", Reader::Channel);
    let mut thread = Vec::new();
    let mut from = Some(0).filter(|_| !named.people.is_empty());
    while let Some(at) = from {
        let (part, next) = messages::names(Locale::En, &named, at);
        thread.push(part);
        from = next;
    }
    let words = |message: &plaudit::slack::blocks::Message| message.text().to_owned();
    let thread_words: Vec<String> = thread.iter().map(words).collect();
    let blocks = serde_json::to_string_pretty(&message).expect("JSON");
    let drawn = told.chart();
    assert!(chart::png(&chart::svg(&drawn)).is_ok_and(|bytes| bytes.len() > 1_000));
    if let Some(folder) = std::env::var_os("PLAUDIT_PICTURES") {
        let file = std::path::Path::new(&folder).join(format!("golden-{people}.png"));
        std::fs::write(file, chart::png(&chart::svg(&drawn)).expect("a picture")).expect("a file");
    }
    format!(
        "{}\n\n== in the thread ==\n{}\n\n== the picture in words ==\n{}\n\n== to forward ==\n{}\n\n== as blocks ==\n{blocks}\n",
        message.text(),
        thread_words.join("\n---\n"),
        chart::alt_text(&drawn),
        messages::executives(Locale::En, &told).text(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_month() {
    assert_snapshot!("empty", told(6, Vec::new(), 0, &[]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tiny_month() {
    let one = give(
        1,
        &[0],
        day("2026-10-06"),
        "calming the refund storm with a full queue",
        &["calm"],
        Source::Command,
    );
    assert_snapshot!("tiny", told(6, vec![one], 0, &[]).await);
}

/// A month of a middling company, its figures spread by plain arithmetic.
fn month(people: usize, month: Month, each_day: usize, shift: usize) -> Vec<Give> {
    const REASONS: [(&str, &[&str]); 5] = [
        ("Ana noticed the outage before any customer did.", &["ownership"]),
        (
            "stayed on the line until the boiler came back on",
            &["calm", "kindness"],
        ),
        ("wrote the answer that the next ten people will need", &["clarity"]),
        ("took the night shift so that I could be at the recital", &["teamwork"]),
        ("asked one more time, and found the real cause", &[]),
    ];
    let mut gives = Vec::new();
    for (n, day) in month.working_days().into_iter().enumerate() {
        for k in 0..(each_day + (n * 7 + shift) % 5) {
            let receiver = (n * each_day + k + shift) % people;
            let giver = (receiver + 1 + (n * 3 + k * 11) % (people - 1)) % people;
            let (reason, values) = REASONS[(n + k) % REASONS.len()];
            let reason = format!("{reason} (no. {n}.{k})");
            gives.push(give(giver, &[receiver], day, &reason, values, Source::Command));
        }
    }
    gives
}

fn customers(day: Day, about: usize, passed_on_by: usize, words: &str) -> Give {
    give(passed_on_by, &[about], day, words, &[], Source::Customer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_normal_month() {
    // The first is the one that people join.
    let mut gives = vec![give(
        1,
        &[3],
        day("2026-10-20"),
        "Ana noticed the outage before any customer did.",
        &["ownership"],
        Source::Command,
    )];
    gives.extend(month(20, october(), 4, 1));
    gives.extend(month(18, october().previous(), 2, 2));
    gives.push(customers(
        day("2026-10-12"),
        0,
        1,
        "She stayed on the line until the boiler came back on.",
    ));
    gives.push(customers(day("2026-10-09"), 2, 4, "Finally somebody who listened."));
    gives.push(give(
        5,
        &[6],
        day("2026-10-10"),
        "a Saturday that nobody asked for",
        &["calm"],
        Source::Command,
    ));
    assert_snapshot!(
        "normal",
        told(24, gives, 11, &[64, 60, 66, 71, 70, 74, 78, 76, 79, 83, 81]).await
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_huge_month() {
    let gives = month(500, october(), 60, 3);
    assert_snapshot!("huge", told(500, gives, 3, &[99, 97]).await);
}
