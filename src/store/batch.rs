//! Group commit: one thread owns the connection that writes to SQLite and commits whatever waits at once.
//!
//! The thread sends BEGIN, SAVEPOINT and COMMIT itself: when a full disk makes SQLite roll back everything,
//! `sqlx::Transaction` would not notice and refuse every later transaction on that connection.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::engine::Tx;
use super::error::StoreError;

/// The most writes that share one commit; bounds how long the first one waits for the last.
const BATCH: usize = 256;
/// How long one write may take before it is rolled back, since everybody waits for it.
const WRITE_DEADLINE: Duration = Duration::from_millis(1_500);
/// Writes that may wait; beyond it, callers wait to hand theirs in.
const QUEUE: usize = 4_096;

/// The way to the writing thread. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Box<dyn Job>>);

/// Ends the writing thread.
pub(super) struct WriterGuard {
    stop: tokio_util::sync::CancellationToken,
    thread: Mutex<Option<JoinHandle<()>>>,
}

trait Job: Send {
    /// False when nobody waits for the answer any more.
    fn wanted(&self) -> bool;
    /// Runs the write; true if it may be committed.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, bool>;
    /// Tells the caller.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Write<T, E, F> {
    f: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Write<T, E, F>
where
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, bool> {
        Box::pin(async move {
            let work = AssertUnwindSafe(async { (self.f)(&mut *tx).await }).catch_unwind();
            let result = match tokio::time::timeout(WRITE_DEADLINE, work).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(StoreError::Panicked.into()),
                Err(_) => Err(StoreError::TooSlow.into()),
            };
            let result = match tx.take_failure() {
                // A swallowed error: PostgreSQL has rolled back by then, so SQLite must not store it either.
                Some(error) if result.is_ok() => Err(error.into()),
                _ => result,
            };
            self.result.insert(result).is_ok()
        })
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.result) {
            // Its own error says more than the batch's.
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::BatchBroken.into()),
        };
        // A caller that has gone doesn't need the answer.
        let _ = self.reply.send(answer);
    }
}

impl Writer {
    pub(super) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
    ) -> Result<(Self, WriterGuard), std::io::Error> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let stop = tokio_util::sync::CancellationToken::new();
        let stopped = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let thread = std::thread::Builder::new()
            .name("plaudit-writer".to_owned())
            .spawn(move || runtime.block_on(write_all(connection, options, receiver, stopped)))?;
        Ok((
            Self(sender),
            WriterGuard {
                stop,
                thread: Mutex::new(Some(thread)),
            },
        ))
    }

    pub(super) async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Write { f, result: None, reply });
        self.0.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl WriterGuard {
    /// Lets the writes that wait finish, then ends the thread.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            // The thread answers its queue and ends; a panic in it has been caught per write.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

async fn write_all(
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    stop: tokio_util::sync::CancellationToken,
) {
    let mut tx = Tx::writer(connection);
    let mut reopen = false;
    loop {
        let first = tokio::select! {
            biased;
            job = queue.recv() => job,
            () = stop.cancelled() => {
                queue.close();
                queue.recv().await
            }
        };
        let Some(first) = first else { break };
        let mut batch = vec![first];
        while batch.len() < BATCH {
            match queue.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        batch.retain(|job| job.wanted());
        if batch.is_empty() {
            continue;
        }
        if reopen {
            match options.connect().await {
                Ok(connection) => tx.replace_writer(connection),
                Err(error) => {
                    fail(batch, &StoreError::Commit(Arc::new(error)));
                    continue;
                }
            }
        }
        reopen = !run(&mut tx, batch).await;
    }
    tx.close_writer().await;
}

/// Runs a batch in one transaction and answers it. False if the connection should be opened anew.
async fn run(tx: &mut Tx, batch: Vec<Box<dyn Job>>) -> bool {
    if let Err(error) = control(tx, "BEGIN IMMEDIATE").await {
        let locked = is_locked(&error);
        fail(batch, &StoreError::Commit(Arc::new(error)));
        return locked;
    }
    // A lone write needs no savepoint: the transaction itself is rolled back.
    let alone = batch.len() == 1;
    let mut waiting: VecDeque<Box<dyn Job>> = batch.into();
    let mut done: Vec<Box<dyn Job>> = Vec::with_capacity(waiting.len());
    let mut anything = false;
    let mut broken = None;
    while let Some(mut job) = waiting.pop_front() {
        if !alone && let Err(error) = control(tx, "SAVEPOINT one").await {
            broken = Some(error);
            done.push(job);
            break;
        }
        let good = job.run(tx).await;
        done.push(job);
        anything |= good;
        if alone {
            break;
        }
        // After the engine's own rollback (a full disk) these fail, and the next write would commit by itself.
        let settled = if good {
            control(tx, "RELEASE one").await
        } else {
            match control(tx, "ROLLBACK TO one").await {
                Ok(()) => control(tx, "RELEASE one").await,
                error => error,
            }
        };
        if let Err(error) = settled {
            broken = Some(error);
            break;
        }
    }
    if broken.is_some() || !anything {
        // Its answer doesn't matter: either there is nothing to roll back, or the connection is opened anew.
        let rolled_back = control(tx, "ROLLBACK").await.is_ok();
        for job in done {
            job.answer(Err(StoreError::BatchBroken));
        }
        fail(waiting.into(), &StoreError::BatchBroken);
        return rolled_back;
    }
    match control(tx, "COMMIT").await {
        Ok(()) => {
            for job in done {
                job.answer(Ok(()));
            }
            true
        }
        Err(error) => {
            let rolled_back = control(tx, "ROLLBACK").await.is_ok();
            fail(done, &StoreError::Commit(Arc::new(error)));
            rolled_back
        }
    }
}

async fn control(tx: &mut Tx, statement: &'static str) -> Result<(), sqlx::Error> {
    match tx.connection() {
        super::Connection::Sqlite(connection) => sqlx::query(statement).execute(connection).await.map(|_| ()),
        // The writer only ever holds SQLite's connection.
        super::Connection::Postgres(_) => Ok(()),
    }
}

fn is_locked(error: &sqlx::Error) -> bool {
    // SQLITE_BUSY and its extended codes.
    matches!(error, sqlx::Error::Database(error) if matches!(error.code().as_deref(), Some("5" | "261" | "517" | "773")))
}

fn fail(batch: Vec<Box<dyn Job>>, error: &StoreError) {
    for job in batch {
        job.answer(Err(error.clone()));
    }
}

/// The hot path: many callers, one list. Whatever waits is handed over at once; nobody waits for more callers.
pub struct Collector<I, O>(mpsc::UnboundedSender<(I, oneshot::Sender<Result<O, StoreError>>)>);

impl<I, O> Clone for Collector<I, O> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<I: Send + 'static, O: Send + 'static> Collector<I, O> {
    /// Starts a collector that hands lists of at most `max` items to `flush`, one list at a time. `flush` returns
    /// an answer per item, in order. Ends when the last clone is dropped.
    pub fn new<F>(max: usize, flush: F) -> Self
    where
        F: Fn(Vec<I>) -> BoxFuture<'static, Vec<Result<O, StoreError>>> + Send + Sync + 'static,
    {
        let (sender, mut waiting) = mpsc::unbounded_channel::<(I, oneshot::Sender<Result<O, StoreError>>)>();
        tokio::spawn(async move {
            let mut list = Vec::new();
            while waiting.recv_many(&mut list, max).await > 0 {
                // Callers come in flocks (the last list's answers let them all go on at once). Whoever is ready to
                // hand something in does so first; when nobody is, this costs nothing.
                tokio::task::yield_now().await;
                while list.len() < max
                    && let Ok(more) = waiting.try_recv()
                {
                    list.push(more);
                }
                let (items, replies): (Vec<I>, Vec<_>) = list.drain(..).unzip();
                let mut answers = flush(items).await.into_iter();
                for reply in replies {
                    // A caller that has gone doesn't need the answer.
                    let _ = reply.send(answers.next().unwrap_or(Err(StoreError::Closed)));
                }
            }
        });
        Self(sender)
    }

    /// Hands in one item and waits for its answer. A caller that goes away doesn't take its item back.
    pub async fn put(&self, item: I) -> Result<O, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.send((item, reply)).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}
