//! Floor 7: App Home. What you have left today, what was said to you and by you, and your switches.

pub mod deliver;
pub mod inputs;
pub mod messages;
mod store;

use std::collections::BTreeSet;

use crate::base::calendar::local_day;
use crate::base::ids::{GroupId, UserId};
use crate::digest::{self, Edition};
use crate::kudos::{self, Receiver, Switch};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Choices, Ctx};
use messages::Shows;

/// How many thanks of each kind a Home shows.
const LATEST: usize = 5;

/// Turns one of a person's switches, with what follows from it; returns what is chosen now, `None` if the person isn't
/// known.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn turn(ctx: &Ctx, member: &UserId, switch: Switch, on: bool) -> Result<Option<Choices>, StoreError> {
    let (workspace, member, now) = (ctx.workspace.id.clone(), member.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| kudos::turn(tx, &workspace, &member, switch, on, now).await)
        .await
}

/// What a person has chosen; the defaults for one who isn't known.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn choices(ctx: &Ctx, member: &UserId) -> Result<Choices, StoreError> {
    let only = BTreeSet::from([member.clone()]);
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &only).await)
        .await?;
    Ok(known.get(member).map(|member| member.choices).unwrap_or_default())
}

/// Everything that a person's Home shows, as it is now.
async fn shows(ctx: &Ctx, member: &UserId) -> Result<Shows, StoreError> {
    let now = ctx.clock.now();
    let settings = ctx.settings();
    ctx.db
        .read(async |tx: &mut Tx| {
            let id = &ctx.workspace.id;
            let received = store::received(tx, id, member, LATEST).await?;
            let given = store::given(tx, id, member, LATEST).await?;
            let mut people = BTreeSet::from([member.clone()]);
            let mut teams: BTreeSet<GroupId> = BTreeSet::new();
            people.extend(settings.stewards.first().cloned());
            for said in received.iter().chain(&given) {
                people.insert(said.giver.clone());
                people.extend(said.receivers.iter().filter_map(Receiver::member).cloned());
                teams.extend(said.receivers.iter().filter_map(Receiver::group).cloned());
            }
            let members = workspace::members(tx, id, &people).await?;
            let groups = workspace::usergroups(tx, id, &teams).await?;
            let me = members.get(member);
            let zone = me
                .and_then(|me| me.zone)
                .unwrap_or_else(|| workspace_zone(&settings, &members));
            let today = local_day(now, zone);
            Ok(Shows {
                left: kudos::left(tx, id, member, today, settings.allowance).await?,
                zone,
                wants_month: digest::wants(tx, id, member, Edition::Own).await?,
                may_give: me.is_none_or(|me| settings.may_give(me)),
                choices: me.map(|me| me.choices).unwrap_or_default(),
                received,
                given,
                members,
                groups,
            })
        })
        .await
}
