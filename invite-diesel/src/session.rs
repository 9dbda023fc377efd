//! What the stores need of a connection, whichever way it waits.

#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod asynchronous;
#[cfg(any(feature = "blocking-mysql", feature = "blocking-postgres", feature = "blocking-sqlite"))]
mod blocking;

use std::future::Future;

use diesel::{
    QueryResult,
    result::{DatabaseErrorKind, Error},
};
use invite_core::store::StoreError;
use invite_schema::{Fault, FromRow, Statement};

use crate::statement::{Constant, Database, Row};

/// A connection.
pub(crate) trait Session: Send {
    type Database: Database;

    /// Whether diesel knows of a transaction, and of nothing that went wrong with it.
    fn in_transaction(&mut self) -> bool;

    /// Whether diesel knows of no transaction, and of nothing that went wrong with one.
    fn is_idle(&mut self) -> bool;

    fn execute(&mut self, statement: Constant<'_, Self::Database>) -> impl Future<Output = QueryResult<usize>> + Send;

    fn load<T: FromRow>(
        &mut self,
        statement: Constant<'_, Self::Database>,
    ) -> impl Future<Output = QueryResult<Vec<Row<T>>>> + Send;

    /// Runs any number of statements, without values.
    fn script(&mut self, sql: &'static str) -> impl Future<Output = QueryResult<()>> + Send;

    /// Begins a transaction with this statement.
    fn begin(&mut self, sql: &'static str) -> impl Future<Output = QueryResult<()>> + Send;

    fn commit(&mut self) -> impl Future<Output = QueryResult<()>> + Send;

    fn roll_back(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
}

/// The connection's dialect, to the library.
pub(crate) type DialectOf<S> = <<S as Session>::Database as Database>::Dialect;

pub(crate) async fn execute<S: Session>(conn: &mut S, statement: Statement<'_, DialectOf<S>>) -> Result<u64, Fault> {
    let rows = conn.execute(Constant(statement)).await.map_err(fault::<S>)?;
    Ok(rows as u64)
}

pub(crate) async fn fetch<S: Session, T: FromRow>(
    conn: &mut S,
    statement: Statement<'_, DialectOf<S>>,
) -> Result<Vec<Result<T, StoreError>>, Fault> {
    let rows = conn.load(Constant(statement)).await.map_err(fault::<S>)?;
    Ok(rows.into_iter().map(|Row(read)| read).collect())
}

pub(crate) async fn script<S: Session>(conn: &mut S, sql: &'static str) -> Result<(), StoreError> {
    conn.script(sql).await.map_err(store_error::<S>)
}

pub(crate) fn store_error<S: Session>(error: Error) -> StoreError {
    S::Database::store_error(error)
}

fn fault<S: Session>(error: Error) -> Fault {
    let kind: fn(StoreError) -> Fault = if matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
    {
        Fault::Taken
    } else if matches!(error, Error::DatabaseError(DatabaseErrorKind::NotNullViolation, _)) {
        Fault::Null
    } else {
        Fault::Other
    };
    kind(store_error::<S>(error))
}

/// Ends a transaction as its work came out.
pub(crate) async fn commit_or_roll_back<S: Session>(
    conn: &mut S,
    work: Result<(), StoreError>,
) -> Result<(), StoreError> {
    match work {
        Ok(()) => conn.commit().await.map_err(store_error::<S>),
        Err(error) => {
            // The first error says more than a failure to roll back after it.
            let _ = conn.roll_back().await;
            Err(error)
        }
    }
}
