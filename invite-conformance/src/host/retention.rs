//! Invitations are kept as long as the policy says after their end.

use chrono::TimeDelta;
use invite_core::{Error, NewInvitation, Policy};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::world::{Provider, World, ada, committed, new},
};

pub(super) const CASES: &[Case] = cases![
    what_ended_longer_ago_than_it_is_kept_is_forgotten:
        "The worker purges with the retention of the kind, and what is purged is found by nothing.",
    without_a_retention_nothing_is_forgotten:
        "A kind without a retention is not among the kinds of `purge`.",
];

async fn what_ended_longer_ago_than_it_is_kept_is_forgotten(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().retention(TimeDelta::days(30)));
    let scoped = world.members.scope(7);
    let asked = || new("ada@example.com").key("k");
    let first = committed!(world, tx => scoped.create(&mut tx, &world.admin, asked()).await?).id;
    let letter = world.one_letter().await?;
    world.accept(letter.token(), ada()).await?;
    let unanswered = world.invite("grace@example.com").await?.id;
    world.mailed().await?;
    let elsewhere = committed!(world, tx => {
        let providers = world.providers();
        let id = providers.scope(7).create(&mut tx, &world.admin, NewInvitation::new("eve@example.com", Provider {})).await?.id;
        providers.scope(7).cancel(&mut tx, &world.admin, id, None).await?;
        id
    });
    world.clock.advance(TimeDelta::days(29));
    world.mailed().await?;
    world.happened(first, &[(1, "created"), (2, "accepted")]).await?;
    world.happened(unanswered, &[(1, "created"), (2, "expired")]).await?;
    world.clock.advance(TimeDelta::days(1));
    let tick = world.worker.tick().await?;
    ensure!(tick.purged == 1, "the tick says that {} were purged", tick.purged);
    let mut conn = db.connect().await?;
    let seen = scoped.get(&mut conn, &world.admin, first).await;
    refused!(seen, Error::NotFound, "what is kept no longer");
    let seen = world.members.preview(&mut conn, letter.token()).await;
    refused!(seen, Error::NotFound, "a link to what is kept no longer");
    world.providers().scope(7).get(&mut conn, &world.admin, elsewhere).await?;
    drop(conn);
    // It ended when it was swept.
    world.happened(unanswered, &[(1, "created"), (2, "expired")]).await?;
    let second = committed!(world, tx => scoped.create(&mut tx, &world.admin, asked()).await?).id;
    ensure!(second != first, "the key of what is kept no longer is remembered");
    world.one_letter().await?;
    world.clock.advance(TimeDelta::days(30));
    world.mailed().await?;
    let seen = scoped.get(&mut db.connect().await?, &world.admin, unanswered).await;
    refused!(seen, Error::NotFound, "what expired long ago");
    Ok(())
}

async fn without_a_retention_nothing_is_forgotten(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), ada()).await?;
    world.clock.advance(TimeDelta::days(3650));
    world.mailed().await?;
    world.happened(id, &[(1, "created"), (2, "accepted")]).await?;
    let seen = world.members.preview(&mut db.connect().await?, letter.token()).await;
    refused!(seen, Error::AlreadyAccepted, "a link after ten years");
    Ok(())
}
