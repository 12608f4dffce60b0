//! The real binary as a process, with the sandbox on the machine's clock in Slack's place.
//!
//! Nothing here sleeps for a fixed time: [`until`] waits for a condition, and fails after its deadline.

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plaudit::app::manifest;
use plaudit::base::clock::SystemClock;
use plaudit::base::ids::{ChannelId, UserId};
use plaudit::sandbox::{Bot, NewChannel, NewPerson, RawAnswer, Sandbox};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::TestDatabase;

/// Waits until a condition holds.
///
/// # Panics
/// After `seconds`, saying for what it waited.
pub async fn until(what: &str, seconds: u64, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(seconds), wait).await.is_err() {
        panic!("{seconds} s have gone by without: {what}");
    }
}

/// Runs a test on a runtime of its own.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test);
}

/// A folder, a database and a Slack, in which the binary runs.
pub struct Company {
    pub slack: Sandbox,
    pub database: TestDatabase,
    pub folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Company {
    /// Lee, Dana and Mo, and `#support` with the app in it.
    pub async fn new(database: TestDatabase) -> Self {
        let url = url::Url::parse("https://plaudit.example.com").expect("a URL");
        let slack = Sandbox::start(manifest::build(&url, "/kudos"), Arc::new(SystemClock)).await;
        let slack = slack.expect("a sandbox");
        let members: Vec<UserId> = [("lee", "Lee Park"), ("dana", "Dana Kim"), ("mo", "Mo Haddad")]
            .map(|(handle, name)| add_person(&slack, handle, name))
            .into();
        add_channel(&slack, "support", &members);
        let env = [
            ("SLACK_SIGNING_SECRET", slack.signing_secret()),
            ("SLACK_BOT_TOKEN", slack.bot_token()),
            ("SLACK_API_URL", slack.api_url().to_string()),
            ("DATABASE_URL", database.url()),
            ("PLAUDIT_LISTEN", "127.0.0.1:0".to_owned()),
        ];
        Self {
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
            folder: tempfile::tempdir().expect("a folder"),
            slack,
            database,
        }
    }

    /// Sets a variable of the binary's environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a variable out of the binary's environment; returns what it was.
    pub fn unset(&mut self, name: &str) -> String {
        let place = self.env.iter().position(|(set, _)| set == name);
        place.map(|place| self.env.remove(place).1).unwrap_or_default()
    }

    /// A person of this Slack.
    pub fn person(&self, handle: &str) -> UserId {
        self.slack.person(handle).expect("a person")
    }

    /// A channel of this Slack.
    pub fn channel(&self, name: &str) -> ChannelId {
        self.slack.channel(name).expect("a channel")
    }

    /// Adds somebody.
    pub fn add_person(&self, handle: &str, name: &str) -> UserId {
        add_person(&self.slack, handle, name)
    }

    /// Adds a public channel with the app in it.
    pub fn add_channel(&self, name: &str, members: &[UserId]) -> ChannelId {
        add_channel(&self.slack, name, members)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plaudit"));
        command
            .args(args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub async fn runs(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        output.expect("no panic").expect("the binary to run")
    }

    /// Starts `plaudit serve` and waits until it is ready; Slack delivers to it from then on.
    pub async fn serves(&self) -> Server {
        let mut child = self.command(&["serve"]).spawn().expect("the binary to start");
        let logs = Arc::new(Mutex::new(String::new()));
        let mut stderr = child.stderr.take().expect("standard error");
        let written = Arc::clone(&logs);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..read]);
                written.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
            }
        });
        let server = Server {
            child: Mutex::new(child),
            logs,
        };
        until("plaudit to listen", 20, async || {
            assert!(server.ended().is_none(), "it ended: {}", server.logs());
            server.find_address().is_some()
        })
        .await;
        let url = format!("http://{}/", server.address());
        self.slack.connect(Bot::Url(url.parse().expect("a URL")));
        server
    }

    /// Somebody thanks somebody in a channel, named by handle and name. `trigger` names the delivery.
    pub async fn thanks(&self, from: &str, to: &str, channel: &str, words: &str, trigger: &str) -> RawAnswer {
        let to = self.person(to);
        let body = self.kudos(&self.person(from), &to, &self.channel(channel), words, trigger);
        self.sends("/slack/commands", &body).await
    }

    /// What Slack sends for somebody's thanks.
    pub fn kudos(&self, from: &UserId, to: &UserId, channel: &ChannelId, words: &str, trigger: &str) -> String {
        let workspace = self.slack.workspace();
        let text = format!("<@{to}> {words}");
        let fields = [
            ("team_id", workspace.as_str()),
            ("channel_id", channel.as_str()),
            ("user_id", from.as_str()),
            ("command", "/kudos"),
            ("text", text.as_str()),
            ("trigger_id", trigger),
        ];
        serde_urlencoded::to_string(fields).expect("a form")
    }

    /// Sends `body` signed, now.
    pub async fn sends(&self, path: &str, body: &str) -> RawAnswer {
        let (headers, body) = self.slack.signed_request(path, body);
        self.slack.raw(path, &headers, &body).await
    }

    /// How many rows of the outbox wait or are being sent.
    pub async fn waiting(&self) -> i64 {
        let query = "SELECT COUNT(*) FROM outbox WHERE state IN ('waiting', 'sending')";
        self.database.number(query).await
    }

    /// Changes the database behind the binary's back.
    pub async fn execute(&self, statement: &'static str) {
        match &self.database {
            TestDatabase::File(_) => {
                let mut connection = SqliteConnection::connect(&self.database.url())
                    .await
                    .expect("a connection");
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .expect("a statement");
                connection.close().await.expect("a goodbye");
            }
            TestDatabase::Schema { .. } => {
                let mut connection = PgConnection::connect(&self.database.url()).await.expect("a connection");
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .expect("a statement");
                connection.close().await.expect("a goodbye");
            }
        }
    }
}

fn add_person(slack: &Sandbox, handle: &str, name: &str) -> UserId {
    slack.add_person(NewPerson {
        handle: handle.to_owned(),
        real_name: name.to_owned(),
        ..NewPerson::default()
    })
}

fn add_channel(slack: &Sandbox, name: &str, members: &[UserId]) -> ChannelId {
    slack.add_channel(NewChannel {
        name: name.to_owned(),
        with_app: true,
        members: members.to_vec(),
        ..NewChannel::default()
    })
}

/// `plaudit serve`, running. Killed when it is dropped.
pub struct Server {
    child: Mutex<Child>,
    logs: Arc<Mutex<String>>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.find_address().expect("an address")
    }

    fn find_address(&self) -> Option<SocketAddr> {
        let logs = self.logs();
        let line = logs.lines().find(|line| line.contains("ready for Slack"))?;
        let place = line.find("127.0.0.1:")?;
        let address: String = line[place..]
            .chars()
            .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':'))
            .collect();
        address.parse().ok()
    }

    /// Everything it wrote to standard error.
    pub fn logs(&self) -> String {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How it ended, if it did.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().expect("a child")
    }

    /// Sends a signal, as in `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child().id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .expect("kill to run");
        assert!(sent.success());
    }

    /// `kill -9`, and gone.
    pub fn kill(&self) {
        let mut child = self.child();
        child.kill().expect("a child");
        child.wait().expect("its end");
    }

    /// Waits for its end; the exit code.
    pub async fn ends_within(&self, seconds: u64) -> Option<i32> {
        until("plaudit to end", seconds, async || self.ended().is_some()).await;
        self.ended().and_then(|status| status.code())
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }
}
