//! SQLite through sqlx, each case in an empty file.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use invite_conformance::{Damage, Effort, Harness};
use invite_core::{InvitationId, store::StoreError};
use invite_sqlx::{
    SqliteStore,
    sqlite::{self, store_error},
};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Files in a folder of their own, gone with it.
pub struct OnSqlite {
    runtime: Runtime,
    journal: SqliteJournalMode,
    folder: TempDir,
    /// Files that are empty again.
    empty: Mutex<Vec<SqlitePool>>,
}

impl OnSqlite {
    /// With a write-ahead log, as most hosts have it.
    #[must_use]
    pub fn wal() -> Self {
        Self::with(SqliteJournalMode::Wal)
    }

    /// With a rollback journal, SQLite's own default.
    #[must_use]
    pub fn rollback_journal() -> Self {
        Self::with(SqliteJournalMode::Delete)
    }

    fn with(journal: SqliteJournalMode) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { runtime: crate::runtime(), journal, folder, empty: Mutex::default() }
    }
}

impl Harness for OnSqlite {
    type Store = SqliteStore;
    type Pool = SqlitePool;
    type Connection = PoolConnection<Sqlite>;
    type Transaction = Transaction<'static, Sqlite>;

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

    async fn fresh(&self) -> Result<SqlitePool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(pool) = empty {
            return Ok(pool);
        }
        let options = SqliteConnectOptions::new()
            .filename(self.folder.path().join(crate::unique_name()))
            .create_if_missing(true)
            .journal_mode(self.journal)
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(crate::BUSY);
        let pool = SqlitePoolOptions::new()
            .max_connections(crate::SQLITE_CONNECTIONS)
            .acquire_timeout(crate::PATIENCE)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(store_error)?;
        sqlite::migrate(&pool).await.map_err(StoreError::failed)?;
        Ok(pool)
    }

    async fn close(&self, pool: SqlitePool) {
        for statement in crate::EMPTY {
            if sqlx::query(statement).execute(&pool).await.is_err() {
                return;
            }
        }
        self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
    }

    async fn connect(&self, pool: &SqlitePool) -> Result<Self::Connection, StoreError> {
        pool.acquire().await.map_err(store_error)
    }

    async fn begin(&self, pool: &SqlitePool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        pool.begin_with(level).await.map_err(store_error)
    }

    async fn commit(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        tx.commit().await.map_err(store_error)
    }

    async fn rollback(&self, tx: Self::Transaction) -> Result<(), StoreError> {
        tx.rollback().await.map_err(store_error)
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

    async fn at_rest(&self, pool: &SqlitePool) -> Result<Option<Vec<u8>>, StoreError> {
        at_rest(pool.connect_options().get_filename())
    }
}

/// The file, its log and its journal.
pub(crate) fn at_rest(file: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let mut bytes = fs::read(file).map_err(StoreError::failed)?;
    for suffix in ["-wal", "-journal"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(suffix);
        bytes.extend(fs::read(beside).unwrap_or_default());
    }
    Ok(Some(bytes))
}
