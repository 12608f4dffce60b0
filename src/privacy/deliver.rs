//! What the outbox runs for privacy: handing over what is kept, and the second look at somebody who was erased.

use serde::{Deserialize, Serialize};

use super::export::{Export, gather};
use super::{SecondLook, messages};
use crate::base::clock::Instant;
use crate::base::ids::{UserId, WorkspaceId};
use crate::digest;
use crate::kudos;
use crate::outbox::{self, Claimed, Ending, Intent, Kind};
use crate::prompts;
use crate::slack::client::Upload;
use crate::store::{StoreError, Tx};
use crate::workspace::{self, Ctx};

/// Sends one row of this feature.
///
/// # Errors
/// [`StoreError`] when the result could not be recorded; the row is tried again.
pub async fn deliver(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    match claimed.kind {
        Kind::PrivacyExport => hand_over(ctx, claimed).await,
        Kind::PrivacyErase => second_look(ctx, claimed).await,
        _ => Ok(Ending::Failed {
            why: "not about privacy".to_owned(),
        }),
    }
}

async fn second_look(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(SecondLook { person, nobody, kudos }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let (workspace, now, claimed) = (ctx.workspace.id.clone(), ctx.clock.now(), claimed.clone());
    ctx.db
        .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
            if outbox::finish(tx, &claimed).await?.is_none() {
                return Ok(());
            }
            prompts::erase(tx, &workspace, &person, now).await?;
            kudos::erase(tx, &workspace, &person, &nobody, now).await?;
            kudos::edit_erased(tx, &workspace, &kudos, now).await?;
            digest::erase(tx, &workspace, &person).await?;
            // Its own row as well, which is the last that names the person.
            outbox::erase(tx, &workspace, &person, &nobody).await?;
            workspace::erase(tx, &workspace, &person, &nobody).await
        })
        .await?;
    Ok(Ending::Recorded)
}

/// A part of what is handed over; each is sent once.
#[derive(Debug, Serialize, Deserialize)]
struct HandOver {
    person: UserId,
    part: Part,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// A page to read, as a file.
    Page,
    /// JSON, as a file.
    Json,
    /// Where files may not be sent: text, in messages; the page by its number from 0.
    Text(usize),
}

/// Enqueues everything that is kept about a person, for that person's DM. Asked for twice while it waits, it comes once.
pub async fn enqueue_export(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    person: &UserId,
    now: Instant,
) -> Result<(), StoreError> {
    outbox::enqueue(tx, &[part(workspace, person, Part::Page, now)]).await
}

fn part(workspace: &WorkspaceId, person: &UserId, part: Part, now: Instant) -> Intent {
    let lane = format!("export {person}");
    let subject = HandOver {
        person: person.clone(),
        part,
    };
    Intent::new(workspace, Kind::PrivacyExport, &subject, &lane, now).with_key(lane)
}

async fn hand_over(ctx: &Ctx, claimed: &Claimed) -> Result<Ending, StoreError> {
    let Some(HandOver { person, part: this }) = claimed.subject() else {
        return Ok(Ending::Failed {
            why: "unreadable".to_owned(),
        });
    };
    let found = ctx
        .db
        .read(async |tx: &mut Tx| gather(tx, &ctx.workspace.id, &person).await)
        .await?;
    // Erased meanwhile: there is nothing to hand over.
    let Some(export) = found else { return Ok(Ending::Done) };
    let (ending, next) = match this {
        Part::Page => match file(ctx, &person, "plaudit.html", &export.html()).await? {
            Ending::Failed { .. } => (Ending::Done, Some(Part::Text(0))),
            ending => (ending, Some(Part::Json)),
        },
        Part::Json => (file(ctx, &person, "plaudit.json", &export.json()).await?, None),
        Part::Text(page) => text(ctx, claimed, &person, &export, page).await?,
    };
    match (&ending, next) {
        (Ending::Done, Some(next)) => {
            let (workspace, now, claimed) = (ctx.workspace.id.clone(), ctx.clock.now(), claimed.clone());
            let next = part(&workspace, &person, next, now);
            ctx.db
                .write(async move |tx: &mut Tx| -> Result<(), StoreError> {
                    match outbox::finish(tx, &claimed).await? {
                        Some(_) => outbox::enqueue(tx, std::slice::from_ref(&next)).await,
                        None => Ok(()),
                    }
                })
                .await?;
            Ok(Ending::Recorded)
        }
        _ => Ok(ending),
    }
}

/// Shares a file in the person's DM; `Failed` where it may not.
async fn file(ctx: &Ctx, person: &UserId, name: &str, bytes: &[u8]) -> Result<Ending, StoreError> {
    let dm = match kudos::deliver::dm_with(ctx, person).await? {
        Ok(dm) => dm,
        Err(ending) => return Ok(ending),
    };
    let upload = Upload {
        filename: name,
        title: name,
        alt_text: "",
        bytes,
        channel: &dm,
        thread_ts: None,
        comment: "",
    };
    Ok(match ctx.slack.upload_file(&upload).await {
        Ok(_) => Ending::Done,
        Err(error) if error.missing_scope().is_some() => Ending::Failed { why: error.to_string() },
        Err(error) => kudos::deliver::ending_of(&error),
    })
}

async fn text(
    ctx: &Ctx,
    claimed: &Claimed,
    person: &UserId,
    export: &Export,
    page: usize,
) -> Result<(Ending, Option<Part>), StoreError> {
    let pages = export.pages();
    let Some(text) = pages.get(page) else {
        return Ok((Ending::Done, None));
    };
    let message = messages::page(ctx.locale, text, page, pages.len());
    let ending = kudos::deliver::send_dm(ctx, claimed, person, &message).await?;
    let next = page + 1;
    Ok((ending, (next < pages.len()).then_some(Part::Text(next))))
}
