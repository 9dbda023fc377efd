//! PostgreSQL.
//!
//! Right at every isolation level. At REPEATABLE READ and SERIALIZABLE a lost race is a
//! serialization failure, which [asks for a retry](invite_core::Error::is_retryable); at READ
//! COMMITTED, the default, it is a refusal, and the transaction goes on. A `BEGIN` sent as SQL is
//! invisible to diesel, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).
//!
//! diesel-async's pools ask each connection whether it is alive before they lend it, one round trip
//! more for every call: `RecyclingMethod::Fast` spares it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    deserialize::FromSql,
    pg::Pg,
    query_builder::AstPass,
    result::DatabaseErrorKind,
    row::{Field, NamedRow, Row},
    sql_types::{self, Array, BigInt, Binary, Bool, Integer, Jsonb, Nullable, Text, Timestamptz},
};
#[cfg(feature = "postgres")]
use diesel_async::AsyncPgConnection;
use invite_core::store::StoreError;
use invite_schema::{
    Columns, FromRow, Postgres,
    postgres::{self, BEGIN, Value},
};
use serde_json::Value as Json;
use uuid::Uuid;

#[cfg(feature = "postgres")]
use crate::driver::driver;
use crate::{
    error::classified,
    session::{Session, commit_or_roll_back},
    statement::{Database, Fields},
};

pub use invite_schema::postgres::migrate::MIGRATIONS;

/// Invitations in PostgreSQL, through [`diesel_async`].
///
/// Used like [`SqliteStore`](crate::SqliteStore), whose example shows a whole life.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Membership;
/// # impl invite_core::Kind for Membership { const NAME: &'static str = "member"; }
/// use diesel_async::{AsyncConnection, AsyncPgConnection};
/// use invite_core::{Actor, Invitations, NewInvitation, Policy, Unchecked};
/// use invite_diesel::{PgStore, postgres};
///
/// let mut conn = AsyncPgConnection::establish("postgres://localhost/app").await?;
/// postgres::migrate(&mut conn).await?;
/// let members = Invitations::<_, Membership>::new(PgStore, Policy::default(), Unchecked);
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
#[cfg(feature = "postgres")]
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct PgStore;

#[cfg(feature = "postgres")]
driver!(PgStore, postgres, Postgres, AsyncPgConnection);

/// Brings the database to the present schema, all of it or nothing, in the schema that
/// `search_path` names first. May be called at every start, by any number of processes at once,
/// with a connection that is in no transaction.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
#[cfg(feature = "postgres")]
pub async fn migrate(conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
    run::<PgStore>(conn).await
}

/// Asks, before a pool lends this connection again, whether its server is there and takes writes. One that has become a
/// standby in a failover takes none.
///
/// Such a connection is healthy. So a pool goes on lending it, bb8 and r2d2 until its `max_lifetime`, half an hour by default,
/// and deadpool for ever, and every write on it fails. Have the pool ask:
///
/// ```no_run
/// use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
/// # use diesel_async::AsyncPgConnection;
/// use invite_diesel::postgres;
///
/// let mut config = ManagerConfig::<AsyncPgConnection>::default();
/// config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn| Box::pin(postgres::ensure_writable(conn))));
/// let manager = AsyncDieselConnectionManager::new_with_config("postgres://localhost/app", config);
/// ```
///
/// It takes the place of `RecyclingMethod::Verified`, and is one round trip as that is.
///
/// bb8 asks about a new connection too. So that it does not connect again and again while no server takes writes, a
/// connection that is asked about within a quarter of a second of one that was refused is lent all the same.
///
/// # Errors
/// [`BrokenTransactionManager`](diesel::result::Error::BrokenTransactionManager), by which diesel's pools know that a
/// connection is to be closed.
#[cfg(feature = "postgres")]
pub async fn ensure_writable(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    crate::standby::lend_if(postgres::is_writable::<PgStore>(conn).await)
}

pub(crate) async fn run<D>(conn: &mut D::Conn) -> Result<(), StoreError>
where
    D: invite_schema::Driver<Db = Postgres, Conn: Session>,
{
    conn.begin(BEGIN).await.map_err(crate::session::store_error::<D::Conn>)?;
    let work = postgres::migrate::migrate::<D>(conn).await;
    commit_or_roll_back(conn, work).await
}

impl Database for Pg {
    type Dialect = Postgres;

    fn bind<'b>(mut out: AstPass<'_, 'b, Self>, value: &'b Value<'_>) -> QueryResult<()> {
        match value {
            Value::Uuid(uuid) => out.push_bind_param::<Nullable<sql_types::Uuid>, _>(uuid),
            Value::Text(Some(text)) => out.push_bind_param::<Text, str>(text),
            Value::Text(None) => out.push_bind_param::<Nullable<Text>, _>(&None::<String>),
            Value::Bytes(Some(bytes)) => out.push_bind_param::<Binary, [u8]>(bytes),
            Value::Bytes(None) => out.push_bind_param::<Nullable<Binary>, _>(&None::<Vec<u8>>),
            Value::Int(int) => out.push_bind_param::<Nullable<Integer>, _>(int),
            Value::BigInt(int) => out.push_bind_param::<BigInt, _>(int),
            Value::Bool(flag) => out.push_bind_param::<Bool, _>(flag),
            Value::Time(time) => out.push_bind_param::<Nullable<Timestamptz>, _>(time),
            Value::Json(Some(json)) => out.push_bind_param::<Jsonb, Json>(json),
            Value::Json(None) => out.push_bind_param::<Nullable<Jsonb>, _>(&None::<Json>),
            Value::Texts(texts) => out.push_bind_param::<Array<Text>, _>(texts),
            Value::Uuids(uuids) => out.push_bind_param::<Array<sql_types::Uuid>, _>(uuids),
            Value::Blobs(blobs) => out.push_bind_param::<Array<Binary>, _>(blobs),
            Value::Ints(ints) => out.push_bind_param::<Array<Integer>, _>(ints),
        }
    }

    fn read<'a, T: FromRow>(row: &impl NamedRow<'a, Self>) -> Result<T, StoreError> {
        T::read(&Fields(row, std::marker::PhantomData))
    }

    fn store_error(error: diesel::result::Error) -> StoreError {
        store_error(error)
    }
}

impl<'a, R: Row<'a, Pg>> Columns for Fields<'_, Pg, R> {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        Ok(self.get::<Nullable<Text>, Option<String>>(column, name)?.map(Cow::Owned))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.get::<Nullable<Binary>, Option<Vec<u8>>>(column, name)?.map(Cow::Owned))
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        self.get::<Nullable<sql_types::Uuid>, _>(column, name)
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        let count = self.get::<Nullable<Integer>, Option<i32>>(column, name)?;
        count.map(u32::try_from).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get::<Nullable<BigInt>, _>(column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        self.get::<Bool, _>(column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.get::<Nullable<Timestamptz>, _>(column, name)
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError> {
        self.get::<Jsonb, _>(column, name)
    }
}

impl<'a, R: Row<'a, Pg>> Fields<'_, Pg, R> {
    fn get<ST, T: FromSql<ST, Pg>>(&self, column: usize, name: &'static str) -> Result<T, StoreError> {
        let field = self.0.get(column).ok_or(StoreError::corrupt(name))?;
        T::from_nullable_sql(field.value()).map_err(|_| StoreError::corrupt(name))
    }
}

/// What an error of this database means to the library's callers: for a host's own statements,
/// begins and commits, so that one retry loop serves both, and for the reads of an
/// [`Authority`](invite_core::Authority).
///
/// Diesel passes on few of the server's codes. A deadlock, a lock that was not to be had and a
/// server that is shutting down are known by their English words, so with another `lc_messages`
/// they do not ask for a retry.
///
/// A unique violation of the library's own asks for a retry too. Where a statement of the host's own
/// may meet one, let it say `ON CONFLICT DO NOTHING`: then it is no error, and the transaction lives.
#[must_use]
pub fn store_error(error: diesel::result::Error) -> StoreError {
    classified(error, |kind, about| {
        // Of ours it can only be two amendments to one address at once: done again, the later one
        // finds the earlier. A host's own is the host's to judge.
        let is_ours = about.table_name() == Some("invite_invitations");
        matches!(kind, DatabaseErrorKind::UniqueViolation) && is_ours
            || PASSING.iter().any(|words| about.message().starts_with(words))
    })
}

/// How the messages begin of 40P01, of 55P03, of 55P03 and 57014, of 57P01, 57P02 and 57P03, and of 53300.
const PASSING: [&str; 8] = [
    "deadlock detected",
    "could not obtain lock on ",
    "canceling statement due to ",
    "terminating connection ",
    "the database system is ",
    "sorry, too many clients already",
    "remaining connection slots are reserved ",
    "too many connections for ",
];
