//! What people write, change, delete and react with, and what the app hears of it.

use plaudit::sandbox::{Manner, NewPerson, Reaction};

use super::*;

fn kinds(events: &[Value]) -> Vec<&str> {
    let kind = |event: &'_ Value| event["subtype"].as_str().is_some();
    events
        .iter()
        .map(|event| if kind(event) { &event["subtype"] } else { &event["type"] })
        .filter_map(Value::as_str)
        .collect()
}

#[tokio::test]
async fn a_post_and_its_thread_arrive_as_slack_sends_them() {
    let rig = &Rig::wide().await;
    let slack = &rig.slack;
    let post = slack
        .says(&rig.dana, &rig.kudos, "@plaudit for @lee & <3", None)
        .await
        .expect("a post");
    let events = rig.events();
    assert_eq!(kinds(&events), ["message", "app_mention"]);
    let (message, mention) = (&events[0], &events[1]);
    assert_eq!(
        (&message["channel_type"], &mention["ts"]),
        (&json!("channel"), &json!(post.ts))
    );
    assert_eq!(
        message["blocks"][0]["elements"][0]["elements"],
        json!([
            { "type": "user", "user_id": slack.bot_user() }, { "type": "text", "text": " for " },
            { "type": "user", "user_id": rig.lee }, { "type": "text", "text": " & <3" },
        ])
    );
    let reply = slack
        .says(&rig.lee, &rig.kudos, "thanks", Some(&post))
        .await
        .expect("a reply");
    slack
        .posts(&rig.dana, &rig.kudos, "all", Some(&reply), Manner::Broadcast)
        .await
        .expect("a reply");
    let events = rig.events();
    assert_eq!(kinds(&events), ["message", "thread_broadcast"]);
    assert_eq!(
        (&events[0]["thread_ts"], &events[0]["parent_user_id"]),
        (&json!(post.ts), &json!(rig.dana))
    );
    assert_eq!(
        (&events[1]["thread_ts"], &events[1]["root"]["reply_count"]),
        (&json!(post.ts), &json!(2))
    );

    let all = rig
        .form(
            "conversations.replies",
            &[("channel", rig.kudos.as_str()), ("ts", post.ts.as_str())],
        )
        .await;
    assert_eq!(all["messages"].as_array().map(Vec::len), Some(3), "{all}");
    assert_eq!(all["messages"][0]["reply_users"], json!([rig.lee, rig.dana]));
    let top = rig
        .form("conversations.history", &[("channel", rig.kudos.as_str())])
        .await;
    let texts: Vec<_> = top["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| &it["text"])
        .collect();
    assert_eq!(texts[0], "all", "a broadcast is in the channel, other replies are not");
    assert_eq!(texts.len(), 2);
    let one = [
        ("channel", rig.kudos.as_str()),
        ("latest", post.ts.as_str()),
        ("inclusive", "true"),
        ("limit", "1"),
    ];
    assert_eq!(
        rig.form("conversations.history", &one).await["messages"][0]["ts"],
        json!(post.ts)
    );
    let link = [("channel", rig.kudos.as_str()), ("message_ts", reply.ts.as_str())];
    let link = rig.form("chat.getPermalink", &link).await;
    assert!(
        link["permalink"]
            .as_str()
            .is_some_and(|link| link.contains(&format!("?thread_ts={}&cid=", post.ts)))
    );
}

#[tokio::test]
async fn posts_of_every_manner_say_whose_they_are() {
    let rig = &Rig::wide().await;
    let slack = &rig.slack;
    let weather = slack.add_person(NewPerson {
        handle: "weatherbot".into(),
        is_bot: true,
        ..NewPerson::default()
    });
    let post = |user: UserId, manner: Manner| async move {
        slack
            .posts(&user, &rig.kudos, "@plaudit rain", None, manner)
            .await
            .expect("a post");
        rig.events()
    };
    let me = post(rig.dana.clone(), Manner::Me).await;
    assert_eq!(kinds(&me)[0], "me_message");
    let file = post(rig.dana.clone(), Manner::WithFile("rain.png".into())).await;
    assert_eq!(
        kinds(&file),
        ["file_share"],
        "a mention beside a file comes as file_share only"
    );
    assert_eq!(file[0]["files"][0]["mimetype"], "image/png");
    let bot = post(weather.clone(), Manner::Plain).await;
    assert!(bot[0]["bot_id"].is_string() && bot[0]["user"] == json!(weather) && bot[0]["subtype"].is_null());
    let hook = post(weather.clone(), Manner::Webhook).await;
    assert!(hook[0]["bot_id"].is_string() && hook[0]["user"].is_null() && hook[0]["subtype"] == "bot_message");
    let used = post(rig.dana.clone(), Manner::SentUsing(weather.clone())).await;
    assert!(
        used[0]["text"]
            .as_str()
            .is_some_and(|text| text.ends_with(&format!("\n*Sent using* <@{weather}>")))
    );
    assert!(used[0]["user"] == json!(rig.dana) && used[0]["bot_id"].is_null());
}

#[tokio::test]
async fn nobody_writes_where_slack_does_not_let_them() {
    let mut fixed = manifest();
    fixed["features"]["app_home"] = json!({ "messages_tab_enabled": true, "messages_tab_read_only_enabled": true });
    let rig = &Rig::with(fixed).await;
    let slack = &rig.slack;
    let dm = slack.open_dm(&rig.dana);
    let says = |place: ChannelId| async move { slack.posts(&rig.dana, &place, "x", None, Manner::Plain).await };
    assert_eq!(says(dm).await, Err("messages_tab_disabled".to_owned()));
    let elsewhere = slack.add_channel(NewChannel {
        name: "elsewhere".into(),
        ..NewChannel::default()
    });
    assert_eq!(says(elsewhere).await, Err("not_in_channel".to_owned()));
    let closed = slack.add_channel(NewChannel {
        name: "leads".into(),
        private: true,
        ..NewChannel::default()
    });
    assert_eq!(says(closed).await, Err("channel_not_found".to_owned()));
    slack.archive(&rig.kudos).await;
    assert_eq!(says(rig.kudos.clone()).await, Err("is_archived".to_owned()));
}

#[tokio::test]
async fn edits_unfurls_and_deletions_are_told_apart() {
    let rig = &Rig::wide().await;
    let slack = &rig.slack;
    let post = slack
        .says(&rig.dana, &rig.kudos, "see https://wiki.example/page", None)
        .await
        .expect("a post");
    rig.events();
    slack.unfurls(&post).await;
    let noise = rig.events();
    assert_eq!(kinds(&noise), ["message_changed"]);
    assert_eq!(noise[0]["message"]["text"], noise[0]["previous_message"]["text"]);
    assert!(noise[0]["message"]["edited"].is_null() && noise[0]["message"]["attachments"].is_array());

    assert_eq!(
        slack.edits(&rig.lee, &post, "mine").await,
        Err("cant_update_message".to_owned())
    );
    let edited = slack
        .edits(&rig.dana, &post, "@plaudit for @lee")
        .await
        .expect("an edit");
    assert_eq!(edited.pings, [slack.bot_user(), rig.lee.clone()]);
    let events = rig.events();
    assert_eq!(
        kinds(&events),
        ["message_changed", "app_mention"],
        "an edit that adds the mention tells of it"
    );
    assert_eq!(events[0]["message"]["edited"]["ts"], events[0]["ts"]);
    assert_eq!(events[0]["message"]["ts"], json!(post.ts));
    slack
        .edits(&rig.dana, &post, "@plaudit for @lee")
        .await
        .expect("nothing");
    assert!(rig.events().is_empty(), "the same words again are no edit");
    slack.unfurls(&edited).await;
    let noise = rig.events();
    assert_eq!(noise[0]["message"]["edited"], noise[0]["previous_message"]["edited"]);

    let reply = slack
        .says(&rig.lee, &rig.kudos, "thanks", Some(&post))
        .await
        .expect("a reply");
    rig.events();
    assert_eq!(
        slack.deletes(&rig.lee, &post).await,
        Err("cant_delete_message".to_owned())
    );
    slack.deletes(&rig.dana, &post).await.expect("gone");
    let stone = rig.events();
    assert_eq!(
        kinds(&stone),
        ["message_changed"],
        "a parent with replies leaves a tombstone"
    );
    assert_eq!(stone[0]["message"]["subtype"], "tombstone");
    assert_eq!(stone[0]["previous_message"]["text"], json!(edited.text));
    slack.change_person(&rig.dana, |dana| dana.admin = true).await;
    rig.events();
    slack.deletes(&rig.dana, &reply).await.expect("admins delete");
    let events = rig.events();
    assert_eq!(
        kinds(&events),
        ["message_deleted", "message_deleted"],
        "the tombstone goes with its last reply"
    );
    assert_eq!(events[0]["deleted_ts"], json!(reply.ts));
    assert!(rig.shown().is_empty());
    assert_eq!(
        slack.edits(&rig.dana, &post, "again").await,
        Err("message_not_found".to_owned())
    );
}

#[tokio::test]
async fn reactions_are_kept_and_told() {
    let rig = &Rig::wide().await;
    let slack = &rig.slack;
    let post = slack.says(&rig.dana, &rig.kudos, "hello", None).await.expect("a post");
    rig.events();
    let reacted = slack
        .reacts(&rig.lee, &post, ":+1::skin-tone-3:")
        .await
        .expect("a reaction");
    let reaction = |name: &str| Reaction {
        name: name.into(),
        users: vec![rig.lee.clone()],
    };
    assert_eq!(reacted.reactions, [reaction("+1::skin-tone-3")]);
    let event = rig.events().remove(0);
    assert_eq!(
        (&event["type"], &event["reaction"]),
        (&json!("reaction_added"), &json!("+1::skin-tone-3"))
    );
    assert_eq!(
        event["item"],
        json!({ "type": "message", "channel": rig.kudos, "ts": post.ts })
    );
    assert_eq!(
        (&event["item_user"], &event["user"]),
        (&json!(rig.dana), &json!(rig.lee))
    );
    let again = slack.reacts(&rig.lee, &post, "thumbsup::skin-tone-3").await;
    assert_eq!(again, Err("already_reacted".to_owned()));
    slack.reacts(&rig.lee, &post, "kudos").await.expect("another");
    let at = [("channel", rig.kudos.as_str()), ("timestamp", post.ts.as_str())];
    let got = rig.form("reactions.get", &at).await;
    assert_eq!(
        got["message"]["reactions"][1],
        json!({ "name": "kudos", "users": [rig.lee], "count": 1 })
    );
    assert_eq!(rig.form("reactions.get", &at[..1]).await["error"], "no_item_specified");
    slack
        .unreacts(&rig.lee, &post, "thumbsup")
        .await
        .expect("it goes by its alias");
    assert_eq!(
        slack.unreacts(&rig.dana, &post, "kudos").await,
        Err("no_reaction".to_owned())
    );
    assert_eq!(slack.messages(&rig.kudos)[0].reactions, [reaction("kudos")]);
    assert_eq!(kinds(&rig.events()), ["reaction_added", "reaction_removed"]);

    slack.revoke_scope("reactions:read");
    slack.reacts(&rig.dana, &post, "eyes").await.expect("a reaction");
    assert!(rig.events().is_empty(), "no scope, no event");
    assert_eq!(rig.form("reactions.get", &at).await["error"], "missing_scope");
    slack.grant_scope("reactions:read");
    let far = slack.add_channel(NewChannel {
        name: "far".into(),
        members: vec![rig.dana.clone()],
        ..NewChannel::default()
    });
    let there = slack.says(&rig.dana, &far, "x", None).await.expect("a post");
    slack.reacts(&rig.dana, &there, "eyes").await.expect("a reaction");
    assert!(rig.events().is_empty(), "the app is not there");

    let post = json!({ "channel": rig.kudos, "user": rig.lee, "text": "psst" });
    rig.json("chat.postEphemeral", post).await;
    let psst = slack.ephemeral(&rig.lee).remove(0);
    assert_eq!(
        slack.reacts(&rig.lee, &psst, "eyes").await,
        Err("message_not_found".to_owned())
    );
}

#[tokio::test]
async fn files_come_in_three_steps() {
    let rig = Rig::wide().await;
    let post = rig
        .slack
        .says(&rig.dana, &rig.kudos, "a chart?", None)
        .await
        .expect("a post");
    let asked = [
        ("filename", "chart.png"),
        ("length", "4"),
        ("alt_txt", "Thanks by week"),
    ];
    let url = rig.form("files.getUploadURLExternal", &asked).await;
    let files = json!([{ "id": url["file_id"], "title": "Chart" }]);
    let complete = json!({ "files": files, "channel_id": rig.kudos, "thread_ts": post.ts, "initial_comment": "Here" });
    let early = rig.json("files.completeUploadExternal", complete.clone()).await;
    assert_eq!(early["error"], "file_not_found");
    let to = url["upload_url"].as_str().expect("a URL");
    let sent = rig.http.post(to).body("1234").send().await.expect("an answer");
    assert_eq!(
        (sent.status().as_u16(), sent.text().await.expect("a text")),
        (200, "OK - 4".to_owned())
    );
    let done = rig.json("files.completeUploadExternal", complete.clone()).await;
    assert_eq!(
        (&done["files"][0]["id"], &done["files"][0]["title"]),
        (&url["file_id"], &json!("Chart"))
    );
    let shown = rig.shown().pop().expect("a reply");
    assert_eq!((shown.text.as_str(), &shown.thread_ts), ("Here", &Some(post.ts)));
    assert_eq!(
        (shown.files[0].bytes.as_slice(), shown.files[0].alt_text.as_str()),
        (&b"1234"[..], "Thanks by week")
    );
    assert!(rig.slack.unexpected().is_empty(), "{:?}", rig.slack.unexpected());
    assert_eq!(
        rig.json("files.completeUploadExternal", complete).await["error"],
        "file_not_found"
    );
    let wrong = rig.form("files.getUploadURLExternal", &asked).await;
    let to = wrong["upload_url"].as_str().expect("a URL");
    assert_eq!(
        rig.http.post(to).body("123").send().await.expect("an answer").status(),
        400
    );
    rig.slack.revoke_scope("files:write");
    assert_eq!(
        rig.form("files.getUploadURLExternal", &asked).await["error"],
        "missing_scope"
    );
}

#[tokio::test]
async fn the_app_answers_in_threads_and_whispers_to_members() {
    let rig = Rig::wide().await;
    let post = rig
        .slack
        .says(&rig.dana, &rig.kudos, "hello", None)
        .await
        .expect("a post");
    rig.events();
    let reply = json!({ "channel": rig.kudos, "text": "hi", "thread_ts": post.ts, "reply_broadcast": true });
    assert_eq!(rig.posts(reply).await["message"]["thread_ts"], json!(post.ts));
    rig.slack.settled().await;
    let events = rig.events();
    assert_eq!(kinds(&events), ["thread_broadcast"]);
    assert_eq!(events[0]["root"]["reply_users"], json!([rig.slack.bot_user()]));
    let outsider = rig.slack.add_person(NewPerson {
        handle: "mo".into(),
        ..NewPerson::default()
    });
    let psst = |user: &UserId| json!({ "channel": rig.kudos, "user": user, "text": "psst", "thread_ts": post.ts });
    assert_eq!(
        rig.json("chat.postEphemeral", psst(&outsider)).await["error"],
        "user_not_in_channel"
    );
    assert_eq!(rig.json("chat.postEphemeral", psst(&rig.lee)).await["ok"], true);
    assert_eq!(rig.slack.ephemeral(&rig.lee)[0].thread_ts, Some(post.ts.clone()));
    let update = |ts: Value, text: &str| json!({ "channel": rig.kudos, "ts": ts, "text": text });
    let error = async |args: Value| rig.json("chat.update", args).await["error"].clone();
    assert_eq!(error(update(json!(post.ts), "x")).await, "cant_update_message");
    assert_eq!(error(update(json!("1.000001"), "x")).await, "message_not_found");
    let own = json!(rig.shown()[1].ts);
    assert_eq!(error(update(own, &"x".repeat(4001))).await, "msg_too_long");
}
