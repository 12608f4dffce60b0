//! The SQL of prompts: schedules, their occurrences, who answered.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::deliver::{page_intent, update_intent};
use super::draw::Used;
use super::messages::Numbers;
use super::plan::{Planned, PlannedKind};
use super::schedule::Schedule;
use crate::base::calendar::{Day, Period};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, MessageTs, ScheduleId, UserId, WorkspaceId, new_id};
use crate::kudos::Source;
use crate::outbox::{self, Intent};
use crate::store::{StoreError, Tx, list, sql};

/// A schedule, and when something of it is due next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The schedule.
    pub schedule: Schedule,
    /// `None` while nothing is: it is paused, or never comes again.
    pub next_at: Option<Instant>,
}

/// A schedule that can't be read (a newer Plaudit wrote it) is left alone: it must not hold up the others.
fn stored(rows: Vec<(String, Option<i64>)>) -> Vec<Stored> {
    let readable = rows.into_iter().filter_map(|(body, next_at)| {
        let schedule = serde_json::from_str(&body);
        Some(Stored {
            schedule: schedule
                .inspect_err(|error| tracing::error!(%error, "a schedule can't be read, so it posts nothing"))
                .ok()?,
            next_at: next_at.map(Instant::from_millis),
        })
    });
    readable.collect()
}

fn body(schedule: &Schedule) -> Result<String, StoreError> {
    serde_json::to_string(schedule).map_err(|_| StoreError::Unreadable("a schedule"))
}

/// Keeps a schedule, new or changed; from `next_at` on it is due.
pub async fn put(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedule: &Schedule,
    next_at: Option<Instant>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO schedule (id, workspace, channel, maker, body, next_at) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (id) DO UPDATE SET channel = excluded.channel, maker = excluded.maker,
                    body = excluded.body, next_at = excluded.next_at",
        &schedule.id,
        workspace,
        &schedule.channel,
        &schedule.maker,
        body(schedule)?,
        next_at.map(Instant::millis)
    )?;
    Ok(())
}

/// Deletes a schedule; what it posted stays. False if there was none.
pub async fn remove(tx: &mut Tx, workspace: &WorkspaceId, id: &ScheduleId) -> Result<bool, StoreError> {
    let gone = sql!(tx, execute "DELETE FROM schedule WHERE workspace = $1 AND id = $2", workspace, id)?;
    Ok(gone > 0)
}

/// Every schedule of a workspace, by channel.
pub async fn schedules(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Vec<Stored>, StoreError> {
    Ok(stored(sql!(
        tx,
        fetch_all as (String, Option<i64>),
        "SELECT body, next_at FROM schedule WHERE workspace = $1 ORDER BY channel, id",
        workspace
    )?))
}

/// The schedules of a channel, each with its workspace.
pub async fn schedules_in(tx: &mut Tx, channel: &ChannelId) -> Result<Vec<(WorkspaceId, Schedule)>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (WorkspaceId, String),
        "SELECT workspace, body FROM schedule WHERE channel = $1 ORDER BY workspace, id",
        channel
    )?;
    let readable = rows
        .into_iter()
        .filter_map(|(workspace, body)| Some((workspace, stored(vec![(body, None)]).pop()?.schedule)));
    Ok(readable.collect())
}

/// One schedule; `None` if it was deleted.
pub async fn schedule(tx: &mut Tx, workspace: &WorkspaceId, id: &ScheduleId) -> Result<Option<Stored>, StoreError> {
    let row = sql!(
        tx,
        fetch_all as (String, Option<i64>),
        "SELECT body, next_at FROM schedule WHERE workspace = $1 AND id = $2",
        workspace,
        id
    )?;
    Ok(stored(row).pop())
}

/// Up to `most` schedules of which something is due, the longest due first, then by channel; and the ids of those among
/// them that can't be read.
pub async fn due(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    now: Instant,
    most: i64,
) -> Result<(Vec<Stored>, Vec<ScheduleId>), StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (ScheduleId, String, Option<i64>),
        "SELECT id, body, next_at FROM schedule WHERE workspace = $1 AND next_at IS NOT NULL AND next_at <= $2
         ORDER BY next_at, channel, id LIMIT $3",
        workspace,
        now,
        most
    )?;
    let mut unreadable: Vec<ScheduleId> = rows.iter().map(|(id, ..)| id.clone()).collect();
    let due = stored(rows.into_iter().map(|(_, body, next_at)| (body, next_at)).collect());
    unreadable.retain(|id| due.iter().all(|stored| stored.schedule.id != *id));
    Ok((due, unreadable))
}

/// Lets a schedule rest that can't be read, until it is changed.
pub async fn rest(tx: &mut Tx, workspace: &WorkspaceId, id: &ScheduleId) -> Result<(), StoreError> {
    sql!(tx, execute "UPDATE schedule SET next_at = NULL WHERE workspace = $1 AND id = $2", workspace, id)?;
    Ok(())
}

/// When something is due next; `None` while nothing is.
pub async fn next_due(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Option<Instant>, StoreError> {
    let (next,): (Option<i64>,) = sql!(
        tx,
        fetch_one as (Option<i64>,),
        "SELECT MIN(next_at) FROM schedule WHERE workspace = $1 AND next_at IS NOT NULL",
        workspace
    )?;
    Ok(next.map(Instant::from_millis))
}

/// What became of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits to be posted.
    Due,
    /// It was posted.
    Posted,
    /// It was noticed too late.
    Missed,
    /// It isn't posted: prompts were paused, or nothing is posted by itself.
    LeftOut,
    /// Slack refused it for good.
    Failed,
}

impl State {
    const ALL: [Self; 5] = [Self::Due, Self::Posted, Self::Missed, Self::LeftOut, Self::Failed];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Posted => "posted",
            Self::Missed => "missed",
            Self::LeftOut => "left_out",
            Self::Failed => "failed",
        }
    }
}

/// One due moment of a schedule, named by (schedule, instant).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Whose.
    pub schedule: ScheduleId,
    /// Where.
    pub channel: ChannelId,
    /// When it was due, and what was planned for it.
    pub planned: Planned,
    /// What became of it.
    pub state: State,
    /// The post, once there is one.
    pub ts: Option<MessageTs>,
    /// What its post quotes.
    pub quoted: Quotes,
}

/// What a post quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotes {
    /// Answers in the same channel.
    pub answers: Vec<MessageTs>,
    /// Customers' words.
    pub customers: Vec<KudosId>,
}

type Row = (ScheduleId, ChannelId, String, String, String, String);

fn occurrences(rows: Vec<Row>) -> Result<Vec<Occurrence>, StoreError> {
    let unreadable = || StoreError::Unreadable("an occurrence");
    rows.into_iter()
        .map(|(schedule, channel, planned, state, ts, quoted)| {
            Ok(Occurrence {
                schedule,
                channel,
                planned: serde_json::from_str(&planned).map_err(|_| unreadable())?,
                state: State::ALL
                    .into_iter()
                    .find(|known| known.name() == state)
                    .ok_or_else(unreadable)?,
                ts: (!ts.is_empty()).then(|| ts.into()),
                quoted: serde_json::from_str(&quoted).unwrap_or_default(),
            })
        })
        .collect()
}

fn planned_as_stored(planned: &Planned) -> Result<String, StoreError> {
    serde_json::to_string(planned).map_err(|_| StoreError::Unreadable("an occurrence"))
}

/// What is entered for a schedule that was due.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The schedule as it was read.
    pub was: Stored,
    /// When it is due again.
    pub next_at: Option<Instant>,
    /// Its occurrences up to now, and what becomes of each.
    pub planned: Vec<(Planned, State)>,
}

/// Enters the occurrences of schedules that nobody changed since they were read, and when each is due again. Returns
/// which ones this caller entered: an occurrence is entered once, whoever else ticks.
pub async fn claim(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    claims: &[Claim],
) -> Result<BTreeSet<(ScheduleId, Instant)>, StoreError> {
    let mut occurrences = Vec::new();
    let mut due_again = Vec::new();
    for claim in claims {
        let schedule = &claim.was.schedule;
        let was = body(schedule)?;
        for (planned, state) in &claim.planned {
            occurrences.push(json!([
                schedule.id,
                planned.at,
                schedule.channel,
                planned.day,
                planned.kind.name(),
                planned.prompt,
                planned_as_stored(planned)?,
                state.name(),
                claim.was.next_at.map(Instant::millis),
                was,
            ]));
        }
        due_again.push(json!([
            schedule.id,
            claim.was.next_at.map(Instant::millis),
            claim.next_at.map(Instant::millis),
            was,
        ]));
    }
    let entered = sql!(
        tx,
        fetch_all as (ScheduleId, i64),
        "INSERT INTO occurrence (workspace, schedule, due_at, channel, day, kind, prompt, planned, state, ts, quoted)
         SELECT $1, s.id, CAST(j.value ->> 1 AS BIGINT), j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5,
            j.value ->> 6, j.value ->> 7, '', '{}'
         FROM json_each($2) j CROSS JOIN schedule s
         WHERE s.id = j.value ->> 0 AND s.workspace = $1 AND s.next_at = CAST(j.value ->> 8 AS BIGINT)
            AND s.body = j.value ->> 9
         ON CONFLICT (workspace, schedule, due_at) DO NOTHING
         RETURNING schedule, due_at",
        workspace,
        list(&occurrences)
    )?;
    sql!(
        tx,
        execute "UPDATE schedule SET next_at = CAST(j.value ->> 2 AS BIGINT) FROM json_each($1) j
                 WHERE schedule.id = j.value ->> 0 AND schedule.workspace = $2
                    AND schedule.next_at = CAST(j.value ->> 1 AS BIGINT) AND schedule.body = j.value ->> 3",
        list(&due_again),
        workspace
    )?;
    Ok(entered
        .into_iter()
        .map(|(schedule, due_at)| (schedule, Instant::from_millis(due_at)))
        .collect())
}

/// Enters one occurrence that a steward asked for. False if there is one at that instant.
pub async fn enter(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedule: &Schedule,
    planned: &Planned,
) -> Result<bool, StoreError> {
    let entered = sql!(
        tx,
        execute "INSERT INTO occurrence (workspace, schedule, due_at, channel, day, kind, prompt, planned, state, ts,
                    quoted)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '{}')
                 ON CONFLICT (workspace, schedule, due_at) DO NOTHING",
        workspace,
        &schedule.id,
        planned.at,
        &schedule.channel,
        planned.day.to_string(),
        planned.kind.name(),
        &planned.prompt,
        planned_as_stored(planned)?,
        State::Due.name()
    )?;
    Ok(entered > 0)
}

/// One occurrence.
pub async fn occurrence(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedule: &ScheduleId,
    due_at: Instant,
) -> Result<Option<Occurrence>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT schedule, channel, planned, state, ts, quoted FROM occurrence
         WHERE workspace = $1 AND schedule = $2 AND due_at = $3",
        workspace,
        schedule,
        due_at
    )?;
    Ok(occurrences(rows)?.pop())
}

/// The occurrence that a message is the post of.
pub async fn occurrence_at(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<Option<Occurrence>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT schedule, channel, planned, state, ts, quoted FROM occurrence
         WHERE workspace = $1 AND channel = $2 AND ts = $3 AND ts <> ''",
        workspace,
        channel,
        ts
    )?;
    Ok(occurrences(rows)?.pop())
}

/// The occurrences of a schedule on these days (both included), the latest first.
pub async fn occurrences_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedule: &ScheduleId,
    (from, to): (Day, Day),
) -> Result<Vec<Occurrence>, StoreError> {
    occurrences(sql!(
        tx,
        fetch_all as Row,
        "SELECT schedule, channel, planned, state, ts, quoted FROM occurrence
         WHERE workspace = $1 AND schedule = $2 AND day >= $3 AND day <= $4 ORDER BY due_at DESC",
        workspace,
        schedule,
        from.to_string(),
        to.to_string()
    )?)
}

/// The latest posts in a channel before an instant, the latest first.
pub async fn posted_before(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    before: Instant,
    most: i64,
) -> Result<Vec<Occurrence>, StoreError> {
    occurrences(sql!(
        tx,
        fetch_all as Row,
        "SELECT schedule, channel, planned, state, ts, quoted FROM occurrence
         WHERE workspace = $1 AND channel = $2 AND due_at < $3 AND ts <> '' ORDER BY day DESC, due_at DESC LIMIT $4",
        workspace,
        channel,
        before,
        most
    )?)
}

/// Moves an occurrence from one state to another. True for the one caller who did.
pub async fn turn(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedule: &ScheduleId,
    due_at: Instant,
    (from, to): (State, State),
) -> Result<bool, StoreError> {
    let turned = sql!(
        tx,
        execute "UPDATE occurrence SET state = $1 WHERE workspace = $2 AND schedule = $3 AND due_at = $4 AND state = $5",
        to.name(),
        workspace,
        schedule,
        due_at,
        from.name()
    )?;
    Ok(turned > 0)
}

/// An occurrence stands in its channel, with what it quotes.
pub async fn posted(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedule: &ScheduleId,
    due_at: Instant,
    ts: &MessageTs,
    quoted: &Quotes,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE occurrence SET state = $1, ts = $2, quoted = $3
                 WHERE workspace = $4 AND schedule = $5 AND due_at = $6",
        State::Posted.name(),
        ts,
        serde_json::to_string(quoted).map_err(|_| StoreError::Unreadable("quotes"))?,
        workspace,
        schedule,
        due_at
    )?;
    Ok(())
}

/// Another prompt takes the place of the one that was drawn.
pub async fn swap(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedule: &ScheduleId,
    due_at: Instant,
    planned: &Planned,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE occurrence SET prompt = $1, planned = $2
                 WHERE workspace = $3 AND schedule = $4 AND due_at = $5",
        &planned.prompt,
        planned_as_stored(planned)?,
        workspace,
        schedule,
        due_at
    )?;
    Ok(())
}

/// A prompt isn't to be posted there on that day; it counts as used.
pub async fn pass_over(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    prompt: &str,
    day: Day,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO passed_over (workspace, channel, prompt, day) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (workspace, channel, prompt, day) DO NOTHING",
        workspace,
        channel,
        prompt,
        day.to_string()
    )?;
    Ok(())
}

/// What each of these channels has seen, or was spared: every prompt with its day, by day. Follow-ups and wrap-ups are
/// none.
pub async fn used(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channels: &BTreeSet<ChannelId>,
) -> Result<BTreeMap<ChannelId, Vec<Used>>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (ChannelId, String, String),
        "SELECT o.channel, o.prompt, o.day FROM json_each($1) j CROSS JOIN occurrence o
         WHERE o.workspace = $2 AND o.channel = j.value ->> 0 AND o.kind = $3 AND o.state IN ('due', 'posted')
         UNION ALL
         SELECT p.channel, p.prompt, p.day FROM json_each($1) j CROSS JOIN passed_over p
         WHERE p.workspace = $2 AND p.channel = j.value ->> 0
         ORDER BY 3, 2",
        list(&channels.iter().map(|channel| [channel]).collect::<Vec<_>>()),
        workspace,
        PlannedKind::Prompt.name()
    )?;
    let mut used: BTreeMap<ChannelId, Vec<Used>> = BTreeMap::new();
    for (channel, prompt, day) in rows {
        let day = day.parse().map_err(|_| StoreError::Unreadable("a day"))?;
        used.entry(channel).or_default().push(Used { prompt, day });
    }
    Ok(used)
}

/// On which days, from `since` on, each of these schedules had which posts, whatever became of them: a day has one of a
/// kind, also when its schedule is changed in between.
pub async fn served(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    schedules: &[&ScheduleId],
    since: Day,
) -> Result<BTreeSet<(ScheduleId, Day, PlannedKind)>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (ScheduleId, String, String),
        "SELECT o.schedule, o.day, o.kind FROM json_each($1) j CROSS JOIN occurrence o
         WHERE o.workspace = $2 AND o.schedule = j.value ->> 0 AND o.day >= $3",
        list(&schedules.iter().map(|id| [id]).collect::<Vec<_>>()),
        workspace,
        since.to_string()
    )?;
    rows.into_iter()
        .map(|(schedule, day, kind)| {
            let day = day.parse().map_err(|_| StoreError::Unreadable("a day"))?;
            let kind = PlannedKind::ALL.into_iter().find(|known| known.name() == kind);
            Ok((schedule, day, kind.ok_or(StoreError::Unreadable("a kind of post"))?))
        })
        .collect()
}

/// A prompt that a steward wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPrompt {
    /// As in `own-…`.
    pub id: String,
    /// The name of its theme; empty for the next prompt that comes.
    pub theme: String,
    /// The text (mrkdwn).
    pub text: String,
}

/// Keeps a prompt that a steward wrote; returns its id.
pub async fn write_own(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    author: &UserId,
    theme: &str,
    text: &str,
    now: Instant,
) -> Result<String, StoreError> {
    let id = format!("own-{}", new_id(now));
    sql!(
        tx,
        execute "INSERT INTO own_prompt (workspace, id, theme, body, author, at) VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        &id,
        theme,
        text,
        author,
        now
    )?;
    Ok(id)
}

/// Takes back prompts that stewards wrote: nobody is asked them any more. Those that are there no longer are passed over.
pub async fn withdraw_own(tx: &mut Tx, workspace: &WorkspaceId, ids: &[String]) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "DELETE FROM own_prompt WHERE workspace = $1 AND id IN (SELECT value ->> 0 FROM json_each($2))",
        workspace,
        list(&ids.iter().map(|id| [id]).collect::<Vec<_>>())
    )?;
    Ok(())
}

/// What stewards wrote, the first written first.
pub async fn own_prompts(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Vec<OwnPrompt>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String, String, String),
        "SELECT id, theme, body FROM own_prompt WHERE workspace = $1 ORDER BY at, id",
        workspace
    )?;
    Ok(rows
        .into_iter()
        .map(|(id, theme, text)| OwnPrompt { id, theme, text })
        .collect())
}

/// Notes an answer. True if it is this person's first to that prompt.
pub async fn answered(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    (channel, post): (&ChannelId, &MessageTs),
    ts: &MessageTs,
    member: &UserId,
    now: Instant,
) -> Result<bool, StoreError> {
    let others = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT at FROM answer WHERE workspace = $1 AND channel = $2 AND post = $3 AND member = $4 LIMIT 1",
        workspace,
        channel,
        post,
        member
    )?;
    let entered = sql!(
        tx,
        execute "INSERT INTO answer (workspace, channel, post, ts, member, at) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (workspace, channel, ts) DO NOTHING",
        workspace,
        channel,
        post,
        ts,
        member,
        now
    )?;
    Ok(entered > 0 && others.is_none())
}

/// An answer was deleted. The prompt's post that it stood under; `None` if it was no answer.
pub async fn unanswered(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<Option<MessageTs>, StoreError> {
    sql!(
        tx,
        execute "DELETE FROM answer_like WHERE workspace = $1 AND channel = $2 AND ts = $3",
        workspace,
        channel,
        ts
    )?;
    let row = sql!(
        tx,
        fetch_optional as (MessageTs,),
        "DELETE FROM answer WHERE workspace = $1 AND channel = $2 AND ts = $3 RETURNING post",
        workspace,
        channel,
        ts
    )?;
    Ok(row.map(|(post,)| post))
}

/// Notes that somebody likes an answer, or no longer does; their own doesn't count.
pub async fn likes(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    (channel, ts): (&ChannelId, &MessageTs),
    (member, emoji): (&UserId, &str),
    on: bool,
) -> Result<(), StoreError> {
    if on {
        sql!(
            tx,
            execute "INSERT INTO answer_like (workspace, channel, ts, member, emoji)
                     SELECT a.workspace, a.channel, a.ts, $4, $5 FROM answer a
                     WHERE a.workspace = $1 AND a.channel = $2 AND a.ts = $3 AND a.member <> $4
                     ON CONFLICT (workspace, channel, ts, member, emoji) DO NOTHING",
            workspace,
            channel,
            ts,
            member,
            emoji
        )?;
    } else {
        sql!(
            tx,
            execute "DELETE FROM answer_like
                     WHERE workspace = $1 AND channel = $2 AND ts = $3 AND member = $4 AND emoji = $5",
            workspace,
            channel,
            ts,
            member,
            emoji
        )?;
    }
    Ok(())
}

/// How many people answered a prompt: each counts once.
pub async fn answers(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    post: &MessageTs,
) -> Result<i64, StoreError> {
    let (n,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(DISTINCT member) FROM answer WHERE workspace = $1 AND channel = $2 AND post = $3",
        workspace,
        channel,
        post
    )?;
    Ok(n)
}

/// An answer, by where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The prompt's post.
    pub post: MessageTs,
    /// The reply.
    pub ts: MessageTs,
    /// Who wrote it.
    pub member: UserId,
    /// How many others like it.
    pub likes: i64,
}

/// The answers to some posts of a channel that most people like, one of each person; of equals the earlier.
pub async fn best_answers(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    posts: &[MessageTs],
) -> Result<Vec<Answer>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (MessageTs, MessageTs, UserId, i64),
        "SELECT a.post, a.ts, a.member, COUNT(DISTINCT l.member)
         FROM json_each($1) j CROSS JOIN answer a
         LEFT JOIN answer_like l ON l.workspace = a.workspace AND l.channel = a.channel AND l.ts = a.ts
         WHERE a.workspace = $2 AND a.channel = $3 AND a.post = j.value ->> 0
         GROUP BY a.post, a.ts, a.member ORDER BY 4 DESC, a.ts",
        list(&posts.iter().map(|post| [post]).collect::<Vec<_>>()),
        workspace,
        channel
    )?;
    let mut seen = BTreeSet::new();
    Ok(rows
        .into_iter()
        .filter(|(_, _, member, _)| seen.insert(member.clone()))
        .map(|(post, ts, member, likes)| Answer {
            post,
            ts,
            member,
            likes,
        })
        .collect())
}

/// Who wrote these answers, as far as they still stand.
pub async fn writers(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    answers: &[MessageTs],
) -> Result<BTreeMap<MessageTs, UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (MessageTs, UserId),
        "SELECT a.ts, a.member FROM json_each($1) j CROSS JOIN answer a
         WHERE a.workspace = $2 AND a.channel = $3 AND a.ts = j.value ->> 0",
        list(&answers.iter().map(|ts| [ts]).collect::<Vec<_>>()),
        workspace,
        channel
    )?;
    Ok(rows.into_iter().collect())
}

/// How prompts were answered in some days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turnout {
    /// Answers, one per person and prompt.
    pub answers: i64,
    /// How many different people answered.
    pub people: i64,
    /// The text of the prompt that most people answered, of those that everybody can read (or of the channel asked for);
    /// `None` without answers.
    pub most_talked_about: Option<String>,
}

/// How prompts that were due on these local days (both included) were answered, in `channel` or everywhere.
pub async fn turnout(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    (from, to): (Day, Day),
    channel: Option<&ChannelId>,
) -> Result<Turnout, StoreError> {
    let channel = channel.map_or("", ChannelId::as_str);
    let rows = sql!(
        tx,
        fetch_all as (ScheduleId, ChannelId, String, String, String, String, i64, bool),
        "SELECT o.schedule, o.channel, o.planned, o.state, o.ts, o.quoted, COUNT(DISTINCT a.member),
            o.channel = $4 OR EXISTS (SELECT 1 FROM place c
                WHERE c.workspace = $1 AND c.channel = o.channel AND c.kind = 'public' AND NOT c.is_shared)
         FROM occurrence o JOIN answer a
            ON a.workspace = o.workspace AND a.channel = o.channel AND a.post = o.ts
         WHERE o.workspace = $1 AND o.day >= $2 AND o.day <= $3 AND o.ts <> '' AND ($4 = '' OR o.channel = $4)
         GROUP BY o.schedule, o.due_at, o.channel, o.planned, o.state, o.ts, o.quoted ORDER BY 7 DESC, o.due_at",
        workspace,
        from.to_string(),
        to.to_string(),
        channel
    )?;
    let (people,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(DISTINCT a.member) FROM occurrence o JOIN answer a
            ON a.workspace = o.workspace AND a.channel = o.channel AND a.post = o.ts
         WHERE o.workspace = $1 AND o.day >= $2 AND o.day <= $3 AND o.ts <> '' AND ($4 = '' OR o.channel = $4)",
        workspace,
        from.to_string(),
        to.to_string(),
        channel
    )?;
    let answers = rows.iter().map(|row| row.6).sum();
    let public = rows.into_iter().filter(|row| row.7).take(1);
    let most = public.map(|(a, b, c, d, e, f, ..)| (a, b, c, d, e, f)).collect();
    Ok(Turnout {
        answers,
        people,
        most_talked_about: occurrences(most)?.pop().map(|occurrence| occurrence.planned.text),
    })
}

/// The opening note of Customer Service Week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Who wrote it.
    pub author: UserId,
    /// Plain text, masked.
    pub text: String,
}

/// Keeps the opening note of the week that begins on this Monday; the latest one counts.
pub async fn keep_note(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    week: Day,
    author: &UserId,
    text: &str,
    now: Instant,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO week_note (workspace, week, author, body, at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (workspace, week) DO UPDATE SET author = excluded.author, body = excluded.body,
                    at = excluded.at",
        workspace,
        week.to_string(),
        author,
        text,
        now
    )?;
    Ok(())
}

/// The opening note of that week.
pub async fn note(tx: &mut Tx, workspace: &WorkspaceId, week: Day) -> Result<Option<Note>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (UserId, String),
        "SELECT author, body FROM week_note WHERE workspace = $1 AND week = $2",
        workspace,
        week.to_string()
    )?;
    Ok(row.map(|(author, text)| Note { author, text }))
}

/// The week in numbers: thanks between colleagues and customers' words are counted from the workspace's tallies of these
/// days, answers from the channel's prompts.
pub async fn numbers(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    (from, to): (Day, Day),
    channel: &ChannelId,
) -> Result<Numbers, StoreError> {
    let days: Vec<[Period; 1]> = (0..=to.days_since(from).max(0))
        .map(|n| [Period::day(from.plus(n))])
        .collect();
    let rows = sql!(
        tx,
        fetch_all as (String, String, i64, i64),
        "SELECT t.role, t.source, CAST(SUM(t.n) AS BIGINT), COUNT(DISTINCT t.member)
         FROM json_each($1) j CROSS JOIN tally t
         WHERE t.workspace = $2 AND t.period = j.value ->> 0 AND t.n > 0 GROUP BY t.role, t.source",
        list(&days),
        workspace
    )?;
    let of = |role: &str, source: &str| {
        let found = rows.iter().find(|row| row.0 == role && row.1 == source);
        found.map_or((0, 0), |row| (row.2, row.3))
    };
    let (thanks, givers) = of("giver", "peer");
    let turnout = turnout(tx, workspace, (from, to), Some(channel)).await?;
    Ok(Numbers {
        thanks,
        givers,
        thanked: of("receiver", "peer").1,
        customers: of("giver", "customer").0,
        answers: turnout.answers,
        answerers: turnout.people,
    })
}

/// Who was thanked between two instants, in words that are still kept; themselves only, no teams.
pub async fn thanked(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    (from, to): (Instant, Instant),
) -> Result<BTreeSet<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT DISTINCT l.receiver FROM ledger l JOIN words w ON w.kudos = l.kudos
         WHERE l.given_at >= $2 AND l.given_at < $3 AND l.workspace = $1 AND l.receiver_kind = 'member'
            AND l.reversed_at IS NULL AND w.reason <> ''",
        workspace,
        from,
        to
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}

/// Something that was said to a person: by whom, whether a customer said it, the words, the workspace's day.
pub type Word = (UserId, bool, String, Day);

/// The latest that was said to a person between two instants, and how much that is in all.
pub async fn said_to(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    (from, to): (Instant, Instant),
    most: i64,
) -> Result<(Vec<Word>, i64), StoreError> {
    let (all,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM ledger l JOIN words w ON w.kudos = l.kudos
         WHERE l.workspace = $1 AND l.receiver = $2 AND l.given_at >= $3 AND l.given_at < $4
            AND l.reversed_at IS NULL AND w.reason <> ''",
        workspace,
        member,
        from,
        to
    )?;
    let rows = sql!(
        tx,
        fetch_all as (UserId, String, String, String),
        "SELECT l.giver, l.source, w.reason, l.workspace_day FROM ledger l JOIN words w ON w.kudos = l.kudos
         WHERE l.workspace = $1 AND l.receiver = $2 AND l.given_at >= $3 AND l.given_at < $4
            AND l.reversed_at IS NULL AND w.reason <> '' ORDER BY l.given_at DESC, l.id DESC LIMIT $5",
        workspace,
        member,
        from,
        to,
        most
    )?;
    let words: Result<Vec<Word>, StoreError> = rows
        .into_iter()
        .map(|(giver, source, words, day)| {
            let day = day.parse().map_err(|_| StoreError::Unreadable("a day"))?;
            Ok((giver, source == Source::Customer.name(), words, day))
        })
        .collect();
    Ok((words?, all))
}

/// Where somebody's page of a week stands; `None` if they have none.
pub async fn page(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    week: Day,
    member: &UserId,
) -> Result<Option<(ChannelId, MessageTs)>, StoreError> {
    sql!(
        tx,
        fetch_optional as (ChannelId, MessageTs),
        "SELECT channel, ts FROM week_page WHERE workspace = $1 AND week = $2 AND member = $3",
        workspace,
        week.to_string(),
        member
    )
}

/// Remembers where somebody's page stands.
pub async fn remember_page(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    week: Day,
    member: &UserId,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO week_page (workspace, week, member, channel, ts) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (workspace, week, member) DO UPDATE SET channel = excluded.channel, ts = excluded.ts",
        workspace,
        week.to_string(),
        member,
        channel,
        ts
    )?;
    Ok(())
}

/// Deletes what prompts know of a person: what they answered, liked and wrote as an opening note. A schedule they made goes
/// on, and so does a prompt they wrote. What quotes or names them in Slack is brought up to date, and their own page goes.
/// Call it before their kudos lose their name.
pub async fn erase(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId, now: Instant) -> Result<(), StoreError> {
    let edits = naming(tx, workspace, person, now).await?;
    for statement in [
        "DELETE FROM answer_like WHERE workspace = $1 AND member = $2",
        "DELETE FROM answer_like WHERE workspace = $1 AND EXISTS (SELECT 1 FROM answer a WHERE a.workspace = $1
            AND a.channel = answer_like.channel AND a.ts = answer_like.ts AND a.member = $2)",
        "DELETE FROM answer WHERE workspace = $1 AND member = $2",
        "DELETE FROM week_note WHERE workspace = $1 AND author = $2",
        "DELETE FROM week_page WHERE workspace = $1 AND member = $2",
        "UPDATE own_prompt SET author = '' WHERE workspace = $1 AND author = $2",
    ] {
        sql!(tx, execute statement, workspace, person)?;
    }
    let made = stored(sql!(
        tx,
        fetch_all as (String, Option<i64>),
        "SELECT body, next_at FROM schedule WHERE workspace = $1 AND maker = $2",
        workspace,
        person
    )?);
    for Stored { mut schedule, next_at } in made {
        schedule.maker = UserId::default();
        put(tx, workspace, &schedule, next_at).await?;
    }
    outbox::enqueue(tx, &edits).await
}

/// The rows that bring up to date what stands in Slack and names a person.
async fn naming(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    person: &UserId,
    now: Instant,
) -> Result<Vec<Intent>, StoreError> {
    let answers = sql!(
        tx,
        fetch_all as (MessageTs,),
        "SELECT ts FROM answer WHERE workspace = $1 AND member = $2",
        workspace,
        person
    )?;
    let kudos = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT DISTINCT kudos FROM ledger WHERE workspace = $1 AND receiver = $2 AND source = $3",
        workspace,
        person,
        Source::Customer.name()
    )?;
    let weeks = sql!(
        tx,
        fetch_all as (String,),
        "SELECT week FROM week_note WHERE workspace = $1 AND author = $2",
        workspace,
        person
    )?;
    let quoting = occurrences(sql!(
        tx,
        fetch_all as Row,
        "SELECT schedule, channel, planned, state, ts, quoted FROM occurrence
         WHERE workspace = $1 AND ts <> '' AND (quoted <> '{}' OR day IN (SELECT week FROM week_note
            WHERE workspace = $1 AND author = $2))",
        workspace,
        person
    )?)?;
    let names = |post: &Occurrence| {
        let answered = post
            .quoted
            .answers
            .iter()
            .any(|ts| answers.iter().any(|(own,)| own == ts));
        let said = post
            .quoted
            .customers
            .iter()
            .any(|id| kudos.iter().any(|(own,)| own == id));
        let wrote = weeks.iter().any(|(week,)| *week == post.planned.day.to_string());
        answered || said || wrote
    };
    let mut edits: Vec<Intent> = quoting
        .iter()
        .filter(|post| names(post))
        .map(|post| update_intent(workspace, post, now).not_before(now))
        .collect();
    let pages = sql!(
        tx,
        fetch_all as (String, UserId, ChannelId, MessageTs),
        "SELECT p.week, p.member, p.channel, p.ts FROM week_page p WHERE p.workspace = $1 AND (p.member = $2
            OR p.member IN (SELECT receiver FROM ledger WHERE workspace = $1 AND giver = $2))",
        workspace,
        person
    )?;
    for (week, member, channel, ts) in pages {
        let week = week.parse().map_err(|_| StoreError::Unreadable("a week"))?;
        edits.push(if member == *person {
            crate::kudos::removal(workspace, channel, ts, now)
        } else {
            page_intent(workspace, week, &member, now)
        });
    }
    Ok(edits)
}

/// What prompts keep of a person: when they answered which prompt, the prompts and notes they wrote.
pub async fn export(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<Vec<String>, StoreError> {
    let answered = sql!(
        tx,
        fetch_all as (i64, ChannelId, String),
        "SELECT a.at, a.channel, o.planned FROM answer a JOIN occurrence o
            ON o.workspace = a.workspace AND o.channel = a.channel AND o.ts = a.post
         WHERE a.workspace = $1 AND a.member = $2 ORDER BY a.at, a.ts",
        workspace,
        person
    )?;
    let wrote = sql!(
        tx,
        fetch_all as (i64, String),
        "SELECT at, body FROM own_prompt WHERE workspace = $1 AND author = $2
         UNION ALL SELECT at, body FROM week_note WHERE workspace = $1 AND author = $2 ORDER BY 1, 2",
        workspace,
        person
    )?;
    let liked = sql!(
        tx,
        fetch_all as (ChannelId, MessageTs, String),
        "SELECT channel, ts, emoji FROM answer_like WHERE workspace = $1 AND member = $2 ORDER BY channel, ts, emoji",
        workspace,
        person
    )?;
    let when = |at: i64| {
        Instant::from_millis(at)
            .utc()
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    let answered = answered.into_iter().map(|(at, channel, planned)| {
        let planned: Option<Planned> = serde_json::from_str(&planned).ok();
        let text = planned.map(|planned| planned.text).unwrap_or_default();
        format!("{} answered in {channel}: {text}", when(at))
    });
    let wrote = wrote
        .into_iter()
        .map(|(at, text)| format!("{} wrote: {text}", when(at)));
    let liked = liked
        .into_iter()
        .map(|(channel, ts, emoji)| format!("liked the answer {ts} in {channel} with :{emoji}:"));
    Ok(answered.chain(wrote).chain(liked).collect())
}
