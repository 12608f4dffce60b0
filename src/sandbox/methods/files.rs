//! Uploading a file in three steps: an address, the bytes, and where it is shown.

use serde_json::{Value, json};

use super::{Outcome, Refusal, Turn, refuse};
use crate::base::ids::{ChannelId, MessageTs};
use crate::sandbox::events::file_json;
use crate::sandbox::seen::{Author, SharedFile};
use crate::sandbox::server::Reply;
use crate::sandbox::state::{Draft, State, Upload};
use crate::sandbox::talk::mimetype;

pub(super) fn get_url(turn: &mut Turn<'_>) -> Outcome {
    let name = turn.args.text("filename").unwrap_or_default().to_owned();
    let alt_text = turn.args.text("alt_txt").unwrap_or_default().to_owned();
    let Some(length) = turn.args.number("length").filter(|length| *length > 0) else {
        let message = "[ERROR] must be greater than 0 [json-pointer:/length]";
        return Err(Refusal::new("invalid_arguments").with("response_metadata", json!({ "messages": [message] })));
    };
    if alt_text.chars().count() > 1000 {
        return refuse("alt_txt_too_large");
    }
    let id = turn.state.next_id("F");
    let mut url = turn.state.base.clone();
    url.set_path(&format!("/upload/{id}"));
    let file = SharedFile {
        id: id.clone(),
        title: name.clone(),
        mimetype: mimetype(&name).to_owned(),
        name,
        alt_text,
        bytes: Vec::new(),
    };
    let upload = Upload {
        file,
        length,
        done: false,
    };
    turn.state.uploads.insert(id.clone(), upload);
    Ok(json!({ "upload_url": url.as_str(), "file_id": id }))
}

/// The bytes come, without a token.
pub(in crate::sandbox) fn receive(state: &mut State, id: &str, bytes: &[u8]) -> Reply {
    let odd = match state.uploads.get_mut(id) {
        None => "no such address",
        Some(upload) if upload.done => "sent twice",
        Some(upload) if upload.length != bytes.len() => "not as long as announced",
        Some(upload) => {
            upload.file.bytes = bytes.to_vec();
            upload.done = true;
            return Reply::plain(200, "text/plain", &format!("OK - {}", bytes.len()));
        }
    };
    state.note(format!("an upload of {} bytes: {odd}", bytes.len()));
    Reply::plain(400, "text/plain", odd)
}

/// What was asked to be shown, with its titles; nothing of it leaves the waiting list yet.
fn uploaded(turn: &Turn<'_>) -> Result<Vec<SharedFile>, Refusal> {
    let asked = turn.args.structure("files").ok().flatten().unwrap_or_default();
    let asked = asked.as_array().filter(|list| !list.is_empty());
    let Some(asked) = asked else {
        let message = "[ERROR] must be an array of files [json-pointer:/files]";
        return Err(Refusal::new("invalid_arguments").with("response_metadata", json!({ "messages": [message] })));
    };
    let one = |asked: &Value| {
        let upload = turn
            .state
            .uploads
            .get(asked["id"].as_str()?)
            .filter(|upload| upload.done)?;
        let mut file = upload.file.clone();
        file.title = asked["title"].as_str().unwrap_or(&file.title).to_owned();
        Some(file)
    };
    let files: Option<Vec<SharedFile>> = asked.iter().map(one).collect();
    files.ok_or_else(|| Refusal::new("file_not_found"))
}

pub(super) fn complete(turn: &mut Turn<'_>) -> Outcome {
    let files = uploaded(turn)?;
    let asked = turn.args.text("channel_id").or(turn.args.text("channels"));
    let channels: Vec<ChannelId> = asked
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(ChannelId::from)
        .collect();
    if channels.len() > 100 {
        return refuse("channels_limit_exceeded");
    }
    for id in &channels {
        match turn.state.channels.get(id) {
            Some(there) if there.visible() && there.archived => return refuse("posting_to_channel_denied"),
            Some(there) if there.has_app() => {}
            Some(there) if there.visible() => return refuse("not_in_channel"),
            _ => return refuse("channel_not_found"),
        }
    }
    let thread_ts = turn.args.text("thread_ts").map(MessageTs::from);
    if thread_ts.is_some() && channels.len() != 1 {
        turn.state
            .note("files.completeUploadExternal: thread_ts without exactly one channel");
    }
    let text = turn.args.text("initial_comment").unwrap_or_default().to_owned();
    let blocks = turn.args.structure("blocks").ok().flatten().filter(|_| text.is_empty());
    for channel in &channels {
        let draft = Draft {
            text: text.clone(),
            blocks: blocks.clone().unwrap_or_else(|| json!([])),
            thread_ts: thread_ts.clone(),
            subtype: Some("file_share"),
            files: files.clone(),
            ..Draft::empty(Author::Bot)
        };
        turn.state.post(channel, draft, turn.now);
    }
    for file in &files {
        turn.state.uploads.remove(&file.id);
    }
    // Slack shows it a little later, and mostly answers before that: without `shares`.
    let shown: Vec<Value> = files.iter().map(file_json).collect();
    Ok(json!({ "files": shown }))
}
