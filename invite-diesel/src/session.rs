//! What the stores need of a connection, whichever way it waits.

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod asynchronous;
#[cfg(any(feature = "blocking-mysql", feature = "blocking-postgres", feature = "blocking-sqlite"))]
mod blocking;

use std::future::Future;

use diesel::{QueryResult, backend::Backend, row::NamedRow};
use invite_core::store::StoreError;

use crate::{
    row::{Readable, Row},
    statement::Statement,
};

/// One of the databases.
pub(crate) trait Database: Backend {
    /// Reads a row by the types that this database's columns have.
    fn read<'a, T: Readable>(row: &impl NamedRow<'a, Self>) -> Result<T, StoreError>;

    fn store_error(error: diesel::result::Error) -> StoreError;
}

/// A connection.
pub(crate) trait Session: Send {
    type Database: Database;

    /// Whether diesel knows of a transaction, and of nothing that went wrong with it.
    fn in_transaction(&mut self) -> bool;

    /// Whether diesel knows of no transaction, and of nothing that went wrong with one.
    fn is_idle(&mut self) -> bool;

    fn execute(&mut self, statement: Statement<'_, Self::Database>) -> impl Future<Output = QueryResult<usize>> + Send;

    fn load<T: Readable>(
        &mut self,
        statement: Statement<'_, Self::Database>,
    ) -> impl Future<Output = QueryResult<Vec<Row<T>>>> + Send;

    /// Any number of statements, without values.
    fn script(&mut self, sql: &'static str) -> impl Future<Output = QueryResult<()>> + Send;

    /// Begins a transaction with this statement.
    fn begin(&mut self, sql: &'static str) -> impl Future<Output = QueryResult<()>> + Send;

    fn commit(&mut self) -> impl Future<Output = QueryResult<()>> + Send;

    fn roll_back(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
}

/// How a transaction of the library's own ends.
pub(crate) enum End<T> {
    Commit(T),
    RollBack(T),
}

/// Ends a transaction as its work came out.
pub(crate) async fn end<S: Session, T>(conn: &mut S, work: Result<End<T>, StoreError>) -> Result<T, StoreError> {
    match work {
        Ok(End::Commit(answer)) => conn.commit().await.map(|()| answer).map_err(S::Database::store_error),
        Ok(End::RollBack(answer)) => conn.roll_back().await.map(|()| answer).map_err(S::Database::store_error),
        Err(error) => {
            // What went wrong first says more. A connection that cannot roll back is not lent again.
            let _ = conn.roll_back().await;
            Err(error)
        }
    }
}
