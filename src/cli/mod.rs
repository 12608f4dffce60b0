//! Floor 11: the command line. Builds, starts and stops everything.

mod demo;
mod export;
mod serve;

use std::io::Write as _;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use url::Url;

use crate::app::manifest;
use crate::config::{Behaviour, Database, Serve};
use crate::slack::manifest::to_yaml;

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
    Demo(Box<Demo>),
    /// Prints the app manifest, to be pasted where Slack asks for one.
    Manifest(Manifest),
    /// Writes data out.
    Export {
        #[command(subcommand)]
        what: Export,
    },
}

#[derive(Debug, clap::Args)]
struct Demo {
    #[command(flatten)]
    behaviour: Behaviour,
}

#[derive(Debug, clap::Args)]
struct Manifest {
    /// The address at which Slack reaches this server, as in https://plaudit.example.com.
    #[arg(long)]
    url: Url,
    /// The slash command's name; another app may own /kudos.
    #[arg(long, default_value = "/kudos")]
    command: String,
}

#[derive(Debug, Subcommand)]
enum Export {
    /// Every kudos, one row per receiver, by time.
    Kudos {
        #[command(flatten)]
        database: Database,
        /// csv or json.
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
    },
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

/// Runs a command to its end.
///
/// # Errors
/// One sentence for the person at the terminal.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(settings) => serve::serve(*settings).await,
            Command::Demo(settings) => demo::demo(settings.behaviour).await,
            Command::Manifest(Manifest { url, command }) => print_manifest(&url, &command),
            Command::Export {
                what: Export::Kudos { database, format },
            } => export::kudos(&database.database_url, format).await,
        }
    })
}

fn print_manifest(url: &Url, command: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        url.scheme() == "https" && url.host_str().is_some(),
        "--url must be the https address at which Slack reaches this server; Slack accepts no other"
    );
    let length = command.chars().count();
    anyhow::ensure!(
        command.starts_with('/') && (2..=32).contains(&length) && !command.contains(char::is_whitespace),
        "--command must begin with / and have 2 to 32 characters without spaces"
    );
    let yaml = to_yaml(&manifest::build(url, command));
    std::io::stdout()
        .write_all(yaml.as_bytes())
        .context("the manifest could not be written")
}
