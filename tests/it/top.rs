//! `/kudos top`, `/kudos me`, what Home says of the month, and the nobody-forgotten list.

use std::process::Command;
use std::time::Duration;

use insta::assert_snapshot;
use plaudit::base::clock::Clock as _;
use plaudit::workspace::{Settings, Team, TeamKind, save_team};

use crate::harness::{Setup, Story, story, story_needing, story_with, written};

const DAY: Duration = Duration::from_secs(86_400);

async fn waits(t: &mut Story, days: u32) {
    for _ in 0..days {
        let until = t.clock.now().plus(DAY);
        t.run_jobs_until(until).await;
        t.clock.advance_to(until);
    }
    t.run_due_jobs().await;
}

/// Lee thanks three, Dana two of them, Mo one.
async fn a_lively_day(t: &mut Story) {
    for (who, line) in [
        ("lee", "/kudos @dana for calming the refund storm #calm"),
        ("lee", "/kudos @mo for the new macros"),
        ("lee", "/kudos @ana for noticing the outage before any customer did"),
        ("dana", "/kudos @mo @ana for covering the night shift #calm"),
        ("mo", "/kudos @ana for the patient hand-over"),
    ] {
        t.person(who).runs(line).await;
    }
    t.run_jobs().await;
}

#[test]
fn a_board_names_who_thanked_most_people_and_coverage_comes_first() {
    story_needing(&["channels:read"], async |t| {
        a_lively_day(t).await;
        assert_snapshot!(t.person("lee").runs("/kudos top").await, @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        *Who thanked the most different people in June*
        1. *Lee* · 3 people
        2. *Dana* · 2 people
        3. *Mo* · 1 person
        [Thanked] [Customers] [Share]
        ");
        assert_snapshot!(t.person("priya").runs("/kudos top received year").await, @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        *Who was thanked most often in 2026*
        1. *Ana* · 3 times
        2. *Mo* · twice
        3. *Dana* · once
        [Givers] [Customers] [Share]
        ");
        assert_snapshot!(t.person("ana").runs("/kudos top #calm received").await, @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        *Who was thanked most often in June, for #calm*
        1. *Dana* · once
        1. *Mo* · once
        1. *Ana* · once
        [Givers] [Customers] [Share]
        ");
        assert_snapshot!(t.person("dana").runs("/kudos top customers").await, @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        No customer's words in June yet. When one says something kind, pass it on: the menu at any message has “Pass on customer words”.
        [Givers] [Thanked]
        ");
        assert_snapshot!(t.person("dana").runs("/kudos top #clam").await, @"#clam is no value here. These are: #calm #clarity #curiosity #kindness #ownership #teamwork");
        assert_snapshot!(t.person("wei").runs("/kudos top work @dana").await, @"
        Dana will see it. It's in #kudos; 4 left today.
        [Undo]
        ");
    });
}

#[test]
fn the_words_that_most_people_joined_stand_below_unless_somebody_keeps_them() {
    story_needing(&["channels:read"], async |t| {
        a_lively_day(t).await;
        t.person("wei").clicks_in("kudos", "Me too").await;
        t.person("jon").clicks_in("kudos", "Me too").await;
        t.person("lee")
            .runs_in("escalations", "/kudos @wei for what stays among us")
            .await;
        t.run_jobs().await;
        t.person("ana").clicks_in("escalations", "Me too").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs("/kudos top week").await, @"
        *57 %* of us were thanked in the last 30 days (4 of 7).
        *Who thanked the most different people in the week of 1 June*
        1. *Lee* · 4 people
        2. *Dana* · 2 people
        3. *Mo* · 1 person
        Words that most people joined:
        > the patient hand-over (Mo to Ana, 2 joined)
        [Thanked] [Customers] [Share]
        ");
        // Ana wants her thanks to herself: what was said to her is quoted no longer.
        t.person("ana").runs("/kudos privacy").await;
        t.person("ana").clicks("Keep my thanks private").await;
        t.run_jobs().await;
        let board = t.person("lee").runs("/kudos top week received").await;
        assert!(!board.contains("joined") && board.contains("Ana"), "{board}");
        t.person("ana").clicks("Leave me off boards").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs("/kudos top received").await, @"
        *57 %* of us were thanked in the last 30 days (4 of 7).
        *Who was thanked most often in June*
        1. *Mo* · twice
        2. *Dana* · once
        2. *Wei* · once
        [Givers] [Customers] [Share]
        ");
    });
}

#[test]
fn a_board_is_private_until_somebody_shares_it_with_their_name() {
    story_needing(&["channels:read"], async |t| {
        a_lively_day(t).await;
        assert_eq!(t.channel("support").shows(), "");
        t.person("lee").runs("/kudos top").await;
        assert_snapshot!(t.person("lee").clicks("Thanked").await, @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        *Who was thanked most often in June*
        1. *Ana* · 3 times
        2. *Mo* · twice
        3. *Dana* · once
        [Givers] [Customers] [Share]
        ");
        t.person("lee").clicks("Share").await;
        assert_snapshot!(t.channel("support").shows(), @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        *Who was thanked most often in June*
        1. *Ana* · 3 times
        2. *Mo* · twice
        3. *Dana* · once
        shared by Lee
        ");
        // Another board of the same message is another one.
        t.person("lee").clicks("Givers").await;
        t.person("lee").clicks("Share").await;
        assert_eq!(t.channel("support").messages().len(), 2);
        assert!(
            t.channel("support")
                .shows()
                .contains("Who thanked the most different people in June")
        );
        assert_snapshot!(t.person("lee").clicks("Share").await, @"You shared this board here already.");
        assert_eq!(t.channel("support").messages().len(), 2);
    });
}

#[test]
fn below_the_names_it_is_your_own_figure_and_words() {
    story(async |t| {
        // Eleven others, so that somebody is not among the ten.
        for n in 0..11 {
            t.slack.add_person(plaudit::sandbox::NewPerson {
                handle: format!("guest{n:02}"),
                display_name: format!("Guest {n:02}"),
                real_name: format!("Guest {n:02}"),
                ..plaudit::sandbox::NewPerson::default()
            });
        }
        for n in 0..11 {
            let giver = format!("guest{n:02}");
            t.person(&giver).runs("/kudos @dana @lee for standing in").await;
        }
        t.person("jon").runs("/kudos @wei for the translation").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("jon").runs("/kudos top").await, @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        *Who thanked the most different people in June*
        1. *Guest 00* · 2 people
        1. *Guest 01* · 2 people
        1. *Guest 02* · 2 people
        1. *Guest 03* · 2 people
        1. *Guest 04* · 2 people
        1. *Guest 05* · 2 people
        1. *Guest 06* · 2 people
        1. *Guest 07* · 2 people
        1. *Guest 08* · 2 people
        1. *Guest 09* · 2 people
        … and others with as many
        You thanked 1 different person this month, last month 0.
        [Thanked] [Customers] [Share]
        ");
        waits(t, 30).await;
        assert_snapshot!(t.person("jon").runs("/kudos top").await, @"
        July is quiet here so far: nobody to name yet. A first one takes ten seconds: /kudos @someone for …
        You haven't thanked anybody this month yet; last month it was 1 different person.
        [Thanked] [Customers]
        ");
        assert_snapshot!(t.person("wei").runs("/kudos me").await, @"The last that was said to you: “the translation” (Jon Berg). Who helped you? /kudos @someone for …");
    });
}

#[test]
fn me_says_what_was_said_before_it_counts() {
    story(async |t| {
        assert_snapshot!(t.person("dana").runs("/kudos me").await, @"What people thank you for will stand here, in their words. Who helped you? /kudos @someone for …");
        a_lively_day(t).await;
        t.person("jon").runs("/kudos @dana for staying late, twice").await;
        assert_snapshot!(t.person("dana").runs("/kudos me").await, @"This month 2 people thanked you; the latest: “staying late, twice” (Jon Berg). You thanked 2 different people.");
        t.person("jon").runs("/kudos undo").await;
        assert_snapshot!(t.person("dana").runs("/kudos Me?").await, @"This month 1 person thanked you; the latest: “calming the refund storm” (Lee). You thanked 2 different people.");
        t.run_jobs().await;
    });
}

#[test]
fn home_shows_the_month() {
    story(async |t| {
        a_lively_day(t).await;
        t.person("dana").opens_home().await;
        t.run_jobs().await;
        let home = t.person("dana").home();
        let (_, month) = home.split_once("This month\n").expect("a section");
        assert_snapshot!(month, @"
        *42 %* of us were thanked in the last 30 days (3 of 7).
        This month 1 person thanked you; the latest: “calming the refund storm” (Lee). You thanked 2 different people.
        *Who thanked the most different people in June*
        1. *Lee* · 3 people
        2. *Dana* · 2 people
        3. *Mo* · 1 person
        More: /kudos top
        ");
    });
}

#[test]
fn stewards_can_switch_boards_off_and_the_server_can_too() {
    let settings = Settings {
        boards: false,
        ..Settings::default()
    };
    let setup = Setup {
        settings,
        ..Setup::default()
    };
    story_with(setup, async |t| {
        a_lively_day(t).await;
        assert_snapshot!(t.person("lee").runs("/kudos top").await, @"*42 %* of us were thanked in the last 30 days (3 of 7). There are no boards here. Your own figures: /kudos me");
        t.person("lee").opens_home().await;
        t.run_jobs().await;
        assert!(!t.person("lee").home().contains("Who thanked"));
    });
    let settings = Settings {
        personal_figures: false,
        forgotten_list: true,
        ..Settings::default()
    };
    let setup = Setup {
        settings,
        ..Setup::default()
    };
    story_with(setup, async |t| {
        a_lively_day(t).await;
        assert!(t.person("lee").runs("/kudos top").await.contains("no boards here"));
        let told = t.person("lee").runs("/kudos privacy").await;
        assert!(!told.contains("20 working days"), "{told}");
    });
}

/// A list of Dana, Mo, Ana and Wei that Lee leads.
async fn night_shift(t: &Story) {
    let id = t.slack.workspace();
    let now = t.clock.now();
    let by = t.person("priya").id;
    let mut team = Team::new("Night shift", TeamKind::List, now);
    team.leads = vec![t.person("lee").id];
    let people = ["dana", "mo", "ana", "wei"].map(|handle| t.person(handle).id).into();
    written!(t.db, tx => save_team(tx, &id, &by, &team, &people, now));
}

#[test]
fn nobody_is_forgotten_where_a_steward_wants_it_and_every_look_is_kept() {
    let settings = Settings {
        forgotten_list: true,
        ..Settings::default()
    };
    let setup = Setup {
        settings,
        ..Setup::default()
    };
    story_with(setup, async |t| {
        night_shift(t).await;
        t.person("jon").runs("/kudos @dana for the early shift").await;
        t.person("jon").runs("/kudos @mo for the late one").await;
        waits(t, 29).await;
        t.person("jon").runs("/kudos @mo for once more").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs("/kudos top").await, @"
        *28 %* of us were thanked in the last 30 days, as in June (2 of 7).
        *Who thanked the most different people in July*
        1. *Jon Berg* · 1 person
        You haven't thanked anybody this month yet. It takes ten seconds: /kudos @someone for …
        [Thanked] [Customers] [Share]
        *50 %* of *Night shift* was thanked in the last 30 days, as in June (2 of 4).
        [Not thanked lately: Night shift]
        ");
        assert_snapshot!(t.person("lee").clicks("Not thanked lately: Night shift").await, @"
        Not thanked for 20 working days in *Night shift*: Dana (2 June), Ana (not yet), Wei (not yet). Seen something worth saying?
        [Thank Dana] [Thank Ana] [Thank Wei]
        ");
        assert_eq!(
            t.texts("SELECT what FROM audit WHERE what LIKE 'forgotten%'").await,
            ["forgotten_list.seen"]
        );
        assert_snapshot!(t.person("lee").clicks("Thank Wei").await, @"
        Not thanked for 20 working days in *Night shift*: Dana (2 June), Ana (not yet), Wei (not yet). Seen something worth saying?
        [Thank Dana] [Thank Ana] [Thank Wei]
        ");
        assert_snapshot!(t.person("lee").modal(), @"
        == Give kudos ==
        Who helped?: [Wei ▾]
        What did they do?: [(calming the refund storm with a full queue)]
          What was it, for whom, and what was better afterwards?
        What it shows (optional): [ ] :ocean: #calm  [ ] :bulb: #clarity  [ ] :mag: #curiosity  [ ] :blue_heart: #kindness  [ ] :key: #ownership  [ ] :handshake: #teamwork
        Announce it in (optional): [#kudos ▾]
          Empty: where kudos are announced here. What you say in a private place stays there.
        And (optional): [ ] A customer said this  [ ] Only they hear it  [ ] If I have none left today, send it tomorrow at 9:00
        [Cancel] [Give]
        ");
        t.person("lee")
            .fills("What did they do?", "holding the line alone on Sunday")
            .await;
        t.person("lee").submits().await;
        t.run_jobs().await;
        // Nobody else has that button, and Wei is off the list.
        assert!(!t.person("jon").runs("/kudos top").await.contains("lately"));
        t.person("lee").runs("/kudos top").await;
        let list = t.person("lee").clicks("Not thanked lately: Night shift").await;
        assert!(!list.contains("Wei"), "{list}");
        let told = t.person("dana").runs("/kudos privacy").await;
        assert!(told.contains("20 working days"), "{told}");
    });
}

#[test]
fn the_list_is_off_until_a_steward_turns_it_on() {
    story(async |t| {
        night_shift(t).await;
        let board = t.person("lee").runs("/kudos top").await;
        assert!(!board.contains("lately"), "{board}");
        let told = t.person("dana").runs("/kudos privacy").await;
        assert!(!told.contains("20 working days"), "{told}");
    });
}

#[test]
fn coverage_of_each_month_is_kept_at_its_end() {
    story(async |t| {
        night_shift(t).await;
        a_lively_day(t).await;
        waits(t, 29).await;
        t.person("dana").runs("/kudos @wei for the hand-over").await;
        t.run_jobs().await;
        assert_eq!(
            t.texts("SELECT month || ' ' || CASE WHEN team = '' THEN 'all' ELSE 'team' END || ' ' || thanked || ' of ' || active FROM coverage ORDER BY team").await,
            ["2026-06 all 3 of 7", "2026-06 team 3 of 4"]
        );
        assert_snapshot!(t.person("jon").runs("/kudos top").await, @"
        *57 %* of us were thanked in the last 30 days, up from 42 % in June (4 of 7).
        *Who thanked the most different people in July*
        1. *Dana* · 1 person
        You haven't thanked anybody this month yet. It takes ten seconds: /kudos @someone for …
        [Thanked] [Customers] [Share]
        ");
        waits(t, 31).await;
        assert_eq!(t.number("SELECT COUNT(*) FROM coverage").await, 4);
        t.person("lee").opens_home().await;
        t.run_jobs().await;
        let home = t.person("lee").home();
        assert_snapshot!(home.split_once("This month\n").expect("a section").1, @"

        What people thank you for will stand here, in their words. Who helped you? /kudos @someone for …
        More: /kudos top
        Your team
        You lead *Night shift*. Whoever is on leave can be set away: they don't count as active then, and can still be thanked. [Who is away]
        ");
    });
}

/// What the binary writes, or says on the way out.
fn plaudit(t: &Story, arguments: &[&str], figures: &str) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_plaudit"))
        .args(arguments)
        .env("DATABASE_URL", t.database().url())
        .env("PLAUDIT_PERSONAL_FIGURES", figures)
        .current_dir(std::env::temp_dir())
        .output()
        .expect("the binary");
    let out = if done.status.success() {
        done.stdout
    } else {
        done.stderr
    };
    let mut text = String::from_utf8(out).expect("text");
    for handle in ["lee", "dana", "mo", "ana", "wei", "jon", "priya"] {
        text = text.replace(&t.person(handle).id.0, &handle.to_uppercase());
    }
    text
}

#[test]
fn boards_coverage_and_people_are_written_out() {
    story(async |t| {
        night_shift(t).await;
        a_lively_day(t).await;
        waits(t, 29).await;
        t.person("dana").runs("/kudos @wei for the hand-over").await;
        t.run_jobs().await;
        let written = |arguments: &[&str]| plaudit(t, arguments, "on");
        let board = written(&[
            "export", "board", "--period", "month", "--of", "2026-06", "--kind", "received", "--format", "json",
        ]);
        let board: serde_json::Value = serde_json::from_str(&board).expect("JSON");
        assert_eq!(
            board,
            serde_json::json!([
                { "rank": 1, "member": "ANA", "count": 3 },
                { "rank": 2, "member": "MO", "count": 2 },
                { "rank": 3, "member": "DANA", "count": 1 },
            ])
        );
        assert_snapshot!(written(&["export", "board", "--period", "year", "--of", "2026"]), @"
        rank,member,count
        1,DANA,3
        1,LEE,3
        3,MO,1
        ");
        assert_eq!(
            written(&[
                "export", "board", "--period", "quarter", "--of", "2025-11", "--format", "json"
            ])
            .trim(),
            "[]"
        );
        let refused = written(&["export", "board", "--of", "June"]);
        assert!(
            refused.contains("--of") && refused.contains("that is no month; write it as in 2026-10"),
            "{refused}"
        );
        let refused = plaudit(t, &["export", "board", "--period", "all"], "off");
        assert!(refused.contains("there are no boards here"), "{refused}");
        let months = written(&["export", "coverage", "--from", "2026-06-01", "--to", "2026-06-30"]);
        assert!(
            months.starts_with("month,team,name,active,thanked,percent\n2026-06,,,7,3,42\n2026-06,"),
            "{months}"
        );
        assert!(months.trim_end().ends_with(",Night shift,4,3,75"), "{months}");
        assert_eq!(
            written(&["export", "coverage", "--from", "2026-07-01"]).lines().count(),
            1
        );
        let people = written(&["export", "members"]);
        assert!(people.contains("\nDANA,dana,Dana,Dana Kim,no,true,true,"), "{people}");
        assert!(people.contains(",sam,") && !people.contains("weatherbot"), "{people}");
        let all = written(&["export", "kudos"]).lines().count();
        let june = written(&["export", "kudos", "--to", "2026-06-30"]).lines().count();
        let july = written(&["export", "kudos", "--from", "2026-07-01"]).lines().count();
        assert_eq!((all, june, july), (8, 7, 2));
    });
}
