//! What was said to somebody and by somebody, newest first. A few rows of two indexes, however many kudos there are.

use crate::base::clock::Instant;
use crate::base::ids::{ChannelId, GroupId, KudosId, UserId, WorkspaceId};
use crate::kudos::Receiver;
use crate::store::{StoreError, Tx, sql};

/// One thank-you.
#[derive(Clone, Debug)]
pub(super) struct Saying {
    pub kudos: KudosId,
    pub giver: UserId,
    pub receivers: Vec<Receiver>,
    pub given_at: Instant,
    pub source: String,
    /// Empty when the words are no longer kept.
    pub reason: String,
    pub values: Vec<String>,
    /// Where its card stands, and its link (empty until somebody asked for it).
    pub card: Option<(ChannelId, String)>,
}

type Row = (
    KudosId,
    UserId,
    String,
    String,
    i64,
    String,
    Option<String>,
    Option<String>,
    Option<ChannelId>,
    Option<String>,
);

/// The latest rows of the workspace `$1` for which something holds.
macro_rules! latest {
    ($which:literal, $most:literal) => {
        concat!(
            "SELECT l.kudos, l.giver, l.receiver, l.receiver_kind, l.given_at, l.source, w.reason, w.value_names,
                p.channel, p.permalink
             FROM ledger l LEFT JOIN words w ON w.kudos = l.kudos
                LEFT JOIN post p ON p.workspace = l.workspace AND p.kudos = l.kudos AND p.audience = ''
             WHERE l.workspace = $1 AND ",
            $which,
            " AND l.reversed_at IS NULL ORDER BY l.given_at DESC, l.id DESC LIMIT ",
            $most
        )
    };
}

fn saying(row: Row) -> Saying {
    let (kudos, giver, receiver, kind, given_at, source, reason, values, channel, link) = row;
    let receiver = if kind == "member" {
        Receiver::Member(receiver.into())
    } else {
        Receiver::Group(receiver.into())
    };
    Saying {
        kudos,
        giver,
        receivers: vec![receiver],
        given_at: Instant::from_millis(given_at),
        source,
        reason: reason.unwrap_or_default(),
        values: values
            .and_then(|values| serde_json::from_str(&values).ok())
            .unwrap_or_default(),
        card: channel.map(|channel| (channel, link.unwrap_or_default())),
    }
}

/// The latest that was said to somebody, or to a user group while they were in it.
pub(super) async fn received(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    most: usize,
) -> Result<Vec<Saying>, StoreError> {
    let groups: Vec<(GroupId, i64, Option<i64>)> = sql!(
        tx,
        fetch_all as (GroupId, i64, Option<i64>),
        "SELECT usergroup, since, until FROM usergroup_member WHERE workspace = $1 AND member = $2",
        workspace,
        member
    )?;
    let mine = (member.0.clone(), 0, i64::MAX);
    let theirs = groups
        .into_iter()
        .map(|(group, since, until)| (group.0, since, until.unwrap_or(i64::MAX)));
    let mut found = Vec::new();
    for (receiver, since, until) in std::iter::once(mine).chain(theirs) {
        let rows = sql!(
            tx,
            fetch_all as Row,
            latest!("l.receiver = $2 AND l.given_at >= $3 AND l.given_at < $4", "$5"),
            workspace,
            receiver,
            since,
            until,
            i64::try_from(most).unwrap_or(i64::MAX)
        )?;
        found.extend(rows.into_iter().map(saying));
    }
    found.sort_by(|a, b| (b.given_at, &b.kudos).cmp(&(a.given_at, &a.kudos)));
    // Somebody may be thanked by name and with their team in one kudos.
    found.dedup_by(|a, b| a.kudos == b.kudos);
    found.truncate(most);
    Ok(found)
}

/// The latest that somebody said.
pub(super) async fn given(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    most: usize,
) -> Result<Vec<Saying>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as Row,
        latest!("l.giver = $2", "$3"),
        workspace,
        member,
        i64::try_from(most * crate::kudos::rules::MOST_RECEIVERS).unwrap_or(i64::MAX)
    )?;
    let mut found: Vec<Saying> = Vec::new();
    for next in rows.into_iter().map(saying) {
        if let Some(said) = found.iter_mut().find(|said| said.kudos == next.kudos) {
            // The rows come last first.
            said.receivers.splice(0..0, next.receivers);
        } else if found.len() == most {
            break;
        } else {
            found.push(next);
        }
    }
    Ok(found)
}

/// The digest of what somebody's Home shows; `None` if they never opened it.
pub(super) async fn shown(tx: &mut Tx, workspace: &WorkspaceId, member: &UserId) -> Result<Option<String>, StoreError> {
    let row = sql!(
        tx,
        fetch_optional as (String,),
        "SELECT shown FROM home WHERE workspace = $1 AND member = $2",
        workspace,
        member
    )?;
    Ok(row.map(|(shown,)| shown))
}

/// Remembers what somebody's Home shows.
pub(super) async fn remember_shown(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    member: &UserId,
    shown: &str,
    now: Instant,
) -> Result<(), StoreError> {
    sql!(
        tx,
        execute "UPDATE home SET shown = $1, at = $2 WHERE workspace = $3 AND member = $4",
        shown,
        now,
        workspace,
        member
    )?;
    Ok(())
}

/// Who is thanked by a kudos and who gave it, of those who ever opened their Home.
pub(super) async fn people_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    kudos: &KudosId,
) -> Result<Vec<UserId>, StoreError> {
    let rows = sql!(
        tx,
        fetch_all as (UserId,),
        "SELECT h.member FROM (
            SELECT giver AS member FROM ledger WHERE kudos = $1 AND workspace = $2
            UNION SELECT receiver FROM ledger WHERE kudos = $1 AND workspace = $2 AND receiver_kind = 'member'
            UNION SELECT m.member FROM ledger l CROSS JOIN usergroup_member m
                WHERE l.kudos = $1 AND l.workspace = $2 AND l.receiver_kind = 'group' AND m.workspace = l.workspace
                    AND m.usergroup = l.receiver AND m.until IS NULL
         ) p CROSS JOIN home h WHERE h.workspace = $2 AND h.member = p.member",
        kudos,
        workspace
    )?;
    Ok(rows.into_iter().map(|(member,)| member).collect())
}
