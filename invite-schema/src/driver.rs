//! What a driver does for a store: send a statement, read rows, begin and end a transaction.

use std::{future::Future, ops::DerefMut};

use invite_core::store::StoreError;

use crate::{dialect::Dialect, row::FromRow, statement::Statement};

/// A database driver, on a type of your own: the store itself.
///
/// A driver decides nothing. It prepares each text once per connection, binds the values in the order of
/// the places, and reads rows through [`Columns`](crate::Columns).
/// [`store!`](crate::store) makes an `InvitationStore` and a `WorkerStore` of it.
pub trait Driver: Send + Sync + 'static {
    /// The database it talks to.
    type Db: Dialect;

    /// What a caller lends: a connection, or one inside a transaction.
    type Conn: Send;

    /// Whether the driver knows of a transaction on this connection.
    fn in_transaction(conn: &mut Self::Conn) -> bool;

    /// Sends a statement and returns how many rows it affected. On MySQL that is how many rows it found,
    /// whether or not their values changed.
    fn execute(
        conn: &mut Self::Conn,
        statement: Statement<'_, Self::Db>,
    ) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// Sends a statement and reads its rows. A row that does not read is an error beside the others, so
    /// that it stops none of them.
    fn fetch<T: FromRow>(
        conn: &mut Self::Conn,
        statement: Statement<'_, Self::Db>,
    ) -> impl Future<Output = Result<Vec<Result<T, StoreError>>, Fault>> + Send;

    /// Sends any number of statements without values.
    fn script(conn: &mut Self::Conn, sql: &'static str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Where the worker's connections come from.
pub trait Pool<D: Driver>: Send + Sync {
    /// A transaction of the worker's own. Dropped half-way, it must be rolled back, or its connection closed.
    type Tx: DerefMut<Target = D::Conn> + Send;

    /// Takes a connection and begins a transaction with this statement.
    fn begin(&self, sql: &'static str) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;

    /// Commits, and gives the connection back.
    fn commit(tx: Self::Tx) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Rolls back, and gives the connection back.
    fn rollback(tx: Self::Tx) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Why a statement failed. Some failures are answers, so they are told apart.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a driver chooses one")]
pub enum Fault {
    /// A unique key was taken.
    Taken(StoreError),
    /// A column that may not be null would have become null.
    Null(StoreError),
    /// Anything else.
    Other(StoreError),
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Taken(error) | Fault::Null(error) | Fault::Other(error) => error,
        }
    }
}

pub(crate) async fn execute<D: Driver>(conn: &mut D::Conn, statement: Statement<'_, D::Db>) -> Result<u64, StoreError> {
    Ok(D::execute(conn, statement).await?)
}

/// Every row. Fails when one of them does not read.
pub(crate) async fn all<D: Driver, T: FromRow>(
    conn: &mut D::Conn,
    statement: Statement<'_, D::Db>,
) -> Result<Vec<T>, StoreError> {
    D::fetch(conn, statement).await?.into_iter().collect()
}

pub(crate) async fn optional<D: Driver, T: FromRow>(
    conn: &mut D::Conn,
    statement: Statement<'_, D::Db>,
) -> Result<Option<T>, StoreError> {
    D::fetch(conn, statement).await?.into_iter().next().transpose()
}

/// How a transaction of the worker's own ends.
pub(crate) enum End<T> {
    Commit(T),
    RollBack(T),
}

/// Ends a transaction as its work came out.
pub(crate) async fn end<D: Driver, P: Pool<D>, T>(
    tx: P::Tx,
    work: Result<End<T>, StoreError>,
) -> Result<T, StoreError> {
    match work {
        Ok(End::Commit(answer)) => P::commit(tx).await.map(|()| answer),
        // Said, not dropped: a dropped transaction may keep its locks until its connection is next used.
        Ok(End::RollBack(answer)) => P::rollback(tx).await.map(|()| answer),
        Err(error) => {
            // The first error says more than a failure to roll back after it.
            let _ = P::rollback(tx).await;
            Err(error)
        }
    }
}
