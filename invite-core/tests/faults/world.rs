//! A worker, its store and its mailer, which go wrong by plan.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Claimant, EmailAddress, Event, InvitationId, Invitations, Kind, Letter, Listed, Mailer, NewInvitation,
    Outcome, Policy, Record, Scope, Status, Unchecked, Worker,
    memory::{Memory, MemoryConn, MemoryStore},
    store::{
        AddressedQuery, Counts, DeliveryId, DeliveryUpdate, Erasure, Found, Insertion, InvitationStore, Key,
        LeaseRequest, Leased, ListQuery, OfAddress, Purge, Purpose, Read, ReminderReport, ReminderScan, Removal,
        Settlement, StatsRequest, StoreError, Sweep, Transition, Waiting, WorkerStore,
    },
    testing::{CapturedLetter, CapturingMailer, ManualClock},
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
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
pub(crate) struct Plan {
    pub(crate) calls: Arc<AtomicUsize>,
    pub(crate) at: usize,
    /// How many calls go wrong.
    pub(crate) lasts: usize,
    pub(crate) has_ended: Arc<AtomicBool>,
    /// Only calls that record outcomes count, and go wrong.
    pub(crate) only_outcomes: bool,
    /// The letter of which nothing can be recorded: the first, if there is to be one.
    pub(crate) stuck: Option<Arc<OnceLock<DeliveryId>>>,
    pub(crate) fault: Fault,
}

impl Plan {
    pub(crate) fn new(at: usize, fault: Fault) -> Self {
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
    pub(crate) fn ends(&self) {
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
pub(crate) struct Faulty(Plan);

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

    async fn remove(&self, conn: &mut MemoryConn, removal: &Removal<'_>) -> Result<Vec<bool>, StoreError> {
        MemoryStore.remove(conn, removal).await
    }

    async fn erase(&self, conn: &mut MemoryConn, erasure: &Erasure<'_>) -> Result<Vec<bool>, StoreError> {
        MemoryStore.erase(conn, erasure).await
    }

    async fn forget_inviter(
        &self,
        conn: &mut MemoryConn,
        kind: &str,
        address: &EmailAddress,
    ) -> Result<u64, StoreError> {
        MemoryStore.forget_inviter(conn, kind, address).await
    }

    async fn find(
        &self,
        conn: &mut MemoryConn,
        keys: &[Key<'_>],
        read: Read,
    ) -> Result<Vec<Option<Found>>, StoreError> {
        MemoryStore.find(conn, keys, read).await
    }

    async fn list(&self, conn: &mut MemoryConn, query: &ListQuery<'_>) -> Result<Vec<Record>, StoreError> {
        MemoryStore.list(conn, query).await
    }

    async fn list_rows(&self, conn: &mut MemoryConn, query: &ListQuery<'_>) -> Result<Vec<Listed>, StoreError> {
        MemoryStore.list_rows(conn, query).await
    }

    async fn stats(&self, conn: &mut MemoryConn, request: &StatsRequest<'_>) -> Result<Counts, StoreError> {
        MemoryStore.stats(conn, request).await
    }

    async fn addressed_to(
        &self,
        conn: &mut MemoryConn,
        query: &AddressedQuery<'_>,
    ) -> Result<Vec<Waiting>, StoreError> {
        MemoryStore.addressed_to(conn, query).await
    }

    async fn of_address(&self, conn: &mut MemoryConn, query: &OfAddress<'_>) -> Result<Vec<Record>, StoreError> {
        MemoryStore.of_address(conn, query).await
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

    async fn purge(&self, memory: &Memory, purge: &Purge<'_>) -> Result<u64, StoreError> {
        self.0.other(MemoryStore.purge(memory, purge)).await
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

pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) clock: ManualClock,
    pub(crate) members: Invitations<Faulty, Membership>,
    pub(crate) worker: Worker<Faulty, Memory>,
    pub(crate) seen: CapturingMailer,
    pub(crate) all: Vec<CapturedLetter>,
}

impl World {
    pub(crate) fn new(store: Plan, mailer: Plan, panics: bool) -> Self {
        const RULES: &[TimeDelta] = &[TimeDelta::days(1)];
        let policy = Policy::default().reminders(RULES).notify_accepted(true).notify_expired(true);
        let (memory, clock, seen) = (Memory::default(), ManualClock::default(), CapturingMailer::default());
        let members = Invitations::new(Faulty(store.clone()), policy, Unchecked).clock(clock.clone());
        let mailer = FaultyMailer { plan: mailer, panics, seen: seen.clone() };
        let worker = Worker::new(Faulty(store), memory.clone(), mailer).serve(&members).batch(2);
        Self { memory, clock, members, worker, seen, all: Vec::new() }
    }

    /// Two hours of a worker that looks every ten minutes; each link that comes opens what it should.
    pub(crate) async fn two_hours(&mut self) {
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
pub(crate) async fn life(store: Plan, mailer: Plan, panics: bool) -> (usize, usize) {
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

pub(crate) fn never() -> Plan {
    Plan::new(usize::MAX, Fault::Before)
}
