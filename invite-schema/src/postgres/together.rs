//! Calls about many invitations: statements of their own.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, Utc};
use invite_core::{
    Record, Scope,
    store::{Change, Erasure, Insertion, OpenKey, Read, Removal, StoreError, Transition},
};
use uuid::Uuid;

use super::{Postgres, Value, guarded, sql};
use crate::{
    driver::{Driver, all},
    name::Name,
    row::Keyed,
    statement::Values,
    together::{self, Alike, Keys, Spelling},
};

pub(super) async fn insert<D: Driver<Db = Postgres>>(
    conn: &mut D::Conn,
    new: &[Insertion<'_>],
) -> Result<HashSet<Uuid>, StoreError> {
    let mut new: Vec<_> = new.iter().collect();
    new.sort_by_key(|new| new.open_key.map(OpenKey::as_bytes));
    let mut stored = HashSet::with_capacity(new.len());
    for rows in together::parts(new.into_iter().map(|new| together::insertion(new, SPELLING)))? {
        let statement = Values::new().owned(Name::Rows, rows).of_statement(&sql::INSERT_TOGETHER)?;
        stored.extend(all::<D, Uuid>(conn, statement).await?);
    }
    Ok(stored)
}

pub(super) async fn apply<D: Driver<Db = Postgres>>(
    conn: &mut D::Conn,
    transition: &Transition<'_>,
    alike: &Alike,
) -> Result<Option<Vec<Record>>, StoreError> {
    let Transition { guard, change, event, dispatch } = transition;
    let sql = match change {
        Change::End { .. } => &sql::END_TOGETHER,
        Change::Renew { .. } => &sql::RENEW_TOGETHER,
        Change::Amend { .. } | Change::Link | Change::View { .. } | Change::FailDelivery => return Ok(None),
    };
    let (ids, letters): (Vec<_>, Vec<_>) = alike.rows.iter().copied().unzip();
    // Where there are no letters, the array is empty, and the server fills it up with nulls.
    let values = guarded(guard)
        .change(change)
        .event(event)
        .actor(event)
        .dispatch(*dispatch)
        .set(Name::Ids, Value::Uuids(ids))
        .set(Name::Letters, Value::Uuids(letters.into_iter().flatten().collect()));
    all::<D, _>(conn, values.of_statement(sql)?).await.map(Some)
}

pub(super) async fn find<D: Driver<Db = Postgres>>(
    conn: &mut D::Conn,
    keys: &Keys<'_>,
    _: Read,
) -> Result<Option<Vec<Keyed>>, StoreError> {
    let digests = |keys: &[&[u8]]| Value::Blobs(keys.iter().map(|key| key.to_vec()).collect());
    let (sql, values) = match keys {
        Keys::Ids { kind, scope, ids } => (
            &sql::FIND_TOGETHER_BY_ID,
            Values::new()
                .set(Name::Ids, Value::Uuids(ids.clone()))
                .text(Name::Kind, *kind)
                .exact(Name::Scope, scope.map(Scope::as_str)),
        ),
        Keys::Open(keys) => (&sql::FIND_TOGETHER_OPEN, Values::new().set(Name::Keys, digests(keys))),
        Keys::Idempotency(keys) => (&sql::FIND_TOGETHER_BY_KEY, Values::new().set(Name::Keys, digests(keys))),
    };
    all::<D, _>(conn, values.of_statement(sql)?).await.map(Some)
}

pub(super) async fn remove<D: Driver<Db = Postgres>>(
    conn: &mut D::Conn,
    removal: &Removal<'_>,
) -> Result<HashSet<Uuid>, StoreError> {
    let Removal { kind, scope, ids, now } = *removal;
    let values = Values::new()
        .set(Name::Ids, Value::Uuids(ids.iter().map(|id| *id.as_uuid()).collect()))
        .text(Name::Kind, kind)
        .exact(Name::Scope, Some(scope.as_str()))
        .time(Name::Now, now);
    let held = all::<D, _>(conn, values.of_statement(&sql::HOLD_ENDED)?).await?;
    Ok(forget::<D>(conn, held, now).await?.into_iter().collect())
}

pub(super) async fn purge<D: Driver<Db = Postgres>>(
    conn: &mut D::Conn,
    kind: &str,
    until: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    let values = Values::new().text(Name::Kind, kind).time(Name::Until, until).limit(Name::Limit, limit);
    let held = all::<D, _>(conn, values.of_statement(&sql::HOLD_OLD)?).await?;
    Ok(forget::<D>(conn, held, until).await?.len() as u64)
}

const SPELLING: Spelling =
    Spelling { id: |id| id.hyphenated().to_string(), time: |time| time.to_rfc3339_opts(SecondsFormat::Micros, true) };

/// Deletes those that are locked. A statement of its own: what was written while the locks were waited for is deleted as
/// well.
async fn forget<D: Driver<Db = Postgres>>(
    conn: &mut D::Conn,
    held: Vec<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, StoreError> {
    if held.is_empty() {
        return Ok(held);
    }
    let values = Values::new().set(Name::Ids, Value::Uuids(held)).time(Name::Now, now);
    all::<D, _>(conn, values.of_statement(&sql::FORGET_ENDED)?).await
}

pub(super) async fn erase<D: Driver<Db = Postgres>>(
    conn: &mut D::Conn,
    erasure: &Erasure<'_>,
) -> Result<HashSet<Uuid>, StoreError> {
    let asked = Value::Uuids(erasure.ids.iter().map(|id| *id.as_uuid()).collect());
    let values =
        Values::new().set(Name::Ids, asked).text(Name::Kind, erasure.kind).exact(Name::Address, erasure.address);
    let held: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::HOLD_TO_ERASE)?).await?;
    if held.is_empty() {
        return Ok(HashSet::new());
    }
    let values = Values::new().set(Name::Ids, Value::Uuids(held)).erasure(erasure);
    let erased: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::ERASE)?).await?;
    Ok(erased.into_iter().collect())
}
