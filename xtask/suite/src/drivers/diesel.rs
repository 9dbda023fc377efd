//! diesel-async, with connections from deadpool.

use std::time::Duration;

use deadpool::managed::Manager;
use diesel::{
    QueryResult, QueryableByName, SqliteConnection, connection::AnsiTransactionManager as BlockingManager,
    result::ConnectionError, sql_types::Binary,
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl,
    SimpleAsyncConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
        deadpool::{Object, Pool},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};
use futures_util::FutureExt;
use invite_core::store::StoreError;
use invite_diesel::{Connections, MySqlStore, PgStore, SqliteStore};

use crate::{
    database::{Care, Conn, Database},
    facts::{Facts, MYSQL, POSTGRES, SQLITE},
};

const POLL: Duration = Duration::from_millis(10);

type AsyncSqliteConnection = SyncConnectionWrapper<SqliteConnection>;

/// A row of what [`Database::bytes`] selects.
#[derive(QueryableByName)]
pub(super) struct Bytes {
    #[diesel(sql_type = Binary)]
    pub(super) bytes: Vec<u8>,
}

/// `through_diesel!(Name, "what it is", FACTS, Store, module, Connection, begin)`.
macro_rules! through_diesel {
    ($name:ident, $what:literal, $facts:ident, $store:ident, $module:ident, $conn:ident, $begin:ident) => {
        #[doc = $what]
        #[derive(Debug)]
        #[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
        pub struct $name;

        impl Database for $name {
            type Store = $store;
            type Pool = Pool<$conn>;
            type Connection = Object<$conn>;
            type Transaction = Object<$conn>;

            const FACTS: &'static Facts = &$facts;

            async fn open(url: &str, connections: u32, care: Care) -> Result<Self::Pool, StoreError> {
                pool(url, connections, care, care.settings(Self::FACTS))
            }

            async fn migrate(pool: &Self::Pool) -> Result<(), StoreError> {
                invite_diesel::$module::migrate(&mut *lend(pool).await?).await
            }

            async fn connect(pool: &Self::Pool) -> Result<Self::Connection, StoreError> {
                lend(pool).await
            }

            async fn begin(pool: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
                let mut conn = lend(pool).await?;
                $begin(&mut *conn, level).await.map_err(invite_diesel::$module::store_error)?;
                Ok(conn)
            }

            async fn commit(mut tx: Self::Transaction) -> Result<(), StoreError> {
                let committed = <$conn as AsyncConnection>::TransactionManager::commit_transaction(&mut *tx).await;
                committed.map_err(invite_diesel::$module::store_error)
            }

            async fn rollback(mut tx: Self::Transaction) -> Result<(), StoreError> {
                let ended = <$conn as AsyncConnection>::TransactionManager::rollback_transaction(&mut *tx).await;
                ended.map_err(invite_diesel::$module::store_error)
            }

            async fn execute(conn: &mut Conn<Self>, statement: &str) -> Result<(), StoreError> {
                conn.batch_execute(statement).await.map_err(invite_diesel::$module::store_error)
            }

            async fn bytes(conn: &mut Conn<Self>, statement: &'static str) -> Result<Vec<Vec<u8>>, StoreError> {
                let rows: QueryResult<Vec<Bytes>> = diesel::sql_query(statement).load(conn).await;
                let rows = rows.map_err(invite_diesel::$module::store_error)?;
                Ok(rows.into_iter().map(|row| row.bytes).collect())
            }
        }
    };
}

through_diesel!(MySql, "MySQL or MariaDB.", MYSQL, MySqlStore, mysql, AsyncMysqlConnection, begin);
through_diesel!(Postgres, "PostgreSQL.", POSTGRES, PgStore, postgres, AsyncPgConnection, begin);
through_diesel!(Sqlite, "SQLite.", SQLITE, SqliteStore, sqlite, AsyncSqliteConnection, begin_sqlite);

async fn begin<C>(conn: &mut C, level: &'static str) -> QueryResult<()>
where
    C: AsyncConnection<TransactionManager = AnsiTransactionManager>,
{
    AnsiTransactionManager::begin_transaction_sql(conn, level).await
}

async fn begin_sqlite(conn: &mut AsyncSqliteConnection, level: &'static str) -> QueryResult<()> {
    conn.spawn_blocking(move |conn| BlockingManager::begin_transaction_sql(conn, level)).await
}

/// Connections that are told these settings before they are used.
fn pool<C>(url: &str, connections: u32, care: Care, settings: &'static str) -> Result<Pool<C>, StoreError>
where
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: Manager<Type = C>,
{
    let mut config = ManagerConfig::<C>::default();
    if care != Care::Durable {
        config.recycling_method = RecyclingMethod::Fast;
    }
    config.custom_setup = Box::new(move |url| {
        let connecting = C::establish(url);
        async move {
            let mut conn = connecting.await?;
            if !settings.is_empty() {
                conn.batch_execute(settings).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            }
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager).max_size(connections as usize).build().map_err(StoreError::failed)
}

/// A connection, waited for while the server does not answer: it may have been killed, and come back.
async fn lend<P: Connections>(pool: &P) -> Result<P::Lent, StoreError> {
    let lent = async {
        loop {
            match pool.lend().await {
                Err(error) if error.is_retryable() => tokio::time::sleep(POLL).await,
                answer => return answer,
            }
        }
    };
    tokio::time::timeout(crate::PATIENCE, lent).await.map_err(StoreError::retryable)?
}
