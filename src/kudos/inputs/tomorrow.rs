//! *Send it tomorrow*, and calling that off.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::base::calendar::{at_hour, local_day};
use crate::base::ids::{GroupId, UserId};
use crate::kudos::deliver::later_intent;
use crate::kudos::messages::{self, Voice};
use crate::kudos::people::People;
use crate::kudos::rules::MORNING;
use crate::kudos::waiting::{LATER, SHORT, Waiting};
use crate::kudos::{Giving, Receiver};
use crate::outbox;
use crate::slack::blocks::Message;
use crate::slack::inbound::BlockActions;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Settings, drafts};

/// How long what was put off is kept beyond its hour: the queue may be late.
pub(super) const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

/// Puts a kudos off until nine o'clock of the giver's next day. Twice clicked is once.
pub(super) async fn put_off(giving: &Giving<'_>, click: &BlockActions, draft: &str) -> Result<Message, StoreError> {
    let ctx = giving.ctx;
    let settings = ctx.settings();
    let voice = voice(giving, &settings, &click.user).await?;
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
        return Ok(messages::nothing_put_off());
    };
    let (workspace, id) = (ctx.workspace.id.clone(), draft.to_owned());
    let taken: Result<_, StoreError> = ctx
        .db
        .write(async move |tx: &mut Tx| drafts::take(tx, &workspace, &id).await)
        .await;
    if !taken? {
        return Ok(messages::nothing_put_off());
    }
    let people: BTreeSet<UserId> = waiting.receivers.iter().filter_map(Receiver::member).cloned().collect();
    let teams: BTreeSet<GroupId> = waiting.receivers.iter().filter_map(Receiver::group).cloned().collect();
    let id = ctx.workspace.id.clone();
    let (known, groups): (BTreeMap<_, _>, BTreeMap<_, _>) = ctx
        .db
        .read(async move |tx: &mut Tx| -> Result<_, StoreError> {
            Ok((
                workspace::members(tx, &id, &people).await?,
                workspace::usergroups(tx, &id, &teams).await?,
            ))
        })
        .await?;
    Ok(messages::called_off(&waiting.as_typed(&People::new(&known, &groups))))
}

async fn voice<'s>(giving: &Giving<'_>, settings: &'s Settings, person: &UserId) -> Result<Voice<'s>, StoreError> {
    let ctx = giving.ctx;
    let mut people = BTreeSet::from([person.clone()]);
    people.extend(settings.stewards.first().cloned());
    let id = ctx.workspace.id.clone();
    let known = ctx
        .db
        .read(async move |tx: &mut Tx| workspace::members(tx, &id, &people).await)
        .await?;
    Ok(Voice {
        locale: ctx.locale,
        command: &settings.command,
        allowance: settings.allowance,
        zone: known
            .get(person)
            .and_then(|person| person.zone)
            .unwrap_or_else(|| workspace_zone(settings, &known)),
    })
}
