//! Reads that are the same on every database.

use std::collections::HashMap;

use invite_core::{
    Event, InvitationId, Record, Scope,
    store::{AddressedQuery, Found, Key, OfAddress, Read, StoreError, Waited, Waiting},
};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    driver::{Driver, all},
    lists::never,
    name::Name,
    row::{Entry, Keyed},
    statement::Values,
    together,
};

#[doc(hidden)]
pub async fn find<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    keys: &[Key<'_>],
    read: Read,
) -> Result<Vec<Option<Found>>, StoreError> {
    if let Some(together) = together::keys(keys)
        && let Some(rows) = D::Db::find_together::<D>(conn, &together, read).await?
    {
        let by_key: HashMap<_, _> = rows.iter().map(|row| (looked_for(row), &row.record)).collect();
        let answer = |key: &Key<'_>| {
            let record = Record::clone(by_key.get(asked_for(key)?)?);
            Some(Found { record, token: None })
        };
        return Ok(keys.iter().map(answer).collect());
    }
    let mut answers = Vec::with_capacity(keys.len());
    for key in keys {
        answers.push(D::Db::find::<D>(conn, key, read).await?);
    }
    Ok(answers)
}

/// The bytes that a row was found by.
fn looked_for(row: &Keyed) -> &[u8] {
    row.key.as_deref().unwrap_or_else(|| row.record.id.as_uuid().as_bytes())
}

fn asked_for<'k>(key: &'k Key<'_>) -> Option<&'k [u8]> {
    match key {
        Key::Id { id, .. } => Some(id.as_uuid().as_bytes()),
        Key::Open(key) => Some(key.as_bytes()),
        Key::Idempotency(key) => Some(key.key()),
        Key::Token(_) | Key::Delivery { .. } | Key::Provider { .. } => None,
    }
}

#[doc(hidden)]
pub async fn addressed_to<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    query: &AddressedQuery<'_>,
) -> Result<Vec<Waiting>, StoreError> {
    let AddressedQuery { kind, addresses, now, as_of, few, after, limit } = *query;
    // Where a page begins after no row, it begins after one that lies before the first.
    let first = Waited { late: false, created_at: never(), id: InvitationId::from_uuid(Uuid::max()) };
    let Waited { late, created_at, id } = after.unwrap_or(first);
    let values = Values::new()
        .text(Name::Kind, kind)
        .time(Name::Now, now)
        .time(Name::AsOf, as_of)
        .count(Name::Few, few)
        .flag(Name::Late, late)
        .time(Name::AfterAt, created_at)
        .uuid(Name::AfterId, *id.as_uuid())
        .limit(Name::Limit, limit);
    all::<D, _>(conn, D::Db::addresses(values, addresses).of_statement(D::Db::ADDRESSED_TO)?).await
}

#[doc(hidden)]
pub async fn of_address<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    query: &OfAddress<'_>,
) -> Result<Vec<Record>, StoreError> {
    let OfAddress { kind, scope, address, after, limit } = *query;
    // Where a page begins after no row, it begins after one that lies before the first.
    let (created_at, id) = after.unwrap_or((never(), InvitationId::from_uuid(Uuid::max())));
    let values = Values::new()
        .text(Name::Kind, kind)
        .exact(Name::Scope, scope.map(Scope::as_str))
        .exact(Name::Recipient, address)
        .time(Name::AfterAt, created_at)
        .uuid(Name::AfterId, *id.as_uuid())
        .limit(Name::Limit, limit);
    all::<D, _>(conn, values.of_statement(D::Db::OF_ADDRESS)?).await
}

#[doc(hidden)]
pub async fn history<D: Driver<Db: Catalog>>(
    conn: &mut D::Conn,
    kind: &str,
    scope: &Scope,
    id: InvitationId,
) -> Result<Vec<Event>, StoreError> {
    let values = Values::new().uuid(Name::Id, *id.as_uuid()).text(Name::Kind, kind).exact(Name::Scope, scope.as_str());
    let entries: Vec<Entry> = all::<D, _>(conn, values.of_statement(D::Db::HISTORY)?).await?;
    Ok(entries.into_iter().map(|entry| entry.of(id)).collect())
}

/// Whether the only row that a statement returns is `true`; `false` also when it fails.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) async fn is_so<D: Driver>(conn: &mut D::Conn, sql: &'static crate::Sql) -> bool {
    let Ok(statement) = Values::new().of_statement(sql) else { return false };
    all::<D, bool>(conn, statement).await.is_ok_and(|answers| answers == [true])
}
