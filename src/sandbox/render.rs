//! Messages as people read them, and whom they mention.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::forms::{Field, get};
use super::seen::Shown;
use super::state::{Person, State};
use crate::base::ids::{ChannelId, GroupId, MessageTs, UserId};

/// `<…>` of Slack's markup.
static MARKUP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<([^<>]+)>").ok());
/// What Slack links by itself in a text object that is not `verbatim`.
static TYPED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|\W)@(here|channel|everyone)\b").ok());

/// The people, and the many (`here`, `channel`, `everyone`, user groups), that a message mentions.
pub(super) fn mentions(text: &str, blocks: &Value) -> (Vec<UserId>, Vec<String>) {
    let mut found = (Vec::new(), Vec::new());
    mentions_in(text, &mut found);
    walk(blocks, &mut found);
    found
}

fn walk(value: &Value, found: &mut (Vec<UserId>, Vec<String>)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(object) => {
            if object
                .get("type")
                .is_some_and(|kind| kind == "mrkdwn" || kind == "markdown")
                && let Some(text) = object.get("text").and_then(Value::as_str)
            {
                mentions_in(text, found);
                if object.get("verbatim") != Some(&Value::Bool(true))
                    && let Some(typed) = &*TYPED
                {
                    found.1.extend(typed.captures_iter(text).map(|hit| hit[1].to_owned()));
                }
            }
            object.values().for_each(|item| walk(item, found));
        }
        _ => {}
    }
}

fn mentions_in(text: &str, found: &mut (Vec<UserId>, Vec<String>)) {
    let Some(markup) = &*MARKUP else { return };
    for hit in markup.captures_iter(text) {
        let inside = hit[1].split('|').next().unwrap_or("");
        if let Some(user) = inside.strip_prefix('@') {
            found.0.push(user.into());
        } else if let Some(group) = inside.strip_prefix("!subteam^") {
            found.1.push(group.to_owned());
        } else if let Some(many @ ("here" | "channel" | "everyone")) = inside.strip_prefix('!') {
            found.1.push(many.to_owned());
        }
    }
}

/// The `rich_text` block that Slack keeps of a text that a person typed: one section, without styles and lists.
pub(super) fn rich_text(text: &str, ts: &MessageTs) -> Value {
    let mut elements = Vec::new();
    let plain = |text: &str| match entities(text) {
        text if text.is_empty() => None,
        text => Some(json!({ "type": "text", "text": text })),
    };
    let mut rest = 0;
    for hit in MARKUP.iter().flat_map(|markup| markup.captures_iter(text)) {
        let Some(whole) = hit.get(0) else { continue };
        elements.extend(plain(&text[rest..whole.start()]));
        rest = whole.end();
        let (target, label) = hit[1].split_once('|').unwrap_or((&hit[1], ""));
        elements.push(if let Some(id) = target.strip_prefix('@') {
            json!({ "type": "user", "user_id": id })
        } else if let Some(id) = target.strip_prefix('#') {
            json!({ "type": "channel", "channel_id": id })
        } else if let Some(id) = target.strip_prefix("!subteam^") {
            json!({ "type": "usergroup", "usergroup_id": id })
        } else if let Some(range) = target.strip_prefix('!') {
            json!({ "type": "broadcast", "range": range })
        } else if label.is_empty() {
            json!({ "type": "link", "url": target })
        } else {
            json!({ "type": "link", "url": target, "text": label })
        });
    }
    elements.extend(plain(&text[rest..]));
    json!([{ "type": "rich_text", "block_id": format!("r{ts}"),
        "elements": [{ "type": "rich_text_section", "elements": elements }] }])
}

fn entities(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The name people see: display name, else real name, else handle.
pub(super) fn name(person: &Person) -> &str {
    let it = &person.it;
    [&it.display_name, &it.real_name]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or(&it.handle)
}

impl State {
    /// A message as text: blocks line by line, buttons in brackets, mentions as names; without blocks its text.
    pub(super) fn render(&self, shown: &Shown) -> String {
        match shown.blocks.as_array() {
            Some(blocks) if !blocks.is_empty() => {
                let lines: Vec<String> = blocks
                    .iter()
                    .map(|block| self.block(block, &Value::Null))
                    .filter(|line| !line.is_empty())
                    .collect();
                lines.join("\n")
            }
            _ => self.mrkdwn(&shown.text),
        }
    }

    /// One block; `values` are a view's `state.values`, for what its menus hold.
    pub(super) fn block(&self, block: &Value, values: &Value) -> String {
        let shown = |element: &Value| {
            let field = Field { block, element };
            match element.get("action_id").is_some() && !get(values, &field).is_null() {
                true => self.held(&field, values),
                false => self.element(element),
            }
        };
        let elements = |separator: &str| {
            let list = block["elements"].as_array().into_iter().flatten();
            list.map(shown).collect::<Vec<_>>().join(separator)
        };
        match block["type"].as_str().unwrap_or("") {
            "section" => {
                let mut parts: Vec<String> = Vec::new();
                if block.get("text").is_some() {
                    parts.push(self.element(&block["text"]));
                }
                parts.extend(
                    block["fields"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|field| self.element(field)),
                );
                let text = parts.join("\n");
                match block.get("accessory") {
                    Some(accessory) => format!("{text} {}", shown(accessory)),
                    None => text,
                }
            }
            "header" => self.element(&block["text"]),
            "context" => elements("  "),
            "actions" => elements(" "),
            "image" => self.element(block),
            "input" => {
                let label = block["label"]["text"].as_str().unwrap_or_default();
                format!("{label}: {}", shown(&block["element"]))
            }
            "divider" => "———".to_owned(),
            "markdown" => self.mrkdwn(block["text"].as_str().unwrap_or("")),
            other => format!("({other})"),
        }
    }

    /// A field with what it holds: `[Lee Park ▾]`, `[x] option`, or the typed text in brackets.
    pub(super) fn held(&self, field: &Field<'_>, values: &Value) -> String {
        let entry = get(values, field);
        let boxes = matches!(field.kind(), "checkboxes" | "radio_buttons");
        if boxes {
            let chosen = |option: &Value| {
                entry["selected_option"]["value"] == option["value"]
                    || entry["selected_options"]
                        .as_array()
                        .is_some_and(|list| list.iter().any(|it| it["value"] == option["value"]))
            };
            let options = field.element["options"].as_array().into_iter().flatten();
            let one = |option: &Value| {
                let text = option["text"]["text"].as_str().unwrap_or_default();
                format!("[{}] {text}", if chosen(option) { "x" } else { " " })
            };
            return options.map(one).collect::<Vec<_>>().join("  ");
        }
        let text = match self.value_text(entry) {
            text if text.is_empty() => match field.element["placeholder"]["text"].as_str() {
                Some(placeholder) => format!("({placeholder})"),
                None => String::new(),
            },
            text => text,
        };
        let arrow = if field.kind().ends_with("_select") { " ▾" } else { "" };
        format!("[{text}{arrow}]")
    }

    fn element(&self, element: &Value) -> String {
        let text = |value: &Value| value["text"].as_str().unwrap_or("").to_owned();
        match element["type"].as_str().unwrap_or("") {
            "mrkdwn" => self.mrkdwn(element["text"].as_str().unwrap_or("")),
            "plain_text" => text(element),
            "button" => format!("[{}]", text(&element["text"])),
            "image" => format!("(image: {})", element["alt_text"].as_str().unwrap_or("")),
            "overflow" => {
                let options = element["options"].as_array().into_iter().flatten();
                let labels: Vec<String> = options.map(|option| text(&option["text"])).collect();
                format!("[… {}]", labels.join(" / "))
            }
            "static_select" => {
                let chosen = element.get("initial_option").map(|option| text(&option["text"]));
                format!("[{} ▾]", chosen.unwrap_or_else(|| text(&element["placeholder"])))
            }
            other => format!("({other})"),
        }
    }

    /// A person's message as they would type it again: the opposite of [`State::escape`].
    pub(super) fn as_typed(&self, shown: &Shown) -> String {
        let Some(markup) = &*MARKUP else {
            return shown.text.clone();
        };
        let typed = markup.replace_all(&shown.text, |hit: &Captures<'_>| {
            let person = hit[1].strip_prefix('@').and_then(|id| {
                let id = id.split('|').next().unwrap_or_default();
                self.people.get(&UserId::from(id))
            });
            match person {
                Some(person) => format!("@{}", person.it.handle),
                None => self.reference(&hit[1]),
            }
        });
        typed.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// Slack's markup with names in place of ids, and entities as characters.
    pub(super) fn mrkdwn(&self, text: &str) -> String {
        let Some(markup) = &*MARKUP else { return text.to_owned() };
        let replaced = markup.replace_all(text, |hit: &Captures<'_>| self.reference(&hit[1]));
        entities(&replaced)
    }

    fn reference(&self, inside: &str) -> String {
        let (target, label) = inside
            .split_once('|')
            .map_or((inside, None), |(target, label)| (target, Some(label)));
        let label = label.filter(|label| !label.is_empty());
        if let Some(id) = target.strip_prefix('@') {
            let known = self.people.get(&UserId::from(id)).map(name);
            return format!("@{}", known.or(label).unwrap_or(id));
        }
        if let Some(id) = target.strip_prefix('#') {
            let known = self
                .channels
                .get(&ChannelId::from(id))
                .map(|channel| channel.name.as_str());
            return format!("#{}", known.or(label).unwrap_or(id));
        }
        if let Some(id) = target.strip_prefix("!subteam^") {
            let known = self.groups.get(&GroupId::from(id)).map(|group| group.handle.as_str());
            return format!(
                "@{}",
                known.or(label.map(|label| label.trim_start_matches('@'))).unwrap_or(id)
            );
        }
        match target.strip_prefix('!') {
            // The reader's zone is not known here: the fallback is what older clients show.
            Some(date) if date.starts_with("date^") => label.unwrap_or(target).to_owned(),
            Some(many) => format!("@{}", many.split('^').next().unwrap_or(many)),
            None => label.unwrap_or_else(|| target.trim_start_matches("mailto:")).to_owned(),
        }
    }
}
