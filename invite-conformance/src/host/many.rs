//! Many at once, as a host invites, resends and cancels them.

use chrono::TimeDelta;
use invite_core::{
    Actor, Claimant, Error, Field, Invitation, InvitationId, InvitationQuery, NewInvitation, Policy, Problem,
    Selection, Status, Uniqueness, Verdict as Row,
};

use crate::{
    case::{Case, Stop, Verdict, cases, ensure, refused},
    erased::Db,
    host::world::{Membership, World, ada, committed, membership, new, undone},
};

pub(super) const CASES: &[Case] = cases![
    each_row_of_many_has_its_verdict:
        "`insert` of many stores those whose keys are free; `find` of many says what is in the way of the others.",
    many_are_mailed_once_each:
        "The letters of an insertion of many are queued with it, and those of rows that were not stored are not.",
    a_list_that_is_begun_again_invites_nobody_twice:
        "The key of a creation is unique, whatever became of the invitation.",
    a_key_that_is_used_for_something_else_is_told:
        "What a creation with a used key asked for is compared with what the first one asked for.",
    a_single_creation_with_a_key_can_be_repeated:
        "`insert` answers `false` for a used key, and `Key::Idempotency` finds the first.",
    what_has_expired_unswept_is_in_nobodys_way_among_many:
        "Those of many whose time is over are ended, each with its event, before the others are stored.",
    a_plan_stores_nothing_and_tells_what_would_happen:
        "`find` of many reads, and locks nothing that a plan does not need.",
    many_that_are_rolled_back_leave_nothing:
        "All that a call about many did is in the caller's transaction.",
    an_authority_is_asked_about_each_of_many:
        "Each row is asked about; what is refused is not stored.",
    more_than_a_thousand_are_refused_before_anything_is_done:
        "Calls about many have a bound.",
    many_are_cancelled_and_the_others_told_why_not:
        "`apply` of many changes those whose guard holds; the others are explained.",
    many_are_mailed_again_and_the_others_told_why_not:
        "`apply` of many renewals queues a letter for each that was renewed.",
    a_selection_by_a_list_goes_on_from_page_to_page:
        "A list selects; a page of it is changed in one call.",
    without_a_limit_one_address_may_be_invited_many_times_in_one_call:
        "Rows without an open key are in nobody's way.",
];

type Verdicts = Vec<Row<Invitation<Membership>>>;

fn words<T>(verdicts: &[Row<T>]) -> Vec<&'static str> {
    verdicts.iter().map(Row::as_str).collect()
}

async fn create(world: &World, rows: Vec<NewInvitation<Membership>>) -> Result<Verdicts, Stop> {
    Ok(committed!(world, tx => world.members.scope(7).many().create(&mut tx, &world.admin, rows).await?))
}

fn created(verdicts: &Verdicts) -> Vec<InvitationId> {
    let id =
        |row: &Row<Invitation<Membership>>| if let Row::Created(invitation) = row { Some(invitation.id) } else { None };
    verdicts.iter().filter_map(id).collect()
}

async fn each_row_of_many_has_its_verdict(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let open = world.invite("open@example.com").await?.id;
    let rows = vec![
        new("first@example.com"),
        new("no address"),
        new("Open@Example.com"),
        new("second@example.com"),
        new("FIRST@example.com"),
        new("third@example.com").expires_in(TimeDelta::zero()),
    ];
    let verdicts = create(&world, rows).await?;
    let wanted = ["created", "refused", "already_pending", "created", "repeats", "refused"];
    ensure!(words(&verdicts) == wanted, "the verdicts are {:?}", words(&verdicts));
    ensure!(matches!(verdicts[2], Row::AlreadyPending(id) if id == open), "another one is said to be in the way");
    ensure!(matches!(verdicts[4], Row::Repeats(0)), "another row is said to be repeated: {:?}", verdicts[4]);
    ensure!(
        matches!(verdicts[1], Row::Refused(Error::Invalid { field: Field::Recipient, .. })),
        "an address that is none is refused as {:?}",
        verdicts[1]
    );
    for id in created(&verdicts) {
        world.happened(id, &[(1, "created")]).await?;
        let seen = world.get(id).await?;
        ensure!(seen.status == Status::Pending && seen.payload()?.role == "admin", "a row of many is {seen:?}");
    }
    Ok(())
}

async fn many_are_mailed_once_each(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite_and_mail("person3@example.com").await?;
    let rows = (0..40).map(|n| new(&format!("person{n}@example.com"))).collect();
    let verdicts = create(&world, rows).await?;
    let mut wanted = created(&verdicts);
    let letters = world.mailed().await?;
    let mut mailed: Vec<_> = letters.iter().map(|letter| letter.invitation().id).collect();
    wanted.sort_unstable();
    mailed.sort_unstable();
    ensure!(wanted.len() == 39 && mailed == wanted, "{} were created, {} mailed", wanted.len(), mailed.len());
    // The links are as good as any.
    let first = letters.iter().find(|letter| letter.invitation().recipient.canonical() == "person0@example.com");
    let Some(first) = first else { return Err(Stop::Failed("a letter is missing".into())) };
    let claimant = Claimant::new(9).verified("person0@example.com");
    world.accept(first.token(), claimant).await?;
    Ok(())
}

async fn a_list_that_is_begun_again_invites_nobody_twice(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let rows = |to| -> Vec<_> {
        (0..to).map(|n| new(&format!("person{n}@example.com")).import("list").key(format!("list:{n}"))).collect()
    };
    let first = create(&world, rows(20)).await?;
    let ids = created(&first);
    let letter = world.mailed().await?.into_iter().find(|letter| letter.invitation().id == ids[3]);
    let Some(letter) = letter else { return Err(Stop::Failed("a letter is missing".into())) };
    world.accept(letter.token(), Claimant::new(9).verified("person3@example.com")).await?;
    committed!(world, tx => world.members.scope(7).cancel(&mut tx, &world.admin, ids[4], None).await?);
    let again = create(&world, rows(30)).await?;
    for (n, verdict) in again.iter().enumerate() {
        let right = match (ids.get(n), verdict) {
            (Some(id), Row::Existing(known)) => id == known,
            (None, Row::Created(_)) => true,
            _ => false,
        };
        ensure!(right, "row {n}, begun again, is {verdict:?}");
    }
    let letters = world.mailed().await?.len();
    ensure!(letters == 10, "{letters} were mailed, of ten new ones");
    // In another scope the same keys are others.
    let elsewhere = undone!(world, tx => world.members.scope(8).many().create(&mut tx, &world.admin, rows(2)).await?);
    ensure!(words(&elsewhere) == ["created"; 2], "in another scope the rows are {:?}", words(&elsewhere));
    let seen = world.get(ids[0]).await?.import.clone();
    ensure!(seen.as_deref() == Some("list"), "the import is {seen:?}");
    Ok(())
}

async fn a_key_that_is_used_for_something_else_is_told(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let first =
        created(&create(&world, vec![new("ada@example.com").key("1"), new("grace@example.com").key("2")]).await?);
    let rows = vec![
        new("bob@example.com").key("1"),
        NewInvitation::new("grace@example.com", membership("guest")).key("2"),
        new("edith@example.com").key("3"),
        new("hedy@example.com").key("3"),
        new("Edith@example.com").key("3"),
    ];
    let verdicts = create(&world, rows).await?;
    for (n, id) in first.iter().enumerate() {
        ensure!(
            matches!(&verdicts[n], Row::Refused(Error::KeyReused(known)) if known == id),
            "row {n} has a key that stands for another invitation, and is {:?}",
            verdicts[n]
        );
    }
    ensure!(matches!(verdicts[2], Row::Created(_)), "a new key is {:?}", verdicts[2]);
    ensure!(
        matches!(verdicts[3], Row::Refused(Error::Invalid { field: Field::Key, problem: Problem::Repeated })),
        "a key that another row has for somebody else is {:?}",
        verdicts[3]
    );
    ensure!(matches!(verdicts[4], Row::Repeats(2)), "the same row once more is {:?}", verdicts[4]);
    Ok(())
}

async fn a_single_creation_with_a_key_can_be_repeated(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let scoped = world.members.scope(7);
    let first = committed!(world, tx => scoped.create(&mut tx, &world.admin, new("ada@example.com").key("k")).await?);
    let letter = world.one_letter().await?;
    let again = committed!(world, tx => scoped.create(&mut tx, &world.admin, new("ada@example.com").key("k")).await?);
    ensure!(again.id == first.id && again.revision == 1, "repeated, it is another one");
    let other = undone!(world, tx => scoped.create(&mut tx, &world.admin, new("bob@example.com").key("k")).await);
    refused!(other, Error::KeyReused(_), "a creation for somebody else with the same key");
    let link = committed!(world, tx => {
        scoped.create_with_link(&mut tx, &world.admin, new("ada@example.com").key("k")).await?
    });
    ensure!(link.invitation.id == first.id, "with a link, it is another one");
    world.members.preview(&mut db.connect().await?, &link.token).await?;
    world.accept(letter.token(), ada()).await?;
    let after = committed!(world, tx => scoped.create(&mut tx, &world.admin, new("ada@example.com").key("k")).await?);
    ensure!(after.id == first.id && after.status == Status::Accepted, "after its end it is {after:?}");
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters were mailed for what was there");
    world.happened(first.id, &[(1, "created"), (2, "link_created"), (3, "accepted")]).await
}

async fn what_has_expired_unswept_is_in_nobodys_way_among_many(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let rows = || (0..5).map(|n| new(&format!("person{n}@example.com"))).collect::<Vec<_>>();
    let old = created(&create(&world, rows()).await?);
    world.mailed().await?;
    world.clock.advance(TimeDelta::days(8));
    let mut more = rows();
    more.push(new("another@example.com"));
    let verdicts = create(&world, more).await?;
    ensure!(words(&verdicts) == ["created"; 6], "the verdicts are {:?}", words(&verdicts));
    for id in old {
        world.happened(id, &[(1, "created"), (2, "expired")]).await?;
    }
    let letters = world.mailed().await?.len();
    ensure!(letters == 6, "{letters} of six were mailed");
    Ok(())
}

async fn a_plan_stores_nothing_and_tells_what_would_happen(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.invite("due@example.com").await?;
    world.clock.advance(TimeDelta::days(8));
    world.invite("open@example.com").await?;
    let known = created(&create(&world, vec![new("known@example.com").key("k")]).await?);
    world.mailed().await?;
    let rows = || {
        vec![
            new("due@example.com"),
            new("open@example.com"),
            new("known@example.com").key("k"),
            new("free@example.com"),
            new("free@example.com"),
            new("nobody"),
        ]
    };
    let mut conn = db.connect().await?;
    let plan = world.members.scope(7).many().plan(&mut conn, &world.admin, &rows()).await?;
    drop(conn);
    let wanted = ["created", "already_pending", "existing", "created", "repeats", "refused"];
    ensure!(words(&plan) == wanted, "the plan is {:?}", words(&plan));
    ensure!(matches!(plan[2], Row::Existing(id) if id == known[0]), "the plan names another invitation");
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "a plan mailed {letters} letters");
    let done = create(&world, rows()).await?;
    ensure!(words(&done) == wanted, "planned was {wanted:?}, done {:?}", words(&done));
    Ok(())
}

async fn many_that_are_rolled_back_leave_nothing(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let rows = || (0..5).map(|n| new(&format!("person{n}@example.com")).key(n.to_string())).collect::<Vec<_>>();
    undone!(world, tx => world.members.scope(7).many().create(&mut tx, &world.admin, rows()).await?);
    let letters = world.mailed().await?.len();
    ensure!(letters == 0, "{letters} letters of what was rolled back were mailed");
    let verdicts = create(&world, rows()).await?;
    ensure!(words(&verdicts) == ["created"; 5], "the verdicts are {:?}", words(&verdicts));
    Ok(())
}

async fn an_authority_is_asked_about_each_of_many(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    world.asked.refuse(Some("no"));
    let rows = || vec![new("ada@example.com"), new("nobody"), new("grace@example.com")];
    let verdicts = create(&world, rows()).await?;
    let asked = world.asked.take();
    ensure!(asked == ["create"; 2], "the authority was asked {asked:?}");
    for n in [0, 2] {
        ensure!(
            matches!(&verdicts[n], Row::Refused(Error::NotPermitted(why)) if why == "no"),
            "what the authority refused is {:?}",
            verdicts[n]
        );
    }
    world.asked.refuse(None);
    let verdicts = create(&world, rows()).await?;
    ensure!(created(&verdicts).len() == 2, "what was refused before is {:?}", words(&verdicts));
    world.asked.refuse(Some("no"));
    let selection = Selection::Ids(created(&verdicts));
    let done = committed!(world, tx => {
        world.members.scope(7).many().cancel(&mut tx, &world.admin, &selection, None).await?
    });
    ensure!(done.summary() == (0, 2), "what the authority refused was done: {done:?}");
    Ok(())
}

async fn more_than_a_thousand_are_refused_before_anything_is_done(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let rows = (0..1_001).map(|n| new(&format!("person{n}@example.com"))).collect();
    let many = undone!(world, tx => world.members.scope(7).many().create(&mut tx, &world.admin, rows).await);
    refused!(many, Error::Invalid { field: Field::Rows, .. }, "a call about more than a thousand");
    let id = world.invite("ada@example.com").await?.id;
    let ids = Selection::Ids(vec![id; 1_001]);
    let many = undone!(world, tx => world.members.scope(7).many().resend(&mut tx, &world.admin, &ids).await);
    refused!(many, Error::Invalid { field: Field::Selection, .. }, "a selection of more than a thousand");
    let query = InvitationQuery::new();
    let all = Selection::Matching(&query);
    let many = undone!(world, tx => world.members.scope(7).many().cancel(&mut tx, &world.admin, &all, None).await);
    refused!(many, Error::Invalid { field: Field::Selection, .. }, "a selection by a list without a filter");
    let mut conn = db.connect().await?;
    let outside = world.members.scope(7).many().create(&mut conn, &world.admin, vec![new("a@example.com")]).await;
    refused!(outside, Error::NotInTransaction, "a call about many outside a transaction");
    drop(conn);
    let empty = create(&world, Vec::new()).await?;
    ensure!(empty.is_empty(), "a call about nothing has {} verdicts", empty.len());
    Ok(())
}

/// Five invitations: open, accepted, cancelled by the admin, cancelled by somebody else, and of another scope; and an id
/// that is none.
async fn five(world: &World) -> Result<Vec<InvitationId>, Stop> {
    let scoped = world.members.scope(7);
    let (accepted, letter) = world.invite_and_mail("ada@example.com").await?;
    world.accept(letter.token(), ada()).await?;
    let ids = created(&create(world, (0..3).map(|n| new(&format!("person{n}@example.com"))).collect()).await?);
    committed!(world, tx => {
        scoped.cancel(&mut tx, &world.admin, ids[1], None).await?;
        scoped.cancel(&mut tx, &Actor::new("another"), ids[2], None).await?;
    });
    let elsewhere = committed!(world, tx => {
        world.members.scope(8).create(&mut tx, &world.admin, new("grace@example.com")).await?.id
    });
    world.mailed().await?;
    let none = undone!(world, tx => scoped.create(&mut tx, &world.admin, new("none@example.com")).await?.id);
    world.clock.advance(TimeDelta::minutes(2));
    Ok(vec![ids[0], accepted, ids[1], ids[2], elsewhere, none])
}

async fn many_are_cancelled_and_the_others_told_why_not(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let mut ids = five(&world).await?;
    ids.push(ids[0]);
    let selection = Selection::Ids(ids.clone());
    let done = committed!(world, tx => {
        world.members.scope(7).many().cancel(&mut tx, &world.admin, &selection, Some("the end")).await?
    });
    let seen: Vec<_> = done.items.iter().map(|(id, _)| *id).collect();
    ensure!(seen == ids[..6], "the answers are for {seen:?}");
    let words: Vec<_> =
        done.items.iter().map(|(_, done)| done.as_ref().map_or_else(Error::code, |()| "done")).collect();
    // Cancelling again what one has cancelled is answered as before.
    let wanted = ["done", "illegal_transition", "done", "illegal_transition", "not_found", "not_found"];
    ensure!(words == wanted, "the answers are {words:?}");
    let why = world.get(ids[0]).await?.ended.as_ref().and_then(|ended| ended.reason.clone());
    ensure!(why.as_deref() == Some("the end"), "the reason is {why:?}");
    world.happened(ids[0], &[(1, "created"), (2, "cancelled")]).await?;
    world.happened(ids[2], &[(1, "created"), (2, "cancelled")]).await
}

async fn many_are_mailed_again_and_the_others_told_why_not(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    let ids = five(&world).await?;
    let fresh = world.resend(ids[0]).await?.id;
    world.mailed().await?;
    let more = created(&create(&world, (10..14).map(|n| new(&format!("person{n}@example.com"))).collect()).await?);
    let mut before = world.mailed().await?;
    world.clock.advance(TimeDelta::seconds(1));
    let selection = Selection::Ids(ids.iter().chain(&more).copied().collect());
    let done = committed!(world, tx => {
        world.members.scope(7).many().resend(&mut tx, &world.admin, &selection).await?
    });
    let words: Vec<_> =
        done.items.iter().map(|(_, done)| done.as_ref().map_or_else(Error::code, |()| "done")).collect();
    let wanted =
        ["limit_reached", "illegal_transition", "illegal_transition", "illegal_transition", "not_found", "not_found"];
    ensure!(words[..6] == wanted, "the answers are {words:?}");
    ensure!(words[6..] == ["done"; 4], "the answers to those that were open are {words:?}");
    let letters = world.mailed().await?;
    let mut mailed: Vec<_> =
        letters.iter().map(|letter| (letter.invitation().id, letter.invitation().generation)).collect();
    mailed.sort_unstable();
    let mut expected: Vec<_> = more.iter().map(|id| (*id, 2)).collect();
    expected.sort_unstable();
    ensure!(mailed == expected, "mailed again were {mailed:?}, not {expected:?}");
    ensure!(fresh == ids[0], "another one was resent before");
    // As by a single resend, earlier links are dead.
    let Some(first) = before.pop() else { return Err(Stop::Failed("the first letters are missing".into())) };
    let dead = world.members.preview(&mut db.connect().await?, first.token()).await;
    refused!(dead, Error::Superseded, "a link of the letter before");
    Ok(())
}

async fn a_selection_by_a_list_goes_on_from_page_to_page(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default());
    create(&world, (0..7).map(|n| new(&format!("person{n}@example.com"))).collect()).await?;
    let other = world.invite("grace@example.org").await?.id;
    let (mut after, mut pages, mut done) = (None, 0, 0);
    loop {
        let mut query = InvitationQuery::new().status(Status::Pending).search("@example.com").limit(3);
        if let Some(cursor) = after {
            query = query.after(cursor);
        }
        let page = committed!(world, tx => {
            let selection = Selection::Matching(&query);
            world.members.scope(7).many().cancel(&mut tx, &world.admin, &selection, None).await?
        });
        (pages, done) = (pages + 1, done + page.summary().0);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    ensure!((pages, done) == (3, 7), "{done} of seven were cancelled, on {pages} pages");
    let left = world.get(other).await?.status;
    ensure!(left == Status::Pending, "who was not selected is {left}");
    let everything = Selection::Everything(Default::default());
    let page = committed!(world, tx => {
        world.members.scope(7).many().cancel(&mut tx, &world.admin, &everything, None).await?
    });
    // Those cancelled before are answered as before.
    ensure!(page.summary() == (8, 0) && page.next.is_none(), "of everything {:?} were done", page.summary());
    Ok(())
}

async fn without_a_limit_one_address_may_be_invited_many_times_in_one_call(db: Db) -> Verdict {
    let world = World::new(&db, Policy::default().uniqueness(Uniqueness::None));
    let verdicts = create(&world, (0..3).map(|_| new("ada@example.com")).collect()).await?;
    ensure!(words(&verdicts) == ["created"; 3], "the verdicts are {:?}", words(&verdicts));
    Ok(())
}
