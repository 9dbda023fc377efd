//! PostgreSQL.

use invite_core::{Invitations, Policy, Unchecked};
use invite_sqlx::{PgStore, postgres};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::beside;
use crate::{DISPLAY, FILLED_FROM, PAYLOAD};

/// A database with the library's tables and a host's `memberships`.
#[derive(Debug)]
pub struct Database {
    url: String,
    pool: PgPool,
    members: Invitations<PgStore, Membership>,
}

impl Database {
    /// A fresh one on this server.
    pub async fn new(url: &str) -> Self {
        let server: PgConnectOptions = url.parse().expect("a URL");
        let name = format!("invite_bench_{}", std::process::id());
        let mut conn = PgConnection::connect_with(&server).await.expect("the server");
        conn.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
        // The ping before each loan is the pool's, and the same for every side: left out.
        let options = PgPoolOptions::new().test_before_acquire(false);
        let pool = options.connect_with(server.clone().database(&name)).await.expect("the database");
        postgres::migrate(&pool).await.expect("the schema");
        let members = Invitations::new(PgStore, Policy::default(), Unchecked);
        let database = Self { url: beside(url, &name), pool, members };
        let memberships =
            "CREATE TABLE memberships (person text NOT NULL, role text NOT NULL, invitation uuid NOT NULL)";
        database.execute(memberships).await;
        database
    }
}

super::subject!(PgStore, crate::by_hand::postgres, super::diesel::postgres);

const COLUMNS: &str = "id, kind, scope, recipient_given, recipient, inviter, payload, display, status, generation, \
     min_generation, revision, open_key, created_at, expires_at, delivery_id";

/// Without statistics, which the server gathers within a minute, plans are for tables of another size.
const STATISTICS: &str = "ANALYZE";

const SENT: &str = "INSERT INTO invite_letters (id, invitation, state, attempts) \
     SELECT delivery_id, id, 'sent', 1 FROM invite_invitations WHERE scope = 'big'";

fn due(from: u64, how_many: u64) -> String {
    format!(
        "INSERT INTO invite_invitations ({COLUMNS}) \
         SELECT ('ff' || lpad(to_hex(n), 30, '0'))::uuid, 'member', 'due', 'p' || n || '@example.com', \
             'p' || n || '@example.com', 'user:1', '{PAYLOAD}', '{DISPLAY}', 'pending', 1, 1, 1, \
             sha256(n::text::bytea), to_timestamp(n), to_timestamp(n), NULL::uuid \
         FROM generate_series({from}::bigint, {from} + {how_many} - 1) AS n; ANALYZE invite_invitations"
    )
}

fn fill(how_many: u64) -> [String; 3] {
    let insert = format!(
        "INSERT INTO invite_invitations ({COLUMNS}) \
         SELECT lpad(to_hex(n), 32, '0')::uuid, 'member', 'big', 'p' || n || '@example.com', \
             'p' || n || '@example.com', 'user:1', '{PAYLOAD}', '{DISPLAY}', 'pending', 1, 1, 1, NULL, \
             to_timestamp({FILLED_FROM} / 1000000 + n), to_timestamp(4000000000), lpad(to_hex(n), 32, '0')::uuid \
         FROM generate_series(1, {how_many}::bigint) AS n"
    );
    [insert, SENT.into(), "VACUUM ANALYZE".into()]
}
