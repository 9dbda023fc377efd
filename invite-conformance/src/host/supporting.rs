//! What those who operate the service do, over all scopes.

use chrono::TimeDelta;
use invite_core::{
    About, Action, Actor, Authority, Clock, Denial, Error, Field, InvitationQuery, Invitations, Policy, Scope, Sort,
    Status,
};

use crate::{
    case::{Case, Verdict, cases, ensure, refused},
    erased::Db,
    host::{
        deeds::listed,
        world::{Membership, World, ada, committed, refused_mail, undone},
    },
};

pub(super) const CASES: &[Case] = cases![
    support_finds_and_changes_in_every_scope:
        "`find` with `Key::Id` and no scope gives the row, and its scope is that of the change.",
    support_finds_what_an_address_was_ever_sent:
        "`of_address` without a scope gives all of a kind, newest first, in pages.",
    support_lists_every_scope_from_a_beginning:
        "`list` without a scope shows every scope, by id.",
    support_is_told_why_one_can_or_cannot_accept:
        "`find` by id and token and `of_address` give what an explanation is made of.",
    what_is_explained_in_a_scope_is_of_that_scope:
        "`of_address` and `find` have the scope in the WHERE if one is given.",
    nobody_supports_without_the_right_to:
        "What the authority refuses is not read or changed; one that was not written for it refuses.",
];

async fn support_finds_and_changes_in_every_scope(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let operator = Actor::new("operator");
    let here = world.invite("ada@example.com").await?.id;
    let there = world.invite_to("8", "grace@example.com").await?.id;
    let support = world.members.support();
    let mut conn = db.connect().await?;
    world.asked.take();
    for (id, scope) in [(here, "7"), (there, "8")] {
        let seen = support.get(&mut conn, &operator, id).await?;
        ensure!(seen.id == id && seen.scope == Scope::new(scope), "{id} is found in {:?}", seen.scope);
        let events = support.history(&mut conn, &operator, id).await?;
        ensure!(events.len() == 1 && events[0].invitation == id, "{id} has {} events", events.len());
    }
    world.clock.advance(TimeDelta::minutes(2));
    committed!(world, tx => {
        let resent = support.resend(&mut tx, &operator, there).await?;
        ensure!(resent.generation == 2, "it was resent and is of generation {}", resent.generation);
        let cancelled = support.cancel(&mut tx, &operator, here, Some("reported as abuse")).await?;
        ensure!(cancelled.status == Status::Cancelled, "it was cancelled and is {}", cancelled.status);
        refused!(support.resend(&mut tx, &operator, here).await, Error::IllegalTransition { .. }, "resending what has ended");
    });
    let asked = world.asked.take();
    let (read, resend, cancel) = ("support: read", "support: resend", "support: cancel");
    ensure!(asked == [read, read, read, read, resend, cancel, resend], "the authority was asked {asked:?}");
    world.happened(here, &[(1, "created"), (2, "cancelled")]).await?;
    let history = support.history(&mut conn, &operator, there).await?;
    ensure!(history.last().is_some_and(|event| event.actor == operator), "who resent it is not in its history");

    let provider = committed!(world, tx => {
        let new = invite_core::NewInvitation::new("ada@example.com", crate::host::world::Provider {});
        world.providers().scope(7).create(&mut tx, &world.admin, new).await?.id
    });
    refused!(support.get(&mut conn, &operator, provider).await, Error::NotFound, "one of another kind");
    refused!(support.history(&mut conn, &operator, provider).await, Error::NotFound, "the history of another kind");
    refused!(
        support.resend(&mut conn, &operator, there).await,
        Error::NotInTransaction,
        "resending outside a transaction"
    );
    refused!(
        support.cancel(&mut conn, &operator, there, None).await,
        Error::NotInTransaction,
        "cancelling outside one"
    );
    Ok(())
}

async fn support_finds_what_an_address_was_ever_sent(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let mut wanted = Vec::new();
    for scope in 0..60 {
        wanted.insert(0, world.invite_to(&format!("org:{scope}"), "ada@example.com").await?.id);
        world.clock.advance(TimeDelta::seconds(1));
    }
    world.invite("grace@example.com").await?;
    committed!(world, tx => world.members.scope("org:3").cancel(&mut tx, &world.admin, wanted[56], None).await?);
    // All of them are past their time.
    world.clock.advance(TimeDelta::days(8));
    let support = world.members.support();
    let mut conn = db.connect().await?;
    let first = support.find_by_address(&mut conn, &world.admin, "ADA@example.com", None).await?;
    listed(&first.items, &wanted[..50], "the first page of sixty")?;
    ensure!(first.items[0].status == Status::Expired, "past its time it is {}", first.items[0].status);
    let second = support.find_by_address(&mut conn, &world.admin, "ada@example.com", first.next).await?;
    listed(&second.items, &wanted[50..], "the second page of sixty")?;
    ensure!(second.next.is_none(), "the last page is said to be none");
    ensure!(second.items[6].status == Status::Cancelled, "what was cancelled is {}", second.items[6].status);
    let none = support.find_by_address(&mut conn, &world.admin, "nobody", None).await;
    refused!(none, Error::Invalid { field: Field::Recipient, .. }, "text that is no address");
    Ok(())
}

async fn support_lists_every_scope_from_a_beginning(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("early@example.com").await?;
    world.clock.advance(TimeDelta::hours(1));
    let since = world.clock.now();
    let first = world.invite("ada@example.com").await?.id;
    world.clock.advance(TimeDelta::seconds(1));
    let second = world.invite_to("8", "ada@example.com").await?.id;
    let support = world.members.support();
    let mut conn = db.connect().await?;
    let query = || InvitationQuery::new().created(since..);
    let page = support.list(&mut conn, &world.admin, &query()).await?;
    listed(&page.items, &[second, first], "everywhere since")?;
    let page = support.list(&mut conn, &world.admin, &query().sort(Sort::OldestFirst).limit(1)).await?;
    listed(&page.items, &[first], "the oldest of everywhere")?;
    let next = page.next.map_or_else(query, |next| query().sort(Sort::OldestFirst).after(next));
    let page = support.list(&mut conn, &world.admin, &next).await?;
    listed(&page.items, &[second], "the next page of everywhere")?;
    let page = support.list(&mut conn, &world.admin, &InvitationQuery::new()).await;
    refused!(page, Error::Invalid { field: Field::Period, .. }, "everywhere without a beginning");
    let page = support.list(&mut conn, &world.admin, &query().sort(Sort::Address)).await;
    refused!(page, Error::Invalid { field: Field::Selection, .. }, "everywhere by address");
    Ok(())
}

async fn support_is_told_why_one_can_or_cannot_accept(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let support = world.members.support();
    let mut conn = db.connect().await?;
    macro_rules! told {
        ($about:expr, $wanted:expr, $what:expr) => {
            let explained = support.explain(&mut conn, &world.admin, $about).await?;
            let codes: Vec<_> = explained.iter().map(|explained| explained.standing.code()).collect();
            ensure!(codes == $wanted, "{}: {codes:?}, should be {:?}", $what, $wanted);
        };
    }
    let nobody: [&str; 0] = [];
    told!(About::Address("ada@example.com"), nobody, "one whom nobody invited");
    let id = world.invite("ada@example.com").await?.id;
    told!(About::Id(id), ["letter_waits"], "before the worker comes");
    let first = world.one_letter().await?;
    told!(About::Token(first.token()), ["open"], "with the letter's link");
    let second = world.resend_and_mail(id).await?;
    told!(About::Token(first.token()), ["superseded"], "with the link before");
    told!(About::Token(second.token()), ["open"], "with the link after");
    world.accept(second.token(), ada()).await?;
    for about in
        [About::Id(id), About::Token(second.token()), About::Token(first.token()), About::Address("Ada@example.com")]
    {
        told!(about, ["accepted"], "when it was accepted");
    }
    world.mailer.answer(refused_mail(true));
    let refused = world.invite("grace@example.com").await?.id;
    world.mailed().await?;
    told!(About::Id(refused), ["letter_refused"], "when its letter was refused");
    for status in [Status::Rejected, Status::Cancelled, Status::Expired] {
        let (id, _) = world.standing(status).await?;
        told!(About::Id(id), [status.as_str()], "when it has ended");
    }
    world.invite_to("8", "ada@example.com").await?;
    world.clock.advance(TimeDelta::days(30));
    told!(About::Address("ada@example.com"), ["expired", "accepted"], "of two scopes, the newest first");
    let page = support.explain(&mut conn, &world.admin, About::Address("nobody")).await;
    refused!(page, Error::Invalid { field: Field::Recipient, .. }, "text that is no address");
    Ok(())
}

async fn what_is_explained_in_a_scope_is_of_that_scope(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let (here, letter) = world.invite_and_mail("ada@example.com").await?;
    let there = world.invite_to("8", "ada@example.com").await?.id;
    world.asked.take();
    let mut conn = db.connect().await?;
    for (scope, wanted) in [("7", here), ("8", there)] {
        let found =
            world.members.scope(scope).explain(&mut conn, &world.admin, About::Address("ada@example.com")).await?;
        let found: Vec<_> = found.iter().map(|explained| explained.invitation.id).collect();
        ensure!(found == [wanted], "in {scope}: {found:?}");
    }
    for about in [About::Id(here), About::Token(letter.token())] {
        let scoped = world.members.scope(8);
        let found = scoped.explain(&mut conn, &world.admin, about).await?.len();
        ensure!(found == 0, "{about:?} of scope 7 is explained in scope 8");
        let scoped = world.members.scope(7);
        let found = scoped.explain(&mut conn, &world.admin, about).await?.len();
        ensure!(found == 1, "{about:?} is not explained in its own scope");
    }
    ensure!(world.asked.take().iter().all(|asked| *asked == "read"), "an explanation in a scope is another right");
    Ok(())
}

/// Allows everything in a scope, and was written before there was more.
struct OfScopes;

impl<C: Send> Authority<C, Membership> for OfScopes {
    async fn authorize(&self, _: &mut C, _: &Actor, _: &Scope, _: &Action<'_, Membership>) -> Result<(), Denial> {
        Ok(())
    }
}

async fn nobody_supports_without_the_right_to(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let id = world.invite("ada@example.com").await?.id;
    let of_scopes = Invitations::new(world.store(), Policy::default(), OfScopes).clock(world.clock.clone());
    world.asked.refuse(Some("operators only"));
    world.clock.advance(TimeDelta::minutes(2));
    let since = InvitationQuery::new().created(world.clock.now() - TimeDelta::days(1)..);
    for members in [&world.members, &of_scopes] {
        let (support, admin) = (members.support(), &world.admin);
        undone!(world, tx => {
            for answer in [
                support.get(&mut tx, admin, id).await.map(drop),
                support.history(&mut tx, admin, id).await.map(drop),
                support.list(&mut tx, admin, &since).await.map(drop),
                support.find_by_address(&mut tx, admin, "ada@example.com", None).await.map(drop),
                support.explain(&mut tx, admin, About::Id(id)).await.map(drop),
                support.resend(&mut tx, admin, id).await.map(drop),
                support.cancel(&mut tx, admin, id, None).await.map(drop),
            ] {
                refused!(answer, Error::NotPermitted(_), "support without the right to");
            }
        });
    }
    world.asked.refuse(None);
    world.happened(id, &[(1, "created")]).await
}
