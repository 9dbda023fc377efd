//! SQLite.
//!
//! Use WAL and a busy timeout: diesel sets neither. A transaction that begins with one of the
//! library's writing calls is right as `transaction` begins it, deferred: the call takes the write
//! lock before anything is read. A host that reads first must begin it with
//! `immediate_transaction`, or SQLite refuses the write whenever another writer came in between. A
//! `BEGIN` sent as SQL is invisible to diesel, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).

mod columns;
pub(crate) mod migrate;
mod sql;
pub(crate) mod worker;

use chrono::{DateTime, Utc};
#[cfg(feature = "sqlite")]
use diesel::SqliteConnection;
use diesel::{row::NamedRow, sqlite::Sqlite};
#[cfg(feature = "sqlite")]
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use invite_core::{
    Event, InvitationId, Recipient, Record, Scope, Sort, Status, TokenDigest,
    store::{
        AddressedQuery, Change, Dispatch, Found, Guard, Insertion, Key, ListQuery, NewEvent, Read, RenewedLinks,
        StoreError, Summary, Target, TimeGuard, Transition,
    },
};

use self::columns::SqliteColumns;
#[cfg(feature = "sqlite")]
use crate::store::store;
use crate::{
    error::classified,
    row::{Entry, Readable},
    session::{Database, Session},
    statement::Statement,
};

pub use migrate::MIGRATIONS;
#[cfg(feature = "sqlite")]
pub use migrate::migrate;

/// Invitations in SQLite, through [`diesel_async`].
///
/// ```
/// use diesel_async::{AsyncConnection, sync_connection_wrapper::SyncConnectionWrapper};
/// use invite_core::{Accepted, Actor, Claimant, Invitations, Kind, NewInvitation, Policy, Unchecked, testing};
/// use invite_diesel::{SqliteStore, sqlite};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Membership {
///     role: String,
/// }
/// impl Kind for Membership {
///     const NAME: &'static str = "member";
/// }
///
/// // What a closure of yours may fail with; `?` makes it of both.
/// type Failure = Box<dyn std::error::Error + Send + Sync>;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Failure> {
/// let mut conn = SyncConnectionWrapper::<diesel::SqliteConnection>::establish(":memory:").await?;
/// sqlite::migrate(&mut conn).await?;
/// let members = Invitations::<_, Membership>::new(SqliteStore, Policy::default(), Unchecked);
///
/// # let token =
/// conn.transaction(async |conn| {
///     let new = NewInvitation::new("ada@example.com", Membership { role: "admin".into() });
///     let invitation = members.scope(7).create(conn, &Actor::new(1), new).await?;
/// #   let invitation = testing::deliver(&members, conn, invitation.id).await?;
///     Ok::<_, Failure>(invitation)
/// })
/// .await?;
///
/// conn.transaction(async |conn| {
///     let ada = Claimant::new(2).verified("ada@example.com");
///     if let Accepted::Now(acceptance) = members.accept(conn, &token, ada).await? {
///         let _role = acceptance.invitation.payload()?.role; // insert the membership here, on `conn`
///     }
///     Ok::<_, Failure>(())
/// })
/// .await?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "sqlite")]
#[derive(Debug, Clone, Copy, Default)]
pub struct SqliteStore;

#[cfg(feature = "sqlite")]
store!(SqliteStore, SyncConnectionWrapper<SqliteConnection>, sqlite);

impl Database for Sqlite {
    fn read<'a, T: Readable>(row: &impl NamedRow<'a, Self>) -> Result<T, StoreError> {
        T::read(&SqliteColumns(row))
    }

    fn store_error(error: diesel::result::Error) -> StoreError {
        store_error(error)
    }
}

pub(crate) async fn lock_for_write(conn: &mut impl Session<Database = Sqlite>) -> Result<(), StoreError> {
    Statement::new(sql::LOCK).execute(conn).await?;
    Ok(())
}

pub(crate) async fn insert(
    conn: &mut impl Session<Database = Sqlite>,
    new: &Insertion<'_>,
) -> Result<bool, StoreError> {
    let record = new.record;
    let statement = Statement::new(sql::INSERT)
        .bind(id(record.id))
        .bind(record.kind.as_str())
        .bind(record.scope.as_str())
        .bind(record.recipient.as_given())
        .bind(record.recipient.canonical())
        .bind(record.inviter.to_stored())
        .bind(json(&record.payload)?)
        .bind(json(&record.display)?)
        .bind(record.message.as_deref())
        .bind(record.locale.as_deref())
        .bind(record.status.as_str())
        .bind(i64::from(record.generation))
        .bind(i64::from(record.min_generation))
        .bind(i64::from(record.revision))
        .bind(new.open_key.map(|key| key.as_bytes().as_slice()))
        .bind(micros(record.created_at))
        .bind(micros(record.expires_at))
        .bind(record.delivery.state.as_str())
        .bind(i64::from(record.delivery.attempts))
        .bind(record.inviter_address.as_ref().map(Recipient::as_given))
        .bind(record.delivery_id.map(|delivery| delivery.as_uuid().as_bytes().to_vec()))
        .bind(record.remind_at.map(micros));
    if statement.execute(conn).await? == 0 {
        return Ok(false);
    }
    write_event(conn, record, new.event).await?;
    dispatch(conn, record, new.dispatch, new.event.at).await?;
    Ok(true)
}

pub(crate) async fn transition(
    conn: &mut impl Session<Database = Sqlite>,
    transition: &Transition<'_>,
) -> Result<Option<Found>, StoreError> {
    let guard = &transition.guard;
    let by_token = matches!(guard.target, Target::Token(_));
    let statement = match &transition.change {
        Change::End { status, event } => {
            let sql = if by_token { sql::END_BY_TOKEN } else { sql::END_BY_ID };
            guarded(sql, guard)
                .bind(status.as_str())
                .bind(micros(event.at))
                .bind(event.actor.to_stored())
                .bind(event.reason)
        }
        Change::Renew { at, expires_at, links, delivery, remind_at } => {
            let (retire, grace_until) = match links {
                RenewedLinks::Retire { grace_until } => (true, grace_until.map(micros)),
                RenewedLinks::Keep => (false, None),
            };
            let renewed = guarded(sql::RENEW, guard).bind(micros(*at)).bind(expires_at.map(micros));
            let renewed = renewed.bind(retire).bind(grace_until);
            renewed.bind(delivery.as_uuid().as_bytes().to_vec()).bind(remind_at.map(micros))
        }
        Change::Amend { recipient, payload, message, expires_at, remind_at } => guarded(sql::AMEND, guard)
            .bind(recipient.map(|(recipient, _)| recipient.as_given()))
            .bind(recipient.map(|(recipient, _)| recipient.canonical()))
            .bind(recipient.as_ref().and_then(|(_, key)| key.as_ref()).map(|key| key.as_bytes().as_slice()))
            .bind(payload.map(json).transpose()?)
            .bind(message.flatten())
            .bind(expires_at.map(micros))
            .bind(message.is_some())
            .bind(remind_at.map(micros)),
        Change::Link => guarded(sql::LINK, guard),
        Change::View { at } => guarded(sql::VIEW, guard).bind(micros(*at)),
        Change::FailDelivery => {
            let of_delivery = matches!(guard.target, Target::Delivery(_));
            guarded(if of_delivery { sql::FAIL_DELIVERY_OF } else { sql::FAIL_DELIVERY }, guard)
        }
    };
    let Some(found) = statement.fetch_optional::<Found>(conn).await? else { return Ok(None) };
    write_event(conn, &found.record, &transition.event).await?;
    dispatch(conn, &found.record, transition.dispatch, transition.event.at).await?;
    Ok(Some(found))
}

pub(crate) async fn summarize(
    conn: &mut impl Session<Database = Sqlite>,
    summary: &Summary<'_>,
) -> Result<bool, StoreError> {
    let over: Vec<_> = summary.over.iter().map(|state| state.as_str()).collect();
    let statement = Statement::new(sql::SUMMARIZE)
        .bind(summary.delivery.as_uuid().as_bytes().to_vec())
        .bind(summary.kind)
        .bind(summary.state.as_str())
        .bind(summary.attempts.map(i64::from))
        .bind(summary.error)
        .bind(json(&over.into())?);
    Ok(statement.execute(conn).await? > 0)
}

pub(crate) async fn find(
    conn: &mut impl Session<Database = Sqlite>,
    key: &Key<'_>,
    _: Read,
) -> Result<Option<Found>, StoreError> {
    let statement = match *key {
        Key::Token(digest) => Statement::new(sql::FIND_BY_TOKEN).bind(digest.as_bytes().as_slice()),
        Key::Id { kind, scope, id: invitation } => {
            Statement::new(sql::FIND_BY_ID).bind(id(invitation)).bind(kind).bind(scope.map(Scope::as_str))
        }
        Key::Open(key) => Statement::new(sql::FIND_OPEN).bind(key.as_bytes().as_slice()),
    };
    statement.fetch_optional(conn).await
}

pub(crate) async fn list(
    conn: &mut impl Session<Database = Sqlite>,
    query: &ListQuery<'_>,
) -> Result<Vec<Record>, StoreError> {
    // Where no row is named to begin after, one before the first or behind the last serves.
    let (sql, start) = match query.sort {
        Sort::NewestFirst => (sql::LIST_NEWEST_FIRST, (i64::MAX, [u8::MAX; 16].to_vec())),
        Sort::OldestFirst => (sql::LIST_OLDEST_FIRST, (i64::MIN, Vec::new())),
        Sort::ExpiresFirst => (sql::LIST_EXPIRES_FIRST, (i64::MIN, Vec::new())),
        Sort::Address => (sql::LIST_BY_ADDRESS, (i64::MIN, Vec::new())),
    };
    let (after, after_id) = query.after.map_or(start, |seek| (micros(seek.at), id(seek.id)));
    let mut statement = Statement::new(sql)
        .bind(query.kind)
        .bind(query.scope.as_str())
        .bind(after)
        .bind(after_id)
        .bind(i64::from(query.limit))
        .bind(micros(query.now))
        .bind(query.address)
        .bind(query.expiring_until.map(micros))
        .bind(query.statuses.is_empty());
    for place in 0..Status::ALL.len() {
        statement = statement.bind(query.statuses.get(place).map(|status| status.as_str()));
    }
    statement.fetch_all(conn).await
}

pub(crate) async fn addressed_to(
    conn: &mut impl Session<Database = Sqlite>,
    query: &AddressedQuery<'_>,
) -> Result<Vec<Record>, StoreError> {
    let mut statement =
        Statement::new(sql::ADDRESSED_TO).bind(query.kind).bind(micros(query.now)).bind(i64::from(query.limit));
    for address in query.addresses {
        statement = statement.bind(address);
    }
    statement.fetch_all(conn).await
}

pub(crate) async fn history(
    conn: &mut impl Session<Database = Sqlite>,
    kind: &str,
    scope: &Scope,
    invitation: InvitationId,
) -> Result<Vec<Event>, StoreError> {
    let entries: Vec<Entry> =
        Statement::new(sql::HISTORY).bind(id(invitation)).bind(kind).bind(scope.as_str()).fetch_all(conn).await?;
    Ok(entries.into_iter().map(|entry| entry.of(invitation)).collect())
}

/// Binds a guard: the first twenty places of every guarded statement.
fn guarded<'q>(sql: &'static str, guard: &Guard<'q>) -> Statement<'q, Sqlite> {
    let (target, scope) = match guard.target {
        Target::Token(digest) => (digest.as_bytes().to_vec(), None),
        Target::Id(invitation, scope) => (id(invitation), scope.map(Scope::as_str)),
        Target::Delivery(delivery) => (delivery.as_uuid().as_bytes().to_vec(), None),
    };
    let now = micros(guard.now);
    let (unexpired_at, due_at) = match guard.time {
        TimeGuard::Unexpired => (Some(now), None),
        TimeGuard::Due => (None, Some(now)),
        TimeGuard::Any => (None, None),
    };
    let verified = guard.recipient.verified();
    let compare = match (&verified, guard.recipient.by_domain()) {
        (None, _) => "anyone",
        (Some(_), false) => "address",
        (Some(_), true) => "domain",
    };
    let mut statement = Statement::new(sql)
        .bind(target)
        .bind(scope)
        .bind(guard.kind)
        .bind(guard.statuses[0].as_str())
        .bind(guard.statuses[1].as_str())
        .bind(now)
        .bind(unexpired_at)
        .bind(due_at)
        .bind(compare);
    for address in verified.unwrap_or_default() {
        statement = statement.bind(address);
    }
    statement
        .bind(guard.recipient.proved_by_mail())
        .bind(guard.not_resent_since.map(micros))
        .bind(guard.generation.map(i64::from))
}

async fn write_event(
    conn: &mut impl Session<Database = Sqlite>,
    record: &Record,
    event: &NewEvent<'_>,
) -> Result<(), StoreError> {
    let statement = Statement::new(sql::INSERT_EVENT)
        .bind(id(record.id))
        .bind(i64::from(record.revision))
        .bind(event.verb.as_str())
        .bind(event.actor.to_stored())
        .bind(event.reason)
        .bind(micros(event.at));
    statement.execute(conn).await?;
    Ok(())
}

async fn dispatch(
    conn: &mut impl Session<Database = Sqlite>,
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
                .bind(i64::from(record.generation))
                .bind(letter.purpose.as_str())
                .bind(micros(letter.not_before));
            statement.execute(conn).await?;
            Ok(())
        }
    }
}

async fn write_token(
    conn: &mut impl Session<Database = Sqlite>,
    record: &Record,
    digest: &TokenDigest,
    channel: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let statement = Statement::new(sql::INSERT_TOKEN)
        .bind(digest.as_bytes().as_slice())
        .bind(id(record.id))
        .bind(i64::from(record.generation))
        .bind(channel)
        .bind(micros(at));
    statement.execute(conn).await?;
    Ok(())
}

fn id(id: InvitationId) -> Vec<u8> {
    id.as_uuid().as_bytes().to_vec()
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn json(value: &serde_json::Value) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::failed)
}

/// What an error of this database means to the library's callers: for a host's own statements,
/// begins and commits, so that one retry loop serves both, and for the reads of an
/// [`Authority`](invite_core::Authority).
#[must_use]
pub fn store_error(error: diesel::result::Error) -> StoreError {
    // SQLITE_BUSY, SQLITE_LOCKED. Diesel does not pass on the code; SQLite's words are constant.
    classified(error, |_, about| {
        let message = about.message();
        message == "database is locked" || message.starts_with("database table is locked")
    })
}
