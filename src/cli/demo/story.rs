//! What a visitor has done so far, and how the kudos stand that were given since the workspace was opened.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::lived::undo_button;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::kudos::messages::ME_TOO;
use crate::sandbox::page::{Noticed, Step, Tally};
use crate::sandbox::{Author, Sandbox, Seen, Shown};
use crate::store::{Db, StoreError, Tx, sql};

/// How far a visitor has come. Kept with the workspace.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    read: bool,
    gave: bool,
    thanked: BTreeSet<UserId>,
    saw: bool,
    undid: bool,
}

/// Follows what becomes visible.
pub(super) struct Story {
    sandbox: Sandbox,
    db: Db,
    workspace: WorkspaceId,
    visitor: UserId,
    /// As in `/kudos @lee`.
    example: String,
    opened: Instant,
    so_far: Mutex<SoFar>,
}

#[derive(Default)]
struct SoFar {
    progress: Progress,
    /// Those whose *Undo* button came back to the giver.
    acknowledged: BTreeSet<KudosId>,
    /// Cards that stand in channels.
    posted: BTreeSet<(ChannelId, MessageTs)>,
}

impl Story {
    /// A story that begins at `opened`.
    pub(super) fn new(
        sandbox: Sandbox,
        db: Db,
        visitor: UserId,
        example: String,
        opened: Instant,
        progress: Progress,
    ) -> Self {
        let so_far = Mutex::new(SoFar {
            progress,
            ..SoFar::default()
        });
        Self {
            workspace: sandbox.workspace(),
            sandbox,
            db,
            visitor,
            example,
            opened,
            so_far,
        }
    }

    fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the visitor has come.
    pub(super) fn progress(&self) -> Progress {
        self.so_far().progress.clone()
    }

    /// The steps whose capability exists.
    pub(super) fn steps(&self) -> Vec<Step> {
        let Progress {
            read, gave, saw, undid, ..
        } = self.progress();
        let step = |id, title: &str, hint: String, done| Step {
            id,
            title: title.to_owned(),
            hint,
            done,
        };
        let app = self.sandbox.name_of(&self.sandbox.bot_user());
        vec![
            step(
                "read-your-thanks",
                "Read your thanks",
                format!("Somebody has just thanked you: open *{app}* among your direct messages."),
                read,
            ),
            step(
                "give-one",
                "Give one",
                format!("In any channel, type `{} for calming the refund storm`.", self.example),
                gave,
            ),
            step(
                "the-other-side",
                "See it from the other side",
                format!("Be the person whom you thanked, and open *{app}* among their direct messages."),
                saw,
            ),
            step(
                "take-it-back",
                "Take it back",
                "Be yourself again and click *Undo*, within ten minutes: the card and the DM go away.".to_owned(),
                undid,
            ),
        ]
    }

    /// The page saw something.
    pub(super) fn noticed(&self, what: &Noticed) {
        let Noticed::Looked { by, at } = what;
        if self.sandbox.dm(by).as_ref() != Some(at) {
            return;
        }
        let mut so_far = self.so_far();
        if *by == self.visitor {
            so_far.progress.read = true;
        } else if so_far.progress.thanked.contains(by) {
            so_far.progress.saw = true;
        }
    }

    /// Follows until the sandbox ends.
    pub(super) async fn follow(&self, mut seen: Receiver<Seen>) {
        loop {
            let result = match seen.recv().await {
                Ok(Seen::Posted(shown)) if is_card(&shown) => {
                    self.so_far().posted.insert((shown.channel, shown.ts));
                    Ok(())
                }
                Ok(Seen::Deleted(shown)) if is_card(&shown) => {
                    self.so_far().posted.remove(&(shown.channel, shown.ts));
                    Ok(())
                }
                Ok(Seen::Posted(shown)) => {
                    // What is given in the app's own messages is confirmed there.
                    self.so_far()
                        .acknowledged
                        .extend(undo_button(&shown).map(KudosId::from));
                    Ok(())
                }
                Ok(Seen::Ephemeral(shown) | Seen::Edited(shown)) => self.answered(&shown).await,
                Ok(_) => Ok(()),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the demo's own count has missed something");
                    Ok(())
                }
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = result {
                tracing::warn!(%error, "the demo's database can't be read");
            }
        }
    }

    /// Somebody sees a private answer.
    async fn answered(&self, shown: &Shown) -> Result<(), StoreError> {
        let (Author::Bot, Some(user)) = (&shown.author, &shown.only_for) else {
            return Ok(());
        };
        let given: Option<KudosId> = undo_button(shown).map(KudosId::from);
        self.so_far().acknowledged.extend(given.clone());
        if *user != self.visitor {
            return Ok(());
        }
        let (workspace, opened) = (&self.workspace, self.opened);
        match given {
            Some(kudos) => {
                let receivers = self
                    .db
                    .read(async |tx: &mut Tx| {
                        sql!(
                            tx,
                            fetch_all as (UserId,),
                            "SELECT receiver FROM ledger WHERE workspace = $1 AND kudos = $2",
                            workspace,
                            &kudos
                        )
                    })
                    .await?;
                let mut so_far = self.so_far();
                so_far.progress.gave = true;
                so_far.progress.thanked.extend(receivers.into_iter().map(|(id,)| id));
            }
            None => {
                let taken_back = self
                    .db
                    .read(async |tx: &mut Tx| {
                        sql!(
                            tx,
                            fetch_optional as (i64,),
                            "SELECT CAST(1 AS BIGINT) FROM ledger
                             WHERE workspace = $1 AND giver = $2 AND reversed_by = $2 AND reversed_at >= $3 LIMIT 1",
                            workspace,
                            user,
                            opened
                        )
                    })
                    .await?;
                if taken_back.is_some() {
                    self.so_far().progress.undid = true;
                }
            }
        }
        Ok(())
    }

    /// How the kudos since the opening stand; those taken back count nowhere, nor those that have no card.
    ///
    /// # Errors
    /// [`StoreError`] when the bot's database can't be read.
    pub(super) async fn tally(&self) -> Result<Tally, StoreError> {
        let (workspace, opened) = (&self.workspace, self.opened);
        let rows = self
            .db
            .read(async |tx: &mut Tx| {
                sql!(
                    tx,
                    fetch_all as (KudosId, i64),
                    "SELECT kudos, CASE WHEN announce = 'dm' THEN 0 ELSE COUNT(*) - COUNT(reversed_at) END FROM ledger
                     WHERE workspace = $1 AND given_at >= $2 AND announce <> 'silent' GROUP BY kudos, announce",
                    workspace,
                    opened
                )
            })
            .await?;
        let (standing, without_card): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, rows)| *rows > 0);
        let so_far = self.so_far();
        let gone = without_card
            .iter()
            .filter(|(id, _)| so_far.acknowledged.contains(id))
            .count();
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Ok(Tally {
            acknowledged: number(so_far.acknowledged.len() - gone),
            stored: number(standing.len()),
            posted: number(so_far.posted.len()),
        })
    }
}

/// What the app posts in channels and people can join in are cards.
fn is_card(shown: &Shown) -> bool {
    let has_me_too = || {
        let blocks = shown.blocks.as_array().into_iter().flatten();
        let mut elements = blocks.flat_map(|block| block["elements"].as_array().into_iter().flatten());
        elements.any(|element| element["action_id"] == ME_TOO)
    };
    shown.author == Author::Bot && shown.only_for.is_none() && !shown.channel.is_direct_message() && has_me_too()
}
