//! Slack's text markup (mrkdwn): reading what people typed, and writing text that can't turn into markup.
//!
//! Source: Slack's documentation, "Formatting message text": only `&`, `<` and `>` are escaped; everything special
//! stands between `<` and `>`.

use crate::base::ids::{ChannelId, GroupId, UserId};

/// One piece of a text as Slack sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Words, entities decoded. Malformed markup is words too.
    Text(String),
    /// `<@U…>`, `<@W…|label>`.
    User {
        /// Who is mentioned.
        id: UserId,
        /// The name after `|`, when Slack sent one.
        label: Option<String>,
    },
    /// `<#C…>`, `<#C…|name>`, and `<C…|name>` as some pages of Slack's documentation print it.
    Channel {
        /// Which channel.
        id: ChannelId,
        /// The name after `|`; empty for a private channel, none when Slack sent no `|`.
        label: Option<String>,
    },
    /// `<!subteam^S…>`, `<!subteam^S…|@handle>`.
    Group {
        /// Which user group.
        id: GroupId,
        /// The handle without `@`, when Slack sent one.
        handle: Option<String>,
    },
    /// `<!here>`, `<!channel>`, `<!everyone>`.
    Broadcast(Broadcast),
    /// `<!date^…|fallback>`.
    Date {
        /// What Slack shows where it can't format the date.
        fallback: String,
    },
    /// `<mailto:…>`: the address.
    Email(String),
    /// `<tel:…>`: the number.
    Phone(String),
    /// `<https://…|label>`.
    Link {
        /// The address, entities decoded.
        url: String,
        /// What is shown instead, when it is given.
        label: Option<String>,
    },
}

/// A mention of many people at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Broadcast {
    /// `@here`: those who are online.
    Here,
    /// `@channel`: everyone in the channel.
    Channel,
    /// `@everyone`: everyone in the workspace.
    Everyone,
}

impl Broadcast {
    /// By its name without `@`, in lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "here" => Some(Self::Here),
            "channel" => Some(Self::Channel),
            "everyone" => Some(Self::Everyone),
            _ => None,
        }
    }

    /// Its name without `@`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Channel => "channel",
            Self::Everyone => "everyone",
        }
    }
}

/// Splits a text as Slack sends it. Nothing is lost: what isn't well-formed markup stays text. Neighbouring texts are
/// one token, and no text is empty.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut words = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        words.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        let token = inside
            .find(['>', '<', '\n'])
            .filter(|&close| inside[close..].starts_with('>'))
            .and_then(|close| Some((token(&inside[..close])?, &inside[close + 1..])));
        match token {
            Some((token, after)) => {
                if !words.is_empty() {
                    found.push(Token::Text(unescape(&std::mem::take(&mut words))));
                }
                found.push(token);
                rest = after;
            }
            None => {
                words.push('<');
                rest = inside;
            }
        }
    }
    words.push_str(rest);
    if !words.is_empty() {
        found.push(Token::Text(unescape(&words)));
    }
    found
}

/// What stands between `<` and `>`.
fn token(inside: &str) -> Option<Token> {
    let (head, label) = match inside.split_once('|') {
        Some((head, label)) => (head, Some(unescape(label))),
        None => (inside, None),
    };
    if let Some(id) = head.strip_prefix('@') {
        return is_id(id, &['U', 'W']).then(|| Token::User { id: id.into(), label });
    }
    if let Some(id) = head.strip_prefix('#') {
        return is_id(id, &['C', 'G', 'D']).then(|| Token::Channel { id: id.into(), label });
    }
    if let Some(special) = head.strip_prefix('!') {
        if let Some(id) = special.strip_prefix("subteam^") {
            let handle = label.map(|label| label.strip_prefix('@').unwrap_or(&label).to_owned());
            let handle = handle.filter(|handle| !handle.is_empty());
            return is_id(id, &['S']).then(|| Token::Group { id: id.into(), handle });
        }
        if special.starts_with("date^") {
            return label.map(|fallback| Token::Date { fallback });
        }
        return Broadcast::from_name(special).map(Token::Broadcast);
    }
    if label.is_some() && is_id(head, &['C', 'G', 'D']) {
        return Some(Token::Channel { id: head.into(), label });
    }
    let (scheme, address) = head.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !is_scheme || address.is_empty() || head.contains(char::is_whitespace) && scheme != "tel" {
        return None;
    }
    Some(match scheme.to_ascii_lowercase().as_str() {
        "mailto" => Token::Email(unescape(address)),
        "tel" => Token::Phone(unescape(address)),
        _ => Token::Link {
            url: unescape(head),
            label: label.filter(|label| !label.is_empty()),
        },
    })
}

fn is_id(id: &str, first: &[char]) -> bool {
    id.len() > 1 && id.starts_with(first) && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// Text that shows as it is: `&`, `<` and `>` as entities, nothing else. It can't form a mention or a link between
/// `<` and `>`; blocks must also set `verbatim`, or Slack links a plain `@here` itself.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The opposite of [`escape`]; other entities stay as they are.
pub fn unescape(text: &str) -> String {
    // `&amp;` last, or `&amp;lt;` would become `<`.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// People's words as a quotation: escaped, each line after `> `.
pub fn quote(text: &str) -> String {
    text.lines()
        .map(|line| format!("> {}", escape(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A name in bold, on one line. What could end the bold or start other formatting is left out of the name.
pub fn bold(name: &str) -> String {
    let name = plain_name(name);
    if name.is_empty() { name } else { format!("*{name}*") }
}

/// A name as it may stand in any mrkdwn: escaped, on one line, with no character that formats. `_` and `~` inside a
/// word don't format and stay.
pub fn plain_name(name: &str) -> String {
    let letters: Vec<char> = name
        .chars()
        .map(|c| match c {
            '`' => '\'',
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
            c => c,
        })
        // Directional overrides would turn around what stands after the name.
        .filter(|c| !matches!(c, '*' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .collect();
    let is_letter = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphanumeric());
    let kept: String = letters
        .iter()
        .enumerate()
        .filter(|&(at, c)| !matches!(c, '_' | '~') || is_letter(at.checked_sub(1)) && is_letter(Some(at + 1)))
        .map(|(_, c)| c)
        .collect();
    escape(&kept.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A mention, which notifies: `<@U…>`.
pub fn user(id: &UserId) -> String {
    format!("<@{id}>")
}

/// A channel's name as a link: `<#C…>`.
pub fn channel(id: &ChannelId) -> String {
    format!("<#{id}>")
}

/// A link to a web page. Only `http` and `https`; of any other address the label alone is written.
pub fn link(url: &str, label: &str) -> String {
    let label = plain_name(label);
    let is_web = ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if !is_web {
        return label;
    }
    // `|` would start the label.
    let url: String = url.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let url = escape(&url.replace('|', "%7C"));
    if label.is_empty() {
        format!("<{url}>")
    } else {
        format!("<{url}|{label}>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Token {
        Token::Text(text.to_owned())
    }

    #[test]
    fn every_form_of_markup_is_read() {
        let some = |text: &str| Some(text.to_owned());
        let cases: &[(&str, Token)] = &[
            (
                "<@U0LEE>",
                Token::User {
                    id: "U0LEE".into(),
                    label: None,
                },
            ),
            (
                "<@U0DANA|dana>",
                Token::User {
                    id: "U0DANA".into(),
                    label: some("dana"),
                },
            ),
            (
                "<@W0DANA>",
                Token::User {
                    id: "W0DANA".into(),
                    label: None,
                },
            ),
            (
                "<#C0CALM|calm>",
                Token::Channel {
                    id: "C0CALM".into(),
                    label: some("calm"),
                },
            ),
            (
                "<C0CALM|calm>",
                Token::Channel {
                    id: "C0CALM".into(),
                    label: some("calm"),
                },
            ),
            (
                "<#C0CALM|>",
                Token::Channel {
                    id: "C0CALM".into(),
                    label: some(""),
                },
            ),
            (
                "<#C0CALM>",
                Token::Channel {
                    id: "C0CALM".into(),
                    label: None,
                },
            ),
            (
                "<!subteam^S0EMEA|@emea>",
                Token::Group {
                    id: "S0EMEA".into(),
                    handle: some("emea"),
                },
            ),
            (
                "<!subteam^S0EMEA>",
                Token::Group {
                    id: "S0EMEA".into(),
                    handle: None,
                },
            ),
            ("<!here|here>", Token::Broadcast(Broadcast::Here)),
            ("<!channel>", Token::Broadcast(Broadcast::Channel)),
            ("<!everyone>", Token::Broadcast(Broadcast::Everyone)),
            (
                "<!date^1392734382^{date_num}|18 Feb>",
                Token::Date {
                    fallback: "18 Feb".to_owned(),
                },
            ),
            (
                "<mailto:dana@example.com|dana@example.com>",
                Token::Email("dana@example.com".to_owned()),
            ),
            ("<tel:+49 30 1234567|call>", Token::Phone("+49 30 1234567".to_owned())),
            (
                "<https://example.com/?a=1&amp;b=2|the &lt;page&gt;>",
                Token::Link {
                    url: "https://example.com/?a=1&b=2".to_owned(),
                    label: some("the <page>"),
                },
            ),
        ];
        for (text, token) in cases {
            assert_eq!(tokens(text), std::slice::from_ref(token), "{text}");
        }
    }

    #[test]
    fn what_is_malformed_stays_text() {
        for text in [
            "<@",
            "<>",
            "<@>",
            "<@u1>",
            "a < b > c",
            "<!foo>",
            "<!date^1>",
            "<#X1|x>",
            "<@U1\n>",
            "<C0CALM>",
            "|>",
        ] {
            assert_eq!(tokens(text), [words(text)]);
        }
        assert_eq!(
            tokens("<<@U1>"),
            [
                words("<"),
                Token::User {
                    id: "U1".into(),
                    label: None
                }
            ]
        );
        assert_eq!(tokens("&lt;!here&gt; &amp;lt;"), [words("<!here> &lt;")]);
        assert_eq!(tokens(""), []);
    }

    #[test]
    fn names_stay_inside_their_bold() {
        for (name, written) in [
            ("Dana Kim", "*Dana Kim*"),
            ("*Dana* _Kim_ ~x~", "*Dana Kim x*"),
            ("dana_kim", "*dana_kim*"),
            ("Jon O`Berg\n<!here>", "*Jon O'Berg &lt;!here&gt;*"),
            ("\u{202E}Lee", "*Lee*"),
            (" * ", ""),
        ] {
            assert_eq!(bold(name), written);
        }
    }

    #[test]
    fn text_from_people_never_becomes_markup() {
        assert_eq!(
            quote("one <!channel>\n\ntwo & three"),
            "> one &lt;!channel&gt;\n> \n> two &amp; three"
        );
        assert_eq!(unescape(&escape("<&amp;>")), "<&amp;>");
        assert_eq!(
            link("https://example.com/a|b>c", "See *it*"),
            "<https://example.com/a%7Cb&gt;c|See it>"
        );
        assert_eq!(link("javascript:alert(1)", "here"), "here");
        assert_eq!(
            format!("{} {}", user(&"U1".into()), channel(&"C1".into())),
            "<@U1> <#C1>"
        );
    }
}
