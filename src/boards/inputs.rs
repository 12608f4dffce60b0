//! `/kudos top`, `/kudos me`, and the buttons below a board.

use super::look::{forgotten_of, me, see, share, top};
use super::messages::{self, FORGOTTEN, OPEN, SHARE, SHOW};
use super::{Wanted, grammar};
use crate::kudos;
use crate::slack::blocks::Message;
use crate::slack::blocks::Response;
use crate::slack::inbound::{Action, BlockActions, SlashCommand};
use crate::store::StoreError;
use crate::workspace::Ctx;

/// The word for one's own figures.
const ME: &str = "me";

/// Whether a command is this feature's.
pub fn is_ours(text: &str) -> bool {
    grammar::read(text).is_some() || kudos::grammar::read(text).subcommand(&[ME]).is_some()
}

/// Answers `/kudos top …` and `/kudos me`, privately.
pub async fn command(ctx: &Ctx, command: &SlashCommand) -> Message {
    let answer = match grammar::read(&command.text) {
        Some(asked) => top(ctx, &command.user, &asked).await,
        None => me(ctx, &command.command, &command.user).await,
    };
    answer.unwrap_or_else(|error| our_fault(ctx, &error))
}

fn our_fault(ctx: &Ctx, error: &StoreError) -> Message {
    tracing::error!(%error, workspace = %ctx.workspace.id, "a board could not be read");
    kudos::messages::our_fault(ctx.locale, "")
}

/// Answers a click below a board; `None` if it is none of this feature's.
pub async fn click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    let value = action.value.as_deref().unwrap_or_default();
    let answer = match action.name() {
        SHOW => {
            let wanted: Wanted = serde_json::from_str(value).ok()?;
            see(ctx, &click.user, wanted).await.map(Response::replacing)
        }
        OPEN => {
            let wanted: Wanted = serde_json::from_str(value).ok()?;
            see(ctx, &click.user, wanted).await.map(Response::ephemeral)
        }
        SHARE => {
            let wanted: Wanted = serde_json::from_str(value).ok()?;
            // One message shares a board once, however often its button is clicked and the click delivered.
            let place = click.channel.as_ref().map_or("", |channel| channel.as_str());
            let ts = click
                .message_ts
                .as_ref()
                .map_or(click.trigger_id.as_str(), |ts| ts.as_str());
            let once = format!("board shared {} {place} {ts} {value}", click.user);
            if ctx.settings().shows_boards() {
                share(ctx, &click.user, wanted, once).await.map(|shared| match shared {
                    Some(board) => Response::in_channel(board),
                    None => Response::ephemeral(messages::shared_already(ctx.locale)),
                })
            } else {
                see(ctx, &click.user, wanted).await.map(Response::replacing)
            }
        }
        FORGOTTEN => forgotten_of(ctx, &click.user, &value.into())
            .await
            .map(|list| Response::ephemeral(list.unwrap_or_else(|| messages::not_for_you(ctx.locale)))),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|error| Response::ephemeral(our_fault(ctx, &error))))
}
