//! Floor 7: what is kept about one person: said, handed over, erased.

pub mod deliver;
mod export;
pub mod inputs;
pub mod messages;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use deliver::enqueue_export;
pub use export::{Export, gather};

use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::digest;
use crate::kudos::{self, Figures};
use crate::outbox::{self, Intent, Kind};
use crate::prompts;
use crate::store::{StoreError, Tx, sql};
use crate::workspace::{self, Member, audit};

/// What was on its way when somebody was erased has arrived after this long, and is erased as well. Longer than a
/// request or a call to Slack may take, and than a row's lease.
const SECOND_LOOK: Duration = Duration::from_secs(120);

/// What is kept about a person.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Who.
    pub member: Member,
    /// How many kudos, and since when.
    pub figures: Figures,
    /// What waits for a click.
    pub drafts: i64,
    /// The teams and user groups that they are in, by name.
    pub teams: BTreeSet<String>,
    /// The names of the teams that they lead.
    pub leads: Vec<String>,
}

/// What is kept about a person; `None` if nothing is, or they asked to be forgotten.
pub async fn kept(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<Option<Kept>, StoreError> {
    let mut known = workspace::members(tx, workspace, &BTreeSet::from([person.clone()])).await?;
    let Some(member) = known.remove(person).filter(|member| !member.is_forgotten) else {
        return Ok(None);
    };
    let (drafts,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM draft WHERE workspace = $1 AND owner = $2",
        workspace,
        person
    )?;
    let teams = workspace::belonged(tx, workspace, person).await?;
    let leads = workspace::led_by(tx, workspace, person).await?;
    Ok(Some(Kept {
        teams: teams
            .into_iter()
            .filter(|team| team.until.is_none())
            .map(|team| team.name)
            .collect(),
        leads: leads.into_iter().map(|team| team.name).collect(),
        member,
        figures: kudos::figures(tx, workspace, person).await?,
        drafts,
    }))
}

/// The second look at somebody who was erased.
#[derive(Debug, Serialize, Deserialize)]
struct SecondLook {
    person: UserId,
    nobody: UserId,
    /// What was being sent about them.
    kudos: BTreeSet<KudosId>,
}

/// Erases a person: names and words go at once from everything that is stored, Slack's messages follow through the
/// queue, what counts for others stays under an id that leads to nobody. False if they were erased before.
pub async fn erase(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    person: &UserId,
    nobody: &UserId,
    now: Instant,
) -> Result<bool, StoreError> {
    if !workspace::forget_person(tx, workspace, person, now).await? {
        return Ok(false);
    }
    let on_their_way = outbox::being_sent(tx, workspace).await?;
    prompts::erase(tx, workspace, person, now).await?;
    let kudos = kudos::erase(tx, workspace, person, nobody, now).await?;
    digest::erase(tx, workspace, person).await?;
    outbox::erase(tx, workspace, person, nobody).await?;
    workspace::erase(tx, workspace, person, nobody).await?;
    let again = SecondLook {
        person: person.clone(),
        nobody: nobody.clone(),
        kudos: on_their_way
            .iter()
            .filter_map(|subject| {
                Some(
                    serde_json::from_str::<serde_json::Value>(subject).ok()?["kudos"]
                        .as_str()?
                        .into(),
                )
            })
            .filter(|sent| kudos.contains(sent))
            .collect(),
    };
    // Also for what was given while this ran: the lane is its own, because a row that waits holds up those behind it.
    let lane = format!("second look {nobody}");
    let again = Intent::new(workspace, Kind::PrivacyErase, &again, &lane, now).not_before(now.plus(SECOND_LOOK));
    outbox::enqueue(tx, &[again]).await?;
    // That it happened, not to whom.
    let entry = audit::Entry::new(&UserId::default(), "privacy.erased", "");
    audit::enter(tx, workspace, &entry, now).await?;
    Ok(true)
}
