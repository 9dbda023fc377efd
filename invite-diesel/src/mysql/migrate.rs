//! Bringing a database to the present schema.

use diesel::mysql::Mysql;
#[cfg(feature = "mysql")]
use diesel_async::AsyncMysqlConnection;
use invite_core::store::StoreError;

use super::store_error;
use crate::{
    migration::{Migration, check_present},
    session::Session,
    statement::Statement,
};

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
/// processes at once, with a connection that is in no transaction: this server commits one that is
/// open.
///
/// It commits each statement that makes a table by itself, too: a step that failed half-way stays
/// half done, and says so by failing again.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
#[cfg(feature = "mysql")]
pub async fn migrate(conn: &mut AsyncMysqlConnection) -> Result<(), StoreError> {
    run(conn).await
}

pub(crate) async fn run(conn: &mut impl Session<Database = Mysql>) -> Result<(), StoreError> {
    let locked: Option<i64> = Statement::new(LOCK).fetch_one(conn).await?;
    if locked != Some(1) {
        return Err(StoreError::retryable("another process has been migrating for a minute"));
    }
    let applied = apply(conn).await;
    conn.script(UNLOCK).await.map_err(store_error)?;
    applied
}

async fn apply(conn: &mut impl Session<Database = Mysql>) -> Result<(), StoreError> {
    conn.script(LEDGER).await.map_err(store_error)?;
    let present = Statement::new("SELECT COALESCE(MAX(version), 0) FROM invite_migrations");
    let present = present.fetch_one(conn).await?;
    for migration in check_present(MIGRATIONS, present)? {
        conn.script(migration.sql).await.map_err(store_error)?;
        let version = Statement::new("INSERT INTO invite_migrations (version) VALUES (?)");
        version.bind(i64::from(migration.version)).execute(conn).await?;
    }
    Ok(())
}
