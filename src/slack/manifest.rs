//! The app manifest, as Slack reads it when an app is created. Only the keys in use; Slack refuses unknown ones, and
//! so does reading one here. Source: Slack's published manifest schema, versions 1 and 2 (the same for these keys).

use serde::{Deserialize, Serialize};

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// How the app presents itself.
    pub display_information: DisplayInformation,
    /// What it adds to Slack.
    pub features: Features,
    /// What it may do.
    pub oauth_config: OauthConfig,
    /// Where Slack reaches it.
    pub settings: Settings,
}

/// How the app presents itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisplayInformation {
    /// At most 35 characters.
    pub name: String,
    /// At most 140 characters.
    pub description: String,
    /// 175 to 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
}

/// What the app adds to Slack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Its page in each member's Slack.
    pub app_home: AppHome,
    /// Its own member.
    pub bot_user: BotUser,
    /// At most 10: entries of Slack's own menus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortcuts: Vec<Shortcut>,
    /// At most 50.
    pub slash_commands: Vec<SlashCommand>,
}

/// An entry of Slack's own menus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shortcut {
    /// At most 24 characters.
    pub name: String,
    /// `global`, or `message`: at every message.
    #[serde(rename = "type")]
    pub kind: String,
    /// What tells which it is, at most 255 characters.
    pub callback_id: String,
    /// At most 150 characters.
    pub description: String,
}

/// The tabs of the app's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppHome {
    /// The tab that the app fills.
    pub home_tab_enabled: bool,
    /// The tab with its direct messages; without it none can be sent.
    pub messages_tab_enabled: bool,
    /// Whether people can't type there.
    pub messages_tab_read_only_enabled: bool,
}

/// The app's own member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotUser {
    /// At most 80 characters.
    pub display_name: String,
    /// Whether it has the green dot at all times.
    pub always_online: bool,
}

/// A slash command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlashCommand {
    /// With its slash, at most 32 characters.
    pub command: String,
    /// Where Slack sends it; none in Socket Mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Shown as people type.
    pub description: String,
    /// Shown after the command as people type.
    pub usage_hint: String,
    /// Whether Slack writes `<@U…>` for `@dana` and `<#C…>` for `#channel`.
    #[serde(default)]
    pub should_escape: bool,
}

/// What the app may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OauthConfig {
    /// By name.
    pub scopes: Scopes,
}

/// Scopes of the bot token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scopes {
    /// All of them.
    pub bot: Vec<String>,
    /// Those that whoever installs the app may decline; each is also in `bot`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bot_optional: Vec<String>,
}

/// Where Slack reaches the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What it is told.
    pub event_subscriptions: EventSubscriptions,
    /// Clicks.
    pub interactivity: Interactivity,
    /// Whether it can be installed for a whole organisation.
    #[serde(default)]
    pub org_deploy_enabled: bool,
    /// Whether Slack is reached by WebSocket rather than reaching the app by HTTP.
    #[serde(default)]
    pub socket_mode_enabled: bool,
    /// Whether tokens expire; can't be switched off again.
    #[serde(default)]
    pub token_rotation_enabled: bool,
}

/// What the app is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSubscriptions {
    /// Where Slack sends events; none in Socket Mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_url: Option<String>,
    /// At most 100 names.
    pub bot_events: Vec<String>,
}

/// Clicks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interactivity {
    /// Whether there are any.
    pub is_enabled: bool,
    /// Where Slack sends them; none in Socket Mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_url: Option<String>,
}

/// The manifest as YAML, to be pasted where Slack asks for it.
pub fn to_yaml(manifest: &Manifest) -> String {
    serde_norway::to_string(manifest).expect("texts, lists and yes or no have a YAML form")
}
