//! Whether a server has refused lately to write, as one does that has become a standby.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long connections are asked after a refusal. A connection that is lent later, and is refused, begins it anew.
const SUSPICION: Duration = Duration::from_secs(60);

/// One for the whole process, because an error does not say which pool its connection came from.
static REFUSED: Mutex<Option<Instant>> = Mutex::new(None);

/// Remembers that a server has refused to write.
pub(crate) fn refused() {
    *REFUSED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

/// Whether any server has refused to write in the last minute, so that connections should be asked before they are lent
/// again.
pub(crate) fn is_suspected() -> bool {
    let refused = *REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    refused.is_some_and(|refused| refused.elapsed() < SUSPICION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_suspected_after_one_has_refused_to_write_and_not_before() {
        assert!(!is_suspected());
        refused();
        assert!(is_suspected());
    }
}
