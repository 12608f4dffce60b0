//! What an address of the page asks for: `/?as=ana&in=support&thread=…`.

use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::base::ids::{ChannelId, MessageTs, UserId};
use crate::sandbox::people::Guest;
use crate::sandbox::state::{BOT_USER, Channel, Kind, Person, State, TEAM_DOMAIN};

/// The query of every address of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// A person's handle.
    #[serde(rename = "as")]
    pub who: String,
    /// A channel's name, `@handle` for the direct message with somebody, or any place's id.
    #[serde(rename = "in")]
    pub place: String,
    /// `home`: the app's Home instead of its messages.
    pub tab: String,
    /// The open thread's parent.
    pub thread: String,
    /// The message that must be on the page.
    pub m: String,
    /// Not empty: messages as a screen reader says them.
    pub aloud: String,
}

impl Asked {
    /// The page's address.
    pub(super) fn href(&self) -> String {
        self.at("/")
    }

    /// An address for the same person, place and thread.
    pub(super) fn at(&self, path: &str) -> String {
        self.with(path, &[])
    }

    /// The same with more fields.
    pub(super) fn with(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        let own = [
            ("as", &self.who),
            ("in", &self.place),
            ("tab", &self.tab),
            ("thread", &self.thread),
            ("m", &self.m),
            ("aloud", &self.aloud),
        ];
        query.extend_pairs(own.into_iter().filter(|(_, value)| !value.is_empty()));
        query.extend_pairs(more);
        let query = query.finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }

    /// The same place without a thread or a certain message.
    pub(super) fn plain(&self) -> Self {
        Self {
            thread: String::new(),
            m: String::new(),
            ..self.clone()
        }
    }

    /// Another place of the same person.
    pub(super) fn to(&self, state: &State, me: &UserId, there: &Channel) -> Self {
        Self {
            place: slug(state, me, there),
            tab: String::new(),
            ..self.plain()
        }
    }

    /// Who looks at the page: somebody who can sign in.
    pub(super) fn person<'a>(&self, state: &'a State) -> Option<&'a Person> {
        state
            .people
            .values()
            .find(|person| person.it.handle == self.who)
            .filter(|person| signs_in(person))
    }

    /// The place that is asked for, if that person can see it.
    pub(super) fn place<'a>(&self, state: &'a State, me: &UserId) -> Option<&'a Channel> {
        let found = match self.place.strip_prefix('@') {
            Some(handle) => {
                let other = state.people.values().find(|person| person.it.handle == handle)?;
                state.channels.values().find(|there| {
                    there.kind == Kind::Im && there.members.contains(me) && there.members.contains(&other.id)
                })
            }
            None => state
                .channels
                .values()
                .find(|there| !there.name.is_empty() && there.name == self.place)
                .or_else(|| state.channels.get(&ChannelId::from(self.place.as_str()))),
        };
        found.filter(|there| self.can_see(state, me, there))
    }

    /// Members see their places; people who are no guests see public channels, too.
    pub(super) fn can_see(&self, state: &State, me: &UserId, there: &Channel) -> bool {
        let guest = state.people.get(me).is_none_or(|person| person.it.guest != Guest::No);
        there.members.contains(me) || there.kind == Kind::Public && !guest
    }

    /// A permalink of this workspace as an address of the page.
    pub(super) fn permalink(&self, state: &State, me: &UserId, url: &Url) -> Option<String> {
        if url.host_str() != Some(&format!("{TEAM_DOMAIN}.slack.com")) {
            return None;
        }
        let mut parts = url.path_segments()?;
        let ("archives", channel) = (parts.next()?, parts.next()?) else {
            return None;
        };
        let there = state.channels.get(&ChannelId::from(channel))?;
        if !self.can_see(state, me, there) {
            return None;
        }
        let mut asked = self.to(state, me, there);
        if let Some(digits) = parts.next().and_then(|part| part.strip_prefix('p')) {
            let split = digits
                .len()
                .checked_sub(6)
                .filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
            asked.m = format!("{}.{}", &digits[..split], &digits[split..]);
            let thread = url.query_pairs().find(|(name, _)| name == "thread_ts");
            if let Some((_, thread)) = thread.filter(|(_, thread)| *thread != asked.m) {
                asked.thread = thread.into_owned();
            }
        }
        Some(asked.href())
    }

    /// The open thread's parent.
    pub(super) fn thread(&self) -> Option<MessageTs> {
        (!self.thread.is_empty()).then(|| MessageTs::from(self.thread.as_str()))
    }
}

/// Whether somebody sits in front of this account.
pub(super) fn signs_in(person: &Person) -> bool {
    let it = &person.it;
    !(it.is_bot || it.workflow_bot || it.deleted || it.invited || it.other_team.is_some())
        && person.id.as_str() != "USLACKBOT"
}

/// How an address names a place.
fn slug(state: &State, me: &UserId, there: &Channel) -> String {
    if !there.name.is_empty() {
        return there.name.clone();
    }
    let other = (there.kind == Kind::Im)
        .then(|| there.members.iter().find(|id| *id != me))
        .flatten()
        .and_then(|id| state.people.get(id));
    other.map_or_else(|| there.id.to_string(), |person| format!("@{}", person.it.handle))
}

/// The app's place in the list of direct messages.
pub(super) fn app_slug(state: &State) -> String {
    let app = state.people.get(&UserId::from(BOT_USER));
    app.map_or_else(String::new, |person| format!("@{}", person.it.handle))
}
