//! What Slack delivered, or what has been done, once and not again: notes that are kept for a week.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::clock::Instant;
use crate::base::ids::WorkspaceId;
use crate::store::{StoreError, Tx, sql};

/// True for the first who notes this delivery for a feature.
pub(super) async fn first(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    delivery: &str,
    feature: &str,
    now: Instant,
) -> Result<bool, StoreError> {
    let first = sql!(
        tx,
        execute "INSERT INTO delivery (workspace, delivery, feature, outcome, at) VALUES ($1, $2, $3, '', $4)
                 ON CONFLICT (workspace, delivery, feature) DO NOTHING",
        workspace,
        delivery,
        feature,
        now
    )?;
    Ok(first > 0)
}

/// What came of a delivery when it was first seen; `None` for a new one.
pub(super) async fn outcome<T: DeserializeOwned>(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    delivery: Option<&str>,
    feature: &str,
) -> Result<Option<T>, StoreError> {
    let Some(delivery) = delivery else { return Ok(None) };
    let seen = sql!(
        tx,
        fetch_optional as (String,),
        "SELECT outcome FROM delivery WHERE workspace = $1 AND delivery = $2 AND feature = $3",
        workspace,
        delivery,
        feature
    )?;
    seen.map(|(outcome,)| serde_json::from_str(&outcome).map_err(|_| StoreError::Unreadable("an outcome")))
        .transpose()
}

/// Notes what came of a delivery. Two processes with the same one: the second meets the key, runs again, and finds the
/// outcome.
pub(super) async fn remember(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    delivery: Option<&str>,
    feature: &str,
    outcome: &impl Serialize,
    now: Instant,
) -> Result<(), StoreError> {
    let Some(delivery) = delivery else { return Ok(()) };
    sql!(
        tx,
        execute "INSERT INTO delivery (workspace, delivery, feature, outcome, at) VALUES ($1, $2, $3, $4, $5)",
        workspace,
        delivery,
        feature,
        serde_json::to_string(outcome).map_err(|_| StoreError::Unreadable("an outcome"))?,
        now
    )?;
    Ok(())
}
