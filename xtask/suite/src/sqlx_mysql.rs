//! MySQL or MariaDB through sqlx, each case in an empty database on the server of the test command.

use std::sync::{Mutex, PoisonError};

use invite_conformance::{Damage, Effort, Harness};
use invite_core::{InvitationId, store::StoreError};
use invite_sqlx::{
    MySqlStore,
    mysql::{self, store_error},
};
use sqlx::{
    AssertSqlSafe, Connection, MySql, MySqlConnection, MySqlPool, Row, Transaction,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    pool::PoolConnection,
};
use tokio::runtime::Runtime;

/// As for PostgreSQL: dropped by nobody.
pub struct OnMySql {
    runtime: Runtime,
    /// Databases that are empty again.
    empty: Mutex<Vec<MySqlPool>>,
}

impl Default for OnMySql {
    fn default() -> Self {
        Self { runtime: crate::runtime(), empty: Mutex::default() }
    }
}

/// A new, migrated database.
///
/// # Errors
/// When the server does not answer, or `INVITE_TEST_MYSQL_URL` names none.
pub async fn database() -> Result<MySqlPool, StoreError> {
    let server: MySqlConnectOptions =
        crate::server("INVITE_TEST_MYSQL_URL")?.parse().map_err(|error: sqlx::Error| StoreError::failed(error))?;
    let name = crate::unique_name();
    let mut admin = MySqlConnection::connect_with(&server).await.map_err(store_error)?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.map_err(store_error)?;
    admin.close().await.map_err(store_error)?;
    let pool = MySqlPoolOptions::new()
        .max_connections(crate::connections())
        .acquire_timeout(crate::PATIENCE)
        .test_before_acquire(false)
        .connect_with(server.database(&name))
        .await
        .map_err(store_error)?;
    mysql::migrate(&pool).await.map_err(StoreError::failed)?;
    Ok(pool)
}

/// How a transaction is begun at each level, in one round trip.
pub(crate) const LEVELS: &[&str] = &[
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; BEGIN",
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN",
];

/// Every row of every table, as one text each.
pub(crate) const DUMP: [&str; 4] = [
    "SELECT CONCAT_WS(' ', id, kind, scope, recipient_given, recipient, inviter, payload, display, message, locale, \
        ended_by, ended_reason, open_key, delivery_error) AS row_text FROM invite_invitations",
    "SELECT CONCAT_WS(' ', digest, invitation, channel) AS row_text FROM invite_tokens",
    "SELECT CONCAT_WS(' ', id, kind, invitation, purpose, lease_owner, last_error) AS row_text FROM invite_outbox",
    "SELECT CONCAT_WS(' ', invitation, action, actor, reason) AS row_text FROM invite_events",
];

impl Harness for OnMySql {
    type Store = MySqlStore;
    type Pool = MySqlPool;
    type Connection = PoolConnection<MySql>;
    type Transaction = Transaction<'static, MySql>;

    fn store(&self) -> MySqlStore {
        MySqlStore
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    fn levels(&self) -> &'static [&'static str] {
        LEVELS
    }

    fn effort(&self) -> Effort {
        crate::effort(crate::THOROUGH)
    }

    async fn fresh(&self) -> Result<MySqlPool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match empty {
            Some(pool) => Ok(pool),
            None => database().await,
        }
    }

    async fn close(&self, pool: MySqlPool) {
        for statement in crate::EMPTY {
            if sqlx::query(statement).execute(&pool).await.is_err() {
                return;
            }
        }
        self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
    }

    async fn connect(&self, pool: &MySqlPool) -> Result<Self::Connection, StoreError> {
        pool.acquire().await.map_err(store_error)
    }

    async fn begin(&self, pool: &MySqlPool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        pool.begin_with(level).await.map_err(store_error)
    }

    async fn commit(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        tx.commit().await.map_err(store_error)
    }

    async fn rollback(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        tx.rollback().await.map_err(store_error)
    }

    async fn move_time_zone(&self, tx: &mut Self::Transaction) -> Result<bool, StoreError> {
        sqlx::query("SET time_zone = '+05:45'").execute(&mut **tx).await.map_err(store_error)?;
        Ok(true)
    }

    async fn damage(&self, tx: &mut Self::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let Some(statement) = crate::damage(what) else { return Ok(false) };
        sqlx::query(statement)
            .bind(id.as_uuid().as_bytes().as_slice())
            .execute(&mut **tx)
            .await
            .map_err(store_error)?;
        Ok(true)
    }

    async fn at_rest(&self, pool: &MySqlPool) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes = Vec::new();
        for statement in DUMP {
            for row in sqlx::query(statement).fetch_all(pool).await.map_err(store_error)? {
                bytes.extend(row.try_get::<Vec<u8>, _>(0).map_err(store_error)?);
            }
        }
        Ok(Some(bytes))
    }
}
