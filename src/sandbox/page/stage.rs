//! What the page asks of whoever set up the workspace and runs the bot.

use futures_util::future::BoxFuture;

use crate::base::clock::Instant;
use crate::base::ids::UserId;

/// Everything on the page that isn't Slack: the story beside the chat, the clock, and the bot's process. Sentences in
/// its errors are shown as they are.
pub trait Stage: Send + Sync + 'static {
    /// As whom a visitor lands.
    fn visitor(&self) -> UserId;

    /// The steps of the story that exist, in order, as far as they have come.
    fn steps(&self) -> Vec<Step>;

    /// The visitor did something on the page that only the page can see.
    fn noticed(&self, what: Noticed);

    /// Where the clock can go from here, soonest first.
    fn jumps(&self) -> Vec<Jump>;

    /// Takes the workspace there; the bot lives through the time between. Returns when it has arrived.
    fn jump(&self, id: &str) -> BoxFuture<'_, Result<(), String>>;

    /// Kills the bot's process (as `kill -9` does) and starts it again. Returns when it answers.
    fn kill_and_restart(&self) -> BoxFuture<'_, Result<(), String>>;

    /// Delivers the latest command ten times more, as a Slack that lost its mind would. Returns what came of it in
    /// one sentence.
    fn deliver_ten_times(&self) -> BoxFuture<'_, Result<String, String>>;

    /// Sends 200 kudos at once, by many people in many channels. Returns when all are answered.
    fn two_hundred_at_once(&self) -> BoxFuture<'_, Result<String, String>>;

    /// How the kudos since the workspace was opened stand.
    fn tally(&self) -> BoxFuture<'_, Tally>;
}

/// One step of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Never changes, as `read-your-thanks`.
    pub id: &'static str,
    /// What to do, a few words.
    pub title: String,
    /// How, one sentence of mrkdwn.
    pub hint: String,
    /// Whether the visitor has done it.
    pub done: bool,
}

/// What only the page can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// Somebody looks at a place, as a person.
    Looked {
        /// Who.
        by: UserId,
        /// Where.
        at: crate::base::ids::ChannelId,
    },
}

/// Somewhere the clock can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// For [`Stage::jump`].
    pub id: String,
    /// For the button, as `Next working day`.
    pub label: String,
    /// When it arrives.
    pub at: Instant,
}

/// Kudos on their way: equal numbers mean that nothing was lost and nothing sent twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The bot said that it has them.
    pub acknowledged: u64,
    /// They are in its database.
    pub stored: u64,
    /// Their cards stand in a channel.
    pub posted: u64,
}
