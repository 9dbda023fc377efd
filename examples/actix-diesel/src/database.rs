//! The database, chosen once, at the start.
//!
//! A service has one database. Where this example says [`Pool`] and [`Conn`], a service on PostgreSQL
//! says `bb8::Pool<AsyncPgConnection>` and `AsyncPgConnection`, whose own `transaction` is called like
//! [`Conn::transaction`]; where it says [`Store`], `PgStore`. These three only pass on. The example's
//! own tables are asked in `tables.rs`, by the same queries on each database where these allow it.

mod mysql;
mod postgres;
mod sqlite;
#[path = "../../shared/any_store.rs"]
mod store;
mod tables;
#[cfg(test)]
mod tests;

use std::{error::Error, time::Duration};

use diesel::{ConnectionError, ConnectionResult, QueryResult, SqliteConnection};
use diesel_async::{
    AnsiTransactionManager as Manager, AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig,
        bb8::{self, PooledConnection},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};
use invite_core::store::{InvitationStore, StoreError};
use invite_diesel::{
    Connections, MySqlStore, PgStore, SqliteStore, mysql::store_error as mysql_error,
    postgres::store_error as postgres_error, sqlite::store_error as sqlite_error,
};
use shared::Problem;
use url::Url;

pub(crate) use self::{store::Store, tables::NewUser};
use crate::{error::ApiError, runtime::hung_up};

/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

type Sqlite = SyncConnectionWrapper<SqliteConnection>;

/// Connections to the database that was chosen.
#[derive(Clone)]
pub(crate) enum Pool {
    Sqlite(bb8::Pool<Sqlite>),
    Postgres(bb8::Pool<AsyncPgConnection>),
    MySql(bb8::Pool<AsyncMysqlConnection>),
}

/// A connection lent by the pool. bb8 looks at what it gets back, and closes what is in a transaction.
#[expect(clippy::large_enum_variant, reason = "one is lent at a time")]
pub(crate) enum Conn {
    Sqlite(PooledConnection<'static, Sqlite>),
    Postgres(PooledConnection<'static, AsyncPgConnection>),
    MySql(PooledConnection<'static, AsyncMysqlConnection>),
}

/// Does the same on whichever database's connection it is. What an error means is said as the library
/// says it of its own.
macro_rules! on_any {
    ($self:expr, $conn:ident => $work:expr) => {
        match $self {
            Conn::Sqlite($conn) => $work.map_err(sqlite_error),
            Conn::Postgres($conn) => $work.map_err(postgres_error),
            Conn::MySql($conn) => $work.map_err(mysql_error),
        }
    };
}
use on_any;

impl Pool {
    /// Connects, and brings the tables up to date: the example's own, then the library's. Any number
    /// of processes may do so at once.
    pub(crate) async fn connect(url: &str) -> Result<Self, Box<dyn Error>> {
        match url.split_once(':') {
            // sqlx reads these as options, escapes, and a database for each connection.
            Some(("sqlite", file)) if file.contains(['?', '%']) || file.contains(":memory:") => {
                Err("after sqlite: the path of a file is read, without ?, % and :memory:".into())
            }
            Some(("sqlite", file)) => sqlite::connect(file.trim_start_matches("//")).await.map(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => {
                postgres::connect(url.parse::<Url>()?.as_str()).await.map(Self::Postgres)
            }
            Some(("mysql" | "mariadb", rest)) => {
                mysql::connect(format!("mysql:{rest}").parse::<Url>()?.as_str()).await.map(Self::MySql)
            }
            // Nothing of it is repeated: what was misspelt may be a password.
            _ => Err("it begins with none of sqlite:, postgres:, mysql: and mariadb:".into()),
        }
    }

    /// Lends a connection.
    pub(crate) async fn get(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::Sqlite(pool) => Conn::Sqlite(pool.lend().await?),
            Self::Postgres(pool) => Conn::Postgres(pool.lend().await?),
            Self::MySql(pool) => Conn::MySql(pool.lend().await?),
        })
    }
}

impl Conn {
    /// Does the work in a transaction, or, inside one, in a savepoint. What the work refuses is rolled
    /// back; and where nobody waits for it any more, it stops. Then the pool gets the connection back with
    /// the transaction open, and closes it. A commit is not interrupted.
    pub(crate) async fn transaction<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let outermost = !Store.in_transaction(self);
        self.begin().await?;
        let answer = tokio::select! {
            biased;
            answer = work(self) => answer,
            () = hung_up(), if outermost => return Err(Problem::hung_up().into()),
        };
        match answer {
            Ok(answer) => {
                self.commit().await?;
                Ok(answer)
            }
            Err(error) => {
                // What went wrong first says more; and the pool closes what could not be rolled back.
                let _ = self.roll_back().await;
                Err(error)
            }
        }
    }

    async fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => sqlite::begin(conn).await.map_err(sqlite_error),
            Self::Postgres(conn) => Manager::begin_transaction(&mut **conn).await.map_err(postgres_error),
            Self::MySql(conn) => Manager::begin_transaction(&mut **conn).await.map_err(mysql_error),
        }
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        on_any!(self, conn => commit(&mut **conn).await)
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        on_any!(self, conn => roll_back(&mut **conn).await)
    }
}

async fn commit<C: AsyncConnection>(conn: &mut C) -> QueryResult<()> {
    C::TransactionManager::commit_transaction(conn).await
}

async fn roll_back<C: AsyncConnection>(conn: &mut C) -> QueryResult<()> {
    C::TransactionManager::rollback_transaction(conn).await
}

/// A first connection: to make the tables with, and to say at once what is wrong, where a pool would
/// go on trying for a while.
async fn reach<C: AsyncConnection>(url: &str, setup: &'static str) -> Result<C, Box<dyn Error>> {
    let connecting = tokio::time::timeout(PATIENCE, establish(url, setup));
    Ok(connecting.await.map_err(|_| "the server does not answer")??)
}

async fn establish<C: AsyncConnection>(url: &str, setup: &'static str) -> ConnectionResult<C> {
    let mut conn = C::establish(url).await?;
    conn.batch_execute(setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Connections that begin with this setup.
fn manager<C: AsyncConnection + 'static>(url: &str, setup: &'static str) -> AsyncDieselConnectionManager<C> {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(move |url| Box::pin(establish(url, setup)));
    AsyncDieselConnectionManager::new_with_config(url, config)
}
