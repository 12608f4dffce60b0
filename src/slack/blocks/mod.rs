//! Messages and their blocks, typed. Whatever is put in, Slack accepts what comes out: too long is cut at a word
//! with `…`, too many are left out, an empty text becomes `…`.
//!
//! Texts called *mrkdwn* are Slack's markup: text from people must be escaped before. They are sent with
//! `verbatim: true`, so that Slack turns no `@here` or `#channel` of theirs into a ping or a link. Texts called
//! *plain* are shown as they are.

mod inputs;
mod views;

use std::collections::HashMap;

use serde::Serialize;
use url::Url;

pub use inputs::{Choose, Input};
pub use views::{View, ViewResponse};

use crate::slack::limits;

/// Stands where a text would be empty, which Slack refuses.
pub const PLACEHOLDER: &str = "…";

/// The most sections that one text is parted into: Slack takes about 12,000 characters in all blocks together.
pub const PARAGRAPHS: usize = 4;

/// A message: its blocks, and all of it in words.
///
/// With blocks, Slack shows `text` in notifications and reads it to screen readers *instead of* the blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blocks: Vec<Block>,
}

impl Message {
    /// A message of `blocks`, of which `text` (mrkdwn) says the whole in words. At most 4,000 characters, 50 blocks.
    pub fn new(text: &str, blocks: Vec<Block>) -> Self {
        let mut blocks = blocks;
        blocks.retain(|block| !block.is_empty());
        blocks.truncate(limits::BLOCKS_PER_MESSAGE);
        Self {
            text: cut_mrkdwn(text, limits::MESSAGE_TEXT),
            blocks,
        }
    }

    /// A message that says `text` (mrkdwn) and nothing else.
    pub fn sentence(text: &str) -> Self {
        Self::new(text, Block::paragraphs(text))
    }

    /// The same after another paragraph of mrkdwn.
    #[must_use]
    pub fn preceded_by(self, mrkdwn: &str) -> Self {
        let mut blocks = vec![Block::section(mrkdwn)];
        blocks.extend(self.blocks);
        Self::new(&format!("{mrkdwn} {}", self.text), blocks)
    }

    /// The whole message in words, as mrkdwn.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// What answers a command in its 200, or a click or command later at its `response_url`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Response {
    #[serde(skip_serializing_if = "Option::is_none")]
    response_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace_original: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_original: Option<bool>,
    #[serde(flatten)]
    message: Option<Message>,
}

impl Response {
    /// A new message that only the person sees. Says so, and that it replaces nothing: Slack's defaults differ by
    /// where the answer goes.
    pub fn ephemeral(message: Message) -> Self {
        Self {
            response_type: Some("ephemeral"),
            replace_original: Some(false),
            delete_original: None,
            message: Some(message),
        }
    }

    /// A new message for everybody in the channel. An ephemeral message can't be turned into one.
    pub fn in_channel(message: Message) -> Self {
        Self {
            response_type: Some("in_channel"),
            ..Self::ephemeral(message)
        }
    }

    /// Puts `message` in the place of the one that was clicked on, seen by the same people.
    pub fn replacing(message: Message) -> Self {
        Self {
            response_type: None,
            replace_original: Some(true),
            ..Self::ephemeral(message)
        }
    }

    /// Deletes the message that was clicked on.
    pub fn delete_original() -> Self {
        Self {
            response_type: None,
            replace_original: None,
            delete_original: Some(true),
            message: None,
        }
    }

    /// What it says; `None` for a deletion.
    pub fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }
}

/// One block. Made by its constructors only, which keep Slack's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Block(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Kind {
    Section {
        text: Text,
        #[serde(skip_serializing_if = "Option::is_none")]
        accessory: Option<Element>,
    },
    Context {
        elements: Vec<ContextElement>,
    },
    Actions {
        elements: Vec<Element>,
    },
    Header {
        text: Text,
    },
    Divider,
    Input {
        block_id: String,
        label: Text,
        element: Input,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<Text>,
        optional: bool,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        dispatch_action: bool,
    },
    Image {
        image_url: String,
        alt_text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Text>,
    },
}

impl Block {
    /// A paragraph of mrkdwn, at most 3,000 characters.
    pub fn section(mrkdwn: &str) -> Self {
        Self(Kind::Section {
            text: Text::mrkdwn(mrkdwn, limits::SECTION_TEXT),
            accessory: None,
        })
    }

    /// A text of mrkdwn that may be longer than one section holds: as many sections as it takes, at most
    /// [`PARAGRAPHS`], parted at words. A quoted line goes on as a quote.
    pub fn paragraphs(mrkdwn: &str) -> Vec<Self> {
        let mut sections = Vec::new();
        let mut rest = mrkdwn.to_owned();
        while sections.len() + 1 < PARAGRAPHS && measure(&rest) > limits::SECTION_TEXT {
            let part = cut_mrkdwn(&rest, limits::SECTION_TEXT);
            let part = part.trim_end_matches(PLACEHOLDER);
            let after = &rest[part.len()..];
            let in_quote = part.lines().last().is_some_and(|line| line.starts_with("> ")) && !after.starts_with('\n');
            let prefix = if in_quote { "> " } else { "" };
            let next = format!("{prefix}{}", after.trim_start());
            sections.push(Self::section(part));
            rest = next;
        }
        sections.push(Self::section(&rest));
        sections
    }

    /// A paragraph of mrkdwn with a button or menu at its right.
    pub fn section_with(mrkdwn: &str, accessory: impl Into<Element>) -> Self {
        Self(Kind::Section {
            text: Text::mrkdwn(mrkdwn, limits::SECTION_TEXT),
            accessory: Some(accessory.into()).filter(|element| !element.is_empty()),
        })
    }

    /// Small grey texts and images in a row, at most 10. None at all: the message goes without this block.
    pub fn context(elements: Vec<ContextElement>) -> Self {
        let mut elements = elements;
        elements.truncate(limits::CONTEXT_ELEMENTS);
        Self(Kind::Context { elements })
    }

    /// One small grey text.
    pub fn context_text(mrkdwn: &str) -> Self {
        Self::context(vec![ContextElement::text(mrkdwn)])
    }

    /// Buttons and menus in a row, at most 25. None at all: the message goes without this block.
    ///
    /// Slack wants an `action_id` once in a block: the second of one id gets `#2` after it, the third `#3`;
    /// `inbound::Action::name` takes that off again. An id of ours has no `#`.
    pub fn actions(elements: Vec<Element>) -> Self {
        let mut elements = elements;
        elements.retain(|element| !element.is_empty());
        elements.truncate(limits::ACTIONS_ELEMENTS);
        let mut seen = HashMap::new();
        for element in &mut elements {
            let id = element.action_id();
            let count = seen.entry(id.clone()).and_modify(|count| *count += 1).or_insert(1);
            if *count > 1 {
                *id = format!("{}#{count}", head(id, limits::ID - 3));
            }
        }
        Self(Kind::Actions { elements })
    }

    /// A heading in plain text, at most 150 characters.
    pub fn header(plain: &str) -> Self {
        Self(Kind::Header {
            text: Text::plain(plain, limits::HEADER_TEXT),
        })
    }

    /// Something to fill in, with a plain label; its block id is the element's name. For modals with a submit button.
    pub fn input(label: &str, element: Input) -> Self {
        Self(Kind::Input {
            block_id: element.name().to_owned(),
            label: Text::plain(label, limits::INPUT_LABEL),
            element,
            hint: None,
            optional: false,
            dispatch_action: false,
        })
    }

    /// The same that may stay empty.
    #[must_use]
    pub fn optional(mut self) -> Self {
        if let Kind::Input { optional, .. } = &mut self.0 {
            *optional = true;
        }
        self
    }

    /// The same with a small plain line below it; empty: none.
    #[must_use]
    pub fn hint(mut self, plain: &str) -> Self {
        if let Kind::Input { hint, .. } = &mut self.0 {
            *hint = (!plain.trim().is_empty()).then(|| Text::plain(plain, limits::INPUT_LABEL));
        }
        self
    }

    /// The same of which Slack tells at once, as of a click, whenever it changes.
    #[must_use]
    pub fn dispatched(mut self) -> Self {
        if let Kind::Input { dispatch_action, .. } = &mut self.0 {
            *dispatch_action = true;
        }
        self
    }

    /// A line.
    pub fn divider() -> Self {
        Self(Kind::Divider)
    }

    /// A picture, with what is to be seen on it in words and an optional plain title. Where the address is too long
    /// for Slack, the words alone.
    pub fn image(url: &Url, alt: &str, title: Option<&str>) -> Self {
        if measure(url.as_str()) > limits::URL {
            return Self::context(vec![ContextElement(ContextKind::Text(Text::plain(
                alt,
                limits::CONTEXT_TEXT,
            )))]);
        }
        Self(Kind::Image {
            image_url: url.to_string(),
            alt_text: cut_plain(alt, limits::ALT_TEXT),
            title: title.map(|title| Text::plain(title, limits::IMAGE_TITLE)),
        })
    }

    fn input_name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Input { block_id, .. } => Some(block_id),
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        match &self.0 {
            Kind::Context { elements } => elements.is_empty(),
            Kind::Actions { elements } => elements.is_empty(),
            Kind::Input { element, .. } => element.is_empty(),
            _ => false,
        }
    }
}

/// A text or a small picture of a context block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ContextElement(ContextKind);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum ContextKind {
    Text(Text),
    Image {
        #[serde(rename = "type")]
        kind: &'static str,
        image_url: String,
        alt_text: String,
    },
}

impl ContextElement {
    /// A text in mrkdwn.
    pub fn text(mrkdwn: &str) -> Self {
        Self(ContextKind::Text(Text::mrkdwn(mrkdwn, limits::CONTEXT_TEXT)))
    }

    /// A small picture with its words; the words alone where the address is too long for Slack.
    pub fn image(url: &Url, alt: &str) -> Self {
        if measure(url.as_str()) > limits::URL {
            return Self(ContextKind::Text(Text::plain(alt, limits::CONTEXT_TEXT)));
        }
        Self(ContextKind::Image {
            kind: "image",
            image_url: url.to_string(),
            alt_text: cut_plain(alt, limits::ALT_TEXT),
        })
    }
}

/// What can be clicked: a [`Button`], a [`Menu`], or an [`Input`] that tells at once what was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Element {
    /// A button.
    Button(Button),
    /// A `⋯` menu.
    Menu(Menu),
    /// Something to choose from or to fill in.
    Input(Input),
}

impl Element {
    fn is_empty(&self) -> bool {
        match self {
            Self::Button(_) => false,
            Self::Menu(menu) => menu.options.is_empty(),
            Self::Input(input) => input.is_empty(),
        }
    }

    fn action_id(&mut self) -> &mut String {
        match self {
            Self::Button(button) => &mut button.action_id,
            Self::Menu(menu) => &mut menu.action_id,
            Self::Input(input) => input.action_id(),
        }
    }
}

impl From<Button> for Element {
    fn from(button: Button) -> Self {
        Self::Button(button)
    }
}

impl From<Menu> for Element {
    fn from(menu: Menu) -> Self {
        Self::Menu(menu)
    }
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Button {
    #[serde(rename = "type")]
    kind: &'static str,
    text: Text,
    action_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<Confirm>,
    accessibility_label: String,
}

/// A question before a click counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Confirm {
    title: Text,
    text: Text,
    confirm: Text,
    deny: Text,
}

/// A text as it is spoken: without case, punctuation and emoji's colons.
fn spoken(text: &str) -> String {
    let words = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

impl Button {
    /// A button with a plain `text` of at most 75 characters (Slack shows about 30). `label` is what screen readers
    /// say: it names what the button acts on ("Undo your thanks to Dana Kim"), at most 75 characters, and holds `text`:
    /// whoever speaks to their computer says what they see (WCAG 2.5.3, Label in Name).
    pub fn new(text: &str, action_id: &str, label: &str) -> Self {
        debug_assert!(spoken(label).contains(&spoken(text)), "{label:?} doesn't hold {text:?}");
        Self {
            kind: "button",
            confirm: None,
            text: Text::plain(text, limits::BUTTON_TEXT),
            action_id: action_id_of(action_id),
            value: None,
            url: None,
            style: None,
            accessibility_label: cut_plain(label, limits::ACCESSIBILITY_LABEL),
        }
    }

    /// What comes back with the click: an id, at most 2,000 characters.
    pub fn value(mut self, value: &str) -> Self {
        debug_assert!(measure(value) <= limits::BUTTON_VALUE, "a value is an id, not a text");
        self.value = Some(head(value, limits::BUTTON_VALUE).to_owned()).filter(|value| !value.is_empty());
        self
    }

    /// The page it opens, beside sending its click. Left out if it is no address that Slack would take.
    pub fn url(mut self, url: &str) -> Self {
        self.url = checked_url(url);
        self
    }

    /// Green: the one thing to do.
    pub fn primary(mut self) -> Self {
        self.style = Some("primary");
        self
    }

    /// Red: takes something away.
    pub fn danger(mut self) -> Self {
        self.style = Some("danger");
        self
    }

    /// A question before the click counts: plain title (at most 100 characters) and text (300), and the button that
    /// goes on (30).
    pub fn confirmed(mut self, title: &str, text: &str, go_on: &str) -> Self {
        self.confirm = Some(Confirm {
            title: Text::plain(title, limits::CONFIRM_TITLE),
            text: Text::plain(text, limits::CONFIRM_TEXT),
            confirm: Text::plain(go_on, limits::CONFIRM_BUTTON),
            deny: Text::plain("Cancel", limits::CONFIRM_BUTTON),
        });
        self
    }
}

/// An overflow menu (`⋯`). Slack gives it no accessibility label: its options must say what they act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Menu {
    #[serde(rename = "type")]
    kind: &'static str,
    action_id: String,
    options: Vec<Choice>,
}

impl Menu {
    /// A menu of at most 5 options; without any it is left out.
    pub fn new(action_id: &str, options: Vec<Choice>) -> Self {
        let mut options = options;
        options.truncate(limits::OVERFLOW_OPTIONS);
        Self {
            kind: "overflow",
            action_id: action_id_of(action_id),
            options,
        }
    }
}

/// One option of a [`Menu`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    text: Text,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Choice {
    /// An option with a plain `text` of at most 75 characters, and the value (an id, at most 150 characters, another
    /// one for each option of a menu) that comes back.
    pub fn new(text: &str, value: &str) -> Self {
        debug_assert!(
            !value.is_empty() && measure(value) <= limits::OPTION_VALUE,
            "a value is an id"
        );
        Self {
            text: Text::plain(text, limits::OPTION_TEXT),
            value: non_empty(head(value, limits::OPTION_VALUE)).to_owned(),
            url: None,
        }
    }

    /// The page it opens, beside sending its click. Left out if it is no address that Slack would take.
    pub fn url(mut self, url: &str) -> Self {
        self.url = checked_url(url);
        self
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
enum Text {
    #[serde(rename = "mrkdwn")]
    Mrkdwn { text: String, verbatim: bool },
    #[serde(rename = "plain_text")]
    Plain { text: String },
}

impl Text {
    fn mrkdwn(text: &str, max: usize) -> Self {
        Self::Mrkdwn {
            text: cut_mrkdwn(text, max),
            verbatim: true,
        }
    }

    fn plain(text: &str, max: usize) -> Self {
        Self::Plain {
            text: cut_plain(text, max),
        }
    }
}

/// Length in UTF-16 units: as many as, or more than, there are Unicode scalar values.
pub fn measure(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `text`, or as many words of it as fit into `max` units together with a `…`. For plain text.
pub fn cut_plain(text: &str, max: usize) -> String {
    cut(text, max, |rest| rest.chars().next().map_or(0, char::len_utf8))
}

/// Like [`cut_plain`] for mrkdwn: never leaves half of `&amp;` or of `<@U…>`, `<https://…|label>` and their like.
pub fn cut_mrkdwn(text: &str, max: usize) -> String {
    cut(text, max, |rest| {
        let whole = match rest.as_bytes().first() {
            Some(b'<') => rest.find('>').map(|end| end + 1),
            Some(b'&') => ["&amp;", "&lt;", "&gt;"]
                .iter()
                .find(|entity| rest.starts_with(**entity))
                .map(|entity| entity.len()),
            _ => None,
        };
        whole.unwrap_or_else(|| rest.chars().next().map_or(0, char::len_utf8))
    })
}

/// `piece` is the length in bytes of what must stay together at the start of a text.
fn cut(text: &str, max: usize, piece: impl Fn(&str) -> usize) -> String {
    if measure(text) <= max {
        return non_empty(text).to_owned();
    }
    let (mut end, mut used, mut word_end) = (0, 0, 0);
    while end < text.len() {
        let next = &text[end..end + piece(&text[end..])];
        used += measure(next);
        // One unit is kept for the ellipsis.
        if next.chars().all(char::is_whitespace) {
            word_end = end;
        }
        if used >= max {
            break;
        }
        end += next.len();
    }
    // A text without spaces, or with a very long last word, is cut inside it rather than losing most of itself.
    let kept = if word_end * 2 >= end {
        &text[..word_end]
    } else {
        &text[..end]
    };
    let kept = kept.trim_end_matches(|letter: char| letter.is_whitespace() || letter == '\u{200d}');
    format!("{kept}…")
}

/// The start of `text` that fits into `max` units, without an ellipsis.
fn head(text: &str, max: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, letter)| {
        used += letter.len_utf16();
        used > max
    });
    end.map_or(text, |(at, _)| &text[..at])
}

fn non_empty(text: &str) -> &str {
    if text.trim().is_empty() { PLACEHOLDER } else { text }
}

fn action_id_of(id: &str) -> String {
    debug_assert!(
        !id.is_empty() && !id.contains('#') && measure(id) <= limits::ID,
        "an action id is a name"
    );
    non_empty(head(id, limits::ID)).to_owned()
}

fn checked_url(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok()?;
    let fits = matches!(parsed.scheme(), "https" | "http") && measure(url) <= limits::URL;
    fits.then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn sent(of: &impl Serialize) -> serde_json::Value {
        serde_json::to_value(of).expect("a block has a JSON form")
    }

    #[test]
    fn a_message_is_sent_as_slack_documents_it() {
        let message = Message::new(
            "Lee thanked Dana: calming the refund storm",
            vec![
                Block::header("Thanks"),
                Block::section_with(
                    ":clap: *Lee* thanked *Dana*",
                    Menu::new("kudos.menu", vec![Choice::new("Report these thanks to Dana", "report")]),
                ),
                Block::divider(),
                Block::context_text("#calm"),
                Block::actions(vec![
                    Button::new("Me too", "kudos.boost", "Me too: add your name to Lee's thanks to Dana")
                        .value("k1")
                        .primary()
                        .into(),
                ]),
            ],
        );
        assert_eq!(
            sent(&message),
            json!({
                "text": "Lee thanked Dana: calming the refund storm",
                "blocks": [
                    {"type": "header", "text": {"type": "plain_text", "text": "Thanks"}},
                    {"type": "section",
                     "text": {"type": "mrkdwn", "text": ":clap: *Lee* thanked *Dana*", "verbatim": true},
                     "accessory": {"type": "overflow", "action_id": "kudos.menu", "options": [
                        {"text": {"type": "plain_text", "text": "Report these thanks to Dana"}, "value": "report"}]}},
                    {"type": "divider"},
                    {"type": "context", "elements": [{"type": "mrkdwn", "text": "#calm", "verbatim": true}]},
                    {"type": "actions", "elements": [
                        {"type": "button", "text": {"type": "plain_text", "text": "Me too"},
                         "action_id": "kudos.boost", "value": "k1", "style": "primary",
                         "accessibility_label": "Me too: add your name to Lee's thanks to Dana"}]},
                ],
            })
        );
    }

    #[test]
    fn an_answer_says_who_sees_it_and_what_it_replaces() {
        let words = || Message::new("Taken back.", vec![]);
        let json = |response: Response| sent(&response);
        let ephemeral = json!({"response_type": "ephemeral", "replace_original": false, "text": "Taken back."});
        assert_eq!(json(Response::ephemeral(words())), ephemeral);
        let public = json!({"response_type": "in_channel", "replace_original": false, "text": "Taken back."});
        assert_eq!(json(Response::in_channel(words())), public);
        assert_eq!(
            json(Response::replacing(words())),
            json!({"replace_original": true, "text": "Taken back."})
        );
        assert_eq!(json(Response::delete_original()), json!({"delete_original": true}));
    }

    #[test]
    fn nothing_empty_is_sent() {
        let message = Message::new(
            " \n",
            vec![
                Block::section(""),
                Block::actions(vec![Menu::new("m", vec![]).into()]),
                Block::context(vec![]),
                Block::section_with("x", Menu::new("m", vec![])),
            ],
        );
        let section =
            |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
        assert_eq!(
            sent(&message),
            json!({"text": "…", "blocks": [section("…"), section("x")]})
        );
    }

    #[test]
    fn too_many_are_left_out() {
        let button = || Element::from(Button::new("x", "x", "x"));
        assert_eq!(Message::new("x", vec![Block::divider(); 60]).blocks().len(), 50);
        let actions = sent(&Block::actions((0..30).map(|_| button()).collect()));
        let ids: std::collections::BTreeSet<_> = actions["elements"]
            .as_array()
            .expect("elements")
            .iter()
            .map(|element| element["action_id"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(ids.len(), 25);
        assert!(ids.contains("x") && ids.contains("x#2") && ids.contains("x#25"));
        let context = sent(&Block::context(vec![ContextElement::text("x"); 12]));
        assert_eq!(context["elements"].as_array().map(Vec::len), Some(10));
        let menu = sent(&Menu::new("m", vec![Choice::new("x", "y"); 9]));
        assert_eq!(menu["options"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn an_address_that_slack_would_refuse_is_left_out() {
        let with = |url: &str| sent(&Button::new("x", "x", "x").url(url))["url"].clone();
        assert_eq!(
            with("https://plaudit.example.com/p1"),
            json!("https://plaudit.example.com/p1")
        );
        assert_eq!(with("not an address"), json!(null));
        assert_eq!(with("javascript:alert(1)"), json!(null));
        assert_eq!(
            with(&format!("https://plaudit.example.com/{}", "x".repeat(3_000))),
            json!(null)
        );
        let long = Url::parse(&format!("https://plaudit.example.com/{}", "x".repeat(3_000))).expect("an address");
        assert_eq!(
            sent(&Block::image(&long, "A chart", None))["elements"][0]["text"],
            json!("A chart")
        );
    }

    #[test]
    fn cuts_at_a_word_and_keeps_tokens_whole() {
        assert_eq!(cut_plain("calming the refund storm", 20), "calming the refund…");
        assert_eq!(cut_plain("calming the refund storm", 18), "calming the…");
        assert_eq!(cut_plain("calming the refund storm", 24), "calming the refund storm");
        assert_eq!(cut_plain("calming", 4), "cal…");
        assert_eq!(cut_plain("👏👏👏", 5), "👏👏…");
        assert_eq!(cut_mrkdwn("Q&amp;A &amp; more", 10), "Q&amp;A…");
        assert_eq!(cut_mrkdwn("ab&amp;cd", 5), "ab…");
        assert_eq!(
            cut_mrkdwn("see <https://plaudit.example.com|the long page>", 20),
            "see…"
        );
        assert_eq!(cut_mrkdwn("<https://plaudit.example.com|the long page>", 20), "…");
    }

    proptest! {
        #[test]
        fn a_cut_text_fits_and_is_whole(
            text in "([a-zé👏 \n]|&amp;|&lt;|&gt;|<@U[A-Z]{3}>|<https://x[.]example[|]a b>){0,60}",
            max in 1usize..80,
        ) {
            let kept = cut_mrkdwn(&text, max);
            prop_assert!(measure(&kept) <= max);
            prop_assert!(!kept.trim().is_empty());
            prop_assert_eq!(kept.matches('<').count(), kept.matches('>').count());
            let entities: usize = ["&amp;", "&lt;", "&gt;"].iter().map(|entity| kept.matches(entity).count()).sum();
            prop_assert_eq!(kept.matches('&').count(), entities);
            if measure(&text) > max {
                prop_assert!(kept.ends_with('…') && text.starts_with(kept.trim_end_matches('…')));
            }
        }

        #[test]
        fn any_text_makes_valid_blocks(text in any::<String>()) {
            let long = text.repeat(40);
            let message = Message::new(&long, vec![Block::section(&long), Block::header(&long), Block::image(
                &Url::parse("https://plaudit.example.com/x.png").expect("an address"), &long, Some(&long))]);
            prop_assert!((1..=4_000).contains(&measure(message.text())));
            let blocks = sent(&message)["blocks"].clone();
            let limits = [
                ("/0/text/text", 3_000),
                ("/1/text/text", 150),
                ("/2/alt_text", 2_000),
                ("/2/title/text", 2_000),
            ];
            for (pointer, max) in limits {
                let text = blocks.pointer(pointer).and_then(|text| text.as_str()).expect(pointer);
                prop_assert!((1..=max).contains(&measure(text)) && !text.trim().is_empty());
            }
        }
    }
}
