//! Floor 10: the local stand-in for Slack.
//!
//! A workspace with state behind a real HTTP server: it plays the Web API and the response_urls, refuses what Slack
//! refuses, delivers signed commands, clicks and events, and shows what people see. Its behaviour is written from
//! Slack's documentation, not from what Plaudit needs; limits and lifetimes count on the injected clock, deadlines
//! for the app's answers in real time. The tests and `plaudit demo` use it; nothing of it runs in `serve`.

mod api;
mod args;
mod checks;
mod deliver;
mod events;
mod forms;
mod interact;
mod manifest;
mod messages;
mod methods;
pub mod page;
mod people;
mod rates;
mod render;
mod response_url;
mod saved;
mod seen;
mod server;
mod shortcuts;
mod state;
mod talk;
mod views;
mod wire;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{Notify, RwLock, broadcast};
use tokio::task::AbortHandle;
use url::Url;

pub use deliver::Bot;
pub use manifest::Shortcut;
pub use people::{Guest, NewChannel, NewPerson};
pub use saved::Saved;
pub use seen::{Answer, Attempt, Author, Call, Exchange, RawAnswer, Reaction, Seen, SharedFile, Shown};
pub use talk::Manner;
pub use views::OpenView;

use crate::base::clock::{Clock, Instant};
use crate::base::ids::{ChannelId, UserId, WorkspaceId};

/// What goes wrong with a call, chosen per method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 429 with `Retry-After`. Nothing happened.
    RateLimited {
        /// What `Retry-After` says.
        retry_after_secs: u64,
    },
    /// That HTTP status with an empty body. Nothing happened.
    Status(u16),
    /// HTTP 200 with a page. Nothing happened.
    Html,
    /// It happened, but the answer breaks off in the middle.
    TruncatedJson,
    /// `ok: false` with that code (HTTP 404 on a response_url). Nothing happened.
    Error(String),
    /// It happened, but is answered only after this real time.
    Slow(Duration),
    /// Never answered. Nothing happened.
    Hang,
    /// The connection is closed without an answer. Nothing happened.
    Drop,
    /// It happened, and the connection is closed without an answer.
    DoneThenDrop,
}

/// A local Slack with one workspace and one app. Clones are the same workspace; the server stops with the last one.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<state::State>,
    clock: Arc<dyn Clock>,
    bot: Mutex<Option<Bot>>,
    deadline: Mutex<Duration>,
    idle: Notify,
    /// Taken by everything that is sent to the app; whoever has it alone has silence.
    silence: Arc<RwLock<()>>,
    http: reqwest::Client,
    base: Url,
    server: Mutex<Option<AbortHandle>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(server) = self.server.get_mut().unwrap_or_else(PoisonError::into_inner) {
            server.abort();
        }
    }
}

impl Sandbox {
    /// Starts the server on a free port of 127.0.0.1 and installs the app with its manifest (anything that
    /// serialises to an app manifest). All bot scopes of the manifest are granted, the optional ones too.
    ///
    /// # Errors
    /// If the port cannot be opened, the HTTP client not built, or the manifest not serialised.
    pub async fn start(manifest: impl Serialize, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let manifest = serde_json::to_value(manifest).map_err(io::Error::other)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = Url::parse(&format!("http://{}/", listener.local_addr()?)).map_err(io::Error::other)?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(io::Error::other)?;
        let state = state::State::new(manifest::Installed::read(&manifest), base.clone(), clock.now());
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            clock,
            bot: Mutex::new(None),
            deadline: Mutex::new(Duration::from_secs(3)),
            idle: Notify::new(),
            silence: Arc::default(),
            http,
            base,
            server: Mutex::new(None),
        });
        let server = tokio::spawn(server::run(server::Door(listener), Arc::downgrade(&inner)));
        *inner.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server.abort_handle());
        Ok(Self { inner })
    }

    /// Runs `f` on the state. Never held over an await.
    fn with<R>(&self, f: impl FnOnce(&mut state::State) -> R) -> R {
        f(&mut self.inner.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> Instant {
        self.inner.clock.now()
    }

    /// What stands for `https://slack.com/api/`.
    pub fn api_url(&self) -> Url {
        let mut url = self.inner.base.clone();
        url.set_path("/api/");
        url
    }

    /// The secret that requests to the app are signed with.
    pub fn signing_secret(&self) -> String {
        self.with(|state| state.signing_secret.clone())
    }

    /// The app's token.
    pub fn bot_token(&self) -> String {
        self.with(|state| state.token.clone())
    }

    /// The workspace's id.
    pub fn workspace(&self) -> WorkspaceId {
        state::TEAM.into()
    }

    /// The app's own user.
    pub fn bot_user(&self) -> UserId {
        state::BOT_USER.into()
    }

    /// The messages of a channel as they stand, replies included, oldest first.
    pub fn messages(&self, channel: &ChannelId) -> Vec<Shown> {
        self.with(|state| {
            state
                .channels
                .get(channel)
                .map(|channel| channel.messages.clone())
                .unwrap_or_default()
        })
    }

    /// What only that person sees, in all channels, oldest first.
    pub fn ephemeral(&self, user: &UserId) -> Vec<Shown> {
        self.with(|state| {
            state
                .ephemeral
                .iter()
                .filter(|shown| shown.only_for.as_ref() == Some(user))
                .cloned()
                .collect()
        })
    }

    /// A message as people read it: blocks line by line, `[Button]`s, mentions as names; without blocks its text.
    pub fn rendered(&self, shown: &Shown) -> String {
        self.with(|state| state.render(shown))
    }

    /// Every call the app made, refused or not, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.with(|state| state.calls.clone())
    }

    /// What no careful app does: unknown methods and arguments, wrong encodings, broken limits, too many calls.
    pub fn unexpected(&self) -> Vec<String> {
        self.with(|state| state.unexpected.clone())
    }

    /// Everything that becomes visible from now on. A reader that falls 4,096 behind misses the oldest.
    pub fn watch(&self) -> broadcast::Receiver<Seen> {
        self.with(|state| state.seen.subscribe())
    }

    /// The next `times` calls of `method` meet this fault; `None`: all until [`Sandbox::heals`]. `*` is every
    /// method, `response_url` the response_urls, `upload` a file's bytes. Several faults of one method come one after the other.
    pub fn fails(&self, method: &str, fault: Fault, times: Option<u32>) {
        self.with(|state| state.faults.push((method.to_owned(), fault, times)));
    }

    /// Takes back the faults of `method`; `*` takes back all.
    pub fn heals(&self, method: &str) {
        self.with(|state| state.faults.retain(|(of, _, _)| method != "*" && of != method));
    }

    /// Whether every call's connection is closed without an answer.
    pub fn down(&self, down: bool) {
        self.with(|state| state.down = down);
    }

    /// Whether calls over Slack's rates are refused with 429. On at the start.
    pub fn strict_rates(&self, strict: bool) {
        self.with(|state| state.strict_rates = strict);
    }

    /// Pages hold at most so many items, whatever `limit` asks for: Slack allows itself short pages.
    pub fn short_pages(&self, items: usize) {
        self.with(|state| state.page_size = items.max(1));
    }

    /// The app loses a scope, as when it was installed without it.
    pub fn revoke_scope(&self, scope: &str) {
        self.with(|state| state.scopes.remove(scope));
    }

    /// The app gets a scope.
    pub fn grant_scope(&self, scope: &str) {
        self.with(|state| state.scopes.insert(scope.to_owned()));
    }

    /// Every call is refused with `token_revoked` from now on.
    pub fn revoke_token(&self) {
        self.with(|state| state.token_revoked = true);
    }
}
