//! SQLite. Only one transaction writes at a time, and the worker's begin by taking that lock.

pub mod migrate;
pub mod sql;

use std::{borrow::Cow, collections::HashSet};

use async_lock::Mutex;
use chrono::{DateTime, Utc};
use invite_core::{
    Scope, Status,
    store::{
        Change, Erasure, Found, Guard, Insertion, Key, LeaseRequest, Leased, Purge, Read, Removal, Settlement,
        StoreError, Sweep, Target, TimeGuard, Transition,
    },
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    apart::Following,
    catalog::{Catalog, Given, Lists, Minted},
    dialect::{Dialect, json_text, words_text},
    driver::{Driver, End, Pool, all, end, execute, optional},
    name::Name,
    queue::{due, finds_any},
    row::Queued,
    statement::Values,
    template::Sql,
};

#[doc(hidden)]
pub use crate::{
    lists::{list, list_rows, stats},
    queue::{now, remind},
    reading::{addressed_to, find, history, of_address},
    writing::{apply, erase, forget_inviter, insert, record_delivery, remove},
};

/// SQLite's values and statements.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no values: it names the database")]
pub enum Sqlite {}

/// Begins the worker's own transactions, and those that migrate.
pub const BEGIN: &str = "BEGIN IMMEDIATE";

/// A value as SQLite stores it.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "a driver binds each")]
pub enum Value<'v> {
    /// `BLOB`: the 16 bytes of the UUID.
    Uuid(Option<Uuid>),
    /// `TEXT`
    Text(Option<Cow<'v, str>>),
    /// `BLOB`
    Bytes(Option<&'v [u8]>),
    /// `INTEGER`: a counter, a truth value, or microseconds since 1970.
    Integer(Option<i64>),
}

impl Dialect for Sqlite {
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
        Ok(Value::Integer(count.map(i64::from)))
    }

    fn limit<'v>(limit: u32) -> Value<'v> {
        Value::Integer(Some(limit.into()))
    }

    fn flag<'v>(flag: bool) -> Value<'v> {
        Value::Integer(Some(flag.into()))
    }

    fn time<'v>(time: Option<DateTime<Utc>>) -> Value<'v> {
        Value::Integer(time.map(|time| time.timestamp_micros()))
    }

    fn json(json: Option<&Json>) -> Result<Value<'_>, StoreError> {
        Ok(Value::Text(json.map(json_text).transpose()?.map(Cow::Owned)))
    }

    fn words(words: Vec<&str>) -> Value<'_> {
        Value::Text(Some(Cow::Owned(words_text(words))))
    }
}

impl Catalog for Sqlite {
    crate::catalog::statements_by_name!();

    const ANY_REMINDERS: Option<&'static Sql> = Some(&sql::ANY_REMINDERS);

    fn statuses<'v>(values: Values<'v, Self>, statuses: &[Status]) -> Values<'v, Self> {
        values.statuses(statuses)
    }

    fn addresses<'v>(values: Values<'v, Self>, addresses: [Option<&'v str>; 8]) -> Values<'v, Self> {
        values.eight(addresses)
    }

    async fn insert<D: Driver<Db = Self>>(conn: &mut D::Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let Insertion { record, open_key, event, dispatch } = *new;
        let statement = Values::new().record(record, open_key).of_statement(&sql::INSERT)?;
        if execute::<D>(conn, statement).await? == 0 {
            return Ok(false);
        }
        FOLLOWING.write::<D>(conn, record, event, dispatch).await?;
        Ok(true)
    }

    async fn remove<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        removal: &Removal<'_>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let Removal { kind, scope, ids, now } = *removal;
        let mut removed = HashSet::new();
        for id in ids {
            let values = Values::new()
                .uuid(Name::Id, *id.as_uuid())
                .text(Name::Kind, kind)
                .exact(Name::Scope, Some(scope.as_str()))
                .time(Name::Now, now);
            if execute::<D>(conn, values.of_statement(&sql::FORGET_ENDED)?).await? == 0 {
                continue;
            }
            removed.insert(*id.as_uuid());
            forget::<D>(conn, *id.as_uuid()).await?;
        }
        Ok(removed)
    }

    async fn erase<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        erasure: &Erasure<'_>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let mut erased = HashSet::new();
        for id in erasure.ids {
            let id = *id.as_uuid();
            let values = Values::new().uuid(Name::Id, id).exact(Name::Address, erasure.address).erasure(erasure);
            if execute::<D>(conn, values.of_statement(&sql::ERASE)?).await? == 0 {
                continue;
            }
            erased.insert(id);
            for sql in [&sql::FORGET_QUEUED, &sql::ERASE_LETTERS, &sql::ERASE_EVENTS] {
                execute::<D>(conn, Values::new().uuid(Name::Id, id).of_statement(sql)?).await?;
            }
        }
        Ok(erased)
    }

    async fn purge<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        kind: &str,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let values = Values::new().text(Name::Kind, kind).time(Name::Until, until).limit(Name::Limit, limit);
        let old: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::OLD)?).await?;
        for id in &old {
            execute::<D>(conn, Values::new().uuid(Name::Id, *id).of_statement(&sql::FORGET_OLD)?).await?;
            forget::<D>(conn, *id).await?;
        }
        Ok(old.len() as u64)
    }

    async fn ripen<D: Driver<Db = Self>>(conn: &mut D::Conn, now: DateTime<Utc>) -> Result<u64, StoreError> {
        execute::<D>(conn, Values::new().time(Name::Now, now).of_statement(&sql::RIPEN)?).await
    }

    // One by one: in the same process a statement costs little.

    async fn take<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        letters: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<Vec<Queued>, StoreError> {
        let mut taken = Vec::with_capacity(letters.len());
        for letter in letters {
            let values = Values::new().uuid(Name::Letter, *letter).time(Name::Now, now);
            taken.extend(optional::<D, Queued>(conn, values.of_statement(&sql::TAKE)?).await?);
        }
        Ok(taken)
    }

    async fn give<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        request: &LeaseRequest<'_>,
        given: &Given,
    ) -> Result<(), StoreError> {
        let Given { leased, discarded, tokens } = given;
        for letter in discarded {
            execute::<D>(conn, Values::new().uuid(Name::Letter, *letter).of_statement(&sql::DISCARD)?).await?;
        }
        for letter in leased {
            let values = Values::new()
                .uuid(Name::Letter, *letter)
                .uuid(Name::Owner, request.owner)
                .time(Name::LeaseUntil, request.lease_until);
            execute::<D>(conn, values.of_statement(&sql::LEASE)?).await?;
        }
        for Minted { digest, invitation, generation } in tokens {
            let values = Values::new()
                .bytes(Name::Token, digest.as_bytes().as_slice())
                .uuid(Name::Id, *invitation)
                .count(Name::Generation, *generation)
                .text(Name::Channel, "mail")
                .time(Name::At, request.now);
            execute::<D>(conn, values.of_statement(&sql::INSERT_TOKEN)?).await?;
        }
        Ok(())
    }

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
                (&sql::FIND_BY_ID, values.exact(Name::Scope, scope.map(Scope::as_str)))
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
        let sql = match change {
            Change::End { .. } if by_token => &sql::END_BY_TOKEN,
            Change::End { .. } => &sql::END_BY_ID,
            Change::Renew { .. } => &sql::RENEW,
            Change::Amend { .. } => &sql::AMEND,
            Change::Link => &sql::LINK,
            Change::View { .. } => &sql::VIEW,
            Change::FailDelivery => &sql::FAIL_DELIVERY,
        };
        let values = guarded(guard).change(change).event(event).actor(event);
        let Some(found) = optional::<D, Found>(conn, values.of_statement(sql)?).await? else { return Ok(None) };
        FOLLOWING.write::<D>(conn, &found.record, event, *dispatch).await?;
        Ok(Some(found))
    }
}

/// Deletes what belonged to an invitation that is deleted.
async fn forget<D: Driver<Db = Sqlite>>(conn: &mut D::Conn, id: Uuid) -> Result<(), StoreError> {
    for sql in [&sql::FORGET_QUEUED, &sql::FORGET_TOKENS, &sql::FORGET_LETTERS, &sql::FORGET_EVENTS] {
        execute::<D>(conn, Values::new().uuid(Name::Id, id).of_statement(sql)?).await?;
    }
    Ok(())
}

const FOLLOWING: Following = Following {
    insert_event: &sql::INSERT_EVENT,
    insert_letter: &sql::INSERT_LETTER,
    insert_token: &sql::INSERT_TOKEN,
};

#[doc(hidden)]
pub async fn lock_for_write<D: Driver<Db = Sqlite>>(conn: &mut D::Conn) -> Result<(), StoreError> {
    execute::<D>(conn, Values::new().of_statement(&sql::LOCK)?).await?;
    Ok(())
}

fn guarded<'v>(guard: &Guard<'v>) -> Values<'v, Sqlite> {
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
        .time(Name::NotResentUntil, not_resent_until)
        .eight(recipient.verified().unwrap_or_default());
    match target {
        Target::Token(digest) => values.bytes(Name::Digest, digest.as_bytes().as_slice()),
        Target::Id(id, scope) => values.uuid(Name::Id, *id.as_uuid()).exact(Name::Scope, scope.map(Scope::as_str)),
        Target::Delivery(delivery) => values.uuid(Name::Delivery, *delivery.as_uuid()),
    }
}

#[doc(hidden)]
pub async fn lease<D: Driver<Db = Sqlite>, P: Pool<D>>(
    pool: &P,
    request: &LeaseRequest<'_>,
) -> Result<Leased, StoreError> {
    let values = due(request.kinds, request.now).words(Name::Full, request.full.iter().copied());
    if !finds_any(pool, &sql::ANY_LETTERS, values).await? {
        return Ok(Leased::default());
    }
    let _turn = WRITING.lock().await;
    crate::queue::lease::<D, P>(pool, request).await
}

/// A worker does several things at once, and SQLite lets one transaction write at a time. A writer that finds it busy
/// sleeps for longer than the other one needs, so they queue up here first.
static WRITING: Mutex<()> = Mutex::new(());

#[doc(hidden)]
pub async fn settle<D: Driver<Db = Sqlite>, P: Pool<D>>(
    pool: &P,
    settlements: &[Settlement<'_>],
) -> Result<Vec<bool>, StoreError> {
    let _turn = WRITING.lock().await;
    crate::queue::settle::<D, P>(pool, settlements).await
}

#[doc(hidden)]
pub async fn purge<D: Driver<Db = Sqlite>, P: Pool<D>>(pool: &P, purge: &Purge<'_>) -> Result<u64, StoreError> {
    let mut kinds = Vec::new();
    for (kind, until) in purge.kinds {
        let values = Values::new().text(Name::Kind, *kind).time(Name::Until, *until);
        if finds_any(pool, &sql::ANY_OLD, values).await? {
            kinds.push((*kind, *until));
        }
    }
    if kinds.is_empty() {
        return Ok(0);
    }
    let _turn = WRITING.lock().await;
    crate::queue::purge::<D, P>(pool, &Purge { kinds: &kinds, limit: purge.limit }).await
}

#[doc(hidden)]
pub async fn sweep<D: Driver<Db = Sqlite>, P: Pool<D>>(pool: &P, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
    if !finds_any(pool, &sql::ANY_DUE, due(sweep.kinds, sweep.now)).await? {
        return Ok(0);
    }
    let _turn = WRITING.lock().await;
    // What goes wrong with one must not keep the other from being done.
    let ripened = crate::queue::ripen::<D, P>(pool, sweep.now).await;
    let mut tx = pool.begin(BEGIN).await?;
    let work = expire::<D>(&mut tx, sweep).await;
    let swept = end::<D, P, _>(tx, work).await?;
    ripened.map(|()| swept)
}

// All statements choose the same rows, because no other transaction writes in between.
async fn expire<D: Driver<Db = Sqlite>>(conn: &mut D::Conn, sweep: &Sweep<'_>) -> Result<End<u64>, StoreError> {
    let Sweep { kinds, notify, now, limit } = *sweep;
    let values = || due(kinds, now).limit(Name::Limit, limit);
    execute::<D>(conn, values().of_statement(&sql::EXPIRE_EVENTS)?).await?;
    if !notify.is_empty() {
        let values = values().words(Name::Notify, notify.iter().copied());
        execute::<D>(conn, values.of_statement(&sql::EXPIRE_NOTICES)?).await?;
    }
    Ok(End::Commit(execute::<D>(conn, values().of_statement(&sql::EXPIRE)?).await?))
}
