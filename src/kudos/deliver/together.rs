//! Cards that don't stand on their own: in the thread of a day's opening post, or told together on the next working
//! morning.

use serde::{Deserialize, Serialize};

use super::{
    Loaded, Trouble, card_in_thread, ending_of, enqueue_dms, load_all, post, posted_before, refresh_where,
    tell_stewards,
};
use crate::base::calendar::{Day, at_hour, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, MessageTs, WorkspaceId};
use crate::kudos::Source;
use crate::kudos::audience::Audience;
use crate::kudos::messages::{self, Told};
use crate::kudos::rules::{MORNING, next_morning};
use crate::kudos::store::{self, Stored, load};
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::blocks::Message;
use crate::slack::client::Posted;
use crate::store::{StoreError, Tx, sql};
use crate::workspace::Ctx;
use crate::workspace::deliver::workspace_zone;

/// The most kudos that one round-up tells; the others follow in the next one, at once.
const MOST: i64 = 200;

#[derive(Debug, Serialize, Deserialize)]
struct OfDay {
    channel: ChannelId,
    day: Day,
}

/// Where a card of today's stands.
pub(super) enum Under {
    /// In the thread of the day's opening post.
    Thread(MessageTs),
    /// On its own: there is no opening post, and there won't be one.
    Alone,
    /// The opening post is on its way, ahead in the same lane.
    Soon,
}

/// The ts of an opening post that Slack refused.
const REFUSED: &str = "-";

/// Where a card that is posted now belongs; asks for the day's opening post if nobody has.
pub(super) async fn under(ctx: &Ctx, channel: &ChannelId, day: Day, now: Instant) -> Result<Under, StoreError> {
    let is_silent = ctx.settings().silence.is_some();
    let (workspace, channel) = (ctx.workspace.id.clone(), channel.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<Under, StoreError> {
            let known: Option<(MessageTs,)> = sql!(
                tx,
                fetch_optional as (MessageTs,),
                "SELECT ts FROM opening WHERE workspace = $1 AND channel = $2 AND day = $3",
                &workspace,
                &channel,
                day.to_string()
            )?;
            match known {
                Some((ts,)) if ts.as_str() == REFUSED => return Ok(Under::Alone),
                Some((ts,)) if !ts.as_str().is_empty() => return Ok(Under::Thread(ts)),
                Some(_) => return Ok(Under::Soon),
                None if is_silent => return Ok(Under::Alone),
                None => {}
            }
            let first = sql!(
                tx,
                execute "INSERT INTO opening (workspace, channel, day, ts) VALUES ($1, $2, $3, '')
                         ON CONFLICT (workspace, channel, day) DO NOTHING",
                &workspace,
                &channel,
                day.to_string()
            )?;
            if first > 0 {
                let of = OfDay {
                    channel: channel.clone(),
                    day,
                };
                let opening = Intent::new(&workspace, Kind::KudosOpening, &of, channel.as_str(), now);
                outbox::enqueue(tx, &[opening]).await?;
            }
            Ok(Under::Soon)
        })
        .await
}

/// The opening posts of a channel from a day on: where a card may stand that was sent since.
pub(super) async fn openings_since(ctx: &Ctx, channel: &ChannelId, day: Day) -> Result<Vec<MessageTs>, StoreError> {
    let rows: Result<Vec<(MessageTs,)>, StoreError> = ctx
        .db
        .read(async |tx: &mut Tx| {
            sql!(
                tx,
                fetch_all as (MessageTs,),
                "SELECT ts FROM opening WHERE workspace = $1 AND channel = $2 AND day >= $3 AND ts <> '' AND ts <> $4
                 ORDER BY day",
                &ctx.workspace.id,
                channel,
                day.to_string(),
                REFUSED
            )
        })
        .await;
    Ok(rows?.into_iter().map(|(ts,)| ts).collect())
}

pub(super) async fn opening(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(OfDay { channel, day }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let posted = match posted_before(ctx, claimed, &channel, None).await? {
        Some(posted) => Ok(posted),
        // Set meanwhile: the cards that wait for this post stand alone, later ones may ask for it again.
        None if ctx.settings().silence.is_some() => return call_off(ctx, claimed, channel, day).await,
        None => {
            let message = messages::opening(ctx.locale, day, &ctx.settings().command);
            post(ctx, claimed, &channel, None, &message).await
        }
    };
    let (ts, ending) = match posted {
        Ok(posted) => (posted.ts, Ending::Done),
        Err(error) => match ending_of(&error) {
            ending @ Ending::Failed { .. } => (REFUSED.into(), ending),
            ending => return Ok(ending),
        },
    };
    let (workspace, claimed, now) = (ctx.workspace.id.clone(), claimed.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::settle(tx, &claimed, &ending, now).await?;
            sql!(
                tx,
                execute "UPDATE opening SET ts = $1 WHERE workspace = $2 AND channel = $3 AND day = $4",
                &ts,
                &workspace,
                &channel,
                day.to_string()
            )?;
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}

async fn call_off(ctx: &Ctx, claimed: &Claimed, channel: ChannelId, day: Day) -> Result<Ending, Trouble> {
    let (workspace, claimed) = (ctx.workspace.id.clone(), claimed.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            sql!(
                tx,
                execute "DELETE FROM opening WHERE workspace = $1 AND channel = $2 AND day = $3 AND ts = ''",
                &workspace,
                &channel,
                day.to_string()
            )?;
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}

/// Lets a kudos wait for the next working morning's round-up, in the transaction that marks its card as done and
/// enqueues the DMs, which don't wait.
pub(super) async fn wait_for_morning(
    ctx: &Ctx,
    claimed: &Claimed,
    loaded: &Loaded,
    channel: &ChannelId,
    now: Instant,
) -> Result<Ending, Trouble> {
    let zone = workspace_zone(&ctx.settings(), &loaded.known);
    let day = next_morning(now, zone);
    let morning = at_hour(day, MORNING, zone);
    let (workspace, claimed) = (ctx.workspace.id.clone(), claimed.clone());
    let (kudos, channel) = (loaded.kudos.kudos.clone(), channel.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let finished = outbox::finish(tx, &claimed).await?;
            sql!(
                tx,
                execute "INSERT INTO roundup (workspace, kudos, channel, day) VALUES ($1, $2, $3, $4)
                         ON CONFLICT (workspace, kudos) DO NOTHING",
                &workspace,
                &kudos,
                &channel,
                day.to_string()
            )?;
            let of = OfDay {
                channel: channel.clone(),
                day,
            };
            let lane = format!("roundup {channel}");
            let intent = Intent::new(&workspace, Kind::KudosRoundup, &of, &lane, now)
                .with_key(format!("{lane} {day}"))
                .not_before(morning);
            outbox::enqueue(tx, &[intent]).await?;
            if finished == Some(true)
                && let Some(stored) = load(tx, &workspace, &kudos).await?
            {
                enqueue_dms(tx, &workspace, &stored, now).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}

pub(super) async fn roundup(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(OfDay { channel, day }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let now = ctx.clock.now();
    let id = &ctx.workspace.id;
    let waiting: Vec<KudosId> = ctx
        .db
        .read(async |tx: &mut Tx| waiting(tx, id, &channel, day).await)
        .await?;
    let mut told = Vec::new();
    for kudos in &waiting {
        told.extend(load_all(ctx, kudos, now).await?);
    }
    let settings = ctx.settings();
    let zone = match told.first() {
        Some(loaded) => workspace_zone(&settings, &loaded.known),
        None => settings.timezone.unwrap_or(chrono_tz::UTC),
    };
    if let Some(posted) = posted_before(ctx, claimed, &channel, None).await? {
        // What it said is not known any more: it is told anew.
        return finish(ctx, claimed, told, posted, now, true).await;
    }
    told.retain(|loaded| !loaded.shown().is_empty());
    if told.is_empty() {
        return Ok(Ending::Done);
    }
    if settings.silence.is_some() {
        // Silence is safe: it waits for a morning on which it may be told.
        let again = at_hour(next_morning(now, zone), MORNING, zone);
        return Ok(Ending::Retry {
            after: Some(again.since(now)),
            why: "silence".to_owned(),
            unsettled: false,
        });
    }
    let message = tell(ctx, &told);
    match post(ctx, claimed, &channel, None, &message).await {
        Ok(posted) => finish(ctx, claimed, told, posted, now, false).await,
        Err(error) => {
            let ending = ending_of(&error);
            if let (Ending::Failed { .. }, Some(code)) = (&ending, error.code()) {
                let (workspace, settings, code) = (id.clone(), settings.clone(), code.to_owned());
                let today = local_day(now, zone);
                ctx.db
                    .write(async move |tx: &mut Tx| {
                        tell_stewards(tx, &workspace, &settings, &channel, &code, today, now).await
                    })
                    .await?;
            }
            Ok(ending)
        }
    }
}

/// What waits for the round-up of this morning or one before, the first given first.
async fn waiting(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    day: Day,
) -> Result<Vec<KudosId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT r.kudos FROM roundup r
         WHERE r.workspace = $1 AND r.channel = $2 AND r.day <= $3 AND NOT EXISTS
            (SELECT 1 FROM post p WHERE p.workspace = r.workspace AND p.kudos = r.kudos AND p.audience = $4)
            AND EXISTS (SELECT 1 FROM ledger l WHERE l.kudos = r.kudos AND l.reversed_at IS NULL)
         ORDER BY r.kudos LIMIT $5",
        workspace,
        channel,
        day.to_string(),
        Audience::Roundup.name(),
        MOST
    )?;
    Ok(rows.into_iter().map(|(kudos,)| kudos).collect())
}

/// A round-up that stands, as it is now; `None` when nothing of it does.
pub(super) async fn message(ctx: &Ctx, at: &store::Post, now: Instant) -> Result<Option<Message>, StoreError> {
    let rows: Result<Vec<(KudosId,)>, StoreError> = ctx
        .db
        .read(async |tx: &mut Tx| {
            sql!(
                tx,
                fetch_all as (KudosId,),
                "SELECT kudos FROM post WHERE workspace = $1 AND audience = $2 AND channel = $3 AND ts = $4
                 ORDER BY kudos",
                &ctx.workspace.id,
                Audience::Roundup.name(),
                &at.channel,
                &at.ts
            )
        })
        .await;
    let mut told = Vec::new();
    for (kudos,) in rows? {
        told.extend(load_all(ctx, &kudos, now).await?);
    }
    told.retain(|loaded| !loaded.shown().is_empty());
    Ok((!told.is_empty()).then(|| tell(ctx, &told)))
}

fn tell(ctx: &Ctx, told: &[Loaded]) -> Message {
    let people: Vec<_> = told
        .iter()
        .map(|loaded| (loaded, loaded.people(), loaded.shown()))
        .collect();
    let told: Vec<_> = people
        .iter()
        .map(|(loaded, names, receivers)| Told {
            names,
            kudos: &loaded.kudos.kudos,
            giver: &loaded.kudos.giver,
            is_customers: loaded.kudos.source == Source::Customer.name(),
            receivers,
            reason: &loaded.kudos.reason,
            values: &loaded.kudos.values,
        })
        .collect();
    messages::roundup(ctx.locale, &ctx.settings().command, &told)
}

/// Records where each kudos is told; the DMs link to it, and long words follow in its thread.
async fn finish(
    ctx: &Ctx,
    claimed: &Claimed,
    told: Vec<Loaded>,
    posted: Posted,
    now: Instant,
    is_found: bool,
) -> Result<Ending, Trouble> {
    let (workspace, claimed) = (ctx.workspace.id.clone(), claimed.clone());
    let told: Vec<Stored> = told.into_iter().map(|loaded| loaded.kudos).collect();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if outbox::finish(tx, &claimed).await?.is_none() {
                return Ok(());
            }
            let mut changed = is_found;
            for (place, rendered) in told.iter().enumerate() {
                let kudos = &rendered.kudos;
                let name = Audience::Roundup.name();
                store::remember_post(tx, &workspace, kudos, &name, &posted.channel, &posted.ts).await?;
                let links = |audience: &Audience| matches!(audience, Audience::Receiver(_));
                refresh_where(tx, &workspace, kudos, false, now, links).await?;
                if messages::is_cut_in_roundup(&rendered.reason, place) {
                    let whole = card_in_thread(&workspace, kudos, &posted.channel, &posted.ts, now);
                    outbox::enqueue(tx, &[whole]).await?;
                }
                let stored = load(tx, &workspace, kudos).await?;
                changed |= stored.is_none_or(|stored| !stored.looks_like(rendered));
            }
            if let Some(first) = told.first().filter(|_| changed) {
                let itself = |audience: &Audience| *audience == Audience::Roundup;
                refresh_where(tx, &workspace, &first.kudos, false, now, itself).await?;
            }
            // What it had no room for is told next.
            let OfDay { channel, day } = claimed.subject().ok_or(StoreError::Unreadable("a round-up"))?;
            if !waiting(tx, &workspace, &channel, day).await?.is_empty() {
                let next = Intent::new(
                    &workspace,
                    Kind::KudosRoundup,
                    &OfDay { channel, day },
                    &claimed.lane,
                    now,
                );
                outbox::enqueue(tx, &[next]).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}
