//! SQLite, a file in WAL mode.

use std::time::Duration;

use invite_core::{Invitations, Policy, Unchecked};
use invite_sqlx::{SqliteStore, sqlite};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

use crate::{DISPLAY, FILLED_FROM, PAYLOAD};

/// A file with the library's tables and a host's `memberships`.
#[derive(Debug)]
pub struct Database {
    url: String,
    pool: SqlitePool,
    members: Invitations<SqliteStore, Membership>,
    _folder: TempDir,
}

impl Database {
    /// A fresh one.
    pub async fn new(synchronous: SqliteSynchronous) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("bench.db");
        let url = file.to_str().expect("a path").to_owned();
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(Duration::from_secs(30));
        // The ping before each loan is the pool's, and the same for every side: left out.
        let pool = SqlitePoolOptions::new().test_before_acquire(false).connect_with(options).await.expect("a database");
        sqlite::migrate(&pool).await.expect("the schema");
        let members = Invitations::new(SqliteStore, Policy::default(), Unchecked);
        let database = Self { url, pool, members, _folder: folder };
        let memberships =
            "CREATE TABLE memberships (person TEXT NOT NULL, role TEXT NOT NULL, invitation BLOB NOT NULL)";
        database.execute(memberships).await;
        database
    }
}

super::subject!(SqliteStore, crate::by_hand::sqlite, super::diesel::sqlite);

const COLUMNS: &str = "id, kind, scope, recipient_given, recipient, inviter, payload, display, status, generation, \
     min_generation, revision, open_key, created_at, expires_at, delivery_id";

/// Ordinarily nobody has it gather statistics.
const STATISTICS: &str = "";

const SENT: &str = "INSERT INTO invite_letters (id, invitation, state, attempts) \
     SELECT delivery_id, id, 'sent', 1 FROM invite_invitations WHERE scope = 'big'";

fn due(from: u64, how_many: u64) -> String {
    format!(
        "WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {from} + {how_many} - 1) \
         INSERT INTO invite_invitations ({COLUMNS}) \
         SELECT CAST(printf('%016d', n) AS BLOB), 'member', 'due', address, address, \
             'user:1', '{PAYLOAD}', '{DISPLAY}', 'pending', 1, 1, 1, randomblob(32), n, n, NULL \
         FROM (SELECT n, lower(hex(randomblob(8))) || '@example.com' AS address FROM numbers)"
    )
}

fn fill(how_many: u64) -> [String; 3] {
    let insert = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {how_many}) \
         INSERT INTO invite_invitations ({COLUMNS}) \
         SELECT unhex(printf('%032x', n)), 'member', 'big', 'p' || n || '@example.com', 'p' || n || '@example.com', \
             'user:1', '{PAYLOAD}', '{DISPLAY}', 'pending', 1, 1, 1, NULL, {FILLED_FROM} + n * 1000000, \
             4000000000000000, unhex(printf('%032x', n)) FROM numbers"
    );
    [insert, SENT.into(), "ANALYZE".into()]
}
