//! What is said, asked or done once and never again.

use crate::base::clock::Instant;
use crate::base::ids::WorkspaceId;
use crate::store::{StoreError, Tx, sql};

/// True for the one caller who is first with `what` (as in `hello C0123`).
pub async fn first_time(tx: &mut Tx, workspace: &WorkspaceId, what: &str, now: Instant) -> Result<bool, StoreError> {
    let entered = sql!(
        tx,
        execute "INSERT INTO once (workspace, what, at) VALUES ($1, $2, $3) ON CONFLICT (workspace, what) DO NOTHING",
        workspace,
        what,
        now
    )?;
    Ok(entered > 0)
}

/// Whether `what` was entered before.
pub async fn happened(tx: &mut Tx, workspace: &WorkspaceId, what: &str) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT at FROM once WHERE workspace = $1 AND what = $2",
        workspace,
        what
    )?;
    Ok(row.is_some())
}
