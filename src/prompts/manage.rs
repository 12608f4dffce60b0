//! What stewards do with schedules. Every change is in the audit log; what is due follows from it at once.

use std::time::Duration;

use chrono::Timelike as _;
use serde_json::{Value as Json, json};

use super::cron::Cron;
use super::deliver::{Tell, enqueue_tells, post_by_hand, update_intent};
use super::pack::Packs;
use super::plan::{Planned, PlannedKind};
use super::schedule::{Schedule, WeekMode};
use super::store::{self, OwnPrompt, State, Stored};
use super::tick::{Past, next_at, pages_of, wrap_up_of};
use crate::base::calendar::{Day, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, ScheduleId, UserId};
use crate::base::text::{clean, mask};
use crate::outbox;
use crate::slack::mrkdwn::escape;
use crate::store::{StoreError, Tx};
use crate::workspace::{Ctx, audit};

/// How far ahead is looked for what comes next: an expression may name one day of four years.
const AHEAD: Duration = Duration::from_hours(24 * 366 * 4);
/// How far ahead a preview looks: ten working days, and a year for a schedule that comes once a month.
const PREVIEWED: Duration = Duration::from_hours(24 * 366);

fn as_json(schedule: &Schedule) -> Json {
    serde_json::to_value(schedule).unwrap_or(Json::Null)
}

/// Every schedule of the workspace, by channel.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn schedules(ctx: &Ctx) -> Result<Vec<Stored>, StoreError> {
    ctx.db
        .read(async |tx: &mut Tx| store::schedules(tx, &ctx.workspace.id).await)
        .await
}

/// One schedule; `None` if it was deleted.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn schedule(ctx: &Ctx, id: &ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let found = ctx
        .db
        .read(async |tx: &mut Tx| store::schedule(tx, &ctx.workspace.id, id).await)
        .await?;
    Ok(found.map(|stored| stored.schedule))
}

/// Keeps a schedule, new or changed.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn save(ctx: &Ctx, packs: &Packs, by: &UserId, schedule: &Schedule) -> Result<(), StoreError> {
    let (workspace, now) = (ctx.workspace.id.clone(), ctx.clock.now());
    let (by, schedule) = (by.clone(), schedule.clone());
    let due_again = next_at(&schedule, packs, now);
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let before = store::schedule(tx, &workspace, &schedule.id).await?;
            // A new one is looked at now: Customer Service Week may be near.
            let due_again = if before.is_none() { Some(now) } else { due_again };
            store::put(tx, &workspace, &schedule, due_again).await?;
            let before = before.map_or(Json::Null, |stored| as_json(&stored.schedule));
            let entry = audit::Entry::new(&by, "prompts.schedule", schedule.id.as_str());
            audit::enter(tx, &workspace, &entry.values(&before, &as_json(&schedule)), now).await
        })
        .await
}

/// Deletes a schedule; `None` if there was none.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn remove(ctx: &Ctx, by: &UserId, id: &ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let (workspace, now, by, id) = (ctx.workspace.id.clone(), ctx.clock.now(), by.clone(), id.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let Some(Stored { schedule, .. }) = store::schedule(tx, &workspace, &id).await? else {
                return Ok(None);
            };
            store::remove(tx, &workspace, &id).await?;
            let entry = audit::Entry::new(&by, "prompts.schedule", id.as_str());
            audit::enter(tx, &workspace, &entry.values(&as_json(&schedule), &Json::Null), now).await?;
            Ok(Some(schedule))
        })
        .await
}

/// Changes a schedule; `None` if it was deleted.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored.
pub async fn change(
    ctx: &Ctx,
    packs: &Packs,
    by: &UserId,
    id: &ScheduleId,
    change: impl FnOnce(&mut Schedule),
) -> Result<Option<Schedule>, StoreError> {
    let Some(mut schedule) = schedule(ctx, id).await? else {
        return Ok(None);
    };
    change(&mut schedule);
    save(ctx, packs, by, &schedule).await?;
    Ok(Some(schedule))
}

/// What a schedule posts next, at most `most`, as it is now; a paused one is planned like any other.
///
/// # Errors
/// [`StoreError`] when its past can't be read.
pub async fn upcoming(ctx: &Ctx, packs: &Packs, schedule: &Schedule, most: usize) -> Result<Vec<Planned>, StoreError> {
    let now = ctx.clock.now();
    let past = Past::of(&ctx.db, &ctx.workspace.id, &[schedule], now).await?;
    let ahead = if most > 1 { PREVIEWED } else { AHEAD };
    let until = schedule
        .next(now)
        .map_or(now, |next| if most > 1 { now.plus(ahead) } else { next });
    Ok(past.planned(schedule, packs, now, until, most))
}

/// Leaves out the next day; which one, or `None` if the schedule was deleted or never comes again.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored.
pub async fn skip_next(
    ctx: &Ctx,
    packs: &Packs,
    by: &UserId,
    id: &ScheduleId,
) -> Result<Option<(Schedule, Day)>, StoreError> {
    let Some(schedule) = schedule(ctx, id).await? else {
        return Ok(None);
    };
    let now = ctx.clock.now();
    let today = local_day(now, schedule.zone);
    // A second post belongs to a day that has begun.
    let upcoming = upcoming(ctx, packs, &schedule, 1 + PlannedKind::ALL.len()).await?;
    let next = upcoming.into_iter().find(|planned| planned.kind == PlannedKind::Prompt);
    let next = next.map(|planned| planned.day);
    let Some(next) = next.or_else(|| schedule.occurrences(now).next().map(|(_, day)| day)) else {
        return Ok(None);
    };
    let changed = change(ctx, packs, by, id, |schedule| {
        // Days that are over needn't be named any longer.
        schedule.skip.retain(|day| *day >= today);
        schedule.skip.insert(next);
    });
    Ok(changed.await?.map(|schedule| (schedule, next)))
}

/// What came of asking for another prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swapped {
    /// This is asked there now.
    To(ChannelId, String),
    /// There is no other.
    NoOther,
    /// The schedule was deleted.
    Gone,
}

/// Puts another prompt in the place of today's, posted or not, else of the next one.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored.
pub async fn swap(ctx: &Ctx, packs: &Packs, by: &UserId, id: &ScheduleId) -> Result<Swapped, StoreError> {
    let Some(schedule) = schedule(ctx, id).await? else {
        return Ok(Swapped::Gone);
    };
    let now = ctx.clock.now();
    let today = local_day(now, schedule.zone);
    let workspace = &ctx.workspace.id;
    let todays = ctx
        .db
        .read(async |tx: &mut Tx| store::occurrences_of(tx, workspace, id, (today, today)).await)
        .await?;
    let todays = todays.into_iter().find(|occurrence| {
        occurrence.planned.kind == PlannedKind::Prompt && matches!(occurrence.state, State::Due | State::Posted)
    });
    let was = match &todays {
        Some(occurrence) => occurrence.planned.clone(),
        None => match upcoming(ctx, packs, &schedule, 1).await?.pop() {
            Some(next) => next,
            None => return Ok(Swapped::NoOther),
        },
    };
    let mut past = Past::of(&ctx.db, &ctx.workspace.id, &[&schedule], now).await?;
    past.unserve();
    past.pass_over(&schedule.channel, &was.prompt, was.day);
    let now_it_is = past
        .planned(&schedule, packs, was.at.plus_millis(-1), was.at, 1)
        .pop()
        .filter(|planned| planned.prompt != was.prompt);
    let Some(planned) = now_it_is else {
        return Ok(Swapped::NoOther);
    };
    let (workspace, by) = (workspace.clone(), by.clone());
    let text = planned.text.clone();
    let of = schedule.clone();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            store::pass_over(tx, &workspace, &of.channel, &was.prompt, was.day).await?;
            if let Some(occurrence) = &todays {
                store::swap(tx, &workspace, &of.id, was.at, &planned).await?;
                if occurrence.ts.is_some() {
                    let update = update_intent(&workspace, occurrence, now).not_before(now);
                    outbox::enqueue(tx, &[update]).await?;
                }
            }
            let entry = audit::Entry::new(&by, "prompts.swapped", of.id.as_str());
            let entry = entry.values(&json!(was.prompt), &json!(planned.prompt));
            audit::enter(tx, &workspace, &entry, now).await
        })
        .await?;
    Ok(Swapped::To(schedule.channel, text))
}

/// Posts a prompt now: today's, where it wasn't posted yet, else one more. Returns the schedule; `None` if it was deleted
/// or has nothing to post.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored.
pub async fn post_now(ctx: &Ctx, packs: &Packs, by: &UserId, id: &ScheduleId) -> Result<Option<Schedule>, StoreError> {
    let Some(schedule) = schedule(ctx, id).await? else {
        return Ok(None);
    };
    let now = ctx.clock.now();
    let mut past = Past::of(&ctx.db, &ctx.workspace.id, &[&schedule], now).await?;
    past.unserve();
    let Some(mut planned) = due_at_any_time(&past, packs, &schedule, now) else {
        return Ok(None);
    };
    planned.at = now;
    let (workspace, by, of) = (ctx.workspace.id.clone(), by.clone(), schedule.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if !store::enter(tx, &workspace, &of, &planned).await? {
                return Ok(());
            }
            let mut intents = vec![post_by_hand(&workspace, (&of.id, &of.channel), planned.at, now)];
            intents.extend(pages_of(&workspace, &planned, now));
            intents.extend(wrap_up_of(&workspace, &of, &planned, now));
            outbox::enqueue(tx, &intents).await?;
            let entry = audit::Entry::new(&by, "prompts.posted", of.id.as_str());
            audit::enter(tx, &workspace, &entry.values(&Json::Null, &json!(planned.prompt)), now).await
        })
        .await?;
    Ok(Some(schedule))
}

/// What the schedule would post if it were due every day, at this minute.
fn due_at_any_time(past: &Past, packs: &Packs, schedule: &Schedule, now: Instant) -> Option<Planned> {
    let wall = now.utc().with_timezone(&schedule.zone).naive_local();
    let mut daily = schedule.clone();
    daily.cron = Cron::parse(&format!("{} {} * * *", wall.minute(), wall.hour())).ok()?;
    daily.skip.clear();
    daily.holidays = None;
    // The minute of a second pass over the same hour may be an hour earlier.
    let planned = past.planned(&daily, packs, now.minus(Duration::from_hours(2)), now, usize::MAX);
    let today = local_day(now, schedule.zone);
    planned
        .into_iter()
        .filter(|planned| planned.kind == PlannedKind::Prompt)
        .find(|planned| planned.day == today)
}

/// Posts what was left out because it was late. Where; `None` if it was posted meanwhile.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn post_missed(
    ctx: &Ctx,
    by: &UserId,
    id: &ScheduleId,
    due_at: Instant,
) -> Result<Option<ChannelId>, StoreError> {
    let (workspace, now, by, id) = (ctx.workspace.id.clone(), ctx.clock.now(), by.clone(), id.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let Some(occurrence) = store::occurrence(tx, &workspace, &id, due_at).await? else {
                return Ok(None);
            };
            if !store::turn(tx, &workspace, &id, due_at, (State::Missed, State::Due)).await? {
                return Ok(None);
            }
            let mut intents = vec![post_by_hand(&workspace, (&id, &occurrence.channel), due_at, now)];
            intents.extend(pages_of(&workspace, &occurrence.planned, now));
            if let Some(stored) = store::schedule(tx, &workspace, &id).await? {
                intents.extend(wrap_up_of(&workspace, &stored.schedule, &occurrence.planned, now));
            }
            outbox::enqueue(tx, &intents).await?;
            let entry = audit::Entry::new(&by, "prompts.posted", id.as_str());
            let entry = entry.values(&Json::Null, &json!(occurrence.planned.prompt));
            audit::enter(tx, &workspace, &entry, now).await?;
            Ok(Some(occurrence.channel))
        })
        .await
}

/// Says how Customer Service Week is marked by a schedule; `None` if it was deleted.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn choose_week(
    ctx: &Ctx,
    packs: &Packs,
    by: &UserId,
    id: &ScheduleId,
    mode: WeekMode,
) -> Result<Option<Schedule>, StoreError> {
    change(ctx, packs, by, id, |schedule| schedule.week = mode).await
}

/// Keeps a prompt of a steward's own for a theme, by its name, or for the next that comes. Returns its text as it is
/// posted.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn write_own(ctx: &Ctx, by: &UserId, theme: &str, typed: &str) -> Result<String, StoreError> {
    // Nothing typed here may ping a channel or link under another name.
    let text = escape(mask(clean(typed).trim()).0.trim());
    let (workspace, now, by) = (ctx.workspace.id.clone(), ctx.clock.now(), by.clone());
    let (theme, kept) = (theme.to_owned(), text.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let id = store::write_own(tx, &workspace, &by, &theme, &kept, now).await?;
            let entry = audit::Entry::new(&by, "prompts.written", &id);
            audit::enter(tx, &workspace, &entry, now).await
        })
        .await?;
    Ok(text)
}

/// The prompts that stewards wrote, the first written first.
///
/// # Errors
/// [`StoreError`] when they can't be read.
pub async fn own_prompts(ctx: &Ctx) -> Result<Vec<OwnPrompt>, StoreError> {
    ctx.db
        .read(async |tx: &mut Tx| store::own_prompts(tx, &ctx.workspace.id).await)
        .await
}

/// Puts these prompts of stewards' own, by theme (its name, or nothing) and text, in the place of those named by `shown`:
/// what stays keeps what channels have seen of it, what isn't there any more is asked no more. How many are new, and how
/// many went.
///
/// # Errors
/// [`StoreError`] when they could not be stored.
pub async fn keep_own(
    ctx: &Ctx,
    by: &UserId,
    shown: &[String],
    typed: &[(String, String)],
) -> Result<(usize, usize), StoreError> {
    let mut new: Vec<(String, String)> = typed
        .iter()
        .map(|(theme, text)| (theme.clone(), escape(mask(clean(text).trim()).0.trim())))
        .collect();
    let (workspace, now, by, shown) = (ctx.workspace.id.clone(), ctx.clock.now(), by.clone(), shown.to_vec());
    new.dedup();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let mut new = new.clone();
            let mut gone = Vec::new();
            for own in store::own_prompts(tx, &workspace).await? {
                let stays = new
                    .iter()
                    .position(|(theme, text)| *theme == own.theme && *text == own.text);
                match stays {
                    Some(at) => drop(new.remove(at)),
                    None if shown.contains(&own.id) => gone.push(own.id),
                    None => {}
                }
            }
            store::withdraw_own(tx, &workspace, &gone).await?;
            for id in &gone {
                let entry = audit::Entry::new(&by, "prompts.withdrawn", id);
                audit::enter(tx, &workspace, &entry, now).await?;
            }
            for (theme, text) in &new {
                let id = store::write_own(tx, &workspace, &by, theme, text, now).await?;
                audit::enter(tx, &workspace, &audit::Entry::new(&by, "prompts.written", &id), now).await?;
            }
            Ok((new.len(), gone.len()))
        })
        .await
}

/// Asks somebody for the opening note of Customer Service Week.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn ask_for_note(ctx: &Ctx, by: &UserId, whom: &UserId, week: Day) -> Result<(), StoreError> {
    let (workspace, now) = (ctx.workspace.id.clone(), ctx.clock.now());
    let (whom, what) = (whom.clone(), Tell::Note { by: by.clone(), week });
    ctx.db
        .write(async move |tx: &mut Tx| enqueue_tells(tx, &workspace, std::slice::from_ref(&whom), &what, now).await)
        .await
}

/// The opening note of a week as it is now.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn note(ctx: &Ctx, week: Day) -> Result<Option<store::Note>, StoreError> {
    ctx.db
        .read(async |tx: &mut Tx| store::note(tx, &ctx.workspace.id, week).await)
        .await
}

/// Keeps the opening note of a week under its author's name.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn keep_note(ctx: &Ctx, author: &UserId, week: Day, typed: &str) -> Result<(), StoreError> {
    let (workspace, now, author) = (ctx.workspace.id.clone(), ctx.clock.now(), author.clone());
    let text = mask(clean(typed).trim()).0;
    ctx.db
        .write(async move |tx: &mut Tx| store::keep_note(tx, &workspace, week, &author, &text, now).await)
        .await
}
