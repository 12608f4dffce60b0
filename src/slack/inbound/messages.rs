//! Messages and reactions, as events tell of them.

use serde::Deserialize;
use serde_json::Value;

use super::{or_default, text};
use crate::base::ids::{ChannelId, MessageTs, UserId};

/// A message, in an event or with a shortcut. Slack sends the same post as `message` and, where it mentions the app, as
/// `app_mention`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MessageEvent {
    /// Where; empty where the surrounding event says it.
    #[serde(deserialize_with = "or_default")]
    pub channel: ChannelId,
    /// `channel`, `group`, `im`, `mpim`, `app_home`; empty in `app_mention`.
    #[serde(deserialize_with = "or_default")]
    pub channel_type: String,
    /// Who wrote it; `None` for webhooks and the like.
    pub user: Option<UserId>,
    /// The app that wrote it, or through which a person wrote it.
    pub bot_id: Option<String>,
    /// Slack's name of the company whose person wrote it, in shared channels.
    pub user_team: Option<String>,
    /// `file_share`, `me_message`, `thread_broadcast`, `bot_message`, …; `None` for a plain one.
    pub subtype: Option<String>,
    /// With Slack's markup.
    #[serde(deserialize_with = "or_default")]
    pub text: String,
    /// What names it in its channel.
    #[serde(deserialize_with = "or_default")]
    pub ts: MessageTs,
    /// The parent's `ts` where it stands in a thread; its own, once it has replies.
    pub thread_ts: Option<MessageTs>,
    /// The last change by its writer; `None` if there was none.
    pub edited: Option<Edited>,
}

/// A change of a message by a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Edited {
    /// When; names the change.
    #[serde(deserialize_with = "or_default")]
    pub ts: MessageTs,
}

impl MessageEvent {
    /// Whether an app, a workflow or a webhook wrote it, or a person through one ("Sent using @app").
    pub fn is_by_an_app(&self) -> bool {
        self.bot_id.is_some() || self.user.is_none() || self.subtype.as_deref() == Some("bot_message")
    }

    /// Whether a person wrote it themselves, in one of the ways that people have.
    pub fn is_by_a_person(&self) -> bool {
        let way = self.subtype.as_deref().unwrap_or("");
        !self.is_by_an_app() && matches!(way, "" | "file_share" | "me_message" | "thread_broadcast")
    }

    /// The parent, if it is a reply.
    pub fn parent(&self) -> Option<&MessageTs> {
        self.thread_ts.as_ref().filter(|parent| **parent != self.ts)
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageChange {
    /// Where.
    pub channel: ChannelId,
    /// As it is now.
    pub message: MessageEvent,
    /// As it was, where Slack says so.
    pub previous: Option<MessageEvent>,
    /// A person changed it. Slack also tells of unfolded links and the like, where this is false.
    pub is_edited: bool,
}

/// Somebody reacted, or no longer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Who.
    pub user: UserId,
    /// The emoji's name without colons; a skin tone follows as in `+1::skin-tone-3`.
    pub name: String,
    /// Who wrote the message; `None` for webhooks and the like.
    pub item_user: Option<UserId>,
    /// Where.
    pub channel: ChannelId,
    /// To which message.
    pub ts: MessageTs,
    /// When, in microseconds since 1970: of two events about one reaction, the later one is true. 0 where Slack doesn't
    /// say.
    pub at_micros: i64,
}

pub(super) fn message(event: &Value) -> Option<MessageEvent> {
    let message: MessageEvent = serde_json::from_value(event.clone()).ok()?;
    (!message.ts.as_str().is_empty()).then_some(message)
}

pub(super) fn changed(event: &Value) -> Option<MessageChange> {
    let now = message(event.get("message")?)?;
    let previous = event.get("previous_message").and_then(message);
    let edited = event.pointer("/message/edited/ts");
    Some(MessageChange {
        channel: text(event, "/channel")?.into(),
        is_edited: edited.is_some() && edited != event.pointer("/previous_message/edited/ts"),
        message: now,
        previous,
    })
}

pub(super) fn reaction(event: &Value) -> Option<Reaction> {
    (text(event, "/item/type") == Some("message")).then_some(())?;
    Some(Reaction {
        user: text(event, "/user")?.into(),
        name: text(event, "/reaction")?.to_owned(),
        item_user: text(event, "/item_user").map(UserId::from),
        channel: text(event, "/item/channel")?.into(),
        ts: text(event, "/item/ts")?.into(),
        at_micros: text(event, "/event_ts").map_or(0, |ts| ts.replace('.', "").parse().unwrap_or(0)),
    })
}
