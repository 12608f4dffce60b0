//! What people write, change, delete and react with: from Slack's event to a use case, and what they are told.

use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId, WorkspaceId};
use crate::kudos::giving::Gave;
use crate::kudos::grammar;
use crate::kudos::messages::{self, Voice};
use crate::kudos::posts::{self, Asks, Post, ShoutOut};
use crate::kudos::rules::Refusal;
use crate::kudos::withdraw::{self, At, Progress, Reacts};
use crate::kudos::{Announce, Effect, Giving, Outcome, Said, TEN_MINUTES, Wish, boost, deliver};
use crate::outbox;
use crate::slack::blocks::Message;
use crate::slack::client::{PostMessage, RESPONDING_DEADLINE};
use crate::slack::inbound::{Event, MessageChange, MessageEvent, Reaction};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Locale};

/// What one person is told, where nobody else sees it.
#[derive(Debug)]
pub struct Private {
    pub(in crate::kudos) to: UserId,
    pub(in crate::kudos) channel: ChannelId,
    pub(in crate::kudos) thread: Option<MessageTs>,
    /// The channel is the app's DM with them.
    pub(in crate::kudos) own_dm: bool,
    pub(in crate::kudos) messages: Vec<Message>,
}

impl Private {
    /// What one person is told in a channel, or in a thread there.
    pub fn new(to: UserId, channel: ChannelId, thread: Option<MessageTs>, messages: Vec<Message>) -> Self {
        Self {
            to,
            channel,
            thread,
            own_dm: false,
            messages,
        }
    }

    /// Tells it: one try, 2 s. Where Slack doesn't let the app, nothing is lost: what was given is on disk.
    pub async fn tell(&self, ctx: &Ctx) {
        for message in &self.messages {
            let told = tokio::time::timeout(RESPONDING_DEADLINE, async {
                let thread = self.thread.as_ref();
                if self.own_dm {
                    let post = PostMessage {
                        thread_ts: thread,
                        ..PostMessage::to(&self.channel, message)
                    };
                    ctx.slack.chat_post_message(&post).await.map(drop)
                } else {
                    let shown = ctx.slack.chat_post_ephemeral(&self.channel, &self.to, message, thread);
                    shown.await.map(drop)
                }
            });
            match told.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::info!(%error, channel = %self.channel, "somebody could not be told privately")
                }
                Err(_) => tracing::info!(channel = %self.channel, "somebody could not be told privately in time"),
            }
        }
    }
}

/// Takes an event. What it gives or takes back is on disk when this returns; then somebody may have to be told.
///
/// # Errors
/// [`StoreError`] when it could not be stored; Slack should deliver it again.
pub async fn event(giving: &Giving<'_>, event: &Event) -> Result<Option<Private>, StoreError> {
    match event {
        Event::Message(post) => written(giving, post, None).await,
        // Edited so that it mentions the app: whether a person was added, `message_changed` tells.
        Event::AppMention(post) if post.edited.is_none() => written(giving, post, None).await,
        Event::MessageChanged(change) => changed(giving, change).await,
        Event::MessageDeleted { channel, ts } => deleted(giving.ctx, channel, ts).await.map(|()| None),
        Event::ReactionAdded(reaction) => reacted(giving.ctx, reaction, true).await.map(|()| None),
        Event::ReactionRemoved(reaction) => reacted(giving.ctx, reaction, false).await.map(|()| None),
        _ => Ok(None),
    }
}

/// What a person wrote; with `before`, what they changed it from.
async fn written(
    giving: &Giving<'_>,
    post: &MessageEvent,
    before: Option<&MessageEvent>,
) -> Result<Option<Private>, StoreError> {
    let ctx = giving.ctx;
    let Some(writer) = post.user.as_ref().filter(|_| is_a_persons(ctx, post)) else {
        return Ok(None);
    };
    let settings = &*ctx.settings();
    let own_dm = post.channel.is_direct_message();
    let read = |text: &str| {
        posts::read(&Post {
            text,
            app: &ctx.workspace.bot_user,
            emoji: &settings.emoji,
            own_dm,
        })
    };
    let asks = match (read(&post.text), before) {
        (Asks::Nothing, _) => return Ok(None),
        (Asks::Give(all), Some(before)) => Asks::Give(with_somebody_new(all, &before.text)),
        (_, Some(_)) => return Ok(None),
        (asks, None) => asks,
    };
    let edit = before.and(post.edited.as_ref()).map(|edited| &edited.ts);
    let what = withdraw::what(&post.channel, &post.ts, edit);
    let original = withdraw::what(&post.channel, &post.ts, None);
    let id = &ctx.workspace.id;
    let (progress, whole) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let progress = withdraw::progress(tx, id, &what).await?;
            Ok((progress, withdraw::progress(tx, id, &original).await?))
        })
        .await?;
    if progress != Progress::New || whole == Progress::Deleted {
        return Ok(None);
    }
    let mut news = Vec::new();
    match asks {
        Asks::Give(all) => {
            if own_dm {
                let (workspace, writer, dm) = (id.clone(), writer.clone(), post.channel.clone());
                ctx.db
                    .write(async move |tx: &mut Tx| workspace::remember_dm(tx, &workspace, &writer, &dm).await)
                    .await?;
            }
            for (n, ShoutOut { reading, source }) in all.into_iter().enumerate() {
                let gave = giving
                    .give(Wish {
                        giver: writer.clone(),
                        said: Said::Typed(reading),
                        source,
                        channel: Some(post.channel.clone()),
                        thread: post.parent().cloned(),
                        effect: Some((post.ts.clone(), Effect::Post)),
                        // The post, not the event: Slack tells of one post under several.
                        delivery: Some(format!("post {what} {n}")),
                        announce: Announce::Default,
                    })
                    .await?;
                let voice = gave.voice(ctx, settings);
                if let Some(why) = why_told(&gave) {
                    news.push((why, giving.answer(&gave, &voice).await));
                }
            }
        }
        Asks::Help if own_dm => {
            let day = local_day(ctx.clock.now(), chrono_tz::UTC);
            let why = Why::Once(format!("help {writer} {day}"));
            news.push((
                why,
                messages::posts::how_to(&Voice::new(ctx.locale, settings, chrono_tz::UTC), true),
            ));
        }
        Asks::Help => {
            let message = messages::posts::how_to(&Voice::new(ctx.locale, settings, chrono_tz::UTC), false);
            news.push((Why::Explained("help"), message));
        }
        Asks::EmojiAlone => {
            let emoji = settings.emoji.first().map_or("", String::as_str);
            news.push((Why::Explained("emoji"), messages::posts::emoji_alone(ctx.locale, emoji)));
        }
        Asks::Nothing => {}
    }
    if news.is_empty() {
        return Ok(None);
    }
    let at = At {
        workspace: id.clone(),
        channel: post.channel.clone(),
        ts: post.ts.clone(),
    };
    let messages = settle(ctx, &at, &what, writer, news).await?;
    Ok((!messages.is_empty()).then(|| Private {
        to: writer.clone(),
        channel: post.channel.clone(),
        thread: post.parent().cloned(),
        own_dm,
        messages,
    }))
}

/// Enters that a post was dealt with, and says what its writer is told; only one of several deliveries tells. When the
/// post was deleted meanwhile, what it gave is taken back.
async fn settle(
    ctx: &Ctx,
    at: &At,
    what: &str,
    writer: &UserId,
    news: Vec<(Why, Message)>,
) -> Result<Vec<Message>, StoreError> {
    let (at, what, writer, now) = (at.clone(), what.to_owned(), writer.clone(), ctx.clock.now());
    let (recognition, locale) = (ctx.settings().channel.clone(), ctx.locale);
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let original = withdraw::what(&at.channel, &at.ts, None);
            let before = withdraw::claim(tx, &at.workspace, &what, now).await?;
            let is_gone = before == Progress::Deleted
                || withdraw::progress(tx, &at.workspace, &original).await? == Progress::Deleted;
            if is_gone {
                withdraw::deleted(tx, &at, recognition.as_ref(), now).await?;
                return Ok(Vec::new());
            }
            if before != Progress::New {
                return Ok(Vec::new());
            }
            let mut told = Vec::new();
            for (why, message) in &news {
                told.extend(why.wanted(locale, tx, &at.workspace, &writer, message, now).await?);
            }
            Ok(told)
        })
        .await
}

/// A post changed. Who was added within ten minutes is thanked; unfolded links and the like change nothing.
async fn changed(giving: &Giving<'_>, change: &MessageChange) -> Result<Option<Private>, StoreError> {
    let now = giving.ctx.clock.now();
    // What is left of a deleted post that has replies.
    if change.message.subtype.as_deref() == Some("tombstone") {
        return deleted(giving.ctx, &change.channel, &change.message.ts)
            .await
            .map(|()| None);
    }
    let Some(before) = change.previous.as_ref().filter(|_| change.is_edited) else {
        return Ok(None);
    };
    let is_fresh = written_at(&change.message.ts).is_some_and(|at| now.since(at) < TEN_MINUTES);
    if !is_fresh || before.text == change.message.text {
        return Ok(None);
    }
    let mut post = change.message.clone();
    post.channel = change.channel.clone();
    written(giving, &post, Some(before)).await
}

/// Slack's `ts` is the instant in seconds.
fn written_at(ts: &MessageTs) -> Option<Instant> {
    let (seconds, micros) = ts.as_str().split_once('.')?;
    let seconds: i64 = seconds.parse().ok()?;
    let micros: i64 = micros.parse().ok()?;
    Some(Instant::from_millis(
        seconds.checked_mul(1_000)?.checked_add(micros / 1_000)?,
    ))
}

/// The shout-outs that name somebody whom the post didn't name before.
fn with_somebody_new(all: Vec<ShoutOut>, before: &str) -> Vec<ShoutOut> {
    let before = grammar::read(before).named();
    all.into_iter()
        .filter(|shout_out| !shout_out.reading.named().is_subset(&before))
        .collect()
}

fn is_a_persons(ctx: &Ctx, post: &MessageEvent) -> bool {
    post.is_by_a_person()
        && post.user.as_ref() != Some(&ctx.workspace.bot_user)
        && !posts::is_sent_using_an_app(&post.text)
}

async fn deleted(ctx: &Ctx, channel: &ChannelId, ts: &MessageTs) -> Result<(), StoreError> {
    let now = ctx.clock.now();
    let recognition = ctx.settings().channel.clone();
    let at = At {
        workspace: ctx.workspace.id.clone(),
        channel: channel.clone(),
        ts: ts.clone(),
    };
    ctx.db
        .write(async move |tx: &mut Tx| withdraw::deleted(tx, &at, recognition.as_ref(), now).await)
        .await
}

/// A reaction came or went. What goes is taken back here; what comes is looked at by the outbox, because Slack must be
/// asked for the post's words.
async fn reacted(ctx: &Ctx, reaction: &Reaction, is_on: bool) -> Result<(), StoreError> {
    let settings = ctx.settings();
    let is_chosen = posts::is_chosen(&reaction.name, &settings.emoji);
    if reaction.user == ctx.workspace.bot_user || is_on && !is_chosen {
        return Ok(());
    }
    let now = ctx.clock.now();
    let (reaction, recognition) = (reaction.clone(), settings.channel.clone());
    let at = At {
        workspace: ctx.workspace.id.clone(),
        channel: reaction.channel.clone(),
        ts: reaction.ts.clone(),
    };
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            // What an emoji gave while it was chosen is taken back also when it no longer is.
            if !is_chosen && withdraw::reacts(tx, &at, &reaction.user).await?.is_none() {
                return Ok(());
            }
            let emoji = posts::canonical(&reaction.name);
            let changed = withdraw::reacted(tx, &at, &reaction.user, emoji, is_on, reaction.at_micros, now).await?;
            match changed {
                Reacts::Nothing => Ok(()),
                Reacts::Now => {
                    let author = reaction.item_user.as_ref();
                    let intent = deliver::reaction_intent(&at, &reaction.user, author, now);
                    outbox::enqueue(tx, &[intent]).await
                }
                Reacts::NoLonger => {
                    withdraw::withdraw(
                        tx,
                        &at,
                        Effect::Reaction,
                        Some(&reaction.user),
                        recognition.as_ref(),
                        now,
                    )
                    .await?;
                    for kudos in withdraw::kudos_of(tx, &at).await?.unwrap_or_default() {
                        boost(tx, &at.workspace, &kudos, &reaction.user, false, now).await?;
                    }
                    Ok(())
                }
            }
        })
        .await
}

/// Whether, and how often, somebody hears of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kudos) enum Why {
    /// Each time: it was given, or words would be lost.
    Always,
    /// Once for this.
    Once(String),
    /// What was tried and didn't count: once of each kind, with *Don't tell me again*.
    Explained(&'static str),
}

impl Why {
    /// The message, if it is to be told.
    pub(in crate::kudos) async fn wanted(
        &self,
        locale: Locale,
        tx: &mut Tx,
        workspace: &WorkspaceId,
        to: &UserId,
        message: &Message,
        now: Instant,
    ) -> Result<Option<Message>, StoreError> {
        Ok(match self {
            Self::Always => Some(message.clone()),
            Self::Once(what) => {
                (withdraw::claim(tx, workspace, what, now).await? == Progress::New).then(|| message.clone())
            }
            Self::Explained(kind) => {
                let wanted = !workspace::happened(tx, workspace, &hush_key(to)).await?
                    && workspace::first_time(tx, workspace, &format!("explained {kind} {to}"), now).await?;
                wanted.then(|| messages::posts::explained(locale, message))
            }
        })
    }
}

fn hush_key(member: &UserId) -> String {
    format!("hush {member}")
}

/// Somebody doesn't want to hear any more what didn't count.
pub(super) async fn hush(ctx: &Ctx, member: &UserId) -> Result<Message, StoreError> {
    let (workspace, member, now) = (ctx.workspace.id.clone(), member.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| workspace::first_time(tx, &workspace, &hush_key(&member), now).await)
        .await?;
    Ok(messages::posts::hushed(ctx.locale))
}

/// How often the giver hears what became of it; `None` for what was given before.
pub(in crate::kudos) fn why_told(gave: &Gave) -> Option<Why> {
    Some(match &gave.result {
        Ok((_, Outcome::Spent)) => return None,
        Ok(_) => Why::Always,
        Err(refusal) => match refusal {
            Refusal::OnlySelf => Why::Explained("self"),
            Refusal::OnlyBots(_) => Why::Explained("app"),
            Refusal::OnlyLeft(_) => Why::Explained("left"),
            Refusal::OnlyStrangers(_) => Why::Explained("stranger"),
            Refusal::OnlyGuests(_) => Why::Explained("guest"),
            Refusal::Everyone(_) => Why::Explained("everyone"),
            Refusal::MayNotGive => Why::Explained("giver"),
            Refusal::NoPerson => Why::Explained("nobody"),
            _ => Why::Always,
        },
    })
}
