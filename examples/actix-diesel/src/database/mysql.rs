//! MariaDB and MySQL, at REPEATABLE READ, their default.

use std::error::Error;

use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error::DatabaseError},
};
use diesel_async::{AsyncMysqlConnection, SimpleAsyncConnection, pooled_connection::bb8};

use super::{PATIENCE, manager, reach};

/// After two seconds of waiting for somebody else's lock a statement asks for a retry.
const SETUP: &str = "SET SESSION innodb_lock_wait_timeout = 2";

pub(super) async fn connect(url: &str) -> Result<bb8::Pool<AsyncMysqlConnection>, Box<dyn Error>> {
    let mut conn: AsyncMysqlConnection = reach(url, SETUP).await?;
    // This server lets only one process at a time make a table.
    conn.batch_execute(include_str!("../../../schema/mysql.sql")).await?;
    invite_diesel::mysql::migrate(&mut conn).await?;
    let pool = bb8::Pool::builder().connection_timeout(PATIENCE);
    Ok(pool.build(manager(url, SETUP)).await?)
}

/// `false` when a unique key was taken, which costs this server's transactions nothing. `INSERT IGNORE`
/// would hide other mistakes too.
pub(super) fn inserted(result: QueryResult<usize>) -> QueryResult<bool> {
    match result {
        Ok(rows) => Ok(rows == 1),
        Err(DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(other) => Err(other),
    }
}
