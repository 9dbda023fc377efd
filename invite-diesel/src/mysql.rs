//! MySQL 8 and MariaDB. The tests run on MariaDB 10.11; 10.6 is the first that has what the SQL needs, `SKIP LOCKED`
//! and `JSON_TABLE`.
//!
//! Right at every isolation level, REPEATABLE READ, the default, among them: what was lost to is
//! read with a lock, because the transaction's snapshot may be older. A deadlock or a lock wait
//! that ran out [asks for a retry](invite_core::Error::is_retryable), from the begin on: after a
//! deadlock the server has rolled the transaction back by itself. A `BEGIN` sent as SQL is
//! invisible to diesel, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).

mod columns;
pub(crate) mod migrate;
mod sql;
pub(crate) mod worker;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use diesel::{
    mysql::Mysql,
    result::{DatabaseErrorKind, Error},
    row::NamedRow,
    sql_types::{Datetime, Integer, Unsigned},
};
#[cfg(feature = "mysql")]
use diesel_async::AsyncMysqlConnection;
use invite_core::{
    Event, InvitationId, Recipient, Record, Scope, Sort, Status, TokenDigest,
    store::{
        AddressedQuery, Change, Dispatch, Found, Guard, Insertion, Key, ListQuery, NewEvent, Read, RenewedLinks,
        StoreError, Summary, Target, TimeGuard, Transition,
    },
};

use self::columns::MysqlColumns;
#[cfg(feature = "mysql")]
use crate::store::store;
use crate::{
    error::classified,
    row::{Entry, Readable},
    session::{Database, Session},
    statement::{Bind, Statement},
};

pub use migrate::MIGRATIONS;
#[cfg(feature = "mysql")]
pub use migrate::migrate;

/// Invitations in MySQL or MariaDB, through [`diesel_async`].
///
/// Used like [`SqliteStore`](crate::SqliteStore), whose example shows a whole life.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Membership;
/// # impl invite_core::Kind for Membership { const NAME: &'static str = "member"; }
/// use diesel_async::{AsyncConnection, AsyncMysqlConnection};
/// use invite_core::{Actor, Invitations, NewInvitation, Policy, Unchecked};
/// use invite_diesel::{MySqlStore, mysql};
///
/// let mut conn = AsyncMysqlConnection::establish("mysql://localhost/app").await?;
/// mysql::migrate(&mut conn).await?;
/// let members = Invitations::<_, Membership>::new(MySqlStore, Policy::default(), Unchecked);
///
/// conn.transaction(async |conn| {
///     let new = NewInvitation::new("ada@example.com", Membership);
///     members.scope(7).create(conn, &Actor::new(1), new).await?;
///     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
/// })
/// .await?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "mysql")]
#[derive(Debug, Clone, Copy, Default)]
pub struct MySqlStore;

#[cfg(feature = "mysql")]
store!(MySqlStore, AsyncMysqlConnection, mysql);

impl Database for Mysql {
    fn read<'a, T: Readable>(row: &impl NamedRow<'a, Self>) -> Result<T, StoreError> {
        T::read(&MysqlColumns(row))
    }

    fn store_error(error: Error) -> StoreError {
        store_error(error)
    }
}

impl Bind for u32 {
    type Sql = Unsigned<Integer>;
}

impl Bind for NaiveDateTime {
    type Sql = Datetime;
}

pub(crate) async fn lock_for_write(_: &mut impl Session<Database = Mysql>) -> Result<(), StoreError> {
    Ok(())
}

pub(crate) async fn insert(conn: &mut impl Session<Database = Mysql>, new: &Insertion<'_>) -> Result<bool, StoreError> {
    let record = new.record;
    let statement = Statement::new(sql::INSERT)
        .bind(id(record.id))
        .bind(record.kind.as_str())
        .bind(record.scope.as_str().as_bytes())
        .bind(record.recipient.as_given())
        .bind(record.recipient.canonical())
        .bind(record.inviter.to_stored())
        .bind(json(&record.payload)?)
        .bind(json(&record.display)?)
        .bind(record.message.as_deref())
        .bind(record.locale.as_deref())
        .bind(record.status.as_str())
        .bind(record.generation)
        .bind(record.min_generation)
        .bind(record.revision)
        .bind(new.open_key.map(|key| key.as_bytes().as_slice()))
        .bind(record.created_at.naive_utc())
        .bind(record.expires_at.naive_utc())
        .bind(record.delivery.state.as_str())
        .bind(record.delivery.attempts)
        .bind(record.inviter_address.as_ref().map(Recipient::as_given))
        .bind(record.delivery_id.map(|delivery| delivery.as_uuid().as_bytes().to_vec()))
        .bind(record.remind_at.map(|at| at.naive_utc()));
    if affected(statement, conn).await?.is_none() {
        return Ok(false);
    }
    write_event(conn, record, new.event).await?;
    dispatch(conn, record, new.dispatch, new.event.at).await?;
    Ok(true)
}

pub(crate) async fn transition(
    conn: &mut impl Session<Database = Mysql>,
    transition: &Transition<'_>,
) -> Result<Option<Found>, StoreError> {
    let guard = &transition.guard;
    let statement = match &transition.change {
        Change::End { status, event } => {
            let by_token = matches!(guard.target, Target::Token(_));
            Statement::new(if by_token { sql::END_BY_TOKEN } else { sql::END_BY_ID })
                .bind(status.as_str())
                .bind(event.at.naive_utc())
                .bind(event.actor.to_stored())
                .bind(event.reason)
        }
        Change::Renew { at, expires_at, links, delivery, remind_at } => {
            let (retire, grace_until) = match links {
                RenewedLinks::Retire { grace_until } => (true, grace_until.map(|until| until.naive_utc())),
                RenewedLinks::Keep => (false, None),
            };
            let expires_at = expires_at.map(|at| at.naive_utc());
            let statement = Statement::new(sql::RENEW).bind(at.naive_utc()).bind(expires_at);
            let statement = statement.bind(retire).bind(retire).bind(grace_until);
            let remind_at = remind_at.map(|at| at.naive_utc());
            statement.bind(delivery.as_uuid().as_bytes().to_vec()).bind(remind_at)
        }
        Change::Amend { recipient, payload, message, expires_at, remind_at } => {
            let statement = match recipient {
                None => Statement::new(sql::AMEND),
                Some((recipient, key)) => Statement::new(sql::READDRESS)
                    .bind(recipient.as_given())
                    .bind(recipient.canonical())
                    .bind(key.as_ref().map(|key| key.as_bytes().as_slice())),
            };
            let payload = payload.map(json).transpose()?;
            let statement = statement.bind(payload).bind(message.is_some()).bind(message.flatten());
            let statement = statement.bind(expires_at.map(|at| at.naive_utc()));
            match recipient {
                None => statement.bind(remind_at.map(|at| at.naive_utc())),
                Some(_) => statement,
            }
        }
        Change::Link => Statement::new(sql::LINK),
        Change::View { at } => Statement::new(sql::VIEW).bind(at.naive_utc()),
        Change::FailDelivery => {
            let of_delivery = matches!(guard.target, Target::Delivery(_));
            Statement::new(if of_delivery { sql::FAIL_DELIVERY_OF } else { sql::FAIL_DELIVERY })
        }
    };
    // None: a new address whose place is taken.
    if affected(guarded(statement, guard), conn).await?.unwrap_or_default() == 0 {
        return Ok(None);
    }
    let row = match guard.target {
        Target::Token(digest) => Statement::new(sql::FIND_BY_TOKEN).bind(digest.as_bytes().as_slice()),
        Target::Id(target, _) => Statement::new(sql::FIND_BY_ID).bind(id(target)).bind(guard.kind).bind(None::<&[u8]>),
        Target::Delivery(delivery) => {
            Statement::new(sql::FIND_BY_DELIVERY).bind(delivery.as_uuid().as_bytes().to_vec())
        }
    };
    let found: Found = row.fetch_one(conn).await?;
    write_event(conn, &found.record, &transition.event).await?;
    dispatch(conn, &found.record, transition.dispatch, transition.event.at).await?;
    Ok(Some(found))
}

pub(crate) async fn summarize(
    conn: &mut impl Session<Database = Mysql>,
    summary: &Summary<'_>,
) -> Result<bool, StoreError> {
    let over: Vec<_> = summary.over.iter().map(|state| state.as_str()).collect();
    let statement = Statement::new(sql::SUMMARIZE)
        .bind(summary.state.as_str())
        .bind(summary.attempts)
        .bind(summary.error)
        .bind(summary.delivery.as_uuid().as_bytes().to_vec())
        .bind(summary.kind)
        .bind(json(&over.into())?);
    Ok(statement.execute(conn).await? > 0)
}

pub(crate) async fn find(
    conn: &mut impl Session<Database = Mysql>,
    key: &Key<'_>,
    read: Read,
) -> Result<Option<Found>, StoreError> {
    let latest = read == Read::Latest;
    let statement = match *key {
        Key::Token(digest) => Statement::new(if latest { sql::FIND_BY_TOKEN_LATEST } else { sql::FIND_BY_TOKEN })
            .bind(digest.as_bytes().as_slice()),
        Key::Id { kind, scope, id: invitation } => {
            Statement::new(if latest { sql::FIND_BY_ID_LATEST } else { sql::FIND_BY_ID })
                .bind(id(invitation))
                .bind(kind)
                .bind(scope.map(|scope| scope.as_str().as_bytes()))
        }
        Key::Open(key) => Statement::new(sql::FIND_OPEN_LATEST).bind(key.as_bytes().as_slice()),
    };
    statement.fetch_optional(conn).await
}

pub(crate) async fn list(
    conn: &mut impl Session<Database = Mysql>,
    query: &ListQuery<'_>,
) -> Result<Vec<Record>, StoreError> {
    // Where no row is named to begin after, one before the first or behind the last serves.
    let (sql, start) = match query.sort {
        Sort::NewestFirst => (sql::LIST_NEWEST_FIRST, (never(), vec![u8::MAX; 16])),
        Sort::OldestFirst => (sql::LIST_OLDEST_FIRST, (always(), Vec::new())),
        Sort::ExpiresFirst => (sql::LIST_EXPIRES_FIRST, (always(), Vec::new())),
        Sort::Address => (sql::LIST_BY_ADDRESS, (always(), Vec::new())),
    };
    let (at, after) = query.after.map_or(start, |seek| (seek.at.naive_utc(), id(seek.id)));
    let scope = query.scope.as_str().as_bytes();
    let statement = Statement::new(sql).bind(query.kind).bind(scope);
    let statement = match query.sort {
        Sort::Address => {
            let statement = statement.bind(after.clone()).bind(query.kind).bind(scope);
            statement.bind(after.clone()).bind(query.kind).bind(scope).bind(after)
        }
        Sort::NewestFirst | Sort::OldestFirst | Sort::ExpiresFirst => statement.bind(at).bind(at).bind(after),
    };
    let now = query.now.naive_utc();
    let mut statement = statement.bind(query.statuses.is_empty()).bind(now);
    for place in 0..Status::ALL.len() {
        statement = statement.bind(query.statuses.get(place).map(|status| status.as_str()));
    }
    let until = query.expiring_until.map(|until| until.naive_utc());
    let statement = statement.bind(query.address.unwrap_or_default()).bind(until).bind(now).bind(until);
    statement.bind(query.limit).fetch_all(conn).await
}

pub(crate) async fn addressed_to(
    conn: &mut impl Session<Database = Mysql>,
    query: &AddressedQuery<'_>,
) -> Result<Vec<Record>, StoreError> {
    let mut statement = Statement::new(sql::ADDRESSED_TO);
    for address in query.addresses {
        statement = statement.bind(address);
    }
    let statement = statement.bind(query.kind).bind(query.now.naive_utc()).bind(query.limit);
    statement.fetch_all(conn).await
}

pub(crate) async fn history(
    conn: &mut impl Session<Database = Mysql>,
    kind: &str,
    scope: &Scope,
    invitation: InvitationId,
) -> Result<Vec<Event>, StoreError> {
    let statement = Statement::new(sql::HISTORY).bind(id(invitation)).bind(kind).bind(scope.as_str().as_bytes());
    let entries: Vec<Entry> = statement.fetch_all(conn).await?;
    Ok(entries.into_iter().map(|entry| entry.of(invitation)).collect())
}

/// Binds a guard, behind the new values.
fn guarded<'q>(statement: Statement<'q, Mysql>, guard: &Guard<'q>) -> Statement<'q, Mysql> {
    let now = guard.now.naive_utc();
    let (after, until) = match guard.time {
        TimeGuard::Unexpired => (now, never()),
        TimeGuard::Due => (always(), now),
        TimeGuard::Any => (always(), never()),
    };
    let verified = guard.recipient.verified();
    let compare = match (&verified, guard.recipient.by_domain()) {
        (None, _) => "anyone",
        (Some(_), false) => "address",
        (Some(_), true) => "domain",
    };
    let statement = match guard.target {
        Target::Token(digest) => statement.bind(digest.as_bytes().as_slice()).bind(now),
        Target::Id(invitation, scope) => {
            statement.bind(id(invitation)).bind(scope.map(|scope| scope.as_str().as_bytes()))
        }
        Target::Delivery(delivery) => statement.bind(delivery.as_uuid().as_bytes().to_vec()).bind(None::<&[u8]>),
    };
    let mut statement = statement
        .bind(guard.kind)
        .bind(guard.statuses[0].as_str())
        .bind(guard.statuses[1].as_str())
        .bind(after)
        .bind(until)
        .bind(compare);
    // Anyone's address is compared as nothing, with nothing.
    for value in verified.unwrap_or([Some(""); 8]) {
        statement = statement.bind(value.map(str::as_bytes));
    }
    statement
        .bind(guard.recipient.proved_by_mail().map(str::as_bytes))
        .bind(guard.not_resent_since.map_or_else(never, |since| since.naive_utc()))
        .bind(guard.generation)
}

/// How many rows a statement found; `None` when a unique key was taken, which costs this server's
/// transactions nothing. An insertion is then told that `id` cannot be null.
async fn affected(
    statement: Statement<'_, Mysql>,
    conn: &mut impl Session<Database = Mysql>,
) -> Result<Option<usize>, StoreError> {
    match conn.execute(statement).await {
        Ok(rows) => Ok(Some(rows)),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::NotNullViolation, _)) => {
            Ok(None)
        }
        Err(other) => Err(store_error(other)),
    }
}

async fn write_event(
    conn: &mut impl Session<Database = Mysql>,
    record: &Record,
    event: &NewEvent<'_>,
) -> Result<(), StoreError> {
    let statement = Statement::new(sql::INSERT_EVENT)
        .bind(id(record.id))
        .bind(record.revision)
        .bind(event.verb.as_str())
        .bind(event.actor.to_stored())
        .bind(event.reason)
        .bind(event.at.naive_utc());
    statement.execute(conn).await?;
    Ok(())
}

async fn dispatch(
    conn: &mut impl Session<Database = Mysql>,
    record: &Record,
    dispatch: Dispatch<'_>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    match dispatch {
        Dispatch::None => Ok(()),
        Dispatch::Token(digest, channel) => write_token(conn, record, digest, channel.as_str(), at).await,
        Dispatch::Letter(letter) if !letter.has_addressee(record) => Ok(()),
        Dispatch::Letter(letter) => {
            let statement = Statement::new(sql::INSERT_LETTER)
                .bind(letter.delivery.as_uuid().as_bytes().as_slice())
                .bind(record.kind.as_str())
                .bind(id(record.id))
                .bind(record.generation)
                .bind(letter.purpose.as_str())
                .bind(letter.not_before.naive_utc());
            statement.execute(conn).await?;
            Ok(())
        }
    }
}

async fn write_token(
    conn: &mut impl Session<Database = Mysql>,
    record: &Record,
    digest: &TokenDigest,
    channel: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let statement = Statement::new(sql::INSERT_TOKEN)
        .bind(digest.as_bytes().as_slice())
        .bind(id(record.id))
        .bind(record.generation)
        .bind(channel)
        .bind(at.naive_utc());
    statement.execute(conn).await?;
    Ok(())
}

fn id(id: InvitationId) -> Vec<u8> {
    id.as_uuid().as_bytes().to_vec()
}

fn json(value: &serde_json::Value) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::failed)
}

/// Before every time the server can keep.
fn always() -> NaiveDateTime {
    year(1000)
}

/// After every time the library lets pass.
fn never() -> NaiveDateTime {
    year(9999)
}

fn year(year: i32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN)
}

/// What an error of this database means to the library's callers: for a host's own statements,
/// begins and commits, so that one retry loop serves both, and for the reads of an
/// [`Authority`](invite_core::Authority).
///
/// Diesel passes on few of the server's codes. A deadlock, a lock wait that ran out and a server that
/// is shutting down are known by their English words, so with another `lc_messages` they do not ask
/// for a retry.
#[must_use]
pub fn store_error(error: Error) -> StoreError {
    classified(error, |_, about| PASSING.iter().any(|words| about.message().starts_with(words)))
}

/// How the messages begin of 1205, 1213 and 1020, of 1040, 1053, 1927, 3024 and 1969; and those of the
/// drivers about a connection that broke. The first is 1305: a deadlock in a nested transaction has
/// ended the outer one too, and diesel-async tells only of the savepoint that it then misses.
const PASSING: [&str; 14] = [
    "SAVEPOINT diesel_savepoint_",
    "Lock wait timeout exceeded",
    "Deadlock found when trying to get lock",
    "Record has changed since last read",
    "Too many connections",
    "Server shutdown in progress",
    "Connection was killed",
    "Query execution was interrupted, maximum statement execution time exceeded",
    "Query execution was interrupted (max_statement_time exceeded)",
    "Input/output error: ",
    "Driver error: `Connection to the server is closed.",
    "Lost connection to ",
    "MySQL server has gone away",
    "Server has gone away",
];
