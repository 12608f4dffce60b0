//! Everything that is kept about one person, as a page to read, as JSON, and as text.

use serde::{Serialize, Serializer};

use crate::base::clock::Instant;
use crate::base::ids::{UserId, WorkspaceId};
use crate::digest;
use crate::kudos::{self, KeptKudos, KeptOfPerson};
use crate::prompts;
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Belonged, Guest};

/// Everything that is kept about one person.
#[derive(Clone, Debug, Serialize)]
pub struct Export {
    /// Who they are, and what they chose, each as (name, value).
    #[serde(serialize_with = "as_object")]
    pub person: Vec<(&'static str, String)>,
    /// What they gave, by time.
    pub gave: Vec<KeptKudos>,
    /// What they received, by time.
    pub received: Vec<KeptKudos>,
    /// What they joined with *me too*, by time.
    pub joined: Vec<KeptKudos>,
    /// The teams and user groups that they are or were in, with their times, by time; and the teams that they lead.
    pub teams: Vec<String>,
    /// Prompts that they answered, answers that they liked, what they wrote for others to be asked or to read.
    pub prompts: Vec<String>,
    /// What waits for their click, as it is stored (JSON).
    pub drafts: Vec<String>,
    /// Words that they put on top of digests, and which private editions they want.
    pub digest: Vec<String>,
    /// What they changed in Plaudit's settings, and other entries of the audit log under their id.
    pub changed: Vec<String>,
    /// What others changed that names them.
    pub named: Vec<String>,
}

fn as_object<S: Serializer>(fields: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
}

/// About this much text goes into one message; Slack takes 3,000 characters a block and 50 blocks.
const PAGE: usize = 8_000;

/// Everything that is kept about a person; `None` if nothing is, or they asked to be forgotten.
pub async fn gather(tx: &mut Tx, workspace: &WorkspaceId, person: &UserId) -> Result<Option<Export>, StoreError> {
    let Some(kept) = workspace::export(tx, workspace, person).await? else {
        return Ok(None);
    };
    let KeptOfPerson { gave, received, joined } = kudos::export(tx, workspace, person).await?;
    let choices = kept.member.choices;
    let member = kept.member;
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    Ok(Some(Export {
        person: vec![
            ("Slack id", member.id.to_string()),
            ("Handle", member.handle),
            ("Name", member.name),
            ("Full name", member.full_name),
            (
                "Time zone",
                member.zone.map_or_else(String::new, |zone| zone.name().to_owned()),
            ),
            ("Guest", yes(member.guest != Guest::No)),
            ("Admin", yes(member.is_admin)),
            ("Thanks kept private", yes(choices.is_private)),
            ("Left off boards, digest and screens", yes(choices.is_unlisted)),
            ("No DMs about thanks", yes(choices.wants_no_dms)),
            ("Away", yes(choices.is_away)),
        ],
        gave,
        received,
        joined,
        teams: kept
            .teams
            .iter()
            .map(belonged)
            .chain(kept.leads.iter().map(|team| format!("{team}: you lead it")))
            .collect(),
        prompts: prompts::export(tx, workspace, person).await?,
        drafts: kept.drafts,
        digest: digest::export(tx, workspace, person).await?,
        changed: kept.changed,
        named: kept.named,
    }))
}

fn belonged(team: &Belonged) -> String {
    let at = |at: Instant| at.utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let until = team
        .until
        .map_or_else(String::new, |until| format!(" until {}", at(until)));
    let since = if team.since == Instant::default() {
        "since before I looked".to_owned()
    } else {
        format!("since {}", at(team.since))
    };
    format!("{}: {since}{until}", team.name)
}

impl Export {
    fn texts(&self) -> [(&'static str, &[String]); 6] {
        [
            ("Teams and user groups", &self.teams),
            ("Prompts", &self.prompts),
            ("Waiting for your click", &self.drafts),
            ("The monthly digest", &self.digest),
            ("What you changed", &self.changed),
            ("What others changed about you", &self.named),
        ]
    }

    fn lists(&self) -> [(&'static str, &[KeptKudos]); 3] {
        [
            ("Received", &self.received),
            ("Given", &self.gave),
            ("Joined with Me too", &self.joined),
        ]
    }

    /// JSON for machines.
    pub fn json(&self) -> Vec<u8> {
        // Structs of texts, numbers and lists always serialise.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// One page that needs nothing else: no script, no picture, no address.
    pub fn html(&self) -> Vec<u8> {
        let mut page = String::from(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>What Plaudit keeps about you</title>\n<style>body{font:1rem/1.5 \
             sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem}dt{font-weight:bold}blockquote{margin:.25rem 0 \
             1rem;padding-left:1rem;border-left:.25rem solid;white-space:pre-wrap}</style>\n<h1>What Plaudit keeps about \
             you</h1>\n<dl>\n",
        );
        for (name, value) in &self.person {
            page.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", html(value)));
        }
        page.push_str("</dl>\n");
        for (heading, kudos) in self.lists() {
            page.push_str(&format!("<h2>{heading} ({})</h2>\n", kudos.len()));
            for one in kudos {
                page.push_str(&format!(
                    "<p>{}</p>\n<blockquote>{}</blockquote>\n",
                    html(&headline(one)),
                    html(&one.words)
                ));
            }
        }
        for (heading, lines) in self.texts() {
            page.push_str(&format!("<h2>{heading} ({})</h2>\n<ul>\n", lines.len()));
            for line in lines {
                page.push_str(&format!("<li>{}</li>\n", html(line)));
            }
            page.push_str("</ul>\n");
        }
        page.push_str("</html>\n");
        page.into_bytes()
    }

    /// Plain text, in pages that fit one message each; at least one.
    pub fn pages(&self) -> Vec<String> {
        let mut paragraphs: Vec<String> = vec![
            self.person
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect::<Vec<_>>()
                .join("\n"),
        ];
        for (heading, kudos) in self.lists() {
            paragraphs.push(format!("{heading} ({})", kudos.len()));
            paragraphs.extend(kudos.iter().map(|one| format!("{}\n{}", headline(one), one.words)));
        }
        for (heading, lines) in self.texts() {
            paragraphs.extend(lines.iter().map(|line| format!("{heading}: {line}")));
        }
        let mut pages: Vec<String> = Vec::new();
        for paragraph in paragraphs {
            match pages.last_mut() {
                Some(page) if page.len() + paragraph.len() < PAGE => {
                    page.push_str("\n\n");
                    page.push_str(&paragraph);
                }
                _ => pages.push(paragraph),
            }
        }
        pages
    }
}

/// When, who thanked whom, with which values, and what became of it.
fn headline(kudos: &KeptKudos) -> String {
    let values: String = kudos.values.iter().map(|value| format!(" #{value}")).collect();
    let place = if kudos.place.is_empty() {
        String::new()
    } else {
        format!(", in {}", kudos.place)
    };
    let taken_back = kudos
        .taken_back_at
        .as_ref()
        .map_or_else(String::new, |at| format!(", taken back {at}"));
    format!(
        "{}: {} thanked {}{values} ({}{place}{taken_back})",
        kudos.given_at, kudos.giver, kudos.receiver, kudos.source
    )
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
