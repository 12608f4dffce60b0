//! The first run: one step at a time. Which step is next follows from what is set, so that it can be left and taken up
//! again.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{known, messages};
use crate::base::ids::UserId;
use crate::kudos::latest_of;
use crate::slack::blocks::Message;
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Picked, look_at};

/// How long Slack may take to tell about a person while somebody waits.
const LOOK_UP: Duration = Duration::from_millis(1_000);

/// `/kudos setup`. With no stewards, the first admin who runs it becomes one.
pub(super) async fn begin(ctx: &Ctx, user: &UserId) -> Result<Message, StoreError> {
    let settings = ctx.settings();
    if settings.is_steward(user) {
        return step(ctx, user, "").await;
    }
    if !settings.stewards.is_empty() || !is_admin(ctx, user).await? {
        let known = known(ctx, &settings, None).await?;
        return Ok(messages::not_a_steward(&settings, &known, user));
    }
    let me = user.clone();
    ctx.change_settings(user, move |settings| {
        // Of two admins at once, one is first.
        if settings.stewards.is_empty() {
            settings.stewards.push(me.clone());
        }
    })
    .await?;
    let settings = ctx.settings();
    if !settings.is_steward(user) {
        let known = known(ctx, &settings, None).await?;
        return Ok(messages::not_a_steward(&settings, &known, user));
    }
    if settings.channel.is_none() {
        return Ok(messages::ask_channel(
            ctx.locale,
            &settings,
            messages::first_steward(ctx.locale),
        ));
    }
    step(ctx, user, "").await
}

/// Whether somebody administrates the workspace: as known, else as Slack says.
async fn is_admin(ctx: &Ctx, user: &UserId) -> Result<bool, StoreError> {
    let only = BTreeSet::from([user.clone()]);
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &only).await)
        .await?;
    if let Some(member) = known.get(user) {
        return Ok(member.is_admin && !member.is_stranger);
    }
    Ok(match ctx.slack.users_info(user, LOOK_UP).await {
        Ok(found) => (found.is_admin || found.is_owner) && !found.is_of_another_company(&ctx.workspace.id),
        Err(error) => {
            tracing::warn!(%error, "whether somebody is an admin can't be told");
            false
        }
    })
}

/// The next step that is open, beginning at the one named (`channel`, `invite`, `emoji`, `give`; otherwise the first).
pub(super) async fn step(ctx: &Ctx, user: &UserId, from: &str) -> Result<Message, StoreError> {
    let settings = ctx.settings();
    let place = ["channel", "invite", "emoji", "give"]
        .iter()
        .position(|step| *step == from);
    let may_ask = |step: usize| place.is_none_or(|from| from <= step);
    match &settings.channel {
        _ if place == Some(0) => return Ok(messages::ask_channel(ctx.locale, &settings, "")),
        None if may_ask(0) => return Ok(messages::ask_channel(ctx.locale, &settings, "")),
        Some(channel) if may_ask(1) && look_at(ctx, channel).await == Picked::NotInvited => {
            return Ok(messages::ask_invitation(ctx.locale, channel));
        }
        _ => {}
    }
    if settings.emoji.is_empty() && may_ask(2) {
        return Ok(messages::ask_emoji(ctx.locale));
    }
    let first = ctx
        .db
        .read(async |tx: &mut Tx| latest_of(tx, &ctx.workspace.id, user).await)
        .await?;
    Ok(match first {
        None => messages::ask_first_kudos(ctx.locale, &settings),
        Some(_) => messages::all_set(ctx.locale, &settings),
    })
}
