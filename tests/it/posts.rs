//! Somebody says thanks in the middle of a conversation.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::base::ids::UserId;
use plaudit::kudos::grammar::{Directory, Receiver};
use plaudit::kudos::posts::{Asks, Post, canonical, read};
use plaudit::sandbox::Manner;
use plaudit::workspace::Settings;
use proptest::prelude::*;

use crate::harness::{Setup, Story, story_with};

const MESSAGES: [&str; 4] = ["channels:read", "channels:history", "groups:history", "im:history"];
const MINUTE: Duration = Duration::from_secs(60);

/// A steward has chosen `:kudos:`.
pub(crate) fn with_emoji(tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        settings: Settings {
            emoji: vec!["kudos".to_owned()],
            ..Settings::default()
        },
        needs: MESSAGES.to_vec(),
        ..Setup::default()
    };
    story_with(setup, tell);
}

pub(crate) fn private(t: &Story, handle: &str) -> String {
    let all = t.slack.ephemeral(&t.person(handle).id);
    let all: Vec<String> = all.iter().map(|shown| t.slack.rendered(shown)).collect();
    all.join("\n---\n")
}

/// Slack delivers everything again, with the same event id and under others.
pub(crate) async fn delivers_all_again(t: &Story) {
    for attempt in t.slack.attempts() {
        t.slack.deliver_again(&attempt.event_id).await;
        t.slack.deliver_as_new(&attempt.event_id).await;
    }
    t.settles().await;
}

pub(crate) async fn reasons(t: &Story) -> Vec<String> {
    let rows = t.export().await;
    rows.iter()
        .filter(|row| row.reversed_at.is_none())
        .map(|row| format!("{}: {} ({})", row.receiver, row.reason, row.source))
        .collect()
}

#[test]
fn the_app_passes_on_a_shout_out_in_a_channel_and_in_a_thread() {
    story_with(
        Setup {
            needs: vec!["channels:read"],
            ..Setup::default()
        },
        async |t| {
            let post = t
                .person("lee")
                .says_in(
                    "support",
                    "@plaudit shout-out to @dana for calming the refund storm #calm",
                )
                .await;
            t.run_jobs().await;
            assert_snapshot!(private(t, "lee"), @"
            Dana will see it; 4 left today.
            [Undo]
            ");
            assert_snapshot!(t.channel("kudos").shows(), @"
            :clap: *Lee* thanked *Dana*
            > calming the refund storm
            #calm
            [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
            ");
            assert_snapshot!(t.dm("dana"), @"
            *Lee* thanked you
            > calming the refund storm
            #calm
            You can pass it on: type /kudos @someone and say why.
            [See it in #kudos] [Say thanks back] [Notification settings]
            ");
            t.person("mo")
                .replies(&post, "@plaudit @lee @ana for joining in the queue")
                .await;
            t.run_jobs().await;
            assert_snapshot!(private(t, "mo"), @"
            Lee and Ana will see it. It's in #kudos; 3 left today.
            [Undo]
            ");
            assert!(
                t.slack.ephemeral(&t.person("mo").id)[0].thread_ts.is_some(),
                "answered in the thread"
            );
            assert_eq!(reasons(t).await.len(), 3);
        },
    );
}

#[test]
fn the_emoji_beside_a_name_gives_what_each_line_says() {
    with_emoji(async |t| {
        t.person("lee")
            .says_in(
                "support",
                "What a morning.\n:kudos: @dana for calming the refund storm\nthank you @mo for the night shift \
                 :kudos::skin-tone-3:\n> :kudos: @ana for what somebody else said\n`:kudos: @ana for code`",
            )
            .await;
        t.run_jobs().await;
        assert_snapshot!(private(t, "lee"), @"
        Dana will see it; 4 left today.
        [Undo]
        ---
        Mo will see it; 3 left today.
        [Undo]
        ");
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Lee* thanked *Mo*
        > the night shift
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
    });
}

#[test]
fn lines_that_name_the_same_person_are_one_kudos_with_both_words() {
    with_emoji(async |t| {
        t.person("lee")
            .says_in(
                "support",
                ":kudos: @dana for the boiler\n:kudos: @dana for the refund storm",
            )
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the boiler
        > the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.number("SELECT CAST(SUM(used) AS BIGINT) FROM allowance").await, 1);
    });
}

#[test]
fn one_post_is_one_kudos_whatever_slack_delivers() {
    with_emoji(async |t| {
        t.person("lee")
            .says_in("support", "@plaudit :kudos: @dana for the boiler")
            .await;
        let kinds: Vec<String> = t.slack.attempts().into_iter().map(|attempt| attempt.kind).collect();
        assert!(kinds.contains(&"app_mention".to_owned()) && kinds.contains(&"message".to_owned()));
        delivers_all_again(t).await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 1);
        assert_eq!(t.slack.ephemeral(&t.person("lee").id).len(), 1, "told once");
        // Undone and delivered again, it stays undone.
        t.person("lee").clicks("Undo").await;
        delivers_all_again(t).await;
        t.run_jobs().await;
        assert!(reasons(t).await.is_empty());
        assert_eq!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn the_apps_own_dm_gives_and_otherwise_helps_once_a_day() {
    with_emoji(async |t| {
        t.person("lee")
            .writes_to_app("what can you do?")
            .await
            .expect("a message");
        t.person("lee")
            .writes_to_app("anybody there?")
            .await
            .expect("a message");
        t.person("lee")
            .writes_to_app("@dana for the boiler")
            .await
            .expect("a message");
        t.run_jobs().await;
        assert_snapshot!(t.dm("lee"), @"
        what can you do?
        ---
        Thank somebody right here: `@dana for calming the refund storm`. Anywhere else, type /kudos @dana for …; in a thread, `@Plaudit shout-out to @dana for …`.
        ---
        anybody there?
        ---
        @Dana for the boiler
        ---
        Dana will see it. It's in #kudos; 4 left today. A few more words make it worth keeping: what did Dana do?
        [Add words] [Undo]
        ");
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the boiler
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
    });
}

#[test]
fn bots_workflows_and_what_apps_send_for_people_never_give() {
    with_emoji(async |t| {
        let app = t.person("weatherbot").id;
        t.person("lee")
            .posts_in("support", ":kudos: @dana for one", Manner::SentUsing(app))
            .await;
        t.person("weatherbot")
            .posts_in("support", ":kudos: @dana for two", Manner::Webhook)
            .await;
        t.person("weatherbot")
            .posts_in("support", ":kudos: @dana for three", Manner::Plain)
            .await;
        t.run_jobs().await;
        assert!(reasons(t).await.is_empty());
        t.person("lee")
            .posts_in("support", ":kudos: @dana for four words of praise", Manner::Me)
            .await;
        t.person("lee")
            .posts_in(
                "support",
                ":kudos: @dana for five words of real praise",
                Manner::WithFile("boiler.png".to_owned()),
            )
            .await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2);
    });
}

#[test]
fn without_a_chosen_emoji_none_gives() {
    let setup = Setup {
        needs: MESSAGES.to_vec(),
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.person("lee")
            .says_in("support", ":kudos: @dana for the boiler :clap:")
            .await;
        t.run_jobs().await;
        assert!(reasons(t).await.is_empty());
        assert_eq!(private(t, "lee"), "");
    });
}

#[test]
fn what_was_tried_and_did_not_count_is_explained_once() {
    with_emoji(async |t| {
        t.person("lee")
            .says_in("support", "@plaudit can you help @dana with the settings?")
            .await;
        t.person("lee").says_in("support", "@plaudit hello?").await;
        t.person("lee").says_in("support", ":kudos: for the whole team").await;
        t.person("lee")
            .says_in("support", ":kudos: @weatherbot for the sun")
            .await;
        t.person("lee").says_in("support", ":kudos: @lee for being me").await;
        t.person("lee")
            .says_in("support", ":kudos: @lee for being me again")
            .await;
        t.run_jobs().await;
        assert_snapshot!(private(t, "lee"), @r#"
        I can pass on thanks: `@Plaudit shout-out to @dana for calming the refund storm`. Anything else is answered by /kudos help.
        [Don't tell me again]
        ---
        Nobody was thanked: :kudos: gives kudos beside a name. Write `:kudos: @dana for …` and pick the name from Slack's list.
        [Don't tell me again]
        ---
        Weatherbot is an app, so it can't be thanked. Nothing was spent. Your words: "@Weatherbot for the sun"
        [Don't tell me again]
        ---
        Kudos are for others. Tell me who helped you, and I'll pass it on. Your words: "@Lee for being me"
        [Don't tell me again]
        "#);
        assert_snapshot!(t.person("lee").clicks("Don't tell me again").await, @"I won't explain such things to you again. What you give is still confirmed.");
        // Words that would be lost are always given back.
        t.person("lee")
            .says_in("support", ":kudos: @channel for everything")
            .await;
        t.person("lee")
            .says_in("support", ":kudos: @danna for the boiler")
            .await;
        t.person("lee")
            .says_in("support", ":kudos: @danna for the boiler, again")
            .await;
        t.run_jobs().await;
        assert_eq!(t.slack.ephemeral(&t.person("lee").id).len(), 6);
        assert!(reasons(t).await.is_empty());
    });
}

#[test]
fn a_person_added_by_an_edit_is_thanked_and_other_edits_give_nothing() {
    with_emoji(async |t| {
        let post = t.person("lee").says_in("support", ":kudos: @dana for the boiler").await;
        t.run_jobs().await;
        t.slack.unfurls(&post).await;
        let post = t
            .person("lee")
            .edits(&post, ":kudos: @dana for the boiler and the pump")
            .await;
        t.wait(5 * MINUTE);
        let post = t
            .person("lee")
            .edits(&post, ":kudos: @dana @mo for the boiler and the pump")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the boiler
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Lee* thanked *Mo*
        > the boiler and the pump
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        t.wait(10 * MINUTE);
        t.person("lee")
            .edits(&post, ":kudos: @dana @mo @ana for the boiler and the pump")
            .await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2);
        // An emoji that comes later adds nobody.
        let plain = t.person("lee").says_in("support", "@dana for the boiler").await;
        t.person("lee").edits(&plain, ":kudos: @dana for the boiler").await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2);
    });
}

#[test]
fn a_deleted_post_takes_back_what_it_gave_for_seven_days() {
    with_emoji(async |t| {
        let first = t.person("lee").says_in("support", ":kudos: @dana for the boiler").await;
        let second = t.person("lee").says_in("support", ":kudos: @mo for the pump").await;
        let third = t.person("lee").says_in("support", ":kudos: @ana for the valve").await;
        t.run_jobs().await;
        t.person("mo").replies(&third, "indeed").await;
        t.person("lee").deletes(&first).await;
        t.person("lee").deletes(&third).await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Mo*
        > the pump
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.dm("dana"), "");
        assert_eq!(t.number("SELECT CAST(SUM(used) AS BIGINT) FROM allowance").await, 1);
        // The same may be said again; a post that is gone never gives.
        delivers_all_again(t).await;
        t.person("lee").says_in("support", ":kudos: @dana for the boiler").await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2);
        t.wait(7 * 24 * 60 * MINUTE);
        t.person("lee").deletes(&second).await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2, "after a week the thanks stay");
    });
}

/// What a post asks for, as `[receivers] reason`, one line each.
fn asks(text: &str, own_dm: bool) -> String {
    let asks = read(&Post {
        text,
        app: &UserId::from("UAPP"),
        emoji: &["kudos".to_owned(), "thumbsup".to_owned()],
        own_dm,
    });
    let Asks::Give(all) = asks else {
        return format!("{asks:?}");
    };
    let line = |reading: &plaudit::kudos::grammar::Reading, source| {
        let parsed = reading.resolve(&Directory::default(), &[]);
        let ids: Vec<String> = parsed
            .receivers
            .iter()
            .map(|receiver| match receiver {
                Receiver::Member(id) => id.to_string(),
                Receiver::Group { id, .. } => id.to_string(),
            })
            .chain(parsed.unknown)
            .collect();
        format!("{source:?} [{}] {}", ids.join(" "), parsed.reason.replace('\n', " / "))
    };
    let all: Vec<String> = all.iter().map(|it| line(&it.reading, it.source)).collect();
    all.join("\n")
}

#[test]
fn what_speaks_to_the_app_and_what_does_not() {
    let seen: Vec<String> = [
        "<@UAPP> <@U1> for the boiler",
        "<@UAPP> shout-out to <@U1> and <@U2> for the boiler",
        "Hey <@UAPP>, a big shout out to <@U1|dana> for the boiler",
        "<@UAPP> kudos to @danna for the boiler",
        "Shoutout to <@U1> for the boiler <@UAPP>",
        "thanks <@U1> for setting up <@UAPP> here",
        "<@UAPP> can you help <@U1>?",
        "<@U1> do you know <@UAPP>?",
        "I love <@UAPP>",
        "<@UAPP>\n• <@U1> for the boiler\n  and the pump\n• <@U2> for the night",
        "&gt; <@UAPP> <@U1> for the boiler",
        "```\n<@UAPP> <@U1> for the boiler\n```",
        "<@UAPP> <!subteam^S1|@support> for the week",
    ]
    .iter()
    .map(|text| format!("{text:?}\n  {}", asks(text, false).replace('\n', "\n  ")))
    .collect();
    assert_snapshot!(seen.join("\n"), @r#"
    "<@UAPP> <@U1> for the boiler"
      Mention [U1] the boiler
    "<@UAPP> shout-out to <@U1> and <@U2> for the boiler"
      Mention [U1 U2] the boiler
    "Hey <@UAPP>, a big shout out to <@U1|dana> for the boiler"
      Mention [U1] the boiler
    "<@UAPP> kudos to @danna for the boiler"
      Mention [danna] the boiler
    "Shoutout to <@U1> for the boiler <@UAPP>"
      Mention [U1] the boiler
    "thanks <@U1> for setting up <@UAPP> here"
      Mention [U1] setting up someone here
    "<@UAPP> can you help <@U1>?"
      Help
    "<@U1> do you know <@UAPP>?"
      Nothing
    "I love <@UAPP>"
      Nothing
    "<@UAPP>\n• <@U1> for the boiler\n  and the pump\n• <@U2> for the night"
      Mention [U1] the boiler /   and the pump
      Mention [U2] the night
    "&gt; <@UAPP> <@U1> for the boiler"
      Nothing
    "```\n<@UAPP> <@U1> for the boiler\n```"
      Nothing
    "<@UAPP> <!subteam^S1|@support> for the week"
      Mention [S1] the week
    "#);
}

#[test]
fn what_the_emoji_gives() {
    let seen: Vec<String> = [
        ":kudos: <@U1> for the boiler",
        "thank you <@U1> for the boiler :+1::skin-tone-4:",
        ":thumbsup: <@U1>, <@U2> for the boiler\n:kudos: <@U3> for the pump",
        ":kudos: <@U1> for the boiler\n:kudos: <@U1> <@U2> for the pump\nthe rest is talk",
        ":kudos: for everybody",
        "all is well :kudos:",
        ":kudos:",
        "`:kudos:` <@U1> is how it goes",
        "<https://x.example/:kudos:|a link> <@U1>",
        ":clap: <@U1> for the boiler",
        "10:30:kudos: <@U1> for the boiler",
    ]
    .iter()
    .map(|text| format!("{text:?}\n  {}", asks(text, false).replace('\n', "\n  ")))
    .collect();
    assert_snapshot!(seen.join("\n"), @r#"
    ":kudos: <@U1> for the boiler"
      Emoji [U1] the boiler
    "thank you <@U1> for the boiler :+1::skin-tone-4:"
      Emoji [U1] the boiler
    ":thumbsup: <@U1>, <@U2> for the boiler\n:kudos: <@U3> for the pump"
      Emoji [U1 U2] the boiler
      Emoji [U3] the pump
    ":kudos: <@U1> for the boiler\n:kudos: <@U1> <@U2> for the pump\nthe rest is talk"
      Emoji [U1 U2] the boiler / the pump
    ":kudos: for everybody"
      EmojiAlone
    "all is well :kudos:"
      Nothing
    ":kudos:"
      Nothing
    "`:kudos:` <@U1> is how it goes"
      Nothing
    "<https://x.example/:kudos:|a link> <@U1>"
      Nothing
    ":clap: <@U1> for the boiler"
      Nothing
    "10:30:kudos: <@U1> for the boiler"
      Emoji [U1] the boiler
    "#);
}

#[test]
fn aliases_and_skin_tones_are_one_emoji() {
    for name in [
        "+1",
        "thumbsup",
        ":thumbsup:",
        "+1::skin-tone-3",
        ":thumbsup::skin-tone-6:",
    ] {
        assert_eq!(canonical(name), "+1");
    }
}

proptest! {
    #[test]
    fn a_post_without_app_and_emoji_asks_for_nothing(text in r"([a-z ,.!?:`@#\n*-]|<@U[1-3]>|&gt;|<!here>|for ){0,40}") {
        let text = text.replace(":kudos:", "").replace(":+1:", "").replace(":thumbsup:", "");
        prop_assert_eq!(asks(&text, false), "Nothing");
    }

    #[test]
    fn no_text_is_too_strange_and_nobody_is_thanked_twice(
        text in r"([a-z ,.!?:`@#\n*-]|<@U[1-3]>|<@UAPP>|:kudos:|&gt;|<!here>|for |shout-out to |\PC){0,40}",
        own_dm in any::<bool>(),
    ) {
        let asked = read(&Post { text: &text, app: &"UAPP".into(), emoji: &["kudos".to_owned()], own_dm });
        if let Asks::Give(all) = asked {
            let directory = Directory::default();
            let all: Vec<_> = all.iter().flat_map(|it| it.reading.resolve(&directory, &[]).receivers).collect();
            let members: Vec<_> = all.iter().filter(|it| matches!(it, Receiver::Member(_))).collect();
            let once: std::collections::BTreeSet<String> = members.iter().map(|it| format!("{it:?}")).collect();
            prop_assert_eq!(once.len(), members.len());
        }
    }
}
