//! Calls about many invitations: statements of their own.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use invite_core::{
    Record, Scope,
    store::{Change, Dispatch, Erasure, Insertion, OpenKey, Read, Removal, StoreError, Transition},
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{MySql, guarded, hex, sql};
use crate::{
    driver::{Driver, all, execute},
    name::Name,
    row::Keyed,
    statement::Values,
    template::Sql,
    together::{self, Alike, Keys, Spelling},
    values::priority,
};

pub(super) async fn insert<D: Driver<Db = MySql>>(
    conn: &mut D::Conn,
    new: &[Insertion<'_>],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut sorted: Vec<_> = new.iter().collect();
    sorted.sort_by_key(|new| new.open_key.map(OpenKey::as_bytes));
    let rows = |sql, rows| Values::new().owned(Name::Rows, rows).of_statement(sql);
    for part in together::parts(sorted.iter().map(|new| together::insertion(new, SPELLING)))? {
        execute::<D>(conn, rows(&sql::INSERT_TOGETHER, part)?).await?;
    }
    let asked = invitations(new.iter().map(|new| (*new.record.id.as_uuid(), None)));
    let values = Values::new().owned(Name::Ids, asked);
    let stored: HashSet<Uuid> = all::<D, Uuid>(conn, values.of_statement(&sql::INSERTED)?).await?.into_iter().collect();
    sorted.retain(|new| stored.contains(new.record.id.as_uuid()));
    for (following, is_meant) in FOLLOWING_TOGETHER {
        let new = sorted.iter().filter(|new| is_meant(&new.dispatch));
        for part in together::parts(new.map(|new| Ok(together::following(new, SPELLING))))? {
            execute::<D>(conn, rows(following, part)?).await?;
        }
    }
    Ok(stored)
}

pub(super) async fn apply<D: Driver<Db = MySql>>(
    conn: &mut D::Conn,
    transition: &Transition<'_>,
    alike: &Alike,
) -> Result<Option<Vec<Record>>, StoreError> {
    let Transition { guard, change, event, dispatch } = transition;
    let sql = match change {
        Change::End { .. } => &sql::END_HELD,
        Change::Renew { .. } => &sql::RENEW_HELD,
        Change::Amend { .. } | Change::Link | Change::View { .. } | Change::FailDelivery => return Ok(None),
    };
    let asked = invitations(alike.rows.iter().copied());
    let values = guarded(guard).owned(Name::Ids, asked);
    let held: HashSet<Uuid> = all::<D, Uuid>(conn, values.of_statement(&sql::HELD)?).await?.into_iter().collect();
    let held = invitations(alike.rows.iter().copied().filter(|(id, _)| held.contains(id)));
    let of_held = || Values::new().text(Name::Ids, held.as_str());
    execute::<D>(conn, of_held().change(change).event(event).actor(event).of_statement(sql)?).await?;
    execute::<D>(conn, of_held().event(event).actor(event).of_statement(&sql::LOG_HELD)?).await?;
    if let Dispatch::Letter(letter) = dispatch {
        let values = of_held()
            .text(Name::Purpose, letter.purpose.as_str())
            .count(Name::Priority, priority(letter.purpose))
            .flag(Name::ToInviter, letter.purpose.is_to_inviter())
            .time(Name::NotBefore, letter.not_before)
            .flag(Name::Ready, letter.not_before <= event.at);
        execute::<D>(conn, values.of_statement(&sql::QUEUE_HELD)?).await?;
    }
    let values = of_held().text(Name::Kind, guard.kind).exact(Name::Scope, None);
    let rows: Vec<Keyed> = all::<D, _>(conn, values.of_statement(&sql::FIND_TOGETHER_BY_ID)?).await?;
    Ok(Some(rows.into_iter().map(|row| row.record).collect()))
}

pub(super) async fn find<D: Driver<Db = MySql>>(
    conn: &mut D::Conn,
    keys: &Keys<'_>,
    read: Read,
) -> Result<Option<Vec<Keyed>>, StoreError> {
    // Those that are looked for again after a lost race are few.
    if read == Read::Latest {
        return Ok(None);
    }
    let (sql, values) = match keys {
        Keys::Ids { kind, scope, ids } => (
            &sql::FIND_TOGETHER_BY_ID,
            Values::new()
                .owned(Name::Ids, invitations(ids.iter().map(|id| (*id, None))))
                .text(Name::Kind, *kind)
                .exact(Name::Scope, scope.map(Scope::as_str)),
        ),
        Keys::Open(keys) => (&sql::FIND_TOGETHER_OPEN, Values::new().owned(Name::Keys, digests(keys))),
        Keys::Idempotency(keys) => (&sql::FIND_TOGETHER_BY_KEY, Values::new().owned(Name::Keys, digests(keys))),
    };
    all::<D, _>(conn, values.of_statement(sql)?).await.map(Some)
}

pub(super) async fn remove<D: Driver<Db = MySql>>(
    conn: &mut D::Conn,
    removal: &Removal<'_>,
) -> Result<HashSet<Uuid>, StoreError> {
    let Removal { kind, scope, ids, now } = *removal;
    let asked = in_one_order(ids.iter().map(|id| *id.as_uuid()));
    let values = Values::new()
        .text(Name::Ids, asked.as_str())
        .text(Name::Kind, kind)
        .exact(Name::Scope, Some(scope.as_str()))
        .time(Name::Now, now);
    let held: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::HOLD_ENDED)?).await?;
    forget::<D>(conn, &held).await?;
    Ok(held.into_iter().collect())
}

pub(super) async fn purge<D: Driver<Db = MySql>>(
    conn: &mut D::Conn,
    kind: &str,
    until: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    let values = Values::new().text(Name::Kind, kind).time(Name::Until, until).limit(Name::Limit, limit);
    let held: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::HOLD_OLD)?).await?;
    forget::<D>(conn, &held).await?;
    Ok(held.len() as u64)
}

const SPELLING: Spelling =
    Spelling { id: hex, time: |time| time.naive_utc().format("%Y-%m-%d %H:%M:%S%.6f").to_string() };

type IsMeant = fn(&Dispatch<'_>) -> bool;

/// What follows new invitations, and which of them have it.
const FOLLOWING_TOGETHER: [(&Sql, IsMeant); 3] = [
    (&sql::INSERT_EVENTS, |_| true),
    (&sql::INSERT_LETTERS, |dispatch| matches!(dispatch, Dispatch::Letter(_))),
    (&sql::INSERT_LINKS, |dispatch| matches!(dispatch, Dispatch::Token(..))),
];

/// What deletes invitations that are locked. Letters go first: who has leased one is minting its token.
const FORGETTING: [&Sql; 5] =
    [&sql::FORGET_QUEUED, &sql::FORGET_TOKENS, &sql::FORGET_LETTERS, &sql::FORGET_EVENTS, &sql::FORGET_ENDED];

async fn forget<D: Driver<Db = MySql>>(conn: &mut D::Conn, held: &[Uuid]) -> Result<(), StoreError> {
    if held.is_empty() {
        return Ok(());
    }
    let these = in_one_order(held.iter().copied());
    for sql in FORGETTING {
        execute::<D>(conn, Values::new().text(Name::Ids, these.as_str()).of_statement(sql)?).await?;
    }
    Ok(())
}

/// Invitations with their letters, as a JSON array.
fn invitations(rows: impl Iterator<Item = (Uuid, Option<Uuid>)>) -> String {
    let rows = rows.map(|(id, letter)| match letter {
        Some(letter) => json!({ "id": hex(&id), "letter": hex(&letter) }),
        None => json!({ "id": hex(&id) }),
    });
    Json::from_iter(rows).to_string()
}

/// Invitations as a JSON array, sorted, so that all who lock some wait for each other in one order.
fn in_one_order(ids: impl Iterator<Item = Uuid>) -> String {
    let mut rows: Vec<_> = ids.map(|id| (id, None)).collect();
    rows.sort_unstable();
    invitations(rows.into_iter())
}

fn digests(keys: &[&[u8]]) -> String {
    Json::from_iter(keys.iter().map(|key| HEXLOWER.encode(key))).to_string()
}

pub(super) async fn erase<D: Driver<Db = MySql>>(
    conn: &mut D::Conn,
    erasure: &Erasure<'_>,
) -> Result<HashSet<Uuid>, StoreError> {
    let asked = in_one_order(erasure.ids.iter().map(|id| *id.as_uuid()));
    let values = Values::new()
        .text(Name::Ids, asked.as_str())
        .text(Name::Kind, erasure.kind)
        .exact(Name::Address, erasure.address);
    let held: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::HOLD_TO_ERASE)?).await?;
    if held.is_empty() {
        return Ok(HashSet::new());
    }
    let these = in_one_order(held.iter().copied());
    // What is queued goes first: who has leased it would write what a server said.
    for sql in [&sql::FORGET_QUEUED, &sql::ERASE_LETTERS, &sql::ERASE_EVENTS] {
        execute::<D>(conn, Values::new().text(Name::Ids, these.as_str()).of_statement(sql)?).await?;
    }
    let values = Values::new().text(Name::Ids, these.as_str()).erasure(erasure);
    execute::<D>(conn, values.of_statement(&sql::ERASE)?).await?;
    Ok(held.into_iter().collect())
}
