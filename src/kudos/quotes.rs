//! Words that may be quoted to everybody: their card stands in a public channel, and nobody whom they name keeps out of
//! sight.

use std::collections::BTreeMap;

use super::rules::may_be_quoted;
use super::{Receiver, Source};
use crate::base::clock::Instant;
use crate::base::ids::{GroupId, KudosId, UserId, WorkspaceId};
use crate::base::text::list_names;
use crate::store::{StoreError, Tx, list, sql};
use crate::workspace::{self, Member, Settings};

/// The words of a kudos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Of which kudos.
    pub kudos: KudosId,
    /// Who said them; who passed them on, of a customer's.
    pub giver: UserId,
    /// To whom.
    pub receivers: Vec<Receiver>,
    /// The words.
    pub reason: String,
    /// A customer said it.
    pub by_customer: bool,
    /// How many joined in.
    pub joined: i64,
}

/// What was said in those of these kudos whose words everybody can read: they stand, nobody hid them, and their card is
/// in a public channel of this workspace alone. In the order given.
async fn readable_by_all(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &[(KudosId, i64)],
) -> Result<Vec<Quote>, StoreError> {
    type Found = (KudosId, UserId, String, String, String, String);
    let rows = sql!(
        tx,
        fetch_all as Found,
        "SELECT l.kudos, l.giver, l.receiver, l.receiver_kind, l.source, w.reason
         FROM json_each($1) j CROSS JOIN ledger l CROSS JOIN words w
         WHERE l.kudos = j.value ->> 0 AND l.workspace = $2 AND w.kudos = l.kudos AND w.reason <> ''
            AND l.reversed_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM hidden h WHERE h.workspace = $2 AND h.kudos = l.kudos)
            AND EXISTS (SELECT 1 FROM post p CROSS JOIN place c
                WHERE p.workspace = $2 AND p.kudos = l.kudos AND p.audience IN ('', 'roundup')
                    AND c.workspace = $2 AND c.channel = p.channel AND c.kind = 'public' AND NOT c.is_shared)
         ORDER BY l.id",
        list(&kudos.iter().map(|(id, _)| [id]).collect::<Vec<_>>()),
        workspace
    )?;
    let mut said: BTreeMap<KudosId, Quote> = BTreeMap::new();
    for (kudos, giver, receiver, kind, source, reason) in rows {
        let receiver = if kind == "member" {
            Receiver::Member(receiver.into())
        } else {
            Receiver::Group(GroupId(receiver))
        };
        said.entry(kudos.clone())
            .or_insert_with(|| Quote {
                kudos,
                giver,
                receivers: Vec::new(),
                reason,
                by_customer: source == Source::Customer.name(),
                joined: 0,
            })
            .receivers
            .push(receiver);
    }
    Ok(kudos
        .iter()
        .filter_map(|(id, joined)| {
            let found = said.remove(id)?;
            Some(Quote {
                joined: *joined,
                ..found
            })
        })
        .collect())
}

/// Those of these kudos, each with how many joined in it, whose words may be quoted to everybody, in the order given;
/// with what is known of those whom they name.
pub async fn quotable(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    kudos: &[(KudosId, i64)],
) -> Result<(Vec<Quote>, BTreeMap<UserId, Member>), StoreError> {
    let mut quotes = readable_by_all(tx, workspace, kudos).await?;
    let people = quotes.iter().flat_map(|quote| {
        let receivers = quote.receivers.iter().filter_map(Receiver::member);
        receivers.chain([&quote.giver]).cloned()
    });
    let known = workspace::members(tx, workspace, &people.collect()).await?;
    quotes.retain(|quote| may_be_quoted(&quote.giver, &quote.receivers, &known, settings));
    Ok((quotes, known))
}

/// Customers' words that were passed on between two instants and may be quoted: those that most people joined first, then
/// the latest.
pub async fn customers_words(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    (from, to): (Instant, Instant),
    most: usize,
) -> Result<Vec<KudosId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (KudosId, i64),
        "SELECT l.kudos, COALESCE(MAX(b.n), 0) FROM ledger l
            LEFT JOIN boosted b ON b.workspace = l.workspace AND b.kudos = l.kudos
         WHERE l.given_at >= $2 AND l.given_at < $3 AND l.workspace || '' = $1 AND l.source = $4
            AND l.reversed_at IS NULL
         GROUP BY l.kudos ORDER BY 2 DESC, MAX(l.given_at) DESC, l.kudos",
        workspace,
        from,
        to,
        Source::Customer.name()
    )?;
    let (quotes, _) = quotable(tx, workspace, settings, &rows).await?;
    Ok(quotes.into_iter().map(|quote| quote.kudos).take(most).collect())
}

/// These customers' words as they are now: whom they are about, and what was said; those that are gone, or may not be
/// quoted any more, are left out.
pub async fn customers_quoted(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    settings: &Settings,
    kudos: &[KudosId],
) -> Result<Vec<(String, String)>, StoreError> {
    let kudos: Vec<(KudosId, i64)> = kudos.iter().map(|kudos| (kudos.clone(), 0)).collect();
    let (quotes, known) = quotable(tx, workspace, settings, &kudos).await?;
    let quoted = quotes.into_iter().filter_map(|quote| {
        let members = quote.receivers.iter().filter_map(Receiver::member);
        let names: Vec<String> = members
            .filter_map(|member| Some(known.get(member)?.name.clone()))
            .collect();
        (!names.is_empty()).then(|| (list_names(&names), quote.reason))
    });
    Ok(quoted.collect())
}
