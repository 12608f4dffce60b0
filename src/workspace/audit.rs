//! Who changed what, and when.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId, new_id};
use crate::store::{StoreError, Tx, list, sql};

/// Something that was done and must stay known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who did it; empty where nobody may learn who it was.
    pub who: UserId,
    /// As in `setting.channel`, `kudos.removed`.
    pub what: String,
    /// What it was done to: a kudos, a member, a team; may be empty.
    pub subject: String,
    /// What was there before.
    pub before: Json,
    /// What is there now.
    pub after: Json,
    /// When; set where it is entered.
    pub at: Instant,
}

impl Entry {
    /// Something that was done, without what was there before and after.
    pub fn new(who: &UserId, what: &str, subject: &str) -> Self {
        Self {
            who: who.clone(),
            what: what.to_owned(),
            subject: subject.to_owned(),
            before: Json::Null,
            after: Json::Null,
            at: Instant::default(),
        }
    }

    /// With what was there before and after.
    #[must_use]
    pub fn values(mut self, before: &Json, after: &Json) -> Self {
        self.before = before.clone();
        self.after = after.clone();
        self
    }
}

/// Enters something into the audit log.
pub async fn enter(tx: &mut Tx, workspace: &WorkspaceId, entry: &Entry, now: Instant) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO audit (id, workspace, at, who, what, subject, value_before, value_after)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new_id(now),
        workspace,
        now,
        &entry.who,
        &entry.what,
        &entry.subject,
        entry.before.to_string(),
        entry.after.to_string()
    )?;
    Ok(())
}

/// The latest entries, newest first.
pub async fn entries(tx: &mut Tx, workspace: &WorkspaceId, most: i64) -> Result<Vec<Entry>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (i64, UserId, String, String, String, String),
        "SELECT at, who, what, subject, value_before, value_after FROM audit WHERE workspace = $1
         ORDER BY at DESC, id DESC LIMIT $2",
        workspace,
        most
    )?;
    Ok(rows
        .into_iter()
        .map(|(at, who, what, subject, before, after)| Entry {
            who,
            what,
            subject,
            before: serde_json::from_str(&before).unwrap_or_default(),
            after: serde_json::from_str(&after).unwrap_or_default(),
            at: Instant::from_millis(at),
        })
        .collect())
}

/// Empties what was there before and after, in every entry about one of these subjects: it may be somebody's words.
pub async fn forget_values(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    subjects: &BTreeSet<KudosId>,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE audit SET value_before = 'null', value_after = 'null' WHERE workspace = $1
                    AND subject IN (SELECT value ->> 0 FROM json_each($2))",
        workspace,
        list(&subjects.iter().map(|subject| [subject]).collect::<Vec<_>>())
    )?;
    Ok(())
}
