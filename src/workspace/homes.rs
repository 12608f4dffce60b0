//! Whose App Home has to be shown anew.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::clock::Instant;
use crate::base::ids::{UserId, WorkspaceId};
use crate::outbox::{self, Intent, Kind};
use crate::store::{StoreError, Tx, sql};

/// What a row of [`Kind::HomePublish`] is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeOf {
    /// Whose Home.
    pub member: UserId,
}

/// Somebody opened their Home: it is shown, and kept up to date from now on.
pub async fn open_home(tx: &mut Tx, workspace: &WorkspaceId, member: &UserId, now: Instant) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO home (workspace, member, shown, at) VALUES ($1, $2, '', $3)
                 ON CONFLICT (workspace, member) DO NOTHING",
        workspace,
        member,
        now
    )?;
    refresh_homes(tx, workspace, std::slice::from_ref(member), now).await
}

/// Enqueues the Homes of those among `members` who ever opened theirs; call it in the transaction that changed what
/// they show. Many changes are one publication.
pub async fn refresh_homes(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    members: &[UserId],
    now: Instant,
) -> Result<(), StoreError> {
    let opened: Vec<(UserId,)> = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT DISTINCT h.member FROM json_each($1) j CROSS JOIN home h
         WHERE h.workspace = $2 AND h.member = j.value ->> 0 ORDER BY h.member",
        json!(members.iter().map(|id| [id]).collect::<Vec<_>>()).to_string(),
        workspace
    )?;
    let intents: Vec<Intent> = opened
        .into_iter()
        .map(|(member,)| {
            let lane = format!("home {member}");
            Intent::new(workspace, Kind::HomePublish, &HomeOf { member }, &lane, now).with_key(lane.clone())
        })
        .collect();
    if intents.is_empty() {
        return Ok(());
    }
    outbox::enqueue(tx, &intents).await
}
