//! Databases that are found by their URL, by another process or after a restart.

use std::{future::ready, path::Path, time::Duration};

use invite_conformance::Harness;
use invite_core::store::StoreError;
use invite_sqlx::{mysql, postgres, sqlite};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, MySqlPool, PgPool, SqlitePool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use crate::{
    blocking::{self, Blocking},
    diesel_mysql, diesel_postgres, diesel_sqlite,
    sqlx_mysql::OnMySql,
    sqlx_postgres::OnPostgres,
    sqlx_sqlite::OnSqlite,
};

/// As long as a killed server may take to come back.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a kill needs to know of a database beyond the conformance suite.
pub trait Reachable: Harness {
    /// Whether its connections keep the thread that uses them.
    const BLOCKS: bool = false;

    /// Makes an empty, migrated database on that server, or in that folder, and returns its URL.
    fn create(&self, server: &str, name: &str) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// So many connections to it. While nobody answers, whoever wants one waits.
    fn open(&self, url: &str, connections: u32) -> impl Future<Output = Result<Self::Pool, StoreError>> + Send;

    /// Waits until no transaction is open. A server ends those of killed clients, and those that it finds when it
    /// starts, while it serves others: until then, a worker passes over the letters that they hold.
    fn quiet(&self, _url: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(Ok(()))
    }
}

async fn create_postgres(server: &str, name: &str) -> Result<String, StoreError> {
    let url = crate::beside(server, name);
    let server: PgConnectOptions = server.parse().map_err(postgres::store_error)?;
    let mut admin = server.connect().await.map_err(postgres::store_error)?;
    let create = sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")));
    create.execute(&mut admin).await.map_err(postgres::store_error)?;
    admin.close().await.map_err(postgres::store_error)?;
    postgres::migrate(&open_postgres(&url, 1).await?).await.map_err(StoreError::failed)?;
    Ok(url)
}

async fn open_postgres(url: &str, connections: u32) -> Result<PgPool, StoreError> {
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect(url).await.map_err(postgres::store_error)
}

async fn quiet_postgres(url: &str) -> Result<(), StoreError> {
    let mut tx = open_postgres(url, 1).await?.begin().await.map_err(postgres::store_error)?;
    let lock = sqlx::query("LOCK TABLE invite_invitations, invite_outbox IN ACCESS EXCLUSIVE MODE");
    lock.execute(&mut *tx).await.map_err(postgres::store_error)?;
    tx.rollback().await.map_err(postgres::store_error)
}

impl Reachable for OnPostgres {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_postgres(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<PgPool, StoreError> {
        open_postgres(url, connections).await
    }

    async fn quiet(&self, url: &str) -> Result<(), StoreError> {
        quiet_postgres(url).await
    }
}

async fn create_mysql(server: &str, name: &str) -> Result<String, StoreError> {
    let url = crate::beside(server, name);
    let server: MySqlConnectOptions = server.parse().map_err(mysql::store_error)?;
    let mut admin = server.connect().await.map_err(mysql::store_error)?;
    let create = sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")));
    create.execute(&mut admin).await.map_err(mysql::store_error)?;
    admin.close().await.map_err(mysql::store_error)?;
    mysql::migrate(&open_mysql(&url, 1).await?).await.map_err(StoreError::failed)?;
    Ok(url)
}

async fn open_mysql(url: &str, connections: u32) -> Result<MySqlPool, StoreError> {
    let pool = MySqlPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect(url).await.map_err(mysql::store_error)
}

/// By reading all rows with locks: transactions that the server finds when it starts hold those and no table's.
async fn quiet_mysql(url: &str) -> Result<(), StoreError> {
    let mut tx = open_mysql(url, 1).await?.begin().await.map_err(mysql::store_error)?;
    for lock in ["SELECT id FROM invite_invitations FOR UPDATE", "SELECT id FROM invite_outbox FOR UPDATE"] {
        sqlx::query(lock).fetch_all(&mut *tx).await.map_err(mysql::store_error)?;
    }
    tx.rollback().await.map_err(mysql::store_error)
}

impl Reachable for OnMySql {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_mysql(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<MySqlPool, StoreError> {
        open_mysql(url, connections).await
    }

    async fn quiet(&self, url: &str) -> Result<(), StoreError> {
        quiet_mysql(url).await
    }
}

impl Reachable for diesel_postgres::OnPostgres {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_postgres(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        diesel_postgres::wary_pool(url, connections)
    }

    async fn quiet(&self, url: &str) -> Result<(), StoreError> {
        quiet_postgres(url).await
    }
}

impl Reachable for diesel_mysql::OnMySql {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_mysql(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        diesel_mysql::wary_pool(url, connections)
    }

    async fn quiet(&self, url: &str) -> Result<(), StoreError> {
        quiet_mysql(url).await
    }
}

impl Reachable for diesel_sqlite::OnSqlite {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_sqlite(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        diesel_sqlite::durable_pool(url, connections)
    }
}

impl Reachable for Blocking<blocking::Sqlite> {
    const BLOCKS: bool = true;

    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_sqlite(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        blocking::durable_sqlite(url, connections)
    }
}

impl Reachable for Blocking<blocking::Postgres> {
    const BLOCKS: bool = true;

    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_postgres(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        blocking::wary_pool::<blocking::Postgres>(url, connections)
    }

    async fn quiet(&self, url: &str) -> Result<(), StoreError> {
        quiet_postgres(url).await
    }
}

impl Reachable for Blocking<blocking::MySql> {
    const BLOCKS: bool = true;

    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_mysql(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<Self::Pool, StoreError> {
        blocking::wary_pool::<blocking::MySql>(url, connections)
    }

    async fn quiet(&self, url: &str) -> Result<(), StoreError> {
        quiet_mysql(url).await
    }
}

async fn create_sqlite(folder: &str, name: &str) -> Result<String, StoreError> {
    let url = Path::new(folder).join(name).display().to_string();
    sqlite::migrate(&open_sqlite(&url, 1).await?).await.map_err(StoreError::failed)?;
    Ok(url)
}

/// With SQLite's own settings for what is synced and when.
async fn open_sqlite(url: &str, connections: u32) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(url)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(PATIENCE);
    let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
    pool.connect_with(options).await.map_err(sqlite::store_error)
}

impl Reachable for OnSqlite {
    async fn create(&self, server: &str, name: &str) -> Result<String, StoreError> {
        create_sqlite(server, name).await
    }

    async fn open(&self, url: &str, connections: u32) -> Result<SqlitePool, StoreError> {
        open_sqlite(url, connections).await
    }
}
