//! *Me too*: joining in somebody else's thanks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::deliver::refresh;
use super::deliveries;
use super::store::{Stored, StoredReceiver, load};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, sql};
use crate::workspace;

/// What came of joining in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joined {
    /// Their name is among those who joined.
    In,
    /// Their name is no longer among them.
    Out,
    /// They gave it.
    Giver,
    /// It is for them, or for a team that they are in.
    Receiver,
    /// They are no person of this workspace.
    Stranger,
    /// It was taken back, or never existed.
    Gone,
}

/// The feature's name in the delivery keys of clicks.
const FEATURE: &str = "kudos.boost";

/// Lets a member join in a kudos, or leave again; asked for twice, it is done once. What is posted for the kudos is
/// brought up to date within a minute.
pub async fn boost(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    member: &UserId,
    on: bool,
    now: Instant,
) -> Result<Joined, StoreError> {
    if !on {
        let gone = leave(tx, workspace, kudos, member).await?;
        if gone {
            refresh(tx, workspace, kudos, true, now).await?;
        }
        return Ok(Joined::Out);
    }
    let Some(stored) = load(tx, workspace, kudos)
        .await?
        .filter(|stored| !stored.receivers.is_empty())
    else {
        return Ok(Joined::Gone);
    };
    if let Some(refused) = refused(tx, workspace, &stored, member).await? {
        return Ok(refused);
    }
    let new = sql!(
        tx,
        execute "INSERT INTO boost (workspace, kudos, member, at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (workspace, kudos, member) DO NOTHING",
        workspace,
        kudos,
        member,
        now
    )?;
    if new > 0 {
        count(tx, workspace, kudos).await?;
        refresh(tx, workspace, kudos, true, now).await?;
    }
    Ok(Joined::In)
}

/// The same for a click: in, or out for who is in already. The same delivery counts once, and gets the same answer.
pub async fn join_in(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    member: &UserId,
    delivery: Option<&str>,
    now: Instant,
) -> Result<Joined, StoreError> {
    if let Some(seen) = deliveries::outcome(tx, workspace, delivery, FEATURE).await? {
        return Ok(seen);
    }
    // Leaving first: what is gone by then can't be joined by two clicks at once.
    let joined = if leave(tx, workspace, kudos, member).await? {
        refresh(tx, workspace, kudos, true, now).await?;
        Joined::Out
    } else {
        boost(tx, workspace, kudos, member, true, now).await?
    };
    deliveries::remember(tx, workspace, delivery, FEATURE, &joined, now).await?;
    Ok(joined)
}

async fn leave(tx: &mut Tx, workspace: &WorkspaceId, kudos: &KudosId, member: &UserId) -> Result<bool, StoreError> {
    let gone = sql!(
        tx,
        execute "DELETE FROM boost WHERE workspace = $1 AND kudos = $2 AND member = $3",
        workspace,
        kudos,
        member
    )?;
    if gone > 0 {
        count(tx, workspace, kudos).await?;
    }
    Ok(gone > 0)
}

/// Counts how many joined in a kudos, so that the words most people joined are found without counting.
async fn count(tx: &mut Tx, workspace: &WorkspaceId, kudos: &KudosId) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO boosted (workspace, kudos, day, month, n)
                 SELECT l.workspace, l.kudos, MIN(l.workspace_day), SUBSTR(MIN(l.workspace_day), 1, 7),
                    (SELECT COUNT(*) FROM boost b WHERE b.workspace = $1 AND b.kudos = $2)
                 FROM ledger l WHERE l.kudos = $2 AND l.workspace = $1 GROUP BY l.workspace, l.kudos
                 ON CONFLICT (workspace, kudos) DO UPDATE SET n = excluded.n",
        workspace,
        kudos
    )?;
    Ok(())
}

/// Takes away everybody who joined in a kudos that was taken back.
pub(super) async fn forget(tx: &mut Tx, workspace: &WorkspaceId, kudos: &KudosId) -> Result<(), StoreError> {
    sql!(tx, execute "DELETE FROM boost WHERE workspace = $1 AND kudos = $2", workspace, kudos)?;
    sql!(tx, execute "DELETE FROM boosted WHERE workspace = $1 AND kudos = $2", workspace, kudos)?;
    Ok(())
}

async fn refused(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &Stored,
    member: &UserId,
) -> Result<Option<Joined>, StoreError> {
    if kudos.giver == *member {
        return Ok(Some(Joined::Giver));
    }
    if kudos.thanks(member) {
        return Ok(Some(Joined::Receiver));
    }
    for group in kudos.receivers.iter().filter_map(StoredReceiver::group) {
        if workspace::usergroup_members(tx, workspace, &group, kudos.given_at)
            .await?
            .contains(member)
        {
            return Ok(Some(Joined::Receiver));
        }
    }
    let known = workspace::members(tx, workspace, &BTreeSet::from([member.clone()])).await?;
    let is_stranger = known.get(member).is_some_and(|member| !member.can_be_thanked());
    Ok(is_stranger.then_some(Joined::Stranger))
}
