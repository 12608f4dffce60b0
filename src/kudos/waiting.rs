//! What waits for a click: which of two people is meant, a kudos that the allowance refused, a form that didn't open.

use serde::{Deserialize, Serialize};

use super::giving::{Gave, Said, Wish};
use super::grammar;
use super::messages::{self, Names, Voice};
use super::rules::Refusal;
use super::{Announce, Effect, FORM, Giving, Outcome, Receiver, Source};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::base::text::{self, list_names};
use crate::slack::blocks::Message;
use crate::store::{StoreError, Tx};
use crate::workspace::drafts;

/// A kind of draft: which of several people is meant.
pub(super) const CHOICE: &str = "kudos.choice";
/// A kind of draft: the allowance doesn't cover it.
pub(super) const SHORT: &str = "kudos.short";
/// A kind of draft: it was put off, and a row of the outbox waits for its day.
pub(super) const LATER: &str = "kudos.later";
/// A kind of draft: what a form is filled in with when it opens.
pub const MODAL: &str = "kudos.modal";

/// What somebody wants to give, kept until they click. Its words are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// Who is thanked.
    pub receivers: Vec<Receiver>,
    /// Names that several people have, with those people.
    pub ambiguous: Vec<(String, Vec<UserId>)>,
    /// Why.
    pub reason: String,
    /// Values of the workspace, without `#`.
    pub values: Vec<String>,
    /// How it came; `None` is a form that somebody opened by themselves.
    pub source: Option<Source>,
    /// Where.
    pub channel: Option<ChannelId>,
    /// The thread in it, by its parent.
    pub thread: Option<MessageTs>,
    /// The post that gives it, and how.
    pub effect: Option<(MessageTs, Effect)>,
    /// Where it is announced.
    pub announce: Announce,
}

impl Waiting {
    /// What was asked for, as it was understood.
    pub(super) fn of(gave: &Gave) -> Self {
        let parsed = &gave.parsed;
        let wish = &gave.wish;
        Self {
            receivers: parsed.receivers.iter().map(grammar::Receiver::plain).collect(),
            ambiguous: parsed.ambiguous.clone(),
            reason: parsed.reason.clone(),
            values: parsed.values.clone(),
            source: Some(wish.source),
            channel: wish.channel.clone(),
            thread: wish.thread.clone(),
            effect: wish.effect.clone(),
            announce: wish.announce.clone(),
        }
    }

    /// The same with masked words: nothing else may be stored.
    #[must_use]
    pub(super) fn masked(mut self) -> Self {
        self.reason = text::mask(&self.reason).0;
        self
    }

    /// What it asks to give, in the name of `giver`. The same `what` gives once, however often it is asked.
    pub fn wish(&self, giver: &UserId, what: &str) -> Wish {
        Wish {
            giver: giver.clone(),
            said: Said::Picked {
                receivers: self.receivers.clone(),
                reason: self.reason.clone(),
                values: self.values.clone(),
            },
            source: self.source.unwrap_or(Source::Modal),
            channel: self.channel.clone(),
            thread: self.thread.clone(),
            effect: self.effect.clone(),
            delivery: Some(format!("{FORM}{what}")),
            announce: self.announce.clone(),
        }
    }

    /// As a person would type it, for giving it back. Plain text.
    pub(super) fn as_typed(&self, names: &impl Names) -> String {
        let mut whom: Vec<String> = self.receivers.iter().map(|receiver| names.receiver(receiver)).collect();
        whom.extend(self.ambiguous.iter().map(|(name, _)| name.clone()));
        let whom = list_names(&whom);
        match (whom.is_empty(), self.reason.is_empty()) {
            (true, _) => self.reason.clone(),
            (false, true) => whom,
            (false, false) => format!("{whom}: {}", self.reason),
        }
    }
}

impl Giving<'_> {
    /// What the giver is told, privately; where a click can still make a kudos of it, with the buttons for that.
    pub async fn answer(&self, gave: &Gave, voice: &Voice<'_>) -> Message {
        let kind = match &gave.result {
            Err(Refusal::Ambiguous(..)) => CHOICE,
            Ok((_, Outcome::Short { needs, .. })) if voice.allowance.is_some_and(|allowance| *needs <= allowance) => {
                SHORT
            }
            _ => return gave.answer(voice),
        };
        let once = gave.wish.delivery.as_deref();
        let draft = match self.keep(&gave.wish.giver, kind, once, &Waiting::of(gave)).await {
            Ok(draft) => draft,
            // The sentence gives the words back.
            Err(error) => {
                tracing::warn!(%error, "what waits for a click could not be stored");
                return gave.answer(voice);
            }
        };
        match &gave.result {
            Err(Refusal::Ambiguous(name, people)) => messages::which(voice.locale, &gave.names(), name, people, &draft),
            Ok((_, Outcome::Short { needs, left })) => {
                messages::short(voice, *needs, *left, &gave.parsed.as_typed, Some(&draft))
            }
            _ => gave.answer(voice),
        }
    }

    /// Keeps what waits for this person's click; returns its id, the same one for the same delivery.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored.
    pub async fn keep(
        &self,
        owner: &UserId,
        kind: &str,
        delivery: Option<&str>,
        waiting: &Waiting,
    ) -> Result<String, StoreError> {
        let ctx = self.ctx;
        let now = ctx.clock.now();
        let (workspace, owner) = (ctx.workspace.id.clone(), owner.clone());
        let waiting = waiting.clone().masked();
        let (kind, once, until) = (kind.to_owned(), delivery.map(str::to_owned), now.plus(drafts::LASTS));
        ctx.db
            .write(async move |tx: &mut Tx| match &once {
                Some(once) => drafts::keep_once(tx, &workspace, &owner, &kind, once, &waiting, now, until).await,
                None => drafts::keep(tx, &workspace, &owner, &kind, &waiting, now, until).await,
            })
            .await
    }

    /// What waits for this person's click; `None` when it is older than a day, or was used.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read.
    pub async fn kept(&self, owner: &UserId, kind: &str, id: &str) -> Result<Option<Waiting>, StoreError> {
        let ctx = self.ctx;
        let now: Instant = ctx.clock.now();
        let (workspace, owner) = (ctx.workspace.id.clone(), owner.clone());
        let (kind, id) = (kind.to_owned(), id.to_owned());
        ctx.db
            .read(async move |tx: &mut Tx| drafts::find(tx, &workspace, &owner, &kind, &id, now).await)
            .await
    }
}
