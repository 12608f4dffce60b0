//! The workspace's people and places, and how they change.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Sandbox;
use super::state::{BOT_USER, Channel, Group, Kind};
use crate::base::ids::{ChannelId, GroupId, UserId};

/// Whether a person is a guest of the workspace, and of which kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guest {
    /// A full member.
    #[default]
    No,
    /// `is_restricted`.
    MultiChannel,
    /// `is_ultra_restricted` and `is_restricted`.
    SingleChannel,
}

/// A person as they are in Slack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewPerson {
    /// Slack's `name`, typed after `@`. Lower case, unique.
    pub handle: String,
    /// May be empty, as in Slack.
    pub display_name: String,
    /// Empty: the handle.
    pub real_name: String,
    /// `profile.title`: what the person does, as shown beside the name. May be empty.
    pub title: String,
    /// `None` as for Slackbot. Default UTC.
    pub tz: Option<Tz>,
    /// As `include_locale` shows it. Default `en-US`.
    pub locale: String,
    /// Shown only to apps with `users:read.email`.
    pub email: Option<String>,
    /// Another app's bot user.
    pub is_bot: bool,
    /// A workflow's bot.
    pub workflow_bot: bool,
    /// Invited and not yet signed in.
    pub invited: bool,
    /// The kind of guest.
    pub guest: Guest,
    /// Deactivated.
    pub deleted: bool,
    /// `is_admin`.
    pub admin: bool,
    /// The workspace's owner; owners are admins.
    pub owner: bool,
    /// The id of the workspace of someone seen through Slack Connect: in `users.info`, not in `users.list`.
    pub other_team: Option<String>,
    /// The app may not write to them (`user_not_visible`).
    pub hidden_from_app: bool,
}

impl Default for NewPerson {
    fn default() -> Self {
        Self {
            handle: String::new(),
            display_name: String::new(),
            real_name: String::new(),
            title: String::new(),
            tz: Some(Tz::UTC),
            locale: "en-US".to_owned(),
            email: None,
            is_bot: false,
            workflow_bot: false,
            invited: false,
            guest: Guest::No,
            deleted: false,
            admin: false,
            owner: false,
            other_team: None,
            hidden_from_app: false,
        }
    }
}

/// A channel as it is in Slack.
#[derive(Clone, Debug, Default)]
pub struct NewChannel {
    /// Without `#`.
    pub name: String,
    /// Seen by its members only.
    pub private: bool,
    /// Nobody can post.
    pub archived: bool,
    /// Shared with another company through Slack Connect.
    pub ext_shared: bool,
    /// Whether the app is a member.
    pub with_app: bool,
    /// The people in it.
    pub members: Vec<UserId>,
}

impl Sandbox {
    /// Adds a person without any event. See [`Sandbox::join`] for one who comes later.
    pub fn add_person(&self, person: NewPerson) -> UserId {
        let now = self.now();
        self.with(|state| {
            let id = UserId(state.next_id("U"));
            state.put_person(id.clone(), person, now);
            id
        })
    }

    /// Adds a channel without any event.
    pub fn add_channel(&self, channel: NewChannel) -> ChannelId {
        let now = self.now();
        let mut members: BTreeSet<UserId> = channel.members.into_iter().collect();
        if channel.with_app {
            members.insert(BOT_USER.into());
        }
        let kind = if channel.private { Kind::Private } else { Kind::Public };
        self.with(|state| {
            let id = state.put_channel(&channel.name, kind, members, now);
            if let Some(there) = state.channels.get_mut(&id) {
                there.archived = channel.archived;
                there.ext_shared = channel.ext_shared;
            }
            id
        })
    }

    /// Adds a direct message among people only: of two, or of several.
    pub fn add_dm(&self, people: &[UserId]) -> ChannelId {
        let now = self.now();
        let kind = if people.len() > 2 { Kind::Mpim } else { Kind::Im };
        self.with(|state| state.put_channel("", kind, people.iter().cloned().collect(), now))
    }

    /// The app's direct message with a person, opened now if it never was, as when the person writes first.
    pub fn open_dm(&self, user: &UserId) -> ChannelId {
        let now = self.now();
        self.with(|state| state.open_dm(user, now))
    }

    /// Adds a user group without any event.
    pub fn add_usergroup(&self, handle: &str, name: &str, users: &[UserId]) -> GroupId {
        self.with(|state| {
            let id = GroupId(state.next_id("S"));
            let group = Group {
                id: id.clone(),
                handle: handle.to_owned(),
                name: name.to_owned(),
                users: users.to_vec(),
                disabled_at: None,
            };
            state.groups.insert(id.clone(), group);
            id
        })
    }

    /// The user group with that handle, without `@`.
    pub fn usergroup(&self, handle: &str) -> Option<GroupId> {
        let named = |group: &&Group| group.handle == handle;
        self.with(|state| state.groups.values().find(named).map(|group| group.id.clone()))
    }

    /// Disables a user group without any event.
    pub fn disable_usergroup(&self, group: &GroupId) {
        let now = self.now();
        self.with(|state| {
            if let Some(group) = state.groups.get_mut(group) {
                group.disabled_at = Some(now);
            }
        });
    }

    /// The person with that handle.
    pub fn person(&self, handle: &str) -> Option<UserId> {
        self.with(|state| {
            state
                .people
                .values()
                .find(|person| person.it.handle == handle)
                .map(|person| person.id.clone())
        })
    }

    /// The channel with that name, without `#`.
    pub fn channel(&self, name: &str) -> Option<ChannelId> {
        let named = |channel: &&Channel| !channel.name.is_empty() && channel.name == name;
        self.with(|state| state.channels.values().find(named).map(|channel| channel.id.clone()))
    }

    /// The name that people see for a person; the id for an unknown one.
    pub fn name_of(&self, user: &UserId) -> String {
        self.with(|state| {
            state
                .people
                .get(user)
                .map_or_else(|| user.to_string(), |p| super::render::name(p).to_owned())
        })
    }

    /// A place as people speak of it: `#support`, or `DM with Dana`.
    pub fn place_of(&self, channel: &ChannelId) -> String {
        let Some((name, members)) = self.with(|state| {
            state
                .channels
                .get(channel)
                .map(|there| (there.name.clone(), there.members.iter().cloned().collect::<Vec<_>>()))
        }) else {
            return channel.to_string();
        };
        if !name.is_empty() {
            return format!("#{name}");
        }
        let bot = self.bot_user();
        let names: Vec<String> = members
            .iter()
            .filter(|id| **id != bot)
            .map(|id| self.name_of(id))
            .collect();
        format!("DM with {}", names.join(" and "))
    }

    /// The app's direct message with that person, if it was ever opened.
    pub fn dm(&self, user: &UserId) -> Option<ChannelId> {
        self.with(|state| state.dm_with(user))
    }

    /// Someone new comes: `team_join`.
    pub async fn join(&self, person: NewPerson) -> UserId {
        let id = self.add_person(person);
        self.tell_of(&id, "team_join").await;
        id
    }

    /// A person changes: `user_change`. Nothing happens for an unknown id.
    pub async fn change_person(&self, user: &UserId, change: impl FnOnce(&mut NewPerson)) {
        self.change_person_unheard(user, change);
        self.tell_of(user, "user_change").await;
    }

    /// A person changes and the event is lost, as events are at times.
    pub fn change_person_unheard(&self, user: &UserId, change: impl FnOnce(&mut NewPerson)) {
        let now = self.now();
        self.with(|state| {
            if let Some(person) = state.people.get_mut(user) {
                change(&mut person.it);
                person.updated = now;
            }
        });
    }

    /// A person leaves the company: `user_change` with `deleted`.
    pub async fn deactivate(&self, user: &UserId) {
        self.change_person(user, |person| person.deleted = true).await;
    }

    async fn tell_of(&self, user: &UserId, kind: &str) {
        let now = self.now();
        self.with(|state| {
            if let Some(person) = state.people.get(user).cloned() {
                state.emit_person(kind, &person, now);
            }
        });
        self.settled().await;
    }

    /// `/invite @app`: `member_joined_channel` about the app itself.
    pub async fn invite_app(&self, channel: &ChannelId) {
        self.joins_channel(&BOT_USER.into(), channel).await;
    }

    /// The app is taken out of a channel: `channel_left` or `group_left`.
    pub async fn remove_app(&self, channel: &ChannelId) {
        let bot = UserId::from(BOT_USER);
        self.about_channel(channel, "left", |channel| {
            channel.members.remove(&bot);
            json!({ "channel": channel.id, "actor_id": "USLACKBOT" })
        })
        .await;
    }

    /// Somebody joins a channel; the app hears of it where it is a member.
    pub async fn joins_channel(&self, user: &UserId, channel: &ChannelId) {
        let now = self.now();
        self.with(|state| {
            let new = state
                .channels
                .get_mut(channel)
                .is_some_and(|channel| channel.members.insert(user.clone()));
            if new {
                state.emit_membership("member_joined_channel", user, channel, now);
            }
        });
        self.settled().await;
    }

    /// Somebody leaves a channel; the app hears of it where it is a member.
    pub async fn leaves_channel(&self, user: &UserId, channel: &ChannelId) {
        let now = self.now();
        self.with(|state| {
            let gone = state
                .channels
                .get_mut(channel)
                .is_some_and(|channel| channel.members.remove(user));
            if gone {
                state.emit_membership("member_left_channel", user, channel, now);
            }
        });
        self.settled().await;
    }

    /// `channel_archive` or `group_archive`.
    pub async fn archive(&self, channel: &ChannelId) {
        self.about_channel(channel, "archive", |channel| {
            channel.archived = true;
            json!({ "channel": channel.id, "user": "USLACKBOT", "is_moved": 0 })
        })
        .await;
    }

    /// `channel_unarchive` or `group_unarchive`.
    pub async fn unarchive(&self, channel: &ChannelId) {
        self.about_channel(channel, "unarchive", |channel| {
            channel.archived = false;
            json!({ "channel": channel.id, "user": "USLACKBOT" })
        })
        .await;
    }

    /// `channel_rename` or `group_rename`.
    pub async fn rename(&self, channel: &ChannelId, name: &str) {
        self.about_channel(channel, "rename", |channel| {
            let before = std::mem::replace(&mut channel.name, name.to_owned());
            channel.previous_names.push(before);
            json!({ "channel": {
                "id": channel.id, "name": name, "name_normalized": name, "created": channel.created.seconds(),
                "is_channel": channel.kind == Kind::Public, "is_mpim": false,
            }})
        })
        .await;
    }

    /// The channel becomes shared with another company: `channel_shared`.
    pub async fn share(&self, channel: &ChannelId, other_team: &str) {
        self.about_channel(channel, "shared", |channel| {
            channel.ext_shared = true;
            json!({ "connected_team_id": other_team, "channel": channel.id })
        })
        .await;
    }

    /// Changes a channel and tells the app if it was a member before.
    async fn about_channel(&self, id: &ChannelId, what: &str, change: impl FnOnce(&mut Channel) -> serde_json::Value) {
        let now = self.now();
        self.with(|state| {
            let Some(channel) = state.channels.get_mut(id) else {
                return;
            };
            let heard = channel.has_app();
            let fields = change(channel);
            let channel = channel.clone();
            if heard {
                state.emit_about_channel(what, &channel, fields, now);
            }
        });
        self.settled().await;
    }
}
