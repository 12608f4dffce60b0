//! App Home: what you have, what was said, and your switches.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::sandbox::Fault;
use plaudit::workspace::Settings;

use crate::harness::{Setup, Story, story, story_needing, story_with};

fn published(t: &Story) -> usize {
    let calls = t.slack.calls();
    calls.iter().filter(|call| call.method == "views.publish").count()
}

#[test]
fn a_home_says_what_was_said_before_it_counts_anything() {
    story_needing(&["channels:read"], async |t| {
        assert_eq!(t.person("dana").opens_home().await, "");
        t.run_jobs().await;
        assert_snapshot!(t.person("dana").home(), @"
        You have 5 left today; five new ones at midnight, Europe/Berlin.
        [Give kudos]
        Said to you
        Nothing yet. What people thank you for will stand here, in their words.
        Said by you
        Nothing yet. A first one takes ten seconds: /kudos @someone for …
        Your choices
        *Announce my thanks:* in the channel. [Only to me]
        *Show me on boards, digest and screens:* yes. [Don't show me]
        *Write to me when somebody thanks me:* yes. [Don't write]
        *Away:* no. [I'm away]
        *Your month by DM:* no. What was said to you, in words, and whom you thanked. [Send me my month]
        ———
        This month
        What people thank you for will stand here, in their words. Who helped you? /kudos @someone for …
        More: /kudos top
        ");
        t.person("lee")
            .runs("/kudos @dana for calming the refund storm with a full queue #calm")
            .await;
        t.person("dana")
            .runs("/kudos @mo @ana for covering the night shift")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.person("dana").home(), @"
        You have 3 left today; five new ones at midnight, Europe/Berlin.
        [Give kudos]
        Said to you
        *Lee* thanked you
        > calming the refund storm with a full queue
        #calm · 2 June · See the card
        Said by you
        You thanked *Mo* and *Ana*
        > covering the night shift
        2 June · See the card
        Change words or take one back: /kudos sent
        Your choices
        *Announce my thanks:* in the channel. [Only to me]
        *Show me on boards, digest and screens:* yes. [Don't show me]
        *Write to me when somebody thanks me:* yes. [Don't write]
        *Away:* no. [I'm away]
        *Your month by DM:* no. What was said to you, in words, and whom you thanked. [Send me my month]
        ———
        This month
        *42 %* of us were thanked in the last 30 days (3 of 7).
        This month 1 person thanked you; the latest: “calming the refund storm with a full queue” (Lee). You thanked 2 different people.
        *Who thanked the most different people in June*
        1. *Dana* · 2 people
        2. *Lee* · 1 person
        More: /kudos top
        ");
        t.person("dana").runs("/kudos undo").await;
        t.run_jobs().await;
        let home = t.person("dana").home();
        assert!(!home.contains("night shift") && home.contains("5 left today"), "{home}");
    });
}

#[test]
fn a_home_is_published_only_to_who_opened_it_and_when_it_changed() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.slack.opens_messages(&t.person("mo").id).await;
        t.run_jobs().await;
        assert_eq!(published(t), 0);
        t.person("dana").opens_home().await;
        t.person("dana").opens_home().await;
        t.run_jobs().await;
        assert_eq!(published(t), 1);
        // Nothing has changed.
        t.person("dana").opens_home().await;
        t.run_jobs().await;
        assert_eq!(published(t), 1);
        t.person("lee")
            .runs("/kudos @dana for staying late with the boiler")
            .await;
        t.run_jobs().await;
        assert!(t.person("dana").home().contains("staying late"));
        assert_eq!(t.person("lee").home(), "");
    });
}

#[test]
fn a_switch_turned_elsewhere_shows_in_home() {
    story(async |t| {
        t.person("dana").opens_home().await;
        t.run_jobs().await;
        t.person("dana").runs("/kudos privacy").await;
        t.person("dana").clicks("Keep my thanks private").await;
        t.run_jobs().await;
        let home = t.person("dana").home();
        assert!(home.contains("only to me. Your words stand on no card"), "{home}");
    });
}

#[test]
fn switches_are_turned_in_home() {
    story(async |t| {
        t.person("dana").opens_home().await;
        t.run_jobs().await;
        t.person("dana").presses("home.private").await;
        t.person("dana").presses("home.no_dms").await;
        t.run_jobs().await;
        let home = t.person("dana").home();
        assert!(home.contains("only to me. Your words stand on no card"), "{home}");
        assert!(home.contains("no. It stands in Home."), "{home}");
        let chosen = t
            .number("SELECT COUNT(*) FROM member WHERE is_private AND wants_no_dms AND NOT is_unlisted")
            .await;
        assert_eq!(chosen, 1);
        t.restart().await;
        t.person("dana").presses("home.private").await;
        t.run_jobs().await;
        assert!(t.person("dana").home().contains("in the channel."));
    });
}

#[test]
fn a_team_that_was_thanked_stands_on_its_members_homes() {
    story_needing(&["usergroups:read", "channels:read"], async |t| {
        let members = [t.person("dana").id, t.person("mo").id];
        t.slack.add_usergroup("billing", "Billing", &members);
        t.person("mo").opens_home().await;
        t.run_jobs().await;
        t.person("lee").runs("/kudos @billing for the quiet launch week").await;
        t.run_jobs().await;
        let home = t.person("mo").home();
        assert!(home.contains("*Lee* thanked *Billing*, and you with it"), "{home}");
    });
}

#[test]
fn a_home_without_a_limit_counts_nothing_and_slack_may_be_down() {
    let setup = Setup {
        settings: Settings {
            allowance: None,
            ..Settings::default()
        },
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.fails("views.publish", Fault::Error("internal_error".to_owned()), 1);
        t.person("jon").opens_home().await;
        t.run_due_jobs().await;
        assert_eq!(t.person("jon").home(), "");
        t.wait(Duration::from_secs(5));
        t.run_jobs().await;
        let home = t.person("jon").home();
        assert!(
            home.contains("Who helped today?") && !home.contains("left today"),
            "{home}"
        );
    });
}
