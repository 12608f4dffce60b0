//! Floor 7: settings for stewards, in Home and by command; the first run; hello.
//!
//! What a setting is, is [`crate::workspace::Settings`]. Here is how a steward sees and changes it, one small form each.

pub mod deliver;
mod fields;
mod first;
pub mod inputs;
pub mod messages;
mod teams;

use std::collections::{BTreeMap, BTreeSet};

pub use fields::Field;

use crate::base::ids::UserId;
use crate::slack::blocks::Block;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx, Locale, Member, Settings, Team};

/// The words after the command that are this feature's.
pub const RESERVED: [&str; 2] = ["settings", "setup"];

/// The language and names that settings are told with, and the zone of their instants.
pub struct Known {
    locale: Locale,
    members: BTreeMap<UserId, Member>,
    zone: chrono_tz::Tz,
    teams: Vec<Team>,
}

impl Known {
    /// Somebody's name, as it may stand in mrkdwn.
    fn name(&self, id: &UserId) -> String {
        let name = self.members.get(id).map(|member| member.name.as_str());
        crate::slack::mrkdwn::plain_name(name.unwrap_or("somebody who left"))
    }

    /// The teams that somebody leads.
    fn led_by(&self, lead: &UserId) -> impl Iterator<Item = &Team> {
        self.teams.iter().filter(|team| team.leads.contains(lead))
    }

    /// Several names, as a person would list them.
    fn names<'a>(&self, ids: impl IntoIterator<Item = &'a UserId>) -> String {
        crate::base::text::list_names(&ids.into_iter().map(|id| self.name(id)).collect::<Vec<_>>())
    }
}

/// Who is needed to tell the settings, and those in `more`.
async fn known(ctx: &Ctx, settings: &Settings, more: impl IntoIterator<Item = UserId>) -> Result<Known, StoreError> {
    let mut people: BTreeSet<UserId> = settings.stewards.iter().cloned().chain(more).collect();
    people.extend(settings.silence.iter().map(|silence| silence.by.clone()));
    let (members, teams) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let teams = workspace::teams(tx, &ctx.workspace.id).await?;
            people.extend(teams.iter().flat_map(|team| team.leads.iter().cloned()));
            Ok((workspace::members(tx, &ctx.workspace.id, &people).await?, teams))
        })
        .await?;
    let zone = workspace_zone(settings, &members);
    Ok(Known {
        locale: ctx.locale,
        members,
        zone,
        teams,
    })
}

/// What stands below in somebody's Home: the settings for a steward, their teams for a lead, nothing for anybody else.
///
/// # Errors
/// [`StoreError`] when names can't be read.
pub async fn section(ctx: &Ctx, member: &UserId) -> Result<Vec<Block>, StoreError> {
    let settings = ctx.settings();
    let known = known(ctx, &settings, None).await?;
    if !settings.is_steward(member) {
        return Ok(messages::teams::section(&known, member));
    }
    Ok(messages::section(&settings, &known))
}
