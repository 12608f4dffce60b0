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
