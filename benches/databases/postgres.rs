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
        Self::named(url, "bench").await
    }

    /// One of several.
    pub async fn named(url: &str, name: &str) -> Self {
        let server: PgConnectOptions = url.parse().expect("a URL");
        let name = format!("invite_{name}_{}", std::process::id());
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

impl Database {
    /// Fills every table as some years would: of ten invitations seven are accepted, one is expired and two are open, in
    /// ten thousand scopes, a tenth of all in the scope `big`; each with its letter, its token and its events.
    pub async fn live_through(&self, invitations: u64) {
        const AT_ONCE: u64 = 500_000;

        for from in (1..=invitations).step_by(AT_ONCE.try_into().expect("it is small")) {
            for statement in lived(from, invitations.min(from + AT_ONCE - 1)) {
                self.execute(&statement).await;
            }
        }
        self.execute("VACUUM ANALYZE").await;
    }

    /// How many bytes each table has, indexes and all, and how many of them are indexes.
    pub async fn sizes(&self) -> Vec<(String, i64, i64)> {
        let sizes =
            "SELECT relname::text, pg_total_relation_size(oid)::bigint, pg_indexes_size(oid)::bigint FROM pg_class
                     WHERE relkind = 'r' AND relname LIKE 'invite\\_%' ORDER BY 2 DESC";
        sqlx::query_as(sizes).fetch_all(&self.pool).await.expect("sizes")
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
         SELECT ('ff' || lpad(to_hex(n), 30, '0'))::uuid, 'member', 'due', md5(n::text) || '@example.com', \
             md5(n::text) || '@example.com', 'user:1', '{PAYLOAD}', '{DISPLAY}', 'pending', 1, 1, 1, \
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

fn lived(from: u64, to: u64) -> [String; 4] {
    let numbers = format!("generate_series({from}::bigint, {to}) AS n");
    let invitations = format!(
        "INSERT INTO invite_invitations ({COLUMNS}, ended_at, ended_by) \
         SELECT lpad(to_hex(n), 32, '0')::uuid, 'member', \
             CASE WHEN n % 10 = 0 THEN 'big' ELSE 'org:' || (hashint8(n) & 2147483647) % 10000 END, \
             md5(n::text) || '@d' || n % 1000 || '.example', md5(n::text) || '@d' || n % 1000 || '.example', \
             'user:' || n % 50000, '{PAYLOAD}', '{DISPLAY}', \
             CASE WHEN n / 10 % 10 < 7 THEN 'accepted' WHEN n / 10 % 10 = 7 THEN 'expired' ELSE 'pending' END, 1, 1, \
             CASE WHEN n / 10 % 10 < 8 THEN 2 ELSE 1 END, \
             CASE WHEN n / 10 % 10 < 8 THEN NULL ELSE sha256(('open' || n)::bytea) END, \
             to_timestamp({FILLED_FROM} / 1000000 + n), to_timestamp(4000000000 + n), \
             lpad(to_hex(n), 32, '0')::uuid, \
             CASE WHEN n / 10 % 10 < 8 THEN to_timestamp({FILLED_FROM} / 1000000 + n + 86400) END, \
             CASE WHEN n / 10 % 10 < 8 THEN 'user:' || n END \
         FROM {numbers}"
    );
    let tokens = format!(
        "INSERT INTO invite_tokens (digest, invitation, generation, channel, created_at) \
         SELECT sha256(n::text::bytea), lpad(to_hex(n), 32, '0')::uuid, 1, 'mail', \
             to_timestamp({FILLED_FROM} / 1000000 + n) FROM {numbers}"
    );
    let letters = format!(
        "INSERT INTO invite_letters (id, invitation, state, attempts) \
         SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'sent', 1 FROM {numbers}"
    );
    let events = format!(
        "INSERT INTO invite_events (invitation, revision, action, actor, at) \
         SELECT lpad(to_hex(n), 32, '0')::uuid, r, CASE WHEN r = 1 THEN 'created' ELSE 'accepted' END, 'user:' || n, \
             to_timestamp({FILLED_FROM} / 1000000 + n + 86400 * (r - 1)) \
         FROM {numbers}, generate_series(1, CASE WHEN n / 10 % 10 < 8 THEN 2 ELSE 1 END) AS r"
    );
    [invitations, tokens, letters, events]
}
