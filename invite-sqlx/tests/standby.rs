//! A pool that asks lends no connection whose server takes no writes.

#![cfg(feature = "postgres")]

use std::{env, process};

use invite_core::{Actor, Error, Invitations, Kind, NewInvitation, Policy, Unchecked};
use invite_sqlx::{PgStore, postgres};
use serde::{Deserialize, Serialize};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

async fn invite(pool: &PgPool, email: &str) -> Result<i32, Error> {
    let members = Invitations::<_, Membership>::new(PgStore, Policy::default(), Unchecked);
    let mut tx = pool.begin().await.unwrap();
    members.scope(7).create(&mut tx, &Actor::new(1), NewInvitation::new(email, Membership)).await?;
    let server = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    Ok(server)
}

#[tokio::test]
async fn a_connection_to_a_server_that_takes_no_writes_is_lent_once_more_and_then_closed_on_postgres() {
    let server = env::var("INVITE_TEST_POSTGRES_URL").expect("`cargo xtask databases` sets INVITE_TEST_POSTGRES_URL");
    let server: PgConnectOptions = server.parse().unwrap();
    let name = format!("invite_standby_{}", process::id());
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    PgConnection::connect_with(&server).await.unwrap().execute(create).await.unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .before_acquire(|conn, _| Box::pin(async { Ok(postgres::is_writable(conn).await) }))
        .connect_with(server.database(&name))
        .await
        .unwrap();
    postgres::migrate(&pool).await.unwrap();

    let first = invite(&pool, "ada@example.com").await.unwrap();
    assert_eq!(invite(&pool, "grace@example.com").await.unwrap(), first);
    // To this one connection the server is from now on what a standby would be.
    pool.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await.unwrap();
    let refused = invite(&pool, "edith@example.com").await.unwrap_err();
    assert!(refused.is_retryable(), "{refused:?}");
    assert_ne!(invite(&pool, "edith@example.com").await.unwrap(), first);
}
