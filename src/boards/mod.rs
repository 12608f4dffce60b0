//! Floor 5: boards and coverage. Boards name at most ten and never a bottom; coverage names nobody.

pub mod coverage;
pub mod grammar;
pub mod inputs;
mod look;
pub mod messages;
pub mod rules;
mod store;

use std::collections::{BTreeMap, BTreeSet};

pub use look::{home_section, keep_month};
pub use store::{Said, by_value, figures, highest, most_joined, said_to, thanked_by};

use crate::base::calendar::{Span, at_hour};
use crate::base::clock::Instant;
use crate::base::ids::{TeamId, UserId, WorkspaceId};
use crate::kudos::rules::may_be_named;
use crate::kudos::{Quote, Ranked, quotable};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::its_zone;
use crate::workspace::{self, Member, Settings};
use rules::{NAMES, Ranking, Row, rank};

/// How many of the most joined words a board quotes.
pub const QUOTES: usize = 3;

/// Words that are looked at first until enough may be quoted.
const PAGE: i64 = 30;

/// Which board somebody wants to see.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wanted {
    /// Of when.
    pub span: Span,
    /// What it ranks by.
    pub ranked: Ranked,
    /// Only what was given for this value, without `#`.
    pub value: Option<String>,
    /// Only those at home in this team.
    pub team: Option<TeamId>,
}

/// A board, with what is known of those it names. The standings must have caught up ([`crate::kudos::catch_up`]).
pub async fn board(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    wanted: &Wanted,
    now: Instant,
) -> Result<(Ranking, BTreeMap<UserId, Member>), StoreError> {
    let team = match &wanted.team {
        Some(team) => {
            // Whoever was at home there when the period ended.
            let end = match wanted.span.last() {
                Some(last) => at_hour(last.next(), 0, its_zone(tx, workspace, settings).await?).plus_millis(-1),
                None => now,
            };
            Some(workspace::team_members(tx, workspace, team, end.min(now)).await?)
        }
        None => None,
    };
    let rows = match (&wanted.value, &team) {
        (None, None) => return everybodys(tx, workspace, settings, wanted).await,
        (None, Some(team)) => figures(tx, workspace, wanted.span, wanted.ranked, team).await?,
        (Some(value), team) => {
            let mut rows = by_value(tx, workspace, wanted.span, wanted.ranked, value).await?;
            rows.retain(|row| team.as_ref().is_none_or(|team| team.contains(&row.member)));
            rows
        }
    };
    let (rows, members) = nameable(tx, workspace, settings, rows).await?;
    Ok((rank(rows), members))
}

/// The board of everybody: as many rows are read as it takes until ten may be named, and one more.
async fn everybodys(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    wanted: &Wanted,
) -> Result<(Ranking, BTreeMap<UserId, Member>), StoreError> {
    let mut most = 2 * NAMES;
    loop {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = highest(tx, workspace, wanted.span, wanted.ranked, limit).await?;
        let is_all = rows.len() < most;
        let (rows, members) = nameable(tx, workspace, settings, rows).await?;
        if is_all || rows.len() > NAMES {
            return Ok((rank(rows), members));
        }
        most *= 8;
    }
}

/// The rows of those who may be named, and what is known of them.
async fn nameable(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    mut rows: Vec<Row>,
) -> Result<(Vec<Row>, BTreeMap<UserId, Member>), StoreError> {
    let people: BTreeSet<UserId> = rows.iter().map(|row| row.member.clone()).collect();
    let members = workspace::members(tx, workspace, &people).await?;
    rows.retain(|row| may_be_named(members.get(&row.member), settings));
    Ok((rows, members))
}

/// Somebody's own figure in a period.
pub async fn figure(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    span: Span,
    ranked: Ranked,
    member: &UserId,
) -> Result<i64, StoreError> {
    let own = figures(tx, workspace, span, ranked, &BTreeSet::from([member.clone()])).await?;
    Ok(own.first().map_or(0, |row| row.n))
}

/// The words of a period that most people joined and that may be quoted to everybody, with what is known of those whom
/// they name.
pub async fn most_boosted(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    span: Span,
    most: usize,
) -> Result<(Vec<Quote>, BTreeMap<UserId, Member>), StoreError> {
    let (mut found, mut known) = (Vec::new(), BTreeMap::new());
    let (mut skip, mut page) = (0, PAGE);
    loop {
        let joined = most_joined(tx, workspace, span, skip, page).await?;
        let (quotes, people) = quotable(tx, workspace, settings, &joined).await?;
        found.extend(quotes);
        known.extend(people);
        if found.len() >= most || i64::try_from(joined.len()).is_ok_and(|len| len < page) {
            found.truncate(most);
            return Ok((found, known));
        }
        // The fewer may be quoted, the more are looked at at a time.
        (skip, page) = (skip + page, page * 8);
    }
}
