//! Giving, from any surface: who is meant, what is known of them, whether it may be given, where it is announced, and
//! on disk.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono_tz::Tz;
use futures_util::future::join_all;

use super::grammar::{self, Directory, NameHit, Parsed, Reading};
use super::messages::{self, Confirmation, Voice};
use super::people::{People, is_nobody};
use super::rules::{self, Approved, Refusal, Target, Terms, next_morning, target};
use super::take_back::card_lane;
use super::withdraw::{self, At};
use super::{Announce, Effect, Facts, Give, Lookup, Opening, Outcome, Question, Receiver, Recorder, Source};
use crate::base::calendar::{Day, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, MessageTs, UserId};
use crate::base::text;
use crate::slack::blocks::Message;
use crate::slack::errors::ApiError;
use crate::slack::inbound::User;
use crate::store::{StoreError, Tx};
use crate::workspace::deliver::{workspace_zone, zone_of};
use crate::workspace::{self, Announcement, Ctx, Member, Place, Postable, Settings, Usergroup, UsergroupError};

/// The most unknown people that are looked up while somebody waits.
const LOOK_UPS: usize = 25;

/// What every way of giving needs.
#[derive(Clone, Copy)]
pub struct Giving<'a> {
    /// The workspace.
    pub ctx: &'a Ctx,
    /// What is known of those who are named.
    pub lookup: &'a Lookup,
    /// The hot path.
    pub recorder: &'a Recorder,
    /// How long Slack may take to tell who an unknown person is; when it is silent, the kudos is taken and its
    /// receivers are checked before the card is posted.
    pub look_up: Duration,
    /// How long opening a form may take.
    pub opening: Opening,
}

/// What somebody asks to give.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who.
    pub giver: UserId,
    /// Whom, for what.
    pub said: Said,
    /// How it came. A customer's words cost nothing.
    pub source: Source,
    /// Where; `None` where there is no place (Home, a global shortcut).
    pub channel: Option<ChannelId>,
    /// The thread in it that it was given in, by its parent.
    pub thread: Option<MessageTs>,
    /// The post that gives it, and how.
    pub effect: Option<(MessageTs, Effect)>,
    /// What Slack delivered; see [`Give::delivery`].
    pub delivery: Option<String>,
    /// Where it is announced.
    pub announce: Announce,
}

/// Whom somebody thanks, and for what.
#[derive(Clone, Debug)]
pub enum Said {
    /// Typed, with whom it is about in the text.
    Typed(Reading),
    /// Picked in a form; the reason is plain text as typed there, not yet masked.
    Picked {
        /// Who is thanked.
        receivers: Vec<Receiver>,
        /// Why.
        reason: String,
        /// Values of the workspace, without `#`.
        values: Vec<String>,
    },
}

/// A [`Wish`] without what it says.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub giver: UserId,
    pub source: Source,
    pub channel: Option<ChannelId>,
    pub thread: Option<MessageTs>,
    pub effect: Option<(MessageTs, Effect)>,
    pub delivery: Option<String>,
    pub announce: Announce,
}

impl Wish {
    fn asked(&self) -> Asked {
        Asked {
            giver: self.giver.clone(),
            source: self.source,
            channel: self.channel.clone(),
            thread: self.thread.clone(),
            effect: self.effect.clone(),
            delivery: self.delivery.clone(),
            announce: self.announce.clone(),
        }
    }
}

/// What became of a [`Wish`], with all that is needed to say so.
#[derive(Debug)]
pub struct Gave {
    /// What was said, read.
    pub parsed: Parsed,
    /// Where the card goes, as far as it is known.
    pub target: Target,
    /// The giver's zone.
    pub zone: Tz,
    /// The day on which it was given and the morning on which it is told, where the recognition channel gets a round-up.
    pub roundup: Option<(Day, Day)>,
    /// The name of the recognition channel (may be empty), where it isn't announced there and could be.
    pub announce_in: Option<String>,
    /// What came of it, or why it can't be given.
    pub result: Result<(Approved, Outcome), Refusal>,
    pub(super) wish: Asked,
    known: BTreeMap<UserId, Member>,
    groups: BTreeMap<GroupId, Usergroup>,
    labels: HashMap<UserId, String>,
    group_labels: HashMap<GroupId, String>,
}

impl Gave {
    /// The names of everybody it is about.
    pub(super) fn names(&self) -> People<'_> {
        People::new(&self.known, &self.groups).labelled(self.labels.clone(), self.group_labels.clone())
    }

    /// Somebody it is about, if they are known.
    pub(super) fn member(&self, id: &UserId) -> Option<&Member> {
        self.known.get(id)
    }

    /// How the giver is spoken to.
    pub fn voice<'v>(&self, ctx: &Ctx, settings: &'v Settings) -> Voice<'v> {
        Voice::new(ctx.locale, settings, self.zone)
    }

    /// What the giver is told, privately.
    pub fn answer(&self, voice: &Voice<'_>) -> Message {
        let names = self.names();
        match &self.result {
            Err(refusal) => messages::refusal(voice, &names, refusal, &self.parsed.as_typed),
            Ok((approved, outcome)) => match outcome {
                Outcome::Given { kudos, left } => messages::confirmation(
                    voice,
                    &names,
                    &Confirmation {
                        receivers: &approved.receivers,
                        target: &self.target,
                        left: *left,
                        roundup: self.roundup,
                        announce_in: self.announce_in.as_deref(),
                        left_out: &approved.left_out,
                        few_words: approved.few_words,
                        near_values: &self.parsed.near_values,
                        masked: &self.parsed.masked,
                        kudos,
                    },
                ),
                Outcome::Same { at, .. } => messages::retyped(voice, &names, &approved.receivers, *at),
                Outcome::Short { needs, left } => messages::short(voice, *needs, *left, &self.parsed.as_typed, None),
                // Only what a post gave can be spent, and nobody waits for an answer to a post.
                Outcome::Spent => messages::our_fault(voice.locale, &self.parsed.as_typed),
            },
        }
    }
}

impl Giving<'_> {
    /// Gives, or says why not. What is given is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be read or stored; then nothing was given.
    pub async fn give(&self, wish: Wish) -> Result<Gave, StoreError> {
        let ctx = self.ctx;
        let now = ctx.clock.now();
        let settings = &*ctx.settings();
        let mentioned = wish.said.mentioned();
        let mut people: BTreeSet<UserId> = mentioned.iter().cloned().collect();
        people.insert(wish.giver.clone());
        people.extend(settings.stewards.first().cloned());
        let facts = self
            .lookup
            .ask(Question {
                workspace: ctx.workspace.id.clone(),
                people,
                names: wish.said.names_to_look_up(),
                places: settings.channel.iter().chain(&wish.channel).cloned().collect(),
                at: now,
            })
            .await?;
        let Facts {
            mut known,
            hits,
            mut places,
        } = facts;
        places.values_mut().for_each(|place| settings.let_in(place));
        let given_in = wish.channel.as_ref().and_then(|channel| places.get(channel));
        let recognition = settings.channel.as_ref().and_then(|channel| places.get(channel));
        let mut wanted = vec![wish.giver.clone()];
        wanted.extend(mentioned);
        let missing = look_up(ctx, &mut known, wanted, self.look_up).await;
        let parsed = wish.said.resolve(&directory(&known, hits), &settings.value_names());
        let zone = zone_of(settings, &known, &wish.giver);
        // Known once the app has opened its own DM with the giver.
        let own_dm = known
            .get(&wish.giver)
            .and_then(|giver| giver.dm.as_ref())
            .map(|dm| wish.channel.as_ref() == Some(dm));
        let target = target(&wish.announce, given_in, recognition, own_dm);
        let workspace_zone = workspace_zone(settings, &known);
        let mut gave = Gave {
            roundup: (settings.announcement == Announcement::RoundUp && matches!(target, Target::Recognition(_)))
                .then(|| (local_day(now, workspace_zone), next_morning(now, workspace_zone))),
            announce_in: recognition
                .filter(|_| stays_out_of_it(&wish.announce, &target, given_in))
                .filter(|place| place.postable != Postable::No && !place.is_shared)
                .map(|place| place.name.clone()),
            target,
            zone,
            result: Err(Refusal::NoPerson),
            wish: wish.asked(),
            labels: wish.said.labels(),
            group_labels: wish.said.group_labels(),
            groups: BTreeMap::new(),
            parsed,
            known,
        };
        if let (Some((ts, Effect::Post)), Some(channel)) = (&wish.effect, &wish.channel) {
            let at = At {
                workspace: ctx.workspace.id.clone(),
                channel: channel.clone(),
                ts: ts.clone(),
            };
            let thanked = ctx
                .db
                .read(async |tx: &mut Tx| withdraw::thanked(tx, &at, &wish.giver).await)
                .await?;
            let receivers = &mut gave.parsed.receivers;
            let before = receivers.len();
            receivers.retain(|receiver| !thanked.contains(withdraw::id_of(receiver)));
            if receivers.is_empty() && before > 0 {
                gave.result = Ok((Approved::default(), Outcome::Spent));
                return Ok(gave);
            }
        }
        let approved = match self.decide(&wish, &mut gave, &missing, now).await? {
            Ok(approved) => approved,
            Err(refusal) => {
                gave.result = Err(refusal);
                return Ok(gave);
            }
        };
        let known = &gave.known;
        let outcome = self
            .recorder
            .give(Give {
                workspace: ctx.workspace.id.clone(),
                delivery: wish.delivery,
                giver: wish.giver,
                receivers: approved.receivers.clone(),
                reason: gave.parsed.reason.clone(),
                values: gave.parsed.values.clone(),
                source: wish.source,
                effect: wish.effect,
                at: now,
                giver_day: local_day(now, zone),
                workspace_day: local_day(now, workspace_zone),
                cost: wish.source.cost(),
                allowance: settings.allowance.filter(|_| wish.source.cost() > 0),
                unchecked: approved
                    .receivers
                    .iter()
                    .filter_map(Receiver::member)
                    .filter(|id| !known.contains_key(id))
                    .cloned()
                    .collect(),
                lane: card_lane(settings.channel.as_ref(), &wish.announce, wish.channel.as_ref()),
                channel: wish.channel,
                thread: wish.thread,
                announce: wish.announce,
            })
            .await?;
        gave.result = Ok((approved, outcome));
        Ok(gave)
    }

    async fn decide(
        &self,
        wish: &Wish,
        gave: &mut Gave,
        missing: &[UserId],
        now: Instant,
    ) -> Result<Result<Approved, Refusal>, StoreError> {
        if let Some(refusal) = unknown_receiver(&gave.parsed, missing, &gave.labels) {
            return Ok(Err(refusal));
        }
        let settings = self.ctx.settings();
        let terms = Terms {
            may_give: gave.known.get(&wish.giver).is_none_or(|giver| settings.may_give(giver)),
            least_words: settings.least_words,
            single_channel_guests: settings.single_channel_guests,
            strangers: wish
                .channel
                .as_ref()
                .is_some_and(|channel| settings.shared_channels.contains(channel)),
        };
        let approved = match rules::decide(&gave.parsed, &wish.giver, &gave.known, terms) {
            Ok(approved) => approved,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let refused = look_up_groups(
            self.ctx,
            &approved,
            &gave.group_labels,
            &mut gave.groups,
            now,
            self.look_up,
        )
        .await?;
        if let Some(refusal) = refused {
            return Ok(Err(refusal));
        }
        let only_groups = approved
            .receivers
            .iter()
            .all(|receiver| matches!(receiver, Receiver::Group(_)));
        if only_groups && gave.target.channel().is_none() {
            return Ok(Err(Refusal::GroupUnheard));
        }
        Ok(Ok(approved))
    }
}

impl Said {
    fn mentioned(&self) -> Vec<UserId> {
        match self {
            Self::Typed(reading) => reading.mentioned(),
            Self::Picked { receivers, .. } => receivers.iter().filter_map(Receiver::member).cloned().collect(),
        }
    }

    fn names_to_look_up(&self) -> Vec<String> {
        match self {
            Self::Typed(reading) => reading.names_to_look_up(),
            Self::Picked { .. } => Vec::new(),
        }
    }

    fn labels(&self) -> HashMap<UserId, String> {
        match self {
            Self::Typed(reading) => reading.labels(),
            Self::Picked { .. } => HashMap::new(),
        }
    }

    fn group_labels(&self) -> HashMap<GroupId, String> {
        match self {
            Self::Typed(reading) => reading.group_labels(),
            Self::Picked { .. } => HashMap::new(),
        }
    }

    fn resolve(&self, directory: &Directory, values: &[String]) -> Parsed {
        match self {
            Self::Typed(reading) => reading.resolve(directory, values),
            Self::Picked {
                receivers,
                reason,
                values: chosen,
            } => {
                let (masked_reason, masked) = text::mask(text::clean(reason).trim());
                let mut parsed = Parsed {
                    reason: masked_reason,
                    masked: masked.into_iter().collect(),
                    values: chosen.iter().filter(|value| values.contains(value)).cloned().collect(),
                    as_typed: reason.trim().to_owned(),
                    ..Parsed::default()
                };
                for receiver in receivers {
                    let receiver = match receiver {
                        Receiver::Member(id) => grammar::Receiver::Member(id.clone()),
                        Receiver::Group(id) => grammar::Receiver::Group {
                            id: id.clone(),
                            handle: None,
                        },
                    };
                    if !parsed.receivers.contains(&receiver) {
                        parsed.receivers.push(receiver);
                    }
                }
                parsed
            }
        }
    }
}

/// Whether it stays out of the recognition channel because of where it was said: the giver may decide otherwise. A place
/// that Slack wouldn't tell about counts as private.
fn stays_out_of_it(announce: &Announce, target: &Target, given_in: Option<&Place>) -> bool {
    *announce == Announce::Default
        && match target {
            Target::Private(_) | Target::NotPostable | Target::Shared | Target::Nowhere => true,
            Target::Unknown(channel) => {
                !channel.is_direct_message() && given_in.is_some_and(|place| place.checked_at.is_some())
            }
            Target::Recognition(_) | Target::Public(_) => false,
        }
}

/// Who has which name, as far as it is known.
pub(super) fn directory(known: &BTreeMap<UserId, Member>, hits: Vec<(String, UserId, bool)>) -> Directory {
    let mut directory = Directory {
        names: known.iter().map(|(id, m)| (id.clone(), m.name.clone())).collect(),
        ..Directory::default()
    };
    for (name, member, exact) in hits {
        directory
            .by_name
            .entry(name)
            .or_default()
            .push(NameHit { member, exact });
    }
    directory
}

/// Asks Slack about people whom we don't know, all at once and only as long as the person who waits can spare.
/// Returns those that don't exist.
async fn look_up(
    ctx: &Ctx,
    known: &mut BTreeMap<UserId, Member>,
    wanted: Vec<UserId>,
    within: Duration,
) -> Vec<UserId> {
    let unknown: Vec<UserId> = wanted
        .into_iter()
        .filter(|id| !known.contains_key(id))
        .take(LOOK_UPS)
        .collect();
    if unknown.is_empty() || within.is_zero() {
        return Vec::new();
    }
    let answers = join_all(unknown.iter().map(|id| ctx.slack.users_info(id, within))).await;
    let mut missing = Vec::new();
    let mut users: Vec<User> = Vec::new();
    for (id, answer) in unknown.iter().zip(answers) {
        match answer {
            Ok(user) => users.push(user),
            Err(error) if is_nobody(&error) => missing.push(id.clone()),
            Err(error) => tracing::warn!(%error, user = %id, "a person could not be looked up"),
        }
    }
    if !users.is_empty() {
        let (id, now) = (ctx.workspace.id.clone(), ctx.clock.now());
        let ids: BTreeSet<UserId> = users.iter().map(|user| user.id.clone()).collect();
        let stored: Result<_, StoreError> = ctx
            .db
            .write(async move |tx: &mut Tx| {
                workspace::upsert(tx, &id, &users, now).await?;
                workspace::members(tx, &id, &ids).await
            })
            .await;
        match stored {
            Ok(members) => known.extend(members),
            Err(error) => tracing::warn!(%error, "people who were looked up could not be stored"),
        }
    }
    missing
}

/// Asks Slack who is in the teams that are thanked, unless it was asked within ten minutes. Returns why one of them
/// can't be thanked. When Slack is silent, the kudos is taken and the team looked up before the card is posted.
async fn look_up_groups(
    ctx: &Ctx,
    approved: &Approved,
    labels: &HashMap<GroupId, String>,
    groups: &mut BTreeMap<GroupId, Usergroup>,
    now: Instant,
    within: Duration,
) -> Result<Option<Refusal>, StoreError> {
    // Two calls for a group, and the budget is for all of them.
    let each = within / 2;
    for receiver in &approved.receivers {
        let Receiver::Group(id) = receiver else { continue };
        let handle = || labels.get(id).cloned().unwrap_or_else(|| id.to_string());
        match workspace::look_up_usergroup(ctx, id, now, each).await {
            Ok(Some(group)) => {
                let people = ctx
                    .db
                    .read(async |tx: &mut Tx| workspace::usergroup_members(tx, &ctx.workspace.id, id, now).await)
                    .await?;
                if group.is_disabled || people.is_empty() {
                    return Ok(Some(Refusal::GroupEmpty(group.handle)));
                }
                groups.insert(id.clone(), group);
            }
            Ok(None) => return Ok(Some(Refusal::Unknown(handle()))),
            Err(UsergroupError::Slack(error @ ApiError::Permanent { .. })) if !error.is_dead_token() => {
                tracing::warn!(%error, usergroup = %id, "a team could not be looked up");
                return Ok(Some(Refusal::GroupUnseen(handle())));
            }
            Err(UsergroupError::Slack(error)) => {
                tracing::warn!(%error, usergroup = %id, "a team could not be looked up in time");
            }
            Err(UsergroupError::Store(error)) => return Err(error),
        }
    }
    Ok(None)
}

fn unknown_receiver(parsed: &Parsed, missing: &[UserId], labels: &HashMap<UserId, String>) -> Option<Refusal> {
    parsed.receivers.iter().find_map(|receiver| match receiver {
        grammar::Receiver::Member(id) if missing.contains(id) => Some(Refusal::Unknown(
            labels.get(id).cloned().unwrap_or_else(|| id.to_string()),
        )),
        _ => None,
    })
}
