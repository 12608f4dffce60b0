//! The workspace in a browser: what people see in Slack, and what goes over the wire.
//!
//! One page for one person in one place. Its panes are rendered here, again and whole, whenever something changes, and
//! reach the browser as server-sent events. Nothing is loaded from elsewhere, and only this machine may ask.

mod acts;
mod asked;
mod blocks;
mod fields;
mod forms;
mod live;
mod markup;
mod reads;
mod stage;
mod view;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use stage::{Jump, Noticed, Stage, Step, Tally};

use super::Sandbox;
use super::seen::Exchange;
use super::state::TEAM_NAME;
use asked::Asked;
use live::{FaultsView, StepsView, TallyView, WireView};
use reads::Reads;
use view::{ClockView, Name, PersonLink, View};

/// Nothing but the page's own files; no inline script or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page's files: path, type, content.
const FILES: [(&str, &str, &str); 5] = [
    (
        "/assets/htmx.min.js",
        JS,
        include_str!("../../../assets/page/htmx.min.js"),
    ),
    (
        "/assets/sse.min.js",
        JS,
        include_str!("../../../assets/page/sse.min.js"),
    ),
    ("/assets/page.js", JS, include_str!("../../../assets/page/page.js")),
    (
        "/assets/page.css",
        "text/css; charset=utf-8",
        include_str!("../../../assets/page/page.css"),
    ),
    (
        "/assets/icon.svg",
        "image/svg+xml",
        include_str!("../../../assets/page/icon.svg"),
    ),
];
/// How long a page may wait for the figures.
const TALLY_WAIT: Duration = Duration::from_millis(100);
const JS: &str = "text/javascript; charset=utf-8";

/// What every handler needs.
#[derive(Clone)]
struct Page {
    sandbox: Sandbox,
    stage: Arc<dyn Stage>,
    reads: Arc<Mutex<Reads>>,
    /// The clock is being turned.
    turning: Arc<AtomicBool>,
    /// The figures as they were when they were last told.
    tally: Arc<Mutex<Tally>>,
}

/// Serves the page until the task is dropped.
///
/// # Errors
/// If the listener is not on a loopback address: the page has no password.
pub async fn serve(listener: TcpListener, sandbox: Sandbox, stage: Arc<dyn Stage>) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the demo's page is for this machine only: it listens on a loopback address",
        ));
    }
    axum::serve(listener, router(sandbox, stage)).await
}

/// The page's routes. Requests are refused unless their `Host` is this machine.
pub fn router(sandbox: Sandbox, stage: Arc<dyn Stage>) -> Router {
    let page = Page {
        reads: Arc::new(Mutex::new(Reads::since(sandbox.now()))),
        turning: Arc::default(),
        tally: Arc::default(),
        sandbox,
        stage,
    };
    let mut router = Router::new()
        .route("/", get(whole))
        .route("/live", get(live::live))
        .route("/file/{id}", get(image))
        .route("/say", post(acts::say))
        .route("/click", post(acts::click))
        .route("/shortcut", post(acts::shortcut))
        .route("/submit", post(forms::submit))
        .route("/press", post(forms::press))
        .route("/fill", post(forms::fill))
        .route("/close", post(forms::close))
        .route("/react", post(acts::react))
        .route("/unreact", post(acts::unreact))
        .route("/edit", get(acts::edit_form).post(acts::edit))
        .route("/delete", post(acts::delete))
        .route("/join", post(acts::join))
        .route("/jump", post(acts::jump))
        .route("/fault", post(acts::fault))
        .route("/restart", post(acts::restart))
        .route("/ten", post(acts::ten))
        .route("/two-hundred", post(acts::two_hundred));
    for (path, kind, content) in FILES {
        let answer = (
            [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")],
            content,
        );
        router = router.route(path, get(async move || answer));
    }
    router.with_state(page).layer(middleware::from_fn(guard))
}

impl Page {
    /// What that person sees; the place counts as read from now on.
    fn view(&self, asked: &Asked) -> Option<View> {
        let now = self.sandbox.now();
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        self.sandbox.with(|state| View::read(state, asked, now, &mut reads))
    }

    fn clock(&self, asked: &Asked) -> ClockView {
        let tz = self
            .sandbox
            .with(|state| asked.person(state).map_or(chrono_tz::Tz::UTC, view::zone));
        let turning = self.turning.load(Ordering::SeqCst);
        ClockView::of(asked, tz, self.sandbox.now(), self.stage.jumps(), turning)
    }

    /// The figures; those of before when the stage is busy, so that nothing on the page waits for them.
    async fn tally(&self) -> TallyView {
        let told = tokio::time::timeout(TALLY_WAIT, self.stage.tally()).await;
        let mut last = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(tally) = told {
            *last = tally;
        }
        TallyView(*last)
    }

    fn noticed(&self, view: &View, asked: &Asked) {
        let by = self
            .sandbox
            .with(|state| asked.person(state).map(|person| person.id.clone()));
        if let (Some(by), Some(at)) = (by, view.place.id.clone()) {
            self.stage.noticed(Noticed::Looked { by, at });
        }
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct Whole<'a> {
    workspace: &'a str,
    asked: &'a Asked,
    view: View,
    clock: ClockView,
    steps: StepsView,
    people: Vec<PersonLink>,
    /// The app's entries of the global menu: name and address.
    shortcuts: Vec<(String, String)>,
    names: Vec<Name>,
    wire: WireView,
    faults: FaultsView,
    tally: TallyView,
    live: String,
    say: String,
    say_in_thread: String,
    without_thread: String,
    aloud: String,
}

/// An image that a message shows.
async fn image(State(page): State<Page>, Path(id): Path<String>) -> Response {
    let found = page.sandbox.with(|state| {
        let messages = state.channels.values().flat_map(|channel| &channel.messages);
        let mut files = messages.flat_map(|shown| &shown.files);
        files.find(|file| file.id == id && file.is_image()).cloned()
    });
    match found {
        Some(file) => ([(header::CONTENT_TYPE, file.mimetype)], file.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The whole page for one person in one place.
async fn whole(State(page): State<Page>, Query(asked): Query<Asked>) -> Response {
    let stage = &page.stage;
    let landing = page.sandbox.with(|state| {
        let mut asked = asked.clone();
        if asked.person(state).is_none() {
            let visitor = state.people.get(&stage.visitor())?;
            asked.who = visitor.it.handle.clone();
        }
        let me = asked.person(state)?.id.clone();
        // Looking at the app opens its direct message, as in Slack.
        if asked.place == asked::app_slug(state) && !asked.place.is_empty() {
            state.open_dm(&me, page.sandbox.now());
        }
        if asked.place.is_empty() {
            return view::landing(state, &asked, &me).map(|landing| landing.href());
        }
        Some(asked.href())
    });
    match landing {
        Some(href) if href != asked.href() => return Redirect::to(&href).into_response(),
        Some(_) => {}
        None => return (StatusCode::NOT_FOUND, "There is nobody in this workspace yet.").into_response(),
    }
    let Some(view) = page.view(&asked) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    page.noticed(&view, &asked);
    // Looking at a tab of the app tells the app, as in Slack; nobody waits for its answer.
    if view.tabs.is_some() {
        let (sandbox, me) = (
            page.sandbox.clone(),
            page.sandbox.with(|state| asked.person(state).map(|it| it.id.clone())),
        );
        let home = view.home.is_some();
        tokio::spawn(async move {
            match me {
                Some(me) if home => sandbox.opens_home(&me).await,
                Some(me) => sandbox.opens_messages(&me).await,
                None => {}
            }
        });
    }
    let now = page.sandbox.now();
    let shortcuts = page
        .sandbox
        .with(|state| asked.person(state).map(|person| person.id.clone()));
    let shortcuts = shortcuts
        .map(|me| page.sandbox.shortcuts(&me, None))
        .unwrap_or_default();
    let shortcuts = shortcuts
        .into_iter()
        .map(|it| (it.name, asked.with("/shortcut", &[("callback", &it.callback_id)])))
        .collect();
    let (people, names) = page.sandbox.with(|state| {
        let me = asked.person(state).map(|person| person.id.clone()).unwrap_or_default();
        (view::people(state, &asked, now), view::names(state, &asked, &me))
    });
    let status = if view.place.id.is_some() {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    let whole = Whole {
        workspace: TEAM_NAME,
        clock: page.clock(&asked),
        steps: StepsView::of(&page, &asked),
        people,
        shortcuts,
        names,
        wire: WireView::of(&page, &asked),
        faults: FaultsView::of(&page, &asked),
        tally: page.tally().await,
        live: asked.at("/live"),
        say: asked.plain().at("/say"),
        say_in_thread: asked.at("/say"),
        without_thread: asked.plain().href(),
        aloud: Asked {
            aloud: if asked.aloud.is_empty() {
                "1".to_owned()
            } else {
                String::new()
            },
            ..asked.clone()
        }
        .href(),
        asked: &asked,
        view,
    };
    match whole.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Only this machine asks, and only this page changes anything.
async fn guard(request: Request, next: Next) -> Response {
    if let Some(why) = refusal(&request) {
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Why a request is not answered. A name that is not this machine's is somebody else's page, with a DNS entry that
/// points here; another origin is somebody else's page, too.
fn refusal(request: &Request) -> Option<&'static str> {
    let text = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        return Some("This page answers to 127.0.0.1 and localhost only.");
    }
    let changes = *request.method() != Method::GET && *request.method() != Method::HEAD;
    let is_own = text(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
    (changes && !is_own).then_some("Only this page may change the workspace.")
}
