//! Outbox kind → feature.

use super::App;
use crate::boards;
use crate::digest;
use crate::home;
use crate::kudos;
use crate::outbox::{Claimed, Ending, Kind, Late};
use crate::privacy;
use crate::prompts;
use crate::setup;
use crate::store::StoreError;
use crate::workspace::{self, HomeOf};

/// Sends one row.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded.
pub async fn deliver(app: &App, claimed: &Claimed) -> Result<Ending, StoreError> {
    match claimed.kind {
        Kind::KudosCard
        | Kind::KudosDm
        | Kind::KudosUnpost
        | Kind::KudosUpdate
        | Kind::KudosTell
        | Kind::KudosErase
        | Kind::KudosNote
        | Kind::KudosOpening
        | Kind::KudosRoundup => {
            let ending = kudos::deliver::deliver(&app.ctx, claimed).await?;
            if matches!(ending, Ending::Done | Ending::Recorded)
                && let Err(error) = home::deliver::after_kudos(&app.ctx, claimed).await
            {
                // A Home is shown as it is whenever it is opened.
                tracing::warn!(%error, outbox = %claimed.id, "the Homes that show a kudos could not follow");
            }
            Ok(ending)
        }
        Kind::KudosReaction => kudos::deliver::reaction(&app.giving(), claimed).await,
        Kind::KudosLater => kudos::deliver::later(&app.giving(), claimed).await,
        Kind::PrivacyExport | Kind::PrivacyErase => privacy::deliver::deliver(&app.ctx, claimed).await,
        Kind::HomePublish => {
            let Some(of) = claimed.subject::<HomeOf>() else {
                return Ok(Ending::Failed {
                    why: "unreadable".to_owned(),
                });
            };
            let mut below = boards::home_section(&app.ctx, &of.member).await?;
            below.extend(setup::section(&app.ctx, &of.member).await?);
            home::deliver::publish(&app.ctx, &of, below).await
        }
        Kind::DigestPost | Kind::DigestNames | Kind::DigestPicture | Kind::DigestSteward | Kind::DigestEdition => {
            digest::deliver::deliver(&app.ctx, claimed).await
        }
        Kind::PromptsPost
        | Kind::PromptsUpdate
        | Kind::PromptsTell
        | Kind::PromptsWrapUp
        | Kind::PromptsPages
        | Kind::PromptsPage => prompts::deliver::deliver(&app.ctx, &app.packs, claimed).await,
        Kind::SetupHello => setup::deliver::hello(&app.ctx, claimed).await,
        Kind::WorkspaceMembers => workspace::deliver::members_page(&app.ctx, claimed).await,
        Kind::WorkspaceTeam => workspace::deliver::team(&app.ctx, claimed).await,
    }
}

/// Tells the owner of a row that it still waits.
///
/// # Errors
/// [`StoreError`] when what follows could not be recorded.
pub async fn late(app: &App, late: &Late) -> Result<(), StoreError> {
    match late.kind {
        Kind::KudosCard => kudos::deliver::late(&app.ctx, late).await,
        _ => Ok(()),
    }
}
