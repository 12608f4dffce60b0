//! What cards show and answer after they were posted: who joined in, the menu, what is put right.

use super::{Names, UNDO, Voice, capital, masked, passed_on, say, value_line, your_words};
use crate::base::calendar::{Day, date, local_day, local_time};
use crate::base::ids::{ChannelId, KudosId, UserId};
use crate::base::text::{list_names, shorten, thousands};
use crate::kudos::rules::MOST_CHARACTERS;
use crate::kudos::{Announced, Decided, Edited, Hidden, Joined, Receiver, Reported, Sent, ThankedBack};
use crate::slack::blocks::{Block, Button, Choice, Element, Input, Menu, Message, View};
use crate::slack::mrkdwn::{bold, channel as channel_link, escape, quote};
use crate::workspace::Locale;

/// The button that joins in; its value is the kudos' id.
pub const ME_TOO: &str = "kudos.me_too";
/// The card's menu; the value of an option is its word, a space, and the kudos' id.
pub const MENU: &str = "kudos.menu";
/// The button that shows a hidden name again; its value is the kudos' id.
pub const SHOW: &str = "kudos.show";
/// The button by which a steward removes a kudos; its value is the kudos' id.
pub const REMOVE: &str = "kudos.remove";
/// The button by which a steward keeps what was reported; its value is the kudos' id.
pub const KEEP: &str = "kudos.keep";
/// The button that opens the form for other words; its value is the kudos' id.
pub const WORDS: &str = "kudos.words";
/// The button that takes a kudos back until its month closes; its value is the kudos' id.
pub const TAKE_BACK: &str = "kudos.take_back";
/// The button that adds a value; its value is the kudos' id, a space, and the value.
pub const ADD_VALUE: &str = "kudos.value";
/// The button that announces in the recognition channel; its value is the kudos' id.
pub const ANNOUNCE: &str = "kudos.announce";
/// The button that opens the form for thanks back; its value is the kudos' id.
pub const THANKS: &str = "kudos.thanks";
/// The button that asks for one's switches.
pub const NOTIFICATIONS: &str = "home.notifications";

/// Names that stand on a card; the menu names all.
const NAMED: usize = 3;

/// The words of the menu's options, in their order.
pub const WHO: &str = "who";
/// See [`WHO`].
pub const EDIT: &str = "words";
/// See [`WHO`].
pub const HIDE: &str = "hide";
/// See [`WHO`].
pub const REPORT: &str = "report";
/// See [`WHO`].
pub const TAKE_DOWN: &str = "remove";

/// What the public card shows.
pub struct Card<'a> {
    /// For its buttons.
    pub kudos: &'a KudosId,
    /// Who thanks.
    pub giver: &'a UserId,
    /// The words are a customer's; the giver passes them on.
    pub is_customers: bool,
    /// Whom, as far as they may be named.
    pub receivers: &'a [Receiver],
    /// The words.
    pub reason: &'a str,
    /// Values, without `#`.
    pub values: &'a [String],
    /// Who joined in, the first one first.
    pub joined: &'a [UserId],
}

/// The public card; a customer's words are quoted, and passed on by the giver.
pub fn card<N: Names>(_: Locale, names: &N, card: &Card<'_>) -> Message {
    let (mut shown, mut text) = said(names, card.giver, card.is_customers, card.receivers);
    if !card.is_customers {
        shown.insert_str(0, ":clap: ");
    }
    say(&mut text, &mut shown, card.reason);
    let mut blocks = Block::paragraphs(&shown);
    let who = names.giver(card.giver);
    if card.is_customers {
        text.push_str(&format!(" Passed on by {}.", escape(&who)));
        blocks.push(passed_on(names, card.giver));
    }
    add_tail(names, card.values, card.joined, &mut text, &mut blocks);
    let me_too = Button::new("Me too", ME_TOO, &format!("Me too: join in {who}'s thanks")).value(card.kudos.as_str());
    blocks.push(Block::actions(vec![me_too.into(), menu(card.kudos)]));
    Message::new(&text, blocks)
}

/// Who said it about whom: with bold names, and in words.
fn said<N: Names>(names: &N, giver: &UserId, is_customers: bool, receivers: &[Receiver]) -> (String, String) {
    let whom: Vec<String> = receivers
        .iter()
        .map(|receiver| bold(&names.receiver(receiver)))
        .collect();
    let (whom, plain) = (list_names(&whom), names.receivers(receivers));
    if is_customers {
        (
            format!("A customer said about {whom}"),
            format!("A customer said about {plain}"),
        )
    } else {
        let who = names.giver(giver);
        (
            format!("{} thanked {whom}", bold(&who)),
            format!("{} thanked {plain}", escape(&who)),
        )
    }
}

/// Slack shows one menu to everybody, so what an option may do is decided when it is chosen.
fn menu(kudos: &KudosId) -> Element {
    let option = |text: &str, word: &str| Choice::new(text, &format!("{word} {kudos}"));
    let options = vec![
        option("Who joined in", WHO),
        option("Edit words", EDIT),
        option("Hide", HIDE),
        option("Report", REPORT),
        option("Remove", TAKE_DOWN),
    ];
    Menu::new(MENU, options).into()
}

/// Values, and who joined in.
pub(super) fn add_tail<N: Names>(
    names: &N,
    values: &[String],
    joined: &[UserId],
    text: &mut String,
    blocks: &mut Vec<Block>,
) {
    let values = value_line(values);
    let joined = me_too(names, joined);
    if !values.is_empty() {
        text.push_str(&format!(" ({values})"));
    }
    if let Some(joined) = &joined {
        text.push_str(&format!(". {joined}"));
    }
    let line: Vec<String> = Some(values)
        .filter(|line| !line.is_empty())
        .into_iter()
        .chain(joined)
        .collect();
    if !line.is_empty() {
        blocks.push(Block::context_text(&line.join(" · ")));
    }
}

fn me_too<N: Names>(names: &N, joined: &[UserId]) -> Option<String> {
    let mut listed: Vec<String> = joined.iter().take(NAMED).map(|member| names.name(member)).collect();
    if joined.len() > NAMED {
        listed.push(format!("{} more", joined.len() - NAMED));
    }
    (!listed.is_empty()).then(|| format!("Me too: {}", escape(&list_names(&listed))))
}

/// What came of a click on *Me too*.
pub fn joined(_: Locale, outcome: Joined) -> Message {
    Message::sentence(match outcome {
        Joined::In => "You joined in. Your name is there in a moment; a second click takes it away.",
        Joined::Out => "You're out again. Your name is gone in a moment.",
        Joined::Giver => "These are your own words, so your name is on them already.",
        Joined::Receiver => "These thanks are for you, so joining in is for the others.",
        Joined::Stranger => "Only people of this workspace can join in. Nothing has changed.",
        Joined::Gone => "This one was taken back, so there is nothing left to join.",
    })
}

/// Everybody who joined in.
pub fn who_joined<N: Names>(_: Locale, names: &N, joined: &[UserId]) -> Message {
    Message::sentence(&match joined {
        [] => "Nobody has joined in yet. *Me too* on the card is one click.".to_owned(),
        people => format!("{} joined in.", names.list(people)),
    })
}

/// What came of other words or of a value more. `typed` is given back where it would be lost.
pub fn edited(voice: &Voice<'_>, outcome: &Edited, typed: &str) -> Message {
    let text = match outcome {
        Edited::Done { masked: hidden, .. } => {
            let mut text = "Changed, everywhere it stands.".to_owned();
            if !hidden.is_empty() {
                text.push_str(&format!(" I left out what looked like {}.", masked(hidden)));
            }
            text
        }
        Edited::Unchanged => "That is what it says already. Nothing has changed.".to_owned(),
        Edited::NotYours => "Only the person who gave a kudos can change its words. Nothing has changed.".to_owned(),
        Edited::Closed { given_at } => format!(
            "That was on {}, and its month is closed, so the words stay. A steward can still change them.",
            date(local_day(*given_at, voice.zone))
        ),
        Edited::Gone => "That one is taken back already. Nothing else has changed.".to_owned(),
        Edited::Empty => "A kudos is its words. What happened, and whom did it help?".to_owned(),
        Edited::TooLong(characters) => format!(
            "That's {} characters and a kudos holds {}. {}",
            thousands(*characters),
            thousands(MOST_CHARACTERS),
            your_words(typed)
        ),
        Edited::TooFewWords(least) => format!(
            "This workspace asks for at least {least} words: what happened, and whom did it help? {}",
            your_words(typed)
        ),
    };
    Message::sentence(&text)
}

/// A value was added to what was just given. *Undo* stays while it works.
pub fn value_added(_: Locale, value: &str, kudos: &KudosId, may_undo: bool) -> Message {
    with_undo(&format!("#{} is on it now.", escape(value)), kudos, may_undo)
}

/// What came of *Announce in #kudos*. *Undo* stays while it works.
pub fn announced(
    _: Locale,
    outcome: Announced,
    channel: Option<&ChannelId>,
    kudos: &KudosId,
    may_undo: bool,
) -> Message {
    let place = channel.map_or_else(|| "the recognition channel".to_owned(), channel_link);
    match outcome {
        Announced::Done => with_undo(&format!("On its way to {place}."), kudos, may_undo),
        Announced::NotYours => {
            Message::sentence("Only the person who gave a kudos decides where it is told. Nothing has changed.")
        }
        Announced::Gone => Message::sentence("That one is taken back already. Nothing else has changed."),
        Announced::Nowhere => {
            Message::sentence("There is no recognition channel at the moment, so it stays where it is.")
        }
    }
}

fn with_undo(text: &str, kudos: &KudosId, may_undo: bool) -> Message {
    let mut blocks = vec![Block::section(text)];
    if may_undo {
        let undo = Button::new("Undo", UNDO, "Undo this kudos").value(kudos.as_str());
        blocks.push(Block::actions(vec![undo.into()]));
    }
    Message::new(text, blocks)
}

/// What came of *Hide*, with the way back.
pub fn hidden(locale: Locale, outcome: Hidden, kudos: &KudosId) -> Message {
    let text = match outcome {
        Hidden::Done { card_goes: true } => "The card goes, and nothing quotes these words. They still count.",
        Hidden::Done { card_goes: false } => {
            "Your name leaves the card, and nothing quotes these words for you. They still count."
        }
        Hidden::Shown => "Your name is back in a moment.",
        Hidden::NotYours => {
            "Only somebody who is thanked here can hide their name. If something is wrong with it, choose Report."
        }
        Hidden::Gone => "This one was taken back, so there is nothing left to hide.",
    };
    let mut blocks = vec![Block::section(text)];
    if matches!(outcome, Hidden::Done { .. }) {
        blocks.push(Block::actions(vec![show_again(locale, kudos)]));
    }
    Message::new(text, blocks)
}

/// The way back after *Hide*.
pub(super) fn show_again(_: Locale, kudos: &KudosId) -> Element {
    Button::new("Show my name again", SHOW, "Show my name again on the card")
        .value(kudos.as_str())
        .into()
}

/// What whoever reported hears.
pub fn reported(_: Locale, outcome: Reported) -> Message {
    Message::sentence(match outcome {
        Reported::Told => {
            "Thank you. The people who look after Plaudit here will see it; nobody learns that it was you."
        }
        Reported::NoStewards => {
            "Nobody looks after Plaudit here yet, so I can't pass it on. A workspace admin can delete the card."
        }
        Reported::Gone => "This one was taken back already.",
    })
}

/// Whether a reported kudos still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has decided.
    Open,
    /// A steward keeps it.
    Kept,
    /// It was removed or taken back.
    Gone,
}

/// What a steward gets when something was reported.
pub struct Report<'a> {
    /// For its buttons.
    pub kudos: &'a KudosId,
    /// Who thanked.
    pub giver: &'a UserId,
    /// Whom.
    pub receivers: &'a [Receiver],
    /// The words.
    pub reason: &'a str,
    /// Where its card stands; `None` without one.
    pub channel: Option<&'a ChannelId>,
    /// Whether it still stands.
    pub standing: Standing,
}

/// What a steward gets when something was reported. Who reported it is in no message.
pub fn report<N: Names>(_: Locale, names: &N, report: &Report<'_>) -> Message {
    if report.standing == Standing::Gone {
        return Message::sentence("Somebody reported a kudos. It is gone by now.");
    }
    let place = report
        .channel
        .map_or_else(String::new, |channel| format!(" in {}", channel_link(channel)));
    let head = match report.standing {
        Standing::Kept => format!("Somebody reported this kudos{place}; a steward keeps it."),
        _ => format!("Somebody reported this kudos{place}. Should it stay?"),
    };
    let (about, mut in_words) = said(names, report.giver, false, report.receivers);
    in_words.push_str(&format!(": {}", escape(report.reason)));
    let text = format!("{head} {in_words}");
    let mut blocks = vec![Block::section(&head)];
    blocks.extend(Block::paragraphs(&format!("{about}\n{}", quote(report.reason))));
    let who = names.name(report.giver);
    let mut buttons = vec![remove_button(report.kudos, &who)];
    if report.standing == Standing::Open {
        let keep = Button::new("Keep", KEEP, &format!("Keep {who}'s kudos")).value(report.kudos.as_str());
        buttons.push(keep.into());
    }
    blocks.push(Block::actions(buttons));
    Message::new(&text, blocks)
}

fn remove_button(kudos: &KudosId, giver: &str) -> Element {
    Button::new("Remove", REMOVE, &format!("Remove {giver}'s kudos"))
        .value(kudos.as_str())
        .danger()
        .into()
}

/// Asks a steward who chose *Remove* whether it is meant: it can't be undone.
pub fn really_remove<N: Names>(_: Locale, names: &N, kudos: &KudosId, giver: &UserId) -> Message {
    let text = format!(
        "Card, DMs, quotes and counts go, and {} hears that a steward removed it. That can't be undone.",
        names.list([giver])
    );
    let button = remove_button(kudos, &names.name(giver));
    Message::new(&text, vec![Block::section(&text), Block::actions(vec![button])])
}

/// What a steward hears, and who isn't one.
pub fn decided<N: Names>(_: Locale, names: &N, outcome: &Decided) -> Message {
    Message::sentence(&match outcome {
        Decided::Removed { receivers } => format!(
            "Removed: the kudos for {} is gone and no longer counts. The audit log keeps that it was you.",
            names.receivers(receivers)
        ),
        Decided::Kept => "Kept. Nothing has changed, and the other stewards see that it is decided.".to_owned(),
        Decided::NotASteward => {
            "Only a steward can remove a kudos. If something is wrong with it, choose Report; nobody learns that it \
             was you."
                .to_owned()
        }
        Decided::Gone => "That one is gone already. Nothing else has changed.".to_owned(),
    })
}

/// A receiver's words to the giver.
pub fn thanked_back<N: Names>(_: Locale, names: &N, receiver: &UserId, words: &str, reason: &str) -> Message {
    let about = format!("For \"{}\"", escape(&shorten(reason, ABOUT)));
    let text = format!("{} thanks you back: {}. {about}", names.list([receiver]), escape(words));
    let mut blocks = Block::paragraphs(&format!(
        "{} thanks you back\n{}",
        bold(&names.name(receiver)),
        quote(words)
    ));
    blocks.push(Block::context_text(&about));
    Message::new(&text, blocks)
}

/// Characters that remind somebody of what they said.
const ABOUT: usize = 140;

/// What the receiver hears who thanked back.
pub fn thanks_sent<N: Names>(_: Locale, names: &N, giver: &UserId, outcome: &ThankedBack, typed: &str) -> Message {
    let who = names.list([giver]);
    Message::sentence(&match outcome {
        ThankedBack::Done { masked: hidden } if hidden.is_empty() => format!("{who} has your words."),
        ThankedBack::Done { masked: hidden } => {
            format!("{who} has your words. I left out what looked like {}.", masked(hidden))
        }
        ThankedBack::Already => format!("{who} has your thanks already; once is enough."),
        ThankedBack::NotYours => "Only somebody who is thanked can thank back. Nothing was sent.".to_owned(),
        ThankedBack::Gone => "This one was taken back, so nothing was sent.".to_owned(),
        ThankedBack::Empty => format!("What would you like to tell {who}? Nothing was sent yet."),
        ThankedBack::TooLong(characters) => format!(
            "That's {} characters and a message holds {}. {}",
            thousands(*characters),
            thousands(MOST_CHARACTERS),
            your_words(typed)
        ),
    })
}

/// The block of the one field in the forms for words and for thanks back.
pub const FIELD: &str = "words";

/// The form for other words. `metadata` comes back with it.
pub fn words_form(_: Locale, words: &str, metadata: &str) -> View {
    let field = Input::text(FIELD, true, words, MOST_CHARACTERS);
    let input = Block::input("What happened?", field).hint("What did they do, for whom, and what came of it?");
    View::modal("Edit words", WORDS, vec![input])
        .submit("Save")
        .close("Cancel")
        .private_metadata(metadata)
}

/// The form for thanks back. `metadata` comes back with it.
pub fn thanks_form<N: Names>(_: Locale, names: &N, giver: &UserId, metadata: &str) -> View {
    let field = Input::text(FIELD, true, "", MOST_CHARACTERS);
    let input = Block::input(&format!("Your words to {}", names.name(giver)), field).hint("Only they read it.");
    View::modal("Say thanks back", THANKS, vec![input])
        .submit("Send")
        .close("Cancel")
        .private_metadata(metadata)
}

/// A form didn't open in time; nothing was typed yet.
pub fn once_more(_: Locale) -> Message {
    Message::sentence("The form didn't open in time, and it's my side, not yours. Please click once more.")
}

/// `/kudos sent`: the giver's latest, and what may still be put right.
pub fn sent<N: Names>(voice: &Voice<'_>, names: &N, sent: &[Sent]) -> Message {
    if sent.is_empty() {
        return Message::sentence(&format!(
            "You haven't given anything yet. A first one takes ten seconds: {} @someone for …",
            escape(voice.command)
        ));
    }
    let head = "Your latest, newest first. Words can be changed and kudos taken back until their month closes.";
    let mut text = head.to_owned();
    let mut blocks = vec![Block::section(head)];
    for one in sent {
        let when = format!(
            "{}, {}",
            date(local_day(one.given_at, voice.zone)),
            local_time(one.given_at, voice.zone)
        );
        let whom: Vec<String> = one
            .receivers
            .iter()
            .map(|receiver| bold(&names.receiver(receiver)))
            .collect();
        let words = shorten(&one.reason, LISTED);
        text.push_str(&format!(
            "\n{when}: {}: {}",
            names.receivers(&one.receivers),
            escape(&words)
        ));
        blocks.push(Block::section(&format!(
            "{when} · {}\n{}",
            list_names(&whom),
            quote(&words)
        )));
        if one.is_open {
            let whom: Vec<String> = one.receivers.iter().map(|receiver| names.receiver(receiver)).collect();
            let whom = list_names(&whom);
            let edit = Button::new("Edit words", WORDS, &format!("Edit words for {whom}"));
            let back = Button::new("Take back", TAKE_BACK, &format!("Take back the kudos for {whom}"));
            blocks.push(Block::actions(vec![
                edit.value(one.kudos.as_str()).into(),
                back.value(one.kudos.as_str()).into(),
            ]));
        } else {
            blocks.push(Block::context_text(
                "Its month is closed; a steward can still change it.",
            ));
        }
    }
    Message::new(&text, blocks)
}

/// Characters of a kudos in the list of `/kudos sent`.
const LISTED: usize = 300;

// Cards that don't stand on their own.

/// The post that a day's cards stand under, with its off switch.
pub fn opening(_: Locale, day: Day, command: &str) -> Message {
    let head = format!("*{}* :seedling:", day.date().format("%A, %-d %B"));
    let line = format!(
        "Today's thanks are in this thread. Yours takes ten seconds: {} @someone for …",
        escape(command)
    );
    let off = off_switch(command);
    let text = format!("{}: {line} {off}", day.date().format("%A, %-d %B"));
    Message::new(
        &text,
        vec![Block::section(&format!("{head}\n{line}")), Block::context_text(&off)],
    )
}

fn off_switch(command: &str) -> String {
    format!("A steward can switch this post off: {} settings", escape(command))
}

/// One kudos of a round-up.
pub struct Told<'a, N> {
    /// The names of everybody in it.
    pub names: &'a N,
    /// For its menu.
    pub kudos: &'a KudosId,
    /// Who thanked.
    pub giver: &'a UserId,
    /// The words are a customer's; the giver passes them on.
    pub is_customers: bool,
    /// Whom, as far as they may be named.
    pub receivers: &'a [Receiver],
    /// The words.
    pub reason: &'a str,
    /// Values, without `#`.
    pub values: &'a [String],
}

/// Characters of a kudos in a round-up; longer ones stand whole in its thread.
const IN_ROUNDUP: usize = 280;
/// Kudos that one round-up tells in full: Slack takes 50 blocks and about 12,000 characters in a message.
const IN_FULL: usize = 30;

/// Whether the one at this place of a round-up needs a card of its own in the thread.
pub fn is_cut_in_roundup(reason: &str, place: usize) -> bool {
    place >= IN_FULL || shorten(reason, IN_ROUNDUP) != reason
}

/// What was given since the last working morning, in one post.
pub fn roundup<N: Names>(_: Locale, command: &str, told: &[Told<'_, N>]) -> Message {
    let head = "*What we thanked each other for* :seedling:";
    let mut text = "What we thanked each other for.".to_owned();
    let mut blocks = vec![Block::section(head)];
    let mut is_cut = false;
    for (place, one) in told.iter().enumerate() {
        is_cut |= is_cut_in_roundup(one.reason, place);
        if place >= IN_FULL {
            continue;
        }
        let words = shorten(one.reason, IN_ROUNDUP);
        let values = value_line(one.values);
        let after = if values.is_empty() {
            String::new()
        } else {
            format!("\n{values}")
        };
        let (head, mut in_words) = said(one.names, one.giver, one.is_customers, one.receivers);
        if !words.is_empty() {
            in_words.push_str(&format!(": {}", escape(&words)));
        }
        text.push_str(&format!("\n{in_words}"));
        if !values.is_empty() {
            text.push_str(&format!(" ({values})"));
        }
        let by = if one.is_customers {
            format!("\npassed on by {}", one.names.list([one.giver]))
        } else {
            String::new()
        };
        let section = format!("{head}\n{}{by}{after}", quote(&words));
        blocks.push(Block::section_with(&section, menu(one.kudos)));
    }
    if is_cut {
        text.push_str("\nThe long ones are in the thread.");
        blocks.push(Block::context_text("The long ones are in the thread."));
    }
    let off = off_switch(command);
    text.push_str(&format!("\n{off}"));
    blocks.push(Block::context_text(&off));
    Message::new(&text, blocks)
}

/// When a round-up comes, from `today`: `today's`, `tomorrow's`, `Monday's`.
pub(super) fn whose_roundup(_: Locale, today: Day, morning: Day) -> String {
    match morning.days_since(today) {
        0 => "today's".to_owned(),
        1 => "tomorrow's".to_owned(),
        _ => capital(&format!("{}'s", morning.date().format("%A"))),
    }
}
