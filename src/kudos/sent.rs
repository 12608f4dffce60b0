//! What a giver gave last, and what may still be put right of it.

use chrono_tz::Tz;

use super::Receiver;
use super::closing::month_told_at;
use super::rules;
use super::store::{Stored, StoredReceiver, load};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, sql};

/// How many are listed.
const LISTED: usize = 10;
/// Rows of the ledger that hold as many, each thanking as many as it may.
const ROWS: i64 = (LISTED * rules::MOST_RECEIVERS) as i64;

/// A kudos that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub kudos: KudosId,
    /// Whom it thanks.
    pub receivers: Vec<Receiver>,
    /// The words.
    pub reason: String,
    /// When it was given.
    pub given_at: Instant,
    /// Whether the giver may still edit the words or take it back.
    pub is_open: bool,
}

/// The latest ten kudos of a giver that stand, the latest first. `workspace_zone` says when their months close.
pub async fn sent(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    giver: &UserId,
    workspace_zone: Tz,
    now: Instant,
) -> Result<Vec<Sent>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT kudos FROM ledger WHERE workspace = $1 AND giver = $2 AND reversed_at IS NULL
         ORDER BY given_at DESC, id DESC LIMIT $3",
        workspace,
        giver,
        ROWS
    )?;
    let mut latest: Vec<Sent> = Vec::new();
    for (kudos,) in rows {
        if latest.len() == LISTED {
            break;
        }
        if latest.iter().any(|sent| sent.kudos == kudos) {
            continue;
        }
        if let Some(Stored {
            kudos,
            receivers,
            reason,
            given_at,
            workspace_day,
            ..
        }) = load(tx, workspace, &kudos).await?
        {
            let told_at = month_told_at(tx, workspace, workspace_day).await?;
            latest.push(Sent {
                kudos,
                receivers: receivers.iter().map(StoredReceiver::receiver).collect(),
                reason,
                is_open: rules::is_open(given_at, told_at, workspace_zone, now),
                given_at,
            });
        }
    }
    Ok(latest)
}
