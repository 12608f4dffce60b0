//! Months that were told to everybody: what was given in them until then can't be put right by its giver any more.

use crate::base::calendar::Day;
use crate::base::clock::Instant;
use crate::base::ids::WorkspaceId;
use crate::store::{StoreError, Tx, sql};

fn month(day: Day) -> String {
    day.date().format("%Y-%m").to_string()
}

/// Closes the month around a day of the workspace, because it is told at `at`. Told again, the first time stays.
pub async fn close_month(tx: &mut Tx, workspace: &WorkspaceId, day: Day, at: Instant) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO closed_month (workspace, month, at) VALUES ($1, $2, $3)
                 ON CONFLICT (workspace, month) DO NOTHING",
        workspace,
        month(day),
        at
    )?;
    Ok(())
}

/// Opens it again: it could not be told after all.
pub async fn reopen_month(tx: &mut Tx, workspace: &WorkspaceId, day: Day) -> Result<(), StoreError> {
    sql!(tx, execute "DELETE FROM closed_month WHERE workspace = $1 AND month = $2", workspace, month(day))?;
    Ok(())
}

/// When the month around a day of the workspace was told; `None` if it wasn't.
pub async fn month_told_at(tx: &mut Tx, workspace: &WorkspaceId, day: Day) -> Result<Option<Instant>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT at FROM closed_month WHERE workspace = $1 AND month = $2",
        workspace,
        month(day)
    )?;
    Ok(row.map(|(at,)| Instant::from_millis(at)))
}
