//! Words that may be quoted to everybody: their card stands in a public channel, and nobody whom they thank keeps their
//! thanks to themselves.

use std::collections::BTreeSet;

use super::Source;
use crate::base::clock::Instant;
use crate::base::ids::{KudosId, UserId, WorkspaceId};
use crate::base::text::list_names;
use crate::store::{StoreError, Tx, list, sql};
use crate::workspace;

/// The latest customers' words that were passed on between two instants and may be quoted.
pub async fn customers_words(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    (from, to): (Instant, Instant),
    most: i64,
) -> Result<Vec<KudosId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (KudosId, i64),
        "SELECT DISTINCT l.kudos, l.given_at FROM ledger l JOIN words w ON w.kudos = l.kudos
            JOIN post p ON p.workspace = l.workspace AND p.kudos = l.kudos AND p.audience IN ('', 'also', 'roundup')
            JOIN place c ON c.workspace = p.workspace AND c.channel = p.channel
         WHERE l.given_at >= $2 AND l.given_at < $3 AND l.workspace = $1 AND l.source = $4 AND l.reversed_at IS NULL
            AND w.reason <> '' AND c.kind = 'public' AND NOT c.is_shared
            AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.workspace = l.workspace AND h.kudos = l.kudos)
            AND NOT EXISTS (SELECT 1 FROM ledger r JOIN member m ON m.workspace = r.workspace AND m.id = r.receiver
                WHERE r.kudos = l.kudos AND (m.is_private OR m.is_unlisted))
         ORDER BY l.given_at DESC, l.kudos LIMIT $5",
        workspace,
        from,
        to,
        Source::Customer.name(),
        most
    )?;
    Ok(rows.into_iter().map(|(kudos, _)| kudos).collect())
}

/// These customers' words as they are now: whom they are about, and what was said; those that are gone are left out.
pub async fn customers_quoted(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &[KudosId],
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (KudosId, UserId, String),
        "SELECT l.kudos, l.receiver, w.reason FROM json_each($1) j CROSS JOIN ledger l JOIN words w ON w.kudos = l.kudos
         WHERE l.kudos = j.value ->> 0 AND l.workspace = $2 AND l.receiver_kind = 'member' AND l.reversed_at IS NULL
            AND w.reason <> '' ORDER BY l.kudos, l.id",
        list(&kudos.iter().map(|id| [id]).collect::<Vec<_>>()),
        workspace
    )?;
    let people: BTreeSet<UserId> = rows.iter().map(|(_, receiver, _)| receiver.clone()).collect();
    let known = workspace::members(tx, workspace, &people).await?;
    let name = |id: &UserId| {
        known
            .get(id)
            .map_or("a colleague", |member| member.name.as_str())
            .to_owned()
    };
    Ok(kudos
        .iter()
        .filter_map(|kudos| {
            let about: Vec<&(KudosId, UserId, String)> = rows.iter().filter(|row| row.0 == *kudos).collect();
            let names: Vec<String> = about.iter().map(|(_, receiver, _)| name(receiver)).collect();
            Some((list_names(&names), about.first()?.2.clone()))
        })
        .collect())
}
