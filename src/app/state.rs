//! What every request and job shares.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::base::clock::Clock;
use crate::config::{Behaviour, OnOff};
use crate::kudos::{Giving, Lookup, Opening, Recorder};
use crate::prompts::Packs;
use crate::slack::client::Client;
use crate::slack::errors::{ApiError, Why};
use crate::store::{Db, StoreError, Tx};
use crate::workspace::{self, Ctx, LiveSettings, Locale, Settings, Value, Workspace};

/// How long things may take, in real time. Tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From receipt to answer. Slack: 3 s to acknowledge.
    pub answer: Duration,
    /// The part of it that looking up an unknown person may take.
    pub look_up: Duration,
    /// The part of it that opening a form may take.
    pub opening: Opening,
    /// How long a request's body may take to arrive.
    pub body: Duration,
    /// How long a graceful stop waits for what is under way. Shorter than the 10 s that process managers give.
    pub stop: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(2_500),
            look_up: Duration::from_millis(1_000),
            opening: Opening::default(),
            body: Duration::from_millis(2_000),
            stop: Duration::from_secs(8),
        }
    }
}

/// The app's shared state.
pub struct App {
    /// What every use case takes.
    pub ctx: Ctx,
    /// What is known of those who are named.
    pub lookup: Lookup,
    /// The hot path of giving.
    pub recorder: Recorder,
    /// The packs that prompts are drawn from.
    pub packs: Packs,
    /// The signing secrets that are accepted.
    pub secrets: Vec<SecretString>,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// Work that goes on after its request was answered; a graceful stop waits for it.
    pub tasks: TaskTracker,
    wake: Notify,
}

impl App {
    /// Puts the parts together. Needs a tokio runtime.
    pub fn new(ctx: Ctx, packs: Packs, secrets: Vec<SecretString>, deadlines: Deadlines) -> Arc<Self> {
        let lookup = Lookup::start(ctx.db.clone());
        let recorder = Recorder::start(ctx.db.clone());
        Arc::new(Self {
            ctx,
            lookup,
            recorder,
            packs,
            secrets,
            deadlines,
            tasks: TaskTracker::new(),
            wake: Notify::new(),
        })
    }

    /// What every way of giving needs.
    pub fn giving(&self) -> Giving<'_> {
        Giving {
            ctx: &self.ctx,
            lookup: &self.lookup,
            recorder: &self.recorder,
            look_up: self.deadlines.look_up,
            opening: self.deadlines.opening,
        }
    }

    /// Tells the runner that something may be due.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until something may be due.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// Why the app can't start with this Slack. Each is one sentence for the person who starts Plaudit.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The token is wrong.
    #[error("Slack refuses SLACK_BOT_TOKEN ({0}). Copy the current one from your Slack app under OAuth & Permissions.")]
    Token(String),
    /// Slack can't be reached, and nothing is known from an earlier start.
    #[error(
        "Slack can't be reached ({0}), and this database has never met a workspace. Check SLACK_API_URL and the network."
    )]
    Silent(ApiError),
    /// The database.
    #[error("the database can't be used: {0}")]
    Store(#[from] StoreError),
}

/// The settings of a workspace that has not set its own.
pub fn settings(behaviour: &Behaviour) -> Settings {
    let shipped = Settings::default();
    Settings {
        command: behaviour.command.clone(),
        channel: behaviour.channel(),
        allowance: (behaviour.allowance > 0).then_some(behaviour.allowance),
        timezone: behaviour.timezone(),
        stewards: behaviour.stewards(),
        values: behaviour
            .values()
            .map_or(shipped.values, |names| names.iter().map(|name| value(name)).collect()),
        emoji: behaviour.emoji(),
        keep_words: behaviour.keep_words(),
        team: behaviour.team(),
        personal_figures: behaviour.personal_figures == OnOff::On,
        ..shipped
    }
}

/// A value by its name, with the emoji and meaning of the shipped one if it is one of those.
fn value(name: &str) -> Value {
    let shipped = Settings::default().values;
    shipped
        .into_iter()
        .find(|value| value.name == name)
        .unwrap_or_else(|| Value::named(name))
}

/// How long a start waits for Slack when this database has met a workspace before.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks Slack whose token this is and makes everything ready for that workspace. When Slack is silent, the workspace
/// that this database has met serves: kudos are taken, and posted when Slack is back.
pub async fn connect(db: Db, slack: Client, clock: Arc<dyn Clock>, settings: Settings) -> Result<Ctx, StartError> {
    let now = clock.now();
    let known = db.read(async |tx: &mut Tx| workspace::installed(tx).await).await?;
    let me = match &known {
        // Nobody is listening to Slack meanwhile, and what is known will do.
        Some(_) => tokio::time::timeout(PATIENCE, slack.auth_test())
            .await
            .unwrap_or(Err(ApiError::Retryable { why: Why::Timeout })),
        None => slack.auth_test().await,
    };
    let (id, name, bot_user, scopes) = match me {
        Ok(me) => {
            let name = me.team.unwrap_or_default();
            let (id, stored_name, bot) = (me.team_id.clone(), name.clone(), me.user_id.clone());
            db.write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                workspace::install(tx, &id, &stored_name, &bot, now).await?;
                workspace::deliver::enqueue_members(tx, &id, now).await
            })
            .await?;
            (me.team_id, name, me.user_id, me.scopes)
        }
        Err(ApiError::Permanent { code, .. }) => return Err(StartError::Token(code)),
        Err(error) => {
            let known = known.ok_or(StartError::Silent(error.clone()))?;
            tracing::warn!(%error, workspace = %known.0, "Slack is silent; going on with the workspace known from before");
            (known.0, known.1, known.2, None)
        }
    };
    let workspace = Arc::new(Workspace {
        id,
        name,
        bot_user,
        scopes,
    });
    let ctx = Ctx {
        db,
        clock,
        slack,
        workspace,
        live: LiveSettings::new(settings),
        locale: Locale::En,
    };
    ctx.reload_settings().await?;
    Ok(ctx)
}
