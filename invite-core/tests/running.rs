//! A worker that runs until it is told to stop.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use invite_core::{
    Actor, DeliveryState, Error, Invitations, Kind, Letter, Mailer, NewInvitation, Outcome, Policy, Unchecked, Worker,
    memory::{Memory, MemoryStore},
};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, oneshot};

#[derive(Serialize, Deserialize)]
struct Membership;

impl Kind for Membership {
    const NAME: &'static str = "member";
}

/// Holds a letter until told to go on; clones are one.
#[derive(Clone, Default)]
struct Held {
    reached: Arc<Notify>,
    released: Arc<Notify>,
}

#[async_trait]
impl Mailer for Held {
    async fn deliver(&self, _: &Letter) -> Outcome {
        self.reached.notify_one();
        self.released.notified().await;
        Outcome::accepted()
    }
}

#[tokio::test]
async fn a_running_worker_is_woken_finishes_its_batch_and_leaves_no_lease() {
    let memory = Memory::default();
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
    let held = Held::default();
    let worker = Worker::new(MemoryStore, memory.clone(), held.clone()).serve(&members).poll(Duration::from_secs(3600));
    let notifier = worker.notifier();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });

    let mut tx = memory.begin().await;
    let new = NewInvitation::new("ada@example.com", Membership);
    let id = members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap().id;
    tx.commit();
    notifier.notify();
    held.reached.notified().await;
    stop.send(()).unwrap();
    assert!(!running.is_finished(), "the letter in hand is finished first");
    held.released.notify_one();
    running.await.unwrap().unwrap();

    let sent = members.scope(7).get(&mut memory.connection(), &Actor::new(1), id).await.unwrap();
    assert_eq!(sent.delivery.state, DeliveryState::Sent);
    let another = Worker::new(MemoryStore, memory, held).serve(&members);
    assert!(!another.tick().await.unwrap().found_work(), "nothing is left in the queue");
}

#[tokio::test]
async fn a_worker_without_kinds_refuses_to_work() {
    let worker = Worker::new(MemoryStore, Memory::default(), Held::default());
    assert!(matches!(worker.tick().await, Err(Error::NoKinds)));
    assert!(matches!(worker.run(std::future::pending()).await, Err(Error::NoKinds)));
}

#[tokio::test]
async fn a_worker_that_serves_one_kind_twice_refuses_to_work() {
    let members = |policy| Invitations::<_, Membership>::new(MemoryStore, policy, Unchecked);
    let worker = Worker::new(MemoryStore, Memory::default(), Held::default())
        .serve(&members(Policy::default()))
        .serve(&members(Policy::default().notify_expired(true)));
    assert!(matches!(worker.tick().await, Err(Error::KindServedTwice { kind: "member" })));
    assert!(matches!(worker.run(std::future::pending()).await, Err(Error::KindServedTwice { kind: "member" })));
}

/// Holds the letters to one domain until told to go on, and takes all others at once.
#[derive(Clone)]
struct Slow {
    released: Arc<Semaphore>,
    taken: Arc<Semaphore>,
}

#[async_trait]
impl Mailer for Slow {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        if letter.addressee().domain() == "slow.example" {
            self.released.acquire().await.unwrap().forget();
        } else {
            self.taken.add_permits(1);
        }
        Outcome::accepted()
    }
}

#[tokio::test]
async fn a_slow_domain_keeps_its_share_of_the_slots_and_no_other_letter() {
    let memory = Memory::default();
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
    let closed = || Arc::new(Semaphore::new(0));
    let mailer = Slow { released: closed(), taken: closed() };
    let mut tx = memory.begin().await;
    for n in 0..3 {
        let slow = NewInvitation::new(format!("p{n}@slow.example"), Membership);
        members.scope(7).create(&mut tx, &Actor::new(1), slow).await.unwrap();
    }
    for n in 0..20 {
        let new = NewInvitation::new(format!("p{n}@example.com"), Membership);
        members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
    }
    tx.commit();

    let worker = Worker::new(MemoryStore, memory.clone(), mailer.clone())
        .serve(&members)
        .batch(2)
        .poll(Duration::from_secs(3600));
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
    let all = mailer.taken.acquire_many(20).await.unwrap();
    all.forget();
    mailer.released.add_permits(3);
    // The other two of them leave before it stops, because each that is out of hand makes room for the next.
    while recorded_as_sent(&members, &memory).await < 23 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

/// How many letters are recorded as sent.
async fn recorded_as_sent(members: &Invitations<MemoryStore, Membership>, memory: &Memory) -> usize {
    let query = invite_core::InvitationQuery::new().limit(100);
    let page = members.scope(7).list(&mut memory.connection(), &Actor::new(1), &query).await.unwrap();
    page.items.iter().filter(|invitation| invitation.delivery.state == DeliveryState::Sent).count()
}

/// Takes letters after some time, each after another.
struct Unhurried;

#[async_trait]
impl Mailer for Unhurried {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        for _ in 0..letter.addressee().canonical().bytes().map(usize::from).sum::<usize>() % 7 {
            tokio::task::yield_now().await;
        }
        Outcome::accepted()
    }
}

#[tokio::test]
async fn letters_to_one_domain_leave_one_after_the_other_without_another_poll() {
    let memory = Memory::default();
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
    let mut tx = memory.begin().await;
    for n in 0..300 {
        let new = NewInvitation::new(format!("p{n}@example.com"), Membership);
        members.scope(7).create(&mut tx, &Actor::new(1), new).await.unwrap();
    }
    tx.commit();
    let worker = Worker::new(MemoryStore, memory.clone(), Unhurried).serve(&members).poll(Duration::from_secs(3600));
    let running = tokio::spawn(async move { worker.run(std::future::pending()).await });
    let mut conn = memory.connection();
    let sent = invite_core::InvitationQuery::new().limit(200);
    for turn in 0_u32.. {
        assert!(turn < 20_000, "they wait for the next poll");
        let page = members.scope(7).list(&mut conn, &Actor::new(1), &sent).await.unwrap();
        let rest = members.scope(7).list(&mut conn, &Actor::new(1), &sent.clone().after(page.next.unwrap())).await;
        let all = page.items.iter().chain(&rest.as_ref().unwrap().items);
        if all.filter(|invitation| invitation.delivery.state == DeliveryState::Sent).count() == 300 {
            break;
        }
        // A lease has to wait, as for a database, and letters are out of hand meanwhile.
        let busy = memory.begin().await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        drop(busy);
        tokio::task::yield_now().await;
    }
    running.abort();
}

/// Takes a fifth of a second over each letter.
struct Steady;

const EACH: Duration = Duration::from_millis(200);

#[async_trait]
impl Mailer for Steady {
    async fn deliver(&self, _: &Letter) -> Outcome {
        tokio::time::sleep(EACH).await;
        Outcome::accepted()
    }
}

/// On a clock that goes on only when everybody waits for it.
#[tokio::test(start_paused = true)]
async fn as_many_letters_leave_as_slots_and_mailer_allow() {
    const SLOTS: u32 = 8;
    const LETTERS: u32 = 800;
    let memory = Memory::default();
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
    let mut tx = memory.begin().await;
    for n in 0..LETTERS {
        let new = NewInvitation::new(format!("p{n}@d{n}.example"), Membership);
        members.scope(n % 20).create(&mut tx, &Actor::new(1), new).await.unwrap();
    }
    tx.commit();
    let worker = Worker::new(MemoryStore, memory.clone(), Steady).serve(&members).batch(SLOTS);
    let begun = tokio::time::Instant::now();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });
    let mut sent = 0;
    while sent < LETTERS {
        tokio::time::sleep(EACH / 4).await;
        sent = 0;
        for scope in 0..20 {
            let query = invite_core::InvitationQuery::new().limit(200);
            let page = members.scope(scope).list(&mut memory.connection(), &Actor::new(1), &query).await.unwrap();
            let is_sent = |item: &&invite_core::Invitation<_>| item.delivery.state == DeliveryState::Sent;
            sent += u32::try_from(page.items.iter().filter(is_sent).count()).unwrap();
        }
    }
    let (took, least) = (begun.elapsed(), EACH * LETTERS / SLOTS);
    assert!(took <= least.mul_f64(1.1), "{took:?} for what could be done in {least:?}");
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}
