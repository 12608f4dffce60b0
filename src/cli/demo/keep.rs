//! `--db FILE`: the bot's database stays, and the workspace beside it.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::stage::Theatre;
use super::story::Progress;
use crate::sandbox::Saved;

/// How often what has changed is written, in real time.
const EVERY: Duration = Duration::from_secs(3);

/// What is kept beside the database.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// How far the clock is ahead of the machine's, in milliseconds.
    pub shift: i64,
    /// Whether people do something of their own when the clock is turned.
    #[serde(default)]
    pub is_lively: bool,
    pub progress: Progress,
    pub sandbox: Saved,
}

/// A database file and the workspace's file beside it.
#[derive(Clone, Debug)]
pub(super) struct Files {
    database: PathBuf,
    workspace: PathBuf,
}

impl Files {
    /// `FILE` and `FILE.slack.json`.
    pub(super) fn beside(database: &Path) -> Self {
        let mut workspace = OsString::from(database);
        workspace.push(".slack.json");
        Self {
            database: database.to_owned(),
            workspace: workspace.into(),
        }
    }

    /// As a `DATABASE_URL`.
    pub(super) fn url(&self) -> String {
        format!("sqlite://{}", self.database.display())
    }

    /// What was kept there; `None` when neither file exists yet.
    ///
    /// # Errors
    /// If only one of the two exists (it may be a real bot's database), or the workspace can't be read.
    pub(super) fn read(&self) -> anyhow::Result<Option<Kept>> {
        let (database, workspace) = (self.database.display(), self.workspace.display());
        match (self.database.exists(), self.workspace.exists()) {
            (false, false) => Ok(None),
            (true, false) => anyhow::bail!("{database} is no demo's database: there is no {workspace} beside it"),
            (false, true) => anyhow::bail!("{workspace} is there, but its database {database} isn't"),
            (true, true) => {
                let unreadable = || format!("{workspace} can't be read");
                let text = std::fs::read(&self.workspace).with_context(unreadable)?;
                serde_json::from_slice(&text).map(Some).with_context(unreadable)
            }
        }
    }

    /// Writes what is kept, whole or not at all, if it isn't `before`. Returns what stands there now.
    fn write(&self, kept: &Kept, before: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let text = serde_json::to_vec(kept)?;
        if text == before {
            return Ok(before);
        }
        let folder = self.workspace.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut new = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        new.write_all(&text)?;
        new.as_file().sync_all()?;
        new.persist(&self.workspace)?;
        Ok(text)
    }
}

/// Writes every few seconds what has changed, and once more at the end.
pub(super) async fn keep(theatre: Theatre, files: Files, end: CancellationToken) {
    let mut written = Vec::new();
    loop {
        let is_last = end.is_cancelled();
        let (theatre, files) = (theatre.clone(), files.clone());
        let result = tokio::task::spawn_blocking(move || files.write(&theatre.kept(), written)).await;
        written = match result {
            Ok(Ok(written)) => written,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the demo's workspace could not be written");
                Vec::new()
            }
            Err(_) => return,
        };
        if is_last {
            return;
        }
        let _ = tokio::time::timeout(EVERY, end.cancelled()).await;
    }
}
