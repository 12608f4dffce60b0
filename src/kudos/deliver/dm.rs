//! A receiver's private message, and taking messages away again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::tell::{What, enqueue_tell};
use super::{
    Loaded, ToReceiver, Trouble, card_again, ending_of, load_all, open_dm, post, posted_before, refresh_where,
};
use crate::base::clock::Instant;
use crate::base::ids::{GroupId, KudosId, MessageTs, UserId};
use crate::kudos::audience::Audience;
use crate::kudos::messages::posts::Reacted;
use crate::kudos::messages::{self, Voice};
use crate::kudos::people::{People, ask_about};
use crate::kudos::store::{self, Stored, load};
use crate::kudos::take_back::{dm_lane, removal};
use crate::kudos::{Source, TEN_MINUTES};
use crate::outbox::{self, Claimed, Ending};
use crate::slack::blocks::Message;
use crate::slack::client::{POSTING_DEADLINE, Posted};
use crate::slack::errors::ApiError;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::zone_of;
use crate::workspace::{self, Ctx, Guest, Member, Usergroup};

const NO_GROUPS: &BTreeMap<GroupId, Usergroup> = &BTreeMap::new();

#[derive(Debug, Serialize, Deserialize)]
struct Unpost {
    kudos: KudosId,
    audience: String,
}

pub(super) async fn dm(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
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
    if workspace::is_anonymous(&receiver) {
        // Erased while it was on its way.
        return Ok(Ending::Done);
    }
    // A card that is late sends its DMs before its receivers were checked.
    let found = match loaded.known.get(&receiver) {
        Some(member) => Some(member.clone()),
        None => ask_about(ctx, &receiver, POSTING_DEADLINE).await?,
    };
    let member = found.as_ref();
    let wanted = stands && member.is_some_and(Member::gets_dms);
    if !wanted && !claimed.may_be_sent {
        return Ok(Ending::Done);
    }
    let dm = match open_dm(ctx, &receiver, member).await {
        Ok(dm) => dm,
        Err(Trouble::Slack(error @ ApiError::Permanent { .. })) => {
            return no_dm(ctx, claimed, &loaded.kudos, &receiver, &error, now).await;
        }
        Err(trouble) => return Err(trouble),
    };
    if let Some(posted) = posted_before(ctx, claimed, &dm, None).await? {
        return finish_dm(ctx, claimed, &kudos, &receiver, posted, None).await;
    }
    if !wanted {
        return Ok(Ending::Done);
    }
    // Several thanks by reactions within ten minutes are one message: the later ones are written into the first.
    let id = &ctx.workspace.id;
    let open = match loaded.kudos.source == Source::Reaction.name() {
        true => {
            ctx.db
                .read(async |tx: &mut Tx| {
                    store::open_message(tx, id, &receiver, &dm, loaded.kudos.given_at.minus(TEN_MINUTES)).await
                })
                .await?
        }
        false => None,
    };
    let message = message(ctx, &loaded, &receiver, open.as_ref(), now).await?;
    if let Some(ts) = open {
        match ctx.slack.chat_update(&dm, &ts, &message).await {
            Ok(()) => {
                return finish_dm(
                    ctx,
                    claimed,
                    &kudos,
                    &receiver,
                    Posted { channel: dm, ts },
                    Some(loaded.kudos.clone()),
                )
                .await;
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => return Ok(ending_of(&error)),
        }
    }
    match post(ctx, claimed, &dm, None, &message).await {
        Ok(posted) => finish_dm(ctx, claimed, &kudos, &receiver, posted, Some(loaded.kudos.clone())).await,
        Err(error) => no_dm(ctx, claimed, &loaded.kudos, &receiver, &error, now).await,
    }
}

/// A receiver's DM as it is now; `at` is the message that it stands in, or will.
pub(super) async fn message(
    ctx: &Ctx,
    loaded: &Loaded,
    receiver: &UserId,
    at: Option<&MessageTs>,
    now: Instant,
) -> Result<Message, StoreError> {
    if loaded.kudos.source == Source::Reaction.name() {
        let mut all = match at {
            Some(ts) => {
                ctx.db
                    .read(async |tx: &mut Tx| store::of_message(tx, &ctx.workspace.id, receiver, ts).await)
                    .await?
            }
            None => Vec::new(),
        };
        if !all.contains(&loaded.kudos.kudos) {
            all.push(loaded.kudos.kudos.clone());
        }
        return reactions(ctx, receiver, &all).await;
    }
    let kudos = &loaded.kudos.kudos;
    let (card, is_first, place) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let id = &ctx.workspace.id;
            let posts = store::posts(tx, id, kudos).await?;
            let card = [Audience::Card, Audience::Also, Audience::Roundup]
                .into_iter()
                .find_map(|wanted| posts.iter().find(|(audience, _)| *audience == wanted).cloned());
            let place = match &card {
                Some((_, card)) => Some(workspace::place(tx, id, &card.channel, now).await?),
                None => None,
            };
            Ok((card, !store::had_another_dm(tx, id, receiver, kudos).await?, place))
        })
        .await?;
    // A guest sees only some channels: no button that opens nothing.
    let is_guest = loaded
        .known
        .get(receiver)
        .is_some_and(|member| member.guest != Guest::No);
    let given_there = |card: &store::Post| loaded.kudos.channel.as_ref() == Some(&card.channel);
    let link = match card.filter(|(_, card)| !is_guest || given_there(card)) {
        Some((audience, card)) if card.permalink.is_empty() => permalink(ctx, kudos, &audience, &card).await?,
        Some((_, card)) => Some(card.permalink),
        None => None,
    };
    let settings = &*ctx.settings();
    let voice = Voice::new(ctx.locale, settings, zone_of(settings, &loaded.known, receiver));
    Ok(messages::dm(
        &voice,
        &loaded.people(),
        &messages::Dm {
            kudos,
            giver: &loaded.kudos.giver,
            is_customers: loaded.kudos.source == Source::Customer.name(),
            reason: &loaded.kudos.reason,
            values: &loaded.kudos.values,
            joined: &loaded.kudos.joined,
            is_hidden: loaded.kudos.receivers.iter().any(|r| r.is_hidden && r.id == receiver.0),
            card: link
                .as_deref()
                .map(|link| (link, place.as_ref().map_or("", |place| place.name.as_str()))),
            is_first,
        },
    ))
}

/// One message for several thanks by reactions.
async fn reactions(ctx: &Ctx, receiver: &UserId, kudos: &[KudosId]) -> Result<Message, StoreError> {
    let id = &ctx.workspace.id;
    let settings = &*ctx.settings();
    let (all, known, is_first) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let mut all = Vec::new();
            for kudos in kudos {
                all.extend(load(tx, id, kudos).await?);
            }
            let mut people: BTreeSet<UserId> = all.iter().map(|kudos| kudos.giver.clone()).collect();
            people.insert(receiver.clone());
            let known = workspace::members(tx, id, &people).await?;
            Ok((all, known, !store::had_dm_besides(tx, id, receiver, kudos).await?))
        })
        .await?;
    let voice = Voice::new(ctx.locale, settings, chrono_tz::UTC);
    let reacted: Vec<Reacted<'_>> = all
        .iter()
        .map(|kudos| Reacted {
            giver: &kudos.giver,
            reason: &kudos.reason,
        })
        .collect();
    let people = People::new(&known, NO_GROUPS);
    Ok(messages::posts::reactions(&voice, &people, &reacted, is_first))
}

async fn finish_dm(
    ctx: &Ctx,
    claimed: &Claimed,
    kudos: &KudosId,
    receiver: &UserId,
    posted: Posted,
    // What it shows; not known when it was found after a crash.
    rendered: Option<Stored>,
) -> Result<Ending, Trouble> {
    let now = ctx.clock.now();
    let (workspace, claimed) = (ctx.workspace.id.clone(), claimed.clone());
    let (kudos, receiver) = (kudos.clone(), receiver.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            store::remember_post(tx, &workspace, &kudos, receiver.as_str(), &posted.channel, &posted.ts).await?;
            let Some(stored) = load(tx, &workspace, &kudos).await? else {
                return Ok(());
            };
            if !stored.thanks(&receiver) {
                // Taken back while it was on its way.
                let gone = removal(&workspace, &kudos, receiver.as_str(), &dm_lane(&receiver), now);
                outbox::enqueue(tx, &[gone]).await?;
            } else if rendered.as_ref().is_none_or(|rendered| !rendered.looks_like(&stored)) {
                let itself = |audience: &Audience| audience.name() == receiver.0;
                refresh_where(tx, &workspace, &kudos, false, now, itself).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}

/// The link to a card, asked for once. A DM doesn't wait for it: without an answer it goes without the button.
async fn permalink(
    ctx: &Ctx,
    kudos: &KudosId,
    audience: &Audience,
    card: &store::Post,
) -> Result<Option<String>, StoreError> {
    match ctx.slack.chat_get_permalink(&card.channel, &card.ts).await {
        Ok(link) => {
            let (workspace, kudos, stored) = (ctx.workspace.id.clone(), kudos.clone(), link.clone());
            let audience = audience.clone();
            ctx.db
                .write(async move |tx: &mut Tx| {
                    store::remember_permalink(tx, &workspace, &kudos, &audience, &stored).await
                })
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
) -> Result<Ending, Trouble> {
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

/// Slack's ways to say that the message stands nowhere.
pub(super) fn is_gone(error: &ApiError) -> bool {
    matches!(error.code(), Some("message_not_found" | "channel_not_found"))
}

pub(super) async fn unpost(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, Trouble> {
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
    let kind = Audience::of(&audience);
    let is_card = matches!(kind, Audience::Card | Audience::Also);
    let loaded = load_all(ctx, &kudos, now).await?;
    if is_card && loaded.as_ref().is_some_and(|loaded| !loaded.shown().is_empty()) {
        // Whoever had hidden shows their name again.
        return Ok(Ending::Done);
    }
    let seen = loaded.map(|loaded| loaded.kudos);
    // Hidden is not taken back: nobody has to hear that it is still there.
    let still_stands = seen
        .as_ref()
        .is_some_and(|kudos| is_card && !kudos.receivers.is_empty());
    let receiver = UserId::from(audience.as_str());
    let mut others = Vec::new();
    if matches!(kind, Audience::Receiver(_)) {
        others = ctx
            .db
            .read(async |tx: &mut Tx| store::of_message(tx, id, &receiver, &post.ts).await)
            .await?;
        others.retain(|other| *other != kudos);
    }
    let mut removed = match others.as_slice() {
        [] => ctx.slack.chat_delete(&post.channel, &post.ts).await,
        // The message says more than this.
        others => {
            let message = reactions(ctx, &receiver, others).await?;
            ctx.slack.chat_update(&post.channel, &post.ts, &message).await
        }
    };
    // Slack has many words for "may not be deleted"; what may be edited at least says nothing any more.
    let refused = |error: &ApiError| !is_gone(error) && matches!(ending_of(error), Ending::Failed { .. });
    if removed.as_ref().is_err_and(refused) {
        let counts = |kudos: &Stored| kudos.receivers.iter().any(|r| audience.is_empty() || r.id == audience);
        let gone = if seen.as_ref().is_some_and(counts) {
            messages::withdrawn(ctx.locale)
        } else {
            messages::gone(ctx.locale)
        };
        removed = ctx.slack.chat_update(&post.channel, &post.ts, &gone).await.map(|_| ());
    }
    let still_there = match removed {
        Ok(()) => false,
        Err(error) if is_gone(&error) => false,
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
            let stored = load(tx, &workspace, &kudos).await?;
            if still_there
                && !still_stands
                && let Some(stored) = &stored
            {
                let what = What::StillThere {
                    channel: post.channel.clone(),
                };
                let once = format!("still there {kudos} {audience}");
                enqueue_tell(tx, &workspace, &stored.giver, what, &once, now).await?;
            }
            store::forget_post(tx, &workspace, &kudos, &audience).await?;
            let changed = |stored: &&Stored| seen.as_ref().is_some_and(|seen| !seen.looks_like(stored));
            if let Some(stored) = stored.as_ref().filter(|_| still_stands) {
                // The DMs link to it no longer.
                let links = |audience: &Audience| matches!(audience, Audience::Receiver(_));
                refresh_where(tx, &workspace, &kudos, false, now, links).await?;
                if Some(stored)
                    .filter(changed)
                    .is_some_and(|stored| stored.named().next().is_some())
                {
                    // Shown again while it was being removed.
                    let again = card_again(&workspace, &kudos, &kind, &post.channel, now);
                    outbox::enqueue(tx, &[again]).await?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}
