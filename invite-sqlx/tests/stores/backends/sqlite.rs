//! SQLite, in a file of its own.

use invite_core::store::StoreError;
use invite_sqlx::{SqliteStore, sqlite};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

use super::{Backend, PATIENCE};

pub(crate) struct OnSqlite {
    pool: SqlitePool,
    _folder: TempDir,
}

impl OnSqlite {
    pub(crate) async fn with_journal(mode: SqliteJournalMode, connections: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("test.db"))
            .create_if_missing(true)
            .journal_mode(mode)
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .unwrap();
        sqlite::migrate(&pool).await.unwrap();
        Self { pool, _folder: folder }
    }
}

impl Backend for OnSqlite {
    type Store = SqliteStore;
    type Pool = SqlitePool;
    type Tx = Transaction<'static, Sqlite>;

    const LEVELS: &'static [&'static str] = &["BEGIN", "BEGIN IMMEDIATE"];

    async fn fresh() -> Self {
        Self::with_journal(SqliteJournalMode::Wal, 16).await
    }

    fn pool(&self) -> SqlitePool {
        self.pool.clone()
    }

    async fn begin(&self) -> Self::Tx {
        self.pool.begin().await.unwrap()
    }

    async fn begin_at(&self, level: &'static str) -> Result<Self::Tx, StoreError> {
        self.pool.begin_with(level).await.map_err(sqlite::store_error)
    }

    async fn try_commit(tx: Self::Tx) -> Result<(), StoreError> {
        tx.commit().await.map_err(sqlite::store_error)
    }

    async fn commit(tx: Self::Tx) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx) {
        tx.rollback().await.unwrap();
    }

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }
}
