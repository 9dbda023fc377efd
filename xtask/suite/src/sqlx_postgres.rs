//! PostgreSQL through sqlx, each case in an empty database on the server of the test command.

use std::sync::{Mutex, PoisonError};

use invite_conformance::{Damage, Effort, Harness};
use invite_core::{InvitationId, store::StoreError};
use invite_sqlx::{
    PgStore,
    postgres::{self, store_error},
};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Row, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::runtime::Runtime;

/// Databases are dropped by nobody: the server is thrown away as a whole.
pub struct OnPostgres {
    runtime: Runtime,
    /// Databases that are empty again.
    empty: Mutex<Vec<PgPool>>,
}

impl Default for OnPostgres {
    fn default() -> Self {
        Self { runtime: crate::runtime(), empty: Mutex::default() }
    }
}

/// A new, migrated database.
///
/// # Errors
/// When the server does not answer, or `INVITE_TEST_POSTGRES_URL` names none.
pub async fn database() -> Result<PgPool, StoreError> {
    let server: PgConnectOptions =
        crate::server("INVITE_TEST_POSTGRES_URL")?.parse().map_err(|error: sqlx::Error| StoreError::failed(error))?;
    let name = crate::unique_name();
    let mut admin = PgConnection::connect_with(&server).await.map_err(store_error)?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.map_err(store_error)?;
    admin.close().await.map_err(store_error)?;
    let pool = PgPoolOptions::new()
        .max_connections(crate::connections())
        .acquire_timeout(crate::PATIENCE)
        .test_before_acquire(false)
        .connect_with(server.database(&name))
        .await
        .map_err(store_error)?;
    postgres::migrate(&pool).await.map_err(StoreError::failed)?;
    Ok(pool)
}

/// Every row of every table, as one text each.
pub(crate) const DUMP: [&str; 4] = [
    "SELECT invite_invitations::text AS row FROM invite_invitations",
    "SELECT invite_tokens::text AS row FROM invite_tokens",
    "SELECT invite_outbox::text AS row FROM invite_outbox",
    "SELECT invite_events::text AS row FROM invite_events",
];

/// The statement that spoils the row of this id.
pub(crate) fn damage(what: Damage) -> Option<&'static str> {
    match what {
        Damage::DeliveryState => Some("UPDATE invite_invitations SET delivery_state = 'lost' WHERE id = $1"),
        Damage::Inviter => Some("UPDATE invite_invitations SET inviter = 'nobody' WHERE id = $1"),
        Damage::Recipient => Some("UPDATE invite_invitations SET recipient_given = 'x' WHERE id = $1"),
        _ => None,
    }
}

impl Harness for OnPostgres {
    type Store = PgStore;
    type Pool = PgPool;
    type Connection = PoolConnection<Postgres>;
    type Transaction = Transaction<'static, Postgres>;

    fn store(&self) -> PgStore {
        PgStore
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    fn levels(&self) -> &'static [&'static str] {
        &[
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            "BEGIN ISOLATION LEVEL REPEATABLE READ",
            "BEGIN ISOLATION LEVEL SERIALIZABLE",
        ]
    }

    fn effort(&self) -> Effort {
        crate::effort(crate::THOROUGH)
    }

    async fn fresh(&self) -> Result<PgPool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match empty {
            Some(pool) => Ok(pool),
            None => database().await,
        }
    }

    async fn close(&self, pool: PgPool) {
        let emptied = sqlx::query("TRUNCATE invite_invitations, invite_tokens, invite_outbox, invite_events");
        if emptied.execute(&pool).await.is_ok() {
            self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
        }
    }

    async fn connect(&self, pool: &PgPool) -> Result<Self::Connection, StoreError> {
        pool.acquire().await.map_err(store_error)
    }

    async fn begin(&self, pool: &PgPool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        pool.begin_with(level).await.map_err(store_error)
    }

    async fn commit(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        tx.commit().await.map_err(store_error)
    }

    async fn rollback(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        tx.rollback().await.map_err(store_error)
    }

    async fn move_time_zone(&self, tx: &mut Self::Transaction) -> Result<bool, StoreError> {
        sqlx::query("SET LOCAL TIME ZONE 'Asia/Kathmandu'").execute(&mut **tx).await.map_err(store_error)?;
        Ok(true)
    }

    async fn damage(&self, tx: &mut Self::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let Some(statement) = damage(what) else { return Ok(false) };
        sqlx::query(statement).bind(*id.as_uuid()).execute(&mut **tx).await.map_err(store_error)?;
        Ok(true)
    }

    async fn at_rest(&self, pool: &PgPool) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes = Vec::new();
        for statement in DUMP {
            for row in sqlx::query(statement).fetch_all(pool).await.map_err(store_error)? {
                bytes.extend(row.try_get::<String, _>(0).map_err(store_error)?.into_bytes());
            }
        }
        Ok(Some(bytes))
    }
}
