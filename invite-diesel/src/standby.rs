//! What pools are told of a connection whose server takes no writes.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel::{QueryResult, result::Error};

/// How long connections are lent without regard to the answer after one was refused.
const INDULGENCE: Duration = Duration::from_millis(250);

static REFUSED: Mutex<Option<Instant>> = Mutex::new(None);

/// Succeeds if a connection may be lent.
pub(crate) fn lend_if(is_writable: bool) -> QueryResult<()> {
    if is_writable {
        return Ok(());
    }
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    if refused.is_some_and(|refused| refused.elapsed() < INDULGENCE) {
        return Ok(());
    }
    *refused = Some(Instant::now());
    Err(Error::BrokenTransactionManager)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_in_a_row_that_are_not_writable_one_is_lent() {
        assert!(lend_if(true).is_ok());
        assert!(lend_if(false).is_err());
        assert!(lend_if(false).is_ok());
    }
}
