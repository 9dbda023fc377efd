//! Bringing a database of PostgreSQL to the present schema.

use invite_core::store::StoreError;

use super::Postgres;
use crate::{
    driver::Driver,
    migration::{Migration, apply},
};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "0001_invitations.sql",
    sql: include_str!("../../migrations/postgres/0001_invitations.sql"),
    compatible_since: 1,
}];

/// Held until the transaction ends, so that processes that start together migrate one by one. The number is
/// "invite" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(115923153941605)";

/// Brings the database to the present schema, inside a transaction that begins with
/// [`BEGIN`](super::BEGIN) and that the caller commits.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with. The caller rolls
/// the transaction back.
pub async fn migrate<D: Driver<Db = Postgres>>(conn: &mut D::Conn) -> Result<(), StoreError> {
    D::script(conn, LOCK).await?;
    apply::<D>(conn, MIGRATIONS).await
}
