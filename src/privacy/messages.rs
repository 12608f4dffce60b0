//! What people read about what is kept of them.

use super::Kept;
use crate::base::calendar::{Day, local_day};
use crate::base::text::{list_names, thousands};
use crate::kudos::Switch;
use crate::slack::blocks::{Block, Button, Message};
use crate::slack::mrkdwn::escape;
use crate::workspace::{Choices, Locale, Settings};

/// Turns a switch; its value is `on` or `off`.
pub const PRIVATE: &str = "privacy.private";
/// The same for boards, digest and screens.
pub const UNLISTED: &str = "privacy.unlisted";
/// The same for direct messages.
pub const NO_DMS: &str = "privacy.no_dms";
/// Hands over what is kept.
pub const EXPORT: &str = "privacy.export";
/// Asks whether really everything should go.
pub const ERASE: &str = "privacy.erase";
/// It should.
pub const ERASE_NOW: &str = "privacy.erase_now";
/// It shouldn't.
pub const KEEP: &str = "privacy.keep";

/// Which switch a button turns.
pub fn switch_of(action: &str) -> Option<Switch> {
    match action {
        PRIVATE => Some(Switch::Private),
        UNLISTED => Some(Switch::Unlisted),
        NO_DMS => Some(Switch::NoDms),
        _ => None,
    }
}

fn times(n: i64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

fn written(day: Day) -> String {
    day.date().format("%-d %B %Y").to_string()
}

/// `/kudos privacy`. `zone` is where the reader lives.
pub fn kept(_: Locale, settings: &Settings, kept: &Kept, zone: chrono_tz::Tz) -> Message {
    let figures = &kept.figures;
    let since = figures
        .since
        .map_or_else(String::new, |at| format!(", since {}", written(local_day(at, zone))));
    let words = match settings.keep_words {
        None => "Words stay until they are erased.".to_owned(),
        Some(1) => "Words go after a month; the count stays.".to_owned(),
        Some(months) => format!("Words go after {months} months; the count stays."),
    };
    let listed = |names: Vec<&String>| {
        let escaped: Vec<String> = names.into_iter().map(|name| escape(name)).collect();
        list_names(&escaped)
    };
    let teams = match (kept.teams.is_empty(), kept.leads.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!(
            "• Your teams and user groups, with since when: {}.\n",
            listed(kept.teams.iter().collect())
        ),
        (true, false) => format!("• That you lead {}.\n", listed(kept.leads.iter().collect())),
        (false, false) => format!(
            "• Your teams and user groups, with since when: {}; and that you lead {}.\n",
            listed(kept.teams.iter().collect()),
            listed(kept.leads.iter().collect())
        ),
    };
    let about_you = format!(
        "*What I keep about you*\n• Your names, time zone and kind of account, as Slack shows them.\n{teams}• {} you gave and \
         {} you received{since}, each with its words, values, time and place. {words}\n• {} that you joined with \
         _Me too_, {}.\n• That you answered a prompt or liked an answer, without the words.\n• What you chose: {}.",
        times(figures.given, "kudos", "kudos"),
        figures.received,
        times(figures.joined, "kudos", "kudos"),
        match kept.drafts {
            0 => "and no draft".to_owned(),
            n => format!(
                "and {} that {} for your click, for a day at most",
                times(n, "draft", "drafts"),
                if n == 1 { "waits" } else { "wait" }
            ),
        },
        chosen(kept.member.choices),
    );
    let forgotten = if settings.shows_forgotten() {
        "• That nobody has thanked you for 20 working days, and on which day somebody last did: your team's leads.\n"
    } else {
        ""
    };
    let who_sees = format!(
        "*Who may see it*\n• A card: everybody in its channel. A DM: the person it went to.\n• \
                    Whether you are away: your team's leads, and stewards.\n{forgotten}• All of it: \
         whoever runs Plaudit for your company, on your company's own server. It goes nowhere else but to Slack."
    );
    let never = "*What I never keep*\n• The words of messages that give nothing, who reads what, when you are online.\n• Card \
                 numbers, e-mail addresses and phone numbers: I leave them out before anything is stored.";
    let choices = kept.member.choices;
    let mut blocks = vec![
        Block::section(&about_you),
        Block::section(&who_sees),
        Block::section(never),
        Block::actions(vec![
            switch(
                PRIVATE,
                choices.is_private,
                "Keep my thanks private",
                "Announce my thanks",
            )
            .into(),
            switch(
                UNLISTED,
                choices.is_unlisted,
                "Leave me off boards",
                "Show me on boards",
            )
            .into(),
            switch(NO_DMS, choices.wants_no_dms, "No DMs about thanks", "Tell me by DM").into(),
        ]),
    ];
    blocks.push(Block::actions(vec![
        Button::new(
            "Export my data",
            EXPORT,
            "Export my data: everything that is kept about me",
        )
        .into(),
        Button::new("Erase me", ERASE, "Erase me: everything that is kept about me")
            .danger()
            .into(),
    ]));
    Message::new(&[about_you.as_str(), who_sees.as_str(), never].join("\n"), blocks)
}

fn switch(action: &str, is_on: bool, to_turn_on: &str, to_turn_off: &str) -> Button {
    let label = if is_on { to_turn_off } else { to_turn_on };
    Button::new(label, action, label).value(if is_on { "off" } else { "on" })
}

fn chosen(choices: Choices) -> String {
    let thanks = if choices.is_private {
        "thanks come to you alone, on no card"
    } else {
        "thanks are announced"
    };
    let boards = if choices.is_unlisted {
        "boards, digest and screens leave you out"
    } else {
        "boards, digest and screens may show you"
    };
    let dms = if choices.wants_no_dms {
        "no DMs about thanks"
    } else {
        "DMs about thanks"
    };
    let here = if choices.is_away { "; you are away" } else { "" };
    format!("{thanks}; {boards}; {dms}{here}")
}

/// Before anything is erased: what goes, and what stays.
pub fn really(_: Locale, command: &str) -> Message {
    let text = format!(
        "*This can't be undone.*\n*What goes:* your names, what you chose, and the words of every kudos you gave or \
         received, here and in the cards and DMs that I can still edit; they then say \"somebody\". Your name also goes \
         from other people's words.\n*What stays:* that there was a kudos, so that others' figures \
         stay right, without anything that leads to you; and a digest of your Slack id, so that I don't write you down \
         again. You won't be able to give or get kudos any more.\nIf it is only about being seen: {} privacy also keeps \
         your thanks private.",
        crate::slack::mrkdwn::escape(command)
    );
    let blocks = vec![
        Block::section(&text),
        Block::actions(vec![
            Button::new("Erase everything", ERASE_NOW, "Erase everything about me, for good")
                .danger()
                .into(),
            Button::new("Keep it", KEEP, "Keep it: erase nothing").into(),
        ]),
    ];
    Message::new(&text, blocks)
}

/// It is done.
pub fn erased(_: Locale) -> Message {
    Message::sentence(
        "You are forgotten. What is stored leads to you no longer; cards and DMs in Slack follow within the next \
         minutes, one a second. Thank you for what you gave.",
    )
}

/// Nothing was erased.
pub fn kept_it(_: Locale) -> Message {
    Message::sentence("Everything is as it was.")
}

/// Nothing is kept of who asks.
pub fn nothing(_: Locale) -> Message {
    Message::sentence(
        "I keep nothing about you. If you asked me to forget you, there is a digest of your Slack id, so that I don't \
         write you down again, and that is all.",
    )
}

/// The answer to any other click of somebody who was erased.
pub fn forgotten(_: Locale) -> Message {
    Message::sentence("You asked me to forget you, so I keep nothing of yours, and can't take this either.")
}

/// The export is on its way.
pub fn exporting(_: Locale) -> Message {
    Message::sentence("I'm putting it together. It comes by DM, to you alone.")
}

/// One page of the export, where files may not be sent. `page` counts from 0.
pub fn page(_: Locale, text: &str, page: usize, pages: usize) -> Message {
    let head = if page == 0 {
        "Here is everything I keep about you. It comes as text, because an admin hasn't granted me files:write.\n"
    } else {
        ""
    };
    let text = format!(
        "{head}Page {} of {pages}\n{}",
        page + 1,
        crate::slack::mrkdwn::escape(text)
    );
    Message::new(&text, Block::paragraphs(&text))
}
