//! Two small forms: other words for a kudos, and thanks back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::Submission;
use super::living::Clicked;
use crate::base::ids::{ChannelId, KudosId};
use crate::kudos::deliver::load_all;
use crate::kudos::messages;
use crate::kudos::{Edited, Giving, ThankedBack, edit_words, may_thank_back, thank_back, words_of};
use crate::slack::blocks::{Message, ViewResponse};
use crate::slack::inbound::{BlockActions, ViewEvent};
use crate::slack::mrkdwn::unescape;
use crate::store::{StoreError, Tx};

/// How long what the form begins with may take. Slack: a trigger lives 3 s.
const KNOWN: Duration = Duration::from_millis(1_000);

/// What comes back with the form.
#[derive(Debug, Serialize, Deserialize)]
struct Of {
    kudos: KudosId,
    channel: Option<ChannelId>,
}

/// Opens one of the two forms; what the person is told where it doesn't open.
pub(super) async fn open(
    giving: &Giving<'_>,
    clicked: &Clicked<'_>,
    click: &BlockActions,
    callback: &str,
) -> Result<Option<Message>, StoreError> {
    let ctx = giving.ctx;
    let of = Of {
        kudos: clicked.kudos.clone(),
        channel: click.channel.clone(),
    };
    let Ok(metadata) = serde_json::to_string(&of) else {
        return Ok(None);
    };
    let begin = async {
        if callback == messages::WORDS {
            let change = clicked.change().await?;
            let words = ctx
                .db
                .read(async |tx: &mut Tx| words_of(tx, &change, clicked.settings).await)
                .await?;
            match words {
                Ok(words) => Ok(Ok(messages::words_form(ctx.locale, &words, &metadata))),
                Err(refused) => Ok(Err(messages::edited(&clicked.voice().await?, &refused, ""))),
            }
        } else {
            let change = clicked.change().await?;
            let refused = ctx
                .db
                .read(async |tx: &mut Tx| may_thank_back(tx, &change).await)
                .await?;
            let Some(loaded) = load_all(ctx, clicked.kudos, clicked.now).await? else {
                return Ok(Err(messages::gone(ctx.locale)));
            };
            let (names, giver) = (loaded.people(), &loaded.kudos.giver);
            Ok::<_, StoreError>(match refused {
                None => Ok(messages::thanks_form(ctx.locale, &names, giver, &metadata)),
                Some(refused) => Err(messages::thanks_sent(ctx.locale, &names, giver, &refused, "")),
            })
        }
    };
    let view = match timeout(KNOWN, begin).await {
        Ok(Ok(Ok(view))) => view,
        Ok(Ok(Err(message))) => return Ok(Some(message)),
        Ok(Err(error)) => return Err(error),
        Err(_) => return Ok(Some(messages::once_more(ctx.locale))),
    };
    match ctx
        .slack
        .views_open(&click.trigger_id, &view, giving.opening.open)
        .await
    {
        Ok(_) => Ok(None),
        Err(error) => {
            tracing::warn!(%error, user = %click.user, "a form could not be opened");
            Ok(Some(messages::once_more(ctx.locale)))
        }
    }
}

/// Takes what was filled in. What can't be taken is said beside the field, and stays there.
pub(super) async fn submit(giving: &Giving<'_>, event: &ViewEvent) -> Submission {
    let ctx = giving.ctx;
    let typed = event.view.fields.text(messages::FIELD).unwrap_or_default();
    let of: Option<Of> = serde_json::from_str(&event.view.private_metadata).ok();
    let place = of
        .as_ref()
        .and_then(|of| of.channel.clone())
        .map(|channel| (channel, None));
    let taken = match &of {
        Some(of) => take(giving, event, &of.kudos, &typed).await,
        None => Ok((messages::our_fault(ctx.locale, &typed), false, false)),
    };
    let (message, is_done, was_told) = taken.unwrap_or_else(|error| {
        tracing::error!(%error, workspace = %ctx.workspace.id, "a form could not be stored");
        (messages::our_fault(ctx.locale, ""), false, false)
    });
    Submission {
        response: if is_done {
            ViewResponse::Close
        } else {
            // Beside a field Slack shows plain text.
            ViewResponse::error(messages::FIELD, &unescape(message.text()))
        },
        message,
        place,
        was_told,
    }
}

/// What the person hears, whether it was taken, and whether they know.
async fn take(
    giving: &Giving<'_>,
    event: &ViewEvent,
    kudos: &KudosId,
    typed: &str,
) -> Result<(Message, bool, bool), StoreError> {
    let ctx = giving.ctx;
    let settings = ctx.settings();
    let clicked = Clicked {
        ctx,
        settings: &settings,
        by: &event.user,
        kudos,
        now: ctx.clock.now(),
    };
    let (change, words) = (clicked.change().await?, typed.to_owned());
    if event.view.callback_id == messages::WORDS {
        let kept = settings.clone();
        let edited = ctx
            .db
            .write(async move |tx: &mut Tx| edit_words(tx, &change, &words, &kept).await)
            .await?;
        // Delivered twice, the second one changes nothing, and there is nothing more to say.
        let same = edited == Edited::Unchanged;
        let is_done = same || matches!(edited, Edited::Done { .. });
        return Ok((messages::edited(&clicked.voice().await?, &edited, ""), is_done, same));
    }
    let thanked = ctx
        .db
        .write(async move |tx: &mut Tx| thank_back(tx, &change, &words).await)
        .await?;
    let again = thanked == ThankedBack::Already;
    let is_done = again || matches!(thanked, ThankedBack::Done { .. });
    let Some(loaded) = load_all(ctx, kudos, clicked.now).await? else {
        return Ok((messages::gone(ctx.locale), true, false));
    };
    let message = messages::thanks_sent(ctx.locale, &loaded.people(), &loaded.kudos.giver, &thanked, "");
    Ok((message, is_done, again))
}
