//! How much Slack lets an app do: token buckets on the sandbox's clock.

use super::state::State;
use crate::base::clock::Instant;

/// A bucket of tokens that refills steadily.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    at: Instant,
}

/// One limit: `burst` calls at once, then `per_second`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub burst: f64,
    pub per_second: f64,
}

impl Limit {
    /// A tier of so many calls a minute; "bursts tolerated" is taken as twice that at once.
    pub(super) const fn per_minute(calls: u32) -> Self {
        Self {
            burst: calls as f64 * 2.0,
            per_second: calls as f64 / 60.0,
        }
    }
}

/// chat.postMessage: about one message a second per channel, "short bursts ok".
pub(super) const CHANNEL: Limit = Limit {
    burst: 3.0,
    per_second: 1.0,
};
/// chat.postMessage: "several hundred" a minute per workspace.
pub(super) const WORKSPACE: Limit = Limit {
    burst: 300.0,
    per_second: 5.0,
};

impl State {
    /// Takes one token from each bucket, or from none: then the seconds for `Retry-After`.
    pub(super) fn take(&mut self, wanted: &[(String, Limit)], now: Instant) -> Result<(), u64> {
        if !self.strict_rates {
            return Ok(());
        }
        let mut filled = Vec::with_capacity(wanted.len());
        let mut wait = 0.0_f64;
        for (key, limit) in wanted {
            let bucket = self.buckets.get(key).copied().unwrap_or(Bucket {
                tokens: limit.burst,
                at: now,
            });
            let tokens = (bucket.tokens + now.since(bucket.at).as_secs_f64() * limit.per_second).min(limit.burst);
            if tokens < 1.0 {
                wait = wait.max((1.0 - tokens) / limit.per_second);
            }
            filled.push((key, tokens));
        }
        if wait > 0.0 {
            // A hair less than a whole second must not become a second more.
            return Err(((wait - 1e-6).ceil() as u64).max(1));
        }
        for (key, tokens) in filled {
            self.buckets.insert(
                key.clone(),
                Bucket {
                    tokens: tokens - 1.0,
                    at: now,
                },
            );
        }
        Ok(())
    }
}
