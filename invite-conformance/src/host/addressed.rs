//! The invited side without a link: by id, for a verified person.

use chrono::TimeDelta;
use invite_core::{Acceptor, Actor, Claimant, Error, NewInvitation, Policy, Status};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{TERMINAL, done, done_before, listed, same},
        world::{Answer, Provider, World, ada, committed, new, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    a_verified_person_finds_open_invitations_in_every_scope_newest_first:
        "`addressed_to` has no scope in the WHERE, and is by `created_at`, then id, both descending.",
    each_of_a_person_s_addresses_is_looked_for:
        "`addressed_to` compares the canonical address with every one of the eight places.",
    what_has_ended_or_is_past_its_time_is_not_found:
        "`addressed_to` shows rows that are open and whose `expires_at` is after `now`.",
    an_invitation_whose_mail_failed_is_found:
        "`addressed_to` shows `delivery_failed` rows: they are open.",
    neither_another_person_s_nor_another_kind_s_invitation_is_found:
        "`addressed_to` has the kind and the addresses in the WHERE, compared byte by byte.",
    a_hundred_are_found_at_most_the_newest:
        "`addressed_to` returns no more than `limit` rows.",
    a_verified_person_accepts_by_id:
        "`Target::Id` without a scope changes the row of that id, in whatever scope, and proves no address.",
    accepting_by_id_again_gets_the_same_answer:
        "`apply` answers `None` on a row that has ended; the row then says by whom.",
    a_verified_person_declines_by_id_and_again:
        "`Target::Id` without a scope changes the row of that id, in whatever scope.",
    an_id_opens_nothing_for_another_person:
        "`RecipientGuard::verified` is in the WHERE for `Target::Id` too, whatever the policy says of links.",
    an_address_nobody_verified_opens_nothing_by_id_and_is_told_so:
        "`RecipientGuard::verified` is in the WHERE for `Target::Id` too.",
    whoever_answered_hears_it_again_with_another_address:
        "`find` by id gives the row, whoever it is addressed to; core decides what is told.",
    by_id_a_verified_person_hears_how_it_ended:
        "`find` with `Key::Id` and no scope gives the row in every state.",
];

async fn a_verified_person_finds_open_invitations_in_every_scope_newest_first(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = world.invite("ada@example.com").await?;
    world.clock.advance(TimeDelta::seconds(1));
    let second = world.invite_to("8", "ADA@example.com").await?;
    let mut conn = db.connect().await?;
    let found = world.members.addressed_to(&mut conn, &ada()).await?;
    listed(&found, &[second.id, first.id], "the invitations to Ada")?;
    for (found, wanted) in found.iter().zip([&second, &first]) {
        same(found, wanted)?;
    }
    Ok(())
}

async fn each_of_a_person_s_addresses_is_looked_for(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let mut wanted = Vec::new();
    let mut person = Claimant::new(2);
    for n in 0..8 {
        let email = format!("ada{n}@example.com");
        wanted.insert(0, world.invite(&email).await?.id);
        world.clock.advance(TimeDelta::seconds(1));
        person = person.verified(&email);
    }
    let mut conn = db.connect().await?;
    listed(&world.members.addressed_to(&mut conn, &person).await?, &wanted, "one to each of eight addresses")
}

async fn what_has_ended_or_is_past_its_time_is_not_found(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for status in TERMINAL {
        world.standing(status).await?;
        let person = Claimant::new(2).verified(&format!("{status}@example.com"));
        let mut conn = db.connect().await?;
        listed(&world.members.addressed_to(&mut conn, &person).await?, &[], &format!("what is {status}"))?;
    }
    let unswept = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
    let mut conn = db.connect().await?;
    listed(&world.members.addressed_to(&mut conn, &ada()).await?, &[unswept], "a microsecond before its end")?;
    world.clock.advance(TimeDelta::microseconds(1));
    listed(&world.members.addressed_to(&mut conn, &ada()).await?, &[], "at its end, though nobody swept")
}

async fn an_invitation_whose_mail_failed_is_found(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (failed, _) = world.standing(Status::DeliveryFailed).await?;
    let person = Claimant::new(2).verified("delivery_failed@example.com");
    let mut conn = db.connect().await?;
    listed(&world.members.addressed_to(&mut conn, &person).await?, &[failed], "one whose mail failed")
}

async fn neither_another_person_s_nor_another_kind_s_invitation_is_found(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for other in ["eve@example.com", "ada@example.org", "xada@example.com", "ada+1@example.com"] {
        world.invite(other).await?;
    }
    committed!(world, tx => {
        let provider = NewInvitation::new("ada@example.com", Provider {});
        world.providers().scope(7).create(&mut tx, &world.admin, provider).await?;
    });
    let mut conn = db.connect().await?;
    listed(&world.members.addressed_to(&mut conn, &ada()).await?, &[], "the members' invitations to Ada")
}

async fn a_hundred_are_found_at_most_the_newest(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let mut newest = committed!(world, tx => {
        let mut ids = Vec::new();
        for scope in 0..101 {
            ids.push(world.members.scope(scope).create(&mut tx, &world.admin, new("ada@example.com")).await?.id);
            world.clock.advance(TimeDelta::seconds(1));
        }
        ids
    });
    newest.reverse();
    newest.truncate(100);
    let mut conn = db.connect().await?;
    listed(&world.members.addressed_to(&mut conn, &ada()).await?, &newest, "a hundred and one invitations")
}

async fn a_verified_person_accepts_by_id(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let accepted = committed!(world, tx => done(world.members.accept_by_id(&mut tx, id, &ada()).await?)?);
    ensure!(!accepted.address_proved, "without any token the address was said to be proved by one");
    same(&world.get(id).await?, &accepted.invitation)?;
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}

async fn accepting_by_id_again_gets_the_same_answer(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let first = committed!(world, tx => done(world.members.accept_by_id(&mut tx, id, &ada()).await?)?);
    world.clock.advance(TimeDelta::days(30));
    let again = committed!(world, tx => done_before(world.members.accept_by_id(&mut tx, id, &ada()).await?)?);
    same(&again.invitation, &first.invitation)?;
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}

async fn a_verified_person_declines_by_id_and_again(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let first = committed!(world, tx => world.members.reject_by_id(&mut tx, id, &ada(), Some("no time")).await?);
    let reason = first.ended.as_ref().and_then(|ended| ended.reason.as_deref());
    ensure!(reason == Some("no time"), "the reason is {reason:?}");
    let again = committed!(world, tx => world.members.reject_by_id(&mut tx, id, &ada(), None).await?);
    same(&again, &first)?;
    same(&world.get(id).await?, &first)?;
    world.happened(id, &[(1, "created"), (2, "rejected")]).await
}

// Not even where the policy lets everybody accept who holds the link: an id is no link.
async fn an_id_opens_nothing_for_another_person(db: Db) -> Verdict {
    for acceptor in [Acceptor::Recipient, Acceptor::SameDomain, Acceptor::Bearer] {
        let world = World::new(&db, Policy::default().acceptor(acceptor));
        let id = world.invite("ada@example.com").await?.id;
        let eve = Claimant::new(3).verified("eve@example.com");
        let answers: [(&str, Answer); 2] = committed!(world, tx => [
            ("accept_by_id", world.members.accept_by_id(&mut tx, id, &eve).await.map(drop)),
            ("reject_by_id", world.members.reject_by_id(&mut tx, id, &eve, None).await.map(drop)),
        ]);
        for (call, answer) in answers {
            refused!(answer, Error::NotFound, "{call} by somebody else where {acceptor:?} may use a link");
        }
        world.happened(id, &[(1, "created")]).await?;
        world.cancel(id).await?;
    }
    Ok(())
}

async fn an_address_nobody_verified_opens_nothing_by_id_and_is_told_so(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    for claimant in [
        || Claimant::new(2).unverified("ada@example.com"),
        || Claimant::new(2).proved_by_link("ada@example.com"),
        || Claimant::new(2).verified("eve@example.com").unverified("ada@example.com"),
    ] {
        let answers: [(&str, Answer); 2] = committed!(world, tx => [
            ("accept_by_id", world.members.accept_by_id(&mut tx, id, &claimant()).await.map(drop)),
            ("reject_by_id", world.members.reject_by_id(&mut tx, id, &claimant(), None).await.map(drop)),
        ]);
        for (call, answer) in answers {
            refused!(answer, Error::EmailNotVerified, "{call} with an address that nobody verified");
        }
    }
    world.happened(id, &[(1, "created")]).await
}

// A person is known by the id that the host gave, not by the address.
async fn whoever_answered_hears_it_again_with_another_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    committed!(world, tx => done(world.members.accept_by_id(&mut tx, id, &ada()).await?)?);
    let renamed = Claimant::new(2).verified("lovelace@example.com");
    committed!(world, tx => done_before(world.members.accept_by_id(&mut tx, id, &renamed).await?)?);
    undone!(world, tx => {
        let stranger = Claimant::new(3).verified("lovelace@example.com");
        refused!(world.members.accept_by_id(&mut tx, id, &stranger).await, Error::NotFound, "accepting as a stranger");
    });
    Ok(())
}

async fn by_id_a_verified_person_hears_how_it_ended(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for status in TERMINAL {
        let (id, _) = world.standing(status).await?;
        // Somebody else who reads the same mailbox.
        let person = Claimant::new(9).verified(&format!("{status}@example.com"));
        let answers: [(&str, Answer); 2] = undone!(world, tx => [
            ("accept_by_id", world.members.accept_by_id(&mut tx, id, &person).await.map(drop)),
            ("reject_by_id", world.members.reject_by_id(&mut tx, id, &person, None).await.map(drop)),
        ]);
        for (call, answer) in answers {
            match status {
                Status::Expired => refused!(answer, Error::Expired { .. }, "{call} of what is {status}"),
                Status::Accepted => refused!(answer, Error::AlreadyAccepted, "{call} of what is {status}"),
                Status::Rejected => refused!(answer, Error::Rejected, "{call} of what is {status}"),
                Status::Cancelled => refused!(answer, Error::Cancelled, "{call} of what is {status}"),
                Status::Pending | Status::DeliveryFailed => {}
            }
        }
    }
    // Not so one whom it does not concern.
    let (id, _) = world.standing(Status::Cancelled).await?;
    undone!(world, tx => {
        let stranger = Claimant::new(9).verified("eve@example.com");
        refused!(world.members.accept_by_id(&mut tx, id, &stranger).await, Error::NotFound, "accepting as a stranger");
        let nobody = Actor::new(9);
        refused!(world.members.scope(8).cancel(&mut tx, &nobody, id, None).await, Error::NotFound, "in another scope");
    });
    Ok(())
}
