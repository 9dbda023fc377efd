//! What a mail server answers, and what follows from it.

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{DeliveryState, Letter, Mailer, Outcome, Policy, Refusal, Status, testing::CapturingMailer};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure},
    erased::Db,
    host::{
        deeds::done,
        world::{World, ada, new, refused_mail, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_refusal_for_good_is_a_failed_delivery:
        "`settle` applies its transition and writes event and summary in the same transaction.",
    the_link_of_a_letter_refused_for_good_still_works:
        "`Change::FailDelivery` changes the status and the revision, nothing else.",
    a_resend_brings_a_failed_delivery_back:
        "`Change::Renew` makes it pending again and clears the delivery summary, the last error too.",
    a_letter_refused_for_now_is_tried_again_later_under_the_same_name:
        "`QueueChange::Postpone` keeps the row with a later `not_before` and no lease; `lease` raises the attempt.",
    every_attempt_at_a_letter_leaves_a_link_that_works:
        "`lease` adds a digest at every attempt and removes none.",
    refusals_for_now_fail_in_the_end:
        "`QueueChange::Postpone` stores how many refusals there were, and `lease` gives them back.",
    what_nobody_knows_is_tried_a_few_times_and_never_fails:
        "`QueueChange::Postpone` stores how many unknown outcomes there were, and `lease` gives them back.",
    our_own_mistake_keeps_the_letter_until_the_invitation_ends:
        "`QueueChange::Postpone` keeps the letter, however often; `lease` removes it once its invitation has ended.",
    a_mailer_that_panics_loses_no_letter:
        "Each letter is settled by itself; what nobody knows is postponed.",
];

async fn a_refusal_for_good_is_a_failed_delivery(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let text = "5.1.1 <ada@example.com> no such user".into();
    world.mailer.answer(Outcome::Refused { refusal: Refusal::Permanent, code: Some(550), enhanced: None, text });
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    world.stands(id, Status::DeliveryFailed, DeliveryState::Failed).await?;
    // The words of a server are kept without what they quote, which may be an address or a link.
    let error = world.get(id).await?.delivery.last_error.clone();
    ensure!(error.as_deref() == Some("550 5.1.1 … no such user"), "the error kept is {error:?}");
    world.happened(id, &[(1, "created"), (2, "delivery_failed")]).await?;
    world.clock.advance(TimeDelta::days(1));
    world.sends_nothing("it was refused for good").await
}

// A report of failure is often wrong: the letter may have arrived, or been forwarded.
async fn the_link_of_a_letter_refused_for_good_still_works(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.mailer.answer(refused_mail(true));
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    undone!(world, tx => {
        done(world.members.accept(&mut tx, letter.token(), &ada()).await?)?;
        // The acceptance, in this very transaction, has set the address free.
        world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await?
    });
    Ok(())
}

async fn a_resend_brings_a_failed_delivery_back(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.mailer.answer(refused_mail(true));
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::minutes(2));
    let resent = world.resend(id).await?;
    ensure!(resent.status == Status::Pending, "resent it is {}", resent.status);
    let letter = world.one_letter().await?;
    world.stands(id, Status::Pending, DeliveryState::Sent).await?;
    let error = world.get(id).await?.delivery.last_error.clone();
    ensure!(error.is_none(), "the error of the letter before is still there: {error:?}");
    done(world.accept(letter.token(), ada()).await?).map(drop)
}

async fn a_letter_refused_for_now_is_tried_again_later_under_the_same_name(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.mailer.answer(refused_mail(false));
    let (id, first) = world.invite_and_mail("ada@example.com").await?;
    world.stands(id, Status::Pending, DeliveryState::Retrying).await?;
    world.clock.advance(TimeDelta::seconds(29));
    world.sends_nothing("the first wait is 30 seconds at least").await?;
    world.clock.advance(TimeDelta::seconds(31));
    let second = world.one_letter().await?;
    ensure!(second.attempt() == 2, "the second attempt is number {}", second.attempt());
    ensure!(second.delivery() == first.delivery(), "the second attempt is another delivery");
    world.stands(id, Status::Pending, DeliveryState::Sent).await?;
    let attempts = world.get(id).await?.delivery.attempts;
    ensure!(attempts == 2, "it was tried {attempts} times");
    Ok(())
}

// Each attempt draws a new token, and an attempt that seemed to fail may have delivered its letter.
async fn every_attempt_at_a_letter_leaves_a_link_that_works(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    let mut letters = Vec::new();
    for _ in 0..4 {
        world.mailer.answer(refused_mail(false));
        letters.push(world.one_letter().await?);
        world.clock.advance(TimeDelta::hours(2));
    }
    for (n, letter) in letters.iter().enumerate() {
        let others = letters.iter().skip(n + 1);
        let twice = others.filter(|other| other.token().expose_secret() == letter.token().expose_secret()).count();
        ensure!(twice == 0, "attempt {} mailed a token that a later one mailed too", n + 1);
        undone!(world, tx => done(world.members.accept(&mut tx, letter.token(), &ada()).await?)?);
    }
    Ok(())
}

/// Answers every attempt like this for days, and says how many there were.
async fn attempts(world: &World, outcome: &Outcome) -> Result<usize, Stop> {
    let mut attempts = 0;
    for _ in 0..50 {
        world.mailer.answer(outcome.clone());
        attempts += world.mailed().await?.len();
        world.mailer.forget_answers();
        world.clock.advance(TimeDelta::hours(2));
    }
    Ok(attempts)
}

async fn refusals_for_now_fail_in_the_end(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let attempts = attempts(&world, &refused_mail(false)).await?;
    world.stands(id, Status::DeliveryFailed, DeliveryState::Failed).await?;
    ensure!((3..=10).contains(&attempts), "it was tried {attempts} times");
    world.happened(id, &[(1, "created"), (2, "delivery_failed")]).await
}

async fn what_nobody_knows_is_tried_a_few_times_and_never_fails(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let attempts = attempts(&world, &Outcome::Unknown { text: "connection lost".into() }).await?;
    world.stands(id, Status::Pending, DeliveryState::Unknown).await?;
    ensure!((3..=10).contains(&attempts), "it was tried {attempts} times");
    world.happened(id, &[(1, "created")]).await
}

async fn our_own_mistake_keeps_the_letter_until_the_invitation_ends(db: Db) -> Verdict {
    for outcome in [
        Outcome::Misconfigured { text: "535 bad credentials".into() },
        Outcome::Unreachable { text: "connection refused".into() },
    ] {
        let world = World::new(&db, Policy::default());
        let id = world.invite("ada@example.com").await?.id;
        for _ in 0..30 {
            world.mailer.answer(outcome.clone());
            world.one_letter().await?;
            world.clock.advance(TimeDelta::hours(2));
        }
        world.stands(id, Status::Pending, DeliveryState::Retrying).await?;
        world.clock.advance(TimeDelta::days(7));
        world.sends_nothing("the invitation has expired").await?;
        let seen = world.get(id).await?.status;
        ensure!(seen == Status::Expired, "it is {seen}");
    }
    Ok(())
}

struct Panicking(CapturingMailer);

#[async_trait]
impl Mailer for Panicking {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        assert!(!letter.recipient().canonical().starts_with("poison"), "on purpose, as part of a test");
        self.0.deliver(letter).await
    }
}

// A display name with a line break makes some mail libraries panic; the next letter must still be sent.
async fn a_mailer_that_panics_loses_no_letter(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let poisoned = world.invite("poison@example.com").await?.id;
    world.invite("ada@example.com").await?;
    let tick = world.worker_with(Panicking(world.mailer.clone())).tick().await?;
    ensure!(
        (tick.sent, tick.postponed) == (1, 1),
        "of two letters {} were sent, {} put off",
        tick.sent,
        tick.postponed
    );
    world.stands(poisoned, Status::Pending, DeliveryState::Retrying).await
}
