//! SQLite through diesel-async, each case in an empty file.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use diesel::{
    QueryableByName, SqliteConnection,
    connection::AnsiTransactionManager,
    result::ConnectionError,
    sql_types::{Binary, Text},
};
use diesel_async::{
    AsyncConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};
use futures_util::FutureExt;
use invite_conformance::{Damage, Effort, Harness};
use invite_core::{InvitationId, store::StoreError};
use invite_diesel::{
    SqliteStore,
    sqlite::{self, store_error},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{diesel_pool::lend, sqlx_sqlite::at_rest};

type Conn = SyncConnectionWrapper<SqliteConnection>;

/// Files in a folder of their own, gone with it.
pub struct OnSqlite {
    runtime: Runtime,
    folder: TempDir,
    /// Files that are empty again.
    empty: Mutex<Vec<Pool<Conn>>>,
}

impl Default for OnSqlite {
    fn default() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { runtime: crate::runtime(), folder, empty: Mutex::default() }
    }
}

/// Diesel sets no busy timeout: what finds the file locked would fail at once.
pub(crate) const DURABLE: &str = "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL;";
pub(crate) const QUICK: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;";

/// So many connections to this file, which is not synced.
pub(crate) fn pool(file: &str, connections: u32) -> Result<Pool<Conn>, StoreError> {
    pool_with(QUICK, file, connections)
}

/// So many connections to this file, which is synced as SQLite does it by itself.
pub(crate) fn durable_pool(file: &str, connections: u32) -> Result<Pool<Conn>, StoreError> {
    pool_with(DURABLE, file, connections)
}

fn pool_with(settings: &'static str, file: &str, connections: u32) -> Result<Pool<Conn>, StoreError> {
    let mut config = ManagerConfig::<Conn>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |file| {
        let connecting = Conn::establish(file);
        async move {
            let mut conn = connecting.await?;
            conn.batch_execute(settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(file, config);
    Pool::builder(manager).max_size(connections as usize).build().map_err(StoreError::failed)
}

#[derive(QueryableByName)]
struct Listed {
    #[diesel(sql_type = Text)]
    file: String,
}

impl Harness for OnSqlite {
    type Store = SqliteStore;
    type Pool = Pool<Conn>;
    type Connection = Object<Conn>;
    type Transaction = Object<Conn>;

    fn store(&self) -> SqliteStore {
        SqliteStore
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    fn levels(&self) -> &'static [&'static str] {
        &["BEGIN", "BEGIN IMMEDIATE"]
    }

    fn effort(&self) -> Effort {
        crate::effort(crate::THOROUGH)
    }

    async fn fresh(&self) -> Result<Self::Pool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(pool) = empty {
            return Ok(pool);
        }
        let file = self.folder.path().join(crate::unique_name());
        let pool = pool(file.to_str().unwrap_or_default(), crate::SQLITE_CONNECTIONS)?;
        sqlite::migrate(&mut *pool.get().await.map_err(StoreError::failed)?).await?;
        Ok(pool)
    }

    async fn close(&self, pool: Self::Pool) {
        let Ok(mut conn) = pool.get().await else { return };
        for statement in crate::EMPTY {
            if conn.batch_execute(statement).await.is_err() {
                return;
            }
        }
        drop(conn);
        self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
    }

    async fn connect(&self, pool: &Self::Pool) -> Result<Self::Connection, StoreError> {
        lend(pool).await
    }

    async fn begin(&self, pool: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        let mut conn = self.connect(pool).await?;
        let begun = conn.spawn_blocking(move |conn| AnsiTransactionManager::begin_transaction_sql(conn, level));
        begun.await.map_err(store_error)?;
        Ok(conn)
    }

    async fn commit(&self, mut tx: Self::Transaction) -> Result<(), StoreError> {
        <Conn as AsyncConnection>::TransactionManager::commit_transaction(&mut *tx).await.map_err(store_error)
    }

    async fn rollback(&self, mut tx: Self::Transaction) -> Result<(), StoreError> {
        <Conn as AsyncConnection>::TransactionManager::rollback_transaction(&mut *tx).await.map_err(store_error)
    }

    async fn damage(&self, tx: &mut Self::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        let Some(statement) = crate::damage(what) else { return Ok(false) };
        let statement = diesel::sql_query(statement).bind::<Binary, _>(id.as_uuid().as_bytes().to_vec());
        statement.execute(&mut **tx).await.map_err(store_error)?;
        Ok(true)
    }

    async fn at_rest(&self, pool: &Self::Pool) -> Result<Option<Vec<u8>>, StoreError> {
        let mut conn = self.connect(pool).await?;
        let listed = diesel::sql_query("SELECT file FROM pragma_database_list WHERE name = 'main'");
        let main: Listed = listed.get_result(&mut *conn).await.map_err(store_error)?;
        at_rest(Path::new(&main.file))
    }
}
