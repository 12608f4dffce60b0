//! Which prompt comes next. Nothing is stored but what was used: the order follows from the schedule's seed, so that two
//! channels differ and a restart changes nothing.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use crate::base::calendar::Day;
use crate::prompts::pack::{Pack, Prompt, Theme};

/// How long a channel doesn't see a prompt again if its theme holds enough of them, in days (product rule).
const REST: i64 = 365;

/// A prompt that a channel has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its id.
    pub prompt: String,
    /// When, on the schedule's calendar.
    pub day: Day,
}

/// The theme and prompt of a day, after what was used before it, in any order; none if the pack is empty.
pub fn draw<'p>(pack: &'p Pack, seed: i64, used: &[Used], day: Day) -> Option<(&'p Theme, &'p Prompt)> {
    let mut used: Vec<&Used> = used.iter().collect();
    used.sort_by_key(|used| used.day);
    let theme = theme(pack, &used, day)?;
    Some((theme, prompt(theme, seed, &used, day)?))
}

/// A seed that follows from a text, such as an id.
pub fn seed_from(text: &str) -> i64 {
    let hash: [u8; 32] = Sha256::digest(text).into();
    let (first, _) = hash.split_first_chunk().unwrap_or((&[0; 8], &[]));
    i64::from_be_bytes(*first)
}

/// The theme of the weekday; where it has none, the one that was used the longest ago, first of all those that belong to
/// no weekday.
fn theme<'p>(pack: &'p Pack, used: &[&Used], day: Day) -> Option<&'p Theme> {
    let own = pack.themes.iter().find(|theme| theme.weekday == Some(day.weekday()));
    own.or_else(|| {
        let last_use: HashMap<&str, Day> = used.iter().map(|used| (used.prompt.as_str(), used.day)).collect();
        let last_of = |theme: &Theme| {
            theme
                .prompts
                .iter()
                .filter_map(|prompt| last_use.get(&*prompt.id))
                .max()
                .copied()
        };
        pack.themes
            .iter()
            .min_by_key(|theme| (theme.weekday.is_some(), last_of(theme)))
    })
}

fn prompt<'p>(theme: &'p Theme, seed: i64, used: &[&Used], day: Day) -> Option<&'p Prompt> {
    let ids: HashSet<&str> = theme.prompts.iter().map(|prompt| prompt.id.as_str()).collect();
    let used: Vec<&Used> = used
        .iter()
        .copied()
        .filter(|used| ids.contains(&*used.prompt))
        .collect();
    // A cycle ends when the theme is used up; a prompt that comes again began another one, whatever the pack held then.
    let (mut cycle, mut seen) = (0_u64, HashSet::new());
    for used in &used {
        if seen.len() == ids.len() || seen.contains(&*used.prompt) {
            cycle += 1;
            seen.clear();
        }
        seen.insert(used.prompt.as_str());
    }
    if seen.len() == ids.len() {
        cycle += 1;
        seen.clear();
    }
    let last_use: HashMap<&str, Day> = used.iter().map(|used| (used.prompt.as_str(), used.day)).collect();
    let rests = |id: &str| last_use.get(id).is_some_and(|&last| day.days_since(last) < REST);
    // A theme that is too small for a year: the end of one cycle doesn't come again at the start of the next.
    let recent: HashSet<&str> = used
        .iter()
        .rev()
        .take(ids.len() / 2)
        .map(|used| used.prompt.as_str())
        .collect();
    let left = theme.prompts.iter().filter(|prompt| !seen.contains(&*prompt.id));
    left.min_by_key(|Prompt { id, .. }| (rests(id), rests(id) && recent.contains(&**id), place(seed, cycle, id)))
}

/// Where a prompt stands in the shuffled order of a cycle. SHA-256, because a plan must not change with a version of Rust.
fn place(seed: i64, cycle: u64, id: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(cycle.to_be_bytes());
    hash.update(id.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;
    use proptest::prelude::*;

    use super::*;
    use crate::prompts::pack::Packs;
    use crate::prompts::schedule::tests::day;

    fn pack(sizes: &[(Option<Weekday>, usize)]) -> Pack {
        let theme = |(nth, &(weekday, size)): (usize, &(Option<Weekday>, usize))| Theme {
            id: format!("theme-{nth}"),
            name: format!("Theme {nth}"),
            emoji: ":bulb:".to_owned(),
            weekday,
            prompts: (0..size)
                .map(|prompt| Prompt {
                    id: format!("{nth}-{prompt}"),
                    text: format!("What is number {prompt}?"),
                    follow_up: None,
                    carries: None,
                })
                .collect(),
        };
        Pack {
            name: "ours".to_owned(),
            title: "Ours".to_owned(),
            themes: sizes.iter().enumerate().map(theme).collect(),
            opening: Vec::new(),
            wrap_up: Vec::new(),
            monday_after: Vec::new(),
            after_30_days: Vec::new(),
            after_90_days: Vec::new(),
        }
    }

    /// What a channel sees on these days, one after the other; the theme of each with the prompt.
    fn seen(pack: &Pack, seed: i64, days: impl Iterator<Item = Day>) -> Vec<(String, Used)> {
        let mut used = Vec::new();
        let mut seen = Vec::new();
        for day in days {
            let (theme, prompt) = draw(pack, seed, &used, day).expect("a prompt");
            let now = Used {
                prompt: prompt.id.clone(),
                day,
            };
            used.push(now.clone());
            seen.push((theme.id.clone(), now));
        }
        seen
    }

    fn days(from: &str, count: i64, is_wanted: impl Fn(Day) -> bool) -> Vec<Day> {
        let from = day(from);
        (0..count)
            .map(|days| from.plus(days))
            .filter(|&day| is_wanted(day))
            .collect()
    }

    #[test]
    fn a_year_of_the_shipped_pack_repeats_nothing_in_any_channel() {
        let packs = Packs::shipped();
        let pack = packs.get("service-year").expect("it is shipped");
        // Three years, from any weekday.
        for (seed, from) in [
            (0, "2026-01-01"),
            (1, "2026-10-05"),
            (-7, "2027-02-13"),
            (i64::MAX, "2028-02-29"),
        ] {
            let seen = seen(pack, seed, days(from, 3 * 366, Day::is_working_day).into_iter());
            let mut last = HashMap::new();
            for (theme, used) in seen {
                let own = pack
                    .themes
                    .iter()
                    .find(|theme| theme.weekday == Some(used.day.weekday()));
                assert_eq!(Some(&theme), own.map(|theme| &theme.id));
                if let Some(before) = last.insert(used.prompt.clone(), used.day) {
                    assert!(used.day.days_since(before) >= REST, "{used:?} was seen on {before}");
                }
            }
        }
    }

    #[test]
    fn two_channels_differ_and_the_shuffle_is_none_of_the_files_order() {
        let packs = Packs::shipped();
        let pack = packs.get("service-year").expect("it is shipped");
        let order = |seed| -> Vec<String> {
            let days = days("2026-01-01", 366, Day::is_working_day);
            seen(pack, seed, days.into_iter())
                .into_iter()
                .map(|(_, used)| used.prompt)
                .collect()
        };
        let orders: Vec<Vec<String>> = (0..8).map(order).collect();
        for (nth, one) in orders.iter().enumerate() {
            assert_eq!(*one, order(i64::try_from(nth).expect("a seed")));
            for other in &orders[..nth] {
                let same = one.iter().zip(other).filter(|(one, other)| one == other).count();
                assert!(
                    same < one.len() / 8,
                    "two channels see the same on {same} of {} days",
                    one.len()
                );
            }
        }
    }

    #[test]
    fn a_working_day_without_a_theme_takes_the_one_that_waited_longest() {
        let packs = Packs::shipped();
        let pack = packs.get("service-year").expect("it is shipped");
        let sunday_to_thursday = |day: Day| !matches!(day.weekday(), Weekday::Fri | Weekday::Sat);
        let seen_there = seen(pack, 3, days("2026-01-04", 28, sunday_to_thursday).into_iter());
        // Friday's theme, which would never be seen.
        let on_sundays = seen_there.iter().filter(|(_, used)| used.day.weekday() == Weekday::Sun);
        let themes: Vec<&str> = on_sundays.map(|(theme, _)| theme.as_str()).collect();
        assert_eq!(themes[1..], ["feedback-friday"; 3]);

        let with_extra = super::tests::pack(&[(Some(Weekday::Mon), 3), (None, 3), (None, 3)]);
        let seen_there = seen(&with_extra, 3, days("2026-01-05", 7, |_| true).into_iter());
        let themes: Vec<&str> = seen_there.iter().map(|(theme, _)| theme.as_str()).collect();
        assert_eq!(
            themes,
            [
                "theme-0", "theme-1", "theme-2", "theme-1", "theme-2", "theme-1", "theme-2"
            ]
        );
    }

    #[test]
    fn an_empty_theme_and_an_empty_pack_ask_nothing() {
        assert_eq!(draw(&pack(&[]), 1, &[], day("2026-10-05")), None);
        assert_eq!(draw(&pack(&[(Some(Weekday::Mon), 0)]), 1, &[], day("2026-10-05")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn a_theme_is_used_up_before_anything_comes_again(
            seed in any::<i64>(), size in 1_usize..80, every in 1_i64..9, rounds in 1_usize..4,
        ) {
            let pack = pack(&[(None, size)]);
            let draws = size * rounds;
            let days = (0..draws).map(|nth| day("2026-01-01").plus(every * i64::try_from(nth).expect("a number")));
            let seen: Vec<Used> = seen(&pack, seed, days).into_iter().map(|(_, used)| used).collect();
            for cycle in seen.chunks(size) {
                let distinct: HashSet<&str> = cycle.iter().map(|used| used.prompt.as_str()).collect();
                prop_assert_eq!(distinct.len(), size);
            }
            let holds_a_year = i64::try_from(size).expect("a number") * every >= REST;
            for (nth, used) in seen.iter().enumerate() {
                let before = seen[..nth].iter().rposition(|before| before.prompt == used.prompt);
                if let Some(before) = before {
                    let rested = used.day.days_since(seen[before].day);
                    prop_assert!(rested >= REST || !holds_a_year, "{} after {} days", used.prompt, rested);
                    // Too small for a year: at least half of it comes between.
                    prop_assert!(nth - before > size / 2, "{} is back after {}", used.prompt, nth - before);
                }
            }
        }

        #[test]
        fn what_was_used_counts_in_any_order_and_from_a_pack_that_changed(
            seed in any::<i64>(), size in 2_usize..30, draws in 0_usize..60, removed in 0_usize..30,
        ) {
            let mut pack = pack(&[(None, size)]);
            let days = (0..draws).map(|nth| day("2026-01-01").plus(i64::try_from(nth).expect("a number")));
            let mut used: Vec<Used> = seen(&pack, seed, days).into_iter().map(|(_, used)| used).collect();
            let today = day("2026-06-01");
            let drawn = draw(&pack, seed, &used, today).map(|(_, prompt)| prompt.id.clone());
            used.reverse();
            prop_assert_eq!(draw(&pack, seed, &used, today).map(|(_, prompt)| prompt.id.clone()), drawn);
            pack.themes[0].prompts.remove(removed % size);
            let last_cycle = draws - draws % size;
            let (_, prompt) = draw(&pack, seed, &used, today).expect("a prompt");
            used.reverse();
            let left = pack.themes[0].prompts.iter().any(|prompt| used[last_cycle..].iter().all(|used| used.prompt != prompt.id));
            let comes_again = used[last_cycle..].iter().any(|used| used.prompt == prompt.id);
            prop_assert!(!(left && comes_again), "{} comes again before the rest", prompt.id);
        }
    }
}
