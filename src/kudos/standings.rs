//! Standings: what boards show. They follow the ledger a moment later, many rows at once, so that giving doesn't pay for
//! them; a row that was taken back before it was counted costs nothing at all.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;
use crate::base::calendar::{Day, Period};
use crate::base::ids::{UserId, WorkspaceId};
use crate::store::{Db, StoreError, Tx, list, sql};

/// Rows of the ledger that are counted in one transaction; bounds how long a kudos waits for it.
pub const LIST: i64 = 25;
/// Such transactions that are waited for at a time.
const LISTS: usize = 200;

/// What a board ranks by. They never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ranked {
    /// How many different people somebody thanked.
    Givers,
    /// How often peers thanked somebody.
    Received,
    /// How often customers did.
    Customers,
}

impl Ranked {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Givers, Self::Received, Self::Customers];

    /// The name in the database, in commands and in exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Givers => "givers",
            Self::Received => "received",
            Self::Customers => "customers",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ranked| ranked.name() == name)
    }

    /// What a receiver's thanks from this source count for.
    pub(super) fn of(source: &str) -> Self {
        if source == Source::Customer.tally() {
            Self::Customers
        } else {
            Self::Received
        }
    }
}

/// Brings the standings up to date with the ledger; true when they are. After an upgrade there may be a lot to count:
/// it goes on at the next turn. Where there is nothing to do it is one look at an index.
///
/// # Errors
/// [`StoreError`]; what was counted until then stays, and is right.
pub async fn catch_up(db: &Db, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    for _ in 0..LISTS {
        if !db.read(async |tx: &mut Tx| lag_behind(tx, workspace).await).await? {
            return Ok(true);
        }
        let workspace = workspace.clone();
        db.write(async move |tx: &mut Tx| count_up(tx, &workspace, LIST).await)
            .await?;
    }
    Ok(false)
}

/// Whether some row of the ledger waits to be counted.
pub async fn lag_behind(tx: &mut Tx, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) FROM ledger
         WHERE workspace = $1 AND is_ranked = (reversed_at IS NOT NULL) LIMIT 1",
        workspace
    )?;
    Ok(row.is_some())
}

/// Counts at most so many rows of the ledger that wait for it; returns how many it were.
pub async fn count_up(tx: &mut Tx, workspace: &WorkspaceId, most: i64) -> Result<u64, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (String, String, String, String, String, bool),
        "UPDATE ledger SET is_ranked = NOT is_ranked
         WHERE id IN (SELECT id FROM ledger WHERE workspace = $1 AND is_ranked = (reversed_at IS NOT NULL)
                      ORDER BY id LIMIT $2)
            AND is_ranked = (reversed_at IS NOT NULL)
         RETURNING giver, receiver, receiver_kind, source, workspace_day, is_ranked",
        workspace,
        most
    )?;
    let mut standings = Standings::default();
    let (mut gained, mut lost): (BTreeMap<&str, &str>, BTreeSet<&str>) = (BTreeMap::new(), BTreeSet::new());
    for (giver, receiver, kind, source, day, is_ranked) in &rows {
        if kind != "member" {
            continue;
        }
        let parsed: Day = day.parse().map_err(|_| StoreError::Unreadable("a day"))?;
        let source = Source::tally_of(source);
        standings.add(
            workspace.as_str(),
            giver,
            receiver,
            source,
            parsed,
            if *is_ranked { 1 } else { -1 },
        );
        if *is_ranked {
            let latest = gained.entry(receiver).or_default();
            *latest = (*latest).max(day);
        } else {
            lost.insert(receiver);
        }
    }
    standings.write(tx).await?;
    latest_days(tx, workspace, &gained, &lost).await?;
    Ok(u64::try_from(rows.len()).unwrap_or_default())
}

/// `(workspace, period, kind, member)`
pub(super) type StandingKey = (String, String, String, String);

/// `(workspace, period, giver, receiver)`
pub(super) type PairKey = (String, String, String, String);

/// What some rows of the ledger count for. Aggregated, because an upsert may name a key once only; sorted, so that two
/// processes never wait for each other.
#[derive(Default)]
pub(super) struct Standings {
    /// What members received; then also how many people givers thanked.
    pub received: BTreeMap<StandingKey, i64>,
    /// Which peer thanked whom.
    pub pairs: BTreeMap<PairKey, i64>,
}

/// The periods that boards are told for, around a day.
fn periods(day: Day) -> [Period; 5] {
    [
        Period::week(day),
        Period::month(day),
        Period::quarter(day),
        Period::year(day),
        Period::all(),
    ]
}

impl Standings {
    /// Counts what a member received `sign` times.
    pub(super) fn add(&mut self, workspace: &str, giver: &str, receiver: &str, source: &str, day: Day, sign: i64) {
        let ranked = Ranked::of(source);
        let own = str::to_owned;
        for period in periods(day) {
            let key = (own(workspace), period.to_string(), own(ranked.name()), own(receiver));
            *self.received.entry(key).or_default() += sign;
            if ranked == Ranked::Received {
                let key = (own(workspace), period.to_string(), own(giver), own(receiver));
                *self.pairs.entry(key).or_default() += sign;
            }
        }
    }

    async fn write(mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if !self.pairs.is_empty() {
            let rows: Vec<_> = self.pairs.iter().map(|((w, p, g, r), n)| (w, p, g, r, n)).collect();
            for (workspace, period, giver, receiver, n) in add_to_pairs(tx, &list(&rows)).await? {
                let key = (workspace, period, giver, receiver);
                let before = n - self.pairs.get(&key).copied().unwrap_or_default();
                let change = i64::from(n > 0) - i64::from(before > 0);
                if change != 0 {
                    let (workspace, period, giver, _) = key;
                    let key = (workspace, period, Ranked::Givers.name().to_owned(), giver);
                    *self.received.entry(key).or_default() += change;
                }
            }
        }
        if self.received.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.received.iter().map(|((w, p, k, m), n)| (w, p, k, m, n)).collect();
        add_to_standings(tx, &list(&rows)).await
    }
}

/// Adds `(workspace, period, giver, receiver, n)` to what is stored; returns what is stored then.
pub(super) async fn add_to_pairs(
    tx: &mut Tx,
    rows: &str,
) -> Result<Vec<(String, String, String, String, i64)>, StoreError> {
    sql!(
        tx,
        fetch_all as (String, String, String, String, i64),
        "INSERT INTO pair (workspace, period, giver, receiver, n)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT)
         FROM json_each($1) WHERE true
         ON CONFLICT (workspace, period, giver, receiver) DO UPDATE SET n = pair.n + excluded.n
         RETURNING workspace, period, giver, receiver, n",
        rows
    )
}

/// Adds `(workspace, period, kind, member, n)` to what stands.
pub(super) async fn add_to_standings(tx: &mut Tx, rows: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO standing (workspace, period, kind, member, n)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT)
                 FROM json_each($1) WHERE true
                 ON CONFLICT (workspace, period, kind, member) DO UPDATE SET n = standing.n + excluded.n",
        rows
    )?;
    Ok(())
}

/// Remembers the last day of those who were thanked, and finds that of those whose thanks were taken back.
async fn latest_days(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    gained: &BTreeMap<&str, &str>,
    lost: &BTreeSet<&str>,
) -> Result<(), StoreError> {
    if !gained.is_empty() {
        let rows: Vec<_> = gained.iter().collect();
        sql!(
            tx,
            execute "INSERT INTO thanked (workspace, member, day)
                     SELECT $1, value ->> 0, value ->> 1 FROM json_each($2) WHERE true
                     ON CONFLICT (workspace, member) DO UPDATE SET day = excluded.day WHERE thanked.day < excluded.day",
            workspace,
            list(&rows)
        )?;
    }
    if !lost.is_empty() {
        let rows: Vec<_> = lost.iter().map(|member| [member]).collect();
        find_latest_days(tx, workspace, &list(&rows)).await?;
    }
    let touched: BTreeSet<&str> = gained.keys().copied().chain(lost.iter().copied()).collect();
    if !touched.is_empty() {
        let rows: Vec<_> = touched.iter().map(|member| [member]).collect();
        sql!(
            tx,
            // As a list of ids and not as a join: SQLite would walk all members, and the list for each of them.
            execute "UPDATE member SET thanked_on = COALESCE(
                        (SELECT t.day FROM thanked t WHERE t.workspace = $1 AND t.member = member.id), '')
                     WHERE workspace = $1 AND id IN (SELECT value ->> 0 FROM json_each($2))",
            workspace,
            list(&rows)
        )?;
    }
    Ok(())
}

/// Notes the day of the last thanks with those who became known only after they were thanked.
pub async fn note_latest_days(tx: &mut Tx, workspace: &WorkspaceId) -> Result<u64, StoreError> {
    sql!(
        tx,
        execute "UPDATE member SET thanked_on = t.day FROM thanked t
                 WHERE member.workspace = $1 AND t.workspace = $1 AND t.member = member.id AND member.thanked_on <> t.day",
        workspace
    )
}

/// Finds in the ledger the last day on which these `(member,)` were thanked, of what the standings count.
pub(super) async fn find_latest_days(tx: &mut Tx, workspace: &WorkspaceId, rows: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO thanked (workspace, member, day)
                 SELECT $1, value ->> 0,
                    COALESCE((SELECT MAX(l.workspace_day) FROM ledger l WHERE l.workspace = $1
                        AND l.receiver = value ->> 0 AND l.is_ranked), '')
                 FROM json_each($2) WHERE true
                 ON CONFLICT (workspace, member) DO UPDATE SET day = excluded.day",
        workspace,
        rows
    )?;
    Ok(())
}

/// Puts `nobody` into the place of somebody who was erased. What `nobody` has from before, when this is done again, is
/// counted together with it.
pub(super) async fn erase(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    person: &UserId,
    nobody: &UserId,
) -> Result<(), StoreError> {
    for statement in [
        "INSERT INTO standing (workspace, period, kind, member, n)
         SELECT workspace, period, kind, $3, n FROM standing WHERE workspace = $1 AND member = $2
         ON CONFLICT (workspace, period, kind, member) DO UPDATE SET n = standing.n + excluded.n",
        "INSERT INTO thanked (workspace, member, day)
         SELECT workspace, $3, day FROM thanked WHERE workspace = $1 AND member = $2
         ON CONFLICT (workspace, member) DO UPDATE SET day = excluded.day WHERE thanked.day < excluded.day",
    ] {
        sql!(tx, execute statement, workspace, person, nobody)?;
    }
    for statement in [
        "DELETE FROM standing WHERE workspace = $1 AND member = $2",
        "DELETE FROM thanked WHERE workspace = $1 AND member = $2",
    ] {
        sql!(tx, execute statement, workspace, person)?;
    }
    // Two who were one are thanked as one, and thank as one.
    sql!(
        tx,
        execute "INSERT INTO standing (workspace, period, kind, member, n)
                 SELECT p.workspace, p.period, $3, p.giver, COUNT(*) FROM pair p
                 WHERE p.workspace = $1 AND p.n > 0 AND (p.giver = $2
                    OR p.giver IN (SELECT q.giver FROM pair q WHERE q.workspace = $1 AND q.receiver = $2))
                 GROUP BY p.workspace, p.period, p.giver
                 ON CONFLICT (workspace, period, kind, member) DO UPDATE SET n = excluded.n
                    WHERE standing.n <> excluded.n",
        workspace,
        nobody,
        Ranked::Givers.name()
    )?;
    Ok(())
}
