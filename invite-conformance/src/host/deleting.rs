//! What has ended is deleted, as a host does it.

use chrono::TimeDelta;
use invite_core::{
    Action, Actor, Authority, Claimant, Denial, Error, InvitationQuery, Invitations, Kind, Policy, Scope, Selection,
    Status,
};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::world::{Membership, World, ada, committed, new},
};

pub(super) const CASES: &[Case] = cases![
    what_is_deleted_is_found_by_nothing:
        "`remove` deletes the row with its tokens and events, and its keys are free.",
    what_is_open_is_not_deleted:
        "The guard of `remove` is in the WHERE: a terminal status, or `expires_at <= now`.",
    an_id_of_another_scope_or_kind_is_not_deleted:
        "`remove` has kind and scope in the WHERE.",
    many_are_deleted_and_the_others_told_why_not:
        "`remove` of many deletes those that have ended; the others are explained.",
    nobody_deletes_without_the_right_to:
        "What the authority refuses is not deleted; one that was not written for it refuses.",
];

async fn what_is_deleted_is_found_by_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().notify_accepted(true));
    let scoped = world.members.scope(7);
    let asked = || new("ada@example.com").key("k").inviter_address("boss@example.com");
    let first = committed!(world, tx => scoped.create(&mut tx, &world.admin, asked()).await?);
    let letter = world.one_letter().await?;
    world.accept(letter.token(), ada()).await?;
    // The notice to the inviter is still queued.
    committed!(world, tx => scoped.delete(&mut tx, &world.admin, first.id).await?);
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters about what was deleted were mailed");
    let mut conn = db.connect().await?;
    let seen = scoped.get(&mut conn, &world.admin, first.id).await;
    refused!(seen, Error::NotFound, "what was deleted, by its id");
    let seen = world.members.preview(&mut conn, letter.token()).await;
    refused!(seen, Error::NotFound, "a link to what was deleted");
    drop(conn);
    committed!(world, tx => {
        let again = scoped.delete(&mut tx, &world.admin, first.id).await;
        refused!(again, Error::NotFound, "deleting again what was deleted");
        let accepted = world.members.accept(&mut tx, letter.token(), &ada()).await;
        refused!(accepted, Error::NotFound, "accepting what was deleted");
    });
    let second = committed!(world, tx => scoped.create(&mut tx, &world.admin, asked()).await?);
    ensure!(second.id != first.id && second.status == Status::Pending, "the key of what was deleted is remembered");
    world.happened(second.id, &[(1, "created")]).await
}

async fn what_is_open_is_not_deleted(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    committed!(world, tx => {
        let answer = scoped.delete(&mut tx, &world.admin, id).await;
        refused!(answer, Error::StillOpen, "deleting one that is open");
    });
    world.members.preview(&mut db.connect().await?, letter.token()).await?;
    world.happened(id, &[(1, "created")]).await?;
    let answer = scoped.delete(&mut db.connect().await?, &world.admin, id).await;
    refused!(answer, Error::NotInTransaction, "deleting outside a transaction");
    // Its time is over, and nobody has swept it.
    world.clock.advance(TimeDelta::days(8));
    committed!(world, tx => scoped.delete(&mut tx, &world.admin, id).await?);
    let seen = world.members.preview(&mut db.connect().await?, letter.token()).await;
    refused!(seen, Error::NotFound, "a link to what was deleted");
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters about what was deleted were mailed");
    Ok(())
}

async fn an_id_of_another_scope_or_kind_is_not_deleted(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    committed!(world, tx => {
        world.members.scope(7).cancel(&mut tx, &world.admin, id, None).await?;
        let elsewhere = world.members.scope(8).delete(&mut tx, &world.admin, id).await;
        refused!(elsewhere, Error::NotFound, "deleting what belongs to another scope");
        let otherwise = world.providers().scope(7).delete(&mut tx, &world.admin, id).await;
        refused!(otherwise, Error::NotFound, "deleting what is of another kind");
    });
    world.happened(id, &[(1, "created"), (2, "cancelled")]).await
}

async fn many_are_deleted_and_the_others_told_why_not(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(world.invite(&format!("person{n}@example.com")).await?.id);
    }
    let open = ids[1];
    committed!(world, tx => for id in [ids[0], ids[2], ids[3], ids[4]] {
        scoped.cancel(&mut tx, &world.admin, id, None).await?;
    });
    let elsewhere = committed!(world, tx => {
        world.members.scope(8).create(&mut tx, &world.admin, new("grace@example.com")).await?.id
    });
    let selection = Selection::Ids(vec![ids[0], open, ids[0], ids[2], elsewhere]);
    let done = committed!(world, tx => scoped.many().delete(&mut tx, &world.admin, &selection).await?);
    let answers: Vec<_> =
        (done.items.iter()).map(|(id, done)| (*id, done.as_ref().map_or_else(Error::code, |()| "done"))).collect();
    let wanted = [(ids[0], "done"), (open, "still_open"), (ids[2], "done"), (elsewhere, "not_found")];
    ensure!(answers == wanted, "the answers are {answers:?}");
    let query = InvitationQuery::new().status(Status::Cancelled);
    let matching = Selection::Matching(&query);
    let done = committed!(world, tx => scoped.many().delete(&mut tx, &world.admin, &matching).await?);
    ensure!(done.summary() == (2, 0), "of those that a list shows {:?} were deleted", done.summary());
    let left = scoped.list(&mut db.connect().await?, &world.admin, &InvitationQuery::new()).await?;
    let left: Vec<_> = left.items.iter().map(|invitation| invitation.id).collect();
    ensure!(left == [open], "left are {left:?}");
    Ok(())
}

/// Knows of nothing but actions, and allows all of them.
struct OfYesterday;

impl<C: Send, K: Kind> Authority<C, K> for OfYesterday {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, _: &Action<'_, K>) -> Result<(), Denial> {
        Ok(())
    }
}

async fn nobody_deletes_without_the_right_to(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), Claimant::new(2).verified("ada@example.com")).await?;
    let ids = Selection::Ids(vec![id]);
    world.asked.take();
    world.asked.refuse(Some("not_owner"));
    let scoped = world.members.scope(7);
    let yesterday: Invitations<_, Membership> =
        Invitations::new(world.store(), Policy::default(), OfYesterday).clock(world.clock.clone());
    let answers = committed!(world, tx => [
        ("not_owner", scoped.delete(&mut tx, &world.admin, id).await),
        ("not_owner", scoped.many().delete(&mut tx, &world.admin, &ids).await.map(drop)),
        ("may_not_delete", yesterday.scope(7).delete(&mut tx, &world.admin, id).await),
        ("may_not_delete", yesterday.scope(7).many().delete(&mut tx, &world.admin, &ids).await.map(drop)),
    ]);
    for (word, answer) in answers {
        refused!(answer, Error::NotPermitted(why) if why == word, "deleting without the right to");
    }
    let asked = world.asked.take();
    ensure!(asked == ["delete"; 2], "two calls asked it {asked:?}");
    world.asked.refuse(None);
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}
