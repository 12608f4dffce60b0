//! What has happened before the visitor comes: a year in the ledger, and the last weeks lived through.

use std::collections::BTreeSet;

use anyhow::Context as _;

use super::history::{Moment, What};
use super::stage::Theatre;
use super::world::World;
use crate::base::clock::{Clock as _, Instant, SystemClock};
use crate::base::ids::UserId;
use crate::kudos::{self, Give, messages};
use crate::sandbox::{Author, Sandbox};
use crate::store::{Db, StoreError, Tx};
use crate::workspace::{self, Team, TeamKind};

/// Kudos per transaction: few enough for the time that a write has, also on a busy machine.
const LIST: usize = 250;

/// Records what was given long ago: in the ledger and the counts, without a card or a DM where `gives` says so. Before
/// the bot starts.
///
/// # Errors
/// [`StoreError`] when a list can't be stored; those before it are.
pub(super) async fn load_year(db: &Db, gives: &[Give]) -> Result<(), StoreError> {
    for list in gives.chunks(LIST) {
        let list = list.to_vec();
        db.write(async move |tx: &mut Tx| -> Result<(), StoreError> { kudos::record(tx, &list).await.map(|_| ()) })
            .await?;
    }
    Ok(())
}

/// Makes the teams that a steward has made here, with who leads them; the bot asks Slack who is in them when it starts.
///
/// # Errors
/// [`StoreError`] when they can't be stored.
pub(super) async fn make_teams(db: &Db, world: &World, steward: &UserId, now: Instant) -> Result<(), StoreError> {
    let product = world.channel("product").map(|channel| channel.id.clone());
    let made = [
        Some(("Support EMEA", TeamKind::Usergroup(world.emea.clone()), "ines")),
        Some(("Night shift", TeamKind::Usergroup(world.night.clone()), "marisol")),
        product.map(|channel| ("Product and IT", TeamKind::Channel(channel), "")),
    ];
    for (name, kind, lead) in made.into_iter().flatten() {
        let mut team = Team::new(name, kind, now);
        team.leads.extend(world.person(lead).map(|lead| lead.id.clone()));
        let (workspace, steward) = (world.workspace.clone(), steward.clone());
        db.write(async move |tx: &mut Tx| {
            workspace::save_team(tx, &workspace, &steward, &team, &BTreeSet::new(), now).await
        })
        .await?;
    }
    Ok(())
}

impl Theatre {
    /// Lets people do what they did, each at their instant, and the bot live through the time between; then brings the
    /// clock to the machine's own time. Nothing waits for real seconds.
    ///
    /// # Errors
    /// If the bot ends.
    pub(super) async fn live_through(&self, moments: Vec<Moment>) -> anyhow::Result<()> {
        for moment in moments {
            self.go(moment.at.millis() - SystemClock.now().millis()).await?;
            if let Err(error) = act(self.sandbox(), self.command(), &moment).await {
                // A past with one thank-you less is better than no demo.
                tracing::warn!(%error, user = %moment.who, at = %moment.at.utc(), "something didn't happen");
            }
        }
        self.go(0).await
    }
}

async fn act(sandbox: &Sandbox, command: &str, moment: &Moment) -> anyhow::Result<()> {
    let Moment { who, place, what, .. } = moment;
    let answer = match what {
        What::Command(text) => sandbox.runs_command(who, place, &format!("{command} {text}")).await,
        What::Undo => {
            let confirmations = sandbox.ephemeral(who);
            let latest = confirmations.iter().rev().find(|shown| undo_button(shown).is_some());
            let latest = latest.context("nothing to take back")?;
            sandbox.clicks(who, latest, messages::UNDO).await
        }
        What::Say(text) => {
            sandbox.says(who, place, text, None).await.context("no such channel")?;
            return Ok(());
        }
        What::Reply(text) => {
            let messages = sandbox.messages(place);
            let said = |shown: &&crate::sandbox::Shown| shown.author != Author::Bot && shown.thread_ts.is_none();
            let parent = messages.iter().rev().find(said).context("nothing to answer")?;
            sandbox.says(who, place, text, Some(parent)).await;
            return Ok(());
        }
    };
    match answer.error {
        Some(error) => anyhow::bail!(error),
        None => Ok(()),
    }
}

/// The kudos that a confirmation's *Undo* button would take back.
pub(super) fn undo_button(shown: &crate::sandbox::Shown) -> Option<&str> {
    let blocks = shown.blocks.as_array()?;
    blocks.iter().find_map(|block| {
        let inside = block["elements"].as_array().into_iter().flatten();
        let mut buttons = inside.chain(block.get("accessory"));
        let undo = buttons.find(|element| element["action_id"] == messages::UNDO)?;
        undo["value"].as_str()
    })
}
