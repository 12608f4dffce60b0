//! Two people of one name: a question with a button for each.

use insta::assert_snapshot;
use plaudit::sandbox::NewPerson;
use std::time::Duration;

use crate::harness::{Story, story, story_needing};

async fn second_dana(t: &Story) {
    t.slack
        .join(NewPerson {
            handle: "dana.ruiz".to_owned(),
            display_name: "Dana".to_owned(),
            real_name: "Dana Ruiz".to_owned(),
            ..NewPerson::default()
        })
        .await;
}

#[test]
fn which_dana_is_asked_and_a_click_gives_it() {
    story_needing(&["channels:read"], async |t| {
        second_dana(t).await;
        t.run_jobs().await;
        let lee = t.person("lee");
        assert_snapshot!(lee.runs_raw("/kudos @dana for calming the storm #calm").await, @"
        Which dana?
        [Dana Kim (@dana)] [Dana Ruiz (@dana.ruiz)]
        ");
        assert_eq!(t.export().await.len(), 0);
        assert_snapshot!(lee.clicks("Dana Ruiz (@dana.ruiz)").await, @"
        Dana will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the storm
        #calm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        let rows = t.export().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].receiver, t.person("dana.ruiz").id.as_str());
        assert_eq!(rows[0].source, "command");
    });
}

#[test]
fn a_choice_clicked_twice_gives_once() {
    story(async |t| {
        second_dana(t).await;
        t.run_jobs().await;
        let lee = t.person("lee");
        lee.runs_raw("/kudos @dana for calming the storm").await;
        let question = lee.private();
        for _ in 0..2 {
            t.slack.clicks(&lee.id, &question, "Dana Kim (@dana)").await;
            t.settles().await;
        }
        assert_eq!(t.export().await.len(), 1);
        t.run_jobs().await;
    });
}

#[test]
fn two_unclear_names_are_asked_for_one_after_the_other() {
    story(async |t| {
        second_dana(t).await;
        t.slack
            .join(NewPerson {
                handle: "mo.lind".to_owned(),
                display_name: "Mo".to_owned(),
                real_name: "Mo Lind".to_owned(),
                ..NewPerson::default()
            })
            .await;
        t.run_jobs().await;
        let lee = t.person("lee");
        lee.runs_raw("/kudos @dana and @mo for covering the night shift").await;
        assert_snapshot!(lee.clicks("Dana Kim (@dana)").await, @"
        Which mo?
        [Mo Haddad (@mo)] [Mo Lind (@mo.lind)]
        ");
        assert_eq!(t.export().await.len(), 0);
        assert_snapshot!(lee.clicks("Mo Haddad (@mo)").await, @"
        Dana and Mo will see it; 3 left today.
        [Undo]
        ");
        assert_eq!(t.export().await.len(), 2);
        t.run_jobs().await;
    });
}

#[test]
fn the_words_wait_for_a_day() {
    story(async |t| {
        second_dana(t).await;
        t.run_jobs().await;
        let lee = t.person("lee");
        lee.runs_raw("/kudos @dana for calming the storm, call +49 170 1234567")
            .await;
        assert_eq!(
            t.number("SELECT COUNT(*) FROM draft WHERE body LIKE '%1234567%'").await,
            0
        );
        let question = lee.private();
        t.wait(Duration::from_secs(86_400));
        let answer = t.slack.clicks(&lee.id, &question, "Dana Kim (@dana)").await;
        assert_eq!(answer.status, Some(200));
        t.settles().await;
        assert_eq!(t.export().await.len(), 0);
        t.run_jobs().await;
        assert_eq!(t.number("SELECT COUNT(*) FROM draft").await, 0);
    });
}

#[test]
fn a_locked_database_leaves_the_buttons() {
    story(async |t| {
        second_dana(t).await;
        t.run_jobs().await;
        let lee = t.person("lee");
        lee.runs_raw("/kudos @dana for calming the storm").await;
        let question = lee.private();
        let lock = t.locks_database().await;
        t.slack.clicks(&lee.id, &question, "Dana Kim (@dana)").await;
        t.settles().await;
        assert_snapshot!(t.slack.rendered(&lee.private()), @"I couldn't save this just now, and it's my side, not yours. Send it again in a minute.");
        lock.release().await;
        t.slack.clicks(&lee.id, &question, "Dana Kim (@dana)").await;
        t.settles().await;
        assert_eq!(t.export().await.len(), 1);
        t.run_jobs().await;
    });
}
