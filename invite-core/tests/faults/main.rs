//! A fault before and after each call that the worker makes, of the store and of the mailer.

mod world;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use chrono::TimeDelta;
use invite_core::{Actor, DeliveryState, Error, NewInvitation, Worker, memory::Memory};
use tokio::task::JoinHandle;

use self::world::{Fault, Faulty, Membership, Plan, World, life, never};

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
