//! The boards benchmark: what a look at a board costs with 100 thousand, a million and (`-- --huge`) ten million kudos of
//! 20,000 members, on a real SQLite file.
//!
//! `cargo bench --bench boards` writes a year of kudos with set-based SQL, lets the bot's own code count what it counts
//! (the ten thousand latest rows, to time it; the rest is counted by SQL that says the same), and then asks in rounds
//! that alternate between the sizes, as the bot does: names looked up, who may be named, words that most people joined.
//! Prints medians, and fails where a look takes more than 10 ms or a million cost more than 2.5 times what 100 thousand
//! do.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::time::{Duration, Instant as Real};

use plaudit::base::calendar::{Day, Span, Unit};
use plaudit::base::clock::Instant;
use plaudit::base::ids::{UserId, WorkspaceId};
use plaudit::boards::coverage::{Of, lately};
use plaudit::boards::{Wanted, board, figure, most_boosted, said_to, thanked_by};
use plaudit::kudos::{Ranked, catch_up};
use plaudit::store::{Db, StoreError, Tx};
use plaudit::workspace::Settings;
use sqlx::{Connection as _, SqliteConnection};

const MEMBERS: i64 = 20_000;
const MOST_MILLIS: f64 = 10.0;
const MOST_RATIO: f64 = 2.5;
/// Rows that the bot's own code counts.
const COUNTED: i64 = 10_000;
/// What is asked for.
const ROWS: [&str; 8] = [
    "month board, givers",
    "month board, received",
    "year board, givers",
    "year board, received",
    "all time, givers",
    "three most joined words, year",
    "one person's figures",
    "coverage of everybody",
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let fine = runtime.block_on(run(has("--huge")));
    assert!(fine, "a look costs too much");
}

async fn run(huge: bool) -> bool {
    let mut sizes = vec![100_000, 1_000_000];
    if huge {
        sizes.push(10_000_000);
    }
    let mut worlds = Vec::new();
    for kudos in sizes {
        worlds.push(World::make(kudos).await);
    }
    let mut times = vec![vec![Vec::new(); ROWS.len()]; worlds.len()];
    for round in 0..41 {
        for (world, times) in worlds.iter().zip(&mut times) {
            for (row, times) in times.iter_mut().enumerate() {
                let begun = Real::now();
                world.look(row, round).await;
                times.push(begun.elapsed());
            }
        }
    }
    println!("\n| look | 100 thousand, ms | 1 million | ratio | 10 million |");
    println!("|---|---|---|---|---|");
    let mut fine = true;
    for (row, name) in ROWS.iter().enumerate() {
        let medians: Vec<f64> = times.iter().map(|of| median(of[row].clone())).collect();
        let ratio = medians[1] / medians[0];
        let last = medians
            .get(2)
            .map_or_else(|| "not run".to_owned(), |millis| format!("{millis:.2}"));
        println!(
            "| {name} | {:.2} | {:.2} | {ratio:.2} | {last} |",
            medians[0], medians[1]
        );
        fine &= medians.iter().take(2).all(|millis| *millis < MOST_MILLIS) && ratio <= MOST_RATIO;
    }
    fine
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

struct World {
    db: Db,
    id: WorkspaceId,
    today: Day,
    now: Instant,
    _folder: tempfile::TempDir,
}

/// The people, and a year of kudos: `n` is a row's number, `$1` how many there are. Half of what is given comes from a
/// tenth of the people; every fifteenth is a customer's, every fortieth was taken back, every twentieth was joined.
const PEOPLE_AND_KUDOS: [&str; 7] = [
    "INSERT INTO workspace (id, name, bot_user, installed_at, members_synced_at) VALUES ('T1', 'Acme', 'UBOT', 0, 0)",
    "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < 20000)
     INSERT INTO member (workspace, id, handle, display_name, real_name, timezone, guest, is_bot, is_deleted,
        is_stranger, is_admin, updated, first_seen_at, dm, is_unlisted)
     SELECT 'T1', printf('U%08d', n), printf('p%d', n), printf('Person %d', n), printf('Person %d', n), 'UTC', 'no', 0, 0,
        0, 0, 0, 0, NULL, n % 50 = 7 FROM c",
    "INSERT INTO place (workspace, channel, name, kind, postable, is_shared, refused_at, checked_at)
     VALUES ('T1', 'C1', 'kudos', 'public', 'yes', 0, 0, 0)",
    "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < $1),
        r AS MATERIALIZED (SELECT n, abs(random()) AS a, abs(random()) AS b, 1767225600000 + n * 31536000000 / $1 AS at
            FROM c)
     INSERT INTO ledger (id, kudos, workspace, giver, receiver, receiver_kind, source, channel, given_at, giver_day,
        workspace_day, cost, announce, sameness, reversed_at, is_ranked)
     SELECT printf('l%012d', n), printf('k%012d', n), 'T1',
        printf('U%08d', CASE WHEN a % 2 = 0 THEN a / 2 % 2000 ELSE a / 2 % 20000 END), printf('U%08d', b % 20000),
        'member', CASE WHEN n % 15 = 0 THEN 'customer' ELSE 'command' END, 'C1', at, date(at / 1000, 'unixepoch'),
        date(at / 1000, 'unixepoch'), 1, 'default', printf('s%d', n), CASE WHEN n % 40 = 0 THEN at + 1 END,
        n % 40 <> 0 AND n < $1 - 10000
     FROM r",
    "INSERT INTO words (kudos, workspace, reason, value_names)
     SELECT kudos, 'T1', 'calming the refund storm, number ' || kudos, '[\"calm\"]' FROM ledger",
    "INSERT INTO boosted (workspace, kudos, day, month, n)
     SELECT 'T1', kudos, workspace_day, substr(workspace_day, 1, 7), 1 + abs(random()) % 12 FROM ledger
     WHERE reversed_at IS NULL AND CAST(substr(kudos, 2) AS INTEGER) % 20 = 3",
    "INSERT INTO post (workspace, kudos, audience, channel, ts, permalink)
     SELECT 'T1', kudos, '', 'C1', kudos, '' FROM boosted",
];

/// The periods around a row's day.
const PERIODS: [&str; 5] = [
    "'w' || date(workspace_day, '-6 days', 'weekday 1')",
    "'m' || substr(workspace_day, 1, 7)",
    "'q' || substr(workspace_day, 1, 4) || '-' || ((CAST(substr(workspace_day, 6, 2) AS INTEGER) + 2) / 3)",
    "'y' || substr(workspace_day, 1, 4)",
    "'all'",
];

/// What the bot counts in a period.
fn counted(period: &str) -> [String; 2] {
    [
        format!(
            "INSERT INTO pair (workspace, period, giver, receiver, n)
             SELECT 'T1', {period} AS p, giver, receiver, COUNT(*) FROM ledger
             WHERE is_ranked AND source <> 'customer' GROUP BY p, giver, receiver"
        ),
        format!(
            "INSERT INTO standing (workspace, period, kind, member, n)
             SELECT 'T1', {period} AS p, CASE source WHEN 'customer' THEN 'customers' ELSE 'received' END AS k, receiver,
                COUNT(*) FROM ledger WHERE is_ranked GROUP BY p, k, receiver"
        ),
    ]
}

impl World {
    async fn make(kudos: i64) -> Self {
        let begun = Real::now();
        // Beside the build, which lies on a real disk; the folder for temporary files may be in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("plaudit.db").display());
        let db = Db::open(&url.parse().expect("a URL")).await.expect("a database");
        let mut connection = SqliteConnection::connect(&url).await.expect("a connection");
        let mut statements: Vec<String> = ["PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000", "BEGIN"]
            .iter()
            .chain(&PEOPLE_AND_KUDOS)
            .map(|text| (*text).to_owned())
            .collect();
        statements.extend(PERIODS.iter().flat_map(|period| counted(period)));
        statements.push(
            "INSERT INTO standing (workspace, period, kind, member, n)
             SELECT 'T1', period, 'givers', giver, COUNT(*) FROM pair GROUP BY period, giver"
                .to_owned(),
        );
        statements.push(
            "INSERT INTO thanked (workspace, member, day)
             SELECT 'T1', receiver, MAX(workspace_day) FROM ledger WHERE is_ranked GROUP BY receiver"
                .to_owned(),
        );
        statements.push(
            "UPDATE member SET thanked_on = t.day FROM thanked t WHERE t.workspace = 'T1' AND t.member = member.id"
                .to_owned(),
        );
        statements.push("COMMIT".to_owned());
        for statement in statements {
            let query = sqlx::query(sqlx::AssertSqlSafe(statement.clone()));
            let query = if statement.contains("$1") {
                query.bind(kudos)
            } else {
                query
            };
            query
                .execute(&mut connection)
                .await
                .unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
        let world = Self {
            db,
            id: "T1".into(),
            today: Day::new(2026, 12, 31).expect("a day"),
            now: Instant::from_millis(1_798_700_000_000),
            _folder: folder,
        };
        let made = begun.elapsed();
        // The latest are counted as the bot does it.
        let begun = Real::now();
        while !catch_up(&world.db, &world.id).await.expect("standings") {}
        let each = begun.elapsed().as_secs_f64() * 1e6 / COUNTED as f64;
        world.check(&mut connection).await;
        println!(
            "{kudos} kudos written in {:.0} s; counting took {each:.0} µs a kudos, twenty-five at a time",
            made.as_secs_f64()
        );
        world
    }

    /// The boards say what the ledger says.
    async fn check(&self, connection: &mut SqliteConnection) {
        for (ranked, figure) in [
            (Ranked::Received, "COUNT(*)"),
            (Ranked::Givers, "COUNT(DISTINCT receiver)"),
        ] {
            let (ranking, _) = self.board(Unit::Year, ranked).await;
            let by = if ranked == Ranked::Givers { "giver" } else { "receiver" };
            let query = format!(
                "SELECT {by} AS who, {figure} AS n FROM ledger
                 WHERE reversed_at IS NULL AND source <> 'customer' AND CAST(substr({by}, 2) AS INTEGER) % 50 <> 7
                 GROUP BY who ORDER BY n DESC, who LIMIT 10"
            );
            let told: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(query))
                .fetch_all(&mut *connection)
                .await
                .expect("rows");
            let shown: Vec<(String, i64)> = ranking.into_iter().map(|(member, n)| (member.0, n)).collect();
            assert_eq!(shown, told);
        }
    }

    async fn board(&self, unit: Unit, ranked: Ranked) -> (Vec<(UserId, i64)>, usize) {
        let settings = Settings::default();
        let wanted = Wanted {
            span: Span::around(unit, self.today),
            ranked,
            value: None,
            team: None,
        };
        let found: Result<_, StoreError> = self
            .db
            .read(async |tx: &mut Tx| board(tx, &self.id, &settings, &wanted, self.now).await)
            .await;
        let (ranking, known) = found.expect("a board");
        let places = ranking.places.into_iter().map(|place| (place.member, place.n));
        (places.collect(), known.len())
    }

    /// One look at one of [`ROWS`], as the bot takes it.
    async fn look(&self, row: usize, round: u32) {
        let settings = Settings::default();
        let (id, today, now) = (&self.id, self.today, self.now);
        match row {
            0 => assert_eq!(self.board(Unit::Month, Ranked::Givers).await.0.len(), 10),
            1 => assert_eq!(self.board(Unit::Month, Ranked::Received).await.0.len(), 10),
            2 => assert_eq!(self.board(Unit::Year, Ranked::Givers).await.0.len(), 10),
            3 => assert_eq!(self.board(Unit::Year, Ranked::Received).await.0.len(), 10),
            4 => assert_eq!(self.board(Unit::All, Ranked::Givers).await.0.len(), 10),
            5 => {
                let year = Span::around(Unit::Year, today);
                let found: Result<_, StoreError> = self
                    .db
                    .read(async |tx: &mut Tx| most_boosted(tx, id, &settings, year, 3).await)
                    .await;
                assert_eq!(found.expect("words").0.len(), 3);
            }
            6 => {
                // Everybody else another time.
                let member = UserId(format!("U{:08}", (i64::from(round) * 379 + 11) % MEMBERS));
                let month = Span::month(today);
                let looked: Result<_, StoreError> = self
                    .db
                    .read(async |tx: &mut Tx| {
                        let own = figure(tx, id, month, Ranked::Givers, &member).await?;
                        let customers = figure(tx, id, month, Ranked::Customers, &member).await?;
                        let thanked = thanked_by(tx, id, month, &member).await?;
                        let said = said_to(tx, id, Span::around(Unit::All, today), &member, None, 1).await?;
                        Ok((own, customers, thanked, said))
                    })
                    .await;
                let (_, _, _, said) = looked.expect("figures");
                assert!(said.len() <= 1);
            }
            _ => {
                let share: Result<_, StoreError> = self
                    .db
                    .read(async |tx: &mut Tx| lately(tx, id, &settings, Of::Headline, today, now).await)
                    .await;
                assert_eq!(share.expect("coverage").active, MEMBERS);
            }
        }
    }
}
