//! A time from one instant to another.

use std::ops::{Bound, RangeBounds};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::{
    clock::later,
    error::{Error, Field, Problem},
};

/// From one instant on and before another, in whole microseconds, as far as a database can compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Period {
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
    /// Nothing is in it.
    is_empty: bool,
}

impl Period {
    pub(crate) fn of(range: &impl RangeBounds<DateTime<Utc>>) -> Self {
        let (start, end) = (range.start_bound().cloned(), range.end_bound().cloned());
        let from = match start {
            Bound::Included(at) => Some(begun(at)),
            Bound::Excluded(at) => Some(after(at)),
            Bound::Unbounded => None,
        };
        let until = match end {
            Bound::Included(at) => Some(after(at)),
            Bound::Excluded(at) => Some(begun(at)),
            Bound::Unbounded => None,
        };
        let is_empty = from.zip(until).is_some_and(|(from, until)| from >= until);
        Self { from, until, is_empty }
    }

    pub(crate) fn check(self) -> Result<(), Error> {
        if self.is_empty { Err(Error::invalid(Field::Period, Problem::OutOfRange)) } else { Ok(()) }
    }
}

/// The first whole microsecond at or after an instant.
fn begun(at: DateTime<Utc>) -> DateTime<Utc> {
    if at.trunc_subsecs(6) == at { later(at, TimeDelta::zero()) } else { after(at) }
}

/// The first whole microsecond after an instant.
fn after(at: DateTime<Utc>) -> DateTime<Utc> {
    later(at, TimeDelta::microseconds(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(nanos)
    }

    #[test]
    fn bounds_become_whole_microseconds_that_hold_the_same_ones() {
        let of = |from, until| Period { from: Some(at(from)), until: Some(at(until)), is_empty: false };
        assert_eq!(Period::of(&(at(1_000)..at(3_000))), of(1_000, 3_000));
        assert_eq!(Period::of(&(at(1_000)..=at(3_000))), of(1_000, 4_000));
        assert_eq!(Period::of(&(at(1)..at(2_001))), of(1_000, 3_000));
        assert_eq!(Period::of(&(Bound::Excluded(at(1_000)), Bound::Included(at(2_999)))), of(2_000, 3_000));
        assert_eq!(Period::of(&..), Period::default());
    }

    #[test]
    fn a_period_without_an_instant_is_refused() {
        for period in [Period::of(&(at(1_000)..at(1_000))), Period::of(&(at(2_000)..at(1_000)))] {
            let refused = period.check();
            assert!(matches!(refused, Err(Error::Invalid { field: Field::Period, problem: Problem::OutOfRange })));
        }
        assert!(Period::of(&(at(1_000)..=at(1_000))).check().is_ok());
        assert!(Period::of(&(DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC)).check().is_ok());
        assert!(Period::of(&(at(0)..)).check().is_ok());
    }
}
