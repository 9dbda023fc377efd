//! Bringing a database to the present schema.

use invite_core::store::StoreError;
use sqlx::{MySqlConnection, MySqlPool};

use super::store_error;
use crate::migration::{Migration, check_present};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "0001_invitations.sql",
    sql: include_str!("../../migrations/mysql/0001_invitations.sql"),
}];

/// Held until released, so that processes that start together migrate one by one. It is the whole
/// server's, hence the database's name in it.
const LOCK: &str = "SELECT GET_LOCK(LEFT(CONCAT('invite_migrations/', DATABASE()), 64), 60)";
const UNLOCK: &str = "DO RELEASE_LOCK(LEFT(CONCAT('invite_migrations/', DATABASE()), 64))";

/// The library's own ledger: a shared one would collide with the host's.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS invite_migrations (version INT NOT NULL PRIMARY KEY) ENGINE = InnoDB";

/// Brings the database to the present schema. May be called at every start, by any number of
/// processes at once.
///
/// This server commits each statement that makes a table by itself: a step that failed half-way
/// stays half done, and says so by failing again.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
pub async fn migrate(pool: &MySqlPool) -> Result<(), StoreError> {
    let mut conn = pool.acquire().await.map_err(store_error)?;
    let locked: Option<i64> = sqlx::query_scalar(LOCK).fetch_one(&mut *conn).await.map_err(store_error)?;
    if locked != Some(1) {
        return Err(StoreError::retryable("another process has been migrating for a minute"));
    }
    let applied = apply(&mut conn).await;
    sqlx::query(UNLOCK).execute(&mut *conn).await.map_err(store_error)?;
    applied
}

async fn apply(conn: &mut MySqlConnection) -> Result<(), StoreError> {
    sqlx::query(LEDGER).execute(&mut *conn).await.map_err(store_error)?;
    let present: i32 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM invite_migrations")
        .fetch_one(&mut *conn)
        .await
        .map_err(store_error)?;
    for migration in check_present(MIGRATIONS, present)? {
        sqlx::raw_sql(migration.sql).execute(&mut *conn).await.map_err(store_error)?;
        let version = sqlx::query("INSERT INTO invite_migrations (version) VALUES (?)").bind(migration.version);
        version.execute(&mut *conn).await.map_err(store_error)?;
    }
    Ok(())
}
