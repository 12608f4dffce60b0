//! What people do in modals, in App Home and in Slack's own menus.

use std::collections::BTreeMap;

use serde_json::Value;

use super::messages::{self, MessageEvent};
use super::{text, workspace_of};
use crate::base::ids::{ChannelId, UserId, WorkspaceId};

/// The values of a view's or message's input elements, by block id; of two elements in one block the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, Value>);

impl Fields {
    pub(super) fn of(values: Option<&Value>) -> Self {
        let blocks = values.and_then(Value::as_object).into_iter().flatten();
        Self(
            blocks
                .filter_map(|(block, actions)| {
                    let (_, value) = actions.as_object()?.iter().next_back()?;
                    Some((block.clone(), value.clone()))
                })
                .collect(),
        )
    }

    fn strings(&self, block: &str, pointer: &str) -> Vec<String> {
        let list = self.0.get(block).and_then(|field| field.pointer(pointer));
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|item| item.as_str().or_else(|| item["value"].as_str()))
            .map(str::to_owned)
            .collect()
    }

    fn string(&self, block: &str, pointer: &str) -> Option<String> {
        let value = self.0.get(block)?.pointer(pointer)?.as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// What was typed (text, numbers); `None` when nothing.
    pub fn text(&self, block: &str) -> Option<String> {
        self.string(block, "/value")
    }

    /// The people who were picked, in their order.
    pub fn users(&self, block: &str) -> Vec<UserId> {
        let several = self.strings(block, "/selected_users");
        let one = self.string(block, "/selected_user");
        several.into_iter().chain(one).map(UserId).collect()
    }

    /// The values of the options that were chosen: checkboxes and menus for several.
    pub fn options(&self, block: &str) -> Vec<String> {
        self.strings(block, "/selected_options")
    }

    /// The value of the one option that was chosen: radio buttons and menus.
    pub fn option(&self, block: &str) -> Option<String> {
        self.string(block, "/selected_option/value")
    }

    /// The conversations that were picked, in their order.
    pub fn conversations(&self, block: &str) -> Vec<ChannelId> {
        let mut found = self.strings(block, "/selected_conversations");
        found.extend(self.strings(block, "/selected_channels"));
        found.extend(self.string(block, "/selected_conversation"));
        found.extend(self.string(block, "/selected_channel"));
        found.into_iter().map(ChannelId).collect()
    }

    /// The day that was picked, `YYYY-MM-DD`.
    pub fn date(&self, block: &str) -> Option<String> {
        self.string(block, "/selected_date")
    }

    /// The time that was picked, `HH:mm`.
    pub fn time(&self, block: &str) -> Option<String> {
        self.string(block, "/selected_time")
    }
}

/// A view as it comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewState {
    /// Slack's id, `V…`.
    pub id: String,
    /// Changes with every change of the view; a submission is named by id and hash.
    pub hash: String,
    /// `modal` or `home`.
    pub kind: String,
    /// What tells whose it is.
    pub callback_id: String,
    /// As it was sent.
    pub private_metadata: String,
    /// As it was sent; empty without.
    pub external_id: String,
    /// The first view of the stack.
    pub root_view_id: String,
    /// What was filled in.
    pub fields: Fields,
}

impl ViewState {
    pub(super) fn of(view: &Value) -> Option<Self> {
        let owned = |pointer: &str| text(view, pointer).unwrap_or_default().to_owned();
        Some(Self {
            id: text(view, "/id")?.to_owned(),
            hash: owned("/hash"),
            kind: owned("/type"),
            callback_id: owned("/callback_id"),
            private_metadata: owned("/private_metadata"),
            external_id: owned("/external_id"),
            root_view_id: owned("/root_view_id"),
            fields: Fields::of(view.pointer("/state/values")),
        })
    }
}

/// A modal was submitted, or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewEvent {
    /// The workspace whose installation it is; `None` where Slack names none.
    pub workspace: Option<WorkspaceId>,
    /// Who.
    pub user: UserId,
    /// Opens one modal within 3 s; empty for a closed one.
    pub trigger_id: String,
    /// The view, filled in.
    pub view: ViewState,
}

/// An entry of one of Slack's own menus was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// The workspace whose installation it is; `None` where Slack names none.
    pub workspace: Option<WorkspaceId>,
    /// Who.
    pub user: UserId,
    /// Which entry, as in the manifest.
    pub callback_id: String,
    /// Opens one modal within 3 s.
    pub trigger_id: String,
    /// The message whose menu it was; `None` for a global one.
    pub of: Option<OfMessage>,
}

/// The message whose menu was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfMessage {
    /// Where it stands.
    pub channel: ChannelId,
    /// The message.
    pub message: MessageEvent,
    /// For an answer in that channel, never in a thread.
    pub response_url: Option<String>,
}

pub(super) fn view_event(payload: &Value) -> Option<ViewEvent> {
    Some(ViewEvent {
        workspace: workspace_of(payload),
        user: text(payload, "/user/id")?.into(),
        trigger_id: text(payload, "/trigger_id").unwrap_or_default().to_owned(),
        view: ViewState::of(payload.get("view")?)?,
    })
}

pub(super) fn shortcut(payload: &Value) -> Option<Shortcut> {
    let of = match payload.get("message") {
        Some(message) => Some(OfMessage {
            channel: text(payload, "/channel/id")?.into(),
            message: messages::message(message)?,
            response_url: text(payload, "/response_url").map(str::to_owned),
        }),
        None => None,
    };
    Some(Shortcut {
        workspace: workspace_of(payload),
        user: text(payload, "/user/id")?.into(),
        callback_id: text(payload, "/callback_id")?.to_owned(),
        trigger_id: text(payload, "/trigger_id").unwrap_or_default().to_owned(),
        of,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Interaction, parse_interaction};
    use super::*;

    fn told(payload: &Value) -> Interaction {
        let form = serde_urlencoded::to_string([("payload", payload.to_string())]).expect("a form");
        parse_interaction(form.as_bytes()).expect("an interaction")
    }

    /// Values as Slack sends them, by the element's type.
    fn filled() -> Value {
        json!({
            "words": {"words": {"type": "plain_text_input", "value": "calming the storm"}},
            "number": {"number": {"type": "number_input", "value": "5"}},
            "people": {"people": {"type": "multi_users_select", "selected_users": ["U1", "U2"]}},
            "person": {"person": {"type": "users_select", "selected_user": "U3"}},
            "places": {"places": {"type": "multi_conversations_select", "selected_conversations": ["C1", "C2"]}},
            "place": {"place": {"type": "channels_select", "selected_channel": "C3"}},
            "value": {"value": {"type": "radio_buttons", "selected_option": {
                "text": {"type": "plain_text", "text": "Calm"}, "value": "calm"}}},
            "values": {"values": {"type": "checkboxes", "selected_options": [{"value": "calm"}, {"value": "clarity"}]}},
            "day": {"day": {"type": "datepicker", "selected_date": "2026-10-05"}},
            "hour": {"hour": {"type": "timepicker", "selected_time": "09:30", "timezone": "Europe/Berlin"}},
        })
    }

    fn submitted(values: Value) -> Value {
        json!({
            "type": "view_submission", "team": {"id": "T9"}, "user": {"id": "U1", "team_id": "T9"}, "trigger_id": "1.2.x",
            "view": {
                "id": "V1", "type": "modal", "hash": "1.h", "callback_id": "give", "private_metadata": "{\"k\":1}",
                "external_id": "", "root_view_id": "V0", "app_installed_team_id": "T1", "state": {"values": values},
            },
        })
    }

    #[test]
    fn a_submission_is_read_with_all_its_fields() {
        let Interaction::ViewSubmission(event) = told(&submitted(filled())) else {
            panic!("no submission");
        };
        // Another company's person in a shared channel: the installation is ours.
        assert_eq!(event.workspace, Some("T1".into()));
        assert_eq!((event.user.as_str(), event.trigger_id.as_str()), ("U1", "1.2.x"));
        let view = event.view;
        assert_eq!(
            [
                &view.id,
                &view.hash,
                &view.kind,
                &view.callback_id,
                &view.private_metadata,
                &view.root_view_id
            ],
            ["V1", "1.h", "modal", "give", "{\"k\":1}", "V0"]
        );
        let fields = view.fields;
        assert_eq!(fields.text("words").as_deref(), Some("calming the storm"));
        assert_eq!(fields.text("number").as_deref(), Some("5"));
        assert_eq!(fields.users("people"), ["U1".into(), "U2".into()]);
        assert_eq!(fields.users("person"), ["U3".into()]);
        assert_eq!(fields.conversations("places"), ["C1".into(), "C2".into()]);
        assert_eq!(fields.conversations("place"), ["C3".into()]);
        assert_eq!(fields.option("value").as_deref(), Some("calm"));
        assert_eq!(fields.options("values"), ["calm", "clarity"]);
        assert_eq!(fields.date("day").as_deref(), Some("2026-10-05"));
        assert_eq!(fields.time("hour").as_deref(), Some("09:30"));
    }

    #[test]
    fn what_was_left_empty_is_nothing() {
        let mut values = filled();
        for (_, block) in values.as_object_mut().expect("blocks") {
            for (_, field) in block.as_object_mut().expect("a block") {
                for (name, value) in field.as_object_mut().expect("a field") {
                    if name != "type" {
                        *value = if value.is_array() { json!([]) } else { Value::Null };
                    }
                }
            }
        }
        for values in [
            values,
            json!({"words": null, "people": {}, "value": {"value": 1}}),
            Value::Null,
        ] {
            let Interaction::ViewSubmission(event) = told(&submitted(values)) else {
                panic!("no submission");
            };
            let fields = event.view.fields;
            assert_eq!(
                (fields.text("words"), fields.text("number"), fields.option("value")),
                (None, None, None)
            );
            assert_eq!((fields.date("day"), fields.time("hour")), (None, None));
            assert!(fields.users("people").is_empty() && fields.users("person").is_empty());
            assert!(fields.conversations("places").is_empty() && fields.conversations("place").is_empty());
            assert!(fields.options("values").is_empty());
        }
    }

    #[test]
    fn a_closed_view_has_no_trigger() {
        let mut payload = submitted(json!({}));
        payload["type"] = json!("view_closed");
        payload["trigger_id"] = Value::Null;
        let Interaction::ViewClosed(event) = told(&payload) else {
            panic!("not closed");
        };
        assert_eq!((event.trigger_id.as_str(), event.view.id.as_str()), ("", "V1"));
    }

    #[test]
    fn a_click_in_a_view_brings_what_is_filled_in_and_what_was_picked() {
        let payload = json!({
            "type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}, "trigger_id": "1.2.x",
            "container": {"type": "view", "view_id": "V1"}, "view": submitted(filled())["view"],
            "actions": [
                {"type": "multi_users_select", "action_id": "people", "selected_users": ["U1", "U2"]},
                {"type": "checkboxes", "action_id": "values", "selected_options": [{"value": "calm"}]},
                {"type": "conversations_select", "action_id": "place", "selected_conversation": "C3"},
                {"type": "datepicker", "action_id": "day", "selected_date": "2026-10-05"},
                {"type": "static_select", "action_id": "value", "selected_option": null},
            ],
        });
        let Interaction::BlockActions(click) = told(&payload) else {
            panic!("no click");
        };
        let view = click.view.expect("a view");
        assert_eq!(view.fields.text("words").as_deref(), Some("calming the storm"));
        let picked: Vec<_> = click
            .actions
            .iter()
            .map(|action| (action.value.as_deref(), action.values.join(",")))
            .collect();
        let expected = [
            (None, "U1,U2"),
            (None, "calm"),
            (Some("C3"), ""),
            (Some("2026-10-05"), ""),
            (None, ""),
        ];
        assert_eq!(picked, expected.map(|(one, several)| (one, several.to_owned())));
    }

    #[test]
    fn a_shortcut_knows_its_message() {
        let global = json!({"type": "shortcut", "callback_id": "give_kudos", "trigger_id": "1.2.x", "team": null,
            "user": {"id": "U1", "team_id": "T1"}});
        let Interaction::Shortcut(shortcut) = told(&global) else {
            panic!("no shortcut");
        };
        assert_eq!(shortcut.workspace, Some("T1".into()));
        assert_eq!((shortcut.callback_id.as_str(), shortcut.of), ("give_kudos", None));
        let mut on_message = json!({"type": "message_action", "callback_id": "kudos_message", "trigger_id": "1.2.x",
            "team": {"id": "T1"}, "user": {"id": "U1", "name": "lee"}, "channel": {"id": "C1", "name": "support"},
            "response_url": "https://hooks.slack.com/app/T1/1/x", "message_ts": "2.000001",
            "message": {"type": "message", "user": "U2", "text": "Fixed.", "ts": "2.000001", "thread_ts": "1.000001"}});
        let Interaction::Shortcut(shortcut) = told(&on_message) else {
            panic!("no shortcut");
        };
        let of = shortcut.of.expect("a message");
        assert_eq!((of.channel.as_str(), of.message.text.as_str()), ("C1", "Fixed."));
        assert_eq!(of.message.parent(), Some(&"1.000001".into()));
        assert_eq!(of.response_url.as_deref(), Some("https://hooks.slack.com/app/T1/1/x"));
        on_message["message"]["ts"] = Value::Null;
        let kind = "message_action".to_owned();
        assert_eq!(told(&on_message), Interaction::Other { kind });
    }
}
