//! PostgreSQL: a change, its event and its letter or token are one statement.

pub mod migrate;
pub mod sql;

use std::{borrow::Cow, collections::HashSet};

use chrono::{DateTime, SecondsFormat, Utc};
use invite_core::{
    Record, Status,
    store::{
        Change, DeliveryUpdate, Dispatch, Found, Guard, Insertion, Key, LeaseRequest, Leased, OpenKey, QueueChange,
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
    together::{self, Alike, Keys, Spelling},
};

#[doc(hidden)]
pub use crate::{
    lists::{list, list_rows, stats},
    queue::{now, purge, remind},
    reading::{addressed_to, find, history},
    writing::{apply, insert, record_delivery, remove},
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
    const BEGIN: &'static str = BEGIN;
    const CREATE_LEDGER: &'static str = sql::CREATE_LEDGER;
    const LEDGER: &'static Sql = &sql::LEDGER;
    const RECORD_MIGRATION: &'static Sql = &sql::RECORD_MIGRATION;
    const ADDRESSED_TO: &'static Sql = &sql::ADDRESSED_TO;
    const HISTORY: &'static Sql = &sql::HISTORY;
    const LISTS: Lists = Lists {
        scope: [&sql::LIST_NEWEST_FIRST, &sql::LIST_OLDEST_FIRST, &sql::LIST_EXPIRES_FIRST, &sql::LIST_BY_ADDRESS],
        letters: [
            &sql::LETTERS_NEWEST_FIRST,
            &sql::LETTERS_OLDEST_FIRST,
            &sql::LETTERS_EXPIRES_FIRST,
            &sql::LETTERS_BY_ADDRESS,
        ],
        import: [
            &sql::IMPORT_NEWEST_FIRST,
            &sql::IMPORT_OLDEST_FIRST,
            &sql::IMPORT_EXPIRES_FIRST,
            &sql::IMPORT_BY_ADDRESS,
        ],
        everywhere: [&sql::EVERYWHERE_NEWEST_FIRST, &sql::EVERYWHERE_OLDEST_FIRST],
    };
    const ROWS: Lists = Lists {
        scope: [
            &sql::ROWS_LIST_NEWEST_FIRST,
            &sql::ROWS_LIST_OLDEST_FIRST,
            &sql::ROWS_LIST_EXPIRES_FIRST,
            &sql::ROWS_LIST_BY_ADDRESS,
        ],
        letters: [
            &sql::ROWS_LETTERS_NEWEST_FIRST,
            &sql::ROWS_LETTERS_OLDEST_FIRST,
            &sql::ROWS_LETTERS_EXPIRES_FIRST,
            &sql::ROWS_LETTERS_BY_ADDRESS,
        ],
        import: [
            &sql::ROWS_IMPORT_NEWEST_FIRST,
            &sql::ROWS_IMPORT_OLDEST_FIRST,
            &sql::ROWS_IMPORT_EXPIRES_FIRST,
            &sql::ROWS_IMPORT_BY_ADDRESS,
        ],
        everywhere: [&sql::ROWS_EVERYWHERE_NEWEST_FIRST, &sql::ROWS_EVERYWHERE_OLDEST_FIRST],
    };
    const STATS: &'static Sql = &sql::STATS;
    const STATS_OF_IMPORT: &'static Sql = &sql::STATS_OF_IMPORT;
    const RECORD_DELIVERY: &'static Sql = &sql::RECORD_DELIVERY;
    const REMOVE: &'static Sql = &sql::REMOVE;
    const POSTPONE: &'static Sql = &sql::POSTPONE;
    const DUE_REMINDERS: &'static Sql = &sql::DUE_REMINDERS;
    const REMINDED: &'static Sql = &sql::REMINDED;
    const INSERT_LETTER: &'static Sql = &sql::INSERT_LETTER;
    const WALK: &'static Sql = &sql::WALK;
    const WALK_ON: &'static Sql = &sql::WALK_ON;
    const WALK_ON_UNTIL: &'static Sql = &sql::WALK_ON_UNTIL;
    const NOW: &'static Sql = &sql::NOW;

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
        let mut new: Vec<_> = new.iter().collect();
        new.sort_by_key(|new| new.open_key.map(OpenKey::as_bytes));
        let mut stored = HashSet::with_capacity(new.len());
        for (_, rows) in together::parts(new.into_iter().map(|new| together::insertion(new, SPELLING)))? {
            let statement = Values::new().owned(Name::Rows, rows).of_statement(&sql::INSERT_TOGETHER)?;
            stored.extend(all::<D, Uuid>(conn, statement).await?);
        }
        Ok(Some(stored))
    }

    async fn apply_together<D: Driver<Db = Self>>(
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

    async fn find_together<D: Driver<Db = Self>>(
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
                    .exact(Name::Scope, scope.map(invite_core::Scope::as_str)),
            ),
            Keys::Open(keys) => (&sql::FIND_TOGETHER_OPEN, Values::new().set(Name::Keys, digests(keys))),
            Keys::Idempotency(keys) => (&sql::FIND_TOGETHER_BY_KEY, Values::new().set(Name::Keys, digests(keys))),
        };
        all::<D, _>(conn, values.of_statement(sql)?).await.map(Some)
    }

    async fn remove<D: Driver<Db = Self>>(
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

    async fn purge<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        kind: &str,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let values = Values::new().text(Name::Kind, kind).time(Name::Until, until).limit(Name::Limit, limit);
        let held = all::<D, _>(conn, values.of_statement(&sql::HOLD_OLD)?).await?;
        Ok(forget::<D>(conn, held, until).await?.len() as u64)
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

const SPELLING: Spelling =
    Spelling { id: |id| id.hyphenated().to_string(), time: |time| time.to_rfc3339_opts(SecondsFormat::Micros, true) };

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
