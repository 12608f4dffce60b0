//! Settings in Slack: for stewards, in Home and by command.

use insta::assert_snapshot;
use plaudit::workspace::Settings;

use crate::harness::{Setup, Story, story_with};

/// Priya looks after Plaudit; whoever else is told.
fn with_stewards(needs: &[&'static str], more: &'static [&'static str], tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        needs: needs.to_vec(),
        ..Setup::default()
    };
    story_with(setup, async |t| {
        let all: Vec<_> = std::iter::once("priya").chain(more.iter().copied()).collect();
        t.are_stewards(&all).await;
        tell(t).await;
    });
}

#[test]
fn a_steward_sees_every_setting_and_others_hear_whom_to_ask() {
    with_stewards(&[], &[], async |t| {
        assert_snapshot!(t.person("priya").runs("/kudos settings").await, @"
        *Recognition channel:* #kudos [Change]
        *How cards are posted:* each at once [Change]
        *Values:* #calm #clarity #curiosity #kindness #ownership #teamwork [Change]
        *Allowance:* 5 a day and person [Change]
        *Kudos emoji:* none; only words give [Change]
        *Who may give:* everybody [Change]
        *Required words:* as many as people like [Change]
        *Shared channels:* none are used [Change]
        *Monthly digest:* on the first working day, in #kudos [Change]
        *Time zone:* Asia/Kolkata, the first steward's [Change]
        *Answers to prompts:* stay in their thread [Change]
        *How long words are kept:* for ever [Change]
        *Boards:* on; the nobody-forgotten list for leads is off [Change]
        *Stewards:* Priya [Change]
        *Teams:* none; everybody is one [Change]
        *Automatic posts:* nothing is stopped [Stop them all]
        [History]
        ");
        assert_snapshot!(t.person("lee").runs("/kudos settings").await, @"Priya looks after Plaudit here and may change that; ask there.");
        t.person("priya").opens_home().await;
        t.person("lee").opens_home().await;
        t.run_jobs().await;
        assert!(t.person("priya").home().contains("*Allowance:* 5 a day and person"));
        assert!(!t.person("lee").home().contains("Allowance"));
        assert!(t.person("priya").runs("/kudos help").await.contains("/kudos settings"));
        assert!(!t.person("lee").runs("/kudos help").await.contains("/kudos settings"));
    });
}

#[test]
fn a_setting_is_changed_survives_a_restart_and_stands_in_the_history() {
    with_stewards(&[], &[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.allowance").await;
        assert_snapshot!(priya.modal(), @"
        == Allowance ==
        How many kudos may a person give on one day?: [5]
          Each person named costs one. 0: no limit.
        [Cancel] [Save]
        ");
        priya.fills("How many kudos may a person give on one day?", "3").await;
        assert_eq!(priya.submits().await, "");
        let shown = t.slack.rendered(&priya.private());
        assert!(shown.contains("*Allowance:* 3 a day and person"), "{shown}");
        t.restart().await;
        assert_eq!(t.app.ctx.settings().allowance, Some(3));
        let priya = t.person("priya");
        priya.opens_home().await;
        t.run_jobs().await;
        let priya = t.person("priya");
        assert_snapshot!(priya.presses("setup.history").await, @"
        == History ==
        2 June, 17:32 · *Priya* · Allowance
        5 a day and person → 3 a day and person
        2 June, 17:32 · *Priya* · Stewards
        nobody → Priya
        [Close]
        ");
    });
}

#[test]
fn values_are_one_a_line_and_what_is_wrong_is_said_beside_them() {
    with_stewards(&[], &[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.values").await;
        assert_snapshot!(priya.modal(), @"
        == Values ==
        One value a line: its name, an emoji, what it means (optional): [calm :ocean: kept a clear head, and others with it
        clarity :bulb: made something easy to understand
        curiosity :mag: asked until the real cause was found
        kindness :blue_heart: treated somebody as a person first
        ownership :key: saw it through to the end
        teamwork :handshake: made others' work easier]
          As in: calm :ocean: kept a clear head, and others with it. At most 20; a line that you remove is no value any more, what was said with it stays.
        [Cancel] [Save]
        ");
        priya.fills("values", "calm :ocean: a clear head\ncalm again").await;
        assert_snapshot!(priya.submits().await, @r#"
        == Values ==
        One value a line: its name, an emoji, what it means (optional): [calm :ocean: a clear head
        calm again]
          As in: calm :ocean: kept a clear head, and others with it. At most 20; a line that you remove is no value any more, what was said with it stays.
          ! Line 2: "calm" stands there twice.
        [Cancel] [Save]
        "#);
        priya.fills("values", "calm :ocean: a clear head\ncraft").await;
        assert_eq!(priya.submits().await, "");
        assert_eq!(t.app.ctx.settings().value_names(), ["calm", "craft"]);
    });
}

#[test]
fn an_everyday_emoji_is_taken_only_after_a_yes() {
    with_stewards(&[], &[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.emoji").await;
        priya.fills("Which emoji give kudos?", ":kudos: :clap:").await;
        assert_snapshot!(priya.submits().await, @"
        == Kudos emoji ==
        People use :clap: all day without meaning to give anything. Each one beside a name or below a message would give kudos, and cost the person some of the day's.
        Which emoji give kudos? (optional): [:kudos: :clap:]
          Best one of your own, such as :kudos:, which an admin adds to Slack. Empty: only words give.
        Are you sure? (optional): [ ] Yes, use it all the same
        [Cancel] [Save]
        ");
        assert!(t.app.ctx.settings().emoji.is_empty());
        // Saved again without a yes: asked again.
        assert!(priya.submits().await.contains("Are you sure?"));
        priya.picks("sure", &["yes"]).await;
        assert_eq!(priya.submits().await, "");
        assert_eq!(t.app.ctx.settings().emoji, ["kudos", "clap"]);
    });
}

#[test]
fn a_recognition_channel_is_one_where_cards_can_be_posted() {
    with_stewards(&["channels:read", "groups:read"], &[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.channel").await;
        assert_snapshot!(priya.modal(), @"
        == Recognition channel ==
        Where are thanks announced? (optional): [#kudos ▾]
          Empty: where they are given. I must be in the channel: type /invite @Plaudit there.
        [Cancel] [Save]
        ");
        priya.fills("channel", "random").await;
        assert_snapshot!(priya.submits().await, @"
        == Recognition channel ==
        Where are thanks announced? (optional): [#random ▾]
          Empty: where they are given. I must be in the channel: type /invite @Plaudit there.
          ! I'm not in that channel yet. Type /invite @Plaudit there, then save again.
        [Cancel] [Save]
        ");
        t.slack.share(&t.channel("support").id, "TOTHER").await;
        priya.fills("channel", "support").await;
        assert_snapshot!(priya.submits().await, @"
        == Recognition channel ==
        #support is shared with another company: its people will read every card there, and can be thanked there.
        Where are thanks announced? (optional): [#support ▾]
          Empty: where they are given. I must be in the channel: type /invite @Plaudit there.
        Are you sure? (optional): [ ] Yes, use it all the same
        [Cancel] [Save]
        ");
        priya.picks("sure", &["yes"]).await;
        assert_eq!(priya.submits().await, "");
        let settings = t.app.ctx.settings();
        assert_eq!(settings.channel, Some(t.channel("support").id));
        assert!(settings.shared_channels.contains(&t.channel("support").id));
    });
}

#[test]
fn on_the_minimal_manifest_a_channel_is_believed() {
    let setup = Setup {
        without: vec!["channels:read", "groups:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.person("priya").runs("/kudos setup").await;
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.channel").await;
        priya.fills("channel", "support").await;
        assert_eq!(priya.submits().await, "");
        assert_eq!(t.app.ctx.settings().channel, Some(t.channel("support").id));
    });
}

#[test]
fn there_is_always_a_steward_and_stewards_are_people() {
    with_stewards(&[], &[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.stewards").await;
        priya.picks("stewards", &["weatherbot"]).await;
        assert_snapshot!(priya.submits().await, @"
        == Stewards ==
        Who may change settings?: [Weatherbot ▾]
          The first one's time zone counts where none is set.
          ! Stewards are people of this workspace: no apps, nobody who left, no guests.
        [Cancel] [Save]
        ");
        priya.picks("stewards", &["lee", "priya"]).await;
        assert_eq!(priya.submits().await, "");
        assert_eq!(t.app.ctx.settings().stewards, [priya.id.clone(), t.person("lee").id]);
        // Lee hands it on to nobody.
        let lee = t.person("lee");
        lee.runs("/kudos settings").await;
        lee.clicks("setup.change.stewards").await;
        lee.picks("stewards", &[]).await;
        assert!(lee.submits().await.contains("required"));
    });
}

#[test]
fn of_two_who_save_at_once_the_later_one_is_asked_again() {
    with_stewards(&[], &["lee"], async |t| {
        for handle in ["priya", "lee"] {
            t.person(handle).runs("/kudos settings").await;
            t.person(handle).clicks("setup.change.announcement").await;
        }
        t.person("priya").picks("announcement", &["thread"]).await;
        assert_eq!(t.person("priya").submits().await, "");
        t.person("lee").picks("announcement", &["round_up"]).await;
        assert_snapshot!(t.person("lee").submits().await, @"
        == How cards are posted ==
        Somebody changed this while you had it open. It is now: each at once, in the thread of the day's post. Below is yours; save again to put it in its place.
        How are cards posted there?: [ ] Each at once  [ ] In the thread of the day's post  [x] All together, each working morning
        [Cancel] [Save]
        ");
        assert_eq!(t.person("lee").submits().await, "");
        assert_eq!(
            t.app.ctx.settings().announcement,
            plaudit::workspace::Announcement::RoundUp
        );
    });
}

#[test]
fn while_the_database_is_locked_nothing_typed_is_lost() {
    with_stewards(&[], &[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        // A form opens from memory.
        let lock = t.locks_database().await;
        priya.clicks("setup.change.least_words").await;
        priya.fills("least_words", "4").await;
        let seen = priya.submits().await;
        assert!(seen.contains("it's my side, not yours") && seen.contains('4'), "{seen}");
        lock.release().await;
        assert_eq!(priya.submits().await, "");
        assert_eq!(t.app.ctx.settings().least_words, 4);
    });
}

#[test]
fn who_is_no_steward_any_more_changes_nothing() {
    with_stewards(&[], &["lee"], async |t| {
        let lee = t.person("lee");
        lee.runs("/kudos settings").await;
        lee.clicks("setup.change.allowance").await;
        let (priya, only) = (t.person("priya").id, t.person("priya").id);
        let changed = t
            .app
            .ctx
            .change_settings(&priya, move |settings: &mut Settings| {
                settings.stewards = vec![only.clone()]
            })
            .await;
        changed.expect("stewards");
        lee.fills("allowance", "900").await;
        assert!(
            lee.submits()
                .await
                .contains("You are no steward any more. Priya looks after Plaudit here")
        );
        assert_eq!(t.app.ctx.settings().allowance, Some(5));
        lee.closes().await;
        assert_snapshot!(lee.clicks("setup.change.allowance").await, @"Priya looks after Plaudit here and may change that; ask there.");
    });
}

#[test]
fn silence_is_safe_and_says_who_wanted_it() {
    with_stewards(&["channels:read"], &["lee"], async |t| {
        t.person("priya").runs("/kudos settings").await;
        let shown = t.person("priya").clicks("setup.quiet").await;
        assert!(
            shown.contains("*Automatic posts:* stopped by Priya since 2 June, 17:32"),
            "{shown}"
        );
        t.slack.invite_app(&t.channel("random").id).await;
        t.run_jobs().await;
        assert_eq!(t.channel("random").shows(), "");
        let shown = t.person("lee").runs("/kudos settings").await;
        assert!(shown.contains("[Let it post again]"), "{shown}");
        assert!(
            t.person("lee")
                .clicks("setup.quiet")
                .await
                .contains("nothing is stopped")
        );
    });
}

#[test]
fn the_other_forms_read_well() {
    with_stewards(&[], &[], async |t| {
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        let mut forms = Vec::new();
        for field in [
            "announcement",
            "emoji",
            "givers",
            "least_words",
            "shared_channels",
            "timezone",
            "keep_words",
            "stewards",
        ] {
            priya.clicks(&format!("setup.change.{field}")).await;
            forms.push(priya.modal());
            priya.closes().await;
        }
        assert_snapshot!(forms.join("\n\n"), @"
        == How cards are posted ==
        How are cards posted there?: [x] Each at once  [ ] In the thread of the day's post  [ ] All together, each working morning
        [Cancel] [Save]

        == Kudos emoji ==
        Which emoji give kudos? (optional): []
          Best one of your own, such as :kudos:, which an admin adds to Slack. Empty: only words give.
        [Cancel] [Save]

        == Who may give ==
        Who may give?: [x] Everybody  [ ] Everybody but guests
        Guests of a single channel: [x] People like others  [ ] Left out
        [Cancel] [Save]

        == Required words ==
        How many words must a reason have?: [0]
          0: few words are no reason to refuse a thank-you; I ask for more afterwards.
        [Cancel] [Save]

        == Shared channels ==
        In which channels shared with another company may cards be posted? (optional): [ ▾]
          The other company's people read those cards and can be thanked there; they don't give.
        [Cancel] [Save]

        == Time zone ==
        In which zone are days and months counted? (optional): []
          As in Europe/Berlin. Empty: the first steward's. What was counted doesn't move.
        [Cancel] [Save]

        == How long words are kept ==
        For how many months are words kept?: [0]
          0: for ever. Counts stay when words go; words that are gone don't come back.
        [Cancel] [Save]

        == Stewards ==
        Who may change settings?: [Priya ▾]
          The first one's time zone counts where none is set.
        [Cancel] [Save]
        ");
        priya.clicks("setup.change.timezone").await;
        priya.fills("timezone", "Berlin").await;
        assert!(priya.submits().await.contains("I don't know that zone."));
        priya.fills("timezone", "Europe/Berlin").await;
        assert_eq!(priya.submits().await, "");
        priya.clicks("setup.change.keep_words").await;
        priya.fills("keep_words", "12").await;
        assert_eq!(priya.submits().await, "");
        assert_eq!(t.app.ctx.settings().keep_words, Some(12));
    });
}
