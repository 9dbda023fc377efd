//! What becomes of a letter, and the sweep.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use invite_core::store::{DeliveryId, DeliveryUpdate, Purpose, QueueChange, Settlement, StoreError, Sweep};

use super::{
    Mutant, broken,
    edit::Edit,
    spoil::{Below, Spoil},
};

pub(super) const MUTANTS: &[Mutant] = broken![
    "a late worker settles what another has leased",
    ["settle::a_letter_taken_over_is_not_settled_by_whoever_had_it"]: Unfenced { any_owner: true, any_attempt: true };
    "a lease is known by its attempt only",
    ["settle::only_who_leased_a_letter_at_this_attempt_settles_it"]: Unfenced { any_owner: true, any_attempt: false };
    "a lease is known by its owner only",
    ["settle::a_letter_taken_over_is_not_settled_by_whoever_had_it"]: Unfenced { any_owner: false, any_attempt: true };
    "a late worker is told that it settled",
    ["leases::the_late_word_of_a_worker_that_lost_its_lease_is_not_heard"]: Edit { settled: |_| true, ..Edit::NONE };
    "a worker is told that it came too late",
    ["settle::a_letter_that_is_done_with_is_gone"]: Edit { settled: |_| false, ..Edit::NONE };
    "a settlement writes over what became of a newer generation",
    ["settle::a_letter_of_an_earlier_generation_says_nothing_about_the_new_one"]: NewerGeneration;
    "a settlement does not say what became of the letter",
    ["settle::what_became_of_a_letter_stands_on_its_invitation"]: Edit {
        settlement: |settlement| settlement.summary.over = &[],
        ..Edit::NONE
    };
    "a settlement forgets its change of status",
    ["settle::a_failure_is_a_change_with_its_event"]: Edit {
        settlement: |settlement| settlement.transition = None,
        ..Edit::NONE
    };
    "a letter that was sent stays in the queue",
    ["settle::a_letter_that_is_done_with_is_gone"]: Edit {
        settlement: |settlement| {
            if matches!(settlement.queue, QueueChange::Remove) {
                let not_before = DateTime::UNIX_EPOCH;
                settlement.queue = QueueChange::Postpone { not_before, refusals: 0, unknowns: 0, error: "" };
            }
        },
        ..Edit::NONE
    };
    "a letter that should be tried again is removed",
    ["settle::a_letter_that_is_postponed_waits_with_what_is_known_of_it"]: Edit {
        settlement: |settlement| settlement.queue = QueueChange::Remove,
        ..Edit::NONE
    };
    "the sweep takes what has a microsecond left",
    ["sweep::the_sweep_ends_what_is_due_to_the_microsecond"]: Edit {
        sweep: |now, _| *now += TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "the sweep leaves what expires at this very instant",
    ["sweep::the_sweep_ends_what_is_due_to_the_microsecond"]: Edit {
        sweep: |now, _| *now -= TimeDelta::microseconds(1),
        ..Edit::NONE
    };
    "the sweep takes more than its limit",
    ["sweep::the_sweep_ends_no_more_than_asked_for_and_counts_them"]: Edit {
        sweep: |_, limit| *limit = 1_000_000,
        ..Edit::NONE
    };
    "the sweep takes one fewer than its limit",
    ["sweep::the_sweep_ends_no_more_than_asked_for_and_counts_them"]: Edit {
        sweep: |_, limit| *limit -= 1,
        ..Edit::NONE
    };
    "the sweep takes every kind",
    ["sweep::the_sweep_is_of_the_kinds_asked_for"]: EveryKind;
    "the sweep takes one kind only",
    ["sweep::the_sweep_is_of_the_kinds_asked_for"]: OneKind;
    "a notice that is queued already ends the sweep",
    ["notices::a_notice_that_is_queued_already_stops_no_sweep"]: MeetsItsNotice;
    "the sweep does not say how many it took",
    ["sweep::the_sweep_ends_no_more_than_asked_for_and_counts_them"]: Edit { swept: |_| 0, ..Edit::NONE };
];

struct Unfenced {
    any_owner: bool,
    any_attempt: bool,
}

#[async_trait]
impl Spoil for Unfenced {
    async fn settle(&self, below: &Below, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let lease = |delivery: DeliveryId| {
            below.past().leases.iter().rev().find(|lease| lease.0 == delivery).map(|lease| (lease.1, lease.2))
        };
        let Some((owner, attempt)) = lease(settlement.delivery) else { return below.db.settle_one(settlement).await };
        let owner = if self.any_owner { owner } else { settlement.owner };
        let attempt = if self.any_attempt { attempt } else { settlement.attempt };
        below.db.settle_one(&Settlement { owner, attempt, ..*settlement }).await
    }
}

struct NewerGeneration;

#[async_trait]
impl Spoil for NewerGeneration {
    async fn settle(&self, below: &Below, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let settled = below.db.settle_one(settlement).await?;
        let about = below.past().letters.iter().find(|(letter, _)| letter.delivery == settlement.delivery).cloned();
        let Some((_, queued_for)) = about.filter(|_| settled) else { return Ok(settled) };
        let mut tx = below.db.begin_at(below.db.levels()[0]).await?;
        if let Some(delivery) = below.row(&mut tx, queued_for.id).await?.and_then(|record| record.delivery_id) {
            below.db.record_one(&mut tx, &DeliveryUpdate { delivery, ..settlement.summary }).await?;
        }
        below.db.commit(tx).await?;
        Ok(settled)
    }
}

/// Who takes a notice that is there for a fault.
struct MeetsItsNotice;

#[async_trait]
impl Spoil for MeetsItsNotice {
    async fn sweep(&self, below: &Below, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let is_queued = below.past().letters.iter().any(|(letter, _)| letter.purpose == Purpose::Expired);
        if is_queued { Err(StoreError::failed("unique constraint")) } else { below.db.sweep(&(), sweep).await }
    }
}

struct EveryKind;

#[async_trait]
impl Spoil for EveryKind {
    async fn sweep(&self, below: &Below, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        let kinds = below.kinds();
        let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
        below.db.sweep(&(), &Sweep { kinds: &kinds, ..*sweep }).await
    }
}

struct OneKind;

#[async_trait]
impl Spoil for OneKind {
    async fn sweep(&self, below: &Below, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        below.db.sweep(&(), &Sweep { kinds: sweep.kinds.get(..1).unwrap_or_default(), ..*sweep }).await
    }
}
