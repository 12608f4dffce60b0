//! Messages: how they come, change and go, and who is told.

use serde_json::{Value, json};

use super::render;
use super::seen::{Author, Seen, Shown};
use super::state::{Draft, State};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};

/// What is left of a deleted parent.
pub(super) const TOMBSTONE: &str = "tombstone";

impl State {
    /// Adds a message to a channel, tells everybody who watches, and queues the events the app subscribed to.
    pub(super) fn post(&mut self, channel: &ChannelId, draft: Draft, now: Instant) -> Option<Shown> {
        let there = self.channels.get_mut(channel)?;
        let ts = there.next_ts(now);
        let partner = (draft.author == Author::Bot)
            .then(|| there.dm_partner().cloned())
            .flatten();
        let typed_command = draft.typed_command;
        let mut shown = shown(ts, channel.clone(), draft);
        shown.pings.extend(partner);
        dedup(&mut shown.pings);
        self.fill_ids(&mut shown.blocks);
        if let Some(there) = self.channels.get_mut(channel) {
            there.messages.push(shown.clone());
        }
        if !typed_command {
            self.emit_message(&shown, now);
        }
        // Nobody may be watching.
        let _ = self.seen.send(Seen::Posted(shown.clone()));
        Some(shown)
    }

    /// Shows a message to one person only.
    pub(super) fn whisper(&mut self, channel: &ChannelId, user: &UserId, draft: Draft, now: Instant) -> Option<Shown> {
        let ts = self.channels.get_mut(channel)?.next_ts(now);
        let mut shown = shown(ts, channel.clone(), draft);
        shown.only_for = Some(user.clone());
        self.fill_ids(&mut shown.blocks);
        self.ephemeral.push(shown.clone());
        let _ = self.seen.send(Seen::Ephemeral(shown.clone()));
        Some(shown)
    }

    /// Applies `change` to a message; `None` if there is none.
    pub(super) fn edit(
        &mut self,
        channel: &ChannelId,
        ts: &MessageTs,
        now: Instant,
        change: impl FnOnce(&mut Shown),
    ) -> Option<Shown> {
        let before = self.message(channel, ts)?.clone();
        let mut after = before.clone();
        change(&mut after);
        let there = self.channels.get_mut(channel)?;
        let edit_ts = there.next_ts(now);
        after.edited = true;
        after.edited_ts = Some(edit_ts.clone());
        mention(&mut after);
        self.fill_ids(&mut after.blocks);
        let there = self.channels.get_mut(channel)?;
        *there.messages.iter_mut().find(|message| &message.ts == ts)? = after.clone();
        self.emit_changed(&before, &after, &edit_ts, now);
        let _ = self.seen.send(Seen::Edited(after.clone()));
        Some(after)
    }

    /// A message goes away. A parent that has replies leaves a tombstone, of which `message_changed` tells; it goes with
    /// its last reply (42wim/matterbridge#600, slack-edge#10; not in Slack's reference).
    pub(super) fn delete(&mut self, channel: &ChannelId, ts: &MessageTs, now: Instant) -> Option<Shown> {
        let there = self.channels.get_mut(channel)?;
        let place = there.messages.iter().position(|message| &message.ts == ts)?;
        let event_ts = there.next_ts(now);
        let gone = there.messages[place].clone();
        if there.replies(ts).next().is_some() {
            let draft = Draft {
                text: "This message was deleted.".to_owned(),
                thread_ts: Some(ts.clone()),
                subtype: Some(TOMBSTONE),
                ..Draft::empty(Author::Person("USLACKBOT".into()))
            };
            let stone = shown(ts.clone(), channel.clone(), draft);
            there.messages[place] = stone.clone();
            self.emit_changed(&gone, &stone, &event_ts, now);
        } else {
            there.messages.remove(place);
            self.emit_deleted(&gone, &event_ts, now);
            let stone = gone.thread_ts.as_ref().and_then(|parent| {
                let stone = self.message(channel, parent)?;
                (stone.subtype.as_deref() == Some(TOMBSTONE)).then(|| parent.clone())
            });
            if let Some(parent) = stone.filter(|parent| parent != ts) {
                let bare = self
                    .channels
                    .get(channel)
                    .is_some_and(|there| there.replies(&parent).next().is_none());
                if bare {
                    self.delete(channel, &parent, now);
                }
            }
        }
        let _ = self.seen.send(Seen::Deleted(gone.clone()));
        Some(gone)
    }

    /// Changes (or with `None` removes) an ephemeral message; only a response_url can do that.
    pub(super) fn change_ephemeral(
        &mut self,
        channel: &ChannelId,
        ts: &MessageTs,
        draft: Option<Draft>,
    ) -> Option<Shown> {
        let place = self
            .ephemeral
            .iter()
            .position(|shown| &shown.channel == channel && &shown.ts == ts)?;
        let Some(draft) = draft else {
            let gone = self.ephemeral.remove(place);
            let _ = self.seen.send(Seen::Deleted(gone.clone()));
            return Some(gone);
        };
        let only_for = self.ephemeral[place].only_for.clone();
        let mut after = shown(ts.clone(), channel.clone(), draft);
        after.only_for = only_for;
        after.edited = true;
        self.fill_ids(&mut after.blocks);
        self.ephemeral[place] = after.clone();
        let _ = self.seen.send(Seen::Edited(after.clone()));
        Some(after)
    }

    pub(super) fn message(&self, channel: &ChannelId, ts: &MessageTs) -> Option<&Shown> {
        self.channels
            .get(channel)?
            .messages
            .iter()
            .find(|message| &message.ts == ts)
    }

    /// Slack gives every block and every interactive element an id.
    pub(super) fn fill_ids(&mut self, blocks: &mut Value) {
        for block in blocks.as_array_mut().into_iter().flatten() {
            for pointer in ["/accessory", "/elements", "/element"] {
                let Some(inside) = block.pointer_mut(pointer) else {
                    continue;
                };
                let elements = if inside.is_array() { inside.as_array_mut() } else { None };
                match elements {
                    Some(elements) => elements.iter_mut().for_each(|element| self.fill(element, "action_id")),
                    None => self.fill(block.pointer_mut(pointer).unwrap_or(&mut Value::Null), "action_id"),
                }
            }
            self.fill(block, "block_id");
        }
    }

    fn fill(&mut self, thing: &mut Value, key: &str) {
        let passive = matches!(thing["type"].as_str(), Some("mrkdwn" | "plain_text"))
            || (key == "action_id" && thing["type"] == "image");
        if thing.is_object() && thing.get(key).is_none() && !passive {
            thing[key] = json!(self.next_id("x"));
        }
    }
}

fn shown(ts: MessageTs, channel: ChannelId, draft: Draft) -> Shown {
    let mut shown = Shown {
        ts,
        channel,
        author: draft.author,
        text: draft.text,
        blocks: draft.blocks,
        metadata: draft.metadata,
        edited: false,
        thread_ts: draft.thread_ts,
        pings: Vec::new(),
        broadcasts: Vec::new(),
        only_for: None,
        classic_bot: draft.classic_bot,
        subtype: draft.subtype.map(str::to_owned),
        edited_ts: None,
        other_bot: draft.other_bot,
        files: draft.files,
        reactions: Vec::new(),
    };
    mention(&mut shown);
    shown
}

/// Adds whom the message mentions.
fn mention(shown: &mut Shown) {
    let (people, many) = render::mentions(&shown.text, &shown.blocks);
    shown.pings.extend(people);
    dedup(&mut shown.pings);
    shown.broadcasts.extend(many);
    dedup(&mut shown.broadcasts);
}

fn dedup<T: PartialEq + Clone>(list: &mut Vec<T>) {
    let mut seen: Vec<T> = Vec::with_capacity(list.len());
    list.retain(|item| {
        !seen.contains(item) && {
            seen.push(item.clone());
            true
        }
    });
}
