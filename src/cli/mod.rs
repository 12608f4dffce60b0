//! Floor 11: the command line. Builds, starts and stops everything.

mod demo;
mod digest;
mod export;
mod figures;
mod import;
mod prompts;
mod serve;

use std::error::Error as _;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use url::Url;

use self::prompts::{PacksCommand, PromptsCommand};
use crate::app::manifest;
use crate::base::calendar::Day;
use crate::base::text::thousands;
use crate::config::{Behaviour, Database, Serve};
use crate::digest::rules::Month;
use crate::kudos;
use crate::slack::manifest::to_yaml;
use crate::store::{DatabaseUrl, Db};

/// Recognition for customer-service teams, all year, inside Slack.
#[derive(Debug, Parser)]
#[command(name = "plaudit", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the bot. Secrets come from the environment or .env: SLACK_SIGNING_SECRET, SLACK_BOT_TOKEN.
    Serve(Box<Serve>),
    /// Tries everything without Slack: a local stand-in, some people, and this terminal.
    Demo(Box<demo::Demo>),
    /// The demo's bot, a process of its own. Started by the demo.
    #[command(hide = true)]
    DemoBot,
    /// Prints the app manifest, to be pasted where Slack asks for one.
    Manifest(Manifest),
    /// Counts the ledger anew, reports what was off in the boards' numbers, and corrects it. Safe while the bot runs.
    Recount(Database),
    /// Writes data out.
    Export {
        #[command(subcommand)]
        what: Export,
    },
    /// Reads data in.
    Import {
        #[command(subcommand)]
        what: Import,
    },
    /// The monthly digest.
    Digest {
        #[command(subcommand)]
        what: Digest,
    },
    /// Looks ahead at what is posted.
    Prompts {
        #[command(subcommand)]
        what: prompts::PromptsCommand,
    },
    /// Helps with writing packs of prompts.
    Packs {
        #[command(subcommand)]
        what: prompts::PacksCommand,
    },
}

#[derive(Debug, clap::Args)]
struct Manifest {
    /// The https address at which Slack reaches this server.
    #[arg(long, value_name = "https://plaudit.example.com")]
    url: Url,
    /// The slash command's name; another app may own /kudos.
    #[arg(long, default_value = "/kudos")]
    command: String,
    /// Asks for nothing that may be declined: no optional scope, and no event that needs one.
    #[arg(long)]
    minimal: bool,
}

#[derive(Debug, Subcommand)]
enum Export {
    /// Every kudos, one row per receiver, by time.
    Kudos {
        #[command(flatten)]
        database: Database,
        #[command(flatten)]
        days: figures::Days,
        /// csv or json.
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
    },
    /// The people of the workspace and their teams; no figures of theirs. With days: those first seen on them.
    Members {
        #[command(flatten)]
        common: Box<figures::Common>,
        #[command(flatten)]
        days: figures::Days,
    },
    /// Coverage of each month and team, as it was kept at the month's end. With days: the months that begin on them.
    Coverage {
        #[command(flatten)]
        common: Box<figures::Common>,
        #[command(flatten)]
        days: figures::Days,
    },
    /// One board, ten names at most: rank, member, count.
    Board {
        #[command(flatten)]
        common: Box<figures::Common>,
        /// How long its period is.
        #[arg(long, value_enum, default_value_t = figures::Length::Month)]
        period: figures::Length,
        /// The month, or one of the quarter's or year's; without it the running one.
        #[arg(long, value_name = "2026-10", value_parser = figures::of)]
        of: Option<Day>,
        /// What it ranks by.
        #[arg(long, value_enum, default_value_t = figures::By::Givers)]
        kind: figures::By,
    },
}

#[derive(Debug, Subcommand)]
enum Import {
    /// Kudos of another tool, from a CSV file. Nothing is posted, nobody is messaged, and running it twice adds nothing.
    Kudos(Box<ImportKudos>),
}

#[derive(Debug, clap::Args)]
struct ImportKudos {
    /// The file: UTF-8, the first line names the columns.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Which columns say who gave, to whom, when and why. People are found by e-mail address, Slack id, handle or name.
    #[arg(long, value_name = "giver=…,receiver=…,date=…,message=…", default_value = "", value_parser = import::map, hide_default_value = true)]
    map: import::Map,
    /// Says what would come of it, and of which lines nothing can, and writes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: Database,
    /// Base address of Slack's Web API; asked for e-mail addresses alone.
    #[arg(
        long = "slack-api-url",
        env = "SLACK_API_URL",
        default_value = "https://slack.com/api/",
        hide_env_values = true
    )]
    api_url: Url,
    #[command(flatten)]
    behaviour: Behaviour,
}

#[derive(Debug, Subcommand)]
enum Digest {
    /// Shows a month's digest as it would be posted now.
    Preview(Box<PreviewDigest>),
}

#[derive(Debug, clap::Args)]
struct PreviewDigest {
    /// Which month.
    #[arg(long, value_name = "2026-10")]
    month: Month,
    /// A folder for the text, the blocks as JSON and the picture; without it the text is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    behaviour: Behaviour,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Json,
}

/// Reads `.env` from the working directory, where there is one. What the environment says already stays.
///
/// # Errors
/// The line that can't be read.
pub fn read_env_file() -> anyhow::Result<()> {
    match dotenvy::from_filename(".env") {
        Ok(_) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        // The error quotes the line, and the line may hold a secret.
        Err(dotenvy::Error::LineParse(_, position)) => anyhow::bail!(
            ".env can't be read: one of its lines isn't NAME=value (at character {position} of that line). Quote \
             values that contain spaces or #."
        ),
        Err(dotenvy::Error::Io(error)) => Err(error).context(".env can't be read"),
        Err(_) => anyhow::bail!(".env can't be read. Write one NAME=value per line."),
    }
}

/// Reads the command line. Help, and an argument that doesn't exist, end the process here.
///
/// # Errors
/// A value that can't be used, from a flag or from the environment: one sentence that doesn't repeat the value, which
/// may be a secret in the wrong place.
pub fn parse() -> anyhow::Result<Cli> {
    Cli::try_parse().map_err(|error| match error.kind() {
        ErrorKind::ValueValidation => unusable(&error),
        _ => error.exit(),
    })
}

fn unusable(error: &clap::Error) -> anyhow::Error {
    let argument = error
        .get(ContextKind::InvalidArg)
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut cli = Cli::command();
    cli.build();
    let mut commands = vec![&cli];
    let mut variable = None;
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands());
        let mut found = command.get_arguments().filter(|arg| arg.to_string() == argument);
        variable = variable.or_else(|| found.find_map(|arg| arg.get_env()?.to_str()));
    }
    let name = variable.map_or_else(|| argument.clone(), |variable| format!("{variable} ({argument})"));
    match error.source() {
        Some(why) => anyhow::anyhow!("{name} can't be used: {why}"),
        None => anyhow::anyhow!("{name} can't be used"),
    }
}

/// An error and its causes as one sentence; a cause that the sentence tells already is not told again.
pub fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        match told.contains(&cause) {
            true => told,
            false if told.is_empty() => cause,
            false => format!("{told}: {cause}"),
        }
    })
}

/// Whether whoever read standard output has gone, as in `plaudit export kudos | head`; that is no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let csv = cause.downcast_ref::<csv::Error>().map(csv::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>();
        let kind = match csv {
            Some(csv::ErrorKind::Io(error)) => Some(error.kind()),
            _ => json.map_or_else(
                || cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind),
                serde_json::Error::io_error_kind,
            ),
        };
        kind == Some(std::io::ErrorKind::BrokenPipe)
    })
}

/// Runs a command to its end.
///
/// # Errors
/// One sentence for the person at the terminal.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(settings) => serve::serve(*settings).await,
            Command::Demo(settings) => demo::demo(*settings).await,
            Command::DemoBot => demo::demo_bot().await,
            Command::Manifest(wanted) => print_manifest(&wanted),
            Command::Recount(database) => recount(&database.database_url).await,
            Command::Import {
                what: Import::Kudos(wanted),
            } => {
                let import = import::Import {
                    file: &wanted.file,
                    map: &wanted.map,
                    dry_run: wanted.dry_run,
                    database: &wanted.database,
                    behaviour: &wanted.behaviour,
                    api_url: &wanted.api_url,
                };
                import::kudos(&import).await
            }
            Command::Digest {
                what: Digest::Preview(wanted),
            } => digest::preview(&wanted.database, &wanted.behaviour, wanted.month, wanted.out.as_deref()).await,
            Command::Export {
                what: Export::Kudos { database, days, format },
            } => export::kudos(&database.database_url, days, format).await,
            Command::Export {
                what: Export::Members { common, days },
            } => figures::members(&common, days).await,
            Command::Export {
                what: Export::Coverage { common, days },
            } => figures::coverage(&common, days).await,
            Command::Export {
                what:
                    Export::Board {
                        common,
                        period,
                        of,
                        kind,
                    },
            } => figures::board(&common, period, of, kind).await,
            Command::Prompts {
                what: PromptsCommand::Preview(wanted),
            } => prompts::preview(*wanted).await,
            Command::Packs {
                what: PacksCommand::Check { file },
            } => prompts::check(&file),
        }
    });
    // Threads that wait for a terminal's next line or a silent name server must not hold up the end.
    runtime.shutdown_background();
    result
}

fn print_manifest(Manifest { url, command, minimal }: &Manifest) -> anyhow::Result<()> {
    anyhow::ensure!(
        url.scheme() == "https" && url.host_str().is_some(),
        "--url must be the https address at which Slack reaches this server; Slack accepts no other"
    );
    let length = command.chars().count();
    anyhow::ensure!(
        command.starts_with('/') && (2..=32).contains(&length) && !command.contains(char::is_whitespace),
        "--command must begin with / and have 2 to 32 characters without spaces"
    );
    let build = if *minimal { manifest::minimal } else { manifest::build };
    let yaml = to_yaml(&build(url, command));
    std::io::stdout()
        .write_all(yaml.as_bytes())
        .context("the manifest could not be written")
}

async fn recount(url: &str) -> anyhow::Result<()> {
    let url: DatabaseUrl = url.parse()?;
    let db = Db::open(&url).await?;
    let found = kudos::recount(&db)
        .await
        .context("the numbers could not be counted anew")?;
    for difference in &found.differences {
        println!("{difference}");
    }
    let rows = thousands(found.rows);
    match found.differences.len() {
        0 => println!("{rows} kudos counted, and every number was right."),
        1 => println!("{rows} kudos counted; one number was off and is right now."),
        off => println!(
            "{rows} kudos counted; {} numbers were off and are right now.",
            thousands(off)
        ),
    }
    db.close().await;
    Ok(())
}
