//! What the digest of a big month costs: 20,000 people were thanked in it, and as many in the month before.
//!
//! `cargo bench --bench digest`; on SQLite, on a real disk. The digest must be there in two seconds: somebody may wait
//! for it.

use std::time::Duration;

use chrono_tz::Tz;
use plaudit::base::calendar::{Day, at_hour};
use plaudit::base::clock::Instant;
use plaudit::base::ids::{UserId, WorkspaceId};
use plaudit::digest::messages::{self, Reader};
use plaudit::digest::rules::{Month, told_at};
use plaudit::digest::{self, Gather, chart};
use plaudit::kudos::{self, Announce, Give, Receiver, Source, record};
use plaudit::slack::inbound::User;
use plaudit::store::{Db, StoreError, Tx};
use plaudit::workspace::{Locale, Settings, Team, TeamKind, install, save_team, upsert};

const PEOPLE: usize = 20_000;
/// Thanks in each of the two months.
const THANKS: usize = 100_000;
const ROUNDS: usize = 5;
const ZONE: Tz = Tz::Europe__Berlin;
const VALUES: [&str; 6] = ["calm", "clarity", "curiosity", "kindness", "ownership", "teamwork"];
/// The most that a digest may take.
const MOST: Duration = Duration::from_secs(2);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run());
}

#[allow(clippy::disallowed_methods, reason = "measures real time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn person(n: usize) -> UserId {
    UserId(format!("U{n:06}"))
}

fn give(workspace: &WorkspaceId, month: Month, n: usize) -> Give {
    let days = month.working_days();
    let day: Day = days[n % days.len()];
    let receiver = n % PEOPLE;
    let giver = (receiver + 1 + (n * 7_919) % (PEOPLE - 1)) % PEOPLE;
    let at = at_hour(day, 8, ZONE).plus_millis(i64::try_from(n).unwrap_or_default() * 97 % 36_000_000);
    Give {
        workspace: workspace.clone(),
        delivery: None,
        giver: person(giver),
        receivers: vec![Receiver::Member(person(receiver))],
        reason: format!("for the help with ticket {n} in {month}"),
        values: vec![VALUES[n % VALUES.len()].to_owned()],
        source: if n.is_multiple_of(50) {
            Source::Customer
        } else {
            Source::Command
        },
        channel: Some("C1".into()),
        effect: None,
        at,
        giver_day: day,
        workspace_day: day,
        cost: 0,
        allowance: None,
        announce: Announce::Silent,
        unchecked: Vec::new(),
        thread: None,
        lane: String::new(),
    }
}

async fn fill(db: &Db, workspace: &WorkspaceId, month: Month) {
    let start = Instant::default();
    let users: Vec<User> = (0..PEOPLE)
        .map(|n| {
            let profile = serde_json::json!({ "display_name": format!("Agent {n}") });
            serde_json::from_value(
                serde_json::json!({ "id": person(n), "name": format!("agent{n}"), "profile": profile }),
            )
            .expect("a user")
        })
        .collect();
    for page in users.chunks(500) {
        let (workspace, page) = (workspace.clone(), page.to_vec());
        db.write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            install(tx, &workspace, "Kettle & Co", &"UBOT".into(), start).await?;
            upsert(tx, &workspace, &page, start).await
        })
        .await
        .expect("members");
    }
    for (team, name) in ["Support", "IT", "Sales", "Billing", "Field"].into_iter().enumerate() {
        let workspace = workspace.clone();
        let people = (0..PEOPLE).filter(|n| n % 5 == team).map(person).collect();
        db.write(async move |tx: &mut Tx| {
            let team = Team::new(name, TeamKind::List, start);
            save_team(tx, &workspace, &person(0), &team, &people, start).await
        })
        .await
        .expect("a team");
    }
    for month in [month.previous(), month] {
        for list in (0..THANKS).collect::<Vec<_>>().chunks(1_000) {
            let gives: Vec<Give> = list.iter().map(|n| give(workspace, month, *n)).collect();
            db.write(async move |tx: &mut Tx| record(tx, &gives).await)
                .await
                .expect("kudos");
        }
    }
    while !kudos::catch_up(db, workspace).await.expect("standings") {}
}

async fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("digest.db").display());
    let db = Db::open(&url.parse().expect("a URL")).await.expect("a database");
    let (workspace, month) = (WorkspaceId::from("T1"), "2026-10".parse::<Month>().expect("a month"));
    let filling = now();
    fill(&db, &workspace, month).await;
    println!("filled in {:.0} s\n", filling.elapsed().as_secs_f64());

    let settings = Settings::default();
    let of = Gather {
        workspace: &workspace,
        name: "Kettle & Co",
        settings: &settings,
        month,
        zone: ZONE,
        now: told_at(month, ZONE),
    };
    let (mut gathering, mut naming, mut drawing) = (Vec::new(), Vec::new(), Vec::new());
    let mut parts = 0;
    for _ in 0..ROUNDS {
        let from = now();
        let told: Result<_, StoreError> = db.read(async |tx: &mut Tx| digest::gather(tx, of).await).await;
        let told = told.expect("a digest");
        let message = messages::digest(Locale::En, "/kudos", &told, "", Reader::Channel);
        gathering.push(from.elapsed());
        assert!(message.text().contains("98,000 thanks"), "{}", message.text());
        assert_eq!(told.recognised.len(), PEOPLE);

        let from = now();
        let named: Result<_, StoreError> = db.read(async |tx: &mut Tx| digest::gather_names(tx, of).await).await;
        let named = named.expect("names");
        let mut next = Some(0);
        parts = 0;
        while let Some(at) = next {
            next = messages::names(Locale::En, &named, at).1;
            parts += 1;
        }
        naming.push(from.elapsed());

        let from = now();
        assert!(chart::png(&chart::svg(&told.chart())).is_ok());
        drawing.push(from.elapsed());
    }
    println!("| a month of {THANKS} thanks to {PEOPLE} people, and as much the month before | median ms |");
    println!("|---|---|");
    for (what, times) in [
        ("the digest's figures and text", &mut gathering),
        (&format!("everybody's name, in {parts} messages"), &mut naming),
        ("the picture", &mut drawing),
    ] {
        times.sort();
        println!("| {what} | {:.0} |", times[ROUNDS / 2].as_secs_f64() * 1_000.0);
    }
    assert!(gathering[ROUNDS / 2] < MOST, "{gathering:?}");
    db.close().await;
}
