//! `plaudit demo`: what a newcomer meets first.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

const README: &str = include_str!("../../README.md");

/// The demo, running, with an input that stays open. Killed when it is dropped.
struct Demo {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Demo {
    fn starts() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plaudit"))
            .arg("demo")
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
            input: child.stdin.take().expect("its input"),
            lines,
            child,
        }
    }

    /// Waits for a line with these words.
    fn shows(&self, words: &str) -> String {
        loop {
            match self.lines.recv_timeout(Duration::from_secs(20)) {
                Ok(line) if line.contains(words) => return line,
                Ok(_) => {}
                Err(error) => panic!("the demo doesn't show {words:?}: {error}"),
            }
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("the demo to read");
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
