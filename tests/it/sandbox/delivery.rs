//! What the app is sent: commands, clicks, events; and what becomes of its answers.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use plaudit::base::clock::Clock;
use plaudit::sandbox::{Author, Bot, Fault, NewChannel, NewPerson, Seen};
use plaudit::slack::signature;
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn requests_are_signed_as_slack_signs() {
    // The published vector (docs.slack.dev/authentication/verifying-requests-from-slack).
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
        https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=\
        398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    assert_eq!(
        signature::sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body.as_bytes()),
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
    let rig = Rig::new().await;
    let (headers, body) = rig.slack.signed_request("/slack/commands", "a=b");
    let header = |name: &str| {
        headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let timestamp = header("x-slack-request-timestamp").expect("a timestamp");
    assert_eq!(timestamp, START.seconds().to_string());
    let expected = signature::sign(&rig.slack.signing_secret(), &timestamp, body.as_bytes());
    assert_eq!(header("x-slack-signature"), Some(expected));
    assert_eq!(
        rig.slack.raw("/slack/commands", &headers, &body).await.status,
        Some(200)
    );
}

#[tokio::test]
async fn a_command_arrives_as_slack_sends_it() {
    let rig = Rig::new().await;
    let shift = rig.slack.add_usergroup("nights", "Nights", &[]);
    rig.answers(StatusCode::OK, "text/plain", "Given.", false);
    let line = "/kudos @lee, @nobody and @nights in #kudos for R&D see https://bot.example/x";
    let answer = rig.slack.runs_command(&rig.dana, &rig.kudos, line).await;
    assert_eq!(
        (answer.status, answer.text(), answer.error.as_deref()),
        (Some(200), "Given.", None)
    );
    let heard = rig.heard();
    let form: std::collections::HashMap<String, String> = serde_urlencoded::from_str(&heard[0].2).expect("a form");
    let expected = format!(
        "<@{}|lee>, @nobody and <!subteam^{shift}|@nights> in <#{}|kudos> for R&amp;D see <https://bot.example/x>",
        rig.lee, rig.kudos
    );
    assert_eq!(
        (form["command"].as_str(), form["text"].as_str()),
        ("/kudos", expected.as_str())
    );
    assert_eq!(
        (form["user_id"].as_str(), form["is_enterprise_install"].as_str()),
        (rig.dana.as_str(), "false")
    );
    assert_eq!(form["response_url"], answer.response_url.as_str());
    let checked = signature::sign(
        &rig.slack.signing_secret(),
        &START.seconds().to_string(),
        heard[0].2.as_bytes(),
    );
    assert_eq!(heard[0].1["x-slack-signature"], checked.as_str());
    rig.slack.runs_command(&rig.dana, &rig.kudos, "/plain @lee").await;
    assert!(
        rig.heard()[0].2.contains("text=%40lee&"),
        "without should_escape the text stays as typed"
    );
    let unknown = rig.slack.runs_command(&rig.dana, &rig.kudos, "/thanks @lee").await;
    assert!(unknown.error.is_some_and(|error| error.contains("not a valid command")));
    let private = rig.slack.ephemeral(&rig.dana);
    assert_eq!(private.len(), 2);
    assert!(rig.slack.ephemeral(&rig.lee).is_empty() && rig.shown().is_empty());
}

#[tokio::test]
async fn what_a_command_answers_is_what_the_person_sees() {
    let rig = Rig::new().await;
    let run = || rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos top");
    rig.answers(
        StatusCode::OK,
        "application/json",
        r#"{"response_type":"in_channel","text":"for all"}"#,
        false,
    );
    assert_eq!(run().await.text(), "for all");
    let shown = rig.shown();
    assert_eq!(
        (&shown[0].author, shown[0].text.as_str()),
        (&Author::Person(rig.dana.clone()), "/kudos top")
    );
    assert_eq!((&shown[1].author, shown[1].classic_bot), (&Author::Bot, true));
    rig.answers(
        StatusCode::OK,
        "application/json",
        r#"{"blocks":[{"type":"section"}]}"#,
        false,
    );
    assert_eq!(run().await.error.as_deref(), Some("invalid_blocks"));
    rig.answers(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "", false);
    assert_eq!(run().await.error.as_deref(), Some("http_service_error"));
    rig.answers(StatusCode::OK, "text/plain", "late", true);
    rig.slack.deadlines(Duration::from_millis(20));
    let late = run().await;
    assert_eq!(
        (late.error.as_deref(), late.status, late.text()),
        (Some("operation_timeout"), None, "")
    );
    assert_eq!(rig.slack.unexpected().len(), 1, "{:?}", rig.slack.unexpected());
}

#[tokio::test]
async fn a_click_carries_its_button_and_its_message() {
    let rig = Rig::new().await;
    let blocks = json!([
        { "type": "section", "text": { "type": "mrkdwn", "text": format!("Well done <@{}> &amp; <!here>", rig.lee) } },
        { "type": "actions", "elements": [
            { "type": "button", "action_id": "boost", "value": "7",
                "text": { "type": "plain_text", "text": "Me too" } },
            { "type": "overflow", "action_id": "more", "options": [
                { "text": { "type": "plain_text", "text": "Hide" }, "value": "hide" },
                { "text": { "type": "plain_text", "text": "Report" }, "value": "report" } ] } ] },
    ]);
    rig.posts(json!({ "channel": rig.kudos, "text": "Well done Lee", "blocks": blocks }))
        .await;
    let card = rig.shown().pop().expect("a card");
    assert_eq!(
        rig.slack.rendered(&card),
        "Well done @Lee Park & @here\n[Me too] [… Hide / Report]"
    );
    assert_eq!(
        (&card.pings, &card.broadcasts),
        (&vec![rig.lee.clone()], &vec!["here".to_owned()])
    );
    rig.slack.settled().await;
    rig.heard();
    let answer = rig.slack.clicks(&rig.dana, &card, "boost").await;
    assert_eq!((answer.status, answer.error.clone()), (Some(200), None));
    let payload = |heard: &[(String, HeaderMap, String)]| -> Value {
        assert_eq!(heard[0].0, "/slack/interactivity");
        let form: Vec<(String, String)> = serde_urlencoded::from_str(&heard[0].2).expect("a form");
        serde_json::from_str(&form[0].1).expect("JSON")
    };
    let click = payload(&rig.heard());
    assert_eq!(click["actions"][0]["value"], "7");
    assert_eq!(click["message"]["ts"], json!(card.ts));
    assert_eq!(click["container"]["is_ephemeral"], false);
    rig.slack.chooses(&rig.dana, &card, "more", "report").await;
    assert_eq!(
        payload(&rig.heard())["actions"][0]["selected_option"]["value"],
        "report"
    );
    assert!(rig.slack.clicks(&rig.dana, &card, "nothing").await.error.is_some());

    let (status, _) = rig
        .respond(
            &answer.response_url,
            json!({ "replace_original": true, "text": "gone" }),
        )
        .await;
    assert_eq!((status, rig.shown()[0].text.as_str()), (200, "gone"));
    let (_, _) = rig
        .respond(
            &answer.response_url,
            json!({ "replace_original": false, "text": "just you" }),
        )
        .await;
    assert_eq!(rig.slack.ephemeral(&rig.dana)[0].text, "just you");
    rig.respond(&answer.response_url, json!({ "delete_original": true }))
        .await;
    assert!(rig.shown().is_empty());
    assert!(rig.slack.unexpected().is_empty(), "{:?}", rig.slack.unexpected());
}

#[tokio::test]
async fn an_ephemeral_message_changes_through_its_response_url_only() {
    let rig = Rig::new().await;
    let undo = json!({ "text": "Given.", "blocks": [{ "type": "actions", "elements": [
        { "type": "button", "action_id": "undo", "text": { "type": "plain_text", "text": "Undo" } } ] }] });
    rig.answers(StatusCode::OK, "application/json", &undo.to_string(), false);
    let given = rig
        .slack
        .runs_command(&rig.dana, &rig.kudos, "/kudos @lee")
        .await
        .message
        .expect("a confirmation");
    let by_api = rig
        .json(
            "chat.update",
            json!({ "channel": rig.kudos, "ts": given.ts, "text": "no" }),
        )
        .await;
    assert_eq!(by_api["error"], "message_not_found");
    assert!(
        rig.slack.clicks(&rig.lee, &given, "undo").await.error.is_some(),
        "nobody else sees it"
    );
    rig.heard();
    rig.answers(StatusCode::OK, "text/plain", "", false);
    let click = rig.slack.clicks(&rig.dana, &given, "Undo").await;
    assert!(
        !rig.heard()[0].2.contains("%22message%22%3A%7B"),
        "the body of an ephemeral message is not sent"
    );
    rig.respond(
        &click.response_url,
        json!({ "replace_original": true, "text": "Taken back." }),
    )
    .await;
    let now = rig.slack.ephemeral(&rig.dana);
    assert_eq!(
        (now.len(), now[0].text.as_str(), now[0].blocks.clone()),
        (1, "Taken back.", json!([]))
    );
    let posted = rig
        .json(
            "chat.postEphemeral",
            json!({ "channel": rig.kudos, "user": "U404", "text": "x" }),
        )
        .await;
    assert_eq!(posted["error"], "user_not_in_channel");
    rig.json(
        "chat.postEphemeral",
        json!({ "channel": rig.kudos, "user": rig.lee, "text": "x" }),
    )
    .await;
    assert_eq!(rig.slack.ephemeral(&rig.lee).len(), 1);
}

#[tokio::test]
async fn a_response_url_lives_for_five_uses_and_thirty_minutes() {
    let rig = Rig::new().await;
    let run = || rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos help");
    let url = run().await.response_url;
    for _ in 0..4 {
        assert_eq!(rig.respond(&url, json!({ "text": "x" })).await.0, 200);
    }
    let (status, body) = rig.respond(&url, json!({ "blocks": [{ "type": "section" }] })).await;
    assert!(status == 404 && body.contains("invalid_blocks"), "{status} {body}");
    let (status, body) = rig.respond(&url, json!({ "text": "x" })).await;
    assert!(status == 404 && body.contains("used_url"), "{status} {body}");
    let url = run().await.response_url;
    rig.clock.advance(Duration::from_secs(30 * 60));
    let (status, _) = rig
        .respond(&url, json!({ "response_type": "in_channel", "text": "all" }))
        .await;
    assert_eq!((status, rig.shown().len()), (200, 1));
    rig.clock.advance(Duration::from_secs(1));
    let (status, body) = rig.respond(&url, json!({ "text": "x" })).await;
    assert!(status == 404 && body.contains("expired_url"), "{status} {body}");
}

#[tokio::test]
async fn events_come_in_their_envelope_and_again_until_they_are_taken() {
    let rig = Rig::new().await;
    rig.answers(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "", false);
    let tried = rig
        .slack
        .delivers_event(json!({ "type": "app_home_opened", "user": rig.dana, "tab": "home" }))
        .await;
    assert_eq!(
        tried.iter().map(|attempt| attempt.retry_num).collect::<Vec<_>>(),
        [0, 1]
    );
    let heard = rig.heard();
    let envelope: Value = serde_json::from_str(&heard[0].2).expect("JSON");
    assert_eq!(envelope["type"], "event_callback");
    assert_eq!(envelope["event_id"], tried[0].event_id.as_str());
    assert_eq!(envelope["authorizations"][0]["user_id"], json!(rig.slack.bot_user()));
    assert!(heard[0].1.get("x-slack-retry-num").is_none());
    assert_eq!(
        (&heard[1].1["x-slack-retry-num"], &heard[1].1["x-slack-retry-reason"]),
        (&"1".parse().unwrap(), &"http_error".parse().unwrap())
    );
    assert_eq!(rig.slack.run_due().await, Some(START.plus(Duration::from_secs(60))));
    assert!(rig.heard().is_empty(), "not yet");
    rig.clock.advance(Duration::from_secs(60));
    assert_eq!(rig.slack.run_due().await, Some(START.plus(Duration::from_secs(360))));
    assert_eq!(rig.heard().len(), 1);
    rig.answers(StatusCode::OK, "text/plain", "", false);
    rig.clock.advance(Duration::from_secs(300));
    assert_eq!(rig.slack.run_due().await, None);
    let last = rig.heard();
    assert_eq!(last[0].1["x-slack-retry-num"], "3");
    assert_eq!(
        last[0].1["x-slack-request-timestamp"],
        rig.clock.now().seconds().to_string().as_str()
    );
    let again = rig.slack.deliver_again(&tried[0].event_id).await;
    assert_eq!((again.len(), again[4].retry_num, again[4].failure), (5, 0, None));
    rig.answers(StatusCode::OK, "text/plain", "", true);
    rig.slack.deadlines(Duration::from_millis(20));
    let slow = rig.slack.delivers_event(json!({ "type": "app_home_opened" })).await;
    assert_eq!(slow[0].failure, Some("http_timeout"));
}

#[tokio::test]
async fn the_app_hears_what_its_manifest_and_scopes_let_it_hear() {
    let rig = Rig::new().await;
    let slack = &rig.slack;
    let kinds = || -> Vec<String> {
        let event = |body: &str| serde_json::from_str::<Value>(body).expect("JSON")["event"].clone();
        rig.heard()
            .iter()
            .map(|(_, _, body)| event(body))
            .map(|event| {
                event["subtype"]
                    .as_str()
                    .or(event["type"].as_str())
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let posted = rig.posts(json!({ "channel": rig.kudos, "text": "x" })).await;
    rig.json(
        "chat.update",
        json!({ "channel": rig.kudos, "ts": posted["ts"], "text": "y" }),
    )
    .await;
    rig.json("chat.delete", json!({ "channel": rig.kudos, "ts": posted["ts"] }))
        .await;
    slack.settled().await;
    let mut own = kinds();
    own.sort();
    assert_eq!(
        own,
        ["message", "message_changed", "message_deleted"],
        "its own posts come back"
    );
    slack.says(&rig.dana, &rig.kudos, "@plaudit hello", None).await;
    assert_eq!(kinds(), ["message", "app_mention"], "one post, two events");
    let lee_dm = slack.open_dm(&rig.lee);
    slack.says(&rig.lee, &lee_dm, "hi", None).await;
    assert!(kinds().is_empty(), "message.im is not subscribed");
    slack
        .change_person(&rig.lee, |lee| lee.tz = Some(chrono_tz::Asia::Tokyo))
        .await;
    slack.deactivate(&rig.lee).await;
    slack
        .join(NewPerson {
            handle: "wei".into(),
            ..NewPerson::default()
        })
        .await;
    slack.change_person_unheard(&rig.dana, |dana| dana.admin = true);
    assert_eq!(kinds(), ["user_change", "user_change", "team_join"]);
    let open = slack.add_channel(NewChannel {
        name: "open".into(),
        ..NewChannel::default()
    });
    slack.joins_channel(&rig.dana, &open).await;
    assert!(kinds().is_empty(), "the app is not there");
    slack.invite_app(&open).await;
    slack.archive(&open).await;
    slack.remove_app(&open).await;
    assert_eq!(kinds(), ["member_joined_channel", "channel_archive", "channel_left"]);
    slack.revoke_scope("users:read");
    slack.deactivate(&rig.dana).await;
    assert!(kinds().is_empty(), "no scope, no event");
}

#[tokio::test]
async fn a_watcher_sees_everything_as_it_happens() {
    let rig = Rig::new().await;
    let mut seen = rig.slack.watch();
    rig.posts(json!({ "channel": rig.kudos, "text": "x" })).await;
    rig.answers(StatusCode::OK, "text/plain", "psst", false);
    rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos").await;
    assert!(matches!(seen.try_recv(), Ok(Seen::Posted(shown)) if shown.text == "x"));
    assert!(matches!(seen.try_recv(), Ok(Seen::Ephemeral(shown)) if shown.only_for == Some(rig.dana.clone())));
}

#[tokio::test]
async fn the_app_may_also_listen_on_a_port() {
    let rig = Rig::new().await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a free port");
    let base = url::Url::parse(&format!("http://{}/", listener.local_addr().expect("an address"))).expect("a URL");
    let challenge = post(|body: String| async move {
        serde_json::from_str::<Value>(&body)
            .ok()
            .and_then(|body| body["challenge"].as_str().map(str::to_owned))
            .unwrap_or_default()
    });
    let router = Router::new().route("/slack/events", challenge);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    rig.slack.connect(Bot::Url(base));
    assert!(rig.slack.verifies_url().await);
    let nobody = rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos").await;
    assert_eq!(nobody.error.as_deref(), Some("http_client_error"));
    server.abort();
    let _ = server.await;
    let nobody = rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos").await;
    assert_eq!(nobody.error.as_deref(), Some("dispatch_failed"));
}

#[tokio::test]
async fn the_wire_holds_both_directions_and_no_secret() {
    let rig = Rig::new().await;
    let mut live = rig.slack.watch_wire();
    rig.answers(StatusCode::OK, "text/plain", "Given.", false);
    let line = "/kudos @lee for the refund storm";
    rig.slack.runs_command(&rig.dana, &rig.kudos, line).await;
    rig.answers(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "", false);
    rig.slack.delivers_event(json!({ "type": "app_home_opened" })).await;
    rig.answers(StatusCode::OK, "text/plain", "", false);
    let post = json!({ "channel": rig.kudos, "text": "Hello" });
    rig.json("chat.postMessage", post.clone()).await;
    let refusal = Fault::Error("internal_error".to_owned());
    rig.slack.fails("chat.postMessage", refusal, Some(1));
    rig.json("chat.postMessage", post).await;

    // The messages' own events may still be on their way.
    let mut wire = rig.slack.wire();
    assert!(wire.is_sorted_by_key(|it| it.number));
    wire.retain(|it| it.about != "message");
    let told: Vec<_> = wire
        .iter()
        .map(|it| {
            let about = it.about.replace(rig.lee.as_str(), "LEE");
            let status = it.status.unwrap_or_default();
            format!(
                "{} {}: {about} {status} {}{}",
                it.to_app, it.what, it.failure, it.retry_num
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "true /slack/commands: /kudos <@LEE|lee> for the refund storm 200 0",
            "true /slack/events: app_home_opened 500 http_error0",
            "true /slack/events: app_home_opened 500 http_error1",
            "false chat.postMessage: #kudos 200 0",
            "false chat.postMessage: #kudos 200 internal_error0",
        ]
    );
    assert!(
        wire[0]
            .signature
            .as_deref()
            .is_some_and(|signature| signature.starts_with("v0="))
    );
    assert_eq!(live.try_recv().expect("the first"), wire[0]);
    let all = format!("{wire:?}");
    assert!(
        !all.contains(&rig.slack.bot_token()) && !all.contains(&rig.slack.signing_secret()),
        "{all}"
    );
}
