//! MySQL and MariaDB, on connections of diesel's own.

use diesel::MysqlConnection;
use invite_core::store::StoreError;

use super::wait;
use crate::driver::driver;

pub use crate::mysql::{MIGRATIONS, store_error};

/// Invitations in MySQL and MariaDB, through [`diesel`].
///
/// Its futures never wait: drive them with [`wait`].
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
pub struct MySqlStore;

driver!(MySqlStore, mysql, MySql, MysqlConnection);

/// Brings the database to the present schema, as `migrate` does on a connection of diesel-async.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with.
pub fn migrate(conn: &mut MysqlConnection) -> Result<(), StoreError> {
    wait(crate::mysql::run::<MySqlStore>(conn))
}
