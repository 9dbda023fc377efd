//! The database, chosen once, at the start.
//!
//! A service has one database. Where this example says [`Pool`], [`Conn`] and [`Store`], a service
//! on PostgreSQL says `PgPool`, `PgConnection` and `PgStore`: these three only pass on. What really
//! differs is the SQL of the example's own tables, in `sqlite.rs`, `postgres.rs` and `mysql.rs`.

mod mysql;
mod postgres;
mod sqlite;
#[path = "../../shared/any_store.rs"]
mod store;
mod tables;

use std::{
    error::Error,
    ops::{Deref, DerefMut},
    time::Duration,
};

use invite_core::store::StoreError;
use invite_sqlx::{MySqlStore, PgStore, SqliteStore};
use shared::Role;
use sqlx::{
    Connection, Database, MySql, MySqlPool, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    mysql::MySqlDatabaseError, pool::PoolConnection, postgres::PgDatabaseError,
};

pub(crate) use self::{
    store::Store,
    tables::{NewUser, Tables},
};

/// How long a statement waits for somebody else's lock before it asks for a retry.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections to the database that was chosen.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    MySql(MySqlPool),
}

/// A connection lent by the pool, or a transaction on one. A transaction that is dropped is rolled
/// back.
pub(crate) enum Conn {
    Sqlite(Lent<Sqlite>),
    Postgres(Lent<Postgres>),
    MySql(Lent<MySql>),
}

pub(crate) enum Lent<DB: Database> {
    Connection(PoolConnection<DB>),
    Transaction(Transaction<'static, DB>),
}

impl Pool {
    /// Connects, and brings the tables up to date: the example's own, then the library's. Any number
    /// of processes may do so at once.
    pub(crate) async fn connect(url: &str) -> Result<Self, Box<dyn Error>> {
        match url.split_once(':') {
            Some(("sqlite", _)) => sqlite::connect(url.parse()?).await.map(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => postgres::connect(url.parse()?).await.map(Self::Postgres),
            Some(("mysql" | "mariadb", _)) => mysql::connect(url.parse()?).await.map(Self::MySql),
            // Nothing of it is repeated: what was misspelt may be a password.
            _ => Err("it begins with none of sqlite:, postgres:, mysql: and mariadb:".into()),
        }
    }

    /// Lends a connection, to read.
    pub(crate) async fn acquire(&self) -> sqlx::Result<Conn> {
        Ok(match self {
            Self::Sqlite(pool) => Conn::Sqlite(Lent::Connection(pool.acquire().await?)),
            Self::Postgres(pool) => Conn::Postgres(Lent::Connection(pool.acquire().await?)),
            Self::MySql(pool) => Conn::MySql(Lent::Connection(pool.acquire().await?)),
        })
    }

    /// Begins a transaction that will write.
    pub(crate) async fn begin(&self) -> sqlx::Result<Conn> {
        Ok(match self {
            // IMMEDIATE, because some of ours read first, and SQLite refuses to let a reader become
            // a writer once another has written.
            Self::Sqlite(pool) => Conn::Sqlite(Lent::Transaction(pool.begin_with("BEGIN IMMEDIATE").await?)),
            Self::Postgres(pool) => Conn::Postgres(Lent::Transaction(pool.begin().await?)),
            Self::MySql(pool) => Conn::MySql(Lent::Transaction(pool.begin().await?)),
        })
    }
}

impl Conn {
    /// The example's own tables, as this connection's database keeps them.
    pub(crate) fn tables(&mut self) -> &mut dyn Tables {
        match self {
            Self::Sqlite(conn) => &mut **conn,
            Self::Postgres(conn) => &mut **conn,
            Self::MySql(conn) => &mut **conn,
        }
    }

    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(conn) => conn.commit().await,
            Self::Postgres(conn) => conn.commit().await,
            Self::MySql(conn) => conn.commit().await,
        }
    }
}

impl<DB: Database> Lent<DB> {
    async fn commit(self) -> sqlx::Result<()> {
        match self {
            // Each of its statements has committed by itself.
            Self::Connection(_) => Ok(()),
            Self::Transaction(transaction) => transaction.commit().await,
        }
    }
}

impl<DB: Database> Deref for Lent<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl<DB: Database> DerefMut for Lent<DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

/// What an error of the example's own statements means, said as the library says it of its own.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(cause) if cause.try_downcast_ref::<PgDatabaseError>().is_some() => {
            invite_sqlx::postgres::store_error(error)
        }
        Some(cause) if cause.try_downcast_ref::<MySqlDatabaseError>().is_some() => {
            invite_sqlx::mysql::store_error(error)
        }
        // What comes from no database, such as a lost connection, means the same everywhere.
        Some(_) | None => invite_sqlx::sqlite::store_error(error),
    }
}

/// A role as a column holds it.
fn role(word: String) -> sqlx::Result<Role> {
    Role::try_from(word).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Fails at once, and says why, where a pool would go on trying for a while.
async fn reach<C: Connection>(options: &C::Options) -> Result<(), Box<dyn Error>> {
    let connecting = tokio::time::timeout(PATIENCE, C::connect_with(options));
    let connection = connecting.await.map_err(|_| "the server does not answer")??;
    Ok(connection.close().await?)
}
