//! Clicks on cards, confirmations and DMs, and `/kudos sent`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Which, undo, words};
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId};
use crate::kudos::deliver::load_all;
use crate::kudos::messages::{self, Voice};
use crate::kudos::people::{People, known_of, zones};
use crate::kudos::store::load;
use crate::kudos::{
    Announced, Change, Decided, Edited, Giving, Receiver, add_value, announce, hide, join_in, keep, remove, report,
    rules, sent as latest_sent,
};
use crate::slack::blocks::{Message, Response};
use crate::slack::inbound::{Action, BlockActions};
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx, Settings};

/// Answers a click on a card, a confirmation or a DM; `None` if it is none of this feature's.
pub(super) async fn click(giving: &Giving<'_>, click: &BlockActions, action: &Action) -> Option<Response> {
    let ctx = giving.ctx;
    let value = action.value.as_deref()?;
    let (word, id) = match action.name() {
        messages::MENU => value.split_once(' ')?,
        messages::ADD_VALUE => {
            let (kudos, name) = value.split_once(' ')?;
            (name, kudos)
        }
        messages::ME_TOO
        | messages::SHOW
        | messages::REMOVE
        | messages::KEEP
        | messages::TAKE_BACK
        | messages::WORDS
        | messages::THANKS
        | messages::ANNOUNCE => ("", value),
        _ => return None,
    };
    let kudos: KudosId = id.into();
    let clicked = Clicked {
        ctx,
        settings: &ctx.settings(),
        by: &click.user,
        kudos: &kudos,
        now: ctx.clock.now(),
    };
    let form = match action.name() {
        messages::WORDS | messages::THANKS => Some(action.name()),
        _ => Some(messages::WORDS).filter(|_| action.name() == messages::MENU && word == messages::EDIT),
    };
    if let Some(callback) = form {
        // The message stays: the form may be closed again.
        return match words::open(giving, &clicked, click, callback).await {
            Ok(message) => message.map(Response::ephemeral),
            Err(error) => {
                tracing::error!(%error, workspace = %ctx.workspace.id, "a form could not begin");
                Some(Response::ephemeral(messages::once_more(ctx.locale)))
            }
        };
    }
    let answer = match action.name() {
        messages::ME_TOO => clicked.me_too(&click.trigger_id).await,
        messages::MENU => match word {
            messages::WHO => clicked.who().await,
            messages::HIDE => clicked.hide(true).await,
            messages::REPORT => clicked.report().await,
            messages::TAKE_DOWN => clicked.ask_to_remove().await,
            _ => return None,
        },
        messages::SHOW => clicked.hide(false).await,
        messages::REMOVE => clicked.decide(true).await,
        messages::KEEP => clicked.decide(false).await,
        messages::TAKE_BACK => clicked.take_back().await,
        messages::ADD_VALUE => clicked.add_value(word).await,
        _ => clicked.announce().await,
    };
    Some(match answer {
        // What only this person sees has done its work; a card stays for the others.
        Ok(message) if click.is_ephemeral => Response::replacing(message),
        Ok(message) => Response::ephemeral(message),
        Err(error) => {
            tracing::error!(%error, workspace = %ctx.workspace.id, kudos = %kudos, "a click could not be stored");
            Response::ephemeral(messages::our_fault(ctx.locale, ""))
        }
    })
}

/// Who does something with which kudos.
pub(super) struct Clicked<'a> {
    pub ctx: &'a Ctx,
    pub settings: &'a Settings,
    pub by: &'a UserId,
    pub kudos: &'a KudosId,
    pub now: Instant,
}

impl Clicked<'_> {
    async fn me_too(&self, trigger: &str) -> Result<Message, StoreError> {
        let (workspace, kudos, by, now) = self.ids();
        let delivery = Some(trigger.to_owned()).filter(|trigger| !trigger.is_empty());
        let joined = self
            .ctx
            .db
            .write(async move |tx: &mut Tx| join_in(tx, &workspace, &kudos, &by, delivery.as_deref(), now).await)
            .await?;
        Ok(messages::joined(self.ctx.locale, joined))
    }

    async fn who(&self) -> Result<Message, StoreError> {
        let (id, kudos) = (&self.ctx.workspace.id, self.kudos);
        let (joined, known) = self
            .ctx
            .db
            .read(async |tx: &mut Tx| -> Result<_, StoreError> {
                let joined = load(tx, id, kudos).await?.map(|kudos| kudos.joined).unwrap_or_default();
                let people: BTreeSet<UserId> = joined.iter().cloned().collect();
                Ok((joined, workspace::members(tx, id, &people).await?))
            })
            .await?;
        let none = BTreeMap::new();
        Ok(messages::who_joined(
            self.ctx.locale,
            &People::new(&known, &none),
            &joined,
        ))
    }

    async fn hide(&self, on: bool) -> Result<Message, StoreError> {
        let (change, recognition) = (self.change().await?, self.settings.channel.clone());
        let hidden = self
            .ctx
            .db
            .write(async move |tx: &mut Tx| hide(tx, &change, on, recognition.as_ref()).await)
            .await?;
        Ok(messages::hidden(self.ctx.locale, hidden, self.kudos))
    }

    async fn report(&self) -> Result<Message, StoreError> {
        let (workspace, kudos, _, now) = self.ids();
        let settings = self.settings.clone();
        let reported = self
            .ctx
            .db
            .write(async move |tx: &mut Tx| report(tx, &workspace, &kudos, &settings, now).await)
            .await?;
        Ok(messages::reported(self.ctx.locale, reported))
    }

    async fn ask_to_remove(&self) -> Result<Message, StoreError> {
        let loaded = load_all(self.ctx, self.kudos, self.now).await?;
        let locale = self.ctx.locale;
        let (no_members, no_groups) = (BTreeMap::new(), BTreeMap::new());
        let nobody = People::new(&no_members, &no_groups);
        Ok(match loaded.filter(|loaded| !loaded.kudos.receivers.is_empty()) {
            _ if !self.settings.is_steward(self.by) => messages::decided(locale, &nobody, &Decided::NotASteward),
            None => messages::decided(locale, &nobody, &Decided::Gone),
            Some(loaded) => messages::really_remove(locale, &loaded.people(), self.kudos, &loaded.kudos.giver),
        })
    }

    async fn decide(&self, is_gone: bool) -> Result<Message, StoreError> {
        let (change, settings) = (self.change().await?, self.settings.clone());
        let decided = self
            .ctx
            .db
            .write(async move |tx: &mut Tx| {
                if is_gone {
                    remove(tx, &change, &settings).await
                } else {
                    keep(tx, &change, &settings).await
                }
            })
            .await?;
        let receivers = match &decided {
            Decided::Removed { receivers } => receivers.as_slice(),
            _ => &[],
        };
        let (known, groups) = known_of(self.ctx, receivers).await?;
        Ok(messages::decided(
            self.ctx.locale,
            &People::new(&known, &groups),
            &decided,
        ))
    }

    async fn take_back(&self) -> Result<Message, StoreError> {
        let which = Which::Sent(self.kudos.clone());
        undo(self.ctx, &self.settings.command, which, self.by, self.now).await
    }

    async fn add_value(&self, value: &str) -> Result<Message, StoreError> {
        let (change, settings, name) = (self.change().await?, self.settings.clone(), value.to_owned());
        let (edited, may_undo) = self
            .ctx
            .db
            .write(async move |tx: &mut Tx| {
                let edited = add_value(tx, &change, &name, &settings).await?;
                Ok::<_, StoreError>((edited, may_undo(tx, &change).await?))
            })
            .await?;
        Ok(match edited {
            Edited::Done { .. } | Edited::Unchanged => {
                messages::value_added(self.ctx.locale, value, self.kudos, may_undo)
            }
            refused => messages::edited(&self.voice().await?, &refused, ""),
        })
    }

    async fn announce(&self) -> Result<Message, StoreError> {
        let (change, recognition) = (self.change().await?, self.settings.channel.clone());
        let channel = recognition.clone();
        let (announced, may_undo) = self
            .ctx
            .db
            .write(async move |tx: &mut Tx| {
                let announced: Announced = announce(tx, &change, channel.as_ref()).await?;
                Ok::<_, StoreError>((announced, may_undo(tx, &change).await?))
            })
            .await?;
        let locale = self.ctx.locale;
        Ok(messages::announced(
            locale,
            announced,
            recognition.as_ref(),
            self.kudos,
            may_undo,
        ))
    }

    fn ids(&self) -> (crate::base::ids::WorkspaceId, KudosId, UserId, Instant) {
        (
            self.ctx.workspace.id.clone(),
            self.kudos.clone(),
            self.by.clone(),
            self.now,
        )
    }

    pub(super) async fn change(&self) -> Result<Change, StoreError> {
        let (workspace, kudos, by, at) = self.ids();
        let zone = zones(self.ctx, self.settings, self.by).await?.1;
        Ok(Change {
            workspace,
            kudos,
            by,
            at,
            zone,
        })
    }

    pub(super) async fn voice(&self) -> Result<Voice<'_>, StoreError> {
        let zone = zones(self.ctx, self.settings, self.by).await?.0;
        Ok(Voice::new(self.ctx.locale, self.settings, zone))
    }
}

async fn may_undo(tx: &mut Tx, change: &Change) -> Result<bool, StoreError> {
    let kudos = load(tx, &change.workspace, &change.kudos).await?;
    Ok(kudos.is_some_and(|kudos| !kudos.receivers.is_empty() && rules::may_undo(kudos.given_at, change.at)))
}

/// Answers `/kudos sent`.
pub(super) async fn sent(ctx: &Ctx, command: &str, by: &UserId) -> Result<Message, StoreError> {
    let settings = ctx.settings();
    let (zone, ours) = zones(ctx, &settings, by).await?;
    let (id, now) = (&ctx.workspace.id, ctx.clock.now());
    let latest = ctx
        .db
        .read(async |tx: &mut Tx| latest_sent(tx, id, by, ours, now).await)
        .await?;
    let receivers: Vec<Receiver> = latest.iter().flat_map(|sent| sent.receivers.iter().cloned()).collect();
    let (known, groups) = known_of(ctx, &receivers).await?;
    let voice = Voice {
        command,
        ..Voice::new(ctx.locale, &settings, zone)
    };
    Ok(messages::sent(&voice, &People::new(&known, &groups), &latest))
}
