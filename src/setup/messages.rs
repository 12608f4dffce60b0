//! What stewards read: settings, forms, the first steps, hello.

pub(super) mod teams;

use super::fields::SURE;
use super::{Field, Known};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, UserId};
use crate::prompts::messages::manage::NEW as NEW_PROMPTS;
use crate::slack::blocks::{Block, Button, Choose, Input, Message, View};
use crate::slack::mrkdwn::{bold, channel as channel_link, escape};
use crate::workspace::audit::Entry;
use crate::workspace::{Locale, Settings};

/// Begins the action id of each *Change* button; the field's name follows. Its value says where the form leads: empty, or
/// [`FIRST`].
pub const CHANGE: &str = "setup.change.";
/// Begins the callback id of each form; the field's name follows.
pub const FORM: &str = "setup.form.";
/// Stops every automatic post, or lets them go on (value `on`, `off`).
pub const QUIET: &str = "setup.quiet";
/// Shows the latest changes.
pub const HISTORY: &str = "setup.history";
/// The list of channels in the first step.
pub const PICK: &str = "setup.pick";
/// Goes on with the first steps; the value is the step to begin at.
pub const STEP: &str = "setup.step";
/// Takes the suggested emoji.
pub const SUGGESTED: &str = "setup.emoji";
/// The emoji that is suggested.
pub const KUDOS_EMOJI: &str = "kudos";
/// The value of a *Change* button that was clicked in the first steps.
pub const FIRST: &str = "first";

fn change(locale: Locale, field: Field, text: &str, value: &str) -> Button {
    let label = format!("{text}: {}", field.title(locale));
    Button::new(text, &format!("{CHANGE}{}", field.name()), &label).value(value)
}

/// "2 June, 14:02"
fn moment(at: Instant, known: &Known) -> String {
    at.utc().with_timezone(&known.zone).format("%-d %B, %H:%M").to_string()
}

fn quiet(settings: &Settings, known: &Known) -> (String, Button) {
    match &settings.silence {
        None => (
            "nothing is stopped".to_owned(),
            Button::new("Stop them all", QUIET, "Stop them all: every automatic post")
                .value("on")
                .confirmed(
                    "Stop every automatic post?",
                    "Prompts, digests, round-ups and hellos stop at once. Kudos go on.",
                    "Stop them",
                ),
        ),
        Some(silence) => (
            format!(
                "stopped by {} since {}",
                known.name(&silence.by),
                moment(silence.since, known)
            ),
            Button::new("Let it post again", QUIET, "Let it post again by itself").value("off"),
        ),
    }
}

/// Below in a steward's Home.
pub(super) fn section(settings: &Settings, known: &Known) -> Vec<Block> {
    let mut blocks = vec![
        Block::header("Settings"),
        Block::context_text("Only stewards see and change these."),
    ];
    blocks.extend(rows(settings, known));
    blocks
}

/// Every setting: what it is now, and a button to change it.
fn rows(settings: &Settings, known: &Known) -> Vec<Block> {
    let mut blocks: Vec<Block> = Field::ALL
        .into_iter()
        .map(|field| {
            let says = format!("*{}:* {}", field.title(known.locale), field.says(settings, known));
            Block::section_with(&says, change(known.locale, field, "Change", ""))
        })
        .collect();
    let says = format!("*Teams:* {}", teams::says(settings, known));
    blocks.push(Block::section_with(&says, teams::change(known.locale)));
    let (says, button) = quiet(settings, known);
    blocks.push(Block::section_with(&format!("*Automatic posts:* {says}"), button));
    blocks.push(Block::actions(vec![
        Button::new("History", HISTORY, "History: who changed which setting, and when").into(),
    ]));
    blocks
}

/// `/kudos settings`, for a steward.
pub(super) fn settings(settings: &Settings, known: &Known) -> Message {
    let mut text: Vec<String> = Field::ALL
        .into_iter()
        .map(|field| format!("{}: {}.", field.title(known.locale), field.says(settings, known)))
        .collect();
    text.push(format!("Teams: {}.", teams::says(settings, known)));
    text.push(format!("Automatic posts: {}.", quiet(settings, known).0));
    Message::new(&text.join(" "), rows(settings, known))
}

/// Somebody else asks for the settings; a lead can still say who of their teams is away.
pub(super) fn not_a_steward(settings: &Settings, known: &Known, user: &UserId) -> Message {
    if let Some(leads) = teams::leads(known, user) {
        let text = format!("{leads} {} may change the settings.", look_after(settings, known));
        let blocks = vec![
            Block::section(&text),
            Block::actions(vec![teams::who_is_away(known.locale).into()]),
        ];
        return Message::new(&text, blocks);
    }
    let command = escape(&settings.command);
    Message::sentence(&if settings.stewards.is_empty() {
        format!("Nobody looks after Plaudit here yet. An admin of this workspace can: {command} setup")
    } else {
        format!("{} may change that; ask there.", look_after(settings, known))
    })
}

/// "Priya looks after Plaudit here and"
fn look_after(settings: &Settings, known: &Known) -> String {
    let names = known.names(&settings.stewards);
    let look = if settings.stewards.len() == 1 { "looks" } else { "look" };
    format!("{names} {look} after Plaudit here and")
}

/// The same beside an input, plain.
pub(super) fn no_longer_a_steward(settings: &Settings, known: &Known) -> String {
    format!(
        "You are no steward any more. {} may change this.",
        look_after(settings, known)
    )
}

/// Nothing could be stored or read.
pub(super) fn our_fault(_: Locale) -> Message {
    Message::sentence("I couldn't do this just now, and it's my side, not yours. Try it again in a minute.")
}

/// The same beside an input, plain.
pub(super) fn not_saved(_: Locale) -> &'static str {
    "I couldn't save this just now, and it's my side, not yours. Nothing you typed is lost; save it again in a minute."
}

/// A form couldn't be opened, because Slack's three seconds were over or Slack didn't answer.
pub(super) fn not_opened(_: Locale) -> Message {
    Message::sentence("Slack didn't let me open that in time. Click it again.")
}

/// The form of one field, holding what `draft` says. `above` is what must be read first; with `ask`, it must be said yes
/// to.
pub(super) fn form(
    locale: Locale,
    field: Field,
    draft: &Settings,
    above: Option<&str>,
    ask: bool,
    metadata: &str,
) -> View {
    let mut blocks: Vec<Block> = above.map(Block::section).into_iter().collect();
    blocks.extend(field.inputs(locale, draft));
    if ask {
        let yes = Choose::new("Yes, use it all the same", "yes");
        blocks.push(Block::input("Are you sure?", Input::checkboxes(SURE, vec![yes], &[""; 0])).optional());
    }
    View::modal(field.title(locale), &format!("{FORM}{}", field.name()), blocks)
        .submit("Save")
        .close("Cancel")
        .private_metadata(metadata)
}

/// Somebody saved meanwhile.
pub(super) fn meanwhile(field: Field, now: &Settings, known: &Known) -> String {
    format!(
        "Somebody changed this while you had it open. It is now: {}. Below is yours; save again to put it in its place.",
        field.says(now, known)
    )
}

/// A channel that another company can read.
pub(super) fn is_shared(_: Locale, channel: &ChannelId) -> String {
    format!(
        "{} is shared with another company: its people will read every card there, and can be thanked there.",
        channel_link(channel)
    )
}

/// The same in the first steps, where nobody can be asked to say yes.
pub(super) fn is_shared_yet(locale: Locale, channel: &ChannelId, command: &str) -> String {
    format!(
        "{} To use it all the same, choose it in {} settings.",
        is_shared(locale, channel),
        escape(command)
    )
}

/// Somebody who can't be a steward; plain.
pub(super) fn no_person(_: Locale) -> &'static str {
    "Stewards are people of this workspace: no apps, nobody who left, no guests."
}

/// The latest changes.
pub(super) fn history(settings: &Settings, entries: &[Entry], known: &Known) -> View {
    let mut blocks: Vec<Block> = entries
        .iter()
        .map(|entry| Block::section(&line(settings, entry, entries, known)))
        .collect();
    if blocks.is_empty() {
        blocks.push(Block::section("Nothing has been changed here yet."));
    }
    View::modal("History", "setup.history", blocks).close("Close")
}

fn line(settings: &Settings, entry: &Entry, all: &[Entry], known: &Known) -> String {
    let who = if entry.who == UserId::default() {
        "Somebody".to_owned()
    } else {
        bold(&known.name(&entry.who))
    };
    let head = format!("{} · {who}", moment(entry.at, known));
    if let Some((title, says)) = teams::history(entry, all, known) {
        return format!("{head} · {title}\n{says}");
    }
    let Some(name) = entry.what.strip_prefix("setting.") else {
        return format!("{head} · {}", what(&entry.what));
    };
    let tell = |value: &serde_json::Value| {
        let as_it_was = settings.with_field(name, &value.to_string())?;
        Some(match Field::of_setting(name) {
            Some(field) => field.says(&as_it_was, known),
            None if name == "silence" => quiet(&as_it_was, known).0,
            None => return None,
        })
    };
    let title = Field::of_setting(name).map_or("Automatic posts", |field| field.title(known.locale));
    match (tell(&entry.before), tell(&entry.after)) {
        (Some(before), Some(after)) => format!("{head} · {title}\n{before} → {after}"),
        _ => format!("{head} · {}", what(name)),
    }
}

/// The names of the people in a list that the log keeps.
fn history_names(value: &serde_json::Value, known: &Known, nobody: &str) -> String {
    let people: Vec<UserId> = serde_json::from_value(value.clone()).unwrap_or_default();
    if people.is_empty() {
        nobody.to_owned()
    } else {
        known.names(&people)
    }
}

/// What was done that is no setting, as it is called in the log.
fn what(name: &str) -> String {
    escape(&name.replace(['.', '_'], " "))
}

// The first steps.

/// The first: where thanks are announced. `said` comes before.
pub(super) fn ask_channel(_: Locale, settings: &Settings, said: &str) -> Message {
    let text =
        format!("{said}Where are thanks announced? Pick the channel that most people read; I'll post each card there.");
    Message::new(
        &text,
        vec![
            Block::section(text.trim()),
            Block::actions(vec![
                Input::channel(PICK, settings.channel.as_ref())
                    .placeholder("Pick a channel")
                    .into(),
                Button::new(
                    "Where they are given",
                    STEP,
                    "Where they are given: no channel for cards",
                )
                .value("emoji")
                .into(),
            ]),
        ],
    )
}

/// The second: the app must be in it.
pub(super) fn ask_invitation(_: Locale, channel: &ChannelId) -> Message {
    let text = format!(
        "{} it is. I'm not in it yet: type /invite @Plaudit there, then come back here.",
        channel_link(channel)
    );
    Message::new(
        &text,
        vec![
            Block::section(&text),
            Block::actions(vec![
                Button::new("Done", STEP, "Done, I have invited Plaudit")
                    .value("invite")
                    .primary()
                    .into(),
                Button::new("Later", STEP, "Later: invite Plaudit")
                    .value("emoji")
                    .into(),
                Button::new("Another channel", STEP, "Another channel for cards")
                    .value("channel")
                    .into(),
            ]),
        ],
    )
}

/// The third: an emoji, or none.
pub(super) fn ask_emoji(locale: Locale) -> Message {
    let text = format!(
        "Shall an emoji give kudos, too, beside a name or as a reaction? Best one of your own: once an admin has added \
         :{KUDOS_EMOJI}: to Slack, it can't be meant by accident."
    );
    Message::new(
        &text,
        vec![
            Block::section(&text),
            Block::actions(vec![
                Button::new("Use :kudos:", SUGGESTED, "Use :kudos: as the emoji that gives")
                    .primary()
                    .into(),
                change(locale, Field::Emoji, "Another one", FIRST).into(),
                Button::new("None for now", STEP, "None for now: no emoji gives kudos")
                    .value("give")
                    .into(),
            ]),
        ],
    )
}

/// The last: a first thank-you.
pub(super) fn ask_first_kudos(_: Locale, settings: &Settings) -> Message {
    let command = escape(&settings.command);
    let place = settings.channel.as_ref().map_or_else(
        || "Cards stand where kudos are given.".to_owned(),
        |channel| format!("Cards stand in {}.", channel_link(channel)),
    );
    let text = format!(
        "Ready. {place} Now say the first one, so that people see how it goes: {command} @someone for what they did. \
         Everything else is in {command} settings."
    );
    with_prompts(&text)
}

/// Nothing is left to do.
pub(super) fn all_set(_: Locale, settings: &Settings) -> Message {
    with_prompts(&format!(
        "Everything is set up. What there is to change is in {} settings.",
        escape(&settings.command)
    ))
}

/// The end of the first steps offers what makes recognition last: nothing is posted by itself until a steward says so.
fn with_prompts(text: &str) -> Message {
    let offer = "Shall I post a question each working day, to keep a channel talking?";
    Message::new(
        &format!("{text} {offer}"),
        vec![
            Block::section(text),
            Block::section_with(
                offer,
                Button::new(
                    "Choose channel and time",
                    NEW_PROMPTS,
                    "Choose channel and time of a daily question",
                ),
            ),
        ],
    )
}

/// What somebody reads first who has just become the first steward.
pub(super) fn first_steward(_: Locale) -> &'static str {
    "You look after Plaudit from now on; three short questions. "
}

/// The post by which the app says hello.
pub(super) fn hello(_: Locale, settings: &Settings) -> Message {
    let command = escape(&settings.command);
    Message::sentence(&format!(
        "Hello, I'm Plaudit: I pass thanks on. `{command} @someone for what they did` says it here, and they hear of it. \
         To send me away again: `/remove @Plaudit`."
    ))
}
