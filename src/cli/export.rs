//! `plaudit export`

use std::borrow::Cow;
use std::io::{BufWriter, Write};

use anyhow::Context as _;
use chrono::SecondsFormat;
use serde_json::json;

use super::figures::{Days, ranged};
use super::{Format, is_closed_pipe};
use crate::base::clock::Instant;
use crate::kudos::{self, Exported};
use crate::store::{DatabaseUrl, Db, StoreError, Tx};

/// Rows that are read at once; memory stays flat however many there are.
const PAGE: i64 = 1_000;

const COLUMNS: [&str; 10] = [
    "id",
    "given_at",
    "giver",
    "receiver",
    "reason",
    "values",
    "source",
    "channel",
    "message_ts",
    "reversed_at",
];

/// Writes every kudos of some days to standard output: one row per receiver, by `given_at` then `id`.
pub(super) async fn kudos(url: &str, days: Days, format: Format) -> anyhow::Result<()> {
    let url: DatabaseUrl = url.parse()?;
    let db = Db::open(&url).await?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = match format {
        Format::Csv => csv(&db, days, &mut out).await,
        Format::Json => json(&db, days, &mut out).await,
    };
    match written.and_then(|()| out.flush().context("standard output")) {
        Err(error) if is_closed_pipe(&error) => {}
        other => other.context("the export could not be written")?,
    }
    db.close().await;
    Ok(())
}

async fn pages(db: &Db, days: Days, mut each: impl FnMut(&Exported) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (from, to) = ranged(days);
    let mut after: Option<(Instant, String)> = from.map(|from| (from, String::new()));
    loop {
        let from = after.clone();
        let rows: Result<Vec<Exported>, StoreError> = db
            .read(async |tx: &mut Tx| kudos::export_page(tx, from, PAGE).await)
            .await;
        let rows = rows.context("the database could not be read")?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some((last.given_at, last.id.clone()));
        for row in rows.iter().filter(|row| days.contain(row.workspace_day)) {
            each(row)?;
        }
        if to.is_some_and(|to| last.given_at >= to) {
            return Ok(());
        }
    }
}

async fn csv(db: &Db, days: Days, out: &mut impl Write) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    pages(db, days, |row| {
        csv.write_record([
            row.id.as_str(),
            &instant(row.given_at),
            &row.giver,
            &row.receiver,
            &harmless(&row.reason),
            &harmless(&row.values.join(" ")),
            &row.source,
            row.channel.as_deref().unwrap_or_default(),
            row.message_ts.as_deref().unwrap_or_default(),
            &row.reversed_at.map(instant).unwrap_or_default(),
        ])?;
        Ok(())
    })
    .await?;
    csv.flush()?;
    Ok(())
}

async fn json(db: &Db, days: Days, out: &mut impl Write) -> anyhow::Result<()> {
    let mut first = true;
    out.write_all(b"[")?;
    pages(db, days, |row| {
        out.write_all(if first { b"\n" } else { b",\n" })?;
        first = false;
        let object = json!({
            "id": row.id,
            "given_at": instant(row.given_at),
            "giver": row.giver,
            "receiver": row.receiver,
            "reason": (!row.reason.is_empty()).then_some(&row.reason),
            "values": row.values,
            "source": row.source,
            "channel": row.channel,
            "message_ts": row.message_ts,
            "reversed_at": row.reversed_at.map(instant),
        });
        serde_json::to_writer(&mut *out, &object)?;
        Ok(())
    })
    .await?;
    out.write_all(b"\n]\n")?;
    Ok(())
}

/// A text as a cell that no spreadsheet takes for a formula: those begin with `=`, `+`, `-` or `@` (also behind a tab or a
/// line end), and an apostrophe before them shows them as they are.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// RFC 3339 in UTC with milliseconds.
fn instant(at: Instant) -> String {
    at.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
}
