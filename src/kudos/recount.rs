//! Rebuilding the derived numbers from the ledger: tallies, pairs, and what was used of the allowance.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde_json::json;

use super::Source;
use super::counts::{Counted, Counts, PairKey, TallyKey};
use crate::base::calendar::Day;
use crate::store::{Db, StoreError, Tx, sql};

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
    /// `tally`, `pair` or `allowance`.
    pub table: &'static str,
    /// Its key, the columns separated by spaces.
    pub key: String,
    /// What was stored; 0 where there was no row.
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

#[derive(Default)]
struct Numbers {
    counts: Counts<'static>,
    used: BTreeMap<DayKey, i64>,
}

/// Counts the ledger anew and corrects what differs. Ledger and numbers are read as of one instant, and corrections
/// are added as differences, so the bot may give and take back meanwhile.
///
/// # Errors
/// [`StoreError`]; corrections made until then stay, and are right.
pub async fn recount(db: &Db) -> Result<Recount, StoreError> {
    let (rows, counted, stored) = db
        .snapshot(async |tx: &mut Tx| -> Result<_, StoreError> {
            let mut counted = Numbers::default();
            let mut rows = 0;
            let mut after = (i64::MIN, String::new());
            loop {
                let page = ledger_page(tx, &after).await?;
                let Some(last) = page.last() else { break };
                after = (last.0, last.1.clone());
                rows += u64::try_from(page.len()).unwrap_or_default();
                counted.count(&page)?;
            }
            Ok((rows, counted, stored(tx).await?))
        })
        .await?;

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
        &counted.counts.pairs,
        &stored.counts.pairs,
        &mut differences,
        |k: &PairKey<'_>| format!("{} {} {} {}", k.0, k.1, k.2, k.3),
    );
    let used = differ(
        "allowance",
        &counted.used,
        &stored.used,
        &mut differences,
        |k: &DayKey| format!("{} {} {}", k.0, k.1, k.2),
    );
    for part in tallies.chunks(CORRECTIONS) {
        let counts = Counts {
            tallies: part.iter().cloned().collect(),
            ..Counts::default()
        };
        db.write(async move |tx: &mut Tx| counts.write(tx).await).await?;
    }
    for part in pairs.chunks(CORRECTIONS) {
        let counts = Counts {
            pairs: part.iter().cloned().collect(),
            ..Counts::default()
        };
        db.write(async move |tx: &mut Tx| counts.write(tx).await).await?;
    }
    for part in used.chunks(CORRECTIONS) {
        let rows: Vec<_> = part.iter().map(|((w, g, d), n)| json!([w, g, d, n])).collect();
        let list = json!(rows).to_string();
        db.write(async move |tx: &mut Tx| add_used(tx, &list).await).await?;
    }
    Ok(Recount { rows, differences })
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

type LedgerRow = (i64, String, String, String, String, String, String, String, String, i64);

async fn ledger_page(tx: &mut Tx, after: &(i64, String)) -> Result<Vec<LedgerRow>, StoreError> {
    sql!(
        tx,
        fetch_all as LedgerRow,
        "SELECT given_at, id, workspace, giver, receiver, receiver_kind, source, giver_day, workspace_day, cost
         FROM ledger WHERE reversed_at IS NULL AND (given_at, id) > ($1, $2) ORDER BY given_at, id LIMIT $3",
        after.0,
        &after.1,
        PAGE
    )
}

impl Numbers {
    fn count(&mut self, page: &[LedgerRow]) -> Result<(), StoreError> {
        let mut counts = Counts::default();
        for (_, _, workspace, giver, receiver, kind, source, giver_day, workspace_day, cost) in page {
            let day: Day = workspace_day.parse().map_err(|_| StoreError::Unreadable("a day"))?;
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
        Ok(())
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
    Ok(Numbers {
        counts: Counts {
            tallies: tallies
                .into_iter()
                .map(|(w, p, m, r, s, n)| ((w.into(), p.into(), m.into(), r.into(), s.into()), n))
                .collect(),
            pairs: pairs
                .into_iter()
                .map(|(w, p, g, r, n)| ((w.into(), p.into(), g.into(), r.into()), n))
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
