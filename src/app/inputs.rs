//! Slack input → features.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::App;
use crate::base::ids::{ChannelId, MessageTs, UserId, WorkspaceId};
use crate::boards;
use crate::digest;
use crate::home;
use crate::kudos;
use crate::privacy;
use crate::prompts;
use crate::setup;
use crate::slack::blocks::{Message, Response, ViewResponse};
use crate::slack::client::PostMessage;
use crate::slack::inbound::{Action, BlockActions, Event, EventCallback, Shortcut, SlashCommand, ViewEvent};
use crate::store::StoreError;
use crate::workspace;

/// The words that other features than kudos answer.
const RESERVED: [&str; 4] = ["privacy", prompts::inputs::RESERVED, "settings", "setup"];

/// Answers a slash command by `answer_by`, whatever the database or Slack does. When the commit takes longer,
/// the person hears that it is being saved, and the outcome follows through the `response_url`. `None` for another
/// workspace's command, and where a form opened instead.
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
            let reading = kudos::grammar::read(&command.text);
            let channel = reading.channel_after(prompts::inputs::RESERVED);
            let word = reading.subcommand(&RESERVED);
            let word = word.or_else(|| channel.map(|_| prompts::inputs::RESERVED.to_owned()));
            let answer = match word.as_deref() {
                None if boards::inputs::is_ours(&command.text) => {
                    Some(boards::inputs::command(&app.ctx, &command).await)
                }
                Some("privacy") => privacy::inputs::command(&app.ctx, &command).await,
                Some(prompts::inputs::RESERVED) => {
                    Some(prompts::inputs::command(&app.ctx, &app.packs, &command, channel).await)
                }
                Some(word) => Some(setup::inputs::command(&app.ctx, word, &command).await),
                None => match digest::inputs::command(&app.ctx, &command).await {
                    Some(answer) => Some(answer),
                    None => kudos::inputs::command(&app.giving(), &command).await,
                },
            };
            app.wake();
            answer
        })
    };
    // A panic in the work is our fault, and must not look like silence.
    let fault = move || kudos::messages::our_fault(locale, &kudos::grammar::as_typed(&text));
    match tokio::time::timeout_at(answer_by, &mut work).await {
        Ok(answer) => answer.unwrap_or_else(|_| Some(fault())).map(Response::ephemeral),
        Err(_) => {
            let slack = app.ctx.slack.clone();
            app.tasks.spawn(async move {
                let Some(answer) = work.await.unwrap_or_else(|_| Some(fault())) else {
                    return;
                };
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
    let gave = kudos::inputs::posts::event(&app.giving(), &event.event).await?;
    let asks = prompts::inputs::event(&app.giving(), &event.event).await?;
    for private in [gave, asks].into_iter().flatten() {
        let ctx = app.ctx.clone();
        app.tasks.spawn(async move { private.tell(&ctx).await });
    }
    home::inputs::event(&app.ctx, &event.event).await?;
    setup::inputs::event(&app.ctx, &event.event).await?;
    app.wake();
    Ok(())
}

/// Takes a click. Returns when what it did is on disk (or the deadline is near); the person is answered afterwards,
/// through the `response_url`.
pub async fn click(app: &Arc<App>, click: BlockActions, answer_by: Instant) {
    if !is_ours(app, click.workspace.as_ref()) {
        return;
    }
    let work = {
        let app = Arc::clone(app);
        let click = click.clone();
        app.tasks.clone().spawn(async move {
            match privacy::inputs::is_forgotten(&app.ctx, &click.user).await {
                Ok(false) => {}
                Ok(true) => return Some(Response::ephemeral(privacy::messages::forgotten(app.ctx.locale))),
                Err(error) => {
                    tracing::error!(%error, "a click could not be taken");
                    return Some(Response::ephemeral(kudos::messages::our_fault(app.ctx.locale, "")));
                }
            }
            let mut answer = None;
            for action in &click.actions {
                answer = answer.or(clicked(&app, &click, action).await);
            }
            app.wake();
            answer
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

/// Whether what somebody did is this workspace's. Another company's people can act in a shared channel; they don't give.
fn is_ours(app: &App, workspace: Option<&WorkspaceId>) -> bool {
    workspace.is_none_or(|workspace| *workspace == app.ctx.workspace.id)
}

/// Which feature a form or a menu entry belongs to, by the first part of its callback id.
fn feature(callback_id: &str) -> &str {
    match callback_id {
        kudos::GIVE_KUDOS | kudos::KUDOS_MESSAGE | kudos::PASS_ON_CUSTOMER_WORDS => kudos::FEATURE,
        other => other.split('.').next().unwrap_or_default(),
    }
}

/// Hands a click to the feature whose element it was: the action id begins with its name.
async fn clicked(app: &App, click: &BlockActions, action: &Action) -> Option<Response> {
    match action.name().split('.').next() {
        Some("boards") => boards::inputs::click(&app.ctx, click, action).await,
        Some("home") => home::inputs::click(&app.ctx, click, action).await,
        Some("digest") => digest::inputs::click(&app.ctx, click, action).await,
        Some("prompts") => prompts::inputs::click(&app.giving(), &app.packs, click, action).await,
        Some("setup") => setup::inputs::click(&app.ctx, click, action).await,
        Some("privacy") => privacy::inputs::click(&app.ctx, click, action).await,
        _ => kudos::inputs::click(&app.giving(), click, action).await,
    }
}

/// Takes what somebody filled in. Returns what the form does now, by `answer_by`.
pub async fn submission(app: &Arc<App>, event: ViewEvent, answer_by: Instant) -> ViewResponse {
    if !is_ours(app, event.workspace.as_ref()) {
        return ViewResponse::Close;
    }
    match feature(&event.view.callback_id) {
        kudos::FEATURE => kudos_submission(app, event, answer_by).await,
        "setup" => setup_submission(app, event, answer_by).await,
        "prompts" => prompts_submission(app, event, answer_by).await,
        "digest" => digest_submission(app, event, answer_by).await,
        _ => ViewResponse::Close,
    }
}

/// Takes a setting. When the commit takes longer, the form says so and keeps what was typed: saving the same again does no
/// harm.
async fn setup_submission(app: &Arc<App>, event: ViewEvent, answer_by: Instant) -> ViewResponse {
    let late = setup::inputs::not_saved(app.ctx.locale, &event);
    let work = {
        let app = Arc::clone(app);
        app.tasks.clone().spawn(async move {
            let submitted = setup::inputs::submission(&app.ctx, event).await.unwrap_or_default();
            app.wake();
            refresh(&app, submitted.after);
            submitted.response
        })
    };
    in_time(work, answer_by).await.unwrap_or(late)
}

/// Takes a schedule, a prompt of one's own or an opening note; late as above.
async fn prompts_submission(app: &Arc<App>, event: ViewEvent, answer_by: Instant) -> ViewResponse {
    let late = prompts::inputs::not_saved(app.ctx.locale, &event);
    let work = {
        let app = Arc::clone(app);
        app.tasks.clone().spawn(async move {
            let submitted = prompts::inputs::submission(&app.ctx, &app.packs, &event).await;
            let submitted = submitted.unwrap_or_default();
            app.wake();
            refresh(&app, submitted.after);
            if let Some(message) = submitted.told {
                tell(&app, event.user, None, message);
            }
            submitted.response
        })
    };
    in_time(work, answer_by).await.unwrap_or(late)
}

/// Takes a steward's words on top of a digest; late as above.
async fn digest_submission(app: &Arc<App>, event: ViewEvent, answer_by: Instant) -> ViewResponse {
    let work = {
        let app = Arc::clone(app);
        app.tasks.clone().spawn(async move {
            let (response, after) = digest::inputs::submission(&app.ctx, &event).await;
            app.wake();
            refresh(&app, after);
            response
        })
    };
    in_time(work, answer_by)
        .await
        .unwrap_or_else(|| digest::inputs::not_saved(app.ctx.locale))
}

/// What a form does, if that is known in time.
async fn in_time(work: JoinHandle<ViewResponse>, answer_by: Instant) -> Option<ViewResponse> {
    tokio::time::timeout_at(answer_by, work).await.ok()?.ok()
}

/// Brings the message behind a form up to date.
fn refresh(app: &Arc<App>, after: Option<(String, Response)>) {
    let Some((url, response)) = after else { return };
    let slack = app.ctx.slack.clone();
    app.tasks.spawn(async move {
        if let Err(error) = slack.respond(&url, &response).await {
            tracing::warn!(%error, "the message behind a modal could not be brought up to date");
        }
    });
}

/// Takes a form that gives. Returns what the form does now, by `answer_by`: when the commit takes longer, it says
/// that it is being saved, and the outcome follows by direct message.
async fn kudos_submission(app: &Arc<App>, event: ViewEvent, answer_by: Instant) -> ViewResponse {
    let user = event.user.clone();
    let mut work = {
        let app = Arc::clone(app);
        app.tasks.clone().spawn(async move {
            let submission = kudos::inputs::submission(&app.giving(), &event).await;
            app.wake();
            submission
        })
    };
    match tokio::time::timeout_at(answer_by, &mut work).await {
        Ok(Ok(Some(done))) => {
            if done.response == ViewResponse::Close && !done.was_told {
                tell(app, user, done.place, done.message);
            }
            done.response
        }
        Ok(Ok(None)) => ViewResponse::Close,
        // A panic in the work is our fault; the form keeps what was typed.
        Ok(Err(_)) => {
            let (field, sentence) = kudos::modal::our_fault(app.ctx.locale);
            ViewResponse::error(field, &sentence)
        }
        Err(_) => {
            let late = Arc::clone(app);
            app.tasks.spawn(async move {
                let message = match work.await {
                    Ok(Some(done)) if done.was_told => return,
                    Ok(Some(done)) => done.message,
                    Ok(None) => return,
                    Err(_) => kudos::messages::our_fault(late.ctx.locale, ""),
                };
                tell(&late, user, None, message);
            });
            ViewResponse::Update {
                view: Box::new(kudos::modal::saving(app.ctx.locale)),
            }
        }
    }
}

/// Opens a form from one of Slack's own menus, while its trigger lives. Where it can't, the person is told.
pub async fn shortcut(app: &Arc<App>, shortcut: Shortcut, answer_by: Instant) {
    if !is_ours(app, shortcut.workspace.as_ref()) || feature(&shortcut.callback_id) != kudos::FEATURE {
        return;
    }
    let work = {
        let app = Arc::clone(app);
        app.tasks.clone().spawn(async move {
            let Some(message) = kudos::inputs::shortcut(&app.giving(), &shortcut).await else {
                return;
            };
            let place = shortcut.of.map(|of| (of.channel, of.message.thread_ts));
            tell(&app, shortcut.user, place, message);
        })
    };
    let _ = tokio::time::timeout_at(answer_by, work).await;
}

/// Tells somebody something privately: in the place where they are, else by direct message. One try, after the answer.
fn tell(app: &Arc<App>, user: UserId, place: Option<(ChannelId, Option<MessageTs>)>, message: Message) {
    let teller = Arc::clone(app);
    app.tasks.spawn(async move {
        let slack = &teller.ctx.slack;
        if let Some((channel, thread)) = place.filter(|(channel, _)| !channel.is_direct_message()) {
            match slack
                .chat_post_ephemeral(&channel, &user, &message, thread.as_ref())
                .await
            {
                Ok(_) => return,
                // Not in that channel, or the person isn't.
                Err(error) => tracing::debug!(%error, "a private answer goes by direct message"),
            }
        }
        let told = match slack.conversations_open(&user).await {
            Ok(dm) => slack.chat_post_message(&PostMessage::to(&dm, &message)).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::warn!(%error, user = %user, "somebody could not be told what came of a form");
        }
    });
}
