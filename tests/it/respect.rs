//! What people choose for themselves holds on every surface; guests, other companies and people who left are met kindly.

use insta::assert_snapshot;
use plaudit::base::ids::ChannelId;
use plaudit::sandbox::{Guest, NewPerson};
use plaudit::workspace::Settings;

use crate::harness::{Setup, Story, story_needing, story_with};

/// Somebody turns a switch of their own.
async fn turns(t: &Story, handle: &str, label: &str) -> String {
    t.person(handle).runs("/kudos privacy").await;
    t.person(handle).clicks(label).await
}

#[test]
fn who_keeps_thanks_private_is_on_no_card_and_gets_the_words_by_dm() {
    story_needing(&["channels:read"], async |t| {
        let seen = turns(t, "dana", "Keep my thanks private").await;
        assert!(seen.contains("thanks come to you alone, on no card"), "{seen}");
        assert!(seen.contains("[Announce my thanks]"), "{seen}");

        assert_snapshot!(t.person("lee").runs("/kudos @dana for calming the refund storm").await, @"
        Dana has it by DM. Dana keeps thanks private, so there is no card. 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");

        assert_snapshot!(t.person("mo").runs("/kudos @dana @ana for the calm handover").await, @"
        Dana and Ana will see it; 3 left today. Dana keeps thanks private and won't be on the card.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Mo* thanked *Ana*
        > the calm handover
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert!(t.dm("dana").contains("the calm handover"));

        let both = turns(t, "ana", "Keep my thanks private").await;
        assert!(both.contains("on no card"));
        assert_snapshot!(t.person("jon").runs("/kudos @dana @ana for the third one").await, @"
        Dana and Ana have it by DM. Dana and Ana keep thanks private, so there is no card. 3 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").messages().len(), 0, "the other card named Ana alone");
        assert_snapshot!(t.person("jon").clicks("Undo").await, @"Taken back. It's gone from the DMs of Dana and Ana, and you have 5 left today.");
    });
}

#[test]
fn a_card_of_today_is_edited_when_the_switch_is_turned_and_an_older_one_stays() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for the old one").await;
        t.run_jobs().await;
        t.wait(std::time::Duration::from_secs(86_400));
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.person("mo").runs("/kudos @dana @ana for the calm handover").await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").messages().len(), 3);
        turns(t, "dana", "Keep my thanks private").await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the old one
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Mo* thanked *Ana*
        > the calm handover
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        // Nothing links to what is gone.
        assert_eq!(
            t.dm("dana").matches("[See it in #kudos]").count(),
            2,
            "{}",
            t.dm("dana")
        );
        turns(t, "dana", "Announce my thanks").await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > the old one
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Mo* thanked *Dana* and *Ana*
        > the calm handover
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
    });
}

#[test]
fn a_card_that_may_not_be_deleted_says_nothing_any_more() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.fails(
            "chat.delete",
            plaudit::sandbox::Fault::Error("compliance_exports_prevent_deletion".to_owned()),
            None,
        );
        turns(t, "dana", "Keep my thanks private").await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"These thanks are shown here no longer. They still count.");
        assert_eq!(t.dm("lee"), "", "nothing was taken back");
        assert_eq!(
            t.export().await.iter().filter(|row| row.reversed_at.is_none()).count(),
            1
        );
    });
}

#[test]
fn a_card_in_the_queue_knows_what_was_chosen_meanwhile() {
    story_needing(&["channels:read"], async |t| {
        t.slack.down(true);
        t.person("lee")
            .runs("/kudos @dana @mo for calming the refund storm")
            .await;
        t.run_due_jobs().await;
        t.slack.down(false);
        turns(t, "dana", "Keep my thanks private").await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Mo*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
    });
}

#[test]
fn who_wants_no_dms_gets_none_and_the_giver_isnt_told_otherwise() {
    let setup = Setup {
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        turns(t, "dana", "No DMs about thanks").await;
        assert_snapshot!(t.person("lee").runs("/kudos @dana for calming the refund storm").await, @"
        Dana will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_eq!(t.dm("dana"), "");
        assert_eq!(t.dm("lee"), "", "nothing went wrong");
        assert_eq!(t.export().await.len(), 1);

        // Neither a card nor a DM: it counts.
        turns(t, "dana", "Keep my thanks private").await;
        assert_snapshot!(t.person("mo").runs("/kudos @dana for the calm handover").await, @"
        It counts for Dana, who gets no DMs from me. Dana keeps thanks private, so there is no card. 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_eq!(t.dm("dana"), "");
        assert_eq!(t.export().await.len(), 2);
        let seen = turns(t, "dana", "Tell me by DM").await;
        assert!(seen.contains("DMs about thanks"), "{seen}");
        t.person("ana").runs("/kudos @dana for the second look").await;
        t.run_jobs().await;
        assert!(t.dm("dana").contains("the second look"));
    });
}

#[test]
fn who_left_after_the_kudos_stays_thanked_and_gets_no_dm() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        let dana = t.person("dana").id;
        t.slack.deactivate(&dana).await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.dm("dana"), "");
        assert_eq!(t.dm("lee"), "");
        assert_eq!(
            t.export().await.iter().filter(|row| row.reversed_at.is_none()).count(),
            1
        );
    });
}

/// A channel that is shared with another company, somebody of which is in it.
fn shared() -> (Setup, ChannelId) {
    // The channels of a story are made in one order.
    let support = ChannelId::from("C00000010");
    let settings = Settings {
        shared_channels: [support.clone()].into(),
        ..Settings::default()
    };
    let setup = Setup {
        needs: vec!["channels:read"],
        settings,
        ..Setup::default()
    };
    (setup, support)
}

#[test]
fn in_a_shared_channel_that_a_steward_allowed_strangers_are_thanked_there_and_only_there() {
    let (setup, support) = shared();
    story_with(setup, async |t| {
        assert_eq!(t.channel("support").id, support);
        t.slack.add_person(NewPerson {
            handle: "priyanka".to_owned(),
            display_name: "Noor".to_owned(),
            real_name: "Noor of Kettle Parts".to_owned(),
            other_team: Some("TOTHER".to_owned()),
            ..NewPerson::default()
        });
        t.slack.share(&support, "TOTHER").await;
        let noor = t.person("priyanka").id;
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <@{noor}> for the parts that came overnight")).await, @"
        Noor will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("support").shows(), @"
        :clap: *Lee* thanked *Noor*
        > the parts that came overnight
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(
            t.channel("kudos").shows(),
            "",
            "what is said with another company stays with it"
        );
        assert_eq!(t.dm("priyanka"), "");
        assert_eq!(t.dm("lee"), "");
        // Anywhere else they can't be.
        assert_snapshot!(t.person("lee").runs_raw_at(&t.channel("random").id, &format!("/kudos <@{noor}> for the parts that came overnight")).await, @r#"Noor works for another company, and kudos stay in this one. Nothing was spent. Your words: "@Noor for the parts that came overnight""#);
    });
}

#[test]
fn a_stranger_whom_nobody_could_look_up_in_time_is_thanked_where_it_is_allowed() {
    let (setup, support) = shared();
    let setup = Setup {
        knows_people: false,
        ..setup
    };
    story_with(setup, async |t| {
        t.slack.add_person(NewPerson {
            handle: "noor".to_owned(),
            display_name: "Noor".to_owned(),
            other_team: Some("TOTHER".to_owned()),
            ..NewPerson::default()
        });
        t.slack.share(&support, "TOTHER").await;
        let noor = t.person("noor").id;
        t.fails("users.info", plaudit::sandbox::Fault::Status(503), 2);
        t.person("lee")
            .runs_raw(&format!("/kudos <@{noor}> for the parts that came overnight"))
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("support").shows(), @"
        :clap: *Lee* thanked *Noor*
        > the parts that came overnight
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.dm("lee"), "");
    });
}

#[test]
fn a_guest_gets_the_words_without_a_button_that_opens_nothing() {
    story_needing(&["channels:read"], async |t| {
        let mo = t.person("mo").id;
        t.slack
            .change_person(&mo, |person| person.guest = Guest::SingleChannel)
            .await;
        t.person("lee").runs("/kudos @mo for calming the refund storm").await;
        t.run_jobs().await;
        assert_snapshot!(t.dm("mo"), @"
        *Lee* thanked you
        > calming the refund storm
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");
    });
}
