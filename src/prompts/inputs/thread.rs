//! What happens in a prompt's thread: people answer, take answers back, like them; and somebody who is mentioned may be
//! thanked.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::calendar::local_day;
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::kudos::inputs::posts::Private;
use crate::kudos::messages as thanks;
use crate::kudos::posts::canonical;
use crate::kudos::{Announce, Effect, Giving, Outcome, People, Receiver, Source, Waiting, gave_by_post, grammar};
use crate::outbox;
use crate::prompts::deliver::update_intent;
use crate::prompts::{messages, store};
use crate::slack::blocks::Response;
use crate::slack::inbound::{BlockActions, Event, MessageEvent, Reaction};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::zone_of;
use crate::workspace::{self, Ctx};

/// A kind of draft: an answer that may become a kudos.
const ANSWER: &str = "prompts.answer";
/// People of one answer that are asked about.
const MOST_ASKED: usize = 5;

/// Takes an event. What it says is on disk when this returns; then its writer may have to be asked something.
///
/// # Errors
/// [`StoreError`] when it could not be stored; Slack should deliver it again.
pub async fn event(giving: &Giving<'_>, event: &Event) -> Result<Option<Private>, StoreError> {
    match event {
        Event::Message(reply) | Event::AppMention(reply) => answered(giving, reply).await,
        Event::MessageDeleted { channel, ts } => unanswered(giving.ctx, channel, ts).await.map(|()| None),
        Event::MessageChanged(change) if change.message.subtype.as_deref() == Some("tombstone") => {
            unanswered(giving.ctx, &change.channel, &change.message.ts)
                .await
                .map(|()| None)
        }
        Event::ReactionAdded(reaction) => liked(giving.ctx, reaction, true).await.map(|()| None),
        Event::ReactionRemoved(reaction) => liked(giving.ctx, reaction, false).await.map(|()| None),
        _ => Ok(None),
    }
}

async fn answered(giving: &Giving<'_>, reply: &MessageEvent) -> Result<Option<Private>, StoreError> {
    let ctx = giving.ctx;
    let (Some(parent), Some(writer)) = (reply.parent().cloned(), reply.user.clone()) else {
        return Ok(None);
    };
    if parent == reply.ts || !reply.is_by_a_person() || writer == ctx.workspace.bot_user {
        return Ok(None);
    }
    let id = &ctx.workspace.id;
    // Reading first: most of what is written in threads is no answer.
    let (prompt, known) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let Some(prompt) = store::occurrence_at(tx, id, &reply.channel, &parent).await? else {
                return Ok((None, BTreeMap::new()));
            };
            let mut people: BTreeSet<UserId> = grammar::read(&reply.text).mentioned().into_iter().collect();
            people.insert(writer.clone());
            Ok((Some(prompt), workspace::members(tx, id, &people).await?))
        })
        .await?;
    let Some(prompt) = prompt else { return Ok(None) };
    if known.get(&writer).is_some_and(|writer| !writer.can_be_thanked()) {
        return Ok(None);
    }
    let (workspace, now) = (id.clone(), ctx.clock.now());
    let (channel, ts, who) = (reply.channel.clone(), reply.ts.clone(), writer.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if store::answered(tx, &workspace, (&channel, &parent), &ts, &who, now).await? {
                outbox::enqueue(tx, &[update_intent(&workspace, &prompt, now)]).await?;
            }
            Ok(())
        })
        .await?;
    ask(giving, reply, &writer, &known).await
}

/// Asks the writer whether those whom they mention may be thanked with these words: once a day and person, and never who
/// said so.
async fn ask(
    giving: &Giving<'_>,
    reply: &MessageEvent,
    writer: &UserId,
    known: &BTreeMap<UserId, workspace::Member>,
) -> Result<Option<Private>, StoreError> {
    let ctx = giving.ctx;
    let settings = ctx.settings();
    let may_give = known.get(writer).is_none_or(|writer| settings.may_give(writer));
    let mentioned: Vec<UserId> = grammar::read(&reply.text)
        .mentioned()
        .into_iter()
        .filter(|id| {
            id != writer
                && known
                    .get(id)
                    .is_some_and(|member| settings.may_be_thanked(member, None))
        })
        .take(MOST_ASKED)
        .collect();
    if mentioned.is_empty() || !may_give {
        return Ok(None);
    }
    let (workspace, now) = (ctx.workspace.id.clone(), ctx.clock.now());
    let today = local_day(now, zone_of(&settings, known, writer));
    let (who, channel, ts) = (writer.clone(), reply.channel.clone(), reply.ts.clone());
    let asked: Vec<UserId> = ctx
        .db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            // The answer gave by itself, or its writer doesn't want to be asked.
            if gave_by_post(tx, &workspace, &channel, &ts).await?
                || workspace::happened(tx, &workspace, &hush_key(&who)).await?
            {
                return Ok(Vec::new());
            }
            let mut asked = Vec::new();
            for person in &mentioned {
                let once = format!("asked {who} about {person} {today}");
                if workspace::first_time(tx, &workspace, &once, now).await? {
                    asked.push(person.clone());
                }
            }
            Ok(asked)
        })
        .await?;
    if asked.is_empty() {
        return Ok(None);
    }
    let groups = BTreeMap::new();
    let names = People::new(known, &groups);
    let words = grammar::read(&reply.text)
        .resolve(
            &grammar::Directory {
                names: known
                    .iter()
                    .map(|(id, member)| (id.clone(), member.name.clone()))
                    .collect(),
                ..grammar::Directory::default()
            },
            &settings.value_names(),
        )
        .as_typed;
    let waiting = Waiting {
        receivers: asked.iter().cloned().map(Receiver::Member).collect(),
        reason: words,
        source: Some(Source::Mention),
        channel: Some(reply.channel.clone()),
        thread: reply.parent().cloned(),
        effect: Some((reply.ts.clone(), Effect::Post)),
        announce: Announce::Default,
        ..Waiting::default()
    };
    let once = format!("{} {}", reply.channel, reply.ts);
    let draft = giving.keep(writer, ANSWER, Some(&once), &waiting).await?;
    let question = messages::make_it_a_kudos(ctx.locale, &names, &asked, &draft);
    Ok(Some(Private::new(
        writer.clone(),
        reply.channel.clone(),
        reply.parent().cloned(),
        vec![question],
    )))
}

/// Makes a kudos of an answer.
pub(super) async fn make(
    giving: &Giving<'_>,
    click: &BlockActions,
    draft: &str,
) -> Result<Option<Response>, StoreError> {
    let ctx = giving.ctx;
    let settings = ctx.settings();
    let Some(waiting) = giving.kept(&click.user, ANSWER, draft).await? else {
        let message = messages::too_late(ctx.locale, &settings.command);
        return Ok(Some(Response::replacing(message)));
    };
    let gave = giving.give(waiting.wish(&click.user, draft)).await?;
    let voice = gave.voice(ctx, &settings);
    let message = match &gave.result {
        // Given before, by a click that was delivered twice or by the post itself.
        Ok((_, Outcome::Spent)) => thanks::already_given(ctx.locale),
        _ => giving.answer(&gave, &voice).await,
    };
    Ok(Some(Response::replacing(message)))
}

fn hush_key(member: &UserId) -> String {
    format!("don't ask {member} about answers")
}

/// Somebody doesn't want to be asked about their answers.
pub(super) async fn hush(ctx: &Ctx, member: &UserId) -> Result<Option<Response>, StoreError> {
    let (workspace, key, now) = (ctx.workspace.id.clone(), hush_key(member), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| workspace::first_time(tx, &workspace, &key, now).await)
        .await?;
    Ok(Some(Response::replacing(messages::hushed(ctx.locale))))
}

async fn unanswered(ctx: &Ctx, channel: &ChannelId, ts: &MessageTs) -> Result<(), StoreError> {
    let id = &ctx.workspace.id;
    let only = [ts.clone()];
    let is_answer = ctx
        .db
        .read(async |tx: &mut Tx| store::writers(tx, id, channel, &only).await)
        .await?;
    if is_answer.is_empty() {
        return Ok(());
    }
    let (workspace, now) = (id.clone(), ctx.clock.now());
    let (channel, ts) = (channel.clone(), ts.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            let Some(post) = store::unanswered(tx, &workspace, &channel, &ts).await? else {
                return Ok(());
            };
            if let Some(prompt) = store::occurrence_at(tx, &workspace, &channel, &post).await? {
                outbox::enqueue(tx, &[update_intent(&workspace, &prompt, now)]).await?;
            }
            Ok(())
        })
        .await
}

async fn liked(ctx: &Ctx, reaction: &Reaction, on: bool) -> Result<(), StoreError> {
    let id = &ctx.workspace.id;
    let only = [reaction.ts.clone()];
    // Most reactions are to something else.
    let is_answer = ctx
        .db
        .read(async |tx: &mut Tx| store::writers(tx, id, &reaction.channel, &only).await)
        .await?;
    if is_answer.is_empty() || reaction.user == ctx.workspace.bot_user {
        return Ok(());
    }
    let (workspace, reaction) = (id.clone(), reaction.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if !workspace::forgotten(tx, &workspace, [&reaction.user]).await?.is_empty() {
                return Ok(());
            }
            let liked = (&reaction.channel, &reaction.ts);
            store::likes(tx, &workspace, liked, (&reaction.user, canonical(&reaction.name)), on).await
        })
        .await
}
