//! What a driver's error means to a caller.

use invite_core::store::StoreError;

/// Maps by the database's own code, never by its words.
pub(crate) fn classified(error: sqlx::Error, is_retryable: fn(&dyn sqlx::error::DatabaseError) -> bool) -> StoreError {
    let transient = matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed);
    let retryable = transient || error.as_database_error().is_some_and(is_retryable);
    if retryable { StoreError::retryable(error) } else { StoreError::failed(error) }
}
