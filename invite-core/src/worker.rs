//! Empties the mail queue, reminds, and expires what is due.

mod engine;
mod health;
mod outage;
mod reports;
mod retry;
#[cfg(feature = "tokio")]
mod run;
mod steps;
mod tick;
mod upkeep;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;

#[cfg(feature = "tokio")]
pub use self::run::Notifier;
use self::{
    engine::{Engine, Failure},
    health::Alarm,
    outage::Outage,
    steps::Attempted,
};
pub use self::{health::Health, tick::Tick};
use crate::{
    actor::Scope,
    clock::{Clock, SystemClock},
    error::Error,
    kind::Kind,
    mailer::Mailer,
    policy::Policy,
    random::{SecureRandom, SystemRandom},
    service::Invitations,
    store::WorkerStore,
};

/// What stands for a clock that was never compared with the database's.
const NEVER_COMPARED: i64 = i64::MIN;

/// The longest lease.
const LONGEST_LEASE: TimeDelta = TimeDelta::days(1);
/// What a lease has at least, and at most, beyond the longest a mailer may take: for the database,
/// before and after.
const LEASE_MARGIN: (TimeDelta, TimeDelta) = (TimeDelta::seconds(5), TimeDelta::minutes(1));

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
    per_domain: Option<u32>,
    lease: TimeDelta,
    outage: Mutex<Outage>,
    alarm: Option<Alarm>,
    /// Outcomes of letters that could not be recorded yet.
    kept: Mutex<Vec<Attempted>>,
    /// The scope behind which the turns begin.
    last: Mutex<Option<Scope>>,
    /// By how many microseconds the clock was last seen to be ahead of the database's; at first nobody knows.
    ahead: AtomicI64,
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
            per_domain: None,
            lease: TimeDelta::minutes(15),
            outage: Mutex::default(),
            alarm: None,
            kept: Mutex::default(),
            last: Mutex::default(),
            ahead: AtomicI64::new(NEVER_COMPARED),
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

    /// How many letters are in hand at a time, 8 by default. A running worker takes up another as soon as one
    /// is out of hand.
    #[must_use]
    pub fn batch(mut self, letters: u32) -> Self {
        self.batch = letters.max(1);
        self
    }

    /// How many letters to one domain are in hand at a time. By default it is seven eighths of the [batch](Self::batch),
    /// rounded up, and one less than the batch at most. So a mail server that takes long over each letter leaves room for
    /// letters to others. A batch of one is one letter to any domain.
    #[must_use]
    pub const fn per_domain(mut self, letters: u32) -> Self {
        self.per_domain = Some(if letters == 0 { 1 } else { letters });
        self
    }

    /// How long a letter is this worker's: 15 minutes by default, a day at most. A letter
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

    /// How many letters to one domain may be in hand.
    fn most_per_domain(&self) -> u32 {
        let spared = (self.batch / 8).max(1);
        self.per_domain.unwrap_or_else(|| self.batch.saturating_sub(spared).max(1))
    }

    /// Expires what is due, queues the reminders that are, leases one batch of letters, sends them, and records what
    /// became of each. What goes wrong with one of these keeps no other from being done.
    ///
    /// Invitations are sent before reminders and notices. Among each, the scopes take turns, so that a tenant who invites
    /// thousands delays nobody else's letter. The turns are this worker's: where each `tick` is another process, they
    /// begin anew.
    ///
    /// A domain pauses when two letters to it fail one after the other because it cannot be found or nobody takes them.
    /// The worker pauses when two letters in a row, to different domains and of different scopes, fail because the mail
    /// provider cannot be reached, or refuses them through no [fault](crate::Fault) of the recipient or of the letter.
    /// A pause lasts half a minute at first and ten minutes at most. After it the worker sends one letter, and goes on if
    /// the provider answers. So an outage costs few letters an attempt. Where all letters are of one scope, different
    /// domains are enough.
    ///
    /// # Errors
    /// [`Error::Store`] and [`Error::Random`], the first of them if there were several. What became of a letter and could
    /// not be recorded is kept, and recorded by a later call on this worker; if the process ends first, the letter is sent
    /// again after its lease. [`Error::ClockDiffers`]: nothing was expired, reminded of or leased. [`Error::NoKinds`] and
    /// [`Error::KindServedTwice`], before anything is done.
    pub async fn tick(&self) -> Result<Tick, Error> {
        self.check()?;
        let mut engine = Engine::once(self);
        engine.look();
        while engine.is_busy() {
            engine.advance().await;
        }
        // That something is kept was told when it could not be recorded at first.
        let first = engine.take_errors().into_iter().find(|failure| !matches!(failure, Failure::Kept(_)));
        first.map_or(Ok(engine.tick), |failure| Err(failure.into_error()))
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

    /// By how much leases differ from the clock. Less than a second is nothing beside a lease; but a letter that was queued
    /// a moment ago must be due.
    fn skew(&self) -> TimeDelta {
        let ahead = self.ahead();
        if ahead.abs() < TimeDelta::seconds(1) { TimeDelta::zero() } else { ahead }
    }

    /// How far the clock was last seen to be ahead of the database's.
    fn ahead(&self) -> TimeDelta {
        match self.ahead.load(Ordering::Relaxed) {
            NEVER_COMPARED => TimeDelta::zero(),
            ahead => TimeDelta::microseconds(ahead),
        }
    }

    /// Whether that is too far to do anything, or not known yet.
    fn is_astray(&self) -> bool {
        let is_known = self.ahead.load(Ordering::Relaxed) != NEVER_COMPARED;
        self.clock.tolerance().is_some_and(|tolerance| !is_known || self.ahead().abs() > tolerance)
    }

    /// If the random number generator fails there is no jitter; the outcome must still be recorded.
    fn jitter(&self) -> u8 {
        let mut jitter = [0];
        let _ = self.random.fill(&mut jitter);
        jitter[0]
    }
}

impl<S, P> Worker<S, P> {
    fn outage(&self) -> MutexGuard<'_, Outage> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Attempted>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S, P> fmt::Debug for Worker<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("kinds", &self.kinds.keys()).finish_non_exhaustive()
    }
}
