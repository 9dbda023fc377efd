//! A fault before and after each call that the worker makes, of the store and of the mailer.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Claimant, DeliveryState, Error, Event, InvitationId, Invitations, Kind, Letter, Mailer, NewInvitation,
    Outcome, Policy, Record, Scope, Status, Unchecked, Worker,
    memory::{Memory, MemoryConn, MemoryStore},
    store::{
        AddressedQuery, DeliveryId, DeliveryUpdate, Found, Insertion, InvitationStore, Key, LeaseRequest, Leased,
        ListQuery, Purpose, Read, ReminderReport, ReminderScan, Settlement, StoreError, Sweep, Transition, WorkerStore,
    },
    testing::{CapturedLetter, CapturingMailer, ManualClock},
};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// The call is not made.
    Before,
    /// The call is made, and its answer lost.
    After,
    /// The call is not made, and never answered.
    Never,
    /// The call is not made, because the database is away.
    Away,
}

#[derive(Clone)]
struct Plan {
    calls: Arc<AtomicUsize>,
    at: usize,
    /// How many calls go wrong.
    lasts: usize,
    has_ended: Arc<AtomicBool>,
    /// Only calls that record outcomes count, and go wrong.
    only_outcomes: bool,
    /// The letter of which nothing can be recorded: the first, if there is to be one.
    stuck: Option<Arc<OnceLock<DeliveryId>>>,
    fault: Fault,
}

impl Plan {
    fn new(at: usize, fault: Fault) -> Self {
        Self {
            calls: Arc::default(),
            at,
            lasts: 1,
            has_ended: Arc::default(),
            only_outcomes: false,
            stuck: None,
            fault,
        }
    }

    /// From now on nothing goes wrong.
    fn ends(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
    }

    /// Counts a call, and says what goes wrong with it.
    fn next(&self) -> Option<Fault> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let goes_wrong = call >= self.at && call - self.at < self.lasts;
        (goes_wrong && !self.has_ended.load(Ordering::SeqCst)).then_some(self.fault)
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match self.next() {
            None => work.await,
            Some(Fault::Before) => Err(StoreError::failed("lost before")),
            Some(Fault::Never) => std::future::pending().await,
            Some(Fault::Away) => Err(StoreError::retryable("away")),
            Some(Fault::After) => {
                work.await?;
                Err(StoreError::failed("lost after"))
            }
        }
    }
}

impl Plan {
    /// A call that records no outcome.
    async fn other<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if self.only_outcomes { work.await } else { self.call(work).await }
    }
}

/// The reference store, whose worker's calls go wrong by plan.
#[derive(Clone)]
struct Faulty(Plan);

#[async_trait]
impl InvitationStore for Faulty {
    type Conn = MemoryConn;

    fn in_transaction(&self, conn: &mut MemoryConn) -> bool {
        MemoryStore.in_transaction(conn)
    }

    async fn lock_for_write(&self, conn: &mut MemoryConn) -> Result<(), StoreError> {
        MemoryStore.lock_for_write(conn).await
    }

    async fn insert(&self, conn: &mut MemoryConn, new: &[Insertion<'_>]) -> Result<Vec<bool>, StoreError> {
        MemoryStore.insert(conn, new).await
    }

    async fn apply(
        &self,
        conn: &mut MemoryConn,
        transitions: &[Transition<'_>],
    ) -> Result<Vec<Option<Found>>, StoreError> {
        MemoryStore.apply(conn, transitions).await
    }

    async fn record_delivery(
        &self,
        conn: &mut MemoryConn,
        updates: &[DeliveryUpdate<'_>],
    ) -> Result<Vec<bool>, StoreError> {
        MemoryStore.record_delivery(conn, updates).await
    }

    async fn find(&self, conn: &mut MemoryConn, key: &Key<'_>, read: Read) -> Result<Option<Found>, StoreError> {
        MemoryStore.find(conn, key, read).await
    }

    async fn list(&self, conn: &mut MemoryConn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        MemoryStore.list(conn, query).await
    }

    async fn addressed_to(&self, conn: &mut MemoryConn, query: &AddressedQuery<'_>) -> Result<Vec<Record>, StoreError> {
        MemoryStore.addressed_to(conn, query).await
    }

    async fn history(
        &self,
        conn: &mut MemoryConn,
        kind: &str,
        scope: &Scope,
        id: InvitationId,
    ) -> Result<Vec<Event>, StoreError> {
        MemoryStore.history(conn, kind, scope, id).await
    }
}

#[async_trait]
impl WorkerStore<Memory> for Faulty {
    async fn now(&self, memory: &Memory) -> Result<DateTime<Utc>, StoreError> {
        MemoryStore.now(memory).await
    }

    async fn lease(&self, memory: &Memory, request: &LeaseRequest<'_>) -> Result<Leased, StoreError> {
        self.0.other(MemoryStore.lease(memory, request)).await
    }

    async fn settle(&self, memory: &Memory, settlements: &[Settlement<'_>]) -> Result<Vec<bool>, StoreError> {
        let letters = || settlements.iter().map(|settlement| settlement.delivery);
        if let Some(stuck) = &self.0.stuck
            && let Some(first) = letters().next()
            && letters().any(|letter| letter == *stuck.get_or_init(|| first))
        {
            let is_retryable = self.0.fault == Fault::Away;
            return Err(if is_retryable { StoreError::retryable("stuck") } else { StoreError::failed("stuck") });
        }
        self.0.call(MemoryStore.settle(memory, settlements)).await
    }

    async fn sweep(&self, memory: &Memory, sweep: &Sweep<'_>) -> Result<u64, StoreError> {
        self.0.other(MemoryStore.sweep(memory, sweep)).await
    }

    async fn remind(&self, memory: &Memory, scan: &ReminderScan<'_>) -> Result<ReminderReport, StoreError> {
        self.0.other(MemoryStore.remind(memory, scan)).await
    }
}

/// A mailbox whose server goes wrong by plan: in a panic, or so that nobody knows.
#[derive(Clone)]
struct FaultyMailer {
    plan: Plan,
    panics: bool,
    seen: CapturingMailer,
}

#[async_trait]
impl Mailer for FaultyMailer {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let fault = self.plan.next();
        let taken = if fault == Some(Fault::Before) { None } else { Some(self.seen.deliver(letter).await) };
        match fault {
            None => taken.unwrap_or(Outcome::accepted()),
            Some(_) => {
                assert!(!self.panics, "on purpose, as part of a test");
                Outcome::Unknown { text: "no answer".into() }
            }
        }
    }
}

struct World {
    memory: Memory,
    clock: ManualClock,
    members: Invitations<Faulty, Membership>,
    worker: Worker<Faulty, Memory>,
    seen: CapturingMailer,
    all: Vec<CapturedLetter>,
}

impl World {
    fn new(store: Plan, mailer: Plan, panics: bool) -> Self {
        const RULES: &[TimeDelta] = &[TimeDelta::days(1)];
        let policy = Policy::default().reminders(RULES).notify_accepted(true).notify_expired(true);
        let (memory, clock, seen) = (Memory::default(), ManualClock::default(), CapturingMailer::default());
        let members = Invitations::new(Faulty(store.clone()), policy, Unchecked).clock(clock.clone());
        let mailer = FaultyMailer { plan: mailer, panics, seen: seen.clone() };
        let worker = Worker::new(Faulty(store), memory.clone(), mailer).serve(&members).batch(2);
        Self { memory, clock, members, worker, seen, all: Vec::new() }
    }

    /// Two hours of a worker that looks every ten minutes; each link that comes opens what it should.
    async fn two_hours(&mut self) {
        for _ in 0..12 {
            // What it says is lost with it; it comes again.
            let _ = self.worker.tick().await;
            self.clock.advance(TimeDelta::minutes(10));
        }
        let letters = self.seen.take();
        for letter in letters.iter().filter(|letter| letter.purpose().has_link()) {
            let preview = self.members.preview(&mut self.memory.connection(), letter.token()).await;
            assert!(preview.is_ok(), "a dead link: {preview:?}");
        }
        self.all.extend(letters);
    }

    /// Everybody's letters, all of one purpose under one name each.
    fn came(&self, id: InvitationId, purpose: Purpose) -> usize {
        let of = |letter: &&CapturedLetter| letter.invitation().id == id && letter.purpose() == purpose;
        let mut names: Vec<_> = self.all.iter().filter(of).map(|letter| letter.delivery()).collect();
        let count = names.len();
        names.dedup();
        assert!(names.len() <= 1, "{purpose:?} came under {} names", names.len());
        count
    }
}

/// The whole life of three invitations, one accepted and one expired; says how many calls were made.
async fn life(store: Plan, mailer: Plan, panics: bool) -> (usize, usize) {
    let mut world = World::new(store.clone(), mailer.clone(), panics);
    let mut ids = Vec::new();
    let mut tx = world.memory.begin().await;
    for name in ["ada", "grace", "joan"] {
        let new = NewInvitation::new(format!("{name}@example.com"), Membership).inviter_address("charles@example.com");
        ids.push(world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap().id);
    }
    tx.commit();
    world.two_hours().await;
    for id in &ids {
        assert!(world.came(*id, Purpose::Invitation) >= 1, "an invitation without mail");
    }
    world.clock.advance(TimeDelta::days(6));
    world.two_hours().await;
    for id in &ids {
        assert!(world.came(*id, Purpose::Reminder) >= 1, "nobody was reminded");
    }
    let mut tx = world.memory.begin().await;
    let ada = Claimant::new(2).verified("ada@example.com");
    world.members.accept_by_id(&mut tx, ids[0], &ada).await.unwrap();
    tx.commit();
    world.two_hours().await;
    assert!(world.came(ids[0], Purpose::Accepted) >= 1, "the inviter did not hear of the acceptance");
    world.clock.advance(TimeDelta::days(2));
    world.two_hours().await;
    for id in &ids[1..] {
        assert!(world.came(*id, Purpose::Expired) >= 1, "the inviter did not hear of the end");
        let mut conn = world.memory.connection();
        let status = world.members.scope(7).get(&mut conn, &Actor::new(1), *id).await.unwrap().status;
        assert_eq!(status, Status::Expired);
    }
    let mut per_letter = HashMap::<_, usize>::new();
    world.all.iter().for_each(|letter| *per_letter.entry(letter.delivery()).or_default() += 1);
    assert!(per_letter.values().all(|count| *count <= 2), "one fault, and a letter came three times");
    (store.calls.load(Ordering::SeqCst), mailer.calls.load(Ordering::SeqCst))
}

fn never() -> Plan {
    Plan::new(usize::MAX, Fault::Before)
}

#[tokio::test]
async fn no_fault_of_the_store_loses_a_letter_or_kills_a_link() {
    let (calls, _) = life(never(), never(), false).await;
    assert!(calls > 100, "{calls}");
    for at in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            life(Plan::new(at, fault), never(), false).await;
        }
    }
}

#[tokio::test]
async fn no_fault_of_the_mailer_loses_a_letter_or_kills_a_link() {
    let (_, calls) = life(never(), never(), false).await;
    assert!(calls >= 9, "{calls}");
    for at in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            for panics in [false, true] {
                life(never(), Plan::new(at, fault), panics).await;
            }
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_with_the_sweep_or_the_reminders_keeps_no_letter_waiting() {
    // The sweep is the first call of a round, the look for reminders the second.
    for at in [0, 1] {
        let mut world = World::new(Plan::new(at, Fault::Before), never(), false);
        let mut tx = world.memory.begin().await;
        let new = NewInvitation::new("ada@example.com", Membership);
        world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
        tx.commit();
        let round = world.worker.tick().await;
        assert!(matches!(round, Err(Error::Store(_))), "call {at}: {round:?}");
        assert_eq!(world.seen.take().len(), 1, "call {at}");
        world.two_hours().await;
        assert!(world.all.is_empty(), "call {at}: it was recorded, and is not sent again");
    }
}

#[tokio::test]
async fn letters_that_end_together_are_recorded_in_one_call() {
    let store = never();
    let world = World::new(store.clone(), never(), false);
    let worker = world.worker.batch(8).per_domain(8);
    let mut tx = world.memory.begin().await;
    for n in 0..8 {
        let new = NewInvitation::new(format!("p{n}@example.com"), Membership);
        world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
    }
    tx.commit();
    assert_eq!(worker.tick().await.unwrap().sent, 8);
    // The sweep, the reminders, the lease, and the outcomes.
    assert_eq!(store.calls.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn outcomes_that_cannot_be_recorded_together_are_recorded_one_by_one() {
    // The fourth call is the one for all.
    for fault in [Fault::Before, Fault::After] {
        let world = World::new(Plan::new(3, fault), never(), false);
        let worker = world.worker.batch(8);
        let mut tx = world.memory.begin().await;
        for n in 0..3 {
            let new = NewInvitation::new(format!("p{n}@example.com"), Membership);
            world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
        }
        tx.commit();
        worker.tick().await.unwrap();
        let (mut conn, query) = (world.memory.connection(), invite_core::InvitationQuery::new());
        let page = world.members.scope(7).list(&mut conn, &Actor::new(1), &query).await.unwrap();
        assert!(page.items.iter().all(|invitation| invitation.delivery.state == DeliveryState::Sent));
        world.clock.advance(TimeDelta::hours(1));
        assert!(!worker.tick().await.unwrap().found_work(), "none is left in the queue");
    }
}

/// The sweep, the reminders and the lease come before the first outcomes. Nothing of what follows is recorded until the
/// database is back, which takes longer than a lease.
#[tokio::test]
async fn what_became_of_a_letter_is_not_forgotten_while_the_database_is_away() {
    let store = Plan { lasts: usize::MAX, ..Plan::new(3, Fault::Away) };
    let world = World::new(store.clone(), never(), false);
    let mut tx = world.memory.begin().await;
    for name in ["ada", "grace"] {
        let new = NewInvitation::new(format!("{name}@example.com"), Membership);
        world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
    }
    tx.commit();
    let worker = world.worker.per_domain(2);
    for _ in 0..3 {
        assert!(matches!(worker.tick().await, Err(Error::Store(_))));
        world.clock.advance(TimeDelta::hours(1));
    }
    store.ends();
    assert_eq!(worker.tick().await.unwrap().sent, 2, "recorded although their leases have run out");
    world.clock.advance(TimeDelta::hours(1));
    assert!(!worker.tick().await.unwrap().found_work(), "none is left in the queue");
    assert_eq!(world.seen.take().len(), 2, "each was sent once");
}

/// For hours nothing can be recorded, and everything else goes on: leases run out, and the letters are leased again.
#[tokio::test]
async fn what_is_known_of_a_letter_that_is_leased_again_is_recorded_under_the_new_lease() {
    let store = Plan { only_outcomes: true, lasts: usize::MAX, ..Plan::new(0, Fault::Away) };
    let mut world = World::new(store.clone(), never(), false);
    // More to one domain than may be in hand, so that each look looks past some.
    for n in 0..5 {
        let mut tx = world.memory.begin().await;
        let new = NewInvitation::new(format!("p{n}@example.com"), Membership);
        world.members.scope(n).create(&mut tx, &Actor::new(1), new).await.unwrap();
        tx.commit();
    }
    let worker = world.worker.batch(4);
    for _ in 0..6 {
        let _ = worker.tick().await;
        world.clock.advance(TimeDelta::hours(1));
    }
    store.ends();
    let mut sent = 0;
    for _ in 0..12 {
        sent += worker.tick().await.unwrap().sent;
        world.clock.advance(TimeDelta::hours(1));
    }
    world.all = world.seen.take();
    let mut letters: Vec<_> = world.all.iter().map(|letter| letter.delivery()).collect();
    letters.sort_unstable();
    assert_eq!(letters.len(), 5, "each was sent once");
    letters.dedup();
    assert_eq!((letters.len(), sent), (5, 5), "and recorded as sent");
    assert!(!worker.tick().await.unwrap().found_work(), "none is left in the queue");
}

/// A call that records an outcome is never answered, and the round is given up.
#[tokio::test]
async fn what_became_of_a_letter_is_not_forgotten_with_a_round_that_is_given_up() {
    let world = World::new(Plan::new(3, Fault::Never), never(), false);
    let mut tx = world.memory.begin().await;
    let new = NewInvitation::new("ada@example.com", Membership);
    world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
    tx.commit();
    tokio::select! {
        biased;
        round = world.worker.tick() => panic!("it was answered: {round:?}"),
        () = async { for _ in 0..100 { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(world.seen.take().len(), 1);
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(world.worker.tick().await.unwrap().sent, 1);
    assert!(world.seen.take().is_empty(), "it was sent once more");
}

/// The outcome of the first letter can never be recorded. Everything else goes on.
#[tokio::test]
async fn an_outcome_that_cannot_be_recorded_keeps_no_other_letter_waiting() {
    for fault in [Fault::Before, Fault::Away] {
        let mut world =
            World::new(Plan { stuck: Some(Arc::default()), ..Plan::new(usize::MAX, fault) }, never(), false);
        for n in 0..20 {
            let mut tx = world.memory.begin().await;
            let new = NewInvitation::new(format!("p{n}@d{n}.example"), Membership);
            world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
            tx.commit();
            let round = world.worker.tick().await;
            assert_eq!(round.is_err(), n == 0, "{fault:?}, {n}: {round:?}");
            let letters = world.seen.take();
            assert_eq!(letters.len(), 1, "{fault:?}: letter {n}");
            world.all.extend(letters);
            world.clock.advance(TimeDelta::hours(1));
        }
        let mut addressees: Vec<_> = world.all.iter().map(|letter| letter.delivery()).collect();
        addressees.sort_unstable();
        addressees.dedup();
        assert_eq!(addressees.len(), 20, "{fault:?}: none was sent twice");
    }
}

/// A worker that runs for ten minutes.
async fn ten_minutes(worker: Worker<Faulty, Memory>) -> JoinHandle<Result<(), Error>> {
    let running = tokio::spawn(async move { worker.run(std::future::pending()).await });
    for _ in 0..600 {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    running
}

#[tokio::test(start_paused = true)]
async fn while_nothing_can_be_recorded_no_more_than_two_batches_are_mailed() {
    // The first outcomes are never recorded: the sweep, the reminders and the lease come before.
    let world = World::new(Plan::new(3, Fault::Never), never(), false);
    let mut tx = world.memory.begin().await;
    for n in 0..50 {
        let new = NewInvitation::new(format!("p{n}@example.com"), Membership);
        world.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
    }
    tx.commit();
    let running = ten_minutes(world.worker.per_domain(2)).await;
    running.abort();
    assert_eq!(world.seen.take().len(), 4, "of a worker that has two letters in hand at a time");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_only_looks_when_it_is_told_survives_an_error() {
    let world = World::new(Plan::new(0, Fault::Before), never(), false);
    let running = ten_minutes(world.worker.poll(Duration::MAX)).await;
    assert!(!running.is_finished());
    running.abort();
}
