//! Slack's own menus: shortcuts of the app, global and at messages.

use serde_json::json;

use super::events::event_ts;
use super::seen::{Answer, Shown};
use super::state::{Kind, State};
use super::{Guest, Sandbox, Shortcut};
use crate::base::ids::UserId;

impl State {
    fn shortcuts(&self, user: &UserId, message: Option<&Shown>) -> Vec<Shortcut> {
        let offered = self.people.get(user).is_some_and(|person| {
            let single = person.it.guest == Guest::SingleChannel && message.is_none();
            person.it.other_team.is_none() && !person.it.deleted && !single
        });
        let ephemeral = message.is_some_and(|message| message.only_for.is_some());
        if !offered || ephemeral || !self.scopes.contains("commands") || self.app.interactivity_path.is_none() {
            return Vec::new();
        }
        let mut list = self.app.shortcuts.clone();
        list.retain(|shortcut| shortcut.of_messages == message.is_some());
        list
    }
}

impl Sandbox {
    /// The shortcuts that Slack offers a person: at that message, or without one the global ones. None at ephemeral
    /// messages, none for people of other workspaces, no global ones for guests of a single channel.
    pub fn shortcuts(&self, user: &UserId, message: Option<&Shown>) -> Vec<Shortcut> {
        self.with(|state| state.shortcuts(user, message))
    }

    /// A person uses a global shortcut, by name or callback_id: no place, no response_url.
    pub async fn uses_shortcut(&self, user: &UserId, shortcut: &str) -> Answer {
        self.shortcut(user, None, shortcut).await
    }

    /// A person uses a shortcut at a message: the app gets the whole message, and a response_url that answers in the
    /// message's place.
    pub async fn uses_message_shortcut(&self, user: &UserId, message: &Shown, shortcut: &str) -> Answer {
        self.shortcut(user, Some(message), shortcut).await
    }

    async fn shortcut(&self, user: &UserId, message: Option<&Shown>, name: &str) -> Answer {
        let now = self.now();
        let place = message.map(|message| &message.channel);
        let opening = self.opening("app", user, place, None, now);
        let prepared = self.with(|state| {
            let offered = state.shortcuts(user, message).into_iter();
            let used = offered.into_iter().find(|it| it.name == name || it.callback_id == name);
            let used = used.ok_or_else(|| format!("no shortcut {name} is offered"))?;
            let mut fields = json!({ "callback_id": used.callback_id, "action_ts": event_ts(now) });
            let mut kind = "shortcut";
            if let Some(message) = message {
                let current = state.as_seen_by(user, message)?;
                kind = "message_action";
                fields["message_ts"] = json!(current.ts);
                fields["message"] = state.told(&current);
                fields["channel"] = state.place_json(&current.channel);
                fields["response_url"] = json!(opening.response_url.as_str());
            }
            state.interaction(kind, user, &opening, fields)
        });
        let seen = self.interact(opening, prepared).await;
        if seen.error.is_none() && !seen.body.is_empty() {
            self.with(|state| state.note(format!("a shortcut was answered with a body: {}", seen.body)));
        }
        self.settled().await;
        seen
    }
}

impl State {
    /// A conversation as interactive payloads name it.
    pub(super) fn place_json(&self, channel: &crate::base::ids::ChannelId) -> serde_json::Value {
        let name = self.channels.get(channel).map_or("", |there| match there.kind {
            Kind::Im => "directmessage",
            Kind::Private => "privategroup",
            _ => there.name.as_str(),
        });
        json!({ "id": channel, "name": name })
    }
}
