//! Tallies: what a ledger row counts for at once, day by day, so that any days can be summed up. Derived, so that they
//! can be rebuilt. Weeks, months and longer follow a moment later (`standings.rs`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::base::calendar::{Day, Period};
use crate::store::{Lists, StoreError, Tx, list};

/// One ledger row, as far as it counts.
pub(super) struct Counted<'a> {
    pub workspace: &'a str,
    pub giver: &'a str,
    pub receiver: &'a str,
    /// A team thanked as a team is on no personal board.
    pub is_member: bool,
    /// `peer` or `customer`; see [`super::Source::tally`].
    pub source: &'static str,
    /// The workspace's local day.
    pub day: Day,
}

/// `(workspace, period, member, role, source)`
pub(super) type TallyKey<'a> = (Cow<'a, str>, Cow<'a, str>, Cow<'a, str>, Cow<'a, str>, Cow<'a, str>);

/// What some rows count for. Aggregated, because an upsert may name a key once only; sorted, so that two lists never
/// wait for each other.
#[derive(Default)]
pub(super) struct Counts<'a> {
    pub tallies: BTreeMap<TallyKey<'a>, i64>,
    /// As they are written: a list has hardly more than one day, and a date is slow to write.
    pub periods: BTreeMap<Day, String>,
}

impl<'a> Counts<'a> {
    /// Counts a row `sign` times: 1 when it was given, -1 when it is taken back.
    pub(super) fn add(&mut self, row: &Counted<'a>, sign: i64) {
        let period = self
            .periods
            .entry(row.day)
            .or_insert_with(|| Period::day(row.day).to_string());
        let mut tally = |member: &'a str, role: &'static str| {
            let key = (
                row.workspace.into(),
                period.clone().into(),
                member.into(),
                role.into(),
                row.source.into(),
            );
            *self.tallies.entry(key).or_default() += sign;
        };
        tally(row.giver, "giver");
        if row.is_member {
            tally(row.receiver, "receiver");
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn absorb(&mut self, other: Counts<'_>) {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        for ((w, p, m, r, s), n) in other.tallies {
            *self
                .tallies
                .entry((own(w), own(p), own(m), own(r), own(s)))
                .or_default() += n;
        }
    }

    /// Adds these counts to the stored ones.
    pub(super) async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let mut lists = Lists::default();
        self.write_with(&mut lists);
        lists.run(tx).await
    }

    /// The same together with other lists. At most one statement, whatever their number.
    pub(super) fn write_with(&self, lists: &mut Lists) {
        if !self.tallies.is_empty() {
            let rows: Vec<_> = self
                .tallies
                .iter()
                .map(|((w, p, m, r, s), n)| (w, p, m, r, s, n))
                .collect();
            lists.add(
                "INSERT INTO tally (workspace, period, member, role, source, n)
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, CAST(value ->> 5 AS BIGINT)
                 FROM jsonb_each($1) WHERE true
                 ON CONFLICT (workspace, period, member, role, source) DO UPDATE SET n = tally.n + excluded.n",
                list(&rows),
            );
        }
    }
}
