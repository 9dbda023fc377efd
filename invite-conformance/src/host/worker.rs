//! The mail queue: what is sent, when, and what becomes of it.

use async_trait::async_trait;
use chrono::TimeDelta;
use invite_core::{
    Actor, Amendment, Claimant, DeliveryState, Error, Invitations, Letter, Mailer, NewInvitation, Outcome, Policy,
    Refusal, Status, Worker,
    testing::{self, CapturingMailer},
};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    compare,
    erased::{Db, Shared},
    host::{
        deeds::{TERMINAL, done, same},
        world::{Membership, Provider, World, ada, committed, new, refused_mail, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_letter_is_sent_once_after_the_commit:
        "`Dispatch::Letter` queues on the caller's connection, `lease` finds it, and `settle` with `QueueChange::Remove` \
         deletes it.",
    a_letter_is_not_sent_before_the_time_it_is_queued_for:
        "`lease` takes letters whose `not_before` is not after `now`.",
    what_became_of_a_letter_is_written_on_the_invitation:
        "`settle` writes the delivery summary on the row, without a revision and without an event.",
    a_letter_says_what_the_invitation_says_now:
        "`lease` reads the invitation when it leases, not when the letter was queued.",
    a_link_works_before_its_letter_leaves:
        "`lease` has committed the digest when it returns: a letter is handed over only then.",
    a_resend_rolled_back_mails_nobody_and_kills_no_link:
        "`Change::Renew` and its letter are written on the caller's connection.",
    letters_of_what_has_ended_are_not_sent:
        "`lease` looks at the invitation again: `is_current` decides, and what is not current is removed.",
    letters_of_what_was_resent_meanwhile_are_not_sent:
        "`lease` compares the letter's generation with the invitation's: `LeaseRequest::is_current` decides.",
    stale_letters_do_not_keep_a_fresh_one_waiting:
        "`lease` removes the letters that are not current, so that the next call finds those behind them.",
    letters_are_sent_oldest_first:
        "`lease` leases by `not_before`, earliest first, `limit` at most.",
    a_worker_touches_only_the_kinds_it_serves:
        "`lease` and `sweep` have the kinds in the WHERE.",
    a_host_can_deliver_by_itself_in_a_transaction_it_rolls_back:
        "`Change::Link` with a token of channel mail is written on the caller's connection, and seen there at once.",
];

async fn a_letter_is_sent_once_after_the_commit(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    undone!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await?);
    world.sends_nothing("the creation was rolled back").await?;
    let (_, letter) = world.invite_and_mail("Ada@Example.com").await?;
    ensure!(letter.recipient().as_given() == "Ada@Example.com", "it went to {}", letter.recipient().as_given());
    ensure!(letter.attempt() == 1, "the first attempt is number {}", letter.attempt());
    world.clock.advance(TimeDelta::days(1));
    world.sends_nothing("it was sent already").await
}

// The clock of the worker may be behind that of the server which queued the letter.
async fn a_letter_is_not_sent_before_the_time_it_is_queued_for(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    world.clock.advance(-TimeDelta::microseconds(1));
    world.sends_nothing("by its clock it is not due for another microsecond").await?;
    world.clock.advance(TimeDelta::microseconds(1));
    world.one_letter().await.map(drop)
}

async fn what_became_of_a_letter_is_written_on_the_invitation(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let created = world.invite("ada@example.com").await?;
    world.one_letter().await?;
    world.stands(created.id, Status::Pending, DeliveryState::Sent).await?;
    let sent = world.get(created.id).await?;
    ensure!(sent.delivery.attempts == 1, "it was tried {} times", sent.delivery.attempts);
    ensure!(sent.revision == 1, "the revision became {}", sent.revision);
    world.happened(created.id, &[(1, "created")]).await
}

async fn a_letter_says_what_the_invitation_says_now(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let amended = world.amend(id, &Amendment::new().message("Sorry")).await?;
    let letter = world.one_letter().await?;
    compare::same(letter.invitation(), &amended, "the invitation of the letter")
}

/// Looks by the link while it hands the letter over, on a connection of its own.
struct Looking {
    db: Db,
    members: Invitations<Shared, Membership>,
    letters: CapturingMailer,
}

#[async_trait]
impl Mailer for Looking {
    async fn deliver(&self, letter: &Letter) -> Outcome {
        self.letters.deliver(letter).await;
        let looked = match self.db.connect().await {
            Ok(mut conn) => self.members.preview(&mut conn, letter.token().expect("a link")).await.map(drop),
            Err(error) => Err(error.into()),
        };
        match looked {
            Ok(()) => Outcome::accepted(),
            Err(error) => {
                Outcome::Refused { refusal: Refusal::Permanent, code: None, enhanced: None, text: error.to_string() }
            }
        }
    }
}

// The digest is committed first, and only then is the letter sent.
async fn a_link_works_before_its_letter_leaves(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let looking = Looking { db: db.clone(), members: world.members.clone(), letters: world.mailer.clone() };
    let tick = world.worker_with(looking).tick().await?;
    let seen = world.get(id).await?.delivery.last_error.clone();
    ensure!(tick.sent == 1, "looking by the link while the letter left was refused: {seen:?}");
    Ok(())
}

async fn a_resend_rolled_back_mails_nobody_and_kills_no_link(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    world.clock.advance(TimeDelta::minutes(2));
    undone!(world, tx => world.members.scope(7).resend(&mut tx, &world.admin, id).await?);
    world.sends_nothing("the resend was rolled back").await?;
    same(&world.get(id).await?, &before)?;
    done(world.accept(letter.token(), ada()).await?).map(drop)
}

async fn letters_of_what_has_ended_are_not_sent(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for status in TERMINAL {
        // Its first letter is put off; the link is one that is as if mailed.
        let email = format!("{status}@example.com");
        let (id, token) = world.invited(&email).await?;
        world.mailer.answer(refused_mail(false));
        world.one_letter().await?;
        match status {
            Status::Accepted => done(world.accept(&token, Claimant::new(2).verified(&email)).await?).map(drop)?,
            Status::Rejected => world.reject(&token, &Actor::Bearer).await.map(drop)?,
            Status::Cancelled => world.cancel(id).await.map(drop)?,
            Status::Expired | Status::Pending | Status::DeliveryFailed => world.clock.advance(TimeDelta::days(7)),
        }
        world.clock.advance(TimeDelta::hours(1));
        world.sends_nothing(&format!("the invitation is {status}")).await?;
        let seen = world.get(id).await?.status;
        ensure!(seen == status, "what was {status} is {seen}");
    }
    Ok(())
}

async fn letters_of_what_was_resent_meanwhile_are_not_sent(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    world.resend(id).await?;
    let letter = world.one_letter().await?;
    ensure!(letter.invitation().id == id, "the letter is about another invitation");
    ensure!(letter.invitation().generation == 2, "the letter is of generation {}", letter.invitation().generation);
    Ok(())
}

async fn stale_letters_do_not_keep_a_fresh_one_waiting(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for n in 0..20 {
        let id = world.invite(&format!("p{n}@example.com")).await?.id;
        world.cancel(id).await?;
    }
    world.clock.advance(TimeDelta::seconds(1));
    world.invite("ada@example.com").await?;
    // It goes on for as long as a round finds work, as a running worker does.
    let letter = world.one_letter().await?;
    ensure!(letter.recipient().canonical() == "ada@example.com", "it went to {}", letter.recipient().canonical());
    Ok(())
}

async fn letters_are_sent_oldest_first(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let mut wanted = Vec::new();
    for n in [3, 1, 2] {
        wanted.push(world.invite(&format!("p{n}@example.com")).await?.id);
        world.clock.advance(TimeDelta::seconds(1));
    }
    let one_at_a_time = world.worker_with(world.mailer.clone()).batch(1);
    for n in 1..=3 {
        let tick = one_at_a_time.tick().await?;
        ensure!(tick.sent == 1, "round {n} of a worker that sends one at a time sent {}", tick.sent);
    }
    let sent: Vec<_> = world.mailer.take().iter().map(|letter| letter.invitation().id).collect();
    ensure!(sent == wanted, "they were created as {wanted:?} and sent as {sent:?}");
    Ok(())
}

async fn a_worker_touches_only_the_kinds_it_serves(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let providers = world.providers();
    committed!(world, tx => {
        let provider = NewInvitation::new("ada@example.com", Provider {});
        providers.scope(7).create(&mut tx, &world.admin, provider).await?;
    });
    world.sends_nothing("it serves members, and the letter is for a provider").await?;
    world.clock.advance(TimeDelta::days(6));
    world.invite("grace@example.com").await?;
    let both = world.worker_with(world.mailer.clone()).serve(&providers);
    let sent = both.tick().await?.sent;
    ensure!(sent == 2, "a worker of both kinds sent {sent} of two letters");
    world.clock.advance(TimeDelta::days(1));
    let expired = world.worker.tick().await?.expired;
    ensure!(expired == 0, "a worker for members expired {expired} invitations of a provider");
    let expired = both.tick().await?.expired;
    ensure!(expired == 1, "a worker of both kinds expired {expired} of one");
    let nothing = Worker::new(world.store(), (), world.mailer.clone());
    refused!(nothing.tick().await, Error::NoKinds, "the round of a worker that serves no kind");
    Ok(())
}

async fn a_host_can_deliver_by_itself_in_a_transaction_it_rolls_back(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let token = undone!(world, tx => {
        let id = world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await?.id;
        let token = testing::deliver(&world.members, &mut tx, id).await?;
        let signing_up = Claimant::new(2).proved_by_link("ada@example.com");
        let accepted = done(world.members.accept(&mut tx, &token, &signing_up).await?)?;
        ensure!(accepted.address_proved, "a token as if mailed was said to prove nothing");
        token
    });
    let mut conn = db.connect().await?;
    refused!(world.members.preview(&mut conn, &token).await, Error::NotFound, "looking by it after the rollback");
    Ok(())
}
