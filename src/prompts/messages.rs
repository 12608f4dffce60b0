//! Every sentence and block that prompts show in channels and to people who take part. What stewards manage them with is
//! in [`manage`].

pub mod manage;

use chrono_tz::Tz;

use crate::base::calendar::{Day, date, local_day, local_time};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, UserId};
use crate::base::text::thousands;
use crate::kudos::messages::{GIVE, NOTIFICATIONS, Names};
use crate::prompts::schedule::{Schedule, WeekMode};
use crate::slack::blocks::{Block, Button, Choice, Input, Menu, Message, View, measure};
use crate::slack::mrkdwn::{bold, channel as channel_link, escape, quote};
use crate::workspace::Locale;

/// The menu at a prompt, for stewards.
pub const MENU: &str = "prompts.menu";
/// Begins the value of the menu entry that pauses a schedule; its id follows.
pub const PAUSE_HERE: &str = "pause ";
/// Makes a kudos of an answer; the value is a draft's id. The two below alike.
pub const MAKE: &str = "prompts.make";
/// Doesn't.
pub const DONT: &str = "prompts.dont";
/// Doesn't, and never asks this person again.
pub const HUSH: &str = "prompts.hush";
/// Posts what was missed; the value names the occurrence.
pub const POST_MISSED: &str = "prompts.missed";
/// Says how Customer Service Week is marked; the value is a schedule's id and the mode.
pub const WEEK: &str = "prompts.week";
/// Asks somebody for the opening note: begins the action id of a list of people; the week's first day follows.
pub const ASK_NOTE: &str = "prompts.ask_note.";
/// Opens the form of the opening note; the value is the week's Monday.
pub const WRITE_NOTE: &str = "prompts.write_note";
/// The form of the opening note.
pub const NOTE_FORM: &str = "prompts.note";
/// Its field.
pub const NOTE: &str = "note";

/// The most words that an opening note has, in characters.
pub const MOST_NOTE: usize = 1_500;

/// A theme as it is written above its prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// As in "Win Wednesday".
    pub name: String,
    /// As in ":seedling:"; may be empty.
    pub emoji: String,
}

/// What somebody said, and how it is introduced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Who.
    pub name: String,
    /// Plain text.
    pub words: String,
}

/// A prompt's post.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// The theme.
    pub heading: &'a Heading,
    /// What stands above the question, a paragraph each (mrkdwn).
    pub above: &'a [String],
    /// The question (mrkdwn).
    pub question: &'a str,
    /// How many people answered; 0 also where the app doesn't see it.
    pub answers: i64,
    /// The schedule that posts it, for its menu; empty for one that was deleted.
    pub schedule: &'a str,
}

const IN_THE_THREAD: &str = "Answer in the thread. Night shift: it stays open for you.";

/// A prompt.
pub fn post(_: Locale, post: &Post<'_>) -> Message {
    let heading = format!("{} {}", bold(&post.heading.name), post.heading.emoji);
    let mut blocks: Vec<Block> = Vec::new();
    for paragraph in post.above {
        blocks.extend(Block::paragraphs(paragraph));
    }
    blocks.push(Block::section(&format!("{}\n{}", heading.trim(), post.question)));
    let mut elements = vec![Button::new("Thank someone", GIVE, "Thank someone for what they did").into()];
    if !post.schedule.is_empty() {
        let pause = Choice::new(
            "Pause prompts here (stewards)",
            &format!("{PAUSE_HERE}{}", post.schedule),
        );
        elements.push(Menu::new(MENU, vec![pause]).into());
    }
    blocks.push(Block::actions(elements));
    let footer = match post.answers {
        0 => IN_THE_THREAD.to_owned(),
        n => format!("{IN_THE_THREAD} {}", answered(n)),
    };
    blocks.push(Block::context_text(&footer));
    let above: String = post.above.iter().map(|paragraph| format!("{paragraph}\n")).collect();
    let text = format!("{above}{}: {}\n{footer}", escape(&post.heading.name), post.question);
    Message::new(&text, blocks)
}

fn answered(n: i64) -> String {
    match n {
        1 => "One person has answered.".to_owned(),
        n => format!("{} people have answered.", thousands(n)),
    }
}

/// The second post of a day of Customer Service Week.
pub fn follow_up(_: Locale, heading: &Heading, question: &str) -> Message {
    let text = format!("{} {}\n{question}", bold(&heading.name), heading.emoji);
    Message::new(
        &format!("{}: {question}\n{IN_THE_THREAD}", escape(&heading.name)),
        vec![
            Block::section(text.trim()),
            Block::actions(vec![
                Button::new("Thank someone", GIVE, "Thank someone for what they did").into(),
            ]),
            Block::context_text(IN_THE_THREAD),
        ],
    )
}

/// What others said before, in words; `lead` may say `{answers}` where they stand.
pub fn carried(_: Locale, lead: &str, answers: &[Quoted], customers: &[Quoted]) -> Option<String> {
    if answers.is_empty() && customers.is_empty() {
        return None;
    }
    let mut text = String::new();
    if !answers.is_empty() {
        let said: Vec<String> = answers.iter().map(said).collect();
        let said = said.join("\n");
        text = match lead.contains("{answers}") {
            true => lead.replace("{answers}", &said),
            false => format!("{lead}\n{said}"),
        };
    }
    if !customers.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("Customers said:\n");
        let words: Vec<String> = customers
            .iter()
            .map(|one| format!("{} (about {})", quote(&one.words), escape(&one.name)))
            .collect();
        text.push_str(&words.join("\n"));
    }
    Some(text)
}

fn said(one: &Quoted) -> String {
    format!("{} ({})", quote(&one.words), escape(&one.name))
}

/// Yesterday's best-liked answer, above today's question.
pub fn best_liked(_: Locale, answer: &Quoted) -> String {
    format!("The answer that most people liked last time:\n{}", said(answer))
}

/// The line on the Monday before Customer Service Week.
pub fn next_week(_: Locale, monday: Day, is_full: bool) -> String {
    let how = if is_full {
        "a question each morning and a second look each afternoon"
    } else {
        "one question a day"
    };
    format!(
        "Next week is Customer Service Week, {}: {how}, right here.",
        span(monday)
    )
}

/// "5–9 October"; "29 September–3 October".
fn span(monday: Day) -> String {
    let friday = monday.plus(4);
    if monday.first_of_month() == friday.first_of_month() {
        format!("{}–{}", monday.date().format("%-d"), date(friday))
    } else {
        format!("{}–{}", date(monday), date(friday))
    }
}

/// The opening note, under its author's name.
pub fn note(_: Locale, author: &str, text: &str) -> String {
    format!("{} opens the week:\n{}", bold(author), quote(text))
}

/// The week in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Thanks between colleagues.
    pub thanks: i64,
    /// From how many people.
    pub givers: i64,
    /// To how many people.
    pub thanked: i64,
    /// Customers' words passed on.
    pub customers: i64,
    /// Answers to the week's prompts.
    pub answers: i64,
    /// From how many people.
    pub answerers: i64,
}

/// The end of Customer Service Week.
pub fn wrap_up(_: Locale, lead: &str, numbers: &Numbers) -> Message {
    let people = |n: i64| match n {
        1 => "one person".to_owned(),
        n => format!("{} people", thousands(n)),
    };
    let mut lines = Vec::new();
    if numbers.thanks > 0 {
        let thanks = if numbers.thanks == 1 {
            "One thank-you".to_owned()
        } else {
            format!("{} thanks", thousands(numbers.thanks))
        };
        lines.push(format!(
            "{thanks} from {} to {}",
            people(numbers.givers),
            people(numbers.thanked)
        ));
    }
    match numbers.customers {
        0 => {}
        1 => lines.push("One customer's kind words passed on".to_owned()),
        n => lines.push(format!("Kind words of {} customers passed on", thousands(n))),
    }
    if numbers.answers > 0 {
        let answers = if numbers.answers == 1 {
            "One answer".to_owned()
        } else {
            format!("{} answers", thousands(numbers.answers))
        };
        lines.push(format!("{answers} from {}", people(numbers.answerers)));
    }
    let mut text = "*Customer Service Week*\n".to_owned();
    if lines.is_empty() {
        text.push_str("The week is over, and it was a quiet one here. The next good word takes ten seconds.");
    } else {
        text.push_str(lead);
    }
    for line in &lines {
        text.push_str(&format!("\n• {line}"));
    }
    Message::new(
        &text.replacen("*Customer Service Week*\n", "Customer Service Week: ", 1),
        vec![Block::section(&text)],
    )
}

/// Something said to a person in the past year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YearsWord {
    /// Who said it; for a customer's words, who passed it on.
    pub name: String,
    /// A customer said it.
    pub is_customers: bool,
    /// Plain text.
    pub words: String,
    /// When, on the workspace's calendar.
    pub day: Day,
}

/// The most characters of a personal page: Slack takes 40,000, and shows the first 4,000 at once.
const PAGE: usize = 12_000;
/// Words on a personal page that have two blocks each; those after them share what is left of Slack's 50.
const ROOMY: usize = 16;

/// The personal page at the end of Customer Service Week. `more` is how many aren't on it.
pub fn page(_: Locale, command: &str, words: &[YearsWord], more: i64) -> Message {
    let head = "Customer Service Week ends today, and this page is yours: what was said to you in the past year.";
    let mut text = head.to_owned();
    let mut blocks = vec![Block::section(head)];
    let mut rest = String::new();
    let mut more = more;
    for (nth, one) in words.iter().enumerate() {
        if measure(&text) + measure(&one.words) > PAGE {
            more += i64::try_from(words.len() - nth).unwrap_or(0);
            break;
        }
        let who = if one.is_customers {
            format!("a customer, passed on by {}", escape(&one.name))
        } else {
            escape(&one.name)
        };
        let below = format!("{who} · {}", date(one.day));
        text.push_str(&format!("\n{} ({below})", escape(&one.words)));
        if nth < ROOMY {
            blocks.extend(Block::paragraphs(&quote(&one.words)));
            blocks.push(Block::context_text(&below));
        } else {
            rest.push_str(&format!("{}\n_{below}_\n", quote(&one.words)));
        }
    }
    if !rest.is_empty() {
        blocks.extend(Block::paragraphs(rest.trim_end()));
    }
    if more > 0 {
        let line = format!(
            "And {} more. All of them: {} privacy, then Export my data.",
            thousands(more),
            escape(command)
        );
        text.push_str(&format!("\n{line}"));
        blocks.push(Block::context_text(&line));
    }
    blocks.push(Block::actions(vec![
        Button::new(
            "Notification settings",
            NOTIFICATIONS,
            "Notification settings of Plaudit",
        )
        .into(),
    ]));
    Message::new(&text, blocks)
}

/// Asks the writer of an answer, privately.
pub fn make_it_a_kudos<N: Names>(_: Locale, names: &N, people: &[UserId], draft: &str) -> Message {
    let who = names.list(people);
    let text = format!("You mentioned {who}. Make it a kudos?");
    Message::new(
        &text,
        vec![
            Block::section(&text),
            Block::actions(vec![
                Button::new("Yes, with these words", MAKE, "Yes, with these words: make it a kudos")
                    .value(draft)
                    .primary()
                    .into(),
                Button::new("No", DONT, "No, leave your answer as it is")
                    .value(draft)
                    .into(),
                Button::new("Don't ask again", HUSH, "Don't ask again whether an answer is a kudos")
                    .value(draft)
                    .into(),
            ]),
        ],
    )
}

/// They don't want it.
pub fn left_as_it_is(_: Locale) -> Message {
    Message::sentence("It stays an answer, and a good one.")
}

/// They don't want to be asked.
pub fn hushed(_: Locale) -> Message {
    Message::sentence("I won't ask again.")
}

/// The question is older than a day.
pub fn too_late(_: Locale, command: &str) -> Message {
    Message::sentence(&format!(
        "That was more than a day ago, so I no longer have the words. {} @someone says them anew.",
        escape(command)
    ))
}

/// What a steward is told about a prompt that was left out.
#[derive(Clone, Debug)]
pub struct Missed<'a> {
    /// Where.
    pub channel: &'a ChannelId,
    /// When it was due.
    pub due_at: Instant,
    /// When that was noticed.
    pub noticed_at: Instant,
    /// The schedule's zone.
    pub zone: Tz,
    /// Names the occurrence.
    pub value: &'a str,
}

/// To the stewards: too late to post it by itself.
pub fn missed(_: Locale, missed: &Missed<'_>) -> Message {
    let due = local_day(missed.due_at, missed.zone);
    let today = local_day(missed.noticed_at, missed.zone);
    let (whose, until) = if due == today {
        ("Today's".to_owned(), local_time(missed.noticed_at, missed.zone))
    } else {
        (
            format!("{}'s", weekday(due)),
            format!("{} {}", weekday(today), local_time(missed.noticed_at, missed.zone)),
        )
    };
    let text = format!(
        "{whose} prompt in {} was due at {}; I was down until {until}, so I left it out.",
        channel_link(missed.channel),
        local_time(missed.due_at, missed.zone)
    );
    Message::new(
        &text,
        vec![
            Block::section(&text),
            Block::actions(vec![
                Button::new("Post now", POST_MISSED, "Post now the prompt that was left out")
                    .value(missed.value)
                    .primary()
                    .into(),
            ]),
        ],
    )
}

/// "Monday"
fn weekday(day: Day) -> String {
    day.date().format("%A").to_string()
}

/// It goes out now.
pub fn posting(locale: Locale, channel: &ChannelId) -> Message {
    Message::sentence(&on_its_way(locale, channel))
}

/// The same above a list.
pub fn on_its_way(_: Locale, channel: &ChannelId) -> String {
    format!("It's on its way to {}.", channel_link(channel))
}

/// Another steward was faster.
pub fn posted_meanwhile(_: Locale) -> Message {
    Message::sentence("It was posted meanwhile.")
}

/// Slack refuses to post in a channel for good.
pub fn refused(_: Locale, channel: &ChannelId, code: &str) -> Message {
    let why = match code {
        "is_archived" => "it is archived",
        "not_in_channel" | "channel_not_found" => "I'm not in it (any more); `/invite @Plaudit` there",
        "restricted_action" | "restricted_action_read_only_channel" => "only some people may post there",
        _ => "Slack doesn't let me",
    };
    Message::sentence(&format!(
        "Today's prompt in {} isn't posted: {why}. The next one is tried as planned.",
        channel_link(channel)
    ))
}

/// Four weeks ahead, to the stewards.
pub fn week_question(locale: Locale, monday: Day, schedule: &Schedule) -> Message {
    let question = format!(
        "Customer Service Week is {}. How should I mark it in {}?",
        span(monday),
        channel_link(&schedule.channel)
    );
    let otherwise = match schedule.week {
        WeekMode::Light => "No answer means one post a day.".to_owned(),
        chosen => format!(
            "No answer leaves it as it was chosen: {}.",
            manage::says(locale, chosen)
        ),
    };
    let button = |text: &str, mode: &str, label: &str| {
        Button::new(text, WEEK, label).value(&format!("{} {monday} {mode}", schedule.id))
    };
    Message::new(
        &format!("{question} {otherwise}"),
        vec![
            Block::section(&question),
            Block::actions(vec![
                button("Everything", "full", "Everything in Customer Service Week").into(),
                button("One post a day", "light", "One post a day in Customer Service Week").into(),
                button("Not at all", "off", "Not at all: no Customer Service Week there").into(),
            ]),
            Block::context_text(&otherwise),
        ],
    )
}

/// A steward has said how the week is marked.
pub fn week_answered(locale: Locale, monday: Day, schedule: &Schedule) -> Message {
    let text = format!(
        "Customer Service Week, {}, in {}: {}.",
        span(monday),
        channel_link(&schedule.channel),
        manage::says(locale, schedule.week)
    );
    let mut blocks = vec![Block::section(&text)];
    if schedule.week == WeekMode::Off {
        return Message::new(&text, blocks);
    }
    let ask = "Somebody can open it with a few words of their own. Whom shall I ask?";
    blocks.push(Block::context_text(ask));
    blocks.push(Block::actions(vec![
        Input::user(&format!("{ASK_NOTE}{monday}"), None).into(),
    ]));
    Message::new(&format!("{text} {ask}"), blocks)
}

/// Somebody was asked for the opening note.
pub fn note_asked<N: Names>(_: Locale, names: &N, whom: &UserId) -> Message {
    Message::sentence(&format!(
        "{} gets a message with a draft to change. What comes back goes out on Monday, in each channel's own morning.",
        escape(&names.name(whom))
    ))
}

/// To the person who is asked.
pub fn note_wanted<N: Names>(_: Locale, names: &N, by: &UserId, monday: Day) -> Message {
    let text = format!(
        "{} asks you to open Customer Service Week, {}, with a few sentences. They go out under your name, in each \
         channel's own morning.",
        bold(&names.name(by)),
        span(monday)
    );
    Message::new(
        &text,
        vec![
            Block::section(&text),
            Block::actions(vec![
                Button::new("Write it", WRITE_NOTE, "Write it: the opening note of the week")
                    .value(&monday.to_string())
                    .primary()
                    .into(),
            ]),
        ],
    )
}

/// The form of the opening note.
pub fn note_form(_: Locale, monday: Day, draft: &str) -> View {
    View::modal(
        "Opening note",
        NOTE_FORM,
        vec![
            Block::input("What do you want to say?", Input::text(NOTE, true, draft, MOST_NOTE)).hint(
                "This is a draft to replace. It stands above Monday's question, under your name; you can change it until \
                 then.",
            ),
        ],
    )
    .submit("Save")
    .close("Cancel")
    .private_metadata(&monday.to_string())
}

/// The note is kept.
pub fn note_kept(_: Locale, monday: Day) -> Message {
    let text = format!(
        "Kept. It goes out on Monday, {}, in each channel's own morning; until then you can change it.",
        date(monday)
    );
    Message::new(
        &text,
        vec![
            Block::section(&text),
            Block::actions(vec![
                Button::new("Change it", WRITE_NOTE, "Change it: the opening note of the week")
                    .value(&monday.to_string())
                    .into(),
            ]),
        ],
    )
}

/// Nothing could be stored or read.
pub fn our_fault(_: Locale) -> Message {
    Message::sentence("I couldn't do this just now, and it's my side, not yours. Try it again in a minute.")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_quiet_week_promises_no_numbers() {
        let lead = "The week is over. Here is what came together:";
        let week = |numbers| wrap_up(Locale::En, lead, &numbers).text().to_owned();
        assert_snapshot!(week(Numbers::default()), @"Customer Service Week: The week is over, and it was a quiet one here. The next good word takes ten seconds.");
        assert_snapshot!(week(Numbers { answers: 1, answerers: 1, ..Numbers::default() }), @"
        Customer Service Week: The week is over. Here is what came together:
        • One answer from one person
        ");
    }
}
