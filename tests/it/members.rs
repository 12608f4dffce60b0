//! Who people are, and how the bot learns of it.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::sandbox::{Fault, NewPerson};

use crate::harness::{Setup, story, story_needing, story_with};

#[test]
fn the_member_list_is_taken_page_by_page_at_the_start_and_once_a_day() {
    story_with(
        Setup {
            knows_people: false,
            ..Setup::default()
        },
        async |t| {
            t.slack.short_pages(2);
            t.run_jobs().await;
            let pages = |t: &crate::harness::Story| {
                t.slack
                    .calls()
                    .iter()
                    .filter(|call| call.method == "users.list")
                    .count()
            };
            let first = pages(t);
            assert!(first >= 5, "9 people in pages of two, not {first} pages");
            // Those of the first complete list have been here since ever.
            assert_eq!(
                t.number("SELECT COUNT(*) FROM member WHERE first_seen_at = 0").await,
                t.number("SELECT COUNT(*) FROM member").await
            );

            // An event gets lost; the next day's list brings the change.
            let dana = t.person("dana").id;
            t.slack
                .change_person_unheard(&dana, |person| person.display_name = "Dana K".to_owned());
            t.slack.add_person(NewPerson {
                handle: "new".to_owned(),
                real_name: "Nora New".to_owned(),
                ..NewPerson::default()
            });
            t.wait(Duration::from_secs(86_400 - 3_600));
            t.run_jobs().await;
            assert_eq!(pages(t), first);
            t.wait(Duration::from_secs(7_200));
            t.run_jobs().await;
            assert!(pages(t) > first);
            assert_eq!(t.number("SELECT COUNT(*) FROM member WHERE first_seen_at > 0").await, 1);
            assert_snapshot!(t.person("lee").runs("/kudos @dana for the lovely shift plan").await, @"
            Dana K will see it; 4 left today.
            [Undo]
            ");
            t.run_jobs().await;
        },
    );
}

#[test]
fn the_list_survives_a_bad_day_of_slacks() {
    story_with(
        Setup {
            knows_people: false,
            ..Setup::default()
        },
        async |t| {
            t.slack.short_pages(3);
            t.fails("users.list", Fault::RateLimited { retry_after_secs: 30 }, 1);
            t.run_jobs().await;
            t.fails("users.list", Fault::Error("invalid_cursor".to_owned()), 1);
            t.restart().await;
            t.run_jobs().await;
            assert_eq!(
                t.number("SELECT COUNT(*) FROM workspace WHERE members_synced_at IS NOT NULL")
                    .await,
                1
            );
            assert!(t.number("SELECT COUNT(*) FROM member").await >= 9);
        },
    );
}

#[test]
fn who_left_cant_be_thanked_and_who_came_can() {
    story(async |t| {
        t.slack.deactivate(&t.person("mo").id).await;
        assert_snapshot!(t.person("lee").runs("/kudos @mo for the good years").await, @r#"Mo no longer works in this Slack. Nothing was spent. Your words: "@Mo for the good years""#);
        t.slack
            .join(NewPerson {
                handle: "nora".to_owned(),
                display_name: "Nora".to_owned(),
                real_name: "Nora New".to_owned(),
                ..NewPerson::default()
            })
            .await;
        assert_snapshot!(t.person("lee").runs_raw("/kudos @nora for jumping in on day one").await, @"
        Nora will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
    });
}

#[test]
fn what_was_given_to_somebody_who_leaves_before_the_dm_is_no_error() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @mo for the good years").await;
        t.slack.deactivate(&t.person("mo").id).await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Mo*
        > the good years
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.dm("mo"), "");
    });
}
