//! The form: opened from everywhere, filled in, put right, given.

use insta::assert_snapshot;
use plaudit::sandbox::{Fault, Guest, NewPerson};
use plaudit::workspace::Givers;
use serde_json::json;
use std::time::Duration;

use crate::harness::{Setup, Story, story, story_needing, story_with};

const INTERACTIVITY: &str = "/slack/interactivity";

#[test]
fn the_command_alone_opens_the_form_and_the_form_gives() {
    story_needing(&["channels:read"], async |t| {
        let lee = t.person("lee");
        assert_snapshot!(lee.runs("/kudos").await, @"");
        assert_snapshot!(lee.modal(), @"
        == Give kudos ==
        Who helped?: [(Pick one or more) ▾]
        What did they do?: [(calming the refund storm with a full queue)]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        lee.picks("Who helped?", &["dana", "mo"]).await;
        lee.fills("What did they do?", "calming the refund storm with a full queue")
            .await;
        lee.picks("What it shows", &["calm"]).await;
        assert_snapshot!(lee.submits().await, @"");
        assert_snapshot!(t.slack.rendered(&lee.private()), @"
        Dana and Mo will see it; 3 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *Dana* and *Mo*
        > calming the refund storm with a full queue
        #calm
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you
        > calming the refund storm with a full queue
        #calm
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
        assert_snapshot!(t.person("lee").clicks("Undo").await, @"Taken back. It's gone from #kudos and the DMs of Dana and Mo, and you have 5 left today.");
        assert!(
            t.export()
                .await
                .iter()
                .all(|row| row.source == "modal" && row.reversed_at.is_some())
        );
    });
}

#[test]
fn people_alone_open_it_filled_in() {
    story(async |t| {
        let lee = t.person("lee");
        lee.runs("/kudos @dana @mo #calm").await;
        let filled = lee.modal();
        assert!(filled.contains("@dana") || filled.contains("Dana"), "{filled}");
        assert_snapshot!(filled, @"
        == Give kudos ==
        Who helped?: [Dana, Mo ▾]
        What did they do?: [(calming the refund storm with a full queue)]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [x] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        // Plain names, as without Slack's escaping.
        assert_eq!(lee.runs_raw("/kudos @Dana Kim, @mo").await, "");
        assert_snapshot!(lee.modal().lines().take(3).collect::<Vec<_>>().join(" / "), @"== Give kudos == / Who helped?: [Dana, Mo ▾] / What did they do?: [(calming the refund storm with a full queue)]");
        // What can't be thanked has its own sentence, as with words.
        for line in ["/kudos @lee", "/kudos @weatherbot", "/kudos @channel"] {
            let said = lee.runs(line).await;
            assert!(!said.is_empty(), "{line}");
        }
        assert_snapshot!(lee.runs_raw("/kudos @danna").await, @r#"I don't know a "danna" here. Type @ and pick from Slack's list. Your words: "@danna""#);
    });
}

#[test]
fn what_must_be_put_right_stands_beside_its_field_and_nothing_is_lost() {
    let mut setup = Setup {
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    setup.settings.allowance = Some(2);
    setup.settings.least_words = 3;
    story_with(setup, async |t| {
        let lee = t.person("lee");
        lee.runs("/kudos").await;
        lee.picks("Who helped?", &["lee"]).await;
        lee.fills("What did they do?", "calming the refund storm").await;
        assert_snapshot!(lee.submits().await, @"
        == Give kudos ==
        Who helped?: [Lee ▾]
          ! Kudos are for others. Tell me who helped you, and I'll pass it on.
        What did they do?: [calming the refund storm]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        lee.picks("Who helped?", &["dana"]).await;
        lee.fills("What did they do?", "thanks").await;
        assert_snapshot!(lee.submits().await, @"
        == Give kudos ==
        Who helped?: [Dana ▾]
        What did they do?: [thanks]
          What was it, for whom, and what was better afterwards?
          ! This workspace asks for at least 3 words: what happened, and whom did it help?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        lee.fills("What did they do?", "calming the refund storm").await;
        lee.picks("Who helped?", &["dana", "mo", "ana"]).await;
        assert_snapshot!(lee.submits().await, @"
        == Give kudos ==
        Who helped?: [Dana, Mo, Ana ▾]
          ! This needs 3 and you have 2 left today. Two new ones at midnight, Europe/Berlin. Thank fewer people, or thank them as a team.
        What did they do?: [calming the refund storm]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        lee.picks("Who helped?", &["dana", "mo"]).await;
        assert_snapshot!(lee.submits().await, @"");
        assert_snapshot!(t.slack.rendered(&lee.private()), @"
        Dana and Mo will see it; that was your last one today; two new ones at midnight.
        [Undo]
        ");
        assert_eq!(t.export().await.len(), 2);
        // The same form again, while none are left.
        lee.runs("/kudos @ana").await;
        lee.fills("What did they do?", "finding the cause of the outage").await;
        assert_snapshot!(lee.submits().await, @r#"
        == Give kudos ==
        Who helped?: [Ana ▾]
          ! This needs 1 and you have 0 left today. Two new ones at midnight, Europe/Berlin. Tick "send it tomorrow" below, or thank fewer people.
        What did they do?: [finding the cause of the outage]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        "#);
        lee.picks("And", &["later"]).await;
        assert_snapshot!(lee.submits().await, @"");
        assert_snapshot!(t.slack.rendered(&lee.private()), @"
        It goes out tomorrow at 9:00, Europe/Berlin.
        [Cancel]
        ");
        t.run_jobs_until(plaudit::base::clock::Instant::from_millis(1_780_470_060_000))
            .await;
        assert_eq!(t.export().await.len(), 3);
        assert_snapshot!(t.dm("ana"), @"
        *Lee* thanked you
        > finding the cause of the outage
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
    });
}

#[test]
fn it_is_announced_where_the_giver_says() {
    story_needing(&["channels:read"], async |t| {
        let lee = t.person("lee");
        lee.runs("/kudos @dana").await;
        lee.fills("What did they do?", "answering in three languages").await;
        lee.fills("Announce it in", "support").await;
        lee.picks("And", &["only_them"]).await;
        assert_snapshot!(lee.submits().await, @r#"
        == Give kudos ==
        Who helped?: [Dana ▾]
        What did they do?: [answering in three languages]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [#support ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
          ! You also ticked "Only they hear it". Empty this field, or untick that.
        And (optional): [ ] A customer said this  [x] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        "#);
        lee.picks("And", &[]).await;
        assert_eq!(lee.submits().await, "");
        t.run_jobs().await;
        assert_snapshot!(t.channel("support").shows(), @"
        :clap: *Lee* thanked *Dana*
        > answering in three languages
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_eq!(t.channel("kudos").shows(), "");
        let lee = t.person("lee");
        lee.runs("/kudos @mo").await;
        lee.fills("What did they do?", "staying on the line until it worked")
            .await;
        lee.picks("And", &["only_them"]).await;
        assert_eq!(lee.submits().await, "");
        assert_snapshot!(t.slack.rendered(&lee.private()), @"
        Mo has it by DM. 3 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert_snapshot!(t.dm("mo"), @"
        *Lee* thanked you
        > staying on the line until it worked
        You can pass it on: type /kudos @someone and say why.
        [Say thanks back] [Notification settings]
        ");
    });
}

#[test]
fn a_private_place_is_kept_unless_the_giver_chooses() {
    story_needing(&["channels:read", "groups:read"], async |t| {
        t.person("lee")
            .runs_in("escalations", "/kudos @dana for the first call")
            .await;
        t.run_jobs().await;
        let lee = t.person("lee");
        lee.runs_in("escalations", "/kudos @mo").await;
        assert!(lee.modal().contains("escalations"), "{}", lee.modal());
        lee.fills("What did they do?", "taking the second call").await;
        assert_eq!(lee.submits().await, "");
        t.run_jobs().await;
        assert_eq!(t.channel("kudos").shows(), "");
        assert!(t.channel("escalations").shows().contains("taking the second call"));
    });
}

#[test]
fn thanks_for_a_message_begin_with_its_words() {
    story_needing(&["channels:read"], async |t| {
        let post = t
            .person("dana")
            .says_in(
                "support",
                "Refunds are through: all 214 of them, <@U0NOBODY> can go home",
            )
            .await;
        let lee = t.person("lee");
        assert_snapshot!(lee.uses_shortcut_at(&post, "Give kudos for this").await, @"
        == Give kudos ==
        Who helped?: [Dana ▾]
        What did they do?: [“Refunds are through: all 214 of them, <@U0NOBODY> can go home” ]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        assert_eq!(lee.submits().await, "");
        let rows = t.export().await;
        assert_eq!(
            (rows[0].source.as_str(), rows[0].message_ts.as_deref()),
            ("shortcut", None)
        );
        assert_eq!(rows[0].receiver, t.person("dana").id.as_str());
        t.run_jobs().await;
    });
}

#[test]
fn a_customers_words_are_quoted_and_cost_nothing() {
    story_needing(&["channels:read"], async |t| {
        let post = t
            .person("mo")
            .says_in("support", "She stayed on the line until the boiler came back on.")
            .await;
        let lee = t.person("lee");
        assert_snapshot!(lee.uses_shortcut_at(&post, "Pass on customer words").await, @"
        == Give kudos ==
        Who helped?: [(Pick one or more) ▾]
        What did they do?: [She stayed on the line until the boiler came back on.]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [(As usual) ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [x] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        lee.picks("Who helped?", &["dana"]).await;
        assert_eq!(lee.submits().await, "");
        assert_snapshot!(t.slack.rendered(&lee.private()), @"
        Dana will see it.
        [Undo]
        ");
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"
        A customer said about *Dana*
        > She stayed on the line until the boiler came back on.
        passed on by Lee
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("dana"), @"
        A customer said about you
        > She stayed on the line until the boiler came back on.
        passed on by Lee
        You can pass it on: type /kudos @someone and say why.
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
        assert_eq!(t.export().await[0].source, "customer");
        assert_eq!(
            t.number("SELECT CAST(COALESCE(SUM(used), 0) AS BIGINT) FROM allowance")
                .await,
            0
        );
    });
}

#[test]
fn the_global_shortcut_has_no_place_and_tells_by_direct_message() {
    story(async |t| {
        let lee = t.person("lee");
        lee.uses_shortcut("Give kudos").await;
        lee.picks("Who helped?", &["dana"]).await;
        lee.fills("What did they do?", "writing the guide for new colleagues")
            .await;
        assert_eq!(lee.submits().await, "");
        assert_snapshot!(t.dm("lee"), @"
        Dana will see it. It's in #kudos; 4 left today.
        [Undo]
        ");
        t.run_jobs().await;
        assert!(t.channel("kudos").shows().contains("writing the guide"));
    });
}

#[test]
fn it_opens_whatever_the_database_does() {
    let mut setup = Setup::default();
    setup.deadlines.opening.known = Duration::ZERO;
    story_with(setup, async |t| {
        let lock = t.locks_database().await;
        let lee = t.person("lee");
        assert_eq!(lee.runs("/kudos").await, "");
        assert!(lee.modal().contains("Give kudos"));
        assert_eq!(lee.runs("/kudos @dana").await, "");
        assert_snapshot!(lee.modal().lines().take(6).collect::<Vec<_>>().join(" / "), @"== Give kudos == / Who helped?: [Dana ▾] / What did they do?: [(calming the refund storm with a full queue)] /   What was it, for whom, and what was better afterwards? / What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork / Announce it in (optional): [(As usual) ▾]");
        // Nobody can say who that is: what was typed stands in the form.
        assert_eq!(lee.runs_raw("/kudos @Dana Kim").await, "");
        assert_snapshot!(lee.modal().lines().take(6).collect::<Vec<_>>().join(" / "), @"== Give kudos == / Who helped?: [(Pick one or more) ▾] / What did they do?: [@Dana Kim] /   What was it, for whom, and what was better afterwards? / What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork / Announce it in (optional): [(As usual) ▾]");
        lee.picks("Who helped?", &["dana"]).await;
        lee.fills("What did they do?", "calming the refund storm").await;
        let shown = lee.submits().await;
        assert!(
            shown.contains("couldn't save this just now") && shown.contains("calming the refund storm"),
            "{shown}"
        );
        lock.release().await;
        assert_eq!(lee.submits().await, "");
        assert_eq!(t.export().await.len(), 1);
        t.run_jobs().await;
    });
}

#[test]
fn an_expired_trigger_gets_a_button_that_opens_it_again() {
    story(async |t| {
        let lee = t.person("lee");
        let support = t.channel("support").id;
        let old = t.slack.runs_command(&lee.id, &support, "/kudos help").await.trigger_id;
        t.wait(Duration::from_secs(4));
        let dana = t.person("dana").id;
        let (headers, body) = t
            .slack
            .signed_request("/slack/commands", &lee.form(&old, &format!("<@{dana}> #calm")));
        let answer = t.slack.raw("/slack/commands", &headers, &body).await;
        assert!(answer.body.contains("Open it again"), "{}", answer.body);
        assert_eq!(lee.modal(), "");
        assert_eq!(
            t.number("SELECT COUNT(*) FROM draft WHERE kind = 'kudos.modal'").await,
            1
        );
    });
}

#[test]
fn when_slack_is_slow_what_was_typed_is_kept() {
    let mut setup = Setup::default();
    setup.deadlines.opening.open = Duration::from_millis(100);
    story_with(setup, async |t| {
        t.fails("views.open", Fault::Hang, 1);
        let lee = t.person("lee");
        assert_snapshot!(lee.runs("/kudos @dana #calm").await, @"
        Slack didn't open the form in time. What you had is kept.
        [Open it again]
        ");
        assert_eq!(lee.modal(), "");
        t.fails("views.open", Fault::Status(503), 1);
        assert_snapshot!(lee.clicks("Open it again").await, @"
        Slack didn't open the form in time. What you had is kept.
        [Open it again]
        ");
        lee.clicks("Open it again").await;
        assert_snapshot!(lee.modal().lines().take(3).collect::<Vec<_>>().join(" / "), @"== Give kudos == / Who helped?: [Dana ▾] / What did they do?: [(calming the refund storm with a full queue)]");
        lee.fills("What did they do?", "calming the refund storm").await;
        assert_eq!(lee.submits().await, "");
        t.run_jobs().await;
        assert_eq!(t.export().await.len(), 1);
    });
}

#[test]
fn when_nothing_can_be_kept_the_words_are_given_back() {
    let mut setup = Setup::default();
    setup.deadlines.opening.known = Duration::ZERO;
    setup.deadlines.opening.keep = Duration::from_millis(100);
    story_with(setup, async |t| {
        let lock = t.locks_database().await;
        t.fails("views.open", Fault::Status(503), 1);
        assert_snapshot!(t.person("lee").runs_raw("/kudos @Dana Kim").await, @r#"Slack didn't open the form in time. Try again in a minute. Your words: "@Dana Kim""#);
        lock.release().await;
        t.settles().await;
    });
}

fn submission(t: &Story, hash: &str, words: &str) -> String {
    let (lee, dana) = (t.person("lee").id, t.person("dana").id);
    let payload = json!({
        "type": "view_submission", "team": { "id": t.slack.workspace() }, "user": { "id": lee }, "trigger_id": "",
        "view": {
            "id": "V1", "hash": hash, "type": "modal", "callback_id": "kudos.give", "private_metadata": "{}",
            "state": { "values": {
                "people": { "people": { "type": "multi_users_select", "selected_users": [dana] } },
                "words": { "words": { "type": "plain_text_input", "value": words } },
            } },
        },
    });
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish()
}

#[test]
fn a_submission_delivered_twice_is_given_and_told_once() {
    story(async |t| {
        let form = submission(t, "1.a", "calming the refund storm");
        for _ in 0..3 {
            let (headers, body) = t.slack.signed_request(INTERACTIVITY, &form);
            let answer = t.slack.raw(INTERACTIVITY, &headers, &body).await;
            assert_eq!((answer.status, answer.body.as_str()), (Some(200), ""));
            t.settles().await;
        }
        t.run_jobs().await;
        assert_eq!(t.export().await.len(), 1);
        assert_eq!(
            t.dm("lee").matches("will see it").count() + t.dm("lee").matches("has it").count(),
            1,
            "{}",
            t.dm("lee")
        );
    });
}

#[test]
fn a_slow_commit_closes_the_form_and_the_outcome_follows() {
    let mut setup = Setup::default();
    setup.deadlines.answer = Duration::from_millis(150);
    story_with(setup, async |t| {
        let lee = t.person("lee");
        lee.uses_shortcut("Give kudos").await;
        lee.picks("Who helped?", &["dana"]).await;
        lee.fills("What did they do?", "calming the refund storm").await;
        let lock = t.locks_database().await;
        let answer = t.slack.submits(&lee.id).await;
        assert_eq!(answer.error, None);
        assert_snapshot!(lee.modal(), @"
        == Give kudos ==
        Saving. No need to send it again; I'll confirm in a moment.
        [Close]
        ");
        lock.release().await;
        t.settles().await;
        t.run_jobs().await;
        let told = t.dm("lee");
        let given = t.export().await.len() == 1;
        assert!(
            given && told.contains("Dana") || told.contains("calming the refund storm"),
            "{told}"
        );
    });
}

#[test]
fn guests_hear_why_not_and_keep_their_words() {
    let mut setup = Setup::default();
    setup.settings.givers = Givers::FullMembers;
    story_with(setup, async |t| {
        t.slack
            .join(NewPerson {
                handle: "kit".to_owned(),
                display_name: "Kit".to_owned(),
                guest: Guest::MultiChannel,
                ..NewPerson::default()
            })
            .await;
        let kit = t.person("kit");
        kit.uses_shortcut("Give kudos").await;
        kit.picks("Who helped?", &["dana"]).await;
        kit.fills("What did they do?", "showing me around").await;
        let shown = kit.submits().await;
        assert!(
            shown.contains("guests can be thanked but don't give kudos") && shown.contains("showing me around"),
            "{shown}"
        );
    });
}
