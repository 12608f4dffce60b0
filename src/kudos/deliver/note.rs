//! Private messages about a kudos that are kept up to date: a report to a steward, a thanks back to the giver.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Loaded, Trouble, ending_of, load_all, open_dm, post, posted_before, refresh_where};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::kudos::audience::Audience;
use crate::kudos::messages::{self, Report, Standing};
use crate::kudos::put_right::is_kept;
use crate::kudos::store::{self, load};
use crate::kudos::take_back::{dm_lane, removal};
use crate::kudos::thanks_back::DRAFT;
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::blocks::Message;
use crate::slack::client::Posted;
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, drafts};

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    kudos: KudosId,
    audience: String,
    /// The words, where they are nowhere else.
    draft: Option<String>,
}

/// A private message about a kudos to somebody.
pub(in crate::kudos) fn note(
    workspace: &WorkspaceId,
    kudos: &KudosId,
    audience: &Audience,
    to: &UserId,
    draft: Option<&str>,
    now: Instant,
) -> Intent {
    let note = Note {
        kudos: kudos.clone(),
        audience: audience.name(),
        draft: draft.map(str::to_owned),
    };
    Intent::new(workspace, Kind::KudosNote, &note, &dm_lane(to), now)
}

/// The message to a steward as it is now.
pub(super) async fn report(ctx: &Ctx, loaded: &Loaded) -> Result<Message, StoreError> {
    let id = &ctx.workspace.id;
    let (is_kept, card) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let card = store::post(tx, id, &loaded.kudos.kudos, "").await?;
            Ok((is_kept(tx, id, &loaded.kudos).await?, card))
        })
        .await?;
    let standing = match (loaded.kudos.receivers.is_empty(), is_kept) {
        (true, _) => Standing::Gone,
        (false, true) => Standing::Kept,
        (false, false) => Standing::Open,
    };
    let receivers: Vec<_> = loaded
        .kudos
        .receivers
        .iter()
        .map(store::StoredReceiver::receiver)
        .collect();
    Ok(messages::report(
        ctx.locale,
        &loaded.people(),
        &Report {
            kudos: &loaded.kudos.kudos,
            giver: &loaded.kudos.giver,
            receivers: &receivers,
            reason: &loaded.kudos.reason,
            channel: card.as_ref().map(|card| &card.channel),
            standing,
        },
    ))
}

pub(super) async fn send(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(Note { kudos, audience, draft }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let audience = Audience::of(&audience);
    let now = ctx.clock.now();
    let Some(loaded) = load_all(ctx, &kudos, now).await? else {
        return Ok(Ending::Done);
    };
    let to = match &audience {
        Audience::Report(steward) => steward.clone(),
        Audience::Thanks(_) => loaded.kudos.giver.clone(),
        _ => return Ok(Ending::Done),
    };
    let stands = match &audience {
        Audience::Thanks(receiver) => loaded.kudos.thanks(receiver),
        _ => !loaded.kudos.receivers.is_empty(),
    };
    if !stands && !claimed.may_be_sent {
        return Ok(Ending::Done);
    }
    let found = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &BTreeSet::from([to.clone()])).await)
        .await?;
    let dm = open_dm(ctx, &to, found.get(&to)).await?;
    if let Some(posted) = posted_before(ctx, claimed, &dm, None).await? {
        return finish(ctx, claimed, &loaded, &audience, draft, posted).await;
    }
    if !stands {
        return Ok(Ending::Done);
    }
    let message = match (&audience, &draft) {
        (Audience::Thanks(receiver), Some(draft)) => {
            let words: Option<String> = ctx
                .db
                .read(async |tx: &mut Tx| drafts::find(tx, &ctx.workspace.id, receiver, DRAFT, draft, now).await)
                .await?;
            // Erased meanwhile: there is nothing to pass on.
            let Some(words) = words else { return Ok(Ending::Done) };
            messages::thanked_back(ctx.locale, &loaded.people(), receiver, &words, &loaded.kudos.reason)
        }
        _ => report(ctx, &loaded).await?,
    };
    match post(ctx, claimed, &dm, None, &message).await {
        Ok(posted) => finish(ctx, claimed, &loaded, &audience, draft, posted).await,
        Err(error) => Ok(ending_of(&error)),
    }
}

async fn finish(
    ctx: &Ctx,
    claimed: &Claimed,
    loaded: &Loaded,
    audience: &Audience,
    draft: Option<String>,
    posted: Posted,
) -> Result<Ending, Trouble> {
    let now = ctx.clock.now();
    let (workspace, claimed, rendered) = (ctx.workspace.id.clone(), claimed.clone(), loaded.kudos.clone());
    let audience = audience.clone();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let kudos = &rendered.kudos;
            outbox::finish(tx, &claimed).await?;
            if let Some(draft) = &draft {
                drafts::take(tx, &workspace, draft).await?;
            }
            store::remember_post(tx, &workspace, kudos, &audience.name(), &posted.channel, &posted.ts).await?;
            let Some(stored) = load(tx, &workspace, kudos).await? else {
                return Ok(());
            };
            match &audience {
                Audience::Thanks(receiver) if !stored.thanks(receiver) => {
                    // Taken back while it was on its way.
                    let gone = removal(&workspace, kudos, &audience.name(), &dm_lane(&stored.giver), now);
                    outbox::enqueue(tx, &[gone]).await
                }
                Audience::Report(_) => {
                    // Another steward may have decided while it was on its way.
                    refresh_where(tx, &workspace, kudos, false, now, |found| *found == audience).await
                }
                _ => Ok(()),
            }
        })
        .await?;
    Ok(Ending::Recorded)
}
