//! Bringing a database of SQLite to the present schema.

use invite_core::store::StoreError;

use super::Sqlite;
use crate::{
    driver::Driver,
    migration::{Migration, apply},
};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "0001_invitations.sql",
    sql: include_str!("../../migrations/sqlite/0001_invitations.sql"),
    compatible_since: 1,
}];

/// Brings the database to the present schema, inside a transaction that begins with
/// [`BEGIN`](super::BEGIN) and that the caller commits.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with. The caller rolls
/// the transaction back.
pub async fn migrate<D: Driver<Db = Sqlite>>(conn: &mut D::Conn) -> Result<(), StoreError> {
    apply::<D>(conn, MIGRATIONS).await
}
