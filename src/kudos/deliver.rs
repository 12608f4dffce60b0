//! What the outbox runs for kudos: load fresh, render, call Slack, record the result.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::inputs::{People, is_nobody};
use super::messages::{self, News, Voice};
use super::rules::{Target, target};
use super::store::{self, Stored, StoredReceiver, load};
use super::take_back::{dm_lane, reverse};
use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, UserId, WorkspaceId};
use crate::outbox::{self, Claimed, Ending, Intent, Kind, Late};
use crate::slack::blocks::Message;
use crate::slack::client::{Metadata, POSTING_DEADLINE, PostMessage, Posted};
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx, sql};
use crate::workspace::deliver::workspace_zone;
use crate::workspace::{self, Ctx, Member, Place};

/// The `event_type` of our messages' metadata; its payload's `id` is the outbox row's.
pub const METADATA: &str = "plaudit_outbox";

/// A dead token is somebody's to mend; nothing is lost until then.
const DEAD_TOKEN: Duration = Duration::from_secs(300);

#[derive(Debug, Serialize, Deserialize)]
struct OfKudos {
    kudos: KudosId,
}

#[derive(Debug, Serialize, Deserialize)]
struct ToReceiver {
    kudos: KudosId,
    receiver: UserId,
}

#[derive(Debug, Serialize, Deserialize)]
struct Unpost {
    kudos: KudosId,
    audience: String,
}

/// What somebody must learn after the fact.
#[derive(Debug, Serialize, Deserialize)]
struct Tell {
    to: UserId,
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    NoCard {
        kudos: KudosId,
        channel: ChannelId,
        code: String,
    },
    LeftOut {
        kudos: KudosId,
        people: Vec<UserId>,
    },
    NoDm {
        kudos: KudosId,
        receiver: UserId,
    },
    StillThere {
        channel: ChannelId,
    },
    Recognition {
        channel: ChannelId,
        code: String,
    },
}

/// Sends one row of this feature.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded; the row is tried again when its lease runs out.
pub async fn deliver(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    match claimed.kind {
        Kind::KudosCard => card(ctx, claimed).await,
        Kind::KudosDm => dm(ctx, claimed).await,
        Kind::KudosUnpost => unpost(ctx, claimed).await,
        Kind::KudosTell => tell(ctx, claimed).await,
        Kind::WorkspaceMembers => Ok(Ending::Failed {
            why: "not a kudos".to_owned(),
        }),
    }
}

/// A card still waits after a minute: its receivers get their DMs without the link.
pub async fn late(ctx: &Ctx, late: &Late) -> Result<(), StoreError> {
    let Ok(OfKudos { kudos }) = serde_json::from_str(&late.subject) else {
        return Ok(());
    };
    let (workspace, now, id) = (ctx.workspace.id.clone(), ctx.clock.now(), late.id.clone());
    ctx.db
        .write(async move |tx: &mut Tx| {
            if !outbox::heard_late(tx, &id).await? {
                return Ok(());
            }
            match load(tx, &workspace, &kudos).await? {
                Some(stored) => enqueue_dms(tx, &workspace, &stored, now).await,
                None => Ok(()),
            }
        })
        .await
}

async fn enqueue_dms(tx: &mut Tx, workspace: &WorkspaceId, kudos: &Stored, now: Instant) -> Result<(), StoreError> {
    let intents: Vec<Intent> = kudos
        .receivers
        .iter()
        .filter_map(StoredReceiver::member)
        .map(|receiver| {
            let lane = dm_lane(&receiver);
            Intent::new(
                workspace,
                Kind::KudosDm,
                &ToReceiver {
                    kudos: kudos.kudos.clone(),
                    receiver,
                },
                &lane,
                now,
            )
        })
        .collect();
    outbox::enqueue(tx, &intents).await
}

/// Enqueues something to tell a person, once per `once` (for ever: a retry must not tell it again).
async fn enqueue_tell(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    to: &UserId,
    what: What,
    once: &str,
    now: Instant,
) -> Result<(), StoreError> {
    let first = sql!(
        tx,
        execute "INSERT INTO delivery (workspace, delivery, feature, outcome, at) VALUES ($1, $2, 'kudos.tell', '', $3)
                 ON CONFLICT (workspace, delivery, feature) DO NOTHING",
        workspace,
        once,
        now
    )?;
    if first == 0 {
        return Ok(());
    }
    let tell = Tell { to: to.clone(), what };
    outbox::enqueue(tx, &[Intent::new(workspace, Kind::KudosTell, &tell, &dm_lane(to), now)]).await
}

/// How a failed call ends when it isn't this kudos' own fault.
fn ending_of(error: &ApiError) -> Ending {
    match error {
        ApiError::RateLimited { retry_after } => Ending::RateLimited { after: *retry_after },
        ApiError::Retryable { .. } => Ending::Retry {
            after: None,
            why: error.to_string(),
            unsettled: error.may_have_happened(),
        },
        ApiError::Permanent { .. } if error.is_dead_token() || error.missing_scope().is_some() => Ending::Retry {
            after: Some(DEAD_TOKEN),
            why: error.to_string(),
            unsettled: false,
        },
        ApiError::Permanent { .. } => Ending::Failed { why: error.to_string() },
    }
}

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

async fn post(ctx: &Ctx, claimed: &Claimed, channel: &ChannelId, message: &Message) -> Result<Posted, ApiError> {
    let metadata = Metadata {
        event_type: METADATA.to_owned(),
        event_payload: json!({ "id": claimed.id }),
    };
    ctx.slack
        .chat_post_message(&PostMessage {
            channel,
            message,
            metadata: Some(&metadata),
            thread_ts: None,
        })
        .await
}

/// What a card needs to know.
struct Loaded {
    kudos: Stored,
    known: BTreeMap<UserId, Member>,
    given_in: Option<Place>,
    recognition: Option<Place>,
}

async fn load_all(ctx: &Ctx, kudos: &KudosId, now: Instant) -> Result<Option<Loaded>, StoreError> {
    let settings = &ctx.workspace.settings;
    ctx.db
        .read(async |tx: &mut Tx| {
            let id = &ctx.workspace.id;
            let Some(kudos) = load(tx, id, kudos).await? else {
                return Ok(None);
            };
            let mut people: BTreeSet<UserId> = kudos.everyone.iter().filter_map(StoredReceiver::member).collect();
            people.insert(kudos.giver.clone());
            people.extend(settings.stewards.first().cloned());
            let given_in = match &kudos.channel {
                Some(channel) => Some(workspace::place(tx, id, channel, now).await?),
                None => None,
            };
            let recognition = match &settings.channel {
                Some(channel) => Some(workspace::place(tx, id, channel, now).await?),
                None => None,
            };
            Ok(Some(Loaded {
                known: workspace::members(tx, id, &people).await?,
                kudos,
                given_in,
                recognition,
            }))
        })
        .await
}

async fn card(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(OfKudos { kudos }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let now = ctx.clock.now();
    let Some(mut loaded) = load_all(ctx, &kudos, now).await? else {
        return Ok(Ending::Done);
    };
    if loaded.kudos.receivers.is_empty() {
        return Ok(Ending::Done);
    }
    if let Err(error) = check_people(ctx, &mut loaded, now).await? {
        return Ok(ending_of(&error));
    }
    if loaded.kudos.receivers.is_empty() {
        return Ok(Ending::Done);
    }
    let own_dm = match settle_places(ctx, &mut loaded, now).await? {
        Ok(own_dm) => own_dm,
        Err(error) => return Ok(ending_of(&error)),
    };
    let target = target(
        &loaded.kudos.announce,
        loaded.given_in.as_ref(),
        loaded.recognition.as_ref(),
        own_dm,
    );
    let Some(channel) = target.channel().cloned() else {
        return finish_card(ctx, claimed, &loaded.kudos, None, now).await;
    };
    if claimed.lane != channel.as_str() {
        // Each channel keeps its order and its pace, also when the card goes elsewhere than it was meant to.
        return Ok(Ending::Moved {
            lane: channel.to_string(),
            why: "announced elsewhere".to_owned(),
        });
    }
    let receivers: Vec<UserId> = loaded
        .kudos
        .receivers
        .iter()
        .filter_map(StoredReceiver::member)
        .collect();
    let message = messages::card(
        ctx.locale,
        &People(&loaded.known, &HashMap::new()),
        &loaded.kudos.giver,
        &receivers,
        &loaded.kudos.reason,
        &loaded.kudos.values,
    );
    match post(ctx, claimed, &channel, &message).await {
        Ok(posted) => finish_card(ctx, claimed, &loaded.kudos, Some(posted), now).await,
        Err(error) => match error.code() {
            Some(code) if is_about_the_channel(code) => {
                refused(ctx, claimed, &loaded, &target, &channel, code, now).await
            }
            Some(code) if matches!(ending_of(&error), Ending::Failed { .. }) => {
                tracing::error!(code, kudos = %kudos, workspace = %ctx.workspace.id, "Slack refused a card");
                tell_no_card(ctx, &loaded.kudos, &channel, code, now).await?;
                finish_card(ctx, claimed, &loaded.kudos, None, now).await
            }
            _ => Ok(ending_of(&error)),
        },
    }
}

/// Marks the card's row as done, in the transaction that records where it stands and enqueues the DMs (unless it was
/// so late that they are out already).
async fn finish_card(
    ctx: &Ctx,
    claimed: &Claimed,
    kudos: &Stored,
    posted: Option<Posted>,
    now: Instant,
) -> Result<Ending, StoreError> {
    let (workspace, claimed, kudos) = (ctx.workspace.id.clone(), claimed.clone(), kudos.kudos.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let finished = outbox::finish(tx, &claimed).await?;
            if let Some(posted) = &posted {
                store::remember_post(tx, &workspace, &kudos, "", &posted.channel, &posted.ts).await?;
                workspace::remember_postable(tx, &workspace, &posted.channel, true, now).await?;
            }
            if finished == Some(true)
                && let Some(stored) = load(tx, &workspace, &kudos).await?
            {
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
) -> Result<Ending, StoreError> {
    let (workspace, refused, code_text) = (ctx.workspace.id.clone(), channel.clone(), code.to_owned());
    let was_recognition = matches!(target, Target::Recognition(_));
    let stewards = ctx.workspace.settings.stewards.clone();
    let day = local_day(now, workspace_zone(&ctx.workspace.settings, &loaded.known));
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            workspace::remember_postable(tx, &workspace, &refused, false, now).await?;
            if was_recognition {
                for steward in &stewards {
                    let what = What::Recognition {
                        channel: refused.clone(),
                        code: code_text.clone(),
                    };
                    let once = format!("recognition {refused} {steward} {day}");
                    enqueue_tell(tx, &workspace, steward, what, &once, now).await?;
                }
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
            finish_card(ctx, claimed, &loaded.kudos, None, now).await
        }
    }
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
/// to be an app, gone or a stranger is reversed before the card goes out, and the giver is told.
async fn check_people(ctx: &Ctx, loaded: &mut Loaded, now: Instant) -> Result<Result<(), ApiError>, StoreError> {
    let mut people: Vec<UserId> = loaded
        .kudos
        .receivers
        .iter()
        .filter_map(StoredReceiver::member)
        .collect();
    let unchecked: Vec<UserId> = people
        .iter()
        .filter(|id| !loaded.known.contains_key(id))
        .cloned()
        .collect();
    people.push(loaded.kudos.giver.clone());
    people.retain(|id| !loaded.known.contains_key(id));
    if people.is_empty() {
        return Ok(Ok(()));
    }
    let mut nobody = Vec::new();
    let mut users = Vec::new();
    for id in people {
        match ctx.slack.users_info(&id, POSTING_DEADLINE).await {
            Ok(user) => users.push(user),
            Err(error) if is_nobody(&error) => nobody.push(id),
            Err(error) => return Ok(Err(error)),
        }
    }
    let workspace = ctx.workspace.id.clone();
    nobody.extend(
        users
            .iter()
            .filter(|user| !user.is_person() || user.is_stranger)
            .map(|user| user.id.clone()),
    );
    nobody.retain(|id| unchecked.contains(id));
    let ids: BTreeSet<UserId> = users.iter().map(|user| user.id.clone()).collect();
    let kudos = loaded.kudos.clone();
    let (known, stored) = ctx
        .db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            workspace::upsert(tx, &workspace, &users, now).await?;
            let gone: Vec<StoredReceiver> = kudos
                .receivers
                .iter()
                .filter(|r| r.member().is_some_and(|id| nobody.contains(&id)))
                .cloned()
                .collect();
            if !gone.is_empty() {
                let reversed = reverse(tx, &workspace, &kudos, &gone, "plaudit", now).await?;
                let people: Vec<UserId> = reversed.iter().filter_map(StoredReceiver::member).collect();
                if !people.is_empty() {
                    let once = format!("left out {}", kudos.kudos);
                    let what = What::LeftOut {
                        kudos: kudos.kudos.clone(),
                        people,
                    };
                    enqueue_tell(tx, &workspace, &kudos.giver, what, &once, now).await?;
                }
            }
            let stored = load(tx, &workspace, &kudos.kudos).await?;
            Ok((workspace::members(tx, &workspace, &ids).await?, stored))
        })
        .await?;
    loaded.known.extend(known);
    if let Some(stored) = stored {
        loaded.kudos = stored;
    }
    Ok(Ok(()))
}

/// Asks Slack what the place is where it isn't known. Says whether it is the app's own DM with the giver.
async fn settle_places(ctx: &Ctx, loaded: &mut Loaded, now: Instant) -> Result<Result<bool, ApiError>, StoreError> {
    for place in [&mut loaded.given_in, &mut loaded.recognition].into_iter().flatten() {
        if !place.wants_check(now) {
            continue;
        }
        let conversation = match ctx.slack.conversations_info(&place.channel).await {
            Ok(conversation) => Some(conversation),
            // A missing scope, or a private channel without the app: it stays unknown, and counts as private.
            Err(error @ ApiError::Permanent { .. }) if !error.is_dead_token() => None,
            Err(error) => return Ok(Err(error)),
        };
        let (workspace, channel) = (ctx.workspace.id.clone(), place.channel.clone());
        *place = ctx
            .db
            .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
                workspace::remember_conversation(tx, &workspace, &channel, conversation.as_ref(), now).await?;
                workspace::place(tx, &workspace, &channel, now).await
            })
            .await?;
    }
    let Some(given_in) = &loaded.given_in else {
        return Ok(Ok(false));
    };
    if !given_in.channel.is_direct_message() {
        return Ok(Ok(false));
    }
    match open_dm(ctx, &loaded.kudos.giver, loaded.known.get(&loaded.kudos.giver)).await? {
        Ok(dm) => Ok(Ok(dm == given_in.channel)),
        Err(error @ ApiError::Permanent { .. }) if !error.is_dead_token() => Ok(Ok(false)),
        Err(error) => Ok(Err(error)),
    }
}

async fn open_dm(ctx: &Ctx, with: &UserId, known: Option<&Member>) -> Result<Result<ChannelId, ApiError>, StoreError> {
    if let Some(dm) = known.and_then(|member| member.dm.clone()) {
        return Ok(Ok(dm));
    }
    let dm = match ctx.slack.conversations_open(with).await {
        Ok(dm) => dm,
        Err(error) => return Ok(Err(error)),
    };
    let (workspace, member, opened) = (ctx.workspace.id.clone(), with.clone(), dm.clone());
    ctx.db
        .write(async move |tx: &mut Tx| workspace::remember_dm(tx, &workspace, &member, &opened).await)
        .await?;
    Ok(Ok(dm))
}

async fn dm(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(ToReceiver { kudos, receiver }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let now = ctx.clock.now();
    let Some(loaded) = load_all(ctx, &kudos, now).await? else {
        return Ok(Ending::Done);
    };
    let stands = loaded
        .kudos
        .receivers
        .iter()
        .any(|r| r.member().as_ref() == Some(&receiver));
    let member = loaded.known.get(&receiver);
    if !stands || member.is_some_and(|member| member.is_bot || member.is_deleted) {
        return Ok(Ending::Done);
    }
    let dm = match open_dm(ctx, &receiver, member).await? {
        Ok(dm) => dm,
        Err(error) => return no_dm(ctx, claimed, &loaded.kudos, &receiver, &error, now).await,
    };
    let (card, is_first, place) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let id = &ctx.workspace.id;
            let card = store::post(tx, id, &kudos, "").await?;
            let place = match &card {
                Some(card) => Some(workspace::place(tx, id, &card.channel, now).await?),
                None => None,
            };
            Ok((card, !store::had_a_dm(tx, id, &receiver).await?, place))
        })
        .await?;
    let link = match card {
        Some(card) if card.permalink.is_empty() => permalink(ctx, &kudos, &card).await?,
        Some(card) => Some(card.permalink),
        None => None,
    };
    let settings = &ctx.workspace.settings;
    let voice = Voice {
        locale: ctx.locale,
        command: &settings.command,
        allowance: settings.allowance,
        zone: member
            .and_then(|member| member.zone)
            .unwrap_or_else(|| workspace_zone(settings, &loaded.known)),
    };
    let message = messages::dm(
        &voice,
        &People(&loaded.known, &HashMap::new()),
        &messages::Dm {
            giver: &loaded.kudos.giver,
            reason: &loaded.kudos.reason,
            values: &loaded.kudos.values,
            card: link
                .as_deref()
                .map(|link| (link, place.as_ref().map_or("", |place| place.name.as_str()))),
            is_first,
        },
    );
    match post(ctx, claimed, &dm, &message).await {
        Ok(posted) => {
            let (workspace, claimed) = (ctx.workspace.id.clone(), claimed.clone());
            ctx.db
                .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                    outbox::finish(tx, &claimed).await?;
                    store::remember_post(tx, &workspace, &kudos, receiver.as_str(), &posted.channel, &posted.ts).await
                })
                .await?;
            Ok(Ending::Recorded)
        }
        Err(error) => no_dm(ctx, claimed, &loaded.kudos, &receiver, &error, now).await,
    }
}

/// The link to a card, asked for once. A DM doesn't wait for it: without an answer it goes without the button.
async fn permalink(ctx: &Ctx, kudos: &KudosId, card: &store::Post) -> Result<Option<String>, StoreError> {
    match ctx.slack.chat_get_permalink(&card.channel, &card.ts).await {
        Ok(link) => {
            let (workspace, kudos, stored) = (ctx.workspace.id.clone(), kudos.clone(), link.clone());
            ctx.db
                .write(async move |tx: &mut Tx| store::remember_permalink(tx, &workspace, &kudos, &stored).await)
                .await?;
            Ok(Some(link))
        }
        Err(error) => {
            tracing::warn!(%error, kudos = %kudos, "a card's link could not be had");
            Ok(None)
        }
    }
}

async fn no_dm(
    ctx: &Ctx,
    claimed: &Claimed,
    kudos: &Stored,
    receiver: &UserId,
    error: &ApiError,
    now: Instant,
) -> Result<Ending, StoreError> {
    let ending = ending_of(error);
    if matches!(ending, Ending::Failed { .. }) {
        let (workspace, giver, claimed) = (ctx.workspace.id.clone(), kudos.giver.clone(), claimed.clone());
        let (kudos, receiver, end) = (kudos.kudos.clone(), receiver.clone(), ending.clone());
        ctx.db
            .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                outbox::settle(tx, &claimed, &end, now).await?;
                let once = format!("no dm {kudos} {receiver}");
                let what = What::NoDm {
                    kudos: kudos.clone(),
                    receiver: receiver.clone(),
                };
                enqueue_tell(tx, &workspace, &giver, what, &once, now).await
            })
            .await?;
        return Ok(Ending::Recorded);
    }
    Ok(ending)
}

async fn unpost(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(Unpost { kudos, audience }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let now = ctx.clock.now();
    let id = &ctx.workspace.id;
    let post = ctx
        .db
        .read(async |tx: &mut Tx| store::post(tx, id, &kudos, &audience).await)
        .await?;
    // Nothing was posted, and nothing will be: the rows before this one in its lane saw that the kudos is reversed.
    let Some(post) = post else { return Ok(Ending::Done) };
    let mut removed = ctx.slack.chat_delete(&post.channel, &post.ts).await;
    if matches!(
        removed.as_ref().map_err(ApiError::code),
        Err(Some("cant_delete_message"))
    ) {
        let gone = messages::gone(ctx.locale);
        removed = ctx.slack.chat_update(&post.channel, &post.ts, &gone).await.map(|_| ());
    }
    let still_there = match removed {
        Ok(()) => false,
        Err(error) if matches!(error.code(), Some("message_not_found" | "channel_not_found")) => false,
        Err(error) => match ending_of(&error) {
            Ending::Failed { why } => {
                tracing::error!(why, kudos = %kudos, workspace = %id, "a message could not be removed");
                true
            }
            ending => return Ok(ending),
        },
    };
    let (workspace, claimed) = (id.clone(), claimed.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            if still_there && let Some(stored) = load(tx, &workspace, &kudos).await? {
                let what = What::StillThere {
                    channel: post.channel.clone(),
                };
                let once = format!("still there {kudos} {audience}");
                enqueue_tell(tx, &workspace, &stored.giver, what, &once, now).await?;
            }
            store::forget_post(tx, &workspace, &kudos, &audience).await
        })
        .await?;
    Ok(Ending::Recorded)
}

async fn tell(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(Tell { to, what }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let now = ctx.clock.now();
    let kudos = match &what {
        What::NoCard { kudos, .. } | What::LeftOut { kudos, .. } | What::NoDm { kudos, .. } => Some(kudos.clone()),
        What::StillThere { .. } | What::Recognition { .. } => None,
    };
    let loaded = match &kudos {
        Some(kudos) => load_all(ctx, kudos, now).await?,
        None => None,
    };
    let mut known = loaded.as_ref().map(|loaded| loaded.known.clone()).unwrap_or_default();
    if !known.contains_key(&to) {
        let ids = BTreeSet::from([to.clone()]);
        known.extend(
            ctx.db
                .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &ids).await)
                .await?,
        );
    }
    let dm = match open_dm(ctx, &to, known.get(&to)).await? {
        Ok(dm) => dm,
        Err(error) => return Ok(ending_of(&error)),
    };
    let receivers: Vec<UserId> = loaded
        .iter()
        .flat_map(|loaded| loaded.kudos.receivers.iter().filter_map(StoredReceiver::member))
        .collect();
    let settings = &ctx.workspace.settings;
    let zone = known
        .get(&to)
        .and_then(|member| member.zone)
        .unwrap_or_else(|| workspace_zone(settings, &known));
    let voice = Voice {
        locale: ctx.locale,
        command: &settings.command,
        allowance: settings.allowance,
        zone,
    };
    let (left, has_card) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let id = &ctx.workspace.id;
            let left = store::left(tx, id, &to, local_day(now, zone), settings.allowance).await?;
            let card = match &kudos {
                Some(kudos) => store::post(tx, id, kudos, "").await?,
                None => None,
            };
            Ok((left, card.is_some()))
        })
        .await?;
    let news = match &what {
        What::NoCard { channel, code, .. } => News::NoCard {
            channel,
            code,
            receivers: &receivers,
        },
        What::LeftOut { people, .. } => News::LeftOut {
            people,
            others: &receivers,
            left,
        },
        What::NoDm { receiver, .. } => News::NoDm { receiver, has_card },
        What::StillThere { channel } => News::StillThere { channel },
        What::Recognition { channel, code } => News::Recognition { channel, code },
    };
    let message = messages::news(&voice, &People(&known, &HashMap::new()), &news);
    match post(ctx, claimed, &dm, &message).await {
        Ok(_) => Ok(Ending::Done),
        Err(error) => Ok(ending_of(&error)),
    }
}
