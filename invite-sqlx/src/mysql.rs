//! MySQL 8 and MariaDB. The tests run on MariaDB 10.11; 10.6 is the first that has what the SQL needs, `SKIP LOCKED`
//! and `JSON_TABLE`.
//!
//! Right at every isolation level, REPEATABLE READ, the default, among them: what was lost to is
//! read with a lock, because the transaction's snapshot may be older. A deadlock or a lock wait
//! that ran out [asks for a retry](invite_core::Error::is_retryable), from `begin` on: after a
//! deadlock the server has rolled the transaction back by itself. A `BEGIN` sent as SQL is
//! invisible to sqlx, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).

#[cfg(test)]
mod plans;

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, Utc};
use invite_core::store::StoreError;
use invite_schema::{
    Columns,
    mysql::{self, Value},
};
use serde_json::Value as Json;
use sqlx::{
    Arguments, Decode, MySql, MySqlConnection, MySqlPool, Type,
    error::BoxDynError,
    mysql::{MySqlArguments, MySqlRow},
};
use uuid::Uuid;

use crate::{driver::driver, error::classified, standby};

pub use invite_schema::mysql::migrate::MIGRATIONS;

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
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct MySqlStore;

driver!(MySqlStore, mysql, MySql);

/// Brings the database to the present schema. May be called at every start, by any number of
/// processes at once.
///
/// This server commits each statement that makes a table by itself. A process that is killed
/// half-way leaves what the next start completes.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
pub async fn migrate(pool: &MySqlPool) -> Result<(), StoreError> {
    let mut conn = pool.acquire().await.map_err(store_error)?;
    mysql::migrate::migrate::<MySqlStore>(&mut conn).await
}

/// Whether a pool should go on lending this connection: `false` when its server takes no writes, as one does that has
/// become a replica in a failover.
///
/// Such a connection is healthy. So a pool goes on lending it until it is `max_lifetime` old, half an hour by default, and
/// every write on it fails. Have the pool ask before it lends one:
///
/// ```no_run
/// # async fn example() -> Result<(), sqlx::Error> {
/// use invite_sqlx::mysql;
/// use sqlx::mysql::MySqlPoolOptions;
///
/// let pool = MySqlPoolOptions::new()
///     .before_acquire(|conn, _| Box::pin(async { Ok(mysql::is_writable(conn).await) }))
///     .connect("mysql://localhost/app")
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// While all goes well the answer is `true`, and nobody is asked. Only within a minute of an error by which any server
/// told this process that it takes no writes is the server asked, in one round trip; if it does not answer then, the answer
/// is `false`. [`store_error`] notices such errors, of this library's statements and of those of your own that you pass
/// to it.
pub async fn is_writable(conn: &mut MySqlConnection) -> bool {
    !standby::is_suspected() || mysql::is_writable::<MySqlStore>(conn).await
}

fn bind(arguments: &mut MySqlArguments, value: &Value<'_>) -> Result<(), BoxDynError> {
    match value {
        Value::Uuid(uuid) => arguments.add(uuid.as_ref().map(|uuid| uuid.as_bytes().as_slice())),
        Value::Text(text) => arguments.add(text.as_deref()),
        Value::Bytes(bytes) => arguments.add(bytes),
        Value::UInt(int) => arguments.add(int),
        Value::Bool(flag) => arguments.add(flag),
        Value::Time(time) => arguments.add(time),
    }
}

struct Row<'r>(&'r MySqlRow);

impl Columns for Row<'_> {
    // Whether the column holds characters or bytes.
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        let bytes: Option<&[u8]> =
            sqlx::Row::try_get_unchecked(self.0, column).map_err(|_| StoreError::corrupt(name))?;
        let text = bytes.map(str::from_utf8).transpose().map_err(|_| StoreError::corrupt(name))?;
        Ok(text.map(Cow::Borrowed))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.get::<Option<&[u8]>>(column, name)?.map(Cow::Borrowed))
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        let bytes = self.get::<Option<&[u8]>>(column, name)?;
        bytes.map(Uuid::from_slice).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        self.get(column, name)
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get(column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        self.get(column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.get::<Option<NaiveDateTime>>(column, name)?.map(|time| time.and_utc()))
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError> {
        serde_json::from_str(&self.text(column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

impl<'r> Row<'r> {
    fn get<T: Decode<'r, MySql> + Type<MySql>>(&self, column: usize, name: &'static str) -> Result<T, StoreError> {
        sqlx::Row::try_get(self.0, column).map_err(|_| StoreError::corrupt(name))
    }
}

/// What an error of this database means to the library's callers: for a host's own statements,
/// begins and commits, so that one retry loop serves both, and for the reads of an
/// [`Authority`](invite_core::Authority).
#[must_use]
pub fn store_error(error: sqlx::Error) -> StoreError {
    classified(error, |error| {
        let number = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(|error| error.number());
        if number.is_some_and(mysql::is_read_only) {
            standby::refused();
        }
        number.is_some_and(mysql::is_retryable)
    })
}
