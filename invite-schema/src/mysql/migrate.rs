//! Bringing a database of MySQL and MariaDB to the present schema.

use invite_core::store::StoreError;

use super::{MySql, sql};
use crate::{
    driver::{Driver, optional},
    migration::{Migration, apply},
    statement::Values,
};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "0001_invitations.sql",
    sql: include_str!("../../migrations/mysql/0001_invitations.sql"),
    compatible_since: 1,
}];

/// Brings the database to the present schema, on a connection that is in no transaction.
///
/// This server commits each statement that makes a table by itself. Every statement can be repeated and the
/// ledger's line comes last, so a process that is killed half-way leaves what the next one completes.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that this library cannot work with, and a retryable
/// one when another process has been migrating for a minute.
pub async fn migrate<D: Driver<Db = MySql>>(conn: &mut D::Conn) -> Result<(), StoreError> {
    let locked = optional::<D, Option<i64>>(conn, Values::new().of_statement(&sql::LOCK_MIGRATIONS)?).await?;
    if locked.flatten() != Some(1) {
        return Err(StoreError::retryable("another process has been migrating for a minute"));
    }
    let applied = apply::<D>(conn, MIGRATIONS).await;
    D::script(conn, UNLOCK).await?;
    applied
}

const UNLOCK: &str = "DO RELEASE_LOCK(LEFT(CONCAT('invite_migrations/', DATABASE()), 64))";
