//! What the outbox runs for Home.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{messages, shows, store};
use crate::base::ids::KudosId;
use crate::kudos::deliver::ending_of;
use crate::outbox::{Claimed, Ending};
use crate::slack::blocks::Block;
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, HomeOf};

/// Publishes somebody's Home, unless it shows the same already. `below` is what others add for that person.
///
/// # Errors
/// [`StoreError`] when it can't be read or the result could not be recorded.
pub async fn publish(ctx: &Ctx, home: &HomeOf, below: Vec<Block>) -> Result<Ending, StoreError> {
    let member = &home.member;
    let shows = shows(ctx, member).await?;
    let view = messages::home(ctx.locale, &ctx.settings(), &shows, below);
    let digest = hex::encode(Sha256::digest(serde_json::to_vec(&view).unwrap_or_default()));
    let shown = ctx
        .db
        .read(async |tx: &mut Tx| store::shown(tx, &ctx.workspace.id, member).await)
        .await?;
    if shown.is_none_or(|shown| shown == digest) {
        return Ok(Ending::Done);
    }
    if let Err(error) = ctx.slack.views_publish(member, &view).await {
        return Ok(ending_of(&error));
    }
    let (workspace, member, now) = (ctx.workspace.id.clone(), member.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| store::remember_shown(tx, &workspace, &member, &digest, now).await)
        .await?;
    Ok(Ending::Done)
}

/// After something was sent for a kudos (its card, a DM, an edit, a removal): the Homes that show it follow.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn after_kudos(ctx: &Ctx, claimed: &Claimed) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct OfKudos {
        kudos: KudosId,
    }
    let Some(OfKudos { kudos }) = claimed.subject() else {
        return Ok(());
    };
    let (workspace, now) = (ctx.workspace.id.clone(), ctx.clock.now());
    // Reading first: where nobody of them opens Home, nothing is written.
    let people = ctx
        .db
        .read(async |tx: &mut Tx| store::people_of(tx, &workspace, &kudos).await)
        .await?;
    if people.is_empty() {
        return Ok(());
    }
    ctx.db
        .write(async move |tx: &mut Tx| workspace::refresh_homes(tx, &workspace, &people, now).await)
        .await
}
