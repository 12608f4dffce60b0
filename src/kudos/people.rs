//! The names of people and teams, as far as they are known.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono_tz::Tz;

use super::Receiver;
use super::messages::Names;
use crate::base::ids::{GroupId, UserId};
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::{workspace_zone, zone_of};
use crate::workspace::{self, Ctx, Member, Settings, Usergroup};

/// What to write for people and teams.
pub struct People<'a> {
    members: &'a BTreeMap<UserId, Member>,
    groups: &'a BTreeMap<GroupId, Usergroup>,
    labels: HashMap<UserId, String>,
    group_labels: HashMap<GroupId, String>,
}

impl<'a> People<'a> {
    /// From what is known of members and teams.
    pub fn new(members: &'a BTreeMap<UserId, Member>, groups: &'a BTreeMap<GroupId, Usergroup>) -> Self {
        Self {
            members,
            groups,
            labels: HashMap::new(),
            group_labels: HashMap::new(),
        }
    }

    /// The names that Slack sent with mentions serve for those whom we don't know.
    #[must_use]
    pub(super) fn labelled(mut self, labels: HashMap<UserId, String>, groups: HashMap<GroupId, String>) -> Self {
        self.labels = labels;
        self.group_labels = groups;
        self
    }
}

impl Names for People<'_> {
    fn name(&self, id: &UserId) -> String {
        self.members
            .get(id)
            .map(|member| member.name.clone())
            .or_else(|| self.labels.get(id).cloned())
            .unwrap_or_else(|| "your colleague".to_owned())
    }

    fn giver(&self, id: &UserId) -> String {
        match self.members.get(id) {
            Some(member) if member.is_forgotten => "Somebody".to_owned(),
            _ => self.name(id),
        }
    }

    fn keeps_thanks_private(&self, id: &UserId) -> bool {
        self.members.get(id).is_some_and(|member| member.choices.is_private)
    }

    fn gets_dms(&self, id: &UserId) -> bool {
        // Who isn't known yet is asked about before the DM goes out.
        self.members.get(id).is_none_or(Member::gets_dms)
    }

    fn full_name(&self, id: &UserId) -> String {
        self.members.get(id).map_or_else(
            || self.name(id),
            |member| format!("{} (@{})", member.full_name, member.handle),
        )
    }

    fn group_name(&self, id: &GroupId) -> String {
        self.groups
            .get(id)
            .map(|group| {
                if group.name.trim().is_empty() {
                    group.handle.clone()
                } else {
                    group.name.clone()
                }
            })
            .or_else(|| self.group_labels.get(id).map(|handle| format!("@{handle}")))
            .unwrap_or_else(|| "your team".to_owned())
    }
}

/// Slack's ways to say that there is no such person here.
pub(super) fn is_nobody(error: &ApiError) -> bool {
    matches!(
        error.code(),
        Some("user_not_found" | "user_not_visible" | "users_not_found")
    )
}

/// The zone of a person, and the workspace's.
pub(super) async fn zones(ctx: &Ctx, settings: &Settings, person: &UserId) -> Result<(Tz, Tz), StoreError> {
    let mut people = BTreeSet::from([person.clone()]);
    people.extend(settings.stewards.first().cloned());
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &people).await)
        .await?;
    Ok((zone_of(settings, &known, person), workspace_zone(settings, &known)))
}

/// What is known of people and teams.
pub(super) type Known = (BTreeMap<UserId, Member>, BTreeMap<GroupId, Usergroup>);

/// What is known of those who are thanked.
pub(super) async fn known_of(ctx: &Ctx, receivers: &[Receiver]) -> Result<Known, StoreError> {
    let people: BTreeSet<UserId> = receivers.iter().filter_map(Receiver::member).cloned().collect();
    let teams: BTreeSet<GroupId> = receivers.iter().filter_map(Receiver::group).cloned().collect();
    let id = &ctx.workspace.id;
    ctx.db
        .read(async |tx: &mut Tx| {
            Ok((
                workspace::members(tx, id, &people).await?,
                workspace::usergroups(tx, id, &teams).await?,
            ))
        })
        .await
}

/// Why nobody could be asked about: Slack's fault, or ours.
#[derive(Debug)]
pub(super) enum Unasked {
    Slack(ApiError),
    Store(StoreError),
}

/// Asks Slack who somebody is, within `deadline` in real time, and keeps it; `None` if there is nobody of that id.
pub(super) async fn ask_about(ctx: &Ctx, id: &UserId, deadline: Duration) -> Result<Option<Member>, Unasked> {
    let user = match ctx.slack.users_info(id, deadline).await {
        Ok(user) => user,
        Err(error) if is_nobody(&error) => return Ok(None),
        Err(error) => return Err(Unasked::Slack(error)),
    };
    let (workspace, only, now) = (ctx.workspace.id.clone(), BTreeSet::from([id.clone()]), ctx.clock.now());
    let members: Result<_, StoreError> = ctx
        .db
        .write(async move |tx: &mut Tx| {
            workspace::upsert(tx, &workspace, std::slice::from_ref(&user), now).await?;
            workspace::members(tx, &workspace, &only).await
        })
        .await;
    Ok(members.map_err(Unasked::Store)?.remove(id))
}
