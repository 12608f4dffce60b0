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
        assert_snapshot!(t.person("dana").runs("/kudos privacy").await, @"
        *What I keep about you*
        • Your names, time zone and kind of account, as Slack shows them.
        • 2 kudos you gave and 1 you received, since 2 June 2026, each with its words, values, time and place. Words stay until they are erased.
        • 0 kudos that you joined with _Me too_, and no draft.
        • That you answered a prompt or liked an answer, without the words.
        • What you chose: thanks are announced; boards, digest and screens may show you; DMs about thanks.
        *Who may see it*
        • A card: everybody in its channel. A DM: the person it went to.
        • Whether you are away: your team's leads, and stewards.
        • All of it: whoever runs Plaudit for your company, on your company's own server. It goes nowhere else but to Slack.
        *What I never keep*
        • The words of messages that give nothing, who reads what, when you are online.
        • Card numbers, e-mail addresses and phone numbers: I leave them out before anything is stored.
        [Keep my thanks private] [Leave me off boards] [No DMs about thanks]
        [Export my data] [Erase me]
        ");
        assert_snapshot!(t.person("dana").clicks("Leave me off boards").await, @"
        *What I keep about you*
        • Your names, time zone and kind of account, as Slack shows them.
        • 2 kudos you gave and 1 you received, since 2 June 2026, each with its words, values, time and place. Words stay until they are erased.
        • 0 kudos that you joined with _Me too_, and no draft.
        • That you answered a prompt or liked an answer, without the words.
        • What you chose: thanks are announced; boards, digest and screens leave you out; DMs about thanks.
        *Who may see it*
        • A card: everybody in its channel. A DM: the person it went to.
        • Whether you are away: your team's leads, and stewards.
        • All of it: whoever runs Plaudit for your company, on your company's own server. It goes nowhere else but to Slack.
        *What I never keep*
        • The words of messages that give nothing, who reads what, when you are online.
        • Card numbers, e-mail addresses and phone numbers: I leave them out before anything is stored.
        [Keep my thanks private] [Show me on boards] [No DMs about thanks]
        [Export my data] [Erase me]
        ");
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
        "SELECT member FROM standing",
        "SELECT member FROM thanked",
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
        assert_snapshot!(t.person("dana").clicks("Erase me").await, @r#"
        *This can't be undone.*
        *What goes:* your names, what you chose, and the words of every kudos you gave or received, here and in the cards and DMs that I can still edit; they then say "somebody". Your name also goes from other people's words.
        *What stays:* that there was a kudos, so that others' figures stay right, without anything that leads to you; and a digest of your Slack id, so that I don't write you down again. You won't be able to give or get kudos any more.
        If it is only about being seen: /kudos privacy also keeps your thanks private.
        [Erase everything] [Keep it]
        "#);
        assert_snapshot!(t.person("dana").clicks("Keep it").await, @"Everything is as it was.");
        assert_snapshot!(erases(t, "dana").await, @"You are forgotten. What is stored leads to you no longer; cards and DMs in Slack follow within the next minutes, one a second. Thank you for what you gave.");
        // At once, before Slack was asked for anything.
        let words = "calming the refund storm";
        assert!(!t.texts("SELECT reason FROM words").await.join(" ").contains(words));
        t.run_jobs().await;

        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *somebody who asked to be forgotten*
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Somebody* thanked *Mo* and *Ana*
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Ana* thanked *Mo*
        > helping somebody and somebody's team
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ---
        :clap: *Jon Berg* thanked *somebody who asked to be forgotten* and *Wei*
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
        assert_snapshot!(t.dm("mo"), @"
        *Somebody* thanked you
        [See it in #kudos] [Say thanks back] [Notification settings]
        ---
        *Ana* thanked you
        > helping somebody and somebody's team
        [See it in #kudos] [Say thanks back] [Notification settings]
        ");
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
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <@{dana}|dana> for calming the refund storm")).await, @r#"Somebody you named asked me to keep nothing about them, so I can't pass it on. Say it to them yourself; it's worth it. Nothing was spent. Your words: "@somebody who asked to be forgotten for calming the refund storm""#);
        assert_snapshot!(t.person("lee").runs_raw(&format!("/kudos <@{dana}|dana> <@{mo}> for calming the refund storm")).await, @"
        Mo will see it; 4 left today. Somebody you named asked me to keep nothing about them, so I left that name out.
        [Undo]
        ");
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
        assert_snapshot!(t.person("dana").runs("/kudos @mo for the calm handover").await, @r#"You asked me to forget you, so I keep nothing of yours, and can't take this either. Your words: "@Mo for the calm handover""#);
        assert_snapshot!(t.person("dana").runs("/kudos privacy").await, @"I keep nothing about you. If you asked me to forget you, there is a digest of your Slack id, so that I don't write you down again, and that is all.");
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
    story_needing(&["channels:read", "channels:history"], async |t| {
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
        assert_snapshot!(t.channel("kudos").shows(), @"
        :clap: *Lee* thanked *somebody who asked to be forgotten* and *Mo*
        [Me too] [… Who joined in / Edit words / Hide / Report / Remove]
        ");
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
        assert_snapshot!(t.slack.rendered(&t.person("dana").private()), @"I'm putting it together. It comes by DM, to you alone.");
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
        assert_snapshot!(page, @r#"
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>What Plaudit keeps about you</title>
        <style>body{font:1rem/1.5 sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem}dt{font-weight:bold}blockquote{margin:.25rem 0 1rem;padding-left:1rem;border-left:.25rem solid;white-space:pre-wrap}</style>
        <h1>What Plaudit keeps about you</h1>
        <dl>
        <dt>Slack id</dt><dd>UDANA</dd>
        <dt>Handle</dt><dd>dana</dd>
        <dt>Name</dt><dd>Dana</dd>
        <dt>Full name</dt><dd>Dana Kim</dd>
        <dt>Time zone</dt><dd>Europe/Berlin</dd>
        <dt>Guest</dt><dd>no</dd>
        <dt>Admin</dt><dd>no</dd>
        <dt>Thanks kept private</dt><dd>no</dd>
        <dt>Left off boards, digest and screens</dt><dd>no</dd>
        <dt>No DMs about thanks</dt><dd>no</dd>
        <dt>Away</dt><dd>no</dd>
        </dl>
        <h2>Received (1)</h2>
        <p>2026-06-02T12:02:00Z: Lee thanked Dana #calm (command, in C0SUPPORT)</p>
        <blockquote>&lt;b&gt;calming&lt;/b&gt; the &quot;refund&quot; &amp; storm</blockquote>
        <h2>Given (1)</h2>
        <p>2026-06-02T12:02:00Z: Dana thanked Mo (command, in C0SUPPORT)</p>
        <blockquote>the calm handover</blockquote>
        <h2>Joined with Me too (0)</h2>
        <h2>Teams and user groups (0)</h2>
        <ul>
        </ul>
        <h2>Prompts (0)</h2>
        <ul>
        </ul>
        <h2>Waiting for your click (0)</h2>
        <ul>
        </ul>
        <h2>The monthly digest (0)</h2>
        <ul>
        </ul>
        <h2>What you changed (0)</h2>
        <ul>
        </ul>
        <h2>What others changed about you (0)</h2>
        <ul>
        </ul>
        </html>
        "#);
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
        assert_eq!(pages.len(), 3);
        assert_snapshot!(pages[0].lines().take(16).collect::<Vec<_>>().join("\n"), @"
        Here is everything I keep about you. It comes as text, because an admin hasn't granted me files:write.
        Page 1 of 3
        Slack id: U00000001
        Handle: dana
        Name: Dana
        Full name: Dana Kim
        Time zone: Europe/Berlin
        Guest: no
        Admin: no
        Thanks kept private: no
        Left off boards, digest and screens: no
        No DMs about thanks: no
        Away: no

        Received (12)
        ");
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
