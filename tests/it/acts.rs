//! The verbs of the stories do what they say.

use plaudit::sandbox::Manner;
use serde_json::{Value, json};

use crate::harness::{Story, story};

/// The app calls a method of the Web API.
async fn app_calls(t: &Story, method: &str, args: Value) -> Value {
    let url = t.slack.api_url().join(method).expect("a method's URL");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = http
        .post(url)
        .bearer_auth(t.slack.bot_token())
        .header("content-type", "application/json; charset=utf-8")
        .body(args.to_string());
    let answer = request.send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

#[test]
fn people_write_and_react() {
    story(async |t| {
        let post = t.person("lee").says_in("kudos", "thanks for the refund storm").await;
        let reply = t.person("mo").replies(&post, "it was loud").await;
        t.person("mo").edits(&reply, "it was *very* loud").await;
        let reacted = t.person("ana").reacts(":tada:", &post).await;
        assert_eq!(reacted.reactions[0].users, [t.person("ana").id]);
        assert!(t.person("ana").unreacts("tada", &post).await.reactions.is_empty());
        assert_eq!(
            t.channel("kudos").shows(),
            "thanks for the refund storm\n---\nit was *very* loud"
        );
        t.person("mo").deletes(&reply).await;
        assert_eq!(t.channel("kudos").messages().len(), 1);
        let me = t.person("lee").posts_in("kudos", "is tired", Manner::Me).await;
        assert_eq!(me.subtype.as_deref(), Some("me_message"));
        let dm = t.slack.open_dm(&t.person("lee").id);
        let before = t.slack.messages(&dm).len();
        let written = t.person("lee").writes_to_app("hello").await;
        // What they wrote, and the app's answer.
        assert!(written.is_ok());
        assert_eq!(t.slack.messages(&dm)[before].text, "hello");
    });
}

#[test]
fn people_fill_in_what_is_before_them() {
    story(async |t| {
        let dana = t.person("dana");
        let plain = |text: &str| json!({ "type": "plain_text", "text": text });
        let command = t
            .slack
            .runs_command(&dana.id, &t.channel("support").id, "/kudos help")
            .await;
        let view = json!({ "type": "modal", "title": plain("Give"), "submit": plain("Give"), "close": plain("Cancel"),
            "blocks": [
                { "type": "input", "label": plain("Who"),
                    "element": { "type": "multi_users_select", "action_id": "who" } },
                { "type": "input", "label": plain("Why"),
                    "element": { "type": "plain_text_input", "action_id": "why" } },
            ] });
        let opened = app_calls(
            t,
            "views.open",
            json!({ "trigger_id": command.trigger_id, "view": view }),
        )
        .await;
        assert_eq!(opened["ok"], true, "{opened}");
        dana.picks("Who", &["lee", "mo"]).await;
        assert_eq!(
            dana.submits().await,
            "== Give ==\nWho: [Lee, Mo ▾]\nWhy: []\n  ! Please complete this required field.\n[Cancel] [Give]"
        );
        dana.fills("Why", "the refund storm").await;
        assert_eq!(
            dana.modal(),
            "== Give ==\nWho: [Lee, Mo ▾]\nWhy: [the refund storm]\n[Cancel] [Give]"
        );
        assert_eq!(dana.presses("Help").await, "Slack: no Help to click");
        assert_eq!(dana.closes().await, "");
        assert_eq!(
            dana.uses_shortcut("None of ours").await,
            "Slack: no shortcut None of ours is offered"
        );
        let post = t.person("lee").says_in("kudos", "hello").await;
        let at = dana.uses_shortcut_at(&post, "None of ours").await;
        assert_eq!(at, "Slack: no shortcut None of ours is offered");
        assert_eq!(dana.opens_home().await, dana.home());
    });
}
