//! What changes while somebody looks: panes rendered anew and sent as server-sent events.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::asked::Asked;
use super::markup::{Eyes, Html};
use super::stage::Tally;
use super::{Exchange, Page, view};
use crate::sandbox::Fault;
use crate::sandbox::seen::{Author, Seen, Shown};

/// Changes within this time are shown together.
const TOGETHER: Duration = Duration::from_millis(60);
/// How often the clock, the story and the figures are looked at when nothing happens.
const TICK: Duration = Duration::from_secs(1);
/// Requests that the drawer holds.
const WIRE: usize = 100;

/// The story beside the chat.
#[derive(Template)]
#[template(path = "steps.html")]
pub(super) struct StepsView {
    pub steps: Vec<StepView>,
    pub done: usize,
}

pub(super) struct StepView {
    pub title: String,
    pub hint: Html,
    pub done: bool,
    /// The first one that is not done.
    pub next: bool,
}

/// The requests between Slack and the app, latest first.
#[derive(Template)]
#[template(path = "wire.html")]
pub(super) struct WireView {
    rows: Vec<Row>,
}

struct Row {
    it: Exchange,
    at: String,
    signature: String,
    bad: bool,
}

/// What is wrong with Slack at the moment.
#[derive(Template)]
#[template(path = "faults.html")]
pub(super) struct FaultsView {
    pub href: String,
    pub modes: Vec<(&'static str, &'static str, bool)>,
}

/// The line that says that nothing was lost.
#[derive(Template)]
#[template(path = "tally.html")]
pub(super) struct TallyView(pub Tally);

impl HtmlSafe for StepsView {}
impl HtmlSafe for WireView {}
impl HtmlSafe for FaultsView {}
impl HtmlSafe for TallyView {}

impl StepsView {
    pub(super) fn of(page: &Page, asked: &Asked) -> Self {
        let steps = page.stage.steps();
        let next = steps.iter().position(|step| !step.done);
        let now = page.sandbox.now();
        page.sandbox.with(|state| Self {
            done: steps.iter().filter(|step| step.done).count(),
            steps: steps
                .iter()
                .enumerate()
                .map(|(at, step)| StepView {
                    title: step.title.clone(),
                    hint: asked.person(state).map_or_else(Html::default, |person| {
                        let eyes = Eyes {
                            state,
                            asked,
                            me: &person.id,
                            tz: view::zone(person),
                            now,
                        };
                        eyes.html(&step.hint)
                    }),
                    done: step.done,
                    next: next == Some(at),
                })
                .collect(),
        })
    }
}

impl WireView {
    pub(super) fn of(page: &Page, asked: &Asked) -> Self {
        let tz = page
            .sandbox
            .with(|state| asked.person(state).map_or(chrono_tz::Tz::UTC, view::zone));
        let wire = page.sandbox.wire();
        let row = |it: &Exchange| Row {
            at: it.at.utc().with_timezone(&tz).format("%H:%M:%S").to_string(),
            signature: it.signature.as_deref().map(short).unwrap_or_default(),
            bad: !it.failure.is_empty() || it.status.is_none_or(|status| status >= 400),
            it: it.clone(),
        };
        Self {
            rows: wire.iter().rev().take(WIRE).map(row).collect(),
        }
    }
}

/// `v0=1a2b3c…`: enough to see that two differ.
fn short(signature: &str) -> String {
    let start: String = signature.chars().take(11).collect();
    format!("{start}…")
}

impl FaultsView {
    pub(super) fn of(page: &Page, asked: &Asked) -> Self {
        let mode = page.sandbox.with(|state| {
            let everywhere = state
                .faults
                .iter()
                .find(|(of, _, _)| of == "*")
                .map(|(_, fault, _)| fault);
            match everywhere {
                _ if state.down => "down",
                Some(Fault::Slow(_)) => "slow",
                Some(Fault::RateLimited { .. }) => "limited",
                _ => "fine",
            }
        });
        let modes = [
            ("fine", "As usual"),
            ("slow", "Slow (10 s)"),
            ("down", "Down"),
            ("limited", "Too many requests (429)"),
        ];
        Self {
            href: asked.at("/fault"),
            modes: modes.map(|(name, label)| (name, label, name == mode)).into(),
        }
    }
}

/// The stream of one open page.
struct Watch {
    page: Page,
    asked: Asked,
    seen: Receiver<Seen>,
    wire: Receiver<Exchange>,
    /// What was sent last, by pane.
    sent: HashMap<&'static str, String>,
    waiting: VecDeque<Event>,
    news: News,
    first: bool,
}

/// What happened since the panes were rendered.
#[derive(Default)]
struct News {
    seen: bool,
    wire: bool,
    /// New messages of this place, in words.
    said: Vec<String>,
}

/// Everything that changes on the page of one person in one place.
pub(super) async fn live(State(page): State<Page>, Query(asked): Query<Asked>) -> Response {
    let is_person = page.sandbox.with(|state| asked.person(state).is_some());
    if !is_person {
        return StatusCode::NOT_FOUND.into_response();
    }
    let watch = Watch {
        seen: page.sandbox.watch(),
        wire: page.sandbox.watch_wire(),
        page,
        asked,
        sent: HashMap::new(),
        waiting: VecDeque::new(),
        news: News::default(),
        first: true,
    };
    let events = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok::<_, Infallible>(event), watch))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl Watch {
    /// The next event; `None` when the workspace is gone.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if !self.first {
                self.wait().await?;
            }
            self.render().await;
            self.first = false;
        }
    }

    /// Waits for news, or for the next tick.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            seen = self.seen.recv() => match seen {
                Ok(seen) => self.heard(&seen),
                Err(RecvError::Lagged(_)) => self.news.seen = true,
                Err(RecvError::Closed) => return None,
            },
            wire = self.wire.recv() => match wire {
                Ok(_) | Err(RecvError::Lagged(_)) => self.news.wire = true,
                Err(RecvError::Closed) => return None,
            },
            () = tokio::time::sleep(TICK) => return Some(()),
        }
        tokio::time::sleep(TOGETHER).await;
        loop {
            match self.seen.try_recv() {
                Ok(seen) => self.heard(&seen),
                Err(TryRecvError::Lagged(_)) => self.news.seen = true,
                Err(_) => break,
            }
        }
        while !matches!(self.wire.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {
            self.news.wire = true;
        }
        Some(())
    }

    fn heard(&mut self, seen: &Seen) {
        self.news.seen = true;
        let (Seen::Posted(shown) | Seen::Ephemeral(shown)) = seen else {
            return;
        };
        let said = self.page.sandbox.with(|state| {
            let person = self.asked.person(state)?;
            let there = self.asked.place(state, &person.id)?;
            let is_for_me = shown.only_for.as_ref().is_none_or(|only| *only == person.id);
            if shown.channel != there.id || !is_for_me || shown.author == Author::Person(person.id.clone()) {
                return None;
            }
            let eyes = Eyes {
                state,
                asked: &self.asked,
                me: &person.id,
                tz: view::zone(person),
                now: self.page.sandbox.now(),
            };
            Some(format!("{}: {}", author(&eyes, shown), eyes.words(&shown.text)))
        });
        self.news.said.extend(said);
    }

    /// Renders what may have changed and keeps what did.
    async fn render(&mut self) {
        let news = std::mem::take(&mut self.news);
        // Even without news: a day divider says "Today" until midnight only.
        if let Some(view) = self.page.view(&self.asked) {
            if news.seen {
                self.page.noticed(&view, &self.asked);
            }
            self.pane("messages", &view.messages);
            self.pane("places", &view.places);
            self.pane("modal", &view.modal);
            if let Some(home) = &view.home {
                self.pane("home", home);
            }
            if let Some(thread) = &view.thread {
                self.pane("thread", thread);
            }
        }
        if news.wire || self.first {
            let wire = WireView::of(&self.page, &self.asked);
            self.pane("wire", &wire);
        }
        let steps = StepsView::of(&self.page, &self.asked);
        self.pane("steps", &steps);
        let clock = self.page.clock(&self.asked);
        self.pane("clock", &clock);
        let tally = self.page.tally().await;
        self.pane("tally", &tally);
        let faults = FaultsView::of(&self.page, &self.asked);
        self.pane("faults", &faults);
        if !news.said.is_empty() {
            let mut words = Html::default();
            words.text(&news.said.join("\n"));
            self.waiting
                .push_back(Event::default().event("said").data(words.to_string()));
        }
    }

    fn pane(&mut self, name: &'static str, pane: &impl Template) {
        let Ok(html) = pane.render() else { return };
        if self.sent.get(name) != Some(&html) {
            // A pane that didn't change since the page was loaded must not disturb whoever reads it.
            self.waiting.push_back(Event::default().event(name).data(&html));
            self.sent.insert(name, html);
        }
    }
}

fn author(eyes: &Eyes<'_>, shown: &Shown) -> String {
    match &shown.author {
        Author::Bot => eyes.state.app.bot_name.clone(),
        Author::Person(id) => eyes.state.people.get(id).map_or_else(
            || id.to_string(),
            |person| crate::sandbox::render::name(person).to_owned(),
        ),
    }
}
