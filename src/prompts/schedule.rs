//! A place, a time and a pack: when prompts are due.
//!
//! The `cron` crate sees a wall clock that never jumps; where a zone's clocks do, [`at_wall`] decides: in a gap the first
//! instant after it, in an overlap once.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;

use crate::base::calendar::{Day, WorkingDays, at_wall};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, ScheduleId, UserId};
use crate::prompts::cron::Cron;
use crate::prompts::holidays::{self, Region};

/// How late an occurrence may still be posted, unless a steward says otherwise.
pub const GRACE: Duration = Duration::from_hours(4);

/// When a channel gets which prompts. Stored as JSON.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// Where its prompts are posted.
    pub channel: ChannelId,
    /// On which days, and when on them.
    pub cron: Cron,
    /// The zone of that time.
    pub zone: Tz,
    /// The name of its pack.
    pub pack: String,
    /// Days without a prompt.
    pub skip: BTreeSet<Day>,
    /// Whose public holidays have no prompt.
    pub holidays: Option<Region>,
    /// The days that this channel's people work on.
    pub working_days: WorkingDays,
    /// How late an occurrence may still be posted.
    pub grace: Duration,
    /// Whether it posts; paused otherwise.
    pub is_on: bool,
    /// How Customer Service Week is marked.
    pub week: WeekMode,
    /// When Customer Service Week starts here, where it was moved; counts for the year that it is in.
    pub week_start: Option<Day>,
    /// What the order of its prompts is shuffled by.
    pub seed: i64,
    /// Who made it.
    pub maker: UserId,
}

/// How a channel marks Customer Service Week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeekMode {
    /// Two posts a day and a wrap-up.
    Full,
    /// One post a day.
    #[default]
    Light,
    /// As any other week.
    Off,
}

impl Schedule {
    /// The next occurrence strictly later than `after`; none if there is none left.
    pub fn next(&self, after: Instant) -> Option<Instant> {
        self.occurrences(after).map(|(at, _)| at).next()
    }

    /// The occurrences strictly later than `from`, up to and including `to`, in order.
    pub fn between(&self, from: Instant, to: Instant) -> Vec<Instant> {
        self.occurrences(from)
            .map(|(at, _)| at)
            .take_while(|&at| at <= to)
            .collect()
    }

    /// The occurrences strictly later than `after`, in order, each with the day that it belongs to: one that falls into
    /// a gap before midnight is due on the next day, and stays the prompt of its own.
    pub(super) fn occurrences(&self, after: Instant) -> impl Iterator<Item = (Instant, Day)> {
        // A day's occurrence is at most a day away from where a clock without jumps would have it.
        let wall = after.utc().with_timezone(&self.zone).naive_local() - chrono::Duration::hours(26);
        let due = self
            .cron
            .walls(wall)
            .filter(|wall| self.is_due_on(Day::from(wall.date())));
        let mut last = after;
        due.filter_map(move |wall| {
            let at = at_wall(wall, self.zone);
            // Where a zone left out a whole day, two days' occurrences could fall together.
            let is_later = at > last;
            last = last.max(at);
            is_later.then(|| (at, Day::from(wall.date())))
        })
    }

    /// The first day with an occurrence, from `day` on.
    pub(super) fn first_day_from(&self, day: Day) -> Option<Day> {
        let before = day.date().and_time(NaiveTime::MIN) - chrono::Duration::seconds(1);
        let mut days = self.cron.walls(before).map(|wall| Day::from(wall.date()));
        days.find(|&day| self.is_due_on(day))
    }

    fn is_due_on(&self, day: Day) -> bool {
        !self.skip.contains(&day)
            && self
                .holidays
                .is_none_or(|region| holidays::is_holiday(region, day).is_none())
    }
}
