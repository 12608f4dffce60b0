//! Cards that live: put right, out of sight, reported, removed, announced afterwards.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::base::ids::UserId;
use plaudit::kudos::recount;
use plaudit::store::{StoreError, Tx};
use plaudit::workspace::audit::{self, Entry};

use crate::harness::{Story, story, story_needing};

/// Makes somebody a steward, by the environment's way of saying so.
async fn steward(t: &Story, handle: &str) {
    let who = t.person(handle).id;
    let by = who.clone();
    t.app
        .ctx
        .change_settings(&by, move |settings| settings.stewards.push(who.clone()))
        .await
        .expect("a setting");
}

async fn audited(t: &Story) -> Vec<(UserId, String)> {
    let entries: Result<Vec<Entry>, StoreError> =
        t.db.read(async |tx: &mut Tx| audit::entries(tx, &t.slack.workspace(), 20).await)
            .await;
    let entries = entries.expect("entries").into_iter();
    entries
        .filter(|entry| entry.what.starts_with("kudos."))
        .map(|entry| (entry.who, entry.what))
        .collect()
}

#[test]
fn hidden_at_once_and_shown_again() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee")
            .runs("/kudos @dana @mo for calming the refund storm")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.person("dana").chooses_in("kudos", "Hide").await, @"
        Your name leaves the card, and nothing quotes these words for you. They still count.
        [Show my name again]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Mo*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Show my name again] [Say thanks back] [Notification settings]
        ");
        let counted = t.number("SELECT CAST(SUM(n) AS BIGINT) FROM tally").await;
        assert_eq!(counted, 4, "the counts stay");
        // Nobody is left on it.
        assert_snapshot!(t.person("mo").chooses_in("kudos", "Hide").await, @"
        The card goes, and nothing quotes these words. They still count.
        [Show my name again]
        ");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert!(!t.dm("mo").contains("See it in"), "{}", t.dm("mo"));
        // From the message that said it, or from the DM.
        assert_snapshot!(t.person("mo").clicks("Show my name again").await, @"Your name is back in a moment.");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Mo*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        t.person("dana").clicks_in_dm("Show my name again").await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").messages().len(), 1);
        assert!(t.channel("kudos").shows().contains("*Dana* and *Mo*"));
        assert_eq!(t.dm("dana").matches("refund storm").count(), 1, "{}", t.dm("dana"));
        assert_snapshot!(t.person("ana").chooses_in("kudos", "Hide").await, @"Only somebody who is thanked here can hide their name. If something is wrong with it, choose Report.");
    });
}

#[test]
fn hidden_before_the_card_is_out() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        // Hidden and shown again before either is seen.
        t.person("dana").chooses_in("kudos", "Hide").await;
        t.person("dana").clicks("Show my name again").await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").messages().len(), 1);
        t.person("lee").clicks("Undo").await;
        assert_snapshot!(t.person("dana").chooses_in("kudos", "Hide").await, @"This one was taken back, so there is nothing left to hide.");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn reported_kept_and_removed() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("mo").chooses_in("kudos", "Report").await, @"Nobody looks after Plaudit here yet, so I can't pass it on. A workspace admin can delete the card.");
        steward(t, "priya").await;
        steward(t, "wei").await;
        assert_snapshot!(t.person("mo").chooses_in("kudos", "Report").await, @"Thank you. The people who look after Plaudit here will see it; nobody learns that it was you.");
        t.person("ana").chooses_in("kudos", "Report").await;
        t.run_jobs().await;
        assert_snapshot!(t.dm("priya"), @"
        Somebody reported this kudos in #kudos. Should it stay?
        *Lee* thanked *Dana*
        > calming the refund storm
        [Remove] [Keep]
        ");
        assert_snapshot!(t.person("priya").clicks_in_dm("Keep").await, @"Kept. Nothing has changed, and the other stewards see that it is decided.");
        t.run_jobs().await;
        assert_snapshot!(t.dm("wei"), @"
        Somebody reported this kudos in #kudos; a steward keeps it.
        *Lee* thanked *Dana*
        > calming the refund storm
        [Remove]
        ");
        assert_snapshot!(t.person("wei").clicks_in_dm("Remove").await, @"Removed: the kudos for Dana is gone and no longer counts. The audit log keeps that it was you.");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert_eq!(t.dm("dana"), "");
        assert_snapshot!(t.dm("priya"), @"Somebody reported a kudos. It is gone by now.");
        assert_snapshot!(t.dm("lee"), @"A steward removed your kudos for Dana, and it no longer counts. You have 5 left today. Ask one of them if you'd like to know why.");
        let (nobody, priya, wei) = (UserId::default(), t.person("priya").id, t.person("wei").id);
        let mut log = audited(t).await;
        log.reverse();
        assert_eq!(
            log,
            [
                (nobody, "kudos.reported".to_owned()),
                (priya, "kudos.kept".to_owned()),
                (wei, "kudos.removed".to_owned()),
            ]
        );
        assert_eq!(t.number("SELECT CAST(SUM(n) AS BIGINT) FROM tally").await, 0);
        assert_eq!(t.number("SELECT CAST(SUM(used) AS BIGINT) FROM allowance").await, 0);
        // Nobody learns who reported: neither person's id is anywhere.
        assert_eq!(recount(&t.db).await.expect("a recount").differences, []);
    });
}

#[test]
fn only_a_steward_removes_and_is_asked_first() {
    story_needing(&["channels:read"], async |t| {
        steward(t, "priya").await;
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").chooses_in("kudos", "Remove").await, @"Only a steward can remove a kudos. If something is wrong with it, choose Report; nobody learns that it was you.");
        assert_snapshot!(t.person("priya").chooses_in("kudos", "Remove").await, @"
        Card, DMs, quotes and counts go, and Lee hears that a steward removed it. That can't be undone.
        [Remove]
        ");
        assert_ne!(t.channel("kudos").shows(), "");
        assert_snapshot!(t.person("priya").clicks("Remove").await, @"Removed: the kudos for Dana is gone and no longer counts. The audit log keeps that it was you.");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        // The giver may say it again, in other words.
        assert!(
            t.person("lee")
                .runs("/kudos @dana for the refund storm")
                .await
                .contains("4 left")
        );
        t.run_jobs().await;
    });
}

#[test]
fn a_value_that_was_nearly_written_is_added() {
    story_needing(&["channels:read"], async |t| {
        assert_snapshot!(t.person("lee").runs("/kudos @dana for calming the refund storm #teamwrok").await, @"
        Dana will see it; 4 left today. Did you mean #teamwork?
        [Yes, add it] [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").clicks("Yes, add it").await, @"
        #teamwork is on it now.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm #teamwrok
        #teamwork
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert!(t.dm("dana").contains("#teamwork"), "{}", t.dm("dana"));
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
    });
}

#[test]
fn the_giver_announces_what_was_said_in_private() {
    story_needing(&["groups:read", "channels:read"], async |t| {
        t.person("lee").runs("/kudos @mo for the quiet month").await;
        t.person("lee")
            .runs_in("escalations", "/kudos @dana for taking the angry caller")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs_in("escalations", "/kudos @dana for the second angry caller").await, @"
        Dana has it. It stays in this channel; 2 left today.
        [Announce in #kudos] [Undo]
        ");
        t.run_jobs().await;
        assert!(!t.channel("kudos").shows().contains("angry"));
        assert_snapshot!(t.person("lee").clicks("Announce in #kudos").await, @"
        On its way to #kudos.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Mo*
        > the quiet month
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Lee* thanked *Dana*
        > the second angry caller
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert!(t.channel("escalations").shows().contains("second angry"));
        // Both cards are of one kudos.
        t.person("ana").clicks_in("kudos", "Me too").await;
        t.run_jobs().await;
        assert!(t.channel("kudos").shows().contains("Me too: Ana"));
        assert!(t.channel("escalations").shows().contains("Me too: Ana"));
        t.person("dana").chooses_in("kudos", "Hide").await;
        t.run_jobs().await;
        assert!(!t.channel("kudos").shows().contains("second angry"));
        assert!(!t.channel("escalations").shows().contains("second angry"));
        t.person("dana").clicks("Show my name again").await;
        t.run_jobs().await;
        assert!(t.channel("kudos").shows().contains("second angry"));
        assert!(t.channel("escalations").shows().contains("second angry"));
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert!(!t.channel("kudos").shows().contains("second angry"));
        assert!(!t.channel("escalations").shows().contains("second angry"));
    });
}

#[test]
fn a_private_place_without_the_app_can_be_announced_too() {
    story_needing(&["groups:read", "channels:read"], async |t| {
        t.person("lee")
            .runs_in("leads", "/kudos @dana for the honest retrospective")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs_in("leads", "/kudos @dana for the agenda on one page").await, @"
        Dana has it by DM. I'm not in this channel, so there is no card; /invite @Plaudit if you'd like one here. 3 left today.
        [Announce in #kudos] [Undo]
        ");
        t.run_jobs().await;
        t.person("lee").clicks("Announce in #kudos").await;
        t.wait(Duration::from_secs(1));
        t.run_jobs().await;
        assert!(t.channel("kudos").shows().contains("agenda"));
        assert!(t.dm("dana").contains("See it in #kudos"), "{}", t.dm("dana"));
    });
}

#[test]
fn on_required_scopes_alone_buttons_work_too() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        let place = if t.channel("kudos").shows().is_empty() {
            "support"
        } else {
            "kudos"
        };
        t.person("ana").clicks_in(place, "Me too").await;
        t.run_jobs().await;
        assert!(t.channel(place).shows().contains("Me too: Ana"));
    });
}
