//! A workspace that outlives its process.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Sandbox;
use super::seen::Shown;
use super::state::{Channel, Group, Person};
use super::views::OpenView;
use crate::base::clock::Clock;
use crate::base::ids::{ChannelId, GroupId, UserId};

/// Numbers that are left out after a restore: ids that were handed out after the last save must not come again.
const LEFT_OUT: u64 = 10_000;

/// What stays of a workspace: people, places and what was said there, reactions and open views, and the app's token and secret. What was on its
/// way, response_urls, faults and records of the traffic don't.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    token: String,
    signing_secret: String,
    counter: u64,
    people: BTreeMap<UserId, Person>,
    channels: BTreeMap<ChannelId, Channel>,
    groups: BTreeMap<GroupId, Group>,
    ephemeral: Vec<Shown>,
    #[serde(default)]
    views: BTreeMap<String, OpenView>,
    #[serde(default)]
    stacks: BTreeMap<UserId, Vec<String>>,
    #[serde(default)]
    homes: BTreeMap<UserId, String>,
}

impl Sandbox {
    /// The workspace as it stands, to be kept.
    pub fn saved(&self) -> Saved {
        self.with(|state| Saved {
            token: state.token.clone(),
            signing_secret: state.signing_secret.clone(),
            counter: state.counter,
            people: state.people.clone(),
            channels: state.channels.clone(),
            groups: state.groups.clone(),
            ephemeral: state.ephemeral.clone(),
            views: state.views.clone(),
            stacks: state.stacks.clone(),
            homes: state.homes.clone(),
        })
    }

    /// [`Sandbox::start`] with a workspace that was saved before.
    ///
    /// # Errors
    /// As at the start.
    pub async fn restore(manifest: impl Serialize, clock: Arc<dyn Clock>, saved: Saved) -> io::Result<Self> {
        let sandbox = Self::start(manifest, clock).await?;
        sandbox.with(|state| {
            state.token = saved.token;
            state.signing_secret = saved.signing_secret;
            state.counter = saved.counter + LEFT_OUT;
            state.people = saved.people;
            state.channels = saved.channels;
            state.groups = saved.groups;
            state.ephemeral = saved.ephemeral;
            state.views = saved.views;
            state.stacks = saved.stacks;
            state.homes = saved.homes;
        });
        Ok(sandbox)
    }
}
