//! Where the time comes from.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Tells the time; the only place the library takes it from.
///
/// One decision uses one instant: an operation asks once and compares, stores and reports that
/// value. Hosts rarely implement this; tests use `testing::ManualClock`.
pub trait Clock: Send + Sync + 'static {
    /// The current instant. Anything finer than a microsecond is cut off by the caller, because
    /// no supported database keeps it.
    fn now(&self) -> DateTime<Utc>;

    /// How far the database's clock may be from this one. A worker that sees them further apart does nothing until they
    /// agree again: with a clock that is days ahead it would expire what has not ended. `None`: they are not compared,
    /// as with a clock that a test sets.
    ///
    /// The default is 30 seconds: clocks that are kept by NTP differ by less.
    fn tolerance(&self) -> Option<TimeDelta> {
        Some(TOLERANCE)
    }
}

/// How far two clocks may be apart that are kept by NTP: an opinion, and a generous one.
pub(crate) const TOLERANCE: TimeDelta = TimeDelta::seconds(30);

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is written by its name alone")]
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

/// The beginning of the year 1000: what every database can hold and compare with.
const EARLIEST: DateTime<Utc> = DateTime::from_timestamp(-30_610_224_000, 0).unwrap();
/// The last second of the year 9998; a day later they still can.
const LATEST: DateTime<Utc> = DateTime::from_timestamp(253_370_764_799, 0).unwrap();

/// Whether every database can hold it.
pub(crate) fn is_storable(at: DateTime<Utc>) -> bool {
    at >= EARLIEST && at.timestamp() <= LATEST.timestamp()
}

/// So much later, in whole microseconds; as late, or as early, as can be stored where that is too far away.
pub(crate) fn later(now: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
    let too_far = if time < TimeDelta::zero() { EARLIEST } else { LATEST };
    let at = now.checked_add_signed(time).unwrap_or(too_far);
    at.clamp(EARLIEST, LATEST).trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_far_away_is_as_far_as_can_be_stored() {
        let now = DateTime::UNIX_EPOCH;
        assert!(is_storable(EARLIEST) && is_storable(LATEST + TimeDelta::milliseconds(999)));
        let ends = [EARLIEST, LATEST].map(|end| end.to_string());
        assert_eq!(ends, ["1000-01-01 00:00:00 UTC", "9998-12-31 23:59:59 UTC"]);
        let microsecond = TimeDelta::microseconds(1);
        assert!(!is_storable(EARLIEST - microsecond) && !is_storable(LATEST + TimeDelta::seconds(1)));
        assert_eq!(later(now, TimeDelta::nanoseconds(1_999)), now + microsecond);
        for time in [TimeDelta::MAX, TimeDelta::days(40_000_000), TimeDelta::days(3_000_000)] {
            assert_eq!((later(now, time), later(now, -time)), (LATEST, EARLIEST));
        }
    }
}
