//! What a schedule posts, and when: the one plan that the running bot, `/kudos prompts` and the command line follow.

use crate::base::calendar::Day;
use crate::base::clock::Instant;
use crate::prompts::draw::Used;
use crate::prompts::pack::Packs;
use crate::prompts::schedule::Schedule;
use crate::prompts::week::WeekDay;

/// One post of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When.
    pub at: Instant,
    /// The day it belongs to, on the schedule's calendar.
    pub day: Day,
    /// What kind of post.
    pub kind: PlannedKind,
    /// The name of the pack it is from.
    pub pack: String,
    /// The name of its theme, as people read it.
    pub theme: String,
    /// The theme's emoji with colons.
    pub emoji: String,
    /// The prompt's id; the texts of Customer Service Week have one too, such as `csw-wrap-up-1`.
    pub prompt: String,
    /// What it says.
    pub text: String,
    /// What leads in the answers of the day before; `{answers}` stands for them.
    pub carries: Option<String>,
    /// What Customer Service Week says about this day.
    pub week: Option<WeekDay>,
    /// Whether a line above it announces Customer Service Week.
    pub announces_week: bool,
}

/// What kind of post it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlannedKind {
    /// The post of an occurrence.
    Prompt,
    /// The second post of a day of Customer Service Week.
    FollowUp,
    /// What closes Customer Service Week, as a post of its own.
    WrapUp,
}

/// What a schedule posts after `from`, up to and including `to`, in order.
pub fn plan(_schedule: &Schedule, _packs: &Packs, _used: Vec<Used>, _from: Instant, _to: Instant) -> Vec<Planned> {
    Vec::new()
}
