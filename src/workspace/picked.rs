//! A channel that somebody picked, before anything is posted there.

use std::time::Duration;

use super::{Ctx, Locale};
use crate::base::ids::ChannelId;
use crate::slack::client::Conversation;
use crate::slack::errors::ApiError;

/// How long Slack may take to tell about a channel while somebody waits.
const LOOK_UP: Duration = Duration::from_millis(1_000);

/// What is known of a channel that was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picked {
    /// Messages can be posted there, as far as can be told.
    Fine,
    /// The same, and another company reads them.
    Shared,
    /// The app isn't in it.
    NotInvited,
    /// Nothing can be posted any more.
    Archived,
    /// Slack doesn't answer.
    Silent,
}

impl Picked {
    /// Why nothing can be posted there, and what to do; plain, for beside an input.
    pub const fn problem(self, _: Locale) -> Option<&'static str> {
        match self {
            Self::Fine | Self::Shared => None,
            Self::NotInvited => Some("I'm not in that channel yet. Type /invite @Plaudit there, then save again."),
            Self::Archived => Some("That channel is archived, so nothing can be posted there. Choose another."),
            Self::Silent => Some("Slack doesn't tell me about that channel just now. Save again in a minute."),
        }
    }
}

/// Asks Slack what a channel is. Without the scope to ask, it is believed: the first message that can't be posted is told.
pub async fn look_at(ctx: &Ctx, channel: &ChannelId) -> Picked {
    let asked = tokio::time::timeout(LOOK_UP, ctx.slack.conversations_info(channel)).await;
    match asked {
        Ok(Ok(Conversation { is_archived: true, .. })) => Picked::Archived,
        Ok(Ok(Conversation { is_member: false, .. })) => Picked::NotInvited,
        Ok(Ok(found)) if found.is_ext_shared => Picked::Shared,
        Ok(Ok(_)) => Picked::Fine,
        Ok(Err(error)) if error.code() == Some("channel_not_found") => Picked::NotInvited,
        Ok(Err(ApiError::Permanent { .. })) => Picked::Fine,
        Ok(Err(_)) | Err(_) => Picked::Silent,
    }
}
