//! A unit of work, done again while that may help.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::time::Instant;

/// How often a unit of work is done at most.
const TRIES: usize = 8;
/// The longest that somebody who waits for the answer should wait for the last try to begin.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pause, and the longest; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(500));

/// Does a whole unit of work, from `begin` to `commit`, and does it again while it fails with an error that
/// `is_retryable` says is worth it. It is done eight times at most, and not again once five seconds have passed. The
/// pauses between are random and last up to a second, so that those who lost a race against each other do not meet
/// again.
///
/// A transaction that lost a race is spoilt, so that only the whole of it can be done again. Whatever cannot be rolled
/// back stays outside: mail nobody and answer nobody in it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctest_setup.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Answer {
/// # let (memory, members) = (Memory::default(), members());
/// # let (_, token) = invited(&memory, &members).await;
/// let ada = Claimant::new(2).verified("ada@example.com");
/// let unit_of_work = async || {
///     let mut tx = memory.begin().await;
///     members.accept(&mut tx, &token, &ada).await?;
///     tx.commit();
///     Ok(())
/// };
/// retry(unit_of_work, Error::is_retryable).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the last try failed with.
#[expect(clippy::future_not_send, reason = "it is as the unit of work is, and a handler of Actix is not")]
pub async fn retry<T, E, F>(unit_of_work: impl FnMut() -> F, is_retryable: impl Fn(&E) -> bool) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let (first, longest) = PAUSES;
    let pauses = ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_max_times(TRIES - 1)
        .with_jitter();
    let begun = Instant::now();
    unit_of_work.retry(pauses).when(|error| is_retryable(error) && begun.elapsed() < PATIENCE).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::error::{Error, StoreError};

    /// How often the work is done that takes so long and fails so.
    #[expect(clippy::future_not_send, reason = "a test keeps it to itself")]
    async fn tries(lasts: Duration, fails: impl Fn(u32) -> Option<Error>) -> (u32, Result<(), Error>) {
        let tries = Cell::new(0);
        let work = async || {
            tries.set(tries.get() + 1);
            tokio::time::advance(lasts).await;
            fails(tries.get()).map_or(Ok(()), Err)
        };
        let result = retry(work, Error::is_retryable).await;
        (tries.get(), result)
    }

    fn busy() -> Option<Error> {
        Some(StoreError::retryable("a deadlock").into())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_help_is_tried_eight_times_and_nothing_else_twice() {
        assert!(matches!(tries(Duration::ZERO, |_| None).await, (1, Ok(()))));
        assert!(matches!(tries(Duration::ZERO, |_| Some(Error::NotFound)).await, (1, Err(Error::NotFound))));
        assert!(matches!(tries(Duration::ZERO, |n| if n < 3 { busy() } else { None }).await, (3, Ok(()))));
        assert!(matches!(tries(Duration::ZERO, |_| busy()).await, (8, Err(Error::Store(_)))));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_long() {
        assert!(matches!(tries(Duration::from_secs(2), |_| busy()).await, (3, Err(_))));
    }
}
