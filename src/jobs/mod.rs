//! Floor 9: clock and queue in. Runs what is due, and nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::app::{self, App};
use crate::base::calendar::Day;
use crate::base::clock::Instant;
use crate::boards;
use crate::digest;
use crate::kudos;
use crate::outbox::{self, Claimed, Ending};
use crate::prompts;
use crate::store::{StoreError, Tx};
use crate::workspace;

/// Rows that are sent at the same time.
const AT_ONCE: usize = 16;
/// How often the queue is looked at when nobody wakes the runner: another process may have filled it.
const POLL: Duration = Duration::from_secs(1);
/// How often it is looked at while something waits for its channel's turn.
const POLL_BUSY: Duration = Duration::from_millis(100);
/// How long settled rows and noted deliveries are kept. Slack repeats a delivery for hours at most.
const KEEP: Duration = Duration::from_secs(7 * 86_400);
/// How often the settings are read again: another process may have changed them.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// How often boards follow what was given. Seldom enough that a burst is counted together.
const RANK_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked whether a month is to be told.
const DIGEST_EVERY: Duration = Duration::from_secs(20);
/// How often old rows are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Runs the outbox and the schedules of one process. Several processes may run at once.
pub struct Runner {
    app: Arc<App>,
    swept: Option<Instant>,
    digested: Option<Instant>,
    ranked: Option<Instant>,
    reloaded: Option<Instant>,
    words_dropped: Option<Day>,
    sending: JoinSet<()>,
    claimed: HashMap<Id, Claimed>,
}

impl Runner {
    /// A runner for this app.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            swept: None,
            digested: None,
            ranked: None,
            reloaded: None,
            words_dropped: None,
            sending: JoinSet::new(),
            claimed: HashMap::new(),
        }
    }

    /// Runs until `stop`, then waits for what is being sent (at most the app's stop deadline) and gives the rest back.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let started = match self.start_due().await {
                Ok(started) => started,
                Err(error) => {
                    tracing::error!(%error, "the queue could not be read");
                    0
                }
            };
            let (pause, full) = if started > 0 {
                (Duration::ZERO, false)
            } else {
                self.pause().await
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(done) = self.sending.join_next_with_id(), if !self.sending.is_empty() => self.note(done),
                // Whatever is new has to wait like the rest while every channel rests, and there may be a thousand a
                // second of it.
                () = self.app.woken(), if !full && self.sending.len() < AT_ONCE => {}
                () = tokio::time::sleep(pause.max(Duration::from_millis(5))) => {}
            }
            while let Some(done) = self.sending.try_join_next_with_id() {
                self.note(done);
            }
        }
        let deadline = self.app.deadlines.stop;
        let drained = tokio::time::timeout(deadline, async {
            while let Some(done) = self.sending.join_next_with_id().await {
                self.note(done);
            }
        });
        if drained.await.is_err() {
            self.give_back().await;
        }
    }

    /// Runs everything that is due now and waits for it. Returns how many rows were sent or tried.
    ///
    /// # Errors
    /// [`StoreError`] when the queue can't be read.
    pub async fn run_due(&mut self) -> Result<usize, StoreError> {
        let mut ran = 0;
        loop {
            let started = self.start_due().await?;
            while let Some(done) = self.sending.join_next_with_id().await {
                self.note(done);
            }
            if started == 0 {
                return Ok(ran);
            }
            ran += started;
        }
    }

    /// The next instant at which something may be due; `None` when nothing waits.
    ///
    /// # Errors
    /// [`StoreError`] when the queue can't be read.
    pub async fn next_due(&self) -> Result<Option<Instant>, StoreError> {
        let ctx = &self.app.ctx;
        ctx.db
            .read(async |tx: &mut Tx| {
                let sends = outbox::next_due(tx, &ctx.workspace.id).await?;
                let prompts = prompts::next_due(tx, &ctx.workspace.id).await?;
                Ok([sends, prompts].into_iter().flatten().min())
            })
            .await
    }

    fn note(&mut self, done: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match &done {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        if let Some(claimed) = self.claimed.remove(&id)
            && done.is_err()
        {
            // Its lease runs out, and it is tried again.
            tracing::error!(outbox = %claimed.id, kind = claimed.kind.name(), "sending a row panicked");
        }
    }

    /// How long nothing is to be done, and whether that is because what is due has to wait for its turn.
    async fn pause(&self) -> (Duration, bool) {
        let now = self.app.ctx.clock.now();
        match self.next_due().await {
            Ok(Some(due)) if due <= now => (POLL_BUSY, true),
            Ok(Some(due)) => (due.since(now).min(POLL), false),
            _ => (POLL, false),
        }
    }

    /// Does what the clock asks for and begins to send what may be sent now.
    async fn start_due(&mut self) -> Result<usize, StoreError> {
        let ctx = &self.app.ctx;
        let now = ctx.clock.now();
        self.keep_house(now).await?;
        let ctx = &self.app.ctx;
        let free = AT_ONCE - self.sending.len().min(AT_ONCE);
        // Reading first: an idle queue takes no write lock.
        let due = ctx
            .db
            .read(async |tx: &mut Tx| outbox::next_due(tx, &ctx.workspace.id).await)
            .await?;
        if free == 0 || due.is_none_or(|due| due > now) {
            return Ok(0);
        }
        let id = ctx.workspace.id.clone();
        let most = i64::try_from(free).unwrap_or(1);
        let rows = ctx
            .db
            .write(async move |tx: &mut Tx| outbox::claim(tx, &id, now, most).await)
            .await?;
        let started = rows.len();
        for row in rows {
            let app = Arc::clone(&self.app);
            let task = self.sending.spawn(send(app, row.clone()));
            self.claimed.insert(task.id(), row);
        }
        Ok(started)
    }

    async fn keep_house(&mut self, now: Instant) -> Result<(), StoreError> {
        let ctx = &self.app.ctx;
        let id = &ctx.workspace.id;
        let late = ctx
            .db
            .read(async |tx: &mut Tx| outbox::late(tx, id, now, 100).await)
            .await?;
        for row in &late {
            // One row that can't be told must not hold up the others.
            if let Err(error) = app::late(&self.app, row).await {
                tracing::error!(%error, outbox = %row.id, "the owner of a late row could not be told");
            }
        }
        let due = ctx.db.read(async |tx: &mut Tx| prompts::next_due(tx, id).await).await?;
        // What can't be entered now is entered at the next look; the queue goes on.
        if due.is_some_and(|due| due <= now)
            && let Err(error) = prompts::tick(ctx, &self.app.packs).await
        {
            tracing::error!(%error, "prompts that are due could not be entered");
        }
        if self.reloaded.is_none_or(|reloaded| now.since(reloaded) >= RELOAD_EVERY) {
            ctx.reload_settings().await?;
            self.reloaded = Some(now);
        }
        if self.ranked.is_none_or(|ranked| now.since(ranked) >= RANK_EVERY) {
            kudos::catch_up(&ctx.db, id).await?;
            self.ranked = Some(now);
        }
        if self.digested.is_none_or(|digested| now.since(digested) >= DIGEST_EVERY) {
            // Found again at the next look; kudos don't wait for it.
            if let Err(error) = digest::tick(ctx).await {
                tracing::error!(%error, "whether a month is to be told could not be found out");
            }
            self.digested = Some(now);
        }
        if self.swept.is_none_or(|swept| now.since(swept) >= SWEEP_EVERY) {
            let id = ctx.workspace.id.clone();
            ctx.db
                .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                    workspace::deliver::sync_members_when_due(tx, &id, now).await?;
                    outbox::sweep(tx, &id, now.minus(KEEP)).await?;
                    kudos::sweep_deliveries(tx, &id, now.minus(KEEP)).await?;
                    kudos::sweep_reactions(tx, &id, now.minus(KEEP)).await?;
                    workspace::drafts::sweep(tx, &id, now).await?;
                    Ok(())
                })
                .await?;
            self.swept = Some(now);
            boards::keep_month(ctx).await?;
            let today = kudos::workspace_today(ctx).await?;
            if self.words_dropped != Some(today) {
                kudos::drop_old_words(ctx, today).await?;
                self.words_dropped = Some(today);
            }
        }
        Ok(())
    }

    /// The stop's deadline came while rows were being sent: whether they arrived is unknown.
    async fn give_back(&mut self) {
        self.sending.abort_all();
        let rows: Vec<Claimed> = self.claimed.drain().map(|(_, row)| row).collect();
        let now = self.app.ctx.clock.now();
        let given_back: Result<(), StoreError> = self
            .app
            .ctx
            .db
            .write(async move |tx: &mut Tx| {
                for row in &rows {
                    let why = "stopped while it was being sent".to_owned();
                    let ending = Ending::Retry {
                        after: Some(Duration::ZERO),
                        why,
                        unsettled: true,
                    };
                    outbox::settle(tx, row, &ending, now).await?;
                }
                Ok(())
            })
            .await;
        if let Err(error) = given_back {
            tracing::error!(%error, "rows could not be given back; their leases run out in a minute");
        }
    }
}

async fn send(app: Arc<App>, row: Claimed) {
    let ending = app::deliver(&app, &row).await.unwrap_or_else(|error| {
        tracing::error!(%error, outbox = %row.id, kind = row.kind.name(), "what came of a row could not be stored");
        Ending::Retry {
            after: None,
            why: "the database failed".to_owned(),
            unsettled: true,
        }
    });
    match &ending {
        Ending::Recorded | Ending::Done | Ending::Moved { .. } => {}
        Ending::Retry { why, .. } => {
            tracing::warn!(why, outbox = %row.id, kind = row.kind.name(), attempts = row.attempts, "a row waits for its next try");
        }
        Ending::RateLimited { after } => {
            tracing::warn!(
                seconds = after.as_secs(),
                kind = row.kind.name(),
                method = row.kind.method(),
                "Slack asks to wait"
            );
        }
        Ending::Failed { why } => {
            tracing::error!(why, outbox = %row.id, kind = row.kind.name(), "a row was given up");
        }
    }
    if ending == Ending::Recorded {
        return;
    }
    let now = app.ctx.clock.now();
    let settled: Result<(), StoreError> = app
        .ctx
        .db
        .write(async move |tx: &mut Tx| outbox::settle(tx, &row, &ending, now).await)
        .await;
    if let Err(error) = settled {
        tracing::error!(%error, "how a row ended could not be stored; its lease runs out in a minute");
    }
}
