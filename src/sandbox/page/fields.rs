//! What people fill in: the fields of modals and App Home.

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value;

use super::asked::signs_in;
use super::markup::{Eyes, Html};
use crate::sandbox::forms::{self, Field as Element};
use crate::sandbox::render;
use crate::sandbox::views::OpenView;

/// One field as it is drawn.
#[derive(Debug, Template)]
#[template(path = "field.html")]
pub(super) struct Field {
    pub id: String,
    /// The block's id, which names it in the form.
    pub name: String,
    /// What a screen reader says where no label stands.
    pub aria: String,
    pub hint: bool,
    pub wrong: bool,
    /// The address that hears of a change at once.
    pub tells: Option<String>,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text {
        multiline: bool,
        value: String,
        placeholder: String,
        most: u64,
    },
    Number {
        value: String,
        least: String,
        most: String,
    },
    Date(String),
    Time(String),
    /// One of several, in a list.
    Select(Vec<Choice>),
    /// One of a few, all visible.
    Radio(Vec<Choice>),
    /// Several; with a filter when there are many.
    Several {
        choices: Vec<Choice>,
        filter: bool,
    },
    Unsupported(String),
}

#[derive(Debug)]
pub(super) struct Choice {
    pub label: Html,
    pub note: String,
    pub value: String,
    pub chosen: bool,
    /// In lower case: what is searched.
    pub search: String,
}

impl HtmlSafe for Field {}

/// More options than this are searched rather than looked through.
const MANY: usize = 8;

/// The field of an element, with what it holds.
pub(super) fn field(eyes: &Eyes<'_>, view: &OpenView, element: &Element<'_>, id: String) -> Field {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let it = element.element;
    let held = forms::get(&view.values, element);
    let kind_name = element.kind();
    let options = |chosen: &dyn Fn(&str) -> bool| -> Vec<Choice> {
        let list = it["options"].as_array().into_iter().flatten();
        list.map(|option| {
            let label = option["text"]["text"].as_str().unwrap_or_default();
            let value = text(option, "value");
            Choice {
                label: eyes.plain(label),
                note: option["description"]["text"].as_str().unwrap_or_default().to_owned(),
                chosen: chosen(&value),
                value,
                search: label.to_lowercase(),
            }
        })
        .collect()
    };
    let one_of = |value: &str| held["selected_option"]["value"] == value;
    let among = |value: &str| {
        let chosen = held["selected_options"].as_array().into_iter().flatten();
        chosen.into_iter().any(|option| option["value"] == value)
    };
    let holds = |key: &str, id: &str| match &held[key] {
        Value::Array(list) => list.iter().any(|item| item == id),
        one => one == id,
    };
    let people = |key: &str| -> Vec<Choice> {
        let mut list: Vec<Choice> = eyes
            .state
            .people
            .values()
            .filter(|person| signs_in(person) || person.it.is_bot)
            .map(|person| {
                let name = render::name(person);
                Choice {
                    label: eyes.plain(name),
                    note: person.it.real_name.clone(),
                    value: person.id.to_string(),
                    chosen: holds(key, person.id.as_str()),
                    search: format!("{name} {} {}", person.it.real_name, person.it.handle).to_lowercase(),
                }
            })
            .collect();
        list.sort_by(|one, other| (!one.chosen, &one.search).cmp(&(!other.chosen, &other.search)));
        list
    };
    let places = |key: &str| -> Vec<Choice> {
        let all = eyes.state.channels.values();
        let mut list: Vec<Choice> = all
            .filter(|there| there.open_to(eyes.me) && !there.archived && !there.name.is_empty())
            .filter(|there| forms::offers(it, there))
            .map(|there| Choice {
                label: eyes.plain(&format!("#{}", there.name)),
                note: String::new(),
                value: there.id.to_string(),
                chosen: holds(key, there.id.as_str()),
                search: there.name.clone(),
            })
            .collect();
        list.sort_by(|one, other| one.search.cmp(&other.search));
        list
    };
    let several = |choices: Vec<Choice>| Kind::Several {
        filter: choices.len() > MANY,
        choices,
    };
    let kind = match kind_name {
        "plain_text_input" => Kind::Text {
            multiline: it["multiline"] == true,
            value: text(held, "value"),
            placeholder: it["placeholder"]["text"].as_str().unwrap_or_default().to_owned(),
            most: it["max_length"].as_u64().unwrap_or(3_000),
        },
        "number_input" => Kind::Number {
            value: text(held, "value"),
            least: text(it, "min_value"),
            most: text(it, "max_value"),
        },
        "datepicker" => Kind::Date(text(held, "selected_date")),
        "timepicker" => Kind::Time(text(held, "selected_time")),
        "static_select" => Kind::Select(options(&one_of)),
        "radio_buttons" => Kind::Radio(options(&one_of)),
        "multi_static_select" | "checkboxes" => several(options(&among)),
        "users_select" => Kind::Select(people("selected_user")),
        "multi_users_select" => several(people("selected_users")),
        "conversations_select" => Kind::Select(places("selected_conversation")),
        "channels_select" => Kind::Select(places("selected_channel")),
        "multi_conversations_select" => several(places("selected_conversations")),
        "multi_channels_select" => several(places("selected_channels")),
        other => Kind::Unsupported(other.to_owned()),
    };
    let name = element.block["block_id"].as_str().unwrap_or_default().to_owned();
    Field {
        aria: it["placeholder"]["text"]
            .as_str()
            .or_else(|| element.block["label"]["text"].as_str())
            .or_else(|| element.block["text"]["text"].as_str())
            .unwrap_or("Choose")
            .to_owned(),
        hint: element.block["hint"].is_object(),
        wrong: view.errors.contains_key(&name),
        tells: element
            .tells()
            .then(|| eyes.asked.with("/fill", &[("view", &view.id), ("field", &name)])),
        kind,
        name,
        id,
    }
}
