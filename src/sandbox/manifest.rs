//! The app as Slack installed it: what its manifest declares, and the scopes that are granted.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

/// A slash command of the manifest.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub name: String,
    pub path: String,
    pub should_escape: bool,
}

/// An entry in a menu of Slack's own: the global one, or the one at every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// What people read.
    pub name: String,
    /// What tells the app which it is.
    pub callback_id: String,
    /// At every message; otherwise global.
    pub of_messages: bool,
}

/// What the sandbox needs of the manifest, read from its JSON form.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    pub bot_name: String,
    /// Whether the app's Messages tab is on; without it no DM can be sent.
    pub takes_messages: bool,
    /// Whether people can only read the app's Messages tab.
    pub read_only: bool,
    /// Whether the app's Home tab is on.
    pub has_home: bool,
    pub commands: Vec<Command>,
    pub shortcuts: Vec<Shortcut>,
    pub events: BTreeSet<String>,
    pub events_path: String,
    /// `None` when interactivity is off.
    pub interactivity_path: Option<String>,
    /// Bot scopes, the optional ones included: they are listed in `bot` as well.
    pub scopes: BTreeSet<String>,
}

impl Installed {
    pub(super) fn read(manifest: &Value) -> Self {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let list = |pointer: &str| -> BTreeSet<String> {
            let items = manifest.pointer(pointer).and_then(Value::as_array);
            items
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let commands = manifest.pointer("/features/slash_commands").and_then(Value::as_array);
        let shortcuts = manifest.pointer("/features/shortcuts").and_then(Value::as_array);
        let on = manifest.pointer("/settings/interactivity/is_enabled") == Some(&Value::Bool(true));
        Self {
            bot_name: text("/features/bot_user/display_name")
                .or_else(|| text("/display_information/name"))
                .unwrap_or_default(),
            takes_messages: manifest.pointer("/features/app_home/messages_tab_enabled") != Some(&Value::Bool(false)),
            read_only: manifest.pointer("/features/app_home/messages_tab_read_only_enabled")
                == Some(&Value::Bool(true)),
            has_home: manifest.pointer("/features/app_home/home_tab_enabled") == Some(&Value::Bool(true)),
            shortcuts: shortcuts
                .into_iter()
                .flatten()
                .map(|shortcut| Shortcut {
                    name: shortcut["name"].as_str().unwrap_or_default().to_owned(),
                    callback_id: shortcut["callback_id"].as_str().unwrap_or_default().to_owned(),
                    of_messages: shortcut["type"] == "message",
                })
                .collect(),
            commands: commands
                .into_iter()
                .flatten()
                .map(|command| Command {
                    name: command["command"].as_str().unwrap_or_default().to_owned(),
                    path: path_of(command["url"].as_str(), "/slack/commands"),
                    should_escape: command["should_escape"].as_bool().unwrap_or(false),
                })
                .collect(),
            events: list("/settings/event_subscriptions/bot_events"),
            events_path: path_of(
                text("/settings/event_subscriptions/request_url").as_deref(),
                "/slack/events",
            ),
            interactivity_path: on.then(|| {
                path_of(
                    text("/settings/interactivity/request_url").as_deref(),
                    "/slack/interactivity",
                )
            }),
            scopes: list("/oauth_config/scopes/bot"),
        }
    }
}

fn path_of(url: Option<&str>, default: &str) -> String {
    url.and_then(|url| Url::parse(url).ok())
        .map_or_else(|| default.to_owned(), |url| url.path().to_owned())
}
