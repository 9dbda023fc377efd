//! How outcomes are recorded, and what becomes of those that cannot be.
//!
//! An outcome that could not be recorded is kept, and tried again at each look, by itself and beside everything else. If
//! its lease runs out first, this worker leases the letter again like any other, but records what it knows of it instead
//! of sending it once more.

use uuid::Uuid;

use super::{Done, Engine, Failure};
use crate::{delivery::DeliveryState, error::Error, store::WorkerStore, worker::steps::Attempted};

/// Where outcomes are recorded, each beside the others: those that concern the letter alone never wait for those that
/// change its invitation, nor for those that could not be recorded before.
#[derive(Clone, Copy)]
pub(super) enum Lane {
    Letters,
    Failures,
    Late,
}

impl Lane {
    pub(super) const ALL: [Self; 3] = [Self::Letters, Self::Failures, Self::Late];
}

/// A letter that is out of hand, and what became of it is not recorded yet.
pub(super) struct Unrecorded {
    /// Whether it keeps other letters from being taken up. Not so one that was refused, because sent again it would be
    /// refused again; nor one whose outcome the database never takes.
    pub(super) counts: bool,
    /// The lease and the attempt under which this worker has leased it again.
    pub(super) lease: Option<(Uuid, u32)>,
}

impl<S: WorkerStore<P>, P: Send + Sync> Engine<'_, S, P> {
    pub(super) fn settled(&mut self, lane: Lane, letter: Attempted, result: Result<Option<DeliveryState>, Error>) {
        match result {
            // This worker has leased it again meanwhile: then that lease is the one to settle.
            Ok(_) if self.unrecorded.get(&letter.delivery).is_some_and(|letter| letter.lease.is_some()) => {
                self.queue(letter);
            }
            Ok(None) if self.is_leasing => self.undecided.push(letter),
            Ok(state) => {
                self.unrecorded.remove(&letter.delivery);
                self.tick.count(state);
            }
            Err(error) => {
                if letter.was_kept {
                    if let Some(unrecorded) = self.unrecorded.get_mut(&letter.delivery) {
                        unrecorded.counts &= error.is_retryable();
                    }
                    self.errors.push(Failure::Kept(error));
                } else {
                    self.fail(error);
                }
                if matches!(lane, Lane::Late) {
                    // The others have their turn first, at the next look.
                    self.kept.extend(self.late.drain(..));
                }
                self.kept.push(Attempted { was_kept: true, ..letter });
            }
        }
    }

    /// Says of outcomes that were undecided whether this worker has leased their letters again, or another one.
    pub(super) fn decide(&mut self) {
        for letter in std::mem::take(&mut self.undecided) {
            self.settled(Lane::Letters, letter, Ok(None));
        }
    }

    /// Has an outcome wait for its turn to be recorded.
    pub(super) fn queue(&mut self, letter: Attempted) {
        if letter.fails() {
            self.failures.push(letter);
        } else if letter.was_kept {
            self.late.push_back(letter);
        } else {
            self.letters.push(letter);
        }
    }

    /// Tries again to record what could not be recorded before, by this engine or by an earlier one.
    pub(super) fn catch_up(&mut self) {
        let earlier = std::mem::take(&mut *self.worker.kept());
        for letter in std::mem::take(&mut self.kept).into_iter().chain(earlier) {
            let unrecorded = Unrecorded { counts: !letter.fails(), lease: None };
            self.unrecorded.entry(letter.delivery).or_insert(unrecorded);
            self.queue(letter);
        }
        self.settle();
    }

    /// Records outcomes that wait, in each lane unless others are being recorded there.
    pub(super) fn settle(&mut self) {
        for lane in Lane::ALL {
            if !self.recording[lane as usize].is_empty() {
                continue;
            }
            let letters = match lane {
                Lane::Letters => std::mem::take(&mut self.letters),
                // One after the other, because each may have to wait for a lock.
                Lane::Failures => self.failures.drain(..1.min(self.failures.len())).collect(),
                // One after the other, because one of them may be what keeps the others from being recorded.
                Lane::Late => self.late.pop_front().into_iter().collect(),
            };
            if !letters.is_empty() {
                self.record(lane, letters);
            }
        }
    }

    fn record(&mut self, lane: Lane, mut letters: Vec<Attempted>) {
        // In one order, so that two who record the same letters do not wait for each other.
        letters.sort_unstable_by_key(|letter| letter.delivery);
        for letter in &mut letters {
            self.adopt_lease(letter);
        }
        self.recording[lane as usize].clone_from(&letters);
        let worker = self.worker;
        self.jobs.push(Box::pin(async move { Done::Settled { lane, results: worker.settle(&letters).await } }));
    }
}

impl<S, P> Engine<'_, S, P> {
    /// Has an outcome be recorded under the lease that this worker has on the letter now.
    fn adopt_lease(&mut self, letter: &mut Attempted) {
        let unrecorded = self.unrecorded.get_mut(&letter.delivery);
        if let Some((owner, attempt)) = unrecorded.and_then(|unrecorded| unrecorded.lease.take()) {
            (letter.owner, letter.attempt) = (owner, attempt);
        }
    }
}

impl<S, P> Drop for Engine<'_, S, P> {
    /// Leaves outcomes that are not recorded, or perhaps not, to the worker's next engine.
    fn drop(&mut self) {
        self.jobs.clear();
        let mut letters: Vec<_> = std::mem::take(&mut self.recording).into_iter().flatten().collect();
        letters.append(&mut self.letters);
        letters.append(&mut self.failures);
        letters.extend(self.late.drain(..));
        letters.append(&mut self.kept);
        letters.append(&mut self.undecided);
        for letter in &mut letters {
            self.adopt_lease(letter);
        }
        self.worker.kept().extend(letters.into_iter().map(|letter| Attempted { was_kept: true, ..letter }));
    }
}
