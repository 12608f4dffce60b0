//! The forms: of a schedule, with a second look before it is saved; of a prompt of one's own; of the opening note.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::Datelike as _;
use serde::{Deserialize, Serialize};

use super::{list, mode_of, next_of, open, our_fault};
use crate::base::calendar::{Day, WorkingDays, parse_zone};
use crate::base::ids::{ScheduleId, UserId, new_id};
use crate::base::text::fold;
use crate::prompts::cron::Cron;
use crate::prompts::holidays::Region;
use crate::prompts::manage;
use crate::prompts::messages::manage::{self as says, Filled};
use crate::prompts::messages::{self, NOTE, NOTE_FORM};
use crate::prompts::pack::Packs;
use crate::prompts::schedule::{GRACE, Schedule, USUAL_PACK, WeekMode};
use crate::prompts::week;
use crate::slack::blocks::{Message, Response, View, ViewResponse, measure};
use crate::slack::inbound::{BlockActions, Fields, ViewEvent};
use crate::slack::mrkdwn::unescape;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx, Locale, Picked, look_at};

/// What a form carries.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Carried {
    /// The message whose button opened it shows the list afterwards.
    url: Option<String>,
    /// The schedule that is changed; none for a new one.
    #[serde(default)]
    id: Option<ScheduleId>,
    /// What was understood, in the second look.
    #[serde(default)]
    schedule: Option<Schedule>,
    /// Which prompts of stewards' own it shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    own: Vec<String>,
}

impl Carried {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a submission comes to.
#[derive(Debug, Default)]
pub struct Submitted {
    /// For the 200.
    pub response: ViewResponse,
    /// What a message shows from then on: its `response_url`, and what.
    pub after: Option<(String, Response)>,
    /// What the person is told by direct message.
    pub told: Option<Message>,
}

impl From<ViewResponse> for Submitted {
    fn from(response: ViewResponse) -> Self {
        Self {
            response,
            ..Self::default()
        }
    }
}

/// The form of a new schedule: as most people want it, in their own zone.
pub(super) async fn new(ctx: &Ctx, packs: &Packs, click: &BlockActions) -> Result<View, StoreError> {
    let settings = ctx.settings();
    let mut people = BTreeSet::from([click.user.clone()]);
    people.extend(settings.stewards.first().cloned());
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &people).await)
        .await?;
    let own = known.get(&click.user).and_then(|member| member.zone);
    let zone = own.unwrap_or_else(|| workspace_zone(&settings, &known));
    let filled = Filled {
        when: "weekdays 9:30".to_owned(),
        zone: zone.name().to_owned(),
        pack: USUAL_PACK.to_owned(),
        working: days_of(WorkingDays::default()),
        grace: hours(GRACE),
        week: "light".to_owned(),
        ..Filled::default()
    };
    let carried = Carried {
        url: click.response_url.clone(),
        ..Carried::default()
    };
    Ok(says::form(ctx.locale, packs, &filled, &carried.text()))
}

/// The form of a schedule as it is.
pub(super) fn edit(ctx: &Ctx, packs: &Packs, click: &BlockActions, schedule: &Schedule) -> View {
    let skip: Vec<String> = schedule.skip.iter().map(Day::to_string).collect();
    let filled = Filled {
        channel: Some(schedule.channel.clone()),
        when: schedule.cron.as_str().to_owned(),
        zone: schedule.zone.name().to_owned(),
        pack: schedule.pack.clone(),
        skip: skip.join("\n"),
        holidays: schedule.holidays.as_ref().map(Region::to_string).unwrap_or_default(),
        working: days_of(schedule.working_days),
        grace: hours(schedule.grace),
        week: match schedule.week {
            WeekMode::Full => "full",
            WeekMode::Light => "light",
            WeekMode::Off => "off",
        }
        .to_owned(),
        week_start: schedule.week_start.map(|day| day.to_string()),
    };
    let carried = Carried {
        url: click.response_url.clone(),
        id: Some(schedule.id.clone()),
        ..Carried::default()
    };
    says::form(ctx.locale, packs, &filled, &carried.text())
}

fn hours(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs() / 3_600).unwrap_or(says::MOST_GRACE)
}

fn days_of(days: WorkingDays) -> Vec<String> {
    days.days().map(|day| day.to_string().to_lowercase()).collect()
}

/// The form of a prompt of one's own.
pub(super) async fn open_own(
    ctx: &Ctx,
    packs: &Packs,
    click: &BlockActions,
    id: &ScheduleId,
) -> Result<Option<Response>, StoreError> {
    let Some(schedule) = manage::schedule(ctx, id).await? else {
        let said = list(ctx, packs, None, Some(says::gone(ctx.locale))).await?;
        return Ok(Some(Response::replacing(said)));
    };
    let themes: Vec<(String, String)> = packs
        .get(&schedule.pack)
        .map(|pack| {
            let themes = pack.themes.iter();
            themes.map(|theme| (theme.id.clone(), theme.name.clone())).collect()
        })
        .unwrap_or_default();
    let carried = Carried {
        url: click.response_url.clone(),
        id: Some(schedule.id),
        ..Carried::default()
    };
    Ok(open(ctx, click, &says::own_form(ctx.locale, &themes, &carried.text())).await)
}

/// The form of all prompts of stewards' own: the latest that fit, in the order in which they were written.
pub(super) async fn open_all_own(ctx: &Ctx, click: &BlockActions) -> Result<Option<Response>, StoreError> {
    let all = manage::own_prompts(ctx).await?;
    let (mut lines, mut shown, mut room) = (Vec::new(), Vec::new(), says::MOST_LINES);
    for own in all.iter().rev() {
        let line = match own.theme.as_str() {
            "" => unescape(&own.text),
            theme => format!("{theme}: {}", unescape(&own.text)),
        };
        let Some(left) = room.checked_sub(measure(&line) + 1) else {
            break;
        };
        room = left;
        lines.push(line);
        shown.push(own.id.clone());
    }
    lines.reverse();
    let left = all.len() - shown.len();
    let carried = Carried {
        url: click.response_url.clone(),
        own: shown,
        ..Carried::default()
    };
    let view = says::all_own_form(ctx.locale, &lines.join("\n"), left, &carried.text());
    Ok(open(ctx, click, &view).await)
}

/// The draft of an opening note, another one each year.
pub(super) fn note_draft(packs: &Packs, monday: Day) -> String {
    let pack = packs.get(week::PACK);
    let drafts = pack.map(|pack| pack.opening.as_slice()).unwrap_or_default();
    let count = i32::try_from(drafts.len()).unwrap_or(0);
    if count == 0 {
        return String::new();
    }
    let nth = usize::try_from(monday.date().year().rem_euclid(count)).unwrap_or(0);
    drafts.get(nth).cloned().unwrap_or_default()
}

/// Takes a form that was submitted; `None` if it is none of this feature's.
pub async fn submission(ctx: &Ctx, packs: &Packs, event: &ViewEvent) -> Option<Submitted> {
    let result = match event.view.callback_id.as_str() {
        says::FORM => understood(ctx, packs, event).await,
        says::SURE => save(ctx, packs, event).await,
        says::OWN_FORM => own(ctx, packs, event).await,
        says::ALL_OWN_FORM => all_own(ctx, packs, event).await,
        NOTE_FORM => note(ctx, event).await,
        _ => return None,
    };
    Some(result.unwrap_or_else(|error| {
        our_fault(ctx, &error);
        not_saved(ctx.locale, event).into()
    }))
}

/// The answer when a form's outcome can't be told in time: it stays open with what was typed. Saving the same again does
/// no harm.
pub fn not_saved(locale: Locale, event: &ViewEvent) -> ViewResponse {
    let beside = match event.view.callback_id.as_str() {
        says::OWN_FORM | says::ALL_OWN_FORM => says::TEXT,
        NOTE_FORM => NOTE,
        _ => says::WHEN,
    };
    ViewResponse::error(beside, says::not_saved(locale))
}

/// Reads the form, and shows what was understood before anything is saved.
async fn understood(ctx: &Ctx, packs: &Packs, event: &ViewEvent) -> Result<Submitted, StoreError> {
    if !ctx.settings().is_steward(&event.user) {
        return Ok(ViewResponse::Close.into());
    }
    let mut carried: Carried = serde_json::from_str(&event.view.private_metadata).unwrap_or_default();
    let before = match &carried.id {
        Some(id) => manage::schedule(ctx, id).await?,
        None => None,
    };
    let now = ctx.clock.now();
    let id = carried.id.clone().unwrap_or_else(|| new_id(now).into());
    let schedule = match read(ctx.locale, &event.view.fields, id, &event.user, before.as_ref()) {
        Ok(schedule) => schedule,
        Err((beside, what)) => return Ok(ViewResponse::error(beside, &what).into()),
    };
    if before.as_ref().is_none_or(|before| before.channel != schedule.channel) {
        let picked = look_at(ctx, &schedule.channel).await;
        if let Some(problem) = picked.problem(ctx.locale) {
            return Ok(ViewResponse::error(says::CHANNEL, problem).into());
        }
        if picked == Picked::Shared && !ctx.settings().shared_channels.contains(&schedule.channel) {
            return Ok(ViewResponse::error(says::CHANNEL, says::shared(ctx.locale)).into());
        }
    }
    let next = next_of(&schedule, now);
    if next.is_empty() {
        return Ok(ViewResponse::error(says::WHEN, says::never(ctx.locale)).into());
    }
    carried.schedule = Some(schedule.clone());
    let others = manage::schedules(ctx).await?;
    let other = others
        .iter()
        .map(|stored| &stored.schedule)
        .find(|other| other.channel == schedule.channel && other.id != schedule.id);
    let view = says::sure(ctx.locale, &schedule, packs, (next.as_slice(), other), &carried.text());
    Ok(ViewResponse::Update { view: Box::new(view) }.into())
}

/// The schedule that was filled in, or what is wrong and beside which input it is said (plain).
fn read(
    locale: Locale,
    filled: &Fields,
    id: ScheduleId,
    by: &UserId,
    before: Option<&Schedule>,
) -> Result<Schedule, (&'static str, String)> {
    let text = |name: &str| filled.text(name).unwrap_or_default().trim().to_owned();
    let working_days = WorkingDays::new(filled.options(says::WORKING).iter().filter_map(|day| day.parse().ok()))
        .ok_or((says::WORKING, says::no_working_day(locale).to_owned()))?;
    let cron = Cron::parse_for(&text(says::WHEN), working_days).map_err(|error| (says::WHEN, error.to_string()))?;
    let zone = parse_zone(&text(says::ZONE)).ok_or((says::ZONE, says::no_zone(locale).to_owned()))?;
    let holidays = match text(says::HOLIDAYS).as_str() {
        "" => None,
        typed => Some(
            typed
                .parse::<Region>()
                .map_err(|error| (says::HOLIDAYS, error.to_string()))?,
        ),
    };
    let mut skip = BTreeSet::new();
    for (line, typed) in text(says::SKIP_DAYS).lines().enumerate() {
        if !typed.trim().is_empty() {
            let day: Day = typed
                .trim()
                .parse()
                .map_err(|_| (says::SKIP_DAYS, says::no_day(locale, line + 1)))?;
            skip.insert(day);
        }
    }
    if skip.len() > says::MOST_SKIPPED {
        return Err((says::SKIP_DAYS, says::too_many_days(locale)));
    }
    let grace = text(says::GRACE)
        .parse::<u64>()
        .ok()
        .filter(|hours| i64::try_from(*hours).is_ok_and(|hours| hours <= says::MOST_GRACE))
        .ok_or((says::GRACE, says::no_grace(locale)))?;
    let week_start = match filled.date(says::WEEK_START) {
        None => None,
        Some(day) => Some(
            day.parse::<Day>()
                .ok()
                .filter(|day| *day == day.monday())
                .ok_or((says::WEEK_START, says::no_monday(locale).to_owned()))?,
        ),
    };
    let channel = filled
        .conversations(says::CHANNEL)
        .into_iter()
        .next()
        .ok_or((says::CHANNEL, says::no_channel(locale).to_owned()))?;
    let usual = Schedule::usual(id, channel, cron, zone, by.clone());
    Ok(Schedule {
        pack: filled.option(says::PACK).unwrap_or(usual.pack),
        skip,
        holidays,
        working_days,
        grace: Duration::from_secs(grace * 3_600),
        is_on: before.is_none_or(|before| before.is_on),
        week: filled
            .option(says::WEEK_MODE)
            .as_deref()
            .and_then(mode_of)
            .unwrap_or_default(),
        week_start,
        seed: before.map_or(usual.seed, |before| before.seed),
        maker: before.map_or(usual.maker, |before| before.maker.clone()),
        ..usual
    })
}

/// What was understood is what was meant.
async fn save(ctx: &Ctx, packs: &Packs, event: &ViewEvent) -> Result<Submitted, StoreError> {
    let carried: Carried = serde_json::from_str(&event.view.private_metadata).unwrap_or_default();
    let Some(schedule) = carried.schedule.filter(|_| ctx.settings().is_steward(&event.user)) else {
        return Ok(ViewResponse::Close.into());
    };
    manage::save(ctx, packs, &event.user, &schedule).await?;
    Ok(done(ctx, packs, carried.url, &says::saved(ctx.locale, &schedule)).await)
}

/// The form closes, and the message behind it shows the list. It is stored, whatever the message can show.
async fn done(ctx: &Ctx, packs: &Packs, url: Option<String>, said: &str) -> Submitted {
    let shown = list(ctx, packs, None, Some(said)).await.ok();
    Submitted {
        response: ViewResponse::Close,
        after: url.zip(shown.map(Response::replacing)),
        told: None,
    }
}

async fn own(ctx: &Ctx, packs: &Packs, event: &ViewEvent) -> Result<Submitted, StoreError> {
    let carried: Carried = serde_json::from_str(&event.view.private_metadata).unwrap_or_default();
    if !ctx.settings().is_steward(&event.user) {
        return Ok(ViewResponse::Close.into());
    }
    let typed = event.view.fields.text(says::TEXT).unwrap_or_default();
    if typed.trim().is_empty() {
        return Ok(ViewResponse::error(says::TEXT, says::no_text(ctx.locale)).into());
    }
    let pack = match &carried.id {
        Some(id) => manage::schedule(ctx, id).await?.map(|schedule| schedule.pack),
        None => None,
    };
    let theme = event.view.fields.option(says::THEME).unwrap_or_default();
    // Kept by its name: packs may call the same theme by different ids.
    let theme = pack
        .and_then(|pack| packs.get(&pack))
        .and_then(|pack| pack.themes.iter().find(|known| known.id == theme))
        .map_or("", |theme| theme.name.as_str());
    let text = manage::write_own(ctx, &event.user, theme, &typed).await?;
    Ok(done(ctx, packs, carried.url, &says::kept_own(ctx.locale, &text)).await)
}

async fn all_own(ctx: &Ctx, packs: &Packs, event: &ViewEvent) -> Result<Submitted, StoreError> {
    let carried: Carried = serde_json::from_str(&event.view.private_metadata).unwrap_or_default();
    if !ctx.settings().is_steward(&event.user) {
        return Ok(ViewResponse::Close.into());
    }
    let typed = event.view.fields.text(says::TEXT).unwrap_or_default();
    let lines = match read_own(ctx.locale, packs, &typed) {
        Ok(lines) => lines,
        Err(what) => return Ok(ViewResponse::error(says::TEXT, &what).into()),
    };
    let kept = manage::keep_own(ctx, &event.user, &carried.own, &lines).await?;
    Ok(done(ctx, packs, carried.url, &says::kept_all_own(ctx.locale, kept)).await)
}

/// Prompts as they are typed, one a line, by theme (its name, or nothing) and text; or what is wrong with a line (plain).
fn read_own(locale: Locale, packs: &Packs, typed: &str) -> Result<Vec<(String, String)>, String> {
    let themes = packs.names().filter_map(|name| packs.get(name));
    let themes: Vec<&str> = themes
        .filter(|pack| pack.wrap_up.is_empty())
        .flat_map(|pack| pack.themes.iter().map(|theme| theme.name.as_str()))
        .collect();
    let mut lines: Vec<(usize, (String, String))> = Vec::new();
    for (n, line) in typed.lines().enumerate() {
        let line = line.trim();
        let before = line.split_once(':').and_then(|(name, text)| {
            let known = themes.iter().find(|theme| fold(theme) == fold(name.trim()))?;
            Some(((*known).to_owned(), text.trim().to_owned()))
        });
        let (theme, text) = before.unwrap_or_else(|| (String::new(), line.to_owned()));
        if text.is_empty() {
            continue;
        }
        if measure(&text) > says::MOST_TEXT {
            return Err(says::line_too_long(locale, n + 1));
        }
        if let Some((earlier, _)) = lines.iter().find(|(_, (_, said))| fold(said) == fold(&text)) {
            return Err(says::said_before(locale, n + 1, *earlier));
        }
        lines.push((n + 1, (theme, text)));
    }
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

async fn note(ctx: &Ctx, event: &ViewEvent) -> Result<Submitted, StoreError> {
    let Ok(week) = event.view.private_metadata.parse::<Day>() else {
        return Ok(ViewResponse::Close.into());
    };
    let typed = event.view.fields.text(NOTE).unwrap_or_default();
    if typed.trim().is_empty() {
        return Ok(ViewResponse::error(NOTE, says::no_note(ctx.locale)).into());
    }
    manage::keep_note(ctx, &event.user, week, &typed).await?;
    Ok(Submitted {
        response: ViewResponse::Close,
        after: None,
        told: Some(messages::note_kept(ctx.locale, week)),
    })
}
