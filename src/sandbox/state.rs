//! The workspace's state: people, channels, messages, and what is on its way to the app.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast;
use url::Url;

use super::Fault;
use super::manifest::Installed;
use super::rates::Bucket;
use super::seen::{Attempt, Author, Call, Exchange, Seen, SharedFile, Shown};
use super::views::OpenView;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, MessageTs, UserId, new_id};

pub(super) const TEAM: &str = "T0SANDBOX";
/// What the workspace is called.
pub(super) const TEAM_NAME: &str = "Contact centre";
pub(super) const TEAM_DOMAIN: &str = "sandbox";
pub(super) const APP: &str = "A0SANDBOX";
pub(super) const BOT_ID: &str = "B0SANDBOX";
pub(super) const BOT_USER: &str = "U0SANDBOX";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Person {
    pub id: UserId,
    pub it: super::NewPerson,
    pub updated: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Public,
    Private,
    /// A direct message of two.
    Im,
    /// A direct message of several.
    Mpim,
}

impl Kind {
    /// The first half of the scopes about such a conversation, as in `channels:read`.
    pub(super) fn family(self) -> &'static str {
        match self {
            Self::Public => "channels",
            Self::Private => "groups",
            Self::Im => "im",
            Self::Mpim => "mpim",
        }
    }

    /// `channel_type` of message events.
    pub(super) fn channel_type(self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Im => "im",
            Self::Mpim => "mpim",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Channel {
    pub id: ChannelId,
    pub name: String,
    pub kind: Kind,
    pub archived: bool,
    pub ext_shared: bool,
    pub members: BTreeSet<UserId>,
    pub created: Instant,
    pub previous_names: Vec<String>,
    pub messages: Vec<Shown>,
    /// The last `ts` handed out, in microseconds since the epoch.
    last_micros: i64,
}

impl Channel {
    pub(super) fn has_app(&self) -> bool {
        self.members.contains(&UserId::from(BOT_USER))
    }

    /// Whether the Web API admits to the app that it exists.
    pub(super) fn visible(&self) -> bool {
        self.kind == Kind::Public || self.has_app()
    }

    /// Whether that person can read it.
    pub(super) fn open_to(&self, user: &UserId) -> bool {
        self.kind == Kind::Public || self.members.contains(user)
    }

    /// The replies below a message, oldest first.
    pub(super) fn replies(&self, parent: &MessageTs) -> impl Iterator<Item = &Shown> {
        self.messages
            .iter()
            .filter(move |message| &message.ts != parent && message.thread_ts.as_ref() == Some(parent))
    }

    /// The person at the other end of the app's direct message.
    pub(super) fn dm_partner(&self) -> Option<&UserId> {
        (self.kind == Kind::Im && self.has_app())
            .then(|| self.members.iter().find(|id| id.as_str() != BOT_USER))
            .flatten()
    }

    /// A `ts` that no message of this channel has.
    pub(super) fn next_ts(&mut self, now: Instant) -> MessageTs {
        self.last_micros = (now.millis() * 1000).max(self.last_micros + 1);
        MessageTs(format!(
            "{}.{:06}",
            self.last_micros.div_euclid(1_000_000),
            self.last_micros.rem_euclid(1_000_000)
        ))
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Group {
    pub id: GroupId,
    pub handle: String,
    pub name: String,
    pub users: Vec<UserId>,
    pub disabled_at: Option<Instant>,
}

/// One response_url.
#[derive(Clone, Debug)]
pub(super) struct ResponseUrl {
    pub user: UserId,
    pub channel: ChannelId,
    /// The message that held the clicked component; `None` for a command.
    pub original: Option<MessageTs>,
    pub original_is_ephemeral: bool,
    pub uses: u32,
    pub made: Instant,
}

/// What may open one modal within three seconds.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub user: UserId,
    /// Where the person was; `None` in a view.
    pub place: Option<ChannelId>,
    pub made: Instant,
    pub used: bool,
}

/// A file between `files.getUploadURLExternal` and its end.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub file: SharedFile,
    /// How many bytes were announced.
    pub length: usize,
    pub done: bool,
}

/// An event that waits for its (next) delivery.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub event_id: String,
    pub kind: String,
    pub body: String,
    pub retry_num: u32,
    pub reason: Option<&'static str>,
    pub at: Instant,
}

/// What a new message is made of.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub author: Author,
    pub text: String,
    pub blocks: Value,
    pub metadata: Option<Value>,
    pub thread_ts: Option<MessageTs>,
    pub classic_bot: bool,
    /// A command shown as typed: no message event tells of it.
    pub typed_command: bool,
    pub subtype: Option<&'static str>,
    pub other_bot: Option<String>,
    pub files: Vec<SharedFile>,
}

impl Draft {
    pub(super) fn empty(author: Author) -> Self {
        Self {
            author,
            text: String::new(),
            blocks: json!([]),
            metadata: None,
            thread_ts: None,
            classic_bot: false,
            typed_command: false,
            subtype: None,
            other_bot: None,
            files: Vec::new(),
        }
    }
}

pub(super) struct State {
    pub app: Installed,
    /// Where the server listens.
    pub base: Url,
    pub scopes: BTreeSet<String>,
    pub token: String,
    pub token_revoked: bool,
    pub signing_secret: String,
    pub people: BTreeMap<UserId, Person>,
    pub channels: BTreeMap<ChannelId, Channel>,
    pub groups: BTreeMap<GroupId, Group>,
    pub ephemeral: Vec<Shown>,
    pub response_urls: HashMap<String, ResponseUrl>,
    pub triggers: HashMap<String, Trigger>,
    /// All that are open, Homes too, by id.
    pub views: BTreeMap<String, OpenView>,
    /// The modals of each person, the one on top last.
    pub stacks: BTreeMap<UserId, Vec<String>>,
    pub homes: BTreeMap<UserId, String>,
    /// What a person chose or typed in a message's elements.
    pub filled: HashMap<(UserId, ChannelId, MessageTs), Value>,
    pub uploads: BTreeMap<String, Upload>,
    pub calls: Vec<Call>,
    pub attempts: Vec<Attempt>,
    pub sent_events: HashMap<String, Delivery>,
    pub queue: Vec<Delivery>,
    pub in_flight: usize,
    pub faults: Vec<(String, Fault, Option<u32>)>,
    pub down: bool,
    pub strict_rates: bool,
    pub page_size: usize,
    pub buckets: HashMap<String, Bucket>,
    pub unexpected: Vec<String>,
    pub seen: broadcast::Sender<Seen>,
    /// Sorted by number.
    pub wire: VecDeque<Exchange>,
    pub wire_tap: broadcast::Sender<Exchange>,
    /// The number of the last request over the wire.
    pub exchanges: u64,
    /// Path and body of the latest command.
    pub last_command: Option<(String, String)>,
    pub counter: u64,
}

impl State {
    pub(super) fn new(app: Installed, base: Url, now: Instant) -> Self {
        let scopes = app.scopes.clone();
        let mut state = Self {
            scopes,
            token: format!("xoxb-sandbox-{}", new_id(now)),
            token_revoked: false,
            signing_secret: new_id(now),
            people: BTreeMap::new(),
            channels: BTreeMap::new(),
            groups: BTreeMap::new(),
            ephemeral: Vec::new(),
            response_urls: HashMap::new(),
            triggers: HashMap::new(),
            views: BTreeMap::new(),
            stacks: BTreeMap::new(),
            homes: BTreeMap::new(),
            filled: HashMap::new(),
            uploads: BTreeMap::new(),
            calls: Vec::new(),
            attempts: Vec::new(),
            sent_events: HashMap::new(),
            queue: Vec::new(),
            in_flight: 0,
            faults: Vec::new(),
            down: false,
            strict_rates: true,
            page_size: 1000,
            buckets: HashMap::new(),
            unexpected: Vec::new(),
            seen: broadcast::channel(4096).0,
            wire: VecDeque::new(),
            wire_tap: broadcast::channel(4096).0,
            exchanges: 0,
            last_command: None,
            counter: 0,
            app,
            base,
        };
        let bot = super::NewPerson {
            handle: state.app.bot_name.to_lowercase(),
            real_name: state.app.bot_name.clone(),
            is_bot: true,
            ..Default::default()
        };
        state.put_person(BOT_USER.into(), bot, now);
        // Slackbot is in every workspace, and its `is_bot` is false.
        let slackbot = super::NewPerson {
            handle: "slackbot".into(),
            tz: None,
            ..Default::default()
        };
        state.put_person("USLACKBOT".into(), slackbot, now);
        state
    }

    /// A number that was never used before in this workspace.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn next_id(&mut self, prefix: &str) -> String {
        format!("{prefix}0{:07}", self.next())
    }

    pub(super) fn put_person(&mut self, id: UserId, it: super::NewPerson, now: Instant) {
        self.people.insert(id.clone(), Person { id, it, updated: now });
    }

    pub(super) fn put_channel(&mut self, name: &str, kind: Kind, members: BTreeSet<UserId>, now: Instant) -> ChannelId {
        let prefix = if kind == Kind::Im { "D" } else { "C" };
        let id = ChannelId(self.next_id(prefix));
        let channel = Channel {
            id: id.clone(),
            name: name.to_owned(),
            kind,
            archived: false,
            ext_shared: false,
            members,
            created: now,
            previous_names: Vec::new(),
            messages: Vec::new(),
            last_micros: 0,
        };
        self.channels.insert(id.clone(), channel);
        id
    }

    /// The app's direct message with that person, if it was ever opened.
    pub(super) fn dm_with(&self, user: &UserId) -> Option<ChannelId> {
        self.channels
            .values()
            .find(|channel| channel.dm_partner() == Some(user))
            .map(|channel| channel.id.clone())
    }

    pub(super) fn open_dm(&mut self, user: &UserId, now: Instant) -> ChannelId {
        self.dm_with(user).unwrap_or_else(|| {
            self.put_channel(
                "",
                Kind::Im,
                BTreeSet::from([user.clone(), UserId::from(BOT_USER)]),
                now,
            )
        })
    }

    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.unexpected.push(what.into());
    }
}
