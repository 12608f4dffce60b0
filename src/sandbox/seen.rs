//! What people see, and what the sandbox remembers of the traffic.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    /// The app under test.
    Bot,
    /// A person, or another app's bot user.
    Person(UserId),
}

/// A message as it stands in a channel, or as one person alone sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Unique within the channel only.
    pub ts: MessageTs,
    /// Where it is shown.
    pub channel: ChannelId,
    /// Who wrote it.
    pub author: Author,
    /// The top-level text: notifications and screen readers. Empty when only blocks were sent.
    pub text: String,
    /// The blocks as Slack keeps them (missing `block_id` and `action_id` filled in); an empty array without blocks.
    pub blocks: Value,
    /// The message's metadata (`event_type`, `event_payload`).
    pub metadata: Option<Value>,
    /// Whether it was changed since it was posted.
    pub edited: bool,
    /// The parent's `ts` when this is a reply.
    pub thread_ts: Option<MessageTs>,
    /// People whom this message notified: mentioned, or the person of the DM. Each once, in order. What an edit
    /// adds is included: Slack does not say whether an edit notifies, so a careful app mentions nobody there.
    pub pings: Vec<UserId>,
    /// Mentions of many: `here`, `channel`, `everyone`, or a user group's id.
    pub broadcasts: Vec<String>,
    /// Set for an ephemeral message: the only person who sees it.
    pub only_for: Option<UserId>,
    /// Posted through a response_url or a command's answer, or by another app's webhook: Slack gives it `bot_id` but
    /// no `user`.
    pub classic_bot: bool,
    /// Slack's `subtype` where there is one: `me_message`, `file_share`, `thread_broadcast`, `tombstone`.
    #[serde(default)]
    pub subtype: Option<String>,
    /// When it was last edited, as a `ts`.
    #[serde(default)]
    pub edited_ts: Option<MessageTs>,
    /// The `bot_id` of the other app that wrote it.
    #[serde(default)]
    pub other_bot: Option<String>,
    /// What was uploaded with it.
    #[serde(default)]
    pub files: Vec<SharedFile>,
    /// Who reacted with what, in the order of the first of each.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
}

/// A file as a message shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFile {
    /// Slack's id, `F…`.
    pub id: String,
    /// The file's name, with its ending.
    pub name: String,
    /// What people read; the name where nothing else was given.
    pub title: String,
    /// What screen readers say of an image; empty without.
    pub alt_text: String,
    /// For example `image/png`.
    pub mimetype: String,
    /// What was uploaded.
    pub bytes: Vec<u8>,
}

impl SharedFile {
    /// Whether a page can show it as it is.
    pub fn is_image(&self) -> bool {
        matches!(self.mimetype.as_str(), "image/png" | "image/jpeg" | "image/gif") && !self.bytes.is_empty()
    }
}

/// One emoji below a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Without colons, skin tone included: `+1::skin-tone-3`.
    pub name: String,
    /// Who, in the order in which they reacted.
    pub users: Vec<UserId>,
}

/// Something that became visible, in the order it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A new message in a channel, a thread or a DM.
    Posted(Shown),
    /// A message changed; an ephemeral one too (`only_for`).
    Edited(Shown),
    /// A message went away; an ephemeral one too (`only_for`).
    Deleted(Shown),
    /// A message that only `only_for` sees.
    Ephemeral(Shown),
    /// Somebody reacted to a message, or no longer does.
    Reacted(Shown),
    /// What that person has open changed: a modal, or their App Home.
    View(UserId),
}

/// What Slack saw when the app answered a command or a click, and what the person was shown.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status; `None` when no answer came in time or at all.
    pub status: Option<u16>,
    /// The answer's body.
    pub body: String,
    /// Whether its `Content-Type` says that it is JSON.
    pub json: bool,
    /// The message shown because of the answer itself (not of a later response_url).
    pub message: Option<Shown>,
    /// What Slack tells the person when it went wrong: `operation_timeout` (Slack's own word); `dispatch_failed`,
    /// `http_service_error` and `http_client_error` are not confirmed by Slack's documentation.
    pub error: Option<String>,
    /// Unique to this interaction.
    pub trigger_id: String,
    /// At most 5 uses within 30 minutes of the clock.
    pub response_url: Url,
}

impl Answer {
    /// The text of the message shown, or nothing.
    pub fn text(&self) -> &str {
        self.message.as_ref().map_or("", |shown| shown.text.as_str())
    }
}

/// One call of the Web API or of a response_url (`method` is then `response_url`), refused or not.
#[derive(Clone, Debug)]
pub struct Call {
    /// For example `chat.postMessage`.
    pub method: String,
    /// The arguments as Slack read them, without the token; JSON given as text in a form is parsed.
    pub args: Value,
    /// What was answered; null when nothing was, or nothing in JSON.
    pub answer: Value,
    /// When, on the sandbox's clock.
    pub at: Instant,
    /// The HTTP status; 0 when the connection was cut or left hanging.
    pub status: u16,
}

/// One attempt to deliver an event to the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The same for all attempts of one event.
    pub event_id: String,
    /// The inner event's type.
    pub kind: String,
    /// 0 for the first delivery, then Slack's `x-slack-retry-num`.
    pub retry_num: u32,
    /// When, on the sandbox's clock.
    pub at: Instant,
    /// The app's HTTP status; `None` when it did not answer.
    pub status: Option<u16>,
    /// Why Slack counts the attempt as failed, in the words of `x-slack-retry-reason`.
    pub failure: Option<&'static str>,
}

/// An HTTP answer of the app as it came.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status; `None` when no answer came in time or at all.
    pub status: Option<u16>,
    /// Name (lower case) and value.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl RawAnswer {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One request over the wire, in either direction, as it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Counts from 1; later requests have higher numbers.
    pub number: u64,
    /// When it began, on the sandbox's clock.
    pub at: Instant,
    /// From Slack to the app; otherwise from the app to Slack.
    pub to_app: bool,
    /// The path, or the Web API's method (`response_url` for those).
    pub what: String,
    /// What it was about, in a few words: the command as typed, the event's type, the button, the channel.
    pub about: String,
    /// The value of `x-slack-signature`; `None` for requests of the app.
    pub signature: Option<String>,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Why it counts as failed: `http_timeout`, Slack's error code, …; empty when it doesn't.
    pub failure: String,
    /// Real milliseconds until it was answered or given up.
    pub millis: u64,
    /// 0 for the first try.
    pub retry_num: u32,
}
