//! Customer Service Week in a channel: asked about four weeks ahead, five days that build on each other, and what remains.

use insta::assert_snapshot;

use crate::harness::{Story, with_prompts_from};

/// The latest post of #support.
fn latest(t: &Story) -> String {
    let messages = t.channel("support").messages();
    messages
        .iter()
        .rev()
        .find(|shown| shown.thread_ts.is_none())
        .map(|shown| t.slack.rendered(shown))
        .unwrap_or_default()
}

#[test]
fn stewards_are_asked_four_weeks_ahead_and_somebody_opens_the_week() {
    with_prompts_from(Some("2026-09-04 12:00"), &[], async |t| {
        assert_eq!(t.dm("priya"), "");
        t.lives_until("2026-09-07 09:00").await;
        assert_snapshot!(t.dm("priya"), @"");
        t.person("priya").clicks_in_dm("Everything").await;
        assert_snapshot!(t.dm("priya"), @"");
        let dm = t.slack.dm(&t.person("priya").id).expect("a DM");
        let question = t.slack.messages(&dm).pop().expect("a message");
        let asked = t
            .slack
            .fills_in(
                &t.person("priya").id,
                &question,
                "prompts.ask_note.2026-10-05",
                &["lee"],
            )
            .await;
        asked.expect("somebody to be picked");
        t.settles().await;
        t.run_jobs().await;
        assert_snapshot!(t.dm("priya"), @"");
        assert_snapshot!(t.dm("lee"), @"");
        t.person("lee").clicks_in_dm("Write it").await;
        assert_snapshot!(t.person("lee").modal(), @"");
        t.person("lee")
            .fills(
                "What do you want to say?",
                "I answered the phone here once. I know what you do.",
            )
            .await;
        assert_eq!(t.person("lee").submits().await, "");
        t.settles().await;
        assert_snapshot!(t.dm("lee"), @"");
        t.clock.advance_to(crate::harness::in_berlin("2026-10-02 20:00"));
        t.run_jobs().await;
        t.lives_until("2026-10-05 09:30").await;
        assert_snapshot!(latest(t), @"");
        t.lives_until("2026-10-05 14:00").await;
        assert_snapshot!(latest(t), @"");
    });
}

#[test]
fn the_week_in_light_carries_what_the_day_before_produced_and_ends_in_the_thread() {
    with_prompts_from(
        Some("2026-09-25 12:00"),
        &["channels:history", "channels:read", "reactions:read"],
        async |t| {
            assert!(t.dm("priya").contains("How should I mark it in #support?"));
            t.lives_until("2026-09-28 09:30").await;
            assert_snapshot!(latest(t), @"");
            t.lives_until("2026-10-05 09:30").await;
            assert_snapshot!(latest(t), @"");
            let educate = t
                .channel("support")
                .messages()
                .into_iter()
                .rfind(|shown| shown.thread_ts.is_none())
                .expect("a post");
            let (dana, mo, ana) = (t.person("dana"), t.person("mo"), t.person("ana"));
            let first = dana
                .replies(&educate, "\"You are the first who listened.\" Call me at 0171 2345678")
                .await;
            let second = mo.replies(&educate, "She asked whether we sleep at all.").await;
            ana.reacts("heart", &second).await;
            dana.reacts("tada", &second).await;
            ana.reacts("heart", &first).await;
            // A customer's words, passed on.
            dana.runs_in("support", "/kudos").await;
            dana.fills("Who helped?", "mo").await;
            let form = dana.modal();
            assert!(form.contains("customer"), "{form}");
            dana.closes().await;
            t.lives_until("2026-10-06 09:30").await;
            assert_snapshot!(latest(t), @"");
            // One post a day, until Friday.
            t.lives_until("2026-10-08 23:00").await;
            assert_eq!(
                t.channel("support")
                    .messages()
                    .iter()
                    .filter(|shown| shown.thread_ts.is_none())
                    .count(),
                9
            );
            t.person("lee")
                .runs("/kudos @ana for the calm night with the red boards")
                .await;
            t.lives_until("2026-10-09 09:30").await;
            assert_snapshot!(latest(t), @"");
            assert_snapshot!(t.dm("ana"), @"");
            t.lives_until("2026-10-09 16:00").await;
            let wrap_up = t.channel("support").messages().pop().expect("a message");
            assert!(wrap_up.thread_ts.is_some());
            assert_snapshot!(t.slack.rendered(&wrap_up), @"");
            t.lives_until("2026-10-12 09:30").await;
            assert_snapshot!(latest(t), @"");
            t.lives_until("2026-10-13 09:30").await;
            assert!(latest(t).contains("Tip Tuesday"));
        },
    );
}

#[test]
fn moved_or_off_the_week_is_another_or_none() {
    with_prompts_from(Some("2026-09-25 12:00"), &[], async |t| {
        t.person("priya").clicks_in_dm("Not at all").await;
        assert_snapshot!(t.dm("priya"), @"");
        t.lives_until("2026-10-05 09:30").await;
        assert!(latest(t).contains("Customer voice"), "{}", latest(t));
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.chooses("prompts.more", "Change").await;
        priya.fills("Its Monday, where it was moved", "2026-10-12").await;
        priya.fills("Customer Service Week", "Everything").await;
        priya.submits().await;
        assert_eq!(priya.submits().await, "");
        t.lives_until("2026-10-12 14:00").await;
        assert!(latest(t).contains("Educate"), "{}", latest(t));
    });
}

#[test]
fn what_names_somebody_goes_when_they_ask_to_be_forgotten() {
    with_prompts_from(Some("2026-09-25 12:00"), &["channels:history"], async |t| {
        t.lives_until("2026-10-05 09:30").await;
        let educate = t.channel("support").messages().pop().expect("a post");
        t.person("dana").replies(&educate, "Somebody sent flowers.").await;
        t.person("dana").runs("/kudos @ana for the flowers").await;
        t.lives_until("2026-10-06 09:30").await;
        assert!(
            latest(t).contains("Somebody sent flowers. (Dana)") || latest(t).contains("Somebody sent flowers."),
            "{}",
            latest(t)
        );
        t.lives_until("2026-10-09 09:30").await;
        assert!(t.dm("ana").contains("Dana · 5 October"), "{}", t.dm("ana"));
        t.person("dana").runs("/kudos privacy").await;
        t.person("dana").clicks("Erase me").await;
        t.run_jobs().await;
        t.wait(std::time::Duration::from_secs(180));
        t.run_jobs().await;
        assert!(
            !t.channel("support").shows().contains("(Dana)"),
            "{}",
            t.channel("support").shows()
        );
        assert!(!t.dm("ana").contains("Dana"), "{}", t.dm("ana"));
        assert_eq!(t.number("SELECT COUNT(*) FROM answer").await, 0);
    });
}
