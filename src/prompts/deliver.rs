//! What the outbox runs for prompts: load fresh, render, call Slack, record the result.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike as _;
use serde::{Deserialize, Serialize};

use super::messages::{self, Heading, Missed, Quoted, YearsWord};
use super::pack::Packs;
use super::plan::{PlannedKind, wrap_up};
use super::schedule::Schedule;
use super::store::{self, Occurrence, Quotes, State, Stored};
use super::week::{Week, WeekDay, week_of};
use crate::base::calendar::{Day, at_hour};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, MessageTs, ScheduleId, UserId, WorkspaceId};
use crate::base::text::{mask, shorten};
use crate::kudos::deliver::{dm_with, ending_of, post_once, posted_before, send_dm};
use crate::kudos::messages::Names as _;
use crate::kudos::{self, People, grammar};
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::blocks::Message;
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx, Member, Usergroup};

/// Answers of the day before that Customer Service Week carries on.
const CARRIED: usize = 3;
/// Customers' words that it passes on with them.
const CUSTOMERS: usize = 2;
/// How much of an answer is quoted, in characters.
const QUOTED: usize = 280;
/// How far back the post before may lie, in days, for its answers to be told: a long weekend.
const DAY_BEFORE: i64 = 4;
/// Posts of a channel that are looked at to find those of the day before.
const LATEST: i64 = 4;
/// How long answers are gathered before the footer counts them.
const GATHERED: std::time::Duration = std::time::Duration::from_secs(60);
/// Words on a personal page: what Slack takes in one message.
const ON_A_PAGE: i64 = 100;
/// When a personal page comes, on its reader's clock.
const PAGES_AT: u32 = 9;

/// What a row of a prompt's post is about.
#[derive(Debug, Serialize, Deserialize)]
struct OfPost {
    schedule: ScheduleId,
    due_at: Instant,
    /// A steward asked for it: it is posted whatever is paused.
    #[serde(default)]
    by_hand: bool,
}

/// What the rows of Customer Service Week are about.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OfWeek {
    /// Its first day.
    pub week: Day,
    /// Its last day.
    #[serde(default)]
    pub last: Option<Day>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OfPage {
    week: Day,
    member: UserId,
}

/// What somebody must learn, or is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tell {
    /// A prompt was left out.
    Missed {
        schedule: ScheduleId,
        due_at: Instant,
        noticed_at: Instant,
    },
    /// How Customer Service Week is to be marked.
    Week { schedule: ScheduleId, week: Day },
    /// Slack refuses prompts in a channel.
    Refused { channel: ChannelId, code: String },
    /// Somebody is asked for the opening note.
    Note { by: UserId, week: Day },
}

#[derive(Debug, Serialize, Deserialize)]
struct ToPerson {
    to: UserId,
    what: Tell,
}

/// The row that posts an occurrence; cards and prompts of a channel share its lane.
pub(super) fn post_intent(workspace: &WorkspaceId, schedule: &Schedule, due_at: Instant, now: Instant) -> Intent {
    let of = OfPost {
        schedule: schedule.id.clone(),
        due_at,
        by_hand: false,
    };
    Intent::new(workspace, Kind::PromptsPost, &of, schedule.channel.as_str(), now)
}

/// The same for one that a steward asked for.
pub(super) fn post_by_hand(
    workspace: &WorkspaceId,
    (schedule, channel): (&ScheduleId, &ChannelId),
    due_at: Instant,
    now: Instant,
) -> Intent {
    let of = OfPost {
        schedule: schedule.clone(),
        due_at,
        by_hand: true,
    };
    Intent::new(workspace, Kind::PromptsPost, &of, channel.as_str(), now)
}

/// The row that wraps Customer Service Week up in the thread of its last post.
pub(super) fn wrap_up_intent(workspace: &WorkspaceId, schedule: &Schedule, due_at: Instant, now: Instant) -> Intent {
    let of = OfPost {
        schedule: schedule.id.clone(),
        due_at,
        by_hand: false,
    };
    // A lane of its own: what waits for the afternoon holds up nothing.
    let lane = format!("wrap up {}", schedule.channel);
    Intent::new(workspace, Kind::PromptsWrapUp, &of, &lane, now)
}

/// The row that brings a prompt's post up to date; many answers are one edit.
pub(super) fn update_intent(workspace: &WorkspaceId, of: &Occurrence, now: Instant) -> Intent {
    let (schedule, due_at) = (of.schedule.clone(), of.planned.at);
    let key = format!("prompt {schedule} {}", due_at.millis());
    let of_post = OfPost {
        schedule,
        due_at,
        by_hand: false,
    };
    let lane = format!("prompts in {}", of.channel);
    Intent::new(workspace, Kind::PromptsUpdate, &of_post, &lane, now)
        .with_key(key)
        .not_before(now.plus(GATHERED))
}

/// Enqueues something for each of these people.
pub(super) async fn enqueue_tells(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    people: &[UserId],
    what: &Tell,
    now: Instant,
) -> Result<(), StoreError> {
    let intents: Vec<Intent> = people
        .iter()
        .map(|to| {
            let tell = ToPerson {
                to: to.clone(),
                what: what.clone(),
            };
            Intent::new(workspace, Kind::PromptsTell, &tell, &kudos::dm_lane(to), now)
        })
        .collect();
    outbox::enqueue(tx, &intents).await
}

/// Sends one row of this feature.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded; the row is tried again.
pub async fn deliver(ctx: &Ctx, packs: &Packs, claimed: &Claimed) -> Result<Ending, StoreError> {
    let unreadable = || Ending::Failed {
        why: "unreadable".to_owned(),
    };
    Ok(match claimed.kind {
        Kind::PromptsPost => match claimed.subject() {
            Some(of) => post(ctx, claimed, of).await?,
            None => unreadable(),
        },
        Kind::PromptsUpdate => match claimed.subject() {
            Some(of) => update(ctx, of).await?,
            None => unreadable(),
        },
        Kind::PromptsWrapUp => match claimed.subject() {
            Some(of) => wrap_up_in_thread(ctx, packs, claimed, of).await?,
            None => unreadable(),
        },
        Kind::PromptsTell => match claimed.subject() {
            Some(ToPerson { to, what }) => tell(ctx, claimed, &to, what).await?,
            None => unreadable(),
        },
        Kind::PromptsPages => match claimed.subject() {
            Some(of) => pages(ctx, claimed, of).await?,
            None => unreadable(),
        },
        Kind::PromptsPage => match claimed.subject() {
            Some(of) => page(ctx, claimed, of).await?,
            None => unreadable(),
        },
        _ => unreadable(),
    })
}

async fn loaded(ctx: &Ctx, of: &OfPost) -> Result<(Option<Occurrence>, Option<Stored>), StoreError> {
    let id = &ctx.workspace.id;
    ctx.db
        .read(async |tx: &mut Tx| {
            Ok((
                store::occurrence(tx, id, &of.schedule, of.due_at).await?,
                store::schedule(tx, id, &of.schedule).await?,
            ))
        })
        .await
}

async fn post(ctx: &Ctx, claimed: &Claimed, of: OfPost) -> Result<Ending, StoreError> {
    let (occurrence, schedule) = loaded(ctx, &of).await?;
    let Some(occurrence) = occurrence.filter(|occurrence| occurrence.state == State::Due) else {
        return Ok(Ending::Done);
    };
    // Paused, deleted or silenced since it was due.
    let may_be_posted =
        of.by_hand || schedule.as_ref().is_some_and(|stored| stored.schedule.is_on) && ctx.settings().silence.is_none();
    if !may_be_posted && !claimed.may_be_sent {
        return left_out(ctx, claimed, &of, Why::Paused).await;
    }
    let schedule = schedule.map(|stored| stored.schedule);
    let late = ctx.clock.now().since(of.due_at);
    if !of.by_hand && schedule.as_ref().is_some_and(|schedule| late > schedule.grace) {
        match posted_before(ctx, claimed, &occurrence.channel, None).await {
            Ok(Some(_)) => {}
            // Slack couldn't be reached in time: as when it was noticed too late.
            Ok(None) => return left_out(ctx, claimed, &of, Why::TooLate(occurrence.planned.kind)).await,
            Err(error) => return Ok(ending_of(&error)),
        }
    }
    let quoted = quotes(ctx, &occurrence).await?;
    let message = match render(ctx, &occurrence, schedule.as_ref(), &quoted).await? {
        Ok(message) => message,
        Err(error) => return Ok(ending_of(&error)),
    };
    let posted = match post_once(ctx, claimed, &occurrence.channel, None, &message).await? {
        Ok(posted) => posted,
        Err(error) => {
            let ending = ending_of(&error);
            return match (&ending, error.code()) {
                (Ending::Failed { .. }, Some(code)) => {
                    let day = occurrence.planned.day;
                    let why = Why::Refused(occurrence.channel.clone(), code.to_owned(), day);
                    left_out(ctx, claimed, &of, why).await
                }
                _ => Ok(ending),
            };
        }
    };
    let (workspace, claimed, now) = (ctx.workspace.id.clone(), claimed.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            store::posted(tx, &workspace, &of.schedule, of.due_at, &posted.ts, &quoted).await?;
            workspace::remember_postable(tx, &workspace, &occurrence.channel, true, now).await
        })
        .await?;
    Ok(Ending::Recorded)
}

/// Why an occurrence isn't posted, which is the end of it.
enum Why {
    /// Prompts were paused meanwhile; nobody need hear it.
    Paused,
    /// It could not be sent within its grace: the stewards may post it.
    TooLate(PlannedKind),
    /// Slack refused it, in that channel with that code: the stewards hear of it once on that day.
    Refused(ChannelId, String, Day),
}

async fn left_out(ctx: &Ctx, claimed: &Claimed, of: &OfPost, why: Why) -> Result<Ending, StoreError> {
    let (workspace, settings, now) = (ctx.workspace.id.clone(), ctx.settings(), ctx.clock.now());
    let (claimed, schedule, due_at) = (claimed.clone(), of.schedule.clone(), of.due_at);
    let (state, reason, tell) = match why {
        Why::Paused => (State::LeftOut, "prompts are paused".to_owned(), None),
        Why::TooLate(kind) => {
            let tell = Tell::Missed {
                schedule: schedule.clone(),
                due_at,
                noticed_at: now,
            };
            let tell = (kind == PlannedKind::Prompt).then_some((tell, None));
            (State::Missed, "it could not be sent in time".to_owned(), tell)
        }
        Why::Refused(channel, code, day) => {
            let once = format!("prompt refused {channel} {day}");
            let tell = Tell::Refused {
                channel,
                code: code.clone(),
            };
            (State::Failed, code, Some((tell, Some(once))))
        }
    };
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            store::turn(tx, &workspace, &schedule, due_at, (State::Due, state)).await?;
            let why = reason.clone();
            outbox::settle(tx, &claimed, &Ending::Failed { why }, now).await?;
            let Some((tell, once)) = &tell else { return Ok(()) };
            let is_first = match once {
                Some(once) => workspace::first_time(tx, &workspace, once, now).await?,
                None => true,
            };
            if is_first {
                enqueue_tells(tx, &workspace, &settings.stewards, tell, now).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}

/// What an occurrence's post quotes: the best answers of the day before and what customers said since, in Customer
/// Service Week; the best-liked answer of last time, where stewards want it.
async fn quotes(ctx: &Ctx, of: &Occurrence) -> Result<Quotes, StoreError> {
    let planned = &of.planned;
    if planned.kind != PlannedKind::Prompt {
        return Ok(Quotes::default());
    }
    let carries = planned.carries.is_some();
    let tells_best = ctx.settings().best_answer && planned.week.is_none();
    if !carries && !tells_best {
        return Ok(Quotes::default());
    }
    let id = &ctx.workspace.id;
    let settings = ctx.settings();
    ctx.db
        .read(async |tx: &mut Tx| {
            let before = store::posted_before(tx, id, &of.channel, planned.at, LATEST).await?;
            let earliest = planned.day.plus(-DAY_BEFORE);
            let Some(day) = before
                .iter()
                .map(|post| post.planned.day)
                .find(|day| *day < planned.day && *day >= earliest)
            else {
                return Ok(Quotes::default());
            };
            let posts: Vec<MessageTs> = before
                .iter()
                .filter(|post| post.planned.day == day)
                .filter_map(|post| post.ts.clone())
                .collect();
            let best = store::best_answers(tx, id, &of.channel, &posts).await?;
            let writers: BTreeSet<UserId> = best.iter().map(|answer| answer.member.clone()).collect();
            let mut people: BTreeSet<UserId> = writers.clone();
            people.extend(settings.stewards.first().cloned());
            let known = workspace::members(tx, id, &people).await?;
            let may_be_quoted = |member: &UserId| known.get(member).is_some_and(|member| !member.choices.is_unlisted);
            let best = best
                .into_iter()
                .filter(|answer| may_be_quoted(&answer.member) && (carries || answer.likes > 0));
            let most = if carries { CARRIED } else { 1 };
            let customers = if carries {
                // What the post of the day before carried isn't carried again; the first carries from its midnight.
                let carried = before.iter().map(|post| &post.planned);
                let carried = carried.filter(|post| post.day == day && post.carries.is_some());
                let since = carried.map(|post| post.at).min();
                // The last day carries the best of the whole week.
                let best = planned.week.filter(|(of_week, _)| *of_week == WeekDay::Celebrate);
                let from = best.map_or(day, |(_, week)| week.first());
                let since = since.filter(|_| best.is_none());
                let since = since.unwrap_or_else(|| at_hour(from, 0, workspace_zone(&settings, &known)));
                kudos::customers_words(tx, id, &settings, (since, planned.at), CUSTOMERS).await?
            } else {
                Vec::new()
            };
            Ok(Quotes {
                answers: best.take(most).map(|answer| answer.ts).collect(),
                customers,
            })
        })
        .await
}

/// An occurrence's post as it is now.
async fn render(
    ctx: &Ctx,
    of: &Occurrence,
    schedule: Option<&Schedule>,
    quoted: &Quotes,
) -> Result<Result<Message, ApiError>, StoreError> {
    let planned = &of.planned;
    let id = &ctx.workspace.id;
    let heading = Heading {
        name: planned.theme.clone(),
        emoji: planned.emoji.clone(),
    };
    match planned.kind {
        PlannedKind::Prompt => {}
        PlannedKind::FollowUp => return Ok(Ok(messages::follow_up(ctx.locale, &heading, &planned.text))),
        PlannedKind::WrapUp => return Ok(Ok(wrapped_up(ctx, of, &planned.text).await?)),
    }
    let mut above = Vec::new();
    if planned.announces_week
        && let Some(schedule) = schedule
    {
        let year = planned.week.map_or(planned.day, |(_, week)| week.first()).date().year();
        let monday = week_of(year, schedule.week_start);
        let is_full = schedule.week == super::schedule::WeekMode::Full;
        above.push(messages::next_week(ctx.locale, monday, is_full));
    }
    // Above the first post of the week: its first day may have none.
    let opens = |(day, week): &(WeekDay, Week)| match schedule {
        Some(schedule) => {
            week.days.contains(&planned.day) && schedule.first_day_from(week.first()) == Some(planned.day)
        }
        None => *day == WeekDay::Educate,
    };
    if let Some((_, week)) = planned.week.filter(opens) {
        let moved = schedule.and_then(|schedule| schedule.week_start);
        let first = week_of(week.first().date().year(), moved);
        let note = ctx
            .db
            .read(async |tx: &mut Tx| match store::note(tx, id, first).await? {
                Some(note) => {
                    let known = workspace::members(tx, id, &BTreeSet::from([note.author.clone()])).await?;
                    Ok::<_, StoreError>(Some((note, known)))
                }
                None => Ok(None),
            })
            .await?;
        if let Some((note, known)) = note {
            let groups = BTreeMap::new();
            let author = People::new(&known, &groups).name(&note.author);
            above.push(messages::note(ctx.locale, &author, &note.text));
        }
    }
    let answers = match said(ctx, &of.channel, &quoted.answers).await? {
        Ok(answers) => answers,
        Err(error) => return Ok(Err(error)),
    };
    let settings = ctx.settings();
    let customers: Vec<Quoted> = ctx
        .db
        .read(async |tx: &mut Tx| kudos::customers_quoted(tx, id, &settings, &quoted.customers).await)
        .await?
        .into_iter()
        .map(|(name, words)| Quoted { name, words })
        .collect();
    match &planned.carries {
        Some(lead) => above.extend(messages::carried(ctx.locale, lead, &answers, &customers)),
        None => above.extend(answers.first().map(|answer| messages::best_liked(ctx.locale, answer))),
    }
    let n = match &of.ts {
        Some(ts) => {
            ctx.db
                .read(async |tx: &mut Tx| store::answers(tx, id, &of.channel, ts).await)
                .await?
        }
        None => 0,
    };
    Ok(Ok(messages::post(
        ctx.locale,
        &messages::Post {
            heading: &heading,
            above: &above,
            question: &planned.text,
            answers: n,
            schedule: schedule.map_or("", |schedule| schedule.id.as_str()),
        },
    )))
}

/// The words of some answers, with who wrote them. What was deleted, or can't be read without the scope, is left out.
async fn said(
    ctx: &Ctx,
    channel: &ChannelId,
    answers: &[MessageTs],
) -> Result<Result<Vec<Quoted>, ApiError>, StoreError> {
    if answers.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let id = &ctx.workspace.id;
    let writers = ctx
        .db
        .read(async |tx: &mut Tx| store::writers(tx, id, channel, answers).await)
        .await?;
    let mut said = Vec::new();
    for (ts, writer) in answers.iter().filter_map(|ts| Some((ts, writers.get(ts)?))) {
        let message = match ctx.slack.message_at(channel, ts).await {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(error @ ApiError::Permanent { .. }) if !error.is_dead_token() => {
                tracing::info!(%error, channel = %channel, "an answer can't be read, so it isn't told");
                continue;
            }
            Err(error) => return Ok(Err(error)),
        };
        let reading = grammar::read(&message.text);
        let mut people: BTreeSet<UserId> = reading.mentioned().into_iter().collect();
        people.insert(writer.clone());
        let known = ctx
            .db
            .read(async |tx: &mut Tx| workspace::members(tx, id, &people).await)
            .await?;
        let groups: BTreeMap<GroupId, Usergroup> = BTreeMap::new();
        let names = known
            .iter()
            .map(|(id, member)| (id.clone(), member.name.clone()))
            .collect();
        let directory = grammar::Directory {
            names,
            ..grammar::Directory::default()
        };
        let words = mask(reading.resolve(&directory, &[]).as_typed.trim()).0;
        if !words.is_empty() {
            said.push(Quoted {
                name: People::new(&known, &groups).name(writer),
                words: shorten(&words, QUOTED),
            });
        }
    }
    Ok(Ok(said))
}

async fn update(ctx: &Ctx, of: OfPost) -> Result<Ending, StoreError> {
    let (occurrence, schedule) = loaded(ctx, &of).await?;
    let Some(occurrence) = occurrence else {
        return Ok(Ending::Done);
    };
    let Some(ts) = occurrence.ts.clone() else {
        return Ok(Ending::Done);
    };
    let schedule = schedule.map(|stored| stored.schedule);
    let message = match render(ctx, &occurrence, schedule.as_ref(), &occurrence.quoted).await? {
        Ok(message) => message,
        Err(error) => return Ok(ending_of(&error)),
    };
    Ok(match ctx.slack.chat_update(&occurrence.channel, &ts, &message).await {
        Ok(()) => Ending::Done,
        Err(error) => ending_of(&error),
    })
}

/// The week's numbers below its last words.
async fn wrapped_up(ctx: &Ctx, of: &Occurrence, lead: &str) -> Result<Message, StoreError> {
    let last = of.planned.day;
    let first = of.planned.week.map_or_else(|| last.monday(), |(_, week)| week.first());
    let id = &ctx.workspace.id;
    let numbers = ctx
        .db
        .read(async |tx: &mut Tx| store::numbers(tx, id, (first, last), &of.channel).await)
        .await?;
    Ok(messages::wrap_up(ctx.locale, lead, &numbers))
}

async fn wrap_up_in_thread(ctx: &Ctx, packs: &Packs, claimed: &Claimed, of: OfPost) -> Result<Ending, StoreError> {
    let (occurrence, schedule) = loaded(ctx, &of).await?;
    let is_on = schedule.is_some_and(|stored| stored.schedule.is_on) && ctx.settings().silence.is_none();
    let Some(occurrence) = occurrence.filter(|_| is_on || claimed.may_be_sent) else {
        return Ok(Ending::Done);
    };
    // The post that it belongs under was never posted.
    let (Some(ts), Some((_, week))) = (&occurrence.ts, occurrence.planned.week) else {
        return Ok(Ending::Done);
    };
    let Some((_, lead)) = wrap_up(packs, week) else {
        return Ok(Ending::Done);
    };
    let message = wrapped_up(ctx, &occurrence, &lead).await?;
    Ok(
        match post_once(ctx, claimed, &occurrence.channel, Some(ts), &message).await? {
            Ok(_) => Ending::Done,
            Err(error) => ending_of(&error),
        },
    )
}

async fn tell(ctx: &Ctx, claimed: &Claimed, to: &UserId, what: Tell) -> Result<Ending, StoreError> {
    let id = &ctx.workspace.id;
    let message = match what {
        Tell::Missed {
            schedule,
            due_at,
            noticed_at,
        } => {
            let (occurrence, stored) = loaded(
                ctx,
                &OfPost {
                    schedule,
                    due_at,
                    by_hand: true,
                },
            )
            .await?;
            let Some((occurrence, stored)) = occurrence
                .filter(|occurrence| occurrence.state == State::Missed)
                .zip(stored)
            else {
                return Ok(Ending::Done);
            };
            let missed = Missed {
                channel: &occurrence.channel,
                due_at,
                noticed_at,
                zone: stored.schedule.zone,
                value: &named(&occurrence.schedule, due_at),
            };
            messages::missed(ctx.locale, &missed)
        }
        Tell::Week { schedule, week } => {
            let stored = ctx
                .db
                .read(async |tx: &mut Tx| store::schedule(tx, id, &schedule).await)
                .await?;
            let Some(Stored { schedule, .. }) = stored else {
                return Ok(Ending::Done);
            };
            messages::week_question(ctx.locale, week, &schedule)
        }
        Tell::Refused { channel, code } => messages::refused(ctx.locale, &channel, &code),
        Tell::Note { by, week } => {
            let known = ctx
                .db
                .read(async |tx: &mut Tx| workspace::members(tx, id, &BTreeSet::from([by.clone()])).await)
                .await?;
            let groups = BTreeMap::new();
            messages::note_wanted(ctx.locale, &People::new(&known, &groups), &by, week)
        }
    };
    send_dm(ctx, claimed, to, &message).await
}

/// How a button names an occurrence.
pub(super) fn named(schedule: &ScheduleId, due_at: Instant) -> String {
    format!("{schedule} {}", due_at.millis())
}

/// The occurrence of such a name.
pub(super) fn of_name(name: &str) -> Option<(ScheduleId, Instant)> {
    let (schedule, due_at) = name.split_once(' ')?;
    Some((schedule.into(), Instant::from_millis(due_at.parse().ok()?)))
}

/// The year that a personal page tells of: until the week is over, and back to the last day of the week of the year before
/// (at most 53 weeks), so that no words fall between two pages.
fn year_until(week: Day, zone: chrono_tz::Tz) -> (Instant, Instant) {
    (at_hour(week.plus(4 - 53 * 7), 0, zone), at_hour(week.plus(7), 0, zone))
}

async fn pages(ctx: &Ctx, claimed: &Claimed, OfWeek { week, last }: OfWeek) -> Result<Ending, StoreError> {
    let settings = ctx.settings();
    if settings.silence.is_some() {
        return Ok(Ending::Done);
    }
    let id = &ctx.workspace.id;
    let (members, zone) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let stewards: BTreeSet<UserId> = settings.stewards.first().cloned().into_iter().collect();
            let zone = workspace_zone(&settings, &workspace::members(tx, id, &stewards).await?);
            let thanked = store::thanked(tx, id, year_until(week, zone)).await?;
            Ok((workspace::members(tx, id, &thanked).await?, zone))
        })
        .await?;
    let (workspace, now, claimed) = (id.clone(), ctx.clock.now(), claimed.clone());
    // In each person's own morning, as soon as it is the last day for them.
    let last = last.unwrap_or(week.plus(4));
    let wanted: Vec<(UserId, Instant)> = members
        .into_values()
        .filter(Member::gets_dms)
        .map(|member| (member.id, at_hour(last, PAGES_AT, member.zone.unwrap_or(zone))))
        .collect();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if outbox::finish(tx, &claimed).await?.is_none() {
                return Ok(());
            }
            // Once a year, in however many channels the week is marked.
            if !workspace::first_time(tx, &workspace, &format!("week pages {}", week.date().year()), now).await? {
                return Ok(());
            }
            let intents: Vec<Intent> = wanted
                .iter()
                .map(|(member, morning)| page_intent(&workspace, week, member, now).not_before((*morning).max(now)))
                .collect();
            outbox::enqueue(tx, &intents).await
        })
        .await?;
    Ok(Ending::Recorded)
}

/// The row that sends somebody's page, or brings it up to date.
pub(super) fn page_intent(workspace: &WorkspaceId, week: Day, member: &UserId, now: Instant) -> Intent {
    let of = OfPage {
        week,
        member: member.clone(),
    };
    Intent::new(workspace, Kind::PromptsPage, &of, &kudos::dm_lane(member), now)
}

async fn page(ctx: &Ctx, claimed: &Claimed, OfPage { week, member }: OfPage) -> Result<Ending, StoreError> {
    let settings = ctx.settings();
    let id = &ctx.workspace.id;
    let (stands, words, all, known) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let mut people = BTreeSet::from([member.clone()]);
            people.extend(settings.stewards.first().cloned());
            let zone = workspace_zone(&settings, &workspace::members(tx, id, &people).await?);
            let (words, all) = store::said_to(tx, id, &member, year_until(week, zone), ON_A_PAGE).await?;
            people.extend(words.iter().map(|(giver, ..)| giver.clone()));
            let known = workspace::members(tx, id, &people).await?;
            Ok((store::page(tx, id, week, &member).await?, words, all, known))
        })
        .await?;
    let groups = BTreeMap::new();
    let names = People::new(&known, &groups);
    let more = all - i64::try_from(words.len()).unwrap_or(0);
    let words: Vec<YearsWord> = words
        .into_iter()
        .map(|(giver, is_customers, words, day)| YearsWord {
            name: names.giver(&giver),
            is_customers,
            words,
            day,
        })
        .collect();
    let message = messages::page(ctx.locale, &settings.command, &words, more);
    if let Some((channel, ts)) = stands {
        return Ok(match ctx.slack.chat_update(&channel, &ts, &message).await {
            Ok(()) => Ending::Done,
            Err(error) => ending_of(&error),
        });
    }
    // Turned off, or taken back, since the row was made.
    let is_wanted = known.get(&member).is_some_and(Member::gets_dms) && settings.silence.is_none();
    if words.is_empty() || !is_wanted {
        return Ok(Ending::Done);
    }
    let dm = match dm_with(ctx, &member).await? {
        Ok(dm) => dm,
        Err(ending) => return Ok(ending),
    };
    let posted = match post_once(ctx, claimed, &dm, None, &message).await? {
        Ok(posted) => posted,
        Err(error) => return Ok(ending_of(&error)),
    };
    let (workspace, claimed) = (id.clone(), claimed.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            store::remember_page(tx, &workspace, week, &member, &posted.channel, &posted.ts).await
        })
        .await?;
    Ok(Ending::Recorded)
}
