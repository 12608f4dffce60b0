//! The SQL of kudos: loading, counting, exporting.

use super::audience::Audience;
use super::{Announce, Receiver, Source};
use crate::base::calendar::Day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, list, sql};

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
    /// Who joined in, the first one first.
    pub joined: Vec<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredReceiver {
    pub row: String,
    pub id: String,
    pub is_member: bool,
    /// Has taken these thanks out of sight.
    pub is_hidden: bool,
}

impl Stored {
    /// Those who stand and may be named in public.
    pub(super) fn named(&self) -> impl Iterator<Item = &StoredReceiver> {
        self.receivers.iter().filter(|receiver| !receiver.is_hidden)
    }

    /// Whether it thanks this person, and stands.
    pub(super) fn thanks(&self, member: &UserId) -> bool {
        self.receivers.iter().any(|r| r.is_member && r.id == member.0)
    }

    /// Whether the same is shown of both.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        (&self.receivers, &self.reason, &self.values, &self.joined)
            == (&other.receivers, &other.reason, &other.values, &other.joined)
    }
}

impl StoredReceiver {
    pub(super) fn receiver(&self) -> Receiver {
        if self.is_member {
            Receiver::Member(UserId(self.id.clone()))
        } else {
            Receiver::Group(GroupId(self.id.clone()))
        }
    }

    pub(super) fn group(&self) -> Option<GroupId> {
        (!self.is_member).then(|| GroupId(self.id.clone()))
    }

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
        Option<String>,
        Option<i64>,
    );
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT l.id, l.giver, l.receiver, l.receiver_kind, l.source, l.channel, l.announce, l.given_at, l.giver_day,
            l.workspace_day, l.cost, h.member, l.reversed_at
         FROM ledger l LEFT JOIN hidden h
            ON h.workspace = l.workspace AND h.kudos = l.kudos AND h.member = l.receiver
         WHERE l.kudos = $1 AND l.workspace = $2 ORDER BY l.id",
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
    let joined = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT member FROM boost WHERE workspace = $1 AND kudos = $2 ORDER BY at, member",
        workspace,
        kudos
    )?;
    for (row, _, id, kind, .., hidden, reversed_at) in rows {
        let receiver = StoredReceiver {
            row,
            id,
            is_member: kind == "member",
            is_hidden: hidden.is_some(),
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
        channel: (!first.5.is_empty()).then_some(ChannelId(first.5)),
        announce: Announce::of(&first.6),
        given_at: Instant::from_millis(first.7),
        giver_day: day(&first.8)?,
        workspace_day: day(&first.9)?,
        cost: first.10,
        source: first.4,
        reason,
        values: serde_json::from_str(&values).unwrap_or_default(),
        joined: joined.into_iter().map(|(member,)| member).collect(),
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

/// Everything that stands for a kudos: its audience as stored, and where it is.
pub(super) async fn posts(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
) -> Result<Vec<(Audience, Post)>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String, ChannelId, MessageTs, String),
        "SELECT audience, channel, ts, permalink FROM post WHERE workspace = $1 AND kudos = $2 ORDER BY audience",
        workspace,
        kudos
    )?;
    Ok(rows
        .into_iter()
        .map(|(audience, channel, ts, permalink)| (Audience::of(&audience), Post { channel, ts, permalink }))
        .collect())
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

/// The round-up that a kudos is told in: its channel and morning.
pub(super) async fn roundup_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
) -> Result<Option<(ChannelId, String)>, StoreError> {
    sql!(
        tx,
        fetch_optional as (ChannelId, String),
        "SELECT channel, day FROM roundup WHERE workspace = $1 AND kudos = $2",
        workspace,
        kudos
    )
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
    audience: &Audience,
    permalink: &str,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE post SET permalink = $1 WHERE workspace = $2 AND kudos = $3 AND audience = $4",
        permalink,
        workspace,
        kudos,
        audience.name()
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

/// Whether this person has had a DM for another kudos than this one.
pub(super) async fn had_another_dm(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    kudos: &KudosId,
) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) FROM post WHERE workspace = $1 AND audience = $2 AND kudos <> $3 LIMIT 1",
        workspace,
        member,
        kudos
    )?;
    Ok(row.is_some())
}

/// The kudos by reactions that one DM tells a receiver of, those that stand, in the order given.
pub(super) async fn of_message(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    receiver: &UserId,
    ts: &MessageTs,
) -> Result<Vec<KudosId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT p.kudos FROM post p JOIN ledger l ON l.kudos = p.kudos AND l.receiver = p.audience
         WHERE p.workspace = $1 AND p.audience = $2 AND p.ts = $3 AND l.source = $4 AND l.reversed_at IS NULL
         ORDER BY l.given_at, l.id",
        workspace,
        receiver,
        ts,
        Source::Reaction.name()
    )?;
    Ok(rows.into_iter().map(|(kudos,)| kudos).collect())
}

/// The receiver's DM about reactions whose first kudos was given after `since`: later ones are written into it.
pub(super) async fn open_message(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    receiver: &UserId,
    dm: &ChannelId,
    since: Instant,
) -> Result<Option<MessageTs>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (MessageTs,),
        "SELECT p.ts FROM post p JOIN ledger l ON l.kudos = p.kudos AND l.receiver = p.audience
         WHERE p.workspace = $1 AND p.audience = $2 AND p.channel = $3 AND l.source = $4
         GROUP BY p.ts HAVING MIN(l.given_at) > $5 ORDER BY p.ts DESC LIMIT 1",
        workspace,
        receiver,
        dm,
        Source::Reaction.name(),
        since
    )?;
    Ok(row.map(|(ts,)| ts))
}

/// Whether this person has had a DM for another kudos than these.
pub(super) async fn had_dm_besides(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    kudos: &[KudosId],
) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) FROM post WHERE workspace = $1 AND audience = $2
            AND kudos NOT IN (SELECT value ->> 0 FROM json_each($3)) LIMIT 1",
        workspace,
        member,
        list(&kudos.iter().map(|kudos| [kudos]).collect::<Vec<_>>())
    )?;
    Ok(row.is_some())
}

/// What is left of a giver's allowance on a day; `None` without a limit.
pub async fn left(
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
    /// The workspace's local day then.
    #[serde(skip)]
    pub workspace_day: Day,
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
        String,
    );
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT l.id, l.given_at, l.giver, l.receiver, w.reason, w.value_names, l.source, l.channel, l.message_ts,
            l.reversed_at, l.workspace_day
         FROM ledger l LEFT JOIN words w ON w.kudos = l.kudos
         WHERE (l.given_at, l.id) > ($1, $2) ORDER BY l.given_at, l.id LIMIT $3",
        at,
        id,
        most
    )?;
    rows.into_iter()
        .map(
            |(id, given_at, giver, receiver, reason, values, source, channel, message_ts, reversed_at, day)| {
                Ok(Exported {
                    workspace_day: day.parse().map_err(|_| StoreError::Unreadable("a day"))?,
                    id,
                    given_at: Instant::from_millis(given_at),
                    giver,
                    receiver,
                    reason: reason.unwrap_or_default(),
                    values: values
                        .and_then(|values| serde_json::from_str(&values).ok())
                        .unwrap_or_default(),
                    source,
                    // An import's key is no message.
                    message_ts: message_ts.filter(|_| !channel.is_empty()),
                    channel: (!channel.is_empty()).then_some(channel),
                    reversed_at: reversed_at.map(Instant::from_millis),
                })
            },
        )
        .collect()
}

/// Deletes the notes of deliveries older than `before`: Slack repeats a delivery for hours at most.
pub async fn sweep_deliveries(tx: &mut Tx, workspace: &WorkspaceId, before: Instant) -> Result<u64, StoreError> {
    sql!(tx, execute "DELETE FROM delivery WHERE workspace = $1 AND at < $2", workspace, before)
}
