//! The public card: who may be named on it, where it goes, and what happens when it can't.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::tell::{What, enqueue_tell};
use super::together::{self, Under};
use super::{
    Loaded, OfKudos, Placed, Trouble, ending_of, enqueue_dms, load_all, open_dm, post, posted_before, refresh_where,
};
use crate::base::calendar::{Day, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::kudos::audience::Audience;
use crate::kudos::messages::{self, NO_OTHER_PLACE, SHARED};
use crate::kudos::people::is_nobody;
use crate::kudos::rules::{Target, target};
use crate::kudos::store::{self, Stored, StoredReceiver, load};
use crate::kudos::take_back::{removal, reverse};
use crate::kudos::{Announce, Source};
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::blocks::Message;
use crate::slack::client::{POSTING_DEADLINE, Posted};
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Announcement, Ctx, Member, Settings, UsergroupError};

/// Codes that say: not in this channel, whatever the message.
fn is_about_the_channel(code: &str) -> bool {
    matches!(
        code,
        "channel_not_found"
            | "not_in_channel"
            | "is_archived"
            | "is_inactive"
            | "no_permission"
            | "posting_to_channel_denied"
            | "team_access_not_granted"
            | "as_user_not_supported"
            | "ekm_access_denied"
    ) || code.starts_with("restricted_action")
}

pub(super) async fn card(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(OfKudos {
        kudos,
        unchecked,
        thread,
        placed,
    }) = claimed.subject()
    else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let now = ctx.clock.now();
    let Some(mut loaded) = load_all(ctx, &kudos, now).await? else {
        return Ok(Ending::Done);
    };
    if let Some(placed) = placed {
        return placed_card(ctx, claimed, loaded, &placed, now).await;
    }
    let lane = ChannelId::from(claimed.lane.as_str());
    // Also when it was taken back meanwhile: what stands there must be known, so that it can be removed.
    let thread_in = |channel: &ChannelId| {
        thread
            .as_ref()
            .filter(|_| loaded.kudos.channel.as_ref() == Some(channel))
    };
    if let Some(posted) = posted_before(ctx, claimed, &lane, thread_in(&lane)).await? {
        return finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, Some((posted, false)), now).await;
    }
    let zone = workspace_zone(&ctx.settings(), &loaded.known);
    if claimed.may_be_sent {
        // It may also have been on its way to a day's thread.
        let since = local_day(claimed.created_at, zone).previous();
        for opening in together::openings_since(ctx, &lane, since).await? {
            if let Some(posted) = posted_before(ctx, claimed, &lane, Some(&opening)).await? {
                return finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, Some((posted, false)), now).await;
            }
        }
    }
    if loaded.kudos.receivers.is_empty() {
        return Ok(Ending::Done);
    }
    check_people(ctx, &mut loaded, &unchecked, now).await?;
    if loaded.kudos.receivers.is_empty() {
        return Ok(Ending::Done);
    }
    if loaded.shown().is_empty() {
        // Nobody may be named; it goes by DM alone.
        return finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, None, now).await;
    }
    let news = loaded.given_in.as_ref().is_some_and(|place| place.wants_check(now));
    let own_dm = settle_places(ctx, &mut loaded, now).await?;
    if let Some(shared) = loaded.recognition.as_ref().filter(|place| place.is_shared) {
        let (workspace, settings) = (ctx.workspace.id.clone(), ctx.settings());
        let (channel, day) = (
            shared.channel.clone(),
            local_day(now, workspace_zone(&settings, &loaded.known)),
        );
        ctx.db
            .write(async move |tx: &mut Tx| tell_stewards(tx, &workspace, &settings, &channel, SHARED, day, now).await)
            .await?;
    }
    let target = target(
        &loaded.kudos.announce,
        loaded.given_in.as_ref(),
        loaded.recognition.as_ref(),
        own_dm,
    );
    let Some(channel) = target.channel().cloned() else {
        // The confirmation may have promised a card: the place turned out otherwise, or an earlier attempt was refused.
        let expected = loaded.kudos.announce != Announce::Dm && (news || claimed.attempts > 1);
        if let (true, Some(place)) = (expected, &loaded.given_in) {
            let code = if place.is_shared { SHARED } else { NO_OTHER_PLACE };
            tell_no_card(ctx, &loaded.kudos, &place.channel, code, now).await?;
        }
        return finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, None, now).await;
    };
    if claimed.lane != channel.as_str() {
        // Each channel keeps its order and its pace, also when the card goes elsewhere than it was meant to.
        return Ok(Ending::Moved {
            lane: channel.to_string(),
            why: "announced elsewhere".to_owned(),
        });
    }
    let thread_in = |channel: &ChannelId| {
        thread
            .as_ref()
            .filter(|_| loaded.kudos.channel.as_ref() == Some(channel))
    };
    let Some(message) = message(ctx, &loaded) else {
        return finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, None, now).await;
    };
    let mut stands_in = thread_in(&channel).cloned();
    if stands_in.is_none() && matches!(target, Target::Recognition(_)) {
        match ctx.settings().announcement {
            Announcement::Live => {}
            Announcement::RoundUp => return together::wait_for_morning(ctx, claimed, &loaded, &channel, now).await,
            Announcement::Thread => match together::under(ctx, &channel, local_day(now, zone), now).await? {
                Under::Alone => {}
                Under::Thread(opening) => stands_in = Some(opening),
                Under::Soon => {
                    return Ok(Ending::Moved {
                        lane: channel.to_string(),
                        why: "behind the day's opening post".to_owned(),
                    });
                }
            },
        }
    }
    match post(ctx, claimed, &channel, stands_in.as_ref(), &message).await {
        Ok(posted) => finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, Some((posted, true)), now).await,
        Err(error) => match error.code() {
            Some(code) if is_about_the_channel(code) => {
                refused(ctx, claimed, &loaded, &target, &channel, code, now).await
            }
            Some(code) if matches!(ending_of(&error), Ending::Failed { .. }) => {
                tracing::error!(code, kudos = %kudos, workspace = %ctx.workspace.id, "Slack refused a card");
                tell_no_card(ctx, &loaded.kudos, &channel, code, now).await?;
                finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, None, now).await
            }
            _ => Ok(ending_of(&error)),
        },
    }
}

/// A card that isn't posted by the rules of place: announced afterwards, or in a round-up's thread. Whoever asked for it
/// hears when it can't be.
async fn placed_card(
    ctx: &Ctx,
    claimed: &Claimed,
    loaded: Loaded,
    placed: &Placed,
    now: Instant,
) -> Result<Ending, Trouble> {
    let (audience, channel, thread) = (Audience::of(&placed.audience), &placed.channel, placed.thread.as_ref());
    if let Some(posted) = posted_before(ctx, claimed, channel, thread).await? {
        return finish_card(ctx, claimed, &audience, &loaded.kudos, Some((posted, false)), now).await;
    }
    let Some(message) = message(ctx, &loaded) else {
        return Ok(Ending::Done);
    };
    match post(ctx, claimed, channel, thread, &message).await {
        Ok(posted) => finish_card(ctx, claimed, &audience, &loaded.kudos, Some((posted, true)), now).await,
        Err(error) => {
            let ending = ending_of(&error);
            if let (Ending::Failed { .. }, Some(code)) = (&ending, error.code()) {
                tell_no_card(ctx, &loaded.kudos, channel, code, now).await?;
            }
            Ok(ending)
        }
    }
}

/// A card for a kudos whose DMs are out: announced afterwards, or shown again.
pub(in crate::kudos) fn card_again(
    workspace: &WorkspaceId,
    kudos: &KudosId,
    audience: &Audience,
    channel: &ChannelId,
    now: Instant,
) -> Intent {
    let placed = (*audience != Audience::Card).then(|| Placed {
        channel: channel.clone(),
        thread: None,
        audience: audience.name(),
    });
    card_intent(workspace, kudos, placed, channel, now)
}

/// A card in the thread of the round-up that names it.
pub(super) fn card_in_thread(
    workspace: &WorkspaceId,
    kudos: &KudosId,
    channel: &ChannelId,
    thread: &MessageTs,
    now: Instant,
) -> Intent {
    let placed = Placed {
        channel: channel.clone(),
        thread: Some(thread.clone()),
        audience: Audience::Card.name(),
    };
    card_intent(workspace, kudos, Some(placed), channel, now)
}

fn card_intent(
    workspace: &WorkspaceId,
    kudos: &KudosId,
    placed: Option<Placed>,
    lane: &ChannelId,
    now: Instant,
) -> Intent {
    let card = OfKudos {
        kudos: kudos.clone(),
        unchecked: Vec::new(),
        thread: None,
        placed,
    };
    Intent::new(workspace, Kind::KudosCard, &card, lane.as_str(), now)
}

/// The card as it is now; `None` when there is nobody left to name on it.
pub(super) fn message(ctx: &Ctx, loaded: &Loaded) -> Option<Message> {
    let receivers = loaded.shown();
    if receivers.is_empty() {
        return None;
    }
    Some(messages::card(
        ctx.locale,
        &loaded.people(),
        &messages::Card {
            kudos: &loaded.kudos.kudos,
            is_customers: loaded.kudos.source == Source::Customer.name(),
            giver: &loaded.kudos.giver,
            receivers: &receivers,
            reason: &loaded.kudos.reason,
            values: &loaded.kudos.values,
            joined: &loaded.kudos.joined,
        },
    ))
}

/// Marks the card's row as done, in the transaction that records where it stands and enqueues the DMs (unless it was
/// so late that they are out already). `posted` says whether it shows `kudos`: not known when it was found after a crash.
async fn finish_card(
    ctx: &Ctx,
    claimed: &Claimed,
    audience: &Audience,
    rendered: &Stored,
    posted: Option<(Posted, bool)>,
    now: Instant,
) -> Result<Ending, Trouble> {
    let (workspace, claimed, rendered) = (ctx.workspace.id.clone(), claimed.clone(), rendered.clone());
    let audience = audience.clone();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let kudos = &rendered.kudos;
            let finished = outbox::finish(tx, &claimed).await?;
            if let Some((posted, _)) = &posted {
                store::remember_post(tx, &workspace, kudos, &audience.name(), &posted.channel, &posted.ts).await?;
                workspace::remember_postable(tx, &workspace, &posted.channel, true, now).await?;
            }
            let Some(stored) = load(tx, &workspace, kudos).await? else {
                return Ok(());
            };
            if let Some((posted, shows_it)) = &posted {
                if stored.receivers.is_empty() {
                    // Taken back while it was on its way: whoever took it back found nothing to remove yet.
                    let gone = removal(&workspace, kudos, &audience.name(), posted.channel.as_str(), now);
                    outbox::enqueue(tx, &[gone]).await?;
                } else if !shows_it || !stored.looks_like(&rendered) {
                    refresh_where(tx, &workspace, kudos, false, now, |found| *found == audience).await?;
                }
                let links = |audience: &Audience| matches!(audience, Audience::Receiver(_));
                refresh_where(tx, &workspace, kudos, false, now, links).await?;
            }
            if finished == Some(true) {
                enqueue_dms(tx, &workspace, &stored, now).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}

/// The channel refused the card for good: it falls back to where it was given, or there is none and the giver is told.
async fn refused(
    ctx: &Ctx,
    claimed: &Claimed,
    loaded: &Loaded,
    target: &Target,
    channel: &ChannelId,
    code: &str,
    now: Instant,
) -> Result<Ending, Trouble> {
    let (workspace, refused, code_text) = (ctx.workspace.id.clone(), channel.clone(), code.to_owned());
    let was_recognition = matches!(target, Target::Recognition(_));
    let settings = ctx.settings();
    let day = local_day(now, workspace_zone(&settings, &loaded.known));
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            workspace::remember_postable(tx, &workspace, &refused, false, now).await?;
            if was_recognition {
                tell_stewards(tx, &workspace, &settings, &refused, &code_text, day, now).await?;
            }
            Ok(())
        })
        .await?;
    let fallback = loaded
        .kudos
        .channel
        .as_ref()
        .filter(|_| was_recognition && loaded.kudos.channel.as_ref() != Some(channel));
    match fallback {
        Some(fallback) => Ok(Ending::Moved {
            lane: fallback.to_string(),
            why: code.to_owned(),
        }),
        None => {
            tell_no_card(ctx, &loaded.kudos, channel, code, now).await?;
            finish_card(ctx, claimed, &Audience::Card, &loaded.kudos, None, now).await
        }
    }
}

/// The recognition channel can't be used; each steward hears of it once a day.
pub(super) async fn tell_stewards(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    channel: &ChannelId,
    code: &str,
    day: Day,
    now: Instant,
) -> Result<(), StoreError> {
    for steward in &settings.stewards {
        let what = What::Recognition {
            channel: channel.clone(),
            code: code.to_owned(),
        };
        let once = format!("recognition {channel} {steward} {day}");
        enqueue_tell(tx, workspace, steward, what, &once, now).await?;
    }
    Ok(())
}

async fn tell_no_card(
    ctx: &Ctx,
    kudos: &Stored,
    channel: &ChannelId,
    code: &str,
    now: Instant,
) -> Result<(), StoreError> {
    let (workspace, giver) = (ctx.workspace.id.clone(), kudos.giver.clone());
    let (kudos, channel, code) = (kudos.kudos.clone(), channel.clone(), code.to_owned());
    ctx.db
        .write(async move |tx: &mut Tx| {
            let once = format!("no card {kudos}");
            let what = What::NoCard {
                kudos: kudos.clone(),
                channel: channel.clone(),
                code: code.clone(),
            };
            enqueue_tell(tx, &workspace, &giver, what, &once, now).await
        })
        .await
}

/// Asks Slack about the giver and those receivers whom nobody could look up when the kudos was given. Who turns out
/// (or has turned out meanwhile) to be an app, gone or a stranger is reversed before the card goes out, and the giver is
/// told.
async fn check_people(ctx: &Ctx, loaded: &mut Loaded, doubtful: &[UserId], now: Instant) -> Result<(), Trouble> {
    let unchecked: BTreeSet<UserId> = loaded
        .kudos
        .receivers
        .iter()
        .filter_map(StoredReceiver::member)
        .filter(|id| !loaded.known.contains_key(id))
        .collect();
    let mut wanted = unchecked.clone();
    wanted.extend(Some(loaded.kudos.giver.clone()).filter(|id| !loaded.known.contains_key(id)));
    let (settings, given_in) = (ctx.settings(), loaded.kudos.channel.clone());
    let may_be_thanked = move |member: &Member| settings.may_be_thanked(member, given_in.as_ref());
    // Some have become known since, by the member list or an event. (Who was known and has left since stays thanked.)
    let mut nobody: BTreeSet<String> = doubtful
        .iter()
        .filter(|id| loaded.known.get(id).is_some_and(|member| !may_be_thanked(member)))
        .map(|id| id.0.clone())
        .collect();
    let mut users = Vec::new();
    // All at once: one after the other they could outlast the row's lease.
    let answers = join_all(wanted.iter().map(|id| ctx.slack.users_info(id, POSTING_DEADLINE))).await;
    for (id, answer) in wanted.iter().zip(answers) {
        match answer {
            Ok(user) => users.push(user),
            Err(error) if is_nobody(&error) => {
                nobody.insert(id.0.clone());
            }
            // Slack won't say, and won't say later either: the words matter more than the check.
            Err(error @ ApiError::Permanent { .. }) if !error.is_dead_token() => {
                tracing::warn!(%error, user = %id, "a person could not be checked");
            }
            Err(error) => return Err(error.into()),
        }
    }
    nobody.extend(check_groups(ctx, loaded).await?.into_iter().map(|id| id.0));
    if wanted.is_empty() && nobody.is_empty() {
        return Ok(());
    }
    let workspace = ctx.workspace.id.clone();
    let ids: BTreeSet<UserId> = users.iter().map(|user| user.id.clone()).collect();
    let kudos = loaded.kudos.clone();
    let (known, stored) = ctx
        .db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            workspace::upsert(tx, &workspace, &users, now).await?;
            let known = workspace::members(tx, &workspace, &ids).await?;
            let is_nobody = |receiver: &&StoredReceiver| {
                let found = receiver
                    .member()
                    .filter(|id| unchecked.contains(id))
                    .and_then(|id| known.get(&id));
                nobody.contains(&receiver.id) || found.is_some_and(|member| !may_be_thanked(member))
            };
            let gone: Vec<StoredReceiver> = kudos.receivers.iter().filter(is_nobody).cloned().collect();
            let reversed = reverse(tx, &workspace, &kudos, &gone, "plaudit", now).await?;
            if !reversed.is_empty() {
                let once = format!("left out {}", kudos.kudos);
                let what = What::LeftOut {
                    kudos: kudos.kudos.clone(),
                    people: reversed.iter().filter_map(StoredReceiver::member).collect(),
                    groups: reversed.iter().filter_map(StoredReceiver::group).collect(),
                };
                enqueue_tell(tx, &workspace, &kudos.giver, what, &once, now).await?;
            }
            Ok((known, load(tx, &workspace, &kudos.kudos).await?))
        })
        .await?;
    loaded.known.extend(known);
    if let Some(stored) = stored {
        loaded.kudos = stored;
    }
    Ok(())
}

/// Asks Slack about teams that nobody could look up when they were thanked. Returns those that Slack doesn't show.
async fn check_groups(ctx: &Ctx, loaded: &mut Loaded) -> Result<Vec<GroupId>, Trouble> {
    let mut unseen = Vec::new();
    for group in loaded.kudos.receivers.iter().filter_map(StoredReceiver::group) {
        if loaded.groups.contains_key(&group) {
            continue;
        }
        // As of when it was given: nobody has seen who was in it before.
        match workspace::look_up_usergroup(ctx, &group, loaded.kudos.given_at, POSTING_DEADLINE).await {
            Ok(Some(found)) => {
                loaded.groups.insert(group, found);
            }
            Ok(None) => unseen.push(group),
            Err(UsergroupError::Slack(error @ ApiError::Permanent { .. })) if !error.is_dead_token() => {
                unseen.push(group);
            }
            Err(UsergroupError::Slack(error)) => return Err(error.into()),
            Err(UsergroupError::Store(error)) => return Err(error.into()),
        }
    }
    Ok(unseen)
}

/// Asks Slack what the place is where it isn't known. Says of a direct message whether it is the app's own.
async fn settle_places(ctx: &Ctx, loaded: &mut Loaded, now: Instant) -> Result<Option<bool>, Trouble> {
    for place in [&mut loaded.given_in, &mut loaded.recognition].into_iter().flatten() {
        if !place.wants_check(now) {
            continue;
        }
        let conversation = match ctx.slack.conversations_info(&place.channel).await {
            Ok(conversation) => Some(conversation),
            // A missing scope, or a private channel without the app: it stays unknown, and counts as private.
            Err(error @ ApiError::Permanent { .. }) if !error.is_dead_token() => None,
            Err(error) => return Err(error.into()),
        };
        let (workspace, channel) = (ctx.workspace.id.clone(), place.channel.clone());
        *place = ctx
            .db
            .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
                workspace::remember_conversation(tx, &workspace, &channel, conversation.as_ref(), now).await?;
                workspace::place(tx, &workspace, &channel, now).await
            })
            .await?;
        ctx.settings().let_in(place);
    }
    let Some(given_in) = loaded
        .given_in
        .as_ref()
        .filter(|place| place.channel.is_direct_message())
    else {
        return Ok(None);
    };
    match open_dm(ctx, &loaded.kudos.giver, loaded.known.get(&loaded.kudos.giver)).await {
        Ok(dm) => Ok(Some(dm == given_in.channel)),
        Err(Trouble::Slack(error @ ApiError::Permanent { .. })) if !error.is_dead_token() => Ok(Some(false)),
        Err(trouble) => Err(trouble),
    }
}
