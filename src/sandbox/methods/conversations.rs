//! Conversations: what they are, opening a DM, reading messages back.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Outcome, Refusal, Turn, refuse};
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::sandbox::seen::Shown;
use crate::sandbox::state::{BOT_USER, Channel, Kind, TEAM};

pub(super) fn info(turn: &mut Turn<'_>) -> Outcome {
    let channel = turn.conversation("read")?;
    let mut shown = channel_json(&channel);
    if turn.args.flag("include_num_members") {
        shown["num_members"] = json!(channel.members.len());
    }
    if turn.args.flag("include_locale") {
        shown["locale"] = json!("en-US");
    }
    Ok(json!({ "channel": shown }))
}

/// Ids only; apps and people of other companies are among them.
pub(super) fn members(turn: &mut Turn<'_>) -> Outcome {
    let channel = turn.conversation("read")?;
    let all: Vec<UserId> = channel.members.iter().cloned().collect();
    let (page, next) = turn.page(&all, 100, 999)?;
    Ok(json!({ "members": page, "response_metadata": { "next_cursor": next } }))
}

fn channel_json(channel: &Channel) -> Value {
    let created = channel.created.seconds();
    match channel.kind {
        Kind::Im => json!({
            "id": channel.id, "created": created, "is_im": true, "is_org_shared": false,
            "is_archived": channel.archived, "user": channel.dm_partner(), "is_open": true, "context_team_id": TEAM,
        }),
        kind => json!({
            "id": channel.id, "name": channel.name, "name_normalized": channel.name, "created": created,
            "is_channel": kind == Kind::Public, "is_group": kind == Kind::Private, "is_im": false,
            "is_mpim": kind == Kind::Mpim, "is_private": kind != Kind::Public, "is_archived": channel.archived,
            "is_general": channel.name == "general", "is_member": channel.has_app(), "is_shared": channel.ext_shared,
            "is_ext_shared": channel.ext_shared, "is_org_shared": false, "is_pending_ext_shared": false,
            "is_frozen": false, "context_team_id": TEAM, "shared_team_ids": [TEAM],
            "previous_names": channel.previous_names,
        }),
    }
}

pub(super) fn open(turn: &mut Turn<'_>) -> Outcome {
    if let Some(id) = turn.args.text("channel") {
        turn.needs("im:write")?;
        let channel = turn.state.channels.get(&ChannelId::from(id));
        return match channel {
            Some(channel) if matches!(channel.kind, Kind::Im | Kind::Mpim) && channel.has_app() => {
                Ok(opened(channel, true, turn.args.flag("return_im")))
            }
            Some(channel) if channel.visible() => refuse("method_not_supported_for_channel_type"),
            _ => refuse("channel_not_found"),
        };
    }
    let Some(users) = turn.args.text("users") else {
        return refuse("users_list_not_supplied");
    };
    let users: BTreeSet<UserId> = users.split(',').map(|id| UserId::from(id.trim())).collect();
    turn.needs(if users.len() > 1 { "mpim:write" } else { "im:write" })?;
    if users.len() > 8 {
        return refuse("too_many_users");
    }
    for id in &users {
        match turn.state.people.get(id) {
            None => return refuse("user_not_found"),
            Some(person) if person.it.deleted => return refuse("user_disabled"),
            Some(person) if person.it.hidden_from_app => return refuse("user_not_visible"),
            Some(person) if person.it.is_bot => return refuse("invalid_user_combination"),
            Some(_) => {}
        }
    }
    let return_im = turn.args.flag("return_im");
    let members: BTreeSet<UserId> = users.iter().cloned().chain([UserId::from(BOT_USER)]).collect();
    let there = turn
        .state
        .channels
        .values()
        .find(|channel| matches!(channel.kind, Kind::Im | Kind::Mpim) && channel.members == members);
    if let Some(channel) = there {
        return Ok(opened(channel, true, return_im));
    }
    if turn.args.flag("prevent_creation") {
        return refuse("channel_not_found");
    }
    let kind = if users.len() > 1 { Kind::Mpim } else { Kind::Im };
    let id = turn.state.put_channel("", kind, members, turn.now);
    turn.state
        .channels
        .get(&id)
        .map(|channel| opened(channel, false, return_im))
        .ok_or_else(|| Refusal::new("fatal_error"))
}

fn opened(channel: &Channel, already: bool, whole: bool) -> Value {
    let shown = if whole {
        channel_json(channel)
    } else {
        json!({ "id": channel.id })
    };
    match already {
        true => json!({ "no_op": true, "already_open": true, "channel": shown }),
        false => json!({ "channel": shown }),
    }
}

pub(super) fn history(turn: &mut Turn<'_>) -> Outcome {
    let channel = readable(turn)?;
    // Parents, and replies that were also sent to the channel; newest first.
    let parent = |message: &&Shown| {
        message.thread_ts.as_ref().is_none_or(|parent| parent == &message.ts)
            || message.subtype.as_deref() == Some("thread_broadcast")
    };
    let mut found: Vec<Shown> = within(turn, &channel)?
        .into_iter()
        .filter(|message| parent(&message))
        .collect();
    found.reverse();
    answer(turn, &channel, &found, 100, 999)
}

pub(super) fn replies(turn: &mut Turn<'_>) -> Outcome {
    let channel = readable(turn)?;
    let ts = MessageTs::from(turn.args.text("ts").unwrap_or_default());
    let asked = channel.messages.iter().find(|message| message.ts == ts);
    let Some(asked) = asked else {
        return refuse("thread_not_found");
    };
    // With a reply's own ts, Slack may give that message only (bolt-python#783).
    let whole = asked.thread_ts.as_ref().is_none_or(|parent| parent == &ts);
    let belongs = |message: &Shown| message.ts == ts || (whole && message.thread_ts.as_ref() == Some(&ts));
    let found: Vec<Shown> = within(turn, &channel)?.into_iter().filter(belongs).collect();
    answer(turn, &channel, &found, 1000, 1000)
}

pub(super) fn reactions(turn: &mut Turn<'_>) -> Outcome {
    let (Some(id), Some(ts)) = (turn.args.text("channel"), turn.args.text("timestamp")) else {
        return refuse("no_item_specified");
    };
    if micros(ts).is_none() {
        return refuse("bad_timestamp");
    }
    let there = turn
        .state
        .channels
        .get(&ChannelId::from(id))
        .filter(|there| there.visible());
    let Some(there) = there else {
        return refuse("channel_not_found");
    };
    let Some(message) = there.messages.iter().find(|message| message.ts.as_str() == ts) else {
        return refuse("message_not_found");
    };
    Ok(json!({ "type": "message", "channel": id, "message": there.message_json(message, false) }))
}

fn readable(turn: &Turn<'_>) -> Result<Channel, Refusal> {
    let channel = turn.conversation("history")?;
    if channel.has_app() {
        Ok(channel)
    } else {
        refuse("not_in_channel")
    }
}

/// The messages between `oldest` and `latest`, oldest first.
fn within(turn: &Turn<'_>, channel: &Channel) -> Result<Vec<Shown>, Refusal> {
    let bound = |key: &str, error: &str| match turn.args.text(key) {
        None => Ok(None),
        Some(ts) => micros(ts).map(Some).ok_or_else(|| Refusal::new(error)),
    };
    let (oldest, latest) = (
        bound("oldest", "invalid_ts_oldest")?,
        bound("latest", "invalid_ts_latest")?,
    );
    let inclusive = turn.args.flag("inclusive");
    let inside = |message: &&Shown| {
        let at = micros(message.ts.as_str()).unwrap_or(0);
        let after = oldest.is_none_or(|oldest| at > oldest || (inclusive && at == oldest));
        after && latest.is_none_or(|latest| at < latest || (inclusive && at == latest))
    };
    Ok(channel.messages.iter().filter(inside).cloned().collect())
}

/// A `ts` such as `1512085950.000216`, or whole seconds.
fn micros(ts: &str) -> Option<i64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    if fraction.len() > 6 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    seconds
        .parse::<i64>()
        .ok()?
        .checked_mul(1_000_000)?
        .checked_add(fraction)
}

fn answer(turn: &Turn<'_>, channel: &Channel, found: &[Shown], default: usize, most: usize) -> Outcome {
    let (page, next) = turn.page(found, default, most)?;
    let with_metadata = turn.args.flag("include_all_metadata");
    let shown = |message: &Shown| channel.message_json(message, with_metadata);
    let messages: Vec<Value> = page.iter().map(shown).collect();
    Ok(json!({
        "messages": messages, "has_more": !next.is_empty(), "response_metadata": { "next_cursor": next },
    }))
}
