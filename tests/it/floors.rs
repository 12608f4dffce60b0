//! The house: a module imports only from floors below its own, and every sentence takes a locale.
//!
//! Reads every `crate::…` path of `src/` (not only `use`), so that a path written out in full counts too; and what the
//! modules of messages show to others.

use std::collections::{BTreeMap, BTreeSet};
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

/// What holds sentences: a function that returns one of these says something to people.
const SAYS: &[&str] = &[
    "Message",
    "View",
    "Block",
    "Button",
    "Element",
    "Response",
    "ViewResponse",
    "String",
    "str",
];

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

/// Without exceptions: what is no sentence (an id, a value as it is typed) is made elsewhere. Private helpers of such a
/// module needn't: they move with it. Names of people are told by a trait, and are the same in every language.
#[test]
fn every_sentence_takes_a_locale() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(src.clone());
    let sources = files
        .iter()
        .map(|file| code_of(&fs::read_to_string(file).expect("a source file can be read")));
    let sources: Vec<(&PathBuf, String)> = files.iter().zip(sources).collect();
    let mut carriers = BTreeSet::from(["Locale".to_owned()]);
    carriers.extend(sources.iter().flat_map(|(_, code)| with_a_locale(code)));
    for carrier in ["Voice", "Known"] {
        assert!(carriers.contains(carrier), "{carrier} no longer carries a locale");
    }
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, code) in &sources {
        let inside = file.strip_prefix(&src).expect("a file of src");
        if !makes_sentences(inside) {
            continue;
        }
        for shown in shown_functions(code) {
            let says = words(&shown.returns).any(|word| SAYS.contains(&word));
            if !says {
                continue;
            }
            seen += 1;
            if !words(&shown.takes).any(|word| carriers.contains(word)) {
                wrong.push(format!("{}:{}: fn {}", file.display(), shown.line, shown.name));
            }
        }
        for (line, name) in shown_sentences(code) {
            wrong.push(format!("{}:{line}: const {name} (make it a function)", file.display()));
        }
    }
    assert!(seen > 0, "no sentence was found: the reader of this test is broken");
    assert!(wrong.is_empty(), "said without a locale:\n{}", wrong.join("\n"));
}

/// `…/messages*.rs`, `…/messages/*.rs`, and the form for giving.
fn makes_sentences(file: &Path) -> bool {
    let named = |name: Option<&std::ffi::OsStr>| name.and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    named(file.file_name()).starts_with("messages")
        || file
            .parent()
            .is_some_and(|folder| named(folder.file_name()) == "messages")
        || file == Path::new("kudos/modal.rs")
}

/// A source without its comments; each line stays where it is.
fn code_of(source: &str) -> String {
    let code = source.lines().map(|line| match line.trim_start().starts_with("//") {
        true => "",
        false => line,
    });
    code.collect::<Vec<_>>().join("\n")
}

/// The names and other words of a type, a pattern, or several.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
}

/// The structs with a field `locale: Locale`.
fn with_a_locale(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = None;
    for line in code.lines() {
        let mut of = words(line).skip_while(|word| *word != "struct");
        if let (Some(_), Some(name), false) = (of.next(), of.next(), line.starts_with(' ')) {
            current = Some(name.to_owned());
        } else if line.starts_with('}') {
            current = None;
        } else if line.trim_end_matches(',').ends_with("locale: Locale") && !line.contains("fn ") {
            found.extend(current.clone());
        }
    }
    found
}

/// What follows `pub`, `pub(super)` and the like; `None` for what only its file sees.
fn shown(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    match rest.strip_prefix('(') {
        Some(limited) => limited.split_once(") ").map(|(_, rest)| rest),
        None => rest.strip_prefix(' '),
    }
}

/// A function that others than its file can call.
struct Shown {
    line: usize,
    name: String,
    /// Its parameters; of a method, what it is a method of, too.
    takes: String,
    returns: String,
}

fn shown_functions(code: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    let mut methods_of = "";
    let mut at = 0;
    for (number, line) in code.split('\n').enumerate() {
        let start = at;
        at += line.len() + 1;
        if line.starts_with("impl") {
            methods_of = line;
        }
        let mut head = shown(line).into_iter().flat_map(str::split_whitespace);
        if head.find(|word| !matches!(*word, "const" | "async" | "unsafe")) != Some("fn") {
            continue;
        }
        let Some((_, rest)) = code[start..].split_once("fn ") else {
            continue;
        };
        let name = words(rest).next().unwrap_or_default().to_owned();
        // Neither generics nor parameters hold a brace.
        let signature = rest.split('{').next().unwrap_or_default();
        let (takes, returns) = parameters(signature);
        let of = if line.starts_with(' ') { methods_of } else { "" };
        found.push(Shown {
            line: number + 1,
            name,
            takes: format!("{of} {takes}"),
            returns: returns.split(" where").next().unwrap_or_default().to_owned(),
        });
    }
    found
}

/// What stands in a signature's parentheses, and after them. An arrow in the generics or in a parameter is of a closure.
fn parameters(signature: &str) -> (&str, &str) {
    let (mut angles, mut parens, mut open) = (0, 0, 0);
    let mut before = ' ';
    for (at, letter) in signature.char_indices() {
        match letter {
            '<' if parens == 0 => angles += 1,
            '>' if parens == 0 && before != '-' => angles -= 1,
            '(' if angles == 0 => {
                if parens == 0 {
                    open = at + 1;
                }
                parens += 1;
            }
            ')' if angles == 0 => {
                parens -= 1;
                if parens == 0 {
                    return (&signature[open..at], &signature[at + 1..]);
                }
            }
            _ => {}
        }
        before = letter;
    }
    (signature, "")
}

/// Constants that others than their file can read, and that hold more than one word: a sentence.
fn shown_sentences(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let lines: Vec<&str> = code.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let mut head = shown(line).into_iter().flat_map(words);
        let (Some("const" | "static"), Some(name)) = (head.next(), head.next().filter(|name| *name != "fn")) else {
            continue;
        };
        let whole = lines[number..].join("\n");
        let value = whole.split(";\n").next().unwrap_or_default();
        let texts = value.split('"').skip(1).step_by(2);
        if texts.into_iter().any(|text| text.trim().contains(' ')) {
            found.push((number + 1, name.to_owned()));
        }
    }
    found
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
