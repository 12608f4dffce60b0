//! What each person has read, so that the rest can be marked.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::sandbox::seen::{Author, Shown};
use crate::sandbox::state::{Channel, Kind};

/// Direct messages as old as this when the page began are still unread: the visitor has just been thanked.
const JUST_NOW: Duration = Duration::from_secs(3_600);

/// Up to where everybody has read every place.
pub(super) struct Reads {
    since: Instant,
    last: HashMap<(UserId, ChannelId), MessageTs>,
}

impl Reads {
    /// Everything before now counts as read, but for direct messages of the last hour.
    pub(super) fn since(now: Instant) -> Self {
        Self {
            since: now,
            last: HashMap::new(),
        }
    }

    /// That person looks at the place.
    pub(super) fn read(&mut self, me: &UserId, there: &Channel) {
        if let Some(shown) = there.messages.last() {
            self.last.insert((me.clone(), there.id.clone()), shown.ts.clone());
        }
    }

    /// Whether there is something new for that person, and how many messages call for them.
    pub(super) fn unread(&self, me: &UserId, there: &Channel) -> (bool, usize) {
        let is_direct = matches!(there.kind, Kind::Im | Kind::Mpim);
        let from = match self.last.get(&(me.clone(), there.id.clone())) {
            Some(ts) => ts.to_string(),
            None if is_direct => self.since.minus(JUST_NOW).seconds().to_string(),
            None => self.since.seconds().to_string(),
        };
        let is_new =
            |shown: &&Shown| shown.thread_ts.is_none() && !matches!(&shown.author, Author::Person(id) if id == me);
        let new = || {
            there
                .messages
                .iter()
                .rev()
                .take_while(|shown| shown.ts.as_str() > from.as_str())
                .filter(is_new)
        };
        let calls = |shown: &&Shown| is_direct || shown.pings.contains(me);
        (new().next().is_some(), new().filter(calls).count())
    }
}
