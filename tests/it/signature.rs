//! Requests are Slack's only with Slack's signature, and only now.

use plaudit::base::clock::Instant;
use plaudit::slack::signature::{SignatureError, sign, verify};
use secrecy::SecretString;

/// The vector that Slack's documentation publishes.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const TIMESTAMP: &str = "1531420618";
const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
    &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
    https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=\
    398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

fn at(seconds: i64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

fn secrets(of: &[&str]) -> Vec<SecretString> {
    of.iter().map(|secret| SecretString::from(*secret)).collect()
}

fn check(timestamp: Option<&str>, signature: Option<&str>, body: &[u8], now: Instant) -> Result<(), SignatureError> {
    verify(&secrets(&[SECRET]), timestamp, signature, body, now)
}

#[test]
fn signs_like_slack() {
    assert_eq!(sign(SECRET, TIMESTAMP, BODY), SIGNATURE);
    assert_eq!(
        sign("secret", "1700000000", br#"{"foo":"bar"}"#),
        "v0=f2860e86f6b17d05bcfdb20ec88167a134d1c976d6e7b4cebf41266a4eb0909d"
    );
}

#[test]
fn takes_what_slack_signed_within_five_minutes_either_way() {
    let signed_at = 1_531_420_618;
    for off in [-300, 0, 300] {
        assert_eq!(
            check(Some(TIMESTAMP), Some(SIGNATURE), BODY, at(signed_at + off)),
            Ok(()),
            "{off}"
        );
    }
    for off in [-301, 301] {
        let stale = Err(SignatureError::Stale { seconds_off: 301 });
        assert_eq!(
            check(Some(TIMESTAMP), Some(SIGNATURE), BODY, at(signed_at + off)),
            stale,
            "{off}"
        );
    }
}

#[test]
fn tries_every_secret_and_never_an_empty_one() {
    let now = at(1_531_420_618);
    let with = |of: &[&str], signature: &str| verify(&secrets(of), Some(TIMESTAMP), Some(signature), BODY, now);
    assert_eq!(with(&["new", SECRET], SIGNATURE), Ok(()));
    assert_eq!(with(&[SECRET, "new"], SIGNATURE), Ok(()));
    assert_eq!(with(&["new"], SIGNATURE), Err(SignatureError::Wrong));
    assert_eq!(with(&[], SIGNATURE), Err(SignatureError::Wrong));
    assert_eq!(with(&[""], &sign("", TIMESTAMP, BODY)), Err(SignatureError::Wrong));
}

#[test]
fn refuses_what_is_changed_missing_or_malformed() {
    let now = at(1_531_420_618);
    let other_body = [BODY, b"&text=x"].concat();
    assert_eq!(
        check(Some(TIMESTAMP), Some(SIGNATURE), &other_body, now),
        Err(SignatureError::Wrong)
    );
    assert_eq!(
        check(Some("1531420619"), Some(SIGNATURE), BODY, now),
        Err(SignatureError::Wrong)
    );
    assert_eq!(check(None, Some(SIGNATURE), BODY, now), Err(SignatureError::Missing));
    assert_eq!(check(Some(TIMESTAMP), None, BODY, now), Err(SignatureError::Missing));
    for timestamp in ["", "now", "+1531420618", "-1", "1531420618.5", "99999999999999999999"] {
        assert_eq!(
            check(Some(timestamp), Some(SIGNATURE), BODY, now),
            Err(SignatureError::Malformed),
            "{timestamp}"
        );
    }
    let v1 = SIGNATURE.replace("v0", "v1");
    for signature in [
        "",
        "v0=",
        "v0=00",
        "v0=zz",
        v1.as_str(),
        &SIGNATURE[3..],
        &format!("{SIGNATURE}00"),
    ] {
        assert_eq!(
            check(Some(TIMESTAMP), Some(signature), BODY, now),
            Err(SignatureError::Malformed),
            "{signature}"
        );
    }
}

#[test]
fn an_error_never_tells_the_signature() {
    let error = check(
        Some(TIMESTAMP),
        Some(&sign("other", TIMESTAMP, BODY)),
        BODY,
        at(1_531_420_618),
    );
    assert!(!format!("{error:?}").contains("a2114d57"));
}
