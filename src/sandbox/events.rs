//! Events: their shapes, and which of them the app gets (its manifest's list, its scopes, its membership).

use serde_json::{Value, json};

use super::methods::user_json;
use super::seen::{Author, Shown};
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
        Author::Person(user) => shown["user"] = json!(user),
    }
    if message.blocks.as_array().is_some_and(|blocks| !blocks.is_empty()) {
        shown["blocks"] = message.blocks.clone();
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
        shown["edited"] = json!({ "user": editor, "ts": message.ts });
    }
    if with_metadata && let Some(metadata) = &message.metadata {
        shown["metadata"] = metadata.clone();
    }
    shown
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

    /// `message.*`, and `app_mention` beside it when a person mentions the app.
    pub(super) fn emit_message(&mut self, message: &Shown, now: Instant) {
        let mut event = message_json(message, true);
        event["event_ts"] = json!(message.ts);
        self.emit_in(message, event.clone(), now);
        let mentioned = message.author != Author::Bot && message.pings.contains(&UserId::from(BOT_USER));
        let there = self.channels.get(&message.channel);
        // In a DM with the app only message.im tells of it.
        if mentioned && there.is_some_and(|channel| channel.has_app() && channel.kind != Kind::Im) {
            event["type"] = json!("app_mention");
            event["channel"] = json!(message.channel);
            self.emit("app_mention", "app_mentions:read", event, now);
        }
    }

    pub(super) fn emit_changed(&mut self, before: &Shown, after: &Shown, event_ts: &MessageTs, now: Instant) {
        let mut new = message_json(after, true);
        new["edited"]["ts"] = json!(event_ts);
        let event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "ts": event_ts, "event_ts": event_ts,
            "message": new, "previous_message": message_json(before, true),
        });
        self.emit_in(after, event, now);
    }

    pub(super) fn emit_deleted(&mut self, gone: &Shown, event_ts: &MessageTs, now: Instant) {
        let event = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true, "ts": event_ts, "event_ts": event_ts,
            "deleted_ts": gone.ts, "previous_message": message_json(gone, true),
        });
        self.emit_in(gone, event, now);
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

fn event_ts(now: Instant) -> String {
    format!("{}.{:03}000", now.seconds(), now.millis().rem_euclid(1000))
}
