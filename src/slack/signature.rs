//! Request signatures: who is at the door is Slack, and says it now.
//!
//! Source: docs.slack.dev/authentication/verifying-requests-from-slack.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::base::clock::Instant;
use crate::slack::limits::SIGNATURE_AGE_SECONDS;

/// Header with the signature, `v0=` and 64 lower-case hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "x-slack-signature";
/// Header with the instant of signing, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";

/// Why a request is not taken for Slack's. Web answers 401 to every one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is absent.
    #[error("the request is not signed")]
    Missing,
    /// A header does not have Slack's form, or the signature is of another version than `v0`.
    #[error("the signature or its timestamp is malformed")]
    Malformed,
    /// Signed more than 300 s ago, or for more than 300 s from now: a replay, or one of the two clocks is wrong.
    #[error("the request was signed {seconds_off} s away from now")]
    Stale {
        /// Distance between the timestamp and now, in seconds.
        seconds_off: u64,
    },
    /// Signed with none of our secrets, or changed on its way.
    #[error("the signature does not match")]
    Wrong,
}

/// The signature that Slack would send: `v0=` and hexadecimal HMAC-SHA256 of `v0:timestamp:body`.
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    format!(
        "v0={}",
        hex::encode(mac(secret, timestamp, body).finalize().into_bytes())
    )
}

/// Checks `body` (the bytes as received) against both headers and every secret; an empty secret matches nothing.
///
/// Compares in constant time. The timestamp may be 300 s away from `now`, not 301.
///
/// # Errors
/// See [`SignatureError`]; never says what was expected.
pub fn verify(
    secrets: &[SecretString],
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now: Instant,
) -> Result<(), SignatureError> {
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
        return Err(SignatureError::Missing);
    };
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::Malformed);
    }
    let signed_at: i64 = timestamp.parse().map_err(|_| SignatureError::Malformed)?;
    let given = signature
        .strip_prefix("v0=")
        .and_then(|digits| hex::decode(digits).ok())
        .filter(|bytes| bytes.len() == 32)
        .ok_or(SignatureError::Malformed)?;
    let seconds_off = now.seconds().abs_diff(signed_at);
    if seconds_off > SIGNATURE_AGE_SECONDS {
        return Err(SignatureError::Stale { seconds_off });
    }
    // Every secret is tried, so that the time taken does not tell which one matched.
    let matches = secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| !secret.is_empty())
        .fold(false, |found, secret| {
            found | mac(secret, timestamp, body).verify_slice(&given).is_ok()
        });
    if matches { Ok(()) } else { Err(SignatureError::Wrong) }
}

fn mac(secret: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length is allowed");
    for part in [b"v0:", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    mac
}
