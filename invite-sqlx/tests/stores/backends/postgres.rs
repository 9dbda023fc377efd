//! PostgreSQL, in a database of its own on the server of the test command.

use invite_core::store::StoreError;
use invite_sqlx::{PgStore, postgres};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Backend, PATIENCE, unique_name};

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
        let server: PgConnectOptions = super::server("INVITE_TEST_POSTGRES_URL").parse().unwrap();
        let name = unique_name();
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

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }
}
