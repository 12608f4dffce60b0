//! Local days, periods and working days.
//!
//! Zones are IANA zones (chrono-tz, which carries the tz database). Nothing here reads the time.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday, WeekdaySet,
};
use chrono_tz::Tz;

use crate::base::clock::Instant;

/// A day of a calendar, without a zone. Its text is `YYYY-MM-DD`, which is also how it is stored: bind
/// `day.to_string()`, read back with `parse`. Days sort by time, and so do their texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Day(NaiveDate);

impl Day {
    /// The day of this date; none if there is no such date.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// As chrono's type.
    pub const fn date(self) -> NaiveDate {
        self.0
    }

    /// The day after.
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The day before.
    pub fn previous(self) -> Self {
        self.plus(-1)
    }

    /// This many days later, or earlier if negative. Stays where it is beyond the calendar's end.
    pub fn plus(self, days: i64) -> Self {
        let by = Days::new(days.unsigned_abs());
        let moved = if days < 0 {
            self.0.checked_sub_days(by)
        } else {
            self.0.checked_add_days(by)
        };
        Self(moved.unwrap_or(self.0))
    }

    /// Whole days from `earlier` to this day; negative if `earlier` is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.signed_duration_since(earlier.0).num_days()
    }

    /// The Monday of this day's week; weeks start on Monday.
    pub fn monday(self) -> Self {
        self.plus(-i64::from(self.0.weekday().num_days_from_monday()))
    }

    /// The first day of this day's month.
    pub fn first_of_month(self) -> Self {
        Self(self.0.with_day(1).unwrap_or(self.0))
    }

    /// The first day of the month after this day's.
    pub fn first_of_next_month(self) -> Self {
        let first = self.first_of_month();
        first.months(1)
    }

    /// The same day of the month this many months later, or earlier if negative; the last one where a month is shorter.
    /// Stays where it is beyond the calendar's end.
    pub fn months(self, months: i64) -> Self {
        let by = Months::new(u32::try_from(months.unsigned_abs()).unwrap_or(u32::MAX));
        let moved = if months < 0 {
            self.0.checked_sub_months(by)
        } else {
            self.0.checked_add_months(by)
        };
        Self(moved.unwrap_or(self.0))
    }

    /// The next working day after this one.
    pub fn next_working_day(self) -> Self {
        let mut day = self.next();
        while !day.is_working_day() && day != day.next() {
            day = day.next();
        }
        day
    }

    /// Monday to Friday.
    pub fn is_working_day(self) -> bool {
        WorkingDays::default().contains(self)
    }

    /// Which day of the week it is.
    pub fn weekday(self) -> Weekday {
        self.0.weekday()
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self(date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no day written as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day written as YYYY-MM-DD")]
pub struct NotADay;

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        // chrono also takes `2026-1-5`, which would not sort as text.
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) if date.to_string() == text => Ok(Self(date)),
            _ => Err(NotADay),
        }
    }
}

/// The weekdays that people work on; Monday to Friday unless somebody says otherwise. Its text, which is also how it is
/// stored, names them: `Sun Mon Tue Wed Thu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkingDays(WeekdaySet);
impl WorkingDays {
    /// These days; none if there is none among them.
    pub fn new(days: impl IntoIterator<Item = Weekday>) -> Option<Self> {
        let days: WeekdaySet = days.into_iter().collect();
        (!days.is_empty()).then_some(Self(days))
    }
    /// Whether people work on this day.
    pub fn contains(self, day: Day) -> bool {
        self.0.contains(day.weekday())
    }
    /// The days, from Monday.
    pub fn days(self) -> impl Iterator<Item = Weekday> {
        self.0.iter(Weekday::Mon)
    }
}
impl Default for WorkingDays {
    fn default() -> Self {
        use Weekday::{Fri, Mon, Thu, Tue, Wed};
        Self(WeekdaySet::from_array([Mon, Tue, Wed, Thu, Fri]))
    }
}
impl fmt::Display for WorkingDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<String> = self.days().map(|day| day.to_string()).collect();
        f.write_str(&days.join(" "))
    }
}
impl From<WorkingDays> for String {
    fn from(days: WorkingDays) -> Self {
        days.to_string()
    }
}
/// A text that names no weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not weekdays written as Mon Tue Wed")]
pub struct NotWorkingDays;
impl FromStr for WorkingDays {
    type Err = NotWorkingDays;
    fn from_str(text: &str) -> Result<Self, NotWorkingDays> {
        let days: Result<Vec<Weekday>, _> = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|name| !name.is_empty())
            .map(Weekday::from_str)
            .collect();
        Self::new(days.map_err(|_| NotWorkingDays)?).ok_or(NotWorkingDays)
    }
}
impl TryFrom<String> for WorkingDays {
    type Error = NotWorkingDays;
    fn try_from(text: String) -> Result<Self, NotWorkingDays> {
        text.parse()
    }
}
/// The Monday of Customer Service Week: the first of October (<https://www.csweek.com>).
pub fn customer_service_week(year: i32) -> Option<Day> {
    NaiveDate::from_weekday_of_month_opt(year, 10, Weekday::Mon, 1).map(Day)
}

/// A period that is counted for, as the text it is stored as: `d2026-10-05`, `w2026-10-05` (its Monday), `m2026-10`,
/// `q2026-4`, `y2026`, `all`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Period(String);

stored_as!(Period, String);

impl Period {
    /// One day.
    pub fn day(day: Day) -> Self {
        Self(format!("d{day}"))
    }

    /// The week around a day, from Monday.
    pub fn week(day: Day) -> Self {
        Self(format!("w{}", day.monday()))
    }

    /// The month around a day.
    pub fn month(day: Day) -> Self {
        Self(format!("m{}", day.0.format("%Y-%m")))
    }

    /// The quarter around a day.
    pub fn quarter(day: Day) -> Self {
        Self(format!("q{}-{}", day.0.format("%Y"), day.0.month0() / 3 + 1))
    }

    /// The year around a day.
    pub fn year(day: Day) -> Self {
        Self(format!("y{}", day.0.format("%Y")))
    }

    /// All time.
    pub fn all() -> Self {
        Self("all".to_owned())
    }

    /// The key as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a [`Span`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months, from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
    /// All time.
    All,
}

/// A stretch of the calendar that boards are told for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Span {
    unit: Unit,
    /// Its first day; any, for all time.
    first: Day,
}

impl Span {
    /// The week, month, quarter or year around a day.
    pub fn around(unit: Unit, day: Day) -> Self {
        let month = day.first_of_month();
        let first = match unit {
            Unit::Week => day.monday(),
            Unit::Month => month,
            Unit::Quarter => month.months(-i64::from(day.0.month0() % 3)),
            Unit::Year => month.months(-i64::from(day.0.month0())),
            Unit::All => Day(NaiveDate::default()),
        };
        Self { unit, first }
    }

    /// The calendar month around a day.
    pub fn month(day: Day) -> Self {
        Self::around(Unit::Month, day)
    }

    /// How long it is.
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// Its first day; `None` for all time.
    pub fn first(self) -> Option<Day> {
        (self.unit != Unit::All).then_some(self.first)
    }

    /// Its last day; `None` for all time.
    pub fn last(self) -> Option<Day> {
        let months = match self.unit {
            Unit::Week => return Some(self.first.plus(6)),
            Unit::Month => 1,
            Unit::Quarter => 3,
            Unit::Year => 12,
            Unit::All => return None,
        };
        Some(self.first.months(months).previous())
    }

    /// The one before; `None` for all time.
    pub fn previous(self) -> Option<Self> {
        self.first().map(|first| Self::around(self.unit, first.previous()))
    }

    /// Whether a day is in it.
    pub fn contains(self, day: Day) -> bool {
        self.first().is_none_or(|first| first <= day) && self.last().is_none_or(|last| day <= last)
    }

    /// As it is stored.
    pub fn period(self) -> Period {
        match self.unit {
            Unit::Week => Period::week(self.first),
            Unit::Month => Period::month(self.first),
            Unit::Quarter => Period::quarter(self.first),
            Unit::Year => Period::year(self.first),
            Unit::All => Period::all(),
        }
    }
}

/// The zone by its IANA name (`Europe/Berlin`), as Slack's `tz` spells it; none if it is unknown.
pub fn parse_zone(name: &str) -> Option<Tz> {
    name.trim().parse().ok()
}

/// The day that the calendar on the wall shows in `zone`.
pub fn local_day(at: Instant, zone: Tz) -> Day {
    Day(at.utc().with_timezone(&zone).date_naive())
}

/// The time on the wall in `zone`, `14:02`.
pub fn local_time(at: Instant, zone: Tz) -> String {
    at.utc().with_timezone(&zone).format("%H:%M").to_string()
}

/// A day as people write it, `2 June`.
pub fn date(day: Day) -> String {
    day.0.format("%-d %B").to_string()
}

/// The first instant of a local day at which the clock on the wall shows `hour` or later; see [`at_wall`].
pub fn at_hour(day: Day, hour: u32, zone: Tz) -> Instant {
    let wanted = day.date().and_time(NaiveTime::MIN) + chrono::Duration::hours(i64::from(hour));
    at_wall(wanted, zone)
}

/// The instant at which the clock on the wall of `zone` shows this. Where clocks jump over it: when they have jumped.
/// Where they show it twice: the first time.
pub fn at_wall(wall: NaiveDateTime, zone: Tz) -> Instant {
    // Clocks jump at most a day (Samoa left one out in 2011), and to a full minute.
    let found = (0..=48 * 60).find_map(|minutes| {
        let shown = wall + chrono::Duration::minutes(minutes);
        zone.from_local_datetime(&shown).earliest()
    });
    found.map_or_else(
        || Instant::from(wall.and_utc()),
        |found| Instant::from(found.with_timezone(&Utc)),
    )
}

/// The first instant after `at` that belongs to a later local day. Where clocks jump over midnight (Santiago, Beirut,
/// Cairo) the day starts when they have jumped.
pub fn next_midnight(at: Instant, zone: Tz) -> Instant {
    let today = local_day(at, zone);
    let midnight = today.next().date().and_time(NaiveTime::MIN);
    let local = zone.from_local_datetime(&midnight);
    // Clocks set back across midnight show it twice; the first may have passed.
    let candidates = [local.earliest(), local.latest()];
    let exact = candidates
        .into_iter()
        .flatten()
        .map(|found: DateTime<Tz>| Instant::from(found.with_timezone(&Utc)))
        .find(|&found| found > at);
    exact.unwrap_or_else(|| {
        // Midnight is in a gap, or a whole day was left out: halve until the change of day is found.
        let (mut before, mut after) = (at.millis(), at.plus_millis(3 * 86_400_000).millis());
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if local_day(Instant::from_millis(middle), zone) > today {
                after = middle;
            } else {
                before = middle;
            }
        }
        Instant::from_millis(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn instant(text: &str) -> Instant {
        Instant::from(
            DateTime::parse_from_rfc3339(text)
                .expect("an instant")
                .with_timezone(&Utc),
        )
    }

    fn zone(name: &str) -> Tz {
        parse_zone(name).expect("a zone")
    }

    #[test]
    fn a_day_is_its_text() {
        let day: Day = "2026-10-05".parse().expect("a day");
        assert_eq!(day.to_string(), "2026-10-05");
        assert_eq!(serde_json::to_string(&day).expect("JSON"), "\"2026-10-05\"");
        for text in ["2026-1-5", "2026-02-30", "05.10.2026", "", " 2026-10-05", "+2026-10-05"] {
            assert_eq!(text.parse::<Day>(), Err(NotADay), "{text}");
        }
        assert_eq!(day.next().next().previous().days_since(day), 1);
    }

    #[test]
    fn working_days_are_their_text() {
        use Weekday::{Mon, Sun, Thu, Tue, Wed};
        let days = WorkingDays::new([Sun, Mon, Tue, Wed, Thu]).expect("days");
        assert_eq!(days.to_string(), "Mon Tue Wed Thu Sun");
        for text in ["Mon Tue Wed Thu Sun", "sunday,monday, tuesday wed THU"] {
            assert_eq!(text.parse(), Ok(days), "{text}");
        }
        for text in ["", "Mon Someday", "1 2 3"] {
            assert_eq!(text.parse::<WorkingDays>(), Err(NotWorkingDays), "{text}");
        }
        let stored = serde_json::to_string(&days).expect("JSON");
        assert_eq!(serde_json::from_str::<WorkingDays>(&stored).expect("days"), days);
        let friday = Day::new(2026, 10, 9).expect("a day");
        assert!(!days.contains(friday) && WorkingDays::default().contains(friday));
        assert_eq!(WorkingDays::new([]), None);
    }

    #[test]
    fn periods_start_on_mondays_and_on_the_first() {
        let thursday = Day::new(2026, 10, 8).expect("a day");
        assert_eq!(Period::day(thursday).as_str(), "d2026-10-08");
        assert_eq!(Period::week(thursday).as_str(), "w2026-10-05");
        assert_eq!(Period::month(thursday).as_str(), "m2026-10");
        assert_eq!(Period::all().as_str(), "all");
        let new_year = Day::new(2027, 1, 1).expect("a day");
        assert_eq!(Period::week(new_year).as_str(), "w2026-12-28");
        assert_eq!(Day::new(2026, 12, 31).expect("a day").first_of_next_month(), new_year);
        assert!(thursday.is_working_day() && !thursday.plus(2).is_working_day());
    }

    #[test]
    fn a_span_is_the_stretch_around_a_day() {
        let day = Day::new(2026, 11, 28).expect("a day");
        let of = |unit| {
            let span = Span::around(unit, day);
            let end = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
            let before = span
                .previous()
                .map_or_else(String::new, |before| before.period().to_string());
            format!(
                "{} {} {} after {before}",
                span.period(),
                end(span.first()),
                end(span.last())
            )
        };
        assert_eq!(of(Unit::Week), "w2026-11-23 2026-11-23 2026-11-29 after w2026-11-16");
        assert_eq!(of(Unit::Month), "m2026-11 2026-11-01 2026-11-30 after m2026-10");
        assert_eq!(of(Unit::Quarter), "q2026-4 2026-10-01 2026-12-31 after q2026-3");
        assert_eq!(of(Unit::Year), "y2026 2026-01-01 2026-12-31 after y2025");
        assert_eq!(of(Unit::All), "all   after ");
        let leap = Day::new(2028, 3, 31).expect("a day");
        assert_eq!(leap.months(-1).to_string(), "2028-02-29");
        assert!(Span::month(leap).contains(leap) && !Span::month(leap).contains(leap.next()));
        assert!(Span::around(Unit::All, leap).contains(day));
        let january = Span::around(Unit::Quarter, Day::new(2026, 1, 1).expect("a day"));
        assert_eq!(january.previous().expect("one before").period().as_str(), "q2025-4");
    }

    #[test]
    fn a_time_of_day_is_an_instant_also_where_clocks_jump() {
        for (day, zone_name, expected) in [
            ("2026-06-02", "Europe/Berlin", "2026-06-02T07:00:00Z"),
            ("2026-12-01", "Europe/Berlin", "2026-12-01T08:00:00Z"),
            ("2026-06-02", "Asia/Kathmandu", "2026-06-02T03:15:00Z"),
            // The whole day was left out.
            ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        ] {
            let day = day.parse().expect("a day");
            assert_eq!(at_hour(day, 9, zone(zone_name)), instant(expected), "{zone_name}");
        }
        let friday: Day = "2026-10-09".parse().expect("a day");
        assert_eq!(friday.next_working_day().to_string(), "2026-10-12");
        assert_eq!(date(friday), "9 October");
    }

    #[test]
    fn the_day_changes_at_the_persons_own_midnight() {
        let at = instant("2026-10-05T18:20:00Z");
        assert_eq!(local_day(at, zone("Asia/Kathmandu")).to_string(), "2026-10-06");
        assert_eq!(local_day(at, zone("America/Los_Angeles")).to_string(), "2026-10-05");
        assert_eq!(local_time(at, zone("Asia/Kathmandu")), "00:05");
        assert_eq!(
            next_midnight(at, zone("Asia/Kathmandu")),
            instant("2026-10-06T18:15:00Z")
        );
        assert_eq!(parse_zone("Mars/Olympus"), None);
    }

    #[test]
    fn an_hour_of_a_day_is_on_the_wall_of_the_zone() {
        let day = Day::new(2026, 6, 3).expect("a day");
        assert_eq!(at_hour(day, 9, zone("Europe/Berlin")), instant("2026-06-03T07:00:00Z"));
        assert_eq!(at_hour(day, 9, zone("Asia/Kathmandu")), instant("2026-06-03T03:15:00Z"));
        let spring = Day::new(2026, 3, 29).expect("a day");
        assert_eq!(
            at_hour(spring, 2, zone("Europe/Berlin")),
            instant("2026-03-29T01:00:00Z")
        );
        let left_out = Day::new(2011, 12, 30).expect("a day");
        assert_eq!(
            at_hour(left_out, 9, zone("Pacific/Apia")),
            instant("2011-12-30T10:00:00Z")
        );
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_the_first_instant_after_it() {
        for (name, at, midnight) in [
            // Clocks go from 24:00 to 01:00.
            ("America/Santiago", "2026-09-05T20:00:00Z", "2026-09-06T04:00:00Z"),
            ("Asia/Beirut", "2026-03-28T12:00:00Z", "2026-03-28T22:00:00Z"),
            ("Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"),
            // A whole day, 30 December 2011, was left out.
            ("Pacific/Apia", "2011-12-30T00:00:00Z", "2011-12-30T10:00:00Z"),
            // Midnight comes twice: clocks went back from 00:01 to 23:01.
            ("America/St_Johns", "2010-11-06T20:00:00Z", "2010-11-07T02:30:00Z"),
            ("America/St_Johns", "2010-11-07T02:45:00Z", "2010-11-07T03:30:00Z"),
            // Half an hour of summer time.
            ("Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T13:30:00Z"),
            ("Australia/Lord_Howe", "2026-10-04T12:00:00Z", "2026-10-04T13:00:00Z"),
        ] {
            assert_eq!(next_midnight(instant(at), zone(name)), instant(midnight), "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn midnight_is_where_the_day_changes(
            at in 1_420_000_000_000_i64..2_200_000_000_000,
            name in proptest::sample::select(vec![
                "America/Santiago", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Tehran",
                "America/Havana", "Atlantic/Azores", "America/Asuncion", "Europe/Berlin", "Pacific/Kiritimati", "UTC",
            ]),
        ) {
            let (at, zone) = (Instant::from_millis(at), zone(name));
            let midnight = next_midnight(at, zone);
            let today = local_day(at, zone);
            prop_assert!(midnight > at);
            prop_assert!(midnight.since(at).as_secs() <= 25 * 3_600);
            prop_assert_eq!(local_day(midnight, zone), today.next());
            prop_assert_eq!(local_day(midnight.plus_millis(-1), zone), today);
            prop_assert_eq!(today.to_string().parse::<Day>(), Ok(today));
            prop_assert!(today.monday() <= today && today.days_since(today.monday()) < 7);
        }
    }
}
