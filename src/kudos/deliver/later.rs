//! A kudos that its giver put off until the allowance covers it.

use serde::{Deserialize, Serialize};

use super::{Trouble, ending_of, open_dm, post, posted_before};
use crate::base::clock::Instant;
use crate::base::ids::{UserId, WorkspaceId};
use crate::kudos::waiting::{LATER, SHORT};
use crate::kudos::{Giving, Outcome, messages};
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::store::{StoreError, Tx};
use crate::workspace::drafts;

#[derive(Debug, Serialize, Deserialize)]
struct Later {
    giver: UserId,
    draft: String,
}

/// What gives a draft at `due`. A lane of its own: it holds up nothing while it waits.
pub(in crate::kudos) fn later_intent(
    workspace: &WorkspaceId,
    giver: &UserId,
    draft: &str,
    now: Instant,
    due: Instant,
) -> Intent {
    let later = Later {
        giver: giver.clone(),
        draft: draft.to_owned(),
    };
    let lane = format!("later {draft}");
    Intent::new(workspace, Kind::KudosLater, &later, &lane, now)
        .with_key(lane)
        .not_before(due)
}

pub(super) async fn later(giving: &Giving<'_>, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(Later { giver, draft }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let ctx = giving.ctx;
    // Called off, or the process ended after everything was done.
    let Some(waiting) = giving.kept(&giver, LATER, &draft).await? else {
        return Ok(Ending::Done);
    };
    // The same again after a crash: its delivery key gives the same outcome.
    let gave = giving.give(waiting.wish(&giver, &format!("later {draft}"))).await?;
    let settings = ctx.settings();
    let voice = gave.voice(ctx, &settings);
    let again = matches!(&gave.result, Ok((_, Outcome::Short { needs, .. }))
        if voice.allowance.is_some_and(|allowance| *needs <= allowance));
    let answer = match &gave.result {
        Ok((_, Outcome::Short { needs, left })) => {
            let words = waiting.as_typed(&gave.names());
            messages::short(&voice, *needs, *left, &words, again.then_some(draft.as_str()))
        }
        _ => gave.answer(&voice),
    };
    let message = answer.preceded_by(&messages::promised_yesterday(ctx.locale, &waiting.reason));
    let dm = open_dm(ctx, &giver, gave.member(&giver)).await?;
    if posted_before(ctx, claimed, &dm, None).await?.is_none()
        && let Err(error) = post(ctx, claimed, &dm, None, &message).await
    {
        let ending = ending_of(&error);
        if !matches!(ending, Ending::Failed { .. }) {
            return Ok(ending);
        }
        tracing::warn!(%error, user = %giver, "what came of a kudos that was put off could not be told");
    }
    let (workspace, claimed, now) = (ctx.workspace.id.clone(), claimed.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            if again {
                let until = now.plus(drafts::LASTS);
                drafts::turn(tx, &workspace, &giver, &draft, (LATER, SHORT), now, until).await?;
            } else {
                drafts::take(tx, &workspace, &draft).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}
