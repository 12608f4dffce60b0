//! Floor 4: the heart. Giving, counting, taking back.
//!
//! One use case is one transaction. [`Give`] is the one way in for every source (a command, later a reaction, an
//! import): it carries its own instant, days, cost and announcement, so that nothing is read from the clock here.

mod audience;
mod boosts;
mod choices;
mod closing;
mod counts;
pub mod deliver;
mod deliveries;
mod erase;
mod facts;
mod giving;
pub mod grammar;
pub mod inputs;
mod keep;
pub mod messages;
pub mod modal;
mod people;
pub mod posts;
mod put_right;
mod quotes;
mod record;
mod recount;
pub mod rules;
mod sent;
mod standings;
mod store;
mod take_back;
mod thanks_back;
mod waiting;
mod withdraw;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};

pub use boosts::{Joined, boost, join_in};
pub use choices::{Switch, turn};
pub use closing::{close_month, month_told_at, reopen_month};
pub use erase::{Figures, KeptKudos, KeptOfPerson, edit_erased, erase, export, figures, removal};
pub use facts::{Facts, Lookup, Question};
pub use giving::{Gave, Giving, Said, Wish};
pub use inputs::{Opening, Submission};
pub use keep::{drop_old_words, drop_words, with_old_words, workspace_today};
pub use people::People;
pub use put_right::{
    Announced, Change, Decided, Edited, Hidden, Reported, add_value, announce, edit_words, hide, keep, remove, report,
    words_of,
};
pub use quotes::{Quote, customers_quoted, customers_words, quotable};
use record::{Prepared, record_prepared};
pub use record::{STATEMENTS, record};
pub use recount::{Difference, Recount, recount};
pub use sent::{Sent, sent};
pub use standings::{LIST as RANKED_AT_ONCE, Ranked, catch_up, count_up, lag_behind, note_latest_days};
pub use store::{Exported, export_page, left, sweep_deliveries};
pub use take_back::{TakeBack, TakenBack, dm_lane, latest_of, take_back, take_back_latest, take_back_sent};
pub use thanks_back::{ThankedBack, may_thank_back, thank_back};
pub use waiting::{MODAL, Waiting};
pub use withdraw::{gave_by_post, sweep_reactions};

use crate::base::calendar::Day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::store::{Collector, Db, StoreError, Tx};

/// How long the same words from the same giver to the same people count once, and how long *Undo* works.
pub const TEN_MINUTES: Duration = Duration::from_secs(600);

/// The feature's name in delivery keys.
pub const FEATURE: &str = "kudos";

/// How the delivery key of a form begins (a submission, a choice, what was put off): a person can put right what was
/// refused and send the same form again, so it counts as seen only when something was given.
pub const FORM: &str = "form ";

/// The entry of the global menu that opens the form.
pub const GIVE_KUDOS: &str = "give_kudos";
/// The entry at every message that opens the form for its writer.
pub const KUDOS_MESSAGE: &str = "kudos_message";
/// The entry at every message that passes it on as a customer's words.
pub const PASS_ON_CUSTOMER_WORDS: &str = "pass_on_customer_words";

/// One thank-you that a person wants to give: one giver, one or more receivers, all or nothing.
#[derive(Clone, Debug)]
pub struct Give {
    /// Where both are.
    pub workspace: WorkspaceId,
    /// What Slack delivered (`trigger_id`, `event_id`, …): unique per workspace and feature. `None` for imports.
    pub delivery: Option<String>,
    /// Who thanks.
    pub giver: UserId,
    /// Who is thanked, each once.
    pub receivers: Vec<Receiver>,
    /// The words: plain text, masked.
    pub reason: String,
    /// Values of the workspace, without `#`.
    pub values: Vec<String>,
    /// How it came.
    pub source: Source,
    /// Where it was given; `None` for an import without a place.
    pub channel: Option<ChannelId>,
    /// The post that gave it, and how: the same post or reaction never gives twice. `None` for commands.
    pub effect: Option<(MessageTs, Effect)>,
    /// When it was given.
    pub at: Instant,
    /// The giver's local day at that instant.
    pub giver_day: Day,
    /// The workspace's local day at that instant.
    pub workspace_day: Day,
    /// What each receiver costs of the allowance; 0 for customers' words, boosts and imports.
    pub cost: i64,
    /// Kudos that this giver may give on `giver_day`; `None` = no limit.
    pub allowance: Option<i64>,
    /// Where it is announced.
    pub announce: Announce,
    /// Receivers whom nobody could look up: they are checked before the card goes out.
    pub unchecked: Vec<UserId>,
    /// The thread that it was given in, by its parent; a card in the same channel is posted there.
    pub thread: Option<MessageTs>,
    /// What its card queues behind: the channel it is meant for.
    pub lane: String,
}

/// Who is thanked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Receiver {
    /// A person.
    Member(UserId),
    /// A user group, as a team: one row, no DMs, on no personal board.
    Group(GroupId),
}

impl Receiver {
    /// The person, if it is one.
    pub fn member(&self) -> Option<&UserId> {
        if let Self::Member(id) = self { Some(id) } else { None }
    }

    /// The user group, if it is one.
    pub fn group(&self) -> Option<&GroupId> {
        if let Self::Group(id) = self { Some(id) } else { None }
    }

    /// Slack's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Member(id) => id.as_str(),
            Self::Group(id) => id.as_str(),
        }
    }

    /// `member` or `group`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Member(_) => "member",
            Self::Group(_) => "group",
        }
    }
}

/// How a kudos came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A slash command.
    Command,
    /// The modal.
    Modal,
    /// A mention of the app in a message.
    Mention,
    /// The kudos emoji beside a mention.
    Emoji,
    /// The kudos emoji as a reaction.
    Reaction,
    /// A message shortcut.
    Shortcut,
    /// A customer's words, passed on.
    Customer,
    /// Another tool's export.
    Import,
}

impl Source {
    /// The name in the database and in exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Modal => "modal",
            Self::Mention => "mention",
            Self::Emoji => "emoji",
            Self::Reaction => "reaction",
            Self::Shortcut => "shortcut",
            Self::Customer => "customer",
            Self::Import => "import",
        }
    }

    /// What each receiver costs of the allowance: customers' words and what another tool counted cost nothing.
    pub const fn cost(self) -> i64 {
        match self {
            Self::Customer | Self::Import => 0,
            _ => 1,
        }
    }

    /// The column of the tallies: customers' thanks and peers' never mix.
    pub const fn tally(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            _ => "peer",
        }
    }

    /// The same for a source's name in the database.
    fn tally_of(name: &str) -> &'static str {
        if name == Self::Customer.name() {
            Self::Customer.tally()
        } else {
            Self::Command.tally()
        }
    }
}

/// How a message gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The post itself: its key stays spent when it is deleted.
    Post,
    /// A reaction to it: removing the reaction frees its key.
    Reaction,
}

impl Effect {
    const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Reaction => "reaction",
        }
    }
}

/// Where a kudos is announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announce {
    /// By the rules of place: the recognition channel, or where it was given.
    #[default]
    Default,
    /// In a channel that the giver chose.
    In(ChannelId),
    /// On no card: only those who are thanked hear of it.
    Dm,
    /// Nowhere, and nobody gets a DM: imports, and reactions that only count.
    Silent,
}

impl Announce {
    fn name(&self) -> &str {
        match self {
            Self::Default => "default",
            Self::In(channel) => channel.as_str(),
            Self::Dm => "dm",
            Self::Silent => "silent",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "default" => Self::Default,
            "dm" => Self::Dm,
            "silent" => Self::Silent,
            channel => Self::In(channel.into()),
        }
    }
}

/// What became of a [`Give`]. Stored with its delivery, so that a duplicate gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is on disk.
    Given {
        /// Its id.
        kudos: KudosId,
        /// What is left of the allowance after it; `None` without a limit.
        left: Option<i64>,
    },
    /// The same words to the same people within ten minutes: it is the same kudos.
    Same {
        /// The one that was given.
        kudos: KudosId,
        /// When.
        at: Instant,
    },
    /// The allowance doesn't cover it; nothing was spent.
    Short {
        /// What it costs.
        needs: i64,
        /// What is left.
        left: i64,
    },
    /// This post or reaction has given before.
    Spent,
}

/// The most kudos that one transaction takes; bounds how long the first one waits for the last.
const LIST: usize = 1_000;

/// The hot path: hands every kudos that waits to [`record()`] in one transaction. Cheap to clone.
#[derive(Clone)]
pub struct Recorder(Collector<Prepared, Outcome>);

impl Recorder {
    /// Starts the task that records. Needs a tokio runtime.
    pub fn start(db: Db) -> Self {
        Self(Collector::new(LIST, move |gives: Vec<Prepared>| {
            let (db, gives): (Db, Arc<[Prepared]>) = (db.clone(), gives.into());
            async move {
                match record_list(&db, &gives, 0..gives.len()).await {
                    Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
                    // One bad kudos must not take the others with it.
                    Err(error) if gives.len() > 1 && (error.is_about_the_data() || error.is_worth_another_try()) => {
                        let mut outcomes = Vec::with_capacity(gives.len());
                        let mut down: Option<StoreError> = None;
                        for place in 0..gives.len() {
                            let outcome = match &down {
                                Some(error) => Err(error.clone()),
                                None => record_list(&db, &gives, place..place + 1).await,
                            };
                            // When the database itself is in trouble, a thousand must not wait for it one by one.
                            down = outcome
                                .as_ref()
                                .err()
                                .filter(|error| !error.is_about_the_data())
                                .cloned();
                            outcomes.push(outcome.and_then(|mut one| one.pop().ok_or(StoreError::Failed)));
                        }
                        outcomes
                    }
                    Err(error) => gives.iter().map(|_| Err(error.clone())).collect(),
                }
            }
            .boxed()
        }))
    }

    /// Records one kudos, together with whatever else waits. Returns when it is on disk.
    ///
    /// # Errors
    /// [`StoreError`] when it is not; then nothing of it is stored.
    pub async fn give(&self, give: Give) -> Result<Outcome, StoreError> {
        self.0.put(Prepared::of(give)).await
    }
}

async fn record_list(db: &Db, gives: &Arc<[Prepared]>, which: Range<usize>) -> Result<Vec<Outcome>, StoreError> {
    let gives = Arc::clone(gives);
    db.write(async move |tx: &mut Tx| record_prepared(tx, &gives[which.clone()]).await)
        .await
}
