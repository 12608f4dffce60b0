use insta::assert_snapshot;

use super::*;

fn faults(text: &str) -> String {
    let faults = check(text).expect_err("faults");
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.line, fault.what))
        .collect();
    lines.join("\n")
}

#[test]
fn every_fault_is_told_with_its_line() {
    let text = r#"
name = "Our Pack"
title = ""
colour = "green"

[[theme]]
id = "monday-ideas"
name = "Ideas"
emoji = "bulb"
weekday = "mond"

[[theme.prompt]]
id = "one"
text = "What did a customer teach you this week?"

[[theme.prompt]]
id = "one"
text = "Hello <!channel>, what is new?"
folow_up = "And then?"

[[theme.prompt]]
text = 5

[[theme]]
name = "Nothing in it"

[opening]
text = "Hello"
"#;
    assert_snapshot!(faults(text), @r#"
    2: Name "Our Pack" may have small letters, digits and hyphens only.
    3: Title is empty.
    4: I don't know "colour" here; a pack takes name, title, theme, opening, wrap_up, monday_after, after_30_days and after_90_days.
    9: "bulb" is no emoji; write its name with colons, as in :bulb:.
    10: "mond" is no weekday; write it as in monday, or leave it out.
    17: The id "one" is taken in line 13; ids are given once and never again.
    18: A prompt calls nobody: it may hold no mention, no @channel, @here or @everyone.
    19: I don't know "folow_up" here; a prompt takes id, text, follow_up and carries.
    21: A prompt needs id and has none.
    22: Text is written in quotation marks.
    24: A theme needs id and has none.
    24: A theme needs prompt and has none.
    27: This part needs texts and has none.
    28: I don't know "text" here; this part takes texts.
    "#);
}

#[test]
fn what_is_no_toml_is_told_with_what_else_is_wrong() {
    let text = "name = \"ours\"\ntitle = \"Ours\ncolour = 3\n\n[[theme]\nid = \"A\"\n";
    assert_snapshot!(faults(text), @r#"
    2: This is no TOML: invalid basic string, expected `"`.
    5: This is no TOML: unclosed array table, expected `]`.
    "#);
    assert_snapshot!(faults(""), @r"
    1: A pack needs name and has none.
    1: A pack needs theme and has none.
    1: A pack needs title and has none.
    ");
}

#[test]
fn nearly_the_same_question_is_found_in_any_theme_and_script() {
    let text = r#"
name = "ours"
title = "Ours"

[[theme]]
id = "wins"
name = "Wins"
weekday = "wednesday"

[[theme.prompt]]
id = "one"
text = "Which contact today ended better than it began, and what turned it?"

[[theme.prompt]]
id = "two"
text = "What turned it? Which contact ended better than it began today?"

[[theme]]
id = "more"
name = "More"

[[theme.prompt]]
id = "three"
text = "Which *contacts* today ended better than they began, and what turned them around?"

[[theme.prompt]]
id = "four"
text = "今日お客様から学んだことは何ですか。"

[[theme.prompt]]
id = "five"
text = "今日お客様から学んだことは何でしょうか。"

[[theme.prompt]]
id = "six"
text = "Who took a call that wasn't theirs?"
"#;
    assert_snapshot!(faults(text), @r#"
    16: "two" asks nearly the same as "one" in line 12.
    24: "three" asks nearly the same as "one" in line 12.
    32: "five" asks nearly the same as "four" in line 28.
    "#);
}

/// The texts of a shipped pack's prompts.
fn shipped(name: &str) -> Pack {
    let packs = Packs::shipped();
    packs.get(name).unwrap_or_else(|| panic!("{name} is shipped")).clone()
}

#[test]
fn the_shipped_packs_have_no_fault() {
    for text in SHIPPED {
        let pack = check(text).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert_eq!(Packs::shipped().get(&pack.name), Some(&pack));
    }
    let names: Vec<String> = Packs::shipped().names().map(str::to_owned).collect();
    assert_eq!(names, ["customer-service-week", "it-and-internal", "service-year"]);
}

#[test]
fn prompts_are_told_apart_across_the_shipped_packs_too() {
    let packs = Packs::shipped();
    let (mut ids, mut told) = (BTreeSet::new(), Vec::new());
    for (_, prompt) in packs.iter().flat_map(Pack::prompts) {
        assert!(ids.insert(prompt.id.clone()), "{} is there twice", prompt.id);
        for text in [Some(&prompt.text), prompt.follow_up.as_ref()].into_iter().flatten() {
            told.push((prompt.id.clone(), Told::new(text)));
        }
    }
    for (nth, (id, one)) in told.iter().enumerate() {
        for (other, two) in &told[..nth] {
            assert!(!one.is_near(two), "{id} asks nearly the same as {other}");
        }
    }
}

#[test]
fn each_working_day_has_its_theme_and_enough_to_ask() {
    use Weekday::{Fri, Mon, Thu, Tue, Wed};
    for (pack, least) in [("service-year", 54), ("it-and-internal", 12)] {
        let themes: Vec<(String, Option<Weekday>, usize)> = shipped(pack)
            .themes
            .into_iter()
            .map(|theme| (theme.name, theme.weekday, theme.prompts.len()))
            .collect();
        let expected = [
            ("Customer voice", Mon),
            ("Tip Tuesday", Tue),
            ("Win Wednesday", Wed),
            ("Throwback Thursday", Thu),
            ("Feedback Friday", Fri),
        ];
        assert_eq!(themes, expected.map(|(name, day)| (name.to_owned(), Some(day), least)));
    }
}

#[test]
fn customer_service_week_has_three_variants_of_everything() {
    let pack = shipped("customer-service-week");
    let ids: Vec<&str> = pack.themes.iter().map(|theme| theme.id.as_str()).collect();
    assert_eq!(ids, ["educate", "activate", "co-create-1", "co-create-2", "celebrate"]);
    for theme in &pack.themes {
        assert_eq!(theme.prompts.len(), 3, "{}", theme.id);
        for prompt in &theme.prompts {
            assert!(prompt.follow_up.is_some(), "{} has no second post", prompt.id);
            // Nothing comes before the first day.
            assert_eq!(prompt.carries.is_some(), theme.id != "educate", "{}", prompt.id);
        }
    }
    for texts in [
        &pack.opening,
        &pack.wrap_up,
        &pack.monday_after,
        &pack.after_30_days,
        &pack.after_90_days,
    ] {
        assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 3, "{texts:?}");
    }
}

/// What a machine can tell of the rules that prompts are written by.
#[test]
fn shipped_prompts_ask_and_presume_neither_daytime_nor_an_office_nor_personal_data() {
    let presuming = [
        "good morning",
        "this morning",
        "this afternoon",
        "this evening",
        "tonight",
        "lunch",
        "your desk",
        "the office",
        "nine to five",
        "coffee",
        "water cooler",
        "phone number",
        "e-mail address",
        "which customer was it",
        "stupid",
        "idiot",
        "annoying",
        "rude",
        "difficult customer",
        "worst customer",
        "dumbest",
    ];
    for (_, prompt) in Packs::shipped().iter().flat_map(Pack::prompts) {
        assert!(prompt.text.contains('?'), "{} asks nothing: {}", prompt.id, prompt.text);
        for text in [Some(&prompt.text), prompt.follow_up.as_ref()].into_iter().flatten() {
            let lower = text.to_lowercase();
            for phrase in presuming {
                assert!(!lower.contains(phrase), "{} says {phrase:?}: {text}", prompt.id);
            }
            assert!(
                !text.contains(['<', '>', '&', '*', '_', '~', '`', '!']),
                "{} has markup: {text}",
                prompt.id
            );
            assert!(
                !text.chars().any(|c| emojis::get(&c.to_string()).is_some()),
                "{} has an emoji: {text}",
                prompt.id
            );
        }
    }
}

/// The comments above the prompts say which ones invite other departments and which ask what is hard.
#[test]
fn one_in_five_invites_another_department_and_one_in_twenty_asks_what_is_hard() {
    for text in [SHIPPED[0], SHIPPED[2]] {
        let (mut part, mut parts) = ("", BTreeMap::<&str, usize>::new());
        for line in text.lines() {
            part = line.strip_prefix("# ").unwrap_or(part);
            *parts.entry(part).or_default() += usize::from(line == "[[theme.prompt]]");
        }
        let all: usize = parts.values().sum();
        assert_eq!(Ok(all), read(text).map(|pack| pack.prompts().count()));
        assert!(parts["Other departments"].abs_diff(all / 5) <= all / 20, "{parts:?}");
        assert!(parts["What is hard"].abs_diff(all / 20) <= all / 50 + 2, "{parts:?}");
    }
}

#[test]
fn a_folder_adds_packs_and_replaces_shipped_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).expect("a file");
    let ours = |name: &str| {
        format!(
            "name = \"{name}\"\ntitle = \"Ours\"\n[[theme]]\nid = \"ideas\"\nname = \"Ideas\"\n[[theme.prompt]]\nid = \
             \"one\"\ntext = \"What is new?\"\n"
        )
    };
    write("a.toml", &ours("ours"));
    write("b.toml", &ours("service-year"));
    write("notes.txt", "no pack");
    let packs = Packs::shipped().with_folder(folder.path()).expect("packs");
    assert_eq!(
        packs.names().collect::<Vec<_>>(),
        ["customer-service-week", "it-and-internal", "ours", "service-year"]
    );
    assert_eq!(packs.get("service-year").map(|pack| pack.prompts().count()), Some(1));
    assert_eq!(
        packs
            .get("ours")
            .and_then(|pack| pack.prompt("one"))
            .map(|(theme, _)| theme.id.as_str()),
        Some("ideas")
    );

    let error = |packs: Result<Packs, PacksError>| {
        let sentence = packs.expect_err("an error").to_string();
        sentence.replace(&folder.path().display().to_string(), "FOLDER")
    };
    write("c.toml", &ours("ours"));
    assert_snapshot!(error(Packs::shipped().with_folder(folder.path())), @"FOLDER/a.toml and FOLDER/c.toml both call their pack ours, so I can't tell which one is meant; rename one of them");
    write("c.toml", "name = \"other\"\ntitle = \"Other\"\n");
    assert_snapshot!(error(Packs::shipped().with_folder(folder.path())), @"FOLDER/c.toml is no pack that can be used: line 1: A pack needs theme and has none. (plaudit packs check FOLDER/c.toml tells everything)");
    assert_snapshot!(error(Packs::shipped().with_folder(&folder.path().join("gone"))), @"FOLDER/gone can't be read: No such file or directory (os error 2)");
}

/// A pack as people write it, and as Windows saves it.
const SMALL: &str = "name = \"ours\"\ntitle = \"Ours\"\n\n[[theme]]\nid = \"ideas\"\nname = \"Ideas\"\n\n[[theme.prompt]]\nid = \
                     \"one\"\ntext = \"\"\"\nWhich idea\ncame from a customer?\"\"\"\n";

#[test]
fn line_ends_and_marks_of_other_editors_make_no_difference() {
    let pack = read(SMALL).expect("a pack");
    assert_eq!(
        pack.prompt("one").map(|(_, prompt)| prompt.text.as_str()),
        Some("Which idea\ncame from a customer?")
    );
    assert_eq!(read(&format!("\u{feff}{SMALL}")), Ok(pack.clone()));
    let windows = read(&SMALL.replace('\n', "\r\n")).expect("a pack");
    assert_eq!(windows.name, pack.name);
}

#[test]
fn what_stands_in_the_wrong_place_is_told_not_fatal() {
    assert_snapshot!(faults("name = 3\ntitle = \"Ours\"\ntheme = 4\nopening = []\nwrap_up = { texts = \"one\" }\n"), @r#"
    1: Name is written in quotation marks.
    3: theme is a list of tables: begin a theme with its header in [[ and ]].
    4: opening is a part of its own: write [opening] and below it texts = ["…"].
    5: texts is a list: write texts = ["…", "…"].
    "#);
    assert_snapshot!(faults("name = \"ours\"\ntitle = \"Ours\"\ntheme = [1, { id = \"ideas\", name = \"Ideas\", prompt = {} }]\n"), @r"
    3: theme is a list of tables: begin a theme with its header in [[ and ]].
    3: prompt is a list of tables: begin a prompt with its header in [[ and ]].
    ");
}

proptest::proptest! {
    #[test]
    fn a_file_with_any_mistake_is_read_to_its_end(at in 0_usize..120, typed in "[\\[\\]\"=#a\\n\\\\{}'0é]{0,4}", gone in 0_usize..30) {
        let mut text: Vec<char> = SMALL.chars().collect();
        let at = at.min(text.len());
        let end = (at + gone).min(text.len());
        text.splice(at..end, typed.chars());
        let text: String = text.into_iter().collect();
        if let Err(faults) = check(&text) {
            let lines = text.lines().count() + 1;
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| (1..=lines).contains(&fault.line) && fault.what.ends_with('.')), "{faults:?}");
        }
    }
}
