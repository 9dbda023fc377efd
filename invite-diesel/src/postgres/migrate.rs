//! Bringing a database to the present schema.

use diesel::pg::Pg;
#[cfg(feature = "postgres")]
use diesel_async::AsyncPgConnection;
use invite_core::store::StoreError;

use super::{BEGIN, store_error};
use crate::{
    migration::{Migration, check_present},
    session::{End, Session, end},
    statement::Statement,
};

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
/// `search_path` names first. May be called at every start, by any number of processes at once,
/// with a connection that is in no transaction.
///
/// # Errors
/// A [`StoreError`], also when the database has a schema that is newer than this library.
#[cfg(feature = "postgres")]
pub async fn migrate(conn: &mut AsyncPgConnection) -> Result<(), StoreError> {
    run(conn).await
}

pub(crate) async fn run(conn: &mut impl Session<Database = Pg>) -> Result<(), StoreError> {
    conn.begin(BEGIN).await.map_err(store_error)?;
    let work = apply(conn).await;
    end(conn, work).await
}

async fn apply(conn: &mut impl Session<Database = Pg>) -> Result<End<()>, StoreError> {
    conn.script(LOCK).await.map_err(store_error)?;
    conn.script(LEDGER).await.map_err(store_error)?;
    let present = Statement::new("SELECT COALESCE(max(version), 0) FROM invite_migrations");
    let present = present.fetch_one(conn).await?;
    for migration in check_present(MIGRATIONS, present)? {
        conn.script(migration.sql).await.map_err(store_error)?;
        let version = Statement::new("INSERT INTO invite_migrations (version) VALUES ($1)");
        version.bind(migration.version).execute(conn).await?;
    }
    Ok(End::Commit(()))
}
