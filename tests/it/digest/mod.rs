//! The monthly digest: what everybody reads, when, and who sees it before.

mod calendar;
mod golden;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono_tz::Tz;
use insta::assert_snapshot;
use plaudit::base::calendar::{Day, at_hour, local_day};
use plaudit::base::clock::Instant;
use plaudit::base::ids::UserId;
use plaudit::kudos::{self, Announce, Give, Receiver, Source, Switch, record};
use plaudit::sandbox::Fault;
use plaudit::slack::inbound::{Profile, User};
use plaudit::store::{StoreError, Tx};
use plaudit::workspace::{Settings, Silence, Team, TeamKind, save_team, upsert};

use crate::harness::{START, Setup, Story, story_with};

const HOUR: Duration = Duration::from_secs(3_600);

/// Priya looks after Plaudit, in Berlin's zone.
fn with_steward(needs: &[&'static str], tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        settings: Settings {
            timezone: Some(Tz::Europe__Berlin),
            ..Settings::default()
        },
        needs: needs.to_vec(),
        ..Setup::default()
    };
    story_with(setup, async |t| {
        let priya = t.person("priya").id;
        let changed = t
            .app
            .ctx
            .change_settings(&priya.clone(), move |settings| settings.stewards = vec![priya.clone()])
            .await;
        changed.expect("a steward");
        tell(t).await;
    });
}

/// Nine o'clock in Berlin on a day.
fn advance(t: &Story, day: &str, hour: u32) {
    let day: Day = day.parse().expect("a day");
    t.clock.advance_to(at_hour(day, hour, Tz::Europe__Berlin));
}

fn parts(t: &Story, channel: &str) -> (Vec<String>, Vec<String>) {
    let (mut top, mut below) = (Vec::new(), Vec::new());
    for message in t.channel(channel).messages() {
        let is_reply = message.thread_ts.as_ref().is_some_and(|thread| *thread != message.ts);
        let list = if is_reply { &mut below } else { &mut top };
        list.push(t.slack.rendered(&message));
    }
    (top, below)
}

/// The digests in a channel, and what stands in their threads.
fn digests(t: &Story, channel: &str) -> (String, String) {
    let (top, below) = parts(t, channel);
    let top: Vec<String> = top
        .into_iter()
        .filter(|text| text.contains("switch this off"))
        .collect();
    (top.join("\n---\n"), below.join("\n---\n"))
}

async fn a_month(t: &mut Story) {
    for (who, line) in [
        ("lee", "@dana for calming the refund storm with a full queue #calm"),
        ("ana", "@mo for the first cup of tea #kindness"),
        ("mo", "@wei for the map of all queues #clarity #calm"),
        ("dana", "@wei for seeing the outage before any customer did #ownership"),
    ] {
        t.person(who).runs(&format!("/kudos {line}")).await;
        t.run_jobs().await;
        t.wait(30 * HOUR);
    }
    t.person("jon").clicks_in("kudos", "Me too").await;
    t.person("lee").clicks_in("kudos", "Me too").await;
    t.run_jobs().await;
}

#[test]
fn a_month_is_told_on_the_first_working_day_with_names_and_picture_in_its_thread() {
    with_steward(&["channels:read", "files:write"], async |t| {
        a_month(t).await;
        advance(t, "2026-07-01", 8);
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, "", "not before nine");
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let (digest, thread) = digests(t, "kudos");
        assert_snapshot!(digest, @"
        June in Contact centre
        4 thanks from 4 people. 42 % of us were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [June's board]
        Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
        ");
        assert_snapshot!(thread, @"
        Thanked in June: Dana, Mo, Wei
        ---
        ");
        // The month's board, for whoever asks, and nothing changes for the others.
        let ana = t.person("ana");
        ana.clicks_in("kudos", "June's board").await;
        assert_snapshot!(t.slack.rendered(&ana.private()), @"
        *42 %* of us were thanked in the last 30 days, as in June (3 of 7).
        *Who thanked the most different people in June*
        1. *Dana* · 1 person
        1. *Lee* · 1 person
        1. *Mo* · 1 person
        1. *Ana* · 1 person
        Words that most people joined:
        > seeing the outage before any customer did (Dana to Wei, 2 joined)
        [Thanked] [Customers] [Share]
        ");
        assert_eq!(digests(t, "kudos").0, digest);
        // Once, whatever looks how often.
        t.wait(24 * HOUR);
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, digest);
        assert_snapshot!(t.dm("priya"), @r#"
        June's digest goes to #kudos on Wednesday, 1 July at 9:00.
        ———
        June in Contact centre
        4 thanks from 4 people. 42 % of us were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [June's board]
        [Post now] [Skip] [Add your words]
        ---
        June's digest is posted. For those who have one minute, to forward:
        *June in Contact centre: recognition*
        4 thanks from 4 people. 42 % of the team were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined: "seeing the outage before any customer did"
        [Stop these messages]
        "#);
    });
}

#[test]
fn stewards_see_it_the_working_day_before_and_may_skip_it_or_put_words_on_top() {
    with_steward(&["channels:read", "files:write"], async |t| {
        a_month(t).await;
        advance(t, "2026-06-30", 9);
        t.run_jobs().await;
        assert_snapshot!(t.dm("priya"), @"
        June's digest goes to #kudos on Wednesday, 1 July at 9:00. This is how it looks now; the rest of the month is added by itself.
        ———
        June in Contact centre
        4 thanks from 4 people. 42 % of us were thanked. It still lacks Tuesday 30 June.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [June's board]
        [Post now] [Skip] [Add your words]
        ");
        assert_snapshot!(t.person("lee").runs("/kudos digest").await, @"
        May was quiet here: no kudos.
        A first one takes ten seconds: /kudos @someone for …
        [Send me my month]
        ");
        let priya = t.person("priya");
        priya.clicks_in_dm("Add your words").await;
        assert_snapshot!(priya.modal(), @"
        == Your words ==
        What do you want to say above June's digest? (optional): []
          A few sentences in your own voice. Empty: none.
        [Cancel] [Save]
        ");
        priya
            .fills(
                "What do you want to say above June's digest?",
                "A month of storms, and of people who *kept* calm & kind. Write to me at priya@kettle.example",
            )
            .await;
        assert_eq!(priya.submits().await, "");
        assert!(t.dm("priya").contains("A month of storms"), "{}", t.dm("priya"));
        priya.clicks_in_dm("Skip").await;
        assert_snapshot!(t.dm("priya"), @"
        June goes without a digest.
        [Post it after all]
        ");
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, "");
        // The stewards' words are theirs, and so is the way back.
        let theirs = t.person("priya").runs("/kudos digest").await;
        assert!(
            theirs.contains("A month of storms") && theirs.contains("[Post it after all]"),
            "{theirs}"
        );
        let others = t.person("lee").runs("/kudos digest").await;
        assert!(others.contains("4 thanks from 4 people"), "{others}");
        assert!(
            !others.contains("A month of storms") && !others.contains("after all"),
            "{others}"
        );
        t.person("priya").clicks_in_dm("Post it after all").await;
        t.run_jobs().await;
        assert_snapshot!(digests(t, "kudos").0, @"
        June in Contact centre
        A month of storms, and of people who *kept* calm & kind. Write to me at [e-mail address]
        4 thanks from 4 people. 42 % of us were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [June's board]
        Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
        ");
    });
}

/// Priya's settings, changed.
async fn set(t: &Story, change: impl Fn(&mut Settings) + Send + Sync + 'static) {
    let priya = t.person("priya").id;
    t.app.ctx.change_settings(&priya, change).await.expect("settings");
}

async fn turns(t: &Story, who: &str, switch: Switch) {
    let (workspace, who, now) = (t.slack.workspace(), t.person(who).id, t.app.ctx.clock.now());
    let turned: Result<_, StoreError> =
        t.db.write(async move |tx: &mut Tx| kudos::turn(tx, &workspace, &who, switch, true, now).await)
            .await;
    turned.expect("a switch");
}

#[test]
fn nobody_is_named_or_quoted_who_does_not_want_it_and_private_words_stay_private() {
    with_steward(&["channels:read", "groups:read"], async |t| {
        t.person("lee")
            .runs_in("escalations", "/kudos @ana for the secret project")
            .await;
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.person("mo").runs("/kudos @wei for a map that nobody may see").await;
        t.person("ana").runs("/kudos @jon for something kept between us").await;
        t.person("dana").runs("/kudos @mo for the first cup of tea").await;
        t.run_jobs().await;
        for who in ["jon", "priya"] {
            t.person(who).clicks_in("kudos", "Me too").await;
            t.person(who).clicks_in("escalations", "Me too").await;
        }
        // Wei hides it, Jon keeps thanks to himself, Dana wants to be left out.
        let card = t
            .channel("kudos")
            .messages()
            .into_iter()
            .find(|card| t.slack.rendered(card).contains("nobody may see"));
        t.slack
            .chooses(&t.person("wei").id, &card.expect("a card"), "kudos.menu", "Hide")
            .await;
        t.settles().await;
        turns(t, "jon", Switch::Private).await;
        turns(t, "dana", Switch::Unlisted).await;
        t.run_jobs().await;
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let (digest, thread) = digests(t, "kudos");
        assert_snapshot!(digest, @"
        June in Contact centre
        5 thanks from 4 people. 71 % of us were thanked.
        [June's board]
        Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
        ");
        assert_snapshot!(thread.lines().filter(|line| line.starts_with("Thanked in June")).collect::<String>(), @"Thanked in June: Ana, Mo");
        for private in ["secret", "refund storm", "nobody may see", "between us", "cup of tea"] {
            assert!(!digest.contains(private), "{private}: {digest}");
        }
    });
}

#[test]
fn down_on_the_day_it_comes_late_and_after_five_working_days_it_asks() {
    with_steward(&["channels:read"], async |t| {
        a_month(t).await;
        // Down from the middle of June until Sunday, the fifth of July; it waits for Monday's morning.
        advance(t, "2026-07-05", 15);
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, "");
        advance(t, "2026-07-06", 9);
        t.run_jobs().await;
        assert!(
            digests(t, "kudos").0.starts_with("June in Contact centre"),
            "{}",
            digests(t, "kudos").0
        );
        assert!(!t.dm("priya").contains("Post now"), "{}", t.dm("priya"));
    });
    with_steward(&["channels:read"], async |t| {
        a_month(t).await;
        advance(t, "2026-07-09", 9);
        t.restart().await;
        t.run_jobs().await;
        assert_eq!(digests(t, "kudos").0, "");
        assert_snapshot!(t.dm("priya"), @"
        June's digest was due on Wednesday, 1 July at 9:00 and could not be posted then. It is too late to post it without asking you; it would go to #kudos.
        ———
        June in Contact centre
        4 thanks from 4 people. 42 % of us were thanked.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [June's board]
        [Post now] [Skip] [Add your words]
        ");
        t.person("priya").clicks_in_dm("Post now").await;
        t.run_jobs().await;
        assert!(digests(t, "kudos").0.starts_with("June in Contact centre"));
        assert_snapshot!(t.dm("priya").lines().next().unwrap_or_default(), @"June's digest is on its way to #kudos.");
    });
}

#[test]
fn silence_stops_it_and_when_silence_ends_it_comes() {
    with_steward(&["channels:read"], async |t| {
        a_month(t).await;
        let (by, since) = (t.person("priya").id, t.app.ctx.clock.now());
        set(t, move |settings| {
            settings.silence = Some(Silence { by: by.clone(), since })
        })
        .await;
        for day in ["2026-06-30", "2026-07-01", "2026-07-02"] {
            advance(t, day, 10);
            t.run_jobs().await;
        }
        assert_eq!((digests(t, "kudos").0.as_str(), t.dm("priya").as_str()), ("", ""));
        set(t, |settings| settings.silence = None).await;
        t.wait(HOUR);
        t.run_jobs().await;
        assert!(digests(t, "kudos").0.starts_with("June in Contact centre"));
    });
}

#[test]
fn switched_off_nothing_comes_and_switched_on_again_the_month_that_is_over_stays_untold() {
    with_steward(&["channels:read"], async |t| {
        a_month(t).await;
        let priya = t.person("priya");
        priya.runs("/kudos settings").await;
        priya.clicks("setup.change.digest_channel").await;
        assert_snapshot!(priya.modal(), @"
        == Monthly digest ==
        Is each month told in a digest?: [x] Yes  [ ] No
        In which channel? (optional): [ ▾]
          Empty: the recognition channel. I must be in the channel: type /invite @Plaudit there.
        [Cancel] [Save]
        ");
        priya.fills("Is each month told in a digest?", "No").await;
        assert_eq!(priya.submits().await, "");
        assert!(priya.runs("/kudos settings").await.contains("*Monthly digest:* off"));
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        set(t, |settings| settings.digest = true).await;
        t.wait(HOUR);
        t.run_jobs().await;
        assert_eq!((digests(t, "kudos").0.as_str(), t.dm("priya").as_str()), ("", ""));
        assert!(
            t.person("lee")
                .runs("/kudos digest june")
                .await
                .contains("4 thanks from 4 people")
        );
    });
}

#[test]
fn without_files_the_picture_is_text_and_its_words_are_read_aloud() {
    let setup = Setup {
        without: vec!["files:write"],
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.clock
            .advance_to(at_hour("2026-07-01".parse().expect("a day"), 9, Tz::UTC));
        t.run_jobs().await;
        let messages = t.channel("kudos").messages().into_iter();
        let mut charts = messages.filter(|message| t.slack.rendered(message).contains("Thanks per working day"));
        let chart = charts.next().expect("a chart");
        assert_snapshot!(t.slack.rendered(&chart), @"
        ```
        Thanks per working day
        Mon  1  0
        Tue  2 ████████████████████ 1
        Wed  3  0
        Thu  4  0
        Fri  5  0
        Mon  8  0
        Tue  9  0
        Wed 10  0
        Thu 11  0
        Fri 12  0
        Mon 15  0
        Tue 16  0
        Wed 17  0
        Thu 18  0
        Fri 19  0
        Mon 22  0
        Tue 23  0
        Wed 24  0
        Thu 25  0
        Fri 26  0
        Mon 29  0
        Tue 30  0

        Thanked in the month, % of Contact centre
        Jun ███ 14 %
        ```
        ");
        assert_snapshot!(chart.text, @"
        Thanks per working day in June: lowest 0 on the 1st, highest 1 on the 2nd. Coverage was 14 %.
        ```
        Thanks per working day
        Mon  1  0
        Tue  2 ████████████████████ 1
        Wed  3  0
        Thu  4  0
        Fri  5  0
        Mon  8  0
        Tue  9  0
        Wed 10  0
        Thu 11  0
        Fri 12  0
        Mon 15  0
        Tue 16  0
        Wed 17  0
        Thu 18  0
        Fri 19  0
        Mon 22  0
        Tue 23  0
        Wed 24  0
        Thu 25  0
        Fri 26  0
        Mon 29  0
        Tue 30  0

        Thanked in the month, % of Contact centre
        Jun ███ 14 %
        ```
        ");
    });
}

#[test]
fn the_picture_has_its_words_with_it() {
    with_steward(&["channels:read", "files:write"], async |t| {
        a_month(t).await;
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let messages = t.channel("kudos").messages();
        let files: Vec<_> = messages.iter().flat_map(|message| message.files.clone()).collect();
        let [picture] = files.as_slice() else {
            panic!("one picture: {files:?}")
        };
        assert_snapshot!(format!("{} {}: {}", picture.name, picture.title, picture.alt_text), @"2026-06.png June in Contact centre: Thanks per working day in June: lowest 0 on the 1st, highest 1 on the 2nd. 1 more at weekends. Coverage was 42 %.");
        assert!(picture.bytes.starts_with(b"\x89PNG") && picture.bytes.len() > 10_000);
    });
}

#[test]
fn posted_once_across_a_lost_answer_and_a_restart() {
    with_steward(&["channels:read", "channels:history", "files:write"], async |t| {
        a_month(t).await;
        advance(t, "2026-07-01", 9);
        t.fails("chat.postMessage", Fault::DoneThenDrop, 2);
        t.fails("files.completeUploadExternal", Fault::DoneThenDrop, 1);
        t.run_due_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        let (top, _) = parts(t, "kudos");
        assert_eq!(
            top.iter()
                .filter(|text| text.starts_with("June in Contact centre"))
                .count(),
            1,
            "{top:?}"
        );
        let messages = t.channel("kudos").messages();
        assert_eq!(
            messages.iter().flat_map(|message| &message.files).count(),
            1,
            "one picture"
        );
        assert_eq!(t.number("SELECT COUNT(*) FROM digest WHERE state = 'posted'").await, 1);
    });
}

#[test]
fn what_slack_refuses_is_told_to_the_stewards_and_the_month_is_open_again() {
    with_steward(&["channels:read"], async |t| {
        a_month(t).await;
        advance(t, "2026-06-30", 9);
        t.run_jobs().await;
        t.person("priya").clicks_in_dm("Post now").await;
        t.fails("chat.postMessage", Fault::Error("is_archived".to_owned()), 1);
        t.run_jobs().await;
        assert_snapshot!(t.dm("priya").lines().rev().take(8).collect::<Vec<_>>().join("\n"), @"
        [Post now] [Skip] [Add your words]
        [June's board]
        > seeing the outage before any customer did (Dana, 2 joined)
        Words that most people joined:
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        4 thanks from 4 people. 42 % of us were thanked. It still lacks Tuesday 30 June.
        June in Contact centre
        ———
        ");
        assert_eq!(t.number("SELECT COUNT(*) FROM closed_month").await, 0);
        t.person("priya").clicks_in_dm("Post now").await;
        t.run_jobs().await;
        assert!(digests(t, "kudos").0.contains("It still lacks Tuesday 30 June."));
    });
}

#[test]
fn a_month_closes_when_it_is_told_and_what_is_given_later_stays_open() {
    with_steward(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        advance(t, "2026-06-30", 9);
        t.run_jobs().await;
        assert!(t.person("lee").runs("/kudos sent").await.contains("[Take back]"));
        t.person("priya").clicks_in_dm("Post now").await;
        t.run_jobs().await;
        assert!(!t.person("lee").runs("/kudos sent").await.contains("[Take back]"));
        t.wait(HOUR);
        t.person("lee").runs("/kudos @mo for the very last evening").await;
        t.run_jobs().await;
        let sent = t.person("lee").runs("/kudos sent").await;
        assert_eq!(sent.matches("[Take back]").count(), 1, "{sent}");
        let again = t.person("priya").runs("/kudos digest june").await;
        assert!(
            again.starts_with("June in Contact centre\n2 thanks from 1 person."),
            "{again}"
        );
    });
}

#[test]
fn a_month_is_meant_or_it_is_a_kudos() {
    with_steward(&["channels:read"], async |t| {
        a_month(t).await;
        assert!(
            t.person("lee")
                .runs("/kudos digest this month")
                .await
                .starts_with("June in Contact centre")
        );
        assert_snapshot!(t.person("lee").runs("/kudos digest 2026-08").await, @"August hasn't begun yet, so there is nothing to tell.");
        assert!(
            t.person("lee")
                .runs("/kudos digest @dana for the weekly digest")
                .await
                .contains("Dana will see it")
        );
        t.run_jobs().await;
    });
}

async fn make_team(t: &Story, name: &str, people: &[&str], leads: &[&str]) {
    let (workspace, by, now) = (t.slack.workspace(), t.person("priya").id, t.app.ctx.clock.now());
    let of = |handles: &[&str]| {
        handles
            .iter()
            .map(|handle| t.person(handle).id)
            .collect::<Vec<UserId>>()
    };
    let (people, leads): (BTreeSet<UserId>, _) = (of(people).into_iter().collect(), of(leads));
    let team = Team {
        leads,
        ..Team::new(name, TeamKind::List, now)
    };
    let made: Result<(), StoreError> =
        t.db.write(async move |tx: &mut Tx| save_team(tx, &workspace, &by, &team, &people, now).await)
            .await;
    made.expect("a team");
}

#[test]
fn the_most_joined_words_of_a_colleague_stand_beside_a_customers() {
    with_steward(&["channels:read", "files:write"], async |t| {
        a_month(t).await;
        let post = t
            .person("mo")
            .says_in("support", "She stayed until the boiler came back on.")
            .await;
        let lee = t.person("lee");
        lee.uses_shortcut_at(&post, "Pass on customer words").await;
        lee.picks("Who helped?", &["dana"]).await;
        assert_eq!(lee.submits().await, "");
        t.run_jobs().await;
        for who in ["jon", "mo", "wei"] {
            t.person(who).clicks_in("kudos", "Me too").await;
        }
        t.run_jobs().await;
        // Somebody who may not be thanked any more isn't named either.
        let priya = t.person("priya").id;
        let changed = t
            .app
            .ctx
            .change_settings(&priya, |settings| settings.single_channel_guests = false)
            .await;
        changed.expect("guests to be left out");
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let (digest, thread) = digests(t, "kudos");
        assert_snapshot!(digest, @"
            June in Contact centre
            4 thanks from 4 people. 42 % of us were thanked.
            Customers said 1 kind thing, about Dana:
            > She stayed until the boiler came back on.
            What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
            Words that most people joined:
            > seeing the outage before any customer did (Dana, 2 joined)
            [June's board]
            Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
            ");
        assert_snapshot!(thread, @"
            Thanked in June: Dana, Mo, Wei
            ---
            ");
    });
}

#[test]
fn what_was_taken_back_after_the_month_is_in_no_figure_and_only_teams_were_thanked() {
    with_steward(&["channels:read", "usergroups:read", "files:write"], async |t| {
        let emea = t
            .slack
            .add_usergroup("support-emea", "Support EMEA", &[t.person("dana").id]);
        advance(t, "2026-06-29", 12);
        t.person("lee")
            .runs("/kudos @dana for calming the refund storm with a full queue")
            .await;
        let given = format!("/kudos <!subteam^{emea}|@support-emea> for the calm weekend");
        t.person("mo").runs_raw(&given).await;
        t.run_jobs().await;
        // The month is stored at its end; until its digest is posted something may be taken back.
        advance(t, "2026-07-01", 1);
        t.run_jobs().await;
        assert_eq!(t.number("SELECT thanked FROM coverage WHERE team = ''").await, 1);
        let lee = t.person("lee");
        lee.runs("/kudos sent").await;
        lee.clicks("Take back").await;
        t.run_jobs().await;
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let (digest, thread) = digests(t, "kudos");
        assert_snapshot!(digest, @"
        June in Contact centre
        1 thank-you from 1 person.
        [June's board]
        Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
        ");
        assert_snapshot!(thread, @"
        Thanked in June:
        As teams: Support EMEA
        ---
        ");
        assert_eq!(t.number("SELECT thanked FROM coverage WHERE team = ''").await, 0);
    });
}

#[test]
fn a_leads_month_leads_to_those_whom_nobody_thanked_lately() {
    with_steward(&["channels:read"], async |t| {
        make_team(t, "Support", &["dana", "lee", "ana"], &["lee"]).await;
        let priya = t.person("priya").id;
        let on = t
            .app
            .ctx
            .change_settings(&priya, |settings| settings.forgotten_list = true)
            .await;
        on.expect("the list to be on");
        a_month(t).await;
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let lee = t.person("lee");
        lee.clicks_in_dm("Not thanked lately: Support").await;
        assert_snapshot!(t.slack.rendered(&lee.private()), @"
        Not thanked for 20 working days in *Support*: Dana (2 June), Ana (not yet). Seen something worth saying?
        [Thank Dana] [Thank Ana]
        ");
        assert!(t.dm("lee").contains("For the leads of Support alone."));
    });
}

#[test]
fn leads_get_their_teams_month_and_whoever_asks_gets_their_own() {
    with_steward(&["channels:read"], async |t| {
        make_team(t, "Support", &["dana", "lee", "ana"], &["lee"]).await;
        make_team(t, "IT", &["mo", "wei"], &[]).await;
        make_team(t, "Sales", &["jon", "priya"], &[]).await;
        a_month(t).await;
        for (who, line) in [
            ("jon", "@wei for a demo that could not fail"),
            ("mo", "@dana for answering in five minutes"),
            ("priya", "@dana for the calmest handover"),
        ] {
            t.person(who).runs(&format!("/kudos {line}")).await;
        }
        t.run_jobs().await;
        t.person("dana").opens_home().await;
        t.run_jobs().await;
        let dana = t.person("dana");
        assert!(dana.home().contains("*Your month by DM:* no."), "{}", dana.home());
        dana.presses("Send me my month").await;
        t.run_jobs().await;
        assert!(t.person("dana").home().contains("*Your month by DM:* yes"));
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        assert_snapshot!(digests(t, "kudos").0, @"
        June in Contact centre
        7 thanks from 6 people. 42 % of us were thanked.
        From three teams or more: Dana, Wei
        Across teams: 5 of 7, most from Support to IT
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined:
        > seeing the outage before any customer did (Dana, 2 joined)
        [June's board]
        Everyone who was thanked, and the picture: in the thread · A steward can switch this off: /kudos settings
        ");
        let last = |handle: &str| t.dm(handle).rsplit("\n---\n").next().unwrap_or_default().to_owned();
        assert_snapshot!(last("lee"), @"
        June in Support
        3 thanks from 3 people. 33 % of the team were thanked.
        From three teams or more: Dana
        Across teams: 2 of 3, most from IT to Support
        What it was for: #calm 1
        Thanked: Dana
        For the leads of Support alone.
        [Stop these messages]
        ");
        assert_snapshot!(last("dana"), @"
        Your June
        3 people thanked you, in their words:
        > calming the refund storm with a full queue (Lee)
        > answering in five minutes (Mo)
        > the calmest handover (Priya)
        You thanked Wei.
        [Stop these messages]
        ");
        assert_snapshot!(last("priya"), @r#"
        June's digest is posted. For those who have one minute, to forward:
        *June in Contact centre: recognition*
        7 thanks from 6 people. 42 % of the team were thanked.
        Across teams: 5 of 7, most from Support to IT.
        What it was for: #calm 2 · #clarity 1 · #kindness 1 · #ownership 1
        Words that most people joined: "seeing the outage before any customer did"
        [Stop these messages]
        "#);
        assert_snapshot!(t.person("lee").clicks_in_dm("Stop these messages").await, @"
        You get your team's month no more.
        [Send them again]
        ");
        assert_eq!(
            t.number("SELECT COUNT(*) FROM edition WHERE edition = 'team' AND NOT is_wanted")
                .await,
            1
        );
        assert!(
            !t.dm("mo").contains("June"),
            "who didn't ask gets nothing: {}",
            t.dm("mo")
        );
    });
}

#[test]
fn five_hundred_people_are_all_named_once_in_as_many_messages_as_it_takes() {
    with_steward(&["channels:read"], async |t| {
        let workspace = t.slack.workspace();
        let users: Vec<User> = (0..500)
            .map(|n| User {
                id: UserId(format!("UMANY{n:04}")),
                name: format!("many{n}"),
                profile: Profile {
                    display_name: format!("Agent <{n:04}> & Partner"),
                    ..Profile::default()
                },
                ..User::default()
            })
            .collect();
        let at = Instant::from_millis(START);
        let day = local_day(at, Tz::Europe__Berlin);
        let lee = t.person("lee").id;
        let gives: Vec<Give> = users
            .chunks(20)
            .map(|some| Give {
                workspace: workspace.clone(),
                delivery: None,
                giver: lee.clone(),
                receivers: some.iter().map(|user| Receiver::Member(user.id.clone())).collect(),
                reason: format!("for a month like no other, {}", some[0].name),
                values: Vec::new(),
                source: Source::Command,
                channel: None,
                effect: None,
                at,
                giver_day: day,
                workspace_day: day,
                cost: 0,
                allowance: None,
                announce: Announce::Silent,
                unchecked: Vec::new(),
                thread: None,
                lane: String::new(),
            })
            .collect();
        let stored: Result<(), StoreError> =
            t.db.write(async move |tx: &mut Tx| {
                upsert(tx, &workspace, &users, Instant::default()).await?;
                record(tx, &gives).await.map(drop)
            })
            .await;
        stored.expect("a month");
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        let (_, below) = parts(t, "kudos");
        let named: Vec<&String> = below.iter().filter(|text| text.contains("hanked in June:")).collect();
        assert!(named.len() > 3, "{}", named.len());
        let all = named.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n");
        for n in 0..500 {
            assert_eq!(all.matches(&format!("{n:04}")).count(), 1, "{n}");
        }
        assert!(digests(t, "kudos").0.contains("500 thanks from 1 person."));
    });
}

#[test]
fn a_quiet_month_is_two_encouraging_lines() {
    with_steward(&["channels:read"], async |t| {
        advance(t, "2026-07-01", 9);
        t.run_jobs().await;
        assert_snapshot!(digests(t, "kudos").0, @"
        June was quiet here: no kudos.
        A first one takes ten seconds: /kudos @someone for …
        A steward can switch this off: /kudos settings
        ");
        assert_eq!(digests(t, "kudos").1, "");
    });
}
