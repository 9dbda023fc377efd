//! MySQL 8 and MariaDB. The tests run on MariaDB 10.11; 10.6 is the first that has what the SQL needs, `SKIP LOCKED`
//! and `JSON_TABLE`.
//!
//! Right at every isolation level, REPEATABLE READ, the default, among them: what was lost to is
//! read with a lock, because the transaction's snapshot may be older. A deadlock or a lock wait
//! that ran out [asks for a retry](invite_core::Error::is_retryable), from the begin on: after a
//! deadlock the server has rolled the transaction back by itself. A `BEGIN` sent as SQL is
//! invisible to diesel, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    QueryResult,
    deserialize::FromSql,
    mysql::Mysql,
    query_builder::AstPass,
    result::Error,
    row::{Field, NamedRow, Row},
    sql_types::{BigInt, Binary, Bool, Datetime, Integer, Nullable, Text, Unsigned},
};
#[cfg(feature = "mysql")]
use diesel_async::AsyncMysqlConnection;
use invite_core::store::StoreError;
use invite_schema::{
    Columns, FromRow, MySql,
    mysql::{self, Value},
};
use serde_json::Value as Json;
use uuid::Uuid;

#[cfg(feature = "mysql")]
use crate::driver::driver;
use crate::{
    error::classified,
    statement::{Database, Fields},
};

pub use invite_schema::mysql::migrate::MIGRATIONS;

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
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct MySqlStore;

#[cfg(feature = "mysql")]
driver!(MySqlStore, mysql, MySql, AsyncMysqlConnection);

/// Brings the database to the present schema. May be called at every start, by any number of
/// processes at once, with a connection that is in no transaction: this server commits one that is
/// open.
///
/// It commits each statement that makes a table by itself, too. A process that is killed half-way
/// leaves what the next start completes.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
#[cfg(feature = "mysql")]
pub async fn migrate(conn: &mut AsyncMysqlConnection) -> Result<(), StoreError> {
    run::<MySqlStore>(conn).await
}

/// Asks, before a pool lends this connection again, whether its server is there and takes writes. One that has become a
/// replica in a failover takes none.
///
/// Such a connection is healthy. So a pool goes on lending it, bb8 and r2d2 until its `max_lifetime`, half an hour by default,
/// and deadpool for ever, and every write on it fails. Have the pool ask:
///
/// ```no_run
/// use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
/// # use diesel_async::AsyncMysqlConnection;
/// use invite_diesel::mysql;
///
/// let mut config = ManagerConfig::<AsyncMysqlConnection>::default();
/// config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn| Box::pin(mysql::ensure_writable(conn))));
/// let manager = AsyncDieselConnectionManager::new_with_config("mysql://localhost/app", config);
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
#[cfg(feature = "mysql")]
pub async fn ensure_writable(conn: &mut AsyncMysqlConnection) -> QueryResult<()> {
    crate::standby::lend_if(mysql::is_writable::<MySqlStore>(conn).await)
}

pub(crate) async fn run<D: invite_schema::Driver<Db = MySql>>(conn: &mut D::Conn) -> Result<(), StoreError> {
    mysql::migrate::migrate::<D>(conn).await
}

impl Database for Mysql {
    type Dialect = MySql;

    fn bind<'b>(mut out: AstPass<'_, 'b, Self>, value: &'b Value<'_>) -> QueryResult<()> {
        match value {
            Value::Uuid(Some(uuid)) => out.push_bind_param::<Binary, [u8]>(uuid.as_bytes()),
            Value::Bytes(Some(bytes)) => out.push_bind_param::<Binary, [u8]>(bytes),
            Value::Uuid(None) | Value::Bytes(None) => out.push_bind_param::<Nullable<Binary>, _>(&None::<Vec<u8>>),
            Value::Text(Some(text)) => out.push_bind_param::<Text, str>(text),
            Value::Text(None) => out.push_bind_param::<Nullable<Text>, _>(&None::<String>),
            Value::UInt(int) => out.push_bind_param::<Nullable<Unsigned<Integer>>, _>(int),
            Value::Bool(flag) => out.push_bind_param::<Bool, _>(flag),
            Value::Time(time) => out.push_bind_param::<Nullable<Datetime>, _>(time),
        }
    }

    fn read<'a, T: FromRow>(row: &impl NamedRow<'a, Self>) -> Result<T, StoreError> {
        T::read(&Fields(row, std::marker::PhantomData))
    }

    fn store_error(error: diesel::result::Error) -> StoreError {
        store_error(error)
    }
}

impl<'a, R: Row<'a, Mysql>> Columns for Fields<'_, Mysql, R> {
    // Whether the column holds characters or bytes.
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        let bytes = self.get::<Nullable<Binary>, Option<Vec<u8>>>(column, name)?;
        let text = bytes.map(String::from_utf8).transpose().map_err(|_| StoreError::corrupt(name))?;
        Ok(text.map(Cow::Owned))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.get::<Nullable<Binary>, Option<Vec<u8>>>(column, name)?.map(Cow::Owned))
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        let bytes = self.optional_bytes(column, name)?;
        bytes.as_deref().map(Uuid::from_slice).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        self.get::<Nullable<Unsigned<Integer>>, _>(column, name)
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get::<Nullable<BigInt>, _>(column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        self.get::<Bool, _>(column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.get::<Nullable<Datetime>, Option<NaiveDateTime>>(column, name)?.map(|time| time.and_utc()))
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError> {
        serde_json::from_str(&self.text(column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

impl<'a, R: Row<'a, Mysql>> Fields<'_, Mysql, R> {
    fn get<ST, T: FromSql<ST, Mysql>>(&self, column: usize, name: &'static str) -> Result<T, StoreError> {
        let field = self.0.get(column).ok_or(StoreError::corrupt(name))?;
        T::from_nullable_sql(field.value()).map_err(|_| StoreError::corrupt(name))
    }
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

/// How the messages begin of 1205, 1213, 1020 and 1467, of 1040, 1053, 1927, 3024 and 1969, of 1290, on MariaDB and on
/// MySQL, and of 1836; and those of the drivers about a connection that broke. Diesel has a kind for 1792. The first is
/// 1305: a deadlock in a nested transaction has ended the outer one too, and diesel-async tells only of the savepoint that
/// it then misses.
const PASSING: [&str; 18] = [
    "SAVEPOINT diesel_savepoint_",
    "Lock wait timeout exceeded",
    "Deadlock found when trying to get lock",
    "Record has changed since last read",
    "Failed to read auto-increment value",
    "Too many connections",
    "Server shutdown in progress",
    "Connection was killed",
    "Query execution was interrupted, maximum statement execution time exceeded",
    "Query execution was interrupted (max_statement_time exceeded)",
    "The MariaDB server is running with the --read-only ",
    "The MySQL server is running with the --",
    "Running in read-only mode",
    "Input/output error: ",
    "Driver error: `Connection to the server is closed.",
    "Lost connection to ",
    "MySQL server has gone away",
    "Server has gone away",
];
