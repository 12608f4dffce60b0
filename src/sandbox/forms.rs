//! Elements that hold a value: what they hold at first, what people choose, and what Slack checks before it sends.

use serde_json::{Map, Value, json};

use super::checks::length;
use super::render;
use super::state::{BOT_USER, Channel, Kind, State};
use crate::base::ids::{ChannelId, UserId};

/// An element of a block.
pub(super) struct Field<'a> {
    pub block: &'a Value,
    pub element: &'a Value,
}

/// Every element that people can do something with, in order.
pub(super) fn fields(blocks: &Value) -> impl Iterator<Item = Field<'_>> {
    blocks.as_array().into_iter().flatten().flat_map(|block| {
        let inside = block["elements"].as_array().into_iter().flatten();
        inside
            .chain(block.get("accessory"))
            .chain(block.get("element"))
            .filter(|element| element.get("action_id").is_some())
            .map(move |element| Field { block, element })
    })
}

impl Field<'_> {
    /// Whether people call it so: by its label, its placeholder, its button's text or what a screen reader
    /// says in its place, or by one of its ids.
    pub(super) fn is(&self, name: &str) -> bool {
        let Self { block, element } = self;
        element["action_id"] == name
            || element["text"]["text"] == name
            || element["accessibility_label"] == name
            || element["placeholder"]["text"] == name
            || (self.is_input() && block["label"]["text"] == name)
            || (block["block_id"] == name && value_key(self.kind()).is_some())
    }

    pub(super) fn kind(&self) -> &str {
        self.element["type"].as_str().unwrap_or_default()
    }

    pub(super) fn is_input(&self) -> bool {
        self.block["type"] == "input"
    }

    /// Whether the app hears of every change. A text field without `dispatch_action_config` tells on Enter.
    pub(super) fn tells(&self) -> bool {
        !self.is_input() || self.block["dispatch_action"] == true
    }

    fn options(&self) -> impl Iterator<Item = &Value> {
        let groups = self.element["option_groups"].as_array().into_iter().flatten();
        self.element["options"]
            .as_array()
            .into_iter()
            .flatten()
            .chain(groups.flat_map(|group| group["options"].as_array().into_iter().flatten()))
    }

    pub(super) fn first_option(&self) -> Option<String> {
        self.options().next()?["value"].as_str().map(str::to_owned)
    }

    /// What Slack says below the field before it sends anything; its wording is not in the reference.
    pub(super) fn complaint(&self, value: &Value) -> Option<String> {
        let (key, _) = value_key(self.kind())?;
        let value = &value[key];
        let empty = value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
        if empty {
            return (self.block["optional"] != true).then(|| "Please complete this required field.".to_owned());
        }
        let text = value.as_str().filter(|_| self.kind() == "plain_text_input")?;
        let (long, number) = (length(text) as u64, |key: &str| self.element[key].as_u64());
        if let Some(least) = number("min_length").filter(|least| long < *least) {
            return Some(format!("Please enter at least {least} characters."));
        }
        let most = number("max_length").unwrap_or(3000);
        (long > most).then(|| format!("Please enter at most {most} characters."))
    }
}

/// Where an element keeps its value, and whether that is a list. `None` for what keeps none: buttons, overflow menus.
fn value_key(kind: &str) -> Option<(&'static str, bool)> {
    Some(match kind {
        "plain_text_input" | "number_input" | "email_text_input" | "url_text_input" => ("value", false),
        "static_select" | "external_select" | "radio_buttons" => ("selected_option", false),
        "multi_static_select" | "multi_external_select" | "checkboxes" => ("selected_options", true),
        "users_select" => ("selected_user", false),
        "multi_users_select" => ("selected_users", true),
        "conversations_select" => ("selected_conversation", false),
        "multi_conversations_select" => ("selected_conversations", true),
        "channels_select" => ("selected_channel", false),
        "multi_channels_select" => ("selected_channels", true),
        "datepicker" => ("selected_date", false),
        "timepicker" => ("selected_time", false),
        "datetimepicker" => ("selected_date_time", false),
        "rich_text_input" => ("rich_text_value", false),
        _ => return None,
    })
}

/// Whether a conversations select offers that place.
pub(super) fn offers(element: &Value, there: &Channel) -> bool {
    let kind = match there.kind {
        Kind::Public => "public",
        Kind::Private => "private",
        Kind::Im => "im",
        Kind::Mpim => "mpim",
    };
    let filter = &element["filter"];
    filter["include"]
        .as_array()
        .is_none_or(|kinds| kinds.iter().any(|it| it == kind))
        && !(filter["exclude_external_shared_channels"] == true && there.ext_shared)
        && !(filter["exclude_bot_users"] == true && there.kind == Kind::Im && there.has_app())
}

/// The entry of one element in `state.values`, with that value.
fn entry(kind: &str, key: &str, value: Value) -> Value {
    let mut entry = json!({ "type": kind });
    entry[key] = value;
    entry
}

impl State {
    /// `state.values` before anybody touched anything; `place` is where the person was.
    pub(super) fn first_values(&self, blocks: &Value, place: Option<&ChannelId>) -> Value {
        let mut values = Map::new();
        for field in fields(blocks) {
            let Some((key, list)) = value_key(field.kind()) else {
                continue;
            };
            let initial = key.replace("selected_", "initial_");
            let initial = match key {
                "value" | "rich_text_value" => "initial_value",
                _ => initial.as_str(),
            };
            let mut value = field.element.get(initial).cloned().unwrap_or(Value::Null);
            if value == "" {
                value = Value::Null;
            }
            if value.is_null() && field.element["default_to_current_conversation"] == true {
                let here = place.and_then(|id| self.channels.get(id));
                if let Some(here) = here.filter(|here| offers(field.element, here)) {
                    value = if list { json!([here.id]) } else { json!(here.id) };
                }
            }
            if list && value.is_null() {
                value = json!([]);
            }
            put(&mut values, &field, entry(field.kind(), key, value));
        }
        Value::Object(values)
    }

    /// What an element holds after a person chose these: text as typed; people by handle or id; places by name
    /// (without `#`) or id; options by label or value. Nothing chosen empties it.
    ///
    /// # Errors
    /// What isn't offered.
    pub(super) fn picked(&self, user: &UserId, field: &Field<'_>, wanted: &[&str]) -> Result<Value, String> {
        let kind = field.kind();
        let overflow = (kind == "overflow").then_some(("selected_option", false));
        let (key, list) = value_key(kind)
            .or(overflow)
            .ok_or_else(|| format!("{kind} takes no value"))?;
        let one = |wanted: &str| -> Result<Value, String> {
            let found = match key {
                "selected_option" | "selected_options" => field
                    .options()
                    .find(|option| option["value"] == wanted || option["text"]["text"] == wanted)
                    .cloned(),
                "selected_user" | "selected_users" => self
                    .people
                    .values()
                    .find(|person| person.id.as_str() == wanted || person.it.handle == wanted)
                    .filter(|person| !person.it.deleted)
                    .map(|person| json!(person.id)),
                "selected_conversation" | "selected_conversations" | "selected_channel" | "selected_channels" => self
                    .channels
                    .values()
                    .find(|there| there.id.as_str() == wanted || (!there.name.is_empty() && there.name == wanted))
                    .filter(|there| there.open_to(user) && !there.archived && offers(field.element, there))
                    .filter(|there| key.starts_with("selected_conv") || there.kind == Kind::Public)
                    .map(|there| json!(there.id)),
                "rich_text_value" => Some(render::rich_text(wanted, &"0".into())[0].clone()),
                "selected_date_time" => wanted.parse::<i64>().ok().map(|at| json!(at)),
                _ => Some(json!(wanted)),
            };
            found.ok_or_else(|| format!("{wanted} is not offered"))
        };
        let value = if list {
            let chosen = wanted.iter().map(|wanted| one(wanted)).collect::<Result<Vec<_>, _>>()?;
            let most = field.element["max_selected_items"].as_u64().unwrap_or(u64::MAX);
            if chosen.len() as u64 > most {
                return Err(format!("no more than {most} can be chosen"));
            }
            Value::Array(chosen)
        } else {
            match wanted {
                [] | [""] => Value::Null,
                [wanted] => one(wanted)?,
                _ => return Err("only one can be chosen".to_owned()),
            }
        };
        Ok(entry(kind, key, value))
    }

    /// A value as people see it in its field.
    pub(super) fn value_text(&self, entry: &Value) -> String {
        let Some((key, _)) = entry["type"].as_str().and_then(value_key) else {
            return String::new();
        };
        let one = |value: &Value| match value {
            Value::Object(option) => option
                .get("text")
                .and_then(|text| text["text"].as_str())
                .unwrap_or_default()
                .to_owned(),
            Value::String(text) => {
                let person = self
                    .people
                    .get(&UserId::from(text.as_str()))
                    .map(|person| render::name(person).to_owned());
                let place = || {
                    let there = self.channels.get(&ChannelId::from(text.as_str()))?;
                    Some(
                        match there
                            .members
                            .iter()
                            .find(|id| there.name.is_empty() && id.as_str() != BOT_USER)
                        {
                            Some(other) => format!("DM with {}", self.people.get(other).map_or("", render::name)),
                            None => format!("#{}", there.name),
                        },
                    )
                };
                person.or_else(place).unwrap_or_else(|| text.clone())
            }
            other => other.to_string(),
        };
        match &entry[key] {
            Value::Null => String::new(),
            Value::Array(list) => list.iter().map(one).collect::<Vec<_>>().join(", "),
            value => one(value),
        }
    }
}

fn put(values: &mut Map<String, Value>, field: &Field<'_>, entry: Value) {
    let (block, action) = (field.block["block_id"].as_str(), field.element["action_id"].as_str());
    if let (Some(block), Some(action)) = (block, action) {
        let block = values.entry(block.to_owned()).or_insert_with(|| json!({}));
        block[action] = entry;
    }
}

/// Puts an element's entry into `state.values`.
pub(super) fn set(values: &mut Value, field: &Field<'_>, entry: Value) {
    if let Some(values) = values.as_object_mut() {
        put(values, field, entry);
    }
}

/// The entry of an element, or null.
pub(super) fn get<'a>(values: &'a Value, field: &Field<'_>) -> &'a Value {
    let (block, action) = (field.block["block_id"].as_str(), field.element["action_id"].as_str());
    &values[block.unwrap_or_default()][action.unwrap_or_default()]
}

/// Contents survive an update where block_id and action_id (and the element's type) stay the same.
pub(super) fn survive(before: &Value, blocks: &Value, fresh: &mut Value) {
    for field in fields(blocks) {
        let old = get(before, &field);
        if old["type"] == field.element["type"] && !old.is_null() {
            set(fresh, &field, old.clone());
        }
    }
}
