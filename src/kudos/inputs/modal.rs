//! The form: what opens it, and what becomes of what was filled in.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::base::calendar::{at_hour, local_day};
use crate::base::ids::{ChannelId, GroupId, MessageTs, UserId};
use crate::base::text::shorten;
use crate::kudos::deliver::later_intent;
use crate::kudos::deliveries;
use crate::kudos::giving::{Gave, directory};
use crate::kudos::grammar::{self, Directory, Parsed, Reading};
use crate::kudos::messages::{self, Voice};
use crate::kudos::modal::{self, Form};
use crate::kudos::rules::{MORNING, QUOTED, Refusal, Target, Terms, decide, target};
use crate::kudos::waiting::{LATER, MODAL, Waiting};
use crate::kudos::{
    Announce, FORM, GIVE_KUDOS, Giving, KUDOS_MESSAGE, Outcome, PASS_ON_CUSTOMER_WORDS, Question, Source,
};
use crate::outbox;
use crate::slack::blocks::{Message, ViewResponse};
use crate::slack::inbound::{BlockActions, Shortcut, SlashCommand, ViewEvent};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Postable, drafts};

use super::tomorrow::PATIENCE;

/// The feature's name in the notes on who was told what came of a form.
const TOLD: &str = "kudos.told";

/// What typing or clicking came to.
pub(super) enum Opened {
    /// A form is before them.
    Form,
    /// It isn't, and this is what they are told.
    Told(Message),
}

/// Opens the form for a command that names people at most. `None`: it says more than that, and is a kudos of its own.
///
/// The database may say who has a plain name, but only for as long as the trigger can spare: otherwise what was typed
/// is put into the form.
pub(super) async fn for_command(giving: &Giving<'_>, command: &SlashCommand, reading: &Reading) -> Option<Opened> {
    if command.trigger_id.is_empty() || !reading.may_be_people_only() {
        return None;
    }
    let ctx = giving.ctx;
    let settings = ctx.settings();
    let mut people: BTreeSet<UserId> = reading.mentioned().into_iter().collect();
    people.insert(command.user.clone());
    let question = Question {
        workspace: ctx.workspace.id.clone(),
        people,
        names: reading.names_to_look_up(),
        places: BTreeSet::new(),
        at: ctx.clock.now(),
    };
    let names = settings.value_names();
    let mut waiting = Waiting {
        source: Some(Source::Modal),
        channel: Some(command.channel.clone()),
        ..Waiting::default()
    };
    match within(giving.opening.known, giving.lookup.ask(question)).await {
        Ok(Ok(facts)) => {
            let parsed = reading.resolve(&directory(&facts.known, facts.hits), &names);
            if !parsed.reason.is_empty() {
                return None;
            }
            let terms = Terms {
                may_give: facts
                    .known
                    .get(&command.user)
                    .is_none_or(|giver| settings.may_give(giver)),
                single_channel_guests: settings.single_channel_guests,
                ..Terms::default()
            };
            match decide(&parsed, &command.user, &facts.known, terms) {
                Err(Refusal::NoWords(_)) => {}
                Err(Refusal::NoPerson) if parsed.as_typed.is_empty() || !parsed.values.is_empty() => {}
                // Nobody by that name, an app, oneself: each has its own sentence.
                _ => return None,
            }
            fill(&mut waiting, &parsed);
        }
        silent => {
            if let Ok(Err(error)) = silent {
                tracing::warn!(%error, "a form opens without the database");
            }
            let parsed = reading.resolve(&Directory::default(), &names);
            fill(&mut waiting, &parsed);
            if !parsed.unknown.is_empty() {
                waiting.reason = parsed.as_typed;
            }
        }
    }
    Some(open(giving, &command.user, &command.trigger_id, &waiting).await)
}

fn fill(waiting: &mut Waiting, parsed: &Parsed) {
    waiting.receivers = parsed.receivers.iter().map(grammar::Receiver::plain).collect();
    waiting.values.clone_from(&parsed.values);
}

/// Opens the form, filled in. When Slack doesn't in time, or the trigger has come too late, the person gets a button
/// that opens it again with everything in it; when that can't be kept, their words.
pub(super) async fn open(giving: &Giving<'_>, user: &UserId, trigger: &str, waiting: &Waiting) -> Opened {
    let ctx = giving.ctx;
    let settings = ctx.settings();
    // What the database knows makes the form better, and is never waited for.
    let known = within(giving.opening.known, surroundings(giving, waiting.channel.as_ref())).await;
    let (teams, place) = match known {
        Ok(Ok(known)) => known,
        _ => (
            Vec::new(),
            settings.channel.clone().filter(|_| waiting.channel.is_none()),
        ),
    };
    let form = Form {
        waiting,
        teams: &teams,
        values: &settings.values,
        has_allowance: settings.allowance.is_some(),
        place: place.as_ref(),
    };
    let view = modal::view(ctx.locale, &form);
    let error = match ctx.slack.views_open(trigger, &view, giving.opening.open).await {
        Ok(_) => return Opened::Form,
        Err(error) => error,
    };
    tracing::warn!(%error, user = %user, "a form could not be opened");
    match timeout(giving.opening.keep, giving.keep(user, MODAL, None, waiting)).await {
        Ok(Ok(draft)) => Opened::Told(messages::open_again(ctx.locale, &draft)),
        _ => Opened::Told(messages::not_opened(ctx.locale, &waiting.reason)),
    }
}

/// An answer in that time; without any time nothing is asked.
async fn within<T>(time: Duration, ask: impl Future<Output = T>) -> Result<T, Option<Elapsed>> {
    if time.is_zero() {
        return Err(None);
    }
    timeout(time, ask).await.map_err(Some)
}

/// The teams that can be thanked, and where it would be announced.
async fn surroundings(
    giving: &Giving<'_>,
    channel: Option<&ChannelId>,
) -> Result<(Vec<(GroupId, String)>, Option<ChannelId>), StoreError> {
    let ctx = giving.ctx;
    let (settings, now) = (ctx.settings(), ctx.clock.now());
    let id = ctx.workspace.id.clone();
    let wanted: BTreeSet<ChannelId> = settings.channel.iter().chain(channel).cloned().collect();
    let (groups, mut places) = ctx
        .db
        .read(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let groups = workspace::all_usergroups(tx, &id).await?;
            Ok((groups, workspace::places(tx, &id, &wanted, now).await?))
        })
        .await?;
    places.values_mut().for_each(|place| settings.let_in(place));
    let given_in = channel.and_then(|channel| places.get(channel));
    let recognition = settings.channel.as_ref().and_then(|channel| places.get(channel));
    let place = match target(&Announce::Default, given_in, recognition, None) {
        Target::Recognition(channel) | Target::Public(channel) | Target::Private(channel) => Some(channel),
        // Slack hasn't said yet what it is: the card may go to another place than this.
        _ => None,
    };
    let teams = groups
        .into_iter()
        .filter(|group| !group.is_disabled)
        .map(|group| {
            let name = if group.name.trim().is_empty() {
                group.handle
            } else {
                group.name
            };
            (group.id, name)
        })
        .collect();
    Ok((teams, place))
}

/// Opens the form from one of Slack's own menus; what is said where it didn't open.
pub(super) async fn for_shortcut(giving: &Giving<'_>, shortcut: &Shortcut) -> Option<Message> {
    let mut waiting = Waiting {
        source: Some(Source::Modal),
        ..Waiting::default()
    };
    match (shortcut.callback_id.as_str(), &shortcut.of) {
        (GIVE_KUDOS, _) => {}
        (KUDOS_MESSAGE | PASS_ON_CUSTOMER_WORDS, Some(of)) => {
            let message = &of.message;
            let is_customers = shortcut.callback_id == PASS_ON_CUSTOMER_WORDS;
            let words = plain(giving, &message.text).await;
            waiting.channel = Some(of.channel.clone());
            waiting.thread = message.parent().cloned();
            if is_customers {
                waiting.source = Some(Source::Customer);
                waiting.reason = words;
            } else {
                waiting.source = Some(Source::Shortcut);
                let words = shorten(words.trim(), QUOTED);
                if !words.is_empty() {
                    waiting.reason = format!("\u{201c}{words}\u{201d} ");
                }
                let author = message
                    .user
                    .clone()
                    .filter(|author| !message.is_by_an_app() && *author != shortcut.user);
                waiting.receivers.extend(author.map(crate::kudos::Receiver::Member));
            }
        }
        _ => return None,
    }
    match open(giving, &shortcut.user, &shortcut.trigger_id, &waiting).await {
        Opened::Form => None,
        Opened::Told(message) => Some(message),
    }
}

/// A message's text as people read it, with the names of those who are mentioned as far as they are known.
async fn plain(giving: &Giving<'_>, text: &str) -> String {
    let ctx = giving.ctx;
    let reading = grammar::read(text);
    let question = Question {
        workspace: ctx.workspace.id.clone(),
        people: reading.mentioned().into_iter().collect(),
        names: Vec::new(),
        places: BTreeSet::new(),
        at: ctx.clock.now(),
    };
    let known = match within(giving.opening.known, giving.lookup.ask(question)).await {
        Ok(Ok(facts)) => directory(&facts.known, facts.hits),
        _ => Directory::default(),
    };
    reading.resolve(&known, &[]).as_typed
}

/// Opens the form again (or for the first time) at a click. What to say where it didn't.
pub(super) async fn for_click(
    giving: &Giving<'_>,
    user: &UserId,
    trigger: &str,
    channel: Option<&ChannelId>,
    draft: &str,
) -> Option<Message> {
    let kept = match draft {
        "" => None,
        draft => within(giving.opening.known, giving.kept(user, MODAL, draft)).await.ok(),
    };
    let waiting = match kept {
        None if draft.is_empty() => Waiting {
            source: Some(Source::Modal),
            channel: channel.cloned(),
            ..Waiting::default()
        },
        Some(Ok(Some(waiting))) => waiting,
        Some(Ok(None)) => {
            let settings = giving.ctx.settings();
            let voice = Voice::new(giving.ctx.locale, &settings, chrono_tz::UTC);
            return Some(messages::forgotten(&voice));
        }
        _ => return Some(messages::our_fault(giving.ctx.locale, "")),
    };
    match open(giving, user, trigger, &waiting).await {
        Opened::Form => None,
        Opened::Told(message) => Some(message),
    }
}

/// Opens the form for the person of a button. What to say where it didn't.
pub(super) async fn for_person(giving: &Giving<'_>, click: &BlockActions, person: &str) -> Option<Message> {
    let waiting = Waiting {
        source: Some(Source::Modal),
        receivers: vec![crate::kudos::Receiver::Member(person.into())],
        ..Waiting::default()
    };
    match open(giving, &click.user, &click.trigger_id, &waiting).await {
        Opened::Form => None,
        Opened::Told(message) => Some(message),
    }
}

/// What became of a submission.
#[derive(Debug)]
pub struct Submission {
    /// What the form does now.
    pub response: ViewResponse,
    /// What the giver is told privately: always when the answer came too late for the form, otherwise when it closed.
    pub message: Message,
    /// Where the form was opened, and the thread there.
    pub place: Option<(ChannelId, Option<MessageTs>)>,
    /// The same submission was delivered before, and its giver told.
    pub was_told: bool,
}

/// Gives what was filled in, or says beside the fields what must be put right. Nothing that was typed is lost.
pub(super) async fn submit(giving: &Giving<'_>, event: &ViewEvent) -> Submission {
    let ctx = giving.ctx;
    let submitted = modal::read(&event.view);
    let place = submitted
        .waiting
        .channel
        .clone()
        .map(|channel| (channel, submitted.waiting.thread.clone()));
    let refused = |(field, sentence): (&str, String), message: Message| Submission {
        response: ViewResponse::error(field, &sentence),
        message,
        place: place.clone(),
        was_told: false,
    };
    match accepted(giving, event, &submitted).await {
        Ok(Ok((message, was_told))) => Submission {
            response: ViewResponse::Close,
            message,
            place,
            was_told,
        },
        Ok(Err((beside, message))) => refused(beside, message),
        Err(error) => {
            tracing::error!(%error, workspace = %ctx.workspace.id, "a form could not be stored");
            refused(
                modal::our_fault(ctx.locale),
                messages::our_fault(ctx.locale, &submitted.waiting.reason),
            )
        }
    }
}

type Beside = ((&'static str, String), Message);

async fn accepted(
    giving: &Giving<'_>,
    event: &ViewEvent,
    submitted: &modal::Submitted,
) -> Result<Result<(Message, bool), Beside>, StoreError> {
    let ctx = giving.ctx;
    let waiting = &submitted.waiting;
    let plain = |(field, sentence): (&'static str, String)| {
        let message = messages::put_right(ctx.locale, &sentence, &waiting.reason);
        ((field, sentence), message)
    };
    if submitted.is_contradictory {
        return Ok(Err(plain(modal::contradictory(ctx.locale))));
    }
    if let Announce::In(channel) = &waiting.announce {
        let (id, channel, now) = (ctx.workspace.id.clone(), channel.clone(), ctx.clock.now());
        let mut place = ctx
            .db
            .read(async move |tx: &mut Tx| workspace::place(tx, &id, &channel, now).await)
            .await?;
        ctx.settings().let_in(&mut place);
        if place.is_shared || place.postable == Postable::No {
            return Ok(Err(plain(modal::not_postable(ctx.locale, place.is_shared))));
        }
    }
    // Slack names a submission by its view and that view's hash.
    let delivery = format!("{} {}", event.view.id, event.view.hash);
    let gave: Gave = giving.give(waiting.wish(&event.user, &delivery)).await?;
    let settings = ctx.settings();
    let voice = gave.voice(ctx, &settings);
    let message = match &gave.result {
        Err(refusal) => {
            return Ok(Err((
                modal::beside(ctx.locale, &gave.names(), refusal),
                gave.answer(&voice),
            )));
        }
        Ok((_, Outcome::Short { needs, .. }))
            if submitted.later && voice.allowance.is_some_and(|allowance| *needs <= allowance) =>
        {
            let due = at_hour(local_day(ctx.clock.now(), voice.zone).next(), MORNING, voice.zone);
            messages::put_off(
                &voice,
                &put_off(giving, &event.user, waiting, &event.view.id, due).await?,
            )
        }
        Ok((_, Outcome::Short { needs, left })) => {
            return Ok(Err((modal::short(&voice, *needs, *left), gave.answer(&voice))));
        }
        Ok(_) => gave.answer(&voice),
    };
    let (id, now) = (ctx.workspace.id.clone(), ctx.clock.now());
    let told: Result<_, StoreError> = ctx
        .db
        .write(async move |tx: &mut Tx| deliveries::first(tx, &id, &format!("{FORM}{delivery}"), TOLD, now).await)
        .await;
    // It is given: rather told twice than not at all.
    Ok(Ok((message, !told.unwrap_or(true))))
}

/// Keeps what was filled in for nine o'clock tomorrow, once per form.
async fn put_off(
    giving: &Giving<'_>,
    user: &UserId,
    waiting: &Waiting,
    view: &str,
    due: crate::base::clock::Instant,
) -> Result<String, StoreError> {
    let ctx = giving.ctx;
    let (workspace, owner, now) = (ctx.workspace.id.clone(), user.clone(), ctx.clock.now());
    let (waiting, once, kind) = (waiting.clone().masked(), format!("later {view}"), LATER.to_owned());
    let until = due.plus(PATIENCE);
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<String, StoreError> {
            let draft = drafts::keep(tx, &workspace, &owner, &kind, &waiting, now, until).await?;
            if deliveries::first(tx, &workspace, &once, TOLD, now).await? {
                let intent = later_intent(&workspace, &owner, &draft, now, due);
                outbox::enqueue(tx, &[intent]).await?;
            }
            Ok(draft)
        })
        .await
}

/// How long opening a form may take, in real time. Slack: a trigger lives 3 s, and a command must be answered within
/// them.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// The part of it that the database may take, twice at most.
    pub known: Duration,
    /// The part that Slack may take.
    pub open: Duration,
    /// The part that keeping what was typed may take, when Slack didn't open it.
    pub keep: Duration,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            known: Duration::from_millis(300),
            open: Duration::from_millis(1_200),
            keep: Duration::from_millis(400),
        }
    }
}
