//! SQLite: a file, one writer at a time.

use std::error::Error;

use diesel::{
    QueryResult,
    connection::{AnsiTransactionManager, TransactionManager},
};
use diesel_async::{SimpleAsyncConnection, pooled_connection::bb8};

use super::{PATIENCE, Sqlite, manager, reach};

/// After two seconds of waiting for somebody else's lock a statement asks for a retry. Diesel sets
/// none of these.
const SETUP: &str = "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON";

/// Who waits for a connection is woken; who waits for the file's lock looks for it now and then.
const CONNECTIONS: u32 = 4;

/// A file that is not there is made.
pub(super) async fn connect(file: &str) -> Result<bb8::Pool<Sqlite>, Box<dyn Error>> {
    let mut conn: Sqlite = reach(file, SETUP).await?;
    conn.batch_execute(include_str!("../../../schema/sqlite.sql")).await?;
    invite_diesel::sqlite::migrate(&mut conn).await?;
    let pool = bb8::Pool::builder().max_size(CONNECTIONS).connection_timeout(PATIENCE);
    Ok(pool.build(manager(file, SETUP)).await?)
}

/// As `immediate_transaction` begins: some of ours read first, and SQLite refuses to let a reader become
/// a writer once another has written. Inside a transaction it is a savepoint.
pub(super) async fn begin(conn: &mut Sqlite) -> QueryResult<()> {
    conn.spawn_blocking(|conn| match AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE") {
        Err(diesel::result::Error::AlreadyInTransaction) => AnsiTransactionManager::begin_transaction(conn),
        begun => begun,
    })
    .await
}
