//! What the digest says. Layout and order are fixed: one phone screen, then the thread. Text from people is escaped here,
//! and names are written, not pinged.

use super::rules::{Month, told_on};
use super::store::Edition;
use super::{Named, Own, Told};
use crate::base::calendar::{Day, Span, date};
use crate::base::ids::{ChannelId, TeamId, UserId};
use crate::base::text::{list_names, shorten, thousands};
use crate::boards;
use crate::kudos::Quote;
use crate::kudos::messages::Names;
use crate::slack::blocks::{Block, Button, Input, Message, View, measure};
use crate::slack::mrkdwn::{channel as channel_link, escape, plain_name, quote};
use crate::workspace::Locale;

/// Posts a digest now; the value is its month, like those of the two below.
pub const POST: &str = "digest.post";
/// Leaves a month untold.
pub const SKIP: &str = "digest.skip";
/// Opens the form for words on top.
pub const WORDS: &str = "digest.words";
/// Stops a private edition; the value is its name.
pub const STOP: &str = "digest.stop";
/// Asks for a private edition; the value is its name.
pub const START: &str = "digest.start";
/// The input of the form for words on top, and the form's callback id.
pub const FIELD: &str = "words";

/// Characters of words that are quoted: a digest is one screen.
const QUOTED: usize = 280;
/// Names that stand in one line.
const NAMED: usize = 12;
/// Values that stand in one line.
const VALUES: usize = 5;
/// Units of text in one message of the thread: with its first words it fits into a section, and its text into Slack's
/// limit.
const PART: usize = 2_800;
/// Quotations in a person's own edition.
const SAID: usize = 10;
/// Characters of a steward's words on top.
pub const MOST_WORDS: usize = 600;

/// Where a digest is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// In the channel.
    Channel,
    /// By one person who asked for it, or who sees it before the others.
    Alone,
}

fn people(n: i64) -> String {
    if n == 1 {
        "1 person".to_owned()
    } else {
        format!("{} people", thousands(n))
    }
}

fn thanks(n: i64) -> String {
    if n == 1 {
        "1 thank-you".to_owned()
    } else {
        format!("{} thanks", thousands(n))
    }
}

/// `Wei, Jon and 3 more`, escaped.
fn some_names(told: &Told, ids: &[UserId]) -> String {
    let names = told.names();
    let shown: Vec<String> = ids.iter().take(NAMED).map(|id| plain_name(&names.name(id))).collect();
    let line = shown.join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => line,
        more => format!("{line} and {more} more"),
    }
}

fn quoted(reason: &str) -> String {
    quote(&shorten(
        &reason.split_whitespace().collect::<Vec<_>>().join(" "),
        QUOTED,
    ))
}

/// The words, with who said them and how many joined.
fn quoted_with(told: &Told, said: &Quote) -> String {
    let giver = plain_name(&told.names().giver(&said.giver));
    let joined = match said.joined {
        0 => String::new(),
        n => format!(", {n} joined"),
    };
    let by = if said.by_customer { "passed on by " } else { "" };
    format!("{} ({by}{giver}{joined})", quoted(&said.reason))
}

/// "92 % of us were thanked, up from 81 %."
fn coverage(told: &Told, of: &str) -> Option<String> {
    // Where only a team was thanked as a team, a zero is nothing for everybody to read.
    let (now, before) = told.coverage_now().filter(|(now, _)| *now > 0 || of != "us")?;
    let change = match before {
        None => String::new(),
        Some(before) if before < now => format!(", up from {before} %"),
        Some(before) if before > now => format!(", after {before} % the month before"),
        Some(_) => ", as in the month before".to_owned(),
    };
    Some(format!("{now} % of {of} were thanked{change}."))
}

fn headline(told: &Told, of: &str) -> String {
    let mut said = Vec::new();
    if told.sums.thanks > 0 {
        said.push(format!(
            "{} from {}.",
            thanks(told.sums.thanks),
            people(told.sums.givers)
        ));
    }
    said.extend(coverage(told, of));
    if !told.lacks.is_empty() {
        said.push(lacking(&told.lacks));
    }
    said.join(" ")
}

/// "It still lacks Friday 30 and Saturday 31 October."
fn lacking(days: &[Day]) -> String {
    let written = |day: &Day| day.date().format("%A %-d").to_string();
    let month = |day: &Day| day.date().format("%B").to_string();
    match days {
        [] => String::new(),
        [one] => format!("It still lacks {} {}.", written(one), month(one)),
        [first, last] => format!(
            "It still lacks {} and {} {}.",
            written(first),
            written(last),
            month(last)
        ),
        [first, .., last] => format!(
            "It still lacks {} to {} {}.",
            written(first),
            written(last),
            month(last)
        ),
    }
}

fn value_line(values: &[(String, i64)]) -> String {
    let each = values.iter().take(VALUES);
    let each: Vec<String> = each
        .map(|(name, n)| format!("#{} {}", escape(name), thousands(*n)))
        .collect();
    each.join(" · ")
}

fn across_line(told: &Told) -> Option<String> {
    let across = told.across.as_ref()?;
    let most = across.most.as_ref().map_or_else(String::new, |(from, to)| {
        format!(", most from {} to {}", plain_name(from), plain_name(to))
    });
    Some(format!(
        "Across teams: {} of {}{most}",
        thousands(across.n),
        thousands(told.sums.thanks)
    ))
}

/// The lines below the headline, each left out where there is nothing to say.
fn lines(told: &Told) -> Vec<String> {
    let mut lines = Vec::new();
    if !told.first.is_empty() {
        lines.push(format!("First time thanked: {}", some_names(told, &told.first)));
    }
    if !told.wide.is_empty() {
        lines.push(format!("From three teams or more: {}", some_names(told, &told.wide)));
    }
    lines.extend(across_line(told));
    if told.sums.customers > 0 {
        let kind = if told.sums.customers == 1 {
            "1 kind thing".to_owned()
        } else {
            format!("{} kind things", thousands(told.sums.customers))
        };
        match &told.customers_words {
            Some(said) => {
                let about = told.names().receivers(&said.receivers);
                let one = if told.sums.customers == 1 {
                    format!("Customers said {kind}, about {about}:")
                } else {
                    format!("Customers said {kind}. One of them, about {about}:")
                };
                lines.push(format!("{one}\n{}", quoted(&said.reason)));
            }
            None => lines.push(format!("Customers said {kind}.")),
        }
    }
    if !told.values.is_empty() {
        lines.push(format!("What it was for: {}", value_line(&told.values)));
    }
    if let Some(said) = &told.joined {
        lines.push(format!("Words that most people joined:\n{}", quoted_with(told, said)));
    }
    if let Some(turnout) = &told.turnout {
        let answers = if turnout.answers == 1 {
            "1 answer".to_owned()
        } else {
            format!("{} answers", thousands(turnout.answers))
        };
        let most = turnout.most_talked_about.as_ref().map_or_else(String::new, |prompt| {
            format!("; most talked about: \"{}\"", escape(&shorten(prompt, 120)))
        });
        lines.push(format!("Prompts: {answers} from {}{most}", people(turnout.people)));
    }
    lines
}

/// "October in Support"
fn title(told: &Told) -> String {
    format!("{} in {}", told.name, told.whose)
}

fn off_switch(command: &str) -> String {
    format!("A steward can switch this off: {} settings", escape(command))
}

/// The digest of a month, below the stewards' own words if there are any.
pub fn digest(locale: Locale, command: &str, told: &Told, words: &str, reader: Reader) -> Message {
    let mut blocks = Vec::new();
    let mut text = Vec::new();
    let mut add = |mrkdwn: String, text: &mut Vec<String>| {
        if !mrkdwn.is_empty() {
            blocks.push(Block::section(&mrkdwn));
            text.push(mrkdwn);
        }
    };
    let is_quiet = told.is_quiet();
    if !is_quiet {
        text.push(escape(&title(told)));
    }
    add(escape(words.trim()), &mut text);
    if is_quiet {
        add(quiet(command, &told.name), &mut text);
    } else {
        add(headline(told, "us"), &mut text);
        add(lines(told).join("\n"), &mut text);
        blocks.insert(0, Block::header(&title(told)));
    }
    if !is_quiet && told.has_board {
        let board = boards::messages::open(locale, Span::month(told.month.first()), &told.name);
        blocks.push(Block::actions(vec![board.into()]));
    }
    if reader == Reader::Channel {
        let more = match (is_quiet, told.recognised.is_empty() && told.teams_thanked.is_empty()) {
            (true, _) => String::new(),
            (false, true) => "The picture: in the thread".to_owned(),
            (false, false) => "Everyone who was thanked, and the picture: in the thread".to_owned(),
        };
        let below: Vec<String> = [more, off_switch(command)]
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect();
        let below = below.join(" · ");
        blocks.push(Block::context_text(&below));
        text.push(below);
    }
    Message::new(&text.join("\n"), blocks)
}

/// Two encouraging lines for a month without thanks.
fn quiet(command: &str, month: &str) -> String {
    format!(
        "{month} was quiet here: no kudos.\nA first one takes ten seconds: {} @someone for …",
        escape(command)
    )
}

/// A month that hasn't begun yet.
pub fn not_yet(_: Locale, month: &str) -> Message {
    Message::sentence(&format!("{month} hasn't begun yet, so there is nothing to tell."))
}

/// A part of everybody who was thanked, by name, for the thread, and after how many of `from` the next one begins; `None`
/// when that was all. `from` counts the names that earlier parts wrote.
pub fn names(_: Locale, named: &Named, from: usize) -> (Message, Option<usize>) {
    let names = named.names();
    let head = if named.people.is_empty() {
        format!("Thanked in {}:", named.name)
    } else if from == 0 {
        format!("Thanked in {}: ", named.name)
    } else {
        format!("Also thanked in {}: ", named.name)
    };
    let mut text = head;
    let mut at = from;
    for id in named.people.iter().skip(from) {
        let name = plain_name(&names.name(id));
        if at > from && measure(&text) + measure(&name) + 2 > PART {
            break;
        }
        if at > from {
            text.push_str(", ");
        }
        text.push_str(&name);
        at += 1;
    }
    let next = (at < named.people.len()).then_some(at);
    if next.is_none() && !named.teams.is_empty() {
        let mut teams: Vec<String> = named
            .teams
            .iter()
            .map(|team| plain_name(&names.group_name(team)))
            .collect();
        teams.sort();
        let room = PART.saturating_sub(measure(&text)).max(200);
        let teams = crate::slack::blocks::cut_mrkdwn(&list_names(&teams), room);
        text.push_str(&format!("\nAs teams: {teams}"));
    }
    (Message::sentence(&text), next)
}

/// The picture as text, where files may not be sent; `alt` says it in words, for those who hear it.
pub fn text_chart(_: Locale, chart: &str, alt: &str) -> Message {
    let block = format!("```\n{}\n```", escape(chart));
    Message::new(&format!("{}\n{block}", escape(alt)), vec![Block::section(&block)])
}

// For stewards.

/// What a steward is told about a month that isn't posted yet.
#[derive(Clone, Copy, Debug)]
pub enum Before<'a> {
    /// It will be posted by itself.
    Shown,
    /// It is too late for that.
    TooLate,
    /// Slack refused it for good, with this code.
    Refused(&'a str),
}

/// A digest before everybody else sees it, with what can be done about it.
pub fn before(
    locale: Locale,
    command: &str,
    told: &Told,
    words: &str,
    channel: &ChannelId,
    before: Before<'_>,
) -> Message {
    let due = told_on(told.month);
    let due = format!("{}, {}", due.date().format("%A"), date(due));
    let (name, channel) = (&told.name, channel_link(channel));
    let head = match before {
        Before::Shown => {
            let head = format!(
                "{name}'s digest goes to {channel} on {due} at 9:00. This is how it looks now; the rest of the month is \
                 added by itself."
            );
            if told.lacks.is_empty() {
                format!("{name}'s digest goes to {channel} on {due} at 9:00.")
            } else {
                head
            }
        }
        Before::TooLate => format!(
            "{name}'s digest was due on {due} at 9:00 and could not be posted then. It is too late to post it without \
             asking you; it would go to {channel}."
        ),
        Before::Refused(code) => format!(
            "Slack doesn't let me post {name}'s digest in {channel} ({code}). Put that right, or choose another channel \
             in {} settings; then post it from here.",
            escape(command)
        ),
    };
    let shown = digest(locale, command, told, words, Reader::Alone);
    let month = told.month.to_string();
    let add = if words.is_empty() {
        "Add your words"
    } else {
        "Change your words"
    };
    let mut blocks = vec![Block::section(&head), Block::divider()];
    blocks.extend(shown.blocks().iter().cloned());
    blocks.push(Block::actions(vec![
        Button::new("Post now", POST, &format!("Post now: the digest of {name}"))
            .value(&month)
            .into(),
        Button::new("Skip", SKIP, &format!("Skip the digest of {name}"))
            .value(&month)
            .into(),
        Button::new(add, WORDS, &format!("{add} on top of the digest of {name}"))
            .value(&month)
            .into(),
    ]));
    Message::new(&format!("{head}\n{}", shown.text()), blocks)
}

/// It is posted at once.
pub fn posting(_: Locale, month: &str, channel: &ChannelId) -> Message {
    Message::sentence(&format!("{month}'s digest is on its way to {}.", channel_link(channel)))
}

/// The button that posts a month's digest that was skipped, or came to nothing.
pub fn after_all(_: Locale, name: &str, month: Month) -> Button {
    let label = format!("Post it after all: the digest of {name}");
    Button::new("Post it after all", POST, &label).value(&month.to_string())
}

/// It won't be posted.
pub fn skipped(locale: Locale, name: &str, month: Month) -> Message {
    let text = format!("{name} goes without a digest.");
    let again = after_all(locale, name, month);
    Message::new(&text, vec![Block::section(&text), Block::actions(vec![again.into()])])
}

/// Somebody else was faster, or it stands already.
pub fn decided(_: Locale, name: &str) -> Message {
    Message::sentence(&format!(
        "{name}'s digest is posted already, or on its way. Nothing has changed."
    ))
}

/// There is no channel for it.
pub fn no_channel(_: Locale, command: &str) -> Message {
    Message::sentence(&format!(
        "There is no channel for the digest. Choose one in {} settings, then click again.",
        escape(command)
    ))
}

/// Somebody who isn't a steward clicked.
pub fn not_a_steward(_: Locale) -> Message {
    Message::sentence("Only stewards decide about the digest.")
}

/// The form for words on top. `metadata` comes back with it.
pub fn words_form(_: Locale, name: &str, words: &str, metadata: &str) -> View {
    let input = Block::input(
        &format!("What do you want to say above {name}'s digest?"),
        Input::text(FIELD, true, words, MOST_WORDS),
    )
    .optional()
    .hint("A few sentences in your own voice. Empty: none.");
    View::modal("Your words", WORDS, vec![input])
        .submit("Save")
        .close("Cancel")
        .private_metadata(metadata)
}

/// The form's answer when the digest is posted already; plain.
pub fn too_late(_: Locale) -> &'static str {
    "The digest is posted already, so your words can't go on top of it any more."
}

/// The form's answer when it is our fault; plain.
pub fn not_saved(_: Locale) -> &'static str {
    "I couldn't save this just now, and it's my side, not yours. Nothing you typed is lost; save it again in a minute."
}

/// A form couldn't be opened, because Slack's three seconds were over or Slack didn't answer.
pub fn not_opened(_: Locale) -> Message {
    Message::sentence("Slack didn't let me open that in time. Click it again.")
}

// Private editions.

fn stop(edition: Edition, label: &str) -> Button {
    Button::new("Stop these messages", STOP, label).value(edition.name())
}

/// Six lines that can be forwarded, for stewards.
pub fn executives(_: Locale, told: &Told) -> Message {
    let mut six = vec![format!("*{}: recognition*", escape(&title(told)))];
    six.push(headline(told, "the team"));
    six.extend(across_line(told).map(|line| format!("{line}.")));
    if told.sums.customers > 0 {
        let said = told.customers_words.as_ref();
        let words = said.map_or_else(String::new, |said| {
            let words = said.reason.split_whitespace().collect::<Vec<_>>().join(" ");
            format!(" One of them: \"{}\"", escape(&shorten(&words, QUOTED)))
        });
        let kind = if told.sums.customers == 1 { "thing" } else { "things" };
        six.push(format!(
            "Customers said {} kind {kind}.{words}",
            thousands(told.sums.customers)
        ));
    }
    if !told.values.is_empty() {
        six.push(format!("What it was for: {}", value_line(&told.values)));
    }
    if let Some(said) = &told.joined {
        let words = said.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        six.push(format!(
            "Words that most people joined: \"{}\"",
            escape(&shorten(&words, QUOTED))
        ));
    }
    let six = six.join("\n");
    let head = format!(
        "{}'s digest is posted. For those who have one minute, to forward:",
        told.name
    );
    Message::new(
        &format!("{head}\n{six}"),
        vec![
            Block::section(&head),
            Block::section(&six),
            Block::actions(vec![
                stop(
                    Edition::Executives,
                    "Stop these messages: six lines to forward each month",
                )
                .into(),
            ]),
        ],
    )
}

/// A team's month, for its leads; with the way to those whom nobody thanked lately, where stewards have switched that on.
pub fn team(locale: Locale, told: &Told, id: &TeamId, shows_forgotten: bool) -> Message {
    let whose = plain_name(&told.whose);
    let mut text = vec![escape(&title(told))];
    let body = if told.is_quiet() {
        format!(
            "{} was quiet in {whose}: no thanks reached it. Seen something worth saying?",
            told.name
        )
    } else {
        let mut paragraphs = vec![headline(told, "the team")];
        paragraphs.extend(lines(told));
        if !told.recognised.is_empty() {
            paragraphs.push(format!("Thanked: {}", all_names(told)));
        }
        paragraphs.join("\n")
    };
    text.push(body.clone());
    let below = format!("For the leads of {whose} alone.");
    text.push(below.clone());
    let mut blocks = vec![Block::header(&title(told))];
    blocks.extend(Block::paragraphs(&body));
    blocks.push(Block::context_text(&below));
    let list = shows_forgotten.then(|| boards::messages::not_thanked_lately(locale, &told.whose, id));
    let stop = stop(Edition::Team, "Stop these messages: each month's about your team");
    blocks.push(Block::actions(list.into_iter().chain([stop]).map(Into::into).collect()));
    Message::new(&text.join("\n"), blocks)
}

fn all_names(told: &Told) -> String {
    let names = told.names();
    let all: Vec<String> = told.recognised.iter().map(|id| plain_name(&names.name(id))).collect();
    crate::slack::blocks::cut_mrkdwn(&all.join(", "), 1_500)
}

/// A person's own month.
pub fn own(_: Locale, own: &Own) -> Message {
    let names = own.names();
    let mut paragraphs = Vec::new();
    let (customers, peers): (Vec<_>, Vec<_>) = own.said.iter().partition(|said| said.by_customer);
    if own.thanked_by > 0 {
        let thanked = if own.thanked_by == 1 {
            "1 person thanked you"
        } else {
            "people thanked you"
        };
        let thanked = if own.thanked_by == 1 {
            thanked.to_owned()
        } else {
            format!("{} {thanked}", own.thanked_by)
        };
        let lines: Vec<String> = peers
            .iter()
            .map(|said| format!("{} ({})", quoted(&said.reason), plain_name(&names.giver(&said.giver))))
            .collect();
        paragraphs.push(if lines.is_empty() {
            format!("{thanked}.")
        } else {
            format!("{thanked}, in their words:\n{}", lines.join("\n"))
        });
    }
    if !customers.is_empty() {
        let lines: Vec<String> = customers
            .iter()
            .map(|said| {
                format!(
                    "{} (passed on by {})",
                    quoted(&said.reason),
                    plain_name(&names.giver(&said.giver))
                )
            })
            .collect();
        paragraphs.push(format!("Customers said about you:\n{}", lines.join("\n")));
    }
    if !own.thanked.is_empty() {
        let whom: Vec<String> = own
            .thanked
            .iter()
            .take(NAMED)
            .map(|id| plain_name(&names.name(id)))
            .collect();
        let more = own.thanked.len().saturating_sub(NAMED);
        let whom = if more == 0 {
            list_names(&whom)
        } else {
            format!("{} and {more} more", whom.join(", "))
        };
        let n = own.thanked.len();
        paragraphs.push(if n == 1 {
            format!("You thanked {whom}.")
        } else {
            format!("You thanked {n} people: {whom}.")
        });
    }
    let head = format!("Your {}", own.name);
    let body = paragraphs.join("\n");
    let mut blocks = vec![Block::header(&head)];
    blocks.extend(Block::paragraphs(&body));
    let stop = stop(Edition::Own, "Stop these messages: each one about your month");
    blocks.push(Block::actions(vec![stop.into()]));
    Message::new(&format!("{head}\n{body}"), blocks)
}

/// How many quotations [`own`] has room for.
pub const OWN_QUOTES: i64 = SAID as i64;

/// Where somebody can ask for their own edition, or stop it: a line and its button.
pub fn own_switch(_: Locale, is_on: bool) -> (String, Button) {
    if is_on {
        (
            "*Your month by DM:* yes, on the day of the digest.".to_owned(),
            Button::new("Don't send it", STOP, "Don't send it: my month by direct message").value(Edition::Own.name()),
        )
    } else {
        (
            "*Your month by DM:* no. What was said to you, in words, and whom you thanked.".to_owned(),
            Button::new("Send me my month", START, "Send me my month by direct message").value(Edition::Own.name()),
        )
    }
}

/// What a person wants from now on.
pub fn wished(_: Locale, edition: Edition, wanted: bool) -> Message {
    let text = match (edition, wanted) {
        (Edition::Own, true) => "On the day of each digest you get your own month by DM.",
        (Edition::Own, false) => "You get your own month no more.",
        (Edition::Team, true) => "You get your team's month again.",
        (Edition::Team, false) => "You get your team's month no more.",
        (Edition::Executives, true) => "You get the lines to forward again.",
        (Edition::Executives, false) => "You get the lines to forward no more.",
    };
    let (label, action) = if wanted {
        ("Stop them", STOP)
    } else {
        ("Send them again", START)
    };
    let button = Button::new(label, action, &format!("{label}: the monthly messages")).value(edition.name());
    Message::new(text, vec![Block::section(text), Block::actions(vec![button.into()])])
}
