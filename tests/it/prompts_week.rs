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
        assert_snapshot!(t.dm("priya"), @"
        Customer Service Week is 5–9 October. How should I mark it in #support?
        [Everything] [One post a day] [Not at all]
        No answer means one post a day.
        ");
        t.person("priya").clicks_in_dm("Everything").await;
        assert_snapshot!(t.dm("priya"), @"
        Customer Service Week, 5–9 October, in #support: everything.
        Somebody can open it with a few words of their own. Whom shall I ask?
        (users_select)
        ");
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
        assert_snapshot!(t.dm("priya"), @"Lee gets a message with a draft to change. What comes back goes out on Monday, in each channel's own morning.");
        assert_snapshot!(t.dm("lee"), @"
        *Priya* asks you to open Customer Service Week, 5–9 October, with a few sentences. They go out under your name, in each channel's own morning.
        [Write it]
        ");
        t.person("lee").clicks_in_dm("Write it").await;
        assert_snapshot!(t.person("lee").modal(), @"
        == Opening note ==
        What do you want to say?: [Customer Service Week begins now. You answer when something has gone wrong that you didn't cause, and people leave calmer than they came. Thank you. This week the rest of us listen first, then help, and then build something with you. I'll be reading along.]
          This is a draft to replace. It stands above Monday's question, under your name; you can change it until then.
        [Cancel] [Save]
        ");
        t.person("lee")
            .fills(
                "What do you want to say?",
                "I answered the phone here once. I know what you do.",
            )
            .await;
        assert_eq!(t.person("lee").submits().await, "");
        t.settles().await;
        assert_snapshot!(t.dm("lee"), @"
        *Priya* asks you to open Customer Service Week, 5–9 October, with a few sentences. They go out under your name, in each channel's own morning.
        [Write it]
        ---
        Kept. It goes out on Monday, 5 October, in each channel's own morning; until then you can change it.
        [Change it]
        ");
        t.clock.advance_to(crate::harness::in_berlin("2026-10-02 20:00"));
        t.run_jobs().await;
        t.lives_until("2026-10-05 09:30").await;
        assert_snapshot!(latest(t), @"
        *Lee* opens the week:
        > I answered the phone here once. I know what you do.
        *Educate* :books:
        Open house: everybody may listen in this week. Service, post a recording or a conversation that may be shared, with nothing in it that tells who the customer is. Everyone else, take five minutes for one. What did you hear that no report had told you?
        [Thank someone] [… Pause prompts here (stewards)]
        Answer in the thread. Night shift: it stays open for you.
        ");
        t.lives_until("2026-10-05 14:00").await;
        assert_snapshot!(latest(t), @"
        *Educate* :books:
        Still time for one conversation from the open house. Which moment in it would you show to the people who plan our work?
        [Thank someone]
        Answer in the thread. Night shift: it stays open for you.
        ");
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
            assert_snapshot!(latest(t), @"
        Next week is Customer Service Week, 5–9 October: one question a day, right here.
        *Customer voice* :ear:
        Quote the shortest thank-you a customer has sent you. What had you done for it?
        [Thank someone] [… Pause prompts here (stewards)]
        Answer in the thread. Night shift: it stays open for you.
        ");
            t.lives_until("2026-10-05 09:30").await;
            assert_snapshot!(latest(t), @"
        *Educate* :books:
        Open house: everybody may listen in this week. Service, post a recording or a conversation that may be shared, with nothing in it that tells who the customer is. Everyone else, take five minutes for one. What did you hear that no report had told you?
        [Thank someone] [… Pause prompts here (stewards)]
        Answer in the thread. Night shift: it stays open for you.
        ");
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
            lee_passes_on(t, "Wei stayed until the parcel was found.").await;
            t.lives_until("2026-10-06 09:30").await;
            assert_snapshot!(latest(t), @r#"
        This is what the first day taught us, in your words:
        > She asked whether we sleep at all. (Mo)
        > "You are the first who listened." Call me at [phone number] (Dana)
        Customers said:
        > Wei stayed until the parcel was found. (about Wei)
        *Activate* :handshake:
        Meet a customer who has been with us for years, never complains, and is close to leaving because nobody has asked. What one small thing can you do for someone like that before your shift ends?
        [Thank someone] [… Pause prompts here (stewards)]
        Answer in the thread. Night shift: it stays open for you.
        "#);
            // One post a day, until Friday, and what Mo said.
            t.lives_until("2026-10-08 23:00").await;
            assert_eq!(
                t.channel("support")
                    .messages()
                    .iter()
                    .filter(|shown| shown.thread_ts.is_none())
                    .count(),
                10
            );
            t.person("lee")
                .runs("/kudos @ana for the calm night with the red boards")
                .await;
            t.lives_until("2026-10-09 09:30").await;
            assert_snapshot!(latest(t), @"
            Customers said:
            > Wei stayed until the parcel was found. (about Wei)
            *Celebrate* :tada:
            Leaders from outside service, it's your turn: thank one person who serves customers, by name, for one thing you have seen or been told this week. Agents, which customer's words made your week?
            [Thank someone] [… Pause prompts here (stewards)]
            Answer in the thread. Night shift: it stays open for you.
            ");
            assert_snapshot!(t.dm("ana"), @"
            *Lee* thanked you
            > the calm night with the red boards
            You can pass it on: type /kudos @someone and say why.
            [See it in #kudos] [Say thanks back] [Notification settings]
            ");
            t.lives_until("2026-10-09 14:00").await;
            assert_snapshot!(t.dm("ana").rsplit("---\n").next().unwrap_or_default(), @"
            Customer Service Week ends today, and this page is yours: what was said to you in the past year.
            > the calm night with the red boards
            Lee · 9 October
            [Notification settings]
            ");
            t.lives_until("2026-10-09 16:00").await;
            let wrap_up = t.channel("support").messages().pop().expect("a message");
            assert!(wrap_up.thread_ts.is_some());
            assert_snapshot!(t.slack.rendered(&wrap_up), @"
            *Customer Service Week*
            One week, many shifts, one subject: the people who need us and the people who are there for them. Your week in a few lines:
            • One thank-you from one person to one person
            • One customer's kind words passed on
            • 2 answers from 2 people
            ");
            t.lives_until("2026-10-12 09:30").await;
            assert_snapshot!(latest(t), @"
        *Customer Service Week* :speech_balloon:
        Back to ordinary days, which is where good ideas prove themselves. Which one thing from Customer Service Week should still be here a year from now, and what is its next step?
        [Thank someone] [… Pause prompts here (stewards)]
        Answer in the thread. Night shift: it stays open for you.
        ");
            t.lives_until("2026-10-13 09:30").await;
            assert!(latest(t).contains("Tip Tuesday"));
        },
    );
}

#[test]
fn moved_or_off_the_week_is_another_or_none() {
    with_prompts_from(Some("2026-09-25 12:00"), &[], async |t| {
        t.person("priya").clicks_in_dm("Not at all").await;
        assert_snapshot!(t.dm("priya"), @"Customer Service Week, 5–9 October, in #support: not marked.");
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
        assert!(latest(t).contains("Somebody sent flowers. (Dana)"), "{}", latest(t));
        t.lives_until("2026-10-09 14:00").await;
        assert!(t.dm("ana").contains("Dana · 5 October"), "{}", t.dm("ana"));
        t.person("dana").runs("/kudos privacy").await;
        t.person("dana").clicks("Erase me").await;
        t.person("dana").clicks("Erase everything").await;
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
        t.lives_until("2026-10-09 16:00").await;
    });
}

/// What the latest post of #support quotes.
fn carried(t: &Story) -> Vec<String> {
    let post = latest(t);
    let lines = post.lines().filter_map(|line| line.strip_prefix("> "));
    lines.map(str::to_owned).collect()
}

/// Somebody tells what a customer said about Wei, and Lee passes it on.
async fn lee_passes_on(t: &Story, words: &str) {
    let said = t.person("mo").says_in("support", words).await;
    let lee = t.person("lee");
    lee.uses_shortcut_at(&said, "Pass on customer words").await;
    lee.picks("Who helped?", &["wei"]).await;
    assert_eq!(lee.submits().await, "");
}

#[test]
fn what_customers_said_is_carried_by_one_day_only() {
    with_prompts_from(
        Some("2026-09-25 12:00"),
        &["channels:history", "channels:read"],
        async |t| {
            // On the night shift, before the first post of the week.
            t.lives_until("2026-10-05 04:00").await;
            lee_passes_on(t, "He stayed until the parcel was found.").await;
            t.lives_until("2026-10-05 09:30").await;
            assert_eq!(carried(t), Vec::<String>::new());
            t.lives_until("2026-10-06 04:00").await;
            lee_passes_on(t, "Nobody ever rang back before.").await;
            t.lives_until("2026-10-06 09:30").await;
            assert_eq!(
                carried(t),
                [
                    "Nobody ever rang back before. (about Wei)",
                    "He stayed until the parcel was found. (about Wei)"
                ]
            );
            t.lives_until("2026-10-06 11:00").await;
            lee_passes_on(t, "The bill is clear to me now.").await;
            t.lives_until("2026-10-07 09:30").await;
            assert_eq!(carried(t), ["The bill is clear to me now. (about Wei)"]);
        },
    );
}

/// Priya changes how the week is marked, and whatever else is filled in.
async fn priya_changes(t: &Story, fields: &[(&str, &str)]) {
    let priya = t.person("priya");
    priya.runs("/kudos prompts").await;
    priya.chooses("prompts.more", "Change").await;
    for (field, value) in fields {
        priya.fills(field, value).await;
    }
    priya.submits().await;
    assert_eq!(priya.submits().await, "");
}

#[test]
fn the_last_day_posted_by_hand_has_its_pages_and_its_wrap_up() {
    with_prompts_from(Some("2026-09-25 12:00"), &[], async |t| {
        t.lives_until("2026-10-08 12:00").await;
        t.person("lee")
            .runs("/kudos @ana for the calm night with the red boards")
            .await;
        t.lives_until("2026-10-09 08:00").await;
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.clicks("Post now").await;
        t.lives_until("2026-10-09 18:00").await;
        assert!(latest(t).contains("Celebrate"), "{}", latest(t));
        let pages = t.dm("ana").matches("this page is yours").count();
        assert_eq!(pages, 1, "{}", t.dm("ana"));
        let wrap_ups = t.channel("support").shows().matches("The week is over").count()
            + t.channel("support").shows().matches("Your week in a few lines").count();
        assert_eq!(wrap_ups, 1, "{}", t.channel("support").shows());
    });
}

#[test]
fn pages_come_in_each_persons_own_morning_and_late_on_the_day_all_the_same() {
    with_prompts_from(Some("2026-09-25 12:00"), &[], async |t| {
        t.lives_until("2026-10-08 12:00").await;
        for who in ["ana", "dana"] {
            t.person("lee")
                .runs(&format!("/kudos @{who} for the calm night with the red boards"))
                .await;
        }
        t.run_jobs().await;
        // Nothing ran until the question was too late to be posted.
        t.clock.advance_to(crate::harness::in_berlin("2026-10-09 13:40"));
        t.run_jobs().await;
        assert!(t.dm("dana").contains("this page is yours"), "{}", t.dm("dana"));
        // It is not yet nine in São Paulo.
        assert!(!t.dm("ana").contains("this page is yours"), "{}", t.dm("ana"));
        t.lives_until("2026-10-09 14:00").await;
        assert!(t.dm("ana").contains("this page is yours"), "{}", t.dm("ana"));
    });
}

#[test]
fn in_a_full_week_the_next_day_is_skipped_and_another_zone_repeats_nothing() {
    with_prompts_from(Some("2026-09-25 12:00"), &[], async |t| {
        t.person("priya").clicks_in_dm("Everything").await;
        t.lives_until("2026-10-05 10:00").await;
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        let said = priya.chooses("prompts.more", "Skip the next day").await;
        assert!(said.contains("Tuesday, 6 October, is left out"), "{said}");
        t.lives_until("2026-10-05 14:30").await;
        let posts = async |t: &Story| {
            t.channel("support")
                .messages()
                .iter()
                .filter(|shown| shown.thread_ts.is_none())
                .count()
        };
        let before = posts(t).await;
        priya_changes(t, &[("zone", "America/New_York")]).await;
        t.lives_until("2026-10-06 04:00").await;
        assert_eq!(posts(t).await, before, "{}", t.channel("support").shows());
    });
}

#[test]
fn where_monday_has_no_question_the_note_opens_tuesday_and_the_best_words_close_the_week() {
    with_prompts_from(Some("2026-09-25 12:00"), &["channels:read"], async |t| {
        priya_changes(t, &[("Which other days are left out?", "2026-10-05")]).await;
        let priya = t.person("priya");
        t.person("priya").clicks_in_dm("One post a day").await;
        let dm = t.slack.dm(&priya.id).expect("a DM");
        let question = t.slack.messages(&dm).pop().expect("a message");
        let asked = t
            .slack
            .fills_in(&priya.id, &question, "prompts.ask_note.2026-10-05", &["lee"])
            .await;
        asked.expect("somebody to be picked");
        t.settles().await;
        t.run_jobs().await;
        t.person("lee").clicks_in_dm("Write it").await;
        t.person("lee")
            .fills("What do you want to say?", "Thank you for the year.")
            .await;
        assert_eq!(t.person("lee").submits().await, "");
        t.lives_until("2026-10-06 09:30").await;
        assert!(
            latest(t).starts_with("*Lee* opens the week:\n> Thank you for the year."),
            "{}",
            latest(t)
        );
        t.lives_until("2026-10-06 12:00").await;
        lee_passes_on(t, "He stayed until the parcel was found.").await;
        t.run_jobs().await;
        t.person("dana").clicks_in("kudos", "Me too").await;
        t.lives_until("2026-10-07 09:30").await;
        assert!(!latest(t).contains("opens the week"), "{}", latest(t));
        t.lives_until("2026-10-08 12:00").await;
        for words in ["The bill is clear to me now.", "Nobody ever rang back before."] {
            lee_passes_on(t, words).await;
            t.wait(std::time::Duration::from_secs(700));
        }
        t.lives_until("2026-10-09 09:30").await;
        assert_eq!(
            carried(t),
            [
                "He stayed until the parcel was found. (about Wei)",
                "Nobody ever rang back before. (about Wei)",
            ]
        );
        t.lives_until("2026-10-09 18:00").await;
    });
}
