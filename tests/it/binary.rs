//! The binary itself: how it starts, what it says when it can't, what it writes, how it stops.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Output;
use std::time::Duration;

use insta::assert_snapshot;
use plaudit::sandbox::Fault;

use crate::harness::TestDatabase;
use crate::harness::binary::{Company, run, until};

async fn company() -> Company {
    Company::new(TestDatabase::create().await).await
}

/// A start that fails: exit code 1 and one line, without the secrets and without what changes from run to run.
async fn refusal(company: &Company, args: &[&str]) -> String {
    let Output { status, stdout, stderr } = company.runs(args).await;
    let said = String::from_utf8(stderr).expect("text");
    assert_eq!(status.code(), Some(1), "{said}");
    assert_eq!(String::from_utf8_lossy(&stdout), "");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    for secret in [
        company.slack.signing_secret(),
        company.slack.bot_token(),
        "hunter2".to_owned(),
    ] {
        assert!(!said.contains(&secret), "a secret: {said}");
    }
    let folder = company.folder.path().display().to_string();
    said.trim_end().replace(&folder, "FOLDER")
}

/// The ways to start it wrong, and what it says.
#[test]
fn a_start_that_fails_says_why_in_one_sentence() {
    run(async {
        let mut it = company().await;
        let secret = it.unset("SLACK_SIGNING_SECRET");
        assert_snapshot!(said(&it).await, @"plaudit: SLACK_SIGNING_SECRET is not set, so I couldn't tell Slack's requests from forged ones. You find it in your Slack app under Basic Information; put it into the environment or into .env.");
        it.set("SLACK_SIGNING_SECRET", " , ");
        assert_snapshot!(said(&it).await, @"plaudit: SLACK_SIGNING_SECRET is not set, so I couldn't tell Slack's requests from forged ones. You find it in your Slack app under Basic Information; put it into the environment or into .env.");
        it.set("SLACK_SIGNING_SECRET", &secret);

        let token = it.unset("SLACK_BOT_TOKEN");
        assert_snapshot!(said(&it).await, @"plaudit: SLACK_BOT_TOKEN is not set, so I couldn't post anything. You find it in your Slack app under OAuth & Permissions (xoxb-…); put it into the environment or into .env.");
        it.set("SLACK_BOT_TOKEN", "xoxb-hunter2\nhunter2");
        assert_snapshot!(said(&it).await, @"plaudit: the Slack token has characters that can't be sent in a header");
        it.set("SLACK_BOT_TOKEN", &token);

        let database = it.unset("DATABASE_URL");
        it.set("DATABASE_URL", "mysql://plaudit:hunter2@localhost/plaudit");
        assert_snapshot!(said(&it).await, @"plaudit: DATABASE_URL can't be used: it begins neither with sqlite:// nor with postgres://. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit");
        it.set("DATABASE_URL", "postgres://plaudit:hunter2@localhost:notaport/plaudit");
        assert_snapshot!(said(&it).await, @"plaudit: DATABASE_URL can't be used: its parts can't be read. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit");
        it.set("DATABASE_URL", "postgres://plaudit:hunter2@127.0.0.1:1/plaudit");
        assert_snapshot!(said(&it).await, @"plaudit: the database can't be reached: error communicating with database: Connection refused (os error 111). Check DATABASE_URL and that the server or folder exists.");
        it.set("DATABASE_URL", "sqlite::memory:");
        assert_snapshot!(said(&it).await, @"plaudit: DATABASE_URL names a database in memory, which would lose kudos at every stop. Name a file.");
        it.set("DATABASE_URL", "sqlite://no/such/folder/plaudit.db");
        assert_snapshot!(said(&it).await, @"plaudit: the database can't be reached: error returned from database: (code: 14) unable to open database file. Check DATABASE_URL and that the server or folder exists.");
        it.set("DATABASE_URL", "sqlite://plaudit.db?mode=fast");
        assert_snapshot!(said(&it).await, @r#"plaudit: DATABASE_URL can't be used: error with configuration: unknown value "fast" for `mode`. Examples: sqlite://plaudit.db, postgres://plaudit@localhost/plaudit"#);
        it.set("DATABASE_URL", &database);

        let api = it.unset("SLACK_API_URL");
        it.set("SLACK_API_URL", "slack.com/api hunter2");
        assert_snapshot!(said(&it).await, @"plaudit: SLACK_API_URL (--slack-api-url <API_URL>) can't be used: relative URL without a base");
        it.set("SLACK_API_URL", "http://slack.com/api/");
        assert_snapshot!(said(&it).await, @"plaudit: SLACK_API_URL must be https, or http on this machine, and end in a slash: http://slack.com/api/");
        it.set("SLACK_API_URL", "https://me:hunter2@slack.com/api");
        assert_snapshot!(said(&it).await, @"plaudit: SLACK_API_URL must be https, or http on this machine, and end in a slash: https://me@slack.com/api");
        it.set("SLACK_API_URL", "http://127.0.0.1:1/api/");
        assert_snapshot!(said(&it).await, @"plaudit: Slack can't be reached (no connection to Slack), and this database has never met a workspace. Check SLACK_API_URL and the network.");
        it.set("SLACK_API_URL", &api);

        it.set("PLAUDIT_CHANNEL", "xoxb-hunter2");
        assert_snapshot!(said(&it).await, @"plaudit: PLAUDIT_CHANNEL (--channel <CHANNEL>) can't be used: that is no channel id; in Slack open the channel's details, where it stands at the bottom (C…)");
        it.unset("PLAUDIT_CHANNEL");
        it.set("PLAUDIT_TIMEZONE", "Atlantis/Hunter2");
        assert_snapshot!(said(&it).await, @"plaudit: PLAUDIT_TIMEZONE (--timezone <TIMEZONE>) can't be used: that is no IANA zone, such as Europe/Berlin");
        it.unset("PLAUDIT_TIMEZONE");
        it.set("PLAUDIT_ALLOWANCE", "many");
        assert_snapshot!(said(&it).await, @"plaudit: PLAUDIT_ALLOWANCE (--allowance <ALLOWANCE>) can't be used: it is a whole number from 0 (no limit) to 1000");
        it.unset("PLAUDIT_ALLOWANCE");
        it.set("PLAUDIT_LOG", "plaudit=shout=loud");
        assert_snapshot!(said(&it).await, @r#"plaudit: PLAUDIT_LOG can't be read: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5. Examples: info, plaudit=debug, json,info."#);
        it.unset("PLAUDIT_LOG");

        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("an address").to_string();
        it.set("PLAUDIT_LISTEN", &address);
        assert_snapshot!(said(&it).await.replace(&address, "ADDRESS"), @"plaudit: I can't listen on ADDRESS (PLAUDIT_LISTEN sets another address): Address already in use (os error 98)");
        it.set("PLAUDIT_LISTEN", "3000");
        assert_snapshot!(said(&it).await, @"plaudit: PLAUDIT_LISTEN (--listen <LISTEN>) can't be used: invalid socket address syntax");
        it.set("PLAUDIT_LISTEN", "127.0.0.1:0");

        it.slack.revoke_token();
        assert_snapshot!(said(&it).await, @"plaudit: Slack refuses SLACK_BOT_TOKEN (token_revoked). Copy the current one from your Slack app under OAuth & Permissions.");
        it.database.drop().await;
    });
}

async fn said(it: &Company) -> String {
    refusal(it, &["serve"]).await
}

#[test]
fn a_broken_env_file_is_told_without_its_text() {
    run(async {
        let it = company().await;
        let file = it.folder.path().join(".env");
        for broken in [
            "PLAUDIT_LOG=info\nSLACK_BOT_TOKEN xoxb-hunter2\n",
            "SLACK_BOT_TOKEN=xoxb-hunter2 and hunter2\n",
            "SLACK_BOT_TOKEN=\"xoxb-hunter2\n",
            "SLACK_BOT_TOKEN=${xoxb-hunter2\n",
        ] {
            std::fs::write(&file, broken).expect("a file");
            let said = refusal(&it, &["serve"]).await;
            assert!(said.starts_with("plaudit: .env can't be read"), "{said}");
        }
        std::fs::write(&file, "SLACK_BOT_TOKEN xoxb-hunter2\n").expect("a file");
        assert_snapshot!(refusal(&it, &["serve"]).await, @"plaudit: .env can't be read: one of its lines isn't NAME=value (at character 16 of that line). Quote values that contain spaces or #.");
        std::fs::write(&file, b"SLACK_BOT_TOKEN=\xff\xfehunter2\n").expect("a file");
        assert_snapshot!(refusal(&it, &["serve"]).await, @"plaudit: .env can't be read: stream did not contain valid UTF-8");
        it.database.drop().await;
    });
}

#[test]
fn a_database_of_a_newer_plaudit_is_left_alone() {
    run(async {
        let it = company().await;
        let exported = it.runs(&["export", "kudos"]).await;
        assert!(exported.status.success());
        it.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT 9999, 'from the future', TRUE, checksum, 0 FROM _sqlx_migrations LIMIT 1",
        )
        .await;
        assert_snapshot!(refusal(&it, &["serve"]).await, @"plaudit: the database was used by a newer Plaudit (migration 9999); start that version or a later one.");
        assert_eq!(refusal(&it, &["serve"]).await, refusal(&it, &["export", "kudos"]).await);
        it.database.drop().await;
    });
}

#[test]
fn help_repeats_nothing_of_the_environment() {
    run(async {
        let mut it = company().await;
        for name in [
            "SLACK_SIGNING_SECRET",
            "SLACK_BOT_TOKEN",
            "DATABASE_URL",
            "PLAUDIT_VALUES",
            "PLAUDIT_STEWARDS",
        ] {
            it.set(name, "hunter2");
        }
        for (name, value) in [
            ("SLACK_API_URL", "https://hunter2.example.com/"),
            ("PLAUDIT_LISTEN", "127.0.0.1:4999"),
            ("PLAUDIT_COMMAND", "/hunter2"),
            ("PLAUDIT_CHANNEL", "CHUNTER2"),
            ("PLAUDIT_ALLOWANCE", "499"),
            ("PLAUDIT_TIMEZONE", "Asia/Kathmandu"),
            ("PLAUDIT_LOG", "hunter2=info"),
        ] {
            it.set(name, value);
        }
        for args in [
            &["--help"][..],
            &["help"],
            &["serve", "--help"],
            &["demo", "--help"],
            &["manifest", "--help"],
            &["export", "kudos", "--help"],
        ] {
            let Output { status, stdout, stderr } = it.runs(args).await;
            assert!(status.success(), "{args:?}");
            let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
            assert!(said.contains("Usage:"), "{said}");
            for value in ["hunter2", "HUNTER2", "499", "Kathmandu"] {
                assert!(!said.contains(value), "{args:?}: {said}");
            }
        }
        it.database.drop().await;
    });
}

#[test]
fn the_manifest_is_the_one_in_the_repository() {
    run(async {
        let it = company().await;
        let stored =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/manifest.yml")).expect("manifest.yml");
        let printed = it.runs(&["manifest", "--url", "https://plaudit.example.com"]).await;
        assert!(printed.status.success());
        assert_eq!(String::from_utf8_lossy(&printed.stdout), stored);
        let thanks = [
            "manifest",
            "--url",
            "https://plaudit.example.com",
            "--command",
            "/thanks",
        ];
        let renamed = String::from_utf8(it.runs(&thanks).await.stdout).expect("text");
        assert!(
            renamed.contains("command: /thanks") && !renamed.contains("/kudos"),
            "{renamed}"
        );

        let of = |url: &'static str| async { refusal(&it, &["manifest", "--url", url]).await };
        assert_snapshot!(of("http://plaudit.example.com").await, @"plaudit: --url must be the https address at which Slack reaches this server; Slack accepts no other");
        assert_snapshot!(of("plaudit.example.com").await, @"plaudit: --url <https://plaudit.example.com> can't be used: relative URL without a base");
        let wrong = [
            "manifest",
            "--url",
            "https://plaudit.example.com",
            "--command",
            "thanks",
        ];
        assert_snapshot!(refusal(&it, &wrong).await, @"plaudit: --command must begin with / and have 2 to 32 characters without spaces");
        it.database.drop().await;
    });
}

#[test]
fn settings_come_from_an_env_file_too() {
    run(async {
        let mut it = company().await;
        let mut file = String::from("# settings\n\nPLAUDIT_ALLOWANCE='2'\nPLAUDIT_CHANNEL=\n");
        for name in [
            "SLACK_SIGNING_SECRET",
            "SLACK_BOT_TOKEN",
            "SLACK_API_URL",
            "DATABASE_URL",
        ] {
            file += &format!("{name}=\"{}\"\n", it.unset(name));
        }
        std::fs::write(it.folder.path().join(".env"), file).expect("a file");
        let server = it.serves().await;
        let answer = it
            .thanks("lee", "dana", "support", "for calming the refund storm", "1")
            .await;
        assert!(answer.body.contains("1 left today"), "{answer:?}");
        server.signal("TERM");
        assert_eq!(server.ends_within(10).await, Some(0));
        it.database.drop().await;
    });
}

#[test]
fn logs_hold_no_secrets_and_no_words() {
    run(async {
        for log in ["trace", "json,debug"] {
            let mut it = company().await;
            it.set("PLAUDIT_LOG", log);
            let server = it.serves().await;
            let words = "for taming the zanzibar ticket";
            for fault in [
                Fault::TruncatedJson,
                Fault::Status(500),
                Fault::Error("msg_too_long".to_owned()),
            ] {
                it.slack.fails("chat.postMessage", fault, Some(1));
            }
            it.slack.fails("users.info", Fault::Html, Some(1));
            it.slack.fails("response_url", Fault::Status(500), Some(1));
            let given = it.thanks("lee", "dana", "support", words, "1").await;
            assert_eq!(given.status, Some(200));
            // Refused, unsigned, unreadable, from elsewhere.
            it.thanks("lee", "lee", "support", words, "2").await;
            let body = it.kudos(
                &it.person("lee"),
                &it.person("dana"),
                &it.channel("support"),
                words,
                "3",
            );
            assert_eq!(it.slack.raw("/slack/commands", &[], &body).await.status, Some(401));
            let (headers, body) = it.slack.signed_request("/slack/commands", &body);
            assert_eq!(
                it.slack
                    .raw("/slack/commands", &headers, &format!("{body}&zanzibar=1"))
                    .await
                    .status,
                Some(401)
            );
            assert_eq!(it.sends("/slack/commands", "text=zanzibar").await.status, Some(400));
            assert_eq!(it.sends("/slack/events", "{\"zanzibar\"").await.status, Some(400));
            let unknown = r#"{"type":"event_callback","event_id":"Ev1","team_id":"T1","event":{"text":"zanzibar"}}"#;
            assert_eq!(it.sends("/slack/events", unknown).await.status, Some(200));
            let elsewhere = body.replace(it.slack.workspace().as_str(), "T0OTHERS");
            assert_eq!(it.sends("/slack/commands", &elsewhere).await.status, Some(200));
            // A click, whose answer fails.
            let shown = it
                .slack
                .runs_command(&it.person("mo"), &it.channel("support"), "/kudos @dana zanzibar too")
                .await;
            let message = shown.message.expect("a confirmation");
            it.slack.clicks(&it.person("mo"), &message, "Undo").await;
            until("both to be settled", 20, async || it.waiting().await == 0).await;
            // Slack, away.
            it.slack.down(true);
            it.thanks("mo", "lee", "support", words, "5").await;
            until("a failed try", 10, async || {
                server.logs().contains("waits for its next try")
            })
            .await;
            server.signal("TERM");
            assert_eq!(server.ends_within(10).await, Some(0));

            let logs = server.logs();
            assert!(
                logs.contains("a request was refused") && logs.contains("stopped"),
                "{logs}"
            );
            let url = message_url(&it);
            for secret in [
                it.slack.signing_secret(),
                it.slack.bot_token(),
                "zanzibar".to_owned(),
                url,
            ] {
                assert!(!logs.contains(&secret), "{secret} is in the logs: {logs}");
            }
            if log.starts_with("json") {
                for line in logs.lines() {
                    assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
                }
            }
            assert!(!logs.contains('\u{1b}'), "colours in a file");
            it.database.drop().await;
        }
    });
}

/// What a `response_url` begins with: whoever has one can write to the person.
fn message_url(it: &Company) -> String {
    format!("/actions/{}/", it.slack.workspace())
}

#[test]
fn a_stop_finishes_what_somebody_waits_for() {
    run(async {
        for signal in ["TERM", "INT"] {
            let it = company().await;
            let server = it.serves().await;
            until("the member list", 10, async || it.waiting().await == 0).await;
            // Nobody knows Ana yet, and Slack is slow to tell.
            it.add_person("ana", "Ana Souza");
            it.slack.fails("users.info", Fault::Hang, Some(1));
            let thanks = it.thanks("lee", "ana", "support", "for covering the night shift", "1");
            let stop = async {
                let asked = async || it.slack.calls().iter().any(|call| call.method == "users.info");
                until("somebody to be looked up", 10, asked).await;
                server.signal(signal);
            };
            let (answer, ()) = tokio::join!(thanks, stop);
            assert_eq!(answer.status, Some(200), "{answer:?}");
            assert!(answer.body.contains("Undo"), "{answer:?}");
            assert_eq!(server.ends_within(10).await, Some(0), "{}", server.logs());
            let exported = it.runs(&["export", "kudos"]).await;
            assert!(
                String::from_utf8_lossy(&exported.stdout).contains("covering the night shift"),
                "{exported:?}"
            );
            it.database.drop().await;
        }
    });
}

#[test]
fn a_stop_does_not_wait_for_ever_and_the_next_process_goes_on_at_once() {
    run(async {
        let it = company().await;
        let server = it.serves().await;
        until("the member list", 10, async || it.waiting().await == 0).await;
        // Half a head, half a body, and a Slack that doesn't answer.
        let mut head = TcpStream::connect(server.address()).expect("a connection");
        head.write_all(b"POST /slack/commands HTTP/1.1\r\nHost: pla")
            .expect("half a head");
        let mut body = TcpStream::connect(server.address()).expect("a connection");
        body.write_all(b"POST /slack/commands HTTP/1.1\r\nHost: plaudit\r\nContent-Length: 100\r\n\r\nteam_id=")
            .expect("half a body");
        it.slack.fails("chat.postMessage", Fault::Hang, None);
        let answer = it
            .thanks("lee", "dana", "support", "for calming the refund storm", "1")
            .await;
        assert_eq!(answer.status, Some(200), "{answer:?}");
        let asked = async || it.slack.calls().iter().any(|call| call.method == "chat.postMessage");
        until("the card to be under way", 10, asked).await;
        server.signal("TERM");
        assert_eq!(server.ends_within(10).await, Some(0), "{}", server.logs());
        assert!(server.logs().contains("stopped"), "{}", server.logs());

        it.slack.heals("*");
        let next = it.serves().await;
        let support = it.channel("support");
        until("the card", 5, async || it.slack.messages(&support).len() == 1).await;
        until("the rest", 10, async || it.waiting().await == 0).await;
        next.signal("TERM");
        assert_eq!(next.ends_within(10).await, Some(0));
        it.database.drop().await;
    });
}

#[test]
fn while_slack_is_silent_kudos_are_taken_and_sent_later() {
    run(async {
        let it = company().await;
        let server = it.serves().await;
        until("the member list", 10, async || it.waiting().await == 0).await;
        server.signal("INT");
        assert_eq!(server.ends_within(10).await, Some(0));

        it.slack.down(true);
        let server = it.serves().await;
        assert!(server.logs().contains("Slack is silent"), "{}", server.logs());
        let answer = it
            .thanks("lee", "dana", "support", "for calming the refund storm", "1")
            .await;
        assert!(answer.body.contains("Undo"), "{answer:?}");
        until("a failed try", 10, async || {
            server.logs().contains("waits for its next try")
        })
        .await;
        let support = it.channel("support");
        assert_eq!(it.slack.messages(&support).len(), 0);
        it.slack.down(false);
        until("the card and the DM", 20, async || {
            it.slack
                .dm(&it.person("dana"))
                .is_some_and(|dm| it.slack.messages(&dm).len() == 1)
        })
        .await;
        assert_eq!(it.slack.messages(&support).len(), 1);
        server.signal("TERM");
        assert_eq!(server.ends_within(10).await, Some(0));
        it.database.drop().await;
    });
}

/// A slow stop would be killed by process managers; an idle one takes no time.
#[test]
fn an_idle_process_stops_at_once() {
    run(async {
        let it = company().await;
        let server = it.serves().await;
        until("the member list", 10, async || it.waiting().await == 0).await;
        server.signal("TERM");
        let ended = tokio::time::timeout(Duration::from_secs(2), server.ends_within(10)).await;
        assert_eq!(ended, Ok(Some(0)), "{}", server.logs());
        it.database.drop().await;
    });
}

/// Whoever copies the file of a stopped Plaudit has everything: nothing is left beside it.
#[test]
fn after_a_stop_the_database_is_one_file() {
    run(async {
        let it = company().await;
        let server = it.serves().await;
        until("the member list", 10, async || it.waiting().await == 0).await;
        let thanks = it
            .thanks("lee", "dana", "support", "for covering the night shift", "1")
            .await;
        assert!(thanks.body.contains("Undo"), "{thanks:?}");
        server.signal("TERM");
        assert_eq!(server.ends_within(10).await, Some(0), "{}", server.logs());
        if let Some(file) = it.database.url().strip_prefix("sqlite://") {
            let beside = ["-wal", "-shm"].map(|end| format!("{file}{end}"));
            let left: Vec<&String> = beside
                .iter()
                .filter(|file| std::path::Path::new(file).exists())
                .collect();
            assert!(std::path::Path::new(file).exists() && left.is_empty(), "{left:?}");
        }
        it.database.drop().await;
    });
}
