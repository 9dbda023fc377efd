//! A database in a file, with a host's table beside the library's.

use std::time::Duration;

use invite_core::{Actor, Invitations, Kind, NewInvitation, Policy, Token, Unchecked, testing};
use invite_sqlx::{SqliteStore, sqlite};
use serde::{Deserialize, Serialize};
use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) role: String,
}

impl Kind for Membership {
    const NAME: &'static str = "member";
}

pub(crate) fn new(email: &str) -> NewInvitation<Membership> {
    NewInvitation::new(email, Membership { role: "admin".into() })
}

pub(crate) struct World {
    pub(crate) pool: SqlitePool,
    pub(crate) folder: TempDir,
    pub(crate) members: Invitations<SqliteStore, Membership>,
    pub(crate) admin: Actor,
}

impl World {
    pub(crate) async fn new(journal: SqliteJournalMode, connections: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("test.db"))
            .create_if_missing(true)
            .journal_mode(journal)
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(Duration::from_secs(60));
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(120))
            .connect_with(options)
            .await
            .unwrap();
        sqlite::migrate(&pool).await.unwrap();
        let host = "CREATE TABLE memberships (person INTEGER NOT NULL, role TEXT NOT NULL, invitation TEXT NOT NULL)";
        sqlx::query(host).execute(&pool).await.unwrap();
        let members = Invitations::new(SqliteStore, Policy::default(), Unchecked);
        Self { pool, folder, members, admin: Actor::new(1) }
    }

    /// An invitation with a token, committed.
    pub(crate) async fn invited(&self, email: &str) -> (invite_core::InvitationId, Token) {
        let mut tx = self.pool.begin().await.unwrap();
        let id = self.members.scope(7).create(&mut tx, &self.admin, new(email)).await.unwrap().id;
        let token = testing::deliver(&self.members, &mut tx, id).await.unwrap();
        tx.commit().await.unwrap();
        (id, token)
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}

pub(crate) async fn join(conn: &mut SqliteConnection, person: i64, role: &str, invitation: &str) -> sqlx::Result<()> {
    let statement = sqlx::query("INSERT INTO memberships (person, role, invitation) VALUES (?, ?, ?)");
    statement.bind(person).bind(role).bind(invitation).execute(conn).await.map(drop)
}
