//! Modals and App Home, and what people do in them.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use url::form_urlencoded;

use super::Page;
use super::acts::{done, lasting, said};
use super::asked::Asked;
use super::blocks::{Block, view_blocks};
use super::markup::Eyes;
use crate::base::ids::UserId;
use crate::sandbox::forms::fields;
use crate::sandbox::views::OpenView;

/// The modal that somebody has before them; nothing without one.
#[derive(Debug, Default, Template)]
#[template(path = "modal.html")]
pub(super) struct Modal {
    pub open: Option<Opened>,
}

#[derive(Debug)]
pub(super) struct Opened {
    pub id: String,
    pub title: String,
    pub problem: Option<String>,
    pub blocks: Vec<Block>,
    pub submit: Option<String>,
    pub close: String,
    pub submit_href: String,
    pub close_href: String,
    pub cross_href: String,
}

/// Somebody's App Home.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub(super) struct Home {
    pub blocks: Vec<Block>,
}

impl HtmlSafe for Modal {}
impl HtmlSafe for Home {}

impl Modal {
    pub(super) fn of(eyes: &Eyes<'_>) -> Self {
        let open = eyes.state.top(eyes.me).map(|view| {
            let text = |key: &str| view.view[key]["text"].as_str().map(str::to_owned);
            let at = |path: &str, more: &[(&str, &str)]| {
                let mut fields = vec![("view", view.id.as_str())];
                fields.extend(more);
                eyes.asked.with(path, &fields)
            };
            Opened {
                title: view.title().to_owned(),
                problem: view.problem.clone(),
                blocks: view_blocks(eyes, view),
                submit: text("submit"),
                close: text("close").unwrap_or_else(|| "Cancel".to_owned()),
                submit_href: at("/submit", &[]),
                close_href: at("/close", &[]),
                cross_href: at("/close", &[("all", "1")]),
                id: view.id.clone(),
            }
        });
        Self { open }
    }
}

impl Home {
    pub(super) fn of(eyes: &Eyes<'_>) -> Self {
        let view = eyes.state.home(eyes.me);
        Self {
            blocks: view.map(|view| view_blocks(eyes, view)).unwrap_or_default(),
        }
    }
}

/// Which view, and what in it.
#[derive(Deserialize)]
pub(super) struct InView {
    view: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    action: String,
    value: Option<String>,
    #[serde(default)]
    all: String,
}

impl Page {
    /// Who has that view before them.
    fn viewer(&self, asked: &Asked, view: &str) -> Option<(UserId, OpenView)> {
        self.sandbox.with(|state| {
            let me = asked.person(state)?.id.clone();
            let open = [state.top(&me), state.home(&me)]
                .into_iter()
                .flatten()
                .find(|open| open.id == view)?
                .clone();
            Some((me, open))
        })
    }

    /// Puts what stands in the form into the view, but for what tells the app by itself.
    async fn fill(&self, me: &UserId, view: &OpenView, body: &[u8]) -> Result<(), String> {
        let sent: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let inputs: Vec<String> = fields(view.blocks())
            .filter(|field| field.is_input() && !field.tells())
            .filter_map(|field| field.block["block_id"].as_str().map(str::to_owned))
            .collect();
        for block in inputs {
            let values: Vec<String> = sent
                .iter()
                .filter(|(name, value)| *name == block && !value.is_empty())
                .map(|(_, value)| value.replace("\r\n", "\n"))
                .collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            self.sandbox.fills(me, &block, &values).await?;
        }
        Ok(())
    }
}

const GONE: &str = "That view is gone.";

fn outcome(error: Option<String>) -> Response {
    match error {
        None => done(),
        Some(error) => said("Slackbot", &format!("This app did not answer as it should: {error}")),
    }
}

/// Submits a modal.
pub(super) async fn submit(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(wanted): Query<InView>,
    body: Bytes,
) -> Response {
    let Some((me, view)) = page.viewer(&asked, &wanted.view) else {
        return said("Slackbot", GONE);
    };
    lasting(async move {
        if let Err(error) = page.fill(&me, &view, &body).await {
            return outcome(Some(error));
        }
        let answer = page.sandbox.submits(&me).await;
        // What is wrong is said in the modal.
        outcome(
            answer
                .error
                .filter(|error| error != "invalid_fields" && page.sandbox.modal(&me).is_none()),
        )
    })
    .await
}

/// Presses a button in a view, or chooses from a menu there.
pub(super) async fn press(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(wanted): Query<InView>,
    body: Bytes,
) -> Response {
    let Some((me, view)) = page.viewer(&asked, &wanted.view) else {
        return said("Slackbot", GONE);
    };
    lasting(async move {
        if let Err(error) = page.fill(&me, &view, &body).await {
            return outcome(Some(error));
        }
        let answer = page.sandbox.presses(&me, &wanted.action, wanted.value.as_deref()).await;
        outcome(answer.error)
    })
    .await
}

/// Changes a field that tells the app at once.
pub(super) async fn fill(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(wanted): Query<InView>,
    body: Bytes,
) -> Response {
    let Some((me, _)) = page.viewer(&asked, &wanted.view) else {
        return said("Slackbot", GONE);
    };
    let values: Vec<String> = form_urlencoded::parse(&body)
        .filter(|(name, value)| *name == wanted.field && !value.is_empty())
        .map(|(_, value)| value.into_owned())
        .collect();
    lasting(async move {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        match page.sandbox.fills(&me, &wanted.field, &values).await {
            Ok(answer) => outcome(answer.and_then(|answer| answer.error)),
            Err(error) => outcome(Some(error)),
        }
    })
    .await
}

/// Closes a modal, or with the cross all of them.
pub(super) async fn close(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(wanted): Query<InView>,
) -> Response {
    let Some((me, _)) = page.viewer(&asked, &wanted.view) else {
        return done();
    };
    lasting(async move {
        let answer = page.sandbox.closes(&me, !wanted.all.is_empty()).await;
        outcome(answer.and_then(|answer| answer.error))
    })
    .await
}
