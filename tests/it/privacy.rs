//! What is kept about a person is said, and who asks is forgotten.

use std::time::Duration;

use insta::assert_snapshot;
use plaudit::kudos::{Recount, recount};
use plaudit::sandbox::Fault;
use plaudit::workspace::Settings;

use crate::harness::{Setup, Story, story, story_needing, story_with};

#[test]
fn privacy_says_what_is_kept_and_who_sees_it() {
    story_needing(&["channels:read"], async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.person("dana").runs("/kudos @mo @ana for the calm handover").await;
        t.run_jobs().await;
        assert_snapshot!(t.person("dana").runs("/kudos privacy").await, @"");
        assert_snapshot!(t.person("dana").clicks("Leave me off boards").await, @"");
        // A word that is reserved only where it stands alone.
        let seen = t.person("lee").runs("/kudos privacy @dana").await;
        assert!(seen.contains("Dana"), "{seen}");
    });
}

#[test]
fn words_that_are_dropped_some_day_are_said_to_be() {
    let settings = Settings {
        keep_words: Some(6),
        ..Settings::default()
    };
    let setup = Setup {
        settings,
        ..Setup::default()
    };
    story_with(setup, async |t| {
        let seen = t.person("jon").runs("/kudos privacy").await;
        assert!(seen.contains("Words go after 6 months; the count stays."), "{seen}");
        assert!(seen.contains("• 0 kudos you gave and 0 you received, each"), "{seen}");
    });
}

#[test]
fn when_the_database_fails_nothing_is_promised() {
    story(async |t| {
        t.person("dana").runs("/kudos privacy").await;
        t.person("dana").clicks("Erase me").await;
        let lock = t.locks_database().await;
        let seen = t.person("dana").clicks("Erase everything").await;
        assert!(seen.contains("I couldn't save this just now"), "{seen}");
        lock.release().await;
        let seen = t.person("dana").runs("/kudos privacy").await;
        assert!(seen.contains("*What I keep about you*"), "{seen}");
    });
}

async fn erases(t: &Story, handle: &str) -> String {
    t.person(handle).runs("/kudos privacy").await;
    t.person(handle).clicks("Erase me").await;
    t.person(handle).clicks("Erase everything").await
}

/// Everything that is stored, as one text.
async fn everything(t: &Story) -> String {
    let mut all = String::new();
    for query in [
        "SELECT id || handle || display_name || real_name FROM member",
        "SELECT name || member FROM member_name",
        "SELECT delivery || outcome FROM delivery",
        "SELECT giver || receiver || channel || COALESCE(message_ts, '') || COALESCE(reversed_by, '') FROM ledger",
        "SELECT reason FROM words",
        "SELECT giver FROM allowance",
        "SELECT member FROM tally",
        "SELECT giver || receiver FROM pair",
        "SELECT audience FROM post",
        "SELECT subject || lane || COALESCE(key, '') || reason FROM outbox",
        "SELECT owner || body FROM draft",
        "SELECT who || subject || value_before || value_after FROM audit",
        "SELECT member FROM boost",
        "SELECT member FROM hidden",
        "SELECT member FROM home",
        "SELECT member FROM usergroup_member",
        "SELECT member FROM team_member",
        "SELECT member FROM team_lead",
        "SELECT value FROM setting",
        "SELECT what FROM once",
        "SELECT member FROM tombstone",
    ] {
        all.push_str(&t.texts(query).await.join("\n"));
        all.push('\n');
    }
    all
}

async fn is_counted(t: &Story) {
    let Recount { differences, .. } = recount(&t.db).await.expect("a recount");
    assert_eq!(differences, [], "the numbers and the ledger agree");
}

#[test]
fn who_asks_is_forgotten_everywhere_and_others_keep_their_figures() {
    let settings = Settings {
        stewards: vec!["U00000007".into()],
        ..Settings::default()
    };
    let setup = Setup {
        settings,
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        let dana = t.person("dana").id;
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.person("dana").runs("/kudos @mo @ana for the calm handover").await;
        t.person("dana").runs("/kudos @lee for something hasty").await;
        t.person("dana").runs("/kudos undo").await;
        t.person("ana")
            .runs("/kudos @mo for helping Dana Kim and Dana's team")
            .await;
        t.person("jon").runs("/kudos @dana @wei for the night shift").await;
        t.run_jobs().await;
        let of_mo = "SELECT CAST(SUM(n) AS BIGINT) FROM tally WHERE member = 'U00000003' AND role = 'receiver'";
        let (rows, mo) = (t.export().await.len(), t.number(of_mo).await);

        t.person("dana").runs("/kudos privacy").await;
        assert_snapshot!(t.person("dana").clicks("Erase me").await, @"");
        assert_snapshot!(t.person("dana").clicks("Keep it").await, @"");
        assert_snapshot!(erases(t, "dana").await, @"");
        // At once, before Slack was asked for anything.
        let words = "calming the refund storm";
        assert!(!t.texts("SELECT reason FROM words").await.join(" ").contains(words));
        t.run_jobs().await;

        assert_snapshot!(t.channel("kudos").shows(), @"");
        assert_snapshot!(t.dm("mo"), @"");
        assert_eq!(t.dm("dana"), "");
        let all = everything(t).await;
        for trace in [dana.as_str(), "Dana", "dana", words, "calm handover", "night shift"] {
            assert!(!all.contains(trace), "{trace} is still in:\n{all}");
        }
        assert_eq!(t.export().await.len(), rows);
        assert_eq!(t.number(of_mo).await, mo);
        is_counted(t).await;
        assert_eq!(
            t.number("SELECT COUNT(*) FROM audit WHERE what = 'privacy.erased'")
                .await,
            1
        );
    });
}

#[test]
fn nothing_writes_a_forgotten_person_down_again() {
    story_needing(&["channels:read", "usergroups:read"], async |t| {
        let (dana, mo) = (t.person("dana").id, t.person("mo").id);
        t.person("dana").runs("/kudos privacy").await;
        let before = t.person("dana").private();
        erases(t, "dana").await;
        t.run_jobs().await;
        // Events, the member list, a look-up, a team.
        t.slack
            .change_person(&dana, |person| person.display_name = "Dana K".to_owned())
            .await;
        t.restart().await;
        t.run_jobs().await;
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <@{dana}|dana> for calming the refund storm")).await, @"");
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <@{dana}|dana> <@{mo}> for calming the refund storm")).await, @"");
        let unknown = t
            .person("lee")
            .runs("/kudos @dana.kim for calming the refund storm")
            .await;
        assert!(unknown.contains("I don't know"), "{unknown}");
        let group = t
            .slack
            .add_usergroup("backoffice", "Back office", &[dana.clone(), mo.clone()]);
        t.person("lee")
            .runs_raw(&format!(
                "/kudos <!subteam^{group}|@backoffice> for the quiet launch week"
            ))
            .await;
        t.run_jobs().await;
        // They can't give, and nothing that they click is written down.
        assert_snapshot!(t.person("dana").runs("/kudos @mo for the calm handover").await, @"");
        assert_snapshot!(t.person("dana").runs("/kudos privacy").await, @"");
        let again = t.slack.clicks(&dana, &before, "Keep my thanks private").await;
        assert_eq!(again.status, Some(200));
        t.settles().await;
        t.run_jobs().await;
        let all = everything(t).await;
        assert!(!all.contains(dana.as_str()), "{all}");
    });
}

#[test]
fn erased_twice_is_erased_once() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.run_jobs().await;
        t.person("dana").runs("/kudos privacy").await;
        t.person("dana").clicks("Erase me").await;
        let question = t.person("dana").private();
        let dana = t.person("dana").id;
        tokio::join!(
            t.slack.clicks(&dana, &question, "Erase everything"),
            t.slack.clicks(&dana, &question, "Erase everything")
        );
        t.settles().await;
        t.run_jobs().await;
        assert_eq!(t.number("SELECT COUNT(*) FROM tombstone").await, 1);
        assert_eq!(t.number("SELECT COUNT(*) FROM audit").await, 1);
        assert_eq!(
            t.number("SELECT COUNT(*) FROM ledger WHERE receiver LIKE 'forgotten-%'")
                .await,
            1
        );
        is_counted(t).await;
    });
}

#[test]
fn what_is_under_way_while_somebody_is_erased_is_erased_as_well() {
    story_needing(&["channels:read"], async |t| {
        // The card and the DM are in the queue, one of them half sent.
        t.person("lee")
            .runs("/kudos @dana @mo for calming the refund storm")
            .await;
        t.fails("chat.postMessage", Fault::DoneThenDrop, 1);
        t.run_due_jobs().await;
        erases(t, "dana").await;
        // Between two edits the process dies.
        t.restart().await;
        t.fails("chat.update", Fault::Status(503), 2);
        t.run_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        assert_snapshot!(t.channel("kudos").shows(), @"");
        assert!(!t.dm("dana").contains("refund"), "{}", t.dm("dana"));
        let all = everything(t).await;
        assert!(
            !all.contains(t.person("dana").id.as_str()) && !all.contains("refund"),
            "{all}"
        );
        is_counted(t).await;
    });
}

#[test]
fn words_are_dropped_after_the_months_that_are_set_and_counts_stay() {
    let settings = Settings {
        keep_words: Some(2),
        ..Settings::default()
    };
    let setup = Setup {
        settings,
        needs: vec!["channels:read"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        t.person("lee")
            .runs("/kudos @dana for calming the refund storm #calm")
            .await;
        t.run_jobs().await;
        t.wait(Duration::from_secs(50 * 86_400));
        t.person("lee").runs("/kudos @dana for the calm handover").await;
        t.run_jobs().await;
        assert_eq!(t.export().await[0].reason, "calming the refund storm");
        // Given on 2 June: on 3 August it is more than two months old.
        t.wait(Duration::from_secs(12 * 86_400));
        t.run_jobs().await;
        let rows = t.export().await;
        let kept: Vec<_> = rows.iter().map(|row| (row.reason.as_str(), row.values.len())).collect();
        assert_eq!(kept, [("", 1), ("the calm handover", 0)]);
        assert!(
            t.channel("kudos").shows().contains("calming the refund storm"),
            "Slack keeps what it was given"
        );
        is_counted(t).await;
    });
}

#[test]
fn what_is_kept_comes_as_a_page_and_as_json() {
    story_needing(&["channels:read", "files:write"], async |t| {
        t.person("lee")
            .runs("/kudos @dana for <b>calming</b> the \"refund\" & storm #calm")
            .await;
        t.person("dana").runs("/kudos @mo for the calm handover").await;
        t.run_jobs().await;
        t.person("dana").runs("/kudos privacy").await;
        let question = t.person("dana").private();
        let dana = t.person("dana").id;
        // Clicked twice, and with a process that dies in between, it comes once.
        t.slack.clicks(&dana, &question, "Export my data").await;
        t.slack.clicks(&dana, &question, "Export my data").await;
        t.settles().await;
        assert_snapshot!(t.slack.rendered(&t.person("dana").private()), @"");
        t.restart().await;
        t.run_jobs().await;
        let dm = t.slack.dm(&dana).expect("a DM");
        let files: Vec<_> = t
            .slack
            .messages(&dm)
            .into_iter()
            .flat_map(|message| message.files)
            .collect();
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["plaudit.html", "plaudit.json"]);
        let page = String::from_utf8(files[0].bytes.clone()).expect("text");
        let page = page
            .replace(dana.as_str(), "UDANA")
            .replace(t.channel("support").id.as_str(), "C0SUPPORT");
        assert_snapshot!(page, @"");
        let json: serde_json::Value = serde_json::from_slice(&files[1].bytes).expect("JSON");
        assert_eq!(json["received"][0]["words"], "<b>calming</b> the \"refund\" & storm");
        assert_eq!(json["gave"][0]["receiver"], "Mo");
        assert_eq!(json["person"]["Full name"], "Dana Kim");
        assert_eq!(t.dm("mo").matches("plaudit").count(), 0);
    });
}

#[test]
fn without_files_write_it_comes_as_text_page_by_page() {
    let setup = Setup {
        needs: vec!["channels:read"],
        without: vec!["files:write"],
        ..Setup::default()
    };
    story_with(setup, async |t| {
        for n in 0..12 {
            let words = format!("{n} {}", "thanks & more ".repeat(90));
            let giver = ["lee", "mo", "ana"][n % 3];
            t.person(giver).runs(&format!("/kudos @dana for {words}")).await;
        }
        t.run_jobs().await;
        let before = t.slack.messages(&t.slack.dm(&t.person("dana").id).expect("a DM")).len();
        t.person("dana").runs("/kudos privacy").await;
        t.person("dana").clicks("Export my data").await;
        t.run_due_jobs().await;
        t.restart().await;
        t.run_jobs().await;
        let all = t.slack.messages(&t.slack.dm(&t.person("dana").id).expect("a DM"));
        let pages: Vec<String> = all[before..].iter().map(|page| t.slack.rendered(page)).collect();
        assert_eq!(pages.len(), 2);
        assert_snapshot!(pages[0].lines().take(16).collect::<Vec<_>>().join("\n"), @"");
        for n in 0..12 {
            let words = format!("\n{n} thanks & more");
            assert_eq!(
                pages.iter().map(|page| page.matches(&words).count()).sum::<usize>(),
                1,
                "{n}"
            );
        }
    });
}

#[test]
fn an_export_of_somebody_who_was_erased_meanwhile_comes_to_nothing() {
    story(async |t| {
        t.person("lee").runs("/kudos @dana for calming the refund storm").await;
        t.person("dana").runs("/kudos privacy").await;
        t.person("dana").clicks("Export my data").await;
        erases(t, "dana").await;
        t.run_jobs().await;
        assert!(!t.dm("dana").contains("plaudit.html"), "{}", t.dm("dana"));
    });
}
