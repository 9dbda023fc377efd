//! SQLite, on connections of diesel's own.

use diesel::SqliteConnection;
use invite_core::store::StoreError;

use super::wait;
use crate::store::store;

pub use crate::sqlite::{MIGRATIONS, store_error};

/// Invitations in SQLite, through [`diesel`].
///
/// Its futures never wait: drive them with [`wait`].
#[derive(Debug, Clone, Copy, Default)]
pub struct SqliteStore;

store!(SqliteStore, SqliteConnection, sqlite);

/// Brings the database to the present schema, as `migrate` does on a connection of diesel-async.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
pub fn migrate(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    wait(crate::sqlite::migrate::run(conn))
}
