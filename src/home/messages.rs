//! What App Home says. Words before numbers; a stranger's text is escaped here.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::store::Saying;
use crate::base::clock::Instant;
use crate::base::ids::{GroupId, UserId};
use crate::digest::messages::own_switch;
use crate::kudos::People;
use crate::kudos::Source;
use crate::kudos::messages::{GIVE, Names as _, new_ones};
use crate::slack::blocks::{Block, Button, Message, View};
use crate::slack::mrkdwn::{bold, channel as channel_link, escape, link, quote};
use crate::workspace::{Choices, Locale, Member, Settings, Usergroup};

/// The view's name.
pub const HOME: &str = "home";
/// The button of a direct message that asks for the switches.
pub const NOTIFICATIONS: &str = "home.notifications";
/// Turns *Announce my thanks*; its value is what is chosen, `on` = only to me. The two below alike.
pub const PRIVATE: &str = "home.private";
/// Turns *Show me on boards, digest and screens*; `on` = don't.
pub const UNLISTED: &str = "home.unlisted";
/// Turns the direct messages; `on` = none.
pub const NO_DMS: &str = "home.no_dms";

/// Turns *Away*; `on` = away.
pub const AWAY: &str = "home.away";

/// Everything that a Home shows.
#[derive(Clone, Debug)]
pub(super) struct Shows {
    /// Kudos left today; `None` without a limit.
    pub left: Option<i64>,
    pub zone: Tz,
    pub may_give: bool,
    pub choices: Choices,
    /// Whether they get their own month by DM.
    pub wants_month: bool,
    pub received: Vec<Saying>,
    pub given: Vec<Saying>,
    pub members: BTreeMap<UserId, Member>,
    pub groups: BTreeMap<GroupId, Usergroup>,
}

/// Somebody's Home; `below` is what others add for this person (the settings, for stewards).
pub(super) fn home(locale: Locale, settings: &Settings, shows: &Shows, below: Vec<Block>) -> View {
    let names = People::new(&shows.members, &shows.groups);
    let mut blocks = Vec::new();
    if shows.may_give {
        blocks.push(Block::section(&allowance(locale, settings, shows)));
        blocks.push(Block::actions(vec![
            Button::new("Give kudos", GIVE, "Give kudos to a colleague")
                .primary()
                .into(),
        ]));
    } else {
        blocks.push(Block::section(
            "In this workspace, guests can be thanked but don't give kudos.",
        ));
    }
    blocks.push(Block::header("Said to you"));
    if shows.received.is_empty() {
        blocks.push(Block::section(
            "Nothing yet. What people thank you for will stand here, in their words.",
        ));
    }
    for said in &shows.received {
        let head = match (said.receivers.first(), said.source == Source::Customer.name()) {
            (Some(team), _) if team.group().is_some() => format!(
                "{} thanked {}, and you with it",
                bold(&names.name(&said.giver)),
                bold(&names.receiver(team))
            ),
            (_, true) => format!(
                "A customer said about you, passed on by {}",
                bold(&names.name(&said.giver))
            ),
            _ => format!("{} thanked you", bold(&names.name(&said.giver))),
        };
        entry(&mut blocks, &head, said, shows.zone);
    }
    blocks.push(Block::header("Said by you"));
    let command = escape(&settings.command);
    if shows.given.is_empty() {
        blocks.push(Block::section(&format!(
            "Nothing yet. A first one takes ten seconds: {command} @someone for …"
        )));
    }
    for said in &shows.given {
        let whom: Vec<String> = said
            .receivers
            .iter()
            .map(|receiver| bold(&names.receiver(receiver)))
            .collect();
        let whom = crate::base::text::list_names(&whom);
        let head = if said.source == Source::Customer.name() {
            format!("You passed on what a customer said about {whom}")
        } else {
            format!("You thanked {whom}")
        };
        entry(&mut blocks, &head, said, shows.zone);
    }
    if !shows.given.is_empty() {
        blocks.push(Block::context_text(&format!(
            "Change words or take one back: {command} sent"
        )));
    }
    blocks.push(Block::header("Your choices"));
    blocks.extend(switches(shows.choices));
    let (says, button) = own_switch(locale, shows.wants_month);
    blocks.push(Block::section_with(&says, button));
    if !below.is_empty() {
        blocks.push(Block::divider());
        blocks.extend(below);
    }
    View::home(HOME, blocks)
}

fn allowance(locale: Locale, settings: &Settings, shows: &Shows) -> String {
    match (shows.left, settings.allowance) {
        (Some(left), Some(allowance)) => {
            let new = format!(
                "{} at midnight, {}.",
                new_ones(locale, allowance).to_lowercase(),
                shows.zone.name()
            );
            if left > 0 {
                format!("You have {left} left today; {new}")
            } else {
                format!("You have given all of today's; {new}")
            }
        }
        _ => "Who helped today? Say it while it's fresh.".to_owned(),
    }
}

fn entry(blocks: &mut Vec<Block>, head: &str, said: &Saying, zone: Tz) {
    if said.reason.trim().is_empty() {
        blocks.push(Block::section(head));
    } else {
        blocks.extend(Block::paragraphs(&format!("{head}\n{}", quote(&said.reason))));
    }
    let mut below: Vec<String> = said.values.iter().map(|value| format!("#{}", escape(value))).collect();
    below.push(day(said.given_at, zone));
    if let Some((channel, permalink)) = &said.card {
        below.push(if permalink.is_empty() {
            format!("in {}", channel_link(channel))
        } else {
            link(permalink, "See the card")
        });
    }
    blocks.push(Block::context_text(&below.join(" · ")));
}

/// "2 June": what is on a Home is recent.
fn day(at: Instant, zone: Tz) -> String {
    at.utc().with_timezone(&zone).format("%-d %B").to_string()
}

/// The switches: what each says now, and a button that says what it would be then.
fn rows(choices: Choices) -> [(String, Button); 4] {
    let row = |says: &str, action: &str, on: bool, button: &str, label: &str| {
        (
            says.to_owned(),
            Button::new(button, action, label).value(if on { "off" } else { "on" }),
        )
    };
    [
        if choices.is_private {
            row(
                "*Announce my thanks:* only to me. Your words stand on no card and are quoted nowhere.",
                PRIVATE,
                true,
                "In the channel",
                "Announce my thanks in the channel",
            )
        } else {
            row(
                "*Announce my thanks:* in the channel.",
                PRIVATE,
                false,
                "Only to me",
                "Announce my thanks only to me",
            )
        },
        if choices.is_unlisted {
            row(
                "*Show me on boards, digest and screens:* no.",
                UNLISTED,
                true,
                "Show me",
                "Show me on boards, digest and screens",
            )
        } else {
            row(
                "*Show me on boards, digest and screens:* yes.",
                UNLISTED,
                false,
                "Don't show me",
                "Don't show me on boards, digest and screens",
            )
        },
        if choices.wants_no_dms {
            row(
                "*Write to me when somebody thanks me:* no. It stands in Home.",
                NO_DMS,
                true,
                "Write to me",
                "Write to me when somebody thanks me",
            )
        } else {
            row(
                "*Write to me when somebody thanks me:* yes.",
                NO_DMS,
                false,
                "Don't write",
                "Don't write to me when somebody thanks me",
            )
        },
        if choices.is_away {
            row(
                "*Away:* yes. You don't count as active; you can still be thanked.",
                AWAY,
                true,
                "I'm back",
                "I'm back and count as active again",
            )
        } else {
            row(
                "*Away:* no.",
                AWAY,
                false,
                "I'm away",
                "I'm away, on leave, and don't count as active",
            )
        },
    ]
}

fn switches(choices: Choices) -> Vec<Block> {
    rows(choices)
        .into_iter()
        .map(|(says, button)| Block::section_with(&says, button))
        .collect()
}

/// The switches as a private message: *Notification settings*.
pub fn notifications(_: Locale, choices: Choices) -> Message {
    let text: Vec<String> = rows(choices)
        .into_iter()
        .map(|(says, _)| says.replace('*', ""))
        .collect();
    Message::new(&text.join(" "), switches(choices))
}

/// A switch couldn't be turned.
pub fn not_turned(_: Locale) -> Message {
    Message::sentence("I couldn't save this just now, and it's my side, not yours. Click it again in a minute.")
}
