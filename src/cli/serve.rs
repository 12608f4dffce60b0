//! `plaudit serve`

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::prompts::packs;
use crate::app::{self, App, Deadlines};
use crate::base::clock::SystemClock;
use crate::config::{Secrets, Serve};
use crate::jobs::Runner;
use crate::slack::client::Client;
use crate::store::{DatabaseUrl, Db};
use crate::web;

/// Runs the bot until SIGTERM or SIGINT, then stops within ten seconds.
pub(super) async fn serve(settings: Serve) -> anyhow::Result<()> {
    let secrets = Secrets::from(|name| std::env::var(name).ok())?;
    let url: DatabaseUrl = settings.database.database_url.parse()?;
    let slack = Client::new(&settings.api_url, secrets.bot_token.clone())?;
    let packs = packs(&settings.packs)?;
    let db = Db::open(&url).await?;
    let behaviour = app::settings(&settings.behaviour);
    let ctx = app::connect(db.clone(), slack, Arc::new(SystemClock), behaviour).await?;
    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "I can't listen on {} (PLAUDIT_LISTEN sets another address)",
            settings.listen
        )
    })?;
    // Not the setting: port 0 means any free one.
    let listen = listener.local_addr().context("the listening address")?;
    tracing::info!(
        %listen, workspace = %ctx.workspace.id, name = ctx.workspace.name, "ready for Slack"
    );
    let app = App::new(ctx, packs, secrets.signing, Deadlines::default());
    let stop = CancellationToken::new();
    let signal = stop.clone();
    tokio::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping");
        signal.cancel();
    });
    run(app, listener, stop).await?;
    db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// How long giving back rows may take at the end of a stop.
const GIVING_BACK: Duration = Duration::from_secs(1);

/// Serves and sends until `stop`, then finishes what is under way, within the app's stop deadline.
pub(super) async fn run(app: Arc<App>, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let deadline = app.deadlines.stop;
    let runner = tokio::spawn(Runner::new(Arc::clone(&app)).run(stop.clone()));
    let graceful = stop.clone();
    let server = axum::serve(listener, web::router(Arc::clone(&app)))
        .with_graceful_shutdown(async move { graceful.cancelled().await });
    let mut server = tokio::spawn(server.into_future());
    // It ends by itself when it can't go on, and (without half a request) as soon as it is asked to.
    let ended = tokio::select! {
        ended = &mut server => Some(ended),
        () = stop.cancelled() => None,
    };
    stop.cancel();
    let drain = tokio::time::timeout(deadline, async {
        // axum waits for ever on half a request, so its wait is part of ours.
        let ended = match ended {
            Some(ended) => ended,
            None => server.await,
        };
        app.tasks.close();
        app.tasks.wait().await;
        ended
    });
    // The runner stops at the same time, within the same deadline, and then gives back what it was sending.
    let (drained, runner) = tokio::join!(drain, tokio::time::timeout(deadline + GIVING_BACK, runner));
    if drained.is_err() {
        tracing::warn!(seconds = deadline.as_secs(), "stopped without waiting for everything");
    }
    if runner.is_err() {
        tracing::warn!("what was being sent is tried again at the next start");
    }
    match drained {
        Ok(ended) => ended.context("the server ended")?.context("the server failed"),
        Err(_) => Ok(()),
    }
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM can't be heard");
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        () = terminate => {}
        result = tokio::signal::ctrl_c() => {
            if let Err(error) = result {
                tracing::warn!(%error, "SIGINT can't be heard");
                std::future::pending::<()>().await;
            }
        }
    }
}
