//! What was posted for a kudos is brought up to date: other words, another name that joined, somebody who hid.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::dm::is_gone;
use super::{Trouble, card, dm, ending_of, load_all};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::kudos::erase::Erasure;
use crate::kudos::messages;
use crate::kudos::store::{self, StoredReceiver};
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
    let posts: Vec<(String,)> = sql!(
        tx,
        fetch_all as (String,),
        "SELECT audience FROM post WHERE workspace = $1 AND kudos = $2 ORDER BY audience",
        workspace,
        kudos
    )?;
    let mut intents = Vec::new();
    for (audience,) in posts {
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
                // What must be seen at once doesn't wait behind what may wait.
                .with_key(format!("{} {lane}", if paced { "soon" } else { "now" }))
                .not_before(after.map_or(now, |after| after.max(now))),
        );
    }
    outbox::enqueue(tx, &intents).await
}

pub(super) async fn update(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(Update { kudos, audience }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    edit(ctx, claimed, kudos, audience).await
}

/// What stands for a kudos of somebody who was erased is rendered anew; their own DM is removed.
pub(super) async fn erased(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    match claimed.subject() {
        Some(Erasure::Edit { kudos, audience }) => edit(ctx, claimed, kudos, audience).await,
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

async fn edit(ctx: &Ctx, claimed: &Claimed, kudos: KudosId, audience: String) -> Result<Ending, Trouble> {
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
    let message = if audience.is_empty() {
        card::message(ctx, &loaded)
    } else {
        let receiver = UserId::from(audience.as_str());
        let stands = |r: &StoredReceiver| r.member().as_ref() == Some(&receiver);
        if !loaded.kudos.receivers.iter().any(stands) {
            // Taken back: its removal is on its way.
            return Ok(Ending::Done);
        }
        Some(dm::message(ctx, &loaded, &receiver, now).await?)
    };
    let Some(message) = message else {
        if !loaded.kudos.receivers.is_empty() {
            // It stands, and nobody on it may be named any more.
            let (workspace, lane) = (id.clone(), claimed.lane.clone());
            let enqueued: Result<(), StoreError> = ctx
                .db
                .write(async move |tx: &mut Tx| {
                    outbox::enqueue(tx, &[removal(&workspace, &kudos, "", &lane, now)]).await
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
