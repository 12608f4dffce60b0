//! What somebody must learn after the fact.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Trouble, ending_of, load_all, open_dm, post, posted_before};
use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, UserId, WorkspaceId};
use crate::kudos::Receiver;
use crate::kudos::deliveries;
use crate::kudos::messages::{self, News, Voice};
use crate::kudos::people::People;
use crate::kudos::rules::LeftOut;
use crate::kudos::store::{self, Stored, StoredReceiver};
use crate::kudos::take_back::dm_lane;
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::zone_of;
use crate::workspace::{self, Ctx};

/// What somebody must learn after the fact.
#[derive(Debug, Serialize, Deserialize)]
struct Tell {
    to: UserId,
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    NoCard {
        kudos: KudosId,
        channel: ChannelId,
        code: String,
    },
    LeftOut {
        kudos: KudosId,
        people: Vec<UserId>,
        groups: Vec<GroupId>,
    },
    NoDm {
        kudos: KudosId,
        receiver: UserId,
    },
    StillThere {
        channel: ChannelId,
    },
    Recognition {
        channel: ChannelId,
        code: String,
    },
    Removed {
        kudos: KudosId,
    },
}

/// Tells the giver that a steward removed a kudos.
pub(in crate::kudos) async fn tell_removed(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &Stored,
    now: Instant,
) -> Result<(), StoreError> {
    let what = What::Removed {
        kudos: kudos.kudos.clone(),
    };
    let once = format!("removed {}", kudos.kudos);
    enqueue_tell(tx, workspace, &kudos.giver, what, &once, now).await
}

/// Enqueues something to tell a person, once per `once` (for a week: a retry must not tell it again).
pub(super) async fn enqueue_tell(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    to: &UserId,
    what: What,
    once: &str,
    now: Instant,
) -> Result<(), StoreError> {
    if !deliveries::first(tx, workspace, once, Kind::KudosTell.name(), now).await? {
        return Ok(());
    }
    let tell = Tell { to: to.clone(), what };
    outbox::enqueue(tx, &[Intent::new(workspace, Kind::KudosTell, &tell, &dm_lane(to), now)]).await
}

pub(super) async fn tell(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(Tell { to, what }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let now = ctx.clock.now();
    let kudos = match &what {
        What::NoCard { kudos, .. }
        | What::LeftOut { kudos, .. }
        | What::NoDm { kudos, .. }
        | What::Removed { kudos } => Some(kudos.clone()),
        What::StillThere { .. } | What::Recognition { .. } => None,
    };
    let loaded = match &kudos {
        Some(kudos) => load_all(ctx, kudos, now).await?,
        None => None,
    };
    let nothing_stands = loaded.as_ref().is_some_and(|loaded| loaded.kudos.receivers.is_empty());
    if nothing_stands && !matches!(what, What::LeftOut { .. } | What::Removed { .. }) {
        // Taken back meanwhile: there is nothing to know any more.
        return Ok(Ending::Done);
    }
    let mut known = loaded.as_ref().map(|loaded| loaded.known.clone()).unwrap_or_default();
    if !known.contains_key(&to) {
        let ids = BTreeSet::from([to.clone()]);
        known.extend(
            ctx.db
                .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &ids).await)
                .await?,
        );
    }
    let dm = open_dm(ctx, &to, known.get(&to)).await?;
    if posted_before(ctx, claimed, &dm, None).await?.is_some() {
        return Ok(Ending::Done);
    }
    let receivers: Vec<Receiver> = loaded
        .iter()
        .flat_map(|loaded| loaded.kudos.receivers.iter().map(StoredReceiver::receiver))
        .collect();
    let settings = &*ctx.settings();
    let zone = zone_of(settings, &known, &to);
    let voice = Voice::new(ctx.locale, settings, zone);
    let (left, has_card) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let id = &ctx.workspace.id;
            let left = store::left(tx, id, &to, local_day(now, zone), settings.allowance).await?;
            let card = match &kudos {
                Some(kudos) => store::post(tx, id, kudos, "").await?,
                None => None,
            };
            Ok((left, card.is_some()))
        })
        .await?;
    let left_out: Vec<LeftOut> = match &what {
        What::LeftOut { people, groups, .. } => people
            .iter()
            .map(|id| LeftOut::of(id, known.get(id)))
            .chain(groups.iter().cloned().map(LeftOut::Group))
            .collect(),
        _ => Vec::new(),
    };
    let everyone: Vec<Receiver> = loaded
        .iter()
        .flat_map(|loaded| loaded.kudos.everyone.iter().map(StoredReceiver::receiver))
        .collect();
    let news = match &what {
        What::NoCard { channel, code, .. } => News::NoCard {
            channel,
            code,
            receivers: &receivers,
        },
        What::LeftOut { .. } => News::LeftOut {
            people: &left_out,
            others: &receivers,
            left,
        },
        What::NoDm { receiver, .. } => News::NoDm { receiver, has_card },
        What::StillThere { channel } => News::StillThere { channel },
        What::Recognition { channel, code } => News::Recognition { channel, code },
        What::Removed { .. } => News::Removed {
            receivers: &everyone,
            left,
        },
    };
    let none = BTreeMap::new();
    let groups = loaded.as_ref().map_or(&none, |loaded| &loaded.groups);
    let message = messages::news(&voice, &People::new(&known, groups), &news);
    match post(ctx, claimed, &dm, None, &message).await {
        Ok(_) => Ok(Ending::Done),
        Err(error) => Ok(ending_of(&error)),
    }
}
