//! Modals, Home, shortcuts and menus: what people fill in, and what of it the app is told.

use std::time::Duration;

use plaudit::sandbox::{Guest, NewPerson};

use super::*;

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text })
}

fn option(text: &str, value: &str) -> Value {
    json!({ "text": plain(text), "value": value })
}

fn give(more: Value) -> Value {
    let mut blocks = vec![
        json!({ "type": "input", "block_id": "to", "label": plain("Who helped?"),
            "element": { "type": "multi_users_select", "action_id": "people" } }),
        json!({ "type": "input", "block_id": "why", "label": plain("What for?"), "hint": plain("A sentence will do."),
            "element": { "type": "plain_text_input", "action_id": "words", "min_length": 5, "max_length": 20 } }),
        json!({ "type": "input", "block_id": "where", "label": plain("Where"), "optional": true,
            "element": { "type": "conversations_select", "action_id": "place",
                "default_to_current_conversation": true, "filter": { "include": ["public"] } } }),
        json!({ "type": "input", "block_id": "extra", "label": plain("And"), "optional": true,
            "element": { "type": "checkboxes", "action_id": "boxes",
                "options": [option("A customer said this", "customer")] } }),
        json!({ "type": "section", "block_id": "value", "text": plain("A value"), "accessory": {
            "type": "static_select", "action_id": "value", "placeholder": plain("None"),
            "options": [option("Calm", "calm"), option("Care", "care")] } }),
        json!({ "type": "actions", "block_id": "acts", "elements": [
            { "type": "button", "action_id": "help", "text": plain("Help me write") }] }),
    ];
    blocks.extend(more.as_array().cloned().unwrap_or_default());
    json!({ "type": "modal", "callback_id": "give", "title": plain("Give kudos"), "submit": plain("Give"),
        "close": plain("Cancel"), "notify_on_close": true, "private_metadata": "kept", "blocks": blocks })
}

impl Rig {
    async fn opens(&self, view: Value) -> Value {
        let trigger = self.slack.uses_shortcut(&self.dana, "give").await.trigger_id;
        self.json("views.open", json!({ "trigger_id": trigger, "view": view }))
            .await
    }

    fn replies(&self, body: Value) {
        self.answers(StatusCode::OK, "application/json", &body.to_string(), false);
    }
}

#[tokio::test]
async fn a_trigger_opens_one_view_within_three_seconds() {
    let rig = Rig::wide().await;
    let command = rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos").await;
    let open = async |trigger: &str| {
        rig.json("views.open", json!({ "trigger_id": trigger, "view": give(json!([])) }))
            .await
    };
    assert_eq!(open("1.2.none").await["error"], "invalid_trigger_id");
    let opened = open(&command.trigger_id).await;
    assert_eq!(
        (&opened["ok"], &opened["view"]["callback_id"]),
        (&json!(true), &json!("give"))
    );
    assert_eq!(open(&command.trigger_id).await["error"], "exchanged_trigger_id");
    let late = rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos").await;
    rig.clock.advance(Duration::from_millis(3001));
    assert_eq!(open(&late.trigger_id).await["error"], "expired_trigger_id");

    let push = json!({ "trigger_id": "x", "view": give(json!([])) });
    assert_eq!(rig.json("views.push", push).await["error"], "invalid_trigger_id");
    for expected in [Value::Null, Value::Null, json!("push_limit_reached")] {
        let pressed = rig.slack.presses(&rig.dana, "Help me write", None).await;
        let push = json!({ "trigger_id": pressed.trigger_id, "view": give(json!([])) });
        assert_eq!(rig.json("views.push", push).await["error"], expected);
    }
    let top = rig.slack.modal(&rig.dana).expect("a modal");
    rig.heard();
    rig.slack.closes(&rig.dana, false).await.expect("it wants to know");
    let closed = rig.payloads().remove(0);
    assert_eq!(
        (&closed["type"], &closed["view"]["id"]),
        (&json!("view_closed"), &json!(top.id))
    );
    assert_eq!(closed["is_cleared"], false);
    assert!(
        closed["view"]["state"]["values"].get("why").is_none(),
        "input blocks are left out"
    );
    rig.slack.closes(&rig.dana, true).await.expect("it wants to know");
    let cleared = rig.payloads().remove(0);
    assert_eq!(
        (&cleared["view"]["id"], &cleared["is_cleared"]),
        (&opened["view"]["id"], &json!(true))
    );
    assert_eq!(rig.slack.modal(&rig.dana), None);
}

#[tokio::test]
async fn views_are_held_to_slacks_limits() {
    let rig = Rig::wide().await;
    let cases = [
        (
            json!({ "title": plain("A title that is much too long") }),
            "/view/title/text",
        ),
        (json!({ "submit": null }), "submit"),
        (
            json!({ "private_metadata": "x".repeat(3001) }),
            "/view/private_metadata",
        ),
        (
            json!({ "blocks": vec![json!({ "type": "divider" }); 101] }),
            "/view/blocks",
        ),
        (json!({ "colour": "red" }), "colour"),
        (
            json!({ "blocks": [{ "type": "input", "label": plain("x"),
                "element": { "type": "plain_text_input", "min_length": 9, "max_length": 3 } }] }),
            "/view/blocks/0/element/min_length",
        ),
        (
            json!({ "blocks": [{ "type": "input", "label": plain("x"),
                "element": { "type": "button", "text": plain("x") } }] }),
            "/view/blocks/0/element/type",
        ),
        (
            json!({ "blocks": [{ "type": "section", "text": plain("x"), "accessory": {
                "type": "radio_buttons", "options": [option("A", "a")], "initial_option": option("B", "b") } }] }),
            "/view/blocks/0/accessory/initial_option",
        ),
    ];
    for (change, pointer) in cases {
        let mut view = give(json!([]));
        for (key, value) in change.as_object().expect("an object") {
            view[key] = value.clone();
        }
        let refused = rig.opens(view).await;
        assert_eq!(refused["error"], "invalid_arguments", "{pointer}: {refused}");
        assert!(
            refused["response_metadata"].to_string().contains(pointer),
            "{pointer}: {refused}"
        );
    }
    let wide = json!({ "type": "section", "text": plain(&"x".repeat(2999)) });
    let large = rig.opens(give(json!(vec![wide; 90]))).await;
    assert_eq!(large["error"], "view_too_large");
    let mut named = give(json!([]));
    named["external_id"] = json!("mine");
    assert_eq!(rig.opens(named.clone()).await["ok"], true);
    let update = json!({ "external_id": "mine", "view": named });
    assert_eq!(rig.json("views.update", update).await["ok"], true);
    let nowhere = json!({ "view_id": "V0", "view": named });
    assert_eq!(rig.json("views.update", nowhere).await["error"], "not_found");
}

#[tokio::test]
async fn what_is_filled_in_is_checked_sent_and_kept() {
    let rig = Rig::wide().await;
    let command = rig.slack.runs_command(&rig.dana, &rig.kudos, "/kudos").await;
    let open = json!({ "trigger_id": command.trigger_id, "view": give(json!([])) });
    let opened = rig.json("views.open", open).await;
    rig.heard();
    let slack = &rig.slack;
    let fills = async |field: &str, values: &[&str]| slack.fills(&rig.dana, field, values).await;

    let early = slack.submits(&rig.dana).await;
    assert_eq!((early.error.as_deref(), early.status), (Some("invalid_fields"), None));
    assert!(rig.payloads().is_empty(), "Slack checks before it sends");
    assert!(fills("Who helped?", &["nobody"]).await.is_err());
    assert!(
        fills("Who helped?", &["lee"]).await.expect("a field").is_none(),
        "inputs tell on submission only"
    );
    fills("why", &["calm"]).await.expect("a field");
    fills("And", &["A customer said this"]).await.expect("a field");
    fills("None", &["Calm"])
        .await
        .expect("a field")
        .expect("menus outside of inputs tell at once");
    let picked = rig.payloads().remove(0);
    assert_eq!(
        (&picked["type"], &picked["container"]["type"]),
        (&json!("block_actions"), &json!("view"))
    );
    assert_eq!(picked["actions"][0]["selected_option"]["value"], "calm");
    assert_eq!(
        picked["view"]["state"]["values"]["to"]["people"]["selected_users"],
        json!([rig.lee])
    );
    assert!(picked.get("message").is_none() && picked.get("response_url").is_none());
    slack.submits(&rig.dana).await;
    let modal = slack.modal(&rig.dana).expect("still open");
    assert_eq!(modal.errors["why"], "Please enter at least 5 characters.");
    fills("why", &["calm calls"]).await.expect("a field");
    assert_eq!(
        slack.rendered_view(&slack.modal(&rig.dana).expect("a modal")),
        "== Give kudos ==\nWho helped?: [Lee Park ▾]\nWhat for?: [calm calls]\n  A sentence will do.\n\
         Where (optional): [#kudos ▾]\nAnd (optional): [x] A customer said this\nA value [Calm ▾]\n[Help me write]\n\
         [Cancel] [Give]"
    );

    rig.replies(json!({ "response_action": "errors", "errors": { "why": "Say a little more." } }));
    slack.submits(&rig.dana).await;
    let sent = rig.payloads().remove(0);
    assert_eq!(sent["type"], "view_submission");
    assert_eq!(
        (&sent["view"]["id"], &sent["view"]["private_metadata"]),
        (&opened["view"]["id"], &json!("kept"))
    );
    let values = &sent["view"]["state"]["values"];
    assert_eq!(
        values["why"]["words"],
        json!({ "type": "plain_text_input", "value": "calm calls" })
    );
    assert_eq!(values["where"]["place"]["selected_conversation"], json!(rig.kudos));
    assert_eq!(values["extra"]["boxes"]["selected_options"][0]["value"], "customer");
    assert_eq!(
        slack.modal(&rig.dana).expect("a modal").errors["why"],
        "Say a little more."
    );

    rig.answers(StatusCode::OK, "text/plain", "", true);
    slack.deadlines(Duration::from_millis(20));
    assert_eq!(
        slack.submits(&rig.dana).await.error.as_deref(),
        Some("operation_timeout")
    );
    let late = slack.modal(&rig.dana).expect("nothing is lost");
    assert!(
        late.problem
            .as_deref()
            .is_some_and(|problem| problem.starts_with("We had some trouble"))
    );
    assert_eq!(late.values["why"]["words"]["value"], "calm calls");
    slack.deadlines(Duration::from_secs(3));

    rig.replies(json!({}));
    let shorter = json!({ "type": "modal", "title": plain("Give kudos"), "submit": plain("Give"), "blocks": [
        give(json!([]))["blocks"][1], { "type": "input", "block_id": "new", "label": plain("New"),
            "element": { "type": "plain_text_input", "action_id": "new", "initial_value": "first" } }] });
    let update = json!({ "view_id": late.id, "hash": late.hash, "view": shorter });
    let updated = rig.json("views.update", update.clone()).await;
    let values = &updated["view"]["state"]["values"];
    assert_eq!(
        (&values["why"]["words"]["value"], &values["new"]["new"]["value"]),
        (&json!("calm calls"), &json!("first"))
    );
    assert_eq!(rig.json("views.update", update).await["error"], "hash_conflict");

    rig.replies(json!({ "response_action": "push", "view": shorter }));
    slack.submits(&rig.dana).await;
    let pushed = slack.modal(&rig.dana).expect("a second");
    assert_ne!(pushed.id, late.id);
    fills("why", &["for all"]).await.expect("a field");
    rig.replies(json!({ "response_action": "update", "view": shorter }));
    slack.submits(&rig.dana).await;
    assert_eq!(
        slack.modal(&rig.dana).expect("the second").values["why"]["words"]["value"],
        "for all"
    );
    rig.replies(json!({ "response_action": "errors", "errors": { "nothing": "?" } }));
    assert!(
        slack.submits(&rig.dana).await.error.is_some(),
        "errors belong to inputs"
    );
    rig.answers(StatusCode::OK, "text/plain", "", false);
    slack.submits(&rig.dana).await;
    assert_eq!(slack.modal(&rig.dana).expect("the first").id, late.id);
    rig.replies(json!({ "response_action": "clear" }));
    slack.submits(&rig.dana).await;
    assert_eq!(slack.modal(&rig.dana), None);
}

#[tokio::test]
async fn a_place_chosen_in_a_modal_can_have_a_response_url() {
    let rig = Rig::wide().await;
    let view = json!({ "type": "modal", "title": plain("Where"), "submit": plain("Go"), "blocks": [
        { "type": "input", "block_id": "b", "label": plain("Place"), "element": { "type": "conversations_select",
            "action_id": "a", "response_url_enabled": true, "initial_conversation": rig.kudos } }] });
    assert_eq!(rig.opens(view).await["ok"], true);
    rig.heard();
    rig.slack.submits(&rig.dana).await;
    let sent = rig.payloads().remove(0);
    let url = sent["response_urls"][0]["response_url"]
        .as_str()
        .expect("a URL")
        .parse()
        .expect("a URL");
    let (status, _) = rig
        .respond(&url, json!({ "response_type": "in_channel", "text": "here" }))
        .await;
    assert_eq!((status, rig.shown()[0].text.as_str()), (200, "here"));
}

#[tokio::test]
async fn home_is_published_opened_and_kept() {
    let rig = Rig::wide().await;
    let slack = &rig.slack;
    slack.opens_home(&rig.lee).await;
    let first = rig.events().remove(0);
    assert_eq!(
        (&first["tab"], &first["channel"]),
        (&json!("home"), &json!(slack.dm(&rig.lee)))
    );
    assert!(first.get("view").is_none() && slack.home(&rig.lee).is_none());
    let home = json!({ "type": "home", "blocks": [{ "type": "section", "text": plain("2 left"), "accessory":
        { "type": "button", "action_id": "give", "text": plain("Give kudos") } }] });
    let publish = json!({ "user_id": rig.lee, "view": home });
    let published = rig.json("views.publish", publish.clone()).await;
    assert_eq!(published["ok"], true, "{published}");
    slack.opens_home(&rig.lee).await;
    let again = rig.events();
    assert_eq!(again[0]["view"]["id"], published["view"]["id"]);
    let mut stale = publish.clone();
    stale["hash"] = json!("old");
    assert_eq!(rig.json("views.publish", stale).await["error"], "hash_conflict");
    slack.presses(&rig.lee, "Give kudos", None).await;
    let pressed = rig.payloads().remove(0);
    assert_eq!(
        (&pressed["view"]["type"], &pressed["actions"][0]["action_id"]),
        (&json!("home"), &json!("give"))
    );
    let trigger = json!(pressed["trigger_id"]);
    assert_eq!(
        rig.json("views.open", json!({ "trigger_id": trigger, "view": give(json!([])) }))
            .await["ok"],
        true
    );
    slack.opens_messages(&rig.lee).await;
    assert_eq!(rig.events()[0]["tab"], "messages");

    let saved = serde_json::to_string(&slack.saved()).expect("JSON");
    let saved = serde_json::from_str(&saved).expect("what was saved");
    let restored = Sandbox::restore(manifest(), rig.clock.clone(), saved)
        .await
        .expect("a workspace");
    assert_eq!(restored.modal(&rig.lee), slack.modal(&rig.lee));
    assert_eq!(restored.home(&rig.lee), slack.home(&rig.lee));

    let off = Rig::new().await;
    let publish = json!({ "user_id": off.lee, "view": home });
    assert_eq!(off.json("views.publish", publish).await["error"], "not_enabled");
    off.slack.opens_home(&off.lee).await;
    assert!(off.heard().is_empty());
}

#[tokio::test]
async fn shortcuts_are_offered_and_sent_as_slack_does() {
    let rig = Rig::wide().await;
    let slack = &rig.slack;
    slack.uses_shortcut(&rig.dana, "Give kudos").await;
    let global = rig.payloads().remove(0);
    assert_eq!(
        (&global["type"], &global["callback_id"]),
        (&json!("shortcut"), &json!("give"))
    );
    assert!(global.get("channel").is_none() && global.get("response_url").is_none());
    let post = slack
        .says(&rig.lee, &rig.kudos, "I stayed late", None)
        .await
        .expect("a post");
    rig.heard();
    let used = slack.uses_message_shortcut(&rig.dana, &post, "for_this").await;
    let of_message = rig.payloads().remove(0);
    assert_eq!(of_message["type"], "message_action");
    assert_eq!(
        (&of_message["message"]["text"], &of_message["message"]["user"]),
        (&json!("I stayed late"), &json!(rig.lee))
    );
    assert_eq!(
        (&of_message["message_ts"], &of_message["channel"]["id"]),
        (&json!(post.ts), &json!(rig.kudos))
    );
    rig.respond(&used.response_url, json!({ "text": "Thanked." })).await;
    let psst = slack.ephemeral(&rig.dana).pop().expect("an answer");
    assert_eq!(psst.text, "Thanked.");
    assert!(
        slack.shortcuts(&rig.dana, Some(&psst)).is_empty(),
        "not at ephemeral messages"
    );
    assert!(
        slack
            .uses_message_shortcut(&rig.dana, &psst, "for_this")
            .await
            .error
            .is_some()
    );
    let guest = slack.add_person(NewPerson {
        handle: "guest".into(),
        guest: Guest::SingleChannel,
        ..NewPerson::default()
    });
    assert!(slack.shortcuts(&guest, None).is_empty());
    slack.revoke_scope("commands");
    assert!(slack.shortcuts(&rig.dana, None).is_empty());
}

#[tokio::test]
async fn menus_and_inputs_in_messages_tell_what_was_chosen() {
    let rig = Rig::wide().await;
    let slack = &rig.slack;
    let blocks = json!([
        { "type": "section", "block_id": "who", "text": plain("Which Dana?"), "accessory":
            { "type": "users_select", "action_id": "dana", "placeholder": plain("Choose") } },
        { "type": "section", "block_id": "card", "text": plain("Kudos"), "accessory":
            { "type": "overflow", "action_id": "menu", "options": [option("Edit", "edit"), option("Hide", "hide")] } },
        { "type": "input", "block_id": "words", "label": plain("Words"), "optional": true,
            "element": { "type": "plain_text_input", "action_id": "text" } },
        { "type": "actions", "elements": [
            { "type": "static_select", "action_id": "value", "options": [option("Calm", "calm"), option("Care", "care")] },
            { "type": "button", "action_id": "add", "text": plain("Add words") }] },
    ]);
    rig.posts(json!({ "channel": rig.kudos, "text": "Which?", "blocks": blocks }))
        .await;
    slack.settled().await;
    rig.heard();
    let card = rig.shown().remove(0);
    slack.chooses(&rig.dana, &card, "dana", "lee").await;
    assert_eq!(rig.payloads()[0]["actions"][0]["selected_user"], json!(rig.lee));
    slack.chooses(&rig.dana, &card, "menu", "Hide").await;
    assert_eq!(rig.payloads()[0]["actions"][0]["selected_option"]["value"], "hide");
    slack.chooses(&rig.dana, &card, "value", "care").await;
    assert_eq!(rig.payloads()[0]["actions"][0]["selected_option"]["value"], "care");
    assert!(
        slack
            .fills_in(&rig.dana, &card, "Words", &["so calm"])
            .await
            .expect("a field")
            .is_none()
    );
    slack.clicks(&rig.dana, &card, "Add words").await;
    let clicked = rig.payloads().remove(0);
    assert_eq!(clicked["state"]["values"]["words"]["text"]["value"], "so calm");
    assert_eq!(
        clicked["state"]["values"]["who"]["dana"]["selected_user"],
        json!(rig.lee)
    );
    slack.clicks(&rig.lee, &card, "Add words").await;
    let other = rig.payloads().remove(0);
    assert!(
        other["state"]["values"]["words"]["text"]["value"].is_null(),
        "each has a form of their own"
    );
    assert!(slack.unexpected().is_empty(), "{:?}", slack.unexpected());
}
