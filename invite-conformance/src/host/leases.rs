//! While a letter is being sent: somebody else changes the invitation, or the worker stalls or dies.

use std::pin::pin;

use chrono::TimeDelta;
use futures_util::{
    FutureExt, TryFutureExt,
    future::{self, BoxFuture, Either},
};
use invite_core::{DeliveryState, Error, InvitationId, Outcome, Policy, Status, Tick, Worker, testing::CapturedLetter};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::{Db, Shared},
    host::{
        deeds::done,
        world::{Held, World, ada, refused_mail, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_letter_in_hand_is_nobody_else_s:
        "`lease` leaves out what is leased until after `now`.",
    a_clock_that_steps_back_ends_no_lease:
        "A lease runs until the instant that `lease` stored, whatever the time is when the next one comes.",
    a_letter_whose_lease_ran_out_is_taken_over:
        "`lease` takes what is leased until `now` or before, and raises the attempt.",
    the_late_word_of_a_worker_that_lost_its_lease_is_not_heard:
        "`settle` compares owner and attempt with the row of the queue, and answers `false` when they are not its own.",
    a_late_word_is_not_heard_while_another_has_the_letter_in_hand:
        "`settle` compares owner and attempt with the row of the queue; a lease of another worker is not its own.",
    a_late_success_does_not_remove_a_letter_that_was_taken_over_and_put_off:
        "`settle` compares owner and attempt with the row of the queue, also when the lease is nobody's.",
    a_worker_that_dies_with_a_letter_in_hand_loses_nothing:
        "A lease is all that a dead worker leaves: after it the letter is sent again, and the digests of both are kept.",
    a_refusal_of_an_earlier_letter_does_not_fail_the_later_one:
        "`settle` writes the summary where the generation is the letter's, and its transition has the generation in the guard.",
    a_refusal_that_comes_after_the_acceptance_is_only_noted:
        "The transition of `settle` has its statuses in the WHERE: what was accepted stays so.",
    a_letter_in_hand_when_it_is_cancelled_carries_a_dead_link:
        "A committed `Change::End` is seen by every later `find` and `apply`, and `settle` does not bring it back.",
    a_letter_in_hand_when_it_is_resent_carries_a_link_that_says_so:
        "`min_generation` on the row retires a link that leaves the house only later; the new letter is another row.",
];

/// A round of this worker, with a letter in hand.
async fn begun<'a>(worker: &'a Worker<Shared, ()>, held: &Held) -> Result<BoxFuture<'a, Result<Tick, Error>>, Stop> {
    match future::select(pin!(held.reached()), worker.tick().boxed()).await {
        Either::Left(((), round)) => Ok(round),
        Either::Right(_) => Err(Stop::Failed("the worker's round handed no letter over, and one was due".into())),
    }
}

/// What `meanwhile` comes to while this worker has a letter in hand, and what its round came to then.
async fn in_hand<T>(
    worker: &Worker<Shared, ()>,
    held: &Held,
    meanwhile: impl Future<Output = Result<T, Stop>> + Send,
) -> Result<(T, Tick), Stop> {
    let round = begun(worker, held).await?;
    let meanwhile = async {
        let done = meanwhile.await?;
        // One letter was due; a store that gave it twice is to be told so, not waited for.
        (0..8).for_each(|_| held.go_on());
        Ok(done)
    };
    future::try_join(meanwhile, round.map_err(Stop::from)).await
}

fn held(world: &World, answer: Outcome) -> (Held, Worker<Shared, ()>) {
    let held = Held::answering(answer);
    let worker = world.worker_with(held.clone());
    (held, worker)
}

/// Fails unless there are two mails and each of their links opens it.
async fn both_open(world: &World, mut letters: Vec<CapturedLetter>, last: CapturedLetter) -> Verdict {
    letters.push(last);
    ensure!(letters.len() == 2, "there should be two mails, and there are {}", letters.len());
    for (n, letter) in letters.iter().enumerate() {
        let answer = undone!(world, tx => world.members.accept(&mut tx, letter.token(), &ada()).await);
        ensure!(answer.is_ok(), "of two mails with a link each, link {} was refused: {answer:?}", n + 1);
    }
    Ok(())
}

async fn a_letter_in_hand_is_nobody_else_s(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    let (held, worker) = held(&world, Outcome::accepted());
    let ((), tick) = in_hand(&worker, &held, async {
        world.clock.advance(TimeDelta::minutes(15) - TimeDelta::microseconds(1));
        let letters = world.mailed().await?.len();
        ensure!(letters == 0, "{letters} letters that another worker had in hand were sent");
        Ok(())
    })
    .await?;
    ensure!(tick.sent == 1, "the one who had it in hand sent {}", tick.sent);
    Ok(())
}

async fn a_clock_that_steps_back_ends_no_lease(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.clock.advance(TimeDelta::hours(1));
    world.invite("ada@example.com").await?;
    let (held, worker) = held(&world, Outcome::accepted());
    let ((), tick) = in_hand(&worker, &held, async {
        for _ in 0..3 {
            world.clock.advance(-TimeDelta::minutes(20));
            let letters = world.mailed().await?.len();
            ensure!(letters == 0, "{letters} letters that another worker had in hand were sent");
        }
        Ok(())
    })
    .await?;
    ensure!((tick.sent, tick.lost) == (1, 0), "of its own letter {} were sent, {} lost", tick.sent, tick.lost);
    world.clock.advance(TimeDelta::hours(3));
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent a second time");
    Ok(())
}

// The other worker has stalled or died.
async fn a_letter_whose_lease_ran_out_is_taken_over(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    let (held, worker) = held(&world, Outcome::accepted());
    let (taken_over, _) = in_hand(&worker, &held, async {
        world.clock.advance(TimeDelta::minutes(15));
        world.one_letter().await
    })
    .await?;
    ensure!(taken_over.attempt() == 2, "the second attempt is number {}", taken_over.attempt());
    let first = held.seen.take();
    let same = first.iter().all(|first| first.delivery() == taken_over.delivery());
    ensure!(same, "the second attempt is another delivery");
    both_open(&world, first, taken_over).await
}

// Its outcome is fenced off by owner and attempt, and the other worker's stands.
async fn the_late_word_of_a_worker_that_lost_its_lease_is_not_heard(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let (held, worker) = held(&world, refused_mail(true));
    let (_, tick) = in_hand(&worker, &held, async {
        world.clock.advance(TimeDelta::minutes(16));
        world.one_letter().await
    })
    .await?;
    ensure!((tick.lost, tick.failed) == (1, 0), "its late word: {} lost, {} failed", tick.lost, tick.failed);
    let seen = world.get(id).await?;
    let seen = (seen.status, seen.delivery.state);
    ensure!(seen == (Status::Pending, DeliveryState::Sent), "after a late refusal of a sent letter it is {seen:?}");
    world.happened(id, &[(1, "created")]).await
}

async fn a_late_word_is_not_heard_while_another_has_the_letter_in_hand(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let (first, stalled) = held(&world, refused_mail(true));
    let (second, taking_over) = held(&world, Outcome::accepted());
    let late = begun(&stalled, &first).await?;
    world.clock.advance(TimeDelta::minutes(16));
    let in_time = begun(&taking_over, &second).await?;
    first.go_on();
    let tick = late.await?;
    ensure!((tick.lost, tick.failed) == (1, 0), "its late word: {} lost, {} failed", tick.lost, tick.failed);
    second.go_on();
    let tick = in_time.await?;
    ensure!((tick.lost, tick.sent) == (0, 1), "of the one in time {} were lost, {} sent", tick.lost, tick.sent);
    world.stands(id, Status::Pending, DeliveryState::Sent).await?;
    world.happened(id, &[(1, "created")]).await
}

// The letter is still in the queue, taken over and put off, when the late word comes.
async fn a_late_success_does_not_remove_a_letter_that_was_taken_over_and_put_off(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let (held, worker) = held(&world, Outcome::accepted());
    let (_, tick) = in_hand(&worker, &held, async {
        world.clock.advance(TimeDelta::minutes(16));
        world.mailer.answer(refused_mail(false));
        world.one_letter().await
    })
    .await?;
    ensure!((tick.lost, tick.sent) == (1, 0), "its late word: {} lost, {} sent", tick.lost, tick.sent);
    let seen = world.get(id).await?.delivery.state;
    ensure!(seen == DeliveryState::Retrying, "the letter that was put off is {}", seen.as_str());
    world.clock.advance(TimeDelta::hours(1));
    world.one_letter().await.map(drop)
}

async fn a_worker_that_dies_with_a_letter_in_hand_loses_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let (held, worker) = held(&world, Outcome::accepted());
    drop(begun(&worker, &held).await?);
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent before the lease of the dead worker ran out");
    world.clock.advance(TimeDelta::minutes(15));
    let second = world.one_letter().await?;
    both_open(&world, held.seen.take(), second).await?;
    let seen = world.get(id).await?.delivery.state;
    ensure!(seen == DeliveryState::Sent, "its letter is {}", seen.as_str());
    world.happened(id, &[(1, "created")]).await
}

async fn a_refusal_of_an_earlier_letter_does_not_fail_the_later_one(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let (held, worker) = held(&world, refused_mail(true));
    in_hand(&worker, &held, world.resend(id)).await?;
    let resent = world.get(id).await?;
    let seen = (resent.status, resent.delivery.state);
    ensure!(seen == (Status::Pending, DeliveryState::Queued), "the resent invitation and its letter are {seen:?}");
    world.happened(id, &[(1, "created"), (2, "resent")]).await?;
    done(world.accept(world.one_letter().await?.token(), ada()).await?).map(drop)
}

async fn a_refusal_that_comes_after_the_acceptance_is_only_noted(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, token) = world.invited("ada@example.com").await?;
    let (held, worker) = held(&world, refused_mail(true));
    in_hand(&worker, &held, world.accept(&token, ada())).await?;
    let seen = world.get(id).await?;
    ensure!(seen.status == Status::Accepted, "what was accepted is {} by a late refusal", seen.status);
    ensure!(seen.delivery.state == DeliveryState::Failed, "the letter is noted as {}", seen.delivery.state.as_str());
    world.happened(id, &[(1, "created"), (2, "link_created"), (3, "accepted")]).await
}

async fn a_letter_in_hand_when_it_is_cancelled_carries_a_dead_link(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let (held, worker) = held(&world, Outcome::accepted());
    in_hand(&worker, &held, world.cancel(id)).await?;
    for letter in held.seen.take() {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), &ada()).await;
            refused!(answer, Error::Cancelled, "accepting by a letter that was on its way when it was cancelled");
        });
    }
    let seen = world.get(id).await?.status;
    ensure!(seen == Status::Cancelled, "when the letter had left it was {seen}");
    world.happened(id, &[(1, "created"), (2, "cancelled")]).await
}

async fn a_letter_in_hand_when_it_is_resent_carries_a_link_that_says_so(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id: InvitationId = world.invite("ada@example.com").await?.id;
    let (held, worker) = held(&world, Outcome::accepted());
    in_hand(&worker, &held, world.resend(id)).await?;
    for letter in held.seen.take() {
        undone!(world, tx => {
            let answer = world.members.accept(&mut tx, letter.token(), &ada()).await;
            refused!(answer, Error::Superseded, "accepting by a letter that was on its way when it was resent");
        });
    }
    let letter = world.one_letter().await?;
    ensure!(letter.invitation().generation == 2, "the next letter is of generation {}", letter.invitation().generation);
    done(world.accept(letter.token(), ada()).await?).map(drop)
}
