//! What can come of a call to Slack, sorted by what one does about it.

use std::time::Duration;

/// A failed call. Carries Slack's code, never a token, a URL or a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// HTTP 429, or `ratelimited`: this method must rest in this workspace.
    #[error("rate-limited for {} s", retry_after.as_secs())]
    RateLimited {
        /// How long, as Slack asked; a minute where it did not say.
        retry_after: Duration,
    },
    /// The same call may succeed later.
    #[error("{why}")]
    Retryable {
        /// What went wrong.
        why: Why,
    },
    /// The same call would fail again.
    #[error("{code}{}", needed.as_ref().map(|scope| format!(" (needs {scope})")).unwrap_or_default())]
    Permanent {
        /// Slack's `error`; `http_…` or [`ApiError::URL_REFUSED`] for an answer to a `response_url`.
        code: String,
        /// The scope that `missing_scope` asks for; several are separated by commas.
        needed: Option<String>,
    },
}

/// Why a call may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// No connection: nothing was sent.
    #[error("no connection to Slack")]
    Unreachable,
    /// No complete answer before the deadline.
    #[error("no answer from Slack in time")]
    Timeout,
    /// The connection broke after something may have been sent.
    #[error("the connection to Slack broke")]
    Interrupted,
    /// An HTTP status that is no answer of the Web API.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The answer is no JSON, or only the beginning of one.
    #[error("the answer is no JSON")]
    NotJson,
    /// JSON, but not what this method answers.
    #[error("the answer has an unknown shape")]
    Shape,
    /// A code that Slack documents as passing, such as `internal_error`.
    #[error("{0}")]
    Slack(String),
}

/// Codes that Slack documents as passing (docs.slack.dev, every method's page).
const PASSING: &[&str] = &[
    "fatal_error",
    "internal_error",
    "org_login_required",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
];

/// Codes after which no call with this token can succeed.
const DEAD_TOKEN: &[&str] = &[
    "account_inactive",
    "invalid_auth",
    "not_authed",
    "token_expired",
    "token_revoked",
];

impl ApiError {
    /// Code of [`ApiError::Permanent`] for a `response_url` that does not lead to Slack; nothing was sent.
    pub const URL_REFUSED: &str = "response_url_refused";

    /// The error for `ok: false` with this `error`, `needed` and Retry-After.
    pub(super) fn from_slack(code: &str, needed: Option<&str>, retry_after: Duration) -> Self {
        if matches!(code, "ratelimited" | "rate_limited") {
            Self::RateLimited { retry_after }
        } else if PASSING.contains(&code) {
            Why::Slack(code.to_owned()).into()
        } else {
            Self::Permanent {
                code: tame(code),
                needed: needed.map(tame),
            }
        }
    }

    pub(super) fn permanent(code: impl Into<String>) -> Self {
        Self::Permanent {
            code: code.into(),
            needed: None,
        }
    }

    /// Slack's code, where Slack gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::RateLimited { .. } => Some("ratelimited"),
            Self::Retryable { why: Why::Slack(code) } | Self::Permanent { code, .. } => Some(code),
            Self::Retryable { .. } => None,
        }
    }

    /// Whether the token is dead: nothing works until a steward installs the app again.
    pub fn is_dead_token(&self) -> bool {
        matches!(self, Self::Permanent { code, .. } if DEAD_TOKEN.contains(&code.as_str()))
    }

    /// Whether a trigger came too late or had opened something before. Slack's reference and guide name it differently.
    pub fn is_spent_trigger(&self) -> bool {
        matches!(
            self.code(),
            Some(
                "expired_trigger_id"
                    | "exchanged_trigger_id"
                    | "invalid_trigger_id"
                    | "trigger_expired"
                    | "trigger_exchanged"
                    | "invalid_arguments"
            )
        )
    }

    /// For `missing_scope`: the scope (or comma-separated scopes) asked for, empty where Slack did not say.
    pub fn missing_scope(&self) -> Option<&str> {
        match self {
            Self::Permanent { code, needed } if code == "missing_scope" => Some(needed.as_deref().unwrap_or_default()),
            _ => None,
        }
    }

    /// Whether Slack may have done what was asked, or a part of it, all the same: look before you post again.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Permanent { .. } => false,
            Self::Retryable { why } => match why {
                Why::Unreachable => false,
                Why::Timeout | Why::Interrupted | Why::NotJson | Why::Shape => true,
                Why::Status(status) => *status >= 500,
                // Slack: "It's possible some aspect of the operation succeeded before the error was raised."
                Why::Slack(code) => matches!(code.as_str(), "fatal_error" | "internal_error"),
            },
        }
    }
}

impl From<Why> for ApiError {
    fn from(why: Why) -> Self {
        Self::Retryable { why }
    }
}

/// Codes and scopes are short ASCII words; whatever else arrives in their place does not reach a log.
fn tame(word: &str) -> String {
    let fits = word.len() <= 200 && word.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && !word.is_empty() { word } else { "unknown" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(code: &str) -> ApiError {
        ApiError::from_slack(code, None, Duration::from_secs(7))
    }

    #[test]
    fn codes_are_sorted_by_what_one_does_about_them() {
        for code in ["ratelimited", "rate_limited"] {
            let retry_after = Duration::from_secs(7);
            assert_eq!(from(code), ApiError::RateLimited { retry_after });
        }
        for code in PASSING {
            assert!(matches!(from(code), ApiError::Retryable { .. }), "{code}");
            assert_eq!(from(code).code(), Some(*code));
        }
        for code in DEAD_TOKEN {
            assert!(from(code).is_dead_token(), "{code}");
        }
        let gone = from("channel_not_found");
        assert_eq!(
            (gone.code(), gone.is_dead_token(), gone.missing_scope()),
            (Some("channel_not_found"), false, None)
        );
    }

    #[test]
    fn a_missing_scope_is_named() {
        let error = ApiError::from_slack("missing_scope", Some("channels:read,groups:read"), Duration::ZERO);
        assert_eq!(error.missing_scope(), Some("channels:read,groups:read"));
        assert_eq!(error.to_string(), "missing_scope (needs channels:read,groups:read)");
        assert_eq!(from("missing_scope").missing_scope(), Some(""));
    }

    #[test]
    fn only_what_reached_slack_may_have_happened() {
        assert!(!ApiError::from(Why::Unreachable).may_have_happened());
        assert!(!ApiError::from(Why::Status(404)).may_have_happened());
        assert!(!from("service_unavailable").may_have_happened());
        assert!(!from("channel_not_found").may_have_happened());
        for why in [
            Why::Timeout,
            Why::Interrupted,
            Why::NotJson,
            Why::Shape,
            Why::Status(502),
        ] {
            assert!(ApiError::from(why.clone()).may_have_happened(), "{why}");
        }
        assert!(from("fatal_error").may_have_happened());
    }

    #[test]
    fn what_is_no_code_is_not_repeated() {
        assert_eq!(from("Dana said hello").code(), Some("unknown"));
    }
}
