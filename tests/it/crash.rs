//! `kill -9`, five times in one burst, and a database that goes away: what was confirmed is stored, and posted, once.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plaudit::base::ids::{ChannelId, UserId};
use plaudit::sandbox::{Fault, RawAnswer, Seen};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Notify;

use crate::harness::TestDatabase;
use crate::harness::binary::{Company, Server, run, until};

/// Channels and people. A channel takes a message a second.
const CHANNELS: usize = 20;
/// Kudos in the burst. Each has a card and a DM, and each of five kills leaves up to 16 rows on their way, which are
/// brought up to date when they are found: together with the member list they stay below the 200 that the outbox sends
/// in a minute, or everybody would wait for the next one.
const KUDOS: usize = 56;
/// Clients that send at the same time.
const CLIENTS: usize = 8;
/// Processes killed while kudos come in, and how many each of them confirms before. What the other clients had sent may
/// be confirmed in the same moment; something is left for the next one nevertheless.
const KILLED: usize = 3;
const CONFIRMED: usize = 10;
const _: () = assert!(KILLED * (CONFIRMED + CLIENTS - 1) < KUDOS);
/// How many messages two later ones post before they are killed.
const POSTED: [usize; 2] = [10, 25];
/// Slack answers so slowly at first that every kill finds posts without an answer.
const SLOW: Duration = Duration::from_millis(200);
/// What the bot is called on the PostgreSQL server.
const ON_SERVER: &str = "plaudit_crash";

#[test]
fn what_was_confirmed_survives_kill_9_and_is_posted_once() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        survives(TestDatabase::File(folder)).await;
    });
}

#[test]
fn what_was_confirmed_survives_kill_9_on_postgresql_and_is_posted_once() {
    if std::env::var_os("TEST_DATABASE_URL").is_some() {
        run(async { survives(TestDatabase::create().await).await });
    }
}

async fn survives(database: TestDatabase) {
    let mut it = Company::new(database).await;
    it.set("PLAUDIT_ALLOWANCE", "0");
    if let TestDatabase::Schema { .. } = it.database {
        let url = format!("{}&application_name={ON_SERVER}", it.database.url());
        it.set("DATABASE_URL", &url);
    }
    let people: Vec<UserId> = (0..CHANNELS)
        .map(|n| it.add_person(&format!("agent{n}"), &format!("Agent {n}")))
        .collect();
    let channels: Vec<ChannelId> = (0..CHANNELS)
        .map(|n| it.add_channel(&format!("queue{n}"), &people))
        .collect();
    let words = |n: usize| format!("staying with ticket {n} to its end");
    let receiver = |n: usize| people[(n + 1 + n / CHANNELS) % CHANNELS].clone();
    let bodies: Vec<String> = (0..KUDOS)
        .map(|n| {
            let (giver, channel) = (&people[n % CHANNELS], &channels[n % CHANNELS]);
            it.kudos(giver, &receiver(n), channel, &words(n), &format!("burst.{n}"))
        })
        .collect();
    it.slack.fails("chat.postMessage", Fault::Slow(SLOW), None);

    let mut server = it.serves().await;
    until("the member list", 10, async || it.waiting().await == 0).await;
    let mut confirmed = BTreeSet::new();
    for _ in 0..KILLED {
        let killed_at = confirmed.len() + CONFIRMED;
        burst(&it, &bodies, &mut confirmed, |confirmed| {
            if confirmed == killed_at {
                server.kill();
            }
        })
        .await;
        assert!(server.ended().is_some());
        assert!(confirmed.len() < KUDOS, "the burst was over before the kill");
        let stored = exported(&it).await;
        for n in &confirmed {
            assert_eq!(stored.get(&words(*n)), Some(&1), "{n} was confirmed");
        }
        assert!(stored.values().all(|times| *times == 1), "{stored:?}");
        server = serves_again(&it).await;
    }

    // What nobody heard of is sent again; it is there once, whether it had arrived or not. Meanwhile the database goes
    // away and comes back, and nobody restarts the bot.
    let under_load = Notify::new();
    let sends = async {
        until("everything to be confirmed", 20, async || {
            let mut known = confirmed.clone();
            burst(&it, &bodies, &mut known, |_| under_load.notify_one()).await;
            known.len() == KUDOS
        })
        .await;
    };
    let cuts = async {
        under_load.notified().await;
        loses_its_database(&it).await;
    };
    tokio::join!(sends, cuts);
    assert!(server.ended().is_none(), "{}", server.logs());
    let everything: BTreeMap<String, usize> = (0..KUDOS).map(|n| (words(n), 1)).collect();
    assert_eq!(exported(&it).await, everything);

    // Killed while cards and DMs go out. On a machine that is slower than they are, nothing may be left to go out.
    for posts in POSTED {
        let mut seen = it.slack.watch();
        let posted = async {
            let mut posted = 0;
            while posted < posts {
                if let Seen::Posted(_) = seen.recv().await.expect("a message") {
                    posted += 1;
                }
            }
        };
        tokio::select! {
            () = posted => {}
            () = until("everything to be sent", 45, async || it.waiting().await == 0) => {}
        }
        server.kill();
        it.slack.heals("chat.postMessage");
        server = serves_again(&it).await;
    }
    until("everything to be sent", 45, async || it.waiting().await == 0).await;
    for n in 0..KUDOS {
        let card = shown_in(&it, &channels[n % CHANNELS], &words(n));
        let dm = it.slack.dm(&receiver(n)).map_or(0, |dm| shown_in(&it, &dm, &words(n)));
        assert_eq!((card, dm), (1, 1), "cards and DMs of {n}");
    }
    let failed = "SELECT COUNT(*) FROM outbox WHERE state = 'failed'";
    assert_eq!(it.database.number(failed).await, 0);
    assert_eq!(exported(&it).await, everything);
    let complaints = it.slack.unexpected();
    assert!(complaints.is_empty(), "{complaints:#?}");
    // Otherwise no kill found anything on its way.
    let looked_up = it
        .slack
        .calls()
        .iter()
        .filter(|call| call.method == "conversations.history")
        .count();
    assert!(looked_up > 0);
    server.signal("TERM");
    assert_eq!(server.ends_within(10).await, Some(0));
    it.database.drop().await;
}

/// Every connection of the bot is cut; where the server is the test's own, it also falls and is started again.
async fn loses_its_database(it: &Company) {
    let TestDatabase::Schema { server, .. } = &it.database else {
        return;
    };
    let mut connection = PgConnection::connect(server).await.expect("a connection");
    let cut = sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1")
        .bind(ON_SERVER)
        .fetch_all(&mut connection)
        .await
        .expect("the connections to be cut");
    assert!(!cut.is_empty(), "nothing was connected");
    if let Ok(restart) = std::env::var("TEST_POSTGRES_RESTART") {
        let restarted = tokio::task::spawn_blocking(move || Command::new("sh").args(["-c", &restart]).status());
        let restarted = restarted.await.expect("no panic").expect("the command to run");
        assert!(restarted.success(), "{restarted}");
    }
}

/// Sends what isn't confirmed from [`CLIENTS`] clients at once, and notes what was. `each` hears of every confirmation,
/// with how many there are.
async fn burst(it: &Company, bodies: &[String], confirmed: &mut BTreeSet<usize>, each: impl Fn(usize)) {
    let missing: Vec<usize> = (0..bodies.len()).filter(|n| !confirmed.contains(n)).collect();
    let next = AtomicUsize::new(0);
    let noted = Mutex::new(std::mem::take(confirmed));
    let client = async || {
        while let Some(n) = missing.get(next.fetch_add(1, Ordering::SeqCst)) {
            if is_confirmed(&it.sends("/slack/commands", &bodies[*n]).await) {
                let count = {
                    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                    noted.insert(*n);
                    noted.len()
                };
                each(count);
            }
        }
    };
    futures_util::future::join_all((0..CLIENTS).map(|_| client())).await;
    *confirmed = noted.into_inner().unwrap_or_else(PoisonError::into_inner);
}

/// How many messages of a channel hold these words.
fn shown_in(it: &Company, channel: &ChannelId, words: &str) -> usize {
    let messages = it.slack.messages(channel);
    messages
        .iter()
        .filter(|shown| it.slack.rendered(shown).contains(words))
        .count()
}

fn is_confirmed(answer: &RawAnswer) -> bool {
    assert!(
        matches!(answer.status, None | Some(200)),
        "neither an answer nor silence: {answer:?}"
    );
    answer.status == Some(200) && answer.body.contains("\"Undo\"")
}

/// The next process. The killed one can't give its rows back: a minute goes by, in the database, not here.
async fn serves_again(it: &Company) -> Server {
    it.execute("UPDATE outbox SET leased_until = leased_until - 60000 WHERE state = 'sending'")
        .await;
    it.serves().await
}

/// How often each reason is in the export, which the real binary writes.
async fn exported(it: &Company) -> BTreeMap<String, usize> {
    let output = it.runs(&["export", "kudos", "--format", "json"]).await;
    assert!(output.status.success(), "{output:?}");
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut reasons = BTreeMap::new();
    for row in rows {
        *reasons
            .entry(row["reason"].as_str().unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    reasons
}
