//! The minutes in which letters and links are counted.

use std::time::Duration;

use invite_core::{Clock, SystemClock};

const LENGTH: i64 = 60;

/// A minute of the clock.
#[derive(Debug, Clone, Copy)]
pub struct Minute {
    /// How many were before it since 1970.
    pub number: i64,
    /// How much of it is left.
    pub left: Duration,
}

impl Minute {
    pub fn now() -> Self {
        let now = SystemClock.now();
        let over = Duration::from_millis(now.timestamp_millis().rem_euclid(LENGTH * 1000).unsigned_abs());
        let left = Duration::from_secs(LENGTH.unsigned_abs()).saturating_sub(over);
        Self { number: now.timestamp().div_euclid(LENGTH), left }
    }
}
