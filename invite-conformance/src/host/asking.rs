//! What is looked at before anything is written: the transaction, the input, the authority, scope and kind.

use invite_core::{Actor, Amendment, Error, InvitationQuery, Policy, testing};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{same, unknown_id},
        world::{Answer, World, ada, committed, new},
    },
};

pub(super) const CASES: &[Case] = cases![
    writing_outside_a_transaction_is_refused_and_writes_nothing:
        "`in_transaction` answers `false` on a connection on which the driver knows of no transaction.",
    reading_needs_no_transaction:
        "`find`, `list`, `addressed_to` and `history` work on a connection outside any transaction.",
    what_the_authority_refuses_writes_and_mails_nothing:
        "`lock_for_write` writes nothing: a refused call leaves the rows, the events and the queue as they were.",
    a_refusal_repeated_stays_one:
        "Nothing of a refused call is kept: the hundredth is refused as the first.",
    an_id_of_another_scope_is_not_found_whatever_one_does_with_it:
        "The scope of `Target::Id` and `Key::Id`, and that given to `history`, is in the WHERE, compared byte by byte.",
    an_id_of_another_kind_is_not_found_whatever_one_does_with_it:
        "The kind of a guard and of `Key::Id`, and that given to `history`, is in the WHERE.",
    an_id_that_nobody_has_is_not_found:
        "No row is `None`, and `history` is empty; neither is an error.",
    a_list_shows_its_own_scope_and_kind_only:
        "`list` has kind and scope in the WHERE.",
];

async fn writing_outside_a_transaction_is_refused_and_writes_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let (members, admin, token) = (&world.members, &world.admin, letter.token());
    let scoped = members.scope(7);
    world.asked.take();
    let mut conn = db.connect().await?;
    let conn = &mut conn;
    let answers: [(&str, Answer); 12] = [
        ("create", scoped.create(conn, admin, new("grace@example.com")).await.map(drop)),
        ("create_with_link", scoped.create_with_link(conn, admin, new("grace@example.com")).await.map(drop)),
        ("new_link", scoped.new_link(conn, admin, id).await.map(drop)),
        ("resend", scoped.resend(conn, admin, id).await.map(drop)),
        ("amend", scoped.amend(conn, admin, id, &Amendment::new().message("x")).await.map(drop)),
        ("cancel", scoped.cancel(conn, admin, id, None).await.map(drop)),
        ("accept", members.accept(conn, token, &ada()).await.map(drop)),
        ("reject", members.reject(conn, token, &Actor::Bearer, None).await.map(drop)),
        ("mark_viewed", members.mark_viewed(conn, token).await.map(drop)),
        ("accept_by_id", members.accept_by_id(conn, id, &ada()).await.map(drop)),
        ("reject_by_id", members.reject_by_id(conn, id, &ada(), None).await.map(drop)),
        ("deliver", testing::deliver(members, conn, id).await.map(drop)),
    ];
    for (call, answer) in answers {
        refused!(answer, Error::NotInTransaction, "{call} outside a transaction");
    }
    let asked = world.asked.take();
    ensure!(asked.is_empty(), "the authority was asked about {asked:?}, though nothing could be written");
    world.happened(id, &[(1, "created")]).await
}

async fn reading_needs_no_transaction(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let scoped = world.members.scope(7);
    let mut conn = db.connect().await?;
    scoped.get(&mut conn, &world.admin, id).await?;
    world.members.preview(&mut conn, letter.token()).await?;
    let seen = [
        ("list", scoped.list(&mut conn, &world.admin, &InvitationQuery::new()).await?.items.len()),
        ("addressed_to", world.members.addressed_to(&mut conn, &ada(), None).await?.items.len()),
        ("history", scoped.history(&mut conn, &world.admin, id).await?.len()),
    ];
    for (call, rows) in seen {
        ensure!(rows == 1, "{call} outside a transaction shows {rows} rows, not 1");
    }
    Ok(())
}

async fn what_the_authority_refuses_writes_and_mails_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    let (scoped, admin) = (world.members.scope(7), &world.admin);
    let amendment = Amendment::new().message("x");
    world.asked.take();
    world.asked.refuse(Some("not_owner"));
    let answers: [(&str, Answer); 9] = committed!(world, tx => [
        ("get", scoped.get(&mut tx, admin, id).await.map(drop)),
        ("list", scoped.list(&mut tx, admin, &InvitationQuery::new()).await.map(drop)),
        ("history", scoped.history(&mut tx, admin, id).await.map(drop)),
        ("create", scoped.create(&mut tx, admin, new("x@example.com")).await.map(drop)),
        ("create_with_link", scoped.create_with_link(&mut tx, admin, new("y@example.com")).await.map(drop)),
        ("new_link", scoped.new_link(&mut tx, admin, id).await.map(drop)),
        ("resend", scoped.resend(&mut tx, admin, id).await.map(drop)),
        ("amend", scoped.amend(&mut tx, admin, id, &amendment).await.map(drop)),
        ("cancel", scoped.cancel(&mut tx, admin, id, None).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::NotPermitted(why) if why == "not_owner", "{call} when the authority says no");
    }
    let asked = world.asked.take().len();
    ensure!(asked == 9, "nine calls asked it {asked} times");

    world.asked.refuse(None);
    same(&world.get(id).await?, &before)?;
    let mut conn = db.connect().await?;
    let rows = scoped.list(&mut conn, admin, &InvitationQuery::new()).await?.items.len();
    ensure!(rows == 1, "there are {rows} invitations, not 1");
    world.happened(id, &[(1, "created")]).await?;
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent");
    Ok(())
}

// CVE-2025-64421: refused on the first click, done on the second.
async fn a_refusal_repeated_stays_one(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.asked.refuse(Some("not_owner"));
    for attempt in 1..=100 {
        committed!(world, tx => {
            let answer = world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await;
            refused!(answer, Error::NotPermitted(_), "attempt {attempt}");
        });
    }
    world.asked.refuse(None);
    let mut conn = db.connect().await?;
    let rows = world.members.scope(7).list(&mut conn, &world.admin, &InvitationQuery::new()).await?.items.len();
    ensure!(rows == 0, "{rows} invitations were made");
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent");
    Ok(())
}

// An administrator of one organization must not cancel or resend what belongs to another.
async fn an_id_of_another_scope_is_not_found_whatever_one_does_with_it(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let admin = &world.admin;
    let before = world.invite_to("org:k", "ada@example.com").await?;
    let id = before.id;
    for scope in ["org:K", "org:\u{212A}", "org:k ", "org:", "org:k7", "8"] {
        let other = world.members.scope(scope);
        let answers: [(&str, Answer); 6] = committed!(world, tx => [
            ("get", other.get(&mut tx, admin, id).await.map(drop)),
            ("history", other.history(&mut tx, admin, id).await.map(drop)),
            ("new_link", other.new_link(&mut tx, admin, id).await.map(drop)),
            ("resend", other.resend(&mut tx, admin, id).await.map(drop)),
            ("amend", other.amend(&mut tx, admin, id, &Amendment::new().message("x")).await.map(drop)),
            ("cancel", other.cancel(&mut tx, admin, id, None).await.map(drop)),
        ]);
        for (call, answer) in answers {
            refused!(answer, Error::NotFound, "{call} in scope {scope:?} with an id of scope \"org:k\"");
        }
    }
    let mut conn = db.connect().await?;
    same(&world.members.scope("org:k").get(&mut conn, admin, id).await?, &before)?;
    let events = world.members.scope("org:k").history(&mut conn, admin, id).await?.len();
    ensure!(events == 1, "{events} events were written, not 1");
    drop(conn);
    let letters = world.mailed().await?.len();
    ensure!(letters == 1, "{letters} letters were sent, not 1");
    Ok(())
}

// A token or id of one flow must not work in another: CVE-2022-23555.
async fn an_id_of_another_kind_is_not_found_whatever_one_does_with_it(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    let before = world.get(id).await?;
    let providers = world.providers();
    let (other, admin) = (providers.scope(7), &world.admin);
    let answers: [(&str, Answer); 9] = committed!(world, tx => [
        ("get", other.get(&mut tx, admin, id).await.map(drop)),
        ("history", other.history(&mut tx, admin, id).await.map(drop)),
        ("new_link", other.new_link(&mut tx, admin, id).await.map(drop)),
        ("resend", other.resend(&mut tx, admin, id).await.map(drop)),
        ("amend", other.amend(&mut tx, admin, id, &Amendment::new().message("x")).await.map(drop)),
        ("cancel", other.cancel(&mut tx, admin, id, None).await.map(drop)),
        ("accept_by_id", providers.accept_by_id(&mut tx, id, &ada()).await.map(drop)),
        ("reject_by_id", providers.reject_by_id(&mut tx, id, &ada(), None).await.map(drop)),
        ("deliver", testing::deliver(&providers, &mut tx, id).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::NotFound, "{call} for a provider with a member's id");
    }
    same(&world.get(id).await?, &before)?;
    world.happened(id, &[(1, "created")]).await
}

async fn an_id_that_nobody_has_is_not_found(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    let (scoped, admin, id) = (world.members.scope(7), &world.admin, unknown_id());
    let answers: [(&str, Answer); 8] = committed!(world, tx => [
        ("get", scoped.get(&mut tx, admin, id).await.map(drop)),
        ("history", scoped.history(&mut tx, admin, id).await.map(drop)),
        ("new_link", scoped.new_link(&mut tx, admin, id).await.map(drop)),
        ("resend", scoped.resend(&mut tx, admin, id).await.map(drop)),
        ("amend", scoped.amend(&mut tx, admin, id, &Amendment::new().message("x")).await.map(drop)),
        ("cancel", scoped.cancel(&mut tx, admin, id, Some("y")).await.map(drop)),
        ("accept_by_id", world.members.accept_by_id(&mut tx, id, &ada()).await.map(drop)),
        ("reject_by_id", world.members.reject_by_id(&mut tx, id, &ada(), None).await.map(drop)),
    ]);
    for (call, answer) in answers {
        refused!(answer, Error::NotFound, "{call} with an id that nobody has");
    }
    Ok(())
}

async fn a_list_shows_its_own_scope_and_kind_only(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    let mut conn = db.connect().await?;
    let providers = world.providers();
    let seen = [
        (
            "scope \"70\"",
            world.members.scope("70").list(&mut conn, &world.admin, &InvitationQuery::new()).await?.items.len(),
        ),
        (
            "scope \"7 \"",
            world.members.scope("7 ").list(&mut conn, &world.admin, &InvitationQuery::new()).await?.items.len(),
        ),
        ("another kind", providers.scope(7).list(&mut conn, &world.admin, &InvitationQuery::new()).await?.items.len()),
    ];
    for (place, rows) in seen {
        ensure!(rows == 0, "a list of {place} shows {rows} of scope \"7\"");
    }
    Ok(())
}
