//! What people are told about posts and reactions: always privately.

use super::{Names, Voice, capital};
use crate::base::ids::UserId;
use crate::slack::blocks::{Block, Button, Message};
use crate::slack::mrkdwn::{bold, escape, quote};
use crate::workspace::Locale;

/// The button that ends explanations of what didn't count.
pub const HUSH: &str = "kudos.hush";
/// The button that opens the form; its value is a draft's id.
pub const OPEN: &str = "kudos.open";

/// The same message with *Don't tell me again*.
#[must_use]
pub fn explained(_: Locale, message: &Message) -> Message {
    let label = "Don't tell me again what doesn't count as kudos";
    let hush = Button::new("Don't tell me again", HUSH, label);
    let mut blocks = message.blocks().to_vec();
    blocks.push(Block::actions(vec![hush.into()]));
    Message::new(message.text(), blocks)
}

/// After *Don't tell me again*.
pub fn hushed(_: Locale) -> Message {
    Message::sentence("I won't explain such things to you again. What you give is still confirmed.")
}

/// `/kudos help` with the ways to give from messages. `emoji` is the first one chosen; of the scopes `lacks` names those
/// that an admin hasn't granted.
#[must_use]
pub fn help_with_ways(_: Locale, help: &Message, emoji: Option<&str>, lacks: impl Fn(&str) -> bool) -> Message {
    let mut lines = vec![help.text().to_owned()];
    lines.push("In a conversation or a thread: `@Plaudit shout-out to @dana for …`".to_owned());
    if let Some(emoji) = emoji {
        let emoji = escape(emoji);
        let beside = format!(":{emoji}: beside a name");
        let below = format!("as a reaction, :{emoji}: thanks the author");
        let history = "an admin hasn't granted me channels:history";
        match (lacks("channels:history"), lacks("reactions:read")) {
            (false, false) => lines.push(format!("{beside} gives what the line says; {below}.")),
            (false, true) => lines.push(format!(
                "{beside} gives what the line says. Not as a reaction: an admin hasn't granted me reactions:read."
            )),
            (true, false) => lines.push(format!("{} Not {beside}: {history}.", capital(&format!("{below}.")))),
            (true, true) => lines.push(format!(
                "Not yet {beside}: {history}; nor as a reaction: that needs reactions:read."
            )),
        }
    }
    Message::sentence(&lines.join("\n"))
}

/// Somebody spoke to the app, and it isn't a thank-you that can be read.
pub fn how_to(voice: &Voice<'_>, own_dm: bool) -> Message {
    let command = escape(voice.command);
    Message::sentence(&if own_dm {
        format!(
            "Thank somebody right here: `@dana for calming the refund storm`. Anywhere else, type {command} @dana for \
             …; in a thread, `@Plaudit shout-out to @dana for …`."
        )
    } else {
        format!(
            "I can pass on thanks: `@Plaudit shout-out to @dana for calming the refund storm`. Anything else is \
             answered by {command} help."
        )
    })
}

/// The chosen emoji before words without anybody's name.
pub fn emoji_alone(_: Locale, emoji: &str) -> Message {
    let emoji = escape(emoji);
    Message::sentence(&format!(
        "Nobody was thanked: :{emoji}: gives kudos beside a name. Write `:{emoji}: @dana for …` and pick the name \
         from Slack's list."
    ))
}

/// A reaction to one's own post.
pub fn own_post(_: Locale, emoji: &str) -> Message {
    Message::sentence(&format!(
        ":{}: thanks whoever wrote the post, and that one is yours. Kudos are for others; tell me who helped you.",
        escape(emoji)
    ))
}

/// A reaction to a post that the app can't read: nothing is given yet.
pub fn which_words<N: Names>(_: Locale, names: &N, author: &UserId, draft: &str) -> Message {
    let who = names.list([author]);
    let text = format!("I can't read that post, so {who} isn't thanked yet. What did {who} do?");
    let label = format!("Say it: what {} did", names.name(author));
    let open = Button::new("Say it", OPEN, &label).value(draft);
    Message::new(&text, vec![Block::section(&text), Block::actions(vec![open.into()])])
}

/// One thank-you by a reaction.
pub struct Reacted<'a> {
    /// Who reacted.
    pub giver: &'a UserId,
    /// The words of the post.
    pub reason: &'a str,
}

/// A receiver's private message about reactions to their posts, several of which are one.
pub fn reactions<N: Names>(voice: &Voice<'_>, names: &N, all: &[Reacted<'_>], is_first: bool) -> Message {
    let mut givers: Vec<&UserId> = Vec::new();
    let mut posts: Vec<(&str, Vec<&UserId>)> = Vec::new();
    for one in all {
        if !givers.contains(&one.giver) {
            givers.push(one.giver);
        }
        match posts.iter_mut().find(|(reason, _)| *reason == one.reason) {
            Some((_, by)) => by.push(one.giver),
            None => posts.push((one.reason, vec![one.giver])),
        }
    }
    let by = |people: &[&UserId]| names.list(people.iter().copied());
    let whose = if posts.len() == 1 { "your post" } else { "your posts" };
    let head = match givers.as_slice() {
        [one] => format!("{} thanked you for {whose}", bold(&names.name(one))),
        several => format!("*{} people* thanked you for {whose}", several.len()),
    };
    let mut parts = vec![head.clone()];
    let mut text = match givers.as_slice() {
        [one] => format!("{} thanked you for {whose}.", by(&[*one])),
        several => format!("{} people thanked you for {whose}.", several.len()),
    };
    for (reason, people) in &posts {
        text.push_str(&format!(" {}: {}", by(people), escape(reason)));
        parts.push(if givers.len() == 1 {
            quote(reason)
        } else {
            format!("{}\n{}", by(people), quote(reason))
        });
    }
    let mut blocks = Block::paragraphs(&parts.join("\n"));
    if is_first {
        let line = super::pass_it_on(voice);
        text.push_str(&format!(" {line}"));
        blocks.push(Block::context_text(&line));
    }
    Message::new(&text, blocks)
}
