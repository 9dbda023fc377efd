//! PostgreSQL: a change, its event and its letter or token are one statement.

pub mod migrate;
pub mod sql;
mod together;

use std::{borrow::Cow, collections::HashSet};

use chrono::{DateTime, Utc};
use invite_core::{
    Record, Status,
    store::{
        Change, DeliveryUpdate, Dispatch, Erasure, Found, Guard, Insertion, Key, LeaseRequest, Leased, QueueChange,
        Read, Removal, Settlement, StoreError, Sweep, Target, TimeGuard, Transition,
    },
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    catalog::{Catalog, Given, Lists},
    dialect::Dialect,
    driver::{Driver, End, Pool, all, end, execute, optional},
    name::Name,
    queue::due,
    row::{Keyed, Queued},
    statement::Values,
    template::Sql,
    together::{Alike, Keys},
};

#[doc(hidden)]
pub use crate::{
    lists::{list, list_rows, stats},
    queue::{now, purge, remind},
    reading::{addressed_to, find, history, of_address},
    writing::{apply, erase, forget_inviter, insert, record_delivery, remove},
};

/// PostgreSQL's values and statements.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no values: it names the database")]
pub enum Postgres {}

/// Begins the library's own transactions, whatever the connection's default. At READ COMMITTED a row that
/// another transaction changes is read again instead of failing.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// A value as PostgreSQL stores it.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "a driver binds each")]
pub enum Value<'v> {
    /// `uuid`
    Uuid(Option<Uuid>),
    /// `text`
    Text(Option<Cow<'v, str>>),
    /// `bytea`
    Bytes(Option<&'v [u8]>),
    /// `integer`
    Int(Option<i32>),
    /// `bigint`
    BigInt(i64),
    /// `boolean`
    Bool(bool),
    /// `timestamptz`
    Time(Option<DateTime<Utc>>),
    /// `jsonb`
    Json(Option<&'v Json>),
    /// `text[]`
    Texts(Vec<&'v str>),
    /// `uuid[]`
    Uuids(Vec<Uuid>),
    /// `bytea[]`
    Blobs(Vec<Vec<u8>>),
    /// `integer[]`
    Ints(Vec<i32>),
}

impl Dialect for Postgres {
    type Value<'v> = Value<'v>;

    fn uuid<'v>(uuid: Option<Uuid>) -> Value<'v> {
        Value::Uuid(uuid)
    }

    fn text(text: Option<Cow<'_, str>>) -> Value<'_> {
        Value::Text(text)
    }

    fn exact(text: Option<&str>) -> Value<'_> {
        Value::Text(text.map(Cow::Borrowed))
    }

    fn bytes(bytes: Option<&[u8]>) -> Value<'_> {
        Value::Bytes(bytes)
    }

    fn count<'v>(count: Option<u32>) -> Result<Value<'v>, StoreError> {
        count.map(int).transpose().map(Value::Int)
    }

    fn limit<'v>(limit: u32) -> Value<'v> {
        Value::BigInt(limit.into())
    }

    fn flag<'v>(flag: bool) -> Value<'v> {
        Value::Bool(flag)
    }

    fn time<'v>(time: Option<DateTime<Utc>>) -> Value<'v> {
        Value::Time(time)
    }

    fn json(json: Option<&Json>) -> Result<Value<'_>, StoreError> {
        Ok(Value::Json(json))
    }

    fn words(words: Vec<&str>) -> Value<'_> {
        Value::Texts(words)
    }
}

impl Catalog for Postgres {
    crate::catalog::statements_by_name!(
        [&sql::LETTERS_NEWEST_FIRST, &sql::LETTERS_OLDEST_FIRST, &sql::LETTERS_EXPIRES_FIRST, &sql::LETTERS_BY_ADDRESS],
        [
            &sql::ROWS_LETTERS_NEWEST_FIRST,
            &sql::ROWS_LETTERS_OLDEST_FIRST,
            &sql::ROWS_LETTERS_EXPIRES_FIRST,
            &sql::ROWS_LETTERS_BY_ADDRESS
        ]
    );

    fn statuses<'v>(values: Values<'v, Self>, statuses: &[Status]) -> Values<'v, Self> {
        values.words(Name::Statuses, statuses.iter().map(|status| status.as_str()))
    }

    fn addresses<'v>(values: Values<'v, Self>, addresses: [Option<&'v str>; 8]) -> Values<'v, Self> {
        values.words(Name::Addresses, addresses.into_iter().flatten())
    }

    async fn insert<D: Driver<Db = Self>>(conn: &mut D::Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let Insertion { record, open_key, event, dispatch } = *new;
        let sql = if matches!(dispatch, Dispatch::Token(..)) { &sql::INSERT_WITH_TOKEN } else { &sql::INSERT };
        let statement = Values::new().record(record, open_key).event(event).dispatch(dispatch).of_statement(sql)?;
        Ok(optional::<D, ()>(conn, statement).await?.is_some())
    }

    async fn insert_together<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        new: &[Insertion<'_>],
    ) -> Result<Option<HashSet<Uuid>>, StoreError> {
        together::insert::<D>(conn, new).await.map(Some)
    }

    async fn apply_together<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        transition: &Transition<'_>,
        alike: &Alike,
    ) -> Result<Option<Vec<Record>>, StoreError> {
        together::apply::<D>(conn, transition, alike).await
    }

    async fn find_together<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        keys: &Keys<'_>,
        read: Read,
    ) -> Result<Option<Vec<Keyed>>, StoreError> {
        together::find::<D>(conn, keys, read).await
    }

    async fn remove<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        removal: &Removal<'_>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        together::remove::<D>(conn, removal).await
    }

    async fn erase<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        erasure: &Erasure<'_>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        together::erase::<D>(conn, erasure).await
    }

    async fn purge<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        kind: &str,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        together::purge::<D>(conn, kind, until, limit).await
    }

    async fn ripen<D: Driver<Db = Self>>(conn: &mut D::Conn, now: DateTime<Utc>) -> Result<u64, StoreError> {
        execute::<D>(conn, Values::new().time(Name::Now, now).of_statement(&sql::RIPEN)?).await
    }

    async fn take<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        letters: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<Vec<Queued>, StoreError> {
        let values = Values::new().set(Name::Letters, Value::Uuids(letters.to_vec())).time(Name::Now, now);
        all::<D, _>(conn, values.of_statement(&sql::TAKE)?).await
    }

    async fn give<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        request: &LeaseRequest<'_>,
        given: &Given,
    ) -> Result<(), StoreError> {
        let Given { leased, discarded, tokens } = given;
        let generations = tokens.iter().map(|token| int(token.generation)).collect::<Result<_, _>>()?;
        let values = Values::new()
            .set(Name::Letters, Value::Uuids(leased.clone()))
            .set(Name::Discarded, Value::Uuids(discarded.clone()))
            .set(Name::Tokens, Value::Blobs(tokens.iter().map(|token| token.digest.as_bytes().to_vec()).collect()))
            .set(Name::Invitations, Value::Uuids(tokens.iter().map(|token| token.invitation).collect()))
            .set(Name::Generations, Value::Ints(generations))
            .uuid(Name::Owner, request.owner)
            .time(Name::LeaseUntil, request.lease_until)
            .time(Name::Now, request.now);
        execute::<D>(conn, values.of_statement(&sql::LEASE)?).await?;
        Ok(())
    }

    async fn settle_together<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        settlements: &[Settlement<'_>],
    ) -> Result<Option<HashSet<Uuid>>, StoreError> {
        let asked: Json = settlements.iter().map(asked).collect();
        let values = Values::new().json(Name::Settlements, &asked);
        let ours: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::SETTLE)?).await?;
        Ok(Some(ours.into_iter().collect()))
    }

    // With a stale snapshot the UPDATE itself would have failed to serialize, so a read that explains a refusal
    // is only reached with a fresh one: a plain read is enough.
    async fn find<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        key: &Key<'_>,
        _: Read,
    ) -> Result<Option<Found>, StoreError> {
        let (sql, values) = match *key {
            Key::Token(digest) => {
                (&sql::FIND_BY_TOKEN, Values::new().bytes(Name::Digest, digest.as_bytes().as_slice()))
            }
            Key::Id { kind, scope, id } => {
                let values = Values::new().uuid(Name::Id, *id.as_uuid()).text(Name::Kind, kind);
                (&sql::FIND_BY_ID, values.exact(Name::Scope, scope.map(invite_core::Scope::as_str)))
            }
            Key::Open(key) => (&sql::FIND_OPEN, Values::new().bytes(Name::OpenKey, key.as_bytes().as_slice())),
            Key::Idempotency(key) => {
                (&sql::FIND_BY_KEY, Values::new().bytes(Name::IdempotencyKey, key.key().as_slice()))
            }
            Key::Delivery { kind, id } => {
                (&sql::FIND_BY_DELIVERY, Values::new().uuid(Name::Delivery, *id.as_uuid()).text(Name::Kind, kind))
            }
            Key::Provider { kind, id } => {
                (&sql::FIND_BY_PROVIDER_ID, Values::new().exact(Name::ProviderId, id).text(Name::Kind, kind))
            }
        };
        optional::<D, _>(conn, values.of_statement(sql)?).await
    }

    async fn transition<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        transition: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let Transition { guard, change, event, dispatch } = transition;
        let by_token = matches!(guard.target, Target::Token(_));
        let alone = matches!(dispatch, Dispatch::None);
        let sql = match change {
            Change::End { .. } if by_token && alone => &sql::END_BY_TOKEN,
            Change::End { .. } if by_token => &sql::END_BY_TOKEN_AND_TELL,
            Change::End { .. } if alone => &sql::END_BY_ID,
            Change::End { .. } => &sql::END_BY_ID_AND_TELL,
            Change::Renew { .. } => &sql::RENEW,
            Change::Amend { .. } => &sql::AMEND,
            Change::Link => &sql::LINK,
            Change::View { .. } => &sql::VIEW,
            Change::FailDelivery => &sql::FAIL_DELIVERY,
        };
        let values = guarded(guard).change(change).event(event).actor(event).dispatch(*dispatch);
        optional::<D, _>(conn, values.of_statement(sql)?).await
    }
}

/// A settlement as an object of JSON.
fn asked(settlement: &Settlement<'_>) -> Json {
    let Settlement { delivery, owner, attempt, summary, queue, transition: _ } = settlement;
    let DeliveryUpdate { delivery: _, kind, state, attempts, error, fault, provider_id, over } = summary;
    let over: Vec<_> = over.iter().map(|state| state.as_str()).collect();
    let (not_before, refusals, unknowns, last_error) = match queue {
        QueueChange::Remove => (None, None, None, None),
        QueueChange::Postpone { not_before, refusals, unknowns, error } => {
            (Some(not_before.to_rfc3339()), Some(refusals), Some(unknowns), Some(error))
        }
    };
    json!({
        "letter": delivery.as_uuid(), "owner": owner, "attempt": attempt, "kind": kind, "state": state.as_str(),
        "attempts": attempts, "error": error, "fault": fault.map(|fault| fault.as_str()), "provider_id": provider_id, "over": over,
        "not_before": not_before, "refusals": refusals,
        "unknowns": unknowns, "last_error": last_error,
    })
}

#[doc(hidden)]
pub async fn lock_for_write<D: Driver<Db = Postgres>>(_: &mut D::Conn) -> Result<(), StoreError> {
    Ok(())
}

fn guarded<'v>(guard: &Guard<'v>) -> Values<'v, Postgres> {
    let Guard { target, kind: _, statuses: _, now, time, ref recipient, not_resent_between } = *guard;
    let (unexpired_at, due_at) = match time {
        TimeGuard::Unexpired => (Some(now), None),
        TimeGuard::Due => (None, Some(now)),
        TimeGuard::Any => (None, None),
    };
    let (not_resent_since, not_resent_until) = not_resent_between.unzip();
    let values = Values::new()
        .guard(guard)
        .time(Name::UnexpiredAt, unexpired_at)
        .time(Name::DueAt, due_at)
        .time(Name::NotResentSince, not_resent_since)
        .time(Name::NotResentUntil, not_resent_until);
    let values = Postgres::addresses(values, recipient.verified().unwrap_or_default());
    match target {
        Target::Token(digest) => values.bytes(Name::Digest, digest.as_bytes().as_slice()),
        Target::Id(id, scope) => {
            values.uuid(Name::Id, *id.as_uuid()).exact(Name::Scope, scope.map(invite_core::Scope::as_str))
        }
        Target::Delivery(delivery) => values.uuid(Name::Delivery, *delivery.as_uuid()),
    }
}

#[doc(hidden)]
pub async fn lease<D: Driver<Db = Postgres>, P: Pool<D>>(
    pool: &P,
    request: &LeaseRequest<'_>,
) -> Result<Leased, StoreError> {
    crate::queue::lease::<D, P>(pool, request).await
}

#[doc(hidden)]
pub async fn settle<D: Driver<Db = Postgres>, P: Pool<D>>(
    pool: &P,
    settlements: &[Settlement<'_>],
) -> Result<Vec<bool>, StoreError> {
    crate::queue::settle::<D, P>(pool, settlements).await
}

#[doc(hidden)]
pub async fn sweep<D: Driver<Db = Postgres>, P: Pool<D>>(pool: &P, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
    let Sweep { kinds, notify, now, limit } = *sweep;
    let values = due(kinds, now).limit(Name::Limit, limit).words(Name::Notify, notify.iter().copied());
    let statement = values.of_statement(&sql::EXPIRE)?;
    // What goes wrong with one must not keep the other from being done.
    let ripened = crate::queue::ripen::<D, P>(pool, now).await;
    let mut tx = pool.begin(BEGIN).await?;
    let swept = optional::<D, Option<i64>>(&mut tx, statement).await;
    let swept = end::<D, P, _>(tx, swept.map(End::Commit)).await?;
    ripened?;
    Ok(swept.flatten().and_then(|swept| swept.try_into().ok()).unwrap_or_default())
}

/// Asks the server whether it takes writes, on a connection that is in no transaction. `false` also when it does not
/// answer.
pub async fn is_writable<D: Driver<Db = Postgres>>(conn: &mut D::Conn) -> bool {
    crate::reading::is_so::<D>(conn, &sql::IS_WRITABLE).await
}

/// Whether a server that answers with this SQLSTATE takes no writes, as a standby does not.
#[must_use]
pub fn is_read_only(code: &str) -> bool {
    code == "25006"
}

/// Whether a transaction that ended with this SQLSTATE may succeed when it is done again.
#[must_use]
pub fn is_retryable(code: &str) -> bool {
    // Serialization failure, deadlock, lock not available, a statement that took too long; an administrator's or a
    // crash's shutdown, a server that starts, an idle session or transaction that was ended, too many connections.
    matches!(
        code,
        "40001" | "40P01" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300"
    )
        // Another server, or this one later, takes it.
        || is_read_only(code)
        // A connection that broke or was refused.
        || code.starts_with("08")
}

/// PostgreSQL has no unsigned integers. No counter comes near the limit.
fn int(value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(StoreError::failed)
}
