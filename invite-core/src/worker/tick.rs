//! What one call of `tick` did.

use crate::delivery::DeliveryState;

/// What one call of [`Worker::tick`](crate::Worker::tick) did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// Invitations that the sweep expired.
    pub expired: u64,
    /// Invitations that were deleted, because they ended longer ago than they are kept.
    pub purged: u64,
    /// Reminders that were queued.
    pub reminded: usize,
    /// Letters a mail server took.
    pub sent: usize,
    /// Letters to be tried again.
    pub postponed: usize,
    /// Letters that were refused permanently. If it was the invitation's own letter, the invitation is
    /// `delivery_failed`; a reminder or a notice leaves it alone.
    pub failed: usize,
    /// Letters given up on without knowing; their invitations stay as they are.
    pub unknown: usize,
    /// Letters whose lease ran out before their outcome was recorded; another worker has them.
    pub lost: usize,
    /// Letters that were not sent because their invitation had moved on or is gone, or they are reported to be on
    /// their way.
    pub discarded: usize,
    /// Letters that do not read; the log says why. They are looked at again after a lease.
    pub unreadable: usize,
}

impl Tick {
    /// Counts a letter of which this was recorded; `None` when its lease was lost.
    pub(super) fn count(&mut self, state: Option<DeliveryState>) {
        match state {
            Some(DeliveryState::Sent) => self.sent += 1,
            Some(DeliveryState::Failed) => self.failed += 1,
            Some(DeliveryState::Retrying) => self.postponed += 1,
            Some(
                DeliveryState::Unknown
                | DeliveryState::Queued
                | DeliveryState::NotMailed
                | DeliveryState::Deferred
                | DeliveryState::Delivered
                | DeliveryState::Complained
                | DeliveryState::Suppressed
                | DeliveryState::Bounced,
            ) => self.unknown += 1,
            None => self.lost += 1,
        }
    }

    /// Whether there may be more to do at once.
    #[must_use]
    pub fn found_work(&self) -> bool {
        *self != Self::default()
    }
}
