//! What the outbox runs for the workspace: the member list, page by page, and who is in the teams that Slack defines.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    Ctx, Member, Settings, TeamKind, UsergroupError, enqueue_teams, look_up_usergroup, remember_conversation,
    set_people, upsert,
};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, TeamId, UserId, WorkspaceId};
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::errors::ApiError;
use crate::slack::limits::USERS_PAGE;
use crate::store::{StoreError, Tx, sql};

/// How often the member list is taken: events bring changes at once, but Slack's delivery is best effort.
const SYNC_EVERY: Duration = Duration::from_secs(86_400);
/// Slack: users.list is tier 2, about 20 calls a minute.
const PAGE_PAUSE: Duration = Duration::from_secs(3);
const LANE: &str = "members";
/// How long each of Slack's answers about a team may take; nobody waits for it.
const TEAM_PATIENCE: Duration = Duration::from_secs(10);
/// Pages of a channel's people that are read in one go; together they stay below a row's lease.
const MOST_PAGES: usize = 50;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Page {
    cursor: Option<String>,
}

/// Enqueues the member list when the last complete one is a day old. True if it did.
pub async fn sync_members_when_due(tx: &mut Tx, workspace: &WorkspaceId, now: Instant) -> Result<bool, StoreError> {
    let due = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) FROM workspace WHERE id = $1 AND (members_synced_at IS NULL OR members_synced_at <= $2)
            AND NOT EXISTS (SELECT 1 FROM outbox WHERE workspace = $1 AND lane = $3 AND state IN ('waiting', 'sending'))",
        workspace,
        now.minus(SYNC_EVERY),
        LANE
    )?;
    if due.is_some() {
        enqueue_members(tx, workspace, now).await?;
    }
    Ok(due.is_some())
}

/// Enqueues the member list from its beginning: at each start.
pub async fn enqueue_members(tx: &mut Tx, workspace: &WorkspaceId, now: Instant) -> Result<(), StoreError> {
    let first = Intent::new(workspace, Kind::WorkspaceMembers, &Page::default(), LANE, now).with_key(LANE.to_owned());
    outbox::enqueue(tx, &[first]).await
}

/// Takes one page of the member list and enqueues the next.
pub async fn members_page(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let page: Page = claimed.subject().unwrap_or_default();
    let result = ctx
        .slack
        .users_list(page.cursor.as_deref(), USERS_PAGE, &ctx.workspace.id)
        .await;
    let answer = match result {
        Ok(answer) => answer,
        Err(ApiError::RateLimited { retry_after }) => return Ok(Ending::RateLimited { after: retry_after }),
        Err(error) if error.code() == Some("invalid_cursor") => {
            // Cursors expire; the list begins again.
            let (workspace, now, claimed) = (ctx.workspace.id.clone(), ctx.clock.now(), claimed.clone());
            ctx.db
                .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                    outbox::finish(tx, &claimed).await?;
                    enqueue_members(tx, &workspace, now).await
                })
                .await?;
            return Ok(Ending::Recorded);
        }
        // Nobody waits for it, and the next start or day brings it again.
        Err(error) if error.missing_scope().is_some() => return Ok(Ending::Failed { why: error.to_string() }),
        Err(error) => {
            return Ok(Ending::Retry {
                after: None,
                why: error.to_string(),
                unsettled: false,
            });
        }
    };
    let (workspace, now, claimed) = (ctx.workspace.id.clone(), ctx.clock.now(), claimed.clone());
    let settings = ctx.settings();
    let next = answer.next_cursor.filter(|cursor| !cursor.is_empty());
    let members = answer.members;
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if outbox::finish(tx, &claimed).await?.is_none() {
                return Ok(());
            }
            let synced: Option<(Option<i64>,)> = sql!(
                tx,
                fetch_optional as (Option<i64>,),
                "SELECT members_synced_at FROM workspace WHERE id = $1",
                &workspace
            )?;
            let is_first = synced.is_none_or(|row| row.0.is_none());
            upsert(
                tx,
                &workspace,
                &members,
                if is_first { Instant::default() } else { now },
            )
            .await?;
            match &next {
                Some(cursor) => {
                    let page = Page {
                        cursor: Some(cursor.clone()),
                    };
                    let intent = Intent::new(&workspace, Kind::WorkspaceMembers, &page, LANE, now)
                        .not_before(now.plus(PAGE_PAUSE));
                    outbox::enqueue(tx, &[intent]).await
                }
                None => {
                    sql!(tx, execute "UPDATE workspace SET members_synced_at = $1 WHERE id = $2", now, &workspace)?;
                    // Whom a team names is known by now.
                    enqueue_teams(tx, &workspace, &settings, now).await
                }
            }
        })
        .await?;
    Ok(Ending::Recorded)
}

/// Looks who is in a team that Slack defines, and keeps who was in it until now.
pub async fn team(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let team: Option<TeamId> = claimed.subject();
    match team.as_ref().and_then(|team| TeamKind::of_slack(team.as_str())) {
        Some(TeamKind::Usergroup(group)) => Ok(
            match look_up_usergroup(ctx, &group, ctx.clock.now(), TEAM_PATIENCE).await {
                Ok(_) => Ending::Done,
                Err(UsergroupError::Slack(error)) => ending_of(&error),
                Err(UsergroupError::Store(error)) => return Err(error),
            },
        ),
        Some(TeamKind::Channel(channel)) => channel_team(ctx, &channel).await,
        _ => Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        }),
    }
}

async fn channel_team(ctx: &Ctx, channel: &ChannelId) -> Result<Ending, StoreError> {
    // For its name; who is in it can be known without.
    let shown = ctx.slack.conversations_info(channel).await;
    let mut people: BTreeSet<UserId> = BTreeSet::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        match ctx.slack.conversations_members(channel, cursor.as_deref()).await {
            Ok(page) => {
                people.extend(page.members);
                cursor = page.next_cursor;
            }
            Err(error) => return Ok(ending_of(&error)),
        }
        if cursor.is_none() {
            break;
        }
    }
    if cursor.is_some() {
        return Ok(Ending::Failed {
            why: format!("{channel} has more than {} people, too many for a team", people.len()),
        });
    }
    let (workspace, channel, now) = (ctx.workspace.id.clone(), channel.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if let Ok(shown) = &shown {
                remember_conversation(tx, &workspace, &channel, Some(shown), now).await?;
            }
            set_people(tx, &workspace, &TeamId(channel.0.clone()), &people, now).await?;
            Ok(())
        })
        .await?;
    Ok(Ending::Done)
}

/// How a row ends that nobody waits for, and that comes again with the next day.
fn ending_of(error: &ApiError) -> Ending {
    let why = error.to_string();
    match error {
        ApiError::RateLimited { retry_after } => Ending::RateLimited { after: *retry_after },
        ApiError::Retryable { .. } => Ending::Retry {
            after: None,
            why,
            unsettled: false,
        },
        ApiError::Permanent { .. } => Ending::Failed { why },
    }
}

/// The zone that somebody lives in, as far as it is known; else the workspace's.
pub fn zone_of(settings: &Settings, known: &BTreeMap<UserId, Member>, member: &UserId) -> Tz {
    known
        .get(member)
        .and_then(|member| member.zone)
        .unwrap_or_else(|| workspace_zone(settings, known))
}

/// The workspace's zone, whoever is asked for it: as set, else the first steward's.
pub async fn its_zone(tx: &mut Tx, workspace: &WorkspaceId, settings: &Settings) -> Result<Tz, StoreError> {
    let first: BTreeSet<UserId> = settings.stewards.first().cloned().into_iter().collect();
    let known = super::members(tx, workspace, &first).await?;
    Ok(workspace_zone(settings, &known))
}

/// The zone of everything that isn't one giver's own: as set, else the first steward's, else UTC.
pub fn workspace_zone(settings: &Settings, known: &BTreeMap<UserId, Member>) -> Tz {
    settings
        .timezone
        .or_else(|| settings.stewards.first().and_then(|steward| known.get(steward)?.zone))
        .unwrap_or(Tz::UTC)
}
