//! Every setting: its name, its name in the environment, default, bound and unit. Read by the command line and the
//! app only. Secrets come from the environment (or `.env`) alone, never from a flag, where other users of the machine
//! would see them.

use std::net::SocketAddr;
use std::path::Path;

use chrono_tz::Tz;
use clap::Args;
use secrecy::SecretString;
use url::Url;

use crate::base::ids::{ChannelId, TeamId, UserId};

/// Settings that every command which opens the database takes.
#[derive(Args, Clone, Debug)]
pub struct Database {
    /// Where kudos live: sqlite://FILE (created when missing) or postgres://USER@HOST/DATABASE.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://plaudit.db",
        hide_env_values = true
    )]
    pub database_url: String,
}

/// Where packs of prompts are, beside those that Plaudit brings.
#[derive(Args, Clone, Debug)]
pub struct PacksFolder {
    /// A folder of packs of prompts (*.toml), beside the shipped ones; one of the same name replaces it.
    #[arg(long = "packs", value_name = "FOLDER", env = "PLAUDIT_PACKS", hide_env_values = true)]
    packs: Option<String>,
}

impl PacksFolder {
    /// The folder, if one is set.
    pub fn folder(&self) -> Option<&Path> {
        self.packs
            .as_deref()
            .map(str::trim)
            .filter(|folder| !folder.is_empty())
            .map(Path::new)
    }
}

/// Settings of the server.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// Where kudos live.
    #[command(flatten)]
    pub database: Database,
    /// Address and port to listen on. Slack reaches it through your HTTPS proxy.
    #[arg(
        long,
        env = "PLAUDIT_LISTEN",
        default_value = "127.0.0.1:3000",
        hide_env_values = true
    )]
    pub listen: SocketAddr,
    /// Base address of Slack's Web API.
    #[arg(
        long = "slack-api-url",
        env = "SLACK_API_URL",
        default_value = "https://slack.com/api/",
        hide_env_values = true
    )]
    pub api_url: Url,
    /// Where packs of prompts are.
    #[command(flatten)]
    pub packs: PacksFolder,
    /// How Plaudit behaves.
    #[command(flatten)]
    pub behaviour: Behaviour,
}

/// How Plaudit behaves in a workspace that has not set its own.
#[derive(Args, Clone, Debug)]
pub struct Behaviour {
    /// The slash command's name, as in the app's manifest.
    #[arg(long, env = "PLAUDIT_COMMAND", default_value = "/kudos", value_parser = command_name, hide_env_values = true)]
    pub command: String,
    /// The recognition channel's id (C…). Without one, kudos are announced where they were given.
    #[arg(long, env = "PLAUDIT_CHANNEL", value_parser = channel, hide_env_values = true)]
    pub channel: Option<Maybe<ChannelId>>,
    /// Kudos that one person may give on one of their days, 0 to 1000; 0 = no limit.
    #[arg(
        long,
        env = "PLAUDIT_ALLOWANCE",
        default_value_t = 5,
        value_parser = allowance,
        hide_env_values = true
    )]
    pub allowance: i64,
    /// The workspace's zone, as in Europe/Berlin. Without one: the first steward's, else UTC.
    #[arg(long, env = "PLAUDIT_TIMEZONE", value_parser = zone, hide_env_values = true)]
    pub timezone: Option<Maybe<Tz>>,
    /// Ids of the people who may change settings (U…), separated by commas.
    #[arg(long, env = "PLAUDIT_STEWARDS", value_delimiter = ',', hide_env_values = true)]
    pub stewards: Vec<String>,
    /// Names of what the workspace cares about, separated by commas.
    #[arg(long, env = "PLAUDIT_VALUES", value_delimiter = ',', hide_env_values = true)]
    pub values: Vec<String>,
    /// Names of the emoji that give, without colons, separated by commas. None unless set: everyday emoji would give
    /// kudos that nobody meant.
    #[arg(long, env = "PLAUDIT_EMOJI", value_delimiter = ',', hide_env_values = true)]
    pub emoji: Vec<String>,
    /// After how many months the words of kudos are dropped while their counts stay; without it never.
    #[arg(long, env = "PLAUDIT_KEEP_WORDS", value_parser = months, hide_env_values = true)]
    pub keep_words: Option<Maybe<u32>>,
    /// Whether figures of persons are told to others: off removes boards, the nobody-forgotten list and export board.
    #[arg(long, env = "PLAUDIT_PERSONAL_FIGURES", value_enum, default_value_t = OnOff::On, hide_env_values = true)]
    pub personal_figures: OnOff,
    /// The team whose figures come first: a user group's id (S…) or a channel's (C…). Without one it is everybody.
    #[arg(long, env = "PLAUDIT_TEAM", value_parser = team, hide_env_values = true)]
    pub team: Option<Maybe<TeamId>>,
}

/// A switch in the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnOff {
    /// As usual.
    On,
    /// Not at all.
    Off,
}

/// A setting that may be there and empty, as in `PLAUDIT_CHANNEL=` in an `.env`; empty counts as not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maybe<T>(pub Option<T>);

impl Behaviour {
    /// The recognition channel, if one is set.
    pub fn channel(&self) -> Option<ChannelId> {
        self.channel.as_ref().and_then(|channel| channel.0.clone())
    }

    /// The workspace's zone, if one is set.
    pub fn timezone(&self) -> Option<Tz> {
        self.timezone.as_ref().and_then(|zone| zone.0)
    }

    /// The stewards' ids.
    pub fn stewards(&self) -> Vec<UserId> {
        listed(&self.stewards).map(UserId::from).collect()
    }

    /// The names of the emoji that give, without colons.
    pub fn emoji(&self) -> Vec<String> {
        listed(&self.emoji)
            .map(|name| name.trim_matches(':').to_owned())
            .collect()
    }

    /// After how many months words are dropped, if ever.
    pub fn keep_words(&self) -> Option<u32> {
        self.keep_words.as_ref().and_then(|months| months.0)
    }

    /// The team whose figures come first, if one is set.
    pub fn team(&self) -> Option<TeamId> {
        self.team.as_ref().and_then(|team| team.0.clone())
    }

    /// The names of the values without `#`; `None` when the shipped ones serve.
    pub fn values(&self) -> Option<Vec<String>> {
        let values: Vec<String> = listed(&self.values)
            .map(|value| value.trim_start_matches('#').to_owned())
            .collect();
        (!values.is_empty()).then_some(values)
    }
}

fn listed(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(|item| item.trim()).filter(|item| !item.is_empty())
}

fn command_name(text: &str) -> Result<String, String> {
    // Slack: `^/`, 2 to 32 characters.
    let length = text.chars().count();
    let valid = text.starts_with('/') && (2..=32).contains(&length) && !text.contains(char::is_whitespace);
    valid
        .then(|| text.to_owned())
        .ok_or_else(|| "a command begins with / and has 2 to 32 characters".to_owned())
}

fn allowance(text: &str) -> Result<i64, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|allowance| (0..=1000).contains(allowance))
        .ok_or_else(|| "it is a whole number from 0 (no limit) to 1000".to_owned())
}

fn months(text: &str) -> Result<Maybe<u32>, String> {
    if text.trim().is_empty() {
        return Ok(Maybe(None));
    }
    text.trim()
        .parse()
        .ok()
        .filter(|months| (1..=1200).contains(months))
        .map(|months| Maybe(Some(months)))
        .ok_or_else(|| "it is a whole number of months, 1 to 1200".to_owned())
}

fn channel(text: &str) -> Result<Maybe<ChannelId>, String> {
    slack_id(text, &['C', 'G']).ok_or_else(|| {
        "that is no channel id; in Slack open the channel's details, where it stands at the bottom (C…)".to_owned()
    })
}

fn team(text: &str) -> Result<Maybe<TeamId>, String> {
    slack_id(text, &['S', 'C', 'G']).ok_or_else(|| {
        "that is no id of a user group (S…) or a channel (C…); in Slack the group's menu copies it, and a channel's \
         stands at the bottom of its details"
            .to_owned()
    })
}

/// An id that begins with one of these letters; empty counts as not set.
fn slack_id<T: From<String>>(text: &str, first: &[char]) -> Option<Maybe<T>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Maybe(None));
    }
    let valid =
        text.len() > 1 && text.starts_with(first) && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    valid.then(|| Maybe(Some(text.to_owned().into())))
}

fn zone(text: &str) -> Result<Maybe<Tz>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Maybe(None));
    }
    crate::base::calendar::parse_zone(text)
        .map(|zone| Maybe(Some(zone)))
        .ok_or_else(|| "that is no IANA zone, such as Europe/Berlin".to_owned())
}

/// What only the environment tells.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Signing secrets; several while one is being replaced.
    pub signing: Vec<SecretString>,
    /// The bot's token.
    pub bot_token: SecretString,
}

/// A secret that is missing. Each is one sentence for the person who starts Plaudit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingSecret {
    /// `SLACK_SIGNING_SECRET`
    #[error(
        "SLACK_SIGNING_SECRET is not set, so I couldn't tell Slack's requests from forged ones. You find it in your \
         Slack app under Basic Information; put it into the environment or into .env."
    )]
    Signing,
    /// `SLACK_BOT_TOKEN`
    #[error(
        "SLACK_BOT_TOKEN is not set, so I couldn't post anything. You find it in your Slack app under OAuth & \
         Permissions (xoxb-…); put it into the environment or into .env."
    )]
    BotToken,
}

impl Secrets {
    /// From a source of variables, such as the environment.
    ///
    /// # Errors
    /// [`MissingSecret`] when one is missing or empty.
    pub fn from(read: impl Fn(&str) -> Option<String>) -> Result<Self, MissingSecret> {
        let signing: Vec<SecretString> = read("SLACK_SIGNING_SECRET")
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|secret| !secret.is_empty())
            .map(SecretString::from)
            .collect();
        if signing.is_empty() {
            return Err(MissingSecret::Signing);
        }
        let token = read("SLACK_BOT_TOKEN")
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty());
        Ok(Self {
            signing,
            bot_token: token.ok_or(MissingSecret::BotToken)?.into(),
        })
    }
}
