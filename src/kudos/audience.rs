//! For whom a message of a kudos is.

use crate::base::ids::UserId;

/// For whom a message of a kudos is; there is one message for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Audience {
    /// Everybody where it is announced: the card.
    Card,
    /// Everybody in the recognition channel, where the giver announced it afterwards: a second card.
    Also,
    /// Everybody in the recognition channel: the round-up that names it among others.
    Roundup,
    /// A receiver: the DM.
    Receiver(UserId),
    /// A steward: somebody reported it.
    Report(UserId),
    /// The giver: this receiver says thanks back.
    Thanks(UserId),
}

const ALSO: &str = "also";
const ROUNDUP: &str = "roundup";
const REPORT: &str = "report ";
const THANKS: &str = "thanks ";

impl Audience {
    /// The audience of a name in the database.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "" => Self::Card,
            ALSO => Self::Also,
            ROUNDUP => Self::Roundup,
            _ => {
                if let Some(steward) = name.strip_prefix(REPORT) {
                    Self::Report(steward.into())
                } else if let Some(receiver) = name.strip_prefix(THANKS) {
                    Self::Thanks(receiver.into())
                } else {
                    Self::Receiver(name.into())
                }
            }
        }
    }

    /// The name in the database.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Card => String::new(),
            Self::Also => ALSO.to_owned(),
            Self::Roundup => ROUNDUP.to_owned(),
            Self::Receiver(member) => member.0.clone(),
            Self::Report(steward) => format!("{REPORT}{steward}"),
            Self::Thanks(receiver) => format!("{THANKS}{receiver}"),
        }
    }
}
