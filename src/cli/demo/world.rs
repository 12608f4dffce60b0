//! The contact centre that the demo takes place in: its people and places, all invented.

use chrono_tz::Tz;

use crate::base::ids::{ChannelId, GroupId, UserId, WorkspaceId};
use crate::sandbox::{Guest, NewChannel, NewPerson, Sandbox};

/// What somebody does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Answers customers.
    Agent,
    /// Leads agents.
    Lead,
    /// Heads customer experience.
    Head,
    /// Plans the shifts, listens to calls, runs the tools.
    Operations,
    /// IT.
    It,
    /// Product and design.
    Product,
    /// Writes the knowledge base.
    Docs,
    /// Another app.
    App,
}

/// When somebody works, on their own clock, Monday to Friday by the day the shift begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    /// 06:30 to 15:00.
    Early,
    /// 09:00 to 17:30.
    Day,
    /// 21:30 to 06:00 of the day after.
    Night,
}

impl Shift {
    /// How long each shift is, in minutes.
    pub(super) const MINUTES: u32 = 510;

    /// When it begins, in minutes after the local midnight.
    pub(super) const fn begins(self) -> u32 {
        match self {
            Self::Early => 390,
            Self::Day => 540,
            Self::Night => 1_290,
        }
    }

    /// Whether it covers a local time of day, in minutes after midnight.
    pub(super) const fn covers(self, minute: u32) -> bool {
        (minute + 1_440 - self.begins()) % 1_440 < Self::MINUTES
    }
}

/// How often somebody takes part in the invented history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Kudos given in a hundred working days.
    pub gives: u32,
    /// How readily others thank them, against each other's.
    pub thanked: u32,
    /// Nobody thanked them in so many days before the end.
    pub not_thanked_for: i64,
    /// Here from so many days before the end…
    pub from: i64,
    /// …until so many days before the end.
    pub until: i64,
}

/// One of the people.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Slack's id.
    pub id: UserId,
    /// What is typed after `@`.
    pub handle: &'static str,
    /// The display name.
    pub name: &'static str,
    /// Their clock.
    pub zone: Tz,
    /// What they do.
    pub role: Role,
    /// When they work.
    pub shift: Shift,
    /// The channel they write in most.
    pub home: ChannelId,
    /// A language that they, and few others there, speak with customers.
    pub language: Option<&'static str>,
    /// Whether others say "she" of them.
    pub she: bool,
    /// Works for another company, as a single-channel guest.
    pub guest: bool,
    /// Left the company.
    pub left: bool,
    /// For the history.
    pub habits: Habits,
}

impl Person {
    /// Whether a word that the demo's texts use for people means them: a role, a shift, a handle, or `anyone`.
    pub(super) fn is(&self, word: &str) -> bool {
        match word {
            "anyone" => true,
            "early" => self.role == Role::Agent && self.shift == Shift::Early,
            "night" => self.role == Role::Agent && self.shift == Shift::Night,
            "agent" => self.role == Role::Agent,
            "lead" => self.role == Role::Lead,
            "head" => self.role == Role::Head,
            "operations" => self.role == Role::Operations,
            "it" => self.role == Role::It,
            "product" => self.role == Role::Product,
            "docs" => self.role == Role::Docs,
            handle => self.handle == handle,
        }
    }

    /// Whether they work there now and are a person.
    pub(super) fn is_here(&self) -> bool {
        !self.left && self.role != Role::App
    }
}

/// One of the channels.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// Slack's id.
    pub id: ChannelId,
    /// Without `#`.
    pub name: &'static str,
    /// The people in it; the app is not among them.
    pub members: Vec<UserId>,
}

/// The workspace, filled.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Slack's id.
    pub workspace: WorkspaceId,
    /// Everybody, the app and who left included, in the order they were added.
    pub people: Vec<Person>,
    /// All channels.
    pub channels: Vec<Channel>,
    /// `#support`: all agents and whoever works with them.
    pub support: ChannelId,
    /// `#support-emea`.
    pub support_emea: ChannelId,
    /// `#kudos`: the recognition channel.
    pub kudos: ChannelId,
    /// `@support-emea`.
    pub emea: GroupId,
    /// `@night-shift`.
    pub night: GroupId,
    /// As whom somebody who looks at the demo arrives: Mo Haddad, an agent.
    pub visitor: UserId,
}

impl World {
    /// Adds everybody and everything to a sandbox that is still empty. The same ids each time.
    pub(super) fn fill(sandbox: &Sandbox) {
        for cast in &CAST {
            cast.add(sandbox);
        }
        let ids = |wanted: &dyn Fn(&Cast) -> bool| -> Vec<UserId> {
            let here = CAST.iter().filter(|cast| cast.until == 0 && wanted(cast));
            here.filter_map(|cast| sandbox.person(cast.handle)).collect()
        };
        for place in &PLACES {
            sandbox.add_channel(NewChannel {
                name: place.name.to_owned(),
                private: place.private,
                with_app: place.with_app,
                members: ids(&|cast| (place.members)(cast)),
                ..NewChannel::default()
            });
        }
        sandbox.add_usergroup(
            NIGHT,
            "Night shift",
            &ids(&|cast| cast.shift == Shift::Night && cast.role != Role::App),
        );
        sandbox.add_usergroup(
            EMEA,
            "Support EMEA",
            &ids(&|cast| cast.role == Role::Agent && cast.home == "support-emea"),
        );
    }

    /// Everybody and everything that [`World::fill`] added. `None` if somebody or something is missing: another demo's
    /// workspace.
    pub(super) fn find(sandbox: &Sandbox) -> Option<Self> {
        let channels: Option<Vec<Channel>> = PLACES
            .iter()
            .map(|place| {
                let members = CAST.iter().filter(|cast| cast.until == 0 && (place.members)(cast));
                Some(Channel {
                    id: sandbox.channel(place.name)?,
                    name: place.name,
                    members: members.filter_map(|cast| sandbox.person(cast.handle)).collect(),
                })
            })
            .collect();
        let people: Option<Vec<Person>> = CAST
            .iter()
            .map(|cast| Some(cast.person(sandbox.person(cast.handle)?, sandbox.channel(cast.home)?)))
            .collect();
        Some(Self {
            night: sandbox.usergroup(NIGHT)?,
            workspace: sandbox.workspace(),
            support: sandbox.channel("support")?,
            support_emea: sandbox.channel("support-emea")?,
            kudos: sandbox.channel("kudos")?,
            emea: sandbox.usergroup(EMEA)?,
            visitor: sandbox.person("mo")?,
            people: people?,
            channels: channels?,
        })
    }

    /// The person with that handle.
    pub(super) fn person(&self, handle: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.handle == handle)
    }

    /// The person with that id.
    pub(super) fn by_id(&self, id: &UserId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == *id)
    }

    /// The channel with that name, without `#`.
    pub(super) fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}

/// User groups' handles.
const NIGHT: &str = "night-shift";
const EMEA: &str = "support-emea";

struct Place {
    name: &'static str,
    private: bool,
    with_app: bool,
    members: fn(&Cast) -> bool,
}

const PLACES: [Place; 6] = [
    Place {
        name: "support",
        private: false,
        with_app: true,
        members: |cast| cast.role != Role::App,
    },
    Place {
        name: "random",
        private: false,
        with_app: false,
        members: |cast| cast.role != Role::App && !cast.guest,
    },
    Place {
        name: "kudos",
        private: false,
        with_app: true,
        members: |cast| cast.role != Role::App && !cast.guest,
    },
    Place {
        name: "support-emea",
        private: false,
        with_app: true,
        members: |cast| cast.home == "support-emea" || matches!(cast.role, Role::Head | Role::Operations),
    },
    Place {
        name: "leads",
        private: true,
        with_app: true,
        members: |cast| matches!(cast.role, Role::Lead | Role::Head) || cast.handle == "priya",
    },
    Place {
        name: "product",
        private: false,
        with_app: false,
        members: |cast| matches!(cast.role, Role::Product | Role::It | Role::Docs | Role::Head),
    },
];

/// A person as written below.
struct Cast {
    handle: &'static str,
    name: &'static str,
    full_name: &'static str,
    title: &'static str,
    zone: Tz,
    role: Role,
    shift: Shift,
    home: &'static str,
    language: Option<&'static str>,
    she: bool,
    guest: bool,
    gives: u32,
    thanked: u32,
    not_thanked_for: i64,
    from: i64,
    until: i64,
}

impl Cast {
    /// `name` is the display name; what isn't said here is said by the methods that follow.
    const fn new(
        handle: &'static str,
        name: &'static str,
        full_name: &'static str,
        title: &'static str,
        zone: Tz,
    ) -> Self {
        Self {
            handle,
            name,
            full_name,
            title,
            zone,
            role: Role::Agent,
            shift: Shift::Early,
            home: "support",
            language: None,
            she: false,
            guest: false,
            gives: 0,
            thanked: 0,
            not_thanked_for: 0,
            from: 400,
            until: 0,
        }
    }

    const fn she(mut self) -> Self {
        self.she = true;
        self
    }

    const fn emea(mut self) -> Self {
        self.home = "support-emea";
        self
    }

    const fn nights(mut self) -> Self {
        self.shift = Shift::Night;
        self
    }

    const fn office(mut self, role: Role) -> Self {
        self.role = role;
        self.shift = Shift::Day;
        self
    }

    const fn speaks(mut self, language: &'static str) -> Self {
        self.language = Some(language);
        self
    }

    const fn gives(mut self, gives: u32, thanked: u32) -> Self {
        self.gives = gives;
        self.thanked = thanked;
        self
    }

    fn add(&self, sandbox: &Sandbox) {
        sandbox.add_person(NewPerson {
            handle: self.handle.to_owned(),
            display_name: self.name.to_owned(),
            real_name: self.full_name.to_owned(),
            title: self.title.to_owned(),
            tz: Some(self.zone),
            is_bot: self.role == Role::App,
            guest: if self.guest { Guest::SingleChannel } else { Guest::No },
            deleted: self.until > 0,
            admin: self.handle == "priya",
            ..NewPerson::default()
        });
    }

    fn person(&self, id: UserId, home: ChannelId) -> Person {
        Person {
            id,
            handle: self.handle,
            name: self.name,
            zone: self.zone,
            role: self.role,
            shift: self.shift,
            home,
            language: self.language,
            she: self.she,
            guest: self.guest,
            left: self.until > 0,
            habits: Habits {
                gives: self.gives,
                thanked: self.thanked,
                not_thanked_for: self.not_thanked_for,
                from: self.from,
                until: self.until,
            },
        }
    }
}

/// Everybody. A few give much and most a little; Jon, Mateo and Grace haven't been thanked for long, Wei and Arjun
/// never; Arjun is new, and Sam left.
const CAST: [Cast; 26] = [
    Cast::new("priya", "Priya", "Priya Nair", "Support Operations", Tz::Asia__Kolkata)
        .office(Role::Operations)
        .she()
        .gives(60, 25),
    Cast::new("dana", "Dana", "Dana Kim", "Billing", Tz::Europe__Berlin)
        .emea()
        .she()
        .speaks("German")
        .gives(180, 90),
    Cast::new("lee", "Lee", "Lee Park", "Support", Tz::Asia__Seoul)
        .speaks("Korean")
        .gives(230, 60),
    Cast::new("mo", "Mo", "Mo Haddad", "Support", Tz::Africa__Cairo)
        .emea()
        .speaks("Arabic")
        .gives(95, 80),
    Cast {
        guest: true,
        ..Cast::new(
            "ana",
            "Ana",
            "Ana Souza",
            "Partner agent, Callwell",
            Tz::America__Sao_Paulo,
        )
        .she()
        .speaks("Portuguese")
        .gives(50, 75)
    },
    Cast {
        until: 140,
        ..Cast::new("sam", "Sam", "Sam Ortiz", "Support", Tz::America__New_York).gives(70, 40)
    },
    Cast {
        role: Role::App,
        ..Cast::new("weatherbot", "Weatherbot", "Weatherbot", "", Tz::UTC)
    },
    Cast::new("druiz", "Dana Ruiz", "Dana Ruiz", "Night shift", Tz::Europe__Madrid)
        .emea()
        .nights()
        .she()
        .speaks("Spanish")
        .gives(110, 60),
    Cast {
        not_thanked_for: 150,
        ..Cast::new("jon", "Jon", "Jon Berg", "IT Systems", Tz::Europe__Oslo)
            .office(Role::It)
            .gives(10, 14)
    },
    Cast::new("wei", "Wei", "Wei Chen", "Call Quality", Tz::Asia__Singapore)
        .office(Role::Operations)
        .gives(15, 0),
    Cast::new(
        "ines",
        "Inês",
        "Inês Carvalho",
        "Team Lead, Support EMEA",
        Tz::Europe__Lisbon,
    )
    .office(Role::Lead)
    .emea()
    .she()
    .gives(170, 45),
    Cast {
        not_thanked_for: 40,
        ..Cast::new(
            "grace",
            "Grace",
            "Grace Okafor",
            "Head of Customer Experience",
            Tz::Africa__Lagos,
        )
        .office(Role::Head)
        .she()
        .gives(25, 6)
    },
    Cast::new("tomasz", "Tomasz", "Tomasz Zieliński", "Support", Tz::Europe__Warsaw)
        .emea()
        .speaks("Polish")
        .gives(120, 55),
    Cast::new("aylin", "Aylin", "Aylin Demir", "Complaints", Tz::Europe__Istanbul)
        .emea()
        .she()
        .speaks("Turkish")
        .gives(150, 95),
    Cast::new("kofi", "Kofi", "Kofi Mensah", "Technical Support", Tz::Africa__Accra)
        .emea()
        .gives(60, 70),
    Cast::new("noor", "Noor", "Noor Rahman", "Support", Tz::Asia__Dhaka)
        .she()
        .speaks("Bengali")
        .gives(75, 40),
    Cast {
        not_thanked_for: 75,
        ..Cast::new("mateo", "Mateo", "Mateo Quispe", "Support", Tz::America__Lima).gives(20, 9)
    },
    Cast {
        from: 30,
        ..Cast::new("arjun", "Arjun", "Arjun Mehta", "Support, new here", Tz::Asia__Kolkata).gives(30, 0)
    },
    Cast::new(
        "marisol",
        "Marisol",
        "Marisol Vega",
        "Shift Lead, Nights",
        Tz::America__Mexico_City,
    )
    .office(Role::Lead)
    .nights()
    .she()
    .speaks("Spanish")
    .gives(140, 65),
    Cast::new("yuki", "Yuki", "Yuki Tanaka", "Night shift", Tz::Asia__Tokyo)
        .nights()
        .she()
        .speaks("Japanese")
        .gives(45, 50),
    Cast::new(
        "sipho",
        "Sipho",
        "Sipho Dlamini",
        "Night shift",
        Tz::Africa__Johannesburg,
    )
    .emea()
    .nights()
    .gives(70, 35),
    Cast::new("chloe", "Chloé", "Chloé Lambert", "Night shift", Tz::America__Toronto)
        .nights()
        .she()
        .speaks("French")
        .gives(35, 28),
    Cast::new(
        "hanna",
        "Hanna",
        "Hanna Virtanen",
        "Knowledge Base",
        Tz::Europe__Helsinki,
    )
    .office(Role::Docs)
    .she()
    .gives(60, 45),
    Cast::new("thuy", "Thúy", "Thúy Nguyễn", "IT Service Desk", Tz::Asia__Ho_Chi_Minh)
        .office(Role::It)
        .she()
        .gives(55, 34),
    Cast::new("oleh", "Oleh", "Oleh Bondar", "Product Engineer", Tz::Europe__Kyiv)
        .office(Role::Product)
        .gives(25, 20),
    Cast::new("maeve", "Maeve", "Maeve Doyle", "Product Designer", Tz::Europe__Dublin)
        .office(Role::Product)
        .she()
        .gives(50, 20),
];
