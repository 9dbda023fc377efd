//! PostgreSQL, on connections of diesel's own.

use diesel::PgConnection;
use invite_core::store::StoreError;

use super::wait;
use crate::driver::driver;

pub use crate::postgres::{MIGRATIONS, store_error};

/// Invitations in PostgreSQL, through [`diesel`].
///
/// Its futures never wait: drive them with [`wait`].
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct PgStore;

driver!(PgStore, postgres, Postgres, PgConnection);

/// Brings the database to the present schema, as `migrate` does on a connection of diesel-async.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
pub fn migrate(conn: &mut PgConnection) -> Result<(), StoreError> {
    wait(crate::postgres::run::<PgStore>(conn))
}
