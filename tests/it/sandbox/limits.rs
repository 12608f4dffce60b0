//! Lengths, counts, rates and faults.

use std::time::Duration;

use plaudit::sandbox::Fault;
use serde_json::{Value, json};

use super::*;

fn blocks_of(error: &Value) -> Vec<String> {
    let messages = error["response_metadata"]["messages"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    messages
        .iter()
        .filter_map(|message| message.as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn blocks_are_held_to_slacks_table() {
    let rig = Rig::new().await;
    rig.slack.strict_rates(false);
    let text = |n: usize| json!({ "type": "mrkdwn", "text": "x".repeat(n) });
    let plain = |n: usize| json!({ "type": "plain_text", "text": "x".repeat(n) });
    let button = |n: usize| json!({ "type": "button", "text": plain(5), "action_id": format!("a{n}") });
    let actions = |elements: Vec<Value>| json!({ "type": "actions", "elements": elements });
    let options = |n: usize| -> Vec<Value> {
        (0..n)
            .map(|i| json!({ "text": plain(3), "value": i.to_string() }))
            .collect()
    };
    let wrong: Vec<(Value, &str)> = vec![
        (
            json!({ "type": "section", "text": text(3001) }),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({ "type": "section", "text": text(0) }),
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({ "type": "section" }),
            "missing required field: text [json-pointer:/blocks/0]",
        ),
        (
            json!({ "type": "section", "fields": vec![text(1); 11] }),
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            json!({ "type": "section", "fields": [text(2001)] }),
            "[json-pointer:/blocks/0/fields/0/text]",
        ),
        (
            json!({ "type": "section", "text": "words" }),
            "[json-pointer:/blocks/0/text]",
        ),
        (
            json!({ "type": "section", "text": text(1), "accessory": actions(vec![]) }),
            "unsupported type: actions",
        ),
        (
            json!({ "type": "header", "text": plain(151) }),
            "[json-pointer:/blocks/0/text/text]",
        ),
        (
            json!({ "type": "header", "text": text(3) }),
            "[json-pointer:/blocks/0/text]",
        ),
        (
            json!({ "type": "context", "elements": vec![text(1); 11] }),
            "no more than 10 items allowed",
        ),
        (
            json!({ "type": "context", "elements": [button(1)] }),
            "[json-pointer:/blocks/0/elements/0]",
        ),
        (
            actions((0..26).map(button).collect()),
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (actions(vec![]), "no fewer than 1 items allowed"),
        (actions(vec![button(1), button(1)]), "action_id already exists: a1"),
        (
            actions(vec![json!({ "type": "button", "text": plain(76) })]),
            "[json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            actions(vec![
                json!({ "type": "button", "text": plain(1), "value": "x".repeat(2001) }),
            ]),
            "elements/0/value]",
        ),
        (
            actions(vec![json!({ "type": "button", "text": plain(1), "style": "big" })]),
            "elements/0/style]",
        ),
        (
            actions(vec![
                json!({ "type": "button", "text": plain(1), "accessibility_label": "x".repeat(76) }),
            ]),
            "accessibility_label]",
        ),
        (
            actions(vec![json!({ "type": "button", "text": plain(1), "colour": "red" })]),
            "invalid additional property: colour",
        ),
        (
            actions(vec![json!({ "type": "overflow", "options": options(6) })]),
            "no more than 5 items allowed",
        ),
        (
            actions(vec![json!({ "type": "static_select", "options": options(101) })]),
            "no more than 100 items allowed",
        ),
        (
            actions(vec![json!({ "type": "static_select" })]),
            "missing required field: options",
        ),
        (
            actions(vec![
                json!({ "type": "static_select", "placeholder": plain(151), "options": options(1) }),
            ]),
            "placeholder/text]",
        ),
        (
            actions(vec![
                json!({ "type": "overflow", "options": [{ "text": plain(1), "value": "x".repeat(151) }] }),
            ]),
            "options/0/value]",
        ),
        (
            json!({ "type": "image", "image_url": "https://bot.example/a.png" }),
            "missing required field: alt_text",
        ),
        (
            json!({ "type": "image", "alt_text": "a cup" }),
            "missing required field: image_url",
        ),
        (
            json!({ "type": "divider", "text": text(1) }),
            "invalid additional property: text",
        ),
        (json!({ "type": "fireworks" }), "unsupported type: fireworks"),
        (json!({ "text": text(1) }), "missing required field: type"),
    ];
    for (block, expected) in wrong {
        let refused = rig
            .posts(json!({ "channel": rig.kudos, "text": "t", "blocks": [block] }))
            .await;
        assert_eq!(refused["error"], "invalid_blocks", "{expected}");
        assert!(
            blocks_of(&refused).iter().any(|message| message.contains(expected)),
            "{expected}: {refused}"
        );
    }
    let twice = json!({ "type": "divider", "block_id": "same" });
    let refused = rig
        .posts(json!({ "channel": rig.kudos, "blocks": [twice, twice] }))
        .await;
    assert!(
        blocks_of(&refused)[0].contains("[json-pointer:/blocks/1/block_id]"),
        "{refused}"
    );
    let many = vec![json!({ "type": "divider" }); 51];
    assert!(
        blocks_of(&rig.posts(json!({ "channel": rig.kudos, "blocks": many })).await)[0].contains("no more than 50")
    );
    let long = vec![json!({ "type": "section", "text": text(3000) }); 5];
    assert_eq!(
        rig.posts(json!({ "channel": rig.kudos, "blocks": long })).await["error"],
        "msg_blocks_too_long"
    );
    let right = json!([
        { "type": "header", "text": plain(150) },
        { "type": "section", "text": text(3000), "accessory": button(9) },
        actions((0..25).map(button).collect()),
        { "type": "context", "elements": vec![text(1); 10] },
    ]);
    assert_eq!(
        rig.posts(json!({ "channel": rig.kudos, "text": "t", "blocks": right }))
            .await["ok"],
        true
    );
    assert_eq!(rig.shown().len(), 1, "nothing that was refused is shown");
}

#[tokio::test]
async fn texts_and_metadata_have_their_limits() {
    let rig = Rig::new().await;
    rig.slack.strict_rates(false);
    assert_eq!(rig.posts(json!({ "channel": rig.kudos })).await["error"], "no_text");
    assert_eq!(
        rig.posts(json!({ "channel": rig.kudos, "text": "", "blocks": [] }))
            .await["error"],
        "no_text"
    );
    let cut = rig
        .posts(json!({ "channel": rig.kudos, "text": "x".repeat(40_001) }))
        .await;
    assert_eq!(cut["warning"], "message_truncated");
    let ts = cut["ts"].clone();
    let refused = rig
        .json(
            "chat.update",
            json!({ "channel": rig.kudos, "ts": ts, "text": "x".repeat(4_001) }),
        )
        .await;
    assert_eq!(refused["error"], "msg_too_long");
    for (metadata, error) in [
        (json!("words"), "invalid_metadata_format"),
        (json!({ "event_type": "a" }), "invalid_metadata_schema"),
        (
            json!({ "event_type": "a", "event_payload": { "x": "y".repeat(9_000) } }),
            "metadata_too_large",
        ),
    ] {
        let args = json!({ "channel": rig.kudos, "text": "t", "metadata": metadata });
        assert_eq!(rig.posts(args).await["error"], error);
    }
}

#[tokio::test]
async fn a_channel_takes_about_one_message_a_second() {
    let rig = Rig::new().await;
    let say = || {
        rig.send(
            "chat.postMessage",
            JSON,
            json!({ "channel": rig.kudos, "text": "x" }).to_string(),
            None,
        )
    };
    assert_eq!(
        say().await.expect("an answer").status(),
        200,
        "without a token nothing is counted"
    );
    for _ in 0..3 {
        assert_eq!(
            rig.posts(json!({ "channel": rig.kudos, "text": "x" })).await["ok"],
            true
        );
    }
    let token = rig.slack.bot_token();
    let body = json!({ "channel": rig.kudos, "text": "x" }).to_string();
    let refused = rig
        .send("chat.postMessage", JSON, body.clone(), Some(&token))
        .await
        .expect("an answer");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.json::<Value>().await.expect("JSON")["error"], "ratelimited");
    assert_eq!(rig.slack.unexpected().len(), 1, "{:?}", rig.slack.unexpected());
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(
        rig.posts(json!({ "channel": rig.kudos, "text": "x" })).await["ok"],
        true
    );
    // Tier 2: 20 a minute, twice that at once.
    for _ in 0..40 {
        assert_eq!(rig.form("users.list", &[]).await["ok"], true);
    }
    let refused = rig
        .send("users.list", FORM, String::new(), Some(&token))
        .await
        .expect("an answer");
    assert_eq!(
        (
            refused.status().as_u16(),
            refused.headers()["retry-after"].to_str().ok()
        ),
        (429, Some("3"))
    );
    rig.slack.strict_rates(false);
    assert_eq!(rig.form("users.list", &[]).await["ok"], true);
}

#[tokio::test]
async fn calls_fail_in_every_way_they_can() {
    let rig = Rig::new().await;
    let token = rig.slack.bot_token();
    let body = json!({ "channel": rig.kudos, "text": "x" }).to_string();
    let say = || rig.send("chat.postMessage", JSON, body.clone(), Some(&token));
    let fails = |fault: Fault| rig.slack.fails("chat.postMessage", fault, Some(1));
    fails(Fault::RateLimited { retry_after_secs: 30 });
    assert_eq!(say().await.expect("an answer").headers()["retry-after"], "30");
    fails(Fault::Status(503));
    assert_eq!(say().await.expect("an answer").status(), 503);
    fails(Fault::Html);
    assert!(
        say()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("a page")
            .starts_with("<!DOCTYPE")
    );
    fails(Fault::Error("internal_error".into()));
    assert_eq!(rig.posts(json!({})).await["error"], "internal_error");
    fails(Fault::Drop);
    assert!(say().await.is_err());
    assert!(rig.shown().is_empty(), "none of these happened");
    fails(Fault::DoneThenDrop);
    assert!(say().await.is_err());
    assert_eq!(rig.shown().len(), 1, "it happened, but nobody said so");
    fails(Fault::TruncatedJson);
    let torn = say().await.expect("an answer").text().await.expect("a text");
    assert!(
        serde_json::from_str::<Value>(&torn).is_err() && torn.starts_with('{'),
        "{torn}"
    );
    assert_eq!(rig.shown().len(), 2);
    fails(Fault::Hang);
    let hanging = tokio::time::timeout(Duration::from_millis(100), say()).await;
    assert!(hanging.is_err(), "nothing comes back");
    fails(Fault::Slow(Duration::from_millis(1)));
    assert_eq!(say().await.expect("an answer").status(), 200);
    rig.slack.fails("*", Fault::Status(500), None);
    assert_eq!(say().await.expect("an answer").status(), 500);
    rig.slack.heals("*");
    rig.slack.down(true);
    assert!(say().await.is_err());
    rig.slack.down(false);
    rig.clock.advance(Duration::from_secs(1));
    assert_eq!(say().await.expect("an answer").status(), 200);
    let calls = rig.slack.calls();
    assert_eq!(
        calls.iter().filter(|call| call.status == 0).count(),
        4,
        "cut, cut after, hanging, down"
    );
    assert_eq!(calls[0].args, json!({ "channel": rig.kudos, "text": "x" }));
}
