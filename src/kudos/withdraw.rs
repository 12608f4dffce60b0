//! What posts and reactions have given: whom they thanked, and taking it back when they go.

use std::collections::BTreeSet;

use super::audience::Audience;
use super::deliveries;
use super::rules::{POSTS_TAKE_BACK_FOR, post_takes_back};
use super::store::load;
use super::take_back::undo_all;
use super::{Effect, grammar};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::store::{StoreError, Tx, sql};

/// A message that gives, or under which a reaction does.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub workspace: WorkspaceId,
    pub channel: ChannelId,
    pub ts: MessageTs,
}

/// The feature's name in the keys of posts that have been dealt with.
const POSTS: &str = "kudos.post";
/// The outcome of a post that was deleted, maybe before Slack told that it was written.
const DELETED: &str = "deleted";

/// How far a post has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nobody has dealt with it.
    New,
    /// It gave what it gives, and its writer was told.
    Done,
    /// It was deleted.
    Deleted,
}

/// How far `what` of a post has come: the post itself, or one of its edits.
pub(super) async fn progress(tx: &mut Tx, workspace: &WorkspaceId, what: &str) -> Result<Progress, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (String,),
        "SELECT outcome FROM delivery WHERE workspace = $1 AND delivery = $2 AND feature = $3",
        workspace,
        what,
        POSTS
    )?;
    Ok(match row {
        None => Progress::New,
        Some((outcome,)) if outcome == DELETED => Progress::Deleted,
        Some(_) => Progress::Done,
    })
}

/// Enters that `what` was dealt with. Says how far it had come before; [`Progress::New`] for one caller only.
pub(super) async fn claim(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    what: &str,
    now: Instant,
) -> Result<Progress, StoreError> {
    if deliveries::first(tx, workspace, what, POSTS, now).await? {
        return Ok(Progress::New);
    }
    progress(tx, workspace, what).await
}

/// The name of a post in these notes; with the `ts` of an edit, that of the edit.
pub(super) fn what(channel: &ChannelId, ts: &MessageTs, edit: Option<&MessageTs>) -> String {
    match edit {
        Some(edit) => format!("{channel} {ts} {edit}"),
        None => format!("{channel} {ts}"),
    }
}

/// A post was deleted: what it gave is taken back, and it never gives again.
pub(super) async fn deleted(
    tx: &mut Tx,
    at: &At,
    recognition: Option<&ChannelId>,
    now: Instant,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO delivery (workspace, delivery, feature, outcome, at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (workspace, delivery, feature) DO UPDATE SET outcome = excluded.outcome",
        &at.workspace,
        what(&at.channel, &at.ts, None),
        POSTS,
        DELETED,
        now
    )?;
    withdraw(tx, at, Effect::Post, None, recognition, now).await
}

/// Takes back what a post, or one person's reaction to it, has given within seven days.
pub(super) async fn withdraw(
    tx: &mut Tx,
    at: &At,
    effect: Effect,
    by: Option<&UserId>,
    recognition: Option<&ChannelId>,
    now: Instant,
) -> Result<(), StoreError> {
    let rows: Vec<(KudosId,)> = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT DISTINCT kudos FROM ledger
         WHERE workspace = $1 AND channel = $2 AND message_ts = $3 AND effect = $4 AND effect IS NOT NULL
            AND (giver = $5 OR $5 = '') AND reversed_at IS NULL ORDER BY kudos",
        &at.workspace,
        &at.channel,
        &at.ts,
        effect.name(),
        by.map_or("", UserId::as_str)
    )?;
    for (kudos,) in rows {
        let kudos = load(tx, &at.workspace, &kudos).await?;
        let Some(kudos) = kudos.filter(|kudos| post_takes_back(kudos.given_at, now)) else {
            continue;
        };
        undo_all(tx, &at.workspace, &kudos, kudos.giver.as_str(), recognition, now).await?;
    }
    if let (Effect::Reaction, Some(by)) = (effect, by) {
        // Freed, also of what was undone: the same person may react, and give, there again.
        sql!(
            tx,
            execute "UPDATE ledger SET effect = NULL
                     WHERE workspace = $1 AND channel = $2 AND message_ts = $3 AND effect = $4 AND effect IS NOT NULL
                        AND giver = $5 AND given_at > $6",
            &at.workspace,
            &at.channel,
            &at.ts,
            effect.name(),
            by,
            now.minus(POSTS_TAKE_BACK_FOR)
        )?;
    }
    Ok(())
}

/// Whom a post has thanked, also those from whom it was taken back: ids of people and groups.
pub(super) async fn thanked(tx: &mut Tx, at: &At, giver: &UserId) -> Result<BTreeSet<String>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String,),
        "SELECT receiver FROM ledger
         WHERE workspace = $1 AND channel = $2 AND message_ts = $3 AND giver = $4 AND effect = $5
            AND effect IS NOT NULL",
        &at.workspace,
        &at.channel,
        &at.ts,
        giver,
        Effect::Post.name()
    )?;
    Ok(rows.into_iter().map(|(receiver,)| receiver).collect())
}

/// The kudos that a message stands for: those it is the card of, those that it gave. `None` if it is about none;
/// empty when all of them were taken back.
pub(super) async fn kudos_of(tx: &mut Tx, at: &At) -> Result<Option<Vec<KudosId>>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (KudosId, i64),
        "SELECT j.kudos, SUM(CASE WHEN l.reversed_at IS NULL THEN 1 ELSE 0 END)
         FROM (SELECT kudos FROM post WHERE workspace = $1 AND channel = $2 AND ts = $3 AND audience IN ($5, $6)
               UNION
               SELECT kudos FROM ledger WHERE workspace = $1 AND channel = $2 AND message_ts = $3 AND effect = $4
                  AND effect IS NOT NULL) j
         JOIN ledger l ON l.kudos = j.kudos GROUP BY j.kudos ORDER BY j.kudos",
        &at.workspace,
        &at.channel,
        &at.ts,
        Effect::Post.name(),
        Audience::Card.name(),
        Audience::Also.name()
    )?;
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        rows.into_iter()
            .filter(|(_, standing)| *standing > 0)
            .map(|(kudos, _)| kudos)
            .collect(),
    ))
}

/// Whether a post thanks somebody, or did.
pub async fn gave_by_post(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT given_at FROM ledger WHERE workspace = $1 AND channel = $2 AND message_ts = $3 AND effect IS NOT NULL
         LIMIT 1",
        workspace,
        channel,
        ts
    )?;
    Ok(row.is_some())
}

/// What a change of a person's reactions under a message comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reacts {
    /// Slack told it before, or something newer.
    Nothing,
    /// Now they do.
    Now,
    /// They no longer do.
    NoLonger,
}

/// Enters that somebody's chosen emoji came or went.
pub(super) async fn reacted(
    tx: &mut Tx,
    at: &At,
    member: &UserId,
    emoji: &str,
    is_on: bool,
    changed: i64,
    now: Instant,
) -> Result<Reacts, StoreError> {
    hold(tx, at, member).await?;
    let entered = sql!(
        tx,
        execute "INSERT INTO reaction (workspace, channel, message_ts, member, emoji, is_on, changed, at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                 ON CONFLICT (workspace, channel, message_ts, member, emoji) DO UPDATE
                    SET is_on = excluded.is_on, changed = excluded.changed, at = excluded.at
                    WHERE excluded.changed > reaction.changed",
        &at.workspace,
        &at.channel,
        &at.ts,
        member,
        emoji,
        is_on,
        changed,
        now
    )?;
    if entered == 0 {
        return Ok(Reacts::Nothing);
    }
    let others = reacts(tx, at, member).await?;
    Ok(match (is_on, others) {
        (true, _) => Reacts::Now,
        (false, None) => Reacts::NoLonger,
        (false, Some(_)) => Reacts::Nothing,
    })
}

/// When somebody's chosen emoji under a message came, in microseconds since 1970 (the first of several); `None` without
/// one.
pub(super) async fn reacts(tx: &mut Tx, at: &At, member: &UserId) -> Result<Option<i64>, StoreError> {
    let (since,): (Option<i64>,) = sql!(
        tx,
        fetch_one as (Option<i64>,),
        "SELECT MIN(changed) FROM reaction
         WHERE workspace = $1 AND channel = $2 AND message_ts = $3 AND member = $4 AND is_on = TRUE",
        &at.workspace,
        &at.channel,
        &at.ts,
        member
    )?;
    Ok(since)
}

/// The same, while nobody can change it before this transaction ends.
pub(super) async fn still_reacts(tx: &mut Tx, at: &At, member: &UserId) -> Result<bool, StoreError> {
    hold(tx, at, member).await?;
    Ok(reacts(tx, at, member).await?.is_some())
}

async fn hold(tx: &mut Tx, at: &At, member: &UserId) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE reaction SET at = at WHERE workspace = $1 AND channel = $2 AND message_ts = $3 AND member = $4",
        &at.workspace,
        &at.channel,
        &at.ts,
        member
    )?;
    Ok(())
}

/// Forgets reactions of before `before`: what they gave stays.
pub async fn sweep_reactions(tx: &mut Tx, workspace: &WorkspaceId, before: Instant) -> Result<u64, StoreError> {
    sql!(tx, execute "DELETE FROM reaction WHERE workspace = $1 AND at < $2", workspace, before)
}

/// The id of whoever is thanked, as the ledger has it.
pub(super) fn id_of(receiver: &grammar::Receiver) -> &str {
    match receiver {
        grammar::Receiver::Member(id) => id.as_str(),
        grammar::Receiver::Group { id, .. } => id.as_str(),
    }
}
