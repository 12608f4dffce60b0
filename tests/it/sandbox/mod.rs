//! The local Slack is only worth its tests if it is as strict as Slack: what it refuses, when, and in which words.

mod calls;
mod delivery;
mod limits;
mod talk;
mod views;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use plaudit::base::clock::{Instant, ManualClock};
use plaudit::base::ids::{ChannelId, UserId};
use plaudit::sandbox::{Bot, NewChannel, NewPerson, Sandbox, Shown};
use serde_json::{Value, json};

/// 2026-09-21T14:00:00Z.
const START: Instant = Instant::from_millis(1_790_085_600_000);
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json; charset=utf-8";

fn manifest() -> Value {
    json!({
        "display_information": { "name": "Plaudit" },
        "features": {
            "bot_user": { "display_name": "Plaudit" },
            "slash_commands": [
                { "command": "/kudos", "url": "https://bot.example/slack/commands", "should_escape": true },
                { "command": "/plain", "url": "https://bot.example/slack/commands" },
            ],
        },
        "oauth_config": { "scopes": { "bot": [
            "chat:write", "users:read", "im:write", "commands", "channels:read", "groups:read", "im:read",
            "channels:history", "groups:history", "im:history", "usergroups:read", "app_mentions:read",
        ] } },
        "settings": {
            "event_subscriptions": {
                "request_url": "https://bot.example/slack/events",
                "bot_events": ["message.channels", "app_mention", "user_change", "team_join", "member_joined_channel",
                    "channel_archive", "channel_left"],
            },
            "interactivity": { "is_enabled": true, "request_url": "https://bot.example/slack/interactivity" },
        },
    })
}

/// What the little app was sent: path, headers, body.
type Heard = Arc<Mutex<Vec<(String, HeaderMap, String)>>>;

struct Rig {
    slack: Sandbox,
    clock: Arc<ManualClock>,
    http: reqwest::Client,
    heard: Heard,
    dana: UserId,
    lee: UserId,
    kudos: ChannelId,
}

#[derive(Clone)]
struct App {
    heard: Heard,
    status: StatusCode,
    kind: &'static str,
    body: String,
    hangs: bool,
}

async fn hear(
    State(app): State<App>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: String,
) -> impl axum::response::IntoResponse {
    app.heard
        .lock()
        .expect("no test panicked here")
        .push((uri.path().to_owned(), headers, body));
    if app.hangs {
        std::future::pending::<()>().await;
    }
    (app.status, [("content-type", app.kind)], app.body)
}

impl Rig {
    async fn new() -> Self {
        Self::with(manifest()).await
    }

    /// With an app that hears and may do what the sandbox can play.
    async fn wide() -> Self {
        let mut wide = manifest();
        wide["features"]["app_home"] = json!({ "home_tab_enabled": true, "messages_tab_enabled": true });
        wide["features"]["shortcuts"] = json!([
            { "name": "Give kudos", "type": "global", "callback_id": "give", "description": "Thank somebody" },
            { "name": "Give kudos for this", "type": "message", "callback_id": "for_this", "description": "Thank" },
        ]);
        for (list, more) in [
            ("/oauth_config/scopes/bot", vec!["reactions:read", "files:write"]),
            (
                "/settings/event_subscriptions/bot_events",
                vec![
                    "message.groups",
                    "message.im",
                    "reaction_added",
                    "reaction_removed",
                    "app_home_opened",
                ],
            ),
        ] {
            let list = wide.pointer_mut(list).and_then(Value::as_array_mut).expect("a list");
            list.extend(more.into_iter().map(Value::from));
        }
        Self::with(wide).await
    }

    async fn with(manifest: Value) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let slack = Sandbox::start(manifest, clock.clone()).await.expect("a free port");
        let dana = slack.add_person(NewPerson {
            handle: "dana.kim".into(),
            display_name: "Dana Kim".into(),
            tz: Some(chrono_tz::Europe::Berlin),
            ..NewPerson::default()
        });
        let lee = slack.add_person(NewPerson {
            handle: "lee".into(),
            real_name: "Lee Park".into(),
            ..NewPerson::default()
        });
        let members = vec![dana.clone(), lee.clone()];
        let kudos = slack.add_channel(NewChannel {
            name: "kudos".into(),
            with_app: true,
            members,
            ..NewChannel::default()
        });
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let rig = Self {
            slack,
            clock,
            http,
            heard: Heard::default(),
            dana,
            lee,
            kudos,
        };
        rig.answers(StatusCode::OK, "text/plain", "", false);
        rig
    }

    /// From now on the app answers like this.
    fn answers(&self, status: StatusCode, kind: &'static str, body: &str, hangs: bool) {
        let app = App {
            heard: self.heard.clone(),
            status,
            kind,
            body: body.to_owned(),
            hangs,
        };
        let paths = ["/slack/commands", "/slack/events", "/slack/interactivity"];
        let router = paths
            .into_iter()
            .fold(Router::new(), |router, path| router.route(path, post(hear)));
        self.slack.connect(Bot::Router(router.with_state(app)));
    }

    fn heard(&self) -> Vec<(String, HeaderMap, String)> {
        std::mem::take(&mut self.heard.lock().expect("no test panicked here"))
    }

    /// The events that the app was sent since the last look.
    fn events(&self) -> Vec<Value> {
        let event = |(path, _, body): &(String, HeaderMap, String)| {
            let body: Value = serde_json::from_str(body).expect("JSON");
            (path == "/slack/events").then(|| body["event"].clone())
        };
        self.heard().iter().filter_map(event).collect()
    }

    /// The interactive payloads that the app was sent since the last look.
    fn payloads(&self) -> Vec<Value> {
        let payload = |(path, _, body): &(String, HeaderMap, String)| {
            let form: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
            (path == "/slack/interactivity").then(|| serde_json::from_str(&form[0].1).expect("JSON"))
        };
        self.heard().iter().filter_map(payload).collect()
    }

    async fn form(&self, method: &str, args: &[(&str, &str)]) -> Value {
        let body = serde_urlencoded::to_string(args).expect("a form");
        self.call(method, FORM, body, Some(&self.slack.bot_token())).await
    }

    async fn json(&self, method: &str, args: Value) -> Value {
        self.call(method, JSON, args.to_string(), Some(&self.slack.bot_token()))
            .await
    }

    async fn send(
        &self,
        method: &str,
        kind: &str,
        body: String,
        token: Option<&str>,
    ) -> reqwest::Result<reqwest::Response> {
        let url = self.slack.api_url().join(method).expect("a method's URL");
        let mut request = self.http.post(url).header("content-type", kind).body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await
    }

    async fn call(&self, method: &str, kind: &str, body: String, token: Option<&str>) -> Value {
        let answer = self.send(method, kind, body, token).await.expect("an answer");
        assert_eq!(answer.status(), 200, "Slack answers 200 and says no in the body");
        answer.json().await.expect("JSON")
    }

    async fn posts(&self, args: Value) -> Value {
        self.json("chat.postMessage", args).await
    }

    async fn respond(&self, url: &url::Url, body: Value) -> (u16, String) {
        let request = self
            .http
            .post(url.clone())
            .header("content-type", JSON)
            .body(body.to_string());
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    fn shown(&self) -> Vec<Shown> {
        self.slack.messages(&self.kudos)
    }
}
