//! Prompts: stewards make a schedule, the channel gets its question, people answer.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use plaudit::base::clock::Clock as _;
use plaudit::jobs::Runner;
use plaudit::prompts::{Schedule, manage};
use plaudit::sandbox::{Fault, NewChannel, Seen};

use crate::harness::{Setup, in_berlin, story_with, with_prompts};

#[test]
fn a_steward_makes_a_schedule_and_sees_what_was_understood_before_it_is_saved() {
    story_with(Setup::default(), async |t| {
        t.are_stewards(&["priya"]).await;
        let priya = t.person("priya");
        assert_snapshot!(priya.runs("/kudos prompts").await, @"
        No prompts yet. One question each working day keeps a channel talking: choose a channel and a time.
        [New schedule] [Your own prompts]
        ");
        priya.clicks("New schedule").await;
        assert_snapshot!(priya.modal(), @"
        == Prompts ==
        Where?: [ ▾]
        When?: [weekdays 9:30]
          As in: weekdays 9:30. Or: every Tuesday and Thursday at 14:00. Or a cron expression: 30 9 * * 1-5
        In which time zone?: [Asia/Kolkata]
          As in Europe/Berlin. Summer time is kept.
        Which prompts?: [A year of service ▾]
        Which days are worked?: [x] Monday  [x] Tuesday  [x] Wednesday  [x] Thursday  [x] Friday  [ ] Saturday  [ ] Sunday
        Whose public holidays are left out? (optional): []
          A country, for what is a holiday all over it, or a region: DE, DE-BY, GB-ENG.
        Which other days are left out? (optional): []
          One a line, as in 2026-12-24.
        How many hours late may one be posted?: [4]
          Later than that it is left out, and you are asked.
        Customer Service Week: [ ] Everything  [x] One post a day  [ ] Not at all
          Monday to Friday from the first Monday of October.
        Its Monday, where it was moved (optional): []
        [Cancel] [Next]
        ");
        priya.fills("Where?", "support").await;
        priya.fills("zone", "Europe/Berlin").await;
        priya.fills("When?", "twice a day").await;
        assert_snapshot!(priya.submits().await, @r#"
        == Prompts ==
        Where?: [#support ▾]
        When?: [twice a day]
          As in: weekdays 9:30. Or: every Tuesday and Thursday at 14:00. Or a cron expression: 30 9 * * 1-5
          ! I can't read "twice" here; write days and a time, as in weekdays 9:30 or every Tuesday and Thursday at 14:00, or a cron expression, 30 9 * * 1-5.
        In which time zone?: [Europe/Berlin]
          As in Europe/Berlin. Summer time is kept.
        Which prompts?: [A year of service ▾]
        Which days are worked?: [x] Monday  [x] Tuesday  [x] Wednesday  [x] Thursday  [x] Friday  [ ] Saturday  [ ] Sunday
        Whose public holidays are left out? (optional): []
          A country, for what is a holiday all over it, or a region: DE, DE-BY, GB-ENG.
        Which other days are left out? (optional): []
          One a line, as in 2026-12-24.
        How many hours late may one be posted?: [4]
          Later than that it is left out, and you are asked.
        Customer Service Week: [ ] Everything  [x] One post a day  [ ] Not at all
          Monday to Friday from the first Monday of October.
        Its Monday, where it was moved (optional): []
        [Cancel] [Next]
        "#);
        priya.fills("When?", "every Tuesday and Thursday at 14:00").await;
        assert_snapshot!(priya.submits().await, @"
        == Prompts ==
        *#support*
        Tuesdays and Thursdays at 14:00, Europe/Berlin; A year of service
        Next: Thu 4 June, Tue 9 June, Thu 11 June.
        Is that what you meant?
        [Cancel] [Save]
        ");
        assert_eq!(priya.submits().await, "");
        assert_snapshot!(t.slack.rendered(&priya.private()), @"
        Saved: prompts in #support.
        *#support*
        Tuesdays and Thursdays at 14:00, Europe/Berlin; A year of service
        Next: Thu 4 June, Tue 9 June, Thu 11 June. Customer Service Week: one post a day.
        [Post now] [Swap today's or next] [Write one] [… Change / Preview the next ten / Skip the next day / Pause / Delete]
        [New schedule] [Your own prompts]
        ");
        assert_snapshot!(t.person("lee").runs("/kudos prompts").await, @"Prompts are for stewards to change: ask Priya.");
        assert_eq!(
            t.texts("SELECT what FROM audit WHERE what LIKE 'prompts%'").await,
            ["prompts.schedule"]
        );
    });
}

#[test]
fn a_question_comes_each_working_day_and_answers_are_counted() {
    with_prompts(&["channels:history"], async |t| {
        t.lives_until("2026-06-03 09:15").await;
        assert_eq!(t.channel("support").shows(), "");
        t.lives_until("2026-06-03 09:30").await;
        assert_snapshot!(t.channel("support").shows(), @"
        *Win Wednesday* :seedling:
        Which case is closed now that had been open far too long?
        [Thank someone] [… Pause prompts here (stewards)]
        Answer in the thread. Night shift: it stays open for you.
        ");
        let question = t.first_in("support");
        t.person("dana")
            .replies(&question, "The one that began with shouting. I let him finish.")
            .await;
        t.person("dana").replies(&question, "And then we laughed.").await;
        let mine = t
            .person("mo")
            .replies(&question, "A lost parcel, found by the customer's neighbour.")
            .await;
        t.run_jobs().await;
        assert!(t.channel("support").shows().contains("2 people have answered."));
        t.person("mo").deletes(&mine).await;
        t.run_jobs().await;
        assert!(t.channel("support").shows().contains("One person has answered."));
        t.lives_until("2026-06-08 12:00").await;
        let heads: Vec<String> = t
            .channel("support")
            .messages()
            .iter()
            .map(|shown| t.slack.rendered(shown))
            .collect();
        let heads: Vec<&str> = heads
            .iter()
            .filter_map(|text| text.lines().next())
            .filter(|line| line.contains(" :"))
            .collect();
        assert_snapshot!(heads.join("\n"), @"
        *Win Wednesday* :seedling:
        *Throwback Thursday* :hourglass_flowing_sand:
        *Feedback Friday* :speech_balloon:
        *Customer voice* :ear:
        ");
    });
}

#[test]
fn whoever_is_mentioned_in_an_answer_may_be_thanked_with_its_words() {
    with_prompts(&["channels:history", "channels:read"], async |t| {
        t.lives_until("2026-06-03 09:30").await;
        let question = t.first_in("support");
        let dana = t.person("dana");
        dana.replies(&question, "@mo found the cause in the old logs before anyone asked")
            .await;
        assert_snapshot!(t.slack.rendered(&dana.private()), @"
        You mentioned Mo. Make it a kudos?
        [Yes, with these words] [No] [Don't ask again]
        ");
        assert_snapshot!(dana.clicks("Yes, with these words").await, @"
        Mo will see it; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.dm("mo"), @"
        *Dana* thanked you
        > @Mo found the cause in the old logs before anyone asked
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
        assert_eq!(t.export().await.len(), 1);
        let dana = t.person("dana");
        // Once a day and person.
        let before = t.slack.ephemeral(&dana.id).len();
        dana.replies(&question, "and @mo told everybody").await;
        assert_eq!(t.slack.ephemeral(&dana.id).len(), before);
        // And never who said so.
        let lee = t.person("lee");
        lee.replies(&question, "@mo again, as always").await;
        assert_snapshot!(lee.clicks("Don't ask again").await, @"I won't ask again.");
        let before = t.slack.ephemeral(&lee.id).len();
        lee.replies(&question, "@ana too").await;
        assert_eq!(t.slack.ephemeral(&lee.id).len(), before);
    });
}

#[test]
fn thank_someone_opens_the_form() {
    with_prompts(&[], async |t| {
        t.lives_until("2026-06-03 09:30").await;
        t.person("dana").clicks_in("support", "Thank someone").await;
        assert!(
            t.person("dana").modal().starts_with("== "),
            "{}",
            t.person("dana").modal()
        );
    });
}

#[test]
fn late_by_less_than_four_hours_it_is_posted_later_it_is_left_out_and_stewards_are_asked() {
    with_prompts(&[], async |t| {
        // Down until half past twelve.
        t.clock.advance_to(in_berlin("2026-06-03 12:30"));
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 1);
        // Down from then until the next day in the afternoon.
        t.clock.advance_to(in_berlin("2026-06-04 14:10"));
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 1);
        assert_snapshot!(t.dm("priya"), @"
        Today's prompt in #support was due at 09:30; I was down until 14:10, so I left it out.
        [Post now]
        ");
        t.person("priya").clicks_in_dm("Post now").await;
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 2);
        assert_snapshot!(t.dm("priya"), @"It's on its way to #support.");
        // A laptop that slept for three days.
        t.clock.advance_to(in_berlin("2026-06-09 23:00"));
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 2);
        assert_snapshot!(t.dm("priya"), @"
        It's on its way to #support.
        ---
        Today's prompt in #support was due at 09:30; I was down until 23:00, so I left it out.
        [Post now]
        ");
    });
}

#[test]
fn stewards_pause_skip_swap_preview_and_write_their_own() {
    with_prompts(&[], async |t| {
        let priya = t.person("priya");
        assert_snapshot!(priya.runs("/kudos prompts").await, @"
        *#support*
        Mondays to Fridays at 09:30, Europe/Berlin; A year of service
        Next: Wed 3 June, Thu 4 June, Fri 5 June. Customer Service Week: one post a day.
        [Post now] [Swap today's or next] [Write one] [… Change / Preview the next ten / Skip the next day / Pause / Delete]
        [New schedule] [Your own prompts]
        ");
        assert_snapshot!(priya.chooses("prompts.more", "Preview the next ten").await, @"
        *#support*
        Mondays to Fridays at 09:30, Europe/Berlin; A year of service
        Next: Wed 3 June, Thu 4 June, Fri 5 June. Customer Service Week: one post a day.
        [Post now] [Swap today's or next] [Write one] [… Change / Preview the next ten / Skip the next day / Pause / Delete]
        [New schedule] [Your own prompts]
        ");
        assert_snapshot!(priya.modal(), @"
        == The next ten ==
        Wed 3 June, 09:30 · *Win Wednesday* :seedling:
        Which case is closed now that had been open far too long?
        Thu 4 June, 09:30 · *Throwback Thursday* :hourglass_flowing_sand:
        Remember a rule we no longer have. What came in its place?
        Fri 5 June, 09:30 · *Feedback Friday* :speech_balloon:
        Somebody told you something honest in a kind way. Who was it, and how did they put it?
        Mon 8 June, 09:30 · *Customer voice* :ear:
        Quote the shortest thank-you a customer has sent you. What had you done for it?
        Tue 9 June, 09:30 · *Tip Tuesday* :bulb:
        What do you do in the first minutes of a shift that pays off later?
        Wed 10 June, 09:30 · *Win Wednesday* :seedling:
        Who caught a mistake before any customer could see it?
        Thu 11 June, 09:30 · *Throwback Thursday* :hourglass_flowing_sand:
        How did our last big change feel in its first week, and how does it feel now?
        Fri 12 June, 09:30 · *Feedback Friday* :speech_balloon:
        If one screen of ours could take feedback, what would you tell it?
        Mon 15 June, 09:30 · *Customer voice* :ear:
        What did someone say at the end that told you they felt safe again?
        Tue 16 June, 09:30 · *Tip Tuesday* :bulb:
        Which list, note or bookmark stays open through your whole shift?
        [Close]
        ");
        priya.closes().await;
        assert_snapshot!(priya.chooses("prompts.more", "Skip the next day").await, @"
        Wednesday, 3 June, is left out in #support.
        *#support*
        Mondays to Fridays at 09:30, Europe/Berlin; A year of service
        Next: Thu 4 June, Fri 5 June, Mon 8 June. Customer Service Week: one post a day.
        [Post now] [Swap today's or next] [Write one] [… Change / Preview the next ten / Skip the next day / Pause / Delete]
        [New schedule] [Your own prompts]
        ");
        assert_snapshot!(priya.clicks("Swap today's or next").await, @"
        In #support it is now: How did our last big change feel in its first week, and how does it feel now?
        *#support*
        Mondays to Fridays at 09:30, Europe/Berlin; A year of service
        Next: Thu 4 June, Fri 5 June, Mon 8 June. Customer Service Week: one post a day.
        [Post now] [Swap today's or next] [Write one] [… Change / Preview the next ten / Skip the next day / Pause / Delete]
        [New schedule] [Your own prompts]
        ");
        priya.clicks("Write one").await;
        assert_snapshot!(priya.modal(), @"
        == A prompt of your own ==
        What do you want to ask?: []
          One question that can be answered from yesterday's shift in two minutes.
        On which day?: [The next one that comes ▾]
          It comes before the others of its theme, once in each channel.
        [Cancel] [Save]
        ");
        priya
            .fills(
                "What do you want to ask?",
                "Which <!channel> question did you like & why?",
            )
            .await;
        assert_eq!(priya.submits().await, "");
        assert_snapshot!(t.slack.rendered(&priya.private()).lines().next().unwrap_or_default(), @"Kept. It comes before the others: Which <!channel> question did you like & why?");
        t.lives_until("2026-06-03 12:00").await;
        assert_eq!(t.channel("support").shows(), "");
        t.lives_until("2026-06-04 09:30").await;
        assert_snapshot!(t.channel("support").shows(), @"
        *Throwback Thursday* :hourglass_flowing_sand:
        Which <!channel> question did you like & why?
        [Thank someone] [… Pause prompts here (stewards)]
        Answer in the thread. Night shift: it stays open for you.
        ");
        // Posted or not: swapped is swapped.
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.clicks("Swap today's or next").await;
        t.run_jobs().await;
        assert!(!t.channel("support").shows().contains("did you like"));
        assert_eq!(t.channel("support").messages().len(), 1);
        let priya = t.person("priya");
        assert!(priya.chooses("prompts.more", "Pause").await.contains("Paused"));
        t.lives_until("2026-06-05 12:00").await;
        assert_eq!(t.channel("support").messages().len(), 1);
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        assert!(
            priya
                .chooses("prompts.more", "Resume")
                .await
                .contains("Next: Mon 8 June")
        );
        assert_snapshot!(priya.clicks("Post now").await.lines().next().unwrap_or_default(), @"It's on its way to #support.");
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 2);
        let priya = t.person("priya");
        assert_snapshot!(priya.chooses("prompts.more", "Delete").await, @"
        Deleted. No more prompts in #support; what was posted stays.
        No prompts yet. One question each working day keeps a channel talking: choose a channel and a time.
        [New schedule] [Your own prompts]
        ");
        t.lives_until("2026-06-09 12:00").await;
        assert_eq!(t.channel("support").messages().len(), 2);
    });
}

#[test]
fn stewards_type_a_pack_of_their_own_a_line_each() {
    with_prompts(&[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.clicks("Your own prompts").await;
        assert_snapshot!(priya.modal(), @r#"
        == Your own prompts ==
        What do you want to ask? (optional): []
          One a line. With the name of a theme before it, as in "Tip Tuesday: Which sentence …?", it comes on that day. Yours come before the pack's, once in each channel; a line that you delete is asked no more.
        [Cancel] [Save]
        "#);
        let long = "x".repeat(301);
        for (typed, wrong) in [
            (format!("One?\n{long}"), "Line 2 has more than 300 characters."),
            ("One?\n\nTip Tuesday: one?".to_owned(), "Line 3 asks what line 1 asks."),
        ] {
            priya.fills("What do you want to ask?", &typed).await;
            let shown = priya.submits().await;
            assert!(shown.contains(wrong), "{shown}");
        }
        priya
            .fills(
                "What do you want to ask?",
                "win wednesday: Whose call did you want to listen to again?\nThrowback Thursday: Which bug & which <fix>?\n\nWhat was quiet?",
            )
            .await;
        assert_eq!(priya.submits().await, "");
        assert!(
            t.slack
                .rendered(&priya.private())
                .starts_with("Kept: 3 new of your own.")
        );
        t.lives_until("2026-06-03 09:30").await;
        assert!(
            t.channel("support")
                .shows()
                .contains("Whose call did you want to listen to again?")
        );
        // What was asked stays known; what is deleted is asked no more.
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.clicks("Your own prompts").await;
        assert!(
            priya.modal().contains(
                "[Win Wednesday: Whose call did you want to listen to again?\nThrowback Thursday: Which bug & which <fix>?\nWhat was quiet?]"
            ),
            "{}",
            priya.modal()
        );
        priya
            .fills(
                "What do you want to ask?",
                "Win Wednesday: Whose call did you want to listen to again?\nThrowback Thursday: Which bug & which <fix>?\nFeedback Friday: Who told you?",
            )
            .await;
        assert_eq!(priya.submits().await, "");
        let said = t.slack.rendered(&priya.private());
        assert!(
            said.starts_with("Kept: 1 new of your own, and 1 is asked no more."),
            "{said}"
        );
        t.lives_until("2026-06-08 10:00").await;
        let shown = t.channel("support").shows();
        for (asked, times) in [
            ("Whose call did you want", 1),
            ("Which bug & which <fix>?", 1),
            ("Who told you?", 1),
            ("What was quiet?", 0),
        ] {
            assert_eq!(shown.matches(asked).count(), times, "{asked}: {shown}");
        }
        assert_eq!(
            t.texts("SELECT what FROM audit WHERE what IN ('prompts.written', 'prompts.withdrawn') ORDER BY what")
                .await,
            [
                "prompts.withdrawn",
                "prompts.written",
                "prompts.written",
                "prompts.written",
                "prompts.written"
            ]
        );
    });
}

#[test]
fn the_menu_at_a_prompt_pauses_it_for_stewards_only() {
    with_prompts(&[], async |t| {
        t.lives_until("2026-06-03 09:30").await;
        let option = "Pause prompts here (stewards)";
        assert_snapshot!(t.person("lee").chooses_from("support", "prompts.menu", option).await, @"Prompts are for stewards to change: ask Priya.");
        assert_snapshot!(t.person("priya").chooses_from("support", "prompts.menu", option).await, @"Prompts in #support are paused. To let them go on: /kudos prompts.");
        t.lives_until("2026-06-04 12:00").await;
        assert_eq!(t.channel("support").messages().len(), 1);
    });
}

#[test]
fn silence_stops_prompts_and_leaves_nothing_behind() {
    with_prompts(&[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("Stop them all").await;
        t.lives_until("2026-06-03 12:00").await;
        assert_eq!(t.channel("support").shows(), "");
        let priya = t.person("priya");
        assert_snapshot!(priya.runs("/kudos prompts").await.lines().next().unwrap_or_default(), @"Automatic posts are stopped, so none of these is posted: /kudos settings.");
        priya.runs("/kudos settings").await;
        priya.clicks("Let it post again").await;
        t.lives_until("2026-06-04 12:00").await;
        assert_eq!(t.channel("support").messages().len(), 1);
        assert_eq!(t.dm("priya"), "");
    });
}

#[test]
fn a_restart_at_the_very_second_and_a_lost_answer_post_once() {
    with_prompts(&["channels:history"], async |t| {
        t.lives_until("2026-06-03 09:15").await;
        t.clock.advance_to(in_berlin("2026-06-03 09:30"));
        t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
        t.run_due_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 1);
        assert_eq!(t.number("SELECT COUNT(*) FROM occurrence").await, 1);
    });
}

#[test]
fn another_zone_or_time_on_the_same_day_is_no_second_question() {
    with_prompts(&[], async |t| {
        t.lives_until("2026-06-03 09:30").await;
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.chooses("prompts.more", "Change").await;
        priya.fills("zone", "America/New_York").await;
        priya.submits().await;
        assert_eq!(priya.submits().await, "");
        t.lives_until("2026-06-03 23:00").await;
        assert_eq!(t.channel("support").messages().len(), 1);
        t.lives_until("2026-06-04 15:30").await;
        assert_eq!(t.channel("support").messages().len(), 2);
    });
}

#[test]
fn an_archived_channel_is_told_once_and_the_next_day_is_tried() {
    with_prompts(&[], async |t| {
        let support = t.channel("support").id;
        t.slack.archive(&support).await;
        t.settles().await;
        t.lives_until("2026-06-03 12:00").await;
        assert_snapshot!(t.dm("priya"), @"Today's prompt in #support isn't posted: it is archived. The next one is tried as planned.");
        t.slack.unarchive(&support).await;
        t.settles().await;
        t.lives_until("2026-06-04 09:30").await;
        assert_eq!(t.channel("support").messages().len(), 1);
    });
}

#[test]
fn what_slack_did_not_take_in_time_is_left_out_as_well() {
    with_prompts(&[], async |t| {
        t.lives_until("2026-06-03 09:00").await;
        t.slack.down(true);
        t.lives_until("2026-06-03 09:30").await;
        // Slack is back within the grace: late, and posted.
        t.clock.advance_to(in_berlin("2026-06-03 11:00"));
        t.slack.down(false);
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 1);
        t.lives_until("2026-06-04 09:00").await;
        t.slack.down(true);
        t.lives_until("2026-06-04 09:30").await;
        t.clock.advance_to(in_berlin("2026-06-04 22:00"));
        t.slack.down(false);
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 1);
        assert_snapshot!(t.dm("priya"), @"
        Today's prompt in #support was due at 09:30; I was down until 22:00, so I left it out.
        [Post now]
        ");
        t.person("priya").clicks_in_dm("Post now").await;
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 2);
    });
}

#[test]
fn paused_or_deleted_between_its_minute_and_its_posting_it_is_left_out() {
    for (choice, day) in [("Pause", "2026-06-03"), ("Delete", "2026-06-03")] {
        with_prompts(&[], async |t| {
            t.lives_until(&format!("{day} 09:00")).await;
            // Slack wants a pause of its own: the post is due, and waits.
            let wait = Fault::RateLimited {
                retry_after_secs: 1_200,
            };
            t.slack.fails("chat.postMessage", wait, Some(1));
            t.clock.advance_to(in_berlin(&format!("{day} 09:30")));
            Runner::new(Arc::clone(&t.app)).run_due().await.expect("the queue");
            assert_eq!(t.number("SELECT COUNT(*) FROM occurrence WHERE state = 'due'").await, 1);
            let priya = t.person("priya");
            priya.runs("/kudos prompts").await;
            priya.chooses("prompts.more", choice).await;
            t.lives_until(&format!("{day} 12:00")).await;
            assert_eq!(t.channel("support").messages().len(), 0, "{choice}");
        });
    }
}

#[test]
fn a_second_schedule_of_a_channel_is_meant_so_and_asks_something_else() {
    with_prompts(&[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.clicks("New schedule").await;
        priya.fills("Where?", "support").await;
        priya.fills("zone", "Europe/Berlin").await;
        priya.fills("When?", "weekdays 10:30").await;
        assert_snapshot!(priya.submits().await, @"
        == Prompts ==
        *#support*
        Mondays to Fridays at 10:30, Europe/Berlin; A year of service
        Next: Wed 3 June, Thu 4 June, Fri 5 June.
        It has another schedule already (Mondays to Fridays at 09:30, Europe/Berlin; A year of service); with this one, its people are asked by both.
        Is that what you meant?
        [Cancel] [Save]
        ");
        assert_eq!(priya.submits().await, "");
        // Nothing ran at 9:30 nor at 10:30.
        t.clock.advance_to(in_berlin("2026-06-03 11:00"));
        t.run_jobs().await;
        t.wait(Duration::from_secs(5));
        t.run_jobs().await;
        let asked: Vec<String> = t
            .channel("support")
            .messages()
            .iter()
            .map(|shown| shown.text.clone())
            .collect();
        assert!(asked.len() == 2 && asked[0] != asked[1], "{asked:?}");
    });
}

#[test]
fn several_processes_and_a_clock_that_jumps_enter_each_occurrence_once() {
    with_prompts(&[], async |t| {
        let (db, other) = t.another_process().await;
        let mut runners = [Runner::new(Arc::clone(&t.app)), other];
        // An hour forward, and back again over the minute.
        for hour in ["09:30", "09:30", "10:30", "08:45", "09:29", "09:30", "09:31"] {
            t.clock.set(in_berlin(&format!("2026-06-03 {hour}")));
            let [one, two] = &mut runners;
            let (one, two) = tokio::join!(one.run_due(), two.run_due());
            one.and(two).expect("the queue");
        }
        t.run_jobs().await;
        assert_eq!(t.channel("support").messages().len(), 1);
        assert_eq!(t.number("SELECT COUNT(*) FROM occurrence").await, 1);
        drop(runners);
        db.close().await;
    });
}

#[test]
fn many_channels_go_out_in_their_order_within_slacks_limits() {
    with_prompts(&[], async |t| {
        let people = vec![t.person("dana").id];
        let supports = manage::schedules(&t.app.ctx)
            .await
            .expect("schedules")
            .remove(0)
            .schedule;
        let others = (1..500).map(|n| {
            let channel = t.slack.add_channel(NewChannel {
                name: format!("queue{n:03}"),
                with_app: true,
                members: people.clone(),
                ..NewChannel::default()
            });
            Schedule {
                id: channel.as_str().into(),
                channel,
                ..supports.clone()
            }
        });
        let mut schedules: Vec<Schedule> = others.collect();
        schedules.push(supports.clone());
        schedules.sort_by(|a, b| a.channel.cmp(&b.channel));
        for schedule in &schedules {
            manage::save(&t.app.ctx, &t.app.packs, &schedule.maker, schedule)
                .await
                .expect("saved");
        }
        t.lives_until("2026-06-03 09:15").await;
        let mut seen = t.slack.watch();
        t.lives_until("2026-06-03 09:30").await;
        let mut order = Vec::new();
        while let Ok(seen) = seen.try_recv() {
            if let Seen::Posted(shown) = seen {
                order.push((shown.channel.clone(), shown.ts.clone()));
            }
        }
        let channels: Vec<_> = order.iter().map(|(channel, _)| channel.clone()).collect();
        let expected: Vec<_> = schedules.iter().map(|schedule| schedule.channel.clone()).collect();
        assert_eq!(channels.len(), 500);
        // A handful go out at the same time.
        for (at, channel) in channels.iter().enumerate() {
            let due = expected
                .iter()
                .position(|expected| expected == channel)
                .expect("one of them");
            assert!(due.abs_diff(at) < 32, "{due} went out as {at}");
        }
        // 200 a minute: 500 take more than two minutes.
        assert!(t.clock.now().since(in_berlin("2026-06-03 09:30")) >= Duration::from_secs(120));
        assert_eq!(t.counts().await.failed, 0);
    });
}

#[test]
fn one_that_cannot_be_read_holds_up_no_other() {
    with_prompts(&["channels:read"], async |t| {
        t.tampers(
            "INSERT INTO schedule (id, workspace, channel, maker, body, next_at)
             SELECT 'odd', workspace, channel, '', '{\"cron\":\"of a newer Plaudit\"}', next_at FROM schedule",
        )
        .await;
        t.lives_until("2026-06-03 09:30").await;
        assert_eq!(t.channel("support").messages().len(), 1);
        t.person("lee").runs("/kudos @dana for the calm start").await;
        t.run_jobs().await;
        assert!(t.channel("kudos").shows().contains("the calm start"));
        assert!(
            t.person("priya")
                .runs("/kudos prompts")
                .await
                .contains("Next: Thu 4 June")
        );
    });
}

#[test]
fn the_best_liked_answer_opens_the_next_prompt_where_stewards_want_it() {
    with_prompts(&["channels:history", "reactions:read"], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.best_answer").await;
        priya
            .fills("best_answer", "The best-liked one opens the next prompt")
            .await;
        assert_eq!(priya.submits().await, "");
        t.lives_until("2026-06-03 09:30").await;
        let question = t.first_in("support");
        t.person("dana").replies(&question, "Nobody liked this one.").await;
        let liked = t.person("mo").replies(&question, "The queue was empty at noon.").await;
        t.person("ana").reacts("heart", &liked).await;
        // Her own like doesn't count, nor does one that was taken back.
        let other = t.person("lee").replies(&question, "I like my own.").await;
        t.person("lee").reacts("heart", &other).await;
        t.person("ana").reacts("tada", &other).await;
        t.person("ana").unreacts("tada", &other).await;
        t.lives_until("2026-06-04 09:30").await;
        let latest = t.channel("support").messages().pop().expect("a prompt");
        let shown = t.slack.rendered(&latest);
        let opening: Vec<&str> = shown.lines().take(3).collect();
        assert_snapshot!(opening.join("\n"), @"
        The answer that most people liked last time:
        > The queue was empty at noon. (Mo)
        *Throwback Thursday* :hourglass_flowing_sand:
        ");
        // Without any, nothing opens it.
        t.lives_until("2026-06-05 09:30").await;
        let latest = t.channel("support").messages().pop().expect("a prompt");
        assert!(t.slack.rendered(&latest).starts_with("*Feedback Friday*"));
    });
}
