//! What people choose for themselves, and what follows from it for what stands already.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::deliver::refresh;
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, sql};
use crate::workspace::{self, Choices};

/// How far back a card is edited when its receiver begins (or ceases) to keep thanks private. What is older has been
/// read; it can be hidden one by one.
const EDITED_BACK: Duration = Duration::from_secs(86_400);

/// One of a person's switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// *Announce my thanks*: on = only to me.
    Private,
    /// *Show me on boards, digest and screens*: on = no.
    Unlisted,
    /// No direct message when somebody thanks me: on = none.
    NoDms,
    /// On leave: on = away.
    Away,
}

/// Turns one of a person's switches. Cards of the last 24 hours that name the person are edited when thanks become
/// private or public; one that names nobody any more is removed, and isn't posted again when the switch is turned back.
/// Their Home follows. Returns what is chosen now; `None` if the person isn't known (or asked to be forgotten).
pub async fn turn(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    switch: Switch,
    on: bool,
    now: Instant,
) -> Result<Option<Choices>, StoreError> {
    let known = workspace::members(tx, workspace, &BTreeSet::from([member.clone()])).await?;
    let Some(before) = known.get(member).filter(|member| !member.is_forgotten) else {
        return Ok(None);
    };
    let mut after = before.choices;
    match switch {
        Switch::Private => after.is_private = on,
        Switch::Unlisted => after.is_unlisted = on,
        Switch::NoDms => after.wants_no_dms = on,
        Switch::Away => return workspace::set_away(tx, workspace, member, member, on, now).await,
    }
    if after == before.choices {
        return Ok(Some(after));
    }
    workspace::choose(tx, workspace, member, after).await?;
    workspace::refresh_homes(tx, workspace, std::slice::from_ref(member), now).await?;
    if after.is_private != before.choices.is_private {
        let recent: Vec<(KudosId,)> = sql!(
            tx,
            fetch_all as (KudosId,),
            "SELECT DISTINCT kudos FROM ledger
             WHERE workspace = $1 AND receiver = $2 AND given_at > $3 AND reversed_at IS NULL ORDER BY kudos",
            workspace,
            member,
            now.minus(EDITED_BACK)
        )?;
        for (kudos,) in recent {
            refresh(tx, workspace, &kudos, false, now).await?;
        }
    }
    Ok(Some(after))
}
