//! What has happened before the visitor comes: a year in the ledger, and the last weeks lived through.

use anyhow::Context as _;

use super::history::{Moment, What};
use super::stage::Theatre;
use crate::base::clock::{Clock as _, SystemClock};
use crate::kudos::{self, Give, messages};
use crate::sandbox::{Author, Sandbox};
use crate::store::{Db, StoreError, Tx};

/// Kudos per transaction.
const LIST: usize = 1_000;

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
