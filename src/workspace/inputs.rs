//! What Slack tells us about people and conversations.

use super::{Ctx, forget, upsert};
use crate::slack::inbound::Event;
use crate::store::{StoreError, Tx};

/// Takes an event that changes what we know of the workspace; false if it is none of those. All of them may be
/// delivered twice or late: they carry a whole state, and an older one never replaces a newer one.
pub async fn event(ctx: &Ctx, event: &Event) -> Result<bool, StoreError> {
    let workspace = ctx.workspace.id.clone();
    match event {
        Event::UserChange(user) | Event::TeamJoin(user) => {
            let (user, now) = (user.clone(), ctx.clock.now());
            ctx.db
                .write(async move |tx: &mut Tx| upsert(tx, &workspace, std::slice::from_ref(&user), now).await)
                .await?;
        }
        Event::MemberJoinedChannel { user, channel } if *user == ctx.workspace.bot_user => {
            let channel = channel.clone();
            ctx.db
                .write(async move |tx: &mut Tx| forget(tx, &workspace, &channel).await)
                .await?;
        }
        Event::ChannelLeft { channel }
        | Event::ChannelArchived { channel }
        | Event::ChannelUnarchived { channel }
        | Event::ChannelShared { channel } => {
            let channel = channel.clone();
            ctx.db
                .write(async move |tx: &mut Tx| forget(tx, &workspace, &channel).await)
                .await?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}
