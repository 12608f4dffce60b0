//! auth.test, people and user groups.

use chrono::{Offset, TimeZone};
use serde_json::{Value, json};

use super::{Outcome, Turn, refuse};
use crate::base::clock::Instant;
use crate::base::ids::{GroupId, UserId};
use crate::sandbox::state::{APP, BOT_ID, BOT_USER, Person, TEAM, TEAM_DOMAIN, TEAM_NAME};
use crate::sandbox::{Guest, state::Group};

pub(super) fn auth_test(turn: &mut Turn<'_>) -> Outcome {
    Ok(json!({
        "url": format!("https://{TEAM_DOMAIN}.slack.com/"), "team": TEAM_NAME, "team_id": TEAM,
        "user": turn.state.app.bot_name, "user_id": BOT_USER, "bot_id": BOT_ID, "is_enterprise_install": false,
    }))
}

pub(super) fn list(turn: &mut Turn<'_>) -> Outcome {
    // People of other workspaces are found by `users.info` only.
    let all: Vec<Person> = turn
        .state
        .people
        .values()
        .filter(|person| person.it.other_team.is_none())
        .cloned()
        .collect();
    if !turn.args.has("limit") && all.len() > 1000 {
        return refuse("limit_required");
    }
    let (page, next) = turn.page(&all, 1000, 1000)?;
    let members: Vec<Value> = page.iter().map(|person| seen_by_app(turn, person)).collect();
    Ok(json!({ "members": members, "cache_ts": turn.now.seconds(), "response_metadata": { "next_cursor": next } }))
}

pub(super) fn info(turn: &mut Turn<'_>) -> Outcome {
    let id = UserId::from(turn.args.text("user").unwrap_or_default());
    match turn.state.people.get(&id) {
        Some(person) => Ok(json!({ "user": seen_by_app(turn, person) })),
        None => refuse("user_not_found"),
    }
}

fn seen_by_app(turn: &Turn<'_>, person: &Person) -> Value {
    let with_email = turn.state.scopes.contains("users:read.email");
    user_json(person, turn.now, with_email, turn.args.flag("include_locale"))
}

/// The user object of `users.info`, `users.list` and `user_change`; `email` only with its scope.
pub(in crate::sandbox) fn user_json(person: &Person, now: Instant, with_email: bool, with_locale: bool) -> Value {
    let it = &person.it;
    let team = it.other_team.as_deref().unwrap_or(TEAM);
    let real_name = if it.real_name.is_empty() {
        &it.handle
    } else {
        &it.real_name
    };
    let mut user = json!({
        "id": person.id, "team_id": team, "name": it.handle, "deleted": it.deleted, "is_bot": it.is_bot,
        "is_app_user": false, "updated": person.updated.seconds(),
        "profile": {
            "display_name": it.display_name, "display_name_normalized": it.display_name,
            "real_name": real_name, "real_name_normalized": real_name, "title": it.title, "team": team,
        },
    });
    // A deactivated person has no zone and no role.
    if !it.deleted {
        let offset = it.tz.map(|tz| {
            tz.offset_from_utc_datetime(&now.utc().naive_utc())
                .fix()
                .local_minus_utc()
        });
        user["real_name"] = json!(real_name);
        user["tz"] = json!(it.tz.map(|tz| tz.name()));
        user["tz_label"] = json!(it.tz.map(|tz| tz.name()));
        user["tz_offset"] = json!(offset.unwrap_or(0));
        user["is_admin"] = json!(it.admin || it.owner);
        user["is_owner"] = json!(it.owner);
        user["is_primary_owner"] = json!(it.owner);
        user["is_restricted"] = json!(it.guest != Guest::No);
        user["is_ultra_restricted"] = json!(it.guest == Guest::SingleChannel);
    }
    for (flag, key) in [(it.workflow_bot, "is_workflow_bot"), (it.invited, "is_invited_user")] {
        if flag {
            user[key] = json!(true);
        }
    }
    if with_email && let Some(email) = &it.email {
        user["profile"]["email"] = json!(email);
    }
    if with_locale {
        user["locale"] = json!(it.locale);
    }
    if person.id.as_str() == BOT_USER {
        user["profile"]["bot_id"] = json!(BOT_ID);
        user["profile"]["api_app_id"] = json!(APP);
    }
    user
}

pub(super) fn groups(turn: &mut Turn<'_>) -> Outcome {
    let wanted = |group: &&Group| turn.args.flag("include_disabled") || group.disabled_at.is_none();
    let list: Vec<Value> = turn
        .state
        .groups
        .values()
        .filter(wanted)
        .map(|group| group_json(turn, group))
        .collect();
    Ok(json!({ "usergroups": list }))
}

fn group_json(turn: &Turn<'_>, group: &Group) -> Value {
    let mut shown = json!({
        "id": group.id, "team_id": TEAM, "is_usergroup": true, "name": group.name, "handle": group.handle,
        "description": "", "is_external": false, "auto_type": null,
        "date_delete": group.disabled_at.map_or(0, Instant::seconds),
    });
    if turn.args.flag("include_users") {
        shown["users"] = json!(group.users);
    }
    if turn.args.flag("include_count") {
        shown["user_count"] = json!(group.users.len());
    }
    shown
}

pub(super) fn group_members(turn: &mut Turn<'_>) -> Outcome {
    let id = GroupId::from(turn.args.text("usergroup").unwrap_or_default());
    match turn.state.groups.get(&id) {
        Some(group) if group.disabled_at.is_none() || turn.args.flag("include_disabled") => {
            Ok(json!({ "users": group.users }))
        }
        _ => refuse("no_such_subteam"),
    }
}
