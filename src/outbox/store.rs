//! The SQL of the queue.

use serde_json::json;

use super::{Claimed, Ending, Intent, Kind, LANE_PAUSE, LEASE, Late, WORKSPACE_PER_MINUTE, backoff};
use crate::base::clock::Instant;
use crate::base::ids::{OutboxId, UserId, WorkspaceId, new_id};
use crate::store::{Connection, Lists, StoreError, Tx, list, sql};

/// Why a row waits that met a 429. The claim knows by it which methods rest.
const RATE_LIMITED: &str = "rate limited";

/// Adds rows, one statement for the whole list. A row whose key waits already is left out: the waiting one serves.
pub async fn enqueue(tx: &mut Tx, intents: impl IntoIterator<Item = &Intent>) -> Result<(), StoreError> {
    let mut lists = Lists::default();
    enqueue_with(&mut lists, intents);
    lists.run(tx).await
}

/// The same together with other lists.
pub fn enqueue_with<'a>(lists: &mut Lists, intents: impl IntoIterator<Item = &'a Intent>) {
    let rows: Vec<_> = intents
        .into_iter()
        .map(|i| {
            (
                &i.id,
                &i.workspace,
                i.kind.name(),
                &i.subject,
                &i.lane,
                &i.key,
                i.kind.priority(),
                i.run_at,
                i.late_at,
                i.created_at,
            )
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    lists.add(
        "INSERT INTO outbox (id, workspace, kind, subject, lane, key, priority, state, run_at, attempts,
            lease, leased_until, unsettled, late_at, created_at, sent_at, reason)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
            CAST(value ->> 6 AS BIGINT), 'waiting', CAST(value ->> 7 AS BIGINT), 0,
            NULL, NULL, FALSE, CAST(value ->> 8 AS BIGINT), CAST(value ->> 9 AS BIGINT), NULL, ''
         FROM jsonb_each($1) WHERE true
         ON CONFLICT (workspace, key) WHERE key IS NOT NULL AND state = 'waiting' DO NOTHING",
        list(&rows),
    );
}

/// Lets what waits with this key go at `at`, if it was to go later. One that has been tried keeps its own pace.
pub async fn hasten(tx: &mut Tx, workspace: &WorkspaceId, key: &str, at: Instant) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE outbox SET run_at = $1
                 WHERE workspace = $2 AND key = $3 AND state = 'waiting' AND attempts = 0 AND run_at > $1",
        at,
        workspace,
        key
    )?;
    Ok(())
}

/// The kinds that this Plaudit can send, for `json_each`. Rows of a newer one wait for it, and hold up nobody.
fn known_kinds() -> String {
    json!(Kind::ALL.map(|kind| [kind.name()])).to_string()
}

/// Takes up to `most` rows that may be sent now, in order, and leases them to this process. Respects the order and
/// the pause of each lane and the number of messages per minute.
pub async fn claim(tx: &mut Tx, workspace: &WorkspaceId, now: Instant, most: i64) -> Result<Vec<Claimed>, StoreError> {
    let minute_ago = now.plus_millis(-60_000);
    let (sent,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM outbox WHERE workspace = $1 AND sent_at > $2",
        workspace,
        minute_ago
    )?;
    let most = most.min(WORKSPACE_PER_MINUTE - sent);
    if most <= 0 {
        return Ok(Vec::new());
    }
    // A method that Slack asked to rest also rests for what came since. Both terms on the state, because SQLite takes
    // the index of unsettled rows only where the query repeats its predicate.
    let resting = sql!(
        tx,
        fetch_all as (String, Instant),
        "SELECT kind, MAX(run_at) FROM outbox
         WHERE workspace = $1 AND state IN ('waiting', 'sending') AND state = 'waiting' AND reason = $2 AND run_at > $3
         GROUP BY kind",
        workspace,
        RATE_LIMITED,
        now
    )?;
    for (kind, until) in resting {
        if let Some(kind) = Kind::from_name(&kind) {
            hold_back(tx, workspace, kind.method(), until).await?;
        }
    }
    type Row = (String, String, String, String, i64, i64, i64, bool);
    // The only statement that differs between the engines: PostgreSQL has several writers and must not wait for rows
    // that another one is taking. Only the head of a lane may go, so the lanes are walked, not the rows: a thousand
    // that wait in one channel cost no more than one.
    macro_rules! claim {
        ($skip_locked:literal) => {
            concat!(
                "WITH RECURSIVE lanes (lane) AS (
                    SELECT MIN(lane) FROM outbox WHERE workspace = $4 AND state IN ('waiting', 'sending')
                    UNION ALL
                    SELECT (SELECT MIN(n.lane) FROM outbox n
                            WHERE n.workspace = $4 AND n.lane > lanes.lane AND n.state IN ('waiting', 'sending'))
                    FROM lanes WHERE lanes.lane IS NOT NULL
                 )
                 UPDATE outbox SET state = 'sending', lease = $1, leased_until = $2, attempts = attempts + 1,
                    sent_at = $3, unsettled = (unsettled OR state = 'sending')
                 WHERE id IN (
                    SELECT o.id FROM outbox o
                    WHERE o.id IN (SELECT (SELECT h.id FROM outbox h
                                WHERE h.workspace = $4 AND h.lane = lanes.lane AND h.state IN ('waiting', 'sending')
                                  AND h.kind IN (SELECT value ->> 0 FROM json_each($7))
                                ORDER BY h.priority, h.id LIMIT 1)
                            FROM lanes WHERE lanes.lane IS NOT NULL)
                      AND o.state IN ('waiting', 'sending') AND o.run_at <= $3
                      AND (o.state = 'waiting' OR o.leased_until < $3)
                      AND NOT EXISTS (SELECT 1 FROM outbox s WHERE s.workspace = o.workspace AND s.lane = o.lane
                            AND s.sent_at > $5 AND s.id <> o.id)
                    ORDER BY o.priority, o.id LIMIT $6",
                $skip_locked,
                ") RETURNING id, kind, subject, lane, attempts, created_at, priority, unsettled"
            )
        };
    }
    let lease = new_id(now);
    let until = now.plus(LEASE);
    let pause = now.minus(LANE_PAUSE);
    let query = match tx.connection() {
        Connection::Sqlite(_) => claim!(""),
        Connection::Postgres(_) => claim!(" FOR UPDATE OF o SKIP LOCKED"),
    };
    let mut rows = sql!(
        tx,
        fetch_all as Row,
        query,
        &lease,
        until,
        now,
        workspace,
        pause,
        most,
        known_kinds()
    )?;
    rows.sort_by(|a, b| (a.6, &a.0).cmp(&(b.6, &b.0)));
    Ok(rows
        .into_iter()
        .filter_map(|(id, kind, subject, lane, attempts, created_at, _, may_be_sent)| {
            Some(Claimed {
                id: id.into(),
                workspace: workspace.clone(),
                kind: Kind::from_name(&kind)?,
                subject,
                lane,
                attempts,
                created_at: Instant::from_millis(created_at),
                may_be_sent,
                lease: lease.clone(),
            })
        })
        .collect())
}

/// Marks a row as done, in the transaction that records its success. Says whether its owner had not yet been told
/// that it was late (and now never will be), or `None` when another process has taken it over meanwhile.
pub async fn finish(tx: &mut Tx, claimed: &Claimed) -> Result<Option<bool>, StoreError> {
    let done = sql!(
        tx,
        execute "UPDATE outbox SET state = 'done', lease = NULL, leased_until = NULL, reason = ''
                 WHERE id = $1 AND lease = $2",
        &claimed.id,
        &claimed.lease
    )?;
    if done == 0 {
        return Ok(None);
    }
    Ok(Some(heard_late(tx, &claimed.id).await?))
}

/// Takes the notice of lateness off a row. True for the one caller who took it.
pub async fn heard_late(tx: &mut Tx, id: &OutboxId) -> Result<bool, StoreError> {
    let taken = sql!(tx, execute "UPDATE outbox SET late_at = NULL WHERE id = $1 AND late_at IS NOT NULL", id)?;
    Ok(taken > 0)
}

/// Records how an attempt ended when its owner hasn't.
pub async fn settle(tx: &mut Tx, claimed: &Claimed, ending: &Ending, now: Instant) -> Result<(), StoreError> {
    match ending {
        Ending::Recorded => {}
        Ending::Done => {
            finish(tx, claimed).await?;
        }
        Ending::Retry { after, why, unsettled } => {
            let run_at = now.plus(after.unwrap_or_else(|| backoff(&claimed.id, claimed.attempts)));
            wait_again(tx, claimed, run_at, why, *unsettled || claimed.may_be_sent).await?;
        }
        Ending::RateLimited { after } => {
            let run_at = now.plus(*after);
            wait_again(tx, claimed, run_at, RATE_LIMITED, claimed.may_be_sent).await?;
            hold_back(tx, &claimed.workspace, claimed.kind.method(), run_at).await?;
        }
        Ending::Moved { lane, why } => {
            leave_key(tx, claimed).await?;
            sql!(
                tx,
                execute "UPDATE outbox SET state = 'waiting', lease = NULL, leased_until = NULL, lane = $1, run_at = $2,
                            sent_at = NULL, unsettled = FALSE, reason = $3
                         WHERE id = $4 AND lease = $5",
                lane,
                now,
                why,
                &claimed.id,
                &claimed.lease
            )?;
        }
        Ending::Failed { why } => {
            sql!(
                tx,
                execute "UPDATE outbox SET state = 'failed', lease = NULL, leased_until = NULL, late_at = NULL,
                            reason = $1 WHERE id = $2 AND lease = $3",
                why,
                &claimed.id,
                &claimed.lease
            )?;
        }
    }
    Ok(())
}

/// Lets every row that uses a method wait until `until` at least.
async fn hold_back(tx: &mut Tx, workspace: &WorkspaceId, method: &str, until: Instant) -> Result<(), StoreError> {
    let kinds: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| kind.method() == method)
        .map(|kind| [kind.name()])
        .collect();
    sql!(
        tx,
        execute "UPDATE outbox SET run_at = $1 WHERE workspace = $2 AND state IN ('waiting', 'sending')
                    AND state = 'waiting' AND run_at < $1 AND kind IN (SELECT value ->> 0 FROM json_each($3))",
        until,
        workspace,
        json!(kinds).to_string()
    )?;
    Ok(())
}

async fn wait_again(
    tx: &mut Tx,
    claimed: &Claimed,
    run_at: Instant,
    why: &str,
    unsettled: bool,
) -> Result<(), StoreError> {
    leave_key(tx, claimed).await?;
    sql!(
        tx,
        execute "UPDATE outbox SET state = 'waiting', lease = NULL, leased_until = NULL, run_at = $1, reason = $2,
                    unsettled = $3
                 WHERE id = $4 AND lease = $5",
        run_at,
        why,
        unsettled,
        &claimed.id,
        &claimed.lease
    )?;
    Ok(())
}

/// A row that has to wait again leaves its key to the one that began to wait meanwhile: only one may have it.
async fn leave_key(tx: &mut Tx, claimed: &Claimed) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE outbox SET key = NULL WHERE id = $1 AND lease = $2
                    AND EXISTS (SELECT 1 FROM outbox w WHERE w.workspace = outbox.workspace AND w.key = outbox.key
                        AND w.state = 'waiting')",
        &claimed.id,
        &claimed.lease
    )?;
    Ok(())
}

/// Rows that still wait although their owners wanted them gone by `now`.
pub async fn late(tx: &mut Tx, workspace: &WorkspaceId, now: Instant, most: i64) -> Result<Vec<Late>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String, String, String),
        "SELECT id, kind, subject FROM outbox
         WHERE workspace = $1 AND late_at IS NOT NULL AND late_at <= $2 AND state IN ('waiting', 'sending')
            AND kind IN (SELECT value ->> 0 FROM json_each($4)) ORDER BY late_at, id LIMIT $3",
        workspace,
        now,
        most,
        known_kinds()
    )?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, kind, subject)| {
            Some(Late {
                id: id.into(),
                kind: Kind::from_name(&kind)?,
                subject,
            })
        })
        .collect())
}

/// The next instant at which something may be due; `None` when nothing waits.
pub async fn next_due(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Option<Instant>, StoreError> {
    let (waiting, leased, late): (Option<i64>, Option<i64>, Option<i64>) = sql!(
        tx,
        fetch_one as (Option<i64>, Option<i64>, Option<i64>),
        "SELECT
            (SELECT run_at FROM outbox
             WHERE workspace = $1 AND state IN ('waiting', 'sending') AND state = 'waiting'
               AND kind IN (SELECT value ->> 0 FROM json_each($2)) ORDER BY run_at LIMIT 1),
            (SELECT leased_until FROM outbox WHERE workspace = $1 AND leased_until IS NOT NULL
               AND kind IN (SELECT value ->> 0 FROM json_each($2)) ORDER BY leased_until LIMIT 1),
            (SELECT late_at FROM outbox WHERE workspace = $1 AND late_at IS NOT NULL
               AND kind IN (SELECT value ->> 0 FROM json_each($2)) ORDER BY late_at LIMIT 1)",
        workspace,
        known_kinds()
    )?;
    Ok([waiting, leased, late]
        .into_iter()
        .flatten()
        .min()
        .map(Instant::from_millis))
}

/// How many rows are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting to be sent.
    pub waiting: i64,
    /// Leased to a process.
    pub sending: i64,
    /// Sent.
    pub done: i64,
    /// Given up, with a reason.
    pub failed: i64,
}

/// Counts the rows of a workspace.
pub async fn counts(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Counts, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String, i64),
        "SELECT state, COUNT(*) FROM outbox WHERE workspace = $1 GROUP BY state",
        workspace
    )?;
    let of = |state: &str| rows.iter().find(|row| row.0 == state).map_or(0, |row| row.1);
    Ok(Counts {
        waiting: of("waiting"),
        sending: of("sending"),
        done: of("done"),
        failed: of("failed"),
    })
}

/// Deletes rows that were settled before `before`.
pub async fn sweep(tx: &mut Tx, workspace: &WorkspaceId, before: Instant) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute "DELETE FROM outbox WHERE workspace = $1 AND state IN ('done', 'failed') AND created_at < $2",
        workspace,
        before
    )
}

/// The subjects of the rows that are being sent.
pub async fn being_sent(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Vec<String>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String,),
        "SELECT subject FROM outbox WHERE workspace = $1 AND leased_until IS NOT NULL ORDER BY id",
        workspace
    )?;
    Ok(rows.into_iter().map(|(subject,)| subject).collect())
}

/// Erases a person from the queue: what is for them goes (what is being sent at this moment does so when it is done
/// again), elsewhere `nobody` stands in their place.
pub async fn erase(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId, nobody: &UserId) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "DELETE FROM outbox WHERE workspace = $1 AND leased_until IS NULL
                    AND (lane LIKE '%' || $2 || '%' OR key LIKE '%' || $2 || '%')",
        workspace,
        person
    )?;
    sql!(
        tx,
        execute "UPDATE outbox SET subject = REPLACE(subject, '\"' || $2 || '\"', '\"' || $3 || '\"')
                 WHERE workspace = $1 AND subject LIKE '%' || $2 || '%'",
        workspace,
        person,
        nobody
    )?;
    Ok(())
}
