//! Putting right what was given: other words, a value more, out of sight, reported, removed.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::Receiver;
use super::audience::Audience;
use super::closing::month_told_at;
use super::deliver::{self, card_again, refresh, refresh_where, tell_removed};
use super::grammar;
use super::rules::{self, MOST_CHARACTERS};
use super::store::StoredReceiver;
use super::store::{self, Stored, load};
use super::take_back::{card_lane, undo_all};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, UserId, WorkspaceId};
use crate::base::text::{self, Masked, few_words, words};
use crate::outbox;
use crate::store::{StoreError, Tx, list, sql};
use crate::workspace::audit::{self, Entry};
use crate::workspace::{Settings, first_time, happened};

/// What somebody asks to change of a kudos.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where.
    pub workspace: WorkspaceId,
    /// Which kudos.
    pub kudos: KudosId,
    /// Who asks.
    pub by: UserId,
    /// When.
    pub at: Instant,
    /// The workspace's zone: it says when the month closes.
    pub zone: Tz,
}

/// What came of other words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// They are stored, and what is posted is brought up to date.
    Done {
        /// Values that a `#word` comes near to, each once.
        near_values: Vec<String>,
        /// What was masked.
        masked: BTreeSet<Masked>,
        /// Fewer words than are worth keeping.
        few_words: bool,
    },
    /// They say what is said already.
    Unchanged,
    /// Somebody else gave it, and its month isn't closed; or it doesn't exist.
    NotYours,
    /// Its month is closed: only a steward changes it now.
    Closed {
        /// When it was given.
        given_at: Instant,
    },
    /// It was taken back.
    Gone,
    /// No words at all.
    Empty,
    /// So many characters, more than [`MOST_CHARACTERS`].
    TooLong(usize),
    /// Fewer words than the workspace asks for: so many.
    TooFewWords(usize),
}

/// Whether this person may change the words now. The giver until the month closes, a steward afterwards.
fn may_change(kudos: &Stored, told_at: Option<Instant>, change: &Change, is_steward: bool) -> Result<(), Edited> {
    let is_open = rules::is_open(kudos.given_at, told_at, change.zone, change.at);
    if kudos.receivers.is_empty() {
        return Err(if kudos.giver == change.by {
            Edited::Gone
        } else {
            Edited::NotYours
        });
    }
    match (kudos.giver == change.by, is_open, is_steward) {
        (true, true, _) | (_, false, true) => Ok(()),
        (true, false, false) => Err(Edited::Closed {
            given_at: kudos.given_at,
        }),
        (false, ..) => Err(Edited::NotYours),
    }
}

/// Whether somebody may edit the words of a kudos, and what they are now: for a form to begin with.
///
/// The inner error says why not.
pub async fn words_of(tx: &mut Tx, change: &Change, settings: &Settings) -> Result<Result<String, Edited>, StoreError> {
    let Some(kudos) = load(tx, &change.workspace, &change.kudos).await? else {
        return Ok(Err(Edited::NotYours));
    };
    let told_at = month_told_at(tx, &change.workspace, kudos.workspace_day).await?;
    Ok(may_change(&kudos, told_at, change, settings.is_steward(&change.by)).map(|()| kudos.reason))
}

/// Other words for a kudos that stands: plain text as typed, masked here; a `#word` of the workspace's values adds that
/// value. What makes two kudos the same stays as it was, so that the first words said again within ten minutes are still
/// the same kudos.
pub async fn edit_words(tx: &mut Tx, change: &Change, typed: &str, settings: &Settings) -> Result<Edited, StoreError> {
    let Some(kudos) = load(tx, &change.workspace, &change.kudos).await? else {
        return Ok(Edited::NotYours);
    };
    let told_at = month_told_at(tx, &change.workspace, kudos.workspace_day).await?;
    if let Err(refused) = may_change(&kudos, told_at, change, settings.is_steward(&change.by)) {
        return Ok(refused);
    }
    let (values, near_values) = grammar::values_in(typed, &settings.value_names());
    let (reason, masked) = text::mask(text::clean(typed).trim());
    let length = text::count(&reason);
    if reason.is_empty() {
        return Ok(Edited::Empty);
    }
    if length > MOST_CHARACTERS {
        return Ok(Edited::TooLong(length));
    }
    if words(&reason) < settings.least_words {
        return Ok(Edited::TooFewWords(settings.least_words));
    }
    let mut all = kudos.values.clone();
    all.extend(values.into_iter().filter(|value| !kudos.values.contains(value)));
    if reason == kudos.reason && all == kudos.values {
        return Ok(Edited::Unchanged);
    }
    let few_words = few_words(&reason);
    write_words(tx, change, &reason, &all).await?;
    if kudos.giver != change.by {
        let entry = Entry::new(&change.by, "kudos.words", change.kudos.as_str());
        audit::enter(tx, &change.workspace, &entry, change.at).await?;
    }
    Ok(Edited::Done {
        near_values: near_values.into_iter().filter(|value| !all.contains(value)).collect(),
        masked,
        few_words,
    })
}

/// One value more for a kudos: the one that was nearly written.
pub async fn add_value(tx: &mut Tx, change: &Change, value: &str, settings: &Settings) -> Result<Edited, StoreError> {
    let Some(kudos) = load(tx, &change.workspace, &change.kudos).await? else {
        return Ok(Edited::NotYours);
    };
    let told_at = month_told_at(tx, &change.workspace, kudos.workspace_day).await?;
    if let Err(refused) = may_change(&kudos, told_at, change, settings.is_steward(&change.by)) {
        return Ok(refused);
    }
    let listed = settings.value_names().iter().any(|listed| listed == value);
    if !listed || kudos.values.iter().any(|had| had == value) {
        return Ok(Edited::Unchanged);
    }
    let mut values = kudos.values.clone();
    values.push(value.to_owned());
    write_words(tx, change, &kudos.reason, &values).await?;
    Ok(Edited::Done {
        near_values: Vec::new(),
        masked: BTreeSet::new(),
        few_words: false,
    })
}

async fn write_words(tx: &mut Tx, change: &Change, reason: &str, values: &[String]) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE words SET reason = $1, value_names = $2 WHERE workspace = $3 AND kudos = $4",
        reason,
        list(values),
        &change.workspace,
        &change.kudos
    )?;
    refresh(tx, &change.workspace, &change.kudos, false, change.at).await
}

/// What came of hiding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// Their name leaves the card.
    Done {
        /// Nobody is left on it, so it goes.
        card_goes: bool,
    },
    /// Their name is back.
    Shown,
    /// It doesn't thank them.
    NotYours,
    /// It was taken back, or never existed.
    Gone,
}

/// Takes a receiver's name out of sight, or shows it again (`on` false). The counts stay.
pub async fn hide(
    tx: &mut Tx,
    change: &Change,
    on: bool,
    recognition: Option<&ChannelId>,
) -> Result<Hidden, StoreError> {
    let (workspace, id) = (&change.workspace, &change.kudos);
    let Some(kudos) = load(tx, workspace, id)
        .await?
        .filter(|kudos| !kudos.receivers.is_empty())
    else {
        return Ok(Hidden::Gone);
    };
    if !kudos.thanks(&change.by) {
        return Ok(Hidden::NotYours);
    }
    if on {
        sql!(
            tx,
            execute "INSERT INTO hidden (workspace, kudos, member, at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (workspace, kudos, member) DO NOTHING",
            workspace,
            id,
            &change.by,
            change.at
        )?;
        refresh(tx, workspace, id, false, change.at).await?;
        let card_goes = kudos.named().all(|receiver| receiver.id == change.by.0);
        return Ok(Hidden::Done { card_goes });
    }
    let shown = sql!(
        tx,
        execute "DELETE FROM hidden WHERE workspace = $1 AND kudos = $2 AND member = $3",
        workspace,
        id,
        &change.by
    )?;
    if shown > 0 {
        refresh(tx, workspace, id, false, change.at).await?;
        post_what_went(tx, workspace, &kudos, recognition, change.at).await?;
    }
    Ok(Hidden::Shown)
}

/// The cards that went when nobody was left on them come back.
async fn post_what_went(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &Stored,
    recognition: Option<&ChannelId>,
    now: Instant,
) -> Result<(), StoreError> {
    let id = &kudos.kudos;
    let stands: Vec<Audience> = store::posts(tx, workspace, id)
        .await?
        .into_iter()
        .map(|(audience, _)| audience)
        .collect();
    let mut again = Vec::new();
    let announced = announced_afterwards(tx, workspace, id).await?;
    if let Some(channel) = recognition.filter(|_| announced && !stands.contains(&Audience::Also)) {
        again.push(card_again(workspace, id, &Audience::Also, channel, now));
    }
    let told_together = store::roundup_of(tx, workspace, id).await?.is_some();
    if !told_together && !stands.contains(&Audience::Card) {
        let lane = card_lane(recognition, &kudos.announce, kudos.channel.as_ref());
        again.push(card_again(workspace, id, &Audience::Card, &lane.into(), now));
    }
    outbox::enqueue(tx, &again).await
}

// Reported and removed.

/// What came of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// The stewards hear of it, once however often it is reported.
    Told,
    /// There is nobody to tell.
    NoStewards,
    /// It was taken back, or never existed.
    Gone,
}

/// What a report is about: these words. Other words may be reported anew.
fn about(kudos: &Stored) -> String {
    let digest = Sha256::digest(kudos.reason.as_bytes());
    format!("{} {}", kudos.kudos, hex::encode(&digest[..8]))
}

/// Tells the stewards that somebody wants them to look at a kudos. Who it was is kept nowhere.
pub async fn report(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    settings: &Settings,
    now: Instant,
) -> Result<Reported, StoreError> {
    let Some(kudos) = load(tx, workspace, kudos)
        .await?
        .filter(|kudos| !kudos.receivers.is_empty())
    else {
        return Ok(Reported::Gone);
    };
    if settings.stewards.is_empty() {
        return Ok(Reported::NoStewards);
    }
    if first_time(tx, workspace, &format!("reported {}", about(&kudos)), now).await? {
        let entry = Entry::new(&UserId::default(), "kudos.reported", kudos.kudos.as_str());
        audit::enter(tx, workspace, &entry, now).await?;
        let notes: Vec<_> = settings
            .stewards
            .iter()
            .map(|steward| {
                deliver::note(
                    workspace,
                    &kudos.kudos,
                    &Audience::Report(steward.clone()),
                    steward,
                    None,
                    now,
                )
            })
            .collect();
        outbox::enqueue(tx, &notes).await?;
    }
    Ok(Reported::Told)
}

/// Whether a steward has decided to keep what was reported.
pub(super) async fn is_kept(tx: &mut Tx, workspace: &WorkspaceId, kudos: &Stored) -> Result<bool, StoreError> {
    happened(tx, workspace, &format!("kept {}", about(kudos))).await
}

/// What came of a steward's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is gone: card, DMs, quotes and counts.
    Removed {
        /// Whom it had thanked.
        receivers: Vec<Receiver>,
    },
    /// It stays.
    Kept,
    /// Only stewards decide.
    NotASteward,
    /// It was taken back before, or never existed.
    Gone,
}

/// A steward removes a kudos. The audit log keeps who; the giver hears that it is gone.
pub async fn remove(tx: &mut Tx, change: &Change, settings: &Settings) -> Result<Decided, StoreError> {
    if !settings.is_steward(&change.by) {
        return Ok(Decided::NotASteward);
    }
    let (workspace, id) = (&change.workspace, &change.kudos);
    let Some(kudos) = load(tx, workspace, id).await? else {
        return Ok(Decided::Gone);
    };
    let undone = undo_all(
        tx,
        workspace,
        &kudos,
        change.by.as_str(),
        settings.channel.as_ref(),
        change.at,
    )
    .await?;
    if undone.is_none() {
        return Ok(Decided::Gone);
    }
    let people: Vec<&str> = kudos.receivers.iter().map(|receiver| receiver.id.as_str()).collect();
    let before = json!({ "giver": kudos.giver, "receivers": people });
    let entry = Entry::new(&change.by, "kudos.removed", id.as_str()).values(&before, &Json::Null);
    audit::enter(tx, workspace, &entry, change.at).await?;
    if kudos.giver != change.by {
        tell_removed(tx, workspace, &kudos, change.at).await?;
    }
    Ok(Decided::Removed {
        receivers: kudos.receivers.iter().map(StoredReceiver::receiver).collect(),
    })
}

/// A steward keeps what was reported.
pub async fn keep(tx: &mut Tx, change: &Change, settings: &Settings) -> Result<Decided, StoreError> {
    if !settings.is_steward(&change.by) {
        return Ok(Decided::NotASteward);
    }
    let (workspace, id) = (&change.workspace, &change.kudos);
    let Some(kudos) = load(tx, workspace, id)
        .await?
        .filter(|kudos| !kudos.receivers.is_empty())
    else {
        return Ok(Decided::Gone);
    };
    if first_time(tx, workspace, &format!("kept {}", about(&kudos)), change.at).await? {
        let entry = Entry::new(&change.by, "kudos.kept", id.as_str());
        audit::enter(tx, workspace, &entry, change.at).await?;
        let reports = |audience: &Audience| matches!(audience, Audience::Report(_));
        refresh_where(tx, workspace, id, false, change.at, reports).await?;
    }
    Ok(Decided::Kept)
}

// Announced afterwards.

fn announced(kudos: &KudosId) -> String {
    format!("announced {kudos}")
}

/// Whether the giver has announced a kudos in the recognition channel that was given elsewhere.
pub(super) async fn announced_afterwards(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
) -> Result<bool, StoreError> {
    happened(tx, workspace, &announced(kudos)).await
}

/// What came of announcing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// A card is on its way to the recognition channel, or stands there.
    Done,
    /// Somebody else gave it, or it doesn't exist.
    NotYours,
    /// It was taken back.
    Gone,
    /// There is no recognition channel.
    Nowhere,
}

/// The giver wants what was said in private to stand in the recognition channel, too. That is for the giver alone to
/// decide; asked for twice, it is done once.
pub async fn announce(tx: &mut Tx, change: &Change, recognition: Option<&ChannelId>) -> Result<Announced, StoreError> {
    let (workspace, id) = (&change.workspace, &change.kudos);
    let kudos = load(tx, workspace, id).await?;
    let Some(kudos) = kudos.filter(|kudos| kudos.giver == change.by) else {
        return Ok(Announced::NotYours);
    };
    if kudos.receivers.is_empty() {
        return Ok(Announced::Gone);
    }
    let Some(channel) = recognition else {
        return Ok(Announced::Nowhere);
    };
    let stands = store::post(tx, workspace, id, &Audience::Card.name()).await?;
    let is_there = stands.is_some_and(|post| post.channel == *channel);
    if !is_there && first_time(tx, workspace, &announced(id), change.at).await? {
        outbox::enqueue(tx, &[card_again(workspace, id, &Audience::Also, channel, change.at)]).await?;
    }
    Ok(Announced::Done)
}
