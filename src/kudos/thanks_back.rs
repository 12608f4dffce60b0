//! *Say thanks back*: a receiver's words to the giver.

use std::collections::BTreeSet;

use super::audience::Audience;
use super::deliver;
use super::put_right::Change;
use super::rules::MOST_CHARACTERS;
use super::store::load;
use crate::base::clock::Instant;
use crate::base::text::{self, Masked};
use crate::outbox;
use crate::store::{StoreError, Tx};
use crate::workspace::{drafts, first_time, happened};

/// The kind of the draft that keeps the words until they are sent.
pub(super) const DRAFT: &str = "kudos.thanks";

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThankedBack {
    /// The giver gets a DM with the words.
    Done {
        /// What was masked.
        masked: BTreeSet<Masked>,
    },
    /// This receiver has thanked back before.
    Already,
    /// It doesn't thank this person, or doesn't exist.
    NotYours,
    /// It was taken back.
    Gone,
    /// No words at all.
    Empty,
    /// So many characters, more than [`MOST_CHARACTERS`].
    TooLong(usize),
}

/// Whether a receiver can thank back, as [`thank_back`] would say it: for a form to open or not.
pub async fn may_thank_back(tx: &mut Tx, change: &Change) -> Result<Option<ThankedBack>, StoreError> {
    let Some(kudos) = load(tx, &change.workspace, &change.kudos).await? else {
        return Ok(Some(ThankedBack::NotYours));
    };
    let ever = kudos
        .everyone
        .iter()
        .any(|receiver| receiver.is_member && receiver.id == change.by.0);
    if !ever {
        return Ok(Some(ThankedBack::NotYours));
    }
    if !kudos.thanks(&change.by) {
        return Ok(Some(ThankedBack::Gone));
    }
    let before = happened(tx, &change.workspace, &once(change)).await?;
    Ok(before.then_some(ThankedBack::Already))
}

fn once(change: &Change) -> String {
    format!("thanked back {} {}", change.kudos, change.by)
}

/// Sends a receiver's words to the giver, once per kudos and receiver; masked here.
pub async fn thank_back(tx: &mut Tx, change: &Change, typed: &str) -> Result<ThankedBack, StoreError> {
    if let Some(refused) = may_thank_back(tx, change).await? {
        return Ok(refused);
    }
    let (words, masked) = text::mask(text::clean(typed).trim());
    let length = text::count(&words);
    if words.is_empty() {
        return Ok(ThankedBack::Empty);
    }
    if length > MOST_CHARACTERS {
        return Ok(ThankedBack::TooLong(length));
    }
    let (workspace, now) = (&change.workspace, change.at);
    if !first_time(tx, workspace, &once(change), now).await? {
        return Ok(ThankedBack::Already);
    }
    // The queue carries no words. Slack may be away for longer than people are.
    let for_ever = Instant::from_millis(i64::MAX);
    let draft = drafts::keep(tx, workspace, &change.by, DRAFT, &words, now, for_ever).await?;
    let Some(kudos) = load(tx, workspace, &change.kudos).await? else {
        return Ok(ThankedBack::NotYours);
    };
    let audience = Audience::Thanks(change.by.clone());
    let note = deliver::note(workspace, &kudos.kudos, &audience, &kudos.giver, Some(&draft), now);
    outbox::enqueue(tx, &[note]).await?;
    Ok(ThankedBack::Done { masked })
}
