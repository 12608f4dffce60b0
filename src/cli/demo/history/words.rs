//! What people say, from the lists beside this file.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use fastrand::Rng;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::world::{Person, Shift};
use crate::base::clock::Instant;

/// The most often that one text is said in a year.
pub(super) const MOST_REPEATED: u32 = 4;
/// The same text isn't said again within so many milliseconds (30 days).
const APART: u64 = 30 * 86_400_000;

static REASONS: LazyLock<Reasons> = LazyLock::new(|| read(include_str!("reasons.yaml")));
static QUOTES: LazyLock<Quotes> = LazyLock::new(|| read(include_str!("quotes.yaml")));
static CHATTER: LazyLock<Vec<Line>> = LazyLock::new(|| read(include_str!("chatter.yaml")));

fn read<T: DeserializeOwned>(yaml: &str) -> T {
    serde_norway::from_str(yaml).expect("a list written here is valid")
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasons {
    slots: BTreeMap<String, Vec<String>>,
    themes: Vec<Theme>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Theme {
    to: Vec<String>,
    #[serde(default)]
    from: Vec<String>,
    values: Vec<String>,
    words: Vec<String>,
}

impl Theme {
    fn fits(&self, giver: &Person, to: &To<'_>) -> bool {
        let received = match to {
            To::Team => self.to.iter().any(|word| word == "team"),
            To::People(people) => people.iter().all(|person| self.to.iter().any(|word| person.is(word))),
        };
        received && (self.from.is_empty() || self.from.iter().any(|word| giver.is(word)))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quotes {
    she: Vec<String>,
    he: Vec<String>,
    anybody: Vec<String>,
    night: Vec<String>,
}

/// One line of chatter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// The channel's name.
    pub r#in: String,
    /// Who may write it; see [`Person::is`].
    pub by: String,
    /// When in the shift.
    pub at: Option<Edge>,
    /// The words.
    pub say: String,
    /// What somebody else answers in its thread.
    pub reply: Option<String>,
    /// Who may; anybody unless said.
    pub reply_by: Option<String>,
}

/// An end of a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Edge {
    /// Its first minutes.
    Start,
    /// Its last.
    End,
}

/// All chatter there is.
pub(super) fn chatter() -> &'static [Line] {
    &CHATTER
}

/// Who is spoken of.
pub(super) enum To<'a> {
    /// People by name.
    People(&'a [&'a Person]),
    /// A user group.
    Team,
}

/// Words for a kudos.
pub(super) struct Said {
    /// The reason.
    pub text: String,
    /// Values, without `#`.
    pub values: Vec<String>,
}

/// Chooses words, and remembers what was said before.
#[derive(Default)]
pub(in super::super) struct Speaker {
    /// How often each reason was chosen, by its place in the list.
    chosen: HashMap<(usize, usize), u32>,
    /// How often, and when last, each text was said.
    said: HashMap<String, (u32, Instant)>,
}

impl Speaker {
    /// A reason that `giver` may have. `others`: first names of agents who may come up in it.
    pub(super) fn reason(
        &mut self,
        rng: &mut Rng,
        giver: &Person,
        to: &To<'_>,
        others: &[&'static str],
        at: Instant,
    ) -> Option<Said> {
        let language = match to {
            To::People([one]) => one.language,
            _ => None,
        };
        let mut fitting: Vec<(u32, u32, usize, usize)> = Vec::new();
        for (t, theme) in REASONS
            .themes
            .iter()
            .enumerate()
            .filter(|(_, theme)| theme.fits(giver, to))
        {
            for (w, words) in theme.words.iter().enumerate() {
                let alone = words.contains("{tongue}") || words.starts_with("You ");
                if !alone || matches!(to, To::People([_])) && (language.is_some() || !words.contains("{tongue}")) {
                    let times = self.chosen.get(&(t, w)).copied().unwrap_or(0);
                    fitting.push((times, rng.u32(..), t, w));
                }
            }
        }
        // Those chosen least go first, in no order among themselves.
        fitting.sort_unstable();
        for (_, _, t, w) in fitting {
            let theme = REASONS.themes.get(t)?;
            let words = theme.words.get(w)?;
            let chosen = self.chosen.entry((t, w)).or_default();
            // What can only be said in one way comes up less.
            *chosen += if words.contains(['{', '(']) { 1 } else { 3 };
            for again in [false, false, false, true] {
                let text = fill(rng, words, others, language);
                if (again || !self.said.contains_key(&text)) && self.say(&text, at) {
                    return Some(Said {
                        text,
                        values: some_values(rng, &theme.values),
                    });
                }
            }
        }
        None
    }

    /// A customer's words about somebody, if there are any that weren't just said.
    pub(super) fn quote(&mut self, rng: &mut Rng, about: &Person, at: Instant) -> Option<Said> {
        let mut fitting: Vec<&String> = if about.she { &QUOTES.she } else { &QUOTES.he }.iter().collect();
        fitting.extend(&QUOTES.anybody);
        if about.shift == Shift::Night {
            fitting.extend(&QUOTES.night);
        }
        rng.shuffle(&mut fitting);
        let text = fitting.into_iter().find(|text| self.say(text, at))?;
        Some(Said {
            text: text.clone(),
            values: Vec::new(),
        })
    }

    /// Notes that a text is said; false if that would be too often.
    fn say(&mut self, text: &str, at: Instant) -> bool {
        match self.said.get_mut(text) {
            Some((times, last)) => {
                let too_often = *times >= MOST_REPEATED || u128::from(APART) > at.since(*last).as_millis();
                if !too_often {
                    *times += 1;
                    *last = at;
                }
                !too_often
            }
            None => {
                self.said.insert(text.to_owned(), (1, at));
                true
            }
        }
    }
}

/// Two in five say no value, and few say two.
fn some_values(rng: &mut Rng, fitting: &[String]) -> Vec<String> {
    let mut values: Vec<String> = fitting.to_vec();
    rng.shuffle(&mut values);
    values.truncate(match rng.u8(..100) {
        0..40 => 0,
        40..93 => 1,
        _ => 2,
    });
    values
}

/// Fills `{slots}`, the same one alike, and chooses among `(one|another)`.
fn fill(rng: &mut Rng, words: &str, others: &[&'static str], language: Option<&'static str>) -> String {
    let mut text = String::new();
    let mut chosen: BTreeMap<&str, String> = BTreeMap::new();
    let mut rest = words;
    while let Some(at) = rest.find(['{', '(']) {
        let close = if rest[at..].starts_with('{') { '}' } else { ')' };
        let Some(length) = rest[at..].find(close) else { break };
        text.push_str(&rest[..at]);
        let inside = &rest[at + 1..at + length];
        if close == ')' {
            let options: Vec<&str> = inside.split('|').collect();
            text.push_str(rng.choice(options).unwrap_or_default());
        } else {
            text.push_str(chosen.entry(inside).or_insert_with(|| match inside {
                "ticket" => format!("#{}", rng.u32(41_000..68_000)),
                "other" => rng.choice(others).copied().unwrap_or("the others").to_owned(),
                "tongue" => language.unwrap_or_default().to_owned(),
                slot => {
                    let options = REASONS.slots.get(slot).map(Vec::as_slice).unwrap_or_default();
                    rng.choice(options).cloned().unwrap_or_default()
                }
            }));
        }
        rest = &rest[at + length + 1..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_on_the_list_and_every_word_is_clean() {
        let words: Vec<&String> = REASONS.themes.iter().flat_map(|theme| &theme.words).collect();
        assert!(words.len() >= 350, "{}", words.len());
        let mut rng = Rng::with_seed(1);
        for &words in &words {
            for slot in words.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                assert!(
                    REASONS.slots.contains_key(slot) || ["ticket", "other", "tongue"].contains(&slot),
                    "{slot} in {words}"
                );
            }
            for _ in 0..20 {
                let text = fill(&mut rng, words, &["Tomasz"], Some("Polish"));
                assert!(
                    !text.contains(['{', '}', '(', ')', '|', '@']) && !text.contains("  "),
                    "{text}"
                );
                let count = text.split_whitespace().count();
                assert!((5..=25).contains(&count), "{count} words: {text}");
                // Sentences end with a full stop, everything else with none.
                assert_eq!(
                    text.starts_with("You") || text.starts_with("I "),
                    text.ends_with('.'),
                    "{text}"
                );
            }
        }
        let mut different: Vec<_> = words.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), words.len(), "a reason stands twice");
        let quotes = [&QUOTES.she, &QUOTES.he, &QUOTES.anybody, &QUOTES.night];
        assert!(quotes.iter().map(|list| list.len()).sum::<usize>() >= 40);
        assert!(CHATTER.len() >= 60);
    }
}
