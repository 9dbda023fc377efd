//! Bringing a database to the present schema.

use invite_core::store::StoreError;
use sqlx::{SqliteConnection, SqlitePool};

use super::error;

/// One step of the schema. A host that keeps all its migrations in one folder copies the SQL
/// there instead of calling [`migrate`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Migration {
    /// Its number, from 1 without a gap.
    pub version: u32,
    /// The file's name.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "0001_invitations.sql",
    sql: include_str!("../../migrations/sqlite/0001_invitations.sql"),
}];

/// The library's own ledger: a shared one would collide with the host's.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS invite_migrations (version INTEGER NOT NULL PRIMARY KEY) STRICT";

/// Brings the database to the present schema, all of it or nothing. May be called at every start,
/// by any number of processes at once.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
pub async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.map_err(error)?;
    apply(&mut tx).await?;
    tx.commit().await.map_err(error)
}

async fn apply(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(LEDGER).execute(&mut *conn).await.map_err(error)?;
    let present: u32 = sqlx::query_scalar("SELECT COALESCE(max(version), 0) FROM invite_migrations")
        .fetch_one(&mut *conn)
        .await
        .map_err(error)?;
    if MIGRATIONS.last().is_some_and(|last| last.version < present) {
        return Err(StoreError::failed("the database has a newer schema than this library"));
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > present) {
        sqlx::raw_sql(migration.sql).execute(&mut *conn).await.map_err(error)?;
        sqlx::query("INSERT INTO invite_migrations (version) VALUES (?1)")
            .bind(migration.version)
            .execute(&mut *conn)
            .await
            .map_err(error)?;
    }
    Ok(())
}
