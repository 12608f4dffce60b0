//! Which month is told when, and which month somebody means. Pure.

use std::fmt;
use std::str::FromStr;

use chrono::Datelike as _;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::base::calendar::{Day, Period, at_hour, local_day};
use crate::base::clock::Instant;
use crate::base::text::fold;
use crate::kudos::rules::MORNING;

/// How many working days late a digest may still be posted by itself.
pub const MAY_BE_LATE: usize = 5;

/// A calendar month of the workspace. Its text is `2026-10`, which is also how it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month(Day);

impl Month {
    /// The month around a day.
    pub fn of(day: Day) -> Self {
        Self(day.first_of_month())
    }

    /// Its first day.
    pub const fn first(self) -> Day {
        self.0
    }

    /// Its last day.
    pub fn last(self) -> Day {
        self.0.first_of_next_month().previous()
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.first_of_next_month())
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::of(self.0.previous())
    }

    /// The key of its tallies.
    pub fn period(self) -> Period {
        Period::month(self.0)
    }

    /// Its days from Monday to Friday, in order.
    pub fn working_days(self) -> Vec<Day> {
        let next = self.next().0;
        let mut days = Vec::new();
        let mut day = self.0;
        while day < next {
            if day.is_working_day() {
                days.push(day);
            }
            day = day.next();
        }
        days
    }

    /// `October`; of another year than `today`'s, and no longer the one just over, `October 2024`.
    pub fn name(self, today: Day) -> String {
        let year_is_plain = self.0.date().year() == today.date().year() || self == Self::of(today).previous();
        self.0
            .date()
            .format(if year_is_plain { "%B" } else { "%B %Y" })
            .to_string()
    }

    /// `O`: its first letter, for an axis.
    pub fn letter(self) -> String {
        self.0.date().format("%B").to_string().chars().take(1).collect()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.date().format("%Y-%m"))
    }
}

/// A text that is no month written as `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month written as YYYY-MM, as in 2026-10")]
pub struct NotAMonth;

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        format!("{text}-01").parse().map(Self).map_err(|_| NotAMonth)
    }
}

impl TryFrom<String> for Month {
    type Error = NotAMonth;

    fn try_from(text: String) -> Result<Self, NotAMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

const NAMES: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The month that somebody means who types `text` after `digest`: nothing and `last month` are the one just over; a name
/// alone is the latest month of that name, the running one included. `None` if it is no month.
pub fn meant(text: &str, today: Day) -> Option<Month> {
    let text = fold(text);
    let text = text.trim_end_matches(['?', '!', '.']).trim();
    let this = Month::of(today);
    match text {
        "" | "last" | "last month" => return Some(this.previous()),
        "now" | "this" | "this month" => return Some(this),
        _ => {}
    }
    if let Ok(month) = text.parse() {
        return Some(month);
    }
    let mut words = text.split_whitespace();
    let name = words.next().map(|word| word.trim_end_matches(['.', ',']))?;
    let number = NAMES
        .iter()
        .position(|full| *full == name || (name.len() >= 3 && full.starts_with(name)))?;
    let number = u32::try_from(number).ok()? + 1;
    let year = match words.next() {
        Some(year) if year.len() == 4 => year.parse().ok()?,
        Some(_) => return None,
        None if number > today.date().month() => today.date().year() - 1,
        None => today.date().year(),
    };
    if words.next().is_some() {
        return None;
    }
    Day::new(year, number, 1).map(Month::of)
}

/// The day on which a month is told: the first working day of the next.
pub fn told_on(month: Month) -> Day {
    let first = month.next().first();
    if first.is_working_day() {
        first
    } else {
        first.next_working_day()
    }
}

/// When a month is told: on [`told_on`] at 09:00 in the workspace's zone.
pub fn told_at(month: Month, zone: Tz) -> Instant {
    at_hour(told_on(month), MORNING, zone)
}

/// The day on which the stewards see a month's digest before everybody else: the working day before.
pub fn shown_on(month: Month) -> Day {
    let mut day = told_on(month).previous();
    while !day.is_working_day() && day != day.previous() {
        day = day.previous();
    }
    day
}

/// Until when a month may still be told without asking: the end of the fifth working day after it was due.
pub fn told_until(month: Month, zone: Tz) -> Instant {
    let day = (0..MAY_BE_LATE).fold(told_on(month), |day, _| day.next_working_day());
    at_hour(day.next(), 0, zone)
}

/// What the clock asks for, of a month of which nothing was done yet or which the stewards have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet: it is too early, or no time to post anything.
    Nothing,
    /// The stewards see it before everybody else.
    Show,
    /// It is posted.
    Tell,
    /// It is too late to post it without asking.
    Ask,
}

/// Decides. What is late waits for a working day's morning, so that nobody's night or weekend is disturbed.
pub fn due(month: Month, now: Instant, zone: Tz) -> Due {
    let today = local_day(now, zone);
    if now >= told_until(month, zone) {
        Due::Ask
    } else if now >= told_at(month, zone) {
        if today.is_working_day() && now >= at_hour(today, MORNING, zone) {
            Due::Tell
        } else {
            Due::Nothing
        }
    } else if now >= at_hour(shown_on(month), MORNING, zone) {
        Due::Show
    } else {
        Due::Nothing
    }
}

/// The months that may ask for something at `now`, the oldest first: the running one (which the stewards see on its last
/// working day) and those before, back to the one in which the workspace began, at most a year.
pub fn candidates(began: Instant, now: Instant, zone: Tz) -> Vec<Month> {
    let began = Month::of(local_day(began, zone));
    let mut months = Vec::new();
    let mut month = Month::of(local_day(now, zone));
    for _ in 0..=12 {
        if month < began {
            break;
        }
        months.push(month);
        month = month.previous();
    }
    months.reverse();
    months
}

/// The days of a month that aren't over at `now`: what a digest written now still lacks.
pub fn lacks(month: Month, now: Instant, zone: Tz) -> Vec<Day> {
    let mut day = local_day(now, zone).max(month.first());
    let mut days = Vec::new();
    while day <= month.last() {
        days.push(day);
        day = day.next();
    }
    days
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::calendar::parse_zone;

    const ZONES: [&str; 10] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "Asia/Kathmandu",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Africa/Cairo",
    ];

    fn month(text: &str) -> Month {
        text.parse().expect("a month")
    }

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn every_month() -> impl Iterator<Item = Month> {
        std::iter::successors(Some(month("2025-01")), |month| Some(month.next())).take(48)
    }

    /// By hand, without the rules: the day of the month on which each month of 2026 is told.
    #[test]
    fn the_first_working_day_of_the_next_month() {
        let told: Vec<String> = every_month()
            .skip(12)
            .take(12)
            .map(|month| told_on(month).to_string())
            .collect();
        assert_eq!(
            told,
            [
                "2026-02-02",
                "2026-03-02",
                "2026-04-01",
                "2026-05-01",
                "2026-06-01",
                "2026-07-01",
                "2026-08-03",
                "2026-09-01",
                "2026-10-01",
                "2026-11-02",
                "2026-12-01",
                "2027-01-01",
            ]
        );
        assert_eq!(shown_on(month("2026-10")), day("2026-10-30"));
        assert_eq!(shown_on(month("2026-08")), day("2026-08-31"));
        let berlin = parse_zone("Europe/Berlin").expect("a zone");
        assert_eq!(
            told_at(month("2026-10"), berlin).utc().to_rfc3339(),
            "2026-11-02T08:00:00+00:00"
        );
        assert_eq!(
            told_until(month("2026-10"), berlin).utc().to_rfc3339(),
            "2026-11-09T23:00:00+00:00"
        );
    }

    /// One process that looks every so often but for `down`, from before the first month is shown until after the last
    /// one is asked about. What it does, as (when, month, what).
    fn lives(zone: Tz, every: Duration, down: impl Fn(Instant) -> bool) -> Vec<(Instant, Month, Due)> {
        let began = at_hour(day("2025-01-10"), 0, zone);
        let end = at_hour(day("2029-03-01"), 0, zone);
        let (mut now, mut done, mut shown) = (began, Vec::new(), Vec::new());
        while now < end {
            let today = local_day(now, zone);
            let mut open = 0;
            if !down(now) {
                for month in candidates(began, now, zone) {
                    if done.iter().any(|(_, told, _)| *told == month) || month > self::month("2028-12") {
                        continue;
                    }
                    open += usize::from(month != Month::of(today) || today.next() >= shown_on(month));
                    match due(month, now, zone) {
                        Due::Nothing => {}
                        Due::Show if shown.contains(&month) => {}
                        Due::Show => shown.push(month),
                        what => done.push((now, month, what)),
                    }
                }
            }
            // Nothing can happen on a day on which no month is open.
            let idle = open == 0 && !down(now);
            now = if idle {
                at_hour(today.next(), 0, zone)
            } else {
                now.plus(every)
            };
        }
        assert!(shown.len() <= 48);
        done
    }

    #[test]
    fn every_month_is_told_once_on_the_right_day_and_covers_the_calendar_month() {
        for name in ZONES {
            let zone = parse_zone(name).expect("a zone");
            let done = lives(zone, Duration::from_secs(1_800), |_| false);
            assert_eq!(done.len(), 48, "{name}");
            for ((at, told, what), month) in done.into_iter().zip(every_month()) {
                assert_eq!((told, what), (month, Due::Tell), "{name}");
                let on = local_day(at, zone);
                // The first day of the month on which people work, and the first look at or after nine.
                assert_eq!(Month::of(on), month.next(), "{name}");
                assert!(on.is_working_day(), "{name} {month}");
                assert!((1..on.date().day()).all(|d| !month.next().first().plus(i64::from(d) - 1).is_working_day()));
                assert!(
                    at.since(told_at(month, zone)) < Duration::from_secs(1_800),
                    "{name} {month}"
                );
                assert_eq!(lacks(month, at, zone), []);
                // Its days are the calendar's: one after the other, of this month, none left out.
                assert_eq!(month.last().next(), month.next().first());
                assert_eq!(month.first().date().day(), 1);
                assert_eq!(Month::of(month.first().previous()), month.previous());
            }
        }
    }

    #[test]
    fn a_process_that_was_down_tells_it_late_or_asks_and_never_drops_it() {
        for name in ZONES {
            let zone = parse_zone(name).expect("a zone");
            for days_down in [1_i64, 3, 6, 8, 10, 20, 45] {
                let mut asked = 0;
                // Down from the day before each month's digest, for so many days; long ones run into the next month.
                let gaps: Vec<(Day, Day)> = every_month()
                    .filter(|month| days_down < 30 || month.first().date().month().is_multiple_of(4))
                    .map(|month| (told_on(month).previous(), told_on(month).previous().plus(days_down)))
                    .collect();
                let is_down = |at: Instant| {
                    let today = local_day(at, zone);
                    gaps.iter().any(|(from, to)| *from <= today && today < *to)
                };
                let mut done = lives(zone, Duration::from_secs(10_800), is_down);
                done.sort_by_key(|(_, month, _)| *month);
                assert_eq!(
                    done.iter().map(|(_, month, _)| *month).collect::<Vec<_>>(),
                    every_month().collect::<Vec<_>>()
                );
                for (at, month, what) in done {
                    let today = local_day(at, zone);
                    let working_days_late =
                        std::iter::successors(Some(told_on(month)), |day| Some(day.next_working_day()))
                            .take_while(|day| *day < today)
                            .count();
                    match what {
                        Due::Tell => {
                            assert!(working_days_late <= MAY_BE_LATE, "{name} {month} {days_down}");
                            assert!(today.is_working_day() && at >= at_hour(today, MORNING, zone));
                        }
                        _ => {
                            asked += 1;
                            assert!(at >= told_until(month, zone), "{name} {month} {days_down}");
                        }
                    }
                }
                assert_eq!(asked > 0, days_down > 8, "{name} {days_down}");
            }
        }
    }

    #[test]
    fn months_are_meant_as_people_type_them() {
        let today = day("2026-11-28");
        for (typed, expected) in [
            ("", Some("2026-10")),
            ("last month", Some("2026-10")),
            ("this month", Some("2026-11")),
            ("2026-02", Some("2026-02")),
            ("October", Some("2026-10")),
            ("oct.", Some("2026-10")),
            ("november", Some("2026-11")),
            ("December", Some("2025-12")),
            ("Dec 2024?", Some("2024-12")),
            ("2026-13", None),
            ("2026-2", None),
            ("ma", None),
            ("october for the win", None),
            ("about Dana", None),
        ] {
            assert_eq!(meant(typed, today), expected.map(month), "{typed}");
        }
    }

    #[test]
    fn a_months_name_has_its_year_where_it_could_be_another() {
        assert_eq!(month("2026-10").name(day("2026-11-02")), "October");
        assert_eq!(month("2025-12").name(day("2026-01-02")), "December");
        assert_eq!(month("2025-11").name(day("2026-01-02")), "November 2025");
        assert_eq!(month("2026-10").working_days().len(), 22);
        let lacking = lacks(month("2026-10"), at_hour(day("2026-10-30"), 9, Tz::UTC), Tz::UTC);
        assert_eq!(lacking, [day("2026-10-30"), day("2026-10-31")]);
    }
}
