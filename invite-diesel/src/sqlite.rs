//! SQLite.
//!
//! Use WAL and a busy timeout: diesel sets neither. A transaction that begins with one of the
//! library's writing calls is right as `transaction` begins it, deferred: the call takes the write
//! lock before anything is read. A host that reads first must begin it with
//! `immediate_transaction`, or SQLite refuses the write whenever another writer came in between. A
//! `BEGIN` sent as SQL is invisible to diesel, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).

use std::borrow::Cow;

use chrono::{DateTime, Utc};
#[cfg(feature = "sqlite")]
use diesel::SqliteConnection;
use diesel::{
    QueryResult,
    query_builder::AstPass,
    row::{Field, NamedRow, Row},
    sql_types::{BigInt, Binary, Nullable, Text},
    sqlite::{self, SqliteType, SqliteValue},
};
#[cfg(feature = "sqlite")]
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use invite_core::store::StoreError;
use invite_schema::{
    Columns, FromRow, Sqlite,
    sqlite::{BEGIN, Value, migrate::migrate as migrate_in_transaction},
};
use serde_json::Value as Json;
use uuid::Uuid;

#[cfg(feature = "sqlite")]
use crate::driver::driver;
use crate::{
    error::classified,
    session::{Session, commit_or_roll_back},
    statement::{Database, Fields},
};

pub use invite_schema::sqlite::migrate::MIGRATIONS;

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
///     if let Accepted::Now(acceptance) = members.accept(conn, &token, &ada).await? {
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
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct SqliteStore;

#[cfg(feature = "sqlite")]
driver!(SqliteStore, sqlite, Sqlite, SyncConnectionWrapper<SqliteConnection>);

/// Brings the database to the present schema, all of it or nothing. May be called at every start,
/// by any number of processes at once, with a connection that is in no transaction.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
#[cfg(feature = "sqlite")]
pub async fn migrate(conn: &mut SyncConnectionWrapper<SqliteConnection>) -> Result<(), StoreError> {
    run::<SqliteStore>(conn).await
}

pub(crate) async fn run<D>(conn: &mut D::Conn) -> Result<(), StoreError>
where
    D: invite_schema::Driver<Db = Sqlite, Conn: Session>,
{
    conn.begin(BEGIN).await.map_err(crate::session::store_error::<D::Conn>)?;
    let work = migrate_in_transaction::<D>(conn).await;
    commit_or_roll_back(conn, work).await
}

impl Database for sqlite::Sqlite {
    type Dialect = Sqlite;

    fn bind<'b>(mut out: AstPass<'_, 'b, Self>, value: &'b Value<'_>) -> QueryResult<()> {
        match value {
            Value::Uuid(Some(uuid)) => out.push_bind_param::<Binary, [u8]>(uuid.as_bytes()),
            Value::Bytes(Some(bytes)) => out.push_bind_param::<Binary, [u8]>(bytes),
            Value::Uuid(None) | Value::Bytes(None) => out.push_bind_param::<Nullable<Binary>, _>(&None::<Vec<u8>>),
            Value::Text(Some(text)) => out.push_bind_param::<Text, str>(text),
            Value::Text(None) => out.push_bind_param::<Nullable<Text>, _>(&None::<String>),
            Value::Integer(int) => out.push_bind_param::<Nullable<BigInt>, _>(int),
        }
    }

    fn read<'a, T: FromRow>(row: &impl NamedRow<'a, Self>) -> Result<T, StoreError> {
        T::read(&Fields(row, std::marker::PhantomData))
    }

    fn store_error(error: diesel::result::Error) -> StoreError {
        store_error(error)
    }
}

impl<'a, R: Row<'a, sqlite::Sqlite>> Columns for Fields<'_, sqlite::Sqlite, R> {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        let bytes = self.bytes(column, name, SqliteType::Text)?;
        let text = bytes.map(String::from_utf8).transpose().map_err(|_| StoreError::corrupt(name))?;
        Ok(text.map(Cow::Owned))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.bytes(column, name, SqliteType::Binary)?.map(Cow::Owned))
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        let bytes = self.optional_bytes(column, name)?;
        bytes.as_deref().map(Uuid::from_slice).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        let number = self.optional_number(column, name)?;
        number.map(u32::try_from).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.value(column, name, SqliteType::Long, |value| value.read_long())
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        Ok(self.optional_number(column, name)?.ok_or(StoreError::corrupt(name))? != 0)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let read = |micros| DateTime::from_timestamp_micros(micros).ok_or(StoreError::corrupt(name));
        self.optional_number(column, name)?.map(read).transpose()
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError> {
        serde_json::from_str(&self.text(column, name)?).map_err(|_| StoreError::corrupt(name))
    }
}

impl<'a, R: Row<'a, sqlite::Sqlite>> Fields<'_, sqlite::Sqlite, R> {
    /// As bytes, even if they are text: as text, diesel would mend what is no UTF-8.
    fn bytes(&self, column: usize, name: &'static str, of: SqliteType) -> Result<Option<Vec<u8>>, StoreError> {
        self.value(column, name, of, |value| value.read_blob().to_vec())
    }

    /// Only a value of this type. SQLite would convert anything to anything.
    fn value<T>(
        &self,
        column: usize,
        name: &'static str,
        of: SqliteType,
        read: impl FnOnce(&mut SqliteValue<'_, '_, '_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let field = self.0.get(column).ok_or(StoreError::corrupt(name))?;
        let Some(mut value) = field.value() else { return Ok(None) };
        if value.value_type() != Some(of) {
            return Err(StoreError::corrupt(name));
        }
        Ok(Some(read(&mut value)))
    }
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
