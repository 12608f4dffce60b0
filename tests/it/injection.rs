//! Whatever people type or are called: nothing panics, and nobody is pinged who wasn't meant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plaudit::base::clock::Instant;
use plaudit::base::ids::{ChannelId, GroupId, KudosId, UserId};
use plaudit::kudos::grammar::{self, Directory, NameHit};
use plaudit::kudos::messages::{self, Card, Confirmation, Dm, Names, News, Report, Standing, Told, Voice};
use plaudit::kudos::rules::{self, LeftOut, Refusal, Target, Terms};
use plaudit::kudos::{Decided, Edited, Receiver, Sent, TakenBack, ThankedBack};
use plaudit::slack::blocks::Message;
use plaudit::workspace::Locale;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::Value;

use crate::harness::story_needing;

const NASTY: &[&str] = &[
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!here|here>",
    "<@U1>",
    "<@U1|dana>",
    "<@W9ZZ|",
    "<#C1|teamwork>",
    "<#C1|>",
    "<!subteam^S1|@all>",
    "<!date^1392734382^{date}^https://x|y>",
    "<https://evil.example|@channel>",
    "<mailto:a@b.example|a>",
    "@here",
    "@channel",
    "@everyone",
    "@dana",
    "@Dana Kim",
    "@",
    "#teamwork",
    "#teamwrok",
    "#48213",
    "&lt;!channel&gt;",
    "&amp;lt;!here&amp;gt;",
    "<",
    ">",
    "&",
    "|",
    "*",
    "_",
    "~",
    "`",
    "```",
    "\n",
    "\n> ",
    " for ",
    "for",
    " ",
    "  ",
    "\u{0}",
    "\u{200b}",
    "\u{202e}",
    "مرحبا",
    "頑張った",
    "👏🏽",
    ":clap:",
    "4111 1111 1111 1111",
    "+49 170 1234567",
    "help",
    "undo",
    "\"",
    "…",
    "\\",
    "{}",
    "<<@U1>>",
    "<!<!channel>>",
    "<!chan",
    "nel>",
];

fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![4 => prop::sample::select(NASTY).prop_map(str::to_owned), 1 => ".{0,12}"],
        0..most,
    )
    .prop_map(|parts| parts.concat())
}

struct Called(HashMap<UserId, String>);

impl Names for Called {
    fn name(&self, id: &UserId) -> String {
        self.0.get(id).cloned().unwrap_or_else(|| "your colleague".to_owned())
    }

    fn full_name(&self, id: &UserId) -> String {
        self.name(id)
    }

    fn keeps_thanks_private(&self, id: &UserId) -> bool {
        self.name(id).len().is_multiple_of(2)
    }

    fn gets_dms(&self, id: &UserId) -> bool {
        self.name(id).len().is_multiple_of(3)
    }

    fn group_name(&self, _: &GroupId) -> String {
        self.0.values().next().cloned().unwrap_or_default()
    }
}

/// Reads what is sent as Slack would: only the channel link that was meant may be markup.
fn check(message: &Message, meant: &ChannelId) {
    let json = serde_json::to_value(message).expect("JSON");
    visit(&json, meant);
}

fn visit(value: &Value, meant: &ChannelId) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit(item, meant)),
        Value::Object(object) => {
            if object.get("type").is_some_and(|kind| kind == "mrkdwn") {
                assert_eq!(
                    object.get("verbatim"),
                    Some(&Value::Bool(true)),
                    "Slack would link a typed @here"
                );
                markup(object["text"].as_str().expect("text"), meant);
            }
            if object.get("blocks").is_some() {
                markup(object["text"].as_str().expect("text"), meant);
            }
            object.values().for_each(|item| visit(item, meant));
        }
        _ => {}
    }
}

fn markup(text: &str, meant: &ChannelId) {
    let rest = text.replace(&format!("<#{meant}>"), "");
    assert!(!rest.contains('<'), "markup that wasn't meant: {text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn ten_thousand_strange_texts_names_values_and_channels(
        typed in text(14), display in text(4), value in text(3), channel_name in text(3), command in text(2),
    ) {
        let meant = ChannelId::from("C0MEANT");
        let dana = UserId::from("U1");
        let lee = UserId::from("U2");
        let reading = grammar::read(&typed);
        let mut directory = Directory::default();
        for name in reading.names_to_look_up() {
            if name.starts_with("dana") {
                directory.by_name.entry(name).or_default().push(NameHit { member: dana.clone(), exact: true });
            }
        }
        directory.names.insert(dana.clone(), display.clone());
        let parsed = reading.resolve(&directory, &["teamwork".to_owned(), value.clone()]);
        let names = Called(directory.names.clone());
        let voice = Voice { locale: Locale::En, command: &command, allowance: Some(5), zone: chrono_tz::UTC };
        let people = [Receiver::Member(dana.clone()), Receiver::Group("S1".into())];
        let (people, kudos, link) = (people, KudosId::from("k"), "https://x.example/archives/C1/p1");
        let values = [parsed.values.clone(), vec![value.clone()]].concat();

        let joined = vec![dana.clone(); 5];
        check(&messages::card(Locale::En, &names, &Card {
            kudos: &kudos, giver: &lee, is_customers: true, receivers: &people, reason: &parsed.reason, values: &values,
            joined: &joined,
        }), &meant);
        check(&messages::who_joined(Locale::En, &names, &joined), &meant);
        let told = || Told {
            names: &names, kudos: &kudos, giver: &dana, is_customers: false, receivers: &people, reason: &parsed.reason, values: &values,
        };
        check(&messages::roundup(Locale::En, &command, &[told(), told()]), &meant);
        check(&messages::opening(Locale::En, "2026-06-02".parse().expect("a day"), &command), &meant);
        for standing in [Standing::Open, Standing::Kept, Standing::Gone] {
            check(&messages::report(Locale::En, &names, &Report {
                kudos: &kudos, giver: &dana, receivers: &people, reason: &parsed.reason, channel: Some(&meant), standing,
            }), &meant);
        }
        check(&messages::really_remove(Locale::En, &names, &kudos, &dana), &meant);
        check(&messages::decided(Locale::En, &names, &Decided::Removed { receivers: people.to_vec() }), &meant);
        check(&messages::edited(&voice, &Edited::TooLong(2_310), &parsed.as_typed), &meant);
        check(&messages::value_added(Locale::En, &value, &kudos, true), &meant);
        check(&messages::thanked_back(Locale::En, &names, &dana, &parsed.as_typed, &parsed.reason), &meant);
        check(&messages::thanks_sent(
            Locale::En, &names, &dana, &ThankedBack::TooLong(2_310), &parsed.as_typed,
        ), &meant);
        check(&messages::sent(&voice, &names, &[Sent {
            kudos: kudos.clone(), receivers: people.to_vec(), reason: parsed.reason.clone(),
            given_at: Instant::from_millis(0), is_open: true,
        }]), &meant);
        check(&messages::dm(&voice, &names, &Dm {
            kudos: &kudos, joined: &joined, is_hidden: true, is_customers: false,
            giver: &dana, reason: &parsed.reason, values: &values, card: Some((link, &channel_name)), is_first: true,
        }), &meant);
        check(&messages::confirmation(&voice, &names, &Confirmation {
            receivers: &people, target: &Target::Recognition(meant.clone()), left: Some(0), left_out: &[],
            few_words: true, near_values: std::slice::from_ref(&value), masked: &parsed.masked, kudos: &kudos,
            roundup: None, announce_in: Some(&channel_name),
        }), &meant);
        check(&messages::short(&voice, 3, 2, &parsed.as_typed, Some("d1")), &meant);
        for target in [
            Target::Public(meant.clone()), Target::Private(meant.clone()), Target::Unknown(meant.clone()),
            Target::NotPostable, Target::Shared, Target::Nowhere,
        ] {
            let out = [LeftOut::Yourself, LeftOut::Bot(dana.clone()), LeftOut::Left(dana.clone()),
                LeftOut::Stranger(dana.clone()), LeftOut::Unknown(dana.clone()), LeftOut::Forgotten(dana.clone()), LeftOut::Group("S1".into())];
            check(&messages::confirmation(&voice, &names, &Confirmation {
                receivers: &people, target: &target, left: Some(3), left_out: &out, few_words: false,
                near_values: &[], masked: &parsed.masked, kudos: &kudos, roundup: None, announce_in: None,
            }), &meant);
            for news in [
                News::NoCard { channel: &meant, code: &value, receivers: &people },
                News::LeftOut { people: &out, others: &people, left: None },
                News::NoDm { receiver: &dana, has_card: true },
                News::StillThere { channel: &meant },
                News::Recognition { channel: &meant, code: &value },
                News::Removed { receivers: &people, left: Some(3) },
            ] {
                check(&messages::news(&voice, &names, &news), &meant);
            }
        }
        check(&messages::retyped(&voice, &names, &people, Instant::from_millis(0)), &meant);
        check(&messages::taken_back(&voice, &names, &TakenBack::Done {
            receivers: people.to_vec(), card: Some(meant.clone()), had_dms: true, left: Some(1),
        }), &meant);
        for refusal in [
            Refusal::NoWords(people.to_vec()), Refusal::GroupUnseen(display.clone()), Refusal::GroupEmpty(display.clone()),
            Refusal::Unknown(display.clone()), Refusal::Ambiguous(display.clone(), vec![dana.clone()]),
            Refusal::OnlyBots(vec![dana.clone()]), Refusal::OnlyLeft(vec![dana.clone()]),
            Refusal::OnlyStrangers(vec![dana.clone()]), Refusal::GroupUnheard, Refusal::TooLong(2_310),
            Refusal::OnlyForgotten, Refusal::YouAreForgotten,
        ] {
            check(&messages::refusal(&voice, &names, &refusal, &parsed.as_typed), &meant);
        }
        check(&messages::our_fault(Locale::En, &parsed.as_typed), &meant);
        check(&messages::posts::emoji_alone(Locale::En, &value), &meant);
        check(&messages::posts::own_post(Locale::En, &value), &meant);
        check(&messages::posts::which_words(Locale::En, &names, &lee, "d1"), &meant);
        let reacted = [messages::posts::Reacted { giver: &lee, reason: &parsed.reason }];
        check(&messages::posts::reactions(&voice, &names, &reacted, true), &meant);
        check(&plaudit::privacy::messages::page(Locale::En, &typed, 0, 2), &meant);
        check(&plaudit::privacy::messages::really(Locale::En, &command), &meant);
        check(&messages::help(&voice, std::slice::from_ref(&value), Some(&meant), true), &meant);
        if let Err(refusal) = rules::decide(&parsed, &lee, &BTreeMap::new(), Terms::default()) {
            check(&messages::refusal(&voice, &names, &refusal, &parsed.as_typed), &meant);
        }
        let receivers: BTreeSet<_> = parsed.receivers.iter().map(|receiver| format!("{receiver:?}")).collect();
        prop_assert_eq!(receivers.len(), parsed.receivers.len(), "each once");
    }
}

#[test]
fn strange_texts_through_the_whole_bot() {
    story_needing(&["channels:read"], async |t| {
        let mo = t.person("mo").id;
        t.slack
            .change_person(&mo, |person| {
                person.display_name = "<!channel> *Mo* <@U1> & `co`".to_owned()
            })
            .await;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for n in 0..150 {
            let typed = text(8).new_tree(&mut runner).expect("a text").current();
            let giver = t.person(["lee", "ana", "jon", "wei", "priya", "dana"][n % 6]);
            giver.runs_raw(&format!("/kudos <@{mo}> {typed}")).await;
            giver.runs_raw(&format!("/kudos {typed}")).await;
        }
        t.run_jobs().await;
        for channel in ["kudos", "support"] {
            for message in t.channel(channel).messages() {
                assert!(message.pings.is_empty() && message.broadcasts.is_empty(), "{message:?}");
            }
        }
        assert!(t.channel("kudos").messages().len() > 10, "some of them are kudos");
        // A DM pings the person whose DM it is, and nobody else.
        let dm = t.slack.dm(&mo).expect("a DM");
        assert!(
            t.slack
                .messages(&dm)
                .iter()
                .all(|message| message.pings.iter().all(|id| *id == mo) && message.broadcasts.is_empty())
        );
    });
}
