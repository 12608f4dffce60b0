//! `plaudit demo`: what a newcomer meets first.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

const README: &str = include_str!("../../README.md");

/// The demo, running, with an input that stays open. Killed when it is dropped.
pub struct Demo {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Demo {
    fn starts() -> Self {
        Self::starts_with(&[], &[])
    }

    pub fn starts_with(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plaudit"))
            .arg("demo")
            .args(args)
            .envs(env.iter().copied())
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary to start");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            output
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| tell.send(line))
        });
        Self {
            input: child.stdin.take(),
            lines,
            child,
        }
    }

    /// Waits for a line with these words.
    pub fn shows(&self, words: &str) -> String {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) if line.contains(words) => return line,
                Ok(_) => {}
                Err(error) => panic!("the demo doesn't show {words:?}: {error}"),
            }
        }
    }

    /// Its process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn types(&mut self, line: &str) {
        writeln!(self.input.as_ref().expect("its input"), "{line}").expect("the demo to read");
    }

    /// Where its bot listens.
    fn bot(&self) -> SocketAddr {
        let line = self.shows("The bot listens on http://");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        address.expect("an address").parse().expect("an address")
    }

    /// Asks for the numbers until all three are these.
    fn counts(&mut self, kudos: u32) {
        self.counted(&format!("{kudos} acknowledged · {kudos} stored · {kudos} posted"));
    }

    /// Asks for the numbers until they begin so.
    fn counted(&mut self, wanted: &str) {
        let mut told = String::new();
        for _ in 0..3_000 {
            self.types("demo: tally");
            told = self.shows("acknowledged ·");
            if told.starts_with(wanted) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        panic!("the demo doesn't show {wanted:?} but {told:?}");
    }

    /// Ends its input and waits for its end.
    fn ends(mut self) {
        drop(self.input.take());
        while self.lines.recv_timeout(Duration::from_secs(30)).is_ok() {}
        assert!(self.child.wait().expect("its end").success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn control_c_ends_it_while_it_waits_for_a_line() {
    let mut demo = Demo::starts();
    demo.shows("ends the demo");
    demo.types("dana: /kudos @lee for calming the refund storm with a full queue #calm");
    demo.shows("DM with Lee");
    let id = demo.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "INT", &id])
            .status()
            .expect("kill to run")
            .success()
    );
    // Its output ends with it.
    let end = loop {
        if let Err(error) = demo.lines.recv_timeout(Duration::from_secs(10)) {
            break error;
        }
    };
    assert_eq!(end, RecvTimeoutError::Disconnected, "it goes on");
    assert!(demo.child.wait().expect("its end").success());
}

#[test]
fn the_request_in_the_readme_gives_a_kudos() {
    if ["openssl", "curl"]
        .iter()
        .any(|tool| Command::new(tool).arg("version").output().is_err())
    {
        println!("skipped: it takes openssl and curl");
        return;
    }
    let demo = Demo::starts();
    let address = demo.shows("The bot listens on ");
    let address = address
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .expect("an address")
        .trim_end_matches('/')
        .to_owned();
    let secret = demo.shows("signing secret: ");
    let secret = secret.rsplit(' ').next().expect("a secret");
    let script = README
        .split("```sh\n")
        .filter_map(|block| block.split("```").next())
        .find(|block| block.starts_with("URL="))
        .expect("the lines to copy");
    let script: String = script
        .lines()
        .map(|line| match line.split_once('=') {
            Some(("URL", _)) => format!("URL={address}\n"),
            Some(("SECRET", _)) => format!("SECRET={secret}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let ran = Command::new("sh").arg("-euc").arg(script).output().expect("a shell");
    let answer = String::from_utf8_lossy(&ran.stdout);
    assert!(
        answer.contains("200 OK") && answer.contains("Lee will see it"),
        "{ran:?}"
    );
    demo.shows("*Mo* thanked *Lee*");
    demo.shows("DM with Lee");
}

/// The numbers of the processes that the demo says it killed and started.
fn processes(line: &str) -> Vec<u32> {
    line.split("(process ")
        .skip(1)
        .filter_map(|rest| rest.split(')').next()?.parse().ok())
        .collect()
}

#[test]
fn a_killed_bot_loses_nothing_and_lives_on_into_the_next_day() {
    let mut demo = Demo::starts_with(&["--empty"], &[]);
    demo.shows("ends the demo");
    demo.types("dana: /kudos @lee for calming the refund storm with a full queue #calm");
    demo.shows("4 left today");
    demo.types("dana: /kudos @mo for explaining the new refund form twice");
    demo.shows("3 left today");
    demo.types("demo: kill the bot");
    let killed = processes(&demo.shows("The bot was killed"));
    assert!(
        killed.len() == 2 && killed[0] != killed[1] && !killed.contains(&0),
        "{killed:?}"
    );

    demo.types("demo: deliver 10 times");
    demo.shows("Delivered 10 times more, answered 10 times, and there is no kudos more than before.");

    demo.types("demo: go to next working day");
    let arrived = demo.shows("in the workspace.");
    assert!(
        arrived.contains(", 09:00") && !arrived.contains("It is S"),
        "no morning of a working day: {arrived}"
    );
    demo.counts(2);
    // A day has begun for the bot as well, and its clock and Slack's still agree.
    demo.types("dana: /kudos @lee for the patient call with the boiler customer");
    demo.shows("4 left today");
    demo.types("dana: click Undo");
    demo.shows("Taken back.");
    demo.counts(2);
}

#[test]
fn two_hundred_kudos_at_once_are_all_stored() {
    let mut demo = Demo::starts_with(&["--empty"], &[]);
    demo.shows("ends the demo");
    demo.types("demo: 200 at once");
    demo.shows("200 sent at once");
    demo.counted("200 acknowledged · 200 stored · ");
}

#[test]
fn a_kept_workspace_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("demo.db");
    let args = ["--empty", "--db", file.to_str().expect("a path")];
    let mut first = Demo::starts_with(&args, &[]);
    let secret = first.shows("signing secret: ");
    first.shows("ends the demo");
    first.types("demo: go to next working day");
    let day = first.shows("in the workspace.");
    first.types("dana: /kudos @lee for calming the refund storm with a full queue #calm");
    first.shows("*Dana* thanked *Lee*");
    first.shows("DM with Lee");
    first.ends();

    let mut second = Demo::starts_with(&args, &[]);
    assert_eq!(second.shows("signing secret: "), secret);
    second.shows("ends the demo");
    second.types("dana: click Undo");
    second.shows("you have 5 left today");
    second.shows("[#kudos (deleted)]");
    second.types("demo: go to next working day");
    let later = second.shows("in the workspace.");
    assert_ne!(later, day, "the clock went back");
    second.ends();

    let somebodys = folder.path().join("plaudit.db");
    std::fs::write(&somebodys, "").expect("a file");
    let refused = Command::new(env!("CARGO_BIN_EXE_plaudit"))
        .args(["demo", "--db"])
        .arg(&somebodys)
        .stdin(Stdio::null())
        .output()
        .expect("the binary to start");
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && why.contains("is no demo's database"),
        "{why}"
    );
}

#[test]
fn a_killed_demo_leaves_no_bot_behind() {
    let mut demo = Demo::starts_with(&["--empty"], &[]);
    let bot = demo.bot();
    demo.shows("ends the demo");
    TcpStream::connect(bot).expect("the bot to listen");
    // SIGKILL: the demo can't tell its bot anything.
    demo.child.kill().expect("a demo to kill");
    demo.child.wait().expect("its end");
    let gone = (0..2_000).any(|_| {
        std::thread::park_timeout(Duration::from_millis(10));
        TcpStream::connect(bot).is_err()
    });
    assert!(gone, "the bot goes on without its demo");
}

#[test]
fn the_bot_never_hears_of_real_slack() {
    let secrets = [
        ("SLACK_BOT_TOKEN", "xoxb-somebody-elses"),
        ("SLACK_SIGNING_SECRET", "somebody-elses"),
        ("SLACK_API_URL", "http://127.0.0.1:9/somebody-elses/"),
        ("DATABASE_URL", "sqlite:///somebody-elses/plaudit.db"),
    ];
    let mut demo = Demo::starts_with(&["--empty"], &secrets);
    demo.shows("SLACK_BOT_TOKEN is set, and the demo ignores it");
    demo.shows("SLACK_SIGNING_SECRET is set, and the demo ignores it");
    demo.shows("ends the demo");
    demo.types("demo: kill the bot");
    let bot = processes(&demo.shows("The bot was killed"))[1];
    // Where the system shows it: neither its environment nor its command line holds any secret.
    for what in ["environ", "cmdline"] {
        if let Ok(text) = std::fs::read(format!("/proc/{bot}/{what}")) {
            let text = String::from_utf8_lossy(&text);
            assert!(
                !text.contains("somebody-elses") && !text.contains("xoxb"),
                "{what}: {text}"
            );
        }
    }
    demo.types("dana: /kudos @lee for calming the refund storm with a full queue #calm");
    demo.shows("DM with Lee");
}

#[test]
fn its_last_weeks_are_lived_with_the_command_that_is_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("demo.db");
    let path = file.to_str().expect("a path");
    let mut demo = Demo::starts_with(&["--db", path], &[("PLAUDIT_COMMAND", "/thanks")]);
    demo.shows("ends the demo");
    // Something typed, so that it ends with its input.
    demo.types("demo: tally");
    demo.shows("acknowledged ·");
    demo.ends();
    let kept = std::fs::read_to_string(folder.path().join("demo.db.slack.json")).expect("the workspace");
    let dms = kept.matches("thanked you").count();
    assert!(dms > 50, "{dms} DMs");
    assert!(!kept.contains("type /kudos"), "the command's real name is said");
}
