//! What people type and click: from Slack's payload to a use case, and its answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono_tz::Tz;
use futures_util::future::join_all;

use super::grammar::{self, Directory, NameHit, Parsed, Reading};
use super::messages::{self, Confirmation, Names, Voice};
use super::rules::{self, Approved, Refusal, Target, target};
use super::take_back::{card_lane, latest_of};
use super::{Announce, Give, Outcome, Receiver, Recorder, Source, TakeBack, TakenBack, take_back};
use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId};
use crate::slack::blocks::{Message, Response};
use crate::slack::errors::ApiError;
use crate::slack::inbound::{Action, BlockActions, SlashCommand, User};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx, Member, Place};

/// The words that are subcommands; a word whose capability doesn't exist is none.
const RESERVED: [&str; 2] = ["help", "undo"];
/// The most unknown people that are looked up while somebody waits.
const LOOK_UPS: usize = 25;

/// The names of people, as far as they are known.
pub(super) struct People<'a>(pub &'a BTreeMap<UserId, Member>, pub &'a HashMap<UserId, String>);

impl Names for People<'_> {
    fn name(&self, id: &UserId) -> String {
        self.0
            .get(id)
            .map(|member| member.name.clone())
            .or_else(|| self.1.get(id).cloned())
            .unwrap_or_else(|| "your colleague".to_owned())
    }
}

/// Answers `/kudos …`, always with a private message. What is given is on disk when this returns.
///
/// `look_up` is how long Slack may take to tell who an unknown person is; when it is silent, the kudos is taken and
/// its receivers are checked before the card is posted.
pub async fn command(ctx: &Ctx, recorder: &Recorder, command: &SlashCommand, look_up: Duration) -> Message {
    let reading = grammar::read(&command.text);
    let now = ctx.clock.now();
    let result = match reading.subcommand(&RESERVED).as_deref() {
        Some("help") => {
            let settings = &ctx.workspace.settings;
            let voice = voice(ctx, command, chrono_tz::UTC);
            return messages::help(&voice, &settings.values, settings.channel.as_ref());
        }
        Some(_) => undo_latest(ctx, command, now).await,
        None => give(ctx, recorder, command, &reading, now, look_up).await,
    };
    result.unwrap_or_else(|error| {
        tracing::error!(%error, workspace = %command.workspace, "a command could not be stored");
        messages::our_fault(ctx.locale, &grammar::as_typed(&command.text))
    })
}

fn voice<'a>(ctx: &'a Ctx, command: &'a SlashCommand, zone: Tz) -> Voice<'a> {
    Voice {
        locale: ctx.locale,
        command: &command.command,
        allowance: ctx.workspace.settings.allowance,
        zone,
    }
}

/// What the database knows about everybody and every place that a command names.
struct Facts {
    known: BTreeMap<UserId, Member>,
    hits: Vec<(String, UserId, bool)>,
    given_in: Place,
    recognition: Option<Place>,
}

async fn facts(ctx: &Ctx, command: &SlashCommand, reading: &Reading, now: Instant) -> Result<Facts, StoreError> {
    let settings = &ctx.workspace.settings;
    let names = reading.names_to_look_up();
    let mut ids: BTreeSet<UserId> = reading.mentioned().into_iter().collect();
    ids.insert(command.user.clone());
    ids.extend(settings.stewards.first().cloned());
    ctx.db
        .read(async |tx: &mut Tx| {
            let id = &ctx.workspace.id;
            let hits = workspace::find_by_names(tx, id, &names).await?;
            ids.extend(hits.iter().map(|(_, member, _)| member.clone()));
            Ok(Facts {
                known: workspace::members(tx, id, &ids).await?,
                hits,
                given_in: workspace::place(tx, id, &command.channel, now).await?,
                recognition: match &settings.channel {
                    Some(channel) => Some(workspace::place(tx, id, channel, now).await?),
                    None => None,
                },
            })
        })
        .await
}

/// Asks Slack about people whom we don't know, all at once and only as long as the person who waits can spare.
/// Returns those that don't exist.
async fn look_up(
    ctx: &Ctx,
    known: &mut BTreeMap<UserId, Member>,
    wanted: Vec<UserId>,
    within: Duration,
) -> Vec<UserId> {
    let unknown: Vec<UserId> = wanted
        .into_iter()
        .filter(|id| !known.contains_key(id))
        .take(LOOK_UPS)
        .collect();
    if unknown.is_empty() || within.is_zero() {
        return Vec::new();
    }
    let answers = join_all(unknown.iter().map(|id| ctx.slack.users_info(id, within))).await;
    let mut missing = Vec::new();
    let mut users: Vec<User> = Vec::new();
    for (id, answer) in unknown.iter().zip(answers) {
        match answer {
            Ok(user) => users.push(user),
            Err(error) if is_nobody(&error) => missing.push(id.clone()),
            Err(error) => tracing::warn!(%error, user = %id, "a person could not be looked up"),
        }
    }
    if !users.is_empty() {
        let (id, now) = (ctx.workspace.id.clone(), ctx.clock.now());
        let ids: BTreeSet<UserId> = users.iter().map(|user| user.id.clone()).collect();
        let stored: Result<_, StoreError> = ctx
            .db
            .write(async move |tx: &mut Tx| {
                workspace::upsert(tx, &id, &users, now).await?;
                workspace::members(tx, &id, &ids).await
            })
            .await;
        match stored {
            Ok(members) => known.extend(members),
            Err(error) => tracing::warn!(%error, "people who were looked up could not be stored"),
        }
    }
    missing
}

/// Slack's ways to say that there is no such person here.
pub(super) fn is_nobody(error: &ApiError) -> bool {
    matches!(
        error.code(),
        Some("user_not_found" | "user_not_visible" | "users_not_found")
    )
}

async fn give(
    ctx: &Ctx,
    recorder: &Recorder,
    command: &SlashCommand,
    reading: &Reading,
    now: Instant,
    within: Duration,
) -> Result<Message, StoreError> {
    let settings = &ctx.workspace.settings;
    let Facts {
        mut known,
        hits,
        given_in,
        recognition,
    } = facts(ctx, command, reading, now).await?;
    let mut wanted = vec![command.user.clone()];
    wanted.extend(reading.mentioned());
    let missing = look_up(ctx, &mut known, wanted, within).await;

    let mut directory = Directory {
        names: known.iter().map(|(id, m)| (id.clone(), m.name.clone())).collect(),
        ..Directory::default()
    };
    for (name, member, exact) in hits {
        directory
            .by_name
            .entry(name)
            .or_default()
            .push(NameHit { member, exact });
    }
    let parsed = reading.resolve(&directory, &settings.values);
    let zone = known
        .get(&command.user)
        .and_then(|giver| giver.zone)
        .unwrap_or_else(|| workspace_zone(settings, &known));
    let voice = voice(ctx, command, zone);
    let labels = reading.labels();
    let names = People(&known, &labels);
    let decided = match unknown_receiver(&parsed, &missing, &labels) {
        Some(refusal) => Err(refusal),
        None => rules::decide(&parsed, &command.user, &known),
    };
    let approved = match decided {
        Ok(approved) => approved,
        Err(refusal) => return Ok(messages::refusal(&voice, &names, &refusal, &parsed.as_typed)),
    };

    // The app's own DM is no place; it is known once the app has opened it for the giver.
    let own_dm = known
        .get(&command.user)
        .is_some_and(|giver| giver.dm.as_ref() == Some(&command.channel));
    let target = target(&Announce::Default, Some(&given_in), recognition.as_ref(), own_dm);
    let outcome = recorder
        .give(Give {
            workspace: ctx.workspace.id.clone(),
            delivery: Some(command.trigger_id.clone()).filter(|trigger| !trigger.is_empty()),
            giver: command.user.clone(),
            receivers: approved.receivers.iter().cloned().map(Receiver::Member).collect(),
            reason: parsed.reason.clone(),
            values: parsed.values.clone(),
            source: Source::Command,
            channel: Some(command.channel.clone()),
            effect: None,
            at: now,
            giver_day: local_day(now, zone),
            workspace_day: local_day(now, workspace_zone(settings, &known)),
            cost: 1,
            allowance: settings.allowance,
            announce: Announce::Default,
            lane: card_lane(settings.channel.as_ref(), &Announce::Default, Some(&command.channel)),
        })
        .await?;
    Ok(answer(&voice, &names, &parsed, &approved, &target, &outcome))
}

fn unknown_receiver(parsed: &Parsed, missing: &[UserId], labels: &HashMap<UserId, String>) -> Option<Refusal> {
    parsed.receivers.iter().find_map(|receiver| match receiver {
        grammar::Receiver::Member(id) if missing.contains(id) => Some(Refusal::Unknown(
            labels.get(id).cloned().unwrap_or_else(|| id.to_string()),
        )),
        _ => None,
    })
}

fn answer<N: Names>(
    voice: &Voice<'_>,
    names: &N,
    parsed: &Parsed,
    approved: &Approved,
    target: &Target,
    outcome: &Outcome,
) -> Message {
    match outcome {
        Outcome::Given { kudos, left } => messages::confirmation(
            voice,
            names,
            &Confirmation {
                receivers: &approved.receivers,
                target,
                left: *left,
                left_out: &approved.left_out,
                few_words: approved.few_words,
                near_values: &parsed.near_values,
                masked: &parsed.masked,
                kudos,
            },
        ),
        Outcome::Same { at, .. } => messages::retyped(voice, names, &approved.receivers, *at),
        Outcome::Short { needs, left } => messages::short(voice, *needs, *left, &parsed.as_typed),
        // A command has no post that could have given before.
        Outcome::Spent => messages::our_fault(voice.locale, &parsed.as_typed),
    }
}

async fn undo_latest(ctx: &Ctx, command: &SlashCommand, now: Instant) -> Result<Message, StoreError> {
    let latest = ctx
        .db
        .read(async |tx: &mut Tx| latest_of(tx, &ctx.workspace.id, &command.user).await)
        .await?;
    match latest {
        Some((kudos, _)) => undo(ctx, &command.command, &kudos, &command.user, now).await,
        None => Ok(messages::nothing_to_take_back(&voice(ctx, command, chrono_tz::UTC))),
    }
}

async fn undo(ctx: &Ctx, command: &str, kudos: &KudosId, by: &UserId, now: Instant) -> Result<Message, StoreError> {
    let settings = &ctx.workspace.settings;
    let mut people = BTreeSet::from([by.clone()]);
    people.extend(settings.stewards.first().cloned());
    let mut known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &people).await)
        .await?;
    let zone = known
        .get(by)
        .and_then(|giver| giver.zone)
        .unwrap_or_else(|| workspace_zone(settings, &known));
    let wish = TakeBack {
        workspace: ctx.workspace.id.clone(),
        kudos: kudos.clone(),
        by: by.clone(),
        at: now,
        zone,
        allowance: settings.allowance,
        recognition: settings.channel.clone(),
    };
    let outcome = ctx
        .db
        .write(async move |tx: &mut Tx| take_back(tx, &wish).await)
        .await?;
    if let TakenBack::Done { receivers, .. } = &outcome {
        let ids: BTreeSet<UserId> = receivers.iter().cloned().collect();
        known = ctx
            .db
            .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &ids).await)
            .await?;
    }
    let voice = Voice {
        locale: ctx.locale,
        command,
        allowance: settings.allowance,
        zone,
    };
    Ok(messages::taken_back(&voice, &People(&known, &HashMap::new()), &outcome))
}

/// Answers a click on one of this feature's buttons; `None` if it is none of them, or one that only links.
pub async fn click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    if action.name() != messages::UNDO {
        return None;
    }
    let kudos: KudosId = action.value.as_deref()?.into();
    let command = &ctx.workspace.settings.command;
    match undo(ctx, command, &kudos, &click.user, ctx.clock.now()).await {
        Ok(message) => Some(Response::replacing(message)),
        Err(error) => {
            tracing::error!(%error, workspace = %ctx.workspace.id, kudos = %kudos, "an undo could not be stored");
            // The button stays, so that it can be clicked again.
            Some(Response::ephemeral(messages::our_fault(ctx.locale, "")))
        }
    }
}
