//! The house: a module imports only from floors below its own.
//!
//! Reads every `crate::…` path of `src/` (not only `use`), so that a path written out in full counts too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which floor each top-level module lives on. `config` and `telemetry` are no floors; their readers are listed.
const FLOORS: &[(&str, u8)] = &[
    ("base", 0),
    ("slack", 1),
    ("store", 1),
    ("outbox", 2),
    ("workspace", 3),
    ("kudos", 4),
    ("boards", 5),
    ("digest", 6),
    ("prompts", 5),
    ("home", 7),
    ("privacy", 7),
    ("setup", 7),
    ("app", 8),
    ("web", 9),
    ("jobs", 9),
    ("sandbox", 10),
    ("cli", 11),
];

/// Imports that would be allowed by the floors, but not by the module's own rule.
const ONLY: &[(&str, &[&str])] = &[("sandbox", &["base", "slack"])];

/// Who may read the settings.
const CONFIG_READERS: &[&str] = &["cli", "app"];

#[test]
fn a_module_imports_only_from_floors_below_its_own() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let only: BTreeMap<&str, &[&str]> = ONLY.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in rust_files(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&file).expect("a source file can be read");
        let module = module_of(&file);
        for (line, target) in crate_paths(&source) {
            seen += 1;
            if target == module {
                continue;
            }
            let allowed = match (module.as_str(), target.as_str()) {
                (_, "telemetry") => module != "base",
                (reader, "config") => CONFIG_READERS.contains(&reader),
                ("config", target) => target == "base",
                (from, to) => match (floors.get(from), floors.get(to)) {
                    (Some(from_floor), Some(to_floor)) => {
                        to_floor < from_floor && only.get(from).is_none_or(|list| list.contains(&to))
                    }
                    _ => false,
                },
            };
            if !allowed {
                wrong.push(format!("{}:{line}: {module} imports {target}", file.display()));
            }
        }
    }
    assert!(seen > 0, "no import was found: the reader of this test is broken");
    assert!(wrong.is_empty(), "the house forbids:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_the_source_has_a_floor() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("src can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .expect("a name in UTF-8");
            assert!(floors.contains_key(name), "src/{name} has no floor");
        }
    }
}

fn rust_files(folder: PathBuf) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            files.extend(rust_files(path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// `src/kudos/give.rs` → `kudos`; `src/main.rs` and `src/lib.rs` → `cli`.
fn module_of(file: &Path) -> String {
    let inside = file
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .expect("a file of src");
    let first = inside
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    match first.as_str() {
        "main.rs" | "lib.rs" => "cli".to_owned(),
        name => name.trim_end_matches(".rs").to_owned(),
    }
}

/// Each `crate::name` outside comments, with its line; `crate::{a, b}` counts for each name.
fn crate_paths(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let code: Vec<&str> = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect();
    for (number, line) in code.iter().enumerate() {
        for (start, _) in line.match_indices("crate::") {
            let rest = &line[start + "crate::".len()..];
            if rest.starts_with('{') {
                let group = code[number..].join(" ");
                let open = group.find("crate::{").map_or(0, |at| at + "crate::{".len());
                let mut depth = 0;
                let mut name = String::new();
                for letter in group[open..].chars() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => found.push((number + 1, std::mem::take(&mut name))),
                        _ if depth == 0 => name.push(letter),
                        _ => {}
                    }
                }
                found.push((number + 1, name));
            } else {
                found.push((number + 1, rest.to_owned()));
            }
        }
    }
    found
        .into_iter()
        .map(|(line, path)| {
            let name = path
                .trim()
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .next()
                .unwrap_or("")
                .to_owned();
            (line, name)
        })
        .filter(|(_, name)| !name.is_empty())
        .collect()
}
