//! Posted once, also when nobody knows whether it was.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::sandbox::Fault;

use crate::harness::{Setup, story_needing, story_with};

#[test]
fn an_answer_lost_on_the_way_posts_nothing_twice() {
    for fault in [Fault::DoneThenDrop, Fault::TruncatedJson] {
        story_needing(&["channels:read", "channels:history", "im:history"], async |t| {
            t.fails("chat.postMessage", fault, 2);
            t.person("lee").runs("/kudos @dana for calming the refund storm").await;
            t.run_jobs().await;
            assert_eq!(t.channel("kudos").messages().len(), 1);
            let dm = t.slack.dm(&t.person("dana").id).expect("a DM");
            assert_eq!(t.slack.messages(&dm).len(), 1);
            // What stands there is known, so it can be taken back.
            t.person("lee").clicks("Undo").await;
            t.run_jobs().await;
            assert_eq!(t.channel("kudos").shows(), "");
            assert_eq!(t.dm("dana"), "");
        });
    }
}

#[test]
fn what_a_newer_plaudit_left_waits_for_it_and_holds_up_nobody() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.tampers("UPDATE outbox SET kind = 'boards.hologram' WHERE kind = 'kudos.card'")
            .await;
        t.person("mo").runs("/kudos @dana for explaining the form twice").await;
        t.run_due_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Mo* thanked *Dana*
        > explaining the form twice
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(
            t.number("SELECT attempts FROM outbox WHERE kind = 'boards.hologram'")
                .await,
            0
        );
        // The newer one is back.
        t.tampers("UPDATE outbox SET kind = 'kudos.card' WHERE kind = 'boards.hologram'")
            .await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").messages().len(), 2);
    });
}

#[test]
fn taken_back_while_nobody_knew_whether_it_was_posted() {
    story_needing(&["channels:read", "channels:history"], async |t| {
        t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_due_jobs().await;
        assert_eq!(t.channel("kudos").messages().len(), 1);
        assert_snapshot!(t.person("lee").clicks("Undo").await, @"Taken back. It won't be posted, and you have 5 left today.");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert_eq!(t.dm("dana"), "");
    });
}

#[test]
fn without_the_scope_to_look_it_may_stand_there_twice() {
    let without = vec!["channels:history"];
    story_with(
        Setup {
            without,
            needs: vec!["channels:read"],
            ..Setup::default()
        },
        async |t| {
            t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
            t.person("lee").runs("/kudos @dana for calming the refund storm").await;
            t.run_jobs().await;
            assert_eq!(t.channel("kudos").messages().len(), 2);
        },
    );
}

#[test]
fn taken_back_while_the_card_was_on_its_way_elsewhere() {
    story_needing(&["channels:read", "channels:history"], async |t| {
        // #kudos is archived, and the bot knows: cards queue for it, and go to #support instead.
        t.slack.archive(&t.channel("kudos").id).await;
        t.person("mo").runs("/kudos @ana for the first thing").await;
        t.run_jobs().await;
        t.person("mo").clicks("Undo").await;
        t.run_jobs().await;
        t.wait(Duration::from_secs(2));
        t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_due_jobs().await;
        assert_eq!(
            t.channel("support").messages().len(),
            1,
            "it stands there, and nobody knows"
        );
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert_eq!(t.channel("support").shows(), "");
        assert_eq!(t.dm("dana"), "");
    });
}
