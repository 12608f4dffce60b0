//! The one way in: raw bytes, signature, typed input. A route that takes [`Signed`] can't forget the check.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::app::App;
use crate::base::clock::deadline;
use crate::slack::inbound::{
    CommandRequest, EventRequest, InboundError, Interaction, parse_command, parse_event, parse_interaction,
};
use crate::slack::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, verify};

/// The largest body that is read. Slack's largest (a view with 250 kB) fits four times.
const BODY_LIMIT: usize = 1024 * 1024;

/// The field that makes a request harmless. Looked for first: reading every command twice is dear.
const SSL_CHECK: &[u8] = b"ssl_check";

/// Something that Slack sends to one of the doors.
pub(super) trait Inbound: Sized {
    fn parse(body: &[u8]) -> Result<Self, InboundError>;

    /// What is answered without a signature, because it does nothing.
    fn harmless(_body: &[u8]) -> Option<Self> {
        None
    }
}

impl Inbound for CommandRequest {
    fn parse(body: &[u8]) -> Result<Self, InboundError> {
        parse_command(body)
    }

    /// Slack's `ssl_check` may come unsigned; every other field of such a request is thrown away.
    fn harmless(body: &[u8]) -> Option<Self> {
        let says_so = body.windows(SSL_CHECK.len()).any(|part| part == SSL_CHECK);
        (says_so && matches!(parse_command(body), Ok(Self::SslCheck))).then_some(Self::SslCheck)
    }
}

impl Inbound for EventRequest {
    fn parse(body: &[u8]) -> Result<Self, InboundError> {
        parse_event(body)
    }
}

impl Inbound for Interaction {
    fn parse(body: &[u8]) -> Result<Self, InboundError> {
        parse_interaction(body)
    }
}

/// A request that Slack signed, read. Otherwise 401 (signature), 413 (over 1 MiB), 408 (too slow) or 400 (unreadable),
/// each with an empty body. With it comes until when it is to be answered: that counts from its first byte.
pub(super) struct Signed<T>(pub T, pub Instant);

impl<T: Inbound> FromRequest<Arc<App>> for Signed<T> {
    type Rejection = StatusCode;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, StatusCode> {
        let answer_by = deadline(app.deadlines.answer);
        let (parts, body) = request.into_parts();
        let read = tokio::time::timeout(app.deadlines.body, to_bytes(body, BODY_LIMIT));
        let body: Bytes = match read.await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return Err(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return Err(StatusCode::REQUEST_TIMEOUT),
        };
        if let Some(harmless) = T::harmless(&body) {
            return Ok(Self(harmless, answer_by));
        }
        let checked = verify(
            &app.secrets,
            header(&parts.headers, TIMESTAMP_HEADER),
            header(&parts.headers, SIGNATURE_HEADER),
            &body,
            app.ctx.clock.now(),
        );
        if let Err(error) = checked {
            tracing::warn!(%error, path = parts.uri.path(), "a request was refused");
            return Err(StatusCode::UNAUTHORIZED);
        }
        T::parse(&body).map(|read| Self(read, answer_by)).map_err(|error| {
            tracing::warn!(%error, path = parts.uri.path(), "a signed request could not be read");
            StatusCode::BAD_REQUEST
        })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
