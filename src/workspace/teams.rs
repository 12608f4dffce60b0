//! Teams, whose home each is, and who counts as active.
//!
//! A team that Slack defines bears the id of its user group or channel, so that one source is one team, and who is in it
//! is known whether or not a steward made it a team. Who is in what is kept as seen, with its times; which team is a
//! person's home at an instant is told from that: of several, the one joined last. Whom Slack has in a group or channel
//! when we first look were there since ever, as far as we know; between such, the smaller one is home, so that a team for
//! everybody takes nobody from theirs. So nobody is counted twice, and who leaves a team is at home again where they still
//! are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::audit::{self, Entry};
use super::{Choices, Settings, choose, forgotten, members, refresh_homes, usergroups};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, TeamId, UserId, WorkspaceId, new_id};
use crate::base::text::clean;
use crate::outbox::{self, Intent, Kind};
use crate::store::{StoreError, Tx, list, sql};

/// Who is new isn't missed by anybody yet: a person counts as active after this long.
const SETTLED: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// Who counts as active, as a condition on rows of `member`: of the workspace `$1`, here by the instant `$2`
/// ([`settled_by`]), and `$3` says whether guests of a single channel are people like others.
pub const ACTIVE: &str = "workspace = $1 AND first_seen_at <= $2 AND NOT is_bot AND NOT is_deleted AND NOT is_stranger
    AND NOT is_away AND (guest <> 'single' OR $3)";

/// By when somebody who counts as active at an instant has been here.
pub fn settled_by(at: Instant) -> Instant {
    at.minus(SETTLED)
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// The user group's or channel's id where one defines it.
    pub id: TeamId,
    /// What it is called.
    pub name: String,
    /// What says who is in it.
    pub kind: TeamKind,
    /// Who sees its private edition, by id.
    pub leads: Vec<UserId>,
}

/// What says who is in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamKind {
    /// Slack's user group.
    Usergroup(GroupId),
    /// A channel's members.
    Channel(ChannelId),
    /// A steward's typed list.
    List,
}

impl TeamKind {
    const fn name(&self) -> &'static str {
        match self {
            Self::Usergroup(_) => "usergroup",
            Self::Channel(_) => "channel",
            Self::List => "list",
        }
    }

    fn source(&self) -> &str {
        match self {
            Self::Usergroup(id) => id.as_str(),
            Self::Channel(id) => id.as_str(),
            Self::List => "",
        }
    }

    fn stored(kind: &str, source: String) -> Self {
        match kind {
            "usergroup" => Self::Usergroup(source.into()),
            "channel" => Self::Channel(source.into()),
            _ => Self::List,
        }
    }

    /// What an id of Slack's names, as people copy it: a user group (S…) or a channel (C…, G…).
    pub(super) fn of_slack(id: &str) -> Option<Self> {
        match id.chars().next() {
            Some('S') => Some(Self::Usergroup(id.into())),
            Some('C' | 'G') => Some(Self::Channel(id.into())),
            _ => None,
        }
    }

    /// Whether a team of that id is one that Slack defines.
    pub fn is_slacks(team: &TeamId) -> bool {
        Self::of_slack(team.as_str()).is_some()
    }

    /// The scope without which Slack doesn't say who is in it; `None` for a list. A private channel's is
    /// `groups:read` instead.
    pub const fn scope(&self) -> Option<&'static str> {
        match self {
            Self::Usergroup(_) => Some("usergroups:read"),
            Self::Channel(_) => Some("channels:read"),
            Self::List => None,
        }
    }
}

impl Team {
    /// A team that isn't stored yet, without leads.
    pub fn new(name: &str, kind: TeamKind, now: Instant) -> Self {
        let id = match &kind {
            TeamKind::List => new_id(now),
            source => source.source().to_owned(),
        };
        Self {
            id: id.into(),
            name: name.to_owned(),
            kind,
            leads: Vec::new(),
        }
    }
}

/// Every team, by name.
pub async fn teams(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Vec<Team>, StoreError> {
    let rows: Vec<(TeamId, String, String, String)> = sql!(
        tx,
        fetch_all as (TeamId, String, String, String),
        "SELECT id, name, kind, source FROM team WHERE workspace = $1",
        workspace
    )?;
    let leads: Vec<(TeamId, UserId)> = sql!(
        tx,
        fetch_all as (TeamId, UserId),
        "SELECT team, member FROM team_lead WHERE workspace = $1",
        workspace
    )?;
    let mut by_team: BTreeMap<TeamId, Vec<UserId>> = BTreeMap::new();
    for (team, lead) in leads {
        by_team.entry(team).or_default().push(lead);
    }
    by_team.values_mut().for_each(|leads| leads.sort());
    let mut teams: Vec<Team> = rows
        .into_iter()
        .map(|(id, name, kind, source)| Team {
            leads: by_team.remove(&id).unwrap_or_default(),
            kind: TeamKind::stored(&kind, source),
            id,
            name,
        })
        .collect();
    // Here and not in SQL: the order of letters there is the server's.
    teams.sort_by(|a, b| (crate::base::text::fold(&a.name), &a.id).cmp(&(crate::base::text::fold(&b.name), &b.id)));
    Ok(teams)
}

/// The teams that somebody leads, by name.
pub async fn led_by(tx: &mut Tx, workspace: &WorkspaceId, lead: &UserId) -> Result<Vec<Team>, StoreError> {
    let mut teams = teams(tx, workspace).await?;
    teams.retain(|team| team.leads.contains(lead));
    Ok(teams)
}

/// Everybody's one home team at an instant, as far as we saw; apps and other companies' people have none. Who left
/// Slack meanwhile is still among those of an earlier instant.
pub async fn home_teams(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    at: Instant,
) -> Result<BTreeMap<UserId, TeamId>, StoreError> {
    let mut rows: Vec<(UserId, TeamId, Instant)> = sql!(
        tx,
        fetch_all as (UserId, TeamId, Instant),
        "SELECT b.member, b.team, b.since FROM (
            SELECT m.member, t.id AS team, m.since FROM team t CROSS JOIN usergroup_member m
            WHERE t.workspace = $1 AND t.kind = 'usergroup' AND m.workspace = $1 AND m.usergroup = t.source
                AND m.since <= $2 AND (m.until IS NULL OR m.until > $2)
            UNION ALL
            SELECT m.member, t.id, m.since FROM team t CROSS JOIN team_member m
            WHERE t.workspace = $1 AND m.workspace = $1 AND m.team = t.id
                AND m.since <= $2 AND (m.until IS NULL OR m.until > $2)
         ) b CROSS JOIN member p
         WHERE p.workspace = $1 AND p.id = b.member AND NOT p.is_bot AND NOT p.is_stranger",
        workspace,
        at
    )?;
    let mut sizes: BTreeMap<TeamId, usize> = BTreeMap::new();
    for (_, team, _) in &rows {
        *sizes.entry(team.clone()).or_default() += 1;
    }
    rows.sort_by(|(_, a, since_a), (_, b, since_b)| (since_a, sizes[b], a).cmp(&(since_b, sizes[a], b)));
    // Of several, the last one stays.
    Ok(rows.into_iter().map(|(member, team, _)| (member, team)).collect())
}

/// One person's home team at an instant, as [`home_teams`] has it, without looking at everybody's where that can be told
/// from when they came to each.
pub async fn home_team_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    at: Instant,
) -> Result<Option<TeamId>, StoreError> {
    let rows: Vec<(TeamId, Instant)> = sql!(
        tx,
        fetch_all as (TeamId, Instant),
        "SELECT b.team, b.since FROM (
            SELECT t.id AS team, m.since FROM team t CROSS JOIN usergroup_member m
            WHERE t.workspace = $1 AND t.kind = 'usergroup' AND m.workspace = $1 AND m.usergroup = t.source
                AND m.member = $2 AND m.since <= $3 AND (m.until IS NULL OR m.until > $3)
            UNION ALL
            SELECT t.id, m.since FROM team t CROSS JOIN team_member m
            WHERE t.workspace = $1 AND m.workspace = $1 AND m.team = t.id AND m.member = $2
                AND m.since <= $3 AND (m.until IS NULL OR m.until > $3)
         ) b CROSS JOIN member p
         WHERE p.workspace = $1 AND p.id = $2 AND NOT p.is_bot AND NOT p.is_stranger ORDER BY b.since DESC",
        workspace,
        member,
        at
    )?;
    match rows.as_slice() {
        // Of teams joined at the same moment their sizes decide.
        [(_, first), (_, second), ..] if first == second => Ok(home_teams(tx, workspace, at).await?.remove(member)),
        _ => Ok(rows.into_iter().next().map(|(team, _)| team)),
    }
}

/// Whose home a team was at an instant.
pub async fn team_members(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    team: &TeamId,
    at: Instant,
) -> Result<BTreeSet<UserId>, StoreError> {
    let homes = home_teams(tx, workspace, at).await?;
    Ok(homes
        .into_iter()
        .filter_map(|(member, home)| (home == *team).then_some(member))
        .collect())
}

/// Who was in a user group, a channel or a typed list at an instant, at home there or not, apps included.
pub async fn belonging(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    team: &TeamId,
    at: Instant,
) -> Result<BTreeSet<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT member FROM usergroup_member WHERE workspace = $1 AND usergroup = $2
            AND since <= $3 AND (until IS NULL OR until > $3)
         UNION SELECT member FROM team_member WHERE workspace = $1 AND team = $2
            AND since <= $3 AND (until IS NULL OR until > $3)",
        workspace,
        team,
        at
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}

/// A team, user group or channel that somebody is or was in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonged {
    /// What it is called, else its id.
    pub name: String,
    /// Since when, as far as we saw.
    pub since: Instant,
    /// Until when; `None` while they are in it.
    pub until: Option<Instant>,
}

/// Everything that is kept of which teams, user groups and channels somebody was in, by time.
pub async fn belonged(tx: &mut Tx, workspace: &WorkspaceId, member: &UserId) -> Result<Vec<Belonged>, StoreError> {
    type Row = (
        TeamId,
        Instant,
        Option<Instant>,
        Option<String>,
        Option<String>,
        Option<String>,
    );
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT b.team, b.since, b.until, t.name, g.name, p.name FROM (
            SELECT usergroup AS team, since, until FROM usergroup_member WHERE workspace = $1 AND member = $2
            UNION ALL
            SELECT team, since, until FROM team_member WHERE workspace = $1 AND member = $2
         ) b
            LEFT JOIN team t ON t.workspace = $1 AND t.id = b.team
            LEFT JOIN usergroup g ON g.workspace = $1 AND g.id = b.team
            LEFT JOIN place p ON p.workspace = $1 AND p.channel = b.team
         ORDER BY b.since, b.team",
        workspace,
        member
    )?;
    Ok(rows
        .into_iter()
        .map(|(id, since, until, team, group, channel)| {
            let channel = channel.filter(|name| !name.is_empty()).map(|name| format!("#{name}"));
            Belonged {
                name: team.or(group).or(channel).unwrap_or_else(|| id.to_string()),
                since,
                until,
            }
        })
        .collect())
}

/// Everybody who counts as active at an instant: a person of this workspace who is still here, has been for 30 days,
/// and isn't away. Who was away or left at an earlier instant can't be told any more: ask as of now, and keep the answer.
pub async fn active_members(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    at: Instant,
) -> Result<BTreeSet<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        sqlx::AssertSqlSafe(format!("SELECT id FROM member WHERE {ACTIVE}")),
        workspace,
        settled_by(at),
        settings.single_channel_guests
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}

/// The team whose figures come first; `None` where none is set, and where nobody has ever been seen in it (a scope is
/// missing, Slack hasn't answered yet): then it is everybody.
pub async fn headline_team(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
) -> Result<Option<Team>, StoreError> {
    let Some(id) = &settings.team else { return Ok(None) };
    let seen = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM usergroup_member WHERE workspace = $1 AND usergroup = $2)
            OR EXISTS (SELECT 1 FROM team_member WHERE workspace = $1 AND team = $2)",
        workspace,
        id
    )?;
    if seen.is_none() {
        return Ok(None);
    }
    let made = teams(tx, workspace).await?.into_iter().find(|team| team.id == *id);
    let Some(kind) = TeamKind::of_slack(id.as_str()).filter(|_| made.is_none()) else {
        return Ok(made);
    };
    let name = match &kind {
        TeamKind::Usergroup(group) => usergroups(tx, workspace, &BTreeSet::from([group.clone()]))
            .await?
            .remove(group)
            .map(|group| group.name),
        TeamKind::Channel(channel) => sql!(
            tx,
            fetch_optional as (String,),
            "SELECT name FROM place WHERE workspace = $1 AND channel = $2 AND name <> ''",
            workspace,
            channel
        )?
        .map(|(name,)| format!("#{name}")),
        TeamKind::List => None,
    };
    Ok(Some(Team {
        id: id.clone(),
        name: name.unwrap_or_else(|| "the team".to_owned()),
        kind,
        leads: Vec::new(),
    }))
}

/// The active members of the team whose figures come first, at an instant: all of its people, also those at home in a
/// smaller team. Without such a team it is everybody who is active.
pub async fn headline_members(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    at: Instant,
) -> Result<BTreeSet<UserId>, StoreError> {
    let mut active = active_members(tx, workspace, settings, at).await?;
    if let Some(team) = headline_team(tx, workspace, settings).await? {
        let there = belonging(tx, workspace, &team.id, at).await?;
        active.retain(|member| there.contains(member));
    }
    Ok(active)
}

/// Makes a team, or changes the name, the leads and (of a list) the people of one; each change has its entry in the
/// audit log. `listed` counts for lists alone: others are as Slack says, which is asked at once.
pub async fn save_team(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    by: &UserId,
    team: &Team,
    listed: &BTreeSet<UserId>,
    now: Instant,
) -> Result<(), StoreError> {
    let before = teams(tx, workspace)
        .await?
        .into_iter()
        .find(|other| other.id == team.id);
    let name = clean(&team.name);
    sql!(
        tx,
        execute "INSERT INTO team (workspace, id, name, kind, source) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (workspace, id) DO UPDATE SET name = excluded.name",
        workspace,
        &team.id,
        &name,
        team.kind.name(),
        team.kind.source()
    )?;
    let mut changes = Vec::new();
    match &before {
        None => changes.push((
            "team.made",
            json!(null),
            json!({ "name": name, "kind": team.kind.name(), "source": team.kind.source() }),
        )),
        Some(before) if before.name != name => changes.push(("team.name", json!(before.name), json!(name))),
        Some(_) => {}
    }
    let leads = remembered(tx, workspace, team.leads.iter()).await?;
    let led: BTreeSet<UserId> = before.iter().flat_map(|before| before.leads.iter().cloned()).collect();
    if leads != led {
        sql!(tx, execute "DELETE FROM team_lead WHERE workspace = $1 AND team = $2", workspace, &team.id)?;
        sql!(
            tx,
            execute "INSERT INTO team_lead (workspace, team, member)
                     SELECT $1, $2, value ->> 0 FROM json_each($3) WHERE true
                     ON CONFLICT (workspace, team, member) DO NOTHING",
            workspace,
            &team.id,
            column(&leads)
        )?;
        changes.push(("team.leads", json!(led), json!(leads)));
    }
    if team.kind == TeamKind::List {
        let were = belonging(tx, workspace, &team.id, now).await?;
        let are = set_people(tx, workspace, &team.id, listed, now).await?;
        // Who is put on a list is taken off the other: a steward says where somebody is at home.
        sql!(
            tx,
            execute "UPDATE team_member SET until = $1 WHERE workspace = $2 AND until IS NULL AND team <> $3
                        AND team IN (SELECT id FROM team WHERE workspace = $2 AND kind = 'list')
                        AND member IN (SELECT value ->> 0 FROM json_each($4))",
            now,
            workspace,
            &team.id,
            column(are.difference(&were))
        )?;
        if were != are {
            changes.push(("team.people", json!(were), json!(are)));
        }
    } else if before.is_none() {
        enqueue_team(tx, workspace, &team.id, now).await?;
    }
    for (what, was, is) in changes {
        let entry = Entry::new(by, what, team.id.as_str()).values(&was, &is);
        audit::enter(tx, workspace, &entry, now).await?;
    }
    Ok(())
}

/// Removes a team, with what was known of who was in it; nothing happens to the people. The headline team's people stay
/// known: it needs no steward to have made it a team. False if there is no such team.
pub async fn remove_team(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    by: &UserId,
    team: &TeamId,
    settings: &Settings,
    now: Instant,
) -> Result<bool, StoreError> {
    let Some(before) = teams(tx, workspace).await?.into_iter().find(|other| other.id == *team) else {
        return Ok(false);
    };
    let is_headline = settings.team.as_ref() == Some(team) && before.kind != TeamKind::List;
    for statement in [
        "DELETE FROM team WHERE workspace = $1 AND id = $2",
        "DELETE FROM team_lead WHERE workspace = $1 AND team = $2",
        "DELETE FROM team_member WHERE workspace = $1 AND team = $2",
    ] {
        if !(is_headline && statement.contains("team_member")) {
            sql!(tx, execute statement, workspace, team)?;
        }
    }
    let was = json!({ "name": before.name, "kind": before.kind.name(), "source": before.kind.source() });
    let entry = Entry::new(by, "team.removed", team.as_str()).values(&was, &json!(null));
    audit::enter(tx, workspace, &entry, now).await?;
    Ok(true)
}

/// Stores who is in a channel or on a list from `now` on (those of the first look at a channel since ever); who isn't any
/// more was in it until then. Returns who is: those who asked to be forgotten are not written down.
pub async fn set_people(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    team: &TeamId,
    people: &BTreeSet<UserId>,
    now: Instant,
) -> Result<BTreeSet<UserId>, StoreError> {
    let people = remembered(tx, workspace, people).await?;
    let seen: Option<(i64,)> = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) FROM team_member WHERE workspace = $1 AND team = $2 LIMIT 1",
        workspace,
        team
    )?;
    let since = if TeamKind::is_slacks(team) && seen.is_none() {
        Instant::default()
    } else {
        now
    };
    sql!(
        tx,
        execute "UPDATE team_member SET until = $1 WHERE workspace = $2 AND team = $3 AND until IS NULL
                    AND member NOT IN (SELECT value ->> 0 FROM json_each($4))",
        now,
        workspace,
        team,
        column(&people)
    )?;
    sql!(
        tx,
        execute "INSERT INTO team_member (workspace, team, member, since, until)
                 SELECT $1, $2, value ->> 0, $3, NULL FROM json_each($4)
                 WHERE NOT EXISTS (SELECT 1 FROM team_member m WHERE m.workspace = $1 AND m.team = $2
                    AND m.member = value ->> 0 AND m.until IS NULL)
                 ON CONFLICT (workspace, team, member, since) DO UPDATE SET until = NULL",
        workspace,
        team,
        since,
        column(&people)
    )?;
    Ok(people)
}

/// Sets somebody away, or here again; their Home shows it. Returns what is chosen now; `None` if they aren't known (or
/// asked to be forgotten).
pub async fn set_away(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    by: &UserId,
    member: &UserId,
    away: bool,
    now: Instant,
) -> Result<Option<Choices>, StoreError> {
    let known = members(tx, workspace, &BTreeSet::from([member.clone()])).await?;
    let Some(known) = known.get(member).filter(|member| !member.is_forgotten) else {
        return Ok(None);
    };
    let (was, mut choices) = (known.choices.is_away, known.choices);
    if was != away {
        choices.is_away = away;
        choose(tx, workspace, member, choices).await?;
        let entry = Entry::new(by, "member.away", member.as_str()).values(&json!(was), &json!(away));
        audit::enter(tx, workspace, &entry, now).await?;
        refresh_homes(tx, workspace, std::slice::from_ref(member), now).await?;
    }
    Ok(Some(choices))
}

/// Everybody who is away.
pub async fn away_members(tx: &mut Tx, workspace: &WorkspaceId) -> Result<BTreeSet<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT id FROM member WHERE workspace = $1 AND is_away AND NOT is_deleted",
        workspace
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}

/// Enqueues a look at who is in each team that Slack defines, the headline team included.
pub async fn enqueue_teams(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    now: Instant,
) -> Result<(), StoreError> {
    let teams = teams(tx, workspace).await?;
    let ids: BTreeSet<&TeamId> = teams.iter().map(|team| &team.id).chain(&settings.team).collect();
    for id in ids {
        enqueue_team(tx, workspace, id, now).await?;
    }
    Ok(())
}

/// Enqueues a look at who is in one team, if it is Slack that says so.
pub async fn enqueue_team(tx: &mut Tx, workspace: &WorkspaceId, team: &TeamId, now: Instant) -> Result<(), StoreError> {
    if TeamKind::of_slack(team.as_str()).is_none() {
        return Ok(());
    }
    let lane = format!("team {team}");
    let look = Intent::new(workspace, Kind::WorkspaceTeam, team, &lane, now).with_key(lane.clone());
    outbox::enqueue(tx, &[look]).await
}

/// Those among the given people who did not ask to be forgotten.
async fn remembered(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    people: impl IntoIterator<Item = &UserId>,
) -> Result<BTreeSet<UserId>, StoreError> {
    let mut people: BTreeSet<UserId> = people.into_iter().cloned().collect();
    let gone = forgotten(tx, workspace, &people).await?;
    people.retain(|person| !gone.contains(person));
    Ok(people)
}

fn column<'a>(people: impl IntoIterator<Item = &'a UserId>) -> String {
    list(&people.into_iter().map(|id| [id]).collect::<Vec<_>>())
}
