//! Events: their shapes, and which of them the app gets (its manifest's list, its scopes, its membership).

use serde_json::{Value, json};

use super::messages::TOMBSTONE;
use super::methods::user_json;
use super::render;
use super::seen::{Author, Reaction, SharedFile, Shown};
use super::state::{APP, BOT_ID, BOT_USER, Channel, Delivery, Kind, Person, State, TEAM};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};

/// A message as the Web API and message events show it.
pub(super) fn message_json(message: &Shown, with_metadata: bool) -> Value {
    let mut shown = json!({ "type": "message", "ts": message.ts, "text": message.text, "team": TEAM });
    match &message.author {
        Author::Bot => {
            shown["bot_id"] = json!(BOT_ID);
            if message.classic_bot {
                shown["subtype"] = json!("bot_message");
            } else {
                shown["user"] = json!(BOT_USER);
                shown["app_id"] = json!(APP);
                shown["bot_profile"] = json!({ "id": BOT_ID, "app_id": APP, "team_id": TEAM, "deleted": false });
            }
        }
        Author::Person(user) => {
            if message.classic_bot {
                shown["subtype"] = json!("bot_message");
                shown["username"] = json!("webhook");
            } else {
                shown["user"] = json!(user);
            }
            match &message.other_bot {
                Some(bot) => {
                    let app = format!("A{}", bot.trim_start_matches('B'));
                    shown["bot_id"] = json!(bot);
                    shown["app_id"] = json!(app);
                    shown["bot_profile"] = json!({ "id": bot, "app_id": app, "team_id": TEAM, "deleted": false });
                }
                None => shown["client_msg_id"] = json!(client_msg_id(&message.ts)),
            }
        }
    }
    if let Some(subtype) = &message.subtype {
        shown["subtype"] = json!(subtype);
    }
    if message.subtype.as_deref() == Some(TOMBSTONE) {
        shown["hidden"] = json!(true);
        if let Some(object) = shown.as_object_mut() {
            object.remove("client_msg_id");
        }
        shown["thread_ts"] = json!(message.ts);
        return shown;
    }
    if message.blocks.as_array().is_some_and(|blocks| !blocks.is_empty()) {
        shown["blocks"] = message.blocks.clone();
    } else if matches!(message.author, Author::Person(_)) && !message.classic_bot && !message.text.is_empty() {
        shown["blocks"] = render::rich_text(&message.text, &message.ts);
    }
    if let Some(parent) = &message.thread_ts {
        shown["thread_ts"] = json!(parent);
    }
    if message.edited {
        let editor = if let Author::Person(user) = &message.author {
            user.as_str()
        } else {
            BOT_USER
        };
        shown["edited"] = json!({ "user": editor, "ts": message.edited_ts.as_ref().unwrap_or(&message.ts) });
    }
    if !message.files.is_empty() {
        let files: Vec<Value> = message.files.iter().map(file_json).collect();
        shown["files"] = json!(files);
        shown["upload"] = json!(true);
    }
    if !message.reactions.is_empty() {
        shown["reactions"] = reactions_json(&message.reactions);
    }
    if with_metadata && let Some(metadata) = &message.metadata {
        shown["metadata"] = metadata.clone();
    }
    shown
}

/// The id that a person's own client gives to what they write.
fn client_msg_id(ts: &MessageTs) -> String {
    let digits = ts.as_str().replace('.', "");
    format!(
        "00000000-0000-4000-8000-{digits:0>12}",
        digits = &digits[digits.len().saturating_sub(12)..]
    )
}

/// A file as messages and `files.completeUploadExternal` show it. Slack adds previews later.
pub(super) fn file_json(file: &SharedFile) -> Value {
    json!({
        "id": file.id, "name": file.name, "title": file.title, "alt_txt": file.alt_text, "mimetype": file.mimetype,
        "filetype": file.name.rsplit_once('.').map_or("", |(_, ending)| ending), "size": file.bytes.len(),
        "mode": "hosted", "is_external": false,
    })
}

/// What reactions a message has; the list of people is complete here, while Slack may cut it off.
pub(super) fn reactions_json(reactions: &[Reaction]) -> Value {
    let one =
        |reaction: &Reaction| json!({ "name": reaction.name, "users": reaction.users, "count": reaction.users.len() });
    reactions.iter().map(one).collect()
}

impl Channel {
    /// A message with what its thread adds to it.
    pub(super) fn message_json(&self, message: &Shown, with_metadata: bool) -> Value {
        let mut shown = message_json(message, with_metadata);
        let replies: Vec<&Shown> = self.replies(&message.ts).collect();
        if let Some(last) = replies.last() {
            let mut users: Vec<&str> = Vec::new();
            for reply in &replies {
                let user = match &reply.author {
                    Author::Bot => BOT_USER,
                    Author::Person(user) => user.as_str(),
                };
                if !users.contains(&user) {
                    users.push(user);
                }
            }
            shown["thread_ts"] = json!(message.ts);
            shown["reply_count"] = json!(replies.len());
            shown["reply_users_count"] = json!(users.len());
            shown["reply_users"] = json!(users);
            shown["latest_reply"] = json!(last.ts);
            shown["is_locked"] = json!(false);
        }
        let parent = message.thread_ts.as_ref().filter(|parent| **parent != message.ts);
        if let Some(parent) = parent.and_then(|parent| self.messages.iter().find(|other| &other.ts == parent)) {
            let author = match &parent.author {
                Author::Bot => Some(BOT_USER),
                Author::Person(user) => Some(user.as_str()),
            };
            shown["parent_user_id"] = json!(author.filter(|_| !parent.classic_bot));
            if message.subtype.as_deref() == Some("thread_broadcast") {
                shown["root"] = self.message_json(parent, with_metadata);
            }
        }
        shown
    }
}

impl State {
    /// Queues `event` if the app subscribed to `subscription` and has `scope`.
    pub(super) fn emit(&mut self, subscription: &str, scope: &str, event: Value, now: Instant) {
        if self.app.events.contains(subscription) && self.scopes.contains(scope) {
            self.enqueue(event, now);
        }
    }

    /// Wraps `event` in its envelope and queues it whatever the app subscribed to. Returns its `event_id`.
    pub(super) fn enqueue(&mut self, event: Value, now: Instant) -> String {
        let event_id = self.next_id("Ev");
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        let place = event["channel"].as_str().unwrap_or_default().to_owned();
        let shared = self
            .channels
            .get(&ChannelId::from(place.as_str()))
            .is_some_and(|channel| channel.ext_shared);
        let envelope = json!({
            "token": "deprecated", "team_id": TEAM, "context_team_id": TEAM, "context_enterprise_id": null,
            "api_app_id": APP, "event": event, "type": "event_callback", "event_id": event_id,
            "event_time": now.seconds(), "event_context": format!("4-{kind}-{TEAM}-{APP}-{place}"),
            "authorizations": [{
                "enterprise_id": null, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true,
                "is_enterprise_install": false,
            }],
            "is_ext_shared_channel": shared,
        });
        let delivery = Delivery {
            event_id: event_id.clone(),
            kind,
            body: envelope.to_string(),
            retry_num: 0,
            reason: None,
            at: now,
        };
        self.sent_events.insert(event_id.clone(), delivery.clone());
        self.queue.push(delivery);
        event_id
    }

    /// A message as the app is told of it.
    pub(super) fn told(&self, message: &Shown) -> Value {
        match self.channels.get(&message.channel) {
            Some(there) => there.message_json(message, true),
            None => message_json(message, true),
        }
    }

    /// `message.*`, and `app_mention` beside it when the app is mentioned.
    pub(super) fn emit_message(&mut self, message: &Shown, now: Instant) {
        let mut event = self.told(message);
        event["event_ts"] = json!(message.ts);
        self.emit_in(message, event.clone(), now);
        // A mention beside a file may arrive as message/file_share only (bolt-python#925): the harder case is played.
        if message.pings.contains(&UserId::from(BOT_USER)) && message.files.is_empty() {
            self.emit_mention(message, event, now);
        }
    }

    /// In a DM with the app only message.im tells of it.
    fn emit_mention(&mut self, message: &Shown, mut event: Value, now: Instant) {
        let there = self.channels.get(&message.channel);
        if message.author != Author::Bot && there.is_some_and(|there| there.has_app() && there.kind != Kind::Im) {
            event["type"] = json!("app_mention");
            event["channel"] = json!(message.channel);
            self.emit("app_mention", "app_mentions:read", event, now);
        }
    }

    /// A message looks different. Mentioning the app only now tells it so too (bolt-python#925).
    pub(super) fn emit_changed(&mut self, before: &Shown, after: &Shown, event_ts: &MessageTs, now: Instant) {
        let new = self.told(after);
        self.emit_noise(before, new.clone(), event_ts, now);
        let app = UserId::from(BOT_USER);
        if after.pings.contains(&app) && !before.pings.contains(&app) {
            let mut event = new;
            event["event_ts"] = json!(event_ts);
            self.emit_mention(after, event, now);
        }
    }

    /// `message_changed` with this as the new message.
    pub(super) fn emit_noise(&mut self, before: &Shown, new: Value, event_ts: &MessageTs, now: Instant) {
        let event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "ts": event_ts, "event_ts": event_ts,
            "message": new, "previous_message": self.told(before),
        });
        self.emit_in(before, event, now);
    }

    pub(super) fn emit_deleted(&mut self, gone: &Shown, event_ts: &MessageTs, now: Instant) {
        let event = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true, "ts": event_ts, "event_ts": event_ts,
            "deleted_ts": gone.ts, "previous_message": self.told(gone),
        });
        self.emit_in(gone, event, now);
    }

    /// `reaction_added` or `reaction_removed`, where the app is a member.
    pub(super) fn emit_reaction(&mut self, kind: &str, user: &UserId, name: &str, message: &Shown, now: Instant) {
        let Some(there) = self.channels.get_mut(&message.channel).filter(|there| there.has_app()) else {
            return;
        };
        // Slack counts microseconds: no two reactions happen at once.
        let event_ts = there.next_ts(now);
        let mut event = json!({
            "type": kind, "user": user, "reaction": name, "event_ts": event_ts,
            "item": { "type": "message", "channel": message.channel, "ts": message.ts },
        });
        // Of what came through a webhook Slack names no author.
        if !message.classic_bot {
            event["item_user"] = match &message.author {
                Author::Bot => json!(BOT_USER),
                Author::Person(user) => json!(user),
            };
        }
        self.emit(kind, "reactions:read", event, now);
    }

    /// A message event of the channel's kind, if the app is a member there.
    fn emit_in(&mut self, message: &Shown, mut event: Value, now: Instant) {
        let Some(channel) = self.channels.get(&message.channel).filter(|channel| channel.has_app()) else {
            return;
        };
        let kind = channel.kind;
        event["channel"] = json!(message.channel);
        event["channel_type"] = json!(kind.channel_type());
        let subscription = if kind == Kind::Im {
            "message.im".into()
        } else {
            format!("message.{}", kind.family())
        };
        self.emit(&subscription, &format!("{}:history", kind.family()), event, now);
    }

    /// `team_join` or `user_change`.
    pub(super) fn emit_person(&mut self, kind: &str, person: &Person, now: Instant) {
        let with_email = self.scopes.contains("users:read.email");
        let event = json!({
            "type": kind, "user": user_json(person, now, with_email, true), "cache_ts": now.seconds(),
            "event_ts": event_ts(now),
        });
        self.emit(kind, "users:read", event, now);
    }

    /// `member_joined_channel` or `member_left_channel`, of which the app hears where it is a member.
    pub(super) fn emit_membership(&mut self, kind: &str, user: &UserId, channel: &ChannelId, now: Instant) {
        let Some(there) = self.channels.get(channel).filter(|channel| channel.has_app()) else {
            return;
        };
        let letter = if there.kind == Kind::Public { "C" } else { "G" };
        let scope = format!("{}:read", there.kind.family());
        let event = json!({
            "type": kind, "user": user, "channel": channel, "channel_type": letter, "team": TEAM,
            "event_ts": event_ts(now),
        });
        self.emit(kind, &scope, event, now);
    }

    /// `channel_archive` and its like; the private twin is called `group_…`.
    pub(super) fn emit_about_channel(&mut self, what: &str, channel: &Channel, mut fields: Value, now: Instant) {
        let private = channel.kind == Kind::Private;
        let kind = format!("{}_{what}", if private { "group" } else { "channel" });
        fields["type"] = json!(kind);
        fields["event_ts"] = json!(event_ts(now));
        self.emit(&kind, &format!("{}:read", channel.kind.family()), fields, now);
    }
}

pub(super) fn event_ts(now: Instant) -> String {
    format!("{}.{:03}000", now.seconds(), now.millis().rem_euclid(1000))
}
