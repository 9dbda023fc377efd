//! diesel's own connections, which block, from r2d2.

use std::time::Duration;

use diesel::{
    MysqlConnection, PgConnection, QueryResult, RunQueryDsl, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    r2d2::{ConnectionManager, CustomizeConnection, Error, Pool, PooledConnection, R2D2Connection},
};
use invite_core::store::StoreError;
use invite_diesel::blocking::{mysql::MySqlStore, postgres::PgStore, sqlite::SqliteStore};

use super::diesel::Bytes;
use crate::{
    database::{Care, Conn, Database},
    facts::{Facts, MYSQL, POSTGRES, SQLITE},
};

/// `blocking!(Name, "what it is", FACTS, Store, module, Connection)`.
macro_rules! blocking {
    ($name:ident, $what:literal, $facts:ident, $store:ident, $module:ident, $conn:ident) => {
        #[doc = $what]
        #[derive(Debug)]
        #[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
        pub struct $name;

        impl Database for $name {
            type Store = $store;
            type Pool = Pool<ConnectionManager<$conn>>;
            type Connection = PooledConnection<ConnectionManager<$conn>>;
            type Transaction = PooledConnection<ConnectionManager<$conn>>;

            const FACTS: &'static Facts = &$facts;
            const BLOCKS: bool = true;

            async fn open(url: &str, connections: u32, care: Care) -> Result<Self::Pool, StoreError> {
                pool(url, connections, care, care.settings(Self::FACTS))
            }

            async fn migrate(pool: &Self::Pool) -> Result<(), StoreError> {
                invite_diesel::blocking::$module::migrate(&mut *lend(pool)?)
            }

            async fn connect(pool: &Self::Pool) -> Result<Self::Connection, StoreError> {
                lend(pool)
            }

            async fn begin(pool: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
                let mut conn = lend(pool)?;
                let begun = AnsiTransactionManager::begin_transaction_sql(&mut *conn, level);
                begun.map_err(invite_diesel::blocking::$module::store_error)?;
                Ok(conn)
            }

            async fn commit(mut tx: Self::Transaction) -> Result<(), StoreError> {
                let committed = AnsiTransactionManager::commit_transaction(&mut *tx);
                committed.map_err(invite_diesel::blocking::$module::store_error)
            }

            async fn rollback(mut tx: Self::Transaction) -> Result<(), StoreError> {
                let ended = AnsiTransactionManager::rollback_transaction(&mut *tx);
                ended.map_err(invite_diesel::blocking::$module::store_error)
            }

            async fn execute(conn: &mut Conn<Self>, statement: &str) -> Result<(), StoreError> {
                conn.batch_execute(statement).map_err(invite_diesel::blocking::$module::store_error)
            }

            async fn bytes(conn: &mut Conn<Self>, statement: &'static str) -> Result<Vec<Vec<u8>>, StoreError> {
                let rows: QueryResult<Vec<Bytes>> = diesel::sql_query(statement).load(conn);
                let rows = rows.map_err(invite_diesel::blocking::$module::store_error)?;
                Ok(rows.into_iter().map(|row| row.bytes).collect())
            }
        }
    };
}

blocking!(MySql, "MySQL or MariaDB, by libmysqlclient.", MYSQL, MySqlStore, mysql, MysqlConnection);
blocking!(Postgres, "PostgreSQL, by libpq.", POSTGRES, PgStore, postgres, PgConnection);
blocking!(Sqlite, "SQLite.", SQLITE, SqliteStore, sqlite, SqliteConnection);

/// What a connection is told before it is used.
#[derive(Debug)]
struct Settings(&'static str);

impl<C: SimpleConnection + 'static> CustomizeConnection<C, Error> for Settings {
    fn on_acquire(&self, conn: &mut C) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { conn.batch_execute(self.0).map_err(Error::QueryError) }
    }
}

/// Connections, made when they are asked for.
fn pool<C: R2D2Connection + 'static>(
    url: &str,
    connections: u32,
    care: Care,
    settings: &'static str,
) -> Result<Pool<ConnectionManager<C>>, StoreError> {
    let mut pool =
        Pool::builder().max_size(connections).min_idle(Some(0)).connection_customizer(Box::new(Settings(settings)));
    pool = match care {
        // It asks a server that is away less and less often, but no less than twice in this time.
        Care::Durable if settings.is_empty() => pool.connection_timeout(Duration::from_secs(2)),
        // A file is never away.
        Care::Durable => pool.connection_timeout(crate::PATIENCE).test_on_check_out(false),
        Care::Quick | Care::QuickWithJournal => pool.connection_timeout(crate::PATIENCE).test_on_check_out(false),
    };
    pool.build(ConnectionManager::new(url)).map_err(StoreError::failed)
}

fn lend<C: R2D2Connection + 'static>(
    pool: &Pool<ConnectionManager<C>>,
) -> Result<PooledConnection<ConnectionManager<C>>, StoreError> {
    pool.get().map_err(StoreError::retryable)
}
