//! MySQL 8 and MariaDB from 10.6, the first that has `SKIP LOCKED` and `JSON_TABLE`.

pub mod migrate;
pub mod sql;
mod value;

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use invite_core::{
    DeliveryState, Record, Scope, Status,
    store::{
        Change, DeliveryUpdate, Dispatch, Found, Guard, Insertion, Key, LeaseRequest, Leased, OpenKey, QueueChange,
        Read, Removal, Settlement, StoreError, Sweep, Target, TimeGuard, Transition,
    },
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    apart::Following,
    catalog::{Catalog, Given, Lists, Minted},
    driver::{Driver, End, Fault, Pool, all, end, execute, optional},
    name::Name,
    queue::due,
    row::{Keyed, Queued},
    statement::{Statement, Values},
    template::Sql,
    together::{self, Alike, Keys, Spelling},
    values::priority,
};

pub use self::value::Value;
#[doc(hidden)]
pub use crate::{
    lists::{list, list_rows, stats},
    queue::{now, purge, remind},
    reading::{addressed_to, find, history},
    writing::{apply, insert, record_delivery, remove},
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
    const BEGIN: &'static str = BEGIN;
    const CREATE_LEDGER: &'static str = sql::CREATE_LEDGER;
    const LEDGER: &'static Sql = &sql::LEDGER;
    const RECORD_MIGRATION: &'static Sql = &sql::RECORD_MIGRATION;
    const ADDRESSED_TO: &'static Sql = &sql::ADDRESSED_TO;
    const HISTORY: &'static Sql = &sql::HISTORY;
    const LISTS: Lists = Lists {
        scope: [&sql::LIST_NEWEST_FIRST, &sql::LIST_OLDEST_FIRST, &sql::LIST_EXPIRES_FIRST, &sql::LIST_BY_ADDRESS],
        letters: [&sql::LIST_NEWEST_FIRST, &sql::LIST_OLDEST_FIRST, &sql::LIST_EXPIRES_FIRST, &sql::LIST_BY_ADDRESS],
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
            &sql::ROWS_LIST_NEWEST_FIRST,
            &sql::ROWS_LIST_OLDEST_FIRST,
            &sql::ROWS_LIST_EXPIRES_FIRST,
            &sql::ROWS_LIST_BY_ADDRESS,
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
        let mut sorted: Vec<_> = new.iter().collect();
        sorted.sort_by_key(|new| new.open_key.map(OpenKey::as_bytes));
        let rows = |sql, rows| Values::new().owned(Name::Rows, rows).of_statement(sql);
        for (_, part) in together::parts(sorted.iter().map(|new| together::insertion(new, SPELLING)))? {
            execute::<D>(conn, rows(&sql::INSERT_TOGETHER, part)?).await?;
        }
        let asked = invitations(new.iter().map(|new| (*new.record.id.as_uuid(), None)));
        let values = Values::new().owned(Name::Ids, asked);
        let stored: HashSet<Uuid> =
            all::<D, Uuid>(conn, values.of_statement(&sql::INSERTED)?).await?.into_iter().collect();
        sorted.retain(|new| stored.contains(new.record.id.as_uuid()));
        for (following, is_meant) in FOLLOWING_TOGETHER {
            let new = sorted.iter().filter(|new| is_meant(&new.dispatch));
            for (_, part) in together::parts(new.map(|new| Ok(together::following(new, SPELLING))))? {
                execute::<D>(conn, rows(following, part)?).await?;
            }
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

    async fn find_together<D: Driver<Db = Self>>(
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
                    .owned(Name::Ids, invitations(sorted(ids).into_iter().map(|id| (id, None))))
                    .text(Name::Kind, *kind)
                    .exact(Name::Scope, scope.map(Scope::as_str)),
            ),
            Keys::Open(keys) => (&sql::FIND_TOGETHER_OPEN, Values::new().owned(Name::Keys, digests(keys))),
            Keys::Idempotency(keys) => (&sql::FIND_TOGETHER_BY_KEY, Values::new().owned(Name::Keys, digests(keys))),
        };
        all::<D, _>(conn, values.of_statement(sql)?).await.map(Some)
    }

    async fn remove<D: Driver<Db = Self>>(
        conn: &mut D::Conn,
        removal: &Removal<'_>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let Removal { kind, scope, ids, now } = *removal;
        let asked: Vec<_> = ids.iter().map(|id| *id.as_uuid()).collect();
        let asked = invitations(sorted(&asked).into_iter().map(|id| (id, None)));
        let values = Values::new()
            .text(Name::Ids, asked.as_str())
            .text(Name::Kind, kind)
            .exact(Name::Scope, Some(scope.as_str()))
            .time(Name::Now, now);
        let held: Vec<Uuid> = all::<D, _>(conn, values.of_statement(&sql::HOLD_ENDED)?).await?;
        forget::<D>(conn, &held).await?;
        Ok(held.into_iter().collect())
    }

    async fn purge<D: Driver<Db = Self>>(
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
                let digest: String = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
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
    let these = invitations(sorted(held).into_iter().map(|id| (id, None)));
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

fn digests(keys: &[&[u8]]) -> String {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    Json::from_iter(keys.into_iter().map(together::hex)).to_string()
}

fn sorted(ids: &[Uuid]) -> Vec<Uuid> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
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

/// Before every time the server can keep.
fn always() -> DateTime<Utc> {
    year(1000)
}

/// After every time the library lets pass.
fn never() -> DateTime<Utc> {
    year(9999)
}

fn year(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN).and_utc()
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
