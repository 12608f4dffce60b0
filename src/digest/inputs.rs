//! What people type and click: a month's digest for oneself, what stewards decide about one, private editions.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::messages::{self, FIELD, POST, Reader, SKIP, START, STOP, WORDS};
use super::rules::{Month, meant};
use super::{Edition, State, channel, deliver, kept, now, post_now, put_words, skip, want, wants, zone};
use crate::base::calendar::{Day, local_day};
use crate::base::ids::UserId;
use crate::base::text::{clean, fold, mask};
use crate::kudos;
use crate::kudos::grammar;
use crate::slack::blocks::{Block, Message, Response, ViewResponse};
use crate::slack::inbound::{Action, BlockActions, SlashCommand, ViewEvent};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Locale};

/// Slack: a trigger lives 3 s.
const OPEN_WITHIN: Duration = Duration::from_millis(2_500);

/// The reserved word.
const DIGEST: &str = "digest";

/// Answers `/kudos digest`, alone or with a month behind it; `None` for any other command. For whoever asks alone.
pub async fn command(ctx: &Ctx, command: &SlashCommand) -> Option<Message> {
    let typed = grammar::as_typed(&command.text);
    let typed = typed.trim();
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    if fold(word.trim_end_matches(['?', '!', '.'])) != DIGEST {
        return None;
    }
    let answer = match today(ctx).await {
        // Words that are no month: it is a kudos, or meant to be one.
        Ok(today) => one(ctx, &command.command, &command.user, meant(rest, today)?, today).await,
        Err(error) => Err(error),
    };
    Some(answer.unwrap_or_else(|error| {
        tracing::error!(%error, workspace = %ctx.workspace.id, "a digest could not be shown");
        kudos::messages::our_fault(ctx.locale, "")
    }))
}

async fn today(ctx: &Ctx) -> Result<Day, StoreError> {
    let settings = ctx.settings();
    Ok(local_day(ctx.clock.now(), zone(ctx, &settings).await?))
}

async fn one(ctx: &Ctx, command: &str, user: &UserId, month: Month, today: Day) -> Result<Message, StoreError> {
    if month.first() > today {
        return Ok(messages::not_yet(ctx.locale, &month.name(today)));
    }
    let (told, words) = now(ctx, month).await?;
    let (is_on, kept) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let id = &ctx.workspace.id;
            Ok((wants(tx, id, user, Edition::Own).await?, kept(tx, id, month).await?))
        })
        .await?;
    // What stewards wrote on top is theirs until it stands.
    let (settings, state) = (ctx.settings(), kept.map(|kept| kept.state));
    let is_steward = settings.is_steward(user);
    let words = if is_steward || state == Some(State::Posted) {
        words
    } else {
        String::new()
    };
    let shown = messages::digest(ctx.locale, command, &told, &words, Reader::Alone);
    let (_, button) = messages::own_switch(ctx.locale, is_on);
    let mut buttons = vec![button.into()];
    // Also where there was nobody to ask when it came to nothing.
    let came_to_nothing = matches!(state, Some(State::Asked | State::Refused | State::Skipped | State::Off));
    if is_steward && came_to_nothing && channel(&settings).is_some() {
        buttons.push(messages::after_all(ctx.locale, &told.name, month).into());
    }
    let mut blocks = shown.blocks().to_vec();
    blocks.push(Block::actions(buttons));
    Ok(Message::new(shown.text(), blocks))
}

/// What the form for words on top carries.
#[derive(Debug, Serialize, Deserialize)]
struct Carried {
    month: Month,
    /// For the message whose button opened it: it shows the words afterwards.
    url: Option<String>,
}

/// Answers a click on one of this feature's buttons; `None` where there is nothing to say.
pub async fn click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    let value = action.value.as_deref().unwrap_or_default();
    let result = match action.name() {
        STOP => edition(ctx, &click.user, value, false).await,
        START => edition(ctx, &click.user, value, true).await,
        POST | SKIP | WORDS if !ctx.settings().is_steward(&click.user) => {
            Ok(Some(Response::ephemeral(messages::not_a_steward(ctx.locale))))
        }
        POST => post(ctx, value.parse().ok()?).await,
        SKIP => leave_out(ctx, value.parse().ok()?).await,
        WORDS => open_form(ctx, click, value.parse().ok()?).await,
        _ => return None,
    };
    result.unwrap_or_else(|error| {
        tracing::error!(%error, workspace = %ctx.workspace.id, action = action.name(), "a click could not be stored");
        // The buttons stay, so that they can be clicked again.
        Some(Response::ephemeral(kudos::messages::our_fault(ctx.locale, "")))
    })
}

async fn edition(ctx: &Ctx, user: &UserId, name: &str, wanted: bool) -> Result<Option<Response>, StoreError> {
    let Some(edition) = Edition::from_name(name) else {
        return Ok(None);
    };
    let (id, member, now) = (ctx.workspace.id.clone(), user.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            want(tx, &id, &member, edition, wanted).await?;
            workspace::refresh_homes(tx, &id, std::slice::from_ref(&member), now).await
        })
        .await?;
    Ok(Some(Response::ephemeral(messages::wished(ctx.locale, edition, wanted))))
}

async fn post(ctx: &Ctx, month: Month) -> Result<Option<Response>, StoreError> {
    let settings = ctx.settings();
    let name = month.name(today(ctx).await?);
    let Some(channel) = channel(&settings) else {
        return Ok(Some(Response::ephemeral(messages::no_channel(
            ctx.locale,
            &settings.command,
        ))));
    };
    Ok(Some(Response::replacing(if post_now(ctx, month, channel).await? {
        messages::posting(ctx.locale, &name, channel)
    } else {
        messages::decided(ctx.locale, &name)
    })))
}

async fn leave_out(ctx: &Ctx, month: Month) -> Result<Option<Response>, StoreError> {
    let name = month.name(today(ctx).await?);
    Ok(Some(Response::replacing(if skip(ctx, month).await? {
        messages::skipped(ctx.locale, &name, month)
    } else {
        messages::decided(ctx.locale, &name)
    })))
}

async fn open_form(ctx: &Ctx, click: &BlockActions, month: Month) -> Result<Option<Response>, StoreError> {
    let name = month.name(today(ctx).await?);
    let words = ctx
        .db
        .read(async |tx: &mut Tx| kept(tx, &ctx.workspace.id, month).await)
        .await?
        .map(|kept| kept.words)
        .unwrap_or_default();
    let carried = Carried {
        month,
        url: click.response_url.clone(),
    };
    let carried = serde_json::to_string(&carried).unwrap_or_default();
    let view = messages::words_form(ctx.locale, &name, &words, &carried);
    match ctx.slack.views_open(&click.trigger_id, &view, OPEN_WITHIN).await {
        Ok(_) => Ok(None),
        Err(error) => {
            tracing::warn!(%error, "the form for words on a digest could not be opened");
            Ok(Some(Response::ephemeral(messages::not_opened(ctx.locale))))
        }
    }
}

/// The form's answer when its outcome can't be told in time; it stays open with what was typed.
pub fn not_saved(locale: Locale) -> ViewResponse {
    ViewResponse::error(FIELD, messages::not_saved(locale))
}

/// Takes words on top of a digest: the form's answer, and what the message behind it shows from then on.
pub async fn submission(ctx: &Ctx, event: &ViewEvent) -> (ViewResponse, Option<(String, Response)>) {
    submit(ctx, event).await.unwrap_or_else(|error| {
        tracing::error!(%error, "words on a digest could not be stored");
        (not_saved(ctx.locale), None)
    })
}

async fn submit(ctx: &Ctx, event: &ViewEvent) -> Result<(ViewResponse, Option<(String, Response)>), StoreError> {
    let settings = ctx.settings();
    let Ok(Carried { month, url }) = serde_json::from_str(&event.view.private_metadata) else {
        return Ok((ViewResponse::Close, None));
    };
    if !settings.is_steward(&event.user) {
        return Ok((
            ViewResponse::error(FIELD, messages::not_a_steward(ctx.locale).text()),
            None,
        ));
    }
    let (words, _) = mask(&clean(&event.view.fields.text(FIELD).unwrap_or_default()));
    let (id, by, words) = (ctx.workspace.id.clone(), event.user.clone(), words.trim().to_owned());
    let saved = ctx
        .db
        .write(async move |tx: &mut Tx| put_words(tx, &id, month, &by, &words).await)
        .await?;
    if !saved {
        return Ok((ViewResponse::error(FIELD, messages::too_late(ctx.locale)), None));
    }
    let kept = ctx
        .db
        .read(async |tx: &mut Tx| kept(tx, &ctx.workspace.id, month).await)
        .await?;
    let shown = match (kept, url) {
        (Some(kept), Some(url)) => deliver::before(ctx, &settings, &kept, None)
            .await?
            .map(|message| (url, Response::replacing(message))),
        _ => None,
    };
    Ok((ViewResponse::Close, shown))
}
