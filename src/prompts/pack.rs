//! Packs: named lists of prompts, written as TOML.

use std::path::Path;

use chrono::Weekday;

/// A named list of prompts, by theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// What schedules call it: small letters, digits and hyphens.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Its themes.
    pub themes: Vec<Theme>,
    /// Drafts of the note that opens Customer Service Week.
    pub opening: Vec<String>,
    /// What closes its last day.
    pub wrap_up: Vec<String>,
    /// What the Monday after asks.
    pub monday_after: Vec<String>,
    /// What is asked 30 days later.
    pub after_30_days: Vec<String>,
    /// What is asked 90 days later.
    pub after_90_days: Vec<String>,
}

/// A subject that belongs to a weekday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its id in the pack.
    pub id: String,
    /// What people call it, as in `Win Wednesday`.
    pub name: String,
    /// Its emoji with colons.
    pub emoji: String,
    /// Its day.
    pub weekday: Option<Weekday>,
    /// What it asks.
    pub prompts: Vec<Prompt>,
}

/// One text that asks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Its id, which never changes.
    pub id: String,
    /// What it asks, in mrkdwn.
    pub text: String,
    /// What is asked later on the same day, where Customer Service Week runs in full.
    pub follow_up: Option<String>,
    /// What leads in the answers of the day before; `{answers}` stands for them.
    pub carries: Option<String>,
}

/// Something in a pack that isn't right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong and how it would be right.
    pub what: String,
}

/// Every pack there is, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packs {
    packs: Vec<Pack>,
}

/// A folder of packs that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PacksError {
    /// The folder can't be read.
    #[error("the folder of packs {folder} can't be read: {error}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        error: std::io::Error,
    },
}

impl Packs {
    /// The packs that Plaudit brings.
    pub fn shipped() -> Self {
        Self::default()
    }

    /// With those of a folder, which replace the shipped ones of the same name.
    ///
    /// # Errors
    /// [`PacksError`]
    pub fn with_folder(self, _folder: &Path) -> Result<Self, PacksError> {
        Ok(self)
    }

    /// The pack of this name.
    pub fn get(&self, name: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.name == name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.packs.iter().map(|pack| pack.name.as_str())
    }
}

/// Reads a pack.
///
/// # Errors
/// Every fault, in the order of lines.
pub fn check(_text: &str) -> Result<Pack, Vec<Fault>> {
    Err(Vec::new())
}
