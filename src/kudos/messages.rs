//! Every sentence and block that kudos show. Text from people is escaped here, and names are written, not pinged.

mod living;
pub mod posts;

pub use living::{
    ADD_VALUE, ANNOUNCE, Card, EDIT, FIELD, HIDE, KEEP, ME_TOO, MENU, NOTIFICATIONS, REMOVE, REPORT, Report, SHOW,
    Standing, TAKE_BACK, TAKE_DOWN, THANKS, Told, WHO, WORDS, announced, card, decided, edited, hidden,
    is_cut_in_roundup, joined, once_more, opening, really_remove, report, reported, roundup, sent, thanked_back,
    thanks_form, thanks_sent, value_added, who_joined, words_form,
};

use std::collections::BTreeSet;

use chrono_tz::Tz;

use super::Receiver;
use super::rules::{LeftOut, MOST_CHARACTERS, MOST_RECEIVERS, Refusal, Target};
use super::take_back::TakenBack;
use crate::base::calendar::{Day, date, local_day, local_time};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, UserId};
use crate::base::text::{Masked, list_names, thousands};
use crate::slack::blocks::{Block, Button, Message};
use crate::slack::mrkdwn::{Broadcast, bold, channel as channel_link, escape, quote};
use crate::workspace::{Locale, Settings};

/// The button that takes a kudos back; its value is the kudos' id.
pub const UNDO: &str = "kudos.undo";
/// The button that links to the card. Slack sends a click on a link, too; there is nothing to do.
pub const SEE: &str = "kudos.see";

/// The button that opens the form; its value is a draft's id, or nothing for an empty form.
pub const OPEN: &str = "kudos.open";
/// The button on Home that opens an empty form.
pub const GIVE: &str = "kudos.give";
/// A button elsewhere that opens the form for one person; its value is the member's id.
pub const THANK: &str = "kudos.thank";
/// The button that says which person is meant; its value is a draft's id and a member's.
pub const CHOOSE: &str = "kudos.choose";
/// The button that puts a kudos off until tomorrow; its value is a draft's id.
pub const TOMORROW: &str = "kudos.tomorrow";
/// The button that calls off what was put off; its value is a draft's id.
pub const CANCEL: &str = "kudos.cancel";

/// What the words of a message depend on besides the kudos itself.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// The language.
    pub locale: Locale,
    /// The command's real name.
    pub command: &'a str,
    /// Kudos per day; `None` = no limit.
    pub allowance: Option<i64>,
    /// Where the reader lives.
    pub zone: Tz,
}

impl<'a> Voice<'a> {
    /// How somebody in `zone` is spoken to in this workspace.
    pub fn new(locale: Locale, settings: &'a Settings, zone: Tz) -> Self {
        Self {
            locale,
            command: &settings.command,
            allowance: settings.allowance,
            zone,
        }
    }
}

/// The names to write for people. Never trusted: escaped where they are written.
pub trait Names {
    /// The name of a person, whatever is known.
    fn name(&self, id: &UserId) -> String;

    /// What tells a person from others of the same name.
    fn full_name(&self, id: &UserId) -> String;

    /// The name of a person who gives.
    fn giver(&self, id: &UserId) -> String {
        self.name(id)
    }

    /// Whether a person's thanks stand on no card and are quoted nowhere.
    fn keeps_thanks_private(&self, _: &UserId) -> bool {
        false
    }

    /// Whether a person is told by DM.
    fn gets_dms(&self, _: &UserId) -> bool {
        true
    }

    /// The name of a user group.
    fn group_name(&self, id: &GroupId) -> String;

    /// The name of whoever is thanked.
    fn receiver(&self, receiver: &Receiver) -> String {
        match receiver {
            Receiver::Member(id) => self.name(id),
            Receiver::Group(id) => self.group_name(id),
        }
    }

    /// The names of several people, as a person would list them, escaped.
    fn list<'a>(&self, ids: impl IntoIterator<Item = &'a UserId>) -> String {
        escape(&list_names(
            &ids.into_iter().map(|id| self.name(id)).collect::<Vec<_>>(),
        ))
    }

    /// The names of several who are thanked, as a person would list them, escaped.
    fn receivers(&self, receivers: &[Receiver]) -> String {
        escape(&list_names(
            &receivers
                .iter()
                .map(|receiver| self.receiver(receiver))
                .collect::<Vec<_>>(),
        ))
    }
}

fn passed_on<N: Names>(names: &N, giver: &UserId) -> Block {
    Block::context_text(&format!("passed on by {}", escape(&names.giver(giver))))
}

/// Adds the words, unless they were dropped or erased.
fn say(text: &mut String, shown: &mut String, reason: &str) {
    if !reason.is_empty() {
        text.push_str(&format!(": {}", escape(reason)));
        shown.push_str(&format!("\n{}", quote(reason)));
    }
}

/// What a receiver gets.
pub struct Dm<'a> {
    /// For its buttons.
    pub kudos: &'a KudosId,
    /// Who thanked.
    pub giver: &'a UserId,
    /// The words are a customer's; the giver passes them on.
    pub is_customers: bool,
    /// The words.
    pub reason: &'a str,
    /// Values, without `#`.
    pub values: &'a [String],
    /// Who joined in, the first one first.
    pub joined: &'a [UserId],
    /// Whether this person has hidden their name on the card.
    pub is_hidden: bool,
    /// The card's link and its channel's name (empty when unknown); `None` without a card.
    pub card: Option<(&'a str, &'a str)>,
    /// The first one that this person ever gets.
    pub is_first: bool,
}

/// A receiver's private message.
pub fn dm<N: Names>(voice: &Voice<'_>, names: &N, dm: &Dm<'_>) -> Message {
    let giver = names.giver(dm.giver);
    let (mut shown, mut text) = if dm.is_customers {
        let head = "A customer said about you".to_owned();
        (head.clone(), head)
    } else {
        (
            format!("{} thanked you", bold(&giver)),
            format!("{} thanked you", escape(&giver)),
        )
    };
    say(&mut text, &mut shown, dm.reason);
    let mut blocks = Block::paragraphs(&shown);
    if dm.is_customers {
        text.push_str(&format!(" Passed on by {}.", escape(&giver)));
        blocks.push(passed_on(names, dm.giver));
    }
    living::add_tail(names, dm.values, dm.joined, &mut text, &mut blocks);
    if dm.is_first {
        let line = pass_it_on(voice);
        text.push_str(&format!(" {line}"));
        blocks.push(Block::context_text(&line));
    }
    let giver = names.name(dm.giver);
    let mut buttons = Vec::new();
    if let Some((link, name)) = dm.card {
        let label = if name.is_empty() {
            "See the card".to_owned()
        } else {
            format!("See it in #{name}")
        };
        buttons.push(
            Button::new(&label, SEE, &format!("{label}: {giver}'s thanks"))
                .url(link)
                .into(),
        );
    }
    if dm.is_hidden {
        buttons.push(living::show_again(voice.locale, dm.kudos));
    }
    let thanks = Button::new("Say thanks back", THANKS, &format!("Say thanks back to {giver}"));
    buttons.push(thanks.value(dm.kudos.as_str()).into());
    let label = "Notification settings: which messages I send you";
    buttons.push(Button::new("Notification settings", NOTIFICATIONS, label).into());
    blocks.push(Block::actions(buttons));
    Message::new(&text, blocks)
}

/// Said once, in the first DM.
fn pass_it_on(voice: &Voice<'_>) -> String {
    format!(
        "You can pass it on: type {} @someone and say why.",
        escape(voice.command)
    )
}

fn value_line(values: &[String]) -> String {
    values
        .iter()
        .map(|value| format!("#{}", escape(value)))
        .collect::<Vec<_>>()
        .join(" · ")
}

/// What the giver is told at once.
pub struct Confirmation<'a> {
    /// Whom it thanks.
    pub receivers: &'a [Receiver],
    /// Where the card goes, as far as it is known.
    pub target: &'a Target,
    /// What is left of today's allowance; `None` without a limit.
    pub left: Option<i64>,
    /// Named, but not thanked.
    pub left_out: &'a [LeftOut],
    /// The day on which it was given and the morning on which it is told, in the workspace's zone, where the recognition
    /// channel gets a round-up.
    pub roundup: Option<(Day, Day)>,
    /// The name of the recognition channel (empty when unknown) where it could be announced, too.
    pub announce_in: Option<&'a str>,
    /// Fewer words than are worth keeping.
    pub few_words: bool,
    /// Values that were nearly written.
    pub near_values: &'a [String],
    /// What was masked.
    pub masked: &'a BTreeSet<Masked>,
    /// For *Undo*.
    pub kudos: &'a KudosId,
}

/// The private confirmation with what is left today and *Undo*.
pub fn confirmation<N: Names>(voice: &Voice<'_>, names: &N, given: &Confirmation<'_>) -> Message {
    let who = names.receivers(given.receivers);
    let have = if given.receivers.len() == 1 {
        "has it"
    } else {
        "have it"
    };
    let by_dm = by_dm(names, given.receivers);
    let private = private(names, given.receivers);
    // Who keeps thanks private isn't on the card that the others see.
    let shown: Vec<Receiver> = given
        .receivers
        .iter()
        .filter(|receiver| !receiver.member().is_some_and(|id| names.keeps_thanks_private(id)))
        .cloned()
        .collect();
    let who_is_shown = names.receivers(&shown);
    let left = match (given.left, voice.allowance) {
        (Some(0), Some(allowance)) => Some(format!(
            "that was your last one today; {} at midnight",
            new_ones(voice.locale, allowance).to_lowercase()
        )),
        (Some(left), _) => Some(format!("{left} left today")),
        (None, _) => None,
    };
    let inline = left.as_ref().map_or_else(String::new, |left| format!("; {left}"));
    let own = left
        .as_ref()
        .map_or_else(String::new, |left| format!(" {}.", capital(left)));
    let first = match given.target {
        _ if shown.is_empty() => format!("{by_dm} {}{own}", private.as_deref().unwrap_or_default()),
        Target::Recognition(channel) if given.roundup.is_some() => {
            let whose = given.roundup.map_or_else(String::new, |(today, morning)| {
                living::whose_roundup(voice.locale, today, morning)
            });
            format!(
                "{who_is_shown} will see it. It will be in {whose} round-up in {}{inline}.",
                channel_link(channel)
            )
        }
        Target::Recognition(channel) | Target::Public(channel) => {
            format!("{who_is_shown} will see it. It's in {}{inline}.", channel_link(channel))
        }
        Target::Private(_) => format!("{who} {have}. It stays in this channel{inline}."),
        Target::Unknown(_) => format!("{who} will see it{inline}."),
        Target::NotPostable => format!(
            "{by_dm} I'm not in this channel, so there is no card; /invite @Plaudit if you'd like one here.{own}"
        ),
        Target::Shared => {
            format!("{by_dm} This channel is shared with another company, so there is no card.{own}")
        }
        Target::Nowhere => format!("{by_dm}{own}"),
    };
    let mut lines = vec![first];
    if !shown.is_empty() && given.target.channel().is_some() {
        lines.extend(private);
    }
    lines.extend(given.left_out.iter().map(|out| left_out(names, out)));
    if given.few_words {
        lines.push(format!("A few more words make it worth keeping: what did {who} do?"));
    }
    if let [value, ..] = given.near_values {
        lines.push(format!("Did you mean #{}?", escape(value)));
    }
    if !given.masked.is_empty() {
        lines.push(format!("I left out what looked like {}.", masked(given.masked)));
    }
    let text = lines.join(" ");
    let label = format!(
        "Undo the kudos for {}",
        list_names(
            &given
                .receivers
                .iter()
                .map(|receiver| names.receiver(receiver))
                .collect::<Vec<_>>()
        )
    );
    let mut buttons = Vec::new();
    if given.few_words {
        let add = Button::new("Add words", WORDS, "Add words to what you just gave");
        buttons.push(add.value(given.kudos.as_str()).into());
    }
    if let [value, ..] = given.near_values {
        let add = Button::new("Yes, add it", ADD_VALUE, &format!("Yes, add it: #{value}"));
        buttons.push(add.value(&format!("{} {value}", given.kudos)).into());
    }
    if let Some(name) = given.announce_in {
        let text = if name.is_empty() {
            "Announce it in public".to_owned()
        } else {
            format!("Announce in #{name}")
        };
        let announce = Button::new(&text, ANNOUNCE, &format!("{text}, too"));
        buttons.push(announce.value(given.kudos.as_str()).into());
    }
    buttons.push(Button::new("Undo", UNDO, &label).value(given.kudos.as_str()).into());
    Message::new(&text, vec![Block::section(&text), Block::actions(buttons)])
}

fn left_out<N: Names>(names: &N, out: &LeftOut) -> String {
    match out {
        LeftOut::Yourself => "Your own name I left out.".to_owned(),
        LeftOut::Bot(id) => format!("{} is an app, so I left it out.", names.list([id])),
        LeftOut::Group(id) => {
            format!(
                "I may not see who is in {}, so I left that team out.",
                escape(&names.group_name(id))
            )
        }
        LeftOut::Stranger(id) => {
            format!(
                "{} works for another company, so I left that name out.",
                names.list([id])
            )
        }
        LeftOut::Guest(id) => format!(
            "{} is a guest of one channel, and this workspace leaves those out.",
            names.list([id])
        ),
        LeftOut::Forgotten(_) => {
            "Somebody you named asked me to keep nothing about them, so I left that name out.".to_owned()
        }
        LeftOut::Unknown(id) => format!(
            "I can't find {} in this Slack, so I left that name out.",
            names.list([id])
        ),
        LeftOut::Left(id) => format!(
            "{} no longer works in this Slack, so I left that name out.",
            names.list([id])
        ),
    }
}

fn masked(masked: &BTreeSet<Masked>) -> String {
    list_names(
        &masked
            .iter()
            .map(|what| match what {
                Masked::Card => "a card number".to_owned(),
                Masked::Email => "an e-mail address".to_owned(),
                Masked::Phone => "a phone number".to_owned(),
            })
            .collect::<Vec<_>>(),
    )
}

/// "Five new ones"; small numbers in words, as people write them.
pub fn new_ones(_: Locale, allowance: i64) -> String {
    const WORDS: [&str; 13] = [
        "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
    ];
    let number = usize::try_from(allowance)
        .ok()
        .and_then(|n| WORDS.get(n))
        .map_or_else(|| allowance.to_string(), |word| (*word).to_owned());
    let ones = if allowance == 1 { "new one" } else { "new ones" };
    format!("{number} {ones}")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The same words within ten minutes.
pub fn retyped<N: Names>(voice: &Voice<'_>, names: &N, receivers: &[Receiver], at: Instant) -> Message {
    let have = if receivers.len() == 1 { "has" } else { "have" };
    let time = local_time(at, voice.zone);
    Message::sentence(&format!(
        "You said this at {time}, so it counts once. {} {have} it.",
        names.receivers(receivers)
    ))
}

/// The allowance doesn't cover it; `draft` is what *Send it tomorrow* sends.
pub fn short(voice: &Voice<'_>, needs: i64, left: i64, typed: &str, draft: Option<&str>) -> Message {
    let text = format!(
        "This needs {needs} and you have {left} left today.{} {}",
        renewal(voice),
        your_words(typed)
    );
    let Some(draft) = draft else {
        return Message::sentence(&text);
    };
    let button = Button::new(
        "Send it tomorrow at 9:00",
        TOMORROW,
        "Send it tomorrow at 9:00: this kudos",
    )
    .value(draft);
    let mut blocks = Block::paragraphs(&text);
    blocks.push(Block::actions(vec![button.into()]));
    Message::new(&text, blocks)
}

/// When there are new ones; empty without an allowance.
pub(super) fn renewal(voice: &Voice<'_>) -> String {
    voice.allowance.map_or_else(String::new, |allowance| {
        format!(
            " {} at midnight, {}.",
            new_ones(voice.locale, allowance),
            voice.zone.name()
        )
    })
}

/// Slack didn't open the form; `draft` keeps what stands in it.
pub fn open_again(_: Locale, draft: &str) -> Message {
    let text = "Slack didn't open the form in time. What you had is kept.";
    let button = Button::new("Open it again", OPEN, "Open it again: the form for giving kudos").value(draft);
    Message::new(text, vec![Block::section(text), Block::actions(vec![button.into()])])
}

/// The same where nothing can be kept.
pub fn not_opened(_: Locale, words: &str) -> Message {
    let text = "Slack didn't open the form in time. Try again in a minute.";
    if words.trim().is_empty() {
        return Message::sentence(text);
    }
    Message::sentence(&format!("{text} {}", your_words(words)))
}

/// Several people have that name: one button for each. `draft` keeps the rest.
pub fn which<N: Names>(_: Locale, names: &N, name: &str, people: &[UserId], draft: &str) -> Message {
    let question = format!("Which {}?", escape(name.trim_start_matches('@')));
    let each: Vec<String> = people.iter().map(|id| names.full_name(id)).collect();
    let buttons = people.iter().zip(&each).map(|(id, name)| {
        Button::new(name, CHOOSE, &format!("I mean {name}"))
            .value(&format!("{draft} {id}"))
            .into()
    });
    Message::new(
        &format!(
            "{question} {}. Choose one, and it is given.",
            escape(&each.join(" or "))
        ),
        vec![Block::section(&question), Block::actions(buttons.collect())],
    )
}

/// It was put off until nine o'clock tomorrow, in the giver's zone.
pub fn put_off(voice: &Voice<'_>, draft: &str) -> Message {
    let text = format!("It goes out tomorrow at 9:00, {}.", voice.zone.name());
    let cancel = Button::new("Cancel", CANCEL, "Cancel what was to be sent tomorrow").value(draft);
    Message::new(&text, vec![Block::section(&text), Block::actions(vec![cancel.into()])])
}

/// What was put off won't be sent.
pub fn called_off(_: Locale, typed: &str) -> Message {
    Message::sentence(&format!("Nothing will be sent. {}", your_words(typed)))
}

/// What was put off is on its way, or was called off.
pub fn nothing_put_off(_: Locale) -> Message {
    Message::sentence("That one no longer waits: it was sent or cancelled. Nothing has changed.")
}

/// The day after, before what became of it.
pub fn promised_yesterday(_: Locale, reason: &str) -> String {
    format!("You asked me to send this today:\n{}", quote(reason))
}

/// What stood beside a field of the form, where the form can't say it any more: the words are given back with it.
pub(super) fn put_right(_: Locale, sentence: &str, typed: &str) -> Message {
    Message::sentence(&format!("{sentence} {}", your_words(typed)))
}

/// What waited for a click is gone.
pub fn forgotten(voice: &Voice<'_>) -> Message {
    Message::sentence(&format!(
        "That waited for more than a day, so I no longer have the words. Say it again: {} @someone for …",
        escape(voice.command)
    ))
}

fn your_words(typed: &str) -> String {
    if typed.trim().is_empty() {
        return String::new();
    }
    format!("Your words: \"{}\"", escape(typed))
}

/// Why it wasn't given, and what to do about it; the typed text is given back where it would be lost.
pub fn refusal<N: Names>(voice: &Voice<'_>, names: &N, refusal: &Refusal, typed: &str) -> Message {
    let command = escape(voice.command);
    let text = match refusal {
        Refusal::NoPerson if typed.trim().is_empty() => {
            format!("Whom would you like to thank? Start with a name: {command} @someone for …")
        }
        Refusal::NoPerson => format!(
            "Whom would you like to thank? Start with a name: {command} @someone for … {}",
            your_words(typed)
        ),
        Refusal::NoWords(people) => {
            let who = names.receivers(people);
            let at: Vec<String> = people
                .iter()
                .map(|receiver| format!("@{}", names.receiver(receiver)))
                .collect();
            format!(
                "What did {who} do? Write it behind the name: {command} {} for …",
                escape(&at.join(" "))
            )
        }
        Refusal::Everyone(broadcast) => {
            let name = match broadcast {
                Broadcast::Here => "@here",
                Broadcast::Channel => "@channel",
                Broadcast::Everyone => "@everyone",
            };
            format!(
                "{name} is everyone, and thanks land better by name. Whom do you mean? {}",
                your_words(typed)
            )
        }
        Refusal::GroupUnseen(handle) => format!(
            "I may not see who is in @{}: an admin hasn't granted me usergroups:read. Name the people: {command} \
             @someone for … {}",
            escape(handle),
            your_words(typed)
        ),
        Refusal::GroupEmpty(handle) => format!(
            "There is nobody in @{} any more. Name the people: {command} @someone for … {}",
            escape(handle),
            your_words(typed)
        ),
        Refusal::GroupUnheard => format!(
            "I can't post a card here, so the team wouldn't hear of it. /invite @Plaudit, or say it where I am. {}",
            your_words(typed)
        ),
        Refusal::Unknown(name) => format!(
            "I don't know a \"{}\" here. Type @ and pick from Slack's list. {}",
            escape(name.trim_start_matches('@')),
            your_words(typed)
        ),
        Refusal::Ambiguous(name, people) => {
            let each: Vec<String> = people.iter().map(|id| names.full_name(id)).collect();
            format!(
                "Which {}? I know {}. Type @ and pick from Slack's list. {}",
                escape(name.trim_start_matches('@')),
                escape(&list_names(&each)),
                your_words(typed)
            )
        }
        Refusal::OnlySelf => {
            format!(
                "Kudos are for others. Tell me who helped you, and I'll pass it on. {}",
                your_words(typed)
            )
        }
        Refusal::OnlyBots(bots) => match bots.as_slice() {
            [bot] => format!(
                "{} is an app, so it can't be thanked. Nothing was spent. {}",
                names.list([bot]),
                your_words(typed)
            ),
            bots => format!(
                "{} are apps, so they can't be thanked. Nothing was spent. {}",
                names.list(bots),
                your_words(typed)
            ),
        },
        Refusal::OnlyLeft(gone) => {
            let no = if gone.len() == 1 {
                "no longer works"
            } else {
                "no longer work"
            };
            format!(
                "{} {no} in this Slack. Nothing was spent. {}",
                names.list(gone),
                your_words(typed)
            )
        }
        Refusal::OnlyStrangers(people) => {
            let work = if people.len() == 1 { "works" } else { "work" };
            format!(
                "{} {work} for another company, and kudos stay in this one. Nothing was spent. {}",
                names.list(people),
                your_words(typed)
            )
        }
        Refusal::OnlyForgotten => format!(
            "Somebody you named asked me to keep nothing about them, so I can't pass it on. Say it to them yourself; \
             it's worth it. Nothing was spent. {}",
            your_words(typed)
        ),
        Refusal::YouAreForgotten => format!(
            "You asked me to forget you, so I keep nothing of yours, and can't take this either. {}",
            your_words(typed)
        ),
        Refusal::OnlyGuests(people) => {
            let are = if people.len() == 1 { "is a guest" } else { "are guests" };
            format!(
                "{} {are} of one channel, and this workspace leaves those out. Nothing was spent. {}",
                names.list(people),
                your_words(typed)
            )
        }
        Refusal::MayNotGive => format!(
            "In this workspace, guests can be thanked but don't give kudos; ask one of Plaudit's stewards to change \
             that. {}",
            your_words(typed)
        ),
        Refusal::TooFewWords(least) => format!(
            "This workspace asks for at least {least} words: what happened, and whom did it help? {}",
            your_words(typed)
        ),
        Refusal::TooMany(people) => format!(
            "That's {people} people, and one kudos thanks up to {MOST_RECEIVERS}. Send it in two, or name those who \
             did the most. {}",
            your_words(typed)
        ),
        Refusal::TooLong(characters) => format!(
            "That's {} characters and a kudos holds {}. {}",
            thousands(*characters),
            thousands(MOST_CHARACTERS),
            your_words(typed)
        ),
    };
    Message::sentence(text.trim_end())
}

/// `/kudos help`.
pub fn help(voice: &Voice<'_>, values: &[String], channel: Option<&ChannelId>, is_steward: bool) -> Message {
    let command = escape(voice.command);
    let value = values
        .first()
        .map_or_else(String::new, |value| format!(" #{}", escape(value)));
    let example = format!("`{command} @dana for calming the refund storm with a full queue{value}`");
    let several = format!("`{command} @dana @lee for covering the night shift`");
    let place = channel.map_or_else(
        || "I post a card where you are".to_owned(),
        |channel| format!("I post a card in {}", channel_link(channel)),
    );
    let allowance = voice.allowance.map_or_else(String::new, |allowance| {
        format!(
            " You have {} a day, one for each person you name.",
            new_ones(voice.locale, allowance)
                .to_lowercase()
                .replace(" new ones", "")
                .replace(" new one", "")
        )
    });
    let list = if values.is_empty() {
        String::new()
    } else {
        let all = values
            .iter()
            .map(|value| format!("#{}", escape(value)))
            .collect::<Vec<_>>()
            .join(" ");
        format!("\nValues, anywhere in the text: {all}")
    };
    let steward = if is_steward {
        format!(
            "\nHow I behave here is in `{command} settings`, and what I ask each working day in `{command} prompts`."
        )
    } else {
        String::new()
    };
    Message::sentence(&format!(
        "Thank somebody, and say why:\n{example}\n{several}\n{place}, and each of them gets your words by \
         DM.{allowance}{list}\nSaid something wrong? `{command} undo` takes your last one back for ten minutes, \
         `{command} sent` shows what you gave and puts it right later.\nYour month: \
         `{command} me`. The boards: `{command} top`, `{command} top week received`.{steward}"
    ))
}

/// After *Undo* or `/kudos undo`.
pub fn taken_back<N: Names>(voice: &Voice<'_>, names: &N, outcome: &TakenBack) -> Message {
    let text = match outcome {
        TakenBack::Done {
            receivers,
            card,
            had_dms,
            left,
        } => {
            let people: Vec<&UserId> = receivers.iter().filter_map(Receiver::member).collect();
            let dms = match people.as_slice() {
                [one] => format!("{}'s DM", names.list([*one])),
                people => format!("the DMs of {}", names.list(people.iter().copied())),
            };
            let gone = match (card, *had_dms) {
                (Some(card), true) => Some(format!("It's gone from {} and {dms}", channel_link(card))),
                (Some(card), false) => Some(format!("It's gone from {}", channel_link(card))),
                (None, true) => Some(format!("It's gone from {dms}")),
                (None, false) => Some("It won't be posted".to_owned()),
            };
            let left = left.map(|left| format!("you have {left} left today"));
            let rest = [gone, left].into_iter().flatten().collect::<Vec<_>>().join(", and ");
            format!("Taken back. {rest}.")
        }
        TakenBack::TooLate { given_at } => format!(
            "That was at {}, more than ten minutes ago, so Undo has closed. {} sent still takes it back.",
            local_time(*given_at, voice.zone),
            escape(voice.command)
        ),
        TakenBack::Closed { given_at } => format!(
            "That was on {}, and its month is closed, so it stays. A steward can still remove it.",
            date(local_day(*given_at, voice.zone))
        ),
        TakenBack::Already => "That one is taken back already. Nothing else has changed.".to_owned(),
        TakenBack::NotYours => "Only the person who gave a kudos can take it back. Nothing has changed.".to_owned(),
    };
    Message::sentence(&text)
}

/// `/kudos undo` with nothing to take back.
pub fn nothing_to_take_back(voice: &Voice<'_>) -> Message {
    Message::sentence(&format!(
        "You haven't given anything that I could take back. A first one takes ten seconds: {} @someone for …",
        escape(voice.command)
    ))
}

/// A post's words gave before.
pub fn already_given(_: Locale) -> Message {
    Message::sentence("These words are a kudos already, so nothing more was spent.")
}

/// What stands in the place of a message that can't be deleted.
pub fn gone(_: Locale) -> Message {
    Message::sentence("This one was taken back.")
}

/// The same for a card that stands no longer because whom it names keeps thanks private.
pub fn withdrawn(_: Locale) -> Message {
    Message::sentence("These thanks are shown here no longer. They still count.")
}

/// The same for a message of somebody who asked to be forgotten.
pub fn erased(_: Locale) -> Message {
    Message::sentence("What stood here was erased.")
}

/// The commit takes longer than Slack waits.
pub fn saving(_: Locale) -> Message {
    Message::sentence("Saving. No need to send it again; I'll confirm in a moment.")
}

/// It couldn't be stored.
pub fn our_fault(_: Locale, typed: &str) -> Message {
    let words = if typed.trim().is_empty() {
        String::new()
    } else {
        format!(" {}", your_words(typed))
    };
    Message::sentence(&format!(
        "I couldn't save this just now, and it's my side, not yours.{words} Send it again in a minute."
    ))
}

/// Something that the giver (or a steward) must learn after the fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// The card couldn't be posted where it was given.
    NoCard {
        channel: &'a ChannelId,
        code: &'a str,
        receivers: &'a [Receiver],
    },
    /// Some of those named turned out to be no people of this workspace; they were left out.
    LeftOut {
        people: &'a [LeftOut],
        others: &'a [Receiver],
        left: Option<i64>,
    },
    /// A receiver can't get DMs from the app.
    NoDm { receiver: &'a UserId, has_card: bool },
    /// A message of a kudos that was taken back can't be removed.
    StillThere { channel: &'a ChannelId },
    /// The recognition channel can't be posted to; cards go where they are given.
    Recognition { channel: &'a ChannelId, code: &'a str },
    /// A steward removed it.
    Removed {
        receivers: &'a [Receiver],
        left: Option<i64>,
    },
}

/// Tells it.
pub fn news<N: Names>(_: &Voice<'_>, names: &N, news: &News<'_>) -> Message {
    let text = match news {
        News::NoCard {
            channel,
            code,
            receivers,
        } => format!("{} {}", by_dm(names, receivers), no_card(channel, code))
            .trim_start()
            .to_owned(),
        News::LeftOut { people, others, left } => {
            let mut lines: Vec<String> = people.iter().map(|out| left_out(names, out)).collect();
            lines.push(match others {
                [] => "So nobody was thanked, and nothing was spent.".to_owned(),
                [_] => format!("{} has it.", names.receivers(others)),
                _ => format!("{} have it.", names.receivers(others)),
            });
            lines.extend(left.map(|left| format!("You have {left} left today.")));
            lines.join(" ")
        }
        News::NoDm { receiver, has_card } => {
            let rest = if *has_card {
                "Your card stands; say it to them, too."
            } else {
                "Say it to them yourself, so that it arrives."
            };
            format!(
                "I couldn't send {} a DM: Slack doesn't let me. {rest}",
                names.list([*receiver])
            )
        }
        News::StillThere { channel } => {
            let place = if channel.is_direct_message() {
                "the direct message".to_owned()
            } else {
                channel_link(channel)
            };
            format!(
                "Your kudos is taken back and no longer counts, but Slack doesn't let me remove its message in {place}. \
                 An admin can delete it there."
            )
        }
        News::Recognition { channel, code } => format!(
            "I couldn't post in {}, the recognition channel: {}. Until that changes, cards go where they are given.",
            channel_link(channel),
            cause(code)
        ),
        News::Removed { receivers, left } => {
            let left = left.map_or_else(String::new, |left| format!(" You have {left} left today."));
            format!(
                "A steward removed your kudos for {}, and it no longer counts.{left} Ask one of them if you'd like to \
                 know why.",
                names.receivers(receivers)
            )
        }
    };
    Message::sentence(&text)
}

/// Who has it although there is no card. A team gets no DMs, nor does who doesn't want any.
fn by_dm<N: Names>(names: &N, receivers: &[Receiver]) -> String {
    let people: Vec<&UserId> = receivers.iter().filter_map(Receiver::member).collect();
    let (told, untold): (Vec<&UserId>, Vec<&UserId>) = people.iter().partition(|id| names.gets_dms(id));
    let mut lines = Vec::new();
    let who = names.list(told.iter().copied());
    match told.len() {
        0 if people.is_empty() => lines.push(format!("{} didn't hear of it.", names.receivers(receivers))),
        0 => {}
        1 => lines.push(format!("{who} has it by DM.")),
        _ => lines.push(format!("{who} have it by DM.")),
    }
    let who = names.list(untold.iter().copied());
    match untold.len() {
        0 => {}
        1 => lines.push(format!("It counts for {who}, who gets no DMs from me.")),
        _ => lines.push(format!("It counts for {who}, who get no DMs from me.")),
    }
    lines.join(" ")
}

/// Whom no card names, because they chose so.
fn private<N: Names>(names: &N, receivers: &[Receiver]) -> Option<String> {
    let people: Vec<&UserId> = receivers
        .iter()
        .filter_map(Receiver::member)
        .filter(|id| names.keeps_thanks_private(id))
        .collect();
    let who = names.list(people.iter().copied());
    let keep = if people.len() == 1 { "keeps" } else { "keep" };
    match people.len() {
        0 => None,
        n if n == receivers.len() => Some(format!("{who} {keep} thanks private, so there is no card.")),
        _ => Some(format!("{who} {keep} thanks private and won't be on the card.")),
    }
}

/// The place turned out to be shared with another company.
pub const SHARED: &str = "plaudit_shared";
/// The recognition channel can't be posted to, and where it was given there can't be a card either.
pub const NO_OTHER_PLACE: &str = "plaudit_no_other_place";

fn no_card(channel: &ChannelId, code: &str) -> String {
    match code {
        "is_archived" => format!("{} is archived, so there is no card.", channel_link(channel)),
        SHARED => format!(
            "{} is shared with another company, so there is no card.",
            channel_link(channel)
        ),
        NO_OTHER_PLACE => "There is no place where I may post a card for it just now.".to_owned(),
        "not_in_channel" | "channel_not_found" => format!(
            "I'm not in {}, so there is no card; /invite @Plaudit if you'd like one there.",
            channel_link(channel)
        ),
        _ => format!(
            "I may not post in {}, so there is no card: {}.",
            channel_link(channel),
            cause(code)
        ),
    }
}

fn cause(code: &str) -> String {
    match code {
        "is_archived" => "it is archived".to_owned(),
        SHARED => "it is shared with another company".to_owned(),
        "not_in_channel" | "channel_not_found" => "I'm not in it; /invite @Plaudit there".to_owned(),
        code if code.starts_with("restricted_action") => "an admin has restricted who may post".to_owned(),
        code => format!("Slack says {}", escape(code)),
    }
}
