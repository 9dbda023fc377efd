//! Amending and cancelling, and the states that are never left.

use chrono::TimeDelta;
use invite_core::{
    Actor, Amendment, Claimant, DeliveryState, EarlierLinks, Error, Policy, Record, Status,
    testing::{self, CapturedLetter},
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    compare,
    erased::Db,
    host::{
        deeds::{TERMINAL, done, same},
        world::{Answer, World, ada, committed, membership, new, refused_mail, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    an_amendment_changes_what_it_names:
        "`Change::Amend` writes the payload, the words, the message and the end of life that it names, and returns the row as it now is.",
    an_amendment_leaves_what_it_does_not_name:
        "`Change::Amend` leaves every column of which it says nothing.",
    a_blank_message_removes_the_message:
        "In `Change::Amend`, a message of `Some(None)` becomes NULL; `None` leaves it.",
    an_earlier_link_grants_what_the_amendment_says:
        "`apply` returns the row as it is now, with the payload of the last amendment.",
    an_accepted_invitation_is_not_amended:
        "The statuses of the guard are in the WHERE, also for `Change::Amend`.",
    a_new_address_retires_every_earlier_link:
        "`Change::Amend` with a recipient raises the generation, sets `min_generation` to it and ends any grace.",
    a_new_address_is_mailed_nothing_until_it_is_resent_and_then_it_alone:
        "`Change::Amend` with a recipient leaves no letter that is current; `lease` reads the address as it is now.",
    a_new_address_that_is_taken_is_refused_with_the_other_one_s_id:
        "`apply` answers `None` when an amended open key is taken, without aborting the caller's transaction.",
    a_new_address_takes_its_place_and_leaves_the_old_one_free:
        "`Change::Amend` with a recipient writes the new open key over the old.",
    an_expired_but_unswept_invitation_does_not_block_a_new_address:
        "`Key::Open` finds the expired row, `TimeGuard::Due` lets it be expired, and the same amendment then succeeds.",
    a_cancelled_invitation_s_links_are_dead_at_once_and_say_so:
        "A committed `Change::End` is seen by every later `find` and `apply`, whichever token leads there.",
    a_cancellation_says_who_when_and_why:
        "`Change::End` stores the status with actor, reason and time; the event has the same.",
    cancelling_again_gets_the_same_answer:
        "`apply` answers `None` on a row that has ended; the row then says by whom.",
    somebody_else_s_second_cancellation_is_refused:
        "`apply` answers `None` on a row that has ended; the row then says by whom.",
    a_cancellation_stops_the_letter_that_is_queued:
        "`lease` looks at the invitation again: `is_current` decides, and a letter of what has ended is removed.",
    a_state_that_has_ended_is_never_left:
        "The statuses of the guard are in the WHERE of every change: what has ended takes no other, to the last column.",
];

async fn an_amendment_changes_what_it_names(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::minutes(1));
    let words = serde_json::json!({ "organization": "Difference Engines", "n\u{f6}": ["'\"", null] });
    let amendment = Amendment::new().payload(membership("viewer")).display(&words).message("Sorry");
    let amended = world.amend(id, &amendment.expires_in(TimeDelta::hours(1))).await?;
    ensure!(amended.display == words, "the words are {}", amended.display);
    ensure!(amended.payload()? == membership("viewer"), "the payload is {}", amended.payload);
    ensure!(amended.message.as_deref() == Some("Sorry"), "the message is {:?}", amended.message);
    let life = amended.expires_at - amended.created_at;
    ensure!(life == TimeDelta::minutes(61), "its whole life is {life}, not 61 minutes");
    same(&world.get(id).await?, &amended)?;
    world.happened(id, &[(1, "created"), (2, "amended")]).await
}

async fn an_amendment_leaves_what_it_does_not_name(db: Db) -> Verdict {
    type Takes = fn(&mut Record, &Record);
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let words = serde_json::json!({ "organization": "Difference Engines" });
    let amendments: [(_, Takes); 4] = [
        (Amendment::new().display(&words), |wanted, amended| wanted.display = amended.display.clone()),
        (Amendment::new().payload(membership("viewer")), |wanted, amended| wanted.payload = amended.payload.clone()),
        (Amendment::new().message("Welcome"), |wanted, amended| wanted.message.clone_from(&amended.message)),
        (Amendment::new().expires_in(TimeDelta::days(30)), |wanted, amended| wanted.expires_at = amended.expires_at),
    ];
    for (amendment, take_what_it_names) in amendments {
        let mut wanted = world.get(id).await?.into_record();
        wanted.revision += 1;
        let amended = world.amend(id, &amendment).await?;
        take_what_it_names(&mut wanted, &amended);
        compare::same(&amended, &wanted, "the amended row")?;
    }
    undone!(world, tx => done(world.members.accept(&mut tx, letter.token(), &ada()).await?)?);
    Ok(())
}

async fn a_blank_message_removes_the_message(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    world.amend(id, &Amendment::new().message("Sorry").payload(membership("viewer"))).await?;
    let amended = world.amend(id, &Amendment::new().message(" \r\n")).await?;
    ensure!(amended.message.is_none(), "the message is {:?}", amended.message);
    ensure!(amended.payload()? == membership("viewer"), "the payload is {}", amended.payload);
    same(&world.get(id).await?, &amended)
}

// The role is the one that the row says when it is accepted.
async fn an_earlier_link_grants_what_the_amendment_says(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.amend(id, &Amendment::new().payload(membership("viewer"))).await?;
    let granted = done(world.accept(letter.token(), ada()).await?)?.invitation.payload()?;
    ensure!(granted == membership("viewer"), "the acceptance grants {}", granted.role);
    Ok(())
}

async fn an_accepted_invitation_is_not_amended(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let accepted = done(world.accept(letter.token(), ada()).await?)?.invitation;
    committed!(world, tx => {
        let amendment = Amendment::new().payload(membership("owner"));
        let answer = world.members.scope(7).amend(&mut tx, &world.admin, id, &amendment).await;
        refused!(answer, Error::IllegalTransition { status: Status::Accepted, .. }, "amending what was accepted");
    });
    same(&world.get(id).await?, &accepted)
}

// A letter mailed to one address never opens what belongs to another.
async fn a_new_address_retires_every_earlier_link(db: Db) -> Verdict {
    for links in [EarlierLinks::Retire, EarlierLinks::Keep, EarlierLinks::KeepFor(TimeDelta::days(1))] {
        let world = World::new(&db, Policy::default().earlier_links(links));
        for resent in [false, true] {
            let (id, letter) = world.invite_and_mail("eda@example.com").await?;
            let mut letters = vec![letter];
            if resent {
                letters.push(world.resend_and_mail(id).await?);
            }
            let link = world.link(id).await?;
            let amended = world.amend(id, &Amendment::new().email("ada@example.com")).await?;
            ensure!(amended.recipient.canonical() == "ada@example.com", "it is still for the old address");
            same(&world.get(id).await?, &amended)?;
            undone!(world, tx => {
                for token in letters.iter().map(CapturedLetter::token).chain([&link]) {
                    let answer = world.members.preview(&mut tx, token).await;
                    refused!(answer, Error::Superseded, "looking by a link to the address before");
                    let answer = world.members.accept(&mut tx, token, &ada()).await;
                    refused!(answer, Error::Superseded, "accepting by a link to the address before");
                }
            });
            world.cancel(id).await?;
        }
    }
    Ok(())
}

// A letter goes to the address of the row, never to one that a request names.
async fn a_new_address_is_mailed_nothing_until_it_is_resent_and_then_it_alone(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("eda@example.com").await?.id;
    let amended = world.amend(id, &Amendment::new().email("Ada@Example.com")).await?;
    ensure!(amended.delivery.state == DeliveryState::NotMailed, "its letter is {}", amended.delivery.state.as_str());
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent, one of them queued for the address before");
    let letter = world.resend_and_mail(id).await?;
    ensure!(
        letter.recipient().canonical() == "ada@example.com",
        "the letter went to {}",
        letter.recipient().canonical()
    );
    ensure!(letter.recipient().as_given() == "Ada@Example.com", "the letter went to {}", letter.recipient().as_given());
    done(world.accept(letter.token(), ada()).await?).map(drop)
}

async fn a_new_address_that_is_taken_is_refused_with_the_other_one_s_id(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = world.invite("eda@example.com").await?;
    let other = world.invite("grace@example.com").await?.id;
    committed!(world, tx => {
        let taken = Amendment::new().email("Grace@example.com").message("x");
        let answer = world.members.scope(7).amend(&mut tx, &world.admin, first.id, &taken).await;
        refused!(answer, Error::AlreadyPending(id) if id == other, "amending to an address that is invited");
    });
    same(&world.get(first.id).await?, &first)
}

async fn a_new_address_takes_its_place_and_leaves_the_old_one_free(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("eda@example.com").await?.id;
    world.amend(id, &Amendment::new().email("ada@example.com")).await?;
    undone!(world, tx => {
        let answer = world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await;
        refused!(answer, Error::AlreadyPending(other) if other == id, "inviting the new address a second time");
    });
    world.invite("eda@example.com").await?;
    // The address it has already is no collision with itself.
    world.amend(id, &Amendment::new().email("ADA@example.com")).await?;
    Ok(())
}

async fn an_expired_but_unswept_invitation_does_not_block_a_new_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let expired = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::days(7));
    let id = world.invite("eda@example.com").await?.id;
    world.amend(id, &Amendment::new().email("ada@example.com")).await?;
    world.happened(expired, &[(1, "created"), (2, "expired")]).await?;
    world.happened(id, &[(1, "created"), (2, "amended")]).await
}

// Every link dies: those of every letter, and those handed over by other means.
async fn a_cancelled_invitation_s_links_are_dead_at_once_and_say_so(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    world.mailer.answer(refused_mail(false));
    let first = world.one_letter().await?;
    world.clock.advance(TimeDelta::minutes(1));
    let again = world.one_letter().await?;
    let link = world.link(id).await?;
    world.cancel(id).await?;
    for (how, token) in [("mail", first.token()), ("mail sent again", again.token()), ("hand", &link)] {
        let answers: [(&str, Answer); 4] = undone!(world, tx => [
            ("preview", world.members.preview(&mut tx, token).await.map(drop)),
            ("accept", world.members.accept(&mut tx, token, &ada()).await.map(drop)),
            ("reject", world.members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop)),
            ("mark_viewed", world.members.mark_viewed(&mut tx, token).await.map(drop)),
        ]);
        for (call, answer) in answers {
            refused!(answer, Error::Cancelled, "{call} by a link that came by {how}, after the cancellation");
        }
    }
    Ok(())
}

async fn a_cancellation_says_who_when_and_why(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::hours(1));
    let cancelled = committed!(world, tx => {
        world.members.scope(7).cancel(&mut tx, &Actor::new("42"), id, Some("left the project")).await?
    });
    same(&world.get(id).await?, &cancelled)?;
    let Some(ended) = &cancelled.ended else {
        return Err(Stop::Failed("a cancelled invitation says nothing of its end".into()));
    };
    ensure!(ended.by == Actor::new(42), "it was cancelled by {:?}", ended.by);
    ensure!(ended.reason.as_deref() == Some("left the project"), "the reason is {:?}", ended.reason);
    ensure!(ended.at - cancelled.created_at == TimeDelta::hours(1), "it was cancelled at {}", ended.at);
    let mut conn = db.connect().await?;
    let history = world.members.scope(7).history(&mut conn, &world.admin, id).await?;
    let told = history.last().map(|event| (event.revision, &event.actor, event.reason.as_deref(), event.at));
    let wanted = (2, &ended.by, ended.reason.as_deref(), ended.at);
    ensure!(told == Some(wanted), "the event says {told:?}, the row {wanted:?}");
    Ok(())
}

async fn cancelling_again_gets_the_same_answer(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let first = committed!(world, tx => {
        world.members.scope(7).cancel(&mut tx, &world.admin, id, Some("left")).await?
    });
    world.clock.advance(TimeDelta::days(30));
    same(&world.cancel(id).await?, &first)?;
    world.happened(id, &[(1, "created"), (2, "cancelled")]).await
}

async fn somebody_else_s_second_cancellation_is_refused(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    world.cancel(id).await?;
    for other in [Actor::new(5), Actor::System] {
        committed!(world, tx => {
            let answer = world.members.scope(7).cancel(&mut tx, &other, id, None).await;
            refused!(answer, Error::IllegalTransition { status: Status::Cancelled, .. }, "a second cancellation by {other:?}");
        });
    }
    world.happened(id, &[(1, "created"), (2, "cancelled")]).await
}

async fn a_cancellation_stops_the_letter_that_is_queued(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    world.cancel(id).await?;
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent about what was cancelled");
    Ok(())
}

async fn a_state_that_has_ended_is_never_left(db: Db) -> Verdict {
    for status in TERMINAL {
        let world = World::new(&db, Policy::default());
        let (id, token) = world.standing(status).await?;
        let before = world.get(id).await?;
        let history = world.history(id).await?;
        let (members, admin, stranger) = (&world.members, &world.admin, Actor::new(9));
        let claimant = Claimant::new(9).verified(&format!("{status}@example.com"));
        let answers: [(&str, Answer); 5] = committed!(world, tx => [
            ("new_link", members.scope(7).new_link(&mut tx, admin, id).await.map(drop)),
            ("resend", members.scope(7).resend(&mut tx, admin, id).await.map(drop)),
            ("amend", members.scope(7).amend(&mut tx, admin, id, &Amendment::new().message("x")).await.map(drop)),
            ("cancel", members.scope(7).cancel(&mut tx, &stranger, id, None).await.map(drop)),
            ("deliver", testing::deliver(members, &mut tx, id).await.map(drop)),
        ]);
        for (call, answer) in answers {
            refused!(
                answer,
                Error::IllegalTransition { status: told, .. } if told == status,
                "{call} with an invitation that is {status}"
            );
        }
        let answers: [(&str, Answer); 5] = committed!(world, tx => [
            ("accept", members.accept(&mut tx, &token, &claimant).await.map(drop)),
            ("accept_by_id", members.accept_by_id(&mut tx, id, &claimant).await.map(drop)),
            ("reject", members.reject(&mut tx, &token, &stranger, None).await.map(drop)),
            ("reject_by_id", members.reject_by_id(&mut tx, id, &claimant, None).await.map(drop)),
            ("mark_viewed", members.mark_viewed(&mut tx, &token).await.map(drop)),
        ]);
        for (call, answer) in answers {
            ensure!(answer.is_err(), "{call} was done with an invitation that is {status}");
        }
        // As time goes by, and as the worker comes round.
        world.clock.advance(TimeDelta::days(30));
        let letters = world.mailed().await?.len();
        ensure!(letters == 0, "{letters} letters were sent about what is {status}");
        same(&world.get(id).await?, &before)?;
        ensure!(world.history(id).await? == history, "the history of what is {status} went on");
    }
    Ok(())
}
