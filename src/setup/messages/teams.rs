//! What is read about teams, their leads, and who is away.

use std::collections::BTreeSet;

use super::{bold, escape, history_names};
use crate::base::ids::UserId;
use crate::base::text::list_names;
use crate::setup::Known;
use crate::setup::teams::Draft;
use crate::slack::blocks::{Block, Button, Choose, Input, View};
use crate::slack::mrkdwn::channel as channel_link;
use crate::workspace::audit::Entry;
use crate::workspace::{Locale, Settings, Team, TeamKind, Workspace};

/// Opens the list of teams.
pub const TEAMS: &str = "setup.teams";
/// Begins a new team; the value says what from: `usergroup`, `channel`, `list`.
pub const NEW: &str = "setup.team.new";
/// Opens a team's form; the value is its id.
pub const CHANGE: &str = "setup.team.change";
/// Removes a team; the value is its id.
pub const REMOVE: &str = "setup.team.remove";
/// The form of a team.
pub const FORM: &str = "setup.team";
/// Opens the form that says who is away; the form has the same name.
pub const AWAY: &str = "setup.away";

/// Its inputs: the user group or channel.
pub const SOURCE: &str = "source";
/// What it is called.
pub const NAME: &str = "name";
/// Who is in it (of a list), or who is away.
pub const PEOPLE: &str = "people";
/// Who leads it.
pub const LEADS: &str = "leads";
/// Whether its figures come first.
pub const HEADLINE: &str = "headline";

/// People that a form can name.
pub const MOST_PEOPLE: usize = 100;
const MOST_LEADS: usize = 20;
const NAME_LENGTH: usize = 60;

/// Beside an input, plain: leads who can't be.
pub(in crate::setup) fn no_lead(_: Locale) -> &'static str {
    "Leads are people of this workspace: no apps, and nobody who left."
}

/// The same for those on a list.
pub(in crate::setup) fn no_person(_: Locale) -> &'static str {
    "A team is people of this workspace: no apps, and nobody who left."
}

/// The same for those who are away.
pub(in crate::setup) fn not_here(_: Locale) -> &'static str {
    "Only people of this workspace can be away: no apps, and nobody who left."
}

/// User groups can't be read.
pub(in crate::setup) fn groups_unseen(_: Locale) -> &'static str {
    "I may not see user groups: an admin hasn't granted me usergroups:read. Take a channel, or a list."
}

/// Slack's plan has none.
pub(in crate::setup) fn no_groups(_: Locale) -> &'static str {
    "This Slack has no user groups. Take a channel, or a list."
}

/// Channels can't be read.
pub(in crate::setup) fn channels_unseen(_: Locale) -> &'static str {
    "I may not see who is in it: an admin hasn't granted me channels:read (groups:read for a private channel). Take a list."
}

/// Slack is silent.
pub(in crate::setup) fn silent(_: Locale) -> &'static str {
    "Slack doesn't tell me about user groups just now. Save again in a minute."
}

/// Somebody saved meanwhile.
pub(in crate::setup) fn meanwhile(_: Locale) -> &'static str {
    "Somebody changed this team while you had it open. Below is yours; save again to put it in its place."
}

/// Nobody said what a new team is called.
pub(in crate::setup) fn no_name(_: Locale) -> &'static str {
    "What is the team called?"
}

/// No user group is called so; plain.
pub(in crate::setup) fn no_group(_: Locale, typed: &str) -> String {
    format!("I don't know a user group \"{typed}\". Its handle stands in Slack under People, User groups.")
}

/// There is a team of it already; plain.
pub(in crate::setup) fn is_a_team(_: Locale, name: &str) -> String {
    format!("That is a team already: {name}. Close this, and change that one.")
}

/// A lead names people of other teams; `names` as mrkdwn.
pub(in crate::setup) fn not_theirs(_: Locale, names: &str) -> String {
    format!("{names}: not in a team that you lead. A steward can do that.")
}

/// The row of the settings: every team in a line, and who leads it.
pub(super) fn says(settings: &Settings, known: &Known) -> String {
    if known.teams.is_empty() {
        return match &settings.team {
            None => "none; everybody is one".to_owned(),
            Some(_) => "the one set where I run comes first".to_owned(),
        };
    }
    let each = known.teams.iter().map(|team| {
        let mut about = Vec::new();
        if settings.team.as_ref() == Some(&team.id) {
            about.push("comes first".to_owned());
        }
        if !team.leads.is_empty() {
            about.push(format!("led by {}", known.names(&team.leads)));
        }
        let name = escape(&team.name);
        if about.is_empty() {
            name
        } else {
            format!("{name} ({})", about.join(", "))
        }
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Opens the list.
pub(super) fn change(_: Locale) -> Button {
    Button::new("Change", TEAMS, "Change: Teams")
}

/// Opens the form that says who is away.
pub(in crate::setup) fn who_is_away(_: Locale) -> Button {
    Button::new("Who is away", AWAY, "Who is away")
}

/// What a lead who is no steward sees in place of the settings.
pub(super) fn leads(known: &Known, lead: &UserId) -> Option<String> {
    let teams: Vec<String> = known.led_by(lead).map(|team| bold(&team.name)).collect();
    (!teams.is_empty()).then(|| {
        format!(
            "You lead {}. Whoever is on leave can be set away: they don't count as active then, and can still be thanked.",
            list_names(&teams)
        )
    })
}

/// Below in the Home of a lead who is no steward; nothing for anybody else.
pub(in crate::setup) fn section(known: &Known, member: &UserId) -> Vec<Block> {
    leads(known, member).map_or_else(Vec::new, |says| {
        vec![
            Block::header("Your team"),
            Block::section_with(&says, who_is_away(known.locale)),
        ]
    })
}

fn source(kind: &TeamKind) -> String {
    match kind {
        TeamKind::Usergroup(group) => format!("as in <!subteam^{group}>"),
        TeamKind::Channel(channel) => format!("as in {}", channel_link(channel)),
        TeamKind::List => "a list".to_owned(),
    }
}

/// Every team with who leads it, and what can be done. `sizes` go with the known teams.
pub(in crate::setup) fn list(
    workspace: &Workspace,
    settings: &Settings,
    known: &Known,
    sizes: &[usize],
    metadata: &str,
) -> View {
    let mut blocks = vec![Block::context_text(
        "Each person is at home in one team: of several, the one they joined last; between those that they were in before \
         I looked, the smallest.",
    )];
    if known.teams.is_empty() {
        blocks.push(Block::section("No team yet; everybody is one."));
    }
    for (team, size) in known.teams.iter().zip(sizes) {
        let people = match size {
            0 => team.kind.scope().filter(|scope| workspace.lacks(scope)).map_or_else(
                || "nobody seen yet".to_owned(),
                |scope| format!("I can't see who is in it: an admin hasn't granted me {scope}"),
            ),
            1 => "home of 1 person".to_owned(),
            several => format!("home of {several} people"),
        };
        let mut says = format!("{} · {} · {people}", bold(&team.name), source(&team.kind));
        if !team.leads.is_empty() {
            says.push_str(&format!("\nled by {}", known.names(&team.leads)));
        }
        if settings.team.as_ref() == Some(&team.id) {
            says.push_str("\nits figures come first");
        }
        let button = Button::new("Change", CHANGE, &format!("Change {}", team.name)).value(team.id.as_str());
        blocks.push(Block::section_with(&says, button));
    }
    let new = |text: &str, value: &str, label: &str| Button::new(text, NEW, label).value(value).into();
    blocks.push(Block::actions(vec![
        new("From a user group", "usergroup", "From a user group: a new team"),
        new("From a channel", "channel", "From a channel: a new team of its people"),
        new("A list of people", "list", "A list of people: a new team"),
        who_is_away(known.locale).into(),
    ]));
    View::modal("Teams", "setup.teams", blocks)
        .close("Close")
        .private_metadata(metadata)
}

/// A team's form.
pub(in crate::setup) fn form(
    _: Locale,
    kind: &TeamKind,
    draft: &Draft,
    is_new: bool,
    above: Option<&str>,
    metadata: &str,
) -> View {
    let mut blocks: Vec<Block> = above.map(Block::section).into_iter().collect();
    match kind {
        TeamKind::Usergroup(_) if is_new => blocks.push(
            Block::input(
                "Which user group?",
                Input::text(SOURCE, false, &draft.source, NAME_LENGTH),
            )
            .hint("Its handle, as in @support-emea. Whoever Slack has in it is in the team."),
        ),
        TeamKind::Channel(_) if is_new => blocks.push(
            Block::input("Which channel?", Input::channel(SOURCE, None)).hint("Whoever is in it is in the team."),
        ),
        TeamKind::List => {}
        kind => blocks.push(Block::section(&format!("Who is in it: {}.", source(kind)))),
    }
    let name = Block::input("What is it called?", Input::text(NAME, false, &draft.name, NAME_LENGTH));
    let people: Vec<UserId> = draft.people.iter().cloned().collect();
    match kind {
        TeamKind::List => {
            blocks.push(name);
            blocks.push(
                Block::input("Who is in it?", Input::users(PEOPLE, &people, MOST_PEOPLE))
                    .optional()
                    .hint("Who was on another list leaves that one."),
            );
        }
        _ if is_new => blocks.push(name.optional().hint("Empty: as in Slack.")),
        _ => blocks.push(name),
    }
    let leads: Vec<UserId> = draft.leads.iter().cloned().collect();
    blocks.push(
        Block::input("Who leads it?", Input::users(LEADS, &leads, MOST_LEADS))
            .optional()
            .hint("Leads get the team's own edition of the digest, and can set its people away."),
    );
    let first = Choose::new("Its figures come first", "yes").about("In the digest, this team is \"us\".");
    let ticked: &[&str] = if draft.is_headline { &["yes"] } else { &[] };
    blocks.push(Block::input("And", Input::checkboxes(HEADLINE, vec![first], ticked)).optional());
    if !is_new {
        let team = serde_json::from_str::<serde_json::Value>(metadata).unwrap_or_default();
        let id = team["team"].as_str().unwrap_or_default();
        blocks.push(Block::actions(vec![
            Button::new("Remove this team", REMOVE, &format!("Remove this team: {}", draft.name))
                .value(id)
                .danger()
                .confirmed(
                    "Remove this team?",
                    "Nothing happens to its people, and what was said stays.",
                    "Remove it",
                )
                .into(),
        ]));
    }
    View::modal(if is_new { "New team" } else { "Team" }, FORM, blocks)
        .submit("Save")
        .close("Cancel")
        .private_metadata(metadata)
}

/// The form that says who is away.
pub(in crate::setup) fn away(_: Locale, away: &BTreeSet<UserId>, is_steward: bool, metadata: &str) -> View {
    let people: Vec<UserId> = away.iter().cloned().collect();
    let whose = if is_steward {
        ""
    } else {
        " You can set the people of your own teams."
    };
    let hint = format!(
        "On leave, say. They don't count as active, and can still be thanked. They see it in their Home, and can change \
         it.{whose}"
    );
    let input = Block::input("Who is away?", Input::users(PEOPLE, &people, MOST_PEOPLE)).optional();
    View::modal("Who is away", AWAY, vec![input.hint(&hint)])
        .submit("Save")
        .close("Cancel")
        .private_metadata(metadata)
}

/// What an entry about a team, or about somebody being away, says in the history: title and what changed. `None` for
/// others. Of a team that is gone, the other entries tell the name.
pub(super) fn history(entry: &Entry, all: &[Entry], known: &Known) -> Option<(&'static str, String)> {
    let made = |value: &serde_json::Value| value["name"].as_str().map(escape);
    let called = |id: &str| {
        let there = known.teams.iter().find(|team| team.id.as_str() == id);
        let told = || {
            let about = all.iter().filter(|other| other.subject == id);
            about
                .flat_map(|other| [&other.before, &other.after])
                .find_map(made)
                .unwrap_or_else(|| "a team that is gone".to_owned())
        };
        there.map_or_else(told, |team: &Team| escape(&team.name))
    };
    let team = || called(&entry.subject);
    let (before, after) = (&entry.before, &entry.after);
    Some(match entry.what.as_str() {
        "team.made" => ("Teams", format!("{} made", made(after).unwrap_or_else(team))),
        "team.removed" => ("Teams", format!("{} removed", made(before).unwrap_or_else(team))),
        "team.name" => {
            let name = |value: &serde_json::Value| escape(value.as_str().unwrap_or_default());
            ("Teams", format!("{} → {}", name(before), name(after)))
        }
        "team.leads" => {
            let leads = |value| history_names(value, known, "nobody");
            (
                "Teams",
                format!("{}: led by {} → {}", team(), leads(before), leads(after)),
            )
        }
        "team.people" => {
            let people = |value| history_names(value, known, "nobody");
            ("Teams", format!("{}: {} → {}", team(), people(before), people(after)))
        }
        "setting.team" => {
            let first = |value: &serde_json::Value| match value.as_str() {
                None => "everybody".to_owned(),
                Some(id) => called(id),
            };
            (
                "Whose figures come first",
                format!("{} → {}", first(before), first(after)),
            )
        }
        "member.away" => {
            let is = |value: &serde_json::Value| if value.as_bool() == Some(true) { "away" } else { "here" };
            let who = known.name(&UserId(entry.subject.clone()));
            ("Who is away", format!("{who}: {} → {}", is(before), is(after)))
        }
        _ => return None,
    })
}
