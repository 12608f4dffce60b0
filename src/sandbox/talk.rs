//! What people write, change, delete and react with.

use serde_json::json;

use super::Sandbox;
use super::messages::TOMBSTONE;
use super::seen::{Author, Reaction, Seen, SharedFile, Shown};
use super::state::{Draft, State};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};

/// How a message is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Typed into the message field.
    #[default]
    Plain,
    /// `/me …`: `me_message`.
    Me,
    /// With a file of that name, text beside it: `file_share`.
    WithFile(String),
    /// A reply that is also sent to the channel: `thread_broadcast`. Plain without a thread.
    Broadcast,
    /// By an app in the person's name, with the footer "Sent using @app". Whether Slack adds a `bot_id` there is not
    /// confirmed; here only the footer tells.
    SentUsing(UserId),
    /// Through the webhook of another app (or a workflow): `bot_message`, with a `bot_id` and no `user`.
    Webhook,
}

impl Sandbox {
    /// A person writes a message (`thread_ts`: a reply). `@handle`, `#channel` and links become Slack's markup.
    /// `None` if Slack doesn't take it; see [`Sandbox::posts`].
    pub async fn says(
        &self,
        user: &UserId,
        channel: &ChannelId,
        text: &str,
        thread_ts: Option<&Shown>,
    ) -> Option<Shown> {
        self.posts(user, channel, text, thread_ts, Manner::Plain).await.ok()
    }

    /// A person (or another app's bot user) writes a message in a manner of its own.
    ///
    /// # Errors
    /// Why Slack doesn't take it: `channel_not_found`, `not_in_channel`, `is_archived`, `messages_tab_disabled` (the
    /// app's DM can only be read), `cannot_reply_to_message` (ephemeral or gone).
    pub async fn posts(
        &self,
        user: &UserId,
        channel: &ChannelId,
        text: &str,
        thread: Option<&Shown>,
        manner: Manner,
    ) -> Result<Shown, String> {
        let now = self.now();
        let shown = self.with(|state| {
            state.writable(user, channel)?;
            let parent = match thread {
                None => None,
                Some(of) => Some(state.parent_of(of).ok_or("cannot_reply_to_message")?),
            };
            let draft = state.written(user, text, parent, manner);
            state
                .post(channel, draft, now)
                .ok_or_else(|| "channel_not_found".to_owned())
        });
        self.settled().await;
        shown
    }

    /// A person changes the text of a message of their own: `message_changed` with `edited`. The same text changes
    /// nothing, and nobody hears of it.
    ///
    /// # Errors
    /// `message_not_found`, or `cant_update_message` for somebody else's.
    pub async fn edits(&self, user: &UserId, message: &Shown, text: &str) -> Result<Shown, String> {
        let now = self.now();
        let shown = self.with(|state| {
            let current = state.as_seen_by(user, message)?;
            if current.author != Author::Person(user.clone()) || current.subtype.as_deref() == Some(TOMBSTONE) {
                return Err("cant_update_message".to_owned());
            }
            let text = state.escape(text, false);
            if text == current.text {
                return Ok(current);
            }
            let pings = super::render::mentions(&text, &json!([]));
            state
                .edit(&current.channel, &current.ts, now, |message| {
                    message.text = text;
                    message.blocks = json!([]);
                    (message.pings, message.broadcasts) = pings;
                })
                .ok_or_else(|| "message_not_found".to_owned())
        });
        self.settled().await;
        shown
    }

    /// A person deletes a message: `message_deleted`, or a tombstone where it has replies. Their own; admins delete
    /// anybody's.
    ///
    /// # Errors
    /// `message_not_found`, or `cant_delete_message` for somebody else's.
    pub async fn deletes(&self, user: &UserId, message: &Shown) -> Result<Shown, String> {
        let now = self.now();
        let gone = self.with(|state| {
            let current = state.as_seen_by(user, message)?;
            let admin = state.people.get(user).is_some_and(|it| it.it.admin || it.it.owner);
            let own = current.author == Author::Person(user.clone());
            if current.only_for.is_some() || current.subtype.as_deref() == Some(TOMBSTONE) || !(own || admin) {
                return Err("cant_delete_message".to_owned());
            }
            state
                .delete(&current.channel, &current.ts, now)
                .ok_or_else(|| "message_not_found".to_owned())
        });
        self.settled().await;
        gone
    }

    /// Slack unfolds a link of the message: `message_changed` with the same text and without a new `edited`.
    pub async fn unfurls(&self, message: &Shown) {
        let now = self.now();
        self.with(|state| {
            let Some(there) = state.channels.get_mut(&message.channel) else {
                return;
            };
            let event_ts = there.next_ts(now);
            let Some(current) = there.messages.iter().find(|shown| shown.ts == message.ts).cloned() else {
                return;
            };
            let mut new = there.message_json(&current, true);
            new["attachments"] = json!([{ "id": 1, "title": "A page", "from_url": "https://wiki.example/page",
                "original_url": "https://wiki.example/page", "fallback": "A page" }]);
            state.emit_noise(&current, new, &event_ts, now);
        });
        self.settled().await;
    }

    /// A person reacts: `reaction_added`. The name comes with or without colons, with a skin tone or without:
    /// `:+1::skin-tone-3:`.
    ///
    /// # Errors
    /// `message_not_found` (an ephemeral one can't be reacted to), `not_in_channel`, `is_archived`, `invalid_name`,
    /// or `already_reacted`, under an alias too.
    pub async fn reacts(&self, user: &UserId, message: &Shown, emoji: &str) -> Result<Shown, String> {
        self.reaction(user, message, emoji, true).await
    }

    /// A person takes a reaction back: `reaction_removed`.
    ///
    /// # Errors
    /// As [`Sandbox::reacts`]; `no_reaction` instead of `already_reacted`.
    pub async fn unreacts(&self, user: &UserId, message: &Shown, emoji: &str) -> Result<Shown, String> {
        self.reaction(user, message, emoji, false).await
    }

    async fn reaction(&self, user: &UserId, message: &Shown, emoji: &str, add: bool) -> Result<Shown, String> {
        let now = self.now();
        let shown = self.with(|state| state.react(user, message, emoji, add, now));
        self.settled().await;
        shown
    }
}

/// One name for each emoji: without skin tone, and of aliases the one that Slack's own picker sends.
fn emoji(name: &str) -> &str {
    match name.split("::").next().unwrap_or(name) {
        "thumbsup" => "+1",
        "thumbsdown" => "-1",
        name => name,
    }
}

impl State {
    /// Whether that person can write there.
    fn writable(&self, user: &UserId, channel: &ChannelId) -> Result<(), String> {
        let there = self.channels.get(channel).filter(|there| there.open_to(user));
        let refused = match there {
            None => "channel_not_found",
            Some(there) if there.archived => "is_archived",
            Some(there) if there.dm_partner().is_some() && (!self.app.takes_messages || self.app.read_only) => {
                "messages_tab_disabled"
            }
            // Other apps post through their own permissions.
            Some(there) if !there.members.contains(user) && !self.is_app(user) => "not_in_channel",
            Some(_) => return Ok(()),
        };
        Err(refused.to_owned())
    }

    fn is_app(&self, user: &UserId) -> bool {
        self.people
            .get(user)
            .is_some_and(|person| person.it.is_bot || person.it.workflow_bot)
    }

    /// The parent of the thread that a reply to this message belongs to.
    fn parent_of(&self, message: &Shown) -> Option<MessageTs> {
        let of = self.message(&message.channel, &message.ts)?;
        Some(of.thread_ts.clone().unwrap_or_else(|| of.ts.clone()))
    }

    fn written(&mut self, user: &UserId, text: &str, thread_ts: Option<MessageTs>, manner: Manner) -> Draft {
        let mut draft = Draft {
            text: self.escape(text, false),
            thread_ts,
            other_bot: self
                .is_app(user)
                .then(|| format!("B{}", user.as_str().trim_start_matches('U'))),
            ..Draft::empty(Author::Person(user.clone()))
        };
        match manner {
            Manner::Plain => {}
            Manner::Me => draft.subtype = Some("me_message"),
            Manner::Broadcast if draft.thread_ts.is_some() => draft.subtype = Some("thread_broadcast"),
            Manner::Broadcast => {}
            Manner::Webhook => {
                draft.classic_bot = true;
                let id = user.as_str().trim_start_matches('U');
                draft.other_bot.get_or_insert_with(|| format!("B{id}"));
            }
            Manner::WithFile(name) => {
                draft.subtype = Some("file_share");
                draft.files.push(SharedFile {
                    id: self.next_id("F"),
                    title: name.clone(),
                    mimetype: mimetype(&name).to_owned(),
                    name,
                    alt_text: String::new(),
                    bytes: Vec::new(),
                });
            }
            Manner::SentUsing(app) => {
                let footer = format!("*Sent using* <@{app}>");
                let mrkdwn = |text: &str| json!({ "type": "mrkdwn", "text": text, "verbatim": true });
                draft.blocks = json!([
                    { "type": "section", "text": mrkdwn(&draft.text) },
                    { "type": "context", "elements": [mrkdwn(&footer)] },
                ]);
                draft.text = format!("{}\n{footer}", draft.text);
            }
        }
        draft
    }

    fn react(&mut self, user: &UserId, message: &Shown, name: &str, add: bool, now: Instant) -> Result<Shown, String> {
        let name = name
            .trim_matches(':')
            .replace(":skin-tone", "::skin-tone")
            .replace(":::", "::");
        let known = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "_+-':".contains(it);
        if name.is_empty() || !name.chars().all(known) {
            return Err("invalid_name".to_owned());
        }
        let current = self.as_seen_by(user, message)?;
        let there = self.channels.get_mut(&current.channel);
        let there = there
            .filter(|_| current.only_for.is_none())
            .ok_or("message_not_found")?;
        if there.archived {
            return Err("is_archived".to_owned());
        }
        if !there.members.contains(user) {
            return Err("not_in_channel".to_owned());
        }
        let shown = there.messages.iter_mut().find(|shown| shown.ts == current.ts);
        let shown = shown.ok_or("message_not_found")?;
        let mine = |reaction: &Reaction| reaction.users.contains(user);
        let name = if add {
            // A second skin tone of one emoji is another reaction in Slack; an alias is the same.
            let same = |reaction: &Reaction| {
                emoji(&reaction.name) == emoji(&name)
                    && reaction.name.split_once("::").map(|it| it.1) == name.split_once("::").map(|it| it.1)
            };
            match shown.reactions.iter_mut().find(|reaction| same(reaction)) {
                Some(reaction) if mine(reaction) => return Err("already_reacted".to_owned()),
                Some(reaction) => reaction.users.push(user.clone()),
                None => shown.reactions.push(Reaction {
                    name: name.clone(),
                    users: vec![user.clone()],
                }),
            }
            name
        } else {
            let place = |is: &dyn Fn(&Reaction) -> bool| shown.reactions.iter().position(|it| mine(it) && is(it));
            let at = place(&|it| it.name == name)
                .or_else(|| place(&|it| emoji(&it.name) == emoji(&name)))
                .ok_or("no_reaction")?;
            let reaction = &mut shown.reactions[at];
            reaction.users.retain(|other| other != user);
            reaction.name.clone()
        };
        shown.reactions.retain(|reaction| !reaction.users.is_empty());
        let shown = shown.clone();
        let kind = if add { "reaction_added" } else { "reaction_removed" };
        self.emit_reaction(kind, user, &name, &shown, now);
        // Nobody may be watching.
        let _ = self.seen.send(Seen::Reacted(shown.clone()));
        Ok(shown)
    }
}

/// What Slack takes a file for, by the ending of its name.
pub(super) fn mimetype(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        "csv" => "text/csv",
        "json" => "application/json",
        "html" => "text/html",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}
