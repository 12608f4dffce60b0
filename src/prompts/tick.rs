//! What is due: found by whoever looks first, entered once, and handed to the outbox.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::Datelike as _;

use super::deliver::{OfWeek, Tell, enqueue_tells, post_intent};
use super::draw::Used;
use super::pack::Packs;
use super::plan::{Planned, PlannedKind, plan};
use super::schedule::{Schedule, WeekMode};
use super::store::{self, Claim, OwnPrompt, State, Stored};
use super::week::{WeekDay, week_of};
use crate::base::calendar::{Day, at_hour, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, ScheduleId, WorkspaceId};
use crate::outbox::{self, Intent, Kind};
use crate::store::{Db, StoreError, Tx};
use crate::workspace::{self, Ctx};

/// Schedules that are looked at together: what is entered for them is one short transaction.
const TOGETHER: i64 = 50;
/// Rounds of one look: thousands that are due at once are taken in several.
const ROUNDS: usize = 40;
/// How long before Customer Service Week the stewards are asked, and when on that day (the schedule's zone).
const ASKED_DAYS_BEFORE: i64 = 28;
const ASKED_AT: u32 = 9;
/// When the week is wrapped up on its Friday, at the earliest (the schedule's zone), where that has no post of its own.
const WRAPPED_UP_AT: u32 = 16;
/// How long after the day's question that is, at the least.
const WRAPPED_UP_AFTER: Duration = Duration::from_hours(2);

/// Enters everything that is due now. Any number of processes may look at the same time.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored; what was entered before stays.
pub async fn tick(ctx: &Ctx, packs: &Packs) -> Result<(), StoreError> {
    for _ in 0..ROUNDS {
        let now = ctx.clock.now();
        let id = &ctx.workspace.id;
        let due = ctx
            .db
            .read(async |tx: &mut Tx| store::due(tx, id, now, TOGETHER).await)
            .await?;
        let (due, unreadable) = due;
        let is_last = due.len() + unreadable.len() < usize::try_from(TOGETHER).unwrap_or(usize::MAX);
        if !unreadable.is_empty() {
            let workspace = id.clone();
            ctx.db
                .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                    for schedule in &unreadable {
                        store::rest(tx, &workspace, schedule).await?;
                    }
                    Ok(())
                })
                .await?;
        }
        if !due.is_empty() {
            enter(ctx, packs, due, now).await?;
        }
        if is_last {
            return Ok(());
        }
    }
    Ok(())
}

/// What is known of the past of some schedules.
pub(super) struct Past {
    used: BTreeMap<ChannelId, Vec<Used>>,
    own: Vec<OwnPrompt>,
    served: BTreeSet<(ScheduleId, Day, PlannedKind)>,
}

impl Past {
    /// Of these schedules; days from `since` on count as served with the posts they have had.
    pub(super) async fn of(
        db: &Db,
        workspace: &WorkspaceId,
        schedules: &[&Schedule],
        since: Instant,
    ) -> Result<Self, StoreError> {
        let channels: BTreeSet<ChannelId> = schedules.iter().map(|schedule| schedule.channel.clone()).collect();
        let ids: Vec<&ScheduleId> = schedules.iter().map(|schedule| &schedule.id).collect();
        // A zone's day differs from UTC's by one at most.
        let since = local_day(since, chrono_tz::UTC).plus(-2);
        db.read(async |tx: &mut Tx| {
            Ok(Self {
                used: store::used(tx, workspace, &channels).await?,
                own: store::own_prompts(tx, workspace).await?,
                served: store::served(tx, workspace, &ids, since).await?,
            })
        })
        .await
    }

    /// What a schedule posts after `from`, up to and including `to`, at most `most`. What stewards wrote comes before
    /// what the pack holds, once in each channel; a day that has had its prompt, or its second post, gets no other.
    pub(super) fn planned(
        &self,
        schedule: &Schedule,
        packs: &Packs,
        from: Instant,
        to: Instant,
        most: usize,
    ) -> Vec<Planned> {
        let mut used = self.used.get(&schedule.channel).cloned().unwrap_or_default();
        let mut planned: Vec<Planned> = Vec::new();
        let mut from = from;
        loop {
            let mut again = None;
            for mut one in plan(schedule, packs, used.clone(), from, to) {
                if planned.len() == most {
                    return planned;
                }
                if self.served.contains(&(schedule.id.clone(), one.day, one.kind)) {
                    if one.kind != PlannedKind::Prompt {
                        continue;
                    }
                    again = Some(one.at);
                    break;
                }
                if let Some(own) = self.own_for(&one, &used) {
                    own.id.clone_into(&mut one.prompt);
                    own.text.clone_into(&mut one.text);
                    again = Some(one.at);
                }
                if one.kind == PlannedKind::Prompt {
                    used.push(Used {
                        prompt: one.prompt.clone(),
                        day: one.day,
                    });
                }
                planned.push(one);
                if again.is_some() {
                    break;
                }
            }
            match again {
                // What the pack would have given then is still unused.
                Some(at) => from = at,
                None => return planned,
            }
        }
    }

    /// Days that have had their prompt may be planned again.
    pub(super) fn unserve(&mut self) {
        self.served.clear();
    }

    /// Counts a prompt as used.
    pub(super) fn pass_over(&mut self, channel: &ChannelId, prompt: &str, day: Day) {
        self.used.entry(channel.clone()).or_default().push(Used {
            prompt: prompt.to_owned(),
            day,
        });
    }

    /// A prompt that a steward wrote for such a day, and that the channel hasn't seen.
    fn own_for(&self, planned: &Planned, used: &[Used]) -> Option<&OwnPrompt> {
        let is_usual = planned.kind == PlannedKind::Prompt && matches!(planned.week, None | Some((WeekDay::Before, _)));
        self.own.iter().filter(|_| is_usual).find(|own| {
            (own.theme.is_empty() || own.theme == planned.theme) && used.iter().all(|used| used.prompt != own.id)
        })
    }
}

async fn enter(ctx: &Ctx, packs: &Packs, due: Vec<Stored>, now: Instant) -> Result<(), StoreError> {
    let schedules: Vec<&Schedule> = due.iter().map(|stored| &stored.schedule).collect();
    let earliest = due.iter().filter_map(|stored| stored.next_at).min().unwrap_or(now);
    let mut past = Past::of(&ctx.db, &ctx.workspace.id, &schedules, earliest).await?;
    let is_silent = ctx.settings().silence.is_some();
    let claims: Vec<Claim> = due
        .iter()
        .map(|was| {
            let schedule = &was.schedule;
            let from = was.next_at.unwrap_or(now).plus_millis(-1);
            let planned = past.planned(schedule, packs, from, now, usize::MAX);
            // Another schedule of the same channel asks something else.
            for one in planned.iter().filter(|one| one.kind == PlannedKind::Prompt) {
                past.pass_over(&schedule.channel, &one.prompt, one.day);
            }
            let planned = planned
                .into_iter()
                .map(|one| {
                    let state = if is_silent {
                        State::LeftOut
                    } else if now.since(one.at) <= schedule.grace {
                        State::Due
                    } else {
                        State::Missed
                    };
                    (one, state)
                })
                .collect();
            Claim {
                next_at: next_at(schedule, packs, now),
                was: was.clone(),
                planned,
            }
        })
        .collect();
    let (workspace, settings) = (ctx.workspace.id.clone(), ctx.settings());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let entered = store::claim(tx, &workspace, &claims).await?;
            let mut intents = Vec::new();
            for Claim { was, planned, .. } in &claims {
                let schedule = &was.schedule;
                let entered: Vec<&(Planned, State)> = planned
                    .iter()
                    .filter(|(one, _)| entered.contains(&(schedule.id.clone(), one.at)))
                    .collect();
                for (one, state) in &entered {
                    if *state == State::Due {
                        intents.push(post_intent(&workspace, schedule, one.at, now));
                        intents.extend(wrap_up_of(&workspace, schedule, one, now));
                    }
                    // They stand in no channel: late on the day itself they come all the same.
                    if *state == State::Due || *state == State::Missed && one.day == local_day(now, schedule.zone) {
                        intents.extend(pages_of(&workspace, one, now));
                    }
                }
                // One message tells of the latest that was left out, however long it was dark.
                let missed = entered
                    .iter()
                    .rev()
                    .find(|(one, state)| *state == State::Missed && one.kind == PlannedKind::Prompt);
                let is_newest = missed.is_some_and(|(missed, _)| {
                    entered
                        .iter()
                        .all(|(one, state)| *state != State::Due || one.at < missed.at)
                });
                if let Some((one, _)) = missed.filter(|_| is_newest) {
                    let tell = Tell::Missed {
                        schedule: schedule.id.clone(),
                        due_at: one.at,
                        noticed_at: now,
                    };
                    enqueue_tells(tx, &workspace, &settings.stewards, &tell, now).await?;
                }
                if !is_silent && let Some(week) = asks_about(schedule, now) {
                    let once = format!("week question {} {week}", schedule.id);
                    if workspace::first_time(tx, &workspace, &once, now).await? {
                        let tell = Tell::Week {
                            schedule: schedule.id.clone(),
                            week,
                        };
                        enqueue_tells(tx, &workspace, &settings.stewards, &tell, now).await?;
                    }
                }
            }
            outbox::enqueue(tx, &intents).await
        })
        .await
}

/// The personal pages, which follow from the last day of Customer Service Week.
pub(super) fn pages_of(workspace: &WorkspaceId, planned: &Planned, now: Instant) -> Option<Intent> {
    let (_, week) = planned
        .week
        .filter(|(day, _)| *day == WeekDay::Celebrate && planned.kind == PlannedKind::Prompt)?;
    let of = OfWeek {
        week: week.first(),
        last: Some(week.last()),
    };
    let lane = format!("week pages {}", of.week);
    Some(Intent::new(workspace, Kind::PromptsPages, &of, &lane, now).with_key(lane.clone()))
}

/// The wrap-up in the thread of the last day's post, where it has no post of its own.
pub(super) fn wrap_up_of(
    workspace: &WorkspaceId,
    schedule: &Schedule,
    planned: &Planned,
    now: Instant,
) -> Option<Intent> {
    let is_last = matches!(planned.week, Some((WeekDay::Celebrate, _))) && planned.kind == PlannedKind::Prompt;
    (is_last && schedule.week == WeekMode::Light).then(|| {
        let at = at_hour(planned.day, WRAPPED_UP_AT, schedule.zone).max(planned.at.plus(WRAPPED_UP_AFTER));
        super::deliver::wrap_up_intent(workspace, schedule, planned.at, now).not_before(at)
    })
}

/// When something of a schedule is due after `now`; `None` while it is paused or when it never comes again.
pub(super) fn next_at(schedule: &Schedule, packs: &Packs, now: Instant) -> Option<Instant> {
    if !schedule.is_on {
        return None;
    }
    let prompt = schedule.next(now)?;
    // Second posts come between two prompts.
    let between = plan(schedule, packs, Vec::new(), now, prompt);
    let post = between.first().map_or(prompt, |first| first.at.min(prompt));
    Some(post.min(question_after(schedule, now).unwrap_or(post)))
}

fn question_of(schedule: &Schedule, year: i32) -> (Day, Instant) {
    let week = week_of(year, schedule.week_start);
    (week, at_hour(week.plus(-ASKED_DAYS_BEFORE), ASKED_AT, schedule.zone))
}

/// When the stewards are asked next how Customer Service Week is to be marked.
fn question_after(schedule: &Schedule, now: Instant) -> Option<Instant> {
    let year = local_day(now, schedule.zone).date().year();
    (year..=year + 1)
        .map(|year| question_of(schedule, year).1)
        .find(|at| *at > now)
}

/// The Customer Service Week that the stewards are to be asked about now: it is less than four weeks ahead.
fn asks_about(schedule: &Schedule, now: Instant) -> Option<Day> {
    let today = local_day(now, schedule.zone);
    let year = today.date().year();
    let weeks = (year..=year + 1).map(|year| question_of(schedule, year));
    let mut asked = weeks.filter(|&(week, at)| at <= now && today < week);
    asked.next().map(|(week, _)| week)
}
