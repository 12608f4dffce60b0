//! What stands after `/kudos top`.

use crate::base::calendar::Unit;
use crate::base::text::fold;
use crate::kudos::Ranked;
use crate::slack::mrkdwn::{Token, tokens};

/// Which board somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How long a period.
    pub unit: Unit,
    /// What it ranks by.
    pub ranked: Ranked,
    /// Only what was given for this value, without `#`, as typed.
    pub value: Option<String>,
}

fn unit(word: &str) -> Option<Unit> {
    match word {
        "week" => Some(Unit::Week),
        "month" => Some(Unit::Month),
        "quarter" => Some(Unit::Quarter),
        "year" => Some(Unit::Year),
        "all" => Some(Unit::All),
        _ => None,
    }
}

/// Reads `top [week|month|quarter|year|all] [givers|received|customers] [#value]`, in any order, each at most once.
/// `None` where anything else stands there, too: that is a kudos (`top work @dana`).
pub fn read(text: &str) -> Option<Asked> {
    let mut words = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Text(text) => words.extend(text.split_whitespace().map(str::to_owned)),
            // A channel of that name.
            Token::Channel { label: Some(label), .. } => words.push(format!("#{label}")),
            _ => return None,
        }
    }
    let mut words = words.into_iter();
    let first = words.next()?;
    if fold(first.trim_end_matches(['?', '!', '.'])) != "top" {
        return None;
    }
    let (mut unit_asked, mut ranked, mut value) = (None, None, None);
    for word in words {
        let word = word.trim_end_matches(['?', '!', '.', ',']);
        let is_new = if let Some(name) = word.strip_prefix('#').filter(|name| !name.is_empty()) {
            value.replace(name.to_owned()).is_none()
        } else if let Some(asked) = unit(&fold(word)) {
            unit_asked.replace(asked).is_none()
        } else if let Some(asked) = Ranked::from_name(&fold(word)) {
            ranked.replace(asked).is_none()
        } else {
            return None;
        };
        if !is_new {
            return None;
        }
    }
    Some(Asked {
        unit: unit_asked.unwrap_or(Unit::Month),
        ranked: ranked.unwrap_or(Ranked::Givers),
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        read(text).map_or_else(
            || "a kudos".to_owned(),
            |asked| {
                format!(
                    "{:?} {:?} {}",
                    asked.unit,
                    asked.ranked,
                    asked.value.unwrap_or_default()
                )
            },
        )
    }

    #[test]
    fn top_is_a_board_only_if_the_rest_fits() {
        for (text, expected) in [
            ("top", "Month Givers "),
            ("Top!", "Month Givers "),
            ("top year", "Year Givers "),
            ("top received week", "Week Received "),
            ("top customers all", "All Customers "),
            ("top #calm quarter received", "Quarter Received calm"),
            ("top <#C1|teamwork>", "Month Givers teamwork"),
            ("  TOP  Month  Givers ", "Month Givers "),
            ("top work @dana", "a kudos"),
            ("top week work", "a kudos"),
            ("top <@U1>", "a kudos"),
            ("top week month", "a kudos"),
            ("top #calm #care", "a kudos"),
            ("top #", "a kudos"),
            ("topmost", "a kudos"),
            ("on top", "a kudos"),
            ("<@U1> top", "a kudos"),
            ("", "a kudos"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_left_alone(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "top", "week", "month", "quarter", "year", "all", "givers", "received", "customers", "#calm", "<#C1|calm>",
                    "<#C1|>", "<@U1>", "@dana", "for", "work", "#", "<", "&amp;", "\u{202e}", "👏🏽",
                ]),
                0..6,
            ),
            text in ".{0,40}",
        ) {
            let typed = words.join(" ");
            let fits = |word: &&str| unit(word).is_some() || Ranked::from_name(word).is_some() || word.starts_with("#c")
                || word.starts_with("<#C1|c");
            if let Some(asked) = read(&typed) {
                prop_assert_eq!(words[0], "top");
                prop_assert!(words[1..].iter().all(fits));
                prop_assert_eq!(asked.value.is_some(), words.iter().any(|word| word.contains("calm")));
            }
            let _ = read(&text);
        }
    }
}
