//! The first run, and hello.

use insta::assert_snapshot;

use crate::harness::{Setup, story_needing, story_with};

#[test]
fn an_admin_is_led_one_step_at_a_time() {
    let setup = Setup {
        recognition: false,
        needs: vec!["channels:read", "groups:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        assert_snapshot!(t.person("lee").runs("/kudos setup").await, @"Nobody looks after Plaudit here yet. An admin of this workspace can: /kudos setup");
        let priya = t.person("priya");
        assert_snapshot!(priya.runs("/kudos setup").await, @"
        You look after Plaudit from now on; three short questions. Where are thanks announced? Pick the channel that most people read; I'll post each card there.
        (conversations_select) [Where they are given]
        ");
        assert_snapshot!(t.person("lee").runs("/kudos setup").await, @"Priya looks after Plaudit here and may change that; ask there.");
        // Into a channel where the app isn't.
        let random = t.channel("random").id;
        t.slack
            .chooses(&priya.id, &priya.private(), "setup.pick", random.as_str())
            .await;
        t.settles().await;
        assert_snapshot!(t.slack.rendered(&priya.private()), @"
        #random it is. I'm not in it yet: type /invite @Plaudit there, then come back here.
        [Done] [Later] [Another channel]
        ");
        t.slack.invite_app(&random).await;
        t.run_jobs().await;
        let priya = t.person("priya");
        assert_snapshot!(priya.clicks("Done").await, @"
        Shall an emoji give kudos, too, beside a name or as a reaction? Best one of your own: once an admin has added :kudos: to Slack, it can't be meant by accident.
        [Use :kudos:] [Another one] [None for now]
        ");
        // Left, a restart, and taken up again.
        t.restart().await;
        let priya = t.person("priya");
        assert!(priya.runs("/kudos setup").await.contains("Shall an emoji give kudos"));
        assert_snapshot!(priya.clicks("Use :kudos:").await, @"
        Ready. Cards stand in #random. Now say the first one, so that people see how it goes: /kudos @someone for what they did. Everything else is in /kudos settings.
        Shall I post a question each working day, to keep a channel talking? [Choose channel and time]
        ");
        assert_eq!(t.app.ctx.settings().emoji, ["kudos"]);
        priya.runs("/kudos @dana for calming the refund storm").await;
        assert_snapshot!(priya.runs("/kudos setup").await, @"
        Everything is set up. What there is to change is in /kudos settings.
        Shall I post a question each working day, to keep a channel talking? [Choose channel and time]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("random").shows(), @"
        Hello, I'm Plaudit: I pass thanks on. `/kudos @someone for what they did` says it here, and they hear of it. To send me away again: `/remove @Plaudit`.
        ---
        :clap: *Priya* thanked *Dana*
        > calming the refund storm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
    });
}

#[test]
fn another_emoji_goes_on_with_the_first_steps() {
    story_needing(&["channels:read"], async |t| {
        let priya = t.person("priya");
        assert!(priya.runs("/kudos setup").await.contains("Shall an emoji give kudos"));
        priya.clicks("Another one").await;
        priya.fills("emoji", ":applause-plaudit:").await;
        assert_eq!(priya.submits().await, "");
        t.settles().await;
        let next = t.slack.rendered(&priya.private());
        assert!(next.starts_with("Ready."), "{next}");
    });
}

#[test]
fn hello_is_said_once_in_a_channel() {
    story_needing(&["channels:read"], async |t| {
        let random = t.channel("random").id;
        t.slack.invite_app(&random).await;
        t.run_jobs().await;
        t.slack.remove_app(&random).await;
        t.slack.invite_app(&random).await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("random").shows(), @"Hello, I'm Plaudit: I pass thanks on. `/kudos @someone for what they did` says it here, and they hear of it. To send me away again: `/remove @Plaudit`.");
        let dana = t.person("dana").id;
        t.slack.leaves_channel(&dana, &random).await;
        t.slack.joins_channel(&dana, &random).await;
        t.run_jobs().await;
        assert_eq!(t.channel("random").messages().len(), 1);
    });
}

#[test]
fn another_process_hears_of_a_change() {
    story_needing(&[], async |t| {
        let other = plaudit::app::connect(
            t.db.clone(),
            t.app.ctx.slack.clone(),
            t.clock.clone(),
            plaudit::workspace::Settings::default(),
        )
        .await
        .expect("another process");
        t.person("priya").runs("/kudos setup").await;
        assert!(other.settings().stewards.is_empty());
        other.reload_settings().await.expect("settings");
        assert_eq!(other.settings().stewards, [t.person("priya").id]);
    });
}
