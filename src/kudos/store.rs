//! The SQL of kudos: loading, counting, exporting.

use std::collections::BTreeMap;

use serde_json::json;

use super::Announce;
use crate::base::calendar::{Day, Period};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, sql};

/// One ledger row, as far as the tallies and pairs count it.
pub(super) struct Counted<'a> {
    pub workspace: &'a WorkspaceId,
    pub giver: &'a UserId,
    pub receiver: &'a str,
    /// A team thanked as a team is on no personal board and in no pair.
    pub is_member: bool,
    pub source: &'static str,
    pub day: Day,
}

/// Adds each row `sign` times (1 or -1) to the tallies of its periods. One statement.
pub(super) async fn add_tallies(tx: &mut Tx, rows: &[Counted<'_>], sign: i64) -> Result<(), StoreError> {
    // Aggregated, because an upsert may name a key once only; sorted, so that two lists never wait for each other.
    let mut counts: BTreeMap<(&str, String, &str, &str, &str), i64> = BTreeMap::new();
    for row in rows {
        for period in [
            Period::day(row.day),
            Period::week(row.day),
            Period::month(row.day),
            Period::all(),
        ] {
            let mut add = |member, role| {
                *counts
                    .entry((row.workspace.as_str(), period.to_string(), member, role, row.source))
                    .or_default() += sign;
            };
            add(row.giver.as_str(), "giver");
            if row.is_member {
                add(row.receiver, "receiver");
            }
        }
    }
    let list: Vec<_> = counts
        .iter()
        .map(|((w, p, m, r, s), n)| json!([w, p, m, r, s, n]))
        .collect();
    sql!(
        tx,
        execute "INSERT INTO tally (workspace, period, member, role, source, n)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, CAST(value ->> 5 AS BIGINT)
                 FROM json_each($1) WHERE true
                 ON CONFLICT (workspace, period, member, role, source) DO UPDATE SET n = tally.n + excluded.n",
        json!(list).to_string()
    )?;
    Ok(())
}

/// Adds each row between two people `sign` times (1 or -1) to the pairs of its periods. At most one statement.
pub(super) async fn add_pairs(tx: &mut Tx, rows: &[Counted<'_>], sign: i64) -> Result<(), StoreError> {
    let mut counts: BTreeMap<(&str, String, &str, &str), i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_member && row.source == "peer") {
        for period in [Period::week(row.day), Period::month(row.day), Period::all()] {
            *counts
                .entry((
                    row.workspace.as_str(),
                    period.to_string(),
                    row.giver.as_str(),
                    row.receiver,
                ))
                .or_default() += sign;
        }
    }
    if counts.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = counts.iter().map(|((w, p, g, r), n)| json!([w, p, g, r, n])).collect();
    sql!(
        tx,
        execute "INSERT INTO pair (workspace, period, giver, receiver, n)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT)
                 FROM json_each($1) WHERE true
                 ON CONFLICT (workspace, period, giver, receiver) DO UPDATE SET n = pair.n + excluded.n",
        json!(list).to_string()
    )?;
    Ok(())
}

/// One kudos as it stands: what its card and DMs are rendered from.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub kudos: KudosId,
    pub giver: UserId,
    /// Those not reversed.
    pub receivers: Vec<StoredReceiver>,
    /// All of them, also the reversed ones.
    pub everyone: Vec<StoredReceiver>,
    pub channel: Option<ChannelId>,
    pub announce: Announce,
    pub given_at: Instant,
    pub giver_day: Day,
    pub workspace_day: Day,
    pub cost: i64,
    pub source: String,
    pub reason: String,
    pub values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredReceiver {
    pub row: String,
    pub id: String,
    pub is_member: bool,
}

impl StoredReceiver {
    pub(super) fn member(&self) -> Option<UserId> {
        self.is_member.then(|| UserId(self.id.clone()))
    }
}

/// Loads one kudos; `None` if there is none of that id in the workspace.
pub(super) async fn load(tx: &mut Tx, workspace: &WorkspaceId, kudos: &KudosId) -> Result<Option<Stored>, StoreError> {
    type Row = (
        String,
        UserId,
        String,
        String,
        String,
        String,
        String,
        i64,
        String,
        String,
        i64,
        Option<i64>,
    );
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT id, giver, receiver, receiver_kind, source, channel, announce, given_at, giver_day, workspace_day, cost,
            reversed_at
         FROM ledger WHERE kudos = $1 AND workspace = $2 ORDER BY id",
        kudos,
        workspace
    )?;
    let Some(first) = rows.first().cloned() else {
        return Ok(None);
    };
    let words: Option<(String, String)> = sql!(
        tx,
        fetch_optional as (String, String),
        "SELECT reason, value_names FROM words WHERE kudos = $1",
        kudos
    )?;
    let (reason, values) = words.unwrap_or_default();
    let day = |text: &str| text.parse::<Day>().map_err(|_| StoreError::Unreadable("a day"));
    let mut receivers = Vec::new();
    let mut everyone = Vec::new();
    for (row, _, id, kind, .., reversed_at) in rows {
        let receiver = StoredReceiver {
            row,
            id,
            is_member: kind == "member",
        };
        if reversed_at.is_none() {
            receivers.push(receiver.clone());
        }
        everyone.push(receiver);
    }
    Ok(Some(Stored {
        kudos: kudos.clone(),
        giver: first.1,
        receivers,
        everyone,
        channel: (!first.5.is_empty()).then(|| ChannelId(first.5)),
        announce: Announce::of(&first.6),
        given_at: Instant::from_millis(first.7),
        giver_day: day(&first.8)?,
        workspace_day: day(&first.9)?,
        cost: first.10,
        source: first.4,
        reason,
        values: serde_json::from_str(&values).unwrap_or_default(),
    }))
}

/// A message that was posted for a kudos.
#[derive(Clone, Debug)]
pub(super) struct Post {
    pub channel: ChannelId,
    pub ts: MessageTs,
    /// Empty until asked for.
    pub permalink: String,
}

/// The card (`audience` empty) or somebody's DM.
pub(super) async fn post(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    audience: &str,
) -> Result<Option<Post>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (ChannelId, MessageTs, String),
        "SELECT channel, ts, permalink FROM post WHERE workspace = $1 AND kudos = $2 AND audience = $3",
        workspace,
        kudos,
        audience
    )?;
    Ok(row.map(|(channel, ts, permalink)| Post { channel, ts, permalink }))
}

pub(super) async fn remember_post(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    audience: &str,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO post (workspace, kudos, audience, channel, ts, permalink)
                 VALUES ($1, $2, $3, $4, $5, '')
                 ON CONFLICT (workspace, kudos, audience) DO UPDATE SET channel = excluded.channel, ts = excluded.ts",
        workspace,
        kudos,
        audience,
        channel,
        ts
    )?;
    Ok(())
}

pub(super) async fn remember_permalink(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    permalink: &str,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE post SET permalink = $1 WHERE workspace = $2 AND kudos = $3 AND audience = ''",
        permalink,
        workspace,
        kudos
    )?;
    Ok(())
}

pub(super) async fn forget_post(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
    audience: &str,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "DELETE FROM post WHERE workspace = $1 AND kudos = $2 AND audience = $3",
        workspace,
        kudos,
        audience
    )?;
    Ok(())
}

/// Whether this person has had a DM before.
pub(super) async fn had_a_dm(tx: &mut Tx, workspace: &WorkspaceId, member: &UserId) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) FROM post WHERE workspace = $1 AND audience = $2 LIMIT 1",
        workspace,
        member
    )?;
    Ok(row.is_some())
}

/// What is left of a giver's allowance on a day; `None` without a limit.
pub(super) async fn left(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    giver: &UserId,
    day: Day,
    allowance: Option<i64>,
) -> Result<Option<i64>, StoreError> {
    let Some(allowance) = allowance else { return Ok(None) };
    let used = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT used FROM allowance WHERE workspace = $1 AND giver = $2 AND day = $3",
        workspace,
        giver,
        day.to_string()
    )?;
    Ok(Some((allowance - used.map_or(0, |row| row.0)).max(0)))
}

/// One row of `export kudos`: one receiver of one kudos.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// The row's own id.
    pub id: String,
    /// When it was given.
    #[serde(skip)]
    pub given_at: Instant,
    /// Slack's id of the giver.
    pub giver: String,
    /// Slack's id of the receiver; `S…` for a team.
    pub receiver: String,
    /// The words.
    pub reason: String,
    /// Values, without `#`.
    pub values: Vec<String>,
    /// How it came.
    pub source: String,
    /// Slack's id of the place; `None` for an import without one.
    pub channel: Option<String>,
    /// The post that gave; `None` for commands.
    pub message_ts: Option<String>,
    /// When it was taken back.
    #[serde(skip)]
    pub reversed_at: Option<Instant>,
}

/// The next `most` rows after `after` (given_at, id), by given_at then id; of every workspace in the database.
pub async fn export_page(
    tx: &mut Tx,
    after: Option<(Instant, String)>,
    most: i64,
) -> Result<Vec<Exported>, StoreError> {
    let (at, id) = after.unwrap_or((Instant::from_millis(i64::MIN), String::new()));
    type Row = (
        String,
        i64,
        String,
        String,
        Option<String>,
        Option<String>,
        String,
        String,
        Option<String>,
        Option<i64>,
    );
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT l.id, l.given_at, l.giver, l.receiver, w.reason, w.value_names, l.source, l.channel, l.message_ts,
            l.reversed_at
         FROM ledger l LEFT JOIN words w ON w.kudos = l.kudos
         WHERE (l.given_at, l.id) > ($1, $2) ORDER BY l.given_at, l.id LIMIT $3",
        at,
        id,
        most
    )?;
    Ok(rows
        .into_iter()
        .map(
            |(id, given_at, giver, receiver, reason, values, source, channel, message_ts, reversed_at)| Exported {
                id,
                given_at: Instant::from_millis(given_at),
                giver,
                receiver,
                reason: reason.unwrap_or_default(),
                values: values
                    .and_then(|values| serde_json::from_str(&values).ok())
                    .unwrap_or_default(),
                source,
                channel: (!channel.is_empty()).then_some(channel),
                message_ts,
                reversed_at: reversed_at.map(Instant::from_millis),
            },
        )
        .collect())
}

/// Deletes the notes of deliveries older than `before`: Slack repeats a delivery for hours at most.
pub async fn sweep_deliveries(tx: &mut Tx, workspace: &WorkspaceId, before: Instant) -> Result<u64, StoreError> {
    sql!(tx, execute "DELETE FROM delivery WHERE workspace = $1 AND at < $2", workspace, before)
}
