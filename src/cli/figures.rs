//! `plaudit export members|coverage|board`

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::{Map, Value as Json, json};

use super::export::harmless;
use super::{Format, is_closed_pipe};
use crate::app;
use crate::base::calendar::{Day, Span, Unit, local_day};
use crate::base::clock::{Clock as _, Instant, SystemClock};
use crate::base::ids::{TeamId, WorkspaceId};
use crate::boards::{self, Wanted};
use crate::config::{Behaviour, Database};
use crate::kudos::{self, Ranked};
use crate::store::{DatabaseUrl, Db, StoreError, Tx};
use crate::workspace::deliver::its_zone;
use crate::workspace::{self, Guest, Settings};

/// A stretch of days, both included; open where one is missing.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct Days {
    /// The first day, as in 2026-10-01, in the workspace's zone.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub from: Option<Day>,
    /// The last day.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub to: Option<Day>,
}

fn day(text: &str) -> Result<Day, String> {
    text.parse()
        .map_err(|_| "that is no day; write it as in 2026-10-31".to_owned())
}

impl Days {
    /// Whether a day is among them.
    pub(super) fn contain(self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// What every export takes.
#[derive(Debug, clap::Args)]
pub(super) struct Common {
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub behaviour: Behaviour,
    /// csv or json.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,
}

/// How long a board's period is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Length {
    Month,
    Quarter,
    Year,
    All,
}

/// What a board ranks by.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum By {
    /// How many different people somebody thanked.
    Givers,
    /// How often peers thanked somebody.
    Received,
    /// How often customers did.
    Customers,
}

/// The month, or any month of the quarter or year, as in 2026-10; also only a year.
pub(super) fn of(text: &str) -> Result<Day, String> {
    [format!("{text}-01"), format!("{text}-01-01")]
        .iter()
        .find_map(|day| day.parse().ok())
        .ok_or_else(|| "that is no month; write it as in 2026-10".to_owned())
}

/// A table, row by row, in either format: the same names in both.
type Table = Vec<Vec<(&'static str, Json)>>;

fn write(table: &Table, columns: &[&str], format: Format) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = match format {
        Format::Json => {
            let rows: Vec<Map<String, Json>> = table
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|(name, value)| ((*name).to_owned(), value.clone()))
                        .collect()
                })
                .collect();
            serde_json::to_writer_pretty(&mut out, &rows)
                .map_err(anyhow::Error::from)
                .and_then(|()| out.write_all(b"\n").map_err(anyhow::Error::from))
        }
        Format::Csv => csv(table, columns, &mut out),
    };
    match written.and_then(|()| out.flush().context("standard output")) {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        other => other.context("the export could not be written"),
    }
}

fn csv(table: &Table, columns: &[&str], out: &mut impl Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(columns)?;
    for row in table {
        csv.write_record(row.iter().map(|(_, value)| match value {
            Json::Null => String::new(),
            Json::String(text) => harmless(text).into_owned(),
            other => other.to_string(),
        }))?;
    }
    csv.flush()?;
    Ok(())
}

/// The database, the workspace in it, and how it behaves there.
async fn open(common: &Common) -> anyhow::Result<(Db, WorkspaceId, Settings)> {
    let url: DatabaseUrl = common.database.database_url.parse()?;
    let db = Db::open(&url).await?;
    let environment = app::settings(&common.behaviour);
    let installed = db.read(async |tx: &mut Tx| workspace::installed(tx).await).await?;
    let (id, ..) = installed.context("this database has never met a workspace; run `plaudit serve` once")?;
    let settings = db
        .read(async |tx: &mut Tx| workspace::settings_of(tx, &id, &environment).await)
        .await?;
    Ok((db, id, settings))
}

/// Writes one board: rank, member, count.
pub(super) async fn board(common: &Common, length: Length, month: Option<Day>, by: By) -> anyhow::Result<()> {
    let (db, id, settings) = open(common).await?;
    anyhow::ensure!(
        settings.shows_boards(),
        "there are no boards here: they are switched off, by PLAUDIT_PERSONAL_FIGURES or by a steward"
    );
    let unit = match length {
        Length::Month => Unit::Month,
        Length::Quarter => Unit::Quarter,
        Length::Year => Unit::Year,
        Length::All => Unit::All,
    };
    let now = SystemClock.now();
    let zone = db.read(async |tx: &mut Tx| its_zone(tx, &id, &settings).await).await?;
    let day = month.unwrap_or_else(|| local_day(now, zone));
    let wanted = Wanted {
        span: Span::around(unit, day),
        ranked: match by {
            By::Givers => Ranked::Givers,
            By::Received => Ranked::Received,
            By::Customers => Ranked::Customers,
        },
        value: None,
        team: None,
    };
    while !kudos::catch_up(&db, &id).await? {}
    let (ranking, _) = db
        .read(async |tx: &mut Tx| boards::board(tx, &id, &settings, &wanted, now).await)
        .await?;
    db.close().await;
    let table = ranking
        .places
        .iter()
        .map(|place| {
            vec![
                ("rank", json!(place.rank)),
                ("member", json!(place.member)),
                ("count", json!(place.n)),
            ]
        })
        .collect();
    write(&table, &["rank", "member", "count"], common.format)
}

const COVERAGE: [&str; 6] = ["month", "team", "name", "active", "thanked", "percent"];

/// Writes the coverage of each month and team as it was kept at the month's end. The headline has no team.
pub(super) async fn coverage(common: &Common, days: Days) -> anyhow::Result<()> {
    let (db, id, _) = open(common).await?;
    let (rows, names) = db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let rows = boards::coverage::every_month(tx, &id).await?;
            let teams = workspace::teams(tx, &id).await?;
            let names: BTreeMap<TeamId, String> = teams.into_iter().map(|team| (team.id, team.name)).collect();
            Ok((rows, names))
        })
        .await?;
    db.close().await;
    let table = rows
        .into_iter()
        .filter(|(month, ..)| month.first().is_some_and(|first| days.contain(first)))
        .map(|(month, team, share)| {
            let month = month
                .first()
                .map_or_else(String::new, |day| day.date().format("%Y-%m").to_string());
            vec![
                ("month", json!(month)),
                ("team", json!(team)),
                ("name", json!(team.as_ref().and_then(|team| names.get(team)))),
                ("active", json!(share.active)),
                ("thanked", json!(share.thanked)),
                ("percent", json!(share.percent())),
            ]
        })
        .collect();
    write(&table, &COVERAGE, common.format)
}

const MEMBERS: [&str; 9] = [
    "id",
    "handle",
    "name",
    "full_name",
    "guest",
    "is_here",
    "is_active",
    "team",
    "first_seen",
];

/// Writes the people of the workspace: who they are and where at home, no figure of theirs. With days: those first seen
/// on them. Apps, strangers and those who asked to be forgotten are left out.
pub(super) async fn members(common: &Common, days: Days) -> anyhow::Result<()> {
    let (db, id, settings) = open(common).await?;
    let now = SystemClock.now();
    let zone = db.read(async |tx: &mut Tx| its_zone(tx, &id, &settings).await).await?;
    let (everybody, active, homes, seen) = db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            Ok((
                workspace::everybody(tx, &id).await?,
                workspace::active_members(tx, &id, &settings, now).await?,
                workspace::home_teams(tx, &id, now).await?,
                workspace::first_seen(tx, &id).await?,
            ))
        })
        .await?;
    db.close().await;
    let table = everybody
        .values()
        .filter(|member| !member.is_bot && !member.is_stranger && !member.is_forgotten)
        .filter_map(|member| {
            // Found by the first member list: here since ever.
            let first = seen.get(&member.id).filter(|at| **at > Instant::default());
            let first = first.map(|at| local_day(*at, zone));
            let is_wanted = match first {
                Some(day) => days.contain(day),
                None => days.from.is_none(),
            };
            is_wanted.then(|| {
                vec![
                    ("id", json!(member.id)),
                    ("handle", json!(member.handle)),
                    ("name", json!(member.name)),
                    ("full_name", json!(member.full_name)),
                    (
                        "guest",
                        json!(match member.guest {
                            Guest::No => "no",
                            Guest::Multi => "multi",
                            Guest::Single => "single",
                        }),
                    ),
                    ("is_here", json!(!member.is_deleted)),
                    ("is_active", json!(active.contains(&member.id))),
                    ("team", json!(homes.get(&member.id))),
                    ("first_seen", json!(first.map(|day| day.to_string()))),
                ]
            })
        })
        .collect();
    write(&table, &MEMBERS, common.format)
}

/// Which rows of the ledger are exported.
pub(super) fn ranged(days: Days) -> (Option<Instant>, Option<Instant>) {
    let at = |day: Day| Instant::from(day.date().and_time(chrono::NaiveTime::MIN).and_utc());
    // Whatever the workspace's zone was, its day is at most one away from that of UTC.
    (
        days.from.map(|day| at(day.plus(-1))),
        days.to.map(|day| at(day.plus(2))),
    )
}
