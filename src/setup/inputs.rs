//! What stewards type, click and fill in; and the app being invited.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fields::SURE;
use super::first::{begin, step};
use super::messages::teams::{AWAY, CHANGE as TEAM_CHANGE, FORM as TEAM, NEW, REMOVE, TEAMS};
use super::messages::{self, CHANGE, FIRST, FORM, HISTORY, KUDOS_EMOJI, PICK, QUIET, STEP, SUGGESTED};
use super::{Field, deliver, known, teams};
use crate::base::ids::{ChannelId, UserId};
use crate::prompts::inputs::Submitted;
use crate::slack::blocks::{Message, Response, View, ViewResponse};
use crate::slack::inbound::{Action, BlockActions, Event, SlashCommand, ViewEvent};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Changed, Ctx, Guest, Locale, Picked, Settings, Silence, audit, look_at};

/// Slack: a trigger lives 3 s.
const OPEN_WITHIN: Duration = Duration::from_millis(2_500);
/// Changes that *History* shows.
const LATEST: i64 = 20;

/// What a form carries.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Carried {
    /// Fingerprint of what was set when it was opened.
    seen: String,
    /// For the message whose button opened it: it shows what is set afterwards.
    #[serde(default)]
    url: Option<String>,
    /// Opened in the first steps: they go on afterwards.
    #[serde(default)]
    first: bool,
    /// The warning that was shown: one yes is for one wish.
    #[serde(default)]
    warned: Option<String>,
}

impl Carried {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Answers `/kudos settings` and `/kudos setup`, privately.
pub async fn command(ctx: &Ctx, word: &str, command: &SlashCommand) -> Message {
    let answer = match word {
        "setup" => begin(ctx, &command.user).await,
        _ => all(ctx, &command.user).await,
    };
    answer.unwrap_or_else(|error| our_fault(ctx, &error))
}

fn our_fault(ctx: &Ctx, error: &StoreError) -> Message {
    tracing::error!(%error, "settings could not be shown or stored");
    messages::our_fault(ctx.locale)
}

pub(super) async fn all(ctx: &Ctx, user: &UserId) -> Result<Message, StoreError> {
    let settings = ctx.settings();
    let known = known(ctx, &settings, None).await?;
    Ok(if settings.is_steward(user) {
        messages::settings(&settings, &known)
    } else {
        messages::not_a_steward(&settings, &known, user)
    })
}

/// The app was invited somewhere: it says hello there, once.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn event(ctx: &Ctx, event: &Event) -> Result<(), StoreError> {
    match event {
        Event::MemberJoinedChannel { user, channel } if *user == ctx.workspace.bot_user => {
            deliver::say_hello(ctx, channel).await
        }
        _ => Ok(()),
    }
}

/// Answers a click on one of this feature's elements. `None` where there is nothing to say: in Home, or when a form was
/// opened.
pub async fn click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    let settings = ctx.settings();
    if !settings.is_steward(&click.user) {
        let known = known(ctx, &settings, None).await;
        return match known {
            Ok(known) if action.name() == AWAY && known.led_by(&click.user).next().is_some() => {
                let opened = teams::open_away(ctx, click).await;
                opened.unwrap_or_else(|error| Some(Response::ephemeral(our_fault(ctx, &error))))
            }
            Ok(known) => Some(Response::ephemeral(messages::not_a_steward(
                &settings,
                &known,
                &click.user,
            ))),
            Err(error) => Some(Response::ephemeral(our_fault(ctx, &error))),
        };
    }
    let value = action.value.as_deref().unwrap_or_default();
    let result = match action.name() {
        HISTORY => open_history(ctx, click, &settings).await,
        QUIET => quiet(ctx, click, value == "on").await,
        PICK => pick(ctx, click, &value.into()).await,
        STEP => step(ctx, &click.user, value)
            .await
            .map(|next| Some(Response::replacing(next))),
        SUGGESTED => suggested(ctx, click).await,
        AWAY => teams::open_away(ctx, click).await,
        name @ (TEAMS | NEW | TEAM_CHANGE | REMOVE) => teams::click(ctx, click, name, value).await,
        name => {
            let field = Field::from_name(name.strip_prefix(CHANGE)?)?;
            Ok(open_form(ctx, click, &settings, field, value == FIRST).await)
        }
    };
    result.unwrap_or_else(|error| Some(Response::ephemeral(our_fault(ctx, &error))))
}

async fn open_form(
    ctx: &Ctx,
    click: &BlockActions,
    settings: &Settings,
    field: Field,
    first: bool,
) -> Option<Response> {
    let carried = Carried {
        seen: settings.fingerprint(field.keys()),
        url: click.response_url.clone(),
        first,
        warned: None,
    };
    open(
        ctx,
        click,
        &messages::form(ctx.locale, field, settings, None, false, &carried.text()),
    )
    .await
}

pub(super) async fn open(ctx: &Ctx, click: &BlockActions, view: &View) -> Option<Response> {
    let is_in_a_form = click.view.as_ref().is_some_and(|view| view.kind == "modal");
    let opened = if is_in_a_form {
        ctx.slack.views_push(&click.trigger_id, view, OPEN_WITHIN).await
    } else {
        ctx.slack.views_open(&click.trigger_id, view, OPEN_WITHIN).await
    };
    match opened {
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "a form of the settings could not be opened");
            Some(Response::ephemeral(messages::not_opened(ctx.locale)))
        }
    }
}

async fn open_history(ctx: &Ctx, click: &BlockActions, settings: &Settings) -> Result<Option<Response>, StoreError> {
    let entries = ctx
        .db
        .read(async |tx: &mut Tx| audit::entries(tx, &ctx.workspace.id, LATEST).await)
        .await?;
    let people = |entry: &audit::Entry| {
        let named = [&entry.before, &entry.after].map(|value| serde_json::from_value::<Vec<UserId>>(value.clone()));
        let quiet = [&entry.before, &entry.after].map(|value| serde_json::from_value::<Silence>(value.clone()));
        let named = named
            .into_iter()
            .flatten()
            .flatten()
            .chain([UserId(entry.subject.clone())]);
        let quiet = quiet.into_iter().flatten().map(|silence| silence.by);
        named.chain(quiet).chain([entry.who.clone()]).collect::<Vec<_>>()
    };
    let known = known(ctx, settings, entries.iter().flat_map(people)).await?;
    Ok(open(ctx, click, &messages::history(settings, &entries, &known)).await)
}

async fn quiet(ctx: &Ctx, click: &BlockActions, on: bool) -> Result<Option<Response>, StoreError> {
    let (by, since) = (click.user.clone(), ctx.clock.now());
    ctx.change_settings(&click.user, move |settings| {
        settings.silence = match (&settings.silence, on) {
            // Who was first stays named.
            (Some(silence), true) => Some(silence.clone()),
            (None, true) => Some(Silence { by: by.clone(), since }),
            (_, false) => None,
        };
    })
    .await?;
    Ok(Some(Response::replacing(all(ctx, &click.user).await?)))
}

/// A channel was picked in the first steps.
async fn pick(ctx: &Ctx, click: &BlockActions, channel: &ChannelId) -> Result<Option<Response>, StoreError> {
    if channel.as_str().is_empty() {
        return Ok(None);
    }
    let settings = ctx.settings();
    let problem = match look_at(ctx, channel).await {
        picked @ (Picked::Archived | Picked::Silent) => picked.problem(ctx.locale).map(str::to_owned),
        Picked::Shared if !settings.shared_channels.contains(channel) => {
            Some(messages::is_shared_yet(ctx.locale, channel, &settings.command))
        }
        _ => None,
    };
    if let Some(problem) = problem {
        let again = messages::ask_channel(ctx.locale, &settings, &format!("{problem} "));
        return Ok(Some(Response::replacing(again)));
    }
    let picked = channel.clone();
    ctx.change_settings(&click.user, move |settings| settings.channel = Some(picked.clone()))
        .await?;
    Ok(Some(Response::replacing(step(ctx, &click.user, "invite").await?)))
}

async fn suggested(ctx: &Ctx, click: &BlockActions) -> Result<Option<Response>, StoreError> {
    ctx.change_settings(&click.user, |settings| {
        if settings.emoji.is_empty() {
            settings.emoji.push(KUDOS_EMOJI.to_owned());
        }
    })
    .await?;
    Ok(Some(Response::replacing(step(ctx, &click.user, "give").await?)))
}

/// The answer when a form's outcome can't be told in time, or is our fault: it stays open with what was typed. Saving the
/// same again does no harm.
pub fn not_saved(locale: Locale, event: &ViewEvent) -> ViewResponse {
    let name = match event.view.callback_id.as_str() {
        TEAM => messages::teams::LEADS,
        AWAY => messages::teams::PEOPLE,
        other => other.strip_prefix(FORM).unwrap_or_default(),
    };
    ViewResponse::error(name, messages::not_saved(locale))
}

/// Takes a form that was submitted; `None` if it is none of this feature's.
pub async fn submission(ctx: &Ctx, event: ViewEvent) -> Option<Submitted> {
    let not_saved = not_saved(ctx.locale, &event);
    let form = event.view.callback_id.clone();
    let submitted = match form.as_str() {
        TEAM => teams::submit(ctx, &event).await,
        AWAY => teams::submit_away(ctx, &event).await,
        other => submit(ctx, event, Field::from_name(other.strip_prefix(FORM)?)?).await,
    };
    Some(submitted.unwrap_or_else(|error| {
        tracing::error!(%error, form, "a setting could not be stored");
        not_saved.into()
    }))
}

async fn submit(ctx: &Ctx, event: ViewEvent, field: Field) -> Result<Submitted, StoreError> {
    let settings = ctx.settings();
    if !settings.is_steward(&event.user) {
        let known = known(ctx, &settings, None).await?;
        return wrong(field, &messages::no_longer_a_steward(&settings, &known));
    }
    let mut carried: Carried = serde_json::from_str(&event.view.private_metadata).unwrap_or_default();
    let mut draft = match field.read(ctx.locale, &event.view.fields, &settings) {
        Ok(draft) => draft,
        Err((block, what)) => return Ok(ViewResponse::error(block, &what).into()),
    };
    let mut warning = field.warning(ctx.locale, &settings, &draft);
    let (picked, before) = match field {
        Field::Channel => (&draft.channel, &settings.channel),
        Field::Digest => (&draft.digest_channel, &settings.digest_channel),
        _ => (&None, &None),
    };
    if picked != before
        && let Some(channel) = picked.clone()
    {
        let picked = look_at(ctx, &channel).await;
        if let Some(problem) = picked.problem(ctx.locale) {
            return wrong(field, problem);
        }
        if picked == Picked::Shared && draft.shared_channels.insert(channel.clone()) {
            warning = Some(messages::is_shared(ctx.locale, &channel));
        }
    }
    if field == Field::Stewards && !are_people(ctx, &draft.stewards, &settings.stewards).await? {
        return wrong(field, messages::no_person(ctx.locale));
    }
    if let Some(warning) = warning {
        let is_sure = event.view.fields.options(SURE).iter().any(|value| value == "yes");
        if !(is_sure && carried.warned.as_ref() == Some(&warning)) {
            carried.warned = Some(warning.clone());
            let view = messages::form(ctx.locale, field, &draft, Some(&warning), true, &carried.text());
            return Ok(ViewResponse::Update { view: Box::new(view) }.into());
        }
    }
    match ctx
        .replace_settings(&event.user, field.keys(), &carried.seen, &draft)
        .await?
    {
        Changed::Saved => {
            let after = match carried.url {
                None => None,
                Some(url) => {
                    let shows = if carried.first {
                        step(ctx, &event.user, "give").await
                    } else {
                        all(ctx, &event.user).await
                    };
                    // It is stored, whatever the message can show.
                    shows.ok().map(|message| (url, Response::replacing(message)))
                }
            };
            Ok(Submitted {
                after,
                ..Submitted::default()
            })
        }
        Changed::Meanwhile => {
            let now = ctx.settings();
            let known = known(ctx, &now, None).await?;
            carried.seen = now.fingerprint(field.keys());
            let above = messages::meanwhile(field, &now, &known);
            let view = messages::form(ctx.locale, field, &draft, Some(&above), false, &carried.text());
            Ok(ViewResponse::Update { view: Box::new(view) }.into())
        }
    }
}

fn wrong(field: Field, what: &str) -> Result<Submitted, StoreError> {
    Ok(ViewResponse::error(field.name(), what).into())
}

/// Whether those who are named anew are people of this workspace who are still here; guests don't settle things.
async fn are_people(ctx: &Ctx, stewards: &[UserId], before: &[UserId]) -> Result<bool, StoreError> {
    let named = stewards.iter().filter(|id| !before.contains(id)).cloned().collect();
    let found = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &named).await)
        .await?;
    Ok(named.iter().all(|id| {
        found
            .get(id)
            .is_some_and(|member| member.can_be_thanked() && member.guest == Guest::No)
    }))
}
