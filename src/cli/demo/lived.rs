//! What has happened before the visitor comes: a year in the ledger, and the last weeks lived through.

use std::collections::BTreeSet;

use anyhow::Context as _;
use chrono_tz::Tz;

use super::history::{self, Moment, What};
use super::stage::Theatre;
use super::world::{Person, Role, Shift, World};
use crate::base::calendar::{Span, at_hour};
use crate::base::clock::{Clock as _, Instant, SystemClock};
use crate::base::ids::{TeamId, UserId};
use crate::boards::coverage::{Of, Share, remember_month};
use crate::kudos::{self, Give, Receiver, messages, modal};
use crate::sandbox::{Author, Sandbox};
use crate::store::{Db, StoreError, Tx};
use crate::workspace::{self, Team, TeamKind};

/// Whether somebody is in a team.
type Belongs<'a> = &'a dyn Fn(&Person) -> bool;

/// Kudos per transaction: few enough for the time that a write has, also on a busy machine.
const LIST: usize = 250;

/// Records what was given long ago: in the ledger and the counts, without a card or a DM where `gives` says so. Before
/// the bot starts.
///
/// # Errors
/// [`StoreError`] when a list can't be stored; those before it are.
pub(super) async fn load_year(db: &Db, gives: &[Give]) -> Result<(), StoreError> {
    for list in gives.chunks(LIST) {
        let list = list.to_vec();
        db.write(async move |tx: &mut Tx| -> Result<(), StoreError> { kudos::record(tx, &list).await.map(|_| ()) })
            .await?;
    }
    Ok(())
}

/// Stores the coverage of each whole month that `gives` tell, as the bot would have done at its end: of everybody, and of
/// the two teams that are user groups. `now` is the end of the history.
///
/// # Errors
/// [`StoreError`] when they can't be stored.
pub(super) async fn keep_coverage(
    db: &Db,
    world: &World,
    gives: &[Give],
    (now, zone): (Instant, Tz),
) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (gives.first(), gives.last()) else {
        return Ok(());
    };
    let is_emea = |person: &Person| person.role == Role::Agent && person.home == world.support_emea;
    let teams: [(Option<TeamId>, Belongs<'_>); 3] = [
        (None, &|_| true),
        (Some(TeamId(world.emea.to_string())), &is_emea),
        // At home in one team: the night shift of EMEA is EMEA's.
        (Some(TeamId(world.night.to_string())), &|person| {
            person.shift == Shift::Night && !is_emea(person)
        }),
    ];
    let mut shares = Vec::new();
    let mut month = Span::month(first.workspace_day.first_of_next_month());
    while let Some((from, to)) = month
        .first()
        .zip(month.last())
        .filter(|(_, to)| *to < last.workspace_day)
    {
        let thanked: BTreeSet<&UserId> = gives
            .iter()
            .filter(|give| month.contains(give.workspace_day))
            .flat_map(|give| give.receivers.iter().filter_map(Receiver::member))
            .collect();
        let end = at_hour(to.next(), 0, zone).plus_millis(-1);
        for (team, is_in_it) in &teams {
            let active = world
                .people
                .iter()
                .filter(|person| history::is_active(person, end, now) && is_in_it(person));
            let mut share = Share::default();
            for person in active {
                share.active += 1;
                share.thanked += i64::from(thanked.contains(&person.id));
            }
            shares.push((month, team.clone(), share));
        }
        month = Span::month(from.first_of_next_month());
    }
    let workspace = world.workspace.clone();
    db.write(async move |tx: &mut Tx| -> Result<(), StoreError> {
        for (month, team, share) in &shares {
            let of = team.as_ref().map_or(Of::Headline, Of::Team);
            remember_month(tx, &workspace, of, *month, *share).await?;
        }
        Ok(())
    })
    .await
}

/// Makes the teams that a steward has made here, with who leads them; the bot asks Slack who is in them when it starts.
///
/// # Errors
/// [`StoreError`] when they can't be stored.
pub(super) async fn make_teams(db: &Db, world: &World, steward: &UserId, now: Instant) -> Result<(), StoreError> {
    let product = world.channel("product").map(|channel| channel.id.clone());
    let made = [
        Some(("Support EMEA", TeamKind::Usergroup(world.emea.clone()), "ines")),
        Some(("Night shift", TeamKind::Usergroup(world.night.clone()), "marisol")),
        product.map(|channel| ("Product and IT", TeamKind::Channel(channel), "")),
    ];
    for (name, kind, lead) in made.into_iter().flatten() {
        let mut team = Team::new(name, kind, now);
        team.leads.extend(world.person(lead).map(|lead| lead.id.clone()));
        let (workspace, steward) = (world.workspace.clone(), steward.clone());
        db.write(async move |tx: &mut Tx| {
            workspace::save_team(tx, &workspace, &steward, &team, &BTreeSet::new(), now).await
        })
        .await?;
    }
    Ok(())
}

impl Theatre {
    /// Lets people do what they do, each at their instant, and the bot live through the time between, until the clock
    /// is `shift` milliseconds ahead of the machine's. Nothing waits for real seconds.
    ///
    /// # Errors
    /// As [`Theatre::go`].
    pub(super) async fn live_through(&self, moments: Vec<Moment>, shift: i64) -> anyhow::Result<()> {
        for moment in moments {
            self.go(moment.at.millis() - SystemClock.now().millis()).await?;
            if let Err(error) = act(self.sandbox(), self.command(), &moment).await {
                // A past with one thank-you less is better than no demo.
                tracing::warn!(%error, user = %moment.who, at = %moment.at.utc(), "something didn't happen");
            }
        }
        self.go(shift).await
    }
}

async fn act(sandbox: &Sandbox, command: &str, moment: &Moment) -> anyhow::Result<()> {
    let Moment { who, place, what, .. } = moment;
    let answer = match what {
        What::Command(text) => sandbox.runs_command(who, place, &format!("{command} {text}")).await,
        What::Undo => {
            let confirmations = sandbox.ephemeral(who);
            let latest = confirmations.iter().rev().find(|shown| undo_button(shown).is_some());
            let latest = latest.context("nothing to take back")?;
            sandbox.clicks(who, latest, messages::UNDO).await
        }
        What::PassOn { about, words } => {
            let opened = sandbox.runs_command(who, place, &format!("{command} @{about}")).await;
            anyhow::ensure!(opened.error.is_none(), "{:?}", opened.error);
            for (field, value) in [(modal::WORDS, words.as_str()), (modal::ALSO, modal::CUSTOMER)] {
                let filled = sandbox.fills(who, field, &[value]).await;
                filled.map_err(anyhow::Error::msg)?;
            }
            sandbox.submits(who).await
        }
        What::JoinIn(words) => {
            let cards = sandbox.messages(place);
            let said = |shown: &&crate::sandbox::Shown| shown.author == Author::Bot && shown.text.contains(words);
            // Taken back, or given where it isn't announced.
            let Some(card) = cards.iter().rev().find(said) else {
                return Ok(());
            };
            sandbox.clicks(who, card, messages::ME_TOO).await
        }
        What::Say(text) => {
            sandbox.says(who, place, text, None).await.context("no such channel")?;
            return Ok(());
        }
        What::Reply(text) => {
            let messages = sandbox.messages(place);
            let said = |shown: &&crate::sandbox::Shown| shown.author != Author::Bot && shown.thread_ts.is_none();
            let parent = messages.iter().rev().find(said).context("nothing to answer")?;
            sandbox.says(who, place, text, Some(parent)).await;
            return Ok(());
        }
    };
    match answer.error {
        Some(error) => anyhow::bail!(error),
        None => Ok(()),
    }
}

/// The kudos that a confirmation's *Undo* button would take back.
pub(super) fn undo_button(shown: &crate::sandbox::Shown) -> Option<&str> {
    let blocks = shown.blocks.as_array()?;
    blocks.iter().find_map(|block| {
        let inside = block["elements"].as_array().into_iter().flatten();
        let mut buttons = inside.chain(block.get("accessory"));
        let undo = buttons.find(|element| element["action_id"] == messages::UNDO)?;
        undo["value"].as_str()
    })
}
