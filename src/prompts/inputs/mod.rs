//! What stewards type, click and fill in, and what happens in a prompt's thread: from Slack's payload to a use case, and
//! its answer.

mod forms;
mod thread;

use std::time::Duration;

pub use forms::{Submitted, not_saved, submission};
pub use thread::event;

use super::deliver::of_name;
use super::manage::{self, Swapped};
use super::messages::manage as says;
use super::messages::{
    self, ASK_NOTE, DONT, HUSH, MAKE, MENU, PAUSE_HERE, POST_MISSED, WEEK, WRITE_NOTE, manage::Listed,
};
use super::pack::Packs;
use super::schedule::{Schedule, WeekMode};
use crate::base::calendar::Day;
use crate::base::ids::{ChannelId, ScheduleId, UserId};
use crate::kudos::messages::Names as _;
use crate::kudos::{Giving, People};
use crate::slack::blocks::{Message, Response, View};
use crate::slack::inbound::{Action, BlockActions, SlashCommand};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx};

/// The word after the command that is this feature's.
pub const RESERVED: &str = "prompts";
/// Slack: a trigger lives 3 s.
const OPEN_WITHIN: Duration = Duration::from_millis(2_500);
/// Dates that a list names for each schedule.
const NEXT: usize = 3;
/// Posts that a preview shows.
const PREVIEWED: usize = 10;

/// Answers `/kudos prompts`, privately; with a channel, that channel's alone.
pub async fn command(ctx: &Ctx, packs: &Packs, command: &SlashCommand, channel: Option<&ChannelId>) -> Message {
    let answer = async {
        if !ctx.settings().is_steward(&command.user) {
            return not_a_steward(ctx).await;
        }
        list(ctx, packs, channel, None).await
    };
    answer.await.unwrap_or_else(|error| our_fault(ctx, &error))
}

fn our_fault(ctx: &Ctx, error: &StoreError) -> Message {
    tracing::error!(%error, workspace = %ctx.workspace.id, "prompts could not be shown or stored");
    messages::our_fault(ctx.locale)
}

async fn not_a_steward(ctx: &Ctx) -> Result<Message, StoreError> {
    let settings = ctx.settings();
    let stewards = settings.stewards.iter().cloned().collect();
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &stewards).await)
        .await?;
    let groups = Default::default();
    let names = People::new(&known, &groups).list(&settings.stewards);
    Ok(says::not_a_steward(ctx.locale, &names, &settings.command))
}

/// The schedules as they are now, below what was done.
async fn list(
    ctx: &Ctx,
    packs: &Packs,
    channel: Option<&ChannelId>,
    said: Option<&str>,
) -> Result<Message, StoreError> {
    let now = ctx.clock.now();
    let schedules: Vec<Schedule> = manage::schedules(ctx)
        .await?
        .into_iter()
        .map(|stored| stored.schedule)
        .filter(|schedule| channel.is_none_or(|channel| schedule.channel == *channel))
        .collect();
    let next: Vec<_> = schedules.iter().map(|schedule| next_of(schedule, now)).collect();
    let listed: Vec<Listed<'_>> = schedules
        .iter()
        .zip(&next)
        .map(|(schedule, next)| Listed { schedule, next })
        .collect();
    Ok(says::list(ctx.locale, &ctx.settings(), packs, &listed, said))
}

/// The next three instants of a schedule.
fn next_of(schedule: &Schedule, now: crate::base::clock::Instant) -> Vec<crate::base::clock::Instant> {
    std::iter::successors(schedule.next(now), |at| schedule.next(*at))
        .take(NEXT)
        .collect()
}

/// Answers a click on one of this feature's elements. `None` where there is nothing to say, as when a form was opened.
pub async fn click(giving: &Giving<'_>, packs: &Packs, click: &BlockActions, action: &Action) -> Option<Response> {
    let ctx = giving.ctx;
    let value = action.value.as_deref().unwrap_or_default();
    let result = match action.name() {
        MAKE => thread::make(giving, click, value).await,
        DONT => Ok(Some(Response::replacing(messages::left_as_it_is(ctx.locale)))),
        HUSH => thread::hush(ctx, &click.user).await,
        WRITE_NOTE => open_note(ctx, packs, click, value).await,
        _ if !ctx.settings().is_steward(&click.user) => not_a_steward(ctx)
            .await
            .map(|message| Some(Response::ephemeral(message))),
        name => stewards(ctx, packs, click, name, value).await,
    };
    result.unwrap_or_else(|error| Some(Response::ephemeral(our_fault(ctx, &error))))
}

async fn stewards(
    ctx: &Ctx,
    packs: &Packs,
    click: &BlockActions,
    name: &str,
    value: &str,
) -> Result<Option<Response>, StoreError> {
    let by = &click.user;
    let id: ScheduleId = value.into();
    let said = match name {
        says::NEW => {
            let view = forms::new(ctx, packs, click).await?;
            return Ok(open(ctx, click, &view).await);
        }
        says::WRITE => return forms::open_own(ctx, packs, click, &id).await,
        says::ALL_OWN => return forms::open_all_own(ctx, click).await,
        says::POST_NOW => manage::post_now(ctx, packs, by, &id).await?.map_or_else(
            || says::nothing_to_post(ctx.locale).to_owned(),
            |schedule| messages::on_its_way(ctx.locale, &schedule.channel),
        ),
        says::SWAP => match manage::swap(ctx, packs, by, &id).await? {
            Swapped::To(channel, text) => says::swapped(ctx.locale, &channel, &text),
            Swapped::NoOther => says::no_other(ctx.locale).to_owned(),
            Swapped::Gone => says::gone(ctx.locale).to_owned(),
        },
        says::MORE => match value.split_once(' ') {
            Some((what, id)) => match more(ctx, packs, click, what, &id.into()).await? {
                More::Said(said) => said,
                More::Opened(response) => return Ok(response),
            },
            None => return Ok(None),
        },
        MENU => {
            let id: ScheduleId = value.strip_prefix(PAUSE_HERE).unwrap_or_default().into();
            let paused = manage::change(ctx, packs, by, &id, |schedule| schedule.is_on = false).await?;
            let said = paused.map_or_else(
                || says::gone(ctx.locale).to_owned(),
                |schedule| says::turned(ctx.locale, &schedule),
            );
            return Ok(Some(Response::ephemeral(Message::sentence(&format!(
                "{said} {}",
                says::to_go_on(ctx.locale, &ctx.settings().command)
            )))));
        }
        POST_MISSED => {
            let posted = match of_name(value) {
                Some((id, due_at)) => manage::post_missed(ctx, by, &id, due_at).await?,
                None => None,
            };
            let message = match posted {
                Some(channel) => messages::posting(ctx.locale, &channel),
                None => messages::posted_meanwhile(ctx.locale),
            };
            return Ok(Some(Response::replacing(message)));
        }
        WEEK => return choose_week(ctx, packs, by, value).await,
        name => {
            let Some(week) = name.strip_prefix(ASK_NOTE).and_then(|day| day.parse::<Day>().ok()) else {
                return Ok(None);
            };
            let whom: UserId = value.into();
            if whom.as_str().is_empty() {
                return Ok(None);
            }
            manage::ask_for_note(ctx, by, &whom, week).await?;
            let only = std::collections::BTreeSet::from([whom.clone()]);
            let known = ctx
                .db
                .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &only).await)
                .await?;
            let groups = Default::default();
            let message = messages::note_asked(ctx.locale, &People::new(&known, &groups), &whom);
            return Ok(Some(Response::replacing(message)));
        }
    };
    Ok(Some(Response::replacing(list(ctx, packs, None, Some(&said)).await?)))
}

/// What a choice from a schedule's menu comes to.
enum More {
    Said(String),
    Opened(Option<Response>),
}

async fn more(ctx: &Ctx, packs: &Packs, click: &BlockActions, what: &str, id: &ScheduleId) -> Result<More, StoreError> {
    let by = &click.user;
    let gone = || says::gone(ctx.locale).to_owned();
    let turned =
        |schedule: Option<Schedule>| schedule.map_or_else(gone, |schedule| says::turned(ctx.locale, &schedule));
    Ok(match what {
        says::EDIT => match manage::schedule(ctx, id).await? {
            Some(schedule) => {
                let view = forms::edit(ctx, packs, click, &schedule);
                More::Opened(open(ctx, click, &view).await)
            }
            None => More::Said(gone()),
        },
        says::PREVIEW => match manage::schedule(ctx, id).await? {
            Some(schedule) => {
                let planned = manage::upcoming(ctx, packs, &schedule, PREVIEWED).await?;
                let view = says::preview(ctx.locale, &schedule, &planned);
                More::Opened(open(ctx, click, &view).await)
            }
            None => More::Said(gone()),
        },
        says::SKIP => More::Said(match manage::skip_next(ctx, packs, by, id).await? {
            Some((schedule, day)) => says::skipped(ctx.locale, &schedule, day),
            None => gone(),
        }),
        says::PAUSE => More::Said(turned(
            manage::change(ctx, packs, by, id, |schedule| schedule.is_on = false).await?,
        )),
        says::RESUME => More::Said(turned(
            manage::change(ctx, packs, by, id, |schedule| schedule.is_on = true).await?,
        )),
        says::DELETE => More::Said(match manage::remove(ctx, by, id).await? {
            Some(schedule) => says::deleted(ctx.locale, &schedule),
            None => gone(),
        }),
        _ => More::Opened(None),
    })
}

async fn choose_week(ctx: &Ctx, packs: &Packs, by: &UserId, value: &str) -> Result<Option<Response>, StoreError> {
    let mut parts = value.split(' ');
    let (Some(id), Some(monday), Some(mode)) = (parts.next(), parts.next(), parts.next().and_then(mode_of)) else {
        return Ok(None);
    };
    let Ok(monday) = monday.parse::<Day>() else {
        return Ok(None);
    };
    let message = match manage::choose_week(ctx, packs, by, &id.into(), mode).await? {
        Some(schedule) => messages::week_answered(ctx.locale, monday, &schedule),
        None => Message::sentence(says::gone(ctx.locale)),
    };
    Ok(Some(Response::replacing(message)))
}

fn mode_of(name: &str) -> Option<WeekMode> {
    Some(match name {
        "full" => WeekMode::Full,
        "light" => WeekMode::Light,
        "off" => WeekMode::Off,
        _ => return None,
    })
}

async fn open(ctx: &Ctx, click: &BlockActions, view: &View) -> Option<Response> {
    match ctx.slack.views_open(&click.trigger_id, view, OPEN_WITHIN).await {
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "a form of the prompts could not be opened");
            Some(Response::ephemeral(Message::sentence(says::not_opened(ctx.locale))))
        }
    }
}

/// Opens the form of the opening note, with what was written before or a draft.
async fn open_note(
    ctx: &Ctx,
    packs: &Packs,
    click: &BlockActions,
    value: &str,
) -> Result<Option<Response>, StoreError> {
    let Ok(week) = value.parse::<Day>() else {
        return Ok(None);
    };
    let draft = match manage::note(ctx, week).await?.filter(|note| note.author == click.user) {
        Some(note) => note.text,
        None => forms::note_draft(packs, week),
    };
    Ok(open(ctx, click, &messages::note_form(ctx.locale, week, &draft)).await)
}
