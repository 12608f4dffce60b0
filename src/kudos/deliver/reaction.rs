//! A chosen emoji under a post: *me too* on what gave kudos, a kudos to its author on anything else.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Trouble, open_dm, post};
use crate::base::calendar::local_day;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::base::text::shorten;
use crate::kudos::giving::{Gave, directory};
use crate::kudos::inputs::posts::{Private, Why, why_told};
use crate::kudos::messages;
use crate::kudos::people::{People, ask_about};
use crate::kudos::rules::QUOTED;
use crate::kudos::waiting::{MODAL, Waiting};
use crate::kudos::withdraw::{self, At, Progress};
use crate::kudos::{Announce, Effect, Giving, Outcome, Receiver, Said, Source, Wish, boost, grammar, posts};
use crate::outbox::{Claimed, Ending, Intent, Kind};
use crate::slack::blocks::Message;
use crate::slack::client::READING_DEADLINE;
use crate::slack::errors::ApiError;
use crate::slack::inbound::MessageEvent;
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Member};

#[derive(Debug, Serialize, Deserialize)]
struct OfReaction {
    channel: ChannelId,
    ts: MessageTs,
    user: UserId,
    author: Option<UserId>,
}

/// What looks at a reaction. A lane of its own: looking at a post holds up nothing that is posted.
pub(in crate::kudos) fn reaction_intent(at: &At, user: &UserId, author: Option<&UserId>, now: Instant) -> Intent {
    let subject = OfReaction {
        channel: at.channel.clone(),
        ts: at.ts.clone(),
        user: user.clone(),
        author: author.cloned(),
    };
    let lane = format!("reaction {} {} {user}", at.channel, at.ts);
    Intent::new(&at.workspace, Kind::KudosReaction, &subject, &lane, now).with_key(lane)
}

pub(super) async fn reaction(giving: &Giving<'_>, claimed: &Claimed) -> Result<Ending, Trouble> {
    let Some(OfReaction {
        channel,
        ts,
        user,
        author,
    }) = claimed.subject()
    else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let ctx = giving.ctx;
    let at = At {
        workspace: ctx.workspace.id.clone(),
        channel,
        ts,
    };
    let (since, joins) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let since = withdraw::reacts(tx, &at, &user).await?;
            Ok((since, withdraw::kudos_of(tx, &at).await?))
        })
        .await?;
    // Gone again meanwhile.
    let Some(since) = since else { return Ok(Ending::Done) };
    let Some(reactor) = person(ctx, &user).await?.filter(Member::can_be_thanked) else {
        return Ok(Ending::Done);
    };
    if joins.is_some() {
        join(ctx, &at, &user).await?;
        return Ok(Ending::Done);
    }
    let settings = ctx.settings();
    let Some(author) = author.filter(|author| *author != ctx.workspace.bot_user) else {
        return Ok(Ending::Done);
    };
    let told = Told {
        giving,
        at: &at,
        to: &user,
        since,
    };
    if author == user {
        let emoji = settings.emoji.first().map_or("", String::as_str);
        let message = messages::posts::own_post(ctx.locale, emoji);
        told.tell(Why::Explained("own"), message, None).await?;
        return Ok(Ending::Done);
    }
    if !settings.may_give(&reactor) {
        let gave = give(giving, &at, &user, &author, String::new(), since).await?;
        return told.tell_of(&gave, None).await.map(|()| Ending::Done);
    }
    let found = match ctx.slack.message_at(&at.channel, &at.ts).await {
        Ok(None) => return Ok(Ending::Done),
        Ok(Some(found)) => Some(found),
        // A missing scope, or not in that channel.
        Err(error @ ApiError::Permanent { .. }) if !error.is_dead_token() => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(post) = &found
        && (!post.is_by_a_person() || posts::is_sent_using_an_app(&post.text))
    {
        return Ok(Ending::Done);
    }
    let words = match &found {
        Some(post) => words(ctx, post).await?,
        None => String::new(),
    };
    let thread = found.as_ref().and_then(|post| post.parent().cloned());
    if words.is_empty() {
        return ask(&told, claimed, &author, &reactor, thread).await;
    }
    let gave = give(giving, &at, &user, &author, words, since).await?;
    // It may have gone while this was under way.
    let (place, who, recognition, now) = (at.clone(), user.clone(), settings.channel.clone(), ctx.clock.now());
    let stands = ctx
        .db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let stands = withdraw::still_reacts(tx, &place, &who).await?;
            if !stands {
                let by = Some(&who);
                withdraw::withdraw(tx, &place, Effect::Reaction, by, recognition.as_ref(), now).await?;
            }
            Ok(stands)
        })
        .await?;
    if stands {
        told.tell_of(&gave, thread).await?;
    }
    Ok(Ending::Done)
}

async fn give(
    giving: &Giving<'_>,
    at: &At,
    user: &UserId,
    author: &UserId,
    reason: String,
    since: i64,
) -> Result<Gave, StoreError> {
    giving
        .give(Wish {
            giver: user.clone(),
            said: Said::Picked {
                receivers: vec![Receiver::Member(author.clone())],
                reason,
                values: Vec::new(),
            },
            source: Source::Reaction,
            channel: Some(at.channel.clone()),
            thread: None,
            effect: Some((at.ts.clone(), Effect::Reaction)),
            delivery: Some(format!("reaction {} {} {user} {since}", at.channel, at.ts)),
            announce: Announce::Dm,
        })
        .await
}

/// Who reacted; `None` if Slack knows nobody of that id.
async fn person(ctx: &Ctx, id: &UserId) -> Result<Option<Member>, Trouble> {
    let ids = BTreeSet::from([id.clone()]);
    let mut known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &ids).await)
        .await?;
    if let Some(member) = known.remove(id) {
        return Ok(Some(member));
    }
    Ok(ask_about(ctx, id, READING_DEADLINE).await?)
}

async fn join(ctx: &Ctx, at: &At, user: &UserId) -> Result<(), StoreError> {
    let (at, user, now) = (at.clone(), user.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if !withdraw::still_reacts(tx, &at, &user).await? {
                return Ok(());
            }
            for kudos in withdraw::kudos_of(tx, &at).await?.unwrap_or_default() {
                boost(tx, &at.workspace, &kudos, &user, true, now).await?;
            }
            Ok(())
        })
        .await
}

/// A post's first words, masked before they are cut: half a card number is one, too.
async fn words(ctx: &Ctx, post: &MessageEvent) -> Result<String, StoreError> {
    let reading = grammar::read(&post.text);
    let named: BTreeSet<UserId> = reading.mentioned().into_iter().collect();
    let known = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &named).await)
        .await?;
    let (words, _) = reading.written(&directory(&known, Vec::new()));
    Ok(shorten(&words, QUOTED))
}

/// Asks for the words that can't be read; nothing is given until then.
async fn ask(
    told: &Told<'_>,
    claimed: &Claimed,
    author: &UserId,
    reactor: &Member,
    thread: Option<MessageTs>,
) -> Result<Ending, Trouble> {
    let (giving, at, user) = (told.giving, told.at, told.to);
    let ctx = giving.ctx;
    // Who can't be thanked isn't asked for.
    let Some(receiver) = person(ctx, author).await? else {
        return Ok(Ending::Done);
    };
    if !receiver.can_be_thanked() {
        let gave = give(giving, at, user, author, String::new(), told.since).await?;
        return told.tell_of(&gave, thread).await.map(|()| Ending::Done);
    }
    let (place, what, now) = (at.clone(), told.what(), ctx.clock.now());
    let is_new = ctx
        .db
        .write(async move |tx: &mut Tx| withdraw::claim(tx, &place.workspace, &what, now).await)
        .await?
        == Progress::New;
    if !is_new {
        return Ok(Ending::Done);
    }
    let waiting = Waiting {
        receivers: vec![Receiver::Member(author.clone())],
        source: Some(Source::Reaction),
        channel: Some(at.channel.clone()),
        effect: Some((at.ts.clone(), Effect::Reaction)),
        announce: Announce::Dm,
        ..Waiting::default()
    };
    let draft = giving.keep(user, MODAL, None, &waiting).await?;
    let known = [(author.clone(), receiver)].into();
    let groups = Default::default();
    let message = messages::posts::which_words(ctx.locale, &People::new(&known, &groups), author, &draft);
    // Where the app isn't, it can't show anything, and what waits for an answer must arrive: then by DM.
    let shown = tokio::time::timeout(
        ASKING,
        ctx.slack
            .chat_post_ephemeral(&at.channel, user, &message, thread.as_ref()),
    );
    if !matches!(shown.await, Ok(Ok(_))) {
        let dm = open_dm(ctx, user, Some(reactor)).await?;
        post(ctx, claimed, &dm, None, &message).await?;
    }
    Ok(Ending::Done)
}

/// How long Slack may take to show somebody a question.
const ASKING: Duration = Duration::from_secs(2);

/// Tells the reactor, where they reacted.
struct Told<'a> {
    giving: &'a Giving<'a>,
    at: &'a At,
    to: &'a UserId,
    since: i64,
}

impl Told<'_> {
    /// The name of this reaction in the notes on what was told.
    fn what(&self) -> String {
        format!("told {} {} {} {}", self.at.channel, self.at.ts, self.to, self.since)
    }

    /// What became of it.
    async fn tell_of(&self, gave: &Gave, thread: Option<MessageTs>) -> Result<(), Trouble> {
        let ctx = self.giving.ctx;
        let settings = ctx.settings();
        let voice = gave.voice(ctx, &settings);
        let why = match &gave.result {
            Ok((_, Outcome::Short { .. })) => {
                let day = local_day(ctx.clock.now(), gave.zone);
                Some(Why::Once(format!("short {} {day}", self.to)))
            }
            _ => why_told(gave),
        };
        match why {
            Some(why) => {
                let message = self.giving.answer(gave, &voice).await;
                self.tell(why, message, thread).await
            }
            None => Ok(()),
        }
    }

    async fn tell(&self, why: Why, message: Message, thread: Option<MessageTs>) -> Result<(), Trouble> {
        let ctx = self.giving.ctx;
        let (workspace, to, what, now) = (self.at.workspace.clone(), self.to.clone(), self.what(), ctx.clock.now());
        let locale = ctx.locale;
        let message = ctx
            .db
            .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
                if withdraw::claim(tx, &workspace, &what, now).await? != Progress::New {
                    return Ok(None);
                }
                why.wanted(locale, tx, &workspace, &to, &message, now).await
            })
            .await?;
        let private = Private {
            to: self.to.clone(),
            channel: self.at.channel.clone(),
            thread,
            own_dm: false,
            messages: message.into_iter().collect(),
        };
        private.tell(ctx).await;
        Ok(())
    }
}
