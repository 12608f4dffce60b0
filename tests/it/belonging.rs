//! Who is in which team, as Slack says it.

use std::collections::BTreeSet;
use std::time::Duration;

use plaudit::base::ids::UserId;
use plaudit::outbox::Counts;
use plaudit::sandbox::Fault;
use plaudit::store::{StoreError, Tx};
use plaudit::workspace::{Settings, Team, TeamKind, headline_members, headline_team, home_teams, save_team};

use crate::harness::{Setup, Story, story_needing, story_with};

async fn make(t: &Story, team: Team) {
    let (workspace, by, now) = (t.slack.workspace(), t.person("priya").id, t.app.ctx.clock.now());
    let made: Result<(), StoreError> =
        t.db.write(async move |tx: &mut Tx| save_team(tx, &workspace, &by, &team, &BTreeSet::new(), now).await)
            .await;
    made.expect("a team");
}

/// Whose home is where, by handle, as in `dana:S1`.
async fn homes(t: &Story) -> String {
    let (workspace, now) = (t.slack.workspace(), t.app.ctx.clock.now());
    let homes: Result<_, StoreError> =
        t.db.read(async |tx: &mut Tx| home_teams(tx, &workspace, now).await)
            .await;
    let homes = homes.expect("homes");
    let mut shown = Vec::new();
    for handle in ["ana", "dana", "jon", "lee", "mo", "priya", "wei", "weatherbot"] {
        if let Some(team) = homes.get(&t.person(handle).id) {
            shown.push(format!("{handle}:{team}"));
        }
    }
    shown.join(" ")
}

/// The headline team's name and how many of its people are active.
async fn headline(t: &Story) -> (Option<String>, usize) {
    let (workspace, now, settings) = (t.slack.workspace(), t.app.ctx.clock.now(), t.app.ctx.settings());
    let found: Result<_, StoreError> =
        t.db.read(async |tx: &mut Tx| {
            let team = headline_team(tx, &workspace, &settings).await?;
            Ok((team, headline_members(tx, &workspace, &settings, now).await?))
        })
        .await;
    let (team, members): (Option<Team>, BTreeSet<UserId>) = found.expect("a headline");
    (team.map(|team| team.name), members.len())
}

#[test]
fn a_channels_people_are_looked_at_once_a_day_and_kept_with_their_times() {
    story_needing(&["channels:read"], async |t| {
        t.slack.short_pages(3);
        let support = t.channel("support").id;
        let now = t.app.ctx.clock.now();
        make(t, Team::new("Support", TeamKind::Channel(support.clone()), now)).await;
        assert_eq!(homes(t).await, "", "Slack wasn't asked yet");
        t.run_jobs().await;
        let everybody = |without: &str| {
            let all = ["ana", "dana", "jon", "lee", "mo", "priya", "wei"].into_iter();
            let there = all.filter(|handle| *handle != without);
            there
                .map(|handle| format!("{handle}:{support}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            homes(t).await,
            everybody(""),
            "over several pages; the app itself is none of them"
        );

        let mo = t.person("mo").id;
        t.slack.leaves_channel(&mo, &support).await;
        t.run_jobs().await;
        assert_eq!(homes(t).await, everybody(""));
        t.wait(Duration::from_secs(90_000));
        t.run_jobs().await;
        assert_eq!(
            homes(t).await,
            everybody("mo"),
            "the day's member list brings the teams along"
        );
        assert_eq!(
            t.number("SELECT COUNT(*) FROM team_member WHERE until IS NOT NULL")
                .await,
            1,
            "that he was there stays known"
        );
    });
}

#[test]
fn a_user_groups_people_follow_slack() {
    story_needing(&["usergroups:read"], async |t| {
        let people = ["dana", "mo"].map(|handle| t.person(handle).id);
        let emea = t.slack.add_usergroup("support-emea", "Support EMEA", &people);
        let now = t.app.ctx.clock.now();
        make(t, Team::new("EMEA", TeamKind::Usergroup(emea.clone()), now)).await;
        t.fails("usergroups.users.list", Fault::Status(503), 2);
        t.run_jobs().await;
        assert_eq!(
            homes(t).await,
            format!("dana:{emea} mo:{emea}"),
            "tried until Slack answers"
        );
    });
}

#[test]
fn the_environments_team_comes_first_without_a_steward_having_made_it() {
    let setup = |needs: Vec<&'static str>, without| Setup {
        needs,
        without,
        ..Setup::default()
    };
    story_with(setup(vec!["usergroups:read"], vec![]), async |t| {
        let people = ["dana", "mo"].map(|handle| t.person(handle).id);
        let service = t.slack.add_usergroup("cs", "Customer service", &people);
        assert_eq!(
            headline(t).await,
            (None, 7),
            "without a team it is everybody who is active"
        );
        let settings = Settings {
            team: Some(service.as_str().into()),
            ..Settings::default()
        };
        t.restart_with(settings).await;
        t.run_jobs().await;
        assert_eq!(headline(t).await, (Some("Customer service".to_owned()), 2));
        assert_eq!(
            homes(t).await,
            "",
            "it is nobody's home until a steward makes it a team"
        );
    });
    story_with(setup(vec![], vec!["usergroups:read"]), async |t| {
        let service = t.slack.add_usergroup("cs", "Customer service", &[t.person("dana").id]);
        let settings = Settings {
            team: Some(service.as_str().into()),
            ..Settings::default()
        };
        t.restart_with(settings).await;
        t.run_jobs().await;
        assert_eq!(
            headline(t).await,
            (None, 7),
            "who is in it can't be seen, so everybody counts"
        );
        let counts = t.counts().await;
        assert_eq!(counts, Counts { failed: 1, ..counts }, "and it isn't tried for ever");
    });
}
