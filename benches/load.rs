//! The load benchmark: the real binary, real disk (`synchronous=FULL`), real signed HTTP.
//!
//! `cargo bench --bench load` starts the release binary and a Slack that answers, and sends unique signed `/kudos`,
//! alternating with a request that is only checked and dropped (an event of an unknown type): the yardstick. Machines
//! and their noise differ, the ratio of the two within one run says how much giving costs. Prints medians over rounds.
//!
//! `-- --rounds N --seconds N` change how long it runs (defaults 5 and 2).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use plaudit::app::manifest;
use plaudit::base::clock::{Clock as _, SystemClock};
use plaudit::base::ids::{ChannelId, UserId, WorkspaceId};
use plaudit::sandbox::{NewChannel, NewPerson, Sandbox};
use plaudit::slack::inbound::User;
use plaudit::slack::signature::sign;
use plaudit::store::{Db, Tx};
use plaudit::workspace::upsert;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Enough that a giver's last ten minutes are as empty as in a real workspace.
const GIVERS: usize = 5_000;
const PEOPLE: usize = 6_000;
const CHANNELS: usize = 20;
/// How often each of Slack's payloads is delivered.
const REPLAYS: usize = 21;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let (rounds, seconds) = (number("--rounds", 5).max(1), number("--seconds", 2).max(1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(run(rounds, Duration::from_secs(seconds as u64)));
}

async fn run(rounds: usize, length: Duration) {
    let world = World::start().await;
    println!(
        "{} CPUs; {rounds} rounds of {} s each; medians\n",
        cpus(),
        length.as_secs()
    );
    println!("| connections | request | requests/s | p50 ms | p99 ms | CPU µs/request | ÷ yardstick |");
    println!("|---|---|---|---|---|---|---|");
    for connections in CONNECTIONS {
        let mut yardstick = Vec::new();
        let mut kudos = Vec::new();
        world.load(Kind::Kudos, connections, Duration::from_millis(300)).await;
        for _ in 0..rounds {
            yardstick.push(world.load(Kind::Yardstick, connections, length).await);
            kudos.push(world.load(Kind::Kudos, connections, length).await);
        }
        let ratios: Vec<f64> = kudos
            .iter()
            .zip(&yardstick)
            .map(|(kudos, yardstick)| kudos.rate / yardstick.rate)
            .collect();
        print(connections, "checked and dropped", &yardstick, 1.0);
        print(connections, "signed /kudos, on disk", &kudos, median(ratios));
    }
    world.replays().await;
    println!(
        "\npeak memory {:.1} MB, {} kudos stored",
        world.peak_megabytes(),
        world.stored()
    );
    assert_eq!(
        world.stored(),
        world.given.load(std::sync::atomic::Ordering::Relaxed),
        "acknowledged = stored"
    );
}

fn print(connections: usize, name: &str, rounds: &[Round], ratio: f64) {
    let of = |f: fn(&Round) -> f64| median(rounds.iter().map(f).collect());
    println!(
        "| {connections} | {name} | {:.0} | {:.2} | {:.2} | {:.0} | {ratio:.3} |",
        of(|round| round.rate),
        of(|round| round.p50),
        of(|round| round.p99),
        of(|round| round.cpu)
    );
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Yardstick,
    Kudos,
}

struct Round {
    rate: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
}

/// The member list, which the bot would otherwise take page by page.
async fn remember(database: &str, workspace: &WorkspaceId, people: &[UserId]) {
    let db = Db::open(&database.parse().expect("a URL")).await.expect("a database");
    let users: Vec<User> = people
        .iter()
        .enumerate()
        .map(|(n, id)| {
            let profile = serde_json::json!({ "real_name": format!("Agent {n}") });
            serde_json::from_value(serde_json::json!({ "id": id, "name": format!("agent{n}"), "profile": profile }))
                .expect("a user")
        })
        .collect();
    for page in users.chunks(500) {
        let (workspace, page) = (workspace.clone(), page.to_vec());
        db.write(async move |tx: &mut Tx| upsert(tx, &workspace, &page, SystemClock.now()).await)
            .await
            .expect("members");
    }
    db.close().await;
}

/// The bot as a process, and what stands around it.
struct World {
    bot: Child,
    address: String,
    secret: String,
    workspace: String,
    database: String,
    people: Vec<UserId>,
    channels: Vec<ChannelId>,
    unique: std::sync::atomic::AtomicU64,
    given: std::sync::atomic::AtomicU64,
    _slack: Sandbox,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.bot.kill();
        let _ = self.bot.wait();
    }
}

impl World {
    async fn start() -> Self {
        let url = url::Url::parse("https://plaudit.example.com").expect("a URL");
        let slack = Sandbox::start(manifest::build(&url, "/kudos"), Arc::new(SystemClock))
            .await
            .expect("a sandbox");
        slack.strict_rates(false);
        let people: Vec<UserId> = (0..PEOPLE)
            .map(|n| {
                slack.add_person(NewPerson {
                    handle: format!("agent{n}"),
                    real_name: format!("Agent {n}"),
                    ..NewPerson::default()
                })
            })
            .collect();
        let channels = (0..CHANNELS)
            .map(|n| {
                slack.add_channel(NewChannel {
                    name: format!("team{n}"),
                    with_app: true,
                    ..NewChannel::default()
                })
            })
            .collect();
        // Beside the build, where there is a real disk; the system's temporary folder may be memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let database = format!("sqlite://{}", folder.path().join("plaudit.db").display());
        remember(&database, &slack.workspace(), &people).await;
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let address = format!("127.0.0.1:{port}");
        let mut bot = Command::new(env!("CARGO_BIN_EXE_plaudit"))
            .arg("serve")
            .current_dir(folder.path())
            .env("SLACK_SIGNING_SECRET", slack.signing_secret())
            .env("SLACK_BOT_TOKEN", slack.bot_token())
            .env("SLACK_API_URL", slack.api_url().as_str())
            .env("DATABASE_URL", &database)
            .env("PLAUDIT_LISTEN", &address)
            .env("PLAUDIT_ALLOWANCE", "0")
            .env("PLAUDIT_LOG", "info")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the bot");
        let mut log = BufReader::new(bot.stderr.take().expect("its log"));
        let mut line = String::new();
        while !line.contains("ready for Slack") {
            line.clear();
            assert!(log.read_line(&mut line).expect("its log") > 0, "the bot ended");
        }
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self {
            bot,
            address,
            secret: slack.signing_secret(),
            workspace: slack.workspace().0,
            database,
            people,
            channels,
            unique: 0.into(),
            given: 0.into(),
            _slack: slack,
            _folder: folder,
        }
    }

    async fn number(&self, query: &'static str) -> (i64,) {
        use sqlx::Connection as _;
        let mut connection = sqlx::SqliteConnection::connect(&self.database)
            .await
            .expect("the database");
        sqlx::query_as(query)
            .fetch_one(&mut connection)
            .await
            .expect("a number")
    }

    fn stored(&self) -> u64 {
        let count = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(self.number("SELECT COUNT(*) FROM ledger"))
        });
        u64::try_from(count.0).unwrap_or_default()
    }

    fn body(&self, kind: Kind) -> String {
        let n = self.unique.fetch_add(1, std::sync::atomic::Ordering::Relaxed) as usize;
        match kind {
            Kind::Yardstick => format!(
                r#"{{"type":"event_callback","team_id":"{}","event_id":"Ev{n}","event_time":1,"event":{{"type":"pin_added","user":"U1"}}}}"#,
                self.workspace
            ),
            Kind::Kudos => {
                let giver = &self.people[n % GIVERS];
                let receiver = &self.people[GIVERS + n * 7 % (PEOPLE - GIVERS)];
                let channel = &self.channels[n % CHANNELS];
                format!(
                    "team_id={}&channel_id={channel}&channel_name=team&user_id={giver}&command=%2Fkudos&text=%3C%40{receiver}%7Cagent%3E+for+calming+the+refund+storm+number+w{n}+with+a+full+queue+%23calm&trigger_id=1.2.{n}&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2Fx",
                    self.workspace
                )
            }
        }
    }

    fn request(&self, kind: Kind) -> Vec<u8> {
        let (path, content) = match kind {
            Kind::Yardstick => ("events", JSON),
            Kind::Kudos => ("commands", FORM),
        };
        self.signed(path, content, &self.body(kind))
    }

    fn signed(&self, path: &str, content: &str, body: &str) -> Vec<u8> {
        let timestamp = SystemClock.now().seconds().to_string();
        let signature = sign(&self.secret, &timestamp, body.as_bytes());
        format!(
            "POST /slack/{path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {content}\r\nx-slack-request-timestamp: {timestamp}\r\nx-slack-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .into_bytes()
    }

    /// Slack's own payloads, where they are: each is delivered so many times, one after the other. A person waits for
    /// the answer, so the slowest of them counts.
    async fn replays(&self) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/slack/payloads");
        let Ok(files) = std::fs::read_dir(folder) else { return };
        let stream = TcpStream::connect(&self.address).await.expect("a connection");
        stream.set_nodelay(true).expect("nodelay");
        let mut stream = tokio::io::BufReader::new(stream);
        let mut slowest = (0.0, String::new());
        let mut all = Vec::new();
        for file in files.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let Ok(content) = std::fs::read_to_string(file.path()) else {
                continue;
            };
            let (path, kind, body) = if name.ends_with(".form.txt") {
                ("commands", FORM, content.trim().to_owned())
            } else if !name.ends_with(".json") {
                continue;
            } else if content.contains("\"event_callback\"") || content.contains("\"url_verification\"") {
                ("events", JSON, content)
            } else {
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("payload", &content)
                    .finish();
                ("interactivity", FORM, form)
            };
            let mut times = Vec::new();
            for _ in 0..REPLAYS {
                let request = self.signed(path, kind, &body);
                let began = micros();
                stream.write_all(&request).await.expect("a request");
                answer(&mut stream).await;
                times.push((micros() - began) as f64 / 1_000.0);
            }
            let typical = median(times);
            all.push(typical);
            if typical > slowest.0 {
                slowest = (typical, name);
            }
        }
        println!(
            "\n{} payloads of Slack's, {REPLAYS} times each: median {:.2} ms; the slowest, {}, {:.2} ms",
            all.len(),
            median(all),
            slowest.1,
            slowest.0
        );
        assert!(slowest.0 < 50.0, "each is acknowledged within 50 ms");
    }

    /// One round: every connection sends one request after the other until the time is over.
    async fn load(&self, kind: Kind, connections: usize, length: Duration) -> Round {
        let cpu_before = self.cpu_micros();
        let began = SystemClock.now();
        let until = began.plus(length);
        let clients = (0..connections).map(|_| self.client(kind, until));
        let mut times: Vec<f64> = futures_util::future::join_all(clients)
            .await
            .into_iter()
            .flatten()
            .collect();
        let took = SystemClock.now().since(began).as_secs_f64();
        let cpu = (self.cpu_micros() - cpu_before) as f64;
        times.sort_by(f64::total_cmp);
        let at = |share: f64| {
            times
                .get((times.len() as f64 * share) as usize)
                .copied()
                .unwrap_or_default()
        };
        Round {
            rate: times.len() as f64 / took,
            p50: at(0.5),
            p99: at(0.99),
            cpu: cpu / times.len().max(1) as f64,
        }
    }

    async fn client(&self, kind: Kind, until: plaudit::base::clock::Instant) -> Vec<f64> {
        let stream = TcpStream::connect(&self.address).await.expect("a connection");
        stream.set_nodelay(true).expect("nodelay");
        let mut stream = tokio::io::BufReader::new(stream);
        let mut times = Vec::new();
        while SystemClock.now() < until {
            let request = self.request(kind);
            let began = micros();
            stream.write_all(&request).await.expect("a request");
            let body = answer(&mut stream).await;
            times.push((micros() - began) as f64 / 1_000.0);
            if kind == Kind::Kudos {
                assert!(body.contains("Undo"), "not given: {body}");
                self.given.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
        times
    }

    /// User and system time of the bot so far. Linux: clock ticks of 10 ms.
    fn cpu_micros(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.bot.id())).expect("the bot runs");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        (ticks(11) + ticks(12)) * 10_000
    }

    fn peak_megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.bot.id())).expect("the bot runs");
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap_or("0 kB");
        peak.split_whitespace()
            .next()
            .and_then(|kilobytes| kilobytes.parse::<f64>().ok())
            .unwrap_or(0.0)
            / 1_024.0
    }
}

/// A benchmark measures real time; everything else takes a `Clock`.
#[allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn micros() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_micros())
}

/// Reads one HTTP answer and returns its body.
async fn answer(stream: &mut tokio::io::BufReader<TcpStream>) -> String {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.expect("an answer");
        if line.starts_with("HTTP/1.1") {
            assert!(line.contains("200"), "{line}");
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a body");
    String::from_utf8(body).expect("text")
}
