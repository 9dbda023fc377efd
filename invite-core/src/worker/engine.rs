//! Letters on their way from the queue to the mailer, and their outcomes on the way back.
//!
//! Everything that takes time is a job, and all jobs go on at once: at most one looks for letters, at most one records
//! outcomes, at most one fails an invitation, and each slot hands one letter over. So a slot is free again as soon as
//! its letter is out of hand, whatever the other letters do, and outcomes that wait for their turn are recorded together.
//! Of the host's connections two are taken, a third while an invitation fails, which may have to wait for a lock, and a
//! fourth while something is recorded that could not be recorded before.

mod recording;

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    pin::Pin,
};

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use uuid::Uuid;

use self::recording::{Lane, Unrecorded};
use super::{
    Tick, Worker,
    outage::Heard,
    steps::{Attempted, LeasedLetters},
};
use crate::{
    clock::instant,
    delivery::DeliveryState,
    error::Error,
    id::DeliveryId,
    random::uuid_v7,
    store::{Leased, WorkerStore},
};

type Job<'w> = Pin<Box<dyn Future<Output = Done> + Send + 'w>>;

/// What a job has done.
enum Done {
    Upkept { tick: Tick, errors: Vec<Error> },
    Leased { asked: u32, owner: Uuid, leased: Result<LeasedLetters, Error> },
    HandedOver { domain: String, letter: Result<Attempted, Error> },
    Settled { lane: Lane, results: Vec<Result<Option<DeliveryState>, Error>> },
}

/// What went wrong: the caller decides by it when to look again.
pub(super) enum Failure {
    Upkeep(Error),
    Letters(Error),
    /// Nothing new: an outcome that is kept could not be recorded again.
    Kept(Error),
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Upkeep(error) | Self::Letters(error) | Self::Kept(error) => error,
        }
    }
}

/// The letters that one worker has in hand.
pub(super) struct Engine<'w, S, P> {
    worker: &'w Worker<S, P>,
    jobs: FuturesUnordered<Job<'w>>,
    /// Letters that the mailer has.
    in_hand: u32,
    /// How many of them go to which domain.
    by_domain: HashMap<String, u32>,
    unrecorded: HashMap<DeliveryId, Unrecorded>,
    heard: Vec<Heard>,
    /// Outcomes that wait for their turn in their lane.
    letters: Vec<Attempted>,
    failures: Vec<Attempted>,
    late: VecDeque<Attempted>,
    /// Outcomes that are being recorded, by lane.
    recording: [Vec<Attempted>; Lane::ALL.len()],
    /// Outcomes that could not be recorded, until the next look.
    kept: Vec<Attempted>,
    /// Outcomes whose lease was found to be another's while letters were being leased: perhaps by this worker.
    undecided: Vec<Attempted>,
    /// Upkeep and leases take turns: one of them goes on at a time.
    is_looking: bool,
    is_leasing: bool,
    wants_upkeep: bool,
    wants_letters: bool,
    kept_last: bool,
    /// What it has done so far.
    pub(super) tick: Tick,
    errors: Vec<Failure>,
    /// Something went wrong with letters since somebody last looked for them.
    holds_back: bool,
    /// Whether it goes on to look while it finds letters.
    goes_on: bool,
    /// Whether the next look that declines letters is followed by one that looks past them.
    looks_past: bool,
    /// Letters were looked for while the clock was wrong, or not compared yet.
    was_refused: bool,
}

impl<'w, S: WorkerStore<P>, P: Send + Sync> Engine<'w, S, P> {
    /// One that looks once.
    pub(super) fn once(worker: &'w Worker<S, P>) -> Self {
        Self {
            worker,
            jobs: FuturesUnordered::new(),
            in_hand: 0,
            by_domain: HashMap::new(),
            unrecorded: HashMap::new(),
            heard: Vec::new(),
            letters: Vec::new(),
            failures: Vec::new(),
            late: VecDeque::new(),
            recording: Default::default(),
            kept: Vec::new(),
            undecided: Vec::new(),
            is_looking: false,
            is_leasing: false,
            wants_upkeep: false,
            wants_letters: false,
            kept_last: false,
            tick: Tick::default(),
            errors: Vec::new(),
            holds_back: false,
            goes_on: false,
            looks_past: false,
            was_refused: false,
        }
    }

    /// From now on it looks again as long as it finds as much as it looked for.
    #[cfg(feature = "tokio")]
    pub(super) fn go_on(&mut self) {
        self.goes_on = true;
        if self.tick.found_work() || self.is_busy() {
            self.look();
        }
    }

    /// Looks at everything once: what is due to expire or to be reminded of, and the queue.
    pub(super) fn look(&mut self) {
        self.wants_upkeep = true;
        self.look_for_letters();
    }

    /// Looks for what is due to expire or to be reminded of.
    #[cfg(feature = "tokio")]
    pub(super) fn look_for_upkeep(&mut self) {
        self.wants_upkeep = true;
        self.begin_to_look();
    }

    /// Looks at the queue, as soon as a slot is free.
    pub(super) fn look_for_letters(&mut self) {
        (self.wants_letters, self.holds_back, self.looks_past) = (true, false, true);
        self.catch_up();
        self.begin_to_look();
    }

    /// Looks for nothing more. What is in hand goes on.
    #[cfg(feature = "tokio")]
    pub(super) fn stop(&mut self) {
        (self.goes_on, self.wants_upkeep, self.wants_letters) = (false, false, false);
        self.catch_up();
    }

    /// Whether a look is under way, or waits for its turn.
    #[cfg(feature = "tokio")]
    pub(super) const fn is_looking(&self) -> bool {
        self.is_looking || self.wants_upkeep || self.wants_letters
    }

    /// Whether anything goes on.
    pub(super) fn is_busy(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// Waits for one job, and begins what follows from it. Dropped while it waits, it has changed nothing.
    pub(super) async fn advance(&mut self) {
        let Some(done) = self.jobs.next().await else { return };
        self.take(done);
        // What has ended meanwhile is recorded together with it.
        while let Some(Some(done)) = self.jobs.next().now_or_never() {
            self.take(done);
        }
        let heard = std::mem::take(&mut self.heard);
        if !heard.is_empty() {
            let news = self.worker.outage().hear(&heard, instant(&*self.worker.clock), self.worker.jitter());
            if news {
                self.worker.raise_alarm();
            }
        }
        self.settle();
        self.begin_to_look();
    }

    /// A worker that cannot lease letters or record outcomes takes up no letters until the next look.
    fn fail(&mut self, error: Error) {
        (self.wants_letters, self.holds_back) = (false, true);
        self.errors.push(Failure::Letters(error));
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Upkept { tick, errors } => {
                self.is_looking = false;
                // What it queued is to be mailed.
                self.wants_upkeep |= self.goes_on && tick.found_work();
                if self.was_refused && !self.worker.is_astray() {
                    (self.wants_letters, self.was_refused) = (!self.holds_back, false);
                }
                self.wants_letters |= self.goes_on && !self.holds_back && tick.found_work();
                self.tick.expired += tick.expired;
                self.tick.purged += tick.purged;
                self.tick.reminded += tick.reminded;
                self.errors.extend(errors.into_iter().map(Failure::Upkeep));
            }
            Done::Leased { asked, owner, leased } => {
                (self.is_looking, self.is_leasing) = (false, false);
                match leased {
                    Ok(leased) => self.hand_over(asked, owner, leased),
                    Err(error) => self.fail(error),
                }
                self.decide();
            }
            Done::HandedOver { domain, letter } => {
                self.in_hand -= 1;
                let now = instant(&*self.worker.clock);
                let most = self.worker.outage().allowance_of(&domain, self.worker.most_per_domain(), now);
                if let Entry::Occupied(mut letters) = self.by_domain.entry(domain) {
                    // Other letters to this domain may have been passed over.
                    let was_full = *letters.get() >= most.max(1);
                    self.wants_letters |= self.goes_on && !self.holds_back && was_full;
                    *letters.get_mut() -= 1;
                    if *letters.get() == 0 {
                        letters.remove();
                    }
                }
                match letter {
                    Ok(letter) => {
                        self.heard.push(letter.heard.clone());
                        self.unrecorded.insert(letter.delivery, Unrecorded { counts: !letter.fails(), lease: None });
                        self.queue(letter);
                    }
                    Err(error) => self.fail(error),
                }
            }
            Done::Settled { lane, results } => {
                let letters = std::mem::take(&mut self.recording[lane as usize]);
                for (letter, result) in letters.into_iter().zip(results) {
                    self.settled(lane, letter, result);
                }
            }
        }
    }

    /// What went wrong since this was last asked.
    pub(super) fn take_errors(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.errors)
    }

    /// Begins the look whose turn it is, if there is something to look for.
    fn begin_to_look(&mut self) {
        if self.kept_last {
            self.lease();
            self.keep_up();
        } else {
            self.keep_up();
            self.lease();
        }
    }

    fn keep_up(&mut self) {
        if self.is_looking || !self.wants_upkeep {
            return;
        }
        (self.is_looking, self.wants_upkeep, self.kept_last) = (true, false, true);
        let worker = self.worker;
        self.jobs.push(Box::pin(async move {
            let (tick, errors) = worker.upkeep().await;
            Done::Upkept { tick, errors }
        }));
    }

    /// Leases as many letters as there are free slots. While the provider is away there are none, and while outcomes
    /// cannot be recorded fewer and fewer: each that is not recorded is a letter that a crash would send again.
    fn lease(&mut self) {
        if self.is_looking || !self.wants_letters {
            return;
        }
        if self.worker.is_astray() {
            (self.wants_letters, self.was_refused) = (false, true);
            return;
        }
        let now = instant(&*self.worker.clock);
        let allowed = self.worker.outage().allowance(self.worker.batch, now);
        self.wants_letters = allowed > 0;
        let unrecorded = self.unrecorded.values().filter(|letter| letter.counts).count();
        let unrecorded = u32::try_from(unrecorded).unwrap_or(u32::MAX).saturating_sub(self.worker.batch);
        let asked = allowed.saturating_sub(self.in_hand).saturating_sub(unrecorded);
        if asked == 0 {
            return;
        }
        self.wants_letters = false;
        let owner = match uuid_v7(&*self.worker.random, now) {
            Ok(owner) => owner,
            Err(error) => return self.fail(error.into()),
        };
        (self.is_looking, self.is_leasing, self.kept_last) = (true, true, false);
        let (worker, by_domain, looks_once) = (self.worker, self.by_domain.clone(), !self.goes_on);
        self.jobs.push(Box::pin(async move {
            let leased = worker.lease_letters(owner, asked, now, by_domain, looks_once).await;
            Done::Leased { asked, owner, leased }
        }));
    }

    fn hand_over(&mut self, asked: u32, owner: Uuid, leased: LeasedLetters) {
        let LeasedLetters { leased, mut tokens, declined, problem } = leased;
        let Leased { letters, discarded, unreadable, last: _ } = leased;
        let found = letters.len() + discarded + unreadable.len();
        let is_all = found < asked.try_into().unwrap_or(usize::MAX);
        self.tick.discarded += discarded;
        self.tick.unreadable += unreadable.len();
        for error in &unreadable {
            tracing::error!(%error, "a queued letter cannot be read, and waits");
        }
        for letter in letters {
            if let Some(unrecorded) = self.unrecorded.get_mut(&letter.delivery) {
                unrecorded.lease = Some((owner, letter.attempt));
                continue;
            }
            let (worker, token) = (self.worker, tokens.remove(&letter.delivery));
            let addressee = letter.record.addressee(letter.purpose);
            let domain = addressee.map_or_else(String::new, |address| address.domain().to_owned());
            self.in_hand += 1;
            *self.by_domain.entry(domain.clone()).or_default() += 1;
            self.jobs.push(Box::pin(async move {
                Done::HandedOver { domain, letter: worker.hand_over(owner, letter, token).await }
            }));
        }
        if let Some(error) = problem {
            self.fail(error);
        }
        // A store may have taken fewer than there are. Where some were declined, the next look declines them again, unless
        // their domain has room by now. The first one after a poll is made all the same: it looks past them.
        let has_room = declined.iter().any(|domain| self.has_room(domain));
        let looks_past = !declined.is_empty() && std::mem::take(&mut self.looks_past);
        let goes_on = has_room || looks_past || found > 0 && (declined.is_empty() || !is_all);
        self.wants_letters |= self.goes_on && !self.holds_back && goes_on;
    }

    /// Whether another letter to this domain may be in hand.
    fn has_room(&self, domain: &str) -> bool {
        let now = instant(&*self.worker.clock);
        let most = self.worker.outage().allowance_of(domain, self.worker.most_per_domain(), now);
        self.by_domain.get(domain).copied().unwrap_or_default() < most
    }
}
