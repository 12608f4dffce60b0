//! The names of people and teams, as far as they are known.

use std::collections::{BTreeMap, HashMap};

use super::messages::Names;
use crate::base::ids::{GroupId, UserId};
use crate::slack::errors::ApiError;
use crate::workspace::{Member, Usergroup};

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
