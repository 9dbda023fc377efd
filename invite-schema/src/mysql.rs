//! MySQL 8 and MariaDB from 10.6, the first that has `SKIP LOCKED` and `JSON_TABLE`.

pub mod migrate;
pub mod sql;
mod together;
mod value;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use invite_core::{
    DeliveryState, Record, Scope, Status,
    store::{
        Change, DeliveryUpdate, Erasure, Found, Guard, Insertion, Key, LeaseRequest, Leased, QueueChange, Read,
        Removal, Settlement, StoreError, Sweep, Target, TimeGuard, Transition,
    },
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    apart::Following,
    catalog::{Catalog, Given, Lists, Minted},
    driver::{Driver, End, Fault, Pool, all, end, execute, optional},
    lists::{always, never},
    name::Name,
    queue::due,
    row::{Keyed, Queued},
    statement::{Statement, Values},
    template::Sql,
    together::{Alike, Keys},
};

pub use self::value::Value;
#[doc(hidden)]
pub use crate::{
    lists::{list, list_rows, stats},
    queue::{now, purge, remind},
    reading::{addressed_to, find, history, of_address},
    writing::{apply, erase, forget_inviter, insert, record_delivery, remove},
};

/// The values and statements of MySQL and MariaDB.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no values: it names the database")]
pub enum MySql {}

/// Begins the worker's own transactions. Sent as one query, so that an interruption cannot leave the isolation
/// level set on a pooled connection. At REPEATABLE READ the locks of a lease would keep others from queueing
/// letters.
pub const BEGIN: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN";

impl Catalog for MySql {
    crate::catalog::statements_by_name!();

    fn statuses<'v>(values: Values<'v, Self>, statuses: &[Status]) -> Values<'v, Self> {
        values.statuses(statuses)
    }

    fn addresses<'v>(values: Values<'v, Self>, addresses: [Option<&'v str>; 8]) -> Values<'v, Self> {
        values.eight(addresses)
    }

    async fn insert<D: Driver<Db = Self>>(conn: &mut D::Conn, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let Insertion { record, open_key, event, dispatch } = *new;
        let statement = Values::new().record(record, open_key).of_statement(&sql::INSERT)?;
        if affected::<D>(conn, statement).await?.is_none() {
            return Ok(false);
        }
        FOLLOWING.write::<D>(conn, record, event, dispatch).await?;
        Ok(true)
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
        let ripe: Vec<Uuid> = all::<D, _>(conn, Values::new().time(Name::Now, now).of_statement(&sql::RIPE)?).await?;
        if ripe.is_empty() {
            return Ok(0);
        }
        let ripe = ids(&ripe);
        execute::<D>(conn, Values::new().text(Name::Letters, ripe.as_str()).of_statement(&sql::RIPEN)?).await
    }

    async fn take<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        letters: &[Uuid],
        now: DateTime<Utc>,
    ) -> Result<Vec<Queued>, StoreError> {
        let asked = ids(letters);
        let values = Values::new().text(Name::Letters, asked.as_str()).time(Name::Now, now);
        let locked: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::TAKE)?).await?;
        let locked = ids(&locked);
        all::<D, _>(conn, Values::new().text(Name::Letters, locked.as_str()).of_statement(&sql::TAKEN)?).await
    }

    async fn give<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        request: &LeaseRequest<'_>,
        given: &Given,
    ) -> Result<(), StoreError> {
        let Given { leased, discarded, tokens } = given;
        if !discarded.is_empty() {
            let discarded = ids(discarded);
            let values = Values::new().text(Name::Letters, discarded.as_str());
            execute::<D>(conn, values.of_statement(&sql::REMOVE_TOGETHER)?).await?;
        }
        if !leased.is_empty() {
            let leased = ids(leased);
            let values = Values::new()
                .text(Name::Letters, leased.as_str())
                .uuid(Name::Owner, request.owner)
                .time(Name::LeaseUntil, request.lease_until);
            execute::<D>(conn, values.of_statement(&sql::LEASE)?).await?;
        }
        if !tokens.is_empty() {
            let tokens = tokens.iter().map(|Minted { digest, invitation, generation }| {
                let digest = HEXLOWER.encode(digest.as_bytes());
                json!({ "digest": digest, "invitation": hex(invitation), "generation": generation })
            });
            let tokens = Json::from_iter(tokens).to_string();
            let values = Values::new().text(Name::Tokens, tokens.as_str()).time(Name::Now, request.now);
            execute::<D>(conn, values.of_statement(&sql::INSERT_TOKENS)?).await?;
        }
        Ok(())
    }

    async fn record<D: Driver<Db = Self>>(conn: &mut D::Conn, update: &DeliveryUpdate<'_>) -> Result<bool, StoreError> {
        let statement = |sql| Values::new().summary(update).of_statement(sql);
        // Nothing was heard yet: then there is no row to change.
        let may_be_first = update.over.contains(&DeliveryState::Queued);
        let is_first_attempt = update.attempts == Some(1);
        if may_be_first && is_first_attempt {
            // `None` when something was heard before.
            if let Some(rows) = affected::<D>(conn, statement(&sql::RECORD_FIRST)?).await? {
                return Ok(rows > 0);
            }
        }
        if execute::<D>(conn, statement(&sql::RECORD_DELIVERY)?).await? > 0 {
            return Ok(true);
        }
        if !may_be_first || is_first_attempt {
            return Ok(false);
        }
        match affected::<D>(conn, statement(&sql::RECORD_FIRST)?).await? {
            Some(rows) => Ok(rows > 0),
            // What stands there is not among `over`, or another has written it a moment ago.
            None => Ok(execute::<D>(conn, statement(&sql::RECORD_DELIVERY)?).await? > 0),
        }
    }

    async fn settle_together<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        settlements: &[Settlement<'_>],
    ) -> Result<Option<HashSet<Uuid>>, StoreError> {
        let asked_of_all = Json::from_iter(settlements.iter().map(asked)).to_string();
        let values = Values::new().text(Name::Settlements, asked_of_all.as_str());
        let ours: HashSet<Uuid> =
            all::<D, Uuid>(conn, values.of_statement(&sql::LEASED_TO)?).await?.into_iter().collect();
        let ours_of = || settlements.iter().filter(|settlement| ours.contains(settlement.delivery.as_uuid()));
        let is_done = |settlement: &&Settlement<'_>| matches!(settlement.queue, QueueChange::Remove);
        let done: Vec<_> = ours_of().filter(is_done).map(|settlement| *settlement.delivery.as_uuid()).collect();
        let done = ids(&done);
        let values = Values::new().text(Name::Letters, done.as_str());
        execute::<D>(conn, values.of_statement(&sql::REMOVE_TOGETHER)?).await?;
        for settlement in ours_of().filter(|settlement| !is_done(settlement)) {
            execute::<D>(conn, Values::new().settlement(settlement).of_statement(&sql::POSTPONE)?).await?;
        }
        let told = Json::from_iter(ours_of().map(asked)).to_string();
        let values = Values::new().text(Name::Settlements, told.as_str());
        execute::<D>(conn, values.of_statement(&sql::RECORD_TOGETHER)?).await?;
        Ok(Some(ours))
    }

    async fn find<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        key: &Key<'_>,
        read: Read,
    ) -> Result<Option<Found>, StoreError> {
        let latest = read == Read::Latest;
        let (sql, values) = match *key {
            Key::Token(digest) => (
                if latest { &sql::FIND_BY_TOKEN_LATEST } else { &sql::FIND_BY_TOKEN },
                Values::new().bytes(Name::Digest, digest.as_bytes().as_slice()),
            ),
            Key::Id { kind, scope, id } => (
                if latest { &sql::FIND_BY_ID_LATEST } else { &sql::FIND_BY_ID },
                Values::new()
                    .uuid(Name::Id, *id.as_uuid())
                    .text(Name::Kind, kind)
                    .exact(Name::Scope, scope.map(Scope::as_str)),
            ),
            Key::Open(key) => (
                if latest { &sql::FIND_OPEN_LATEST } else { &sql::FIND_OPEN },
                Values::new().bytes(Name::OpenKey, key.as_bytes().as_slice()),
            ),
            Key::Idempotency(key) => (
                if latest { &sql::FIND_BY_KEY_LATEST } else { &sql::FIND_BY_KEY },
                Values::new().bytes(Name::IdempotencyKey, key.key().as_slice()),
            ),
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
            Change::Amend { recipient: Some(_), .. } => &sql::READDRESS,
            Change::Amend { recipient: None, .. } => &sql::AMEND,
            Change::Link => &sql::LINK,
            Change::View { .. } => &sql::VIEW,
            Change::FailDelivery => &sql::FAIL_DELIVERY,
        };
        let values = guarded(guard).change(change).event(event).actor(event);
        // `None` when a new address has an open invitation already.
        if affected::<D>(conn, values.of_statement(sql)?).await?.unwrap_or_default() == 0 {
            return Ok(None);
        }
        let (sql, values) = match guard.target {
            Target::Token(digest) => {
                (&sql::FIND_BY_TOKEN, Values::new().bytes(Name::Digest, digest.as_bytes().as_slice()))
            }
            Target::Id(id, _) => {
                let values = Values::new().uuid(Name::Id, *id.as_uuid()).text(Name::Kind, guard.kind);
                (&sql::FIND_BY_ID, values.exact(Name::Scope, None))
            }
            Target::Delivery(delivery) => {
                let values = Values::new().uuid(Name::Delivery, *delivery.as_uuid());
                (&sql::FIND_BY_DELIVERY, values.text(Name::Kind, guard.kind))
            }
        };
        let Some(found) = optional::<D, Found>(conn, values.of_statement(sql)?).await? else {
            return Err(StoreError::failed("a row that was just changed is gone"));
        };
        FOLLOWING.write::<D>(conn, &found.record, event, *dispatch).await?;
        Ok(Some(found))
    }
}

/// A settlement as an object of JSON.
fn asked(settlement: &Settlement<'_>) -> Json {
    let Settlement { delivery, owner, attempt, summary, queue: _, transition: _ } = settlement;
    let DeliveryUpdate { delivery: _, kind, state, attempts, error, fault, provider_id, over } = summary;
    let over: Vec<_> = over.iter().map(|state| state.as_str()).collect();
    json!({
        "letter": hex(delivery.as_uuid()), "owner": hex(owner), "attempt": attempt, "kind": kind,
        "state": state.as_str(), "attempts": attempts, "error": error, "fault": fault.map(|fault| fault.as_str()),
        "provider_id": provider_id, "over": over.join(","),
    })
}

fn hex(id: &Uuid) -> String {
    id.simple().to_string()
}

/// Ids as a JSON array.
fn ids(ids: &[Uuid]) -> String {
    Json::from_iter(ids.iter().map(hex)).to_string()
}

const FOLLOWING: Following = Following {
    insert_event: &sql::INSERT_EVENT,
    insert_letter: &sql::INSERT_LETTER,
    insert_token: &sql::INSERT_TOKEN,
};

#[doc(hidden)]
pub async fn lock_for_write<D: Driver<Db = MySql>>(_: &mut D::Conn) -> Result<(), StoreError> {
    Ok(())
}

fn guarded<'v>(guard: &Guard<'v>) -> Values<'v, MySql> {
    let Guard { target, kind: _, statuses: _, now, time, ref recipient, not_resent_between } = *guard;
    let (after, until) = match time {
        TimeGuard::Unexpired => (now, never()),
        TimeGuard::Due => (always(), now),
        TimeGuard::Any => (always(), never()),
    };
    let (not_resent_since, not_resent_until) = not_resent_between.unzip();
    let values = Values::new()
        .guard(guard)
        .time(Name::After, after)
        .time(Name::Until, until)
        .time(Name::NotResentSince, not_resent_since.unwrap_or_else(never))
        .time(Name::NotResentUntil, not_resent_until.unwrap_or_else(never))
        // Where anybody may, the statement compares this with itself.
        .eight(recipient.verified().unwrap_or([Some("*"); 8]));
    match target {
        Target::Token(digest) => values.bytes(Name::Digest, digest.as_bytes().as_slice()),
        Target::Id(id, scope) => values.uuid(Name::Id, *id.as_uuid()).exact(Name::Scope, scope.map(Scope::as_str)),
        Target::Delivery(delivery) => values.uuid(Name::Delivery, *delivery.as_uuid()),
    }
}

#[doc(hidden)]
pub async fn lease<D: Driver<Db = MySql>, P: Pool<D>>(
    pool: &P,
    request: &LeaseRequest<'_>,
) -> Result<Leased, StoreError> {
    crate::queue::lease::<D, P>(pool, request).await
}

#[doc(hidden)]
pub async fn settle<D: Driver<Db = MySql>, P: Pool<D>>(
    pool: &P,
    settlements: &[Settlement<'_>],
) -> Result<Vec<bool>, StoreError> {
    crate::queue::settle::<D, P>(pool, settlements).await
}

#[doc(hidden)]
pub async fn sweep<D: Driver<Db = MySql>, P: Pool<D>>(pool: &P, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
    // What goes wrong with one must not keep the other from being done.
    let ripened = crate::queue::ripen::<D, P>(pool, sweep.now).await;
    let mut tx = pool.begin(BEGIN).await?;
    let work = expire::<D>(&mut tx, sweep).await;
    let swept = end::<D, P, _>(tx, work).await?;
    ripened.map(|()| swept)
}

async fn expire<D: Driver<Db = MySql>>(conn: &mut D::Conn, sweep: &Sweep<'_>) -> Result<End<u64>, StoreError> {
    let Sweep { kinds, notify, now, limit } = *sweep;
    let values = due(kinds, now).limit(Name::Limit, limit);
    let due: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::DUE_INVITATIONS)?).await?;
    if due.is_empty() {
        return Ok(End::RollBack(0));
    }
    let due = ids(&due);
    let values = || Values::new().text(Name::Due, due.as_str()).time(Name::Now, now);
    execute::<D>(conn, values().of_statement(&sql::EXPIRE_EVENTS)?).await?;
    if !notify.is_empty() {
        let values = values().words(Name::Notify, notify.iter().copied());
        execute::<D>(conn, values.of_statement(&sql::EXPIRE_NOTICES)?).await?;
    }
    Ok(End::Commit(execute::<D>(conn, values().of_statement(&sql::EXPIRE)?).await?))
}

/// How many rows a statement found. `None` when a unique key was taken, which costs this server's transactions
/// nothing; the insertion of an invitation is then told that `id` cannot be null.
async fn affected<D: Driver<Db = MySql>>(
    conn: &mut D::Conn,
    statement: Statement<'_, MySql>,
) -> Result<Option<u64>, StoreError> {
    match D::execute(conn, statement).await {
        Ok(rows) => Ok(Some(rows)),
        Err(Fault::Taken(_) | Fault::Null(_)) => Ok(None),
        Err(Fault::Other(error)) => Err(error),
    }
}

/// Asks the server whether it takes writes, on a connection that is in no transaction. `false` also when it does not
/// answer.
pub async fn is_writable<D: Driver<Db = MySql>>(conn: &mut D::Conn) -> bool {
    crate::reading::is_so::<D>(conn, &sql::IS_WRITABLE).await
}

/// Whether a server that answers with this error number takes no writes, as a replica does not. So says also one whose
/// transaction was begun to read only.
#[must_use]
pub const fn is_read_only(number: u16) -> bool {
    matches!(number, 1290 | 1792 | 1836)
}

/// Whether a transaction that ended with this error number may succeed when it is done again.
#[must_use]
pub const fn is_retryable(number: u16) -> bool {
    // Lock wait timeout, deadlock, a row changed since it was read, a counter that could not be locked; too many
    // connections, a server that is shutting down, a connection that was killed; a statement that took too long, on
    // MariaDB and on MySQL.
    matches!(number, 1205 | 1213 | 1020 | 1467 | 1040 | 1053 | 1927 | 1969 | 3024)
        // Another server, or this one later, takes it.
        || is_read_only(number)
}
