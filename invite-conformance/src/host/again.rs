//! The answer to a commit was lost: whoever does it again learns that it was done.

use chrono::TimeDelta;
use invite_core::{Actor, Error, InvitationQuery, Policy};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::{done, done_before, same},
        world::{World, ada, committed, new},
    },
};

pub(super) const CASES: &[Case] = cases![
    creating_again_names_the_first_and_mails_once:
        "`insert` answers `false` when its open key is taken, with nothing stored: no row, no event, no letter.",
    creating_with_a_link_again_names_the_first_and_a_new_link_serves:
        "`insert` answers `false` when its open key is taken, with nothing stored: no digest either.",
    accepting_again_gets_the_same_answer_by_whichever_link:
        "`apply` answers `None` on a row that has ended; the row then says by whom, whichever token leads there.",
    resending_again_within_the_cool_down_mails_once:
        "`not_resent_between` is in the WHERE, and a guard that does not hold queues nothing.",
    cancelling_again_writes_nothing_more:
        "`apply` answers `None` on a row that has ended, with nothing written.",
    declining_again_writes_nothing_more:
        "`apply` answers `None` on a row that has ended, with nothing written.",
    a_second_look_writes_nothing_more:
        "`Change::View` answers `None` where `viewed_at` is not null, with nothing written.",
    doing_it_again_in_the_same_transaction_gets_the_same_answer:
        "Every read and guard sees what the caller's own transaction wrote.",
];

async fn creating_again_names_the_first_and_mails_once(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first = world.invite("ada@example.com").await?;
    for _ in 0..5 {
        committed!(world, tx => {
            let answer = world.members.scope(7).create(&mut tx, &world.admin, new("ada@example.com")).await;
            refused!(answer, Error::AlreadyPending(id) if id == first.id, "creating it again");
        });
    }
    let mut conn = db.connect().await?;
    let rows = world.members.scope(7).list(&mut conn, &world.admin, &InvitationQuery::new()).await?.items.len();
    ensure!(rows == 1, "{rows} rows came of one creation and its repetitions");
    same(&world.get(first.id).await?, &first)?;
    world.one_letter().await?;
    world.happened(first.id, &[(1, "created")]).await
}

async fn creating_with_a_link_again_names_the_first_and_a_new_link_serves(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let create = |email: &'static str| {
        let world = &world;
        async move {
            let mut tx = world.begin().await?;
            let answer = world.members.scope(7).create_with_link(&mut tx, &world.admin, new(email)).await;
            world.commit(tx).await?;
            Ok::<_, Stop>(answer)
        }
    };
    let first = create("ada@example.com").await??.invitation;
    refused!(create("ada@example.com").await?, Error::AlreadyPending(id) if id == first.id, "creating it again");
    let link = world.link(first.id).await?;
    done(world.accept(&link, ada()).await?)?;
    world.happened(first.id, &[(1, "created"), (2, "link_created"), (3, "accepted")]).await
}

async fn accepting_again_gets_the_same_answer_by_whichever_link(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let link = world.link(id).await?;
    let first = done(world.accept(letter.token(), ada()).await?)?;
    for token in [letter.token(), &link] {
        let again = done_before(world.accept(token, ada()).await?)?;
        same(&again.invitation, &first.invitation)?;
        ensure!(again.address_proved == first.address_proved, "the second answer says otherwise of the address");
    }
    let again = committed!(world, tx => done_before(world.members.accept_by_id(&mut tx, id, &ada()).await?)?);
    same(&again.invitation, &first.invitation)?;
    world.happened(id, &[(1, "created"), (2, "link_created"), (3, "accepted")]).await
}

async fn resending_again_within_the_cool_down_mails_once(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, _) = world.invite_and_mail("ada@example.com").await?;
    world.clock.advance(TimeDelta::minutes(2));
    let resent = world.resend(id).await?;
    committed!(world, tx => {
        let answer = world.members.scope(7).resend(&mut tx, &world.admin, id).await;
        refused!(answer, Error::LimitReached { .. }, "resending it again");
    });
    same(&world.get(id).await?, &resent)?;
    done(world.accept(world.one_letter().await?.token(), ada()).await?)?;
    world.happened(id, &[(1, "created"), (2, "resent"), (3, "accepted")]).await
}

async fn cancelling_again_writes_nothing_more(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let first = world.cancel(id).await?;
    same(&world.cancel(id).await?, &first)?;
    same(&world.get(id).await?, &first)?;
    world.happened(id, &[(1, "created"), (2, "cancelled")]).await
}

async fn declining_again_writes_nothing_more(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    let first = world.reject(letter.token(), &Actor::Bearer).await?;
    same(&world.reject(letter.token(), &Actor::Bearer).await?, &first)?;
    same(&world.get(id).await?, &first)?;
    world.happened(id, &[(1, "created"), (2, "rejected")]).await
}

async fn a_second_look_writes_nothing_more(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    committed!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await?);
    let viewed = world.get(id).await?;
    world.clock.advance(TimeDelta::hours(1));
    let first = committed!(world, tx => world.members.mark_viewed(&mut tx, letter.token()).await?);
    ensure!(!first, "the second look was said to be the first");
    same(&world.get(id).await?, &viewed)?;
    world.happened(id, &[(1, "created"), (1, "viewed")]).await
}

async fn doing_it_again_in_the_same_transaction_gets_the_same_answer(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (id, letter) = world.invite_and_mail("ada@example.com").await?;
    committed!(world, tx => {
        let first = done(world.members.accept(&mut tx, letter.token(), &ada()).await?)?;
        let again = done_before(world.members.accept(&mut tx, letter.token(), &ada()).await?)?;
        same(&again.invitation, &first.invitation)?;
        let answer = world.members.scope(7).create(&mut tx, &world.admin, new("grace@example.com")).await?.id;
        let refusal = world.members.scope(7).create(&mut tx, &world.admin, new("grace@example.com")).await;
        refused!(refusal, Error::AlreadyPending(id) if id == answer, "creating it twice in one transaction");
    });
    world.happened(id, &[(1, "created"), (2, "accepted")]).await
}
