//! Modals and App Home.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Block, Text, action_id_of, head};
use crate::slack::limits;

/// A modal, or somebody's App Home.
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
        blocks.retain(|block| !block.is_empty());
        blocks.truncate(limits::BLOCKS_PER_VIEW);
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
        debug_assert!(metadata.len() <= limits::PRIVATE_METADATA, "metadata are ids");
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
