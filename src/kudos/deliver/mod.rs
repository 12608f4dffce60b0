//! What the outbox runs for kudos: load fresh, render, call Slack, record the result.

mod card;
mod dm;
mod later;
mod note;
mod reaction;
mod tell;
mod together;
mod update;

pub(super) use card::card_again;
use card::{card_in_thread, tell_stewards};
pub(super) use later::later_intent;
pub(super) use note::note;
pub(super) use tell::tell_removed;
pub(super) use update::{refresh, refresh_where};

pub(super) use reaction::reaction_intent;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Giving;
use super::Receiver;
use super::people::{People, Unasked};
use super::store::{Stored, StoredReceiver, load};
use super::take_back::dm_lane;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, MessageTs, UserId, WorkspaceId};
use crate::outbox::{self, Claimed, Ending, Intent, Kind, Late};
use crate::slack::blocks::Message;
use crate::slack::client::{Metadata, PostMessage, Posted};
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Member, Place, Usergroup};

/// The `event_type` of our messages' metadata; its payload's `id` is the outbox row's.
pub const METADATA: &str = "plaudit_outbox";

/// A dead token is somebody's to mend; nothing is lost until then.
const DEAD_TOKEN: Duration = Duration::from_secs(300);

/// How far Slack's clock may be behind ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(600);

#[derive(Debug, Serialize, Deserialize)]
struct OfKudos {
    kudos: KudosId,
    /// Receivers whom nobody could look up when it was given.
    #[serde(default)]
    unchecked: Vec<UserId>,
    /// The thread that it was given in, by its parent.
    #[serde(default)]
    thread: Option<MessageTs>,
    /// Where it stands, when that is no question of place any more.
    #[serde(default)]
    placed: Option<Placed>,
}

/// Where a card stands that isn't posted by the rules of place.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Placed {
    channel: ChannelId,
    thread: Option<MessageTs>,
    audience: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ToReceiver {
    kudos: KudosId,
    receiver: UserId,
}

/// Why an attempt came to no end of its own.
enum Trouble {
    Slack(ApiError),
    Store(StoreError),
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        Self::Slack(error)
    }
}

impl From<Unasked> for Trouble {
    fn from(error: Unasked) -> Self {
        match error {
            Unasked::Slack(error) => Self::Slack(error),
            Unasked::Store(error) => Self::Store(error),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Sends one row of this feature.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded; the row is tried again.
pub async fn deliver(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let sent = match claimed.kind {
        Kind::KudosCard => card::card(ctx, claimed).await,
        Kind::KudosDm => dm::dm(ctx, claimed).await,
        Kind::KudosUnpost => dm::unpost(ctx, claimed).await,
        Kind::KudosTell => tell::tell(ctx, claimed).await,
        Kind::KudosUpdate => update::update(ctx, claimed).await,
        Kind::KudosErase => update::erased(ctx, claimed).await,
        Kind::KudosNote => note::send(ctx, claimed).await,
        Kind::KudosOpening => together::opening(ctx, claimed).await,
        Kind::KudosRoundup => together::roundup(ctx, claimed).await,
        _ => Ok(Ending::Failed {
            why: "not a kudos".to_owned(),
        }),
    };
    settled(claimed, sent)
}

/// Gives what its giver put off, and tells them.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded; the row is tried again.
pub async fn later(giving: &Giving<'_>, claimed: &Claimed) -> Result<Ending, StoreError> {
    settled(claimed, later::later(giving, claimed).await)
}

/// Looks at a reaction, and gives or joins in.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded; the row is tried again.
pub async fn reaction(giving: &Giving<'_>, claimed: &Claimed) -> Result<Ending, StoreError> {
    settled(claimed, reaction::reaction(giving, claimed).await)
}

fn settled(claimed: &Claimed, sent: Result<Ending, Trouble>) -> Result<Ending, StoreError> {
    match sent {
        Ok(ending) => Ok(ending),
        // A method that only helps is resting, not the one that this kind posts with: its neighbours may go on.
        Err(Trouble::Slack(ApiError::RateLimited { retry_after })) => Ok(Ending::Retry {
            after: Some(retry_after),
            why: "a look-up is rate limited".to_owned(),
            unsettled: claimed.may_be_sent,
        }),
        Err(Trouble::Slack(error)) => Ok(ending_of(&error)),
        Err(Trouble::Store(error)) => Err(error),
    }
}

/// A card still waits after a minute: its receivers get their DMs without the link.
pub async fn late(ctx: &Ctx, late: &Late) -> Result<(), StoreError> {
    let Ok(OfKudos { kudos, .. }) = serde_json::from_str(&late.subject) else {
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

/// How a failed call ends when the message itself isn't at fault.
pub fn ending_of(error: &ApiError) -> Ending {
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

async fn post(
    ctx: &Ctx,
    claimed: &Claimed,
    channel: &ChannelId,
    thread: Option<&MessageTs>,
    message: &Message,
) -> Result<Posted, ApiError> {
    ctx.slack
        .chat_post_message(&PostMessage {
            channel,
            message,
            metadata: Some(&metadata(claimed)),
            thread_ts: thread,
        })
        .await
}

fn metadata(claimed: &Claimed) -> Metadata {
    Metadata {
        event_type: METADATA.to_owned(),
        event_payload: json!({ "id": claimed.id }),
    }
}

/// Posted once, also across a crash or a lost answer: a row that may have been sent is looked up where it would
/// stand. Where the scope to read is missing, it is taken for unsent, and may stand there twice.
///
/// # Errors
/// [`ApiError`] when Slack can't be asked now.
pub async fn posted_before(
    ctx: &Ctx,
    claimed: &Claimed,
    channel: &ChannelId,
    thread: Option<&MessageTs>,
) -> Result<Option<Posted>, ApiError> {
    if !claimed.may_be_sent {
        return Ok(None);
    }
    let oldest = claimed.created_at.minus(CLOCKS_DIFFER);
    match ctx
        .slack
        .find_by_metadata(channel, thread, oldest, &metadata(claimed))
        .await
    {
        Ok(found) => Ok(found),
        Err(error @ ApiError::Permanent { .. }) if !error.is_dead_token() => {
            tracing::warn!(%error, outbox = %claimed.id, "whether this was posted can't be looked up; taken for not posted");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What a card needs to know.
pub(super) struct Loaded {
    pub kudos: Stored,
    pub known: BTreeMap<UserId, Member>,
    groups: BTreeMap<GroupId, Usergroup>,
    given_in: Option<Place>,
    recognition: Option<Place>,
}

impl Loaded {
    pub(super) fn people(&self) -> People<'_> {
        People::new(&self.known, &self.groups)
    }

    /// Those thanked whom a card may name: who has hidden, or keeps thanks private, stands on none.
    fn shown(&self) -> Vec<Receiver> {
        let is_private = |id: &UserId| self.known.get(id).is_some_and(|member| member.choices.is_private);
        self.kudos
            .named()
            .map(StoredReceiver::receiver)
            .filter(|receiver| !receiver.member().is_some_and(is_private))
            .collect()
    }
}

pub(super) async fn load_all(ctx: &Ctx, kudos: &KudosId, now: Instant) -> Result<Option<Loaded>, StoreError> {
    let settings = &*ctx.settings();
    ctx.db
        .read(async |tx: &mut Tx| {
            let id = &ctx.workspace.id;
            let Some(kudos) = load(tx, id, kudos).await? else {
                return Ok(None);
            };
            let mut people: BTreeSet<UserId> = kudos.everyone.iter().filter_map(StoredReceiver::member).collect();
            people.insert(kudos.giver.clone());
            people.extend(kudos.joined.iter().cloned());
            people.extend(settings.stewards.first().cloned());
            let groups: BTreeSet<GroupId> = kudos.everyone.iter().filter_map(StoredReceiver::group).collect();
            let mut given_in = match &kudos.channel {
                Some(channel) => Some(workspace::place(tx, id, channel, now).await?),
                None => None,
            };
            let mut recognition = match &settings.channel {
                Some(channel) => Some(workspace::place(tx, id, channel, now).await?),
                None => None,
            };
            [&mut given_in, &mut recognition]
                .into_iter()
                .flatten()
                .for_each(|place| settings.let_in(place));
            Ok(Some(Loaded {
                known: workspace::members(tx, id, &people).await?,
                groups: workspace::usergroups(tx, id, &groups).await?,
                kudos,
                given_in,
                recognition,
            }))
        })
        .await
}

/// The app's direct message with a person, opened if need be; or how a row ends that can't have one.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored.
pub async fn dm_with(ctx: &Ctx, person: &UserId) -> Result<Result<ChannelId, Ending>, StoreError> {
    let only = BTreeSet::from([person.clone()]);
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &only).await)
        .await?;
    match open_dm(ctx, person, known.get(person)).await {
        Ok(dm) => Ok(Ok(dm)),
        Err(Trouble::Slack(error)) => Ok(Err(ending_of(&error))),
        Err(Trouble::Store(error)) => Err(error),
    }
}

/// Sends a row's message to a person by DM, once. [`Ending::Done`] when it stands there.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored.
pub async fn send_dm(ctx: &Ctx, claimed: &Claimed, person: &UserId, message: &Message) -> Result<Ending, StoreError> {
    let dm = match dm_with(ctx, person).await? {
        Ok(dm) => dm,
        Err(ending) => return Ok(ending),
    };
    Ok(match post_once(ctx, claimed, &dm, None, message).await? {
        Ok(_) => Ending::Done,
        Err(error) => ending_of(&error),
    })
}

/// Posts a row's message in a channel, or in the thread of a message there; one that stands there already, because its
/// answer was lost, is not posted again.
///
/// # Errors
/// [`StoreError`] when it could not be read or stored.
pub async fn post_once(
    ctx: &Ctx,
    claimed: &Claimed,
    channel: &ChannelId,
    thread: Option<&MessageTs>,
    message: &Message,
) -> Result<Result<Posted, ApiError>, StoreError> {
    match posted_before(ctx, claimed, channel, thread).await {
        Ok(Some(posted)) => Ok(Ok(posted)),
        Ok(None) => Ok(post(ctx, claimed, channel, thread, message).await),
        Err(error) => Ok(Err(error)),
    }
}

async fn open_dm(ctx: &Ctx, with: &UserId, known: Option<&Member>) -> Result<ChannelId, Trouble> {
    if let Some(dm) = known.and_then(|member| member.dm.clone()) {
        return Ok(dm);
    }
    let dm = ctx.slack.conversations_open(with).await?;
    let (workspace, member, opened) = (ctx.workspace.id.clone(), with.clone(), dm.clone());
    ctx.db
        .write(async move |tx: &mut Tx| workspace::remember_dm(tx, &workspace, &member, &opened).await)
        .await?;
    Ok(dm)
}
