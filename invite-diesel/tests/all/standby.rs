//! A pool that asks lends no connection whose server takes no writes.

use std::time::{Duration, Instant};

use diesel_async::{
    AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, bb8, deadpool},
};
use invite_core::{Actor, Error};
use invite_diesel::postgres;

use crate::support::{Count, Failure, members, new, postgres as db};

/// Returns which connection of the server's it was.
async fn invite(conn: &mut AsyncPgConnection, email: &str) -> Result<i64, Failure> {
    let members = members::<db::Store>();
    conn.transaction(async |conn| {
        members.scope(7).create(conn, &Actor::new(1), new(email)).await?;
        let which = diesel::sql_query("SELECT pg_backend_pid()::bigint AS n");
        Ok(which.get_result::<Count>(conn).await?.n)
    })
    .await
}

/// On the connection that this expression lends.
macro_rules! is_closed {
    ($lend:expr) => {{
        let first = invite(&mut $lend, "ada@example.com").await.unwrap();
        assert_eq!(invite(&mut $lend, "grace@example.com").await.unwrap(), first);
        // To this one connection the server is from now on what a standby would be.
        $lend.batch_execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await.unwrap();
        // It may be lent once more, when the other test has just been refused one.
        let deadline = Instant::now() + Duration::from_secs(30);
        let second = loop {
            match invite(&mut $lend, "edith@example.com").await {
                Ok(second) => break second,
                Err(refused) => {
                    assert!(refused.downcast_ref::<Error>().is_some_and(Error::is_retryable), "{refused:?}");
                    assert!(Instant::now() < deadline, "it is lent again and again");
                }
            }
        };
        assert_ne!(second, first);
    }};
}

async fn manager() -> AsyncDieselConnectionManager<AsyncPgConnection> {
    let mut config = ManagerConfig::default();
    config.recycling_method =
        RecyclingMethod::CustomFunction(Box::new(|conn| Box::pin(postgres::ensure_writable(conn))));
    AsyncDieselConnectionManager::new_with_config(db::fresh().await, config)
}

#[tokio::test]
async fn a_connection_to_a_server_that_takes_no_writes_is_closed_by_deadpool_on_postgres() {
    let pool = deadpool::Pool::builder(manager().await).max_size(1).build().unwrap();
    is_closed!(pool.get().await.unwrap());
}

#[tokio::test]
async fn and_by_bb8_on_postgres() {
    let pool = bb8::Pool::builder().max_size(1).build(manager().await).await.unwrap();
    is_closed!(pool.get().await.unwrap());
}
