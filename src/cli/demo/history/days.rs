//! When people thank each other: in their shifts, on their own clocks, through the year.

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use fastrand::Rng;

use super::super::world::{Person, Role, Shift, World};
use crate::base::calendar::{Day, local_day};
use crate::base::clock::Instant;

/// A day in milliseconds.
pub(super) const DAY: i64 = 86_400_000;

/// Somebody has the time to thank somebody.
pub(super) struct Slot<'a> {
    pub at: Instant,
    pub giver: &'a Person,
}

/// All such moments from `from` to `to`, strictly ascending. `end` is the end of the whole history, `share` how much
/// of what the habits say comes about.
pub(super) fn slots<'a>(
    rng: &mut Rng,
    world: &'a World,
    from: Instant,
    to: Instant,
    end: Instant,
    share: f64,
) -> Vec<Slot<'a>> {
    let mut slots = Vec::new();
    let (first, last) = (local_day(from, Tz::UTC).previous(), local_day(to, Tz::UTC).next());
    let length = last.days_since(first).max(1);
    for person in world.people.iter().filter(|person| person.habits.gives > 0) {
        let away: Vec<Day> = (0..3).map(|_| first.plus(rng.i64(0..length)).monday()).collect();
        let mut day = first;
        while day <= last {
            // A holiday is a matter of the year; two weeks are too short for one.
            let on_leave = length > 60 && away.contains(&day.monday());
            if day.is_working_day() && !on_leave {
                let mood = 0.75 + rng.f64() * 0.5;
                let often = f64::from(person.habits.gives) / 100.0 * season(day, end) * mood * share;
                for _ in 0..whole(rng, often) {
                    // Two throws: more in the middle of the shift than at its ends.
                    let into = (rng.u32(..Shift::MINUTES) + rng.u32(..Shift::MINUTES)) / 2;
                    slots.extend(at(rng, person, day, into).map(|at| Slot { at, giver: person }));
                }
            }
            day = day.next();
        }
    }
    slots.retain(|slot| slot.at >= from && slot.at < to && is_here(slot.giver, slot.at, end));
    slots.sort_by_key(|slot| slot.at);
    slots.dedup_by_key(|slot| slot.at);
    slots
}

/// A whole number that is `often` on average.
fn whole(rng: &mut Rng, often: f64) -> u32 {
    let mut n = 0;
    let mut left = often;
    while left > 0.0 {
        n += u32::from(rng.f64() < left);
        left -= 1.0;
    }
    n
}

/// How much a day is above or below the usual one.
fn season(day: Day, end: Instant) -> f64 {
    let date = day.date();
    let ago = local_day(end, Tz::UTC).days_since(day);
    let grown = 1.12 - 0.24 * f64::from(u16::try_from(ago.clamp(0, 365)).unwrap_or(0)) / 365.0;
    let week = customer_service_week(date.year());
    let of_the_year = match (date.month(), date.day()) {
        (12, 24..) | (1, 1) => 0.12,
        (12, 20..24) | (1, 2..5) => 0.5,
        (7..=8, _) => 0.9,
        _ if week == Some(day.monday()) => 2.2,
        _ if week == Some(day.monday().plus(-7)) => 1.25,
        _ => 1.0,
    };
    grown * of_the_year
}

/// The first Monday of October.
pub(super) fn customer_service_week(year: i32) -> Option<Day> {
    (1..=7)
        .filter_map(|day| Day::new(year, 10, day))
        .find(|day| day.monday() == *day)
}

/// So many minutes into the shift that begins on that day; none where the clocks leave that time out.
pub(super) fn at(rng: &mut Rng, person: &Person, day: Day, into: u32) -> Option<Instant> {
    let minute = person.shift.begins() + into;
    let date: NaiveDate = day.date().checked_add_days(Days::new(u64::from(minute / 1_440)))?;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(minute % 1_440 * 60 + rng.u32(..60), 0)?;
    let local = person.zone.from_local_datetime(&date.and_time(time)).earliest()?;
    Some(Instant::from(local.to_utc()).plus_millis(rng.i64(0..1_000)))
}

/// The minutes after midnight that the clock on their wall shows.
pub(super) fn minute_of_day(at: Instant, zone: Tz) -> u32 {
    let time = at.utc().with_timezone(&zone).time();
    time.hour() * 60 + time.minute()
}

/// Whether somebody is in their shift at that moment.
pub(super) fn is_at_work(person: &Person, at: Instant) -> bool {
    let minute = minute_of_day(at, person.zone);
    let began_yesterday = minute < person.shift.begins();
    let day = local_day(at, person.zone).plus(-i64::from(began_yesterday));
    person.shift.covers(minute) && day.is_working_day()
}

/// Whether somebody works there at that moment.
pub(super) fn is_here(person: &Person, at: Instant, end: Instant) -> bool {
    let ago = i64::try_from(end.since(at).as_millis()).unwrap_or(i64::MAX) / DAY;
    person.role != Role::App && ago < person.habits.from && ago >= person.habits.until
}

/// The working days that are wholly or partly between two moments, in UTC.
pub(super) fn working_days(from: Instant, to: Instant) -> Vec<Day> {
    let (mut day, last) = (local_day(from, Tz::UTC), local_day(to, Tz::UTC));
    let mut days = Vec::new();
    while day <= last {
        if day.is_working_day() {
            days.push(day);
        }
        day = day.next();
    }
    days
}
