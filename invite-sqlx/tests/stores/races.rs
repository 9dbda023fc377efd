//! Many at once, at every isolation level, with the retries the library asks for and no other
//! error. [races 1 to 7, 14, 16 to 19, 24, 25, 35, 36]
//!
//! 32 tasks and 10 rounds in the ordinary run; INVITE_TEST_TASKS and INVITE_TEST_ROUNDS for more.

use std::env;

use chrono::TimeDelta;
use futures_util::future::join_all;
use invite_core::{
    Accepted, Actor, Claimant, Error, InvitationId, NewInvitation, Policy, Status, Token, store::StoreError, testing,
};
use tokio::sync::Barrier;

use crate::support::*;

/// How often a unit of work is done again before that counts as a failure. With 32 at once on one
/// row every retry but the last few finds it decided.
const TRIES: usize = 64;

fn number(name: &str, otherwise: usize) -> usize {
    env::var(name).map_or(otherwise, |number| number.parse().unwrap())
}

/// Starts all tasks together and collects what they answer. One thread is enough: it is the
/// database that does their work at once.
async fn at_once<T>(task: impl AsyncFn(usize) -> T) -> Vec<T> {
    together(number("INVITE_TEST_TASKS", 32), task).await
}

pub(crate) async fn together<T>(tasks: usize, task: impl AsyncFn(usize) -> T) -> Vec<T> {
    let barrier = Barrier::new(tasks);
    let started = (0..tasks).map(async |n| {
        barrier.wait().await;
        task(n).await
    });
    join_all(started).await
}

/// One whole unit of work, done again in a new transaction while the library asks for it: the loop
/// of the documentation.
pub(crate) async fn unit<B: Backend, T>(
    world: &World<B>,
    level: &'static str,
    work: impl AsyncFn(&mut B::Tx) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut last = None;
    for _ in 0..TRIES {
        let mut tx = match world.backend.begin_at(level).await {
            Ok(tx) => tx,
            Err(error) if error.is_retryable() => continue,
            Err(error) => return Err(error.into()),
        };
        match work(&mut tx).await {
            Ok(answer) => match B::try_commit(tx).await {
                Ok(()) => return Ok(answer),
                Err(error) if error.is_retryable() => last = Some(error.into()),
                Err(error) => return Err(error.into()),
            },
            Err(error) => {
                B::abandon(tx).await;
                if !error.is_retryable() {
                    return Err(error);
                }
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| StoreError::failed("never even began").into()))
}

/// An invitation with a mailed token, committed.
pub(crate) async fn invited<B: Backend>(world: &World<B>, email: &str) -> (InvitationId, Token) {
    let id = world.invite(email).await.id;
    let mut tx = world.backend.begin().await;
    let token = testing::deliver(&world.members, &mut tx, id).await.unwrap();
    B::commit(tx).await;
    (id, token)
}

/// Exactly one entry ends it, and the changes count 1, 2, 3.
async fn one_end<B: Backend>(world: &World<B>, id: InvitationId) {
    let history = world.history(id).await;
    let ends = history.iter().filter(|(_, verb)| ["accepted", "rejected", "cancelled", "expired"].contains(verb));
    assert!(ends.count() <= 1, "{history:?}");
    let revisions: Vec<_> = history.iter().map(|(revision, _)| *revision).collect();
    assert_eq!(revisions, (1..=u32::try_from(revisions.len()).unwrap()).collect::<Vec<_>>(), "{history:?}");
}

fn rounds() -> usize {
    number("INVITE_TEST_ROUNDS", 10)
}

on_every_store! {
    async fn of_many_acceptances_of_one_invitation_exactly_one_happens<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        for level in B::LEVELS {
            for round in 0..rounds() {
                let email = format!("p{round}@example.com");
                let (id, token) = invited(&world, &email).await;
                let answers = at_once(async |n| {
                        let person = n % 8;
                        let answer = unit(&world, level, async |tx| {
                            world.members.accept(tx, &token, Claimant::new(person).verified(&email)).await
                        });
                        (person, answer.await)
                }).await;
                let is_now = |answer: &Result<Accepted<Membership>, Error>| matches!(answer, Ok(Accepted::Now(_)));
                let winners: Vec<_> = answers.iter().filter(|(_, answer)| is_now(answer)).map(|(n, _)| *n).collect();
                assert_eq!(winners.len(), 1, "{level}");
                for (person, answer) in answers {
                    match answer {
                        Ok(Accepted::Now(_)) => {}
                        Ok(Accepted::Before(_)) => assert_eq!(person, winners[0]),
                        Err(Error::AlreadyAccepted) => assert_ne!(person, winners[0]),
                        other => panic!("{level}: {other:?}"),
                    }
                }
                assert_eq!(world.history(id).await.len(), 3, "{level}");
            }
        }
    }

    async fn of_many_creations_for_one_address_exactly_one_happens<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        for level in B::LEVELS {
            for _ in 0..rounds() {
                let answers = at_once(async |_| {
                        unit(&world, level, async |tx| {
                            let new = NewInvitation::new("ada@example.com", membership("admin"));
                            world.members.scope(7).create(tx, &world.admin, new).await
                        }).await
                }).await;
                let created: Vec<_> = answers.iter().flatten().map(|invitation| invitation.id).collect();
                assert_eq!(created.len(), 1, "{level}");
                for refusal in answers.into_iter().filter_map(Result::err) {
                    assert!(matches!(refusal, Error::AlreadyPending(id) if id == created[0]), "{level}: {refusal:?}");
                }
                // The next round finds it expired, unswept, and in everybody's way.
                world.clock.advance(TimeDelta::days(8));
            }
        }
    }

    async fn whatever_is_done_at_once_an_invitation_ends_once<B: Backend>() {
        let world = World::<B>::new(Policy::default().resend_cooldown(TimeDelta::zero())).await;
        for level in B::LEVELS {
            for round in 0..rounds() {
                let email = format!("p{round}@example.com");
                let (id, token) = invited(&world, &email).await;
                let answers = at_once(async |n| {
                        unit(&world, level, async |tx| {
                            let scoped = world.members.scope(7);
                            let claimant = Claimant::new(n).verified(&email);
                            match n % 6 {
                                0 => world.members.accept(tx, &token, claimant).await.map(|_| true),
                                1 => world.members.reject(tx, &token, &Actor::new(n), None).await.map(|_| true),
                                2 => scoped.cancel(tx, &Actor::new(n), id, None).await.map(|_| true),
                                3 => scoped.resend(tx, &world.admin, id).await.map(|_| false),
                                4 => scoped.new_link(tx, &world.admin, id).await.map(|_| false),
                                _ => world.members.accept_by_id(tx, id, claimant).await.map(|_| true),
                            }
                        }).await
                }).await;
                assert!(answers.iter().flatten().filter(|ended| **ended).count() <= 1, "{level}");
                for refusal in answers.into_iter().filter_map(Result::err) {
                    assert!(!matches!(refusal, Error::Store(_) | Error::NotFound), "{level}: {refusal:?}");
                }
                one_end(&world, id).await;
                // Makes room for the next round where nothing has ended it.
                let mut tx = world.backend.begin().await;
                let _ = world.members.scope(7).cancel(&mut tx, &world.admin, id, None).await;
                B::commit(tx).await;
            }
        }
    }

    // Races 3, 7, 9, 24: a link that was retired while an acceptance waited does not open.
    async fn an_acceptance_that_waits_for_a_resend_is_refused<B: Backend>() {
        let world = World::<B>::new(Policy::default().resend_cooldown(TimeDelta::zero())).await;
        for level in B::LEVELS {
            for round in 0..rounds() {
                let email = format!("p{round}@example.com");
                let (id, token) = invited(&world, &email).await;
                let answers = at_once(async |n| {
                        let answer = unit(&world, level, async |tx| {
                            if n % 2 == 0 {
                                return world.members.scope(7).resend(tx, &world.admin, id).await.map(|_| ());
                            }
                            world.members.accept(tx, &token, Claimant::new(n).verified(&email)).await.map(|_| ())
                        }).await;
                        (n % 2 == 0, answer)
                }).await;
                let accepted = answers.iter().filter(|(resend, answer)| !resend && answer.is_ok()).count();
                let now = world.get(id).await;
                // Accepted by the first link, so before any resend; or not at all.
                match (now.status, now.generation) {
                    (Status::Accepted, 1) => assert_eq!(accepted, 1, "{level}"),
                    (Status::Pending, generation) => assert_eq!((accepted, generation > 1), (0, true), "{level}"),
                    other => panic!("{level}: {other:?}"),
                }
                for (_, refusal) in answers.into_iter().filter(|(_, answer)| answer.is_err()) {
                    let refusal = refusal.unwrap_err();
                    let named = matches!(
                        refusal,
                        Error::Superseded | Error::AlreadyAccepted | Error::IllegalTransition { .. } | Error::LimitReached { .. }
                    );
                    assert!(named, "{level}: {refusal:?}");
                }
                one_end(&world, id).await;
                let mut tx = world.backend.begin().await;
                let _ = world.members.scope(7).cancel(&mut tx, &world.admin, id, None).await;
                B::commit(tx).await;
            }
        }
    }

    // Races 8, 28, 35, 36: letters and sweep go on while others answer.
    async fn workers_mail_each_letter_once_while_others_answer<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        for level in B::LEVELS {
            let mut ids = Vec::new();
            for n in 0..number("INVITE_TEST_TASKS", 32) + 8 {
                ids.push(world.invite(&format!("p{n}@example.com")).await.id);
            }
            let answers = at_once(async |n| {
                    if n % 4 == 0 {
                        loop {
                            match world.worker.tick().await {
                                Ok(tick) if tick.found_work() => {}
                                Ok(_) => return Ok(()),
                                Err(error) if error.is_retryable() => {}
                                Err(error) => return Err(error),
                            }
                        }
                    }
                    let claimant = || Claimant::new(n).verified(&format!("p{n}@example.com"));
                    unit(&world, level, async |tx| match n % 4 {
                        1 => world.members.accept_by_id(tx, ids[n], claimant()).await.map(drop),
                        2 => world.members.scope(7).cancel(tx, &world.admin, ids[n], None).await.map(drop),
                        _ => world.members.scope(7).resend(tx, &world.admin, ids[n]).await.map(drop),
                    }).await
            }).await;
            assert!(answers.iter().all(Result::is_ok), "{level}: {answers:?}");
            let mut letters = world.mailed().await;
            letters.sort_by_key(|letter| (letter.invitation().id, letter.invitation().generation));
            let of: Vec<_> = letters.iter().map(|letter| (letter.invitation().id, letter.invitation().generation)).collect();
            assert!(of.windows(2).all(|pair| pair[0] != pair[1]), "{level}: a letter was sent twice");
            for id in ids.iter() {
                let invitation = world.get(*id).await;
                let sent = of.contains(&(*id, invitation.generation));
                assert!(sent || invitation.status != Status::Pending, "{level}: a letter was lost");
            }
            world.clock.advance(TimeDelta::days(8));
            while world.worker.tick().await.unwrap().found_work() {}
            for id in ids.iter() {
                assert!(!world.get(*id).await.status.is_open());
                one_end(&world, *id).await;
            }
        }
    }
}
