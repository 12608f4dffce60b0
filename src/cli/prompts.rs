//! `plaudit prompts` and `plaudit packs`

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{Datelike as _, NaiveTime, SecondsFormat};
use chrono_tz::Tz;
use clap::ValueEnum;
use serde_json::json;

use super::is_closed_pipe;
use crate::base::calendar::{Day, at_wall, local_day, local_time, parse_zone};
use crate::base::clock::Instant;
use crate::base::ids::ChannelId;
use crate::config::{Database, PacksFolder};
use crate::prompts::{self, Cron, Packs, Planned, Region, Schedule, WeekMode, plan};
use crate::store::{DatabaseUrl, Db};

/// When a schedule that says nothing else is due: working days at 09:30.
const USUAL: &str = "30 9 * * 1-5";
/// How many days are looked at at once: ten years.
const LONGEST: i64 = 3_653;

/// What `plaudit prompts preview` is asked for. What isn't said is the channel's schedule's, where a database has one.
#[derive(Debug, clap::Args)]
pub(super) struct Preview {
    /// The zone that times are in, such as Europe/Berlin.
    #[arg(long, value_parser = zone)]
    zone: Option<Tz>,
    /// The first day, YYYY-MM-DD.
    #[arg(long)]
    from: Day,
    /// The last day, YYYY-MM-DD.
    #[arg(long)]
    to: Day,
    /// When it is due: a cron expression of five fields, or words such as "weekdays 9:30". Without it, 30 9 * * 1-5.
    #[arg(long, value_parser = cron)]
    cron: Option<Cron>,
    /// The name of the pack. Without it, service-year.
    #[arg(long)]
    pack: Option<String>,
    /// The channel's id (C…): its schedules if the database has any, else what the order is shuffled by.
    #[arg(long)]
    channel: Option<String>,
    /// How Customer Service Week is marked. Without it, light.
    #[arg(long, value_enum)]
    week: Option<Week>,
    /// The country or region whose public holidays have no prompt, such as DE or DE-BY.
    #[arg(long)]
    holidays: Option<Region>,
    /// text or json.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    packs: PacksFolder,
    #[command(flatten)]
    database: Database,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Week {
    /// Two posts a day and a wrap-up.
    Full,
    /// One post a day.
    Light,
    /// Like any other week.
    Off,
}

impl From<Week> for WeekMode {
    fn from(week: Week) -> Self {
        match week {
            Week::Full => Self::Full,
            Week::Light => Self::Light,
            Week::Off => Self::Off,
        }
    }
}

fn zone(text: &str) -> Result<Tz, String> {
    parse_zone(text).ok_or_else(|| "that is no IANA zone, such as Europe/Berlin".to_owned())
}

fn cron(text: &str) -> Result<Cron, String> {
    Cron::parse(text).map_err(|error| error.to_string())
}

/// The shipped packs and those of the folder that is set.
pub(super) fn packs(folder: &PacksFolder) -> anyhow::Result<Packs> {
    let shipped = Packs::shipped();
    match folder.folder() {
        Some(folder) => shipped.with_folder(folder).context("PLAUDIT_PACKS can't be used"),
        None => Ok(shipped),
    }
}

/// Prints what is posted between two days.
pub(super) async fn preview(wanted: Preview) -> anyhow::Result<()> {
    anyhow::ensure!(
        wanted.from <= wanted.to,
        "--from {} is later than --to {}; both days are included",
        wanted.from,
        wanted.to
    );
    anyhow::ensure!(
        wanted.to.days_since(wanted.from) <= LONGEST,
        "--from and --to are more than ten years apart; look at less at once"
    );
    let packs = packs(&wanted.packs)?;
    if let Some(pack) = &wanted.pack {
        let known: Vec<&str> = packs.names().collect();
        anyhow::ensure!(
            packs.get(pack).is_some(),
            "there is no pack {pack:?}; there are {}",
            known.join(", ")
        );
    }
    let mut posts = wanted.of_channel(&packs).await?;
    if posts.is_empty() {
        posts.push(wanted.of_nobody(&packs)?);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = match wanted.format {
        Format::Text => text(&mut out, &posts),
        Format::Json => json(&mut out, &posts),
    };
    match written.and_then(|()| out.flush().context("standard output")) {
        Err(error) if is_closed_pipe(&error) => Ok(()),
        other => other.context("the preview could not be written"),
    }
}

impl Preview {
    /// From before the first day to its last instant, in a zone.
    fn range(&self, zone: Tz) -> (Instant, Instant) {
        let before = |day: Day| at_wall(day.date().and_time(NaiveTime::MIN), zone).plus_millis(-1);
        (before(self.from), before(self.to.next()))
    }

    /// What the command line says otherwise than a schedule.
    fn change(&self, schedule: &mut Schedule) {
        if let Some(zone) = self.zone {
            schedule.zone = zone;
        }
        if let Some(cron) = &self.cron {
            schedule.cron = cron.clone();
        }
        if let Some(pack) = &self.pack {
            schedule.pack.clone_from(pack);
        }
        if let Some(week) = self.week {
            schedule.week = week.into();
        }
        if self.holidays.is_some() {
            schedule.holidays = self.holidays;
        }
    }

    /// The schedules that the database has for the channel, and what each posts.
    async fn of_channel(&self, packs: &Packs) -> anyhow::Result<Vec<(Schedule, Vec<Planned>)>> {
        let mut found = Vec::new();
        let Some(channel) = self.channel.as_deref().map(ChannelId::from) else {
            return Ok(found);
        };
        let url: DatabaseUrl = self.database.database_url.parse()?;
        // Looking ahead makes no database.
        if !url.is_there() {
            return Ok(found);
        }
        let db = Db::open(&url).await?;
        let unreadable = "the database could not be read";
        for (workspace, mut schedule) in prompts::schedules_in(&db, &channel).await.context(unreadable)? {
            self.change(&mut schedule);
            let range = self.range(schedule.zone);
            let posts = prompts::preview(&db, &workspace, packs, &schedule, range).await;
            found.push((schedule, posts.context(unreadable)?));
        }
        db.close().await;
        Ok(found)
    }

    /// A schedule as the command line has it, and what it posts, as if it ran since the year before: so a part of a year
    /// shows what the whole year shows.
    fn of_nobody(&self, packs: &Packs) -> anyhow::Result<(Schedule, Vec<Planned>)> {
        let channel = self.channel.clone().unwrap_or_default();
        let zone = self
            .zone
            .context("--zone says where the days and times are, as in --zone Europe/Berlin")?;
        let (id, maker) = ("preview".into(), Default::default());
        let mut schedule = Schedule::usual(id, channel.into(), Cron::parse(USUAL)?, zone, maker);
        self.change(&mut schedule);
        let (from, to) = self.range(schedule.zone);
        let since = Day::new(self.from.date().year() - 1, 1, 1).unwrap_or(self.from);
        let since = at_wall(since.date().and_time(NaiveTime::MIN), schedule.zone).plus_millis(-1);
        let mut posts = plan(&schedule, packs, Vec::new(), since, to);
        posts.retain(|post| post.at > from);
        Ok((schedule, posts))
    }
}

/// Each post with its schedule, by time.
fn by_time(found: &[(Schedule, Vec<Planned>)]) -> Vec<(&Schedule, &Planned)> {
    let posts = found
        .iter()
        .flat_map(|(schedule, posts)| posts.iter().map(move |post| (schedule, post)));
    let mut posts: Vec<(&Schedule, &Planned)> = posts.collect();
    posts.sort_by_key(|(_, post)| post.at);
    posts
}

fn text(out: &mut impl Write, found: &[(Schedule, Vec<Planned>)]) -> anyhow::Result<()> {
    for (schedule, _) in found {
        writeln!(out, "{}, {}: {}", schedule.cron.words(), schedule.zone, schedule.pack)?;
    }
    writeln!(out)?;
    let posts = by_time(found);
    if posts.is_empty() {
        writeln!(out, "Nothing is due on these days.")?;
    }
    for (schedule, post) in posts {
        let (day, time) = (local_day(post.at, schedule.zone), local_time(post.at, schedule.zone));
        let announces = if post.announces_week {
            " (announces Customer Service Week)"
        } else {
            ""
        };
        let (weekday, theme, text) = (day.weekday(), &post.theme, post.text.replace('\n', " "));
        writeln!(
            out,
            "{weekday} {day} {time}  {theme}{announces}: {text} [{}]",
            post.prompt
        )?;
    }
    Ok(())
}

fn json(out: &mut impl Write, found: &[(Schedule, Vec<Planned>)]) -> anyhow::Result<()> {
    let objects = by_time(found).into_iter().map(|(schedule, post)| {
        json!({
            "date": local_day(post.at, schedule.zone),
            "time": local_time(post.at, schedule.zone),
            "zone": schedule.zone.name(),
            "utc": post.at.utc().to_rfc3339_opts(SecondsFormat::Secs, true),
            "pack": post.pack,
            "theme": post.theme,
            "prompt": post.prompt,
            "text": post.text,
        })
    });
    serde_json::to_writer_pretty(&mut *out, &objects.collect::<Vec<_>>())?;
    writeln!(out)?;
    Ok(())
}

/// `plaudit packs check FILE`
pub(super) fn check(file: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let mut out = std::io::stdout();
    match prompts::check(&text) {
        Ok(pack) => writeln!(
            out,
            "{} has no fault. Themes: {}, prompts: {}.",
            file.display(),
            pack.themes.len(),
            pack.prompts().count()
        )
        .context("standard output"),
        Err(faults) => {
            for fault in &faults {
                writeln!(out, "{}:{}: {}", file.display(), fault.line, fault.what).context("standard output")?;
            }
            match faults.len() {
                1 => anyhow::bail!("{} has one fault", file.display()),
                many => anyhow::bail!("{} has {many} faults", file.display()),
            }
        }
    }
}

/// What `plaudit packs` does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum PacksCommand {
    /// Reads a pack and reports everything that is wrong with it, each fault with its line, and prompts that ask nearly
    /// the same. Ends with 1 if there is anything.
    Check {
        /// The pack, a TOML file.
        file: PathBuf,
    },
}

/// What `plaudit prompts` does.
#[derive(Debug, clap::Subcommand)]
pub(super) enum PromptsCommand {
    /// Prints every post between two days, both included, from the same plan that the bot follows.
    Preview(Box<Preview>),
}
