//! What screen readers hear: Slack reads them a message's `text` in place of its blocks.

use std::collections::BTreeSet;

use serde_json::Value;

/// Fails if a message says something in its blocks that stands nowhere in its text; what Slack has no room for is cut
/// with `…`.
pub fn whole(message: &Value) {
    let text = message["text"].as_str().unwrap_or_default();
    if text.ends_with('…') && text.len() > 3_000 {
        return;
    }
    let text = words(text);
    let mut shown = Vec::new();
    for block in message["blocks"].as_array().into_iter().flatten() {
        said(block, &mut shown);
    }
    for part in shown {
        let missing: Vec<_> = words(&part).difference(&text).cloned().collect();
        assert!(missing.is_empty(), "{missing:?} can be seen and not heard: {message:#}");
    }
}

/// What a block says by itself; what its buttons say is read to everybody.
fn said(block: &Value, shown: &mut Vec<String>) {
    let text = |value: &Value| value["text"].as_str().map(str::to_owned);
    match block["type"].as_str() {
        Some("section" | "header") => {
            shown.extend(text(&block["text"]));
            shown.extend(block["fields"].as_array().into_iter().flatten().filter_map(text));
        }
        Some("context") => shown.extend(block["elements"].as_array().into_iter().flatten().filter_map(text)),
        _ => {}
    }
}

/// The words of a text, without marks, emoji and addresses.
fn words(text: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        let (inside, after) = rest[at + 1..].split_once('>').unwrap_or((&rest[at + 1..], ""));
        // A link's label, a mention's id.
        plain.push_str(inside.rsplit('|').next().unwrap_or(inside));
        rest = after;
    }
    plain.push_str(rest);
    plain
        .split_whitespace()
        .filter(|word| !(word.starts_with(':') && word.ends_with(':')))
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}
