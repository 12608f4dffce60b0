//! What the app posts to a response_url: at most 5 times within 30 minutes, without a token.

use std::time::Duration;

use serde_json::{Value, json};

use super::args::Args;
use super::methods::Content;
use super::server::Reply;
use super::state::{Draft, ResponseUrl, State};
use crate::base::clock::Instant;
use crate::base::ids::MessageTs;

/// Slack: 30 minutes from the payload.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
const USES: u32 = 5;
/// Slack truncates longer texts in channels.
const LONGEST: usize = 40_000;

pub(super) fn take(state: &mut State, key: &str, args: &Args, now: Instant) -> Reply {
    for odd in &args.odd {
        state.note(format!("response_url: {odd}"));
    }
    let Some(url) = state.response_urls.get_mut(key) else {
        return refuse("invalid_url");
    };
    // Slack documents the limits; these two codes are what is seen in the wild, not confirmed.
    if now.since(url.made) > LIFETIME {
        return refuse("expired_url");
    }
    if url.uses >= USES {
        return refuse("used_url");
    }
    url.uses += 1;
    let url = url.clone();
    if let Some(error) = args.refusal {
        return refuse(error);
    }
    match act(state, &url, args, now) {
        Ok(()) => Reply::json(200, json!({ "ok": true })),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &str) -> Reply {
    Reply::json(404, json!({ "ok": false, "error": error }))
}

fn act(state: &mut State, url: &ResponseUrl, args: &Args, now: Instant) -> Result<(), String> {
    let gone = args.flag("delete_original");
    if let (true, Some(original)) = (gone, &url.original) {
        remove(state, url, original, now);
        if !args.has("text") && !args.has("blocks") {
            return Ok(());
        }
    }
    let content = Content::read(state, args, LONGEST).map_err(|refusal| {
        state.note(format!(
            "response_url: {} {}",
            refusal.error,
            Value::Object(refusal.extra)
        ));
        refusal.error
    })?;
    let mut draft = content.draft();
    draft.classic_bot = true;
    let original = url.original.as_ref().filter(|_| !gone);
    if original.is_some() && !args.has("replace_original") {
        state.note("response_url: replace_original is not stated; Slack may overwrite the message that was clicked");
    }
    let replace = !args.has("replace_original") || args.flag("replace_original");
    if let (true, Some(original)) = (replace, original) {
        if url.original_is_ephemeral && args.text("response_type") == Some("in_channel") {
            state.note("response_url: an ephemeral message cannot become in_channel");
        }
        return replace_original(state, url, original, draft, now);
    }
    if args.text("response_type") == Some("in_channel") {
        draft.thread_ts = args.text("thread_ts").map(MessageTs::from);
        state.post(&url.channel, draft, now);
    } else {
        if args.has("thread_ts") {
            state.note("response_url: thread_ts works with in_channel only");
        }
        state.whisper(&url.channel, &url.user, draft, now);
    }
    Ok(())
}

fn remove(state: &mut State, url: &ResponseUrl, original: &MessageTs, now: Instant) {
    if url.original_is_ephemeral {
        state.change_ephemeral(&url.channel, original, None);
    } else {
        state.delete(&url.channel, original, now);
    }
}

fn replace_original(
    state: &mut State,
    url: &ResponseUrl,
    original: &MessageTs,
    draft: Draft,
    now: Instant,
) -> Result<(), String> {
    let changed = if url.original_is_ephemeral {
        state.change_ephemeral(&url.channel, original, Some(draft))
    } else {
        state.edit(&url.channel, original, now, |message| {
            message.text = draft.text;
            message.blocks = draft.blocks;
        })
    };
    changed.map(|_| ()).ok_or_else(|| "message_not_found".to_owned())
}
