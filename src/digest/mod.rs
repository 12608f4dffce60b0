//! Floor 6: the monthly digest, the one page that everybody reads; its picture; its private editions.
//!
//! No process is its leader: each looks now and then, and whoever changes a month's row first has claimed it.

pub mod chart;
pub mod deliver;
pub mod inputs;
pub mod messages;
pub mod rules;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;

pub use store::{
    Edition, Kept, Slice, State, Sums, began, began_at, by_day, customers_words, decide, erase, export, first_timers,
    givers, has_past, kept, kept_since, pairs, put_words, readers, recognised, remember_digest, teams_thanked, thanked,
    values, want, wants,
};

use crate::base::calendar::{Day, Span, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, TeamId, UserId, WorkspaceId};
use crate::base::text::fold;
use crate::boards::coverage::{self, Of};
use crate::boards::{self, Said};
use crate::kudos::rules::may_be_named;
use crate::kudos::{self, People, Quote, Receiver};
use crate::outbox;
use crate::prompts::{self, Turnout};
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::its_zone;
use crate::workspace::{self, Ctx, Member, Settings, Usergroup};
use chart::Chart;
use rules::{Due, Month, candidates, due, lacks};

/// Months of coverage that the picture shows.
const MONTHS: usize = 12;
/// Customers' words that are looked at first until some may be quoted.
const PAGE: usize = 30;
/// From how many teams somebody is thanked to be told apart.
const TEAMS: usize = 3;

/// Thanks between people of different teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Across {
    /// How many.
    pub n: i64,
    /// From which team to which most went, by name.
    pub most: Option<(String, String)>,
}

/// Everything that a month's digest tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which month.
    pub month: Month,
    /// Its name.
    pub name: String,
    /// The name of the month before.
    pub name_before: String,
    /// Whose digest it is: the headline team, else the workspace; a lead's team.
    pub whose: String,
    /// What the picture writes where its font lacks letters of that name.
    pub handle: String,
    /// Whether there are boards, to be opened from it.
    pub has_board: bool,
    /// Days of the month that aren't over.
    pub lacks: Vec<Day>,
    /// How much was said.
    pub sums: Sums,
    /// The share that was thanked, in percent, of up to twelve months, this one last; `None` where it isn't known.
    pub coverage: Vec<(Month, Option<u8>)>,
    /// Everybody who was thanked and may be named, by name.
    pub recognised: Vec<UserId>,
    /// Teams that were thanked as teams.
    pub teams_thanked: BTreeSet<GroupId>,
    /// Those of them who were thanked for the first time, by name; nobody where everybody is.
    pub first: Vec<UserId>,
    /// Those of them whom people of three teams or more thanked, by name.
    pub wide: Vec<UserId>,
    /// Thanks between teams; `None` where there are fewer than two.
    pub across: Option<Across>,
    /// A customer's words.
    pub customers_words: Option<Quote>,
    /// What it was for, the most named value first.
    pub values: Vec<(String, i64)>,
    /// The words that most people joined.
    pub joined: Option<Quote>,
    /// How prompts were answered; `None` where nobody answered any.
    pub turnout: Option<Turnout>,
    /// Thanks of colleagues on each day that had any, of this month and of the one before.
    pub days: (BTreeMap<Day, i64>, BTreeMap<Day, i64>),
    members: BTreeMap<UserId, Member>,
    groups: BTreeMap<GroupId, Usergroup>,
}

impl Told {
    /// The names of those in it.
    pub fn names(&self) -> People<'_> {
        People::new(&self.members, &self.groups)
    }

    /// Whether nothing was said in that month.
    pub fn is_quiet(&self) -> bool {
        self.sums.thanks == 0 && self.sums.customers == 0
    }

    /// Coverage of this month and of the one before.
    pub fn coverage_now(&self) -> Option<(u8, Option<u8>)> {
        let mut latest = self.coverage.iter().rev();
        let (_, now) = latest.next()?;
        Some(((*now)?, latest.next().and_then(|(_, before)| *before)))
    }

    /// Its picture.
    pub fn chart(&self) -> Chart {
        let days = |month: Month, days: &BTreeMap<Day, i64>| -> Vec<(Day, i64)> {
            let working = month.working_days().into_iter();
            working.map(|day| (day, days.get(&day).copied().unwrap_or(0))).collect()
        };
        let known = self.coverage.iter().position(|(_, percent)| percent.is_some());
        let is_old = self.days.1.values().any(|n| *n > 0);
        Chart {
            month: self.month,
            names: (self.name.clone(), self.name_before.clone()),
            days: days(self.month, &self.days.0),
            before: if is_old {
                days(self.month.previous(), &self.days.1)
            } else {
                Vec::new()
            },
            weekends: self
                .days
                .0
                .iter()
                .filter(|(day, _)| !day.is_working_day())
                .map(|(_, n)| n)
                .sum(),
            coverage: known.map_or_else(Vec::new, |first| self.coverage[first..].to_vec()),
            team: chart::drawable(&self.whose, &self.handle)
                .unwrap_or("the team")
                .to_owned(),
        }
    }
}

/// Of what a digest is gathered.
#[derive(Clone, Copy, Debug)]
pub struct Gather<'a> {
    /// Whose.
    pub workspace: &'a WorkspaceId,
    /// What it is called.
    pub name: &'a str,
    /// How Plaudit behaves there.
    pub settings: &'a Settings,
    /// Which month.
    pub month: Month,
    /// The zone of its days.
    pub zone: Tz,
    /// When.
    pub now: Instant,
}

impl Gather<'_> {
    fn today(&self) -> Day {
        local_day(self.now, self.zone)
    }

    /// The end of the month, or now while it runs: as of when people's teams and coverage are told.
    fn at(&self) -> Instant {
        let end = crate::base::calendar::at_hour(self.month.next().first(), 0, self.zone).plus_millis(-1);
        end.min(self.now)
    }
}

/// Gathers everything that a month's digest tells. The standings must have caught up ([`crate::kudos::catch_up`]).
pub async fn gather(tx: &mut Tx, of: Gather<'_>) -> Result<Told, StoreError> {
    let team = workspace::headline_team(tx, of.workspace, of.settings).await?;
    let slice = Slice::of(of.workspace, of.month);
    let whose = match team {
        Some(team) => (handle_of(tx, of.workspace, &team.id).await?, team.name),
        None => (String::new(), of.name.to_owned()),
    };
    told(tx, of, &slice, Of::Headline, whose).await
}

/// What stands after `@` for a team that is a user group; nothing for another.
async fn handle_of(tx: &mut Tx, workspace: &WorkspaceId, team: &TeamId) -> Result<String, StoreError> {
    let group = GroupId(team.to_string());
    let known = workspace::usergroups(tx, workspace, &BTreeSet::from([group.clone()])).await?;
    Ok(known.get(&group).map(|group| group.handle.clone()).unwrap_or_default())
}

/// Gathers what a team's leads are told: what was said to those at home in it at the month's end. The standings must have
/// caught up, as for [`gather`].
pub async fn gather_team(tx: &mut Tx, of: Gather<'_>, team: &TeamId, name: &str) -> Result<Told, StoreError> {
    let people = workspace::team_members(tx, of.workspace, team, of.at()).await?;
    let slice = Slice::of(of.workspace, of.month).for_people(&people);
    let handle = handle_of(tx, of.workspace, team).await?;
    told(tx, of, &slice, Of::Team(team), (handle, name.to_owned())).await
}

/// Everybody who was thanked in a month, for the thread.
#[derive(Clone, Debug)]
pub struct Named {
    /// The month's name.
    pub name: String,
    /// Who may be named, by name.
    pub people: Vec<UserId>,
    /// Teams that were thanked as teams.
    pub teams: BTreeSet<GroupId>,
    members: BTreeMap<UserId, Member>,
    groups: BTreeMap<GroupId, Usergroup>,
}

impl Named {
    /// Their names.
    pub fn names(&self) -> People<'_> {
        People::new(&self.members, &self.groups)
    }
}

/// Gathers everybody who was thanked in a month. The standings must have caught up, as for [`gather`].
pub async fn gather_names(tx: &mut Tx, of: Gather<'_>) -> Result<Named, StoreError> {
    let slice = Slice::of(of.workspace, of.month);
    let teams = teams_thanked(tx, &slice).await?.into_keys().collect();
    named(tx, of, &slice, teams).await
}

async fn named(tx: &mut Tx, of: Gather<'_>, slice: &Slice, teams: BTreeSet<GroupId>) -> Result<Named, StoreError> {
    let mut people = recognised(tx, slice).await?;
    let members = workspace::members(tx, of.workspace, &people).await?;
    people.retain(|member| may_be_named(members.get(member), of.settings));
    Ok(Named {
        name: of.month.name(of.today()),
        people: by_name(people, &members),
        groups: workspace::usergroups(tx, of.workspace, &teams).await?,
        teams,
        members,
    })
}

/// In the order of their names, as people look for them.
fn by_name(people: impl IntoIterator<Item = UserId>, known: &BTreeMap<UserId, Member>) -> Vec<UserId> {
    let mut people: Vec<(String, UserId)> = people
        .into_iter()
        .map(|id| (known.get(&id).map_or_else(String::new, |member| fold(&member.name)), id))
        .collect();
    people.sort();
    people.into_iter().map(|(_, id)| id).collect()
}

async fn told(
    tx: &mut Tx,
    of: Gather<'_>,
    slice: &Slice,
    whose_coverage: Of<'_>,
    (handle, whose): (String, String),
) -> Result<Told, StoreError> {
    let (id, month, today) = (of.workspace, of.month, of.today());
    let is_of_all = whose_coverage == Of::Headline;
    let teams = if is_of_all {
        teams_thanked(tx, slice).await?
    } else {
        BTreeMap::new()
    };
    let (said, before) = (by_day(tx, slice).await?, by_day(tx, &slice.before()).await?);
    let sums = Sums {
        thanks: said.values().map(|(thanks, _)| thanks).sum(),
        givers: givers(tx, slice, &teams.values().flatten().cloned().collect()).await?,
        customers: said.values().map(|(_, customers)| customers).sum(),
    };
    let Named {
        name,
        people: recognised,
        teams: teams_thanked,
        members: thanked,
        mut groups,
    } = named(tx, of, slice, teams.into_keys().collect()).await?;
    let first = if has_past(tx, id, month).await? {
        first_timers(tx, id, month, &recognised).await?
    } else {
        BTreeSet::new()
    };
    let (across, wide) = across(tx, of, slice, &recognised).await?;
    let mut values: Vec<(String, i64)> = values(tx, slice).await?.into_iter().collect();
    values.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let (customers_words, mut known) = quotable_customers_words(tx, of, slice).await?;
    let mut joined = None;
    if is_of_all {
        let span = Span::month(month.first());
        let (boosted, more) = boards::most_boosted(tx, id, of.settings, span, 2).await?;
        known.extend(more);
        // Words of a customer have their own line.
        joined = boosted.into_iter().find(|said| {
            customers_words
                .as_ref()
                .is_none_or(|customers: &Quote| customers.kudos != said.kudos)
        });
    }
    let turnout = if is_of_all {
        Some(prompts::turnout(tx, id, (month.first(), month.last()), None).await?)
    } else {
        None
    };
    let turnout = turnout.filter(|turnout| turnout.answers > 0);
    let thanks = |days: BTreeMap<Day, (i64, i64)>| days.into_iter().map(|(day, (thanks, _))| (day, thanks));
    let days = (thanks(said).collect(), thanks(before).collect());
    let quoted = customers_words.iter().chain(&joined);
    let quoted = quoted.flat_map(|said| said.receivers.iter().filter_map(Receiver::group).cloned());
    groups.extend(workspace::usergroups(tx, id, &quoted.collect()).await?);
    known.extend(thanked);
    Ok(Told {
        month,
        name,
        name_before: month.previous().name(today),
        whose,
        handle,
        has_board: is_of_all && of.settings.shows_boards(),
        lacks: lacks(month, of.now, of.zone),
        sums,
        coverage: shares(tx, of, whose_coverage).await?,
        first: by_name(first, &known),
        wide: by_name(wide, &known),
        recognised,
        teams_thanked,
        across,
        customers_words,
        values,
        joined,
        turnout,
        days,
        groups,
        members: known,
    })
}

/// Thanks between teams, and whom people of three teams or more thanked.
async fn across(
    tx: &mut Tx,
    of: Gather<'_>,
    slice: &Slice,
    recognised: &[UserId],
) -> Result<(Option<Across>, BTreeSet<UserId>), StoreError> {
    let recognised: BTreeSet<&UserId> = recognised.iter().collect();
    let homes = workspace::home_teams(tx, of.workspace, of.at()).await?;
    if homes.values().collect::<BTreeSet<_>>().len() < 2 {
        return Ok((None, BTreeSet::new()));
    }
    let mut n = 0;
    let mut between: BTreeMap<(&TeamId, &TeamId), i64> = BTreeMap::new();
    let mut from: BTreeMap<UserId, BTreeSet<&TeamId>> = BTreeMap::new();
    for (giver, receiver, times) in pairs(tx, slice).await? {
        let Some(home) = homes.get(&giver) else { continue };
        if recognised.contains(&receiver) {
            from.entry(receiver.clone()).or_default().insert(home);
        }
        if let Some(to) = homes.get(&receiver).filter(|to| *to != home) {
            n += times;
            *between.entry((home, to)).or_default() += times;
        }
    }
    let wide = from.into_iter().filter(|(_, teams)| teams.len() >= TEAMS);
    let wide = wide.map(|(member, _)| member).collect();
    let most = between
        .into_iter()
        .max_by_key(|(teams, times)| (*times, std::cmp::Reverse(*teams)));
    let teams = workspace::teams(tx, of.workspace).await?;
    let name = |id: &TeamId| teams.iter().find(|team| team.id == *id).map(|team| team.name.clone());
    let most = most.and_then(|((from, to), _)| Some((name(from)?, name(to)?)));
    Ok(((n > 0).then_some(Across { n, most }), wide))
}

async fn quotable_customers_words(
    tx: &mut Tx,
    of: Gather<'_>,
    slice: &Slice,
) -> Result<(Option<Quote>, BTreeMap<UserId, Member>), StoreError> {
    // One look at the month, and more of its words at a time the fewer of them may be quoted.
    let words = customers_words(tx, slice).await?;
    let (mut rest, mut page) = (words.as_slice(), PAGE);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(page.min(rest.len()));
        (rest, page) = (later, page * 8);
        let (quotes, known) = kudos::quotable(tx, of.workspace, of.settings, now).await?;
        if let Some(first) = quotes.into_iter().next() {
            return Ok((Some(first), known));
        }
    }
    Ok((None, BTreeMap::new()))
}

/// The share that was thanked in each of the last twelve months: as stored at its end, and counted for the month told
/// where it isn't stored yet.
async fn shares(tx: &mut Tx, of: Gather<'_>, whose: Of<'_>) -> Result<Vec<(Month, Option<u8>)>, StoreError> {
    let mut months: Vec<Month> = std::iter::successors(Some(of.month), |month| Some(month.previous()))
        .take(MONTHS)
        .collect();
    months.reverse();
    let span = |month: Month| Span::month(month.first());
    let series = coverage::series(whose, of.settings);
    let stored = coverage::months(tx, of.workspace, series, span(months[0]), span(of.month)).await?;
    let mut shares = Vec::new();
    for month in months {
        // Until its digest is posted something may be taken back; of a month that is long over it can't be found out any
        // more who was active at its end.
        let share = if month == of.month && month >= Month::of(of.today()).previous() {
            Some(coverage::of_month(tx, of.workspace, of.settings, whose, span(month), of.at()).await?)
        } else {
            stored.get(&span(month)).copied()
        };
        let percent = share.and_then(coverage::Share::percent);
        shares.push((month, percent.and_then(|percent| u8::try_from(percent).ok())));
    }
    Ok(shares)
}

/// What one person's month was, for that person alone.
#[derive(Clone, Debug)]
pub struct Own {
    /// The month's name.
    pub name: String,
    /// How many different people thanked them.
    pub thanked_by: i64,
    /// What was said to them, the first said first.
    pub said: Vec<Said>,
    /// Whom they thanked, the most thanked first.
    pub thanked: Vec<UserId>,
    members: BTreeMap<UserId, Member>,
    groups: BTreeMap<GroupId, Usergroup>,
}

impl Own {
    /// The names of those in it.
    pub fn names(&self) -> People<'_> {
        People::new(&self.members, &self.groups)
    }

    /// Whether there is nothing to tell.
    pub fn is_quiet(&self) -> bool {
        self.thanked_by == 0 && self.said.is_empty() && self.thanked.is_empty()
    }
}

/// Gathers what one person's month was.
pub async fn gather_own(tx: &mut Tx, of: Gather<'_>, person: &UserId) -> Result<Own, StoreError> {
    let span = Span::month(of.month.first());
    let mut said = boards::said_to(tx, of.workspace, span, person, None, messages::OWN_QUOTES).await?;
    said.reverse();
    let thanked = thanked(tx, of.workspace, of.month, person).await?;
    let thanked: Vec<UserId> = thanked.into_iter().map(|(member, _)| member).collect();
    let people = said
        .iter()
        .map(|said| said.giver.clone())
        .chain(thanked.iter().cloned());
    let members = workspace::members(tx, of.workspace, &people.collect()).await?;
    Ok(Own {
        name: of.month.name(of.today()),
        thanked_by: boards::thanked_by(tx, of.workspace, span, person).await?,
        said,
        // Who was erased is nobody to name.
        thanked: thanked
            .into_iter()
            .filter(|member| members.get(member).is_some_and(|member| !member.is_forgotten))
            .collect(),
        members,
        groups: BTreeMap::new(),
    })
}

/// Where digests are posted: as set, else the recognition channel. `None` where there is neither, or a steward switched
/// them off.
pub fn channel(settings: &Settings) -> Option<&ChannelId> {
    let channel = settings.digest_channel.as_ref().or(settings.channel.as_ref());
    channel.filter(|_| settings.digest)
}

/// The workspace's zone, whoever is asked for it.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn zone(ctx: &Ctx, settings: &Settings) -> Result<Tz, StoreError> {
    ctx.db
        .read(async |tx: &mut Tx| its_zone(tx, &ctx.workspace.id, settings).await)
        .await
}

/// Does what the clock asks for: shows a month to the stewards, posts it, or asks them about it. Any process may look at
/// any time; each month is claimed once.
///
/// # Errors
/// [`StoreError`]; whatever wasn't claimed is found at the next look.
pub async fn tick(ctx: &Ctx) -> Result<(), StoreError> {
    let settings = ctx.settings();
    // Silence is safe: what is due meanwhile is found when it ends.
    if settings.silence.is_some() {
        return Ok(());
    }
    let (now, zone) = (ctx.clock.now(), zone(ctx, &settings).await?);
    let id = &ctx.workspace.id;
    let began = ctx.db.read(async |tx: &mut Tx| began_at(tx, id).await).await?;
    let began = match began {
        Some(began) => began,
        None => {
            let id = id.clone();
            ctx.db
                .write(async move |tx: &mut Tx| store::began(tx, &id, now).await)
                .await?
        }
    };
    let months = candidates(began, now, zone);
    let Some(oldest) = months.first().copied() else {
        return Ok(());
    };
    let decided = ctx
        .db
        .read(async |tx: &mut Tx| kept_since(tx, id, oldest).await)
        .await?;
    for month in months {
        let state = decided.get(&month).map(|kept| kept.state);
        if state.is_none_or(|state| state == State::Shown) {
            look(ctx, &settings, month, state, due(month, now, zone), now).await?;
        }
    }
    Ok(())
}

async fn look(
    ctx: &Ctx,
    settings: &Settings,
    month: Month,
    state: Option<State>,
    due: Due,
    now: Instant,
) -> Result<(), StoreError> {
    let to = match (due, channel(settings)) {
        (Due::Nothing, _) | (Due::Show, None) => return Ok(()),
        (Due::Show, Some(_)) if state.is_some() || settings.stewards.is_empty() => return Ok(()),
        (Due::Show, Some(_)) => State::Shown,
        (Due::Tell, Some(_)) => State::Posting,
        (Due::Ask, Some(_)) => State::Asked,
        (Due::Tell | Due::Ask, None) => State::Off,
    };
    let (id, stewards) = (ctx.workspace.id.clone(), settings.stewards.clone());
    let to_channel = channel(settings).cloned();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if !decide(tx, &id, month, &[None, Some(State::Shown)], to, now).await? {
                return Ok(());
            }
            let intents = match to {
                State::Posting => to_channel
                    .iter()
                    .map(|channel| deliver::post(&id, month, channel, false, now))
                    .collect(),
                State::Shown | State::Asked => deliver::tell_stewards(&id, &stewards, month, None, now),
                _ => Vec::new(),
            };
            outbox::enqueue(tx, &intents).await
        })
        .await
}

/// A steward wants it posted now, in `channel`. False if it stands already or is on its way.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn post_now(ctx: &Ctx, month: Month, channel: &ChannelId) -> Result<bool, StoreError> {
    let from = [
        None,
        Some(State::Shown),
        Some(State::Asked),
        Some(State::Skipped),
        Some(State::Refused),
        Some(State::Off),
    ];
    let (id, channel, now) = (ctx.workspace.id.clone(), channel.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<bool, StoreError> {
            if !decide(tx, &id, month, &from, State::Posting, now).await? {
                return Ok(false);
            }
            outbox::enqueue(tx, &[deliver::post(&id, month, &channel, true, now)]).await?;
            Ok(true)
        })
        .await
}

/// A steward wants none of that month. False if it stands already or is on its way.
///
/// # Errors
/// [`StoreError`] when it could not be stored.
pub async fn skip(ctx: &Ctx, month: Month) -> Result<bool, StoreError> {
    let from = [
        None,
        Some(State::Shown),
        Some(State::Asked),
        Some(State::Refused),
        Some(State::Off),
        Some(State::Skipped),
    ];
    let (id, now) = (ctx.workspace.id.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| decide(tx, &id, month, &from, State::Skipped, now).await)
        .await
}

/// Waits until the standings have caught up, which every figure here is read from.
async fn catch_up(ctx: &Ctx) -> Result<(), StoreError> {
    while !kudos::catch_up(&ctx.db, &ctx.workspace.id).await? {}
    Ok(())
}

/// Gathers a month's digest as it is now, with the stewards' words on top of it.
///
/// # Errors
/// [`StoreError`] when it can't be read.
pub async fn now(ctx: &Ctx, month: Month) -> Result<(Told, String), StoreError> {
    let settings = ctx.settings();
    let zone = zone(ctx, &settings).await?;
    catch_up(ctx).await?;
    let of = Gather {
        workspace: &ctx.workspace.id,
        name: &ctx.workspace.name,
        settings: &settings,
        month,
        zone,
        now: ctx.clock.now(),
    };
    ctx.db
        .read(async |tx: &mut Tx| -> Result<_, StoreError> {
            let words = kept(tx, of.workspace, month).await?.map(|kept| kept.words);
            Ok((gather(tx, of).await?, words.unwrap_or_default()))
        })
        .await
}
