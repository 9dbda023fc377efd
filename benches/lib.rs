//! What both benches measure: a database, the library's way to do a thing, and the same thing
//! written by hand over the same driver, with as little SQL as will do.

pub mod by_hand;

use std::time::Duration;

use invite_core::{
    Accepted, Actor, Claimant, Invitations, Kind, NewInvitation, Policy, Query, Token, Unchecked, testing,
};
use invite_sqlx::{SqliteStore, sqlite};
use serde::{Deserialize, Serialize};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

/// The payload of every invitation here.
#[derive(Debug, Serialize, Deserialize)]
pub struct Membership {
    /// What acceptance grants.
    pub role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// An SQLite file in WAL mode with the library's tables and a host's `memberships`.
#[derive(Debug)]
pub struct Database {
    /// Connections to it.
    pub pool: SqlitePool,
    /// The library over it.
    pub members: Invitations<SqliteStore, Membership>,
    _folder: TempDir,
}

impl Database {
    /// A fresh one.
    pub async fn new(synchronous: SqliteSynchronous) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("bench.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(Duration::from_secs(30));
        // The ping before each loan is the pool's, and the same for both sides: left out.
        let pool = SqlitePoolOptions::new().test_before_acquire(false).connect_with(options).await.expect("a database");
        sqlite::migrate(&pool).await.expect("the schema");
        sqlx::query("CREATE TABLE memberships (person TEXT NOT NULL, role TEXT NOT NULL, invitation BLOB NOT NULL)")
            .execute(&pool)
            .await
            .expect("the host's table");
        let members = Invitations::new(SqliteStore, Policy::default(), Unchecked);
        Self { pool, members, _folder: folder }
    }

    /// Invites, in a transaction of its own.
    pub async fn create(&self, n: u64) {
        let mut tx = self.pool.begin().await.expect("begin");
        self.members.scope(7).create(&mut tx, &Actor::new(1), new(n)).await.expect("create");
        tx.commit().await.expect("commit");
    }

    /// Invites so many and returns their links' tokens.
    pub async fn invited(&self, from: u64, how_many: u64) -> Vec<Token> {
        let mut tx = self.pool.begin().await.expect("begin");
        let mut tokens = Vec::new();
        for n in from..from + how_many {
            let created = self.members.scope(7).create(&mut tx, &Actor::new(1), new(n)).await.expect("create");
            tokens.push(testing::deliver(&self.members, &mut tx, created.id).await.expect("token"));
        }
        tx.commit().await.expect("commit");
        tokens
    }

    /// Previews, outside any transaction.
    pub async fn preview(&self, token: &Token) {
        let mut conn = self.pool.acquire().await.expect("connection");
        self.members.preview(&mut conn, token).await.expect("preview");
    }

    /// Accepts and inserts the membership, in one transaction.
    pub async fn accept(&self, token: &Token, n: u64) {
        let mut tx = self.pool.begin().await.expect("begin");
        let claimant = Claimant::new(n).verified(&address(n));
        let accepted = self.members.accept(&mut tx, token, claimant).await.expect("accept");
        let Accepted::Now(acceptance) = accepted else { panic!("accepted before") };
        let role = acceptance.invitation.payload().expect("payload").role;
        by_hand::join(&mut tx, n, &role, acceptance.invitation.id.as_uuid().as_bytes()).await;
        tx.commit().await.expect("commit");
    }

    /// Lists the newest fifty.
    pub async fn list(&self) {
        let mut conn = self.pool.acquire().await.expect("connection");
        let page = self.members.scope(7).list(&mut conn, &Actor::new(1), &Query::new()).await.expect("list");
        assert_eq!(page.items.len(), 50);
    }
}

/// The address of the n-th person.
#[must_use]
pub fn address(n: u64) -> String {
    format!("person{n}@example.com")
}

/// An invitation for the n-th person.
pub fn new(n: u64) -> NewInvitation<Membership> {
    let display = serde_json::json!({ "organization": "Example", "inviter": "Ada" });
    NewInvitation::new(address(n), Membership { role: "member".into() }).display(&display)
}
