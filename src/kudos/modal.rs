//! The form for giving: what it shows, what comes back, and what stands beside a field that must be put right. Pure.

use serde::{Deserialize, Serialize};

use super::messages::{Names, Voice, renewal};
use super::rules::{MOST_CHARACTERS, MOST_RECEIVERS, Refusal};
use super::waiting::Waiting;
use super::{Announce, Effect, Receiver, Source};
use crate::base::ids::{ChannelId, GroupId, MessageTs, UserId};
use crate::base::text::{list_names, thousands};
use crate::slack::blocks::{Block, Choose, Input, View};
use crate::slack::inbound::ViewState;
use crate::workspace::{Locale, Value};

/// Names the form among all views.
pub const CALLBACK: &str = "kudos.give";
/// The field with the people who are thanked.
pub const PEOPLE: &str = "people";
/// The field with the teams that are thanked; only where user groups are known.
pub const TEAMS: &str = "teams";
/// The field with the reason.
pub const WORDS: &str = "words";
/// The field with the values.
pub const VALUES: &str = "values";
/// The field with the channel.
pub const PLACE: &str = "place";
/// The field with what else there is to say.
pub const ALSO: &str = "also";
/// What a customer said, among it.
pub const CUSTOMER: &str = "customer";

const ONLY_THEM: &str = "only_them";
const LATER: &str = "later";

/// As many values as this are boxes to tick; more are a menu.
const VISIBLE: usize = 10;

/// What a form opens with.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// What is filled in.
    pub waiting: &'a Waiting,
    /// The user groups that can be thanked, with their names.
    pub teams: &'a [(GroupId, String)],
    /// The workspace's values.
    pub values: &'a [Value],
    /// Whether there is an allowance.
    pub has_allowance: bool,
    /// Where it would be announced if nobody chose, as far as that is known.
    pub place: Option<&'a ChannelId>,
}

/// What comes back with the form: ids, and how it came to be open.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<MessageTs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<(MessageTs, Effect)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<ChannelId>,
}

/// The form.
pub fn view(_: Locale, form: &Form<'_>) -> View {
    let waiting = form.waiting;
    let is_customers = waiting.source == Some(Source::Customer);
    let people: Vec<UserId> = waiting.receivers.iter().filter_map(Receiver::member).cloned().collect();
    let who = Block::input(
        "Who helped?",
        Input::users(PEOPLE, &people, MOST_RECEIVERS).placeholder("Pick one or more"),
    );
    let mut teams = form.teams.to_vec();
    let groups: Vec<&GroupId> = waiting.receivers.iter().filter_map(Receiver::group).collect();
    for group in &groups {
        if !teams.iter().any(|(id, _)| id == *group) {
            teams.push(((*group).clone(), group.to_string()));
        }
    }
    let mut blocks = if teams.is_empty() {
        vec![who]
    } else {
        let options = teams.iter().map(|(id, name)| Choose::new(name, id.as_str())).collect();
        let chosen: Vec<&str> = groups.iter().map(|id| id.as_str()).collect();
        let teams = Input::selects(TEAMS, options, &chosen);
        vec![who.optional(), Block::input("Or a whole team", teams).optional()]
    };
    let words = Input::text(WORDS, true, &waiting.reason, MOST_CHARACTERS)
        .placeholder("calming the refund storm with a full queue");
    blocks
        .push(Block::input("What did they do?", words).hint("What was it, for whom, and what was better afterwards?"));
    let options: Vec<Choose> = form.values.iter().map(value).collect();
    if !options.is_empty() {
        let values = if options.len() > VISIBLE {
            Input::selects(VALUES, options, &waiting.values)
        } else {
            Input::checkboxes(VALUES, options, &waiting.values)
        };
        blocks.push(Block::input("What it shows", values).optional());
    }
    let chosen = match &waiting.announce {
        Announce::In(channel) => Some(channel),
        _ => form.place,
    };
    blocks.push(
        Block::input("Announce it in", Input::channel(PLACE, chosen).placeholder("As usual"))
            .hint("Empty: where kudos are announced here. What you say in a private place stays there.")
            .optional(),
    );
    let mut also = vec![
        Choose::new("A customer said this", CUSTOMER)
            .about("Quoted, passed on by you. Please leave the customer's name out."),
        Choose::new("Only they hear it", ONLY_THEM).about("No card, a direct message alone."),
    ];
    if form.has_allowance {
        let later = Choose::new("If I have none left today, send it tomorrow at 9:00", LATER);
        also.push(later);
    }
    let mut ticked = Vec::new();
    ticked.extend(is_customers.then_some(CUSTOMER));
    ticked.extend((waiting.announce == Announce::Dm).then_some(ONLY_THEM));
    blocks.push(Block::input("And", Input::checkboxes(ALSO, also, &ticked)).optional());
    let metadata = Metadata {
        source: waiting
            .source
            .map(|source| if is_customers { Source::Shortcut } else { source }),
        channel: waiting.channel.clone(),
        thread: waiting.thread.clone(),
        effect: waiting.effect.clone(),
        place: form.place.cloned(),
    };
    View::modal("Give kudos", CALLBACK, blocks)
        .submit("Give")
        .close("Cancel")
        // Ids always serialise.
        .private_metadata(&serde_json::to_string(&metadata).unwrap_or_default())
}

fn value(value: &Value) -> Choose {
    let name = if value.emoji.is_empty() {
        format!("#{}", value.name)
    } else {
        format!(":{}: #{}", value.emoji, value.name)
    };
    Choose::new(&name, &value.name).about(&value.meaning)
}

/// What somebody filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// What they want to give; the words are as typed.
    pub waiting: Waiting,
    /// To be sent tomorrow if the allowance doesn't cover it.
    pub later: bool,
    /// A channel was chosen, and that nobody but the receivers hears it, too.
    pub is_contradictory: bool,
}

/// Reads what came back.
pub fn read(view: &ViewState) -> Submitted {
    let metadata: Metadata = serde_json::from_str(&view.private_metadata).unwrap_or_default();
    let fields = &view.fields;
    let also = fields.options(ALSO);
    let ticked = |option: &str| also.iter().any(|ticked| ticked == option);
    let people = fields.users(PEOPLE).into_iter().map(Receiver::Member);
    let teams = fields.options(TEAMS).into_iter().map(|id| Receiver::Group(GroupId(id)));
    let chosen = fields
        .conversations(PLACE)
        .pop()
        .filter(|place| Some(place) != metadata.place.as_ref());
    let waiting = Waiting {
        receivers: people.chain(teams).collect(),
        ambiguous: Vec::new(),
        reason: fields.text(WORDS).unwrap_or_default(),
        values: fields.options(VALUES),
        source: Some(if ticked(CUSTOMER) {
            Source::Customer
        } else {
            metadata.source.unwrap_or(Source::Modal)
        }),
        channel: metadata.channel,
        thread: metadata.thread,
        effect: metadata.effect,
        announce: match &chosen {
            _ if ticked(ONLY_THEM) => Announce::Dm,
            Some(channel) => Announce::In(channel.clone()),
            None => Announce::Default,
        },
    };
    Submitted {
        waiting,
        later: ticked(LATER),
        is_contradictory: ticked(ONLY_THEM) && chosen.is_some(),
    }
}

/// The form is being saved, and nobody need wait.
pub fn saving(_: Locale) -> View {
    let text = "Saving. No need to send it again; I'll confirm in a moment.";
    View::modal("Give kudos", "kudos.saving", vec![Block::section(text)]).close("Close")
}

/// It couldn't be saved: the field and the sentence.
pub fn our_fault(_: Locale) -> (&'static str, String) {
    let text =
        "I couldn't save this just now, and it's my side, not yours. Nothing is lost: give it again in a minute.";
    (WORDS, text.to_owned())
}

/// A channel and "only they hear it" at once.
pub fn contradictory(_: Locale) -> (&'static str, String) {
    (
        PLACE,
        "You also ticked \"Only they hear it\". Empty this field, or untick that.".to_owned(),
    )
}

/// The chosen channel can't be posted to.
pub fn not_postable(_: Locale, is_shared: bool) -> (&'static str, String) {
    let text = if is_shared {
        "This channel is shared with another company, and a steward hasn't let me post there. Choose another one."
    } else {
        "I may not post there. Invite me with /invite @Plaudit, or choose another channel."
    };
    (PLACE, text.to_owned())
}

/// The allowance doesn't cover it. The form can still send it tomorrow.
pub fn short(voice: &Voice<'_>, needs: i64, left: i64) -> (&'static str, String) {
    let remedy = if voice.allowance.is_some_and(|allowance| needs <= allowance) {
        "Tick \"send it tomorrow\" below, or thank fewer people."
    } else {
        "Thank fewer people, or thank them as a team."
    };
    let text = format!(
        "This needs {needs} and you have {left} left today.{} {remedy}",
        renewal(voice)
    );
    (PEOPLE, text)
}

/// Why it can't be given: the field it is about, and the plain sentence that stands there.
pub fn beside<N: Names>(_: Locale, names: &N, refusal: &Refusal) -> (&'static str, String) {
    let list = |people: &[UserId]| list_names(&people.iter().map(|id| names.name(id)).collect::<Vec<_>>());
    let one = |people: &[UserId], one: &str, several: &str| (if people.len() == 1 { one } else { several }).to_owned();
    match refusal {
        Refusal::NoPerson => (PEOPLE, "Whom would you like to thank? Pick at least one person.".to_owned()),
        Refusal::NoWords(_) => (WORDS, "What did they do? A few words make it worth keeping.".to_owned()),
        Refusal::Everyone(_) => (PEOPLE, "Thanks land better by name. Whom do you mean?".to_owned()),
        Refusal::GroupUnseen(_) => (
            TEAMS,
            "I may not see who is in that team: an admin hasn't granted me usergroups:read. Pick the people.".to_owned(),
        ),
        Refusal::GroupEmpty(handle) => (TEAMS, format!("There is nobody in @{handle} any more. Pick the people.")),
        Refusal::GroupUnheard => (
            PLACE,
            "A team gets no direct messages, so it wouldn't hear of it. Choose a channel where I am.".to_owned(),
        ),
        Refusal::Unknown(_) | Refusal::Ambiguous(..) => {
            (PEOPLE, "I can't find one of these in this Slack. Pick again.".to_owned())
        }
        Refusal::OnlySelf => (PEOPLE, "Kudos are for others. Tell me who helped you, and I'll pass it on.".to_owned()),
        Refusal::OnlyBots(bots) => {
            let are = one(bots, "is an app, so it can't be thanked", "are apps, so they can't be thanked");
            (PEOPLE, format!("{} {are}. Pick a person.", list(bots)))
        }
        Refusal::OnlyLeft(gone) => {
            let no = one(gone, "no longer works", "no longer work");
            (PEOPLE, format!("{} {no} in this Slack. Pick somebody who is here.", list(gone)))
        }
        Refusal::OnlyStrangers(people) => {
            let work = one(people, "works", "work");
            (PEOPLE, format!("{} {work} for another company, and kudos stay in this one.", list(people)))
        }
        Refusal::OnlyForgotten => (
            PEOPLE,
            "Somebody you picked asked me to keep nothing about them, so I can't pass it on. Say it to them yourself."
                .to_owned(),
        ),
        Refusal::YouAreForgotten => (
            PEOPLE,
            "You asked me to forget you, so I keep nothing of yours, and can't take this either.".to_owned(),
        ),
        Refusal::OnlyGuests(people) => {
            let are = one(people, "is a guest", "are guests");
            (
                PEOPLE,
                format!("{} {are} of one channel, and this workspace leaves those out.", list(people)),
            )
        }
        Refusal::MayNotGive => (
            PEOPLE,
            "In this workspace, guests can be thanked but don't give kudos; ask one of Plaudit's stewards to change that."
                .to_owned(),
        ),
        Refusal::TooFewWords(least) => (
            WORDS,
            format!("This workspace asks for at least {least} words: what happened, and whom did it help?"),
        ),
        Refusal::TooMany(people) => (
            PEOPLE,
            format!("That's {people}, and one kudos thanks up to {MOST_RECEIVERS}. Give it in two, or name those who did the most."),
        ),
        Refusal::TooLong(characters) => (
            WORDS,
            format!(
                "That's {} characters and a kudos holds {}.",
                thousands(*characters),
                thousands(MOST_CHARACTERS)
            ),
        ),
    }
}
