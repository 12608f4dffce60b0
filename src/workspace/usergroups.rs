//! User groups: what they are called, and who is in them when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use super::{Ctx, forgotten};
use crate::base::clock::Instant;
use crate::base::ids::{GroupId, UserId, WorkspaceId};
use crate::base::text::clean;
use crate::slack::client;
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx, sql};

/// How long an answer about who is in a group is believed. Slack: usergroups.users.list is tier 2, 20 calls a minute.
const FRESH: Duration = Duration::from_secs(600);

/// A user group, as we last heard of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usergroup {
    /// Slack's id.
    pub id: GroupId,
    /// What stands after `@`.
    pub handle: String,
    /// What it is called.
    pub name: String,
    /// Nobody can mention it any more.
    pub is_disabled: bool,
    /// When Slack was last asked.
    pub checked_at: Instant,
}

/// Why a group isn't known.
#[derive(Debug, thiserror::Error)]
pub enum UsergroupError {
    /// Slack doesn't say, now or for good.
    #[error("Slack doesn't say who is in the group: {0}")]
    Slack(#[from] ApiError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A group and who is in it, asked of Slack when the last answer is ten minutes old. `None` if Slack knows no such
/// group. Both calls together take `within` at most twice.
///
/// # Errors
/// [`UsergroupError`]; `missing_scope` without `usergroups:read`.
pub async fn look_up_usergroup(
    ctx: &Ctx,
    group: &GroupId,
    now: Instant,
    within: Duration,
) -> Result<Option<Usergroup>, UsergroupError> {
    let only = BTreeSet::from([group.clone()]);
    let mut known = ctx
        .db
        .read(async |tx: &mut Tx| usergroups(tx, &ctx.workspace.id, &only).await)
        .await?;
    if let Some(known) = known.remove(group).filter(|known| now.since(known.checked_at) < FRESH) {
        return Ok(Some(known));
    }
    let list = ctx.slack.usergroups_list(&ctx.workspace.id, within).await?;
    let Some(found) = list.into_iter().find(|found| found.id == *group) else {
        return Ok(None);
    };
    let people = match ctx.slack.usergroups_users_list(group, &ctx.workspace.id, within).await {
        Ok(people) => people,
        Err(error) if error.code() == Some("no_such_subteam") => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let id = ctx.workspace.id.clone();
    let group = ctx
        .db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            remember_usergroup(tx, &id, &found, &people, now).await?;
            let only = BTreeSet::from([found.id.clone()]);
            Ok(usergroups(tx, &id, &only).await?.remove(&found.id))
        })
        .await?;
    Ok(group)
}

/// Those of the given groups that we know.
pub async fn usergroups(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    ids: &BTreeSet<GroupId>,
) -> Result<BTreeMap<GroupId, Usergroup>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sql!(
        tx,
        fetch_all as (GroupId, String, String, bool, i64),
        "SELECT g.id, g.handle, g.name, g.is_disabled, g.checked_at
         FROM json_each($1) j CROSS JOIN usergroup g WHERE g.workspace = $2 AND g.id = j.value ->> 0",
        json!(ids.iter().map(|id| [id]).collect::<Vec<_>>()).to_string(),
        workspace
    )?;
    Ok(rows
        .into_iter()
        .map(|(id, handle, name, is_disabled, checked_at)| {
            let checked_at = Instant::from_millis(checked_at);
            (
                id.clone(),
                Usergroup {
                    id,
                    handle,
                    name,
                    is_disabled,
                    checked_at,
                },
            )
        })
        .collect())
}

/// Every group that we know, by name: those that were thanked or looked up before.
pub async fn all_usergroups(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Vec<Usergroup>, StoreError> {
    let ids: Vec<(GroupId,)> = sql!(
        tx,
        fetch_all as (GroupId,),
        "SELECT id FROM usergroup WHERE workspace = $1 ORDER BY name, id",
        workspace
    )?;
    let ids: Vec<GroupId> = ids.into_iter().map(|(id,)| id).collect();
    let mut known = usergroups(tx, workspace, &ids.iter().cloned().collect()).await?;
    Ok(ids.iter().filter_map(|id| known.remove(id)).collect())
}

/// Stores a group and who is in it from `now` on (those of the first look since ever); who isn't any more was in it until
/// then.
pub async fn remember_usergroup(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    group: &client::Usergroup,
    people: &[UserId],
    now: Instant,
) -> Result<(), StoreError> {
    let only = BTreeSet::from([group.id.clone()]);
    let since = if usergroups(tx, workspace, &only).await?.is_empty() {
        Instant::default()
    } else {
        now
    };
    sql!(
        tx,
        execute "INSERT INTO usergroup (workspace, id, handle, name, is_disabled, checked_at)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (workspace, id) DO UPDATE SET handle = excluded.handle, name = excluded.name,
                    is_disabled = excluded.is_disabled, checked_at = excluded.checked_at",
        workspace,
        &group.id,
        clean(&group.handle),
        clean(&group.name),
        group.date_delete > 0,
        now
    )?;
    let mut people: BTreeSet<&UserId> = people.iter().collect();
    let forgotten = forgotten(tx, workspace, people.iter().copied()).await?;
    people.retain(|id| !forgotten.contains(*id));
    let list = json!(people.iter().map(|id| [id]).collect::<Vec<_>>()).to_string();
    sql!(
        tx,
        execute "UPDATE usergroup_member SET until = $1 WHERE workspace = $2 AND usergroup = $3 AND until IS NULL
                    AND member NOT IN (SELECT value ->> 0 FROM json_each($4))",
        now,
        workspace,
        &group.id,
        &list
    )?;
    sql!(
        tx,
        execute "INSERT INTO usergroup_member (workspace, usergroup, member, since, until)
                 SELECT $1, $2, value ->> 0, $3, NULL FROM json_each($4)
                 WHERE NOT EXISTS (SELECT 1 FROM usergroup_member m WHERE m.workspace = $1 AND m.usergroup = $2
                    AND m.member = value ->> 0 AND m.until IS NULL)
                 ON CONFLICT (workspace, usergroup, member, since) DO UPDATE SET until = NULL",
        workspace,
        &group.id,
        since,
        &list
    )?;
    Ok(())
}

/// Who was in a group at an instant, as far as we saw.
pub async fn usergroup_members(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    group: &GroupId,
    at: Instant,
) -> Result<Vec<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT member FROM usergroup_member WHERE workspace = $1 AND usergroup = $2 AND since <= $3
            AND (until IS NULL OR until > $3) ORDER BY member",
        workspace,
        group,
        at
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}
