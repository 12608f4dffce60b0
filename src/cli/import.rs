//! `plaudit import`: what another tool counted. Posts nothing and messages nobody; run twice, it adds nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::app;
use crate::base::calendar::{at_hour, local_day};
use crate::base::clock::{Clock as _, Instant, SystemClock};
use crate::base::ids::{MessageTs, UserId, WorkspaceId};
use crate::base::text::{count, fold, thousands};
use crate::config::{Behaviour, Database};
use crate::kudos::grammar::{self, Directory};
use crate::kudos::rules::{MOST_CHARACTERS, MOST_RECEIVERS};
use crate::kudos::{self, Announce, Effect, Give, Outcome, Receiver, Source};
use crate::slack::client::Client;
use crate::store::{DatabaseUrl, Db, StoreError, Tx};
use crate::workspace::deliver::{workspace_zone, zone_of};
use crate::workspace::{self, Member, Settings};

/// Kudos that one transaction takes.
const LIST: usize = 1_000;
/// Members asked for in one page. Slack: at most 1,000.
const PAGE: u32 = 1_000;
/// The hour of a day that the file says without a time.
const NOON: u32 = 12;

/// Which column says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map {
    giver: String,
    receiver: String,
    date: String,
    message: String,
}

/// Reads `giver=From,receiver=To,date=When,message=Why`. What isn't mapped has the column of its own name.
pub(super) fn map(text: &str) -> Result<Map, String> {
    let mut map = Map {
        giver: "giver".to_owned(),
        receiver: "receiver".to_owned(),
        date: "date".to_owned(),
        message: "message".to_owned(),
    };
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, column) = part
            .split_once('=')
            .map(|(name, column)| (name.trim(), column.trim().to_owned()))
            .filter(|(_, column)| !column.is_empty())
            .ok_or_else(|| format!("\"{part}\" isn't written as giver=COLUMN"))?;
        match name {
            "giver" => map.giver = column,
            "receiver" => map.receiver = column,
            "date" => map.date = column,
            "message" => map.message = column,
            _ => return Err(format!("there is no \"{name}\"; say giver, receiver, date or message")),
        }
    }
    Ok(map)
}

/// Everybody by whatever a file may call them.
struct People<'a> {
    members: &'a BTreeMap<UserId, Member>,
    called: BTreeMap<String, BTreeSet<UserId>>,
    emails: Option<BTreeMap<String, UserId>>,
}

impl<'a> People<'a> {
    fn new(members: &'a BTreeMap<UserId, Member>, emails: Option<BTreeMap<String, UserId>>) -> Self {
        let mut called: BTreeMap<String, BTreeSet<UserId>> = BTreeMap::new();
        for (id, member) in members {
            for name in [&member.name, &member.full_name, &member.handle] {
                called.entry(fold(name)).or_default().insert(id.clone());
            }
        }
        Self {
            members,
            called,
            emails,
        }
    }

    /// Who is meant, by e-mail address, id, handle or name; or why that can't be said.
    fn find(&self, cell: &str) -> Result<&Member, String> {
        let cell = cell.trim();
        let known = |id: &UserId| self.members.get(id).filter(|member| !member.is_forgotten);
        let bare = cell
            .trim_start_matches("<@")
            .trim_start_matches('@')
            .trim_end_matches('>');
        let bare = bare.split('|').next().unwrap_or(bare);
        if bare.is_empty() {
            return Err("nobody is named".to_owned());
        }
        let member = if let Some(member) = known(&UserId(bare.to_owned())) {
            member
        } else if is_email(cell) {
            let Some(emails) = &self.emails else {
                return Err(format!(
                    "{cell}: I can look up e-mail addresses only with SLACK_BOT_TOKEN and the scope users:read.email"
                ));
            };
            let found = emails.get(&cell.to_lowercase()).and_then(known);
            found.ok_or_else(|| format!("nobody here has the address {cell}"))?
        } else {
            let mut found: Vec<&Member> = self
                .called
                .get(&fold(bare))
                .into_iter()
                .flatten()
                .filter_map(known)
                .collect();
            // Of several of one name, those who are still here are meant.
            if found.len() > 1 && found.iter().any(|member| !member.is_deleted) {
                found.retain(|member| !member.is_deleted);
            }
            match found.as_slice() {
                [one] => *one,
                [] => return Err(format!("I don't know a \"{cell}\"")),
                several => {
                    let handles: Vec<String> = several.iter().map(|member| format!("@{}", member.handle)).collect();
                    return Err(format!("\"{cell}\" could be {}; write which one", handles.join(" or ")));
                }
            }
        };
        if member.is_bot {
            return Err(format!("{cell} is an app"));
        }
        Ok(member)
    }

    /// Several people in one cell, separated by commas or semicolons; a name with a comma in it is tried first.
    fn find_all(&self, cell: &str) -> Result<Vec<&Member>, String> {
        match self.find(cell) {
            Ok(one) => Ok(vec![one]),
            Err(why) if !cell.contains([',', ';']) => Err(why),
            Err(_) => cell
                .split([',', ';'])
                .filter(|part| !part.trim().is_empty())
                .map(|part| self.find(part))
                .collect(),
        }
    }
}

fn is_email(cell: &str) -> bool {
    let mut parts = cell.split('@');
    matches!((parts.next(), parts.next(), parts.next()), (Some(name), Some(host), None) if !name.is_empty() && host.contains('.'))
}

/// When it was, as exports write it: RFC 3339; a date, with or without a time, in the workspace's zone; seconds or
/// milliseconds since 1970.
fn instant(cell: &str, zone: Tz) -> Result<Instant, String> {
    let cell = cell.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(cell) {
        return Ok(at.with_timezone(&Utc).into());
    }
    for format in [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ] {
        if let Ok(local) = NaiveDateTime::parse_from_str(cell, format) {
            // In the hour that comes twice the first is meant; one that doesn't exist is the next that does.
            return Ok(zone.from_local_datetime(&local).earliest().map_or_else(
                || at_hour(local.date().into(), chrono::Timelike::hour(&local), zone),
                |at| at.with_timezone(&Utc).into(),
            ));
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(cell, "%Y-%m-%d") {
        return Ok(at_hour(day.into(), NOON, zone));
    }
    let digits = cell.split('.').next().unwrap_or(cell);
    match (digits.len(), digits.parse::<i64>()) {
        (9 | 10, Ok(seconds)) => Ok(Instant::from_millis(seconds * 1_000)),
        (12 | 13, Ok(millis)) => Ok(Instant::from_millis(millis)),
        _ => Err(format!(
            "\"{cell}\" is no date that I can't mistake; write 2026-10-05 or 2026-10-05 14:02"
        )),
    }
}

/// What every line is read with.
struct Reader<'a> {
    workspace: &'a WorkspaceId,
    settings: &'a Settings,
    people: People<'a>,
    /// Names for Slack's ids.
    directory: Directory,
    zone: Tz,
    now: Instant,
}

impl Reader<'_> {
    /// One line as a kudos, or why it is none.
    fn give(&self, giver: &str, receiver: &str, date: &str, message: &str) -> Result<Give, String> {
        let giver = self.people.find(giver)?;
        let mut receivers: Vec<UserId> = Vec::new();
        for member in self.people.find_all(receiver)? {
            if member.id != giver.id && !receivers.contains(&member.id) {
                receivers.push(member.id.clone());
            }
        }
        if receivers.is_empty() {
            return Err("only the giver is thanked".to_owned());
        }
        if receivers.len() > MOST_RECEIVERS {
            return Err(format!(
                "{} people are thanked, and a kudos is for at most {MOST_RECEIVERS}",
                receivers.len()
            ));
        }
        let at = instant(date, self.zone)?;
        if at > self.now {
            return Err(format!("{} is still to come", date.trim()));
        }
        // Names for Slack's ids, e-mail addresses and the like left out, as in anything that is stored.
        let (reason, _) = grammar::read(message).written(&self.directory);
        if reason.is_empty() {
            return Err("it has no words".to_owned());
        }
        if count(&reason) > MOST_CHARACTERS {
            return Err(format!(
                "it has {} characters, and a kudos holds {MOST_CHARACTERS}",
                count(&reason)
            ));
        }
        let (values, _) = grammar::values_in(&reason, &self.settings.value_names());
        receivers.sort();
        // The line's own key, which it keeps in whatever file and order it comes again.
        let key = key(&giver.id, &receivers, date.trim(), &reason);
        Ok(Give {
            workspace: self.workspace.clone(),
            delivery: None,
            giver: giver.id.clone(),
            receivers: receivers.into_iter().map(Receiver::Member).collect(),
            reason,
            values,
            source: Source::Import,
            channel: None,
            effect: Some((MessageTs(key), Effect::Post)),
            at,
            giver_day: local_day(at, zone_of(self.settings, self.people.members, &giver.id)),
            workspace_day: local_day(at, self.zone),
            cost: Source::Import.cost(),
            allowance: None,
            announce: Announce::Silent,
            unchecked: Vec::new(),
            thread: None,
            lane: String::new(),
        })
    }
}

fn key(giver: &UserId, receivers: &[UserId], date: &str, reason: &str) -> String {
    let mut digest = Sha256::new();
    let receivers: Vec<&str> = receivers.iter().map(UserId::as_str).collect();
    for part in [giver.as_str(), &receivers.join(" "), date, reason] {
        digest.update(part);
        digest.update([0]);
    }
    let mut key = "import ".to_owned();
    for byte in digest.finalize().iter().take(16) {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// What came of a file.
#[derive(Debug, Default)]
struct Report {
    added: usize,
    there: usize,
    /// Lines that are none, and why.
    bad: Vec<(u64, String)>,
}

impl Report {
    fn count(&mut self, outcomes: &[Outcome]) {
        let added = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Given { .. }))
            .count();
        self.added += added;
        self.there += outcomes.len() - added;
    }

    fn text(&self, dry_run: bool) -> String {
        let mut text = String::new();
        for (line, why) in &self.bad {
            let _ = writeln!(text, "line {line}: {why}");
        }
        let (would, are) = if dry_run {
            ("would be added", "are")
        } else {
            ("added", "were")
        };
        let _ = write!(
            text,
            "{} kudos {would}, {} {are} there already, {} can't be imported.",
            thousands(self.added),
            thousands(self.there),
            match self.bad.len() {
                1 => "1 line".to_owned(),
                n => format!("{} lines", thousands(n)),
            }
        );
        if dry_run {
            text.push_str(" Nothing was written.");
        }
        text
    }
}

/// What is to be imported, and how.
pub(super) struct Import<'a> {
    pub file: &'a Path,
    pub map: &'a Map,
    pub dry_run: bool,
    pub database: &'a Database,
    pub behaviour: &'a Behaviour,
    pub api_url: &'a Url,
}

/// Imports a file, or says what would come of it.
pub(super) async fn kudos(import: &Import<'_>) -> anyhow::Result<()> {
    let rows = rows(import.file, import.map)?;
    let url: DatabaseUrl = import.database.database_url.parse()?;
    let db = Db::open(&url).await?;
    let report = run(&db, import, &rows).await;
    db.close().await;
    let report = report?;
    println!("{}", report.text(import.dry_run));
    Ok(())
}

/// One line of the file: its number, and the four cells that are mapped; or why they can't be read.
type Line = (u64, Result<[String; 4], String>);

fn rows(file: &Path, map: &Map) -> anyhow::Result<Vec<Line>> {
    let mut csv = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(file)
        .with_context(|| format!("{} can't be read", file.display()))?;
    let headers = csv
        .headers()
        .context("the first line can't be read as names of columns")?
        .clone();
    let column = |name: &str| {
        let found = headers.iter().position(|header| {
            // Files written by spreadsheets begin with a mark of their encoding.
            fold(header.trim_start_matches('\u{feff}')) == fold(name)
        });
        found.with_context(|| {
            let there: Vec<&str> = headers.iter().collect();
            format!("there is no column \"{name}\"; there are {}", there.join(", "))
        })
    };
    let columns = [
        column(&map.giver)?,
        column(&map.receiver)?,
        column(&map.date)?,
        column(&map.message)?,
    ];
    let mut lines = Vec::new();
    for record in csv.byte_records() {
        let record = record.with_context(|| format!("{} can't be read to its end", file.display()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| std::str::from_utf8(record.get(column).unwrap_or_default()).map(str::to_owned);
        let cells = match columns.map(cell) {
            [Ok(giver), Ok(receiver), Ok(date), Ok(message)] => Ok([giver, receiver, date, message]),
            _ => Err("it isn't UTF-8; save the file as \"CSV UTF-8\"".to_owned()),
        };
        lines.push((line, cells));
    }
    Ok(lines)
}

async fn run(db: &Db, import: &Import<'_>, lines: &[Line]) -> anyhow::Result<Report> {
    let environment = app::settings(import.behaviour);
    let found: Result<_, StoreError> = db
        .read(async |tx: &mut Tx| {
            let Some((workspace, ..)) = workspace::installed(tx).await? else {
                return Ok(None);
            };
            let settings = workspace::settings_of(tx, &workspace, &environment).await?;
            let members = workspace::everybody(tx, &workspace).await?;
            Ok(Some((workspace, settings, members)))
        })
        .await;
    let (workspace, settings, members) = found
        .context("the database could not be read")?
        .context("this database has never met a workspace; run `plaudit serve` once, so that I know who is who")?;
    let asks_for_email = lines.iter().any(|(_, cells)| {
        cells.as_ref().is_ok_and(|[giver, receiver, ..]| {
            is_email(giver.trim()) || receiver.split([',', ';']).any(|one| is_email(one.trim()))
        })
    });
    let emails = if asks_for_email {
        emails(import.api_url, &workspace).await?
    } else {
        None
    };
    let reader = Reader {
        workspace: &workspace,
        settings: &settings,
        zone: workspace_zone(&settings, &members),
        directory: Directory {
            names: members
                .iter()
                .map(|(id, member)| (id.clone(), member.name.clone()))
                .collect(),
            ..Directory::default()
        },
        people: People::new(&members, emails),
        now: SystemClock.now(),
    };
    let mut report = Report::default();
    let mut gives = Vec::new();
    let mut seen = BTreeSet::new();
    for (line, cells) in lines {
        let give = cells
            .clone()
            .and_then(|[giver, receiver, date, message]| reader.give(&giver, &receiver, &date, &message));
        match give {
            // The same line again, however far down.
            Ok(give) if !seen.insert(give.effect.as_ref().map(|(key, _)| key.clone())) => report.there += 1,
            Ok(give) => gives.push(give),
            Err(why) => report.bad.push((*line, why)),
        }
    }
    // By time, as they would have been given.
    gives.sort_by_key(|give| give.at);
    for list in gives.chunks(LIST) {
        report.count(
            &record(db, list.to_vec(), import.dry_run)
                .await
                .context("the kudos could not be stored")?,
        );
    }
    if !import.dry_run {
        while !kudos::catch_up(db, &workspace)
            .await
            .context("the boards could not follow")?
        {}
    }
    Ok(report)
}

/// Why nothing is written: it was only tried.
enum Tried {
    Out(Vec<Outcome>),
    Failed(StoreError),
}

impl From<StoreError> for Tried {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Records a list; with `dry_run` in a transaction that is rolled back, so that what is there already is known.
async fn record(db: &Db, gives: Vec<Give>, dry_run: bool) -> Result<Vec<Outcome>, StoreError> {
    let done = db
        .write(async move |tx: &mut Tx| -> Result<Vec<Outcome>, Tried> {
            let outcomes = kudos::record(tx, &gives).await?;
            if dry_run {
                Err(Tried::Out(outcomes))
            } else {
                Ok(outcomes)
            }
        })
        .await;
    match done {
        Ok(outcomes) | Err(Tried::Out(outcomes)) => Ok(outcomes),
        Err(Tried::Failed(error)) => Err(error),
    }
}

/// Who has which e-mail address, as Slack says now; nothing of it is stored. `None` without a token or the scope.
async fn emails(api_url: &Url, workspace: &WorkspaceId) -> anyhow::Result<Option<BTreeMap<String, UserId>>> {
    let Some(token) = std::env::var("SLACK_BOT_TOKEN").ok().filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let slack = Client::new(api_url, SecretString::from(token))?;
    let (mut found, mut cursor) = (BTreeMap::new(), None);
    loop {
        let page = slack.users_list(cursor.as_deref(), PAGE, workspace).await;
        let page = page.context("Slack doesn't say who has which e-mail address")?;
        found.extend(
            page.members
                .into_iter()
                .filter(|user| !user.profile.email.is_empty())
                .map(|user| (user.profile.email.to_lowercase(), user.id)),
        );
        cursor = page.next_cursor.filter(|cursor| !cursor.is_empty());
        if cursor.is_none() {
            return Ok(Some(found).filter(|found| !found.is_empty()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::inbound::User;

    fn at(text: &str, zone: Tz) -> Result<String, String> {
        instant(text, zone).map(|at| at.utc().to_rfc3339())
    }

    #[test]
    fn dates_are_read_as_tools_write_them_and_never_guessed() {
        let berlin = Tz::Europe__Berlin;
        for (text, expected) in [
            ("2026-10-05T14:02:00Z", "2026-10-05T14:02:00+00:00"),
            ("2026-10-05T14:02:00+02:00", "2026-10-05T12:02:00+00:00"),
            ("2026-10-05 14:02", "2026-10-05T12:02:00+00:00"),
            ("2026-10-05 14:02:59.5", "2026-10-05T12:02:59.500+00:00"),
            ("2026-10-05", "2026-10-05T10:00:00+00:00"),
            ("1791201720", "2026-10-05T12:02:00+00:00"),
            ("1791201720.000100", "2026-10-05T12:02:00+00:00"),
            ("1791201720000", "2026-10-05T12:02:00+00:00"),
            // Left out when clocks went forward.
            ("2026-03-29 02:30", "2026-03-29T01:00:00+00:00"),
        ] {
            assert_eq!(at(text, berlin).as_deref(), Ok(expected), "{text}");
        }
        for text in ["10/05/2026", "5.10.26", "yesterday", "", "2026-13-01", "2026"] {
            assert!(at(text, berlin).is_err(), "{text}");
        }
    }

    #[test]
    fn columns_are_mapped_by_name() {
        let mapped = map("giver=From, receiver=To,date=When,message=Why it matters").expect("a map");
        assert_eq!(
            (mapped.giver.as_str(), mapped.message.as_str()),
            ("From", "Why it matters")
        );
        assert_eq!(map("").expect("a map").receiver, "receiver");
        assert!(map("from=giver").is_err() && map("giver").is_err() && map("giver=").is_err());
    }

    #[test]
    fn an_address_is_told_from_a_handle() {
        assert!(is_email("dana@kettle.example") && !is_email("@dana") && !is_email("dana") && !is_email("a@b"));
        // What Slack sends with the scope, and without.
        let user: User = serde_json::from_str(r#"{"id":"U1","name":"dana","profile":{"email":"dana@kettle.example"}}"#)
            .expect("a user");
        assert_eq!(user.profile.email, "dana@kettle.example");
    }
}
