//! How Plaudit behaves in a workspace.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::base::ids::{ChannelId, UserId};

/// The settings of a workspace; what it hasn't set itself comes from the environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The slash command's name, with its slash.
    pub command: String,
    /// The recognition channel; without one, kudos are announced where they were given.
    pub channel: Option<ChannelId>,
    /// Kudos that one giver may give on one local day; `None` = no limit.
    pub allowance: Option<i64>,
    /// The zone of everything that isn't one giver's own; `None` = the first steward's, else UTC.
    pub timezone: Option<Tz>,
    /// Who may change settings.
    pub stewards: Vec<UserId>,
    /// What the workspace cares about: names without `#`.
    pub values: Vec<String>,
}

/// Kudos per giver and local day unless set.
pub const DEFAULT_ALLOWANCE: i64 = 5;
/// The values that are shipped.
pub const DEFAULT_VALUES: [&str; 6] = ["calm", "clarity", "curiosity", "kindness", "ownership", "teamwork"];
/// The command's name unless set.
pub const DEFAULT_COMMAND: &str = "/kudos";

impl Default for Settings {
    fn default() -> Self {
        Self {
            command: DEFAULT_COMMAND.to_owned(),
            channel: None,
            allowance: Some(DEFAULT_ALLOWANCE),
            timezone: None,
            stewards: Vec::new(),
            values: DEFAULT_VALUES.map(str::to_owned).to_vec(),
        }
    }
}
