//! The loop the library asks for: a transaction that lost a race is done again from its beginning.

use std::{
    ops::Deref,
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable};

use crate::Problem;

/// A person does not wait longer. SQLite itself waits up to its busy timeout in each try.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs one whole unit of work, from the beginning of its transaction to the commit, and repeats it while it fails
/// with a problem that is retryable: eight tries at most, all of which begin within five seconds.
pub async fn retry<T, E, F>(work: impl FnMut() -> F) -> Result<T, E>
where
    E: Deref<Target = Problem>,
    F: Future<Output = Result<T, E>>,
{
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(500))
        .with_max_times(7)
        .with_jitter();
    let start = Instant::now();
    work.retry(pauses).when(|error: &E| error.is_retryable() && start.elapsed() < PATIENCE).await
}
