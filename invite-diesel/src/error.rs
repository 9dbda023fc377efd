//! What an error of diesel's means to a caller.

#[cfg(any(feature = "bb8", feature = "deadpool"))]
use diesel::result::ConnectionError;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use invite_core::store::StoreError;

/// What a database says of an error.
pub(crate) type About = dyn DatabaseErrorInformation + Send + Sync;

/// Diesel passes on few of the codes of a database. Of the other errors `is_passing` must know by the
/// words which ones are worth a retry.
pub(crate) fn classified(error: Error, is_passing: fn(&DatabaseErrorKind, &About) -> bool) -> StoreError {
    let retryable = matches!(
        cause(&error),
        Error::DatabaseError(kind, about) if is_lost(kind) || is_passing(kind, &**about)
    );
    if retryable { StoreError::retryable(error) } else { StoreError::failed(error) }
}

/// What a failure to connect means.
#[cfg(any(feature = "bb8", feature = "deadpool"))]
pub(crate) fn unconnected(error: ConnectionError, store_error: fn(Error) -> StoreError) -> StoreError {
    if let ConnectionError::CouldntSetupConfiguration(error) = error {
        let ours = matches!(&error, Error::DatabaseError(_, about) if MISCONFIGURED.contains(&about.message()));
        return if ours { StoreError::failed(error) } else { store_error(error) };
    }
    if matches!(error, ConnectionError::BadConnection(_)) {
        return StoreError::retryable(error);
    }
    StoreError::failed(error)
}

/// What tokio-postgres says of a URL that cannot work. Diesel takes it for a server that is away.
#[cfg(any(feature = "bb8", feature = "deadpool"))]
const MISCONFIGURED: [&str; 3] = ["invalid connection string", "invalid configuration", "authentication error"];

/// When neither the commit nor the roll back after it succeeded, the commit says why.
fn cause(error: &Error) -> &Error {
    if let Error::RollbackErrorOnCommit { commit_error, .. } = error { commit_error } else { error }
}

fn is_lost(kind: &DatabaseErrorKind) -> bool {
    matches!(
        kind,
        DatabaseErrorKind::SerializationFailure
            // The server has become a standby, or the transaction was begun to read only.
            | DatabaseErrorKind::ReadOnlyTransaction
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
    )
}
