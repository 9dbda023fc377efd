//! Bringing a database to the present schema.

#[cfg(feature = "sqlite")]
use diesel::SqliteConnection;
use diesel::sqlite::Sqlite;
#[cfg(feature = "sqlite")]
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use invite_core::store::StoreError;

use super::store_error;
use crate::{
    migration::{Migration, check_present},
    session::{End, Session, end},
    statement::Statement,
};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "0001_invitations.sql",
    sql: include_str!("../../migrations/sqlite/0001_invitations.sql"),
}];

/// The library's own ledger: a shared one would collide with the host's.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS invite_migrations (version INTEGER NOT NULL PRIMARY KEY) STRICT";

/// Brings the database to the present schema, all of it or nothing. May be called at every start,
/// by any number of processes at once, with a connection that is in no transaction.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
#[cfg(feature = "sqlite")]
pub async fn migrate(conn: &mut SyncConnectionWrapper<SqliteConnection>) -> Result<(), StoreError> {
    run(conn).await
}

pub(crate) async fn run(conn: &mut impl Session<Database = Sqlite>) -> Result<(), StoreError> {
    conn.begin("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let work = apply(conn).await;
    end(conn, work).await
}

async fn apply(conn: &mut impl Session<Database = Sqlite>) -> Result<End<()>, StoreError> {
    conn.script(LEDGER).await.map_err(store_error)?;
    let present = Statement::new("SELECT COALESCE(max(version), 0) FROM invite_migrations");
    let present = present.fetch_one(conn).await?;
    for migration in check_present(MIGRATIONS, present)? {
        conn.script(migration.sql).await.map_err(store_error)?;
        let version = Statement::new("INSERT INTO invite_migrations (version) VALUES (?1)");
        version.bind(i64::from(migration.version)).execute(conn).await?;
    }
    Ok(End::Commit(()))
}
