//! What people type and click: from Slack's payload to a use case, and its answer.

mod choice;
mod living;
mod modal;
pub mod posts;
mod tomorrow;
mod words;

use super::messages::{self, Voice};
use super::people::{People, known_of, zones};
use super::{
    Announce, Giving, Said, Source, TakeBack, TakenBack, Wish, grammar, take_back, take_back_latest, take_back_sent,
};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId};
use crate::slack::blocks::{Message, Response};
use crate::slack::inbound::{Action, BlockActions, Shortcut, SlashCommand, ViewEvent};
use crate::store::{StoreError, Tx};
use crate::workspace::Ctx;

pub use modal::{Opening, Submission};

/// The words that are subcommands; a word whose capability doesn't exist is none.
const RESERVED: [&str; 3] = ["help", "undo", "sent"];

/// Answers `/kudos …`, with a private message unless a form opened. What is given is on disk when this returns.
pub async fn command(giving: &Giving<'_>, command: &SlashCommand) -> Option<Message> {
    let ctx = giving.ctx;
    let reading = grammar::read(&command.text);
    let settings = &*ctx.settings();
    let delivery = Some(command.trigger_id.clone()).filter(|trigger| !trigger.is_empty());
    let result = match reading.subcommand(&RESERVED).as_deref() {
        Some("help") => {
            let voice = Voice {
                command: &command.command,
                ..Voice::new(ctx.locale, settings, chrono_tz::UTC)
            };
            let is_steward = settings.is_steward(&command.user);
            let values = settings.value_names();
            let help = messages::help(&voice, &values, settings.channel.as_ref(), is_steward);
            let emoji = settings.emoji.first().map(String::as_str);
            return Some(messages::posts::help_with_ways(ctx.locale, &help, emoji, |scope| {
                ctx.workspace.lacks(scope)
            }));
        }
        Some("sent") => living::sent(ctx, &command.command, &command.user).await,
        Some(_) => {
            let now = ctx.clock.now();
            undo(ctx, &command.command, Which::Latest(delivery), &command.user, now).await
        }
        None => {
            match modal::for_command(giving, command, &reading).await {
                Some(modal::Opened::Form) => return None,
                Some(modal::Opened::Told(message)) => return Some(message),
                None => {}
            }
            let wish = Wish {
                giver: command.user.clone(),
                said: Said::Typed(reading),
                source: Source::Command,
                channel: Some(command.channel.clone()),
                thread: None,
                effect: None,
                delivery,
                announce: Announce::Default,
            };
            match giving.give(wish).await {
                Ok(gave) => {
                    let voice = Voice {
                        command: &command.command,
                        ..gave.voice(ctx, settings)
                    };
                    Ok(giving.answer(&gave, &voice).await)
                }
                Err(error) => Err(error),
            }
        }
    };
    Some(result.unwrap_or_else(|error| {
        tracing::error!(%error, workspace = %command.workspace, "a command could not be stored");
        messages::our_fault(ctx.locale, &grammar::as_typed(&command.text))
    }))
}

/// Opens the form from one of Slack's own menus. What to tell the person where it didn't open.
pub async fn shortcut(giving: &Giving<'_>, shortcut: &Shortcut) -> Option<Message> {
    modal::for_shortcut(giving, shortcut).await
}

/// Takes what was filled in; `None` for a view that isn't this feature's.
pub async fn submission(giving: &Giving<'_>, event: &ViewEvent) -> Option<Submission> {
    match event.view.callback_id.as_str() {
        super::modal::CALLBACK => Some(modal::submit(giving, event).await),
        messages::WORDS | messages::THANKS => Some(words::submit(giving, event).await),
        _ => None,
    }
}

/// Which kudos somebody wants to take back.
#[derive(Clone, Debug)]
enum Which {
    /// The latest, once per delivery.
    Latest(Option<String>),
    /// This one, within ten minutes.
    This(KudosId),
    /// This one, until its month closes.
    Sent(KudosId),
}

/// Takes a kudos back, and says what came of it.
async fn undo(ctx: &Ctx, command: &str, which: Which, by: &UserId, now: Instant) -> Result<Message, StoreError> {
    let settings = &*ctx.settings();
    let (zone, closes_in) = zones(ctx, settings, by).await?;
    let wish = TakeBack {
        workspace: ctx.workspace.id.clone(),
        kudos: match &which {
            Which::Latest(_) => KudosId::default(),
            Which::This(kudos) | Which::Sent(kudos) => kudos.clone(),
        },
        by: by.clone(),
        at: now,
        zone,
        allowance: settings.allowance,
        recognition: settings.channel.clone(),
    };
    let outcome = ctx
        .db
        .write(async move |tx: &mut Tx| match &which {
            Which::Latest(delivery) => take_back_latest(tx, &wish, delivery.as_deref()).await,
            Which::This(_) => take_back(tx, &wish).await.map(Some),
            Which::Sent(_) => take_back_sent(tx, &wish, closes_in).await.map(Some),
        })
        .await?;
    let voice = Voice {
        command,
        ..Voice::new(ctx.locale, settings, zone)
    };
    let Some(outcome) = outcome else {
        return Ok(messages::nothing_to_take_back(&voice));
    };
    let (known, groups) = match &outcome {
        TakenBack::Done { receivers, .. } => known_of(ctx, receivers).await?,
        _ => Default::default(),
    };
    Ok(messages::taken_back(&voice, &People::new(&known, &groups), &outcome))
}

/// Answers a click on one of this feature's buttons; `None` if it is none of them, or one that only links.
pub async fn click(giving: &Giving<'_>, click: &BlockActions, action: &Action) -> Option<Response> {
    let value = action.value.as_deref().unwrap_or_default();
    let answer = match action.name() {
        messages::OPEN | messages::GIVE => {
            let channel = click.channel.as_ref();
            let told = modal::for_click(giving, &click.user, &click.trigger_id, channel, value).await;
            return told.map(Response::ephemeral);
        }
        messages::THANK => return modal::for_person(giving, click, value).await.map(Response::ephemeral),
        messages::UNDO => return undo_click(giving.ctx, click, action).await,
        messages::CHOOSE => choice::choose(giving, click, value).await,
        messages::TOMORROW => tomorrow::put_off(giving, click, value).await,
        messages::posts::HUSH => posts::hush(giving.ctx, &click.user).await,
        messages::CANCEL => tomorrow::call_off(giving, click, value).await,
        _ => return living::click(giving, click, action).await,
    };
    Some(match answer {
        Ok(message) => Response::replacing(message),
        Err(error) => {
            tracing::error!(%error, workspace = %giving.ctx.workspace.id, action = action.name(), "a click could not be stored");
            // The button stays, so that it can be clicked again.
            Response::ephemeral(messages::our_fault(giving.ctx.locale, ""))
        }
    })
}

async fn undo_click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    let kudos: KudosId = action.value.as_deref()?.into();
    let command = &ctx.settings().command;
    match undo(ctx, command, Which::This(kudos.clone()), &click.user, ctx.clock.now()).await {
        Ok(message) => Some(Response::replacing(message)),
        Err(error) => {
            tracing::error!(%error, workspace = %ctx.workspace.id, kudos = %kudos, "an undo could not be stored");
            // The button stays, so that it can be clicked again.
            Some(Response::ephemeral(messages::our_fault(ctx.locale, "")))
        }
    }
}
