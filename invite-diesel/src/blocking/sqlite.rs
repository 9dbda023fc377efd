//! SQLite, on connections of diesel's own.

use diesel::SqliteConnection;
use invite_core::store::StoreError;

use super::wait;
use crate::driver::driver;

pub use crate::sqlite::{MIGRATIONS, store_error};

/// Invitations in SQLite, through [`diesel`].
///
/// Its futures never wait: drive them with [`wait`].
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct SqliteStore;

driver!(SqliteStore, sqlite, Sqlite, SqliteConnection);

/// Brings the database to the present schema, as `migrate` does on a connection of diesel-async.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
pub fn migrate(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    wait(crate::sqlite::run::<SqliteStore>(conn))
}
