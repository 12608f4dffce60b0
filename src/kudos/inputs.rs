//! What people type and click: from Slack's payload to a use case, and its answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono_tz::Tz;
use futures_util::future::join_all;

use super::grammar::{self, Directory, NameHit, Parsed, Reading};
use super::messages::{self, Confirmation, Names, Voice};
use super::people::{People, is_nobody};
use super::rules::{self, Approved, Refusal, Target, target};
use super::take_back::card_lane;
use super::{
    Announce, Facts, Give, Lookup, Outcome, Question, Receiver, Recorder, Source, TakeBack, TakenBack, take_back,
    take_back_latest,
};
use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{GroupId, KudosId, UserId};
use crate::slack::blocks::{Message, Response};
use crate::slack::errors::ApiError;
use crate::slack::inbound::{Action, BlockActions, SlashCommand, User};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx, Member, Usergroup, UsergroupError};

/// The words that are subcommands; a word whose capability doesn't exist is none.
const RESERVED: [&str; 2] = ["help", "undo"];
/// The most unknown people that are looked up while somebody waits.
const LOOK_UPS: usize = 25;

/// Answers `/kudos …`, always with a private message. What is given is on disk when this returns.
///
/// `look_up` is how long Slack may take to tell who an unknown person is; when it is silent, the kudos is taken and
/// its receivers are checked before the card is posted.
pub async fn command(
    ctx: &Ctx,
    lookup: &Lookup,
    recorder: &Recorder,
    command: &SlashCommand,
    look_up: Duration,
) -> Message {
    let reading = grammar::read(&command.text);
    let now = ctx.clock.now();
    let result = match reading.subcommand(&RESERVED).as_deref() {
        Some("help") => {
            let settings = &ctx.workspace.settings;
            let voice = voice(ctx, command, chrono_tz::UTC);
            return messages::help(&voice, &settings.values, settings.channel.as_ref());
        }
        Some(_) => {
            let delivery = Some(command.trigger_id.as_str()).filter(|trigger| !trigger.is_empty());
            undo(ctx, &command.command, None, delivery, &command.user, now).await
        }
        None => give(ctx, lookup, recorder, command, &reading, now, look_up).await,
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

async fn give(
    ctx: &Ctx,
    lookup: &Lookup,
    recorder: &Recorder,
    command: &SlashCommand,
    reading: &Reading,
    now: Instant,
    within: Duration,
) -> Result<Message, StoreError> {
    let settings = &ctx.workspace.settings;
    let mut people: BTreeSet<UserId> = reading.mentioned().into_iter().collect();
    people.insert(command.user.clone());
    people.extend(settings.stewards.first().cloned());
    let facts = lookup
        .ask(Question {
            workspace: ctx.workspace.id.clone(),
            people,
            names: reading.names_to_look_up(),
            places: settings.channel.iter().chain([&command.channel]).cloned().collect(),
            at: now,
        })
        .await?;
    let Facts {
        mut known,
        hits,
        places,
    } = facts;
    let given_in = places.get(&command.channel);
    let recognition = settings.channel.as_ref().and_then(|channel| places.get(channel));
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
    let decided = match unknown_receiver(&parsed, &missing, &labels) {
        Some(refusal) => Err(refusal),
        None => rules::decide(&parsed, &command.user, &known),
    };
    let mut groups = BTreeMap::new();
    let decided = match decided {
        Ok(approved) => look_up_groups(ctx, &approved, &reading.group_labels(), &mut groups, now, within)
            .await?
            .map_or(Ok(approved), Err),
        refused => refused,
    };
    let names = People::new(&known, &groups).labelled(labels, reading.group_labels());

    // Known once the app has opened its own DM with the giver.
    let own_dm = known
        .get(&command.user)
        .and_then(|giver| giver.dm.as_ref())
        .map(|dm| *dm == command.channel);
    let target = target(&Announce::Default, given_in, recognition, own_dm);
    let decided = decided.and_then(|approved| {
        let only_groups = approved
            .receivers
            .iter()
            .all(|receiver| matches!(receiver, Receiver::Group(_)));
        if only_groups && target.channel().is_none() {
            Err(Refusal::GroupUnheard)
        } else {
            Ok(approved)
        }
    });
    let approved = match decided {
        Ok(approved) => approved,
        Err(refusal) => return Ok(messages::refusal(&voice, &names, &refusal, &parsed.as_typed)),
    };
    let outcome = recorder
        .give(Give {
            workspace: ctx.workspace.id.clone(),
            delivery: Some(command.trigger_id.clone()).filter(|trigger| !trigger.is_empty()),
            giver: command.user.clone(),
            receivers: approved.receivers.clone(),
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
            unchecked: approved
                .receivers
                .iter()
                .filter_map(Receiver::member)
                .filter(|id| !known.contains_key(id))
                .cloned()
                .collect(),
            lane: card_lane(settings.channel.as_ref(), &Announce::Default, Some(&command.channel)),
        })
        .await?;
    Ok(answer(&voice, &names, &parsed, &approved, &target, &outcome))
}

/// Asks Slack who is in the teams that are thanked, unless it was asked within ten minutes. Returns why one of them
/// can't be thanked. When Slack is silent, the kudos is taken and the team looked up before the card is posted.
async fn look_up_groups(
    ctx: &Ctx,
    approved: &Approved,
    labels: &HashMap<GroupId, String>,
    groups: &mut BTreeMap<GroupId, Usergroup>,
    now: Instant,
    within: Duration,
) -> Result<Option<Refusal>, StoreError> {
    // Two calls for a group, and the budget is for all of them.
    let each = within / 2;
    for receiver in &approved.receivers {
        let Receiver::Group(id) = receiver else { continue };
        let handle = || labels.get(id).cloned().unwrap_or_else(|| id.to_string());
        match workspace::look_up_usergroup(ctx, id, now, each).await {
            Ok(Some(group)) => {
                let people = ctx
                    .db
                    .read(async |tx: &mut Tx| workspace::usergroup_members(tx, &ctx.workspace.id, id, now).await)
                    .await?;
                if group.is_disabled || people.is_empty() {
                    return Ok(Some(Refusal::GroupEmpty(group.handle)));
                }
                groups.insert(id.clone(), group);
            }
            Ok(None) => return Ok(Some(Refusal::Unknown(handle()))),
            Err(UsergroupError::Slack(error @ ApiError::Permanent { .. })) if !error.is_dead_token() => {
                tracing::warn!(%error, usergroup = %id, "a team could not be looked up");
                return Ok(Some(Refusal::GroupUnseen(handle())));
            }
            Err(UsergroupError::Slack(error)) => {
                tracing::warn!(%error, usergroup = %id, "a team could not be looked up in time");
            }
            Err(UsergroupError::Store(error)) => return Err(error),
        }
    }
    Ok(None)
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

/// Takes back the kudos that is named, or else the giver's latest; `None` if there is none.
async fn undo(
    ctx: &Ctx,
    command: &str,
    kudos: Option<&KudosId>,
    delivery: Option<&str>,
    by: &UserId,
    now: Instant,
) -> Result<Message, StoreError> {
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
        kudos: kudos.cloned().unwrap_or_default(),
        by: by.clone(),
        at: now,
        zone,
        allowance: settings.allowance,
        recognition: settings.channel.clone(),
    };
    let (named, delivery) = (kudos.is_some(), delivery.map(str::to_owned));
    let outcome = ctx
        .db
        .write(async move |tx: &mut Tx| {
            if named {
                take_back(tx, &wish).await.map(Some)
            } else {
                take_back_latest(tx, &wish, delivery.as_deref()).await
            }
        })
        .await?;
    let voice = Voice {
        locale: ctx.locale,
        command,
        allowance: settings.allowance,
        zone,
    };
    let Some(outcome) = outcome else {
        return Ok(messages::nothing_to_take_back(&voice));
    };
    let mut groups = BTreeMap::new();
    if let TakenBack::Done { receivers, .. } = &outcome {
        let ids: BTreeSet<UserId> = receivers.iter().filter_map(Receiver::member).cloned().collect();
        let teams: BTreeSet<GroupId> = receivers.iter().filter_map(Receiver::group).cloned().collect();
        groups = ctx
            .db
            .read(async |tx: &mut Tx| workspace::usergroups(tx, &ctx.workspace.id, &teams).await)
            .await?;
        known = ctx
            .db
            .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &ids).await)
            .await?;
    }
    Ok(messages::taken_back(&voice, &People::new(&known, &groups), &outcome))
}

/// Answers a click on one of this feature's buttons; `None` if it is none of them, or one that only links.
pub async fn click(ctx: &Ctx, click: &BlockActions, action: &Action) -> Option<Response> {
    if action.name() != messages::UNDO {
        return None;
    }
    let kudos: KudosId = action.value.as_deref()?.into();
    let command = &ctx.workspace.settings.command;
    match undo(ctx, command, Some(&kudos), None, &click.user, ctx.clock.now()).await {
        Ok(message) => Some(Response::replacing(message)),
        Err(error) => {
            tracing::error!(%error, workspace = %ctx.workspace.id, kudos = %kudos, "an undo could not be stored");
            // The button stays, so that it can be clicked again.
            Some(Response::ephemeral(messages::our_fault(ctx.locale, "")))
        }
    }
}
