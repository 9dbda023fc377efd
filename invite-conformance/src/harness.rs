//! What the suite needs to know about a database.

use std::{future::Future, ops::DerefMut};

use invite_core::{
    InvitationId,
    store::{InvitationStore, StoreError, WorkerStore},
};

/// Tells the suite how to use one store on one database.
///
/// The required methods do what every host does with its driver. The other methods have an answer that fits most
/// databases: override those that do not fit yours.
pub trait Harness: Send + Sync + 'static {
    /// The store under test.
    type Store: InvitationStore<Conn: Sized + 'static> + WorkerStore<Self::Pool>;
    /// The pool from which connections come.
    type Pool: Send + Sync + 'static;
    /// A connection outside any transaction.
    type Connection: DerefMut<Target = <Self::Store as InvitationStore>::Conn> + Send + 'static;
    /// A connection inside a transaction that was begun through the driver.
    type Transaction: DerefMut<Target = <Self::Store as InvitationStore>::Conn> + Send + 'static;

    /// Returns the store under test.
    fn store(&self) -> Self::Store;

    /// Runs a future to its end, on the runtime that the driver needs. The suite calls it from many threads at once.
    fn block_on<F: Future>(&self, work: F) -> F::Output;

    /// Returns a pool of connections to an empty, migrated schema that nothing else uses.
    ///
    /// If many transactions may be open at once, the pool must lend as many connections as [`effort`](Self::effort) has
    /// tasks, or let tasks wait for one.
    fn fresh(&self) -> impl Future<Output = Result<Self::Pool, StoreError>> + Send;

    /// Returns a connection outside any transaction.
    fn connect(&self, pool: &Self::Pool) -> impl Future<Output = Result<Self::Connection, StoreError>> + Send;

    /// Begins a transaction through the driver, at one of the [`levels`](Self::levels).
    fn begin(
        &self,
        pool: &Self::Pool,
        level: &'static str,
    ) -> impl Future<Output = Result<Self::Transaction, StoreError>> + Send;

    /// Commits. Classify an error as the documentation of your store tells its hosts to classify it.
    fn commit(&self, tx: Self::Transaction) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Rolls back.
    fn rollback(&self, tx: Self::Transaction) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives back a schema that is no longer needed. All transactions on it have ended.
    fn close(&self, pool: Self::Pool) -> impl Future<Output = ()> + Send {
        async move { drop(pool) }
    }

    /// The isolation levels and modes that the database offers, by the names that [`begin`](Self::begin) takes. The
    /// first one is that which most hosts use.
    fn levels(&self) -> &'static [&'static str] {
        &["default"]
    }

    /// Whether two transactions may be open at once. If not, the cases that need two do not apply.
    fn overlaps(&self) -> bool {
        true
    }

    /// How many tasks race, and how often.
    fn effort(&self) -> Effort {
        Effort::default()
    }

    /// Moves the time zone of the session far from UTC. `false` if a session has none.
    fn move_time_zone(&self, _tx: &mut Self::Transaction) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async { Ok(false) }
    }

    /// Writes a value into the row of an invitation that no store would write. `false` if the database refuses it, or
    /// the harness cannot.
    fn damage(
        &self,
        _tx: &mut Self::Transaction,
        _what: Damage,
        _id: InvitationId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async { Ok(false) }
    }

    /// Has the database let go of what was overwritten, where [`at_rest`](Self::at_rest) reads its files.
    fn clean_up(&self, _pool: &Self::Pool) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// All bytes that the database stores. `None` if they cannot be read.
    fn at_rest(&self, _pool: &Self::Pool) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        async { Ok(None) }
    }
}

/// The column of a row that [`Harness::damage`] spoils.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The delivery state becomes a word that names no state.
    DeliveryState,
    /// The inviter becomes a text that names no actor.
    Inviter,
    /// The recipient becomes a text that is no address.
    Recipient,
}

/// How much the races do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Effort {
    /// How many tasks run at once. Fewer than four count as four.
    pub tasks: usize,
    /// How many rounds each race has at each level. Fewer than three count as three.
    pub rounds: usize,
}

impl Default for Effort {
    /// 8 tasks and 5 rounds are enough to find a store that decides on what it read earlier.
    fn default() -> Self {
        Self { tasks: 8, rounds: 5 }
    }
}
