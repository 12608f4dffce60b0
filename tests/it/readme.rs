//! What the README says is so.

use std::collections::BTreeSet;
use std::process::Command;

use plaudit::app::manifest::{OPTIONAL_SCOPES, REQUIRED_SCOPES};

const README: &str = include_str!("../../README.md");

/// The names in the first column of the table under a heading.
fn first_column(heading: &str) -> BTreeSet<String> {
    let section = README.split(heading).nth(1).expect("the heading");
    let section = section.split("\n## ").next().unwrap_or(section);
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_table_of_settings_is_whole_and_true() {
    let help = Command::new(env!("CARGO_BIN_EXE_plaudit"))
        .args(["serve", "--help"])
        .output()
        .expect("the help");
    let help = String::from_utf8(help.stdout).expect("text");
    let mut known = BTreeSet::new();
    for option in help.split("[env: ").skip(1) {
        let name = option.split([']', '=']).next().expect("a name");
        known.insert(name.to_owned());
        let line = option.lines().next().unwrap_or_default();
        if let Some((_, default)) = line.split_once("[default: ") {
            let row = format!("\n| `{name}` | `{}` |", default.trim_end_matches(']'));
            assert!(README.contains(&row), "the README should say {row}");
        }
    }
    assert!(known.len() > 5, "{help}");
    // What no flag exists for.
    known.extend(["SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "PLAUDIT_LOG"].map(str::to_owned));
    assert_eq!(first_column("\n## Settings\n"), known);
}

#[test]
fn the_table_of_scopes_is_whole_and_true() {
    let scopes = REQUIRED_SCOPES
        .iter()
        .map(|scope| scope.name)
        .chain(OPTIONAL_SCOPES.iter().map(|scope| scope.name));
    assert_eq!(first_column("\n## Permissions\n"), scopes.map(str::to_owned).collect());
}

/// The blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("\n```{language}\n");
    let blocks = README.split(begin.as_str()).skip(1);
    blocks.filter_map(|block| block.split("\n```").next()).collect()
}

#[test]
fn the_example_of_a_pack_can_be_used_and_the_preview_of_the_readme_shows_a_fortnight() {
    let [pack] = blocks("toml")[..] else { panic!("one pack") };
    let pack = plaudit::prompts::check(pack).expect("a pack without faults");
    assert_eq!((pack.name.as_str(), pack.prompts().count()), ("night-shift", 1));
    let command = blocks("sh")
        .into_iter()
        .flat_map(str::lines)
        .find(|line| line.starts_with("plaudit prompts preview"));
    let command = command.and_then(|line| line.split("  #").next()).expect("the command");
    let preview = Command::new(env!("CARGO_BIN_EXE_plaudit"))
        .args(command.split_whitespace().skip(1))
        .output()
        .expect("the binary to run");
    let preview = String::from_utf8(preview.stdout).expect("text");
    assert_eq!(
        preview.lines().filter(|line| line.contains(" 09:30  ")).count(),
        15,
        "{preview}"
    );
}
