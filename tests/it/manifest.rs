//! `manifest.yml` is what `plaudit manifest` prints, and Slack would take it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use plaudit::app::manifest::{EVENTS, OPTIONAL_SCOPES, REQUIRED_SCOPES, build, minimal};
use plaudit::slack::inbound::{Event, EventRequest, parse_event};
use plaudit::slack::manifest::{Manifest, to_yaml};
use serde_json::{Value, json};
use url::Url;

fn manifest() -> Manifest {
    build(&Url::parse("https://plaudit.example.com").expect("a URL"), "/kudos")
}

fn minimal_manifest() -> Manifest {
    minimal(&Url::parse("https://plaudit.example.com").expect("a URL"), "/kudos")
}

fn as_json(manifest: &Manifest) -> Value {
    serde_json::to_value(manifest).expect("a manifest has a JSON form")
}

#[test]
fn manifest_yml_is_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifest.yml");
    let yaml = to_yaml(&manifest());
    assert_eq!(
        fs::read_to_string(path).unwrap_or_default(),
        yaml,
        "manifest.yml is out of date; this is the new one"
    );
    assert_eq!(
        serde_norway::from_str::<Manifest>(&yaml).expect("it can be read again"),
        manifest()
    );
}

#[test]
fn slack_s_published_schemas_accept_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/slack/manifest");
    for version in ["1.0.0", "2.0.0"] {
        let Ok(schema) = fs::read_to_string(folder.join(format!("manifest.schema.{version}.json"))) else {
            println!("skipped: the manifest schema {version} is not here");
            continue;
        };
        let schema: Value = serde_json::from_str(&schema).expect("a schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        for manifest in [manifest(), minimal_manifest()] {
            let errors: Vec<String> = validator
                .iter_errors(&as_json(&manifest))
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "schema {version}: {errors:?}");
        }
        let mut wrong = as_json(&manifest());
        wrong["features"]["slash_commands"][0]["command"] = json!("kudos");
        assert!(!validator.is_valid(&wrong), "schema {version} accepts anything");
    }
}

/// What Slack's schema allows for the keys in use: path, shortest and longest text (or most entries of a list).
const LIMITS: &[(&str, usize, usize)] = &[
    ("/display_information/name", 1, 35),
    ("/display_information/description", 1, 140),
    ("/display_information/long_description", 175, 4_000),
    ("/features/bot_user/display_name", 1, 80),
    ("/features/shortcuts", 1, 10),
    ("/features/shortcuts/0/name", 1, 24),
    ("/features/shortcuts/0/type", 6, 7),
    ("/features/shortcuts/0/callback_id", 1, 255),
    ("/features/shortcuts/0/description", 1, 150),
    ("/features/shortcuts/1/name", 1, 24),
    ("/features/shortcuts/1/type", 6, 7),
    ("/features/shortcuts/1/callback_id", 1, 255),
    ("/features/shortcuts/1/description", 1, 150),
    ("/features/shortcuts/2/name", 1, 24),
    ("/features/shortcuts/2/type", 6, 7),
    ("/features/shortcuts/2/callback_id", 1, 255),
    ("/features/shortcuts/2/description", 1, 150),
    ("/features/slash_commands", 1, 50),
    ("/features/slash_commands/0/command", 2, 32),
    ("/features/slash_commands/0/url", 1, 3_000),
    ("/features/slash_commands/0/description", 1, 2_000),
    ("/features/slash_commands/0/usage_hint", 1, 1_000),
    ("/oauth_config/scopes/bot", 1, 255),
    ("/oauth_config/scopes/bot_optional", 1, 255),
    ("/settings/event_subscriptions/request_url", 1, 3_500),
    ("/settings/event_subscriptions/bot_events", 1, 100),
    ("/settings/interactivity/request_url", 1, 3_500),
];

const SWITCHES: &[&str] = &[
    "/features/app_home/home_tab_enabled",
    "/features/app_home/messages_tab_enabled",
    "/features/app_home/messages_tab_read_only_enabled",
    "/features/bot_user/always_online",
    "/features/slash_commands/0/should_escape",
    "/settings/interactivity/is_enabled",
    "/settings/org_deploy_enabled",
    "/settings/socket_mode_enabled",
    "/settings/token_rotation_enabled",
];

#[test]
fn every_key_is_known_and_within_its_limit() {
    fn leaves(of: &Value, path: &str, found: &mut BTreeSet<String>) {
        match of {
            Value::Object(fields) => fields
                .iter()
                .for_each(|(name, value)| leaves(value, &format!("{path}/{name}"), found)),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                found.insert(path.to_owned());
                items
                    .iter()
                    .enumerate()
                    .for_each(|(at, item)| leaves(item, &format!("{path}/{at}"), found));
            }
            _ => {
                found.insert(path.to_owned());
            }
        }
    }
    let manifest = as_json(&manifest());
    let mut found = BTreeSet::new();
    leaves(&manifest, "", &mut found);
    let known: BTreeSet<String> = LIMITS
        .iter()
        .map(|(path, ..)| *path)
        .chain(SWITCHES.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(found, known);
    for (path, shortest, longest) in LIMITS {
        let length = match manifest.pointer(path).expect(path) {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.len(),
            other => panic!("{path} is {other}"),
        };
        assert!((*shortest..=*longest).contains(&length), "{path} has {length}");
    }
    assert!(
        SWITCHES
            .iter()
            .all(|path| manifest.pointer(path).is_some_and(Value::is_boolean))
    );
}

#[test]
fn scopes_are_few_and_the_optional_ones_can_be_declined() {
    let scopes = manifest().oauth_config.scopes;
    let distinct: BTreeSet<&String> = scopes.bot.iter().collect();
    assert_eq!(distinct.len(), scopes.bot.len());
    assert_eq!(scopes.bot.len(), REQUIRED_SCOPES.len() + OPTIONAL_SCOPES.len());
    assert!(scopes.bot_optional.iter().all(|scope| scopes.bot.contains(scope)));
    assert!(
        REQUIRED_SCOPES
            .iter()
            .all(|scope| !scopes.bot_optional.iter().any(|optional| optional == scope.name))
    );
    assert!(OPTIONAL_SCOPES.iter().all(|scope| scope.without.ends_with('.')));
}

#[test]
fn only_events_that_are_understood_are_asked_for_and_their_scopes_too() {
    let bot = manifest().oauth_config.scopes.bot;
    for event in EVENTS {
        assert!(
            event.scopes.iter().all(|scope| bot.iter().any(|asked| asked == scope)),
            "{}",
            event.name
        );
        let user = match event.name {
            "user_change" | "team_join" => json!({"id": "U1"}),
            _ => json!("U1"),
        };
        // `message.channels` and its like arrive as `message`.
        let kind = event.name.split('.').next().expect("a name");
        let item = json!({"type": "message", "channel": "C1", "ts": "1.000001"});
        let event_of = json!({
            "type": kind, "channel": "C1", "user": user, "ts": "1.000001", "text": "hello", "tab": "home",
            "reaction": "clap", "item": item,
        });
        let body = json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event_of});
        match parse_event(body.to_string().as_bytes()).expect("an event") {
            EventRequest::Callback(callback) => {
                assert!(!matches!(callback.event, Event::Other { .. }), "{}", event.name)
            }
            other => panic!("{}: {other:?}", event.name),
        }
    }
}

#[test]
fn the_minimal_one_asks_for_nothing_that_may_be_declined() {
    let it = minimal_manifest();
    let required: Vec<&str> = REQUIRED_SCOPES.iter().map(|scope| scope.name).collect();
    assert_eq!(it.oauth_config.scopes.bot, required);
    assert!(it.oauth_config.scopes.bot_optional.is_empty());
    let events: Vec<&str> = it
        .settings
        .event_subscriptions
        .bot_events
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(
        events,
        [
            "user_change",
            "team_join",
            "app_mention",
            "app_home_opened",
            "app_uninstalled",
            "tokens_revoked"
        ]
    );
    // Nothing else differs.
    let mut full = manifest();
    full.oauth_config = it.oauth_config.clone();
    full.settings.event_subscriptions = it.settings.event_subscriptions.clone();
    assert_eq!(full, it);
    assert_eq!(
        serde_norway::from_str::<Manifest>(&to_yaml(&it)).expect("it can be read again"),
        it
    );
}

#[test]
fn the_address_and_the_command_are_the_operator_s() {
    let manifest = build(
        &Url::parse("https://tools.example.com/bots/plaudit/?x=1#y").expect("a URL"),
        "thanks",
    );
    let command = &manifest.features.slash_commands[0];
    assert_eq!(command.command, "/thanks");
    assert_eq!(
        command.url.as_deref(),
        Some("https://tools.example.com/bots/plaudit/slack/commands")
    );
    let settings = manifest.settings;
    let events = settings.event_subscriptions.request_url;
    assert_eq!(
        events.as_deref(),
        Some("https://tools.example.com/bots/plaudit/slack/events")
    );
    let clicks = settings.interactivity.request_url;
    assert_eq!(
        clicks.as_deref(),
        Some("https://tools.example.com/bots/plaudit/slack/interactivity")
    );
}
