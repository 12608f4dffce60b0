//! Modals and App Home.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::{Block, Text, action_id_of, head, measure};
use crate::slack::limits;

/// A modal, or somebody's App Home. Blocks after 240 kB of JSON are left out, and so is a second input of one name: Slack
/// would refuse the whole view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submit: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<Text>,
    callback_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    private_metadata: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    external_id: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    notify_on_close: bool,
    blocks: Vec<Block>,
}

impl View {
    fn new(kind: &'static str, callback_id: &str, blocks: Vec<Block>) -> Self {
        let mut blocks = blocks;
        let (mut names, mut bytes) = (HashSet::new(), 0);
        blocks.retain(|block| {
            let is_new = block.input_name().is_none_or(|name| names.insert(name.to_owned()));
            is_new && !block.is_empty()
        });
        blocks.truncate(limits::BLOCKS_PER_VIEW);
        let fitting = blocks.iter().take_while(|block| {
            bytes += serde_json::to_vec(block).map_or(0, |json| json.len());
            bytes <= limits::VIEW_BYTES
        });
        let fitting = fitting.count();
        blocks.truncate(fitting);
        Self {
            kind,
            title: None,
            submit: None,
            close: None,
            callback_id: action_id_of(callback_id),
            private_metadata: String::new(),
            external_id: String::new(),
            notify_on_close: false,
            blocks,
        }
    }

    /// A modal with a plain title of at most 24 characters and at most 100 blocks. Without [`View::submit`] it can only
    /// be closed, and may hold no inputs.
    pub fn modal(title: &str, callback_id: &str, blocks: Vec<Block>) -> Self {
        Self {
            title: Some(Text::plain(title, limits::VIEW_TITLE)),
            ..Self::new("modal", callback_id, blocks)
        }
    }

    /// Somebody's App Home, at most 100 blocks.
    pub fn home(callback_id: &str, blocks: Vec<Block>) -> Self {
        Self::new("home", callback_id, blocks)
    }

    /// The button that submits it, at most 24 characters.
    #[must_use]
    pub fn submit(mut self, plain: &str) -> Self {
        self.submit = Some(Text::plain(plain, limits::VIEW_TITLE));
        self
    }

    /// The button that closes it, at most 24 characters; Slack says *Cancel* without it.
    #[must_use]
    pub fn close(mut self, plain: &str) -> Self {
        self.close = Some(Text::plain(plain, limits::VIEW_TITLE));
        self
    }

    /// What comes back with it: ids, at most 3,000 characters.
    #[must_use]
    pub fn private_metadata(mut self, metadata: &str) -> Self {
        debug_assert!(measure(metadata) <= limits::PRIVATE_METADATA, "metadata are ids");
        self.private_metadata = head(metadata, limits::PRIVATE_METADATA).to_owned();
        self
    }

    /// A name of ours for it, unique among all views that were ever opened.
    #[must_use]
    pub fn external_id(mut self, id: &str) -> Self {
        self.external_id = head(id, limits::ID).to_owned();
        self
    }

    /// Slack tells when it is closed without being submitted.
    #[must_use]
    pub fn notify_on_close(mut self) -> Self {
        self.notify_on_close = true;
        self
    }

    /// Its blocks, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }
}

/// What answers the submission of a modal, in its 200.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "response_action", rename_all = "snake_case")]
pub enum ViewResponse {
    /// Closes this view; the one below shows again. Sent as an empty body, see [`ViewResponse::is_empty`].
    #[default]
    Close,
    /// Closes every view.
    Clear,
    /// The view stays, with a plain sentence beside each input block named.
    Errors {
        /// By block id.
        errors: BTreeMap<String, String>,
    },
    /// Shows another view in its place.
    Update {
        /// The other one.
        view: Box<View>,
    },
    /// Puts another view on top; at most three.
    Push {
        /// The other one.
        view: Box<View>,
    },
}

impl ViewResponse {
    /// One sentence beside one input.
    pub fn error(block: &str, sentence: &str) -> Self {
        Self::Errors {
            errors: BTreeMap::from([(block.to_owned(), sentence.to_owned())]),
        }
    }

    /// Whether the 200 has no body.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Close)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::{Button, Choose, Input, measure};
    use super::*;

    fn sent(of: &impl Serialize) -> Value {
        serde_json::to_value(of).expect("a view has a JSON form")
    }

    #[test]
    fn a_modal_and_a_home_are_sent_as_slack_documents_them() {
        let words = Block::input("What did they do?", Input::text("words", true, "", 2_000))
            .optional()
            .hint("Their name stays out of it")
            .dispatched();
        let modal = View::modal("Give kudos", "give", vec![words])
            .submit("Give")
            .close("Not now")
            .private_metadata("k1")
            .external_id("give-1")
            .notify_on_close();
        let text = |text: &str| json!({"type": "plain_text", "text": text});
        assert_eq!(
            sent(&modal),
            json!({
                "type": "modal", "title": text("Give kudos"), "submit": text("Give"), "close": text("Not now"),
                "callback_id": "give", "private_metadata": "k1", "external_id": "give-1", "notify_on_close": true,
                "blocks": [{
                    "type": "input", "block_id": "words", "label": text("What did they do?"), "optional": true,
                    "hint": text("Their name stays out of it"), "dispatch_action": true,
                    "element": {"type": "plain_text_input", "action_id": "words", "multiline": true, "max_length": 2000},
                }],
            })
        );
        let home = View::home("home", vec![Block::divider()]);
        assert_eq!(
            sent(&home),
            json!({"type": "home", "callback_id": "home", "blocks": [{"type": "divider"}]})
        );
    }

    #[test]
    fn a_question_stands_before_a_click() {
        let button =
            Button::new("Remove", "remove", "Remove Lee's thanks to Dana").confirmed("Remove?", "It goes.", "Yes");
        let text = |text: &str| json!({"type": "plain_text", "text": text});
        assert_eq!(
            sent(&button)["confirm"],
            json!({"title": text("Remove?"), "text": text("It goes."), "confirm": text("Yes"), "deny": text("Cancel")})
        );
    }

    #[test]
    fn a_submission_is_answered_as_slack_documents_it() {
        assert!(ViewResponse::Close.is_empty());
        assert_eq!(sent(&ViewResponse::Clear), json!({"response_action": "clear"}));
        assert_eq!(
            sent(&ViewResponse::error("people", "Only yourself is named.")),
            json!({"response_action": "errors", "errors": {"people": "Only yourself is named."}})
        );
        let view = Box::new(View::modal("Kudos", "next", vec![]));
        let shown = json!({"type": "modal", "title": {"type": "plain_text", "text": "Kudos"}, "callback_id": "next",
            "blocks": []});
        for (response, action) in [
            (ViewResponse::Update { view: view.clone() }, "update"),
            (ViewResponse::Push { view }, "push"),
        ] {
            assert!(!response.is_empty());
            assert_eq!(sent(&response), json!({"response_action": action, "view": shown}));
        }
    }

    #[test]
    fn what_slack_would_refuse_is_left_out() {
        let count = |blocks: Vec<Block>| View::home("home", blocks).blocks().len();
        assert_eq!(count(vec![Block::divider(); 120]), 100);
        assert_eq!(count(vec![Block::context(vec![]), Block::actions(vec![])]), 0);
        let words = |label: &str| Block::input(label, Input::text("words", false, "", 100));
        assert_eq!(
            View::home("home", vec![words("one"), words("two")]),
            View::home("home", vec![words("one")])
        );
        assert_eq!(
            count(vec![Block::input("Which?", Input::select("which", vec![], None))]),
            0
        );
        // 100 sections of the longest text are more than a view may weigh.
        let heavy = View::home("home", vec![Block::section(&"é".repeat(3_000)); 100]);
        assert!((30..100).contains(&heavy.blocks().len()));
        assert!(sent(&heavy).to_string().len() < 250_000);
    }

    proptest! {
        #[test]
        fn any_text_makes_a_valid_view(text in any::<String>()) {
            let long = text.repeat(60);
            let choose = vec![Choose::new(&long, "a").about(&long)];
            let view = View::modal(&long, "x", vec![
                Block::input(&long, Input::text("words", true, &long, 300).placeholder(&long)).hint(&long),
                Block::input(&long, Input::radio("one", choose, Some("a"))),
            ]).submit(&long).close(&long);
            let view = sent(&view);
            for (pointer, max) in [
                ("/title/text", 24), ("/submit/text", 24), ("/close/text", 24), ("/blocks/0/label/text", 2_000),
                ("/blocks/0/element/placeholder/text", 150), ("/blocks/1/element/options/0/text/text", 75),
            ] {
                let text = view.pointer(pointer).and_then(Value::as_str).expect(pointer);
                prop_assert!((1..=max).contains(&measure(text)) && !text.trim().is_empty(), "{}", pointer);
            }
            for (pointer, max) in [
                ("/blocks/0/hint/text", 2_000), ("/blocks/0/element/initial_value", 300),
                ("/blocks/1/element/options/0/description/text", 75),
            ] {
                let text = view.pointer(pointer).and_then(Value::as_str);
                prop_assert!(text.is_none_or(|text| (1..=max).contains(&measure(text))), "{}", pointer);
                prop_assert_eq!(text.is_none(), long.trim().is_empty(), "{}", pointer);
            }
        }
    }
}
