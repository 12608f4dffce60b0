//! The story harness: its verbs are what people do and see.
//!
//! A story gets a database of its own (SQLite; PostgreSQL when `TEST_DATABASE_URL` is set), a sandbox, a clock that
//! stands still, and the real router. Its closing brace checks that nothing is left waiting and that Slack saw no
//! call that nobody expected.
//!
//! With `PLAUDIT_TEST_MINIMAL` set, the app is installed with the minimal manifest and, beyond it, only what a story
//! says that it needs.

mod acts;
pub mod binary;
mod cards;
mod database;
mod heard;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use plaudit::app::manifest::{EVENTS, OPTIONAL_SCOPES};
use plaudit::app::{self, App, Deadlines, manifest};
use plaudit::base::clock::{Clock as _, Instant, ManualClock};
use plaudit::base::ids::{ChannelId, UserId};
use plaudit::jobs::Runner;
use plaudit::kudos::{Exported, Opening, export_page};
use plaudit::outbox;
use plaudit::prompts::Packs;
use plaudit::sandbox::{Answer, Bot, Fault, NewChannel, NewPerson, Sandbox, Shown};
use plaudit::slack::client::Client;
use plaudit::slack::manifest::Manifest;
use plaudit::store::{Db, StoreError, Tx};
use plaudit::web;
use plaudit::workspace::Settings;

pub use database::{Lock, SmallDisk, TestDatabase};
pub(crate) use database::{rows, with_connection};

/// Tuesday, 2 June 2026, 14:02 in Berlin.
pub const START: i64 = 1_780_401_720_000;
/// The longest that a story's jobs may take, in workspace time.
const JOBS_LIMIT: Duration = Duration::from_secs(600);

/// A workspace and the bot in it.
pub struct Story {
    pub slack: Sandbox,
    pub clock: Arc<ManualClock>,
    pub db: Db,
    pub app: Arc<App>,
    database: TestDatabase,
    settings: Settings,
    deadlines: Deadlines,
    patience: Duration,
    runner: Runner,
}

/// How a story begins, where it isn't as usual.
pub struct Setup {
    /// Whether `#kudos` is the recognition channel.
    pub recognition: bool,
    /// Everything else.
    pub settings: Settings,
    pub deadlines: Deadlines,
    /// How long Slack's answers are waited for at most, in real time.
    pub patience: Duration,
    /// Where the database file lies, also when the others are on a server.
    pub folder: Option<PathBuf>,
    /// Whether the member list was taken before the story begins.
    pub knows_people: bool,
    /// Scopes that the admin did not grant.
    pub without: Vec<&'static str>,
    /// Optional scopes that the story is about, or can't be told without. All others may be missing.
    pub needs: Vec<&'static str>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            recognition: true,
            settings: Settings::default(),
            // Real time: generous, because the machine is shared. Stories that are about a deadline shorten it.
            deadlines: Deadlines {
                answer: Duration::from_secs(20),
                look_up: Duration::from_secs(10),
                opening: Opening {
                    known: Duration::from_secs(5),
                    open: Duration::from_secs(5),
                    keep: Duration::from_secs(5),
                },
                ..Deadlines::default()
            },
            patience: Duration::MAX,
            folder: None,
            knows_people: true,
            without: Vec::new(),
            needs: Vec::new(),
        }
    }
}

/// What comes of a write that must succeed: `written!(db, tx => upsert(tx, …))`.
macro_rules! written {
    ($db:expr, $tx:ident => $work:expr) => {{
        let done: Result<_, plaudit::store::StoreError> =
            $db.write(async move |$tx: &mut plaudit::store::Tx| $work.await).await;
        done.expect(stringify!($work))
    }};
}

pub(crate) use written;

/// Tells a story in the usual workspace.
pub fn story(tell: impl AsyncFnOnce(&mut Story)) {
    story_with(Setup::default(), tell);
}

/// Tells a story in the usual workspace that needs these optional scopes.
pub fn story_needing(needs: &[&'static str], tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        needs: needs.to_vec(),
        ..Setup::default()
    };
    story_with(setup, tell);
}

/// Tells a story that begins differently.
pub fn story_with(setup: Setup, tell: impl AsyncFnOnce(&mut Story)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut story = Story::begin(setup).await;
        tell(&mut story).await;
        story.end().await;
    });
}

/// Tells a story in which Priya looks after Plaudit, and #support gets a question on working days at half past nine in
/// Berlin.
pub fn with_prompts(needs: &[&'static str], tell: impl AsyncFnOnce(&mut Story)) {
    with_prompts_from(None, needs, tell);
}

/// The same from a time of day in Berlin on, as in `2026-09-01 08:00`.
pub fn with_prompts_from(wall: Option<&str>, needs: &[&'static str], tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        needs: needs.to_vec(),
        ..Setup::default()
    };
    story_with(setup, async |t| {
        if let Some(wall) = wall {
            t.clock.advance_to(in_berlin(wall));
            t.run_jobs().await;
        }
        t.are_stewards(&["priya"]).await;
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.clicks("New schedule").await;
        priya.fills("Where?", "support").await;
        priya.fills("zone", "Europe/Berlin").await;
        priya.submits().await;
        assert_eq!(priya.submits().await, "");
        t.run_jobs().await;
        tell(t).await;
    });
}

/// A time of day in Berlin, as in `2026-06-03 09:30`.
pub fn in_berlin(wall: &str) -> Instant {
    let wall = chrono::NaiveDateTime::parse_from_str(wall, "%Y-%m-%d %H:%M").expect("a time");
    let at = wall.and_local_timezone(Tz::Europe__Berlin).earliest();
    Instant::from(at.expect("an instant").to_utc())
}

fn person(handle: &str, display: &str, real: &str, tz: Tz) -> NewPerson {
    NewPerson {
        handle: handle.to_owned(),
        display_name: display.to_owned(),
        real_name: real.to_owned(),
        tz: Some(tz),
        ..NewPerson::default()
    }
}

/// What the app asks for: everything, or with `PLAUDIT_TEST_MINIMAL` what is required and what the story needs, with
/// the events that these scopes allow.
fn manifest(command: &str, needs: &[&'static str]) -> Manifest {
    let url = url::Url::parse("https://plaudit.example.com").expect("a URL");
    for scope in needs {
        let known = OPTIONAL_SCOPES.iter().any(|optional| optional.name == *scope);
        assert!(known, "{scope} is no optional scope");
    }
    if std::env::var_os("PLAUDIT_TEST_MINIMAL").is_none() {
        return manifest::build(&url, command);
    }
    let mut manifest = manifest::minimal(&url, command);
    let events = EVENTS
        .iter()
        .filter(|event| event.scopes.iter().any(|scope| needs.contains(scope)));
    manifest
        .settings
        .event_subscriptions
        .bot_events
        .extend(events.map(|event| event.name.to_owned()));
    manifest
        .oauth_config
        .scopes
        .bot
        .extend(needs.iter().map(|scope| (*scope).to_owned()));
    manifest
}

impl Story {
    async fn begin(setup: Setup) -> Self {
        let clock = Arc::new(ManualClock::new(Instant::from_millis(START)));
        let slack = Sandbox::start(manifest(&setup.settings.command, &setup.needs), clock.clone())
            .await
            .expect("a sandbox");
        for scope in &setup.without {
            slack.revoke_scope(scope);
        }
        let everyone: Vec<UserId> = [
            person("dana", "Dana", "Dana Kim", Tz::Europe__Berlin),
            person("lee", "Lee", "Lee Park", Tz::Europe__Berlin),
            person("mo", "Mo", "Mo Haddad", Tz::Africa__Cairo),
            person("ana", "Ana", "Ana Souza", Tz::America__Sao_Paulo),
            person("jon", "", "Jon Berg", Tz::Europe__Oslo),
            person("wei", "Wei", "Wei Chen", Tz::Asia__Shanghai),
            NewPerson {
                admin: true,
                ..person("priya", "Priya", "Priya Nair", Tz::Asia__Kolkata)
            },
        ]
        .into_iter()
        .map(|person| slack.add_person(person))
        .collect();
        slack.add_person(NewPerson {
            deleted: true,
            ..person("sam", "", "Sam Ortiz", Tz::UTC)
        });
        slack.add_person(NewPerson {
            is_bot: true,
            ..person("weatherbot", "Weatherbot", "Weatherbot", Tz::UTC)
        });
        for (name, private, with_app) in [
            ("support", false, true),
            ("kudos", false, true),
            ("random", false, false),
            ("escalations", true, true),
            ("leads", true, false),
        ] {
            slack.add_channel(NewChannel {
                name: name.to_owned(),
                private,
                with_app,
                members: everyone.clone(),
                ..NewChannel::default()
            });
        }
        let mut settings = setup.settings;
        if setup.recognition {
            settings.channel = slack.channel("kudos");
        }
        let database = match &setup.folder {
            Some(folder) => TestDatabase::create_in(folder),
            None => TestDatabase::create().await,
        };
        let db = database.open().await;
        let app = start(&slack, &clock, &db, &settings, setup.deadlines, setup.patience).await;
        let runner = Runner::new(Arc::clone(&app));
        let mut story = Self {
            slack,
            clock,
            db,
            app,
            database,
            settings,
            deadlines: setup.deadlines,
            patience: setup.patience,
            runner,
        };
        if setup.knows_people {
            story.run_jobs().await;
        }
        story
    }

    /// Somebody, by handle.
    pub fn person(&self, handle: &str) -> Person<'_> {
        let id = self
            .slack
            .person(handle)
            .unwrap_or_else(|| panic!("nobody is called {handle}"));
        Person { story: self, id }
    }

    /// These people look after Plaudit from now on.
    pub async fn are_stewards(&self, handles: &[&str]) {
        let all: Vec<UserId> = handles.iter().map(|handle| self.person(handle).id).collect();
        let first = all[0].clone();
        let changed = self
            .app
            .ctx
            .change_settings(&first, move |settings| settings.stewards = all.clone());
        changed.await.expect("stewards");
    }

    /// Lives on until this time of day in Berlin, as in `2026-06-03 09:30`.
    pub async fn lives_until(&mut self, wall: &str) {
        let at = in_berlin(wall);
        self.run_jobs_until(at).await;
        self.clock.advance_to(at);
        self.run_jobs().await;
    }

    /// A channel, by name.
    pub fn channel(&self, name: &str) -> Channel<'_> {
        let id = self
            .slack
            .channel(name)
            .unwrap_or_else(|| panic!("no channel is called {name}"));
        Channel { story: self, id }
    }

    /// The app's DM with somebody, as that person sees it.
    pub fn dm(&self, handle: &str) -> String {
        match self.slack.dm(&self.person(handle).id) {
            Some(id) => self.shown(&id),
            None => String::new(),
        }
    }

    fn shown(&self, channel: &ChannelId) -> String {
        let messages: Vec<String> = self
            .slack
            .messages(channel)
            .iter()
            .map(|message| self.slack.rendered(message))
            .collect();
        messages.join("\n---\n")
    }

    /// Slack answers the next `times` calls of a method like this (for ever without a number).
    pub fn fails(&self, method: &str, fault: Fault, times: impl Into<Option<u32>>) {
        self.slack.fails(method, fault, times.into());
    }

    /// Lets time pass, and nothing else.
    pub fn wait(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Runs what is due now, and leaves the clock alone.
    pub async fn run_due_jobs(&mut self) {
        self.runner.run_due().await.expect("the queue");
    }

    /// The same while the database can't be written to.
    pub async fn run_due_jobs_in_vain(&mut self) {
        let _ = self.runner.run_due().await;
    }

    /// Runs what is due and moves the clock to the next due instant until nothing waits, for at most ten minutes.
    pub async fn run_jobs(&mut self) {
        let until = self.clock.now().plus(JOBS_LIMIT);
        self.run_jobs_until(until).await;
    }

    /// The same until an instant.
    pub async fn run_jobs_until(&mut self, until: Instant) {
        loop {
            let ran = self.runner.run_due().await.unwrap_or_default();
            let events = self.slack.run_due().await;
            if ran > 0 {
                continue;
            }
            let rows = self.runner.next_due().await.unwrap_or_default();
            let now = self.clock.now();
            match [rows, events].into_iter().flatten().min() {
                // Due, but its lane or the workspace has to wait.
                Some(due) if due <= now && now < until => self.clock.advance(Duration::from_millis(250)),
                Some(due) if due > now && due <= until => self.clock.advance_to(due),
                _ => return,
            }
        }
    }

    /// A second process on the same database, with connections of its own; Slack goes on talking to the first.
    pub async fn another_process(&self) -> (Db, Runner) {
        let db = self.database.open().await;
        let app = start(
            &self.slack,
            &self.clock,
            &db,
            &self.settings,
            self.deadlines,
            self.patience,
        )
        .await;
        self.slack.connect(Bot::Router(web::router(Arc::clone(&self.app))));
        (db, Runner::new(app))
    }

    /// Stops the process without a goodbye and starts another on the same database.
    pub async fn restart(&mut self) {
        self.db.close().await;
        self.db = self.database.open().await;
        let (deadlines, patience) = (self.deadlines, self.patience);
        self.app = start(&self.slack, &self.clock, &self.db, &self.settings, deadlines, patience).await;
        self.runner = Runner::new(Arc::clone(&self.app));
    }

    /// The same with another environment.
    pub async fn restart_with(&mut self, settings: Settings) {
        self.settings = settings;
        self.restart().await;
    }

    /// Lets the standings follow what was given and taken back.
    pub async fn catches_up(&self) {
        let is_done = plaudit::kudos::catch_up(&self.db, &self.slack.workspace()).await;
        assert!(is_done.expect("standings"));
    }

    /// What `plaudit export kudos` would write.
    pub async fn export(&self) -> Vec<Exported> {
        let rows: Result<_, StoreError> = self
            .db
            .read(async |tx: &mut Tx| export_page(tx, None, 100_000).await)
            .await;
        rows.expect("an export")
    }

    /// One number from the database.
    pub async fn number(&self, query: &'static str) -> i64 {
        self.database.number(query).await
    }

    /// One column of text from the database.
    pub async fn texts(&self, query: &'static str) -> Vec<String> {
        self.database.texts(query).await
    }

    /// Where it is all stored.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Somebody changes the database by hand.
    pub async fn tampers(&self, statement: &'static str) {
        self.database.execute(statement).await;
    }

    /// Somebody else holds the database's lock, until it is released.
    pub async fn locks_database(&self) -> Lock {
        self.database.lock().await
    }

    /// Waits for what goes on after its request was answered.
    pub async fn settles(&self) {
        self.app.tasks.close();
        self.app.tasks.wait().await;
        self.app.tasks.reopen();
    }

    pub async fn counts(&self) -> outbox::Counts {
        let id = self.slack.workspace();
        let counts: Result<_, StoreError> = self.db.read(async |tx: &mut Tx| outbox::counts(tx, &id).await).await;
        counts.expect("counts")
    }

    async fn end(mut self) {
        self.slack.settled().await;
        self.run_jobs().await;
        let counts = self.counts().await;
        assert_eq!(counts.waiting + counts.sending, 0, "something still waits: {counts:?}");
        let complaints = self.slack.unexpected();
        assert!(complaints.is_empty(), "Slack complains: {complaints:#?}");
        for call in self
            .slack
            .calls()
            .iter()
            .filter(|call| call.method.starts_with("chat."))
        {
            heard::whole(&call.args);
        }
        self.db.close().await;
        self.database.drop().await;
    }
}

async fn start(
    slack: &Sandbox,
    clock: &Arc<ManualClock>,
    db: &Db,
    settings: &Settings,
    deadlines: Deadlines,
    patience: Duration,
) -> Arc<App> {
    let client = Client::new(&slack.api_url(), slack.bot_token().into()).expect("a client");
    let ctx = app::connect(
        db.clone(),
        client.with_patience(patience),
        clock.clone(),
        settings.clone(),
    )
    .await
    .expect("a workspace");
    let app = App::new(ctx, Packs::shipped(), vec![slack.signing_secret().into()], deadlines);
    slack.connect(Bot::Router(web::router(Arc::clone(&app))));
    app
}

/// Somebody who does things.
pub struct Person<'a> {
    story: &'a Story,
    pub id: UserId,
}

impl Person<'_> {
    /// Types a command in `#support`; what they then see.
    pub async fn runs(&self, line: &str) -> String {
        self.runs_in("support", line).await
    }

    /// Types a command in a channel; what they then see.
    pub async fn runs_in(&self, channel: &str, line: &str) -> String {
        let channel = self.story.channel(channel).id;
        self.runs_at(&channel, line).await
    }

    /// Types a command anywhere; what they then see.
    pub async fn runs_at(&self, channel: &ChannelId, line: &str) -> String {
        self.seen(&self.story.slack.runs_command(&self.id, channel, line).await)
    }

    /// The body of a `/kudos` in `#support` as Slack sends it, for deliveries that are repeated.
    pub fn form(&self, trigger: &str, text: &str) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("team_id", self.story.slack.workspace().as_str()),
                ("channel_id", self.story.channel("support").id.as_str()),
                ("user_id", self.id.as_str()),
                ("command", "/kudos"),
                ("text", text),
                ("trigger_id", trigger),
                ("response_url", "https://hooks.slack.com/commands/x"),
            ])
            .finish()
    }

    /// A command whose text arrives exactly like this.
    pub async fn runs_raw(&self, line: &str) -> String {
        let channel = self.story.channel("support").id;
        self.seen(&self.story.slack.runs_command_raw(&self.id, &channel, line).await)
    }

    /// The same, anywhere.
    pub async fn runs_raw_at(&self, channel: &ChannelId, line: &str) -> String {
        self.seen(&self.story.slack.runs_command_raw(&self.id, channel, line).await)
    }

    fn seen(&self, answer: &Answer) -> String {
        if let Some(error) = &answer.error {
            return format!("Slack: {error} {}", answer.body);
        }
        answer
            .message
            .as_ref()
            .map(|shown| self.story.slack.rendered(shown))
            .unwrap_or_default()
    }

    /// The latest message that only this person sees.
    pub fn private(&self) -> Shown {
        self.story.slack.ephemeral(&self.id).pop().expect("a private message")
    }

    /// Clicks a button of the latest message that only this person sees, and what that message then says.
    pub async fn clicks(&self, label: &str) -> String {
        let message = self.private();
        let answer = self.story.slack.clicks(&self.id, &message, label).await;
        assert_eq!(answer.status, Some(200), "{answer:?}");
        self.story.settles().await;
        self.story
            .slack
            .ephemeral(&self.id)
            .last()
            .map(|shown| self.story.slack.rendered(shown))
            .unwrap_or_default()
    }
}

/// A channel and what it shows.
pub struct Channel<'a> {
    story: &'a Story,
    pub id: ChannelId,
}

impl Channel<'_> {
    /// Everything in it, as people read it.
    pub fn shows(&self) -> String {
        self.story.shown(&self.id)
    }

    /// Its messages.
    pub fn messages(&self) -> Vec<Shown> {
        self.story.slack.messages(&self.id)
    }
}
