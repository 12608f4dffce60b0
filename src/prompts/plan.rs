//! What a schedule posts, and when: the one plan that the running bot, `/kudos prompts` and the command line follow.

use chrono::NaiveTime;

use crate::base::calendar::{Day, at_wall};
use crate::base::clock::Instant;
use crate::prompts::draw::{Used, draw};
use crate::prompts::pack::Packs;
use crate::prompts::schedule::{Schedule, WeekMode};
use crate::prompts::week::{self, Week, WeekDay, week_day};

/// Full mode's second post of a day, as hours of the schedule's zone.
const FOLLOW_UP: i64 = 14;
/// A first post at or after this hour has its second one [`FOLLOW_UP_LATER`] hours later.
const NOON: i64 = 12;
/// See [`NOON`]; in hours.
const FOLLOW_UP_LATER: i64 = 4;
/// Full mode's wrap-up, as hours of the schedule's zone, and at least [`WRAP_UP_LATER`] hours after the second post.
const WRAP_UP: i64 = 16;
/// See [`WRAP_UP`]; in hours.
const WRAP_UP_LATER: i64 = 2;
/// A day's later posts come at most this long after its first one.
const LATEST: std::time::Duration = std::time::Duration::from_hours(48);
/// The emoji of the week's questions, which belong to no theme.
const QUESTION: &str = ":speech_balloon:";

/// One post of a schedule. Stored as JSON.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Planned {
    /// When.
    pub at: Instant,
    /// The day it belongs to, on the schedule's calendar.
    pub day: Day,
    /// What kind of post.
    pub kind: PlannedKind,
    /// The name of the pack it is from.
    pub pack: String,
    /// The theme as people read it.
    pub theme: String,
    /// The theme's emoji, with colons.
    pub emoji: String,
    /// The prompt's id. The week's wrap-ups and questions have one too, such as `csw-wrap-up-1`; a second post has its
    /// day's.
    pub prompt: String,
    /// What it says.
    pub text: String,
    /// What leads in the answers of the day before; `{answers}` stands for them.
    pub carries: Option<String>,
    /// What Customer Service Week says about this day, and which week.
    pub week: Option<(WeekDay, Week)>,
    /// Whether a line above it announces Customer Service Week.
    pub announces_week: bool,
}

/// What kind of post it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedKind {
    /// The post of an occurrence.
    Prompt,
    /// The second post of a day of Customer Service Week.
    FollowUp,
    /// What closes Customer Service Week, as a post of its own.
    WrapUp,
}

/// What a schedule posts after `from`, up to and including `to`, in order. `used` is what its channel has seen before.
/// A paused schedule is planned like any other. Nothing is planned from a pack that isn't there.
pub fn plan(schedule: &Schedule, packs: &Packs, mut used: Vec<Used>, from: Instant, to: Instant) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (at, day) in schedule.occurrences(from.minus(LATEST)).take_while(|&(at, _)| at <= to) {
        let said = week_day(schedule, day);
        if at > from
            && let Some(first) = first_post(schedule, packs, &used, (at, day), said)
        {
            used.push(Used {
                prompt: first.prompt.clone(),
                day,
            });
            planned.push(first);
        }
        if let Some((said, week)) = said.filter(|_| schedule.week == WeekMode::Full) {
            planned.extend(later_posts(schedule, packs, day, said, week));
        }
    }
    planned.retain(|post| from < post.at && post.at <= to);
    planned.sort_by_key(|post| post.at);
    planned
}

/// What closes Customer Service Week: its id and its text.
pub fn wrap_up(packs: &Packs, week: Week) -> Option<(String, String)> {
    let (nth, text) = week.variant(&packs.get(week::PACK)?.wrap_up)?;
    Some((id("wrap-up", nth), text.clone()))
}

fn first_post(
    schedule: &Schedule,
    packs: &Packs,
    used: &[Used],
    (at, day): (Instant, Day),
    said: Option<(WeekDay, Week)>,
) -> Option<Planned> {
    let of_week = said.and_then(|(said, week)| of_week(packs, used, (at, day), said, week));
    of_week.or_else(|| {
        let pack = packs.get(&schedule.pack)?;
        let (theme, prompt) = draw(pack, schedule.seed, used, day)?;
        let announces_week = said.is_some_and(|(said, _)| said == WeekDay::Before);
        Some(Planned {
            at,
            day,
            kind: PlannedKind::Prompt,
            pack: pack.name.clone(),
            theme: theme.name.clone(),
            emoji: theme.emoji.clone(),
            prompt: prompt.id.clone(),
            text: prompt.text.clone(),
            carries: None,
            week: said.filter(|_| announces_week),
            announces_week,
        })
    })
}

/// What the week's pack has for a day, instead of the usual prompt.
fn of_week(packs: &Packs, used: &[Used], (at, day): (Instant, Day), said: WeekDay, week: Week) -> Option<Planned> {
    let pack = packs.get(week::PACK)?;
    let post = |theme: &str, emoji: &str, prompt: String, text: &str, carries: Option<String>| Planned {
        at,
        day,
        kind: PlannedKind::Prompt,
        pack: pack.name.clone(),
        theme: theme.to_owned(),
        emoji: emoji.to_owned(),
        prompt,
        text: text.to_owned(),
        carries,
        week: Some((said, week)),
        announces_week: false,
    };
    if let Some(id) = said.theme() {
        let theme = pack.themes.iter().find(|theme| theme.id == id)?;
        let (_, prompt) = week.variant(&theme.prompts)?;
        let (prompt, text, carries) = (prompt.id.clone(), &prompt.text, prompt.carries.clone());
        return Some(post(&theme.name, &theme.emoji, prompt, text, carries));
    }
    let (name, texts) = match said {
        WeekDay::MondayAfter => ("monday-after", &pack.monday_after),
        WeekDay::After30 => ("after-30-days", &pack.after_30_days),
        WeekDay::After90 => ("after-90-days", &pack.after_90_days),
        _ => return None,
    };
    // Nobody is asked what became of a week that this channel didn't have.
    let had_it = used.iter().any(|used| (week.first()..=week.last()).contains(&used.day));
    let (nth, text) = week.variant(texts).filter(|_| had_it)?;
    Some(post(&pack.title, QUESTION, id(name, nth), text, None))
}

/// Full mode's second post of a day, and the wrap-up of the last.
fn later_posts(schedule: &Schedule, packs: &Packs, day: Day, said: WeekDay, week: Week) -> Vec<Planned> {
    let mut posts = Vec::new();
    let Some(pack) = packs.get(week::PACK) else {
        return posts;
    };
    let Some(theme) = said
        .theme()
        .and_then(|id| pack.themes.iter().find(|theme| theme.id == id))
    else {
        return posts;
    };
    let midnight = day.date().and_time(NaiveTime::MIN);
    let hours = chrono::Duration::hours;
    let first = day.date().and_time(schedule.cron.time());
    let second = if first < midnight + hours(NOON) {
        midnight + hours(FOLLOW_UP)
    } else {
        first + hours(FOLLOW_UP_LATER)
    };
    let mut post = |at, kind, prompt: String, text: &str| {
        posts.push(Planned {
            at: at_wall(at, schedule.zone),
            day,
            kind,
            pack: pack.name.clone(),
            theme: theme.name.clone(),
            emoji: theme.emoji.clone(),
            prompt,
            text: text.to_owned(),
            carries: None,
            week: Some((said, week)),
            announces_week: false,
        });
    };
    if let Some((_, prompt)) = week.variant(&theme.prompts)
        && let Some(text) = &prompt.follow_up
    {
        post(second, PlannedKind::FollowUp, prompt.id.clone(), text);
    }
    if said == WeekDay::Celebrate
        && let Some((id, text)) = wrap_up(packs, week)
    {
        let last = (midnight + hours(WRAP_UP)).max(second + hours(WRAP_UP_LATER));
        post(last, PlannedKind::WrapUp, id, &text);
    }
    posts
}

/// The id of a text of the week that is no prompt: `csw-wrap-up-1`.
fn id(name: &str, nth: usize) -> String {
    format!("csw-{name}-{}", nth + 1)
}

impl PlannedKind {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::FollowUp => "follow_up",
            Self::WrapUp => "wrap_up",
        }
    }
}
