//! What can be set: its form, and what was filled in.

use std::collections::BTreeSet;

use super::Known;
use crate::base::calendar::parse_zone;
use crate::base::text::{clean, count, fold};
use crate::slack::blocks::{Block, Choose, Input};
use crate::slack::inbound::Fields;
use crate::slack::mrkdwn::{channel as channel_link, escape};
use crate::workspace::{Announcement, Givers, Locale, Settings, Value};

/// Something that a steward can set by a form. Its name is that of its main input and ends the form's callback id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The recognition channel.
    Channel,
    /// How kudos are announced.
    Announcement,
    /// Values.
    Values,
    /// Kudos per person and day.
    Allowance,
    /// Emoji that give.
    Emoji,
    /// Who may give, and whether guests of one channel are people like others.
    Givers,
    /// The fewest words of a reason.
    Words,
    /// Channels shared with another company.
    Shared,
    /// Whether months are told, and where.
    Digest,
    /// The workspace's zone.
    Zone,
    /// Whether a prompt opens with the best-liked answer to the one before.
    BestAnswer,
    /// How long words are kept.
    Keep,
    /// Boards, and the nobody-forgotten list.
    Boards,
    /// Who may change all this.
    Stewards,
}

/// The most values.
const MOST_VALUES: usize = 20;
/// Characters of a value's name, and of its meaning: twenty of them fit into one input.
const VALUE_NAME: usize = 24;
const VALUE_MEANING: usize = 80;
/// Characters of an emoji's name (Slack: 100; ours must fit).
const EMOJI_NAME: usize = 30;
/// The most that an allowance can be.
const MOST_ALLOWANCE: i64 = 1_000;
const MOST_WORDS: i64 = 20;
const MOST_MONTHS: i64 = 120;
const MOST_STEWARDS: usize = 20;
const MOST_EMOJI: usize = 10;

/// Emoji that people use all day: as the kudos emoji they would give what nobody meant to give.
const EVERYDAY: [&str; 34] = [
    "+1",
    "thumbsup",
    "-1",
    "thumbsdown",
    "clap",
    "heart",
    "tada",
    "raised_hands",
    "pray",
    "eyes",
    "white_check_mark",
    "heavy_check_mark",
    "ok_hand",
    "fire",
    "100",
    "joy",
    "smile",
    "smiley",
    "slightly_smiling_face",
    "grinning",
    "wave",
    "rocket",
    "star",
    "sparkles",
    "muscle",
    "point_up",
    "blue_heart",
    "green_heart",
    "purple_heart",
    "trophy",
    "partying_face",
    "sunglasses",
    "thinking_face",
    "see_no_evil",
];

/// The input of the second question of *Who may give*.
const GUESTS: &str = "single_channel_guests";
/// The input of the first question of *Monthly digest*.
const DIGEST: &str = "digest";
/// The input of the second question of *Boards*.
const FORGOTTEN: &str = "forgotten_list";
/// The input by which a warning is taken note of.
pub(super) const SURE: &str = "sure";

impl Field {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 14] = [
        Self::Channel,
        Self::Announcement,
        Self::Values,
        Self::Allowance,
        Self::Emoji,
        Self::Givers,
        Self::Words,
        Self::Shared,
        Self::Digest,
        Self::Zone,
        Self::BestAnswer,
        Self::Keep,
        Self::Boards,
        Self::Stewards,
    ];

    /// The name of its main input.
    pub const fn name(self) -> &'static str {
        self.keys()[0]
    }

    /// The field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The field that shows this setting.
    pub(super) fn of_setting(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|field| field.name() == name)
            .or_else(|| Self::ALL.into_iter().find(|field| field.keys().contains(&name)))
    }

    /// The settings that it changes.
    pub(super) const fn keys(self) -> &'static [&'static str] {
        match self {
            // A yes to a shared channel is kept with the others.
            Self::Channel => &["channel", "shared_channels"],
            Self::Announcement => &["announcement"],
            Self::Values => &["values"],
            Self::Allowance => &["allowance"],
            Self::Emoji => &["emoji"],
            Self::Givers => &["givers", GUESTS],
            Self::Words => &["least_words"],
            Self::Shared => &["shared_channels"],
            // A yes to a shared channel is kept with the others.
            Self::Digest => &["digest_channel", DIGEST, "shared_channels"],
            Self::Zone => &["timezone"],
            Self::BestAnswer => &["best_answer"],
            Self::Keep => &["keep_words"],
            Self::Boards => &["boards", FORGOTTEN],
            Self::Stewards => &["stewards"],
        }
    }

    /// What it is called, plain; at most 24 characters.
    pub(super) const fn title(self, _: Locale) -> &'static str {
        match self {
            Self::Channel => "Recognition channel",
            Self::Announcement => "How cards are posted",
            Self::Values => "Values",
            Self::Allowance => "Allowance",
            Self::Emoji => "Kudos emoji",
            Self::Givers => "Who may give",
            Self::Words => "Required words",
            Self::Shared => "Shared channels",
            Self::Digest => "Monthly digest",
            Self::Zone => "Time zone",
            Self::BestAnswer => "Answers to prompts",
            Self::Keep => "How long words are kept",
            Self::Boards => "Boards",
            Self::Stewards => "Stewards",
        }
    }

    /// What it is now, in mrkdwn.
    pub(super) fn says(self, settings: &Settings, known: &Known) -> String {
        match self {
            Self::Channel => settings
                .channel
                .as_ref()
                .map_or_else(|| "none; cards stand where kudos are given".to_owned(), channel_link),
            Self::Announcement => match settings.announcement {
                Announcement::Live => "each at once".to_owned(),
                Announcement::Thread => "each at once, in the thread of the day's post".to_owned(),
                Announcement::RoundUp => "all together, on the next working morning".to_owned(),
            },
            Self::Values if settings.values.is_empty() => "none".to_owned(),
            Self::Values => {
                let each = settings.values.iter().map(|value| format!("#{}", escape(&value.name)));
                each.collect::<Vec<_>>().join(" ")
            }
            Self::Allowance => match settings.allowance {
                Some(allowance) => format!("{allowance} a day and person"),
                None => "no limit".to_owned(),
            },
            Self::Emoji if settings.emoji.is_empty() => "none; only words give".to_owned(),
            Self::Emoji => {
                let each = settings.emoji.iter().map(|name| format!(":{}:", escape(name)));
                each.collect::<Vec<_>>().join(" ")
            }
            Self::Givers => {
                let who = match settings.givers {
                    Givers::Everyone => "everybody",
                    Givers::FullMembers => "everybody but guests",
                };
                if settings.single_channel_guests {
                    who.to_owned()
                } else {
                    format!("{who}; guests of one channel are left out")
                }
            }
            Self::Words => match settings.least_words {
                0 => "as many as people like".to_owned(),
                1 => "at least 1".to_owned(),
                least => format!("at least {least}"),
            },
            Self::Shared if settings.shared_channels.is_empty() => "none are used".to_owned(),
            Self::Shared => {
                let each = settings.shared_channels.iter().map(channel_link);
                each.collect::<Vec<_>>().join(", ")
            }
            Self::Digest if !settings.digest => "off".to_owned(),
            Self::Digest => match settings.digest_channel.as_ref().or(settings.channel.as_ref()) {
                Some(channel) => format!("on the first working day, in {}", channel_link(channel)),
                None => "no channel for it yet".to_owned(),
            },
            Self::Zone => settings.timezone.map_or_else(
                || format!("{}, the first steward's", known.zone.name()),
                |zone| zone.name().to_owned(),
            ),
            Self::BestAnswer if settings.best_answer => "the best-liked one opens the next prompt".to_owned(),
            Self::BestAnswer => "stay in their thread".to_owned(),
            Self::Keep => match settings.keep_words {
                None => "for ever".to_owned(),
                Some(1) => "1 month; then only counts stay".to_owned(),
                Some(months) => format!("{months} months; then only counts stay"),
            },
            Self::Boards if !settings.personal_figures => {
                "off, with the nobody-forgotten list: this server tells no figures of persons".to_owned()
            }
            Self::Boards => format!(
                "{}; the nobody-forgotten list for leads is {}",
                if settings.boards { "on" } else { "off" },
                if settings.forgotten_list { "on" } else { "off" }
            ),
            Self::Stewards if settings.stewards.is_empty() => "nobody".to_owned(),
            Self::Stewards => known.names(&settings.stewards),
        }
    }

    /// The inputs of its form, holding what `settings` say.
    pub(super) fn inputs(self, _: Locale, settings: &Settings) -> Vec<Block> {
        let name = self.name();
        match self {
            Self::Channel => vec![
                Block::input(
                    "Where are thanks announced?",
                    Input::channel(name, settings.channel.as_ref()),
                )
                .optional()
                .hint("Empty: where they are given. I must be in the channel: type /invite @Plaudit there."),
            ],
            Self::Announcement => vec![Block::input(
                "How are cards posted there?",
                Input::radio(
                    name,
                    vec![
                        Choose::new("Each at once", "live").about("Thanks are seen while they are fresh."),
                        Choose::new("In the thread of the day's post", "thread")
                            .about("One post a day in the channel; the cards stand below it."),
                        Choose::new("All together, each working morning", "round_up")
                            .about("One calm post with everything since the last one."),
                    ],
                    Some(match settings.announcement {
                        Announcement::Live => "live",
                        Announcement::Thread => "thread",
                        Announcement::RoundUp => "round_up",
                    }),
                ),
            )],
            Self::Values => {
                let lines: Vec<String> = settings.values.iter().map(value_line).collect();
                vec![
                    Block::input("One value a line: its name, an emoji, what it means", Input::text(name, true, &lines.join("\n"), 3_000))
                        .optional()
                        .hint("As in: calm :ocean: kept a clear head, and others with it. At most 20; a line that you remove is no value any more, what was said with it stays."),
                ]
            }
            Self::Allowance => vec![
                Block::input(
                    "How many kudos may a person give on one day?",
                    Input::number(name, Some(settings.allowance.unwrap_or(0)), 0, MOST_ALLOWANCE),
                )
                .hint("Each person named costs one. 0: no limit."),
            ],
            Self::Emoji => vec![
                Block::input(
                    "Which emoji give kudos?",
                    Input::text(
                        name,
                        false,
                        &settings
                            .emoji
                            .iter()
                            .map(|emoji| format!(":{emoji}:"))
                            .collect::<Vec<_>>()
                            .join(" "),
                        300,
                    ),
                )
                .optional()
                .hint("Best one of your own, such as :kudos:, which an admin adds to Slack. Empty: only words give."),
            ],
            Self::Givers => vec![
                Block::input(
                    "Who may give?",
                    Input::radio(
                        name,
                        vec![
                            Choose::new("Everybody", "everyone"),
                            Choose::new("Everybody but guests", "full_members").about("Guests can still be thanked."),
                        ],
                        Some(match settings.givers {
                            Givers::Everyone => "everyone",
                            Givers::FullMembers => "full_members",
                        }),
                    ),
                ),
                Block::input(
                    "Guests of a single channel",
                    Input::radio(
                        GUESTS,
                        vec![
                            Choose::new("People like others", "in"),
                            Choose::new("Left out", "out").about("They neither give nor are thanked."),
                        ],
                        Some(if settings.single_channel_guests { "in" } else { "out" }),
                    ),
                ),
            ],
            Self::Words => vec![
                Block::input(
                    "How many words must a reason have?",
                    Input::number(name, i64::try_from(settings.least_words).ok(), 0, MOST_WORDS),
                )
                .hint("0: few words are no reason to refuse a thank-you; I ask for more afterwards."),
            ],
            Self::Shared => vec![
                Block::input(
                    "In which channels shared with another company may cards be posted?",
                    Input::channels(name, &settings.shared_channels.iter().cloned().collect::<Vec<_>>()),
                )
                .optional()
                .hint("The other company's people read those cards and can be thanked there; they don't give."),
            ],
            Self::Digest => vec![
                Block::input(
                    "Is each month told in a digest?",
                    Input::radio(
                        DIGEST,
                        vec![
                            Choose::new("Yes", "on").about(
                                "On the first working day of the next month, at 9:00. You see it the day before.",
                            ),
                            Choose::new("No", "off"),
                        ],
                        Some(if settings.digest { "on" } else { "off" }),
                    ),
                ),
                Block::input(
                    "In which channel?",
                    Input::channel(name, settings.digest_channel.as_ref()),
                )
                .optional()
                .hint("Empty: the recognition channel. I must be in the channel: type /invite @Plaudit there."),
            ],
            Self::Zone => vec![
                Block::input(
                    "In which zone are days and months counted?",
                    Input::text(name, false, settings.timezone.map_or("", |zone| zone.name()), 60),
                )
                .optional()
                .hint("As in Europe/Berlin. Empty: the first steward's. What was counted doesn't move."),
            ],
            Self::Boards => vec![
                Block::input(
                    "Boards",
                    Input::radio(
                        name,
                        vec![
                            Choose::new("On", "on").about("Who thanked most people, who was thanked; ten names, never a bottom."),
                            Choose::new("Off", "off").about("Coverage stays: it names nobody."),
                        ],
                        Some(if settings.boards { "on" } else { "off" }),
                    ),
                ),
                Block::input(
                    "Nobody-forgotten list",
                    Input::radio(
                        FORGOTTEN,
                        vec![
                            Choose::new("Off", "off"),
                            Choose::new("On", "on").about("A team's leads see who had no thanks for 20 working days."),
                        ],
                        Some(if settings.forgotten_list { "on" } else { "off" }),
                    ),
                )
                .hint("Name and date of the last thanks, to that team's leads alone. It stands in everybody's privacy page, and every look in the history."),
            ],
            Self::BestAnswer => vec![
                Block::input(
                    "May a prompt open with an answer to the one before?",
                    Input::radio(
                        name,
                        vec![
                            Choose::new("Answers stay in their thread", "no"),
                            Choose::new("The best-liked one opens the next prompt", "yes")
                                .about("With its writer's name; nobody who is left off boards."),
                        ],
                        Some(if settings.best_answer { "yes" } else { "no" }),
                    ),
                )
                .hint("Needs the scopes to read messages and reactions."),
            ],
            Self::Keep => vec![
                Block::input(
                    "For how many months are words kept?",
                    Input::number(name, Some(settings.keep_words.map_or(0, i64::from)), 0, MOST_MONTHS),
                )
                .hint("0: for ever. Counts stay when words go; words that are gone don't come back."),
            ],
            Self::Stewards => vec![
                Block::input(
                    "Who may change settings?",
                    Input::users(name, &settings.stewards, MOST_STEWARDS),
                )
                .hint("The first one's time zone counts where none is set."),
            ],
        }
    }

    /// The settings with what was filled in, or what is wrong and beside which input it is said (plain).
    pub(super) fn read(
        self,
        _: Locale,
        filled: &Fields,
        settings: &Settings,
    ) -> Result<Settings, (&'static str, String)> {
        let name = self.name();
        let mut draft = settings.clone();
        let wrong = |what: &str| Err((name, what.to_owned()));
        let number = |most: i64| {
            filled
                .text(name)
                .and_then(|text| text.trim().parse::<i64>().ok())
                .filter(|number| (0..=most).contains(number))
                .ok_or_else(|| (name, format!("A whole number from 0 to {most}, please.")))
        };
        match self {
            Self::Channel => draft.channel = filled.conversations(name).into_iter().next(),
            Self::Announcement => {
                draft.announcement = match filled.option(name).as_deref() {
                    Some("thread") => Announcement::Thread,
                    Some("round_up") => Announcement::RoundUp,
                    _ => Announcement::Live,
                }
            }
            Self::Values => {
                draft.values = values(&filled.text(name).unwrap_or_default()).map_err(|what| (name, what))?
            }
            Self::Allowance => draft.allowance = Some(number(MOST_ALLOWANCE)?).filter(|allowance| *allowance > 0),
            Self::Emoji => draft.emoji = emoji(&filled.text(name).unwrap_or_default()).map_err(|what| (name, what))?,
            Self::Givers => {
                draft.givers = match filled.option(name).as_deref() {
                    Some("full_members") => Givers::FullMembers,
                    _ => Givers::Everyone,
                };
                draft.single_channel_guests = filled.option(GUESTS).as_deref() != Some("out");
            }
            Self::Words => draft.least_words = usize::try_from(number(MOST_WORDS)?).unwrap_or_default(),
            Self::Shared => draft.shared_channels = filled.conversations(name).into_iter().collect(),
            Self::Digest => {
                draft.digest = filled.option(DIGEST).as_deref() != Some("off");
                draft.digest_channel = filled.conversations(name).into_iter().next();
            }
            Self::Zone => {
                let typed = filled.text(name).unwrap_or_default();
                draft.timezone = match typed.trim() {
                    "" => None,
                    typed => match parse_zone(typed) {
                        Some(zone) => Some(zone),
                        None => {
                            return wrong("I don't know that zone. Write it with its continent, as in Europe/Berlin.");
                        }
                    },
                }
            }
            Self::BestAnswer => draft.best_answer = filled.option(name).as_deref() == Some("yes"),
            Self::Keep => draft.keep_words = u32::try_from(number(MOST_MONTHS)?).ok().filter(|months| *months > 0),
            Self::Boards => {
                draft.boards = filled.option(name).as_deref() != Some("off");
                draft.forgotten_list = filled.option(FORGOTTEN).as_deref() == Some("on");
            }
            Self::Stewards => {
                draft.stewards = filled.users(name);
                // The order says whose zone counts: who was first stays first.
                draft.stewards.sort_by_key(|id| {
                    settings
                        .stewards
                        .iter()
                        .position(|other| other == id)
                        .unwrap_or(usize::MAX)
                });
                if draft.stewards.is_empty() {
                    return wrong("Somebody has to look after Plaudit: name at least one person.");
                }
            }
        }
        Ok(draft)
    }

    /// What a steward must say yes to before it is saved, in mrkdwn.
    pub(super) fn warning(self, _: Locale, before: &Settings, draft: &Settings) -> Option<String> {
        if self != Self::Emoji {
            return None;
        }
        let new = draft.emoji.iter().filter(|name| !before.emoji.contains(name));
        let everyday: Vec<String> = new
            .filter(|name| EVERYDAY.contains(&name.as_str()))
            .map(|name| format!(":{name}:"))
            .collect();
        (!everyday.is_empty()).then(|| {
            format!(
                "People use {} all day without meaning to give anything. Each one beside a name or below a message would \
                 give kudos, and cost the person some of the day's.",
                crate::base::text::list_names(&everyday)
            )
        })
    }
}

/// A value as it is typed.
fn value_line(value: &Value) -> String {
    let emoji = if value.emoji.is_empty() {
        String::new()
    } else {
        format!(":{}:", value.emoji)
    };
    let parts = [value.name.as_str(), &emoji, &value.meaning];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The values typed, one a line; or what is wrong with them.
fn values(typed: &str) -> Result<Vec<Value>, String> {
    let mut values: Vec<Value> = Vec::new();
    let mut seen = BTreeSet::new();
    let typed = clean(typed);
    for (line, text) in typed.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let line = line + 1;
        let (name, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let name = name.trim_start_matches('#').trim_end_matches([':', ',', '-', '–']);
        let is_word = name
            .chars()
            .all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'));
        if name.is_empty() || !is_word || !name.chars().any(char::is_alphabetic) {
            return Err(format!(
                "Line {line}: begin with the value's name, one word of letters and digits."
            ));
        }
        if count(name) > VALUE_NAME {
            return Err(format!("Line {line}: a name has at most {VALUE_NAME} characters."));
        }
        if !seen.insert(fold(name)) {
            return Err(format!("Line {line}: \"{name}\" stands there twice."));
        }
        let rest = rest.trim();
        let (emoji, meaning) = match rest.strip_prefix(':').and_then(|rest| rest.split_once(':')) {
            Some((emoji, meaning)) if is_emoji(emoji) => (emoji, meaning.trim()),
            _ => ("", rest),
        };
        if count(meaning) > VALUE_MEANING {
            return Err(format!(
                "Line {line}: what it means has at most {VALUE_MEANING} characters."
            ));
        }
        values.push(Value {
            name: name.to_owned(),
            emoji: emoji.to_owned(),
            meaning: meaning.to_owned(),
        });
    }
    if values.len() > MOST_VALUES {
        return Err(format!("At most {MOST_VALUES} values; these are {}.", values.len()));
    }
    Ok(values)
}

fn is_emoji(name: &str) -> bool {
    let fits = (1..=EMOJI_NAME).contains(&count(name));
    // Slack: lower-case letters, digits, dashes, underscores; `+1` is one of its own.
    fits && name
        .chars()
        .all(|letter| (letter.is_alphanumeric() && !letter.is_uppercase()) || matches!(letter, '-' | '_' | '+' | '\''))
}

/// The emoji typed, each once, without colons and skin tones; or what is wrong with them.
fn emoji(typed: &str) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    let typed = clean(typed).to_lowercase();
    let parts = typed.split(|letter: char| letter == ':' || letter == ',' || letter.is_whitespace());
    for name in parts.filter(|name| !name.is_empty() && !name.starts_with("skin-tone-")) {
        if !is_emoji(name) || !name.is_ascii() {
            return Err("Write each emoji by its name between colons, as in :kudos:".to_owned());
        }
        if !names.iter().any(|other| other == name) {
            names.push(name.to_owned());
        }
    }
    if names.len() > MOST_EMOJI {
        return Err(format!("At most {MOST_EMOJI} emoji; these are {}.", names.len()));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_type_them() {
        let read =
            values("#calm :ocean: kept a clear head\n\n craft\nOwnership saw it through: to the end").expect("values");
        let lines: Vec<String> = read.iter().map(value_line).collect();
        assert_eq!(
            lines,
            [
                "calm :ocean: kept a clear head",
                "craft",
                "Ownership saw it through: to the end"
            ]
        );
        assert_eq!(
            values("calm\nCALM").unwrap_err(),
            "Line 2: \"CALM\" stands there twice."
        );
        assert!(
            values("two-words ok\n#48213 x")
                .unwrap_err()
                .starts_with("Line 2: begin with")
        );
        assert!(values(&"x".repeat(25)).is_err());
        let many: Vec<String> = (0..21).map(|n| format!("value{n}")).collect();
        assert_eq!(
            values(&many.join("\n")).unwrap_err(),
            "At most 20 values; these are 21."
        );
    }

    #[test]
    fn what_twenty_values_say_at_most_fits_into_the_form() {
        let line = format!(
            "{} :{}: {}",
            "n".repeat(VALUE_NAME),
            "e".repeat(EMOJI_NAME),
            "m".repeat(VALUE_MEANING)
        );
        assert!((line.len() + 1) * MOST_VALUES <= crate::slack::limits::INPUT_TEXT);
    }

    #[test]
    fn emoji_lose_colons_and_skin_tones() {
        assert_eq!(
            emoji(":kudos: :clap::skin-tone-3:, :KUDOS: +1").expect("emoji"),
            ["kudos", "clap", "+1"]
        );
        assert_eq!(emoji(" ").expect("none"), Vec::<String>::new());
        assert!(emoji("👏").is_err());
    }

    #[test]
    fn every_field_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = Field::ALL.iter().map(|field| field.name()).collect();
        assert_eq!(names.len(), Field::ALL.len());
        assert!(
            Field::ALL
                .iter()
                .all(|field| Field::from_name(field.name()) == Some(*field))
        );
        assert!(
            Field::ALL
                .iter()
                .all(|field| field.title(Locale::En).len() <= crate::slack::limits::VIEW_TITLE)
        );
    }
}
