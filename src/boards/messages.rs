//! What boards and coverage say. Coverage before rank, words before numbers; names are written, nobody is pinged.

use std::collections::BTreeMap;

use super::coverage::Share;
use super::rules::Ranking;
use super::{Said, Wanted};
use crate::base::calendar::{Day, Span, Unit, date};
use crate::base::ids::{GroupId, TeamId, UserId};
use crate::base::text::{shorten, thousands};
use crate::kudos::messages::{Names as _, THANK};
use crate::kudos::{People, Quote, Ranked};
use crate::slack::blocks::{Block, Button, Element, Message};
use crate::slack::mrkdwn::{bold, escape, plain_name, quote};
use crate::workspace::{Locale, Member, Settings, Usergroup};

/// Shows another board in the place of this one; its value is what is wanted.
pub const SHOW: &str = "boards.show";
/// Shows a board to whoever clicks, below a message that others read, too; its value is what is wanted.
pub const OPEN: &str = "boards.open";
/// Shares a board where it was asked for; its value is what is wanted.
pub const SHARE: &str = "boards.share";
/// Shows a lead who was not thanked lately; its value is the team.
pub const FORGOTTEN: &str = "boards.forgotten";

/// Characters of somebody's words on a board.
const QUOTED: usize = 300;
/// People on the nobody-forgotten list, each with a button: four rows of as many as Slack takes in one.
const LISTED: usize = 100;
/// Buttons in a row. Slack: 25 elements in a block of actions.
const IN_A_ROW: usize = 25;

/// Coverage of a team, and how it moved.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    /// The team's name; `None` = everybody.
    pub team: Option<String>,
    /// In the last 30 days.
    pub now: Share,
    /// The months kept, by time; at most twelve.
    pub months: BTreeMap<Span, Share>,
}

/// Somebody's own figures beside a board.
#[derive(Clone, Debug)]
pub struct Own {
    /// Who looks.
    pub member: UserId,
    /// Of this period.
    pub n: i64,
    /// Of the one before; `None` for all time.
    pub before: Option<i64>,
    /// What was said to them.
    pub said: Vec<Said>,
}

/// Everything that a board shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Which.
    pub wanted: Wanted,
    /// Today, in the workspace's zone.
    pub today: Day,
    /// Who stands on it.
    pub ranking: Ranking,
    /// The words that most people joined.
    pub boosted: Vec<Quote>,
    /// Coverage stands above it.
    pub covered: Covered,
    /// For whoever looks; `None` on a board that is shared.
    pub own: Option<Own>,
    /// The name of the team that it is limited to.
    pub team: Option<String>,
    /// The team that whoever looks is at home in.
    pub home: Option<TeamId>,
    /// The team that whoever looks may see the nobody-forgotten list of.
    pub led: Vec<(TeamId, Covered)>,
    /// What is known of all of them.
    pub members: BTreeMap<UserId, Member>,
    /// The same of teams that were thanked.
    pub groups: BTreeMap<GroupId, Usergroup>,
}

/// When it is, as a sentence ends: "in November", "in the week of 23 November".
fn when(span: Span, today: Day) -> String {
    let Some(first) = span.first() else {
        return "so far".to_owned();
    };
    let year = first.date().format("%Y").to_string();
    let this_year = today.date().format("%Y").to_string() == year;
    let of_year = if this_year { String::new() } else { format!(" {year}") };
    match span.unit() {
        Unit::Week => format!("in the week of {}{of_year}", date(first)),
        Unit::Month => format!("in {}{of_year}", first.date().format("%B")),
        Unit::Quarter => {
            let last = span.last().unwrap_or(first);
            format!(
                "from {} to {}{of_year}",
                first.date().format("%B"),
                last.date().format("%B")
            )
        }
        Unit::Year | Unit::All => format!("in {year}"),
    }
}

/// "this month", "last month"; for all time "so far".
fn this(unit: Unit, word: &str) -> String {
    match unit {
        Unit::Week => format!("{word} week"),
        Unit::Month => format!("{word} month"),
        Unit::Quarter => format!("{word} quarter"),
        Unit::Year => format!("{word} year"),
        Unit::All => "so far".to_owned(),
    }
}

fn people(n: i64) -> String {
    match n {
        1 => "1 different person".to_owned(),
        n => format!("{} different people", thousands(n)),
    }
}

fn times(n: i64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", thousands(n)),
    }
}

/// The headline figure: "92 % of us were thanked in the last 30 days, up from 81 % in October." Nothing before anybody was:
/// a nought tells nobody what to do.
pub fn coverage(_: Locale, covered: &Covered, today: Day) -> Option<String> {
    let now = covered.now.percent().filter(|_| covered.now.thanked > 0)?;
    let of = match &covered.team {
        Some(team) => format!("of {} was", bold(team)),
        None => "of us were".to_owned(),
    };
    let last = covered.months.last_key_value();
    let moved = match last.and_then(|(month, share)| Some((*month, share.percent()?))) {
        Some((month, before)) if before < now => format!(", up from {before} % {}", when(month, today)),
        Some((month, before)) if before > now => format!(", down from {before} % {}", when(month, today)),
        Some((month, _)) => format!(", as {}", when(month, today)),
        None => String::new(),
    };
    Some(format!(
        "*{now} %* {of} thanked in the last 30 days{moved} ({} of {}).",
        thousands(covered.now.thanked),
        thousands(covered.now.active)
    ))
}

/// How coverage moved: "Month by month: September 64 %, October 81 %." Nothing before there are two months.
pub fn movement(_: Locale, covered: &Covered) -> Option<String> {
    let each: Vec<String> = covered
        .months
        .iter()
        .filter_map(|(month, share)| {
            let name = month.first()?.date().format("%B").to_string();
            Some(format!("{name} {} %", share.percent()?))
        })
        .collect();
    (each.len() > 1).then(|| format!("Month by month: {}.", each.join(", ")))
}

impl Shown {
    /// The one sentence above the names.
    fn title(&self) -> String {
        let what = match self.wanted.ranked {
            Ranked::Givers => "Who thanked the most different people",
            Ranked::Received => "Who was thanked most often",
            Ranked::Customers => "About whom customers said kind things",
        };
        let value = match &self.wanted.value {
            Some(value) => format!(", for #{}", escape(value)),
            None => String::new(),
        };
        let team = match &self.team {
            Some(team) => format!(", {}", plain_name(team)),
            None => String::new(),
        };
        format!("{what} {}{value}{team}", when(self.wanted.span, self.today))
    }

    fn names(&self) -> People<'_> {
        People::new(&self.members, &self.groups)
    }

    /// The names, each with its rank.
    fn places(&self) -> Option<String> {
        let names = self.names();
        let mut lines: Vec<String> = self
            .ranking
            .places
            .iter()
            .map(|place| {
                let how_many = match self.wanted.ranked {
                    Ranked::Givers if place.n == 1 => "1 person".to_owned(),
                    Ranked::Givers => format!("{} people", thousands(place.n)),
                    Ranked::Received | Ranked::Customers => times(place.n),
                };
                format!("{}. {} · {how_many}", place.rank, bold(&names.name(&place.member)))
            })
            .collect();
        if self.ranking.more_share_the_last {
            lines.push("… and others with as many".to_owned());
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Nobody stands on it.
    fn nobody(&self, command: &str) -> String {
        let when = when(self.wanted.span, self.today);
        let is_over = self.wanted.span.last().is_some_and(|last| last < self.today);
        let yet = if is_over { "" } else { " yet" };
        let first = format!("A first one takes ten seconds: {command} @someone for …");
        match (&self.wanted.value, self.wanted.ranked) {
            (Some(value), _) => format!("Nobody to name for #{} {when}{yet}. {first}", escape(value)),
            (None, Ranked::Customers) => format!(
                "No customer's words {when}{yet}. When one says something kind, pass it on: the menu at any message has \
                 \u{201c}Pass on customer words\u{201d}."
            ),
            (None, _) => {
                let mut name = when.strip_prefix("in ").map_or_else(|| "It".to_owned(), str::to_owned);
                if let Some(begin) = name.get_mut(0..1) {
                    begin.make_ascii_uppercase();
                }
                let was = if is_over {
                    "was quiet here"
                } else {
                    "is quiet here so far"
                };
                format!("{name} {was}: nobody to name{yet}. {first}")
            }
        }
    }

    /// The words that most people joined.
    fn quotes(&self) -> Vec<String> {
        let names = self.names();
        self.boosted
            .iter()
            .map(|one| {
                let whom = names.receivers(&one.receivers);
                let from = if one.by_customer {
                    format!("a customer about {whom}, {} joined", one.joined)
                } else {
                    format!("{} to {whom}, {} joined", escape(&names.giver(&one.giver)), one.joined)
                };
                format!("{} ({from})", quote(&shorten(&one.reason, QUOTED)))
            })
            .collect()
    }

    /// Below the names, for whoever looks: their own figure, the one before, and words said to them.
    fn own(&self, own: &Own, command: &str) -> Vec<String> {
        let unit = self.wanted.span.unit();
        let (now, before) = (this(unit, "this"), this(unit, "last"));
        let mut lines = Vec::new();
        if !self.ranking.names(&own.member) {
            let value = self
                .wanted
                .value
                .as_ref()
                .map_or_else(String::new, |value| format!(" for #{}", escape(value)));
            lines.push(match (self.wanted.ranked, own.n, own.before) {
                (Ranked::Givers, 0, None | Some(0)) => {
                    format!(
                        "You haven't thanked anybody{value} {now} yet. It takes ten seconds: {command} @someone for …"
                    )
                }
                (Ranked::Givers, 0, Some(last)) => {
                    format!(
                        "You haven't thanked anybody{value} {now} yet; {before} it was {}.",
                        people(last)
                    )
                }
                (Ranked::Givers, n, None) => format!("You thanked {}{value} {now}.", people(n)),
                (Ranked::Givers, n, Some(last)) => format!("You thanked {}{value} {now}, {before} {last}.", people(n)),
                (Ranked::Received | Ranked::Customers, 0, None | Some(0)) => String::new(),
                (Ranked::Received, 0, Some(last)) => format!("{} you were thanked {}.", begun(&before), times(last)),
                (Ranked::Received, n, None) => format!("You were thanked {}{value} {now}.", times(n)),
                (Ranked::Received, n, Some(last)) => {
                    format!("You were thanked {}{value} {now}, {before} {last}.", times(n))
                }
                (Ranked::Customers, 0, Some(last)) => {
                    format!(
                        "{} customers said kind things about you {}.",
                        begun(&before),
                        times(last)
                    )
                }
                (Ranked::Customers, n, _) => format!("Customers said kind things about you {}{value} {now}.", times(n)),
            });
            lines.retain(|line| !line.is_empty());
            let names = self.names();
            if !own.said.is_empty() {
                lines.push("Said to you:".to_owned());
            }
            lines.extend(own.said.iter().map(|said| {
                let by = names.giver(&said.giver);
                let from = if said.by_customer {
                    format!("a customer, passed on by {}", escape(&by))
                } else {
                    escape(&by)
                };
                format!("{} ({from})", quote(&shorten(&said.reason, QUOTED)))
            }));
        }
        lines
    }

    fn value(&self, change: impl FnOnce(&mut Wanted)) -> String {
        let mut wanted = self.wanted.clone();
        change(&mut wanted);
        // Names and numbers always serialise.
        serde_json::to_string(&wanted).unwrap_or_default()
    }

    /// Other boards, and *Share*.
    fn buttons(&self) -> Vec<Element> {
        let other = |ranked: Ranked| {
            let (text, label) = match ranked {
                Ranked::Givers => ("Givers", "Givers: who thanked the most different people"),
                Ranked::Received => ("Thanked", "Thanked: who was thanked most often"),
                Ranked::Customers => ("Customers", "Customers: about whom they said kind things"),
            };
            let value = self.value(|wanted| wanted.ranked = ranked);
            Button::new(text, SHOW, label).value(&value).into()
        };
        let mut buttons: Vec<Element> = Ranked::ALL
            .into_iter()
            .filter(|ranked| *ranked != self.wanted.ranked)
            .map(other)
            .collect();
        if self.wanted.team.is_some() {
            let value = self.value(|wanted| wanted.team = None);
            buttons.push(
                Button::new("Everybody", SHOW, "Everybody: the same board")
                    .value(&value)
                    .into(),
            );
        } else if let Some(home) = &self.home {
            let value = self.value(|wanted| wanted.team = Some(home.clone()));
            buttons.push(
                Button::new("My team", SHOW, "My team: the same board")
                    .value(&value)
                    .into(),
            );
        }
        if !self.ranking.places.is_empty() {
            let value = self.value(|_| {});
            buttons.push(
                Button::new("Share", SHARE, "Share this board here, with your name")
                    .value(&value)
                    .into(),
            );
        }
        buttons
    }
}

/// "Last month"
fn begun(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The parts of a board: coverage, names, words, and what is for whoever looks.
fn parts(locale: Locale, settings: &Settings, shown: &Shown) -> Vec<String> {
    let command = escape(&settings.command);
    let mut parts = Vec::new();
    parts.extend(coverage(locale, &shown.covered, shown.today));
    parts.push(match shown.places() {
        Some(places) => format!("*{}*\n{places}", shown.title()),
        None => shown.nobody(&command),
    });
    let quotes = shown.quotes();
    if !quotes.is_empty() {
        parts.push(format!("Words that most people joined:\n{}", quotes.join("\n")));
    }
    if let Some(own) = &shown.own {
        let own = shown.own(own, &command);
        if !own.is_empty() {
            parts.push(own.join("\n"));
        }
    }
    parts
}

/// The button that shows one of a team's leads who was not thanked for 20 working days, where stewards have switched that
/// on.
pub fn not_thanked_lately(_: Locale, team: &str, id: &TeamId) -> Button {
    let text = format!("Not thanked lately: {team}");
    let label = format!("{text}, for 20 working days");
    Button::new(&text, FORGOTTEN, &label).value(id.as_str())
}

/// The teams of a lead: coverage, how it moved, and the way to the nobody-forgotten list.
fn led(locale: Locale, settings: &Settings, shown: &Shown) -> (Vec<String>, Vec<Element>) {
    let (mut told, mut buttons) = (Vec::new(), Vec::new());
    for (team, covered) in &shown.led {
        let name = covered.team.clone().unwrap_or_default();
        told.extend(coverage(locale, covered, shown.today).map(|line| {
            let moved = movement(locale, covered).map_or_else(String::new, |moved| format!(" {moved}"));
            format!("{line}{moved}")
        }));
        if settings.shows_forgotten() {
            buttons.push(not_thanked_lately(locale, &name, team).into());
        }
    }
    (told, buttons)
}

/// `/kudos top`, for whoever asked.
pub(super) fn board(locale: Locale, settings: &Settings, shown: &Shown) -> Message {
    let mut told = parts(locale, settings, shown);
    let mut blocks: Vec<Block> = told.iter().flat_map(|part| Block::paragraphs(part)).collect();
    let buttons = shown.buttons();
    if !buttons.is_empty() {
        blocks.push(Block::actions(buttons));
    }
    let (of_teams, buttons) = led(locale, settings, shown);
    if !of_teams.is_empty() {
        blocks.extend(of_teams.iter().flat_map(|part| Block::paragraphs(part)));
        told.extend(of_teams);
    }
    if !buttons.is_empty() {
        blocks.push(Block::actions(buttons));
    }
    Message::new(&told.join("\n"), blocks)
}

/// The button that shows a month's board to whoever clicks it, for a message about that month; `name` is the month's.
pub fn open(_: Locale, month: Span, name: &str) -> Button {
    let wanted = Wanted {
        span: month,
        ranked: Ranked::Givers,
        value: None,
        team: None,
    };
    let text = format!("{name}'s board");
    let label = format!("{text}, for you alone");
    // Names and numbers always serialise.
    Button::new(&text, OPEN, &label).value(&serde_json::to_string(&wanted).unwrap_or_default())
}

/// A board that somebody shares with a channel: it says who.
pub(super) fn shared(locale: Locale, settings: &Settings, shown: &Shown, by: &str) -> Message {
    let mut told = parts(locale, settings, shown);
    told.push(format!("shared by {}", escape(by)));
    let mut blocks: Vec<Block> = told
        .iter()
        .take(told.len() - 1)
        .flat_map(|part| Block::paragraphs(part))
        .collect();
    blocks.extend(told.last().map(|by| Block::context_text(by)));
    Message::new(&told.join("\n"), blocks)
}

/// The same board is there already.
pub(super) fn shared_already(_: Locale) -> Message {
    Message::sentence("You shared this board here already.")
}

/// Boards are off here: coverage names nobody and stays.
pub(super) fn off(locale: Locale, settings: &Settings, covered: &Covered, today: Day) -> Message {
    let command = escape(&settings.command);
    let text = format!("There are no boards here. Your own figures: {command} me");
    Message::sentence(&match coverage(locale, covered, today) {
        Some(line) => format!("{line} {text}"),
        None => text,
    })
}

/// No value is called that.
pub(super) fn no_such_value(_: Locale, typed: &str, values: &[String]) -> Message {
    let known: Vec<String> = values.iter().map(|value| format!("#{}", escape(value))).collect();
    Message::sentence(&if known.is_empty() {
        format!("#{} is no value here; there are none.", escape(typed))
    } else {
        format!("#{} is no value here. These are: {}", escape(typed), known.join(" "))
    })
}

/// Somebody's own figures of a month.
#[derive(Clone, Debug)]
pub struct Mine {
    /// How many different people thanked them.
    pub thanked_by: i64,
    /// How often customers said something kind about them.
    pub by_customers: i64,
    /// How many different people they thanked.
    pub thanked: i64,
    /// The latest that was said to them this month; where nothing was, ever.
    pub latest: Option<Said>,
}

/// `/kudos me`: "This month 4 people thanked you; the latest: "…" (Ana). You thanked 6 different people."
pub(super) fn me(_: Locale, command: &str, mine: &Mine, names: &People<'_>) -> String {
    let latest = mine.latest.as_ref().map(|said| {
        let by = escape(&names.giver(&said.giver));
        let by = if said.by_customer {
            format!("a customer, passed on by {by}")
        } else {
            by
        };
        format!("\u{201c}{}\u{201d} ({by})", escape(&shorten(&said.reason, QUOTED)))
    });
    let mut sentences = vec![match (mine.thanked_by, &latest) {
        (0, None) => "What people thank you for will stand here, in their words.".to_owned(),
        (0, Some(latest)) if mine.by_customers == 0 => format!("The last that was said to you: {latest}."),
        (0, Some(latest)) => format!("The latest that was said to you: {latest}."),
        (1, None) => "This month 1 person thanked you.".to_owned(),
        (1, Some(latest)) => format!("This month 1 person thanked you; the latest: {latest}."),
        (n, None) => format!("This month {} people thanked you.", thousands(n)),
        (n, Some(latest)) => format!("This month {} people thanked you; the latest: {latest}.", thousands(n)),
    }];
    if mine.by_customers > 0 {
        sentences.push(format!(
            "Customers said kind things about you {}.",
            times(mine.by_customers)
        ));
    }
    sentences.push(match mine.thanked {
        0 => format!("Who helped you? {} @someone for …", escape(command)),
        n => format!("You thanked {}.", people(n)),
    });
    sentences.join(" ")
}

/// Who was not thanked for 20 working days, for their lead.
pub(super) fn forgotten(
    _: Locale,
    team: &str,
    list: &[(UserId, Option<Day>)],
    today: Day,
    names: &People<'_>,
) -> Message {
    let team = bold(team);
    if list.is_empty() {
        return Message::sentence(&format!("Everybody in {team} was thanked in the last 20 working days."));
    }
    let day = |day: Day| {
        let this_year = day.date().format("%Y").to_string() == today.date().format("%Y").to_string();
        if this_year {
            date(day)
        } else {
            day.date().format("%-d %B %Y").to_string()
        }
    };
    let each: Vec<String> = list
        .iter()
        .take(LISTED)
        .map(|(member, last)| {
            let last = last.map_or_else(|| "not yet".to_owned(), day);
            format!("{} ({last})", plain_name(&names.name(member)))
        })
        .collect();
    let more = match list.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!(
        "Not thanked for 20 working days in {team}: {}{more}. Seen something worth saying?",
        each.join(", ")
    );
    let buttons: Vec<Element> = list
        .iter()
        .take(LISTED)
        .map(|(member, _)| {
            let label = format!("Thank {}", names.name(member));
            Button::new(&label, THANK, &label).value(member.as_str()).into()
        })
        .collect();
    let mut blocks: Vec<Block> = Block::paragraphs(&text);
    blocks.extend(buttons.chunks(IN_A_ROW).map(|row| Block::actions(row.to_vec())));
    Message::new(&text, blocks)
}

/// Somebody who may not see the list, or may no longer.
pub(super) fn not_for_you(_: Locale) -> Message {
    Message::sentence("That list is for this team's leads, and only where stewards have switched it on.")
}

/// What Home shows of all this.
pub(super) fn home(locale: Locale, settings: &Settings, shown: &Shown, mine: &str, is_steward: bool) -> Vec<Block> {
    let mut blocks = vec![Block::header("This month")];
    let headline = coverage(locale, &shown.covered, shown.today);
    let moved = movement(locale, &shown.covered).filter(|_| is_steward);
    blocks.extend(headline.map(|line| {
        Block::section(&match moved {
            Some(moved) => format!("{line} {moved}"),
            None => line,
        })
    }));
    blocks.push(Block::section(mine));
    if settings.shows_boards() {
        blocks.extend(
            shown
                .places()
                .iter()
                .flat_map(|places| Block::paragraphs(&format!("*{}*\n{places}", shown.title()))),
        );
        blocks.push(Block::context_text(&format!("More: {} top", escape(&settings.command))));
    }
    let (of_teams, _) = led(locale, settings, shown);
    blocks.extend(of_teams.iter().flat_map(|part| Block::paragraphs(part)));
    blocks
}
