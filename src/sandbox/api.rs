//! One call of the Web API: the token, the method, the answer.

use serde_json::{Map, Value, json};

use super::Fault;
use super::args::Args;
use super::methods::{Spec, Turn};
use super::server::{Reply, limited};
use super::state::State;
use crate::base::clock::Instant;

pub(super) fn unknown(state: &mut State, method: &str) -> Reply {
    state.note(format!("{method}: a method that the sandbox does not play"));
    Reply::json(
        200,
        json!({ "ok": false, "error": "unknown_method", "req_method": method }),
    )
}

pub(super) fn call(state: &mut State, spec: &Spec, args: &Args, now: Instant) -> Reply {
    for odd in &args.odd {
        state.note(format!("{}: {odd}", spec.name));
    }
    let unauthorised = match args.token.as_deref() {
        None | Some("") => Some("not_authed"),
        Some(token) if token != state.token => Some("invalid_auth"),
        Some(_) if state.token_revoked => Some("token_revoked"),
        Some(_) => args.refusal,
    };
    if let Some(error) = unauthorised {
        return Reply::json(200, json!({ "ok": false, "error": error }));
    }
    let scopes: Vec<String> = state.scopes.iter().cloned().collect();
    let mut body = Map::new();
    match spec.serve(&mut Turn { state, args, now }) {
        Ok(answer) => {
            body.insert("ok".to_owned(), json!(true));
            body.extend(answer.as_object().cloned().unwrap_or_default());
        }
        Err(refusal) => {
            if let Some(seconds) = refusal.retry_after {
                return limited(seconds);
            }
            body.insert("ok".to_owned(), json!(false));
            body.insert("error".to_owned(), json!(refusal.error));
            body.extend(refusal.extra);
        }
    }
    let own = body.get("warning").and_then(Value::as_str).map(str::to_owned);
    let warnings: Vec<String> = args
        .warnings
        .iter()
        .map(|warning| (*warning).to_owned())
        .chain(own)
        .collect();
    if !warnings.is_empty() {
        body.insert("warning".to_owned(), json!(warnings.join(",")));
        let metadata = body.entry("response_metadata").or_insert_with(|| json!({}));
        metadata["warnings"] = json!(warnings);
    }
    let mut reply = Reply::json(200, Value::Object(body));
    reply.headers.push(("x-oauth-scopes", scopes.join(",")));
    reply
}

impl State {
    /// The fault that the next call of `method` meets; a fault for `*` after those of the method's own.
    pub(super) fn take_fault(&mut self, method: &str) -> Option<Fault> {
        if self.down {
            return Some(Fault::Drop);
        }
        let find = |name: &str| {
            self.faults
                .iter()
                .position(|(of, _, left)| of == name && *left != Some(0))
        };
        let place = find(method).or_else(|| find("*"))?;
        let (_, fault, left) = &mut self.faults[place];
        let fault = fault.clone();
        if let Some(left) = left {
            *left -= 1;
        }
        self.faults.retain(|(_, _, left)| *left != Some(0));
        Some(fault)
    }
}
