//! Opening, pushing, changing and publishing views.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Outcome, Refusal, Turn, refuse};
use crate::base::ids::{ChannelId, UserId};
use crate::sandbox::views::{OpenView, Wrong};

/// Slack: a trigger lives for three seconds, and opens one view.
const TRIGGER: Duration = Duration::from_secs(3);

/// Takes the trigger; whose it is, and where they were.
fn trigger(turn: &mut Turn<'_>) -> Result<(UserId, Option<ChannelId>), Refusal> {
    let now = turn.now;
    let id = turn.args.text("trigger_id").or(turn.args.text("interactivity_pointer"));
    let Some(trigger) = id.and_then(|id| turn.state.triggers.get_mut(id)) else {
        return refuse("invalid_trigger_id");
    };
    if trigger.used {
        return refuse("exchanged_trigger_id");
    }
    if now.since(trigger.made) > TRIGGER {
        return refuse("expired_trigger_id");
    }
    Ok((trigger.user.clone(), trigger.place.clone()))
}

fn spend(turn: &mut Turn<'_>) {
    let id = turn.args.text("trigger_id").or(turn.args.text("interactivity_pointer"));
    if let Some(trigger) = id.and_then(|id| turn.state.triggers.get_mut(id)) {
        trigger.used = true;
    }
}

/// The argument `view`, checked.
fn view(turn: &mut Turn<'_>, home: bool, own: Option<&str>) -> Result<Value, Refusal> {
    let view = turn.args.structure("view").ok().flatten().filter(Value::is_object);
    let Some(view) = view else {
        return Err(invalid(vec![
            "[ERROR] must provide an object [json-pointer:/view]".to_owned(),
        ]));
    };
    match turn.state.check_view(&view, home, own) {
        Ok(()) => Ok(view),
        Err(Wrong::Code(code)) => refuse(code),
        Err(Wrong::Invalid(messages)) => Err(invalid(messages)),
    }
}

fn invalid(messages: Vec<String>) -> Refusal {
    Refusal::new("invalid_arguments").with("response_metadata", json!({ "messages": messages }))
}

fn answer(view: &OpenView) -> Outcome {
    Ok(json!({ "view": view.json(false) }))
}

pub(super) fn open(turn: &mut Turn<'_>) -> Outcome {
    let (user, place) = trigger(turn)?;
    let view = view(turn, false, None)?;
    spend(turn);
    answer(&turn.state.open_modal(&user, view, place, turn.now))
}

pub(super) fn push(turn: &mut Turn<'_>) -> Outcome {
    let (user, _) = trigger(turn)?;
    let view = view(turn, false, None)?;
    let pushed = turn.state.push_modal(&user, view, turn.now).map_err(Refusal::new)?;
    spend(turn);
    answer(&pushed)
}

pub(super) fn update(turn: &mut Turn<'_>) -> Outcome {
    let (id, external) = (turn.args.text("view_id"), turn.args.text("external_id"));
    let open = match (id, external) {
        (Some(id), _) => turn.state.views.get(id),
        (None, Some(external)) => turn.state.views.values().find(|view| view.external_id() == external),
        (None, None) => {
            return Err(invalid(vec!["[ERROR] missing required field: view_id".to_owned()]));
        }
    };
    let Some(open) = open.cloned() else {
        return refuse("not_found");
    };
    if turn.args.text("hash").is_some_and(|hash| hash != open.hash) {
        return refuse("hash_conflict");
    }
    let view = view(turn, open.view["type"] == "home", Some(&open.id))?;
    let after = turn.state.update_view(&open.id, view, turn.now);
    after.as_ref().map_or_else(|| refuse("not_found"), answer)
}

pub(super) fn publish(turn: &mut Turn<'_>) -> Outcome {
    let user = UserId::from(turn.args.text("user_id").unwrap_or_default());
    if !turn.state.app.has_home {
        return refuse("not_enabled");
    }
    if !turn.state.people.contains_key(&user) {
        return Err(invalid(vec![
            "[ERROR] invalid user_id [json-pointer:/user_id]".to_owned(),
        ]));
    }
    let before = turn.state.home(&user).map(|home| (home.id.clone(), home.hash.clone()));
    if let (Some(given), Some((_, hash))) = (turn.args.text("hash"), &before)
        && given != hash
    {
        return refuse("hash_conflict");
    }
    let view = view(turn, true, before.as_ref().map(|(id, _)| id.as_str()))?;
    let published = turn.state.publish_home(&user, view, turn.now);
    published.as_ref().map_or_else(|| refuse("internal_error"), answer)
}
