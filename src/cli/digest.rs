//! `plaudit digest`

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::app;
use crate::base::calendar::local_day;
use crate::base::clock::{Clock as _, SystemClock};
use crate::base::ids::UserId;
use crate::config::{Behaviour, Database};
use crate::digest::messages::{self, Reader};
use crate::digest::rules::Month;
use crate::digest::{self, Gather, chart};
use crate::kudos;
use crate::store::{DatabaseUrl, Db, StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Locale};

/// Shows a month's digest as it would be posted now: on standard output as text; with `out`, in that folder as text, as
/// the blocks in JSON, and as the picture.
pub(super) async fn preview(
    database: &Database,
    behaviour: &Behaviour,
    month: Month,
    out: Option<&Path>,
) -> anyhow::Result<()> {
    let url: DatabaseUrl = database.database_url.parse()?;
    let db = Db::open(&url).await?;
    let environment = app::settings(behaviour);
    let now = SystemClock.now();
    let installed = db.read(async |tx: &mut Tx| workspace::installed(tx).await).await?;
    let (id, name, _) = installed.context("this database has never met a workspace; run `plaudit serve` once")?;
    while !kudos::catch_up(&db, &id).await? {}
    let read: Result<_, StoreError> = db
        .read(async |tx: &mut Tx| {
            let settings = workspace::settings_of(tx, &id, &environment).await?;
            let stewards: Vec<UserId> = settings.stewards.first().cloned().into_iter().collect();
            let known = workspace::members(tx, &id, &stewards.into_iter().collect()).await?;
            let zone = workspace_zone(&settings, &known);
            let of = Gather {
                workspace: &id,
                name: &name,
                settings: &settings,
                month,
                zone,
                now,
            };
            let told = digest::gather(tx, of).await?;
            let named = digest::gather_names(tx, of).await?;
            let words = digest::kept(tx, &id, month).await?.map(|kept| kept.words);
            Ok((told, named, words.unwrap_or_default(), settings.command.clone(), zone))
        })
        .await;
    db.close().await;
    let (told, named, words, command, zone) = read.context("the database could not be read")?;
    anyhow::ensure!(month.first() <= local_day(now, zone), "{month} hasn't begun yet");
    let message = messages::digest(Locale::En, &command, &told, &words, Reader::Channel);
    let mut text = message.text().to_owned();
    let mut thread = Vec::new();
    let mut from = Some(0).filter(|_| !named.people.is_empty());
    while let Some(at) = from {
        let (part, next) = messages::names(Locale::En, &named, at);
        text.push_str(&format!("\n\n{}", part.text()));
        thread.push(part);
        from = next;
    }
    let drawn = told.chart();
    text.push_str(&format!("\n\n{}\n", chart::alt_text(&drawn)));
    let Some(folder) = out else {
        print!("{text}");
        return Ok(());
    };
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    let picture = chart::png(&chart::svg(&drawn))?;
    let blocks = serde_json::to_vec_pretty(&json!({ "message": message, "thread": thread }))?;
    for (ending, bytes) in [("txt", text.into_bytes()), ("json", blocks), ("png", picture)] {
        let file = folder.join(format!("{month}.{ending}"));
        std::fs::write(&file, bytes).with_context(|| format!("{} can't be written", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}
