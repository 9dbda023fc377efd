//! Bringing a database to the present schema.

use invite_core::store::StoreError;
use sqlx::{PgConnection, PgPool};

use super::{BEGIN, store_error};
use crate::migration::{Migration, check_present};

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "0001_invitations.sql",
    sql: include_str!("../../migrations/postgres/0001_invitations.sql"),
}];

/// Held until the transaction ends, so that processes that start together migrate one by one. The
/// number is "invite" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(115923153941605)";

/// The library's own ledger: a shared one would collide with the host's.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS invite_migrations (version integer NOT NULL PRIMARY KEY)";

/// Brings the database to the present schema, all of it or nothing, in the schema that
/// `search_path` names first. May be called at every start, by any number of processes at once.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    let mut tx = pool.begin_with(BEGIN).await.map_err(store_error)?;
    apply(&mut tx).await?;
    tx.commit().await.map_err(store_error)
}

async fn apply(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(LOCK).execute(&mut *conn).await.map_err(store_error)?;
    sqlx::query(LEDGER).execute(&mut *conn).await.map_err(store_error)?;
    let present: i32 = sqlx::query_scalar("SELECT COALESCE(max(version), 0) FROM invite_migrations")
        .fetch_one(&mut *conn)
        .await
        .map_err(store_error)?;
    for migration in check_present(MIGRATIONS, present)? {
        sqlx::raw_sql(migration.sql).execute(&mut *conn).await.map_err(store_error)?;
        let version = sqlx::query("INSERT INTO invite_migrations (version) VALUES ($1)").bind(migration.version);
        version.execute(&mut *conn).await.map_err(store_error)?;
    }
    Ok(())
}
