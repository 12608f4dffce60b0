//! Files, in Slack's three steps: ask where, send, share.

use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::{Client, Encoding, POSTING_DEADLINE, READING_DEADLINE, failed, is_slacks};
use crate::base::ids::{ChannelId, MessageTs};
use crate::slack::blocks::cut_plain;
use crate::slack::errors::{ApiError, Why};
use crate::slack::limits;

/// A file to be shared.
#[derive(Clone, Copy, Debug)]
pub struct Upload<'a> {
    /// With its ending, which tells Slack its kind.
    pub filename: &'a str,
    /// What people read.
    pub title: &'a str,
    /// What is to be seen on a picture, in words; cut at 1,000 characters. Empty for other files.
    pub alt_text: &'a str,
    /// The file; not empty.
    pub bytes: &'a [u8],
    /// Where it is shared: a channel, or a direct message's `D…`.
    pub channel: &'a ChannelId,
    /// The thread's parent.
    pub thread_ts: Option<&'a MessageTs>,
    /// What is said with it, in mrkdwn; empty: nothing.
    pub comment: &'a str,
}

impl Client {
    /// Whether a file of this name stands in a thread, among its first 200 messages: for one whose answer was lost.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without the `…:history` scope of that kind of conversation.
    pub async fn has_file(&self, channel: &ChannelId, thread_ts: &MessageTs, filename: &str) -> Result<bool, ApiError> {
        #[derive(Serialize)]
        struct Ask<'a> {
            channel: &'a ChannelId,
            ts: &'a MessageTs,
            limit: u32,
        }
        #[derive(Deserialize)]
        struct Answer {
            messages: Vec<Said>,
        }
        #[derive(Deserialize)]
        struct Said {
            #[serde(default)]
            files: Vec<File>,
        }
        #[derive(Deserialize)]
        struct File {
            name: Option<String>,
        }
        let ask = Ask {
            channel,
            ts: thread_ts,
            limit: 200,
        };
        let answer: Answer = self
            .call("conversations.replies", Encoding::Form, &ask, READING_DEADLINE)
            .await?;
        let mut files = answer.messages.into_iter().flat_map(|said| said.files);
        Ok(files.any(|file| file.name.as_deref() == Some(filename)))
    }

    /// Shares a file; returns its id. Slack shows it a moment later.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without `files:write`. After the last step it may have been shared although no
    /// answer came, see [`ApiError::may_have_happened`].
    pub async fn upload_file(&self, upload: &Upload<'_>) -> Result<String, ApiError> {
        #[derive(Serialize)]
        struct Ask<'a> {
            filename: &'a str,
            length: usize,
            #[serde(skip_serializing_if = "String::is_empty")]
            alt_txt: String,
        }
        #[derive(Deserialize)]
        struct Place {
            upload_url: String,
            file_id: String,
        }
        let ask = Ask {
            filename: upload.filename,
            length: upload.bytes.len(),
            alt_txt: if upload.alt_text.is_empty() {
                String::new()
            } else {
                cut_plain(upload.alt_text, limits::FILE_ALT_TEXT)
            },
        };
        let place: Place = self
            .call("files.getUploadURLExternal", Encoding::Form, &ask, POSTING_DEADLINE)
            .await?;
        let url = Url::parse(&place.upload_url)
            .ok()
            .filter(|url| is_slacks(url) || url.origin() == self.api_url.origin())
            .ok_or_else(|| ApiError::permanent(ApiError::URL_REFUSED))?;
        let sent = self
            .http
            .post(url)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(upload.bytes.to_vec())
            .timeout(POSTING_DEADLINE.min(self.patience))
            .send()
            .await
            .map_err(failed)?;
        if !sent.status().is_success() {
            return Err(Why::Status(sent.status().as_u16()).into());
        }
        let mut share = json!({
            "files": [{ "id": place.file_id, "title": upload.title }],
            "channel_id": upload.channel,
        });
        if let Some(thread) = upload.thread_ts {
            share["thread_ts"] = json!(thread);
        }
        if !upload.comment.is_empty() {
            share["initial_comment"] = json!(upload.comment);
        }
        self.call::<super::Nothing>("files.completeUploadExternal", Encoding::Json, &share, POSTING_DEADLINE)
            .await?;
        Ok(place.file_id)
    }
}
