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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedKind {
    /// The post of an occurrence.
    Prompt,
    /// The second post of a day of Customer Service Week.
    FollowUp,
    /// What closes Customer Service Week, as a post of its own.
    WrapUp,
}

impl PlannedKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Prompt, Self::FollowUp, Self::WrapUp];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::FollowUp => "follow_up",
            Self::WrapUp => "wrap_up",
        }
    }
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
    let of_week = said.and_then(|(said, week)| of_week(schedule, packs, used, (at, day), (said, week)));
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
fn of_week(
    schedule: &Schedule,
    packs: &Packs,
    used: &[Used],
    (at, day): (Instant, Day),
    (said, week): (WeekDay, Week),
) -> Option<Planned> {
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
    let theme_of = |day: WeekDay| pack.themes.iter().find(|theme| Some(theme.id.as_str()) == day.theme());
    if said.theme().is_some() {
        let theme = theme_of(said)?;
        let (_, prompt) = week.variant(&theme.prompts)?;
        // What leads in the day before is written for that day: a short week leaves some out.
        let before = week
            .said_before(schedule, day)
            .and_then(WeekDay::next)
            .and_then(theme_of);
        let carries = before.and_then(|theme| week.variant(&theme.prompts)?.1.carries.clone());
        return Some(post(
            &theme.name,
            &theme.emoji,
            prompt.id.clone(),
            &prompt.text,
            carries,
        ));
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::base::calendar::{local_day, local_time};
    use crate::prompts::schedule::tests::{day, instant, schedule};

    fn posts(schedule: &Schedule, from: &str, to: &str) -> Vec<Planned> {
        plan(schedule, &Packs::shipped(), Vec::new(), instant(from), instant(to))
    }

    /// `Mon 2026-10-05 09:30 Prompt csw-educate-1`
    fn written(schedule: &Schedule, posts: &[Planned]) -> String {
        let line = |post: &Planned| {
            let (day, time) = (local_day(post.at, schedule.zone), local_time(post.at, schedule.zone));
            let announces = if post.announces_week {
                " (announces the week)"
            } else {
                ""
            };
            format!(
                "{} {day} {time} {:?} {}{announces}",
                day.weekday(),
                post.kind,
                post.prompt
            )
        };
        posts.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_week_in_light_has_one_post_a_day_instead_of_the_usual_one() {
        let schedule = schedule("weekdays 9:30", "Europe/Berlin");
        let posts = posts(&schedule, "2026-09-27T00:00:00Z", "2026-10-17T00:00:00Z");
        assert_snapshot!(written(&schedule, &posts), @r"
        Mon 2026-09-28 09:30 Prompt cv-033 (announces the week)
        Tue 2026-09-29 09:30 Prompt tt-032
        Wed 2026-09-30 09:30 Prompt ww-016
        Thu 2026-10-01 09:30 Prompt tb-043
        Fri 2026-10-02 09:30 Prompt ff-020
        Mon 2026-10-05 09:30 Prompt csw-educate-2
        Tue 2026-10-06 09:30 Prompt csw-activate-2
        Wed 2026-10-07 09:30 Prompt csw-co-create-1-2
        Thu 2026-10-08 09:30 Prompt csw-co-create-2-2
        Fri 2026-10-09 09:30 Prompt csw-celebrate-2
        Mon 2026-10-12 09:30 Prompt csw-monday-after-2
        Tue 2026-10-13 09:30 Prompt tt-018
        Wed 2026-10-14 09:30 Prompt ww-008
        Thu 2026-10-15 09:30 Prompt tb-015
        Fri 2026-10-16 09:30 Prompt ff-017
        ");
        assert_eq!(posts[5].theme, "Educate");
        assert_eq!(posts[5].carries, None);
        assert!(
            posts[6]
                .carries
                .as_ref()
                .is_some_and(|carries| carries.contains("{answers}"))
        );
        assert_eq!(posts[10].theme, "Customer Service Week");
    }

    #[test]
    fn the_week_in_full_has_second_posts_and_a_wrap_up() {
        let mut schedule = schedule("weekdays 9:30", "Europe/Berlin");
        schedule.week = WeekMode::Full;
        let posts = posts(&schedule, "2026-10-02T12:00:00Z", "2026-10-12T12:00:00Z");
        assert_snapshot!(written(&schedule, &posts), @r"
        Mon 2026-10-05 09:30 Prompt csw-educate-2
        Mon 2026-10-05 14:00 FollowUp csw-educate-2
        Tue 2026-10-06 09:30 Prompt csw-activate-2
        Tue 2026-10-06 14:00 FollowUp csw-activate-2
        Wed 2026-10-07 09:30 Prompt csw-co-create-1-2
        Wed 2026-10-07 14:00 FollowUp csw-co-create-1-2
        Thu 2026-10-08 09:30 Prompt csw-co-create-2-2
        Thu 2026-10-08 14:00 FollowUp csw-co-create-2-2
        Fri 2026-10-09 09:30 Prompt csw-celebrate-2
        Fri 2026-10-09 14:00 FollowUp csw-celebrate-2
        Fri 2026-10-09 16:00 WrapUp csw-wrap-up-2
        Mon 2026-10-12 09:30 Prompt csw-monday-after-2
        ");
        assert_ne!(posts[0].text, posts[1].text);
    }

    #[test]
    fn a_late_first_post_moves_the_others() {
        let mut schedule = schedule("weekdays 20:30", "Europe/Berlin");
        schedule.week = WeekMode::Full;
        let posts = posts(&schedule, "2026-10-08T22:30:00Z", "2026-10-10T12:00:00Z");
        assert_snapshot!(written(&schedule, &posts), @r"
        Fri 2026-10-09 20:30 Prompt csw-celebrate-2
        Sat 2026-10-10 00:30 FollowUp csw-celebrate-2
        Sat 2026-10-10 02:30 WrapUp csw-wrap-up-2
        ");
        // They belong to the day that they follow.
        assert!(posts.iter().all(|post| post.day == day("2026-10-09")));
    }

    #[test]
    fn off_is_a_week_like_any_other() {
        let mut schedule = schedule("weekdays 9:30", "Europe/Berlin");
        schedule.week = WeekMode::Off;
        let posts = posts(&schedule, "2026-09-01T00:00:00Z", "2027-01-31T00:00:00Z");
        assert!(
            posts
                .iter()
                .all(|post| post.pack == "service-year" && !post.announces_week)
        );
    }

    #[test]
    fn it_is_asked_what_became_of_a_week_that_a_channel_had() {
        let schedule = schedule("weekdays 9:30", "Europe/Berlin");
        let asked = |posts: Vec<Planned>| -> Vec<String> {
            let asked = posts
                .into_iter()
                .filter(|post| post.pack == week::PACK && post.theme == "Customer Service Week");
            asked.map(|post| format!("{} {}", post.day, post.prompt)).collect()
        };
        assert_eq!(
            asked(posts(&schedule, "2026-10-08T12:00:00Z", "2027-02-01T00:00:00Z")),
            [
                "2026-10-12 csw-monday-after-2",
                "2026-11-11 csw-after-30-days-2",
                "2027-01-11 csw-after-90-days-2",
            ]
        );
        // One that came later.
        assert_eq!(
            asked(posts(&schedule, "2026-10-20T12:00:00Z", "2027-02-01T00:00:00Z")),
            [""; 0]
        );
    }

    #[test]
    fn a_pack_that_is_gone_plans_nothing_but_the_week() {
        let mut schedule = schedule("weekdays 9:30", "Europe/Berlin");
        schedule.pack = "gone".to_owned();
        let posts = posts(&schedule, "2026-09-27T00:00:00Z", "2026-10-17T00:00:00Z");
        assert_eq!(posts.len(), 6);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        /// A plan in pieces, each with what was used before it, is the whole plan: a restart changes nothing.
        #[test]
        fn a_plan_goes_on_where_it_was_left(
            seed in any::<i64>(), hour in 0_u32..24, minute in 0_u32..60, full in any::<bool>(),
            start in 0_i64..700, cuts in proptest::collection::vec(1_i64..40 * 1_440, 1..6),
        ) {
            let mut schedule = schedule(&format!("{minute} {hour} * * 1-5"), "America/New_York");
            schedule.seed = seed;
            schedule.week = if full { WeekMode::Full } else { WeekMode::Light };
            let packs = Packs::shipped();
            let from = instant("2026-01-01T00:00:00Z").plus_millis(start * 86_400_000);
            let to = from.plus_millis(120 * 86_400_000);
            let whole = plan(&schedule, &packs, Vec::new(), from, to);
            let (mut pieces, mut at): (Vec<Planned>, Instant) = (Vec::new(), from);
            for end in cuts.iter().map(|&minutes| minutes * 60_000).chain([i64::MAX]) {
                let end = at.plus_millis(end).min(to);
                let used = pieces.iter().filter(|post| post.kind == PlannedKind::Prompt);
                let used = used.map(|post| Used { prompt: post.prompt.clone(), day: post.day }).collect();
                pieces.extend(plan(&schedule, &packs, used, at, end));
                at = end;
            }
            prop_assert_eq!(&pieces, &whole);
            prop_assert!(whole.windows(2).all(|pair| pair[0].at < pair[1].at));
            let first: Vec<Instant> = whole.iter().filter(|post| post.kind == PlannedKind::Prompt).map(|post| post.at).collect();
            prop_assert_eq!(first, schedule.between(from, to));
        }
    }
}
