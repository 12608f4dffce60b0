//! Block Kit's limits, by Slack's published table, on raw JSON: never through the app's own types.

use std::collections::HashSet;
use std::fmt::Display;

use serde_json::Value;
use url::Url;

/// What is wrong with blocks, in Slack's words with `[json-pointer:…]`, and what this table does not know.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub errors: Vec<String>,
    /// Blocks and elements that exist but whose limits are not checked here.
    pub unchecked: Vec<String>,
    /// Characters in all texts together, in UTF-16 units (Slack does not say how it counts; this is the larger).
    pub characters: usize,
    /// Whether it is a modal that is checked.
    modal: bool,
}

/// Checks the `blocks` of a message.
pub(super) fn blocks(blocks: &Value) -> Checked {
    let mut check = Checked::default();
    check.list("/blocks", blocks, 50);
    check
}

/// Checks a whole view (docs.slack.dev/reference/views), a Home where `home`, else a modal.
pub(super) fn view(view: &Value, home: bool) -> Checked {
    let mut check = Checked {
        modal: !home,
        ..Checked::default()
    };
    let at = "/view";
    let (kind, extra): (_, &[&str]) = if home {
        ("home", &[])
    } else {
        (
            "modal",
            &["title", "submit", "close", "clear_on_close", "notify_on_close"],
        )
    };
    let known = ["type", "blocks", "private_metadata", "callback_id", "external_id"];
    check.keys(at, view, &[&known, extra].concat());
    if view["type"] != kind {
        check.fault("/view/type", format_args!("must be {kind}"));
    }
    check.maybe_empty(at, view, "private_metadata", 3000);
    check.maybe_empty(at, view, "callback_id", 255);
    check.maybe_empty(at, view, "external_id", 255);
    if !home {
        check.text(at, view, "title", Text::Plain, 24);
        for key in ["submit", "close"] {
            if view.get(key).is_some_and(|text| !text.is_null()) {
                check.text(at, view, key, Text::Plain, 24);
            }
        }
        check.flags(at, view, &["clear_on_close", "notify_on_close"]);
    }
    match view.get("blocks") {
        None => check.fault(at, "missing required field: blocks"),
        Some(blocks) => check.list("/view/blocks", blocks, 100),
    }
    let inputs = view["blocks"].as_array().into_iter().flatten();
    if !home && !view["submit"].is_object() && inputs.clone().any(|block| block["type"] == "input") {
        check.fault("/view", "missing required field: submit");
    }
    check
}

/// Checks `metadata`: `Err` is Slack's error code.
pub(super) fn metadata(metadata: &Value) -> Result<(), &'static str> {
    let Some(object) = metadata.as_object() else {
        return Err("invalid_metadata_format");
    };
    let kind = object.get("event_type").and_then(Value::as_str).unwrap_or("");
    let payload = object.get("event_payload").is_some_and(Value::is_object);
    if kind.is_empty() || !payload || object.len() > 2 {
        return Err("invalid_metadata_schema");
    }
    // Slack names the error, not the size; 8 kB is this sandbox's choice.
    if metadata.to_string().len() > 8_000 {
        return Err("metadata_too_large");
    }
    Ok(())
}

/// How many characters Slack counts at most.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Which text objects a place takes.
#[derive(Clone, Copy, PartialEq)]
enum Text {
    Plain,
    Any,
}

/// Elements that exist, but that only the look of their `action_id` is checked of.
const OTHER_ELEMENTS: &[&str] = &[
    "external_select",
    "multi_external_select",
    "datetimepicker",
    "rich_text_input",
    "email_text_input",
    "url_text_input",
    "file_input",
    "workflow_button",
];
/// What takes no value and so stands in no input block.
const NO_INPUTS: &[&str] = &["button", "overflow", "image", "workflow_button"];
/// What stands in input blocks only.
const INPUTS_ONLY: &[&str] = &[
    "plain_text_input",
    "number_input",
    "email_text_input",
    "url_text_input",
    "file_input",
    "rich_text_input",
];
const OTHER_BLOCKS: &[&str] = &[
    "rich_text",
    "file",
    "video",
    "table",
    "data_table",
    "data_visualization",
    "alert",
    "card",
    "carousel",
    "context_actions",
    "container",
];

impl Checked {
    fn fault(&mut self, at: &str, what: impl Display) {
        self.errors.push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    fn list(&mut self, at: &str, blocks: &Value, most: usize) {
        let Some(list) = blocks.as_array() else {
            self.fault(at, "must be an array");
            return;
        };
        if list.len() > most {
            self.fault(at, format_args!("no more than {most} items allowed"));
        }
        let mut ids = HashSet::new();
        for (index, block) in list.iter().enumerate() {
            let at = format!("{at}/{index}");
            if let Some(id) = block["block_id"].as_str()
                && !ids.insert(id)
            {
                self.fault(&format!("{at}/block_id"), format_args!("block_id already exists: {id}"));
            }
            self.block(&at, block);
        }
    }

    fn input(&mut self, at: &str, block: &Value) {
        let known = [
            "type",
            "block_id",
            "label",
            "element",
            "dispatch_action",
            "hint",
            "optional",
        ];
        self.keys(at, block, &known);
        self.text(at, block, "label", Text::Plain, 2000);
        if block.get("hint").is_some() {
            self.text(at, block, "hint", Text::Plain, 2000);
        }
        self.flags(at, block, &["dispatch_action", "optional"]);
        let at = format!("{at}/element");
        match block.get("element") {
            None => self.fault(&at, "missing required field: element"),
            Some(element) => match element["type"].as_str() {
                Some(kind) if NO_INPUTS.contains(&kind) => {
                    self.fault(&format!("{at}/type"), format_args!("unsupported type: {kind}"));
                }
                Some("plain_text_input") => self.text_input(&at, element),
                Some("number_input") => self.number_input(&at, element),
                Some(kind @ ("conversations_select" | "channels_select")) if self.modal => {
                    self.pick(&at, element, kind, &["response_url_enabled"]);
                }
                Some(kind) if INPUTS_ONLY.contains(&kind) => self.unchecked.push(format!("{kind} at {at}")),
                _ => self.element(&at, element, false),
            },
        }
    }

    fn text_input(&mut self, at: &str, input: &Value) {
        let known = [
            "type",
            "action_id",
            "initial_value",
            "multiline",
            "min_length",
            "max_length",
            "dispatch_action_config",
            "focus_on_load",
            "placeholder",
        ];
        self.keys(at, input, &known);
        self.string(at, input, "action_id", 255, false);
        self.placeholder(at, input);
        self.flags(at, input, &["multiline", "focus_on_load"]);
        let mut number = |key: &str, least: u64, otherwise: u64| match input.get(key) {
            None => otherwise,
            Some(given) => match given.as_u64().filter(|given| (least..=3000).contains(given)) {
                Some(given) => given,
                None => {
                    self.fault(&format!("{at}/{key}"), format_args!("must be between {least} and 3000"));
                    otherwise
                }
            },
        };
        let (least, most) = (number("min_length", 0, 0), number("max_length", 1, 3000));
        if least > most {
            self.fault(&format!("{at}/min_length"), "must not be more than max_length");
        }
        // `initial_value` may be empty.
        match input.get("initial_value") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if length(text) as u64 > most => {
                self.fault(
                    &format!("{at}/initial_value"),
                    format_args!("must be less than {} characters", most + 1),
                );
            }
            Some(Value::String(_)) => {}
            Some(_) => self.fault(&format!("{at}/initial_value"), "must be a string"),
        }
    }

    /// A field for a number. Slack takes its numbers as strings.
    fn number_input(&mut self, at: &str, input: &Value) {
        let known = [
            "type",
            "action_id",
            "is_decimal_allowed",
            "initial_value",
            "min_value",
            "max_value",
            "dispatch_action_config",
            "focus_on_load",
            "placeholder",
        ];
        self.keys(at, input, &known);
        self.string(at, input, "action_id", 255, false);
        self.placeholder(at, input);
        self.flags(at, input, &["focus_on_load"]);
        if !input["is_decimal_allowed"].is_boolean() {
            self.fault(at, "missing required field: is_decimal_allowed");
        }
        for key in ["initial_value", "min_value", "max_value"] {
            let number = input.get(key).map(|number| number.as_str().map(str::parse::<f64>));
            if number.is_some_and(|number| !matches!(number, Some(Ok(_)))) {
                self.fault(&format!("{at}/{key}"), "must be a number in a string");
            }
        }
    }

    /// A select of people or places, or a picker of a date or time.
    fn pick(&mut self, at: &str, element: &Value, kind: &str, more: &[&str]) {
        let (initial, own): (&str, &[&str]) = match kind {
            "users_select" => ("initial_user", &[]),
            "multi_users_select" => ("initial_users", &["max_selected_items"]),
            "channels_select" => ("initial_channel", &[]),
            "multi_channels_select" => ("initial_channels", &["max_selected_items"]),
            "conversations_select" => ("initial_conversation", &["default_to_current_conversation", "filter"]),
            "multi_conversations_select" => (
                "initial_conversations",
                &["default_to_current_conversation", "filter", "max_selected_items"],
            ),
            "datepicker" => ("initial_date", &[]),
            _ => ("initial_time", &["timezone"]),
        };
        let known = ["type", "action_id", "placeholder", "confirm", "focus_on_load", initial];
        self.keys(at, element, &[&known, own, more].concat());
        self.string(at, element, "action_id", 255, false);
        self.placeholder(at, element);
        self.confirm(at, element);
        self.flags(
            at,
            element,
            &[
                "focus_on_load",
                "default_to_current_conversation",
                "response_url_enabled",
            ],
        );
        self.most_items(at, element);
        let here = format!("{at}/{initial}");
        match element.get(initial) {
            None => {}
            Some(Value::Array(list)) if kind.starts_with("multi_") && list.iter().all(Value::is_string) => {}
            Some(Value::String(_)) if !kind.starts_with("multi_") => {}
            Some(_) => self.fault(&here, "is of the wrong type"),
        }
        if let Some(filter) = element.get("filter") {
            let at = format!("{at}/filter");
            self.keys(
                &at,
                filter,
                &["include", "exclude_external_shared_channels", "exclude_bot_users"],
            );
            let kinds = self.items(&at, filter, "include", 4, false);
            if !kinds
                .iter()
                .all(|kind| ["im", "mpim", "private", "public"].iter().any(|known| kind == known))
            {
                self.fault(&format!("{at}/include"), "must be of: im, mpim, private, public");
            }
        }
    }

    fn most_items(&mut self, at: &str, element: &Value) {
        if element
            .get("max_selected_items")
            .is_some_and(|most| most.as_u64().is_none_or(|most| most < 1))
        {
            self.fault(&format!("{at}/max_selected_items"), "must be at least 1");
        }
    }

    /// Checkboxes and radio buttons.
    fn boxes(&mut self, at: &str, element: &Value, initial: &str) {
        let known = ["type", "action_id", "options", "confirm", "focus_on_load", initial];
        self.keys(at, element, &known);
        for (index, option) in self.items(at, element, "options", 10, true).iter().enumerate() {
            let at = format!("{at}/options/{index}");
            self.keys(&at, option, &["text", "value", "description"]);
            self.text(&at, option, "text", Text::Any, 75);
            self.string(&at, option, "value", 150, true);
            if option.get("description").is_some() {
                self.text(&at, option, "description", Text::Any, 75);
            }
        }
        let given: Vec<&Value> = element["options"].as_array().into_iter().flatten().collect();
        self.initial(at, element, initial, &given);
        self.confirm(at, element);
    }

    /// What is chosen at first must be among the options.
    fn initial(&mut self, at: &str, element: &Value, key: &str, given: &[&Value]) {
        let here = format!("{at}/{key}");
        match element.get(key) {
            None => {}
            Some(Value::Array(list)) if !list.is_empty() && list.iter().all(|option| given.contains(&option)) => {}
            Some(Value::Array(_)) => self.fault(&here, "must match options, and one at least"),
            Some(option) if !given.contains(&option) => self.fault(&here, "must match one of the options"),
            Some(_) => {}
        }
    }

    fn placeholder(&mut self, at: &str, element: &Value) {
        if element.get("placeholder").is_some() {
            self.text(at, element, "placeholder", Text::Plain, 150);
        }
    }

    fn flags(&mut self, at: &str, holder: &Value, keys: &[&str]) {
        for key in keys
            .iter()
            .filter(|key| holder.get(**key).is_some_and(|flag| !flag.is_boolean()))
        {
            self.fault(&format!("{at}/{key}"), "must be a boolean");
        }
    }

    /// A string that may also be empty.
    fn maybe_empty(&mut self, at: &str, holder: &Value, key: &str, most: usize) {
        if holder.get(key).is_some_and(|text| text != "") {
            self.string(at, holder, key, most, false);
        }
    }

    fn block(&mut self, at: &str, block: &Value) {
        self.string(at, block, "block_id", 255, false);
        match block["type"].as_str() {
            Some("section") => {
                self.keys(
                    at,
                    block,
                    &["type", "block_id", "text", "fields", "accessory", "expand"],
                );
                if block.get("text").is_none() && block.get("fields").is_none() {
                    self.fault(at, "missing required field: text");
                }
                if block.get("text").is_some() {
                    self.text(at, block, "text", Text::Any, 3000);
                }
                for (index, field) in self.items(at, block, "fields", 10, false).iter().enumerate() {
                    self.text_object(&format!("{at}/fields/{index}"), field, Text::Any, 2000);
                }
                if let Some(accessory) = block.get("accessory") {
                    self.element(&format!("{at}/accessory"), accessory, true);
                }
            }
            Some("header") => {
                self.keys(at, block, &["type", "block_id", "text", "level"]);
                self.text(at, block, "text", Text::Plain, 150);
            }
            Some("context") => {
                self.keys(at, block, &["type", "block_id", "elements"]);
                for (index, element) in self.items(at, block, "elements", 10, true).iter().enumerate() {
                    let at = format!("{at}/elements/{index}");
                    match element["type"].as_str() {
                        Some("image") => self.image(&at, element, &[]),
                        Some("plain_text" | "mrkdwn") => self.text_object(&at, element, Text::Any, 3000),
                        _ => self.fault(&at, "failed to match all allowed schemas"),
                    }
                }
            }
            Some("actions") => {
                self.keys(at, block, &["type", "block_id", "elements"]);
                let mut ids = HashSet::new();
                for (index, element) in self.items(at, block, "elements", 25, true).iter().enumerate() {
                    let at = format!("{at}/elements/{index}");
                    if let Some(id) = element["action_id"].as_str()
                        && !ids.insert(id)
                    {
                        self.fault(
                            &format!("{at}/action_id"),
                            format_args!("action_id already exists: {id}"),
                        );
                    }
                    self.element(&at, element, false);
                }
            }
            Some("image") => {
                self.image(at, block, &["block_id", "title"]);
                if block.get("title").is_some() {
                    self.text(at, block, "title", Text::Plain, 2000);
                }
            }
            Some("input") => self.input(at, block),
            Some("divider") => self.keys(at, block, &["type", "block_id"]),
            Some("markdown") => {
                self.keys(at, block, &["type", "block_id", "text"]);
                self.string(at, block, "text", 12_000, true);
            }
            Some(kind) if OTHER_BLOCKS.contains(&kind) => self.unchecked.push(format!("{kind} at {at}")),
            Some(kind) => self.fault(&format!("{at}/type"), format_args!("unsupported type: {kind}")),
            None => self.fault(at, "missing required field: type"),
        }
    }

    fn element(&mut self, at: &str, element: &Value, image_too: bool) {
        let kind = element["type"].as_str();
        if kind != Some("image") {
            self.string(at, element, "action_id", 255, false);
        }
        match kind {
            Some("button") => {
                let known = [
                    "type",
                    "text",
                    "action_id",
                    "url",
                    "value",
                    "style",
                    "confirm",
                    "accessibility_label",
                ];
                self.keys(at, element, &known);
                self.text(at, element, "text", Text::Plain, 75);
                self.string(at, element, "value", 2000, false);
                self.string(at, element, "accessibility_label", 75, false);
                self.link(at, element, "url", false);
                self.style(at, element);
                self.confirm(at, element);
            }
            Some("overflow") => {
                self.keys(at, element, &["type", "action_id", "options", "confirm"]);
                self.options(at, element, 5, true);
                self.confirm(at, element);
            }
            Some("static_select") => self.select(at, element, "initial_option"),
            Some("multi_static_select") => self.select(at, element, "initial_options"),
            Some("checkboxes") => self.boxes(at, element, "initial_options"),
            Some("radio_buttons") => self.boxes(at, element, "initial_option"),
            Some(
                kind @ ("users_select"
                | "multi_users_select"
                | "conversations_select"
                | "multi_conversations_select"
                | "channels_select"
                | "multi_channels_select"
                | "datepicker"
                | "timepicker"),
            ) => self.pick(at, element, kind, &[]),
            Some("image") if image_too => self.image(at, element, &[]),
            Some(kind) if OTHER_ELEMENTS.contains(&kind) && !INPUTS_ONLY.contains(&kind) => {
                self.unchecked.push(format!("{kind} at {at}"))
            }
            Some(kind) => self.fault(&format!("{at}/type"), format_args!("unsupported type: {kind}")),
            None => self.fault(at, "missing required field: type"),
        }
    }

    fn select(&mut self, at: &str, select: &Value, initial: &str) {
        let known = [
            "type",
            "action_id",
            "placeholder",
            "options",
            "option_groups",
            "confirm",
            "focus_on_load",
            initial,
        ];
        let more: &[&str] = if initial == "initial_options" {
            &["max_selected_items"]
        } else {
            &[]
        };
        self.keys(at, select, &[&known, more].concat());
        self.most_items(at, select);
        self.placeholder(at, select);
        let mut given: Vec<&Value> = Vec::new();
        match (select.get("options"), select.get("option_groups")) {
            (Some(options), None) => {
                self.options(at, select, 100, false);
                given.extend(options.as_array().into_iter().flatten());
            }
            (None, Some(_)) => {
                for (index, group) in self.items(at, select, "option_groups", 100, true).iter().enumerate() {
                    let at = format!("{at}/option_groups/{index}");
                    self.keys(&at, group, &["label", "options"]);
                    self.text(&at, group, "label", Text::Plain, 75);
                    self.options(&at, group, 100, false);
                    given.extend(group["options"].as_array().into_iter().flatten());
                }
            }
            (None, None) => self.fault(at, "missing required field: options"),
            (Some(_), Some(_)) => self.fault(at, "only one of options and option_groups allowed"),
        }
        self.initial(at, select, initial, &given);
        self.confirm(at, select);
    }

    fn options(&mut self, at: &str, holder: &Value, most: usize, urls: bool) {
        let mut values = HashSet::new();
        for (index, option) in self.items(at, holder, "options", most, true).iter().enumerate() {
            let at = format!("{at}/options/{index}");
            self.keys(
                &at,
                option,
                if urls {
                    &["text", "value", "description", "url"]
                } else {
                    &["text", "value", "description"]
                },
            );
            self.text(&at, option, "text", Text::Plain, 75);
            self.string(&at, option, "value", 150, true);
            if option.get("description").is_some() {
                self.text(&at, option, "description", Text::Plain, 75);
            }
            self.link(&at, option, "url", false);
            if let Some(value) = option["value"].as_str()
                && !values.insert(value)
            {
                self.fault(&format!("{at}/value"), format_args!("value already exists: {value}"));
            }
        }
    }

    fn image(&mut self, at: &str, image: &Value, more: &[&str]) {
        let known = ["type", "image_url", "slack_file", "alt_text"];
        self.keys(at, image, &[&known, more].concat());
        if image.get("slack_file").is_none() {
            self.link(at, image, "image_url", true);
        }
        self.string(at, image, "alt_text", 2000, true);
    }

    fn confirm(&mut self, at: &str, element: &Value) {
        let Some(confirm) = element.get("confirm") else { return };
        let at = format!("{at}/confirm");
        self.keys(&at, confirm, &["title", "text", "confirm", "deny", "style"]);
        self.text(&at, confirm, "title", Text::Plain, 100);
        self.text(&at, confirm, "text", Text::Any, 300);
        self.text(&at, confirm, "confirm", Text::Plain, 30);
        self.text(&at, confirm, "deny", Text::Plain, 30);
        self.style(&at, confirm);
    }

    fn style(&mut self, at: &str, element: &Value) {
        if element
            .get("style")
            .is_some_and(|style| style != "primary" && style != "danger")
        {
            self.fault(&format!("{at}/style"), "must be one of: primary, danger");
        }
    }

    fn link(&mut self, at: &str, holder: &Value, key: &str, required: bool) {
        self.string(at, holder, key, 3000, required);
        let link = holder[key].as_str();
        if link.is_some_and(|link| Url::parse(link).is_err()) {
            self.fault(&format!("{at}/{key}"), "must be a valid URL");
        }
    }

    fn keys(&mut self, at: &str, object: &Value, known: &[&str]) {
        let keys = object
            .as_object()
            .map(|map| map.keys().map(String::as_str))
            .into_iter()
            .flatten();
        for key in keys.filter(|key| !known.contains(key)) {
            self.fault(at, format_args!("invalid additional property: {key}"));
        }
    }

    fn items<'a>(&mut self, at: &str, holder: &'a Value, key: &str, most: usize, required: bool) -> &'a [Value] {
        let at = format!("{at}/{key}");
        match holder.get(key) {
            None if required => self.fault(
                at.trim_end_matches(&format!("/{key}")),
                format_args!("missing required field: {key}"),
            ),
            None => {}
            Some(Value::Array(items)) => {
                if items.len() > most {
                    self.fault(&at, format_args!("no more than {most} items allowed"));
                }
                if items.is_empty() {
                    self.fault(&at, "no fewer than 1 items allowed");
                }
                return items;
            }
            Some(_) => self.fault(&at, "must be an array"),
        }
        &[]
    }

    fn string(&mut self, at: &str, holder: &Value, key: &str, most: usize, required: bool) {
        let here = format!("{at}/{key}");
        match holder.get(key) {
            None if required => self.fault(at, format_args!("missing required field: {key}")),
            None => {}
            Some(Value::String(text)) => self.measure(&here, text, most),
            Some(_) => self.fault(&here, "must be a string"),
        }
    }

    fn measure(&mut self, at: &str, text: &str, most: usize) {
        let length = length(text);
        if length == 0 {
            self.fault(at, "must be more than 0 characters");
        }
        if length > most {
            self.fault(at, format_args!("must be less than {} characters", most + 1));
        }
        if at.ends_with("/text") {
            self.characters += length;
        }
    }

    fn text(&mut self, at: &str, holder: &Value, key: &str, allowed: Text, most: usize) {
        match holder.get(key) {
            None => self.fault(at, format_args!("missing required field: {key}")),
            Some(object) => self.text_object(&format!("{at}/{key}"), object, allowed, most),
        }
    }

    fn text_object(&mut self, at: &str, object: &Value, allowed: Text, most: usize) {
        match object["type"].as_str() {
            Some("plain_text") => self.keys(at, object, &["type", "text", "emoji"]),
            Some("mrkdwn") if allowed == Text::Any => self.keys(at, object, &["type", "text", "verbatim"]),
            _ => self.fault(at, "failed to match all allowed schemas"),
        }
        self.string(at, object, "text", most, true);
    }
}
