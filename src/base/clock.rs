//! The one place that reads the system's time. Everything else is given a [`Clock`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, which is also how it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

stored_as!(Instant, i64);

impl Instant {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as Slack's signatures and dates count.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved by `millis` (may be negative).
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This instant moved into the future.
    pub fn plus(self, by: Duration) -> Self {
        self.plus_millis(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
    }

    /// This instant moved into the past.
    pub fn minus(self, by: Duration) -> Self {
        self.plus_millis(-i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
    }

    /// How long it is from `earlier` to this instant; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// For calendars and for printing.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

/// Tells the time. Injected, so that tests and the demo decide what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn now(&self) -> Instant {
        Utc::now().into()
    }
}

/// The moment of real time that comes `after` from now, for a timeout that spans more than one await.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
pub fn deadline(after: Duration) -> tokio::time::Instant {
    tokio::time::Instant::now() + after
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Instant) -> Self {
        Self(AtomicI64::new(at.millis()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }

    /// Moves the clock forward to `at`; an earlier instant is ignored.
    pub fn advance_to(&self, at: Instant) {
        self.0.fetch_max(at.millis(), Ordering::SeqCst);
    }

    /// Sets the clock, also back, as somebody sets a machine's.
    pub fn set(&self, at: Instant) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}

/// The machine's clock, moved: it goes on by itself and can be turned forward, never back.
#[derive(Debug, Default)]
pub struct ShiftedClock(AtomicI64);

impl ShiftedClock {
    /// A clock that is ahead of the machine's by `millis` (behind, if negative).
    pub fn new(millis: i64) -> Self {
        Self(AtomicI64::new(millis))
    }

    /// How far it is ahead of the machine's clock, in milliseconds.
    pub fn shift(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Turns it so that it is ahead by `millis`; ignored if that were back in time.
    pub fn turn(&self, millis: i64) {
        self.0.fetch_max(millis, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Instant {
        SystemClock.now().plus_millis(self.shift())
    }
}
