//! Behind PgBouncer, in the mode that suits its version.
//!
//! In transaction mode each transaction has another connection to the server. From version 1.21 on PgBouncer knows
//! prepared statements, and that makes no difference. Before, only the `migrate` of invite-sqlx works in that mode.

use futures_util::future::{join_all, try_join_all};
use invite_core::{
    Actor, Claimant, Invitations, Kind, NewInvitation, Policy, Unchecked, Worker,
    testing::{CapturedLetter, CapturingMailer},
};
use invite_suite::{
    database::{Care, Database},
    drivers::{diesel, sqlx},
};
use serde::{Deserialize, Serialize};
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

async fn a_whole_life_goes_well<D: Database>() {
    // In session mode a client that finds no connection to the server waits until another leaves.
    let (mode, connections) = if xtask::remembers_statements() { ("transaction", 8) } else { ("session", 2) };
    let pooled = pooled(mode);
    let pool = D::open(&pooled.url, connections, Care::Durable).await.unwrap();
    D::migrate(&pool).await.unwrap();
    let level = D::FACTS.levels[0];
    let members = Invitations::<_, Membership>::new(D::Store::default(), Policy::default(), Unchecked);

    let invite = async |client: usize| {
        for n in 0..EACH {
            let mut tx = D::begin(&pool, level).await?;
            let new = NewInvitation::new(format!("person{client}.{n}@example.com"), Membership);
            members.scope(7).create(&mut tx, &Actor::new(1), new).await?;
            D::commit(tx).await?;
        }
        Ok::<_, invite_core::Error>(())
    };
    try_join_all((0..CLIENTS).map(invite)).await.unwrap();

    let mailer = CapturingMailer::default();
    let worker = Worker::new(D::Store::default(), pool.clone(), mailer.clone()).serve(&members);
    let mut letters = Vec::new();
    while worker.tick().await.unwrap().sent > 0 {
        letters.extend(mailer.take());
    }
    assert_eq!(letters.len(), CLIENTS * EACH);

    let answer = async |letter: &CapturedLetter| {
        let mut tx = D::begin(&pool, level).await?;
        members.preview(&mut tx, letter.token()).await?;
        let claimant = Claimant::new(2).verified(letter.addressee().canonical());
        members.accept(&mut tx, letter.token(), &claimant).await?;
        D::commit(tx).await?;
        Ok::<_, invite_core::Error>(())
    };
    try_join_all(letters.iter().map(answer)).await.unwrap();
    D::migrate(&pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_goes_well_through_sqlx_on_postgres() {
    a_whole_life_goes_well::<sqlx::Postgres>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_goes_well_through_diesel_on_postgres() {
    a_whole_life_goes_well::<diesel::Postgres>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_migrate_at_once_through_sqlx_in_transaction_mode_on_postgres() {
    let pooled = pooled("transaction");
    let migrate = async || {
        let pool = sqlx::Postgres::open(&pooled.url, 1, Care::Durable).await.unwrap();
        sqlx::Postgres::migrate(&pool).await.unwrap();
    };
    join_all((0..CLIENTS).map(|_| migrate())).await;
}
