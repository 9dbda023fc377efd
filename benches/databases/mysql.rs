//! MariaDB, or MySQL.

use invite_core::{Invitations, Policy, Unchecked};
use invite_sqlx::{MySqlStore, mysql};
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

use super::beside;
use crate::{DISPLAY, FILLED_FROM, PAYLOAD};

/// A database with the library's tables and a host's `memberships`.
#[derive(Debug)]
pub struct Database {
    url: String,
    pool: MySqlPool,
    members: Invitations<MySqlStore, Membership>,
}

impl Database {
    /// A fresh one on this server.
    pub async fn new(url: &str) -> Self {
        let server: MySqlConnectOptions = url.parse().expect("a URL");
        let name = format!("invite_bench_{}", std::process::id());
        let mut conn = MySqlConnection::connect_with(&server).await.expect("the server");
        conn.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
        // The ping before each loan is the pool's, and the same for every side: left out.
        let options = MySqlPoolOptions::new().test_before_acquire(false);
        let pool = options.connect_with(server.clone().database(&name)).await.expect("the database");
        mysql::migrate(&pool).await.expect("the schema");
        let members = Invitations::new(MySqlStore, Policy::default(), Unchecked);
        let database = Self { url: beside(url, &name), pool, members };
        let memberships = "CREATE TABLE memberships (id BIGINT AUTO_INCREMENT PRIMARY KEY, \
             person VARCHAR(200) NOT NULL, role VARCHAR(20) NOT NULL, invitation BINARY(16) NOT NULL)";
        database.execute(memberships).await;
        database.execute("CREATE TABLE numbers (n BIGINT NOT NULL PRIMARY KEY)").await;
        database.execute("INSERT INTO numbers VALUES (1)").await;
        for doubling in (0..20).map(|times| 1 << times) {
            database.execute(&format!("INSERT INTO numbers SELECT n + {doubling} FROM numbers")).await;
        }
        database
    }
}

super::subject!(MySqlStore, crate::by_hand::mysql, super::diesel::mysql);

const COLUMNS: &str = "id, kind, scope, recipient_given, recipient, inviter, payload, display, status, generation, \
     min_generation, revision, open_key, created_at, expires_at, delivery_id";

/// As on PostgreSQL.
const STATISTICS: &str = "ANALYZE TABLE invite_invitations, invite_outbox";

const SENT: &str = "INSERT INTO invite_letters (id, invitation, state, attempts) \
     SELECT delivery_id, id, 'sent', 1 FROM invite_invitations WHERE scope = 'big'";

fn due(from: u64, how_many: u64) -> String {
    format!(
        "INSERT INTO invite_invitations ({COLUMNS}) \
         SELECT UNHEX(CONCAT('ff', LPAD(HEX({from} + n), 30, '0'))), 'member', 'due', CONCAT(MD5(n), '@example.com'), \
             CONCAT(MD5(n), '@example.com'), 'user:1', '{PAYLOAD}', '{DISPLAY}', 'pending', 1, 1, 1, \
             UNHEX(SHA2({from} + n, 256)), '2001-01-01' + INTERVAL n SECOND, '2001-01-01' + INTERVAL n SECOND, NULL \
         FROM numbers WHERE n <= {how_many}; ANALYZE TABLE invite_invitations"
    )
}

/// At most the million or so that `numbers` has.
fn fill(how_many: u64) -> [String; 3] {
    let insert = format!(
        "INSERT INTO invite_invitations ({COLUMNS}) \
         SELECT UNHEX(LPAD(HEX(n), 32, '0')), 'member', 'big', CONCAT('p', n, '@example.com'), \
             CONCAT('p', n, '@example.com'), 'user:1', '{PAYLOAD}', '{DISPLAY}', 'pending', 1, 1, 1, NULL, \
             '1970-01-01' + INTERVAL {FILLED_FROM} / 1000000 + n SECOND, '2090-01-01', UNHEX(LPAD(HEX(n), 32, '0')) \
         FROM numbers WHERE n <= {how_many}"
    );
    [insert, SENT.into(), "ANALYZE TABLE invite_invitations, invite_letters".into()]
}
