//! MySQL 8 and MariaDB. The tests run on MariaDB 10.11; 10.6 is the first that has what the SQL needs, `SKIP LOCKED`
//! and `JSON_TABLE`.
//!
//! Right at every isolation level, REPEATABLE READ, the default, among them: what was lost to is
//! read with a lock, because the transaction's snapshot may be older. A deadlock or a lock wait
//! that ran out [asks for a retry](invite_core::Error::is_retryable), from `begin` on: after a
//! deadlock the server has rolled the transaction back by itself. A `BEGIN` sent as SQL is
//! invisible to sqlx, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).

mod columns;
mod migrate;
#[cfg(test)]
mod plans;
mod sql;
mod worker;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use invite_core::{
    Event, InvitationId, Recipient, Record, Scope, Sort, Status, TokenDigest,
    store::{
        AddressedQuery, Change, Dispatch, Found, Guard, Insertion, InvitationStore, Key, ListQuery, NewEvent, Read,
        RenewedLinks, StoreError, Summary, Target, TimeGuard, Transition,
    },
};
use sqlx::{Connection, MySql, MySqlConnection, error::ErrorKind, mysql::MySqlArguments, query::Query};

use crate::{error::classified, row};

pub use migrate::{MIGRATIONS, migrate};

/// Invitations in MySQL or MariaDB, through [sqlx].
///
/// Used like [`SqliteStore`](crate::SqliteStore), whose example shows a whole life.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Membership;
/// # impl invite_core::Kind for Membership { const NAME: &'static str = "member"; }
/// use invite_core::{Actor, Invitations, NewInvitation, Policy, Unchecked};
/// use invite_sqlx::{MySqlStore, mysql};
///
/// let pool = sqlx::MySqlPool::connect("mysql://localhost/app").await?;
/// mysql::migrate(&pool).await?;
/// let members = Invitations::<_, Membership>::new(MySqlStore, Policy::default(), Unchecked);
///
/// let mut tx = pool.begin().await?;
/// members.scope(7).create(&mut tx, &Actor::new(1), NewInvitation::new("ada@example.com", Membership)).await?;
/// tx.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct MySqlStore;

type Statement<'q> = Query<'q, MySql, MySqlArguments>;

#[async_trait]
impl InvitationStore for MySqlStore {
    type Conn = MySqlConnection;

    fn in_transaction(&self, conn: &mut MySqlConnection) -> bool {
        conn.is_in_transaction()
    }

    async fn lock_for_write(&self, _: &mut MySqlConnection) -> Result<(), StoreError> {
        Ok(())
    }

    async fn insert(&self, conn: &mut MySqlConnection, new: &Insertion<'_>) -> Result<bool, StoreError> {
        let record = new.record;
        let statement = sqlx::query(sql::INSERT)
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

    async fn transition(
        &self,
        conn: &mut MySqlConnection,
        transition: &Transition<'_>,
    ) -> Result<Option<Found>, StoreError> {
        let guard = &transition.guard;
        let statement = match &transition.change {
            Change::End { status, event } => {
                let by_token = matches!(guard.target, Target::Token(_));
                sqlx::query(if by_token { sql::END_BY_TOKEN } else { sql::END_BY_ID })
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
                let statement = sqlx::query(sql::RENEW).bind(at.naive_utc()).bind(expires_at);
                let statement = statement.bind(retire).bind(retire).bind(grace_until);
                let remind_at = remind_at.map(|at| at.naive_utc());
                statement.bind(delivery.as_uuid().as_bytes().to_vec()).bind(remind_at)
            }
            Change::Amend { recipient, payload, message, expires_at, remind_at } => {
                let statement = match recipient {
                    None => sqlx::query(sql::AMEND),
                    Some((recipient, key)) => sqlx::query(sql::READDRESS)
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
            Change::Link => sqlx::query(sql::LINK),
            Change::View { at } => sqlx::query(sql::VIEW).bind(at.naive_utc()),
            Change::FailDelivery => {
                let of_delivery = matches!(guard.target, Target::Delivery(_));
                sqlx::query(if of_delivery { sql::FAIL_DELIVERY_OF } else { sql::FAIL_DELIVERY })
            }
        };
        // None: a new address whose place is taken.
        if affected(guarded(statement, guard), conn).await?.unwrap_or_default() == 0 {
            return Ok(None);
        }
        let row = match guard.target {
            Target::Token(digest) => sqlx::query(sql::FIND_BY_TOKEN).bind(digest.as_bytes().as_slice()),
            Target::Id(target, _) => sqlx::query(sql::FIND_BY_ID).bind(id(target)).bind(guard.kind).bind(None::<&[u8]>),
            Target::Delivery(delivery) => {
                sqlx::query(sql::FIND_BY_DELIVERY).bind(delivery.as_uuid().as_bytes().to_vec())
            }
        };
        let found = row::found(&row.fetch_one(&mut *conn).await.map_err(store_error)?)?;
        write_event(conn, &found.record, &transition.event).await?;
        dispatch(conn, &found.record, transition.dispatch, transition.event.at).await?;
        Ok(Some(found))
    }

    async fn summarize(&self, conn: &mut MySqlConnection, summary: &Summary<'_>) -> Result<bool, StoreError> {
        let over: Vec<_> = summary.over.iter().map(|state| state.as_str()).collect();
        let statement = sqlx::query(sql::SUMMARIZE)
            .bind(summary.state.as_str())
            .bind(summary.attempts)
            .bind(summary.error)
            .bind(summary.delivery.as_uuid().as_bytes().to_vec())
            .bind(summary.kind)
            .bind(json(&over.into())?);
        Ok(statement.execute(conn).await.map_err(store_error)?.rows_affected() > 0)
    }

    async fn find(&self, conn: &mut MySqlConnection, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
        let latest = read == Read::Latest;
        let statement = match *key {
            Key::Token(digest) => sqlx::query(if latest { sql::FIND_BY_TOKEN_LATEST } else { sql::FIND_BY_TOKEN })
                .bind(digest.as_bytes().as_slice()),
            Key::Id { kind, scope, id: invitation } => {
                sqlx::query(if latest { sql::FIND_BY_ID_LATEST } else { sql::FIND_BY_ID })
                    .bind(id(invitation))
                    .bind(kind)
                    .bind(scope.map(|scope| scope.as_str().as_bytes()))
            }
            Key::Open(key) => sqlx::query(sql::FIND_OPEN_LATEST).bind(key.as_bytes().as_slice()),
        };
        statement.fetch_optional(conn).await.map_err(store_error)?.map(|row| row::found(&row)).transpose()
    }

    async fn list(&self, conn: &mut MySqlConnection, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        // Where no row is named to begin after, one before the first or behind the last serves.
        let (sql, start) = match query.sort {
            Sort::NewestFirst => (sql::LIST_NEWEST_FIRST, (never(), vec![u8::MAX; 16])),
            Sort::OldestFirst => (sql::LIST_OLDEST_FIRST, (always(), Vec::new())),
            Sort::ExpiresFirst => (sql::LIST_EXPIRES_FIRST, (always(), Vec::new())),
            Sort::Address => (sql::LIST_BY_ADDRESS, (always(), Vec::new())),
        };
        let (at, after) = query.after.map_or(start, |seek| (seek.at.naive_utc(), id(seek.id)));
        let scope = query.scope.as_str().as_bytes();
        let statement = sqlx::query(sql).bind(query.kind).bind(scope);
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
        let rows = statement.bind(query.limit).fetch_all(conn).await.map_err(store_error)?;
        rows.iter().map(row::record).collect()
    }

    async fn addressed_to(
        &self,
        conn: &mut MySqlConnection,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let mut statement = sqlx::query(sql::ADDRESSED_TO);
        for address in query.addresses {
            statement = statement.bind(address);
        }
        let statement = statement.bind(query.kind).bind(query.now.naive_utc()).bind(query.limit);
        statement.fetch_all(conn).await.map_err(store_error)?.iter().map(row::record).collect()
    }

    async fn history(
        &self,
        conn: &mut MySqlConnection,
        kind: &str,
        scope: &Scope,
        invitation: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        let statement = sqlx::query(sql::HISTORY).bind(id(invitation)).bind(kind).bind(scope.as_str().as_bytes());
        let rows = statement.fetch_all(conn).await.map_err(store_error)?;
        rows.iter().map(|row| row::event(row, invitation)).collect()
    }
}

/// Binds a guard, behind the new values.
fn guarded<'q>(statement: Statement<'q>, guard: &Guard<'q>) -> Statement<'q> {
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
async fn affected(statement: Statement<'_>, conn: &mut MySqlConnection) -> Result<Option<u64>, StoreError> {
    match statement.execute(conn).await {
        Ok(result) => Ok(Some(result.rows_affected())),
        Err(sqlx::Error::Database(error))
            if matches!(error.kind(), ErrorKind::UniqueViolation | ErrorKind::NotNullViolation) =>
        {
            Ok(None)
        }
        Err(other) => Err(store_error(other)),
    }
}

async fn write_event(conn: &mut MySqlConnection, record: &Record, event: &NewEvent<'_>) -> Result<(), StoreError> {
    let statement = sqlx::query(sql::INSERT_EVENT)
        .bind(id(record.id))
        .bind(record.revision)
        .bind(event.verb.as_str())
        .bind(event.actor.to_stored())
        .bind(event.reason)
        .bind(event.at.naive_utc());
    statement.execute(conn).await.map_err(store_error)?;
    Ok(())
}

async fn dispatch(
    conn: &mut MySqlConnection,
    record: &Record,
    dispatch: Dispatch<'_>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    match dispatch {
        Dispatch::None => Ok(()),
        Dispatch::Token(digest, channel) => write_token(conn, record, digest, channel.as_str(), at).await,
        Dispatch::Letter(letter) if !letter.has_addressee(record) => Ok(()),
        Dispatch::Letter(letter) => {
            let statement = sqlx::query(sql::INSERT_LETTER)
                .bind(letter.delivery.as_uuid().as_bytes().as_slice())
                .bind(record.kind.as_str())
                .bind(id(record.id))
                .bind(record.generation)
                .bind(letter.purpose.as_str())
                .bind(letter.not_before.naive_utc());
            statement.execute(conn).await.map_err(store_error)?;
            Ok(())
        }
    }
}

async fn write_token(
    conn: &mut MySqlConnection,
    record: &Record,
    digest: &TokenDigest,
    channel: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let statement = sqlx::query(sql::INSERT_TOKEN)
        .bind(digest.as_bytes().as_slice())
        .bind(id(record.id))
        .bind(record.generation)
        .bind(channel)
        .bind(at.naive_utc());
    statement.execute(conn).await.map_err(store_error)?;
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
#[must_use]
pub fn store_error(error: sqlx::Error) -> StoreError {
    classified(error, |error| {
        // Lock wait timeout, deadlock, a row changed since it was read; too many connections, a
        // server that is shutting down, a connection that was killed; a statement that took too long,
        // on MariaDB and on MySQL.
        let number = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(|error| error.number());
        number.is_some_and(|number| matches!(number, 1205 | 1213 | 1020 | 1040 | 1053 | 1927 | 1969 | 3024))
    })
}
