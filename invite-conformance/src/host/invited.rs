//! The invited side: preview, accept, decline, view.

use chrono::TimeDelta;
use invite_core::{Actor, EarlierLinks, EmailAddress, Error, Invitations, Kind, Policy, Status, Token};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::{Db, Shared},
    host::{
        deeds::{TERMINAL, done, same, unknown_token},
        world::{Answer, World, ada, committed, membership, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_preview_shows_what_the_letter_s_reader_may_see:
        "`Key::Token` finds the row of the invitation, and the token's channel.",
    looking_changes_nothing:
        "`find` writes nothing: neither the row nor an event, however often it is called.",
    an_invitation_past_its_time_is_not_accepted_though_nobody_swept_it:
        "`TimeGuard::Unexpired` is `expires_at > now` in the WHERE, with the instant that core gives.",
    whatever_is_done_past_its_time_is_answered_as_expired:
        "`TimeGuard::Unexpired` is `expires_at > now` in the WHERE of every change by the invited side.",
    declining_ends_it_with_a_reason:
        "`Change::End` stores the status with actor, reason and time, whichever way it ends.",
    declining_again_gets_the_same_answer:
        "`apply` answers `None` on a row that has ended; the row then says by whom.",
    a_declined_invitation_is_closed_to_everybody:
        "The statuses of the guard are in the WHERE.",
    a_first_look_is_recorded_once_per_letter_and_is_no_change:
        "`Change::View` sets `viewed_at` where it is null, without a revision; `Change::Renew` makes it null again.",
    the_holder_of_a_genuine_link_hears_how_it_ended:
        "Tokens are kept when an invitation ends, and `Key::Token` finds it in every state.",
    when_the_host_rolls_back_the_invitation_is_open_and_the_link_works:
        "A change is made on the caller's connection, and the store never commits on it.",
    a_token_of_another_kind_is_unknown:
        "The kind is part of the digest: `Key::Token` and `Target::Token` compare all 32 bytes of it.",
    a_token_that_nobody_stored_is_unknown:
        "`Key::Token` and `Target::Token` compare all 32 bytes of the digest; no row is `None`.",
];

// A preview is shown to everybody who has the link, and mail scanners have it too.
async fn a_preview_shows_what_the_letter_s_reader_may_see(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("Ada@Example.com").await?;
    let mut conn = db.connect().await?;
    let preview = world.members.preview(&mut conn, letter.token()).await?;
    ensure!(preview.payload()? == membership("admin"), "the role is {}", preview.payload()?.role);
    ensure!(preview.scope().as_str() == "7", "the scope is {}", preview.scope());
    ensure!(preview.masked_recipient() == "a***@example.com", "the address is {}", preview.masked_recipient());
    let proved = preview.proved_recipient().map(EmailAddress::as_given);
    ensure!(proved == Some("Ada@Example.com"), "whoever reads the letter is {proved:?}");
    Ok(())
}

// Mail scanners open every link before its reader does.
async fn looking_changes_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    for _ in 0..20 {
        committed!(world, tx => world.members.preview(&mut tx, letter.token()).await?);
    }
    same(&world.get(id).await?, &before)?;
    world.happened(id, &[(1, "created")]).await?;
    done(world.accept(letter.token(), ada()).await?).map(drop)
}

// The sweep may be late; it is not what ends an invitation.
async fn an_invitation_past_its_time_is_not_accepted_though_nobody_swept_it(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::hours(1)));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
    undone!(world, tx => world.members.accept(&mut tx, letter.token(), &ada()).await?);
    world.clock.advance(TimeDelta::microseconds(1));
    undone!(world, tx => {
        refused!(world.members.accept(&mut tx, letter.token(), &ada()).await, Error::Expired { .. }, "accepting at its end");
    });
    let seen = world.get(id).await?.status;
    ensure!(seen == Status::Expired, "an open invitation past its time is shown as {seen}");
    Ok(())
}

// No other call skips the check.
async fn whatever_is_done_past_its_time_is_answered_as_expired(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::hours(1)));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::hours(1));
    let (members, token) = (&world.members, letter.token());
    let answers: [(&str, Answer); 6] = committed!(world, tx => [
        ("preview", members.preview(&mut tx, token).await.map(drop)),
        ("accept", members.accept(&mut tx, token, &ada()).await.map(drop)),
        ("accept_by_id", members.accept_by_id(&mut tx, id, &ada()).await.map(drop)),
        ("reject", members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop)),
        ("reject_by_id", members.reject_by_id(&mut tx, id, &ada(), None).await.map(drop)),
        ("mark_viewed", members.mark_viewed(&mut tx, token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::Expired { .. }, "{call} at the end of its life");
    }
    world.happened(id, &[(1, "created")]).await
}

async fn declining_ends_it_with_a_reason(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let declined = committed!(world, tx => {
        world.members.reject(&mut tx, letter.token(), &Actor::Bearer, Some("no time")).await?
    });
    ensure!(declined.status == Status::Rejected, "the answer says {}", declined.status);
    let ended = declined.ended.as_ref().map(|ended| (ended.by.clone(), ended.reason.as_deref()));
    ensure!(ended == Some((Actor::Bearer, Some("no time"))), "by whom and why: {ended:?}");
    same(&world.get(id).await?, &declined)?;
    world.happened(id, &[(1, "created"), (2, "rejected")]).await
}

async fn declining_again_gets_the_same_answer(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let first = committed!(world, tx => {
        world.members.reject(&mut tx, letter.token(), &Actor::Bearer, Some("no time")).await?
    });
    world.clock.advance(TimeDelta::days(30));
    same(&world.reject(letter.token(), &Actor::Bearer).await?, &first)?;
    world.happened(id, &[(1, "created"), (2, "rejected")]).await
}

async fn a_declined_invitation_is_closed_to_everybody(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let token = letter.token();
    world.reject(token, &Actor::Bearer).await?;
    let answers: [(&str, Answer); 5] = committed!(world, tx => [
        ("reject by somebody else", world.members.reject(&mut tx, token, &Actor::new(9), None).await.map(drop)),
        ("accept", world.members.accept(&mut tx, token, &ada()).await.map(drop)),
        ("accept_by_id", world.members.accept_by_id(&mut tx, id, &ada()).await.map(drop)),
        ("preview", world.members.preview(&mut tx, token).await.map(drop)),
        ("mark_viewed", world.members.mark_viewed(&mut tx, token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::Rejected, "{call} after it was declined");
    }
    Ok(())
}

async fn a_first_look_is_recorded_once_per_letter_and_is_no_change(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().earlier_links(EarlierLinks::Keep));
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let mut looks = Vec::new();
    for _ in 0..2 {
        looks.push(committed!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await?));
    }
    let viewed = world.get(id).await?;
    ensure!(viewed.revision == 1, "a look made the revision {}", viewed.revision);
    ensure!(viewed.viewed_at.is_some_and(|at| at == viewed.created_at), "it was viewed at {:?}", viewed.viewed_at);
    world.resend_and_mail(id).await?;
    let again = world.get(id).await?.viewed_at;
    ensure!(again.is_none(), "a letter just sent was viewed at {again:?}");
    looks.push(committed!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await?));
    ensure!(
        looks == [true, false, true],
        "of one look, another, and one after a resend, these were the first: {looks:?}"
    );
    world.happened(id, &[(1, "created"), (1, "viewed"), (2, "resent"), (2, "viewed")]).await
}

// They hear how it ended, not only that it did.
async fn the_holder_of_a_genuine_link_hears_how_it_ended(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for status in TERMINAL {
        let (_, token) = world.standing(status).await?;
        let mut conn = db.connect().await?;
        let answer = world.members.preview(&mut conn, &token).await;
        let told = match &answer {
            Err(Error::Expired { .. }) => Some(Status::Expired),
            Err(Error::AlreadyAccepted) => Some(Status::Accepted),
            Err(Error::Rejected) => Some(Status::Rejected),
            Err(Error::Cancelled) => Some(Status::Cancelled),
            Ok(_) | Err(_) => None,
        };
        ensure!(told == Some(status), "of an invitation that is {status} its holder hears {answer:?}");
    }
    Ok(())
}

// The host refuses after `accept`, for instance because the inviter has lost the right to invite.
async fn when_the_host_rolls_back_the_invitation_is_open_and_the_link_works(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    undone!(world, tx => done(world.members.accept(&mut tx, letter.token(), &ada()).await?)?);
    same(&world.get(id).await?, &before)?;
    world.happened(id, &[(1, "created")]).await?;
    done(world.accept(letter.token(), ada()).await?).map(drop)
}

/// Fails unless this token opens nothing there.
async fn opens_nothing<K: Kind>(world: &World, members: &Invitations<Shared, K>, token: &Token) -> Verdict {
    let answers: [(&str, Answer); 4] = committed!(world, tx => [
        ("preview", members.preview(&mut tx, token).await.map(drop)),
        ("accept", members.accept(&mut tx, token, &ada()).await.map(drop)),
        ("reject", members.reject(&mut tx, token, &Actor::Bearer, None).await.map(drop)),
        ("mark_viewed", members.mark_viewed(&mut tx, token).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::NotFound, "{call} by a token that is none here");
    }
    Ok(())
}

// A token or id of one flow must not work in another: CVE-2022-23555.
async fn a_token_of_another_kind_is_unknown(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (_, letter) = world.invite_and_mail("ada@example.com").await?;
    opens_nothing(&world, &world.providers(), letter.token()).await
}

// An id is no token either, and a guess is not answered differently.
async fn a_token_that_nobody_stored_is_unknown(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    opens_nothing(&world, &world.members, &unknown_token()?).await?;
    world.happened(id, &[(1, "created")]).await
}
