//! What Slack sends us: commands, events, clicks. Only what is used is read; what is unknown becomes an `Other`.
//!
//! Called after the signature was checked. Nothing here trusts a text.

mod messages;
mod views;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub use messages::{Edited, MessageChange, MessageEvent, Reaction};
pub use views::{Fields, OfMessage, Shortcut, ViewEvent, ViewState};

use crate::base::ids::{ChannelId, MessageTs, UserId, WorkspaceId};

/// A body that is not what Slack sends to that route; web answers 400. Repeats nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboundError {
    /// Not a form.
    #[error("the body is no form")]
    NotAForm,
    /// Not a JSON object.
    #[error("the body is no JSON object")]
    NotAnObject,
    /// A field without which nothing can be done is absent or empty.
    #[error("the field {0} is missing")]
    Missing(&'static str),
}

// ---------------------------------------------------------------------------------------------------------------
// Commands

/// A body sent to the command's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandRequest {
    /// Slack tests the certificate: answer 200 with an empty body. Everything else in the body was thrown away,
    /// because this request may be unsigned.
    SslCheck,
    /// Somebody typed the command.
    Slash(SlashCommand),
}

/// A slash command as typed. `text` is Slack-escaped or not, as the manifest's `should_escape` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlashCommand {
    /// Where the typist is a member.
    pub workspace: WorkspaceId,
    /// Where it was typed. Never show `channel_name`: Slack sends `privategroup` and `directmessage` there.
    pub channel: ChannelId,
    /// Who typed it.
    pub user: UserId,
    /// With its slash: `/kudos`.
    pub command: String,
    /// All after the first space; may be empty.
    pub text: String,
    /// For later answers: 5 times within 30 minutes; empty where Slack sent none.
    pub response_url: String,
    /// Opens one modal within 3 s, and names this delivery; empty where Slack sent none.
    pub trigger_id: String,
    /// The app it was meant for; empty where Slack sent none.
    pub api_app_id: String,
}

/// Reads a form sent to the command's URL.
///
/// # Errors
/// [`InboundError::NotAForm`], or [`InboundError::Missing`] for the ids and the command's name.
pub fn parse_command(body: &[u8]) -> Result<CommandRequest, InboundError> {
    let mut form = Form::parse(body)?;
    if form.0.iter().any(|(name, value)| name == "ssl_check" && value == "1") {
        return Ok(CommandRequest::SslCheck);
    }
    Ok(CommandRequest::Slash(SlashCommand {
        workspace: form.required("team_id")?.into(),
        channel: form.required("channel_id")?.into(),
        user: form.required("user_id")?.into(),
        command: form.required("command")?,
        text: form.take("text"),
        response_url: form.take("response_url"),
        trigger_id: form.take("trigger_id"),
        api_app_id: form.take("api_app_id"),
    }))
}

/// Fields in the order sent; of two with one name the first counts.
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(body: &[u8]) -> Result<Self, InboundError> {
        serde_urlencoded::from_bytes(body)
            .map(Self)
            .map_err(|_| InboundError::NotAForm)
    }

    fn take(&mut self, name: &str) -> String {
        let field = self.0.iter_mut().find(|(found, _)| found == name);
        field.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }

    fn required(&mut self, name: &'static str) -> Result<String, InboundError> {
        let value = self.take(name);
        if value.is_empty() {
            Err(InboundError::Missing(name))
        } else {
            Ok(value)
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Events

/// A body sent to the events' URL.
#[derive(Clone, Debug, PartialEq)]
pub enum EventRequest {
    /// The URL is being saved in the app's settings: answer 200 with the challenge.
    UrlVerification {
        /// To be sent back as it is.
        challenge: String,
    },
    /// Something happened.
    Callback(EventCallback),
    /// Anything else, `app_rate_limited` among it, and callbacks of an organisation rather than a workspace.
    Other {
        /// Slack's `type`; of a callback, its event's.
        kind: String,
    },
}

/// Something that happened in a workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct EventCallback {
    /// The workspace whose installation sees it. In shared channels the outer `team_id` may be another company's.
    pub workspace: WorkspaceId,
    /// Names this event; a retry has the same, but one happening may arrive under several.
    pub event_id: String,
    /// It happened in a channel that is shared with another company.
    pub is_ext_shared_channel: bool,
    /// What happened.
    pub event: Event,
}

/// What happened. An event of a known type without its known shape is `Other`.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A member's names, zone, role or state changed.
    UserChange(Box<User>),
    /// Somebody is new.
    TeamJoin(Box<User>),
    /// Somebody joined a channel; the app itself where `user` is its own.
    MemberJoinedChannel {
        /// Who joined.
        user: UserId,
        /// What they joined.
        channel: ChannelId,
    },
    /// The app was removed from a channel (`channel_left`, `group_left`).
    ChannelLeft {
        /// Where it no longer is.
        channel: ChannelId,
    },
    /// Archived or deleted (`channel_archive`, `channel_deleted` and their `group_` twins): nothing can be posted.
    ChannelArchived {
        /// The channel.
        channel: ChannelId,
    },
    /// Back from the archive (`channel_unarchive`, `group_unarchive`).
    ChannelUnarchived {
        /// The channel.
        channel: ChannelId,
    },
    /// Shared with, or no longer shared with, another company (`channel_shared`, `channel_unshared`).
    ChannelShared {
        /// The channel.
        channel: ChannelId,
    },
    /// Somebody wrote a message, in a channel, a thread or a direct message.
    Message(Box<MessageEvent>),
    /// Somebody mentioned the app; the same post may come as [`Event::Message`] too.
    AppMention(Box<MessageEvent>),
    /// A message changed: by its writer's hand, or because Slack unfolded a link.
    MessageChanged(Box<MessageChange>),
    /// A message was deleted.
    MessageDeleted {
        /// Where it stood.
        channel: ChannelId,
        /// Which it was.
        ts: MessageTs,
    },
    /// Somebody reacted to a message.
    ReactionAdded(Reaction),
    /// Somebody no longer reacts to a message.
    ReactionRemoved(Reaction),
    /// Somebody opened the app's Home or its messages.
    AppHomeOpened {
        /// Who.
        user: UserId,
        /// `home` or `messages`.
        tab: String,
    },
    /// The app was removed from the workspace.
    AppUninstalled,
    /// Tokens were revoked; may come before or after [`Event::AppUninstalled`].
    TokensRevoked,
    /// Anything else.
    Other {
        /// Slack's `type`.
        kind: String,
    },
}

/// Reads a body sent to the events' URL.
///
/// # Errors
/// [`InboundError::NotAnObject`], or [`InboundError::Missing`] for the challenge and the event's id.
pub fn parse_event(body: &[u8]) -> Result<EventRequest, InboundError> {
    let mut body = object(body)?;
    match text(&body, "/type").unwrap_or_default() {
        "url_verification" => {
            let challenge = text(&body, "/challenge").ok_or(InboundError::Missing("challenge"))?;
            Ok(EventRequest::UrlVerification {
                challenge: challenge.to_owned(),
            })
        }
        "event_callback" => {
            let event_id = text(&body, "/event_id")
                .ok_or(InboundError::Missing("event_id"))?
                .to_owned();
            let workspace = text(&body, "/authorizations/0/team_id").or_else(|| text(&body, "/team_id"));
            let workspace = workspace.map(WorkspaceId::from);
            let event = body["event"].take();
            Ok(match workspace {
                Some(workspace) => EventRequest::Callback(EventCallback {
                    workspace,
                    event_id,
                    is_ext_shared_channel: body["is_ext_shared_channel"] == true,
                    event: Event::from(event),
                }),
                None => EventRequest::Other { kind: kind_of(&event) },
            })
        }
        _ => Ok(EventRequest::Other { kind: kind_of(&body) }),
    }
}

impl From<Value> for Event {
    fn from(mut event: Value) -> Self {
        let kind = kind_of(&event);
        let channel = || text(&event, "/channel").map(ChannelId::from);
        let known = match kind.as_str() {
            "user_change" | "team_join" => {
                let arm = if kind == "team_join" {
                    Self::TeamJoin
                } else {
                    Self::UserChange
                };
                serde_json::from_value(event["user"].take())
                    .ok()
                    .map(|user| arm(Box::new(user)))
            }
            "member_joined_channel" => text(&event, "/user")
                .map(UserId::from)
                .zip(channel())
                .map(|(user, channel)| Self::MemberJoinedChannel { user, channel }),
            "channel_left" | "group_left" => channel().map(|channel| Self::ChannelLeft { channel }),
            "channel_archive" | "group_archive" | "channel_deleted" | "group_deleted" => {
                channel().map(|channel| Self::ChannelArchived { channel })
            }
            "channel_unarchive" | "group_unarchive" => channel().map(|channel| Self::ChannelUnarchived { channel }),
            "channel_shared" | "channel_unshared" => channel().map(|channel| Self::ChannelShared { channel }),
            "message" => match text(&event, "/subtype") {
                None | Some("file_share" | "me_message" | "thread_broadcast" | "bot_message") => {
                    messages::message(&event).map(|message| Self::Message(Box::new(message)))
                }
                Some("message_changed") => {
                    messages::changed(&event).map(|change| Self::MessageChanged(Box::new(change)))
                }
                Some("message_deleted") => text(&event, "/deleted_ts")
                    .map(MessageTs::from)
                    .zip(channel())
                    .map(|(ts, channel)| Self::MessageDeleted { channel, ts }),
                Some(_) => None,
            },
            "app_mention" => messages::message(&event).map(|message| Self::AppMention(Box::new(message))),
            "reaction_added" => messages::reaction(&event).map(Self::ReactionAdded),
            "reaction_removed" => messages::reaction(&event).map(Self::ReactionRemoved),
            "app_home_opened" => text(&event, "/user").map(|user| Self::AppHomeOpened {
                user: user.into(),
                tab: text(&event, "/tab").unwrap_or("home").to_owned(),
            }),
            "app_uninstalled" => Some(Self::AppUninstalled),
            "tokens_revoked" => Some(Self::TokensRevoked),
            _ => None,
        };
        known.unwrap_or(Self::Other { kind })
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Clicks

/// A body sent to the interactivity URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// Somebody pressed a button or chose from a menu.
    BlockActions(Box<BlockActions>),
    /// Somebody submitted a modal.
    ViewSubmission(ViewEvent),
    /// Somebody closed a modal that asked to be told.
    ViewClosed(ViewEvent),
    /// Somebody chose an entry of Slack's own menus: the global one, or a message's.
    Shortcut(Shortcut),
    /// Anything else.
    Other {
        /// Slack's `type`.
        kind: String,
    },
}

/// A click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockActions {
    /// The workspace whose installation was clicked on; `None` where Slack names none.
    pub workspace: Option<WorkspaceId>,
    /// Who clicked; may be somebody of another company in a shared channel.
    pub user: UserId,
    /// Opens one modal within 3 s, and names this delivery.
    pub trigger_id: String,
    /// For the answer; absent in views.
    pub response_url: Option<String>,
    /// Where the message is; absent in views.
    pub channel: Option<ChannelId>,
    /// Which message; absent in views.
    pub message_ts: Option<MessageTs>,
    /// Whether only the clicker sees the message; such a one changes by `response_url` alone.
    pub is_ephemeral: bool,
    /// The parent of the thread that the message stands in, where it is known.
    pub thread_ts: Option<MessageTs>,
    /// What stands in the message's input elements.
    pub fields: Fields,
    /// The view, if it was clicked in one.
    pub view: Option<ViewState>,
    /// What was clicked, seldom more than one.
    pub actions: Vec<Action>,
}

/// One element that was clicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// As sent to Slack; see [`Action::name`].
    pub action_id: String,
    /// The block it stands in.
    pub block_id: String,
    /// A button's value, that of the option chosen from a menu, or what else was picked or typed.
    pub value: Option<String>,
    /// Everything that is picked in an element for several.
    pub values: Vec<String>,
}

impl Action {
    /// The action's name: its id without the `#2`, `#3`, … by which [`crate::slack::blocks::Block::actions`] tells
    /// apart elements of one name.
    pub fn name(&self) -> &str {
        self.action_id.split('#').next().unwrap_or_default()
    }
}

/// Reads a form sent to the interactivity URL.
///
/// # Errors
/// [`InboundError::NotAForm`], [`InboundError::Missing`] for the field `payload`, [`InboundError::NotAnObject`] for
/// what is in it.
pub fn parse_interaction(body: &[u8]) -> Result<Interaction, InboundError> {
    let payload = object(Form::parse(body)?.required("payload")?.as_bytes())?;
    let kind = kind_of(&payload);
    let known = match kind.as_str() {
        "block_actions" => block_actions(&payload).map(|click| Interaction::BlockActions(Box::new(click))),
        "view_submission" => views::view_event(&payload).map(Interaction::ViewSubmission),
        "view_closed" => views::view_event(&payload).map(Interaction::ViewClosed),
        "shortcut" | "message_action" => views::shortcut(&payload).map(Interaction::Shortcut),
        _ => None,
    };
    Ok(known.unwrap_or(Interaction::Other { kind }))
}

/// Whose installation it is. The order of Slack's own SDK: with people of other companies, `team` is theirs and the
/// view's is ours.
fn workspace_of(payload: &Value) -> Option<WorkspaceId> {
    [
        "/view/app_installed_team_id",
        "/team/id",
        "/authorizations/0/team_id",
        "/team_id",
        "/user/team_id",
        "/view/team_id",
    ]
    .into_iter()
    .find_map(|pointer| text(payload, pointer))
    .map(WorkspaceId::from)
}

fn block_actions(payload: &Value) -> Option<BlockActions> {
    let owned = |pointer: &str| text(payload, pointer).map(str::to_owned);
    let actions = payload.get("actions")?.as_array()?.iter().filter_map(|action| {
        let single = [
            "/value",
            "/selected_option/value",
            "/selected_user",
            "/selected_conversation",
            "/selected_channel",
            "/selected_date",
            "/selected_time",
        ];
        let value = single.into_iter().find_map(|pointer| text(action, pointer));
        let several = [
            "selected_options",
            "selected_users",
            "selected_conversations",
            "selected_channels",
        ];
        let values = several
            .into_iter()
            .filter_map(|name| action.get(name)?.as_array())
            .flatten()
            .filter_map(|item| item.as_str().or_else(|| item["value"].as_str()));
        Some(Action {
            action_id: text(action, "/action_id")?.to_owned(),
            block_id: text(action, "/block_id").unwrap_or_default().to_owned(),
            values: values.map(str::to_owned).collect(),
            value: value.map(str::to_owned),
        })
    });
    Some(BlockActions {
        workspace: workspace_of(payload),
        user: owned("/user/id")?.into(),
        trigger_id: owned("/trigger_id").unwrap_or_default(),
        response_url: owned("/response_url"),
        channel: owned("/channel/id")
            .or_else(|| owned("/container/channel_id"))
            .map(ChannelId),
        message_ts: owned("/container/message_ts")
            .or_else(|| owned("/message/ts"))
            .map(MessageTs),
        is_ephemeral: payload.pointer("/container/is_ephemeral") == Some(&Value::Bool(true)),
        thread_ts: owned("/message/thread_ts")
            .or_else(|| owned("/container/thread_ts"))
            .map(MessageTs),
        fields: Fields::of(payload.pointer("/state/values")),
        view: payload.get("view").and_then(ViewState::of),
        actions: actions.collect(),
    })
}

// ---------------------------------------------------------------------------------------------------------------
// Objects

/// Slack's user object (docs.slack.dev/reference/objects/user-object), in events and from `users.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Their workspace; another company's for people known from a shared channel.
    #[serde(default)]
    pub team_id: Option<WorkspaceId>,
    /// The handle. Slack advises against using it; the last resort of [`User::best_name`].
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Left, or was deactivated.
    #[serde(default, deserialize_with = "or_default")]
    pub deleted: bool,
    /// An app's member; false for Slackbot, see [`User::is_app`].
    #[serde(default, deserialize_with = "or_default")]
    pub is_bot: bool,
    /// A workflow's member.
    #[serde(default, deserialize_with = "or_default")]
    pub is_workflow_bot: bool,
    /// A guest of any kind.
    #[serde(default, deserialize_with = "or_default")]
    pub is_restricted: bool,
    /// A guest of a single channel.
    #[serde(default, deserialize_with = "or_default")]
    pub is_ultra_restricted: bool,
    /// From another company, and in no channel with us.
    #[serde(default, deserialize_with = "or_default")]
    pub is_stranger: bool,
    /// Administrates the workspace.
    #[serde(default, deserialize_with = "or_default")]
    pub is_admin: bool,
    /// Owns the workspace.
    #[serde(default, deserialize_with = "or_default")]
    pub is_owner: bool,
    /// IANA zone, as `Europe/Berlin`. The offset beside it is not read: it moves with daylight saving.
    #[serde(default)]
    pub tz: Option<String>,
    /// Full name; often only in the profile.
    #[serde(default)]
    pub real_name: Option<String>,
    /// Names as chosen.
    #[serde(default, deserialize_with = "or_default")]
    pub profile: Profile,
    /// Their place in an organisation of several workspaces, where there is one.
    #[serde(default)]
    pub enterprise_user: Option<Value>,
    /// Last change, in seconds since 1970.
    #[serde(default)]
    pub updated: Option<i64>,
}

/// The part of a user's profile that is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// May be empty.
    #[serde(default, deserialize_with = "or_default")]
    pub display_name: String,
    /// Full name.
    #[serde(default, deserialize_with = "or_default")]
    pub real_name: String,
    /// With `users:read.email` alone. Never stored.
    #[serde(default, deserialize_with = "or_default")]
    pub email: String,
}

impl User {
    /// The name to show: display name, else full name, else handle, else id. Text from a person: escape it.
    pub fn best_name(&self) -> &str {
        let full = self.real_name.as_deref().unwrap_or_default();
        [&self.profile.display_name, &self.profile.real_name, full, &self.name]
            .into_iter()
            .map(str::trim)
            .find(|name| !name.is_empty())
            .unwrap_or(self.id.as_str())
    }

    /// The full name; empty where Slack doesn't tell it.
    pub fn full_name(&self) -> &str {
        [
            self.profile.real_name.as_str(),
            self.real_name.as_deref().unwrap_or_default(),
        ]
        .into_iter()
        .map(str::trim)
        .find(|name| !name.is_empty())
        .unwrap_or_default()
    }

    /// Whether they belong to another workspace that is not one of our organisation: known through Slack Connect.
    pub fn is_of_another_company(&self, workspace: &WorkspaceId) -> bool {
        self.enterprise_user.is_none() && self.team_id.as_ref().is_some_and(|team| team != workspace)
    }

    /// Whether this is software. Slack documents Slackbot's `is_bot` as false, so its id is compared.
    pub fn is_app(&self) -> bool {
        self.is_bot || self.is_workflow_bot || self.id.as_str() == "USLACKBOT"
    }

    /// Whether this is a person who is still here.
    pub fn is_person(&self) -> bool {
        !self.deleted && !self.is_app()
    }
}

/// Slack writes `null` where it has nothing to say.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn object(body: &[u8]) -> Result<Value, InboundError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| InboundError::NotAnObject)?;
    if body.is_object() {
        Ok(body)
    } else {
        Err(InboundError::NotAnObject)
    }
}

/// A text that is there and not empty.
fn text<'a>(of: &'a Value, pointer: &str) -> Option<&'a str> {
    of.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

fn kind_of(of: &Value) -> String {
    text(of, "/type").unwrap_or("unknown").to_owned()
}
