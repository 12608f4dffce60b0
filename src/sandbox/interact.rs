//! What people do to the app: commands and clicks.

use std::sync::LazyLock;
use std::time::Duration;

use regex::{Captures, Regex};
use serde_json::{Value, json};
use url::Url;

use super::Sandbox;
use super::args::Args;
use super::deliver::Failure;
use super::events::event_ts;
use super::forms::{self, fields};
use super::methods::Content;
use super::seen::{Answer, Author, RawAnswer, Shown};
use super::state::{APP, Draft, Kind, ResponseUrl, State, TEAM, TEAM_DOMAIN, Trigger};
use super::views::acted;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, UserId};

/// What `should_escape` turns into markup: links, `@name`, `#name`.
static TYPED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(https?://[^\s<>]+)|(^|[\s(])([@#])([\p{L}\p{N}._-]+)").ok());

/// Longest text of a command's answer; Slack truncates longer ones in channels.
const LONGEST: usize = 40_000;

/// Older triggers are not told from invented ones.
const REMEMBERED: Duration = Duration::from_secs(3_600);

impl Sandbox {
    /// A person types a command, such as `/kudos @lee for the refund storm`. With `should_escape` in the manifest,
    /// `@handle` of a known person, `#channel` and links arrive as Slack's markup; anything else stays as typed.
    pub async fn runs_command(&self, user: &UserId, channel: &ChannelId, line: &str) -> Answer {
        self.command(user, channel, line, true).await
    }

    /// The same with the text as it stands: for markup that is already Slack's.
    pub async fn runs_command_raw(&self, user: &UserId, channel: &ChannelId, line: &str) -> Answer {
        self.command(user, channel, line, false).await
    }

    async fn command(&self, user: &UserId, channel: &ChannelId, line: &str, escape: bool) -> Answer {
        let now = self.now();
        let (name, text) = line.split_once(' ').unwrap_or((line, ""));
        let opening = self.opening("commands", user, Some(channel), None, now);
        let prepared = self.with(|state| {
            let command = state.app.commands.iter().find(|command| command.name == name).cloned();
            let person = state
                .people
                .get(user)
                .filter(|person| person.it.other_team.is_none() && !person.it.deleted);
            let (Some(command), Some(person)) = (command, person) else {
                return Err(format!("{name} is not a valid command"));
            };
            let there = state
                .channels
                .get(channel)
                .filter(|there| there.kind == Kind::Public || there.members.contains(user));
            let Some(there) = there else {
                return Err("channel_not_found".to_owned());
            };
            let channel_name = match there.kind {
                Kind::Public => there.name.as_str(),
                Kind::Private => "privategroup",
                Kind::Im => "directmessage",
                Kind::Mpim => "mpdm",
            };
            let text = if escape && command.should_escape {
                state.escape(text, true)
            } else {
                text.to_owned()
            };
            let body = serde_urlencoded::to_string([
                ("token", "deprecated"),
                ("team_id", TEAM),
                ("team_domain", TEAM_DOMAIN),
                ("channel_id", channel.as_str()),
                ("channel_name", channel_name),
                ("user_id", user.as_str()),
                ("user_name", person.it.handle.as_str()),
                ("command", name),
                ("text", text.as_str()),
                ("api_app_id", APP),
                ("is_enterprise_install", "false"),
                ("response_url", opening.response_url.as_str()),
                ("trigger_id", &opening.trigger_id),
            ]);
            body.map(|body| (command.path, body)).map_err(|error| error.to_string())
        });
        let (path, body) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return opening.failed(error),
        };
        self.with(|state| state.last_command = Some((path.clone(), body.clone())));
        let answer = self.send(&path, &body).await;
        let mut seen = opening.judged(answer);
        if seen.error.is_none() && !seen.body.is_empty() {
            let shown = self.with(|state| state.answered(user, channel, line, &seen, now));
            match shown {
                Ok(shown) => seen.message = shown,
                Err(error) => seen.error = Some(error),
            }
        }
        self.settled().await;
        seen
    }

    /// A person clicks the button (or menu) with that `action_id`, or that label, of a message they see. Of several
    /// the first; see [`Sandbox::chooses`] for another one, and for menus.
    pub async fn clicks(&self, user: &UserId, message: &Shown, action: &str) -> Answer {
        self.acts(user, message, action, None).await
    }

    /// A person chooses the option with that value (or label) of a menu, or clicks the button with that value.
    pub async fn chooses(&self, user: &UserId, message: &Shown, action: &str, value: &str) -> Answer {
        self.acts(user, message, action, Some(value)).await
    }

    /// A person types into a field of a message, or chooses there: see [`Sandbox::fills`]. Where the app hears of
    /// changes, it does.
    ///
    /// # Errors
    /// When there is no such message or field, or what was chosen isn't offered.
    pub async fn fills_in(
        &self,
        user: &UserId,
        message: &Shown,
        field: &str,
        values: &[&str],
    ) -> Result<Option<Answer>, String> {
        let now = self.now();
        let told = self.with(|state| {
            let current = state.as_seen_by(user, message)?;
            let found = fields(&current.blocks).find(|it| it.is(field));
            let found = found.ok_or_else(|| format!("no field {field}"))?;
            let entry = state.picked(user, &found, values)?;
            state.fill_message(user, &current, &found, &entry);
            Ok::<_, String>(
                found
                    .tells()
                    .then(|| (acted(&found, entry, event_ts(now)), current.clone())),
            )
        })?;
        match told {
            Some((action, message)) => Ok(Some(self.acts_at(user, &message, Ok(action)).await)),
            None => Ok(None),
        }
    }

    async fn acts(&self, user: &UserId, message: &Shown, action: &str, value: Option<&str>) -> Answer {
        let now = self.now();
        let action = self.with(|state| {
            let current = state.as_seen_by(user, message)?;
            let made = state.chosen(user, &current.blocks, action, value, now)?;
            let found = fields(&current.blocks)
                .find(|it| it.element["action_id"] == made["action_id"] && it.block["block_id"] == made["block_id"]);
            if let Some(found) = found {
                state.fill_message(user, &current, &found, &made);
            }
            Ok::<_, String>(made)
        });
        self.acts_at(user, message, action).await
    }

    async fn acts_at(&self, user: &UserId, message: &Shown, action: Result<Value, String>) -> Answer {
        let now = self.now();
        let opening = self.opening("actions", user, Some(&message.channel), Some(message), now);
        let prepared = self.with(|state| {
            let current = state.as_seen_by(user, message)?;
            let ephemeral = current.only_for.is_some();
            let mut fields = json!({
                "container": {
                    "type": "message", "message_ts": current.ts, "channel_id": current.channel,
                    "is_ephemeral": ephemeral,
                },
                "channel": state.place_json(&current.channel), "actions": [action?],
                "state": { "values": state.message_values(user, &current) },
                "response_url": opening.response_url.as_str(),
            });
            if let Some(parent) = &current.thread_ts {
                fields["container"]["thread_ts"] = json!(parent);
            }
            // Whether Slack sends the body of an ephemeral message is not confirmed: a careful app does without.
            if !ephemeral {
                fields["message"] = state.told(&current);
            }
            state.interaction("block_actions", user, &opening, fields)
        });
        let seen = self.interact(opening, prepared).await;
        if seen.error.is_none() && !seen.body.is_empty() {
            self.with(|state| state.note(format!("a click was answered with a body: {}", seen.body)));
        }
        self.settled().await;
        seen
    }

    /// Sends an interactive payload, if there is one.
    pub(super) async fn interact(&self, opening: Opening, prepared: Result<(String, String), String>) -> Answer {
        match prepared {
            Ok((path, body)) => {
                let answer = self.send(&path, &body).await;
                opening.judged(answer)
            }
            Err(error) => opening.failed(error),
        }
    }

    /// A new trigger, and a new response_url; without a channel that leads nowhere.
    pub(super) fn opening(
        &self,
        kind: &str,
        user: &UserId,
        channel: Option<&ChannelId>,
        of: Option<&Shown>,
        now: Instant,
    ) -> Opening {
        self.with(|state| self.opening_in(state, kind, user, channel, of, now))
    }

    pub(super) fn opening_in(
        &self,
        state: &mut State,
        kind: &str,
        user: &UserId,
        channel: Option<&ChannelId>,
        of: Option<&Shown>,
        now: Instant,
    ) -> Opening {
        let number = state.next();
        let key = format!("{number}{}", crate::base::ids::new_id(now));
        let mut response_url = self.inner.base.clone();
        response_url.set_path(&format!("/{kind}/{TEAM}/{number}/{key}"));
        if let Some(channel) = channel {
            let url = ResponseUrl {
                user: user.clone(),
                channel: channel.clone(),
                original: of.map(|shown| shown.ts.clone()),
                original_is_ephemeral: of.is_some_and(|shown| shown.only_for.is_some()),
                uses: 0,
                made: now,
            };
            state.response_urls.insert(key.clone(), url);
        }
        let trigger_id = format!("{number}.{}.{key}", now.millis());
        let trigger = Trigger {
            user: user.clone(),
            place: channel.cloned(),
            made: now,
            used: false,
        };
        state.triggers.retain(|_, old| now.since(old.made) < REMEMBERED);
        state.triggers.insert(trigger_id.clone(), trigger);
        Opening {
            trigger_id,
            response_url,
        }
    }
}

/// Path and body of an interactive payload.
pub(super) fn form(state: &State, payload: &Value) -> Result<(String, String), String> {
    let path = state.app.interactivity_path.clone();
    let path = path.ok_or_else(|| "interactivity is off".to_owned())?;
    let body = serde_urlencoded::to_string([("payload", payload.to_string())]);
    body.map(|body| (path, body)).map_err(|error| error.to_string())
}

pub(super) struct Opening {
    pub trigger_id: String,
    pub response_url: Url,
}

impl Opening {
    pub(super) fn failed(self, error: String) -> Answer {
        Answer {
            status: None,
            body: String::new(),
            json: false,
            message: None,
            error: Some(error),
            trigger_id: self.trigger_id,
            response_url: self.response_url,
        }
    }

    fn judged(self, answer: Result<RawAnswer, Failure>) -> Answer {
        let (raw, error) = match answer {
            Ok(raw) => {
                let error = match raw.status {
                    Some(200) => None,
                    Some(500..) => Some("http_service_error"),
                    _ => Some("http_client_error"),
                };
                (Some(raw), error)
            }
            Err(Failure::Timeout) => (None, Some("operation_timeout")),
            Err(Failure::Connection) => (None, Some("dispatch_failed")),
        };
        let mut judged = self.failed(String::new());
        judged.error = error.map(str::to_owned);
        if let Some(raw) = raw {
            judged.status = raw.status;
            judged.json = raw
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("application/json"));
            judged.body = raw.body;
        }
        judged
    }
}

impl State {
    /// Shows the body of a command's answer: a JSON message, or plain text to the person alone.
    fn answered(
        &mut self,
        user: &UserId,
        channel: &ChannelId,
        line: &str,
        answer: &Answer,
        now: Instant,
    ) -> Result<Option<Shown>, String> {
        if !answer.json {
            let text = answer.body.clone();
            if text.trim_start().starts_with('{') {
                self.note("a command was answered with JSON that does not say so in its Content-Type");
            }
            let draft = Draft {
                text,
                ..Draft::empty(Author::Bot)
            };
            return Ok(self.whisper(channel, user, draft, now));
        }
        let args = Args::of_json(answer.body.as_bytes());
        if let Some(error) = args.refusal {
            self.note(format!("a command's answer: {error}"));
            return Err(error.to_owned());
        }
        let public = args.text("response_type") == Some("in_channel");
        if public {
            // Everybody sees what was typed, and then the answer.
            let typed = Draft {
                text: line.to_owned(),
                typed_command: true,
                ..Draft::empty(Author::Person(user.clone()))
            };
            self.post(channel, typed, now);
            if !args.has("text") && !args.has("blocks") {
                return Ok(None);
            }
        }
        let content = Content::read(self, &args, LONGEST).map_err(|refusal| {
            self.note(format!(
                "a command's answer: {} {}",
                refusal.error,
                Value::Object(refusal.extra)
            ));
            refusal.error
        })?;
        let draft = Draft {
            classic_bot: true,
            ..content.draft()
        };
        Ok(if public {
            self.post(channel, draft, now)
        } else {
            self.whisper(channel, user, draft, now)
        })
    }

    /// The message as it stands now, if that person can see it.
    pub(super) fn as_seen_by(&self, user: &UserId, message: &Shown) -> Result<Shown, String> {
        let current = match &message.only_for {
            Some(only) if only != user => None,
            Some(_) => self
                .ephemeral
                .iter()
                .find(|shown| shown.ts == message.ts && shown.channel == message.channel),
            None => self
                .channels
                .get(&message.channel)
                .filter(|channel| channel.kind == Kind::Public || channel.members.contains(user))
                .and_then(|_| self.message(&message.channel, &message.ts)),
        };
        current.cloned().ok_or_else(|| "message_not_found".to_owned())
    }

    /// What Slack makes of typed text. `labelled` gives `<@U…|handle>`, as in commands; messages carry `<@U…>`.
    /// That `&`, `<` and `>` become entities in commands too is not confirmed by Slack's documentation.
    pub(super) fn escape(&self, text: &str, labelled: bool) -> String {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let Some(typed) = &*TYPED else { return text };
        typed
            .replace_all(&text, |hit: &Captures<'_>| match hit.get(1) {
                Some(link) => format!("<{}>", link.as_str()),
                None => {
                    let full = hit[4].trim_end_matches(['.', '-', '_']);
                    let rest = &hit[4][full.len()..];
                    match self.reference_of(&hit[3], full, labelled) {
                        Some(reference) => format!("{}{reference}{rest}", &hit[2]),
                        None => hit[0].to_owned(),
                    }
                }
            })
            .into_owned()
    }

    fn reference_of(&self, sign: &str, name: &str, labelled: bool) -> Option<String> {
        if sign == "#" {
            let channel = self
                .channels
                .values()
                .find(|channel| !channel.name.is_empty() && channel.name == name)?;
            let label = if channel.kind == Kind::Public { name } else { "" };
            return Some(format!("<#{}|{label}>", channel.id));
        }
        if matches!(name, "here" | "channel" | "everyone") {
            return Some(format!("<!{name}>"));
        }
        if let Some(person) = self.people.values().find(|person| person.it.handle == name) {
            let label = if labelled { format!("|{name}") } else { String::new() };
            return Some(format!("<@{}{label}>", person.id));
        }
        let group = self
            .groups
            .values()
            .find(|group| group.handle == name && group.disabled_at.is_none())?;
        Some(format!("<!subteam^{}|@{name}>", group.id))
    }
}

impl State {
    /// What every interactive payload has, and `fields`.
    pub(super) fn interaction_json(&self, kind: &str, user: &UserId, fields: Value) -> Result<Value, String> {
        let person = self.people.get(user).ok_or_else(|| "user_not_found".to_owned())?;
        let mut payload = json!({
            "type": kind, "team": { "id": TEAM, "domain": TEAM_DOMAIN }, "api_app_id": APP,
            "user": {
                "id": user, "username": person.it.handle, "name": person.it.handle,
                "team_id": person.it.other_team.as_deref().unwrap_or(TEAM),
            },
            "token": "deprecated", "enterprise": null, "is_enterprise_install": false,
        });
        if let (Some(payload), Value::Object(fields)) = (payload.as_object_mut(), fields) {
            payload.extend(fields);
        }
        Ok(payload)
    }

    /// Path and body of an interactive payload that may open a modal.
    pub(super) fn interaction(
        &self,
        kind: &str,
        user: &UserId,
        opening: &Opening,
        fields: Value,
    ) -> Result<(String, String), String> {
        let mut payload = self.interaction_json(kind, user, fields)?;
        payload["trigger_id"] = json!(opening.trigger_id);
        form(self, &payload)
    }

    /// `state.values` of a message for that person.
    fn message_values(&self, user: &UserId, message: &Shown) -> Value {
        let mut values = self.first_values(&message.blocks, Some(&message.channel));
        let key = (user.clone(), message.channel.clone(), message.ts.clone());
        if let Some(filled) = self.filled.get(&key) {
            forms::survive(filled, &message.blocks, &mut values);
        }
        values
    }

    fn fill_message(&mut self, user: &UserId, message: &Shown, field: &forms::Field<'_>, entry: &Value) {
        let mut values = self.message_values(user, message);
        if forms::get(&values, field).is_null() {
            return;
        }
        let mut entry = entry.clone();
        if let Some(entry) = entry.as_object_mut() {
            entry.retain(|key, _| !matches!(key.as_str(), "action_id" | "block_id" | "action_ts"));
        }
        forms::set(&mut values, field, entry);
        let key = (user.clone(), message.channel.clone(), message.ts.clone());
        self.filled.insert(key, values);
    }

    /// The entry of `actions` for the first button of that name (and value), or for a menu and what is chosen there;
    /// without a value the menu's first option.
    pub(super) fn chosen(
        &self,
        user: &UserId,
        blocks: &Value,
        action: &str,
        value: Option<&str>,
        now: Instant,
    ) -> Result<Value, String> {
        for field in fields(blocks).filter(|field| field.is(action)) {
            if field.kind() == "button" {
                let element = field.element;
                if value.is_some_and(|value| element["value"] != value) {
                    continue;
                }
                let mut made = json!({ "type": "button", "text": element["text"] });
                if let Some(value) = element.get("value") {
                    made["value"] = value.clone();
                }
                return Ok(acted(&field, made, event_ts(now)));
            }
            let first = field.first_option();
            if let Some(value) = value.or(first.as_deref())
                && let Ok(entry) = self.picked(user, &field, &[value])
            {
                return Ok(acted(&field, entry, event_ts(now)));
            }
        }
        Err(format!("no {action} to click"))
    }
}
