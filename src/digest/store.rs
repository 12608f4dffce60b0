//! The SQL of the digest: what became of each month, what its figures are, who wants which edition.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Month;
use crate::base::calendar::Day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::kudos::Source;
use crate::store::{StoreError, Tx, list, sql};

/// What became of a month's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The stewards have seen it before everybody else.
    Shown,
    /// It is on its way.
    Posting,
    /// It stands.
    Posted,
    /// A steward said no.
    Skipped,
    /// It was too late to post it by itself, and the stewards were asked.
    Asked,
    /// Slack refused it for good, and the stewards were told.
    Refused,
    /// Digests were switched off, or there was no channel for it, on the day.
    Off,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Shown,
        Self::Posting,
        Self::Posted,
        Self::Skipped,
        Self::Asked,
        Self::Refused,
        Self::Off,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Posting => "posting",
            Self::Posted => "posted",
            Self::Skipped => "skipped",
            Self::Asked => "asked",
            Self::Refused => "refused",
            Self::Off => "off",
        }
    }

    fn of(name: &str) -> Result<Self, StoreError> {
        let known = Self::ALL.into_iter().find(|state| state.name() == name);
        known.ok_or(StoreError::Unreadable("the state of a digest"))
    }
}

/// One month's digest, as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which month.
    pub month: Month,
    /// What became of it.
    pub state: State,
    /// The stewards' own words on top; may be empty.
    pub words: String,
    /// Who wrote them.
    pub words_by: Option<UserId>,
    /// Where it stands.
    pub at: Option<(ChannelId, MessageTs)>,
}

type Row = (String, String, String, String, ChannelId, MessageTs);

fn kept_of((month, state, words, words_by, channel, ts): Row) -> Result<Kept, StoreError> {
    Ok(Kept {
        month: month.parse().map_err(|_| StoreError::Unreadable("a month"))?,
        state: State::of(&state)?,
        words,
        words_by: (!words_by.is_empty()).then_some(UserId(words_by)),
        at: (!ts.as_str().is_empty()).then_some((channel, ts)),
    })
}

/// What became of a month's digest; `None` while nobody decided about it.
pub async fn kept(tx: &mut Tx, workspace: &WorkspaceId, month: Month) -> Result<Option<Kept>, StoreError> {
    Ok(kept_since(tx, workspace, month).await?.remove(&month))
}

/// What became of the digests of a month and those after it.
pub async fn kept_since(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    month: Month,
) -> Result<BTreeMap<Month, Kept>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        "SELECT month, state, words, words_by, channel, ts FROM digest WHERE workspace = $1 AND month >= $2",
        workspace,
        month.to_string()
    )?;
    rows.into_iter()
        .map(|row| kept_of(row).map(|kept| (kept.month, kept)))
        .collect()
}

/// Decides about a month: from one of the states `from` (`None`: nobody has decided yet) to `to`. True for the one who
/// does; of two who come at once, one finds it decided.
pub async fn decide(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    month: Month,
    from: &[Option<State>],
    to: State,
    now: Instant,
) -> Result<bool, StoreError> {
    let states: Vec<[&str; 1]> = from.iter().flatten().map(|state| [state.name()]).collect();
    let changed = sql!(
        tx,
        execute "UPDATE digest SET state = $1, at = $2 WHERE workspace = $3 AND month = $4
                    AND state IN (SELECT value ->> 0 FROM json_each($5))",
        to.name(),
        now,
        workspace,
        month.to_string(),
        list(&states)
    )?;
    if changed > 0 || !from.contains(&None) {
        return Ok(changed > 0);
    }
    let entered = sql!(
        tx,
        execute "INSERT INTO digest (workspace, month, state, words, words_by, channel, ts, at)
                 VALUES ($1, $2, $3, '', '', '', '', $4) ON CONFLICT (workspace, month) DO NOTHING",
        workspace,
        month.to_string(),
        to.name(),
        now
    )?;
    Ok(entered > 0)
}

/// Remembers where a month's digest stands.
pub async fn remember_digest(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    month: Month,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE digest SET channel = $1, ts = $2 WHERE workspace = $3 AND month = $4",
        channel,
        ts,
        workspace,
        month.to_string()
    )?;
    Ok(())
}

/// Puts a steward's words on top of a digest that isn't posted yet. False if it is, or nobody has seen it yet.
pub async fn put_words(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    month: Month,
    by: &UserId,
    words: &str,
) -> Result<bool, StoreError> {
    let by = if words.is_empty() { "" } else { by.as_str() };
    let changed = sql!(
        tx,
        execute "UPDATE digest SET words = $1, words_by = $2 WHERE workspace = $3 AND month = $4
                    AND state <> 'posted' AND state <> 'posting'",
        words,
        by,
        workspace,
        month.to_string()
    )?;
    Ok(changed > 0)
}

/// The names, words and wishes of a person who is erased go; digests that stand keep their figures.
pub async fn erase(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE digest SET words = '', words_by = '' WHERE workspace = $1 AND words_by = $2",
        workspace,
        person
    )?;
    sql!(tx, execute "DELETE FROM edition WHERE workspace = $1 AND member = $2", workspace, person)?;
    Ok(())
}

/// What is kept about a person here, each as one line: words that they put on top of a digest, and the private editions
/// they asked for or switched off.
pub async fn export(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<Vec<String>, StoreError> {
    let words = sql!(
        tx,
        fetch_all as (String, String),
        "SELECT month, words FROM digest WHERE workspace = $1 AND words_by = $2 ORDER BY month",
        workspace,
        person
    )?;
    let editions = sql!(
        tx,
        fetch_all as (String, bool),
        "SELECT edition, is_wanted FROM edition WHERE workspace = $1 AND member = $2 ORDER BY edition",
        workspace,
        person
    )?;
    let words = words
        .into_iter()
        .map(|(month, words)| format!("Words on the digest of {month}: {words}"));
    let editions = editions.into_iter().map(|(edition, wanted)| {
        let wanted = if wanted { "wanted" } else { "not wanted" };
        format!("Private edition \"{edition}\": {wanted}")
    });
    Ok(words.chain(editions).collect())
}

// Private editions.

/// A private edition of the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// "Your month": for whoever asks for it.
    Own,
    /// A team's, for its leads unless they switch it off.
    Team,
    /// Six lines to forward, for stewards unless they switch it off.
    Executives,
}

impl Edition {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Own, Self::Team, Self::Executives];

    /// The name in the database and in buttons.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Team => "team",
            Self::Executives => "executives",
        }
    }

    /// The edition of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| edition.name() == name)
    }

    /// Whether who says nothing gets it.
    const fn by_default(self) -> bool {
        match self {
            Self::Own => false,
            Self::Team | Self::Executives => true,
        }
    }
}

/// Stores whether a person wants an edition.
pub async fn want(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    edition: Edition,
    wanted: bool,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "INSERT INTO edition (workspace, member, edition, is_wanted) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (workspace, member, edition) DO UPDATE SET is_wanted = excluded.is_wanted",
        workspace,
        member,
        edition.name(),
        wanted
    )?;
    Ok(())
}

/// Whether a person wants an edition.
pub async fn wants(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    edition: Edition,
) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (bool,),
        "SELECT is_wanted FROM edition WHERE workspace = $1 AND member = $2 AND edition = $3",
        workspace,
        member,
        edition.name()
    )?;
    Ok(row.map_or(edition.by_default(), |(wanted,)| wanted))
}

/// Who asked for an edition.
pub async fn readers(tx: &mut Tx, workspace: &WorkspaceId, edition: Edition) -> Result<Vec<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT member FROM edition WHERE workspace = $1 AND edition = $2 AND is_wanted ORDER BY member",
        workspace,
        edition.name()
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}

/// When digests began here; the first call decides it.
pub async fn began(tx: &mut Tx, workspace: &WorkspaceId, now: Instant) -> Result<Instant, StoreError> {
    crate::workspace::first_time(tx, workspace, BEGAN, now).await?;
    Ok(began_at(tx, workspace).await?.unwrap_or(now))
}

const BEGAN: &str = "digests";

/// When digests began here; `None` if they have yet to.
pub async fn began_at(tx: &mut Tx, workspace: &WorkspaceId) -> Result<Option<Instant>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT at FROM once WHERE workspace = $1 AND what = $2",
        workspace,
        BEGAN
    )?;
    Ok(row.map(|(at,)| Instant::from_millis(at)))
}

// Figures, of what was given in one month and stands. Where boards have counted it already, their figures are read; else
// the ledger: the workspace's days decide, and instants around them lead
// to the rows (a local day lies within two days of the same day in UTC). `workspace || ''` is no index's: all rows are of
// one workspace as a rule, and an index that begins with it would lead to every month's.

const TWO_DAYS: i64 = 2 * 86_400_000;

/// Which thanks are told.
#[derive(Clone, Debug)]
pub struct Slice {
    workspace: WorkspaceId,
    month: Month,
    /// Those of these people alone, as a list for `json_each`; `None` for everybody's.
    people: Option<String>,
}

impl Slice {
    /// All thanks of a month.
    pub fn of(workspace: &WorkspaceId, month: Month) -> Self {
        Self {
            workspace: workspace.clone(),
            month,
            people: None,
        }
    }

    /// Those that these people received.
    #[must_use]
    pub fn for_people(mut self, people: &BTreeSet<UserId>) -> Self {
        self.people = Some(list(&people.iter().map(|id| [id]).collect::<Vec<_>>()));
        self
    }

    /// The same of the month before.
    #[must_use]
    pub fn before(&self) -> Self {
        Self {
            month: self.month.previous(),
            ..self.clone()
        }
    }

    fn from(&self) -> Instant {
        Instant::from_millis(midnight(self.month.first()) - TWO_DAYS)
    }

    fn until(&self) -> Instant {
        Instant::from_millis(midnight(self.month.next().first()) + TWO_DAYS)
    }

    fn days(&self) -> (String, String) {
        (self.month.first().to_string(), self.month.last().to_string())
    }
}

/// The beginning of a day in UTC, in milliseconds.
fn midnight(day: Day) -> i64 {
    day.date().and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
}

/// How much was said in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Thanks of colleagues, one per person (or team) thanked.
    pub thanks: i64,
    /// How many different people gave them.
    pub givers: i64,
    /// Customers' words, one per person they are about.
    pub customers: i64,
}

/// What was said on each day of a month: thanks of colleagues, and customers' words. Days without any are left out.
pub async fn by_day(tx: &mut Tx, of: &Slice) -> Result<BTreeMap<Day, (i64, i64)>, StoreError> {
    let (first, last) = of.days();
    let rows: Vec<(String, i64, i64)> = sql!(
        tx,
        fetch_all as (String, i64, i64),
        "SELECT workspace_day, COUNT(*), COUNT(CASE WHEN source = $6 THEN 1 END) FROM ledger
         WHERE given_at >= $1 AND given_at < $2 AND workspace || '' = $3 AND workspace_day >= $4 AND workspace_day <= $5
            AND reversed_at IS NULL AND ($7 = '' OR receiver IN (SELECT value ->> 0 FROM json_each($8)))
         GROUP BY workspace_day",
        of.from(),
        of.until(),
        &of.workspace,
        first,
        last,
        Source::Customer.name(),
        of.people.as_deref().map_or("", |_| "some"),
        of.people.as_deref().unwrap_or("[]")
    )?;
    rows.into_iter()
        .map(|(day, all, customers)| {
            let day = day.parse().map_err(|_| StoreError::Unreadable("a day"))?;
            Ok((day, (all - customers, customers)))
        })
        .collect()
}

/// How many different colleagues thanked somebody in a month; `of_teams` are those who thanked a team as a team.
pub async fn givers(tx: &mut Tx, of: &Slice, of_teams: &BTreeSet<UserId>) -> Result<i64, StoreError> {
    let (n,) = sql!(
        tx,
        fetch_one as (i64,),
        "SELECT COUNT(*) FROM (
            SELECT giver FROM pair WHERE workspace = $1 AND period = $2 AND n > 0
                AND ($3 = '' OR receiver IN (SELECT value ->> 0 FROM json_each($4)))
            UNION SELECT value ->> 0 FROM json_each($5)
         ) g",
        &of.workspace,
        of.month.period(),
        of.people.as_deref().map_or("", |_| "some"),
        of.people.as_deref().unwrap_or("[]"),
        list(&of_teams.iter().map(|id| [id]).collect::<Vec<_>>())
    )?;
    Ok(n)
}

/// Everybody who was thanked in a month and may be named: not who keeps thanks private or wants to be left out, and not
/// for thanks that they hid.
pub async fn recognised(tx: &mut Tx, of: &Slice) -> Result<BTreeSet<UserId>, StoreError> {
    let (first, last) = of.days();
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT m.id FROM (
            SELECT DISTINCT member FROM standing
            WHERE workspace = $1 AND period = $2 AND kind IN ('received', 'customers') AND n > 0
                AND ($3 = '' OR member IN (SELECT value ->> 0 FROM json_each($4)))
         ) r CROSS JOIN member m
         WHERE m.workspace = $1 AND m.id = r.member AND NOT m.is_private AND NOT m.is_unlisted AND NOT m.is_bot
            AND (m.id NOT IN (SELECT member FROM hidden WHERE workspace = $1)
                OR EXISTS (SELECT 1 FROM ledger l
                    WHERE l.workspace = $1 AND l.receiver = m.id AND l.given_at >= $5 AND l.given_at < $6
                        AND l.workspace_day >= $7 AND l.workspace_day <= $8 AND l.reversed_at IS NULL
                        AND NOT EXISTS (SELECT 1 FROM hidden h
                            WHERE h.workspace = $1 AND h.kudos = l.kudos AND h.member = m.id)))",
        &of.workspace,
        of.month.period(),
        of.people.as_deref().map_or("", |_| "some"),
        of.people.as_deref().unwrap_or("[]"),
        of.from(),
        of.until(),
        first,
        last
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}

/// Which teams were thanked as teams in a month, by the ids of their user groups, and the colleagues who did: nobody
/// where only customers did.
pub async fn teams_thanked(tx: &mut Tx, of: &Slice) -> Result<BTreeMap<GroupId, BTreeSet<UserId>>, StoreError> {
    let (first, last) = of.days();
    let rows = sql!(
        tx,
        fetch_all as (GroupId, UserId, String),
        "SELECT DISTINCT receiver, giver, source FROM ledger
         WHERE given_at >= $1 AND given_at < $2 AND workspace || '' = $3 AND workspace_day >= $4 AND workspace_day <= $5
            AND reversed_at IS NULL AND receiver_kind = 'group'",
        of.from(),
        of.until(),
        &of.workspace,
        first,
        last
    )?;
    let mut teams: BTreeMap<GroupId, BTreeSet<UserId>> = BTreeMap::new();
    for (team, giver, source) in rows {
        let givers = teams.entry(team).or_default();
        if source != Source::Customer.name() {
            givers.insert(giver);
        }
    }
    Ok(teams)
}

/// Whether anybody was thanked before a month.
pub async fn has_past(tx: &mut Tx, workspace: &WorkspaceId, month: Month) -> Result<bool, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (i64,),
        "SELECT CAST(1 AS BIGINT) FROM ledger WHERE workspace = $1 AND given_at < $2 AND workspace_day < $3
            AND reversed_at IS NULL LIMIT 1",
        workspace,
        Instant::from_millis(midnight(month.first()) + TWO_DAYS),
        month.first().to_string()
    )?;
    Ok(row.is_some())
}

/// Those among the given people whom nobody thanked before a month.
pub async fn first_timers(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    month: Month,
    people: &[UserId],
) -> Result<BTreeSet<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT j.value ->> 0 FROM json_each($1) j
         WHERE NOT EXISTS (SELECT 1 FROM ledger l WHERE l.workspace = $2 AND l.receiver = j.value ->> 0
            AND l.given_at < $3 AND l.workspace_day < $4 AND l.reversed_at IS NULL)",
        list(&people.iter().map(|id| [id]).collect::<Vec<_>>()),
        workspace,
        Instant::from_millis(midnight(month.first()) + TWO_DAYS),
        month.first().to_string()
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}

/// Who thanked whom how often in a month, colleagues alone.
pub async fn pairs(tx: &mut Tx, of: &Slice) -> Result<Vec<(UserId, UserId, i64)>, StoreError> {
    sql!(
        tx,
        fetch_all as (UserId, UserId, i64),
        "SELECT giver, receiver, n FROM pair WHERE workspace = $1 AND period = $2 AND n > 0
            AND ($3 = '' OR receiver IN (SELECT value ->> 0 FROM json_each($4)))",
        &of.workspace,
        of.month.period(),
        of.people.as_deref().map_or("", |_| "some"),
        of.people.as_deref().unwrap_or("[]")
    )
}

/// How often each value was named with thanks of colleagues in a month.
pub async fn values(tx: &mut Tx, of: &Slice) -> Result<BTreeMap<String, i64>, StoreError> {
    let (first, last) = of.days();
    let rows: Vec<(String, i64)> = sql!(
        tx,
        fetch_all as (String, i64),
        "SELECT w.value_names, COUNT(*) FROM ledger l CROSS JOIN words w
         WHERE l.given_at >= $1 AND l.given_at < $2 AND l.workspace || '' = $3 AND l.workspace_day >= $4
            AND l.workspace_day <= $5 AND l.reversed_at IS NULL AND l.source <> $6 AND w.kudos = l.kudos
            AND w.value_names <> '[]' AND ($7 = '' OR l.receiver IN (SELECT value ->> 0 FROM json_each($8)))
         GROUP BY w.value_names",
        of.from(),
        of.until(),
        &of.workspace,
        first,
        last,
        Source::Customer.name(),
        of.people.as_deref().map_or("", |_| "some"),
        of.people.as_deref().unwrap_or("[]")
    )?;
    let mut values = BTreeMap::new();
    for (names, n) in rows {
        let names: Vec<String> = serde_json::from_str(&names).unwrap_or_default();
        for name in names {
            *values.entry(name).or_default() += n;
        }
    }
    Ok(values)
}

/// What customers said in a month: the kudos that most people joined first, then the latest, each with how many joined.
/// Whether they may be quoted is another question.
pub async fn customers_words(tx: &mut Tx, of: &Slice) -> Result<Vec<(KudosId, i64)>, StoreError> {
    let (first, last) = of.days();
    sql!(
        tx,
        fetch_all as (KudosId, i64),
        "SELECT l.kudos, COALESCE(MAX(b.n), 0) FROM ledger l
            LEFT JOIN boosted b ON b.workspace = l.workspace AND b.kudos = l.kudos
         WHERE l.given_at >= $1 AND l.given_at < $2 AND l.workspace || '' = $3 AND l.workspace_day >= $4
            AND l.workspace_day <= $5 AND l.reversed_at IS NULL AND l.source = $6
            AND ($7 = '' OR l.receiver IN (SELECT value ->> 0 FROM json_each($8)))
         GROUP BY l.kudos ORDER BY 2 DESC, l.kudos DESC",
        of.from(),
        of.until(),
        &of.workspace,
        first,
        last,
        Source::Customer.name(),
        of.people.as_deref().map_or("", |_| "some"),
        of.people.as_deref().unwrap_or("[]")
    )
}

/// Whom one person thanked in a month, and how often.
pub async fn thanked(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    month: Month,
    person: &UserId,
) -> Result<Vec<(UserId, i64)>, StoreError> {
    sql!(
        tx,
        fetch_all as (UserId, i64),
        "SELECT receiver, n FROM pair WHERE workspace = $1 AND period = $2 AND giver = $3 AND n > 0
         ORDER BY n DESC, receiver",
        workspace,
        month.period(),
        person
    )
}
