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
use crate::prompts::draw::seed_from;
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

/// The pack of a schedule that says nothing else.
pub const USUAL_PACK: &str = "service-year";

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
    /// A schedule that says nothing else than when, where and in which zone. Two channels differ in the order of prompts.
    pub fn usual(id: ScheduleId, channel: ChannelId, cron: Cron, zone: Tz, maker: UserId) -> Self {
        Self {
            seed: seed_from(channel.as_str()),
            id,
            channel,
            cron,
            zone,
            pack: USUAL_PACK.to_owned(),
            skip: BTreeSet::new(),
            holidays: None,
            working_days: WorkingDays::default(),
            grace: GRACE,
            is_on: true,
            week: WeekMode::default(),
            week_start: None,
            maker,
        }
    }

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

#[cfg(test)]
pub(super) mod tests {
    use chrono::{DateTime, Utc, Weekday};
    use proptest::prelude::*;

    use super::*;
    use crate::base::calendar::{local_day, local_time, parse_zone};

    /// A schedule as a steward makes it without saying more.
    pub fn schedule(cron: &str, zone: &str) -> Schedule {
        let cron = Cron::parse(cron).expect("a cron expression");
        let zone = parse_zone(zone).expect("a zone");
        Schedule {
            seed: 7,
            ..Schedule::usual("s1".into(), "C1".into(), cron, zone, "U1".into())
        }
    }

    pub fn instant(text: &str) -> Instant {
        Instant::from(
            DateTime::parse_from_rfc3339(text)
                .expect("an instant")
                .with_timezone(&Utc),
        )
    }

    pub fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn utc(at: Option<Instant>) -> String {
        at.map_or_else(|| "never".to_owned(), |at| at.utc().to_rfc3339())
    }

    /// Zones with and without summer time, with half hours, on both hemispheres, on both sides of the date line.
    const ZONES: [&str; 10] = [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Pacific/Kiritimati",
        "America/Nuuk",
        "Africa/Cairo",
        "Asia/Beirut",
    ];

    #[test]
    fn a_schedule_keeps_its_wall_clock_through_the_year() {
        let schedule = schedule("weekdays 9:30", "Europe/Berlin");
        assert_eq!(
            utc(schedule.next(instant("2026-03-27T12:00:00Z"))),
            "2026-03-30T07:30:00+00:00"
        );
        assert_eq!(
            utc(schedule.next(instant("2026-10-23T12:00:00Z"))),
            "2026-10-26T08:30:00+00:00"
        );
        let due = instant("2026-10-05T07:30:00Z");
        assert_eq!(schedule.next(due.plus_millis(-1)), Some(due));
        assert_eq!(utc(schedule.next(due)), "2026-10-06T07:30:00+00:00");
        // Both ends: what is due at the start was due before, what is due at the end is due.
        assert_eq!(schedule.between(due, due.plus(Duration::from_hours(24))).len(), 1);
    }

    #[test]
    fn a_gap_is_left_at_its_end_and_an_overlap_is_passed_once() {
        for (cron, zone, after, expected) in [
            // 02:30 doesn't exist: the first instant after it, and the week after at its hour again.
            (
                "Sundays 2:30",
                "Europe/Berlin",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:00:00+00:00",
            ),
            (
                "Sundays 2:30",
                "Europe/Berlin",
                "2026-03-29T01:00:00Z",
                "2026-04-05T00:30:00+00:00",
            ),
            (
                "daily 2:30",
                "America/New_York",
                "2026-03-07T12:00:00Z",
                "2026-03-08T07:00:00+00:00",
            ),
            (
                "daily 2:15",
                "Australia/Lord_Howe",
                "2026-10-03T12:00:00Z",
                "2026-10-03T15:30:00+00:00",
            ),
            // Midnight doesn't exist.
            (
                "daily at midnight",
                "America/Santiago",
                "2026-09-05T20:00:00Z",
                "2026-09-06T04:00:00+00:00",
            ),
            // 01:30 comes twice: the first time, and not again an hour later.
            (
                "daily 1:30",
                "America/New_York",
                "2026-10-31T12:00:00Z",
                "2026-11-01T05:30:00+00:00",
            ),
            (
                "daily 1:30",
                "America/New_York",
                "2026-11-01T05:30:00Z",
                "2026-11-02T06:30:00+00:00",
            ),
            (
                "daily 1:30",
                "America/New_York",
                "2026-11-01T06:10:00Z",
                "2026-11-02T06:30:00+00:00",
            ),
            // The day before midnight that is in a gap.
            (
                "daily 23:30",
                "America/Nuuk",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:00:00+00:00",
            ),
        ] {
            assert_eq!(
                utc(schedule(cron, zone).next(instant(after))),
                expected,
                "{cron} {zone} {after}"
            );
        }
    }

    #[test]
    fn skipped_days_have_no_prompt() {
        let mut schedule = schedule("weekdays 9:30", "Europe/Berlin");
        schedule.skip = [day("2026-12-24"), day("2026-12-25")].into();
        assert_eq!(
            utc(schedule.next(instant("2026-12-23T12:00:00Z"))),
            "2026-12-28T08:30:00+00:00"
        );
    }

    #[test]
    fn holidays_have_no_prompt() {
        let mut schedule = schedule("weekdays 9:30", "Europe/Berlin");
        let days = |schedule: &Schedule| -> Vec<String> {
            let posts = schedule.between(instant("2026-12-23T12:00:00Z"), instant("2027-01-08T00:00:00Z"));
            posts
                .into_iter()
                .map(|at| local_day(at, schedule.zone).to_string())
                .collect()
        };
        assert_eq!(days(&schedule).len(), 11);
        schedule.holidays = "DE".parse().ok();
        assert_eq!(days(&schedule).len(), 9);
        schedule.holidays = "DE-BY".parse().ok();
        assert_eq!(
            days(&schedule),
            [
                "2026-12-24",
                "2026-12-28",
                "2026-12-29",
                "2026-12-30",
                "2026-12-31",
                "2027-01-04",
                "2027-01-05",
                "2027-01-07",
            ]
        );
    }

    fn years() -> (Instant, Instant) {
        (instant("2026-01-01T00:00:00Z"), instant("2031-01-01T00:00:00Z"))
    }

    fn working_days() -> impl Strategy<Value = WorkingDays> {
        proptest::collection::vec(0_u8..7, 1..7).prop_map(|days| {
            let days = days.into_iter().filter_map(|day| Weekday::try_from(day).ok());
            WorkingDays::new(days).expect("at least one day")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        /// A hundred schedules, each over ten zones and five years.
        #[test]
        fn every_working_day_has_exactly_one_occurrence(
            hour in 0_u32..24, minute in 0_u32..60, working_days in working_days(),
            skipped in proptest::collection::btree_set(0_i64..1_826, 0..40),
        ) {
            let (from, to) = years();
            for name in ZONES {
                let mut schedule = schedule("daily 9:00", name);
                schedule.cron = Cron::parse_for(&format!("working days {hour}:{minute:02}"), working_days).expect("a schedule");
                schedule.skip = skipped.iter().map(|&days| day("2026-01-01").plus(days)).collect();
                let occurrences: Vec<(Instant, Day)> = schedule
                    .occurrences(from.plus_millis(-1))
                    .take_while(|&(at, _)| at < to)
                    .collect();
                prop_assert!(occurrences.windows(2).all(|pair| pair[0].0 < pair[1].0));
                let (first, last) = (local_day(from, schedule.zone), local_day(to, schedule.zone));
                let mut expected = Vec::new();
                let mut today = first.next();
                while today < last {
                    if working_days.contains(today) && !schedule.skip.contains(&today) {
                        expected.push(today);
                    }
                    today = today.next();
                }
                let days: Vec<Day> = occurrences.iter().map(|&(_, day)| day).filter(|&day| first < day && day < last).collect();
                prop_assert_eq!(&days, &expected, "{}", name);
                // On the wall it is the time that was asked for, wherever that time exists.
                for &(at, due) in &occurrences {
                    let is_then = local_time(at, schedule.zone) == format!("{hour:02}:{minute:02}");
                    prop_assert!(is_then || jumps_over(due, hour, minute, schedule.zone), "{} {}", name, at.utc());
                }
            }
        }

        #[test]
        fn the_next_one_is_later_and_the_same_whenever_it_is_asked_for(
            at in 1_767_225_600_000_i64..1_924_992_000_000, minutes in 0_i64..600,
            hour in 0_u32..24, minute in 0_u32..60, weekday in 0_u32..7, zone in 0..ZONES.len(),
        ) {
            let schedule = schedule(&format!("{minute} {hour} * * {weekday}"), ZONES[zone]);
            let at = Instant::from_millis(at);
            let next = schedule.next(at).expect("a next one");
            prop_assert!(next > at);
            let later = at.plus_millis(minutes * 60_000);
            if later < next {
                prop_assert_eq!(schedule.next(later), Some(next));
            }
            prop_assert!(schedule.next(next).is_some_and(|after| after > next));
        }
    }

    fn jumps_over(day: Day, hour: u32, minute: u32, zone: Tz) -> bool {
        use chrono::TimeZone as _;
        let wall = day.date().and_hms_opt(hour, minute, 0).expect("a time");
        zone.from_local_datetime(&wall).earliest().is_none()
    }
}
