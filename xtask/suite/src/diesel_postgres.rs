//! PostgreSQL through diesel-async, each case in an empty database on the server of the test command.

use std::sync::{Mutex, PoisonError};

use diesel::{
    QueryableByName,
    sql_types::{self, Text},
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use invite_conformance::{Damage, Effort, Harness};
use invite_core::{InvitationId, store::StoreError};
use invite_diesel::{
    PgStore,
    postgres::{self, store_error},
};
use tokio::runtime::Runtime;

use crate::{
    diesel_pool::lend,
    sqlx_postgres::{DUMP, damage},
};

/// Databases are dropped by nobody: the server is thrown away as a whole.
pub struct OnPostgres {
    runtime: Runtime,
    /// Databases that are empty again.
    empty: Mutex<Vec<Pool<AsyncPgConnection>>>,
}

impl Default for OnPostgres {
    fn default() -> Self {
        Self { runtime: crate::runtime(), empty: Mutex::default() }
    }
}

#[derive(QueryableByName)]
struct Dumped {
    #[diesel(sql_type = Text)]
    row: String,
}

/// So many connections to this database, which is there as long as they are.
pub(crate) fn pool(url: &str, connections: u32) -> Result<Pool<AsyncPgConnection>, StoreError> {
    pool_with(RecyclingMethod::Fast, url, connections)
}

/// So many connections to this database, each looked at before it is lent again, as diesel-async does it by itself.
pub(crate) fn wary_pool(url: &str, connections: u32) -> Result<Pool<AsyncPgConnection>, StoreError> {
    pool_with(RecyclingMethod::Verified, url, connections)
}

fn pool_with(
    recycling: RecyclingMethod<AsyncPgConnection>,
    url: &str,
    connections: u32,
) -> Result<Pool<AsyncPgConnection>, StoreError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = recycling;
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager).max_size(connections as usize).build().map_err(StoreError::failed)
}

async fn database() -> Result<Pool<AsyncPgConnection>, StoreError> {
    let server = crate::server("INVITE_TEST_POSTGRES_URL")?;
    let name = crate::unique_name();
    let mut admin = AsyncPgConnection::establish(&server).await.map_err(StoreError::failed)?;
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.map_err(store_error)?;
    let pool = pool(&crate::beside(&server, &name), crate::connections())?;
    postgres::migrate(&mut *pool.get().await.map_err(StoreError::failed)?).await?;
    Ok(pool)
}

impl Harness for OnPostgres {
    type Store = PgStore;
    type Pool = Pool<AsyncPgConnection>;
    type Connection = Object<AsyncPgConnection>;
    type Transaction = Object<AsyncPgConnection>;

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

    async fn fresh(&self) -> Result<Self::Pool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match empty {
            Some(pool) => Ok(pool),
            None => database().await,
        }
    }

    async fn close(&self, pool: Self::Pool) {
        let Ok(mut conn) = pool.get().await else { return };
        let emptied = conn.batch_execute("TRUNCATE invite_invitations, invite_tokens, invite_outbox, invite_events");
        if emptied.await.is_ok() {
            drop(conn);
            self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
        }
    }

    async fn connect(&self, pool: &Self::Pool) -> Result<Self::Connection, StoreError> {
        lend(pool).await
    }

    async fn begin(&self, pool: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        let mut conn = self.connect(pool).await?;
        AnsiTransactionManager::begin_transaction_sql(&mut *conn, level).await.map_err(store_error)?;
        Ok(conn)
    }

    async fn commit(&self, mut tx: Self::Transaction) -> Result<(), StoreError> {
        AnsiTransactionManager::commit_transaction(&mut *tx).await.map_err(store_error)
    }

    async fn rollback(&self, mut tx: Self::Transaction) -> Result<(), StoreError> {
        AnsiTransactionManager::rollback_transaction(&mut *tx).await.map_err(store_error)
    }

    async fn move_time_zone(&self, tx: &mut Self::Transaction) -> Result<bool, StoreError> {
        tx.batch_execute("SET LOCAL TIME ZONE 'Asia/Kathmandu'").await.map_err(store_error)?;
        Ok(true)
    }

    async fn damage(&self, tx: &mut Self::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let Some(statement) = damage(what) else { return Ok(false) };
        let statement = diesel::sql_query(statement).bind::<sql_types::Uuid, _>(*id.as_uuid());
        statement.execute(&mut **tx).await.map_err(store_error)?;
        Ok(true)
    }

    async fn at_rest(&self, pool: &Self::Pool) -> Result<Option<Vec<u8>>, StoreError> {
        let mut conn = self.connect(pool).await?;
        let mut bytes = Vec::new();
        for statement in DUMP {
            let rows: Vec<Dumped> = diesel::sql_query(statement).load(&mut *conn).await.map_err(store_error)?;
            bytes.extend(rows.into_iter().flat_map(|dumped| dumped.row.into_bytes()));
        }
        Ok(Some(bytes))
    }
}
