//! What the outbox runs for the digest: load fresh, render, call Slack, record the result.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::messages::{self, Before, Reader};
use super::rules::{Due, Month, due};
use super::{
    Edition, Gather, Kept, State, Told, catch_up, channel, chart, decide, gather_names, gather_own, gather_team, kept,
    now, readers, remember_digest, wants, zone,
};
use crate::base::calendar::{Span, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, TeamId, UserId, WorkspaceId};
use crate::boards::coverage::remember_shares;
use crate::kudos::deliver::{ending_of, post_once, send_dm};
use crate::kudos::{self, dm_lane};
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::slack::client::{Posted, Upload};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Settings};

/// The code under which stewards hear that a channel is shared with another company, which no steward has said yes to.
const SHARED: &str = "shared with another company";

#[derive(Debug, Serialize, Deserialize)]
struct OfMonth {
    month: Month,
    channel: ChannelId,
    /// A steward asked for it.
    by_hand: bool,
}

/// The post of a month, on its way to a channel.
pub(super) fn post(workspace: &WorkspaceId, month: Month, channel: &ChannelId, by_hand: bool, now: Instant) -> Intent {
    let of = OfMonth {
        month,
        channel: channel.clone(),
        by_hand,
    };
    Intent::new(workspace, Kind::DigestPost, &of, channel.as_str(), now)
}

/// What follows in the thread of a digest.
#[derive(Debug, Serialize, Deserialize)]
struct InThread {
    month: Month,
    channel: ChannelId,
    ts: MessageTs,
    /// Names that stand there already.
    #[serde(default)]
    from: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct ToSteward {
    month: Month,
    steward: UserId,
    /// Why Slack refused it, if it did.
    code: Option<String>,
}

/// Tells each steward about a month that isn't posted yet.
pub(super) fn tell_stewards(
    workspace: &WorkspaceId,
    stewards: &[UserId],
    month: Month,
    code: Option<&str>,
    now: Instant,
) -> Vec<Intent> {
    let each = stewards.iter().map(|steward| {
        let to = ToSteward {
            month,
            steward: steward.clone(),
            code: code.map(str::to_owned),
        };
        Intent::new(workspace, Kind::DigestSteward, &to, &dm_lane(steward), now)
    });
    each.collect()
}

/// A private edition for somebody.
#[derive(Debug, Serialize, Deserialize)]
struct ToReader {
    month: Month,
    reader: UserId,
    edition: Edition,
    /// The team that it is about.
    team: Option<TeamId>,
}

fn unreadable() -> Ending {
    Ending::Failed {
        why: "unreadable".to_owned(),
    }
}

/// Sends one row of this feature.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded; the row is tried again.
pub async fn deliver(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    match claimed.kind {
        Kind::DigestPost => digest(ctx, claimed).await,
        Kind::DigestNames => names(ctx, claimed).await,
        Kind::DigestPicture => picture(ctx, claimed).await,
        Kind::DigestSteward => steward(ctx, claimed).await,
        Kind::DigestEdition => edition(ctx, claimed).await,
        _ => Ok(Ending::Failed {
            why: "no digest".to_owned(),
        }),
    }
}

async fn read_kept(ctx: &Ctx, month: Month) -> Result<Option<Kept>, StoreError> {
    ctx.db
        .read(async |tx: &mut Tx| kept(tx, &ctx.workspace.id, month).await)
        .await
}

async fn digest(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(OfMonth {
        month,
        channel,
        by_hand,
    }) = claimed.subject()
    else {
        return Ok(unreadable());
    };
    if read_kept(ctx, month)
        .await?
        .is_none_or(|kept| kept.state != State::Posting)
    {
        return Ok(Ending::Done);
    }
    let settings = ctx.settings();
    let zone = zone(ctx, &settings).await?;
    if !by_hand && let Some(instead) = instead(ctx, &settings, month, zone) {
        return give_back(ctx, claimed, &settings, month, instead).await;
    }
    if is_shared(ctx, &settings, &channel).await? {
        return refused(ctx, claimed, &settings, month, &channel, SHARED).await;
    }
    let at = ctx.clock.now();
    // From here on nobody takes back what is told.
    let workspace = ctx.workspace.id.clone();
    ctx.db
        .write(async move |tx: &mut Tx| kudos::close_month(tx, &workspace, month.first(), at).await)
        .await?;
    let (told, words) = now(ctx, month).await?;
    let message = messages::digest(ctx.locale, &settings.command, &told, &words, Reader::Channel);
    match post_once(ctx, claimed, &channel, None, &message).await? {
        Ok(posted) => record(ctx, claimed, &told, &channel, posted).await,
        Err(error) => match ending_of(&error) {
            Ending::Failed { .. } => {
                let code = error.code().unwrap_or_default().to_owned();
                refused(ctx, claimed, &settings, month, &channel, &code).await
            }
            ending => Ok(ending),
        },
    }
}

/// What becomes of a digest that should post itself, when it may not any more: the row waited for Slack meanwhile.
fn instead(ctx: &Ctx, settings: &Settings, month: Month, zone: Tz) -> Option<State> {
    if settings.silence.is_some() {
        // Found again when silence ends.
        Some(State::Shown)
    } else if channel(settings).is_none() {
        Some(State::Off)
    } else if due(month, ctx.clock.now(), zone) == Due::Ask {
        Some(State::Asked)
    } else {
        None
    }
}

async fn give_back(
    ctx: &Ctx,
    claimed: &Claimed,
    settings: &Settings,
    month: Month,
    to: State,
) -> Result<Ending, StoreError> {
    let (id, stewards, claimed, now) = (
        ctx.workspace.id.clone(),
        settings.stewards.clone(),
        claimed.clone(),
        ctx.clock.now(),
    );
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            if decide(tx, &id, month, &[Some(State::Posting)], to, now).await? && to == State::Asked {
                outbox::enqueue(tx, &tell_stewards(&id, &stewards, month, None, now)).await?;
            }
            Ok(())
        })
        .await?;
    Ok(Ending::Recorded)
}

async fn is_shared(ctx: &Ctx, settings: &Settings, channel: &ChannelId) -> Result<bool, StoreError> {
    let mut place = ctx
        .db
        .read(async |tx: &mut Tx| workspace::place(tx, &ctx.workspace.id, channel, ctx.clock.now()).await)
        .await?;
    settings.let_in(&mut place);
    Ok(place.is_shared)
}

/// Slack won't have it: the month is open again, and the stewards are told.
async fn refused(
    ctx: &Ctx,
    claimed: &Claimed,
    settings: &Settings,
    month: Month,
    channel: &ChannelId,
    code: &str,
) -> Result<Ending, StoreError> {
    let why = format!("{channel}: {code}");
    let (id, stewards, row, now) = (
        ctx.workspace.id.clone(),
        settings.stewards.clone(),
        claimed.clone(),
        ctx.clock.now(),
    );
    let (code, ending) = (code.to_owned(), Ending::Failed { why });
    let failed = ending.clone();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::settle(tx, &row, &failed, now).await?;
            kudos::reopen_month(tx, &id, month.first()).await?;
            if decide(tx, &id, month, &[Some(State::Posting)], State::Refused, now).await? {
                outbox::enqueue(tx, &tell_stewards(&id, &stewards, month, Some(&code), now)).await?;
            }
            Ok(())
        })
        .await?;
    tracing::error!(month = %month, "a digest was refused; the stewards are told");
    Ok(Ending::Recorded)
}

/// It stands: the names, the picture and the private editions follow.
async fn record(
    ctx: &Ctx,
    claimed: &Claimed,
    told: &Told,
    channel: &ChannelId,
    posted: Posted,
) -> Result<Ending, StoreError> {
    let (month, is_quiet) = (told.month, told.is_quiet());
    let has_names = !told.recognised.is_empty() || !told.teams_thanked.is_empty();
    let settings = ctx.settings();
    let zone = zone(ctx, &settings).await?;
    catch_up(ctx).await?;
    let end = gather_of(ctx, &settings, month, zone).at();
    let is_over = month < Month::of(local_day(ctx.clock.now(), zone));
    let (id, claimed, channel, now) = (
        ctx.workspace.id.clone(),
        claimed.clone(),
        channel.clone(),
        ctx.clock.now(),
    );
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            outbox::finish(tx, &claimed).await?;
            if !decide(tx, &id, month, &[Some(State::Posting)], State::Posted, now).await? {
                return Ok(());
            }
            remember_digest(tx, &id, month, &channel, &posted.ts).await?;
            // Nothing of it can be taken back any longer.
            if is_over {
                remember_shares(tx, &id, &settings, Span::month(month.first()), end).await?;
            }
            let below = InThread {
                month,
                channel: channel.clone(),
                ts: posted.ts.clone(),
                from: 0,
            };
            let mut intents = Vec::new();
            if has_names {
                intents.push(Intent::new(&id, Kind::DigestNames, &below, channel.as_str(), now));
            } else if !is_quiet {
                intents.push(picture_of(&id, &below, now));
            }
            if !is_quiet {
                intents.extend(editions(tx, &id, &settings.stewards, month, now).await?);
            }
            outbox::enqueue(tx, &intents).await
        })
        .await?;
    Ok(Ending::Recorded)
}

/// The picture, in a lane of its own: nothing in the channel waits for an upload.
fn picture_of(workspace: &WorkspaceId, below: &InThread, now: Instant) -> Intent {
    let lane = format!("digest picture {}", below.channel);
    Intent::new(workspace, Kind::DigestPicture, below, &lane, now)
}

/// Who gets which private edition of a month.
async fn editions(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    stewards: &[UserId],
    month: Month,
    now: Instant,
) -> Result<Vec<Intent>, StoreError> {
    let mut all: Vec<(UserId, Edition, Option<TeamId>)> = Vec::new();
    for steward in stewards {
        if wants(tx, workspace, steward, Edition::Executives).await? {
            all.push((steward.clone(), Edition::Executives, None));
        }
    }
    for team in workspace::teams(tx, workspace).await? {
        for lead in team.leads {
            if wants(tx, workspace, &lead, Edition::Team).await? {
                all.push((lead, Edition::Team, Some(team.id.clone())));
            }
        }
    }
    let own = readers(tx, workspace, Edition::Own).await?;
    all.extend(own.into_iter().map(|reader| (reader, Edition::Own, None)));
    let intents = all.into_iter().map(|(reader, edition, team)| {
        let lane = dm_lane(&reader);
        let to = ToReader {
            month,
            reader,
            edition,
            team,
        };
        Intent::new(workspace, Kind::DigestEdition, &to, &lane, now)
    });
    Ok(intents.collect())
}

/// The next message of names in the thread; the one after it follows when it stands, and the picture the last.
async fn names(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(below @ InThread { .. }) = claimed.subject::<InThread>() else {
        return Ok(unreadable());
    };
    let settings = ctx.settings();
    let zone = zone(ctx, &settings).await?;
    let of = gather_of(ctx, &settings, below.month, zone);
    catch_up(ctx).await?;
    let named = ctx.db.read(async |tx: &mut Tx| gather_names(tx, of).await).await?;
    let mut next = None;
    if below.from < named.people.len() || below.from == 0 && !named.teams.is_empty() {
        let (message, rest) = messages::names(ctx.locale, &named, below.from);
        if let Err(error) = post_once(ctx, claimed, &below.channel, Some(&below.ts), &message).await? {
            return Ok(ending_of(&error));
        }
        next = rest;
    }
    let (id, now) = (&ctx.workspace.id, ctx.clock.now());
    let follows = match next {
        Some(from) => Intent::new(id, Kind::DigestNames, &InThread { from, ..below }, &claimed.lane, now),
        None => picture_of(id, &below, now),
    };
    let claimed = claimed.clone();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if outbox::finish(tx, &claimed).await?.is_none() {
                return Ok(());
            }
            outbox::enqueue(tx, std::slice::from_ref(&follows)).await
        })
        .await?;
    Ok(Ending::Recorded)
}

fn gather_of<'a>(ctx: &'a Ctx, settings: &'a Settings, month: Month, zone: Tz) -> Gather<'a> {
    Gather {
        workspace: &ctx.workspace.id,
        name: &ctx.workspace.name,
        settings,
        month,
        zone,
        now: ctx.clock.now(),
    }
}

/// The picture in the thread; as text where files may not be sent, or Slack won't have this one.
async fn picture(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(InThread { month, channel, ts, .. }) = claimed.subject::<InThread>() else {
        return Ok(unreadable());
    };
    let (told, _) = now(ctx, month).await?;
    let drawn = told.chart();
    let alt = chart::alt_text(&drawn);
    if !ctx.workspace.lacks("files:write") {
        let filename = format!("{month}.png");
        // Its answer may have been lost; where that can't be looked up, it may stand there twice.
        if claimed.may_be_sent && ctx.slack.has_file(&channel, &ts, &filename).await == Ok(true) {
            return Ok(Ending::Done);
        }
        let bytes = match draw(&drawn).await {
            Ok(bytes) => bytes,
            Err(why) => {
                tracing::error!(why, "a digest's picture could not be drawn; it goes as text");
                Vec::new()
            }
        };
        if !bytes.is_empty() {
            let upload = Upload {
                filename: &filename,
                title: &format!("{} in {}", told.name, told.whose),
                alt_text: &alt,
                bytes: &bytes,
                channel: &channel,
                thread_ts: Some(&ts),
                comment: "",
            };
            match ctx.slack.upload_file(&upload).await {
                Ok(_) => return Ok(Ending::Done),
                Err(error) => match ending_of(&error) {
                    Ending::Failed { .. } => {}
                    _ if error.missing_scope().is_some() => {}
                    ending => return Ok(ending),
                },
            }
        }
    }
    let message = messages::text_chart(ctx.locale, &chart::text(&drawn), &alt);
    Ok(match post_once(ctx, claimed, &channel, Some(&ts), &message).await? {
        Ok(_) => Ending::Done,
        Err(error) => ending_of(&error),
    })
}

/// Draws it on a thread that may be busy for a moment.
pub(super) async fn draw(chart: &chart::Chart) -> Result<Vec<u8>, String> {
    let chart = chart.clone();
    match tokio::task::spawn_blocking(move || chart::png(&chart::svg(&chart))).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

async fn steward(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(ToSteward { month, steward, code }) = claimed.subject::<ToSteward>() else {
        return Ok(unreadable());
    };
    let settings = ctx.settings();
    let kept = read_kept(ctx, month).await?;
    let Some(kept) = kept.filter(|_| settings.is_steward(&steward)) else {
        return Ok(Ending::Done);
    };
    match before(ctx, &settings, &kept, code.as_deref()).await? {
        Some(message) => send_dm(ctx, claimed, &steward, &message).await,
        // Decided meanwhile.
        None => Ok(Ending::Done),
    }
}

/// A month's digest as stewards see it before it is posted; `None` where it is decided, or there is no channel for it.
pub(super) async fn before(
    ctx: &Ctx,
    settings: &Settings,
    kept: &Kept,
    code: Option<&str>,
) -> Result<Option<crate::slack::blocks::Message>, StoreError> {
    let what = match kept.state {
        State::Shown => Before::Shown,
        State::Asked => Before::TooLate,
        State::Refused => Before::Refused(code.unwrap_or("refused")),
        State::Posting | State::Posted | State::Skipped | State::Off => return Ok(None),
    };
    let Some(channel) = channel(settings) else {
        return Ok(None);
    };
    let (told, words) = now(ctx, kept.month).await?;
    Ok(Some(messages::before(
        ctx.locale,
        &settings.command,
        &told,
        &words,
        channel,
        what,
    )))
}

async fn edition(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(ToReader {
        month,
        reader,
        edition,
        team,
    }) = claimed.subject::<ToReader>()
    else {
        return Ok(unreadable());
    };
    let settings = ctx.settings();
    if settings.silence.is_some() {
        // It is about a month that is over; nobody misses it later.
        return Ok(Ending::Done);
    }
    let zone = zone(ctx, &settings).await?;
    let of = gather_of(ctx, &settings, month, zone);
    catch_up(ctx).await?;
    let message = match (edition, team) {
        (Edition::Executives, _) if settings.is_steward(&reader) => {
            let (told, _) = now(ctx, month).await?;
            Some(messages::executives(ctx.locale, &told))
        }
        (Edition::Team, Some(team)) => {
            ctx.db
                .read(async |tx: &mut Tx| -> Result<_, StoreError> {
                    let led = workspace::led_by(tx, of.workspace, &reader).await?;
                    let Some(team) = led.into_iter().find(|led| led.id == team) else {
                        return Ok(None);
                    };
                    let told = gather_team(tx, of, &team.id, &team.name).await?;
                    let list = of.settings.shows_forgotten();
                    Ok(Some(messages::team(ctx.locale, &told, &team.id, list)))
                })
                .await?
        }
        (Edition::Own, _) => {
            let own = ctx
                .db
                .read(async |tx: &mut Tx| gather_own(tx, of, &reader).await)
                .await?;
            (!own.is_quiet()).then(|| messages::own(ctx.locale, &own))
        }
        _ => None,
    };
    let is_wanted = ctx
        .db
        .read(async |tx: &mut Tx| wants(tx, of.workspace, &reader, edition).await)
        .await?;
    match message.filter(|_| is_wanted) {
        Some(message) => send_dm(ctx, claimed, &reader, &message).await,
        None => Ok(Ending::Done),
    }
}
