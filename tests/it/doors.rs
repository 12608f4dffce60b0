//! Who gets in, and what a door does with the rest.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures_util::stream;
use insta::assert_snapshot;
use plaudit::app::App;
use plaudit::base::clock::Clock as _;
use plaudit::base::ids::UserId;
use plaudit::sandbox::{Bot, NewPerson, RawAnswer};
use plaudit::slack::signature::sign;
use plaudit::web;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Setup, Story, story, story_with};

const COMMANDS: &str = "/slack/commands";
const EVENTS: &str = "/slack/events";
const INTERACTIVITY: &str = "/slack/interactivity";
const DOORS: [&str; 3] = [COMMANDS, EVENTS, INTERACTIVITY];

/// Everything that a request could leave behind.
const STORED: &str = "SELECT (SELECT COUNT(*) FROM ledger) + (SELECT COUNT(*) FROM words) + (SELECT COUNT(*) FROM delivery) \
                      + (SELECT COUNT(*) FROM allowance) + (SELECT COUNT(*) FROM tally) + (SELECT COUNT(*) FROM outbox) \
                      + (SELECT COUNT(*) FROM member) + (SELECT COUNT(*) FROM place) + (SELECT COUNT(*) FROM draft)";

fn form(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).expect("a form")
}

/// What Slack sends for Lee's thanks to Dana in #support; `more` comes behind it.
fn kudos_with(t: &Story, text: &str, trigger: &str, more: &[(&str, &str)]) -> String {
    let (workspace, channel) = (t.slack.workspace(), t.channel("support").id);
    let (lee, dana) = (t.person("lee").id, t.person("dana").id);
    let text = format!("<@{dana}|dana> {text}");
    let mut fields = vec![
        ("team_id", workspace.as_str()),
        ("channel_id", channel.as_str()),
        ("user_id", lee.as_str()),
        ("command", "/kudos"),
        ("text", text.as_str()),
        ("trigger_id", trigger),
    ];
    fields.extend(more);
    form(&fields)
}

fn kudos(t: &Story, trigger: &str) -> String {
    kudos_with(t, "for calming the refund storm", trigger, &[])
}

fn payload(payload: &Value) -> String {
    form(&[("payload", &payload.to_string())])
}

/// Sends `body` signed, now.
async fn signed(t: &Story, path: &str, body: &str) -> RawAnswer {
    let (headers, body) = t.slack.signed_request(path, body);
    t.slack.raw(path, &headers, &body).await
}

/// Sends `body` with this timestamp, signed with this secret.
async fn signed_with(t: &Story, secret: &str, timestamp: i64, body: &str) -> RawAnswer {
    let timestamp = timestamp.to_string();
    let headers = [
        ("x-slack-signature", sign(secret, &timestamp, body.as_bytes())),
        ("x-slack-request-timestamp", timestamp),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    t.slack.raw(COMMANDS, &headers, body).await
}

fn is(answer: &RawAnswer, status: u16, body: &str) {
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (Some(status), body),
        "{answer:?}"
    );
}

/// The envelope of an event of this workspace.
fn envelope(t: &Story, event_id: &str, event: &Value) -> Value {
    json!({
        "type": "event_callback", "team_id": t.slack.workspace(), "event_id": event_id, "event": event,
        "authorizations": [{ "team_id": t.slack.workspace(), "user_id": t.slack.bot_user(), "is_bot": true }],
    })
}

fn user(t: &Story, handle: &str, updated: i64, change: impl FnOnce(&mut Value)) -> Value {
    let mut user = json!({
        "id": t.person(handle).id, "team_id": t.slack.workspace(), "name": handle, "deleted": false,
        "tz": "Europe/Berlin", "updated": updated,
        "profile": { "display_name": "Dana", "real_name": "Dana Kim" },
    });
    change(&mut user);
    user
}

async fn get(t: &Story, method: &str, path: &str) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .expect("a request");
    send(t, request).await
}

async fn send(t: &Story, request: Request<Body>) -> (u16, String) {
    let answer = web::router(Arc::clone(&t.app))
        .oneshot(request)
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .expect("a body");
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn what_slack_did_not_sign_gets_401_and_nothing_else() {
    story(async |t| {
        let before = t.number(STORED).await;
        let now = t.clock.now().seconds();
        let (secret, body) = (t.slack.signing_secret(), kudos(t, "1"));

        for path in DOORS {
            is(&t.slack.raw(path, &[], &body).await, 401, "");
            is(&t.slack.raw(path, &[], "").await, 401, "");
        }
        let right = sign(&secret, &now.to_string(), body.as_bytes());
        for (signature, timestamp) in [
            (right.as_str(), ""),
            (right.as_str(), "now"),
            (right.as_str(), "-5"),
            (right.as_str(), "99999999999999999999"),
            ("", &now.to_string()),
            ("v0=", &now.to_string()),
            (&right[..60], &now.to_string()),
            (&right.replace("v0=", "v1="), &now.to_string()),
            (&right.replace("v0=", ""), &now.to_string()),
            (&sign("", &now.to_string(), body.as_bytes()), &now.to_string()),
        ] {
            let headers = [
                ("x-slack-signature", signature),
                ("x-slack-request-timestamp", timestamp),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
            is(&t.slack.raw(COMMANDS, &headers, &body).await, 401, "");
        }
        is(&signed_with(t, "somebody else's secret", now, &body).await, 401, "");
        is(&signed_with(t, &secret, now - 301, &body).await, 401, "");
        is(&signed_with(t, &secret, now + 301, &body).await, 401, "");
        // Changed on its way.
        let (headers, body) = t.slack.signed_request(COMMANDS, &body);
        let tampered = body.replace("calming", "causing");
        assert_ne!(body, tampered);
        is(&t.slack.raw(COMMANDS, &headers, &tampered).await, 401, "");

        assert_eq!(t.number(STORED).await, before);
    });
}

#[test]
fn three_hundred_seconds_are_still_now() {
    story(async |t| {
        let now = t.clock.now().seconds();
        let secret = t.slack.signing_secret();
        for (at, text) in [(now - 300, "for the night shift"), (now + 300, "for the early shift")] {
            let body = kudos_with(t, text, &at.to_string(), &[]);
            let answer = signed_with(t, &secret, at, &body).await;
            assert_eq!(answer.status, Some(200), "{answer:?}");
        }
        assert_eq!(t.export().await.len(), 2);
    });
}

#[test]
fn while_a_secret_is_replaced_both_are_taken() {
    story(async |t| {
        let secrets = vec!["the secret that goes".into(), t.slack.signing_secret().into()];
        let app = App::new(t.app.ctx.clone(), t.app.packs.clone(), secrets, t.app.deadlines);
        t.slack.connect(Bot::Router(web::router(app)));
        let now = t.clock.now().seconds();
        let old = kudos_with(t, "for the night shift", "1", &[]);
        assert_eq!(
            signed_with(t, "the secret that goes", now, &old).await.status,
            Some(200)
        );
        let new = kudos_with(t, "for the early shift", "2", &[]);
        assert_eq!(signed(t, COMMANDS, &new).await.status, Some(200));
        is(&signed_with(t, "a third one", now, &new).await, 401, "");
        assert_eq!(t.export().await.len(), 2);
    });
}

#[test]
fn a_body_over_a_mebibyte_is_refused_however_it_comes() {
    story(async |t| {
        let before = t.number(STORED).await;
        let fits = kudos(t, "1");
        let filler = "x".repeat(1024 * 1024 - fits.len() - "&filler=".len());
        let fits = format!("{fits}&filler={filler}");
        assert_eq!(fits.len(), 1024 * 1024);
        let too_long = format!("{fits}x");
        for path in DOORS {
            is(&signed(t, path, &too_long).await, 413, "");
        }
        let (mut headers, body) = t.slack.signed_request(COMMANDS, &too_long);
        headers.push(("content-length".to_owned(), body.len().to_string()));
        is(&t.slack.raw(COMMANDS, &headers, &body).await, 413, "");
        // In pieces, whose sum nobody says beforehand.
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            body.as_bytes().chunks(10_000).map(|piece| Ok(piece.to_vec())).collect();
        let mut request = Request::post(COMMANDS);
        for (name, value) in headers.iter().filter(|(name, _)| name != "content-length") {
            request = request.header(name, value);
        }
        let request = request
            .body(Body::from_stream(stream::iter(pieces)))
            .expect("a request");
        assert_eq!(send(t, request).await, (413, String::new()));
        assert_eq!(t.number(STORED).await, before);

        assert_eq!(signed(t, COMMANDS, &fits).await.status, Some(200));
        assert_eq!(t.export().await.len(), 1);
    });
}

#[test]
fn what_is_signed_and_unreadable_gets_400() {
    story(async |t| {
        let before = t.number(STORED).await;
        let no_team = kudos(t, "1").replacen("team_id", "theme_id", 1);
        for (path, body) in [
            (COMMANDS, ""),
            (COMMANDS, "{}"),
            (COMMANDS, no_team.as_str()),
            (EVENTS, ""),
            (EVENTS, "[]"),
            (EVENTS, "{\"type\":\"event_callback\""),
            (EVENTS, "{\"type\":\"url_verification\"}"),
            (INTERACTIVITY, ""),
            (INTERACTIVITY, "payload="),
            (INTERACTIVITY, "payload=%7B"),
            (INTERACTIVITY, "{}"),
        ] {
            is(&signed(t, path, body).await, 400, "");
        }
        assert_eq!(t.number(STORED).await, before);
    });
}

#[test]
fn an_ssl_check_needs_no_signature_and_does_nothing() {
    story(async |t| {
        let before = t.number(STORED).await;
        is(
            &t.slack.raw(COMMANDS, &[], "ssl_check=1&token=deprecated").await,
            200,
            "",
        );
        is(&t.slack.raw(COMMANDS, &[], "").await, 401, "");
        // A forged kudos beside it, on either side.
        is(
            &t.slack
                .raw(COMMANDS, &[], &format!("ssl_check=1&{}", kudos(t, "1")))
                .await,
            200,
            "",
        );
        is(
            &t.slack
                .raw(COMMANDS, &[], &format!("{}&ssl_check=1", kudos(t, "2")))
                .await,
            200,
            "",
        );
        is(
            &t.slack
                .raw(COMMANDS, &[], &format!("ssl_check=0&{}", kudos(t, "3")))
                .await,
            401,
            "",
        );
        is(
            &t.slack
                .raw(COMMANDS, &[], &format!("ssl_check=&{}", kudos(t, "4")))
                .await,
            401,
            "",
        );
        // It opens the commands' door only.
        is(&t.slack.raw(EVENTS, &[], "ssl_check=1").await, 401, "");
        is(&t.slack.raw(INTERACTIVITY, &[], "ssl_check=1").await, 401, "");
        assert_eq!(t.number(STORED).await, before);
    });
}

#[test]
fn the_url_is_verified_by_a_signed_challenge() {
    story(async |t| {
        assert!(t.slack.verifies_url().await);
        let body = json!({ "type": "url_verification", "token": "deprecated", "challenge": "3eZbrw1a" }).to_string();
        is(&signed(t, EVENTS, &body).await, 200, "3eZbrw1a");
        is(&t.slack.raw(EVENTS, &[], &body).await, 401, "");
    });
}

#[test]
fn what_nobody_knows_yet_is_taken_and_ignored() {
    story(async |t| {
        let before = t.number(STORED).await;
        for event in [
            json!({ "type": "a_new_kind", "user": "U1", "channel": { "id": "C1" } }),
            json!({ "type": "user_change", "user": "not an object" }),
            json!({ "type": "member_joined_channel", "user": 5 }),
            json!({ "type": "message", "channel": t.channel("support").id, "user": "U1", "text": "hello", "ts": "1.2" }),
            json!({ "type": "app_uninstalled" }),
            json!({}),
            json!(null),
        ] {
            is(
                &signed(t, EVENTS, &envelope(t, "Ev1", &event).to_string()).await,
                200,
                "",
            );
        }
        for body in [
            json!({ "type": "app_rate_limited", "team_id": t.slack.workspace(), "minute_rate_limited": 1 }),
            json!({ "type": "event_callback", "event_id": "Ev1", "event": { "type": "of no workspace" } }),
            json!({}),
        ] {
            is(&signed(t, EVENTS, &body.to_string()).await, 200, "");
        }
        let click = |action: Value| {
            json!({
                "type": "block_actions", "team": { "id": t.slack.workspace() }, "user": { "id": t.person("lee").id },
                "trigger_id": "1.2.3", "actions": [action],
            })
        };
        for body in [
            click(json!({ "action_id": "a.new.one", "block_id": "b", "value": "1" })),
            click(json!({ "action_id": "undo" })),
            click(json!({ "value": "1" })),
            json!({ "type": "block_actions" }),
            json!({ "type": "view_submission", "view": { "id": "V1" }, "user": { "id": "U1" } }),
            json!({ "type": "shortcut", "callback_id": "unknown" }),
            json!({ "type": "a_new_kind" }),
            json!({}),
        ] {
            is(&signed(t, INTERACTIVITY, &payload(&body)).await, 200, "");
        }
        assert_eq!(t.number(STORED).await, before);

        // Unknown fields beside known ones change nothing.
        let more = [
            ("enterprise_id", "E1"),
            ("a_new_field", "1"),
            ("is_enterprise_install", "false"),
        ];
        let body = kudos_with(t, "for calming the refund storm", "1", &more);
        assert_eq!(signed(t, COMMANDS, &body).await.status, Some(200));
        let mut change = envelope(
            t,
            "Ev2",
            &json!({ "type": "user_change", "user": user(t, "dana", t.clock.now().seconds(), |user| {
                user["profile"]["display_name"] = json!("Dana K.");
                user["a_new_field"] = json!({ "deep": [1] });
            }), "cache_ts": 1 }),
        );
        change["a_new_field"] = json!(true);
        is(&signed(t, EVENTS, &change.to_string()).await, 200, "");
        assert_eq!(t.export().await.len(), 1);
        assert_eq!(
            t.number("SELECT COUNT(*) FROM member WHERE display_name = 'Dana K.'")
                .await,
            1
        );
    });
}

#[test]
fn another_workspaces_things_are_not_ours() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        let before = t.number(STORED).await;
        let ours = t.slack.workspace();

        let command = kudos(t, "1").replacen(ours.as_str(), "T0OTHERS", 1);
        is(&signed(t, COMMANDS, &command).await, 200, "");
        let event = json!({ "type": "user_change", "user": user(t, "dana", i64::MAX / 2, |user| {
            user["deleted"] = json!(true);
        }) });
        let event = envelope(t, "Ev1", &event)
            .to_string()
            .replace(ours.as_str(), "T0OTHERS");
        is(&signed(t, EVENTS, &event).await, 200, "");
        let (given,) = (t.export().await.remove(0),);
        let undo: Value = serde_json::from_str(&t.person("lee").private().blocks.to_string()).expect("blocks");
        let button = undo
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|block| block["elements"].as_array())
            .flatten()
            .find(|element| element["text"]["text"] == "Undo")
            .cloned()
            .expect("an Undo button");
        let click = json!({
            "type": "block_actions", "team": { "id": "T0OTHERS" },
            "user": { "id": given.giver, "team_id": "T0OTHERS" }, "trigger_id": "1.2.3",
            "actions": [{ "action_id": button["action_id"], "block_id": "b", "value": button["value"] }],
        });
        is(&signed(t, INTERACTIVITY, &payload(&click)).await, 200, "");

        assert_eq!(t.number(STORED).await, before);
        assert_eq!(
            t.number("SELECT COUNT(*) FROM ledger WHERE reversed_at IS NOT NULL")
                .await,
            0
        );
        assert_eq!(
            t.number("SELECT COUNT(*) FROM member WHERE is_deleted AND handle = 'dana'")
                .await,
            0
        );
        // The same click from here takes it back.
        let here = click.to_string().replace("T0OTHERS", ours.as_str());
        is(&signed(t, INTERACTIVITY, &form(&[("payload", &here)])).await, 200, "");
        assert_eq!(
            t.number("SELECT COUNT(*) FROM ledger WHERE reversed_at IS NOT NULL")
                .await,
            1
        );
    });
}

#[test]
fn doors_take_posts_and_health_is_asked() {
    story(async |t| {
        for path in DOORS {
            for method in ["GET", "PUT", "DELETE"] {
                assert_eq!(get(t, method, path).await, (405, String::new()), "{method} {path}");
            }
        }
        assert_eq!(get(t, "GET", "/nothing").await, (404, String::new()));
        assert_eq!(get(t, "GET", "/healthz").await.0, 200);
        assert_eq!(get(t, "GET", "/readyz").await.0, 200);
        t.db.close().await;
        assert_eq!(get(t, "GET", "/healthz").await.0, 200);
        assert_eq!(get(t, "GET", "/readyz").await.0, 503);
        t.restart().await;
        assert_eq!(get(t, "GET", "/readyz").await.0, 200);
    });
}

#[test]
fn a_body_that_never_ends_is_given_up() {
    let mut setup = Setup::default();
    setup.deadlines.body = Duration::from_millis(50);
    story_with(setup, async |t| {
        let body = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let request = Request::post(COMMANDS).body(body).expect("a request");
        assert_eq!(send(t, request).await, (408, String::new()));
    });
}

#[test]
fn an_event_delivered_twice_or_again_is_harmless() {
    story(async |t| {
        t.clock.advance(Duration::from_secs(60));
        let dana = t.person("dana").id;
        t.slack
            .change_person(&dana, |dana| dana.display_name = "Dana K.".to_owned())
            .await;
        let first = t.slack.attempts().pop().expect("an attempt");
        let after = t.number(STORED).await;
        let again = t.slack.deliver_again(&first.event_id).await;
        assert_eq!(again.len(), 2);
        assert!(again.iter().all(|attempt| attempt.status == Some(200)), "{again:?}");
        assert_eq!(t.number(STORED).await, after);
        assert_eq!(
            t.number("SELECT COUNT(*) FROM member WHERE display_name = 'Dana K.'")
                .await,
            1
        );
    });
}

#[test]
fn a_retry_is_no_reason_to_drop_anything() {
    story(async |t| {
        let retried = |path: &str, body: &str| {
            let (mut headers, body) = t.slack.signed_request(path, body);
            headers.push(("x-slack-retry-num".to_owned(), "1".to_owned()));
            headers.push(("x-slack-retry-reason".to_owned(), "http_timeout".to_owned()));
            (headers, body)
        };
        // The first attempt never arrived.
        let event = json!({ "type": "user_change", "user": user(t, "dana", t.clock.now().seconds(), |user| {
            user["profile"]["display_name"] = json!("Dana K.");
        }) });
        let (headers, body) = retried(EVENTS, &envelope(t, "Ev1", &event).to_string());
        is(&t.slack.raw(EVENTS, &headers, &body).await, 200, "");
        assert_eq!(
            t.number("SELECT COUNT(*) FROM member WHERE display_name = 'Dana K.'")
                .await,
            1
        );
        let (headers, body) = retried(COMMANDS, &kudos(t, "1"));
        let given = t.slack.raw(COMMANDS, &headers, &body).await;
        assert_eq!(given.status, Some(200));
        // The first attempt did arrive: the same answer, and it counts once.
        let again = t.slack.raw(COMMANDS, &headers, &body).await;
        assert_eq!((again.status, &again.body), (Some(200), &given.body));
        assert_eq!(t.export().await.len(), 1);
    });
}

#[test]
fn who_leaves_is_known_to_have_left_and_old_news_stays_old() {
    story(async |t| {
        t.clock.advance(Duration::from_secs(3_600));
        let dana: UserId = t.person("dana").id;
        t.slack.deactivate(&dana).await;
        let line = format!("/kudos <@{dana}|dana> for calming the refund storm");
        assert_snapshot!(t.person("lee").runs_raw(&line).await, @r#"Dana no longer works in this Slack. Nothing was spent. Your words: "@Dana for calming the refund storm""#);
        // What Slack said of her an hour ago arrives only now.
        let older = t.clock.now().seconds() - 3_600;
        let event = json!({ "type": "user_change", "user": user(t, "dana", older, |_| ()) });
        is(
            &signed(t, EVENTS, &envelope(t, "Ev9", &event).to_string()).await,
            200,
            "",
        );
        assert!(t.person("lee").runs_raw(&line).await.contains("no longer works"));
        assert_eq!(t.export().await.len(), 0);
        // She comes back.
        t.clock.advance(Duration::from_secs(60));
        t.slack.change_person(&dana, |dana| dana.deleted = false).await;
        t.person("lee").runs_raw(&line).await;
        assert_eq!(t.export().await.len(), 1);
    });
}

#[test]
fn who_joins_can_be_thanked_by_name() {
    story(async |t| {
        let line = "/kudos @Ruiz for taking the night shift on day one";
        assert_snapshot!(t.person("lee").runs_raw(line).await, @r#"I don't know a "Ruiz" here. Type @ and pick from Slack's list. Your words: "@Ruiz for taking the night shift on day one""#);
        let ruiz = NewPerson {
            handle: "ruiz".to_owned(),
            display_name: "Ruiz".to_owned(),
            real_name: "Dana Ruiz".to_owned(),
            ..NewPerson::default()
        };
        let id = t.slack.join(ruiz).await;
        t.person("lee").runs_raw(line).await;
        let given = t.export().await;
        assert_eq!(given.len(), 1);
        assert_eq!(given[0].receiver, id.as_str());
    });
}

#[test]
fn an_invitation_makes_a_channel_worth_another_try() {
    let setup = Setup {
        recognition: false,
        needs: vec!["channels:read", "groups:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        let known = "SELECT COUNT(*) FROM place";
        t.person("lee")
            .runs_in("leads", "/kudos @dana for the calm handover")
            .await;
        t.run_jobs().await;
        assert_eq!(t.channel("leads").messages().len(), 0);
        assert_eq!(t.number("SELECT COUNT(*) FROM place WHERE postable = 'no'").await, 1);
        assert_snapshot!(t.person("lee").runs_in("leads", "/kudos @mo for the calm handover").await, @"
        Mo has it by DM. I'm not in this channel, so there is no card; /invite @Plaudit if you'd like one here. 3 left today.
        [Undo]
        ");
        t.run_jobs().await;

        let leads = t.channel("leads").id;
        t.slack.invite_app(&leads).await;
        assert_eq!(t.number(known).await, 0);
        t.person("lee")
            .runs_in("leads", "/kudos @ana for the calm handover")
            .await;
        t.run_jobs().await;
        assert!(t.channel("leads").shows().contains("the calm handover"));
        assert_eq!(t.number("SELECT COUNT(*) FROM place WHERE postable = 'yes'").await, 1);

        t.slack.remove_app(&leads).await;
        assert_eq!(t.number(known).await, 0);

        let support = t.channel("support").id;
        for archived in [true, false] {
            t.person("lee")
                .runs(&format!("/kudos @wei for the calm handover {archived}"))
                .await;
            t.run_jobs().await;
            assert_eq!(t.number(known).await, 1);
            if archived {
                t.slack.archive(&support).await;
            } else {
                t.slack.share(&support, "T0OTHERS").await;
            }
            assert_eq!(t.number(known).await, 0);
            if archived {
                t.slack.unarchive(&support).await;
            }
        }
        // Somebody else joining changes nothing.
        t.person("mo")
            .runs_in("random", "/kudos @jon for the calm handover")
            .await;
        t.run_jobs().await;
        assert_eq!(t.number(known).await, 1);
        let (dana, random) = (t.person("dana").id, t.channel("random").id);
        let event = json!({ "type": "member_joined_channel", "user": dana, "channel": random });
        t.slack.delivers_event(event).await;
        assert_eq!(t.number(known).await, 1);
    });
}
