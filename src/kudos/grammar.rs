//! What people type to thank somebody: who receives, why, and for which values. Pure decisions.
//!
//! Reading has two steps, because plain names (`@dana`) are looked up in between: [`read`] says whom to look up,
//! [`Reading::resolve`] takes what was found.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::base::ids::{ChannelId, GroupId, UserId};
use crate::base::text::{self, Masked, fold};
use crate::slack::mrkdwn::{self, Broadcast, Token};

/// A plain name is at most this many words; the longest display names of people have fewer.
const NAME_WORDS: usize = 5;
/// Slack holds display names to 80 characters.
const NAME_CHARACTERS: usize = 80;
/// Names of people in scripts without spaces are at most this many characters.
const SPACELESS_NAME: usize = 16;
/// "Did you mean #teamwork?" is asked for words this many letters away (product rule).
const NEAR: usize = 2;

/// A typed text, read as far as it can be without knowing the members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    tokens: Vec<Token>,
    /// More that is said of the same people, each read for itself.
    more: Vec<Reading>,
}

/// Who has a name. Filled by the store for the names of [`Reading::names_to_look_up`] and the members of
/// [`Reading::mentioned`].
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Folded name → members who have it.
    pub by_name: HashMap<String, Vec<NameHit>>,
    /// The name to write for a member, for those mentioned and those in `by_name`.
    pub names: HashMap<UserId, String>,
}

/// A member who has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameHit {
    /// Who.
    pub member: UserId,
    /// Whether it is their whole display name, full name or handle; otherwise it is their first name.
    pub exact: bool,
}

/// Who gets a kudos.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Receiver {
    /// A person.
    Member(UserId),
    /// A user group, thanked as a team.
    Group {
        /// Slack's id of the group.
        id: GroupId,
        /// Its handle without `@`, when Slack sent it.
        handle: Option<String>,
    },
}

impl Receiver {
    /// The same without what Slack called it.
    pub fn plain(&self) -> super::Receiver {
        match self {
            Self::Member(id) => super::Receiver::Member(id.clone()),
            Self::Group { id, .. } => super::Receiver::Group(id.clone()),
        }
    }
}

/// What a typed text says. Nothing is decided about allowances, bots, oneself, or length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Who receives, each once, in the order named.
    pub receivers: Vec<Receiver>,
    /// Why: plain text without markup, masked; may be empty. Escape it before it is shown.
    pub reason: String,
    /// The workspace's values that were named, as on its list, each once, in the order named.
    pub values: Vec<String>,
    /// Values that a `#word` on no list comes near to, each once; none of `values`.
    pub near_values: Vec<String>,
    /// What was masked in the reason.
    pub masked: BTreeSet<Masked>,
    /// `@here`, `@channel` or `@everyone` where a receiver stands.
    pub broadcast: Option<Broadcast>,
    /// Plain names where a receiver stands that nobody has: as typed, without `@`.
    pub unknown: Vec<String>,
    /// Plain names where a receiver stands that several members have: as typed, without `@`, with those members.
    pub ambiguous: Vec<(String, Vec<UserId>)>,
    /// The text as the person typed it, mentions as `@name`, for "Your words: …". Plain text, and **not masked**: show it
    /// to its writer only, and store `text::mask` of it.
    pub as_typed: String,
}

/// Reads a text as Slack sends it, escaped or not.
pub fn read(text: &str) -> Reading {
    mrkdwn::tokens(&text::clean(text)).into()
}

impl From<Vec<Token>> for Reading {
    fn from(tokens: Vec<Token>) -> Self {
        Self {
            tokens,
            more: Vec::new(),
        }
    }
}

/// The text as the person typed it, when nobody could be looked up.
pub fn as_typed(text: &str) -> String {
    read(text).resolve(&Directory::default(), &[]).as_typed
}

/// The values of the workspace that plain words name as `#word`, and those that one nearly names; each once.
pub fn values_in(plain: &str, values: &[String]) -> (Vec<String>, Vec<String>) {
    let reading = Reading {
        tokens: vec![Token::Text(plain.to_owned())],
        more: Vec::new(),
    };
    let directory = Directory::default();
    let scan = Scan::new(&reading, &directory, values);
    (scan.values, scan.near)
}

impl Reading {
    /// The same with more that is said of the people named: all named receive, and each part's words are kept.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.more.push(more);
        self
    }

    fn tokens(&self) -> Box<dyn Iterator<Item = &Token> + '_> {
        Box::new(self.tokens.iter().chain(self.more.iter().flat_map(Self::tokens)))
    }

    /// The whole text as plain, masked words, and what was masked: for words that are quoted, not typed as a kudos.
    pub fn written(&self, directory: &Directory) -> (String, BTreeSet<Masked>) {
        let parts = Scan::new(self, directory, &[]).parts;
        let mut masked: BTreeSet<Masked> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Private { kind, .. } => Some(*kind),
                _ => None,
            })
            .collect();
        let (words, more) = text::mask(parts.iter().map(Part::written).collect::<String>().trim());
        masked.extend(more);
        (words, masked)
    }

    /// Everybody whose name stands in the text: ids, and plain `@names` folded to their first word.
    pub fn named(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for token in self.tokens() {
            match token {
                Token::User { id, .. } => drop(named.insert(id.to_string())),
                Token::Group { id, .. } => drop(named.insert(id.to_string())),
                Token::Text(words) => named.extend(
                    words
                        .match_indices('@')
                        .filter_map(|(at, _)| first_word(&words[at + 1..]))
                        .map(fold),
                ),
                _ => {}
            }
        }
        named
    }

    /// The labels that Slack sent with mentions: a name to write for people whom we don't know yet.
    pub fn labels(&self) -> HashMap<UserId, String> {
        self.tokens()
            .filter_map(|token| match token {
                Token::User { id, label: Some(label) } => Some((id.clone(), label.clone())),
                _ => None,
            })
            .collect()
    }

    /// The handles that Slack sent with user groups, without `@`.
    pub fn group_labels(&self) -> HashMap<GroupId, String> {
        self.tokens()
            .filter_map(|token| match token {
                Token::Group {
                    id,
                    handle: Some(handle),
                } => Some((id.clone(), handle.clone())),
                _ => None,
            })
            .collect()
    }

    /// Everyone mentioned as `<@U…>`, each once, in the order named.
    pub fn mentioned(&self) -> Vec<UserId> {
        let mut found = Vec::new();
        for token in self.tokens() {
            if let Token::User { id, .. } = token {
                push_new(&mut found, id.clone());
            }
        }
        found
    }

    /// The folded names that plain mentions (`@dana kim saved …`) may mean, each once.
    pub fn names_to_look_up(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        for token in self.tokens() {
            let Token::Text(words) = token else { continue };
            let addresses = text::addresses(words);
            for (at, _) in words
                .match_indices('@')
                .filter(|(at, _)| text::range_at(&addresses, *at).is_none())
            {
                let rest = &words[at + 1..];
                seen.extend(ends(rest).into_iter().map(|end| fold(&rest[..end])));
            }
        }
        seen.remove("");
        seen.into_iter().collect()
    }

    /// Whether this text may be nothing but people (and values): decides whether a form is to be opened before it is
    /// known who has a plain name. True of an empty text.
    pub fn may_be_people_only(&self) -> bool {
        self.tokens.iter().all(|token| match token {
            Token::User { .. } | Token::Group { .. } => true,
            Token::Text(words) => {
                let mut parts = words.split('@');
                let before = parts.next().unwrap_or_default();
                let filler = |word: &&str| !is_filler(word);
                before.split_whitespace().filter(filler).count() == 0
                    && parts.all(|name| {
                        let words = || name.split_whitespace();
                        words().all(|word| fold(word) != "for") && words().filter(filler).count() <= NAME_WORDS
                    })
            }
            Token::Channel { label, .. } => label.is_some(),
            _ => false,
        })
    }

    /// The reserved word that this text is, if it is nothing else (`undo`, `Help?`).
    pub fn subcommand(&self, reserved: &[&str]) -> Option<String> {
        let [Token::Text(words)] = self.tokens.as_slice() else {
            return None;
        };
        let word = fold(words.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '?' | '!' | '.')));
        reserved
            .iter()
            .find(|reserved| **reserved == word)
            .map(|&word| word.to_owned())
    }

    /// The channel that stands after this word, if the text is nothing else (`prompts #support`).
    pub fn channel_after(&self, word: &str) -> Option<&ChannelId> {
        match self.tokens.as_slice() {
            [Token::Text(first), Token::Channel { id, .. }] if fold(first.trim()) == word => Some(id),
            [Token::Text(first), Token::Channel { id, .. }, Token::Text(rest)]
                if fold(first.trim()) == word && rest.trim().is_empty() =>
            {
                Some(id)
            }
            _ => None,
        }
    }

    /// What the text says, given who has which name and the workspace's values (with or without `#`).
    pub fn resolve(&self, directory: &Directory, values: &[String]) -> Parsed {
        let mut parsed = self.resolve_first(directory, values);
        for more in &self.more {
            parsed.add(more.resolve(directory, values));
        }
        parsed
    }

    fn resolve_first(&self, directory: &Directory, values: &[String]) -> Parsed {
        let scan = Scan::new(self, directory, values);
        let (receiving, reason) = divide(scan.parts.clone());
        let mut parsed = Parsed {
            values: scan.values,
            as_typed: scan.parts.iter().map(Part::typed).collect::<String>().trim().to_owned(),
            ..Parsed::default()
        };
        for near in scan.near {
            if !parsed.values.contains(&near) {
                push_new(&mut parsed.near_values, near);
            }
        }
        for named in receiving {
            match named.who {
                Who::Receiver(receiver) => push_new(&mut parsed.receivers, receiver),
                Who::Broadcast(broadcast) => parsed.broadcast = parsed.broadcast.or(Some(broadcast)),
                Who::Several(members) => {
                    if !parsed.ambiguous.iter().any(|(name, _)| fold(name) == fold(&named.name)) {
                        parsed.ambiguous.push((named.name, members));
                    }
                }
                Who::Nobody => {
                    if !parsed.unknown.iter().any(|name| fold(name) == fold(&named.name)) {
                        parsed.unknown.push(named.name);
                    }
                }
            }
        }
        let reason = without_values_at_the_ends(reason);
        for part in &reason {
            if let Part::Private { kind, .. } = part {
                parsed.masked.insert(*kind);
            }
        }
        let (reason, masked) = text::mask(&tidy(&reason.iter().map(Part::written).collect::<String>()));
        parsed.masked.extend(masked);
        parsed.reason = reason;
        parsed
    }
}

impl Parsed {
    fn add(&mut self, more: Self) {
        let join = |first: &mut String, then: &str| {
            if !first.is_empty() && !then.is_empty() {
                first.push('\n');
            }
            first.push_str(then);
        };
        more.receivers
            .into_iter()
            .for_each(|it| push_new(&mut self.receivers, it));
        join(&mut self.reason, &more.reason);
        join(&mut self.as_typed, &more.as_typed);
        more.values.into_iter().for_each(|it| push_new(&mut self.values, it));
        more.near_values
            .into_iter()
            .for_each(|it| push_new(&mut self.near_values, it));
        self.near_values.retain(|near| !self.values.contains(near));
        self.masked.extend(more.masked);
        self.broadcast = self.broadcast.or(more.broadcast);
        more.unknown.into_iter().for_each(|it| push_new(&mut self.unknown, it));
        more.ambiguous
            .into_iter()
            .for_each(|it| push_new(&mut self.ambiguous, it));
    }
}

/// A word that says nothing between people: a connector, a value.
fn is_filler(word: &str) -> bool {
    word.starts_with('#')
        || matches!(fold(word).as_str(), "and" | "for")
        || word.chars().all(|c| matches!(c, ',' | '&' | '+' | ';' | '-'))
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Each place in the text after `@` where a name may end, in bytes, ascending: after up to five words, before
/// punctuation and a possessive, and after each character in scripts without spaces.
fn ends(rest: &str) -> Vec<usize> {
    let mut ends = BTreeSet::new();
    let mut words = 0;
    let mut previous = ' ';
    for (at, c) in rest
        .char_indices()
        .chain([(rest.len(), '\n')])
        .take(NAME_CHARACTERS + 1)
    {
        let stops = matches!(c, '\n' | '@');
        if (c.is_whitespace() || stops) && !previous.is_whitespace() {
            words += 1;
            ends.insert(at);
        } else if !in_name(c) || at / 3 < SPACELESS_NAME && text::is_spaceless(previous) {
            ends.insert(at);
        }
        if stops || words == NAME_WORDS {
            break;
        }
        previous = c;
    }
    for end in ends.clone() {
        let trimmed = rest[..end].trim_end_matches(|c: char| !c.is_alphanumeric());
        ends.insert(trimmed.len());
        ends.insert(without_possessive(trimmed).len());
    }
    ends.into_iter().filter(|&end| !rest[..end].trim().is_empty()).collect()
}

/// Whether a character may stand inside one word of a name or handle.
fn in_name(c: char) -> bool {
    c.is_alphanumeric()
        || c.is_whitespace()
        || matches!(c, '.' | '-' | '_' | '\'' | '’' | '·')
        || !c.is_ascii() && !is_mark(c)
}

/// Punctuation outside ASCII, arrows and emoji: what ends a name that is followed by it.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '–' | '—' | '…' | '“' | '”' | '«' | '»' | '、' | '。' | '，' | '！' | '？' | '：' | '（' | '）' | '「' | '」'
            | '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}'
    )
}

fn without_possessive(name: &str) -> &str {
    ["'s", "’s", "'S", "’S"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// The name that a person meant by an `@…` that nobody has: its first word.
fn first_word(rest: &str) -> Option<&str> {
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '@' || !in_name(c))
        .unwrap_or(rest.len());
    let word = without_possessive(rest[..end].trim_end_matches(|c: char| !c.is_alphanumeric()));
    // `@5pm` is a time.
    word.starts_with(char::is_alphabetic).then_some(word)
}

/// One piece of the text, in order.
#[derive(Clone, Debug)]
enum Part {
    /// Words in which "for" and connectors count.
    Words(String),
    /// Words that are no grammar: links, dates, channels.
    Literal(String),
    /// What is never written, and what stands there in its place.
    Private {
        kind: Masked,
        typed: String,
    },
    /// A value on the list, as typed, with `#`.
    Value(String),
    Named(Named),
}

#[derive(Clone, Debug)]
struct Named {
    who: Who,
    /// As typed or labelled, without `@`.
    name: String,
    /// How it stands in a reason.
    written: String,
}

#[derive(Clone, Debug)]
enum Who {
    Receiver(Receiver),
    Broadcast(Broadcast),
    Several(Vec<UserId>),
    Nobody,
}

impl Part {
    fn typed(&self) -> String {
        match self {
            Self::Words(words) | Self::Literal(words) | Self::Value(words) => words.clone(),
            Self::Private { typed, .. } => typed.clone(),
            Self::Named(named) => format!("@{}", named.name),
        }
    }

    fn written(&self) -> &str {
        match self {
            Self::Words(words) | Self::Literal(words) | Self::Value(words) => words,
            Self::Private { kind, .. } => kind.placeholder(),
            Self::Named(named) => &named.written,
        }
    }
}

/// The text in parts, with the values found in it.
struct Scan<'a> {
    directory: &'a Directory,
    /// Folded, without `#`, and as on the list.
    list: Vec<(String, &'a str)>,
    parts: Vec<Part>,
    values: Vec<String>,
    near: Vec<String>,
}

impl<'a> Scan<'a> {
    fn new(reading: &Reading, directory: &'a Directory, values: &'a [String]) -> Self {
        let list = values
            .iter()
            .map(|value| {
                (
                    fold(value.trim().trim_start_matches('#')),
                    value.trim().trim_start_matches('#'),
                )
            })
            .filter(|(folded, _)| !folded.is_empty())
            .collect();
        let mut scan = Self {
            directory,
            list,
            parts: Vec::new(),
            values: Vec::new(),
            near: Vec::new(),
        };
        for token in &reading.tokens {
            scan.token(token);
        }
        scan
    }

    fn token(&mut self, token: &Token) {
        let part = match token {
            Token::Text(words) => return self.words(words),
            Token::User { id, label } => {
                let known = self.directory.names.get(id);
                let name = one_line(known.or(label.as_ref()).map_or("someone", String::as_str));
                Part::Named(Named {
                    who: Who::Receiver(Receiver::Member(id.clone())),
                    written: name.clone(),
                    name,
                })
            }
            Token::Group { id, handle } => {
                let name = one_line(handle.as_deref().unwrap_or("team"));
                let receiver = Receiver::Group {
                    id: id.clone(),
                    handle: handle.clone(),
                };
                Part::Named(Named {
                    who: Who::Receiver(receiver),
                    written: name.clone(),
                    name,
                })
            }
            Token::Broadcast(broadcast) => Part::Named(Named::broadcast(*broadcast)),
            Token::Channel { label, .. } => match label.as_deref() {
                Some("") => Part::Literal("a private channel".to_owned()),
                Some(label) if self.is_value(label) => Part::Value(format!("#{label}")),
                Some(label) => Part::Literal(format!("#{label}")),
                None => Part::Literal("a channel".to_owned()),
            },
            Token::Date { fallback } => Part::Literal(fallback.clone()),
            Token::Email(typed) => Part::Private {
                kind: Masked::Email,
                typed: typed.clone(),
            },
            Token::Phone(typed) => Part::Private {
                kind: Masked::Phone,
                typed: typed.clone(),
            },
            Token::Link { url, label } => Part::Literal(match label {
                // Slack labels a typed `example.com` with itself.
                Some(label) if bare(label) == bare(url) => label.clone(),
                Some(label) => format!("{label} ({url})"),
                None => url.clone(),
            }),
        };
        self.parts.push(part);
    }

    /// Finds plain mentions and `#words` in words.
    fn words(&mut self, words: &str) {
        let addresses = text::addresses(words);
        let mut plain = String::new();
        let mut at = 0;
        while let Some(c) = words[at..].chars().next() {
            let rest = &words[at + c.len_utf8()..];
            let found = match text::range_at(&addresses, at) {
                Some(range) => Some((Part::Literal(words[at..range.end].to_owned()), range.end - at)),
                None if c == '@' && starts_a_word(&plain) => self.plain_mention(rest),
                None if c == '#' && starts_a_word(&plain) => self.hash_word(rest),
                None => None,
            };
            match found {
                Some((part, length)) => {
                    self.flush(&mut plain);
                    self.parts.push(part);
                    at += length;
                }
                None => {
                    plain.push(c);
                    at += c.len_utf8();
                }
            }
        }
        self.flush(&mut plain);
    }

    fn flush(&mut self, plain: &mut String) {
        if !plain.is_empty() {
            self.parts.push(Part::Words(std::mem::take(plain)));
        }
    }

    /// The mention that `@` starts, and its length in bytes with the `@`.
    fn plain_mention(&self, rest: &str) -> Option<(Part, usize)> {
        let word = first_word(rest);
        if let Some((word, broadcast)) = word.and_then(|word| Some((word, Broadcast::from_name(&fold(word))?))) {
            return Some((Part::Named(Named::broadcast(broadcast)), 1 + word.len()));
        }
        let ends = ends(rest);
        let hits = |exact: bool| {
            ends.iter().rev().find_map(|&end| {
                let mut members = Vec::new();
                for hit in self
                    .directory
                    .by_name
                    .get(&fold(&rest[..end]))?
                    .iter()
                    .filter(|hit| hit.exact == exact)
                {
                    push_new(&mut members, hit.member.clone());
                }
                (!members.is_empty()).then_some((end, members))
            })
        };
        let (end, who, written) = match hits(true).or_else(|| hits(false)) {
            Some((end, members)) => match <[UserId; 1]>::try_from(members) {
                Ok([member]) => {
                    let written = self.directory.names.get(&member).map_or(&rest[..end], String::as_str);
                    let written = one_line(written);
                    (end, Who::Receiver(Receiver::Member(member)), written)
                }
                Err(several) => (end, Who::Several(several), rest[..end].to_owned()),
            },
            None => {
                let word = word?;
                (word.len(), Who::Nobody, format!("@{word}"))
            }
        };
        Some((
            Part::Named(Named {
                who,
                name: rest[..end].to_owned(),
                written,
            }),
            1 + end,
        ))
    }

    /// The value that `#` starts, and its length in bytes with the `#`.
    fn hash_word(&mut self, rest: &str) -> Option<(Part, usize)> {
        let end = rest
            .find(|c: char| {
                !c.is_alphanumeric() && !matches!(c, '_' | '-') && (c.is_ascii() || is_mark(c) || c.is_whitespace())
            })
            .unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches(['-', '_']);
        if self.is_value(word) {
            return Some((Part::Value(format!("#{word}")), 1 + word.len()));
        }
        if word.chars().any(char::is_alphabetic) {
            self.note_near(&fold(word));
        }
        None
    }

    /// Whether a word is on the list; if so, it is noted.
    fn is_value(&mut self, word: &str) -> bool {
        let folded = fold(word);
        let Some(&(_, value)) = self.list.iter().find(|(on_list, _)| *on_list == folded) else {
            return false;
        };
        push_new(&mut self.values, value.to_owned());
        true
    }

    fn note_near(&mut self, word: &str) {
        let nearest = self
            .list
            .iter()
            .map(|(folded, value)| (strsim::osa_distance(word, folded), text::count(folded), *value))
            // A word of two letters is near to any other.
            .filter(|&(distance, length, _)| distance <= NEAR && distance < length)
            .min_by_key(|&(distance, ..)| distance);
        if let Some((_, _, value)) = nearest {
            push_new(&mut self.near, value.to_owned());
        }
    }
}

impl Named {
    /// Written without `@`, so that no surface can make a notification of it.
    fn broadcast(broadcast: Broadcast) -> Self {
        let name = broadcast.name().to_owned();
        Self {
            who: Who::Broadcast(broadcast),
            written: name.clone(),
            name,
        }
    }
}

/// Names come from people too.
fn one_line(name: &str) -> String {
    text::clean(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bare(url: &str) -> &str {
    let url = url.trim_start_matches("https://").trim_start_matches("http://");
    url.trim_end_matches('/')
}

/// Whether a mention or a value may start after these words.
fn starts_a_word(before: &str) -> bool {
    let glued = |c: char| (c.is_alphanumeric() && !text::is_spaceless(c)) || matches!(c, '@' | '#' | '_' | '=' | '%');
    !before.ends_with(glued) || before.ends_with('_') && before.trim_end_matches('_').ends_with(char::is_whitespace)
}

/// Who stands where receivers stand, and what is left as the reason.
fn divide(parts: Vec<Part>) -> (Vec<Named>, Vec<Part>) {
    if let Some((before, after)) = split_at_for(&parts) {
        let named = all_named(&before);
        if !named.is_empty() {
            let run = leading_run(&before);
            let reason = if before.iter().all(Part::connects) {
                after
            } else if all_named(&before[..run]).len() == named.len() && !possessive(&parts[run..]) {
                parts[run..].to_vec()
            } else {
                parts
            };
            return (named, reason);
        }
    } else {
        let run = leading_run(&parts);
        if run > 0 {
            let reason = if possessive(&parts[run..]) {
                parts.clone()
            } else {
                parts[run..].to_vec()
            };
            return (all_named(&parts[..run]), reason);
        }
    }
    // Nobody stands there: everyone named receives. A broadcast or an unknown name somewhere in the words is no
    // reason to refuse thanks that could be given.
    let named = all_named(&parts);
    let clear: Vec<Named> = named
        .iter()
        .filter(|named| matches!(named.who, Who::Receiver(_) | Who::Several(_)))
        .cloned()
        .collect();
    (if clear.is_empty() { named } else { clear }, parts)
}

fn all_named(parts: &[Part]) -> Vec<Named> {
    parts
        .iter()
        .filter_map(|part| match part {
            Part::Named(named) => Some(named.clone()),
            _ => None,
        })
        .collect()
}

impl Part {
    /// Whether this may stand between receivers and "for" without being part of the reason.
    fn connects(&self) -> bool {
        match self {
            Self::Named(_) | Self::Value(_) => true,
            Self::Words(words) => joins(
                words,
                &[',', ';', ':', '&', '+', '/', '.', '!', '-', '–', '—', '(', ')'],
                &["and", "to"],
            ),
            Self::Literal(_) | Self::Private { .. } => false,
        }
    }
}

fn joins(words: &str, marks: &[char], joiners: &[&str]) -> bool {
    words
        .split(|c: char| c.is_whitespace() || marks.contains(&c))
        .all(|word| word.is_empty() || joiners.contains(&fold(word).as_str()))
}

/// How many parts at the start are the run of those named, with what joins them.
fn leading_run(parts: &[Part]) -> usize {
    let mut run = 0;
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Named(_) => run = at + 1,
            Part::Value(_) => {}
            Part::Words(words) if run == 0 && joins(words, &[',', ':', '-'], &["to"]) => {}
            Part::Words(words) if run > 0 && joins(words, &[',', ';', '&', '+', '/'], &["and"]) => {}
            _ => break,
        }
    }
    run
}

/// `@dana's patience was great`: the name belongs to the sentence.
fn possessive(after: &[Part]) -> bool {
    let Some(Part::Words(words)) = after.first() else {
        return false;
    };
    let Some(ending) = words.strip_prefix(['\'', '’']) else {
        return false;
    };
    let ending = ending.strip_prefix(['s', 'S']).unwrap_or(ending);
    !ending.starts_with(char::is_alphanumeric)
}

/// What stands before and after the first "for" that is a word of its own.
fn split_at_for(parts: &[Part]) -> Option<(Vec<Part>, Vec<Part>)> {
    for (index, part) in parts.iter().enumerate() {
        let Part::Words(words) = part else { continue };
        for (at, found) in words
            .char_indices()
            .filter_map(|(at, _)| Some((at, words.get(at..at + 3)?)))
        {
            let open = |c: char| {
                c.is_whitespace() || matches!(c, ',' | ';' | ':' | '!' | '?' | ')' | '(' | '…' | '–' | '—' | '*')
            };
            let (before, after) = (&words[..at], &words[at + 3..]);
            let alone = (before.is_empty() || before.ends_with(open)) && (after.is_empty() || after.starts_with(open));
            if alone && found.eq_ignore_ascii_case("for") {
                let mut head = parts[..index].to_vec();
                head.push(Part::Words(before.to_owned()));
                let mut tail = vec![Part::Words(after.to_owned())];
                tail.extend_from_slice(&parts[index + 1..]);
                return Some((head, tail));
            }
        }
    }
    None
}

/// Words after which a value belongs to the sentence: "thanks for your #kindness".
const LEADS_TO_A_VALUE: &[&str] = &[
    "a", "an", "and", "as", "by", "for", "her", "his", "in", "its", "my", "of", "our", "the", "their", "to", "with",
    "your",
];

/// Drops the run of values at the start and at the end; the card shows them on a line of their own.
fn without_values_at_the_ends(parts: Vec<Part>) -> Vec<Part> {
    let blank = |part: &Part| match part {
        Part::Words(words) => joins(words, &[',', ';', '&', '+', '.', '!', ':'], &["and"]),
        _ => false,
    };
    let mut parts = VecDeque::from(parts);
    while let Some(at) = parts
        .iter()
        .position(|part| !blank(part))
        .filter(|&at| matches!(parts[at], Part::Value(_)))
    {
        parts.drain(..=at);
    }
    let mut kept = parts.len();
    while let Some(at) = parts
        .range(..kept)
        .rposition(|part| !blank(part))
        .filter(|&at| matches!(parts[at], Part::Value(_)))
    {
        kept = at;
    }
    let leads_there = parts.range(..kept).next_back().is_some_and(|part| match part {
        Part::Words(words) => words
            .split_whitespace()
            .next_back()
            .is_some_and(|word| LEADS_TO_A_VALUE.contains(&fold(word).as_str())),
        _ => false,
    });
    if !leads_there {
        parts.truncate(kept);
    }
    parts.into()
}

/// Trims what the parts that were taken out left behind, and keeps at most one empty line in a row.
fn tidy(reason: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in reason.lines().map(str::trim_end) {
        if !(line.is_empty() && lines.last().is_none_or(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    let joined = lines.join("\n");
    let mut text = joined.trim();
    // A mark before a space was left over; `:tada:`, `.NET` and the dash of a list in lines weren't.
    let is_list = reason.trim_start_matches([':', ',', ' ']).starts_with('\n');
    while let Some(c) = text
        .chars()
        .next()
        .filter(|&c| is_loose(c) || matches!(c, '.' | '!' | '?'))
    {
        let rest = text.trim_start_matches(c);
        let alone = rest.is_empty() || rest.starts_with(char::is_whitespace) || matches!(c, ',');
        if !alone || c == '-' && is_list {
            break;
        }
        text = rest.trim_start();
    }
    while let Some(c) = text.chars().next_back().filter(|&c| is_loose(c)) {
        let rest = text.trim_end_matches(c);
        if !(rest.is_empty() || rest.ends_with(char::is_whitespace) || matches!(c, ',')) {
            break;
        }
        text = rest.trim_end();
    }
    text.to_owned()
}

fn is_loose(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '-' | '–' | '—' | '&' | '+' | '|')
}
