//! Recording a list of kudos: at most [`STATEMENTS`] statements, whether it holds 1, 64 or 1,000.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::counts::{Counted, Counts};
use super::{Announce, FEATURE, FORM, Give, Outcome, Receiver, TEN_MINUTES};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, new_id};
use crate::base::text::normalised;
use crate::outbox::{self, Intent, Kind};
use crate::store::{Lists, StoreError, Tx, list, sql};

/// The most statements that one list takes, BEGIN, SAVEPOINT and COMMIT not counted.
pub const STATEMENTS: u64 = 10;

/// After this long, the DMs don't wait for the card any longer.
const CARD_IS_LATE: std::time::Duration = std::time::Duration::from_secs(60);

/// A kudos with everything that can be made ready before the database is asked: there is one writer, and whatever
/// is done here it needn't do.
pub(super) struct Prepared {
    give: Give,
    sameness: String,
    giver_day: String,
    kudos: KudosId,
    /// Its rows of the ledger and of the words, as JSON.
    ledger: Vec<String>,
    words: String,
    card: Option<Intent>,
}

/// A giver's day: workspace, giver, day.
type DayKey<'a> = (&'a str, &'a str, &'a str);

impl Prepared {
    fn day(&self) -> DayKey<'_> {
        (self.give.workspace.as_str(), self.give.giver.as_str(), &self.giver_day)
    }

    pub(super) fn of(give: Give) -> Self {
        let sameness = sameness(&give);
        let giver_day = give.giver_day.to_string();
        let kudos: KudosId = new_id(give.at).into();
        let ledger = give.receivers.iter().map(|receiver| {
            row(&(
                new_id(give.at),
                &kudos,
                &give.workspace,
                &give.giver,
                receiver.id(),
                receiver.kind(),
                give.source.name(),
                place(&give),
                give.effect.as_ref().map(|(ts, _)| ts),
                give.effect.as_ref().map(|(_, effect)| effect.name()),
                give.at,
                &giver_day,
                give.workspace_day.to_string(),
                give.cost,
                give.announce.name(),
                &sameness,
            ))
        });
        let card = (give.announce != Announce::Silent).then(|| {
            let subject = json!({ "kudos": kudos, "unchecked": give.unchecked, "thread": give.thread });
            Intent::new(&give.workspace, Kind::KudosCard, &subject, &give.lane, give.at)
                .late_at(give.at.plus(CARD_IS_LATE))
        });
        Self {
            ledger: ledger.collect(),
            words: row(&(&kudos, &give.workspace, &give.reason, list(&give.values))),
            card,
            giver_day,
            sameness,
            kudos,
            give,
        }
    }
}

/// One element of a list that `json_each` reads.
fn row(row: &impl Serialize) -> String {
    // Tuples of ids, texts and numbers always serialise.
    serde_json::to_string(row).unwrap_or_default()
}

/// Records a list of kudos and answers each, in order; each is given entirely or not at all.
///
/// The allowance is spent first: that locks the givers' days, and everything read afterwards (deliveries seen,
/// effects, the same words within ten minutes) is exact under any number of simultaneous lists.
pub async fn record(tx: &mut Tx, gives: &[Give]) -> Result<Vec<Outcome>, StoreError> {
    let prepared: Vec<Prepared> = gives.iter().cloned().map(Prepared::of).collect();
    record_prepared(tx, &prepared).await
}

/// The same for what was prepared outside of the transaction.
pub(super) async fn record_prepared(tx: &mut Tx, gives: &[Prepared]) -> Result<Vec<Outcome>, StoreError> {
    let mut before = spend(tx, gives).await?;
    let mut seen = Seen::read(tx, gives).await?;

    let mut outcomes = Vec::with_capacity(gives.len());
    let mut given = Vec::new();
    let mut refunds: BTreeMap<DayKey<'_>, i64> = BTreeMap::new();
    let mut new_deliveries = Vec::new();
    for prepared in gives {
        let Prepared {
            give, sameness, kudos, ..
        } = prepared;
        let delivery = give
            .delivery
            .as_deref()
            .map(|delivery| (give.workspace.as_str(), delivery));
        let earlier = delivery.and_then(|(workspace, delivery)| {
            seen.deliveries
                .get(&(workspace.to_owned(), delivery.to_owned()))
                .cloned()
        });
        let effects = effects(give);
        let wish = wish(give);
        let used = before.entry(prepared.day()).or_default();
        let outcome = if let Some(earlier) = earlier {
            earlier
        } else {
            let outcome = if effects.iter().any(|effect| seen.effects.contains(effect)) {
                Outcome::Spent
            } else if let Some((kudos, at)) = seen.same(give, sameness) {
                Outcome::Same { kudos, at }
            } else if let Some(allowance) = give.allowance.filter(|allowance| wish > 0 && *used + wish > *allowance) {
                Outcome::Short {
                    needs: wish,
                    left: (allowance - *used).max(0),
                }
            } else {
                *used += wish;
                seen.effects.extend(effects);
                seen.remember_same(give, sameness, kudos);
                given.push(prepared);
                Outcome::Given {
                    kudos: kudos.clone(),
                    left: give.allowance.map(|allowance| (allowance - *used).max(0)),
                }
            };
            let may_be_put_right = matches!(outcome, Outcome::Short { .. })
                && give
                    .delivery
                    .as_deref()
                    .is_some_and(|delivery| delivery.starts_with(FORM));
            if let Some((workspace, delivery)) = delivery.filter(|_| !may_be_put_right) {
                seen.deliveries
                    .insert((workspace.to_owned(), delivery.to_owned()), outcome.clone());
                new_deliveries.push((workspace, delivery, FEATURE, outcome_json(&outcome), give.at));
            }
            outcome
        };
        let spent = given.last().is_some_and(|last| std::ptr::eq(*last, prepared));
        if !spent && wish > 0 {
            *refunds.entry(prepared.day()).or_default() += wish;
        }
        outcomes.push(outcome);
    }

    let mut lists = Lists::default();
    if !new_deliveries.is_empty() {
        lists.add(
            "INSERT INTO delivery (workspace, delivery, feature, outcome, at)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT)
             FROM jsonb_each($1) WHERE true",
            list(&new_deliveries),
        );
    }
    if !given.is_empty() {
        write_given(&mut lists, &given);
    }
    if !refunds.is_empty() {
        let rows: Vec<_> = refunds
            .iter()
            .map(|((workspace, giver, day), n)| (workspace, giver, day, n))
            .collect();
        lists.add(
            "UPDATE allowance SET used = used - CAST(j.value ->> 3 AS BIGINT) FROM jsonb_each($1) j
             WHERE allowance.workspace = j.value ->> 0 AND allowance.giver = j.value ->> 1
               AND allowance.day = j.value ->> 2",
            list(&rows),
        );
    }
    lists.run(tx).await?;
    Ok(outcomes)
}

fn wish(give: &Give) -> i64 {
    give.cost * i64::try_from(give.receivers.len()).unwrap_or(i64::MAX)
}

fn outcome_json(outcome: &Outcome) -> String {
    // An enum of ids and numbers always serialises.
    serde_json::to_string(outcome).unwrap_or_default()
}

/// Spends every wish of the list and returns what each giver had used before it, by (workspace, giver, day).
async fn spend<'a>(tx: &mut Tx, gives: &'a [Prepared]) -> Result<BTreeMap<DayKey<'a>, i64>, StoreError> {
    // Sorted, so that two lists never wait for each other; wishes of nothing too, because the row is the lock.
    let mut wishes: BTreeMap<DayKey<'_>, i64> = BTreeMap::new();
    for prepared in gives {
        *wishes.entry(prepared.day()).or_default() += wish(&prepared.give);
    }
    let rows: Vec<_> = wishes
        .iter()
        .map(|((workspace, giver, day), n)| (workspace, giver, day, n))
        .collect();
    let used = sql!(
        tx,
        fetch_all as (String, String, String, i64),
        "INSERT INTO allowance (workspace, giver, day, used)
         SELECT value ->> 0, value ->> 1, value ->> 2, CAST(value ->> 3 AS BIGINT) FROM jsonb_each($1) WHERE true
         ON CONFLICT (workspace, giver, day) DO UPDATE SET used = allowance.used + excluded.used
         RETURNING workspace, giver, day, used",
        list(&rows)
    )?;
    let used: HashMap<(String, String, String), i64> = used
        .into_iter()
        .map(|(workspace, giver, day, used)| ((workspace, giver, day), used))
        .collect();
    for (key, n) in &mut wishes {
        let after = used
            .get(&(key.0.to_owned(), key.1.to_owned(), key.2.to_owned()))
            .copied()
            .unwrap_or(*n);
        *n = after - *n;
    }
    Ok(wishes)
}

/// What has been seen before: in the database, and earlier in this list.
struct Seen {
    deliveries: HashMap<(String, String), Outcome>,
    effects: HashSet<[String; 6]>,
    same: HashMap<(String, String, String), Vec<(KudosId, Instant)>>,
}

impl Seen {
    async fn read(tx: &mut Tx, gives: &[Prepared]) -> Result<Self, StoreError> {
        let mut deliveries = Vec::new();
        let mut effect_rows = Vec::new();
        let mut said: BTreeMap<(&str, &str, &str), (Instant, Instant)> = BTreeMap::new();
        for Prepared { give, sameness, .. } in gives {
            if let Some(delivery) = &give.delivery {
                deliveries.push((&give.workspace, delivery));
            }
            effect_rows.extend(effects(give));
            let window = said
                .entry((give.workspace.as_str(), give.giver.as_str(), sameness))
                .or_insert((give.at.minus(TEN_MINUTES), give.at.plus(TEN_MINUTES)));
            window.0 = window.0.min(give.at.minus(TEN_MINUTES));
            window.1 = window.1.max(give.at.plus(TEN_MINUTES));
        }
        let windows: Vec<_> = said
            .iter()
            .map(|((workspace, giver, sameness), (from, to))| (workspace, giver, from, to, sameness))
            .collect();
        // One statement for three questions: `d`eliveries, `e`ffects, `s`ame words.
        let rows = sql!(
            tx,
            fetch_all as (String, String, String, String, String, String, String, i64),
            "SELECT 'd', d.workspace, d.delivery, d.outcome, '', '', '', d.at
             FROM jsonb_each($1) j CROSS JOIN delivery d
             WHERE d.workspace = j.value ->> 0 AND d.delivery = j.value ->> 1
                AND d.feature = $4
             UNION ALL
             SELECT 'e', l.workspace, l.channel, l.message_ts, l.giver, l.receiver, l.effect, 0
             FROM jsonb_each($2) j CROSS JOIN ledger l
             WHERE l.workspace = j.value ->> 0 AND l.channel = j.value ->> 1
                AND l.message_ts = j.value ->> 2 AND l.giver = j.value ->> 3 AND l.receiver = j.value ->> 4
                AND l.effect = j.value ->> 5 AND l.effect IS NOT NULL
             UNION ALL
             SELECT DISTINCT 's', l.workspace, l.giver, l.sameness, l.kudos, '', '', l.given_at
             FROM jsonb_each($3) j CROSS JOIN ledger l
             WHERE l.workspace = j.value ->> 0 AND l.giver = j.value ->> 1
                AND l.given_at > CAST(j.value ->> 2 AS BIGINT) AND l.given_at < CAST(j.value ->> 3 AS BIGINT)
                AND l.sameness = j.value ->> 4 AND l.reversed_at IS NULL",
            list(&deliveries),
            list(&effect_rows),
            list(&windows),
            FEATURE
        )?;
        let mut seen = Self {
            deliveries: HashMap::new(),
            effects: HashSet::new(),
            same: HashMap::new(),
        };
        for (question, workspace, a, b, c, d, e, at) in rows {
            match question.as_str() {
                "d" => {
                    let outcome = serde_json::from_str(&b).map_err(|_| StoreError::Unreadable("an outcome"))?;
                    seen.deliveries.insert((workspace, a), outcome);
                }
                "e" => {
                    seen.effects.insert([workspace, a, b, c, d, e]);
                }
                _ => seen
                    .same
                    .entry((workspace, a, b))
                    .or_default()
                    .push((c.into(), Instant::from_millis(at))),
            }
        }
        Ok(seen)
    }

    /// What says the same within ten minutes, before or after: requests are not taken in the order in which they were
    /// stamped.
    fn same(&self, give: &Give, sameness: &str) -> Option<(KudosId, Instant)> {
        let key = (give.workspace.to_string(), give.giver.to_string(), sameness.to_owned());
        self.same
            .get(&key)?
            .iter()
            .filter(|(_, at)| at.since(give.at).max(give.at.since(*at)) < TEN_MINUTES)
            .max_by_key(|(_, at)| *at)
            .cloned()
    }

    fn remember_same(&mut self, give: &Give, sameness: &str, kudos: &KudosId) {
        let key = (give.workspace.to_string(), give.giver.to_string(), sameness.to_owned());
        self.same.entry(key).or_default().push((kudos.clone(), give.at));
    }
}

fn effects(give: &Give) -> Vec<[String; 6]> {
    let Some((ts, effect)) = &give.effect else {
        return Vec::new();
    };
    let channel = place(give);
    give.receivers
        .iter()
        .map(|receiver| {
            [
                give.workspace.to_string(),
                channel.to_string(),
                ts.to_string(),
                give.giver.to_string(),
                receiver.id().to_owned(),
                effect.name().to_owned(),
            ]
        })
        .collect()
}

/// Where it was given, as it is stored.
fn place(give: &Give) -> &str {
    give.channel.as_ref().map_or("", |channel| channel.as_str())
}

/// A digest of giver, receivers and normalised words: what makes two kudos the same.
fn sameness(give: &Give) -> String {
    let receivers: BTreeSet<&str> = give.receivers.iter().map(Receiver::id).collect();
    let mut digest = Sha256::new();
    digest.update(give.giver.as_str());
    for receiver in receivers {
        digest.update([0]);
        digest.update(receiver);
    }
    digest.update([1]);
    digest.update(normalised(&give.reason));
    hex::encode(&digest.finalize()[..16])
}

fn write_given(lists: &mut Lists, given: &[&Prepared]) {
    let mut counts = Counts::default();
    for Prepared { give, .. } in given {
        for receiver in &give.receivers {
            let counted = Counted {
                workspace: give.workspace.as_str(),
                giver: give.giver.as_str(),
                receiver: receiver.id(),
                is_member: matches!(receiver, Receiver::Member(_)),
                source: give.source.tally(),
                day: give.workspace_day,
            };
            counts.add(&counted, 1);
        }
    }
    let ledger: Vec<&str> = given.iter().flat_map(|p| &p.ledger).map(String::as_str).collect();
    let words: Vec<&str> = given.iter().map(|p| p.words.as_str()).collect();
    let cards = given.iter().filter_map(|p| p.card.as_ref());
    lists.add(
        "INSERT INTO ledger (id, kudos, workspace, giver, receiver, receiver_kind, source, channel, message_ts,
            effect, given_at, giver_day, workspace_day, cost, announce, sameness, reversed_at, reversed_by)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
            value ->> 7, value ->> 8, value ->> 9, CAST(value ->> 10 AS BIGINT), value ->> 11, value ->> 12,
            CAST(value ->> 13 AS BIGINT), value ->> 14, value ->> 15, NULL, NULL
         FROM jsonb_each($1) WHERE true",
        format!("[{}]", ledger.join(",")),
    );
    lists.add(
        "INSERT INTO words (kudos, workspace, reason, value_names)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each($1) WHERE true",
        format!("[{}]", words.join(",")),
    );
    counts.write_with(lists);
    outbox::enqueue_with(lists, cards);
}
