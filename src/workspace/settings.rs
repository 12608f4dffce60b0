//! How Plaudit behaves in a workspace: what the environment says, and above it what stewards have set in Slack.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use super::audit::{self, Entry};
use super::{Ctx, Guest, Member, Place, PlaceKind, enqueue_team, refresh_homes};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, TeamId, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, sql};

/// The settings of a workspace; what it hasn't set itself comes from the environment. Each field is stored under its
/// own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// What the workspace cares about.
    pub values: Vec<Value>,
    /// Emoji that give: names without colons and skin tones. None until a steward has chosen one.
    pub emoji: Vec<String>,
    /// Who may give.
    pub givers: Givers,
    /// Whether guests of a single channel are people like others.
    pub single_channel_guests: bool,
    /// The fewest words of a reason; 0 = any. Fewer words are no reason to refuse unless a steward asks for more.
    pub least_words: usize,
    /// How kudos are announced in the recognition channel.
    pub announcement: Announcement,
    /// Channels shared with another company where cards may be posted and strangers thanked.
    pub shared_channels: BTreeSet<ChannelId>,
    /// Nothing is posted by itself while this is set: "silence is safe".
    pub silence: Option<Silence>,
    /// Whether each month is told in a digest.
    pub digest: bool,
    /// Where digests are posted; `None` = the recognition channel.
    pub digest_channel: Option<ChannelId>,
    /// After how many months words are dropped, while counts stay; `None` = never.
    pub keep_words: Option<u32>,
    /// Whether there are boards.
    pub boards: bool,
    /// Whether leads may see who of their team was not thanked for 20 working days.
    pub forgotten_list: bool,
    /// Whether figures of persons are told to others at all. Only the environment says so: `false` switches off boards
    /// and the nobody-forgotten list, whatever stewards set.
    pub personal_figures: bool,
    /// The team whose figures come first: a user group's or channel's id, or that of a typed list; `None` = everybody.
    pub team: Option<TeamId>,
    /// Whether a prompt opens with the best-liked answer to the one before.
    pub best_answer: bool,
}

/// Something that the workspace cares about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Its name, without `#`.
    pub name: String,
    /// The emoji's name without colons; may be empty.
    #[serde(default)]
    pub emoji: String,
    /// What it means, in one line; may be empty.
    #[serde(default)]
    pub meaning: String,
}

impl Value {
    /// A value of which nothing but its name is known.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            emoji: String::new(),
            meaning: String::new(),
        }
    }
}

/// Who may give. People of other companies never may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Givers {
    /// Everybody in the workspace.
    #[default]
    Everyone,
    /// Everybody but guests.
    FullMembers,
}

/// How kudos are announced in the recognition channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    /// Each on its own, at once.
    #[default]
    Live,
    /// Each at once, in the thread of the day's opening post.
    Thread,
    /// All together, on the next working morning.
    RoundUp,
}

/// Who stopped every automatic post, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Who.
    pub by: UserId,
    /// Since when.
    pub since: Instant,
}

/// Kudos per giver and local day unless set.
pub const DEFAULT_ALLOWANCE: i64 = 5;
/// The values that are shipped, with what they mean.
pub const DEFAULT_VALUES: [(&str, &str, &str); 6] = [
    ("calm", "ocean", "kept a clear head, and others with it"),
    ("clarity", "bulb", "made something easy to understand"),
    ("curiosity", "mag", "asked until the real cause was found"),
    ("kindness", "blue_heart", "treated somebody as a person first"),
    ("ownership", "key", "saw it through to the end"),
    ("teamwork", "handshake", "made others' work easier"),
];
/// The command's name unless set.
pub const DEFAULT_COMMAND: &str = "/kudos";

impl Default for Settings {
    fn default() -> Self {
        let values = DEFAULT_VALUES.map(|(name, emoji, meaning)| Value {
            name: name.to_owned(),
            emoji: emoji.to_owned(),
            meaning: meaning.to_owned(),
        });
        Self {
            command: DEFAULT_COMMAND.to_owned(),
            channel: None,
            allowance: Some(DEFAULT_ALLOWANCE),
            timezone: None,
            stewards: Vec::new(),
            values: values.to_vec(),
            emoji: Vec::new(),
            givers: Givers::default(),
            single_channel_guests: true,
            least_words: 0,
            announcement: Announcement::default(),
            shared_channels: BTreeSet::new(),
            silence: None,
            digest: true,
            digest_channel: None,
            keep_words: None,
            boards: true,
            forgotten_list: false,
            personal_figures: true,
            team: None,
            best_answer: false,
        }
    }
}

impl Settings {
    /// The names of the values, without `#`.
    pub fn value_names(&self) -> Vec<String> {
        self.values.iter().map(|value| value.name.clone()).collect()
    }

    /// Whether there are boards.
    pub fn shows_boards(&self) -> bool {
        self.boards && self.personal_figures
    }

    /// Whether leads may see who was not thanked for 20 working days.
    pub fn shows_forgotten(&self) -> bool {
        self.forgotten_list && self.personal_figures
    }

    /// Whether this person may change settings.
    pub fn is_steward(&self, member: &UserId) -> bool {
        self.stewards.contains(member)
    }

    /// A channel shared with another company gets cards once a steward said so. Like a private one it keeps to itself
    /// what is given there: who is thanked there may see no other.
    pub fn let_in(&self, place: &mut Place) {
        if place.is_shared && self.shared_channels.contains(&place.channel) {
            place.is_shared = false;
            place.kind = PlaceKind::Private;
        }
    }

    /// Whether this person may be thanked for what was given in `given_in`.
    pub fn may_be_thanked(&self, member: &Member, given_in: Option<&ChannelId>) -> bool {
        let is_stranger_let_in = given_in.is_some_and(|channel| self.shared_channels.contains(channel));
        !member.is_bot
            && !member.is_deleted
            && !member.is_forgotten
            && (!member.is_stranger || is_stranger_let_in)
            && (member.guest != Guest::Single || self.single_channel_guests)
    }

    /// Whether this person may give.
    pub fn may_give(&self, giver: &Member) -> bool {
        let is_guest_let_in = match giver.guest {
            Guest::No => true,
            Guest::Multi => self.givers == Givers::Everyone,
            Guest::Single => self.givers == Givers::Everyone && self.single_channel_guests,
        };
        !giver.is_bot && !giver.is_stranger && !giver.is_forgotten && is_guest_let_in
    }

    /// The same settings with what a workspace has stored above them. What can't be read is left as it was.
    #[must_use]
    fn with(&self, stored: Vec<(String, String)>) -> Self {
        let mut settings = self.clone();
        for (name, value) in stored {
            if name == "personal_figures" {
                continue;
            }
            match settings.with_field(&name, &value) {
                Some(changed) => settings = changed,
                None => tracing::warn!(name, "a stored setting can't be read, so it isn't used"),
            }
        }
        settings
    }

    /// The same with one field as it is stored, in JSON; `None` if it can't be read.
    pub fn with_field(&self, name: &str, value: &str) -> Option<Self> {
        let mut fields = self.fields();
        *fields.get_mut(name)? = serde_json::from_str(value).ok()?;
        serde_json::from_value(Json::Object(fields)).ok()
    }

    /// A fingerprint of some fields, by which a form knows whether they changed while it was open.
    pub fn fingerprint(&self, names: &[impl AsRef<str>]) -> String {
        let fields = self.fields();
        let mut digest = Sha256::new();
        for name in names {
            digest.update(fields.get(name.as_ref()).unwrap_or(&Json::Null).to_string());
            digest.update([0]);
        }
        let digest = digest.finalize();
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The same with some fields as in `other`.
    #[must_use]
    fn taking(&self, names: &[impl AsRef<str>], other: &Self) -> Self {
        let (mut fields, theirs) = (self.fields(), other.fields());
        for name in names {
            if let (Some(field), Some(value)) = (fields.get_mut(name.as_ref()), theirs.get(name.as_ref())) {
                *field = value.clone();
            }
        }
        // What both were serialised from can be read again.
        serde_json::from_value(Json::Object(fields)).unwrap_or_else(|_| self.clone())
    }

    fn fields(&self) -> Map<String, Json> {
        match serde_json::to_value(self) {
            Ok(Json::Object(fields)) => fields,
            // A struct of texts, numbers and lists always serialises to an object.
            _ => Map::new(),
        }
    }
}

/// What became of a change to settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// They are as wished.
    Saved,
    /// Somebody else changed them meanwhile; nothing was stored.
    Meanwhile,
}

/// The settings as they are now, shared by everything that runs in this process.
#[derive(Clone, Debug)]
pub struct LiveSettings {
    environment: Arc<Settings>,
    now: Arc<RwLock<Arc<Settings>>>,
}

impl LiveSettings {
    /// What the environment says; [`Ctx::reload_settings`] adds what is stored.
    pub fn new(environment: Settings) -> Self {
        let environment = Arc::new(environment);
        Self {
            now: Arc::new(RwLock::new(Arc::clone(&environment))),
            environment,
        }
    }

    /// The settings as they are now.
    pub fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, stored: Vec<(String, String)>) {
        let settings = Arc::new(self.environment.with(stored));
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

impl Ctx {
    /// The settings as they are now: take them once, at the start of a piece of work.
    pub fn settings(&self) -> Arc<Settings> {
        self.live.get()
    }

    /// Reads what is stored: after a change here, and now and then, because another process may have changed it.
    ///
    /// # Errors
    /// [`StoreError`] when it can't be read; then everything stays as it was.
    pub async fn reload_settings(&self) -> Result<(), StoreError> {
        let stored = self
            .db
            .read(async |tx: &mut Tx| stored(tx, &self.workspace.id).await)
            .await?;
        self.live.set(stored);
        Ok(())
    }

    /// Changes settings: stores each field that differs, with an entry in the audit log, all or nothing. Returns the
    /// names of the fields that changed.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored; then nothing changed.
    pub async fn change_settings(
        &self,
        by: &UserId,
        change: impl Fn(&mut Settings) + Send + Sync + 'static,
    ) -> Result<Vec<String>, StoreError> {
        let (workspace, by, now) = (self.workspace.id.clone(), by.clone(), self.clock.now());
        let environment = Arc::clone(&self.live.environment);
        let changed = self
            .db
            .write(async move |tx: &mut Tx| {
                let before = environment.with(stored(tx, &workspace).await?);
                let mut after = before.clone();
                change(&mut after);
                store_settings(tx, &workspace, &by, &before, &after, now).await
            })
            .await?;
        self.reload_settings().await?;
        Ok(changed)
    }

    /// Sets the fields `names` to what they are in `draft`, unless somebody changed one of them since `fingerprint` was
    /// taken of them: of two stewards who save at once, the later one is asked again.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored; then nothing changed.
    pub async fn replace_settings(
        &self,
        by: &UserId,
        names: &[&str],
        fingerprint: &str,
        draft: &Settings,
    ) -> Result<Changed, StoreError> {
        let (workspace, by, now) = (self.workspace.id.clone(), by.clone(), self.clock.now());
        let (environment, draft) = (Arc::clone(&self.live.environment), draft.clone());
        let fingerprint = fingerprint.to_owned();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let changed = self
            .db
            .write(async move |tx: &mut Tx| -> Result<Changed, StoreError> {
                // Two processes come one after the other, so that the second sees what the first stored.
                sql!(tx, execute "UPDATE workspace SET name = name WHERE id = $1", &workspace)?;
                let before = environment.with(stored(tx, &workspace).await?);
                let after = before.taking(&names, &draft);
                if after == before {
                    return Ok(Changed::Saved);
                }
                if before.fingerprint(&names) != fingerprint {
                    return Ok(Changed::Meanwhile);
                }
                store_settings(tx, &workspace, &by, &before, &after, now).await?;
                Ok(Changed::Saved)
            })
            .await?;
        self.reload_settings().await?;
        Ok(changed)
    }
}

/// How Plaudit behaves in a workspace: what it has set itself above what the environment says. For commands that run
/// beside the bot; within it ask [`Ctx::settings`].
pub async fn settings_of(tx: &mut Tx, workspace: &WorkspaceId, environment: &Settings) -> Result<Settings, StoreError> {
    Ok(environment.with(stored(tx, workspace).await?))
}

/// What a workspace has set itself, as `(field, JSON)`.
pub(super) async fn stored(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Vec<(String, String)>, StoreError> {
    sql!(
        tx,
        fetch_all as (String, String),
        "SELECT name, value FROM setting WHERE workspace = $1 ORDER BY name",
        workspace
    )
}

/// Stores the fields in which two settings differ, each with its entry in the audit log; the stewards' Homes show it.
/// Returns their names.
pub async fn store_settings(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    by: &UserId,
    before: &Settings,
    after: &Settings,
    now: Instant,
) -> Result<Vec<String>, StoreError> {
    let stewards: BTreeSet<UserId> = before.stewards.iter().chain(&after.stewards).cloned().collect();
    if let Some(team) = after.team.as_ref().filter(|_| after.team != before.team) {
        enqueue_team(tx, workspace, team, now).await?;
    }
    let (before, after) = (before.fields(), after.fields());
    let mut changed = Vec::new();
    for (name, value) in &after {
        let was = before.get(name).unwrap_or(&Json::Null);
        if was == value {
            continue;
        }
        sql!(
            tx,
            execute "INSERT INTO setting (workspace, name, value) VALUES ($1, $2, $3)
                     ON CONFLICT (workspace, name) DO UPDATE SET value = excluded.value",
            workspace,
            name,
            value.to_string()
        )?;
        let what = format!("setting.{name}");
        audit::enter(tx, workspace, &Entry::new(by, &what, "").values(was, value), now).await?;
        changed.push(name.clone());
    }
    if !changed.is_empty() {
        refresh_homes(tx, workspace, &stewards.into_iter().collect::<Vec<_>>(), now).await?;
    }
    Ok(changed)
}
