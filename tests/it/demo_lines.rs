//! What people type in the demo's terminal, and the curl line that it prints.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

/// Reads the demo's screen until a line contains `what`; everything read so far.
async fn until(screen: &mut Lines<BufReader<ChildStdout>>, seen: &mut String, what: &str) {
    let read = async {
        while let Some(line) = screen.next_line().await.expect("the screen") {
            seen.push_str(&line);
            seen.push('\n');
            if line.contains(what) {
                return true;
            }
        }
        false
    };
    let found = tokio::time::timeout(Duration::from_secs(30), read).await;
    assert_eq!(found, Ok(true), "{what:?} did not come: {seen}");
}

/// What stands between the first `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {text}"))
        .1;
    rest.split(after).next().unwrap_or(rest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_type_slack_sends_and_the_terminal_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_plaudit"))
        .arg("demo")
        .current_dir(folder.path())
        .env("SLACK_BOT_TOKEN", "xoxb-somebody-elses")
        .env("PLAUDIT_LOG", "warn")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the demo");
    let mut keyboard = demo.stdin.take().expect("a keyboard");
    let mut screen = BufReader::new(demo.stdout.take().expect("a screen")).lines();
    let mut seen = String::new();
    until(&mut screen, &mut seen, "ends the demo").await;
    assert!(
        seen.contains("SLACK_BOT_TOKEN is set, and the demo ignores it"),
        "{seen}"
    );
    assert!(!seen.contains("xoxb"), "{seen}");

    // The printed curl line, sent by another client.
    let line = seen
        .lines()
        .find(|line| line.trim_start().starts_with("curl "))
        .expect("a curl line")
        .to_owned();
    let body = between(&line, "--data '", "'").to_owned();
    let url = line.rsplit(' ').next().expect("an address");
    let mut request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
        .post(url)
        .body(body.clone());
    for header in line.split("-H '").skip(1) {
        let (name, value) = header
            .split('\'')
            .next()
            .and_then(|header| header.split_once(": "))
            .expect("a header");
        request = request.header(name, value);
    }
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(
        answer.text().await.expect("a body").contains("Ana will see it"),
        "{seen}"
    );
    until(&mut screen, &mut seen, "*Mo* thanked *Ana*").await;

    // What the README shows beside it is of this workspace.
    let readme = include_str!("../../README.md");
    for field in ["team_id", "channel_id", "user_id"] {
        let value = between(&body, &format!("{field}="), "&");
        assert!(
            readme.contains(&format!("{field}={value}&")),
            "README has another {field} than {value}"
        );
    }

    for (typed, shown) in [
        (
            "dana: /kudos @lee for calming the refund storm #calm",
            "*Dana* thanked you",
        ),
        ("dana: click Undo", "Taken back."),
        ("nobody: hello", "There is no nobody here"),
    ] {
        keyboard
            .write_all(format!("{typed}\n").as_bytes())
            .await
            .expect("a line");
        until(&mut screen, &mut seen, shown).await;
    }
    drop(keyboard);
    let ended = tokio::time::timeout(Duration::from_secs(30), demo.wait())
        .await
        .expect("an end");
    assert!(ended.expect("a status").success());
}
