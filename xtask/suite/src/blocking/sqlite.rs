//! SQLite.

use std::path::Path;

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection},
    r2d2::{CustomizeConnection, Error},
    sql_types::{Binary, Text},
};
use invite_conformance::Damage;
use invite_core::{InvitationId, store::StoreError};
use invite_diesel::blocking::sqlite::{self, SqliteStore, store_error};
use tempfile::TempDir;

use super::{Connections, Database, lend, pool};
use crate::{
    diesel_sqlite::{DURABLE, QUICK},
    sqlx_sqlite::at_rest,
};

/// Files in a folder of their own, gone with it.
#[derive(Debug)]
pub struct Sqlite(TempDir);

impl Default for Sqlite {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }
}

#[derive(QueryableByName)]
struct Listed {
    #[diesel(sql_type = Text)]
    file: String,
}

/// What a connection is told before it is used.
#[derive(Debug)]
struct Settings(&'static str);

impl CustomizeConnection<SqliteConnection, Error> for Settings {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> Result<(), Error> {
        conn.batch_execute(self.0).map_err(Error::QueryError)
    }
}

/// So many connections to this file, which is synced as SQLite does it by itself.
pub(crate) fn durable_sqlite(file: &str, connections: u32) -> Result<Connections<Sqlite>, StoreError> {
    pool(file, connections, Settings(DURABLE))
}

impl Database for Sqlite {
    type Conn = SqliteConnection;
    type Store = SqliteStore;

    const LEVELS: &'static [&'static str] = &["BEGIN", "BEGIN IMMEDIATE"];
    const EMPTY: &'static [&'static str] = &crate::EMPTY;

    fn create(&self) -> Result<Connections<Self>, StoreError> {
        let file = self.0.path().join(crate::unique_name());
        let file = file.to_str().unwrap_or_default();
        let pool = pool(file, crate::SQLITE_CONNECTIONS, Settings(QUICK))?;
        sqlite::migrate(&mut *lend(&pool)?)?;
        Ok(pool)
    }

    fn begin(conn: &mut SqliteConnection, level: &'static str) -> QueryResult<()> {
        AnsiTransactionManager::begin_transaction_sql(conn, level)
    }

    fn move_time_zone(_: &mut SqliteConnection) -> QueryResult<bool> {
        Ok(false)
    }

    fn damage(conn: &mut SqliteConnection, what: Damage, id: InvitationId) -> QueryResult<bool> {
        let Some(statement) = crate::damage(what) else { return Ok(false) };
        diesel::sql_query(statement).bind::<Binary, _>(id.as_uuid().as_bytes().as_slice()).execute(conn)?;
        Ok(true)
    }

    fn at_rest(conn: &mut SqliteConnection) -> Result<Vec<u8>, StoreError> {
        let listed = diesel::sql_query("SELECT file FROM pragma_database_list WHERE name = 'main'");
        let main: Listed = listed.get_result(conn).map_err(store_error)?;
        Ok(at_rest(Path::new(&main.file))?.unwrap_or_default())
    }

    fn store_error(error: diesel::result::Error) -> StoreError {
        store_error(error)
    }
}
