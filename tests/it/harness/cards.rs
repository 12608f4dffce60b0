//! What people do with cards and DMs.

use plaudit::base::ids::{ChannelId, UserId};
use plaudit::sandbox::Shown;
use serde_json::Value;

use super::{Person, Story};

/// Whether a message has a button or a menu's option of this label.
fn offers(value: &Value, label: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| offers(item, label)),
        Value::Object(object) => {
            let is_it = object
                .get("text")
                .and_then(|text| text.get("text"))
                .is_some_and(|text| text == label);
            let clickable = object.contains_key("action_id") || object.contains_key("value");
            (is_it && clickable) || object.values().any(|item| offers(item, label))
        }
        _ => false,
    }
}

impl Person<'_> {
    /// Clicks a button on the latest message of a channel that has it; what only they then see.
    pub async fn clicks_in(&self, channel: &str, label: &str) -> String {
        let id = self.story.channel(channel).id;
        self.acts(&id, label, None).await
    }

    /// Chooses from the menu of the latest message of a channel that has it; what only they then see.
    pub async fn chooses_in(&self, channel: &str, option: &str) -> String {
        self.chooses_from(channel, "kudos.menu", option).await
    }

    /// The same from another menu than a card's.
    pub async fn chooses_from(&self, channel: &str, menu: &str, option: &str) -> String {
        let id = self.story.channel(channel).id;
        self.acts(&id, option, Some(menu)).await
    }

    /// Chooses from a menu of the latest message that only this person sees; what that message then says.
    pub async fn chooses(&self, menu: &str, option: &str) -> String {
        let message = self.private();
        let answer = self.story.slack.chooses(&self.id, &message, menu, option).await;
        assert_eq!(answer.status, Some(200), "{answer:?}");
        self.story.settles().await;
        self.story.slack.rendered(&self.private())
    }

    /// Clicks a button on the latest message in their DM with the app that has it; what only they then see.
    pub async fn clicks_in_dm(&self, label: &str) -> String {
        let id = self.story.slack.dm(&self.id).expect("a DM");
        self.acts(&id, label, None).await
    }

    async fn acts(&self, channel: &ChannelId, label: &str, menu: Option<&str>) -> String {
        let messages = self.story.slack.messages(channel);
        let message = messages.iter().rev().find(|message| offers(&message.blocks, label));
        let message = message.unwrap_or_else(|| panic!("nothing offers {label}: {messages:#?}"));
        let before = self.story.slack.ephemeral(&self.id).len();
        let answer = match menu {
            Some(menu) => self.story.slack.chooses(&self.id, message, menu, label).await,
            None => self.story.slack.clicks(&self.id, message, label).await,
        };
        assert_eq!(answer.status, Some(200), "{answer:?}");
        self.story.settles().await;
        let seen = self.story.slack.ephemeral(&self.id);
        let new: Vec<String> = seen[before.min(seen.len())..]
            .iter()
            .map(|shown| self.story.slack.rendered(shown))
            .collect();
        new.join("\n---\n")
    }
}

impl Story {
    /// The first message of a channel.
    pub fn first_in(&self, channel: &str) -> Shown {
        self.channel(channel).messages().remove(0)
    }

    /// The body of a click on *Me too* as Slack sends it, for deliveries that are repeated.
    pub fn me_too_form(&self, who: &UserId, message: &Shown, trigger: &str) -> String {
        let button = message
            .blocks
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|block| block["elements"].as_array().into_iter().flatten())
            .find(|element| element["action_id"] == "kudos.me_too")
            .expect("a button");
        let payload = serde_json::json!({
            "type": "block_actions", "team": { "id": self.slack.workspace() }, "user": { "id": who },
            "trigger_id": trigger, "channel": { "id": message.channel },
            "container": { "type": "message", "message_ts": message.ts, "channel_id": message.channel },
            "actions": [{ "type": "button", "action_id": "kudos.me_too", "block_id": "b", "value": button["value"] }],
        });
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish()
    }
}
