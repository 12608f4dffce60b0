//! Outbox kind → feature.

use super::App;
use crate::kudos;
use crate::outbox::{Claimed, Ending, Kind, Late};
use crate::privacy;
use crate::store::StoreError;
use crate::workspace;

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
        | Kind::KudosRoundup => kudos::deliver::deliver(&app.ctx, claimed).await,
        Kind::KudosLater => kudos::deliver::later(&app.giving(), claimed).await,
        Kind::PrivacyExport | Kind::PrivacyErase => privacy::deliver::deliver(&app.ctx, claimed).await,
        Kind::WorkspaceMembers => workspace::deliver::members_page(&app.ctx, claimed).await,
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
