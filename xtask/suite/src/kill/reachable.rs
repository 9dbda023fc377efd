//! Databases that are found by their URL, by another process or after a restart.

use std::{path::Path, time::Duration};

use invite_core::{conformance::Harness, store::StoreError};
use invite_sqlx::{mysql, postgres, sqlite};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, MySqlPool, PgPool, SqlitePool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use crate::{
    diesel_mysql, diesel_postgres, diesel_sqlite, sqlx_mysql::OnMySql, sqlx_postgres::OnPostgres, sqlx_sqlite::OnSqlite,
};

/// As long as a killed server may take to come back.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a kill needs to know of a database beyond the conformance suite.
pub trait Reachable: Harness {
    /// Makes an empty, migrated database on that server, or in that folder, and returns its URL.
    fn create(&self, server: &str, name: &str) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// So many connections to it. While nobody answers, whoever wants one waits.
    fn open(&self, url: &str, connections: u32) -> impl Future<Output = Result<Self::Pool, StoreError>> + Send;
}

impl Reachable for OnPostgres {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        let server: PgConnectOptions = server.parse().map_err(postgres::store_error)?;
        let mut admin = server.connect().await.map_err(postgres::store_error)?;
        let create = sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")));
        create.execute(&mut admin).await.map_err(postgres::store_error)?;
        admin.close().await.map_err(postgres::store_error)?;
        let url = server.database(name).to_url_lossy().to_string();
        postgres::migrate(&self.open(&url, 1).await?).await.map_err(StoreError::failed)?;
        Ok(url)
    }

    async fn open(&self, url: &str, connections: u32) -> Result<PgPool, StoreError> {
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
        pool.connect(url).await.map_err(postgres::store_error)
    }
}

impl Reachable for OnMySql {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        let server: MySqlConnectOptions = server.parse().map_err(mysql::store_error)?;
        let mut admin = server.connect().await.map_err(mysql::store_error)?;
        let create = sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")));
        create.execute(&mut admin).await.map_err(mysql::store_error)?;
        admin.close().await.map_err(mysql::store_error)?;
        let url = server.database(name).to_url_lossy().to_string();
        mysql::migrate(&self.open(&url, 1).await?).await.map_err(StoreError::failed)?;
        Ok(url)
    }

    async fn open(&self, url: &str, connections: u32) -> Result<MySqlPool, StoreError> {
        let pool = MySqlPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
        pool.connect(url).await.map_err(mysql::store_error)
    }
}

impl Reachable for diesel_postgres::OnPostgres {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        OnPostgres::default().create(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        diesel_postgres::pool(url, connections as usize)
    }
}

impl Reachable for diesel_mysql::OnMySql {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        OnMySql::default().create(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        diesel_mysql::pool(url, connections as usize)
    }
}

impl Reachable for diesel_sqlite::OnSqlite {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        OnSqlite::wal().create(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        diesel_sqlite::durable_pool(url, connections as usize)
    }
}

impl Reachable for OnSqlite {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        let url = Path::new(server).join(name).display().to_string();
        sqlite::migrate(&self.open(&url, 1).await?).await.map_err(StoreError::failed)?;
        Ok(url)
    }

    /// With SQLite's own settings for what is synced and when.
    async fn open(&self, url: &str, connections: u32) -> Result<SqlitePool, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(url)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
        pool.connect_with(options).await.map_err(sqlite::store_error)
    }
}
