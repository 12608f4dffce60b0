//! When a schedule is due, as people write it: a cron expression of five fields, or words such as "weekdays 9:30".
//!
//! A channel gets one prompt a day, so that an expression has one time of day. What is typed is read here, because the
//! `cron` crate reads six fields, counts Sunday as 1 and refuses 0; from names of weekdays it then tells the next days.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr as _;
use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use regex::Regex;

use crate::base::calendar::WorkingDays;
use crate::base::text::{fold, list_names, thousands};

/// When a schedule is due: one time of day, on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// Five fields, as they are stored.
    fields: String,
    days: Days,
    time: NaiveTime,
    schedule: ::cron::Schedule,
}

/// On which days. All of a kind means that it doesn't matter.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Days {
    /// 1 to 31.
    of_month: BTreeSet<u8>,
    /// 1 to 12.
    months: BTreeSet<u8>,
    /// 0 = Sunday to 6 = Saturday.
    weekdays: BTreeSet<u8>,
}

/// What was typed says no time that a schedule could have. Each is one sentence for the steward.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACron {
    /// Nothing was typed.
    #[error("When should it be posted? Write it as in weekdays 9:30, or as a cron expression, 30 9 * * 1-5.")]
    Empty,
    /// Not five fields.
    #[error(
        "A cron expression has five fields (minute, hour, day of the month, month, weekday) and this has {found}; write \
         it as in 30 9 * * 1-5, or in words, weekdays 9:30."
    )]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// A field that can't be read.
    #[error(
        "I can't read {written:?} as the {field}; it takes {takes}, also as a list (1,3), a range (1-3) or in steps (*/2)."
    )]
    Field {
        /// What the field is called.
        field: &'static str,
        /// What stands there.
        written: String,
        /// What may stand there.
        takes: &'static str,
    },
    /// Days of the month together with weekdays: cron's answer (either of them) is not what people expect.
    #[error(
        "This names days of the month and weekdays, which cron takes as \"either of them\" and most people as \"both\"; \
         leave one of them as *, as in 30 9 1 * * or 30 9 * * 1."
    )]
    BothDays,
    /// More than one time of day.
    #[error(
        "This is due {} times a day, and a channel gets one prompt a day; name one hour and one minute, as in 30 9 * * 1-5.",
        thousands(*times as u64)
    )]
    Often {
        /// How many there are.
        times: usize,
    },
    /// No such day, as in 30 February.
    #[error("No year has such a day, so it would never be due; look at the day of the month and the month.")]
    Never,
    /// A word that says nothing about days or times.
    #[error(
        "I can't read {0:?} here; write days and a time, as in weekdays 9:30 or every Tuesday and Thursday at 14:00, or a \
         cron expression, 30 9 * * 1-5."
    )]
    Word(String),
    /// Days without a time.
    #[error("At what time of these days? Add it, as in weekdays 9:30.")]
    NoTime,
    /// A time without days.
    #[error("On which days? Add them, as in weekdays 9:30 or every Tuesday and Thursday at 14:00.")]
    NoDays,
}

impl Cron {
    /// Reads what a person typed; *weekdays* and *working days* are Monday to Friday.
    ///
    /// # Errors
    /// [`NotACron`], which says what is wrong and how to write it.
    pub fn parse(typed: &str) -> Result<Self, NotACron> {
        Self::parse_for(typed, WorkingDays::default())
    }

    /// Reads what a person typed where people work on these days.
    ///
    /// # Errors
    /// [`NotACron`], which says what is wrong and how to write it.
    pub fn parse_for(typed: &str, working_days: WorkingDays) -> Result<Self, NotACron> {
        let text = fold(typed).replace(['–', '—', '‐', '‑'], "-");
        let fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
        let is_expression = fields.len() > 1
            && fields[..2]
                .iter()
                .all(|field| field.chars().all(|c| c.is_ascii_digit() || "*/,-?".contains(c)));
        match fields[..] {
            [] => Err(NotACron::Empty),
            ["@daily" | "@midnight"] => Self::from_fields(["0", "0", "*", "*", "*"]),
            ["@weekly"] => Self::from_fields(["0", "0", "*", "*", "0"]),
            ["@monthly"] => Self::from_fields(["0", "0", "1", "*", "*"]),
            ["@yearly" | "@annually"] => Self::from_fields(["0", "0", "1", "1", "*"]),
            [minute, hour, day, month, weekday] if is_expression => {
                Self::from_fields([minute, hour, day, month, weekday])
            }
            _ if is_expression => Err(NotACron::Fields { found: fields.len() }),
            _ => Self::from_words(&text, working_days),
        }
    }

    /// Five fields, as it is stored: reading them gives the same again.
    pub fn as_str(&self) -> &str {
        &self.fields
    }

    /// The time of day that it is due at.
    pub fn time(&self) -> NaiveTime {
        self.time
    }

    /// What it means, as in `Mondays to Fridays at 09:30`.
    pub fn words(&self) -> String {
        let Days {
            of_month,
            months,
            weekdays,
        } = &self.days;
        let months = (!MONTH.is_all(months)).then(|| listed(months, |month| MONTHS[usize::from(month) - 1].to_owned()));
        let days = match (DAY.is_all(of_month), months) {
            (false, months) => {
                let of = months.unwrap_or_else(|| "each month".to_owned());
                format!("The {} of {of}", listed(of_month, ordinal))
            }
            (true, months) => {
                let days = match WEEKDAY.is_all(weekdays) {
                    true => "Every day".to_owned(),
                    false => weekdays_in_words(weekdays),
                };
                months.map_or_else(|| days.clone(), |months| format!("{days} in {months}"))
            }
        };
        format!("{days} at {}", self.time.format("%H:%M"))
    }

    /// The wall-clock times after this one at which it is due, on a wall clock that never jumps.
    pub(super) fn walls(&self, after: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        self.schedule.after(&after.and_utc()).map(|at| at.naive_utc())
    }

    fn from_fields([minute, hour, day, month, weekday]: [&str; 5]) -> Result<Self, NotACron> {
        let (minutes, hours) = (MINUTE.read(minute)?, HOUR.read(hour)?);
        let days = Days {
            of_month: DAY.read(day)?,
            months: MONTH.read(month)?,
            weekdays: WEEKDAY.read(weekday)?,
        };
        let times: Vec<NaiveTime> = hours
            .iter()
            .flat_map(|&hour| minutes.iter().filter_map(move |&minute| time(hour, minute)))
            .collect();
        match times[..] {
            [time] => Self::new(days, time),
            _ => Err(NotACron::Often { times: times.len() }),
        }
    }

    fn from_words(text: &str, working_days: WorkingDays) -> Result<Self, NotACron> {
        let (mut weekdays, mut times) = (BTreeSet::new(), BTreeSet::new());
        // The weekday before "to", and whether "to" was said.
        let (mut last, mut to) = (None, false);
        let mut words = WORD.find_iter(text).map(|word| word.as_str()).peekable();
        while let Some(word) = words.next() {
            let unknown = || NotACron::Word(word.to_owned());
            if to {
                let until = WEEKDAY.named(word).ok_or_else(unknown)?;
                let days = last.take().and_then(|from| WEEKDAY.range(from, until));
                weekdays.extend(days.ok_or_else(unknown)?);
                to = false;
                continue;
            }
            match word {
                "every" | "each" | "on" | "at" | "and" | "the" | "in" | "o'clock" | "uhr" | "," | "&" | "+" => {}
                "to" | "through" | "till" | "until" | "-" if last.is_some() => to = true,
                "daily" | "day" | "days" | "everyday" => weekdays.extend(WEEKDAY.values),
                "weekend" | "weekends" => weekdays.extend([0, 6]),
                "weekday" | "weekdays" | "workday" | "workdays" => weekdays.extend(numbers(working_days)),
                "working" | "work" | "business" if words.next_if(|next| matches!(*next, "day" | "days")).is_some() => {
                    weekdays.extend(numbers(working_days));
                }
                "noon" | "midday" => times.extend(time(12, 0)),
                "midnight" => times.extend(time(0, 0)),
                _ if word.starts_with(|c: char| c.is_ascii_digit()) => {
                    times.insert(time_of_day(word).ok_or_else(unknown)?);
                }
                _ => {
                    let day = WEEKDAY.named(word).ok_or_else(unknown)?;
                    weekdays.insert(day);
                    last = Some(day);
                    continue;
                }
            }
            if !to {
                last = None;
            }
        }
        if to {
            return Err(NotACron::Word("to".to_owned()));
        }
        let days = Days {
            of_month: DAY.values.collect(),
            months: MONTH.values.collect(),
            weekdays,
        };
        let times: Vec<NaiveTime> = times.into_iter().collect();
        match times[..] {
            [] if days.weekdays.is_empty() => Err(NotACron::Empty),
            [] => Err(NotACron::NoTime),
            _ if days.weekdays.is_empty() => Err(NotACron::NoDays),
            [time] => Self::new(days, time),
            _ => Err(NotACron::Often { times: times.len() }),
        }
    }

    fn new(days: Days, time: NaiveTime) -> Result<Self, NotACron> {
        if !DAY.is_all(&days.of_month) && !WEEKDAY.is_all(&days.weekdays) {
            return Err(NotACron::BothDays);
        }
        let clock = time.format("%-M %-H");
        let (of_month, months) = (DAY.write(&days.of_month), MONTH.write(&days.months));
        let named: Vec<&str> = days
            .weekdays
            .iter()
            .map(|&day| &WEEKDAYS[usize::from(day)][..3])
            .collect();
        let names = if WEEKDAY.is_all(&days.weekdays) {
            "*".to_owned()
        } else {
            named.join(",")
        };
        // A day that only leap years have is a day. The reference lies before every day that matters.
        let schedule = ::cron::Schedule::from_str(&format!("0 {clock} {of_month} {months} {names}"))
            .ok()
            .filter(|schedule| {
                schedule
                    .after(&NaiveDate::default().and_time(NaiveTime::MIN).and_utc())
                    .next()
                    .is_some()
            })
            .ok_or(NotACron::Never)?;
        Ok(Self {
            fields: format!("{clock} {of_month} {months} {}", WEEKDAY.write(&days.weekdays)),
            days,
            time,
            schedule,
        })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fields)
    }
}

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What may stand in one of the five fields.
struct Field {
    name: &'static str,
    takes: &'static str,
    /// What `*` stands for.
    values: RangeInclusive<u8>,
    /// The highest number that may be written; the one above the values means the first of them (7 is Sunday too).
    highest: u8,
    /// The names of the values, from the first.
    names: &'static [&'static str],
}

const MINUTE: Field = Field {
    name: "minute",
    takes: "0 to 59",
    values: 0..=59,
    highest: 59,
    names: &[],
};
const HOUR: Field = Field {
    name: "hour",
    takes: "0 to 23",
    values: 0..=23,
    highest: 23,
    names: &[],
};
const DAY: Field = Field {
    name: "day of the month",
    takes: "1 to 31",
    values: 1..=31,
    highest: 31,
    names: &[],
};
const MONTH: Field = Field {
    name: "month",
    takes: "1 to 12 or jan to dec",
    values: 1..=12,
    highest: 12,
    names: &MONTHS,
};
const WEEKDAY: Field = Field {
    name: "weekday",
    takes: "0 to 7 (both are Sunday) or mon to sun",
    values: 0..=6,
    highest: 7,
    names: &WEEKDAYS,
};

impl Field {
    fn read(&self, text: &str) -> Result<BTreeSet<u8>, NotACron> {
        let mut values = BTreeSet::new();
        for item in text.split(',') {
            let read = self.item(item).ok_or_else(|| NotACron::Field {
                field: self.name,
                written: item.to_owned(),
                takes: self.takes,
            })?;
            values.extend(read);
        }
        Ok(values)
    }

    /// `3`, `1-5`, `fri-mon`, `*`, `*/2`, `10-20/2`, `10/2`.
    fn item(&self, item: &str) -> Option<Vec<u8>> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step.parse().ok().filter(|&step: &usize| step > 0)?)),
            None => (item, None),
        };
        let values: Vec<u8> = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => self.values.clone().collect(),
            Some((first, last)) => self.range(self.number(first)?, self.number(last)?)?,
            None if step.is_some() => self.range(self.number(range)?, *self.values.end())?,
            None => vec![self.number(range)?],
        };
        let stepped = values.into_iter().step_by(step.unwrap_or(1));
        Some(stepped.map(|value| self.value(value)).collect())
    }

    fn number(&self, text: &str) -> Option<u8> {
        self.named(text).or_else(|| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| is_number)?;
            (*self.values.start()..=self.highest)
                .contains(&number)
                .then_some(number)
        })
    }

    fn value(&self, number: u8) -> u8 {
        if self.values.contains(&number) {
            number
        } else {
            *self.values.start()
        }
    }

    /// The value of a name: `mon`, `tues`, `Wednesdays`.
    fn named(&self, text: &str) -> Option<u8> {
        let text = text.trim_end_matches('.');
        let at = self.names.iter().position(|name| {
            let name = name.to_lowercase();
            text.len() >= 3 && (name.starts_with(text) || text.strip_suffix('s') == Some(&name))
        });
        Some(self.values.start() + u8::try_from(at?).ok()?)
    }

    /// From the first to the last. What has names goes round its end: fri-mon, nov-feb.
    fn range(&self, first: u8, last: u8) -> Option<Vec<u8>> {
        if first <= last {
            return Some((first..=last).collect());
        }
        let round = (first..=*self.values.end()).chain(*self.values.start()..=last);
        (!self.names.is_empty()).then(|| round.collect())
    }

    fn is_all(&self, values: &BTreeSet<u8>) -> bool {
        self.values.clone().all(|value| values.contains(&value))
    }

    /// As it is stored: `*`, `1-5`, `1,3`.
    fn write(&self, values: &BTreeSet<u8>) -> String {
        if self.is_all(values) {
            return "*".to_owned();
        }
        let written = |run: Vec<u8>| match run[..] {
            [first, _, .., last] => format!("{first}-{last}"),
            _ => run.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
        };
        runs(values).into_iter().map(written).collect::<Vec<_>>().join(",")
    }
}

/// Values that follow each other, together.
fn runs(values: &BTreeSet<u8>) -> Vec<Vec<u8>> {
    let mut runs: Vec<Vec<u8>> = Vec::new();
    for &value in values {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last + 1 == value) => run.push(value),
            _ => runs.push(vec![value]),
        }
    }
    runs
}

/// `the 1st to 7th and 15th`; two that follow each other are no range.
fn listed(values: &BTreeSet<u8>, name: impl Fn(u8) -> String) -> String {
    let mut names = Vec::new();
    for run in runs(values) {
        match run[..] {
            [first, _, .., last] => names.push(format!("{} to {}", name(first), name(last))),
            _ => names.extend(run.into_iter().map(&name)),
        }
    }
    list_names(&names)
}

/// `Mondays to Fridays`, `Sundays to Thursdays`, `Tuesdays and Thursdays`.
fn weekdays_in_words(weekdays: &BTreeSet<u8>) -> String {
    let plural = |day: u8| format!("{}s", WEEKDAYS[usize::from(day % 7)]);
    let length = u8::try_from(weekdays.len()).unwrap_or(7);
    // Days in a row, wherever the row begins.
    let row = (0..7).find(|first| (0..length).all(|nth| weekdays.contains(&((first + nth) % 7))));
    match row {
        Some(first) if length > 2 => format!("{} to {}", plural(first), plural(first + length - 1)),
        _ => {
            // Weeks are read from Monday.
            let names: Vec<String> = (1..=7)
                .filter(|day| weekdays.contains(&(day % 7)))
                .map(plural)
                .collect();
            list_names(&names)
        }
    }
}

fn ordinal(day: u8) -> String {
    let ending = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn numbers(days: WorkingDays) -> impl Iterator<Item = u8> {
    days.days()
        .filter_map(|day| u8::try_from(day.num_days_from_sunday()).ok())
}

fn time(hour: u8, minute: u8) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(hour.into(), minute.into(), 0)
}

/// What counts as one word: a time with what belongs to it, a word, a sign.
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    let time = r"\d+(?:[:.h]\d+)?\s*(?:[ap]\.?m\b\.?)?h?";
    let word = r"[\p{L}][\p{L}'’]*\.?";
    Regex::new(&format!(r"{time}|{word}|\S")).expect("a pattern written here is valid")
});
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\d{1,2}?)(?:[:.h]?(\d{2}))?\s*(?:([ap])\.?m\.?|h)?$").expect("a pattern written here is valid")
});

/// `9`, `9:30`, `0930`, `9.30`, `9h30`, `9 am`, `2:15 p.m.`
fn time_of_day(word: &str) -> Option<NaiveTime> {
    let parts = TIME.captures(word)?;
    let hour: u8 = parts[1].parse().ok()?;
    let minute = parts.get(2).map_or(Some(0), |minute| minute.as_str().parse().ok())?;
    let hour = match parts.get(3).map(|half| half.as_str()) {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("a") => hour % 12,
        Some(_) => hour % 12 + 12,
    };
    time(hour, minute)
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, Weekday};
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn read(typed: &str) -> String {
        match Cron::parse(typed) {
            Ok(cron) => format!("{typed} → {} → {}", cron.as_str(), cron.words()),
            Err(error) => format!("{typed} → {error}"),
        }
    }

    fn all(typed: &[&str]) -> String {
        typed.iter().map(|typed| read(typed)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn expressions_mean_what_people_mean_by_them() {
        assert_snapshot!(all(&[
            "30 9 * * 1-5",
            "30 9 * * MON-FRI",
            "0 14 * * tue,thu",
            "0 8 * * 0",
            "0 8 * * 7",
            "0 8 * * 5-7",
            "0 8 * * sun-thu",
            "0 8 * * fri-mon",
            "0 8 * * 0-7",
            "00 09 * * */2",
            "15 16 * * 1-5/2",
            "0 9 1 * *",
            "0 9 1,15 * *",
            "0 9 1-7 jan,jul *",
            "0 9 29 2 ?",
            "0 9 * 10-12 Monday",
            "0 9 * nov-feb 1,2",
            "0/60 9 * * *",
            "  5   4 * * *  ",
            "@daily",
        ]), @r"
        30 9 * * 1-5 → 30 9 * * 1-5 → Mondays to Fridays at 09:30
        30 9 * * MON-FRI → 30 9 * * 1-5 → Mondays to Fridays at 09:30
        0 14 * * tue,thu → 0 14 * * 2,4 → Tuesdays and Thursdays at 14:00
        0 8 * * 0 → 0 8 * * 0 → Sundays at 08:00
        0 8 * * 7 → 0 8 * * 0 → Sundays at 08:00
        0 8 * * 5-7 → 0 8 * * 0,5,6 → Fridays to Sundays at 08:00
        0 8 * * sun-thu → 0 8 * * 0-4 → Sundays to Thursdays at 08:00
        0 8 * * fri-mon → 0 8 * * 0,1,5,6 → Fridays to Mondays at 08:00
        0 8 * * 0-7 → 0 8 * * * → Every day at 08:00
        00 09 * * */2 → 0 9 * * 0,2,4,6 → Tuesdays, Thursdays, Saturdays and Sundays at 09:00
        15 16 * * 1-5/2 → 15 16 * * 1,3,5 → Mondays, Wednesdays and Fridays at 16:15
        0 9 1 * * → 0 9 1 * * → The 1st of each month at 09:00
        0 9 1,15 * * → 0 9 1,15 * * → The 1st and 15th of each month at 09:00
        0 9 1-7 jan,jul * → 0 9 1-7 1,7 * → The 1st to 7th of January and July at 09:00
        0 9 29 2 ? → 0 9 29 2 * → The 29th of February at 09:00
        0 9 * 10-12 Monday → 0 9 * 10-12 1 → Mondays in October to December at 09:00
        0 9 * nov-feb 1,2 → 0 9 * 1,2,11,12 1,2 → Mondays and Tuesdays in January, February, November and December at 09:00
        0/60 9 * * * → 0 9 * * * → Every day at 09:00
          5   4 * * *   → 5 4 * * * → Every day at 04:05
        @daily → 0 0 * * * → Every day at 00:00
        ");
    }

    #[test]
    fn words_mean_what_people_mean_by_them() {
        assert_snapshot!(all(&[
            "weekdays 9:30",
            "working days at 09:30",
            "every Tuesday and Thursday at 14:00",
            "daily at 9",
            "every day at 9am",
            "9.30 on weekdays",
            "Mondays at 2 p.m.",
            "Mon–Fri 0930",
            "monday to friday, 12:15 am",
            "Weekends at noon",
            "Mon, Wed & Fri at 16h30",
            "on Wednesdays at 12 pm",
            "Sunday through Thursday at 8 o'clock",
            "Fridays 15:00 Uhr",
        ]), @r"
        weekdays 9:30 → 30 9 * * 1-5 → Mondays to Fridays at 09:30
        working days at 09:30 → 30 9 * * 1-5 → Mondays to Fridays at 09:30
        every Tuesday and Thursday at 14:00 → 0 14 * * 2,4 → Tuesdays and Thursdays at 14:00
        daily at 9 → 0 9 * * * → Every day at 09:00
        every day at 9am → 0 9 * * * → Every day at 09:00
        9.30 on weekdays → 30 9 * * 1-5 → Mondays to Fridays at 09:30
        Mondays at 2 p.m. → 0 14 * * 1 → Mondays at 14:00
        Mon–Fri 0930 → 30 9 * * 1-5 → Mondays to Fridays at 09:30
        monday to friday, 12:15 am → 15 0 * * 1-5 → Mondays to Fridays at 00:15
        Weekends at noon → 0 12 * * 0,6 → Saturdays and Sundays at 12:00
        Mon, Wed & Fri at 16h30 → 30 16 * * 1,3,5 → Mondays, Wednesdays and Fridays at 16:30
        on Wednesdays at 12 pm → 0 12 * * 3 → Wednesdays at 12:00
        Sunday through Thursday at 8 o'clock → 0 8 * * 0-4 → Sundays to Thursdays at 08:00
        Fridays 15:00 Uhr → 0 15 * * 5 → Fridays at 15:00
        ");
    }

    #[test]
    fn what_cant_be_a_schedule_is_refused_with_its_reason() {
        assert_snapshot!(all(&[
            "",
            "30 9 * *",
            "0 30 9 * * 1-5",
            "30 25 * * 1-5",
            "30 9 * * 1-8",
            "30 9 * * mo",
            "30 9 20-10 * *",
            "30 9 * * 1-5/0",
            "30 9 L * *",
            "30 9 * * 1#2",
            "30 9 1 * 1",
            "*/30 9 * * 1-5",
            "* * * * *",
            "0 9,14 * * *",
            "weekdays at 9 and 14:00",
            "0 9 30 2 *",
            "0 9 31 4,6 *",
            "every other Tuesday at 9",
            "weekdays",
            "at 9:30",
            "weekdays 24:10",
            "weekdays 13 pm",
            "Monday to 9:30",
            "hello",
        ]), @r#"
         → When should it be posted? Write it as in weekdays 9:30, or as a cron expression, 30 9 * * 1-5.
        30 9 * * → A cron expression has five fields (minute, hour, day of the month, month, weekday) and this has 4; write it as in 30 9 * * 1-5, or in words, weekdays 9:30.
        0 30 9 * * 1-5 → A cron expression has five fields (minute, hour, day of the month, month, weekday) and this has 6; write it as in 30 9 * * 1-5, or in words, weekdays 9:30.
        30 25 * * 1-5 → I can't read "25" as the hour; it takes 0 to 23, also as a list (1,3), a range (1-3) or in steps (*/2).
        30 9 * * 1-8 → I can't read "1-8" as the weekday; it takes 0 to 7 (both are Sunday) or mon to sun, also as a list (1,3), a range (1-3) or in steps (*/2).
        30 9 * * mo → I can't read "mo" as the weekday; it takes 0 to 7 (both are Sunday) or mon to sun, also as a list (1,3), a range (1-3) or in steps (*/2).
        30 9 20-10 * * → I can't read "20-10" as the day of the month; it takes 1 to 31, also as a list (1,3), a range (1-3) or in steps (*/2).
        30 9 * * 1-5/0 → I can't read "1-5/0" as the weekday; it takes 0 to 7 (both are Sunday) or mon to sun, also as a list (1,3), a range (1-3) or in steps (*/2).
        30 9 L * * → I can't read "l" as the day of the month; it takes 1 to 31, also as a list (1,3), a range (1-3) or in steps (*/2).
        30 9 * * 1#2 → I can't read "1#2" as the weekday; it takes 0 to 7 (both are Sunday) or mon to sun, also as a list (1,3), a range (1-3) or in steps (*/2).
        30 9 1 * 1 → This names days of the month and weekdays, which cron takes as "either of them" and most people as "both"; leave one of them as *, as in 30 9 1 * * or 30 9 * * 1.
        */30 9 * * 1-5 → This is due 2 times a day, and a channel gets one prompt a day; name one hour and one minute, as in 30 9 * * 1-5.
        * * * * * → This is due 1,440 times a day, and a channel gets one prompt a day; name one hour and one minute, as in 30 9 * * 1-5.
        0 9,14 * * * → This is due 2 times a day, and a channel gets one prompt a day; name one hour and one minute, as in 30 9 * * 1-5.
        weekdays at 9 and 14:00 → This is due 2 times a day, and a channel gets one prompt a day; name one hour and one minute, as in 30 9 * * 1-5.
        0 9 30 2 * → No year has such a day, so it would never be due; look at the day of the month and the month.
        0 9 31 4,6 * → No year has such a day, so it would never be due; look at the day of the month and the month.
        every other Tuesday at 9 → I can't read "other" here; write days and a time, as in weekdays 9:30 or every Tuesday and Thursday at 14:00, or a cron expression, 30 9 * * 1-5.
        weekdays → At what time of these days? Add it, as in weekdays 9:30.
        at 9:30 → On which days? Add them, as in weekdays 9:30 or every Tuesday and Thursday at 14:00.
        weekdays 24:10 → I can't read "24:10" here; write days and a time, as in weekdays 9:30 or every Tuesday and Thursday at 14:00, or a cron expression, 30 9 * * 1-5.
        weekdays 13 pm → I can't read "13 pm" here; write days and a time, as in weekdays 9:30 or every Tuesday and Thursday at 14:00, or a cron expression, 30 9 * * 1-5.
        Monday to 9:30 → I can't read "9:30" here; write days and a time, as in weekdays 9:30 or every Tuesday and Thursday at 14:00, or a cron expression, 30 9 * * 1-5.
        hello → I can't read "hello" here; write days and a time, as in weekdays 9:30 or every Tuesday and Thursday at 14:00, or a cron expression, 30 9 * * 1-5.
        "#);
    }

    #[test]
    fn working_days_are_those_of_the_people() {
        use Weekday::{Mon, Sun, Thu, Tue, Wed};
        let days = WorkingDays::new([Sun, Mon, Tue, Wed, Thu]).expect("days");
        let cron = Cron::parse_for("working days at 9:30", days).expect("a schedule");
        assert_eq!(cron.words(), "Sundays to Thursdays at 09:30");
        assert_eq!(cron.as_str(), "30 9 * * 0-4");
    }

    proptest! {
        #[test]
        fn what_is_stored_means_the_same(
            minute in 0_u8..60, hour in 0_u8..24,
            weekdays in proptest::collection::btree_set(0_u8..8, 1..8),
            days in proptest::option::of(proptest::collection::btree_set(1_u8..29, 1..28)),
            months in proptest::collection::btree_set(1_u8..13, 1..13),
        ) {
            let list = |values: &BTreeSet<u8>| values.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
            let (day, weekday) = match &days {
                Some(days) => (list(days), "*".to_owned()),
                None => ("*".to_owned(), list(&weekdays)),
            };
            let cron = Cron::parse(&format!("{minute} {hour} {day} {} {weekday}", list(&months))).expect("a schedule");
            prop_assert_eq!(&Cron::parse(cron.as_str()), &Ok(cron.clone()));
            let only_weekdays = days.is_none() && months.len() == 12;
            if only_weekdays {
                // What is shown can be typed.
                prop_assert_eq!(&Cron::parse(&cron.words()), &Ok(cron.clone()));
            }
            let start = NaiveDate::default().and_time(NaiveTime::MIN);
            for wall in cron.walls(start).take(40) {
                prop_assert_eq!(wall.time(), cron.time());
                let weekday = u8::try_from(wall.weekday().num_days_from_sunday()).expect("a weekday");
                let is_weekday = weekdays.contains(&weekday) || weekday == 0 && weekdays.contains(&7);
                prop_assert!(days.as_ref().map_or(is_weekday, |days| days.contains(&(wall.day() as u8))));
                prop_assert!(months.contains(&(wall.month() as u8)));
            }
        }

        #[test]
        fn anything_can_be_typed(typed in "\\PC{0,40}") {
            let _ = Cron::parse(&typed);
        }

        #[test]
        fn anything_like_an_expression_can_be_typed(typed in "[0-9*/,a-z@?:. -]{0,30}") {
            if let Ok(cron) = Cron::parse(&typed) {
                prop_assert_eq!(Cron::parse(cron.as_str()), Ok(cron));
            }
        }
    }
}
