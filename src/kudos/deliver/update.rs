//! What was posted for a kudos is brought up to date: other words, another name that joined, somebody who hid.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dm::is_gone;
use super::{Trouble, card, dm, ending_of, load_all, note, together};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, WorkspaceId};
use crate::kudos::audience::Audience;
use crate::kudos::erase::Erasure;
use crate::kudos::messages;
use crate::kudos::store;
use crate::kudos::take_back::removal;
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx, sql};
use crate::workspace::Ctx;

/// Several changes within this time are one edit.
const ONE_EDIT: Duration = Duration::from_secs(60);

#[derive(Debug, Serialize, Deserialize)]
struct Update {
    kudos: KudosId,
    /// Empty for the card; a receiver's id for that person's DM.
    audience: String,
}

/// Enqueues an edit of everything that stands for a kudos, card and DMs. `paced`: not sooner than a minute after the
/// edit before, so that many who join in are one edit.
pub(in crate::kudos) async fn refresh(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    paced: bool,
    now: Instant,
) -> Result<(), StoreError> {
    refresh_where(tx, workspace, kudos, paced, now, |_| true).await
}

/// The same for some of what stands.
pub(in crate::kudos) async fn refresh_where(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    paced: bool,
    now: Instant,
    which: impl Fn(&Audience) -> bool,
) -> Result<(), StoreError> {
    let mut intents = Vec::new();
    let mut lanes = Vec::new();
    for (audience, _) in store::posts(tx, workspace, kudos).await? {
        if !which(&audience) {
            continue;
        }
        let audience = audience.name();
        // A lane of its own: an edit that waits holds up nothing that is posted.
        let lane = format!("edit {kudos} {audience}");
        let (last,): (Option<i64>,) = sql!(
            tx,
            fetch_one as (Option<i64>,),
            "SELECT MAX(sent_at) FROM outbox WHERE workspace = $1 AND lane = $2 AND sent_at IS NOT NULL",
            workspace,
            &lane
        )?;
        let after = last.filter(|_| paced).map(|at| Instant::from_millis(at).plus(ONE_EDIT));
        let update = Update {
            kudos: kudos.clone(),
            audience,
        };
        intents.push(
            Intent::new(workspace, Kind::KudosUpdate, &update, &lane, now)
                .with_key(lane.clone())
                .not_before(after.map_or(now, |after| after.max(now))),
        );
        lanes.push(lane);
    }
    outbox::enqueue(tx, &intents).await?;
    if !paced {
        // What must be seen at once takes along what waits in its lane: one edit shows both.
        for lane in lanes {
            outbox::hasten(tx, workspace, &lane, now).await?;
        }
    }
    Ok(())
}

pub(super) async fn update(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(Update { kudos, audience }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    edit(ctx, kudos, audience).await
}

/// What stands for a kudos of somebody who was erased is rendered anew; their own DM is removed.
pub(super) async fn erased(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    match claimed.subject() {
        Some(Erasure::Edit { kudos, audience }) => edit(ctx, kudos, audience).await,
        Some(Erasure::Remove { channel, ts }) => {
            let removed = ctx.slack.chat_delete(&channel, &ts).await;
            let refused = |error: &ApiError| !is_gone(error) && matches!(ending_of(error), Ending::Failed { .. });
            let removed = if removed.as_ref().is_err_and(refused) {
                let erased = messages::erased(ctx.locale);
                ctx.slack.chat_update(&channel, &ts, &erased).await.map(|_| ())
            } else {
                removed
            };
            Ok(match removed {
                Ok(()) => Ending::Done,
                Err(error) if is_gone(&error) => Ending::Done,
                Err(error) => ending_of(&error),
            })
        }
        None => Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        }),
    }
}

async fn edit(ctx: &Ctx, kudos: KudosId, audience: String) -> Result<Ending, Trouble> {
    let now = ctx.clock.now();
    let Some(loaded) = load_all(ctx, &kudos, now).await? else {
        return Ok(Ending::Done);
    };
    let id = &ctx.workspace.id;
    let post = ctx
        .db
        .read(async |tx: &mut Tx| store::post(tx, id, &kudos, &audience).await)
        .await?;
    let Some(post) = post else { return Ok(Ending::Done) };
    let message = match Audience::of(&audience) {
        Audience::Card | Audience::Also => card::message(ctx, &loaded),
        Audience::Roundup => Some(
            together::message(ctx, &post, now)
                .await?
                .unwrap_or_else(|| messages::gone(ctx.locale)),
        ),
        // Taken back: its removal is on its way.
        Audience::Receiver(receiver) if !loaded.kudos.thanks(&receiver) => return Ok(Ending::Done),
        Audience::Receiver(receiver) => Some(dm::message(ctx, &loaded, &receiver, Some(&post.ts), now).await?),
        Audience::Report(_) => Some(note::report(ctx, &loaded).await?),
        // Said once, and never edited.
        Audience::Thanks(_) => return Ok(Ending::Done),
    };
    let Some(message) = message else {
        if !loaded.kudos.receivers.is_empty() {
            // It stands, and nobody on it may be named any more.
            let (workspace, lane) = (id.clone(), post.channel.0.clone());
            let enqueued: Result<(), StoreError> = ctx
                .db
                .write(async move |tx: &mut Tx| {
                    outbox::enqueue(tx, &[removal(&workspace, &kudos, &audience, &lane, now)]).await
                })
                .await;
            enqueued?;
        }
        return Ok(Ending::Done);
    };
    match ctx.slack.chat_update(&post.channel, &post.ts, &message).await {
        Ok(_) => Ok(Ending::Done),
        Err(error) => {
            let ending = ending_of(&error);
            if let Ending::Failed { why } = &ending {
                // Deleted by somebody, or too old for Slack to change: what counts is in the ledger.
                tracing::warn!(why, kudos = %kudos, "a message could not be brought up to date");
            }
            Ok(ending)
        }
    }
}
