//! What Slack sends is understood, and what it may send one day does no harm.

use std::fs;
use std::path::Path;

use plaudit::slack::inbound::{
    CommandRequest, Event, EventRequest, InboundError, Interaction, User, parse_command, parse_event, parse_interaction,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{Story, story};

fn event(body: &Value) -> Result<EventRequest, InboundError> {
    parse_event(body.to_string().as_bytes())
}

fn click(payload: &Value) -> Result<Interaction, InboundError> {
    let form = serde_urlencoded::to_string([("payload", payload.to_string())]).expect("a form");
    parse_interaction(form.as_bytes())
}

fn callback(of: Value) -> Value {
    json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event_time": 1_790_000_000, "event": of})
}

fn understood(of: Value) -> Event {
    match event(&callback(of)) {
        Ok(EventRequest::Callback(callback)) => callback.event,
        other => panic!("{other:?}"),
    }
}

fn user(of: Value) -> User {
    serde_json::from_value(of).expect("a user")
}

/// A body that Slack has sent.
enum Payload {
    /// A slash command's form.
    Form(String),
    /// An event, or what stands in an interaction's form.
    Json(Value),
}

/// Slack's own payloads, by file name; `None` where they are not here.
fn payloads() -> Option<Vec<(String, Payload)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/slack/payloads");
    let Ok(files) = fs::read_dir(folder) else {
        println!("skipped: Slack's payloads are not here");
        return None;
    };
    let mut found = Vec::new();
    for file in files {
        let path = file.expect("a folder's entry").path();
        let Ok(content) = fs::read_to_string(&path) else {
            continue;
        };
        let payload = match path.extension().and_then(|extension| extension.to_str()) {
            Some("txt") => Payload::Form(content.trim().to_owned()),
            Some("json") => Payload::Json(serde_json::from_str(&content).expect("JSON")),
            _ => continue,
        };
        found.push((path.display().to_string(), payload));
    }
    assert!(!found.is_empty(), "the folder of payloads is empty");
    Some(found)
}

#[test]
fn real_payloads_are_understood() {
    for (name, payload) in payloads().unwrap_or_default() {
        match payload {
            Payload::Form(form) => {
                let Ok(CommandRequest::Slash(command)) = parse_command(form.as_bytes()) else {
                    panic!("{name}: no command");
                };
                assert!(
                    command.command.starts_with('/') && !command.response_url.is_empty(),
                    "{name}"
                );
            }
            Payload::Json(body) => replay(&body, &name),
        }
    }
}

/// The same payload as if it were about this workspace, its people and its channels.
fn at_home(t: &Story, payload: &str) -> String {
    let (workspace, app) = (t.slack.workspace().0, t.app.ctx.workspace.bot_user.0.clone());
    let (lee, support) = (t.person("lee").id.0, t.channel("support").id.0);
    let mut own = String::new();
    let mut rest = payload;
    // Slack's ids stand alone: between quotes, in `<@…>`, or in a form's field.
    while let Some(at) = rest.find(['"', '@', '=']) {
        own.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let id = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let is_id = id >= 2 && rest[..id].bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let replaced = match rest.as_bytes().first() {
            Some(b'T') if is_id => &workspace,
            Some(b'U' | b'W') if is_id && own.ends_with('@') => &app,
            Some(b'U' | b'W') if is_id => &lee,
            Some(b'C' | b'G' | b'D') if is_id => &support,
            _ => continue,
        };
        own.push_str(replaced);
        rest = &rest[id..];
    }
    own + rest
}

#[test]
fn real_payloads_are_acknowledged_whoever_they_are_about() {
    let Some(payloads) = payloads() else { return };
    story(async |t| {
        let ours = t.slack.workspace().0;
        let mut about_us = 0;
        for (name, payload) in payloads {
            let (path, body) = match payload {
                Payload::Form(form) => ("/slack/commands", form),
                Payload::Json(body) => match body["type"].as_str() {
                    Some("event_callback" | "url_verification") => ("/slack/events", body.to_string()),
                    _ => ("/slack/interactivity", body.to_string()),
                },
            };
            for body in [body.clone(), at_home(t, &body)] {
                about_us += usize::from(body.contains(&ours));
                let body = match path {
                    "/slack/interactivity" => serde_urlencoded::to_string([("payload", body)]).expect("a form"),
                    _ => body,
                };
                // Slack delivers it once more when it wasn't sure.
                for _ in 0..2 {
                    let (headers, signed) = t.slack.signed_request(path, &body);
                    let answer = t.slack.raw(path, &headers, &signed).await;
                    assert_eq!(answer.status, Some(200), "{name}: {answer:?}");
                }
                t.settles().await;
            }
        }
        assert!(about_us > 20, "{about_us} are about this workspace");
        t.run_jobs().await;
    });
}

fn replay(body: &Value, name: &str) {
    let kind = body["type"].as_str().expect("a type");
    match kind {
        "url_verification" => {
            let Ok(EventRequest::UrlVerification { challenge }) = event(body) else {
                panic!("{name}: no challenge");
            };
            assert_eq!(body["challenge"], json!(challenge), "{name}");
        }
        "event_callback" => {
            let named = |pointer| body.pointer(pointer).and_then(Value::as_str);
            let workspace = named("/authorizations/0/team_id").or_else(|| named("/team_id"));
            let inner = body["event"]["type"].as_str().expect("a type");
            match (event(body), workspace) {
                (Ok(EventRequest::Callback(found)), Some(workspace)) => {
                    assert_eq!(found.workspace.as_str(), workspace, "{name}");
                    match (inner, &found.event) {
                        ("member_joined_channel", Event::MemberJoinedChannel { user, channel }) => {
                            assert_eq!(
                                (&json!(user), &json!(channel)),
                                (&body["event"]["user"], &body["event"]["channel"])
                            );
                        }
                        ("app_home_opened", Event::AppHomeOpened { tab, .. }) => {
                            assert_eq!(json!(tab), body["event"]["tab"], "{name}");
                        }
                        ("app_uninstalled", Event::AppUninstalled) | ("tokens_revoked", Event::TokensRevoked) => {}
                        ("app_mention", Event::AppMention(it)) | ("message", Event::Message(it)) => {
                            assert_eq!(json!(it.ts), body["event"]["ts"], "{name}");
                            assert_eq!(json!(it.text), body["event"]["text"], "{name}");
                        }
                        ("message", Event::MessageChanged(change)) => {
                            let ts = named("/event/message/ts").or_else(|| named("/event/previous_message/ts"));
                            assert_eq!(Some(change.message.ts.as_str()), ts, "{name}");
                        }
                        ("message", Event::MessageDeleted { ts, .. }) => {
                            assert_eq!(json!(ts), body["event"]["deleted_ts"], "{name}");
                        }
                        ("reaction_added", Event::ReactionAdded(it)) => {
                            assert_eq!(json!(it.name), body["event"]["reaction"], "{name}");
                            assert_eq!(json!(it.ts), body["event"]["item"]["ts"], "{name}");
                        }
                        (_, Event::Other { kind }) => {
                            assert_eq!(kind, inner, "{name}");
                            let known = [
                                "app_mention",
                                "app_uninstalled",
                                "member_joined_channel",
                                "reaction_added",
                                "tokens_revoked",
                            ];
                            assert!(!known.contains(&inner), "{name}");
                        }
                        (_, found) => panic!("{name}: {inner} became {found:?}"),
                    }
                }
                (Ok(EventRequest::Other { kind }), None) => assert_eq!(kind, inner, "{name}"),
                (other, _) => panic!("{name}: {other:?}"),
            }
        }
        "block_actions" => {
            let Ok(Interaction::BlockActions(found)) = click(body) else {
                panic!("{name}: no click");
            };
            assert_eq!(json!(found.user), body["user"]["id"], "{name}");
            assert_eq!(json!(found.workspace), body["team"]["id"], "{name}");
            assert_eq!(
                Some(found.actions.len()),
                body["actions"].as_array().map(Vec::len),
                "{name}"
            );
            assert_eq!(
                found.is_ephemeral,
                body["container"]["is_ephemeral"].as_bool().unwrap_or(false),
                "{name}"
            );
        }
        "view_submission" | "view_closed" => {
            let (Ok(Interaction::ViewSubmission(found)) | Ok(Interaction::ViewClosed(found))) = click(body) else {
                panic!("{name}: no view");
            };
            assert_eq!(json!(found.view.id), body["view"]["id"], "{name}");
            assert_eq!(json!(found.user), body["user"]["id"], "{name}");
        }
        "shortcut" | "message_action" => {
            let Ok(Interaction::Shortcut(found)) = click(body) else {
                panic!("{name}: no shortcut");
            };
            assert_eq!(json!(found.callback_id), body["callback_id"], "{name}");
        }
        _ => assert_eq!(click(body), Ok(Interaction::Other { kind: kind.to_owned() }), "{name}"),
    }
}

#[test]
fn a_command_is_read() {
    let body = "token=x&team_id=T1&team_domain=example&channel_id=C1&channel_name=privategroup&user_id=U1&user_name=lee\
        &command=%2Fkudos&text=%3C%40U2%7Cdana%3E+for+calming+the+%E2%82%AC+storm&api_app_id=A1\
        &is_enterprise_install=false&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1%2F1%2Fx\
        &trigger_id=1.2.abc&something_new=1";
    let Ok(CommandRequest::Slash(command)) = parse_command(body.as_bytes()) else {
        panic!("no command");
    };
    assert_eq!(command.workspace.as_str(), "T1");
    assert_eq!(command.channel.as_str(), "C1");
    assert_eq!(command.user.as_str(), "U1");
    assert_eq!(command.command, "/kudos");
    assert_eq!(command.text, "<@U2|dana> for calming the € storm");
    assert_eq!(command.response_url, "https://hooks.slack.com/commands/T1/1/x");
    assert_eq!(
        (command.trigger_id.as_str(), command.api_app_id.as_str()),
        ("1.2.abc", "A1")
    );
}

#[test]
fn a_certificate_check_is_nothing_else_even_with_a_command_in_it() {
    for body in [
        "ssl_check=1&token=x",
        "team_id=T1&channel_id=C1&user_id=U1&command=%2Fkudos&text=hi&ssl_check=1",
        "ssl_check=0&ssl_check=1",
    ] {
        assert_eq!(parse_command(body.as_bytes()), Ok(CommandRequest::SslCheck), "{body}");
    }
    let typed = "team_id=T1&channel_id=C1&user_id=U1&command=%2Fkudos&text=ssl_check%3D1";
    assert!(matches!(parse_command(typed.as_bytes()), Ok(CommandRequest::Slash(_))));
}

#[test]
fn a_command_without_its_ids_is_refused() {
    let missing = |body: &str| parse_command(body.as_bytes()).expect_err("an error");
    assert_eq!(
        missing("team_id=T1&channel_id=C1&command=%2Fkudos"),
        InboundError::Missing("user_id")
    );
    assert_eq!(
        missing("team_id=&channel_id=C1&user_id=U1&command=%2Fkudos"),
        InboundError::Missing("team_id")
    );
    assert_eq!(missing(""), InboundError::Missing("team_id"));
}

#[test]
fn channels_come_and_go() {
    let channel = || "C1".into();
    for (kinds, expected) in [
        (
            &["channel_left", "group_left"][..],
            Event::ChannelLeft { channel: channel() },
        ),
        (
            &["channel_archive", "group_archive", "channel_deleted", "group_deleted"],
            Event::ChannelArchived { channel: channel() },
        ),
        (
            &["channel_unarchive", "group_unarchive"],
            Event::ChannelUnarchived { channel: channel() },
        ),
        (
            &["channel_shared", "channel_unshared"],
            Event::ChannelShared { channel: channel() },
        ),
    ] {
        for kind in kinds {
            assert_eq!(
                understood(json!({"type": kind, "channel": "C1", "actor_id": "U1", "is_moved": 0})),
                expected,
                "{kind}"
            );
            // Known by name, but not the shape that was documented.
            let other = Event::Other {
                kind: (*kind).to_owned(),
            };
            assert_eq!(
                understood(json!({"type": kind, "channel": {"id": "C1"}})),
                other,
                "{kind}"
            );
            assert_eq!(understood(json!({"type": kind})), other, "{kind}");
        }
    }
}

#[test]
fn people_come_and_change() {
    let dana = json!({"id": "U1", "team_id": "T1", "name": "dana", "deleted": false, "tz": "Europe/Berlin",
        "is_bot": false, "updated": 1_790_000_000, "new_field": {"x": 1},
        "profile": {"display_name": "Dana", "real_name": "Dana Kim", "status_text": ""}});
    for (kind, arm) in [
        ("user_change", Event::UserChange as fn(Box<User>) -> Event),
        ("team_join", Event::TeamJoin),
    ] {
        let found = understood(json!({"type": kind, "user": dana.clone(), "cache_ts": 1, "event_ts": "1.2"}));
        assert_eq!(found, arm(Box::new(user(dana.clone()))), "{kind}");
        let other = Event::Other { kind: kind.to_owned() };
        assert_eq!(understood(json!({"type": kind, "user": "U1"})), other);
        assert_eq!(understood(json!({"type": kind, "user": {"name": "no id"}})), other);
    }
    let joined = Event::MemberJoinedChannel {
        user: "U1".into(),
        channel: "C1".into(),
    };
    assert_eq!(
        understood(json!({"type": "member_joined_channel", "user": "U1", "channel": "C1", "team": "T1"})),
        joined
    );
}

#[test]
fn the_workspace_is_the_one_that_installed_the_app() {
    let workspace = |body: Value| match event(&body) {
        Ok(EventRequest::Callback(callback)) => callback.workspace.to_string(),
        other => panic!("{other:?}"),
    };
    let mut body = callback(json!({"type": "app_uninstalled"}));
    assert_eq!(workspace(body.clone()), "T1");
    body["authorizations"] = json!([{"team_id": null}]);
    assert_eq!(workspace(body.clone()), "T1");
    body["authorizations"] = json!([{"team_id": "T2"}]);
    assert_eq!(workspace(body), "T2");
}

#[test]
fn what_is_no_event_of_a_workspace_is_other() {
    let other = |kind: &str| Ok(EventRequest::Other { kind: kind.to_owned() });
    let limited =
        json!({"token": "x", "type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1_518_467_820});
    assert_eq!(event(&limited), other("app_rate_limited"));
    let org = json!({"type": "event_callback", "event_id": "Ev1", "event": {"type": "team_access_granted"}});
    assert_eq!(event(&org), other("team_access_granted"));
    assert_eq!(event(&json!({})), other("unknown"));
    assert_eq!(
        understood(json!("no object")),
        Event::Other {
            kind: "unknown".to_owned()
        }
    );
}

#[test]
fn what_is_no_json_object_is_an_error() {
    for body in ["", "[]", "null", "1", "{", "payload=%7B%7D", "\u{feff}{}"] {
        assert_eq!(parse_event(body.as_bytes()), Err(InboundError::NotAnObject), "{body}");
    }
    assert_eq!(
        event(&json!({"type": "url_verification"})),
        Err(InboundError::Missing("challenge"))
    );
    assert_eq!(
        event(&json!({"type": "event_callback", "team_id": "T1"})),
        Err(InboundError::Missing("event_id"))
    );
    assert_eq!(parse_interaction(b"x=1"), Err(InboundError::Missing("payload")));
    assert_eq!(parse_interaction(b"payload=nothing"), Err(InboundError::NotAnObject));
}

#[test]
fn a_click_is_read() {
    let payload = json!({"type": "block_actions", "team": {"id": "T1", "domain": "example"},
    "user": {"id": "U1", "username": "lee", "team_id": "T1"}, "api_app_id": "A1",
    "container": {"type": "message", "message_ts": "1548261231.000200", "channel_id": "C1", "is_ephemeral": true},
    "trigger_id": "1.2.abc", "channel": {"id": "C1", "name": "kudos"}, "state": {"values": {}},
    "response_url": "https://hooks.slack.com/actions/A1/1/x",
    "actions": [
        {"type": "button", "action_id": "kudos.choose#2", "block_id": "b1", "value": "k1", "action_ts": "1.2"},
        {"type": "overflow", "action_id": "kudos.menu", "block_id": "b1",
         "selected_option": {"text": {"type": "plain_text", "text": "Hide"}, "value": "hide"}},
        {"type": "button"},
    ]});
    let Ok(Interaction::BlockActions(found)) = click(&payload) else {
        panic!("no click");
    };
    assert_eq!(found.workspace, Some("T1".into()));
    assert_eq!(
        (found.channel, found.message_ts),
        (Some("C1".into()), Some("1548261231.000200".into()))
    );
    assert!(found.is_ephemeral);
    assert_eq!(
        found.response_url.as_deref(),
        Some("https://hooks.slack.com/actions/A1/1/x")
    );
    assert_eq!(found.trigger_id, "1.2.abc");
    let actions: Vec<_> = found
        .actions
        .iter()
        .map(|action| (action.name(), action.value.as_deref()))
        .collect();
    assert_eq!(actions, [("kudos.choose", Some("k1")), ("kudos.menu", Some("hide"))]);
}

#[test]
fn a_click_in_a_view_or_from_another_company_finds_our_workspace() {
    let mut payload = json!({"type": "block_actions", "team": null, "user": {"id": "U1", "team_id": "T3"},
        "container": {"type": "view", "view_id": "V1"}, "view": {"id": "V1", "team_id": "T4"}, "actions": []});
    let workspace = |payload: &Value| match click(payload) {
        Ok(Interaction::BlockActions(found)) => {
            assert_eq!(
                (found.channel, found.message_ts, found.response_url),
                (None, None, None)
            );
            found.workspace.map(|workspace| workspace.to_string())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(workspace(&payload).as_deref(), Some("T3"));
    payload["team"] = json!({"id": "T2"});
    assert_eq!(workspace(&payload).as_deref(), Some("T2"));
    payload["view"]["app_installed_team_id"] = json!("T1");
    assert_eq!(workspace(&payload).as_deref(), Some("T1"));
    let nameless = json!({"type": "block_actions", "actions": []});
    assert_eq!(
        click(&nameless),
        Ok(Interaction::Other {
            kind: "block_actions".to_owned()
        })
    );
}

#[test]
fn a_person_s_name_is_the_one_they_chose() {
    let name = |of: Value| user(of).best_name().to_owned();
    assert_eq!(
        name(json!({"id": "U1", "name": "dana", "profile": {"display_name": " Dana ", "real_name": "Dana Kim"}})),
        "Dana"
    );
    assert_eq!(
        name(json!({"id": "U1", "name": "dana", "profile": {"display_name": "", "real_name": "Dana Kim"}})),
        "Dana Kim"
    );
    assert_eq!(
        name(json!({"id": "U1", "name": "dana", "real_name": "Dana Kim", "profile": null})),
        "Dana Kim"
    );
    assert_eq!(name(json!({"id": "U1", "name": "dana", "real_name": null})), "dana");
    assert_eq!(name(json!({"id": "U1"})), "U1");
}

#[test]
fn apps_and_those_who_left_are_no_people() {
    for (of, app, person) in [
        (json!({"id": "U1"}), false, true),
        (
            json!({"id": "U1", "is_restricted": true, "is_ultra_restricted": true, "is_admin": null}),
            false,
            true,
        ),
        (json!({"id": "U1", "deleted": true}), false, false),
        (json!({"id": "U1", "name": "weatherbot", "is_bot": true}), true, false),
        (json!({"id": "U1", "is_workflow_bot": true}), true, false),
        (json!({"id": "USLACKBOT", "is_bot": false, "tz": null}), true, false),
    ] {
        let found = user(of.clone());
        assert_eq!((found.is_app(), found.is_person()), (app, person), "{of}");
    }
}

proptest! {
    #[test]
    fn no_body_does_harm(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        text in "[{}\\[\\]\":,a-z0-9=&%]{0,80}",
    ) {
        for body in [&body[..], text.as_bytes()] {
            let _ = parse_command(body);
            let _ = parse_event(body);
            let _ = parse_interaction(body);
        }
    }
}
