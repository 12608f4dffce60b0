//! The Web API: the token, the arguments, who may do what where.

use std::time::Duration;

use plaudit::sandbox::{NewChannel, NewPerson};
use plaudit::slack::blocks::{Block, Button, Message, Response};
use plaudit::slack::client::{Client, PostMessage};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_call_needs_the_token_in_its_header() {
    let rig = Rig::new().await;
    let ask = |token: Option<&'static str>| rig.call("auth.test", FORM, String::new(), token);
    assert_eq!(ask(None).await["error"], "not_authed");
    assert_eq!(ask(Some("xoxb-other")).await["error"], "invalid_auth");
    let who = rig.form("auth.test", &[]).await;
    assert_eq!(who["user_id"], json!(rig.slack.bot_user()));
    assert_eq!(who["team_id"], json!(rig.slack.workspace()));
    let in_json = rig
        .call(
            "auth.test",
            JSON,
            json!({ "token": rig.slack.bot_token() }).to_string(),
            None,
        )
        .await;
    assert_eq!(in_json["error"], "not_authed", "a token in a JSON body is not read");
    rig.slack.revoke_token();
    assert_eq!(rig.form("auth.test", &[]).await["error"], "token_revoked");
    assert_eq!(rig.form("chat.meMessage", &[]).await["error"], "unknown_method");
    assert_eq!(rig.slack.unexpected().len(), 2, "{:?}", rig.slack.unexpected());
}

#[tokio::test]
async fn arguments_are_read_as_slack_reads_them() {
    let rig = Rig::new().await;
    let bare = rig
        .call(
            "chat.postMessage",
            "application/json",
            json!({ "channel": rig.kudos, "text": "a" }).to_string(),
            Some(&rig.slack.bot_token()),
        )
        .await;
    assert_eq!(
        (&bare["ok"], &bare["warning"]),
        (&json!(true), &json!("missing_charset"))
    );
    let info = rig.json("users.info", json!({ "user": rig.lee })).await;
    assert_eq!(info["error"], "invalid_arguments", "users.info takes forms only");
    let info = rig
        .form("users.info", &[("user", rig.dana.as_str()), ("include_locale", "true")])
        .await;
    assert_eq!(info["user"]["tz"], "Europe/Berlin");
    assert_eq!(info["user"]["tz_offset"], 7200);
    assert_eq!(info["user"]["locale"], "en-US");
    let blocks = r#"[{"type":"divider"}]"#;
    let posted = rig
        .form(
            "chat.postMessage",
            &[("channel", rig.kudos.as_str()), ("blocks", blocks)],
        )
        .await;
    assert_eq!(posted["message"]["blocks"][0]["type"], "divider", "{posted}");
    assert!(
        posted["message"]["blocks"][0]["block_id"].is_string(),
        "Slack gives blocks ids"
    );
    let torn = rig
        .form("chat.postMessage", &[("channel", rig.kudos.as_str()), ("blocks", "[{")])
        .await;
    assert_eq!(torn["error"], "invalid_blocks_format");
    assert_eq!(rig.posts(json!([])).await["error"], "json_not_object");
    let odd = rig
        .posts(json!({ "channel": rig.kudos, "text": "b", "txet": "c" }))
        .await;
    assert_eq!(odd["ok"], true);
    assert!(
        rig.slack.unexpected().iter().any(|what| what.contains("txet")),
        "{:?}",
        rig.slack.unexpected()
    );
}

#[tokio::test]
async fn posting_is_refused_where_slack_refuses_it() {
    let rig = Rig::new().await;
    let slack = &rig.slack;
    let open = slack.add_channel(NewChannel {
        name: "open".into(),
        ..NewChannel::default()
    });
    let closed = slack.add_channel(NewChannel {
        name: "closed".into(),
        private: true,
        ..NewChannel::default()
    });
    let old = slack.add_channel(NewChannel {
        name: "old".into(),
        with_app: true,
        archived: true,
        ..NewChannel::default()
    });
    let between = slack.add_dm(&[rig.dana.clone(), rig.lee.clone()]);
    for (channel, error) in [
        (open.as_str(), "not_in_channel"),
        (closed.as_str(), "channel_not_found"),
        (old.as_str(), "is_archived"),
        (between.as_str(), "channel_not_found"),
        ("C404", "channel_not_found"),
    ] {
        assert_eq!(
            rig.posts(json!({ "channel": channel, "text": "hello" })).await["error"],
            error,
            "{channel}"
        );
    }
    slack.grant_scope("chat:write.public");
    assert_eq!(rig.posts(json!({ "channel": open, "text": "hello" })).await["ok"], true);
    assert_eq!(
        rig.posts(json!({ "channel": closed, "text": "hello" })).await["error"],
        "channel_not_found"
    );
    slack.invite_app(&closed).await;
    assert_eq!(
        rig.posts(json!({ "channel": closed, "text": "hello" })).await["ok"],
        true
    );
    slack.revoke_scope("chat:write");
    let refused = rig.posts(json!({ "channel": rig.kudos, "text": "hello" })).await;
    assert_eq!(
        (&refused["error"], &refused["needed"]),
        (&json!("missing_scope"), &json!("chat:write"))
    );
    let provided = refused["provided"].as_str().expect("a list");
    assert!(
        provided.split(',').any(|scope| scope == "users:read") && !provided.contains("chat:write,"),
        "{provided}"
    );
    assert!(slack.unexpected().is_empty(), "{:?}", slack.unexpected());
}

#[tokio::test]
async fn messages_are_changed_deleted_linked_and_read_back() {
    let rig = Rig::new().await;
    let metadata = json!({ "event_type": "card", "event_payload": { "id": "1" } });
    let posted = rig
        .posts(json!({ "channel": rig.kudos, "text": "one", "metadata": metadata }))
        .await;
    let ts = posted["ts"].as_str().expect("a ts").to_owned();
    let reply = rig
        .posts(json!({ "channel": rig.kudos, "text": "two", "thread_ts": ts }))
        .await;
    let reply_ts = reply["ts"].as_str().expect("a ts").to_owned();
    let said = rig
        .slack
        .says(&rig.dana, &rig.kudos, "hello @lee", None)
        .await
        .expect("a channel");
    assert_eq!(
        (said.text.as_str(), &said.pings),
        (format!("hello <@{}>", rig.lee).as_str(), &vec![rig.lee.clone()])
    );

    let at = |ts: &str| json!({ "channel": rig.kudos, "ts": ts, "text": "changed" });
    assert_eq!(
        rig.json("chat.update", at(said.ts.as_str())).await["error"],
        "cant_update_message"
    );
    assert_eq!(
        rig.json("chat.update", at("1.000001")).await["error"],
        "message_not_found"
    );
    assert_eq!(rig.json("chat.update", at(&ts)).await["text"], "changed");
    let shown = rig.shown();
    assert_eq!((shown[0].text.as_str(), shown[0].edited), ("changed", true));
    assert_eq!(
        shown[0].metadata,
        Some(metadata.clone()),
        "metadata stays unless it is taken away"
    );

    let link = rig
        .form(
            "chat.getPermalink",
            &[("channel", rig.kudos.as_str()), ("message_ts", &ts)],
        )
        .await;
    let place = ts.replace('.', "");
    assert!(
        link["permalink"]
            .as_str()
            .is_some_and(|link| link.ends_with(&format!("/p{place}"))),
        "{link}"
    );

    let history = rig
        .json("conversations.history", json!({ "channel": rig.kudos, "limit": 1 }))
        .await;
    assert_eq!(history["messages"][0]["text"], said.text, "newest first");
    assert_eq!(history["has_more"], true);
    let cursor = history["response_metadata"]["next_cursor"].clone();
    let rest = rig
        .json(
            "conversations.history",
            json!({ "channel": rig.kudos, "cursor": cursor, "include_all_metadata": true }),
        )
        .await;
    assert_eq!(
        rest["messages"].as_array().map(Vec::len),
        Some(1),
        "replies are not in the history"
    );
    assert_eq!(rest["messages"][0]["metadata"], metadata);
    assert_eq!(rest["messages"][0]["reply_count"], 1);
    let thread = rig
        .form("conversations.replies", &[("channel", rig.kudos.as_str()), ("ts", &ts)])
        .await;
    assert_eq!(thread["messages"].as_array().map(Vec::len), Some(2));
    let alone = rig
        .form(
            "conversations.replies",
            &[("channel", rig.kudos.as_str()), ("ts", &reply_ts)],
        )
        .await;
    assert_eq!(
        alone["messages"].as_array().map(Vec::len),
        Some(1),
        "a reply's ts gives that reply only"
    );

    assert_eq!(
        rig.json("chat.delete", at(said.ts.as_str())).await["error"],
        "cant_delete_message"
    );
    let gone = rig
        .json("chat.delete", json!({ "channel": rig.kudos, "ts": reply_ts }))
        .await;
    assert_eq!(gone["ok"], true);
    assert_eq!(rig.shown().len(), 2);
    rig.slack.revoke_scope("channels:history");
    let refused = rig.json("conversations.history", json!({ "channel": rig.kudos })).await;
    assert_eq!(
        (&refused["error"], &refused["needed"]),
        (&json!("missing_scope"), &json!("channels:history"))
    );
}

#[tokio::test]
async fn people_groups_and_conversations_are_listed_with_their_scopes() {
    let rig = Rig::new().await;
    let slack = &rig.slack;
    let elsewhere = slack.add_person(NewPerson {
        handle: "jon".into(),
        other_team: Some("T0OTHER".into()),
        ..NewPerson::default()
    });
    let sam = slack.add_person(NewPerson {
        handle: "sam".into(),
        deleted: true,
        ..NewPerson::default()
    });
    slack.short_pages(2);
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = rig.form("users.list", &[("limit", "200"), ("cursor", &cursor)]).await;
        let members = page["members"].as_array().expect("members").clone();
        assert!(members.len() <= 2);
        found.extend(
            members
                .iter()
                .filter_map(|member| member["id"].as_str().map(str::to_owned)),
        );
        cursor = page["response_metadata"]["next_cursor"]
            .as_str()
            .expect("a cursor")
            .to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert!(
        found.contains(&"USLACKBOT".to_owned()) && found.contains(&sam.0) && !found.contains(&elsewhere.0),
        "{found:?}"
    );
    assert_eq!(
        rig.form("users.info", &[("user", elsewhere.as_str())]).await["user"]["team_id"],
        "T0OTHER"
    );
    assert_eq!(
        rig.form("users.info", &[("user", "U404")]).await["error"],
        "user_not_found"
    );
    assert_eq!(
        rig.form("users.list", &[("cursor", "nonsense")]).await["error"],
        "invalid_cursor"
    );

    let group = slack.add_usergroup("night-shift", "Night shift", std::slice::from_ref(&rig.dana));
    assert_eq!(
        rig.form("usergroups.list", &[("include_users", "true")]).await["usergroups"][0]["users"],
        json!([rig.dana])
    );
    assert_eq!(
        rig.form("usergroups.users.list", &[("usergroup", group.as_str())])
            .await["users"],
        json!([rig.dana])
    );
    assert_eq!(
        rig.form("usergroups.users.list", &[("usergroup", "S404")]).await["error"],
        "no_such_subteam"
    );

    assert_eq!(
        rig.json("conversations.open", json!({})).await["error"],
        "users_list_not_supplied"
    );
    assert_eq!(
        rig.json("conversations.open", json!({ "users": sam })).await["error"],
        "user_disabled"
    );
    let dm = rig.json("conversations.open", json!({ "users": rig.dana })).await;
    assert_eq!(
        slack.dm(&rig.dana).map(|id| json!(id)),
        Some(dm["channel"]["id"].clone())
    );
    assert_eq!(
        rig.json("conversations.open", json!({ "users": rig.dana })).await["already_open"],
        true
    );
    let said = rig
        .posts(json!({ "channel": dm["channel"]["id"], "text": "psst" }))
        .await;
    assert_eq!(said["ok"], true);
    let there = slack.messages(&slack.dm(&rig.dana).expect("a DM"));
    assert_eq!(there[0].pings, vec![rig.dana.clone()], "a DM notifies its person");

    let info = rig
        .form(
            "conversations.info",
            &[("channel", rig.kudos.as_str()), ("include_num_members", "true")],
        )
        .await;
    assert_eq!(
        (&info["channel"]["is_member"], &info["channel"]["num_members"]),
        (&json!(true), &json!(3))
    );
    let hidden = slack.add_channel(NewChannel {
        name: "hidden".into(),
        private: true,
        ..NewChannel::default()
    });
    assert_eq!(
        rig.form("conversations.info", &[("channel", hidden.as_str())]).await["error"],
        "channel_not_found"
    );
    slack.revoke_scope("channels:read");
    let refused = rig.form("conversations.info", &[("channel", rig.kudos.as_str())]).await;
    assert_eq!(
        (&refused["error"], &refused["needed"]),
        (&json!("missing_scope"), &json!("channels:read"))
    );
    slack.revoke_scope("users:read");
    assert_eq!(rig.form("users.list", &[]).await["error"], "missing_scope");
}

#[tokio::test]
async fn plaudits_own_client_does_nothing_unexpected() {
    let rig = Rig::new().await;
    let client = Client::new(&rig.slack.api_url(), rig.slack.bot_token().into()).expect("a client");
    let soon = Duration::from_secs(10);
    client.auth_test().await.expect("an identity");
    client
        .users_list(None, 200, &rig.slack.workspace())
        .await
        .expect("people");
    client.users_info(&rig.dana, soon).await.expect("Dana");
    client.conversations_info(&rig.kudos).await.expect("a channel");
    let dm = client.conversations_open(&rig.dana).await.expect("a DM");
    let buttons = Block::actions(vec![
        Button::new("Undo", "undo", "Undo your kudos to Lee").value("1").into(),
    ]);
    let message = Message::new("Lee was thanked", vec![Block::section("*Lee* was thanked"), buttons]);
    let post = PostMessage {
        channel: &dm,
        message: &message,
        metadata: None,
        thread_ts: None,
    };
    let posted = client.chat_post_message(&post).await.expect("a message");
    client.chat_update(&dm, &posted.ts, &message).await.expect("a change");
    client.chat_get_permalink(&dm, &posted.ts).await.expect("a link");
    client
        .chat_post_ephemeral(&rig.kudos, &rig.lee, &message, None)
        .await
        .expect("a whisper");
    let shown = rig.slack.ephemeral(&rig.lee).pop().expect("a whisper");
    let click = rig.slack.clicks(&rig.lee, &shown, "undo").await;
    let answer = Response::replacing(Message::sentence("Taken back."));
    client
        .respond(click.response_url.as_str(), &answer)
        .await
        .expect("an answer");
    assert_eq!(rig.slack.ephemeral(&rig.lee)[0].text, "Taken back.");
    client.chat_delete(&dm, &posted.ts).await.expect("a deletion");
    assert!(rig.slack.unexpected().is_empty(), "{:?}", rig.slack.unexpected());
}
