//! Single messages, and who reacted to them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Client, Encoding, READING_DEADLINE};
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::slack::errors::ApiError;
use crate::slack::inbound::MessageEvent;

/// An emoji below a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reacted {
    /// Its name without colons.
    pub name: String,
    /// Who; Slack may leave some out.
    #[serde(default)]
    pub users: Vec<UserId>,
}

impl Client {
    /// One message of a conversation, wherever it stands; `None` if there is none of that `ts` any more. Slack's
    /// history leaves replies out, so they are looked for in their thread.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without the `…:history` scope of that kind of conversation, `not_in_channel`,
    /// `channel_not_found`.
    pub async fn message_at(&self, channel: &ChannelId, ts: &MessageTs) -> Result<Option<MessageEvent>, ApiError> {
        #[derive(Serialize)]
        struct History<'a> {
            channel: &'a ChannelId,
            oldest: &'a MessageTs,
            latest: &'a MessageTs,
            inclusive: bool,
            limit: u32,
        }
        #[derive(Serialize)]
        struct Replies<'a> {
            channel: &'a ChannelId,
            ts: &'a MessageTs,
            oldest: &'a MessageTs,
            latest: &'a MessageTs,
            inclusive: bool,
            limit: u32,
        }
        let found = |messages: Vec<MessageEvent>| messages.into_iter().find(|message| message.ts == *ts);
        let history = History {
            channel,
            oldest: ts,
            latest: ts,
            inclusive: true,
            limit: 1,
        };
        let answer: Messages = self
            .call("conversations.history", Encoding::Json, &history, READING_DEADLINE)
            .await?;
        if let Some(message) = found(answer.messages) {
            return Ok(Some(message));
        }
        let replies = Replies {
            channel,
            ts,
            oldest: ts,
            latest: ts,
            inclusive: true,
            limit: 2,
        };
        let answer: Result<Messages, ApiError> = self
            .call("conversations.replies", Encoding::Form, &replies, READING_DEADLINE)
            .await;
        match answer {
            Ok(answer) => Ok(found(answer.messages)),
            Err(error) if matches!(error.code(), Some("thread_not_found" | "message_not_found")) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Who reacted to a message with what, within `deadline` in real time.
    ///
    /// # Errors
    /// [`ApiError`]; `missing_scope` without `reactions:read`, `message_not_found`.
    pub async fn reactions_get(
        &self,
        channel: &ChannelId,
        ts: &MessageTs,
        deadline: Duration,
    ) -> Result<Vec<Reacted>, ApiError> {
        #[derive(Serialize)]
        struct Params<'a> {
            channel: &'a ChannelId,
            timestamp: &'a MessageTs,
            full: bool,
        }
        #[derive(Deserialize)]
        struct Answer {
            message: Message,
        }
        #[derive(Deserialize)]
        struct Message {
            #[serde(default)]
            reactions: Vec<Reacted>,
        }
        let params = Params {
            channel,
            timestamp: ts,
            full: true,
        };
        let answer: Answer = self.call("reactions.get", Encoding::Form, &params, deadline).await?;
        Ok(answer.message.reactions)
    }
}

#[derive(Deserialize)]
struct Messages {
    #[serde(default)]
    messages: Vec<MessageEvent>,
}
