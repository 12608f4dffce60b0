//! Somebody says thanks.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::sandbox::{Fault, NewPerson};
use plaudit::workspace::Settings;

use crate::harness::{Setup, story, story_needing, story_with};

#[test]
fn a_thank_you_becomes_a_card_and_a_dm() {
    story_needing(&["channels:read"], async |t| {
        let seen = t
            .person("lee")
            .runs("/kudos @dana for calming the refund storm with a full queue #calm")
            .await;
        assert_snapshot!(seen, @"
        Dana will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm with a full queue
        #calm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm with a full queue
        #calm
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
        assert_eq!(t.channel("support").shows(), "");

        let rows = t.export().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].reason, "calming the refund storm with a full queue");
        assert_eq!(rows[0].values, ["calm"]);
        assert_eq!(rows[0].giver, t.person("lee").id.0);
        assert_eq!(rows[0].channel.as_deref(), Some(t.channel("support").id.as_str()));

        // The second time the bot knows the place, and Dana knows the bot.
        assert_snapshot!(t.person("lee").runs("/kudos @dana for staying late with the boiler customer").await, @"
        Dana will see it. It's in #kudos; 3 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm with a full queue
        #calm
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ---
        *Lee* thanked you
        > staying late with the boiler customer
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
    });
}

#[test]
fn nobody_is_pinged_twice_and_screen_readers_hear_everything() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee")
            .runs("/kudos @dana @mo for covering the night shift for @ana #teamwork #calm")
            .await;
        t.run_jobs().await;
        let card = t.channel("kudos").messages().remove(0);
        assert!(card.pings.is_empty() && card.broadcasts.is_empty());
        assert_snapshot!(card.text, @"Lee thanked Dana and Mo: covering the night shift for Ana (#teamwork · #calm)");
        assert_snapshot!(t.slack.rendered(&card), @"
        :clap: *Lee* thanked *Dana* and *Mo*
        > covering the night shift for Ana
        #teamwork · #calm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        let row = card.metadata.expect("metadata");
        assert_eq!(row["event_type"], "plaudit_outbox");
        let posts: Vec<_> = t
            .slack
            .calls()
            .into_iter()
            .filter(|call| call.method == "chat.postMessage")
            .collect();
        assert_eq!(posts.len(), 3, "one card and two DMs");
        assert!(posts.iter().all(|post| post.args["unfurl_links"] == false));
    });
}

#[test]
fn what_was_said_in_private_stays_there() {
    story_needing(&["channels:read", "groups:read"], async |t| {
        assert_snapshot!(t.person("lee").runs_in("escalations", "/kudos @dana for taking the angry caller").await, @"
        Dana will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("escalations").shows(), @"
        :clap: *Lee* thanked *Dana*
        > taking the angry caller
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > taking the angry caller
        You can pass it on: type /kudos @someone and say why.
        [See it in #escalations] [Say thanks back] [Notification settings]
        ");
        assert_eq!(t.channel("kudos").shows(), "");
        assert_snapshot!(t.person("lee").runs_in("escalations", "/kudos @mo for the second angry caller").await, @"
        Mo has it. It stays in this channel; 3 left today.
        [Announce in #kudos] [Undo]
        ");
        t.run_jobs().await;
    });
}

#[test]
fn where_the_app_may_not_post_there_is_no_card_and_the_giver_is_told() {
    story_needing(&["channels:read", "groups:read"], async |t| {
        t.person("lee")
            .runs_in("leads", "/kudos @dana for the honest retrospective")
            .await;
        t.run_jobs().await;
        assert_eq!(t.channel("leads").shows(), "");
        assert_eq!(t.channel("kudos").shows(), "");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > the honest retrospective
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");
        assert_snapshot!(t.dm("lee"), @"Dana has it by DM. I'm not in #leads, so there is no card; /invite @Plaudit if you'd like one there.");
        assert_snapshot!(t.person("lee").runs_in("leads", "/kudos @dana for the agenda that fits one page").await, @"
        Dana has it by DM. I'm not in this channel, so there is no card; /invite @Plaudit if you'd like one here. 3 left today.
        [Announce in #kudos] [Undo]
        ");
        // Somebody invites the app: the next one gets its card.
        let leads = t.channel("leads").id;
        t.slack.invite_app(&leads).await;
        t.person("mo")
            .runs_in("leads", "/kudos @dana for keeping us to the hour")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("leads").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the agenda that fits one page
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Mo* thanked *Dana*
        > keeping us to the hour
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        Hello, I'm Plaudit: I pass thanks on. `/kudos @someone for what they did` says it here, and they hear of it. To send me away again: `/remove @Plaudit`.
        ");
    });
}

#[test]
fn in_a_dm_between_two_people_there_is_no_card() {
    story(async |t| {
        let (lee, dana) = (t.person("lee").id, t.person("dana").id);
        let dm = t.slack.add_dm(&[lee, dana]);
        assert_snapshot!(t.person("lee").runs_at(&dm, "/kudos @dana for listening to me today").await, @"
        Dana will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > listening to me today
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");
        assert_snapshot!(t.dm("lee"), @"");
    });
}

#[test]
fn the_apps_own_dm_is_no_place() {
    story(async |t| {
        let dm = t.slack.open_dm(&t.person("lee").id);
        t.person("lee")
            .runs_at(&dm, "/kudos @dana for calming the refund storm")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.person("lee").runs_at(&dm, "/kudos @mo for calming the other storm").await, @"
        Mo will see it. It's in #kudos; 3 left today.
        [Undo]
        ");
        t.run_jobs().await;
    });
    story_with(
        Setup {
            recognition: false,
            ..Setup::default()
        },
        async |t| {
            let dm = t.slack.open_dm(&t.person("lee").id);
            t.person("lee")
                .runs_at(&dm, "/kudos @dana for calming the refund storm")
                .await;
            t.run_jobs().await;
            assert_eq!(t.dm("lee"), "");
            assert_snapshot!(t.person("lee").runs_at(&dm, "/kudos @mo for calming the other storm").await, @"
            Mo has it by DM. 3 left today.
            [Undo]
            ");
            t.run_jobs().await;
            assert_snapshot!(t.dm("mo"), @"
            *Lee* thanked you
            > calming the other storm
            You can pass it on: type /kudos @someone and say why.
            [Say thanks back] [Notification settings]
            ");
        },
    );
}

#[test]
fn without_a_recognition_channel_the_card_stands_where_it_was_given() {
    story_with(
        Setup {
            recognition: false,
            needs: vec!["channels:read", "chat:write.public"],
            ..Setup::default()
        },
        async |t| {
            t.person("lee").runs("/kudos @dana for calming the refund storm").await;
            t.run_jobs().await;
            assert_snapshot!(t.channel("support").shows(), @"
            :clap: *Lee* thanked *Dana*
            > calming the refund storm
            [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
            ");
            assert_snapshot!(t.person("mo").runs("/kudos @dana for explaining the new refund form").await, @"
            Dana will see it. It's in #support; 4 left today.
            [Undo]
            ");
            // chat:write.public: also where the app isn't a member.
            t.person("mo")
                .runs_in("random", "/kudos @dana for the good coffee")
                .await;
            t.run_jobs().await;
            assert_snapshot!(t.channel("random").shows(), @"
            :clap: *Mo* thanked *Dana*
            > the good coffee
            [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
            ");
        },
    );
}

#[test]
fn on_the_required_scopes_alone_the_card_stands_where_it_was_given() {
    let without = vec![
        "channels:read",
        "groups:read",
        "chat:write.public",
        "channels:history",
        "groups:history",
        "im:history",
    ];
    story_with(
        Setup {
            without,
            ..Setup::default()
        },
        async |t| {
            t.person("lee").runs("/kudos @dana for calming the refund storm").await;
            t.run_jobs().await;
            assert_snapshot!(t.channel("support").shows(), @"
            :clap: *Lee* thanked *Dana*
            > calming the refund storm
            [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
            ");
            assert_snapshot!(t.dm("dana"), @"
            *Lee* thanked you
            > calming the refund storm
            You can pass it on: type /kudos @someone and say why.
            [See the card] [Say thanks back] [Notification settings]
            ");
            assert_snapshot!(t.person("lee").runs("/kudos @mo for the second storm").await, @"
            Mo will see it; 3 left today.
            [Announce it in public] [Undo]
            ");
            t.person("lee")
                .runs_in("random", "/kudos @mo for the third storm")
                .await;
            t.run_jobs().await;
            assert_snapshot!(t.dm("lee"), @"Mo has it by DM. I'm not in #random, so there is no card; /invite @Plaudit if you'd like one there.");
        },
    );
}

#[test]
fn names_may_be_typed_as_people_say_them() {
    story(async |t| {
        t.slack
            .join(NewPerson {
                handle: "dana.ruiz".to_owned(),
                display_name: "Dana R".to_owned(),
                real_name: "Dana Ruiz".to_owned(),
                ..NewPerson::default()
            })
            .await;
        let lee = t.person("lee");
        assert_snapshot!(lee.runs_raw("/kudos @Mo Haddad for the patient call").await, @"
        Mo will see it; 4 left today.
        [Undo]
        ");
        assert_snapshot!(lee.runs_raw("/kudos @ＪＯＮ for reading the logs first").await, @"
        Jon Berg will see it; 3 left today.
        [Undo]
        ");
        assert_snapshot!(lee.runs_raw("/kudos @dana ruiz, @wei and @mo for the quiet Monday").await, @"
        Dana R, Wei and Mo will see it; that was your last one today; five new ones at midnight.
        [Undo]
        ");
        assert_snapshot!(lee.runs_raw("/kudos @danna for the quiet Tuesday").await, @r#"I don't know a "danna" here. Type @ and pick from Slack's list. Your words: "@danna for the quiet Tuesday""#);
        t.slack
            .join(NewPerson {
                handle: "mo.2".to_owned(),
                display_name: "Mo".to_owned(),
                real_name: "Mo Lind".to_owned(),
                ..NewPerson::default()
            })
            .await;
        assert_snapshot!(lee.runs_raw("/kudos @mo for the quiet Wednesday").await, @"
        Which mo?
        [Mo Haddad (@mo)] [Mo Lind (@mo.2)]
        ");
    });
}

#[test]
fn what_cant_be_given_says_why_and_gives_the_words_back() {
    story(async |t| {
        let lee = t.person("lee");
        assert_eq!(lee.runs("/kudos").await, "");
        assert_snapshot!(lee.runs("/kudos for calming the storm").await, @r#"Whom would you like to thank? Start with a name: /kudos @someone for … Your words: "for calming the storm""#);
        assert_eq!(lee.runs("/kudos @dana").await, "");
        assert_snapshot!(lee.runs("/kudos @lee for being great").await, @r#"Kudos are for others. Tell me who helped you, and I'll pass it on. Your words: "@Lee for being great""#);
        assert_snapshot!(lee.runs("/kudos @weatherbot for the sun").await, @r#"Weatherbot is an app, so it can't be thanked. Nothing was spent. Your words: "@Weatherbot for the sun""#);
        assert_snapshot!(lee.runs("/kudos @sam for the old days").await, @r#"Sam Ortiz no longer works in this Slack. Nothing was spent. Your words: "@Sam Ortiz for the old days""#);
        assert_snapshot!(lee.runs("/kudos @channel for being there").await, @r#"@channel is everyone, and thanks land better by name. Whom do you mean? Your words: "@channel for being there""#);
        assert_snapshot!(lee.runs_raw("/kudos <@U0NOBODY> for showing up").await, @r#"I don't know a "U0NOBODY" here. Type @ and pick from Slack's list. Your words: "@someone for showing up""#);
        let long = format!("/kudos @dana for {}", "very ".repeat(462));
        let answer = lee.runs(&long).await;
        assert!(answer.starts_with("That's 2,309 characters and a kudos holds 2,000. Your words: \"@Dana for very"));
        assert_eq!(t.export().await.len(), 0);
        assert_eq!(
            t.number("SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM allowance")
                .await,
            0
        );
    });
}

#[test]
fn among_several_those_who_cant_be_thanked_are_left_out_and_named() {
    story(async |t| {
        let seen = t
            .person("lee")
            .runs("/kudos @mo @lee @ana @weatherbot @sam for the quiet Monday")
            .await;
        assert_snapshot!(seen, @"
        Mo and Ana will see it; 3 left today. Your own name I left out. Weatherbot is an app, so I left it out. Sam Ortiz no longer works in this Slack, so I left that name out.
        [Undo]
        ");
        assert_eq!(t.export().await.len(), 2);
    });
}

#[test]
fn few_words_a_near_value_and_private_data() {
    story_needing(&["channels:read"], async |t| {
        let lee = t.person("lee");
        assert_snapshot!(lee.runs("/kudos @dana for patience").await, @"
        Dana will see it; 4 left today. A few more words make it worth keeping: what did Dana do?
        [Add words] [Undo]
        ");
        assert_snapshot!(lee.runs("/kudos @dana for sorting out ticket #48213 with the whole team #teamwrok").await, @"
        Dana will see it; 3 left today. Did you mean #teamwork?
        [Yes, add it] [Undo]
        ");
        let seen = lee
            .runs("/kudos @dana for calling back 0170 1234567 and refunding 4111 1111 1111 1111 to jon@example.com")
            .await;
        assert_snapshot!(seen, @"
        Dana will see it; 2 left today. I left out what looked like a card number, an e-mail address and a phone number.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > patience
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Lee* thanked *Dana*
        > sorting out ticket #48213 with the whole team #teamwrok
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Lee* thanked *Dana*
        > calling back [phone number] and refunding [card number] to [e-mail address]
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
    });
}

#[test]
fn the_same_words_within_ten_minutes_count_once() {
    story(async |t| {
        let lee = t.person("lee");
        lee.runs("/kudos @dana for calming the refund storm").await;
        t.wait(Duration::from_secs(599));
        assert_snapshot!(lee.runs_in("random", "/kudos @dana for Calming the refund storm!").await, @"You said this at 14:02, so it counts once. Dana has it.");
        assert_eq!(t.export().await.len(), 1);
        t.wait(Duration::from_secs(1));
        assert_snapshot!(lee.runs("/kudos @dana for calming the refund storm").await, @"
        Dana will see it; 3 left today.
        [Undo]
        ");
        assert_eq!(t.export().await.len(), 2);
        t.run_jobs().await;
    });
}

#[test]
fn the_allowance_renews_at_the_givers_own_midnight() {
    story(async |t| {
        let lee = t.person("lee");
        lee.runs("/kudos @dana @mo for the first thing").await;
        lee.runs("/kudos @ana @jon for the second thing").await;
        assert_snapshot!(lee.runs("/kudos @wei @priya for the third thing").await, @r#"
        This needs 2 and you have 1 left today. Five new ones at midnight, Europe/Berlin. Your words: "@Wei @Priya for the third thing"
        [Send it tomorrow at 9:00]
        "#);
        assert_snapshot!(lee.runs("/kudos @wei for the fourth thing").await, @"
        Wei will see it; that was your last one today; five new ones at midnight.
        [Undo]
        ");
        assert_snapshot!(lee.runs("/kudos @priya for the fifth thing").await, @r#"
        This needs 1 and you have 0 left today. Five new ones at midnight, Europe/Berlin. Your words: "@Priya for the fifth thing"
        [Send it tomorrow at 9:00]
        "#);
        // 23:59 in Berlin, where Lee lives; in Kolkata it is tomorrow already.
        t.wait(Duration::from_secs(9 * 3600 + 57 * 60));
        assert_snapshot!(lee.runs("/kudos @priya for the fifth thing").await, @r#"
        This needs 1 and you have 0 left today. Five new ones at midnight, Europe/Berlin. Your words: "@Priya for the fifth thing"
        [Send it tomorrow at 9:00]
        "#);
        t.wait(Duration::from_secs(60));
        assert_snapshot!(lee.runs("/kudos @priya for the fifth thing").await, @"
        Priya will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
    });
    let settings = Settings {
        allowance: None,
        ..Settings::default()
    };
    story_with(
        Setup {
            settings,
            ..Setup::default()
        },
        async |t| {
            assert_snapshot!(t.person("lee").runs("/kudos @dana for the first thing").await, @"
            Dana will see it.
            [Undo]
            ");
            t.run_jobs().await;
        },
    );
}

#[test]
fn help_shows_how_with_the_commands_real_name() {
    let settings = Settings {
        command: "/thanks".to_owned(),
        ..Settings::default()
    };
    story_with(
        Setup {
            settings,
            ..Setup::default()
        },
        async |t| {
            assert_snapshot!(t.person("lee").runs("/thanks help").await, @"
            Thank somebody, and say why:
            `/thanks @dana for calming the refund storm with a full queue #calm`
            `/thanks @dana @lee for covering the night shift`
            I post a card in #kudos, and each of them gets your words by DM. You have five a day, one for each person you name.
            Values, anywhere in the text: #calm #clarity #curiosity #kindness #ownership #teamwork
            Said something wrong? `/thanks undo` takes your last one back for ten minutes, `/thanks sent` shows what you gave and puts it right later.
            Your month: `/thanks me`. The boards: `/thanks top`, `/thanks top week received`.
            In a conversation or a thread: `@Plaudit shout-out to @dana for …`
            ");
            // Only as the first word, and alone.
            assert_snapshot!(t.person("lee").runs("/thanks help @dana for nothing at all").await, @"
            Dana will see it; 4 left today.
            [Undo]
            ");
            assert_snapshot!(t.person("lee").runs("/thanks undo").await, @"Taken back. It won't be posted, and you have 5 left today.");
        },
    );
}

#[test]
fn people_we_dont_know_are_looked_up() {
    story_with(
        Setup {
            knows_people: false,
            needs: vec!["channels:read"],
            ..Setup::default()
        },
        async |t| {
            // The member list has not been taken yet.
            let seen = t.person("lee").runs("/kudos @dana for calming the refund storm").await;
            assert_snapshot!(seen, @"
            Dana will see it; 4 left today.
            [Undo]
            ");
            assert_snapshot!(t.person("lee").runs("/kudos @weatherbot for the sun").await, @r#"Weatherbot is an app, so it can't be thanked. Nothing was spent. Your words: "@Weatherbot for the sun""#);
            t.run_jobs().await;
            assert_snapshot!(t.channel("kudos").shows(), @"
            :clap: *Lee* thanked *Dana*
            > calming the refund storm
            [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
            ");
        },
    );
}

#[test]
fn who_became_known_before_the_card_is_checked_like_the_others() {
    let setup = Setup {
        knows_people: false,
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.fails("users.info", Fault::Status(503), None);
        t.fails("users.list", Fault::Status(503), None);
        t.person("lee")
            .runs("/kudos @dana @weatherbot @sam for the sunny day")
            .await;
        t.slack.heals("*");
        for handle in ["weatherbot", "sam"] {
            let id = t.slack.person(handle).expect("somebody");
            t.slack.change_person(&id, |_| {}).await;
        }
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the sunny day
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.number("SELECT used FROM allowance").await, 1);
    });
}

#[test]
fn when_slack_is_silent_the_kudos_is_taken_and_its_receivers_checked_later() {
    story_with(
        Setup {
            knows_people: false,
            needs: vec!["channels:read"],
            ..Setup::default()
        },
        async |t| {
            t.fails("users.info", Fault::Status(503), None);
            t.fails("users.list", Fault::Status(503), None);
            assert_snapshot!(t.person("lee").runs("/kudos @dana @weatherbot @sam for the sunny day").await, @"
            dana, weatherbot and sam will see it; 2 left today.
            [Undo]
            ");
            t.slack.heals("*");
            t.run_jobs().await;
            assert_snapshot!(t.channel("kudos").shows(), @"
            :clap: *Lee* thanked *Dana*
            > the sunny day
            [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
            ");
            assert_snapshot!(t.dm("lee"), @"Weatherbot is an app, so I left it out. Sam Ortiz no longer works in this Slack, so I left that name out. Dana has it. You have 4 left today.");
            let standing = t
                .export()
                .await
                .into_iter()
                .filter(|row| row.reversed_at.is_none())
                .count();
            assert_eq!(standing, 1);
            t.catches_up().await;
            assert_eq!(t.number("SELECT used FROM allowance").await, 1);
            assert_eq!(
                t.number("SELECT CAST(SUM(n) AS BIGINT) FROM pair WHERE period = 'all'")
                    .await,
                1
            );
        },
    );
}

#[test]
fn names_and_words_cant_ping_anybody() {
    story_needing(&["channels:read"], async |t| {
        let mo = t.person("mo").id;
        t.slack
            .change_person(&mo, |person| person.display_name = "<!channel> *Mo* & <@U1>".to_owned())
            .await;
        t.person("lee")
            .runs_raw(&format!(
                "/kudos <@{mo}> for pinging <!here> and @everyone, <#C1|x> &lt;!channel&gt;"
            ))
            .await;
        t.run_jobs().await;
        let card = t.channel("kudos").messages().remove(0);
        assert!(card.pings.is_empty() && card.broadcasts.is_empty(), "{card:?}");
        assert_snapshot!(t.slack.rendered(&card), @"
        :clap: *Lee* thanked *<!channel> Mo & <@U1>*
        > pinging here and everyone, #x <!channel>
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(card.text, @"Lee thanked &lt;!channel&gt; *Mo* &amp; &lt;@U1&gt;: pinging here and everyone, #x &lt;!channel&gt;");
    });
}

#[test]
fn a_long_text_comes_back_whole() {
    story_needing(&["channels:read"], async |t| {
        let words: Vec<String> = (0..700).map(|n| format!("word{n}")).collect();
        let answer = t
            .person("lee")
            .runs(&format!("/kudos @dana for {}", words.join(" ")))
            .await;
        assert!(words.iter().all(|word| answer.contains(word.as_str())), "{answer}");
        // The longest that can be given, in characters that take most room.
        let reason = "&<".repeat(1_000);
        t.person("lee").runs(&format!("/kudos @dana for {reason}")).await;
        t.run_jobs().await;
        assert_eq!(t.export().await[0].reason, reason);
        let card = t.channel("kudos").messages().remove(0);
        assert_eq!(t.slack.rendered(&card).matches('&').count(), 1_000);
    });
}

#[test]
fn a_duplicate_delivery_gets_the_same_answer() {
    story(async |t| {
        let everyone = ["dana", "mo", "ana"]
            .map(|handle| format!("<@{}>", t.person(handle).id))
            .join(" ");
        for (trigger, text) in [
            ("1.given", format!("{everyone} for calming the refund storm")),
            ("2.same", format!("{everyone} for calming the refund storm")),
            ("3.short", format!("{everyone} for something else entirely")),
            ("4.refused", "@nobody for calming the refund storm".to_owned()),
        ] {
            let (headers, body) = t
                .slack
                .signed_request("/slack/commands", &t.person("lee").form(trigger, &text));
            let first = t.slack.raw("/slack/commands", &headers, &body).await;
            assert_eq!(first.status, Some(200));
            t.wait(Duration::from_secs(2));
            let again = t.slack.raw("/slack/commands", &headers, &body).await;
            assert_eq!(first.body, again.body, "{trigger}");
        }
        assert_eq!(t.export().await.len(), 3);
        assert_eq!(t.number("SELECT used FROM allowance").await, 3);
        t.run_jobs().await;
    });
}
