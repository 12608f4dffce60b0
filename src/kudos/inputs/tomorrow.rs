//! *Send it tomorrow*, and calling that off.

use std::time::Duration;

use crate::base::calendar::{at_hour, local_day};
use crate::kudos::Giving;
use crate::kudos::deliver::later_intent;
use crate::kudos::messages::{self, Voice};
use crate::kudos::people::{People, known_of, zones};
use crate::kudos::rules::MORNING;
use crate::kudos::waiting::{LATER, SHORT, Waiting};
use crate::outbox;
use crate::slack::blocks::Message;
use crate::slack::inbound::BlockActions;
use crate::store::{StoreError, Tx};
use crate::workspace::drafts;

/// How long what was put off is kept beyond its hour: the queue may be late.
pub(super) const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

/// Puts a kudos off until nine o'clock of the giver's next day. Twice clicked is once.
pub(super) async fn put_off(giving: &Giving<'_>, click: &BlockActions, draft: &str) -> Result<Message, StoreError> {
    let ctx = giving.ctx;
    let settings = ctx.settings();
    let zone = zones(ctx, &settings, &click.user).await?.0;
    let voice = Voice::new(ctx.locale, &settings, zone);
    let now = ctx.clock.now();
    let due = at_hour(local_day(now, voice.zone).next(), MORNING, voice.zone);
    let (workspace, owner, id) = (ctx.workspace.id.clone(), click.user.clone(), draft.to_owned());
    let put_off = ctx
        .db
        .write(async move |tx: &mut Tx| -> Result<bool, StoreError> {
            let until = due.plus(PATIENCE);
            let turned = drafts::turn(tx, &workspace, &owner, &id, (SHORT, LATER), now, until).await?;
            if turned {
                outbox::enqueue(tx, &[later_intent(&workspace, &owner, &id, now, due)]).await?;
                return Ok(true);
            }
            let waits: Option<Waiting> = drafts::find(tx, &workspace, &owner, LATER, &id, now).await?;
            Ok(waits.is_some())
        })
        .await?;
    Ok(if put_off {
        messages::put_off(&voice, draft)
    } else {
        messages::forgotten(&voice)
    })
}

/// Calls off what was put off, and gives the words back.
pub(super) async fn call_off(giving: &Giving<'_>, click: &BlockActions, draft: &str) -> Result<Message, StoreError> {
    let ctx = giving.ctx;
    let Some(waiting) = giving.kept(&click.user, LATER, draft).await? else {
        return Ok(messages::nothing_put_off(ctx.locale));
    };
    let (workspace, id) = (ctx.workspace.id.clone(), draft.to_owned());
    let taken: Result<_, StoreError> = ctx
        .db
        .write(async move |tx: &mut Tx| drafts::take(tx, &workspace, &id).await)
        .await;
    if !taken? {
        return Ok(messages::nothing_put_off(ctx.locale));
    }
    let (known, groups) = known_of(ctx, &waiting.receivers).await?;
    Ok(messages::called_off(
        ctx.locale,
        &waiting.as_typed(&People::new(&known, &groups)),
    ))
}
