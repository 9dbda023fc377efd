//! The stores under test, each with a fresh schema and a way to begin, commit and roll back.

use std::{
    env,
    future::Future,
    ops::DerefMut,
    process,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use invite_core::{
    memory::{Memory, MemoryConn, MemoryStore},
    store::{InvitationStore, StoreError, WorkerStore},
};
use invite_sqlx::{MySqlStore, PgStore, SqliteStore, mysql, postgres, sqlite};
use sqlx::{
    AssertSqlSafe, Connection, MySql, MySqlConnection, MySqlPool, PgConnection, PgPool, Postgres, Sqlite, SqlitePool,
    Transaction,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

/// A store, a fresh schema, and a way to begin and commit.
pub(crate) trait Backend: Sized + Send + Sync + 'static {
    type Store: InvitationStore<Conn: Sized> + WorkerStore<Self::Pool> + Default;
    type Pool: Clone + Send + Sync + 'static;
    type Tx: DerefMut<Target = <Self::Store as InvitationStore>::Conn> + Send;

    /// What the isolation levels this database offers are called in [`begin_at`](Self::begin_at).
    const LEVELS: &'static [&'static str];

    fn fresh() -> impl Future<Output = Self> + Send;
    fn pool(&self) -> Self::Pool;
    fn begin(&self) -> impl Future<Output = Self::Tx> + Send;
    /// At one of the levels; other people's connections, so it may wait for one.
    fn begin_at(&self, level: &'static str) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;
    /// A commit that may lose a race.
    fn try_commit(tx: Self::Tx) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn commit(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// Said and awaited: of a transaction that is only dropped, sqlx rolls back some time later.
    fn rollback(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// A rollback of what may be broken already.
    fn abandon(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// Far from UTC, for the rest of the transaction's connection.
    fn set_time_zone(tx: &mut Self::Tx) -> impl Future<Output = ()> + Send;
    /// A connection outside any transaction.
    fn with_connection(
        &self,
        work: impl AsyncFnOnce(&mut <Self::Store as InvitationStore>::Conn) + Send,
    ) -> impl Future<Output = ()>;
}

/// Many tasks share few connections: whoever waits for one waits for as long as a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct InMemory(Memory);

pub(crate) struct MemoryTx(MemoryConn);

impl std::ops::Deref for MemoryTx {
    type Target = MemoryConn;

    fn deref(&self) -> &MemoryConn {
        &self.0
    }
}

impl DerefMut for MemoryTx {
    fn deref_mut(&mut self) -> &mut MemoryConn {
        &mut self.0
    }
}

impl Backend for InMemory {
    type Store = MemoryStore;
    type Pool = Memory;
    type Tx = MemoryTx;

    const LEVELS: &'static [&'static str] = &["one at a time"];

    async fn fresh() -> Self {
        Self(Memory::default())
    }

    fn pool(&self) -> Memory {
        self.0.clone()
    }

    async fn begin(&self) -> MemoryTx {
        MemoryTx(self.0.begin().await)
    }

    async fn begin_at(&self, _: &'static str) -> Result<MemoryTx, StoreError> {
        Ok(self.begin().await)
    }

    async fn try_commit(tx: MemoryTx) -> Result<(), StoreError> {
        tx.0.commit();
        Ok(())
    }

    async fn commit(tx: MemoryTx) {
        tx.0.commit();
    }

    async fn rollback(tx: MemoryTx) {
        tx.0.rollback();
    }

    async fn set_time_zone(_: &mut MemoryTx) {}

    async fn abandon(tx: MemoryTx) {
        tx.0.rollback();
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut MemoryConn) + Send) {
        work(&mut self.0.connection()).await;
    }
}

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

    async fn set_time_zone(_: &mut Self::Tx) {}

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut sqlx::SqliteConnection) + Send) {
        let mut conn = self.pool.acquire().await.unwrap();
        work(&mut conn).await;
    }
}

/// A database of its own on the server that `cargo xtask test` starts, dropped by nobody: the server
/// is thrown away as a whole.
pub(crate) struct OnPostgres {
    pool: PgPool,
}

impl Backend for OnPostgres {
    type Store = PgStore;
    type Pool = PgPool;
    type Tx = Transaction<'static, Postgres>;

    const LEVELS: &'static [&'static str] = &[
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "BEGIN ISOLATION LEVEL REPEATABLE READ",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
    ];

    async fn fresh() -> Self {
        let server =
            env::var("INVITE_TEST_POSTGRES_URL").expect("`cargo xtask databases` sets INVITE_TEST_POSTGRES_URL");
        let server: PgConnectOptions = server.parse().unwrap();
        let name = format!("invite_{}_{}", process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect_with(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE)
            .connect_with(server.database(&name))
            .await
            .unwrap();
        postgres::migrate(&pool).await.unwrap();
        Self { pool }
    }

    fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    async fn begin(&self) -> Self::Tx {
        self.pool.begin().await.unwrap()
    }

    async fn begin_at(&self, level: &'static str) -> Result<Self::Tx, StoreError> {
        self.pool.begin_with(level).await.map_err(postgres::store_error)
    }

    async fn try_commit(tx: Self::Tx) -> Result<(), StoreError> {
        tx.commit().await.map_err(postgres::store_error)
    }

    async fn commit(tx: Self::Tx) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx) {
        tx.rollback().await.unwrap();
    }

    async fn set_time_zone(tx: &mut Self::Tx) {
        sqlx::query("SET LOCAL TIME ZONE 'Asia/Kathmandu'").execute(&mut **tx).await.unwrap();
    }

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut PgConnection) + Send) {
        let mut conn = self.pool.acquire().await.unwrap();
        work(&mut conn).await;
    }
}

/// As [`OnPostgres`].
pub(crate) struct OnMySql {
    pool: MySqlPool,
}

impl Backend for OnMySql {
    type Store = MySqlStore;
    type Pool = MySqlPool;
    type Tx = Transaction<'static, MySql>;

    const LEVELS: &'static [&'static str] = &[
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    ];

    async fn fresh() -> Self {
        let server = env::var("INVITE_TEST_MYSQL_URL").expect("`cargo xtask databases` sets INVITE_TEST_MYSQL_URL");
        let server: MySqlConnectOptions = server.parse().unwrap();
        let name = format!("invite_{}_{}", process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut admin = MySqlConnection::connect_with(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let pool = MySqlPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE)
            .connect_with(server.database(&name))
            .await
            .unwrap();
        mysql::migrate(&pool).await.unwrap();
        Self { pool }
    }

    fn pool(&self) -> MySqlPool {
        self.pool.clone()
    }

    async fn begin(&self) -> Self::Tx {
        self.pool.begin().await.unwrap()
    }

    async fn begin_at(&self, level: &'static str) -> Result<Self::Tx, StoreError> {
        let mut conn = self.pool.acquire().await.map_err(mysql::store_error)?;
        sqlx::query(level).execute(&mut *conn).await.map_err(mysql::store_error)?;
        Transaction::begin(conn, None).await.map_err(mysql::store_error)
    }

    async fn try_commit(tx: Self::Tx) -> Result<(), StoreError> {
        tx.commit().await.map_err(mysql::store_error)
    }

    async fn commit(tx: Self::Tx) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx) {
        tx.rollback().await.unwrap();
    }

    async fn set_time_zone(tx: &mut Self::Tx) {
        sqlx::query("SET time_zone = '+05:45'").execute(&mut **tx).await.unwrap();
    }

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }

    async fn with_connection(&self, work: impl AsyncFnOnce(&mut MySqlConnection) + Send) {
        let mut conn = self.pool.acquire().await.unwrap();
        work(&mut conn).await;
    }
}

static DATABASES: AtomicUsize = AtomicUsize::new(0);
