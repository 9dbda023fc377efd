//! PostgreSQL, at READ COMMITTED, its default.

use std::error::Error;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, pooled_connection::bb8};

use super::{PATIENCE, manager, reach};

/// After two seconds of waiting for somebody else's lock a statement asks for a retry.
const SETUP: &str = "SET lock_timeout = 2000";

/// Otherwise each start would log that the tables exist. Without a time limit, because somebody else's
/// migration may take a while.
const MIGRATING: &str = "SET client_min_messages = warning";

/// Held until the transaction ends: `IF NOT EXISTS` alone is no match for two processes that start
/// together. The number is "example" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(28561332491021413)";

pub(super) async fn connect(url: &str) -> Result<bb8::Pool<AsyncPgConnection>, Box<dyn Error>> {
    let mut conn: AsyncPgConnection = reach(url, MIGRATING).await?;
    conn.transaction(async |conn| {
        conn.batch_execute(LOCK).await?;
        conn.batch_execute(include_str!("../../../schema/postgres.sql")).await
    })
    .await?;
    invite_diesel::postgres::migrate(&mut conn).await?;
    let pool = bb8::Pool::builder().connection_timeout(PATIENCE);
    Ok(pool.build(manager(url, SETUP)).await?)
}
