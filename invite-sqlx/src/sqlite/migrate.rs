//! Bringing a database to the present schema.

use invite_core::store::StoreError;
use sqlx::{SqliteConnection, SqlitePool};

use super::store_error;
use crate::migration::{Migration, check_present};

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
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use invite_sqlx::sqlite;
///
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// sqlite::migrate(&pool).await?;
/// sqlite::migrate(&pool).await?; // nothing left to do
///
/// let version: i32 = sqlx::query_scalar("SELECT max(version) FROM invite_migrations").fetch_one(&pool).await?;
/// assert_eq!(Some(version), sqlite::MIGRATIONS.last().map(|last| last.version));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
pub async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    apply(&mut tx).await?;
    tx.commit().await.map_err(store_error)
}

async fn apply(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(LEDGER).execute(&mut *conn).await.map_err(store_error)?;
    let present: i32 = sqlx::query_scalar("SELECT COALESCE(max(version), 0) FROM invite_migrations")
        .fetch_one(&mut *conn)
        .await
        .map_err(store_error)?;
    for migration in check_present(MIGRATIONS, present)? {
        sqlx::raw_sql(migration.sql).execute(&mut *conn).await.map_err(store_error)?;
        let version = sqlx::query("INSERT INTO invite_migrations (version) VALUES (?1)").bind(migration.version);
        version.execute(&mut *conn).await.map_err(store_error)?;
    }
    Ok(())
}
