//! Floor 3: the workspace. Its members, its settings, its places; and [`Ctx`], which every use case takes.

pub mod audit;
pub mod deliver;
pub mod drafts;
mod forgotten;
mod homes;
pub mod inputs;
mod members;
mod once;
mod picked;
mod places;
mod settings;
mod teams;
mod usergroups;

use std::sync::Arc;

pub use forgotten::{FORGOTTEN, KeptByWorkspace, anonymous, erase, export, forget_person, forgotten, is_anonymous};
pub use homes::{HomeOf, open_home, refresh_homes};
pub use members::{Choices, Guest, Member, choose, everybody, find_by_names, first_seen, members, remember_dm, upsert};
pub use once::{first_time, happened};
pub use picked::{Picked, look_at};
pub use places::{Place, PlaceKind, Postable, forget, place, places, remember_conversation, remember_postable};
pub use settings::{
    Announcement, Changed, DEFAULT_ALLOWANCE, Givers, LiveSettings, Settings, Silence, Value, settings_of,
    store_settings,
};
pub use teams::{
    ACTIVE, Belonged, Team, TeamKind, active_members, away_members, belonged, belonging, enqueue_team, enqueue_teams,
    headline_members, headline_team, home_team_of, home_teams, led_by, remove_team, save_team, set_away, set_people,
    settled_by, team_members, teams,
};
pub use usergroups::{
    Usergroup, UsergroupError, all_usergroups, look_up_usergroup, remember_usergroup, usergroup_members, usergroups,
};

use crate::base::clock::{Clock, Instant};
use crate::base::ids::{UserId, WorkspaceId};
use crate::slack::client::Client;
use crate::store::{Db, StoreError, Tx, sql};

/// What every use case takes.
#[derive(Clone)]
pub struct Ctx {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Slack's Web API.
    pub slack: Client,
    /// Whose request this is.
    pub workspace: Arc<Workspace>,
    /// How Plaudit behaves there; see [`Ctx::settings`].
    pub live: LiveSettings,
    /// The language of every sentence.
    pub locale: Locale,
}

/// The language of a sentence. English now; the member's Slack locale decides later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English.
    #[default]
    En,
}

/// One Slack team that installed the app.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Slack's `team_id`.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The app's own user in it.
    pub bot_user: UserId,
    /// The scopes that were granted; `None` where Slack didn't say.
    pub scopes: Option<Vec<String>>,
}

impl Workspace {
    /// Whether an admin is known not to have granted this scope.
    pub fn lacks(&self, scope: &str) -> bool {
        self.scopes
            .as_ref()
            .is_some_and(|granted| !granted.iter().any(|granted| granted == scope))
    }
}

/// Remembers that the app is installed in a workspace.
pub async fn install(
    tx: &mut Tx,
    id: &WorkspaceId,
    name: &str,
    bot_user: &UserId,
    now: Instant,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO workspace (id, name, bot_user, installed_at, members_synced_at)
                 VALUES ($1, $2, $3, $4, NULL)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, bot_user = excluded.bot_user",
        id,
        name,
        bot_user,
        now
    )?;
    Ok(())
}

/// The workspace that used this database last, as `(id, name, bot_user)`: for a start while Slack is silent.
pub async fn installed(tx: &mut Tx) -> Result<Option<(WorkspaceId, String, UserId)>, StoreError> {
    sql!(
        tx,
        fetch_optional as (WorkspaceId, String, UserId),
        "SELECT id, name, bot_user FROM workspace ORDER BY installed_at DESC, id LIMIT 1"
    )
}
