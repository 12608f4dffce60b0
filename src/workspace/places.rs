//! Where things are said: public, private or unknown, and whether the app may post there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, WorkspaceId};
use crate::slack::client::Conversation;
use crate::store::{StoreError, Tx, sql};

/// Who can read a place. Unknown counts as private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// Everybody in the workspace.
    Public,
    /// Its members only.
    Private,
    /// Slack hasn't said, or the scope to ask is missing.
    Unknown,
}

/// Whether the app may post there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Postable {
    /// It has.
    Yes,
    /// Slack refused for good (until somebody invites the app).
    No,
    /// Not tried yet, or the refusal is old.
    Unknown,
}

/// One conversation, as we know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub channel: ChannelId,
    /// Its name without `#`; empty when unknown.
    pub name: String,
    /// Who can read it.
    pub kind: PlaceKind,
    /// Whether the app may post there.
    pub postable: Postable,
    /// Shared with another company.
    pub is_shared: bool,
    /// When Slack was last asked; `None` if never.
    pub checked_at: Option<Instant>,
}

/// How long a refusal to post is believed: nobody tells the app that it was invited when `channels:read` is missing.
const REFUSAL_LASTS: Duration = Duration::from_secs(3_600);
/// How long an answer of `conversations.info` is believed, since a channel may become private without an event.
const KIND_LASTS: Duration = Duration::from_secs(86_400);

impl Place {
    fn unknown(channel: &ChannelId) -> Self {
        Self {
            channel: channel.clone(),
            name: String::new(),
            // Slack: a `D…` is always a direct message.
            kind: if channel.is_direct_message() {
                PlaceKind::Private
            } else {
                PlaceKind::Unknown
            },
            postable: Postable::Unknown,
            is_shared: false,
            checked_at: None,
        }
    }

    /// Whether Slack should be asked again what this place is.
    pub fn wants_check(&self, now: Instant) -> bool {
        !self.channel.is_direct_message() && self.checked_at.is_none_or(|at| now.since(at) >= KIND_LASTS)
    }
}

/// What we know of some conversations at `now`, one entry each.
pub async fn places(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channels: &BTreeSet<ChannelId>,
    now: Instant,
) -> Result<BTreeMap<ChannelId, Place>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (ChannelId, String, String, String, bool, i64, i64),
        "SELECT p.channel, p.name, p.kind, p.postable, p.is_shared, p.checked_at, p.refused_at
         FROM jsonb_each($1) j CROSS JOIN place p WHERE p.workspace = $2 AND p.channel = j.value ->> 0",
        json!(channels.iter().map(|id| [id]).collect::<Vec<_>>()).to_string(),
        workspace
    )?;
    let mut places: BTreeMap<ChannelId, Place> = channels.iter().map(|id| (id.clone(), Place::unknown(id))).collect();
    for (channel, name, kind, postable, is_shared, checked_at, refused_at) in rows {
        let place = places
            .entry(channel.clone())
            .or_insert_with(|| Place::unknown(&channel));
        place.name = name;
        place.is_shared = is_shared;
        place.checked_at = (checked_at > 0).then(|| Instant::from_millis(checked_at));
        place.kind = match kind.as_str() {
            "public" => PlaceKind::Public,
            "private" => PlaceKind::Private,
            _ => place.kind,
        };
        place.postable = match postable.as_str() {
            "yes" => Postable::Yes,
            "no" if now.since(Instant::from_millis(refused_at)) < REFUSAL_LASTS => Postable::No,
            _ => Postable::Unknown,
        };
    }
    Ok(places)
}

/// What we know of a conversation at `now`.
pub async fn place(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    now: Instant,
) -> Result<Place, StoreError> {
    let mut found = places(tx, workspace, &BTreeSet::from([channel.clone()]), now).await?;
    Ok(found.remove(channel).unwrap_or_else(|| Place::unknown(channel)))
}

/// Stores what `conversations.info` said; `None` when it couldn't say (a missing scope, a private channel without
/// the app), so that it isn't asked at every kudos.
pub async fn remember_conversation(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    conversation: Option<&Conversation>,
    now: Instant,
) -> Result<(), StoreError> {
    let kind = match conversation {
        Some(c) if c.is_private || c.is_im || c.is_mpim => "private",
        Some(_) => "public",
        None => "unknown",
    };
    sql!(
        tx,
        execute "INSERT INTO place (workspace, channel, name, kind, postable, is_shared, checked_at, refused_at)
                 VALUES ($1, $2, $3, $4, 'unknown', $5, $6, 0)
                 ON CONFLICT (workspace, channel) DO UPDATE SET name = excluded.name, kind = excluded.kind,
                    is_shared = excluded.is_shared, checked_at = excluded.checked_at",
        workspace,
        channel,
        conversation.and_then(|c| c.name.as_deref()).unwrap_or(""),
        kind,
        conversation.is_some_and(|c| c.is_ext_shared),
        now
    )?;
    Ok(())
}

/// Stores whether posting there worked.
pub async fn remember_postable(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    postable: bool,
    now: Instant,
) -> Result<(), StoreError> {
    let (postable, refused_at) = if postable {
        ("yes", Instant::default())
    } else {
        ("no", now)
    };
    sql!(
        tx,
        execute "INSERT INTO place (workspace, channel, name, kind, postable, is_shared, checked_at, refused_at)
                 VALUES ($1, $2, '', 'unknown', $3, FALSE, 0, $4)
                 ON CONFLICT (workspace, channel) DO UPDATE SET postable = excluded.postable,
                    refused_at = excluded.refused_at",
        workspace,
        channel,
        postable,
        refused_at
    )?;
    Ok(())
}

/// Something about a conversation changed (invited, archived, shared): what we knew is asked anew.
pub async fn forget(tx: &mut Tx, workspace: &WorkspaceId, channel: &ChannelId) -> Result<(), StoreError> {
    sql!(tx, execute "DELETE FROM place WHERE workspace = $1 AND channel = $2", workspace, channel)?;
    Ok(())
}
