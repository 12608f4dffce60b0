//! Somebody joins in: *Me too*.

use std::time::Duration;

use futures_util::future::join_all;
use insta::assert_snapshot;
use plaudit::kudos::recount;

use crate::harness::{Story, story_needing};

async fn joined(t: &Story) -> i64 {
    t.number("SELECT COUNT(*) FROM boost").await
}

fn updates(t: &Story, of: &str) -> usize {
    let card = t.channel("kudos").id;
    let calls = t.slack.calls();
    calls
        .iter()
        .filter(|call| call.method == "chat.update" && (call.args["channel"] == card.as_str()) == (of == "card"))
        .count()
}

#[test]
fn a_name_joins_card_and_dm_and_leaves_again() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee")
            .runs("/kudos @dana for calming the refund storm #calm")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.person("ana").clicks_in("kudos", "Me too").await, @"You joined in. Your name is there in a moment; a second click takes it away.");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        #calm · Me too: Ana
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.first_in("kudos").text, @"Lee thanked Dana: calming the refund storm (#calm). Me too: Ana");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm
        #calm · Me too: Ana
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
        assert_snapshot!(t.person("ana").clicks_in("kudos", "Me too").await, @"You're out again. Your name is gone in a moment.");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        #calm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(joined(t).await, 0);
    });
}

#[test]
fn three_names_on_the_card_and_all_of_them_in_the_menu() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("wei").chooses_in("kudos", "Who joined in").await, @"Nobody has joined in yet. *Me too* on the card is one click.");
        for who in ["ana", "priya", "mo", "jon", "wei"] {
            t.person(who).clicks_in("kudos", "Me too").await;
            t.wait(Duration::from_secs(1));
        }
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        Me too: Ana, Priya, Mo and 2 more
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.person("lee").chooses_in("kudos", "Who joined in").await, @"Ana, Priya, Mo, Jon Berg and Wei joined in.");
    });
}

#[test]
fn not_for_who_gave_or_is_thanked_or_when_it_is_gone() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").clicks_in("kudos", "Me too").await, @"These are your own words, so your name is on them already.");
        assert_snapshot!(t.person("dana").clicks_in("kudos", "Me too").await, @"These thanks are for you, so joining in is for the others.");
        t.person("lee").runs("/kudos undo").await;
        assert_snapshot!(t.person("ana").clicks_in("kudos", "Me too").await, @"This one was taken back, so there is nothing left to join.");
        t.run_jobs().await;
        assert_eq!(joined(t).await, 0);
    });
}

#[test]
fn several_within_a_minute_are_one_edit() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.person("ana").clicks_in("kudos", "Me too").await;
        t.run_jobs().await;
        assert_eq!(
            (updates(t, "card"), updates(t, "dm")),
            (1, 1),
            "the first is seen at once"
        );
        for who in ["priya", "mo", "jon"] {
            t.wait(Duration::from_secs(5));
            t.person(who).clicks_in("kudos", "Me too").await;
            t.run_due_jobs().await;
        }
        assert_eq!(updates(t, "card"), 1, "a minute isn't over");
        t.run_jobs().await;
        assert_eq!((updates(t, "card"), updates(t, "dm")), (2, 2));
        assert!(t.channel("kudos").shows().contains("Ana, Priya, Mo and 1 more"));
        // What must be seen at once takes along what waits.
        t.wait(Duration::from_secs(5));
        t.person("wei").clicks_in("kudos", "Me too").await;
        t.run_due_jobs().await;
        t.person("dana").chooses_in("kudos", "Hide").await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn ten_at_once_and_each_delivered_twice_are_ten() {
    story_needing(&["channels:read"], async |t| {
        let people: Vec<_> = (0..10)
            .map(|n| {
                t.slack.add_person(plaudit::sandbox::NewPerson {
                    handle: format!("night{n}"),
                    display_name: format!("Night {n}"),
                    ..Default::default()
                })
            })
            .collect();
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        let card = t.first_in("kudos");
        let clicks: Vec<_> = people
            .iter()
            .enumerate()
            .flat_map(|(n, who)| vec![(n, who); 2])
            .map(|(n, who)| {
                let form = t.me_too_form(who, &card, &format!("7.{n}"));
                t.slack.signed_request("/slack/interactivity", &form)
            })
            .collect();
        let answers = clicks
            .iter()
            .map(|(headers, body)| t.slack.raw("/slack/interactivity", headers, body));
        for answer in join_all(answers).await {
            assert_eq!(answer.status, Some(200), "{answer:?}");
        }
        t.settles().await;
        assert_eq!(joined(t).await, 10);
        t.run_jobs().await;
        assert!(
            t.channel("kudos").shows().contains("and 7 more"),
            "{}",
            t.channel("kudos").shows()
        );
        assert_eq!(recount(&t.db).await.expect("a recount").differences, []);
    });
}
