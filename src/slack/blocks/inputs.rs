//! Input elements of modals, Home and messages: what people fill in. One name serves as block id and action id, so that
//! what was filled in comes back under it.

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use super::{Element, Text, action_id_of, cut_plain, head, measure, non_empty};
use crate::base::ids::{ChannelId, UserId};
use crate::slack::limits;

/// An option of an input: what people read, the value that comes back, and a line below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choose {
    text: Text,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Text>,
}

impl Choose {
    /// An option with a plain `text` of at most 75 characters and a value (an id, at most 150, another one for each
    /// option of an input).
    pub fn new(text: &str, value: &str) -> Self {
        Self {
            text: Text::plain(text, limits::OPTION_TEXT),
            value: non_empty(head(value, limits::OPTION_VALUE)).to_owned(),
            description: None,
        }
    }

    /// A small plain line below it, at most 75 characters; empty: none.
    #[must_use]
    pub fn about(mut self, description: &str) -> Self {
        self.description = (!description.trim().is_empty()).then(|| Text::plain(description, limits::OPTION_TEXT));
        self
    }
}

/// What people fill in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    action_id: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Kind {
    PlainTextInput {
        multiline: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_value: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        placeholder: Option<Text>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_length: Option<usize>,
    },
    NumberInput {
        is_decimal_allowed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_value: Option<String>,
        min_value: String,
        max_value: String,
    },
    MultiUsersSelect {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        initial_users: Vec<UserId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        placeholder: Option<Text>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_selected_items: Option<usize>,
    },
    UsersSelect {
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_user: Option<UserId>,
    },
    ConversationsSelect {
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_conversation: Option<ChannelId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        placeholder: Option<Text>,
        filter: Filter,
    },
    MultiConversationsSelect {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        initial_conversations: Vec<ChannelId>,
        filter: Filter,
    },
    StaticSelect {
        options: Vec<Choose>,
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_option: Option<Choose>,
    },
    MultiStaticSelect {
        options: Vec<Choose>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        initial_options: Vec<Choose>,
    },
    RadioButtons {
        options: Vec<Choose>,
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_option: Option<Choose>,
    },
    Checkboxes {
        options: Vec<Choose>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        initial_options: Vec<Choose>,
    },
    Datepicker {
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_date: Option<String>,
    },
    Timepicker {
        #[serde(skip_serializing_if = "Option::is_none")]
        initial_time: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Filter {
    include: &'static [&'static str],
    exclude_external_shared_channels: bool,
    exclude_bot_users: bool,
}

const CHANNELS: Filter = Filter {
    include: &["public", "private"],
    exclude_external_shared_channels: false,
    exclude_bot_users: true,
};

fn by_value(options: &[Choose], values: &[impl AsRef<str>]) -> Vec<Choose> {
    let chosen = |option: &&Choose| values.iter().any(|value| value.as_ref() == option.value);
    options.iter().filter(chosen).cloned().collect()
}

impl Input {
    fn new(name: &str, kind: Kind) -> Self {
        Self {
            action_id: action_id_of(name),
            kind,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.action_id
    }

    /// A text of one line or several, with what stands there at first and at most `max` characters (3,000 at most).
    pub fn text(name: &str, multiline: bool, initial: &str, max: usize) -> Self {
        let max = max.clamp(1, limits::INPUT_TEXT);
        Self::new(
            name,
            Kind::PlainTextInput {
                multiline,
                initial_value: (!initial.trim().is_empty()).then(|| cut_plain(initial, max)),
                placeholder: None,
                max_length: Some(max),
            },
        )
    }

    /// A whole number from `min` to `max`; what stands there at first is brought between them.
    pub fn number(name: &str, initial: Option<i64>, min: i64, max: i64) -> Self {
        let max = max.max(min);
        Self::new(
            name,
            Kind::NumberInput {
                is_decimal_allowed: false,
                initial_value: initial.map(|number| number.clamp(min, max).to_string()),
                min_value: min.to_string(),
                max_value: max.to_string(),
            },
        )
    }

    /// Several people, at most `most`.
    pub fn users(name: &str, initial: &[UserId], most: usize) -> Self {
        Self::new(
            name,
            Kind::MultiUsersSelect {
                initial_users: initial.iter().take(most).cloned().collect(),
                placeholder: None,
                max_selected_items: Some(most.max(1)),
            },
        )
    }

    /// One person.
    pub fn user(name: &str, initial: Option<&UserId>) -> Self {
        let initial_user = initial.cloned();
        Self::new(name, Kind::UsersSelect { initial_user })
    }

    /// One channel, public or private.
    pub fn channel(name: &str, initial: Option<&ChannelId>) -> Self {
        Self::new(
            name,
            Kind::ConversationsSelect {
                initial_conversation: initial.cloned(),
                placeholder: None,
                filter: CHANNELS,
            },
        )
    }

    /// Several channels, public or private.
    pub fn channels(name: &str, initial: &[ChannelId]) -> Self {
        Self::new(
            name,
            Kind::MultiConversationsSelect {
                initial_conversations: initial.to_vec(),
                filter: CHANNELS,
            },
        )
    }

    /// One of at most 100 options, in a menu; without options it is left out.
    pub fn select(name: &str, options: Vec<Choose>, initial: Option<&str>) -> Self {
        let options = at_most(options, limits::SELECT_OPTIONS);
        Self::new(
            name,
            Kind::StaticSelect {
                initial_option: by_value(&options, initial.as_slice()).pop(),
                options,
            },
        )
    }

    /// Several of at most 100 options, in a menu; without options it is left out.
    pub fn selects(name: &str, options: Vec<Choose>, initial: &[impl AsRef<str>]) -> Self {
        let options = at_most(options, limits::SELECT_OPTIONS);
        Self::new(
            name,
            Kind::MultiStaticSelect {
                initial_options: by_value(&options, initial),
                options,
            },
        )
    }

    /// One of at most 10 options, all visible; without options it is left out.
    pub fn radio(name: &str, options: Vec<Choose>, initial: Option<&str>) -> Self {
        let options = at_most(options, limits::VISIBLE_OPTIONS);
        Self::new(
            name,
            Kind::RadioButtons {
                initial_option: by_value(&options, initial.as_slice()).pop(),
                options,
            },
        )
    }

    /// Several of at most 10 options, all visible; without options it is left out.
    pub fn checkboxes(name: &str, options: Vec<Choose>, initial: &[impl AsRef<str>]) -> Self {
        let options = at_most(options, limits::VISIBLE_OPTIONS);
        Self::new(
            name,
            Kind::Checkboxes {
                initial_options: by_value(&options, initial),
                options,
            },
        )
    }

    /// A day, `YYYY-MM-DD`; none stands there at first where `initial` is none.
    pub fn date(name: &str, initial: Option<&str>) -> Self {
        let day = initial.and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok());
        let initial_date = day.map(|day| day.format("%Y-%m-%d").to_string());
        Self::new(name, Kind::Datepicker { initial_date })
    }

    /// A time, `HH:mm`; none stands there at first where `initial` is none.
    pub fn time(name: &str, initial: Option<&str>) -> Self {
        let time = initial.and_then(|time| NaiveTime::parse_from_str(time, "%H:%M").ok());
        let initial_time = time.map(|time| time.format("%H:%M").to_string());
        Self::new(name, Kind::Timepicker { initial_time })
    }

    /// A grey plain text that stands in an empty field, at most 150 characters.
    #[must_use]
    pub fn placeholder(mut self, plain: &str) -> Self {
        let text = Some(Text::plain(plain, limits::PLACEHOLDER_TEXT));
        match &mut self.kind {
            Kind::PlainTextInput { placeholder, .. }
            | Kind::MultiUsersSelect { placeholder, .. }
            | Kind::ConversationsSelect { placeholder, .. } => *placeholder = text,
            _ => {}
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        match &self.kind {
            Kind::StaticSelect { options, .. }
            | Kind::MultiStaticSelect { options, .. }
            | Kind::RadioButtons { options, .. }
            | Kind::Checkboxes { options, .. } => options.is_empty(),
            _ => false,
        }
    }

    pub(super) fn action_id(&mut self) -> &mut String {
        &mut self.action_id
    }
}

impl From<Input> for Element {
    fn from(input: Input) -> Self {
        Self::Input(input)
    }
}

/// Slack wants each value once; of two the first stays.
fn at_most(options: Vec<Choose>, most: usize) -> Vec<Choose> {
    let mut kept: Vec<Choose> = Vec::new();
    for option in options {
        if kept.len() < most && !kept.iter().any(|other| other.value == option.value) {
            kept.push(option);
        }
    }
    debug_assert!(kept.iter().all(|option| measure(&option.value) <= limits::OPTION_VALUE));
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sent(of: Input) -> Value {
        serde_json::to_value(of).expect("an input has a JSON form")
    }

    fn colours() -> Vec<Choose> {
        vec![
            Choose::new("Calm", "calm").about("Cool heads"),
            Choose::new("Clarity", "clarity").about(" "),
            Choose::new("Calm again", "calm"),
        ]
    }

    #[test]
    fn every_input_is_sent_as_slack_documents_it() {
        let text = |text: &str| json!({"type": "plain_text", "text": text});
        let calm = json!({"text": text("Calm"), "value": "calm", "description": text("Cool heads")});
        let options = json!([calm, {"text": text("Clarity"), "value": "clarity"}]);
        let filter = json!({"include": ["public", "private"], "exclude_external_shared_channels": false,
            "exclude_bot_users": true});
        let (dana, kudos): (UserId, ChannelId) = ("U1".into(), "C1".into());
        for (input, expected) in [
            (
                Input::text("x", false, "Hi", 9_000).placeholder("Say why"),
                json!({"type": "plain_text_input", "multiline": false, "initial_value": "Hi", "max_length": 3000,
                    "placeholder": text("Say why")}),
            ),
            (
                Input::number("x", Some(5), 0, 100),
                json!({"type": "number_input", "is_decimal_allowed": false, "initial_value": "5", "min_value": "0",
                    "max_value": "100"}),
            ),
            (
                Input::users("x", &[dana.clone(), "U2".into()], 1),
                json!({"type": "multi_users_select", "initial_users": ["U1"], "max_selected_items": 1}),
            ),
            (
                Input::user("x", Some(&dana)),
                json!({"type": "users_select", "initial_user": "U1"}),
            ),
            (
                Input::channel("x", Some(&kudos)),
                json!({"type": "conversations_select", "initial_conversation": "C1", "filter": filter}),
            ),
            (
                Input::channels("x", &[kudos]),
                json!({"type": "multi_conversations_select", "initial_conversations": ["C1"], "filter": filter}),
            ),
            (
                Input::select("x", colours(), Some("calm")),
                json!({"type": "static_select", "options": options, "initial_option": calm}),
            ),
            (
                Input::selects("x", colours(), &["calm", "gone"]),
                json!({"type": "multi_static_select", "options": options, "initial_options": [calm]}),
            ),
            (
                Input::radio("x", colours(), Some("gone")),
                json!({"type": "radio_buttons", "options": options}),
            ),
            (
                Input::checkboxes("x", colours(), &["calm"]),
                json!({"type": "checkboxes", "options": options, "initial_options": [calm]}),
            ),
            (
                Input::date("x", Some("2026-10-05")),
                json!({"type": "datepicker", "initial_date": "2026-10-05"}),
            ),
            (
                Input::time("x", Some("9:05")),
                json!({"type": "timepicker", "initial_time": "09:05"}),
            ),
        ] {
            let mut expected = expected;
            expected["action_id"] = json!("x");
            assert_eq!(sent(input), expected);
        }
    }

    #[test]
    fn what_slack_would_refuse_at_first_is_left_out_or_brought_within_its_limits() {
        assert_eq!(sent(Input::text("x", true, " \n", 100))["initial_value"], Value::Null);
        assert_eq!(sent(Input::text("x", true, "hello", 0))["initial_value"], json!("…"));
        assert_eq!(
            sent(Input::number("x", Some(900), 0, 100))["initial_value"],
            json!("100")
        );
        assert_eq!(sent(Input::number("x", None, 5, 1))["max_value"], json!("5"));
        for day in ["tomorrow", "2026-02-30", ""] {
            assert_eq!(sent(Input::date("x", Some(day)))["initial_date"], Value::Null, "{day}");
        }
        for time in ["noon", "24:00", ""] {
            assert_eq!(
                sent(Input::time("x", Some(time)))["initial_time"],
                Value::Null,
                "{time}"
            );
        }
        let many: Vec<Choose> = (0..120).map(|n| Choose::new("x", &n.to_string())).collect();
        let count = |input: Input| sent(input)["options"].as_array().map(Vec::len);
        assert_eq!(count(Input::select("x", many.clone(), None)), Some(100));
        assert_eq!(count(Input::radio("x", many, None)), Some(10));
    }
}
