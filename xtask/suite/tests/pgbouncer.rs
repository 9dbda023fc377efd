//! Behind PgBouncer, in the mode that suits its version.
//!
//! In transaction mode each transaction has another connection to the server. From version 1.21 on PgBouncer knows
//! prepared statements, and that makes no difference. Before, only the `migrate` of invite-sqlx
//! works in that mode.

use std::sync::Arc;

use diesel_async::{
    AsyncConnection, AsyncPgConnection,
    pooled_connection::{AsyncDieselConnectionManager, deadpool},
};
use futures_util::future::join_all;
use invite_core::{
    Actor, Claimant, Invitations, Kind, NewInvitation, Policy, Unchecked, Worker,
    testing::{CapturedLetter, CapturingMailer},
};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;
use xtask::{Durability, Folder, POSTGRES, Server};

/// More clients than PgBouncer has connections to the server.
const CLIENTS: usize = 8;
const EACH: usize = 5;

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// A server and a PgBouncer, and its URL.
struct Pooled {
    url: String,
    // In this order they are stopped, and what they wrote is removed.
    _pgbouncer: Server,
    _server: Server,
    _folder: Folder,
}

fn pooled(mode: &str) -> Pooled {
    let folder = Folder::create().expect("a temporary folder");
    let server = Server::start(&POSTGRES, folder.path(), Durability::Off).unwrap_or_else(|why| panic!("{why}"));
    let pgbouncer = xtask::pgbouncer(&server, folder.path(), mode).unwrap_or_else(|why| panic!("{why}"));
    Pooled { url: pgbouncer.url(), _pgbouncer: pgbouncer, _server: server, _folder: folder }
}

/// What works with this version.
fn mode() -> &'static str {
    if xtask::remembers_statements() { "transaction" } else { "session" }
}

/// In session mode a client that finds no connection to the server waits until another leaves.
fn clients() -> usize {
    if xtask::remembers_statements() { CLIENTS } else { 2 }
}

fn address(client: usize, n: usize) -> String {
    format!("person{client}.{n}@example.com")
}

fn claimant(letter: &CapturedLetter) -> Claimant {
    Claimant::new(2).verified(letter.addressee().canonical())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_goes_well_through_sqlx_on_postgres() {
    use invite_sqlx::{PgStore, postgres};

    let pooled = pooled(mode());
    let pool = PgPoolOptions::new().max_connections(clients() as u32).connect(&pooled.url).await.unwrap();
    postgres::migrate(&pool).await.unwrap();
    let members = Arc::new(Invitations::<_, Membership>::new(PgStore, Policy::default(), Unchecked));
    let invite = |client| {
        let (pool, members) = (pool.clone(), Arc::clone(&members));
        tokio::spawn(async move {
            for n in 0..EACH {
                let mut tx = pool.begin().await.unwrap();
                let new = NewInvitation::new(address(client, n), Membership);
                members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
                tx.commit().await.unwrap();
            }
        })
    };
    for client in join_all((0..CLIENTS).map(invite)).await {
        client.unwrap();
    }

    let mailer = CapturingMailer::default();
    let worker = Worker::new(PgStore, pool.clone(), mailer.clone()).serve(&members);
    let mut letters = Vec::new();
    while worker.tick().await.unwrap().sent > 0 {
        letters.extend(mailer.take());
    }
    assert_eq!(letters.len(), CLIENTS * EACH);
    let answer = |letter: CapturedLetter| {
        let (pool, members) = (pool.clone(), Arc::clone(&members));
        tokio::spawn(async move {
            let mut tx = pool.begin().await.unwrap();
            members.preview(&mut tx, letter.token()).await.unwrap();
            members.accept(&mut tx, letter.token(), &claimant(&letter)).await.unwrap();
            tx.commit().await.unwrap();
        })
    };
    for answered in join_all(letters.into_iter().map(answer)).await {
        answered.unwrap();
    }
    postgres::migrate(&pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn several_migrate_at_once_through_sqlx_in_transaction_mode_on_postgres() {
    let pooled = pooled("transaction");
    let migrate = async || {
        let pool = PgPoolOptions::new().max_connections(1).connect(&pooled.url).await.unwrap();
        invite_sqlx::postgres::migrate(&pool).await.unwrap();
    };
    join_all((0..CLIENTS).map(|_| migrate())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_goes_well_through_diesel_on_postgres() {
    use diesel_async::pooled_connection::deadpool::Pool;
    use invite_diesel::{PgStore, postgres};

    let pooled = pooled(mode());
    let manager = AsyncDieselConnectionManager::new(pooled.url.clone());
    let pool: Pool<AsyncPgConnection> = deadpool::Pool::builder(manager).max_size(clients()).build().unwrap();
    postgres::migrate(&mut pool.get().await.unwrap()).await.unwrap();
    let members = Arc::new(Invitations::<_, Membership>::new(PgStore, Policy::default(), Unchecked));
    let invite = |client| {
        let (pool, members) = (pool.clone(), Arc::clone(&members));
        tokio::spawn(async move {
            for n in 0..EACH {
                let mut conn = pool.get().await.unwrap();
                conn.transaction(async |conn| {
                    let new = NewInvitation::new(address(client, n), Membership);
                    members.scope(7).create(conn, &Actor::new(1), new).await.unwrap();
                    diesel::QueryResult::Ok(())
                })
                .await
                .unwrap();
            }
        })
    };
    for client in join_all((0..CLIENTS).map(invite)).await {
        client.unwrap();
    }

    let mailer = CapturingMailer::default();
    let worker = Worker::new(PgStore, pool.clone(), mailer.clone()).serve(&members);
    let mut letters = Vec::new();
    while worker.tick().await.unwrap().sent > 0 {
        letters.extend(mailer.take());
    }
    assert_eq!(letters.len(), CLIENTS * EACH);
    let answer = |letter: CapturedLetter| {
        let (pool, members) = (pool.clone(), Arc::clone(&members));
        tokio::spawn(async move {
            let mut conn = pool.get().await.unwrap();
            conn.transaction(async |conn| {
                members.preview(conn, letter.token()).await.unwrap();
                members.accept(conn, letter.token(), &claimant(&letter)).await.unwrap();
                diesel::QueryResult::Ok(())
            })
            .await
            .unwrap();
        })
    };
    for answered in join_all(letters.into_iter().map(answer)).await {
        answered.unwrap();
    }
    postgres::migrate(&mut pool.get().await.unwrap()).await.unwrap();
}
