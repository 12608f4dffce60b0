//! Block Kit, read from what the app sent, for the eyes of one person.

use askama::Template;
use askama::filters::HtmlSafe;
use serde::Deserialize;
use serde_json::Value;

use super::fields::{Field, field};
use super::markup::{Eyes, Html, Target};
use crate::sandbox::forms;
use crate::sandbox::seen::Shown;
use crate::sandbox::views::OpenView;

/// A block as it is drawn.
#[derive(Debug, Template)]
#[template(path = "block.html")]
pub(super) enum Block {
    /// A message without blocks.
    Words(Html),
    Section {
        text: Option<Html>,
        fields: Vec<Html>,
        accessory: Option<Element>,
    },
    Header(Html),
    Context(Vec<Small>),
    Divider,
    Actions(Vec<Element>),
    Input {
        label: String,
        field: Box<Field>,
        optional: bool,
        hint: Option<String>,
        wrong: Option<String>,
    },
    Image {
        title: Option<String>,
        alt: String,
    },
    /// Something that Slack may know and this page doesn't.
    Unsupported(String),
}

/// A part of a context block.
#[derive(Debug)]
pub(super) enum Small {
    Text(Html),
    Image(String),
    Unsupported(String),
}

/// What can be clicked, or stands in such a place.
#[derive(Debug, Template)]
#[template(path = "element.html")]
pub(super) enum Element {
    Button {
        id: String,
        label: Html,
        /// What a screen reader says in place of the label.
        aria: Option<String>,
        /// What it says at any rate.
        said: String,
        style: &'static str,
        click: String,
        /// It takes what stands in the form with it.
        in_view: bool,
        target: Option<Target>,
        confirm: Option<String>,
    },
    Field(Box<Field>),
    Menu {
        id: String,
        /// What stands on a closed select; none on `⋯`.
        face: Option<Html>,
        groups: Vec<Group>,
        confirm: Option<String>,
    },
    Image(String),
    Unsupported(String),
}

/// Options under a heading; most menus have one group without any.
#[derive(Debug)]
pub(super) struct Group {
    pub label: Option<Html>,
    pub options: Vec<Choice>,
}

/// One entry of a menu.
#[derive(Debug)]
pub(super) struct Choice {
    pub label: Html,
    pub said: String,
    pub description: Option<Html>,
    pub click: String,
    pub target: Option<Target>,
    pub chosen: bool,
}

impl HtmlSafe for Block {}
impl HtmlSafe for Element {}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum RawBlock {
    Section {
        text: Option<Text>,
        #[serde(default)]
        fields: Vec<Text>,
        accessory: Option<Value>,
    },
    Header {
        text: Text,
    },
    Context {
        elements: Vec<Value>,
    },
    Divider,
    Actions {
        elements: Vec<Value>,
    },
    Input {
        label: Text,
        hint: Option<Text>,
        #[serde(default)]
        optional: bool,
    },
    Image {
        title: Option<Text>,
        alt_text: String,
    },
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum RawElement {
    Button {
        text: Text,
        action_id: String,
        value: Option<String>,
        url: Option<String>,
        style: Option<String>,
        accessibility_label: Option<String>,
        confirm: Option<Confirm>,
    },
    Overflow {
        action_id: String,
        options: Vec<RawOption>,
        confirm: Option<Confirm>,
    },
    StaticSelect {
        action_id: String,
        placeholder: Option<Text>,
        #[serde(default)]
        options: Vec<RawOption>,
        #[serde(default)]
        option_groups: Vec<RawGroup>,
        initial_option: Option<RawOption>,
        confirm: Option<Confirm>,
    },
    Image {
        alt_text: String,
    },
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Text {
    Mrkdwn { text: String },
    PlainText { text: String },
}

#[derive(Deserialize)]
struct RawOption {
    text: Text,
    value: String,
    description: Option<Text>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct RawGroup {
    label: Text,
    options: Vec<RawOption>,
}

#[derive(Deserialize)]
struct Confirm {
    title: Text,
    text: Text,
}

/// What is not known shows what it calls itself.
fn kind(value: &Value) -> String {
    value["type"].as_str().unwrap_or("without a type").to_owned()
}

/// The blocks of a message; of one without blocks its text.
pub(super) fn blocks(eyes: &Eyes<'_>, shown: &Shown) -> Vec<Block> {
    let list = shown.blocks.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return vec![Block::Words(eyes.html(&shown.text))];
    }
    list.iter()
        .enumerate()
        .map(|(index, block)| {
            let of = Of::Message(shown);
            Drawing { eyes, of, index }.block(block)
        })
        .collect()
}

/// The blocks of a modal or Home.
pub(super) fn view_blocks(eyes: &Eyes<'_>, view: &OpenView) -> Vec<Block> {
    let list = view.blocks().as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .enumerate()
        .map(|(index, block)| {
            let of = Of::View(view);
            Drawing { eyes, of, index }.block(block)
        })
        .collect()
}

/// What a screen reader says of the buttons and menus, which it reads beside the text.
pub(super) fn controls(blocks: &[Block]) -> Vec<String> {
    let of = |element: &Element| match element {
        Element::Button { said, .. } => Some(format!("Button: {said}")),
        Element::Menu { groups, .. } => {
            let options = groups.iter().flat_map(|group| group.options.iter());
            let options: Vec<&str> = options.map(|option| option.said.as_str()).collect();
            Some(format!("Menu: {}", options.join(", ")))
        }
        Element::Image(_) | Element::Field(_) | Element::Unsupported(_) => None,
    };
    let mut said = Vec::new();
    for block in blocks {
        match block {
            Block::Actions(elements) => said.extend(elements.iter().filter_map(of)),
            Block::Section {
                accessory: Some(element),
                ..
            } => said.extend(of(element)),
            _ => {}
        }
    }
    said
}

/// What the blocks stand in.
#[derive(Clone, Copy)]
enum Of<'a> {
    Message(&'a Shown),
    View(&'a OpenView),
}

struct Drawing<'a> {
    eyes: &'a Eyes<'a>,
    of: Of<'a>,
    index: usize,
}

impl Drawing<'_> {
    fn text(&self, text: &Text) -> Html {
        match text {
            Text::Mrkdwn { text } => self.eyes.html(text),
            Text::PlainText { text } => self.eyes.plain(text),
        }
    }

    fn words(&self, text: &Text) -> String {
        match text {
            Text::Mrkdwn { text } => self.eyes.words(text),
            Text::PlainText { text } => text.clone(),
        }
    }

    fn block(&self, value: &Value) -> Block {
        let Ok(block) = RawBlock::deserialize(value) else {
            return Block::Unsupported(kind(value));
        };
        let elements = |list: &[Value]| {
            list.iter()
                .enumerate()
                .map(|(at, element)| self.element(at, value, element))
                .collect()
        };
        match block {
            RawBlock::Section {
                text,
                fields,
                accessory,
            } => Block::Section {
                text: text.map(|text| self.text(&text)),
                fields: fields.iter().map(|field| self.text(field)).collect(),
                accessory: accessory.map(|element| self.element(0, value, &element)),
            },
            RawBlock::Header { text } => Block::Header(self.text(&text)),
            RawBlock::Context { elements } => Block::Context(elements.iter().map(|part| self.small(part)).collect()),
            RawBlock::Divider => Block::Divider,
            RawBlock::Actions { elements: list } => Block::Actions(elements(&list)),
            RawBlock::Input { label, hint, optional } => {
                let Of::View(view) = self.of else {
                    return Block::Unsupported("input in a message".to_owned());
                };
                let element = forms::Field {
                    block: value,
                    element: &value["element"],
                };
                let name = value["block_id"].as_str().unwrap_or_default();
                Block::Input {
                    label: self.words(&label),
                    hint: hint.map(|hint| self.words(&hint)),
                    optional,
                    wrong: view.errors.get(name).cloned(),
                    field: Box::new(field(self.eyes, view, &element, self.id(0))),
                }
            }
            RawBlock::Image { title, alt_text } => Block::Image {
                title: title.map(|title| self.words(&title)),
                alt: alt_text,
            },
        }
    }

    fn small(&self, value: &Value) -> Small {
        if let Ok(text) = Text::deserialize(value) {
            return Small::Text(self.text(&text));
        }
        match RawElement::deserialize(value) {
            Ok(RawElement::Image { alt_text }) => Small::Image(alt_text),
            _ => Small::Unsupported(kind(value)),
        }
    }

    /// An id for the browser that stays while the message or view does.
    fn id(&self, at: usize) -> String {
        let of = match self.of {
            Of::Message(shown) => shown.ts.as_str().replace('.', "-"),
            Of::View(view) => view.id.clone(),
        };
        format!("e-{of}-{}-{at}", self.index)
    }

    fn element(&self, at: usize, block: &Value, value: &Value) -> Element {
        let id = self.id(at);
        let Ok(element) = RawElement::deserialize(value) else {
            return match self.of {
                Of::View(view) => {
                    let element = forms::Field { block, element: value };
                    Element::Field(Box::new(field(self.eyes, view, &element, id)))
                }
                Of::Message(_) => Element::Unsupported(kind(value)),
            };
        };
        match element {
            RawElement::Button {
                text,
                action_id,
                value,
                url,
                style,
                accessibility_label,
                confirm,
            } => Element::Button {
                id,
                label: self.text(&text),
                said: accessibility_label.clone().unwrap_or_else(|| self.words(&text)),
                aria: accessibility_label,
                style: match style.as_deref() {
                    Some("primary") => "primary",
                    Some("danger") => "danger",
                    _ => "plain",
                },
                click: self.click(&action_id, value.as_deref()),
                in_view: matches!(self.of, Of::View(_)),
                target: url.map(|url| self.eyes.target(&url)),
                confirm: confirm.map(|confirm| self.question(&confirm)),
            },
            RawElement::Overflow {
                action_id,
                options,
                confirm,
            } => Element::Menu {
                id,
                face: None,
                groups: vec![self.group(None, &action_id, &options, None)],
                confirm: confirm.map(|confirm| self.question(&confirm)),
            },
            RawElement::StaticSelect {
                action_id,
                placeholder,
                options,
                option_groups,
                initial_option,
                confirm,
            } => {
                let chosen = initial_option.as_ref().map(|option| option.value.as_str());
                let mut groups = Vec::new();
                if !options.is_empty() {
                    groups.push(self.group(None, &action_id, &options, chosen));
                }
                for group in &option_groups {
                    groups.push(self.group(Some(&group.label), &action_id, &group.options, chosen));
                }
                let face = initial_option
                    .as_ref()
                    .map(|option| &option.text)
                    .or(placeholder.as_ref());
                Element::Menu {
                    id,
                    face: Some(face.map_or_else(|| self.eyes.plain("Choose an option"), |text| self.text(text))),
                    groups,
                    confirm: confirm.map(|confirm| self.question(&confirm)),
                }
            }
            RawElement::Image { alt_text } => Element::Image(alt_text),
        }
    }

    fn group(&self, label: Option<&Text>, action: &str, options: &[RawOption], chosen: Option<&str>) -> Group {
        Group {
            label: label.map(|label| self.text(label)),
            options: options
                .iter()
                .map(|option| Choice {
                    label: self.text(&option.text),
                    said: self.words(&option.text),
                    description: option.description.as_ref().map(|text| self.text(text)),
                    click: self.click(action, Some(&option.value)),
                    target: option.url.as_ref().map(|url| self.eyes.target(url)),
                    chosen: chosen == Some(option.value.as_str()),
                })
                .collect(),
        }
    }

    fn question(&self, confirm: &Confirm) -> String {
        format!("{}\n\n{}", self.words(&confirm.title), self.words(&confirm.text))
    }

    /// The address that clicks it, as the person who looks.
    fn click(&self, action: &str, value: Option<&str>) -> String {
        let (path, mut more) = match self.of {
            Of::Message(shown) => (
                "/click",
                vec![("channel", shown.channel.as_str()), ("ts", shown.ts.as_str())],
            ),
            Of::View(view) => ("/press", vec![("view", view.id.as_str())]),
        };
        more.push(("action", action));
        more.extend(value.map(|value| ("value", value)));
        self.eyes.asked.plain().with(path, &more)
    }
}
