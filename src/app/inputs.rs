//! Slack input → features.

use std::sync::Arc;

use tokio::time::Instant;

use super::App;
use crate::kudos;
use crate::slack::blocks::Response;
use crate::slack::inbound::{BlockActions, Event, EventCallback, SlashCommand};
use crate::store::StoreError;
use crate::workspace;

/// Answers a slash command by `answer_by`, whatever the database or Slack does. When the commit takes longer,
/// the person hears that it is being saved, and the outcome follows through the `response_url`. `None` for another
/// workspace's command.
pub async fn command(app: &Arc<App>, command: SlashCommand, answer_by: Instant) -> Option<Response> {
    if command.workspace != app.ctx.workspace.id {
        tracing::warn!(workspace = %command.workspace, "a command of another workspace was ignored");
        return None;
    }
    let response_url = command.response_url.clone();
    let text = command.text.clone();
    let locale = app.ctx.locale;
    let mut work = {
        let app = Arc::clone(app);
        app.tasks.clone().spawn(async move {
            let answer = kudos::inputs::command(&app.giving(), &command).await;
            app.wake();
            answer
        })
    };
    // A panic in the work is our fault, and must not look like silence.
    let fault = move || kudos::messages::our_fault(locale, &kudos::grammar::as_typed(&text));
    match tokio::time::timeout_at(answer_by, &mut work).await {
        Ok(answer) => Some(Response::ephemeral(answer.unwrap_or_else(|_| fault()))),
        Err(_) => {
            let slack = app.ctx.slack.clone();
            app.tasks.spawn(async move {
                let answer = work.await.unwrap_or_else(|_| fault());
                if let Err(error) = slack.respond(&response_url, &Response::ephemeral(answer)).await {
                    tracing::warn!(%error, "the outcome of a late commit could not be told");
                }
            });
            Some(Response::ephemeral(kudos::messages::saving(locale)))
        }
    }
}

/// Hands an event to the features that want it. Unknown ones are ignored.
///
/// # Errors
/// [`StoreError`] when it could not be stored; Slack should deliver it again.
pub async fn event(app: &Arc<App>, event: &EventCallback) -> Result<(), StoreError> {
    if event.workspace != app.ctx.workspace.id {
        tracing::warn!(workspace = %event.workspace, "an event of another workspace was ignored");
        return Ok(());
    }
    if matches!(event.event, Event::AppUninstalled | Event::TokensRevoked) {
        tracing::error!(
            workspace = %event.workspace,
            "the app was removed from Slack, or its token revoked: nothing can be posted until it is installed again"
        );
    }
    workspace::inputs::event(&app.ctx, &event.event).await?;
    app.wake();
    Ok(())
}

/// Takes a click. Returns when what it did is on disk (or the deadline is near); the person is answered afterwards,
/// through the `response_url`.
pub async fn click(app: &Arc<App>, click: BlockActions, answer_by: Instant) {
    // Another company's people can click in a shared channel; they are not this workspace's, and don't give.
    if click
        .workspace
        .as_ref()
        .is_some_and(|workspace| *workspace != app.ctx.workspace.id)
    {
        return;
    }
    let work = {
        let app = Arc::clone(app);
        let click = click.clone();
        app.tasks.clone().spawn(async move {
            for action in &click.actions {
                if let Some(answer) = kudos::inputs::click(&app.giving(), &click, action).await {
                    app.wake();
                    return Some(answer);
                }
            }
            None
        })
    };
    let (done, committed) = tokio::sync::oneshot::channel();
    let slack = app.ctx.slack.clone();
    app.tasks.spawn(async move {
        let answer = work.await;
        // The receiver is gone when the deadline came first.
        let _ = done.send(());
        if let (Ok(Some(answer)), Some(url)) = (answer, &click.response_url)
            && let Err(error) = slack.respond(url, &answer).await
        {
            tracing::warn!(%error, "a click could not be answered");
        }
    });
    // Slack wants its 200 in time even if the commit is late; then the person still hears the outcome.
    let _ = tokio::time::timeout_at(answer_by, committed).await;
}
