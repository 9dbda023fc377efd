//! The loop the library asks for: a transaction that lost a race is done again from its beginning.

use crate::error::ApiError;

/// Runs one whole unit of work, from `begin` to `commit`, and repeats it while the answer is to try again.
pub(crate) async fn retry<T, F>(work: impl FnMut() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    invite_core::retry(work, |error: &ApiError| error.is_retryable()).await
}
