//! What stewards manage prompts with: the list, the form, the preview.

use chrono_tz::Tz;

use super::weekday;
use crate::base::calendar::{Day, date, local_day, local_time};
use crate::base::clock::Instant;
use crate::base::ids::ChannelId;
use crate::prompts::pack::Packs;
use crate::prompts::plan::Planned;
use crate::prompts::schedule::{Schedule, WeekMode};
use crate::slack::blocks::{Block, Button, Choice, Choose, Input, Menu, Message, View};
use crate::slack::mrkdwn::{bold, channel as channel_link, escape};
use crate::workspace::{Locale, Settings, Silence};

/// Opens the form of a new schedule.
pub const NEW: &str = "prompts.new";
/// Opens the form of a prompt of one's own; the value is a schedule's id.
pub const WRITE: &str = "prompts.write";
/// Opens the form of all prompts of one's own.
pub const ALL_OWN: &str = "prompts.own_all";
/// Posts the next prompt of a schedule now. The two below alike.
pub const POST_NOW: &str = "prompts.post_now";
/// Another prompt in the place of today's.
pub const SWAP: &str = "prompts.swap";
/// What else can be done with a schedule: the value is one of the words below and the schedule's id.
pub const MORE: &str = "prompts.more";
/// Changes it.
pub const EDIT: &str = "edit";
/// Shows the next ten.
pub const PREVIEW: &str = "preview";
/// Leaves out the next day.
pub const SKIP: &str = "skip";
/// Stops it.
pub const PAUSE: &str = "pause";
/// Lets it go on.
pub const RESUME: &str = "resume";
/// Deletes it.
pub const DELETE: &str = "delete";

/// The form of a schedule.
pub const FORM: &str = "prompts.form";
/// The second look at it, before it is saved.
pub const SURE: &str = "prompts.sure";
/// The form of a prompt of one's own.
pub const OWN_FORM: &str = "prompts.own";
/// The form of all prompts of one's own.
pub const ALL_OWN_FORM: &str = "prompts.all_own";

/// The form's fields.
pub const CHANNEL: &str = "channel";
/// When, as people write it.
pub const WHEN: &str = "when";
/// An IANA zone.
pub const ZONE: &str = "zone";
/// A pack's name.
pub const PACK: &str = "pack";
/// Days that are left out, one a line.
pub const SKIP_DAYS: &str = "skip_days";
/// A region's calendar of holidays.
pub const HOLIDAYS: &str = "holidays";
/// Days of the week that are worked.
pub const WORKING: &str = "working";
/// How late it may be posted, in hours.
pub const GRACE: &str = "grace";
/// How Customer Service Week is marked.
pub const WEEK_MODE: &str = "week";
/// The Monday that the week is moved to.
pub const WEEK_START: &str = "week_start";
/// The text of a prompt of one's own.
pub const TEXT: &str = "text";
/// Its theme.
pub const THEME: &str = "theme";

/// Schedules that a list shows; Slack takes 50 blocks a message.
pub const MOST_SHOWN: usize = 12;
/// The most days that a schedule leaves out.
pub const MOST_SKIPPED: usize = 100;
/// The longest grace, in hours.
pub const MOST_GRACE: i64 = 24;
/// The longest prompt, in characters.
pub const MOST_TEXT: usize = 300;
/// Characters of all prompts of one's own in their form; Slack takes no more in a field.
pub const MOST_LINES: usize = 3_000;

/// One schedule as a list shows it.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// The schedule.
    pub schedule: &'a Schedule,
    /// Its next three days.
    pub next: &'a [Instant],
}

/// "Tue 2 June"
fn short_day(day: Day) -> String {
    format!("{} {}", day.date().format("%a"), date(day))
}

/// "Tue 2 June, Wed 3 June, Thu 4 June"
fn dates(next: &[Instant], zone: Tz) -> String {
    if next.is_empty() {
        return "never again".to_owned();
    }
    let days: Vec<String> = next.iter().map(|at| short_day(local_day(*at, zone))).collect();
    days.join(", ")
}

/// How a week is marked, in a few words.
pub(super) fn says(_: Locale, mode: WeekMode) -> &'static str {
    match mode {
        WeekMode::Full => "everything",
        WeekMode::Light => "one post a day",
        WeekMode::Off => "not marked",
    }
}

fn title(packs: &Packs, pack: &str) -> String {
    packs.get(pack).map_or_else(
        || format!("{} (this pack is missing, so nothing is posted)", escape(pack)),
        |pack| escape(&pack.title),
    )
}

/// "Mondays to Fridays at 09:30, Europe/Berlin; A year of service; without the holidays of Germany, Bayern"
fn rule(schedule: &Schedule, packs: &Packs) -> String {
    let mut text = format!(
        "{}, {}; {}",
        schedule.cron.words(),
        schedule.zone.name(),
        title(packs, &schedule.pack)
    );
    if let Some(region) = &schedule.holidays {
        text.push_str(&format!("; without the holidays of {}", region.name()));
    }
    text
}

/// `/kudos prompts`, for a steward.
pub fn list(locale: Locale, settings: &Settings, packs: &Packs, listed: &[Listed<'_>], said: Option<&str>) -> Message {
    let mut blocks: Vec<Block> = said.map(Block::section).into_iter().collect();
    let mut text: Vec<String> = said.map(str::to_owned).into_iter().collect();
    if let Some(Silence { .. }) = &settings.silence {
        let quiet = format!(
            "Automatic posts are stopped, so none of these is posted: {} settings.",
            escape(&settings.command)
        );
        blocks.push(Block::section(&quiet));
        text.push(quiet);
    }
    if listed.is_empty() {
        let none =
            "No prompts yet. One question each working day keeps a channel talking: choose a channel and a time.";
        blocks.push(Block::section(none));
        text.push(none.to_owned());
    }
    for Listed { schedule, next } in listed.iter().take(MOST_SHOWN) {
        let state = if schedule.is_on {
            format!("Next: {}", dates(next, schedule.zone))
        } else {
            "Paused".to_owned()
        };
        let week = format!("Customer Service Week: {}", says(locale, schedule.week));
        let channel = channel_link(&schedule.channel);
        let rule = rule(schedule, packs);
        blocks.push(Block::section(&format!(
            "{}\n{rule}\n{state}. {week}.",
            bold_channel(&schedule.channel)
        )));
        text.push(format!("{channel}: {rule}. {state}. {week}."));
        blocks.push(Block::actions(buttons(schedule)));
    }
    if listed.len() > MOST_SHOWN {
        let more = format!(
            "And {} more. To see one: {} prompts and the channel's name.",
            listed.len() - MOST_SHOWN,
            escape(&settings.command)
        );
        blocks.push(Block::context_text(&more));
        text.push(more);
    }
    blocks.push(Block::actions(vec![
        Button::new("New schedule", NEW, "New schedule of prompts").into(),
        Button::new(
            "Your own prompts",
            ALL_OWN,
            "Your own prompts: write, change and delete them",
        )
        .into(),
    ]));
    Message::new(&text.join(" "), blocks)
}

fn bold_channel(channel: &ChannelId) -> String {
    format!("*{}*", channel_link(channel))
}

fn buttons(schedule: &Schedule) -> Vec<crate::slack::blocks::Element> {
    let id = schedule.id.as_str();
    let entry = |text: &str, what: &str| Choice::new(text, &format!("{what} {id}"));
    let mut more = vec![entry("Change", EDIT), entry("Preview the next ten", PREVIEW)];
    if schedule.is_on {
        more.push(entry("Skip the next day", SKIP));
        more.push(entry("Pause", PAUSE));
    } else {
        more.push(entry("Resume", RESUME));
    }
    more.push(entry("Delete", DELETE));
    vec![
        Button::new("Post now", POST_NOW, "Post now: a prompt of this schedule")
            .value(id)
            .into(),
        Button::new("Swap today's or next", SWAP, "Swap today's or next prompt for another")
            .value(id)
            .into(),
        Button::new("Write one", WRITE, "Write one of your own")
            .value(id)
            .into(),
        Menu::new(MORE, more).into(),
    ]
}

/// Somebody else asks for the prompts.
pub fn not_a_steward(_: Locale, names: &str, command: &str) -> Message {
    Message::sentence(&if names.is_empty() {
        format!(
            "Nobody looks after Plaudit here yet. An admin of this workspace can: {} setup",
            escape(command)
        )
    } else {
        format!("Prompts are for stewards to change: ask {names}.")
    })
}

/// What a form holds.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// The channel.
    pub channel: Option<ChannelId>,
    /// When, as it was typed.
    pub when: String,
    /// The zone, as it was typed.
    pub zone: String,
    /// The pack's name.
    pub pack: String,
    /// Days that are left out, one a line.
    pub skip: String,
    /// The region, as it was typed.
    pub holidays: String,
    /// Days of the week that are worked, as `mon`.
    pub working: Vec<String>,
    /// How late it may be posted, in hours.
    pub grace: i64,
    /// `full`, `light` or `off`.
    pub week: String,
    /// The Monday that the week was moved to, `YYYY-MM-DD`.
    pub week_start: Option<String>,
}

/// The days of the week, as they are stored and as they are read.
const DAYS: [(&str, &str); 7] = [
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];

/// The form of a schedule; `metadata` says which one it changes.
pub fn form(_: Locale, packs: &Packs, filled: &Filled, metadata: &str) -> View {
    let choose_pack: Vec<Choose> = packs
        .names()
        .filter_map(|name| packs.get(name))
        // Customer Service Week comes by itself.
        .filter(|pack| pack.wrap_up.is_empty())
        .map(|pack| Choose::new(&pack.title, &pack.name))
        .collect();
    let days: Vec<Choose> = DAYS.iter().map(|(value, name)| Choose::new(name, value)).collect();
    let weeks = vec![
        Choose::new("Everything", "full").about("Two posts a day, and a wrap-up on Friday."),
        Choose::new("One post a day", "light").about("The week's question in the place of the usual one."),
        Choose::new("Not at all", "off"),
    ];
    View::modal(
        "Prompts",
        FORM,
        vec![
            Block::input("Where?", Input::channel(CHANNEL, filled.channel.as_ref())),
            Block::input("When?", Input::text(WHEN, false, &filled.when, 100)).hint(
                "As in: weekdays 9:30. Or: every Tuesday and Thursday at 14:00. Or a cron expression: 30 9 * * 1-5",
            ),
            Block::input("In which time zone?", Input::text(ZONE, false, &filled.zone, 60))
                .hint("As in Europe/Berlin. Summer time is kept."),
            Block::input("Which prompts?", Input::select(PACK, choose_pack, Some(&filled.pack))),
            Block::input(
                "Which days are worked?",
                Input::checkboxes(WORKING, days, &filled.working),
            ),
            Block::input(
                "Whose public holidays are left out?",
                Input::text(HOLIDAYS, false, &filled.holidays, 20),
            )
            .optional()
            .hint("A country, for what is a holiday all over it, or a region: DE, DE-BY, GB-ENG."),
            Block::input(
                "Which other days are left out?",
                Input::text(SKIP_DAYS, true, &filled.skip, 1_200),
            )
            .optional()
            .hint("One a line, as in 2026-12-24."),
            Block::input(
                "How many hours late may one be posted?",
                Input::number(GRACE, Some(filled.grace), 0, MOST_GRACE),
            )
            .hint("Later than that it is left out, and you are asked."),
            Block::input(
                "Customer Service Week",
                Input::radio(WEEK_MODE, weeks, Some(&filled.week)),
            )
            .hint("Monday to Friday from the first Monday of October."),
            Block::input(
                "Its Monday, where it was moved",
                Input::date(WEEK_START, filled.week_start.as_deref()),
            )
            .optional(),
        ],
    )
    .submit("Next")
    .close("Cancel")
    .private_metadata(metadata)
}

/// What was understood, before it is saved: with its next three days, and with another schedule that the channel has.
pub fn sure(
    _: Locale,
    schedule: &Schedule,
    packs: &Packs,
    (next, other): (&[Instant], Option<&Schedule>),
    metadata: &str,
) -> View {
    let mut understood = format!(
        "{}\n{}\nNext: {}.",
        bold_channel(&schedule.channel),
        rule(schedule, packs),
        dates(next, schedule.zone)
    );
    if let Some(other) = other {
        understood.push_str(&format!(
            "\nIt has another schedule already ({}); with this one, its people are asked by both.",
            rule(other, packs)
        ));
    }
    View::modal(
        "Prompts",
        SURE,
        vec![
            Block::section(&understood),
            Block::context_text("Is that what you meant?"),
        ],
    )
    .submit("Save")
    .close("Cancel")
    .private_metadata(metadata)
}

/// The next ten, as they are now.
pub fn preview(_: Locale, schedule: &Schedule, planned: &[Planned]) -> View {
    let mut blocks: Vec<Block> = Vec::new();
    for one in planned {
        blocks.push(Block::section(&format!(
            "{}, {} · {} {}\n{}",
            short_day(local_day(one.at, schedule.zone)),
            local_time(one.at, schedule.zone),
            bold(&one.theme),
            one.emoji,
            one.text
        )));
    }
    if blocks.is_empty() {
        blocks.push(Block::section("Nothing is planned: this schedule never comes again."));
    }
    View::modal("The next ten", "prompts.preview", blocks).close("Close")
}

/// The form of a prompt of one's own. `themes` are those of the schedule's pack, as (id, name).
pub fn own_form(_: Locale, themes: &[(String, String)], metadata: &str) -> View {
    let mut choose = vec![Choose::new("The next one that comes", "next")];
    choose.extend(themes.iter().map(|(id, name)| Choose::new(name, id)));
    View::modal(
        "A prompt of your own",
        OWN_FORM,
        vec![
            Block::input("What do you want to ask?", Input::text(TEXT, true, "", MOST_TEXT))
                .hint("One question that can be answered from yesterday's shift in two minutes."),
            Block::input("On which day?", Input::select(THEME, choose, Some("next")))
                .hint("It comes before the others of its theme, once in each channel."),
        ],
    )
    .submit("Save")
    .close("Cancel")
    .private_metadata(metadata)
}

/// The form of all prompts of one's own, one a line; `left` others don't fit and stay as they are.
pub fn all_own_form(_: Locale, lines: &str, left: usize, metadata: &str) -> View {
    let mut hint = "One a line. With the name of a theme before it, as in \"Tip Tuesday: Which sentence …?\", it comes on \
                    that day. Yours come before the pack's, once in each channel; a line that you delete is asked no more."
        .to_owned();
    if left > 0 {
        hint.push_str(&format!(" These are the latest; {left} older ones stay as they are."));
    }
    View::modal(
        "Your own prompts",
        ALL_OWN_FORM,
        vec![
            Block::input("What do you want to ask?", Input::text(TEXT, true, lines, MOST_LINES))
                .hint(&hint)
                .optional(),
        ],
    )
    .submit("Save")
    .close("Cancel")
    .private_metadata(metadata)
}

/// A line is too long; plain.
pub fn line_too_long(_: Locale, line: usize) -> String {
    format!("Line {line} has more than {MOST_TEXT} characters. Make it shorter; it is a question, not a briefing.")
}

/// Two lines say the same; plain.
pub fn said_before(_: Locale, line: usize, before: usize) -> String {
    format!("Line {line} asks what line {before} asks.")
}

/// What was done, above the list.
pub fn saved(_: Locale, schedule: &Schedule) -> String {
    format!("Saved: prompts in {}.", channel_link(&schedule.channel))
}

/// The same for a schedule that goes.
pub fn deleted(_: Locale, schedule: &Schedule) -> String {
    format!(
        "Deleted. No more prompts in {}; what was posted stays.",
        channel_link(&schedule.channel)
    )
}

/// The same for one that was paused or goes on.
pub fn turned(_: Locale, schedule: &Schedule) -> String {
    let what = if schedule.is_on { "go on" } else { "are paused" };
    format!("Prompts in {} {what}.", channel_link(&schedule.channel))
}

/// The same for a day that is left out.
pub fn skipped(_: Locale, schedule: &Schedule, day: Day) -> String {
    format!(
        "{}, {}, is left out in {}.",
        weekday(day),
        date(day),
        channel_link(&schedule.channel)
    )
}

/// The same for another prompt; `text` is the one that comes now.
pub fn swapped(_: Locale, channel: &ChannelId, text: &str) -> String {
    format!("In {} it is now: {text}", channel_link(channel))
}

/// The same for all of one's own.
pub fn kept_all_own(_: Locale, (new, gone): (usize, usize)) -> String {
    match (new, gone) {
        (0, 0) => "Your own prompts are as they were.".to_owned(),
        (new, 0) => format!("Kept: {new} new of your own."),
        (0, 1) => "Kept: 1 of your own is asked no more.".to_owned(),
        (0, gone) => format!("Kept: {gone} of your own are asked no more."),
        (new, 1) => format!("Kept: {new} new of your own, and 1 is asked no more."),
        (new, gone) => format!("Kept: {new} new of your own, and {gone} are asked no more."),
    }
}

/// The same for one of one's own, as it is posted (mrkdwn).
pub fn kept_own(_: Locale, text: &str) -> String {
    format!("Kept. It comes before the others: {text}")
}

/// Somebody deleted the schedule meanwhile.
pub fn gone(_: Locale) -> &'static str {
    "That schedule was deleted meanwhile."
}

/// Nothing is left to swap to.
pub fn no_other(_: Locale) -> &'static str {
    "There is no other prompt to put in its place."
}

/// There is nothing to post.
pub fn nothing_to_post(_: Locale) -> &'static str {
    "This schedule's pack has nothing to post."
}

/// A zone that doesn't exist; plain, for beside an input.
pub fn no_zone(_: Locale) -> &'static str {
    "I don't know that zone. Write it with its continent, as in Europe/Berlin."
}

/// A line that is no day; plain.
pub fn no_day(_: Locale, line: usize) -> String {
    format!("Line {line} is no day. Write each as in 2026-12-24.")
}

/// Too many days; plain.
pub fn too_many_days(_: Locale) -> String {
    format!("At most {MOST_SKIPPED} days can be left out.")
}

/// No Monday; plain.
pub fn no_monday(_: Locale) -> &'static str {
    "That is no Monday. Choose the week's Monday, or leave it empty."
}

/// No day is worked; plain.
pub fn no_working_day(_: Locale) -> &'static str {
    "Choose at least one day."
}

/// No channel; plain.
pub fn no_channel(_: Locale) -> &'static str {
    "Choose a channel."
}

/// A channel that another company reads; plain.
pub fn shared(_: Locale) -> &'static str {
    "That channel is shared with another company. A steward can let me post there in the settings."
}

/// No whole number of hours; plain.
pub fn no_grace(_: Locale) -> String {
    format!("A whole number from 0 to {MOST_GRACE}, please.")
}

/// It never comes; plain.
pub fn never(_: Locale) -> &'static str {
    "With these days left out, it would never come. Check the days and the time."
}

/// Nothing could be stored; plain.
pub fn not_saved(_: Locale) -> &'static str {
    "I couldn't save this just now, and it's my side, not yours. Nothing you typed is lost; save it again in a minute."
}

/// A form couldn't be opened, because Slack's three seconds were over or Slack didn't answer.
pub fn not_opened(_: Locale) -> &'static str {
    "Slack didn't let me open that in time. Click it again."
}

/// How a paused schedule goes on.
pub fn to_go_on(_: Locale, command: &str) -> String {
    format!("To let them go on: {} prompts.", escape(command))
}

/// No note; plain.
pub fn no_note(_: Locale) -> &'static str {
    "Write a sentence or two."
}

/// No text; plain.
pub fn no_text(_: Locale) -> &'static str {
    "Write a question."
}
