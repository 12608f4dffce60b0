//! What somebody sees who looks: a board with coverage above it and their own figures below; and each month's coverage,
//! kept at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::coverage::{Of, covered, forgotten, is_installed_by, lately, months, remember_shares, series};
use super::messages::{self, Covered, Mine, Own, Shown};
use super::{QUOTES, Wanted, board, by_value, figure, most_boosted, said_to, thanked_by};
use crate::base::calendar::{Day, Span, Unit, at_hour, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{GroupId, TeamId, UserId, WorkspaceId};
use crate::kudos::rules::may_be_named;
use crate::kudos::{self, People, Ranked, Receiver};
use crate::slack::blocks::{Block, Message};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::its_zone;
use crate::workspace::{self, Ctx, Member, Settings, audit};

/// Months that coverage is told for, the running one not among them.
const MONTHS: i64 = 12;
/// Words said to somebody that stand below a board.
const SAID: i64 = 3;

/// How long somebody who looks waits for what is counted, in real time.
const FOLLOW_WITHIN: Duration = Duration::from_millis(1_500);

/// Lets the standings follow the ledger. Where that takes long (after an import), or nothing can be written just now, a
/// look shows what was counted before.
async fn follow(ctx: &Ctx) {
    let followed = tokio::time::timeout(FOLLOW_WITHIN, kudos::catch_up(&ctx.db, &ctx.workspace.id)).await;
    if let Ok(Err(error)) = followed {
        tracing::warn!(%error, workspace = %ctx.workspace.id, "a board is shown as it was counted before");
    }
}

/// Coverage of a team, or the headline, as it is now and as it was kept.
async fn coverage_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    team: Option<(&TeamId, &str)>,
    today: Day,
    now: Instant,
) -> Result<Covered, StoreError> {
    let of = team.map_or(Of::Headline, |(id, _)| Of::Team(id));
    let name = match team {
        Some((_, name)) => Some(name.to_owned()),
        None => workspace::headline_team(tx, workspace, settings)
            .await?
            .map(|team| team.name),
    };
    let month = today.first_of_month();
    let (first, last) = (Span::month(month.months(-MONTHS)), Span::month(month.previous()));
    Ok(Covered {
        team: name,
        now: lately(tx, workspace, settings, of, today, now).await?,
        months: months(tx, workspace, series(of, settings), first, last).await?,
    })
}

/// What stands on a board. `for_whom` sees their own figures below it, and the coverage of the teams that they lead.
async fn shown(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    wanted: Wanted,
    for_whom: Option<&UserId>,
    now: Instant,
) -> Result<Shown, StoreError> {
    let today = local_day(now, its_zone(tx, workspace, settings).await?);
    let (ranking, mut members) = board(tx, workspace, settings, &wanted, now).await?;
    let (boosted, known) = most_boosted(tx, workspace, settings, wanted.span, QUOTES).await?;
    members.extend(known);
    let groups: BTreeSet<GroupId> = boosted
        .iter()
        .flat_map(|one| one.receivers.iter().filter_map(Receiver::group).cloned())
        .collect();
    let teams = workspace::teams(tx, workspace).await?;
    let name_of = |id: &TeamId| teams.iter().find(|team| team.id == *id).map(|team| team.name.clone());
    let (mut own, mut led, mut home) = (None, Vec::new(), None);
    if let Some(member) = for_whom {
        let mine = own_of(tx, workspace, &wanted, member).await?;
        let people = mine.said.iter().map(|said| said.giver.clone()).collect();
        members.extend(workspace::members(tx, workspace, &people).await?);
        own = Some(mine);
        for team in teams.iter().filter(|team| team.leads.contains(member)) {
            let covered = coverage_of(tx, workspace, settings, Some((&team.id, &team.name)), today, now).await?;
            led.push((team.id.clone(), covered));
        }
        if !teams.is_empty() {
            home = workspace::home_team_of(tx, workspace, member, now).await?;
        }
    }
    Ok(Shown {
        today,
        ranking,
        boosted,
        covered: coverage_of(tx, workspace, settings, None, today, now).await?,
        own,
        team: wanted.team.as_ref().and_then(name_of),
        home,
        led,
        groups: workspace::usergroups(tx, workspace, &groups).await?,
        members,
        wanted,
    })
}

async fn own_of(tx: &mut Tx, workspace: &WorkspaceId, wanted: &Wanted, member: &UserId) -> Result<Own, StoreError> {
    let (span, ranked) = (wanted.span, wanted.ranked);
    let (n, before) = match &wanted.value {
        None => {
            let before = match span.previous() {
                Some(last) => Some(figure(tx, workspace, last, ranked, member).await?),
                None => None,
            };
            (figure(tx, workspace, span, ranked, member).await?, before)
        }
        Some(value) => {
            let rows = by_value(tx, workspace, span, ranked, value).await?;
            (
                rows.iter().find(|row| row.member == *member).map_or(0, |row| row.n),
                None,
            )
        }
    };
    Ok(Own {
        member: member.clone(),
        n,
        before,
        said: said_to(tx, workspace, span, member, Some(ranked == Ranked::Customers), SAID).await?,
    })
}

/// What `/kudos top` answers.
pub(super) async fn top(ctx: &Ctx, user: &UserId, asked: &super::grammar::Asked) -> Result<Message, StoreError> {
    let settings = &*ctx.settings();
    let value = match &asked.value {
        None => None,
        Some(typed) => {
            let names = settings.value_names();
            let folded = crate::base::text::fold(typed);
            match names.iter().find(|name| crate::base::text::fold(name) == folded) {
                Some(name) => Some(name.clone()),
                None => return Ok(messages::no_such_value(ctx.locale, typed, &names)),
            }
        }
    };
    let today = kudos::workspace_today(ctx).await?;
    let wanted = Wanted {
        span: Span::around(asked.unit, today),
        ranked: asked.ranked,
        value,
        team: None,
    };
    see(ctx, user, wanted).await
}

/// A board, for whoever asked.
pub(super) async fn see(ctx: &Ctx, user: &UserId, wanted: Wanted) -> Result<Message, StoreError> {
    let (settings, now, id) = (&*ctx.settings(), ctx.clock.now(), &ctx.workspace.id);
    follow(ctx).await;
    if !settings.shows_boards() {
        let (today, covered): (Day, Covered) = ctx
            .db
            .read(async |tx: &mut Tx| -> Result<_, StoreError> {
                let today = local_day(now, its_zone(tx, id, settings).await?);
                Ok((today, coverage_of(tx, id, settings, None, today, now).await?))
            })
            .await?;
        return Ok(messages::off(ctx.locale, settings, &covered, today));
    }
    let shown: Result<Shown, StoreError> = ctx
        .db
        .read(async |tx: &mut Tx| shown(tx, id, settings, wanted, Some(user), now).await)
        .await;
    Ok(messages::board(ctx.locale, settings, &shown?))
}

/// A board that somebody shares; `None` where they shared it here before.
pub(super) async fn share(
    ctx: &Ctx,
    user: &UserId,
    wanted: Wanted,
    once: String,
) -> Result<Option<Message>, StoreError> {
    let (settings, now, id) = (&*ctx.settings(), ctx.clock.now(), &ctx.workspace.id);
    follow(ctx).await;
    let only = BTreeSet::from([user.clone()]);
    let (shown, known): (Shown, BTreeMap<UserId, Member>) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let known = workspace::members(tx, id, &only).await?;
            Ok((shown(tx, id, settings, wanted, None, now).await?, known))
        })
        .await?;
    // Last: what could not be read can be shared when it can.
    let workspace = id.clone();
    let is_first: Result<bool, StoreError> = ctx
        .db
        .write(async move |tx: &mut Tx| workspace::first_time(tx, &workspace, &once, now).await)
        .await;
    let by = known.get(user).map_or("somebody", |member| member.name.as_str());
    Ok(is_first?.then(|| messages::shared(ctx.locale, settings, &shown, by)))
}

/// Somebody's own figures of this month.
async fn mine(tx: &mut Tx, workspace: &WorkspaceId, member: &UserId, today: Day) -> Result<Mine, StoreError> {
    let month = Span::month(today);
    let latest = match said_to(tx, workspace, month, member, None, 1).await?.pop() {
        Some(said) => Some(said),
        None => said_to(tx, workspace, Span::around(Unit::All, today), member, None, 1)
            .await?
            .pop(),
    };
    Ok(Mine {
        thanked_by: thanked_by(tx, workspace, month, member).await?,
        by_customers: figure(tx, workspace, month, Ranked::Customers, member).await?,
        thanked: figure(tx, workspace, month, Ranked::Givers, member).await?,
        latest,
    })
}

/// `/kudos me`.
pub(super) async fn me(ctx: &Ctx, command: &str, user: &UserId) -> Result<Message, StoreError> {
    let id = &ctx.workspace.id;
    follow(ctx).await;
    let today = kudos::workspace_today(ctx).await?;
    let text: Result<String, StoreError> = ctx
        .db
        .read(async |tx: &mut Tx| {
            let mine = mine(tx, id, user, today).await?;
            told(ctx, tx, command, &mine).await
        })
        .await;
    Ok(Message::sentence(&text?))
}

async fn told(ctx: &Ctx, tx: &mut Tx, command: &str, mine: &Mine) -> Result<String, StoreError> {
    let people = mine.latest.iter().map(|said| said.giver.clone()).collect();
    let known = workspace::members(tx, &ctx.workspace.id, &people).await?;
    let nobody = BTreeMap::new();
    Ok(messages::me(ctx.locale, command, mine, &People::new(&known, &nobody)))
}

/// What a person's Home shows of all this.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn home_section(ctx: &Ctx, member: &UserId) -> Result<Vec<Block>, StoreError> {
    let (settings, now, id) = (&*ctx.settings(), ctx.clock.now(), &ctx.workspace.id);
    follow(ctx).await;
    let (shown, mine): (Shown, String) = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let today = local_day(now, its_zone(tx, id, settings).await?);
            let wanted = Wanted {
                span: Span::month(today),
                ranked: Ranked::Givers,
                value: None,
                team: None,
            };
            let shown = shown(tx, id, settings, wanted, Some(member), now).await?;
            let mine = mine(tx, id, member, today).await?;
            Ok((shown, told(ctx, tx, &settings.command, &mine).await?))
        })
        .await?;
    let is_steward = settings.is_steward(member);
    Ok(messages::home(ctx.locale, settings, &shown, &mine, is_steward))
}

/// Which others in a team were not thanked for 20 working days, for one of its leads; every look is in the audit log. Who
/// doesn't want to be shown isn't. `None` for anybody else, and where stewards haven't switched the list on.
pub(super) async fn forgotten_of(ctx: &Ctx, lead: &UserId, team: &TeamId) -> Result<Option<Message>, StoreError> {
    let (settings, now, id) = (ctx.settings(), ctx.clock.now(), ctx.workspace.id.clone());
    if !settings.shows_forgotten() {
        return Ok(None);
    }
    follow(ctx).await;
    let today = kudos::workspace_today(ctx).await?;
    let (lead, wanted) = (lead.clone(), team.clone());
    type List = (String, Vec<(UserId, Option<Day>)>, BTreeMap<UserId, Member>);
    let found: Option<List> = ctx
        .db
        .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
            let led = workspace::led_by(tx, &id, &lead).await?;
            let Some(team) = led.into_iter().find(|team| team.id == wanted) else {
                return Ok(None);
            };
            let mut members = covered(tx, &id, &settings, Of::Team(&team.id), now).await?;
            let known = workspace::members(tx, &id, &members).await?;
            // Nobody can thank themselves.
            members.retain(|member| *member != lead && may_be_named(known.get(member), &settings));
            let list = forgotten(tx, &id, &members, today).await?;
            let entry = audit::Entry::new(&lead, "forgotten_list.seen", team.id.as_str());
            audit::enter(tx, &id, &entry, now).await?;
            Ok(Some((team.name, list, known)))
        })
        .await?;
    let nobody = BTreeMap::new();
    Ok(found
        .map(|(team, list, known)| messages::forgotten(ctx.locale, &team, &list, today, &People::new(&known, &nobody))))
}

/// Keeps the coverage of the month before, of everybody and of each team, once: who was active at its end can't be found
/// out later. Nothing is kept of a month in which the app wasn't installed.
///
/// # Errors
/// [`StoreError`]; it is done at the next turn.
pub async fn keep_month(ctx: &Ctx) -> Result<(), StoreError> {
    let (settings, now, id) = (ctx.settings(), ctx.clock.now(), ctx.workspace.id.clone());
    let due: Option<(Span, Instant)> = ctx
        .db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let zone = its_zone(tx, &id, &settings).await?;
            let first = local_day(now, zone).first_of_month();
            let month = Span::month(first.previous());
            let end = at_hour(first, 0, zone).plus_millis(-1);
            let of = series(Of::Headline, &settings);
            let is_kept = !months(tx, &id, of, month, month).await?.is_empty();
            Ok((!is_kept && is_installed_by(tx, &id, end).await?).then_some((month, end)))
        })
        .await?;
    let Some((month, end)) = due else { return Ok(()) };
    if !kudos::catch_up(&ctx.db, &id).await? {
        return Ok(());
    }
    ctx.db
        .write(async move |tx: &mut Tx| remember_shares(tx, &id, &settings, month, end).await)
        .await
}
