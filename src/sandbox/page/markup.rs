//! Slack's text markup as HTML, and as the words that a screen reader says.

use std::fmt;

use askama::filters::{Escaper as _, HtmlSafe};
use chrono::{DateTime, Datelike as _, NaiveDate, TimeZone as _};
use chrono_tz::Tz;

use super::asked::Asked;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, UserId};
use crate::sandbox::render;
use crate::sandbox::state::State;
use crate::slack::mrkdwn::{self, Token};

/// HTML in which every text was escaped: nothing else can be put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl HtmlSafe for Html {}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Html {
    fn tag(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    pub(super) fn text(&mut self, text: &str) {
        // Writing into a String can't fail.
        let _ = askama::filters::Html.write_escaped_str(&mut self.0, text);
    }
}

/// Through whose eyes a text is read.
pub(super) struct Eyes<'a> {
    pub state: &'a State,
    pub asked: &'a Asked,
    pub me: &'a UserId,
    pub tz: Tz,
    pub now: Instant,
}

/// One piece of a text.
#[derive(Debug)]
enum Node {
    Text(String),
    Strong(Vec<Node>),
    Em(Vec<Node>),
    Strike(Vec<Node>),
    Code(String),
    Pre(String),
    Quote(Vec<Node>),
    Break,
    /// A known emoji: its picture and its name.
    Emoji(String, String),
    Person {
        name: String,
        me: bool,
    },
    /// `@here`, a user group: who is meant, and whether the reader is among them.
    Many {
        name: String,
        me: bool,
    },
    Channel {
        name: String,
        href: Option<String>,
    },
    Link {
        target: Target,
        label: String,
    },
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A place of this workspace.
    Here(String),
    /// A page elsewhere, which opens beside this one.
    Outside(String),
    /// Not an address that a browser should follow.
    Nowhere,
}

impl Eyes<'_> {
    /// mrkdwn as HTML.
    pub(super) fn html(&self, text: &str) -> Html {
        let mut html = Html::default();
        write_html(&self.nodes(text), &mut html);
        html
    }

    /// mrkdwn as a screen reader says it.
    pub(super) fn words(&self, text: &str) -> String {
        let mut words = String::new();
        write_words(&self.nodes(text), &mut words);
        words
    }

    /// Plain text as HTML: only `:emoji:` is more than itself.
    pub(super) fn plain(&self, text: &str) -> Html {
        let mut nodes = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(':') {
            push_text(&mut nodes, &rest[..at]);
            rest = &rest[at..];
            match emoji(rest) {
                Some((node, length)) => {
                    nodes.push(node);
                    rest = &rest[length..];
                }
                None => {
                    push_text(&mut nodes, ":");
                    rest = &rest[1..];
                }
            }
        }
        push_text(&mut nodes, rest);
        let mut html = Html::default();
        write_html(&nodes, &mut html);
        html
    }

    fn nodes(&self, text: &str) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut rest = text;
        while let Some((before, inside, after)) = fenced(rest) {
            self.lines(before.trim_end_matches('\n'), &mut nodes);
            nodes.push(Node::Pre(self.literally(inside.trim_matches('\n'))));
            rest = after.strip_prefix('\n').unwrap_or(after);
        }
        self.lines(rest, &mut nodes);
        nodes
    }

    fn lines(&self, text: &str, nodes: &mut Vec<Node>) {
        if text.is_empty() {
            return;
        }
        let mut quote: Option<Vec<Node>> = None;
        let mut all_quoted = false;
        // A quotation stands on lines of its own, and needs no line break beside it.
        let mut fresh = true;
        for line in text.split('\n') {
            let mut quoted = unquoted(line);
            if quoted.is_none() && all_quoted {
                quoted = Some(line);
            } else if let Some(rest) = quoted.and_then(|rest| unquoted(unquoted(rest)?)) {
                // `>>>` quotes everything that follows.
                all_quoted = true;
                quoted = Some(rest);
            }
            match quoted {
                Some(line) => {
                    let inside = quote.get_or_insert_default();
                    if !inside.is_empty() {
                        inside.push(Node::Break);
                    }
                    self.inline(line, inside);
                }
                None => {
                    if let Some(inside) = quote.take() {
                        nodes.push(Node::Quote(inside));
                        fresh = true;
                    }
                    if !fresh {
                        nodes.push(Node::Break);
                    }
                    self.inline(line, nodes);
                    fresh = false;
                }
            }
        }
        if let Some(inside) = quote {
            nodes.push(Node::Quote(inside));
        }
    }

    /// One line, or what stands inside `*…*` and its like.
    fn inline(&self, line: &str, nodes: &mut Vec<Node>) {
        let mut at = 0;
        let mut before: Option<char> = None;
        while let Some(letter) = line[at..].chars().next() {
            let rest = &line[at..];
            let found = match letter {
                '<' => self.token(rest),
                '`' => rest[1..]
                    .find('`')
                    .filter(|&end| end > 0)
                    .map(|end| (Node::Code(self.literally(&rest[1..=end])), end + 2)),
                '*' | '_' | '~' if !before.is_some_and(char::is_alphanumeric) => closing(rest, letter).map(|end| {
                    let mut inside = Vec::new();
                    self.inline(&rest[1..end], &mut inside);
                    let node = match letter {
                        '*' => Node::Strong(inside),
                        '_' => Node::Em(inside),
                        _ => Node::Strike(inside),
                    };
                    (node, end + 1)
                }),
                ':' => emoji(rest),
                '&' => [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")]
                    .into_iter()
                    .find(|(entity, _)| rest.starts_with(entity))
                    .map(|(entity, letter)| (Node::Text(letter.to_owned()), entity.len())),
                _ => None,
            };
            match found {
                Some((Node::Text(text), length)) => {
                    push_text(nodes, &text);
                    at += length;
                }
                Some((node, length)) => {
                    nodes.push(node);
                    at += length;
                }
                None => {
                    push_text(nodes, &rest[..letter.len_utf8()]);
                    at += letter.len_utf8();
                }
            }
            before = line[..at].chars().next_back();
        }
    }

    /// `<…>` at the start of `rest`, and its length.
    fn token(&self, rest: &str) -> Option<(Node, usize)> {
        let length = markup_length(rest)?;
        let whole = &rest[..length];
        let mut tokens = mrkdwn::tokens(whole);
        let token = tokens.pop().filter(|token| !matches!(token, Token::Text(_)))?;
        let node = match token {
            Token::Text(_) => return None,
            Token::User { id, label } => {
                let known = self.state.people.get(&id).map(|person| render::name(person).to_owned());
                let name = known
                    .or(label.filter(|label| !label.is_empty()))
                    .unwrap_or(id.0.clone());
                let me = id == *self.me;
                Node::Person { name, me }
            }
            Token::Channel { id, label } => self.channel(&id, label),
            Token::Group { id, handle } => self.group(&id, handle),
            Token::Broadcast(many) => Node::Many {
                name: many.name().to_owned(),
                me: true,
            },
            Token::Date { fallback } => self.date(&whole[1..length - 1], fallback),
            Token::Email(address) => Node::Link {
                target: Target::Outside(format!("mailto:{address}")),
                label: address,
            },
            Token::Phone(number) => Node::Link {
                target: Target::Outside(format!("tel:{number}")),
                label: number,
            },
            Token::Link { url, label } => Node::Link {
                target: self.target(&url),
                label: label.unwrap_or(url),
            },
        };
        Some((node, length))
    }

    fn channel(&self, id: &ChannelId, label: Option<String>) -> Node {
        match self.state.channels.get(id) {
            Some(there) if self.asked.can_see(self.state, self.me, there) => Node::Channel {
                name: there.name.clone(),
                href: Some(self.asked.to(self.state, self.me, there).href()),
            },
            Some(_) => Node::Channel {
                name: "private-channel".to_owned(),
                href: None,
            },
            None => Node::Channel {
                name: label.filter(|label| !label.is_empty()).unwrap_or(id.0.clone()),
                href: None,
            },
        }
    }

    fn group(&self, id: &GroupId, handle: Option<String>) -> Node {
        let group = self.state.groups.get(id);
        let known = group.map(|group| group.handle.clone());
        Node::Many {
            name: known.or(handle).unwrap_or(id.0.clone()),
            me: group.is_some_and(|group| group.users.contains(self.me)),
        }
    }

    /// `!date^1392734382^{date_short} at {time}^https://…|fallback` in the reader's zone.
    fn date(&self, inside: &str, fallback: String) -> Node {
        let head = inside.split('|').next().unwrap_or_default();
        let mut parts = head.split('^').skip(1);
        let at = parts
            .next()
            .and_then(|seconds| seconds.parse::<i64>().ok())
            .and_then(|seconds| self.tz.timestamp_opt(seconds, 0).single());
        let format = parts.next().unwrap_or_default();
        let label = at.map_or(fallback, |at| mrkdwn::unescape(&self.dated(format, &at)));
        match parts.next() {
            Some(url) => Node::Link {
                target: self.target(&mrkdwn::unescape(url)),
                label,
            },
            None => Node::Text(label),
        }
    }

    fn dated(&self, format: &str, at: &DateTime<Tz>) -> String {
        let today = self.now.utc().with_timezone(&self.tz).date_naive();
        let day = at.date_naive();
        let number = format!("{} {}{}", at.format("%B"), at.day(), ordinal(at.day()));
        let pretty = |other: String| near(day, today).map_or(other, str::to_lowercase);
        let short = at.format("%b %-d, %Y").to_string();
        let plain = format!("{number}, {}", at.year());
        let long = format!("{}, {plain}", at.format("%A"));
        let ago = self.now.seconds() - at.timestamp();
        let ago = match ago {
            ..60 => "just now".to_owned(),
            60..3_600 => format!("{} min ago", ago / 60),
            3_600..86_400 => format!("{} h ago", ago / 3_600),
            _ => format!("{} days ago", ago / 86_400),
        };
        [
            ("{date_num}", at.format("%Y-%m-%d").to_string()),
            ("{date_slash}", at.format("%m/%d/%Y").to_string()),
            ("{date_short_pretty}", pretty(short.clone())),
            ("{date_long_pretty}", pretty(long.clone())),
            ("{date_pretty}", pretty(plain.clone())),
            ("{date_short}", short),
            ("{date_long}", long),
            ("{date}", plain),
            ("{time_secs}", at.format("%H:%M:%S").to_string()),
            ("{time}", at.format("%H:%M").to_string()),
            ("{ago}", ago),
        ]
        .into_iter()
        .fold(format.to_owned(), |text, (token, value)| text.replace(token, &value))
    }

    /// Where an address leads: a permalink of this workspace to its place on the page.
    pub(super) fn target(&self, url: &str) -> Target {
        let Ok(parsed) = url::Url::parse(url) else {
            return Target::Nowhere;
        };
        if let Some(href) = self.asked.permalink(self.state, self.me, &parsed) {
            return Target::Here(href);
        }
        match parsed.scheme() {
            "http" | "https" => Target::Outside(parsed.to_string()),
            _ => Target::Nowhere,
        }
    }

    /// Inside code nothing formats; references are still names.
    fn literally(&self, text: &str) -> String {
        self.state.mrkdwn(text)
    }
}

/// The text before, inside and after the first pair of ```` ``` ````.
fn fenced(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("```")?;
    let (inside, after) = rest.split_once("```")?;
    (!inside.trim().is_empty()).then_some((before, inside, after))
}

fn unquoted(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'))?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

/// The length of `<…>` at the start of a text.
fn markup_length(rest: &str) -> Option<usize> {
    let end = rest[1..].find(['>', '<', '\n'])? + 1;
    rest[end..].starts_with('>').then_some(end + 1)
}

/// Where the mark that opens `rest` is closed, in bytes. Marks stand at the edges of words.
fn closing(rest: &str, mark: char) -> Option<usize> {
    let first = rest[1..].chars().next()?;
    if first.is_whitespace() || first == mark {
        return None;
    }
    let mut at = 1;
    let mut before = mark;
    while let Some(letter) = rest[at..].chars().next() {
        let here = &rest[at..];
        if letter == mark && !before.is_whitespace() && at > 1 {
            let after = here[mark.len_utf8()..].chars().next();
            if !after.is_some_and(|after| after.is_alphanumeric() || after == mark) {
                return Some(at);
            }
        }
        // Marks inside a reference or code are not ours.
        let skip = match letter {
            '<' => markup_length(here),
            '`' => here[1..].find('`').map(|end| end + 2),
            _ => None,
        };
        at += skip.unwrap_or(letter.len_utf8());
        before = letter;
    }
    None
}

/// `:clap:` or `:clap::skin-tone-3:` at the start of a text, and its length; `None` for names that aren't Unicode's.
fn emoji(rest: &str) -> Option<(Node, usize)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'');
    let name = rest[1..]
        .split(':')
        .next()
        .filter(|name| !name.is_empty() && name.chars().all(is_name))?;
    let mut length = name.len() + 2;
    if rest.len() < length {
        return None;
    }
    // Slack's flags are `flag-de`, the crate's (GitHub's) `de`.
    let emoji = emojis::get_by_shortcode(name).or_else(|| emojis::get_by_shortcode(name.strip_prefix("flag-")?))?;
    let tone = rest[length..]
        .strip_prefix(":skin-tone-")
        .and_then(|tone| Some((tone.chars().next()?, tone.get(1..)?.starts_with(':'))))
        .filter(|(_, closed)| *closed)
        .and_then(|(tone, _)| TONES.iter().find(|(of, _)| *of == tone));
    let mut picture = emoji;
    if let Some((_, tone)) = tone {
        picture = emoji.with_skin_tone(*tone).unwrap_or(emoji);
        length += ":skin-tone-2:".len();
    }
    Some((Node::Emoji(picture.as_str().to_owned(), name.to_owned()), length))
}

/// Slack counts skin tones from 2.
const TONES: [(char, emojis::SkinTone); 5] = [
    ('2', emojis::SkinTone::Light),
    ('3', emojis::SkinTone::MediumLight),
    ('4', emojis::SkinTone::Medium),
    ('5', emojis::SkinTone::MediumDark),
    ('6', emojis::SkinTone::Dark),
];

/// What people typed with emoji as Slack sends it: `👏🏽` is `:clap::skin-tone-4:`.
pub(super) fn colon_names(text: &str) -> String {
    let mut named = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        match (u32::from(letter) > 0x2000).then(|| leading_emoji(rest)).flatten() {
            Some((name, length)) => {
                named.push_str(&name);
                rest = &rest[length..];
            }
            None => {
                named.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    named
}

/// The longest emoji that a text begins with, as its name, and its length in bytes.
fn leading_emoji(text: &str) -> Option<(String, usize)> {
    // The longest sequences have ten characters.
    let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).take(10).collect();
    ends.into_iter().rev().find_map(|end| {
        let emoji = emojis::get(&text[..end])?;
        let tone = emoji
            .skin_tone()
            .and_then(|tone| TONES.iter().find(|(_, of)| *of == tone))
            .map(|(digit, _)| format!(":skin-tone-{digit}:"))
            .unwrap_or_default();
        let base = emoji.with_skin_tone(emojis::SkinTone::Default).unwrap_or(emoji);
        Some((format!(":{}:{tone}", base.shortcode()?), end))
    })
}

fn push_text(nodes: &mut Vec<Node>, text: &str) {
    match nodes.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => nodes.push(Node::Text(text.to_owned())),
    }
}

fn write_html(nodes: &[Node], html: &mut Html) {
    for node in nodes {
        let around = |open: &'static str, inside: &[Node], close: &'static str, html: &mut Html| {
            html.tag(open);
            write_html(inside, html);
            html.tag(close);
        };
        match node {
            Node::Text(text) => html.text(text),
            Node::Break => html.tag("<br>"),
            Node::Strong(inside) => around("<strong>", inside, "</strong>", html),
            Node::Em(inside) => around("<em>", inside, "</em>", html),
            Node::Strike(inside) => around("<s>", inside, "</s>", html),
            Node::Quote(inside) => around("<blockquote>", inside, "</blockquote>", html),
            Node::Code(text) => {
                html.tag("<code>");
                html.text(text);
                html.tag("</code>");
            }
            Node::Pre(text) => {
                // The first line break after the tag is not shown.
                html.tag("<pre>\n");
                html.text(text);
                html.tag("</pre>");
            }
            Node::Emoji(picture, name) => {
                html.tag("<span class=\"emoji\" title=\":");
                html.text(name);
                html.tag(":\">");
                html.text(picture);
                html.tag("</span>");
            }
            Node::Person { name, me } | Node::Many { name, me } => {
                html.tag(if *me {
                    "<span class=\"mention me\">@"
                } else {
                    "<span class=\"mention\">@"
                });
                html.text(name);
                html.tag("</span>");
            }
            Node::Channel { name, href: Some(href) } => {
                html.tag("<a class=\"mention\" href=\"");
                html.text(href);
                html.tag("\">#");
                html.text(name);
                html.tag("</a>");
            }
            Node::Channel { name, href: None } => {
                html.tag("<span class=\"mention\">#");
                html.text(name);
                html.tag("</span>");
            }
            Node::Link { target, label } => {
                let close = match target {
                    Target::Here(href) => {
                        html.tag("<a href=\"");
                        html.text(href);
                        html.tag("\">");
                        "</a>"
                    }
                    Target::Outside(href) => {
                        html.tag("<a target=\"_blank\" rel=\"noopener noreferrer\" href=\"");
                        html.text(href);
                        html.tag("\">");
                        "</a>"
                    }
                    Target::Nowhere => "",
                };
                html.text(label);
                html.tag(close);
            }
        }
    }
}

fn write_words(nodes: &[Node], words: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) | Node::Code(text) | Node::Pre(text) | Node::Link { label: text, .. } => {
                words.push_str(text);
            }
            Node::Break => words.push('\n'),
            Node::Strong(inside) | Node::Em(inside) | Node::Strike(inside) => write_words(inside, words),
            Node::Quote(inside) => {
                if !words.is_empty() && !words.ends_with('\n') {
                    words.push('\n');
                }
                write_words(inside, words);
                words.push('\n');
            }
            Node::Emoji(_, name) => words.push_str(&name.replace('_', " ")),
            Node::Person { name, .. } | Node::Many { name, .. } => {
                words.push('@');
                words.push_str(name);
            }
            Node::Channel { name, .. } => {
                words.push('#');
                words.push_str(name);
            }
        }
    }
}

/// `Today`, `Yesterday`, `Tomorrow`.
pub(super) fn near(day: NaiveDate, today: NaiveDate) -> Option<&'static str> {
    match day.signed_duration_since(today).num_days() {
        0 => Some("Today"),
        -1 => Some("Yesterday"),
        1 => Some("Tomorrow"),
        _ => None,
    }
}

/// `st` of `1st`.
pub(super) fn ordinal(day: u32) -> &'static str {
    match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}
