//! A kudos that the allowance refused is sent the next morning, if its giver says so.

use insta::assert_snapshot;
use plaudit::base::clock::{Clock as _, Instant};
use std::time::Duration;

use crate::harness::{Setup, Story, story, story_needing, story_with};

/// Wednesday, 3 June 2026, 9:00 in Berlin.
const NINE: Instant = Instant::from_millis(1_780_470_000_000);

async fn spends_all(t: &Story) {
    let lee = t.person("lee");
    for n in 1..=5 {
        lee.runs(&format!("/kudos @mo for answering question number {n}")).await;
    }
}

#[test]
fn tomorrow_at_nine_it_is_given_and_announced() {
    story_needing(&["channels:read"], async |t| {
        spends_all(t).await;
        let lee = t.person("lee");
        assert_snapshot!(lee.runs("/kudos @dana for calming the refund storm #calm").await, @r#"
        This needs 1 and you have 0 left today. Five new ones at midnight, Europe/Berlin. Your words: "@Dana for calming the refund storm #calm"
        [Send it tomorrow at 9:00]
        "#);
        assert_snapshot!(lee.clicks("Send it tomorrow at 9:00").await, @"
        It goes out tomorrow at 9:00, Europe/Berlin.
        [Cancel]
        ");
        t.run_jobs_until(NINE.plus_millis(-1_000)).await;
        assert_eq!(t.export().await.len(), 5);
        t.run_jobs_until(NINE.plus_millis(60_000)).await;
        assert_snapshot!(t.dm("lee"), @"
        You asked me to send this today:
        > calming the refund storm
        Dana will see it. It's in #kudos; 4 left today.
        [Undo]
        ");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm
        #calm
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
        let rows = t.export().await;
        assert_eq!(rows.len(), 6);
        assert!(rows[5].given_at >= NINE);
        assert_eq!(t.number("SELECT used FROM allowance WHERE day = '2026-06-03'").await, 1);
        assert_eq!(t.number("SELECT COUNT(*) FROM draft").await, 0);
        // What was sent can be undone like any other.
        let lee = t.person("lee").id;
        let sent = t
            .slack
            .messages(&t.slack.dm(&lee).expect("a DM"))
            .pop()
            .expect("a message");
        t.slack.clicks(&lee, &sent, "Undo").await;
        t.settles().await;
        t.run_jobs().await;
        assert_eq!(t.number("SELECT used FROM allowance WHERE day = '2026-06-03'").await, 0);
    });
}

#[test]
fn twice_clicked_is_once_also_across_a_restart() {
    story(async |t| {
        spends_all(t).await;
        let lee = t.person("lee").id;
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        let offer = t.person("lee").private();
        for _ in 0..2 {
            t.slack.clicks(&lee, &offer, "Send it tomorrow at 9:00").await;
            t.settles().await;
        }
        t.restart().await;
        t.slack.clicks(&lee, &offer, "Send it tomorrow at 9:00").await;
        t.settles().await;
        t.run_jobs_until(NINE.plus_millis(120_000)).await;
        assert_eq!(t.export().await.len(), 6);
    });
}

#[test]
fn it_can_be_called_off_until_then() {
    story(async |t| {
        spends_all(t).await;
        let lee = t.person("lee");
        lee.runs("/kudos @dana for calming the refund storm").await;
        lee.clicks("Send it tomorrow at 9:00").await;
        assert_snapshot!(lee.clicks("Cancel").await, @r#"Nothing will be sent. Your words: "Dana: calming the refund storm""#);
        t.run_jobs_until(NINE.plus_millis(60_000)).await;
        assert_eq!(t.export().await.len(), 5);
        assert_eq!(t.dm("lee"), "");
    });
}

#[test]
fn what_tomorrow_does_not_cover_either_is_told_with_the_words_kept() {
    story(async |t| {
        spends_all(t).await;
        let lee = t.person("lee").id;
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.person("lee").clicks("Send it tomorrow at 9:00").await;
        t.run_jobs().await;
        t.clock.advance_to(NINE.plus_millis(-60_000));
        spends_all(t).await;
        t.run_jobs_until(NINE.plus_millis(60_000)).await;
        assert_snapshot!(t.dm("lee"), @r#"
        You asked me to send this today:
        > calming the refund storm
        This needs 1 and you have 0 left today. Five new ones at midnight, Europe/Berlin. Your words: "Dana: calming the refund storm"
        [Send it tomorrow at 9:00]
        "#);
        let told = t
            .slack
            .messages(&t.slack.dm(&lee).expect("a DM"))
            .pop()
            .expect("a message");
        t.slack.clicks(&lee, &told, "Send it tomorrow at 9:00").await;
        t.settles().await;
        t.run_jobs_until(NINE.plus(Duration::from_secs(86_400 + 60))).await;
        let rows = t.export().await;
        assert_eq!(rows.len(), 11);
        assert_eq!(rows[10].receiver, t.person("dana").id.as_str());
    });
}

#[test]
fn more_than_a_days_allowance_is_not_offered_for_tomorrow() {
    let mut setup = Setup::default();
    setup.settings.allowance = Some(1);
    story_with(setup, async |t| {
        let lee = t.person("lee");
        assert_snapshot!(lee.runs("/kudos @dana @mo for covering the night shift").await, @r#"This needs 2 and you have 1 left today. One new one at midnight, Europe/Berlin. Your words: "@Dana @Mo for covering the night shift""#);
    });
}

#[test]
fn who_left_until_tomorrow_is_not_thanked_and_the_giver_hears_of_it() {
    story(async |t| {
        spends_all(t).await;
        t.person("lee").runs("/kudos @wei for calming the refund storm").await;
        t.person("lee").clicks("Send it tomorrow at 9:00").await;
        t.tampers("UPDATE member SET is_deleted = TRUE WHERE handle = 'wei'")
            .await;
        t.run_jobs_until(NINE.plus_millis(60_000)).await;
        assert_eq!(t.export().await.len(), 5);
        assert_snapshot!(t.dm("lee"), @r#"
        You asked me to send this today:
        > calming the refund storm
        Wei no longer works in this Slack. Nothing was spent. Your words: "calming the refund storm"
        "#);
        assert!(t.clock.now() >= NINE);
    });
}
