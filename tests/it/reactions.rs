//! Somebody reacts with the chosen emoji.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use insta::assert_snapshot;
use plaudit::kudos::recount;
use plaudit::sandbox::{Guest, Manner, NewPerson, Shown};
use plaudit::workspace::{Givers, Settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::harness::{Setup, Story, rows, story_with};
use crate::posts::{delivers_all_again, private, reasons};

const SCOPES: [&str; 5] = [
    "channels:read",
    "channels:history",
    "groups:history",
    "im:history",
    "reactions:read",
];
const MINUTE: Duration = Duration::from_secs(60);

fn story(tell: impl AsyncFnOnce(&mut Story)) {
    story_without(&[], Settings::default(), tell);
}

fn story_without(without: &[&'static str], settings: Settings, tell: impl AsyncFnOnce(&mut Story)) {
    let setup = Setup {
        settings: Settings {
            emoji: vec!["kudos".to_owned(), "+1".to_owned()],
            ..settings
        },
        needs: SCOPES.to_vec(),
        without: without.to_vec(),
        ..Setup::default()
    };
    story_with(setup, tell);
}

#[test]
fn a_reaction_thanks_the_author_with_the_posts_words() {
    story(async |t| {
        let long = "I rang the boiler customer back. ".repeat(8);
        let post = t
            .person("dana")
            .says_in("support", &format!("{long} Card 4111 1111 1111 1111."))
            .await;
        let short = t
            .person("dana")
            .says_in("support", "The card was 4111 1111 1111 1111, cc @mo")
            .await;
        t.person("lee").reacts("thumbsup::skin-tone-3", &post).await;
        t.run_jobs().await;
        assert_snapshot!(private(t, "lee"), @"
        Dana has it by DM. 4 left today.
        [Undo]
        ");
        assert_snapshot!(t.dm("dana"), @"
        *Lee* thanked you for your post
        > I rang the boiler customer back. I rang the boiler customer back. I rang the boiler customer back. I rang the boiler customer back. I rang…
        You can pass it on: type /kudos @someone and say why.
        ");
        t.person("mo").reacts("kudos", &post).await;
        t.person("mo").reacts("kudos", &short).await;
        t.run_jobs().await;
        assert_snapshot!(t.dm("dana"), @"
        *2 people* thanked you for your posts
        Lee and Mo
        > I rang the boiler customer back. I rang the boiler customer back. I rang the boiler customer back. I rang the boiler customer back. I rang…
        Mo
        > The card was [card number], cc Mo
        You can pass it on: type /kudos @someone and say why.
        ");
        assert_eq!(t.channel("kudos").shows(), "", "no card");
        // The next one, later, is a message of its own.
        t.wait(10 * MINUTE);
        t.person("ana").reacts("kudos", &short).await;
        t.run_jobs().await;
        assert_snapshot!(t.dm("dana"), @"
        *2 people* thanked you for your posts
        Lee and Mo
        > I rang the boiler customer back. I rang the boiler customer back. I rang the boiler customer back. I rang the boiler customer back. I rang…
        Mo
        > The card was [card number], cc Mo
        You can pass it on: type /kudos @someone and say why.
        ---
        *Ana* thanked you for your post
        > The card was [card number], cc Mo
        ");
        let rows = reasons(t).await;
        assert!(rows.iter().all(|row| row.ends_with("(reaction)")));
        assert_eq!(rows.len(), 4);
    });
}

#[test]
fn removing_ones_reaction_takes_back_what_it_gave_and_frees_it() {
    story(async |t| {
        let post = t
            .person("dana")
            .says_in("support", "I rang the boiler customer back")
            .await;
        let reply = t.person("dana").replies(&post, "and the next one, too").await;
        t.person("lee").reacts("kudos", &post).await;
        t.person("lee").reacts("+1", &post).await;
        t.person("mo").reacts("kudos", &reply).await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2);
        t.person("lee").unreacts("kudos", &post).await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2, "the other emoji still stands");
        t.person("lee").unreacts("+1", &post).await;
        t.run_jobs().await;
        assert_snapshot!(t.dm("dana"), @"
        *Mo* thanked you for your post
        > and the next one, too
        ");
        delivers_all_again(t).await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 1);
        t.person("lee").reacts("kudos", &post).await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 2);
        // Gone before it was looked at: nothing happened.
        t.person("ana").reacts("kudos", &post).await;
        t.person("ana").unreacts("kudos", &post).await;
        t.run_jobs().await;
        assert_eq!(private(t, "ana"), "");
        t.wait(7 * 24 * 60 * MINUTE);
        t.person("lee").unreacts("kudos", &post).await;
        t.person("dana").deletes(&reply).await;
        t.run_jobs().await;
        assert_eq!(
            reasons(t).await.len(),
            2,
            "after a week the thanks stay, also of a post that others reacted to"
        );
    });
}

#[test]
fn deleting_a_post_that_others_reacted_to_takes_nothing_back() {
    story(async |t| {
        let post = t
            .person("dana")
            .says_in("support", "I rang the boiler customer back")
            .await;
        t.person("lee").reacts("kudos", &post).await;
        t.run_jobs().await;
        t.person("dana").deletes(&post).await;
        t.run_jobs().await;
        assert_eq!(reasons(t).await.len(), 1);
    });
}

#[test]
fn on_a_card_or_on_a_post_that_gave_it_is_me_too() {
    story(async |t| {
        let post = t.person("lee").says_in("support", ":kudos: @dana for the boiler").await;
        t.run_jobs().await;
        let card = t.channel("kudos").messages().remove(0);
        t.person("mo").reacts("kudos", &card).await;
        t.person("ana").reacts("+1", &post).await;
        t.person("lee").reacts("kudos", &card).await;
        t.person("dana").reacts("kudos", &card).await;
        t.run_jobs().await;
        assert_eq!(
            t.number("SELECT COUNT(*) FROM boost").await,
            2,
            "neither the giver nor the receiver"
        );
        assert_eq!(reasons(t).await.len(), 1);
        t.person("mo").unreacts("kudos", &card).await;
        t.run_jobs().await;
        assert_eq!(t.number("SELECT COUNT(*) FROM boost").await, 1);
    });
}

#[test]
fn on_the_second_card_of_what_was_announced_afterwards_it_is_me_too() {
    story_without(&[], Settings::default(), async |t| {
        t.slack.grant_scope("groups:read");
        t.person("mo")
            .runs_in("escalations", "/kudos @ana for the handover")
            .await;
        t.run_jobs().await;
        t.person("lee")
            .runs_in("escalations", "/kudos @dana for taking the angry caller")
            .await;
        t.run_jobs().await;
        t.person("lee").clicks("Announce in #kudos").await;
        t.run_jobs().await;
        let second = t.channel("kudos").messages().remove(0);
        t.person("mo").reacts("kudos", &second).await;
        t.run_jobs().await;
        assert!(
            t.channel("kudos").shows().contains("Me too: Mo"),
            "{}",
            t.channel("kudos").shows()
        );
        assert!(t.channel("escalations").shows().contains("Me too: Mo"));
        t.person("mo").unreacts("kudos", &second).await;
        t.run_jobs().await;
        assert!(!t.channel("escalations").shows().contains("Me too: Mo"));
    });
}

#[test]
fn ones_own_post_an_apps_post_and_plaudits_own_give_nothing() {
    story(async |t| {
        let own = t
            .person("lee")
            .says_in("support", "I rang the boiler customer back")
            .await;
        let also = t.person("lee").says_in("support", "And again").await;
        let app = t.person("weatherbot").says_in("support", "Rain").await;
        let webhook = t
            .person("weatherbot")
            .posts_in("support", "Snow", Manner::Webhook)
            .await;
        t.person("lee").reacts("kudos", &own).await;
        t.person("lee").reacts("kudos", &also).await;
        t.person("lee").reacts("kudos", &app).await;
        t.person("lee").reacts("kudos", &webhook).await;
        t.slack
            .joins_channel(&t.person("weatherbot").id, &t.channel("support").id)
            .await;
        t.person("weatherbot").reacts("kudos", &own).await;
        t.person("mo").reacts("tada", &own).await;
        t.run_jobs().await;
        assert_snapshot!(private(t, "lee"), @"
        :kudos: thanks whoever wrote the post, and that one is yours. Kudos are for others; tell me who helped you.
        [Don't tell me again]
        ");
        assert!(reasons(t).await.is_empty());
    });
}

#[test]
fn where_the_post_cant_be_read_the_reactor_is_asked_for_the_words() {
    story_without(&["channels:history"], Settings::default(), async |t| {
        let post = t
            .person("dana")
            .says_in("support", "I rang the boiler customer back")
            .await;
        t.person("lee").reacts("kudos", &post).await;
        t.run_jobs().await;
        delivers_all_again(t).await;
        t.run_jobs().await;
        assert_snapshot!(private(t, "lee"), @"
        I can't read that post, so Dana isn't thanked yet. What did Dana do?
        [Say it]
        ");
        assert!(reasons(t).await.is_empty());
        assert_eq!(t.number("SELECT COUNT(*) FROM draft").await, 1);
    });
}

#[test]
fn the_allowance_counts_and_its_refusal_is_told_once_a_day() {
    let settings = Settings {
        allowance: Some(1),
        ..Settings::default()
    };
    story_without(&[], settings, async |t| {
        for words in [
            "I rang the first customer",
            "I rang the second customer",
            "I rang the third customer",
        ] {
            let post = t.person("dana").says_in("support", words).await;
            t.person("lee").reacts("kudos", &post).await;
            t.run_jobs().await;
        }
        assert_snapshot!(private(t, "lee"), @r#"
        Dana has it by DM. That was your last one today; one new one at midnight.
        [Undo]
        ---
        This needs 1 and you have 0 left today. One new one at midnight, Europe/Berlin. Your words: "I rang the second customer"
        [Send it tomorrow at 9:00]
        "#);
        assert_eq!(reasons(t).await.len(), 1);
    });
}

#[test]
fn who_may_not_give_gives_nothing_by_reacting() {
    let settings = Settings {
        givers: Givers::FullMembers,
        ..Settings::default()
    };
    story_without(&[], settings, async |t| {
        let guest = t.slack.join(NewPerson {
            handle: "nour".to_owned(),
            display_name: "Nour".to_owned(),
            guest: Guest::MultiChannel,
            ..NewPerson::default()
        });
        let guest = guest.await;
        let support = t.channel("support").id;
        t.slack.joins_channel(&guest, &support).await;
        let post = t
            .person("dana")
            .says_in("support", "I rang the boiler customer back")
            .await;
        t.person("nour").reacts("kudos", &post).await;
        t.run_jobs().await;
        assert_snapshot!(private(t, "nour"), @r#"
        In this workspace, guests can be thanked but don't give kudos; ask one of Plaudit's stewards to change that.
        [Don't tell me again]
        "#);
        assert!(reasons(t).await.is_empty());
    });
}

/// What people and Slack do, in any order; numbers choose a person or a post.
#[derive(Clone, Debug)]
enum Act {
    Gives { who: usize, whom: usize },
    Commands { who: usize, whom: usize, also: usize },
    Joins { who: usize, card: usize },
    Hides { who: usize, card: usize },
    Shows { who: usize },
    Removes { card: usize },
    Says { who: usize },
    Adds { post: usize, whom: usize },
    Changes { post: usize },
    Deletes { post: usize },
    Reacts { who: usize, post: usize },
    Unreacts { who: usize, post: usize },
    Undoes { who: usize },
    Jobs,
    Again,
    Restarts,
    Waits { minutes: u64 },
}

const PEOPLE: [&str; 4] = ["lee", "dana", "mo", "ana"];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let who = || 0..PEOPLE.len();
    let post = || 0..8_usize;
    let card = || 0..4_usize;
    let act = prop_oneof![
        4 => (who(), who()).prop_map(|(who, whom)| Act::Gives { who, whom }),
        2 => (who(), who(), who()).prop_map(|(who, whom, also)| Act::Commands { who, whom, also }),
        4 => (who(), card()).prop_map(|(who, card)| Act::Joins { who, card }),
        3 => (who(), card()).prop_map(|(who, card)| Act::Hides { who, card }),
        1 => who().prop_map(|who| Act::Shows { who }),
        1 => card().prop_map(|card| Act::Removes { card }),
        2 => who().prop_map(|who| Act::Says { who }),
        2 => (post(), who()).prop_map(|(post, whom)| Act::Adds { post, whom }),
        1 => post().prop_map(|post| Act::Changes { post }),
        2 => post().prop_map(|post| Act::Deletes { post }),
        5 => (who(), post()).prop_map(|(who, post)| Act::Reacts { who, post }),
        4 => (who(), post()).prop_map(|(who, post)| Act::Unreacts { who, post }),
        2 => who().prop_map(|who| Act::Undoes { who }),
        3 => Just(Act::Jobs),
        2 => Just(Act::Again),
        1 => Just(Act::Restarts),
        2 => (1..4_u64).prop_map(|minutes| Act::Waits { minutes }),
    ];
    proptest::collection::vec(act, 4..28)
}

/// Clicks a button (or chooses from the menu) of one of the cards that stand, if any does.
async fn at_card(t: &Story, who: &str, card: usize, label: &str, menu: Option<&str>) {
    let cards = t.channel("kudos").messages();
    let Some(card) = (!cards.is_empty()).then(|| &cards[card % cards.len()]) else {
        return;
    };
    let who = t.person(who).id;
    let answer = match menu {
        Some(menu) => t.slack.chooses(&who, card, menu, label).await,
        None => t.slack.clicks(&who, card, label).await,
    };
    assert_eq!(answer.status, Some(200), "{answer:?}");
}

/// Clicks a button of the latest private message that has it, if any does.
async fn at_private(t: &Story, who: &str, label: &str) {
    let who = t.person(who).id;
    let offers = |shown: &Shown| t.slack.rendered(shown).contains(&format!("[{label}]"));
    if let Some(message) = t.slack.ephemeral(&who).iter().rev().find(|shown| offers(shown)) {
        t.slack.clicks(&who, message, label).await;
    }
}

async fn play(t: &mut Story, acts: &[Act]) {
    let priya = t.person("priya").id;
    let steward = priya.clone();
    let changed = t.app.ctx.change_settings(&priya, move |settings| {
        settings.stewards = vec![steward.clone()];
    });
    changed.await.expect("a steward");
    let mut posts: Vec<(usize, String, Shown)> = Vec::new();
    for (n, act) in acts.iter().enumerate() {
        match *act {
            Act::Gives { who, whom } => {
                let text = format!(":kudos: @{} for thing number {n}", PEOPLE[whom]);
                let post = t.person(PEOPLE[who]).says_in("support", &text).await;
                posts.push((who, text, post));
            }
            Act::Commands { who, whom, also } => {
                let line = format!("/kudos @{} @{} for thing number {n}", PEOPLE[whom], PEOPLE[also]);
                drop(t.person(PEOPLE[who]).runs(&line).await);
            }
            Act::Joins { who, card } => at_card(t, PEOPLE[who], card, "Me too", None).await,
            Act::Hides { who, card } => at_card(t, PEOPLE[who], card, "Hide", Some("kudos.menu")).await,
            Act::Shows { who } => at_private(t, PEOPLE[who], "Show my name again").await,
            Act::Removes { card } => {
                at_card(t, "priya", card, "Remove", Some("kudos.menu")).await;
                t.settles().await;
                at_private(t, "priya", "Remove").await;
            }
            Act::Says { who } => {
                let text = format!("Customer number {n} is happy");
                let post = t.person(PEOPLE[who]).says_in("support", &text).await;
                posts.push((who, text, post));
            }
            Act::Adds { post, whom } => {
                if let Some((who, text, shown)) = posts.get_mut(post) {
                    *text = text.replacen(" for", &format!(" @{} for", PEOPLE[whom]), 1);
                    let _ = t.slack.edits(&t.person(PEOPLE[*who]).id, shown, text).await;
                }
            }
            Act::Changes { post } => {
                if let Some((who, text, shown)) = posts.get_mut(post) {
                    text.push_str(" indeed");
                    let _ = t.slack.edits(&t.person(PEOPLE[*who]).id, shown, text).await;
                    t.slack.unfurls(shown).await;
                }
            }
            Act::Deletes { post } => {
                if let Some((who, _, shown)) = posts.get(post) {
                    let _ = t.slack.deletes(&t.person(PEOPLE[*who]).id, shown).await;
                }
            }
            Act::Reacts { who, post } => {
                if let Some((_, _, shown)) = posts.get(post) {
                    let _ = t.slack.reacts(&t.person(PEOPLE[who]).id, shown, "kudos").await;
                }
            }
            Act::Unreacts { who, post } => {
                if let Some((_, _, shown)) = posts.get(post) {
                    let _ = t.slack.unreacts(&t.person(PEOPLE[who]).id, shown, "kudos").await;
                }
            }
            Act::Undoes { who } => drop(t.person(PEOPLE[who]).runs("/kudos undo").await),
            Act::Jobs => t.run_jobs().await,
            Act::Again => delivers_all_again(t).await,
            Act::Restarts => t.restart().await,
            Act::Waits { minutes } => t.wait(u32::try_from(minutes).unwrap_or(1) * MINUTE),
        }
        t.settles().await;
    }
    t.run_jobs().await;
    agrees(t).await;
    let before = reasons(t).await;
    delivers_all_again(t).await;
    t.run_jobs().await;
    assert_eq!(reasons(t).await, before, "nothing is new");
    agrees(t).await;
}

/// One card: who thanked whom (hidden names are left out), for what, and who joined in.
type Card = (String, BTreeSet<String>, String, BTreeSet<String>);

/// The cards that should stand, by what is stored.
async fn cards_expected(t: &Story) -> Vec<Card> {
    let name = |id: &str| {
        let all = PEOPLE.iter().find(|handle| t.person(handle).id.as_str() == id);
        all.map_or_else(|| id.to_owned(), |handle| handle[..1].to_uppercase() + &handle[1..])
    };
    let thanks = rows!(
        t.database(),
        (String, String, String, String),
        "SELECT l.kudos, l.giver, l.receiver, w.reason FROM ledger l JOIN words w ON w.kudos = l.kudos
         WHERE l.reversed_at IS NULL AND l.source <> 'reaction'"
    );
    let hidden = rows!(t.database(), (String, String), "SELECT kudos, member FROM hidden");
    let joined = rows!(t.database(), (String, String), "SELECT kudos, member FROM boost");
    let mut cards: BTreeMap<String, Card> = BTreeMap::new();
    for (kudos, giver, receiver, reason) in thanks {
        let join = joined.iter().filter(|(of, _)| *of == kudos).map(|(_, who)| name(who));
        let card = (name(&giver), BTreeSet::new(), reason, join.collect());
        let card = cards.entry(kudos.clone()).or_insert(card);
        if !hidden.contains(&(kudos, receiver.clone())) {
            card.1.insert(name(&receiver));
        }
    }
    let mut cards: Vec<Card> = cards.into_values().filter(|card| !card.1.is_empty()).collect();
    cards.sort();
    cards
}

/// The cards that stand in `#kudos`.
fn cards_shown(t: &Story) -> Vec<Card> {
    let names = |text: &str| -> BTreeSet<String> {
        let each = text.split(", ").flat_map(|part| part.split(" and "));
        each.map(|name| name.trim_matches('*').to_owned()).collect()
    };
    let card = |message: &Shown| {
        let shown = t.slack.rendered(message);
        let mut lines = shown.lines();
        let (giver, receivers) = lines.next()?.strip_prefix(":clap: ")?.split_once(" thanked ")?;
        let reason = lines.next()?.strip_prefix("> ")?;
        let joined = lines.find_map(|line| line.split("Me too: ").nth(1));
        let joined = joined.map(names).unwrap_or_default();
        Some((
            giver.trim_matches('*').to_owned(),
            names(receivers),
            reason.to_owned(),
            joined,
        ))
    };
    let messages = t.channel("kudos").messages();
    let mut cards: Vec<Card> = messages
        .iter()
        .map(|message| card(message).unwrap_or_else(|| panic!("no card: {}", t.slack.rendered(message))))
        .collect();
    cards.sort();
    cards
}

/// Ledger, tallies, allowance and what people see say the same.
async fn agrees(t: &Story) {
    let counted = recount(&t.db).await.expect("a recount");
    assert!(counted.differences.is_empty(), "{:?}", counted.differences);
    let rows: Vec<_> = t
        .export()
        .await
        .into_iter()
        .filter(|row| row.reversed_at.is_none())
        .collect();
    assert_eq!(
        cards_shown(t),
        cards_expected(t).await,
        "{}",
        t.channel("kudos").shows()
    );
    for handle in PEOPLE {
        let dm = t.dm(handle);
        let id = t.person(handle).id.0;
        let mine: Vec<_> = rows.iter().filter(|row| row.receiver == id).collect();
        let idle = dm.split("\n---\n").find(|message| {
            !message.is_empty() && !message.contains("> ") && !message.starts_with("A steward removed your kudos")
        });
        assert_eq!(idle, None, "{handle}: {mine:?}\n{dm}");
        let reasons: BTreeSet<&str> = mine.iter().map(|row| row.reason.as_str()).collect();
        for reason in &reasons {
            assert!(
                dm.contains(&format!("> {reason}")),
                "{handle}: {reason} is missing:\n{dm}"
            );
        }
        let quoted: BTreeSet<&str> = dm.lines().filter_map(|line| line.strip_prefix("> ")).collect();
        assert_eq!(quoted, reasons, "{handle}:\n{dm}");
    }
}

#[test]
fn whatever_people_do_all_figures_and_cards_agree() {
    let config = Config {
        cases: 24,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
        .run(&acts(), |acts| {
            story(async |t| play(t, &acts).await);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
