//! What is done on the page: writing, clicking, turning the clock, breaking things.

use std::sync::atomic::Ordering;
use std::time::Duration;

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::asked::Asked;
use super::live::FaultsView;
use super::view::{Place, Writing};
use super::{Page, markup};
use crate::base::ids::{ChannelId, UserId};
use crate::sandbox::Fault;
use crate::sandbox::seen::Shown;

/// Runs to its end even when the browser is gone meanwhile, as after a link was followed: what was sent was sent.
pub(super) async fn lasting(work: impl Future<Output = Response> + Send + 'static) -> Response {
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// What Slack says to a person alone; shown by the composer. Nothing, when there is nothing to say.
#[derive(Template)]
#[template(path = "answer.html")]
struct Said<'a> {
    by: &'a str,
    text: &'a str,
}

pub(super) fn said(by: &str, text: &str) -> Response {
    match (Said { by, text }).render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Nothing to say: what was said before goes.
pub(super) fn done() -> Response {
    Html("").into_response()
}

/// Something was not accepted: what was typed comes back.
fn refused(text: &str) -> Response {
    ([("hx-trigger", "refused")], said("Slackbot", text)).into_response()
}

impl Page {
    /// Who acts, and where: only people who may write there.
    fn writer(&self, asked: &Asked) -> Option<(UserId, ChannelId, Option<Shown>)> {
        self.sandbox.with(|state| {
            let me = asked.person(state)?.id.clone();
            let there = asked.place(state, &me)?;
            if Place::of(state, &me, Some(there)).writing != Writing::Yes {
                return None;
            }
            let parent = match asked.thread() {
                Some(ts) => Some(there.messages.iter().find(|shown| shown.ts == ts)?.clone()),
                None => None,
            };
            Some((me, there.id.clone(), parent))
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Written {
    text: String,
}

/// Sends what was typed: a command to the app, anything else to the place.
pub(super) async fn say(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Form(Written { text }): Form<Written>,
) -> Response {
    // Forms send line ends as CR LF.
    let text = text.replace("\r\n", "\n");
    let text = markup::colon_names(text.trim());
    if text.is_empty() {
        return done();
    }
    let Some((me, channel, parent)) = page.writer(&asked) else {
        return refused("You can't write here.");
    };
    lasting(async move {
        if !text.starts_with('/') {
            page.sandbox.says(&me, &channel, &text, parent.as_ref()).await;
            return done();
        }
        let command = text.split_whitespace().next().unwrap_or_default();
        if parent.is_some() {
            return refused(&format!("{command} is not supported in threads. Sorry!"));
        }
        match page.sandbox.runs_command(&me, &channel, &text).await.error {
            None => done(),
            Some(error) if error.ends_with("is not a valid command") => refused(&format!("{error}.")),
            Some(error) => refused(&format!("{command} failed with the error \"{error}\"")),
        }
    })
    .await
}

/// What is said of a message that isn't there any more.
const GONE: &str = "That message is gone.";

#[derive(Deserialize)]
pub(super) struct Clicked {
    channel: String,
    ts: String,
    action: String,
    value: Option<String>,
}

/// Clicks a button or chooses from a menu of a message.
pub(super) async fn click(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(clicked): Query<Clicked>,
) -> Response {
    let channel = ChannelId::from(clicked.channel.as_str());
    let found = page.sandbox.with(|state| {
        let me = asked.person(state)?.id.clone();
        let there = state
            .channels
            .get(&channel)
            .filter(|there| asked.can_see(state, &me, there))?;
        let private = state
            .ephemeral
            .iter()
            .filter(|shown| shown.channel == channel && shown.only_for.as_ref() == Some(&me));
        let mut all = private.chain(&there.messages);
        let shown = all.find(|shown| shown.ts.as_str() == clicked.ts)?.clone();
        Some((me, shown))
    });
    let Some((me, shown)) = found else {
        return said("Slackbot", GONE);
    };
    lasting(async move {
        let answer = match &clicked.value {
            Some(value) => page.sandbox.chooses(&me, &shown, &clicked.action, value).await,
            None => page.sandbox.clicks(&me, &shown, &clicked.action).await,
        };
        match answer.error {
            None => done(),
            Some(error) => said(
                "Slackbot",
                &format!("This app did not answer the click as it should: {error}"),
            ),
        }
    })
    .await
}

/// A message that somebody does something with.
#[derive(Deserialize)]
pub(super) struct Chosen {
    channel: String,
    ts: String,
    #[serde(default)]
    name: String,
}

/// Why something with a message didn't work, in Slack's place.
fn outcome(result: Result<impl Sized, String>) -> Response {
    match result {
        Ok(_) => done(),
        Err(error) => said("Slackbot", &format!("That didn't work: {error}")),
    }
}

impl Page {
    /// Who acts, and on which message.
    fn chosen(&self, asked: &Asked, chosen: &Chosen) -> Option<(UserId, Shown)> {
        self.sandbox.with(|state| {
            let me = asked.person(state)?.id.clone();
            let there = state.channels.get(&ChannelId::from(chosen.channel.as_str()))?;
            let shown = there.messages.iter().find(|shown| shown.ts.as_str() == chosen.ts)?;
            asked.can_see(state, &me, there).then(|| (me, shown.clone()))
        })
    }
}

/// Reacts to a message.
pub(super) async fn react(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(chosen): Query<Chosen>,
) -> Response {
    let Some((me, shown)) = page.chosen(&asked, &chosen) else {
        return said("Slackbot", GONE);
    };
    lasting(async move {
        match page.sandbox.reacts(&me, &shown, &chosen.name).await {
            Err(error) if error == "already_reacted" => done(),
            result => outcome(result),
        }
    })
    .await
}

/// Takes a reaction back.
pub(super) async fn unreact(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(chosen): Query<Chosen>,
) -> Response {
    let Some((me, shown)) = page.chosen(&asked, &chosen) else {
        return said("Slackbot", GONE);
    };
    lasting(async move { outcome(page.sandbox.unreacts(&me, &shown, &chosen.name).await) }).await
}

/// A message that is being edited.
#[derive(Template)]
#[template(path = "edit.html")]
struct Editing {
    href: String,
    text: String,
}

/// Opens a message for editing.
pub(super) async fn edit_form(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(chosen): Query<Chosen>,
) -> Response {
    let Some((_, shown)) = page.chosen(&asked, &chosen) else {
        return said("Slackbot", GONE);
    };
    let editing = Editing {
        href: asked.with("/edit", &[("channel", &chosen.channel), ("ts", &chosen.ts)]),
        text: page.sandbox.with(|state| state.as_typed(&shown)),
    };
    match editing.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Saves an edited message.
pub(super) async fn edit(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(chosen): Query<Chosen>,
    Form(Written { text }): Form<Written>,
) -> Response {
    let Some((me, shown)) = page.chosen(&asked, &chosen) else {
        return said("Slackbot", GONE);
    };
    let text = markup::colon_names(text.replace("\r\n", "\n").trim());
    if text.is_empty() {
        return done();
    }
    lasting(async move { outcome(page.sandbox.edits(&me, &shown, &text).await) }).await
}

/// Deletes a message.
pub(super) async fn delete(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(chosen): Query<Chosen>,
) -> Response {
    let Some((me, shown)) = page.chosen(&asked, &chosen) else {
        return said("Slackbot", GONE);
    };
    lasting(async move { outcome(page.sandbox.deletes(&me, &shown).await) }).await
}

/// Uses one of the app's entries: of the global menu, or of a message's.
pub(super) async fn shortcut(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Query(wanted): Query<Entry>,
) -> Response {
    let found = page.sandbox.with(|state| {
        let me = asked.person(state)?.id.clone();
        let Some(channel) = &wanted.channel else {
            return Some((me, None));
        };
        let there = state.channels.get(&ChannelId::from(channel.as_str()))?;
        let shown = there
            .messages
            .iter()
            .find(|shown| Some(shown.ts.as_str()) == wanted.ts.as_deref())?;
        asked.can_see(state, &me, there).then(|| (me, Some(shown.clone())))
    });
    let Some((me, shown)) = found else {
        return said("Slackbot", GONE);
    };
    lasting(async move {
        let answer = match &shown {
            Some(shown) => page.sandbox.uses_message_shortcut(&me, shown, &wanted.callback).await,
            None => page.sandbox.uses_shortcut(&me, &wanted.callback).await,
        };
        match answer.error {
            None => done(),
            Some(error) => said("Slackbot", &format!("This app did not answer as it should: {error}")),
        }
    })
    .await
}

/// An entry of a menu of Slack's own.
#[derive(Deserialize)]
pub(super) struct Entry {
    callback: String,
    channel: Option<String>,
    ts: Option<String>,
}

/// Joins a public channel.
pub(super) async fn join(State(page): State<Page>, Query(asked): Query<Asked>) -> Response {
    let found = page.sandbox.with(|state| {
        let me = asked.person(state)?.id.clone();
        let there = asked.place(state, &me)?;
        (Place::of(state, &me, Some(there)).writing == Writing::Join).then(|| (me, there.id.clone()))
    });
    if let Some((me, channel)) = found {
        page.sandbox.joins_channel(&me, &channel).await;
    }
    ([("hx-redirect", asked.href())], done()).into_response()
}

#[derive(Deserialize)]
pub(super) struct Where {
    id: String,
}

/// Turns the clock.
pub(super) async fn jump(State(page): State<Page>, Query(Where { id }): Query<Where>) -> Response {
    if page.turning.swap(true, Ordering::SeqCst) {
        return said("", "The clock is on its way already.");
    }
    lasting(async move {
        let arrived = page.stage.jump(&id).await;
        page.turning.store(false, Ordering::SeqCst);
        match arrived {
            Ok(()) => done(),
            Err(text) => said("", &text),
        }
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct Mode {
    mode: String,
}

/// Breaks Slack for the app, or mends it.
pub(super) async fn fault(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    Form(Mode { mode }): Form<Mode>,
) -> Response {
    page.sandbox.heals("*");
    page.sandbox.down(mode == "down");
    let fault = match mode.as_str() {
        "slow" => Some(Fault::Slow(Duration::from_secs(10))),
        "limited" => Some(Fault::RateLimited { retry_after_secs: 30 }),
        _ => None,
    };
    if let Some(fault) = fault {
        page.sandbox.fails("*", fault, None);
    }
    match FaultsView::of(&page, &asked).render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Kills the bot's process and starts it again.
pub(super) async fn restart(State(page): State<Page>) -> Response {
    match page.stage.kill_and_restart().await {
        Ok(()) => said("", "Killed, and back again."),
        Err(text) => said("", &text),
    }
}

/// Delivers the latest command ten times more.
pub(super) async fn ten(State(page): State<Page>) -> Response {
    sentence(page.stage.deliver_ten_times().await)
}

/// Gives 200 kudos at once.
pub(super) async fn two_hundred(State(page): State<Page>) -> Response {
    sentence(page.stage.two_hundred_at_once().await)
}

fn sentence(outcome: Result<String, String>) -> Response {
    let (Ok(text) | Err(text)) = outcome;
    said("", &text)
}
