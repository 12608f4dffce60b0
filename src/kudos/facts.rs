//! What the database knows about everybody and every place that somebody names, for all who ask at the same time.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;

use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, UserId, WorkspaceId};
use crate::store::{Collector, Db, StoreError, Tx};
use crate::workspace::{self, Member, Place};

/// The most questions that are answered together.
const LIST: usize = 256;

/// Whom and what somebody names.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where.
    pub workspace: WorkspaceId,
    /// People by id.
    pub people: BTreeSet<UserId>,
    /// People by name, folded.
    pub names: Vec<String>,
    /// Conversations.
    pub places: BTreeSet<ChannelId>,
    /// When it is asked.
    pub at: Instant,
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Everybody asked for, or found by a name, who is known.
    pub known: BTreeMap<UserId, Member>,
    /// What was found for the names: the name, who, and whether it is more than a first name.
    pub hits: Vec<(String, UserId, bool)>,
    /// Every place asked for.
    pub places: BTreeMap<ChannelId, Place>,
}

/// Answers questions. Whoever asks while others are being answered shares the next three statements with everybody
/// else who does: under load most of a kudos' reading is done once for many. Cheap to clone.
#[derive(Clone)]
pub struct Lookup(Collector<Question, Facts>);

impl Lookup {
    /// Starts the task that answers. Needs a tokio runtime.
    pub fn start(db: Db) -> Self {
        Self(Collector::new(LIST, move |questions: Vec<Question>| {
            let db = db.clone();
            async move {
                let answers: Result<Vec<Facts>, StoreError> =
                    db.read(async |tx: &mut Tx| answer(tx, &questions).await).await;
                match answers {
                    Ok(answers) => answers.into_iter().map(Ok).collect(),
                    Err(error) => questions.iter().map(|_| Err(error.clone())).collect(),
                }
            }
            .boxed()
        }))
    }

    /// What is known now.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't be read.
    pub async fn ask(&self, question: Question) -> Result<Facts, StoreError> {
        self.0.put(question).await
    }
}

/// Everything that the questions of one workspace ask for.
#[derive(Default)]
struct Asked {
    people: BTreeSet<UserId>,
    names: BTreeSet<String>,
    places: BTreeSet<ChannelId>,
    at: Instant,
}

async fn answer(tx: &mut Tx, questions: &[Question]) -> Result<Vec<Facts>, StoreError> {
    let mut asked: BTreeMap<&WorkspaceId, Asked> = BTreeMap::new();
    for question in questions {
        let all = asked.entry(&question.workspace).or_default();
        all.people.extend(question.people.iter().cloned());
        all.names.extend(question.names.iter().cloned());
        all.places.extend(question.places.iter().cloned());
        all.at = all.at.max(question.at);
    }
    let mut found: BTreeMap<&WorkspaceId, Facts> = BTreeMap::new();
    for (id, mut all) in asked {
        let names: Vec<String> = all.names.into_iter().collect();
        let hits = workspace::find_by_names(tx, id, &names).await?;
        all.people.extend(hits.iter().map(|(_, member, _)| member.clone()));
        let facts = Facts {
            known: workspace::members(tx, id, &all.people).await?,
            hits,
            places: workspace::places(tx, id, &all.places, all.at).await?,
        };
        found.insert(id, facts);
    }
    Ok(questions
        .iter()
        .map(|question| {
            found
                .get(&question.workspace)
                .map(|all| question.own(all))
                .unwrap_or_default()
        })
        .collect())
}

impl Question {
    /// Its own part of what was found for all.
    fn own(&self, all: &Facts) -> Facts {
        let hits: Vec<_> = all
            .hits
            .iter()
            .filter(|(name, ..)| self.names.contains(name))
            .cloned()
            .collect();
        let people = self.people.iter().chain(hits.iter().map(|(_, member, _)| member));
        Facts {
            known: people
                .filter_map(|id| Some((id.clone(), all.known.get(id)?.clone())))
                .collect(),
            places: self
                .places
                .iter()
                .filter_map(|id| Some((id.clone(), all.places.get(id)?.clone())))
                .collect(),
            hits,
        }
    }
}
