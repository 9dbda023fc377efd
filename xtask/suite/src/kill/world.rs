//! What all lives share: the invitations, their policy, and the time.

use chrono::TimeDelta;
use invite_conformance::Harness;
use invite_core::{Invitations, Kind, Policy, Unchecked, testing::ManualClock};
use serde::{Deserialize, Serialize};

/// Longer than all lives together.
const LIFETIME: TimeDelta = TimeDelta::days(90);
/// The worker's own lease, and a little.
const PAST_THE_LEASE: TimeDelta = TimeDelta::minutes(16);

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

pub(super) type Members<H> = Invitations<<H as Harness>::Store, Membership>;

/// What this life is invited to: each has a scope of its own.
pub(super) fn scope(life: u32) -> String {
    format!("life:{life}")
}

/// Stands still for a whole life.
pub(super) fn clock(life: u32) -> ManualClock {
    let clock = ManualClock::default();
    clock.advance(PAST_THE_LEASE * (2 * i32::try_from(life).expect("not so many lives")));
    clock
}

/// The same, when every lease of this life has run out.
pub(super) fn clock_after(life: u32) -> ManualClock {
    let clock = clock(life);
    clock.advance(PAST_THE_LEASE);
    clock
}

pub(super) fn members<H: Harness>(harness: &H, clock: ManualClock) -> Members<H> {
    let policy = Policy::new().lifetime(LIFETIME).resend_cooldown(TimeDelta::zero());
    Invitations::new(harness.store(), policy, Unchecked).clock(clock)
}
