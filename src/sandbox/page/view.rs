//! What one person sees: places, messages, the open thread, the clock.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike as _, NaiveDate, TimeZone as _};
use chrono_tz::Tz;

use super::asked::{Asked, app_slug, signs_in};
use super::blocks::{Block, blocks, controls};
use super::forms::{Home, Modal};
use super::markup::{Eyes, Html, near, ordinal};
use super::reads::Reads;
use super::stage::Jump;
use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::base::text::list_names;
use crate::sandbox::people::Guest;
use crate::sandbox::render;
use crate::sandbox::seen::{Author, SharedFile, Shown};
use crate::sandbox::state::{BOT_USER, Channel, Kind, Person, State};

/// Messages that stand on the page at once; older ones are a click away.
const WINDOW: usize = 100;
/// What is offered to react with; any other one can be typed in Slack.
const REACTIONS: [&str; 6] = ["kudos", "+1", "heart", "tada", "raised_hands", "eyes"];
/// Within this time the next message of an author needs no second name, as in Slack.
const TOGETHER: i64 = 5 * 60;

/// Everything a person's page is made of, read in one moment.
pub(super) struct View {
    pub me: Face,
    pub place: Place,
    pub places: Places,
    pub messages: Messages,
    pub thread: Option<Thread>,
    pub modal: Modal,
    /// The app's Home, where it is looked at.
    pub home: Option<Home>,
    /// Home and messages of the app, where it has both: their addresses.
    pub tabs: Option<(String, String)>,
}

/// A person in few signs.
#[derive(Clone, Debug)]
pub(super) struct Face {
    pub name: String,
    pub initials: String,
    /// One of twelve colours.
    pub tint: u32,
    pub app: bool,
}

/// The place in the middle.
#[derive(Debug)]
pub(super) struct Place {
    pub id: Option<ChannelId>,
    pub title: String,
    /// `#`, a lock, or nothing.
    pub sign: &'static str,
    pub about: String,
    pub writing: Writing,
}

/// Whether the person can write there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    Yes,
    /// A public channel that they have not joined.
    Join,
    Archived,
    /// The app takes no messages, or there is no such place.
    No,
}

/// The list at the left.
#[derive(Debug, Template)]
#[template(path = "places.html")]
pub(super) struct Places {
    pub channels: Vec<PlaceLink>,
    pub others: Vec<PlaceLink>,
    pub directs: Vec<PlaceLink>,
}

#[derive(Debug)]
pub(super) struct PlaceLink {
    pub id: String,
    pub href: String,
    pub name: String,
    pub sign: &'static str,
    pub face: Option<Face>,
    pub here: bool,
    pub unread: bool,
    pub pings: usize,
}

/// The messages of a place.
#[derive(Debug, Template)]
#[template(path = "messages.html")]
pub(super) struct Messages {
    pub older: Option<String>,
    pub newer: Option<String>,
    pub entries: Vec<Entry>,
    /// What stands where nothing was said yet.
    pub empty: &'static str,
}

#[derive(Debug)]
pub(super) enum Entry {
    Day(String),
    Message(Box<Message>),
}

/// One message.
#[derive(Debug, Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    pub anchor: String,
    pub author: Face,
    pub at: String,
    pub at_full: String,
    pub at_machine: String,
    pub href: String,
    pub goes_on: bool,
    pub edited: bool,
    pub only_me: bool,
    pub sought: bool,
    pub mentions_me: bool,
    pub blocks: Vec<Block>,
    pub aloud: Option<Aloud>,
    pub chips: Vec<Chip>,
    pub files: Vec<FileView>,
    pub replies: Option<Replies>,
    /// Where its thread can be begun.
    pub reply: Option<String>,
    /// What else can be done with it; none with what only one person sees.
    pub tools: Option<Tools>,
}

/// A file below a message.
#[derive(Debug)]
pub struct FileView {
    pub title: String,
    /// What is said of it where it can't be seen.
    pub alt: String,
    /// Where the page shows it from; none for what is no image.
    pub image: Option<String>,
}

impl FileView {
    fn of(file: &SharedFile) -> Self {
        let alt = if file.alt_text.is_empty() {
            &file.title
        } else {
            &file.alt_text
        };
        Self {
            title: file.title.clone(),
            alt: alt.clone(),
            image: file.is_image().then(|| format!("/file/{}", file.id)),
        }
    }
}

/// An emoji below a message.
#[derive(Debug)]
pub(super) struct Chip {
    pub id: String,
    pub face: Html,
    pub count: usize,
    /// Who reacted, in words.
    pub who: String,
    pub mine: bool,
    pub href: String,
}

/// What can be done with a message beside answering it.
#[derive(Debug)]
pub(super) struct Tools {
    pub reactions: Vec<(Html, String, String)>,
    /// The app's message shortcuts.
    pub shortcuts: Vec<(String, String)>,
    pub edit: Option<String>,
    pub delete: Option<String>,
}

/// A message as a screen reader says it.
#[derive(Debug)]
pub(super) struct Aloud {
    pub words: String,
    pub controls: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Replies {
    pub count: usize,
    pub last: String,
    pub faces: Vec<Face>,
    pub href: String,
    pub open: bool,
}

/// An open thread.
#[derive(Debug, Template)]
#[template(path = "thread.html")]
pub(super) struct Thread {
    pub parent: Option<Message>,
    pub replies: Vec<Message>,
}

/// The workspace's time, and where it can go.
#[derive(Debug, Template)]
#[template(path = "clock.html")]
pub(super) struct ClockView {
    pub date: String,
    pub time: String,
    pub zone: String,
    pub jumps: Vec<JumpLink>,
    /// One jump is under way.
    pub turning: bool,
}

#[derive(Debug)]
pub(super) struct JumpLink {
    pub id: String,
    pub href: String,
    pub label: String,
    pub at: String,
}

/// Somebody whom the visitor can be.
#[derive(Debug)]
pub(super) struct PersonLink {
    pub href: String,
    pub face: Face,
    pub full_name: String,
    pub note: String,
    pub here: bool,
}

/// Something that can be completed after `@`, `#` or `/`.
#[derive(Debug)]
pub(super) struct Name {
    pub insert: String,
    pub label: String,
    pub note: String,
    /// In lower case: what is searched.
    pub search: String,
    pub face: Option<Face>,
}

impl HtmlSafe for Places {}
impl HtmlSafe for Messages {}
impl HtmlSafe for Message {}
impl HtmlSafe for Thread {}
impl HtmlSafe for ClockView {}

impl View {
    /// `None` if that person can't sign in.
    pub(super) fn read(state: &State, asked: &Asked, now: Instant, reads: &mut Reads) -> Option<Self> {
        let person = asked.person(state)?;
        let me = &person.id;
        let there = asked.place(state, me);
        let eyes = Eyes {
            state,
            asked,
            me,
            tz: zone(person),
            now,
        };
        let messages = there.map(|there| Look { eyes: &eyes, there }.messages());
        let is_app = there.is_some_and(|there| there.dm_partner() == Some(me));
        let at_home = is_app && asked.tab == "home";
        if let Some(there) = there.filter(|_| !at_home) {
            reads.read(me, there);
        }
        let tab = |tab: &str| {
            Asked {
                tab: tab.to_owned(),
                ..asked.plain()
            }
            .href()
        };
        Some(Self {
            modal: Modal::of(&eyes),
            home: at_home.then(|| Home::of(&eyes)),
            tabs: (is_app && state.app.has_home).then(|| (tab("home"), tab(""))),
            me: face(person),
            place: Place::of(state, me, there),
            places: Places::of(&eyes, there, reads),
            thread: there.and_then(|there| Look { eyes: &eyes, there }.thread(&asked.thread()?)),
            messages: messages.unwrap_or(Messages {
                older: None,
                newer: None,
                entries: Vec::new(),
                empty: "There is no such place here, or it is not open to you.",
            }),
        })
    }
}

/// A person's zone; UTC for those without.
pub(super) fn zone(person: &Person) -> Tz {
    person.it.tz.unwrap_or(Tz::UTC)
}

/// How a person is drawn.
pub(super) fn face(person: &Person) -> Face {
    let app = person.id.as_str() == BOT_USER;
    let name = render::name(person).to_owned();
    let full = if person.it.real_name.is_empty() {
        &name
    } else {
        &person.it.real_name
    };
    let words: Vec<&str> = full.split_whitespace().collect();
    let ends = match words.as_slice() {
        [first, .., last] => vec![*first, *last],
        other => other.to_vec(),
    };
    let initials: String = ends
        .iter()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()))
        .flat_map(char::to_uppercase)
        .collect();
    Face {
        initials: if initials.is_empty() { "?".to_owned() } else { initials },
        tint: person
            .id
            .as_str()
            .bytes()
            .fold(7, |sum: u32, byte| sum * 31 % 9_973 + u32::from(byte))
            % 12,
        app: app || person.it.is_bot || person.it.workflow_bot,
        name,
    }
}

fn face_of(state: &State, id: &UserId) -> Face {
    state.people.get(id).map_or_else(
        || Face {
            name: id.to_string(),
            initials: "?".to_owned(),
            tint: 0,
            app: false,
        },
        face,
    )
}

impl Place {
    pub(super) fn of(state: &State, me: &UserId, there: Option<&Channel>) -> Self {
        let Some(there) = there else {
            return Self {
                id: None,
                title: "Nowhere".to_owned(),
                sign: "",
                about: String::new(),
                writing: Writing::No,
            };
        };
        let others: Vec<Face> = there
            .members
            .iter()
            .filter(|id| *id != me)
            .map(|id| face_of(state, id))
            .collect();
        let people = there.members.iter().filter(|id| id.as_str() != BOT_USER).count();
        let people = if people == 1 {
            "1 person".to_owned()
        } else {
            format!("{people} people")
        };
        let (title, about) = match there.kind {
            Kind::Public | Kind::Private if there.has_app() => (there.name.clone(), people),
            Kind::Public | Kind::Private => (there.name.clone(), format!("{people}, the app isn't here")),
            Kind::Im | Kind::Mpim => {
                let names: Vec<String> = others.iter().map(|face| face.name.clone()).collect();
                (names.join(", "), String::new())
            }
        };
        let writing = match there.kind {
            _ if there.archived => Writing::Archived,
            Kind::Public if !there.members.contains(me) => Writing::Join,
            Kind::Im if there.has_app() && !state.app.takes_messages => Writing::No,
            _ => Writing::Yes,
        };
        Self {
            id: Some(there.id.clone()),
            title,
            sign: sign(there.kind),
            about,
            writing,
        }
    }
}

fn sign(kind: Kind) -> &'static str {
    match kind {
        Kind::Public => "#",
        Kind::Private => "🔒",
        Kind::Im | Kind::Mpim => "",
    }
}

impl Places {
    fn of(eyes: &Eyes<'_>, here: Option<&Channel>, reads: &Reads) -> Self {
        let Eyes { state, asked, me, .. } = *eyes;
        let link = |there: &Channel| {
            let (unread, pings) = reads.unread(me, there);
            let is_here = here.is_some_and(|here| here.id == there.id);
            let place = Place::of(state, me, Some(there));
            let other = there.members.iter().find(|id| *id != me);
            PlaceLink {
                id: there.id.to_string(),
                href: asked.to(state, me, there).href(),
                name: place.title,
                sign: place.sign,
                face: matches!(there.kind, Kind::Im | Kind::Mpim)
                    .then(|| other.map(|id| face_of(state, id)))
                    .flatten(),
                here: is_here,
                unread: unread && !is_here,
                pings: if is_here { 0 } else { pings },
            }
        };
        let mut places = Self {
            channels: Vec::new(),
            others: Vec::new(),
            directs: Vec::new(),
        };
        for there in state.channels.values() {
            let inside = there.members.contains(me);
            match there.kind {
                Kind::Public | Kind::Private if inside && !there.archived => places.channels.push(link(there)),
                Kind::Im | Kind::Mpim if inside => places.directs.push(link(there)),
                Kind::Public if asked.can_see(state, me, there) => places.others.push(link(there)),
                _ => {}
            }
        }
        // The app can be written to before it ever wrote.
        if state.dm_with(me).is_none() {
            let asked = Asked {
                place: app_slug(state),
                ..asked.plain()
            };
            let face = face_of(state, &UserId::from(BOT_USER));
            places.directs.push(PlaceLink {
                id: "app".to_owned(),
                href: asked.href(),
                name: face.name.clone(),
                sign: "",
                face: Some(face),
                here: false,
                unread: false,
                pings: 0,
            });
        }
        let by_name = |link: &PlaceLink| link.name.clone();
        places.channels.sort_by_cached_key(by_name);
        places.others.sort_by_cached_key(by_name);
        places
            .directs
            .sort_by_cached_key(|link| (link.face.as_ref().is_none_or(|face| !face.app), link.name.clone()));
        places
    }
}

struct Look<'a> {
    eyes: &'a Eyes<'a>,
    there: &'a Channel,
}

impl Look<'_> {
    /// What the person alone sees here.
    fn private(&self) -> impl Iterator<Item = &Shown> {
        let Eyes { state, me, .. } = *self.eyes;
        let here = move |shown: &&Shown| shown.channel == self.there.id && shown.only_for.as_ref() == Some(me);
        state.ephemeral.iter().filter(here)
    }

    fn messages(&self) -> Messages {
        let mut roots: Vec<&Shown> = Vec::new();
        let mut replies: BTreeMap<&MessageTs, Vec<&Shown>> = BTreeMap::new();
        for shown in &self.there.messages {
            match reply_to(shown) {
                Some(parent) => replies.entry(parent).or_default().push(shown),
                None => roots.push(shown),
            }
        }
        roots.extend(self.private().filter(|shown| reply_to(shown).is_none()));
        roots.sort_by(|one, other| one.ts.cmp(&other.ts));
        let asked = self.eyes.asked;
        let at = |ts: &MessageTs| {
            Asked {
                m: ts.to_string(),
                ..asked.clone()
            }
            .href()
        };
        let sought = (!asked.m.is_empty())
            .then(|| roots.iter().position(|shown| shown.ts.as_str() >= asked.m.as_str()))
            .flatten();
        let end = sought.map_or(roots.len(), |at| roots.len().min(at + WINDOW / 2));
        let start = end.saturating_sub(WINDOW);
        let window = &roots[start..end];
        let mut entries = Vec::new();
        let mut before: Option<&Shown> = None;
        for &shown in window {
            let day = self.local(shown).date_naive();
            let same_day = before.is_some_and(|before| self.local(before).date_naive() == day);
            if !same_day {
                entries.push(Entry::Day(self.day(day)));
            }
            let goes_on = same_day && before.is_some_and(|before| together(before, shown));
            let replies = replies.get(&shown.ts).map(Vec::as_slice).unwrap_or_default();
            entries.push(Entry::Message(Box::new(self.message(shown, goes_on, replies))));
            before = Some(shown);
        }
        Messages {
            older: (start > 0).then(|| window.first().map(|shown| at(&shown.ts))).flatten(),
            newer: (end < roots.len()).then(|| {
                Asked {
                    m: String::new(),
                    ..asked.clone()
                }
                .href()
            }),
            entries,
            empty: "Nothing was said here yet.",
        }
    }

    fn thread(&self, parent: &MessageTs) -> Option<Thread> {
        let mut replies: Vec<&Shown> = self
            .there
            .messages
            .iter()
            .chain(self.private())
            .filter(|shown| reply_to(shown) == Some(parent))
            .collect();
        replies.sort_by(|one, other| one.ts.cmp(&other.ts));
        let of = self.there.messages.iter().find(|shown| &shown.ts == parent);
        Some(Thread {
            parent: of.map(|shown| self.message(shown, false, &[])),
            replies: replies
                .into_iter()
                .map(|shown| self.message(shown, false, &[]))
                .collect(),
        })
    }

    fn message(&self, shown: &Shown, goes_on: bool, replies: &[&Shown]) -> Message {
        let Eyes { state, asked, me, .. } = *self.eyes;
        let at = self.local(shown);
        let author = match &shown.author {
            Author::Bot => face_of(state, &UserId::from(BOT_USER)),
            Author::Person(id) => face_of(state, id),
        };
        let blocks = blocks(self.eyes, shown);
        let aloud = (!asked.aloud.is_empty()).then(|| Aloud {
            words: self.eyes.words(&shown.text),
            controls: controls(&blocks),
        });
        let same_day = at.date_naive() == self.today();
        let thread = Asked {
            thread: shown.ts.to_string(),
            ..asked.clone()
        };
        Message {
            anchor: format!("m-{}", shown.ts.as_str().replace('.', "-")),
            author,
            at: at.format("%H:%M").to_string(),
            at_full: if same_day {
                format!("Today at {}", at.format("%H:%M:%S"))
            } else {
                at.format("%A, %-d %B %Y at %H:%M:%S").to_string()
            },
            at_machine: at.to_rfc3339(),
            href: Asked {
                m: shown.ts.to_string(),
                ..asked.plain()
            }
            .href(),
            goes_on,
            edited: shown.edited && shown.only_for.is_none(),
            only_me: shown.only_for.is_some(),
            sought: asked.m == shown.ts.as_str(),
            mentions_me: shown.author != Author::Person(me.clone())
                && shown.only_for.is_none()
                && self.there.kind != Kind::Im
                && shown.pings.contains(me),
            blocks,
            aloud,
            chips: self.chips(shown),
            files: shown.files.iter().map(FileView::of).collect(),
            tools: shown.only_for.is_none().then(|| self.tools(shown)),
            reply: (shown.only_for.is_none() && reply_to(shown).is_none() && asked.thread != shown.ts.as_str())
                .then(|| thread.href()),
            replies: self.replies(shown, replies, thread),
        }
    }

    fn chips(&self, shown: &Shown) -> Vec<Chip> {
        let Eyes { state, me, .. } = *self.eyes;
        shown
            .reactions
            .iter()
            .enumerate()
            .map(|(at, reaction)| {
                let mine = reaction.users.contains(me);
                let names: Vec<String> = reaction.users.iter().map(|id| face_of(state, id).name).collect();
                Chip {
                    id: format!("r-{}-{at}", shown.ts.as_str().replace('.', "-")),
                    face: self.eyes.html(&format!(":{}:", reaction.name)),
                    count: reaction.users.len(),
                    who: format!("{} reacted with :{}:", list_names(&names), reaction.name),
                    mine,
                    href: self.act(
                        if mine { "/unreact" } else { "/react" },
                        shown,
                        &[("name", &reaction.name)],
                    ),
                }
            })
            .collect()
    }

    fn tools(&self, shown: &Shown) -> Tools {
        let Eyes { state, me, .. } = *self.eyes;
        let is_own = shown.author == Author::Person(me.clone());
        Tools {
            reactions: REACTIONS
                .iter()
                .map(|name| {
                    let face = self.eyes.html(&format!(":{name}:"));
                    (face, (*name).to_owned(), self.act("/react", shown, &[("name", name)]))
                })
                .collect(),
            shortcuts: state
                .app
                .shortcuts
                .iter()
                .filter(|shortcut| shortcut.of_messages)
                .map(|shortcut| {
                    let href = self.act("/shortcut", shown, &[("callback", &shortcut.callback_id)]);
                    (shortcut.name.clone(), href)
                })
                .collect(),
            edit: is_own.then(|| self.act("/edit", shown, &[])),
            delete: is_own.then(|| self.act("/delete", shown, &[])),
        }
    }

    /// An address that does something with a message.
    fn act(&self, path: &str, shown: &Shown, more: &[(&str, &str)]) -> String {
        let mut fields = vec![("channel", shown.channel.as_str()), ("ts", shown.ts.as_str())];
        fields.extend(more);
        self.eyes.asked.with(path, &fields)
    }

    fn replies(&self, parent: &Shown, replies: &[&Shown], thread: Asked) -> Option<Replies> {
        let last = replies.last()?;
        let mut authors: Vec<&Author> = Vec::new();
        for reply in replies {
            if authors.len() < 3 && !authors.contains(&&reply.author) {
                authors.push(&reply.author);
            }
        }
        let state = self.eyes.state;
        Some(Replies {
            count: replies.len(),
            last: self.moment(last),
            faces: authors
                .into_iter()
                .map(|author| match author {
                    Author::Bot => face_of(state, &UserId::from(BOT_USER)),
                    Author::Person(id) => face_of(state, id),
                })
                .collect(),
            open: self.eyes.asked.thread == parent.ts.as_str(),
            href: thread.href(),
        })
    }

    fn local(&self, shown: &Shown) -> DateTime<Tz> {
        let seconds = seconds(&shown.ts);
        self.eyes.tz.timestamp_opt(seconds, 0).single().unwrap_or_else(|| {
            // Only a ts beyond any calendar gets here.
            self.eyes.now.utc().with_timezone(&self.eyes.tz)
        })
    }

    fn today(&self) -> NaiveDate {
        self.eyes.now.utc().with_timezone(&self.eyes.tz).date_naive()
    }

    fn day(&self, day: NaiveDate) -> String {
        match near(day, self.today()) {
            Some(near) => near.to_owned(),
            None if day.year() == self.today().year() => {
                format!("{} {}{}", day.format("%A, %B"), day.day(), ordinal(day.day()))
            }
            None => format!(
                "{} {}{}, {}",
                day.format("%B"),
                day.day(),
                ordinal(day.day()),
                day.year()
            ),
        }
    }

    fn moment(&self, shown: &Shown) -> String {
        let at = self.local(shown);
        match near(at.date_naive(), self.today()) {
            Some(near) => format!("{} at {}", near.to_lowercase(), at.format("%H:%M")),
            None => at.format("%-d %B at %H:%M").to_string(),
        }
    }
}

/// The parent of a reply.
fn reply_to(shown: &Shown) -> Option<&MessageTs> {
    shown.thread_ts.as_ref().filter(|parent| **parent != shown.ts)
}

fn seconds(ts: &MessageTs) -> i64 {
    ts.as_str()
        .split('.')
        .next()
        .and_then(|part| part.parse().ok())
        .unwrap_or(0)
}

fn together(before: &Shown, shown: &Shown) -> bool {
    before.author == shown.author
        && before.only_for == shown.only_for
        && seconds(&shown.ts) - seconds(&before.ts) < TOGETHER
}

impl ClockView {
    /// The time in the zone of whoever looks.
    pub(super) fn of(asked: &Asked, tz: Tz, now: Instant, jumps: Vec<Jump>, turning: bool) -> Self {
        let at = now.utc().with_timezone(&tz);
        Self {
            date: at.format("%a %-d %B %Y").to_string(),
            time: at.format("%H:%M").to_string(),
            zone: tz.name().replace('_', " "),
            turning,
            jumps: jumps
                .into_iter()
                .map(|jump| JumpLink {
                    href: asked.with("/jump", &[("id", &jump.id)]),
                    at: jump.at.utc().with_timezone(&tz).format("%a %-d %b, %H:%M").to_string(),
                    id: jump.id,
                    label: jump.label,
                })
                .collect(),
        }
    }
}

/// Everybody who can be played, by name.
pub(super) fn people(state: &State, asked: &Asked, now: Instant) -> Vec<PersonLink> {
    let mut list: Vec<PersonLink> = state
        .people
        .values()
        .filter(|person| signs_in(person))
        .map(|person| {
            let as_them = Asked {
                who: person.it.handle.clone(),
                ..asked.plain()
            };
            // A direct message is somebody's own; the app's is everybody's.
            let can_see = as_them.place(state, &person.id).is_some() || as_them.place == app_slug(state);
            let place = if can_see { as_them.place.clone() } else { String::new() };
            let local = now.utc().with_timezone(&zone(person)).format("%H:%M");
            let guest = if person.it.guest == Guest::No { "" } else { "guest, " };
            PersonLink {
                href: Asked { place, ..as_them }.href(),
                face: face(person),
                full_name: if person.it.real_name.is_empty() {
                    render::name(person).to_owned()
                } else {
                    person.it.real_name.clone()
                },
                note: format!("{guest}{local} there"),
                here: person.it.handle == asked.who,
            }
        })
        .collect();
    list.sort_by(|one, other| one.full_name.cmp(&other.full_name));
    list
}

/// What the composer completes.
pub(super) fn names(state: &State, asked: &Asked, me: &UserId) -> Vec<Name> {
    let mut names = Vec::new();
    let people = state
        .people
        .values()
        .filter(|person| !person.it.deleted && person.id.as_str() != "USLACKBOT");
    for person in people {
        let it = &person.it;
        let face = face(person);
        let label = if it.real_name.is_empty() {
            face.name.clone()
        } else {
            it.real_name.clone()
        };
        names.push(Name {
            insert: format!("@{}", it.handle),
            search: format!("{} {} {}", it.display_name, label, it.handle).to_lowercase(),
            note: if it.display_name.is_empty() || it.display_name == label {
                format!("@{}", it.handle)
            } else {
                it.display_name.clone()
            },
            label,
            face: Some(face),
        });
    }
    names.sort_by(|one, other| one.label.cmp(&other.label));
    for group in state.groups.values().filter(|group| group.disabled_at.is_none()) {
        names.push(Name {
            insert: format!("@{}", group.handle),
            label: format!("@{}", group.handle),
            note: format!("{}, {} people", group.name, group.users.len()),
            search: format!("{} {}", group.handle, group.name).to_lowercase(),
            face: None,
        });
    }
    for (many, note) in [
        ("here", "everyone here who is online"),
        ("channel", "everyone in this channel"),
        ("everyone", "everyone in the workspace"),
    ] {
        names.push(Name {
            insert: format!("@{many}"),
            label: format!("@{many}"),
            note: note.to_owned(),
            search: many.to_owned(),
            face: None,
        });
    }
    let channels: BTreeSet<&str> = state
        .channels
        .values()
        .filter(|there| !there.name.is_empty() && !there.archived && asked.can_see(state, me, there))
        .map(|there| there.name.as_str())
        .collect();
    for name in channels {
        names.push(Name {
            insert: format!("#{name}"),
            label: format!("#{name}"),
            note: String::new(),
            search: name.to_lowercase(),
            face: None,
        });
    }
    for command in &state.app.commands {
        names.push(Name {
            insert: command.name.clone(),
            label: command.name.clone(),
            note: state.app.bot_name.clone(),
            search: command.name.trim_start_matches('/').to_lowercase(),
            face: None,
        });
    }
    names
}

/// Where somebody lands who asks for no place: a channel with the app, else any.
pub(super) fn landing(state: &State, asked: &Asked, me: &UserId) -> Option<Asked> {
    let mut joined: Vec<&Channel> = state
        .channels
        .values()
        .filter(|there| there.members.contains(me) && !there.archived)
        .collect();
    joined.sort_by_key(|there| (there.kind != Kind::Public, !there.has_app(), there.name.clone()));
    joined.first().map(|there| asked.to(state, me, there))
}
