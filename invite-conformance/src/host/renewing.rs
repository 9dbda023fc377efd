//! Who did not come the first time is invited once more.

use chrono::TimeDelta;
use invite_core::{Actor, Error, Policy, Status, Uniqueness};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::world::{World, ada, committed, new},
};

pub(super) const CASES: &[Case] = cases![
    what_is_renewed_asks_for_the_same_once_more:
        "`insert` keeps which invitation another one renews.",
    what_is_open_is_not_renewed:
        "`find` sees the latest of a row that may be renewed.",
    what_has_expired_unswept_is_renewed:
        "An expired invitation in the way of its own renewal is ended, with its event, before the other is stored.",
    who_has_an_open_invitation_gets_no_second_one_by_a_renewal:
        "`insert` answers `false` when its open key is taken.",
    nobody_renews_without_the_right_to:
        "What the authority refuses is not stored.",
];

async fn what_is_renewed_asks_for_the_same_once_more(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let asked = new("Ada@Example.com")
        .display(&"Analytical Engines")
        .message("Please do.")
        .locale("de")
        .inviter_address("boss@example.com")
        .import("list")
        .key("k");
    let old = committed!(world, tx => scoped.create(&mut tx, &world.admin, asked).await?);
    let letter = world.one_letter().await?;
    committed!(world, tx => scoped.cancel(&mut tx, &world.admin, old.id, Some("not yet")).await?);
    world.clock.advance(TimeDelta::days(30));
    let other = Actor::new("another");
    committed!(world, tx => scoped.renew(&mut tx, &other, old.id).await?);
    let mailed = world.one_letter().await?;
    let seen = world.get(mailed.invitation().id).await?;
    ensure!(seen.id != old.id && seen.renews == Some(old.id), "it renews {:?}", seen.renews);
    ensure!(seen.status == Status::Pending && seen.inviter == other, "it is {} by another", seen.status);
    let said = |of: &invite_core::Invitation<_>| {
        let address = of.inviter_address.as_ref().map(|address| address.as_given().to_owned());
        (
            of.recipient.as_given().to_owned(),
            of.message.clone(),
            of.locale.clone(),
            of.display.clone(),
            address,
            of.import.clone(),
        )
    };
    ensure!(said(&seen) == said(&old), "it says {:?}", said(&seen));
    ensure!(seen.payload()? == old.payload()?, "it grants something else");
    ensure!(seen.expires_at - seen.created_at == TimeDelta::days(7), "it ends at {}", seen.expires_at);
    world.happened(old.id, &[(1, "created"), (2, "cancelled")]).await?;
    world.happened(seen.id, &[(1, "created")]).await?;
    let dead = world.members.preview(&mut db.connect().await?, letter.token()).await;
    refused!(dead, Error::Cancelled, "a link to the old one");
    world.accept(mailed.token(), ada()).await?;
    Ok(())
}

async fn what_is_open_is_not_renewed(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let id = world.invite("ada@example.com").await?.id;
    world.one_letter().await?;
    committed!(world, tx => {
        let open = scoped.renew(&mut tx, &world.admin, id).await;
        refused!(open, Error::StillOpen, "renewing one that is open");
        let elsewhere = world.members.scope(8).renew(&mut tx, &world.admin, id).await;
        refused!(elsewhere, Error::NotFound, "renewing one of another scope");
        let otherwise = world.providers().scope(7).renew(&mut tx, &world.admin, id).await;
        refused!(otherwise, Error::NotFound, "renewing one of another kind");
    });
    let outside = scoped.renew(&mut db.connect().await?, &world.admin, id).await;
    refused!(outside, Error::NotInTransaction, "renewing outside a transaction");
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were mailed");
    Ok(())
}

async fn what_has_expired_unswept_is_renewed(db: Db) -> Verdict {
    for uniqueness in [Uniqueness::PerScopeAndRecipient, Uniqueness::None] {
        let world = World::new(&db, Policy::default().uniqueness(uniqueness));
        let scoped = world.members.scope(7);
        let id = world.invite("ada@example.com").await?.id;
        world.mailed().await?;
        world.clock.advance(TimeDelta::days(8));
        let seen = committed!(world, tx => scoped.renew(&mut tx, &world.admin, id).await?);
        ensure!(seen.renews == Some(id) && seen.status == Status::Pending, "it renews {:?}", seen.renews);
        let letters = world.mailed().await?.len();
        ensure!(letters == 1, "{letters} letters were mailed");
        world.happened(id, &[(1, "created"), (2, "expired")]).await?;
        committed!(world, tx => scoped.cancel(&mut tx, &world.admin, seen.id, None).await?);
    }
    Ok(())
}

async fn who_has_an_open_invitation_gets_no_second_one_by_a_renewal(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let id = world.invite("ada@example.com").await?.id;
    committed!(world, tx => scoped.cancel(&mut tx, &world.admin, id, None).await?);
    let renewed = committed!(world, tx => scoped.renew(&mut tx, &world.admin, id).await?);
    committed!(world, tx => {
        let again = scoped.renew(&mut tx, &world.admin, id).await;
        refused!(again, Error::AlreadyPending(open) if open == renewed.id, "renewing it again");
    });
    let letters = world.mailed().await?.len();
    ensure!(letters == 1, "{letters} letters were mailed");
    Ok(())
}

async fn nobody_renews_without_the_right_to(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let id = world.invite("ada@example.com").await?.id;
    committed!(world, tx => scoped.cancel(&mut tx, &world.admin, id, None).await?);
    world.asked.take();
    world.asked.refuse(Some("not_owner"));
    let answer = committed!(world, tx => scoped.renew(&mut tx, &world.admin, id).await);
    refused!(answer, Error::NotPermitted(why) if why == "not_owner", "renewing when the authority says no");
    let asked = world.asked.take();
    ensure!(asked == ["renew"], "it was asked {asked:?}");
    world.asked.refuse(None);
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were mailed");
    Ok(())
}
