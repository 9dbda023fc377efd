//! The inviting side: create, and what stands in its way.

use chrono::TimeDelta;
use invite_core::{
    Actor, DeliveryState, Error, InvitationId, InvitationQuery, Linked, NewInvitation, Policy, Status, Uniqueness,
};
use serde_json::json;

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{TERMINAL, same},
        world::{Provider, World, committed, new, refused_mail, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    what_is_created_is_read_back_to_the_letter:
        "`insert` stores every field of the record and `find` gives each back: any Unicode, JSON of every type, \
         line ends and tabs, the language, the inviter.",
    what_is_left_out_is_read_back_as_left_out:
        "An optional column that was given nothing is NULL and read back as `None`, never as an empty text or a zero.",
    a_new_invitation_is_pending_queued_and_lives_as_long_as_the_policy_says:
        "Status, delivery state and the two times are stored as core gives them; no column has a default of its own.",
    a_second_open_invitation_for_an_address_is_refused_with_the_first_one_s_id:
        "`insert` answers `false` when its open key is taken, and `Key::Open` finds who holds it.",
    another_scope_may_invite_the_same_address:
        "The unique index is on the open key alone; core put the scope into it.",
    another_kind_may_invite_the_same_address:
        "The unique index is on the open key alone; core put the kind into it.",
    a_tag_makes_another_address:
        "Open keys and canonical addresses are compared byte by byte.",
    an_address_is_free_again_once_its_invitation_has_ended:
        "`Change::End` makes the open key null, whatever ended the invitation.",
    an_invitation_whose_mail_failed_still_holds_its_address:
        "`Change::FailDelivery` leaves the open key: a failed delivery can still be accepted.",
    one_address_over_all_scopes_where_the_policy_says_so:
        "`insert` answers `false` when its open key is taken, also by an invitation of another scope.",
    an_address_is_invited_twice_where_the_policy_sets_no_limit:
        "An open key of `None` is stored as null, and nulls never collide.",
    an_expired_but_unswept_invitation_never_blocks_its_address:
        "`Key::Open` finds the expired row too, and `TimeGuard::Due` lets exactly that row be expired: a null open key \
         from then on.",
    making_way_expires_only_the_one_in_the_way:
        "A guard by id changes the row of that id and no other.",
    a_creation_that_is_rolled_back_leaves_nothing:
        "Row, event, letter and token are written on the caller's connection, and the store never commits on it.",
    a_transaction_reads_what_it_wrote:
        "Every read is made on the caller's connection, never on one of the store's own.",
];

async fn what_is_created_is_read_back_to_the_letter(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let display =
        json!({ "organization": "Ünïcode & Söhne", "inviter": "Дарья", "n": [1, 2.5, null, true, { "": "" }] });
    let new = new("Ada@Example.com").display(&display).message("Line\r\nline\ttab").locale("pt-BR");
    let created = committed!(world, tx => world.members.scope("org:7").create(&mut tx, &Actor::System, new).await?);

    let mut conn = db.connect().await?;
    let read = world.members.scope("org:7").get(&mut conn, &world.admin, created.id).await?;
    same(&read, &created)?;
    ensure!(read.recipient.as_given() == "Ada@Example.com", "the address as given is {}", read.recipient.as_given());
    ensure!(read.display == display, "the host's words are {}", read.display);
    ensure!(read.message.as_deref() == Some("Line\nline\ttab"), "the message is {:?}", read.message);
    ensure!(read.locale.as_deref() == Some("pt-BR"), "the language is {:?}", read.locale);
    ensure!(read.inviter == Actor::System, "the inviter is {:?}", read.inviter);
    Ok(())
}

async fn what_is_left_out_is_read_back_as_left_out(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let created = world.invite("ada@example.com").await?;
    let read = world.get(created.id).await?;
    same(&read, &created)?;
    ensure!(read.message.is_none(), "no message was given, {:?} was read", read.message);
    ensure!(read.locale.is_none(), "no language was given, {:?} was read", read.locale);
    ensure!(read.display == json!({}), "no words were given for display, {} was read", read.display);
    ensure!(read.ended.is_none(), "it has not ended, but {:?} was read", read.ended);
    ensure!(
        (read.grace_until, read.resent_at, read.viewed_at) == (None, None, None),
        "grace, resend and view should be none and are {:?}, {:?}, {:?}",
        read.grace_until,
        read.resent_at,
        read.viewed_at
    );
    ensure!(read.delivery.last_error.is_none(), "nothing was mailed yet, but failed as {:?}", read.delivery.last_error);
    Ok(())
}

async fn a_new_invitation_is_pending_queued_and_lives_as_long_as_the_policy_says(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().lifetime(TimeDelta::hours(36)));
    let id = world.invite("ada@example.com").await?.id;
    let read = world.get(id).await?;
    ensure!(read.status == Status::Pending, "it is {}", read.status);
    ensure!(read.delivery.state == DeliveryState::Queued, "its letter is {}", read.delivery.state.as_str());
    ensure!(read.delivery.attempts == 0, "its letter was tried {} times", read.delivery.attempts);
    let life = read.expires_at - read.created_at;
    ensure!(life == TimeDelta::hours(36), "36 hours of life became {life}");
    world.happened(id, &[(1, "created")]).await
}

// Two open invitations of one person may grant different roles.
async fn a_second_open_invitation_for_an_address_is_refused_with_the_first_one_s_id(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = world.invite("ada@example.com").await?.id;
    for again in ["ada@example.com", "ADA@EXAMPLE.COM"] {
        undone!(world, tx => {
            let answer = world.members.scope(7).create(&mut tx, &world.admin, new(again)).await;
            refused!(answer, Error::AlreadyPending(id) if id == first, "inviting {again} a second time");
        });
    }
    let letters = world.mailed().await?.len();
    ensure!(letters == 1, "one letter was due, {letters} were sent");
    Ok(())
}

async fn another_scope_may_invite_the_same_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = world.invite("ada@example.com").await?.id;
    let second = world.invite_to("8", "ada@example.com").await?.id;
    ensure!(first != second, "two invitations have one id");
    Ok(())
}

async fn another_kind_may_invite_the_same_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    committed!(world, tx => {
        let provider = NewInvitation::new("ada@example.com", Provider {});
        world.providers().scope(7).create(&mut tx, &world.admin, provider).await?;
    });
    Ok(())
}

async fn a_tag_makes_another_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    for address in ["ada@example.com", "ada+1@example.com", "a.da@example.com", "a_da@example.com"] {
        world.invite(address).await?;
    }
    Ok(())
}

async fn an_address_is_free_again_once_its_invitation_has_ended(db: Db) -> Verdict {
    for status in TERMINAL {
        let world = World::new(&db, Policy::default());
        let (ended, _) = world.standing(status).await?;
        let email = format!("{status}@example.com");
        let next = undone!(world, tx => world.members.scope(7).create(&mut tx, &world.admin, new(&email)).await);
        match next {
            Ok(next) => ensure!(next.id != ended, "the invitation that is {status} came back"),
            Err(error) => ensure!(false, "after one that is {status} the next was refused: {error:?}"),
        }
    }
    Ok(())
}

async fn an_invitation_whose_mail_failed_still_holds_its_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.mailer.answer(refused_mail(true));
    let (failed, _) = world.invite_and_mail("ada@example.com").await?;
    undone!(world, tx => {
        let answer = world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await;
        refused!(answer, Error::AlreadyPending(id) if id == failed, "inviting again after a failed delivery");
    });
    Ok(())
}

async fn one_address_over_all_scopes_where_the_policy_says_so(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().uniqueness(Uniqueness::PerRecipient));
    let first = world.invite("ada@example.com").await?.id;
    undone!(world, tx => {
        let answer = world.members.scope(8).create(&mut tx, &world.admin, new("ada@example.com")).await;
        refused!(answer, Error::AlreadyPending(id) if id == first, "inviting to another scope");
    });
    Ok(())
}

async fn an_address_is_invited_twice_where_the_policy_sets_no_limit(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().uniqueness(Uniqueness::None));
    let first = world.invite("ada@example.com").await?.id;
    let second = world.invite("ada@example.com").await?.id;
    ensure!(first != second, "two invitations have one id");
    Ok(())
}

// Expired invitations that block their address until somebody cleans up are a common complaint.
async fn an_expired_but_unswept_invitation_never_blocks_its_address(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
    undone!(world, tx => {
        let answer = world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await;
        refused!(answer, Error::AlreadyPending(id) if id == first, "inviting again just before the end");
    });
    world.clock.advance(TimeDelta::microseconds(1));
    let second = world.invite("ada@example.com").await?.id;
    world.happened(first, &[(1, "created"), (2, "expired")]).await?;
    let seen = world.get(second).await?.status;
    ensure!(seen == Status::Pending, "the new invitation is {seen}");
    Ok(())
}

async fn making_way_expires_only_the_one_in_the_way(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("ada@example.com").await?;
    let bystanders = [world.invite("grace@example.com").await?.id, world.invite_to("8", "ada@example.com").await?.id];
    world.clock.advance(TimeDelta::days(7));
    world.invite("ada@example.com").await?;
    world.happened(bystanders[0], &[(1, "created")]).await?;
    let mut conn = db.connect().await?;
    let events = world.members.scope(8).history(&mut conn, &world.admin, bystanders[1]).await?.len();
    ensure!(events == 1, "the invitation to another scope has {events} events");
    Ok(())
}

async fn a_creation_that_is_rolled_back_leaves_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let (id, token) = undone!(world, tx => {
        let id: InvitationId = scoped.create(&mut tx, &world.admin, new("ada@example.com")).await?.id;
        (id, scoped.create_with_link(&mut tx, &world.admin, new("grace@example.com")).await?.token)
    });
    let mut conn = db.connect().await?;
    refused!(scoped.get(&mut conn, &world.admin, id).await, Error::NotFound, "reading it after the rollback");
    refused!(scoped.history(&mut conn, &world.admin, id).await, Error::NotFound, "reading its history");
    refused!(world.members.preview(&mut conn, &token).await, Error::NotFound, "looking by a link made with it");
    let rows = scoped.list(&mut conn, &world.admin, &InvitationQuery::new()).await?.items.len();
    ensure!(rows == 0, "{rows} rows are still there");
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were sent for what was rolled back");
    world.invite("ada@example.com").await?;
    Ok(())
}

async fn a_transaction_reads_what_it_wrote(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    undone!(world, tx => {
        let Linked { invitation: created, token, .. } =
            scoped.create_with_link(&mut tx, &world.admin, new("ada@example.com")).await?;
        same(&scoped.get(&mut tx, &world.admin, created.id).await?, &created)?;
        let rows = scoped.list(&mut tx, &world.admin, &InvitationQuery::new()).await?.items.len();
        ensure!(rows == 1, "a list in the transaction that created one has {rows} rows");
        let events = scoped.history(&mut tx, &world.admin, created.id).await?.len();
        ensure!(events == 1, "a history in the transaction that created it has {events} events");
        world.members.preview(&mut tx, &token).await?;
        let cancelled = scoped.cancel(&mut tx, &world.admin, created.id, None).await?;
        same(&scoped.get(&mut tx, &world.admin, created.id).await?, &cancelled)?;
    });
    Ok(())
}
