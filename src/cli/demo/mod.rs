//! `plaudit demo`: the real bot in a process of its own, the real signed HTTP and an embedded database, with the
//! sandbox in Slack's place.

mod bot;
mod child;
mod company;
mod history;
mod keep;
mod lived;
mod people;
mod stage;
mod story;
mod terminal;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

pub(super) use child::demo_bot;

use super::serve;
use crate::app::{self, manifest};
use crate::base::clock::{Clock as _, ShiftedClock, SystemClock};
use crate::config::Behaviour;
use crate::outbox;
use crate::sandbox::{Sandbox, page};
use crate::store::{DatabaseUrl, Db, StoreError, Tx};
use world::World;

/// Where the page is unless that port is taken.
const PORT: u16 = 4000;
/// How long the end of the input waits for what was given to be posted.
const DRAIN: Duration = Duration::from_secs(10);

/// How the demo is set up.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// How Plaudit behaves.
    #[command(flatten)]
    behaviour: Behaviour,
    /// Starts without history: nobody gives anything but who is told to.
    #[arg(long)]
    empty: bool,
    /// Keeps the bot's database in this file and the workspace beside it (FILE.slack.json), and goes on from there.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// The page's port on 127.0.0.1. Without it 4000, or any free one.
    #[arg(long)]
    port: Option<u16>,
}

/// Runs the demo until its input ends or it is stopped.
pub(super) async fn demo(wanted: Demo) -> anyhow::Result<()> {
    for secret in ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"] {
        if std::env::var_os(secret).is_some() {
            println!("{secret} is set, and the demo ignores it: it talks to its own stand-in for Slack only.");
        }
    }
    let page = listen(wanted.port).await?;
    let command = wanted.behaviour.command.clone();
    let folder = tempfile::tempdir().context("no folder for the demo's database")?;
    let place = wanted.db.clone().unwrap_or_else(|| folder.path().join("demo.db"));
    let files = keep::Files::beside(&place);
    let opened = open(&wanted, &files).await?;
    let (theatre, db) = (opened.theatre.clone(), opened.db.clone());
    let sandbox = theatre.sandbox().clone();

    let end = CancellationToken::new();
    let keeper = wanted
        .db
        .is_some()
        .then(|| tokio::spawn(keep::keep(theatre.clone(), files, end.clone())));
    let at = page.local_addr().context("the page's address")?;
    let page = tokio::spawn(page::serve(page, sandbox.clone(), Arc::new(theatre.clone())));
    println!("Everything in a browser: http://{at}/\n");
    let screen = tokio::spawn(terminal::show(sandbox.clone()));
    let address = Url::parse(&format!("http://{}/", theatre.bot().address().await)).context("the bot's address")?;
    terminal::introduce(&sandbox, &address, &command, &opened.cast, wanted.db.as_deref());
    tokio::select! {
        read = terminal::read_lines(&theatre, &opened.cast) => {
            if read? {
                drain(&db, &sandbox).await;
            } else {
                // No input at all: somebody runs it in the background and sends requests.
                serve::stop_signal().await;
            }
        }
        () = serve::stop_signal() => {}
    }
    page.abort();
    theatre.bot().stop().await;
    end.cancel();
    if let Some(keeper) = keeper {
        keeper.await.context("the workspace could not be kept")?;
    }
    db.close().await;
    screen.abort();
    Ok(())
}

/// The page's port, on loopback only.
async fn listen(port: Option<u16>) -> anyhow::Result<TcpListener> {
    let at = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match port {
        Some(port) => at(port)
            .await
            .with_context(|| format!("port {port} of 127.0.0.1 can't be used (--port)")),
        None => match at(PORT).await {
            Ok(listener) => Ok(listener),
            Err(_) => at(0).await.context("no free port on 127.0.0.1"),
        },
    }
}

/// A workspace with its bot running.
struct Opened {
    theatre: stage::Theatre,
    cast: people::Cast,
    db: Db,
}

/// Opens the workspace that was kept, or makes a new one and lives through its last weeks.
async fn open(wanted: &Demo, files: &keep::Files) -> anyhow::Result<Opened> {
    let kept = files.read()?;
    let database = files.url();
    let url: DatabaseUrl = database.parse()?;
    // Only the paths of the manifest's addresses count here: the bot's port isn't known yet.
    let base = Url::parse("http://127.0.0.1/").context("an address")?;
    let installed = manifest::build(&base, &wanted.behaviour.command);
    let no_sandbox = "the stand-in for Slack could not be started";
    let now = SystemClock.now();
    let (clock, sandbox, progress, has_past, is_lively) = match kept {
        Some(kept) => {
            let clock = Arc::new(ShiftedClock::new(kept.shift));
            let sandbox = Sandbox::restore(installed, clock.clone(), kept.sandbox).await;
            (
                clock,
                sandbox.context(no_sandbox)?,
                kept.progress,
                false,
                kept.is_lively,
            )
        }
        None => {
            let back = if wanted.empty { 0 } else { history::LIVED.as_millis() };
            let clock = Arc::new(ShiftedClock::new(-i64::try_from(back)?));
            let sandbox = Sandbox::start(installed, clock.clone()).await.context(no_sandbox)?;
            World::fill(&sandbox);
            let has_past = !wanted.empty;
            (clock, sandbox, story::Progress::default(), has_past, has_past)
        }
    };
    let others = "the workspace that was kept is another Plaudit's";
    let cast = people::Cast::find(&sandbox).context(others)?;
    let world = World::find(&sandbox).context(others)?;
    let zone = wanted.behaviour.timezone().unwrap_or(cast.zone);
    let cast = people::Cast { zone, ..cast };
    let db = Db::open(&url).await?;
    if has_past {
        let year = history::year(history::SEED, &world, now, zone);
        lived::load_year(&db, &year)
            .await
            .context("the year before could not be stored")?;
        lived::keep_coverage(&db, &world, &year, (now, zone))
            .await
            .context("the months before could not be stored")?;
        lived::make_teams(&db, &world, &cast.steward, clock.now())
            .await
            .context("the teams could not be stored")?;
    }

    let mut settings = app::settings(&wanted.behaviour);
    settings.channel = Some(cast.recognition.clone());
    settings.stewards = vec![cast.steward.clone()];
    settings.timezone = Some(zone);
    let allowance = settings.allowance;
    let setup = child::Setup {
        api_url: sandbox.api_url().into(),
        token: sandbox.bot_token(),
        signing_secret: sandbox.signing_secret(),
        database,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        shift: clock.shift(),
        settings,
    };
    let bot = bot::Bot::start(setup, sandbox.clone(), clock.clone()).await?;
    let mut speaker = history::Speaker::default();
    let weeks =
        has_past.then(|| history::last_weeks(history::SEED, &world, &mut speaker, now.minus(history::LIVED), now));
    let theatre = stage::Theatre::new(stage::Parts {
        company: company::Company::of(&sandbox, &cast.visitor),
        speaker: speaker.into(),
        sandbox,
        world,
        is_lively,
        clock,
        bot,
        db: db.clone(),
        cast: cast.clone(),
        command: wanted.behaviour.command.clone(),
        allowance,
        story: std::sync::OnceLock::new(),
        busy: tokio::sync::Mutex::default(),
    });
    theatre.lets_people_take_part();
    if let Some(weeks) = weeks {
        let made = company::make_schedule(theatre.sandbox(), &cast, theatre.command()).await;
        made.context("the schedule of prompts could not be made")?;
        theatre.live_through(weeks, 0).await.context("the weeks before")?;
    }
    theatre.open(progress);
    Ok(Opened { theatre, cast, db })
}

/// Waits until everything that was given is posted.
async fn drain(db: &Db, sandbox: &Sandbox) {
    let workspace = sandbox.workspace();
    let clock = SystemClock;
    let until = clock.now().plus(DRAIN);
    while clock.now() < until {
        let counts: Result<_, StoreError> = db.read(async |tx: &mut Tx| outbox::counts(tx, &workspace).await).await;
        if counts.is_ok_and(|counts| counts.waiting + counts.sending == 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The last message is printed by another task.
    tokio::time::sleep(Duration::from_millis(100)).await;
}
