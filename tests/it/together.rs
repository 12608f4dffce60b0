//! Cards in a day's thread, and cards told together on the next morning.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::sandbox::Fault;
use plaudit::workspace::{Announcement, Settings, Silence};

use crate::harness::{Setup, Story, story_with};

const HOUR: Duration = Duration::from_secs(3_600);

fn announcing(mode: Announcement) -> Setup {
    Setup {
        settings: Settings {
            announcement: mode,
            timezone: Some(chrono_tz::Europe::Berlin),
            ..Settings::default()
        },
        needs: vec!["channels:read", "channels:history"],
        ..Setup::default()
    }
}

fn top_level(t: &Story) -> Vec<String> {
    let messages = t.channel("kudos").messages().into_iter();
    messages
        .filter(|message| message.thread_ts.as_ref().is_none_or(|thread| *thread == message.ts))
        .map(|message| t.slack.rendered(&message))
        .collect()
}

fn replies(t: &Story) -> Vec<String> {
    let messages = t.channel("kudos").messages().into_iter();
    messages
        .filter(|message| message.thread_ts.as_ref().is_some_and(|thread| *thread != message.ts))
        .map(|message| t.slack.rendered(&message))
        .collect()
}

#[test]
fn a_days_cards_stand_under_one_opening_post() {
    story_with(announcing(Announcement::Thread), async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.person("ana").runs("/kudos @mo for the first cup of tea").await;
        t.run_jobs().await;
        assert_snapshot!(top_level(t).join("\n---\n"), @"
        *Tuesday, 2 June* :seedling:
        Today's thanks are in this thread. Yours takes ten seconds: /kudos @someone for …
        A steward can switch this post off: /kudos settings
        ");
        assert_snapshot!(replies(t).join("\n---\n"), @"
        :clap: *Lee* thanked *Dana*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Ana* thanked *Mo*
        > the first cup of tea
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert!(t.dm("dana").contains("See it in #kudos"));
        // The next day has its own.
        t.wait(24 * HOUR);
        t.person("lee").runs("/kudos @wei for the map of all queues").await;
        t.run_jobs().await;
        assert_eq!(top_level(t).len(), 2);
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert_eq!(replies(t).len(), 2);
    });
}

#[test]
fn the_opening_is_posted_once_across_a_lost_answer_and_a_restart() {
    story_with(announcing(Announcement::Thread), async |t| {
        t.fails("chat.postMessage", Fault::DoneThenDrop, 2);
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_due_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(top_level(t).len(), 1, "{:?}", top_level(t));
        assert_eq!(replies(t).len(), 1, "{:?}", replies(t));
    });
}

#[test]
fn without_an_opening_cards_stand_on_their_own() {
    story_with(announcing(Announcement::Thread), async |t| {
        t.fails("chat.postMessage", Fault::Error("msg_blocks_too_long".to_owned()), 1);
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_eq!((top_level(t).len(), replies(t).len()), (1, 0), "{:?}", top_level(t));
        assert!(top_level(t)[0].contains("refund storm"));
    });
    let mut silent = announcing(Announcement::Thread);
    silent.settings.silence = Some(Silence {
        by: "U1".into(),
        since: plaudit::base::clock::Instant::default(),
    });
    story_with(silent, async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_eq!(
            (top_level(t).len(), replies(t).len()),
            (1, 0),
            "silence stops the opening post, not people"
        );
    });
    // Set when the opening post was on its way already.
    story_with(announcing(Announcement::Thread), async |t| {
        t.fails("chat.postMessage", Fault::Status(503), 1);
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_due_jobs().await;
        let priya = t.person("priya").id;
        let silence = Silence {
            by: priya.clone(),
            since: plaudit::base::clock::Instant::default(),
        };
        let changed = t
            .app
            .ctx
            .change_settings(&priya, move |settings| settings.silence = Some(silence.clone()));
        changed.await.expect("silence");
        t.run_jobs().await;
        assert_eq!((top_level(t).len(), replies(t).len()), (1, 0), "{:?}", top_level(t));
        assert!(top_level(t)[0].contains("refund storm"));
        let changed = t.app.ctx.change_settings(&priya, |settings| settings.silence = None);
        changed.await.expect("no silence");
        t.person("lee").runs("/kudos @mo for the first cup of tea").await;
        t.run_jobs().await;
        assert_eq!(
            (top_level(t).len(), replies(t).len()),
            (2, 1),
            "the day has its post after all"
        );
    });
}

async fn next_morning(t: &mut Story) {
    // 14:02 until shortly after 09:00.
    t.wait(19 * HOUR);
    t.run_jobs().await;
}

#[test]
fn told_together_on_the_next_working_morning() {
    story_with(announcing(Announcement::RoundUp), async |t| {
        t.person("lee")
            .runs("/kudos @dana for calming the refund storm #calm")
            .await;
        t.run_jobs().await;
        assert_snapshot!(t.person("ana").runs("/kudos @mo @wei for the first cup of tea").await, @"
        Mo and Wei will see it. It will be in tomorrow's round-up in #kudos; 3 left today.
        [Undo]
        ");
        let long = "the outage that nobody noticed because of them ".repeat(10);
        t.person("priya").runs(&format!("/kudos @jon for {long}")).await;
        t.person("jon")
            .runs("/kudos @dana for something that was said too early")
            .await;
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert_snapshot!(t.dm("wei"), @"
        *Ana* thanked you
        > the first cup of tea
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");
        t.person("jon").clicks("Undo").await;
        next_morning(t).await;
        assert_snapshot!(top_level(t).join("\n---\n"), @"
        *What we thanked each other for* :seedling:
        *Lee* thanked *Dana*
        > calming the refund storm
        #calm [… Who joined in / Edit words / Hide / Report / Remove]
        *Ana* thanked *Mo* and *Wei*
        > the first cup of tea [… Who joined in / Edit words / Hide / Report / Remove]
        *Priya* thanked *Jon Berg*
        > the outage that nobody noticed because of them the outage that nobody noticed because of them the outage that nobody noticed because of them the outage that nobody noticed because of them the outage that nobody noticed because of them the outage that nobody noticed because of… [… Who joined in / Edit words / Hide / Report / Remove]
        The long ones are in the thread.
        A steward can switch this post off: /kudos settings
        ");
        assert_eq!(replies(t).len(), 1, "{:?}", replies(t));
        assert!(replies(t)[0].contains(long.trim()));
        assert_snapshot!(t.dm("wei"), @"
        *Ana* thanked you
        > the first cup of tea
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
        // What is told together can be put right together.
        let lines = t.person("lee").runs("/kudos sent").await;
        assert!(lines.contains("refund storm"), "{lines}");
        t.person("lee").clicks("Take back").await;
        t.run_jobs().await;
        assert!(!t.channel("kudos").shows().contains("refund storm"));
        assert!(t.channel("kudos").shows().contains("cup of tea"));
        let (mo, post) = (t.person("mo").id, t.first_in("kudos"));
        t.slack.chooses(&mo, &post, "kudos.menu", "Hide").await;
        t.settles().await;
        t.run_jobs().await;
        assert!(top_level(t)[0].contains("thanked *Wei*"), "{:?}", top_level(t));
    });
}

#[test]
fn a_weekend_is_told_on_monday_and_nothing_is_no_post() {
    story_with(announcing(Announcement::RoundUp), async |t| {
        // Friday, 14:02.
        t.wait(72 * HOUR);
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs("/kudos @mo for the tea").await, @"
        Mo will see it. It will be in Monday's round-up in #kudos; 3 left today. A few more words make it worth keeping: what did Mo do?
        [Add words] [Undo]
        ");
        t.run_jobs().await;
        t.wait(24 * HOUR);
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        t.wait(43 * HOUR);
        t.run_jobs().await;
        assert_eq!(top_level(t).len(), 1);
        t.person("lee").runs("/kudos @dana for something else").await;
        t.person("lee").runs("/kudos undo").await;
        t.wait(24 * HOUR);
        t.run_jobs().await;
        assert_eq!(top_level(t).len(), 1, "what was taken back makes no post");
    });
}

#[test]
fn a_roundup_is_posted_once_across_a_lost_answer_and_waits_while_it_is_silent() {
    story_with(announcing(Announcement::RoundUp), async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        let by = t.person("lee").id;
        let since = plaudit::base::clock::Instant::default();
        let silence = Silence { by: by.clone(), since };
        let quiet = move |settings: &mut Settings| settings.silence = Some(silence.clone());
        t.app.ctx.change_settings(&by, quiet).await.expect("a setting");
        next_morning(t).await;
        assert_eq!(t.channel("kudos").shows(), "");
        t.app
            .ctx
            .change_settings(&by, |settings| settings.silence = None)
            .await
            .expect("a setting");
        t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
        t.wait(24 * HOUR);
        t.run_due_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(top_level(t).len(), 1, "{:?}", top_level(t));
        assert!(top_level(t)[0].contains("refund storm"));
    });
}
