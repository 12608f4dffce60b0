//! Ids as their own types, so that a channel is never passed where a person is meant.
//!
//! Slack's ids are opaque: nothing is read from their first letter except `D…`, which Slack documents as a
//! direct message. Ids of our own rows are UUIDs of version 7 in hexadecimal without dashes (32 characters):
//! they need no database to be made, and they sort by the instant they were made at.

use std::sync::Mutex;

use uuid::{ContextV7, Timestamp, Uuid};

use crate::base::clock::Instant;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub String);

        stored_as!($name, String);

        impl $name {
            /// The id as Slack or the database spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }
    };
}

id! {
    /// A workspace: Slack's `team_id` (`T…`).
    WorkspaceId
}
id! {
    /// A member of a workspace: `U…` or `W…`.
    UserId
}
id! {
    /// A conversation of any kind: `C…`, `G…` or `D…`.
    ChannelId
}
id! {
    /// A user group: `S…`.
    GroupId
}
id! {
    /// A team: the id of the user group or channel that defines it, else made by us.
    TeamId
}
id! {
    /// A message's `ts`: unique within its channel only.
    MessageTs
}
id! {
    /// One thank-you, whatever the number of its receivers. Made by us.
    KudosId
}
id! {
    /// One schedule of prompts. Made by us.
    ScheduleId
}
id! {
    /// One row of the outbox. Made by us; also the `metadata` that its message carries.
    OutboxId
}

impl ChannelId {
    /// Whether this is a direct message (`D…`): between a person and the app, or between two people.
    pub fn is_direct_message(&self) -> bool {
        self.0.starts_with('D')
    }
}

static CONTEXT: Mutex<Option<ContextV7>> = Mutex::new(None);

/// A new row id for something that happens `at`. Ids made by one process for the same millisecond keep their order.
pub fn new_id(at: Instant) -> String {
    // A poisoned lock still holds a usable counter.
    let mut context = CONTEXT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let context = context.get_or_insert_with(ContextV7::new);
    let millis = at.millis().max(0).unsigned_abs();
    let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(&*context, millis / 1000, nanos))
        .simple()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_then_by_the_order_they_were_made_in() {
        let at = Instant::from_millis(1_790_000_000_000);
        let made: Vec<String> = (0..5_000).map(|n| new_id(at.plus_millis(n / 1_000))).collect();
        let mut sorted = made.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(made, sorted);
        assert!(made.iter().all(|id| id.len() == 32));
    }
}
