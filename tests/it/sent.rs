//! `/kudos sent`: what I gave, and what I can still put right.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::base::calendar::parse_zone;
use plaudit::base::clock::Instant;
use plaudit::kudos::rules::{closes_at, is_open, may_undo, post_takes_back};

use crate::harness::{START, story_needing};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn what_i_gave_is_listed_and_taken_back_later() {
    story_needing(&["channels:read"], async |t| {
        assert_snapshot!(t.person("lee").runs("/kudos sent").await, @"You haven't given anything yet. A first one takes ten seconds: /kudos @someone for …");
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.wait(DAY);
        t.person("lee")
            .runs("/kudos @dana @mo for covering the night shift")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs("/kudos sent").await, @"
        Your latest, newest first. Words can be changed and kudos taken back until their month closes.
        3 June, 14:02 · *Dana* and *Mo*
        > covering the night shift
        [Edit words] [Take back]
        2 June, 14:02 · *Dana*
        > calming the refund storm
        [Edit words] [Take back]
        ");
        assert_snapshot!(t.person("lee").clicks("Take back").await, @"Taken back. It's gone from #kudos and the DMs of Dana and Mo, and you have 5 left today.");
        t.run_jobs().await;
        assert!(!t.channel("kudos").shows().contains("night shift"));
        assert!(t.channel("kudos").shows().contains("refund storm"));
        // The command's second word is text.
        assert_snapshot!(t.person("lee").runs("/kudos sent @dana home early").await, @"
        Dana will see it. It's in #kudos; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
    });
}

#[test]
fn when_the_month_is_closed_it_stays() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        // The first of July 2026 is a Wednesday; without stewards the workspace's zone is UTC.
        t.clock
            .advance_to(closes_at(Instant::from_millis(START), None, chrono_tz::UTC).plus_millis(-1));
        t.person("lee").runs("/kudos sent").await;
        t.wait(Duration::from_millis(1));
        assert_snapshot!(t.person("lee").clicks("Take back").await, @"That was on 2 June, and its month is closed, so it stays. A steward can still remove it.");
        assert_snapshot!(t.person("lee").runs("/kudos sent").await, @"
        Your latest, newest first. Words can be changed and kudos taken back until their month closes.
        2 June, 14:02 · *Dana*
        > calming the refund storm
        Its month is closed; a steward can still change it.
        ");
        assert!(t.channel("kudos").shows().contains("refund storm"));
    });
}

#[test]
fn limits_of_time() {
    let at = |text: &str| Instant::from(text.parse::<chrono::DateTime<chrono::Utc>>().expect("an instant"));
    let berlin = parse_zone("Europe/Berlin").expect("a zone");
    for (given, closes) in [
        ("2026-06-02T12:02:00Z", "2026-07-01T07:00:00Z"),
        // The first of August is a Saturday.
        ("2026-07-31T12:00:00Z", "2026-08-03T07:00:00Z"),
        // Already December in Berlin.
        ("2026-11-30T23:30:00Z", "2027-01-01T08:00:00Z"),
    ] {
        assert_eq!(closes_at(at(given), None, berlin), at(closes), "{given}");
        assert!(is_open(at(given), None, berlin, at(closes).plus_millis(-1)));
        assert!(!is_open(at(given), None, berlin, at(closes)));
    }
    let start = Instant::from_millis(START);
    assert!(may_undo(start, start.plus_millis(599_999)) && !may_undo(start, start.plus_millis(600_000)));
    assert!(
        post_takes_back(start, start.plus(DAY * 7).plus_millis(-1)) && !post_takes_back(start, start.plus(DAY * 7))
    );
}

#[test]
fn words_are_edited_by_their_giver_everywhere_they_stand() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("ana").chooses_in("kudos", "Edit words").await, @"Only the person who gave a kudos can change its words. Nothing has changed.");
        t.person("lee").chooses_in("kudos", "Edit words").await;
        assert_snapshot!(t.person("lee").modal(), @"
        == Edit words ==
        What happened?: [calming the refund storm]
          What did they do, for whom, and what came of it?
        [Cancel] [Save]
        ");
        t.person("lee")
            .fills(
                "What happened?",
                "calming the refund storm, and 40 people with it #calm",
            )
            .await;
        assert_eq!(t.person("lee").submits().await, "");
        t.run_jobs().await;
        assert_snapshot!(t.slack.rendered(&t.person("lee").private()), @"Changed, everywhere it stands.");
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm, and 40 people with it #calm
        #calm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert!(t.dm("dana").contains("40 people"), "{}", t.dm("dana"));
        // Retyped, the first words are still the same kudos.
        let again = t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        assert!(again.contains("counts once"), "{again}");
    });
}

#[test]
fn thanks_back_reach_the_giver_once_and_go_with_the_kudos() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.person("dana").clicks_in_dm("Say thanks back").await;
        assert_snapshot!(t.person("dana").modal(), @"
        == Say thanks back ==
        Your words to Lee: []
          Only they read it.
        [Cancel] [Send]
        ");
        t.person("dana")
            .fills("Your words to Lee", "That made my week. Call me: +49 170 1234567")
            .await;
        assert_eq!(t.person("dana").submits().await, "");
        t.run_jobs().await;
        assert_snapshot!(t.dm("lee"), @r#"
        *Dana* thanks you back
        > That made my week. Call me: [phone number]
        For "calming the refund storm"
        "#);
        assert_eq!(t.number("SELECT COUNT(*) FROM draft").await, 0, "no words stay behind");
        assert_snapshot!(t.person("dana").clicks_in_dm("Say thanks back").await, @"Lee has your thanks already; once is enough.");
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert!(!t.dm("lee").contains("made my week"), "{}", t.dm("lee"));
    });
}
