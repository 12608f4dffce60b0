use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::app::manifest;
use crate::base::calendar::next_midnight;
use crate::base::clock::ManualClock;
use crate::base::text::count;
use crate::kudos::grammar::{self, Directory};
use crate::kudos::rules::{self, Approved, MOST_CHARACTERS, Refusal, Terms};
use crate::kudos::{Outcome, record};
use crate::sandbox::Sandbox;
use crate::store::{DatabaseUrl, Db, StoreError, Tx};
use crate::workspace::Settings;

const ZONE: Tz = Tz::Europe__Berlin;

/// A Monday, 10:00 in UTC.
fn end() -> Instant {
    at("2026-11-23T10:00:00Z")
}

fn at(text: &str) -> Instant {
    Instant::from(chrono::DateTime::parse_from_rfc3339(text).expect("an instant").to_utc())
}

async fn world() -> (Sandbox, World) {
    let address = url::Url::parse("http://127.0.0.1:1/").expect("an address");
    let clock = Arc::new(ManualClock::new(end()));
    let sandbox = Sandbox::start(manifest::build(&address, "/kudos"), clock)
        .await
        .expect("a sandbox");
    World::fill(&sandbox);
    let world = World::find(&sandbox).expect("everybody");
    (sandbox, world)
}

fn handle<'a>(world: &'a World, id: &UserId) -> &'a str {
    world.by_id(id).expect("somebody").handle
}

fn counted<K: Ord>(items: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

fn text_of(gives: &[Give]) -> Vec<String> {
    gives.iter().map(|give| format!("{give:?}")).collect()
}

#[tokio::test]
async fn the_same_seed_is_the_same_workspace_and_the_same_year() {
    let (one, first) = world().await;
    let (other, second) = world().await;
    assert_eq!(first.people.iter().filter(|person| person.is_here()).count(), 24);
    for person in &first.people {
        assert_eq!(Some(&person.id), second.person(person.handle).map(|person| &person.id));
        assert_eq!(one.person(person.handle), other.person(person.handle));
        assert!(!person.home.as_str().is_empty());
    }
    let year_of = |seed, world| text_of(&year(seed, world, end(), ZONE));
    assert_eq!(year_of(SEED, &first), year_of(SEED, &second));
    assert_ne!(year_of(SEED, &first), year_of(SEED + 1, &first));
    let weeks = |seed| last_weeks(seed, &first, &mut Speaker::default(), end().minus(LIVED), end());
    assert_eq!(weeks(SEED), weeks(SEED));
    assert_ne!(weeks(SEED), weeks(SEED + 1));
}

#[tokio::test]
async fn a_year_looks_like_a_real_teams() {
    let (_sandbox, world) = world().await;
    for (seed, end) in [
        (SEED, end()),
        (1, at("2026-03-02T06:30:00Z")),
        (2, at("2027-09-08T21:00:00Z")),
    ] {
        let gives = year(seed, &world, end, ZONE);
        assert!((4_000..=6_000).contains(&gives.len()), "{} kudos", gives.len());
        assert!(gives.windows(2).all(|two| two[0].at < two[1].at));
        assert!(gives[0].at >= end.minus(YEAR) && gives[gives.len() - 1].at < end.minus(LIVED));

        // A few give much, most a little.
        let mut givers: Vec<usize> = counted(gives.iter().map(|give| &give.giver)).into_values().collect();
        givers.sort_unstable_by(|a, b| b.cmp(a));
        let most: usize = givers.iter().take(5).sum();
        let share = 100 * most / gives.len();
        assert!(givers.len() >= 22 && (40..=60).contains(&share), "{givers:?}");

        // Who was thanked, and when last.
        let mut last: BTreeMap<&str, Instant> = BTreeMap::new();
        for give in &gives {
            assert!(!give.receivers.contains(&Receiver::Member(give.giver.clone())));
            for member in give.receivers.iter().filter_map(Receiver::member) {
                last.insert(handle(&world, member), give.at);
            }
        }
        for (who, days) in [("jon", 150), ("mateo", 75), ("grace", 40), ("sam", 140)] {
            let since = end.since(last[who]).as_secs() / 86_400;
            assert!((days..days + 80).contains(&since), "{who}: {since} days");
        }
        for nobody in ["wei", "arjun", "weatherbot"] {
            assert!(!last.contains_key(nobody), "{nobody}");
        }
        assert_eq!(last.len(), 23, "{last:?}");

        // Customers' words, teams, several people, values.
        let customers = gives.iter().filter(|give| give.source == Source::Customer).count();
        assert!((60..250).contains(&customers), "{customers}");
        assert!(
            gives
                .iter()
                .all(|give| (give.cost == 0) == (give.source == Source::Customer))
        );
        let teams = gives.iter().filter(|give| give.receivers[0].group().is_some()).count();
        assert!((15..90).contains(&teams), "{teams}");
        let values = counted(gives.iter().flat_map(|give| give.values.iter().map(String::as_str)));
        let shipped: BTreeSet<String> = Settings::default().value_names().into_iter().collect();
        assert_eq!(
            values.keys().map(|value| (*value).to_owned()).collect::<BTreeSet<_>>(),
            shipped
        );
        assert!(values.values().all(|&n| n > 150), "{values:?}");

        // Through the year.
        let weeks = counted(gives.iter().map(|give| give.workspace_day.monday()));
        let usual = gives.len() / 50;
        for year in [2025, 2026] {
            let week = days::customer_service_week(year).expect("a week");
            if weeks.contains_key(&week) {
                assert!(weeks[&week] > usual * 3 / 2, "{week}: {}", weeks[&week]);
            }
            let christmas = Day::new(year, 12, 24).expect("a day");
            let quiet = gives
                .iter()
                .filter(|give| (0..7).contains(&give.workspace_day.days_since(christmas)))
                .count();
            assert!(quiet < usual / 3, "{quiet} at Christmas {year}");
        }
    }
}

#[tokio::test]
async fn everybody_gives_in_their_shift_and_within_their_allowance() {
    let (_sandbox, world) = world().await;
    let gives = year(SEED, &world, end(), ZONE);
    let mut spent: BTreeMap<(&UserId, Day), i64> = BTreeMap::new();
    for give in &gives {
        let giver = world.by_id(&give.giver).expect("a giver");
        assert!(
            days::is_at_work(giver, give.at),
            "{} at {}",
            giver.handle,
            give.at.utc()
        );
        assert_eq!(give.giver_day, local_day(give.at, giver.zone));
        assert_eq!(give.workspace_day, local_day(give.at, ZONE));
        let cost = give.cost * i64::try_from(give.receivers.len()).expect("a few");
        *spent.entry((&give.giver, give.giver_day)).or_default() += cost;
        assert!(give.allowance == Some(ALLOWANCE) && give.announce == Announce::Silent && give.delivery.is_none());
        let place = give.channel.as_ref().expect("a place");
        let channel = world
            .channels
            .iter()
            .find(|channel| channel.id == *place)
            .expect("a channel");
        assert!(
            giver.left || channel.members.contains(&giver.id),
            "{} in {}",
            giver.handle,
            channel.name
        );
    }
    assert!(spent.values().all(|&spent| spent <= ALLOWANCE));
    assert!(spent.values().any(|&spent| spent == ALLOWANCE));
}

#[tokio::test]
async fn no_words_are_worn_out_and_all_are_read_as_they_stand() {
    let (_sandbox, world) = world().await;
    let gives = year(SEED, &world, end(), ZONE);
    let said = counted(gives.iter().map(|give| give.reason.as_str()));
    assert!(
        said.values().all(|&times| times <= words::MOST_REPEATED as usize),
        "{:?}",
        said.iter().max_by_key(|(_, times)| **times)
    );
    assert!(said.len() * 2 > gives.len(), "{} texts for {}", said.len(), gives.len());
    for reason in said.keys() {
        let parsed = grammar::read(&format!("<@U1> for {reason}")).resolve(&Directory::default(), &[]);
        assert!(parsed.masked.is_empty(), "{reason}");
        assert_eq!(parsed.reason, *reason);
        assert!(count(reason) <= MOST_CHARACTERS);
    }
}

#[tokio::test]
async fn a_fresh_database_takes_the_whole_year() {
    let (_sandbox, world) = world().await;
    let gives = year(SEED, &world, end(), ZONE);
    let folder = tempfile::tempdir().expect("a folder");
    let url: DatabaseUrl = format!("sqlite://{}", folder.path().join("year.db").display())
        .parse()
        .expect("an address");
    let db = Db::open(&url).await.expect("a database");
    for list in gives.chunks(1_000) {
        let list = list.to_vec();
        let outcomes: Result<Vec<Outcome>, StoreError> =
            db.write(async move |tx: &mut Tx| record(tx, &list).await).await;
        for outcome in outcomes.expect("a list on disk") {
            assert!(matches!(outcome, Outcome::Given { .. }), "{outcome:?}");
        }
    }
    db.close().await;
}

#[tokio::test]
async fn the_last_two_weeks_are_alive_and_end_with_thanks_for_the_visitor() {
    let (_sandbox, world) = world().await;
    for (seed, end) in [
        (SEED, end()),
        (1, at("2026-03-07T03:00:00Z")),
        (2, at("2026-10-25T17:30:00Z")),
    ] {
        let moments = last_weeks(seed, &world, &mut Speaker::default(), end.minus(LIVED), end);
        assert!(moments.windows(2).all(|two| two[0].at < two[1].at));
        assert!(moments[0].at >= end.minus(LIVED));
        let commands: Vec<&Moment> = moments
            .iter()
            .filter(|moment| matches!(moment.what, What::Command(_)))
            .collect();
        assert!((95..=150).contains(&commands.len()), "{} commands", commands.len());
        let number = |wanted: fn(&What) -> bool| moments.iter().filter(|moment| wanted(&moment.what)).count();
        assert!((2..=3).contains(&number(|what| *what == What::Undo)));
        assert!(number(|what| matches!(what, What::Say(_))) >= 45);
        assert!(number(|what| matches!(what, What::Reply(_))) >= 8);

        // The last one.
        let last = moments.last().expect("a moment");
        let What::Command(text) = &last.what else {
            panic!("{last:?}");
        };
        assert!(text.starts_with("@mo for "), "{text}");
        assert_eq!((&last.place, end.since(last.at)), (&world.support, LAST_THANKS));

        let mut refused = 0;
        let mut spent: BTreeMap<(&UserId, Day), i64> = BTreeMap::new();
        let mut typed = BTreeSet::new();
        for moment in &moments {
            let who = world.by_id(&moment.who).expect("somebody");
            let channel = world
                .channels
                .iter()
                .find(|channel| channel.id == moment.place)
                .expect("a channel");
            assert!(who.is_here() && channel.members.contains(&who.id), "{moment:?}");
            if moment.who == world.visitor {
                assert!(next_midnight(moment.at, who.zone) < end, "{moment:?}");
            }
            let What::Command(text) = &moment.what else { continue };
            assert!(typed.insert((&moment.who, text)), "{text}");
            let decided = as_slack_sends_it(&world, text, &moment.who);
            let named: Vec<&str> = text.split(' ').map_while(|word| word.strip_prefix('@')).collect();
            if named == [who.handle] || named == ["weatherbot"] {
                refused += 1;
                continue;
            }
            assert_eq!(
                decided.as_ref().map(|approved| approved.receivers.len()),
                Ok(named.len()),
                "{text}"
            );
            assert!(decided.is_ok_and(|approved| !approved.few_words), "{text}");
            for &name in &named {
                let receives = world
                    .person(name)
                    .is_some_and(|person| person.is_here() && person.id != who.id);
                assert!(receives || name == "support-emea", "{text}");
                assert!(!["wei", "arjun", "jon", "mateo", "grace"].contains(&name), "{text}");
            }
            *spent.entry((&moment.who, local_day(moment.at, who.zone))).or_default() +=
                i64::try_from(named.len()).expect("a few");
        }
        assert_eq!(refused, 2);
        assert!(spent.values().all(|&spent| spent <= ALLOWANCE), "{spent:?}");
    }
}

#[tokio::test]
async fn people_go_on_living_when_the_clock_is_turned_ahead() {
    let (_sandbox, world) = world().await;
    let from = end();
    let ahead = |to: Instant| way_ahead(SEED, &world, &mut Speaker::default(), from, to);
    let (day, year) = (ahead(at("2026-11-24T08:00:00Z")), ahead(at("2027-10-11T07:00:00Z")));
    assert!((3..=30).contains(&day.len()), "{} moments in a day", day.len());
    assert!((900..=2_600).contains(&year.len()), "{} moments in a year", year.len());
    assert!(year.windows(2).all(|two| two[0].at <= two[1].at));
    assert!(year[0].at >= from && year[year.len() - 1].at < at("2027-10-11T07:00:00Z"));
    let week = days::customer_service_week(2027).expect("a week");
    let in_the_week = |moment: &&Moment| local_day(moment.at, ZONE).monday() == week;
    let customers = |moment: &&Moment| matches!(moment.what, What::PassOn { .. });
    let joined = |moment: &&Moment| matches!(moment.what, What::JoinIn(_));
    assert!(year.iter().filter(in_the_week).filter(customers).count() >= 3);
    assert!(year.iter().filter(joined).count() > year.len() / 8);
    let mut thanked = BTreeSet::new();
    for moment in &year {
        let who = world.by_id(&moment.who).expect("somebody");
        assert!(who.is_here() && who.id != world.visitor, "{moment:?}");
        assert!(days::is_at_work(who, moment.at), "{moment:?}");
        match &moment.what {
            What::Command(text) => {
                let decided = as_slack_sends_it(&world, text, &moment.who);
                assert!(decided.is_ok(), "{text}: {decided:?}");
                thanked.extend(
                    text.split(' ')
                        .map_while(|word| word.strip_prefix('@'))
                        .map(str::to_owned),
                );
            }
            What::PassOn { about, .. } => assert!(world.person(about).is_some_and(|about| about.role == Role::Agent)),
            What::JoinIn(_) => assert_eq!(moment.place, world.kudos),
            what => panic!("{what:?}"),
        }
    }
    // Those whom nobody had thanked for long are thanked again.
    assert!(
        thanked.contains("jon") && thanked.contains("mateo") && !thanked.contains("sam"),
        "{thanked:?}"
    );
}

/// What the bot decides about a command's text.
fn as_slack_sends_it(world: &World, words: &str, giver: &UserId) -> Result<Approved, Refusal> {
    let sent = words
        .split(' ')
        .map(|word| match word.strip_prefix('@') {
            Some("support-emea") => format!("<!subteam^{}|@support-emea>", world.emea),
            Some(handle) => format!("<@{}|{handle}>", world.person(handle).expect("somebody").id),
            None => word.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(" ");
    let parsed = grammar::read(&sent).resolve(&Directory::default(), &Settings::default().value_names());
    assert!(
        parsed.masked.is_empty() && parsed.near_values.is_empty(),
        "{words}: {parsed:?}"
    );
    assert!(
        !parsed.reason.contains('#') || parsed.reason.contains(char::is_numeric),
        "{words}"
    );
    rules::decide(&parsed, giver, &BTreeMap::new(), Terms::default())
}

/// `cargo test --lib demo::history::tests::aloud -- --ignored --nocapture`: to read, not to check.
#[tokio::test]
#[ignore = "prints a sample of the words"]
async fn aloud() {
    let (_sandbox, world) = world().await;
    let gives = year(SEED, &world, end(), ZONE);
    for give in gives.iter().step_by(gives.len() / 100) {
        let to: Vec<&str> = give
            .receivers
            .iter()
            .map(|receiver| receiver.member().map_or("support-emea", |id| handle(&world, id)))
            .collect();
        println!(
            "{} > {}: {} {:?}",
            handle(&world, &give.giver),
            to.join(" "),
            give.reason,
            give.values
        );
    }
    for moment in last_weeks(SEED, &world, &mut Speaker::default(), end().minus(LIVED), end()) {
        println!(
            "{} {} {:?}",
            moment.at.utc().format("%a %H:%M"),
            handle(&world, &moment.who),
            moment.what
        );
    }
}
