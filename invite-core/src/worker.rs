//! Empties the mail queue, reminds, and expires what is due.

mod outage;
mod retry;
#[cfg(feature = "tokio")]
mod run;
mod tick;

use std::{
    collections::HashMap,
    fmt,
    panic::AssertUnwindSafe,
    slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{FutureExt, StreamExt, stream};
use uuid::Uuid;

use self::outage::{Outage, Sign};
#[cfg(feature = "tokio")]
pub use self::run::Notifier;
pub use self::tick::Tick;
use crate::{
    clock::{Clock, SystemClock, instant},
    delivery::{Delivery, DeliveryState, Purpose},
    error::{Error, StoreError},
    id::DeliveryId,
    invitation::Record,
    kind::Kind,
    mailer::{Letter, Mailer, Outcome, fit_id},
    policy::Policy,
    random::{SecureRandom, SystemRandom, uuid_v7},
    service::{Invitations, failure, look},
    store::{
        DeliveryUpdate, LeaseRequest, Leased, LeasedLetter, NewLetter, ReminderDecision, ReminderScan, Settlement,
        Sweep, WorkerStore, only,
    },
    token::Token,
};

/// How many expired invitations one transaction of the sweep takes: enough that beginning, looking
/// for them and committing cost little beside them, and few enough that nobody waits for it for long.
const SWEEP: u32 = 1_000;
/// How many invitations one transaction looks at for a reminder.
const REMINDED: u32 = 200;
/// The longest lease.
const LONGEST_LEASE: TimeDelta = TimeDelta::days(1);
/// What a lease has at least, and at most, beyond the longest a mailer may take: for the database,
/// before and after.
const LEASE_MARGIN: (TimeDelta, TimeDelta) = (TimeDelta::seconds(5), TimeDelta::minutes(1));
/// How often the outcome of a letter is written again when the database asks for a retry.
const SETTLE_TRIES: usize = 8;

/// Mails what `create` and `resend` queued, reminds, and expires invitations whose time has run out.
///
/// Any number of workers, in any number of processes, may run on one database: each letter is
/// leased to one of them. A worker that dies loses its leases after
/// [`lease`](Self::lease), and another takes the letters up; a recipient may then rarely get
/// two mails, and both links work.
///
/// Call [`tick`](Self::tick) from any scheduler, or let `run` (feature `tokio`) do it.
///
/// ```
/// use invite_core::{
///     Actor, Invitations, Kind, NewInvitation, Policy, Unchecked, Worker,
///     memory::{Memory, MemoryStore},
///     testing::CapturingMailer,
/// };
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Membership;
/// # impl Kind for Membership { const NAME: &'static str = "member"; }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), invite_core::Error> {
/// let memory = Memory::default();
/// let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
/// let mailer = CapturingMailer::default();
/// let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone()).serve(&members);
///
/// let mut tx = memory.begin().await;
/// let new = NewInvitation::new("ada@example.com", Membership);
/// members.scope("org:7").create(&mut tx, &Actor::new(1), new).await?;
/// tx.commit();
///
/// assert_eq!(worker.tick().await?.sent, 1);
/// let letters = mailer.take();
/// assert!(members.preview(&mut memory.connection(), letters[0].token()).await.is_ok());
/// # Ok(())
/// # }
/// ```
pub struct Worker<S, P> {
    store: S,
    pool: P,
    mailer: Arc<dyn Mailer>,
    kinds: HashMap<&'static str, Policy>,
    served_twice: Option<&'static str>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
    batch: u32,
    lease: TimeDelta,
    outage: Mutex<Outage>,
    #[cfg(feature = "tokio")]
    poll: Duration,
    #[cfg(feature = "tokio")]
    wake: Arc<tokio::sync::Notify>,
}

impl<S: WorkerStore<P>, P: Send + Sync> Worker<S, P> {
    /// A worker over the store's tables, on connections of its own from `pool`.
    pub fn new(store: S, pool: P, mailer: impl Mailer) -> Self {
        Self {
            store,
            pool,
            mailer: Arc::new(mailer),
            kinds: HashMap::new(),
            served_twice: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            batch: 8,
            lease: TimeDelta::minutes(15),
            outage: Mutex::default(),
            #[cfg(feature = "tokio")]
            poll: Duration::from_secs(1),
            #[cfg(feature = "tokio")]
            wake: Arc::default(),
        }
    }

    /// Serves this kind too. The worker touches no kind that it does not serve. It takes the time and its randomness
    /// from the invitations that are named last.
    ///
    /// A worker that serves no kind, or one kind twice, refuses to work: [`tick`](Self::tick) and `run` then fail with
    /// [`Error::NoKinds`] or [`Error::KindServedTwice`].
    #[must_use]
    pub fn serve<K: Kind>(mut self, invitations: &Invitations<S, K>) -> Self {
        if self.kinds.insert(K::NAME, invitations.policy().clone()).is_some() {
            self.served_twice = Some(K::NAME);
        }
        self.clock = invitations.shared_clock();
        self.random = invitations.shared_random();
        self
    }

    /// How many letters are leased and sent at a time; 8 unless said otherwise.
    #[must_use]
    pub fn batch(mut self, letters: u32) -> Self {
        self.batch = letters.max(1);
        self
    }

    /// How long a letter is this worker's; 15 minutes unless said otherwise, a day at most. A letter
    /// whose lease ran out is sent again, so it is never shorter than the mailer's
    /// [`time_limit`](Mailer::time_limit) and a quarter of it, 5 seconds at least and a minute at
    /// most; for a mailer without one, set it to more than it may take: RFC 5321 (4.5.3.2.6) lets a
    /// server take 10 minutes over the last reply alone.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = TimeDelta::from_std(lease).map_or(LONGEST_LEASE, |lease| lease.min(LONGEST_LEASE));
        self
    }

    /// As set, but longer than the mailer may take.
    fn effective_lease(&self) -> TimeDelta {
        let Some(limit) = self.mailer.time_limit() else { return self.lease };
        let limit = TimeDelta::from_std(limit).map_or(LONGEST_LEASE, |limit| limit.min(LONGEST_LEASE));
        let (least, most) = LEASE_MARGIN;
        self.lease.max(limit + (limit / 4).clamp(least, most))
    }

    /// Expires what is due, queues the reminders that are, then leases one batch of letters, sends
    /// them, and records what became of each.
    ///
    /// When nobody took any of the last batch, or two letters in a row, because the provider was away,
    /// would not have us, or said "not now" for another reason than the mailbox, no letter is leased for half a minute, then one to see, and so on, with
    /// pauses of up to ten minutes: an outage costs few letters an attempt.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Random`]. Letters already handed over are settled; whatever
    /// could not be recorded is tried again after its lease. [`Error::NoKinds`] and [`Error::KindServedTwice`], before
    /// anything is done.
    pub async fn tick(&self) -> Result<Tick, Error> {
        self.check()?;
        let mut tick = Tick::default();
        let now = instant(&*self.clock);
        let kinds = self.kinds_where(|_| true);
        let notify = self.kinds_where(|policy| policy.notify_expired);
        let sweep = Sweep { kinds: &kinds, notify: &notify, now, limit: SWEEP };
        tick.expired = self.store.sweep(&self.pool, &sweep).await?;
        tick.reminded = self.remind(now).await?;

        // Those two may have taken their time, and a lease begins when letters are leased.
        let now = instant(&*self.clock);
        let allowance = self.outage().allowance(self.batch, now);
        if allowance > 0 {
            self.mail(&kinds, allowance, now, &mut tick).await?;
        }
        Ok(tick)
    }

    fn check(&self) -> Result<(), Error> {
        match self.served_twice {
            Some(kind) => Err(Error::KindServedTwice { kind }),
            None if self.kinds.is_empty() => Err(Error::NoKinds),
            None => Ok(()),
        }
    }

    fn kinds_where(&self, wanted: impl Fn(&Policy) -> bool) -> Vec<&str> {
        self.kinds.iter().filter(|(_, policy)| wanted(policy)).map(|(kind, _)| *kind).collect()
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the reminders that are due.
    async fn remind(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let kinds = self.kinds_where(|policy| !policy.reminders.is_empty());
        if kinds.is_empty() {
            return Ok(0);
        }
        let decide = |record: &Record| {
            let leads = self.kinds.get(record.kind.as_str()).map_or(&[][..], |policy| policy.reminders);
            let look = look(record, leads, now);
            let delivery = record.delivery_id.zip(look.done).filter(|_| look.due);
            let letter = delivery.map(|(invitation_s, lead)| NewLetter {
                delivery: invitation_s.of_reminder(lead),
                purpose: Purpose::Reminder,
                not_before: now,
            });
            Ok(ReminderDecision { letter, remind_at: look.next, reminded: look.done })
        };
        let scan = ReminderScan { kinds: &kinds, now, limit: REMINDED, decide: &decide };
        let report = self.store.remind(&self.pool, &scan).await?;
        for error in &report.unreadable {
            tracing::error!(%error, "an invitation cannot be read, and nobody is reminded of it");
        }
        Ok(report.queued)
    }

    async fn mail(&self, kinds: &[&str], limit: u32, now: DateTime<Utc>, tick: &mut Tick) -> Result<(), Error> {
        let owner = uuid_v7(&*self.random, now)?;
        let (leased, mut tokens) = self.lease_letters(kinds, owner, limit, now).await?;
        tick.discarded = leased.discarded;
        tick.unreadable = leased.unreadable.len();
        for error in &leased.unreadable {
            tracing::error!(%error, "a queued letter cannot be read, and waits");
        }
        let (signs, results): (Vec<_>, Vec<_>) = stream::iter(leased.letters)
            .map(|letter| {
                let token = tokens.remove(&letter.delivery);
                self.send(owner, letter, token)
            })
            .buffer_unordered(self.batch.try_into().unwrap_or(usize::MAX))
            .unzip()
            .await;
        self.outage().hear(&signs, instant(&*self.clock), self.jitter());
        for result in results {
            match result? {
                Some(DeliveryState::Sent) => tick.sent += 1,
                Some(DeliveryState::Failed) => tick.failed += 1,
                Some(DeliveryState::Retrying) => tick.postponed += 1,
                Some(
                    DeliveryState::Unknown
                    | DeliveryState::Queued
                    | DeliveryState::NotMailed
                    | DeliveryState::Deferred
                    | DeliveryState::Delivered
                    | DeliveryState::Complained
                    | DeliveryState::Suppressed
                    | DeliveryState::Bounced,
                ) => tick.unknown += 1,
                None => tick.lost += 1,
            }
        }
        Ok(())
    }

    /// Where there is no randomness there is none: what has happened is recorded all the same.
    fn jitter(&self) -> u8 {
        let mut jitter = [0];
        let _ = self.random.fill(&mut jitter);
        jitter[0]
    }

    /// Draws the tokens here, so that the store sees only digests.
    async fn lease_letters(
        &self,
        kinds: &[&str],
        owner: Uuid,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<(Leased, HashMap<DeliveryId, Token>), Error> {
        let drawn = Mutex::new(HashMap::<DeliveryId, Token>::new());
        let minter = |delivery, kind: &str| {
            let format = self.kinds.get(kind).map_or_else(Default::default, |policy| policy.token_format);
            let token = Token::generate(&*self.random, format).map_err(StoreError::failed)?;
            let digest = token.digest(kind);
            drawn.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery, token);
            Ok(digest)
        };
        let request =
            LeaseRequest { kinds, now, owner, lease_until: now + self.effective_lease(), limit, minter: &minter };
        let leased = self.store.lease(&self.pool, &request).await?;
        Ok((leased, drawn.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Hands one letter over and records what became of it; `None` when the lease was lost.
    async fn send(
        &self,
        owner: Uuid,
        leased: LeasedLetter,
        token: Option<Token>,
    ) -> ((DeliveryId, Sign), Result<Option<DeliveryState>, Error>) {
        let LeasedLetter { delivery, attempt, refusals, unknowns, .. } = leased;
        let kind = leased.record.kind.clone();
        let reply_to_inviter = self.kinds.get(kind.as_str()).is_some_and(|policy| policy.reply_to_inviter);
        let Some(letter) = Letter::new(leased, reply_to_inviter, token) else {
            return ((delivery, Sign::Nothing), Err(StoreError::corrupt("letter").into()));
        };
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

        let now = instant(&*self.clock);
        let history = retry::History { attempt, refusals, unknowns };
        let verdict = retry::judge(&outcome, history, now, self.jitter());
        let Delivery { state, attempts, last_error } = &verdict.summary;
        let error = last_error.as_deref();
        let failure = failure(&kind, delivery, now, error);
        let summary = DeliveryUpdate {
            delivery,
            kind: &kind,
            state: *state,
            attempts: Some(*attempts),
            error,
            over: DeliveryState::in_queue(),
        };
        let settlement = Settlement {
            delivery,
            owner,
            attempt,
            summary,
            queue: verdict.queue(),
            transition: (*state == DeliveryState::Failed).then_some(&failure),
        };
        let settled = self.settle(&settlement).await;
        ((delivery, sign), settled.map(|settled| settled.then_some(*state)).map_err(Error::from))
    }

    async fn settle(&self, settlement: &Settlement<'_>) -> Result<bool, StoreError> {
        let mut tries = 1;
        loop {
            match self.store.settle(&self.pool, slice::from_ref(settlement)).await.and_then(only) {
                Err(error) if error.is_retryable() && tries < SETTLE_TRIES => tries += 1,
                settled => return settled,
            }
        }
    }
}

impl<S, P> fmt::Debug for Worker<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("kinds", &self.kinds.keys()).finish_non_exhaustive()
    }
}
