//! The record of every request between Slack and the app, in both directions.

use serde_json::Value;
use tokio::sync::broadcast;

use super::Sandbox;
use super::seen::Exchange;
use crate::base::clock::{Clock as _, Instant, SystemClock};

/// How many requests are remembered.
const KEPT: usize = 500;

impl Sandbox {
    /// The last 500 requests over the wire that have ended, in the order in which they began. No token, no secret and
    /// no address that could be answered is among it.
    pub fn wire(&self) -> Vec<Exchange> {
        self.with(|state| state.wire.iter().cloned().collect())
    }

    /// Every request that ends from now on. A reader that falls 4,096 behind misses the oldest.
    pub fn watch_wire(&self) -> broadcast::Receiver<Exchange> {
        self.with(|state| state.wire_tap.subscribe())
    }

    pub(super) fn begins(&self, exchange: Exchange) -> UnderWay<'_> {
        let number = self.with(|state| {
            state.exchanges += 1;
            state.exchanges
        });
        UnderWay {
            sandbox: self,
            began: SystemClock.now(),
            it: Exchange {
                number,
                at: self.now(),
                ..exchange
            },
        }
    }
}

/// A request until it ends; then it is recorded, also when whoever made it gave up.
pub(super) struct UnderWay<'a> {
    sandbox: &'a Sandbox,
    began: Instant,
    pub it: Exchange,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut ended = self.it.clone();
        ended.millis = u64::try_from(SystemClock.now().since(self.began).as_millis()).unwrap_or(u64::MAX);
        if ended.status.is_none() && ended.failure.is_empty() {
            ended.failure = "no answer".to_owned();
        }
        self.sandbox.with(|state| {
            let place = state.wire.partition_point(|before| before.number < ended.number);
            state.wire.insert(place, ended.clone());
            while state.wire.len() > KEPT {
                state.wire.pop_front();
            }
            // Nobody may be watching.
            let _ = state.wire_tap.send(ended);
        });
    }
}

/// What Slack asks the app, as far as its body and headers tell.
pub(super) fn asked(path: &str, headers: &[(String, String)], body: &str) -> Exchange {
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    Exchange {
        number: 0,
        at: Instant::default(),
        to_app: true,
        what: path.to_owned(),
        about: about_body(body),
        signature: header("x-slack-signature").cloned(),
        status: None,
        failure: String::new(),
        millis: 0,
        retry_num: header("x-slack-retry-num")
            .and_then(|num| num.parse().ok())
            .unwrap_or(0),
    }
}

/// The command as it arrives, the event's type, or the label of what was clicked.
fn about_body(body: &str) -> String {
    if let Ok(json) = serde_json::from_str::<Value>(body) {
        let kind = json.pointer("/event/type").or_else(|| json.get("type"));
        return kind.and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let form: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    if let Some(command) = field("command") {
        return format!("{command} {}", field("text").unwrap_or_default())
            .trim_end()
            .to_owned();
    }
    let payload: Value = field("payload")
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    ["/actions/0/text/text", "/actions/0/action_id", "/type"]
        .into_iter()
        .find_map(|place| payload.pointer(place)?.as_str())
        .unwrap_or_default()
        .to_owned()
}

/// What the app asks Slack: the method, and the place or person that it is about.
pub(super) fn called(sandbox: &Sandbox, method: &str, args: &Value) -> Exchange {
    let argument = |name: &str| args[name].as_str();
    let about = if let Some(channel) = argument("channel") {
        sandbox.place_of(&channel.into())
    } else if let Some(user) = argument("user").or_else(|| argument("users")) {
        sandbox.name_of(&user.into())
    } else {
        String::new()
    };
    Exchange {
        number: 0,
        at: Instant::default(),
        to_app: false,
        what: method.to_owned(),
        about,
        signature: None,
        status: None,
        failure: String::new(),
        millis: 0,
        retry_num: 0,
    }
}
