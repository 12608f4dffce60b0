//! Those in the demo's workspace whom the demo itself must know.

use chrono_tz::Tz;

use crate::base::ids::{ChannelId, UserId};
use crate::sandbox::Sandbox;

/// Found by handle and name, so that a kept workspace has them too.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    /// As whom a visitor lands.
    pub visitor: UserId,
    /// Whom the visitor is invited to thank: a handle.
    pub example: &'static str,
    /// Where people are when they don't say where.
    pub support: ChannelId,
    /// The recognition channel.
    pub recognition: ChannelId,
    pub steward: UserId,
    /// Public channels in which people thank each other.
    pub busy: Vec<ChannelId>,
    /// The workspace's zone, unless it is set: head office's.
    pub zone: Tz,
}

impl Cast {
    /// `None` if somebody or something is missing: another demo's workspace.
    pub(super) fn find(sandbox: &Sandbox) -> Option<Self> {
        Some(Self {
            visitor: sandbox.person("mo")?,
            example: "lee",
            support: sandbox.channel("support")?,
            recognition: sandbox.channel("kudos")?,
            zone: Tz::Europe__Berlin,
            steward: sandbox.person("priya")?,
            busy: ["support", "support-emea", "kudos"]
                .iter()
                .filter_map(|name| sandbox.channel(name))
                .collect(),
        })
    }
}
