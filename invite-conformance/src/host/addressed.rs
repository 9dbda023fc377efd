//! The invited side without a link: by id, for a verified person.

use chrono::TimeDelta;
use invite_core::{
    Acceptor, Actor, Claimant, Cursor, Error, Field, InvitationId, InvitationQuery, NewInvitation, Policy, Received,
    Status,
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{TERMINAL, done, done_before, same},
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
    a_page_has_a_hundred_and_nobody_s_many_hide_another_s:
        "`addressed_to` gives the newest few of each inviter first, and no more than `limit` rows.",
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

/// Fails unless exactly these wait for the person, in this order.
async fn waits_for(world: &World, person: &Claimant, wanted: &[InvitationId], what: &str) -> Verdict {
    let page = world.members.addressed_to(&mut world.db.connect().await?, person, None).await?;
    let seen: Vec<_> = page.items.iter().map(Received::id).collect();
    ensure!(seen == wanted && page.next.is_none(), "{what}: {seen:?}, should be {wanted:?}");
    Ok(())
}

async fn a_verified_person_finds_open_invitations_in_every_scope_newest_first(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = world.invite("ada@example.com").await?;
    world.clock.advance(TimeDelta::seconds(1));
    let second = world.invite_to("8", "ADA@example.com").await?;
    waits_for(&world, &ada(), &[second.id, first.id], "the invitations to Ada").await?;
    let found = world.members.addressed_to(&mut db.connect().await?, &ada(), None).await?.items;
    for (found, wanted) in found.iter().zip([&second, &first]) {
        let seen = (found.scope(), found.recipient(), found.inviter(), found.payload()?, found.message());
        let whole = (&wanted.scope, &wanted.recipient, &wanted.inviter, wanted.payload()?, wanted.message.as_deref());
        ensure!(seen == whole, "{} is seen by Ada as another than by the inviter", wanted.id);
        let seen = (found.created_at(), found.expires_at(), found.display());
        ensure!(seen == (wanted.created_at, wanted.expires_at, &wanted.display), "{} has other times", wanted.id);
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
    waits_for(&world, &person, &wanted, "one to each of eight addresses").await
}

async fn what_has_ended_or_is_past_its_time_is_not_found(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for status in TERMINAL {
        world.standing(status).await?;
        let person = Claimant::new(2).verified(&format!("{status}@example.com"));
        waits_for(&world, &person, &[], &format!("what is {status}")).await?;
    }
    let unswept = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
    waits_for(&world, &ada(), &[unswept], "a microsecond before its end").await?;
    world.clock.advance(TimeDelta::microseconds(1));
    waits_for(&world, &ada(), &[], "at its end, though nobody swept").await
}

async fn an_invitation_whose_mail_failed_is_found(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (failed, _) = world.standing(Status::DeliveryFailed).await?;
    let person = Claimant::new(2).verified("delivery_failed@example.com");
    waits_for(&world, &person, &[failed], "one whose mail failed").await
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
    waits_for(&world, &ada(), &[], "the members' invitations to Ada").await
}

async fn a_page_has_a_hundred_and_nobody_s_many_hide_another_s(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let genuine = world.invite("ada@example.com").await?.id;
    let mut junk = committed!(world, tx => {
        let mut ids = Vec::new();
        for scope in 0..103 {
            world.clock.advance(TimeDelta::seconds(1));
            let mallory = Actor::new(666);
            let scoped = world.members.scope(format!("junk:{scope}"));
            ids.push(scoped.create(&mut tx, &mallory, new("ada@example.com")).await?.id);
        }
        ids
    });
    junk.reverse();
    let wanted: Vec<_> = junk[..3].iter().chain([&genuine]).chain(&junk[3..]).copied().collect();
    let mut conn = db.connect().await?;
    let first = world.members.addressed_to(&mut conn, &ada(), None).await?;
    let mut seen: Vec<_> = first.items.iter().map(Received::id).collect();
    ensure!(seen.len() == 100 && seen[3] == genuine, "the first page has {} and {seen:?}", seen.len());
    let cursor: Cursor =
        first.next.ok_or(Stop::Failed("a page of a hundred and four is the last".into()))?.to_string().parse()?;
    let second = world.members.addressed_to(&mut conn, &ada(), Some(cursor)).await?;
    seen.extend(second.items.iter().map(Received::id));
    ensure!(seen == wanted, "two pages have {seen:?}, should be {wanted:?}");
    ensure!(second.next.is_none(), "the last page is said to be none");
    // A cursor of a list is not one of these, nor the other way round.
    let list = InvitationQuery::new().limit(1);
    let page = world.members.scope("junk:1").list(&mut conn, &world.admin, &list.clone().after(cursor)).await;
    refused!(page, Error::Invalid { field: Field::Cursor, .. }, "a list that goes on after a person's page");
    Ok(())
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
