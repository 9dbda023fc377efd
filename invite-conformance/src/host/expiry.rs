//! The end of a life: the sweep, and clocks that disagree.

use chrono::TimeDelta;
use invite_core::{Actor, Amendment, Claimant, Clock, Error, Kind, Policy, Status, store::Sweep, testing::ManualClock};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{TERMINAL, done, same},
        world::{Answer, Membership, World, ada, committed, new, refused_mail, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    the_sweep_and_an_acceptance_never_both_have_their_way:
        "`sweep` takes `expires_at <= now`, an acceptance `expires_at > now`: no instant is in both.",
    the_sweep_expires_in_batches_each_with_its_event:
        "`sweep` takes `limit` rows at most, writes one event for each, by the system, and says how many.",
    what_was_swept_says_when_and_by_whom:
        "`sweep` ends a row as `Change::End` does: status, time, the system, a revision more, the open key null.",
    nothing_is_swept_twice:
        "`sweep` has the statuses in the WHERE.",
    the_sweep_leaves_what_has_ended:
        "`sweep` has the statuses in the WHERE.",
    the_sweep_takes_an_invitation_whose_mail_failed:
        "`delivery_failed` is among the statuses of the sweep: it is open.",
    a_resend_that_prolongs_it_saves_it_from_the_sweep:
        "`sweep` compares the row's own `expires_at`, as the last change left it.",
    a_clock_that_steps_back_revives_nothing_that_was_swept:
        "A status that has ended counts, whatever the time: guards have statuses and time in the WHERE.",
    a_clock_that_steps_back_sends_nothing_twice:
        "`settle` with `QueueChange::Remove` deletes the letter; nothing in the queue depends on the time alone.",
    a_clock_that_steps_back_does_not_hurry_a_letter_that_was_put_off:
        "`lease` compares the `not_before` it stored.",
    a_clock_that_steps_back_does_not_end_the_cool_down:
        "`not_resent_between` refuses a `resent_at` that lies a little in the future, too.",
    a_clock_that_was_ahead_does_not_prolong_the_cool_down:
        "`not_resent_between` lets a resend through that is dated far in the future.",
    clocks_that_disagree_never_accept_what_was_swept:
        "Each decision takes the time that core gives; the status decides between them.",
];

async fn the_sweep_and_an_acceptance_never_both_have_their_way(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
    let expired = world.worker.tick().await?.expired;
    ensure!(expired == 0, "{expired} were swept a microsecond before their end");
    undone!(world, tx => done(world.members.accept(&mut tx, letter.token(), &ada()).await?)?);
    world.clock.advance(TimeDelta::microseconds(1));
    undone!(world, tx => {
        let answer = world.members.accept(&mut tx, letter.token(), &ada()).await;
        refused!(answer, Error::Expired { .. }, "accepting at the end, before the sweep");
    });
    let expired = world.worker.tick().await?.expired;
    ensure!(expired == 1, "{expired} were swept at their end, not 1");
    undone!(world, tx => {
        let answer = world.members.accept(&mut tx, letter.token(), &ada()).await;
        refused!(answer, Error::Expired { .. }, "accepting after the sweep");
    });
    world.happened(id, &[(1, "created"), (2, "expired")]).await
}

async fn the_sweep_expires_in_batches_each_with_its_event(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let ids = committed!(world, tx => {
        let mut ids = Vec::new();
        for n in 0..45 {
            let new = new(&format!("p{n}@example.com"));
            ids.push(world.members.scope(7).create_with_link(&mut tx, &world.admin, new).await?.invitation.id);
        }
        ids
    });
    world.clock.advance(TimeDelta::days(7));
    let mut batches = Vec::new();
    while batches.last() != Some(&0) && batches.len() < 10 {
        let sweep = Sweep { kinds: &[Membership::NAME], notify: &[], now: world.clock.now(), limit: 20 };
        batches.push(db.sweep(&(), &sweep).await?);
    }
    ensure!(batches == [20, 20, 5, 0], "45 were swept in batches of {batches:?}, at most 20 each");
    for id in ids.iter().step_by(5) {
        world.happened(*id, &[(1, "created"), (2, "expired")]).await?;
    }
    Ok(())
}

async fn what_was_swept_says_when_and_by_whom(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.standing(Status::Expired).await?;
    let swept = world.get(id).await?;
    let ended = swept.ended.as_ref().map(|ended| (&ended.by, ended.at - swept.created_at, ended.reason.as_deref()));
    ensure!(ended == Some((&Actor::System, TimeDelta::days(7), None)), "by whom, after what time and why: {ended:?}");
    let mut conn = db.connect().await?;
    let history = world.members.scope(7).history(&mut conn, &world.admin, id).await?;
    let by = history.last().map(|event| (event.kind.as_str(), &event.actor));
    ensure!(by == Some(("expired", &Actor::System)), "the last event is {by:?}");
    Ok(())
}

async fn nothing_is_swept_twice(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.standing(Status::Expired).await?;
    let before = world.get(id).await?;
    let history = world.history(id).await?;
    world.clock.advance(TimeDelta::days(1));
    let expired = world.worker_with(world.mailer.clone()).tick().await?.expired;
    ensure!(expired == 0, "{expired} were swept a second time");
    same(&world.get(id).await?, &before)?;
    ensure!(world.history(id).await? == history, "a second sweep wrote another event");
    Ok(())
}

async fn the_sweep_leaves_what_has_ended(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let mut ended = Vec::new();
    for status in TERMINAL {
        ended.push(world.standing(status).await?.0);
    }
    let mut before = Vec::new();
    for id in &ended {
        before.push(world.get(*id).await?);
    }
    world.clock.advance(TimeDelta::days(30));
    let expired = world.worker.tick().await?.expired;
    ensure!(expired == 0, "{expired} that had ended were swept");
    for before in before {
        same(&world.get(before.id).await?, &before)?;
    }
    Ok(())
}

async fn the_sweep_takes_an_invitation_whose_mail_failed(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.standing(Status::DeliveryFailed).await?;
    world.clock.advance(TimeDelta::days(7));
    let expired = world.worker.tick().await?.expired;
    ensure!(expired == 1, "{expired} were swept, not 1");
    world.happened(id, &[(1, "created"), (2, "link_created"), (3, "delivery_failed"), (4, "expired")]).await
}

async fn a_resend_that_prolongs_it_saves_it_from_the_sweep(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::days(6));
    world.resend(id).await?;
    world.clock.advance(TimeDelta::days(2));
    let expired = world.worker.tick().await?.expired;
    ensure!(expired == 0, "{expired} were swept, though a resend had prolonged it");
    let seen = world.get(id).await?.status;
    ensure!(seen == Status::Pending, "it is {seen}");
    Ok(())
}

// The status decides, not the clock.
async fn a_clock_that_steps_back_revives_nothing_that_was_swept(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, token) = world.standing(Status::Expired).await?;
    let before = world.get(id).await?;
    world.clock.advance(-TimeDelta::days(1));
    let (members, admin) = (&world.members, &world.admin);
    let person = Claimant::new(2).verified("expired@example.com");
    let answers: [(&str, Answer); 5] = committed!(world, tx => [
        ("preview", members.preview(&mut tx, &token).await.map(drop)),
        ("accept", members.accept(&mut tx, &token, &person).await.map(drop)),
        ("accept_by_id", members.accept_by_id(&mut tx, id, &person).await.map(drop)),
        ("reject", members.reject(&mut tx, &token, &Actor::Bearer, None).await.map(drop)),
        ("mark_viewed", members.mark_viewed(&mut tx, &token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::Expired { .. }, "{call} by a clock a day before its end, after the sweep");
    }
    let answers: [(&str, Answer); 4] = committed!(world, tx => [
        ("resend", members.scope(7).resend(&mut tx, admin, id).await.map(drop)),
        ("new_link", members.scope(7).new_link(&mut tx, admin, id).await.map(drop)),
        ("amend", members.scope(7).amend(&mut tx, admin, id, &Amendment::new().message("x")).await.map(drop)),
        ("cancel", members.scope(7).cancel(&mut tx, admin, id, None).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(
            answer,
            Error::IllegalTransition { status: Status::Expired, .. },
            "{call} by a clock a day before its end, after the sweep"
        );
    }
    same(&world.get(id).await?, &before)
}

async fn a_clock_that_steps_back_sends_nothing_twice(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite_and_mail("ada@example.com").await?;
    for step in [-TimeDelta::hours(1), -TimeDelta::days(1), TimeDelta::days(2)] {
        world.clock.advance(step);
        let letters = world.mailed().await?.len();
        ensure!(letters == 0, "{letters} letters were sent again when the clock went {step}");
    }
    Ok(())
}

async fn a_clock_that_steps_back_does_not_hurry_a_letter_that_was_put_off(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.mailer.answer(refused_mail(false));
    world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(-TimeDelta::hours(1));
    world.clock.advance(TimeDelta::minutes(1));
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent 59 minutes before they were put off");
    world.clock.advance(TimeDelta::hours(1));
    world.one_letter().await.map(drop)
}

async fn a_clock_that_steps_back_does_not_end_the_cool_down(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().resend_cooldown(TimeDelta::minutes(10)));
    let id = world.invite("ada@example.com").await?.id;
    world.resend(id).await?;
    world.clock.advance(-TimeDelta::seconds(30));
    undone!(world, tx => {
        let answer = world.members.scope(7).resend(&mut tx, &world.admin, id).await;
        refused!(answer, Error::LimitReached { .. }, "resending by a clock half a minute before the last resend");
    });
    world.clock.advance(TimeDelta::seconds(30) + TimeDelta::minutes(10));
    world.resend(id).await.map(drop)
}

async fn a_clock_that_was_ahead_does_not_prolong_the_cool_down(db: Db) -> Verdict {
    let world =
        World::new(&db, Policy::default().lifetime(TimeDelta::days(30)).resend_cooldown(TimeDelta::minutes(10)));
    let id = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::days(8));
    world.resend(id).await?;
    world.clock.advance(-TimeDelta::days(8));
    world.resend(id).await?;
    undone!(world, tx => {
        let answer = world.members.scope(7).resend(&mut tx, &world.admin, id).await;
        refused!(answer, Error::LimitReached { .. }, "resending at the instant of the last resend");
    });
    Ok(())
}

// The clocks of two servers are five minutes apart.
async fn clocks_that_disagree_never_accept_what_was_swept(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::days(7));
    world.mailed().await?;
    let slow = ManualClock::default();
    slow.advance(TimeDelta::days(7) - TimeDelta::minutes(5));
    let behind = world.members.clone().clock(slow);
    undone!(world, tx => {
        let answer = behind.accept(&mut tx, letter.token(), &ada()).await;
        refused!(answer, Error::Expired { .. }, "accepting on a server whose clock is five minutes slow");
    });
    world.happened(id, &[(1, "created"), (2, "expired")]).await
}
