//! MySQL or MariaDB, in a database of its own on the server of the test command.

use invite_core::store::StoreError;
use invite_sqlx::{MySqlStore, mysql};
use sqlx::{
    AssertSqlSafe, Connection, MySql, MySqlConnection, MySqlPool, Transaction,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

use super::{Backend, PATIENCE, unique_name};

/// As for PostgreSQL: dropped by nobody.
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
        let server: MySqlConnectOptions = super::server("INVITE_TEST_MYSQL_URL").parse().unwrap();
        let name = unique_name();
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

    async fn abandon(tx: Self::Tx) {
        let _ = tx.rollback().await;
    }
}
