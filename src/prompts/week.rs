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

    /// What the days of a week say that has so many: a short one begins and ends as every other, and the second round of
    /// ideas goes first.
    const fn of_so_many(days: usize) -> &'static [Self] {
        match days {
            0 => &[],
            1 => &[Self::Celebrate],
            2 => &[Self::Educate, Self::Celebrate],
            3 => &[Self::Educate, Self::CoCreate1, Self::Celebrate],
            4 => &[Self::Educate, Self::Activate, Self::CoCreate1, Self::Celebrate],
            _ => &Self::DAYS,
        }
    }

    /// The day that follows in a whole week, and leads in what this one produced.
    pub fn next(self) -> Option<Self> {
        let nth = Self::DAYS.iter().position(|day| *day == self)?;
        Self::DAYS.get(nth + 1).copied()
    }

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

    /// Those of its days that have a prompt, and what they say: a holiday, or a schedule that isn't daily, makes it shorter.
    fn asked(&self, schedule: &Schedule) -> impl Iterator<Item = (Day, WeekDay)> {
        let is_due = |day: &Day| schedule.first_day_from(*day) == Some(*day);
        let days: Vec<Day> = self.days.into_iter().filter(is_due).collect();
        let say = WeekDay::of_so_many(days.len());
        days.into_iter().zip(say.iter().copied())
    }

    /// What the day before a day of it said; `None` on its first.
    pub fn said_before(&self, schedule: &Schedule, day: Day) -> Option<WeekDay> {
        let before = self.asked(schedule).take_while(|(asked, _)| *asked < day);
        before.last().map(|(_, said)| said)
    }

    /// What it says about a day. What is said outside its five days waits for the schedule's next occurrence.
    fn says(&self, schedule: &Schedule, day: Day) -> Option<WeekDay> {
        if self.days.contains(&day) {
            let mut asked = self.asked(schedule);
            return asked.find(|(asked, _)| *asked == day).map(|(_, said)| said);
        }
        let monday_after = self.last().monday().plus(7);
        let asked: [(WeekDay, Day, Day); 4] = [
            (WeekDay::Before, self.first().plus(-6).monday(), self.first()),
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

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;
    use crate::base::calendar::WorkingDays;
    use crate::prompts::schedule::tests::{day, schedule};

    /// What the week says about each day around it, as `2026-10-05 Educate`.
    fn said(schedule: &Schedule, from: &str, days: i64) -> Vec<String> {
        let from = day(from);
        (0..days)
            .map(|days| from.plus(days))
            .filter_map(|day| Some(format!("{day} {:?}", week_day(schedule, day)?.0)))
            .collect()
    }

    #[test]
    fn it_starts_on_the_first_monday_of_october() {
        for (year, first) in [
            (2024, "2024-10-07"),
            (2025, "2025-10-06"),
            (2026, "2026-10-05"),
            (2027, "2027-10-04"),
            (2028, "2028-10-02"),
            (2029, "2029-10-01"),
        ] {
            assert_eq!(week_of(year, None), day(first));
            assert_eq!(week_of(year, Some(day("2026-09-14"))) == day(first), year != 2026);
        }
        assert_eq!(week_of(2026, Some(day("2026-09-14"))), day("2026-09-14"));
    }

    #[test]
    fn five_days_build_on_each_other_between_an_announcement_and_three_questions() {
        let schedule = schedule("weekdays 9:30", "Europe/Berlin");
        assert_eq!(
            said(&schedule, "2026-09-01", 180),
            [
                "2026-09-28 Before",
                "2026-10-05 Educate",
                "2026-10-06 Activate",
                "2026-10-07 CoCreate1",
                "2026-10-08 CoCreate2",
                "2026-10-09 Celebrate",
                "2026-10-12 MondayAfter",
                "2026-11-11 After30",
                // 90 days after that Monday is a Sunday.
                "2027-01-11 After90",
            ]
        );
    }

    #[test]
    fn what_falls_on_a_day_without_a_prompt_waits_for_the_next() {
        let mut schedule = schedule("every Tuesday and Thursday at 14:00", "Europe/Berlin");
        schedule.skip = [day("2026-10-13")].into();
        assert_eq!(
            said(&schedule, "2026-09-01", 180),
            [
                "2026-09-29 Before",
                "2026-10-06 Educate",
                "2026-10-08 Celebrate",
                "2026-10-15 MondayAfter",
                "2026-11-12 After30",
                "2027-01-12 After90",
            ]
        );
        schedule.week = WeekMode::Off;
        assert_eq!(said(&schedule, "2026-09-01", 180), [""; 0]);
    }

    #[test]
    fn a_holiday_makes_the_week_shorter_and_leaves_its_beginning_and_its_end() {
        let week = |holidays: &[&str]| -> Vec<String> {
            let mut schedule = schedule("weekdays 9:30", "Asia/Seoul");
            schedule.skip = holidays.iter().map(|holiday| day(holiday)).collect();
            said(&schedule, "2026-10-05", 5)
        };
        assert_eq!(
            week(&["2026-10-05", "2026-10-09"]),
            ["2026-10-06 Educate", "2026-10-07 CoCreate1", "2026-10-08 Celebrate"]
        );
        assert_eq!(
            week(&["2026-10-07"]),
            [
                "2026-10-05 Educate",
                "2026-10-06 Activate",
                "2026-10-08 CoCreate1",
                "2026-10-09 Celebrate",
            ]
        );
        assert_eq!(
            week(&["2026-10-05", "2026-10-06", "2026-10-07", "2026-10-08"]),
            ["2026-10-09 Celebrate"]
        );
    }

    #[test]
    fn where_monday_is_not_worked_the_week_is_announced_in_the_week_before_all_the_same() {
        use Weekday::{Fri, Sat, Thu, Tue, Wed};
        let mut schedule = schedule("30 9 * * 2-6", "Europe/Berlin");
        schedule.working_days = WorkingDays::new([Tue, Wed, Thu, Fri, Sat]).expect("days");
        assert_eq!(
            said(&schedule, "2026-09-20", 21),
            [
                "2026-09-29 Before",
                "2026-10-06 Educate",
                "2026-10-07 Activate",
                "2026-10-08 CoCreate1",
                "2026-10-09 CoCreate2",
                "2026-10-10 Celebrate",
            ]
        );
    }

    #[test]
    fn a_week_that_was_moved_takes_the_peoples_own_working_days() {
        use Weekday::{Mon, Sun, Thu, Tue, Wed};
        let mut schedule = schedule("daily 9:30", "Asia/Dubai");
        schedule.working_days = WorkingDays::new([Sun, Mon, Tue, Wed, Thu]).expect("days");
        schedule.week_start = Some(day("2026-10-11"));
        assert_eq!(
            said(&schedule, "2026-09-01", 60),
            [
                "2026-10-05 Before",
                "2026-10-11 Educate",
                "2026-10-12 Activate",
                "2026-10-13 CoCreate1",
                "2026-10-14 CoCreate2",
                "2026-10-15 Celebrate",
                "2026-10-19 MondayAfter",
            ]
        );
        // In another year it is where it always was.
        assert_eq!(said(&schedule, "2027-10-01", 10)[0], "2027-10-04 Educate");
        // Over the turn of the year.
        schedule.working_days = WorkingDays::default();
        schedule.week_start = Some(day("2027-01-04"));
        assert_eq!(
            said(&schedule, "2026-12-20", 20),
            [
                "2026-12-28 Before",
                "2027-01-04 Educate",
                "2027-01-05 Activate",
                "2027-01-06 CoCreate1",
                "2027-01-07 CoCreate2",
                "2027-01-08 Celebrate",
            ]
        );
    }

    #[test]
    fn no_two_years_running_have_the_same_variant() {
        let schedule = schedule("weekdays 9:30", "Europe/Berlin");
        let variants = ["one", "two", "three"];
        let of = |year| Week::of(&schedule, year).variant(&variants).map(|(nth, _)| nth);
        let years: Vec<Option<usize>> = (2024..2033).map(of).collect();
        assert!(
            years
                .windows(3)
                .all(|years| years[0] != years[1] && years[0] != years[2] && years[1] != years[2])
        );
        assert_eq!(Week::of(&schedule, 2026).variant(&[""; 0]), None);
    }
}
