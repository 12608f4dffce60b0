//! Posting, changing and deleting messages.

use serde_json::{Value, json};

use super::{Outcome, Refusal, Turn, refuse};
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::sandbox::args::Args;
use crate::sandbox::checks;
use crate::sandbox::events::message_json;
use crate::sandbox::rates::{CHANNEL, WORKSPACE};
use crate::sandbox::seen::Author;
use crate::sandbox::state::{Draft, Kind, State, TEAM_DOMAIN};

/// Slack truncates a longer text (docs.slack.dev, changelog 2018).
const TRUNCATED_AT: usize = 40_000;
/// What `chat.update` takes at most, and what Slack advises for every message.
const ADVISED: usize = 4_000;
/// Texts of all blocks together. Slack documents the error only; its staff speak of 12,000 characters with a small
/// buffer (bolt-js#2509).
const ALL_BLOCKS: usize = 12_000;

/// What a message shows, checked.
#[derive(Debug)]
pub(in crate::sandbox) struct Content {
    text: String,
    /// `None` when no `blocks` were sent.
    blocks: Option<Value>,
    metadata: Option<Value>,
    warning: Option<&'static str>,
}

impl Content {
    /// Reads and checks text, blocks and metadata; `most` is the longest text taken.
    pub(in crate::sandbox) fn read(state: &mut State, args: &Args, most: usize) -> Result<Self, Refusal> {
        let mut text = args.text("text").unwrap_or_default().to_owned();
        if let Some(markdown) = args.text("markdown_text") {
            if args.has("text") || args.has("blocks") {
                return refuse("markdown_text_conflict");
            }
            if checks::length(markdown) > 12_000 {
                return refuse("msg_too_long");
            }
            text = markdown.to_owned();
        }
        let blocks = args
            .structure("blocks")
            .map_err(|_| Refusal::new("invalid_blocks_format"))?;
        if let Some(blocks) = &blocks {
            if !blocks.as_array().is_some_and(|list| list.iter().all(Value::is_object)) {
                return refuse("invalid_blocks_format");
            }
            let checked = checks::blocks(blocks);
            for what in checked.unchecked {
                state.note(format!("not checked by the sandbox: {what}"));
            }
            if !checked.errors.is_empty() {
                return Err(Refusal::new("invalid_blocks")
                    .with("errors", json!(checked.errors))
                    .with("response_metadata", json!({ "messages": checked.errors })));
            }
            if checked.characters > ALL_BLOCKS {
                return refuse("msg_blocks_too_long");
            }
        }
        let metadata = args
            .structure("metadata")
            .map_err(|_| Refusal::new("invalid_metadata_format"))?;
        if let Some(metadata) = &metadata
            && metadata != &json!({})
        {
            checks::metadata(metadata).map_err(Refusal::new)?;
        }
        let attachments = args
            .structure("attachments")
            .map_err(|_| Refusal::new("invalid_attachments"))?;
        let attachments = attachments.and_then(|list| list.as_array().map(Vec::len)).unwrap_or(0);
        if attachments > 100 {
            return refuse("too_many_attachments");
        }
        if attachments > 0 {
            state.note("attachments are not shown by the sandbox");
        }
        let empty = blocks.as_ref().and_then(Value::as_array).is_none_or(Vec::is_empty);
        if text.is_empty() && empty && attachments == 0 {
            return refuse("no_text");
        }
        let mut warning = None;
        let length = checks::length(&text);
        if length > most {
            return refuse("msg_too_long");
        }
        if length > ADVISED {
            state.note(format!("a text of {length} characters"));
        }
        if length > TRUNCATED_AT {
            text = text.chars().take(TRUNCATED_AT).collect();
            warning = Some("message_truncated");
        }
        Ok(Self {
            text,
            blocks,
            metadata,
            warning,
        })
    }

    pub(in crate::sandbox) fn draft(self) -> Draft {
        Draft {
            text: self.text,
            blocks: self.blocks.unwrap_or_else(|| json!([])),
            metadata: self.metadata.filter(|metadata| metadata != &json!({})),
            ..Draft::empty(Author::Bot)
        }
    }
}

/// Where the app wants to post, by id, by name, or by a person's id.
fn target(turn: &mut Turn<'_>) -> Result<ChannelId, Refusal> {
    let asked = turn.args.text("channel").unwrap_or_default().to_owned();
    let user = UserId::from(asked.as_str());
    if let Some(person) = turn.state.people.get(&user) {
        if person.it.hidden_from_app {
            return refuse("channel_not_found");
        }
        turn.state.note(format!(
            "a message to {asked}: Slack's pages disagree where that lands, open the DM first"
        ));
        return Ok(turn.state.open_dm(&user, turn.now));
    }
    let by_id = turn.state.channels.get(&ChannelId::from(asked.as_str()));
    let name = asked.trim_start_matches('#');
    let by_name = || {
        turn.state
            .channels
            .values()
            .find(|channel| !channel.name.is_empty() && channel.name == name)
    };
    let Some(channel) = by_id.or_else(by_name).filter(|channel| channel.visible()) else {
        return refuse("channel_not_found");
    };
    if channel.archived {
        return refuse("is_archived");
    }
    if channel.dm_partner().is_some() && !turn.state.app.takes_messages {
        return refuse("messages_tab_disabled");
    }
    let unjoined = channel.kind == Kind::Public && !channel.has_app();
    if unjoined && !turn.state.scopes.contains("chat:write.public") {
        return refuse("not_in_channel");
    }
    Ok(channel.id.clone())
}

/// The parent that a reply hangs on: a thread is named by its parent, never by a reply.
fn parent(turn: &mut Turn<'_>, channel: &ChannelId) -> Option<MessageTs> {
    let asked = MessageTs::from(turn.args.text("thread_ts")?);
    let parent = turn
        .state
        .message(channel, &asked)
        .map(|message| message.thread_ts.clone());
    match parent {
        None => turn
            .state
            .note(format!("a reply to a message that is not there: {asked}")),
        Some(Some(parent)) if parent != asked => {
            turn.state.note(format!("thread_ts is a reply's own: {asked}"));
            return Some(parent);
        }
        Some(_) => {}
    }
    Some(asked)
}

pub(super) fn post_message(turn: &mut Turn<'_>) -> Outcome {
    let channel = target(turn)?;
    let content = Content::read(turn.state, turn.args, usize::MAX)?;
    let limits = [
        (format!("chat.postMessage {channel}"), CHANNEL),
        ("chat.postMessage, all".to_owned(), WORKSPACE),
    ];
    turn.state.take(&limits, turn.now).map_err(Refusal::rate_limited)?;
    let warning = content.warning;
    let thread_ts = parent(turn, &channel);
    let broadcast = turn.args.flag("reply_broadcast") && thread_ts.is_some();
    let draft = Draft {
        thread_ts,
        subtype: broadcast.then_some("thread_broadcast"),
        ..content.draft()
    };
    let Some(shown) = turn.state.post(&channel, draft, turn.now) else {
        return refuse("channel_not_found");
    };
    let mut answer = json!({ "channel": channel, "ts": shown.ts, "message": message_json(&shown, true) });
    if let Some(warning) = warning {
        answer["warning"] = json!(warning);
    }
    Ok(answer)
}

pub(super) fn post_ephemeral(turn: &mut Turn<'_>) -> Outcome {
    let user = UserId::from(turn.args.text("user").unwrap_or_default());
    let channel = target(turn)?;
    let inside = turn
        .state
        .channels
        .get(&channel)
        .is_some_and(|channel| channel.members.contains(&user));
    if !inside {
        return refuse("user_not_in_channel");
    }
    let content = Content::read(turn.state, turn.args, TRUNCATED_AT)?;
    let draft = Draft {
        thread_ts: parent(turn, &channel),
        ..content.draft()
    };
    match turn.state.whisper(&channel, &user, draft, turn.now) {
        Some(shown) => Ok(json!({ "message_ts": shown.ts })),
        None => refuse("channel_not_found"),
    }
}

/// The app's own message that is to be changed or deleted; `wrong` is the error for somebody else's.
fn own(turn: &Turn<'_>, wrong: &str) -> Result<(ChannelId, MessageTs), Refusal> {
    let id = ChannelId::from(turn.args.text("channel").unwrap_or_default());
    let ts = MessageTs::from(turn.args.text("ts").unwrap_or_default());
    let Some(channel) = turn.state.channels.get(&id).filter(|channel| channel.visible()) else {
        return refuse("channel_not_found");
    };
    match turn.state.message(&id, &ts) {
        None => refuse("message_not_found"),
        Some(message) if message.author != Author::Bot => refuse(wrong),
        Some(_) if channel.archived => refuse(if wrong == "cant_update_message" {
            "is_inactive"
        } else {
            wrong
        }),
        Some(_) => Ok((id, ts)),
    }
}

pub(super) fn update(turn: &mut Turn<'_>) -> Outcome {
    let (channel, ts) = own(turn, "cant_update_message")?;
    let content = Content::read(turn.state, turn.args, ADVISED)?;
    let had_blocks = turn
        .state
        .message(&channel, &ts)
        .is_some_and(|message| message.blocks != json!([]));
    if had_blocks && content.blocks.is_none() {
        turn.state
            .note("chat.update: blocks are not mentioned, those of before may stay");
    }
    let shown = turn.state.edit(&channel, &ts, turn.now, |message| {
        message.text = content.text;
        // What becomes of blocks that are not mentioned is not in the reference; here they stay, which shows.
        if let Some(blocks) = content.blocks {
            message.blocks = blocks;
        }
        match content.metadata {
            // Without the field the metadata stays; an empty object removes it.
            None => {}
            Some(metadata) if metadata == json!({}) => message.metadata = None,
            Some(metadata) => message.metadata = Some(metadata),
        }
    });
    let Some(shown) = shown else {
        return refuse("message_not_found");
    };
    Ok(json!({ "channel": channel, "ts": ts, "text": shown.text, "message": message_json(&shown, true) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let (channel, ts) = own(turn, "cant_delete_message")?;
    turn.state.delete(&channel, &ts, turn.now);
    Ok(json!({ "channel": channel, "ts": ts }))
}

pub(super) fn get_permalink(turn: &mut Turn<'_>) -> Outcome {
    let id = ChannelId::from(turn.args.text("channel").unwrap_or_default());
    let ts = MessageTs::from(turn.args.text("message_ts").unwrap_or_default());
    if !turn.state.channels.get(&id).is_some_and(|channel| channel.visible()) {
        return refuse("channel_not_found");
    }
    let Some(message) = turn.state.message(&id, &ts) else {
        return refuse("message_not_found");
    };
    let reply = message
        .thread_ts
        .as_ref()
        .map(|parent| format!("?thread_ts={parent}&cid={id}"))
        .unwrap_or_default();
    let place = ts.as_str().replace('.', "");
    let permalink = format!("https://{TEAM_DOMAIN}.slack.com/archives/{id}/p{place}{reply}");
    Ok(json!({ "channel": id, "permalink": permalink }))
}
