//! A mail provider that is away, and letters that are broken.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Actor, Delivery, DeliveryState, InvitationQuery, Invitations, Kind, Letter, Mailer, NewInvitation, Outcome, Policy,
    Tick, Unchecked, Worker,
    memory::{Memory, MemoryStore},
    testing::{CapturingMailer, ManualClock},
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

struct World {
    memory: Memory,
    clock: ManualClock,
    members: Invitations<MemoryStore, Membership>,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::default();
        let members = Invitations::new(MemoryStore, Policy::default(), Unchecked).clock(clock.clone());
        Self { memory: Memory::default(), clock, members }
    }

    async fn invite(&self, names: impl IntoIterator<Item = String>) {
        let mut tx = self.memory.begin().await;
        for name in names {
            let new = NewInvitation::new(format!("{name}@{name}.example"), Membership);
            self.members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
        }
        tx.commit();
    }

    fn worker(&self, mailer: impl Mailer) -> Worker<MemoryStore, Memory> {
        Worker::new(MemoryStore, self.memory.clone(), mailer).serve(&self.members)
    }

    /// What became of each letter.
    async fn deliveries(&self) -> Vec<Delivery> {
        let (mut conn, query) = (self.memory.connection(), InvitationQuery::new().limit(100));
        let page = self.members.scope(7).list(&mut conn, &Actor::new(1), &query).await.unwrap();
        page.items.iter().map(|invitation| invitation.delivery.clone()).collect()
    }
}

fn numbered(prefix: &'static str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |n| format!("{prefix}{n}"))
}

/// A provider that is there or not; a letter to `poison` panics, one to `blank` cannot be written.
#[derive(Clone, Default)]
struct Provider {
    away: Arc<AtomicUsize>,
    seen: CapturingMailer,
}

#[async_trait]
impl Mailer for Provider {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        let to = letter.addressee().canonical();
        assert!(!to.starts_with("poison"), "on purpose, as part of a test");
        if to.starts_with("blank") {
            return Outcome::ComposeFailed { text: "an undefined value".into() };
        }
        match self.away.load(Ordering::SeqCst) {
            0 => self.seen.deliver(letter).await,
            1 => Outcome::Unreachable { text: "connection refused".into() },
            _ => Outcome::Misconfigured { text: "535 bad credentials".into() },
        }
    }
}

#[tokio::test]
async fn an_outage_costs_one_batch_and_one_probe_each_pause() {
    for away in [1, 2] {
        let world = World::new();
        world.invite(numbered("p", 40)).await;
        let provider = Provider::default();
        provider.away.store(away, Ordering::SeqCst);
        let worker = world.worker(provider.clone()).batch(8);
        assert_eq!(worker.tick().await.unwrap().postponed, 8);
        // Six hours away: pauses of half a minute to ten minutes, with up to a quarter more.
        let mut probes = 0;
        for _ in 0..6 * 60 {
            let tick = worker.tick().await.unwrap();
            assert!(tick.postponed <= 1, "{tick:?}");
            probes += tick.postponed;
            world.clock.advance(TimeDelta::minutes(1));
        }
        assert!((25..=45).contains(&probes), "{probes}");
        let attempts: u32 = world.deliveries().await.iter().map(|delivery| delivery.attempts).sum();
        assert_eq!(attempts as usize, 8 + probes);

        provider.away.store(0, Ordering::SeqCst);
        world.clock.advance(TimeDelta::hours(2));
        let mut sent = 0;
        while sent < 40 {
            let tick = worker.tick().await.unwrap();
            assert!(tick.sent > 0, "{tick:?}");
            sent += tick.sent;
        }
    }
}

/// Never takes a letter to `cursed`, as if it were away.
struct Cursed(CapturingMailer);

#[async_trait]
impl Mailer for Cursed {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        match letter.addressee().canonical().starts_with("cursed") {
            true => Outcome::Unreachable { text: "connection reset".into() },
            false => self.0.deliver(letter).await,
        }
    }
}

#[tokio::test]
async fn a_letter_that_nobody_ever_takes_keeps_no_other_waiting() {
    let world = World::new();
    world.invite(numbered("cursed", 1)).await;
    let worker = world.worker(Cursed(CapturingMailer::default()));
    for day in 0..6 {
        // By now it is tried once in an hour or so; each day somebody else is invited right after that.
        while worker.tick().await.unwrap().postponed == 0 {
            world.clock.advance(TimeDelta::minutes(1));
        }
        world.invite([format!("p{day}")]).await;
        let tick = worker.tick().await.unwrap();
        assert_eq!(tick.sent, 1, "day {day}: {tick:?}");
        world.clock.advance(TimeDelta::days(1));
    }
}

#[tokio::test]
async fn the_sweep_goes_on_in_a_pause_and_an_idle_round_says_so() {
    let world = World::new();
    world.invite(numbered("p", 3)).await;
    let provider = Provider::default();
    provider.away.store(1, Ordering::SeqCst);
    let worker = world.worker(provider);
    worker.tick().await.unwrap();
    let paused = worker.tick().await.unwrap();
    assert!(!paused.found_work(), "a running worker would spin: {paused:?}");
    world.clock.advance(TimeDelta::days(7));
    assert_eq!(worker.tick().await.unwrap().expired, 3);
}

#[tokio::test]
async fn broken_letters_hold_nobody_up() {
    let world = World::new();
    let provider = Provider::default();
    let worker = world.worker(provider.clone()).batch(4);
    world.invite(numbered("poison", 2).chain(numbered("blank", 6)).chain(numbered("p", 4))).await;
    let mut sum = Tick::default();
    for _ in 0..3 {
        let tick = worker.tick().await.unwrap();
        (sum.sent, sum.postponed) = (sum.sent + tick.sent, sum.postponed + tick.postponed);
    }
    assert_eq!((sum.sent, sum.postponed), (4, 8));
    // They wait for a mailer that can write them, as long as the invitation lives.
    for _ in 0..20 {
        world.clock.advance(TimeDelta::hours(2));
        worker.tick().await.unwrap();
        worker.tick().await.unwrap();
    }
    let failed = world.deliveries().await.iter().filter(|one| one.state == DeliveryState::Failed).count();
    assert_eq!(failed, 0, "nobody failed for a mistake of ours");
}

/// Never comes back.
struct Hanging;

#[async_trait]
impl Mailer for Hanging {
    async fn deliver(&self, _: &Letter) -> Outcome {
        std::future::pending().await
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(3600))
    }
}

#[tokio::test]
async fn a_lease_outlives_the_mailer_s_limit() {
    let world = World::new();
    world.invite(numbered("p", 1)).await;
    let hanging = world.worker(Hanging).lease(Duration::from_secs(60));
    // The worker is dropped with the letter in hand, as by a crash.
    let polled = futures_util::FutureExt::now_or_never(hanging.tick());
    assert!(polled.is_none());
    let seen = CapturingMailer::default();
    let other = world.worker(seen.clone());
    for (minutes, wanted) in [(0, 0), (60, 0), (2, 1)] {
        world.clock.advance(TimeDelta::minutes(minutes));
        other.tick().await.unwrap();
        assert_eq!(seen.take().len(), wanted);
    }
}
