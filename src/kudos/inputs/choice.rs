//! Which of several people of one name is meant.

use crate::base::ids::UserId;
use crate::kudos::giving::Gave;
use crate::kudos::messages::{self, Voice};
use crate::kudos::waiting::{CHOICE, Waiting};
use crate::kudos::{Giving, Receiver};
use crate::slack::blocks::Message;
use crate::slack::inbound::BlockActions;
use crate::store::StoreError;

/// Takes the choice, and gives when it was the last one. Twice clicked is once.
pub(super) async fn choose(giving: &Giving<'_>, click: &BlockActions, value: &str) -> Result<Message, StoreError> {
    let settings = giving.ctx.settings();
    let (draft, chosen) = value.split_once(' ').unwrap_or((value, ""));
    let chosen = UserId::from(chosen);
    let waiting = giving.kept(&click.user, CHOICE, draft).await?;
    let Some(decided) = waiting.and_then(|waiting| decide(waiting, &chosen)) else {
        return Ok(messages::forgotten(&Voice {
            locale: giving.ctx.locale,
            command: &settings.command,
            allowance: settings.allowance,
            zone: chrono_tz::UTC,
        }));
    };
    let gave: Gave = giving
        .give(decided.wish(&click.user, &format!("choice {draft}")))
        .await?;
    let voice = gave.voice(giving.ctx, &settings);
    if let Some((name, people)) = decided.ambiguous.first() {
        // Nothing is given before everybody is known.
        let next = giving.keep(&click.user, CHOICE, &decided).await?;
        return Ok(messages::which(&gave.names(), name, people, &next));
    }
    Ok(giving.answer(&gave, &voice).await)
}

/// What was asked for, with the first of its unclear names made clear; `None` for somebody who wasn't offered.
fn decide(mut waiting: Waiting, chosen: &UserId) -> Option<Waiting> {
    let (_, people) = waiting.ambiguous.first()?;
    if !people.contains(chosen) {
        return None;
    }
    waiting.ambiguous.remove(0);
    let receiver = Receiver::Member(chosen.clone());
    if !waiting.receivers.contains(&receiver) {
        waiting.receivers.push(receiver);
    }
    Some(waiting)
}
