//! What people click in Home, and Home being opened.

use super::messages::{self, AWAY, NO_DMS, NOTIFICATIONS, PRIVATE, UNLISTED};
use super::{choices, turn};
use crate::kudos::Switch;
use crate::slack::blocks::Response;
use crate::slack::inbound::{Action, BlockActions, Event};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx};

/// Somebody opened their Home: it is published from now on.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn event(ctx: &Ctx, event: &Event) -> Result<(), StoreError> {
    let Event::AppHomeOpened { user, tab } = event else {
        return Ok(());
    };
    if tab != "home" {
        return Ok(());
    }
    let (workspace, user, now) = (ctx.workspace.id.clone(), user.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            // Nothing is kept about somebody who asked to be forgotten.
            if !workspace::forgotten(tx, &workspace, [&user]).await?.is_empty() {
                return Ok(());
            }
            workspace::open_home(tx, &workspace, &user, now).await
        })
        .await
}

/// Answers a click on a switch or on *Notification settings*; `None` where there is nothing to say (in Home, which
/// shows it itself).
pub async fn click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    let switch = match action.name() {
        NOTIFICATIONS => None,
        PRIVATE => Some(Switch::Private),
        UNLISTED => Some(Switch::Unlisted),
        NO_DMS => Some(Switch::NoDms),
        AWAY => Some(Switch::Away),
        _ => return None,
    };
    let result = match switch {
        None => choices(ctx, &click.user).await,
        Some(switch) => {
            let on = action.value.as_deref() == Some("on");
            turn(ctx, &click.user, switch, on).await.map(Option::unwrap_or_default)
        }
    };
    match result {
        Ok(choices) => {
            let message = messages::notifications(ctx.locale, choices);
            Some(match switch {
                None => Response::ephemeral(message),
                Some(_) => Response::replacing(message),
            })
        }
        Err(error) => {
            tracing::error!(%error, workspace = %ctx.workspace.id, "a switch could not be turned");
            Some(Response::ephemeral(messages::not_turned(ctx.locale)))
        }
    }
}
