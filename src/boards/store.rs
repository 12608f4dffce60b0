//! What boards read. A board's cost doesn't grow with the number of kudos: the standings have an index by rank. What is
//! told by value is counted from the ledger of the period.

use std::collections::BTreeSet;

use super::rules::Row;
use crate::base::calendar::{Day, Span, Unit};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::kudos::{Ranked, Source};
use crate::store::{StoreError, Tx, list, sql};

/// The highest figures of a period, the highest first.
pub async fn highest(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    span: Span,
    ranked: Ranked,
    most: i64,
) -> Result<Vec<Row>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId, i64),
        "SELECT member, n FROM standing WHERE workspace = $1 AND period = $2 AND kind = $3 AND n > 0
         ORDER BY n DESC, member LIMIT $4",
        workspace,
        span.period(),
        ranked.name(),
        most
    )?;
    Ok(rows.into_iter().map(|(member, n)| Row { member, n }).collect())
}

/// The figures of some people in a period, those who have one.
pub async fn figures(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    span: Span,
    ranked: Ranked,
    people: &BTreeSet<UserId>,
) -> Result<Vec<Row>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId, i64),
        "SELECT s.member, s.n FROM json_each($1) j CROSS JOIN standing s
         WHERE s.workspace = $2 AND s.period = $3 AND s.kind = $4 AND s.member = j.value ->> 0 AND s.n > 0
         ORDER BY s.member",
        list(&people.iter().map(|id| [id]).collect::<Vec<_>>()),
        workspace,
        span.period(),
        ranked.name()
    )?;
    Ok(rows.into_iter().map(|(member, n)| Row { member, n }).collect())
}

/// The instants between which everything of a span was given, whatever zone the workspace had then.
fn instants(span: Span) -> (Instant, Instant) {
    let at = |day: Day| Instant::from(day.date().and_time(chrono::NaiveTime::MIN).and_utc());
    (
        span.first()
            .map_or(Instant::from_millis(i64::MIN), |day| at(day.plus(-1))),
        span.last()
            .map_or(Instant::from_millis(i64::MAX), |day| at(day.plus(2))),
    )
}

/// The first and the last day of a span as texts that sort around every day of it.
fn days(span: Span) -> (String, String) {
    (
        span.first().map_or_else(String::new, |day| day.to_string()),
        span.last().map_or_else(|| "9".to_owned(), |day| day.to_string()),
    )
}

/// Everybody's figures of a period, of kudos given for one value: from the ledger, which no board has counted by value.
pub async fn by_value(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    span: Span,
    ranked: Ranked,
    value: &str,
) -> Result<Vec<Row>, StoreError> {
    let ((from, to), (first, last)) = (instants(span), days(span));
    // Names of values hold neither quotes nor backslashes, so in the JSON array they stand as they are; LIKE would take _
    // and % for others, and SQLite's capitals for small letters.
    let rows: Vec<(UserId, i64)> = sql!(
        tx,
        fetch_all as (UserId, i64),
        "SELECT CASE WHEN $9 THEN l.giver ELSE l.receiver END,
            CASE WHEN $9 THEN COUNT(DISTINCT l.receiver) ELSE COUNT(*) END
         FROM ledger l JOIN words w ON w.kudos = l.kudos
         WHERE l.given_at >= $1 AND l.given_at < $2 AND l.workspace = $3 AND l.workspace_day >= $4
            AND l.workspace_day <= $5 AND l.reversed_at IS NULL AND l.receiver_kind = 'member'
            AND (l.source = $6) = $7 AND replace(w.value_names, '\"' || $8 || '\"', '') <> w.value_names
         GROUP BY 1",
        from,
        to,
        workspace,
        first,
        last,
        Source::Customer.name(),
        ranked == Ranked::Customers,
        value,
        ranked == Ranked::Givers
    )?;
    Ok(rows.into_iter().map(|(member, n)| Row { member, n }).collect())
}

/// How many different people thanked somebody in a period; customers aren't among them.
pub async fn thanked_by(tx: &mut Tx, workspace: &WorkspaceId, span: Span, member: &UserId) -> Result<i64, StoreError> {
    let ((from, to), (first, last)) = (instants(span), days(span));
    let (n,): (i64,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(DISTINCT giver) FROM ledger WHERE workspace = $1 AND receiver = $2 AND given_at >= $3
            AND given_at < $4 AND workspace_day >= $5 AND workspace_day <= $6 AND reversed_at IS NULL AND source <> $7",
        workspace,
        member,
        from,
        to,
        first,
        last,
        Source::Customer.name()
    )?;
    Ok(n)
}

/// Something that was said to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// By whom; who passed it on, of a customer's.
    pub giver: UserId,
    /// The words.
    pub reason: String,
    /// A customer said it.
    pub by_customer: bool,
    /// When.
    pub given_at: Instant,
}

/// The latest words said to somebody in a period, by colleagues, by customers, or (`by_customers` says nothing) by both:
/// for that person alone.
pub async fn said_to(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    span: Span,
    member: &UserId,
    by_customers: Option<bool>,
    most: i64,
) -> Result<Vec<Said>, StoreError> {
    let wanted = match by_customers {
        None => "both",
        Some(true) => "customers",
        Some(false) => "colleagues",
    };
    let ((from, to), (first, last)) = (instants(span), days(span));
    let rows = sql!(
        tx,
        fetch_all as (UserId, String, String, Instant),
        "SELECT l.giver, w.reason, l.source, l.given_at FROM ledger l JOIN words w ON w.kudos = l.kudos
         WHERE l.workspace = $1 AND l.receiver = $2 AND l.given_at >= $3 AND l.given_at < $4
            AND l.workspace_day >= $5 AND l.workspace_day <= $6 AND l.reversed_at IS NULL AND w.reason <> ''
            AND ($8 = 'both' OR (l.source = $9) = ($8 = 'customers'))
         ORDER BY l.given_at DESC, l.id DESC LIMIT $7",
        workspace,
        member,
        from,
        to,
        first,
        last,
        most,
        wanted,
        Source::Customer.name()
    )?;
    Ok(rows
        .into_iter()
        .map(|(giver, reason, source, given_at)| Said {
            giver,
            reason,
            by_customer: source == Source::Customer.name(),
            given_at,
        })
        .collect())
}

/// The kudos of a period that most people joined, `most` of them after the first `skip`, the most joined first.
pub async fn most_joined(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    span: Span,
    skip: i64,
    most: i64,
) -> Result<Vec<(KudosId, i64)>, StoreError> {
    if span.unit() == Unit::All {
        return sql!(
            tx,
            fetch_all as (KudosId, i64),
            "SELECT kudos, n FROM boosted WHERE workspace = $1 AND n > 0 ORDER BY n DESC, kudos LIMIT $2 OFFSET $3",
            workspace,
            most,
            skip
        );
    }
    let (first, last) = days(span);
    let mut months: BTreeSet<String> = BTreeSet::new();
    if let (Some(mut day), Some(end)) = (span.first().map(Day::first_of_month), span.last()) {
        while day <= end {
            months.insert(day.date().format("%Y-%m").to_string());
            day = day.first_of_next_month();
        }
    }
    let mut found = Vec::new();
    for month in months {
        found.extend(sql!(
            tx,
            fetch_all as (KudosId, i64),
            "SELECT kudos, n FROM boosted WHERE workspace = $1 AND month = $2 AND n > 0 AND day >= $3 AND day <= $4
             ORDER BY n DESC, kudos LIMIT $5",
            workspace,
            month,
            &first,
            &last,
            skip + most
        )?);
    }
    found.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let from = usize::try_from(skip).unwrap_or(usize::MAX);
    Ok(found
        .into_iter()
        .skip(from)
        .take(usize::try_from(most).unwrap_or(0))
        .collect())
}
