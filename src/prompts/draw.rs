//! Which prompt comes next. Nothing is stored but what was used: the order follows from the schedule's seed.

use crate::base::calendar::Day;
use crate::prompts::pack::{Pack, Prompt, Theme};

/// A prompt that a channel has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its id.
    pub prompt: String,
    /// When, on the schedule's calendar.
    pub day: Day,
}

/// The theme and prompt of a day; none if the pack is empty.
pub fn draw<'p>(_pack: &'p Pack, _seed: i64, _used: &[Used], _day: Day) -> Option<(&'p Theme, &'p Prompt)> {
    None
}
