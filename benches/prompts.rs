//! What looking for due prompts costs: `cargo bench --bench prompts`.
//!
//! A look with nothing due happens once a second in every process, so it must cost next to nothing however many schedules
//! there are. Prints medians over many looks, at a thousand and at ten thousand schedules of one SQLite file.

use std::time::{Duration, Instant as Timer};

use plaudit::base::clock::Instant;
use plaudit::base::ids::WorkspaceId;
use plaudit::prompts::store::put;
use plaudit::prompts::{Cron, Schedule, next_due};
use plaudit::store::{Db, StoreError, Tx};

const LOOKS: usize = 500;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        println!("| schedules | a look with nothing due, median µs |");
        println!("|---|---|");
        for schedules in [1_000, 10_000] {
            let median = looks(schedules).await;
            println!("| {schedules} | {} |", median.as_micros());
            assert!(median < Duration::from_millis(10), "a look must cost less than 10 ms");
        }
    });
}

async fn looks(schedules: i64) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("prompts.db").display());
    let db = Db::open(&url.parse().expect("a URL")).await.expect("a database");
    let workspace: WorkspaceId = "T1".into();
    let now = Instant::from_millis(1_780_401_720_000);
    let of = workspace.clone();
    for page in 0..schedules / 500 {
        let of = of.clone();
        let stored: Result<(), StoreError> = db
            .write(async move |tx: &mut Tx| {
                for n in page * 500..(page + 1) * 500 {
                    put(tx, &of, &schedule(n), Some(now.plus_millis(60_000 + n))).await?;
                }
                Ok(())
            })
            .await;
        stored.expect("schedules");
    }
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let from = timer();
        let due: Result<_, StoreError> = db.read(async |tx: &mut Tx| next_due(tx, &workspace).await).await;
        times.push(from.elapsed());
        assert!(due.expect("an answer").is_some_and(|due| due > now));
    }
    db.close().await;
    times.sort();
    times[times.len() / 2]
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timer() -> Timer {
    Timer::now()
}

fn schedule(n: i64) -> Schedule {
    let cron = Cron::parse("30 9 * * 1-5").expect("a cron expression");
    let (id, channel) = (format!("s{n}").into(), format!("C{n}").into());
    Schedule::usual(id, channel, cron, chrono_tz::Europe::Berlin, "U1".into())
}
