//! What Slack sends to the app: signed requests, a deadline, events with their retries.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::OwnedRwLockWriteGuard;
use tower::ServiceExt;
use url::Url;

use super::Sandbox;
use super::seen::{Attempt, RawAnswer};
use super::state::{Delivery, State};
use super::wire;
use crate::base::clock::Instant;
use crate::slack::signature::sign;

/// Where the app listens.
#[derive(Clone, Debug)]
pub enum Bot {
    /// A server: only scheme, host and port are used, the paths are the manifest's.
    Url(Url),
    /// The app's own router, called without a port.
    Router(Router),
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// Retries come at once, after one minute, after five (docs.slack.dev/apis/events-api); each is counted here from
/// the attempt before.
const RETRIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)];

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Timeout,
    Connection,
}

/// Why Slack counts an answer as failed, in the words of `x-slack-retry-reason`.
fn failure(answer: &Result<RawAnswer, Failure>) -> Option<&'static str> {
    match answer {
        Ok(answer) if answer.status.is_some_and(|status| (200..300).contains(&status)) => None,
        Ok(_) => Some("http_error"),
        Err(Failure::Timeout) => Some("http_timeout"),
        Err(Failure::Connection) => Some("connection_failed"),
    }
}

impl Sandbox {
    /// Where requests go from now on. May be called again, for instance after a restart.
    pub fn connect(&self, bot: Bot) {
        *self.inner.bot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(bot);
    }

    /// How long the app has to answer, in real time. Slack: 3 s.
    pub fn deadlines(&self, real_time: Duration) {
        *self
            .inner
            .deadline
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = real_time;
    }

    /// The headers (name, value) of a request to `path` with this body, signed now on the sandbox's clock, and the
    /// body: JSON for the manifest's path of events, a form for any other. Nothing is sent.
    pub fn signed_request(&self, path: &str, body: &str) -> (Vec<(String, String)>, String) {
        let timestamp = self.now().seconds().to_string();
        let signature = sign(&self.signing_secret(), &timestamp, body.as_bytes());
        let json = self.with(|state| state.app.events_path == path);
        let headers = [
            ("content-type", if json { JSON } else { FORM }.to_owned()),
            ("user-agent", "Slackbot 1.0 (sandbox)".to_owned()),
            ("x-slack-request-timestamp", timestamp),
            ("x-slack-signature", signature),
        ];
        (
            headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body.to_owned(),
        )
    }

    /// Sends a request exactly as given: for forged, stale or torn ones.
    pub async fn raw(&self, path: &str, headers: &[(String, String)], body: &str) -> RawAnswer {
        self.request(path, headers, body).await.unwrap_or(RawAnswer {
            status: None,
            headers: Vec::new(),
            body: String::new(),
        })
    }

    /// Waits until what is on its way to the app was answered; while the returned guard lives, nothing is sent. For
    /// turning both clocks, the sandbox's and the app's: what one signs just before, the other would refuse as stale.
    pub async fn silence(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.inner.silence).write_owned().await
    }

    /// The latest command, delivered again so many times at once: one body and one signature, as it was but for the
    /// instant of signing. Nobody is shown the answers. Empty when there was no command yet.
    pub async fn repeats_command(&self, times: usize) -> Vec<RawAnswer> {
        let Some((path, body)) = self.with(|state| state.last_command.clone()) else {
            return Vec::new();
        };
        let _no_silence = self.inner.silence.read().await;
        let (headers, body) = self.signed_request(&path, &body);
        join_all((0..times).map(|_| self.raw(&path, &headers, &body))).await
    }

    pub(super) async fn send(&self, path: &str, body: &str) -> Result<RawAnswer, Failure> {
        let _no_silence = self.inner.silence.read().await;
        let (headers, body) = self.signed_request(path, body);
        self.request(path, &headers, &body).await
    }

    async fn request(&self, path: &str, headers: &[(String, String)], body: &str) -> Result<RawAnswer, Failure> {
        let bot = self
            .inner
            .bot
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        let deadline = *self
            .inner
            .deadline
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut under_way = self.begins(wire::asked(path, headers, body));
        let answer = async {
            match bot {
                None => Err(Failure::Connection),
                Some(Bot::Router(router)) => through_router(router, path, headers, body).await,
                Some(Bot::Url(base)) => self.through_network(&base, path, headers, body).await,
            }
        };
        let answer = tokio::time::timeout(deadline, answer)
            .await
            .unwrap_or(Err(Failure::Timeout));
        under_way.it.status = answer.as_ref().ok().and_then(|answer| answer.status);
        under_way.it.failure = failure(&answer).unwrap_or_default().to_owned();
        answer
    }

    async fn through_network(
        &self,
        base: &Url,
        path: &str,
        headers: &[(String, String)],
        body: &str,
    ) -> Result<RawAnswer, Failure> {
        let url = base.join(path).map_err(|_| Failure::Connection)?;
        let mut request = self.inner.http.post(url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|_| Failure::Connection)?;
        let (status, headers) = (answer.status().as_u16(), pairs(answer.headers()));
        let body = answer.text().await.map_err(|_| Failure::Connection)?;
        Ok(RawAnswer {
            status: Some(status),
            headers,
            body,
        })
    }

    /// Delivers `event` (the inner one, with its `type`) in its envelope whatever the app subscribed to, at once and
    /// with the immediate retry if that is due. Returns the attempts made so far; all have the same `event_id`.
    pub async fn delivers_event(&self, event: Value) -> Vec<Attempt> {
        let now = self.now();
        let event_id = self.with(|state| state.enqueue(event, now));
        self.settled().await;
        self.attempts()
            .into_iter()
            .filter(|attempt| attempt.event_id == event_id)
            .collect()
    }

    /// Delivers an event once more with the same `event_id` and without retry headers, as Slack at times does.
    /// Returns all attempts of it, the new one last; nothing when there is no such event.
    pub async fn deliver_again(&self, event_id: &str) -> Vec<Attempt> {
        let now = self.now();
        self.with(|state| {
            if let Some(delivery) = state.sent_events.get(event_id).cloned() {
                state.queue.push(Delivery { at: now, ..delivery });
            }
        });
        self.settled().await;
        self.attempts()
            .into_iter()
            .filter(|attempt| attempt.event_id == event_id)
            .collect()
    }

    /// Delivers an event once more under another `event_id`, as Slack was seen to do (node-slack-sdk#2141).
    pub async fn deliver_as_new(&self, event_id: &str) {
        let now = self.now();
        self.with(|state| {
            let id = state.next_id("Ev");
            if let Some(delivery) = state.sent_events.get(event_id).cloned() {
                let body = delivery.body.replace(event_id, &id);
                state.queue.push(Delivery {
                    event_id: id,
                    body,
                    at: now,
                    ..delivery
                });
            }
        });
        self.settled().await;
    }

    /// Sends what Slack sends when the events URL is saved. True if the app gave the challenge back in one of the
    /// three ways that Slack takes.
    pub async fn verifies_url(&self) -> bool {
        let challenge = self.with(|state| format!("challenge-{}", state.next()));
        let body = json!({ "token": "deprecated", "challenge": challenge, "type": "url_verification" }).to_string();
        let path = self.with(|state| state.app.events_path.clone());
        let Ok(answer) = self.send(&path, &body).await else {
            return false;
        };
        let in_json =
            serde_json::from_str::<Value>(&answer.body).is_ok_and(|body| body["challenge"] == challenge.as_str());
        let as_text = answer.body == challenge || answer.body == format!("challenge={challenge}");
        answer.status == Some(200) && (in_json || as_text)
    }

    /// Every attempt to deliver an event, oldest first.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.with(|state| state.attempts.clone())
    }

    /// Delivers the retries that are due on the clock, waits for whatever is on its way, and returns the next due
    /// instant.
    pub async fn run_due(&self) -> Option<Instant> {
        self.settled().await;
        self.with(|state| state.queue.iter().map(|delivery| delivery.at).min())
    }

    /// Waits until every event that is due was delivered.
    pub async fn settled(&self) {
        loop {
            let idle = self.inner.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            self.flush().await;
            let now = self.now();
            if self.with(|state| state.in_flight == 0 && !state.queue.iter().any(|delivery| delivery.at <= now)) {
                return;
            }
            idle.await;
        }
    }

    /// Events that a call of the app caused reach it on their own.
    pub(super) fn deliver_in_background(&self) {
        let now = self.now();
        if self.with(|state| state.queue.iter().any(|delivery| delivery.at <= now)) {
            let sandbox = self.clone();
            tokio::spawn(async move { sandbox.flush().await });
        }
    }

    async fn flush(&self) {
        loop {
            let now = self.now();
            let Some(delivery) = self.with(|state| state.take_due(now)) else {
                return;
            };
            let _on_its_way = OnItsWay(self);
            self.attempt(delivery).await;
        }
    }

    async fn attempt(&self, mut delivery: Delivery) {
        loop {
            let path = self.with(|state| state.app.events_path.clone());
            let no_silence = self.inner.silence.read().await;
            let (mut headers, body) = self.signed_request(&path, &delivery.body);
            if let Some(reason) = delivery.reason {
                headers.push(("x-slack-retry-num".to_owned(), delivery.retry_num.to_string()));
                headers.push(("x-slack-retry-reason".to_owned(), reason.to_owned()));
            }
            let answer = self.request(&path, &headers, &body).await;
            drop(no_silence);
            let failure = failure(&answer);
            let now = self.now();
            let attempt = Attempt {
                event_id: delivery.event_id.clone(),
                kind: delivery.kind.clone(),
                retry_num: delivery.retry_num,
                at: now,
                status: answer.as_ref().ok().and_then(|answer| answer.status),
                failure,
            };
            self.with(|state| state.attempts.push(attempt));
            let declined = answer.is_ok_and(|answer| answer.header("x-slack-no-retry") == Some("1"));
            let next = RETRIES.get(delivery.retry_num as usize);
            let (Some(reason), Some(wait), false) = (failure, next, declined) else {
                return;
            };
            delivery.retry_num += 1;
            delivery.reason = Some(reason);
            delivery.at = now.plus(*wait);
            if !wait.is_zero() {
                self.with(|state| state.queue.push(delivery));
                return;
            }
        }
    }
}

/// Counts a delivery as under way until dropped, also when its task is cancelled.
struct OnItsWay<'a>(&'a Sandbox);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.in_flight -= 1);
        self.0.inner.idle.notify_waiters();
    }
}

impl State {
    fn take_due(&mut self, now: Instant) -> Option<Delivery> {
        let place = self.queue.iter().position(|delivery| delivery.at <= now)?;
        self.in_flight += 1;
        Some(self.queue.remove(place))
    }
}

async fn through_router(
    router: Router,
    path: &str,
    headers: &[(String, String)],
    body: &str,
) -> Result<RawAnswer, Failure> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Body::from(body.to_owned()))
        .map_err(|_| Failure::Connection)?;
    let answer = match router.oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let (status, headers) = (answer.status().as_u16(), pairs(answer.headers()));
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .map_err(|_| Failure::Connection)?;
    Ok(RawAnswer {
        status: Some(status),
        headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}
