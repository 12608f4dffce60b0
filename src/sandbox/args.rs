//! A call's arguments, read as Slack reads them: JSON only where a method takes it, forms with JSON as text.

use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value};

use super::methods::Spec;

/// The arguments of one call, and what was odd about how they came.
#[derive(Debug, Default)]
pub(super) struct Args {
    map: Map<String, Value>,
    /// The token found in the header or the form.
    pub token: Option<String>,
    /// Slack's warnings, such as `missing_charset`.
    pub warnings: Vec<&'static str>,
    /// A refusal that comes before the method looks at anything.
    pub refusal: Option<&'static str>,
    /// What no careful app sends.
    pub odd: Vec<String>,
}

impl Args {
    pub(super) fn read(spec: &Spec, verb: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut args = Self::default();
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or("")
            .to_lowercase();
        if let Some(query) = uri.query() {
            if verb == Method::GET {
                args.form(query.as_bytes());
            } else {
                args.odd.push("arguments in the query string of a POST".to_owned());
            }
            if args.map.contains_key("token") {
                args.odd.push("the token in the query string".to_owned());
                args.map.remove("token");
            }
        }
        if kind.starts_with("application/json") {
            if spec.takes_json {
                args.json(body);
                if !kind.contains("charset") {
                    args.warnings.push("missing_charset");
                    args.odd.push("JSON without a charset".to_owned());
                }
            } else {
                args.odd.push("JSON to a method that takes forms only".to_owned());
            }
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            args.form(body);
            args.token = args
                .map
                .remove("token")
                .and_then(|token| token.as_str().map(str::to_owned));
        } else if !body.is_empty() {
            args.refusal = Some("invalid_post_type");
            args.odd.push(format!("a body of the type {kind:?}"));
        }
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            args.token = Some(token.to_owned());
        }
        let unknown = args.map.keys().filter(|key| !spec.args.contains(&key.as_str()));
        args.odd.extend(
            unknown
                .map(|key| format!("an argument that does not exist: {key}"))
                .collect::<Vec<_>>(),
        );
        args
    }

    /// A body that is always JSON: what is sent to a response_url.
    pub(super) fn of_json(body: &[u8]) -> Self {
        let mut args = Self::default();
        args.json(body);
        args
    }

    fn json(&mut self, body: &[u8]) {
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => {
                self.map = map;
                if self.map.remove("token").is_some() {
                    self.odd.push("the token in the JSON body".to_owned());
                }
            }
            Ok(_) => self.wrong("json_not_object"),
            Err(_) => self.wrong("invalid_json"),
        }
    }

    fn wrong(&mut self, error: &'static str) {
        self.refusal = Some(error);
        self.odd.push(error.to_owned());
    }

    fn form(&mut self, body: &[u8]) {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
        self.map
            .extend(pairs.into_iter().map(|(key, value)| (key, Value::String(value))));
    }

    /// The arguments for the record: JSON given as text is shown parsed.
    pub(super) fn record(&self) -> Value {
        let shown = |(key, value): (&String, &Value)| match key.as_str() {
            "blocks" | "metadata" | "attachments" | "view" | "files" => (
                key.clone(),
                self.structure(key).ok().flatten().unwrap_or_else(|| value.clone()),
            ),
            _ => (key.clone(), value.clone()),
        };
        Value::Object(self.map.iter().map(shown).collect())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// A text argument; an explicit null, an empty text and an absent argument are the same.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.map
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        match self.map.get(key) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "1"),
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<usize> {
        match self.map.get(key)? {
            Value::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// An array or object, given as such or as JSON in a text; `Err` when that text is not JSON.
    pub(super) fn structure(&self, key: &str) -> Result<Option<Value>, serde_json::Error> {
        match self.map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}
