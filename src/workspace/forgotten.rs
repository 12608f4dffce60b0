//! Who asked to be forgotten. What counts for others stays, under an id that leads to nobody; a digest of the person's
//! own id stops the member list, events and look-ups from writing them down again.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{Belonged, Choices, Guest, Member, belonged, led_by};
use crate::base::clock::Instant;
use crate::base::ids::{UserId, WorkspaceId, new_id};
use crate::store::{StoreError, Tx, sql};

/// What is written in the place of a forgotten person's name.
pub const FORGOTTEN: &str = "somebody who asked to be forgotten";

/// What the ids begin with that lead to nobody; no id of Slack's does.
const ANONYMOUS: &str = "forgotten-";

/// A new id that leads to nobody.
pub fn anonymous(now: Instant) -> UserId {
    UserId(format!("{ANONYMOUS}{}", new_id(now)))
}

/// Whether an id stands for somebody who was erased.
pub fn is_anonymous(id: &UserId) -> bool {
    id.as_str().starts_with(ANONYMOUS)
}

/// A digest of a person's id: enough to know them again by, and to read nothing from.
fn digest(workspace: &WorkspaceId, person: &UserId) -> String {
    let mut digest = Sha256::new();
    digest.update(workspace.as_str());
    digest.update([0]);
    digest.update(person.as_str());
    hex::encode(digest.finalize())
}

/// All that is known of somebody who was erased.
pub(super) fn nobody(id: UserId) -> Member {
    Member {
        id,
        name: FORGOTTEN.to_owned(),
        full_name: FORGOTTEN.to_owned(),
        handle: String::new(),
        zone: None,
        is_bot: false,
        is_deleted: false,
        is_stranger: false,
        is_admin: false,
        guest: Guest::No,
        dm: None,
        is_forgotten: true,
        choices: Choices::default(),
    }
}

/// Those of the given people who asked to be forgotten, and the ids that lead to nobody.
pub async fn forgotten(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    people: impl IntoIterator<Item = &UserId>,
) -> Result<BTreeSet<UserId>, StoreError> {
    let (mut forgotten, people): (BTreeSet<UserId>, BTreeSet<UserId>) =
        people.into_iter().cloned().partition(is_anonymous);
    if people.is_empty() {
        return Ok(forgotten);
    }
    let digests: Vec<_> = people.iter().map(|id| [digest(workspace, id)]).collect();
    let found: BTreeSet<String> = sql!(
        tx,
        fetch_all as (String,),
        "SELECT t.member FROM json_each($1) j CROSS JOIN tombstone t WHERE t.workspace = $2 AND t.member = j.value ->> 0",
        json!(digests).to_string(),
        workspace
    )?
    .into_iter()
    .map(|(digest,)| digest)
    .collect();
    forgotten.extend(people.into_iter().filter(|id| found.contains(&digest(workspace, id))));
    Ok(forgotten)
}

/// Sees to it that a person is never written down again. True for the first who asks for it.
pub async fn forget_person(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    person: &UserId,
    now: Instant,
) -> Result<bool, StoreError> {
    let entered = sql!(
        tx,
        execute "INSERT INTO tombstone (workspace, member, at) VALUES ($1, $2, $3)
                 ON CONFLICT (workspace, member) DO NOTHING",
        workspace,
        digest(workspace, person),
        now
    )?;
    Ok(entered > 0)
}

/// Deletes what this floor knows of a person. Where others' figures need somebody to stand there, it is `nobody`.
/// Nothing goes wrong when it is done again.
pub async fn erase(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId, nobody: &UserId) -> Result<(), StoreError> {
    for table in [
        "DELETE FROM member_name WHERE workspace = $1 AND member = $2",
        "DELETE FROM member WHERE workspace = $1 AND id = $2",
        "DELETE FROM home WHERE workspace = $1 AND member = $2",
        "DELETE FROM team_lead WHERE workspace = $1 AND member = $2",
        "DELETE FROM draft WHERE workspace = $1 AND owner = $2",
        // Others' drafts that name them: a click that comes to nothing.
        "DELETE FROM draft WHERE workspace = $1 AND body LIKE '%' || $2 || '%'",
        "DELETE FROM once WHERE workspace = $1 AND what LIKE '%' || $2 || '%'",
        "UPDATE audit SET who = '' WHERE workspace = $1 AND who = $2",
        "UPDATE audit SET subject = '' WHERE workspace = $1 AND subject = $2",
    ] {
        sql!(tx, execute table, workspace, person)?;
    }
    for table in [
        "UPDATE usergroup_member SET member = $3 WHERE workspace = $1 AND member = $2",
        "UPDATE team_member SET member = $3 WHERE workspace = $1 AND member = $2",
        "UPDATE audit SET value_before = REPLACE(value_before, '\"' || $2 || '\"', '\"' || $3 || '\"'),
            value_after = REPLACE(value_after, '\"' || $2 || '\"', '\"' || $3 || '\"')
         WHERE workspace = $1 AND (value_before LIKE '%' || $2 || '%' OR value_after LIKE '%' || $2 || '%')",
    ] {
        sql!(tx, execute table, workspace, person, nobody)?;
    }
    let settings: Vec<(String, String)> = sql!(
        tx,
        fetch_all as (String, String),
        "SELECT name, value FROM setting WHERE workspace = $1 AND value LIKE '%' || $2 || '%'",
        workspace,
        person
    )?;
    for (name, value) in settings {
        let Ok(mut value) = serde_json::from_str(&value) else {
            continue;
        };
        replace(&mut value, person, nobody);
        sql!(
            tx,
            execute "UPDATE setting SET value = $1 WHERE workspace = $2 AND name = $3",
            value.to_string(),
            workspace,
            name
        )?;
    }
    Ok(())
}

/// Takes a person out of every list in a value; elsewhere `nobody` stands in their place.
fn replace(value: &mut Json, person: &UserId, nobody: &UserId) {
    match value {
        Json::Array(items) => {
            items.retain(|item| item.as_str() != Some(person.as_str()));
            items.iter_mut().for_each(|item| replace(item, person, nobody));
        }
        Json::Object(fields) => fields.values_mut().for_each(|item| replace(item, person, nobody)),
        Json::String(text) if text == person.as_str() => *text = nobody.to_string(),
        _ => {}
    }
}

/// What this floor keeps of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptByWorkspace {
    /// The member, as Slack shows them, with what they chose.
    pub member: Member,
    /// What waits for their click, as stored (JSON).
    pub drafts: Vec<String>,
    /// What the audit log says they did: when (RFC 3339, UTC), what, to what, before, after.
    pub changed: Vec<String>,
    /// The same of what others did that names them; who did it is told to stewards alone.
    pub named: Vec<String>,
    /// The teams and user groups that they are or were in, by time.
    pub teams: Vec<Belonged>,
    /// The names of the teams that they lead.
    pub leads: Vec<String>,
}

/// Everything that this floor keeps of a person; `None` if they aren't known, or asked to be forgotten.
pub async fn export(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    person: &UserId,
) -> Result<Option<KeptByWorkspace>, StoreError> {
    let mut known = super::members(tx, workspace, &BTreeSet::from([person.clone()])).await?;
    let Some(member) = known.remove(person).filter(|member| !member.is_forgotten) else {
        return Ok(None);
    };
    let drafts: Vec<(String,)> = sql!(
        tx,
        fetch_all as (String,),
        "SELECT body FROM draft WHERE workspace = $1 AND owner = $2 ORDER BY id",
        workspace,
        person
    )?;
    let logged: Vec<(UserId, Instant, String, String, String, String)> = sql!(
        tx,
        fetch_all as (UserId, Instant, String, String, String, String),
        "SELECT who, at, what, subject, value_before, value_after FROM audit WHERE workspace = $1
            AND (who = $2 OR subject = $2 OR value_before LIKE '%\"' || $2 || '\"%'
                OR value_after LIKE '%\"' || $2 || '\"%')
         ORDER BY at, id",
        workspace,
        person
    )?;
    let (theirs, others): (Vec<_>, Vec<_>) = logged.into_iter().partition(|(who, ..)| who == person);
    let lines = |entries: Vec<(UserId, Instant, String, String, String, String)>| {
        let line = |(_, at, what, subject, before, after): (UserId, Instant, String, String, String, String)| {
            let at = at.utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            format!("{at} {what} {subject} {before} → {after}")
        };
        entries.into_iter().map(line).collect()
    };
    let leads = led_by(tx, workspace, person).await?;
    Ok(Some(KeptByWorkspace {
        member,
        drafts: drafts.into_iter().map(|(body,)| body).collect(),
        changed: lines(theirs),
        named: lines(others),
        teams: belonged(tx, workspace, person).await?,
        leads: leads.into_iter().map(|team| team.name).collect(),
    }))
}
