//! A driver on a database: what differs between the stores of this repository.

use std::{ops::DerefMut, time::Duration};

use invite_core::store::{InvitationStore, StoreError, WorkerStore};

use crate::facts::Facts;

/// The connection that a store works on.
pub type Conn<D> = <<D as Database>::Store as InvitationStore>::Conn;

/// How careful the connections to a database are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every driver decides on each")]
pub enum Care {
    /// Nothing is synced, and no connection is looked at before it is lent again. SQLite has a write-ahead log, as most
    /// hosts have it.
    Quick,
    /// The same with a rollback journal, SQLite's own default.
    QuickWithJournal,
    /// Files are synced and connections are looked at, as the drivers do it by themselves.
    Durable,
}

impl Care {
    /// How long SQLite waits for another writer. A store that is broken on purpose may wait for itself.
    pub(crate) const fn patience(self) -> Duration {
        match self {
            Self::Quick | Self::QuickWithJournal => Duration::from_secs(10),
            Self::Durable => Duration::from_secs(60),
        }
    }

    /// What diesel's connections to a file are told, because diesel sets none of it: without a timeout, what finds the
    /// file locked would fail at once.
    pub(crate) const fn settings(self, facts: &Facts) -> &'static str {
        match self {
            _ if facts.server.is_some() => "",
            Self::Quick => "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF",
            Self::QuickWithJournal => {
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF"
            }
            Self::Durable => "PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL",
        }
    }
}

/// One driver on one database.
pub trait Database: Send + Sync + 'static {
    /// The store.
    type Store: InvitationStore<Conn: Sized + 'static> + WorkerStore<Self::Pool> + Default;
    /// Where connections come from.
    type Pool: Clone + Send + Sync + 'static;
    /// A connection outside any transaction.
    type Connection: DerefMut<Target = Conn<Self>> + Send + 'static;
    /// A connection inside a transaction that the driver knows of.
    type Transaction: DerefMut<Target = Conn<Self>> + Send + 'static;

    /// The database.
    const FACTS: &'static Facts;
    /// Whether connections keep the thread that uses them.
    const BLOCKS: bool = false;

    /// So many connections to the database at this URL, or in this file, which is created if it does not exist. Who
    /// wants one waits until there is one.
    fn open(url: &str, connections: u32, care: Care) -> impl Future<Output = Result<Self::Pool, StoreError>> + Send;

    /// Creates the tables.
    fn migrate(pool: &Self::Pool) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lends a connection.
    fn connect(pool: &Self::Pool) -> impl Future<Output = Result<Self::Connection, StoreError>> + Send;

    /// Begins a transaction at one of the levels.
    fn begin(
        pool: &Self::Pool,
        level: &'static str,
    ) -> impl Future<Output = Result<Self::Transaction, StoreError>> + Send;

    /// Commits.
    fn commit(tx: Self::Transaction) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Rolls back.
    fn rollback(tx: Self::Transaction) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Executes a statement.
    fn execute(conn: &mut Conn<Self>, statement: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The bytes in the column `bytes` of each row.
    fn bytes(
        conn: &mut Conn<Self>,
        statement: &'static str,
    ) -> impl Future<Output = Result<Vec<Vec<u8>>, StoreError>> + Send;
}
