//! How long words are kept.

use std::collections::BTreeSet;

use chrono::Months;

use crate::base::calendar::{Day, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, WorkspaceId};
use crate::store::{StoreError, Tx, list, sql};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx, audit};

/// Kudos whose words are dropped in one transaction; the bot goes on giving in between.
const AT_ONCE: i64 = 500;
/// Zones are at most 14 hours from UTC: no kudos of a local day was given after this long past its beginning in UTC.
const TWO_DAYS: i64 = 2 * 86_400_000;

/// The workspace's local day.
///
/// # Errors
/// [`StoreError`] when its zone can't be read.
pub async fn workspace_today(ctx: &Ctx) -> Result<Day, StoreError> {
    let settings = &*ctx.settings();
    let first: BTreeSet<_> = settings.stewards.first().cloned().into_iter().collect();
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &first).await)
        .await?;
    Ok(local_day(ctx.clock.now(), workspace_zone(settings, &known)))
}

/// Empties the words of every kudos that was given more than the months ago for which words are kept, seen from
/// `today`, the workspace's day. Who, whom, when and the values stay, and so does what stands in Slack.
///
/// # Errors
/// [`StoreError`]; what was dropped until then stays so, and the next call goes on.
pub async fn drop_old_words(ctx: &Ctx, today: Day) -> Result<(), StoreError> {
    let Some(first_kept) = ctx
        .settings()
        .keep_words
        .and_then(|months| today.date().checked_sub_months(Months::new(months)))
    else {
        return Ok(());
    };
    let midnight = first_kept.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
    let (first_kept, before) = (
        first_kept.to_string(),
        Instant::from_millis(midnight).plus_millis(TWO_DAYS),
    );
    loop {
        let old = ctx
            .db
            .read(async |tx: &mut Tx| with_old_words(tx, &ctx.workspace.id, &first_kept, before, AT_ONCE).await)
            .await?;
        if old.is_empty() {
            return Ok(());
        }
        let workspace = ctx.workspace.id.clone();
        ctx.db
            .write(async move |tx: &mut Tx| drop_words(tx, &workspace, &old).await)
            .await?;
    }
}

/// Kudos given before a workspace's day (`YYYY-MM-DD`) that still have words. `before` is an instant after all of them.
pub async fn with_old_words(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    day: &str,
    before: Instant,
    most: i64,
) -> Result<BTreeSet<KudosId>, StoreError> {
    let rows: Vec<(KudosId,)> = sql!(
        tx,
        fetch_all as (KudosId,),
        "SELECT l.kudos FROM ledger l CROSS JOIN words w
         WHERE l.given_at < $1 AND l.workspace = $2 AND l.workspace_day < $3 AND w.kudos = l.kudos AND w.reason <> ''
         ORDER BY l.given_at, l.id LIMIT $4",
        before,
        workspace,
        day,
        most
    )?;
    Ok(rows.into_iter().map(|(kudos,)| kudos).collect())
}

/// Empties the words of these kudos, also where the audit log quotes them.
pub async fn drop_words(tx: &mut Tx, workspace: &WorkspaceId, kudos: &BTreeSet<KudosId>) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE words SET reason = '' WHERE workspace = $1
                    AND kudos IN (SELECT value ->> 0 FROM json_each($2))",
        workspace,
        list(&kudos.iter().map(|kudos| [kudos]).collect::<Vec<_>>())
    )?;
    audit::forget_values(tx, workspace, kudos).await
}
