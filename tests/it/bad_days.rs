//! Days on which Slack or the database is not well: nothing is lost, nobody is left in doubt, nothing is restarted.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::app::Deadlines;
use plaudit::base::clock::Clock as _;
use plaudit::sandbox::Fault;
use plaudit::store::{Connection, StoreError, Tx};
use serde_json::json;

use crate::harness::{Setup, SmallDisk, Story, story_needing, story_with};

/// Kudos are announced where they are given.
fn without_recognition() -> Setup {
    Setup {
        recognition: false,
        ..Setup::default()
    }
}

/// What a channel shows of `words`, each time once and in the order in which it is first there.
fn order(shown: &str, words: &[&str]) -> Vec<String> {
    let mut places: Vec<(usize, String)> = words
        .iter()
        .filter_map(|word| Some((shown.find(word)?, (*word).to_owned())))
        .collect();
    places.sort();
    places.into_iter().map(|(_, word)| word).collect()
}

/// Three kudos, one after the other, while every call of `method` fails `times` times.
async fn three_kudos_despite(t: &mut Story, method: &str, fault: Fault, times: u32) {
    let words = ["the first call", "the second call", "the third call"];
    t.fails(method, fault.clone(), times);
    for word in words {
        let seen = t.person("lee").runs(&format!("/kudos @dana for {word}")).await;
        assert!(seen.contains("[Undo]"), "{fault:?}: {seen}");
    }
    t.run_jobs().await;
    assert_eq!(order(&t.channel("kudos").shows(), &words), words, "{fault:?}");
    assert_eq!(order(&t.dm("dana"), &words), words, "{fault:?}");
    assert_eq!(t.counts().await.failed, 0, "{fault:?}");
}

#[test]
fn whatever_slack_answers_nothing_is_lost_and_channels_keep_their_order() {
    for fault in [
        Fault::RateLimited { retry_after_secs: 7 },
        Fault::Status(500),
        Fault::Status(503),
        Fault::Html,
        Fault::Drop,
        Fault::Error("internal_error".to_owned()),
        Fault::Error("service_unavailable".to_owned()),
        Fault::Error("ratelimited".to_owned()),
        Fault::Error("token_revoked".to_owned()),
        Fault::TruncatedJson,
        Fault::DoneThenDrop,
    ] {
        let once = !matches!(fault, Fault::TruncatedJson | Fault::DoneThenDrop);
        // A token that is dead is tried again every five minutes only.
        let times = if fault == Fault::Error("token_revoked".to_owned()) {
            1
        } else {
            4
        };
        story_needing(&["channels:read"], async |t| {
            three_kudos_despite(t, "chat.postMessage", fault, times).await;
            if once {
                assert_eq!(t.channel("kudos").messages().len(), 3);
            }
        });
    }
}

#[test]
fn whatever_else_slack_refuses_the_messages_arrive() {
    for method in ["conversations.info", "conversations.open", "chat.getPermalink"] {
        for fault in [
            Fault::RateLimited { retry_after_secs: 7 },
            Fault::Status(502),
            Fault::Html,
            Fault::TruncatedJson,
        ] {
            story_needing(&["channels:read"], async |t| {
                three_kudos_despite(t, method, fault, 2).await;
                assert_eq!(t.channel("kudos").messages().len(), 3);
            });
        }
    }
}

#[test]
fn an_hour_without_slack_loses_nothing() {
    let setup = Setup {
        knows_people: false,
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.slack.down(true);
        let dana = t.person("dana").id;
        // Nobody could be looked up; the words are taken all the same.
        let seen = t
            .person("lee")
            .runs_raw(&format!("/kudos <@{dana}|dana> for the calm handover"))
            .await;
        assert_snapshot!(seen, @"
        dana will see it; 4 left today.
        [Undo]
        ");
        let later = t.clock.now().plus(Duration::from_secs(3_600));
        t.run_jobs_until(later).await;
        assert_eq!(t.channel("kudos").messages().len(), 0);
        t.slack.down(false);
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the calm handover
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        // With or without the card's link: the DM stopped waiting for the card after a minute.
        assert_eq!(t.dm("dana").matches("> the calm handover").count(), 1);
    });
}

#[test]
fn a_429_rests_the_whole_method_and_is_honoured() {
    story_with(without_recognition(), async |t| {
        t.fails("chat.postMessage", Fault::RateLimited { retry_after_secs: 30 }, 1);
        let start = t.clock.now();
        t.person("lee")
            .runs_in("support", "/kudos @dana for the first call")
            .await;
        t.person("lee")
            .runs_in("support", "/kudos @dana for the second call")
            .await;
        let refused_until = start.plus(Duration::from_secs(30));
        t.run_jobs_until(start.plus(Duration::from_secs(5))).await;
        let posts = |t: &Story| -> Vec<(i64, u16)> {
            let calls = t.slack.calls();
            let posts = calls.iter().filter(|call| call.method == "chat.postMessage");
            posts.map(|call| (call.at.millis(), call.status)).collect()
        };
        assert_eq!(posts(t).iter().filter(|(_, status)| *status == 429).count(), 1);
        // What comes meanwhile waits as well, whatever its channel.
        t.clock.advance_to(start.plus(Duration::from_secs(5)));
        t.person("mo")
            .runs_in("escalations", "/kudos @ana for the third call")
            .await;
        t.run_jobs_until(start.plus(Duration::from_secs(29))).await;
        assert_eq!(posts(t).len(), 1, "{:?}", posts(t));
        t.run_jobs().await;
        let after: Vec<_> = posts(t).into_iter().skip(1).collect();
        assert!(
            after
                .iter()
                .all(|(at, status)| *at >= refused_until.millis() && *status == 200),
            "{after:?}"
        );
        // Three cards and three DMs; the first not much later than asked.
        assert_eq!(after.len(), 6, "{after:?}");
        assert!(
            after[0].0 <= refused_until.plus(Duration::from_secs(1)).millis(),
            "{after:?}"
        );
    });
}

#[test]
fn a_recognition_channel_that_went_away_does_not_take_the_words_with_it() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        let kudos = t.channel("kudos").id;
        t.slack.archive(&kudos).await;
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
        [See it in #support] [Say thanks back] [Notification settings]
        ");
        assert_eq!(t.dm("lee"), "");
        assert_eq!(t.channel("kudos").messages().len(), 0);
    });
}

#[test]
fn a_channel_that_went_away_costs_the_card_and_the_giver_hears_it_once() {
    story_with(without_recognition(), async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        let support = t.channel("support").id;
        t.slack.archive(&support).await;
        // Trouble on the way must not tell it twice.
        t.fails("chat.postMessage", Fault::Status(500), 1);
        t.run_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 0);
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");
        assert_snapshot!(t.dm("lee"), @"Dana has it by DM. #support is archived, so there is no card.");

        t.person("mo")
            .runs_in("escalations", "/kudos @ana for the calm handover")
            .await;
        let escalations = t.channel("escalations").id;
        t.slack.remove_app(&escalations).await;
        t.run_jobs().await;
        assert_eq!(t.channel("escalations").messages().len(), 0);
        assert_snapshot!(t.dm("ana"), @"
        *Mo* thanked you
        > the calm handover
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");
        assert_snapshot!(t.dm("mo"), @"Ana has it by DM. I'm not in #escalations, so there is no card; /invite @Plaudit if you'd like one there.");
    });
}

#[test]
fn while_the_database_is_locked_people_keep_their_words() {
    let setup = Setup {
        deadlines: Deadlines::default(),
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        let lock = t.locks_database().await;
        let seen = t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        assert_snapshot!(seen, @r#"I couldn't save this just now, and it's my side, not yours. Your words: "@dana for calming the refund storm" Send it again in a minute."#);
        let (lee, mo) = (t.person("lee"), t.person("mo"));
        let (first, second) = tokio::join!(
            lee.runs("/kudos @dana for the first call"),
            mo.runs("/kudos @dana for the second call")
        );
        for (seen, words) in [(first, "the first call"), (second, "the second call")] {
            let told = seen.contains("I couldn't save this just now") && seen.contains(words);
            assert!(told || seen.starts_with("Saving."), "{seen}");
        }
        let dana = t.person("dana").id;
        let change = json!({ "id": dana, "name": "dana", "deleted": true, "updated": t.clock.now().seconds() });
        let attempts = t
            .slack
            .delivers_event(json!({ "type": "user_change", "user": change }))
            .await;
        assert!(
            !attempts.is_empty() && attempts.iter().all(|attempt| attempt.status == Some(503)),
            "{attempts:?}"
        );
        t.settles().await;
        lock.release().await;

        assert_eq!(t.export().await.len(), 0);
        let seen = t.person("lee").runs("/kudos @mo for calming the refund storm").await;
        assert!(seen.contains("[Undo]"), "{seen}");
        // Slack brings the event again.
        t.run_jobs().await;
        let line = format!("/kudos <@{dana}|dana> for the calm handover");
        assert!(t.person("lee").runs_raw(&line).await.contains("no longer works"));
        assert_eq!(t.export().await.len(), 1);
        assert_eq!(t.channel("kudos").messages().len(), 1);
    });
}

#[test]
fn a_slow_commit_is_told_and_its_outcome_follows() {
    let mut setup = Setup {
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    setup.deadlines.answer = Duration::from_millis(150);
    setup.deadlines.look_up = Duration::from_millis(100);
    story_with(setup, async |t| {
        let line = "/kudos @dana for calming the refund storm";
        let lock = t.locks_database().await;
        // Typed, and typed again because nothing seems to happen.
        let first = t.person("lee").runs(line).await;
        assert_snapshot!(first, @"Saving. No need to send it again; I'll confirm in a moment.");
        assert_eq!(t.person("lee").runs(line).await, first);
        lock.release().await;
        t.settles().await;
        let private: Vec<String> = t
            .slack
            .ephemeral(&t.person("lee").id)
            .iter()
            .skip(2)
            .map(|shown| t.slack.rendered(shown))
            .collect();
        assert_snapshot!(private.join("\n---\n"), @"
        Dana will see it; 4 left today.
        [Undo]
        ---
        You said this at 14:02, so it counts once. Dana has it.
        ");
        assert_eq!(t.export().await.len(), 1);
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").messages().len(), 1);
    });
}

#[test]
fn when_slack_never_says_who_somebody_is_the_words_arrive_nevertheless() {
    story_with(
        Setup {
            knows_people: false,
            needs: vec!["channels:read"],
            ..Setup::default()
        },
        async |t| {
            t.fails("users.list", Fault::Status(503), None);
            t.fails("users.info", Fault::Error("access_denied".to_owned()), 3);
            t.person("lee").runs("/kudos @dana for calming the refund storm").await;
            t.run_due_jobs().await;
            t.slack.heals("*");
            t.run_jobs().await;
            assert_eq!(t.channel("kudos").messages().len(), 1);
            assert_ne!(t.dm("dana"), "");
        },
    );
}

#[test]
fn a_look_up_that_rests_holds_back_nobody_else() {
    story_with(
        Setup {
            needs: vec!["channels:read", "chat:write.public"],
            ..without_recognition()
        },
        async |t| {
            t.person("lee").runs("/kudos @dana for the first thing").await;
            t.run_jobs().await;
            let random = t.channel("random").id;
            t.fails("conversations.info", Fault::RateLimited { retry_after_secs: 300 }, 1);
            t.person("lee")
                .runs_at(&random, "/kudos @dana for the second thing")
                .await;
            t.run_due_jobs().await;
            t.wait(std::time::Duration::from_secs(2));
            t.person("mo").runs("/kudos @ana for the third thing").await;
            t.run_due_jobs().await;
            assert_ne!(t.dm("ana"), "", "the DM didn't wait");
            t.run_jobs().await;
            assert_eq!(t.channel("random").messages().len(), 1);
            assert_eq!(t.channel("support").messages().len(), 2);
        },
    );
}

/// How often each of the words is shown.
fn times(shown: &str, words: &[&str]) -> Vec<usize> {
    words.iter().map(|word| shown.matches(word).count()).collect()
}

#[test]
fn an_hour_of_anything_posts_each_word_once_and_in_order() {
    let words = ["the first call", "the second call", "the third call"];
    for fault in [
        Fault::RateLimited { retry_after_secs: 30 },
        Fault::RateLimited {
            retry_after_secs: 3_600,
        },
        Fault::Status(503),
        Fault::Html,
        Fault::TruncatedJson,
        Fault::Error("ratelimited".to_owned()),
        Fault::Error("internal_error".to_owned()),
        Fault::Error("token_revoked".to_owned()),
    ] {
        let setup = Setup {
            needs: vec!["channels:history", "im:history"],
            ..without_recognition()
        };
        story_with(setup, async |t| {
            t.person("mo").runs("/kudos @dana for the calm handover").await;
            t.run_jobs().await;
            t.fails("*", fault.clone(), None);
            for word in words {
                let seen = t.person("lee").runs(&format!("/kudos @dana for {word}")).await;
                assert!(seen.contains("[Undo]"), "{fault:?}: {seen}");
            }
            for _ in 0..60 {
                t.run_due_jobs().await;
                t.wait(Duration::from_secs(60));
            }
            t.slack.heals("*");
            t.run_jobs().await;
            for shown in [t.channel("support").shows(), t.dm("dana")] {
                assert_eq!(times(&shown, &words), [1, 1, 1], "{fault:?}");
                assert_eq!(order(&shown, &words), words, "{fault:?}");
            }
            assert_eq!(t.dm("lee"), "", "{fault:?}");
        });
    }
}

#[test]
fn an_hours_rest_is_kept_to_the_second() {
    story_with(without_recognition(), async |t| {
        let asked = t.clock.now();
        t.fails(
            "chat.postMessage",
            Fault::RateLimited {
                retry_after_secs: 3_600,
            },
            1,
        );
        t.person("lee").runs("/kudos @dana for the first call").await;
        t.run_due_jobs().await;
        t.clock.advance_to(asked.plus(Duration::from_secs(3_599)));
        t.person("mo").runs("/kudos @ana for the second call").await;
        t.run_due_jobs().await;
        let posts = |t: &Story| {
            let calls = t.slack.calls();
            calls.iter().filter(|call| call.method == "chat.postMessage").count()
        };
        assert_eq!(posts(t), 1);
        t.run_jobs().await;
        let words = ["the first call", "the second call"];
        assert_eq!(order(&t.channel("support").shows(), &words), words);
        assert_eq!(posts(t), 5);
    });
}

#[test]
fn a_slack_that_takes_ten_seconds_is_asked_again_and_told_nothing_twice() {
    let setup = Setup {
        patience: Duration::from_millis(250),
        needs: vec!["channels:history", "im:history"],
        ..without_recognition()
    };
    story_with(setup, async |t| {
        t.person("mo").runs("/kudos @dana for the calm handover").await;
        t.run_jobs().await;
        let words = ["the first call", "the second call", "the third call"];
        // It does what it is asked, and nobody waits until it says so.
        t.fails("*", Fault::Slow(Duration::from_secs(10)), None);
        for word in words {
            let seen = t.person("lee").runs(&format!("/kudos @dana for {word}")).await;
            assert!(seen.contains("[Undo]"), "{seen}");
        }
        for _ in 0..10 {
            t.run_due_jobs().await;
            t.wait(Duration::from_secs(30));
        }
        assert_eq!(times(&t.channel("support").shows(), &words), [1, 0, 0]);
        t.slack.heals("*");
        t.run_jobs().await;
        for shown in [t.channel("support").shows(), t.dm("dana")] {
            assert_eq!(times(&shown, &words), [1, 1, 1]);
            assert_eq!(order(&shown, &words), words);
        }
        assert_eq!(t.counts().await.failed, 0);
    });
}

#[test]
fn an_error_that_nobody_knows_costs_the_card_and_the_giver_hears_it() {
    story_with(without_recognition(), async |t| {
        t.fails(
            "chat.postMessage",
            Fault::Error("moon_in_the_wrong_phase".to_owned()),
            1,
        );
        t.person("lee").runs("/kudos @dana for the first call").await;
        t.person("lee").runs("/kudos @dana for the second call").await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("support").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the second call
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        let words = ["the first call", "the second call"];
        assert_eq!(order(&t.dm("dana"), &words), words);
        assert_snapshot!(t.dm("lee"), @"Dana has it by DM. I may not post in #support, so there is no card: Slack says moon_in_the_wrong_phase.");
        assert_eq!(t.export().await.len(), 2);
    });
}

#[test]
fn while_the_disk_is_full_nothing_is_promised_that_isnt_stored() {
    let Some(disk) = SmallDisk::mount(2_048) else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let setup = Setup {
        folder: Some(disk.path().to_owned()),
        ..without_recognition()
    };
    story_with(setup, async |t| {
        t.person("lee").runs("/kudos @dana for the first call").await;
        disk.fill();
        let seen = t.person("lee").runs("/kudos @dana for the second call").await;
        assert_snapshot!(seen, @r#"I couldn't save this just now, and it's my side, not yours. Your words: "@dana for the second call" Send it again in a minute."#);
        assert_snapshot!(t.person("lee").runs("/kudos undo").await, @r#"I couldn't save this just now, and it's my side, not yours. Your words: "undo" Send it again in a minute."#);
        let jon = t.person("jon").id;
        let change = json!({ "id": jon, "name": "jon", "deleted": true, "updated": t.clock.now().seconds() });
        let attempts = t
            .slack
            .delivers_event(json!({ "type": "user_change", "user": change }))
            .await;
        assert!(
            !attempts.is_empty() && attempts.iter().all(|attempt| attempt.status == Some(503)),
            "{attempts:?}"
        );
        // Who sends a row can't be noted down, so it isn't sent.
        t.run_due_jobs_in_vain().await;
        assert_eq!(t.channel("support").shows(), "");
        assert_eq!(t.export().await.len(), 1);

        disk.empty();
        let seen = t.person("lee").runs("/kudos @dana for the third call").await;
        assert!(seen.contains("3 left today") && seen.contains("[Undo]"), "{seen}");
        t.run_jobs().await;
        let words = ["the first call", "the second call", "the third call"];
        for shown in [t.channel("support").shows(), t.dm("dana")] {
            assert_eq!(times(&shown, &words), [1, 0, 1]);
        }
        assert_eq!(t.export().await.len(), 2);
        let line = format!("/kudos <@{}|jon> for the night shift", t.person("jon").id);
        assert!(t.person("lee").runs_raw(&line).await.contains("no longer works"));
    });
}

#[test]
fn a_disk_that_fills_while_a_card_is_on_its_way_posts_it_once() {
    let Some(disk) = SmallDisk::mount(2_048) else {
        eprintln!("skipped: no file system can be mounted here");
        return;
    };
    let setup = Setup {
        folder: Some(disk.path().to_owned()),
        needs: vec!["channels:history"],
        ..without_recognition()
    };
    story_with(setup, async |t| {
        t.fails("chat.postMessage", Fault::Slow(Duration::from_millis(500)), 1);
        t.person("lee").runs("/kudos @dana for the first call").await;
        let slack = t.slack.clone();
        let mut seen = slack.watch();
        let fills = async {
            // It stands there, and its answer isn't here yet.
            let _ = seen.recv().await;
            disk.fill();
        };
        tokio::join!(t.run_due_jobs_in_vain(), fills);
        assert_eq!(t.channel("support").messages().len(), 1);
        assert_eq!(t.dm("dana"), "");
        disk.empty();
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 1);
        assert_eq!(t.dm("dana").matches("> the first call").count(), 1);
        assert!(t.person("lee").runs("/kudos undo").await.starts_with("Taken back."));
        t.run_jobs().await;
        assert_eq!(t.channel("support").shows(), "");
    });
}

#[test]
fn a_connection_that_may_only_read_is_replaced_and_people_keep_their_words() {
    story_with(without_recognition(), async |t| {
        if !t.db.is_sqlite() {
            return;
        }
        t.person("lee").runs("/kudos @dana for the first call").await;
        let read_only: Result<(), StoreError> =
            t.db.write(async |tx: &mut Tx| {
                if let Connection::Sqlite(connection) = tx.connection() {
                    sqlx::query("PRAGMA query_only = ON").execute(connection).await?;
                }
                Ok(())
            })
            .await;
        read_only.expect("the switch");
        let seen = t.person("lee").runs("/kudos @dana for the second call").await;
        assert_snapshot!(seen, @r#"I couldn't save this just now, and it's my side, not yours. Your words: "@dana for the second call" Send it again in a minute."#);
        let seen = t.person("lee").runs("/kudos @dana for the third call").await;
        assert!(seen.contains("3 left today") && seen.contains("[Undo]"), "{seen}");
        t.run_jobs().await;
        let words = ["the first call", "the second call", "the third call"];
        for shown in [t.channel("support").shows(), t.dm("dana")] {
            assert_eq!(times(&shown, &words), [1, 0, 1]);
        }
    });
}
