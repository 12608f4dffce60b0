//! Teams, their leads, and who is away: what stewards (and for their own teams, leads) see and change.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::inputs::open;
use super::messages::{self, teams as said};
use super::{Known, known};
use crate::base::clock::Instant;
use crate::base::ids::{TeamId, UserId};
use crate::base::text::{clean, fold};
use crate::prompts::inputs::Submitted;
use crate::slack::blocks::{Response, View, ViewResponse};
use crate::slack::errors::ApiError;
use crate::slack::inbound::{BlockActions, Fields, ViewEvent};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Picked, Settings, Team, TeamKind, is_anonymous};

/// How long Slack may take to tell about a user group or a channel while somebody waits.
const LOOK_UP: Duration = Duration::from_millis(1_000);

/// What the views carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Carried {
    /// The team; a new one where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<TeamId>,
    /// What says who is in a new one.
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
    /// Fingerprint of the team when its form was opened.
    #[serde(skip_serializing_if = "String::is_empty")]
    seen: String,
    /// For the message whose button led here: it shows what is set afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Who was away when the form was opened.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    away: BTreeSet<UserId>,
}

impl Carried {
    fn of(metadata: &str) -> Self {
        serde_json::from_str(metadata).unwrap_or_default()
    }

    fn text(&self) -> String {
        // Ids always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A team as it stands in its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Draft {
    pub name: String,
    /// What says who is in it: a user group's handle or a channel's id, as typed or picked.
    pub source: String,
    pub leads: BTreeSet<UserId>,
    /// Of a list.
    pub people: BTreeSet<UserId>,
    /// Its figures come first.
    pub is_headline: bool,
}

impl Draft {
    fn fingerprint(&self) -> String {
        let digest = Sha256::digest(serde_json::to_vec(self).unwrap_or_default());
        hex::encode(digest).chars().take(32).collect()
    }

    fn filled(fields: &Fields) -> Self {
        let channel = fields.conversations(said::SOURCE).pop().map(|channel| channel.0);
        Self {
            name: clean(&fields.text(said::NAME).unwrap_or_default()).trim().to_owned(),
            source: channel.unwrap_or_else(|| fields.text(said::SOURCE).unwrap_or_default()),
            leads: fields.users(said::LEADS).into_iter().collect(),
            people: fields.users(said::PEOPLE).into_iter().collect(),
            is_headline: fields.options(said::HEADLINE).iter().any(|ticked| ticked == "yes"),
        }
    }
}

/// A team as it is stored; `people` are those of a list.
async fn stored(
    tx: &mut Tx,
    ctx: &Ctx,
    team: &TeamId,
    settings: &Settings,
    now: Instant,
) -> Result<Option<(Team, Draft)>, StoreError> {
    let workspace = &ctx.workspace.id;
    let Some(team) = workspace::teams(tx, workspace)
        .await?
        .into_iter()
        .find(|other| other.id == *team)
    else {
        return Ok(None);
    };
    let mut people = BTreeSet::new();
    if team.kind == TeamKind::List {
        people = workspace::belonging(tx, workspace, &team.id, now).await?;
        // Who asked to be forgotten stays a figure of the past, and stands in no form.
        people.retain(|person| !is_anonymous(person));
    }
    let draft = Draft {
        name: team.name.clone(),
        source: String::new(),
        leads: team.leads.iter().cloned().collect(),
        people,
        is_headline: settings.team.as_ref() == Some(&team.id),
    };
    Ok(Some((team, draft)))
}

/// The list of teams, as a view.
async fn list(ctx: &Ctx, carried: &Carried) -> Result<View, StoreError> {
    let settings = ctx.settings();
    let known = known(ctx, &settings, None).await?;
    let now = ctx.clock.now();
    let homes = ctx
        .db
        .read(async |tx: &mut Tx| workspace::home_teams(tx, &ctx.workspace.id, now).await)
        .await?;
    let at_home = |team: &Team| homes.values().filter(|home| **home == team.id).count();
    let sizes: Vec<usize> = known.teams.iter().map(at_home).collect();
    let carried = Carried {
        url: carried.url.clone(),
        ..Carried::default()
    };
    Ok(said::list(&ctx.workspace, &settings, &known, &sizes, &carried.text()))
}

/// Answers a steward's click in what is about teams; `None` where a view shows it.
pub(super) async fn click(
    ctx: &Ctx,
    click: &BlockActions,
    action: &str,
    value: &str,
) -> Result<Option<Response>, StoreError> {
    let settings = ctx.settings();
    let mut carried = Carried::of(click.view.as_ref().map_or("", |view| &view.private_metadata));
    if action == said::TEAMS {
        carried.url.clone_from(&click.response_url);
        let view = list(ctx, &carried).await?;
        return Ok(open(ctx, click, &view).await);
    }
    let Some(before) = &click.view else { return Ok(None) };
    let now = ctx.clock.now();
    let view = match action {
        said::NEW => {
            carried.source = value.to_owned();
            let empty = Draft {
                name: String::new(),
                source: String::new(),
                leads: BTreeSet::new(),
                people: BTreeSet::new(),
                is_headline: false,
            };
            said::form(ctx.locale, &shape(value), &empty, true, None, &carried.text())
        }
        said::CHANGE => {
            let team = TeamId::from(value);
            let found = ctx
                .db
                .read(async |tx: &mut Tx| stored(tx, ctx, &team, &settings, now).await)
                .await?;
            match found {
                None => list(ctx, &carried).await?,
                Some((team, draft)) => {
                    carried.team = Some(team.id);
                    carried.seen = draft.fingerprint();
                    said::form(ctx.locale, &team.kind, &draft, false, None, &carried.text())
                }
            }
        }
        said::REMOVE => {
            remove(ctx, &click.user, &value.into()).await?;
            list(ctx, &carried).await?
        }
        _ => return Ok(None),
    };
    if let Err(error) = ctx.slack.views_update(&before.id, None, &view).await {
        tracing::warn!(%error, "the list of teams could not be shown anew");
    }
    Ok(None)
}

/// What a new team's button stands for; which group or channel it is, the form asks.
fn shape(source: &str) -> TeamKind {
    match source {
        "usergroup" => TeamKind::Usergroup("".into()),
        "channel" => TeamKind::Channel("".into()),
        _ => TeamKind::List,
    }
}

async fn remove(ctx: &Ctx, by: &UserId, team: &TeamId) -> Result<(), StoreError> {
    let (workspace, who, gone, now) = (ctx.workspace.id.clone(), by.clone(), team.clone(), ctx.clock.now());
    let settings = ctx.settings();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            workspace::remove_team(tx, &workspace, &who, &gone, &settings, now).await?;
            workspace::refresh_homes(tx, &workspace, &settings.stewards, now).await
        })
        .await?;
    // A list is gone; a user group's or a channel's figures can come first without a steward's team.
    if TeamKind::is_slacks(team) {
        return Ok(());
    }
    let gone = team.clone();
    ctx.change_settings(by, move |settings| {
        if settings.team.as_ref() == Some(&gone) {
            settings.team = None;
        }
    })
    .await?;
    Ok(())
}

/// Takes the form of a team.
pub(super) async fn submit(ctx: &Ctx, event: &ViewEvent) -> Result<Submitted, StoreError> {
    let settings = ctx.settings();
    if !settings.is_steward(&event.user) {
        let known = known(ctx, &settings, None).await?;
        let what = messages::no_longer_a_steward(&settings, &known);
        return Ok(ViewResponse::error(said::LEADS, &what).into());
    }
    let mut carried = Carried::of(&event.view.private_metadata);
    let filled = Draft::filled(&event.view.fields);
    let now = ctx.clock.now();
    let before = match &carried.team {
        None => None,
        Some(team) => {
            ctx.db
                .read(async |tx: &mut Tx| stored(tx, ctx, team, &settings, now).await)
                .await?
        }
    };
    let mut team = match (&carried.team, &before) {
        (Some(_), None) => {
            let view = list(ctx, &carried).await?;
            return Ok(ViewResponse::Update { view: Box::new(view) }.into());
        }
        (_, Some((team, _))) => team.clone(),
        (None, None) => match found(ctx, &shape(&carried.source), &filled, now).await? {
            Ok(team) => team,
            Err((block, what)) => return Ok(ViewResponse::error(block, &what).into()),
        },
    };
    if !filled.name.is_empty() {
        team.name.clone_from(&filled.name);
    }
    if team.name.is_empty() {
        return Ok(ViewResponse::error(said::NAME, said::no_name(ctx.locale)).into());
    }
    let (led, listed) = before
        .as_ref()
        .map(|(_, draft)| (draft.leads.clone(), draft.people.clone()))
        .unwrap_or_default();
    for (block, new, what) in [
        (said::LEADS, filled.leads.difference(&led), said::no_lead(ctx.locale)),
        (
            said::PEOPLE,
            filled.people.difference(&listed),
            said::no_person(ctx.locale),
        ),
    ] {
        if !are_here(ctx, new.cloned().collect()).await? {
            return Ok(ViewResponse::error(block, what).into());
        }
    }
    team.leads = filled.leads.iter().cloned().collect();
    if let Some(now_there) = save(ctx, &event.user, &team, &filled, &carried.seen).await? {
        carried.seen = now_there;
        let view = said::form(
            ctx.locale,
            &team.kind,
            &filled,
            false,
            Some(said::meanwhile(ctx.locale)),
            &carried.text(),
        );
        return Ok(ViewResponse::Update { view: Box::new(view) }.into());
    }
    let (id, comes_first) = (team.id.clone(), filled.is_headline);
    ctx.change_settings(&event.user, move |settings| {
        if comes_first {
            settings.team = Some(id.clone());
        } else if settings.team.as_ref() == Some(&id) {
            settings.team = None;
        }
    })
    .await?;
    let view = list(ctx, &carried).await?;
    let after = match carried.url {
        None => None,
        Some(url) => Some((url, Response::replacing(super::inputs::all(ctx, &event.user).await?))),
    };
    Ok(Submitted {
        response: ViewResponse::Update { view: Box::new(view) },
        after,
        ..Submitted::default()
    })
}

/// Stores a team, unless somebody changed it since `seen` was taken of it: then the fingerprint that it has now.
async fn save(ctx: &Ctx, by: &UserId, team: &Team, filled: &Draft, seen: &str) -> Result<Option<String>, StoreError> {
    let (copy, by, team, filled, seen) = (ctx.clone(), by.clone(), team.clone(), filled.clone(), seen.to_owned());
    let now = ctx.clock.now();
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<Option<String>, StoreError> {
            let settings = copy.settings();
            if let Some((_, there)) = stored(tx, &copy, &team.id, &settings, now).await?
                && there.fingerprint() != seen
            {
                let same = Draft {
                    source: String::new(),
                    ..filled.clone()
                };
                if there != same {
                    return Ok(Some(there.fingerprint()));
                }
            }
            let workspace = &copy.workspace.id;
            workspace::save_team(tx, workspace, &by, &team, &filled.people, now).await?;
            workspace::refresh_homes(tx, workspace, &settings.stewards, now).await?;
            workspace::refresh_homes(tx, workspace, &team.leads, now).await?;
            Ok(None)
        })
        .await
}

/// The group or channel that a new team's form names, or what is wrong with it and beside which input it is said.
async fn found(
    ctx: &Ctx,
    shape: &TeamKind,
    filled: &Draft,
    now: Instant,
) -> Result<Result<Team, (&'static str, String)>, StoreError> {
    let wrong = |what: &str| Ok(Err((said::SOURCE, what.to_owned())));
    let unseen = |picked: Picked| wrong(picked.problem(ctx.locale).unwrap_or_default());
    let team = match shape {
        TeamKind::List => Team::new("", TeamKind::List, now),
        TeamKind::Usergroup(_) => {
            let typed = fold(filled.source.trim().trim_start_matches('@'));
            match ctx.slack.usergroups_list(&ctx.workspace.id, LOOK_UP).await {
                Ok(groups) => {
                    let is_meant = |name: &str| fold(name) == typed;
                    let group = groups
                        .into_iter()
                        .filter(|group| group.date_delete == 0)
                        .find(|group| is_meant(&group.handle) || is_meant(&group.name));
                    let Some(group) = group else {
                        return Ok(Err((said::SOURCE, said::no_group(ctx.locale, filled.source.trim()))));
                    };
                    Team::new(&group.name, TeamKind::Usergroup(group.id), now)
                }
                Err(error) if error.missing_scope().is_some() => return wrong(said::groups_unseen(ctx.locale)),
                Err(ApiError::Permanent { .. }) => return wrong(said::no_groups(ctx.locale)),
                Err(_) => return wrong(said::silent(ctx.locale)),
            }
        }
        TeamKind::Channel(_) => {
            let channel = filled.source.as_str().into();
            match tokio::time::timeout(LOOK_UP, ctx.slack.conversations_info(&channel)).await {
                Ok(Ok(place)) => {
                    let name = place.name.map_or_else(String::new, |name| format!("#{name}"));
                    Team::new(&name, TeamKind::Channel(channel), now)
                }
                Ok(Err(error)) => match error.missing_scope() {
                    Some(_) => return wrong(said::channels_unseen(ctx.locale)),
                    None if error.code() == Some("channel_not_found") => return unseen(Picked::NotInvited),
                    None => return unseen(Picked::Silent),
                },
                Err(_) => return unseen(Picked::Silent),
            }
        }
    };
    let there = ctx
        .db
        .read(async |tx: &mut Tx| workspace::teams(tx, &ctx.workspace.id).await)
        .await?;
    if let Some(there) = there.iter().find(|other| other.id == team.id) {
        return Ok(Err((said::SOURCE, said::is_a_team(ctx.locale, &there.name))));
    }
    Ok(Ok(team))
}

/// Whether these are people of this workspace who are still here.
async fn are_here(ctx: &Ctx, people: BTreeSet<UserId>) -> Result<bool, StoreError> {
    let found = ctx
        .db
        .read(async |tx: &mut Tx| workspace::members(tx, &ctx.workspace.id, &people).await)
        .await?;
    Ok(people
        .iter()
        .all(|person| found.get(person).is_some_and(workspace::Member::can_be_thanked)))
}

// Who is away.

/// Whom somebody may set away: everybody for a steward (`None`), the people of their teams for a lead.
async fn theirs(ctx: &Ctx, known: &Known, user: &UserId) -> Result<Option<BTreeSet<UserId>>, StoreError> {
    if ctx.settings().is_steward(user) {
        return Ok(None);
    }
    let led: BTreeSet<&TeamId> = known.led_by(user).map(|team| &team.id).collect();
    let now = ctx.clock.now();
    let homes = ctx
        .db
        .read(async |tx: &mut Tx| workspace::home_teams(tx, &ctx.workspace.id, now).await)
        .await?;
    let theirs = homes.into_iter().filter(|(_, home)| led.contains(home));
    Ok(Some(theirs.map(|(member, _)| member).collect()))
}

/// Opens the form that says who is away.
pub(super) async fn open_away(ctx: &Ctx, click: &BlockActions) -> Result<Option<Response>, StoreError> {
    let settings = ctx.settings();
    let known = known(ctx, &settings, None).await?;
    let theirs = theirs(ctx, &known, &click.user).await?;
    let mut away = ctx
        .db
        .read(async |tx: &mut Tx| workspace::away_members(tx, &ctx.workspace.id).await)
        .await?;
    if let Some(theirs) = &theirs {
        away.retain(|person| theirs.contains(person));
    }
    // What doesn't fit into the form isn't changed by it.
    let away: BTreeSet<UserId> = away.into_iter().take(said::MOST_PEOPLE).collect();
    let carried = Carried {
        away: away.clone(),
        ..Carried::default()
    };
    Ok(open(
        ctx,
        click,
        &said::away(ctx.locale, &away, theirs.is_none(), &carried.text()),
    )
    .await)
}

/// Takes it: who was added is away, who was taken out is back.
pub(super) async fn submit_away(ctx: &Ctx, event: &ViewEvent) -> Result<Submitted, StoreError> {
    let settings = ctx.settings();
    let seen = Carried::of(&event.view.private_metadata).away;
    let filled: BTreeSet<UserId> = event.view.fields.users(said::PEOPLE).into_iter().collect();
    let changed: Vec<(UserId, bool)> = filled
        .difference(&seen)
        .map(|person| (person.clone(), true))
        .chain(seen.difference(&filled).map(|person| (person.clone(), false)))
        .collect();
    let known = known(ctx, &settings, changed.iter().map(|(person, _)| person.clone())).await?;
    if let Some(theirs) = theirs(ctx, &known, &event.user).await? {
        let others: Vec<&UserId> = changed
            .iter()
            .map(|(person, _)| person)
            .filter(|person| !theirs.contains(*person))
            .collect();
        if !others.is_empty() {
            return Ok(ViewResponse::error(said::PEOPLE, &said::not_theirs(ctx.locale, &known.names(others))).into());
        }
    }
    if !are_here(ctx, filled.difference(&seen).cloned().collect()).await? {
        return Ok(ViewResponse::error(said::PEOPLE, said::not_here(ctx.locale)).into());
    }
    let (workspace, by, now) = (ctx.workspace.id.clone(), event.user.clone(), ctx.clock.now());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            for (person, away) in &changed {
                workspace::set_away(tx, &workspace, &by, person, *away, now).await?;
            }
            Ok(())
        })
        .await?;
    Ok(ViewResponse::Close.into())
}
