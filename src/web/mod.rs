//! Floor 9: HTTP in. The whole surface on one page.

mod signed;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use self::signed::Signed;
use crate::app::{App, inputs};
use crate::slack::inbound::{CommandRequest, EventRequest, Interaction};
use crate::store::{StoreError, Tx, sql};

/// The routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/slack/commands", post(command))
        .route("/slack/events", post(event))
        .route("/slack/interactivity", post(interaction))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .with_state(app)
}

async fn command(State(app): State<Arc<App>>, Signed(request, answer_by): Signed<CommandRequest>) -> Response {
    match request {
        CommandRequest::SslCheck => StatusCode::OK.into_response(),
        CommandRequest::Slash(command) => match inputs::command(&app, command, answer_by).await {
            Some(answer) => Json(answer).into_response(),
            None => StatusCode::OK.into_response(),
        },
    }
}

async fn event(State(app): State<Arc<App>>, Signed(request, _): Signed<EventRequest>) -> Response {
    match request {
        EventRequest::UrlVerification { challenge } => ([(CONTENT_TYPE, "text/plain")], challenge).into_response(),
        EventRequest::Callback(callback) => match inputs::event(&app, &callback).await {
            Ok(()) => StatusCode::OK.into_response(),
            Err(error) => {
                tracing::error!(%error, event_id = callback.event_id, "an event could not be stored");
                // Slack delivers it again.
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        },
        EventRequest::Other { kind } => {
            tracing::debug!(kind, "an event of an unknown kind was ignored");
            StatusCode::OK.into_response()
        }
    }
}

async fn interaction(State(app): State<Arc<App>>, Signed(request, answer_by): Signed<Interaction>) -> Response {
    match request {
        Interaction::BlockActions(click) => inputs::click(&app, *click, answer_by).await,
        Interaction::ViewSubmission(event) => {
            let response = inputs::submission(&app, event, answer_by).await;
            if !response.is_empty() {
                return Json(response).into_response();
            }
        }
        Interaction::Shortcut(shortcut) => inputs::shortcut(&app, shortcut, answer_by).await,
        Interaction::ViewClosed(_) => {}
        Interaction::Other { kind } => tracing::debug!(kind, "an interaction of an unknown kind was ignored"),
    }
    StatusCode::OK.into_response()
}

/// Whether kudos can be taken: the database answers.
async fn ready(State(app): State<Arc<App>>) -> Response {
    let answer: Result<(i64,), StoreError> = app
        .ctx
        .db
        .read(async |tx: &mut Tx| sql!(tx, fetch_one as (i64,), "SELECT CAST(1 AS BIGINT)"))
        .await;
    match answer {
        Ok(_) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
        }
    }
}
