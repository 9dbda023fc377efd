//! sqlx.

use invite_core::store::StoreError;
use invite_sqlx::{MySqlStore, PgStore, SqliteStore};
use sqlx::{
    AssertSqlSafe, Pool, Row, Transaction,
    mysql::MySqlPoolOptions,
    pool::{PoolConnection, PoolOptions},
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    database::{Care, Conn, Database},
    facts::{Facts, MYSQL, POSTGRES, SQLITE},
};

/// `through_sqlx!(Name, "what it is", FACTS, Store, module, open)`: sqlx has no bounds to write this once with.
macro_rules! through_sqlx {
    ($name:ident, $what:literal, $facts:ident, $store:ident, $module:ident, $open:ident) => {
        #[doc = $what]
        #[derive(Debug)]
        #[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
        pub struct $name;

        impl Database for $name {
            type Store = $store;
            type Pool = Pool<sqlx::$name>;
            type Connection = PoolConnection<sqlx::$name>;
            type Transaction = Transaction<'static, sqlx::$name>;

            const FACTS: &'static Facts = &$facts;

            async fn open(url: &str, connections: u32, care: Care) -> Result<Self::Pool, StoreError> {
                $open(url, connections, care).await.map_err(invite_sqlx::$module::store_error)
            }

            async fn migrate(pool: &Self::Pool) -> Result<(), StoreError> {
                invite_sqlx::$module::migrate(pool).await
            }

            async fn connect(pool: &Self::Pool) -> Result<Self::Connection, StoreError> {
                pool.acquire().await.map_err(invite_sqlx::$module::store_error)
            }

            async fn begin(pool: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
                pool.begin_with(level).await.map_err(invite_sqlx::$module::store_error)
            }

            async fn commit(tx: Self::Transaction) -> Result<(), StoreError> {
                tx.commit().await.map_err(invite_sqlx::$module::store_error)
            }

            async fn rollback(tx: Self::Transaction) -> Result<(), StoreError> {
                tx.rollback().await.map_err(invite_sqlx::$module::store_error)
            }

            async fn execute(conn: &mut Conn<Self>, statement: &str) -> Result<(), StoreError> {
                let statement = sqlx::query(AssertSqlSafe(statement.to_owned()));
                statement.execute(conn).await.map(drop).map_err(invite_sqlx::$module::store_error)
            }

            async fn bytes(conn: &mut Conn<Self>, statement: &'static str) -> Result<Vec<Vec<u8>>, StoreError> {
                let rows = sqlx::query(statement).fetch_all(conn).await.map_err(invite_sqlx::$module::store_error)?;
                let bytes = rows.iter().map(|row| row.try_get("bytes"));
                bytes.collect::<sqlx::Result<_>>().map_err(invite_sqlx::$module::store_error)
            }
        }
    };
}

through_sqlx!(MySql, "MySQL or MariaDB.", MYSQL, MySqlStore, mysql, open_mysql);
through_sqlx!(Postgres, "PostgreSQL.", POSTGRES, PgStore, postgres, open_postgres);
through_sqlx!(Sqlite, "SQLite.", SQLITE, SqliteStore, sqlite, open_sqlite);

async fn open_mysql(url: &str, connections: u32, care: Care) -> sqlx::Result<Pool<sqlx::MySql>> {
    options(MySqlPoolOptions::new(), connections, care).connect(url).await
}

async fn open_postgres(url: &str, connections: u32, care: Care) -> sqlx::Result<Pool<sqlx::Postgres>> {
    options(PgPoolOptions::new(), connections, care).connect(url).await
}

async fn open_sqlite(file: &str, connections: u32, care: Care) -> sqlx::Result<Pool<sqlx::Sqlite>> {
    let file = SqliteConnectOptions::new().filename(file).create_if_missing(true).busy_timeout(care.patience());
    let file = match care {
        Care::Quick => file.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Off),
        Care::QuickWithJournal => file.journal_mode(SqliteJournalMode::Delete).synchronous(SqliteSynchronous::Off),
        Care::Durable => file.journal_mode(SqliteJournalMode::Wal),
    };
    options(SqlitePoolOptions::new(), connections, care).connect_with(file).await
}

fn options<DB: sqlx::Database>(pool: PoolOptions<DB>, connections: u32, care: Care) -> PoolOptions<DB> {
    pool.max_connections(connections).acquire_timeout(crate::PATIENCE).test_before_acquire(care == Care::Durable)
}
