//! Where the time comes from.

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time; the only place the library takes it from.
///
/// One decision uses one instant: an operation asks once and compares, stores and reports that
/// value. Hosts rarely implement this; tests use `testing::ManualClock`.
pub trait Clock: Send + Sync + 'static {
    /// The current instant. Anything finer than a microsecond is cut off by the caller, because
    /// no supported database keeps it.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// The instant an operation works with: whole microseconds.
pub(crate) fn instant(clock: &dyn Clock) -> DateTime<Utc> {
    clock.now().trunc_subsecs(6)
}
