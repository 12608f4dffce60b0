//! Customer Service Week: which day of it a day is. Five working days from the first Monday of October, or from where a
//! steward moved it; announced on the Monday before, asked about on the Monday after and 30 and 90 days after that.

use chrono::Datelike as _;

use crate::base::calendar::{Day, customer_service_week};
use crate::prompts::schedule::{Schedule, WeekMode};

/// The pack that the week's texts are in.
pub const PACK: &str = "customer-service-week";

/// A day that Customer Service Week says something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeekDay {
    /// The Monday before.
    Before,
    /// The first day.
    Educate,
    /// The second.
    Activate,
    /// The third.
    CoCreate1,
    /// The fourth.
    CoCreate2,
    /// The fifth.
    Celebrate,
    /// The Monday after.
    MondayAfter,
    /// 30 days after that.
    After30,
    /// 90 days after that.
    After90,
}

impl WeekDay {
    /// The five days, in order.
    pub const DAYS: [Self; 5] = [
        Self::Educate,
        Self::Activate,
        Self::CoCreate1,
        Self::CoCreate2,
        Self::Celebrate,
    ];

    /// The id of the theme in the week's pack, for the five days.
    pub fn theme(self) -> Option<&'static str> {
        match self {
            Self::Educate => Some("educate"),
            Self::Activate => Some("activate"),
            Self::CoCreate1 => Some("co-create-1"),
            Self::CoCreate2 => Some("co-create-2"),
            Self::Celebrate => Some("celebrate"),
            Self::Before | Self::MondayAfter | Self::After30 | Self::After90 => None,
        }
    }
}

/// The first day of a year's Customer Service Week: the first Monday of October, or where it was moved to in that year.
pub fn week_of(year: i32, moved: Option<Day>) -> Day {
    let moved = moved.filter(|day| day.date().year() == year);
    // Every year that chrono knows has a first Monday of October.
    moved.or_else(|| customer_service_week(year)).unwrap_or_default()
}

/// One year's Customer Service Week in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Week {
    /// The five days.
    pub days: [Day; 5],
}

impl Week {
    /// That of a year.
    pub fn of(schedule: &Schedule, year: i32) -> Self {
        let mut day = week_of(year, schedule.week_start);
        let days = WeekDay::DAYS.map(|_| {
            while !schedule.working_days.contains(day) && day != day.next() {
                day = day.next();
            }
            let found = day;
            day = day.next();
            found
        });
        Self { days }
    }

    /// Its first day.
    pub fn first(&self) -> Day {
        self.days[0]
    }

    /// Its last day.
    pub fn last(&self) -> Day {
        self.days[4]
    }

    /// Which of several variants its year has: no two years running have the same of two or more.
    pub fn variant<'v, T>(&self, variants: &'v [T]) -> Option<(usize, &'v T)> {
        let count = i32::try_from(variants.len()).ok().filter(|&count| count > 0)?;
        let nth = usize::try_from(self.first().date().year().rem_euclid(count)).ok()?;
        Some((nth, variants.get(nth)?))
    }

    /// What it says about a day. What is said outside its five days waits for the schedule's next occurrence.
    fn says(&self, schedule: &Schedule, day: Day) -> Option<WeekDay> {
        if let Some(nth) = self.days.iter().position(|&of_week| of_week == day) {
            return Some(WeekDay::DAYS[nth]);
        }
        let monday_after = self.last().monday().plus(7);
        let asked: [(WeekDay, Day, Day); 4] = [
            (WeekDay::Before, self.first().previous().monday(), self.first()),
            (WeekDay::MondayAfter, monday_after, monday_after.plus(30)),
            (WeekDay::After30, monday_after.plus(30), monday_after.plus(90)),
            (WeekDay::After90, monday_after.plus(90), monday_after.plus(180)),
        ];
        let (what, from, _) = asked.into_iter().find(|&(_, from, until)| from <= day && day < until)?;
        (schedule.first_day_from(from) == Some(day)).then_some(what)
    }
}

/// What Customer Service Week says about a local day of a schedule, and the week that says it.
pub fn week_day(schedule: &Schedule, day: Day) -> Option<(WeekDay, Week)> {
    if schedule.week == WeekMode::Off {
        return None;
    }
    // The questions of an October reach into the next year; a week moved to January is announced in the year before.
    let year = day.date().year();
    [year, year - 1, year + 1].into_iter().find_map(|year| {
        let week = Week::of(schedule, year);
        Some((week.says(schedule, day)?, week))
    })
}
