//! Who people are.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use serde_json::json;

use super::forgotten::{forgotten, nobody};
use crate::base::calendar::parse_zone;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, UserId, WorkspaceId};
use crate::base::text::{clean, fold};
use crate::slack::inbound::User;
use crate::store::{StoreError, Tx, sql};

/// A person (or app) of a workspace, as we last heard of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Slack's id.
    pub id: UserId,
    /// The name to write: display name, else full name, else handle.
    pub name: String,
    /// The full name, else the handle: for telling two people of one name apart.
    pub full_name: String,
    /// What stands after `@`.
    pub handle: String,
    /// Their zone; `None` when Slack doesn't say.
    pub zone: Option<Tz>,
    /// An app or workflow, Slackbot included.
    pub is_bot: bool,
    /// No longer in the workspace.
    pub is_deleted: bool,
    /// From another company: seen in a shared channel, or not even there.
    pub is_stranger: bool,
    /// An admin or owner of the workspace.
    pub is_admin: bool,
    /// Whether and how they are a guest.
    pub guest: Guest,
    /// The app's direct message with them, once it was opened.
    pub dm: Option<ChannelId>,
    /// Asked to be forgotten: nothing is known of them, and nothing may be.
    pub is_forgotten: bool,
    /// What they have chosen.
    pub choices: Choices,
}

/// What a person has chosen for themselves; honoured on every surface. The defaults are what nobody has to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// *Announce my thanks*: only to me. Words given to them stand on no card and are quoted nowhere.
    pub is_private: bool,
    /// *Show me on boards, digest and screens*: no.
    pub is_unlisted: bool,
    /// No direct message when somebody thanks them.
    pub wants_no_dms: bool,
    /// On leave; set by themselves or by a lead.
    pub is_away: bool,
}

/// Stores what a person has chosen. False if nobody of that id is known.
pub async fn choose(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    choices: Choices,
) -> Result<bool, StoreError> {
    let found = sql!(
        tx,
        execute "UPDATE member SET is_private = $1, is_unlisted = $2, wants_no_dms = $3, is_away = $4
                 WHERE workspace = $5 AND id = $6",
        choices.is_private,
        choices.is_unlisted,
        choices.wants_no_dms,
        choices.is_away,
        workspace,
        member
    )?;
    Ok(found > 0)
}

impl Member {
    /// Whether this is a person of this workspace who is still here.
    pub fn can_be_thanked(&self) -> bool {
        !self.is_bot && !self.is_deleted && !self.is_stranger && !self.is_forgotten
    }

    /// Whether the app tells them by DM that they were thanked. It doesn't write to other companies.
    pub fn gets_dms(&self) -> bool {
        self.can_be_thanked() && !self.choices.wants_no_dms
    }
}

/// Guests are people like others; a setting may leave single-channel guests out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// A full member.
    No,
    /// A guest of several channels.
    Multi,
    /// A guest of one channel.
    Single,
}

impl Guest {
    const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Multi => "multi",
            Self::Single => "single",
        }
    }

    fn of(user: &User) -> Self {
        match (user.is_ultra_restricted, user.is_restricted) {
            (true, _) => Self::Single,
            (false, true) => Self::Multi,
            (false, false) => Self::No,
        }
    }
}

/// Stores what Slack says of these users, unless we know something newer. `first_seen_at` counts for those not known
/// yet: the epoch for the first complete list (here since ever), otherwise now.
pub async fn upsert(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    users: &[User],
    first_seen_at: Instant,
) -> Result<(), StoreError> {
    // Sorted and each once: two processes never wait for each other, and an upsert may name a key once only.
    let mut users: BTreeMap<&UserId, &User> = users.iter().map(|user| (&user.id, user)).collect();
    if users.is_empty() {
        return Ok(());
    }
    let forgotten = forgotten(tx, workspace, users.keys().copied()).await?;
    users.retain(|id, _| !forgotten.contains(*id));
    let rows: Vec<_> = users
        .values()
        .map(|user| {
            json!([
                user.id,
                clean(&user.name),
                clean(&user.profile.display_name),
                clean(user.full_name()),
                user.tz.as_deref().unwrap_or(""),
                Guest::of(user).name(),
                user.is_app(),
                user.deleted,
                user.is_stranger || user.is_of_another_company(workspace),
                user.is_admin || user.is_owner,
                user.updated.unwrap_or(0),
            ])
        })
        .collect();
    // Of two states, the newer one stays, also when they arrive at the same time; one without a date counts as new.
    let newer: BTreeSet<UserId> = sql!(
        tx,
        fetch_all as (UserId,),
        "INSERT INTO member (workspace, id, handle, display_name, real_name, timezone, guest, is_bot,
                    is_deleted, is_stranger, is_admin, updated, first_seen_at, dm)
                 SELECT $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                    CAST(value ->> 6 AS BOOLEAN), CAST(value ->> 7 AS BOOLEAN), CAST(value ->> 8 AS BOOLEAN),
                    CAST(value ->> 9 AS BOOLEAN), CAST(value ->> 10 AS BIGINT), $2, NULL
                 FROM json_each($3) WHERE true
                 ON CONFLICT (workspace, id) DO UPDATE SET handle = excluded.handle,
                    display_name = excluded.display_name, real_name = excluded.real_name,
                    timezone = excluded.timezone, guest = excluded.guest, is_bot = excluded.is_bot,
                    is_deleted = excluded.is_deleted, is_stranger = excluded.is_stranger,
                    is_admin = excluded.is_admin, updated = excluded.updated
                 WHERE excluded.updated = 0 OR member.updated <= excluded.updated
                 RETURNING id",
        workspace,
        first_seen_at,
        json!(rows).to_string()
    )?
    .into_iter()
    .map(|(id,)| id)
    .collect();
    sql!(
        tx,
        execute "DELETE FROM member_name WHERE workspace = $1
                    AND member IN (SELECT value ->> 0 FROM json_each($2))",
        workspace,
        json!(newer.iter().map(|id| [id]).collect::<Vec<_>>()).to_string()
    )?;
    let mut names: BTreeMap<(String, &UserId), bool> = BTreeMap::new();
    for (id, user) in users.iter().filter(|(id, _)| newer.contains(**id)) {
        let full = clean(user.full_name());
        let first = full.split_whitespace().next().unwrap_or("");
        for (name, exact) in [
            (first, false),
            (&clean(&user.name), true),
            (&full, true),
            (&clean(&user.profile.display_name), true),
        ] {
            let name = fold(name);
            if !name.is_empty() {
                *names.entry((name, id)).or_default() |= exact;
            }
        }
    }
    let rows: Vec<_> = names
        .iter()
        .map(|((name, id), exact)| json!([name, id, exact]))
        .collect();
    sql!(
        tx,
        execute "INSERT INTO member_name (workspace, name, member, is_exact)
                 SELECT $1, value ->> 0, value ->> 1, CAST(value ->> 2 AS BOOLEAN) FROM json_each($2) WHERE true
                 ON CONFLICT (workspace, name, member) DO UPDATE SET is_exact = excluded.is_exact",
        workspace,
        json!(rows).to_string()
    )?;
    Ok(())
}

/// Those of the given people that we know; who asked to be forgotten is among them, without anything but that.
pub async fn members(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    ids: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, Member>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    type Row = (
        UserId,
        String,
        String,
        String,
        String,
        String,
        bool,
        bool,
        bool,
        bool,
        Option<ChannelId>,
        bool,
        bool,
        bool,
        bool,
    );
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT m.id, m.handle, m.display_name, m.real_name, m.timezone, m.guest, m.is_bot, m.is_deleted,
            m.is_stranger, m.is_admin, m.dm, m.is_private, m.is_unlisted, m.wants_no_dms, m.is_away
         FROM jsonb_each($1) j CROSS JOIN member m WHERE m.workspace = $2 AND m.id = j.value ->> 0",
        json!(ids.iter().map(|id| [id]).collect::<Vec<_>>()).to_string(),
        workspace
    )?;
    let mut known: BTreeMap<UserId, Member> = rows
        .into_iter()
        .map(
            |(
                id,
                handle,
                display,
                real,
                zone,
                guest,
                is_bot,
                is_deleted,
                is_stranger,
                is_admin,
                dm,
                is_private,
                is_unlisted,
                wants_no_dms,
                is_away,
            )| {
                let first = |names: [&String; 3]| {
                    names
                        .into_iter()
                        .find(|name| !name.trim().is_empty())
                        .cloned()
                        .unwrap_or_default()
                };
                let name = first([&display, &real, &handle]);
                let full_name = first([&real, &display, &handle]);
                let guest = match guest.as_str() {
                    "multi" => Guest::Multi,
                    "single" => Guest::Single,
                    _ => Guest::No,
                };
                let zone = parse_zone(&zone);
                (
                    id.clone(),
                    Member {
                        id,
                        name,
                        full_name,
                        handle,
                        zone,
                        is_bot,
                        is_deleted,
                        is_stranger,
                        is_admin,
                        guest,
                        dm,
                        is_forgotten: false,
                        choices: Choices {
                            is_private,
                            is_unlisted,
                            wants_no_dms,
                            is_away,
                        },
                    },
                )
            },
        )
        .collect();
    let unknown: Vec<&UserId> = ids.iter().filter(|id| !known.contains_key(*id)).collect();
    for id in forgotten(tx, workspace, unknown).await? {
        known.insert(id.clone(), nobody(id));
    }
    Ok(known)
}

/// Everybody we know: people, apps, who left, strangers.
pub async fn everybody(tx: &mut Tx, workspace: &WorkspaceId) -> Result<BTreeMap<UserId, Member>, StoreError> {
    let ids: Vec<(UserId,)> = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT id FROM member WHERE workspace = $1",
        workspace
    )?;
    members(tx, workspace, &ids.into_iter().map(|(id,)| id).collect()).await
}

/// Since when everybody is known; the epoch for those found by the first complete list.
pub async fn first_seen(tx: &mut Tx, workspace: &WorkspaceId) -> Result<BTreeMap<UserId, Instant>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId, Instant),
        "SELECT id, first_seen_at FROM member WHERE workspace = $1",
        workspace
    )?;
    Ok(rows.into_iter().collect())
}

/// Who answers to these folded names, as `(name, member, exact)`; people who left are not found by name.
pub async fn find_by_names(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    names: &[String],
) -> Result<Vec<(String, UserId, bool)>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let names: BTreeSet<&String> = names.iter().collect();
    sql!(
        tx,
        fetch_all as (String, UserId, bool),
        "SELECT n.name, n.member, n.is_exact
         FROM jsonb_each($1) j CROSS JOIN member_name n CROSS JOIN member m
         WHERE n.workspace = $2 AND n.name = j.value ->> 0 AND m.workspace = n.workspace AND m.id = n.member
            AND NOT m.is_deleted ORDER BY n.name, n.member",
        json!(names.iter().map(|name| [name]).collect::<Vec<_>>()).to_string(),
        workspace
    )
}

/// Remembers the app's direct message with a person.
pub async fn remember_dm(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    dm: &ChannelId,
) -> Result<(), StoreError> {
    sql!(tx, execute "UPDATE member SET dm = $1 WHERE workspace = $2 AND id = $3", dm, workspace, member)?;
    Ok(())
}
