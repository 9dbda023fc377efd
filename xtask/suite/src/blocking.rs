//! Every database through diesel's own connections, which block: each case in an empty database, or file.
//!
//! No runtime drives them: [`wait`] does, on the thread that asks. So whatever the suite lets happen at once happens on
//! threads of its own.

mod mysql;
mod postgres;
mod sqlite;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use diesel::{
    QueryResult,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    r2d2::{Builder, ConnectionManager, CustomizeConnection, Error, Pool, PooledConnection, R2D2Connection},
};
use invite_conformance::{Damage, Effort, Harness};
use invite_core::{
    InvitationId,
    store::{InvitationStore, StoreError, WorkerStore},
};
use invite_diesel::blocking::wait;

pub(crate) use self::sqlite::durable_sqlite;
pub use self::{mysql::MySql, postgres::Postgres, sqlite::Sqlite};

type Connections<D> = Pool<ConnectionManager<<D as Database>::Conn>>;

/// What differs between the databases.
pub trait Database: Default + Send + Sync + 'static {
    /// A connection.
    type Conn: R2D2Connection<TransactionManager = AnsiTransactionManager> + 'static;
    /// The store on it.
    type Store: InvitationStore<Conn = Self::Conn> + WorkerStore<Connections<Self>> + Default;

    /// The words of [`begin`](Self::begin).
    const LEVELS: &'static [&'static str];
    /// What empties the tables.
    const EMPTY: &'static [&'static str];

    /// Connections to a database that is empty and migrated.
    ///
    /// # Errors
    /// When there is none to be had.
    fn create(&self) -> Result<Connections<Self>, StoreError>;

    /// Begins a transaction at one of the levels.
    ///
    /// # Errors
    /// When the database refuses.
    fn begin(conn: &mut Self::Conn, level: &'static str) -> QueryResult<()>;

    /// Moves the session's time zone far from UTC; `false` where there is none.
    ///
    /// # Errors
    /// When the database refuses.
    fn move_time_zone(conn: &mut Self::Conn) -> QueryResult<bool>;

    /// Spoils a row; `false` where it cannot.
    ///
    /// # Errors
    /// When the database refuses.
    fn damage(conn: &mut Self::Conn, what: Damage, id: InvitationId) -> QueryResult<bool>;

    /// All that the database keeps.
    ///
    /// # Errors
    /// When it cannot be read.
    fn at_rest(conn: &mut Self::Conn) -> Result<Vec<u8>, StoreError>;

    /// What the adapter makes of an error.
    fn store_error(error: diesel::result::Error) -> StoreError;
}

/// A database under the suite. Databases on a server are dropped by nobody: the server is thrown away as a whole.
pub struct Blocking<D: Database> {
    database: D,
    /// Databases that are empty again.
    empty: Mutex<Vec<Connections<D>>>,
}

impl<D: Database> Default for Blocking<D> {
    fn default() -> Self {
        Self { database: D::default(), empty: Mutex::default() }
    }
}

/// So many connections to this database, made when they are asked for.
fn pool<C: R2D2Connection + 'static>(
    url: impl Into<String>,
    connections: u32,
    prepared: impl CustomizeConnection<C, Error>,
) -> Result<Pool<ConnectionManager<C>>, StoreError> {
    builder(connections)
        .test_on_check_out(false)
        .connection_customizer(Box::new(prepared))
        .build(ConnectionManager::new(url))
        .map_err(StoreError::failed)
}

/// So many connections to this database, each looked at before it is lent again, as r2d2 does it by itself.
pub(crate) fn wary_pool<D: Database>(url: &str, connections: u32) -> Result<Connections<D>, StoreError> {
    // It asks a server that is away less and less often, but no less than twice in this time.
    let builder = builder(connections).connection_timeout(Duration::from_secs(2));
    builder.build(ConnectionManager::new(url)).map_err(StoreError::failed)
}

fn builder<C: R2D2Connection + 'static>(connections: u32) -> Builder<ConnectionManager<C>> {
    Pool::builder().max_size(connections).min_idle(Some(0)).connection_timeout(crate::PATIENCE)
}

/// A connection that needs nothing before it is used.
#[derive(Debug)]
struct AsItComes;

impl<C> CustomizeConnection<C, Error> for AsItComes {}

/// The name of a new database, made by this connection.
fn new_database<C: diesel::Connection>(server: &str) -> Result<String, StoreError> {
    let name = crate::unique_name();
    let mut admin = C::establish(server).map_err(StoreError::failed)?;
    admin.batch_execute(&format!("CREATE DATABASE {name}")).map_err(StoreError::failed)?;
    Ok(crate::beside(server, &name))
}

fn lend<C: R2D2Connection + 'static>(
    pool: &Pool<ConnectionManager<C>>,
) -> Result<PooledConnection<ConnectionManager<C>>, StoreError> {
    pool.get().map_err(StoreError::retryable)
}

impl<D: Database> Harness for Blocking<D> {
    type Store = D::Store;
    type Pool = Connections<D>;
    type Connection = PooledConnection<ConnectionManager<D::Conn>>;
    type Transaction = PooledConnection<ConnectionManager<D::Conn>>;

    fn store(&self) -> D::Store {
        D::Store::default()
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        wait(work)
    }

    fn levels(&self) -> &'static [&'static str] {
        D::LEVELS
    }

    fn effort(&self) -> Effort {
        crate::effort(crate::BRIEF)
    }

    async fn fresh(&self) -> Result<Self::Pool, StoreError> {
        let empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner).pop();
        empty.map_or_else(|| self.database.create(), Ok)
    }

    async fn close(&self, pool: Self::Pool) {
        let Ok(mut conn) = lend(&pool) else { return };
        if D::EMPTY.iter().all(|statement| conn.batch_execute(statement).is_ok()) {
            drop(conn);
            self.empty.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
        }
    }

    async fn connect(&self, pool: &Self::Pool) -> Result<Self::Connection, StoreError> {
        lend(pool)
    }

    async fn begin(&self, pool: &Self::Pool, level: &'static str) -> Result<Self::Transaction, StoreError> {
        let mut conn = lend(pool)?;
        D::begin(&mut conn, level).map_err(D::store_error)?;
        Ok(conn)
    }

    async fn commit(&self, mut tx: Self::Transaction) -> Result<(), StoreError> {
        AnsiTransactionManager::commit_transaction(&mut *tx).map_err(D::store_error)
    }

    async fn rollback(&self, mut tx: Self::Transaction) -> Result<(), StoreError> {
        AnsiTransactionManager::rollback_transaction(&mut *tx).map_err(D::store_error)
    }

    async fn move_time_zone(&self, tx: &mut Self::Transaction) -> Result<bool, StoreError> {
        D::move_time_zone(tx).map_err(D::store_error)
    }

    async fn damage(&self, tx: &mut Self::Transaction, what: Damage, id: InvitationId) -> Result<bool, StoreError> {
        D::damage(tx, what, id).map_err(D::store_error)
    }

    async fn at_rest(&self, pool: &Self::Pool) -> Result<Option<Vec<u8>>, StoreError> {
        D::at_rest(&mut *lend(pool)?).map(Some)
    }
}
