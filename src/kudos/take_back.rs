//! Taking back: everything that giving did is undone, down to the posted message.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audience::Audience;
use super::closing::month_told_at;
use super::counts::{Counted, Counts};
use super::deliver::refresh_where;
use super::deliveries;
use super::store::{Stored, StoredReceiver, left, load, posts};
use super::{Announce, Receiver, Source, boosts, rules};
use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, KudosId, UserId, WorkspaceId};
use crate::outbox::{self, Intent, Kind};
use crate::store::{StoreError, Tx, sql};

/// What a giver asks for.
#[derive(Clone, Debug)]
pub struct TakeBack {
    /// Where.
    pub workspace: WorkspaceId,
    /// Which kudos.
    pub kudos: KudosId,
    /// Who asks.
    pub by: UserId,
    /// When.
    pub at: Instant,
    /// Where the giver lives: which day's allowance is told.
    pub zone: chrono_tz::Tz,
    /// The allowance of a day; `None` = no limit.
    pub allowance: Option<i64>,
    /// The recognition channel, if there is one.
    pub recognition: Option<ChannelId>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakenBack {
    /// It is as if it had never been given.
    Done {
        /// Whom it had thanked.
        receivers: Vec<Receiver>,
        /// Where its card stood; `None` if it had not been posted.
        card: Option<ChannelId>,
        /// Whether any DM had gone out.
        had_dms: bool,
        /// What is left of today's allowance; `None` without a limit.
        left: Option<i64>,
    },
    /// More than ten minutes ago.
    TooLate {
        /// When it was given.
        given_at: Instant,
    },
    /// Its month is closed: only a steward takes it away now.
    Closed {
        /// When it was given.
        given_at: Instant,
    },
    /// It had been taken back before.
    Already,
    /// Somebody else gave it, or it doesn't exist.
    NotYours,
}

/// Takes a kudos back within ten minutes: ledger, allowance, tallies and pairs at once, card and DMs by the outbox.
pub async fn take_back(tx: &mut Tx, wish: &TakeBack) -> Result<TakenBack, StoreError> {
    taken(tx, wish, |given_at, _| {
        (!rules::may_undo(given_at, wish.at)).then_some(TakenBack::TooLate { given_at })
    })
    .await
}

/// The same until the month closes, in the workspace's zone: from `/kudos sent`.
pub async fn take_back_sent(
    tx: &mut Tx,
    wish: &TakeBack,
    workspace_zone: chrono_tz::Tz,
) -> Result<TakenBack, StoreError> {
    taken(tx, wish, |given_at, told_at| {
        (!rules::is_open(given_at, told_at, workspace_zone, wish.at)).then_some(TakenBack::Closed { given_at })
    })
    .await
}

async fn taken(
    tx: &mut Tx,
    wish: &TakeBack,
    too_late: impl FnOnce(Instant, Option<Instant>) -> Option<TakenBack>,
) -> Result<TakenBack, StoreError> {
    let Some(kudos) = load(tx, &wish.workspace, &wish.kudos).await? else {
        return Ok(TakenBack::NotYours);
    };
    if kudos.giver != wish.by {
        return Ok(TakenBack::NotYours);
    }
    if kudos.receivers.is_empty() {
        return Ok(TakenBack::Already);
    }
    let told_at = month_told_at(tx, &wish.workspace, kudos.workspace_day).await?;
    if let Some(late) = too_late(kudos.given_at, told_at) {
        return Ok(late);
    }
    let undone = undo_all(
        tx,
        &wish.workspace,
        &kudos,
        wish.by.as_str(),
        wish.recognition.as_ref(),
        wish.at,
    )
    .await?;
    let Some(Undone { card, had_dms }) = undone else {
        return Ok(TakenBack::Already);
    };
    let today = local_day(wish.at, wish.zone);
    let left = left(tx, &wish.workspace, &wish.by, today, wish.allowance).await?;
    Ok(TakenBack::Done {
        receivers: kudos.receivers.iter().map(StoredReceiver::receiver).collect(),
        card,
        had_dms,
        left,
    })
}

/// What was to be seen of a kudos that is undone.
pub(super) struct Undone {
    /// Where its card stood.
    pub card: Option<ChannelId>,
    /// Whether any DM had gone out.
    pub had_dms: bool,
}

/// Undoes everything that still stands of a kudos: ledger, allowance, tallies, pairs and who joined in, at once; every
/// message of it by the outbox. `None` if nothing stood any more. Who may ask for it is the caller's to decide.
pub(super) async fn undo_all(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &Stored,
    by: &str,
    recognition: Option<&ChannelId>,
    at: Instant,
) -> Result<Option<Undone>, StoreError> {
    if reverse(tx, workspace, kudos, &kudos.receivers, by, at)
        .await?
        .is_empty()
    {
        return Ok(None);
    }
    boosts::forget(tx, workspace, &kudos.kudos).await?;
    let posts = posts(tx, workspace, &kudos.kudos).await?;
    let find = |wanted: &Audience| {
        posts
            .iter()
            .find(|(audience, _)| audience == wanted)
            .map(|(_, post)| post)
    };
    let card = find(&Audience::Card)
        .or_else(|| find(&Audience::Also))
        .or_else(|| find(&Audience::Roundup));
    let mut intents = Vec::new();
    if kudos.announce != Announce::Silent {
        // Also where nothing stands yet: it may be on its way.
        let lane = card_lane(recognition, &kudos.announce, kudos.channel.as_ref());
        let lane = find(&Audience::Card).map_or(lane, |post| post.channel.0.clone());
        intents.push(removal(workspace, &kudos.kudos, "", &lane, at));
        intents.extend(
            kudos
                .receivers
                .iter()
                .filter_map(StoredReceiver::member)
                .map(|receiver| removal(workspace, &kudos.kudos, receiver.as_str(), &dm_lane(&receiver), at)),
        );
    }
    for (audience, post) in &posts {
        let lane = match audience {
            Audience::Also => post.channel.0.clone(),
            Audience::Thanks(_) => dm_lane(&kudos.giver),
            _ => continue,
        };
        intents.push(removal(workspace, &kudos.kudos, &audience.name(), &lane, at));
    }
    outbox::enqueue(tx, &intents).await?;
    let stays = |audience: &Audience| matches!(audience, Audience::Roundup | Audience::Report(_));
    refresh_where(tx, workspace, &kudos.kudos, false, at, stays).await?;
    Ok(Some(Undone {
        card: card.map(|post| post.channel.clone()),
        had_dms: posts
            .iter()
            .any(|(audience, _)| matches!(audience, Audience::Receiver(_))),
    }))
}

/// Takes the giver's latest kudos back, once per delivery: the same command delivered again takes nothing more, and
/// gets the same answer. `None` if there is nothing that stands; `wish.kudos` is not looked at.
pub async fn take_back_latest(
    tx: &mut Tx,
    wish: &TakeBack,
    delivery: Option<&str>,
) -> Result<Option<TakenBack>, StoreError> {
    if let Some(seen) = deliveries::outcome(tx, &wish.workspace, delivery, UNDO_FEATURE).await? {
        return Ok(Some(seen));
    }
    let Some((kudos, _)) = latest_of(tx, &wish.workspace, &wish.by).await? else {
        return Ok(None);
    };
    let outcome = take_back(tx, &TakeBack { kudos, ..wish.clone() }).await?;
    deliveries::remember(tx, &wish.workspace, delivery, UNDO_FEATURE, &outcome, wish.at).await?;
    Ok(Some(outcome))
}

/// The feature's name in the delivery keys of `undo`.
const UNDO_FEATURE: &str = "kudos.undo";

/// The removal of a card (`audience` empty) or of somebody's DM.
pub(super) fn removal(workspace: &WorkspaceId, kudos: &KudosId, audience: &str, lane: &str, at: Instant) -> Intent {
    Intent::new(
        workspace,
        Kind::KudosUnpost,
        &json!({ "kudos": kudos, "audience": audience }),
        lane,
        at,
    )
}

/// What a card queues behind: the channel that it is meant for.
pub(super) fn card_lane(recognition: Option<&ChannelId>, announce: &Announce, given_in: Option<&ChannelId>) -> String {
    match (announce, recognition, given_in) {
        (Announce::In(channel), ..) | (_, Some(channel), _) | (_, None, Some(channel)) => channel.to_string(),
        _ => String::new(),
    }
}

/// What a person's DMs queue behind.
pub fn dm_lane(member: &UserId) -> String {
    format!("dm:{member}")
}

/// Reverses rows of one kudos: marks them, gives the allowance back, and takes them out of tallies and pairs.
/// Returns the rows that weren't reversed before.
pub(super) async fn reverse(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &Stored,
    receivers: &[StoredReceiver],
    by: &str,
    at: Instant,
) -> Result<Vec<StoredReceiver>, StoreError> {
    let ids: Vec<_> = receivers.iter().map(|receiver| [&receiver.row]).collect();
    let rows: Vec<(String,)> = sql!(
        tx,
        fetch_all as (String,),
        "UPDATE ledger SET reversed_at = $1, reversed_by = $2
         WHERE id IN (SELECT value ->> 0 FROM json_each($3)) AND reversed_at IS NULL RETURNING id",
        at,
        by,
        json!(ids).to_string()
    )?;
    let reversed: Vec<StoredReceiver> = receivers
        .iter()
        .filter(|receiver| rows.iter().any(|(id,)| *id == receiver.row))
        .cloned()
        .collect();
    if reversed.is_empty() {
        return Ok(reversed);
    }
    sql!(
        tx,
        execute "UPDATE allowance SET used = used - $1 WHERE workspace = $2 AND giver = $3 AND day = $4",
        kudos.cost * i64::try_from(reversed.len()).unwrap_or(0),
        workspace,
        &kudos.giver,
        kudos.giver_day.to_string()
    )?;
    let mut counts = Counts::default();
    for receiver in &reversed {
        let counted = Counted {
            workspace: workspace.as_str(),
            giver: kudos.giver.as_str(),
            receiver: &receiver.id,
            is_member: receiver.is_member,
            source: Source::tally_of(&kudos.source),
            day: kudos.workspace_day,
        };
        counts.add(&counted, -1);
    }
    counts.write(tx).await?;
    Ok(reversed)
}

/// The giver's latest kudos that stands, with its instant.
pub async fn latest_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    giver: &UserId,
) -> Result<Option<(KudosId, Instant)>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (KudosId, i64),
        "SELECT kudos, given_at FROM ledger WHERE workspace = $1 AND giver = $2 AND reversed_at IS NULL
         ORDER BY given_at DESC, id DESC LIMIT 1",
        workspace,
        giver
    )?;
    Ok(row.map(|(kudos, at)| (kudos, Instant::from_millis(at))))
}
