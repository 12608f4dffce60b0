//! What the outbox runs for setup: the hello in a channel that the app was invited to.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::messages;
use crate::base::ids::ChannelId;
use crate::kudos::deliver::{METADATA, ending_of};
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::client::{Metadata, PostMessage};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx};

#[derive(Debug, Serialize, Deserialize)]
struct HelloIn {
    channel: ChannelId,
}

/// Says hello in a channel, once ever; not where silence is set.
pub(super) async fn say_hello(ctx: &Ctx, channel: &ChannelId) -> Result<(), StoreError> {
    if ctx.settings().silence.is_some() {
        return Ok(());
    }
    let (workspace, channel, now) = (ctx.workspace.id.clone(), channel.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if !workspace::first_time(tx, &workspace, &format!("hello {channel}"), now).await? {
                return Ok(());
            }
            let subject = HelloIn {
                channel: channel.clone(),
            };
            let hello = Intent::new(&workspace, Kind::SetupHello, &subject, channel.as_str(), now);
            outbox::enqueue(tx, &[hello]).await
        })
        .await
}

/// Posts it, unless silence was set meanwhile.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded.
pub async fn hello(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let settings = ctx.settings();
    let Some(HelloIn { channel }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    // One that may have been posted is not posted again: nobody misses a second hello.
    if settings.silence.is_some() || claimed.may_be_sent {
        return Ok(Ending::Done);
    }
    let metadata = Metadata {
        event_type: METADATA.to_owned(),
        event_payload: json!({ "id": claimed.id }),
    };
    let post = PostMessage {
        channel: &channel,
        message: &messages::hello(ctx.locale, &settings),
        metadata: Some(&metadata),
        thread_ts: None,
    };
    Ok(match ctx.slack.chat_post_message(&post).await {
        Ok(_) => Ending::Done,
        Err(error) => ending_of(&error),
    })
}
