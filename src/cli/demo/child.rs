//! `plaudit demo-bot`: the real bot in a process of its own, so that it can really be killed.
//!
//! Its first line of input is a [`Setup`], every further one an [`Order`]; every line of its output is a [`Report`].
//! It ends when its input ends, so that a killed demo leaves nothing behind.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use crate::app::{self, App, Deadlines};
use crate::base::clock::{Clock as _, Instant, ShiftedClock};
use crate::cli::serve;
use crate::jobs::Runner;
use crate::prompts::Packs;
use crate::slack::client::Client;
use crate::store::{DatabaseUrl, Db, StoreError, Tx, sql};
use crate::workspace::Settings;

/// What the bot is started with. It holds secrets (the sandbox's), which is why it comes by the input and not by the
/// command line.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Setup {
    /// The sandbox's Web API.
    pub api_url: String,
    pub token: String,
    pub signing_secret: String,
    pub database: String,
    /// Port 0: any free one.
    pub listen: SocketAddr,
    /// How far its clock is ahead of the machine's, in milliseconds.
    pub shift: i64,
    pub settings: Settings,
}

/// What the demo tells the bot to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    /// Turn the clock so that it is so many milliseconds ahead of the machine's.
    Shift(i64),
    /// Do everything that is due.
    Settle,
}

/// What the bot tells the demo.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Report {
    /// It listens there.
    Listening(SocketAddr),
    /// Its clock is turned.
    Shifted,
    /// Nothing more can be done at this instant.
    Settled {
        /// When there may be something to do again. Not later than now: something waits for a channel's next second.
        next_due: Option<Instant>,
    },
}

/// How long what is due may take before the demo goes on without it, in real time. Longer than a call to Slack may
/// take, so that the clock isn't turned over something that is on its way.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a send that is under way is looked at, in real time.
const LOOK: Duration = Duration::from_millis(2);

/// Runs the bot until its input ends.
pub(in crate::cli) async fn demo_bot() -> anyhow::Result<()> {
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    let first = input.next_line().await.context("the input can't be read")?;
    let setup: Setup = read(&first.context("this command is started by plaudit demo")?)?;
    let api_url: Url = setup.api_url.parse().context("the address of the sandbox's Web API")?;
    let is_local = match api_url.host() {
        Some(Host::Ipv4(host)) => host.is_loopback(),
        Some(Host::Ipv6(host)) => host.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    anyhow::ensure!(
        is_local && setup.listen.ip().is_loopback(),
        "the demo's bot talks to this machine only"
    );
    let clock = Arc::new(ShiftedClock::new(setup.shift));
    let slack = Client::new(&api_url, setup.token.into())?;
    let url: DatabaseUrl = setup.database.parse()?;
    let db = Db::open(&url).await?;
    let started = clock.now();
    let ctx = app::connect(db.clone(), slack, clock.clone(), setup.settings).await?;
    let listener = TcpListener::bind(setup.listen)
        .await
        .with_context(|| format!("the demo's bot can't listen on {}", setup.listen))?;
    let address = listener.local_addr().context("the bot's address")?;
    let app = App::new(
        ctx,
        Packs::shipped(),
        vec![setup.signing_secret.into()],
        Deadlines::default(),
    );
    let stop = CancellationToken::new();
    let mut bot = tokio::spawn(serve::run(Arc::clone(&app), listener, stop.clone()));
    tell(&Report::Listening(address))?;

    // Read beside the work, so that the end of the input ends the bot whatever it does.
    let (orders, mut ordered) = tokio::sync::mpsc::channel(16);
    let ended = stop.clone();
    tokio::spawn(async move {
        while let Ok(Some(line)) = input.next_line().await {
            if orders.send(line).await.is_err() {
                break;
            }
        }
        ended.cancel();
    });
    let mut runner = Runner::new(Arc::clone(&app));
    let obey = async {
        while let Some(line) = ordered.recv().await {
            match read(&line)? {
                Order::Shift(millis) => {
                    clock.turn(millis);
                    tell(&Report::Shifted)?;
                }
                Order::Settle => {
                    let next_due = settle(&app, &mut runner, started).await?;
                    tell(&Report::Settled { next_due })?;
                }
            }
        }
        anyhow::Ok(())
    };
    let obeyed = tokio::select! {
        obeyed = obey => obeyed,
        () = stop.cancelled() => Ok(()),
        served = &mut bot => return served.context("the bot ended")?,
    };
    stop.cancel();
    bot.await.context("the bot ended")??;
    db.close().await;
    obeyed
}

fn read<T: DeserializeOwned>(line: &str) -> anyhow::Result<T> {
    // The line may hold secrets, and serde's words may quote it.
    serde_json::from_str(line).map_err(|_| anyhow::anyhow!("a line of the input can't be read"))
}

fn tell(report: &Report) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    serde_json::to_writer(&mut output, report).context("the demo doesn't listen")?;
    writeln!(output).context("the demo doesn't listen")?;
    output.flush().context("the demo doesn't listen")
}

/// Sends everything that may be sent at this instant, and waits for what is on its way (no longer than [`PATIENCE`]).
async fn settle(app: &App, runner: &mut Runner, started: Instant) -> Result<Option<Instant>, StoreError> {
    let quiet = async {
        loop {
            let was_quiet = is_quiet(app, started).await?;
            let ran = runner.run_due().await?;
            if was_quiet && ran == 0 && is_quiet(app, started).await? {
                return Ok::<_, StoreError>(());
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    if let Ok(done) = tokio::time::timeout(PATIENCE, quiet).await {
        done?;
    }
    runner.next_due().await
}

/// Whether this process is sending nothing and answering nobody. What a killed one was sending is not its own.
async fn is_quiet(app: &App, started: Instant) -> Result<bool, StoreError> {
    let id = &app.ctx.workspace.id;
    let sending: (i64,) = app
        .ctx
        .db
        .read(async |tx: &mut Tx| {
            sql!(
                tx,
                fetch_one as (i64,),
                "SELECT COUNT(*) FROM outbox WHERE workspace = $1 AND state IN ('waiting', 'sending')
                    AND state = 'sending' AND sent_at >= $2",
                id,
                started
            )
        })
        .await?;
    Ok(sending.0 == 0 && app.tasks.is_empty())
}
