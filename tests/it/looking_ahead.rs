//! `plaudit prompts preview` and `plaudit packs check`: what somebody at a terminal sees before it is posted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use serde_json::Value;

use crate::harness::with_prompts_from;

const FORTNIGHT: &str = "--zone Europe/Berlin --from 2026-09-28 --to 2026-10-16";

/// What the binary answers in a folder, where these variables are set.
fn plaudit(folder: &Path, env: &[(&str, &str)], line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plaudit"));
    command
        .args(args(line))
        .env_clear()
        .envs(env.iter().copied())
        .current_dir(folder);
    command.output().expect("the binary to run")
}

/// A command line as it is typed; `+` is a space inside an argument.
fn args(line: &str) -> Vec<String> {
    line.split_whitespace().map(|arg| arg.replace('+', " ")).collect()
}

/// What a preview without a database prints.
fn preview(line: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let Output { status, stdout, stderr } = plaudit(folder.path(), &[], &format!("prompts preview {line}"));
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let left = folder.path().read_dir().expect("the folder").count();
    assert_eq!(left, 0, "looking ahead leaves nothing behind");
    String::from_utf8(stdout).expect("text")
}

fn occurrences(args: &str) -> Vec<BTreeMap<String, String>> {
    serde_json::from_str(&preview(&format!("{args} --format json"))).expect("an array of objects")
}

/// `2026-10-05 09:30 csw-educate-2`
fn lines(occurrences: &[BTreeMap<String, String>]) -> Vec<String> {
    let line = |of: &BTreeMap<String, String>| format!("{} {} {}", of["date"], of["time"], of["prompt"]);
    occurrences.iter().map(line).collect()
}

/// Exit code 1 and one line; which one.
fn refusal(env: &[(&str, &str)], line: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let Output { status, stderr, .. } = plaudit(folder.path(), env, line);
    let said = String::from_utf8(stderr).expect("text");
    assert_eq!(status.code(), Some(1), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said.trim_end().to_owned()
}

#[test]
fn the_fortnight_around_the_week_can_be_read_beforehand() {
    let text = preview(FORTNIGHT);
    let heads: Vec<&str> = text
        .lines()
        .map(|line| line.split(": ").next().unwrap_or_default())
        .collect();
    assert_snapshot!(heads.join("\n"), @r"
    Mondays to Fridays at 09:30, Europe/Berlin

    Mon 2026-09-28 09:30  Customer voice (announces Customer Service Week)
    Tue 2026-09-29 09:30  Tip Tuesday
    Wed 2026-09-30 09:30  Win Wednesday
    Thu 2026-10-01 09:30  Throwback Thursday
    Fri 2026-10-02 09:30  Feedback Friday
    Mon 2026-10-05 09:30  Educate
    Tue 2026-10-06 09:30  Activate
    Wed 2026-10-07 09:30  Co-create
    Thu 2026-10-08 09:30  Co-create
    Fri 2026-10-09 09:30  Celebrate
    Mon 2026-10-12 09:30  Customer Service Week
    Tue 2026-10-13 09:30  Tip Tuesday
    Wed 2026-10-14 09:30  Win Wednesday
    Thu 2026-10-15 09:30  Throwback Thursday
    Fri 2026-10-16 09:30  Feedback Friday
    ");
    let shown = occurrences(FORTNIGHT);
    assert_eq!(shown.len(), 15);
    for of in &shown {
        let keys: Vec<&str> = of.keys().map(String::as_str).collect();
        assert_eq!(keys, ["date", "pack", "prompt", "text", "theme", "time", "utc", "zone"]);
        assert_eq!((of["time"].as_str(), of["zone"].as_str()), ("09:30", "Europe/Berlin"));
        assert_eq!(of["utc"], format!("{}T07:30:00Z", of["date"]));
        assert!(text.contains(&of["text"]) && text.contains(&of["prompt"]));
    }
}

#[test]
fn a_schedule_can_be_tried_before_it_is_made() {
    let tried = |line: &str| lines(&occurrences(line)).join("\n");
    let days = "--zone America/New_York --from 2026-10-08 --to 2026-10-12";
    assert_snapshot!(tried(&format!("{days} --week full --cron 0+11+*+*+4-7")), @"
    2026-10-08 11:00 csw-educate-2
    2026-10-08 14:00 csw-educate-2
    2026-10-09 11:00 csw-celebrate-2
    2026-10-09 14:00 csw-celebrate-2
    2026-10-09 16:00 csw-wrap-up-2
    2026-10-10 11:00 tt-003
    2026-10-11 11:00 tb-021
    ");
    // Epiphany is no day for it in Bavaria.
    let days = "--zone Europe/Berlin --from 2027-01-01 --to 2027-01-15 --holidays DE-BY";
    assert_snapshot!(tried(&format!("{days} --cron every+Wednesday+and+Friday+at+14:00 --pack it-and-internal")), @"
    2027-01-08 14:00 it-ff-011
    2027-01-13 14:00 csw-after-90-days-2
    2027-01-15 14:00 it-ff-010
    ");
    // Clocks go forward over it, and back.
    let days = "--zone Europe/Berlin --from 2027-03-27 --to 2027-03-29 --cron daily+2:30";
    assert_snapshot!(tried(days), @"
    2027-03-27 02:30 cv-014
    2027-03-28 03:00 tt-018
    2027-03-29 02:30 cv-051
    ");
    let utc = |days: &str| -> Vec<String> { occurrences(days).into_iter().map(|of| of["utc"].clone()).collect() };
    assert_eq!(
        utc("--zone Europe/Berlin --from 2026-10-24 --to 2026-10-26 --cron daily+2:30"),
        ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
}

#[test]
fn what_cant_be_previewed_says_why() {
    let refused = |line: &str| refusal(&[], &format!("prompts preview {line}"));
    let days = "--zone UTC --from 2026-10-05 --to 2026-10-09";
    assert_snapshot!(refused(&format!("{days} --cron 30+9+1+*+1")), @r#"plaudit: --cron <CRON> can't be used: This names days of the month and weekdays, which cron takes as "either of them" and most people as "both"; leave one of them as *, as in 30 9 1 * * or 30 9 * * 1."#);
    assert_snapshot!(refused(&format!("{days} --pack ours")), @r#"plaudit: there is no pack "ours"; there are customer-service-week, it-and-internal, service-year"#);
    assert_snapshot!(refused(&format!("{days} --holidays DE-XX")), @r#"plaudit: --holidays <HOLIDAYS> can't be used: I know no region "XX" of Germany; there are Augsburg, BB, BE, BW, BY, HB, HE, HH, MV, NI, NW, RP, SH, SL, SN, ST, TH."#);
    assert_snapshot!(refused("--zone Mars/Olympus --from 2026-10-05 --to 2026-10-09"), @"plaudit: --zone <ZONE> can't be used: that is no IANA zone, such as Europe/Berlin");
    assert_snapshot!(refused("--zone UTC --from 5.10.2026 --to 2026-10-09"), @"plaudit: --from <FROM> can't be used: not a day written as YYYY-MM-DD");
    assert_snapshot!(refused("--zone UTC --from 2026-10-09 --to 2026-10-05"), @"plaudit: --from 2026-10-09 is later than --to 2026-10-05; both days are included");
    assert_snapshot!(refused("--zone UTC --from 2026-10-05 --to 2126-10-05"), @"plaudit: --from and --to are more than ten years apart; look at less at once");
    assert_snapshot!(refused("--from 2026-10-05 --to 2026-10-09"), @"plaudit: --zone says where the days and times are, as in --zone Europe/Berlin");
}

#[test]
fn a_part_shows_what_the_whole_year_shows_and_no_channel_is_like_another() {
    let year = lines(&occurrences(
        "--zone Asia/Kathmandu --from 2027-01-01 --to 2027-12-31 --channel C1 --week off",
    ));
    let october = lines(&occurrences(
        "--zone Asia/Kathmandu --from 2027-10-01 --to 2027-10-31 --channel C1 --week off",
    ));
    let of_october: Vec<String> = year
        .iter()
        .filter(|line| line.starts_with("2027-10"))
        .cloned()
        .collect();
    assert_eq!(october, of_october);
    assert_eq!(year.len(), 261);
    let prompts: BTreeSet<&str> = year.iter().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(prompts.len(), year.len(), "no prompt comes twice in a year");
    let other = lines(&occurrences(
        "--zone Asia/Kathmandu --from 2027-10-01 --to 2027-10-31 --channel C2 --week off",
    ));
    assert_eq!(other.len(), october.len());
    assert_ne!(other, october);
}

#[test]
fn a_pack_is_checked_line_by_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |text: &str| {
        std::fs::write(folder.path().join("ours.toml"), text).expect("a file");
        let Output { status, stdout, stderr } = plaudit(folder.path(), &[], "packs check ours.toml");
        let said = [stdout, stderr]
            .map(|bytes| String::from_utf8(bytes).expect("text"))
            .concat();
        format!("{said}exit code {}", status.code().unwrap_or(-1))
    };
    let good = "name = \"ours\"\ntitle = \"Ours\"\n\n[[theme]]\nid = \"ideas\"\nname = \"Ideas\"\n\n[[theme.prompt]]\nid = \
                \"idea-1\"\ntext = \"Which idea came from a customer?\"\n";
    assert_snapshot!(check(good), @r"
    ours.toml has no fault. Themes: 1, prompts: 1.
    exit code 0
    ");
    let long = "Why? ".repeat(61);
    let bad = format!(
        "{good}\n[[theme.prompt]]\nid = \"idea-1\"\ntext = \"{long}\"\n\n[[theme.prompt]]\nid = \"idea-2\"\ntext = \"Which idea came from customers?\"\n"
    );
    assert_snapshot!(check(&bad), @r#"
    ours.toml:13: The id "idea-1" is taken in line 9; ids are given once and never again.
    ours.toml:14: Text has 305 characters and may have 300.
    ours.toml:18: "idea-2" asks nearly the same as "idea-1" in line 10.
    plaudit: ours.toml has 3 faults
    exit code 1
    "#);
    assert_snapshot!(check("name = ours\n"), @r"
    ours.toml:1: This is no TOML: string values must be quoted, expected literal string.
    plaudit: ours.toml has one fault
    exit code 1
    ");
    assert_snapshot!(refusal(&[], "packs check gone.toml"), @"plaudit: gone.toml can't be read: No such file or directory (os error 2)");
}

#[test]
fn packs_of_a_folder_are_there_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let packs = folder.path().join("packs");
    std::fs::create_dir(&packs).expect("a folder");
    let env = [("PLAUDIT_PACKS", packs.to_str().expect("a path"))];
    std::fs::write(
        packs.join("ours.toml"),
        "name = \"ours\"\ntitle = \"Ours\"\n[[theme]]\nid = \"ideas\"\nname = \"Ideas\"\n[[theme.prompt]]\nid = \
         \"idea-1\"\ntext = \"Which idea came from a customer?\"\n",
    )
    .expect("a file");
    let line = "prompts preview --zone UTC --from 2026-06-01 --to 2026-06-01";
    let ours = format!("{line} --pack ours --format json");
    let shown: Value = serde_json::from_slice(&plaudit(folder.path(), &env, &ours).stdout).expect("JSON");
    assert_eq!(shown[0]["prompt"], "idea-1");
    assert_eq!(shown[0]["pack"], "ours");

    std::fs::write(packs.join("worse.toml"), "name = \"worse\"\n").expect("a file");
    let secrets = [env[0], ("SLACK_SIGNING_SECRET", "s"), ("SLACK_BOT_TOKEN", "xoxb-1")];
    for (env, line) in [(&env[..], line), (&secrets[..], "serve")] {
        let said = refusal(env, line).replace(packs.to_str().expect("a path"), "PACKS");
        insta::allow_duplicates! {
            assert_snapshot!(said, @"plaudit: PLAUDIT_PACKS can't be used: PACKS/worse.toml is no pack that can be used: line 1: A pack needs theme and has none. (plaudit packs check PACKS/worse.toml tells everything)");
        }
    }
    // As in an .env that lists every setting.
    assert!(plaudit(folder.path(), &[("PLAUDIT_PACKS", "")], line).status.success());
}

#[test]
fn a_channels_schedule_is_previewed_as_it_will_be_lived() {
    with_prompts_from(Some("2026-09-23 12:00"), &[], async |t| {
        // Two questions are history before anybody looks ahead; the second came before its time.
        t.lives_until("2026-09-25 08:00").await;
        let priya = t.person("priya");
        priya.runs("/kudos prompts").await;
        priya.clicks("Post now").await;
        t.run_due_jobs().await;
        let folder = tempfile::tempdir().expect("a folder");
        let channel = t.channel("support").id.to_string();
        let url = t.database().url();
        let line = format!("prompts preview --from 2026-09-24 --to 2026-10-16 --format json --channel {channel}");
        let shown = || -> Vec<String> {
            let Output { stdout, stderr, .. } = plaudit(folder.path(), &[("DATABASE_URL", &url)], &line);
            let shown: Vec<BTreeMap<String, String>> = serde_json::from_slice(&stdout)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
            lines(&shown)
        };
        let before = shown();
        assert_eq!(before.len(), 17);
        t.lives_until("2026-10-16 12:00").await;
        let posted = t
            .texts("SELECT prompt FROM occurrence WHERE state = 'posted' ORDER BY due_at")
            .await;
        let previewed: Vec<&str> = before.iter().filter_map(|line| line.split(' ').nth(2)).collect();
        assert_eq!(posted, previewed);
        assert_eq!(shown(), before);
    });
}
