//! Whatever comes in whatever order, and whatever Slack does meanwhile: in the end every number agrees with what was
//! acknowledged, and exactly what stands is shown, once.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono_tz::Tz;
use plaudit::base::calendar::local_day;
use plaudit::base::clock::{Clock as _, Instant};
use plaudit::base::ids::ChannelId;
use plaudit::kudos::{TEN_MINUTES, recount};
use plaudit::sandbox::{Fault, Seen};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Story, rows, story_needing};

const CASES: u32 = 40;
/// On PostgreSQL, where a story takes twice as long to begin.
const CASES_ON_POSTGRESQL: u32 = 20;
/// The allowance of a day, as it is without a setting.
const ALLOWANCE: usize = 5;
/// Who gives and is thanked, and where they live.
const PEOPLE: [(&str, Tz); 4] = [
    ("dana", Tz::Europe__Berlin),
    ("lee", Tz::Europe__Berlin),
    ("mo", Tz::Africa__Cairo),
    ("wei", Tz::Asia__Shanghai),
];
/// What the bot calls once its members are known.
const METHODS: [&str; 7] = [
    "chat.postMessage",
    "chat.delete",
    "chat.getPermalink",
    "conversations.history",
    "conversations.info",
    "conversations.open",
    "users.info",
];

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody thanks others; `thing` tells one reason from another.
    Give {
        by: usize,
        to: Vec<usize>,
        thing: u8,
    },
    /// An earlier command is typed once more.
    Retyped(prop::sample::Index),
    /// An earlier command is delivered once more.
    Again(prop::sample::Index),
    Undo {
        by: usize,
    },
    Wait(Duration),
    /// What is due is run; the clock stands still.
    RunDue,
    /// Everything is run that is due within so long.
    Run(Duration),
    Restart,
    /// The process is killed when Slack has taken a message and not yet answered.
    Killed,
    Fails(&'static str, Fault, u32),
    Down(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE.len();
    let fault = select(vec![
        Fault::RateLimited { retry_after_secs: 7 },
        Fault::RateLimited { retry_after_secs: 90 },
        Fault::Status(503),
        Fault::DoneThenDrop,
        Fault::TruncatedJson,
        Fault::Drop,
    ]);
    let method = prop_oneof![2 => Just(METHODS[0]), 3 => select(METHODS.to_vec())];
    prop_oneof![
        8 => (person.clone(), prop::collection::vec(person.clone(), 1..3), 0..2_u8)
            .prop_map(|(by, to, thing)| Step::Give { by, to, thing }),
        2 => any::<prop::sample::Index>().prop_map(Step::Retyped),
        2 => any::<prop::sample::Index>().prop_map(Step::Again),
        4 => person.prop_map(|by| Step::Undo { by }),
        2 => (1..120_u64).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
        1 => (5..15_u64).prop_map(|minutes| Step::Wait(Duration::from_secs(minutes * 60))),
        1 => (1..12_u64).prop_map(|hours| Step::Wait(Duration::from_secs(hours * 3_600))),
        5 => Just(Step::RunDue),
        3 => (1..90_u64).prop_map(|seconds| Step::Run(Duration::from_secs(seconds))),
        1 => Just(Step::Restart),
        2 => Just(Step::Killed),
        6 => (method, fault, 1..4_u32).prop_map(|(method, fault, times)| Step::Fails(method, fault, times)),
        2 => any::<bool>().prop_map(Step::Down),
    ]
}

/// A kudos as the model sees it.
#[derive(Clone, Debug)]
struct Given {
    by: usize,
    to: Vec<usize>,
    words: String,
    at: Instant,
    stands: bool,
}

impl Given {
    fn day(&self) -> String {
        local_day(self.at, PEOPLE[self.by].1).to_string()
    }
}

/// What a command was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Given,
    Same,
    Short,
    TakenBack,
    TooLate,
    NothingToTakeBack,
    Nobody,
}

fn answered(body: &str) -> Answered {
    for (part, answer) in [
        ("Taken back", Answered::TakenBack),
        ("so Undo has closed", Answered::TooLate),
        ("anything that I could take back", Answered::NothingToTakeBack),
        ("counts once", Answered::Same),
        ("will see it", Answered::Given),
        ("in #kudos;", Answered::Given),
        ("today", Answered::Short),
    ] {
        if body.contains(part) {
            return answer;
        }
    }
    Answered::Nobody
}

/// The rules in a few lines, without a database.
#[derive(Default)]
struct Model {
    kudos: Vec<Given>,
}

impl Model {
    fn gives(&mut self, by: usize, to: &[usize], words: &str, at: Instant) -> Answered {
        let mut to: Vec<usize> = to.iter().copied().filter(|to| *to != by).collect();
        to.sort_unstable();
        to.dedup();
        if to.is_empty() {
            return Answered::Nobody;
        }
        let is_same = |g: &Given| g.stands && g.words == words && g.to == to && at.since(g.at) < TEN_MINUTES;
        if self.kudos.iter().any(|given| given.by == by && is_same(given)) {
            return Answered::Same;
        }
        let given = Given {
            by,
            to,
            words: words.to_owned(),
            at,
            stands: true,
        };
        let used = self.used().get(&(by, given.day())).copied().unwrap_or_default();
        if used + given.to.len() > ALLOWANCE {
            return Answered::Short;
        }
        self.kudos.push(given);
        Answered::Given
    }

    fn takes_back(&mut self, by: usize, at: Instant) -> Answered {
        let latest = self.kudos.iter_mut().rev().find(|given| given.by == by && given.stands);
        match latest {
            None => Answered::NothingToTakeBack,
            Some(given) if at.since(given.at) >= TEN_MINUTES => Answered::TooLate,
            Some(given) => {
                given.stands = false;
                Answered::TakenBack
            }
        }
    }

    fn standing(&self) -> impl Iterator<Item = &Given> {
        self.kudos.iter().filter(|given| given.stands)
    }

    fn used(&self) -> BTreeMap<(usize, String), usize> {
        let mut used = BTreeMap::new();
        for given in self.standing() {
            *used.entry((given.by, given.day())).or_default() += given.to.len();
        }
        used
    }
}

/// A command as it was sent, for the day that it comes again.
#[derive(Clone)]
struct Command {
    by: usize,
    to: Vec<usize>,
    words: String,
    trigger: String,
    answer: Answered,
}

struct Told<'a> {
    t: &'a mut Story,
    model: Model,
    commands: Vec<Command>,
    triggers: usize,
}

impl Told<'_> {
    async fn sends(&mut self, by: usize, text: &str, trigger: &str) -> Answered {
        let (workspace, person) = (self.t.slack.workspace(), self.t.person(PEOPLE[by].0).id);
        let channel = self.t.channel("support").id;
        let body = serde_urlencoded::to_string([
            ("team_id", workspace.as_str()),
            ("channel_id", channel.as_str()),
            ("user_id", person.as_str()),
            ("command", "/kudos"),
            ("text", text),
            ("trigger_id", trigger),
        ]);
        let (headers, body) = self.t.slack.signed_request("/slack/commands", &body.expect("a form"));
        let answer = self.t.slack.raw("/slack/commands", &headers, &body).await;
        assert_eq!(answer.status, Some(200), "{answer:?}");
        let seen = answered(&answer.body);
        println!("{text}: {seen:?}");
        seen
    }

    fn trigger(&mut self) -> String {
        self.triggers += 1;
        format!("trigger.{}", self.triggers)
    }

    fn text(&self, to: &[usize], words: &str) -> String {
        let to = to.iter().map(|to| format!("<@{}> ", self.t.person(PEOPLE[*to].0).id));
        to.collect::<String>() + words
    }

    async fn gives(&mut self, by: usize, to: Vec<usize>, words: String) {
        let trigger = self.trigger();
        let text = self.text(&to, &words);
        let seen = self.sends(by, &text, &trigger).await;
        let answer = self.model.gives(by, &to, &words, self.t.clock.now());
        assert_eq!(seen, answer, "{text}");
        self.commands.push(Command {
            by,
            to,
            words,
            trigger,
            answer,
        });
    }

    async fn takes(&mut self, step: &Step) {
        match step {
            Step::Give { by, to, thing } => {
                let names: Vec<&str> = to.iter().map(|to| PEOPLE[*to].0).collect();
                let words = format!("the {} call {thing} with {}", PEOPLE[*by].0, names.join(" and "));
                self.gives(*by, to.clone(), words).await;
            }
            Step::Retyped(which) => {
                if !self.commands.is_empty() {
                    let command = which.get(&self.commands).clone();
                    self.gives(command.by, command.to, command.words).await;
                }
            }
            Step::Again(which) => {
                if !self.commands.is_empty() {
                    let command = which.get(&self.commands).clone();
                    let text = self.text(&command.to, &command.words);
                    let seen = self.sends(command.by, &text, &command.trigger).await;
                    assert_eq!(seen, command.answer, "{text}, again");
                }
            }
            Step::Undo { by } => {
                let trigger = self.trigger();
                let seen = self.sends(*by, "undo", &trigger).await;
                let now = self.t.clock.now();
                assert_eq!(seen, self.model.takes_back(*by, now));
            }
            Step::Wait(time) => self.t.wait(*time),
            Step::RunDue => self.t.run_due_jobs().await,
            Step::Run(time) => {
                let until = self.t.clock.now().plus(*time);
                self.t.run_jobs_until(until).await;
            }
            Step::Restart => self.t.restart().await,
            Step::Killed => {
                // Slack's answer would come after the kill.
                self.t
                    .fails("chat.postMessage", Fault::Slow(Duration::from_millis(200)), 16);
                let mut seen = self.t.slack.watch();
                let posted = async { while !matches!(seen.recv().await, Ok(Seen::Posted(_)) | Err(_)) {} };
                tokio::select! {
                    () = self.t.run_due_jobs() => {}
                    () = posted => {}
                }
                self.t.restart().await;
                self.t.slack.heals("chat.postMessage");
            }
            Step::Fails(method, fault, times) => self.t.fails(method, fault.clone(), *times),
            Step::Down(down) => self.t.slack.down(*down),
        }
    }

    async fn agrees(&self) {
        let t = &*self.t;
        let id = |person: usize| t.person(PEOPLE[person].0).id.0;
        let rows_of = |given: &Given| -> Vec<(String, String, String, bool)> {
            let row = |to: &usize| (id(given.by), id(*to), given.words.clone(), given.stands);
            given.to.iter().map(row).collect()
        };
        let mut expected: Vec<_> = self.model.kudos.iter().flat_map(rows_of).collect();
        let mut ledger: Vec<_> = t
            .export()
            .await
            .into_iter()
            .map(|row| {
                (
                    row.giver.to_string(),
                    row.receiver.to_string(),
                    row.reason,
                    row.reversed_at.is_none(),
                )
            })
            .collect();
        expected.sort();
        ledger.sort();
        assert_eq!(ledger, expected);

        let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut tallies: BTreeMap<(String, String), i64> = BTreeMap::new();
        for given in self.model.standing() {
            for to in &given.to {
                *expected.entry((id(given.by), id(*to))).or_default() += 1;
                *tallies.entry((id(given.by), "giver".to_owned())).or_default() += 1;
                *tallies.entry((id(*to), "receiver".to_owned())).or_default() += 1;
            }
        }
        t.catches_up().await;
        let pairs = rows!(
            t.database(),
            (String, String, i64),
            "SELECT giver, receiver, n FROM pair WHERE period = 'all' AND n <> 0"
        );
        let pairs: BTreeMap<_, _> = pairs
            .into_iter()
            .map(|(giver, receiver, n)| ((giver, receiver), n))
            .collect();
        assert_eq!(pairs, expected);
        let stored = rows!(
            t.database(),
            (String, String, i64),
            "SELECT member, role, CAST(SUM(n) AS BIGINT) FROM tally GROUP BY member, role HAVING SUM(n) <> 0"
        );
        let stored: BTreeMap<_, _> = stored
            .into_iter()
            .map(|(member, role, n)| ((member, role), n))
            .collect();
        assert_eq!(stored, tallies);
        let used = rows!(
            t.database(),
            (String, String, i64),
            "SELECT giver, day, used FROM allowance WHERE used <> 0"
        );
        let used: BTreeMap<_, _> = used
            .into_iter()
            .map(|(giver, day, n)| ((giver, day), n as usize))
            .collect();
        let expected: BTreeMap<_, _> = self
            .model
            .used()
            .into_iter()
            .map(|((by, day), n)| ((id(by), day), n))
            .collect();
        assert_eq!(used, expected);
        let found = recount(&t.db).await.expect("a recount");
        assert_eq!(found.differences, []);

        let shown = self.shown(Some(t.channel("kudos").id));
        let expected = self.reasons(|_| true);
        assert_eq!(shown, expected, "in #kudos");
        for (person, (handle, _)) in PEOPLE.iter().enumerate() {
            let shown = self.shown(t.slack.dm(&t.person(handle).id));
            let expected = self.reasons(|given| given.to.contains(&person));
            assert_eq!(shown, expected, "in the DM of {handle}");
        }
        let counts = t.counts().await;
        assert_eq!((counts.waiting, counts.sending, counts.failed), (0, 0, 0));
    }

    fn reasons(&self, wanted: impl Fn(&Given) -> bool) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        for given in self.model.standing().filter(|given| wanted(given)) {
            *reasons.entry(given.words.clone()).or_default() += 1;
        }
        reasons
    }

    /// The quoted reasons in a channel, each with how often it stands there.
    fn shown(&self, channel: Option<ChannelId>) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        for message in channel
            .map(|channel| self.t.slack.messages(&channel))
            .unwrap_or_default()
        {
            let text = self.t.slack.rendered(&message);
            for words in text.lines().filter_map(|line| line.strip_prefix("> ")) {
                *reasons.entry(words.to_owned()).or_default() += 1;
            }
        }
        reasons
    }
}

#[test]
fn any_interleaving_ends_in_agreement() {
    let config = Config {
        cases: match std::env::var_os("TEST_DATABASE_URL") {
            Some(_) => CASES_ON_POSTGRESQL,
            None => CASES,
        },
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let steps = prop::collection::vec(step(), 4..28);
    let ran = TestRunner::new(config).run(&steps, |steps| {
        story_needing(
            &[
                "channels:read",
                "groups:read",
                "channels:history",
                "groups:history",
                "im:history",
            ],
            async |t| {
                let mut told = Told {
                    t,
                    model: Model::default(),
                    commands: Vec::new(),
                    triggers: 0,
                };
                for step in &steps {
                    told.takes(step).await;
                }
                told.t.slack.down(false);
                for method in METHODS {
                    told.t.slack.heals(method);
                }
                let until = told.t.clock.now().plus(Duration::from_secs(3_600));
                told.t.run_jobs_until(until).await;
                told.agrees().await;
            },
        );
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
}
