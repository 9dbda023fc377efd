//! The stores under test, each with a fresh schema and a way to begin, commit and roll back.

pub(crate) mod memory;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::{future::Future, ops::DerefMut, time::Duration};

use invite_core::store::{InvitationStore, StoreError, WorkerStore};

/// A store, a fresh schema, and a way to begin and commit.
pub(crate) trait Backend: Sized + Send + Sync + 'static {
    type Store: InvitationStore<Conn: Sized> + WorkerStore<Self::Pool> + Default;
    type Pool: Clone + Send + Sync + 'static;
    type Tx: DerefMut<Target = <Self::Store as InvitationStore>::Conn> + Send;

    /// What the isolation levels this database offers are called in [`begin_at`](Self::begin_at).
    const LEVELS: &'static [&'static str];

    fn fresh() -> impl Future<Output = Self> + Send;
    fn pool(&self) -> Self::Pool;
    fn begin(&self) -> impl Future<Output = Self::Tx> + Send;
    /// At one of the levels; other people's connections, so it may wait for one.
    fn begin_at(&self, level: &'static str) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;
    /// A commit that may lose a race.
    fn try_commit(tx: Self::Tx) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn commit(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// Said and awaited: of a transaction that is only dropped, sqlx rolls back some time later.
    fn rollback(tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// A rollback of what may be broken already.
    fn abandon(tx: Self::Tx) -> impl Future<Output = ()> + Send;
}

/// Many tasks share few connections: whoever waits for one waits for as long as a busy machine takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A name nobody else uses, for a database on a server that several test programs share.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn unique_name() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NAMES: AtomicUsize = AtomicUsize::new(0);
    format!("invite_{}_{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed))
}

/// The server that the test command has started, or was told of.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("`cargo xtask databases` sets {variable}"))
}
