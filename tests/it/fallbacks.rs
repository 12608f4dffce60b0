//! A channel that can't be used any more, and a message that can't be removed: people hear what became of it.

use insta::assert_snapshot;
use plaudit::base::ids::UserId;
use plaudit::sandbox::Fault;
use plaudit::workspace::Settings;

use crate::harness::{Setup, story_needing, story_with};

#[test]
fn a_recognition_channel_that_is_shared_with_another_company_is_left_alone_and_the_stewards_hear_it_once_a_day() {
    let priya = UserId::from("U00000007");
    let settings = Settings {
        stewards: vec![priya.clone()],
        ..Settings::default()
    };
    let setup = Setup {
        needs: vec!["channels:read"],
        settings,
        ..Setup::default()
    };
    story_with(setup, async |t| {
        assert_eq!(t.person("priya").id, priya);
        let kudos = t.channel("kudos").id;
        t.slack.share(&kudos, "TOTHER").await;
        for text in ["calming the refund storm", "the calm handover"] {
            t.person("lee").runs(&format!("/kudos @dana for {text}")).await;
            t.run_jobs().await;
        }
        assert_eq!(t.channel("kudos").messages().len(), 0);
        assert_snapshot!(t.channel("support").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Lee* thanked *Dana*
        > the calm handover
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("priya"), @"I couldn't post in #kudos, the recognition channel: it is shared with another company. Until that changes, cards go where they are given.");
        t.wait(std::time::Duration::from_secs(86_400));
        t.person("lee").runs("/kudos @dana for the third one").await;
        t.run_jobs().await;
        assert_eq!(t.dm("priya").split("\n---\n").count(), 2);
    });
}

#[test]
fn whatever_word_slack_has_for_it_what_may_not_be_deleted_is_edited() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.fails(
            "chat.delete",
            Fault::Error("compliance_exports_prevent_deletion".to_owned()),
            None,
        );
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"This one was taken back.");
        assert_snapshot!(t.dm("dana"), @"This one was taken back.");
        assert_eq!(t.dm("lee"), "");
    });
}
