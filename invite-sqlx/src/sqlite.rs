//! SQLite.
//!
//! Use WAL and a busy timeout (sqlx sets five seconds). A transaction that begins with one of the
//! library's writing calls is right as sqlx begins it, deferred: the call takes the write lock
//! before anything is read. A host that reads first must begin it with
//! `pool.begin_with("BEGIN IMMEDIATE")`, or SQLite refuses the write whenever another writer came
//! in between. A `BEGIN` sent as SQL is invisible to sqlx, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).

#[cfg(test)]
mod plans;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use invite_core::store::StoreError;
use invite_schema::{
    Columns,
    sqlite::{self, BEGIN, Value},
};
use serde_json::Value as Json;
use sqlx::{
    Arguments, Decode, Sqlite, SqlitePool, Type,
    error::BoxDynError,
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use crate::{driver::driver, error::classified};

pub use invite_schema::sqlite::migrate::MIGRATIONS;

/// Invitations in SQLite, through [sqlx].
///
/// ```
/// use invite_core::{Accepted, Actor, Claimant, Invitations, Kind, NewInvitation, Policy, Unchecked, testing};
/// use invite_sqlx::{SqliteStore, sqlite};
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
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let options = invite_sqlx::sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
/// # let pool = options.connect("sqlite::memory:").await?;
/// sqlite::migrate(&pool).await?;
/// let members = Invitations::<_, Membership>::new(SqliteStore, Policy::default(), Unchecked);
///
/// let mut tx = pool.begin().await?;
/// let new = NewInvitation::new("ada@example.com", Membership { role: "admin".into() });
/// let invitation = members.scope(7).create(&mut tx, &Actor::new(1), new).await?;
/// # let token = testing::deliver(&members, &mut tx, invitation.id).await?;
/// tx.commit().await?;
///
/// let mut tx = pool.begin().await?;
/// let ada = Claimant::new(2).verified("ada@example.com");
/// if let Accepted::Now(acceptance) = members.accept(&mut tx, &token, &ada).await? {
///     let _role = acceptance.invitation.payload()?.role; // insert the membership here, in `tx`
/// }
/// tx.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct SqliteStore;

driver!(SqliteStore, sqlite, Sqlite);

/// Brings the database to the present schema, all of it or nothing. May be called at every start,
/// by any number of processes at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use invite_sqlx::sqlite;
///
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// sqlite::migrate(&pool).await?;
/// sqlite::migrate(&pool).await?; // nothing left to do
///
/// let version: u32 = sqlx::query_scalar("SELECT max(version) FROM invite_migrations").fetch_one(&pool).await?;
/// assert_eq!(Some(version), sqlite::MIGRATIONS.last().map(|last| last.version));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
pub async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
    sqlite::migrate::migrate::<SqliteStore>(&mut tx).await?;
    tx.commit().await.map_err(store_error)
}

fn bind(arguments: &mut SqliteArguments, value: &Value<'_>) -> Result<(), BoxDynError> {
    match value {
        Value::Uuid(uuid) => arguments.add(uuid.as_ref().map(|uuid| uuid.as_bytes().as_slice())),
        Value::Text(text) => arguments.add(text.as_deref()),
        Value::Bytes(bytes) => arguments.add(bytes),
        Value::Integer(int) => arguments.add(int),
    }
}

struct Row<'r>(&'r SqliteRow);

impl Columns for Row<'_> {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        Ok(self.get::<Option<&str>>(column, name)?.map(Cow::Borrowed))
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
        let read = |micros| DateTime::from_timestamp_micros(micros).ok_or(StoreError::corrupt(name));
        self.optional_number(column, name)?.map(read).transpose()
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError> {
        serde_json::from_str(self.get(column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

impl<'r> Row<'r> {
    fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, column: usize, name: &'static str) -> Result<T, StoreError> {
        sqlx::Row::try_get(self.0, column).map_err(|_| StoreError::corrupt(name))
    }
}

/// What an error of this database means to the library's callers: for a host's own statements,
/// begins and commits, so that one retry loop serves both, and for the reads of an
/// [`Authority`](invite_core::Authority).
///
/// ```
/// use invite_core::Error;
/// use invite_sqlx::sqlite::store_error;
/// # use sqlx::SqlitePool;
///
/// async fn join(pool: &SqlitePool, person: i64) -> Result<(), Error> {
///     let mut tx = pool.begin().await.map_err(store_error)?;
///     // Calls of the library fail with `Error` themselves.
///     let join = sqlx::query("INSERT INTO memberships VALUES (?)").bind(person);
///     join.execute(&mut *tx).await.map_err(store_error)?;
///     tx.commit().await.map_err(store_error)?;
///     Ok(())
/// }
/// ```
#[must_use]
pub fn store_error(error: sqlx::Error) -> StoreError {
    classified(error, |error| {
        // The low byte is the primary result code: 5 is SQLITE_BUSY, 6 SQLITE_LOCKED.
        let code = error.code().and_then(|code| code.parse::<u32>().ok());
        code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
    })
}
