//! What a post asks to give: a mention of the app, or the chosen emoji beside a mention. Pure decisions.
//!
//! A post is read line by line. A line with the chosen emoji and somebody's name is a shout-out by itself. A line that
//! speaks to the app (`@Plaudit shout-out to @dana for …`) is one together with the lines below it, up to the next
//! shout-out; in the app's own DM everything speaks to the app. Lines that name the same person are one shout-out with
//! the words of both: a post thanks nobody twice, and no words are lost.

use super::Source;
use super::grammar::{Directory, Reading, Receiver};
use crate::base::ids::UserId;
use crate::base::text::{clean, fold};
use crate::slack::mrkdwn::{Token, tokens};

/// Words that may stand between the app's name and the first person's.
const LEADS: [&str; 48] = [
    "a",
    "again",
    "also",
    "an",
    "and",
    "another",
    "as",
    "big",
    "can",
    "cheers",
    "credit",
    "for",
    "give",
    "gives",
    "go",
    "goes",
    "hello",
    "hey",
    "hi",
    "huge",
    "kudos",
    "lots",
    "many",
    "massive",
    "my",
    "of",
    "our",
    "please",
    "plus",
    "praise",
    "props",
    "recognise",
    "recognize",
    "s/o",
    "say",
    "send",
    "shout",
    "shoutout",
    "shoutouts",
    "so",
    "special",
    "thank",
    "thanks",
    "the",
    "thx",
    "to",
    "we",
    "you",
];
/// One of them must be there where the line doesn't begin with the app's name.
const THANKS: [&str; 12] = [
    "cheers",
    "kudos",
    "praise",
    "props",
    "recognise",
    "recognize",
    "s/o",
    "shout",
    "shoutout",
    "shoutouts",
    "thank",
    "thanks",
];
/// What may stand before the app's name without making it a word of the sentence.
const GREETINGS: [&str; 7] = ["hello", "hey", "hi", "ok", "okay", "please", "so"];
/// Names of one emoji; Slack sends either. From the aliases of its emoji list.
const ALIASES: [(&str, &str); 10] = [
    ("thumbsup", "+1"),
    ("thumbsdown", "-1"),
    ("punch", "facepunch"),
    ("raised_hand", "hand"),
    ("satisfied", "laughing"),
    ("sign_of_the_horns", "the_horns"),
    ("grinning_face_with_star_eyes", "star-struck"),
    ("honeybee", "bee"),
    ("collision", "boom"),
    ("running", "runner"),
];

/// A post by a person.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// As Slack sends it.
    pub text: &'a str,
    /// The app's own user.
    pub app: &'a UserId,
    /// The chosen emoji.
    pub emoji: &'a [String],
    /// Whether it stands in the app's DM with its writer.
    pub own_dm: bool,
}

/// What a post asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing of the app.
    Nothing,
    /// To thank: each with people and words of its own.
    Give(Vec<ShoutOut>),
    /// Something that isn't understood, said to the app.
    Help,
    /// The chosen emoji before words, with nobody's name in the line.
    EmojiAlone,
}

/// One thank-you of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShoutOut {
    /// Whom, and for what.
    pub reading: Reading,
    /// [`Source::Mention`] or [`Source::Emoji`].
    pub source: Source,
}

/// The one name of an emoji: without colons and skin tone, and of aliases always the same.
pub fn canonical(name: &str) -> &str {
    let name = name.trim_matches(':');
    let name = name.split("::").next().unwrap_or(name);
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, name)| name)
}

/// Whether an emoji is one of those chosen.
pub fn is_chosen(name: &str, emoji: &[String]) -> bool {
    let name = canonical(name);
    emoji.iter().any(|chosen| canonical(chosen) == name)
}

/// Whether an app wrote this in a person's name: Slack ends such a post with "Sent using @app".
pub fn is_sent_using_an_app(text: &str) -> bool {
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
    let plain = last.trim().trim_start_matches(['*', '_']);
    plain.starts_with("Sent using") && plain.contains('<')
}

/// What a post asks for.
pub fn read(post: &Post<'_>) -> Asks {
    let text = clean(post.text);
    let mut shout_outs: Vec<(Vec<Token>, Source)> = Vec::new();
    let mut speaks_to_app = post.own_dm;
    // Whether words that follow belong to the shout-out before.
    let mut goes_on = false;
    let (mut is_spoken_to, mut is_emoji_alone, mut in_code) = (false, false, false);
    for raw in text.lines() {
        let fences = raw.matches("```").count();
        let quotes = in_code || fences > 0 || raw.starts_with("&gt;");
        in_code ^= fences % 2 == 1;
        let line = Line::read(raw, post, quotes);
        if let Some((tokens, source)) = line.shout_out(speaks_to_app) {
            // A line with the emoji says it all; below one that speaks to the app there may be more.
            speaks_to_app = post.own_dm || source == Source::Mention && (line.speaks_to_app || speaks_to_app);
            goes_on = source == Source::Mention;
            shout_outs.push((tokens, source));
        } else if line.speaks_to_app {
            is_spoken_to = true;
            speaks_to_app = true;
            goes_on = false;
        } else {
            is_emoji_alone |= line.has_emoji && line.begins_with_emoji;
            if let Some((tokens, _)) = shout_outs.last_mut().filter(|_| goes_on) {
                tokens.push(Token::Text("\n".to_owned()));
                tokens.extend(line.tokens);
            }
        }
    }
    if !shout_outs.is_empty() {
        return Asks::Give(together(shout_outs));
    }
    if is_spoken_to || post.own_dm {
        Asks::Help
    } else if is_emoji_alone {
        Asks::EmojiAlone
    } else {
        Asks::Nothing
    }
}

struct Line {
    /// Without the chosen emoji.
    tokens: Vec<Token>,
    has_emoji: bool,
    begins_with_emoji: bool,
    /// The app's name stands first.
    speaks_to_app: bool,
    /// The app's name stands somewhere.
    names_app: bool,
    names_somebody: bool,
}

impl Line {
    fn read(raw: &str, post: &Post<'_>, quotes: bool) -> Self {
        let (text, begins_with_emoji) = without_emoji(raw, post.emoji);
        let has_emoji = !quotes && text.is_some();
        let mut tokens = tokens(text.as_deref().filter(|_| has_emoji).unwrap_or(raw));
        let is_app = |token: &Token| matches!(token, Token::User { id, .. } if id == post.app);
        let at = tokens.iter().position(is_app).filter(|_| !quotes);
        let is_greeting = |token: &Token| match token {
            Token::Text(words) => pieces(words).all(|word| GREETINGS.contains(&fold(word).as_str())),
            _ => false,
        };
        let speaks_to_app = at.is_some_and(|at| tokens[..at].iter().all(is_greeting));
        if speaks_to_app && let Some(at) = at {
            tokens.drain(..=at);
        }
        // `Shout-out to @dana for the calm, @Plaudit`
        if at.is_some() && tokens.last().is_some_and(is_app) {
            tokens.pop();
        }
        let reading = Reading::from(tokens.clone());
        let names_somebody = !quotes
            && (tokens.iter().any(|token| is_name(token) && !is_app(token)) || !reading.names_to_look_up().is_empty());
        Self {
            tokens,
            has_emoji,
            begins_with_emoji: begins_with_emoji && has_emoji,
            speaks_to_app,
            names_app: at.is_some(),
            names_somebody,
        }
    }

    /// The shout-out that this line is, or begins.
    fn shout_out(&self, speaks_to_app: bool) -> Option<(Vec<Token>, Source)> {
        if !self.names_somebody {
            return None;
        }
        let speaks_to_app = speaks_to_app || self.speaks_to_app;
        if let Some((rest, thanks)) = from_first_name(&self.tokens)
            && (speaks_to_app || self.names_app && thanks || self.has_emoji)
        {
            let source = if self.has_emoji && !self.names_app && !self.speaks_to_app {
                Source::Emoji
            } else {
                Source::Mention
            };
            return Some((rest, source));
        }
        self.has_emoji.then(|| (self.tokens.clone(), Source::Emoji))
    }
}

fn is_name(token: &Token) -> bool {
    matches!(token, Token::User { .. } | Token::Group { .. } | Token::Broadcast(_))
}

/// Words without the marks around them.
fn pieces(words: &str) -> impl Iterator<Item = &str> {
    words
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '!' | '.' | '*' | '_' | '•' | '(' | '"'))
        .flat_map(|word| match word.contains('/') {
            true => vec![word],
            false => word.split(['-', '–', '—']).collect(),
        })
        .filter(|word| !word.is_empty())
}

/// The line from the first name on, if nothing but words that lead to it stands before it; and whether those words say
/// thanks. `out` counts after `shout` only.
fn from_first_name(line: &[Token]) -> Option<(Vec<Token>, bool)> {
    let mut thanks = false;
    let mut before = String::new();
    for (at, token) in line.iter().enumerate() {
        if is_name(token) {
            return Some((line[at..].to_vec(), thanks));
        }
        let Token::Text(words) = token else { return None };
        // A plain `@name`.
        let name = words
            .match_indices('@')
            .map(|(at, _)| at)
            .find(|&at| !words[at + 1..].starts_with(char::is_whitespace));
        let lead = name.map_or(words.as_str(), |at| &words[..at]);
        for word in pieces(lead) {
            let word = fold(word);
            let is_out = matches!(word.as_str(), "out" | "outs") && before == "shout";
            if !is_out && !LEADS.contains(&word.as_str()) && !word.chars().all(|c| c.is_ascii_digit()) {
                return None;
            }
            thanks |= THANKS.contains(&word.as_str());
            before = word;
        }
        if let Some(name) = name {
            if lead.ends_with(char::is_alphanumeric) {
                return None;
            }
            let mut rest = vec![Token::Text(words[name..].to_owned())];
            rest.extend_from_slice(&line[at + 1..]);
            return Some((rest, thanks));
        }
    }
    None
}

/// The line without the chosen emoji (`None` if there is none), and whether it begins with one that words follow.
/// What stands in code or in a link is none.
fn without_emoji(line: &str, emoji: &[String]) -> (Option<String>, bool) {
    if emoji.is_empty() {
        return (None, false);
    }
    let mut left = String::new();
    let mut begins = None;
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let rest = &line[at + c.len_utf8()..];
        let end = match c {
            '<' => rest.find(['>', '<']).filter(|&end| rest[end..].starts_with('>')),
            '`' => rest.find('`'),
            _ => None,
        };
        if let Some(end) = end {
            left.push_str(&line[at..=at + 1 + end]);
            at += 2 + end;
            continue;
        }
        let found = (c == ':')
            .then(|| rest.find(':'))
            .flatten()
            .filter(|&end| end > 0 && is_chosen(&rest[..end], emoji));
        if let Some(end) = found {
            begins.get_or_insert(left.trim().is_empty());
            at += 2 + end;
            let tone = line[at..].strip_prefix(":skin-tone-").and_then(|tone| tone.find(':'));
            at += tone.map_or(0, |end| ":skin-tone-".len() + end + 1);
            continue;
        }
        left.push(c);
        at += c.len_utf8();
    }
    let has_words = left.chars().any(char::is_alphanumeric);
    (begins.is_some().then_some(left), begins == Some(true) && has_words)
}

/// Shout-outs that name the same person become one. Plain names aren't known here; `Giving` leaves out whom the post
/// has thanked already.
fn together(shout_outs: Vec<(Vec<Token>, Source)>) -> Vec<ShoutOut> {
    let mut all: Vec<(Vec<Receiver>, ShoutOut)> = Vec::new();
    for (tokens, source) in shout_outs {
        let reading = Reading::from(tokens);
        let mut receivers = reading.resolve(&Directory::default(), &[]).receivers;
        let mut one = ShoutOut { reading, source };
        let mut place = all.len();
        while let Some(at) = all
            .iter()
            .position(|(named, _)| receivers.iter().any(|receiver| is_in(named, receiver)))
        {
            let (named, earlier) = all.remove(at);
            receivers.extend(named);
            one = ShoutOut {
                reading: earlier.reading.and(one.reading),
                source: earlier.source,
            };
            place = place.min(at);
        }
        all.insert(place.min(all.len()), (receivers, one));
    }
    all.into_iter().map(|(_, shout_out)| shout_out).collect()
}

/// Whether a receiver is among those, whatever name Slack sent with it.
fn is_in(named: &[Receiver], wanted: &Receiver) -> bool {
    named.iter().any(|named| match (named, wanted) {
        (Receiver::Group { id, .. }, Receiver::Group { id: wanted, .. }) => id == wanted,
        (named, wanted) => named == wanted,
    })
}
