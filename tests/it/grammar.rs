//! What people type, and what Plaudit understands.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;

use plaudit::base::ids::UserId;
use plaudit::base::text::{Masked, count, fold};
use plaudit::kudos::grammar::{Directory, NameHit, Parsed, Receiver, read};
use plaudit::slack::mrkdwn::{Broadcast, bold, escape, quote};
use proptest::prelude::*;

/// Id, display name, full name, handle.
const PEOPLE: &[(&str, &str, &str, &str)] = &[
    ("U0DANAK", "Dana Kim", "Dana Kim", "dana.kim"),
    ("U0DANAR", "Dana Ruiz", "Dana Ruiz", "druiz"),
    ("U0LEE", "Lee", "Lee Park", "lee"),
    ("U0MO", "mo", "Mo Haddad", "mo"),
    ("U0ANA", "Ana Souza (she/her)", "Ana Souza", "ana-souza"),
    ("U0PRIYA", "Priya", "Priya Nair", "priya"),
    ("U0JON", "Jon O'Berg", "Jon Berg", "jberg"),
    ("U0WEI", "陈伟", "Wei Chen", "wei"),
];

fn values() -> Vec<String> {
    ["calm", "clarity", "curiosity", "kindness", "ownership", "teamwork"]
        .map(String::from)
        .to_vec()
}

/// Everybody, under every name they have.
fn directory() -> Directory {
    let mut directory = Directory::default();
    for (id, display, full, handle) in PEOPLE {
        let member = UserId::from(*id);
        directory.names.insert(member.clone(), (*display).to_owned());
        let exact = BTreeSet::from([fold(display), fold(full), fold(handle)]);
        let first = full.split(' ').next().map(fold).filter(|first| !exact.contains(first));
        for (name, exact) in exact
            .into_iter()
            .map(|name| (name, true))
            .chain(first.map(|name| (name, false)))
        {
            let hit = NameHit {
                member: member.clone(),
                exact,
            };
            directory.by_name.entry(name).or_default().push(hit);
        }
    }
    directory
}

/// Only what a store would have found: those looked up, those mentioned.
fn parse(text: &str) -> Parsed {
    static EVERYBODY: LazyLock<Directory> = LazyLock::new(directory);
    let everybody = &*EVERYBODY;
    let reading = read(text);
    let mut found = Directory::default();
    for name in reading.names_to_look_up() {
        if let Some(hits) = everybody.by_name.get(&name) {
            found.by_name.insert(name, hits.clone());
        }
    }
    let named = found.by_name.values().flatten().map(|hit| hit.member.clone());
    for id in reading.mentioned().into_iter().chain(named.collect::<Vec<_>>()) {
        if let Some(name) = everybody.names.get(&id) {
            found.names.insert(id, name.clone());
        }
    }
    reading.resolve(&found, &values())
}

/// One line: who ← why, and whatever else was found.
fn line(text: &str) -> String {
    let parsed = parse(text);
    let receivers: Vec<&str> = parsed
        .receivers
        .iter()
        .map(|receiver| match receiver {
            Receiver::Member(id) => id.as_str().trim_start_matches("U0"),
            Receiver::Group { id, .. } => id.as_str(),
        })
        .collect();
    let mut line = format!("{} <- {}", receivers.join("+"), parsed.reason.replace('\n', "⏎"));
    for (what, list) in [
        ("values", &parsed.values),
        ("near", &parsed.near_values),
        ("unknown", &parsed.unknown),
    ] {
        if !list.is_empty() {
            write!(line, " | {what} {}", list.join(",")).expect("a string grows");
        }
    }
    for (name, members) in &parsed.ambiguous {
        write!(line, " | which {name} of {}", members.len()).expect("a string grows");
    }
    if let Some(broadcast) = parsed.broadcast {
        write!(line, " | @{}", broadcast.name()).expect("a string grows");
    }
    if !parsed.masked.is_empty() {
        write!(line, " | masked {:?}", parsed.masked).expect("a string grows");
    }
    line
}

#[test]
fn what_people_type_is_understood() {
    let table: &[(&str, &str)] = &[
        // As Slack escapes it.
        (
            "<@U0LEE> for calming the refund storm",
            "LEE <- calming the refund storm",
        ),
        (
            "<@U0LEE|lee> for calming the refund storm #teamwork",
            "LEE <- calming the refund storm | values teamwork",
        ),
        ("<@U0LEE> <@U0MO> for the handover", "LEE+MO <- the handover"),
        (
            "<@U0LEE>, <@U0MO> and <@U0PRIYA> for the handover",
            "LEE+MO+PRIYA <- the handover",
        ),
        ("<@U0LEE> <@U0LEE> for x", "LEE <- x"),
        ("<@U0LEE> thanks so much", "LEE <- thanks so much"),
        ("<@U0LEE>: thanks so much!", "LEE <- thanks so much!"),
        ("<@U0LEE> - thanks so much", "LEE <- thanks so much"),
        ("<@U0LEE>&amp;<@U0MO> great shift", "LEE+MO <- great shift"),
        ("<@U0LEE> + <@U0MO>\ngreat shift", "LEE+MO <- great shift"),
        ("to <@U0LEE> for staying late", "LEE <- staying late"),
        ("<@U0LEE>", "LEE <- "),
        ("<@U0LEE> and <@U0MO>", "LEE+MO <- "),
        ("<@U0LEE> for", "LEE <- "),
        // Who receives: before the first "for", at the start, else everyone named.
        (
            "<@U0LEE> for helping <@U0MO> with a caller",
            "LEE <- helping mo with a caller",
        ),
        ("<@U0LEE> FOR helping", "LEE <- helping"),
        ("<@U0LEE> for waiting for the boiler", "LEE <- waiting for the boiler"),
        (
            "big thanks to <@U0LEE> for the calm",
            "LEE <- big thanks to Lee for the calm",
        ),
        ("<@U0LEE> helped <@U0MO> all night", "LEE <- helped mo all night"),
        (
            "thanks for the help <@U0LEE> and <@U0MO>",
            "LEE+MO <- thanks for the help Lee and mo",
        ),
        (
            "what a night, <@U0LEE> and <@U0MO>!",
            "LEE+MO <- what a night, Lee and mo!",
        ),
        (
            "<@U0LEE> you were great, thanks for that",
            "LEE <- you were great, thanks for that",
        ),
        (
            "<@U0LEE> and I thank <@U0MO> for that",
            "LEE+MO <- Lee and I thank mo for that",
        ),
        ("<@U0LEE>'s patience was great", "LEE <- Lee's patience was great"),
        (
            "<@U0LEE> forever grateful, comfort for all",
            "LEE <- forever grateful, comfort for all",
        ),
        ("thanks everyone", " <- thanks everyone"),
        ("", " <- "),
        // Plain names.
        ("@lee for x", "LEE <- x"),
        ("@Lee Park for x", "LEE <- x"),
        ("@LEE, @mo & @priya for x", "LEE+MO+PRIYA <- x"),
        ("@lee,@mo great shift", "LEE+MO <- great shift"),
        ("@lee@mo great shift", "LEE+MO <- great shift"),
        ("@dana kim saved the night", "DANAK <- saved the night"),
        ("@dana.kim. saved the night", "DANAK <- saved the night"),
        ("@ｄａｎａ　ＫＩＭ saved the night", "DANAK <- saved the night"),
        ("@ana souza (she/her) for x", "ANA <- x"),
        ("@ana for x", "ANA <- x"),
        ("@ana-souza's calm voice", "ANA <- Ana Souza (she/her)'s calm voice"),
        ("@jon o'berg for x", "JON <- x"),
        ("(@lee) for x", "LEE <- x"),
        ("@lee🎉 for x", "LEE <- 🎉 for x"),
        ("@陈伟帮我接班", "WEI <- 帮我接班"),
        ("感谢@陈伟 for 昨晚", "WEI <- 感谢陈伟 for 昨晚"),
        (
            "@lee for helping @dana ruiz and @priya",
            "LEE <- helping Dana Ruiz and Priya",
        ),
        ("@dana saved the night", " <- saved the night | which dana of 2"),
        ("@lee for helping @dana", "LEE <- helping dana"),
        ("@danna for x", " <- x | unknown danna"),
        ("@danna's great", " <- @danna's great | unknown danna"),
        ("thanks so much @danna!", " <- thanks so much @danna! | unknown danna"),
        ("@danna and @lee for x", "LEE <- x | unknown danna"),
        (
            "@lee for fixing the @media rule @5pm",
            "LEE <- fixing the @media rule @5pm",
        ),
        ("thanks @lee who fixed @media", "LEE <- thanks Lee who fixed @media"),
        ("thanks @lee, see me @ noon", "LEE <- thanks Lee, see me @ noon"),
        // Groups and everyone.
        ("<!subteam^S0EMEA|@support-emea> for the launch", "S0EMEA <- the launch"),
        (
            "<!subteam^S0EMEA> and <@U0LEE> for the launch",
            "S0EMEA+LEE <- the launch",
        ),
        (
            "<@U0LEE> for training <!subteam^S0EMEA|@support-emea>",
            "LEE <- training support-emea",
        ),
        ("<!here> for the launch", " <- the launch | @here"),
        ("@channel great shift", " <- great shift | @channel"),
        ("<@U0LEE> for telling <!everyone|everyone>", "LEE <- telling everyone"),
        ("thanks <@U0LEE>, and <!here> look", "LEE <- thanks Lee, and here look"),
        // Values.
        ("<@U0LEE> #teamwork #Calm for x", "LEE <- x | values teamwork,calm"),
        ("#teamwork <@U0LEE> for x", "LEE <- x | values teamwork"),
        ("<@U0LEE> #teamwork great shift", "LEE <- great shift | values teamwork"),
        (
            "<@U0LEE> for x, #calm and #teamwork.",
            "LEE <- x | values calm,teamwork",
        ),
        (
            "<@U0LEE> for showing #kindness to a caller",
            "LEE <- showing #kindness to a caller | values kindness",
        ),
        ("<@U0LEE> for your #kindness", "LEE <- your #kindness | values kindness"),
        ("<@U0LEE> for #kindness", "LEE <-  | values kindness"),
        ("<@U0LEE> for x #teamwork #teamwork", "LEE <- x | values teamwork"),
        ("<@U0LEE> for x <#C0TEAM|teamwork>", "LEE <- x | values teamwork"),
        (
            "<@U0LEE> for x in <#C0HELP|help> and <#C0SECRET|>",
            "LEE <- x in #help and a private channel",
        ),
        ("<@U0LEE> for x #temwork", "LEE <- x #temwork | near teamwork"),
        (
            "<@U0LEE> for x #temwork #teamwork",
            "LEE <- x #temwork | values teamwork",
        ),
        ("<@U0LEE> for closing #48213", "LEE <- closing #48213"),
        ("<@U0LEE> for issue a#calm", "LEE <- issue a#calm"),
        // Words.
        ("<@U0LEE> for R&amp;D &lt;3 &lt;!here&gt;", "LEE <- R&D <3 <!here>"),
        ("<@U0LEE> for :tada:", "LEE <- :tada:"),
        ("<@U0LEE> :tada: great", "LEE <- :tada: great"),
        (
            "<@U0LEE> for:\n- one\n- two\n\n\n\n- three",
            "LEE <- - one⏎- two⏎⏎- three",
        ),
        (
            "<@U0LEE> for <https://example.com/a?b=1&amp;c=2>",
            "LEE <- https://example.com/a?b=1&c=2",
        ),
        (
            "<@U0LEE> for <https://example.com/|the page>",
            "LEE <- the page (https://example.com/)",
        ),
        ("<@U0LEE> for <http://example.com|example.com>", "LEE <- example.com"),
        (
            "<@U0LEE> for https://example.com/@mo/for/#calm",
            "LEE <- https://example.com/@mo/for/#calm",
        ),
        // What is never stored.
        (
            "<@U0LEE> for card 4111 1111 1111 1111",
            "LEE <- card [card number] | masked {Card}",
        ),
        (
            "<@U0LEE> for <mailto:c@example.com|c@example.com> and <tel:+4930123456|+49 30 123456>",
            "LEE <- [e-mail address] and [phone number] | masked {Email, Phone}",
        ),
        (
            "@lee for answering mo@example.com",
            "LEE <- answering [e-mail address] | masked {Email}",
        ),
        (
            "@lee for ringing 030 1234567",
            "LEE <- ringing [phone number] | masked {Phone}",
        ),
    ];
    let wrong: Vec<String> = table
        .iter()
        .map(|(typed, expected)| (typed, expected, line(typed)))
        .filter(|(_, expected, found)| found != *expected)
        .map(|(typed, expected, found)| format!("{typed}\n  expected {expected}\n  found    {found}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_reserved_word_is_a_subcommand_only_alone() {
    let reserved = ["help", "undo", "top"];
    for (typed, expected) in [
        ("help", Some("help")),
        (" HELP? ", Some("help")),
        ("undo", Some("undo")),
        ("top work @dana", None),
        ("help <@U0LEE>", None),
        ("me", None),
        ("", None),
    ] {
        assert_eq!(read(typed).subcommand(&reserved).as_deref(), expected, "{typed}");
    }
}

#[test]
fn a_text_is_given_back_as_it_was_typed() {
    for (typed, expected) in [
        (
            "<@U0DANAK> for R&amp;D <#C0TEAM|teamwork> #calm",
            "@Dana Kim for R&D #teamwork #calm",
        ),
        (
            "@danna for  x, mail <mailto:c@example.com|c@example.com>",
            "@danna for  x, mail c@example.com",
        ),
        ("<@U0GONE|sam> and <@U0GONE> <!here>", "@sam and @someone @here"),
    ] {
        assert_eq!(parse(typed).as_typed, expected);
    }
}

#[test]
fn names_are_looked_up_longest_and_shortest() {
    let names = read("thanks @Dana Kim's, team and mo@example.com").names_to_look_up();
    for name in ["dana", "dana kim", "dana kim's"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("example")), "{names:?}");
    assert_eq!(
        read("<@U0LEE> <@W0MO|mo> <@U0LEE>").mentioned(),
        [UserId::from("U0LEE"), UserId::from("W0MO")]
    );
}

#[test]
fn an_exact_name_beats_a_first_name() {
    let mut found = directory();
    let hit = |id: &str, exact| NameHit {
        member: id.into(),
        exact,
    };
    found.by_name.insert(
        "wei".to_owned(),
        vec![hit("U0OTHER", false), hit("U0WEI", true), hit("U0WEI", true)],
    );
    let parsed = read("@wei for x").resolve(&found, &[]);
    assert_eq!(parsed.receivers, [Receiver::Member("U0WEI".into())]);
    assert_eq!(
        read("@here for x").resolve(&found, &[]).broadcast,
        Some(Broadcast::Here)
    );
    assert_eq!(
        read("@mo for 4111111111111111").resolve(&found, &[]).masked,
        BTreeSet::from([Masked::Card])
    );
}

fn nasty() -> impl Strategy<Value = String> {
    let pieces = [
        "<!channel>",
        "<@U1|x>",
        "<@U0LEE>",
        "@here",
        "@everyone",
        "&lt;!here&gt;",
        "<@",
        "|",
        ">",
        "<",
        "&",
        "&amp;lt;",
        "<!subteam^S1|@x>",
        "<#C1|teamwork>",
        "<#C1|>",
        "<mailto:a@b.co|a@b.co>",
        "<https://a.b|c>",
        "<http://",
        "🎉",
        "👩🏽‍🚒",
        "\u{202E}",
        "\u{5d0}\u{5d1}",
        "\0",
        "\u{200B}",
        "\u{200D}",
        "@dana kim",
        "@dana",
        "@danna",
        "@lee's",
        "陈伟",
        "@陈伟",
        " for ",
        " ",
        "\n",
        ",",
        " and ",
        "#teamwork",
        "#temwork",
        "#48213",
        "4111 1111 1111 1111",
        "+49 30 1234567",
        "*",
        "_",
        "`",
        "~",
        ":",
        "'s",
        "İ",
        "ﬁ",
        "e\u{301}",
        "\u{2028}",
        "words",
    ];
    let piece = prop_oneof![
        12 => proptest::sample::select(pieces.to_vec()).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_text_breaks_out(text in nasty()) {
        let parsed = parse(&text);
        for written in [quote(&parsed.reason), bold(&parsed.reason), escape(&parsed.as_typed), quote(&text), bold(&text)] {
            for markup in ["<!", "<@", "<#", "<http"] {
                prop_assert!(!written.contains(markup), "{written}");
            }
        }
        let inside = bold(&text);
        prop_assert!(!inside.contains('\n') && !inside.trim_matches('*').contains(['*', '`']), "{inside}");
        for (at, receiver) in parsed.receivers.iter().enumerate() {
            prop_assert!(!parsed.receivers[..at].contains(receiver));
        }
        prop_assert!(parsed.near_values.iter().all(|value| !parsed.values.contains(value)));
        prop_assert!(!parsed.reason.contains(['\0', '\r']) && !parsed.reason.contains("\n\n\n"), "{:?}", parsed.reason);
        prop_assert_eq!(parsed.reason.trim(), parsed.reason.as_str());
        // A name or a placeholder may be longer than what was typed for it.
        prop_assert!(count(&parsed.reason) <= 20 * count(&text) + 20);
        prop_assert_eq!(plaudit::base::text::mask(&parsed.reason).0, parsed.reason.clone());
    }
}

/// Slack's longest message has 40,000 characters; reading must not grow with their square.
#[test]
fn long_texts_are_read() {
    for piece in [
        "@a ",
        "@",
        "<@",
        "0(",
        "0 ",
        "4111 ",
        "a@a.",
        "#temwork ",
        "http://a@",
        "@陈",
        "0-",
        "1",
    ] {
        let parsed = parse(&piece.repeat(40_000 / piece.len()));
        assert!(parsed.receivers.is_empty());
    }
}
