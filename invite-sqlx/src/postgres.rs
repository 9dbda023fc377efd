//! PostgreSQL.
//!
//! Right at every isolation level. At REPEATABLE READ and SERIALIZABLE a lost race is a
//! serialization failure, which [asks for a retry](invite_core::Error::is_retryable); at READ
//! COMMITTED, the default, it is a refusal, and the transaction goes on. A `BEGIN` sent as SQL is
//! invisible to sqlx, and so to the library: it answers
//! [`NotInTransaction`](invite_core::Error::NotInTransaction).
//!
//! sqlx's pool asks each connection whether it is alive before it lends it, one round trip more
//! for every call: `PgPoolOptions::test_before_acquire(false)` spares it.

#[cfg(test)]
mod plans;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use invite_core::store::StoreError;
use invite_schema::{
    Columns,
    postgres::{self, BEGIN, Value},
};
use serde_json::Value as Json;
use sqlx::{
    Arguments, Decode, PgConnection, PgPool, Postgres, Type,
    error::BoxDynError,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use crate::{driver::driver, error::classified, standby};

pub use invite_schema::postgres::migrate::MIGRATIONS;

/// Invitations in PostgreSQL, through [sqlx].
///
/// Used like [`SqliteStore`](crate::SqliteStore), whose example shows a whole life.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Membership;
/// # impl invite_core::Kind for Membership { const NAME: &'static str = "member"; }
/// use invite_core::{Actor, Invitations, NewInvitation, Policy, Unchecked};
/// use invite_sqlx::{PgStore, postgres};
///
/// let pool = sqlx::PgPool::connect("postgres://localhost/app").await?;
/// postgres::migrate(&pool).await?;
/// let members = Invitations::<_, Membership>::new(PgStore, Policy::default(), Unchecked);
///
/// let mut tx = pool.begin().await?;
/// members.scope(7).create(&mut tx, &Actor::new(1), NewInvitation::new("ada@example.com", Membership)).await?;
/// tx.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct PgStore;

driver!(PgStore, postgres, Postgres);

/// Brings the database to the present schema, all of it or nothing, in the schema that
/// `search_path` names first. May be called at every start, by any number of processes at once.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
    postgres::migrate::migrate::<PgStore>(&mut tx).await?;
    tx.commit().await.map_err(store_error)
}

/// Whether a pool should go on lending this connection: `false` when its server takes no writes, as one does that has
/// become a standby in a failover.
///
/// Such a connection is healthy. So a pool goes on lending it until it is `max_lifetime` old, half an hour by default, and
/// every write on it fails. Have the pool ask before it lends one:
///
/// ```no_run
/// # async fn example() -> Result<(), sqlx::Error> {
/// use invite_sqlx::postgres;
/// use sqlx::postgres::PgPoolOptions;
///
/// let pool = PgPoolOptions::new()
///     .before_acquire(|conn, _| Box::pin(async { Ok(postgres::is_writable(conn).await) }))
///     .connect("postgres://localhost/app")
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// While all goes well the answer is `true`, and nobody is asked. Only within a minute of an error by which any server
/// told this process that it takes no writes is the server asked, in one round trip; if it does not answer then, the answer
/// is `false`. [`store_error`] notices such errors, of this library's statements and of those of your own that you pass
/// to it.
pub async fn is_writable(conn: &mut PgConnection) -> bool {
    !standby::is_suspected() || postgres::is_writable::<PgStore>(conn).await
}

fn bind(arguments: &mut PgArguments, value: &Value<'_>) -> Result<(), BoxDynError> {
    match value {
        Value::Uuid(uuid) => arguments.add(uuid),
        Value::Text(text) => arguments.add(text.as_deref()),
        Value::Bytes(bytes) => arguments.add(bytes),
        Value::Int(int) => arguments.add(int),
        Value::BigInt(int) => arguments.add(int),
        Value::Bool(flag) => arguments.add(flag),
        Value::Time(time) => arguments.add(time),
        Value::Json(json) => arguments.add(json),
        Value::Texts(texts) => arguments.add(texts),
        Value::Uuids(uuids) => arguments.add(uuids),
        Value::Blobs(blobs) => arguments.add(blobs),
        Value::Ints(ints) => arguments.add(ints),
    }
}

struct Row<'r>(&'r PgRow);

impl Columns for Row<'_> {
    fn optional_text(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, str>>, StoreError> {
        Ok(self.get::<Option<&str>>(column, name)?.map(Cow::Borrowed))
    }

    fn optional_bytes(&self, column: usize, name: &'static str) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.get::<Option<&[u8]>>(column, name)?.map(Cow::Borrowed))
    }

    fn optional_uuid(&self, column: usize, name: &'static str) -> Result<Option<Uuid>, StoreError> {
        self.get(column, name)
    }

    fn optional_count(&self, column: usize, name: &'static str) -> Result<Option<u32>, StoreError> {
        let count = self.get::<Option<i32>>(column, name)?;
        count.map(u32::try_from).transpose().map_err(|_| StoreError::corrupt(name))
    }

    fn optional_number(&self, column: usize, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get(column, name)
    }

    fn flag(&self, column: usize, name: &'static str) -> Result<bool, StoreError> {
        self.get(column, name)
    }

    fn optional_time(&self, column: usize, name: &'static str) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.get(column, name)
    }

    fn json(&self, column: usize, name: &'static str) -> Result<Json, StoreError> {
        self.get(column, name)
    }
}

impl<'r> Row<'r> {
    fn get<T: Decode<'r, Postgres> + Type<Postgres>>(
        &self,
        column: usize,
        name: &'static str,
    ) -> Result<T, StoreError> {
        sqlx::Row::try_get(self.0, column).map_err(|_| StoreError::corrupt(name))
    }
}

/// What an error of this database means to the library's callers: for a host's own statements,
/// begins and commits, so that one retry loop serves both, and for the reads of an
/// [`Authority`](invite_core::Authority).
///
/// A unique violation of the library's own asks for a retry too. Where a statement of the host's own
/// may meet one, let it say `ON CONFLICT DO NOTHING`: then it is no error, and the transaction lives.
#[must_use]
pub fn store_error(error: sqlx::Error) -> StoreError {
    classified(error, |error| {
        let Some(code) = error.code() else { return false };
        if postgres::is_read_only(&code) {
            standby::refused();
        }
        // Of ours it can only be two amendments to one address at once: done again, the later
        // one finds the earlier. A host's own is the host's to judge.
        let is_ours = code == "23505" && error.table() == Some("invite_invitations");
        is_ours || postgres::is_retryable(&code)
    })
}
