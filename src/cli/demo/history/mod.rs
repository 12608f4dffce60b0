//! What happened in the demo's contact centre before somebody looks at it, invented from a seed: a year that only the
//! ledger tells, two weeks that are lived through, and what people do when the clock is turned ahead.

mod days;
mod words;

use std::collections::HashMap;
use std::time::Duration;

use chrono::Datelike as _;
use chrono_tz::Tz;
use fastrand::Rng;

use super::world::{Person, Role, World};
use crate::base::calendar::{Day, local_day};
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, UserId};
use crate::kudos::{Announce, Give, Receiver, Source};
use crate::workspace::settled_by;
use days::{DAY, Slot, minute_of_day, slots};
pub(super) use words::Speaker;
use words::{Edge, Line, Said, To};

/// What the demo's history is made from.
pub(super) const SEED: u64 = 7;
/// How long the lived-through time before the end is: 14 days.
pub(super) const LIVED: Duration = Duration::from_secs(14 * 86_400);
/// How long the whole history is: 365 days.
const YEAR: Duration = Duration::from_secs(365 * 86_400);
/// Kudos per working day in the lived-through time, per hundred that the habits say.
const LIVED_SHARE: f64 = 0.62;
/// The same for the earlier part of a long way ahead: it would take minutes.
const FAR_SHARE: f64 = 0.2;
/// How long the part of a way ahead is that people live through as ever: 45 days before its end.
const NEAR: Duration = Duration::from_secs(45 * 86_400);
/// A customer's words are passed on so often, per hundred thank-yous by agents; in Customer Service Week.
const CUSTOMERS: u8 = 4;
const CUSTOMERS_IN_THE_WEEK: u8 = 14;
/// So many of a hundred thank-yous are joined in.
const JOINED: u8 = 30;
/// The last thanks before somebody looks.
const LAST_THANKS: Duration = Duration::from_secs(240);
/// Nothing else happens so shortly before the end.
const QUIET: Duration = Duration::from_secs(1_200);
/// Kudos per giver and local day, as shipped.
const ALLOWANCE: i64 = 5;
const MINUTE: i64 = 60_000;

/// Something that somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// When.
    pub at: Instant,
    /// Who.
    pub who: UserId,
    /// Where.
    pub place: ChannelId,
    /// What.
    pub what: What,
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What is typed after the slash command's name, with `@handles`: `@lee for …`.
    Command(String),
    /// A message in the channel.
    Say(String),
    /// A message in the thread of the latest [`What::Say`] in that place.
    Reply(String),
    /// A click on *Undo* under their latest confirmation.
    Undo,
    /// What a customer said, passed on to the person with that handle.
    PassOn {
        /// Without `@`.
        about: &'static str,
        /// The customer's words.
        words: String,
    },
    /// A click on *Me too* under the card with these words.
    JoinIn(String),
}

/// The kudos of the year before `end`, up to [`LIVED`] before it, in order of time: for the ledger only. `zone` is
/// the workspace's. The same seed, people, end and zone give the same list.
pub(super) fn year(seed: u64, world: &World, end: Instant, zone: Tz) -> Vec<Give> {
    let mut rng = Rng::with_seed(seed);
    let mut speaker = Speaker::default();
    let mut history = History::new(world, end, &mut speaker);
    let mut gives = Vec::new();
    for slot in slots(&mut rng, world, end.minus(YEAR), end.minus(LIVED), end, 1.0) {
        if let Some(thanks) = history.thanks(&mut rng, &slot) {
            gives.push(give(world, slot.at, thanks, zone));
        }
    }
    gives
}

/// What is lived through from `from` to `to`, in order of time. Every command is one that gives, except two that only
/// their writers see refused. The last moment thanks the visitor, a few minutes before `to`.
pub(super) fn last_weeks(seed: u64, world: &World, speaker: &mut Speaker, from: Instant, to: Instant) -> Vec<Moment> {
    let mut rng = Rng::with_seed(seed ^ 0x005E_EDED);
    let mut history = History::new(world, to, speaker);
    let until = to.minus(QUIET);
    let mut moments = Vec::new();
    let today = world.by_id(&world.visitor).map(|visitor| local_day(to, visitor.zone));
    let mut slips = Slips::default();
    for slot in slots(&mut rng, world, from, until, to, LIVED_SHARE) {
        // The visitor's own allowance of today is still whole.
        if slot.giver.id == world.visitor && Some(local_day(slot.at, slot.giver.zone)) == today {
            continue;
        }
        let Some(thanks) = history.thanks(&mut rng, &slot) else {
            continue;
        };
        if !thanks.customer {
            slips.around(&mut rng, world, &mut history, &slot, &thanks, &mut moments);
        }
        thanks.comes_about(&mut rng, world, slot.at, &mut moments);
    }
    chatter(&mut rng, world, from, until, &mut moments);
    moments.retain(|moment| moment.at >= from && moment.at < until);
    moments.sort_by_key(|moment| moment.at);
    replies_that_find_their_post(&mut moments);
    for at in 1..moments.len() {
        let earliest = moments[at - 1].at.plus_millis(1);
        moments[at].at = moments[at].at.max(earliest);
    }
    moments.extend(history.for_the_visitor(to.minus(LAST_THANKS)));
    moments
}

/// What people do from `from` to `to`, when the clock is turned there: in order of time, and never the visitor, who does
/// what they do by themselves. Of a way longer than [`NEAR`] the earlier part is thinner.
pub(super) fn way_ahead(seed: u64, world: &World, speaker: &mut Speaker, from: Instant, to: Instant) -> Vec<Moment> {
    let mut rng = Rng::with_seed(seed ^ from.millis().unsigned_abs());
    let mut history = History::new(world, from, speaker);
    let near = from.max(to.minus(NEAR));
    let mut way = slots(&mut rng, world, from, near, from, FAR_SHARE);
    way.extend(slots(&mut rng, world, near, to, from, LIVED_SHARE));
    let mut moments = Vec::new();
    for slot in way.iter().filter(|slot| slot.giver.id != world.visitor) {
        if let Some(thanks) = history.thanks(&mut rng, slot) {
            thanks.comes_about(&mut rng, world, slot.at, &mut moments);
        }
    }
    moments.retain(|moment| moment.at < to);
    moments.sort_by_key(|moment| moment.at);
    moments
}

/// Whether somebody is one of those whose thanks coverage counts: settled in, too.
pub(super) fn is_active(person: &Person, at: Instant, end: Instant) -> bool {
    days::is_here(person, at, end) && days::is_here(person, settled_by(at), end)
}

/// One thank-you, before it is a row or a command.
struct Thanks<'a> {
    giver: &'a Person,
    to: Vec<&'a Person>,
    /// A user group instead of people.
    team: bool,
    said: Said,
    place: ChannelId,
    customer: bool,
}

impl Thanks<'_> {
    /// How it is given, and who of those at work joins in within the hour.
    fn comes_about(&self, rng: &mut Rng, world: &World, at: Instant, moments: &mut Vec<Moment>) {
        if self.customer {
            moments.extend(self.to.first().map(|about| Moment {
                at,
                who: self.giver.id.clone(),
                place: self.place.clone(),
                what: What::PassOn {
                    about: about.handle,
                    words: self.said.text.clone(),
                },
            }));
        } else {
            moments.push(self.command(at));
        }
        if rng.u8(..100) >= JOINED {
            return;
        }
        let mut others: Vec<&Person> = world.people.iter().collect();
        rng.shuffle(&mut others);
        let mut then = at;
        for other in others.into_iter().take(rng.usize(2..8)) {
            then = then.plus_millis(rng.i64(2 * MINUTE..10 * MINUTE));
            let is_in_it = other.id == self.giver.id || self.to.iter().any(|to| to.id == other.id);
            if other.is_here()
                && !other.guest
                && other.id != world.visitor
                && !is_in_it
                && days::is_at_work(other, then)
            {
                moments.push(Moment {
                    at: then,
                    who: other.id.clone(),
                    place: world.kudos.clone(),
                    what: What::JoinIn(self.said.text.clone()),
                });
            }
        }
    }

    fn command(&self, at: Instant) -> Moment {
        let named = if self.team {
            "@support-emea".to_owned()
        } else {
            let handles: Vec<String> = self.to.iter().map(|person| format!("@{}", person.handle)).collect();
            handles.join(" ")
        };
        let values: String = self.said.values.iter().map(|value| format!(" #{value}")).collect();
        // A whole sentence follows the name as it is.
        let joined = if self.said.text.ends_with('.') { "" } else { "for " };
        Moment {
            at,
            who: self.giver.id.clone(),
            place: self.place.clone(),
            what: What::Command(format!("{named} {joined}{}{values}", self.said.text)),
        }
    }
}

fn give(world: &World, at: Instant, thanks: Thanks<'_>, zone: Tz) -> Give {
    let receivers = if thanks.team {
        vec![Receiver::Group(world.emea.clone())]
    } else {
        thanks
            .to
            .iter()
            .map(|person| Receiver::Member(person.id.clone()))
            .collect()
    };
    Give {
        workspace: world.workspace.clone(),
        delivery: None,
        giver: thanks.giver.id.clone(),
        receivers,
        reason: thanks.said.text,
        values: thanks.said.values,
        source: if thanks.customer {
            Source::Customer
        } else {
            Source::Command
        },
        thread: None,
        lane: thanks.place.to_string(),
        channel: Some(thanks.place),
        effect: None,
        at,
        giver_day: local_day(at, thanks.giver.zone),
        workspace_day: local_day(at, zone),
        cost: i64::from(!thanks.customer),
        allowance: Some(ALLOWANCE),
        announce: Announce::Silent,
        unchecked: Vec::new(),
    }
}

/// Chooses who is thanked and for what, within everybody's allowance.
struct History<'a> {
    world: &'a World,
    end: Instant,
    speaker: &'a mut Speaker,
    spent: HashMap<(UserId, Day), i64>,
}

impl<'a> History<'a> {
    fn new(world: &'a World, end: Instant, speaker: &'a mut Speaker) -> Self {
        Self {
            world,
            end,
            speaker,
            spent: HashMap::new(),
        }
    }

    fn thanks(&mut self, rng: &mut Rng, slot: &Slot<'a>) -> Option<Thanks<'a>> {
        let today = local_day(slot.at, slot.giver.zone);
        let is_the_week = days::customer_service_week(today.date().year()) == Some(today.monday());
        let customers = if is_the_week { CUSTOMERS_IN_THE_WEEK } else { CUSTOMERS };
        if slot.giver.role == Role::Agent && rng.u8(..100) < customers {
            let about = self.receiver(rng, slot, |person| person.role == Role::Agent)?;
            let said = self.speaker.quote(rng, about, slot.at)?;
            return Some(Thanks {
                giver: slot.giver,
                to: vec![about],
                team: false,
                said,
                place: slot.giver.home.clone(),
                customer: true,
            });
        }
        self.thanks_of_peers(rng, slot)
    }

    fn thanks_of_peers(&mut self, rng: &mut Rng, slot: &Slot<'a>) -> Option<Thanks<'a>> {
        let team = rng.u8(..100) < 1;
        let mut to = Vec::new();
        if !team {
            to.push(self.receiver(rng, slot, |_| true)?);
            if to[0].role == Role::Agent && rng.u8(..100) < 6 {
                let first = to[0];
                to.extend(self.receiver(rng, slot, |person| person.role == Role::Agent && person.id != first.id));
            }
        }
        let cost = i64::try_from(to.len().max(1)).unwrap_or(i64::MAX);
        self.spend(slot, cost)?;
        let said = self.words(rng, slot, &to)?;
        Some(Thanks {
            giver: slot.giver,
            place: self.place(rng, slot.giver),
            to,
            team,
            said,
            customer: false,
        })
    }

    /// Spends of the giver's allowance, if it suffices.
    fn spend(&mut self, slot: &Slot<'_>, cost: i64) -> Option<()> {
        let day = local_day(slot.at, slot.giver.zone);
        let spent = self.spent.entry((slot.giver.id.clone(), day)).or_default();
        (*spent + cost <= ALLOWANCE).then(|| *spent += cost)
    }

    fn words(&mut self, rng: &mut Rng, slot: &Slot<'_>, to: &[&'a Person]) -> Option<Said> {
        let named = |person: &Person| person.id == slot.giver.id || to.iter().any(|other| other.id == person.id);
        let others: Vec<&'static str> = self
            .world
            .people
            .iter()
            .filter(|person| person.role == Role::Agent && self.is_here(person, slot.at) && !named(person))
            .map(|person| person.name)
            .collect();
        let to = if to.is_empty() { To::Team } else { To::People(to) };
        self.speaker.reason(rng, slot.giver, &to, &others, slot.at)
    }

    fn is_here(&self, person: &Person, at: Instant) -> bool {
        days::is_here(person, at, self.end)
    }

    /// Somebody to thank: those near are thanked more, and so are those whom everybody turns to.
    fn receiver(&self, rng: &mut Rng, slot: &Slot<'a>, fits: impl Fn(&Person) -> bool) -> Option<&'a Person> {
        let ago = i64::try_from(self.end.since(slot.at).as_millis()).unwrap_or(i64::MAX) / DAY;
        let weight = |person: &Person| {
            let may = person.id != slot.giver.id
                && self.is_here(person, slot.at)
                && (slot.at > self.end || ago >= person.habits.not_thanked_for)
                && fits(person);
            let near = match (person.home == slot.giver.home, person.shift == slot.giver.shift) {
                (true, true) => 3,
                (true, false) | (false, true) => 2,
                (false, false) => 1,
            };
            if may { person.habits.thanked * near } else { 0 }
        };
        let all: u32 = self.world.people.iter().map(weight).sum();
        if all == 0 {
            return None;
        }
        let mut left = rng.u32(..all);
        self.world.people.iter().find(|person| {
            let weight = weight(person);
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        })
    }

    fn place(&self, rng: &mut Rng, giver: &Person) -> ChannelId {
        let other = match rng.u8(..100) {
            _ if giver.guest => &giver.home,
            0..65 => &giver.home,
            65..90 => &self.world.support,
            _ => &self.world.kudos,
        };
        other.clone()
    }

    /// The thanks that whoever looks finds first, by somebody who is at work then.
    fn for_the_visitor(&mut self, at: Instant) -> Option<Moment> {
        let givers = [
            "dana", "aylin", "tomasz", "lee", "druiz", "yuki", "marisol", "chloe", "noor",
        ];
        let can = |person: &&Person| {
            let spent = self.spent.get(&(person.id.clone(), local_day(at, person.zone)));
            spent.is_none_or(|spent| *spent < ALLOWANCE)
        };
        let people = || givers.iter().filter_map(|handle| self.world.person(handle)).filter(can);
        let giver = people()
            .find(|person| person.shift.covers(minute_of_day(at, person.zone)))
            .or_else(|| people().next())?;
        let visitor = self.world.by_id(&self.world.visitor)?;
        Some(Moment {
            at,
            who: giver.id.clone(),
            place: self.world.support.clone(),
            what: What::Command(format!(
                "@{} for staying with the caller whose heating had failed until the engineer rang the bell, \
                 without once sounding rushed #calm",
                visitor.handle
            )),
        })
    }
}

/// How often a wrong person was thanked and it was taken back.
const UNDONE: u32 = 3;

/// What goes wrong in two weeks.
#[derive(Default)]
struct Slips {
    seen: u32,
    undone: u32,
    thanked_self: bool,
    thanked_app: bool,
}

impl Slips {
    /// What may happen just before a thank-you.
    fn around<'a>(
        &mut self,
        rng: &mut Rng,
        world: &World,
        history: &mut History<'a>,
        slot: &Slot<'a>,
        thanks: &Thanks<'a>,
        moments: &mut Vec<Moment>,
    ) {
        self.seen += 1;
        let giver = slot.giver;
        let moment = |minutes: i64, what: What| Moment {
            at: slot.at.plus_millis(-minutes * MINUTE),
            who: giver.id.clone(),
            place: thanks.place.clone(),
            what,
        };
        if !self.thanked_self && self.seen > 20 && giver.is("early") && giver.id != world.visitor {
            self.thanked_self = true;
            moments.push(moment(
                2,
                What::Command(format!("@{} for surviving that queue", giver.handle)),
            ));
        } else if !self.thanked_app && self.seen > 55 && giver.is("agent") && giver.id != world.visitor {
            self.thanked_app = true;
            moments.push(moment(2, What::Command("@weatherbot for the storm warning".to_owned())));
        } else if self.undone < UNDONE && self.seen > 25 * (self.undone + 1) && thanks.to.len() == 1 {
            let right = thanks.to[0];
            let wrong = history.receiver(rng, slot, |person| person.role == right.role && person.id != right.id);
            // The allowance comes back, but for a minute it has to suffice for both.
            let Some(wrong) = wrong else {
                return;
            };
            if history.spend(slot, 1).is_some() {
                self.undone += 1;
                let mistaken = Thanks {
                    giver,
                    to: vec![wrong],
                    team: false,
                    said: Said {
                        text: thanks.said.text.clone(),
                        values: thanks.said.values.clone(),
                    },
                    place: thanks.place.clone(),
                    customer: false,
                };
                moments.push(mistaken.command(slot.at.plus_millis(-3 * MINUTE)));
                moments.push(moment(1, What::Undo));
            }
        }
    }
}

/// Chatter: every line at most once, spread over the working days.
fn chatter(rng: &mut Rng, world: &World, from: Instant, to: Instant, moments: &mut Vec<Moment>) {
    let mut lines: Vec<&Line> = words::chatter().iter().collect();
    rng.shuffle(&mut lines);
    let days = days::working_days(from, to);
    if days.is_empty() {
        return;
    }
    for (n, line) in lines.into_iter().enumerate() {
        let Some(channel) = world.channel(&line.r#in) else {
            continue;
        };
        let there = |person: &&Person| person.is_here() && channel.members.contains(&person.id);
        let speakers: Vec<&Person> = world
            .people
            .iter()
            .filter(there)
            .filter(|person| person.is(&line.by) && person.id != world.visitor)
            .collect();
        let Some(speaker) = rng.choice(speakers) else { continue };
        let into = match line.at {
            Some(Edge::Start) => rng.u32(2..35),
            Some(Edge::End) => rng.u32(475..505),
            None => rng.u32(40..470),
        };
        let Some(at) = days::at(rng, speaker, days[n % days.len()], into) else {
            continue;
        };
        let moment = |at: Instant, who: &Person, what: What| Moment {
            at,
            who: who.id.clone(),
            place: channel.id.clone(),
            what,
        };
        moments.push(moment(at, speaker, What::Say(line.say.clone())));
        let Some(reply) = &line.reply else { continue };
        let answered = at.plus_millis(rng.i64(2 * MINUTE..14 * MINUTE));
        let answerers: Vec<&Person> = world
            .people
            .iter()
            .filter(there)
            .filter(|person| person.id != speaker.id && person.id != world.visitor)
            .filter(|person| line.reply_by.as_deref().is_none_or(|by| person.is(by)))
            .filter(|person| days::is_at_work(person, answered))
            .collect();
        if let Some(answerer) = rng.choice(answerers) {
            moments.push(moment(answered, answerer, What::Reply(reply.clone())));
        }
    }
}

/// Drops a reply when something else was said in that place since the post that it answers.
fn replies_that_find_their_post(moments: &mut Vec<Moment>) {
    let mut latest: HashMap<ChannelId, String> = HashMap::new();
    moments.retain(|moment| match &moment.what {
        What::Say(text) => {
            latest.insert(moment.place.clone(), text.clone());
            true
        }
        What::Reply(text) => words::chatter().iter().any(|line| {
            line.reply.as_ref() == Some(text) && latest.get(&moment.place).is_some_and(|said| *said == line.say)
        }),
        What::Command(_) | What::Undo | What::PassOn { .. } | What::JoinIn(_) => true,
    });
}

#[cfg(test)]
mod tests;
