//! Floor 2: the durable queue of everything that must be sent to Slack.
//!
//! A row is an *intent*: a kind and ids, rendered only when it is sent, so that a retry shows fresh data and what was
//! taken back meanwhile is not posted. Rows of one lane (a channel, a person's DM) go out in order, at most one a
//! second; a lease says who sends a row, and a lease that ran out hands it to the next.

mod store;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use store::{
    Counts, being_sent, claim, counts, enqueue, enqueue_with, erase, finish, hasten, heard_late, late, next_due,
    settle, sweep,
};

use crate::base::clock::Instant;
use crate::base::ids::{OutboxId, WorkspaceId, new_id};
use crate::slack::limits::MESSAGE_INTERVAL;

/// What can be waiting. Any feature may enqueue any kind; only its owner renders and sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The public card of a kudos.
    KudosCard,
    /// A receiver's private message.
    KudosDm,
    /// A card or DM that must disappear, because its kudos was taken back.
    KudosUnpost,
    /// A card or DM whose kudos changed.
    KudosUpdate,
    /// Something that the giver must learn after the fact.
    KudosTell,
    /// What stands in Slack for a kudos of somebody who was erased.
    KudosErase,
    /// What is kept about a person, for that person.
    PrivacyExport,
    /// The second look at somebody who was erased.
    PrivacyErase,
    /// A private message about a kudos that is kept up to date: a report to a steward, a thanks back to the giver.
    KudosNote,
    /// The post that a day's cards stand under.
    KudosOpening,
    /// The post that tells a day's kudos together.
    KudosRoundup,
    /// A kudos that its giver put off until the allowance covers it.
    KudosLater,
    /// A reaction that may give, or join in.
    KudosReaction,
    /// One page of the member list.
    WorkspaceMembers,
    /// Who is in a team that Slack defines.
    WorkspaceTeam,
    /// Somebody's App Home.
    HomePublish,
    /// The one post by which the app says hello in a channel.
    SetupHello,
    /// A month's digest.
    DigestPost,
    /// Everybody who was thanked in that month, in its thread.
    DigestNames,
    /// The picture in its thread.
    DigestPicture,
    /// What a steward is told about a digest that isn't posted yet.
    DigestSteward,
    /// A private edition of a digest.
    DigestEdition,
    /// A prompt, or another post of a schedule.
    PromptsPost,
    /// A prompt's post whose answers or question changed.
    PromptsUpdate,
    /// What stewards, or who opens Customer Service Week, must learn or are asked.
    PromptsTell,
    /// The end of Customer Service Week, in the thread of its last post.
    PromptsWrapUp,
    /// Who gets a personal page at the end of Customer Service Week.
    PromptsPages,
    /// One of these pages.
    PromptsPage,
}

impl Kind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 28] = [
        Self::KudosCard,
        Self::KudosDm,
        Self::KudosUnpost,
        Self::KudosUpdate,
        Self::KudosTell,
        Self::KudosErase,
        Self::PrivacyExport,
        Self::PrivacyErase,
        Self::KudosNote,
        Self::KudosOpening,
        Self::KudosRoundup,
        Self::KudosLater,
        Self::KudosReaction,
        Self::WorkspaceMembers,
        Self::WorkspaceTeam,
        Self::HomePublish,
        Self::SetupHello,
        Self::DigestPost,
        Self::DigestNames,
        Self::DigestPicture,
        Self::DigestSteward,
        Self::DigestEdition,
        Self::PromptsPost,
        Self::PromptsUpdate,
        Self::PromptsTell,
        Self::PromptsWrapUp,
        Self::PromptsPages,
        Self::PromptsPage,
    ];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KudosCard => "kudos.card",
            Self::KudosDm => "kudos.dm",
            Self::KudosUnpost => "kudos.unpost",
            Self::KudosUpdate => "kudos.update",
            Self::KudosTell => "kudos.tell",
            Self::KudosErase => "kudos.erase",
            Self::PrivacyExport => "privacy.export",
            Self::PrivacyErase => "privacy.erase",
            Self::KudosNote => "kudos.note",
            Self::KudosOpening => "kudos.opening",
            Self::KudosRoundup => "kudos.roundup",
            Self::KudosLater => "kudos.later",
            Self::KudosReaction => "kudos.reaction",
            Self::WorkspaceMembers => "workspace.members",
            Self::WorkspaceTeam => "workspace.team",
            Self::HomePublish => "home.publish",
            Self::SetupHello => "setup.hello",
            Self::DigestPost => "digest.post",
            Self::DigestNames => "digest.names",
            Self::DigestPicture => "digest.picture",
            Self::DigestSteward => "digest.steward",
            Self::DigestEdition => "digest.edition",
            Self::PromptsPost => "prompts.post",
            Self::PromptsUpdate => "prompts.update",
            Self::PromptsTell => "prompts.tell",
            Self::PromptsWrapUp => "prompts.wrap_up",
            Self::PromptsPages => "prompts.pages",
            Self::PromptsPage => "prompts.page",
        }
    }

    /// The kind of a name in the database; `None` for one that a newer Plaudit wrote.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The Web API method that it mainly uses; a 429 of that method holds back all kinds that share it.
    pub const fn method(self) -> &'static str {
        match self {
            Self::KudosCard
            | Self::KudosDm
            | Self::KudosTell
            | Self::KudosNote
            | Self::KudosOpening
            | Self::KudosRoundup
            | Self::KudosLater
            | Self::SetupHello
            | Self::DigestPost
            | Self::DigestNames
            | Self::DigestSteward
            | Self::DigestEdition => "chat.postMessage",
            Self::KudosReaction => "conversations.history",
            Self::KudosUnpost => "chat.delete",
            Self::PromptsPost | Self::PromptsTell | Self::PromptsWrapUp | Self::PromptsPage => "chat.postMessage",
            Self::KudosUpdate | Self::KudosErase | Self::PromptsUpdate => "chat.update",
            Self::PrivacyExport | Self::DigestPicture => "files.completeUploadExternal",
            // Ask Slack for nothing.
            Self::PrivacyErase | Self::PromptsPages => "",
            Self::WorkspaceMembers => "users.list",
            Self::WorkspaceTeam => "conversations.members",
            Self::HomePublish => "views.publish",
        }
    }

    /// Lower goes first, also within a lane: a day's opening before the cards that stand under it, cards and DMs before
    /// digests before private editions.
    pub const fn priority(self) -> i64 {
        match self {
            Self::KudosOpening => 5,
            Self::KudosCard
            | Self::KudosDm
            | Self::KudosUnpost
            | Self::KudosUpdate
            | Self::KudosTell
            | Self::KudosNote
            | Self::KudosRoundup
            | Self::KudosLater
            | Self::KudosReaction => 10,
            // A thank-you goes first.
            Self::PromptsPost | Self::PromptsWrapUp => 15,
            Self::PromptsUpdate
            | Self::PromptsTell
            | Self::PromptsPages
            | Self::WorkspaceMembers
            | Self::WorkspaceTeam
            | Self::PrivacyExport
            | Self::PrivacyErase
            | Self::HomePublish
            | Self::SetupHello
            | Self::DigestPost
            | Self::DigestNames
            | Self::DigestPicture
            | Self::DigestSteward => 20,
            Self::DigestEdition => 25,
            // There may be thousands, and nobody waits for them.
            Self::KudosErase | Self::PromptsPage => 30,
        }
    }
}

/// Something to be sent.
#[derive(Clone, Debug)]
pub struct Intent {
    id: OutboxId,
    workspace: WorkspaceId,
    kind: Kind,
    subject: String,
    lane: String,
    key: Option<String>,
    created_at: Instant,
    run_at: Instant,
    late_at: Option<Instant>,
}

impl Intent {
    /// An intent to be sent as soon as possible. `subject` is what its owner needs (ids), as JSON; `lane` is what it
    /// queues behind: a channel, or a person's DM. Rows of a lane go out in the order in which they were made.
    pub fn new(workspace: &WorkspaceId, kind: Kind, subject: &impl Serialize, lane: &str, now: Instant) -> Self {
        Self {
            id: new_id(now).into(),
            workspace: workspace.clone(),
            kind,
            // Serialising ids can't fail: no map with keys that aren't text, nothing of our own that errs.
            subject: serde_json::to_string(subject).unwrap_or_default(),
            lane: lane.to_owned(),
            key: None,
            created_at: now,
            run_at: now,
            late_at: None,
        }
    }

    /// Reuses a waiting row with the same key instead of adding one.
    #[must_use]
    pub fn with_key(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }

    /// Not before `run_at`.
    #[must_use]
    pub fn not_before(mut self, run_at: Instant) -> Self {
        self.run_at = run_at;
        self
    }

    /// Its owner is told when it still waits at `late_at`.
    #[must_use]
    pub fn late_at(mut self, late_at: Instant) -> Self {
        self.late_at = Some(late_at);
        self
    }
}

/// A row that this process may send now.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its row id, which the message carries as `metadata`.
    pub id: OutboxId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What it is.
    pub kind: Kind,
    subject: String,
    /// What it queues behind.
    pub lane: String,
    /// Attempts so far, this one included.
    pub attempts: i64,
    /// When it was enqueued.
    pub created_at: Instant,
    /// An earlier attempt was never settled: the message may have been posted already.
    pub may_be_sent: bool,
    lease: String,
}

impl Claimed {
    /// The ids it was enqueued with; `None` for a row that a newer Plaudit wrote.
    pub fn subject<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.subject).ok()
    }
}

/// A row that still waits although its owner wanted it gone by now.
#[derive(Clone, Debug)]
pub struct Late {
    /// Its row id.
    pub id: OutboxId,
    /// What it is.
    pub kind: Kind,
    /// JSON with the ids that its owner needs.
    pub subject: String,
}

/// How an attempt ended, where the owner hasn't recorded the success itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Sent, or nothing left to send; already recorded by its owner with [`finish`].
    Recorded,
    /// Nothing more to do.
    Done,
    /// Try again, by the schedule of [`backoff`] or after the time given.
    Retry {
        /// Instead of the schedule.
        after: Option<Duration>,
        /// For the operator.
        why: String,
        /// The message may have been posted nevertheless (no answer came).
        unsettled: bool,
    },
    /// Slack asks to wait: this row and all that use the method.
    RateLimited { after: Duration },
    /// Goes to another lane and is sent there, now.
    Moved { lane: String, why: String },
    /// Will never succeed; its owner has told whoever must know.
    Failed { why: String },
}

/// How long a process may send one row before another takes over. Longer than the longest call to Slack.
pub const LEASE: Duration = Duration::from_secs(60);
/// Slack: about one message per second and channel.
pub const LANE_PAUSE: Duration = MESSAGE_INTERVAL;
/// Messages per minute and workspace; Slack speaks of several hundred.
pub const WORKSPACE_PER_MINUTE: i64 = 200;

const BACKOFF: [u64; 8] = [1, 2, 5, 10, 30, 60, 180, 300];

/// How long to wait after the given number of attempts: 1 s to 5 minutes, up to a quarter more so that rows that
/// failed together don't come back together. There is no last attempt: an hour without network loses nothing.
pub fn backoff(id: &OutboxId, attempts: i64) -> Duration {
    let step = usize::try_from(attempts.max(1) - 1).unwrap_or(0).min(BACKOFF.len() - 1);
    let base = BACKOFF[step] * 1_000;
    let spread = id
        .as_str()
        .bytes()
        .rev()
        .take(4)
        .fold(0_u64, |sum, byte| sum * 31 + u64::from(byte));
    Duration::from_millis(base + spread % (base / 4 + 1))
}
