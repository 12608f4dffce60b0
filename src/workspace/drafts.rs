//! What waits for a click: a choice of names, words to add, an expired trigger. Kept for a day; the button carries the
//! id. Words are masked before they come here.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::base::clock::Instant;
use crate::base::ids::{UserId, WorkspaceId, new_id};
use crate::store::{StoreError, Tx, sql};

/// How long a draft waits.
pub const LASTS: Duration = Duration::from_secs(86_400);

/// Keeps a draft for its owner until `until`; returns its id. `kind` says whose it is (`kudos.choice`).
pub async fn keep(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    owner: &UserId,
    kind: &str,
    body: &impl Serialize,
    now: Instant,
    until: Instant,
) -> Result<String, StoreError> {
    insert(tx, workspace, owner, kind, new_id(now), body, now, until).await
}

/// The same for something that Slack may deliver twice: the same `once` of a kind is one draft, with one id.
#[expect(clippy::too_many_arguments, reason = "one column each")]
pub async fn keep_once(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    owner: &UserId,
    kind: &str,
    once: &str,
    body: &impl Serialize,
    now: Instant,
    until: Instant,
) -> Result<String, StoreError> {
    let id = hex::encode(&Sha256::digest(format!("{workspace} {owner} {kind} {once}"))[..16]);
    insert(tx, workspace, owner, kind, id, body, now, until).await
}

#[expect(clippy::too_many_arguments, reason = "one column each")]
async fn insert(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    owner: &UserId,
    kind: &str,
    id: String,
    body: &impl Serialize,
    now: Instant,
    until: Instant,
) -> Result<String, StoreError> {
    let body = serde_json::to_string(body).map_err(|_| StoreError::Unreadable("a draft"))?;
    sql!(
        tx,
        execute "INSERT INTO draft (id, workspace, owner, kind, body, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
        &id,
        workspace,
        owner,
        kind,
        body,
        now,
        until
    )?;
    Ok(id)
}

/// A draft of this owner and kind that still waits; `None` if it expired, was used, or isn't theirs.
pub async fn find<T: DeserializeOwned>(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    owner: &UserId,
    kind: &str,
    id: &str,
    now: Instant,
) -> Result<Option<T>, StoreError> {
    let row: Option<(String,)> = sql!(
        tx,
        fetch_optional as (String,),
        "SELECT body FROM draft WHERE id = $1 AND workspace = $2 AND owner = $3 AND kind = $4 AND expires_at > $5",
        id,
        workspace,
        owner,
        kind,
        now
    )?;
    row.map(|(body,)| serde_json::from_str(&body).map_err(|_| StoreError::Unreadable("a draft")))
        .transpose()
}

/// Lets a draft of this owner and kind wait for something else, until then. True for the one caller who did.
pub async fn turn(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    owner: &UserId,
    id: &str,
    (from, to): (&str, &str),
    now: Instant,
    until: Instant,
) -> Result<bool, StoreError> {
    let turned = sql!(
        tx,
        execute "UPDATE draft SET kind = $1, expires_at = $2
                 WHERE id = $3 AND workspace = $4 AND owner = $5 AND kind = $6 AND expires_at > $7",
        to,
        until,
        id,
        workspace,
        owner,
        from,
        now
    )?;
    Ok(turned > 0)
}

/// Uses a draft up. True for the one caller who did.
pub async fn take(tx: &mut Tx, workspace: &WorkspaceId, id: &str) -> Result<bool, StoreError> {
    let gone = sql!(tx, execute "DELETE FROM draft WHERE workspace = $1 AND id = $2", workspace, id)?;
    Ok(gone > 0)
}

/// Deletes what nobody came back for.
pub async fn sweep(tx: &mut Tx, workspace: &WorkspaceId, now: Instant) -> Result<u64, StoreError> {
    sql!(tx, execute "DELETE FROM draft WHERE workspace = $1 AND expires_at <= $2", workspace, now)
}
