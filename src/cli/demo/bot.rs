//! The bot's process, as the demo sees it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use url::Url;

use super::child::{Order, Report, Setup};
use crate::base::clock::{Instant, ShiftedClock};
use crate::sandbox::{self, Sandbox};

/// What the bot's process inherits: nothing that could be a secret or a setting.
const INHERITED: [&str; 3] = ["PATH", "PLAUDIT_LOG", "RUST_BACKTRACE"];
/// How long a start may take, in real time. A slow disk under a debug build takes some seconds.
const START: Duration = Duration::from_secs(30);
/// How long an order may take: more than the bot allows itself.
const ORDER: Duration = Duration::from_secs(20);
/// How long a bot that was asked to end may take: more than the ten seconds that it allows itself.
const END: Duration = Duration::from_secs(12);

/// The bot's process: started, told what time it is, killed, started again.
pub(super) struct Bot {
    sandbox: Sandbox,
    clock: Arc<ShiftedClock>,
    inner: Mutex<Inner>,
}

struct Inner {
    setup: Setup,
    process: Option<Process>,
}

struct Process {
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Bot {
    /// Starts the bot with the sandbox in Slack's place; the sandbox's clock must be `clock`.
    ///
    /// # Errors
    /// If it doesn't listen in time; why stands on its standard error.
    pub(super) async fn start(setup: Setup, sandbox: Sandbox, clock: Arc<ShiftedClock>) -> anyhow::Result<Self> {
        let bot = Self {
            sandbox,
            clock,
            inner: Mutex::new(Inner { setup, process: None }),
        };
        bot.restart().await?;
        Ok(bot)
    }

    /// Where it listens.
    pub(super) async fn address(&self) -> SocketAddr {
        self.inner.lock().await.setup.listen
    }

    /// The id of its process; 0 when it has ended.
    pub(super) async fn process(&self) -> u32 {
        let inner = self.inner.lock().await;
        inner
            .process
            .as_ref()
            .and_then(|process| process.child.id())
            .unwrap_or(0)
    }

    /// Kills the bot as `kill -9` does, if it runs, and starts it again on the same port with the same database.
    ///
    /// # Errors
    /// As [`Bot::start`].
    pub(super) async fn restart(&self) -> anyhow::Result<()> {
        let mut inner = self.inner.lock().await;
        if let Some(mut process) = inner.process.take() {
            // Fails for one that has ended by itself.
            let _ = process.child.kill().await;
        }
        let setup = Setup {
            shift: self.clock.shift(),
            ..inner.setup.clone()
        };
        let (process, address) = tokio::time::timeout(START, spawn(&setup))
            .await
            .context("the bot takes too long to start")??;
        inner.process = Some(process);
        inner.setup.listen = address;
        let url = Url::parse(&format!("http://{address}/")).context("the bot's address")?;
        self.sandbox.connect(sandbox::Bot::Url(url));
        Ok(())
    }

    /// Turns the bot's clock and the sandbox's so that both are `shift` milliseconds ahead of the machine's.
    ///
    /// # Errors
    /// If the bot doesn't run; then neither clock was turned.
    pub(super) async fn turn(&self, shift: i64) -> anyhow::Result<()> {
        let mut inner = self.inner.lock().await;
        let _silence = self.sandbox.silence().await;
        inner.order(Order::Shift(shift)).await?;
        self.clock.turn(shift);
        Ok(())
    }

    /// Lets the bot do everything that is due. Returns when there may be something to do again: not later than now
    /// when something waits for a channel's next second.
    ///
    /// # Errors
    /// If the bot doesn't run.
    pub(super) async fn settle(&self) -> anyhow::Result<Option<Instant>> {
        match self.inner.lock().await.order(Order::Settle).await? {
            Report::Settled { next_due } => Ok(next_due),
            _ => anyhow::bail!("the bot answers something else"),
        }
    }

    /// Lets the bot finish what is under way and end.
    pub(super) async fn stop(&self) {
        let Some(process) = self.inner.lock().await.process.take() else {
            return;
        };
        let Process { mut child, orders, .. } = process;
        drop(orders);
        if tokio::time::timeout(END, child.wait()).await.is_err() {
            tracing::warn!("the bot doesn't end by itself, and is killed");
            let _ = child.kill().await;
        }
    }
}

impl Inner {
    async fn order(&mut self, order: Order) -> anyhow::Result<Report> {
        let gone = "The bot isn't running. Kill the bot and restart brings it back.";
        let process = self.process.as_mut().context(gone)?;
        let asked = async {
            process.say(&order).await?;
            process.hear().await
        };
        match tokio::time::timeout(ORDER, asked).await {
            Ok(Ok(report)) => Ok(report),
            // What it would answer later would be taken for the answer to another order.
            Ok(Err(_)) | Err(_) => {
                self.process = None;
                anyhow::bail!(gone)
            }
        }
    }
}

impl Process {
    async fn say(&mut self, what: &impl serde::Serialize) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(what)?;
        line.push('\n');
        self.orders.write_all(line.as_bytes()).await?;
        Ok(self.orders.flush().await?)
    }

    async fn hear(&mut self) -> anyhow::Result<Report> {
        let line = self.reports.next_line().await?.context("the bot ended")?;
        Ok(serde_json::from_str(&line)?)
    }
}

async fn spawn(setup: &Setup) -> anyhow::Result<(Process, SocketAddr)> {
    let inherited = INHERITED
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut child = Command::new(std::env::current_exe().context("where this program is")?)
        .arg("demo-bot")
        .env_clear()
        .envs(inherited)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C is for the demo, which then lets the bot end in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .context("the bot's process can't be started")?;
    let (orders, output) = child.stdin.take().zip(child.stdout.take()).context("the bot's pipes")?;
    let mut process = Process {
        child,
        orders,
        reports: BufReader::new(output).lines(),
    };
    process.say(setup).await.context("the bot ended at its start")?;
    match process.hear().await.context("the bot ended at its start")? {
        Report::Listening(address) => Ok((process, address)),
        _ => anyhow::bail!("the bot answers something else"),
    }
}
