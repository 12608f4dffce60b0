//! Modals and App Homes: what is open, and what people do in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Sandbox;
use super::checks;
use super::events::event_ts;
use super::forms::{self, fields};
use super::interact::form;
use super::seen::{Answer, Seen};
use super::state::{APP, BOT_ID, State, TEAM};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, UserId};

/// Slack: three views in one stack.
pub(super) const STACK: usize = 3;
/// Slack: a whole view.
pub(super) const LARGEST: usize = 250_000;
const TROUBLE: &str = "We had some trouble connecting. Try again?";

/// A modal or an App Home as one person has it before them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenView {
    /// Slack's id, `V…`.
    pub id: String,
    /// Changes with every change of the view; refuses late writes.
    pub hash: String,
    /// Whose it is.
    pub user: UserId,
    /// The view as the app sent it (missing ids filled in).
    pub view: Value,
    /// `state.values`: block_id, action_id, and what the element holds.
    pub values: Value,
    /// What is wrong with an input, by its block_id: what the app answered, or Slack's own checks.
    pub errors: BTreeMap<String, String>,
    /// What Slack says at the top when the app did not answer a submission as it should.
    pub problem: Option<String>,
    /// Where the person was when it was opened.
    pub(super) place: Option<ChannelId>,
    pub(super) root: String,
    pub(super) previous: Option<String>,
}

impl OpenView {
    /// The title; empty for a Home.
    pub fn title(&self) -> &str {
        self.view["title"]["text"].as_str().unwrap_or_default()
    }

    /// The blocks, ids filled in.
    pub fn blocks(&self) -> &Value {
        &self.view["blocks"]
    }

    /// What the app keeps in it.
    pub fn private_metadata(&self) -> &str {
        self.view["private_metadata"].as_str().unwrap_or_default()
    }

    pub(super) fn external_id(&self) -> &str {
        self.view["external_id"].as_str().unwrap_or_default()
    }

    fn is_modal(&self) -> bool {
        self.view["type"] == "modal"
    }

    /// The view as Slack sends it; `bare` without the values of input blocks.
    pub(super) fn json(&self, bare: bool) -> Value {
        let text = |key: &str| self.view.get(key).cloned().unwrap_or_else(|| json!(""));
        let mut values = self.values.clone();
        if bare && let Some(map) = values.as_object_mut() {
            for field in fields(self.blocks()).filter(|field| field.is_input()) {
                map.remove(field.block["block_id"].as_str().unwrap_or_default());
            }
        }
        json!({
            "id": self.id, "team_id": TEAM, "type": self.view["type"], "blocks": self.blocks(),
            "private_metadata": text("private_metadata"), "callback_id": text("callback_id"),
            "external_id": text("external_id"), "state": { "values": values }, "hash": self.hash,
            "title": self.view["title"], "submit": self.view["submit"], "close": self.view["close"],
            "clear_on_close": self.view["clear_on_close"] == true,
            "notify_on_close": self.view["notify_on_close"] == true,
            "previous_view_id": self.previous, "root_view_id": self.root, "app_id": APP,
            "app_installed_team_id": TEAM, "bot_id": BOT_ID,
        })
    }
}

/// Why a view isn't taken.
pub(super) enum Wrong {
    Code(&'static str),
    /// Slack's messages, with `[json-pointer:…]`.
    Invalid(Vec<String>),
}

impl State {
    /// The view on top of that person's stack.
    pub(super) fn top(&self, user: &UserId) -> Option<&OpenView> {
        self.views.get(self.stacks.get(user)?.last()?)
    }

    fn top_mut(&mut self, user: &UserId) -> Option<&mut OpenView> {
        self.views.get_mut(self.stacks.get(user)?.last()?)
    }

    /// Checks a view; `own` is the view whose external_id it may repeat.
    pub(super) fn check_view(&mut self, view: &Value, home: bool, own: Option<&str>) -> Result<(), Wrong> {
        if view.to_string().len() > LARGEST {
            return Err(Wrong::Code("view_too_large"));
        }
        let checked = checks::view(view, home);
        for what in checked.unchecked {
            self.note(format!("not checked by the sandbox: {what}"));
        }
        if !checked.errors.is_empty() {
            return Err(Wrong::Invalid(checked.errors));
        }
        let external = view["external_id"].as_str().unwrap_or_default();
        let taken = |other: &OpenView| Some(other.id.as_str()) != own && other.external_id() == external;
        if !external.is_empty() && self.views.values().any(taken) {
            return Err(Wrong::Code("duplicate_external_id"));
        }
        Ok(())
    }

    fn made(&mut self, user: &UserId, mut view: Value, place: Option<ChannelId>, now: Instant) -> OpenView {
        self.fill_ids(&mut view["blocks"]);
        let id = self.next_id("V");
        OpenView {
            hash: format!("{}.{}", now.seconds(), self.next()),
            user: user.clone(),
            values: self.first_values(&view["blocks"], place.as_ref()),
            view,
            errors: BTreeMap::new(),
            problem: None,
            place,
            root: id.clone(),
            previous: None,
            id,
        }
    }

    /// Opens a modal for that person. What they had open goes, unheard: what Slack does then is not in its reference.
    pub(super) fn open_modal(
        &mut self,
        user: &UserId,
        view: Value,
        place: Option<ChannelId>,
        now: Instant,
    ) -> OpenView {
        self.close_all(user);
        let made = self.made(user, view, place, now);
        self.put_view(user, made)
    }

    /// Puts a modal on top of the others; `None` when there is none, or three already.
    pub(super) fn push_modal(&mut self, user: &UserId, view: Value, now: Instant) -> Result<OpenView, &'static str> {
        let Some(below) = self.top(user).cloned() else {
            return Err("not_found");
        };
        if self.stacks.get(user).is_some_and(|stack| stack.len() >= STACK) {
            return Err("push_limit_reached");
        }
        let mut made = self.made(user, view, below.place, now);
        made.root = below.root;
        made.previous = Some(below.id);
        Ok(self.put_view(user, made))
    }

    fn put_view(&mut self, user: &UserId, view: OpenView) -> OpenView {
        self.views.insert(view.id.clone(), view.clone());
        self.stacks.entry(user.clone()).or_default().push(view.id.clone());
        self.view_seen(user);
        view
    }

    /// Shows another view in the place of an open one. What people filled in stays where the ids stay.
    pub(super) fn update_view(&mut self, id: &str, mut view: Value, now: Instant) -> Option<OpenView> {
        let before = self.views.get(id)?.clone();
        self.fill_ids(&mut view["blocks"]);
        let mut values = self.first_values(&view["blocks"], before.place.as_ref());
        forms::survive(&before.values, &view["blocks"], &mut values);
        let after = OpenView {
            hash: format!("{}.{}", now.seconds(), self.next()),
            view,
            values,
            errors: BTreeMap::new(),
            problem: None,
            ..before
        };
        self.views.insert(id.to_owned(), after.clone());
        self.view_seen(&after.user);
        Some(after)
    }

    pub(super) fn publish_home(&mut self, user: &UserId, view: Value, now: Instant) -> Option<OpenView> {
        if let Some(id) = self.homes.get(user).cloned() {
            return self.update_view(&id, view, now);
        }
        let made = self.made(user, view, None, now);
        self.homes.insert(user.clone(), made.id.clone());
        self.views.insert(made.id.clone(), made.clone());
        self.view_seen(user);
        Some(made)
    }

    pub(super) fn home(&self, user: &UserId) -> Option<&OpenView> {
        self.views.get(self.homes.get(user)?)
    }

    fn close_top(&mut self, user: &UserId) {
        if let Some(id) = self.stacks.get_mut(user).and_then(Vec::pop) {
            self.views.remove(&id);
        }
        self.view_seen(user);
    }

    fn close_all(&mut self, user: &UserId) {
        for id in self.stacks.remove(user).unwrap_or_default() {
            self.views.remove(&id);
        }
        self.view_seen(user);
    }

    fn view_seen(&self, user: &UserId) {
        // Nobody may be watching.
        let _ = self.seen.send(Seen::View(user.clone()));
    }

    /// What the app's answer to a submission makes of the modal; `Err` is what is odd about it.
    fn submitted(&mut self, user: &UserId, id: &str, answer: &Answer, now: Instant) -> Result<(), String> {
        if answer.body.is_empty() {
            self.close_top(user);
            return Ok(());
        }
        let body: Value = serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))?;
        let checked = |state: &mut Self, own: Option<&str>| {
            state
                .check_view(&body["view"], false, own)
                .map_err(|wrong| match wrong {
                    Wrong::Code(code) => code.to_owned(),
                    Wrong::Invalid(errors) => errors.join(" "),
                })
        };
        match body["response_action"].as_str() {
            None if body == json!({}) => self.close_top(user),
            Some("clear") => self.close_all(user),
            Some("errors") => {
                let errors: BTreeMap<String, String> =
                    serde_json::from_value(body["errors"].clone()).map_err(|error| error.to_string())?;
                let view = self.views.get_mut(id).ok_or("the view is gone")?;
                let is_input =
                    |id: &String| fields(view.blocks()).any(|it| it.is_input() && it.block["block_id"] == **id);
                if errors.is_empty() || !errors.keys().all(is_input) {
                    return Err(format!("errors that belong to no input: {}", body["errors"]));
                }
                view.errors = errors;
                self.view_seen(user);
            }
            Some("update") => {
                checked(self, Some(id))?;
                self.update_view(id, body["view"].clone(), now)
                    .ok_or("the view is gone")?;
            }
            Some("push") => {
                checked(self, None)?;
                self.push_modal(user, body["view"].clone(), now)?;
            }
            other => return Err(format!("an unknown response_action: {other:?}")),
        }
        if !answer.json {
            self.note("a submission was answered with JSON that does not say so in its Content-Type");
        }
        Ok(())
    }
}

impl Sandbox {
    /// The modal that a person has before them: the top of their stack.
    pub fn modal(&self, user: &UserId) -> Option<OpenView> {
        self.with(|state| state.top(user).cloned())
    }

    /// The App Home as it was last published for that person.
    pub fn home(&self, user: &UserId) -> Option<OpenView> {
        self.with(|state| state.home(user).cloned())
    }

    /// A view as people read it: the title in front, fields with what they hold, errors below them, buttons last.
    pub fn rendered_view(&self, view: &OpenView) -> String {
        self.with(|state| state.render_view(view))
    }

    /// A person opens the app's Home tab: `app_home_opened`, every time. Nothing happens where the tab is off.
    pub async fn opens_home(&self, user: &UserId) {
        self.opens_tab(user, "home").await;
    }

    /// A person opens the app's Messages tab: `app_home_opened` too.
    pub async fn opens_messages(&self, user: &UserId) {
        self.opens_tab(user, "messages").await;
    }

    async fn opens_tab(&self, user: &UserId, tab: &str) {
        let now = self.now();
        self.with(|state| {
            if !(if tab == "home" {
                state.app.has_home
            } else {
                state.app.takes_messages
            }) {
                return;
            }
            let channel = state.open_dm(user, now);
            let mut event = json!({
                "type": "app_home_opened", "user": user, "channel": channel, "tab": tab,
                "event_ts": event_ts(now).replace('.', ""),
            });
            if let Some(view) = state.home(user) {
                event["view"] = view.json(false);
            }
            if state.app.events.contains("app_home_opened") {
                state.enqueue(event, now);
            }
        });
        self.settled().await;
    }

    /// A person fills a field of the modal before them, or of their Home when there is none. The field goes by its
    /// label, its placeholder, or an id; text as typed, people by handle or id, places by name or id, options by
    /// label or value, and nothing empties it. Where the app hears of changes, it does: that answer is returned.
    ///
    /// # Errors
    /// When there is no such field, or what was chosen isn't offered.
    pub async fn fills(&self, user: &UserId, field: &str, values: &[&str]) -> Result<Option<Answer>, String> {
        let tells = self.with(|state| {
            let view = state.before(user).ok_or("nothing is open")?.clone();
            let found = fields(view.blocks()).find(|it| it.is(field));
            let found = found.ok_or_else(|| format!("no field {field}"))?;
            let entry = state.picked(user, &found, values)?;
            if let Some(view) = state.views.get_mut(&view.id) {
                forms::set(&mut view.values, &found, entry.clone());
                let block = found.block["block_id"].as_str().unwrap_or_default();
                view.errors.remove(block);
            }
            state.view_seen(user);
            let tells = found.tells();
            Ok::<_, String>(tells.then(|| (view.id.clone(), acted(&found, entry, event_ts(self.now())))))
        })?;
        match tells {
            Some((id, action)) => Ok(Some(self.acts_in_view(user, &id, action).await)),
            None => Ok(None),
        }
    }

    /// A person presses a button (by label or action_id) of the modal before them, or of their Home when there is
    /// none, or chooses from a menu there: `value` is the option, or tells buttons of one name apart.
    pub async fn presses(&self, user: &UserId, action: &str, value: Option<&str>) -> Answer {
        let now = self.now();
        let found = self.with(|state| {
            let view = state.before(user).ok_or("nothing is open")?.clone();
            let action = state.chosen(user, view.blocks(), action, value, now)?;
            Ok::<_, String>((view.id, action))
        });
        match found {
            Ok((id, action)) => self.acts_in_view(user, &id, action).await,
            Err(error) => self.opening("views", user, None, None, now).failed(error),
        }
    }

    async fn acts_in_view(&self, user: &UserId, id: &str, action: Value) -> Answer {
        let now = self.now();
        let opening = self.opening("views", user, None, None, now);
        let prepared = self.with(|state| {
            let view = state.views.get(id).ok_or("the view is gone")?;
            let fields = json!({
                "container": { "type": "view", "view_id": id }, "view": view.json(false), "actions": [action],
            });
            state.interaction("block_actions", user, &opening, fields)
        });
        let seen = self.interact(opening, prepared).await;
        if seen.error.is_none() && !seen.body.is_empty() {
            self.with(|state| state.note(format!("a press was answered with a body: {}", seen.body)));
        }
        self.settled().await;
        seen
    }

    /// A person submits the modal before them. Slack's own checks come first: then `error` is `invalid_fields`, and
    /// nothing was sent. A late or failed answer leaves the modal open with everything in it.
    pub async fn submits(&self, user: &UserId) -> Answer {
        let now = self.now();
        let opening = self.opening("views", user, None, None, now);
        let prepared = self.with(|state| {
            let view = state.top_mut(user).ok_or("no modal is open")?;
            if !view.view["submit"].is_object() {
                return Err("the modal has nothing to submit".to_owned());
            }
            view.problem = None;
            view.errors = fields(&view.view["blocks"])
                .filter(|field| field.is_input())
                .filter_map(|field| {
                    let block = field.block["block_id"].as_str()?.to_owned();
                    Some((block, field.complaint(forms::get(&view.values, &field))?))
                })
                .collect();
            let view = view.clone();
            state.view_seen(user);
            if !view.errors.is_empty() {
                return Err("invalid_fields".to_owned());
            }
            let urls = self.response_urls(state, &view, now);
            let fields = json!({ "view": view.json(false), "response_urls": urls });
            let prepared = state.interaction("view_submission", user, &opening, fields)?;
            Ok((view.id, prepared))
        });
        let (id, prepared) = match prepared {
            Ok((id, prepared)) => (id, Ok(prepared)),
            Err(error) => return opening.failed(error),
        };
        let mut seen = self.interact(opening, prepared).await;
        self.with(|state| {
            if seen.error.is_none()
                && let Err(odd) = state.submitted(user, &id, &seen, now)
            {
                state.note(format!("a submission's answer: {odd}"));
                seen.error = Some(odd);
            }
            if seen.error.is_some()
                && let Some(view) = state.views.get_mut(&id)
            {
                view.problem = Some(TROUBLE.to_owned());
                state.view_seen(user);
            }
        });
        self.settled().await;
        seen
    }

    /// The response_urls that a submission carries for selects with `response_url_enabled`.
    fn response_urls(&self, state: &mut State, view: &OpenView, now: Instant) -> Vec<Value> {
        let mut urls = Vec::new();
        for field in fields(view.blocks()).filter(|field| field.element["response_url_enabled"] == true) {
            let value = forms::get(&view.values, &field);
            let chosen = value["selected_conversation"]
                .as_str()
                .or(value["selected_channel"].as_str());
            if let Some(channel) = chosen.map(ChannelId::from) {
                let opening = self.opening_in(state, "app", &view.user, Some(&channel), None, now);
                urls.push(json!({
                    "block_id": field.block["block_id"], "action_id": field.element["action_id"],
                    "channel_id": channel, "response_url": opening.response_url.as_str(),
                }));
            }
        }
        urls
    }

    /// A person closes the modal before them with its close button: the one below shows again, unless
    /// `clear_on_close`. With `all` it is the cross, that closes the whole stack. The app hears of it where
    /// `notify_on_close`: then that answer is returned.
    pub async fn closes(&self, user: &UserId, all: bool) -> Option<Answer> {
        let now = self.now();
        let told = self.with(|state| {
            let top = state.top(user)?.clone();
            let all = all || top.view["clear_on_close"] == true;
            let told = if all {
                state.views.get(&top.root).cloned().unwrap_or(top)
            } else {
                top
            };
            if all {
                state.close_all(user);
            } else {
                state.close_top(user);
            }
            (told.view["notify_on_close"] == true).then_some((told, all))
        });
        let (view, is_cleared) = told?;
        let opening = self.opening("views", user, None, None, now);
        let fields = json!({ "view": view.json(true), "is_cleared": is_cleared });
        let prepared = self.with(|state| {
            let mut payload = state.interaction_json("view_closed", user, fields)?;
            // Nothing can be opened from a view that is closed.
            payload["trigger_id"] = Value::Null;
            form(state, &payload)
        });
        let seen = self.interact(opening, prepared).await;
        self.settled().await;
        Some(seen)
    }
}

/// The entry of `actions` for an element and what it now holds.
pub(super) fn acted(field: &forms::Field<'_>, entry: Value, action_ts: String) -> Value {
    let mut action = entry;
    action["action_id"] = field.element["action_id"].clone();
    action["block_id"] = field.block["block_id"].clone();
    action["action_ts"] = json!(action_ts);
    action
}

impl State {
    /// The modal before a person, or their Home.
    fn before(&self, user: &UserId) -> Option<&OpenView> {
        self.top(user).or_else(|| self.home(user))
    }

    fn render_view(&self, view: &OpenView) -> String {
        let mut lines: Vec<String> = Vec::new();
        if view.is_modal() {
            lines.push(format!("== {} ==", view.title()));
        }
        lines.extend(view.problem.clone().map(|problem| format!("! {problem}")));
        for block in view.blocks().as_array().into_iter().flatten() {
            if block["type"] != "input" {
                lines.push(self.block(block, &view.values));
                continue;
            }
            let optional = if block["optional"] == true { " (optional)" } else { "" };
            let label = block["label"]["text"].as_str().unwrap_or_default();
            let single = json!([block]);
            let held = fields(&single).next().map(|field| self.held(&field, &view.values));
            lines.push(format!("{label}{optional}: {}", held.unwrap_or_default()));
            lines.extend(block["hint"]["text"].as_str().map(|hint| format!("  {hint}")));
            let error = block["block_id"].as_str().and_then(|id| view.errors.get(id));
            lines.extend(error.map(|error| format!("  ! {error}")));
        }
        let buttons: Vec<String> = ["close", "submit"]
            .into_iter()
            .filter_map(|key| view.view[key]["text"].as_str())
            .map(|text| format!("[{text}]"))
            .collect();
        if !buttons.is_empty() {
            lines.push(buttons.join(" "));
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }
}
