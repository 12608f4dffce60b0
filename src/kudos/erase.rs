//! What is kept of one person, and how it goes: words and names at once, Slack's messages through the queue, and what
//! counts for others under an id that leads to nobody.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::keep::drop_words;
use super::standings;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::base::text::replace_name;
use crate::outbox::{self, Intent, Kind};
use crate::store::{StoreError, Tx, sql};
use crate::workspace;

/// Edits and removals of one erasure go one after the other, behind everything else.
const LANE: &str = "erase";
/// A name as short as this is left in other people's words: it is too likely to be another word.
const SHORT_NAME: usize = 3;

/// How many kudos a person has to do with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Given, each receiver counted; taken back ones too.
    pub given: i64,
    /// Received; taken back ones too.
    pub received: i64,
    /// Joined in with *me too*.
    pub joined: i64,
    /// The first of those given or received.
    pub since: Option<Instant>,
}

/// How many kudos a person has to do with.
pub async fn figures(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<Figures, StoreError> {
    let (given, received, joined, first_given, first_received): (i64, i64, i64, Option<i64>, Option<i64>) = sql!(
        tx,
        fetch_one as (i64, i64, i64, Option<i64>, Option<i64>),
        "SELECT (SELECT COUNT(*) FROM ledger WHERE workspace = $1 AND giver = $2),
            (SELECT COUNT(*) FROM ledger WHERE workspace = $1 AND receiver = $2),
            (SELECT COUNT(*) FROM boost WHERE workspace = $1 AND member = $2),
            (SELECT MIN(given_at) FROM ledger WHERE workspace = $1 AND giver = $2),
            (SELECT MIN(given_at) FROM ledger WHERE workspace = $1 AND receiver = $2)",
        workspace,
        person
    )?;
    Ok(Figures {
        given,
        received,
        joined,
        since: [first_given, first_received]
            .into_iter()
            .flatten()
            .min()
            .map(Instant::from_millis),
    })
}

/// What is done to a message that names somebody who was erased.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Erasure {
    /// Rendered anew: a card, or somebody else's DM.
    Edit {
        /// Of which kudos.
        kudos: KudosId,
        /// Empty for the card; a receiver's id for that person's DM.
        audience: String,
    },
    /// Removed: the person's own DM.
    Remove {
        /// Where it stands.
        channel: ChannelId,
        /// Which it is.
        ts: MessageTs,
    },
}

/// Erases a person from all that kudos keep. Returns the kudos that named them. Nothing goes wrong when it is done again.
pub async fn erase(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    person: &UserId,
    nobody: &UserId,
    now: Instant,
) -> Result<BTreeSet<KudosId>, StoreError> {
    let own: Vec<(KudosId,)> = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT kudos FROM ledger WHERE workspace = $1 AND giver = $2
         UNION SELECT kudos FROM ledger WHERE workspace = $1 AND receiver = $2",
        workspace,
        person
    )?;
    let own: BTreeSet<KudosId> = own.into_iter().map(|(kudos,)| kudos).collect();
    let joined: Vec<(KudosId,)> = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT kudos FROM boost WHERE workspace = $1 AND member = $2",
        workspace,
        person
    )?;
    let mut named = mentioned(tx, workspace, person).await?;
    named.extend(own.iter().cloned());
    named.extend(joined.into_iter().map(|(kudos,)| kudos));

    drop_words(tx, workspace, &own).await?;
    remove_own_dms(tx, workspace, person, now).await?;
    for statement in [
        // Their own post leads to them, and so does a direct message that they wrote in.
        "UPDATE ledger SET giver = $3, sameness = '', message_ts = NULL, effect = NULL,
            channel = CASE WHEN channel LIKE 'D%' THEN '' ELSE channel END
         WHERE workspace = $1 AND giver = $2",
        "UPDATE ledger SET receiver = $3, sameness = '',
            message_ts = CASE WHEN effect = 'reaction' THEN NULL ELSE message_ts END,
            effect = CASE WHEN effect = 'reaction' THEN NULL ELSE effect END
         WHERE workspace = $1 AND receiver = $2",
        "UPDATE ledger SET reversed_by = $3 WHERE workspace = $1 AND reversed_by = $2",
        // What counts is added to what `nobody` has already, when this is done again.
        "INSERT INTO tally (workspace, period, member, role, source, n)
         SELECT workspace, period, $3, role, source, n FROM tally WHERE workspace = $1 AND member = $2
         ON CONFLICT (workspace, period, member, role, source) DO UPDATE SET n = tally.n + excluded.n",
        "INSERT INTO pair (workspace, period, giver, receiver, n)
         SELECT workspace, period, $3, receiver, n FROM pair WHERE workspace = $1 AND giver = $2
         ON CONFLICT (workspace, period, giver, receiver) DO UPDATE SET n = pair.n + excluded.n",
        "INSERT INTO pair (workspace, period, giver, receiver, n)
         SELECT workspace, period, giver, $3, n FROM pair WHERE workspace = $1 AND receiver = $2
         ON CONFLICT (workspace, period, giver, receiver) DO UPDATE SET n = pair.n + excluded.n",
        "INSERT INTO allowance (workspace, giver, day, used)
         SELECT workspace, $3, day, used FROM allowance WHERE workspace = $1 AND giver = $2
         ON CONFLICT (workspace, giver, day) DO UPDATE SET used = allowance.used + excluded.used",
        "INSERT INTO boost (workspace, kudos, member, at)
         SELECT workspace, kudos, $3, at FROM boost WHERE workspace = $1 AND member = $2
         ON CONFLICT (workspace, kudos, member) DO NOTHING",
        "INSERT INTO hidden (workspace, kudos, member, at)
         SELECT workspace, kudos, $3, at FROM hidden WHERE workspace = $1 AND member = $2
         ON CONFLICT (workspace, kudos, member) DO NOTHING",
        "UPDATE delivery SET delivery = REPLACE(delivery, $2, $3), outcome = REPLACE(outcome, $2, $3)
         WHERE workspace = $1 AND (delivery LIKE '%' || $2 || '%' OR outcome LIKE '%' || $2 || '%')",
    ] {
        sql!(tx, execute statement, workspace, person, nobody)?;
    }
    for statement in [
        "DELETE FROM tally WHERE workspace = $1 AND member = $2",
        "DELETE FROM pair WHERE workspace = $1 AND (giver = $2 OR receiver = $2)",
        "DELETE FROM allowance WHERE workspace = $1 AND giver = $2",
        "DELETE FROM boost WHERE workspace = $1 AND member = $2",
        "DELETE FROM reaction WHERE workspace = $1 AND member = $2",
        "DELETE FROM hidden WHERE workspace = $1 AND member = $2",
    ] {
        sql!(tx, execute statement, workspace, person)?;
    }
    standings::erase(tx, workspace, person, nobody).await?;
    edit_erased(tx, workspace, &named, now).await?;
    Ok(named)
}

/// Takes the person's names out of the words of kudos that they have nothing to do with; returns those.
async fn mentioned(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<BTreeSet<KudosId>, StoreError> {
    let known = workspace::members(tx, workspace, &BTreeSet::from([person.clone()])).await?;
    let Some(member) = known.get(person).filter(|member| !member.is_forgotten) else {
        return Ok(BTreeSet::new());
    };
    let mut changed = BTreeSet::new();
    let names = BTreeSet::from([&member.full_name, &member.name]);
    // The longer first: a full name often begins with the other.
    for name in names.into_iter().rev() {
        let folded = crate::base::text::fold(name);
        let of_others = workspace::find_by_names(tx, workspace, &[folded]).await?;
        let is_only_theirs = of_others.iter().all(|(_, id, _)| id == person);
        if name.chars().count() <= SHORT_NAME || !is_only_theirs {
            continue;
        }
        let pattern: String = name
            .to_lowercase()
            .chars()
            .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
            .collect();
        let rows: Vec<(KudosId, String)> = sql!(
            tx,
            fetch_all as (KudosId, String),
            "SELECT kudos, reason FROM words WHERE workspace = $1 AND LOWER(reason) LIKE $2 ESCAPE '\\'",
            workspace,
            format!("%{pattern}%")
        )?;
        for (kudos, reason) in rows {
            let Some(reason) = replace_name(&reason, name, "somebody") else {
                continue;
            };
            sql!(tx, execute "UPDATE words SET reason = $1 WHERE kudos = $2", reason, &kudos)?;
            changed.insert(kudos);
        }
    }
    Ok(changed)
}

async fn remove_own_dms(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId, now: Instant) -> Result<(), StoreError> {
    let posts: Vec<(ChannelId, MessageTs)> = sql!(
        tx,
        fetch_all as (ChannelId, MessageTs),
        "SELECT channel, ts FROM post WHERE workspace = $1 AND audience = $2 ORDER BY ts",
        workspace,
        person
    )?;
    let removals: Vec<Intent> = posts
        .into_iter()
        .map(|(channel, ts)| removal(workspace, channel, ts, now))
        .collect();
    outbox::enqueue(tx, &removals).await?;
    sql!(tx, execute "DELETE FROM post WHERE workspace = $1 AND audience = $2", workspace, person)?;
    Ok(())
}

/// The row that removes a message which the person who was erased got.
pub fn removal(workspace: &WorkspaceId, channel: ChannelId, ts: MessageTs, now: Instant) -> Intent {
    Intent::new(workspace, Kind::KudosErase, &Erasure::Remove { channel, ts }, LANE, now)
}

/// Enqueues an edit of all that stands in Slack for kudos that named somebody who was erased.
pub async fn edit_erased(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &BTreeSet<KudosId>,
    now: Instant,
) -> Result<(), StoreError> {
    let posts: Vec<(KudosId, String)> = sql!(
        tx,
        fetch_all as (KudosId, String),
        "SELECT p.kudos, p.audience FROM json_each($1) j CROSS JOIN post p
         WHERE p.workspace = $2 AND p.kudos = j.value ->> 0 ORDER BY p.kudos, p.audience",
        json!(kudos.iter().map(|kudos| [kudos]).collect::<Vec<_>>()).to_string(),
        workspace
    )?;
    let edits: Vec<Intent> = posts
        .into_iter()
        .map(|(kudos, audience)| {
            Intent::new(
                workspace,
                Kind::KudosErase,
                &Erasure::Edit { kudos, audience },
                LANE,
                now,
            )
        })
        .collect();
    outbox::enqueue(tx, &edits).await
}

/// One kudos, as its giver, its receiver or somebody who joined may read what is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptKudos {
    /// When: RFC 3339, UTC.
    pub given_at: String,
    /// The giver's name.
    pub giver: String,
    /// The receiver's name; a team's id where a team was thanked.
    pub receiver: String,
    /// The words; empty where they were dropped.
    pub words: String,
    /// Values, without `#`.
    pub values: Vec<String>,
    /// How it came.
    pub source: String,
    /// Where it was given: Slack's id; empty where nowhere.
    pub place: String,
    /// When it was taken back: RFC 3339, UTC.
    pub taken_back_at: Option<String>,
}

/// What is kept of a person's kudos.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptOfPerson {
    /// What they gave, by time.
    pub gave: Vec<KeptKudos>,
    /// What they received, by time.
    pub received: Vec<KeptKudos>,
    /// What they joined with *me too*, by time.
    pub joined: Vec<KeptKudos>,
}

/// Everything that is kept of a person's kudos.
pub async fn export(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<KeptOfPerson, StoreError> {
    type Row = (
        String,
        i64,
        UserId,
        UserId,
        Option<String>,
        Option<String>,
        String,
        String,
        Option<i64>,
    );
    let mut lists: [Vec<Row>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for (list, query) in lists.iter_mut().zip([
        "SELECT l.id, l.given_at, l.giver, l.receiver, w.reason, w.value_names, l.source, l.channel, l.reversed_at
         FROM ledger l LEFT JOIN words w ON w.kudos = l.kudos
         WHERE l.workspace = $1 AND l.giver = $2 ORDER BY l.given_at, l.id",
        "SELECT l.id, l.given_at, l.giver, l.receiver, w.reason, w.value_names, l.source, l.channel, l.reversed_at
         FROM ledger l LEFT JOIN words w ON w.kudos = l.kudos
         WHERE l.workspace = $1 AND l.receiver = $2 ORDER BY l.given_at, l.id",
        "SELECT l.id, l.given_at, l.giver, l.receiver, w.reason, w.value_names, l.source, l.channel, l.reversed_at
         FROM boost b JOIN ledger l ON l.kudos = b.kudos LEFT JOIN words w ON w.kudos = l.kudos
         WHERE b.workspace = $1 AND b.member = $2 ORDER BY l.given_at, l.id",
    ]) {
        *list = sql!(tx, fetch_all as Row, query, workspace, person)?;
    }
    let people: BTreeSet<UserId> = lists
        .iter()
        .flatten()
        .flat_map(|row| [row.2.clone(), row.3.clone()])
        .collect();
    let known = workspace::members(tx, workspace, &people).await?;
    let name = |id: &UserId| {
        known
            .get(id)
            .map_or_else(|| id.to_string(), |member| member.name.clone())
    };
    let kept = |list: Vec<Row>| {
        list.into_iter()
            .map(
                |(_, given_at, giver, receiver, words, values, source, place, reversed_at)| KeptKudos {
                    given_at: written(given_at),
                    giver: name(&giver),
                    receiver: name(&receiver),
                    words: words.unwrap_or_default(),
                    values: values
                        .and_then(|values| serde_json::from_str(&values).ok())
                        .unwrap_or_default(),
                    source,
                    place,
                    taken_back_at: reversed_at.map(written),
                },
            )
            .collect()
    };
    let [gave, received, joined] = lists.map(kept);
    Ok(KeptOfPerson { gave, received, joined })
}

fn written(millis: i64) -> String {
    Instant::from_millis(millis)
        .utc()
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
