//! Packs: named lists of prompts, written as TOML.
//!
//! A pack is read value by value rather than by serde, so that a person who writes one is told everything that is wrong
//! with it at once, each with its line.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::Weekday;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::text::{count, list_names, normalised};

/// The longest text of a prompt, in Unicode scalar values (product rule).
pub const LONGEST: usize = 300;
/// The longest name or title: Slack shows no more of an option in a menu.
/// <https://docs.slack.dev/reference/block-kit/composition-objects/option-object>
const LONGEST_NAME: usize = 75;
/// The longest id.
const LONGEST_ID: usize = 60;
/// What stands for the answers of the day before.
pub const ANSWERS: &str = "{answers}";
/// The emoji of a theme that names none.
const EMOJI: &str = ":speech_balloon:";

/// The packs that Plaudit brings.
const SHIPPED: [&str; 3] = [
    include_str!("../../packs/service-year.toml"),
    include_str!("../../packs/customer-service-week.toml"),
    include_str!("../../packs/it-and-internal.toml"),
];

/// A named list of prompts, by theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// What schedules call it: small letters, digits and hyphens.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its themes.
    pub themes: Vec<Theme>,
    /// Drafts of the note that opens Customer Service Week.
    pub opening: Vec<String>,
    /// What closes its last day.
    pub wrap_up: Vec<String>,
    /// What the Monday after asks.
    pub monday_after: Vec<String>,
    /// What is asked 30 days later.
    pub after_30_days: Vec<String>,
    /// What is asked 90 days later.
    pub after_90_days: Vec<String>,
}

/// A subject that belongs to a weekday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its id in the pack.
    pub id: String,
    /// What people call it, as in `Win Wednesday`.
    pub name: String,
    /// Its emoji with colons.
    pub emoji: String,
    /// Its day.
    pub weekday: Option<Weekday>,
    /// What it asks.
    pub prompts: Vec<Prompt>,
}

/// One text that asks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Its id, which never changes.
    pub id: String,
    /// What it asks, in mrkdwn.
    pub text: String,
    /// What is asked later on the same day, where Customer Service Week runs in full.
    pub follow_up: Option<String>,
    /// What leads in the answers of the day before; `{answers}` stands for them.
    pub carries: Option<String>,
}

impl Pack {
    /// The prompt with this id, and its theme.
    pub fn prompt(&self, id: &str) -> Option<(&Theme, &Prompt)> {
        self.prompts().find(|(_, prompt)| prompt.id == id)
    }

    /// Every prompt with its theme, in the order that they are written in.
    pub fn prompts(&self) -> impl Iterator<Item = (&Theme, &Prompt)> {
        self.themes
            .iter()
            .flat_map(|theme| theme.prompts.iter().map(move |prompt| (theme, prompt)))
    }
}

/// Something in a pack that isn't right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong and how it would be right, as a sentence.
    pub what: String,
}

/// Every pack there is, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packs {
    packs: BTreeMap<String, Pack>,
}

/// A folder of packs that can't be used. Each is one sentence for the person who starts Plaudit.
#[derive(Debug, thiserror::Error)]
pub enum PacksError {
    /// The folder, or a file in it, can't be read.
    #[error("{} can't be read: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A pack with faults.
    #[error(
        "{} is no pack that can be used: line {}: {} (plaudit packs check {} tells everything)",
        path.display(), first.line, first.what, path.display()
    )]
    Faulty {
        /// Which.
        path: PathBuf,
        /// The first fault.
        first: Fault,
    },
    /// Two files with one name.
    #[error("{} and {} both call their pack {name}, so I can't tell which one is meant; rename one of them", one.display(), other.display())]
    Twice {
        /// The name.
        name: String,
        /// One file.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
}

impl Packs {
    /// The packs that Plaudit brings.
    pub fn shipped() -> Self {
        // A test reads every one of them, so that none is left out here.
        SHIPPED
            .into_iter()
            .filter_map(|text| read(text).ok())
            .fold(Self::default(), Self::with)
    }

    /// With this pack; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, pack: Pack) -> Self {
        self.packs.insert(pack.name.clone(), pack);
        self
    }

    /// With the packs of a folder, its files that end in `.toml`; one of the same name is replaced.
    ///
    /// # Errors
    /// [`PacksError`] when the folder or a pack in it can't be used.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, PacksError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |error| PacksError::Unreadable { path, error }
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        let mut from: HashMap<String, PathBuf> = HashMap::new();
        for path in files {
            let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
            let pack = read(&text).map_err(|faults| PacksError::Faulty {
                path: path.clone(),
                first: faults.into_iter().next().unwrap_or_else(|| Fault::at(1, "it is empty")),
            })?;
            if let Some(one) = from.insert(pack.name.clone(), path.clone()) {
                return Err(PacksError::Twice {
                    name: pack.name,
                    one,
                    other: path,
                });
            }
            self = self.with(pack);
        }
        Ok(self)
    }

    /// The pack of this name.
    pub fn get(&self, name: &str) -> Option<&Pack> {
        self.packs.get(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.packs.keys().map(String::as_str)
    }

    /// The packs, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Pack> {
        self.packs.values()
    }
}

impl Fault {
    fn at(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}

/// Reads a pack as [`read`] does, and looks for prompts that ask nearly the same.
///
/// # Errors
/// Every fault, in the order of lines.
pub fn check(text: &str) -> Result<Pack, Vec<Fault>> {
    let mut reader = Reader::new(text);
    let pack = reader.pack();
    reader.near_duplicates();
    reader.end(pack)
}

/// Reads a pack.
///
/// # Errors
/// Every fault, in the order of lines.
pub fn read(text: &str) -> Result<Pack, Vec<Fault>> {
    let mut reader = Reader::new(text);
    let pack = reader.pack();
    reader.end(pack)
}

/// A table of the file: what it is called in sentences, where it begins, and what stands in it.
#[derive(Clone, Copy)]
struct Part<'t> {
    what: &'static str,
    at: usize,
    table: &'t DeTable<'t>,
}

/// What is looked for in a text.
enum Wanted {
    /// Small letters, digits and hyphens.
    Id,
    /// One short line.
    Name,
    /// What is posted.
    Text,
    /// What is posted and leads in answers.
    Carries,
    /// `:name:`
    Emoji,
}

struct Reader<'t> {
    text: &'t str,
    /// Whether all of the file could be parsed. If not, what is missing may stand in the rest.
    is_whole: bool,
    /// Where, in bytes, and what.
    faults: Vec<(usize, String)>,
    /// Each prompt's id and each theme's, with where it stands.
    ids: HashMap<(&'static str, String), usize>,
    /// Each prompt's id and text, with where the text stands.
    texts: Vec<(String, String, usize)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            is_whole: true,
            faults: Vec::new(),
            ids: HashMap::new(),
            texts: Vec::new(),
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
    }

    fn fault(&mut self, at: usize, what: impl Into<String>) {
        self.faults.push((at, what.into()));
    }

    fn end(mut self, pack: Pack) -> Result<Pack, Vec<Fault>> {
        if self.faults.is_empty() {
            return Ok(pack);
        }
        self.faults.sort();
        let faults = std::mem::take(&mut self.faults);
        Err(faults
            .into_iter()
            .map(|(at, what)| Fault::at(self.line(at), what))
            .collect())
    }

    fn pack(&mut self) -> Pack {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.is_whole = false;
            let at = error.span().map_or(0, |span| span.start);
            self.fault(at, format!("This is no TOML: {}.", error.message().replace('\n', ", ")));
        }
        let part = Part {
            what: "a pack",
            at: 0,
            table: root.get_ref(),
        };
        let sections = ["opening", "wrap_up", "monday_after", "after_30_days", "after_90_days"];
        let takes: Vec<&str> = ["name", "title", "theme"].into_iter().chain(sections).collect();
        self.known_keys(part, &takes);
        let name = self.needed(part, "name", &Wanted::Id);
        let title = self.needed(part, "title", &Wanted::Name);
        let themes = self.themes(part);
        let [opening, wrap_up, monday_after, after_30_days, after_90_days] =
            sections.map(|section| self.section(part, section));
        Pack {
            name,
            title,
            themes,
            opening,
            wrap_up,
            monday_after,
            after_30_days,
            after_90_days,
        }
    }

    fn themes(&mut self, pack: Part<'_>) -> Vec<Theme> {
        let mut themes: Vec<Theme> = Vec::new();
        for theme in self.tables(pack, "theme", "a theme") {
            self.known_keys(theme, &["id", "name", "emoji", "weekday", "prompt"]);
            let id = self.unique_id(theme);
            let name = self.needed(theme, "name", &Wanted::Name);
            let emoji = self
                .text_of(theme, "emoji", &Wanted::Emoji)
                .map_or_else(|| EMOJI.to_owned(), |(emoji, _)| emoji);
            let weekday = self.weekday(theme, &themes);
            let prompts = self.tables(theme, "prompt", "a prompt");
            let prompts = prompts.into_iter().map(|prompt| self.prompt(prompt)).collect();
            themes.push(Theme {
                id,
                name,
                emoji,
                weekday,
                prompts,
            });
        }
        themes
    }

    fn prompt(&mut self, prompt: Part<'_>) -> Prompt {
        self.known_keys(prompt, &["id", "text", "follow_up", "carries"]);
        let id = self.unique_id(prompt);
        let text = self.text_of(prompt, "text", &Wanted::Text);
        match &text {
            Some((text, at)) => self.texts.push((id.clone(), text.clone(), *at)),
            None => self.missing(prompt, "text"),
        }
        Prompt {
            id,
            text: text.map(|(text, _)| text).unwrap_or_default(),
            follow_up: self.text_of(prompt, "follow_up", &Wanted::Text).map(|(text, _)| text),
            carries: self.text_of(prompt, "carries", &Wanted::Carries).map(|(text, _)| text),
        }
    }

    fn weekday(&mut self, theme: Part<'_>, others: &[Theme]) -> Option<Weekday> {
        let (value, at) = self.string(theme, "weekday")?;
        let Ok(weekday) = value.parse() else {
            self.fault(
                at,
                format!("{value:?} is no weekday; write it as in monday, or leave it out."),
            );
            return None;
        };
        if let Some(other) = others.iter().find(|other| other.weekday == Some(weekday)) {
            let name = other.name.clone();
            self.fault(
                at,
                format!("{value} belongs to the theme {name:?} already, and a day has one theme."),
            );
        }
        Some(weekday)
    }

    /// `[opening] texts = [...]`
    fn section(&mut self, pack: Part<'_>, name: &'static str) -> Vec<String> {
        let Some(value) = pack.table.get(name) else {
            return Vec::new();
        };
        let at = value.span().start;
        let Some(table) = value.get_ref().as_table() else {
            self.fault(
                at,
                format!("{name} is a part of its own: write [{name}] and below it texts = [\"…\"]."),
            );
            return Vec::new();
        };
        let part = Part {
            what: "this part",
            at,
            table,
        };
        self.known_keys(part, &["texts"]);
        let Some(texts) = table.get("texts") else {
            self.missing(part, "texts");
            return Vec::new();
        };
        let Some(values) = texts.get_ref().as_array() else {
            self.fault(texts.span().start, "texts is a list: write texts = [\"…\", \"…\"].");
            return Vec::new();
        };
        let mut read = Vec::new();
        for value in values {
            match value.get_ref().as_str() {
                Some(text) => read.extend(self.checked(text, value.span().start, "text", &Wanted::Text)),
                None => self.fault(value.span().start, "Each text is written in quotation marks."),
            }
        }
        read
    }

    /// The tables of a list such as `[[theme]]`, which holds at least one.
    fn tables<'p>(&mut self, part: Part<'p>, key: &'static str, what: &'static str) -> Vec<Part<'p>> {
        let Some(value) = part.table.get(key) else {
            self.missing(part, key);
            return Vec::new();
        };
        let list = value
            .get_ref()
            .as_array()
            .map(|list| list.iter().collect::<Vec<_>>())
            .unwrap_or_default();
        let mut tables = Vec::new();
        for item in &list {
            if let Some(table) = item.get_ref().as_table() {
                tables.push(Part {
                    what,
                    at: item.span().start,
                    table,
                });
            }
        }
        if tables.is_empty() || tables.len() < list.len() {
            self.fault(
                value.span().start,
                format!("{key} is a list of tables: begin {what} with its header in [[ and ]]."),
            );
        }
        tables
    }

    fn known_keys(&mut self, part: Part<'_>, known: &[&str]) {
        // After what can't be parsed, a key may have lost its header.
        for key in part.table.keys().filter(|_| self.is_whole).collect::<Vec<_>>() {
            let name = key.get_ref();
            if !known.contains(&name.as_ref()) {
                let takes = list_names(&known.iter().map(|&key| key.to_owned()).collect::<Vec<_>>());
                self.fault(
                    key.span().start,
                    format!("I don't know {name:?} here; {} takes {takes}.", part.what),
                );
            }
        }
    }

    /// A fault if there is nothing under this key.
    fn missing(&mut self, part: Part<'_>, key: &str) {
        if self.is_whole && !part.table.contains_key(key) {
            self.fault(part.at, format!("{} needs {key} and has none.", capitalised(part.what)));
        }
    }

    fn needed(&mut self, part: Part<'_>, key: &str, wanted: &Wanted) -> String {
        match self.text_of(part, key, wanted) {
            Some((value, _)) => value,
            None => {
                self.missing(part, key);
                String::new()
            }
        }
    }

    /// The part's id, which no other part of its kind has.
    fn unique_id(&mut self, part: Part<'_>) -> String {
        let Some((id, at)) = self.text_of(part, "id", &Wanted::Id) else {
            self.missing(part, "id");
            return String::new();
        };
        match self.ids.get(&(part.what, id.clone())) {
            Some(&first) => {
                let line = self.line(first);
                self.fault(
                    at,
                    format!("The id {id:?} is taken in line {line}; ids are given once and never again."),
                );
            }
            None => {
                self.ids.insert((part.what, id.clone()), at);
            }
        }
        id
    }

    /// A text and where it stands; none if there is none, or one that isn't right, which is a fault.
    fn text_of(&mut self, part: Part<'_>, key: &str, wanted: &Wanted) -> Option<(String, usize)> {
        let (value, at) = self.string(part, key)?;
        Some((self.checked(&value, at, key, wanted)?, at))
    }

    fn string(&mut self, part: Part<'_>, key: &str) -> Option<(String, usize)> {
        let value: &Spanned<DeValue<'_>> = part.table.get(key)?;
        let at = value.span().start;
        match value.get_ref().as_str() {
            Some(text) => Some((text.to_owned(), at)),
            None => {
                self.fault(at, format!("{} is written in quotation marks.", capitalised(key)));
                None
            }
        }
    }

    fn checked(&mut self, value: &str, at: usize, key: &str, wanted: &Wanted) -> Option<String> {
        let length = count(value);
        let is_id = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let longest = match wanted {
            Wanted::Id => LONGEST_ID,
            Wanted::Name | Wanted::Emoji => LONGEST_NAME,
            Wanted::Text | Wanted::Carries => LONGEST,
        };
        let is_emoji = || {
            value
                .strip_prefix(':')
                .and_then(|name| name.strip_suffix(':'))
                .is_some_and(|name| {
                    !name.is_empty()
                        && name
                            .chars()
                            .all(|c| c.is_alphanumeric() && !c.is_uppercase() || "_+-'".contains(c))
                })
        };
        let before = self.faults.len();
        if value.trim().is_empty() {
            self.fault(at, format!("{} is empty.", capitalised(key)));
        } else if length > longest {
            self.fault(
                at,
                format!("{} has {length} characters and may have {longest}.", capitalised(key)),
            );
        }
        match wanted {
            Wanted::Id if !is_id(value) => {
                self.fault(
                    at,
                    format!(
                        "{} {value:?} may have small letters, digits and hyphens only.",
                        capitalised(key)
                    ),
                );
            }
            Wanted::Emoji if !is_emoji() => {
                self.fault(
                    at,
                    format!("{value:?} is no emoji; write its name with colons, as in :bulb:."),
                );
            }
            Wanted::Name if value.contains('\n') => {
                self.fault(at, format!("{} is one line.", capitalised(key)));
            }
            Wanted::Carries if !value.contains(ANSWERS) => {
                self.fault(
                    at,
                    format!("Carries leads in the answers of the day before; write {ANSWERS} where they go."),
                );
            }
            Wanted::Text | Wanted::Carries if pings(value) => {
                self.fault(
                    at,
                    "A prompt calls nobody: it may hold no mention, no @channel, @here or @everyone.",
                );
            }
            _ => {}
        }
        (self.faults.len() == before).then(|| value.to_owned())
    }

    /// Reports each prompt that asks nearly the same as one before it.
    fn near_duplicates(&mut self) {
        let texts = std::mem::take(&mut self.texts);
        let told: Vec<Told> = texts.iter().map(|(_, text, _)| Told::new(text)).collect();
        for (nth, (id, _, at)) in texts.iter().enumerate() {
            if let Some(other) = (0..nth).find(|&other| told[nth].is_near(&told[other])) {
                let (other, _, line) = &texts[other];
                let line = self.line(*line);
                self.fault(*at, format!("{id:?} asks nearly the same as {other:?} in line {line}."));
            }
        }
    }
}

/// Whether a text would call people when it is posted.
fn pings(text: &str) -> bool {
    let text = text.to_lowercase();
    let broadcast = ["@channel", "@here", "@everyone"].iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let after = text[at + word.len()..].chars().next();
            !after.is_some_and(char::is_alphanumeric)
        })
    });
    broadcast || text.contains("<!") || text.contains("<@")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// A text as it is compared with others.
struct Told {
    words: BTreeSet<String>,
    /// Letters that follow each other, for texts without spaces and words in another form.
    pairs: BTreeSet<(char, char)>,
}

impl Told {
    fn new(text: &str) -> Self {
        let normalised = normalised(text);
        let letters: Vec<char> = normalised.chars().filter(|c| !c.is_whitespace()).collect();
        Self {
            words: normalised.split(' ').map(str::to_owned).collect(),
            pairs: letters.windows(2).map(|pair| (pair[0], pair[1])).collect(),
        }
    }

    /// Whether two texts say nearly the same. The most alike of the shipped prompts share 61 % of their words and 68 % of
    /// their pairs of letters; the same question in other words shares more than this.
    fn is_near(&self, other: &Self) -> bool {
        shares(&self.words, &other.words, 70) || shares(&self.pairs, &other.pairs, 75)
    }
}

/// Whether two sets have this many percent in common (the coefficient of Sørensen and Dice).
fn shares<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>, percent: usize) -> bool {
    let common = one.intersection(other).count();
    common > 0 && common * 200 >= (one.len() + other.len()) * percent
}

#[cfg(test)]
mod tests;
