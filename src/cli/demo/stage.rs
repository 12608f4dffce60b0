//! Everything on the demo's page that isn't Slack: the story, the clock, and the bot's process.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{Datelike as _, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;

use super::bot::Bot;
use super::company::Company;
use super::history::{self, Speaker};
use super::lived::undo_button;
use super::people::Cast;
use super::story::Story;
use super::world::World;
use crate::base::calendar::{Day, local_day};
use crate::base::clock::{Clock as _, Instant, ShiftedClock, SystemClock};
use crate::base::ids::UserId;
use crate::cli::sentence;
use crate::sandbox::page::{Jump, Noticed, Stage, Step, Tally};
use crate::sandbox::{NewPerson, Sandbox};
use crate::store::{Db, StoreError, Tx, sql};

/// The longest step of the clock.
const HOUR: Duration = Duration::from_secs(3_600);
/// The step while something waits for a channel's next second.
const SECOND: Duration = Duration::from_secs(1);
/// How long Slack's own retries may take before the clock goes on without them, in real time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long people take to read what was just posted, in real time: the bot has heard by then that it stands.
const READING: Duration = Duration::from_millis(400);
/// What counts as slow, and how much of that a turn of the clock takes altogether, in real time.
const SLOW: Duration = Duration::from_secs(1);
const SLOW_ALTOGETHER: Duration = Duration::from_secs(30);
/// Kudos of [`Stage::two_hundred_at_once`].
const MANY: usize = 200;
/// When a working day begins.
const MORNING: u32 = 9;

const NEXT_WORKING_DAY: &str = "next-working-day";
const NEXT_MONTH: &str = "next-month";
const CUSTOMER_SERVICE_WEEK: &str = "customer-service-week";

/// The demo as the page sees it. Clones are the same one.
#[derive(Clone)]
pub(super) struct Theatre(Arc<Parts>);

/// What it is made of.
pub(super) struct Parts {
    pub sandbox: Sandbox,
    /// The sandbox's clock; the bot's own goes with it.
    pub clock: Arc<ShiftedClock>,
    pub bot: Bot,
    /// The bot's database, to be read only.
    pub db: Db,
    pub cast: Cast,
    /// Who lives there.
    pub world: World,
    /// Whether they do something of their own when the clock is turned: not in a workspace that began empty.
    pub is_lively: bool,
    /// What they do by themselves about what is posted.
    pub company: Company,
    /// What they have said since the demo was started, so that nobody repeats it too soon.
    pub speaker: std::sync::Mutex<Speaker>,
    /// With its slash.
    pub command: String,
    /// Kudos per person and day.
    pub allowance: Option<i64>,
    pub story: std::sync::OnceLock<Story>,
    /// Held while the clock is turned or the bot is killed: one at a time.
    pub busy: Mutex<()>,
}

impl Theatre {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.0.sandbox
    }

    /// The slash command's name.
    pub(super) fn command(&self) -> &str {
        &self.0.command
    }

    /// The bot's process.
    pub(super) fn bot(&self) -> &Bot {
        &self.0.bot
    }

    /// Day and time in the workspace's zone, `Tuesday, 24 November 2026, 09:00`.
    pub(super) fn on_the_wall(&self) -> String {
        let now = self.0.clock.now().utc().with_timezone(&self.0.cast.zone);
        now.format("%A, %-d %B %Y, %H:%M").to_string()
    }

    /// Whenever something is posted, people do what they do about it, not only when the clock is turned.
    pub(super) fn lets_people_take_part(&self) {
        let (parts, mut seen) = (Arc::clone(&self.0), self.0.sandbox.watch());
        tokio::spawn(async move {
            while !matches!(seen.recv().await, Err(RecvError::Closed)) {
                tokio::time::sleep(READING).await;
                parts.company.take_part().await;
            }
        });
    }

    /// What the visitor does counts from now on.
    pub(super) fn open(&self, progress: super::story::Progress) {
        let parts = &self.0;
        let story = Story::new(
            parts.sandbox.clone(),
            parts.db.clone(),
            parts.cast.visitor.clone(),
            format!("{} @{}", parts.command, parts.cast.example),
            parts.clock.now(),
            progress,
        );
        let seen = parts.sandbox.watch();
        if parts.story.set(story).is_ok() {
            let parts = Arc::clone(parts);
            tokio::spawn(async move {
                if let Some(story) = parts.story.get() {
                    story.follow(seen).await;
                }
            });
        }
    }

    /// What is kept of the demo beside the bot's database.
    pub(super) fn kept(&self) -> super::keep::Kept {
        super::keep::Kept {
            shift: self.0.clock.shift(),
            is_lively: self.0.is_lively,
            progress: self.0.story.get().map(Story::progress).unwrap_or_default(),
            sandbox: self.0.sandbox.saved(),
        }
    }

    /// Turns the clock until it is `shift` milliseconds ahead of the machine's (behind, if negative), in steps of at
    /// most an hour that stop wherever something is due and wait until it is done.
    ///
    /// # Errors
    /// If the bot ends, or Slack is so slow that it would take minutes; then the clock stands where it came to.
    pub(super) async fn go(&self, shift: i64) -> anyhow::Result<()> {
        let clock = &self.0.clock;
        let mut due = self.settle().await?;
        let mut slow = Duration::ZERO;
        loop {
            let now = clock.now();
            let left = shift - clock.shift();
            if left <= 0 {
                return Ok(());
            }
            anyhow::ensure!(
                slow < SLOW_ALTOGETHER,
                "Slack is too slow for this: the clock has stopped at {}. It can go on when Slack is well again.",
                self.on_the_wall()
            );
            let step = match due {
                Some(due) if due > now => due.since(now),
                Some(_) => SECOND,
                None => HOUR,
            };
            let step = i64::try_from(step.min(HOUR).as_millis()).unwrap_or(left).min(left);
            self.0.bot.turn(clock.shift() + step).await?;
            let began = SystemClock.now();
            due = self.settle().await?;
            let took = SystemClock.now().since(began);
            slow += if took > SLOW { took } else { Duration::ZERO };
        }
    }

    /// Waits until Slack, the bot and the people have done everything that is due. Returns when there may be something
    /// again.
    async fn settle(&self) -> anyhow::Result<Option<Instant>> {
        let sandbox = &self.0.sandbox;
        loop {
            let retry = tokio::time::timeout(PATIENCE, sandbox.run_due()).await.ok().flatten();
            let due = self.0.bot.settle().await?;
            // What the bot did may have caused events; when they take too long, they are due at the next step.
            let _ = tokio::time::timeout(PATIENCE, sandbox.settled()).await;
            if !self.0.company.take_part().await {
                return Ok([retry, due].into_iter().flatten().min());
            }
        }
    }

    async fn jump_to(&self, id: &str) -> Result<(), String> {
        let Ok(_busy) = self.0.busy.try_lock() else {
            return Err("The clock is being turned, or the bot is being restarted. Try again in a moment.".to_owned());
        };
        let jump = self.jumps().into_iter().find(|jump| jump.id == id);
        let jump = jump.ok_or_else(|| "The clock can't go there.".to_owned())?;
        let parts = &self.0;
        let moments = if !parts.is_lively {
            Vec::new()
        } else {
            let mut speaker = parts.speaker.lock().unwrap_or_else(PoisonError::into_inner);
            history::way_ahead(history::SEED, &parts.world, &mut speaker, parts.clock.now(), jump.at)
        };
        let shift = jump.at.millis() - SystemClock.now().millis();
        let lived = self.live_through(moments, shift).await;
        lived.map_err(|error| sentence(&error))
    }

    async fn kill(&self) -> Result<(), String> {
        let Ok(_busy) = self.0.busy.try_lock() else {
            return Err("The clock is being turned. Try again when it has arrived.".to_owned());
        };
        self.0.bot.restart().await.map_err(|error| sentence(&error))
    }

    async fn ten_times(&self) -> anyhow::Result<String> {
        let before = self.stored().await?;
        let answers = self.0.sandbox.repeats_command(10).await;
        anyhow::ensure!(!answers.is_empty(), "There was no command yet. Give a kudos first.");
        let added = self.stored().await?.saturating_sub(before);
        let taken = answers.iter().filter(|answer| answer.status == Some(200)).count();
        let more = match added {
            0 => "no kudos more than before".to_owned(),
            1 => "one kudos more than before".to_owned(),
            added => format!("{added} kudos more than before"),
        };
        Ok(format!(
            "Delivered 10 times more, answered {taken} times, and there is {more}."
        ))
    }

    async fn stored(&self) -> Result<u64, StoreError> {
        let workspace = self.0.sandbox.workspace();
        let (n,) = self
            .0
            .db
            .read(async |tx: &mut Tx| {
                sql!(
                    tx,
                    fetch_one as (i64,),
                    "SELECT COUNT(DISTINCT kudos) FROM ledger WHERE workspace = $1",
                    &workspace
                )
            })
            .await?;
        Ok(n.unsigned_abs())
    }

    /// Nobody may give more than their day's allowance, in the demo neither. So the 200 come from people who are there
    /// for this alone and thank each other: as many as it takes, each giving no more than a day allows, and others (or
    /// the same on another day) when the button is pressed again.
    async fn many(&self) -> anyhow::Result<String> {
        let parts = &self.0;
        let each = usize::try_from(parts.allowance.unwrap_or(5).clamp(1, 5)).unwrap_or(1);
        let crowd = self.crowd(MANY.div_ceil(each)).await?;
        let mut typed = Vec::new();
        for (n, (giver, _)) in crowd.iter().enumerate() {
            for k in 1..=each {
                let (_, receiver) = &crowd[(n + k) % crowd.len()];
                let words = PRAISE[(n + k) % PRAISE.len()];
                let channel = &parts.cast.busy[typed.len() % parts.cast.busy.len().max(1)];
                typed.push((giver, channel, format!("{} @{receiver} {words}", parts.command)));
            }
        }
        typed.truncate(MANY);
        let began = SystemClock.now();
        let answers = join_all(
            typed
                .iter()
                .map(|(giver, channel, line)| parts.sandbox.runs_command(giver, channel, line)),
        )
        .await;
        let millis = SystemClock.now().since(began).as_millis();
        let has_undo =
            |answer: &&crate::sandbox::Answer| answer.message.as_ref().is_some_and(|m| undo_button(m).is_some());
        let taken = answers.iter().filter(has_undo).count();
        Ok(format!(
            "{} sent at once, {taken} acknowledged within {millis} ms. Slack takes one message a second in a channel, so \
             their cards need a while.",
            answers.len()
        ))
    }

    /// So many people of the crowd, by id and handle, who haven't given anything today.
    async fn crowd(&self, wanted: usize) -> anyhow::Result<Vec<(UserId, String)>> {
        let parts = &self.0;
        anyhow::ensure!(!parts.cast.busy.is_empty(), "There is no channel to give in.");
        let (workspace, now) = (parts.sandbox.workspace(), parts.clock.now());
        let today = local_day(now, parts.cast.zone).to_string();
        let spent = parts
            .db
            .read(async |tx: &mut Tx| {
                sql!(
                    tx,
                    fetch_all as (UserId,),
                    "SELECT giver FROM allowance WHERE workspace = $1 AND day = $2 AND used > 0",
                    &workspace,
                    &today
                )
            })
            .await
            .context("the bot's database can't be read")?;
        let mut found = Vec::new();
        for number in 1_usize.. {
            let handle = format!("crowd-{number}");
            let id = match parts.sandbox.person(&handle) {
                Some(id) => id,
                None => {
                    let person = NewPerson {
                        handle: handle.clone(),
                        display_name: format!("Crowd {number}"),
                        real_name: format!("Crowd {number}"),
                        tz: Some(parts.cast.zone),
                        ..NewPerson::default()
                    };
                    parts.sandbox.join(person).await
                }
            };
            if !spent.iter().any(|(giver,)| *giver == id) {
                found.push((id, handle));
            }
            if found.len() == wanted {
                break;
            }
        }
        Ok(found)
    }
}

/// Reasons for thanking somebody, as they are typed.
const PRAISE: [&str; 8] = [
    "for taking the phone when the queue was longest",
    "for writing down how the new refund form works",
    "for staying kind in a call that wasn't",
    "for finding the parcel that three carriers had lost",
    "for swapping the shift without being asked",
    "for the calm handover on Friday night",
    "for asking the customer once more, and listening",
    "for the macro that saves everybody two minutes",
];

impl Stage for Theatre {
    fn visitor(&self) -> UserId {
        self.0.cast.visitor.clone()
    }

    fn steps(&self) -> Vec<Step> {
        self.0.story.get().map(Story::steps).unwrap_or_default()
    }

    fn noticed(&self, what: Noticed) {
        if let Some(story) = self.0.story.get() {
            story.noticed(&what);
        }
    }

    fn jumps(&self) -> Vec<Jump> {
        jumps(self.0.clock.now(), self.0.cast.zone)
    }

    fn jump(&self, id: &str) -> BoxFuture<'_, Result<(), String>> {
        let (theatre, id) = (self.clone(), id.to_owned());
        detached(async move { theatre.jump_to(&id).await })
    }

    fn kill_and_restart(&self) -> BoxFuture<'_, Result<(), String>> {
        let theatre = self.clone();
        detached(async move { theatre.kill().await })
    }

    fn deliver_ten_times(&self) -> BoxFuture<'_, Result<String, String>> {
        let theatre = self.clone();
        detached(async move { theatre.ten_times().await.map_err(|error| sentence(&error)) })
    }

    fn two_hundred_at_once(&self) -> BoxFuture<'_, Result<String, String>> {
        let theatre = self.clone();
        detached(async move { theatre.many().await.map_err(|error| sentence(&error)) })
    }

    fn tally(&self) -> BoxFuture<'_, Tally> {
        async {
            let Some(story) = self.0.story.get() else {
                return Tally::default();
            };
            story.tally().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the demo's database can't be read");
                Tally::default()
            })
        }
        .boxed()
    }
}

/// Runs to its end even when nobody waits for it any longer: the page may be closed meanwhile, and the bot's answers
/// must find whoever asked for them.
fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, String>> + Send + 'static,
) -> BoxFuture<'static, Result<T, String>> {
    let work = tokio::spawn(work);
    async move {
        work.await
            .unwrap_or_else(|_| Err("That went wrong; the log says why.".to_owned()))
    }
    .boxed()
}

/// Where the clock can go from `now`, soonest first.
fn jumps(now: Instant, zone: Tz) -> Vec<Jump> {
    let today = local_day(now, zone);
    let mut jumps: Vec<Jump> = [
        (NEXT_WORKING_DAY, "Next working day", working_day(today.next())),
        (NEXT_MONTH, "Next month", working_day(today.first_of_next_month())),
        (
            CUSTOMER_SERVICE_WEEK,
            "Customer Service Week",
            customer_service_week(today),
        ),
    ]
    .into_iter()
    .map(|(id, label, day)| Jump {
        id: id.to_owned(),
        label: label.to_owned(),
        at: morning(day, zone),
    })
    .collect();
    jumps.sort_by_key(|jump| jump.at);
    jumps
}

/// That day, or the first working day after it.
fn working_day(mut day: Day) -> Day {
    while !day.is_working_day() {
        day = day.next();
    }
    day
}

/// The next first Monday of an October: Customer Service Week begins.
fn customer_service_week(today: Day) -> Day {
    let mut monday = today.monday().plus(7);
    while !(monday.date().month() == 10 && monday.date().day() <= 7) {
        monday = monday.plus(7);
    }
    monday
}

fn morning(day: Day, zone: Tz) -> Instant {
    let nine = day
        .date()
        .and_time(NaiveTime::from_hms_opt(MORNING, 0, 0).unwrap_or_default());
    // No zone changes its clocks at nine in the morning; if one ever does, the same hour in UTC will do.
    let local = zone.from_local_datetime(&nine).earliest();
    local.map_or_else(|| nine.and_utc().into(), |local| local.with_timezone(&Utc).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_to_mornings_of_working_days() {
        let places = |now: &str| -> Vec<String> {
            let now = Instant::from(chrono::DateTime::parse_from_rfc3339(now).expect("an instant").to_utc());
            let told = |jump: Jump| format!("{} {}", jump.label, jump.at.utc().format("%a %F %R"));
            jumps(now, Tz::Europe__Berlin).into_iter().map(told).collect()
        };
        assert_eq!(
            places("2026-11-27T15:00:00Z"),
            [
                "Next working day Mon 2026-11-30 08:00",
                "Next month Tue 2026-12-01 08:00",
                "Customer Service Week Mon 2027-10-04 07:00",
            ]
        );
        assert_eq!(
            places("2026-09-28T05:00:00Z"),
            [
                "Next working day Tue 2026-09-29 07:00",
                "Next month Thu 2026-10-01 07:00",
                "Customer Service Week Mon 2026-10-05 07:00",
            ]
        );
        // A month that begins on a Saturday.
        assert_eq!(
            places("2026-07-30T12:00:00Z"),
            [
                "Next working day Fri 2026-07-31 07:00",
                "Next month Mon 2026-08-03 07:00",
                "Customer Service Week Mon 2026-10-05 07:00",
            ]
        );
    }
}
