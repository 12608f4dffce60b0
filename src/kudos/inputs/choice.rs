//! Which of several people of one name is meant.

use std::collections::BTreeMap;

use crate::base::ids::UserId;
use crate::kudos::messages::{self, Voice};
use crate::kudos::people::People;
use crate::kudos::waiting::{CHOICE, Waiting};
use crate::kudos::{Giving, Receiver};
use crate::slack::blocks::Message;
use crate::slack::inbound::BlockActions;
use crate::store::{StoreError, Tx};
use crate::workspace;

/// Takes the choice, and gives when it was the last one. Twice clicked is once.
pub(super) async fn choose(giving: &Giving<'_>, click: &BlockActions, value: &str) -> Result<Message, StoreError> {
    let settings = giving.ctx.settings();
    let (draft, chosen) = value.split_once(' ').unwrap_or((value, ""));
    let chosen = UserId::from(chosen);
    let waiting = giving.kept(&click.user, CHOICE, draft).await?;
    let Some(decided) = waiting.and_then(|waiting| decide(waiting, &chosen)) else {
        return Ok(messages::forgotten(&Voice::new(
            giving.ctx.locale,
            &settings,
            chrono_tz::UTC,
        )));
    };
    if let Some((name, people)) = decided.ambiguous.first() {
        // Nothing is given before everybody is known.
        let next = giving.keep(&click.user, CHOICE, Some(value), &decided).await?;
        let (id, wanted) = (giving.ctx.workspace.id.clone(), people.iter().cloned().collect());
        let members: Result<_, StoreError> = giving
            .ctx
            .db
            .read(async move |tx: &mut Tx| workspace::members(tx, &id, &wanted).await)
            .await;
        let (members, groups) = (members?, BTreeMap::new());
        return Ok(messages::which(
            giving.ctx.locale,
            &People::new(&members, &groups),
            name,
            people,
            &next,
        ));
    }
    let what = format!("choice {draft}");
    let gave = giving.give(decided.wish(&click.user, &what)).await?;
    let voice = gave.voice(giving.ctx, &settings);
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
