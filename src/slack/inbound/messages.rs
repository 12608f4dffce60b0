//! Messages and reactions, as events tell of them.

use serde::Deserialize;
use serde_json::Value;

use super::{or_default, text};
use crate::base::ids::{ChannelId, MessageTs, UserId};

/// A message, in an event or with a shortcut. Slack sends the same post as `message` and, where it mentions the app, as
/// `app_mention`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MessageEvent {
    /// Where; empty where the surrounding event says it.
    #[serde(deserialize_with = "or_default")]
    pub channel: ChannelId,
    /// `channel`, `group`, `im`, `mpim`, `app_home`; empty in `app_mention`.
    #[serde(deserialize_with = "or_default")]
    pub channel_type: String,
    /// Who wrote it; `None` for webhooks and the like.
    pub user: Option<UserId>,
    /// The app that wrote it, or through which a person wrote it.
    pub bot_id: Option<String>,
    /// Slack's name of the company whose person wrote it, in shared channels.
    pub user_team: Option<String>,
    /// `file_share`, `me_message`, `thread_broadcast`, `bot_message`, …; `None` for a plain one.
    pub subtype: Option<String>,
    /// With Slack's markup.
    #[serde(deserialize_with = "or_default")]
    pub text: String,
    /// What names it in its channel.
    #[serde(deserialize_with = "or_default")]
    pub ts: MessageTs,
    /// The parent's `ts` where it stands in a thread; its own, once it has replies.
    pub thread_ts: Option<MessageTs>,
    /// The last change by its writer; `None` if there was none.
    pub edited: Option<Edited>,
}

/// A change of a message by a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Edited {
    /// When; names the change.
    #[serde(deserialize_with = "or_default")]
    pub ts: MessageTs,
}

impl MessageEvent {
    /// Whether an app, a workflow or a webhook wrote it, or a person through one ("Sent using @app").
    pub fn is_by_an_app(&self) -> bool {
        self.bot_id.is_some() || self.user.is_none() || self.subtype.as_deref() == Some("bot_message")
    }

    /// Whether a person wrote it themselves, in one of the ways that people have.
    pub fn is_by_a_person(&self) -> bool {
        let way = self.subtype.as_deref().unwrap_or("");
        !self.is_by_an_app() && matches!(way, "" | "file_share" | "me_message" | "thread_broadcast")
    }

    /// The parent, if it is a reply.
    pub fn parent(&self) -> Option<&MessageTs> {
        self.thread_ts.as_ref().filter(|parent| **parent != self.ts)
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageChange {
    /// Where.
    pub channel: ChannelId,
    /// As it is now.
    pub message: MessageEvent,
    /// As it was, where Slack says so.
    pub previous: Option<MessageEvent>,
    /// A person changed it. Slack also tells of unfolded links and the like, where this is false.
    pub is_edited: bool,
}

/// Somebody reacted, or no longer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Who.
    pub user: UserId,
    /// The emoji's name without colons; a skin tone follows as in `+1::skin-tone-3`.
    pub name: String,
    /// Who wrote the message; `None` for webhooks and the like.
    pub item_user: Option<UserId>,
    /// Where.
    pub channel: ChannelId,
    /// To which message.
    pub ts: MessageTs,
    /// When, in microseconds since 1970: of two events about one reaction, the later one is true. 0 where Slack doesn't
    /// say.
    pub at_micros: i64,
}

pub(super) fn message(event: &Value) -> Option<MessageEvent> {
    let message: MessageEvent = serde_json::from_value(event.clone()).ok()?;
    (!message.ts.as_str().is_empty()).then_some(message)
}

pub(super) fn changed(event: &Value) -> Option<MessageChange> {
    let previous = event.get("previous_message").and_then(message);
    let mut now: MessageEvent = serde_json::from_value(event.get("message")?.clone()).ok()?;
    if now.ts.as_str().is_empty() {
        now.ts = previous.as_ref()?.ts.clone();
    }
    let edited = event.pointer("/message/edited/ts");
    Some(MessageChange {
        channel: text(event, "/channel")?.into(),
        is_edited: edited.is_some() && edited != event.pointer("/previous_message/edited/ts"),
        message: now,
        previous,
    })
}

pub(super) fn reaction(event: &Value) -> Option<Reaction> {
    (text(event, "/item/type") == Some("message")).then_some(())?;
    Some(Reaction {
        user: text(event, "/user")?.into(),
        name: text(event, "/reaction")?.to_owned(),
        item_user: text(event, "/item_user").map(UserId::from),
        channel: text(event, "/item/channel")?.into(),
        ts: text(event, "/item/ts")?.into(),
        at_micros: text(event, "/event_ts").map_or(0, |ts| ts.replace('.', "").parse().unwrap_or(0)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Event;
    use super::*;

    fn said(of: Value) -> MessageEvent {
        let mut event = json!({"type": "message", "channel": "C1", "channel_type": "channel", "ts": "2.000001"});
        for (name, value) in of.as_object().expect("an object") {
            event[name] = value.clone();
        }
        match Event::from(event) {
            Event::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_people_s_own_words_are_by_a_person() {
        for (of, person) in [
            (json!({"user": "U1", "text": "hi"}), true),
            (json!({"user": "U1", "subtype": "me_message"}), true),
            (
                json!({"user": "U1", "subtype": "file_share", "files": [{"id": "F1"}]}),
                true,
            ),
            (
                json!({"user": "U1", "subtype": "thread_broadcast", "thread_ts": "1.000001"}),
                true,
            ),
            // "Sent using @app", and an app's own member.
            (
                json!({"user": "U1", "bot_id": "B1", "bot_profile": {"app_id": "A1"}}),
                false,
            ),
            (json!({"subtype": "bot_message", "bot_id": "B1"}), false),
            (json!({"subtype": "bot_message", "user": "U1"}), false),
            (json!({"text": "by nobody"}), false),
            (
                json!({"user": null, "text": null, "edited": null, "thread_ts": null}),
                false,
            ),
        ] {
            let message = said(of.clone());
            assert_eq!(message.is_by_a_person(), person, "{of}");
        }
    }

    #[test]
    fn a_parent_is_no_reply() {
        assert_eq!(said(json!({"user": "U1"})).parent(), None);
        assert_eq!(said(json!({"user": "U1", "thread_ts": "2.000001"})).parent(), None);
        let reply = said(json!({"user": "U1", "thread_ts": "1.000001"}));
        assert_eq!(reply.parent(), Some(&"1.000001".into()));
    }

    #[test]
    fn a_change_is_an_edit_only_by_a_person_s_hand() {
        let change = |message: Value, previous: Value| {
            Event::from(json!({
                "type": "message", "subtype": "message_changed", "hidden": true, "channel": "C1", "ts": "9.000001",
                "message": message, "previous_message": previous,
            }))
        };
        let is_edited = |message: Value, previous: Value| match change(message, previous) {
            Event::MessageChanged(change) => {
                assert_eq!(change.message.ts, "2.000001".into());
                change.is_edited
            }
            other => panic!("{other:?}"),
        };
        let plain = json!({"user": "U1", "text": "hi", "ts": "2.000001"});
        let edited =
            json!({"user": "U1", "text": "hello", "ts": "2.000001", "edited": {"user": "U1", "ts": "3.000001"}});
        assert!(is_edited(edited.clone(), plain.clone()));
        // A link unfolds, before and after an edit.
        assert!(!is_edited(plain.clone(), plain.clone()));
        assert!(!is_edited(edited.clone(), edited.clone()));
        // Slack may leave the earlier one out, or the later one's `ts`.
        assert!(is_edited(edited.clone(), Value::Null));
        let mut nameless = edited.clone();
        nameless["ts"] = Value::Null;
        assert!(is_edited(nameless.clone(), plain));
        for unusable in [change(nameless, Value::Null), change(Value::Null, edited)] {
            assert_eq!(
                unusable,
                Event::Other {
                    kind: "message".to_owned()
                }
            );
        }
    }

    #[test]
    fn what_is_no_message_of_somebody_s_is_other() {
        for of in [
            json!({"type": "message", "subtype": "channel_join", "channel": "C1", "user": "U1", "ts": "1.2"}),
            json!({"type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "1.2"}),
            json!({"type": "message", "channel": "C1", "user": "U1"}),
            json!({"type": "message", "channel": {"id": "C1"}, "ts": "1.2"}),
            json!({"type": "app_mention", "user": "U1"}),
            json!({"type": "reaction_added", "user": "U1", "reaction": "clap", "item": {"type": "file", "file": "F1"}}),
            json!({"type": "reaction_removed", "user": "U1", "item": {"type": "message", "channel": "C1", "ts": "1.2"}}),
            json!({"type": "app_home_opened", "tab": "home"}),
        ] {
            let kind = of["type"].as_str().expect("a type").to_owned();
            assert_eq!(Event::from(of), Event::Other { kind });
        }
    }

    #[test]
    fn of_two_reactions_the_later_one_can_be_told() {
        let mut of = json!({
            "type": "reaction_added", "user": "U1", "reaction": "+1::skin-tone-3", "item_user": "U2",
            "item": {"type": "message", "channel": "C1", "ts": "1.2"}, "event_ts": "1465244570.336841",
        });
        let Event::ReactionAdded(reaction) = Event::from(of.clone()) else {
            panic!("no reaction");
        };
        assert_eq!(
            (reaction.name.as_str(), reaction.at_micros),
            ("+1::skin-tone-3", 1_465_244_570_336_841)
        );
        assert_eq!(reaction.item_user, Some("U2".into()));
        of["event_ts"] = json!("soon");
        of["item_user"] = Value::Null;
        let Event::ReactionAdded(reaction) = Event::from(of) else {
            panic!("no reaction");
        };
        assert_eq!((reaction.item_user, reaction.at_micros), (None, 0));
    }
}
