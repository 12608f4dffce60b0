//! Text from people: folding, measuring, shortening, masking.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use regex::Regex;

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern written here is valid")
}

/// Invisible characters that must not make two names differ (Unicode: `Default_Ignorable_Code_Point`).
static IGNORABLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\p{Default_Ignorable_Code_Point}+"));
static PUNCTUATION: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{P}`~|^<>+=]+"));

/// What two spellings of one name have in common: Unicode NFKC and case folding, invisible characters dropped,
/// trimmed, white space collapsed to single spaces. Folding twice changes nothing.
pub fn fold(text: &str) -> String {
    // Of all these rules only that of case is about ASCII, and nearly everything that is folded is.
    if text.is_ascii() {
        return collapse(&text.to_ascii_lowercase());
    }
    fold_unicode(text)
}

fn fold_unicode(text: &str) -> String {
    let mut folded = text.to_owned();
    // Case folding can undo a normal form and the other way round; two rounds settle it (Unicode 3.13, D146).
    for _ in 0..2 {
        let visible = IGNORABLE.replace_all(&folded, "");
        let lower = CaseMapper::new().fold_string(&visible).into_owned();
        folded = ComposingNormalizer::new_nfkc().normalize(&lower).into_owned();
    }
    collapse(&folded)
}

/// What two sentences that say the same have in common: folded, punctuation and emphasis marks ignored.
pub fn normalised(text: &str) -> String {
    collapse(&PUNCTUATION.replace_all(&fold(text), " "))
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text without NUL and other control characters; line ends become `\n`, newlines and tabs stay.
/// (PostgreSQL refuses NUL in text.)
pub fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// How long a text is, in Unicode scalar values.
pub fn count(text: &str) -> usize {
    text.chars().count()
}

/// Whether the character belongs to a script that is written without spaces between words: Han, Hiragana, Katakana,
/// Thai, Lao, Khmer, Myanmar.
pub fn is_spaceless(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0xFF66..=0xFF9F | 0x20000..=0x3FFFF)
}

/// How many words a text has; in scripts without spaces, two characters count as one.
pub fn words(text: &str) -> usize {
    let words = text
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric));
    let spaceless = text.chars().filter(|&c| is_spaceless(c)).count();
    words.count().max(spaceless / 2)
}

/// Whether a reason is so short that more words would make it worth keeping: under 3 words, or under 6 characters in
/// scripts without spaces.
pub fn few_words(text: &str) -> bool {
    words(text) < 3
}

/// The text in at most `max` scalar values, cut at a word with `…`. Shorten before escaping, never after: a cut inside
/// `&amp;` would show.
pub fn shorten(text: &str, max: usize) -> String {
    if count(text) <= max {
        return text.to_owned();
    }
    if max == 0 {
        return String::new();
    }
    let kept: String = text.chars().take(max - 1).collect();
    let cut_inside_a_word = text.chars().nth(max - 1).is_some_and(|next| !next.is_whitespace());
    let at_a_word = match kept.rfind(char::is_whitespace) {
        // One very long word: rather a cut word than almost nothing.
        Some(space) if cut_inside_a_word && space * 2 >= kept.len() => &kept[..space],
        _ => &kept,
    };
    // A joiner or selector at the end would bind the "…" to half an emoji.
    let end = at_a_word.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '\u{200D}'));
    format!("{end}…")
}

/// `Dana`, `Dana and Mo`, `Ana, Dana and Mo`; nothing for nobody.
pub fn list_names(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The text with every `name` replaced that stands on its own (no letter or digit beside it), whatever its case; `None`
/// if there is none.
pub fn replace_name(text: &str, name: &str, with: &str) -> Option<String> {
    let wanted: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let (mut replaced, mut copied, mut at) = (String::new(), 0, 0);
    while at < letters.len() {
        let starts_a_word = at == 0 || !letters[at - 1].1.is_alphanumeric();
        match ends_at(&letters[at..], &wanted).filter(|_| starts_a_word && !wanted.is_empty()) {
            Some(length) if letters.get(at + length).is_none_or(|next| !next.1.is_alphanumeric()) => {
                replaced.push_str(&text[copied..letters[at].0]);
                replaced.push_str(with);
                at += length;
                copied = letters.get(at).map_or(text.len(), |next| next.0);
            }
            _ => at += 1,
        }
    }
    (copied > 0).then(|| replaced + &text[copied..])
}

/// After how many letters `wanted` (in lower case) has been said, if the text begins with it.
fn ends_at(letters: &[(usize, char)], wanted: &[char]) -> Option<usize> {
    let mut rest = wanted;
    for (n, (_, letter)) in letters.iter().enumerate() {
        if rest.is_empty() {
            return Some(n);
        }
        for lower in letter.to_lowercase() {
            rest = rest.strip_prefix(&[lower])?;
        }
    }
    rest.is_empty().then_some(letters.len())
}

/// A whole number with commas: `2,310`.
pub fn thousands(n: impl TryInto<i64>) -> String {
    let n: i64 = n.try_into().unwrap_or(i64::MAX);
    let digits = n.unsigned_abs().to_string();
    let mut written = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// What is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Masked {
    /// A payment card's number: 13 to 19 digits that pass the Luhn check.
    Card,
    /// An e-mail address.
    Email,
    /// A phone number: a leading `+` or `0` and 9 to 15 digits.
    Phone,
}

impl Masked {
    /// What stands in its place.
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Card => "[card number]",
            Self::Email => "[e-mail address]",
            Self::Phone => "[phone number]",
        }
    }
}

/// The text with card numbers, e-mail addresses and phone numbers replaced, and what was found. Masking twice changes
/// nothing. Order numbers after `#`, dates, times and amounts stay.
pub fn mask(text: &str) -> (String, BTreeSet<Masked>) {
    let mut masked = text.to_owned();
    let mut found = BTreeSet::new();
    // A replacement can uncover another one (it ends a URL, it splits a run of digits); each round removes characters
    // that only these three kinds need, so that this ends.
    loop {
        let mut changed = false;
        // Cards first: nothing of them may stay behind because their end looked like an address.
        for (kind, ranges) in [
            (Masked::Card, cards as fn(&str) -> Vec<Range<usize>>),
            (Masked::Email, emails),
            (Masked::Phone, phones),
        ] {
            let ranges = ranges(&masked);
            if ranges.is_empty() {
                continue;
            }
            let (mut rest, mut end) = (String::with_capacity(masked.len()), 0);
            for range in ranges {
                rest.push_str(&masked[end..range.start]);
                rest.push_str(kind.placeholder());
                end = range.end;
            }
            rest.push_str(&masked[end..]);
            masked = rest;
            found.insert(kind);
            changed = true;
        }
        if !changed {
            return (masked, found);
        }
    }
}

const EMAIL: &str = r"[\p{L}\p{N}][\p{L}\p{N}\p{M}._%+'-]*@[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*\.)+[\p{L}\p{M}][\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}]";
const URL: &str = r"(?i:\b(?:https?|ftp)://[^\s<>]+)";
static EMAILS: LazyLock<Regex> = LazyLock::new(|| pattern(EMAIL));
static URLS: LazyLock<Regex> = LazyLock::new(|| pattern(URL));
static ADDRESSES: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("{URL}|{EMAIL}")));
/// Digits in groups, as cards are written. Full-width digits too, as Japanese keyboards make them.
static DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"[0-9０-９]+(?:[ \u{A0}\u{202F}.\-‐‑–]{1,2}[0-9０-９]+)*"));
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:19|20)[0-9]{2}([./-])[0-9]{1,2}[./-][0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:19|20)[0-9]{2}")
});

fn emails(text: &str) -> Vec<Range<usize>> {
    EMAILS.find_iter(text).map(|found| found.range()).collect()
}

/// Where e-mail addresses and URLs stand that are written out, in bytes, in order and without overlap.
pub fn addresses(text: &str) -> Vec<Range<usize>> {
    ADDRESSES.find_iter(text).map(|found| found.range()).collect()
}

/// The range of a list such as [`addresses`] gives that `at` is in.
pub fn range_at(ranges: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let next = ranges.partition_point(|range| range.start <= at);
    ranges[..next].last().filter(|range| range.contains(&at))
}

fn digit(c: char) -> Option<u32> {
    c.to_digit(10)
        .or_else(|| ('０'..='９').contains(&c).then(|| u32::from(c) - u32::from('０')))
}

/// The check digit of payment cards (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn cards(text: &str) -> Vec<Range<usize>> {
    let urls: Vec<Range<usize>> = URLS.find_iter(text).map(|url| url.range()).collect();
    let mut found = Vec::new();
    for run in DIGITS.find_iter(text) {
        let glued = text[..run.start()].ends_with(|c: char| c.is_ascii_alphanumeric());
        // Slack's own permalinks carry `/p` and 16 digits.
        if glued && range_at(&urls, run.start()).is_some() {
            continue;
        }
        let mut groups: Vec<(Range<usize>, Vec<u32>)> = Vec::new();
        let mut end_of_last = None;
        for (at, c) in run.as_str().char_indices() {
            let Some(value) = digit(c) else { continue };
            let at = run.start() + at;
            match groups.last_mut() {
                Some((range, digits)) if end_of_last == Some(at) => {
                    range.end = at + c.len_utf8();
                    digits.push(value);
                }
                _ => groups.push((at..at + c.len_utf8(), vec![value])),
            }
            end_of_last = Some(at + c.len_utf8());
        }
        let mut first = 0;
        while first < groups.len() {
            // 19 digits in groups of four or more are at most five groups.
            let card = (first..groups.len().min(first + 5)).rev().find(|&last| {
                // Groups of one or two digits are dates, amounts and lists; a card's last group has three or more.
                let shape =
                    groups[last].1.len() >= 3 && groups[first..last].iter().all(|(_, digits)| digits.len() >= 4);
                let digits: Vec<u32> = groups[first..=last]
                    .iter()
                    .flat_map(|(_, digits)| digits)
                    .copied()
                    .collect();
                shape && (13..=19).contains(&digits.len()) && digits.iter().any(|&digit| digit != 0) && luhn(&digits)
            });
            match card {
                Some(last) => {
                    found.push(groups[first].0.start..groups[last].0.end);
                    first = last + 1;
                }
                None => first += 1,
            }
        }
    }
    found
}

fn phones(text: &str) -> Vec<Range<usize>> {
    let urls: Vec<Range<usize>> = URLS.find_iter(text).map(|url| url.range()).collect();
    let letters: Vec<(usize, char)> = hide_dates(text).char_indices().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        at = match phone_at(&letters, at) {
            // An order's number in a URL may start with 0, too.
            Ok(_) if digit(letters[at].1).is_some() && range_at(&urls, letters[at].0).is_some() => at + 1,
            Ok(end) => {
                let last = letters[end - 1];
                found.push(letters[at].0..last.0 + last.1.len_utf8());
                end
            }
            Err(next) => next,
        };
    }
    found
}

/// The same bytes with each date crossed out: `05.10.2026 1400` is no phone number.
fn hide_dates(text: &str) -> String {
    let mut hidden = text.to_owned();
    for date in DATE.find_iter(text) {
        let mut after = text[date.end()..].chars();
        let inside_a_number = |c: char| digit(c).is_some() || matches!(c, '.' | '/' | '-' | '+' | '(');
        let goes_on = match after.next() {
            Some('.' | '/' | '-') => after.next().and_then(digit).is_some(),
            Some(c) => digit(c).is_some(),
            None => false,
        };
        if !text[..date.start()].ends_with(inside_a_number) && !goes_on {
            hidden.replace_range(date.range(), &"x".repeat(date.len()));
        }
    }
    hidden
}

/// The letter after the phone number that starts at this letter; if none starts here, the next letter to look at.
fn phone_at(letters: &[(usize, char)], start: usize) -> Result<usize, usize> {
    let at = |n: usize| letters.get(n).map(|&(_, c)| c);
    let before = |n: usize| n.checked_sub(1).and_then(at);
    let is_digit = |n: usize| at(n).and_then(digit).is_some();
    let is_plus = |c: char| matches!(c, '+' | '＋');
    // A number starts with `+` or `0`; brackets around its first part belong to it.
    let first = start + usize::from(at(start) == Some('('));
    let plus = at(first).is_some_and(is_plus);
    if !plus && at(first).and_then(digit) != Some(0) {
        return Err(start + 1);
    }
    let elsewhere = match before(start) {
        Some(c) if c.is_ascii_alphanumeric() || digit(c).is_some() || is_plus(c) => true,
        Some('#' | '_') => true,
        // Inside a number, a time or a range, or in an order number such as `#(0…`.
        Some('.' | ',' | '/' | '-' | '–' | ':' | '\'' | '’') => before(start - 1).and_then(digit).is_some(),
        Some('(') => before(start - 1) == Some('#'),
        _ => false,
    };
    // `0.123456789` is an amount.
    let amount = !plus && matches!(at(first + 1), Some('.' | ','));
    if elsewhere || amount {
        return Err(start + 1);
    }
    let separates = |c: char| matches!(c, ' ' | '\u{A0}' | '-' | '‐' | '‑' | '–' | '.' | '/' | '(' | ')');
    let mut groups: Vec<usize> = Vec::new();
    let mut digits = 0;
    let mut end = first; // after the last digit that belongs to it
    let mut group = first + usize::from(plus);
    loop {
        // At most three separators, as in `(0)30 - 1234`.
        let gap = group;
        while group - gap < 3 && at(group).is_some_and(separates) {
            group += 1;
        }
        let length = (group..).take_while(|&n| is_digit(n)).count();
        if length == 0 {
            break;
        }
        let next = group + length;
        let spaced = letters[gap..group].iter().any(|(_, c)| c.is_whitespace());
        let is_time = at(next) == Some(':') && is_digit(next + 1);
        let another = at(group).and_then(digit) == Some(0) && before(group) != Some('(');
        if (9..=15).contains(&digits) && spaced && (another || is_time || digits + length > 15) {
            break;
        }
        digits += length;
        groups.push(length);
        end = next;
        group = next;
    }
    if digits > 15 {
        // Too long as a whole: no part of it is a number to call either.
        return Err(end);
    }
    let inside_a_word =
        at(end).is_some_and(|c| c.is_ascii_alphabetic() || c == '_') || at(end) == Some(':') && is_digit(end + 1);
    // `12 000 000 000` goes on after its first group: thousands, not a number to call.
    let thousands = !plus
        && groups.iter().all(|&digits| digits == 3)
        && before(start).is_some_and(char::is_whitespace)
        && before(start - 1).and_then(digit).is_some();
    if digits < 9 || inside_a_word || thousands {
        Err(start + 1)
    } else {
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_replaced_where_it_stands_on_its_own() {
        let replaced = |text| replace_name(text, "Dana Kim", "somebody");
        assert_eq!(
            replaced("DANA KIM and dana kim's team").as_deref(),
            Some("somebody and somebody's team")
        );
        assert_eq!(replaced("Dana Kimberley, xDana Kim, Dana").as_deref(), None);
        assert_eq!(replaced("").as_deref(), None);
        assert_eq!(
            replace_name("with Zoë\u{301} and İpek", "İpek", "x").as_deref(),
            Some("with Zoë\u{301} and x")
        );
        assert_eq!(replace_name("anything", "", "x"), None);
        assert_eq!(replace_name("Ana Ana", "ana", "x").as_deref(), Some("x x"));
    }

    #[test]
    fn folding_finds_one_name_in_many_spellings() {
        for (typed, folded) in [
            ("  Dana   KIM ", "dana kim"),
            ("Ｄａｎａ", "dana"),
            ("STRAßE", "strasse"),
            ("Ana\u{200B} Souza\u{FEFF}", "ana souza"),
            ("e\u{301}", "é"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ] {
            assert_eq!(fold(typed), folded);
        }
        assert_eq!(
            normalised("*Great* work, Dana -- don’t stop!"),
            normalised("great work dana don’t stop")
        );
        assert_ne!(normalised("🎉"), normalised("👏"));
    }

    #[test]
    fn few_words_counts_characters_where_there_are_no_spaces() {
        for text in [
            "",
            "thanks!",
            "great job 🎉",
            "ありがとう",
            "ขอบคุณ".get(..12).unwrap_or(""),
        ] {
            assert!(few_words(text), "{text}");
        }
        for text in ["calming the storm", "いつもありがとう", "感谢你昨晚帮我接班"] {
            assert!(!few_words(text), "{text}");
        }
    }

    #[test]
    fn shortening_ends_at_a_word() {
        assert_eq!(shorten("calming the refund storm", 24), "calming the refund storm");
        assert_eq!(shorten("calming the refund storm", 20), "calming the refund…");
        assert_eq!(shorten("calming the refund storm", 19), "calming the refund…");
        assert_eq!(shorten("Donaudampfschifffahrt", 6), "Donau…");
        assert_eq!(shorten("abc", 0), "");
    }

    #[test]
    fn names_and_numbers_are_written_as_people_write_them() {
        let names = |list: &[&str]| list_names(&list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&[]), "");
        assert_eq!(names(&["Dana"]), "Dana");
        assert_eq!(names(&["Dana", "Mo"]), "Dana and Mo");
        assert_eq!(names(&["Ana", "Dana", "Mo"]), "Ana, Dana and Mo");
        assert_eq!(thousands(0_usize), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(2_310_u32), "2,310");
        assert_eq!(thousands(-1_234_567_i64), "-1,234,567");
    }

    #[test]
    fn cleaning_keeps_lines_and_drops_controls() {
        assert_eq!(clean("a\0b\r\nc\rd\te\u{1b}[0m\u{85}"), "ab\nc\nd\te[0m");
    }

    #[test]
    fn cards_addresses_and_phone_numbers_are_masked() {
        for (typed, masked) in [
            ("card 4111 1111 1111 1111 ok", "card [card number] ok"),
            ("4111-1111-1111-1111", "[card number]"),
            ("4111111111111111", "[card number]"),
            ("4111 1111 1111 1111 3 times", "[card number] 3 times"),
            ("3782 822463 10005.", "[card number]."),
            ("４１１１ １１１１ １１１１ １１１１", "[card number]"),
            (
                "write to dana.kim+vip@mail.example.co.uk.",
                "write to [e-mail address].",
            ),
            ("call +49 (0)30 1234567 now", "call [phone number] now"),
            ("call (030) 123 4567-0", "call [phone number]"),
            ("tel:0301234567", "tel:[phone number]"),
            ("06.12.34.56.78", "[phone number]"),
            ("0800/123456789", "[phone number]"),
            ("0301234567 0301234568", "[phone number] [phone number]"),
            ("0301234567 14:02", "[phone number] 14:02"),
            ("電話0312345678です", "電話[phone number]です"),
            ("+4930123456789", "[phone number]"),
            ("#48213 and 0301234567", "#48213 and [phone number]"),
        ] {
            assert_eq!(mask(typed).0, masked);
        }
    }

    #[test]
    fn what_only_looks_like_a_number_to_hide_stays() {
        for text in [
            "#48213",
            "#0301234567",
            "#0048213577 at 14:02",
            "#+4930123456789",
            "2026-10-05 2026-10-06 2026-10-07",
            "05.10.2026 14:02",
            "05.10.2026 1400 calls",
            "05/10/2026 12345",
            "2026-10-05T09:15:00Z",
            "09:30-17:00 100 200 300",
            "4111 1111 1111 1112",
            "€1,000,000.00 and 12 000 000 000",
            "0.123456789",
            "20 calls, 15 chats, 0 complaints",
            "order 12345678901234",
            "@dana",
            "me @ work",
            "https://example.com/orders/0123456789",
            "https://example.slack.com/archives/C0123ABCD/p1759665600000009",
            "00012345",
            "0123456789abcdef",
        ] {
            assert_eq!(mask(text), (text.to_owned(), BTreeSet::new()));
        }
    }

    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("4111 1111 1111 1111".to_owned()),
            Just("+49 30".to_owned()),
            Just("http://".to_owned()),
            Just("dana@example.com".to_owned()),
            Just("2026-10-05".to_owned()),
            "[0-9]{1,6}",
            "[ .@#:/+()\\-a0-9]{0,4}",
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn masking_and_folding_twice_change_nothing(text in nasty()) {
            let (once, _) = mask(&text);
            prop_assert_eq!(mask(&once), (once.clone(), BTreeSet::new()));
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
            prop_assert_eq!(normalised(&normalised(&text)), normalised(&text));
            prop_assert_eq!(clean(&clean(&text)), clean(&text));
        }

        #[test]
        fn folding_settles_for_any_character(c in any::<char>(), d in any::<char>()) {
            let folded = fold(&format!("{c}{d}"));
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn folding_ascii_is_no_exception(text in "[\\x00-\\x7f]{0,20}") {
            prop_assert_eq!(fold(&text), fold_unicode(&text));
        }

        #[test]
        fn shortening_keeps_to_the_limit(text in "\\PC{0,60}", max in 0_usize..70) {
            prop_assert!(count(&shorten(&text, max)) <= max);
        }

        #[test]
        fn every_card_is_found(digits in proptest::collection::vec(1_u32..10, 12..19)) {
            let check = (0..10).find(|&last| luhn(&[digits.clone(), vec![last]].concat())).unwrap_or(0);
            let card: String = digits.iter().chain([&check]).filter_map(|&d| char::from_digit(d, 10)).collect();
            let text = format!("card {card}, thanks");
            let expected = (String::from("card [card number], thanks"), BTreeSet::from([Masked::Card]));
            prop_assert_eq!(mask(&text), expected);
        }
    }
}
