//! The mail queue and the sweep.

use std::time::Duration;

use chrono::TimeDelta;
use invite_core::{
    Accepted, Claimant, DeliveryState, Error, Invitations, NewInvitation, Outcome, Policy, Status, Unchecked, Worker,
    testing::CapturingMailer,
};
use tokio::sync::oneshot;

use crate::support::*;

fn ada() -> Claimant {
    Claimant::new(2).verified("ada@example.com")
}

fn refused(permanent: bool) -> Outcome {
    Outcome::Refused { permanent, code: Some(550), text: "5.1.1 <ada@example.com> no such user".into() }
}

on_every_store! {
    // S4-89 to 90, race 21
    async fn a_letter_leaves_after_the_commit_and_never_without_one<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let mut tx = world.backend.begin().await;
        let new = NewInvitation::new("ada@example.com", membership("admin"));
        world.members.scope(7).create(&mut tx, &world.admin, new).await.unwrap();
        B::rollback(tx).await;
        assert!(world.mailed().await.is_empty());

        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        assert_eq!((letter.recipient().canonical(), letter.attempt()), ("ada@example.com", 1));
        let invitation = world.get(id).await;
        assert_eq!((invitation.delivery.state, invitation.delivery.attempts), (DeliveryState::Sent, 1));
        assert!(world.mailed().await.is_empty(), "once");
    }

    // S0-74
    async fn a_refusal_for_good_is_delivery_failed_and_a_resend_brings_it_back<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        world.mailer.answer(refused(true));
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        let failed = world.get(id).await;
        assert_eq!((failed.status, failed.delivery.state), (Status::DeliveryFailed, DeliveryState::Failed));
        assert_eq!(failed.delivery.last_error.as_deref(), Some("550 5.1.1 … no such user"));
        assert_eq!(world.history(id).await, [(1, "created"), (2, "delivery_failed")]);
        let mut tx = world.backend.begin().await;
        assert!(world.members.accept(&mut tx, letter.token(), ada()).await.is_ok(), "a failure is often a false alarm");
        let answer = world.members.scope(7).create(&mut tx, &world.admin, NewInvitation::new("ada@example.com", membership("x"))).await;
        B::rollback(tx).await;
        assert!(answer.is_ok() , "the acceptance above had closed it: {answer:?}");

        world.resend_and_mail(id).await;
        let resent = world.get(id).await;
        assert_eq!((resent.status, resent.delivery.state), (Status::Pending, DeliveryState::Sent));
        assert_eq!(resent.delivery.last_error, None);
    }

    async fn a_refusal_for_now_is_tried_again_later_and_both_letters_work<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        world.mailer.answer(refused(false));
        let (id, first) = world.invite_and_mail("ada@example.com").await;
        assert_eq!(world.get(id).await.delivery.state, DeliveryState::Retrying);
        assert!(world.mailed().await.is_empty(), "not yet");
        world.clock.advance(TimeDelta::minutes(1));
        let second = world.mailed().await.remove(0);
        assert_eq!((second.attempt(), second.delivery()), (2, first.delivery()));
        assert_ne!(second.token().expose_secret(), first.token().expose_secret());
        assert_eq!(world.get(id).await.delivery.state, DeliveryState::Sent);
        let mut tx = world.backend.begin().await;
        assert!(world.members.preview(&mut tx, first.token()).await.is_ok());
        assert!(world.members.preview(&mut tx, second.token()).await.is_ok());
    }

    async fn refusals_for_now_fail_in_the_end_and_unknown_ones_never<B: Backend>() {
        for (outcome, status, state) in [
            (refused(false), Status::DeliveryFailed, DeliveryState::Failed),
            (Outcome::Unknown { text: "connection lost".into() }, Status::Pending, DeliveryState::Unknown),
        ] {
            let world = World::<B>::new(Policy::default()).await;
            let id = world.invite("ada@example.com").await.id;
            let mut attempts = 0;
            for _ in 0..50 {
                world.mailer.answer(outcome.clone());
                attempts += world.mailed().await.len();
                world.clock.advance(TimeDelta::hours(2));
            }
            let invitation = world.get(id).await;
            assert_eq!((invitation.status, invitation.delivery.state), (status, state));
            assert!((3..=10).contains(&attempts), "{attempts}");
        }
    }

    async fn our_own_mistake_keeps_the_letter_until_the_invitation_ends<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let id = world.invite("ada@example.com").await.id;
        for _ in 0..30 {
            world.mailer.answer(Outcome::Misconfigured { text: "535 bad credentials".into() });
            assert_eq!(world.mailed().await.len(), 1);
            world.clock.advance(TimeDelta::hours(2));
        }
        assert_eq!(world.get(id).await.status, Status::Pending);
        world.clock.advance(TimeDelta::days(7));
        assert!(world.mailed().await.is_empty());
        assert_eq!(world.get(id).await.status, Status::Expired);
    }

    // Race 33
    async fn a_late_refusal_does_not_demote_an_accepted_invitation<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        world.mailer.answer(refused(false));
        let (id, letter) = world.invite_and_mail("ada@example.com").await;
        in_a_transaction!(world, tx => world.members.accept(&mut tx, letter.token(), ada()).await.unwrap());
        world.clock.advance(TimeDelta::hours(1));
        assert!(world.mailed().await.is_empty(), "nothing is mailed about what has ended");
        assert_eq!(world.get(id).await.status, Status::Accepted);
    }

    // Races 26, 27, 38
    async fn letters_of_what_was_cancelled_or_resent_meanwhile_are_not_sent<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let cancelled = world.invite("ada@example.com").await.id;
        in_a_transaction!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, cancelled, None).await.unwrap());
        let resent = world.invite("grace@example.com").await.id;
        in_a_transaction!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, resent).await.unwrap());
        let letters = world.mailed().await;
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].invitation().id, letters[0].invitation().generation), (resent, 2));
    }

    // Races 28 to 31: two workers, one of them stalled beyond its lease.
    async fn a_stalled_worker_s_letter_is_taken_over_and_its_late_word_is_not_heard<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let id = world.invite("ada@example.com").await.id;
        let held = Held::answering(refused(true));
        let stalled = Worker::new(B::Store::default(), world.backend.pool(), held.clone()).serve(&world.members);
        let stalled = tokio::spawn(async move { stalled.tick().await });
        held.reached().await;
        assert!(world.mailed().await.is_empty(), "leased");
        world.clock.advance(TimeDelta::minutes(16));
        let taken_over = world.mailed().await;
        assert_eq!(taken_over.len(), 1);
        held.go_on();
        let tick = stalled.await.unwrap().unwrap();
        assert_eq!((tick.lost, tick.failed), (1, 0));
        assert_eq!((world.get(id).await.status, world.get(id).await.delivery.state), (Status::Pending, DeliveryState::Sent));
        let mut tx = world.backend.begin().await;
        for letter in held.seen.take().iter().chain(&taken_over) {
            assert!(world.members.preview(&mut tx, letter.token()).await.is_ok(), "both links work");
        }
    }

    // Race 29: the letter is still in the queue, taken over and put off, when the late word comes.
    async fn a_late_success_does_not_remove_a_letter_that_was_taken_over_and_put_off<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let id = world.invite("ada@example.com").await.id;
        let held = Held::answering(Outcome::Accepted);
        let stalled = Worker::new(B::Store::default(), world.backend.pool(), held.clone()).serve(&world.members);
        let stalled = tokio::spawn(async move { stalled.tick().await });
        held.reached().await;
        world.clock.advance(TimeDelta::minutes(16));
        world.mailer.answer(refused(false));
        assert_eq!(world.mailed().await.len(), 1);
        held.go_on();
        assert_eq!(stalled.await.unwrap().unwrap().lost, 1);
        assert_eq!(world.get(id).await.delivery.state, DeliveryState::Retrying);
        world.clock.advance(TimeDelta::hours(1));
        assert_eq!(world.mailed().await.len(), 1, "the letter is still there");
    }

    async fn a_worker_touches_only_the_kinds_it_serves<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let providers = Invitations::<_, Provider>::new(B::Store::default(), Policy::default(), Unchecked)
            .clock(world.clock.clone());
        in_a_transaction!(world, tx => {
            providers.scope(7).create(&mut tx, &world.admin, NewInvitation::new("ada@example.com", Provider {})).await.unwrap()
        });
        assert!(world.mailed().await.is_empty());
        world.clock.advance(TimeDelta::days(6));
        world.invite("grace@example.com").await;
        let both = Worker::new(B::Store::default(), world.backend.pool(), world.mailer.clone())
            .serve(&world.members)
            .serve(&providers);
        assert_eq!(both.tick().await.unwrap().sent, 2);
        world.clock.advance(TimeDelta::days(1));
        assert_eq!(world.worker.tick().await.unwrap().expired, 0);
        assert_eq!(both.tick().await.unwrap().expired, 1);
        let nothing = Worker::new(B::Store::default(), world.backend.pool(), world.mailer.clone());
        assert!(!nothing.tick().await.unwrap().found_work());
    }

    // Incident 64: one letter that makes the mailer panic does not stop the next.
    async fn a_panicking_mailer_loses_no_letter<B: Backend>() {
        use async_trait::async_trait;
        use invite_core::{Letter, Mailer};

        struct Panicking(CapturingMailer);

        #[async_trait]
        impl Mailer for Panicking {
            async fn deliver(&self, letter: &Letter) -> Outcome {
                assert!(!letter.recipient().canonical().starts_with("poison"), "as lettre does on CR in a name");
                self.0.deliver(letter).await
            }
        }

        let world = World::<B>::new(Policy::default()).await;
        let poisoned = world.invite("poison@example.com").await.id;
        world.invite("ada@example.com").await;
        let worker = Worker::new(B::Store::default(), world.backend.pool(), Panicking(world.mailer.clone()))
            .serve(&world.members);
        assert_eq!(worker.tick().await.unwrap().sent, 1);
        assert_eq!(world.get(poisoned).await.delivery.state, DeliveryState::Retrying);
    }

    // Race 34
    async fn the_refusal_of_an_earlier_letter_does_not_fail_the_later_one<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let id = world.invite("ada@example.com").await.id;
        let held = Held::answering(refused(true));
        let late = Worker::new(B::Store::default(), world.backend.pool(), held.clone()).serve(&world.members);
        let late = tokio::spawn(async move { late.tick().await });
        held.reached().await;
        in_a_transaction!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, id).await.unwrap());
        held.go_on();
        late.await.unwrap().unwrap();
        let resent = world.get(id).await;
        assert_eq!((resent.status, resent.delivery.state), (Status::Pending, DeliveryState::Queued));
        assert_eq!(world.history(id).await, [(1, "created"), (2, "resent")]);
        assert_eq!(world.mailed().await.len(), 1);
    }

    async fn stale_letters_do_not_keep_a_fresh_one_waiting<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        for n in 0..20 {
            let id = world.invite(&format!("p{n}@example.com")).await.id;
            in_a_transaction!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, id, None).await.unwrap());
        }
        world.clock.advance(TimeDelta::seconds(1));
        world.invite("ada@example.com").await;
        // `mailed` goes on for as long as a round finds work, as a running worker does.
        assert_eq!(world.mailed().await.len(), 1);
    }

    // S4-9, S4-87; demand theme 6
    async fn the_sweep_expires_in_batches_each_with_its_event<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let mut tx = world.backend.begin().await;
        let mut ids = Vec::new();
        for n in 0..450 {
            let new = NewInvitation::new(format!("p{n}@example.com"), membership("admin"));
            ids.push(world.members.scope(7).create_with_link(&mut tx, &world.admin, new).await.unwrap().0.id);
        }
        B::commit(tx).await;
        assert_eq!(world.worker.tick().await.unwrap().expired, 0);
        world.clock.advance(TimeDelta::days(7));
        let mut batches = Vec::new();
        loop {
            match world.worker.tick().await.unwrap().expired {
                0 => break,
                expired => batches.push(expired),
            }
        }
        assert_eq!(batches, [200, 200, 50]);
        for id in ids.iter().step_by(50) {
            assert_eq!(world.history(*id).await, [(1, "created"), (2, "expired")]);
            let expired = world.get(*id).await;
            assert_eq!(expired.ended.as_ref().unwrap().by, invite_core::Actor::System);
        }
    }

    async fn a_host_can_deliver_by_itself_in_a_transaction_it_rolls_back<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let mut tx = world.backend.begin().await;
        let new = NewInvitation::new("ada@example.com", membership("admin"));
        let id = world.members.scope(7).create(&mut tx, &world.admin, new).await.unwrap().id;
        let token = invite_core::testing::deliver(&world.members, &mut tx, id).await.unwrap();
        let accepted = world.members.accept(&mut tx, &token, Claimant::new_account(2, "ada@example.com")).await.unwrap();
        assert!(matches!(accepted, Accepted::Now(acceptance) if acceptance.address_proved));
        B::rollback(tx).await;
        let mut tx = world.backend.begin().await;
        assert!(matches!(world.members.preview(&mut tx, &token).await, Err(Error::NotFound)));
    }

    async fn a_running_worker_is_woken_finishes_its_batch_and_leaves_no_lease<B: Backend>() {
        let world = World::<B>::new(Policy::default()).await;
        let held = Held::answering(Outcome::Accepted);
        let worker = Worker::new(B::Store::default(), world.backend.pool(), held.clone())
            .serve(&world.members)
            .poll(Duration::from_secs(3600));
        let notifier = worker.notifier();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await });

        let id = world.invite("ada@example.com").await.id;
        notifier.notify();
        held.reached().await;
        stop.send(()).unwrap();
        assert!(!running.is_finished(), "the letter in hand is finished first");
        held.go_on();
        running.await.unwrap();
        assert_eq!(world.get(id).await.delivery.state, DeliveryState::Sent);
        assert!(world.mailed().await.is_empty());
    }
}
