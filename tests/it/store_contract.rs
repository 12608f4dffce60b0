//! Every function of the store is called on the current engine, with the values that break SQL: nothing, much, quotes
//! and letters of every kind; and what was written is what is read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use plaudit::base::calendar::{Span, Unit, local_day};
use plaudit::base::clock::Instant;
use plaudit::base::ids::{ChannelId, MessageTs, OutboxId, UserId, WorkspaceId};
use plaudit::base::text::fold;
use plaudit::boards::coverage::{
    Of, Share, covered, every_month, is_installed_by, lately, months, of_month, remember_month,
};
use plaudit::boards::{
    Wanted, board, by_value, coverage, figure, highest, most_boosted, most_joined, said_to, thanked_by,
};
use plaudit::kudos::rules::closes_at;
use plaudit::kudos::{
    self, Announce, Announced, Change, Decided, Edited, Effect, Give, Hidden, Joined, Outcome, Ranked, Receiver,
    Reported, Source, Switch, TakeBack, TakenBack, ThankedBack, add_value, announce, boost, catch_up, count_up,
    drop_words, edit_erased, edit_words, export_page, figures, hide, join_in, keep, lag_behind, latest_of, left,
    may_thank_back, record, remove, report, sent, sweep_deliveries, sweep_reactions, take_back, take_back_latest,
    take_back_sent, thank_back, turn, with_old_words, words_of,
};
use plaudit::outbox::{
    self, Claimed, Counts, Ending, Intent, Kind, LANE_PAUSE, LEASE, WORKSPACE_PER_MINUTE, backoff, being_sent, claim,
    counts, enqueue, finish, heard_late, late, next_due, settle, sweep,
};
use plaudit::privacy::{self, enqueue_export, gather, kept};
use plaudit::prompts::store::{self as asked, Claim, Quotes, State};
use plaudit::prompts::{Cron, Planned, PlannedKind, Schedule, Turnout, Used, WeekMode};
use plaudit::slack::client::{Conversation, Usergroup};
use plaudit::slack::inbound::{Profile, User};
use plaudit::store::{Db, Lists, StoreError, Tx, list};
use plaudit::workspace::deliver::{enqueue_members, sync_members_when_due};
use plaudit::workspace::{
    self, Choices, Guest, PlaceKind, Postable, Settings, Team, TeamKind, active_members, all_usergroups, anonymous,
    audit, away_members, belonged, belonging, choose, drafts, enqueue_team, enqueue_teams, find_by_names, first_time,
    forget, forget_person, forgotten, happened, headline_members, headline_team, home_teams, install, installed,
    led_by, members, open_home, place, places, refresh_homes, remember_conversation, remember_dm, remember_postable,
    remember_usergroup, remove_team, save_team, set_away, set_people, store_settings, team_members, teams, upsert,
    usergroup_members, usergroups,
};
use serde_json::{Value, json};

use crate::harness::{START, TestDatabase, story_needing};

/// Texts that are hard on SQL, on JSON, or on an index.
const ODD: [&str; 7] = [
    "",
    "O'Hara \"the rock\" `x`",
    "Zoë 👏🏽 日本語 ﷺ \u{202e}abc",
    "two\nlines\tand a \\ backslash",
    "%_'; DROP TABLE ledger; --",
    "$1 ? :name {} \\u0041 &amp; <b>",
    "null",
];

fn start() -> Instant {
    Instant::from_millis(START)
}

fn after(millis: i64) -> Instant {
    start().plus_millis(millis)
}

fn t1() -> WorkspaceId {
    "T1".into()
}

/// The value of a write that must succeed.
macro_rules! write {
    ($db:expr, $tx:ident => $work:expr) => {{
        let done: Result<_, StoreError> = $db.write(async move |$tx: &mut Tx| $work.await).await;
        done.expect(stringify!($work))
    }};
}

/// The same with copies of what the write takes along.
macro_rules! put {
    ($($name:ident),*; $db:expr, $tx:ident => $work:expr) => {{
        $(let $name = $name.clone();)*
        write!($db, $tx => $work)
    }};
}

/// The value of a read that must succeed.
macro_rules! read {
    ($db:expr, $tx:ident => $work:expr) => {{
        let done: Result<_, StoreError> = $db.read(async |$tx: &mut Tx| $work.await).await;
        done.expect(stringify!($work))
    }};
}

fn with_database(tell: impl AsyncFnOnce(&Db)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let database = TestDatabase::create().await;
        let db = database.open().await;
        tell(&db).await;
        db.close().await;
        database.drop().await;
    });
}

/// Store functions that a test below must name: `pub async fn …(tx: &mut Tx, …)` anywhere in `src`.
fn store_functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of src") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            store_functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file");
            for declared in text.split("pub async fn ").skip(1) {
                let (name, rest) = declared.split_once(['(', '<']).unwrap_or((declared, ""));
                let signature = rest.split('{').next().unwrap_or("");
                if signature.contains("tx: &mut Tx") {
                    found.insert(name.trim().to_owned());
                }
            }
        }
    }
}

#[test]
fn every_store_function_has_its_place_here() {
    let mut found = BTreeSet::new();
    store_functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(
        found.len() >= 27,
        "store functions are written differently now: {found:?}"
    );
    // A call, not the import.
    let here = include_str!("store_contract.rs");
    let missing: Vec<&String> = found
        .iter()
        .filter(|name| !here.contains(&format!("{name}(tx")))
        .collect();
    assert!(
        missing.is_empty(),
        "not called in tests/it/store_contract.rs: {missing:?}"
    );
}

// Lists.

#[test]
fn lists_are_written_one_after_the_other_and_all_or_none() {
    const ENTER: &str = "INSERT INTO once (workspace, what, at)
        SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT) FROM jsonb_each($1) WHERE true";
    const RENAME: &str = "UPDATE once SET what = j.value ->> 1 FROM jsonb_each($1) j WHERE once.what = j.value ->> 0";
    with_database(async |db| {
        let entered = list(&ODD.map(|what| (t1(), what, START)));
        let run = async move |tx: &mut Tx, all: &[(&'static str, String)]| -> Result<u64, StoreError> {
            let before = tx.statements();
            let mut lists = Lists::default();
            all.iter()
                .for_each(|(statement, list)| lists.add(statement, list.clone()));
            lists.run(tx).await?;
            Ok(tx.statements() - before)
        };
        let all = [
            (ENTER, entered.clone()),
            (RENAME, list(&[("null", "known")])),
            (RENAME, list(&[("", "null")])),
        ];
        assert_eq!(write!(db, tx => run(tx, &all)), 3);
        for (what, is_there) in [
            ("known", true),
            ("null", true),
            ("", false),
            (ODD[1], true),
            (ODD[5], true),
        ] {
            assert_eq!(read!(db, tx => happened(tx, &t1(), what)), is_there, "{what}");
        }
        assert_eq!(write!(db, tx => run(tx, &[])), 0);
        let again = [(ENTER, list(&[(t1(), "new", START)])), (ENTER, entered)];
        let failed: Result<u64, StoreError> = db.write(async move |tx: &mut Tx| run(tx, &again).await).await;
        assert!(failed.is_err());
        assert!(!read!(db, tx => happened(tx, &t1(), "new")));
    });
}

// Workspaces.

#[test]
fn a_workspace_is_remembered_by_its_latest_name() {
    with_database(async |db| {
        assert_eq!(read!(db, tx => installed(tx)), None);
        for name in ODD {
            write!(db, tx => install(tx, &t1(), name, &"UBOT".into(), start()));
            assert_eq!(
                read!(db, tx => installed(tx)),
                Some((t1(), name.to_owned(), "UBOT".into()))
            );
        }
        write!(db, tx => install(tx, &"T2".into(), "Kettle & Co", &"UBOT2".into(), after(1)));
        // Installed again, the first keeps its instant: the second is still the latest.
        write!(db, tx => install(tx, &t1(), "again", &"UBOT3".into(), after(2)));
        assert_eq!(
            read!(db, tx => installed(tx)),
            Some(("T2".into(), "Kettle & Co".to_owned(), "UBOT2".into()))
        );
    });
}

#[test]
fn the_member_list_is_due_once_a_day_and_once_at_a_time() {
    with_database(async |db| {
        assert!(
            !write!(db, tx => sync_members_when_due(tx, &t1(), start())),
            "no workspace, no list"
        );
        write!(db, tx => install(tx, &t1(), "Kettle & Co", &"UBOT".into(), start()));
        assert!(write!(db, tx => sync_members_when_due(tx, &t1(), start())));
        assert!(
            !write!(db, tx => sync_members_when_due(tx, &t1(), start())),
            "it waits already"
        );
        // A start asks for it without looking; the waiting row serves.
        write!(db, tx => enqueue_members(tx, &t1(), start()));
        write!(db, tx => enqueue_members(tx, &t1(), after(1)));
        assert_eq!(
            read!(db, tx => counts(tx, &t1())),
            Counts {
                waiting: 1,
                ..Counts::default()
            }
        );
        let rows = write!(db, tx => claim(tx, &t1(), after(2), 10));
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].kind, rows[0].subject::<Value>()),
            (Kind::WorkspaceMembers, Some(json!({ "cursor": null })))
        );
        assert!(
            !write!(db, tx => sync_members_when_due(tx, &t1(), after(2))),
            "it is under way"
        );
    });
}

// Members.

fn user(id: &str, handle: &str, display: &str, real: &str) -> User {
    User {
        id: id.into(),
        name: handle.to_owned(),
        real_name: Some(real.to_owned()),
        profile: Profile {
            display_name: display.to_owned(),
            real_name: real.to_owned(),
            ..Profile::default()
        },
        updated: Some(100),
        ..User::default()
    }
}

fn ids<const N: usize>(ids: [&str; N]) -> BTreeSet<UserId> {
    ids.into_iter().map(UserId::from).collect()
}

async fn names(db: &Db, name: &str) -> Vec<(String, bool)> {
    let asked = [fold(name), "nobody".to_owned(), fold(name)];
    let found = read!(db, tx => find_by_names(tx, &t1(), &asked));
    found
        .into_iter()
        .map(|(_, id, exact)| (id.to_string(), exact))
        .collect()
}

#[test]
fn a_thousand_members_are_kept_as_slack_tells_them() {
    with_database(async |db| {
        write!(db, tx => upsert(tx, &t1(), &[], start()));
        assert_eq!(read!(db, tx => members(tx, &t1(), &BTreeSet::new())), BTreeMap::new());
        assert_eq!(read!(db, tx => find_by_names(tx, &t1(), &[])), []);

        let users: Vec<User> = (0..1_000)
            .map(|n| {
                let odd = ODD[n % ODD.len()];
                let mut user = user(&format!("U{n}"), &format!("handle{n}"), odd, &format!("Dana{n} {odd}"));
                user.tz = [None, Some(""), Some("Asia/Kolkata"), Some("Mars/Olympus")][n % 4].map(str::to_owned);
                user.is_bot = n % 5 == 1;
                user.deleted = n % 5 == 2;
                user.is_admin = n % 5 == 3;
                user.is_stranger = n % 5 == 4;
                user.is_restricted = n % 3 > 0;
                user.is_ultra_restricted = n % 3 == 2;
                user.updated = (n % 2 == 0).then_some(100);
                user
            })
            .collect();
        let list = users.clone();
        write!(db, tx => upsert(tx, &t1(), &list, Instant::default()));
        let all: BTreeSet<UserId> = users
            .iter()
            .map(|user| user.id.clone())
            .chain(["UNOBODY".into()])
            .collect();
        let known = read!(db, tx => members(tx, &t1(), &all));
        assert_eq!(known.len(), 1_000);
        for (n, user) in users.iter().enumerate() {
            let member = &known[&user.id];
            let display = user.profile.display_name.trim();
            if display.is_empty() {
                assert_eq!(member.name, format!("Dana{n}"));
            } else if !display.contains(['\n', '\u{202e}']) {
                assert_eq!(member.name, display);
            }
            assert_eq!(member.zone, (n % 4 == 2).then_some(chrono_tz::Asia::Kolkata));
            assert_eq!(
                (member.is_bot, member.is_deleted, member.is_admin, member.is_stranger),
                (n % 5 == 1, n % 5 == 2, n % 5 == 3, n % 5 == 4)
            );
            assert_eq!(member.guest, [Guest::No, Guest::Multi, Guest::Single][n % 3]);
            assert_eq!(member.dm, None);
        }
        assert_eq!(
            read!(db, tx => members(tx, &"T2".into(), &all)),
            BTreeMap::new(),
            "another workspace"
        );
        // Everybody again, and everybody's names at once.
        let asked: Vec<String> = (0..1_000).map(|n| format!("handle{n}")).collect();
        assert_eq!(
            read!(db, tx => find_by_names(tx, &t1(), &asked)).len(),
            800,
            "those who left are not found"
        );
    });
}

#[test]
fn the_newest_news_of_a_member_counts_and_their_dm_stays() {
    with_database(async |db| {
        let one = user("U1", "dana", "Dana", "Dana Kim");
        // Twice in one list: the later one counts.
        let first = [
            User {
                name: "old".to_owned(),
                ..one.clone()
            },
            one.clone(),
            user("U2", "dana.r", "", "Dana Ruiz"),
        ];
        write!(db, tx => upsert(tx, &t1(), &first, start()));
        write!(db, tx => remember_dm(tx, &t1(), &"U1".into(), &"D1".into()));
        write!(db, tx => remember_dm(tx, &t1(), &"UNOBODY".into(), &"D2".into()));
        assert_eq!(
            names(db, "dana").await,
            [("U1".to_owned(), true), ("U2".to_owned(), false)]
        );
        assert_eq!(names(db, "DANA  Kim").await, [("U1".to_owned(), true)]);
        assert_eq!(names(db, "old").await, []);

        let older = [User {
            updated: Some(99),
            deleted: true,
            ..one.clone()
        }];
        write!(db, tx => upsert(tx, &t1(), &older, start()));
        assert!(!read!(db, tx => members(tx, &t1(), &ids(["U1"])))[&"U1".into()].is_deleted);

        let renamed = [User {
            updated: Some(101),
            ..user("U1", "zoe", "Zoë 日本", "Zoë O'Hara")
        }];
        let list = renamed.clone();
        write!(db, tx => upsert(tx, &t1(), &list, start()));
        let member = &read!(db, tx => members(tx, &t1(), &ids(["U1", "U9"])))[&"U1".into()];
        assert_eq!(
            (member.name.as_str(), member.dm.clone()),
            ("Zoë 日本", Some(ChannelId::from("D1")))
        );
        assert_eq!(names(db, "dana").await, [("U2".to_owned(), false)]);
        assert_eq!(names(db, "ZOË O'HARA").await, [("U1".to_owned(), true)]);

        // A NUL in a name is no reason to lose a page of the member list.
        let nul = [user("U3", "ze\0ro", "Ze\0ro", "Ze\0ro Chen")];
        write!(db, tx => upsert(tx, &t1(), &nul, start()));
        assert_eq!(names(db, "zero").await, [("U3".to_owned(), true)]);

        let left = [User {
            updated: Some(102),
            deleted: true,
            ..renamed[0].clone()
        }];
        write!(db, tx => upsert(tx, &t1(), &left, start()));
        assert_eq!(names(db, "zoe").await, []);
    });
}

// Places.

fn conversation(name: Option<&str>, is_private: bool, is_ext_shared: bool) -> Conversation {
    Conversation {
        id: "C1".into(),
        is_private,
        is_im: false,
        is_mpim: false,
        is_archived: false,
        is_member: true,
        is_ext_shared,
        is_shared: is_ext_shared,
        name: name.map(str::to_owned),
    }
}

#[test]
fn a_place_is_what_slack_last_said_of_it() {
    with_database(async |db| {
        let c1 = || ChannelId::from("C1");
        let see = async |now: Instant| {
            let place = read!(db, tx => place(tx, &t1(), &c1(), now));
            (
                place.name.clone(),
                place.kind,
                place.postable,
                place.is_shared,
                place.checked_at,
            )
        };
        let nothing = (String::new(), PlaceKind::Unknown, Postable::Unknown, false, None);
        assert_eq!(see(start()).await, nothing);
        let both = [c1(), "D1".into()].into();
        let known = read!(db, tx => places(tx, &t1(), &both, start()));
        assert_eq!(known.len(), 2, "one entry each, known or not");
        assert_eq!(known[&"D1".into()].kind, PlaceKind::Private);
        for odd in ODD {
            let public = conversation(Some(odd), false, true);
            write!(db, tx => remember_conversation(tx, &t1(), &c1(), Some(&public), start()));
            let place = (
                odd.to_owned(),
                PlaceKind::Public,
                Postable::Unknown,
                true,
                Some(start()),
            );
            assert_eq!(see(start()).await, place);
        }
        write!(db, tx => remember_postable(tx, &t1(), &c1(), false, start()));
        assert_eq!(see(after(1)).await.2, Postable::No);
        assert_eq!(
            see(after(3_600_000)).await.2,
            Postable::Unknown,
            "a refusal is believed for an hour"
        );
        let private = conversation(None, true, false);
        write!(db, tx => remember_conversation(tx, &t1(), &c1(), Some(&private), after(5)));
        assert_eq!(
            see(after(5)).await,
            (String::new(), PlaceKind::Private, Postable::No, false, Some(after(5)))
        );
        write!(db, tx => remember_postable(tx, &t1(), &c1(), true, after(6)));
        write!(db, tx => remember_conversation(tx, &t1(), &c1(), None, after(7)));
        assert_eq!(
            see(after(7)).await,
            (String::new(), PlaceKind::Unknown, Postable::Yes, false, Some(after(7)))
        );
        let elsewhere = read!(db, tx => place(tx, &"T2".into(), &c1(), after(7)));
        assert_eq!(elsewhere.postable, Postable::Unknown, "another workspace");
        write!(db, tx => forget(tx, &t1(), &c1()));
        write!(db, tx => forget(tx, &t1(), &c1()));
        assert_eq!(see(after(8)).await, nothing);
        // Posted to before anybody asked what it is.
        write!(db, tx => remember_postable(tx, &t1(), &c1(), true, after(9)));
        assert_eq!(
            see(after(9)).await,
            (String::new(), PlaceKind::Unknown, Postable::Yes, false, None)
        );
    });
}

// Teams.

const MONTH: i64 = 30 * 86_400_000;

#[test]
fn who_counts_as_active() {
    with_database(async |db| {
        let mut people: Vec<User> = ["plain", "bot", "left", "stranger", "single", "multi", "away", "gone"]
            .map(|id| user(id, id, id, id))
            .to_vec();
        people[1].is_bot = true;
        people[2].deleted = true;
        people[3].is_stranger = true;
        (people[4].is_restricted, people[4].is_ultra_restricted) = (true, true);
        people[5].is_restricted = true;
        let list = people.clone();
        write!(db, tx => upsert(tx, &t1(), &list, Instant::default()));
        write!(db, tx => upsert(tx, &t1(), &[user("new", "new", "", "")], start()));
        write!(db, tx => upsert(tx, &"T2".into(), &[user("other", "other", "", "")], Instant::default()));
        let lead: UserId = "plain".into();
        for (who, away, known) in [
            ("nobody", true, false),
            ("multi", true, true),
            ("multi", false, true),
            ("away", true, true),
        ] {
            let who: UserId = who.into();
            let set = put!(lead, who; db, tx => set_away(tx, &t1(), &lead, &who, away, start()));
            assert_eq!(set.map(|choices| choices.is_away), known.then_some(away), "{who}");
        }
        assert_eq!(read!(db, tx => away_members(tx, &t1())), ids(["away"]));
        let entries = read!(db, tx => audit::entries(tx, &t1(), 9));
        assert_eq!(entries.len(), 3, "whoever isn't known was not set away");
        assert_eq!(
            (entries[0].who.as_str(), entries[0].subject.as_str()),
            ("plain", "away")
        );
        let nobody = anonymous(start());
        write!(db, tx => privacy::erase(tx, &t1(), &"gone".into(), &nobody, start()));
        let everybody = Settings::default();
        let without_guests = Settings {
            single_channel_guests: false,
            ..Settings::default()
        };
        for (settings, millis, expected) in [
            (&everybody, 0, ids(["multi", "plain", "single"])),
            (&everybody, MONTH - 1, ids(["multi", "plain", "single"])),
            (&without_guests, MONTH, ids(["multi", "new", "plain"])),
        ] {
            let active = read!(db, tx => active_members(tx, &t1(), settings, after(millis)));
            assert_eq!(active, expected, "after {millis} ms");
            let headline = read!(db, tx => headline_members(tx, &t1(), settings, after(millis)));
            assert_eq!(headline, expected, "no team is set: everybody");
        }
    });
}

#[test]
fn everybody_has_one_home_team_at_a_time() {
    with_database(async |db| {
        let mut people = ["a", "b", "c", "d", "bot"].map(|id| user(id, id, id, id));
        people[4].is_bot = true;
        write!(db, tx => upsert(tx, &t1(), &people, Instant::default()));
        let group = Usergroup {
            id: "S1".into(),
            handle: "emea".to_owned(),
            name: "Support EMEA".to_owned(),
            date_delete: 0,
        };
        let homes = async |millis: i64| {
            let homes = read!(db, tx => home_teams(tx, &t1(), after(millis)));
            for member in ["a", "b", "c", "d", "nobody"].map(UserId::from) {
                let home = read!(db, tx => workspace::home_team_of(tx, &t1(), &member, after(millis)));
                assert_eq!(home.as_ref(), homes.get(&member), "{member} after {millis} ms");
            }
            let shown = homes.iter().map(|(member, team)| format!("{member}:{team}"));
            shown.collect::<Vec<_>>().join(" ")
        };
        let by: UserId = "UPRIYA".into();
        let mut emea = Team::new(ODD[1], TeamKind::Usergroup("S1".into()), start());
        assert_eq!(emea.id.as_str(), "S1");
        emea.leads = vec!["a".into(), "b".into(), "a".into()];
        let night = Team::new("Night shift", TeamKind::List, start());
        let late = Team::new("Late shift", TeamKind::List, start());
        let support = Team::new("#support", TeamKind::Channel("C1".into()), start());

        let there = ["a", "b", "bot", "unknown"].map(UserId::from);
        put!(group, there; db, tx => remember_usergroup(tx, &t1(), &group, &there, after(0)));
        assert_eq!(homes(0).await, "", "a group is no team until a steward says so");
        put!(emea, by; db, tx => save_team(tx, &t1(), &by, &emea, &BTreeSet::new(), after(0)));
        assert_eq!(homes(0).await, "a:S1 b:S1");
        // Typed lists: joining another ends the former, also that of a list.
        put!(night, by; db, tx => save_team(tx, &t1(), &by, &night, &ids(["b", "c"]), after(1_000)));
        put!(late, by; db, tx => save_team(tx, &t1(), &by, &late, &ids(["c", "d"]), after(2_000)));
        assert_eq!(homes(999).await, "a:S1 b:S1");
        assert_eq!(homes(1_500).await, format!("a:S1 b:{0} c:{0}", night.id));
        assert_eq!(homes(2_000).await, format!("a:S1 b:{} c:{1} d:{1}", night.id, late.id));
        let at_night = read!(db, tx => belonging(tx, &t1(), &night.id, after(2_000)));
        assert_eq!(at_night, ids(["b"]));
        // Who leaves a list is at home again where Slack still has them.
        put!(night, by; db, tx => save_team(tx, &t1(), &by, &night, &BTreeSet::new(), after(3_000)));
        assert_eq!(homes(3_000).await, format!("a:S1 b:S1 c:{0} d:{0}", late.id));
        assert_eq!(
            read!(db, tx => team_members(tx, &t1(), &emea.id, after(3_000))),
            ids(["a", "b"])
        );
        // A channel's people, seen again and again; before the first look they were there since ever.
        put!(support, by; db, tx => save_team(tx, &t1(), &by, &support, &ids(["d"]), after(4_000)));
        assert_eq!(
            homes(4_000).await,
            homes(3_000).await,
            "only Slack says who is in a channel"
        );
        for (there, millis) in [
            (ids(["a", "bot"]), 5_000),
            (ids(["a", "bot"]), 6_000),
            (ids(["d"]), 7_000),
            (ids([]), 7_000),
            (ids(["d"]), 7_000),
        ] {
            let team = support.id.clone();
            let known = put!(there; db, tx => set_people(tx, &t1(), &team, &there, after(millis)));
            assert_eq!(known, there);
        }
        assert_eq!(homes(6_000).await, format!("a:C1 b:S1 c:{0} d:{0}", late.id));
        assert_eq!(homes(7_000).await, format!("a:S1 b:S1 c:{} d:C1", late.id));
        assert_eq!(
            read!(db, tx => home_teams(tx, &"T2".into(), after(7_000))),
            BTreeMap::new()
        );

        let all = read!(db, tx => teams(tx, &t1()));
        let names: Vec<&str> = all.iter().map(|team| team.name.as_str()).collect();
        assert_eq!(names, ["#support", "Late shift", "Night shift", ODD[1]]);
        assert_eq!(all[3].leads, ["a".into(), "b".into()] as [UserId; 2]);
        assert_eq!(
            all.iter().map(|team| &team.kind).collect::<Vec<_>>(),
            [&support.kind, &late.kind, &night.kind, &emea.kind]
        );
        let of_c = read!(db, tx => belonged(tx, &t1(), &"c".into()));
        let of_c: Vec<_> = of_c
            .iter()
            .map(|was| (was.name.as_str(), was.since, was.until))
            .collect();
        assert_eq!(
            of_c,
            [
                ("Night shift", after(1_000), Some(after(2_000))),
                ("Late shift", after(2_000), None)
            ]
        );
        let leads = read!(db, tx => led_by(tx, &t1(), &"b".into()));
        assert_eq!(leads.iter().map(|team| &team.id).collect::<Vec<_>>(), [&emea.id]);

        // Looks at Slack wait once each; a list needs none.
        write!(db, tx => enqueue_team(tx, &t1(), &"C1".into(), after(7_000)));
        put!(night; db, tx => enqueue_team(tx, &t1(), &night.id, after(7_000)));
        let settings = Settings {
            team: Some("S2".into()),
            ..Settings::default()
        };
        put!(settings; db, tx => enqueue_teams(tx, &t1(), &settings, after(7_000)));
        let rows = write!(db, tx => claim(tx, &t1(), after(8_000), 10));
        let mut looked: Vec<String> = rows.iter().filter_map(Claimed::subject).collect();
        looked.sort();
        assert_eq!(looked, ["C1", "S1", "S2"]);
        assert!(rows.iter().all(|row| row.kind == Kind::WorkspaceTeam));

        // What was done stands in the log; what was not changed doesn't.
        put!(emea, by; db, tx => save_team(tx, &t1(), &by, &emea, &BTreeSet::new(), after(8_000)));
        emea.name = "Support EMEA".to_owned();
        emea.leads = vec!["c".into()];
        put!(emea, by; db, tx => save_team(tx, &t1(), &by, &emea, &BTreeSet::new(), after(9_000)));
        assert!(put!(emea, by, settings; db, tx => remove_team(tx, &t1(), &by, &emea.id, &settings, after(10_000))));
        assert!(!put!(emea, by, settings; db, tx => remove_team(tx, &t1(), &by, &emea.id, &settings, after(10_000))));
        let entries = read!(db, tx => audit::entries(tx, &t1(), 4));
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| (entry.what.as_str(), entry.before.to_string(), entry.after.to_string()))
            .collect();
        assert_eq!(
            entries[1..3],
            [
                ("team.leads", r#"["a","b"]"#.to_owned(), r#"["c"]"#.to_owned()),
                ("team.name", json!(ODD[1]).to_string(), r#""Support EMEA""#.to_owned()),
            ]
        );
        assert_eq!(
            (entries[0].0, entries[3].0),
            ("team.removed", "team.made"),
            "nothing between"
        );
        assert_eq!(homes(10_000).await, format!("c:{} d:C1", late.id));
    });
}

#[test]
fn the_headline_team_is_all_who_are_in_it() {
    with_database(async |db| {
        let people = ["a", "b", "c"].map(|id| user(id, id, id, id));
        write!(db, tx => upsert(tx, &t1(), &people, Instant::default()));
        let by: UserId = "UPRIYA".into();
        let with = |team: &str| Settings {
            team: Some(team.into()),
            ..Settings::default()
        };
        let headline = async |settings: &Settings| {
            let team = read!(db, tx => headline_team(tx, &t1(), settings));
            let members = read!(db, tx => headline_members(tx, &t1(), settings, after(2_000)));
            (team.map(|team| team.name), members)
        };
        let everybody = ids(["a", "b", "c"]);
        let (c1, s1) = (with("C1"), with("S1"));
        assert_eq!(headline(&c1).await, (None, everybody.clone()), "not seen yet");
        write!(db, tx => set_people(tx, &t1(), &"C1".into(), &ids(["a", "b", "bot"]), after(0)));
        assert_eq!(headline(&c1).await, (Some("the team".to_owned()), ids(["a", "b"])));
        let shown = conversation(Some("support"), false, false);
        write!(db, tx => remember_conversation(tx, &t1(), &"C1".into(), Some(&shown), start()));
        // At home in a smaller team, they belong to it all the same.
        let night = Team::new("Night shift", TeamKind::List, start());
        put!(night, by; db, tx => save_team(tx, &t1(), &by, &night, &ids(["a"]), after(1_000)));
        assert_eq!(headline(&c1).await, (Some("#support".to_owned()), ids(["a", "b"])));
        let group = Usergroup {
            id: "S1".into(),
            handle: "cs".to_owned(),
            name: "Customer service".to_owned(),
            date_delete: 0,
        };
        put!(group; db, tx => remember_usergroup(tx, &t1(), &group, &["c".into()], after(0)));
        assert_eq!(headline(&s1).await, (Some("Customer service".to_owned()), ids(["c"])));
        // Made a team by a steward, it has that name; removed again, its people stay known.
        let support = Team::new("Support", TeamKind::Channel("C1".into()), start());
        put!(support, by; db, tx => save_team(tx, &t1(), &by, &support, &BTreeSet::new(), after(0)));
        assert_eq!(headline(&c1).await, (Some("Support".to_owned()), ids(["a", "b"])));
        put!(support, by, c1; db, tx => remove_team(tx, &t1(), &by, &support.id, &c1, after(1_000)));
        assert_eq!(headline(&c1).await, (Some("#support".to_owned()), ids(["a", "b"])));
        let listed = with(night.id.as_str());
        assert_eq!(headline(&listed).await, (Some("Night shift".to_owned()), ids(["a"])));
        put!(night, by, c1; db, tx => remove_team(tx, &t1(), &by, &night.id, &c1, after(1_000)));
        assert_eq!(headline(&listed).await, (None, everybody));
    });
}

// The queue.

#[test]
fn a_group_has_who_was_in_it_when() {
    with_database(async |db| {
        let group = |name: &str, date_delete| Usergroup {
            id: "S1".into(),
            handle: "support-emea".to_owned(),
            name: name.to_owned(),
            date_delete,
        };
        let (old, new) = (group(ODD[1], 0), group(ODD[2], 5));
        let people = |ids: &[&str]| ids.iter().map(|id| UserId::from(*id)).collect::<Vec<_>>();
        for (group, there, millis) in [
            (&old, people(&["U1", "U2", "U1"]), 0),
            (&new, people(&["U2", "U3"]), 1_000),
            (&new, people(&["U1", "U2"]), 2_000),
            (&new, people(&[]), 3_000),
            // Back within the same millisecond: still one row, and in it again.
            (&new, people(&["U1"]), 3_000),
            (&new, people(&[]), 3_000),
        ] {
            let group = group.clone();
            write!(db, tx => remember_usergroup(tx, &t1(), &group, &there, after(millis)));
        }
        let all = read!(db, tx => all_usergroups(tx, &t1()));
        assert_eq!(all.iter().map(|group| group.id.as_str()).collect::<Vec<_>>(), ["S1"]);
        for (millis, expected) in [
            // Those of the first look were there before, as far as anybody knows.
            (-1, people(&["U1", "U2"])),
            (0, people(&["U1", "U2"])),
            (999, people(&["U1", "U2"])),
            (1_000, people(&["U2", "U3"])),
            (2_500, people(&["U1", "U2"])),
            (3_000, people(&[])),
        ] {
            let there = read!(db, tx => usergroup_members(tx, &t1(), &"S1".into(), after(millis)));
            assert_eq!(there, expected, "after {millis} ms");
        }
        let wanted = BTreeSet::from(["S1".into(), "S0".into()]);
        let known = read!(db, tx => usergroups(tx, &t1(), &wanted));
        assert_eq!(known.len(), 1);
        let group = &known[&"S1".into()];
        assert_eq!(
            (group.name.as_str(), group.is_disabled, group.checked_at),
            (ODD[2], true, after(3_000))
        );
        assert!(read!(db, tx => usergroups(tx, &t1(), &BTreeSet::new())).is_empty());
        assert!(read!(db, tx => usergroups(tx, &"T2".into(), &wanted)).is_empty());
    });
}

fn intent(kind: Kind, lane: &str, at: Instant) -> Intent {
    Intent::new(&t1(), kind, &json!({ "lane": lane }), lane, at)
}

async fn taken(db: &Db, now: Instant, most: i64) -> Vec<Claimed> {
    write!(db, tx => claim(tx, &t1(), now, most))
}

async fn put(db: &Db, intents: &[Intent]) {
    let intents = intents.to_vec();
    write!(db, tx => enqueue(tx, &intents));
}

async fn end(db: &Db, row: &Claimed, ending: Ending, now: Instant) {
    let row = row.clone();
    write!(db, tx => settle(tx, &row, &ending, now));
}

async fn waiting(db: &Db) -> (i64, i64, i64, i64) {
    let counts = read!(db, tx => counts(tx, &t1()));
    (counts.waiting, counts.sending, counts.done, counts.failed)
}

#[test]
fn a_thousand_intents_are_taken_in_order_and_no_faster_than_slack_allows() {
    with_database(async |db| {
        put(db, &[]).await;
        assert_eq!(taken(db, start(), 10).await.len(), 0);
        assert_eq!(read!(db, tx => next_due(tx, &t1())), None);
        let all: Vec<Intent> = (0..1_000)
            .map(|n| intent(Kind::KudosDm, &format!("dm:{n} {}", ODD[n % ODD.len()]), start()))
            .collect();
        put(db, &all).await;
        assert_eq!(waiting(db).await, (1_000, 0, 0, 0));
        assert_eq!(taken(db, after(-1), 10).await.len(), 0, "not due yet");
        assert_eq!(taken(db, start(), 0).await.len(), 0);
        let first = taken(db, start(), 3).await;
        for (n, row) in first.iter().enumerate() {
            let lane = format!("dm:{n} {}", ODD[n]);
            assert_eq!(
                (row.lane.as_str(), row.attempts, row.created_at, row.may_be_sent),
                (lane.as_str(), 1, start(), false)
            );
            assert_eq!(row.subject::<Value>(), Some(json!({ "lane": lane })));
        }
        let rest = taken(db, start(), 5_000).await;
        assert_eq!(rest.len() + 3, usize::try_from(WORKSPACE_PER_MINUTE).expect("a number"));
        assert_eq!(taken(db, after(59_999), 5_000).await.len(), 0, "no more in this minute");
        let mut all_ids: Vec<&OutboxId> = first.iter().chain(&rest).map(|row| &row.id).collect();
        assert!(all_ids.is_sorted());
        all_ids.dedup();
        assert_eq!(all_ids.len(), 200);
        let elsewhere = write!(db, tx => claim(tx, &"T2".into(), start(), 10));
        assert_eq!(elsewhere.len(), 0);
    });
}

#[test]
fn a_lane_goes_one_by_one_with_a_pause_and_by_priority() {
    with_database(async |db| {
        // Made in this order.
        let page = intent(Kind::WorkspaceMembers, "lane", start());
        let card = intent(Kind::KudosCard, "lane", start());
        let later = intent(Kind::KudosCard, "lane", start()).not_before(after(5_000));
        let cards = [later, page, intent(Kind::KudosCard, "other", start()), card];
        put(db, &cards).await;
        let rows = taken(db, start(), 10).await;
        assert_eq!(
            rows.iter().map(|row| row.lane.as_str()).collect::<Vec<_>>(),
            ["lane", "other"]
        );
        assert_eq!(rows[0].kind, Kind::KudosCard, "before the page, which is older");
        assert_eq!(taken(db, start(), 10).await.len(), 0, "the lane's first is being sent");
        end(db, &rows[0], Ending::Done, start()).await;
        assert_eq!(taken(db, after(500), 10).await.len(), 0, "one a second");
        assert_eq!(
            taken(db, start().plus(LANE_PAUSE), 10).await.len(),
            0,
            "the next one isn't due, and holds its place"
        );
        let rows = taken(db, after(5_000), 10).await;
        assert_eq!(rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [Kind::KudosCard]);
        end(db, &rows[0], Ending::Done, after(5_000)).await;
        assert_eq!(taken(db, after(6_000), 10).await[0].kind, Kind::WorkspaceMembers);
    });
}

#[test]
fn every_ending_leaves_the_row_where_it_belongs() {
    with_database(async |db| {
        for lane in ["a", "b", "c", "d", "e", "f", "g"] {
            put(db, &[intent(Kind::KudosCard, lane, start())]).await;
        }
        put(
            db,
            &[
                intent(Kind::KudosUnpost, "h", start()),
                intent(Kind::KudosDm, "i", start()),
            ],
        )
        .await;
        let rows = taken(db, start(), 8).await;
        assert_eq!(waiting(db).await, (1, 8, 0, 0));
        for (row, ending) in rows.iter().zip([
            Ending::Recorded,
            Ending::Done,
            Ending::Retry {
                after: None,
                why: ODD[1].to_owned(),
                unsettled: false,
            },
            Ending::Retry {
                after: Some(Duration::from_secs(9)),
                why: String::new(),
                unsettled: true,
            },
            Ending::Moved {
                lane: ODD[2].to_owned(),
                why: ODD[4].to_owned(),
            },
            Ending::Failed { why: ODD[3].to_owned() },
            Ending::RateLimited {
                after: Duration::from_secs(30),
            },
            Ending::Retry {
                after: Some(Duration::ZERO),
                why: String::new(),
                unsettled: false,
            },
        ]) {
            end(db, row, ending, start()).await;
        }
        // Recorded leaves the row to its owner.
        assert_eq!(waiting(db).await, (6, 1, 1, 1));
        let (first, unknown) = (rows[0].clone(), rows[1].clone());
        assert_eq!(write!(db, tx => finish(tx, &first)), Some(false));
        assert_eq!(write!(db, tx => finish(tx, &unknown)), None, "finished before");
        assert_eq!(waiting(db).await, (6, 0, 2, 1));

        // 429 holds back what shares the method (c, d, g and i, and what was moved), not the removal in h.
        let now: Vec<String> = taken(db, after(1_000), 10)
            .await
            .iter()
            .map(|row| row.lane.clone())
            .collect();
        assert_eq!(now, ["h"]);
        let then = taken(db, after(30_000), 10).await;
        let seen: Vec<(&str, i64, bool)> = then
            .iter()
            .map(|row| (row.lane.as_str(), row.attempts, row.may_be_sent))
            .collect();
        assert_eq!(
            seen,
            [
                ("c", 2, false),
                ("d", 2, true),
                (ODD[2], 2, false),
                ("g", 2, false),
                ("i", 1, false)
            ]
        );
        // The next try waits longer than the first.
        let late = after(40_000);
        end(
            db,
            &then[0],
            Ending::Retry {
                after: None,
                why: String::new(),
                unsettled: false,
            },
            late,
        )
        .await;
        let wait = backoff(&then[0].id, 2);
        let again = read!(db, tx => next_due(tx, &t1()));
        assert_eq!(again, Some(late.plus(wait)));
    });
}

#[test]
fn a_lease_that_ran_out_goes_to_the_next_and_the_first_has_no_say_any_more() {
    with_database(async |db| {
        put(db, &[intent(Kind::KudosCard, "a", start())]).await;
        let first = taken(db, start(), 10).await.remove(0);
        assert_eq!(read!(db, tx => next_due(tx, &t1())), Some(start().plus(LEASE)));
        assert_eq!(taken(db, start().plus(LEASE), 10).await.len(), 0);
        let now = start().plus(LEASE).plus_millis(1);
        let second = taken(db, now, 10).await.remove(0);
        assert_eq!(
            (second.id.clone(), second.attempts, second.may_be_sent),
            (first.id.clone(), 2, true)
        );
        let row = first.clone();
        assert_eq!(write!(db, tx => finish(tx, &row)), None);
        for ending in [
            Ending::Done,
            Ending::Failed { why: String::new() },
            Ending::Moved {
                lane: "b".to_owned(),
                why: String::new(),
            },
            Ending::Retry {
                after: None,
                why: String::new(),
                unsettled: false,
            },
        ] {
            end(db, &first, ending, now).await;
        }
        assert_eq!(waiting(db).await, (0, 1, 0, 0), "it is the second's");
        // What may have been sent before still may.
        end(db, &second, at_once(), now).await;
        assert_eq!(waiting(db).await, (1, 0, 0, 0));
        let third = taken(db, now, 10).await.remove(0);
        assert!(third.may_be_sent && third.attempts == 3);
    });
}

/// Given back as it was.
fn at_once() -> Ending {
    Ending::Retry {
        after: Some(Duration::ZERO),
        why: String::new(),
        unsettled: false,
    }
}

#[test]
fn lateness_is_told_once() {
    with_database(async |db| {
        let all = ["a", "b", "c"].map(|lane| intent(Kind::KudosCard, lane, start()).late_at(after(60_000)));
        put(db, &all).await;
        put(db, &[intent(Kind::KudosCard, "d", start())]).await;
        assert_eq!(read!(db, tx => late(tx, &t1(), after(59_999), 10)).len(), 0);
        let rows = read!(db, tx => late(tx, &t1(), after(60_000), 2));
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].kind, rows[0].subject.as_str()),
            (Kind::KudosCard, r#"{"lane":"a"}"#)
        );
        let id = rows[0].id.clone();
        assert!(write!(db, tx => heard_late(tx, &id)));
        let id = rows[0].id.clone();
        assert!(!write!(db, tx => heard_late(tx, &id)));
        assert!(!write!(db, tx => heard_late(tx, &"nothing".into())));
        let claimed = taken(db, after(60_000), 10).await;
        let (a, b, c) = (claimed[0].clone(), claimed[1].clone(), claimed[2].clone());
        assert_eq!(write!(db, tx => finish(tx, &a)), Some(false), "its owner was told");
        assert_eq!(write!(db, tx => finish(tx, &b)), Some(true), "its owner never will be");
        end(db, &c, Ending::Failed { why: String::new() }, after(60_000)).await;
        assert_eq!(read!(db, tx => late(tx, &t1(), after(99_000), 10)).len(), 0);
    });
}

#[test]
fn a_waiting_row_serves_for_all_with_its_key() {
    with_database(async |db| {
        let keyed = |lane: &str, at: Instant| intent(Kind::KudosTell, lane, at).with_key("once 'a' day".to_owned());
        put(db, &[keyed("a", start()), keyed("b", start())]).await;
        put(db, &[keyed("c", start()), intent(Kind::KudosTell, "d", start())]).await;
        assert_eq!(waiting(db).await, (2, 0, 0, 0));
        let rows = taken(db, start(), 10).await;
        assert_eq!(rows.iter().map(|row| row.lane.as_str()).collect::<Vec<_>>(), ["a", "d"]);
        // While it is being sent, the next may wait; when the first has to wait again, both do.
        put(db, &[keyed("e", start()), keyed("f", start())]).await;
        assert_eq!(waiting(db).await, (1, 2, 0, 0));
        end(
            db,
            &rows[0],
            Ending::Retry {
                after: None,
                why: String::new(),
                unsettled: true,
            },
            start(),
        )
        .await;
        assert_eq!(waiting(db).await, (2, 1, 0, 0));
        let rows = taken(db, after(10_000), 10).await;
        assert_eq!(rows.iter().map(|row| row.lane.as_str()).collect::<Vec<_>>(), ["a", "e"]);
        // Moved, or given back at a stop, with another one waiting.
        put(db, &[keyed("g", after(10_000))]).await;
        end(
            db,
            &rows[1],
            Ending::Moved {
                lane: "h".to_owned(),
                why: String::new(),
            },
            after(10_000),
        )
        .await;
        end(db, &rows[0], at_once(), after(10_000)).await;
        assert_eq!(waiting(db).await, (3, 1, 0, 0));
        put(db, &[keyed("i", after(10_000))]).await;
        assert_eq!(waiting(db).await, (3, 1, 0, 0), "the waiting one still serves");
    });
}

#[test]
fn only_old_settled_rows_are_swept() {
    with_database(async |db| {
        for lane in ["a", "b", "c", "d"] {
            put(db, &[intent(Kind::KudosCard, lane, start())]).await;
        }
        let rows = taken(db, start(), 3).await;
        end(db, &rows[0], Ending::Done, start()).await;
        end(db, &rows[1], Ending::Failed { why: String::new() }, start()).await;
        assert_eq!(write!(db, tx => sweep(tx, &t1(), start())), 0);
        assert_eq!(write!(db, tx => sweep(tx, &"T2".into(), after(1))), 0);
        assert_eq!(write!(db, tx => sweep(tx, &t1(), after(1))), 2);
        assert_eq!(waiting(db).await, (1, 1, 0, 0));
    });
}

#[test]
fn two_processes_never_take_the_same_row() {
    with_database(async |db| {
        let all: Vec<Intent> = (0..120)
            .map(|n| intent(Kind::KudosDm, &format!("dm:{}", n % 60), start()))
            .collect();
        put(db, &all).await;
        let takers = (0..8).map(|_| {
            let db = db.clone();
            tokio::spawn(async move { taken(&db, start(), 20).await })
        });
        let mut seen = BTreeSet::new();
        for taker in takers.collect::<Vec<_>>() {
            for row in taker.await.expect("no panic") {
                assert!(seen.insert(row.lane.clone()), "{} twice", row.lane);
            }
        }
        assert!(!seen.is_empty() && seen.len() <= 60);
    });
}

// Kudos.

fn give(n: usize, at: Instant) -> Give {
    let day = local_day(at, chrono_tz::Europe::Berlin);
    Give {
        workspace: t1(),
        delivery: Some(format!("delivery {n}")),
        giver: "ULEE".into(),
        receivers: vec![Receiver::Member("UDANA".into())],
        reason: format!("{n} {}", ODD[n % ODD.len()]),
        values: Vec::new(),
        source: Source::Command,
        channel: Some("C1".into()),
        effect: None,
        at,
        giver_day: day,
        workspace_day: day,
        cost: 1,
        allowance: None,
        announce: Announce::Default,
        unchecked: Vec::new(),
        thread: None,
        lane: "C1".to_owned(),
    }
}

#[test]
fn what_was_given_is_what_is_exported() {
    with_database(async |db| {
        assert_eq!(write!(db, tx => record(tx, &[])), []);
        assert_eq!(read!(db, tx => export_page(tx, None, 10)), []);
        let sources = [
            Source::Command,
            Source::Modal,
            Source::Mention,
            Source::Emoji,
            Source::Reaction,
            Source::Shortcut,
            Source::Customer,
            Source::Import,
        ];
        let gives: Vec<Give> = (0..1_000)
            .map(|n| {
                let mut give = give(n, start());
                give.source = sources[n % sources.len()];
                give.values = ODD[..n % 4].iter().map(|value| (*value).to_owned()).collect();
                give.channel = (n % 3 > 0).then(|| "C1".into());
                give.effect = (n % 3 == 2).then(|| (format!("{n}.000100").into(), Effect::Reaction));
                give.announce = [Announce::Default, Announce::Silent, Announce::In("C9".into())][n % 3].clone();
                if n % 10 == 0 {
                    give.receivers.push(Receiver::Group("SEMEA".into()));
                }
                give
            })
            .collect();
        let list = gives.clone();
        let outcomes = write!(db, tx => record(tx, &list));
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, Outcome::Given { left: None, .. }))
        );
        // All of them at one instant: pages of 7 miss none and repeat none.
        let mut rows = Vec::new();
        loop {
            let from = rows
                .last()
                .map(|row: &plaudit::kudos::Exported| (row.given_at, row.id.clone()));
            let page = read!(db, tx => export_page(tx, from.clone(), 7));
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        assert_eq!(rows.len(), 1_100);
        assert!(
            rows.windows(2)
                .all(|two| (two[0].given_at, &two[0].id) < (two[1].given_at, &two[1].id))
        );
        assert_eq!(rows, read!(db, tx => export_page(tx, None, 5_000)));
        let mut rows = rows.into_iter();
        for give in &gives {
            for receiver in &give.receivers {
                let row = rows.next().expect("a row per receiver");
                assert_eq!(
                    (row.given_at, row.giver.as_str(), row.receiver.as_str()),
                    (give.at, give.giver.as_str(), receiver.id())
                );
                assert_eq!(
                    (&row.reason, &row.values, row.source.as_str()),
                    (&give.reason, &give.values, give.source.name())
                );
                assert_eq!(row.channel, give.channel.as_ref().map(ToString::to_string));
                assert_eq!(row.message_ts, give.effect.as_ref().map(|(ts, _)| ts.to_string()));
                assert_eq!(row.reversed_at, None);
            }
        }
        let silent = gives.iter().filter(|give| give.announce == Announce::Silent).count();
        assert_eq!(waiting(db).await.0, 1_000 - i64::try_from(silent).expect("a number"));
    });
}

fn regret(outcome: &Outcome, at: Instant) -> TakeBack {
    let Outcome::Given { kudos, .. } = outcome else {
        panic!("{outcome:?}")
    };
    TakeBack {
        workspace: t1(),
        kudos: kudos.clone(),
        by: "ULEE".into(),
        at,
        zone: chrono_tz::Europe::Berlin,
        allowance: None,
        recognition: None,
    }
}

#[test]
fn the_latest_kudos_is_the_latest_that_stands() {
    with_database(async |db| {
        let lee = || UserId::from("ULEE");
        assert_eq!(read!(db, tx => latest_of(tx, &t1(), &lee())), None);
        let mut gives = vec![give(1, after(10)), give(2, start()), give(3, after(10))];
        gives[2]
            .receivers
            .extend([Receiver::Member("UMO".into()), Receiver::Group("SEMEA".into())]);
        let outcomes = write!(db, tx => record(tx, &gives));
        let latest = async || read!(db, tx => latest_of(tx, &t1(), &lee())).map(|(kudos, at)| (Some(kudos), at));
        let nth = |n: usize| match &outcomes[n] {
            Outcome::Given { kudos, .. } => Some(kudos.clone()),
            _ => None,
        };
        assert_eq!(
            latest().await,
            Some((nth(2), after(10))),
            "of two at one instant the later in the list"
        );
        let wish = regret(&outcomes[2], after(11));
        let taken = write!(db, tx => take_back(tx, &wish));
        let done = TakenBack::Done {
            receivers: vec![
                Receiver::Member("UDANA".into()),
                Receiver::Member("UMO".into()),
                Receiver::Group("SEMEA".into()),
            ],
            card: None,
            had_dms: false,
            left: None,
        };
        assert_eq!(taken, done);
        assert_eq!(latest().await, Some((nth(0), after(10))));
        // The latest without its name, delivered twice.
        let wish = regret(&outcomes[0], after(11));
        let again = wish.clone();
        let first = write!(db, tx => take_back_latest(tx, &wish, Some("1.undo")));
        assert!(matches!(first, Some(TakenBack::Done { .. })), "{first:?}");
        assert_eq!(write!(db, tx => take_back_latest(tx, &again, Some("1.undo"))), first);
        assert_eq!(latest().await, Some((nth(1), start())));
        let reversed = read!(db, tx => export_page(tx, None, 10))
            .into_iter()
            .filter_map(|row| row.reversed_at);
        assert_eq!(reversed.collect::<Vec<_>>(), [after(11); 4]);
        assert_eq!(read!(db, tx => latest_of(tx, &"T2".into(), &lee())), None);
        assert_eq!(read!(db, tx => latest_of(tx, &t1(), &"UDANA".into())), None);
    });
}

#[test]
fn old_deliveries_are_forgotten_and_only_they() {
    with_database(async |db| {
        let gives: Vec<Give> = (0..7)
            .map(|n| give(n, after(i64::try_from(n).expect("a number"))))
            .collect();
        let list = gives.clone();
        let first = write!(db, tx => record(tx, &list));
        let list = gives.clone();
        assert_eq!(write!(db, tx => record(tx, &list)), first, "the same answers");
        assert_eq!(write!(db, tx => sweep_deliveries(tx, &"T2".into(), after(9))), 0);
        assert_eq!(write!(db, tx => sweep_deliveries(tx, &t1(), after(3))), 3);
        let list = gives.clone();
        let again = write!(db, tx => record(tx, &list));
        assert!(
            again[..3].iter().all(|outcome| matches!(outcome, Outcome::Same { .. })),
            "{again:?}"
        );
        assert_eq!(again[3..], first[3..]);
    });
}

// What only a story reaches: posts, links, and what people are told once.

#[test]
fn a_story_with_odd_words_from_giving_to_taking_back() {
    story_needing(&["channels:read"], async |t| {
        let words = "O'Hara \"quoted\" 👏🏽 日本語 %_ \\ $1 {}";
        t.person("lee").runs(&format!("/kudos @dana {words}")).await;
        t.run_jobs().await;
        assert!(
            t.channel("kudos").shows().contains(words),
            "{}",
            t.channel("kudos").shows()
        );
        assert!(t.dm("dana").contains(words), "{}", t.dm("dana"));
        assert_eq!(t.number("SELECT COUNT(*) FROM post WHERE audience = ''").await, 1);
        assert_eq!(t.number("SELECT COUNT(*) FROM post WHERE audience <> ''").await, 1);
        assert_eq!(
            t.number("SELECT COUNT(*) FROM post WHERE permalink <> ''").await,
            1,
            "asked for once"
        );
        assert_eq!(t.export().await[0].reason, words);
        t.person("lee").clicks("Undo").await;
        t.run_jobs().await;
        assert_eq!(t.number("SELECT COUNT(*) FROM post").await, 0);
        assert_eq!(t.channel("kudos").shows(), "");
        assert!(t.export().await[0].reversed_at.is_some());
    });
}

#[test]
fn a_story_with_a_channel_that_refuses() {
    story_needing(&["channels:read"], async |t| {
        t.fails(
            "chat.postMessage",
            plaudit::sandbox::Fault::Error("is_archived".into()),
            1,
        );
        t.person("lee").runs("/kudos @dana calming the refund storm").await;
        t.run_jobs().await;
        assert_eq!(t.number("SELECT COUNT(*) FROM place WHERE postable = 'no'").await, 1);
        assert_eq!(t.number("SELECT COUNT(*) FROM place WHERE postable = 'yes'").await, 1);
        assert_eq!(
            t.counts().await,
            outbox::Counts {
                done: t.counts().await.done,
                ..Counts::default()
            }
        );
    });
}

#[test]
fn settings_and_their_audit_log() {
    with_database(async |db| {
        for (n, odd) in ODD.into_iter().enumerate() {
            let by: UserId = format!("U{n}").into();
            let before = Settings::default();
            let after = Settings {
                command: odd.to_owned(),
                stewards: vec![odd.into()],
                ..Settings::default()
            };
            let now = after_n(n);
            let workspace = t1();
            let (one, two, who) = (before.clone(), after.clone(), by.clone());
            let changed: Result<_, StoreError> = db
                .write(async move |tx: &mut Tx| store_settings(tx, &workspace, &who, &one, &two, now).await)
                .await;
            assert_eq!(changed.expect("stored"), ["command", "stewards"]);
            let entries = read!(db, tx => audit::entries(tx, &t1(), 2));
            assert_eq!(entries.len(), 2);
            let command = entries
                .iter()
                .find(|entry| entry.what == "setting.command")
                .expect("it");
            assert_eq!(
                (&command.who, &command.before, &command.after),
                (&by, &json!("/kudos"), &json!(odd))
            );
        }
        let entry = audit::Entry::new(&"U1".into(), "kudos.removed", ODD[2]).values(&json!(ODD[1]), &Value::Null);
        let entered = entry.clone();
        write!(db, tx => audit::enter(tx, &t1(), &entered, after(1_000_000)));
        let latest = read!(db, tx => audit::entries(tx, &t1(), 1));
        assert_eq!(
            latest,
            [audit::Entry {
                at: after(1_000_000),
                ..entry
            }]
        );
        assert_eq!(read!(db, tx => audit::entries(tx, &"T2".into(), 9)), []);
    });
}

fn after_n(n: usize) -> Instant {
    after(i64::try_from(n).unwrap_or_default())
}

#[test]
fn what_happens_once_and_what_people_choose() {
    with_database(async |db| {
        for odd in ODD {
            assert!(!read!(db, tx => happened(tx, &t1(), odd)));
            assert!(write!(db, tx => first_time(tx, &t1(), odd, start())));
            assert!(!write!(db, tx => first_time(tx, &t1(), odd, after(1))));
            assert!(read!(db, tx => happened(tx, &t1(), odd)));
            assert!(!read!(db, tx => happened(tx, &"T2".into(), odd)));
        }
        let dana: UserId = "U1".into();
        let choices = Choices {
            is_private: true,
            wants_no_dms: true,
            ..Choices::default()
        };
        let who = dana.clone();
        assert!(
            !write!(db, tx => choose(tx, &t1(), &who, choices)),
            "nobody knows her yet"
        );
        let user = User {
            id: dana.clone(),
            ..User::default()
        };
        let users = [user];
        let first = users.clone();
        write!(db, tx => upsert(tx, &t1(), &first, start()));
        let who = dana.clone();
        assert!(write!(db, tx => choose(tx, &t1(), &who, choices)));
        write!(db, tx => upsert(tx, &t1(), &users, start()));
        let known = read!(db, tx => members(tx, &t1(), &BTreeSet::from([dana.clone()])));
        assert_eq!(
            known[&dana].choices, choices,
            "Slack's news of a person changes nothing of it"
        );
    });
}

#[test]
fn what_was_given_is_put_right() {
    with_database(async |db| {
        let settings = Settings {
            stewards: vec!["UPRIYA".into()],
            channel: Some("CKUDOS".into()),
            ..Settings::default()
        };
        for (n, odd) in ODD.into_iter().enumerate() {
            let one = Give {
                delivery: None,
                announce: Announce::Default,
                ..give(n, after(1_000_000 * i64::try_from(n).expect("a number")))
            };
            let (at, giver) = (one.at, one.giver.clone());
            let receiver = one.receivers[0].member().expect("a person").clone();
            let outcomes = put!(one; db, tx => record(tx, std::slice::from_ref(&one)));
            let Outcome::Given { kudos, .. } = outcomes[0].clone() else {
                panic!("{outcomes:?}")
            };
            let change = |by: &UserId| Change {
                workspace: t1(),
                kudos: kudos.clone(),
                by: by.clone(),
                at,
                zone: chrono_tz::UTC,
            };
            let (own, theirs, steward) = (change(&giver), change(&receiver), change(&"UPRIYA".into()));
            let ana: UserId = odd.into();
            assert_eq!(
                put!(kudos, ana; db, tx => boost(tx, &t1(), &kudos, &ana, true, at)),
                Joined::In
            );
            assert_eq!(
                put!(kudos, ana; db, tx => boost(tx, &t1(), &kudos, &ana, true, at)),
                Joined::In
            );
            assert_eq!(
                put!(kudos, ana; db, tx => boost(tx, &t1(), &kudos, &ana, false, at)),
                Joined::Out
            );
            let delivery = format!("click {odd}");
            for _ in 0..2 {
                let joined =
                    put!(kudos, ana, delivery; db, tx => join_in(tx, &t1(), &kudos, &ana, Some(&delivery), at));
                assert_eq!(joined, Joined::In, "delivered again, it counts once");
            }
            assert_eq!(
                put!(kudos, giver; db, tx => join_in(tx, &t1(), &kudos, &giver, None, at)),
                Joined::Giver
            );
            assert_eq!(
                put!(kudos, receiver; db, tx => join_in(tx, &t1(), &kudos, &receiver, None, at)),
                Joined::Receiver
            );
            assert_eq!(
                read!(db, tx => sent(tx, &t1(), &giver, chrono_tz::UTC, at))[0].kudos,
                kudos
            );

            let words = format!("other words {odd} #kindness");
            let edited = put!(own, settings, words; db, tx => edit_words(tx, &own, &words, &settings));
            assert!(matches!(edited, Edited::Done { .. }), "{edited:?}");
            assert_eq!(
                put!(own, settings, words; db, tx => edit_words(tx, &own, &words, &settings)),
                Edited::Unchanged
            );
            assert_eq!(
                put!(own, settings; db, tx => edit_words(tx, &own, " ", &settings)),
                Edited::Empty
            );
            assert_eq!(
                put!(own, settings; db, tx => edit_words(tx, &own, &"x".repeat(2_001), &settings)),
                Edited::TooLong(2_001)
            );
            assert_eq!(
                put!(theirs, settings; db, tx => edit_words(tx, &theirs, "mine", &settings)),
                Edited::NotYours
            );
            assert_eq!(
                read!(db, tx => words_of(tx, &steward, &settings)),
                Err(Edited::NotYours)
            );
            let late = Change {
                at: closes_at(at, None, chrono_tz::UTC),
                ..own.clone()
            };
            assert_eq!(
                read!(db, tx => words_of(tx, &late, &settings)),
                Err(Edited::Closed { given_at: at })
            );
            let late = Change {
                by: "UPRIYA".into(),
                ..late
            };
            assert!(read!(db, tx => words_of(tx, &late, &settings)).is_ok());
            let added = put!(own, settings; db, tx => add_value(tx, &own, "calm", &settings));
            assert!(matches!(added, Edited::Done { .. } | Edited::Unchanged), "{added:?}");
            assert_eq!(
                put!(own, settings; db, tx => add_value(tx, &own, odd, &settings)),
                Edited::Unchanged
            );

            let channel = settings.channel.clone();
            assert_eq!(
                put!(theirs, channel; db, tx => hide(tx, &theirs, true, channel.as_ref())),
                Hidden::Done {
                    card_goes: one.receivers.len() == 1
                }
            );
            assert_eq!(
                put!(theirs, channel; db, tx => hide(tx, &theirs, false, channel.as_ref())),
                Hidden::Shown
            );
            assert_eq!(
                put!(own, channel; db, tx => hide(tx, &own, true, channel.as_ref())),
                Hidden::NotYours
            );
            assert_eq!(
                put!(own, channel; db, tx => announce(tx, &own, channel.as_ref())),
                Announced::Done
            );
            assert_eq!(put!(own; db, tx => announce(tx, &own, None)), Announced::Nowhere);
            assert_eq!(
                put!(theirs, channel; db, tx => announce(tx, &theirs, channel.as_ref())),
                Announced::NotYours
            );

            assert_eq!(read!(db, tx => may_thank_back(tx, &theirs)), None);
            let thanked = put!(theirs, words; db, tx => thank_back(tx, &theirs, &words));
            assert!(matches!(thanked, ThankedBack::Done { .. }), "{thanked:?}");
            assert_eq!(
                put!(theirs, words; db, tx => thank_back(tx, &theirs, &words)),
                ThankedBack::Already
            );
            assert_eq!(
                put!(own, words; db, tx => thank_back(tx, &own, &words)),
                ThankedBack::NotYours
            );

            assert_eq!(
                put!(kudos, settings; db, tx => report(tx, &t1(), &kudos, &settings, at)),
                Reported::Told
            );
            assert_eq!(
                put!(own, settings; db, tx => keep(tx, &own, &settings)),
                Decided::NotASteward
            );
            assert_eq!(
                put!(steward, settings; db, tx => keep(tx, &steward, &settings)),
                Decided::Kept
            );
            if n % 2 == 0 {
                let removed = put!(steward, settings; db, tx => remove(tx, &steward, &settings));
                assert!(matches!(removed, Decided::Removed { .. }), "{removed:?}");
                assert_eq!(
                    put!(steward, settings; db, tx => remove(tx, &steward, &settings)),
                    Decided::Gone
                );
            } else {
                let wish = regret(&outcomes[0], at);
                let wish = TakeBack { by: giver, ..wish };
                let taken = put!(wish; db, tx => take_back_sent(tx, &wish, chrono_tz::UTC));
                assert!(matches!(taken, TakenBack::Done { .. }), "{taken:?}");
            }
            assert_eq!(
                put!(kudos; db, tx => join_in(tx, &t1(), &kudos, &"UMO".into(), None, at)),
                Joined::Gone
            );
            assert_eq!(
                put!(theirs, channel; db, tx => hide(tx, &theirs, true, channel.as_ref())),
                Hidden::Gone
            );
            assert_eq!(
                put!(kudos, settings; db, tx => report(tx, &t1(), &kudos, &settings, at)),
                Reported::Gone
            );
        }
    });
}

#[test]
fn what_waits_is_hastened_and_never_slowed() {
    with_database(async |db| {
        let later = intent(Kind::KudosUpdate, "edit", start())
            .with_key("edit".to_owned())
            .not_before(after(60_000));
        put(db, &[later]).await;
        write!(db, tx => outbox::hasten(tx, &t1(), "another", start()));
        assert_eq!(taken(db, start(), 9).await.len(), 0);
        write!(db, tx => outbox::hasten(tx, &t1(), "edit", after(90_000)));
        write!(db, tx => outbox::hasten(tx, &t1(), "edit", after(5)));
        assert_eq!(taken(db, after(4), 9).await.len(), 0);
        let row = taken(db, after(5), 9).await.remove(0);
        end(
            db,
            &row,
            Ending::RateLimited {
                after: Duration::from_secs(30),
            },
            after(5),
        )
        .await;
        write!(db, tx => outbox::hasten(tx, &t1(), "edit", after(6)));
        assert_eq!(
            taken(db, after(6), 9).await.len(),
            0,
            "what was tried keeps its own pace"
        );
    });
}

#[test]
fn drafts_wait_for_their_owner_for_a_day() {
    with_database(async |db| {
        for odd in ODD {
            let lee: UserId = "U1".into();
            let until = start().plus(drafts::LASTS);
            let id = {
                let lee = lee.clone();
                write!(db, tx => drafts::keep(tx, &t1(), &lee, "kudos.choice", &odd, start(), until))
            };
            let found: Option<String> = read!(db, tx => drafts::find(tx, &t1(), &lee, "kudos.choice", &id, after(1)));
            assert_eq!(found.as_deref(), Some(odd));
            for (owner, kind, at) in [
                ("U2", "kudos.choice", after(1)),
                ("U1", "kudos.words", after(1)),
                ("U1", "kudos.choice", until),
            ] {
                let found: Option<String> = read!(db, tx => drafts::find(tx, &t1(), &owner.into(), kind, &id, at));
                assert_eq!(found, None);
            }
            for (owner, from, once) in [
                ("U2", "kudos.choice", false),
                ("U1", "kudos.choice", true),
                ("U1", "kudos.choice", false),
            ] {
                let (owner, id): (UserId, _) = (owner.into(), id.clone());
                let turned =
                    write!(db, tx => drafts::turn(tx, &t1(), &owner, &id, (from, "kudos.later"), after(1), after(2)));
                assert_eq!(turned, once);
            }
            let used = id.clone();
            assert!(write!(db, tx => drafts::take(tx, &t1(), &used)));
            assert!(!write!(db, tx => drafts::take(tx, &t1(), &id)));
        }
        let lee: UserId = "U1".into();
        let twice = [1, 2].map(|body| (lee.clone(), body));
        let mut ids = BTreeSet::new();
        for (lee, body) in twice {
            ids.insert(write!(db, tx => drafts::keep_once(tx, &t1(), &lee, "k", "once", &body, start(), after(2))));
        }
        let id = ids.pop_first().expect("an id");
        assert!(ids.is_empty());
        let first: Option<i64> = read!(db, tx => drafts::find(tx, &t1(), &lee, "k", &id, after(1)));
        assert_eq!(first, Some(1));
        assert!(write!(db, tx => drafts::take(tx, &t1(), &id)));
        write!(db, tx => drafts::keep(tx, &t1(), &lee, "k", &1, start(), after(5)));
        assert_eq!(write!(db, tx => drafts::sweep(tx, &t1(), after(4))), 0);
        assert_eq!(write!(db, tx => drafts::sweep(tx, &t1(), after(5))), 1);
    });
}

#[test]
fn joining_in_twice_is_once_and_old_reactions_are_forgotten() {
    with_database(async |db| {
        let list = vec![give(1, after(1))];
        let first = write!(db, tx => record(tx, &list));
        let Outcome::Given { kudos, .. } = first[0].clone() else {
            panic!("{first:?}");
        };
        for (on, joined) in [
            (true, Joined::In),
            (true, Joined::In),
            (false, Joined::Out),
            (false, Joined::Out),
        ] {
            let kudos = kudos.clone();
            assert_eq!(
                write!(db, tx => boost(tx, &t1(), &kudos, &"U77".into(), on, after(2))),
                joined
            );
        }
        assert_eq!(
            write!(db, tx => boost(tx, &t1(), &"nothing".into(), &"U77".into(), true, after(2))),
            Joined::Gone
        );
        assert_eq!(write!(db, tx => sweep_reactions(tx, &t1(), after(9))), 0);
    });
}

#[test]
fn who_is_forgotten_is_gone_and_what_counts_stays() {
    with_database(async |db| {
        let dana: UserId = "UDANA".into();
        let nobody = anonymous(start());
        let people = [
            user("UDANA", "dana", "Dana", "Dana \\%_ 'Kim'"),
            user("ULEE", "lee", "Lee", "Lee Park"),
        ];
        let list = people.clone();
        write!(db, tx => upsert(tx, &t1(), &list, start()));
        let gives: Vec<Give> = (0..20)
            .map(|n| {
                let mut give = give(n, after(i64::try_from(n).expect("a number") * 1_000_000));
                give.reason = format!("{} for dana \\%_ 'kim' too", give.reason);
                if n % 2 == 1 {
                    give.giver = "UDANA".into();
                    give.receivers = vec![Receiver::Member("ULEE".into())];
                }
                if n % 5 == 4 {
                    give.giver = "UMO".into();
                    give.receivers = vec![Receiver::Member("ULEE".into())];
                }
                give
            })
            .collect();
        let list = gives.clone();
        write!(db, tx => record(tx, &list));
        assert!(read!(db, tx => forgotten(tx, &t1(), [&dana])).is_empty());
        let before = read!(db, tx => figures(tx, &t1(), &dana));
        assert_eq!((before.given, before.received, before.since), (8, 8, Some(start())));
        let found = read!(db, tx => kept(tx, &t1(), &dana)).expect("Dana");
        assert_eq!((found.figures, found.drafts), (before, 0));
        let all = read!(db, tx => kudos::export(tx, &t1(), &dana));
        assert_eq!((all.gave.len(), all.received.len(), all.joined.len()), (8, 8, 0));
        let page = read!(db, tx => gather(tx, &t1(), &dana)).expect("an export");
        assert_eq!(page.received, all.received);
        assert!(read!(db, tx => workspace::export(tx, &t1(), &dana)).is_some());
        let on = read!(db, tx => turn(tx, &t1(), &"UNOBODY".into(), Switch::Private, true, start()));
        assert_eq!(on, None);
        let who = dana.clone();
        let on = write!(db, tx => turn(tx, &t1(), &who, Switch::Private, true, start()));
        assert!(on.is_some_and(|choices| choices.is_private));
        let who = dana.clone();
        write!(db, tx => enqueue_export(tx, &t1(), &who, start()));
        let entry = audit::Entry::new(&dana, "kudos.words", "k1").values(&json!(["UDANA"]), &json!("old words"));
        write!(db, tx => audit::enter(tx, &t1(), &entry, start()));
        write!(db, tx => audit::forget_values(tx, &t1(), &BTreeSet::from(["k1".into()])));
        assert_eq!(read!(db, tx => audit::entries(tx, &t1(), 1))[0].after, Value::Null);
        assert_eq!(read!(db, tx => being_sent(tx, &t1())), Vec::<String>::new());

        let (who, gone) = (dana.clone(), nobody.clone());
        assert!(write!(db, tx => privacy::erase(tx, &t1(), &who, &gone, start())));
        let (who, gone) = (dana.clone(), anonymous(start()));
        assert!(!write!(db, tx => privacy::erase(tx, &t1(), &who, &gone, start())));
        // Done again, each part finds nothing.
        let (who, gone) = (dana.clone(), nobody.clone());
        assert!(write!(db, tx => kudos::erase(tx, &t1(), &who, &gone, start())).is_empty());
        let (who, gone) = (dana.clone(), nobody.clone());
        write!(db, tx => outbox::erase(tx, &t1(), &who, &gone));
        let (who, gone) = (dana.clone(), nobody.clone());
        write!(db, tx => workspace::erase(tx, &t1(), &who, &gone));
        let who = dana.clone();
        assert!(!write!(db, tx => forget_person(tx, &t1(), &who, start())));
        write!(db, tx => edit_erased(tx, &t1(), &BTreeSet::new(), start()));

        write!(db, tx => upsert(tx, &t1(), &people, start()));
        let known = read!(db, tx => members(tx, &t1(), &ids(["UDANA", "ULEE", "UNOBODY"])));
        assert!(known[&dana].is_forgotten && !known[&"ULEE".into()].is_forgotten && known.len() == 2);
        assert!(
            read!(db, tx => members(tx, &"T2".into(), &ids(["UDANA"]))).is_empty(),
            "another workspace"
        );
        assert_eq!(
            read!(db, tx => forgotten(tx, &t1(), [&dana, &nobody, &"ULEE".into()])),
            BTreeSet::from([dana.clone(), nobody.clone()])
        );
        assert!(read!(db, tx => kept(tx, &t1(), &dana)).is_none());
        let after_it = read!(db, tx => figures(tx, &t1(), &nobody));
        assert_eq!(after_it, before);
        let rows = read!(db, tx => export_page(tx, None, 100));
        assert!(rows.iter().all(|row| row.giver != "UDANA" && row.receiver != "UDANA"));
        for row in &rows {
            let own = row.giver == nobody.as_str() || row.receiver == nobody.as_str();
            assert_eq!(row.reason.is_empty(), own, "{row:?}");
            assert!(!row.reason.contains("dana"), "{row:?}");
        }
        let recount = kudos::recount(db).await.expect("a recount");
        assert_eq!(recount.differences, []);
    });
}

#[test]
fn old_words_go_page_by_page() {
    with_database(async |db| {
        let gives: Vec<Give> = (0..10)
            .map(|n| Give {
                reason: format!("{n} words"),
                ..give(n, after(i64::try_from(n).expect("a number") * 86_400_000))
            })
            .collect();
        let list = gives.clone();
        write!(db, tx => record(tx, &list));
        let (day, before) = (gives[4].workspace_day.to_string(), after(99 * 86_400_000));
        let old = read!(db, tx => with_old_words(tx, &t1(), &day, before, 3));
        assert_eq!(old.len(), 3);
        write!(db, tx => drop_words(tx, &t1(), &old));
        let old = read!(db, tx => with_old_words(tx, &t1(), &day, before, 3));
        assert_eq!(old.len(), 1);
        assert!(read!(db, tx => with_old_words(tx, &"T2".into(), &day, before, 3)).is_empty());
        write!(db, tx => drop_words(tx, &t1(), &old));
        let empty = read!(db, tx => export_page(tx, None, 100))
            .iter()
            .filter(|row| row.reason.is_empty())
            .count();
        assert_eq!(empty, 4);
    });
}

#[test]
fn a_home_is_published_only_for_who_opened_it_and_once() {
    with_database(async |db| {
        let (dana, lee): (UserId, UserId) = ("U1".into(), "U2".into());
        let both = [dana.clone(), lee.clone(), dana.clone()];
        let all = both.clone();
        write!(db, tx => refresh_homes(tx, &t1(), &all, start()));
        assert_eq!(read!(db, tx => counts(tx, &t1())).waiting, 0);
        let who = dana.clone();
        write!(db, tx => open_home(tx, &t1(), &who, start()));
        write!(db, tx => open_home(tx, &t1(), &dana, after(1)));
        write!(db, tx => refresh_homes(tx, &t1(), &both, after(2)));
        write!(db, tx => refresh_homes(tx, &t1(), &[], after(2)));
        assert_eq!(read!(db, tx => counts(tx, &t1())).waiting, 1);
        let day = local_day(start(), chrono_tz::UTC);
        assert_eq!(read!(db, tx => left(tx, &t1(), &lee, day, Some(5))), Some(5));
        assert_eq!(read!(db, tx => left(tx, &t1(), &lee, day, None)), None);
    });
}

// Boards and coverage.

fn people_of(ids: &[&str]) -> BTreeSet<UserId> {
    ids.iter().map(|id| UserId::from(*id)).collect()
}

#[test]
fn standings_follow_the_ledger_and_coverage_follows_them() {
    with_database(async |db| {
        write!(db, tx => install(tx, &t1(), "Acme", &"UBOT".into(), start()));
        let everybody = [
            user("ULEE", "lee", "Lee", "Lee Park"),
            user("UDANA", "dana", "Dana", "Dana Kim"),
            user("UMO", "mo", "Mo", "Mo Haddad"),
            user("UANA", "ana", "Ana", "Ana Souza"),
        ];
        write!(db, tx => upsert(tx, &t1(), &everybody, Instant::default()));
        let person = |id: &str| Receiver::Member(id.into());
        let gives = vec![
            Give {
                values: vec!["calm".to_owned(), "calmer".to_owned()],
                ..give(0, start())
            },
            Give {
                receivers: vec![person("UMO"), Receiver::Group("S1".into())],
                values: vec!["calmer".to_owned()],
                ..give(1, after(700_000))
            },
            Give {
                source: Source::Customer,
                cost: 0,
                ..give(2, after(1))
            },
            Give {
                giver: "UMO".into(),
                values: vec!["calm".to_owned()],
                ..give(3, after(2))
            },
        ];
        assert!(!read!(db, tx => lag_behind(tx, &t1())));
        let outcomes = write!(db, tx => record(tx, &gives));
        assert!(read!(db, tx => lag_behind(tx, &t1())));
        assert_eq!(write!(db, tx => count_up(tx, &t1(), 2)), 2);
        assert!(catch_up(db, &t1()).await.expect("standings"));
        assert_eq!(write!(db, tx => count_up(tx, &t1(), 2)), 0);
        let today = local_day(start(), chrono_tz::Europe::Berlin);
        let month = Span::month(today);
        let told = async |span: Span, ranked: Ranked| -> Vec<String> {
            let rows = read!(db, tx => highest(tx, &t1(), span, ranked, 10));
            rows.iter().map(|row| format!("{} {}", row.member, row.n)).collect()
        };
        for unit in [Unit::Week, Unit::Month, Unit::Quarter, Unit::Year, Unit::All] {
            let span = Span::around(unit, today);
            assert_eq!(told(span, Ranked::Received).await, ["UDANA 2", "UMO 1"]);
            assert_eq!(told(span, Ranked::Givers).await, ["ULEE 2", "UMO 1"]);
            assert_eq!(told(span, Ranked::Customers).await, ["UDANA 1"]);
        }
        assert!(
            told(month.previous().expect("a month"), Ranked::Givers)
                .await
                .is_empty()
        );
        assert_eq!(read!(db, tx => highest(tx, &t1(), month, Ranked::Received, 1)).len(), 1);
        let some = people_of(&["UMO", "UANA", ODD[1]]);
        assert_eq!(
            read!(db, tx => plaudit::boards::figures(tx, &t1(), month, Ranked::Received, &some)).len(),
            1
        );
        assert_eq!(
            read!(db, tx => figure(tx, &t1(), month, Ranked::Givers, &"ULEE".into())),
            2
        );
        let by = async |value: &'static str, ranked: Ranked| -> Vec<String> {
            let rows = read!(db, tx => by_value(tx, &t1(), month, ranked, value));
            rows.iter().map(|row| format!("{} {}", row.member, row.n)).collect()
        };
        assert_eq!(by("calm", Ranked::Received).await, ["UDANA 2"]);
        assert_eq!(by("calm", Ranked::Givers).await, ["ULEE 1", "UMO 1"]);
        assert_eq!(by("calmer", Ranked::Givers).await, ["ULEE 2"]);
        assert!(by("calm", Ranked::Customers).await.is_empty());
        assert!(by("ca_m", Ranked::Received).await.is_empty() && by(ODD[4], Ranked::Received).await.is_empty());
        assert_eq!(read!(db, tx => thanked_by(tx, &t1(), month, &"UDANA".into())), 2);
        let said = read!(db, tx => said_to(tx, &t1(), Span::around(Unit::All, today), &"UDANA".into(), None, 2));
        assert_eq!(
            said.iter().map(|said| said.giver.as_str()).collect::<Vec<_>>(),
            ["UMO", "ULEE"]
        );

        // Who joined in what everybody can read.
        let first = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Given { kudos, .. } => Some(kudos.clone()),
            _ => None,
        });
        let first: Vec<_> = first.collect();
        for (n, member) in [(0, "UANA"), (0, "UMO"), (1, "UANA")] {
            let kudos = first[n].clone();
            let joined = write!(db, tx => boost(tx, &t1(), &kudos, &member.into(), true, after(9)));
            assert_eq!(joined, Joined::In);
        }
        for unit in [Unit::Week, Unit::Quarter, Unit::All] {
            let joined = read!(db, tx => most_joined(tx, &t1(), Span::around(unit, today), 0, 5));
            assert_eq!(joined, [(first[0].clone(), 2), (first[1].clone(), 1)]);
            assert_eq!(
                read!(db, tx => most_joined(tx, &t1(), Span::around(unit, today), 1, 5)).len(),
                1
            );
        }
        let joined = read!(db, tx => most_joined(tx, &t1(), month, 0, 5));
        assert!(
            read!(db, tx => kudos::quotable(tx, &t1(), &Settings::default(), &joined))
                .0
                .is_empty(),
            "no card stands anywhere"
        );
        let settings = Settings::default();
        assert!(
            read!(db, tx => most_boosted(tx, &t1(), &settings, month, 3))
                .0
                .is_empty()
        );

        let wanted = Wanted {
            span: month,
            ranked: Ranked::Received,
            value: None,
            team: None,
        };
        let (ranking, known) = read!(db, tx => board(tx, &t1(), &settings, &wanted, start()));
        assert_eq!((ranking.places.len(), known.len()), (2, 2));
        let of_value = Wanted {
            value: Some("calm".to_owned()),
            team: Some("t1".into()),
            ..wanted.clone()
        };
        assert!(
            read!(db, tx => board(tx, &t1(), &settings, &of_value, start()))
                .0
                .places
                .is_empty()
        );

        // Coverage.
        let share = read!(db, tx => lately(tx, &t1(), &settings, Of::Headline, today, start()));
        assert_eq!(share, Share { active: 4, thanked: 2 });
        let team = "t1".into();
        assert_eq!(
            read!(db, tx => lately(tx, &t1(), &settings, Of::Team(&team), today, start())),
            Share::default()
        );
        assert_eq!(
            read!(db, tx => covered(tx, &t1(), &settings, Of::Headline, start())).len(),
            4
        );
        let share = read!(db, tx => of_month(tx, &t1(), &settings, Of::Headline, month, start()));
        assert_eq!(share, Share { active: 4, thanked: 2 });
        write!(db, tx => remember_month(tx, &t1(), Of::Headline, month, Share::default()));
        put!(settings; db, tx => coverage::remember_shares(tx, &t1(), &settings, month, start()));
        let kept = read!(db, tx => months(tx, &t1(), Of::Headline, month.previous().expect("a month"), month));
        assert_eq!(kept, BTreeMap::from([(month, share)]), "the latest look counts");
        assert_eq!(read!(db, tx => every_month(tx, &t1())), [(month, None, share)]);
        // The months of a headline team are its own, not everybody's.
        let theirs = Settings {
            team: Some("t1".into()),
            ..settings.clone()
        };
        put!(theirs; db, tx => coverage::remember_shares(tx, &t1(), &theirs, month, start()));
        let of = coverage::series(Of::Headline, &theirs);
        assert_eq!(of, Of::Team(&team));
        assert_eq!(read!(db, tx => months(tx, &t1(), of, month, month)).len(), 1);
        assert_eq!(
            read!(db, tx => months(tx, &t1(), Of::Headline, month, month)),
            BTreeMap::from([(month, share)])
        );
        assert_eq!(
            read!(db, tx => workspace::deliver::its_zone(tx, &t1(), &settings)),
            chrono_tz::UTC
        );
        assert_eq!(read!(db, tx => workspace::everybody(tx, &t1())).len(), 4);
        assert_eq!(read!(db, tx => workspace::first_seen(tx, &t1())).len(), 4);
        assert_eq!(read!(db, tx => workspace::settings_of(tx, &t1(), &settings)), settings);
        let everybody = people_of(&["UDANA", "UMO", "UANA"]);
        let names = read!(db, tx => coverage::forgotten(tx, &t1(), &everybody, today));
        assert_eq!(names, [("UANA".into(), None)]);
        let names = read!(db, tx => coverage::forgotten(tx, &t1(), &everybody, today.plus(40)));
        assert_eq!(names.first(), Some(&("UDANA".into(), Some(today))));
        assert_eq!(names.last(), Some(&("UANA".into(), None)));

        assert!(read!(db, tx => is_installed_by(tx, &t1(), start())));
        assert!(!read!(db, tx => is_installed_by(tx, &t1(), after(-1))));

        assert_eq!(write!(db, tx => kudos::note_latest_days(tx, &t1())), 0);

        // Taken back, it leaves every figure.
        let wish = regret(&outcomes[1], after(700_001));
        assert!(matches!(write!(db, tx => take_back(tx, &wish)), TakenBack::Done { .. }));
        assert!(catch_up(db, &t1()).await.expect("standings"));
        assert_eq!(told(month, Ranked::Received).await, ["UDANA 2"]);
        assert_eq!(told(month, Ranked::Givers).await, ["ULEE 1", "UMO 1"]);
        let share = read!(db, tx => lately(tx, &t1(), &settings, Of::Headline, today, start()));
        assert_eq!(share, Share { active: 4, thanked: 1 });
        let joined = read!(db, tx => most_joined(tx, &t1(), month, 0, 5));
        assert_eq!(joined.len(), 1, "who joined in what was taken back is forgotten");
        assert_eq!(kudos::recount(db).await.expect("a recount").differences, []);
    });
}

// The digest.

#[test]
fn a_month_is_claimed_once_and_closes() {
    use plaudit::digest::rules::Month;
    use plaudit::digest::{State, began, began_at, decide, kept, kept_since, put_words, remember_digest};
    use plaudit::kudos::{close_month, month_told_at, reopen_month};
    with_database(async |db| {
        let month: Month = "2026-06".parse().expect("a month");
        assert_eq!(read!(db, tx => began_at(tx, &t1())), None);
        assert_eq!(write!(db, tx => began(tx, &t1(), start())), start());
        assert_eq!(write!(db, tx => began(tx, &t1(), after(5))), start());
        assert_eq!(read!(db, tx => began_at(tx, &t1())), Some(start()));

        assert_eq!(read!(db, tx => kept(tx, &t1(), month)), None);
        let shown = [Some(State::Shown)];
        assert!(!write!(db, tx => decide(tx, &t1(), month, &shown, State::Posting, start())));
        assert!(write!(db, tx => decide(tx, &t1(), month, &[None], State::Shown, start())));
        assert!(!write!(db, tx => decide(tx, &t1(), month, &[None], State::Posting, start())));
        for odd in ODD {
            assert!(write!(db, tx => put_words(tx, &t1(), month, &"UPRIYA".into(), odd)));
            let now = read!(db, tx => kept(tx, &t1(), month)).expect("a digest");
            assert_eq!((now.words.as_str(), now.words_by.is_some()), (odd, !odd.is_empty()));
        }
        assert!(write!(db, tx => decide(tx, &t1(), month, &[None, Some(State::Shown)], State::Posting, after(1))));
        assert!(!write!(db, tx => put_words(tx, &t1(), month, &"UPRIYA".into(), "too late")));
        write!(db, tx => remember_digest(tx, &t1(), month, &"C1".into(), &"1.2".into()));
        let kept = read!(db, tx => kept_since(tx, &t1(), month.previous()));
        assert_eq!(kept[&month].at, Some(("C1".into(), "1.2".into())));
        assert!(read!(db, tx => kept_since(tx, &t1(), month.next())).is_empty());
        assert!(read!(db, tx => kept_since(tx, &"T2".into(), month)).is_empty());

        let day = month.last();
        assert_eq!(read!(db, tx => month_told_at(tx, &t1(), day)), None);
        write!(db, tx => close_month(tx, &t1(), month.first(), after(1)));
        write!(db, tx => close_month(tx, &t1(), day, after(2)));
        assert_eq!(
            read!(db, tx => month_told_at(tx, &t1(), day)),
            Some(after(1)),
            "the first time stays"
        );
        assert_eq!(read!(db, tx => month_told_at(tx, &t1(), day.next())), None);
        write!(db, tx => reopen_month(tx, &t1(), day));
        assert_eq!(read!(db, tx => month_told_at(tx, &t1(), day)), None);
    });
}

#[test]
fn who_wants_which_edition_is_kept_handed_over_and_erased() {
    use plaudit::digest::{Edition, State, decide, put_words, readers, want, wants};
    with_database(async |db| {
        let (lee, month) = (UserId::from("ULEE"), "2026-06".parse().expect("a month"));
        for (edition, by_default) in [
            (Edition::Own, false),
            (Edition::Team, true),
            (Edition::Executives, true),
        ] {
            assert_eq!(put!(lee; db, tx => wants(tx, &t1(), &lee, edition)), by_default);
            put!(lee; db, tx => want(tx, &t1(), &lee, edition, !by_default));
            assert_eq!(put!(lee; db, tx => wants(tx, &t1(), &lee, edition)), !by_default);
        }
        assert_eq!(
            read!(db, tx => readers(tx, &t1(), Edition::Own)),
            [UserId::from("ULEE")]
        );
        assert!(read!(db, tx => readers(tx, &t1(), Edition::Team)).is_empty());
        write!(db, tx => decide(tx, &t1(), month, &[None], State::Shown, start()));
        put!(lee; db, tx => put_words(tx, &t1(), month, &lee, ODD[1]));
        let kept = read!(db, tx => plaudit::digest::export(tx, &t1(), &lee));
        assert_eq!(kept.len(), 4, "{kept:?}");
        put!(lee; db, tx => plaudit::digest::erase(tx, &t1(), &lee));
        assert!(read!(db, tx => plaudit::digest::export(tx, &t1(), &lee)).is_empty());
        assert!(read!(db, tx => readers(tx, &t1(), Edition::Own)).is_empty());
    });
}

#[test]
fn a_months_figures_are_its_own() {
    use plaudit::digest::rules::Month;
    use plaudit::digest::{
        Gather, Slice, by_day, customers_words, first_timers, gather, gather_names, gather_own, gather_team, givers,
        has_past, pairs, recognised, teams_thanked, thanked, values,
    };
    with_database(async |db| {
        let people = [
            user("ULEE", "lee", "Lee", "Lee Park"),
            user("UDANA", "dana", ODD[1], "Dana Kim"),
            user("UMO", "mo", ODD[2], "Mo Haddad"),
        ];
        write!(db, tx => install(tx, &t1(), "Kettle & Co", &"UBOT".into(), start()));
        put!(people; db, tx => upsert(tx, &t1(), &people, Instant::default()));
        assert_eq!(read!(db, tx => workspace::everybody(tx, &t1())).len(), 3);
        let settings = read!(db, tx => workspace::settings_of(tx, &t1(), &Settings::default()));
        assert_eq!(settings, Settings::default());
        let month: Month = "2026-06".parse().expect("a month");
        let at_day = |n: usize, day: &str| {
            let day: plaudit::base::calendar::Day = day.parse().expect("a day");
            let at = plaudit::base::calendar::at_hour(day, 12, chrono_tz::Tz::Pacific__Kiritimati);
            Give {
                at,
                giver_day: day,
                workspace_day: day,
                values: vec!["calm".to_owned()],
                ..give(n, at)
            }
        };
        let gives = vec![
            at_day(0, "2026-05-31"),
            at_day(1, "2026-06-01"),
            Give {
                receivers: vec![Receiver::Member("UMO".into()), Receiver::Member("UDANA".into())],
                ..at_day(2, "2026-06-30")
            },
            Give {
                receivers: vec![Receiver::Group("SEMEA".into())],
                ..at_day(3, "2026-06-15")
            },
            Give {
                giver: "UMO".into(),
                source: Source::Customer,
                ..at_day(4, "2026-06-15")
            },
            at_day(5, "2026-07-01"),
        ];
        write!(db, tx => record(tx, &gives));
        assert!(catch_up(db, &t1()).await.expect("standings"));
        let slice = Slice::of(&t1(), month);
        let days = read!(db, tx => by_day(tx, &slice));
        assert_eq!(days.values().copied().collect::<Vec<_>>(), [(1, 0), (1, 1), (2, 0)]);
        assert_eq!(
            read!(db, tx => by_day(tx, &slice.before()))
                .into_values()
                .collect::<Vec<_>>(),
            [(1, 0)]
        );
        let of_teams = people_of(&["ULEE", "UANA"]);
        assert_eq!(read!(db, tx => givers(tx, &slice, &of_teams)), 2);
        assert_eq!(read!(db, tx => recognised(tx, &slice)), people_of(&["UDANA", "UMO"]));
        assert_eq!(
            read!(db, tx => teams_thanked(tx, &slice)),
            BTreeMap::from([("SEMEA".into(), people_of(&["ULEE"]))])
        );
        assert!(read!(db, tx => has_past(tx, &t1(), month)) && !read!(db, tx => has_past(tx, &t1(), month.previous())));
        let both = ["UDANA".into(), "UMO".into()];
        assert_eq!(
            read!(db, tx => first_timers(tx, &t1(), month, &both)),
            people_of(&["UMO"])
        );
        assert_eq!(read!(db, tx => pairs(tx, &slice)).len(), 2);
        assert_eq!(
            read!(db, tx => values(tx, &slice)),
            BTreeMap::from([("calm".to_owned(), 4)])
        );
        assert_eq!(read!(db, tx => customers_words(tx, &slice)).len(), 1);
        let lees = read!(db, tx => thanked(tx, &t1(), month, &"ULEE".into()));
        assert_eq!(lees, [("UDANA".into(), 2), ("UMO".into(), 1)]);
        // Those of some people alone.
        let of_mo = Slice::of(&t1(), month).for_people(&people_of(&["UMO"]));
        assert_eq!(read!(db, tx => givers(tx, &of_mo, &BTreeSet::new())), 1);
        assert_eq!(read!(db, tx => recognised(tx, &of_mo)), people_of(&["UMO"]));
        assert_eq!(read!(db, tx => pairs(tx, &of_mo)).len(), 1);
        assert_eq!(read!(db, tx => values(tx, &of_mo)).len(), 1);
        assert_eq!(
            read!(db, tx => by_day(tx, &of_mo)).into_values().collect::<Vec<_>>(),
            [(1, 0)]
        );
        assert!(read!(db, tx => customers_words(tx, &of_mo)).is_empty());

        let of = Gather {
            workspace: &t1(),
            name: "Kettle & Co",
            settings: &settings,
            month,
            zone: chrono_tz::UTC,
            now: at_day(9, "2026-07-02").at,
        };
        let digest = read!(db, tx => gather(tx, of));
        assert_eq!((digest.recognised.len(), digest.coverage_now()), (2, Some((66, None))));
        assert_eq!(
            (digest.sums.thanks, digest.sums.givers, digest.sums.customers),
            (4, 1, 1)
        );
        assert_eq!(read!(db, tx => gather_names(tx, of)).people.len(), 2);
        assert!(read!(db, tx => gather_team(tx, of, &"none".into(), "None")).is_quiet());
        // Where the picture's font lacks a letter of the name, it writes the user group's handle.
        let group = Usergroup {
            id: "SEMEA".into(),
            handle: "support-jp".to_owned(),
            name: "サポート".to_owned(),
            date_delete: 0,
        };
        put!(group; db, tx => remember_usergroup(tx, &t1(), &group, &["UMO".into()], Instant::default()));
        let theirs = Settings {
            team: Some("SEMEA".into()),
            ..settings.clone()
        };
        let of_group = Gather {
            settings: &theirs,
            ..of
        };
        let digest = read!(db, tx => gather(tx, of_group));
        assert_eq!(
            (digest.whose.as_str(), digest.chart().team.as_str()),
            ("サポート", "support-jp")
        );
        let own = read!(db, tx => gather_own(tx, of, &"UDANA".into()));
        assert_eq!((own.thanked_by, own.said.len(), own.thanked.len()), (1, 3, 0));
    });
}

fn schedule(id: &str, channel: &str) -> Schedule {
    let cron = Cron::parse("30 9 * * 1-5").expect("a cron expression");
    let zone = chrono_tz::Europe::Berlin;
    Schedule {
        skip: BTreeSet::from([local_day(after(86_400_000), chrono_tz::UTC)]),
        holidays: "DE-BY".parse().ok(),
        week: WeekMode::Full,
        week_start: Some(local_day(start(), chrono_tz::UTC)),
        seed: i64::MIN,
        ..Schedule::usual(id.into(), channel.into(), cron, zone, "UDANA".into())
    }
}

fn planned(at: Instant, prompt: &str, text: &str) -> Planned {
    Planned {
        at,
        day: local_day(at, chrono_tz::UTC),
        kind: PlannedKind::Prompt,
        pack: "service-year".to_owned(),
        theme: "Win Wednesday".to_owned(),
        emoji: ":seedling:".to_owned(),
        prompt: prompt.to_owned(),
        text: text.to_owned(),
        carries: None,
        week: None,
        announces_week: false,
    }
}

#[test]
fn schedules_are_kept_found_when_due_and_entered_once() {
    with_database(async |db| {
        let (one, two) = (schedule("s1", "C2"), schedule("s2", "C1"));
        assert_eq!(read!(db, tx => asked::next_due(tx, &t1())), None);
        put!(one; db, tx => asked::put(tx, &t1(), &one, Some(start())));
        put!(two; db, tx => asked::put(tx, &t1(), &two, Some(start())));
        put!(two; db, tx => asked::put(tx, &t1(), &two, Some(after(5))));
        assert_eq!(read!(db, tx => asked::next_due(tx, &t1())), Some(start()));
        assert_eq!(read!(db, tx => asked::next_due(tx, &"T2".into())), None);
        let all = read!(db, tx => asked::schedules(tx, &t1()));
        let ids: Vec<&str> = all.iter().map(|stored| stored.schedule.id.as_str()).collect();
        assert_eq!((ids, &all[0].schedule), (vec!["s2", "s1"], &two));
        assert_eq!(read!(db, tx => asked::schedules_in(tx, &"C2".into())).len(), 1);
        assert_eq!(read!(db, tx => asked::due(tx, &t1(), after(-1), 10)), (vec![], vec![]));
        assert_eq!(read!(db, tx => asked::due(tx, &t1(), after(9), 1)).0.len(), 1);
        let (due, unreadable) = read!(db, tx => asked::due(tx, &t1(), after(9), 10));
        assert_eq!(unreadable, []);
        assert_eq!(due[0].schedule, one);

        // Two who tick at once, and one who was changed meanwhile.
        let claims: Vec<Claim> = due
            .iter()
            .map(|was| Claim {
                was: was.clone(),
                next_at: Some(after(86_400_000)),
                planned: ODD
                    .iter()
                    .zip(0..)
                    .map(|(text, n)| (planned(after(n), &format!("p{n}"), text), State::Due))
                    .collect(),
            })
            .collect();
        put!(two; db, tx => asked::put(tx, &t1(), &two, None));
        let entered = put!(claims; db, tx => asked::claim(tx, &t1(), &claims));
        assert_eq!(entered.len(), ODD.len());
        assert!(entered.iter().all(|(schedule, _)| *schedule == one.id));
        assert_eq!(put!(claims; db, tx => asked::claim(tx, &t1(), &claims)).len(), 0);
        assert_eq!(read!(db, tx => asked::next_due(tx, &t1())), Some(after(86_400_000)));
        for (text, n) in ODD.iter().zip(0..) {
            let found = read!(db, tx => asked::occurrence(tx, &t1(), &one.id, after(n))).expect("an occurrence");
            assert_eq!(
                (found.planned.text.as_str(), found.state, found.ts),
                (*text, State::Due, None)
            );
        }
        assert_eq!(read!(db, tx => asked::occurrence(tx, &t1(), &two.id, start())), None);
        let again = planned(after(3), "p", "");
        assert!(!put!(one, again; db, tx => asked::enter(tx, &t1(), &one, &again)));
        let new = planned(after(50), "p50", "By hand?");
        assert!(put!(one, new; db, tx => asked::enter(tx, &t1(), &one, &new)));
        let today = local_day(start(), chrono_tz::UTC);
        let served = read!(db, tx => asked::served(tx, &t1(), &[&one.id, &two.id], today.previous()));
        assert_eq!(served, BTreeSet::from([(one.id.clone(), today, PlannedKind::Prompt)]));
        assert!(read!(db, tx => asked::served(tx, &t1(), &[], today)).is_empty());
        let days = (today, today);
        assert_eq!(
            read!(db, tx => asked::occurrences_of(tx, &t1(), &one.id, days)).len(),
            ODD.len() + 1
        );

        let id = one.id.clone();
        assert!(put!(id; db, tx => asked::turn(tx, &t1(), &id, after(1), (State::Due, State::Missed))));
        assert!(!put!(id; db, tx => asked::turn(tx, &t1(), &id, after(1), (State::Due, State::Failed))));
        let channels = BTreeSet::from(["C1".into(), "C2".into(), "C3".into()]);
        put!(; db, tx => asked::pass_over(tx, &t1(), &"C1".into(), "p9", today));
        put!(; db, tx => asked::pass_over(tx, &t1(), &"C1".into(), "p9", today));
        let used = read!(db, tx => asked::used(tx, &t1(), &channels));
        let p9 = Used {
            prompt: "p9".to_owned(),
            day: today,
        };
        assert_eq!(used.get(&ChannelId::from("C1")), Some(&vec![p9]));
        // The one that was missed was never seen.
        assert_eq!(used.get(&ChannelId::from("C2")).map(Vec::len), Some(ODD.len()));
        let other = planned(after(2), "p99", "Another?");
        put!(id, other; db, tx => asked::swap(tx, &t1(), &id, after(2), &other));
        let found = read!(db, tx => asked::occurrence(tx, &t1(), &one.id, after(2))).expect("an occurrence");
        assert_eq!(found.planned, other);

        let own = write!(db, tx => asked::write_own(tx, &t1(), &"UDANA".into(), "Win Wednesday", ODD[1], start()));
        let other = write!(db, tx => asked::write_own(tx, &t1(), &"UDANA".into(), "", ODD[2], start()));
        let gone = vec![other, "own-none".to_owned()];
        write!(db, tx => asked::withdraw_own(tx, &t1(), &gone));
        let owned = read!(db, tx => asked::own_prompts(tx, &t1()));
        assert_eq!((owned.len(), &owned[0].id, owned[0].text.as_str()), (1, &own, ODD[1]));
        put!(id; db, tx => asked::rest(tx, &t1(), &id));
        assert_eq!(read!(db, tx => asked::next_due(tx, &t1())), None);
        assert!(put!(id; db, tx => asked::remove(tx, &t1(), &id)));
        assert!(!put!(id; db, tx => asked::remove(tx, &t1(), &id)));
        assert_eq!(read!(db, tx => asked::schedule(tx, &t1(), &id)), None);
    });
}

#[test]
fn answers_count_once_a_person_and_go_with_them() {
    with_database(async |db| {
        let one = schedule("s1", "C1");
        let (dana, mo, ana): (UserId, UserId, UserId) = ("UDANA".into(), "UMO".into(), "UANA".into());
        put!(one; db, tx => asked::put(tx, &t1(), &one, None));
        let channel: ChannelId = "C1".into();
        for n in 0..2 {
            let new = planned(after(n * 1_000), &format!("p{n}"), &format!("Question {n}?"));
            put!(one, new; db, tx => asked::enter(tx, &t1(), &one, &new));
            let ts: MessageTs = format!("{n}.1").into();
            let id = one.id.clone();
            let quoted = Quotes {
                answers: if n == 1 { vec!["0.2".into()] } else { Vec::new() },
                customers: Vec::new(),
            };
            put!(id, ts, quoted; db, tx => asked::posted(tx, &t1(), &id, after(n * 1_000), &ts, &quoted));
        }
        let at = |ts: &str| MessageTs::from(ts);
        let found = read!(db, tx => asked::occurrence_at(tx, &t1(), &channel, &at("1.1"))).expect("an occurrence");
        assert_eq!((found.state, found.quoted.answers.len()), (State::Posted, 1));
        assert_eq!(
            read!(db, tx => asked::occurrence_at(tx, &t1(), &channel, &at(""))),
            None
        );
        assert_eq!(
            read!(db, tx => asked::posted_before(tx, &t1(), &channel, after(1_000), 9)).len(),
            1
        );
        for (post, ts, who, is_first) in [
            ("0.1", "0.2", &dana, true),
            ("0.1", "0.2", &dana, false),
            ("0.1", "0.3", &dana, false),
            ("0.1", "0.4", &mo, true),
            ("1.1", "1.2", &mo, true),
        ] {
            let (channel, post, ts, who) = (channel.clone(), at(post), at(ts), who.clone());
            let first = write!(db, tx => asked::answered(tx, &t1(), (&channel, &post), &ts, &who, start()));
            assert_eq!(first, is_first);
        }
        for (ts, who, on) in [
            ("0.4", &dana, true),
            ("0.4", &dana, true),
            ("0.4", &mo, true),
            ("0.2", &ana, true),
            ("0.2", &ana, false),
            ("9.9", &ana, true),
        ] {
            let (channel, ts, who) = (channel.clone(), at(ts), who.clone());
            write!(db, tx => asked::likes(tx, &t1(), (&channel, &ts), (&who, "heart"), on));
        }
        assert_eq!(read!(db, tx => asked::answers(tx, &t1(), &channel, &at("0.1"))), 2);
        let best = read!(db, tx => asked::best_answers(tx, &t1(), &channel, &[at("0.1"), at("9.1")]));
        let best: Vec<(&str, i64)> = best.iter().map(|answer| (answer.ts.as_str(), answer.likes)).collect();
        // Dana's first, and Mo's with the like of somebody else.
        assert_eq!(best, [("0.4", 1), ("0.2", 0)]);
        let writers = read!(db, tx => asked::writers(tx, &t1(), &channel, &[at("0.2"), at("7.7")]));
        assert_eq!(writers, BTreeMap::from([(at("0.2"), dana.clone())]));
        let today = local_day(start(), chrono_tz::UTC);
        let expected = Turnout {
            answers: 3,
            people: 2,
            most_talked_about: Some("Question 0?".to_owned()),
        };
        // Only what was asked where everybody can read it is told to everybody.
        for (is_private, is_told) in [(true, false), (false, true)] {
            let seen = conversation(Some("support"), is_private, false);
            put!(seen, channel; db, tx => remember_conversation(tx, &t1(), &channel, Some(&seen), start()));
            let told = read!(db, tx => asked::turnout(tx, &t1(), (today, today), None));
            assert_eq!((told.answers, told.most_talked_about.is_some()), (3, is_told));
        }
        assert_eq!(
            read!(db, tx => asked::turnout(tx, &t1(), (today, today), None)),
            expected
        );
        assert_eq!(
            read!(db, tx => asked::turnout(tx, &t1(), (today, today), Some(&channel))),
            expected
        );
        let none = read!(db, tx => asked::turnout(tx, &t1(), (today.next(), today.next()), Some(&channel)));
        assert_eq!(none, Turnout::default());

        let customers = Give {
            source: Source::Customer,
            cost: 0,
            receivers: vec![Receiver::Member(mo.clone())],
            reason: "She stayed on the line.".to_owned(),
            ..give(1, start())
        };
        let peers = Give {
            receivers: vec![Receiver::Member(mo.clone())],
            giver: dana.clone(),
            ..give(2, after(1))
        };
        let list = vec![customers, peers];
        let day = list[0].workspace_day;
        write!(db, tx => record(tx, &list));
        let numbers = read!(db, tx => asked::numbers(tx, &t1(), (day, day), &channel));
        assert_eq!(
            (
                numbers.thanks,
                numbers.givers,
                numbers.thanked,
                numbers.customers,
                numbers.answers
            ),
            (1, 1, 1, 1, 3)
        );
        let year = (after(-1), after(10));
        assert_eq!(
            read!(db, tx => asked::thanked(tx, &t1(), year)),
            BTreeSet::from([mo.clone()])
        );
        let (words, all) = read!(db, tx => asked::said_to(tx, &t1(), &mo, year, 1));
        assert_eq!((words.len(), all, &words[0].0), (1, 2, &dana));
        // No card stands anywhere yet.
        assert!(read!(db, tx => kudos::customers_words(tx, &t1(), &Settings::default(), year, 9)).is_empty());
        let given = read!(db, tx => export_page(tx, None, 9));
        let kudos_of =
            read!(db, tx => kudos::customers_quoted(tx, &t1(), &Settings::default(), &[given[0].id.as_str().into()]));
        assert!(kudos_of.is_empty());
        assert!(!read!(db, tx => kudos::gave_by_post(tx, &t1(), &channel, &at("0.2"))));

        let week = today.monday();
        put!(dana; db, tx => asked::keep_note(tx, &t1(), week, &dana, "First", start()));
        put!(dana; db, tx => asked::keep_note(tx, &t1(), week, &dana, ODD[2], start()));
        assert_eq!(
            read!(db, tx => asked::note(tx, &t1(), week))
                .map(|note| note.text)
                .as_deref(),
            Some(ODD[2])
        );
        for (who, ts) in [(&mo, "5.1"), (&dana, "5.2")] {
            let (who, ts) = (who.clone(), at(ts));
            write!(db, tx => asked::remember_page(tx, &t1(), week, &who, &"D1".into(), &ts));
        }
        assert_eq!(
            read!(db, tx => asked::page(tx, &t1(), week, &mo)),
            Some(("D1".into(), at("5.1")))
        );
        assert_eq!(read!(db, tx => asked::export(tx, &t1(), &dana)).len(), 4);
        assert_eq!(read!(db, tx => counts(tx, &t1())).waiting, 2);

        let (channel_of, second) = (channel.clone(), at("0.3"));
        let gone = write!(db, tx => asked::unanswered(tx, &t1(), &channel_of, &second));
        assert_eq!(gone, Some(at("0.1")));
        put!(dana; db, tx => asked::erase(tx, &t1(), &dana, after(20)));
        // The post that quotes her, Mo's page that she is on, and hers.
        assert_eq!(read!(db, tx => counts(tx, &t1())).waiting, 5);
        assert_eq!(read!(db, tx => asked::answers(tx, &t1(), &channel, &at("0.1"))), 1);
        assert_eq!(read!(db, tx => asked::note(tx, &t1(), week)), None);
        assert_eq!(read!(db, tx => asked::page(tx, &t1(), week, &dana)), None);
        assert!(read!(db, tx => asked::export(tx, &t1(), &dana)).is_empty());
        let kept = read!(db, tx => asked::schedule(tx, &t1(), &one.id))
            .expect("a schedule")
            .schedule;
        assert_eq!(kept.maker, UserId::default());
    });
}
