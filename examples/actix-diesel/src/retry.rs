//! The loop the library asks for: a transaction that lost a race is done again from its beginning.

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};

use crate::error::ApiError;

/// After so long a person has waited enough. SQLite itself waits up to its busy timeout in each try.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs one whole unit of work, with a transaction and all, until it says something else than "try
/// again": eight times at most.
pub(crate) async fn retry<T, F>(work: impl FnMut() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(500))
        .with_max_times(7)
        .with_jitter();
    let start = Instant::now();
    work.retry(pauses).when(|error: &ApiError| error.is_retryable() && start.elapsed() < PATIENCE).await
}
