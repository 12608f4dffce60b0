//! Coverage: the share of a team that was thanked. It is the headline figure, and it names nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{WINDOW, forgotten_since, percent};
use crate::base::calendar::{Day, Span};
use crate::base::clock::Instant;
use crate::base::ids::{TeamId, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, list, sql};
use crate::workspace::{self, ACTIVE, Settings};

/// How many of a team are active, and how many of them were thanked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Active members.
    pub active: i64,
    /// Those of them who were thanked, by a peer or by a customer.
    pub thanked: i64,
}

impl Share {
    /// In percent; `None` where nobody is active.
    pub fn percent(self) -> Option<i64> {
        percent(self.thanked, self.active)
    }
}

/// Of whom coverage is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// The team whose figures come first; everybody where there is none.
    Headline,
    /// Those at home in a team.
    Team(&'a TeamId),
}

/// The active members of whom coverage is told, at an instant.
pub async fn covered(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    of: Of<'_>,
    at: Instant,
) -> Result<BTreeSet<UserId>, StoreError> {
    match of {
        Of::Headline => workspace::headline_members(tx, workspace, settings, at).await,
        Of::Team(team) => {
            let mut members = workspace::team_members(tx, workspace, team, at).await?;
            let active = workspace::active_members(tx, workspace, settings, at).await?;
            members.retain(|member| active.contains(member));
            Ok(members)
        }
    }
}

/// Who among the active was thanked in the last 30 days, `today` included.
pub async fn lately(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    of: Of<'_>,
    today: Day,
    now: Instant,
) -> Result<Share, StoreError> {
    let since = today.plus(1 - WINDOW).to_string();
    if of == Of::Headline && workspace::headline_team(tx, workspace, settings).await?.is_none() {
        return everybody(tx, workspace, settings, &since, now).await;
    }
    let members = covered(tx, workspace, settings, of, now).await?;
    let (thanked,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM json_each($1) j CROSS JOIN thanked t
         WHERE t.workspace = $2 AND t.member = j.value ->> 0 AND t.day >= $3",
        column(&members),
        workspace,
        since
    )?;
    Ok(share(&members, thanked))
}

fn share(members: &BTreeSet<UserId>, thanked: i64) -> Share {
    Share {
        active: i64::try_from(members.len()).unwrap_or(i64::MAX),
        thanked,
    }
}

/// The same of everybody who is active, counted where they lie: there may be tens of thousands.
async fn everybody(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    since: &str,
    now: Instant,
) -> Result<Share, StoreError> {
    let query = format!("SELECT COUNT(*), COUNT(CASE WHEN thanked_on >= $4 THEN 1 END) FROM member WHERE {ACTIVE}");
    let (active, thanked): (i64, i64) = sql!(
        tx,
        fetch_one as (i64, i64),
        sqlx::AssertSqlSafe(query.clone()),
        workspace,
        workspace::settled_by(now),
        settings.single_channel_guests,
        since
    )?;
    Ok(Share { active, thanked })
}

/// Those active at `at` who were thanked in a calendar month: `at` is the month's end.
pub async fn of_month(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    of: Of<'_>,
    month: Span,
    at: Instant,
) -> Result<Share, StoreError> {
    let members = covered(tx, workspace, settings, of, at).await?;
    let (thanked,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(DISTINCT s.member) FROM json_each($1) j CROSS JOIN standing s
         WHERE s.workspace = $2 AND s.period = $3 AND s.kind IN ('received', 'customers') AND s.member = j.value ->> 0
            AND s.n > 0",
        column(&members),
        workspace,
        month.period()
    )?;
    Ok(share(&members, thanked))
}

/// A team's name in the table; the headline has none.
fn stored(of: Of<'_>) -> &str {
    match of {
        Of::Headline => "",
        Of::Team(team) => team.as_str(),
    }
}

/// A month as it is stored.
fn stored_month(month: Span) -> String {
    month
        .first()
        .map_or_else(String::new, |day| day.date().format("%Y-%m").to_string())
}

/// Under which team's name the headline's months are stored: those of everybody and those of a team are two series, and
/// the headline may turn from one to the other.
pub fn series<'a>(of: Of<'a>, settings: &'a Settings) -> Of<'a> {
    match (of, &settings.team) {
        (Of::Headline, Some(team)) => Of::Team(team),
        (of, _) => of,
    }
}

/// Stores the shares of a month, of the headline and of each team, in the place of what was stored before: at its end, and
/// once more when nothing of it can be taken back any longer. `at` is the month's end.
pub async fn remember_shares(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    month: Span,
    at: Instant,
) -> Result<(), StoreError> {
    for team in workspace::teams(tx, workspace).await? {
        let of = Of::Team(&team.id);
        let share = of_month(tx, workspace, settings, of, month, at).await?;
        remember_month(tx, workspace, of, month, share).await?;
    }
    // Last, because it says that the month is kept.
    let share = of_month(tx, workspace, settings, Of::Headline, month, at).await?;
    remember_month(tx, workspace, series(Of::Headline, settings), month, share).await
}

/// Stores a month's share.
pub async fn remember_month(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    of: Of<'_>,
    month: Span,
    share: Share,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO coverage (workspace, team, month, active, thanked) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (workspace, team, month) DO UPDATE SET active = excluded.active, thanked = excluded.thanked",
        workspace,
        stored(of),
        stored_month(month),
        share.active,
        share.thanked
    )?;
    Ok(())
}

/// The stored months from `first` to `last`, by time; a month that nobody stored is missing.
pub async fn months(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    of: Of<'_>,
    first: Span,
    last: Span,
) -> Result<BTreeMap<Span, Share>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String, i64, i64),
        "SELECT month, active, thanked FROM coverage WHERE workspace = $1 AND team = $2 AND month >= $3 AND month <= $4
         ORDER BY month",
        workspace,
        stored(of),
        stored_month(first),
        stored_month(last)
    )?;
    rows.into_iter()
        .map(|(month, active, thanked)| Ok((span(&month)?, Share { active, thanked })))
        .collect()
}

/// Every month that was kept, of every team, by month and team; the headline has no team.
pub async fn every_month(
    tx: &mut Tx,
    workspace: &WorkspaceId,
) -> Result<Vec<(Span, Option<TeamId>, Share)>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String, String, i64, i64),
        "SELECT month, team, active, thanked FROM coverage WHERE workspace = $1 ORDER BY month, team",
        workspace
    )?;
    rows.into_iter()
        .map(|(month, team, active, thanked)| {
            let team = (!team.is_empty()).then_some(TeamId(team));
            Ok((span(&month)?, team, Share { active, thanked }))
        })
        .collect()
}

/// A month as it is read.
fn span(month: &str) -> Result<Span, StoreError> {
    let day: Day = format!("{month}-01")
        .parse()
        .map_err(|_| StoreError::Unreadable("a month"))?;
    Ok(Span::month(day))
}

/// Whether the app was installed here by an instant.
pub async fn is_installed_by(tx: &mut Tx, workspace: &WorkspaceId, at: Instant) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT installed_at FROM workspace WHERE id = $1 AND installed_at <= $2",
        workspace,
        at
    )?;
    Ok(row.is_some())
}

/// Who among these was not thanked for 20 working days, with the day of the last thanks; `None` = not yet. The latest
/// thanked come first, who never was last.
pub async fn forgotten(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    members: &BTreeSet<UserId>,
    today: Day,
) -> Result<Vec<(UserId, Option<Day>)>, StoreError> {
    let since = forgotten_since(today).to_string();
    let rows = sql!(
        tx,
        fetch_all as (UserId, String),
        "SELECT j.value ->> 0, COALESCE(t.day, '') FROM json_each($1) j LEFT JOIN thanked t
            ON t.workspace = $2 AND t.member = j.value ->> 0
         WHERE t.day IS NULL OR t.day <= $3",
        column(members),
        workspace,
        since
    )?;
    let mut found: Vec<(UserId, Option<Day>)> = rows
        .into_iter()
        .map(|(member, day)| (member, day.parse().ok()))
        .collect();
    found.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    Ok(found)
}

fn column(members: &BTreeSet<UserId>) -> String {
    list(&members.iter().map(|id| [id]).collect::<Vec<_>>())
}
