//! Rebuilding the derived numbers from the ledger: tallies, pairs, standings, the days of the last thanks, and what was
//! used of the allowance.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde_json::json;

use super::Source;
use super::counts::{Counted, Counts, TallyKey};
use super::standings::{
    PairKey, Ranked, StandingKey, Standings, add_to_pairs, add_to_standings, catch_up, find_latest_days,
};
use crate::base::calendar::Day;
use crate::base::ids::WorkspaceId;
use crate::store::{Db, StoreError, Tx, list, sql};

/// Rows that are read at once.
const PAGE: i64 = 5_000;
/// Numbers that are corrected in one transaction; the bot goes on giving in between.
const CORRECTIONS: usize = 500;

/// What was found, and corrected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recount {
    /// Ledger rows that stand.
    pub rows: u64,
    /// Numbers that were off.
    pub differences: Vec<Difference>,
}

/// One number that was off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `tally`, `pair`, `standing`, `thanked` or `allowance`.
    pub table: &'static str,
    /// Its key, the columns separated by spaces.
    pub key: String,
    /// What was stored; 0 where there was no row. A day is its digits.
    pub stored: i64,
    /// What the ledger says.
    pub counted: i64,
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {} stored, {} in the ledger",
            self.table, self.key, self.stored, self.counted
        )
    }
}

/// `(workspace, giver, day)`
type DayKey = (String, String, String);

/// `(workspace, member)`
type MemberKey = (String, String);

#[derive(Default)]
struct Numbers {
    counts: Counts<'static>,
    used: BTreeMap<DayKey, i64>,
    standings: Standings,
    /// The day of the last thanks, as its digits.
    thanked: BTreeMap<MemberKey, i64>,
}

/// Counts the ledger anew and corrects what differs. Ledger and numbers are read as of one instant, and corrections
/// are added as differences, so the bot may give and take back meanwhile.
///
/// # Errors
/// [`StoreError`]; corrections made until then stay, and are right.
pub async fn recount(db: &Db) -> Result<Recount, StoreError> {
    for workspace in db.read(workspaces).await? {
        while !catch_up(db, &workspace).await? {}
    }
    let (rows, mut counted, stored) = db
        .snapshot(async |tx: &mut Tx| -> Result<_, StoreError> {
            let mut counted = Numbers::default();
            let mut rows = 0;
            let mut after = (i64::MIN, String::new());
            loop {
                let page = ledger_page(tx, &after).await?;
                let Some(last) = page.last() else { break };
                after = (last.0, last.1.clone());
                rows += counted.count(&page)?;
            }
            Ok((rows, counted, stored(tx).await?))
        })
        .await?;
    counted.count_givers();

    let mut differences = Vec::new();
    let tallies = differ(
        "tally",
        &counted.counts.tallies,
        &stored.counts.tallies,
        &mut differences,
        |k: &TallyKey<'_>| format!("{} {} {} {} {}", k.0, k.1, k.2, k.3, k.4),
    );
    let pairs = differ(
        "pair",
        &counted.standings.pairs,
        &stored.standings.pairs,
        &mut differences,
        |k: &PairKey| format!("{} {} {} {}", k.0, k.1, k.2, k.3),
    );
    let used = differ(
        "allowance",
        &counted.used,
        &stored.used,
        &mut differences,
        |k: &DayKey| format!("{} {} {}", k.0, k.1, k.2),
    );
    let standings = differ(
        "standing",
        &counted.standings.received,
        &stored.standings.received,
        &mut differences,
        |k: &StandingKey| format!("{} {} {} {}", k.0, k.1, k.2, k.3),
    );
    let thanked = differ(
        "thanked",
        &counted.thanked,
        &stored.thanked,
        &mut differences,
        |k: &MemberKey| format!("{} {}", k.0, k.1),
    );
    for part in tallies.chunks(CORRECTIONS) {
        let counts = Counts {
            tallies: part.iter().cloned().collect(),
            ..Counts::default()
        };
        db.write(async move |tx: &mut Tx| counts.write(tx).await).await?;
    }
    for part in pairs.chunks(CORRECTIONS) {
        let rows: Vec<_> = part.iter().map(|((w, p, g, r), n)| (w, p, g, r, n)).collect();
        let rows = list(&rows);
        db.write(async move |tx: &mut Tx| add_to_pairs(tx, &rows).await).await?;
    }
    for part in used.chunks(CORRECTIONS) {
        let rows: Vec<_> = part.iter().map(|((w, g, d), n)| json!([w, g, d, n])).collect();
        let list = json!(rows).to_string();
        db.write(async move |tx: &mut Tx| add_used(tx, &list).await).await?;
    }
    for part in standings.chunks(CORRECTIONS) {
        let rows: Vec<_> = part.iter().map(|((w, p, k, m), n)| (w, p, k, m, n)).collect();
        let rows = list(&rows);
        db.write(async move |tx: &mut Tx| add_to_standings(tx, &rows).await)
            .await?;
    }
    for ((workspace, member), _) in thanked {
        let (workspace, row) = (WorkspaceId(workspace), list(&[[member]]));
        db.write(async move |tx: &mut Tx| find_latest_days(tx, &workspace, &row).await)
            .await?;
    }
    Ok(Recount { rows, differences })
}

async fn workspaces(tx: &mut Tx) -> Result<Vec<WorkspaceId>, StoreError> {
    let rows = sql!(tx, fetch_all as (WorkspaceId,), "SELECT id FROM workspace ORDER BY id")?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A day as its digits: `2026-10-05` is 20261005; none is 0.
fn digits(day: &str) -> i64 {
    day.replace('-', "").parse().unwrap_or_default()
}

/// What must be added to `stored` so that it says what was `counted`. A row of zero is as good as none.
fn differ<K: Ord + Clone>(
    table: &'static str,
    counted: &BTreeMap<K, i64>,
    stored: &BTreeMap<K, i64>,
    differences: &mut Vec<Difference>,
    name: impl Fn(&K) -> String,
) -> Vec<(K, i64)> {
    let mut corrections: BTreeMap<K, i64> = counted.clone();
    for (key, n) in stored {
        *corrections.entry(key.clone()).or_default() -= n;
    }
    corrections.retain(|_, n| *n != 0);
    differences.extend(corrections.keys().map(|key| Difference {
        table,
        key: name(key),
        stored: stored.get(key).copied().unwrap_or_default(),
        counted: counted.get(key).copied().unwrap_or_default(),
    }));
    corrections.into_iter().collect()
}

type LedgerRow = (
    i64,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    i64,
    bool,
    bool,
);

async fn ledger_page(tx: &mut Tx, after: &(i64, String)) -> Result<Vec<LedgerRow>, StoreError> {
    sql!(
        tx,
        fetch_all as LedgerRow,
        "SELECT given_at, id, workspace, giver, receiver, receiver_kind, source, giver_day, workspace_day, cost,
            reversed_at IS NULL, is_ranked
         FROM ledger WHERE (reversed_at IS NULL OR is_ranked) AND (given_at, id) > ($1, $2)
         ORDER BY given_at, id LIMIT $3",
        after.0,
        &after.1,
        PAGE
    )
}

impl Numbers {
    /// Counts a page; returns how many of its rows stand.
    fn count(&mut self, page: &[LedgerRow]) -> Result<u64, StoreError> {
        let mut counts = Counts::default();
        let mut standing = 0;
        for (_, _, workspace, giver, receiver, kind, source, giver_day, workspace_day, cost, stands, is_ranked) in page
        {
            let day: Day = workspace_day.parse().map_err(|_| StoreError::Unreadable("a day"))?;
            if kind == "member" && *is_ranked {
                self.standings
                    .add(workspace, giver, receiver, Source::tally_of(source), day, 1);
                let latest = self.thanked.entry((workspace.clone(), receiver.clone())).or_default();
                *latest = (*latest).max(digits(workspace_day));
            }
            if !stands {
                continue;
            }
            standing += 1;
            counts.add(
                &Counted {
                    workspace,
                    giver,
                    receiver,
                    is_member: kind == "member",
                    source: Source::tally_of(source),
                    day,
                },
                1,
            );
            *self
                .used
                .entry((workspace.clone(), giver.clone(), giver_day.clone()))
                .or_default() += cost;
        }
        self.counts.absorb(counts);
        Ok(standing)
    }

    /// How many different people each giver thanked follows from the pairs.
    fn count_givers(&mut self) {
        for ((workspace, period, giver, _), n) in &self.standings.pairs {
            if *n > 0 {
                let givers = Ranked::Givers.name().to_owned();
                let key = (workspace.clone(), period.clone(), givers, giver.clone());
                *self.standings.received.entry(key).or_default() += 1;
            }
        }
    }
}

async fn stored(tx: &mut Tx) -> Result<Numbers, StoreError> {
    let tallies = sql!(
        tx,
        fetch_all as (String, String, String, String, String, i64),
        "SELECT workspace, period, member, role, source, n FROM tally"
    )?;
    let pairs = sql!(
        tx,
        fetch_all as (String, String, String, String, i64),
        "SELECT workspace, period, giver, receiver, n FROM pair"
    )?;
    let used = sql!(
        tx,
        fetch_all as (String, String, String, i64),
        "SELECT workspace, giver, day, used FROM allowance"
    )?;
    let standings = sql!(
        tx,
        fetch_all as (String, String, String, String, i64),
        "SELECT workspace, period, kind, member, n FROM standing"
    )?;
    let thanked = sql!(
        tx,
        fetch_all as (String, String, String),
        "SELECT workspace, member, day FROM thanked"
    )?;
    Ok(Numbers {
        standings: Standings {
            received: standings.into_iter().map(|(w, p, k, m, n)| ((w, p, k, m), n)).collect(),
            pairs: pairs.into_iter().map(|(w, p, g, r, n)| ((w, p, g, r), n)).collect(),
        },
        thanked: thanked.into_iter().map(|(w, m, day)| ((w, m), digits(&day))).collect(),
        counts: Counts {
            tallies: tallies
                .into_iter()
                .map(|(w, p, m, r, s, n)| ((w.into(), p.into(), m.into(), r.into(), s.into()), n))
                .collect(),
            ..Counts::default()
        },
        used: used.into_iter().map(|(w, g, d, n)| ((w, g, d), n)).collect(),
    })
}

async fn add_used(tx: &mut Tx, list: &str) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO allowance (workspace, giver, day, used)
                 SELECT value ->> 0, value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT)
                 FROM json_each($1) WHERE true
                 ON CONFLICT (workspace, giver, day) DO UPDATE SET used = allowance.used + excluded.used",
        list
    )?;
    Ok(())
}
