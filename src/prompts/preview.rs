//! What the schedules of a channel posted and will post, for the command line.

use super::pack::Packs;
use super::plan::Planned;
use super::schedule::Schedule;
use super::store;
use super::tick::Past;
use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, WorkspaceId};
use crate::store::{Db, StoreError, Tx};

/// The schedules of a channel, each with its workspace.
///
/// # Errors
/// [`StoreError`] when they can't be read.
pub async fn schedules_in(db: &Db, channel: &ChannelId) -> Result<Vec<(WorkspaceId, Schedule)>, StoreError> {
    db.read(async |tx: &mut Tx| store::schedules_in(tx, channel).await)
        .await
}

/// What a schedule posted or posts after `from`, up to and including `to`, by time: what was entered up to now as it was,
/// and from there on what is planned.
///
/// # Errors
/// [`StoreError`] when its past can't be read.
pub async fn preview(
    db: &Db,
    workspace: &WorkspaceId,
    packs: &Packs,
    schedule: &Schedule,
    (from, to): (Instant, Instant),
) -> Result<Vec<Planned>, StoreError> {
    let past = Past::of(db, workspace, &[schedule], from).await?;
    // An occurrence is at most a day away from the day that it belongs to.
    let days = (
        local_day(from, schedule.zone).previous(),
        local_day(to, schedule.zone).next(),
    );
    let entered = db
        .read(async |tx: &mut Tx| store::occurrences_of(tx, workspace, &schedule.id, days).await)
        .await?;
    let mut posts: Vec<Planned> = entered
        .into_iter()
        .map(|occurrence| occurrence.planned)
        .filter(|was| from < was.at && was.at <= to)
        .collect();
    posts.sort_by_key(|was| was.at);
    let from = posts.last().map_or(from, |last| last.at);
    posts.extend(past.planned(schedule, packs, from, to, usize::MAX));
    Ok(posts)
}
