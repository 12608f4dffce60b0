//! Who may be thanked, for what: pure decisions over what was typed and what is known of the people named.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono_tz::Tz;

use super::grammar::{self, Parsed};
use super::{Announce, Receiver, TEN_MINUTES};
use crate::base::calendar::{Day, at_hour, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, UserId};
use crate::base::text::{count, few_words, words};
use crate::slack::mrkdwn::Broadcast;
use crate::workspace::{Guest, Member, Place, PlaceKind, Postable, Settings};

/// The most people that one kudos thanks; more is an announcement.
pub const MOST_RECEIVERS: usize = 20;
/// How many characters of somebody's message are quoted as words of thanks.
pub const QUOTED: usize = 140;
/// The most characters of a reason.
pub const MOST_CHARACTERS: usize = 2_000;

/// Why nothing is given; nothing is spent. Each has its own sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is named.
    NoPerson,
    /// People, but no words.
    NoWords(Vec<Receiver>),
    /// `@here`, `@channel`, `@everyone`.
    Everyone(Broadcast),
    /// A user group whose people the app may not see: its handle.
    GroupUnseen(String),
    /// A user group that is disabled or has nobody in it: its handle.
    GroupEmpty(String),
    /// Only user groups, in a place where nobody would see the card.
    GroupUnheard,
    /// A plain name that nobody has.
    Unknown(String),
    /// A plain name that several people have.
    Ambiguous(String, Vec<UserId>),
    /// Only oneself.
    OnlySelf,
    /// Only apps.
    OnlyBots(Vec<UserId>),
    /// Only people who left.
    OnlyLeft(Vec<UserId>),
    /// Only people of another company.
    OnlyStrangers(Vec<UserId>),
    /// Only people who asked to be forgotten.
    OnlyForgotten,
    /// The giver asked to be forgotten.
    YouAreForgotten,
    /// Only guests of a single channel, whom the workspace leaves out.
    OnlyGuests(Vec<UserId>),
    /// The workspace lets only others give.
    MayNotGive,
    /// Fewer words than a steward asks for: so many.
    TooFewWords(usize),
    /// More than [`MOST_RECEIVERS`].
    TooMany(usize),
    /// More than [`MOST_CHARACTERS`].
    TooLong(usize),
}

/// What may be given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approved {
    /// Who is thanked.
    pub receivers: Vec<Receiver>,
    /// Who was named but can't be thanked, in the order named.
    pub left_out: Vec<LeftOut>,
    /// Fewer words than are worth keeping.
    pub few_words: bool,
}

/// Somebody who was named among others and can't be thanked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The giver.
    Yourself,
    /// An app.
    Bot(UserId),
    /// No longer here.
    Left(UserId),
    /// From another company.
    Stranger(UserId),
    /// A guest of a single channel, whom the workspace leaves out.
    Guest(UserId),
    /// Asked to be forgotten.
    Forgotten(UserId),
    /// Nobody that Slack knows.
    Unknown(UserId),
    /// A user group that Slack doesn't show to the app.
    Group(GroupId),
}

impl LeftOut {
    /// Why somebody whom nobody could look up in time is left out after all.
    pub fn of(id: &UserId, found: Option<&Member>) -> Self {
        match found {
            Some(member) if member.is_forgotten => Self::Forgotten(id.clone()),
            Some(member) if member.is_bot => Self::Bot(id.clone()),
            Some(member) if member.is_deleted => Self::Left(id.clone()),
            Some(member) if !member.is_stranger && member.guest == Guest::Single => Self::Guest(id.clone()),
            Some(_) => Self::Stranger(id.clone()),
            None => Self::Unknown(id.clone()),
        }
    }
}

/// What a workspace asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether this giver may give at all.
    pub may_give: bool,
    /// The fewest words of a reason; 0 = any.
    pub least_words: usize,
    /// Whether guests of a single channel are people like others.
    pub single_channel_guests: bool,
    /// Whether people of other companies may be thanked in this place.
    pub strangers: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            may_give: true,
            least_words: 0,
            single_channel_guests: true,
            strangers: false,
        }
    }
}

/// Decides. People who aren't in `known` are taken for people: they are checked before the card is posted.
pub fn decide(
    parsed: &Parsed,
    giver: &UserId,
    known: &BTreeMap<UserId, Member>,
    terms: Terms,
) -> Result<Approved, Refusal> {
    if known.get(giver).is_some_and(|giver| giver.is_forgotten) {
        return Err(Refusal::YouAreForgotten);
    }
    if !terms.may_give {
        return Err(Refusal::MayNotGive);
    }
    if let Some(broadcast) = parsed.broadcast {
        return Err(Refusal::Everyone(broadcast));
    }
    if let Some(name) = parsed.unknown.first() {
        return Err(Refusal::Unknown(name.clone()));
    }
    if let Some((name, members)) = parsed.ambiguous.first() {
        return Err(Refusal::Ambiguous(name.clone(), members.clone()));
    }
    let mut receivers = Vec::new();
    let mut left_out = Vec::new();
    for receiver in &parsed.receivers {
        match receiver {
            grammar::Receiver::Group { id, .. } => receivers.push(Receiver::Group(id.clone())),
            grammar::Receiver::Member(id) if id == giver => left_out.push(LeftOut::Yourself),
            grammar::Receiver::Member(id) => match known.get(id) {
                Some(member) if member.is_forgotten => left_out.push(LeftOut::Forgotten(id.clone())),
                Some(member) if member.is_bot => left_out.push(LeftOut::Bot(id.clone())),
                Some(member) if member.is_deleted => left_out.push(LeftOut::Left(id.clone())),
                Some(member) if member.is_stranger && !terms.strangers => left_out.push(LeftOut::Stranger(id.clone())),
                Some(member) if member.guest == Guest::Single && !terms.single_channel_guests => {
                    left_out.push(LeftOut::Guest(id.clone()));
                }
                _ => receivers.push(Receiver::Member(id.clone())),
            },
        }
    }
    if receivers.is_empty() {
        return Err(nobody_left(&left_out));
    }
    if receivers.len() > MOST_RECEIVERS {
        return Err(Refusal::TooMany(receivers.len()));
    }
    let length = count(&parsed.reason);
    if length > MOST_CHARACTERS {
        return Err(Refusal::TooLong(length));
    }
    if parsed.reason.is_empty() {
        return Err(Refusal::NoWords(receivers));
    }
    if words(&parsed.reason) < terms.least_words {
        return Err(Refusal::TooFewWords(terms.least_words));
    }
    Ok(Approved {
        receivers,
        left_out,
        few_words: few_words(&parsed.reason),
    })
}

/// Which sentence says best why none of those named can be thanked.
fn nobody_left(left_out: &[LeftOut]) -> Refusal {
    let pick = |wanted: fn(&LeftOut) -> Option<&UserId>| -> Vec<UserId> {
        left_out.iter().filter_map(wanted).cloned().collect()
    };
    let gone = pick(|out| if let LeftOut::Left(id) = out { Some(id) } else { None });
    let strangers = pick(|out| {
        if let LeftOut::Stranger(id) = out {
            Some(id)
        } else {
            None
        }
    });
    let bots = pick(|out| if let LeftOut::Bot(id) = out { Some(id) } else { None });
    let guests = pick(|out| if let LeftOut::Guest(id) = out { Some(id) } else { None });
    if left_out.is_empty() {
        Refusal::NoPerson
    } else if !gone.is_empty() {
        Refusal::OnlyLeft(gone)
    } else if !strangers.is_empty() {
        Refusal::OnlyStrangers(strangers)
    } else if left_out.iter().any(|out| matches!(out, LeftOut::Forgotten(_))) {
        Refusal::OnlyForgotten
    } else if !guests.is_empty() {
        Refusal::OnlyGuests(guests)
    } else if !bots.is_empty() {
        Refusal::OnlyBots(bots)
    } else {
        Refusal::OnlySelf
    }
}

/// Where a kudos is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// In the recognition channel.
    Recognition(ChannelId),
    /// Where it was given (or in the channel that the giver chose), which everybody can read.
    Public(ChannelId),
    /// Where it was given, which is private; it stays there.
    Private(ChannelId),
    /// Where it was given, which isn't known to be public; it may turn out to belong into the recognition channel.
    Unknown(ChannelId),
    /// No card, because the app may not post where it was given.
    NotPostable,
    /// No card, because it was given in a channel that is shared with another company.
    Shared,
    /// No card, because there is no place for one: a direct message (the app's own, without a recognition channel), or
    /// silence.
    Nowhere,
}

impl Target {
    /// The channel that gets a card.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::Recognition(channel) | Self::Public(channel) | Self::Private(channel) | Self::Unknown(channel) => {
                Some(channel)
            }
            Self::NotPostable | Self::Shared | Self::Nowhere => None,
        }
    }
}

/// The rules of place: what is said in a private place stays there, unknown counts as private, a channel shared with
/// another company gets no card without a steward's yes, and a recognition channel that can't be posted to falls back
/// to where it was given. The app's own DM is no place, and in one between two people it can't post; `own_dm` says
/// which of them a direct message is, once that is known.
pub fn target(
    announce: &Announce,
    given_in: Option<&Place>,
    recognition: Option<&Place>,
    own_dm: Option<bool>,
) -> Target {
    let usable = |place: &&Place| place.postable != Postable::No && !place.is_shared;
    let recognition = recognition
        .filter(usable)
        .map(|place| Target::Recognition(place.channel.clone()));
    match announce {
        Announce::Silent | Announce::Dm => Target::Nowhere,
        Announce::In(channel) => Target::Public(channel.clone()),
        Announce::Default => match given_in {
            None => recognition.unwrap_or(Target::Nowhere),
            Some(place) if place.channel.is_direct_message() => match own_dm {
                Some(true) => recognition.unwrap_or(Target::Nowhere),
                Some(false) => Target::Nowhere,
                None => Target::Unknown(place.channel.clone()),
            },
            Some(place) if place.is_shared => Target::Shared,
            Some(place) if !usable(&place) => match place.kind {
                PlaceKind::Public => recognition.unwrap_or(Target::NotPostable),
                _ => Target::NotPostable,
            },
            Some(place) => match place.kind {
                PlaceKind::Public => recognition.unwrap_or_else(|| Target::Public(place.channel.clone())),
                PlaceKind::Private => Target::Private(place.channel.clone()),
                PlaceKind::Unknown => Target::Unknown(place.channel.clone()),
            },
        },
    }
}

// How long what was given may be put right.

/// How long a post that is deleted, or a reaction that is removed, takes back what it gave.
pub const POSTS_TAKE_BACK_FOR: Duration = Duration::from_secs(7 * 86_400);

/// Whether *Undo* still works: for ten minutes.
pub fn may_undo(given_at: Instant, now: Instant) -> bool {
    now.since(given_at) < TEN_MINUTES
}

/// Whether deleting the post, or removing the reaction, still takes back what it gave.
pub fn post_takes_back(given_at: Instant, now: Instant) -> bool {
    now.since(given_at) < POSTS_TAKE_BACK_FOR
}

/// When a kudos closes for its giver: when its month is told to everybody (`told_at`, if it was told after the kudos was
/// given); where it isn't, on the day on which it would be, the first working day of the next month at 09:00 in the
/// workspace's zone. Afterwards only a steward may take it away.
pub fn closes_at(given_at: Instant, told_at: Option<Instant>, workspace_zone: Tz) -> Instant {
    if let Some(told_at) = told_at.filter(|told_at| *told_at >= given_at) {
        return told_at;
    }
    let first = local_day(given_at, workspace_zone).first_of_next_month();
    let day = if first.is_working_day() {
        first
    } else {
        first.next_working_day()
    };
    at_hour(day, MORNING, workspace_zone)
}

/// Whether the giver may still edit the words or take it back.
pub fn is_open(given_at: Instant, told_at: Option<Instant>, workspace_zone: Tz, now: Instant) -> bool {
    now < closes_at(given_at, told_at, workspace_zone)
}

/// The hour of the day at which the working day is greeted: round-ups, what was put off, and what else waits for the
/// morning.
pub const MORNING: u32 = 9;

/// The day of the next working morning, 09:00 in this zone: today's if it is still to come.
pub fn next_morning(now: Instant, zone: Tz) -> Day {
    let today = local_day(now, zone);
    if today.is_working_day() && now < at_hour(today, MORNING, zone) {
        today
    } else {
        today.next_working_day()
    }
}

/// Whether somebody may be named where many see it: a person of this workspace who is still here and doesn't mind.
pub fn may_be_named(member: Option<&Member>, settings: &Settings) -> bool {
    member.is_some_and(|member| settings.may_be_thanked(member, None) && !member.choices.is_unlisted)
}

/// Whether words may be quoted: everybody concerned may be named, and none of the thanked wants their thanks to
/// themselves.
pub fn may_be_quoted(
    giver: &UserId,
    receivers: &[Receiver],
    known: &BTreeMap<UserId, Member>,
    settings: &Settings,
) -> bool {
    may_be_named(known.get(giver), settings)
        && receivers.iter().filter_map(Receiver::member).all(|receiver| {
            known
                .get(receiver)
                .is_some_and(|member| may_be_named(Some(member), settings) && !member.choices.is_private)
        })
}
