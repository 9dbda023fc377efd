//! What the suite needs to be told about a database.

use std::{future::Future, ops::DerefMut};

use invite_core::{
    InvitationId,
    store::{InvitationStore, StoreError, WorkerStore},
};

/// How to use one adapter on one database.
///
/// The required methods are what any host does with its driver. The others are questions with an answer
/// for a database that can do everything, or nothing special: override them where yours differs.
pub trait Harness: Send + Sync + 'static {
    /// The store under test.
    type Store: InvitationStore<Conn: Sized + 'static> + WorkerStore<Self::Pool>;
    /// Where connections come from.
    type Pool: Send + Sync + 'static;
    /// A connection outside any transaction.
    type Connection: DerefMut<Target = <Self::Store as InvitationStore>::Conn> + Send + 'static;
    /// A connection inside a transaction that the driver knows of.
    type Transaction: DerefMut<Target = <Self::Store as InvitationStore>::Conn> + Send + 'static;

    /// The store.
    fn store(&self) -> Self::Store;

    /// Runs a future to its end, on the runtime the driver needs. Called from many threads at once.
    fn block_on<F: Future>(&self, work: F) -> F::Output;

    /// Connections to an empty, migrated schema that nobody else uses. Where many transactions may be open
    /// at once it must lend as many connections as [`effort`](Self::effort) has tasks, or let them wait.
    fn fresh(&self) -> impl Future<Output = Result<Self::Pool, StoreError>> + Send;

    /// A connection outside any transaction.
    fn connect(&self, pool: &Self::Pool) -> impl Future<Output = Result<Self::Connection, StoreError>> + Send;

    /// A transaction begun through the driver, at one of the [`levels`](Self::levels).
    fn begin(
        &self,
        pool: &Self::Pool,
        level: &'static str,
    ) -> impl Future<Output = Result<Self::Transaction, StoreError>> + Send;

    /// Commits. An error is classified as the adapter tells its hosts to classify it.
    fn commit(&self, tx: Self::Transaction) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Rolls back.
    fn rollback(&self, tx: Self::Transaction) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The schema is no longer needed; every transaction on it has ended.
    fn close(&self, pool: Self::Pool) -> impl Future<Output = ()> + Send {
        async move { drop(pool) }
    }

    /// The isolation levels and modes the database offers, by whatever words
    /// [`begin`](Self::begin) knows them; the first is the one most hosts use.
    fn levels(&self) -> &'static [&'static str] {
        &["default"]
    }

    /// Whether two transactions may be open at once. `false` leaves out the cases that need two.
    fn overlaps(&self) -> bool {
        true
    }

    /// How much the cases about races do.
    fn effort(&self) -> Effort {
        Effort::default()
    }

    /// Moves the session's time zone far from UTC; `false` where there is none.
    fn move_time_zone(&self, _tx: &mut Self::Transaction) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async { Ok(false) }
    }

    /// Writes into the row of an invitation what no library could have written; `false` where the
    /// database, or this harness, cannot.
    fn damage(
        &self,
        _tx: &mut Self::Transaction,
        _what: Damage,
        _id: InvitationId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async { Ok(false) }
    }

    /// Every byte that the database keeps, as far as it can be read; `None` where it cannot.
    fn at_rest(&self, _pool: &Self::Pool) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        async { Ok(None) }
    }
}

/// How a row is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// A delivery state that is none.
    DeliveryState,
    /// An inviter that is none.
    Inviter,
    /// A recipient that is no address.
    Recipient,
}

/// How much the cases about races do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Effort {
    /// How many run at once; fewer than four count as four.
    pub tasks: usize,
    /// How often, at each level.
    pub rounds: usize,
}

impl Default for Effort {
    /// 8 tasks, 5 rounds: enough to see a store that decides on what it read before.
    fn default() -> Self {
        Self { tasks: 8, rounds: 5 }
    }
}
