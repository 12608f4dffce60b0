//! `/kudos privacy` and its buttons.

use std::collections::BTreeSet;

use super::messages;
use super::{Kept, enqueue_export, erase, kept};
use crate::base::ids::UserId;
use crate::kudos::{self, grammar};
use crate::slack::blocks::{Message, Response};
use crate::slack::inbound::{Action, BlockActions, SlashCommand};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx};

/// Answers `/kudos privacy`; `None` for any other command.
pub async fn command(ctx: &Ctx, command: &SlashCommand) -> Option<Message> {
    grammar::read(&command.text).subcommand(&["privacy"])?;
    let answer = say(ctx, &command.user).await.unwrap_or_else(|error| {
        tracing::error!(%error, workspace = %ctx.workspace.id, "what is kept of a person could not be read");
        kudos::messages::our_fault(ctx.locale, "")
    });
    Some(answer)
}

async fn say(ctx: &Ctx, person: &UserId) -> Result<Message, StoreError> {
    let settings = &*ctx.settings();
    let first = settings.stewards.first().cloned();
    let (found, stewards): (Option<Kept>, _) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let id = &ctx.workspace.id;
            let stewards = workspace::members(tx, id, &first.clone().into_iter().collect::<BTreeSet<_>>()).await?;
            Ok((kept(tx, id, person).await?, stewards))
        })
        .await?;
    let Some(found) = found else {
        return Ok(messages::nothing(ctx.locale));
    };
    let zone = found.member.zone.unwrap_or_else(|| workspace_zone(settings, &stewards));
    Ok(messages::kept(ctx.locale, settings, &found, zone))
}

/// Whether a click comes from somebody who asked to be forgotten: nothing may be written down of it.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn is_forgotten(ctx: &Ctx, person: &UserId) -> Result<bool, StoreError> {
    ctx.db
        .read(async |tx: &mut Tx| {
            let forgotten = workspace::forgotten(tx, &ctx.workspace.id, [person]).await?;
            Ok(!forgotten.is_empty())
        })
        .await
}

/// Answers a click on one of this feature's buttons; `None` if it is none of them.
pub async fn click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    let person = &click.user;
    let answer = match action.name() {
        messages::ERASE => Ok(messages::really(ctx.locale, &ctx.settings().command)),
        messages::KEEP => Ok(messages::kept_it(ctx.locale)),
        messages::EXPORT => export(ctx, person).await,
        messages::ERASE_NOW => erase_now(ctx, person).await,
        name => {
            turn(
                ctx,
                person,
                messages::switch_of(name)?,
                action.value.as_deref() == Some("on"),
            )
            .await
        }
    };
    Some(match answer {
        Ok(message) => Response::replacing(message),
        Err(error) => {
            tracing::error!(%error, workspace = %ctx.workspace.id, "what a person chose could not be stored");
            // The buttons stay, so that they can be clicked again.
            Response::ephemeral(kudos::messages::our_fault(ctx.locale, ""))
        }
    })
}

async fn turn(ctx: &Ctx, person: &UserId, switch: kudos::Switch, on: bool) -> Result<Message, StoreError> {
    let (workspace, who, now) = (ctx.workspace.id.clone(), person.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| kudos::turn(tx, &workspace, &who, switch, on, now).await)
        .await?;
    say(ctx, person).await
}

async fn export(ctx: &Ctx, person: &UserId) -> Result<Message, StoreError> {
    let (workspace, person, now) = (ctx.workspace.id.clone(), person.clone(), ctx.clock.now());
    let enqueued: Result<(), StoreError> = ctx
        .db
        .write(async move |tx: &mut Tx| enqueue_export(tx, &workspace, &person, now).await)
        .await;
    enqueued?;
    Ok(messages::exporting(ctx.locale))
}

async fn erase_now(ctx: &Ctx, person: &UserId) -> Result<Message, StoreError> {
    let (workspace, person, now) = (ctx.workspace.id.clone(), person.clone(), ctx.clock.now());
    let nobody = workspace::anonymous(now);
    // Clicked twice, it has happened, and that is all there is to say.
    ctx.db
        .write(async move |tx: &mut Tx| erase(tx, &workspace, &person, &nobody, now).await)
        .await?;
    ctx.reload_settings().await?;
    Ok(messages::erased(ctx.locale))
}
