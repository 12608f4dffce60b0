//! Plaudit's manifest: what it asks of a workspace, and why.

use url::Url;

use crate::kudos::{GIVE_KUDOS, KUDOS_MESSAGE, PASS_ON_CUSTOMER_WORDS};
use crate::slack::manifest::{
    AppHome, BotUser, DisplayInformation, EventSubscriptions, Features, Interactivity, Manifest, OauthConfig, Scopes,
    Settings, Shortcut, SlashCommand,
};

/// A scope without which Plaudit does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredScope {
    /// Slack's name.
    pub name: &'static str,
    /// What it is for, in one clause.
    pub why: &'static str,
}

/// A scope that may be declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionalScope {
    /// Slack's name.
    pub name: &'static str,
    /// What stops without it, in one sentence.
    pub without: &'static str,
}

/// An event and the scopes of which one makes Slack send it (none: always sent).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscribedEvent {
    /// Slack's name.
    pub name: &'static str,
    /// Any one of them will do.
    pub scopes: &'static [&'static str],
}

/// What Plaudit can't do without.
pub const REQUIRED_SCOPES: &[RequiredScope] = &[
    RequiredScope {
        name: "commands",
        why: "the slash command and the shortcuts",
    },
    RequiredScope {
        name: "chat:write",
        why: "cards, direct messages and answers",
    },
    RequiredScope {
        name: "app_mentions:read",
        why: "thanks given by mentioning Plaudit, also in threads",
    },
    RequiredScope {
        name: "users:read",
        why: "names, time zones, and who is a person",
    },
    RequiredScope {
        name: "im:write",
        why: "telling people that they were thanked",
    },
];

/// What Plaudit does more with. Everything else works without them.
pub const OPTIONAL_SCOPES: &[OptionalScope] = &[
    OptionalScope {
        name: "reactions:read",
        without: "Reactions give nothing and add no name to a card.",
    },
    OptionalScope {
        name: "usergroups:read",
        without: "User groups can't be thanked as a team, and can't define one.",
    },
    OptionalScope {
        name: "channels:read",
        without: "Every channel counts as private, and Plaudit learns that one was archived or shared only when \
                  posting there fails.",
    },
    OptionalScope {
        name: "groups:read",
        without: "Plaudit learns that a private channel was archived or left only when posting there fails.",
    },
    OptionalScope {
        name: "channels:history",
        without: "In public channels, an emoji beside a mention gives nothing, a reacted post can't be quoted, answers \
                  to prompts aren't counted, and after a crash a card may be posted twice.",
    },
    OptionalScope {
        name: "groups:history",
        without: "The same in private channels.",
    },
    OptionalScope {
        name: "im:history",
        without: "Plaudit doesn't see what people write to it directly.",
    },
    OptionalScope {
        name: "files:write",
        without: "Digests come without their picture, and what is kept about a person is exported as text.",
    },
    OptionalScope {
        name: "chat:write.public",
        without: "Plaudit posts only in channels that it was invited to.",
    },
    OptionalScope {
        name: "users:read.email",
        without: "People can't be matched by e-mail address when kudos are imported.",
    },
];

/// What Plaudit is told. Scopes: docs.slack.dev/reference/events.
pub const EVENTS: &[SubscribedEvent] = &[
    event("user_change", &["users:read"]),
    event("team_join", &["users:read"]),
    event("member_joined_channel", &["channels:read", "groups:read"]),
    event("channel_left", &["channels:read"]),
    event("group_left", &["groups:read"]),
    event("channel_archive", &["channels:read"]),
    event("channel_unarchive", &["channels:read"]),
    event("group_archive", &["groups:read"]),
    event("group_unarchive", &["groups:read"]),
    event("channel_deleted", &["channels:read"]),
    event("group_deleted", &["groups:read"]),
    event("channel_shared", &["channels:read", "groups:read"]),
    event("channel_unshared", &["channels:read", "groups:read"]),
    event("app_mention", &["app_mentions:read"]),
    event("message.channels", &["channels:history"]),
    event("message.groups", &["groups:history"]),
    event("message.im", &["im:history"]),
    event("reaction_added", &["reactions:read"]),
    event("reaction_removed", &["reactions:read"]),
    event("app_home_opened", &[]),
    event("app_uninstalled", &[]),
    event("tokens_revoked", &[]),
];

/// Entries of Slack's own menus: name, `global` or `message`, callback id, description.
const SHORTCUTS: [(&str, &str, &str, &str); 3] = [
    ("Give kudos", "global", GIVE_KUDOS, "Thank a colleague, and say why"),
    (
        "Give kudos for this",
        "message",
        KUDOS_MESSAGE,
        "Thank whoever wrote this message",
    ),
    (
        "Pass on customer words",
        "message",
        PASS_ON_CUSTOMER_WORDS,
        "A customer said something kind: pass it on to whom it is about",
    ),
];

const fn event(name: &'static str, scopes: &'static [&'static str]) -> SubscribedEvent {
    SubscribedEvent { name, scopes }
}

/// The same with nothing that may be declined: the required scopes, and the events that these allow.
pub fn minimal(url: &Url, command: &str) -> Manifest {
    let mut manifest = build(url, command);
    let asked = |scope: &&str| REQUIRED_SCOPES.iter().any(|required| required.name == *scope);
    let allowed = EVENTS
        .iter()
        .filter(|event| event.scopes.is_empty() || event.scopes.iter().any(asked));
    manifest.settings.event_subscriptions.bot_events = allowed.map(|event| event.name.to_owned()).collect();
    manifest.oauth_config.scopes.bot = REQUIRED_SCOPES.iter().map(|scope| scope.name.to_owned()).collect();
    manifest.oauth_config.scopes.bot_optional = Vec::new();
    manifest
}

/// The manifest of a Plaudit that Slack reaches at `url` (its path, if any, comes before ours) and whose command is
/// `command`, with or without its slash.
pub fn build(url: &Url, command: &str) -> Manifest {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let at = |route: &str| Some(format!("{}{route}", base.as_str().trim_end_matches('/')));
    let required = REQUIRED_SCOPES.iter().map(|scope| scope.name);
    let optional = OPTIONAL_SCOPES.iter().map(|scope| scope.name);
    Manifest {
        display_information: DisplayInformation {
            name: "Plaudit".to_owned(),
            description: "Thank a colleague in ten seconds. Recognition for customer-service teams, all year."
                .to_owned(),
            long_description: Some(
                "Plaudit makes recognition in customer service last all year: say who helped and why, and the thanks \
                 stay. Everything is kept on your own server, and Plaudit talks to no other host than Slack."
                    .to_owned(),
            ),
        },
        features: Features {
            app_home: AppHome {
                home_tab_enabled: true,
                messages_tab_enabled: true,
                messages_tab_read_only_enabled: false,
            },
            bot_user: BotUser {
                display_name: "Plaudit".to_owned(),
                always_online: true,
            },
            shortcuts: SHORTCUTS
                .map(|(name, kind, callback_id, description)| Shortcut {
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                    callback_id: callback_id.to_owned(),
                    description: description.to_owned(),
                })
                .to_vec(),
            slash_commands: vec![SlashCommand {
                command: format!("/{}", command.trim().trim_start_matches('/')),
                url: at("/slack/commands"),
                description: "Thank a colleague".to_owned(),
                usage_hint: "@someone for what they did #value".to_owned(),
                should_escape: true,
            }],
        },
        oauth_config: OauthConfig {
            scopes: Scopes {
                bot: required.chain(optional.clone()).map(str::to_owned).collect(),
                bot_optional: optional.map(str::to_owned).collect(),
            },
        },
        settings: Settings {
            event_subscriptions: EventSubscriptions {
                request_url: at("/slack/events"),
                bot_events: EVENTS.iter().map(|event| event.name.to_owned()).collect(),
            },
            interactivity: Interactivity {
                is_enabled: true,
                request_url: at("/slack/interactivity"),
            },
            org_deploy_enabled: false,
            socket_mode_enabled: false,
            token_rotation_enabled: false,
        },
    }
}
