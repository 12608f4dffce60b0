//! The methods of the Web API that the sandbox plays, with the arguments and limits of Slack's reference.

mod chat;
mod conversations;
mod files;
mod users;
mod views;

use serde_json::{Map, Value, json};

pub(super) use chat::Content;
pub(super) use files::receive;
pub(super) use users::user_json;

use super::args::Args;
use super::rates::Limit;
use super::state::{Channel, State};
use crate::base::clock::Instant;
use crate::base::ids::ChannelId;

/// One method: how it is called, and what it does.
pub(super) struct Spec {
    pub name: &'static str,
    /// Whether it reads JSON bodies.
    pub takes_json: bool,
    pub limit: Limit,
    /// The scope that is needed whatever the arguments.
    scope: Option<&'static str>,
    pub args: &'static [&'static str],
    required: &'static [&'static str],
    run: fn(&mut Turn<'_>) -> Outcome,
}

/// What a method answers: the fields beside `ok`, or a refusal.
pub(super) type Outcome = Result<Value, Refusal>;

/// One call while it is served.
pub(super) struct Turn<'a> {
    pub state: &'a mut State,
    pub args: &'a Args,
    pub now: Instant,
}

/// `ok: false`, with Slack's code.
#[derive(Debug)]
pub(super) struct Refusal {
    pub error: String,
    pub extra: Map<String, Value>,
    /// Set for a 429: seconds to wait.
    pub retry_after: Option<u64>,
}

impl Refusal {
    fn new(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            extra: Map::new(),
            retry_after: None,
        }
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.insert(key.to_owned(), value);
        self
    }

    pub(super) fn rate_limited(seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new("ratelimited")
        }
    }
}

pub(super) fn refuse<T>(error: &str) -> Result<T, Refusal> {
    Err(Refusal::new(error))
}

const TIER_2: Limit = Limit::per_minute(20);
const TIER_3: Limit = Limit::per_minute(50);
const TIER_4: Limit = Limit::per_minute(100);
/// Methods with a limit of their own: "hundreds" a minute.
const SPECIAL: Limit = Limit::per_minute(600);

const METHODS: &[Spec] = &[
    Spec {
        name: "auth.test",
        takes_json: true,
        limit: SPECIAL,
        scope: None,
        args: &[],
        required: &[],
        run: users::auth_test,
    },
    Spec {
        name: "users.list",
        takes_json: false,
        limit: TIER_2,
        scope: Some("users:read"),
        args: &["cursor", "include_locale", "limit", "team_id"],
        required: &[],
        run: users::list,
    },
    Spec {
        name: "users.info",
        takes_json: false,
        limit: TIER_4,
        scope: Some("users:read"),
        args: &["include_locale", "user"],
        required: &["user"],
        run: users::info,
    },
    Spec {
        name: "usergroups.list",
        takes_json: false,
        limit: TIER_2,
        scope: Some("usergroups:read"),
        args: &["include_count", "include_disabled", "include_users", "team_id"],
        required: &[],
        run: users::groups,
    },
    Spec {
        name: "usergroups.users.list",
        takes_json: false,
        limit: TIER_2,
        scope: Some("usergroups:read"),
        args: &["include_disabled", "usergroup", "team_id"],
        required: &["usergroup"],
        run: users::group_members,
    },
    Spec {
        name: "conversations.info",
        takes_json: false,
        limit: TIER_3,
        scope: None,
        args: &["channel", "include_locale", "include_num_members"],
        required: &["channel"],
        run: conversations::info,
    },
    Spec {
        name: "conversations.members",
        takes_json: false,
        limit: TIER_4,
        scope: None,
        args: &["channel", "cursor", "limit"],
        required: &["channel"],
        run: conversations::members,
    },
    Spec {
        name: "conversations.open",
        takes_json: true,
        limit: TIER_3,
        scope: None,
        args: &["channel", "return_im", "users", "prevent_creation"],
        required: &[],
        run: conversations::open,
    },
    Spec {
        name: "conversations.history",
        takes_json: true,
        limit: TIER_3,
        scope: None,
        args: &[
            "channel",
            "cursor",
            "include_all_metadata",
            "inclusive",
            "latest",
            "limit",
            "oldest",
        ],
        required: &["channel"],
        run: conversations::history,
    },
    Spec {
        name: "conversations.replies",
        takes_json: false,
        limit: TIER_3,
        scope: None,
        args: &[
            "channel",
            "cursor",
            "include_all_metadata",
            "inclusive",
            "latest",
            "limit",
            "oldest",
            "ts",
        ],
        required: &["channel", "ts"],
        run: conversations::replies,
    },
    Spec {
        name: "reactions.get",
        takes_json: false,
        limit: TIER_3,
        scope: Some("reactions:read"),
        args: &["channel", "file", "file_comment", "full", "timestamp"],
        required: &[],
        run: conversations::reactions,
    },
    Spec {
        name: "chat.postMessage",
        takes_json: true,
        limit: SPECIAL,
        scope: Some("chat:write"),
        args: &[
            "attachments",
            "blocks",
            "channel",
            "link_names",
            "markdown_text",
            "metadata",
            "mrkdwn",
            "parse",
            "reply_broadcast",
            "text",
            "thread_ts",
            "unfurl_links",
            "unfurl_media",
            "icon_emoji",
            "icon_url",
            "username",
        ],
        required: &["channel"],
        run: chat::post_message,
    },
    Spec {
        name: "chat.postEphemeral",
        takes_json: true,
        limit: TIER_4,
        scope: Some("chat:write"),
        args: &[
            "attachments",
            "blocks",
            "channel",
            "link_names",
            "markdown_text",
            "metadata",
            "parse",
            "text",
            "thread_ts",
            "user",
            "icon_emoji",
            "icon_url",
            "username",
        ],
        required: &["channel", "user"],
        run: chat::post_ephemeral,
    },
    Spec {
        name: "chat.update",
        takes_json: true,
        limit: TIER_3,
        scope: Some("chat:write"),
        args: &[
            "attachments",
            "blocks",
            "channel",
            "link_names",
            "markdown_text",
            "metadata",
            "parse",
            "reply_broadcast",
            "text",
            "ts",
        ],
        required: &["channel", "ts"],
        run: chat::update,
    },
    Spec {
        name: "chat.delete",
        takes_json: true,
        limit: TIER_3,
        scope: Some("chat:write"),
        args: &["channel", "ts"],
        required: &["channel", "ts"],
        run: chat::delete,
    },
    Spec {
        name: "chat.getPermalink",
        takes_json: false,
        limit: SPECIAL,
        scope: None,
        args: &["channel", "message_ts"],
        required: &["channel", "message_ts"],
        run: chat::get_permalink,
    },
    Spec {
        name: "files.getUploadURLExternal",
        takes_json: false,
        limit: TIER_4,
        scope: Some("files:write"),
        args: &["alt_txt", "filename", "length", "snippet_type"],
        required: &["filename"],
        run: files::get_url,
    },
    Spec {
        name: "files.completeUploadExternal",
        takes_json: true,
        limit: TIER_4,
        scope: Some("files:write"),
        args: &[
            "blocks",
            "channel_id",
            "channels",
            "files",
            "initial_comment",
            "thread_ts",
        ],
        required: &[],
        run: files::complete,
    },
    Spec {
        name: "views.open",
        takes_json: true,
        limit: TIER_4,
        scope: None,
        args: &["trigger_id", "interactivity_pointer", "view"],
        required: &[],
        run: views::open,
    },
    Spec {
        name: "views.push",
        takes_json: true,
        limit: TIER_4,
        scope: None,
        args: &["trigger_id", "interactivity_pointer", "view"],
        required: &[],
        run: views::push,
    },
    Spec {
        name: "views.update",
        takes_json: true,
        limit: TIER_4,
        scope: None,
        args: &["external_id", "hash", "view", "view_id"],
        required: &[],
        run: views::update,
    },
    Spec {
        name: "views.publish",
        takes_json: true,
        limit: TIER_4,
        scope: None,
        args: &["hash", "interactivity_pointer", "user_id", "view"],
        required: &["user_id"],
        run: views::publish,
    },
];

/// The method of that name, if the sandbox plays it.
pub(super) fn spec(name: &str) -> Option<&'static Spec> {
    METHODS.iter().find(|spec| spec.name == name)
}

impl Spec {
    /// Everything between the token's check and the answer.
    pub(super) fn serve(&self, turn: &mut Turn<'_>) -> Outcome {
        turn.state
            .take(&[(self.name.to_owned(), self.limit)], turn.now)
            .map_err(|seconds| {
                turn.state.note(format!("{}: called too often", self.name));
                Refusal::rate_limited(seconds)
            })?;
        if let Some(scope) = self.scope {
            turn.needs(scope)?;
        }
        if let Some(missing) = self.required.iter().find(|key| turn.args.text(key).is_none()) {
            turn.state.note(format!("{}: without {missing}", self.name));
            let message = format!("[ERROR] missing required field: {missing}");
            return Err(Refusal::new("invalid_arguments").with("response_metadata", json!({ "messages": [message] })));
        }
        let outcome = (self.run)(turn);
        if let Err(refusal) = &outcome
            && OWN_FAULT.contains(&refusal.error.as_str())
        {
            turn.state.note(format!(
                "{}: {} {}",
                self.name,
                refusal.error,
                Value::Object(refusal.extra.clone())
            ));
        }
        outcome
    }
}

/// Refusals that a careful app never causes, whatever people do.
pub(super) const OWN_FAULT: &[&str] = &[
    "no_text",
    "msg_too_long",
    "msg_blocks_too_long",
    "invalid_blocks",
    "invalid_blocks_format",
    "metadata_too_large",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "markdown_text_conflict",
    "too_many_attachments",
    "invalid_cursor",
    "invalid_ts_latest",
    "invalid_ts_oldest",
    "view_too_large",
    "duplicate_external_id",
    "push_limit_reached",
    "not_enabled",
    "exchanged_trigger_id",
    "invalid_trigger_id",
    "invalid_arguments",
    "users_list_not_supplied",
    "too_many_users",
    "limit_required",
    "ratelimited",
];

impl Turn<'_> {
    /// Refuses with `missing_scope` unless the app has it.
    fn needs(&self, scope: &str) -> Result<(), Refusal> {
        if self.state.scopes.contains(scope) {
            return Ok(());
        }
        let provided: Vec<&str> = self.state.scopes.iter().map(String::as_str).collect();
        Err(Refusal::new("missing_scope")
            .with("needed", json!(scope))
            .with("provided", json!(provided.join(","))))
    }

    /// The conversation, if the app may know of it and has the scope of its kind, such as `channels:read`.
    fn conversation(&self, scope_of: &str) -> Result<Channel, Refusal> {
        let id = ChannelId::from(self.args.text("channel").unwrap_or_default());
        let families = ["channels", "groups", "im", "mpim"];
        if !families
            .iter()
            .any(|family| self.state.scopes.contains(&format!("{family}:{scope_of}")))
        {
            self.needs(&families.map(|family| format!("{family}:{scope_of}")).join(","))?;
        }
        match self.state.channels.get(&id) {
            Some(channel) if channel.visible() => {
                self.needs(&format!("{}:{scope_of}", channel.kind.family()))?;
                Ok(channel.clone())
            }
            _ => refuse("channel_not_found"),
        }
    }

    /// One page of `all`, and the cursor of the next one (empty at the end).
    fn page<T: Clone>(&self, all: &[T], default: usize, most: usize) -> Result<(Vec<T>, String), Refusal> {
        let from = match self.args.text("cursor") {
            None => 0,
            Some(cursor) => cursor
                .strip_prefix("bmV4dA")
                .and_then(|rest| rest.strip_suffix("=="))
                .and_then(|place| place.parse::<usize>().ok())
                .filter(|place| *place <= all.len())
                .ok_or_else(|| Refusal::new("invalid_cursor"))?,
        };
        let size = self
            .args
            .number("limit")
            .filter(|limit| *limit > 0)
            .unwrap_or(default)
            .min(most);
        let to = (from + size.min(self.state.page_size)).min(all.len());
        // A cursor must be sent back encoded: it ends in `=`.
        let next = if to < all.len() {
            format!("bmV4dA{to}==")
        } else {
            String::new()
        };
        Ok((all[from..to].to_vec(), next))
    }
}
