//! Letters on their way from the queue to the mailer, and their outcomes on the way back.
//!
//! Everything that takes time is a job, and all jobs go on at once: at most one looks for letters, at most one records
//! outcomes, at most one fails an invitation, and each slot hands one letter over. So a slot is free again as soon as
//! its letter is out of hand, whatever the other letters do, and outcomes that wait for their turn are recorded together.
//! Of the host's connections two are taken, and a third while an invitation fails, which may have to wait for a lock.

use std::{collections::HashMap, panic::AssertUnwindSafe, pin::Pin, sync::PoisonError};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use uuid::Uuid;

use super::{
    Tick, Worker,
    outage::{Heard, Sign},
    retry::{self, History, Verdict},
};
use crate::{
    clock::instant,
    delivery::{Delivery, DeliveryState},
    error::{Error, StoreError},
    id::DeliveryId,
    mailer::{Letter, Outcome, fit_id},
    random::uuid_v7,
    service::failure,
    store::{DeliveryUpdate, LeaseRequest, Leased, LeasedLetter, Settlement, WorkerStore},
    token::Token,
};

/// How often outcomes are written again when the database asks for a retry.
const SETTLE_TRIES: usize = 8;

type Job<'w> = Pin<Box<dyn Future<Output = Done> + Send + 'w>>;

/// What a job has done.
enum Done {
    Upkept { tick: Tick, errors: Vec<Error> },
    Leased { asked: u32, owner: Uuid, leased: Result<(Leased, HashMap<DeliveryId, Token>), Error> },
    HandedOver(Result<Attempted, Error>),
    Settled { lane: Lane, results: Vec<Result<Option<DeliveryState>, Error>> },
}

/// Outcomes that concern the letter alone never wait for those that change its invitation.
#[derive(Clone, Copy)]
enum Lane {
    Letters,
    Failures,
}

/// What went wrong: the caller decides by it when to look again.
pub(super) enum Failure {
    Upkeep(Error),
    Letters(Error),
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Upkeep(error) | Self::Letters(error) => error,
        }
    }
}

/// A letter that is out of hand, and what is to be recorded of it.
struct Attempted {
    owner: Uuid,
    delivery: DeliveryId,
    attempt: u32,
    kind: String,
    at: DateTime<Utc>,
    verdict: Verdict,
    heard: Heard,
}

/// The letters that one worker has in hand.
pub(super) struct Engine<'w, S, P> {
    worker: &'w Worker<S, P>,
    jobs: FuturesUnordered<Job<'w>>,
    /// Letters that the mailer has.
    in_hand: u32,
    /// Letters that are out of hand, and what became of them is not recorded yet.
    unrecorded: u32,
    heard: Vec<Heard>,
    letters: Vec<Attempted>,
    failures: Vec<Attempted>,
    is_settling: bool,
    is_failing: bool,
    /// Upkeep and leases take turns: one of them goes on at a time.
    is_looking: bool,
    wants_upkeep: bool,
    wants_letters: bool,
    kept_last: bool,
    /// What it has done so far.
    pub(super) tick: Tick,
    errors: Vec<Failure>,
    /// Something went wrong with letters since somebody last looked for them.
    holds_back: bool,
    /// Whether it goes on to look while it finds as much as it looked for.
    goes_on: bool,
}

impl<'w, S: WorkerStore<P>, P: Send + Sync> Engine<'w, S, P> {
    /// One that looks once.
    pub(super) fn once(worker: &'w Worker<S, P>) -> Self {
        Self {
            worker,
            jobs: FuturesUnordered::new(),
            in_hand: 0,
            unrecorded: 0,
            heard: Vec::new(),
            letters: Vec::new(),
            failures: Vec::new(),
            is_settling: false,
            is_failing: false,
            is_looking: false,
            wants_upkeep: false,
            wants_letters: false,
            kept_last: false,
            tick: Tick::default(),
            errors: Vec::new(),
            holds_back: false,
            goes_on: false,
        }
    }

    /// From now on it looks again as long as it finds as much as it looked for.
    #[cfg(feature = "tokio")]
    pub(super) fn go_on(&mut self) {
        self.goes_on = true;
        if self.tick.found_work() || self.in_hand > 0 {
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
        (self.wants_letters, self.holds_back) = (true, false);
        self.begin_to_look();
    }

    /// Looks for nothing more. What is in hand goes on.
    #[cfg(feature = "tokio")]
    pub(super) const fn stop(&mut self) {
        (self.goes_on, self.wants_upkeep, self.wants_letters) = (false, false, false);
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
            self.worker.outage().hear(&heard, instant(&*self.worker.clock), self.worker.jitter());
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
                self.wants_letters |= self.goes_on && !self.holds_back && tick.found_work();
                self.tick.expired += tick.expired;
                self.tick.reminded += tick.reminded;
                self.errors.extend(errors.into_iter().map(Failure::Upkeep));
            }
            Done::Leased { asked, owner, leased } => {
                self.is_looking = false;
                match leased {
                    Ok((leased, tokens)) => self.hand_over(asked, owner, leased, tokens),
                    Err(error) => self.fail(error),
                }
            }
            Done::HandedOver(letter) => {
                self.in_hand -= 1;
                match letter {
                    Ok(letter) => {
                        self.unrecorded += 1;
                        self.heard.push(letter.heard.clone());
                        let fails = letter.verdict.summary.state == DeliveryState::Failed;
                        if fails { self.failures.push(letter) } else { self.letters.push(letter) }
                    }
                    Err(error) => self.fail(error),
                }
            }
            Done::Settled { lane, results } => {
                match lane {
                    Lane::Letters => self.is_settling = false,
                    Lane::Failures => self.is_failing = false,
                }
                for result in results {
                    self.unrecorded -= 1;
                    match result {
                        Ok(state) => self.tick.count(state),
                        Err(error) => self.fail(error),
                    }
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
        let now = instant(&*self.worker.clock);
        let allowed = self.worker.outage().allowance(self.worker.batch, now);
        self.wants_letters = allowed > 0;
        let unrecorded = self.unrecorded.saturating_sub(self.worker.batch);
        let asked = allowed.saturating_sub(self.in_hand).saturating_sub(unrecorded);
        if asked == 0 {
            return;
        }
        self.wants_letters = false;
        let owner = match uuid_v7(&*self.worker.random, now) {
            Ok(owner) => owner,
            Err(error) => return self.fail(error.into()),
        };
        (self.is_looking, self.kept_last) = (true, false);
        let worker = self.worker;
        self.jobs.push(Box::pin(async move {
            Done::Leased { asked, owner, leased: worker.lease_letters(owner, asked, now).await }
        }));
    }

    fn hand_over(&mut self, asked: u32, owner: Uuid, leased: Leased, mut tokens: HashMap<DeliveryId, Token>) {
        let Leased { letters, discarded, unreadable } = leased;
        let found = letters.len() + discarded + unreadable.len();
        self.wants_letters |= self.goes_on && !self.holds_back && found >= asked.try_into().unwrap_or(usize::MAX);
        self.tick.discarded += discarded;
        self.tick.unreadable += unreadable.len();
        for error in &unreadable {
            tracing::error!(%error, "a queued letter cannot be read, and waits");
        }
        for letter in letters {
            let (worker, token) = (self.worker, tokens.remove(&letter.delivery));
            self.in_hand += 1;
            self.jobs.push(Box::pin(async move { Done::HandedOver(worker.hand_over(owner, letter, token).await) }));
        }
    }

    /// Records all outcomes that wait, in each lane unless others are being recorded there.
    fn settle(&mut self) {
        if !self.is_settling && !self.letters.is_empty() {
            self.is_settling = true;
            let letters = std::mem::take(&mut self.letters);
            self.record(Lane::Letters, letters);
        }
        // One after the other, because each may have to wait for a lock.
        if !self.is_failing && !self.failures.is_empty() {
            self.is_failing = true;
            let failure = self.failures.remove(0);
            self.record(Lane::Failures, vec![failure]);
        }
    }

    fn record(&self, lane: Lane, mut letters: Vec<Attempted>) {
        // In one order, so that two who record the same letters do not wait for each other.
        letters.sort_unstable_by_key(|letter| letter.delivery);
        let worker = self.worker;
        self.jobs.push(Box::pin(async move { Done::Settled { lane, results: worker.settle(&letters).await } }));
    }
}

impl<S: WorkerStore<P>, P: Send + Sync> Worker<S, P> {
    /// Draws the tokens here, so that the store sees only digests.
    async fn lease_letters(
        &self,
        owner: Uuid,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<(Leased, HashMap<DeliveryId, Token>), Error> {
        let drawn = std::sync::Mutex::new(HashMap::<DeliveryId, Token>::new());
        let minter = |delivery, kind: &str| {
            let format = self.kinds.get(kind).map_or_else(Default::default, |policy| policy.token_format);
            let token = Token::generate(&*self.random, format).map_err(StoreError::failed)?;
            let digest = token.digest(kind);
            drawn.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery, token);
            Ok(digest)
        };
        let kinds = self.kinds_where(|_| true);
        let lease_until = now + self.effective_lease();
        let request = LeaseRequest { kinds: &kinds, now, owner, lease_until, limit, minter: &minter };
        let leased = self.store.lease(&self.pool, &request).await?;
        Ok((leased, drawn.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Hands one letter over.
    async fn hand_over(&self, owner: Uuid, leased: LeasedLetter, token: Option<Token>) -> Result<Attempted, Error> {
        let LeasedLetter { delivery, attempt, refusals, unknowns, .. } = leased;
        let (kind, scope) = (leased.record.kind.clone(), leased.record.scope.clone());
        let reply_to_inviter = self.kinds.get(kind.as_str()).is_some_and(|policy| policy.reply_to_inviter);
        let letter = Letter::new(leased, reply_to_inviter, token).ok_or(Error::Store(StoreError::corrupt("letter")))?;
        let (domain, since) = (letter.addressee().domain().to_owned(), instant(&*self.clock));
        // A mailer that panics must not take the letters beside it along.
        let outcome = AssertUnwindSafe(self.mailer.deliver(&letter)).catch_unwind().await;
        let (sign, outcome) = match outcome {
            Ok(outcome) => (Sign::of(&outcome), outcome),
            Err(_) => (Sign::Nothing, Outcome::Unknown { text: "the mailer panicked".into() }),
        };
        if let Outcome::Accepted { id } = &outcome {
            let id = id.as_deref().and_then(fit_id);
            tracing::debug!(delivery = %delivery.as_uuid(), id, "a mail server took a letter");
        }
        let at = instant(&*self.clock);
        let verdict = retry::judge(&outcome, History { attempt, refusals, unknowns }, at, self.jitter());
        let heard = Heard { delivery, domain, scope, since, sign };
        Ok(Attempted { owner, delivery, attempt, kind, at, verdict, heard })
    }

    /// Records what became of letters: all together, or one by one where the store cannot, so that none keeps the others
    /// from being recorded. `None` for a letter whose lease was lost.
    async fn settle(&self, letters: &[Attempted]) -> Vec<Result<Option<DeliveryState>, Error>> {
        let recorded = |letter: &Attempted, settled: bool| settled.then_some(letter.verdict.summary.state);
        match self.try_to_settle(letters).await {
            Ok(settled) if settled.len() == letters.len() => {
                letters.iter().zip(settled).map(|(letter, settled)| Ok(recorded(letter, settled))).collect()
            }
            // A database that is away is away for each of them.
            Err(error) if letters.len() == 1 || error.is_retryable() => {
                let others = letters
                    .iter()
                    .skip(1)
                    .map(|_| Err(StoreError::retryable("another outcome could not be recorded").into()));
                std::iter::once(Err(error.into())).chain(others).collect()
            }
            Ok(_) | Err(_) => {
                let mut results = Vec::with_capacity(letters.len());
                for letter in letters {
                    let settled = self.try_to_settle(std::slice::from_ref(letter)).await;
                    let settled = settled.map(|settled| recorded(letter, settled.first().copied().unwrap_or_default()));
                    results.push(settled.map_err(Error::from));
                }
                results
            }
        }
    }

    async fn try_to_settle(&self, letters: &[Attempted]) -> Result<Vec<bool>, StoreError> {
        let failures: Vec<_> = (letters.iter())
            .map(|letter| {
                failure(&letter.kind, letter.delivery, letter.at, letter.verdict.summary.last_error.as_deref())
            })
            .collect();
        let settlements: Vec<_> = (letters.iter().zip(&failures))
            .map(|(letter, failure)| {
                let Delivery { state, attempts, last_error } = &letter.verdict.summary;
                Settlement {
                    delivery: letter.delivery,
                    owner: letter.owner,
                    attempt: letter.attempt,
                    summary: DeliveryUpdate {
                        delivery: letter.delivery,
                        kind: &letter.kind,
                        state: *state,
                        attempts: Some(*attempts),
                        error: last_error.as_deref(),
                        over: DeliveryState::in_queue(),
                    },
                    queue: letter.verdict.queue(),
                    transition: (*state == DeliveryState::Failed).then_some(failure),
                }
            })
            .collect();
        let mut tries = 1;
        loop {
            match self.store.settle(&self.pool, &settlements).await {
                Err(error) if error.is_retryable() && tries < SETTLE_TRIES => tries += 1,
                settled => return settled,
            }
        }
    }
}
