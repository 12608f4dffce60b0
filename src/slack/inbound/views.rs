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
